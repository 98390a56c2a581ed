# SPDX-License-Identifier: Apache-2.0
"""How long a thing takes from its start to its registration, by phase, for the first time
and whenever the power is back, beside a bare libstrophe client on the same broker in turn;
what both take of memory (at most 1.3 times as much); and a trace of it all.  Times are
printed, not judged: make bench-boot (BOOTS=100)."""
import os
import re
import statistics
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.service import Thing, program
from kithlab.story import Story, contains, same

BOOTS = int(os.environ.get("BOOTS") or 3)
OF_BARE = 1.3       # at most so many times the memory of the bare client
PHASES = ("located", "connected", "secured", "account", "authenticated", "bound", "found",
          "registered")


def memory(process):
    """Kilobytes in RAM; None where sanitizers are in the program, which take their own."""
    with open(f"/proc/{process.popen.pid}/maps", encoding="utf-8") as f:
        if re.search(r"/lib[a-z]*san\.so", f.read()):
            return None
    with open(f"/proc/{process.popen.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Boot:
    """One start until the registry has answered."""

    def __init__(self, lab, name, argv, last_word):
        began = time.monotonic()
        process = lab.start(name, argv)
        lab.wait(lambda: re.search(last_word, process.output(), re.M), f"{name} to be registered")
        self.whole = (time.monotonic() - began) * 1000
        said = re.findall(r"^timing (\w+) +([0-9.]+) ms +\+([0-9.]+)$", process.output(), re.M)
        self.phases = {phase: float(took) for phase, _, took in said}
        if said:        # what is outside of the library: exec, linking, settings, our looking
            self.phases["outside"] = self.whole - float(said[-1][1])
        self.memory = memory(process)
        process.stop()


def starters(home, n):
    """The two that are started in turn: {who: start(what for)}."""
    thing = Thing(home.lab, home.broker, name=f"boot{n}")
    peer = [program("strophe_peer"), str(home.broker.c2s), home.domain, home.jid, home.broker.ca,
            f"bare{n}", home.lab.secret(), f"SN-bare-{n}", home.lab.secret()]
    return {"ours": lambda when: Boot(home.lab, f"boot{n}-{when}", [
                thing.program, "--timing", "-f", thing.settings_file], r"^timing registered .*\n"),
            "bare": lambda when: Boot(home.lab, f"bare{n}-{when}",
                                      peer + ["again"] * (when == "again"), r"^registered$")}


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def spread(values):
    return f"median {statistics.median(values):.1f} ms, p99 {percentile(values, .99):.1f} ms"


def report(when, ours, bare):
    for phase in ("outside",) + PHASES:
        took = [boot.phases[phase] for boot in ours if phase in boot.phases]
        if took:
            print(f"#   {phase}: {spread(took)}")
    us, them = [boot.whole for boot in ours], [boot.whole for boot in bare]
    print(f"# {when} start to registered, {len(ours)} boots: ours {spread(us)}; "
          f"bare libstrophe {spread(them)}; "
          f"ours is {statistics.median(us) / statistics.median(them):.2f} times the median, "
          f"{percentile(us, .99) / percentile(them, .99):.2f} times the p99; "
          f"load {os.getloadavg()[0]:.1f}", flush=True)


def trace(home):
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


def main():
    with Story("from power-on to the registry") as story:
        home = story.home()
        Owner(home, "owner").login()
        with story.step("row_V10__trace_prints_the_start_and_no_secret"):
            trace(home)
        boots = {(who, when): [] for who in ("ours", "bare") for when in ("first", "again")}
        with story.step("both boot, each anew, and again, and register"):
            for n in range(BOOTS):
                both = starters(home, n)
                for when in ("first", "again"):
                    for who, start in both.items():
                        boots[who, when].append(start(when))
        with story.check("the phases of ours are all there, and no second account"):
            same(set(boots["ours", "first"][0].phases), {"outside", *PHASES})
            same(set(boots["ours", "again"][0].phases), {"outside", *PHASES} - {"account"})
        for when in ("first", "again"):
            report(when, boots["ours", when], boots["bare", when])
        sizes = [[b.memory for b in boots[who, "again"]] for who in ("ours", "bare")]
        if None in sizes[0]:
            story.skip("its memory beside that of a bare client", "n/a with sanitizers")
            return
        with story.check("it takes at most 1.3 times the memory of a bare libstrophe client"):
            us, them = map(statistics.median, sizes)
            print(f"# memory: ours {us:.0f} kB, bare libstrophe {them:.0f} kB, "
                  f"{us / them:.2f} times")
            same(us <= OF_BARE * them, True)


main()
