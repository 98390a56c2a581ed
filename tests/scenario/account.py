# SPDX-License-Identifier: Apache-2.0
"""
How a thing is let in where not everybody is: with an invitation (XEP-0445), with its
maker's key (XEP-0348), with a certificate (SASL EXTERNAL); and what happens to who has
none, or one that was used.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.broker import Prosody
from kithlab.service import Thing
from kithlab.story import Story, contains, same

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 2, "docs", "prosody")
SECRET = "the-makers-own-secret"


class WithModules(Prosody):
    """A Prosody with more modules than the guide has."""

    def __init__(self, lab, modules="", settings="", folders="", **more):
        self.modules, self.settings_more, self.folders = modules, settings, folders
        self.name = more.pop("name", "prosody")
        super().__init__(lab, **more)

    def _changes(self):
        return [*super()._changes(), (r'"roster";', '"roster"; ' + self.modules)]

    def _configure(self):
        super()._configure()
        with open(self.file(self.settings), encoding="utf-8") as f:
            text = f.read()
        with open(self.file(self.settings), "w", encoding="utf-8") as f:
            f.write(self.folders + text.replace("\nVirtualHost ", f"\n{self.settings_more}\n\nVirtualHost ", 1))

    def ctl(self, *words):
        wrap = ["setpriv", "--reuid=prosody", "--regid=prosody", "--clear-groups"] \
            if os.geteuid() == 0 else []
        done = subprocess.run([*wrap, "prosodyctl", "--config", self.file(self.settings), *words],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              check=False)
        return done.stdout + done.stderr

    def accounts(self):
        folder = self.file("data", self.domain.replace(".", "%2e"), "accounts")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def account_of(lamp):
    with open(lamp.state + "/identity", encoding="ascii") as f:
        text = f.read()
    return {name: re.search(rf"^{name} (\S+)", text, re.M)[1]
            for name in ("account", "user", "password")}


def invited(story):
    broker = WithModules(story.lab, modules='"invites"; "invites_register"; ',
                         settings="registration_invite_only = true", name="prosody-invites")
    broker.start()
    lab = story.lab
    link = lab.write("invite", broker.ctl("mod_invites", "generate", broker.domain).strip()
                     .splitlines()[-1] + "\n")
    with open(link, encoding="ascii") as f:
        text = f.read().strip()
    contains(text, "?register;preauth=")
    token = text.split("preauth=")[1]
    with story.step("without an invitation the broker makes no account, and one alarm says so"):
        bare = Thing(lab, broker, "uninvited", domain=broker.domain).start(ready=False)
        bare.wait_log(r"invitation only")
        same(broker.accounts(), [])
        bare.stop()
    with story.step("row-D1: with the link that prosodyctl prints a thing is let in"):
        lamp = Thing(lab, broker, "invited", invite_file=link).start(ready=False)
        lamp.wait_log(r"the broker made our account")
        lamp.wait_log(r"finding")
        same(broker.accounts(), [account_of(lamp)["user"] + ".dat"])
        same(account_of(lamp)["account"], "ours")
    with story.check("the token is in no log and no file but the one it came in"):
        same(token in lamp.process.log(), False)
        same(token in lamp.process.output(), False)
        for name in os.listdir(lamp.state):
            with open(os.path.join(lamp.state, name), "rb") as f:
                same((name, token.encode() in f.read()), (name, False))
    with story.check("its file may be gone after that"):
        lamp.stop()
        os.unlink(link)
        lamp.start(ready=False)
        lamp.wait_log(r"finding")
        lamp.stop()
    with story.check("a used token is one clear alarm, and nobody is made or pestered by it"):
        used = lab.write("used", token + "\n")
        late = Thing(lab, broker, "late", invite_file=used).start(ready=False)
        late.wait_log(r"does not take our invitation")
        same(len(broker.accounts()), 1)
        same(late.process.log().count("does not take our invitation"), 1)
        same(token in late.process.log(), False)
        lab.wait(lambda: account_of(late)["account"] == "none", "it to know that it has none")
        late.stop()
    with story.check("a link for another domain, or for a certain name, is refused at the start"):
        for bad, why in (("xmpp:other.example?register;preauth=x", "another domain"),
                         (f"xmpp:anna@{broker.domain}?register;preauth=x", "one certain name")):
            path = lab.write("bad-invite", bad + "\n")
            wrong = Thing(lab, broker, "wrong", invite_file=path).start(ready=False)
            lab.wait(lambda wrong=wrong: not wrong.process.running(), "it to end")
            wrong.process.ended_by_us = True
            contains(wrong.process.log(), why)
    broker.stop()


def of_a_known_maker(story):
    lab = story.lab
    broker = WithModules(
        lab, modules='"kith_signed_form"; ', name="prosody-maker",
        folders=f'plugin_paths = {{ "{os.path.abspath(DOCS)}" }}\n',
        settings=f'signed_form_makers = {{ ["kith.example"] = {{ secret = "{SECRET}" }} }}')
    broker.start()
    good, wrong = lab.write("maker.secret", SECRET + "\n"), lab.write("wrong.secret", "another\n")
    with story.step("row-D1: a thing whose maker the broker knows is let in (XEP-0348)"):
        lamp = Thing(lab, broker, "ours", maker_key="kith.example",
                     maker_secret_file=good).start(ready=False)
        lamp.wait_log(r"the broker made our account")
        lamp.wait_log(r"finding")
        same(len(broker.accounts()), 1)
        lamp.stop()
    with story.check("one of another maker is not, in neither way of signing, and is told why"):
        for name, settings, why in (
                ("nokey", {}, "no key of our maker"),
                ("badkey", {"maker_key": "kith.example", "maker_secret_file": wrong},
                 "does not take the maker's signature"),
                ("stranger", {"maker_key": "else.example", "maker_secret_file": good},
                 "does not take the maker's signature")):
            other = Thing(lab, broker, name, **settings).start(ready=False)
            other.wait_log(why)
            same(SECRET in other.process.log(), False)
            lab.wait(lambda other=other: account_of(other)["account"] == "none",
                     "it to know that it has none")
            other.stop()
        same(len(broker.accounts()), 1)
    with open(broker.file("prosody.log"), encoding="utf-8") as f:
        log = f.read()
    with story.check("the broker's log says who was refused and why"):
        contains(log, "wrong signature", "unknown maker", 'A thing of "kith.example" registers')
        same(SECRET in log, False)
    broker.stop()


def certificate_for(broker, user, days=300, name="lamp"):
    """(certificate, key) of a thing with an address, from the broker's own authority."""
    folder = broker.authority.dir
    key, csr, crt, ext = (os.path.join(folder, f"{name}.{end}") for end in ("key", "csr", "crt", "ext"))
    with open(ext, "w", encoding="ascii") as f:
        f.write("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
                f"subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:{user}@{broker.domain}\n")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["openssl", "req", *broker.authority._KEY, "-keyout", key, "-out", csr, "-subj",
                    f"/CN={user}"], **quiet)
    subprocess.run(["openssl", "x509", "-req", "-in", csr, "-CA", "ca.crt", "-CAkey", "ca.key",
                    "-CAcreateserial", "-days", str(days), "-out", crt, "-extfile", ext],
                   cwd=folder, **quiet)
    os.chmod(key, 0o600)
    return crt, key


MODULES = "/usr/lib/prosody/prosody-modules"


def with_certificate(story):
    lab = story.lab
    found = [p for p in (MODULES, "/usr/lib/prosody/modules") if
             os.path.exists(f"{p}/mod_auth_ccert/mod_auth_ccert.lua") or
             os.path.exists(f"{p}/mod_auth_ccert.lua")]
    if not found:
        story.skip("a thing logs in by its certificate alone", "no mod_auth_ccert (prosody-modules)")
        return

    class Ccert(WithModules):
        def _changes(self):
            changes = [c for c in super()._changes() if "VirtualHost" not in c[0]]
            host = f"""VirtualHost "home.example"
\tauthentication = "ccert"
\tcertificate_match = "xmppaddr"
\tc2s_ssl = {{ certificate = "{self.dir}/certs/host.crt"; key = "{self.dir}/certs/host.key";
\t\tcafile = "{self.dir}/certs/ca.crt"; verify = {{ "peer" }} }}
\tssl = {{ certificate = "{self.dir}/certs/host.crt"; key = "{self.dir}/certs/host.key" }}"""
            return [*changes, (r'VirtualHost "home.example"', host)]

    broker = Ccert(lab, name="prosody-ccert", folders=f'plugin_paths = {{ "{found[0]}" }}\n')
    broker.start()
    crt, key = certificate_for(broker, "porch-lamp")
    with story.check("a thing logs in by its certificate alone, under the name in it"):
        lamp = Thing(lab, broker, "porch", cert_file=crt, key_file=key).start(ready=False)
        lamp.wait_log(r"finding")
        contains(lamp.process.log(), f"porch-lamp@{broker.domain}")
        lamp.stop()
    broker.stop()


def falls_back_to_nothing(story):
    lab = story.lab
    broker = WithModules(lab, name="prosody-passwords")
    broker.start()
    crt, key = certificate_for(broker, "porch-lamp")
    with story.check("where no certificate is taken, it has no account with a password instead"):
        lamp = Thing(lab, broker, "proud", cert_file=crt, key_file=key).start(ready=False)
        lamp.wait_log(r"takes no certificate")
        same(broker.accounts(), [])
        lamp.stop()
    with story.check("unless it was told that it may"):
        lamp = Thing(lab, broker, "humble", cert_file=crt, key_file=key,
                     cert_or_password="yes").start(ready=False)
        lamp.wait_log(r"finding")
        same(broker.accounts(), ["porch%2dlamp.dat"])
        lamp.stop()
    with story.check("a key that others may read is none"):
        os.chmod(key, 0o644)
        lamp = Thing(lab, broker, "careless", cert_file=crt, key_file=key).start(ready=False)
        lab.wait(lambda: not lamp.process.running(), "it to end")
        lamp.process.ended_by_us = True
        contains(lamp.process.log(), "chmod 600")
    broker.stop()


def main():
    with Story("a thing is let in") as story:
        if os.environ.get("BROKER") == "ejabberd":
            story.skip("invitations, signed forms, certificates", "n/a: modules of Prosody")
            return
        invited(story)
        of_a_known_maker(story)
        with_certificate(story)
        falls_back_to_nothing(story)


main()
