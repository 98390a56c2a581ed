/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: when a rule is in force, and whether it can be written down.  What it
 * matches is in decide.c, its text in policy_parse.c and policy_print.c.
 */
#include "config.h"

#include "policy/rule.h"

#include <string.h>

#include "common/base/pool.h"
#include "policy/policy.h"

#define MINUTE_MS 60000LL
#define DAY_MS (24 * 60 * MINUTE_MS)

/* Milliseconds since midnight of the owner's day. */
static int64_t time_of_day(int64_t now_ms, int32_t zone_s)
{
	int64_t t = (now_ms + zone_s * 1000LL) % DAY_MS;

	return t < 0 ? t + DAY_MS : t;
}

static bool is_in_daily(const struct rule *r, int64_t now_ms, int32_t zone_s)
{
	int64_t t = time_of_day(now_ms, zone_s);
	int64_t from = r->from_min * MINUTE_MS, to = r->to_min * MINUTE_MS;

	if (from < to)
		return t >= from && t < to;
	return t >= from || t < to;	/* over midnight */
}

bool rule_is_in_force(const struct rule *r, int64_t now_ms, int32_t zone_s)
{
	if (r->until_ms != 0 && now_ms >= r->until_ms)
		return false;
	return !r->daily || is_in_daily(r, now_ms, zone_s);
}

/* How long until it is that minute of the day again; never 0. */
static int64_t ms_until_minute(int32_t minute, int64_t now_ms, int32_t zone_s)
{
	int64_t left = (minute * MINUTE_MS - time_of_day(now_ms, zone_s)) % DAY_MS;

	return left <= 0 ? left + DAY_MS : left;
}

int64_t rule_edge(const struct rule *r, int64_t now_ms, int32_t zone_s)
{
	int64_t from, to, edge;

	if (r->until_ms != 0 && now_ms >= r->until_ms)
		return 0;
	if (!r->daily)
		return r->until_ms;
	from = ms_until_minute(r->from_min, now_ms, zone_s);
	to = ms_until_minute(r->to_min, now_ms, zone_s);
	edge = now_ms + (from < to ? from : to);
	if (r->until_ms == 0 || edge < r->until_ms)
		return edge;
	return rule_is_in_force(r, now_ms, zone_s) ? r->until_ms : 0;
}

static bool actions_are_sound(const struct rule *r)
{
	switch (r->actions) {
	case 1u << ACTION_READ:
	case 1u << ACTION_CONTROL:
		return r->n_names <= POLICY_NAMES;
	case 1u << ACTION_BEFRIEND:
	case RULE_EVERYTHING:
		return r->n_names == 0;
	default:
		return false;
	}
}

static bool times_are_sound(const struct rule *r)
{
	if (r->until_ms < 0 || r->until_ms % 1000 != 0)
		return false;
	if (r->daily && (r->from_min < 0 || r->from_min > 1439 || r->to_min < 0 ||
			    r->to_min > 1440 || r->from_min == r->to_min))
		return false;
	return r->lease_ms == 0 ||
	       (r->verdict == VERDICT_ALLOW && r->lease_ms >= POLICY_LEASE_MIN_MS &&
		   r->lease_ms <= POLICY_LEASE_MAX_MS && r->lease_ms % 1000 == 0);
}

static bool texts_are_sound(const struct rule *r)
{
	if ((r->subject.kind == SUBJECT_ANYONE) != (r->subject.text == NULL))
		return false;
	switch (r->target.kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		return r->target.name != NULL;
	case TARGET_TAG:
		return r->target.n_terms == 1;
	case TARGET_SET:
		break;
	}
	return false;
}

bool rule_is_sound(const struct rule *r)
{
	return actions_are_sound(r) && times_are_sound(r) && texts_are_sound(r);
}

static int copy_text(const char **s, struct pool *pool)
{
	if (*s != NULL)
		*s = pool_strdup(pool, *s);
	return *s != NULL ? 0 : -1;
}

static int copy_terms(struct target *t, struct pool *pool)
{
	struct tag_term *term = pool_alloc(pool, (t->n_terms + 1) * sizeof(*term));

	if (term == NULL)
		return -1;
	for (size_t i = 0; i < t->n_terms; i++) {
		term[i] = t->term[i];
		if (copy_text(&term[i].name, pool) != 0 || copy_text(&term[i].value, pool) != 0)
			return -1;
	}
	t->term = term;
	return 0;
}

int rule_copy(struct rule *out, const struct rule *r, struct pool *pool)
{
	struct rule c = *r;

	c.names = pool_alloc(pool, (r->n_names + 1) * sizeof(*c.names));
	if (c.names == NULL)
		return -1;
	for (size_t i = 0; i < r->n_names; i++) {
		c.names[i] = r->names[i];
		if (copy_text(&c.names[i], pool) != 0)
			return -1;
	}
	if ((c.subject.text != NULL && copy_text(&c.subject.text, pool) != 0) ||
	    (c.target.name != NULL && copy_text(&c.target.name, pool) != 0) ||
	    copy_terms(&c.target, pool) != 0 ||
	    (c.giver != NULL && copy_text(&c.giver, pool) != 0))
		return -1;
	*out = c;
	return 0;
}

static bool text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool names_equal(const struct rule *a, const struct rule *b)
{
	if (a->n_names != b->n_names)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	return true;
}

static bool times_equal(const struct rule *a, const struct rule *b)
{
	if (a->daily != b->daily || a->until_ms != b->until_ms || a->lease_ms != b->lease_ms)
		return false;
	return !a->daily || (a->from_min == b->from_min && a->to_min == b->to_min);
}

static bool terms_equal(const struct target *a, const struct target *b)
{
	if (a->n_terms != b->n_terms)
		return false;
	for (size_t i = 0; i < a->n_terms; i++)
		if (a->term[i].op != b->term[i].op ||
		    !text_equal(a->term[i].name, b->term[i].name) ||
		    !text_equal(a->term[i].value, b->term[i].value))
			return false;
	return true;
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return a->verdict == b->verdict && a->actions == b->actions &&
	       a->subject.kind == b->subject.kind &&
	       text_equal(a->subject.text, b->subject.text) &&
	       a->target.kind == b->target.kind &&
	       (a->target.kind == TARGET_ALL ||
		   (text_equal(a->target.name, b->target.name) &&
		       terms_equal(&a->target, &b->target))) &&
	       names_equal(a, b) && times_equal(a, b);
}
