# SPDX-License-Identifier: Apache-2.0
"""
A label proves too little: another thing shows the same one, or somebody else
has photographed it.  Who stands before the thing shows it, on a real broker:
twins, the code that a thing shows, a claim that is disputed.
"""
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import element, tags
from kithlab.person import bare, condition, text_of
from kithlab.story import Story, contains, same

DISCO = "urn:nf:iot:disco:1.0"
SELF = "<self xmlns='urn:kith:thing:0' can='code'/>"
SHOWING = "urn:kith:presence:0"


class Claimant(Owner):
    """Somebody who is asked to show a thing."""

    def asked(self, *words):
        return self.hear(self.home.desk, "to be asked to show it", words=("please show",) + words)

    def told(self, *words):
        return self.hear(self.home.desk, "news: " + ", ".join(words), words=words)


def refusal(claimant, registry, meta):
    """The answer to a claim that is refused, byte for byte, its id replaced."""
    answer = claimant.ask(registry, "set", element("mine", DISCO, meta))
    same(condition(answer), "item-not-found")
    return text_of(answer).replace(answer.get("id"), "ID")


def tags_in(uri):
    """The tags of a claim line, as a twin would register them."""
    fields = (field.split("=", 1) for field in uri[len("iotdisco:"):].split(";"))
    return "".join(f"<num name='{name[1:]}' value='{value}'/>" if name.startswith("#") else
                   f"<str name='{name}' value='{value}'/>"
                   for name, value in fields if name != "R")


def shown_on(lamp):
    """The code on the display of a kith-thing."""
    def look():
        return re.findall(r"^code ([A-Z2-7-]{9})$", lamp.process.output(), re.M)
    return lamp.lab.wait(look, "the thing to show a code")[-1]


def fresh_uri(lamp, old):
    def look():
        return [uri for uri in re.findall(r"^iotdisco:\S+", lamp.process.output(), re.M)
                if uri != old]
    return lamp.lab.wait(look, "another claim URI")[-1]


def twins_that_show(story, home, anna):
    meta = tags("SN-twins", home.lab.secret())
    things = [home.person(name) for name in ("true-one", "phantom")]
    with story.step("att-C-07: two things report with the very same tags"):
        for thing in things:
            same(condition(thing.ask(home.jid, "set", element("register", DISCO, meta + SELF))),
                 None)
    with story.check("att-C-07: a claim by iq is refused as if there were nothing"):
        same(refusal(anna, home.jid, meta),
             refusal(anna, home.jid, tags("SN-nothing", home.lab.secret())))
    with story.check("the claimant is asked in chat, and each thing shows a code of its own"):
        contains(anna.asked(), "code ABCD-EFGH")
        codes = []
        for thing in things:
            push = thing.expect_push("show", SHOWING, home.jid)
            codes.append(push[0].get("code"))
            thing.result(push)
        assert codes[0] != codes[1]
    with story.check("what somebody else types, or types at random, is worth nothing"):
        contains(anna.desk("code AAAA-2222"), "No thing")
    with story.check("the one whose code is typed is the claimant's, the other one nobody's"):
        contains(anna.desk(f"code {codes[0]}"), "SN-twins")
        push = things[0].expect_push("claimed", DISCO, home.jid)
        same(push[0].get("jid"), anna.me)
        things[0].result(push)
        same(anna.told("You have shown").count(codes[0]), 0)
        contains(home.kithd.ctl("show", things[1].me), "held")
        same(anna.ask(home.jid, "set", element("mine", DISCO, meta)).get("type"), "result")


def a_new_key(story, home, anna, mallory):
    lamp = home.thing("lamp")
    with story.step("our thing whose label is imitated makes a new one"):
        old = lamp.uri()
        same(condition(home.person("imitation").ask(
            home.jid, "set", element("register", DISCO, tags_in(old)))), None)
        new = fresh_uri(lamp, old)
    with story.check("the old label claims nothing any more, the imitation least of all"):
        contains(mallory.desk(old), "no thing that is free")
        mallory.asked()
        contains(anna.desk(new), lamp.serial)
        anna.befriended_by()
    return lamp


def disputed(story, home, anna, mallory):
    lamp = home.thing("plug")
    with story.step("att-C-24: somebody with a photograph of the label is faster"):
        uri = lamp.uri()
        contains(mallory.desk(uri), lamp.serial)
        thing = bare(mallory.befriended_by())
    with story.check("att-C-24: the owner is refused like anybody, and both are asked"):
        contains(anna.desk(uri), "no thing that is free")
        anna.asked("before you did")
        mallory.asked("says that it is his")
        contains(home.kithd.ctl("show", thing), "disputed")
    with story.check("meanwhile it stays where it is and nobody new gets anything"):
        contains(mallory.desk(f"allow eve@{home.domain} to read everything of {lamp.serial}"),
                 "Nothing has changed")
        same(condition(mallory.ask(home.jid, "set", element("remove", DISCO, jid=thing))),
             "not-allowed")
    with story.check("only who stands before it can read the code"):
        code = shown_on(lamp)
        contains(mallory.desk("code ABCD-EFGH"), "No thing")
        contains(anna.desk(f"code {code}"), "Noted")
    with story.check("when both have it before them the operator decides"):
        contains(mallory.desk(f"code {code}"), "Noted")
        anna.told("both of you")
        home.kithd.ctl("release", thing, "to", anna.me)
        contains(mallory.told("no longer yours"), "ended")
        anna.told("is yours: you")
        contains(anna.desk("things"), lamp.serial)
        assert lamp.serial not in mallory.desk("things")


def main():
    with Story("who stands before it") as story:
        home = story.home()
        anna, mallory = (Claimant(home, name).login() for name in ("anna", "mallory"))
        twins_that_show(story, home, anna)
        a_new_key(story, home, anna, mallory)
        disputed(story, home, anna, mallory)


main()
