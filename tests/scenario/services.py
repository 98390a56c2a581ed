# SPDX-License-Identifier: Apache-2.0
"""
Services from outside: a web portal with a certificate asks for its users by
address, network and name; privileges one by one and all at once; what its
owner and the operator say about it; what is taken back.
"""
import base64
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import WaherThing, element
from kithlab.person import Person, condition, payload
from kithlab.story import Story, contains, same

X = "urn:xmpp:iot:provisioning"
POLICY = """\
# who may use the portal, while nobody owns it
allow role family to access portal
allow anyone to access portal with ip 10.0.0.0/8
deny anyone to access portal with ip 10.6.6.6
allow anyone to access portal with user kermit
allow anyone to use "Public" of portal
allow anyone to use "Sensors" of portal with user kermit
deny anyone to use "Sensors.Delete" of portal
# a thing of its owner, whose rules this narrows
deny anyone to use "Door.Unlock" of gate
end
"""
IDS = ["Public", "Public.News", "Sensors", "Sensors.View", "Sensors.View.All", "Sensors.Delete",
       "Sensors.Delete.All", "Sensor", "Root", "Door.Unlock"]


def openssl(lab, *words, given=None):
    return subprocess.run(["openssl", *words], cwd=lab.dir, input=given, check=True,
                          capture_output=True).stdout


class Service:
    """Somebody with a certificate who has users; `peer` is its XMPP side."""

    def __init__(self, lab, peer, registry):
        self.lab, self.peer, self.registry = lab, peer, registry
        self.name = peer.me.split("@")[0]
        self.token = None

    def get_token(self):
        """getToken, getTokenChallenge, getTokenChallengeResponse, getTokenResponse."""
        key, cert = f"{self.name}.key", f"{self.name}.der"
        openssl(self.lab, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                "-outform", "DER", "-out", cert, "-days", "30", "-subj", f"/CN={self.name}",
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-addext", "keyUsage=critical,keyEncipherment,digitalSignature")
        with open(self.lab.path(cert), "rb") as f:
            der = base64.b64encode(f.read()).decode()
        challenge = payload(self.peer.ask(self.registry, "get",
                                          f"<getToken xmlns='{X}'>{der}</getToken>"))
        plain = openssl(self.lab, "pkeyutl", "-decrypt", "-inkey", key, "-pkeyopt",
                        "rsa_padding_mode:oaep", given=base64.b64decode(challenge.text))
        answer = payload(self.peer.ask(
            self.registry, "get", f"<getTokenChallengeResponse xmlns='{X}' "
            f"seqnr='{challenge.get('seqnr')}'>{base64.b64encode(plain).decode()}"
            "</getTokenChallengeResponse>"))
        self.token = answer.get("token")
        return self.token

    def ask(self, name, inner="", **attributes):
        attributes.setdefault("serviceToken", self.token)
        return self.peer.ask(self.registry, "get", element(name, X, inner, **attributes))

    def access(self, *credentials, **attributes):
        """Its user's token; None: no."""
        answer = payload(self.ask("canAccess", "".join(credentials), **attributes))
        same(answer.get("result") == "true", answer.get("userToken") is not None)
        return answer.get("userToken")

    def logged_in(self, user, name):
        self.peer.send_raw(f"<message to='{self.registry}'>" + element(
            "userLoggedIn", X, serviceToken=self.token, userToken=user, userName=name)
            + "</message>")

    def may(self, user, privilege, **attributes):
        return payload(self.ask("hasPrivilege", userToken=user, privilegeId=privilege,
                                **attributes)).get("result") == "true"

    def download(self, user, **attributes):
        """[(included, id)]"""
        answer = payload(self.ask("downloadPrivileges", userToken=user, **attributes))
        return [(line.tag.endswith("}include"), line.get("id")) for line in answer]


def by_list(lines, privilege):
    """As the XEP has services do it."""
    for included, name in lines:
        if privilege == name or privilege.startswith(name + "."):
            return included
    return False


def ip(address):
    return f"<credentials type='IpAddress' value='{address}'/>"


def who_may_use_it(story, home, portal, other):
    with story.check("users come in by where they are, in both forms of credentials"):
        assert portal.access(ip("10.0.0.1")), "ip"
        assert portal.access("<ip4 value='10.1.2.3'/>"), "ip4"
        assert portal.access("<ip6 value='::ffff:10.1.2.3'/>"), "ip6"
        same(portal.access("<ip4 value='192.168.0.1'/>"), None)
        same(portal.access("<ip4 value='10.6.6.6'/>"), None)
        same(portal.access(), None)
    with story.check("users come in by the name they gave, by a role of their address"):
        assert portal.access("<userName value='kermit'/>"), "user"
        same(portal.access("<userName value='gonzo'/>"), None)
        bob = f"<jid value='bob@{home.domain}/phone'/>"
        same(portal.access(bob), None)
        home.kithd.ctl("role", "add", "family", f"bob@{home.domain}")
        assert portal.access(bob), "role"
        same(portal.access(f"<jid value='carol@{home.domain}'/>"), None)
    with story.check("several service tokens are parted by blanks"):
        assert portal.access(ip("10.0.0.1"), serviceToken="of-another " + portal.token), "two"
    with story.check("wrong values are faults, an address that is none is a no"):
        for wrong in ("<ip4 value='10.0.0'/>", "<latitude value='91'/>", "<ip6 value='x'/>",
                      "<credentials type='IpAddress' value='10.0.0.0/8'/>"):
            same(condition(portal.ask("canAccess", wrong)), "bad-request")
        same(portal.access(ip("10.0.0.1"), "<jid value='@@'/>"), None)
    with story.check("att-P-09: another's token is worth nothing, and looks like none"):
        known = payload(other.ask("canAccess", ip("10.0.0.1"), serviceToken=portal.token))
        unknown = payload(other.ask("canAccess", ip("10.0.0.1"), serviceToken="nonsense"))
        same((known.attrib, unknown.attrib), ({"result": "false"}, {"result": "false"}))


def privileges(story, portal, other):
    user = portal.access(ip("10.0.0.1"), "<userName value='kermit'/>")
    with story.check("before the login only what everybody has from there"):
        same([portal.may(user, p) for p in ("Public.News", "Sensors.View")], [True, False])
        same(portal.download(user), [(True, "Public")])
    portal.logged_in(user, "kermit")
    with story.check("after userLoggedIn what that user has, but for what is denied to all"):
        portal.peer.ping(portal.registry)
        same([p for p in IDS if portal.may(user, p)],
             ["Public", "Public.News", "Sensors", "Sensors.View", "Sensors.View.All"])
    with story.check("att-P-19: the list that is downloaded says the same, excludes first"):
        lines = portal.download(user)
        same(lines[0], (False, "Sensors.Delete"))
        same([by_list(lines, p) for p in IDS], [portal.may(user, p) for p in IDS])
    with story.check("att-P-25: only the service it was given to may ask about a user"):
        same(other.may(user, "Public"), False)
        same(other.download(user), [])
        same(portal.may("nonsense", "Public"), False)
        same(portal.may(user, "Public", serviceToken="nonsense"), False)
    with story.check("a privilege that is none is a fault"):
        same(condition(portal.ask("hasPrivilege", userToken=user, privilegeId="A..B")),
             "bad-request")
    return user


def taken_back(story, home, portal, user):
    with story.check("a change of the policy calls back what the service may keep"):
        home.lab.write("kithd.policy", POLICY.replace('use "Public"', 'use "Nothing"'))
        home.kithd.ctl("policy", "load")
        push = portal.peer.expect_push("clearCache", X, home.jid)
        portal.peer.result(push, f"<clearCacheResponse xmlns='{X}'/>")
        same(portal.may(user, "Public"), False)
    with story.check("who may not use it any more has no privileges, whatever his token says"):
        assert portal.may(user, "Sensors.View")
        home.kithd.ctl("policy", "load",
                       home.lab.write("next.policy", POLICY.replace("allow anyone to access",
                                                                     "deny anyone to access")))
        same(portal.may(user, "Sensors.View"), False)
        same(portal.download(user), [])
        home.kithd.ctl("policy", "rollback", "1")
        assert portal.may(user, "Sensors.View")
    with story.check("users live through a restart of kithd"):
        home.kithd.restart()
        assert portal.may(user, "Sensors.View")


def owned(story, home, owner):
    bob = f"bob@{home.domain}"
    with story.step("a service that is somebody's thing"):
        thing = WaherThing(home.lab, home.broker, "gate", home.jid).login()
        thing.register()
        owner.desk(f"claim IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;"
                   f"KEY:{thing.key}")
        gate = Service(home.lab, thing, home.jid)
        gate.get_token()
    with story.check("whom nobody decided about is no, and its owner is asked; his yes is a rule"):
        same(gate.access(f"<jid value='{bob}'/>"), None)
        owner.desk(f"yes {owner.question(bob, thing.me)}")
        user = gate.access(f"<jid value='{bob}'/>")
        assert user
    with story.check("undecided privileges are no, and nobody is asked; the owner's rules count"):
        gate.logged_in(user, "bob")
        same(gate.may(user, "Door.Open"), False)
        owner.desk(f'allow {bob} to use "Door" of {thing.serial}')
        same([gate.may(user, p) for p in ("Door.Open", "Door.Unlock")], [True, False])
        same(gate.download(user), [(False, "Door.Unlock"), (True, "Door")])
    with story.check("ruling 24: what the operator takes, its owner reads"):
        contains(home.kithd.ctl("policy", "ask", bob, "use", thing.me, "Door.Unlock",
                                check=False), "deny\n", "operator's policy")
    with story.check("its owner takes the user back"):
        owner.desk(f"deny {bob} to access {thing.serial}")
        same(gate.may(user, "Door.Open"), False)


def main():
    with Story("a portal asks about its users") as story:
        story.lab.write("kithd.policy", POLICY)
        home = story.home(provisioning={"policy_file": "kithd.policy"})
        with story.step("two services get tokens for their certificates"):
            portal, other = (Service(story.lab, Person(story.lab, home.broker, name).login(),
                                     home.jid) for name in ("portal", "other"))
            assert portal.get_token() and other.get_token()
        who_may_use_it(story, home, portal, other)
        user = privileges(story, portal, other)
        taken_back(story, home, portal, user)
        owned(story, home, Owner(home, "alice").login())


if __name__ == "__main__":
    main()
