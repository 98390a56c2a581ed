# SPDX-License-Identifier: Apache-2.0
"""
The registry (XEP-0347) from outside, in every namespace generation, both
vocabularies, and with verbs as get as well as set (Smack sends get).
"""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.dialect import GENERATIONS, VOCABULARIES, element, tags
from kithlab.person import CLIENT, STANZAS, condition, payload, text_of
from kithlab.story import Story, same

FEATURES = {
    "urn:xmpp:iot:discovery", "urn:xmpp:iot:provisioning", "urn:xmpp:ping", "jabber:iq:version",
    "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items",
    *(f"urn:{stem}:iot:{name}:1.0" for stem in ("ieee", "nf", "nfi")
      for name in ("disco", "prov:d", "prov:o")),
}


def claimed_by(stanza, gen, jid):
    """The attributes of <claimed jid=.../>, the only child."""
    child = payload(stanza)
    same(child.tag, "{%s}claimed" % gen.disco)
    same(child.get("jid"), jid)
    same(len(child), 0)
    return dict(child.attrib)


def answer_push(peer, push):
    peer.result(push)
    return push[0]


def wire_form(peer, to, inner):
    """An error answer byte for byte, its id replaced."""
    answer = peer.ask(to, "set", inner)
    same(answer.get("type"), "error")
    return text_of(answer).replace(answer.get("id"), "ID")


def life_of_a_record(story, home, owner, other, gen, vocab, kind):
    label = f"generation {gen.name}, {vocab.name} names, iq {kind}"
    name = f"t-{gen.name}-{vocab.name}-{kind}".lower()
    registry = home.jid

    with story.check(f"{label}: a thing registers, again, and is claimed"):
        thing = home.person(name)
        meta = tags("SN-" + name, home.lab.secret(), number="0.10")
        register = element("register", gen.disco, meta)
        for _ in range(2):
            answer = thing.ask(registry, kind, register)
            same((condition(answer), payload(answer)), (None, None))
        # Numbers are compared as numbers, the order does not matter.
        mine = element("mine", gen.disco, "".join(reversed(
            [p + "/>" for p in meta.replace("'0.10'", "'0.1'").replace('"0.10"', '"0.1"')
             .split("/>")[:-1]])))
        claimed_by(owner.ask(registry, kind, mine), gen, thing.me)

        push = answer_push(thing, thing.expect_push("claimed", gen.disco, registry))
        same((push.get("jid"), push.get("public")), (owner.me, "true"))

        claimed_by(owner.ask(registry, kind, mine), gen, thing.me)      # the same success
        same(condition(other.ask(registry, kind, mine)), "item-not-found")
        again = claimed_by(thing.ask(registry, kind, register), gen, owner.me)
        same(again.get("public"), "true")

    with story.check(f"{label}: unregister ends it and the thing may come back"):
        for _ in range(2):          # nothing to unregister is a success as well
            answer = thing.ask(registry, kind, element("unregister", gen.disco))
            same((condition(answer), payload(answer)), (None, None))
        fresh = element("register", gen.disco, tags("SN-" + name, home.lab.secret()))
        answer = thing.ask(registry, kind, fresh)
        same((condition(answer), payload(answer)), (None, None))
        thing.logout()

    with story.check(f"{label}: a node behind a thing keeps its address"):
        gateway = home.person("g" + name)
        where = {vocab.node: "n1", vocab.source: "s1"}
        meta = tags("NODE-" + name, home.lab.secret())
        answer = gateway.ask(registry, kind, element("register", gen.disco, meta, **where))
        same((condition(answer), payload(answer)), (None, None))
        got = claimed_by(owner.ask(registry, kind, element("mine", gen.disco, meta,
                                                           public="false")), gen, gateway.me)
        # The claim named no node, so nothing says which words its owner reads.
        same([got.get(v.node) for v in VOCABULARIES.values() if v.node in got], ["n1"])
        same([got.get(v.source) for v in VOCABULARIES.values() if v.source in got], ["s1"])
        push = answer_push(gateway, gateway.expect_push("claimed", gen.disco, registry))
        same({k: v for k, v in push.attrib.items() if k not in ("jid", "public")}, where)
        same((push.get("jid"), push.get("public")), (owner.me, "false"))
        gateway.logout()


def failures_look_alike(home, owner, other):
    """att-C-03: no answer tells what is known."""
    gen, registry = GENERATIONS["X"], home.jid
    thing = home.person("t-oracle")
    key = home.lab.secret()
    thing.ask(registry, "set", element("register", gen.disco, tags("SN-oracle", key)))
    owned = home.person("t-owned")
    owned.ask(registry, "set", element("register", gen.disco, tags("SN-owned", key)))
    owner.ask(registry, "set", element("mine", gen.disco, tags("SN-owned", key)))
    wrong = {
        "unknown serial": tags("SN-nobody", key),
        "first character of the key": tags("SN-oracle", "?" + key[1:]),
        "last character of the key": tags("SN-oracle", key[:-1] + "?"),
        "owned by somebody else": tags("SN-owned", key),
        "one tag too few": tags("SN-oracle", key).replace(
            "<str name='MODEL' value=\"Probe\"/>", ""),
        "one tag too many": tags("SN-oracle", key) + "<str name='ROOM' value='1'/>",
    }
    forms = {why: wire_form(other, registry, element("mine", gen.disco, meta))
             for why, meta in wrong.items()}
    same(len(set(forms.values())), 1)
    same(condition(other.ask(registry, "set", element("mine", gen.disco, tags("no", "no")))),
         "item-not-found")
    thing.logout()
    owned.logout()


def race(home):
    gen, registry = GENERATIONS["X"], home.jid
    thing = home.person("t-race")
    meta = tags("SN-race", home.lab.secret())
    thing.ask(registry, "set", element("register", gen.disco, meta))
    racers = [home.person(f"racer{i}") for i in range(8)]
    ids = [racer.post(registry, "set", element("mine", gen.disco, meta)) for racer in racers]
    answers = [racer.answer_to(id, registry) for racer, id in zip(racers, ids)]
    same(sorted(filter(None, map(condition, answers))), ["item-not-found"] * 7)
    winner = racers[[condition(a) for a in answers].index(None)]
    push = answer_push(thing, thing.expect_push("claimed", gen.disco, registry))
    same(push.get("jid"), winner.me)
    thing.nothing(lambda s: s.tag == CLIENT + "iq" and s.get("type") == "set", "a second push",
                  registry)
    for peer in (thing, *racers):
        peer.logout()


def malformed(home, peer):
    gen, registry = GENERATIONS["N"], home.jid
    cases = {
        "a number that is none": element("register", gen.disco, "<num name='V' value='1,5'/>"),
        "one name twice": element("register", gen.disco, "<str name='KEY' value='a'/>"
                                  "<str name='key' value='b'/>"),
        "a name of 33 characters": element("register", gen.disco,
                                           f"<str name='{'n' * 33}' value='a'/>"),
        "a value of 129 characters": element("register", gen.disco,
                                             f"<str name='SN' value='{'v' * 129}'/>"),
        "TRUE is not true": element("mine", gen.disco, tags("a", "b"), public="TRUE"),
    }
    for why, inner in cases.items():
        got = condition(peer.ask(registry, "set", inner))
        if got != "bad-request":
            raise AssertionError(f"{why}: {got}")
    # Two requests in one iq: the broker or we refuse it, whoever sees it first.
    answer = peer.ask(registry, "set", element("mine", gen.disco, tags("a", "b"))
                      + element("unregister", gen.disco))
    assert answer.find(".//{%s}bad-request" % STANZAS) is not None, text_of(answer)
    many = "".join(f"<str name='T{i}' value='x'/>" for i in range(65))
    same(condition(peer.ask(registry, "set", element("register", gen.disco, many))),
         "resource-constraint")


def main():
    with Story("the registry from outside") as story:
        home = story.home()
        registry = home.jid
        owner, other = home.person("owner"), home.person("other")

        with story.check("disco#info lists every generation, once"):
            info = payload(owner.ask(registry, "get", element(
                "query", "http://jabber.org/protocol/disco#info")))
            found = [e.get("var") for e in info if e.tag.endswith("}feature")]
            same(FEATURES - set(found), set())
            same(len(found), len(set(found)))
        with story.check("disco#items of the broker's domain lists the component"):
            items = payload(owner.ask(home.domain, "get", element(
                "query", "http://jabber.org/protocol/disco#items")))
            assert registry in [e.get("jid") for e in items], text_of(items)
        with story.check("ping and version are answered"):
            same(payload(owner.ping(registry)), None)
            version = payload(owner.ask(registry, "get", element("query", "jabber:iq:version")))
            same(version.findtext("{jabber:iq:version}name"), "kith")
        with story.check("what nobody serves is service-unavailable or not implemented"):
            got = condition(owner.ask(registry, "get", element("query", "urn:example:unknown")))
            assert got in ("service-unavailable", "feature-not-implemented"), got

        for gen in GENERATIONS.values():
            for vocab in VOCABULARIES.values():
                for kind in ("get", "set"):
                    life_of_a_record(story, home, owner, other, gen, vocab, kind)

        with story.check("every failed claim has the same bytes"):
            failures_look_alike(home, owner, other)
        with story.check("of eight claims at once one wins and the thing hears it once"):
            race(home)
        with story.check("an unclaimed thing that updates itself is told that it is disowned"):
            gen = GENERATIONS["X"]
            thing = home.person("t-update")
            meta = tags("SN-update", home.lab.secret())
            thing.ask(registry, "set", element("register", gen.disco, meta))
            answer = thing.ask(registry, "set", element("update", gen.disco,
                                                        "<str name='MAN' value='x'/>"))
            same(payload(answer).tag, "{%s}disowned" % gen.disco)
        with story.check("malformed requests are refused by one condition"):
            malformed(home, other)
        with story.check("a claim while the thing is offline reaches it when it returns"):
            gen = GENERATIONS["X"]
            thing = home.person("t-away")
            meta = tags("SN-away", home.lab.secret())
            thing.ask(registry, "set", element("register", gen.disco, meta))
            thing.presence(registry, "subscribe")
            thing.expect_presence(registry, "subscribe")
            thing.presence(registry, "subscribed")
            thing.expect_presence(registry, "subscribed")
            thing.logout()
            claimed_by(owner.ask(registry, "set", element("mine", gen.disco, meta)), gen, thing.me)
            back = home.person("t-away", resource="after")
            push = answer_push(back, back.expect_push("claimed", gen.disco, registry))
            same(push.get("jid"), owner.me)


main()
