# SPDX-License-Identifier: Apache-2.0
"""
A thing that nobody told where its broker is: found by DNS-SD, DHCP lease and SSDP on
a network of its own, among servers that pretend.  Needs root for that network.
"""
import re
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.authority import Authority
from kithlab.broker import Broker
from kithlab.lab import free_port
from kithlab.near import Announcer, Avahi, Impostor, own_network
from kithlab.service import Thing, program
from kithlab.story import Home, Story, contains, same


def bare_thing(home, name, **settings):
    """Without server; a value None leaves the line out."""
    thing = Thing(home.lab, home.broker, name, **settings)
    with open(thing.settings_file) as f:
        lines = [line for line in f if not re.match(r"server = |\w+ = None$", line)]
    home.lab.write(name + ".conf", "".join(lines))
    return thing


def heard_nothing(impostor):
    """Nothing but a stream header and the wish for TLS, whatever it was."""
    assert impostor.visits, "nobody came"
    same(impostor.secret, b"")
    for word in (b"<auth", b"<iq", b"<response", b"<query", b"@"):
        assert word not in impostor.clear, impostor.clear


def sockets(thing):
    """(listening TCP ports, UDP ports) of the process."""
    text = subprocess.run(["ss", "-Hlnptu"], capture_output=True, text=True, check=True).stdout
    mine = [line.split() for line in text.splitlines() if f"pid={thing.process.pid}," in line]
    return ([w[4] for w in mine if w[0] == "tcp"], [w[4] for w in mine if w[0] == "udp"])


def main():
    if not own_network():
        print("1..0 # SKIP needs root, for a network of its own")
        return
    with Story("a thing finds its broker") as story:
        lab = story.lab
        broker = Broker.make(lab)
        broker.c2s, broker.component = 5222, free_port()
        home = Home(lab, broker)
        wrong_name = Impostor(lab, broker.authority.issue("other.example"), "127.0.0.66")
        unknown_ca = Impostor(lab, Authority(lab.path("evil")).issue("home.example"), "127.0.0.67")
        rogues = [Announcer(lab, r.port, address=a, priority=0, regis="evil", provis="evil")
                  for r, a in ((wrong_name, "127.0.0.66"), (unknown_ca, "127.0.0.67"))]
        true = Announcer(lab, broker.c2s, regis="kith", provis="kith")
        stranger = Announcer(lab, 9, domain="strange.example", address="127.0.0.68")

        with story.step("row-D3: the true broker is found by DNS-SD among two that pretend"):
            lamp = bare_thing(home, "lamp", domain=None, locate="mdns", domains="home.example").start()
            contains(lamp.uri(), f"R={home.jid}")
            lamp.wait_log(r"found home\.example \(mdns\)")
        with story.check("att-D-09: both were tried, and not one byte of a login was for them"):
            heard_nothing(wrong_name)
            heard_nothing(unknown_ca)
        with story.check("row-D19: nothing of it listens, nothing of the search stays open"):
            same(sockets(lamp), ([], []))
        with story.check("a thing that has an account stays, whatever is announced now"):
            lamp.stop()
            true.stop()
            lamp.start(ready=False)
            lamp.wait_log(r"^.*not verified")
            assert "strange.example" not in lamp.process.log()
            true = Announcer(lab, broker.c2s)
            lamp.wait_log(r"\bready\b", 60)
        with story.check("ruling-42: nobody told it a domain: a warning says what to type"):
            alone = bare_thing(home, "alone", domain=None, locate="mdns ssdp").start(ready=False)
            alone.wait_log(r"kith-thing accept home\.example")
            alone.wait_log(r"kith-thing accept strange\.example")
        with story.check("... and once that is typed it is at home there, without a restart"):
            same(subprocess.run([program("kith-thing"), "accept", "home.example", "-f",
                                 alone.settings_file], check=False,
                                capture_output=True).returncode, 0)
            contains(alone.uri(60), f"R={home.jid}")
            alone.stop()
        with story.check("row-D3: found by SSDP"):
            by_ssdp = bare_thing(home, "by-ssdp", domain="home.example", locate="ssdp").start()
            contains(by_ssdp.uri(), f"R={home.jid}")
            by_ssdp.stop()
        with story.check("row-D3: found by the name in a DHCP lease"):
            hosts = lab.write("hosts", "127.0.0.1 localhost pronto.home.example\n", 0o644)
            subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
            lease = lab.write("lease", "ADDRESS=127.0.0.1\nDOMAINNAME=home.example\n"
                              f"OPTION_224={b'pronto'.hex()}\n", 0o644)
            by_dhcp = bare_thing(home, "by-dhcp", domain=None, locate="dhcp",
                                 domains="*.example home.example", dhcp_lease=lease).start()
            contains(by_dhcp.uri(), f"R={home.jid}")
            by_dhcp.wait_log(r"found home\.example \(dhcp\)")
            by_dhcp.stop()
        with story.check("see-other-host leads to the true one, and only because it proves the domain"):
            there = Impostor(lab, moved="127.0.0.1:5222")
            moved = Thing(lab, broker, "moved", server=f"127.0.0.1:{there.port}").start()
            contains(moved.uri(), f"R={home.jid}")
            moved.stop()
            before = unknown_ca.visits
            there.moved = f"127.0.0.67:{unknown_ca.port}"
            moved.start(ready=False)
            lab.wait(lambda: unknown_ca.visits > before, "it to look")
            moved.wait_log("not verified")
            heard_nothing(unknown_ca)
            moved.stop()
        with story.check("row-K16: nothing of any thing was in a multicast packet"):
            packets = [p for a in (*rogues, true, stranger) for p in a.heard]
            assert packets
            words = [lamp.serial, alone.serial, "kith.example", "home.example", "Lamp"]
            with open(lamp.state + "/identity") as f:
                words += re.findall(r"^(?:user|key) (\S+)", f.read(), re.M)
            same(len(words), 7)
            for packet in packets:
                for word in words:
                    assert word.encode() not in packet, (word, packet)
        for a in (*rogues, true, stranger):
            a.stop()
        if not Avahi.is_there():
            story.skip("row-D3: announced by Avahi as the guide says", "no avahi-daemon")
            return
        with story.check("row-D3: announced by Avahi as the guide says"):
            Avahi(lab, broker.c2s, "home.example")
            by_avahi = bare_thing(home, "by-avahi", domain=None, locate="mdns",
                                  domains="home.example").start()
            contains(by_avahi.uri(), f"R={home.jid}")
            by_avahi.stop()


main()
