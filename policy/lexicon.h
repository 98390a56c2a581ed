/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon: the words of one policy that facts are looked up by: names of tags
 * and sets, zones, roles.  Counted, so that rules can go again.  What no rule
 * names need not be loaded for a question nor hashed in a decision.  For
 * policy.c only; next: policy_index.h.
 */
#ifndef KITH_POLICY_LEXICON_H
#define KITH_POLICY_LEXICON_H

#include "policy/policy.h"

struct lexicon_word;

struct lexicon {
	struct lexicon_word **slot;
	size_t n_slots, n_words;
	size_t uses[FACT_COUNT];		/* rules that look at such a fact */
	const struct lexicon_word *zone[POLICY_ZONES];
	size_t n_zones;
};

void lexicon_fini(struct lexicon *l);
/* All words of a rule.  -1: out of memory, or too many zones; nothing is kept. */
int lexicon_add(struct lexicon *l, const struct rule *r, struct err *e);
void lexicon_drop(struct lexicon *l, const struct rule *r);
/* `hash`: value_hash(text). */
bool lexicon_has(const struct lexicon *l, enum policy_fact f, const char *text, uint64_t hash);
const char *lexicon_text(const struct lexicon_word *w);

#endif
