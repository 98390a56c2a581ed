# SPDX-License-Identifier: Apache-2.0
"""
foreign: readers, controllers and browsers of nodes as released clients are: what
they send, to the letter, and what they make of an answer, as strictly as they do
(a field that their parser drops is not in the result).

They act through a Person, who may be anybody.  Things of other makers: dialect.py.
Facts: the released clients; docs/PROTOCOL.md, "Reading" and "Nodes".
"""
import datetime
import re
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from .lab import Missing
from .person import CLIENT, text_of

DATA = "jabber:x:data"


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def space(element):
    return element.tag[1:].split("}")[0]


class Fails(Exception):
    """What the client would throw, or call its caller back with."""


def attributes(**named):
    return "".join(f" {k}={quoteattr(v)}" for k, v in named.items() if v is not None)


# ---- Smack ------------------------------------------------------------------

class Smack:
    """IoTDataManager and IoTControlManager of Smack 4.2 to 4.5."""
    SENSOR, CONTROL = "urn:xmpp:iot:sensordata", "urn:xmpp:iot:control"

    def __init__(self, who):
        self.who, self.number = who, 0

    @staticmethod
    def integer(text):
        if text is None or not re.fullmatch(r"[+-]?[0-9]+", text) or abs(int(text)) >= 2 ** 31:
            raise Fails(f"NumberFormatException: {text}")
        return int(text)

    @staticmethod
    def _node_info(element):
        """An id is needed as soon as there is anything; else its stream ends."""
        found = [element.get(k) for k in ("nodeId", "sourceId", "cacheType")]
        if any(found) and not found[0]:
            raise Fails("IllegalArgumentException: nodeId")

    def _timestamp(self, element, got):
        value = element.get("value")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value or ""):
            raise Fails(f"ParseException: {value}")
        for field in element:
            name = local(field)
            if name == "int":
                got[field.get("name")] = self.integer(field.get("value"))
            elif name == "boolean":
                got[field.get("name")] = (field.get("value") or "").lower() == "true"

    def _fields(self, fields, got):
        self.integer(fields.get("seqnr"))
        for node in fields:
            if local(node) != "node":
                continue
            self._node_info(node)
            for timestamp in node:
                if local(timestamp) == "timestamp":
                    self._timestamp(timestamp, got)

    def read(self, full):
        """requestMomentaryValuesReadOut: {name: value} of the types it knows."""
        self.number += 1
        tag, number = "{%s}fields" % self.SENSOR, str(self.number)
        answer = self.who.ask(full, "get", f"<req xmlns='{self.SENSOR}' seqnr='{number}' "
                              "momentary='true'/>")
        if answer.get("type") == "error":
            raise Fails("XMPPErrorException")
        got, done = {}, False
        while not done:
            fields = self.who.expect(
                lambda s: s.tag == CLIENT + "message" and s.find(tag) is not None
                and s.find(tag).get("seqnr") == number, "fields").find(tag)
            self._fields(fields, got)
            done = fields.get("done") == "true"
        return got

    def set(self, full, inner):
        """setUsingIq: casts what comes to its class."""
        answer = self.who.ask(full, "set", f"<set xmlns='{self.CONTROL}'>{inner}</set>")
        if answer.get("type") == "error":
            raise Fails("XMPPErrorException")
        if len(answer) != 1 or answer[0].tag != "{%s}setResponse" % self.CONTROL:
            raise Fails("ClassCastException")


# ---- IoTGateway -------------------------------------------------------------

def _boolean(text):
    if text not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text in ("true", "1")


def _date(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _duration(text):
    if not re.fullmatch(r"-?P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+([.]\d*)?S)?)?", text):
        raise ValueError(text)
    return text


def _span(text):
    if not re.fullmatch(r"(\d+\.)?\d\d:\d\d:\d\d(\.\d{1,7})?", text):
        raise ValueError(text)
    return text


class IoTGateway:
    """SensorClient, ControlClient and ConcentratorClient of the .NET libraries."""
    KINDS = {"b": _boolean, "d": _date, "dt": _date, "dr": _duration, "e": str, "i": int,
             "l": int, "q": float, "s": str, "t": _span}

    def __init__(self, who, stem="nf"):
        self.who = who
        self.sensor, self.control = f"urn:{stem}:iot:sd:1.0", f"urn:{stem}:iot:ctr:1.0"
        self.events = f"urn:{stem}:iot:events:1.0"
        self.rack = f"urn:{stem}:iot:concentrator:1.0"

    # -- sensor data

    def _values(self, element, wanted, got, errors):
        for one in element:
            if local(one) == "err":
                errors.append("".join(one.itertext()))
                continue
            try:
                value = self.KINDS[local(one)](one.get("v", ""))
            except (KeyError, ValueError):
                continue                # dropped without a word
            if one.get(wanted) in ("true", "1"):
                got[one.get("n", "")] = value

    def _take(self, resp, wanted, got, errors):
        """Is it done?"""
        for one in resp:
            stamps = one if local(one) == "nd" else [one]
            for stamp in stamps:
                if local(stamp) == "ts":
                    _date(stamp.get("v"))
                    self._values(stamp, wanted, got, errors)
        return resp.get("more", "false") not in ("true", "1")

    def _next(self, number):
        def fits(stanza):
            return stanza.tag == CLIENT + "message" and any(
                space(c) == self.sensor and c.get("id") == number for c in stanza)
        stanza = self.who.expect(fits, f"data of {number}")
        return [c for c in stanza if space(c) == self.sensor][0]

    def read(self, full, wanted="m", fields=(), nodes="", **more):
        """RequestReadout: ({name: value}, errors)."""
        number, got, errors = uuid.uuid4().hex, {}, []
        names = "".join(f"<f n={quoteattr(f)}/>" for f in fields)
        answer = self.who.ask(full, "get", f"<req xmlns='{self.sensor}' id='{number}' {wanted}='true'"
                              f"{attributes(**more)}>{nodes}{names}</req>")
        if answer.get("type") == "error":
            raise Fails(answer.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}text").text)
        first = [c for c in answer if local(c) in ("accepted", "started", "resp")]
        if not first or first[0].get("id") != number:
            raise Fails(f"Invalid response to request: {text_of(answer)}")
        done = local(first[0]) == "resp" and self._take(first[0], wanted, got, errors)
        while not done:
            said = self._next(number)
            done = local(said) == "done" or (
                local(said) == "resp" and self._take(said, wanted, got, errors))
        return got, errors

    def subscribe(self, full, inner, **more):
        """Subscribe: its number."""
        number = uuid.uuid4().hex
        answer = self.who.ask(full, "get", f"<subscribe xmlns='{self.events}' id='{number}' m='true'"
                              f"{attributes(**more)}>{inner}</subscribe>")
        first = [c for c in answer if local(c) in ("accepted", "started", "resp")]
        if answer.get("type") == "error" or not first or first[0].get("id") != number:
            raise Fails(text_of(answer))
        return number

    def told(self, number):
        got, errors = {}, []
        self._take(self._next(number), "m", got, errors)
        return got

    def end(self, full, name, number):
        """cancel of a readout, unsubscribe of a subscription: any result will do."""
        where = self.sensor if name == "cancel" else self.events
        return self.who.ask(full, "get", f"<{name} xmlns='{where}' id='{number}'/>").get("type")

    # -- control

    def set(self, full, inner, nodes=""):
        """The parameters that were at fault; none: it is done."""
        answer = self.who.ask(full, "set", f"<set xmlns='{self.control}'>{nodes}{inner}</set>")
        if answer.get("type") == "error":
            error = answer.find(CLIENT + "error")
            return [p.get("n") for p in error if local(p) == "paramError"]
        if len(answer) and answer[0].tag != "{%s}resp" % self.control:
            raise Fails(text_of(answer))
        return []

    def form(self, full, language="de"):
        """GetForm: the first child called x."""
        answer = self.who.ask(full, "get", f"<getForm xmlns='{self.control}' "
                              f"xml:lang='{language}'></getForm>")
        found = [c for c in answer if local(c) == "x"]
        if answer.get("type") == "error" or not found:
            raise Fails(text_of(answer))
        return found[0]

    @staticmethod
    def options(form, name):
        """What its list shows: the labels, with nothing where there is none."""
        field = [f for f in form if local(f) == "field" and f.get("var") == name][0]
        return [o.get("label", "") for o in field if local(o) == "option"]

    def submit(self, full, form, **values):
        """What was edited, and what is neither notSame nor readOnly."""
        x = ET.Element("x", {"xmlns": DATA, "type": "submit"})
        for field in form:
            if local(field) != "field":
                continue
            left = any(local(c) in ("notSame", "readOnly") for c in field)
            name = field.get("var")
            if left and name not in values:
                continue
            one = ET.SubElement(x, "field", {"var": name})
            ET.SubElement(one, "value").text = values.get(
                name, "".join(c.text or "" for c in field if local(c) == "value"))
        return self.set(full, ET.tostring(x, encoding="unicode"))

    # -- nodes behind it

    @staticmethod
    def address(node, source=None, partition=None):
        return attributes(id=node, src=source or None, pt=partition or None)

    def _one(self, full, kind, name, told, element, inner=None):
        """The element inside of a result, in our name space."""
        open_ = f"<{name} xmlns='{self.rack}'{told}"
        answer = self.who.ask(full, kind, open_ + ("/>" if inner is None else f">{inner}</{name}>"))
        if answer.get("type") == "error":
            raise Fails(text_of(answer))
        if len(answer) == 0 or answer[0].tag != element:
            raise Fails(f"no {element} in {text_of(answer)}")
        return answer[0]

    def _rack(self, name):
        return "{%s}%s" % (self.rack, name)

    def capabilities(self, full):
        return [c.text for c in self._one(full, "get", "getCapabilities", "", self._rack("strings"))
                if local(c) == "value"]

    def sources(self, full, name="getRootDataSources", **about):
        return [c.get("src") for c in self._one(full, "get", name, attributes(**about),
                                                self._rack("dataSources"))]

    def contains(self, full, address):
        return _boolean(self._one(full, "get", "containsNode", address, self._rack("bool")).text)

    def contain(self, full, *addresses):
        inner = "".join(f"<nd{a}/>" for a in addresses)
        return [_boolean(c.text) for c in self._one(full, "get", "containsNodes", "",
                                                    self._rack("bools"), inner)]

    def node(self, full, address):
        """{what: value} of one, with its parameters as it reads them."""
        return self._node(self._one(full, "get", "getNode", address +
                                    " parameters='true' messages='true' xml:lang='de'",
                                    self._rack("nodeInfo")))

    @staticmethod
    def _node(element):
        got = {k: _boolean(element.get(k, "false")) for k in (
            "hasChildren", "isReadable", "isControllable", "hasCommands")}
        got["address"] = tuple(element.get(k) for k in ("id", "src", "pt"))
        got["type"], got["parent"] = element.get("nodeType"), element.get("parentId")
        if element.get("state") not in ("None", "Information", "WarningSigned", "WarningUnsigned",
                                        "ErrorSigned", "ErrorUnsigned"):
            raise Fails(f"state {element.get('state')}")
        got["changed"] = _date(element.get("lastChanged"))
        kinds = {"string": str, "double": float, "boolean": _boolean, "int": int, "long": int}
        got["parameters"] = {p.get("id"): kinds[local(p)](p.get("value")) for p in element
                             if local(p) in kinds}
        return got

    def nodes(self, full, name, told, inner=None):
        return [self._node(c) for c in self._one(full, "get", name, told, self._rack("nodeInfos"),
                                                 inner) if local(c) == "nodeInfo"]

    def classes(self, full, address):
        found = self._one(full, "get", "getNodeInheritance", address, self._rack("inheritance"))
        return [v.text for b in found if local(b) == "baseClasses" for v in b if local(v) == "value"]

    def commands(self, full, address):
        return [(c.get("command"), c.get("type")) for c in self._one(
            full, "get", "getNodeCommands", address + " xml:lang='de'", self._rack("commands"))]

    def parameters_of(self, full, address, command):
        return self._one(full, "get", "getCommandParameters", address + attributes(command=command),
                         "{%s}x" % DATA)

    def execute(self, full, address, command):
        return self.who.ask(full, "set", f"<executeNodeCommand xmlns='{self.rack}'{address}"
                            f" xml:lang='de'{attributes(command=command)}/>").get("type")

    def listen(self, full, source, name="subscribe"):
        told = attributes(src=source, ttl="600" if name == "subscribe" else None)
        more = " parameters='true' messages='true'" if name == "subscribe" else ""
        return self.who.ask(full, "set", f"<{name} xmlns='{self.rack}'{told}{more} xml:lang='de'"
                            " nodeMovedUp='false' nodeMovedDown='false'/>").get("type")

    def event(self, name):
        """(node, source, state) of the next one; when it was must be readable."""
        found = self.who.expect(lambda s: s.tag == CLIENT + "message"
                                and s.find(self._rack(name)) is not None, name).find(self._rack(name))
        _date(found.get("ts"))
        return found.get("id"), found.get("src"), found.get("state")


def fails(action, *words):
    """The client's own words for what it did not like."""
    try:
        action()
    except Fails as e:
        if all(word in str(e) for word in words):
            return True
        raise Missing(f"it failed otherwise: {e}") from None
    raise Missing("it did not fail")
