# SPDX-License-Identifier: Apache-2.0
"""
Secrets that can be told from everything else (att-C-05): a thing whose KEY is
known lives a whole life; afterwards no file, no answer to anybody else, no word
of kithctl and no page of kithd's memory holds it.
"""
import base64
import os
import re
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.dialect import GENERATIONS, element
from kithlab.person import text_of
from kithlab.service import program
from kithlab.story import Story, contains, same

GEN = GENERATIONS["X"]
OPERATORS = ["strEq", "strNEq", "strGt", "strGtEq", "strLt", "strLtEq", "strMask", "strRegEx",
             "numEq", "numNEq", "numGt", "numGtEq", "numLt", "numLtEq"]
RANGES = ["strRange", "strNRange", "numRange", "numNRange"]


def spellings(secret):
    """As it is, in hex, in base64 at each of three offsets, in UTF-16."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), secret.encode("utf-16-le")}
    for skip in range(3):
        text = base64.b64encode(raw[skip:])
        found.add(text[:len(text) // 4 * 4 - 4])
    return found


class Canaries:
    def __init__(self, lab):
        self.lab, self.secret = lab, {}

    def add(self, what, secret):
        self.secret[what] = spellings(secret)
        return secret

    def new(self, what):
        return self.add(what, "CANARY" + self.lab.secret()[:26])

    def in_bytes(self, data):
        return {what for what, all_of in self.secret.items() if any(s in data for s in all_of)}

    def in_file(self, path):
        with open(path, "rb") as f:
            return self.in_bytes(f.read())

    def in_memory(self, pid):
        """{what: the mappings that hold it}"""
        hits = {}
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                word = line.split(maxsplit=5)
                if "r" not in word[1] or "vvar" in line or "vsyscall" in line:
                    continue
                begin, end = (int(n, 16) for n in word[0].split("-"))
                if end - begin > 1 << 32:
                    continue        # a sanitizer's map of all memory, no memory itself
                try:
                    mem.seek(begin)
                    data = mem.read(end - begin)
                except (OSError, ValueError, OverflowError):
                    continue
                for what in self.in_bytes(data):
                    hits.setdefault(what, []).append(word[5].strip() if len(word) > 5 else "-")
        return hits


def meta(serial, key, name="KEY"):
    return (f"<str name='SN' value='{serial}'/><str name='MAN' value='canary.example'/>"
            f"<str name='{name}' value='{key}'/>")


def uri(serial, key):
    return f"iotdisco:SN={serial};MAN=canary.example;KEY={key}"


def searched(peer, home, key):
    for name in ("KEY", "key", "Key"):
        for op in OPERATORS:
            value = "7" if op.startswith("num") else key
            more = " wildcard='*'" if op == "strMask" else ""
            term = f"<{op} name='{name}' value='{value}'{more}/>"
            for extra in ("", "<strEq name='MAN' value='canary.example'/>"):
                peer.ask(home.jid, "get", element("search", GEN.disco, term + extra,
                                                  offset="0", maxCount="20"))
        for op in RANGES:
            value = ("1", "9") if op.startswith("num") else (key[:8], key + "z")
            peer.ask(home.jid, "get", element(
                "search", GEN.disco, f"<{op} name='{name}' min='{value[0]}' minIncluded='true' "
                f"max='{value[1]}' maxIncluded='true'/>", offset="0", maxCount="20"))


def act(owner, line):
    return owner.desk("yes " + code_in(owner.desk(line)))


def life(story, home, anna, bob, peer, canaries):
    key, second = canaries.new("KEY"), canaries.new("second KEY")
    wrong = canaries.new("guessed KEY")
    with story.step("registered, claimed in vain, claimed, searched, looked at"):
        same(peer.ask(home.jid, "set", element("register", GEN.disco, meta("c1", key)))
             .get("type"), "result")
        bob.desk(uri("c1", wrong))
        bob.desk("claim " + uri("c1", wrong) + " x")
        bob.ask(home.jid, "set", element("mine", GEN.disco, meta("c1", wrong)))
        said = anna.desk(uri("c1", key))
        canaries.add("ownership code", re.search(r"[a-z2-7]{5}(?:-[a-z2-7]{1,5}){5}", said)[0])
        canaries.add("ownership code, folded",
                     re.search(r"[a-z2-7]{5}(?:-[a-z2-7]{1,5}){5}", said)[0].replace("-", ""))
        peer.result(peer.expect_push("claimed", GEN.disco, home.jid))
        contains(anna.desk("things"), "c1")
        anna.desk("publish c1")
        searched(bob, home, key)
        for line in ("show c1", "history c1", f"find KEY={key}", "rules"):
            anna.desk(line)
    with story.step("updated, given up, claimed again with another KEY"):
        peer.ask(home.jid, "set", element("update", GEN.disco, f"<str name='KEY' value='{key}'/>"))
        contains(act(anna, "disown c1 offline"), "no longer yours")
        peer.ask(home.jid, "set", element("register", GEN.disco, meta("c1", second)))
        peer.ask(home.jid, "set", element("register", GEN.disco, meta("c1", second, "Key")))
        contains(anna.desk(uri("c1", second)), "c1")
        bob.desk(uri("c1", key))            # he has photographed it: too late
        bob.desk(uri("c1", second))
    with story.step("the same by a form, which keeps what was typed for a while"):
        form = canaries.new("KEY in a form")
        for node in ("claim", "prove", "recover"):
            first = anna.ask(home.desk, "set", "<command xmlns='http://jabber.org/protocol/"
                             f"commands' node='{node}' action='execute'/>")
            session = re.search(r"sessionid=\"([^\"]+)\"", text_of(first))
            field = "code" if node != "claim" else "text"
            value = form if node != "claim" else uri("c9", form)
            if session:
                anna.ask(home.desk, "set", "<command xmlns='http://jabber.org/protocol/commands' "
                         f"node='{node}' sessionid='{session[1]}' action='complete'><x xmlns="
                         f"'jabber:x:data' type='submit'><field var='{field}'><value>{value}"
                         "</value></field></x></command>")
                anna.ask(home.desk, "set", "<command xmlns='http://jabber.org/protocol/commands' "
                         f"node='{node}' sessionid='{session[1]}' action='cancel'/>")
    return key


def kithctl(home, *words):
    done = subprocess.run([program("kithctl"), "-s", home.kithd.socket, *words],
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def outside(story, home, canaries, thing):
    with story.check("kithctl says none of it, in no form"):
        lab = home.lab
        for words in (("things",), ("--json", "things"), ("owners",), ("--json", "show", thing),
                      ("show", thing), ("--json", "history", thing), ("audit",), ("stats",),
                      ("--json", "audit"), ("graph",), ("dump",), ("export", lab.path("list.json")),
                      ("export", lab.path("list.csv")), ("audit", "export", lab.path("record")),
                      ("backup", lab.path("copy.db")), ("prometheus",), ("stats", "--prometheus"),
                      ("doctor",)):
            same((words, canaries.in_bytes(kithctl(home, *words))), (words, set()))
    with story.check("no file of kithd holds any of it"):
        seen = 0
        for folder, _, names in os.walk(lab.dir):
            for name in names:
                path = os.path.join(folder, name)
                if "prosody" in path or "ejabberd" in path or not os.path.isfile(path):
                    continue
                seen += 1
                same((path, canaries.in_file(path)), (path, set()))
        assert seen > 4, seen


def at_the_thing(story, home):
    with story.check("our thing logs no secret, and its files are its own"):
        lamp = home.thing("lamp")
        secrets = [re.search(r"KEY=([^;\s]+)", lamp.uri())[1]]
        with open(lamp.state + "/identity", encoding="ascii") as f:
            secrets += re.findall(r"^password (\S+)", f.read(), re.M)
        same(len(secrets), 2)
        same([s for s in secrets if s in lamp.process.log()], [])
        same([s for s in secrets if s in home.kithd.process.log()], [])
        for folder, _, names in os.walk(lamp.state):
            for name in names:
                same((name, os.stat(os.path.join(folder, name)).st_mode & 0o077), (name, 0))


def story_of_secrets(story):
    home = story.home()
    canaries = Canaries(home.lab)
    anna, bob = (Owner(home, name).login() for name in ("anna", "bob"))
    peer = home.person("canary-thing")
    canaries.add("password of the component", home.broker.secret)
    life(story, home, anna, bob, peer, canaries)
    heard = b"".join(text_of(s).encode() for who in (bob, peer) for s in who.inbox)
    with story.check("nobody was told any of it"):
        same(canaries.in_bytes(heard), set())
    # The secret of the component stands in its file, and that is all right.
    canaries.secret.pop("password of the component")
    outside(story, home, canaries, peer.me)
    with story.check("kithd's memory holds none of it once it is quiet"):
        bob.ping(home.jid)

        def quiet():
            anna.ping(home.jid)
            return not canaries.in_memory(home.kithd.process.pid)
        try:
            home.lab.retry(quiet, "the secrets to leave memory", 5)
        except AssertionError:
            same(canaries.in_memory(home.kithd.process.pid), {})
    at_the_thing(story, home)


with Story("secrets that can be told from everything else") as the_story:
    story_of_secrets(the_story)
