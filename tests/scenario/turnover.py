# SPDX-License-Identifier: Apache-2.0
"""
How things lose their owners and get new ones, on a real broker: given up while
away, handed over to somebody who accepts, unregistered and taken back, and an
owner's account that is deleted and made anew by somebody else.
"""
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.dialect import SmackThing, element, tags
from kithlab.person import CLIENT, bare
from kithlab.story import Story, contains, same


class Keeper(Owner):
    """An owner who hears news of things unasked."""

    def act(self, line):
        """A line with an effect is shown first; then it is done."""
        return self.desk("yes " + code_in(self.desk(line)))

    def until(self, line, word, tries=50):
        """Ask until the answer has this word: each answer is an event to wait for."""
        while word not in self.desk(line):
            tries -= 1
            assert tries, f"'{line}' never said '{word}'"

    def told(self, *words):
        return self.hear(self.home.desk, "news: " + ", ".join(words), words=words)

    def offered(self):
        return re.search(r"accept ([A-Z2-7-]{9})", self.told("wants to give you"))[1]


def fresh_uri(lamp, old):
    def look():
        shown = re.findall(r"^iotdisco:\S+", lamp.process.output(), re.M)
        return [uri for uri in shown if uri != old]
    return lamp.lab.wait(look, "another claim URI")[-1]


def password_of(lamp):
    """Its password, once no other is waiting to replace it."""
    def look():
        with open(lamp.state + "/identity", encoding="ascii") as f:
            lines = dict(line.split(" ", 1) for line in f.read().splitlines() if " " in line)
        return "other-password" not in lines and "renew" not in lines and lines["password"]
    return lamp.lab.wait(look, "the password to be settled")


def ownership_code(text):
    return re.search(r"[a-z2-7]{5}(?:-[a-z2-7]{1,5}){5}", text)[0]


def given_up_while_away(story, home, anna, bob):
    lamp = home.thing("lamp")
    with story.step("a claim in chat brings a code that proves the owner"):
        uri = lamp.uri()
        ownership_code(anna.desk(uri))
        thing = bare(anna.befriended_by())
        anna.desk(f"name {lamp.serial} lamp")
        password = password_of(lamp)
    with story.step("a thing that is away is given up by the long word only"):
        lamp.stop()
        anna.expect_presence(thing, "unavailable")
        anna.until("things", "offline")
        contains(anna.desk("disown lamp"), "offline")
        contains(anna.desk("things"), "lamp")
        contains(anna.act("disown lamp offline"), "no longer yours")
        assert "lamp" not in anna.desk("things")
    with story.check("nobody claims it before it has heard of it"):
        contains(bob.desk(uri), "no thing that is free")
    with story.step("on its return it hears of it and shows a new KEY"):
        lamp.start(ready=False)
        fresh_uri(lamp, uri)
        contains(anna.told("has heard"), "no longer yours")
    with story.check("its password at the broker is another one, and it logs in with it"):
        assert password_of(lamp) != password
        lamp.stop()
        lamp.start(ready=False)
        fresh_uri(lamp, uri)
    with story.check("the old URI is worth nothing, the new one claims it"):
        contains(anna.desk(uri), "no thing that is free")
        contains(bob.desk(fresh_uri(lamp, uri)), lamp.serial)
        same(bare(bob.befriended_by()), thing)
        contains(bob.say(thing, "read temperature"), "21.5")
        bob.desk(f"name {lamp.serial} lamp")
    return lamp, thing


def handed_over(story, lamp, thing, bob, anna):
    with story.step("a transfer is shown, offered and accepted"):
        contains(bob.act(f"transfer lamp to {anna.me}"), "has been asked")
        contains(bob.desk("things"), "lamp")
        contains(anna.desk(f"accept {anna.offered()}"), "yours here")
        contains(bob.told("has accepted"), anna.me)
    with story.step("the thing hears of it and tells neither of them anything else"):
        contains(anna.told("has heard"), "yours alone")
        same(bare(anna.befriended_by(thing)), thing)
        contains(anna.say(thing, "read temperature"), "21.5")
        contains(anna.desk("things"), lamp.serial)
    with story.check("it is no friend of who had it any more"):
        bob.expect_presence(thing, "unsubscribed")
        assert lamp.serial not in bob.desk("things")
    with story.check("an offer is refused by no and its code"):
        contains(anna.act(f"transfer {lamp.serial} to {bob.me}"), "has been asked")
        contains(bob.desk(f"no {bob.offered()}"), "nothing changed")
        contains(anna.told("does not want"), bob.me)
        contains(anna.desk("things"), lamp.serial)
    with story.check("a transfer to who cannot own is refused with the reason"):
        contains(anna.desk(f"transfer {lamp.serial} to eve@elsewhere.example"), "cannot own")


def of_another_maker(story, home, anna, bob):
    probe = SmackThing(home.lab, home.broker, "probe", home.jid).login()
    with story.step("a thing of another maker is claimed by iq"):
        probe.register()
        anna.ask(home.jid, "get", element("mine", probe.gen.disco, tags(probe.serial, probe.key)))
        same(probe.pushed("claimed")[0].get("jid"), anna.me)
    with story.step("it is told disowned, clearCache, claimed, in this order"):
        probe.pushes.clear()
        anna.act(f"transfer {probe.serial} to {bob.me}")
        bob.desk(f"accept {bob.offered()}")
        home.lab.wait(lambda: any(p[0].get("jid") == bob.me for p in probe.pushes), "claimed")
        names = [p[0].tag.rsplit("}", 1)[1] for p in probe.pushes]
        same([n for i, n in enumerate(names) if n not in names[:i]],
             ["disowned", "clearCache", "claimed"])
        bob.told("has heard")
    with story.check("isFriend is true of the new owner and false of the old one"):
        same(probe.is_friend(bob.me).get("result"), "true")
        same(probe.is_friend(anna.me).get("result"), "false")
    with story.check("what unregistered itself comes back with undo"):
        probe.ask(home.jid, "set", element("unregister", probe.gen.disco))
        contains(bob.told("unregistered itself"), "undo")
        assert probe.serial not in bob.desk("things")
        contains(bob.desk("undo"), "yours again")
        contains(bob.desk("things"), probe.serial)


def killed_at_any_moment(story, home, anna, bob):
    """R-G with a real store: kithd or thing is killed right behind each step."""
    bulb = home.thing("bulb")
    anna.desk(bulb.uri())
    thing = bare(anna.befriended_by())
    giver, taker = anna, bob
    for victim, name in ((home.kithd, "kithd"), (bulb, "the thing"), (home.kithd, "kithd again")):
        with story.check(f"att-C-13: {name} is killed in the middle of a transfer, and all agree"):
            giver.act(f"transfer {bulb.serial} to {taker.me}")
            code = taker.offered()
            giver.inbox.clear()
            taker.desk(f"accept {code}")
            victim.kill()
            if victim is bulb:
                bulb.start(ready=False)
            else:
                home.kithd.start()
            taker.told("has heard", "yours alone")
            same(bare(taker.befriended_by(thing)), thing)
            contains(taker.say(thing, "read temperature"), "21.5")
            contains(taker.desk("things"), bulb.serial)
            assert bulb.serial not in giver.desk("things")
            giver, taker = taker, giver


def another_person_at_that_address(story, home):
    carl = Keeper(home, "carl").login()
    plug = SmackThing(home.lab, home.broker, "plug", home.jid).login()
    with story.step("carl has a thing, and the desk among his contacts"):
        plug.register()
        carl.ask(home.jid, "get", element("mine", plug.gen.disco, tags(plug.serial, plug.key)))
        plug.pushed("claimed")
        code = ownership_code(carl.desk("ownership code"))
        carl.presence(home.desk, "subscribe")
        carl.expect_presence(home.desk, "subscribed")
        carl.expect(lambda s: s.tag == CLIENT + "presence" and s.get("type") == "subscribe"
                    and bare(s.get("from")) == home.desk, "the desk's own request")
        carl.presence(home.desk, "subscribed")
        contains(carl.desk("things"), plug.serial)
        same(plug.is_friend(carl.me).get("result"), "true")
    with story.step("att-C-25: the account is deleted and made anew by somebody else"):
        plug.pushes.clear()
        carl.post(home.broker.domain, "set", "<query xmlns='jabber:iq:register'><remove/></query>")
        home.lab.wait(lambda: not carl.online, "carl's account to end")
        plug.pushed("clearCache")
        thief = Keeper(home, "carl", password="another-secret-pw").login()
    with story.check("att-C-25: whatever is typed there, nothing happens"):
        for line in (f"disown {plug.serial} offline", f"transfer {plug.serial} to bob@{home.domain}",
                     f"remove {plug.serial}", f"publish {plug.serial}", "things",
                     f"allow bob@{home.domain} to read everything of {plug.serial}",
                     "ownership code", "undo", f"show {plug.serial}"):
            contains(thief.desk(line), "prove")
        for verb in ("disown", "remove"):
            answer = thief.ask(home.jid, "set", element(verb, plug.gen.disco, jid=plug.me))
            same(answer.get("type"), "error")
        same(plug.is_friend(thief.me).get("result"), "false")
        same([p[0].tag for p in plug.pushes if p[0].tag.endswith("}disowned")], [])
    with story.check("a wrong code proves nothing, the right one everything"):
        contains(thief.desk("prove aaaaa-bbbbb-ccccc-ddddd-eeeee-f"), "not the ownership code")
        contains(thief.desk(f"prove {code}"), "as it was")
        contains(thief.desk("things"), plug.serial)
        same(plug.is_friend(thief.me).get("result"), "true")


def main():
    with Story("things change hands") as story:
        home = story.home()
        anna, bob = Keeper(home, "anna").login(), Keeper(home, "bob").login()
        lamp, thing = given_up_while_away(story, home, anna, bob)
        handed_over(story, lamp, thing, bob, anna)
        of_another_maker(story, home, anna, bob)
        killed_at_any_moment(story, home, anna, bob)
        another_person_at_that_address(story, home)


main()
