# SPDX-License-Identifier: Apache-2.0
"""The play of ./try --keep, without its installing and building; what it prints works."""
import os
import re
import shlex
import subprocess
import sys

SUPPORT = __file__.rsplit("/", 2)[0] + "/support"
sys.path.insert(0, SUPPORT)

# pylint: disable=wrong-import-position
from kithlab.story import Story, contains, same


def running(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def main():
    if os.environ.get("BROKER") == "ejabberd":
        print("1..0 # SKIP n/a: ./try is a play with Prosody")
        return
    with Story("./try --keep") as story:
        with story.step("it ends with status 0"):
            done = subprocess.run(["/usr/bin/python3", "-B", SUPPORT + "/play.py", "--keep"],
                                  text=True, capture_output=True, timeout=300, check=False,
                                  stdin=subprocess.DEVNULL)
            same((done.returncode, done.stderr), (0, ""))
        said = done.stdout
        stop = re.search(r"^End it all:\s+(\S+)", said, re.M)[1]
        with open(stop) as f:
            pids = re.search(r"for pid in ([\d ]+)", f.read())[1].split()
        try:
            with story.check("every step says how long it took"):
                steps = re.findall(r"^\[ ?(\d+)\] ", said, re.M)
                same(steps, [str(n) for n in range(1, len(steps) + 1)])
                same(len(re.findall(r"^     -- [\d.]+ m?s$", said, re.M)), len(steps))
            with story.check("it shows the claim URI and its code, the question, and what the stranger got"):
                contains(said, "iotdisco:", "\u2588\u2588\u2588", "may I be a friend? no", "owner to desk: yes ",
                         "may I be a friend? yes", "read everything: load =", "read load: refused")
            with story.check("what it started is still running"):
                same(running(pids), pids)
            with story.check("the command it prints joins as the owner"):
                command = shlex.split(re.search(r"^    (env HOME=.* profanity)$", said, re.M)[1])
                socket = os.path.join(os.path.dirname(stop), "join")
                tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
                env = dict(os.environ, TERM="screen-256color")
                subprocess.run([*tmux, "new-session", "-d", "-x", "150", "-y", "40", *command],
                               check=True, env=env)
                try:
                    story.lab.wait(lambda: "logged in successfully" in subprocess.run(
                        [*tmux, "capture-pane", "-p"], text=True, capture_output=True, env=env,
                        check=True).stdout, "profanity to log in")
                finally:
                    subprocess.run([*tmux, "kill-server"], check=False, env=env)
            with story.check("kithctl, as printed, lists the thing"):
                words = shlex.split(re.search(r"^Look at the service:\s+(.+)$", said, re.M)[1])
                contains(subprocess.run(words, text=True, capture_output=True, check=True).stdout,
                         "owner@home.example")
        finally:
            subprocess.run([stop], check=False, stdin=subprocess.DEVNULL)
        with story.check("stop ends everything and leaves nothing behind"):
            same((running(pids), os.path.exists(os.path.dirname(stop))), ([], False))


main()
