/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: does a rule speak of what is asked?  One function for each part of a
 * rule; its times are in rule_time.c.  A new condition comes in here.  Next:
 * ballot.h.
 */
#ifndef KITH_POLICY_MATCH_H
#define KITH_POLICY_MATCH_H

#include "policy/question.h"
#include "policy/rule.h"

/* Action, whose rule (giver NULL: the owner's), subject, thing, conditions. */
bool match_rule(const struct rule *r, const struct question *q, const char *giver);
/* Is it about this name?  A privilege also stands for all below it. */
bool match_name(const struct rule *r, enum action a, const char *name);
/* About any of those asked for, and about any of the kinds? */
bool match_wanted(const struct rule *r, const struct question *q);

bool match_span(const struct span *s, const char *name);
/* Is the value one of it?  A number in any spelling is that number. */
bool match_value(const struct span *s, const char *value);
bool match_number(const struct span *s, double value);
/* `mask` with '*' for any characters, without case, in time linear in both. */
bool match_mask(const char *mask, const char *text);

#endif
