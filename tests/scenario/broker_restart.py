# SPDX-License-Identifier: Apache-2.0
"""
The broker goes away and returns: kithd and thing come back by themselves,
nothing acknowledged is lost, and what is owed is delivered (att-T-07).
"""
import signal
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import GENERATIONS, WaherThing, element, tags
from kithlab.lab import Missing
from kithlab.person import bare, condition
from kithlab.story import Story, contains, same


def reachable(home, person):
    """kithd answers through the broker again; what was sent meanwhile may be lost."""
    def answers():
        try:
            return person.ping(home.jid, seconds=2).get("type") == "result"
        except Missing:
            return False
    home.lab.retry(answers, "kithd to return", 60)


def main():
    with Story("the broker goes away and returns") as story:
        home = story.home()
        registry, gen = home.jid, GENERATIONS["N"]
        owner = Owner(home, "owner").login()
        lamp = home.thing("lamp")
        with story.step("an owner, his thing, and a claim that its thing has not heard of yet"):
            contains(owner.desk(lamp.uri()), lamp.serial)
            thing = bare(owner.befriended_by())
            away = WaherThing(home.lab, home.broker, "away", registry).login()
            away.register()
            away.logout()
            same(condition(owner.ask(registry, "set", element(
                "mine", gen.disco, tags(away.serial, away.key)))), None)

        with story.step("the broker restarts; both programs return without help"):
            owner.logout()
            home.broker.restart()
            owner = Owner(home, "owner").login(register=False)
            reachable(home, owner)
            owner.expect_presence(thing, "available", seconds=60)
            contains(owner.say(thing, "read temperature", seconds=60), "21.5")
            same((home.kithd.process.running(), lamp.process.running()), (True, True))
        with story.check("nothing acknowledged is lost"):
            contains(owner.desk("things"), lamp.serial, away.serial)
        with story.check("a push that was owed arrives when its thing returns"):
            again = WaherThing(home.lab, home.broker, "away", registry).login(register=False)
            # Its first request is a sign of life.
            again.ask(registry, "set", element("register", gen.disco,
                                               tags(away.serial, away.key)))
            same(again.pushed("claimed", 60)[0].get("jid"), owner.me)
            again.logout()

        with story.check("while kithd is away the thing still obeys its owner"):
            home.kithd.stop()
            contains(owner.say(thing, "read temperature"), "21.5")
            home.kithd.start()
            reachable(home, owner)

        with story.step("kithd is killed; everything is there when it returns"):
            home.kithd.kill()
            home.kithd.start()
            reachable(home, owner)
            contains(owner.desk("things"), lamp.serial, away.serial)
            contains(owner.say(thing, "read temperature", seconds=60), "21.5")

        with story.check("a broker that stops answering is found and left; then all returns"):
            home.broker.process.tell(signal.SIGSTOP)
            try:
                home.kithd.wait_log("the broker is away", 90)
            finally:
                home.broker.process.tell(signal.SIGCONT)
            reachable(home, owner)
            contains(owner.desk("things"), lamp.serial)
        with story.check("rules made before all this still hold"):
            owner.desk(f"allow bob@{home.domain} to read of {lamp.serial}")
            home.kithd.restart()
            reachable(home, owner)
            contains(owner.desk("rules"), "bob")


main()
