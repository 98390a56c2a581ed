# SPDX-License-Identifier: Apache-2.0
"""
A thing keeps to what its owner typed in chat: certain values, so and so often,
one kind of readings.  A guest controls it with slixmpp's plugin, reads it, and
chats with it; who understands our refusals is told why.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same

SENSOR = "urn:xmpp:iot:sensordata"
CONTROL = "urn:nf:iot:ctr:1.0"
WHY = "urn:kith:why:0"

FIELDS = {"temperature": {"file": "{dir}/temperature", "type": "numeric", "unit": "C"},
          "serial": {"sim": "text:SN-17", "type": "string", "kind": "identity"},
          "dim": {"sim": "memory", "type": "numeric"}}
CONTROLS = {"dim": {"sim": "memory", "type": "numeric", "min": 0, "max": 100},
            "fan": {"sim": "memory", "type": "enum", "choices": "off, slow, fast"}}


def denied(answer):
    """(condition, reason, retry) of an error."""
    error = answer.find("{*}error")
    why = error.find(f"{{{WHY}}}denied")
    condition = next(iter(error)).tag.split("}")[1]
    return condition, None if why is None else why.get("reason"), None if why is None else why.get("retry")


def dim(guest, full, value):
    return guest.ask(full, "set", f"<set xmlns='{CONTROL}'><db n='dim' v='{value}'/>"
                     f"<why xmlns='{WHY}'/></set>")


def read_all(guest, full):
    """Names of the fields that are read when all kinds are asked for."""
    guest.ask(full, "get", f"<req xmlns='{SENSOR}' seqnr='9' all='true'/>")
    message = guest.expect(lambda s: s.find(f"{{{SENSOR}}}fields") is not None, "readings")
    return {e.get("name") for e in message.find(f"{{{SENSOR}}}fields").iter() if e.get("name")}


def main():
    with Story("a thing keeps to values, rates and kinds") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        guest = Reader(home.lab, home.broker, "guest").login()
        lamp = home.thing("lamp", fields=FIELDS, controls=CONTROLS)
        with story.step("an owner claims a lamp and lets a guest in"):
            owner.desk(lamp.uri())
            thing = bare(owner.befriended_by())
            owner.desk(f"name {lamp.serial} lamp")
            contains(owner.desk(f"allow {guest.me} to befriend lamp"), guest.me)
            guest.presence(thing, "subscribe")
            guest.expect_presence(thing, "subscribed")
            full = guest.expect_presence(thing, "available").get("from")
        with story.check("row-O6: who decides, and that he was asked, is told in chat"):
            contains(guest.say(thing, "set dim 20"), "You may not set dim", owner.me, "was asked")
        with story.step("one line allows some values"):
            contains(owner.desk(f'allow {guest.me} to control "dim" from 10 to 50 of lamp'), "10", "50")
        with story.check("row-O7: a stock controller sets what is allowed and nothing else"):
            home.lab.retry(lambda: guest.control(full, "dim", "double", "20") == "OK", "the rule at the thing")
            same(guest.control(full, "dim", "double", "50"), "OK")
            same(guest.control(full, "dim", "double", "80") == "OK", False)
            same(guest.control(full, "dim", "double", "9.99") == "OK", False)
        with story.check("who understands it is told why"):
            same(denied(dim(guest, full, 80)), ("not-allowed", "denied", None))
        with story.check("in chat: which values are allowed"):
            contains(guest.say(thing, "set dim 80"), "from 10 to 50")
            contains(guest.say(thing, "set dim 30"), "is now 30")
        with story.check("the owner is not bound by it"):
            contains(owner.say(thing, "set dim 80"), "is now 80")
        with story.step("another parameter is allowed twice an hour"):
            owner.desk(f'allow {guest.me} to control "fan" of lamp at most 2 times an hour')
        with story.check("two of three are done, the third says when to try again"):
            home.lab.retry(lambda: guest.control(full, "fan", "string", "slow") == "OK", "the rule at the thing")
            contains(guest.say(thing, "set fan fast"), "is now fast")
            contains(guest.say(thing, "set fan off"), "twice an hour", "used up", "Try again in")
        with story.check("a thing that is killed gives nothing back"):
            guest.inbox.clear()
            lamp.kill()
            lamp.start(ready=False)
            guest.expect_presence(thing, "unavailable")
            full = guest.expect_presence(thing, "available").get("from")
            home.lab.retry(lambda: "used up" in guest.say(thing, "set fan off"), "the third use refused")
            contains(guest.say(thing, "set dim 20"), "is now 20")
        with story.step("readings of one kind are allowed"):
            owner.desk(f"allow {guest.me} to read of lamp only identity")
        with story.check("row-O7: of all fields only those of that kind are read"):
            home.lab.retry(lambda: read_all(guest, full) == {"serial"}, "the rule at the thing")
        with story.check("taking back ends it at once"):
            contains(owner.desk(f"revoke {guest.me} of lamp"), guest.me)
            home.lab.retry(lambda: guest.control(full, "dim", "double", "20") != "OK", "the revoke at the thing")


main()
