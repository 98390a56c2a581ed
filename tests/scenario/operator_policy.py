# SPDX-License-Identifier: Apache-2.0
"""
The operator's policy file: read at the start and at SIGHUP under traffic, never
half; a broken one changes nothing and is an alarm; going back, looking ahead,
asking; and a site that never had a good one.
"""
import os
import signal
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import WaherThing, element
from kithlab.person import payload
from kithlab.service import Kithd, program
from kithlab.story import Story, contains, same

FIRST = "# nothing of ours yet\ndeny *@evil.example everything\nend\n"


def ctl(home, *words):
    done = subprocess.run([program("kithctl"), "-s", home.kithd.socket, *words], text=True,
                          capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def hang_up(home, log):
    """SIGHUP, and what kithd says of the file."""
    before = home.kithd.process.log().count(log)
    os.kill(home.kithd.process.pid, signal.SIGHUP)
    home.lab.wait(lambda: home.kithd.process.log().count(log) > before, f"'{log}' in the log")


class Meter:
    """A thing of another maker that asks canRead."""

    def __init__(self, home, owner, name, bob):
        self.home, self.bob = home, bob
        self.thing = WaherThing(home.lab, home.broker, name, home.jid).login()
        self.thing.register()
        contains(owner.desk(f"claim IoTDisco;SN:{self.thing.serial};MAN:acme.example;MODEL:Probe;"
                            f"#V:1.2;KEY:{self.thing.key}"), self.thing.serial)
        self.me = self.thing.me

    def question(self):
        return element("canRead", self.thing.gen.device, jid=self.bob)

    def may_read(self):
        return payload(self.thing.ask(self.home.jid, "get", self.question())).get("result")

    def ask_many(self, n):
        return [self.thing.post(self.home.jid, "get", self.question()) for _ in range(n)]

    def answers(self, ids):
        return [payload(self.thing.answer_to(i, self.home.jid)).get("result") for i in ids]


def reload(story, home, meter, owner):
    with story.step("an owner's rule counts while the operator says nothing about it"):
        owner.desk(f"allow {meter.bob} to read everything of {meter.thing.serial}")
        same(home.lab.retry(lambda: meter.may_read() == "true", "reading to be allowed"), True)
    with story.check("ruling 32: SIGHUP under traffic: each answer is by the old or the new version"):
        meter.thing.pushes.clear()
        home.lab.write("kithd.policy", FIRST.replace(
            "end\n", f"deny {meter.bob} to read everything of {meter.me}\nend\n"))
        before = meter.ask_many(40)
        hang_up(home, "the operator's policy is version 2")
        got = meter.answers(before)
        same(sorted(got, reverse=True), got)       # true ... true false ... false
        same(set(meter.answers(meter.ask_many(20))), {"false"})
    with story.check("the thing is told to forget what it was answered before"):
        meter.thing.pushed("clearCache")
    with story.check("an unchanged file is no new version"):
        hang_up(home, "log level read again")
        same(len(home.kithd.json("policy", "versions")), 2)
    with story.check("the owner reads who says no"):
        contains(owner.desk(f"why {meter.thing.serial} {meter.bob} read"),
                 "operator's policy, version 2")


def broken(story, home, meter):
    whole = home.lab.path("kithd.policy")
    with open(whole, encoding="utf-8") as f:
        text = f.read()
    for what, bad in {"cut off": text[:len(text) // 2], "empty": "",
                      "of nonsense": "allow everybody\nend\n"}.items():
        with story.check(f"att-P-18: a file that is {what} changes nothing and is an alarm"):
            home.lab.write("kithd.policy", bad)
            hang_up(home, "ALARM")
            contains(home.kithd.ctl("policy", "versions"), "ALARM", "stays in force")
            same(home.kithd.stats()["policy_alarm"], 1)
            same((home.kithd.stats()["policy_version"], meter.may_read()), (2, "false"))
    with story.check("att-P-18: a file that is gone, likewise; also over a restart"):
        os.unlink(whole)
        home.kithd.restart()
        contains(home.kithd.ctl("policy", "versions"), "ALARM")
        same((home.kithd.stats()["policy_version"], meter.may_read()), (2, "false"))
    with story.check("a sound file ends the alarm"):
        home.lab.write("kithd.policy", text)
        same(ctl(home, "policy", "load")[0], 0)
        same(home.kithd.stats()["policy_alarm"], 0)


def versions(story, home, meter):
    with story.check("row-P20: diff names rules; rollback is a new version, and counts at once"):
        status, out, _ = ctl(home, "policy", "diff", "1", "2")
        same((status, out.count("+ deny"), out.count("\n-")), (1, 1, 0))
        contains(ctl(home, "policy", "rollback", "1")[1], "version 3")
        same(meter.may_read(), "true")
        same(home.kithd.ctl("policy", "show", "3"), FIRST)
    with story.check("row-P20: what was rolled back stays so over a restart"):
        home.kithd.restart()
        same((home.kithd.stats()["policy_version"], meter.may_read()), (3, "true"))
    with story.check("row-O18: what-if lists what would change and changes nothing"):
        next_one = home.lab.write("next.policy", f"deny {meter.bob} everything\nend\n")
        _, out, _ = ctl(home, "policy", "what-if", next_one)
        contains(out, f"{meter.bob} read \"", "allow now, deny then", "would be others")
        status, _, err = ctl(home, "policy", "what-if", home.lab.write("bad", "allow\nend\n"))
        same(status, 2)
        contains(err, "line 1")
        same(meter.may_read(), "true")
    with story.check("row-O17: ask names the verdict, rule, revision, lease and who decides"):
        status, out, _ = ctl(home, "policy", "ask", meter.bob, "read", meter.me)
        same((status, out.splitlines()[0]), (0, "allow"))
        contains(out, "rule 1", "revision", "lease", "decided by alice@")
        status, out, _ = ctl(home, "policy", "ask", "who@evil.example", "read", meter.me)
        same((status, out.splitlines()[0]), (1, "deny"))
        status, out, _ = ctl(home, "policy", "ask", f"carol@{home.domain}", "read", meter.me)
        same((status, out.splitlines()[0]), (1, "ask (deny until answered)"))
        same(ctl(home, "policy", "ask", "carol", "fly", meter.me)[0], 2)


def closed(story, home):
    with story.check("att-P-18: a site that never had a good policy lets nobody but owners in"):
        home.kithd = Kithd(story.lab, home.broker, name="bare",
                           provisioning={"policy_file": "none.policy"}).start()
        owner = Owner(home, "dora").login()
        meter = Meter(home, owner, "second", f"bob@{home.domain}")
        owner.desk(f"allow {meter.bob} to read everything of {meter.thing.serial}")
        same(meter.may_read(), "false")
        meter.bob = owner.me
        same(meter.may_read(), "true")
        same(home.kithd.stats()["policy_closed"], 1)
        contains(home.kithd.ctl("policy", "versions"), "nobody but owners")


def main():
    with Story("an operator keeps a policy") as story:
        story.lab.write("kithd.policy", FIRST)
        home = story.home(provisioning={"policy_file": "kithd.policy"})
        owner = Owner(home, "alice").login()
        meter = Meter(home, owner, "meter", f"bob@{home.domain}")
        reload(story, home, meter, owner)
        broken(story, home, meter)
        versions(story, home, meter)
        home.kithd.stop()
        closed(story, home)


if __name__ == "__main__":
    main()
