/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon: a hash table of counted words.  Knows which fields of a rule hold
 * which words, nothing of what they mean.  Next: policy_index.c.
 */
#include "config.h"

#include "policy/lexicon.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 8

struct lexicon_word {
	struct lexicon_word *next;
	uint64_t hash;
	enum policy_fact fact;
	size_t uses;
	char text[];
};

void lexicon_fini(struct lexicon *l)
{
	for (size_t i = 0; i < l->n_slots; i++)
		for (struct lexicon_word *w = l->slot[i], *next; w != NULL; w = next) {
			next = w->next;
			free(w);
		}
	free(l->slot);
	*l = (struct lexicon){ 0 };
}

const char *lexicon_text(const struct lexicon_word *w)
{
	return w->text;
}

static struct lexicon_word **word_find(const struct lexicon *l, enum policy_fact f,
    const char *text, uint64_t hash)
{
	struct lexicon_word **at = &l->slot[hash & (l->n_slots - 1)];

	while (*at != NULL && ((*at)->hash != hash || (*at)->fact != f ||
				  !value_same((*at)->text, text)))
		at = &(*at)->next;
	return at;
}

bool lexicon_has(const struct lexicon *l, enum policy_fact f, const char *text, uint64_t hash)
{
	return l->uses[f] > 0 && *word_find(l, f, text, hash) != NULL;
}

static int slots_grow(struct lexicon *l)
{
	size_t n = l->n_slots == 0 ? SLOTS_FIRST : l->n_slots * 2;
	struct lexicon_word **slot = calloc(n, sizeof(*slot));

	if (slot == NULL)
		return -1;
	for (size_t i = 0; i < l->n_slots; i++)
		for (struct lexicon_word *w = l->slot[i], *next; w != NULL; w = next) {
			next = w->next;
			w->next = slot[w->hash & (n - 1)];
			slot[w->hash & (n - 1)] = w;
		}
	free(l->slot);
	l->slot = slot;
	l->n_slots = n;
	return 0;
}

static struct lexicon_word *word_new(enum policy_fact f, const char *text, uint64_t hash)
{
	struct lexicon_word *w = calloc(1, sizeof(*w) + strlen(text) + 1);

	if (w == NULL)
		return NULL;
	w->hash = hash;
	w->fact = f;
	memcpy(w->text, text, strlen(text) + 1);
	return w;
}

static int word_add(struct lexicon *l, enum policy_fact f, const char *text, struct err *e)
{
	uint64_t hash = value_hash(text);
	struct lexicon_word **at;

	if (l->n_words >= l->n_slots && slots_grow(l) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	at = word_find(l, f, text, hash);
	if (*at == NULL) {
		if (f == FACT_ZONE && l->n_zones == POLICY_ZONES)
			return err_set(e, ERR_LIMIT, "rules name at most %d time zones", POLICY_ZONES);
		*at = word_new(f, text, hash);
		if (*at == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		l->n_words++;
		if (f == FACT_ZONE)
			l->zone[l->n_zones++] = *at;
	}
	(*at)->uses++;
	l->uses[f]++;
	return 0;
}

static void zone_drop(struct lexicon *l, const struct lexicon_word *w)
{
	size_t i = 0;

	while (l->zone[i] != w)
		i++;
	memmove(&l->zone[i], &l->zone[i + 1], (--l->n_zones - i) * sizeof(l->zone[0]));
}

static void word_drop(struct lexicon *l, enum policy_fact f, const char *text)
{
	struct lexicon_word **at = word_find(l, f, text, value_hash(text)), *w = *at;

	l->uses[f]--;
	if (--w->uses > 0)
		return;
	if (f == FACT_ZONE)
		zone_drop(l, w);
	*at = w->next;
	free(w);
	l->n_words--;
}

/* The i-th word of a rule, tags first; false: it has no more. */
static bool rule_word(const struct rule *r, size_t i, enum policy_fact *f, const char **text)
{
	size_t n_terms = r->target.kind == TARGET_TAG ? r->target.n_terms : 0;
	const struct { bool is; enum policy_fact fact; const char *text; } single[] = {
		{ r->zone != NULL, FACT_ZONE, r->zone },
		{ r->target.kind == TARGET_SET, FACT_SET, r->target.name },
		{ r->subject.kind == SUBJECT_ROLE, FACT_ROLE, r->subject.text },
		{ r->subject.kind >= SUBJECT_SERVICE && r->subject.kind <= SUBJECT_USER,
		    FACT_TOKEN, r->subject.text },
	};

	if (i < n_terms) {
		*f = FACT_TAG;
		*text = r->target.term[i].name;
		return true;
	}
	i -= n_terms;
	for (size_t k = 0; k < sizeof(single) / sizeof(single[0]); k++)
		if (single[k].is && i-- == 0) {
			*f = single[k].fact;
			*text = single[k].text;
			return true;
		}
	return false;
}

static void drop_first(struct lexicon *l, const struct rule *r, size_t n)
{
	enum policy_fact f;
	const char *text;

	for (size_t i = 0; i < n && rule_word(r, i, &f, &text); i++)
		word_drop(l, f, text);
}

int lexicon_add(struct lexicon *l, const struct rule *r, struct err *e)
{
	enum policy_fact f;
	const char *text;

	for (size_t i = 0; rule_word(r, i, &f, &text); i++)
		if (word_add(l, f, text, e) != 0) {
			drop_first(l, r, i);
			return -1;
		}
	l->uses[FACT_CREDENTIAL] += r->n_withs > 0;
	return 0;
}

void lexicon_drop(struct lexicon *l, const struct rule *r)
{
	drop_first(l, r, SIZE_MAX);
	l->uses[FACT_CREDENTIAL] -= r->n_withs > 0;
}
