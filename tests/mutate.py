#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mutate: breaks one rule at a time and looks whether a test turns red.

Reads tests/mutations.txt, works in a scratch copy, never in the tree it is
called for.  Its status is 0 only if every mutation was killed.
usage: mutate.py [--work DIR] [--only REGEX] [--from FILE] [-j N] [--list] [--check]
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(HERE)
LEFT_OUT = shutil.ignore_patterns(
    ".git", "build", "build-try", "build-check", "autom4te.cache", "__pycache__", "*.o", "*.lo", "*.la", ".libs", ".deps")
TEST_SECONDS = 60


class Edit:
    """Lines of one file and what stands there instead."""

    def __init__(self, file):
        self.file = file
        self.old, self.new = [], []

    def pattern(self):
        # White space and comments are free: the list does not follow them.
        words = " ".join(self.old).split()
        return re.compile(r"(?:\s|/\*.*?\*/)+".join(re.escape(w) for w in words), re.S)

    def apply(self, text):
        found = list(self.pattern().finditer(text))
        if len(found) != 1:
            raise ValueError("'%s' occurs %d times in %s"
                             % (" ".join(self.old), len(found), self.file))
        at = found[0]
        return text[:at.start()] + "\n".join(self.new) + text[at.end():]


class Mutation:
    """One entry of the list: what would get through, edits, tests."""

    def __init__(self, line, what):
        self.line, self.what = line, what
        self.edits, self.tests = [], []

    def is_whole(self):
        return self.edits and self.tests and all(e.old for e in self.edits)


def read_list(path):
    """Blank line between entries; see the head of mutations.txt."""
    all_of_them, one = [], None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("#"):
                continue
            if not line.strip():
                one = None
                continue
            if one is None:
                one = Mutation(number, line)
                all_of_them.append(one)
            elif line.startswith("- "):
                one.edits[-1].old.append(line[2:])
            elif line.startswith("+"):
                one.edits[-1].new.append(line[2:])
            elif line.startswith("! "):
                one.tests += line[2:].split()
            else:
                one.edits.append(Edit(line.strip()))
    for m in all_of_them:
        if not m.is_whole():
            sys.exit("%s:%d: not complete: %s" % (path, m.line, m.what))
    return all_of_them


class Scratch:
    """A copy of the tree and a build of it."""

    def __init__(self, work, jobs):
        self.tree = os.path.join(work, "tree")
        self.build = os.path.join(work, "build")
        self.jobs = jobs
        self.env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", top_srcdir=self.tree,
                        top_builddir=self.build, LC_ALL="C.UTF-8")
        self.env.pop("KITH_LONG", None)

    def prepare(self):
        shutil.copytree(TREE, self.tree, ignore=LEFT_OUT, symlinks=True)
        os.makedirs(self.build)
        if not os.path.exists(os.path.join(self.tree, "configure")):
            self.run(["autoreconf", "-fi"], self.tree)
        self.run([os.path.join(self.tree, "configure"), "CFLAGS=-O1"], self.build)
        # What `make check` makes beside programs: tests read it.
        self.run(["make", "-s", "po/de/LC_MESSAGES/kith.mo"], self.build)

    def run(self, command, where):
        done = subprocess.run(command, cwd=where, env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-4000:])
            sys.exit("failed: " + " ".join(command))

    def make(self, programs):
        wanted = [t for p in programs for t in target(p)]
        done = subprocess.run(["make", "-s", "-j%d" % self.jobs, *wanted], cwd=self.build,
                              env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
        return None if done.returncode == 0 else done.stdout

    def test(self, program):
        """None if it is green, else the first case that is red."""
        command = ["sh", os.path.join(self.tree, program)] if program.endswith(".sh") \
            else ["./" + program]
        one = subprocess.Popen(command, cwd=self.build, env=self.env, text=True,
                               errors="replace", stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               start_new_session=True)
        try:
            out = one.communicate(timeout=TEST_SECONDS)[0]
        except subprocess.TimeoutExpired:
            os.killpg(one.pid, signal.SIGKILL)
            one.communicate()
            return "does not end"
        if one.returncode == 0:
            return None
        red = re.search(r"^not ok \d+ -? ?(?!.*# SKIP)(.*)$", out, re.M)
        return red.group(1) if red else "status %d" % one.returncode


def program(name):
    return ("tests/" if name.endswith(".sh") else "tests/unit/") + name


def target(name):
    """What make has to make for it: a script looks at the libraries."""
    return ["libkith-thing.la", "libkith-loopback.la"] if name.endswith(".sh") else [name]


def judge(scratch, m):
    """The verdict and a word about it."""
    before = {}
    try:
        for e in m.edits:
            path = os.path.join(scratch.tree, e.file)
            text = read(path)
            before.setdefault(path, text)
            write(path, e.apply(text))
        programs = [program(t) for t in m.tests]
        errors = scratch.make(programs)
        if errors:
            return "UNBUILT", re.search(r"error: .*|$", errors).group(0)
        for p in programs:
            red = scratch.test(p)
            if red:
                return "killed", "%s: %s" % (os.path.basename(p), red)
        return "SURVIVED", " ".join(m.tests)
    except ValueError as why:
        return "STALE", "line %d: %s" % (m.line, why)
    finally:
        for path, text in before.items():
            write(path, text)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    # make looks at times only, and two changes may fall into one tick
    later = time.time() + 0.01
    os.utime(path, (later, later))


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--work", help="keep the scratch copy here")
    args.add_argument("--only", default="", help="those whose first line or file fits")
    args.add_argument("--from", dest="source", default=os.path.join(HERE, "mutations.txt"))
    args.add_argument("-j", type=int, default=os.cpu_count() or 1)
    args.add_argument("--list", action="store_true")
    args.add_argument("--check", action="store_true",
                      help="only whether each fits its file exactly once; builds nothing")
    args = args.parse_args()
    chosen = [m for m in read_list(args.source)
              if re.search(args.only, m.what + " " + m.edits[0].file)]
    if args.list:
        for m in chosen:
            print("%-28s %s" % (m.edits[0].file, m.what))
        return 0
    if args.check:
        return check_all(chosen)
    work = args.work or tempfile.mkdtemp(prefix="kith-mutations-")
    scratch = Scratch(work, args.j)
    try:
        if not os.path.exists(os.path.join(scratch.build, "Makefile")):
            scratch.prepare()
        return run_all(scratch, chosen)
    finally:
        if not args.work:
            shutil.rmtree(work, ignore_errors=True)


def check_all(chosen):
    stale = 0
    for m in chosen:
        texts = {}
        try:
            for e in m.edits:
                texts[e.file] = e.apply(texts.get(e.file) or read(os.path.join(TREE, e.file)))
        except (OSError, ValueError) as why:
            stale += 1
            print("line %d: %s: %s" % (m.line, m.what, why))
    print("# %d fit, %d stale" % (len(chosen) - stale, stale))
    return 1 if stale else 0


def run_all(scratch, chosen):
    programs = sorted({program(t) for m in chosen for t in m.tests})
    errors = scratch.make(programs)
    if errors:
        sys.exit("does not compile as it is:\n" + errors[-4000:])
    for p in programs:
        red = scratch.test(p)
        if red:
            sys.exit("%s is red as it is: %s" % (p, red))
    counts = {}
    print("1..%d" % len(chosen), flush=True)
    for n, m in enumerate(chosen, 1):
        verdict, word = judge(scratch, m)
        counts[verdict] = counts.get(verdict, 0) + 1
        print("%s %d - %s: %s (%s)" % ("ok" if verdict == "killed" else "not ok", n, m.what,
                                       verdict, word), flush=True)
    print("# " + ", ".join("%d %s" % (n, v) for v, n in sorted(counts.items())))
    return 0 if set(counts) <= {"killed"} else 1


if __name__ == "__main__":
    sys.exit(main())
