/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_index_test: random things come, are claimed, change and go, some
 * turns are rolled back, some are followed by a restart; after each, random
 * searches are compared with a plain walk over all rows.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include "registry/search_term.h"
#include "registry/search_budget.h"

#define THINGS 60
#define STEPS 4000

static uint64_t dice = 88172645463325252u;

static unsigned pick(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 16) % n);
}

/* ---- random changes ---- */

static const char *const names[] = { "MAN", "man", "Model", "V", "LAT" };
static const char *const values[] = { "a", "ab", "abc", "b", "ba", "B" };

static const char *random_tags(char *to, size_t room, const char *tail)
{
	size_t n = 0;

	to[0] = '\0';
	for (unsigned i = 0, all = 1 + pick(3); i < all; i++) {
		unsigned name = pick(5);

		if ((name < 2 && strcasestr(to, "'man'") != NULL) ||
		    strstr(to, names[name]) != NULL)
			continue;
		if (name < 3)
			n += (size_t)snprintf(to + n, room - n, "<str name='%s' value='%s'/>",
			    names[name], values[pick(6)]);
		else
			n += (size_t)snprintf(to + n, room - n, "<num name='%s' value='%d.5'/>",
			    names[name], (int)pick(7) - 3);
	}
	snprintf(to + n, room - n, "%s", tail);
	return to;
}

static const char *change(int thing, int serial)
{
	static char xml[2048];
	char tags[1024], key[64];
	const char *what[] = { "unregister", "remove", "disown" };

	snprintf(key, sizeof(key), "<str name='KEY' value='k%d-%d'/>", thing, serial);
	switch (pick(8)) {
	case 0: case 1: case 2:
		snprintf(xml, sizeof(xml), "<iq type='set' from='t%d@ex/r' to='reg.ex' id='1'>"
		    "<register xmlns='" X "'>%s</register></iq>", thing,
		    random_tags(tags, sizeof(tags), key));
		break;
	case 3: case 4:
		snprintf(xml, sizeof(xml), "<iq type='set' from='%s' to='reg.ex' id='1'>"
		    "<update xmlns='" X "' jid='t%d@ex'>%s</update></iq>", "o@ex/r", thing,
		    random_tags(tags, sizeof(tags), pick(3) == 0 ? "<str name='ROOM' value=''/>" :
		    "<str name='ROOM' value='a'/>"));
		break;
	case 5:
		snprintf(xml, sizeof(xml), "<iq type='set' from='t%d@ex/r' to='reg.ex' id='1'>"
		    "<unregister xmlns='" X "'/></iq>", thing);
		break;
	default:
		snprintf(xml, sizeof(xml), "<iq type='set' from='o@ex/r' to='reg.ex' id='1'>"
		    "<%s xmlns='" X "' jid='t%d@ex'/></iq>", what[1 + pick(2)], thing);
	}
	return xml;
}

static void one_turn(struct world *w, const char *xml, bool kept)
{
	struct request q;

	parse(w, xml, &q);
	buf_reset(&w->out);
	MUST(store_begin(w->store, &test_err));
	MUST(serve_one(w, &q, &test_err));
	if (kept)
		MUST(store_commit(w->store, &test_err));
	else
		store_rollback(w->store);
	registry_released(w->registry, &w->out);
}

/* A claim by what the thing registered just now. */
static void one_claim(struct world *w, int thing, int serial, bool is_public, bool kept)
{
	char xml[2048], tags[1024], key[64];

	snprintf(key, sizeof(key), "<str name='KEY' value='c%d-%d'/>", thing, serial);
	random_tags(tags, sizeof(tags), key);
	snprintf(xml, sizeof(xml), "<iq type='set' from='t%d@ex/r' to='reg.ex' id='1'>"
	    "<register xmlns='" X "'>%s</register></iq>", thing, tags);
	one_turn(w, xml, true);
	snprintf(xml, sizeof(xml), "<iq type='set' from='o@ex/r' to='reg.ex' id='1'>"
	    "<mine xmlns='" X "' public='%s'>%s</mine></iq>", is_public ? "true" : "false", tags);
	one_turn(w, xml, kept);
}

/* ---- random searches ---- */

static void random_term(struct buf *b)
{
	static const char *const ops[] = { "Eq", "NEq", "Gt", "GtEq", "Lt", "LtEq" };
	static const char *const bools[] = { "false", "true" };
	unsigned name = pick(5), ends;
	bool num = name >= 3;

	buf_addf(b, "<%s", num ? "num" : "str");
	switch (pick(4)) {
	case 0:
		if (!num) {
			buf_addf(b, "Mask name='%s' value='%s' wildcard='*'/>", names[name],
			    (const char *[]){ "a*", "*b", "ab*", "*", "ab" }[pick(5)]);
			return;
		}
		/* fall through */
	case 1:
		buf_addf(b, "%s name='%s'", pick(4) == 0 ? "NRange" : "Range", names[name]);
		ends = 1 + pick(3);
		if ((ends & 1) != 0)
			buf_addf(b, num ? " min='%d.5'" : " min='%c'",
			    num ? (int)pick(7) - 3 : 'a' + (int)pick(3));
		if ((ends & 2) != 0)
			buf_addf(b, num ? " max='%d.5'" : " max='%c'",
			    num ? (int)pick(7) - 3 : 'a' + (int)pick(3));
		buf_addf(b, " minIncluded='%s' maxIncluded='%s'/>", bools[pick(2)],
		    bools[pick(2)]);
		return;
	default:
		buf_addf(b, "%s name='%s'", ops[pick(6)], pick(5) == 0 ? "*a*" : names[name]);
		if (pick(5) == 0)
			buf_adds(b, " nameWildcard='*'");
		if (num)
			buf_addf(b, " value='%d.5'/>", (int)pick(7) - 3);
		else
			buf_addf(b, " value='%s'/>", values[pick(6)]);
	}
}

static const char *random_search(struct buf *b, unsigned *offset, unsigned *max)
{
	*offset = pick(3) == 0 ? pick(6) : 0;
	*max = 1 + pick(pick(2) == 0 ? 4 : 80);
	buf_reset(b);
	buf_addf(b, "<iq type='get' from='who@ex/c' to='reg.ex' id='s'><search xmlns='" X
	    "' offset='%u' maxCount='%u'>", *offset, *max);
	for (unsigned i = 0, n = 1 + pick(3); i < n; i++)
		random_term(b);
	buf_adds(b, "</search></iq>");
	return buf_str(b);
}

/* ---- the plain walk ---- */

static bool shown(const struct owned *t)
{
	return (t->state == OWNED || t->state == OWNED_SELF) && t->is_public && t->listed;
}

static int older(const void *a, const void *b)
{
	const struct owned *const *x = a, *const *y = b;

	return ((*x)->since_ms > (*y)->since_ms) - ((*x)->since_ms < (*y)->since_ms);
}

/* All that fit, in the order they were claimed: each row is looked at. */
static size_t plain_walk(struct world *w, const struct request_search *s,
    const struct owned *out[static THINGS])
{
	size_t n = 0;
	struct pool pool, kept;
	struct search_terms terms;

	pool_init(&kept, 1 << 20);
	assert_int_equal(search_terms_prepare(&terms, s, &kept), COND_NONE);
	pool_init(&pool, 1 << 20);
	for (size_t i = 0; i < ownership_count(w->ownership); i++) {
		const struct owned *t = ownership_at(w->ownership, i);
		struct found_thing f;
		int64_t work = 1 << 20;

		pool_reset(&pool);
		if (shown(t) && registry_describe(w->registry, t->id, &pool, &f, NULL) == 1 &&
		    search_terms_fit(&terms, &f.tags, &work))
			out[n++] = t;
	}
	pool_fini(&pool);
	pool_fini(&kept);
	qsort(out, n, sizeof(out[0]), older);
	return n;
}

/* Neither the rows, nor their order, nor `more` may differ. */
static size_t compare(struct world *w, const char *xml, unsigned offset, unsigned max)
{
	const struct owned *fit[THINGS];
	struct request q;
	struct reply r;
	size_t n, rest;

	parse(w, xml, &q);
	n = plain_walk(w, &q.u.search, fit);
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	assert_int_equal(r.kind, REPLY_RESULT);
	rest = n > offset ? n - offset : 0;
	if (r.u.found.n != (rest < max ? rest : max) || r.u.found.more != (rest > max))
		fail_msg("%zu of %zu, more %d: %s", r.u.found.n, rest, r.u.found.more, xml);
	for (size_t i = 0; i < r.u.found.n; i++)
		if (strcmp(r.u.found.thing[i].jid, fit[offset + i]->jid) != 0)
			fail_msg("%s instead of %s: %s", r.u.found.thing[i].jid,
			    fit[offset + i]->jid, xml);
	return r.u.found.n;
}

static void searches_find_what_a_plain_walk_finds(void **state)
{
	struct place p;
	struct world w;
	struct buf b;
	unsigned offset, max;
	size_t rows = 0;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	buf_init(&b, 8192);
	for (int i = 0; i < STEPS; i++) {
		int thing = (int)pick(THINGS);
		bool kept = pick(4) != 0;

		w.time.wall += 10000;
		w.time.boot += 10000;
		if (pick(2) == 0)
			one_claim(&w, thing, i, pick(4) != 0, kept);
		else
			one_turn(&w, change(thing, i), kept);
		if (pick(4) == 0)
			tick(&w);
		if (pick(400) == 0)
			world_restart(&w, p.url);
		for (int k = 0; k < 3; k++) {
			const char *xml = random_search(&b, &offset, &max);

			rows += compare(&w, xml, offset, max);
		}
	}
	/* Or nothing was compared. */
	assert_true(rows > STEPS);
	buf_fini(&b);
	world_close(&w);
	place_remove(&p);
}

/* ---- pages ---- */

static void claimed(struct world *w, int i)
{
	char key[16], jid[32];

	w->time.wall += 1000;
	snprintf(key, sizeof(key), "k%d", i);
	snprintf(jid, sizeof(jid), "t%d@ex/r", i);
	reg(w, jid, key);
	mine(w, "o@ex/r", key);
}

static const char *page(struct world *w, const char *who, int offset, const char *term)
{
	return say(w, "<iq type='get' from='%s' to='reg.ex' id='s1'><search xmlns='" X
	    "' offset='%d' maxCount='10'>%s</search></iq>", who, offset, term);
}

#define BY_MODEL "<strEq name='MODEL' value='IMC'/>"
#define BY_RANGE "<numGt name='V' value='1'/>"

static void pages_do_not_shift_when_things_come_and_change(void **state)
{
	char second[8192];
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	for (int i = 0; i < 25; i++)
		claimed(&w, i);
	snprintf(second, sizeof(second), "%s", page(&w, "a@ex/c", 10, BY_MODEL));
	assert_int_equal(count_text(second, "<thing"), 10);
	assert_string_equal(page(&w, "a@ex/c", 10, BY_RANGE), second);
	claimed(&w, 25);
	say(&w, "<iq type='set' from='o@ex/r' to='reg.ex' id='1'><update xmlns='" X
	    "' jid='t3@ex'><str name='ROOM' value='x'/><num name='V' value='7'/></update></iq>");
	assert_string_equal(page(&w, "a@ex/c", 10, BY_MODEL), second);
	assert_string_equal(page(&w, "a@ex/c", 10, BY_RANGE), second);
	world_restart(&w, p.url);
	assert_string_equal(page(&w, "a@ex/c", 10, BY_MODEL), second);
	assert_string_equal(page(&w, "a@ex/c", 10, BY_RANGE), second);
	world_close(&w);
	place_remove(&p);
}

/* ---- budgets ---- */

/* Things whose serial numbers all differ; two characters are too few to go by. */
static void claimed_with_serial(struct world *w, int i)
{
	char tags[512];

	w->time.wall += 1000;
	snprintf(tags, sizeof(tags), "<str name='SN' value='n%03d'/><str name='MODEL' value='IMC'/>"
	    "<str name='KEY' value='k%d'/>", i, i);
	say(w, "<iq type='set' from='t%d@ex/r' to='reg.ex' id='r1'><register xmlns='" X "'>%s"
	    "</register></iq>", i, tags);
	say(w, "<iq type='set' from='o@ex/r' to='reg.ex' id='m1'><mine xmlns='" X "'>%s"
	    "</mine></iq>", tags);
}

#define COSTLY "<strMask name='SN' value='*zz' wildcard='*'/>"

static void att_C_21__a_search_that_costs_too_much_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.search_work = 80;
	world_restart(&w, "sqlite::memory:");
	for (int i = 0; i < 120; i++)
		claimed_with_serial(&w, i);
	HAS(page(&w, "a@ex/c", 0, COSTLY), "resource-constraint");
	HAS(page(&w, "a@ex/c", 0, COSTLY), "type=\"wait\"");
	/* With a term that fits few, the same question is cheap. */
	HAS(page(&w, "a@ex/c", 0, COSTLY "<strEq name='SN' value='none'/>"), "more=\"false\"");
	/* A page that is full is an answer. */
	HAS(page(&w, "a@ex/c", 0, BY_MODEL), "more=\"true\"");
	assert_int_equal(count_text(buf_str(&w.out), "<thing"), 10);
	world_close(&w);
}

static void att_R_01__who_searches_without_end_is_put_off_alone(void **state)
{
	struct world w;
	int n = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	w.conf.searcher_work = 1000;
	world_restart(&w, "sqlite::memory:");
	for (int i = 0; i < 100; i++)
		claimed_with_serial(&w, i);
	while (strstr(page(&w, "a@ex/c", 0, COSTLY), "resource-constraint") == NULL)
		assert_true(++n < 20);
	assert_true(n > 3);
	HAS(page(&w, "a@ex/other", 0, BY_MODEL), "resource-constraint");
	HAS(page(&w, "b@ex/c", 0, COSTLY), "more=\"false\"");
	w.time.boot += 1000;
	HAS(page(&w, "a@ex/c", 0, COSTLY), "more=\"false\"");
	world_close(&w);
}

static const struct search_rates rates = { 1000, 3000, 5000 };

static void a_budget_comes_back_with_time_and_is_never_more_than_a_second(void **state)
{
	struct search_budget *b = NULL;
	char who[32];

	(void)state;
	MUST(search_budget_open(&b, &rates, &test_err));
	assert_int_equal(search_budget_left(b, "a@ex", 100, 0), 100);
	assert_true(search_budget_charge(b, "a@ex", 0, 3000));
	assert_false(search_budget_charge(b, "a@ex", 0, 0));
	assert_int_equal(search_budget_left(b, "a@ex", 100, 2000), 0);
	assert_int_equal(search_budget_left(b, "a@ex", 100, 2001), 100);
	assert_true(search_budget_charge(b, "a@ex", 1000000, 1000));
	assert_int_equal(search_budget_left(b, "a@ex", 100, 1000000), 0);
	/* However many others come, who owes most is remembered. */
	for (int i = 0; i < 100000; i++) {
		snprintf(who, sizeof(who), "s%d@d%d", i, i);
		search_budget_charge(b, who, 1000000, 1);
	}
	assert_int_equal(search_budget_left(b, "a@ex", 100, 1000000), 0);
	search_budget_close(&b);
}

/* Many names of one domain get no more than the domain; then whoever asks for
 * little is still served, and other domains as before. */
static void att_C_21__new_names_bring_no_new_budget(void **state)
{
	struct search_budget *b = NULL;
	char who[32];

	(void)state;
	MUST(search_budget_open(&b, &rates, &test_err));
	for (int i = 0; i < 30; i++) {
		snprintf(who, sizeof(who), "s%d@ex", i);
		assert_int_equal(search_budget_left(b, who, 160, 0), 160);
		assert_false(search_budget_charge(b, who, 0, 100));
	}
	assert_int_equal(search_budget_left(b, "new@ex", 160, 0), 10);
	assert_int_equal(search_budget_left(b, "new@other", 160, 0), 160);
	for (int i = 0; i < 20; i++) {
		snprintf(who, sizeof(who), "s@d%d", i);
		search_budget_charge(b, who, 0, 100);
	}
	assert_int_equal(search_budget_left(b, "new@other", 160, 0), 10);
	assert_int_equal(search_budget_left(b, "new@other", 160, 1000), 160);
	search_budget_close(&b);
}

/* ---- what may never show ---- */

/* Each operator, with operands that would fit `value`, on this name. */
static void term_on(struct buf *b, unsigned op, const char *name, const char *wild,
    const char *value)
{
	static const char *const str[] = { "Eq", "NEq", "Gt", "GtEq", "Lt", "LtEq", "Mask", "RegEx",
	    "Range", "NRange" };
	bool num = op >= 10;
	const char *what = num ? str[op - 10 + (op - 10 >= 6 ? 2 : 0)] : str[op];

	buf_addf(b, "<%s%s name='%s'", num ? "num" : "str", what, name);
	if (wild != NULL)
		buf_addf(b, " nameWildcard='%s'", wild);
	if (strstr(what, "Range") != NULL)
		buf_addf(b, " min='%s' max='%s'/>", num ? "-1e9" : "", num ? "1e9" : "zzzz");
	else if (strcmp(what, "Mask") == 0)
		buf_adds(b, " value='*' wildcard='*'/>");
	else
		buf_addf(b, " value='%s'/>", num ? "4857" : strcmp(what, "RegEx") == 0 ?
		    "(((" : value);
}

static void att_C_05__no_operator_on_the_key_finds_or_fails(void **state)
{
	static const char *const keys[] = { "KEY", "key", "Key", "kEy" };
	const char *with[] = { "", "<strEq name='MODEL' value='IMC'/>",
	    "<strRegEx name='MODEL' value='('/>" };
	struct world w;
	struct buf b;
	size_t n = 0;

	(void)state;
	world_open(&w, "sqlite::memory:");
	buf_init(&b, 8192);
	for (int i = 0; i < 3; i++)
		claimed(&w, i);
	for (unsigned i = 0; i < 18 * 4 * 3 * 2; i++, n++) {
		buf_reset(&b);
		buf_adds(&b, with[i % 3]);
		term_on(&b, i / 24, keys[i / 6 % 4], i % 2 == 0 ? NULL : "*", "k1");
		HAS(find(&w, buf_str(&b)), "<found xmlns=\"" X "\" more=\"false\"/>");
	}
	assert_int_equal(n, 432);
	buf_fini(&b);
	world_close(&w);
}

/* By a name with a wildcard, nothing that is found shows or is found by a KEY. */
static void att_C_05__no_wildcard_reaches_a_key(void **state)
{
	static const char *const keys[] = { "K*", "*Y", "K*Y", "*E*", "k%Y" };
	struct world w;
	struct buf b;

	(void)state;
	world_open(&w, "sqlite::memory:");
	buf_init(&b, 8192);
	for (int i = 0; i < 3; i++)
		claimed(&w, i);
	for (unsigned i = 0; i < 18 * 5; i++) {
		bool regex = i / 5 == 7;

		buf_reset(&b);
		term_on(&b, i / 5, keys[i % 5], i % 5 == 4 ? "%" : "*", "k1");
		find(&w, buf_str(&b));
		HAS_NOT(buf_str(&w.out), "KEY");
		if (!regex && i % 5 != 3)
			HAS(buf_str(&w.out), "more=\"false\"/>");
	}
	buf_fini(&b);
	world_close(&w);
}

/* Two registries, one with things that nobody may find: the answers are the same bytes. */
static void att_C_20__what_is_private_changes_no_byte(void **state)
{
	struct world w[2];
	struct buf b;
	unsigned offset, max;

	(void)state;
	buf_init(&b, 8192);
	for (int i = 0; i < 2; i++)
		world_open(&w[i], "sqlite::memory:");
	for (int i = 0; i < 100; i++) {
		bool hidden = i % 3 == 1;
		uint64_t same = dice;

		for (int k = hidden; k < 2; k++) {
			w[k].time.wall = 1767225600000 + i * INT64_C(1000);
			dice = same;
			one_claim(&w[k], i, i, !hidden || i % 2 == 0, true);
			if (hidden && i % 2 == 0)
				say(&w[k], "<iq type='set' from='o@ex/r' to='reg.ex' id='1'>"
				    "<remove xmlns='" X "' jid='t%d@ex'/></iq>", i);
			if (hidden && i % 5 == 0)
				unregister(&w[k], "t1@ex/r");
		}
	}
	for (int i = 0; i < 3000; i++) {
		char first[32768];

		random_search(&b, &offset, &max);
		snprintf(first, sizeof(first), "%s", say_text(&w[0], buf_str(&b)));
		assert_string_equal(say_text(&w[1], buf_str(&b)), first);
	}
	for (int i = 0; i < 2; i++)
		world_close(&w[i]);
	buf_fini(&b);
}

/* ---- paging while things come and go ---- */

#define PAGED 120

static void note_page(const char *page, unsigned *seen)
{
	int thing;

	for (const char *at = page; (at = strstr(at, "jid=\"t")) != NULL; at += 6)
		if (sscanf(at, "jid=\"t%d@", &thing) == 1 && thing < 1000)
			seen[thing]++;
}

/*
 * Who comes is behind all others, and who changes stays; when one goes that
 * was in front, the page still begins behind the last one shown.  A thing that
 * was there all the time is then seen exactly once, by any plan.
 */
static void a_thing_that_stays_is_on_exactly_one_page(void **state)
{
	static const char *const shapes[] = { BY_MODEL, BY_RANGE,
	    "<strMask name='SN' value='*23*' wildcard='*'/>", "<strNEq name='MAN' value='x'/>",
	    "<strRegEx name='MODEL' value='I.*'/><numLtEq name='V' value='7'/>" };
	struct place p;
	struct world w;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	for (int i = 0; i < PAGED; i++)
		claimed(&w, i);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		unsigned seen[1000] = { 0 };
		char gone[32];
		int offset = 0;

		for (bool more = true; more; offset += 10) {
			more = strstr(page(&w, "a@ex/c", offset, shapes[s]), "more=\"true\"") != NULL;
			note_page(buf_str(&w.out), seen);
			for (int i = 0; i < 3; i++)
				claimed(&w, 200 + (int)s * 100 + offset / 10 * 3 + i);
			say(&w, "<iq type='set' from='o@ex/r' to='reg.ex' id='1'><update xmlns='" X
			    "' jid='t%u@ex'><str name='ROOM' value='r%u'/><num name='V' value='2'/>"
			    "</update></iq>", pick(PAGED), pick(100));
			snprintf(gone, sizeof(gone), "t%d@ex", 20 * (int)s + offset / 10);
			about(&w, "o@ex/r", "remove", gone);
			if (offset > PAGED)
				break;
		}
		for (int i = 0; i < PAGED; i++)
			if (i >= 20 * (int)(s + 1) && seen[i] != 1)
				fail_msg("t%d was seen %u times: %s", i, seen[i], shapes[s]);
	}
	world_close(&w);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_find_what_a_plain_walk_finds),
		cmocka_unit_test(pages_do_not_shift_when_things_come_and_change),
		cmocka_unit_test(att_C_21__a_search_that_costs_too_much_is_refused),
		cmocka_unit_test(att_R_01__who_searches_without_end_is_put_off_alone),
		cmocka_unit_test(a_budget_comes_back_with_time_and_is_never_more_than_a_second),
		cmocka_unit_test(att_C_21__new_names_bring_no_new_budget),
		cmocka_unit_test(att_C_05__no_operator_on_the_key_finds_or_fails),
		cmocka_unit_test(att_C_05__no_wildcard_reaches_a_key),
		cmocka_unit_test(att_C_20__what_is_private_changes_no_byte),
		cmocka_unit_test(a_thing_that_stays_is_on_exactly_one_page),
	};

	return cmocka_run_group_tests_name("search index", tests, NULL, NULL);
}
