/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: one owner's (or an operator's) rules, compiled; and the decision.
 * Pure: no clock, no I/O, no globals.  A policy owns copies of its rules and
 * keeps them by (action, subject, thing), so that a decision never walks all.
 *
 * How rules conflict, for each field or parameter asked for.  The same order
 * is in decide.c, docs/policy.5 and tests/policy/:
 *   1. A rule that is over, or whose time of day it is not, does not exist.
 *   2. A deny wins over everything.
 *   3. An allow for exactly this JID wins over an ask.
 *   4. An ask wins over an allow for a domain or for anyone.
 *   5. An allow.
 *   6. A co-owner's rules, where none of the owner's says anything: what they
 *      allow by 1 to 5, as far as he may himself by the owner's rules.  Rules
 *      of one co-owner never meet those of another, so nothing is passed on.
 *   7. Nothing matched: the owner is asked, and the answer is no until then.
 * A rule without names speaks for every name; one with names for these only.
 * What is allowed of several names is granted, the rest is left out; nothing
 * left: ask if any of them is to be asked about, else deny.  Whoever names
 * nothing asks for everything: granted whole only if no rule in force takes
 * anything out; otherwise the names that rules allow by name are granted.
 * The order of rules never matters.
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
/* Copies; several rules may carry the same number only if it is 0.  Refuses
 * what rule_is_sound() does. */
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
/* Equal as written: the number and what a thing's name is bound to are not. */
bool rule_equal(const struct rule *a, const struct rule *b);

/* decide.c.  The answer narrows and never widens. */
struct answer {
	enum verdict verdict;		/* VERDICT_ASK: deny until answered */
	const struct rule *rule;	/* the one that decided; NULL: no rule matched */
	size_t n_names;			/* partial grant: the allowed ones, in asked order; */
	const char **names;		/*   0 with VERDICT_ALLOW: everything asked for */
	int64_t edge_ms;		/* wall: when this answer may change by itself (of any rule
					 * about this asker, action and thing); 0 never */
	int64_t lease_ms;		/* shortest of the rules that granted; 0: default */
};
/* `names_space`: room for q->n_names pointers, owned by the caller (the
 * answer's names point there); when q names nothing but rules grant only some
 * names, those come from the rules and up to `n_space` are listed. */
void policy_decide(const struct policy *p, const struct question *q,
    const char **names_space, size_t n_space, struct answer *out);

/* explain.c: one sentence, as a saying (common/base/saying.h): `rule 3 (allow bob ...) allows it`. */
void policy_explain(struct buf *out, const struct question *q, const struct answer *a, int32_t zone_s);

#endif
