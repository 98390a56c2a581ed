/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_test: what somebody learns who asks for what is not his.  Each kind of
 * refusal, through the whole turn of a real site, is the same bytes and runs
 * the same statements; what happens later is the same for all but those who
 * showed the whole tag set.
 */
#include "config.h"

#include "tests/unit/operate_support.h"
#include "tests/unit/words.h"

#include "common/base/log.h"
#include "common/store/debt.h"

#define M "mallory@a.example"
#define DAY INT64_C(86400000)
#define KEYS "0123456789abcdef0123456789abcdef"
#define FIRST "x123456789abcdef0123456789abcdef"	/* its first character is wrong */
#define LAST "0123456789abcdef0123456789abcdex"

static void note_statement(void *arg, const char *sql)
{
	buf_addf(arg, "%s\n", sql);
}

/* ---- the site: one thing of each kind ---- */

static const char *reg_with(struct hand *h, const char *thing, const char *sn, const char *key,
    const char *more)
{
	return hand(h, "<iq type='set' from='%s@a.example/r' to='" ME "' id='reg'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='%s'/>"
	    "<str name='MAN' value='acme'/><str name='KEY' value='%s'/>%s</register></iq>", thing,
	    sn, key, more);
}

static const char *mine_with(struct hand *h, const char *who, const char *sn, const char *key)
{
	return hand(h, "<iq type='set' from='%s/r' to='" ME "' id='mine'>"
	    "<mine xmlns='urn:xmpp:iot:discovery'><str name='SN' value='%s'/>"
	    "<str name='MAN' value='acme'/><str name='KEY' value='%s'/></mine></iq>", who, sn,
	    key);
}

static const char *chat_with(struct hand *h, const char *who, const char *sn, const char *key)
{
	return hand(h, "<message type='chat' from='%s/r' to='" DESK "'><body>claim iotdisco:SN=%s;MAN=acme;"
	    "KEY=%s</body></message>", who, sn, key);
}

static const char *verb_of(struct hand *h, const char *who, const char *verb, const char *thing)
{
	return hand(h, "<iq type='set' from='%s/r' to='" ME "' id='verb'><%s xmlns="
	    "'urn:xmpp:iot:discovery' jid='%s@a.example'>%s</%s></iq>", who, verb, thing,
	    strcmp(verb, "update") == 0 ? "<str name='ROOM' value='7'/>" : "", verb);
}

/* Time goes on until nothing is left to do. */
static void rest(struct hand *h)
{
	for (int i = 0; i < 8; i++) {
		h->time.wall += 60000;
		h->time.boot += 60000;
		site_tick(h->site);
		site_turn(h->site);
	}
	buf_reset(&h->out);
}

static void owned(struct hand *h, const char *thing, const char *sn)
{
	reg_with(h, thing, sn, KEYS, "");
	has(mine_with(h, ALICE, sn, KEYS), "<claimed");
}

static const struct owned *thing_called(const struct hand *h, const char *name)
{
	char jid[64];

	snprintf(jid, sizeof(jid), "%s@a.example", name);
	return thing_at(h, jid);
}

static void confirmed(struct hand *h, const char *who, const char *line)
{
	char code[10];
	const char *said = types(h, who, line), *at = strstr(said, "yes ");

	if (at == NULL)
		fail_msg("no code in: %s", said);
	snprintf(code, sizeof(code), "%.9s", at + 4);
	hand(h, "<message type='chat' from='%s/phone' to='" DESK "'><body>yes %s</body></message>",
	    who, code);
}

/* Somebody tries a short KEY a hundred times, under many names. */
static void guess(struct hand *h, const char *sn)
{
	char who[40], key[16];

	for (int i = 0; i < 101; i++) {
		snprintf(who, sizeof(who), "guess%d@a.example", i);
		snprintf(key, sizeof(key), "no%d", i);
		mine_with(h, who, sn, key);
		if (i % 10 == 9)
			rest(h);
	}
}

static void populate(struct hand *h)
{
	const struct owned *t;

	reg_with(h, "free", "1", KEYS, "");
	owned(h, "old", "2");
	reg_with(h, "twin1", "3", KEYS, "");
	reg_with(h, "twin2", "3", KEYS, "");
	owned(h, "spent", "4");
	hand(h, "<iq type='set' from='spent@a.example/r' to='" ME "' id='u'>"
	    "<unregister xmlns='urn:xmpp:iot:discovery'/></iq>");
	reg_with(h, "spent", "4", KEYS, "");
	owned(h, "elder", "5");
	reg_with(h, "heir", "5", KEYS, "");
	reg_with(h, "kept", "6", KEYS, "");
	has(operator(h, "hold|kept@a.example"), "0\n");
	owned(h, "frozen", "7");
	reg_with(h, "frozen", "7", KEYS, "<self xmlns='urn:kith:thing:0' can='' owner='" BOB
	    "' epoch='9' floor='0'/>");
	owned(h, "tomb", "8");
	confirmed(h, ALICE, "disown tomb offline");
	owned(h, "turning", "9");
	confirmed(h, ALICE, "transfer turning to " BOB);
	owned(h, "gone", "10");
	verb_of(h, ALICE, "remove", "gone");
	reg_with(h, "weak", "11", "abc", "");
	guess(h, "11");
	rest(h);
	h->time.wall += 2 * DAY;
	h->time.boot += 2 * DAY;
	owned(h, "fresh", "12");
	owned(h, "disputed", "13");
	mine_with(h, BOB, "13", KEYS);
	rest(h);
	t = thing_called(h, "frozen");
	assert_int_equal(t->hold, HOLD_FROZEN);
	assert_int_equal(thing_called(h, "heir")->hold, HOLD_DESCENT);
	assert_int_equal(thing_called(h, "kept")->hold, HOLD_OPERATOR);
	assert_int_equal(thing_called(h, "tomb")->state, OWNED_TOMBSTONE);
	assert_false(thing_called(h, "gone")->listed);
	assert_true(thing_called(h, "disputed")->disputed);
}

/* The offer is taken after the rest was made, so that it is still on its way. */
static void turn_over(struct hand *h)
{
	for (size_t i = 0; i < debt_count(h->parts.debts); i++) {
		const struct debt *d = debt_at(h->parts.debts, i);
		const char *at = d->kind == DEBT_NOTICE ? strstr(in_words(d->text), "accept ") :
		    NULL;
		char line[32];

		if (at == NULL || strcmp(d->peer, BOB) != 0)
			continue;
		snprintf(line, sizeof(line), "%.16s", at);
		types(h, BOB, line);
		break;
	}
	rest(h);
	assert_int_equal(thing_called(h, "turning")->state, OWNED_TURNING);
}

/* ---- comparing ---- */

struct seen {
	char said[2048];
	char ran[4096];
};

/* Ids and the address it was asked from are no answer. */
static void keep(char *to, size_t size, const char *text, const char *hide)
{
	size_t n = 0;

	while (*text != '\0' && n < size - 2) {
		if (strncmp(text, "id=\"", 4) == 0) {
			text += 4 + strcspn(text + 4, "\"");
		} else if (hide != NULL && strncmp(text, hide, strlen(hide)) == 0) {
			to[n++] = '*';
			text += strlen(hide);
		} else {
			to[n++] = *text++;
		}
	}
	to[n] = '\0';
}

typedef const char *(*ask_fn)(struct hand *h, const char *who, const char *a, const char *b);

static void look(struct hand *h, ask_fn ask, const char *who, const char *a, const char *b,
    const char *hide, struct seen *s)
{
	struct buf ran;

	buf_init(&ran, sizeof(s->ran));
	store_trace(h->parts.store, note_statement, &ran);
	keep(s->said, sizeof(s->said), ask(h, who, a, b), hide);
	store_trace(h->parts.store, NULL, NULL);
	snprintf(s->ran, sizeof(s->ran), "%s", buf_str(&ran));
	buf_fini(&ran);
}

static void same(const struct seen *want, const struct seen *got, const char *what)
{
	if (strcmp(want->said, got->said) != 0)
		fail_msg("%s: said '%s', not '%s'", what, got->said, want->said);
	if (strcmp(want->ran, got->ran) != 0)
		fail_msg("%s: ran\n%s, not\n%s", what, got->ran, want->ran);
}

/* The regular sweeps come at their own times, and only keep those. */
static void note_effect(void *arg, const char *sql)
{
	if (strcmp(sql, "COMMIT") != 0 && strncmp(sql, "BEGIN", 5) != 0 &&
	    strstr(sql, "kith_value") == NULL)
		buf_addf(arg, "%s\n", sql);
}

/* What the clock does afterwards. */
static void later(struct hand *h, char *ran, size_t size)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	store_trace(h->parts.store, note_effect, &b);
	rest(h);
	store_trace(h->parts.store, NULL, NULL);
	snprintf(ran, size, "%s", buf_str(&b));
	buf_fini(&b);
}

static const struct {
	const char *what, *sn, *key;
	bool whole;		/* the whole tag set of something is shown */
} claims_that_fail[] = {
	{ "unknown serial number", "99", KEYS, false },
	{ "first character of the KEY wrong", "1", FIRST, false },
	{ "last character of the KEY wrong", "1", LAST, false },
	{ "the KEY in capitals", "1", "0123456789ABCDEF0123456789ABCDEF", false },
	{ "no KEY worth the name", "1", "-", false },
	{ "owned, wrong KEY", "2", LAST, false },
	{ "twins, wrong KEY", "3", LAST, false },
	{ "weak, wrong KEY", "11", "abd", false },
	{ "owned by another for days", "2", KEYS, true },
	{ "twins", "3", KEYS, true },
	{ "spent", "4", KEYS, true },
	{ "held by descent for another", "5", KEYS, true },
	{ "held by the operator", "6", KEYS, true },
	{ "frozen", "7", KEYS, true },
	{ "a tombstone", "8", KEYS, true },
	{ "turning over", "9", KEYS, true },
	{ "removed", "10", KEYS, true },
	{ "weak", "11", "abc", true },
	{ "owned by another since today", "12", KEYS, true },
	{ "in dispute", "13", KEYS, true },
};
#define CLAIMS (sizeof(claims_that_fail) / sizeof(claims_that_fail[0]))

static void compare_claims(struct hand *h, ask_fn ask, const char *who)
{
	static struct seen first, s;

	for (size_t i = 0; i < CLAIMS; i++) {
		look(h, ask, who, claims_that_fail[i].sn, claims_that_fail[i].key, NULL,
		    i == 0 ? &first : &s);
		if (i > 0)
			same(&first, &s, claims_that_fail[i].what);
		rest(h);
	}
}

static void att_C_03__every_failed_claim_is_the_same_bytes_and_statements(void **state)
{
	struct hand *h = *state;
	struct seen s;

	populate(h);
	turn_over(h);
	compare_claims(h, mine_with, M);
	compare_claims(h, chat_with, M);
	/* Nothing but the frame of the turn: no row is looked for, none is written. */
	look(h, mine_with, M, "99", KEYS, NULL, &s);
	has(s.said, "item-not-found");
	assert_string_equal(s.ran, "BEGIN IMMEDIATE\nCOMMIT\n");
	/* And the right tags of a free thing are another matter, by either way. */
	has(chat_with(h, M, "1", KEYS), "free");
	assert_non_null(thing_called(h, "free")->owner);
}

/* Whose server nobody vouches for hears what everybody hears. */
static void att_C_03__who_may_own_nothing_learns_nothing(void **state)
{
	struct hand *h = *state;
	static struct seen first, s;

	populate(h);
	turn_over(h);
	look(h, mine_with, M, "99", KEYS, M, &first);
	for (size_t i = 0; i < CLAIMS; i++) {
		look(h, mine_with, "m@b.example", claims_that_fail[i].sn, claims_that_fail[i].key,
		    "m@b.example", &s);
		same(&first, &s, claims_that_fail[i].what);
	}
	look(h, mine_with, "m@b.example", "1", KEYS, "m@b.example", &s);
	same(&first, &s, "a free thing, its tags right");
	assert_null(thing_called(h, "free")->owner);
}

/* Who failed too often waits, whatever he asked for. */
static void att_C_04__who_waits_for_his_answer_learns_nothing_from_it(void **state)
{
	struct hand *h = *state;
	static struct seen first, s;
	char want[2048], got[2048];

	populate(h);
	turn_over(h);
	for (size_t i = 0; i < CLAIMS; i++) {
		for (int n = 0; n < 200 && mine_with(h, M, "98", KEYS)[0] != '\0'; n++)
			continue;
		look(h, mine_with, M, claims_that_fail[i].sn, claims_that_fail[i].key, NULL,
		    i == 0 ? &first : &s);
		if (i > 0)
			same(&first, &s, claims_that_fail[i].what);
		assert_string_equal(first.said, "");
		h->time.boot += 1000;
		h->time.wall += 1000;
		buf_reset(&h->out);
		site_tick(h->site);
		site_turn(h->site);
		keep(got, sizeof(got), buf_str(&h->out), NULL);
		if (i == 0)
			snprintf(want, sizeof(want), "%s", got);
		has(got, "item-not-found");
		rest(h);
	}
}

/* Behind the answer the clock does the same, unless somebody showed the whole
 * set of tags, KEY included: him it may ask for more. */
static void att_C_03__a_wrong_key_sets_nothing_off_later(void **state)
{
	static char first[1 << 20], ran[1 << 20];
	struct hand *h = *state;

	populate(h);
	turn_over(h);
	/* Questions of the cast are forgotten after an hour. */
	for (int i = 0; i < 20; i++)
		rest(h);
	mine_with(h, M, "99", KEYS);
	later(h, first, sizeof(first));
	for (size_t i = 0; i < CLAIMS; i++) {
		if (claims_that_fail[i].whole)
			continue;
		mine_with(h, M, claims_that_fail[i].sn, claims_that_fail[i].key);
		later(h, ran, sizeof(ran));
		if (strcmp(first, ran) != 0)
			fail_msg("%s: later ran\n%s, not\n%s", claims_that_fail[i].what, ran, first);
	}
}

/* ---- what is another's ---- */

static const char *const others[] = { "free", "old", "twin1", "spent", "elder", "heir", "kept",
	"frozen", "tomb", "turning", "gone", "weak", "fresh", "disputed" };
#define OTHERS (sizeof(others) / sizeof(others[0]))

static void att_C_15__what_is_anothers_is_as_if_it_were_not(void **state)
{
	static const char *const verbs[] = { "remove", "update", "disown" };
	struct hand *h = *state;
	static struct seen first, s;

	populate(h);
	turn_over(h);
	for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		look(h, verb_of, M, verbs[v], "nothing", NULL, &first);
		has(first.said, "item-not-found");
		assert_string_equal(first.ran, "BEGIN IMMEDIATE\nCOMMIT\n");
		for (size_t i = 0; i < OTHERS; i++) {
			rest(h);
			look(h, verb_of, M, verbs[v], others[i], NULL, &s);
			same(&first, &s, others[i]);
		}
		rest(h);
	}
}

/* The former and the next owner of a thing are others, too. */
static void att_C_15__former_owners_are_strangers(void **state)
{
	static const char *const verbs[] = { "remove", "update", "disown" };
	static const char *const were[] = { "tomb", "turning", "spent" };
	struct hand *h = *state;
	static struct seen first, s;

	populate(h);
	turn_over(h);
	rest(h);
	for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		look(h, verb_of, ALICE, verbs[v], "nothing", NULL, &first);
		for (size_t i = 0; i < sizeof(were) / sizeof(were[0]); i++) {
			rest(h);
			look(h, verb_of, ALICE, verbs[v], were[i], NULL, &s);
			same(&first, &s, were[i]);
		}
		rest(h);
	}
}

static const char *line_about(struct hand *h, const char *who, const char *format,
    const char *thing)
{
	char line[256], *at;

	snprintf(line, sizeof(line), "%s", format);
	at = strstr(line, "THING");
	assert_non_null(at);
	snprintf(at, sizeof(line) - (size_t)(at - line), "%s%s", thing,
	    strstr(format, "THING") + strlen("THING"));
	return types(h, who, line);
}

static void att_C_15__in_chat_too_what_is_anothers_is_not_there(void **state)
{
	static const char *const lines[] = { "disown THING", "disown THING offline", "remove THING",
		"transfer THING to " BOB, "show THING", "history THING", "publish THING",
		"unpublish THING", "name THING mine", "tag THING ROOM=7", "rules of THING",
		BOB " may read THING", "share THING with " BOB, "replace THING by THING",
		"revoke " BOB " of THING", "why " BOB " read THING", "mute THING", "undo THING",
		"remove THING@a.example", "disown THING@a.example", "show THING@a.example" };
	struct hand *h = *state;
	static struct seen first, s;

	populate(h);
	turn_over(h);
	for (size_t v = 0; v < sizeof(lines) / sizeof(lines[0]); v++) {
		look(h, line_about, M, lines[v], "nothing", "nothing", &first);
		for (size_t i = 0; i < OTHERS; i++) {
			rest(h);
			look(h, line_about, M, lines[v], others[i], others[i], &s);
			same(&first, &s, lines[v]);
		}
		rest(h);
	}
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, hand_set_up, hand_tear_down)
	const struct CMUnitTest tests[] = {
		CASE(att_C_03__every_failed_claim_is_the_same_bytes_and_statements),
		CASE(att_C_03__who_may_own_nothing_learns_nothing),
		CASE(att_C_04__who_waits_for_his_answer_learns_nothing_from_it),
		CASE(att_C_03__a_wrong_key_sets_nothing_off_later),
		CASE(att_C_15__what_is_anothers_is_as_if_it_were_not),
		CASE(att_C_15__former_owners_are_strangers),
		CASE(att_C_15__in_chat_too_what_is_anothers_is_not_there),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
