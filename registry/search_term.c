/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_term: one term over one tag, all terms over one thing.  What a term
 * on an absent tag means follows XEP-0347 3.14: it fits nothing, NEq and
 * NRange included.  Read first: search_term.h.
 */
#include "config.h"

#include "registry/search_term.h"

#include <string.h>

#include "common/base/str.h"
#include "registry/tags.h"

/* Work is counted in looks at one tag list for one term: 0.1 to 0.5 us,
 * most of it waiting for memory. */
#define MASK_STEPS 32		/* characters of a mask for one look */
#define REGEX_STEPS 32		/* states of an expression */
#define REGEX_WORK (1 << 20)	/* more than one match can take */
#define NAME_STEPS 8		/* names of tags for one look */

/* ---- one mask ---- */

static bool same_char(char a, char b, bool fold)
{
	if (!fold)
		return a == b;
	if (a >= 'A' && a <= 'Z')
		a = (char)(a - 'A' + 'a');
	if (b >= 'A' && b <= 'Z')
		b = (char)(b - 'A' + 'a');
	return a == b;
}

static bool mask_fits(const char *text, const char *mask, const char *wildcard, bool fold,
    size_t *steps)
{
	size_t wild = wildcard != NULL ? strlen(wildcard) : 0;
	const char *retry_mask = NULL, *retry_text = NULL;

	/* On a mismatch only the last wildcard takes one character more. */
	for (;; ++*steps) {
		if (wild > 0 && strncmp(mask, wildcard, wild) == 0) {
			mask += wild;
			retry_mask = mask;
			retry_text = text;
		} else if (*text == '\0' && *mask == '\0') {
			return true;
		} else if (*text != '\0' && same_char(*text, *mask, fold)) {
			text++;
			mask++;
		} else if (retry_mask != NULL && *retry_text != '\0') {
			mask = retry_mask;
			text = ++retry_text;
		} else {
			return false;
		}
	}
}

bool search_term_mask(const char *text, const char *mask, const char *wildcard, bool fold)
{
	size_t steps = 0;

	return mask_fits(text, mask, wildcard, fold, &steps);
}

static bool mask_within(const char *text, const char *mask, const char *wildcard, bool fold,
    int64_t *work)
{
	size_t steps = 0;
	bool fits = mask_fits(text, mask, wildcard, fold, &steps);

	*work -= (int64_t)(steps / MASK_STEPS);
	return fits;
}

static bool regex_within(const char *text, const struct regex *regex, int64_t *work)
{
	int64_t all = (*work < REGEX_WORK ? *work + 1 : REGEX_WORK) * REGEX_STEPS, steps = all;
	bool fits = *work >= 0 && regex_fits(regex, text, &steps);

	*work -= (all - steps) / REGEX_STEPS;
	return fits;
}

/* ---- one term ---- */

/* Below 0, 0, above 0: where the value lies; an open end is never passed.
 * The flags of a NRange speak of the range, not of what lies outside. */
static bool in_range(const struct search_term *t, int to_min, int to_max)
{
	if (t->has_min && (to_min < 0 || (to_min == 0 && !t->min_included)))
		return false;
	return !t->has_max || to_max < 0 || (to_max == 0 && t->max_included);
}

static int compare_num(double a, double b)
{
	return (a > b) - (a < b);
}

bool search_term_str(const struct search_term *t, const struct regex *regex, const char *v,
    int64_t *work)
{
	int to_value = t->value != NULL ? strcmp(v, t->value) : 0;
	int to_min = t->min != NULL ? strcmp(v, t->min) : 0;
	int to_max = t->max != NULL ? strcmp(v, t->max) : 0;

	switch (t->op) {
	case OP_STR_EQ: return to_value == 0;
	case OP_STR_NEQ: return to_value != 0;
	case OP_STR_GT: return to_value > 0;
	case OP_STR_GTEQ: return to_value >= 0;
	case OP_STR_LT: return to_value < 0;
	case OP_STR_LTEQ: return to_value <= 0;
	case OP_STR_RANGE: return in_range(t, to_min, to_max);
	case OP_STR_NRANGE: return !in_range(t, to_min, to_max);
	case OP_STR_MASK: return mask_within(v, t->value, t->wildcard, false, work);
	case OP_STR_REGEX: return regex != NULL && regex_within(v, regex, work);
	default: return false;
	}
}

bool search_term_num(const struct search_term *t, double v)
{
	int to_value = compare_num(v, t->num);
	int to_min = compare_num(v, t->num_min);
	int to_max = compare_num(v, t->num_max);

	switch (t->op) {
	case OP_NUM_EQ: return to_value == 0;
	case OP_NUM_NEQ: return to_value != 0;
	case OP_NUM_GT: return to_value > 0;
	case OP_NUM_GTEQ: return to_value >= 0;
	case OP_NUM_LT: return to_value < 0;
	case OP_NUM_LTEQ: return to_value <= 0;
	case OP_NUM_RANGE: return in_range(t, to_min, to_max);
	case OP_NUM_NRANGE: return !in_range(t, to_min, to_max);
	default: return false;
	}
}

bool search_term_is_num(const struct search_term *t)
{
	return t->op >= OP_NUM_EQ && t->op <= OP_NUM_NRANGE;
}

bool search_term_name(const struct search_term *t, const char *name, int64_t *work)
{
	return t->name_wildcard != NULL ?
	    mask_within(name, t->name, t->name_wildcard, true, work) :
	    str_case_eq(name, t->name);
}

static bool term_fits(const struct search_term *t, const struct regex *regex,
    const struct tag_list *tags, int64_t *work)
{
	*work -= (int64_t)(1 + tags->n / NAME_STEPS);
	for (size_t i = 0; *work >= 0 && i < tags->n; i++) {
		const struct tag *tag = &tags->tag[i];

		if (tag->is_num != search_term_is_num(t) || tags_is_key(tag->name) ||
		    !search_term_name(t, tag->name, work))
			continue;
		if (tag->is_num ? search_term_num(t, tag->num) :
		    search_term_str(t, regex, tag->str, work))
			return true;
	}
	return false;
}

bool search_terms_fit(const struct search_terms *s, const struct tag_list *tags, int64_t *work)
{
	for (size_t i = 0; i < s->n; i++)
		if (!term_fits(&s->term[i], s->regex[i], tags, work))
			return false;
	return s->n > 0;
}

bool search_terms_name_key(const struct request_search *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (tags_is_key(q->term[i].name))
			return true;
	return false;
}

enum condition search_terms_prepare(struct search_terms *out, const struct request_search *q,
    struct pool *pool)
{
	const struct regex **regex = pool_zalloc(pool, (q->n + 1) * sizeof(*regex));

	*out = (struct search_terms){ q->n, q->term, regex };
	if (regex == NULL)
		return COND_RESOURCE_CONSTRAINT;
	for (size_t i = 0; i < q->n; i++) {
		if (q->term[i].op != OP_STR_REGEX)
			continue;
		switch (regex_compile(&regex[i], q->term[i].value, pool)) {
		case REGEX_FINE: break;
		case REGEX_WRONG: return COND_BAD_REQUEST;
		case REGEX_TOO_LARGE: default: return COND_RESOURCE_CONSTRAINT;
		}
	}
	return COND_NONE;
}
