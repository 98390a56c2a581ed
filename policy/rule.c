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

/*
 * One walk over everything a rule points at, first to count (block NULL), then
 * to copy it behind one another into a block of that size.
 */
struct packer {
	char *block;
	size_t used;
};

static void *pack(struct packer *k, const void *from, size_t size, size_t align)
{
	char *to;

	k->used = (k->used + align - 1) / align * align;
	to = k->block != NULL ? k->block + k->used : NULL;
	k->used += size;
	if (to != NULL && size > 0)
		memcpy(to, from, size);
	return to;
}

/* NULL stays NULL; when counting, everything comes out as NULL. */
static const char *pack_text(struct packer *k, const char *s)
{
	return s == NULL ? NULL : pack(k, s, strlen(s) + 1, 1);
}

static const char **pack_names(struct packer *k, const struct rule *r)
{
	const char **to = pack(k, r->names, r->n_names * sizeof(*to), sizeof(*to));

	for (size_t i = 0; i < r->n_names; i++) {
		const char *name = pack_text(k, r->names[i]);

		if (to != NULL)
			to[i] = name;
	}
	return to;
}

static struct span *pack_spans(struct packer *k, const struct rule *r)
{
	struct span *to = pack(k, r->span, r->n_spans * sizeof(*to), _Alignof(struct span));

	for (size_t i = 0; i < r->n_spans; i++) {
		const char *name = pack_text(k, r->span[i].name);
		const char *text = pack_text(k, r->span[i].text);

		if (to != NULL) {
			to[i].name = name;
			to[i].text = text;
		}
	}
	return to;
}

static struct tag_term *pack_terms(struct packer *k, const struct target *t)
{
	struct tag_term *to = pack(k, t->term, t->n_terms * sizeof(*to), _Alignof(struct tag_term));

	for (size_t i = 0; i < t->n_terms; i++) {
		const char *name = pack_text(k, t->term[i].name);
		const char *value = pack_text(k, t->term[i].value);

		if (to != NULL) {
			to[i].name = name;
			to[i].value = value;
		}
	}
	return to;
}

static struct with *pack_withs(struct packer *k, const struct rule *r)
{
	struct with *to = pack(k, r->with, r->n_withs * sizeof(*to), _Alignof(struct with));

	for (size_t i = 0; i < r->n_withs; i++) {
		const char *text = pack_text(k, r->with[i].text);
		const char *name = pack_text(k, r->with[i].range.name);
		const char *range = pack_text(k, r->with[i].range.text);

		if (to != NULL) {
			to[i].text = text;
			to[i].range.name = name;
			to[i].range.text = range;
		}
	}
	return to;
}

static struct rule *pack_rule(struct packer *k, const struct rule *r)
{
	struct rule *out = pack(k, r, sizeof(*r), _Alignof(struct rule));
	struct rule c = *r;

	c.names = pack_names(k, r);
	c.span = pack_spans(k, r);
	c.with = pack_withs(k, r);
	c.target.term = pack_terms(k, &r->target);
	c.subject.text = pack_text(k, r->subject.text);
	c.target.name = pack_text(k, r->target.name);
	c.target.node = pack_text(k, r->target.node);
	c.target.source = pack_text(k, r->target.source);
	c.target.partition = pack_text(k, r->target.partition);
	c.zone = pack_text(k, r->zone);
	c.giver = pack_text(k, r->giver);
	if (out != NULL)
		*out = c;
	return out;
}

size_t rule_size(const struct rule *r)
{
	struct packer k = { 0 };

	(void)pack_rule(&k, r);
	return k.used;
}

struct rule *rule_pack(const struct rule *r, void *block)
{
	struct packer k = { .block = block };

	return pack_rule(&k, r);
}

int rule_copy(struct rule *out, const struct rule *r, struct pool *pool)
{
	void *block = pool_alloc(pool, rule_size(r));

	if (block == NULL)
		return -1;
	*out = *rule_pack(r, block);
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
