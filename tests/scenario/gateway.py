# SPDX-License-Identifier: Apache-2.0
"""
Two tanks behind one gateway (gateway_peer.c, on libkith-thing), three owners: the
gateway's, and one of each tank.  A guest of one of them; one is disowned; the gateway
starts again; a tank is taken away.
"""
import os
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.person import CLIENT, bare
from kithlab.service import program
from kithlab.story import Story, contains, same

SENSOR = "{urn:xmpp:iot:sensordata}"
CONTROL = "urn:xmpp:iot:control"
RACK = "urn:xmpp:iot:concentrators"


class Gateway:
    def __init__(self, home):
        self.home, self.lab = home, home.lab
        self.folder, self.state = self.lab.path("tanks"), self.lab.path("gateway.state")
        self.serial = self.lab.secret()[:12]
        os.mkdir(self.folder)
        self.process, self.told = None, 0

    def tank(self, name, level):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as f:
            f.write(f"{level}\n")

    def take_away(self, name):
        os.unlink(os.path.join(self.folder, name))

    def start(self):
        broker = self.home.broker
        self.process = self.lab.start("gateway_peer", [
            program("gateway_peer"), self.state, broker.domain, f"127.0.0.1:{broker.c2s}",
            broker.ca, self.serial, self.folder])

    def lines(self):
        return self.process.output().splitlines()

    def told_so(self, pattern, seconds=30):
        """The next line that fits, from where the last one was found."""
        def look():
            for number, line in enumerate(self.lines()[self.told:]):
                found = re.match(pattern, line)
                if found:
                    self.told += number + 1
                    return found
            return None
        return self.lab.wait(look, f"the gateway to say {pattern}", seconds)

    def uri(self, node):
        return self.lab.wait(lambda: re.findall(rf"^claim {node} (iotdisco:\S+)",
                                                self.process.output(), re.M),
                             f"the claim of {node}")[-1]


def level_of(who, full, node):
    """What he reads there; None when he is refused."""
    seq = str(next(who.counter))
    answer = who.ask(full, "get", f"<req xmlns='urn:xmpp:iot:sensordata' seqnr='{seq}' "
                     f"momentary='true'><node nodeId='{node}' sourceId='tanks'/></req>")
    if answer.get("type") == "error":
        return None
    data = who.expect(lambda s: s.tag == CLIENT + "message" and s.find(SENSOR + "fields") is not None
                      and s.find(SENSOR + "fields").get("seqnr") == seq, "the values")
    nodes = data.findall(f"{SENSOR}fields/{SENSOR}node")
    same([n.get("nodeId") for n in nodes], [node])
    return data.find(f".//{SENSOR}numeric").get("value")


def open_valve(who, full, node):
    return who.ask(full, "set", f"<set xmlns='{CONTROL}'><node nodeId='{node}' sourceId='tanks'/>"
                   "<boolean name='valve' value='true'/></set>").get("type")


def nodes_seen(who, full):
    answer = who.ask(full, "get", f"<getAllNodes xmlns='{RACK}' sourceId='tanks'/>")
    return sorted(n.get("nodeId") for n in answer[0].findall("{%s}node" % RACK))


def online(who, jid):
    return who.expect_presence(jid, "available").get("from")


def main():
    with Story("nodes behind a gateway") as story:
        home = story.home()
        gina, alice, tom = [Owner(home, name).login() for name in ("gina", "alice", "tom")]
        guest = Owner(home, "guest").login()
        gateway = Gateway(home)
        gateway.tank("north", 1.5)
        gateway.tank("south", 2.5)
        gateway.start()
        with story.step("row-D12: gateway and tanks are claimed each on its own"):
            contains(gina.desk(gateway.uri("-")), gateway.serial)
            contains(alice.desk(gateway.uri("north")), "north")
            contains(tom.desk(gateway.uri("south")), "south")
            gateway.told_so(rf"owner north {alice.me}")
            gateway.told_so(rf"owner south {tom.me}")
        with story.step("each owner becomes a friend of the one address"):
            full = gina.befriended_by()
            jid = bare(full)
            same(alice.befriended_by(jid), full)
            same(tom.befriended_by(jid), full)
        with story.check("row-D12: an owner reads and sets his tank"):
            same(level_of(alice, full, "north"), "1.5")
            same(level_of(tom, full, "south"), "2.5")
            same(open_valve(tom, full, "south"), "result")
            with open(os.path.join(gateway.folder, "south.valve"), encoding="ascii") as f:
                same(f.read(), "1\n")
        with story.check("ruling 29: and nobody else's, the owner of the gateway included"):
            same([level_of(alice, full, "south"), level_of(tom, full, "north"),
                  level_of(gina, full, "north"), open_valve(gina, full, "south")],
                 [None, None, None, "error"])
        with story.check("the owner of the gateway sees its nodes, the others their own"):
            same(nodes_seen(gina, full), ["north", "south"])
            same(nodes_seen(alice, full), ["north"])
        with story.step("a guest is let in to one tank by its owner"):
            contains(tom.desk(f"allow {guest.me} to befriend of south"), "rule")
            contains(tom.desk(f"allow {guest.me} to read of south"), "rule")
            guest.presence(jid, "subscribe")
            guest.expect_presence(jid, "subscribed")
            online(guest, jid)
        with story.check("row-O7: he reads that one, and the other is not there for him"):
            same(level_of(guest, full, "south"), "2.5")
            same(level_of(guest, full, "north"), None)
            same(nodes_seen(guest, full), ["south"])
            same(open_valve(guest, full, "south"), "error")
        with story.check("he hears when something becomes of it"):
            same(guest.ask(full, "set", f"<subscribe xmlns='{RACK}' sourceId='tanks'/>")[0]
                 .get("result"), "OK")
        with story.step("one tank is disowned: it shows a new claim"):
            before = gateway.uri("north")
            contains(alice.desk(f"yes {code_in(alice.desk('disown north'))}"), "north")
            gateway.told_so("owner north -")
            gateway.told_so("claim north iotdisco:")
            assert gateway.uri("north") != before
        with story.check("row-D12: who owned it is out at once, the other tank never noticed"):
            home.lab.retry(lambda: nodes_seen(gina, full) == ["north", "south"], "the gateway")
            same(level_of(tom, full, "south"), "2.5")
            refused = alice.ask(full, "get", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' "
                                "momentary='true'><node nodeId='north' sourceId='tanks'/></req>")
            same(refused.get("type"), "error")
        with story.step("the gateway starts again"):
            shown = gateway.uri("north")
            same(gateway.process.stop(), 0)
            tom.expect_presence(jid, "unavailable")
            gateway.start()
            full = online(tom, jid)
        with story.check("row-D5: its tanks are the same, whose they are and how they are claimed"):
            gateway.told = 0
            home.lab.wait(lambda: gateway.lines().count(f"claim north {shown}") >= 1, "the claim")
            home.lab.retry(lambda: level_of(tom, full, "south") == "2.5", "tom to be served")
            same(level_of(guest, full, "north"), None)
        with story.check("row-D12: the tank has another owner"):
            contains(guest.desk(shown), "north")
            gateway.told_so(rf"owner north {guest.me}")
            same(level_of(guest, full, "north"), "1.5")
        with story.step("row-D16: a tank is taken away"):
            guest.ask(full, "set", f"<subscribe xmlns='{RACK}' sourceId='tanks'/>")
            gateway.take_away("south")
            gateway.told_so("gone south")
            tom.hear(home.desk, "that it has gone", words=("south", "unregistered"))
        with story.check("it left nothing behind, here or there"):
            guest.expect(lambda s: s.tag == CLIENT + "message"
                         and s.find("{%s}nodeRemoved" % RACK) is not None, "nodeRemoved")
            home.lab.wait(lambda: not [n for n in os.listdir(gateway.state)
                                       if n.startswith("grave-")], "the registry to forget it")
            same(len([n for n in os.listdir(gateway.state) if n.startswith("node-")]), 1)
            same(nodes_seen(gina, full), ["north"])
            assert "south" not in tom.desk("things")


main()
