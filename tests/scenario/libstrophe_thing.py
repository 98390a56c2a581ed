# SPDX-License-Identifier: Apache-2.0
"""A thing of another maker on stock libstrophe (strophe_peer.c) becomes an owner's."""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.service import program
from kithlab.story import Story, contains, same


def main():
    with Story("a thing on stock libstrophe") as story:
        home = story.home()
        owner = Owner(home, "owner").login()
        serial, key = "SN-strophe", home.lab.secret()
        peer = home.lab.start("strophe_peer", [
            program("strophe_peer"), str(home.broker.c2s), home.domain, home.jid, home.broker.ca,
            "strophething", home.lab.secret(), serial, key])

        def printed(line):
            return lambda: line in peer.output().splitlines()
        with story.step("it opens its account in-band, logs in by SCRAM and registers"):
            for word in ("account", "logged-in", "registered"):
                home.lab.wait(printed(word), f"strophe_peer to print {word}")
        with story.step("its owner claims it by the text of its label"):
            contains(owner.desk(f"claim IoTDisco;SN:{serial};MAN:strophe.example;MODEL:Probe;"
                                f"#V:1;KEY:{key}"), serial)
        with story.step("it is told so, and its owner is its friend at once"):
            home.lab.wait(printed(f"claimed {owner.me}"), "strophe_peer to be told")
            home.lab.wait(printed("is-friend true"), "strophe_peer to have asked isFriend")
        with story.check("it ends by itself without a complaint"):
            home.lab.wait(lambda: not peer.running(), "strophe_peer to end")
            same(peer.popen.returncode, 0)


main()
