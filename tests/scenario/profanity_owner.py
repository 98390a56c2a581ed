# SPDX-License-Identifier: Apache-2.0
"""The owner has an ordinary chat client: profanity, driven in tmux."""
import shutil
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.console import Console
from kithlab.desk import code_in
from kithlab.person import Person
from kithlab.reader import Reader
from kithlab.story import Story, contains, same


def main():
    with Story("an owner with profanity") as story:
        for tool in ("profanity", "tmux"):
            if not shutil.which(tool):
                story.skip("an owner with profanity", f"needs the Debian package {tool}")
                return
        home = story.home()
        password = home.lab.secret()
        Person(home.lab, home.broker, "owner", password=password).login().logout()
        owner = f"owner@{home.domain}"
        lamp = home.thing("lamp")
        with story.step("profanity logs in over TLS that it has verified"):
            console = Console(home.lab, home.broker, owner, password).start()
        with story.step("the owner pastes the claim URI into the chat with the desk"):
            contains(console.say(home.desk, lamp.uri()), lamp.serial)
        with story.step("the owner accepts the thing as a friend"):
            thing = console.befriended_by()
            console.online(thing)
        with story.check("things lists it"):
            contains(console.say(home.desk, "things"), lamp.serial)
        with story.check("the thing tells its reading in its own chat"):
            contains(console.say(thing, "read temperature"), "21.5")
            console.say(thing, "set led on")
        with story.step("a stranger asks, the owner reads it as a chat line and types yes CODE"):
            bob = Reader(home.lab, home.broker, "bob").login()
            bob.presence(thing, "subscribe")
            same(bob.expect_presence(thing, "subscribed", "unsubscribed").get("type"),
                 "unsubscribed")
            question = console.question(home.desk, bob.me, "befriend")
            contains(console.say(home.desk, f"yes {code_in(question)}"), "rule")
        with story.check("the stranger is a friend now"):
            bob.presence(thing, "subscribe")
            same(bob.expect_presence(thing, "subscribed", "unsubscribed").get("type"), "subscribed")


main()
