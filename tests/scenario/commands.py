# SPDX-License-Identifier: Apache-2.0
"""
The owner's desk by ad-hoc commands and data forms (XEP-0050, XEP-0004), with a
client that knows them (slixmpp): a thing's life from claim to disown, whose a
session is, and the same question settled by each of the three ways to answer.
"""
import asyncio
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from slixmpp.exceptions import IqError

from kithlab.desk import Owner
from kithlab.dialect import SmackThing, WaherThing, element, tags
from kithlab.person import CLIENT, bare, body, condition, payload
from kithlab.story import Story, contains, same

COMMANDS = "http://jabber.org/protocol/commands"
PLUGINS = ("xep_0004", "xep_0030", "xep_0050")


class Step:
    """What came back: a form, a note, or a condition."""

    def __init__(self, iq):
        command = iq["command"]
        self.session, self.status = command["sessionid"], command["status"]
        self.actions = command["actions"]
        self.form = command["form"]
        self.note = "\n".join(text for _kind, text in command["notes"])
        self.kind = command["notes"][0][0] if command["notes"] else None

    def options(self, var):
        return {o["label"]: o["value"] for o in self.form.get_fields()[var].get_options()}

    def option(self, var, piece):
        found = [v for label, v in self.options(var).items() if piece in label]
        same((piece, len(found)), (piece, 1))
        return found[0]

    def rows(self):
        return [{var: (v[0] if isinstance(v, list) else v) for var, v in row.items()}
                for row in self.form.get_items()]


class Commander(Owner):
    """An owner whose client knows commands."""

    def __init__(self, home, name, **more):
        super().__init__(home, name, plugins=PLUGINS, **more)
        self.to = home.desk

    def run(self, coroutine):
        return self.lab.loop.run_until_complete(asyncio.wait_for(coroutine, 30))

    def commands(self, to=None):
        found = self.run(self["xep_0030"].get_items(jid=to or self.to, node=COMMANDS))
        return {node: name for _jid, node, name in found["disco_items"]["items"]}

    def info(self, node=None, to=None):
        return self.run(self["xep_0030"].get_info(jid=to or self.to, node=node))["disco_info"]

    def step(self, node, session=None, action="execute", to=None, **values):
        form = None
        if values:
            form = self["xep_0004"].make_form(ftype="submit")
            for var, value in values.items():
                form.add_field(var=var, value=value)
        return Step(self.run(self["xep_0050"].send_command(
            to or self.to, node, action=action, payload=form, sessionid=session)))

    def fails(self, node, **more):
        """The conditions of the error that this step is answered with."""
        try:
            step = self.step(node, **more)
        except IqError as e:
            return [child.tag.rsplit("}", 1)[1] for child in e.iq.xml.find(f"{CLIENT}error")]
        raise AssertionError(f"it was done: {step.status} {step.note}")

    def done(self, node, session, **values):
        step = self.step(node, session, "complete", **values)
        same(step.status, "completed")
        return step


def registered(home, name):
    thing = WaherThing(home.lab, home.broker, name, home.jid).login()
    same(condition(thing.register()), None)
    return thing


def label(thing):
    return f"IoTDisco;SN:{thing.serial};MAN:acme.example;MODEL:Probe;#V:1.2;KEY:{thing.key}"


def what_there_is(story, home, owner):
    for where in (home.desk, home.jid):
        with story.check(f"{bare(where)} says that it has commands and forms"):
            features = owner.info(to=where)["features"]
            assert {COMMANDS, "jabber:x:data"} <= set(features), features
        with story.check(f"{bare(where)} lists what somebody without things may use"):
            found = owner.commands(where)
            assert "claim" in found and "disown" not in found, found
            same(owner.info("claim", where)["identities"],
                 {("automation", "command-node", None, found["claim"])})
    with story.check("what he may not use is refused, what there is not is not found"):
        contains(owner.fails("things")[0], "forbidden")
        same(owner.fails("frobnicate"), ["item-not-found"])


def a_life(story, home, owner, bob):
    with story.step("claim: a form, then the text of the thing, then it is his"):
        thing = registered(home, "meter")
        step = owner.step("claim")
        same((step.status, step.actions), ("executing", {"complete"}))
        step = owner.done("claim", step.session, text=label(thing))
        contains(step.note, thing.serial, "yours")
        same(thing.pushed("claimed")[0].get("jid"), owner.me)
    with story.check("claim: a second one is made field by field, at the component's address"):
        other = registered(home, "other")
        step = owner.step("claim", to=home.jid)
        step = owner.step("claim", step.session, "complete", to=home.jid, SN=other.serial,
                          MAN="acme.example", MODEL="Probe", V="1.20", KEY=other.key)
        contains(step.note, other.serial)
    with story.check("claim: a wrong text says the same as in chat, and the form can be mended"):
        step = owner.step("claim")
        step = owner.step("claim", step.session, "complete", text="hello")
        same((step.status, step.kind), ("executing", "error"))
        step = owner.done("claim", step.session, text=label(other).replace("SN-", "SN:"))
        same(step.kind, "error")
    with story.check("things: all in a table, or one to go on with"):
        step = owner.step("things")
        same(set(step.actions), {"complete", "next"})
        table = owner.step("things", step.session, "complete")
        same(sorted(row["name"] for row in table.rows()), sorted([thing.serial, other.serial]))
        step = owner.step("things")
        step = owner.step("things", step.session, "next",
                          thing=step.option("thing", thing.serial))
        step = owner.step("things", step.session, "next", do="show")
        same(step.status, "completed")
        contains(step.note, thing.serial, thing.me)
    with story.step("questions: what waits is a list; yes makes a rule"):
        same(thing.is_friend(bob.me).get("result"), "false")
        owner.question_text(bob.me)
        step = owner.step("questions")
        asked = step.option("question", bob.me)
        step = owner.done("questions", step.session, question=asked, answer="yes")
        contains(step.note, "allow", bob.me)
        same(thing.is_friend(bob.me).get("result"), "true")
        contains(owner.step("questions").note, "nothing")
    with story.check("rules: listed, and one is taken away"):
        step = owner.step("rules")
        step = owner.step("rules", step.session, "next", do="rules-list")
        rule = next(row for row in step.rows() if bob.me in row["rule"])
        step = owner.step("rules")
        step = owner.step("rules", step.session, "next", do="forget")
        owner.done("rules", step.session, rule=rule["number"])
        same(thing.is_friend(bob.me).get("result"), "false")
    with story.check("rules: one is made from a form"):
        step = owner.step("rules")
        step = owner.step("rules", step.session, "next", do="rule")
        step = owner.done("rules", step.session, effect="allow", who=bob.me, may="read",
                          name="Temp", thing=step.option("thing", thing.serial))
        contains(step.note, f'allow {bob.me} to read "temp"')
        same(payload(thing.ask(home.jid, "get", element(
            "canRead", thing.gen.device, "<f n='Temp'/>", jid=bob.me, m="true")))
            .get("result"), "true")
    with story.check("rules: the form knows kinds, values, hours, days and leases"):
        step = owner.step("rules")
        step = owner.step("rules", step.session, "next", do="rule")
        step = owner.done("rules", step.session, effect="allow", who=bob.me, may="control",
                          name="Dim", values="from 0 to 50", thing=step.option("thing", thing.serial),
                          daily="07:00-22:00", days="mon-fri", lease="5m")
        contains(step.note, "from 0 to 50", "daily 07:00-22:00", "on mon-fri", "lease 5m")
        contains(owner.desk("undo"), "Taken back")
    with story.step("name: it is called so from then on, in chat as well"):
        step = owner.step("name")
        step = owner.step("name", step.session, "next",
                          thing=step.option("thing", thing.serial))
        owner.done("name", step.session, name="hall meter")
        contains(owner.desk("show hall meter"), thing.me)
    return thing, other


def a_session_is_his(story, owner, bob, laptop, thing):
    def at_the_last_step():
        step = owner.step("name")
        return owner.step("name", step.session, "next",
                          thing=step.option("thing", "hall meter")).session

    with story.check("att-H-11: a session is worth nothing to anybody else"):
        session = at_the_last_step()
        for who in (bob, laptop):
            known = who.fails("name", session=session, action="complete", name="stolen")
            assert known in (["bad-request", "bad-sessionid"], ["forbidden"]), known
        same(owner.fails("disown", session=session, action="complete"),
             ["bad-request", "bad-sessionid"])
        contains(owner.desk("show hall meter"), thing.me)
    with story.check("att-H-11: it is used once, and not after it was cancelled"):
        owner.done("name", session, name="hall meter")
        same(owner.fails("name", session=session, action="complete", name="again"),
             ["bad-request", "bad-sessionid"])
        session = at_the_last_step()
        same(owner.step("name", session, "cancel").status, "canceled")
        same(owner.fails("name", session=session, action="complete", name="x"),
             ["bad-request", "bad-sessionid"])
    with story.check("att-H-11: no stage is skipped, and unknown actions are malformed"):
        session = owner.step("name").session
        same(owner.fails("name", session=session, action="complete", name="x"),
             ["bad-request", "bad-action"])
        same(owner.fails("name", session=session, action="leap"),
             ["bad-request", "malformed-action"])
    with story.check("somebody else's thing cannot be chosen"):
        step = owner.step("show")
        step = owner.step("show", step.session, "complete", thing="00" * 16)
        same((step.status, step.kind), ("executing", "error"))


def going_away(story, owner, bob, thing, other):
    with story.check("transfer: it is shown first, and cancelled it is not done"):
        step = owner.step("transfer")
        step = owner.step("transfer", step.session, "next",
                          thing=step.option("thing", "hall meter"))
        step = owner.step("transfer", step.session, "complete", who=bob.me)
        same((step.status, step.kind), ("executing", "warn"))
        contains(step.note, bob.me)
        same(owner.step("transfer", step.session, "cancel").status, "canceled")
        contains(owner.desk("show hall meter"), thing.me)
        assert "hall meter" not in bob.desk("things")
    with story.check("disown: back, and on again, and done: the thing is told"):
        step = owner.step("disown")
        step = owner.step("disown", step.session, "next",
                          thing=step.option("thing", "hall meter"))
        step = owner.step("disown", step.session, "complete", offline="0")
        same((step.status, step.kind), ("executing", "warn"))
        assert "prev" in step.actions, step.actions
        step = owner.step("disown", step.session, "prev")
        step = owner.step("disown", step.session, "complete", offline="0")
        owner.post(owner.to, "set", element(
            "command", COMMANDS, node="disown", sessionid=step.session, action="complete"),
            id="k-disown")
        thing.pushed("disowned")
        owner.hear(owner.home.desk, "that it has let go", words=("let go",))
        contains(owner.desk("things"), other.serial)
        assert "hall meter" not in owner.desk("things")


def three_ways(story, home, owner, bob):
    """One question, three ways to answer it; the other two hear that it is settled."""
    def asked(kind, name):
        thing = kind(home.lab, home.broker, name, home.jid).login()
        same(condition(thing.register()), None)
        contains(owner.desk(f"claim {label(thing)}"), thing.serial)
        same(thing.is_friend(bob.me).get("result"), "false")
        return thing, owner.question(bob.me, thing.me)

    def rule_by_iq(thing, key):
        answer = owner.ask(home.jid, "set", element(
            "isFriendRule", thing.gen.owner, jid=thing.me, remoteJid=bob.me, key=key,
            result="true"))
        same(condition(answer), None)

    def by_chat(_thing, code):
        contains(owner.desk(f"yes {code}"), "allow", bob.me)

    def by_command(_thing, code):
        step = owner.step("questions")
        assert code in step.options("question").values(), step.options("question")
        contains(owner.done("questions", step.session, answer="yes", question=code).note,
                 "allow", bob.me)

    def by_iq(thing, _code):
        rule_by_iq(thing, "unknown")

    def by_iq_as_asked(thing, _code):
        message = owner.expect(lambda s: s.tag == CLIENT + "message" and len(s)
                               and s[0].tag == "{%s}isFriend" % thing.gen.owner
                               and s[0].get("jid") == thing.me, "the question as data")
        same((message.get("from"), message[0].get("remoteJid")), (home.jid, bob.me))
        rule_by_iq(thing, message[0].get("key"))
        rule_by_iq(thing, message[0].get("key"))    # clients repeat what was not answered

    def settled(thing, code):
        """No other way has it open, and none of them undoes what was said."""
        step = owner.step("questions")
        if step.status != "completed":
            assert code not in step.options("question").values()
            again = owner.step("questions", step.session, "complete", question=code,
                               answer="no")
            same((again.status, again.kind), ("executing", "error"))
        reply = owner.desk(f"no {code}")
        assert "deny" not in reply and "open" in reply, reply
        same(thing.is_friend(bob.me).get("result"), "true")
        rules = [line for line in owner.desk(f"rules of {thing.serial}").splitlines()
                 if bob.me in line]
        same(len(rules), 1)

    for title, kind, way in (
            ("by chat", WaherThing, by_chat), ("by command", SmackThing, by_command),
            ("by iq", WaherThing, by_iq), ("by iq, as it was asked", WaherThing, by_iq_as_asked),
            ("by iq of the XEP", SmackThing, by_iq)):
        with story.check(f"a question answered {title} is settled for the other ways"):
            thing, code = asked(kind, "q" + title.replace(" ", "").replace(",", ""))
            way(thing, code)
            same(thing.is_friend(bob.me).get("result"), "true")
            settled(thing, code)
            thing.logout()


def three_claims(story, home, owner):
    """What is claimed by iq is what is claimed by a form or a line."""
    def by_iq(kind, thing):
        answer = owner.ask(home.jid, kind, element("mine", thing.gen.disco, tags(
            thing.serial, thing.key), public="false"))
        same(payload(answer).get("jid"), thing.me)

    def by_form(thing):
        step = owner.step("claim")
        contains(owner.done("claim", step.session, text=label(thing)).note, thing.serial)

    ways = {"Smack's iq": (SmackThing, lambda thing: by_iq("get", thing)),
            "Waher's iq": (WaherThing, lambda thing: by_iq("set", thing)),
            "a form": (SmackThing, by_form),
            "a line": (WaherThing, lambda thing: contains(
                owner.desk(f"claim {label(thing)}"), thing.serial))}
    for number, (name, (kind, way)) in enumerate(ways.items()):
        with story.check(f"claimed by {name}: his in the same way, and the same said twice"):
            thing = kind(home.lab, home.broker, f"c{number}", home.jid).login()
            same(condition(thing.register()), None)
            way(thing)
            push = thing.pushed("claimed")[0]
            same((push.get("jid"), push.get("public")), (owner.me, "false"))
            way(thing)
            step = owner.step("things")
            rows = owner.step("things", step.session, "complete").rows()
            same([row["address"] for row in rows if row["name"] == thing.serial], [thing.me])
            thing.logout()


def main():
    with Story("the owner's desk by commands and forms") as story:
        home = story.home()
        owner = Commander(home, "owner").login()
        bob = Commander(home, "bob").login()
        laptop = Commander(home, "owner", resource="laptop", password="owner-secret-pw")
        laptop.login(register=False)
        what_there_is(story, home, owner)
        thing, other = a_life(story, home, owner, bob)
        a_session_is_his(story, owner, bob, laptop, thing)
        three_claims(story, home, owner)
        three_ways(story, home, owner, bob)
        going_away(story, owner, bob, thing, other)


main()
