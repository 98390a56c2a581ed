# SPDX-License-Identifier: Apache-2.0
"""
The connection of a thing is cut, and is mute, while it is being read: the session
goes on (XEP-0198), nothing is lost, nothing comes twice, nobody is asked again.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.person import body
from kithlab.story import Story, contains, same
from kithlab.wire import Wire

FIELDS = {"temperature": {"file": "{dir}/temperature", "type": "numeric", "unit": "C"},
          "slow": {"command": "/bin/sh -c 'sleep 0.4; echo 7'", "type": "numeric"}}


def ask(owner, thing, line):
    id = owner.next_id()
    owner.message(thing, f"<body>{line}</body>", id=id)
    return id


def replies(owner, thing):
    return [s for s in owner.inbox if owner._is_chat(s, thing) and owner.answers(s)]


def main():
    with Story("the connection of a thing is cut while it is read") as story:
        home = story.home()
        with Wire(home.broker.c2s) as wire:
            lamp = home.thing("lamp", fields=FIELDS, server=f"127.0.0.1:{wire.port}",
                              keepalive="5s")
            owner = Owner(home, "owner").login()
            contains(owner.desk(lamp.uri()), lamp.serial)
            full = owner.befriended_by()
            thing = full.split("/")[0]
            contains(owner.say(thing, "read temperature"), "21.5")

            with story.check("the connection is cut under reads: each is answered once, "
                             "by the same session"):
                owner.inbox.clear()
                for round in range(2):
                    asked = [ask(owner, thing, line) for line in
                             ("read temperature", "read slow", "read temperature", "read slow")]
                    owner.lab.wait(lambda: len(replies(owner, thing)) >= 1, "a first answer")
                    wire.cut()
                    asked.append(ask(owner, thing, "read temperature"))
                    owner.lab.wait(lambda n=len(asked): len(replies(owner, thing)) >= n,
                                   "all answers", 60)
                    owner.say(thing, "fields", seconds=60)
                    got = replies(owner, thing)
                    same(sorted(owner.answers(s) for s in got), sorted(asked))
                    for s in got:
                        # What the broker had to keep is stamped, and lines that
                        # come late are not obeyed: that is an answer too.
                        if "Type it again" not in body(s):
                            contains(body(s), "21.5" if "temperature" in body(s) else "7")
                        owner.inbox.remove(s)
                    lamp.wait_log("the session went on")
                    same(wire.connections, round + 2)
                same([s.get("type") for s in owner.inbox if s.tag.endswith("presence")
                      and s.get("from") == full], [])
            with story.check("it did not register, or ask for its roster or a decision, again"):
                log = lamp.process.log() + lamp.process.output()
                same(log.count("registering"), 1)

            with story.check("att-T-08: a connection that is mute is left, and the session "
                             "goes on"):
                wire.hangs = True
                id = ask(owner, thing, "read temperature")
                lamp.wait_log("does not answer any more", 30)
                with wire.lock:
                    wire.hangs = False
                wire.cut()
                owner.lab.wait(lambda: [s for s in replies(owner, thing)
                                        if owner.answers(s) == id], "the answer", 60)

            with story.check("away for longer: what was asked meanwhile is answered after"):
                owner.inbox = [s for s in owner.inbox if not owner.answers(s)]
                wire.down = True
                wire.cut()
                id = ask(owner, thing, "read temperature")
                lamp.wait_log("connection lost")
                wire.down = False
                owner.lab.wait(lambda: [s for s in replies(owner, thing)
                                        if owner.answers(s) == id], "the answer", 60)

            with story.check("a session that the broker has forgotten begins anew by itself"):
                owner.logout()
                home.broker.restart()
                wire.target = home.broker.c2s
                owner = Owner(home, "owner").login(register=False)
                owner.expect_presence(thing, "available", seconds=90)
                contains(owner.say(thing, "read temperature", seconds=60), "21.5")


main()
