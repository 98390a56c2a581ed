# SPDX-License-Identifier: Apache-2.0
"""
A thing is taken out of service: the owner reads the signed receipt in chat, the
registry forgets it, its account is gone, and nothing of it stays on the disk; a
receipt with one letter changed is none.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import Person, bare
from kithlab.story import Story, contains, same


def word(lamp, *words, text=None):
    """(status, standard output) of kith-thing with a word."""
    done = subprocess.run([lamp.program, *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout


def main():
    with Story("a thing is taken out of service") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        lamp = home.thing("lamp")
        with story.step("an owner claims a lamp"):
            label = lamp.uri()
            contains(owner.desk(label), lamp.serial)
            thing = bare(owner.befriended_by())
            contains(owner.desk("things"), lamp.serial)
        with story.check("the word alone does nothing"):
            lamp.stop()
            same(word(lamp, "decommission", "-f", lamp.settings_file)[0], 64)
            same(os.path.exists(lamp.state + "/identity"), True)
        with story.step("row-D16: decommission --yes: a receipt that proves who says so"):
            status, receipt = word(lamp, "decommission", "-f", lamp.settings_file, "--yes")
            same(status, 0)
            contains(receipt, f"thing {thing}", f"owner {owner.me}", ": forgotten",
                     "history: wiped")
            same(word(lamp, "receipt", text=receipt)[0], 0)
            same(word(lamp, "receipt", text=receipt.replace("forgotten", "forgotteN"))[0], 1)
        with story.check("the owner got one in chat, and it is genuine as well"):
            message = owner.expect(
                lambda s: "kith receipt" in str(s.findtext("{jabber:client}body")), "the receipt")
            same(bare(message.get("from")), thing)
            same(word(lamp, "receipt", text=message.findtext("{jabber:client}body") + "\n")[0], 0)
        with story.check("att-D-08: nothing of it is left in its folder"):
            same(os.listdir(lamp.state), [])
        with story.check("the registry knows of no owned thing any more"):
            said = owner.desk("things")
            same(lamp.serial in said and "gone" not in said, False)
        with story.check("its account is gone: a stranger may have the name"):
            Person(home.lab, home.broker, thing.split("@")[0], password="another").login()
        with story.step("its box starts anew as another thing"):
            lamp.start(ready=False)
            home.lab.retry(lambda: lamp.uri() != label, "another claim URI")
            contains(owner.desk(lamp.uri()), lamp.serial)
            again = bare(owner.befriended_by())
            same(again == thing, False)
        with story.check("row-D16: its owner ends it in chat, with a code, and the receipt is the answer"):
            text = owner.say(again, "decommission")
            contains(text, "for good", "within 10 minutes")
            code = re.search(r"decommission (\w{8})$", text)[1]
            contains(owner.say(again, "decommission 00000000"), "nothing has happened")
            receipt = owner.say(again, f"decommission {code}")
            contains(receipt, "kith receipt", ": forgotten")
            same(word(lamp, "receipt", text=receipt + "\n")[0], 0)
        with story.check("the daemon ends, so that nobody starts it again as another thing"):
            same(home.lab.wait(lambda: lamp.process.popen.poll(), "the daemon to end"), 79)
            same(os.listdir(lamp.state), [])


main()
