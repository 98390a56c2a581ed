# SPDX-License-Identifier: Apache-2.0
"""
All things of a street come back from a power cut at once (att-T-16, row D7): all
of them, and nobody asks what he knew before.  STORM=2000 things for the real one
(make bench-storm), SPREAD= milliseconds of boot_spread.
"""
import collections
import os
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import CLIENT, Person, bare
from kithlab.story import Story, contains, same

THINGS = int(os.environ.get("STORM") or 50)
SPREAD = int(os.environ.get("SPREAD") or 0)
PROCESSES = 1 if THINGS < 100 else 4
BATCH = 50          # friendships and readings under way at once
PATIENCE = 60 + THINGS // 8
READ = "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'><field name='level'/></req>"
STORM = os.path.join(os.environ.get("top_builddir", "."), "tests", "bench", "storm")


class Street:
    """The processes that the things live in, and what they say."""

    def __init__(self, home, folder):
        self.home, self.folder, self.starts = home, folder, 0

    def power_on(self, spread):
        self.starts += 1
        share = -(-THINGS // PROCESSES)
        broker = self.home.broker
        self.began = time.monotonic()
        self.processes = [self.home.lab.start(f"storm{self.starts}-{p}", [
            STORM, str(p * share), str(min(share, THINGS - p * share)), self.folder, broker.domain,
            f"127.0.0.1:{broker.c2s}", broker.ca, str(spread)]) for p in range(PROCESSES)]

    def power_cut(self):
        for process in self.processes:
            process.kill()

    def said(self):
        return [line.split(None, 3) for process in self.processes
                for line in process.output().splitlines() if line.count(" ") >= 3]

    def in_state(self, state):
        """{index: (ms, address)} of the first time each was there."""
        found = {}
        for ms, index, what, who in self.said():
            if what == state:
                found.setdefault(int(index), (int(ms), who))
        return found

    def wait_all(self, state):
        return self.home.lab.wait(
            lambda: len(self.in_state(state)) == THINGS and self.in_state(state),
            f"all {THINGS} things to be {state}", PATIENCE)


class Friend(Person):
    """Befriends and reads many things, some at a time."""

    def befriend(self, things):
        waiting, todo = set(), list(things)

        def look():
            while todo and len(waiting) < BATCH:
                waiting.add(todo[-1])
                self.presence(todo.pop(), "subscribe")
            for s in [s for s in self.inbox if s.tag == CLIENT + "presence"]:
                if s.get("type") == "subscribed":
                    waiting.discard(bare(s.get("from")))
                elif s.get("type") == "subscribe":
                    self.presence(bare(s.get("from")), "subscribed")
            self.inbox.clear()
            return not todo and not waiting
        self.lab.wait(look, f"{len(things)} things to be friends", PATIENCE)

    def where(self, things):
        """The full address of each, from its presence; asked for anew."""
        found, wanted = {}, set(things)
        self.inbox.clear()
        self.send_raw("<presence type='unavailable'/><presence/>")

        def look():
            for s in self.inbox:
                who = bare(s.get("from", ""))
                if s.tag == CLIENT + "presence" and who in wanted and not s.get("type"):
                    found[who] = s.get("from")
            self.inbox.clear()
            return len(found) == len(wanted) and found
        return self.lab.wait(look, "all things to be present", PATIENCE)

    def read_all(self, addresses):
        """How many gave a value."""
        todo, waiting, values = list(addresses), set(), set()

        def look():
            while todo and len(waiting) < BATCH:
                waiting.add(todo[-1])
                self.post(todo.pop(), "get", READ)
            for s in self.inbox:
                if s.tag == CLIENT + "message" and "numeric" in "".join(e.tag for e in s.iter()):
                    values.add(s.get("from"))
                    waiting.discard(s.get("from"))
                elif s.tag == CLIENT + "iq" and s.get("type") == "error":
                    waiting.discard(s.get("from"))
            self.inbox.clear()
            return not todo and not waiting
        self.lab.wait(look, f"{len(addresses)} readings", PATIENCE)
        return len(values)


def questions(home):
    """Decisions that things have asked kithd for."""
    stats = home.kithd.stats()
    return stats["provisioning_allowed"] + stats["provisioning_refused"]


def report(name, arrived):
    """Peak and spread: arrivals per second."""
    times = sorted(ms for ms, _ in arrived.values())
    per_second = collections.Counter(ms // 1000 for ms in times)
    seconds = max(1.0, times[-1] / 1000)
    mean, peak = len(times) / seconds, max(per_second.values())
    print(f"# {name}: {len(times)} things in {seconds:.1f} s; {mean:.0f} a second in the mean, "
          f"{peak} at the peak ({peak / mean:.1f} times); half were there after "
          f"{times[len(times) // 2] / 1000:.1f} s, 99 of 100 after "
          f"{times[len(times) * 99 // 100] / 1000:.1f} s", flush=True)


def main():
    with Story(f"a power cut: {THINGS} things come back at once") as story:
        home = story.home()
        folder = home.lab.path("things")
        os.makedirs(folder)
        friend = Friend(home.lab, home.broker, "friend").login()
        owner = Owner(home, "owner").login()
        home.kithd.ctl("approve", "add", "drops", "--man", "storm.example", "--model", "Drop",
                       "--sn-from", "000000", "--sn-to", "999999", "--owner",
                       owner.me, "--cap", str(THINGS), "--until", "2099-12-31")
        owner.logout()
        street = Street(home, folder)
        with story.step("they come for the first time, and are their owner's at once"):
            street.power_on(SPREAD)
            report("first boots", street.wait_all("serving"))
        things = [who for _, who in street.in_state("serving").values()]
        with story.step("a friend reads each of them: the first question each"):
            owner = Owner(home, "owner").login(register=False)
            for right in ("befriend", "read"):
                contains(owner.desk(f"allow {friend.me} to {right} *"), "in force")
            owner.logout()
            friend.befriend(things)
            same(friend.read_all(friend.where(things).values()), THINGS)
        with story.check("the power is cut and returns: all of them are back"):
            asked = questions(home)
            street.power_cut()
            street.power_on(SPREAD)
            back = street.wait_all("serving")
            report("after the power cut", back)
            same({who for _, who in back.values()}, set(things))
        with story.check("row D7: within the lease nobody asked again, and the friend reads"):
            same(friend.read_all(friend.where(things).values()), THINGS)
            same(asked >= 2 * THINGS, True)     # isFriend and canRead of each, before
            same(questions(home) - asked, 0)
        for process in street.processes:
            process.stop()


main()
