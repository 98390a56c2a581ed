# SPDX-License-Identifier: Apache-2.0
"""
A lamp is controlled by a stock controller (slixmpp), by hand-made stanzas in the
words of later clients, by its form and by chat; while kithd is away a light switch
goes on and a door does not.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same

CONTROL = "urn:nf:iot:ctr:1.0"
DATA = "{jabber:x:data}"

FIELDS = {"dim": {"sim": "memory", "type": "numeric"}}
CONTROLS = {"dim": {"sim": "memory", "type": "numeric", "min": 0, "max": 100},
            "lamp": {"sim": "memory", "type": "boolean", "operational": "yes"},
            "door": {"sim": "memory", "type": "boolean"},
            "shade": {"sim": "memory", "type": "color"},
            "day": {"sim": "memory", "type": "date"}}


def put(who, full, inner):
    return who.ask(full, "set", f"<set xmlns='{CONTROL}'>{inner}</set>")


def main():
    with Story("a lamp is controlled by clients, by its form and in chat") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        guest = Reader(home.lab, home.broker, "guest").login()
        lamp = home.thing("lamp", fields=FIELDS, controls=CONTROLS)
        with story.step("an owner claims a lamp and lets a guest control it"):
            owner.desk(lamp.uri())
            thing = bare(owner.befriended_by())
            owner.desk(f"name {lamp.serial} lamp")
            contains(owner.desk(f"allow {guest.me} to befriend lamp"), guest.me)
            owner.desk(f"allow {guest.me} to control of lamp lease 5s")
            guest.presence(thing, "subscribe")
            guest.expect_presence(thing, "subscribed")
            full = guest.expect_presence(thing, "available").get("from")
        with story.check("a stock controller sets values of several types"):
            home.lab.retry(lambda: guest.control(full, "dim", "double", "20") == "OK", "the rule at the thing")
            same(guest.control(full, "lamp", "boolean", "true"), "OK")
            same(guest.control(full, "dim", "int", "30"), "OK")
        with story.check("later clients set colors and dates, and read what was wrong"):
            same(put(guest, full, "<cl n='shade' v='ff8000'/><d n='day' v='2026-05-01'/>").get("type"), "result")
            answer = put(guest, full, "<db n='dim' v='30'/><cl n='shade' v='red'/>")
            same(answer.get("type"), "error")
            same(answer.find(f".//{{{CONTROL}}}paramError").get("n"), "shade")
        with story.check("the form says what can be set, and sets what comes back"):
            form = guest.ask(full, "get", f"<getForm xmlns='{CONTROL}'/>").find(f"{DATA}x")
            same({f.get("var") for f in form.findall(f"{DATA}field")} >= set(CONTROLS), True)
            answer = put(guest, full, "<x xmlns='jabber:x:data' type='submit'><field var='dim'><value>40</value>"
                         "</field></x>")
            same(answer.get("type"), "result")
        with story.check("in chat: as people type it, and why"):
            contains(owner.say(thing, "Lamp off."), "lamp is now off")
            contains(owner.say(thing, "read dim"), "dim: 40")
            contains(guest.say(thing, "set dim 45,5"), "dim is now 45.5")
            contains(guest.say(thing, "why set dim"), "You may set dim")
            contains(owner.say(thing, "who"), guest.me, "dim")
            contains(owner.say(thing, "raed"), "Did you mean 'read'")
        with story.step("kithd goes away, and the leases end"):
            home.lab.retry(lambda: guest.control(full, "lamp", "boolean", "true") == "OK", "the lamp on")
            home.lab.retry(lambda: guest.control(full, "door", "boolean", "true") == "OK", "the door open")
            home.kithd.stop()
        with story.check("att-D-14: a light switch goes on, a door does not, its owner may all"):
            home.lab.retry(lambda: guest.control(full, "door", "boolean", "false") != "OK", "the door's lease ending")
            same(guest.control(full, "lamp", "boolean", "false"), "OK")
            contains(guest.say(thing, "lamp on"), "nobody could be asked")
            contains(owner.say(thing, "door off"), "door is now off")
        with story.check("when it is back, what it takes back counts"):
            home.kithd.start()
            owner.desk(f"revoke {guest.me} of lamp")
            home.lab.retry(lambda: guest.control(full, "lamp", "boolean", "true") != "OK", "the revoke at the thing")


main()
