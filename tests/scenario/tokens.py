# SPDX-License-Identifier: Apache-2.0
"""
Tokens (XEP-0324) between foreign services and our thing, on a real broker: got
for certificates of three kinds in two dialects, challenged through the thing,
passed on by a relay, stolen, and taken back.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.holder import Holder
from kithlab.person import bare, payload
from kithlab.story import Story, contains, same


def make_friends(holder, thing):
    holder.presence(thing, "subscribe")
    holder.expect_presence(thing, "subscribed")
    return holder.expect_presence(thing, "available").get("from")


def passes_on(hub, holder, full):
    """The relay's own program: what it is challenged with, it asks its client."""
    hub.habits[:] = [lambda s: "" if len(s) == 1 and s[0].tag.endswith("}tokenChallenge")
                     else None]
    number = hub.post(full, "get", f"<req xmlns='{hub.gen.sensor}' id='r1' m='true' "
                      f"st='{holder.token}'><f n='temperature'/></req>")
    asked = hub.expect(lambda s: len(s) == 1 and s[0].tag == "{%s}tokenChallenge" % hub.ns,
                       "the challenge")
    same((asked.get("from"), asked[0].get("token")), (full, holder.token))
    said = payload(hub.ask(holder.full, "get", f"<tokenChallenge xmlns='{hub.ns}' "
                           f"token='{holder.token}'>{asked[0].text}</tokenChallenge>"))
    hub.result(asked, f"<tokenChallengeResponse xmlns='{hub.ns}'>{said.text}"
               "</tokenChallengeResponse>")
    return hub.answer_to(number, full)


def main():
    with Story("tokens: got, shown, passed on, stolen, taken back") as story:
        home = story.home()
        anna = Owner(home, "anna").login()
        meter = Holder(home, "meter", "rsa", "N").login()
        old = Holder(home, "old", "rsa", "X").login()
        gate = Holder(home, "gate", "ec", "N").login()
        hub = Holder(home, "hub", "rsa", "N").login()
        eve = Holder(home, "eve", "ed25519", "N").login()
        everybody = (meter, old, gate, hub, eve)
        with story.step("a thing, its owner, and five services it is friends with"):
            lamp = home.thing("lamp")
            contains(anna.desk(lamp.uri()), lamp.serial)
            thing = bare(anna.befriended_by())
            anna.desk(f"name {lamp.serial} lamp")
            for who in everybody:
                contains(anna.desk(f"allow {who.me} to befriend lamp"), "rule")
                full = make_friends(who, thing)
        with story.check("tokens for RSA as deployed clients ask, for EC and Ed25519 in our form"):
            for who in everybody:
                same(who.get_token(), None)
                contains(who.token, home.jid + ":")
                same(len(who.token.split()), 1)
        with story.check("the certificate behind a token can be had, with or without the address"):
            same(eve.certificate(meter.token), meter.der)
            same(eve.certificate(meter.token.split(":")[-1]), meter.der)
            same(eve.certificate("nothing"), "item-not-found")
        with story.check("no rule names it: nobody is challenged, and the owner sees it"):
            same(meter.read(full, meter.token), "forbidden")
            same(meter.challenges, 0)
            contains(anna.desk("tokens"), meter.name, meter.me, "lamp")
        with story.check("a rule names it: challenged through the thing once, then read"):
            contains(anna.desk(f'allow service token {meter.name} to read "temperature" of lamp'),
                     "rule")
            home.lab.retry(lambda: meter.read(full, meter.token) == "21.5", "the reading")
            same(meter.challenges, 1)
            same(meter.read(full, meter.token), "21.5")
            same(meter.challenges, 1)
        with story.check("the same in the oldest dialect, and with a key that signs"):
            anna.desk(f'allow service token {old.name} to read "temperature" of lamp')
            anna.desk(f'allow device token {gate.name} to read "temperature" of lamp')
            home.lab.retry(lambda: old.read(full, old.token) == "21.5", "the reading")
            home.lab.retry(lambda: gate.read(full, gate.token, "device") == "21.5", "the reading")
            same((old.challenges, gate.challenges), (1, 1))
        with story.check("without the token, or with another, he is nobody"):
            same(meter.read(full, "other.example:abc"), "forbidden")
            same(meter.read(full, gate.token), "forbidden")
        with story.check("att-P-10: whoever steals it is challenged and refused"):
            same(eve.read(full, meter.token), "forbidden")
            assert eve.challenges >= 1
        with story.check("a relay passes the challenge on to its client and may read for it"):
            seen = meter.challenges
            same(passes_on(hub, meter, full).get("type"), "result")
            same(meter.challenges, seen + 1)
        with story.check("what the owner takes back is refused at once"):
            contains(anna.desk(f"revoke token {gate.name}"), "gone")
            home.lab.retry(lambda: gate.read(full, gate.token, "device") == "forbidden",
                           "the refusal")
        with story.check("the operator ends one for everybody, and its certificate gets no other"):
            contains(home.kithd.ctl("token", "list"), meter.name)
            home.kithd.ctl("token", "revoke", meter.name)
            home.lab.retry(lambda: meter.read(full, meter.token) == "forbidden", "the refusal")
            same(meter.get_token(), "not-acceptable")
            home.kithd.ctl("token", "forgive", meter.name)
            same(meter.get_token(), None)
            home.lab.retry(lambda: meter.read(full, meter.token) == "21.5", "the reading")


main()
