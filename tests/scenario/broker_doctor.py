# SPDX-License-Identifier: Apache-2.0
"""
What `kithctl doctor` says: nothing of a broker that is set up by the guide, and
of servers that each do one thing wrong, that thing.
"""
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.authority import Authority
from kithlab.service import program
from kithlab.story import Story, same

STREAMS = "http://etherx.jabber.org/streams"
GOOD = ["SCRAM-SHA-1", "SCRAM-SHA-256"]


class Fake:
    """A server that says what it is told to say to whoever connects."""

    def __init__(self, pki, domain="home.example", before=(), after=(*GOOD,), starttls=True,
                 required=True, registration=True, versions=None, cert=None, days=30,
                 ns="jabber:client"):
        self.before, self.after, self.starttls, self.required = before, after, starttls, required
        self.registration, self.ns = registration, ns
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*(cert or pki.issue(domain, days)))
        if versions == "old":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            try:
                self._talk(line)
            except OSError:
                pass
            line.close()

    def _features(self, mechanisms, tls):
        text = ""
        if tls and self.starttls:
            text += "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>" \
                    f"{'<required/>' if self.required else ''}</starttls>"
        if mechanisms:
            text += "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + "".join(
                f"<mechanism>{m}</mechanism>" for m in mechanisms) + "</mechanisms>"
        if self.registration and (not tls or not self.required):
            text += "<register xmlns='http://jabber.org/features/iq-register'/>"
        return (f"<?xml version='1.0'?><stream:stream xmlns='{self.ns}' "
                f"xmlns:stream='{STREAMS}' id='1' from='home.example' version='1.0'><stream:features>{text}"
                "</stream:features>").encode()

    @staticmethod
    def _until(line, end):
        data = b""
        while end not in data:
            more = line.recv(4096)
            if not more:
                raise OSError("gone")
            data += more

    def _talk(self, line):
        line.settimeout(20)
        self._until(line, b"version='1.0'>")
        line.sendall(self._features(self.before, True))
        self._until(line, b"starttls")
        line.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        line = self.context.wrap_socket(line, server_side=True)
        self._until(line, b"version='1.0'>")
        line.sendall(self._features(self.after, False))
        self._until(line, b"</stream")

    def close(self):
        self.listener.close()


def doctor(*words):
    """(exit status, findings)"""
    done = subprocess.run([program("kithctl"), "doctor", "--json", *words], text=True,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, [f["finding"] for f in json.loads(done.stdout or "[]")]


def real(story):
    broker = story.home().broker
    kind, path = broker.name, broker.file(broker.settings)
    os.chmod(path, 0o640)
    server = ["--server", f"127.0.0.1:{broker.c2s}", "--component", f"127.0.0.1:{broker.component}",
              "--domain", broker.domain, "--ca", broker.ca]
    with story.check("a running broker that is set up by the guide has no finding"):
        same(doctor(*server), (0, []))
    with story.check("of its settings only what stories changed is found"):
        status, found = doctor("--" + kind, path)
        same((status, [f.split(",")[0] for f in found]), (1, {
            "prosody": ["the name of a deleted account is given to others"],
            "ejabberd": ["anybody can open any number of accounts"]}[kind]))
    if kind == "ejabberd":
        with story.check("what ejabberd itself understood is read as well"):
            dump = broker.file("home", "dump.yml")
            words = broker._command()[:-1]      # pylint: disable=protected-access
            who = {"user": broker.user, "group": broker.user} if os.geteuid() == 0 else {}
            subprocess.run([*words, "dump_config", dump], check=True, timeout=60, **who,
                           stdout=subprocess.DEVNULL, env=broker._environment())
            os.chmod(dump, 0o640)
            status, found = doctor("--ejabberd", dump)
            same((status, found), (1, ["anybody can open any number of accounts"]))
    with story.check("nobody at the port is an error, not a finding"):
        same(doctor("--server", "127.0.0.1:1", "--domain", broker.domain)[0], 2)


def fakes(story):
    pki = Authority(story.lab.path("fake-pki"))
    other = Authority(story.lab.path("other-pki"))
    wrong = {
        "a good one": ({}, None),
        "PLAIN without TLS": ({"before": ["PLAIN"], "required": False}, [
            "clients may log in without TLS", "passwords may be sent in the clear",
            "accounts can be opened without TLS"]),
        "SCRAM without TLS": ({"before": GOOD}, ["clients may log in without TLS"]),
        "no TLS": ({"starttls": False}, ["there is no TLS"]),
        "PLAIN within TLS": ({"after": [*GOOD, "PLAIN"]}, [
            "clients may log in by something weaker than SCRAM"]),
        "a certificate for somebody else": ({"cert": pki.issue("evil.example")}, [
            "its certificate does not prove the domain: hostname mismatch"]),
        "a certificate of somebody else": ({"cert": other.issue("home.example")}, [
            "its certificate does not prove the domain: unable to get local issuer certificate"]),
        "a certificate that ends soon": ({"days": 3}, [
            "its certificate ends within two weeks"]),
        "an old TLS": ({"versions": "old"}, ["TLS 1.1 or older is spoken"]),
        "no registration": ({"registration": False}, ["things cannot open accounts"]),
    }
    for name, (how, want) in wrong.items():
        with story.check(f"found on the wire: {name}"):
            fake = Fake(pki, **how)
            status, found = doctor("--server", fake.address, "--domain", "home.example", "--ca",
                                   pki.cert)
            fake.close()
            same((status, found), (0, []) if want is None else (1, want))
    with story.check("found on the wire: servers without TLS"):
        fake, servers = Fake(pki), Fake(pki, required=False, ns="jabber:server")
        status, found = doctor("--server", fake.address, "--domain", "home.example", "--ca",
                               pki.cert, "--s2s", servers.address.split(":")[1])
        same((status, found), (1, ["other servers may talk without TLS"]))
    with story.check("found on the wire: a component port for everybody"):
        opened = socket.create_server(("0.0.0.0", 0))
        status, found = doctor("--server", fake.address, "--domain", "home.example", "--ca",
                               pki.cert, "--component", f"127.0.0.1:{opened.getsockname()[1]}")
        if status == 0:
            story.skip("found on the wire: a component port", "this machine has loopback only")
        else:
            same(found, ["the component port is open to others than this machine"])


def main():
    with Story("the doctor") as story:
        real(story)
        fakes(story)


main()
