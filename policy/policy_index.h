/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_index: the rules that can concern one question.  For policy.c and
 * ballot.c only.
 *
 * A rule lies in one place: (whose rule, action, subject; what of the thing it
 * goes by: its id, its name, a tag, a set, or nothing).  Of several tags it is
 * the one with the fewest rules.  A place keeps the rules without names apart
 * from those with names, which are also found by each of their names: so ten
 * thousand rules about one person, one tag or one thing cost no more than the
 * few about what is asked.  Only hashes are compared: whoever walks looks at
 * each rule himself (match.h), and may see one twice.
 */
#ifndef KITH_POLICY_INDEX_H
#define KITH_POLICY_INDEX_H

#include "policy/lexicon.h"
#include "policy/policy.h"

#define INDEX_CROWD 1000	/* rules about the very same; of those with names, looked at */
#define INDEX_PLACES 256	/* that one question can be about */

enum index_kind {
	INDEX_ALL, INDEX_BOUND, INDEX_CALLED, INDEX_TAG, INDEX_COMPARED, INDEX_SET, INDEX_KINDS
};

struct index_bucket;

struct policy_index {
	struct index_bucket **slot;
	size_t n_slots, n_buckets;
	size_t of_kind[INDEX_KINDS];
	/* Rules about such subjects and each action, the last about several. */
	size_t of_subject[SUBJECT_ROLE + 1][ACTION_COUNT + 1];
};

/* A rule, and the hash of the place it lies in. */
struct policy_entry {
	uint64_t place;
	struct rule *rule;		/* follows in the same block */
};

struct policy {
	struct policy_entry **entry;	/* in number order */
	size_t n, cap;
	struct policy_index index;
	struct lexicon words;
};

void policy_index_fini(struct policy_index *x);
/* -1: out of memory, or too many about the same. */
int policy_index_add(struct policy_index *x, struct policy_entry *en, struct err *e);
void policy_index_drop(struct policy_index *x, const struct policy_entry *en);

/* What of the thing asked about rules can go by; hashed once for all askers. */
struct policy_what {
	size_t n;
	struct { enum index_kind kind; uint64_t hash; } at[INDEX_PLACES];
};
/* false: it has more tags, sets and names that rules speak of than anybody looks at. */
bool policy_what(struct policy_what *out, const struct policy *p, const struct question *q);

/* The places of one giver's rules about the asker. */
struct policy_walk {
	const struct policy_index *index;
	enum action action;
	size_t n;
	const struct index_bucket *place[INDEX_PLACES];
};
bool policy_walk_start(struct policy_walk *w, const struct policy *p,
    const struct policy_what *what, const struct question *q, const char *giver);

/* false: has seen enough. */
typedef bool policy_visit(void *arg, const struct rule *r);
/* Rules that take away (deny, ask) before those that allow; whoever has enough
 * of those with names that allow sees no more of them.  false: of those with
 * names that take away there are more than were visited. */
bool policy_walk_all(const struct policy_walk *w, policy_visit *visit, void *arg);
/* Those without names, and those with any of these. */
void policy_walk_named(const struct policy_walk *w, const char *const *names, size_t n,
    policy_visit *visit, void *arg);

#endif
