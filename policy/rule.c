/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: copying and comparing.  Its limits are in rule_sound.c, when it is in
 * force in rule_time.c, what it matches in match.c, its text in policy_parse.c
 * and policy_print.c.
 */
#include "config.h"

#include "policy/rule.h"

#include <string.h>

#include "common/base/pool.h"
#include "policy/policy.h"

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

static bool spans_equal(const struct span *a, const struct span *b)
{
	return text_equal(a->name, b->name) && text_equal(a->text, b->text) &&
	       a->has_min == b->has_min && a->has_max == b->has_max &&
	       (!a->has_min || (a->min_out == b->min_out && a->min <= b->min && a->min >= b->min)) &&
	       (!a->has_max || (a->max_out == b->max_out && a->max <= b->max && a->max >= b->max));
}

static bool values_equal(const struct rule *a, const struct rule *b)
{
	if (a->n_spans != b->n_spans)
		return false;
	for (size_t i = 0; i < a->n_spans; i++)
		if (!spans_equal(&a->span[i], &b->span[i]))
			return false;
	return true;
}

static bool conditions_equal(const struct rule *a, const struct rule *b)
{
	if (a->n_withs != b->n_withs)
		return false;
	for (size_t i = 0; i < a->n_withs; i++)
		if (a->with[i].kind != b->with[i].kind ||
		    !text_equal(a->with[i].text, b->with[i].text) ||
		    !spans_equal(&a->with[i].range, &b->with[i].range))
			return false;
	return true;
}

static bool times_equal(const struct rule *a, const struct rule *b)
{
	return a->until_ms == b->until_ms && a->days == b->days && a->daily == b->daily &&
	       (!a->daily || (a->from_min == b->from_min && a->to_min == b->to_min)) &&
	       text_equal(a->zone, b->zone) && a->rate_n == b->rate_n &&
	       a->rate_ms == b->rate_ms && a->lease_ms == b->lease_ms;
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

static bool targets_equal(const struct target *a, const struct target *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TARGET_ALL:
		break;
	case TARGET_TAG:
		return terms_equal(a, b);
	case TARGET_SET:
		return text_equal(a->name, b->name);
	case TARGET_THING:
		return text_equal(a->name, b->name) && text_equal(a->node, b->node) &&
		       text_equal(a->source, b->source) && text_equal(a->partition, b->partition);
	}
	return true;
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return a->verdict == b->verdict && a->touch == b->touch && a->actions == b->actions &&
	       a->types == b->types && a->subject.kind == b->subject.kind &&
	       text_equal(a->subject.text, b->subject.text) &&
	       targets_equal(&a->target, &b->target) && names_equal(a, b) &&
	       values_equal(a, b) && conditions_equal(a, b) && times_equal(a, b);
}
