/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: one owner's (or an operator's) rules, compiled; and the decision.
 * Pure: no clock, no I/O, no globals.  A policy owns copies of its rules and
 * keeps them by (action, subject, thing), so that a decision never walks all.
 *
 * How rules conflict, for each name, kind of reading and value asked for.  The
 * same order is in ballot.c, docs/policy.5, tests/policy/ and the reference
 * evaluator of the tests:
 *   1. A rule that is over, whose time of day or day of the week it is not, or
 *      whose conditions (with ...) do not hold, does not exist.
 *   2. A deny wins over everything.
 *   3. Not without a touch: as if it were to be asked, whatever is allowed.
 *   4. An allow for exactly this one (JID, proven token) wins over an ask.
 *   5. An ask wins over an allow for a domain, a role or for anyone.
 *   6. An allow.
 *   7. A co-owner's rules, where none of the owner's says anything: what they
 *      allow by 1 to 6, as far as he may himself by the owner's rules.  Rules
 *      of one co-owner never meet those of another, so nothing is passed on.
 *   8. Nothing matched: the owner is asked, and the answer is no until then.
 * A rule without names speaks for every name; one with names for these only; the
 * same for kinds of readings and for values.  What is allowed of what was asked
 * is granted, the rest is left out; nothing left: ask if any of it is to be asked
 * about, else deny.  An answer is one list of names and one of kinds, and grants
 * every pair of them: of all such rectangles the largest (then more names, then
 * the kinds that come first).  Whoever names nothing asks for everything: granted
 * whole only if no rule in force takes anything out; otherwise the names that
 * rules allow by name are granted.  The order of rules never matters.
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

/*
 * What the rules look at besides asker, thing and names: what none of them uses
 * need not be in a question (a tag, say, or the roles of the asker).
 */
enum policy_fact {
	FACT_TAG, FACT_SET, FACT_ZONE, FACT_TOKEN, FACT_ROLE, FACT_CREDENTIAL,
	FACT_COUNT
};
bool policy_uses(const struct policy *p, enum policy_fact f);
/* This tag, set, zone, token or role? */
bool policy_names(const struct policy *p, enum policy_fact f, const char *text);
/* The zones that rules name: at most POLICY_ZONES.  NULL: no more. */
const char *policy_zone(const struct policy *p, size_t i);

/* policy_parse.c.  `now_ms`, `zone_s` turn "for 2 h" and bare dates into a
 * moment.  Strings go to `pool`.  The error says what was expected, where. */
int policy_parse_line(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
    struct pool *pool, struct err *e);
/* The same; the error is a saying, for readers of other languages. */
int policy_parse_saying(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
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
	bool touch;			/* VERDICT_ASK: and a yes would not change it */
	const struct rule *rule;	/* the one that decided; NULL: no rule matched */
	bool exact;			/* VERDICT_ALLOW: all of it by the owner to exactly him */
	size_t n_names;			/* partial grant: the allowed ones, in asked order; */
	const char **names;		/*   0 with VERDICT_ALLOW: everything asked for */
	unsigned types;			/* read: the allowed ones of those asked for (all, when none
					 * was said); only with VERDICT_ALLOW */
	size_t n_limits;		/* only when q->keeps_limits */
	struct limit *limits;
	int64_t edge_ms;		/* wall: when this answer may change by itself (of any rule
					 * about this asker, action, thing and what was asked for);
					 * 0 never */
	int64_t lease_ms;		/* shortest of the rules that granted; 0: default */
};
/* Room for the lists of an answer, owned by the caller; what does not fit is
 * not granted.  When the question names nothing but rules grant only some
 * names, those come from the rules. */
struct answer_space {
	size_t n_names, n_limits;
	const char **names;
	struct limit *limits;
};
void policy_decide(const struct policy *p, const struct question *q,
    const struct answer_space *space, struct answer *out);

/* explain.c: one sentence, as a saying (common/base/saying.h): `rule 3 (allow bob ...) allows it`. */
void policy_explain(struct buf *out, const struct question *q, const struct answer *a, int32_t zone_s);

#endif
