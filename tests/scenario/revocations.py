# SPDX-License-Identifier: Apache-2.0
"""
One thing, read again and again while its owner allows and takes back: no reading
is served after the thing has confirmed that it forgot.  With KITH_LONG the story
does it 200 times and prints how long that takes, from the line's reply (which
leaves behind the commit) to the notice that it is in force; durations are never
judged here.
"""
import os
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import bare, body
from kithlab.reader import Reader
from kithlab.story import Story, contains, same

ROUNDS = 200 if os.environ.get("KITH_LONG") else 5


class Keeper(Owner):
    """An owner who notes when lines come."""

    def __init__(self, *args, **more):
        self.times = []
        super().__init__(*args, **more)

    def _in(self, stanza):
        self.times.append((time.monotonic(), stanza.xml))
        return super()._in(stanza)

    def time_of(self, *words):
        """When the latest line with these words came."""
        for when, stanza in reversed(self.times):
            text = body(stanza) if stanza.tag.endswith("message") else None
            if text and all(word in text for word in words):
                return when
        return None


def one_round(anna, bob, full, lamp, home):
    contains(anna.desk(f'allow {bob.me} to read "temperature" of {lamp.serial}'), "in force")
    home.lab.retry(lambda: bob.read(full, ["temperature"]) == {"temperature": "21.5"},
                   "the reading")
    number = anna.rule_number(anna.desk("rules"), "temperature")
    anna.times.clear()
    contains(anna.desk(f"forget {number}"), "gone")
    anna.hear(home.desk, "the news", words=("in force at 1 of 1",))
    same(bob.read(full, ["temperature"]), {})
    return anna.time_of("in force at 1 of 1") - anna.time_of("gone")


def show(took):
    took = sorted(ms * 1000 for ms in took)
    part = lambda p: took[min(len(took) - 1, int(len(took) * p))]
    print(f"# {len(took)} revocations: median {part(.5):.1f} ms, p90 {part(.9):.1f} ms, "
          f"p99 {part(.99):.1f} ms, longest {took[-1]:.1f} ms", flush=True)


def main():
    with Story("nothing is served once the thing has confirmed that it forgot") as story:
        home = story.home()
        anna = Keeper(home, "anna").login()
        bob = Reader(home.lab, home.broker, "bob").login()
        lamp = home.thing("lamp")
        with story.step("a thing, its owner, and a friend of it"):
            contains(anna.desk(lamp.uri()), lamp.serial)
            thing = bare(anna.befriended_by())
            anna.desk(f"allow {bob.me} to befriend {lamp.serial}")
            bob.presence(thing, "subscribe")
            bob.expect_presence(thing, "subscribed")
            full = bob.expect_presence(thing, "available").get("from")
        with story.check(f"att-P-02: {ROUNDS} times allowed, read, taken back, not read"):
            took = [one_round(anna, bob, full, lamp, home) for _ in range(ROUNDS)]
        show(took)


main()
