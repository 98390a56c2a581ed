# SPDX-License-Identifier: Apache-2.0
"""
The broker has lost its accounts (ruling 43): after a day of refusals a thing makes its
own again, under its name and with its password, and its owner has it as before.  If
somebody else has the name meanwhile, it says so, takes another one and is held for its
owner (ruling 16).  And what the broker keeps of a password opens nothing else.
"""
import base64
import hashlib
import hmac
import os
import re
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.person import bare
from kithlab.story import Story, contains, same

DAY_MS = 24 * 3600 * 1000


class Keeper(Owner):
    """An owner who hears news of things unasked."""

    def told(self, *words):
        return self.hear(self.home.desk, "news: " + ", ".join(words), words=words)


def identity(lamp):
    with open(lamp.state + "/identity", encoding="ascii") as f:
        return f.read()


def account_of(lamp):
    return {name: re.search(rf"^{name} (\S+)", identity(lamp), re.M)[1]
            for name in ("account", "user", "password")}


def data(home, *parts):
    return home.broker.file("data", home.domain.replace(".", "%2e"), *parts)


def forget(home, user):
    """The broker loses what it knew of an account."""
    home.broker.stop()
    for store in ("accounts", "roster", "account_details"):
        path = data(home, store, user + ".dat")
        if os.path.exists(path):
            os.unlink(path)
    home.broker.start()
    home.kithd.wait_log(r"ready(.|\n)*(connected|ready)")


def a_day_passes(lamp):
    """It was refused since yesterday."""
    lamp.wait_log(r"refuses our own account")
    lamp.lab.wait(lambda: "refused " in identity(lamp), "the refusal to be written down")
    lamp.stop()
    text = re.sub(r"^refused (\d+)$", lambda m: f"refused {int(m[1]) - DAY_MS - 1000}",
                  identity(lamp), flags=re.M)
    with open(lamp.state + "/identity", "w", encoding="ascii") as f:
        f.write(text)
    lamp.start(ready=False)


def lost(story, home, anna):
    lamp = home.thing("lamp")
    with story.step("anna claims a lamp and names it"):
        contains(anna.desk(lamp.uri()), lamp.serial)
        me = bare(anna.befriended_by())
        anna.desk(f"name {lamp.serial} lamp")
        contains(anna.say(me, "read temperature"), "21.5")
    before = account_of(lamp)
    with story.check("row-D13: the broker keeps no password, only what is derived from it"):
        with open(data(home, "accounts", before["user"] + ".dat"), encoding="utf-8") as f:
            kept = f.read()
        same(before["password"] in kept, False)
        contains(kept, "stored_key", "server_key", "salt")
    with story.step("the broker loses its accounts; the lamp is refused, says so, and waits"):
        lamp.stop()
        anna.expect_presence(me, "unavailable")
        forget(home, before["user"])
        lamp.start(ready=False)
        a_day_passes(lamp)
    with story.step("after a day it makes its account again, under the same name and password"):
        lamp.wait_log(r"the broker made our account")
        lamp.wait_log(r"serving")
        after = account_of(lamp)
        same((after["user"], after["password"]), (before["user"], before["password"]))
        same(after["account"], "ours")
    anna = Keeper(home, "anna").login(register=False)
    with story.check("its owner has it as before"):
        contains(anna.desk("things"), "lamp", "1 thing")
    return lamp, me


def shown(lamp):
    return re.findall(r"^iotdisco:\S+", lamp.process.output(), re.M)


def taken(story, home, anna, lamp, old):
    first = shown(lamp)[-1]
    with story.step("somebody else has the name: the lamp says so and takes another"):
        lamp.stop()
        user = account_of(lamp)["user"]
        forget(home, user)
        wrap = ["setpriv", "--reuid=prosody", "--regid=prosody", "--clear-groups"] \
            if os.geteuid() == 0 else []
        subprocess.run([*wrap, "prosodyctl", "--config", home.broker.file(home.broker.settings),
                        "register", user, home.domain, "another-password"], check=True,
                       capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        anna = Keeper(home, "anna").login(register=False)
        lamp.start(ready=False)
        a_day_passes(lamp)
        lamp.wait_log(r"was taken by somebody else")
        lamp.lab.wait(lambda: account_of(lamp)["user"] != user, "another name")
        fresh = lamp.lab.wait(lambda: [u for u in shown(lamp) if u != first], "another claim URI")[-1]
        contains(anna.told("only you can claim it"), "lamp")
    with story.step("its owner claims it, and it has its old place"):
        contains(anna.desk(fresh), lamp.serial)
        new = bare(anna.befriended_by())
        assert new != old
        effect = anna.desk(f"replace lamp by {new.split('@')[0]}")
        contains(anna.desk("yes " + code_in(effect)), "Done")
        contains(anna.desk("things"), "lamp", "1 thing")


class Login:
    """SCRAM-SHA-1 by hand, so that what was said once can be said again."""

    def __init__(self, home):
        context = ssl.create_default_context(cafile=home.broker.ca)
        plain = socket.create_connection(("127.0.0.1", home.broker.c2s), 10)
        self.home, self.s = home, plain
        self.header()
        self.until("</stream:features>")
        self.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.until("proceed")
        self.s = context.wrap_socket(plain, server_hostname=home.domain)
        self.header()
        self.until("</stream:features>")

    def header(self):
        self.say(f"<stream:stream xmlns='jabber:client' to='{self.home.domain}' version='1.0' "
                 "xmlns:stream='http://etherx.jabber.org/streams'>")

    def say(self, text):
        self.s.sendall(text.encode())

    def until(self, *ends):
        got = ""
        while not any(end in got for end in ends):
            piece = self.s.recv(65536)
            if not piece:
                break
            got += piece.decode()
        return got

    def first(self, message):
        self.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>"
                 + base64.b64encode(message.encode()).decode() + "</auth>")
        said = self.until("</challenge>", "</failure>", "<success")
        found = re.search(r"<challenge[^>]*>([^<]*)", said)
        return base64.b64decode(found[1]).decode() if found else said

    def last(self, message):
        self.say("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                 + base64.b64encode(message.encode()).decode() + "</response>")
        said = self.until("</success>", "</failure>")
        self.s.close()
        return said


def final(first, challenge, password):
    part = dict(p.split("=", 1) for p in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha1", password.encode(), base64.b64decode(part["s"]),
                                 int(part["i"]))
    client = hmac.digest(salted, b"Client Key", "sha1")
    bare_final = "c=biws,r=" + part["r"]
    auth = ",".join((first[3:], challenge, bare_final)).encode()
    proof = bytes(a ^ b for a, b in zip(client, hmac.digest(hashlib.sha1(client).digest(), auth,
                                                            "sha1")))
    return f"{bare_final},p={base64.b64encode(proof).decode()}"


def replayed(story, home, lamp):
    mine = account_of(lamp)
    first = f"n,,n={mine['user']},r=0123456789abcdef0123456789abcdef"
    with story.check("row-K7: what was said in a login is refused when it is said again"):
        login = Login(home)
        proof = final(first, login.first(first), mine["password"])
        contains(login.last(proof), "<success")
        again = Login(home)
        assert again.first(first).startswith("r=")
        contains(again.last(proof), "<failure")


def no_word_of_it(story, home, lamp):
    secrets = [s.encode() for s in re.findall(r"^(?:password|other-password|continuity) (\S+)",
                                              identity(lamp), re.M)]
    assert len(secrets) >= 2

    def hits(text):
        return [s for s in secrets if s in text]
    with story.check("row-K17: no log, no output and no other file holds its password"):
        for path in (lamp.process.log_path, lamp.process.out_path, home.kithd.process.log_path,
                     home.broker.file("prosody.log"), data(home, "accounts", account_of(lamp)["user"] + ".dat")):
            with open(path, "rb") as f:
                same((path, hits(f.read())), (path, []))
        for name in os.listdir(lamp.state):
            with open(os.path.join(lamp.state, name), "rb") as f:
                found = hits(f.read())
            same((name, bool(found)), (name, name == "identity"))
    with story.check("row-K17: nor what a core dump of it would hold"):
        if os.geteuid() != 0:
            return      # nobody else may look into it, which is the point
        same({where for where in held(lamp.process.pid, secrets)}, set())


def held(pid, secrets):
    """The mappings of a process that hold a secret and are not kept out of core dumps."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as f:
        text = f.read()
    for one in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) (r\S+) .*?(\S*)\n(?:[A-Z].*\n)*?VmFlags:(.*)$",
                           text, re.M):
        begin, end = int(one[1], 16), int(one[2], 16)
        if " dd" in one[5] or "[v" in one[4] or end - begin > 1 << 32:
            continue
        try:
            with open(f"/proc/{pid}/mem", "rb", 0) as mem:
                mem.seek(begin)
                memory = mem.read(end - begin)
        except (OSError, ValueError, OverflowError):
            continue
        if any(s in memory for s in secrets):
            yield one[4] or "anonymous"


def main():
    with Story("a broker loses its accounts") as story:
        if os.environ.get("BROKER") == "ejabberd":
            story.skip("accounts are lost", "n/a: the files of Prosody's accounts are taken away")
            return
        home = story.home()
        anna = Keeper(home, "anna").login()
        lamp, me = lost(story, home, anna)
        replayed(story, home, lamp)
        no_word_of_it(story, home, lamp)
        taken(story, home, anna, lamp, me)


main()
