# SPDX-License-Identifier: Apache-2.0
"""
What nobody decided yet is asked of the owner: many questions in few messages,
one message for whoever was away, and one answer, by whichever way, for all.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in, is_question
from kithlab.dialect import GENERATIONS, WaherThing, element
from kithlab.person import CLIENT, body, condition, payload
from kithlab.story import Story, contains, same



def claimed_thing(home, owner, name):
    thing = WaherThing(home.lab, home.broker, name, home.jid).login()
    same(condition(thing.register()), None)
    contains(owner.desk(f"claim IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;"
                        f"KEY:{thing.key}"), thing.serial)
    thing.pushed("claimed")
    return thing


def can_read(home, thing, who, inner="<f n='Temp'/>"):
    return payload(thing.ask(home.jid, "get", element(
        "canRead", thing.gen.device, inner, jid=who, m="true"))).get("result")


def questions_heard(owner):
    """Every message with questions that has come, by the time two pings are answered."""
    owner.ping(owner.home.jid)
    owner.ping(owner.home.jid)
    found = []
    while True:
        one = owner.take(lambda s: s.tag == CLIENT + "message" and body(s) is not None
                         and is_question(body(s)))
        if one is None:
            return found
        found.append(body(one))


def many(story, home, owner, thing):
    strangers = [f"s{i}@{home.domain}" for i in range(9)]
    with story.check("att-H-07: the same asked two hundred times is one question, and that once"):
        for _ in range(200):
            same(can_read(home, thing, strangers[0]), "false")
        owner.question(strangers[0], "Temp")
        same(questions_heard(owner), [])
    with story.check("att-H-07: more than six messages an hour do not come; the rest is in questions"):
        for who in strangers[1:]:
            same(can_read(home, thing, who), "false")
            owner.ping(home.jid)
        heard = questions_heard(owner)
        assert len(heard) <= 5, heard
        text = owner.desk("questions")
        for who in strangers:
            contains(text, who)
    with story.check("row-O10: one line for a domain settles all of them"):
        contains(owner.desk(f"deny *@{home.domain} everything of {thing.serial}"), "deny")
        contains(owner.desk("questions"), "Nothing waits")
        contains(owner.desk(f"forget {owner.rule_number(owner.desk('rules'), 'deny')}"), "gone")


def away(story, home):
    owner = Owner(home, "traveller").login()
    thing = claimed_thing(home, owner, "cabin")
    with story.check("the desk sees whether its owner is there, if he lets it"):
        owner.expect_presence(home.desk, "subscribe")
        owner.presence(home.desk, "subscribed")
        owner.ping(home.jid)
        owner.desk("help")
    owner.logout()
    with story.check("row-O10: who was away for weeks reads one message, not one for each"):
        thing.ping(home.jid)
        thing.ping(home.jid)
        for i in range(9):
            same(can_read(home, thing, f"w{i}@{home.domain}"), "false")
        owner.login(register=False)
        home.lab.wait(lambda: any(is_question(body(s) or "") and f"w8@{home.domain}" in body(s)
                                  for s in owner.inbox if s.tag == CLIENT + "message"),
                      "what had waited")
        heard = questions_heard(owner)
        assert len(heard) <= 2, heard
        for i in range(9):
            contains("\n".join(heard), f"w{i}@{home.domain}")


def data_question(owner, gen, name):
    """The question as a client with buttons gets it."""
    found = owner.expect(lambda s: s.tag == CLIENT + "message"
                         and s.find("{%s}%s" % (gen.owner, name)) is not None, "a data question")
    return found.find("{%s}%s" % (gen.owner, name))


def one_for_all(story, home, owner, thing, gen):
    bob = f"bob{gen.name.lower()}@{home.domain}"

    def settled(code):
        contains(owner.desk(f"yes {code}"), "no open question")
        contains(owner.desk(f"no {code}"), "no open question")
        contains(owner.desk("questions"), "Nothing waits")

    def asked():
        same(can_read(home, thing, bob), "false")
        code = code_in(owner.desk("questions").replace(":", " ").replace("\n", "\nyes ", 1))
        return code, data_question(owner, gen, "canRead")

    def send(inner):
        same(condition(owner.ask(home.jid, "set", inner)), None)

    with story.check(f"{gen.name}: an owner who uses the protocol gets the question in it as well"):
        payload(owner.ask(home.jid, "get", element("getDevices", gen.owner, offset="0",
                                                   maxCount="10")))
        code, data = asked()
        same((data.get("jid"), data.get("remoteJid")), (thing.me, bob))
        same([child.get("n") for child in data], ["Temp"])
        same(data.get("m") or data.get("momentary"), "true")
    with story.check(f"{gen.name}: row-O10: a rule with its key settles it everywhere"):
        send(element("canReadRule", gen.owner, "<fromJid/>", jid=thing.me, remoteJid=bob,
                     key=data.get("key"), result="true"))
        same(can_read(home, thing, bob), "true")
        same(can_read(home, thing, bob, "<f n='Other'/>"), "false")
        contains(owner.desk(f"deny {bob} to read \"Other\" of {thing.serial}"), "deny")
        settled(code)
    with story.check(f"{gen.name}: row-O10: no in chat settles it, and the button comes too late"):
        owner.desk(f"revoke {bob}")
        send(element("deleteRules", gen.owner, jid=thing.me, id=""))
        code, data = asked()
        contains(owner.desk(f"no {code}"), "deny")
        settled(code)
        send(element("canReadRule", gen.owner, "<fromJid/>", jid=thing.me, remoteJid=bob,
                     key=data.get("key"), result="true"))
        same(can_read(home, thing, bob), "false")
        send(element("deleteRules", gen.owner, jid=thing.me, id=""))
    with story.check(f"{gen.name}: row-O10: a line that decides it settles it"):
        code, data = asked()
        owner.desk(f"allow {bob} to read of {thing.serial}")
        settled(code)
        same(can_read(home, thing, bob), "true")
        send(element("deleteRules", gen.owner, jid=thing.me, id=""))


def touch(story, home, owner, thing):
    eve = f"eve@{home.domain}"
    with story.check("row-D17: what takes a touch is refused, and a yes says that it cannot help"):
        contains(owner.desk(f"touch for control \"Lock\" of {thing.serial}"), "security key")
        owner.desk(f"allow {eve} to control of {thing.serial}")
        answer = payload(thing.ask(home.jid, "get", element(
            "canControl", thing.gen.device, "<parameter name='Lock'/>", jid=eve)))
        same(answer.get("result"), "false")
        contains(owner.desk(f"why {thing.serial} {eve} control Lock"), "touch")


def main():
    with Story("questions to owners") as story:
        home = story.home(limits={"prompts": "6"})
        owner = Owner(home, "owner").login()
        thing = claimed_thing(home, owner, "meter")
        many(story, home, owner, thing)
        away(story, home)
        for i, name in enumerate(("N", "I", "NFI")):
            other = Owner(home, f"button{i}").login()
            one_for_all(story, home, other, claimed_thing(home, other, f"probe{i}"), GENERATIONS[name])
        touch(story, home, owner, thing)


main()
