/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_sound: may this rule exist?  Every limit of value.h, and what may stand
 * together: whatever is sound can be written down and read back.  Next:
 * policy_parse.c.
 */
#include "config.h"

#include "policy/rule.h"

#include <math.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/str.h"
#include "policy/credential.h"
#include "policy/policy.h"

#define MINUTES_OF_DAY 1440
/* So that "the day before" has a date in every zone. */
#define UNTIL_FROM_MS (2 * 24 * 3600 * 1000LL)
#define UNTIL_TO_MS 253370592000000LL	/* 9998-12-30 */
#define LINE_FRAME 640		/* bytes of a line that are no names, at most */
#define LONGEST_ESCAPE 8	/* "\u{0001}" for one byte */

static bool is_text(const char *s)
{
	size_t len = s != NULL ? strnlen(s, 4 * POLICY_NAME + 1) : 0;

	return len >= 1 && len <= 4 * POLICY_NAME && str_utf8_valid(s, len) &&
	       str_utf8_chars(s) <= POLICY_NAME;
}

static bool is_text_or_absent(const char *s)
{
	return s == NULL || is_text(s);
}

/* Names and all that narrows an action belong to some actions only. */
static bool action_is_sound(const struct rule *r)
{
	unsigned read = 1u << ACTION_READ, control = 1u << ACTION_CONTROL;
	unsigned access = 1u << ACTION_ACCESS, use = 1u << ACTION_PRIVILEGE;
	unsigned a = r->actions;

	if (a != RULE_EVERYTHING && a != 1u << ACTION_BEFRIEND && a != read && a != control &&
	    a != access && a != use)
		return false;
	return (r->n_names == 0 || a == read || a == control || a == use) &&
	       (r->n_spans == 0 || a == control) && (r->types == 0 || a == read) &&
	       (r->rate_n == 0 || a == read || a == control) &&
	       (r->n_withs == 0 || a == access || a == use);
}

/* As subject.c leaves it: what is not canonical would read back as somebody else. */
static bool is_address(const char *s, bool domain_only)
{
	struct jid jid;

	return s != NULL && jid_parse(&jid, s, JID_STRINGPREP, NULL) == 0 &&
	       !jid_has_resource(&jid) && !(domain_only && jid_has_local(&jid)) &&
	       strcmp(jid.text, s) == 0 && !jid_profiles_differ(s);
}

static bool subject_is_sound(const struct subject *s)
{
	switch (s->kind) {
	case SUBJECT_ANYONE:
		return s->text == NULL;
	case SUBJECT_JID:
	case SUBJECT_DOMAIN:
		return is_address(s->text, s->kind == SUBJECT_DOMAIN);
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
		return s->text != NULL && value_is_token(s->text);
	case SUBJECT_ROLE:
		return s->text != NULL && value_is_role(s->text);
	}
	return false;
}

static bool names_are_sound(const struct rule *r)
{
	if (r->n_names > POLICY_NAMES)
		return false;
	for (size_t i = 0; i < r->n_names; i++)
		if (!is_text(r->names[i]))
			return false;
	return true;
}

static bool range_is_sound(const struct span *s)
{
	if ((s->has_min && !isfinite(s->min)) || (s->has_max && !isfinite(s->max)))
		return false;
	if (!s->has_min || !s->has_max || s->min < s->max)
		return true;
	return s->min <= s->max && !s->min_out && !s->max_out;
}

static bool span_is_sound(const struct span *s)
{
	if (s->text != NULL)
		return is_text(s->text) && !s->has_min && !s->has_max;
	return !span_is_whole(s) && range_is_sound(s);
}

/* Each is about one of the names, in their order; without names, about all. */
static bool spans_are_sound(const struct rule *r)
{
	size_t at = 0;

	if (r->n_spans > POLICY_SPANS)
		return false;
	for (size_t i = 0; i < r->n_spans; i++) {
		const char *name = r->span[i].name;

		if (!span_is_sound(&r->span[i]))
			return false;
		if (r->n_names == 0 && name == NULL)
			continue;
		while (name != NULL && at < r->n_names && strcmp(r->names[at], name) != 0)
			at++;
		if (name == NULL || at >= r->n_names)
			return false;
	}
	return true;
}

static bool terms_are_sound(const struct target *t)
{
	if (t->n_terms < 1 || t->n_terms > POLICY_TERMS)
		return false;
	for (size_t i = 0; i < t->n_terms; i++)
		if (!is_text(t->term[i].name) || !is_text(t->term[i].value) ||
		    (t->term[i].op == TAG_MASK && strchr(t->term[i].value, '*') == NULL))
			return false;
	return true;
}

static bool target_is_sound(const struct target *t)
{
	switch (t->kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		return is_text(t->name) && is_text_or_absent(t->node) &&
		       is_text_or_absent(t->source) && is_text_or_absent(t->partition) &&
		       (t->node != NULL || (t->source == NULL && t->partition == NULL));
	case TARGET_TAG:
		return terms_are_sound(t);
	case TARGET_SET:
		return is_text(t->name);
	}
	return false;
}

static bool times_are_sound(const struct rule *r)
{
	if (r->until_ms != 0 && (r->until_ms < UNTIL_FROM_MS || r->until_ms > UNTIL_TO_MS ||
				    r->until_ms % 1000 != 0))
		return false;
	if (r->daily && (r->from_min < 0 || r->from_min >= MINUTES_OF_DAY || r->to_min < 0 ||
			    r->to_min > MINUTES_OF_DAY || r->from_min == r->to_min))
		return false;
	return r->days < 1u << 7 && (r->zone == NULL || value_is_zone(r->zone)) &&
	       (r->zone == NULL || r->daily || r->days != 0);
}

/* What only an allow can say: how often, and how long an answer may be kept. */
static bool allowance_is_sound(const struct rule *r)
{
	if (r->rate_n == 0 && r->rate_ms == 0 && r->lease_ms == 0)
		return true;
	if (r->verdict != VERDICT_ALLOW)
		return false;
	if (r->rate_n < 0 || r->rate_n > POLICY_RATE_MAX || r->rate_ms < 0 ||
	    r->rate_ms > POLICY_RATE_MAX_MS || r->rate_ms % 1000 != 0 ||
	    (r->rate_n == 0) != (r->rate_ms == 0))
		return false;
	return r->lease_ms == 0 ||
	       (r->lease_ms >= POLICY_LEASE_MIN_MS && r->lease_ms <= POLICY_LEASE_MAX_MS &&
		   r->lease_ms % 1000 == 0);
}

static bool with_is_sound(const struct with *w)
{
	struct buf text;
	bool same;

	if ((unsigned)w->kind >= CREDENTIAL_COUNT)
		return false;
	if (credential_is_range(w->kind))
		return w->text == NULL && w->range.name == NULL && w->range.text == NULL &&
		       span_is_sound(&w->range);
	if (!is_text(w->text) || !span_is_whole(&w->range) || w->range.name != NULL)
		return false;
	buf_init(&text, POLICY_LINE);
	same = credential_canonical(w->kind, w->text, &text) == 0 &&
	       strcmp(buf_str(&text), w->text) == 0;
	buf_fini(&text);
	return same;
}

static bool withs_are_sound(const struct rule *r)
{
	if (r->n_withs > POLICY_WITHS)
		return false;
	for (size_t i = 0; i < r->n_withs; i++)
		if (!with_is_sound(&r->with[i]))
			return false;
	return true;
}

/* Measured only where it could be too long. */
static bool fits_a_line(const struct rule *r)
{
	struct buf line;
	bool fits;

	if ((rule_size(r) - sizeof(*r)) * LONGEST_ESCAPE + LINE_FRAME <= POLICY_LINE)
		return true;
	buf_init(&line, POLICY_LINE);
	policy_print(&line, r, 0);
	fits = buf_ok(&line);
	buf_fini(&line);
	return fits;
}

bool rule_is_sound(const struct rule *r)
{
	return (!r->touch || r->verdict == VERDICT_ASK) && action_is_sound(r) &&
	       subject_is_sound(&r->subject) && names_are_sound(r) && spans_are_sound(r) &&
	       r->types <= TYPE_ALL && target_is_sound(&r->target) && times_are_sound(r) &&
	       allowance_is_sound(r) && withs_are_sound(r) && fits_a_line(r);
}
