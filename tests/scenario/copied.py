# SPDX-License-Identifier: Apache-2.0
"""
The disk of a thing is copied and put into another box: both notice, serve nobody
and tell the owner; when the copy is switched off he says so, and the true one goes
on with another password, so that the copy is worth nothing when it comes back.
"""
import shutil
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.service import Thing
from kithlab.story import Story, contains, same


def main():
    with Story("a thing is copied") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        lamp = home.thing("lamp")
        with story.step("an owner claims a lamp and reads it"):
            contains(owner.desk(lamp.uri()), lamp.serial)
            thing = bare(owner.befriended_by())
            contains(owner.say(thing, "read temperature"), "21.5")
        with story.step("its disk is copied and the copy switched on"):
            copy = Thing(home.lab, home.broker, "copy", serial=lamp.serial)
            shutil.copytree(lamp.state, copy.state)
            begun = time.monotonic()
            copy.start(ready=False)
        with story.check("att-D-06: both say so within a minute, to the log and to the owner"):
            lamp.wait_log("nobody is served")
            copy.wait_log("nobody is served")
            owner.hear(thing, "that there are two", words=("two of me",))
            same(time.monotonic() - begun < 60, True)
        with story.check("att-D-06: the operator hears it: log, audit, counter; once"):
            home.kithd.wait_log("another device uses its identity")
            home.lab.retry(lambda: home.kithd.stats()["registry_copied"] == 1, "the counter")
            contains(home.kithd.ctl("show", thing), "copied")
            contains(owner.desk(f"history {lamp.serial}"), "another device uses its identity")
        with story.check("neither serves the owner any more"):
            contains(owner.say(thing, "read temperature"), "two of me")
        with story.step("the copy is switched off, and the owner says so"):
            copy.stop()
            home.lab.retry(lambda: "I go on" in owner.say(thing, "alone"), "the true one")
            lamp.wait_log("new password")
        with story.check("the true one serves again"):
            owner.inbox.clear()
            contains(owner.say(thing, "read temperature"), "21.5")
            home.lab.retry(lambda: "alone" in home.kithd.ctl("show", thing), "that it is over")
        with story.check("the copy gets in no more"):
            copy.start(ready=False)
            copy.wait_log("login refused")
            contains(owner.say(thing, "read temperature"), "21.5")
            copy.stop()


main()
