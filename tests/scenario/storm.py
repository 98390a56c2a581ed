# SPDX-License-Identifier: Apache-2.0
"""
All things of a street come back from a power cut at once (att-T-16, row D7): all
of them, and nobody asks what he knew before.  Once to a real broker with kithd, once
to tests/bench/crowd, a broker of our own that carries 10,000.  STORM=2000 things for
the real ones (make bench-storm), SPREAD= milliseconds of boot_spread, TOWN=real or
crowd for one of the two.
"""
import collections
import os
import signal
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.lab import Missing
from kithlab.person import CLIENT, Person, bare
from kithlab.story import Story, contains, same

THINGS = int(os.environ.get("STORM") or 50)
SPREAD = int(os.environ.get("SPREAD") or 0)
PROCESSES = 1 if THINGS < 100 else 4
HOUSE = 100         # so many have one owner and one friend
BATCH = 50          # friendships and readings under way at once
PATIENCE = 60 + THINGS // 8
READ = "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'><field name='level'/></req>"
BENCH = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "bench"))


class Street:
    """The processes that the things live in, and what they say."""

    def __init__(self, town, folder):
        self.town, self.folder, self.starts = town, folder, 0

    def power_on(self, spread):
        self.starts += 1
        share = -(-THINGS // PROCESSES)
        self.processes = [self.town.lab.start(f"{self.town.domain}-storm{self.starts}-{p}", [
            os.path.join(BENCH, "storm"), str(p * share), str(min(share, THINGS - p * share)),
            self.folder, self.town.domain, self.town.address, self.town.ca, str(spread)])
            for p in range(PROCESSES)]
        self.outputs = [open(process.out_path, errors="replace") for process in self.processes]
        self.rests = [""] * PROCESSES
        self.serving, self.attempts, self.alarms = {}, [], 0

    def power_cut(self):
        for process in self.processes:
            process.ended_by_us = True
            process.tell(signal.SIGKILL)
        self.switch_off()

    def switch_off(self):
        for process, output in zip(self.processes, self.outputs):
            process.stop()
            output.close()

    def listen(self):
        """What they said since: {index: (ms, address)} of the first time each served."""
        for p, output in enumerate(self.outputs):
            *lines, self.rests[p] = (self.rests[p] + output.read()).split("\n")
            for ms, index, what, who in (line.split(None, 3) for line in lines
                                         if line.count(" ") >= 3):
                self.alarms += what == "alarm"
                if what == "connecting":
                    self.attempts.append(int(ms))
                if what == "serving":
                    self.serving.setdefault(int(index), (int(ms), who))
        return self.serving

    def wait_all(self):
        try:
            self.town.lab.wait(lambda: len(self.listen()) == THINGS, "all to serve", PATIENCE)
        except Missing:
            raise AssertionError(f"{THINGS - len(self.serving)} of {THINGS} things are missing "
                                 f"after {PATIENCE} s") from None
        return self.serving


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


class Real:
    """A real broker with kithd; in each house an owner and a friend."""

    pace = 50       # milliseconds between first boots: accounts are made, and nobody
                    # unpacks 2,000 at once

    def __init__(self, story):
        self.home = story.home()
        self.lab, broker = story.lab, self.home.broker
        self.domain, self.ca, self.address = broker.domain, broker.ca, f"127.0.0.1:{broker.c2s}"
        self.name = os.environ.get("BROKER") or "prosody"
        self.friends = []
        for first in range(0, THINGS, HOUSE):
            owner = Owner(self.home, f"owner{first}").login()
            self.home.kithd.ctl("approve", "add", f"drops{first}", "--man", "storm.example",
                                "--model", "Drop", "--sn-from", f"{first:06}", "--sn-to",
                                f"{first + HOUSE - 1:06}", "--owner", owner.me, "--cap",
                                str(HOUSE), "--until", "2099-12-31")
            owner.logout()
            self.friends.append(Friend(self.lab, broker, f"friend{first}").login())

    def houses(self, things):
        for i, friend in enumerate(self.friends):
            yield i * HOUSE, friend, things[i * HOUSE:(i + 1) * HOUSE]

    def meet(self, things):
        for first, friend, here in self.houses(things):
            owner = Owner(self.home, f"owner{first}").login(register=False)
            for right in ("befriend", "read"):
                contains(owner.desk(f"allow {friend.me} to {right} *"), "in force")
            owner.logout()
            friend.befriend(here)
        return self.read(things)

    def read(self, things):
        """How many gave a value, and what things have asked kithd until now."""
        values = sum(friend.read_all(friend.where(here).values())
                     for _, friend, here in self.houses(things))
        stats = self.home.kithd.stats()
        return values, stats["provisioning_allowed"] + stats["provisioning_refused"]


class Crowd:
    """A broker of our own, which is the registry, the owner and the friend as well."""

    domain, name, pace = "crowd.example", "a broker of our own", 20

    def __init__(self, story):
        self.lab = story.lab
        self.process = self.lab.start("crowd", [os.path.join(BENCH, "crowd")])
        port, self.ca = self.lab.wait(lambda: self.process.output().split(), "the crowd's port")
        self.address = f"127.0.0.1:{port}"
        self.asked = 0

    def read(self, _things):
        self.asked += 1
        self.process.tell(signal.SIGUSR1)
        said = self.lab.wait(lambda: self.process.output().splitlines()[self.asked:],
                             "the readings", PATIENCE)
        _, values, questions = said[0].split()
        return int(values), int(questions)

    meet = read


def peak(times):
    """(in the mean, at the peak, the second of the peak) of what happens a second."""
    per_second = collections.Counter(ms // 1000 for ms in times)
    second, most = max(per_second.items(), key=lambda item: item[1])
    mean = len(times) / max(1.0, max(times) / 1000)
    return f"{mean:.0f} a second in the mean, {most} at the peak in second {second} " \
           f"({most / mean:.1f} times)"


def report(name, street):
    """Peak and spread of who comes to the broker, and of who is back."""
    times = sorted(ms for ms, _ in street.serving.values())
    print(f"# {name}: {len(times)} things in {times[-1] / 1000:.1f} s: {peak(times)}; half were "
          f"there after {times[len(times) // 2] / 1000:.1f} s, 99 of 100 after "
          f"{times[len(times) * 99 // 100] / 1000:.1f} s; {len(street.attempts)} attempts to "
          f"log in: {peak(street.attempts)}; {street.alarms} alarms; "
          f"load {os.getloadavg()[0]:.1f}", flush=True)


def storm(story, town):
    folder = story.lab.path("things of " + town.domain)
    os.makedirs(folder)
    street = Street(town, folder)
    with story.step(f"{town.name}: they come for the first time, and are their owner's at once"):
        street.power_on(max(SPREAD, town.pace * THINGS))
        street.wait_all()
        report("first boots", street)
    things = [who for _, (_, who) in sorted(street.serving.items())]
    with story.step(f"{town.name}: a friend reads each of them: the first question each"):
        values, asked = town.meet(things)
        same(values, THINGS)
        same(asked >= 2 * THINGS, True)     # isFriend and canRead of each
    with story.step(f"{town.name}: the power is cut and returns: all of them are back"):
        street.power_cut()
        street.power_on(SPREAD)
        back = street.wait_all()
        report("after the power cut", street)
        same({who for _, who in back.values()}, set(things))
    with story.check(f"{town.name}: row D7: within the lease nobody asked again"):
        same(town.read(things), (THINGS, asked))
    street.switch_off()


def main():
    with Story(f"a power cut: {THINGS} things come back at once") as story:
        for name, town in (("real", Real), ("crowd", Crowd)):
            if os.environ.get("TOWN", name) == name:
                storm(story, town(story))


main()
