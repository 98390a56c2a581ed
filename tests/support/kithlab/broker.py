# SPDX-License-Identifier: Apache-2.0
"""
broker: a real Prosody or ejabberd of our own: private folder and certificate,
loopback, free ports, in-band registration, SCRAM only, TLS required.

The settings are those that docs/OPERATING.md prints, word for word, with the
names, ports and secret of the run; what is only for tests says so here.
"""
import os
import pwd
import re
import shutil

from .authority import Authority
from .lab import Missing, free_port

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 3, "docs",
                     "OPERATING.md")

# What the guide leaves to the distribution, in front of it: folders, ports.
PROSODY = """\
data_path = "{dir}/data"
pidfile = "{dir}/prosody.pid"
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{dir}/prosody.log" }} }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}        -- the component port follows these
c2s_ports = {{ {c2s} }}
s2s_ports = {{ }}
component_ports = {{ {component} }}
http_ports = {{ {http} }}
https_ports = {{ }}
modules_disabled = {{ "s2s" }}
storage = "internal"
ssl = {{ cafile = "{dir}/certs/ca.crt"; capath = false }}
limits = {{ c2s = {{ rate = "100mb/s" }} }}  -- a story says in a second what a house says in a day
gc = {{ threshold = 250 }}          -- storms: thousands of sessions are not swept all the time,
blocklist_cache_size = 16384        -- and no file is looked for at every stanza
"""

EJABBERD = """\
loglevel: info
certfiles: ["{dir}/certs/host.pem"]
ca_file: "{dir}/certs/ca.crt"
acme: {{ auto: false }}
"""

# Only for tests: many accounts from one address, at once, and what foreign clients ask for.
FOR_TESTS = {
    "lua": [
        (r"registration_throttle_max = \d+", "registration_throttle_max = 1000000"),
        (r'"limits" }', '"limits"; "private"; "time"; "version"; "vcard4" }'),
        # An account that is deleted and made anew by somebody else is a story of its own.
        (r'"tombstones"; ', ""),
    ],
    "yaml": [
        (r"registration_timeout: \d+", "registration_timeout: infinity"),
        (r"normal: { rate: \d+, burst_size: \d+ }", "normal: { rate: 100000000, burst_size: 100000000 }"),
        (r"  mod_caps: {}\n", "  mod_caps: {}\n  mod_time: {}\n  mod_version: {}\n"),
        (r"access: register }", "access: register, password_strength: 0 }"),
        (r"  - port: 5222\n", '  - port: 5222\n    ip: "127.0.0.1"\n'),
    ],
}


def guide(kind, changes=()):
    """The settings that docs/OPERATING.md prints for a broker: "lua" or "yaml"."""
    with open(GUIDE, encoding="utf-8") as f:
        found = re.findall(r"^```" + kind + r"\n(.*?)^```", f.read(), re.M | re.S)
    if len(found) != 1:
        raise Missing(f"the guide has {len(found)} fragments of {kind}")
    text = found[0]
    for pattern, new in [*FOR_TESTS[kind], *changes]:
        text, n = re.subn(pattern, lambda _, new=new: new, text)
        if n != 1:
            raise Missing(f"the guide has {pattern} {n} times")
    return text


EJABBERDCTL = """\
ERLANG_NODE={node}@localhost
ERL_DIST_PORT={dist}
INET_DIST_INTERFACE=127.0.0.1
ERL_OPTIONS="-env ERL_CRASH_DUMP_BYTES 0 -start_epmd false +S 2:2 +sss 8192 +sbwt none +sbwtdcpu none +sbwtdio none"
"""


class Broker:
    """What both have in common; `Broker.make(lab)` takes the kind from $BROKER."""

    user = None     # whose rights it runs with when we are root

    def __init__(self, lab, domain="home.example", component="kith"):
        self.lab, self.domain = lab, domain
        self.component_jid = f"{component}.{domain}"
        self.secret = lab.secret()
        self.dir = lab.path(self.name)
        self.authority = Authority(lab.path("pki"))
        self.ca = self.authority.cert
        self.process = None
        self.c2s = self.component = 0
        self._folder()

    @staticmethod
    def make(lab, kind=None, **more):
        kind = kind or os.environ.get("BROKER") or "prosody"
        return {"prosody": Prosody, "ejabberd": Ejabberd}[kind](lab, **more)

    def _folder(self):
        for sub in ("data", "certs", "home", "log"):
            os.makedirs(os.path.join(self.dir, sub))
        crt, key = self.authority.issue(self.domain)
        for source, name in ((crt, "host.crt"), (key, "host.key"), (self.ca, "ca.crt")):
            shutil.copy(source, self.file("certs", name))
        with open(self.file("certs", "host.pem"), "w") as f:
            f.write(open(crt).read() + open(key).read())

    def file(self, *parts):
        return os.path.join(self.dir, *parts)

    def _write(self, name, template, **values):
        with open(self.file(name), "w") as f:
            f.write(template.format(dir=self.dir, domain=self.domain, c2s=self.c2s,
                                    component=self.component, **values))

    def _guide(self, kind, *changes):
        """The guide's fragment for this run."""
        text = guide(kind, [("the text of component.secret", self.secret),
                            (r"\bkith\.home\.example\b", "COMPONENT"), *changes])
        return text.replace("home.example", self.domain).replace("COMPONENT", self.component_jid)

    def _append(self, name, text):
        with open(self.file(name), "a") as f:
            f.write(text)

    def _own(self):
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam(self.user)
        for top, dirs, files in os.walk(self.dir):
            for path in [top] + [os.path.join(top, f) for f in files]:
                os.chown(path, entry.pw_uid, entry.pw_gid)
        os.chmod(self.dir, 0o750)
        return self.user

    def start(self):
        """A port may be lost to somebody else between choosing and binding: then choose again."""
        for _ in range(5):
            if not self.c2s:
                self.c2s, self.component = free_port(), free_port()
            self._configure()
            self.process = self.lab.start(self.name, self._command(), user=self._own(),
                                          env=self._environment())
            if self._up():
                return self
            self.process.stop()
            self.c2s = 0
        raise Missing(f"{self.name} does not start:\n{self.trouble()}")

    def restart(self):
        self.stop()
        return self.start()

    def stop(self, **how):
        self.process.stop(**how)

    def _up(self):
        def both():
            return not self.process.running() or (
                self.process.listens_on(self.c2s) and self.process.listens_on(self.component))
        try:
            self.lab.wait(both, f"{self.name}'s ports", 60)
        except Missing:
            return False
        return self.process.running()

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.file("home"),
                "LANG": "C.UTF-8"}

    def trouble(self):
        return self.process.log()[-2000:] + self.process.output()[-2000:]


class Prosody(Broker):
    name = user = "prosody"
    password_hash = "SHA-1"     # deployed IoT clients know no other SCRAM
    settings = "prosody.cfg.lua"
    http = ""

    def _changes(self):
        host = f"""VirtualHost "home.example"
\tssl = {{ certificate = "{self.dir}/certs/host.crt"; key = "{self.dir}/certs/host.key" }}"""
        return [(r'password_hash = "SHA-1"', f'password_hash = "{self.password_hash}"'),
                (r'VirtualHost "home.example"', host)]

    def _configure(self):
        self._write(self.settings, PROSODY, http=self.http)
        self._append(self.settings, self._guide("lua", *self._changes()))

    def _command(self):
        return ["prosody", "-F", "--config", self.file(self.settings)]


class WebProsody(Prosody):
    """With a websocket, for clients that live in a browser."""

    def _configure(self):
        self.http = free_port()
        super()._configure()

    def _changes(self):
        return [*super()._changes(), (r'"roster";', '"roster"; "websocket";'),
                (r"allow_registration = true", "allow_registration = true\n"
                 f'consider_websocket_secure = true\nhttp_default_host = "{self.domain}"')]


class Ejabberd(Broker):
    name = user = "ejabberd"
    settings = "ejabberd.yml"

    def _configure(self):
        node = "kith" + re.sub("[^a-z0-9]", "", os.path.basename(self.lab.dir).lower())
        self._write(self.settings, EJABBERD)
        self._append(self.settings, self._guide(
            "yaml", (r"port: 5222\b", f"port: {self.c2s}"), (r"port: 5347\b", f"port: {self.component}")))
        self._write("ejabberdctl.cfg", EJABBERDCTL, node=node, dist=free_port())
        self._write("inetrc", '{{lookup,["file","native"]}}.\n')

    def _command(self):
        return ["ejabberdctl", "--config-dir", self.dir, "--config", self.file(self.settings),
                "--ctl-config", self.file("ejabberdctl.cfg"), "--logs", self.file("log"),
                "--spool", self.file("data"), "foreground"]
