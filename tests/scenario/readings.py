# SPDX-License-Identifier: Apache-2.0
"""
What a thing measures, read by programs that are not ours: slixmpp's XEP-0323
plugin, and readers that speak as Smack and IoTGateway do; history, schedules,
cancelling, subscriptions, and a person who is told in chat.
"""
import datetime
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import GENERATIONS, element
from kithlab.person import CLIENT, bare
from kithlab.reader import Reader
from kithlab.story import Story, contains, same

X, N = GENERATIONS["X"].sensor, GENERATIONS["N"].sensor
EVENTS = "urn:nf:iot:events:1.0"


def in_seconds(seconds):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def message_with(person, name, namespace, seconds=30):
    """The next message that holds this element; the element."""
    tag = f"{{{namespace}}}{name}"
    found = person.expect(lambda s: s.tag == CLIENT + "message" and s.find(tag) is not None,
                          f"a message with {name}", seconds)
    return found.find(tag)


def main():
    with Story("readings: now, then, later and whenever they change") as story:
        home = story.home()
        anna = Owner(home, "anna").login()
        reader = Reader(home.lab, home.broker, "bob").login()
        with story.step("a thing that keeps its temperature, and a friend who may read it"):
            lamp = home.thing("lamp", fields={"temperature": {
                "file": "{dir}/temperature", "type": "numeric", "unit": "C", "history": "100",
                "every": "1s"}})
            contains(anna.desk(lamp.uri()), lamp.serial)
            thing = bare(anna.befriended_by())
            contains(anna.desk(f"allow {reader.me} to befriend *"), "rule")
            contains(anna.desk(f"allow {reader.me} to read *"), "rule")
            reader.presence(thing, "subscribe")
            reader.expect_presence(thing, "subscribed")
            full = reader.expect_presence(thing, "available").get("from")
            home.lab.retry(lambda: reader.read(full, ["temperature"]) == {"temperature": "21.5"},
                           "the reading")
        with story.check("slixmpp reads what was measured before"):
            home.lab.retry(lambda: len(reader.history(full, ["temperature"])) >= 2, "the history")
            # The same account as other programs: slixmpp's plugin knows its own numbers only.
            other = home.person("carol")
            contains(anna.desk(f"allow {other.me} to befriend *"), "rule")
            contains(anna.desk(f"allow {other.me} to read *"), "rule")
            other.presence(thing, "subscribe")
            other.expect_presence(thing, "subscribed")
            home.lab.retry(lambda: other.ask(full, "get", element(
                "req", X, seqnr="1", momentary="true")).get("type") == "result", "to be let in")
            message_with(other, "fields", X)
        with story.check("a Smack reader finds int and the end on fields"):
            home.lab.write("temperature", "7\n", 0o644)
            other.ask(full, "get", element("req", X, "<field name='temperature'/>", seqnr="77",
                                            momentary="true"))
            fields = message_with(other, "fields", X)
            same(fields.get("done"), "true")
            same([v.get("value") for v in fields.iter(f"{{{X}}}int")], ["7"])
        with story.check("an IoTGateway reader gets resp without more, and its history as h"):
            other.ask(full, "get", element("req", N, "<f n='temperature'/>", id="abc", m="true",
                                            h="true"))
            resp = message_with(other, "resp", N)
            same((resp.get("id"), resp.get("more")), ("abc", None))
            assert [q for q in resp.iter(f"{{{N}}}q") if q.get("h") == "true"]
        with story.check("a readout waits for its time, says that it begins, and can be cancelled"):
            answer = other.ask(full, "get", element("req", X, seqnr="78", momentary="true",
                                                     when=in_seconds(2)))
            same(answer[0].get("queued"), "true")
            message_with(other, "started", X)
            same(message_with(other, "fields", X).get("seqnr"), "78")
            other.ask(full, "get", element("req", X, seqnr="79", momentary="true",
                                            when=in_seconds(3600)))
            answer = other.ask(full, "get", element("cancel", X, seqnr="79"))
            same(answer[0].tag, f"{{{X}}}cancelled")
        with story.check("a subscriber is told of the change he asked for"):
            answer = other.ask(full, "set", element(
                "subscribe", EVENTS, "<f n='temperature' v='7' by='5'/>", id="sub", m="true"))
            same(answer[0].tag, f"{{{N}}}accepted")
            home.lab.write("temperature", "30\n", 0o644)
            resp = message_with(other, "resp", N)
            same((resp.get("id"), resp.find(f".//{{{N}}}q").get("v")), ("sub", "30"))
        with story.check("a person is told in chat"):
            contains(anna.say(thing, "watch temperature when below 10"), "I tell you temperature")
            home.lab.write("temperature", "3\n", 0o644)
            anna.hear(thing, "to be told", words=("temperature: 3",))
            contains(anna.say(thing, "unwatch temperature"), "stopped")


main()
