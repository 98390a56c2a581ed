# SPDX-License-Identifier: Apache-2.0
"""
From an empty disk to a reading in the owner's chat: our thing, a real broker,
and an owner with slixmpp who only types lines.
"""
import os
import re
import stat
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.story import Story, contains, same


def files_below(top):
    for folder, _dirs, names in os.walk(top):
        for name in names:
            yield os.path.join(folder, name)


def main():
    with Story("from an empty disk to a reading in the owner's chat") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        with story.step("a thing makes its account, registers and prints its claim URI"):
            lamp = home.thing("lamp", needs={"warmth": "read temperature of class=sensor"})
            uri = lamp.uri()
            contains(uri, f"SN={lamp.serial}", "KEY=", f"R={home.jid}")
        with story.check("every file below its state folder is 0600"):
            loose = [p for p in files_below(lamp.state) if stat.S_IMODE(os.stat(p).st_mode) != 0o600]
            same(loose, [])
        with story.check("help says how to claim"):
            contains(owner.desk("help"), "claim")
        with story.step("a pasted URI with text around it is a claim"):
            claimed = owner.desk(f"look what I got: {uri} - is that right?")
            contains(claimed, lamp.serial)
        with story.check("row-manifest: the claim says what it offers, and what it asks for"):
            contains(claimed, 'It can be asked for', '"temperature" (C)', 'told to set "led"',
                     ' to read "temperature" of class=sensor')
        with story.step("thing and owner become friends"):
            full = owner.befriended_by()
            thing = bare(full)
        with story.check("the thing's name holds at least 128 random bits"):
            local = thing.split("@")[0]
            assert re.fullmatch(r"[a-z0-9._-]{22,}", local), local
        with story.check("the same claim again is the same success"):
            contains(owner.desk(uri), lamp.serial)
        with story.check("things lists it, show tells its tags but no key"):
            contains(owner.desk("things"), lamp.serial)
            shown = owner.desk(f"show {lamp.serial}")
            contains(shown, lamp.serial, "kith.example", "Lamp")
            key = re.search(r"KEY=([^;]+)", uri)[1]
            assert key not in shown, shown
        with story.check("the thing helps its friend"):
            contains(owner.say(thing, "help"), "read", "set")
        with story.check("read shows the real value with its unit"):
            text = owner.say(thing, "read")
            contains(text, "temperature", "21.5", "C", "load")
        with story.check("read FIELD shows that field only"):
            text = owner.say(thing, "read temperature")
            contains(text, "21.5")
            assert "load" not in text, text
        with story.check("a reading is made now, not remembered"):
            home.lab.write("temperature", "-3.25\n", 0o644)
            contains(owner.say(thing, "read temperature"), "-3.25")
        with story.check("set PARAMETER VALUE is done, and read back"):
            before = owner.say(thing, "read led")
            owner.say(thing, "set led on")
            after = owner.say(thing, "read led")
            assert before != after, after
            owner.say(thing, "set led off")
            same(owner.say(thing, "read led"), before)
        with story.check("a wrong parameter or value is explained"):
            contains(owner.say(thing, "set nonsense 1"), "nonsense")
            contains(owner.say(thing, "set led maybe"), "led")
        with story.check("a thing that starts again is the same thing and asks for no claim"):
            lamp.restart()
            full = owner.expect_presence(thing, "available").get("from")
            contains(owner.say(thing, "read temperature"), "-3.25")
            same(bare(full), thing)
            contains(owner.desk("things"), lamp.serial)
        with story.check("a thing that is stopped ends with status 0"):
            same(lamp.stop(), 0)
        with story.check("kithd ends with status 0 and starts again with everything"):
            same(home.kithd.stop(), 0)
            home.kithd.start()
            lamp.start(ready=False)
            owner.expect_presence(thing, "available")
            contains(owner.desk("things"), lamp.serial)
            contains(owner.say(thing, "read temperature"), "-3.25")


main()
