# SPDX-License-Identifier: Apache-2.0
"""
dialect: the generations of the IoT protocols and what things of other makers
send, stanza by stanza.

Facts: XEP-0347, XEP-0324 and what released clients are known to do with them;
docs/PROTOCOL.md lists the generations.
"""
from xml.sax.saxutils import quoteattr

from .person import CLIENT, Person, bare


class Generation:
    def __init__(self, name, disco, device, owner, sensor, control):
        self.name = name
        self.disco, self.device, self.owner = disco, device, owner
        self.sensor, self.control = sensor, control


def _one(name, stem):
    return Generation(name, f"urn:{stem}:iot:disco:1.0", f"urn:{stem}:iot:prov:d:1.0",
                      f"urn:{stem}:iot:prov:o:1.0", f"urn:{stem}:iot:sd:1.0",
                      f"urn:{stem}:iot:ctr:1.0")


GENERATIONS = {
    "X": Generation("X", "urn:xmpp:iot:discovery", "urn:xmpp:iot:provisioning",
                    "urn:xmpp:iot:provisioning", "urn:xmpp:iot:sensordata",
                    "urn:xmpp:iot:control"),
    "I": _one("I", "ieee"),
    "N": _one("N", "nf"),
    "NFI": _one("NFI", "nfi"),
}


class Vocabulary:
    """Attribute and element names; they do not follow the namespace."""

    def __init__(self, name, node, source, partition, node_tag, field_tag, field_attr, momentary):
        self.name = name
        self.node, self.source, self.partition = node, source, partition
        self.node_tag, self.field_tag, self.field_attr = node_tag, field_tag, field_attr
        self.momentary = momentary


VOCABULARIES = {
    "long": Vocabulary("long", "nodeId", "sourceId", "cacheType", "node", "field", "name",
                       "momentary"),
    "short": Vocabulary("short", "id", "src", "pt", "nd", "f", "n", "m"),
}


def tags(serial, key, number="1.2", maker="acme.example", model="Probe"):
    """The five tags that every owner's program can claim by."""
    return (f"<str name='SN' value={quoteattr(serial)}/><str name='MAN' value={quoteattr(maker)}/>"
            f"<str name='MODEL' value={quoteattr(model)}/><num name='V' value={quoteattr(number)}/>"
            f"<str name='KEY' value={quoteattr(key)}/>")


def element(name, namespace, inner="", **attributes):
    text = "".join(f" {k}={quoteattr(str(v))}" for k, v in attributes.items())
    return f"<{name} xmlns='{namespace}'{text}>{inner}</{name}>"


class ForeignThing(Person):
    """A thing of another maker: serial, key and its habits."""

    generation, verb_type = "N", "set"
    clear_cache_answer = ""         # what it puts into its result

    def __init__(self, lab, broker, name, registry, **more):
        super().__init__(lab, broker, name, resource="device", **more)
        self.registry = registry
        self.gen = GENERATIONS[self.generation]
        self.serial, self.key = "SN-" + name, lab.secret()
        self.habits.append(self._habit)
        self.pushes = []            # every push it answered, in order
        self.messages = []          # friend and unfriend

    def _habit(self, stanza):
        sender = stanza.get("from", "")
        if stanza.tag == CLIENT + "presence" and stanza.get("type") == "subscribe":
            return self._subscribe(sender)
        if stanza.tag == CLIENT + "iq" and stanza.get("type") == "set" and len(stanza):
            return self._push(stanza, stanza[0].tag.rsplit("}", 1)[1])
        if stanza.tag == CLIENT + "message" and len(stanza):
            name = stanza[0].tag.rsplit("}", 1)[1]
            if name in ("friend", "unfriend") and bare(sender) == self.registry:
                self.messages.append(stanza)
                return self._friend(name, stanza[0].get("jid"))
        return None

    def _subscribe(self, sender):
        if bare(sender) == self.registry:
            return f"<presence to='{self.registry}' type='subscribed'/>"
        return None

    def _push(self, stanza, name):
        if name not in ("claimed", "disowned", "removed", "clearCache"):
            return None
        self.pushes.append(stanza)
        inner = self.clear_cache_answer if name == "clearCache" else ""
        return (f"<iq type='result' to={quoteattr(stanza.get('from'))} "
                f"id={quoteattr(stanza.get('id'))}>{inner}</iq>")

    def _friend(self, _name, _jid):
        return ""

    def pushed(self, name, seconds=30):
        """The first push of this name that was not yet looked at."""
        def look():
            for i, stanza in enumerate(self.pushes):
                if stanza[0].tag.endswith("}" + name):
                    return (self.pushes.pop(i),)
            return None
        return self.lab.wait(look, f"{self.me} to be sent {name}", seconds)[0]

    def told(self, name, jid, seconds=30):
        """A friend or unfriend message about `jid`."""
        def look():
            for i, stanza in enumerate(self.messages):
                if stanza[0].tag.endswith("}" + name) and stanza[0].get("jid") == jid:
                    return (self.messages.pop(i),)
            return None
        return self.lab.wait(look, f"{self.me} to be told {name} {jid}", seconds)[0]

    def register(self):
        return self.ask(self.registry, self.verb_type,
                        element("register", self.gen.disco, tags(self.serial, self.key)))

    def is_friend(self, jid):
        answer = self.ask(self.registry, "get", element("isFriend", self.gen.device, jid=jid))
        return answer[0]


class SmackThing(ForeignThing):
    """
    As Smack does it: XEP namespaces, verbs as iq get, subscribes to the
    registry right after registering, never subscribes to a friend itself.
    """

    generation, verb_type = "X", "get"
    clear_cache_answer = "<clearCacheResponse xmlns='urn:xmpp:iot:provisioning'/>"

    def register(self):
        answer = super().register()
        self.presence(self.registry, "subscribe")
        return answer

    def _push(self, stanza, name):
        if name == "removed":       # Smack fails inside and says nothing
            return ""
        return super()._push(stanza, name)

    def _friend(self, name, jid):
        if name == "friend":
            return f"<message to='{jid}'><friend xmlns='{self.gen.device}' jid='{self.me}'/></message>"
        return f"<presence to='{jid}' type='unsubscribed'/>"


class WaherThing(ForeignThing):
    """
    As IoTGateway does it: never subscribes to the registry, accepts its
    subscription, empty answers, becomes the friend's subscriber when told.
    """

    def _friend(self, name, jid):
        return f"<presence to='{jid}' type='{'' if name == 'friend' else 'un'}subscribe'/>"


class WaherThingI(WaherThing):
    generation = "I"
