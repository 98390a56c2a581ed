# SPDX-License-Identifier: Apache-2.0
"""
A thing and a gateway of ours, and the programs of others at them: Smack's reader and
controller, IoTGateway's sensor, control and concentrator clients in two generations of
names.  They parse as strictly as the released ones (kithlab/foreign.py).
"""
import os
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.foreign import IoTGateway, Smack, fails
from kithlab.person import bare
from kithlab.service import program
from kithlab.story import Story, contains, same

KEPT = {"temperature": ("numeric", "21.5"), "level": ("numeric", "5"), "count": ("int", "7"),
        "big": ("int", "5000000000"), "open": ("boolean", "true"), "mode": ("enum", "eco"),
        "since": ("timeSpan", "PT3M30S"), "day": ("date", "2026-05-01"),
        "alarm": ("time", "08:30:00"), "built": ("dateTime", "2026-05-01T08:00:00Z"),
        "label": ("string", "<a> & b")}
SET = {"led": "boolean", "dim": "numeric", "steps": "int", "shade": "color", "start": "date",
       "at": "time", "then": "dateTime", "lasts": "timeSpan", "text": "string"}


def fields_of(lab):
    for name, (_, text) in KEPT.items():
        lab.write("kept." + name, text + "\n", 0o644)
    fields = {name: {"file": "{dir}/kept." + name, "type": kind}
              for name, (kind, _) in KEPT.items()}
    fields["temperature"].update({"unit": "C", "history": "50", "every": "1s"})
    fields["dim"] = {"sim": "memory", "type": "numeric"}
    return fields


def controls():
    found = {name: {"sim": "memory", "type": kind} for name, kind in SET.items()}
    found["dim"].update({"min": 0, "max": 100})
    found["speed"] = {"sim": "memory", "type": "enum", "choices": "off, slow, fast"}
    return found


def read_and_control(story, full, owner, home):
    smack = Smack(owner)
    with story.check("Smack reads whole numbers and booleans, and knows when it is over"):
        same(smack.read(full), {"level": 5, "count": 7, "open": True, "dim": 0})
    with story.check("Smack sets what it can say, and gets the class that it casts to"):
        smack.set(full, "<bool name='led' value='true'/><int name='steps' value='3'/>")
        smack.set(full, "<double name='dim' value='1.0E1'/><long name='steps' value='4'/>")
        fails(lambda: smack.set(full, "<bool name='no such' value='true'/>"), "XMPPErrorException")
    for stem in ("nf", "ieee"):
        client = IoTGateway(owner, stem)
        with story.check(f"{stem}: IoTGateway reads every type, errors and history"):
            got, errors = client.read(full)
            same(sorted(got), sorted([*KEPT, "dim"]))
            same((got["temperature"], got["count"], got["big"], got["open"], got["mode"],
                  got["label"], got["since"], got["alarm"]),
                 (21.5, 7, 5000000000, True, "eco", "<a> & b", "PT3M30S", "08:30:00"))
            same(errors, [])
            os.rename(os.path.join(home.lab.dir, "kept.mode"), os.path.join(home.lab.dir, "away"))
            got, errors = client.read(full, fields=["mode", "count"])
            same((sorted(got), len(errors)), (["count"], 1))
            os.rename(os.path.join(home.lab.dir, "away"), os.path.join(home.lab.dir, "kept.mode"))
            home.lab.retry(lambda: client.read(full, "h", ["temperature"], **{
                "from": "0001-01-01T00:00:00", "to": "9999-12-31T23:59:59.999Z"})[0], "history")
            fails(lambda: client.read(full, fields=["no such"]), "No such field")
        with story.check(f"{stem}: it sets every type, and is told which was wrong"):
            same(client.set(full, "<b n='led' v='true'/><db n='dim' v='1E+01'/><i n='steps' v='5'/>"
                            "<cl n='shade' v='FF8000'/><d n='start' v='2026-05-01'/>"
                            "<t n='at' v='08:30:00.1230000'/><dr n='lasts' v='PT1.5S'/>"
                            "<dt n='then' v='2026-05-01T08:00:00.000'/><s n='text' v=''/>"
                            "<e n='speed' v='slow' t='Speed'/>"), [])
            same(client.set(full, "<l n='steps' v='6'/>"), [])
            same(client.read(full, fields=["dim"])[0], {"dim": 10.0})
            same(client.set(full, "<db n='dim' v='101'/>"), ["dim"])
        with story.check(f"{stem}: it shows the form and sends back what was edited"):
            form = client.form(full)
            same(client.options(form, "speed"), ["off", "slow", "fast"])
            same(client.submit(full, form, dim="40", led="0", shade="00FF00"), [])
            same(client.read(full, fields=["dim"])[0], {"dim": 40.0})
            same(client.submit(full, form, shade="green"), ["shade"])
        with story.check(f"{stem}: it is told of changes, also where it left the value empty"):
            number = client.subscribe(full, "<f n='count' v='' by='1'/>", minInt="PT1S", req="true")
            same(client.told(number), {"count": 7})
            same(client.end(full, "unsubscribe", number), "result")


def browse(story, home, owner, folder):
    broker = home.broker
    for name, level in (("north", "1.5"), ("south", "2.5")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(level + "\n")
    gateway = home.lab.start("gateway_peer", [
        program("gateway_peer"), home.lab.path("rack.state"), broker.domain,
        f"127.0.0.1:{broker.c2s}", broker.ca, home.lab.secret()[:12], folder])

    def uri(node):
        return home.lab.wait(lambda: [line.split()[2] for line in gateway.output().splitlines()
                                      if line.startswith(f"claim {node} iotdisco:")],
                             f"the claim of {node}")[-1]
    with story.step("the gateway and its nodes are claimed"):
        contains(owner.desk(uri("-")), "yours")
        full = owner.befriended_by()
        for node in ("north", "south"):
            contains(owner.desk(uri(node)), node)
            home.lab.wait(lambda n=node: f"owner {n} {owner.me}" in gateway.output(), f"{node}'s owner")
    for stem in ("nf", "ieee"):
        client = IoTGateway(owner, stem)
        north, south = client.address("north", "tanks"), client.address("south", "tanks")
        with story.check(f"{stem}: IoTGateway finds sources and nodes, each answer in its name space"):
            contains(" ".join(client.capabilities(full)), "getNodes", "executeNodeCommand")
            for name in ("getRootDataSources", "getAllDataSources"):
                same(client.sources(full, name), ["tanks"])
            same(client.sources(full, "getChildDataSources", src="tanks"), [])
            same(client.contains(full, north), True)
            same(client.contain(full, north, client.address("none", "tanks")), [True, False])
            for name, told in (("getAllNodes", " src='tanks' parameters='true'"),
                               ("getRootNodes", " src='tanks' messages='true' xml:lang='de'")):
                same(sorted(n["address"] for n in client.nodes(full, name, told)),
                     [("north", "tanks", None), ("south", "tanks", None)])
            same(client.nodes(full, "getChildNodes", north), [])
            same([n["address"][0] for n in client.nodes(full, "getNodes", "", f"<nd{south}/>")],
                 ["south"])
            same(client.classes(full, north), ["tank"])
            found = client.node(full, north)
            same((found["type"], found["isReadable"], found["isControllable"]),
                 ("tank", True, True))
            same(found["parameters"]["MODEL"], "Tank")
            same(client.commands(full, north), [])
            fails(lambda: client.node(full, client.address("none", "tanks")), "item-not-found")
            fails(lambda: client.parameters_of(full, north, "none"), "item-not-found")
            same(client.execute(full, north, "none"), "error")
        with story.check(f"{stem}: and reads and sets them by their addresses"):
            same(client.read(full, nodes=f"<nd{north}/>"), ({"level": 1.5}, []))
            same(client.set(full, "<b n='valve' v='true'/>", nodes=f"<nd{south}/>"), [])
            same(client.listen(full, "tanks"), "result")
    with story.check("what goes is told in both generations"):
        os.unlink(os.path.join(folder, "south"))
        same(IoTGateway(owner, "ieee").event("nodeRemoved")[:2], ("south", "tanks"))
        same(IoTGateway(owner, "ieee").listen(full, "tanks", "unsubscribe"), "result")


def main():
    with Story("clients of other makers at our things") as story:
        home = story.home()
        owner = Owner(home, "anna").login()
        with story.step("somebody owns a thing with everything"):
            lamp = home.thing("lamp", fields=fields_of(home.lab), controls=controls())
            contains(owner.desk(lamp.uri()), lamp.serial)
            full = owner.befriended_by()
            same(bare(full).split("@")[1], home.domain)
        read_and_control(story, full, owner, home)
        folder = home.lab.path("tanks")
        os.mkdir(folder)
        browse(story, home, owner, folder)


main()
