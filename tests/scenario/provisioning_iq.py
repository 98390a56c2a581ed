# SPDX-License-Identifier: Apache-2.0
"""
Provisioning (XEP-0324) from outside: things of other makers ask isFriend,
canRead and canControl, are told to forget, and to befriend.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.dialect import SmackThing, WaherThing, WaherThingI, element
from kithlab.desk import Owner
from kithlab.person import condition, payload
from kithlab.story import Story, contains, same


def claimed_thing(home, owner, kind, name):
    thing = kind(home.lab, home.broker, name, home.jid).login()
    same(condition(thing.register()), None)
    reply = owner.desk(f"claim IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;"
                       f"KEY:{thing.key}")
    contains(reply, thing.serial)
    push = thing.pushed("claimed")
    same(push[0].get("jid"), owner.me)
    return thing


def is_friend(asker, registry, namespace, jid):
    answer = payload(asker.ask(registry, "get", element("isFriend", namespace, jid=jid)))
    same(answer.tag, "{%s}isFriendResponse" % namespace)
    same(answer.get("jid"), jid.split("/")[0])
    return answer.get("result")


def the_push_is_usable(thing, home, owner_waits=True):
    """clearCache in the thing's namespace, iq set to the full JID, an id that is no number."""
    push = thing.pushed("clearCache")
    same(push[0].tag, "{%s}clearCache" % thing.gen.device)
    same((push.get("from"), push.get("to")), (home.jid, thing.full))
    assert push.get("id") and not push.get("id").isdigit(), push.get("id")


def friendship(story, home, owner, stranger, kind):
    name = kind.__name__.lower()
    with story.check(f"{name}: owner and thing are friends from the claim on, both ways"):
        thing = claimed_thing(home, owner, kind, name)
        same(is_friend(thing, home.jid, thing.gen.device, owner.full), "true")
        same(is_friend(owner, home.jid, thing.gen.device, thing.me), "true")
    with story.check(f"{name}: whom nobody knows is refused and the owner is asked in chat"):
        same(is_friend(thing, home.jid, thing.gen.device, stranger.me), "false")
        code = owner.question(stranger.me, "befriend", thing.me)
    with story.check(f"{name}: yes becomes a rule; clearCache, then friend, then isFriend is true"):
        thing.pushes.clear()
        contains(owner.desk(f"yes {code}"), "rule")
        the_push_is_usable(thing, home)
        told = thing.told("friend", stranger.me)
        same(told.get("from"), home.jid)
        same(is_friend(thing, home.jid, thing.gen.device, stranger.me), "true")
    with story.check(f"{name}: a used code is not obeyed again"):
        contains(owner.desk(f"no {code}"), "code")
        same(is_friend(thing, home.jid, thing.gen.device, stranger.me), "true")
    with story.check(f"{name}: revoke takes it back: clearCache, unfriend, isFriend is false"):
        thing.pushes.clear()
        owner.desk(f"revoke {stranger.me}")
        the_push_is_usable(thing, home)
        thing.told("unfriend", stranger.me)
        same(is_friend(thing, home.jid, thing.gen.device, stranger.me), "false")
    thing.logout()


def read_and_control(story, home, owner, stranger):
    ns = WaherThing.generation
    with story.step(f"generation {ns}: a thing waits for an owner's rules"):
        thing = claimed_thing(home, owner, WaherThing, "meter")
    device = thing.gen.device

    def can_read(inner="", **attributes):
        return payload(thing.ask(home.jid, "get", element(
            "canRead", device, inner, jid=stranger.me, **attributes)))

    def can_control(inner=""):
        return payload(thing.ask(home.jid, "get", element("canControl", device, inner,
                                                          jid=stranger.me)))

    with story.check("canRead is false before any rule, and echoes jid"):
        answer = can_read("<f n='Temp'/>", m="true")
        same((answer.get("jid"), answer.get("result")), (stranger.me, "false"))
    owner.desk(f'allow {stranger.me} to read "Temp" of {thing.serial}')
    with story.check("canRead of what was granted is true and echoes the field types"):
        answer = can_read("<f n='Temp'/>", m="true")
        same((answer.get("jid"), answer.get("result"), answer.get("m")),
             (stranger.me, "true", "true"))
        same([f.get("n") for f in answer if f.tag.endswith("}f")], ["Temp"])
    with story.check("canRead of more lists only what was granted"):
        answer = can_read("<f n='Temp'/><f n='Humidity'/>", m="true", p="true")
        same((answer.get("result"), answer.get("m"), answer.get("p")), ("true", "true", "true"))
        same([f.get("n") for f in answer if f.tag.endswith("}f")], ["Temp"])
    with story.check("canRead of everything lists only what was granted"):
        answer = can_read(m="true")
        same((answer.get("result"), [f.get("n") for f in answer if f.tag.endswith("}f")]),
             ("true", ["Temp"]))
    with story.check("canRead of something else is false"):
        same(can_read("<f n='Humidity'/>", m="true").get("result"), "false")
    with story.check("reading is not controlling"):
        same(can_control("<parameter name='Temp'/>").get("result"), "false")
    owner.desk(f'allow {stranger.me} to control "Output" of {thing.serial}')
    with story.check("canControl answers with <parameter name/>"):
        answer = can_control("<parameter name='Output'/><parameter name='Fan'/>")
        same((answer.get("jid"), answer.get("result")), (stranger.me, "true"))
        same([p.get("name") for p in answer if p.tag.endswith("}parameter")], ["Output"])
    with story.check("the XEP's long names are understood and answered alike"):
        answer = can_read("<field name='Temp'/>", momentary="true")
        same((answer.get("result"), answer.get("momentary")), ("true", "true"))
        same([f.get("name") for f in answer], ["Temp"])
    with story.check("a resource in jid is ignored"):
        answer = payload(thing.ask(home.jid, "get", element(
            "canRead", device, "<f n='Temp'/>", jid=stranger.full, m="true")))
        same((answer.get("jid"), answer.get("result")), (stranger.me, "true"))
    with story.check("another thing gets no yes for this one's grants"):
        twin = claimed_thing(home, owner, WaherThing, "meter2")
        answer = payload(twin.ask(home.jid, "get", element(
            "canRead", device, "<f n='Temp'/>", jid=stranger.me, m="true")))
        same(answer.get("result"), "false")
    with story.check("forget takes a rule back and the thing must ask again"):
        thing.pushes.clear()
        rules = owner.desk("rules")
        number = owner.rule_number(rules, "Temp")
        owner.desk(f"forget {number}")
        the_push_is_usable(thing, home)
        same(can_read("<f n='Temp'/>", m="true").get("result"), "false")


def presence(story, home, owner, stranger):
    registry = home.jid
    with story.check("subscribe to the registry is answered by subscribe, then subscribed"):
        newcomer = home.person("newcomer")
        newcomer.presence(registry, "subscribe")
        same([newcomer.expect_presence(registry, "subscribe", "subscribed").get("type")
              for _ in range(2)], ["subscribe", "subscribed"])
    with story.check("a thing that never subscribes is subscribed to by the registry"):
        # WaherThing never does; it accepted in claimed_thing() or does so now.
        thing = WaherThing(home.lab, home.broker, "shy", registry)
        seen = []
        thing.habits.insert(0, lambda s: seen.append(s) if s.get("type") == "subscribe" else None)
        thing.login()
        thing.register()
        home.lab.wait(lambda: seen, "the registry to subscribe")
        same(seen[0].get("from"), registry)
    with story.check("a foreign thing without presence gets no yes for anybody but its owner"):
        class Hidden(WaherThing):
            def _subscribe(self, sender):
                return f"<presence to='{sender}' type='unsubscribed'/>"
        hidden = claimed_thing(home, owner, Hidden, "hidden")
        owner.desk(f"allow {stranger.me} to befriend of {hidden.serial}")
        same(is_friend(hidden, registry, hidden.gen.device, stranger.me), "false")
        same(is_friend(hidden, registry, hidden.gen.device, owner.me), "true")


def main():
    with Story("provisioning from outside") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        stranger = home.person("bob")

        with story.check("a question of nobody's thing is answered false, not with an error"):
            for jid in ("x@home.example", "not an address @@"):
                answer = payload(stranger.ask(home.jid, "get", element(
                    "isFriend", "urn:xmpp:iot:provisioning", jid=jid)))
                same((answer.tag, answer.get("result")),
                     ("{urn:xmpp:iot:provisioning}isFriendResponse", "false"))
        for kind in (SmackThing, WaherThing, WaherThingI):
            friendship(story, home, owner, stranger, kind)
        presence(story, home, owner, stranger)
        read_and_control(story, home, owner, stranger)


main()
