/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the rules of one owner and their index.  An array in number order is
 * the list people see; a hash table of buckets is what decisions look into
 * (policy_index.h).  Next: decide.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy_index.h"

struct policy *policy_new(void)
{
	return calloc(1, sizeof(struct policy));
}

void policy_free(struct policy **p)
{
	if (*p == NULL)
		return;
	policy_index_fini(&(*p)->index);
	lexicon_fini(&(*p)->words);
	for (size_t i = 0; i < (*p)->n; i++)
		free((*p)->entry[i]);
	free((*p)->entry);
	free(*p);
	*p = NULL;
}

static struct policy_entry *entry_new(const struct rule *r)
{
	struct policy_entry *en = malloc(sizeof(*en) + rule_size(r));

	if (en != NULL)
		en->rule = rule_pack(r, en + 1);
	return en;
}

/* Where a rule of this number stands, or would. */
static size_t position(const struct policy *p, int64_t number)
{
	size_t from = 0, to = p->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (p->entry[mid]->rule->number < number)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int make_room(struct policy *p)
{
	size_t cap = p->cap == 0 ? 4 : p->cap * 2;
	struct policy_entry **entry;

	if (p->n < p->cap)
		return 0;
	entry = realloc(p->entry, cap * sizeof(*entry));
	if (entry == NULL)
		return -1;
	p->entry = entry;
	p->cap = cap;
	return 0;
}

int policy_add(struct policy *p, const struct rule *r, struct err *e)
{
	size_t at = position(p, r->number);
	struct policy_entry *en;

	if (!rule_is_sound(r))
		return err_set(e, ERR_INPUT, "a rule that cannot be written down");
	if (p->n >= POLICY_RULES)
		return err_set(e, ERR_LIMIT, "at most %d rules", POLICY_RULES);
	if (r->number != 0 && at < p->n && p->entry[at]->rule->number == r->number)
		return err_set(e, ERR_INPUT, "there is a rule %lld already", (long long)r->number);
	if (lexicon_add(&p->words, r, e) != 0)
		return -1;
	en = entry_new(r);
	if (en == NULL || make_room(p) != 0) {
		(void)err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	if (policy_index_add(&p->index, en, e) != 0)
		goto fail;
	memmove(p->entry + at + 1, p->entry + at, (p->n - at) * sizeof(*p->entry));
	p->entry[at] = en;
	p->n++;
	return 0;
fail:
	lexicon_drop(&p->words, r);
	free(en);
	return -1;
}

bool policy_remove(struct policy *p, int64_t number)
{
	size_t at = position(p, number);

	if (at >= p->n || p->entry[at]->rule->number != number)
		return false;
	policy_index_drop(&p->index, p->entry[at]);
	lexicon_drop(&p->words, p->entry[at]->rule);
	free(p->entry[at]);
	p->n--;
	memmove(p->entry + at, p->entry + at + 1, (p->n - at) * sizeof(*p->entry));
	return true;
}

size_t policy_count(const struct policy *p)
{
	return p->n;
}

const struct rule *policy_at(const struct policy *p, size_t i)
{
	return i < p->n ? p->entry[i]->rule : NULL;
}

const struct rule *policy_by_number(const struct policy *p, int64_t number)
{
	size_t at = position(p, number);

	return at < p->n && p->entry[at]->rule->number == number ? p->entry[at]->rule : NULL;
}

bool policy_uses(const struct policy *p, enum policy_fact f)
{
	return p->words.uses[f] > 0;
}

bool policy_names(const struct policy *p, enum policy_fact f, const char *text)
{
	return lexicon_has(&p->words, f, text, value_hash(text));
}

const char *policy_zone(const struct policy *p, size_t i)
{
	return i < p->words.n_zones ? lexicon_text(p->words.zone[i]) : NULL;
}
