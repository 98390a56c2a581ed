# SPDX-License-Identifier: Apache-2.0
"""How long a thing takes from its start to its registration, by phase, beside a bare
libstrophe client on the same broker; what both take of memory; and a trace of it all.
Times are printed, not judged."""
import re
import statistics
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
import os

from kithlab.desk import Owner
from kithlab.service import Thing, program
from kithlab.story import Story, contains, same

BOOTS = int(os.environ.get("BOOTS", "100" if os.environ.get("KITH_LONG") else "5"))


def rss(process):
    with open(f"/proc/{process.popen.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def spread(values):
    values = sorted(values)
    return f"median {statistics.median(values):.1f} ms, p99 {values[int(len(values) * .99)]:.1f} ms"


def ours(home, n):
    """One first boot; {phase: milliseconds it took}, and the memory when registered."""
    thing = Thing(home.lab, home.broker, name=f"boot{n}")
    began = time.monotonic()
    process = home.lab.start(thing.name, [thing.program, "--timing", "-f", thing.settings_file])
    home.lab.wait(lambda: "timing registered" in process.output(), "it to be registered")
    whole = (time.monotonic() - began) * 1000
    phases = {m.group(1): float(m.group(2)) for m in
              re.finditer(r"^timing (\w+) .*\+([0-9.]+)$", process.output(), re.M)}
    at = {m.group(1): float(m.group(2)) for m in
          re.finditer(r"^timing (\w+) +([0-9.]+) ms", process.output(), re.M)}
    size = rss(process)
    process.stop()
    return phases, at["registered"], whole, size


def bare(home, n):
    began = time.monotonic()
    peer = home.lab.start(f"bare{n}", [
        program("strophe_peer"), str(home.broker.c2s), home.domain, home.jid, home.broker.ca,
        f"bare{n}", home.lab.secret(), f"SN-bare-{n}", home.lab.secret()])
    home.lab.wait(lambda: "registered" in peer.output().splitlines(), "it to be registered")
    whole = (time.monotonic() - began) * 1000
    size = rss(peer)
    peer.stop()
    return whole, size


def main():
    with Story("from power-on to the registry") as story:
        home = story.home()
        Owner(home, "owner").login()
        mine, theirs = [], []
        with story.step("row_V10__trace_prints_the_start_and_no_secret"):
            thing = Thing(home.lab, home.broker, name="traced")
            process = home.lab.start("traced", [thing.program, "trace", "-f", thing.settings_file])
            home.lab.wait(lambda: "== unclaimed" in process.output(), "it to be unclaimed")
            lines = [l for l in process.output().splitlines() if re.match(r" *\d+\.\d{3}  ", l)]
            contains("\n".join(lines), "register [")
            contains("\n".join(lines), "name=KEY value=***")
            with open(thing.state + "/identity", encoding="utf-8") as f:
                held = re.findall(r"^(?:password|key|continuity)\w*[ =:]+(\S{8,})", f.read(), re.M)
            same(bool(held), True)
            same([s for s in held if s in "\n".join(lines)], [])
            process.stop()
        with story.step("both boot, each anew, and register"):
            for n in range(BOOTS):
                mine.append(ours(home, n))
                theirs.append(bare(home, n))
        with story.check("the phases of ours are all there"):
            same(set(mine[0][0]) >= {"located", "connected", "secured", "account",
                                     "authenticated", "bound", "found", "registered"}, True)
        for phase in mine[0][0]:
            print(f"# {phase}: {spread([m[0][phase] for m in mine if phase in m[0]])}")
        print(f"# start to registered: {spread([m[1] for m in mine])}")
        us = statistics.median([m[2] for m in mine])
        them = statistics.median([t[0] for t in theirs])
        print(f"# as seen from outside: ours {us:.1f} ms, bare libstrophe {them:.1f} ms, "
              f"theirs / ours {them / us:.2f}")
        size, bare_size = (statistics.median([m[3] for m in mine]),
                           statistics.median([t[1] for t in theirs]))
        print(f"# memory: kith-thing {size} kB, bare libstrophe {bare_size} kB, "
              f"ratio {size / bare_size:.2f}")


main()
