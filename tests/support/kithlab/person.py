# SPDX-License-Identifier: Apache-2.0
"""
person: somebody with a foreign XMPP client (slixmpp): an owner, a stranger, or
a program that plays a thing of another maker stanza by stanza.

What comes in is kept in order in `inbox`; ask(), say() and expect() take from
it.  Nothing is answered by itself unless a habit says so.
"""
import asyncio
import copy
import itertools
import logging
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

logging.getLogger("slixmpp").setLevel(logging.CRITICAL)     # before it warns while loading
logging.getLogger("asyncio").setLevel(logging.CRITICAL)     # of its tasks that outlive the loop

# pylint: disable=wrong-import-position
import slixmpp
from slixmpp.plugins.xep_0077.stanza import RegisterFeature
from slixmpp.stanza import StreamFeatures
from slixmpp.xmlstream import register_stanza_plugin

from .lab import Missing

CLIENT = "{jabber:client}"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


def parse(text):
    """XML text without a default namespace is taken for a stanza of a client."""
    return ET.fromstring(text)


def text_of(element):
    return ET.tostring(element, encoding="unicode")


def shape(element):
    """A comparable form: names, attributes in any order, text, children in order."""
    return (element.tag, tuple(sorted(element.attrib.items())), (element.text or "").strip(),
            tuple(shape(child) for child in element))


def payload(stanza):
    """The only child of an iq, or None."""
    if len(stanza) > 1:
        raise Missing(f"more than one child: {text_of(stanza)}")
    return stanza[0] if len(stanza) else None


def condition(stanza):
    """
    The condition of an error answer, which must hold one <error/> with one
    condition and nothing else; None for a result.
    """
    if stanza.get("type") != "error":
        return None
    if len(stanza) != 1 or stanza[0].tag != CLIENT + "error" or len(stanza[0]) != 1:
        raise Missing(f"an error with more than one condition: {text_of(stanza)}")
    return stanza[0][0].tag.replace("{%s}" % STANZAS, "")


def bare(jid):
    return jid.split("/")[0]


def body(stanza):
    return stanza.findtext(CLIENT + "body")


class Person(slixmpp.ClientXMPP):
    def __init__(self, lab, broker, name, resource="phone", password=None, plugins=()):
        self.lab, self.broker = lab, broker
        self.inbox, self.habits = [], []
        self.counter = itertools.count(1)
        super().__init__(f"{name}@{broker.domain}/{resource}", password or f"{name}-secret-pw")
        self.ca_certs = broker.ca
        self.auto_authorize = None
        for plugin in plugins:
            self.register_plugin(plugin)
        self.me = f"{name}@{broker.domain}"
        self.full = f"{self.me}/{resource}"
        self.add_filter("in", self._in)
        self.trouble = None
        self.online = False
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("failed_all_auth", lambda _: self._failed("cannot log in"))
        self.add_event_handler("disconnected", self._gone)

    # -- coming and going

    async def _signup(self, _features):
        """In-band registration (XEP-0077), before SASL; an account that exists is fine."""
        self.signed_up = self.lab.loop.create_future()
        self.send_raw("<iq type='set' id='signup'><query xmlns='jabber:iq:register'>"
                      f"<username>{self.boundjid.user}</username>"
                      f"<password>{self.password}</password></query></iq>")
        answer = await asyncio.wait_for(self.signed_up, 20)
        if answer.get("type") != "result" and answer.find(".//{%s}conflict" % STANZAS) is None:
            self.trouble = f"in-band registration: {text_of(answer)}"
        return False

    def login(self, register=True, available=True):
        """Opens the account in-band if it is new, and logs in."""
        if register:
            register_stanza_plugin(StreamFeatures, RegisterFeature)
            self.register_feature("register", self._signup, restart=False, order=50)
        self.connect(("127.0.0.1", self.broker.c2s))
        self.lab.wait(lambda: self.online or self.trouble, f"{self.me} to log in")
        if self.trouble:
            raise Missing(f"{self.me}: {self.trouble}")
        if available:
            self.send_raw("<presence/>")
        return self

    async def _started(self, _event):
        await self.get_roster()
        self.online = True

    def _failed(self, why):
        self.trouble = why

    def _gone(self, _event):
        self.online = False

    def logout(self):
        self.disconnect(wait=0.5, ignore_send_queue=True)
        self.lab.wait(lambda: not self.online, f"{self.me} to log out")

    # -- what comes in

    def _in(self, stanza):
        element = copy.deepcopy(stanza.xml)
        if element.get("id") == "signup":
            self.signed_up.set_result(element)
            return None
        if not element.tag.startswith(CLIENT):
            return stanza
        if element.get("from") in (None, self.me, self.full, self.broker.domain) \
                and element.tag == CLIENT + "iq" and not element.get("id", "").startswith("k-"):
            return stanza       # slixmpp's own login and roster
        self.inbox.append(element)
        for habit in self.habits:
            answer = habit(element)
            if answer is not None:
                if answer:
                    self.send_raw(answer)
                return None
        return stanza

    def take(self, match):
        """Remove and return the first stanza that matches; None."""
        for i, stanza in enumerate(self.inbox):
            if match(stanza):
                return self.inbox.pop(i)
        return None

    def expect(self, match, what, seconds=30):
        def look():                     # an Element without children counts as false
            found = self.take(match)
            return found is not None and (found,)
        try:
            return self.lab.wait(look, f"{self.me} to get {what}", seconds)[0]
        except Missing as e:
            raise Missing(f"{e}; it got " + "\n".join(map(text_of, self.inbox[-5:]))) from None

    # -- asking

    def next_id(self):
        return f"k-{next(self.counter)}-{self.lab.secret()[:6]}"

    def post(self, to, kind, inner, id=None):
        """Send an iq and return its id."""
        id = id or self.next_id()
        self.send_raw(f"<iq to={quoteattr(to)} type='{kind}' id={quoteattr(id)}>{inner}</iq>")
        return id

    def answer_to(self, id, to, seconds=30):
        return self.expect(lambda s: s.tag == CLIENT + "iq" and s.get("id") == id
                           and s.get("type") in ("result", "error")
                           and s.get("from") == to, f"the answer to {id}", seconds)

    def ask(self, to, kind, inner, seconds=30):
        """An iq and its answer, from exactly the address that was asked."""
        return self.answer_to(self.post(to, kind, inner), to, seconds)

    def ping(self, to, seconds=30):
        return self.ask(to, "get", "<ping xmlns='urn:xmpp:ping'/>", seconds)

    def message(self, to, inner, kind="chat", id=None):
        self.send_raw(f"<message to={quoteattr(to)} type='{kind}' "
                      f"id={quoteattr(id or self.next_id())}>{inner}</message>")

    def say(self, to, line, seconds=30):
        """Type one line and return the reply, which comes from the same address."""
        id = self.next_id()
        self.message(to, f"<body>{escape(line)}</body>", id=id)
        return body(self.expect(lambda s: self._is_chat(s, to) and self.answers(s) == id,
                                f"a reply to '{line}' from {to}", seconds))

    @staticmethod
    def answers(stanza):
        """The id of the line this line answers; None: nobody asked."""
        mark = stanza.find("{urn:kith:auto:0}auto")
        return None if mark is None else mark.get("re")

    @staticmethod
    def _is_chat(stanza, sender):
        return (stanza.tag == CLIENT + "message" and bare(stanza.get("from", "")) == sender
                and stanza.get("type") != "error" and body(stanza) is not None)

    def hear(self, sender, what="a line", seconds=30, words=()):
        """The next chat line from a bare address that has all these words."""
        def fits(stanza):
            return (self._is_chat(stanza, sender) and self.answers(stanza) is None
                    and all(word.lower() in body(stanza).lower() for word in words))
        return body(self.expect(fits, f"{what} from {sender}", seconds))

    def nothing(self, match, what, to):
        """
        Nothing that matches has come by the time `to` answers two pings: what
        it sends because of something earlier arrives before that.
        """
        self.ping(to)
        self.ping(to)
        found = self.take(match)
        if found is not None:
            raise Missing(f"{self.me} got {what}: {text_of(found)}")

    def presence(self, to, kind=None):
        self.send_raw(f"<presence to={quoteattr(to)}" + (f" type='{kind}'/>" if kind else "/>"))

    def expect_presence(self, sender, *kinds, seconds=30):
        """The next presence of one of these types ('available': none)."""
        return self.expect(lambda s: s.tag == CLIENT + "presence"
                           and bare(s.get("from", "")) == sender
                           and s.get("type", "available") in kinds,
                           f"presence {'/'.join(kinds)} of {sender}", seconds)

    def expect_push(self, name, namespace, sender, seconds=30):
        """An iq set that holds one element; not answered yet."""
        return self.expect(lambda s: s.tag == CLIENT + "iq" and s.get("type") == "set"
                           and s.get("from") == sender and len(s)
                           and s[0].tag == "{%s}%s" % (namespace, name), f"push {name}", seconds)

    def result(self, request, inner=""):
        self.send_raw(f"<iq type='result' to={quoteattr(request.get('from'))} "
                      f"id={quoteattr(request.get('id'))}>{inner}</iq>")
