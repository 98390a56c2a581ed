# SPDX-License-Identifier: Apache-2.0
"""
The rules language as an owner types it and a reader meets it: each clause is
written at the desk and tried by a thing of another maker.  Then a co-owner, who
gives what he has and no more; and all of it in German.
"""
import datetime
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import WaherThing, element
from kithlab.person import condition, payload
from kithlab.story import Story, contains, same

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Stage:
    """A thing of the owner's and what it is answered about somebody."""

    def __init__(self, home, owner, name):
        self.home, self.owner = home, owner
        self.thing = WaherThing(home.lab, home.broker, name, home.jid).login()
        same(condition(self.thing.register()), None)
        contains(owner.desk(f"claim IoTDisco;SN:{self.thing.serial};MAN:acme.example;MODEL:Probe;"
                            f"#V:1.2;KEY:{self.thing.key}"), self.thing.serial)
        self.thing.pushed("claimed")
        contains(owner.desk(f"name {self.thing.serial} {name}"), name)
        self.name = name

    def _ask(self, verb, who, inner, **attributes):
        return payload(self.thing.ask(self.home.jid, "get", element(
            verb, self.thing.gen.device, inner, jid=who, **attributes)))

    def reads(self, who, inner="<f n='Temp'/>", **attributes):
        return self._ask("canRead", who, inner, **(attributes or {"m": "true"}))

    def controls(self, who, name="Led"):
        return self._ask("canControl", who, f"<parameter name='{name}'/>").get("result") == "true"

    def may_read(self, who, inner="<f n='Temp'/>", **attributes):
        return self.reads(who, inner, **attributes).get("result") == "true"

    def type(self, line):
        contains(self.owner.desk(line), "in force now")

    def clear(self):
        ns = self.thing.gen.owner
        same(condition(self.owner.ask(self.home.jid, "set", element(
            "deleteRules", ns, jid=self.thing.me, id=""))), None)
        while "rule" in (text := self.owner.desk("rules")) and "no rules" not in text:
            self.owner.desk(f"forget {self.owner.rule_number(text.split(':', 1)[1], ':')}")


def today(offset=0):
    return DAYS[(datetime.datetime.now(datetime.timezone.utc).weekday() + offset) % 7]


def clauses(story, stage, bob):
    owner, name = stage.owner, stage.name
    with story.check("only momentary: of what was asked, this kind alone"):
        stage.type(f"allow {bob} to read of {name} only momentary")
        answer = stage.reads(bob, m="true", h="true")
        same((answer.get("result"), answer.get("m"), answer.get("h")), ("true", "true", None))
        assert not stage.may_read(bob, h="true")
        stage.clear()
    with story.check("node ID of THING: that node and no other"):
        stage.type(f"allow {bob} to read of node n7 of {name}")
        assert stage.may_read(bob, "<nd id='n7'/><f n='Temp'/>")
        assert not stage.may_read(bob, "<nd id='n8'/><f n='Temp'/>")
        assert not stage.may_read(bob)
        stage.clear()
    with story.check("set NAME: the things in it, as long as they are in it"):
        contains(owner.desk(f"allow {bob} to read of set garden"), "no set called")
        owner.desk(f"set garden = {name}")
        stage.type(f"allow {bob} to read of set garden")
        assert stage.may_read(bob)
        owner.desk("set garden =")
        assert not stage.may_read(bob)
        stage.clear()
    with story.check("tag=value: also when the tag changes"):
        owner.desk(f"tag {name} room=kitchen")
        stage.type(f"allow {bob} to read of room=kitchen and MAN=acme.example")
        assert stage.may_read(bob)
        owner.desk(f"tag {name} room=attic")
        assert not stage.may_read(bob)
        stage.clear()
    with story.check("on DAYS: today and not tomorrow"):
        stage.type(f"allow {bob} to read of {name} on {today()} in Etc/UTC")
        assert stage.may_read(bob)
        stage.clear()
        stage.type(f"allow {bob} to read of {name} on {today(2)} in Etc/UTC")
        assert not stage.may_read(bob)
        contains(owner.desk(f"why {bob} read of {name}"), "it would be allowed from")
        stage.clear()
    with story.check("values and rates: a thing that cannot keep to them gets no yes, and it is said"):
        stage.reads(bob)
        contains(owner.desk(f"allow {bob} to control \"Led\" from 0 to 50 of {name}"),
                 "cannot keep to values")
        assert not stage.controls(bob)
        stage.clear()
        contains(owner.desk(f"allow {bob} to control of {name} at most 3 times an hour"),
                 "cannot keep to values")
        assert not stage.controls(bob)
        stage.clear()
    with story.check("touch: refused whatever is allowed, and the owner himself is not"):
        stage.type(f"allow {bob} to control of {name}")
        assert stage.controls(bob)
        contains(owner.desk(f"touch for control \"Led\" of {name}"), "security key")
        assert not stage.controls(bob)
        assert stage.controls(owner.me)
        stage.clear()
    with story.check("what if lists whom it takes from, and changes nothing"):
        stage.type(f"allow {bob} to read of {name}")
        text = owner.desk(f"what if deny *@{stage.home.domain} everything")
        contains(text, "take away", f"{bob}, read")
        assert stage.may_read(bob)
        contains(owner.desk("what if forget 999"), "no such thing")
    with story.check("undo takes the last line back"):
        contains(owner.desk("undo"), "Taken back")
        assert not stage.may_read(bob)
        stage.clear()


def co_owner(story, home, stage, bob):
    owner, name = stage.owner, stage.name
    carol = Owner(home, "carol").login()
    with story.check("row-O14: a co-owner lets others do what he may himself, and no more"):
        contains(owner.desk(f"share {name} with {carol.me} as co-owner"), carol.me)
        assert stage.may_read(carol.me)
        contains(carol.desk(f"allow {bob} to read of {name}"), "in force now")
        assert stage.may_read(bob)
        contains(owner.desk("rules"), f"given by {carol.me}")
    with story.check("row-O14: what he gives shrinks with what he has, and the owner's word is first"):
        contains(owner.desk(f"deny {carol.me} to read \"Temp\" of {name}"), "deny")
        assert not stage.may_read(bob)
        owner.desk("undo")
        assert stage.may_read(bob)
        owner.desk(f"deny {bob} everything of {name}")
        assert not stage.may_read(bob)
        owner.desk("undo")
    with story.check("row-O14: he cannot give it away, make co-owners, or see what is not his"):
        for line in (f"disown {name}", f"transfer {name} to {carol.me}", f"name {name} mine",
                     f"share {name} with {bob} as co-owner"):
            contains(carol.desk(line), "only its owner can do")
        contains(owner.desk(f"show {name}"), name)
    with story.check("row-O14: with his own right all ends that he gave"):
        contains(owner.desk(f"revoke {carol.me}"), "gone")
        assert not stage.may_read(bob)
        assert not stage.may_read(carol.me)
        assert "in force now" not in carol.desk(f"allow {bob} to read of {name}")
        assert not stage.may_read(bob)
        stage.clear()


def german(story, home, bob):
    hans = Owner(home, "hans").login()
    with story.check("language de: from then on the desk speaks German"):
        contains(hans.desk("language de"), "Deutsch")
        contains(hans.desk("hilfe"), "claim")
    stage = None
    with story.check("German words are understood, and answered in German"):
        thing = WaherThing(home.lab, home.broker, "lampe", home.jid).login()
        thing.register()
        contains(hans.desk(f"IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;"
                           f"KEY:{thing.key}"), "gehört jetzt dir")
        thing.pushed("claimed")
        contains(hans.desk(f"nenne {thing.serial} lampe"), "lampe")
        contains(hans.desk("dinge"), "lampe")
        stage = thing
    with story.check("a question, its answer and the rule are told in German"):
        def reads():
            return payload(stage.ask(home.jid, "get", element(
                "canRead", stage.gen.device, "<f n='Temp'/>", jid=bob, m="true"))).get("result")
        same(reads(), "false")
        text = hans.hear(home.desk, "a question in German", words=(bob,))
        contains(text, "möchte", "lesen", "Nur von dieser Art: momentary")
        code = next(line.split()[1] for line in text.splitlines() if line.startswith("yes "))
        contains(hans.desk(f"ja {code}"), "Regel 1")
        same(reads(), "true")
        contains(hans.desk("regeln"), "Regel 1", bob)
    with story.check("why, what if and taking back are told in German"):
        contains(hans.desk(f"warum {bob} read Temp of lampe"), "Regel 1", "Stand")
        contains(hans.desk(f"what if deny {bob} everything"), "Es würde wegnehmen", bob)
        contains(hans.desk(f"verbiete {bob} everything of lampe"), "Es gilt bei")
        same(reads(), "false")
        contains(hans.desk("touch for control of lampe"), "Sicherheitsschlüssel")
        contains(hans.desk("vergiss 2"), "weg")
        same(reads(), "true")


def main():
    with Story("the rules language at the desk") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        bob = f"bob@{home.domain}"
        stage = Stage(home, owner, "meter")
        clauses(story, stage, bob)
        co_owner(story, home, stage, bob)
        german(story, home, bob)


main()
