# SPDX-License-Identifier: Apache-2.0
"""
What is taken back from one is asked about anew, and nothing else: a thing goes on
serving everybody and everything that the change was not about from what it was told
before, also when it was away meanwhile and the service was killed.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same


class Keeper(Owner):
    """An owner who hears how far it is, unasked."""

    def in_force(self):
        self.hear(self.home.desk, "that it is in force", words=("in force at 1 of 1",))


def befriend(guest, thing):
    guest.presence(thing, "subscribe")
    guest.expect_presence(thing, "subscribed")
    return guest.expect_presence(thing, "available").get("from")


def asked(home):
    """How often any thing asked since kithd began."""
    stats = home.kithd.stats()
    return stats["provisioning_allowed"] + stats["provisioning_refused"]


def main():
    with Story("what is taken back from one leaves the others as they were") as story:
        home = story.home()
        anna = Keeper(home, "anna").login()
        bob = Reader(home.lab, home.broker, "bob").login()
        carol = Reader(home.lab, home.broker, "carol").login()
        lamp = home.thing("lamp")
        warm = {"temperature": "21.5"}
        with story.step("two friends of a thing read it and switch it"):
            contains(anna.desk(lamp.uri()), lamp.serial)
            thing = bare(anna.befriended_by())
            anna.desk(f"name {lamp.serial} lamp")
            for guest in (bob, carol):
                for what in ("befriend", "read", "control"):
                    contains(anna.desk(f"allow {guest.me} to {what} of lamp"), "rule")
                full = befriend(guest, thing)
                home.lab.retry(lambda g=guest, f=full: g.read(f, ["temperature"]) == warm,
                               "the reading")
                home.lab.retry(lambda g=guest, f=full: g.control(f, "led", "boolean", "true")
                               == "OK", "the control")
        with story.step("row-D9: what bob may read is taken back"):
            same((carol.read(full, ["temperature"]), carol.control(full, "led", "boolean",
                                                                   "true")), (warm, "OK"))
            before = asked(home)
            contains(anna.desk(f'deny {bob.me} to read "temperature" of lamp'), "deny")
            anna.in_force()
            same(bob.read(full, ["temperature"]), {})
            same(asked(home) - before, 1)
        with story.check("carol, and what bob may switch, are served without a question"):
            same(carol.read(full, ["temperature"]), warm)
            same(carol.control(full, "led", "boolean", "false"), "OK")
            same(bob.control(full, "led", "boolean", "true"), "OK")
            same(asked(home) - before, 1)
        with story.step("while it is away two more change, and the service is killed"):
            lamp.stop()
            anna.expect_presence(thing, "unavailable")
            contains(anna.desk(f"deny {carol.me} to control of lamp"), "deny")
            home.kithd.kill()
            home.kithd.start()
            contains(anna.desk(f'deny {bob.me} to control "led" of lamp'), "deny")
        with story.check("back, it has forgotten both before it answers anybody, and nothing else"):
            lamp.start()
            anna.in_force()
            carol.presence(thing, "probe")
            full = carol.expect_presence(thing, "available").get("from")
            before = asked(home)
            same(carol.read(full, ["temperature"]), warm)
            same(asked(home) - before, 0)
            same(carol.control(full, "led", "boolean", "true") == "OK", False)
            same(bob.control(full, "led", "boolean", "true") == "OK", False)
            same(asked(home) - before, 2)


main()
