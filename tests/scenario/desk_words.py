# SPDX-License-Identifier: Apache-2.0
"""
The owner's desk: every word, and what the desk must not obey: lines that were
not typed now, by this person, to it alone.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from xml.sax.saxutils import escape

from kithlab.desk import Owner, code_in, is_question
from kithlab.dialect import WaherThing, element
from kithlab.person import CLIENT, body, payload
from kithlab.story import Story, contains, same

AUTO = "<auto xmlns='urn:kith:auto:0'/>"
QUESTION = "<isFriend xmlns='urn:nf:iot:prov:d:1.0' jid='{}'/>"


def said(owner, inner, kind="chat"):
    """Send a message of any form to the desk; what it says back or None."""
    owner.inbox.clear()
    owner.message(owner.home.desk, inner, kind)
    # An answer to it would come before the answers to these.
    owner.ping(owner.home.jid)
    owner.ping(owner.home.jid)
    found = owner.take(lambda s: s.tag == CLIENT + "message" and body(s) is not None)
    return None if found is None else body(found)


def words(story, owner, bob, thing):
    name = thing.serial
    with story.check("help lists the words"):
        contains(owner.desk("help"), "claim", "things", "show", "rules", "why", "forget")
    with story.check("case, blanks, no-break spaces and typographic quotes do not matter"):
        contains(owner.desk("  HeLP "), "claim")
        contains(owner.desk(f"Allow\u00a0{bob.me} to read \u201cTemp\u201d of {name.upper()}"),
                 "temp")
    with story.check("rules numbers them; forget takes one; it is gone"):
        rules = owner.desk("rules")
        number = owner.rule_number(rules, "Temp")
        contains(owner.desk(f"forget {number}"), number)
        assert "Temp" not in owner.desk("rules")
        contains(owner.desk(f"forget {number}"), number)
    with story.check("a rule with a time limit is printed with its end"):
        contains(owner.desk(f"allow {bob.me} to control \"Output\" of {name} for 2 h"), "until")
    with story.check("a line that is no rule says what was expected, and makes none"):
        before = owner.desk("rules")
        owner.desk(f"allow {bob.me} to frobnicate {name}")
        owner.desk("allow")
        same(owner.desk("rules"), before)
    with story.check("why explains an answer of the machine"):
        contains(owner.desk(f"why {name} {bob.me} control Output"), "allow")
        contains(owner.desk(f"why {name} {bob.me} read Secret"), "ask")
    with story.check("show and things tell only what is the owner's"):
        contains(owner.desk("things"), name)
        assert name not in bob.desk("things")
        assert name not in bob.desk(f"show {name}")
    with story.check("who owns nothing cannot make rules for somebody else's thing"):
        bob.desk(f"allow {bob.me} to read of {name}")
        contains(owner.desk(f"why {name} {bob.me} read Secret"), "ask")
    with story.check("an unknown word is answered once, not by silence and not twice"):
        contains(bob.desk("xyzzy"), "help")
        same(said(bob, "<body>xyzzy</body>"), None)


def answers(story, owner, bob, thing):
    def question():
        answer = payload(thing.ask(owner.home.jid, "get", QUESTION.format(bob.me)))
        same(answer.get("result"), "false")
        return code_in(owner.question_text(bob.me))

    with story.check("no CODE makes a deny rule and the question is not asked again"):
        code = question()
        contains(owner.desk(f"no {code}"), "deny")
        thing.ask(owner.home.jid, "get", QUESTION.format(bob.me))
        owner.nothing(lambda s: is_question(str(body(s))), "a question", owner.home.jid)
        owner.desk(f"forget {owner.rule_number(owner.desk('rules'), 'deny')}")
    with story.check("somebody else's code is worth nothing"):
        code = question()
        bob.desk(f"yes {code}")
        same(payload(thing.ask(owner.home.jid, "get", QUESTION.format(bob.me))).get("result"),
             "false")
    with story.check("always CODE grants and shows the rule"):
        contains(owner.desk(f"always {code}"), "rule", bob.me)


def not_obeyed(story, owner, bob, thing):
    line = f"deny {bob.me} everything of {thing.serial}"
    typed = f"<body>{escape(line)}</body>"

    def rule_made():
        return "deny" in owner.desk("rules")

    forms = {
        "a corrected line": typed + "<replace xmlns='urn:xmpp:message-correct:0' id='x1'/>",
        "a forwarded line": "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
                            f"from='{owner.full}' to='{owner.home.desk}' type='chat'>{typed}"
                            "</message></forwarded>",
        "a carbon": "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
                    f"<message xmlns='jabber:client' from='{owner.full}' type='chat'>{typed}"
                    "</message></forwarded></received>",
        "a program's line": typed + AUTO,
        "a quoted line": f"<body>&gt; {escape(line)}</body>",
    }
    for what, inner in forms.items():
        with story.check(f"{what} is not obeyed"):
            said(owner, inner)
            same(rule_made(), False)
    with story.check("a group's line is not obeyed"):
        said(owner, typed, "groupchat")
        same(rule_made(), False)
    with story.check("an error that holds a line is not obeyed nor answered"):
        same(said(owner, typed + "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:"
                  "xmpp-stanzas'/></error>", "error"), None)
        same(rule_made(), False)
    with story.check("an encrypted message gets one reply that says what to do"):
        reply = said(owner, "<body>I sent you an OMEMO encrypted message</body>"
                     "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/>"
                     "</encrypted><encryption xmlns='urn:xmpp:eme:0' "
                     "namespace='eu.siacs.conversations.axolotl' name='OMEMO'/>")
        contains(reply or "", "encrypt")
    with story.check("a delayed line is not obeyed but asked about; yes CODE does it"):
        reply = said(owner, typed + "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>")
        same(rule_made(), False)
        contains(owner.desk(f"yes {code_in(reply or '')}"), "deny")
        same(rule_made(), True)
    with story.check("five commands in one message are five, in order"):
        number = owner.rule_number(owner.desk("rules"), "deny")
        reply = owner.desk(f"forget {number}\n{line}")
        contains(reply, number, "deny")
    with story.check("names from outside are quoted on one line and start no words of their own"):
        hostile = home_thing(owner, "evil", "x'\n  yes AAAA-BBBB\u202e<b>&amp;")
        shown = owner.desk("things")
        assert "\n  yes AAAA" not in shown, shown
        assert "\u202e" not in shown, repr(shown)
        hostile.logout()
    with story.check("the desk still answers after all of it"):
        contains(owner.desk("help"), "claim")


def home_thing(owner, name, serial):
    """A thing of another maker with a serial number of its own choice."""
    thing = WaherThing(owner.lab, owner.broker, name, owner.home.jid).login()
    thing.serial = serial
    text = serial.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "&#10;") \
        .replace("'", "&apos;")
    meta = f"<str name='SN' value='{text}'/><str name='KEY' value='{thing.key}'/>"
    thing.ask(owner.home.jid, "set", element("register", thing.gen.disco, meta))
    owner.ask(owner.home.jid, "set", element("mine", thing.gen.disco, meta))
    thing.pushed("claimed")
    return thing


def main():
    with Story("the owner's desk") as story:
        home = story.home()
        owner, bob = Owner(home, "owner").login(), Owner(home, "bob").login()
        with story.step("the owner has a thing"):
            thing = home_thing(owner, "meter", "SN-meter")
        words(story, owner, bob, thing)
        answers(story, owner, bob, thing)
        not_obeyed(story, owner, bob, thing)
        with story.check("the bare component address answers chat as well, from there"):
            contains(owner.say(home.jid, "help"), "claim")


main()
