# SPDX-License-Identifier: Apache-2.0
"""desk: an owner who types lines to the desk with an ordinary client."""
import re

from .lab import Missing
from .person import Person, bare, CLIENT

CODE = r"\b[yY]es[ \t]+([A-Z2-7][A-Z2-7-]{6,})"


def code_in(text):
    found = re.search(CODE, text)
    if not found:
        raise Missing(f"no 'yes CODE' in: {text}")
    return found[1]


def is_question(text):
    """The desk asks by itself; everything else it says is a reply."""
    return bool(re.match(r"Question:|\d+ questions;", text))


class Owner(Person):
    def __init__(self, home, name, **more):
        super().__init__(home.lab, home.broker, name, **more)
        self.home = home

    def desk(self, line):
        """One line and its one reply."""
        return self.say(self.home.desk, line)

    def question(self, *about):
        """The code of the question that names all of `about`."""
        return code_in(self.question_text(*about))

    def question_text(self, *about):
        return self.hear(self.home.desk, "a question about " + ", ".join(about),
                         words=("wants", *about))

    @staticmethod
    def rule_number(text, containing):
        """The number in the line of `rules` that contains something."""
        for line in text.splitlines():
            number = re.search(r"\d+", line)
            if containing in line and number:
                return number[0]
        raise Missing(f"no rule with '{containing}' in: {text}")

    def befriended_by(self, thing_jid=None):
        """Accept a thing's friendship and ask for it; its full JID."""
        asked = self.expect(lambda s: s.tag == CLIENT + "presence"
                            and s.get("type") == "subscribe"
                            and bare(s.get("from")) not in (self.home.jid, self.home.desk)
                            and (thing_jid is None or bare(s.get("from")) == thing_jid),
                            "a thing's friendship request")
        jid = bare(asked.get("from"))
        self.presence(jid, "subscribed")
        self.presence(jid, "subscribe")
        self.expect_presence(jid, "subscribed")
        return self.expect_presence(jid, "available").get("from")
