# SPDX-License-Identifier: Apache-2.0
"""
A thing that lost its account comes back under another address: it proves that it
is the same one, is held for its owner, and takes its old place with its rules;
a copied label and a copied name get nobody anywhere.
"""
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.dialect import SmackThing, element, tags
from kithlab.person import bare
from kithlab.story import Story, contains, same


class Keeper(Owner):
    """An owner who hears news of things unasked."""

    def told(self, *words):
        return self.hear(self.home.desk, "news: " + ", ".join(words), words=words)


def lose_account(lamp):
    """As after a day of refusals: another name, the same continuity key."""
    path = lamp.state + "/identity"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"^account .*$", "account none", text, flags=re.M)
    text = re.sub(r"^user .*$", "user " + "b" * 26, text, flags=re.M)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    path = lamp.state + "/standing"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^epoch .*\n", "", text, flags=re.M))


def last_uri(lamp, old):
    def look():
        shown = re.findall(r"^iotdisco:\S+", lamp.process.output(), re.M)
        return [uri for uri in shown if uri != old]
    return lamp.lab.wait(look, "another claim URI")[-1]


def comes_back(story, home, anna, bob):
    lamp = home.thing("lamp")
    with story.step("anna claims a lamp, names it and lets bob read it"):
        uri = lamp.uri()
        contains(anna.desk(uri), lamp.serial)
        old = bare(anna.befriended_by())
        anna.desk(f"name {lamp.serial} lamp")
        contains(anna.desk(f"allow {bob.me} to read temperature of lamp"), "temperature")
    with story.step("it loses its account and comes back under another name"):
        lamp.stop()
        anna.expect_presence(old, "unavailable")
        lose_account(lamp)
        lamp.start(ready=False)
        fresh = last_uri(lamp, uri)
        contains(anna.told("only you can claim it"), "lamp")
    with story.check("att-C-10: whoever else reads its new code gets nothing"):
        contains(bob.desk(fresh), "no thing that is free")
    with story.step("she claims it and gives it its old place"):
        contains(anna.desk(fresh), lamp.serial)
        new = bare(anna.befriended_by())
        assert new != old
        shown = anna.desk(f"replace lamp by {new.split('@')[0]}")
        contains(shown, "retired")
        contains(anna.desk("yes " + code_in(shown)), "Done")
    with story.check("name and rules are where they were"):
        contains(anna.desk("things"), "lamp")
        contains(anna.desk("things"), "1 thing")
        contains(anna.desk(f"why lamp {bob.me} read temperature"), "allow")
        contains(anna.say(new, "read temperature"), "21.5")


def copies(story, home, anna, mallory):
    probe = SmackThing(home.lab, home.broker, "probe", home.jid).login()
    twin = SmackThing(home.lab, home.broker, "twin", home.jid).login()
    namesake = SmackThing(home.lab, home.broker, "namesake", home.jid).login()
    with story.step("a thing of another maker is claimed by iq"):
        probe.register()
        anna.ask(home.jid, "get", element("mine", probe.gen.disco, tags(probe.serial, probe.key)))
        same(probe.pushed("claimed")[0].get("jid"), anna.me)
    with story.step("a device with the very label registers: it is held for her"):
        twin.serial, twin.key = probe.serial, probe.key
        twin.register()
        contains(anna.told("copied its label"), twin.me)
    with story.check("att-C-07: neither by the label nor by another's hand is it claimed"):
        answer = mallory.ask(home.jid, "get",
                             element("mine", probe.gen.disco, tags(probe.serial, probe.key)))
        same(answer.get("type"), "error")
        same(probe.is_friend(anna.me).get("result"), "true")
        same(twin.is_friend(mallory.me).get("result"), "false")
    with story.step("att-C-08: one with the same maker and serial number is a notice, no more"):
        namesake.serial = probe.serial
        namesake.register()
        contains(anna.told("For your information"), "nothing of yours has changed")
        mallory.ask(home.jid, "get",
                    element("mine", probe.gen.disco, tags(namesake.serial, namesake.key)))
        same(namesake.pushed("claimed")[0].get("jid"), mallory.me)
        same(probe.is_friend(anna.me).get("result"), "true")


def knows_more(story, home):
    """What our own thing states of a later owner than the store knows."""
    late = SmackThing(home.lab, home.broker, "late", home.jid).login()
    with story.check("row-P23: what knows of more than this store is frozen, not overwritten"):
        answer = late.ask(home.jid, "set", element(
            "register", "urn:nf:iot:disco:1.0",
            tags(late.serial, late.key) + "<self xmlns='urn:kith:thing:0' epoch='4' "
            f"owner='anna@{home.domain}'/>"))
        same(answer.get("type"), "error")
        contains(str([child.get("reason") for child in answer[0]]), "frozen")


def main():
    with Story("it is the same thing") as story:
        home = story.home()
        anna, bob = Keeper(home, "anna").login(), Keeper(home, "bob").login()
        comes_back(story, home, anna, bob)
        copies(story, home, anna, bob)
        knows_more(story, home)


main()
