# SPDX-License-Identifier: Apache-2.0
"""
story: a scenario file as TAP.

    with Story("an owner claims a thing") as story:
        home = story.home()                     # broker + kithd
        with story.step("the thing registers"):   # later steps need it
            ...
        with story.check("help answers"):       # nothing depends on it
            ...
"""
import contextlib
import os
import re
import sys
import time
import traceback

from .broker import Broker
from .lab import Lab
from .person import Person
from .service import Kithd, Thing


BROKERS = ("prosody", "ejabberd")


class _Ended(Exception):
    """A step failed and the rest of the story makes no sense."""


class Home:
    """A broker and its kithd, and whoever lives there."""

    def __init__(self, lab, broker=None, **settings):
        self.lab = lab
        self.broker = (broker or Broker.make(lab)).start()
        self.kithd = Kithd(lab, self.broker, **settings).start()
        self.jid, self.desk = self.kithd.jid, self.kithd.desk

    def person(self, name, **more):
        return Person(self.lab, self.broker, name, **more).login()

    def thing(self, name="lamp", **more):
        return Thing(self.lab, self.broker, name, **more).start(ready=False)

    @property
    def domain(self):
        return self.broker.domain


class Story:
    def __init__(self, title):
        self.title, self.count, self.failed = title, 0, 0
        self.lab = None

    def __enter__(self):
        self._say(f"# {self.title} ({os.environ.get('BROKER') or 'prosody'})")
        if os.geteuid() != 0 and os.environ.get("BROKER") == "ejabberd":
            self._say("1..0 # SKIP ejabberd's starter insists on root or the user ejabberd")
            sys.exit(0)
        self.lab = Lab().__enter__()
        return self

    def __exit__(self, kind, value, trace):
        if kind not in (None, _Ended, SystemExit):
            self._result(False, f"{self.title}: set-up", 0)
            self._explain(traceback.format_exc())
        if kind is None and self.count:
            self._good_end()
        if kind is SystemExit:
            self._say("Bail out! stopped from outside")
        else:
            self._say(f"1..{self.count}")
        self.lab.__exit__(kind, value, trace)
        sys.exit(1 if self.failed or kind is SystemExit else 0)

    def _good_end(self):
        """Whatever still runs of ours ends well; the sanitizers found nothing in any of them."""
        ours = [p for p in self.lab.processes if p.name not in BROKERS]
        if not ours:
            return
        with self.check("every program of kith ends with status 0 and nothing to complain about"):
            for process in ours:
                if process.running():
                    same((process.name, process.stop()), (process.name, 0))
                elif not process.ended_by_us and process.popen.returncode < 0:
                    raise AssertionError(f"{process.name} died of signal "
                                         f"{-process.popen.returncode}")
                complaint = re.search(r"Sanitizer|runtime error:|assertion", process.log())
                same(complaint and complaint[0], None)

    def home(self, **settings):
        return Home(self.lab, **settings)

    @contextlib.contextmanager
    def check(self, name):
        began = time.monotonic()
        try:
            yield
        except Exception:           # a failed check is a result
            self._result(False, name, began)
            self._explain(traceback.format_exc(limit=-3))
        else:
            self._result(True, name, began)

    @contextlib.contextmanager
    def step(self, name):
        before = self.failed
        with self.check(name):
            yield
        if self.failed > before:
            raise _Ended

    def skip(self, name, why):
        self.count += 1
        self._say(f"ok {self.count} - {name} # SKIP {why}")

    def _result(self, good, name, began):
        self.count += 1
        self.failed += not good
        took = f" # {1000 * (time.monotonic() - began):.0f} ms" if began else ""
        self._say(f"{'ok' if good else 'not ok'} {self.count} - {name}{took if good else ''}")

    def _explain(self, text):
        for line in text.rstrip().splitlines():
            self._say("# " + line)
        latest = {process.name: process for process in self.lab.processes} if self.lab else {}
        for process in latest.values():
            log = process.log().rstrip().splitlines()[-12:]
            if log and process.name not in BROKERS:
                self._say(f"# -- {process.name} (running: {process.running()})")
                for line in log:
                    self._say("# " + line[:300])

    @staticmethod
    def _say(line):
        print(line, flush=True)


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")


def contains(text, *pieces):
    for piece in pieces:
        if piece.lower() not in text.lower():
            raise AssertionError(f"'{piece}' is not in: {text}")
