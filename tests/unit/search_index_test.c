/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_index_test: random things come, are claimed, change and go, some
 * turns are rolled back, some are followed by a restart; after each, random
 * searches are compared with a plain walk over all rows.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include "registry/search.h"
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
static const char *const values[] = { "a", "ab", "abc", "b", "ba", "B", "" };

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
		    random_tags(tags, sizeof(tags), "<str name='Model' value=''/>"));
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
	unsigned name = pick(5);
	bool num = name >= 3;

	buf_printf(b, "<%s", num ? "num" : "str");
	switch (pick(4)) {
	case 0:
		if (!num) {
			buf_printf(b, "Mask name='%s' value='%s' wildcard='*'/>", names[name],
			    (const char *[]){ "a*", "*b", "ab*", "*", "ab" }[pick(5)]);
			return;
		}
		/* fall through */
	case 1:
		buf_printf(b, "%s name='%s'", pick(4) == 0 ? "NRange" : "Range", names[name]);
		if (pick(4) != 0)
			buf_printf(b, num ? " min='%d.5'" : " min='%c'",
			    num ? (int)pick(7) - 3 : 'a' + (int)pick(3));
		if (pick(4) != 0)
			buf_printf(b, num ? " max='%d.5'" : " max='%c'",
			    num ? (int)pick(7) - 3 : 'a' + (int)pick(3));
		buf_printf(b, " minIncluded='%s' maxIncluded='%s'/>", bools[pick(2)],
		    bools[pick(2)]);
		return;
	default:
		buf_printf(b, "%s name='%s'", ops[pick(6)], pick(5) == 0 ? "*a*" : names[name]);
		if (pick(5) == 0)
			buf_adds(b, " nameWildcard='*'");
		if (num)
			buf_printf(b, " value='%d.5'/>", (int)pick(7) - 3);
		else
			buf_printf(b, " value='%s'/>", values[pick(6)]);
	}
}

static const char *random_search(struct buf *b, unsigned *offset, unsigned *max)
{
	*offset = pick(3) == 0 ? pick(6) : 0;
	*max = 1 + pick(pick(2) == 0 ? 4 : 80);
	buf_reset(b);
	buf_printf(b, "<iq type='get' from='who@ex/c' to='reg.ex' id='s'><search xmlns='" X
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

/* JIDs of all that fit.  The rows say who; the tags are asked of the registry. */
static size_t plain_walk(struct world *w, const struct request_search *s,
    char out[THINGS][16])
{
	size_t n = 0;
	struct pool pool;

	pool_init(&pool, 1 << 20);
	for (size_t i = 0; i < ownership_count(w->ownership); i++) {
		const struct owned *t = ownership_at(w->ownership, i);
		struct found_thing f;
		int64_t work = 1 << 20;

		pool_reset(&pool);
		if (shown(t) && registry_describe(w->registry, t->id, &pool, &f, NULL) == 1 &&
		    search_fits(s, &f.tags, &work))
			snprintf(out[n++], 16, "%s", t->jid);
	}
	pool_fini(&pool);
	return n;
}

static int64_t since_of(const struct world *w, const char *jid)
{
	return thing_of(w, jid)->since_ms;
}

static bool is_among(char all[THINGS][16], size_t n, const char *jid)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i], jid) == 0)
			return true;
	return false;
}

/* Neither the rows, nor how many, nor `more`, nor the order may differ. */
static void compare(struct world *w, const char *xml, unsigned offset, unsigned max)
{
	struct request q;
	struct reply r;
	char fit[THINGS][16];
	size_t n, rest;

	parse(w, xml, &q);
	n = plain_walk(w, &q.u.search, fit);
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	assert_int_equal(r.kind, REPLY_RESULT);
	rest = n > offset ? n - offset : 0;
	if (r.u.found.n != (rest < max ? rest : max) || r.u.found.more != (rest > max))
		fail_msg("%zu of %zu, more %d: %s", r.u.found.n, rest, r.u.found.more, xml);
	for (size_t i = 0; i < r.u.found.n; i++) {
		const char *jid = r.u.found.thing[i].jid;

		if (!is_among(fit, n, jid))
			fail_msg("%s does not fit: %s", jid, xml);
		if (i > 0 && since_of(w, r.u.found.thing[i - 1].jid) > since_of(w, jid))
			fail_msg("%s is out of order: %s", jid, xml);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(r.u.found.thing[k].jid, jid);
	}
}

static void searches_find_what_a_plain_walk_finds(void **state)
{
	const char *path = store_path(*state);
	struct world w;
	struct buf b;
	unsigned offset, max;

	world_open(&w, path);
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
			world_restart(&w, path);
		for (int k = 0; k < 3; k++) {
			const char *xml = random_search(&b, &offset, &max);

			compare(&w, xml, offset, max);
		}
	}
	buf_fini(&b);
	world_close(&w);
}
