/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: one owner's (or an operator's) rules, compiled; and the decision.
 * Pure: no clock, no I/O, no globals.  A policy owns copies of its rules.
 */
#ifndef KITH_POLICY_POLICY_H
#define KITH_POLICY_POLICY_H

#include "common/base/err.h"
#include "policy/question.h"
#include "policy/rule.h"

struct buf;
struct pool;
struct policy;

struct policy *policy_new(void);		/* NULL: out of memory */
void policy_free(struct policy **p);
/* Copies; several rules may carry the same number only if it is 0. */
int policy_add(struct policy *p, const struct rule *r, struct err *e);
bool policy_remove(struct policy *p, int64_t number);
size_t policy_count(const struct policy *p);
const struct rule *policy_at(const struct policy *p, size_t i);		/* in number order */
const struct rule *policy_by_number(const struct policy *p, int64_t number);

/* policy_parse.c.  `now_ms`, `zone_s` turn "for 2 h" and bare dates into a
 * moment.  Strings go to `pool`.  The error says what was expected, where. */
int policy_parse_line(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
    struct pool *pool, struct err *e);
/* A file: one rule a line, '#' comments, blank lines; error text has LINE. */
int policy_parse_text(struct policy *out, const char *text, int64_t now_ms, int32_t zone_s,
    struct err *e);

/* policy_print.c.  The canonical line; parses back to an equal rule. */
void policy_print(struct buf *out, const struct rule *r, int32_t zone_s);
bool rule_equal(const struct rule *a, const struct rule *b);

/* decide.c.  The answer narrows and never widens. */
struct answer {
	enum verdict verdict;		/* VERDICT_ASK: deny until answered */
	const struct rule *rule;	/* the one that decided; NULL: no rule matched */
	size_t n_names;			/* partial grant: the allowed ones, in asked order; */
	const char **names;		/*   0 with VERDICT_ALLOW: everything asked for */
	int64_t edge_ms;		/* wall: when this answer may change by itself; 0 never */
	int64_t lease_ms;		/* shortest of the rules that granted; 0: default */
};
/* `names_space`: room for q->n_names pointers, owned by the caller (the
 * answer's names point there); when q names nothing but rules grant only some
 * names, those come from the rules and up to `n_space` are listed. */
void policy_decide(const struct policy *p, const struct question *q,
    const char **names_space, size_t n_space, struct answer *out);

/* explain.c: one sentence: `rule 3 "allow bob... " matched`. */
void policy_explain(struct buf *out, const struct question *q, const struct answer *a, int32_t zone_s);

#endif
