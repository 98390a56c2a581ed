/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_part: what the files behind report.h share: one question of kithctl
 * with its words, and the answer as far as it has come.  Nobody outside
 * includes it.
 */
#ifndef KITH_KITHD_REPORT_PART_H
#define KITH_KITHD_REPORT_PART_H

#include "common/base/pool.h"
#include "common/store/audit.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/wire/reply.h"
#include "kithd/report.h"
#include "kithd/report_rows.h"

#define REPORT_ARGS 16
#define REPORT_SLICE 2000		/* rows looked at in one go */
#define REPORT_SLICE_BYTES (64 * 1024)	/* and written */

struct report {
	const struct site_parts *p;	/* of this call */
	struct rows rows;
	struct pool pool;		/* of answers; emptied between slices */
	struct pool words;		/* of the question */
	const char *arg[REPORT_ARGS];	/* behind the command's words; NULL behind the last */
	size_t n_args;
	/* Options; NULL or 0: not given. */
	const char *state, *thing, *owner, *format;
	int64_t since_ms, offset, limit;
	bool prometheus, canonical;
	/* Long answers: called until it returns false. */
	bool (*step)(struct report *r);
	int64_t at;			/* where its walk stands */
	int stage;			/* and in what */
	int64_t skipped, shown;
	const char *error;		/* with REPORT_ERROR */
};

/* Writes rows or sets step; returns the exit status. */
typedef int (*report_fn)(struct report *r);

int report_fail(struct report *r, const char *why);
/* Is this row wanted (offset, limit)?  Counts it. */
bool report_wants(struct report *r);
bool report_is_full(const struct report *r);	/* limit reached */
/* Is this slice long enough? */
bool report_pauses(const struct report *r, size_t looked);
/* Exactly one thing of this name, or NULL and error set. */
const struct owned *report_one_thing(struct report *r, const char *name);
/* The same path as the owner's chat line.  -1: refused or the store failed. */
int report_ask_as(struct report *r, const char *owner, enum verb v, struct reply *reply);
/* Is this the first of its owner's things (so that each owner comes once)? */
bool report_is_first_of_owner(const struct report *r, const struct owned *t);
const char *report_debt_name(enum debt_kind k);
/* One word each, for options, JSON and labels: "tombstone", "frozen". */
const char *report_state_word(enum owned_state s);
const char *report_hold_word(enum owned_hold h);

/* A list that `step` writes in slices. */
int report_list(struct report *r, bool (*step)(struct report *r));

/* report_recall.c */
int report_recalls(struct report *r);
/* report_thing.c */
int report_things(struct report *r);
int report_show(struct report *r);
int report_owners(struct report *r);
int report_questions(struct report *r);
int report_rules(struct report *r);
int report_debts(struct report *r);
/* report_audit.c */
int report_audit(struct report *r);
int report_history(struct report *r);
int report_export(struct report *r);
void report_audit_fields(struct rows *rows, const struct audit_row *a);
/* report_policy.c */
int report_policy_versions(struct report *r);
int report_policy_show(struct report *r);
int report_policy_diff(struct report *r);
int report_roles(struct report *r);
int report_tokens(struct report *r);
/* report_stats.c */
int report_stats(struct report *r);
/* report_dump.c */
int report_dump(struct report *r);
int report_graph(struct report *r);

#endif
