# SPDX-License-Identifier: Apache-2.0
"""
What an owner does with his things beyond letting others in, by chat: lists and
finding, names and tags, sets, undo, guests, what if, settings, another
language, receipts, and acts that are shown before they are done.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.dialect import WaherThing, element
from kithlab.person import CLIENT, body
from kithlab.story import Story, contains, same

RECEIPTS = "urn:xmpp:receipts"


def claimed(owner, name):
    thing = WaherThing(owner.lab, owner.broker, name, owner.home.jid).login()
    meta = f"<str name='SN' value='SN-{name}'/><str name='KEY' value='{thing.key}'/>" \
           f"<str name='class' value='probe'/>"
    thing.ask(owner.home.jid, "set", element("register", thing.gen.disco, meta))
    owner.ask(owner.home.jid, "set", element("mine", thing.gen.disco, meta, public="false"))
    thing.pushed("claimed")
    owner.desk(f"name SN-{name} {name}")
    return thing


def lists(story, owner, bob):
    with story.check("things are filtered by tag and state, and nothing else fits"):
        contains(owner.desk("things class=probe"), "lamp", "pump")
        contains(owner.desk("things lamp"), "lamp")
        assert "pump" not in owner.desk("things lamp")
        contains(owner.desk("things class=camera"), "none of your things fits")
    with story.check("an owner edits tags and is told what was there before"):
        owner.desk("tag lamp room=kitchen")
        contains(owner.desk("tag lamp room=\"living room\" floor=2"), "room=kitchen")
        contains(owner.desk("show lamp"), "room=living room", "floor=2")
        contains(owner.desk("tag lamp -floor"), "floor=2")
        assert "floor" not in owner.desk("show lamp")
    with story.check("find shows one's own and what others made public"):
        contains(owner.desk("find room=\"living room\""), "lamp")
        contains(bob.desk("find class=probe"), "nothing fits")
        owner.desk("publish pump")
        contains(bob.desk("find class=probe"), "SN-pump", "not yours")
        owner.desk("unpublish pump")
        contains(bob.desk("find class=probe"), "nothing fits")


def undone(story, owner, bob):
    with story.check("undo takes back a name, a tag and a rule"):
        owner.desk("name lamp Light")
        contains(owner.desk("undo"), "lamp")
        owner.desk(f"allow {bob.me} to read \"temp\" of lamp")
        contains(owner.desk("undo"), "gone")
        assert "temp" not in owner.desk("rules")
    with story.check("what if shows what a rule would change and makes none"):
        owner.desk(f"allow {bob.me} to read everything of lamp")
        contains(owner.desk("what if deny anyone everything"), bob.me, "allow now", "deny then")
        contains(owner.desk(f"why {bob.me} read \"temp\" of lamp"), "allow")
        owner.desk("undo")
    with story.check("a guest gets rules with an end"):
        contains(owner.desk(f"share lamp with {bob.me} to read and control for 2 h"),
                 "befriend", "read", "control", "until")
        contains(owner.desk(f"why {bob.me} control \"Output\" of lamp"), "allow")
        contains(owner.desk("undo"), "gone")
        assert bob.me not in owner.desk("rules")


def settings(story, owner):
    with story.check("another language, and back"):
        if "Erledigt" in owner.desk("language de"):
            contains(owner.desk("things"), "Geräte")
            contains(owner.desk("hilfe"), "Ein Befehl je Zeile")
        contains(owner.desk("language en"), "English")
    with story.check("times are shown and read in the owner's zone"):
        contains(owner.desk("timezone Asia/Kolkata"), "+05:30")
        contains(owner.desk("allow anyone to read of lamp until 2030-01-31"),
                 "until 2030-01-31\n")
        owner.desk("timezone UTC")
        contains(owner.desk("rules"), "until 2030-01-31T18:30")
        owner.desk(f"forget {owner.rule_number(owner.desk('rules'), '2030')}")
    with story.check("a receipt is given where one is asked for"):
        id_ = owner.message(owner.home.desk, "<body>sets</body>"
                            f"<request xmlns='{RECEIPTS}'/>")
        got = owner.expect(lambda s: s.find(f"{{{RECEIPTS}}}received") is not None, "a receipt")
        if id_ is not None:
            same(got.find(f"{{{RECEIPTS}}}received").get("id"), id_)
        owner.take(lambda s: s.tag == CLIENT + "message" and body(s) is not None)


def sets(story, owner):
    with story.check("a set is named, shown and used as a whole, once it is confirmed"):
        contains(owner.desk("set garden = lamp, pump"), "garden", "lamp", "pump")
        contains(owner.desk("tag set garden zone=north"), "garden", "yes ")
        shown = owner.desk("tag set garden zone=north")
        assert "zone" not in owner.desk("show lamp")
        contains(owner.desk("yes " + code_in(shown)), "done")
        contains(owner.desk("show lamp"), "zone=north")
        contains(owner.desk("show pump"), "zone=north")
    with story.check("remove is shown first; no drops it, yes does it, a code is good once"):
        shown = owner.desk("remove pump")
        contains(owner.desk("no " + code_in(shown)), "nothing")
        contains(owner.desk("yes " + code_in(shown)), "no open question")
        contains(owner.desk("yes " + code_in(owner.desk("remove pump"))), "nobody finds")
        contains(owner.desk("things"), "pump")
    with story.check("history tells what happened, the newest first"):
        newest = owner.desk("history lamp")
        contains(newest, "tags changed by " + owner.me, "history page 2")
        all_of_it = newest + owner.desk("history lamp page 2") + owner.desk("history lamp page 3")
        contains(all_of_it, "claimed by " + owner.me, "named by " + owner.me)


def main():
    with Story("an owner and his things") as story:
        home = story.home()
        owner, bob = Owner(home, "owner").login(), Owner(home, "bob").login()
        with story.step("the owner has two things"):
            claimed(owner, "lamp")
            claimed(owner, "pump")
        lists(story, owner, bob)
        undone(story, owner, bob)
        settings(story, owner)
        sets(story, owner)
        with story.check("who has nothing is told how to get something"):
            contains(bob.desk("things"), "claim")
            contains(bob.desk("help"), "claim TEXT")


main()
