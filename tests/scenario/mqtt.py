# SPDX-License-Identifier: Apache-2.0
"""
kith-thing as a gateway to MQTT: a real mosquitto, with mosquitto_pub and mosquitto_sub as
the devices of somebody else.  It accepts its registry by a press of its button; what the
devices publish becomes nodes that their owners claim, read and set; the MQTT broker goes
away and comes back.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.lab import free_port
from kithlab.person import CLIENT, bare
from kithlab.service import Thing
from kithlab.story import Story, contains, same

SENSOR = "{urn:xmpp:iot:sensordata}"
CONTROL = "urn:xmpp:iot:control"
RACK = "urn:xmpp:iot:concentrators"
NODES = """
[source home]
mqtt = 127.0.0.1:{port}
type = sensor
[source home tags]
MAN = elsewhere.example
SN = {{id}}-{serial}
[source home field temperature]
topic = sensors/+/temperature
pattern = "t": *([0-9.-]+)
unit = C
[source home field power]
topic = switches/+/power
type = boolean
[source home control power]
topic = switches/+/power/set
with = power
on = ON
off = OFF
"""


class Mosquitto:
    def __init__(self, lab):
        self.lab, self.port, self.process = lab, free_port(), None
        os.mkdir(lab.path("mosquitto"))
        os.chmod(lab.path("mosquitto"), 0o777)
        self.conf = lab.write("mosquitto.conf", f"""listener {self.port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {lab.path("mosquitto")}/
user {"root" if os.getuid() == 0 else ""}
""", 0o644)

    def start(self):
        self.process = self.lab.start("mosquitto", ["/usr/sbin/mosquitto", "-c", self.conf])
        self.lab.wait(lambda: self.process.listens_on(self.port), "mosquitto to listen")

    def publish(self, topic, text):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1",
                        "-r", "-t", topic, "-m", text], check=True, timeout=20)

    def device(self, topic):
        """Somebody's switch: the process ends when it is told something, and prints that."""
        return self.lab.start("switch", ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port),
                                         "-C", "1", "-v", "-t", topic])


class Gateway:
    def __init__(self, home, mosquitto):
        self.lab = home.lab
        self.button = self.lab.path("button")
        os.mkfifo(self.button, 0o600)
        self.lamp = self.lab.write("lamp.says", "\n")
        self.thing = Thing(self.lab, home.broker, "gateway",
                           fields={"load": {"file": "/proc/loadavg", "pattern": "^([0-9.]+)"}},
                           accept_button="yes", button=self.button,
                           lamp="file:" + self.lamp)
        with open(self.thing.settings_file, "a", encoding="ascii") as f:
            f.write(NODES.format(port=mosquitto.port, serial=self.thing.serial))

    def press(self):
        fd = os.open(self.button, os.O_WRONLY)
        os.write(fd, b"\n")
        os.close(fd)

    def lamp_says(self, word):
        def look():
            with open(self.lamp, encoding="ascii") as f:
                return f.read() == word + "\n"
        self.lab.wait(look, f"the lamp to say {word}")

    def claim_of(self, node):
        return self.lab.wait(lambda: re.findall(rf"^home {node} (iotdisco:\S+)",
                                                self.thing.process.output(), re.M),
                             f"the claim of {node}")[-1]


def read(who, full, node, field):
    """What he reads there, or the words of the error."""
    seq = str(next(who.counter))
    answer = who.ask(full, "get", f"<req xmlns='urn:xmpp:iot:sensordata' seqnr='{seq}' "
                     f"momentary='true'><node nodeId='{node}' sourceId='home'/>"
                     f"<field name='{field}'/></req>")
    if answer.get("type") == "error":
        return "refused"
    got = who.expect(lambda s: s.tag == CLIENT + "message" and len(s) and s[0].get("seqnr") == seq
                     and s[0].tag in (SENSOR + "fields", SENSOR + "failure"), "values")[0]
    if got.tag == SENSOR + "failure":
        return " ".join(e.text or "" for e in got.iter(SENSOR + "error"))
    return got.find(f".//*[@name='{field}']").get("value")


def state_of(who, full, node):
    answer = who.ask(full, "get", f"<getNode xmlns='{RACK}' sourceId='home' nodeId='{node}'/>")
    return answer[0].get("state")


def main():
    with Story("a gateway to MQTT, with a button and a lamp") as story:
        if not all(map(shutil.which, ("mosquitto", "mosquitto_pub", "mosquitto_sub"))):
            story.skip("everything", "there is no mosquitto here")
            return
        home = story.home()
        anna, ben = Owner(home, "anna").login(), Owner(home, "ben").login()
        mosquitto = Mosquitto(home.lab)
        mosquitto.start()
        mosquitto.publish("sensors/kitchen/temperature", '{"t": 21.5, "h": 40}')
        gateway = Gateway(home, mosquitto)
        with story.step("row-D18: it finds a registry, and asks whoever stands there"):
            gateway.thing.start(ready=False)
            gateway.lamp_says("ask")
            gateway.thing.wait_log(f"press the button within 30 s to accept {home.jid}")
        with story.check("att-D-13: nothing is trusted or told before the press"):
            with open(os.path.join(gateway.thing.state, "standing"), encoding="ascii") as f:
                assert home.jid not in f.read()
            assert "iotdisco:" not in gateway.thing.process.output()
            gateway.press()
            gateway.lamp_says("on")
            gateway.thing.wait_log(r"\bready\b")
        with story.step("row-V8: what devices publish are nodes, each claimed by its owner in chat"):
            mosquitto.publish("switches/lamp/power", "OFF")
            contains(anna.desk(gateway.thing.uri()), gateway.thing.serial)
            contains(ben.desk(gateway.claim_of("kitchen")), "kitchen")
            contains(ben.desk(gateway.claim_of("lamp")), "lamp")
            gateway.thing.wait_log(f"owned by {anna.me}")
            full = anna.befriended_by()
            same(ben.befriended_by(bare(full)), full)
        with story.check("row-D12: their owner reads them, the owner of the gateway does not"):
            same(read(ben, full, "kitchen", "temperature"), "21.5")
            same(read(ben, full, "lamp", "power"), "false")
            same(read(anna, full, "kitchen", "temperature"), "refused")
            mosquitto.publish("sensors/kitchen/temperature", '{"t": 22}')
            home.lab.retry(lambda: read(ben, full, "kitchen", "temperature") == "22", "the change")
        with story.check("row-V8: he sets one: the device hears it in its own words"):
            switch = mosquitto.device("switches/lamp/power/set")
            def told():
                same(ben.ask(full, "set", f"<set xmlns='{CONTROL}'><node nodeId='lamp' "
                             "sourceId='home'/><boolean name='power' value='true'/></set>")
                     .get("type"), "result")
                return switch.output() == "switches/lamp/power/set ON\n"
            home.lab.retry(told, "the switch to hear it")
        with story.step("the MQTT broker goes away"):
            same(mosquitto.process.stop(), 0)
            gateway.thing.wait_log("source home: the MQTT broker is not there")
        with story.check("row-V8: readings say so, and the nodes warn"):
            contains(read(ben, full, "kitchen", "temperature"), "timed out")
            contains(state_of(ben, full, "kitchen").lower(), "warning")
        with story.check("it comes back, and with it what it kept"):
            mosquitto.start()
            gateway.thing.wait_log("source home: is back")
            home.lab.retry(lambda: read(ben, full, "kitchen", "temperature") == "22", "the value")
            assert "warning" not in state_of(ben, full, "kitchen").lower()
        with story.check("row-D5: after a restart the nodes are the same, and nothing is asked again"):
            shown = gateway.thing.process.output()
            gateway.thing.stop()
            ben.expect_presence(bare(full), "unavailable")
            gateway.thing.start()
            full = ben.expect_presence(bare(full), "available").get("from")
            home.lab.retry(lambda: read(ben, full, "kitchen", "temperature") == "22", "to be served")
            assert "press the button" not in gateway.thing.process.log()
            same(gateway.thing.process.output(), shown)
        with story.step("ruling 45: five presses release what was pinned, and the owner is told"):
            for _ in range(5):
                gateway.press()
            gateway.lamp_says("ask")
            gateway.press()
            anna.hear(bare(full), "that pins were released", words=("released", "button"))


main()
