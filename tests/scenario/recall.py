# SPDX-License-Identifier: Apache-2.0
"""
What an owner takes back, on a real broker: three things, one of them away. He
reads how many have confirmed it, who is missing and until when, and, when that
one is back, that it is in force everywhere; kithd is killed in between.
"""
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same


class Keeper(Owner):
    """An owner who hears how far it is, unasked."""

    def told(self, *words):
        return self.hear(self.home.desk, "news: " + ", ".join(words), words=words)


def make_friends(bob, thing):
    bob.presence(thing, "subscribe")
    bob.expect_presence(thing, "subscribed")
    return bob.expect_presence(thing, "available").get("from")


def main():
    with Story("what is taken back is in force at 3 of 3") as story:
        home = story.home()
        anna = Keeper(home, "anna").login()
        bob = Reader(home.lab, home.broker, "bob").login()
        lamps, jids, fulls = [], [], []
        with story.step("three things of one owner, and a friend who reads them all"):
            for n in (1, 2, 3):
                lamps.append(home.thing(f"lamp-{n}"))
                contains(anna.desk(lamps[-1].uri()), lamps[-1].serial)
                jids.append(bare(anna.befriended_by()))
                anna.desk(f"name {lamps[-1].serial} lamp-{n}")
            contains(anna.desk(f"allow {bob.me} to befriend *"), "rule")
            contains(anna.desk(f"allow {bob.me} to read *"), "rule")
            for jid in jids:
                fulls.append(make_friends(bob, jid))
                home.lab.retry(lambda: bob.read(fulls[-1], ["temperature"]) ==
                               {"temperature": "21.5"}, "the reading")
        with story.check("what only gives is not counted aloud"):
            contains(anna.desk(f'allow {bob.me} to control "led" of lamp-1'), "rule")
            anna.nothing(lambda s: "in force at" in str(s.findtext("{jabber:client}body")),
                         "a count", home.jid)
        with story.step("row-O9: one is away: the owner reads 2 of 3, which one, and until when"):
            lamps[2].stop()
            anna.expect_presence(jids[2], "unavailable")
            contains(anna.desk(f"deny {bob.me} to read *"), "deny")
            told = anna.told("in force at 2 of 3")
            contains(told, "lamp-3 offline, ends", "at the latest", "deny")
            assert re.search(r"ends (\d{4}-\d\d-\d\d )?\d\d:\d\d at the latest", told), told
        with story.check("at the two that confirmed it nothing is read any more"):
            same(bob.read(fulls[0], ["temperature"]), {})
            same(bob.read(fulls[1], ["temperature"]), {})
        with story.check("kithctl tells what is not over yet"):
            listed = home.kithd.json("recalls")
            same([(r["things"], r["acknowledged"], r["slowest"]) for r in listed],
                 [(3, 2, "lamp-3")])
        with story.step("kithd is killed; it goes on counting"):
            home.kithd.kill()
            home.kithd.start()
            same(home.kithd.json("recalls")[0]["acknowledged"], 2)
        with story.step("att-P-03: the third is back: it forgets before it answers anybody"):
            lamps[2].start()
            contains(anna.told("in force at 3 of 3"), "deny")
            bob.presence(jids[2], "probe")
            same(bob.read(bob.expect_presence(jids[2], "available").get("from"),
                          ["temperature"]), {})
            same(home.kithd.json("recalls"), [])
        with story.check("an end of friendship is told and cut: his presence is theirs no more"):
            anna.desk(f"revoke {bob.me}")
            for jid in jids:
                bob.expect_presence(jid, "unsubscribed")


main()
