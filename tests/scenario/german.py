# SPDX-License-Identifier: Apache-2.0
"""
Two people who write German: the desk and the thing itself answer in it, ask in it,
and remember it where a client does not say.
"""
import sys
from xml.sax.saxutils import escape

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner, code_in
from kithlab.person import bare, body
from kithlab.story import Story, contains


class German(Owner):
    """His client says in which language he writes."""

    def sage(self, to, line):
        id = self.next_id()
        self.message(to, f"<body xml:lang='de'>{escape(line)}</body>", id=id)
        return body(self.expect(lambda s: self._is_chat(s, to) and self.answers(s) == id,
                                f"a reply to '{line}' from {to}"))


def main():
    with Story("a house where German is spoken") as story:
        home = story.home()
        owner = German(home, "besitzer").login()
        guest = German(home, "gast").login()
        lamp = home.thing("lamp")
        with story.step("the desk answers in the language of the line, and keeps to what was chosen"):
            contains(owner.sage(home.desk, "quatsch"), "Ich kenne", "nicht")
            owner.desk("language de")
            contains(owner.desk(lamp.uri()), "gehört")
            thing = bare(owner.befriended_by())
        with story.check("the thing answers each line in its own language"):
            contains(owner.sage(thing, "lies temperature"), "temperature: 21.5")
            contains(owner.sage(thing, "schalte led an"), "led ist jetzt an")
            contains(guest.say(home.desk, "help"), "help")
            contains(owner.sage(thing, "hilfe"), "Ich kenne diese Wörter", "beobachte FELD")
        with story.step("a guest asks, and the owner is asked in German"):
            guest.presence(thing, "subscribe")
            text = owner.hear(home.desk, "a question", words=("möchte", guest.me))
            owner.desk(f"yes {code_in(text)}")
            guest.befriended_by(thing)
            contains(guest.sage(thing, "lies temperature"), "Du darfst temperature nicht lesen",
                     owner.me, "ist gefragt")
            text = owner.hear(home.desk, "a question", words=('möchte "temperature"', "lesen"))
            owner.desk(f"yes {code_in(text)}")
        with story.check("what was allowed is done, and why is said in German"):
            home.lab.retry(lambda: "21.5" in guest.sage(thing, "lies temperature"), "the rule")
            contains(guest.sage(thing, "warum lies temperature"), "die Regeln meines Besitzers")
        with story.check("where a client calls all that it sends English, what its owner chose "
                         "counts, after a new start too"):
            contains(owner.say(thing, "sprache deutsch"), "Erledigt")
            contains(owner.say(thing, "led off"), "led ist jetzt aus")
            lamp.restart()
            home.lab.retry(lambda: "led ist jetzt an" in owner.say(thing, "led an"), "German")


main()
