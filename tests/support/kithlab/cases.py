# SPDX-License-Identifier: Apache-2.0
"""
cases: short conversations with golden stanzas, one named case per rule, kept in
tests/scenario/cases/*.case and played against a real broker and kithd.

    def registered                      lines that several cases begin with
    > thing set
        <register xmlns='{D}'>{tags}</register>
    < thing result

    == XEP-0347 3.6: a thing registers  a case; "{gen}" in its title is filled in
    each gen=X,I,N,NFI vocab=long,short once for every combination; a value may hold words
                                        in braces, and "~" in it is a blank
    do registered
    > owner set                         an iq with this payload to the registry
        <mine xmlns='{D}'>{tags}</mine>
    < owner result                      exactly this payload; none: an empty result
        <claimed xmlns='{D}' jid='{thing}' public='true'/>
    < owner error item-not-found        exactly one error with one condition
    < thing push                        an iq set of the registry, answered with a result
        <claimed xmlns='{D}' jid='{owner}' public='true'/>
    < thing message                     its payload
    < thing presence subscribe          from the registry
    > thing presence subscribe
    nothing thing push                  none has come by the time two pings are answered
    nothing owner question {bob}        none with these words
    drops thing push                    those that have come so far are forgotten
    says owner things                   a line to the desk; its reply holds these pieces,
        lamp                            and none that stands behind a "!"
        !KEY
    hears owner lamp                    an unasked line that holds these words
    leaves thing / returns thing        log out, log in again with another resource
    restart                             kithd stops and starts

    certificate portal                  {der} is that of this holder
    token portal one                    he gets one for it: {one}, and {one_name} in public
    has portal one                      that which he got in an earlier case
    < thing challenge portal            an iq get with this payload; {solved} is what his key
        <tokenChallenge ...>            makes of it
    > thing response                    the result of that iq, with this payload
    keeps user userToken                {user} is this attribute of the latest answer
    long text 9000 A                    {text} is so many of them
    policy                              the operator's: these lines are its next version
        allow anyone to access lamp
    ctl role list                       kithctl; what it prints holds these pieces, none "!"
        family

    shared thing rack                   at the top of a file: one account for all its cases,
                                        which answers pushes by itself
    holders portal                      the same, with a certificate and its key
    def once                            played before the first case
    def before                          played before each case

Words in braces, "{<what>}" the word whose name is the word `what`: {D} {P} {O} {T}
the namespaces of the generation (discovery, provisioning of a device, of an owner, tokens), {node} {src} {pt} {nd} {f} {n} {m} names
of the vocabulary, {gnode} {gsrc} {gpt} those that are usual in the generation, {thing} and every other actor's bare JID, {registry} {desk}
{domain}, {sn} {key} {tags} {uri} of the case.  The value "*" in an expected
attribute stands for any, as text for any but none.  Actors are new accounts in every case; `owner` and
`other` are shared by all cases of a file unless the case says "fresh owner".
"""
import base64
import copy
import itertools
import re
import textwrap
import urllib.parse

from .desk import Owner, is_question
from .dialect import GENERATIONS, VOCABULARIES, tags
from .holder import Holder, b64
from .lab import Missing
from .person import CLIENT, bare, body, condition, parse, text_of

SHARED = ("owner", "other")


class Line:
    def __init__(self, number, text):
        self.number = number
        self.words = text.split()
        self.text = text
        self.block = []         # indented lines below it

    def inner(self):
        return "".join(line.strip() for line in self.block)


class Case:
    def __init__(self, title):
        self.title, self.each, self.fresh, self.lines = title, [], set(), []

    def variants(self):
        """[{name: value}], one for each time it is played."""
        names = [name for name, _ in self.each]
        for values in itertools.product(*(v for _, v in self.each)):
            yield dict(zip(names, values))


def read(path):
    """(definitions, cases) of one file."""
    definitions, cases, into = {"shared": [], "holders": []}, [], None
    with open(path, encoding="utf-8") as f:
        for number, raw in enumerate(f, 1):
            text = raw.rstrip()
            if not text or text.startswith("#"):
                continue
            if raw[0] in " \t":
                into[-1].block.append(text)
            elif text.startswith("def "):
                into = definitions.setdefault(text[4:].strip(), [])
            elif text.startswith(("shared ", "holders ")):
                kind, *names = text.split()
                definitions["shared"] += names
                definitions[kind] += names if kind == "holders" else []
            elif text.startswith("== "):
                cases.append(Case(text[3:]))
                into = cases[-1].lines
            elif text.startswith("each "):
                for pair in text.split()[1:]:
                    name, values = pair.split("=", 1)
                    cases[-1].each.append((name, values.replace("~", " ").split(",")))
            elif text.startswith("fresh "):
                cases[-1].fresh.update(text.split()[1:])
            else:
                into.append(Line(number, text))
    return definitions, cases


def fits(got, expected):
    """The same element: name, attributes, text, children in their order."""
    if got.tag != expected.tag or (got.text or "") not in \
            ([expected.text or ""] if expected.text != "*" else [got.text]):
        return False
    if set(got.attrib) != set(expected.attrib) or len(got) != len(expected):
        return False
    if any(value not in ("*", got.get(name)) for name, value in expected.attrib.items()):
        return False
    return all(fits(a, b) for a, b in zip(got, expected))


class Play:
    """One variant of one case."""

    def __init__(self, stage, definitions, case, variant, serial):
        self.stage, self.definitions, self.case = stage, definitions, case
        self.home = stage.home
        self.variant, self.serial = variant, serial
        self.actors = {}
        self.posted = {}
        self.latest = self.challenge = None
        gen = GENERATIONS[variant.get("gen", "X")]
        usual = VOCABULARIES["long" if gen.name == "X" else "short"]
        vocab = VOCABULARIES[variant.get("vocab", usual.name)]
        sn, key = f"SN-{stage.name}-{serial}", self.home.lab.secret()
        self.words = {
            "D": gen.disco, "P": gen.device, "O": gen.owner, "gen": gen.name,
            "T": gen.device.replace(":d:", ":t:"),
            "vocab": vocab.name, "node": vocab.node, "src": vocab.source, "pt": vocab.partition,
            "nd": vocab.node_tag, "f": vocab.field_tag, "n": vocab.field_attr,
            "gnode": usual.node, "gsrc": usual.source, "gpt": usual.partition,
            "m": vocab.momentary, "registry": self.home.jid, "desk": self.home.desk,
            "domain": self.home.domain, "sn": sn, "key": key, "tags": tags(sn, key),
            "case": f"c{serial}", "kind": "set",
            "uri": f"iotdisco:SN={sn};MAN=acme.example;MODEL=Probe;#V=1.2;KEY={key};"
                   f"R={self.home.jid}",
            **variant,
        }

    def title(self):
        return self.fill(self.case.title)

    def fill(self, text):
        def one(found):
            name = found[1]
            if name.startswith("%"):
                return urllib.parse.quote(self.fill("{" + name[1:] + "}"), safe="")
            if name in self.variant:
                return self.fill(self.variant[name])
            if name in self.words:
                return self.words[name]
            if name.endswith("/"):
                return self.actor(name[:-1]).full
            return self.address(name)
        text = re.sub(r"\{<(\w+)>\}", lambda found: "{" + self.words[found[1]] + "}", text)
        return re.sub(r"\{(%?[a-z_A-Z0-9]+/?)\}", one, text)

    def is_shared(self, name):
        return ((name in SHARED and name not in self.case.fresh)
                or name in self.definitions["shared"])

    def address(self, name):
        """Its bare JID; asking for it makes nobody log in."""
        return f"{self.account(name)}@{self.home.domain}"

    def account(self, name):
        if self.is_shared(name):
            return f"{name}-{self.stage.name}"
        return f"{name}-{self.stage.name}-{self.serial}"

    def actor(self, name):
        if self.is_shared(name):
            return self.stage.shared(name, self.account(name),
                                     answers=name in self.definitions["shared"],
                                     holds=name in self.definitions["holders"])
        if name not in self.actors:
            self.actors[name] = self.stage.login(self.account(name), "r1")
        return self.actors[name]

    # -- the statements

    def run(self, lines=None):
        for line in self.case.lines if lines is None else lines:
            try:
                getattr(self, {">": "send", "<": "expect"}.get(line.words[0], line.words[0]))(line)
            except Missing as e:
                raise Missing(f"line {line.number}: {line.text}: {e}") from None
            except AssertionError as e:
                raise AssertionError(f"line {line.number}: {line.text}: {e}") from None

    def do(self, line):
        self.run(self.definitions[self.fill(" ".join(line.words[1:]))])

    def let(self, line):
        """let NAME value; or the lines below, as one word"""
        value = line.inner() or line.text.split(None, 2)[2]
        self.words[line.words[1]] = self.fill(value)

    def send(self, line):
        actor, kind = self.actor(line.words[1]), self.fill(line.words[2])
        inner = self.fill(line.inner())
        if kind == "presence":
            actor.presence(self.home.jid, line.words[3] if len(line.words) > 3 else None)
        elif kind == "message":
            actor.message(self.home.jid, inner, kind="normal")
        elif kind == "raw":
            actor.send_raw(inner)
        elif kind == "response":
            actor.result(self.challenge, inner)
        else:
            to = self.fill(line.words[3]) if len(line.words) > 3 else self.home.jid
            actor.inbox[:] = [s for s in actor.inbox if s.get("id") != self.posted.get(actor)]
            self.posted[actor] = actor.post(to, kind, inner)
            actor.asked = to

    def expect(self, line):
        actor, kind = self.actor(line.words[1]), line.words[2]
        getattr(self, "expect_" + kind)(actor, line)

    def expect_result(self, actor, line):
        answer = actor.answer_to(self.posted[actor], actor.asked)
        if answer.get("type") != "result":
            raise AssertionError(f"it is {text_of(answer)}")
        self.compare(answer, line)
        self.latest = answer

    def expect_error(self, actor, line):
        answer = actor.answer_to(self.posted[actor], actor.asked)
        got = condition(answer)
        if got != line.words[3]:
            raise AssertionError(f"it is {text_of(answer)}")
        if len(line.words) > 4 and answer[0].get("type") != line.words[4]:
            raise AssertionError(f"its type is {answer[0].get('type')}")

    def compare(self, stanza, line):
        expected = self.fill(line.inner())
        if not expected:
            if len(stanza):
                raise AssertionError(f"it is not empty: {text_of(stanza)}")
            return
        if len(stanza) != 1 or not fits(stanza[0], parse(expected)):
            raise AssertionError(f"it is {text_of(stanza)}, not {expected}")

    def is_push(self, stanza):
        return self.stage.is_push(stanza)

    def expect_push(self, actor, line):
        """< thing push [unanswered | refused CONDITION]"""
        push = actor.expect(self.is_push, "a push")
        self.compare(push, line)
        how = line.words[3] if len(line.words) > 3 else "answered"
        if how == "answered":
            actor.result(push)
        elif how == "refused":
            actor.send_raw(f"<iq type='error' to='{push.get('from')}' id='{push.get('id')}'>"
                           f"<error type='cancel'><{self.fill(line.words[4])} "
                           "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")

    def expect_challenge(self, actor, line):
        self.challenge = actor.expect(self.stage.is_asked, "a challenge")
        self.compare(self.challenge, line)
        said = base64.b64decode(self.challenge[0].text)
        self.words["solved"] = b64(self.actor(line.words[3]).solve(b"use", said))

    def expect_message(self, actor, line):
        """Its children that are not a body, a mark or a hint."""
        wanted = parse(self.fill(line.inner()))
        whom = {k: v for k, v in wanted.attrib.items() if k in ("jid", "remoteJid")}
        found = actor.expect(lambda s: s.tag == CLIENT + "message"
                             and bare(s.get("from", "")) == self.home.jid
                             and any(child.tag == wanted.tag
                                     and whom.items() <= child.attrib.items() for child in s),
                             f"a message with {wanted.tag} about {whom}")
        if not any(fits(child, wanted) for child in found):
            raise AssertionError(f"it is {text_of(found)}")

    def expect_presence(self, actor, line):
        actor.expect_presence(self.home.jid, line.words[3])

    def drops(self, line):
        actor = self.actor(line.words[1])
        actor.inbox[:] = [s for s in actor.inbox if not self.is_push(s)]

    def nothing(self, line):
        """nothing ACTOR push | presence | question | message [WORD...]"""
        actor = self.actor(line.words[1])
        kinds = {
            "push": self.is_push,
            "challenge": self.stage.is_asked,
            "presence": lambda s: (s.tag == CLIENT + "presence"
                                   and bare(s.get("from", "")) == self.home.jid),
            "question": lambda s: is_question(str(body(s))),
            "message": lambda s: (s.tag == CLIENT + "message"
                                  and bare(s.get("from", "")) in (self.home.jid, self.home.desk)),
        }
        kind, words = kinds[line.words[2]], [self.fill(w).lower() for w in line.words[3:]]
        actor.nothing(lambda s: kind(s) and all(w in str(body(s)).lower() for w in words),
                      f"a {line.words[2]}", self.home.jid)

    def says(self, line):
        actor = self.actor(line.words[1])
        reply = actor.desk(self.fill(line.text.split(None, 2)[2]))
        found = re.search(r"\b[yY]es[ \t]+([A-Z2-7]{4}-[A-Z2-7]{4})", reply)
        if found:
            self.words["code"] = found[1]
        self.holds(line, reply)

    def holds(self, line, reply):
        for piece in textwrap.dedent("\n".join(line.block)).splitlines():
            piece = self.fill(piece.strip())
            absent = piece.startswith("!")
            if (piece.lstrip("!").lower() in reply.lower()) == absent:
                raise AssertionError(f"the reply is: {reply}")

    def hears(self, line):
        actor = self.actor(line.words[1])
        text = actor.hear(self.home.desk, "a line", words=[self.fill(w) for w in line.words[2:]])
        found = re.search(r"\b[yY]es[ \t]+([A-Z2-7]{4}-[A-Z2-7]{4})", text)
        if found:
            self.words["code"] = found[1]

    def leaves(self, line):
        self.actor(line.words[1]).logout()

    def returns(self, line):
        name = line.words[1]
        before = self.actor(name)
        number = int(before.full.rsplit("/r", 1)[1]) + 1
        back = self.stage.login(self.account(name), f"r{number}")
        self.posted.pop(before, None)
        if self.is_shared(name):
            self.stage.people[name] = back
        else:
            self.actors[name] = back

    def certificate(self, line):
        self.words["der"] = b64(self.actor(line.words[1]).der)

    def token(self, line):
        holder = self.actor(line.words[1])
        holder.ns = self.words["T"]
        if holder.get_token() is not None:
            raise AssertionError("there is none")
        self.has(line)

    def has(self, line):
        holder, name = self.actor(line.words[1]), line.words[2]
        self.words[name], self.words[name + "_name"] = holder.token, holder.name

    def keeps(self, line):
        self.words[line.words[1]] = self.latest[0].get(line.words[2])

    def long(self, line):
        self.words[line.words[1]] = int(self.fill(line.words[2])) * line.words[3]

    def policy(self, line):
        text = self.fill("".join(l.strip() + "\n" for l in line.block)) + "end\n"
        self.home.kithd.ctl("policy", "load", self.home.lab.write("case.policy", text))

    def ctl(self, line):
        self.holds(line, self.home.kithd.ctl(*self.fill(" ".join(line.words[1:])).split()))

    def restart(self, _line):
        self.home.kithd.restart()

    def close(self):
        for person in self.actors.values():
            if person.online:
                person.logout()


class Stage:
    """One file of cases in one home."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        self.people = {}

    def is_push(self, stanza):
        return (stanza.tag == CLIENT + "iq" and stanza.get("type") == "set"
                and stanza.get("from") == self.home.jid)

    def is_asked(self, stanza):
        return (stanza.tag == CLIENT + "iq" and stanza.get("type") == "get"
                and stanza.get("from") == self.home.jid)

    def login(self, account, resource, answers=False, holds=False):
        """Whoever plays here answers a push only where the case says so."""
        person = Holder(self.home, account, "ec", resource=resource) if holds else \
            Owner(self.home, account, resource=resource)

        def habit(stanza):
            if self.is_asked(stanza):
                return ""
            if not self.is_push(stanza):
                return None
            return f"<iq type='result' to='{self.home.jid}' id='{stanza.get('id')}'/>" \
                if answers else ""
        person.habits.append(habit)
        return person.login()

    def shared(self, name, account, answers, holds=False):
        if name not in self.people:
            self.people[name] = self.login(account, "r1", answers, holds)
        return self.people[name]

    def plays(self, path, only=""):
        definitions, cases = read(path)
        serials = itertools.count(1)
        first = Case("before the first case")
        first.lines = definitions.get("once", [])
        if first.lines:
            yield Play(self, definitions, first, {}, next(serials))
        for case in cases:
            for variant in case.variants():
                play = Play(self, definitions, case, variant, next(serials))
                if only.lower() in play.title().lower():
                    if "before" in definitions:
                        play.case = copy.copy(case)
                        play.case.lines = definitions["before"] + case.lines
                    yield play

    def close(self):
        for person in self.people.values():
            if person.online:
                person.logout()
