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
import sys
import time

from kithlab.broker import Broker
from kithlab.console import Console
from kithlab.desk import code_in
from kithlab.lab import Lab, Missing
from kithlab.person import Person
from kithlab.reader import Reader
from kithlab.service import Kithd, Thing

STOP = """\
#!/bin/sh
# Ends what ./try --keep left running here, by the pids it started, and removes this folder.
for pid in {pids}; do
	[ "$(readlink /proc/$pid/cwd)" = "{dir}" ] && kill $pid
done
rm -rf "{dir}"
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
        for line in text.rstrip("\n").split("\n"):
            print(f"     {who + ' | ' if who else ''}{line}", flush=True)


def readings():
    """Fields of this very computer, as settings of kith-thing."""
    fields = {
        "load": {"file": "/proc/loadavg", "pattern": "^([0-9.]+)", "type": "numeric"},
        "memory": {"file": "/proc/meminfo", "pattern": "MemAvailable: *([0-9]+)",
                   "type": "numeric", "scale": "0.0009765625", "unit": "MiB"},
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

    def __init__(self, play, console):
        self.play, self.console = play, console

    def says(self, jid, line):
        self.play.tell(line, f"owner types to {jid}")
        reply = self.console.say(jid, line)
        self.play.tell(reply, jid)
        return reply

    def hears(self, jid, before):
        text = self.console.hear(jid, before, "a question")
        self.play.tell(text, jid)
        return text


def must(truth, what):
    if not truth:
        raise Missing(what)


def befriend(play, stranger, thing):
    stranger.presence(thing, "subscribe")
    answer = stranger.expect_presence(thing, "subscribed", "unsubscribed").get("type")
    play.tell(f"asks {thing} to be its friend: " +
              {"subscribed": "accepted", "unsubscribed": "refused"}[answer], stranger.me)
    return answer == "subscribed"


def read(play, stranger, full, fields=None):
    got = stranger.read(full, fields)
    play.tell(f"reads {', '.join(fields) if fields else 'everything'}: "
              + (", ".join(f"{k} = {v}" for k, v in got.items()) or "refused"), stranger.me)
    return got


def control(play, stranger, full):
    result = stranger.control(full, "led", "boolean", "true")
    play.tell(f"sets led: {'done' if result == 'OK' else 'refused'}", stranger.me)
    return result == "OK"


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


def enrol(play, lab, broker):
    with play.step("A thing powers on for the first time, its disk empty"):
        lamp = Thing(lab, broker, "lamp", model="Computer", fields=readings())
        lamp.start(ready=False)
        uri = lamp.uri()
        play.tell(lamp.process.log(), "lamp's log")
    with play.step("It shows its claim URI and QR code"):
        # The code is printed right behind the line; all of it is there when
        # the output has stopped at a line end.
        lab.wait(lambda: lamp.process.output().count("\n") > 10, "the QR code", 10)
        play.tell(lamp.process.output())
    return uri


def owned(play, owner, kithd, uri):
    with play.step("The owner pastes the URI into the chat with the desk: the thing is theirs"):
        owner.says(kithd.desk, uri)
    with play.step("Thing and owner become friends"):
        thing = owner.console.befriended_by()
        full = owner.console.online(thing)
        play.tell(f"{thing} asked, the owner accepted and asked back, the thing accepted")
    with play.step("The owner chats with the thing itself: real readings of this computer"):
        must("load" in owner.says(thing, "read"), "no reading")
        owner.says(thing, "set led on")
        owner.says(thing, "read led")
        owner.says(kithd.desk, "things")
    return thing, full


def strange(play, owner, kithd, bob, thing, full):
    with play.step("A stranger tries to befriend, read and control"):
        heard = len(owner.console.heard(kithd.desk))
        must(not befriend(play, bob, thing), "the stranger was let in")
        must(not read(play, bob, full), "the stranger could read")
        must(not control(play, bob, full), "the stranger could control")
    with play.step("The owner is asked in chat and allows the friendship"):
        owner.says(kithd.desk, f"yes {code_in(owner.hears(kithd.desk, heard))}")
        must(befriend(play, bob, thing), "the friendship was not made")
    with play.step("A friend still reads nothing that nobody granted: the owner is asked again"):
        heard = len(owner.console.heard(kithd.desk))
        must(not read(play, bob, full, ["load"]), "the stranger could read")
        owner.says(kithd.desk, f"yes {code_in(owner.hears(kithd.desk, heard))}")
    with play.step("The stranger gets what was granted, and no more"):
        owner.console.lab.retry(lambda: bob.read(full, ["load"]), "the grant to be in force", 10)
        must(list(read(play, bob, full)) == ["load"], "not just what was granted")
        must(not read(play, bob, full, ["memory"]), "more than was granted")
        must(not control(play, bob, full), "more than was granted")


def withdrawn(play, owner, kithd, bob, thing, full):
    with play.step("The owner takes it back, the stranger is refused at once"):
        owner.says(kithd.desk, f"revoke {bob.me}")
        owner.console.lab.retry(lambda: not bob.read(full, ["load"]), "the refusal", 5)
        must(not read(play, bob, full), "the stranger could still read")
        must(not befriend(play, bob, thing), "the stranger was let in")
        must("load" in owner.says(thing, "read load"), "the owner was locked out")


def leave_running(lab, kithd, console, thing):
    console.stop()
    pids = " ".join(str(pid) for process in lab.processes for pid in process.pids())
    stop = lab.write("stop", STOP.format(pids=pids, dir=lab.dir), 0o700)
    print(f"""
Everything is left running.  Join as the owner:

    {console.command()}

    then type   /msg {kithd.desk} help
    or          /msg {thing} read

Look at the service:   {kithd.settings_file}
End it all:            {stop}
""", flush=True)


def main():
    keep = "--keep" in sys.argv[1:]
    play = Play()
    try:
        with Lab(keep=keep, prefix="kith-try-") as lab:
            broker, kithd, console = set_up(play, lab)
            owner = Owner(play, console)
            uri = enrol(play, lab, broker)
            thing, full = owned(play, owner, kithd, uri)
            bob = Reader(lab, broker, "stranger").login()
            strange(play, owner, kithd, bob, thing, full)
            withdrawn(play, owner, kithd, bob, thing, full)
            bob.logout()
            if keep:
                leave_running(lab, kithd, console, thing)
    except Missing as e:
        print(f"\nThis did not work: {e}", file=sys.stderr)
        return 1
    began = int(os.environ.get("TRY_BEGAN", "0"))
    print(f"\nThe whole life cycle worked, {play.count} steps"
          + (f", {(time.time_ns() - began) / 1e9:.1f} s with installing and building."
             if began else "."), flush=True)
    return 0


sys.exit(main())
