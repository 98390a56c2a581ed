# SPDX-License-Identifier: Apache-2.0
"""
An owner with a browser: Converse.js in a headless Chromium opens the commands
of the desk, claims a thing, lists his things and answers a question by clicks.

Runs where node, Chromium and the two packages of npm are; KITH_CONVERSE names
the folder that holds node_modules.  With KITH_LONG=1 npm fetches them.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.broker import WebProsody
from kithlab.desk import Owner
from kithlab.dialect import WaherThing
from kithlab.lab import Missing
from kithlab.person import condition
from kithlab.story import Home, Story, contains, same

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ("converse.js@14.0.0", "playwright-core@1.65.1")


def modules():
    """The folder node_modules, or why there is none."""
    top = os.environ.get("KITH_CONVERSE") or os.path.join(
        os.environ.get("top_builddir") or ".", "converse")
    found = os.path.join(os.path.abspath(top), "node_modules")
    here = all(os.path.isdir(os.path.join(found, p.split("@")[0])) for p in PACKAGES)
    if not here and os.environ.get("KITH_LONG") and shutil.which("npm"):
        os.makedirs(top, exist_ok=True)
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund",
                        *PACKAGES], cwd=top, stdout=subprocess.DEVNULL, timeout=300, check=True)
        here = True
    return found if here else None


class Browser:
    """A person's clicks, one job and its answer at a time."""

    def __init__(self, home, where):
        settings = {"modules": where, "chromium": shutil.which("chromium"),
                    "websocket": f"ws://127.0.0.1:{home.broker.http}/xmpp-websocket"}
        self.popen = subprocess.Popen(
            ["node", os.path.join(HERE, "converse_owner.js"), json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=home.lab.dir,
            env={**os.environ, "HOME": home.lab.dir})

    def __call__(self, what, **job):
        job.setdefault("until", [])
        self.popen.stdin.write(json.dumps({"what": what, **job}) + "\n")
        self.popen.stdin.flush()
        said = json.loads(self.popen.stdout.readline() or '{"failed": "the browser is gone"}')
        if "failed" in said:
            raise Missing(f"{what} {job}: {said['failed']}")
        return said["ok"]

    def close(self):
        self.popen.stdin.close()
        try:
            return self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()


def clicks(story, home, browser, watcher, bob):
    thing = WaherThing(home.lab, home.broker, "meter", home.jid).login()
    same(condition(thing.register()), None)
    text = (f"IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;KEY:{thing.key}")
    with story.step("he logs in and opens the commands of the desk"):
        browser("login", jid=watcher.me, password="owner-secret-pw")
        contains(browser("open_commands", of=home.desk, shows="Make a thing yours"),
                 "Make a thing yours")
    with story.step("he claims a thing by pasting its text into a form"):
        browser("choose", title="Make a thing yours", until=["The text that the thing shows"])
        browser("fill", field="text", value=text)
        contains(browser("press", button="complete", until=[thing.serial, "yours"]), "yours")
        same(thing.pushed("claimed")[0].get("jid"), watcher.me)
    with story.step("his commands are more now; things lists it and he looks at it"):
        browser("list", of=home.desk, shows="Your things")
        browser("choose", title="Your things", until=[thing.serial])
        browser("select", field="thing", option=thing.serial)
        browser("press", button="next", until=["What to do with it"])
        browser("select", field="do", option="Look at it")
        contains(browser("press", button="next", until=[thing.me]), thing.me)
    with story.step("he answers a question from a form; it is a rule"):
        same(thing.is_friend(bob.me).get("result"), "false")
        watcher.question(bob.me)
        browser("list", of=home.desk, shows="What waits for your answer")
        browser("choose", title="What waits for your answer", until=[bob.me])
        browser("select", field="answer", option="yes")
        browser("press", button="complete", until=["allow", bob.me])
        same(thing.is_friend(bob.me).get("result"), "true")


def main():
    where = modules()
    if not where or not shutil.which("node") or not shutil.which("chromium"):
        print("1..0 # SKIP needs node, chromium and " + " ".join(PACKAGES)
              + "; KITH_LONG=1 fetches them")
        return
    if os.environ.get("BROKER") == "ejabberd":
        print("1..0 # SKIP the browser is tried with Prosody")
        return
    with Story("an owner with a browser") as story:
        home = Home(story.lab, WebProsody(story.lab))
        watcher = Owner(home, "owner").login()
        bob = Owner(home, "bob").login()
        browser = Browser(home, where)
        try:
            clicks(story, home, browser, watcher, bob)
        finally:
            status = browser.close()
        with story.check("the browser ends well"):
            same(status, 0)


main()
