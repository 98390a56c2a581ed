# SPDX-License-Identifier: Apache-2.0
"""
play: the life of a thing before your eyes, called by ./try.

The owner is profanity in tmux, an ordinary chat client; the stranger is
slixmpp; the readings are this computer's.  Every step says what happened and
how long it took.  The same story as tests is tests/scenario/stranger.py.
"""
import contextlib
import glob
import os
import re
import sys
import time

from kithlab.broker import Broker
from kithlab.console import Console
from kithlab.desk import code_in
from kithlab.lab import Lab, Missing
from kithlab.person import Person
from kithlab.reader import Reader
from kithlab.service import Kithd, Thing, program

STOP = """\
#!/bin/sh
# Ends what ./try --keep left running here, by the pids it started, and removes this folder.
for pid in {pids}; do
	case $(readlink /proc/$pid/cwd) in
	{dir} | {dir}/*)
		kill $pid
		while kill -0 $pid 2>/dev/null; do sleep 0.1; done ;;
	esac
done
rm -rf {dir}
"""


class Play:
    def __init__(self):
        self.count = 0

    @contextlib.contextmanager
    def step(self, title):
        self.count += 1
        print(f"\n[{self.count:2}] {title}", flush=True)
        began = time.monotonic()
        yield
        print(f"     -- {self._span(time.monotonic() - began)}", flush=True)

    @staticmethod
    def _span(seconds):
        return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"

    @staticmethod
    def tell(text, who=""):
        """What somebody says; his name stands before the first line only."""
        for line in text.rstrip("\n").split("\n"):
            print(f"     {who:>17} {line}" if who else f"     {line}", flush=True)
            who = who and " "


def readings():
    """Fields of this very computer, as settings of kith-thing."""
    fields = {
        "load": {"file": "/proc/loadavg", "pattern": "^([0-9.]+)", "type": "numeric"},
        "memory": {"file": "/proc/meminfo", "pattern": "MemAvailable: *([0-9]+)",
                   "type": "numeric", "unit": "kB"},
        "disk": {"disk": "/", "type": "numeric", "unit": "%"},
        "led": {"sim": "memory", "type": "boolean"},
    }
    zones = sorted(glob.glob("/sys/class/thermal/thermal_zone*/temp"))
    if zones:
        fields["temperature"] = {"file": zones[0], "type": "numeric", "scale": "0.001",
                                 "unit": "C"}
    return fields


class Owner:
    """Types into profanity; everything typed and answered is echoed."""

    def __init__(self, play, console, desk):
        self.play, self.console, self.desk_jid = play, console, desk

    def _chat(self, name, jid, line):
        self.play.tell(line, f"owner to {name}:")
        reply = self.console.say(jid, line)
        self.play.tell(reply, f"{name}:")
        return reply

    def desk(self, line):
        return self._chat("desk", self.desk_jid, line)

    def thing(self, jid, line):
        return self._chat("thing", jid, line)

    def question(self, *words):
        """The desk asks; the code to answer with."""
        text = self.console.question(self.desk_jid, *words)
        self.play.tell(text, "desk:")
        return code_in(text)


def must(truth, what):
    if not truth:
        raise Missing(what)


class Stranger(Reader):
    """Tries, and says what came of it."""

    play = None

    def befriend(self, thing):
        self.presence(thing, "subscribe")
        good = self.expect_presence(thing, "subscribed", "unsubscribed").get("type") == "subscribed"
        self.play.tell(f"may I be a friend? {'yes' if good else 'no'}", "stranger to thing:")
        return good

    def reads(self, full, fields=None):
        got = self.read(full, fields)
        self.play.tell(f"read {', '.join(fields) if fields else 'everything'}: "
                       + (", ".join(f"{k} = {v}" for k, v in got.items()) or "refused"),
                       "stranger to thing:")
        return got

    def controls(self, full):
        good = self.control(full, "led", "boolean", "false") == "OK"
        self.play.tell(f"set led off: {'done' if good else 'refused'}", "stranger to thing:")
        return good


def set_up(play, lab):
    with play.step("A private certificate authority and a private Prosody on 127.0.0.1"):
        broker = Broker.make(lab, kind="prosody").start()
        play.tell(f"domain {broker.domain}, clients on port {broker.c2s}: TLS required, SCRAM "
                  "only, in-band registration")
    with play.step("kithd starts as its component"):
        kithd = Kithd(lab, broker).start()
        play.tell(f"{kithd.jid}: registry and provisioning; people talk to {kithd.desk}")
    with play.step("The owner logs in with an ordinary chat client, profanity"):
        password = lab.secret()
        Person(lab, broker, "owner", password=password).login().logout()
        console = Console(lab, broker, f"owner@{broker.domain}", password).start()
        play.tell(f"owner@{broker.domain} is online")
    return broker, kithd, console


def login_of(thing):
    """How the thing logged in, as it remembers it so that nobody can offer it less."""
    for path in glob.glob(os.path.join(thing.state, "*")):
        with open(path, errors="replace") as f:
            found = re.search(r"^login-tls(1)(\d)\W+(\S+)", f.read(), re.M)
        if found:
            return f"it logged in by {found[3]} over TLS {found[1]}.{found[2]}"
    return "it does not say how it logged in"


def enrol(play, lab, broker):
    with play.step("A thing powers on for the first time, its disk empty"):
        lamp = Thing(lab, broker, "lamp", model="Computer", fields=readings(), qr="yes")
        lamp.start(ready=False)
        uri = lamp.uri()
        play.tell(re.sub(r"(?m)^\S+T(\S+)Z ", r"\1 ", lamp.process.log()))
        play.tell(login_of(lamp))
    with play.step("It shows its claim URI and QR code"):
        # The code is printed right behind the line; all of it is there when
        # the output has stopped at a line end.
        lab.wait(lambda: lamp.process.output().count("\n") > 10, "the QR code", 10)
        play.tell(lamp.process.output())
    return uri, lamp.serial


def owned(play, owner, uri, serial):
    with play.step("The owner pastes the URI into the chat with the desk: the thing is theirs"):
        owner.desk(uri)
    with play.step("Thing and owner become friends"):
        thing = owner.console.befriended_by()
        full = owner.console.online(thing)
        play.tell("the thing asked, the owner accepted and asked back, the thing accepted")
        owner.desk(f"name {serial} computer")
    with play.step("The owner chats with the thing itself: real readings of this computer"):
        must("load" in owner.thing(thing, "read"), "no reading")
        owner.thing(thing, "set led on")
        owner.thing(thing, "read led")
        owner.desk("things")
    return thing, full


def strange(play, owner, bob, thing, full):
    with play.step("A stranger tries to befriend, read and control, and is refused"):
        must(not bob.befriend(thing), "the stranger was let in")
        must(not bob.reads(full), "the stranger could read")
        must(not bob.controls(full), "the stranger could control")
    with play.step("The owner is asked in chat and allows the friendship"):
        owner.desk(f"yes {owner.question(bob.me, 'befriend')}")
        must(bob.befriend(thing), "the friendship was not made")
    with play.step("A friend still reads nothing that nobody granted: the owner is asked again"):
        must(not bob.reads(full, ["load"]), "the stranger could read")
        owner.desk(f"yes {owner.question(bob.me, 'read', 'load')}")
    with play.step("The stranger gets what was granted, and no more"):
        owner.console.lab.retry(lambda: bob.read(full, ["load"]), "the grant to be in force", 10)
        must(list(bob.reads(full)) == ["load"], "not just what was granted")
        must(not bob.reads(full, ["memory"]), "more than was granted")
        must(not bob.controls(full), "more than was granted")


def withdrawn(play, owner, bob, thing, full):
    with play.step("The owner takes it back, the stranger is refused at once"):
        owner.desk("rules")
        owner.desk(f"revoke {bob.me}")
        owner.console.lab.retry(lambda: not bob.read(full, ["load"]), "the refusal", 5)
        must(not bob.reads(full, ["load"]), "the stranger could still read")
        must(not bob.befriend(thing), "the stranger was let in")
        must("load" in owner.thing(thing, "read load"), "the owner was locked out")


def leave_running(lab, kithd, console, thing):
    console.stop()
    pids = " ".join(str(pid) for process in lab.processes for pid in process.pids())
    stop = lab.write("stop", STOP.format(pids=pids, dir=lab.dir), 0o700)
    print(f"""
Everything is left running.  Join as the owner:

    {console.command()}

    then type   /msg {kithd.desk} help
    or          /msg {thing} read

Look at the service:   {program("kithctl")} -s {kithd.socket} things
End it all:            {stop}
""", flush=True)


def summary(play):
    began = int(os.environ.get("TRY_BEGAN", "0"))
    whole = f", {(time.time_ns() - began) / 1e9:.1f} s with installing and building" if began else ""
    print(f"\nThe whole life cycle worked: {play.count} steps{whole}.", flush=True)


def main():
    keep = "--keep" in sys.argv[1:]
    play = Play()
    try:
        with Lab(keep=keep, prefix="kith-try-") as lab:
            broker, kithd, console = set_up(play, lab)
            owner = Owner(play, console, kithd.desk)
            uri, serial = enrol(play, lab, broker)
            thing, full = owned(play, owner, uri, serial)
            bob = Stranger(lab, broker, "stranger")
            bob.play = play
            bob.login()
            strange(play, owner, bob, thing, full)
            withdrawn(play, owner, bob, thing, full)
            bob.logout()
            summary(play)
            if keep:
                leave_running(lab, kithd, console, thing)
    except Missing as e:
        print(f"\nThis did not work: {e}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
