# SPDX-License-Identifier: Apache-2.0
"""
broker: a real Prosody or ejabberd of our own: private folder and certificate,
loopback, free ports, in-band registration, SCRAM only, TLS required.

The settings that an operator should copy are explained in docs/OPERATING.md;
what is only for tests (no throttles) says so here.
"""
import os
import pwd
import re
import shutil

from .authority import Authority
from .lab import Missing, free_port

PROSODY = """\
data_path = "{dir}/data"
pidfile = "{dir}/prosody.pid"
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{dir}/prosody.log" }} }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}        -- the component port follows these
c2s_ports = {{ {c2s} }}
s2s_ports = {{ }}
component_ports = {{ {component} }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping"; "posix"; "register"; "adhoc";
	"offline"; "pep"; "private"; "blocklist"; "carbons"; "smacks"; "time"; "version"; "vcard4" }}
modules_disabled = {{ "s2s" }}
allow_registration = true
authentication = "internal_hashed"
password_hash = "{hash}"
default_iteration_count = 10000
disable_sasl_mechanisms = {{ "PLAIN"; "LOGIN"; "DIGEST-MD5"; "X-OAUTH2"; "OAUTHBEARER" }}
c2s_require_encryption = true
network_settings = {{ nagle = false; tcp_backlog = 1024 }}
storage = "internal"
ssl = {{ cafile = "{dir}/certs/ca.crt"; capath = false }}
VirtualHost "{domain}"
	ssl = {{ certificate = "{dir}/certs/host.crt"; key = "{dir}/certs/host.key" }}
Component "{component_jid}"
	component_secret = "{secret}"
	component_conflict_resolve = "kick_old"
"""

EJABBERD = """\
loglevel: info
hosts: ["{domain}"]
certfiles: ["{dir}/certs/host.pem"]
ca_file: "{dir}/certs/ca.crt"
acme: {{ auto: false }}
auth_method: internal
auth_password_format: scram
auth_scram_hash: sha
disable_sasl_mechanisms: ["PLAIN", "DIGEST-MD5", "X-OAUTH2"]
registration_timeout: infinity      # tests register many accounts from one address
listen:
  - port: {c2s}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    backlog: 1024
    starttls: true
    starttls_required: true
    max_stanza_size: 262144
    shaper: none
  - port: {component}
    ip: "127.0.0.1"
    module: ejabberd_service
    backlog: 1024
    shaper: none
    max_stanza_size: 524288
    check_from: true
    global_routes: false
    hosts: {{ "{component_jid}": {{ password: "{secret}" }} }}
access_rules: {{ register: {{ allow: all }} }}
modules:
  mod_roster: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_stream_mgmt: {{}}
  mod_carboncopy: {{}}
  mod_offline: {{}}
  mod_adhoc: {{}}
  mod_caps: {{}}
  mod_time: {{}}
  mod_version: {{}}
  mod_register: {{ ip_access: all, access: register, password_strength: 0 }}
"""

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
                                    component=self.component, secret=self.secret,
                                    component_jid=self.component_jid, **values))

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

    def _configure(self):
        self._write("prosody.cfg.lua", PROSODY, hash=self.password_hash)

    def _command(self):
        return ["prosody", "-F", "--config", self.file("prosody.cfg.lua")]


class WebProsody(Prosody):
    """With a websocket, for clients that live in a browser."""

    def _configure(self):
        self.http = free_port()
        with_web = (PROSODY.replace("http_ports = {{ }}", "http_ports = {{ {http} }}", 1)
                    .replace('"roster";', '"roster"; "websocket";', 1)
                    .replace('storage = "internal"', 'consider_websocket_secure = true\n'
                             'http_default_host = "{domain}"\nstorage = "internal"', 1))
        self._write("prosody.cfg.lua", with_web, hash=self.password_hash, http=self.http)


class Ejabberd(Broker):
    name = user = "ejabberd"

    def _configure(self):
        node = "kith" + re.sub("[^a-z0-9]", "", os.path.basename(self.lab.dir).lower())
        self._write("ejabberd.yml", EJABBERD)
        self._write("ejabberdctl.cfg", EJABBERDCTL, node=node, dist=free_port())
        self._write("inetrc", '{{lookup,["file","native"]}}.\n')

    def _command(self):
        return ["ejabberdctl", "--config-dir", self.dir, "--config", self.file("ejabberd.yml"),
                "--ctl-config", self.file("ejabberdctl.cfg"), "--logs", self.file("log"),
                "--spool", self.file("data"), "foreground"]
