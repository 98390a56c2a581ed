# SPDX-License-Identifier: Apache-2.0
"""
Searching (XEP-0347 3.14) from outside: every operator in every generation, what
is never found, the KEY, expressions, and pages while things come and go.
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.dialect import GENERATIONS, element
from kithlab.person import bare, condition, payload, text_of
from kithlab.story import Story, same

ALL = "<strEq name='MAN' value='search.example'/>"


def meta(home, serial, number, room=None):
    return ("<str name='SN' value='%s'/><str name='MAN' value='search.example'/>"
            "<num name='V' value='%s'/>%s<str name='KEY' value='%s'/>" %
            (serial, number, f"<str name='ROOM' value='{room}'/>" if room else "",
             home.lab.secret()))


def claimed(home, owner, name, tags_of, public="true"):
    gen, thing = GENERATIONS["X"], home.person(name)
    thing.ask(home.jid, "set", element("register", gen.disco, tags_of))
    answer = owner.ask(home.jid, "set", element("mine", gen.disco, tags_of, public=public))
    same(condition(answer), None)
    push = thing.expect_push("claimed", gen.disco, home.jid)
    thing.result(push)
    return thing


def search(peer, home, terms, gen=GENERATIONS["X"], **page):
    page = {"offset": "0", "maxCount": "100", **page}
    return peer.ask(home.jid, "get", element("search", gen.disco, terms, **page))


def names(answer, gen=GENERATIONS["X"]):
    """Local parts of what was found; the answer has one child without any blanks."""
    same(condition(answer), None)
    found = payload(answer)
    same(found.tag, "{%s}found" % gen.disco)
    same([found.text] + [t.tail for t in found], [None] * (1 + len(found)))
    for thing in found:
        same([t for t in thing if t.get("name", "").upper() == "KEY"], [])
    return [bare(t.get("jid")).split("@")[0] for t in found]


OPERATORS = {
    "<strEq name='SN' value='b-2'/>": ["b"],
    "<strNEq name='SN' value='b-2'/>": ["a", "c"],
    "<strGt name='SN' value='b-2'/>": ["c"],
    "<strGtEq name='SN' value='b-2'/>": ["b", "c"],
    "<strLt name='SN' value='b-2'/>": ["a"],
    "<strLtEq name='SN' value='b-2'/>": ["a", "b"],
    "<strRange name='SN' min='a-1' minIncluded='false' max='b-2' maxIncluded='true'/>": ["b"],
    "<strNRange name='SN' min='a-1' minIncluded='false' max='b-2' maxIncluded='true'/>":
        ["a", "c"],
    "<strMask name='SN' value='%-2' wildcard='%'/>": ["b"],
    "<strMask name='SN' value='*-*' wildcard='*'/>": ["a", "b", "c"],
    "<strRegEx name='SN' value='[ac]-[0-9]'/>": ["a", "c"],
    "<strRegEx name='SN' value='[AC]-[0-9]'/>": [],
    "<strRegEx name='SN' value='a'/>": [],
    "<numEq name='V' value='1.50'/>": ["b"],
    "<numNEq name='V' value='1.5'/>": ["a", "c"],
    "<numGt name='V' value='1'/>": ["b", "c"],
    "<numGtEq name='V' value='1'/>": ["a", "b", "c"],
    "<numLt name='V' value='1.5'/>": ["a"],
    "<numLtEq name='V' value='1.5'/>": ["a", "b"],
    "<numRange name='V' min='1' minIncluded='false' max='2' maxIncluded='true'/>": ["b", "c"],
    "<numNRange name='V' min='1.2' max='1.8'/>": ["a", "c"],
    "<strNEq name='ROOM' value='hall'/>": ["c"],        # a tag that is absent is not unequal
    "<strNRange name='ROOM' min='x' max='z'/>": ["a", "c"],
    "<strEq name='NONE' value='x'/>": [],
    "<strEq name='v' value='1'/>": [],                  # a number is no string
    "<strEq name='s*' nameWildcard='*' value='a-1'/>": ["a"],
}


def operators(home, owner, curious, gen):
    del owner
    for terms, expected in OPERATORS.items():
        got = names(search(curious, home, ALL + terms, gen), gen)
        if got != expected:
            raise AssertionError(f"{terms}: {got} instead of {expected}")


def the_key(home, curious):
    for op in ("strEq", "strNEq", "strGt", "strGtEq", "strLt", "strLtEq", "strRegEx", "numEq",
               "numNEq", "numGt", "numGtEq", "numLt", "numLtEq"):
        for name in ("KEY", "key", "Key"):
            term = f"<{op} name='{name}' value='1'/>"
            same(names(search(curious, home, term)), [])
            same(names(search(curious, home, ALL + term)), [])
    for term in ("<strMask name='KEY' value='*' wildcard='*'/>", "<strRegEx name='KEY' value='('/>",
                 "<strRange name='KEY' min=''/>", "<strNRange name='key' min='z'/>",
                 "<numRange name='KEY' min='0'/>", "<numNRange name='kEY' min='0'/>",
                 "<strMask name='K*' nameWildcard='*' value='*' wildcard='*'/>"):
        same(names(search(curious, home, term)), [])


def hidden_changes_nothing(home, owner, curious):
    """att-C-20: the same bytes with and without what nobody may find."""
    def all_pages():
        texts = []
        for offset in "0", "1", "2", "3":
            answer = search(curious, home, ALL, offset=offset, maxCount="1")
            texts.append(text_of(answer).replace(answer.get("id"), "ID"))
        return texts
    before = all_pages()
    secret = claimed(home, owner, "private", meta(home, "a-0", "1"), public="false")
    unclaimed = home.person("unclaimed")
    unclaimed.ask(home.jid, "set", element("register", GENERATIONS["X"].disco,
                                           meta(home, "a-00", "1")))
    gone = claimed(home, owner, "gone", meta(home, "a-000", "1"))
    assert all_pages() != before
    same(condition(owner.ask(home.jid, "set", element("remove", GENERATIONS["X"].disco,
                                                      jid=gone.me))), None)
    same(all_pages(), before)
    for peer in (secret, unclaimed, gone):
        peer.logout()


def pages(home, owner, curious):
    things = [claimed(home, owner, f"p{i}", meta(home, f"page-{i}", "7")) for i in range(7)]
    term, seen = "<strMask name='SN' value='page-*' wildcard='*'/>", []
    for turn in range(4):
        answer = search(curious, home, term, offset=str(2 * turn), maxCount="2")
        seen += names(answer)
        same(payload(answer).get("more"), "true" if turn < 3 else "false")
        # One that was shown goes, another one comes.
        owner.ask(home.jid, "set", element("remove", GENERATIONS["X"].disco,
                                           jid=things[turn].me))
        if turn == 0:
            things.append(claimed(home, owner, "p7", meta(home, "page-7", "7")))
    same(seen, [f"p{i}" for i in range(8)])
    for thing in things:
        thing.logout()


def main():
    with Story("searches find what they should, and nothing else") as story:
        home = story.home()
        owner, curious = home.person("owner"), home.person("curious")
        for name, serial, number, room in (("a", "a-1", "1", "hall"), ("b", "b-2", "1.5", None),
                                           ("c", "c-3", "2", "attic")):
            claimed(home, owner, name, meta(home, serial, number, room)).logout()
        for gen in GENERATIONS.values():
            with story.check(f"generation {gen.name}: every operator finds what it says"):
                operators(home, owner, curious, gen)
        with story.check("no operator on the KEY finds anything or is an error (att-C-05)"):
            the_key(home, curious)
        with story.check("what is no expression is refused, with one condition and no text"):
            answer = search(curious, home, "<strRegEx name='SN' value='(a'/>")
            same(condition(answer), "bad-request")
            same(len(answer), 1)
            same(len(answer[0]), 1)
        with story.check("what is private, unclaimed or removed changes no byte (att-C-20)"):
            hidden_changes_nothing(home, owner, curious)
        with story.check("what stays is on exactly one page while others come and go"):
            pages(home, owner, curious)


if __name__ == "__main__":
    main()
