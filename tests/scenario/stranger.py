# SPDX-License-Identifier: Apache-2.0
"""
A stranger with slixmpp and its XEP-0323 and XEP-0325 plugins: refused, granted
one field by a line in chat, gets that and no more, and is refused again.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.person import Person, bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same


def befriend(stranger, thing):
    """Ask; the answer: 'subscribed' or 'unsubscribed'."""
    stranger.inbox.clear()      # of what came without asking: he was unfriended
    stranger.presence(thing, "subscribe")
    return stranger.expect_presence(thing, "subscribed", "unsubscribed").get("type")


def main():
    with Story("a stranger is refused, granted one field, and refused again") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        lamp = home.thing("lamp")
        with story.step("the owner has a thing"):
            contains(owner.desk(lamp.uri()), lamp.serial)
            full = owner.befriended_by()
            thing = bare(full)
        bob = Reader(home.lab, home.broker, "bob").login()

        with story.check("who is no friend gets no reading, no control and raises no question"):
            same(bob.read(full), {})
            same(bob.control(full, "led", "boolean", "true") == "OK", False)
            owner.nothing(lambda s: bob.me in str(s.findtext("{jabber:client}body")),
                          "a question", home.jid)
        with story.step("a friendship request is refused and the owner is asked"):
            same(befriend(bob, thing), "unsubscribed")
            question = owner.question_text(bob.me, "befriend")
            contains(question, "yes ", "no ", "always ")
        with story.step("yes CODE: the stranger may befriend the thing now"):
            contains(owner.desk(f"yes {code_in(question)}"), "rule", bob.me)
            same(befriend(bob, thing), "subscribed")
            full = bob.expect_presence(thing, "available").get("from")
        with story.check("a friend still reads nothing that was not granted; the owner is asked"):
            same(bob.read(full, ["temperature"]), {})
            question = owner.question_text(bob.me, "temperature")
        with story.step("yes CODE grants exactly the field that was asked for"):
            contains(owner.desk(f"yes {code_in(question)}"), "temperature")
            got = home.lab.retry(lambda: bob.read(full, ["temperature"]), "the reading")
            same(got, {"temperature": "21.5"})
        with story.check("asking for everything gives the granted field and no more"):
            same(bob.read(full), {"temperature": "21.5"})
        with story.check("a field that was not granted is refused"):
            same(bob.read(full, ["load"]), {})
        with story.check("reading is not controlling"):
            same(bob.control(full, "led", "boolean", "true") == "OK", False)
        with story.check("the owner's line grants control of one parameter"):
            contains(owner.desk(f'allow {bob.me} to control "led" of {lamp.serial}'), "led")
            home.lab.retry(lambda: bob.control(full, "led", "boolean", "true") == "OK",
                           "the control to be allowed", 10)
        with story.check("why names the rule"):
            contains(owner.desk(f"why {lamp.serial} {bob.me} read temperature"), "rule")
        with story.check("kithctl policy ask says the same, without effect"):
            for name, first in (("temperature", "allow"), ("load", "ask (deny until answered)")):
                said = home.kithd.ctl("policy", "ask", bob.me, "read", thing, name,
                                      check=False)
                same(said.splitlines()[0][:len(first)], first)
        with story.step("forget N takes the reading back, the rest stays"):
            number = owner.rule_number(owner.desk("rules"), "temperature")
            owner.desk(f"forget {number}")
            home.lab.retry(lambda: bob.read(full, ["temperature"]) == {}, "the refusal", 5)
            same(bob.control(full, "led", "boolean", "false"), "OK")
        with story.step("revoke takes everything back, within a second when all is idle"):
            owner.desk(f"revoke {bob.me}")
            home.lab.retry(lambda: bob.control(full, "led", "boolean", "true") != "OK",
                           "the refusal", 5)
            bob.expect_presence(thing, "unsubscribed")
            same(befriend(bob, thing), "unsubscribed")
        with story.check("the owner himself is never locked out"):
            contains(owner.say(thing, "read temperature"), "21.5")
        with story.check("deny is final even for who asks again"):
            owner.desk(f"deny {bob.me} everything")
            owner.inbox.clear()         # of questions from before
            same(befriend(bob, thing), "unsubscribed")
            owner.nothing(lambda s: "yes " in str(s.findtext("{jabber:client}body")),
                          "a question about somebody who is denied", home.jid)


main()
