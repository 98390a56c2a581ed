# SPDX-License-Identifier: Apache-2.0
"""
lab: the folder, the processes and the event loop of one private world.

Not a test framework (story.py) and no knowledge of XMPP.
"""
import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Missing(AssertionError):
    """Something that should have happened did not, or the other way round."""


def free_port():
    """
    A loopback port that is free now.  Somebody else may take it before our
    program does, so every user of it checks Process.listens_on() afterwards.
    """
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _proc_table():
    """{pid: parent} of everything that runs."""
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                stat = f.read()
        except OSError:
            continue
        state, parent = stat.rsplit(")", 1)[1].split()[:2]
        if state != "Z":
            table[int(entry)] = int(parent)
    return table


def _listening_inodes(port):
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path) as f:
            for line in list(f)[1:]:
                word = line.split()
                if word[3] == "0A" and int(word[1].rsplit(":", 1)[1], 16) == port:
                    found.add(word[9])
    return found


class Process:
    """A program we started: its log files and its end."""

    def __init__(self, lab, name, argv, user=None, env=None, keep=False):
        self.lab, self.name = lab, name
        self.out_path = os.path.join(lab.dir, name + ".out")
        self.log_path = os.path.join(lab.dir, name + ".log")
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        wrap = ["setpriv"]
        if not keep:
            wrap += ["--pdeathsig", "TERM"]     # even if we are killed
        if user:
            wrap += [f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
        if len(wrap) == 1:
            wrap = []
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(wrap + argv, stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=log, env=env, cwd=lab.dir,
                                          start_new_session=True)
        self.pid = self.popen.pid
        self.ended_by_us = False

    def pids(self):
        """This program and everything it started."""
        table = _proc_table()
        family = [self.pid] if self.pid in table else []
        for pid in family:
            family += [child for child, parent in table.items() if parent == pid]
        return family

    def running(self):
        return self.popen.poll() is None

    def listens_on(self, port):
        inodes = _listening_inodes(port)
        for pid in self.pids() if inodes else []:
            try:
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    link = os.readlink(f"/proc/{pid}/fd/{fd}")
                    if link.startswith("socket:[") and link[8:-1] in inodes:
                        return True
            except OSError:
                continue
        return False

    def log(self):
        """What it wrote to stderr since this start."""
        with open(self.log_path, errors="replace") as f:
            f.seek(self.log_start)
            return f.read()

    def output(self):
        with open(self.out_path, errors="replace") as f:
            return f.read()

    def tell(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self, number=signal.SIGTERM, seconds=10):
        """
        Ask it to end, insist if it does not; returns the exit status.  The
        whole family is told: a wrapper's end would leave its child behind.
        """
        self.ended_by_us = self.ended_by_us or self.running()
        family = self.pids()
        self.tell(number)
        end = time.monotonic() + seconds
        while any(pid in _proc_table() for pid in family):
            self.popen.poll()
            if time.monotonic() > end:
                for pid in family:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            time.sleep(0.005)
        return self.popen.wait()

    def kill(self):
        return self.stop(signal.SIGKILL)


class Lab:
    """
    `with Lab() as lab:` makes the folder and at the end stops every process
    and removes it; with keep=True both stay (./try --keep).
    """

    def __init__(self, keep=False, prefix="kith-"):
        self.keep = keep
        self.dir = tempfile.mkdtemp(prefix=prefix)
        os.chmod(self.dir, 0o755)       # the broker's own user must get through
        self.processes = []
        self.endings = []
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, _frame: (_ for _ in ()).throw(SystemExit(128 + n)))
        return self

    def __exit__(self, kind, _value, _trace):
        for ending in reversed(self.endings):
            ending()
        if self.keep and kind is None:
            return
        for process in reversed(self.processes):
            process.stop()
        if os.environ.get("KITH_KEEP_LOGS"):
            print(f"# logs are in {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as f:
            f.write(text)
        return path

    def start(self, name, argv, **more):
        process = Process(self, name, argv, keep=self.keep, **more)
        self.processes.append(process)
        return process

    def wait(self, ready, what, seconds=30):
        """
        Until `ready()` gives something true, which is returned.  Clients on
        our loop go on meanwhile.
        """
        async def poll():
            while True:
                value = ready()
                if value:
                    return value
                await asyncio.sleep(0.003)
        try:
            return self.loop.run_until_complete(asyncio.wait_for(poll(), seconds))
        except asyncio.TimeoutError:
            raise Missing(f"waited {seconds} s in vain for {what}") from None

    def retry(self, attempt, what, seconds=30):
        """As wait(), for an attempt that itself talks and waits."""
        end = time.monotonic() + seconds
        while True:
            value = attempt()
            if value:
                return value
            if time.monotonic() > end:
                raise Missing(f"tried for {seconds} s in vain: {what}")
            self.run(asyncio.sleep(0.02))

    def run(self, coroutine, seconds=30):
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, seconds))

    @staticmethod
    def secret():
        return secrets.token_hex(20)
