# SPDX-License-Identifier: Apache-2.0
"""
An operator looks: things, owners, one thing whole, what happened and by whom,
counters for Prometheus, the record exported and checked, a picture, a dump
that tells whether anything changed.
"""
import json
import os
import subprocess
import sys
import urllib.request
from xml.etree import ElementTree

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import WaherThing, element
from kithlab.lab import free_port
from kithlab.person import payload
from kithlab.service import program
from kithlab.story import Story, contains, same

HOSTILE = "x\"]; evil [label=\"<script>"
QUESTION = "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='{}'><field name='temp'/></canRead>"


def home_thing(owner, name, serial):
    thing = WaherThing(owner.lab, owner.broker, name, owner.home.jid).login()
    text = serial.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;")
    meta = f"<str name='SN' value='{text}'/><str name='KEY' value='{thing.key}'/>"
    thing.ask(owner.home.jid, "set", element("register", thing.gen.disco, meta))
    owner.ask(owner.home.jid, "set", element("mine", thing.gen.disco, meta))
    thing.pushed("claimed")
    return thing


def ctl(home, *words):
    done = subprocess.run([program("kithctl"), "-s", home.kithd.socket, *words], text=True,
                          capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def looks(story, home, owner, bob, thing):
    with story.check("things by state and by page"):
        contains(home.kithd.ctl("things", "--state", "owned"), thing.me)
        same(home.kithd.ctl("things", "--state", "tombstone"), "")
        same(len(home.kithd.ctl("things", "--limit", "1").splitlines()), 1)
        first = home.kithd.ctl("things", "--limit", "1")
        assert first not in home.kithd.ctl("things", "--offset", "1")
        status, _, err = ctl(home, "things", "--state", "nonsense")
        same(status, 2)
        contains(err, "--state")
    with story.check("JSON of a list is an array with an object a thing"):
        same({t["owner"] for t in home.kithd.json("things")}, {owner.me})
    with story.check("row-O19: one thing whole: state, tags, what is owed, who did what"):
        shown = home.kithd.json("show", thing.me)
        same((shown["state"], shown["owner"], shown["tag.SN"]), ("owned", owner.me, "SN-meter"))
        same([h["what"] for h in shown["history"]][-2:], ["claimed", "registered"])
        assert "KEY" not in json.dumps(shown)
    with story.check("row-O19: history tells who was denied what, counted"):
        for _ in range(3):
            answer = payload(thing.ask(home.jid, "get", QUESTION.format(bob.me)))
            same(answer.get("result"), "false")

        def denied():
            return [h for h in home.kithd.json("history", thing.me)
                    if h["what"] == "denied" and h.get("count") == 3]
        found = home.lab.wait(denied, "the decisions to be noted")
        same((found[0]["actor"], found[0]["object"]), (bob.me, 'read "temp"'))
    with story.check("row-P12: refused claims are in the record with who and how often"):
        meta = "<str name='SN' value='1'/><str name='KEY' value='guess'/>"
        for _ in range(5):
            bob.ask(home.jid, "set", element("mine", thing.gen.disco, meta))

        def refused():
            return [r for r in home.kithd.json("audit", "--since", "1h") if r["what"] == "refused"]
        found = home.lab.wait(refused, "the refusals to be noted")
        same((found[0]["actor"], found[0]["object"], found[0]["count"]), (bob.me, "claim", 5))
    with story.check("audit narrows by owner, thing, time and number"):
        same(home.kithd.json("audit", "--owner", "nobody@nowhere.example"), [])
        same(len(home.kithd.json("audit", "--limit", "2")), 2)
        same({r["thing"] for r in home.kithd.json("audit", "--thing", thing.me)},
             {home.kithd.json("show", thing.me)["id"]})


def record(story, home):
    path = home.lab.path("record")
    with story.check("row-P18: the record is exported and verifies without kithd"):
        home.kithd.ctl("audit", "export", path)
        same(os.stat(path).st_mode & 0o777, 0o600)
        head = home.kithd.ctl("stats").split("audit_head ", 1)[1].split()[0]
        status, out, _ = ctl(home, "audit", "verify", path, "--head", head)
        same(status, 0)
        contains(out, "as they were written")
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    changes = {
        "a changed word": lines[:3] + [lines[3].replace(".example", ".exampl2")] + lines[4:],
        "a removed row": lines[:3] + lines[4:],
        "two rows the other way round": lines[:3] + [lines[4], lines[3]] + lines[5:],
        "a row twice": lines[:4] + lines[3:],
        "a front cut off": [json.dumps({"form": "kith-audit-1", "row": 2,
                                        "hash": json.loads(lines[2])["hash"]},
                                       separators=(",", ":")) + "\n"] + lines[3:],
        "half a line at the end": lines[:-1] + [lines[-1][:20]],
    }
    for what, text in changes.items():
        with story.check(f"row-P18: {what} is found"):
            bad = home.lab.write("bad", "".join(text))
            status, _, err = ctl(home, "audit", "verify", bad)
            same(status, 1)
            contains(err, "does not verify")
    with story.check("row-P18: an end cut off is found by a head noted before"):
        bad = home.lab.write("bad", "".join(lines[:-1]))
        same(ctl(home, "audit", "verify", bad)[0], 0)
        same(ctl(home, "audit", "verify", bad, "--head", head)[0], 1)
    with story.check("an existing file is not overwritten"):
        same(ctl(home, "audit", "export", path)[0], 2)


def metrics(story, home, port):
    with story.check("row-P17: Prometheus reads counters and gauges over loopback"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as got:
            text = got.read().decode()
            contains(got.headers["Content-Type"], "version=0.0.4")
        contains(text, "# TYPE kith_things gauge", 'kith_things{state="owned"} 2',
                 "\nkith_up 1\n", 'kith_events_total{what="refused"} 5')
        for line in text.splitlines():
            assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2, line
            if not line.startswith("#"):
                float(line.rsplit(" ", 1)[1])
    with story.check("kithctl stats tells the same"):
        same(home.kithd.stats()["things_owned"], 2)
        same(home.kithd.json("stats")["things_owned"], 2)
        contains(home.kithd.ctl("stats", "--prometheus"), "# TYPE kith_up gauge")


def pictures(story, home, owner, bob):
    with story.check("a graph as DOT holds things, owners and rules, and no foreign syntax"):
        dot = home.kithd.ctl("graph")
        contains(dot, "digraph kith", owner.me, bob.me, "allow read")
        assert "evil [label" not in dot.replace('\\"', ""), dot
        same(dot.count("{"), dot.count("}"))
    with story.check("and as SVG that is well-formed"):
        svg = home.kithd.ctl("graph", "--format", "svg", "--owner", owner.me)
        root = ElementTree.fromstring(svg)
        contains(" ".join(t.text for t in root.iter("{http://www.w3.org/2000/svg}text")),
                 "meter")


def dumps(story, home, owner, bob):
    with story.check("equal states have equal dumps; a refusal changes none; a rule does"):
        before = home.kithd.ctl("dump", "--canonical", "--hash")
        meta = "<str name='SN' value='1'/><str name='KEY' value='guess'/>"
        bob.ask(home.jid, "set", element("mine", "urn:xmpp:iot:discovery", meta))
        owner.desk("things")
        same(home.kithd.ctl("dump", "--canonical", "--hash"), before)
        owner.desk(f"deny {bob.me} everything")
        assert home.kithd.ctl("dump", "--canonical", "--hash") != before
        assert "KEY" not in home.kithd.ctl("dump", "--canonical")
    with story.check("a restart changes no dump"):
        before = home.kithd.ctl("dump", "--canonical")
        home.kithd.restart()
        same(home.kithd.ctl("dump", "--canonical"), before)


def main():
    with Story("an operator looks") as story:
        port = free_port()
        home = story.home(control={"metrics": f"127.0.0.1:{port}"})
        owner, bob = Owner(home, "owner").login(), Owner(home, "bob").login()
        with story.step("the owner has two things and a rule"):
            thing = home_thing(owner, "meter", "SN-meter")
            home_thing(owner, "other", HOSTILE)
            owner.desk(f"allow {bob.me} to read \"humidity\" of SN-meter")
        looks(story, home, owner, bob, thing)
        record(story, home)
        metrics(story, home, port)
        pictures(story, home, owner, bob)
        dumps(story, home, owner, bob)
        with story.check("without kithd kithctl says what to do"):
            home.kithd.stop()
            status, _, err = ctl(home, "things")
            same(status, 2)
            contains(err, "systemctl status kithd", "-s SOCKET")


main()
