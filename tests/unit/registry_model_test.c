/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_model_test: 10,000 random requests by three owners and four things
 * with five KEYs, each answer compared with a model small enough to be seen
 * right: who owns what, which KEY stands where, which were used.  Some turns
 * are rolled back, some are followed by a restart.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#define THINGS 4
#define OWNERS 3
#define KEYS 5
#define STEPS 10000

struct model {
	int owner[THINGS];		/* -1 none */
	int key[THINGS];		/* -1 not registered */
	uint64_t epoch[THINGS];		/* 0: no row */
	int life[THINGS];		/* a dropped row comes back as another thing */
	int used_by[KEYS][2];		/* generation of the key: owner, thing; -1 unused */
	uint64_t used_epoch[KEYS];
	int used_life[KEYS];
	int generation[KEYS];		/* a used key is replaced by a new one now and then */
};

static uint64_t walk_state = 88172645463325252u;

static unsigned pick(unsigned n)
{
	walk_state ^= walk_state << 13;
	walk_state ^= walk_state >> 7;
	walk_state ^= walk_state << 17;
	return (unsigned)((walk_state >> 16) % n);
}

static void model_clear_key(struct model *m, int k)
{
	m->used_by[k][0] = m->used_by[k][1] = -1;
	m->used_epoch[k] = 0;
}

static void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < THINGS; i++)
		m->owner[i] = m->key[i] = -1;
	for (int k = 0; k < KEYS; k++)
		model_clear_key(m, k);
}

static const char *key_text(const struct model *m, int k)
{
	static char text[32];

	snprintf(text, sizeof(text), "key%d-%d", k, m->generation[k]);
	return text;
}

/* Who leaves a tie spoils the tags for those who stay: nobody knows who is true. */
static void model_leave_tie(struct model *m, int t)
{
	int k = m->key[t];

	if (k < 0 || k == KEYS || m->used_by[k][0] >= 0)
		return;
	for (int other = 0; other < THINGS; other++)
		if (other != t && m->owner[other] < 0 && m->key[other] == k)
			m->used_by[k][0] = OWNERS;
}

/* What register must answer: the owner, or -1 for an empty result. */
static int model_register(struct model *m, int t, int k)
{
	if (m->owner[t] >= 0)
		return m->owner[t];
	if (m->epoch[t] == 0)
		m->epoch[t] = 1;
	if (m->key[t] != k)
		model_leave_tie(m, t);
	m->key[t] = k;
	return -1;
}

/* What mine must answer: the thing, or -1 for item-not-found. */
static int model_mine(struct model *m, int o, int k)
{
	int fits = 0, found = -1, was = m->used_by[k][1];

	if (m->used_by[k][0] == o && was >= 0 && m->owner[was] == o && m->epoch[was] == m->used_epoch[k] &&
	    m->life[was] == m->used_life[k])
		return was;
	for (int t = 0; t < THINGS; t++) {
		if (m->owner[t] < 0 && m->key[t] == k) {
			fits++;
			found = t;
		}
	}
	if (fits != 1 || m->used_by[k][0] >= 0)
		return -1;
	m->owner[found] = o;
	m->epoch[found]++;
	m->used_by[k][0] = o;
	m->used_by[k][1] = found;
	m->used_epoch[k] = m->epoch[found];
	m->used_life[k] = m->life[found];
	return found;
}

static void model_unregister(struct model *m, int t)
{
	if (m->owner[t] >= 0) {
		m->epoch[t]++;
	} else if (m->key[t] >= 0) {
		m->epoch[t] = 0;
		m->life[t]++;
	}
	m->owner[t] = m->key[t] = -1;
}

static void check(const struct world *w, const struct model *m)
{
	char jid[16], owner[16];

	for (int t = 0; t < THINGS; t++) {
		const struct owned *x;

		snprintf(jid, sizeof(jid), "t%d@ex", t);
		x = thing_of(w, jid);
		assert_int_equal(x != NULL, m->epoch[t] > 0);
		if (x == NULL)
			continue;
		assert_int_equal(x->epoch, m->epoch[t]);
		snprintf(owner, sizeof(owner), "o%d@ex", m->owner[t]);
		if (m->owner[t] >= 0)
			assert_string_equal(x->owner, owner);
		else
			assert_null(x->owner);
	}
}

static void step(struct world *w, struct model *m, bool keep)
{
	struct model before = *m;
	char from[16], want[32];
	int t = (int)pick(THINGS), o = (int)pick(OWNERS), k = (int)pick(KEYS), expected;
	char xml[1024];
	struct request q;

	switch (pick(5)) {
	case 0:
	case 1:
		snprintf(from, sizeof(from), "t%d@ex/r", t);
		expected = model_register(m, t, k);
		snprintf(want, sizeof(want), expected >= 0 ? "jid=\"o%d@ex\"" : "type=\"result\"",
		    expected);
		snprintf(xml, sizeof(xml), "<iq type='set' from='%s' to='reg.ex' id='1'>"
		    "<register xmlns='" X "'>%s</register></iq>", from,
		    tags_of(key_text(&before, k)));
		break;
	case 2:
	case 3:
		snprintf(from, sizeof(from), "o%d@ex/y", o);
		expected = model_mine(m, o, k);
		snprintf(want, sizeof(want), expected >= 0 ? "jid=\"t%d@ex\"" : "item-not-found",
		    expected);
		snprintf(xml, sizeof(xml), "<iq type='set' from='%s' to='reg.ex' id='1'>"
		    "<mine xmlns='" X "'>%s</mine></iq>", from, tags_of(key_text(&before, k)));
		break;
	default:
		snprintf(from, sizeof(from), "t%d@ex/r", t);
		model_unregister(m, t);
		snprintf(want, sizeof(want), "type=\"result\"");
		snprintf(xml, sizeof(xml), "<iq type='set' from='%s' to='reg.ex' id='1'>"
		    "<unregister xmlns='" X "'/></iq>", from);
	}
	buf_reset(&w->out);
	parse(w, xml, &q);
	MUST(store_begin(w->store, &test_err));
	MUST(serve_one(w, &q, &test_err));
	if (keep) {
		MUST(store_commit(w->store, &test_err));
	} else {
		store_rollback(w->store);
		*m = before;
	}
	HAS(buf_str(&w->out), want);
}

/* A used KEY says nothing new: now and then a fresh one takes its place. */
static void refresh_a_key(struct model *m)
{
	int k = (int)pick(KEYS);

	for (int t = 0; t < THINGS; t++)
		if (m->key[t] == k && m->owner[t] < 0)
			return;
	m->generation[k]++;
	model_clear_key(m, k);
	/* Owned things registered under the old one. */
	for (int t = 0; t < THINGS; t++)
		if (m->key[t] == k)
			m->key[t] = KEYS;
}

static void ten_thousand_steps_agree_with_the_model(void **state)
{
	struct place p;
	struct world w;
	struct model m;

	(void)state;
	place_make(&p);
	world_open(&w, p.url);
	/* What short KEYs and many failures do is another test's. */
	w.conf.wrong_keys = w.conf.failures_per_jid = w.conf.failures_per_domain =
	    w.conf.failures = 1000000;
	world_restart(&w, p.url);
	model_init(&m);
	for (int i = 0; i < STEPS; i++) {
		step(&w, &m, pick(10) != 0);
		check(&w, &m);
		if (pick(20) == 0)
			refresh_a_key(&m);
		if (i % 1000 == 999) {
			world_restart(&w, p.url);
			check(&w, &m);
		}
	}
	world_close(&w);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_steps_agree_with_the_model),
	};

	return cmocka_run_group_tests_name("registry model", tests, NULL, NULL);
}
