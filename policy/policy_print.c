/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_print: the one canonical line of a rule; policy_parse_line() reads it
 * back to an equal rule.  Next: decide.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "policy/clause.h"
#include "policy/range.h"
#include "policy/when.h"

#define DAY_S 86400
#define WEEK 7
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* In quotes; what the parser would fold is escaped, so it comes back as it is. */
static void print_quoted(struct buf *out, const char *s)
{
	char one[STR_ESCAPED];

	buf_addc(out, '"');
	while (*s != '\0') {
		const char *behind = s;
		uint32_t c = str_utf8_next(&behind);

		if (value_plain(c) != 0) {
			buf_addf(out, "\\u{%04X}", (unsigned)c);
			s = behind;
		} else {
			buf_add(out, one, str_escape_next(one, &s, true));
		}
	}
	buf_addc(out, '"');
}

static bool is_keyword(const char *s)
{
	static const char *const words[] = { "until", "for", "daily", "on", "in", "only", "at",
		"lease", "with", "all", "any", "every", "my", "thing", "things", "tag", "set", "node",
		"of", "and", "or", "like", "everything", "anything" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_case_eq(s, words[i]))
			return true;
	return false;
}

/* Only these characters, and no dot where the parser takes it for a full stop? */
static bool is_plain(const char *s, const char *plain)
{
	size_t len = strspn(s, plain);

	return len > 0 && s[len] == '\0' && s[len - 1] != '.';
}

/* Things and tags need no quotes when nothing in them could be mistaken. */
static void print_word(struct buf *out, const char *s)
{
	if (is_plain(s, PLAIN) && !is_keyword(s))
		buf_adds(out, s);
	else
		print_quoted(out, s);
}

/* Addresses keep out of quotes unless they would be read as something else. */
static void print_address(struct buf *out, const char *jid)
{
	bool odd = jid[0] == '*' || strchr(jid, '@') == NULL;

	for (const char *s = jid; *s != '\0' && !odd; s++)
		odd = (unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || *s == '"' ||
		      *s == '\'' || *s == '\\';
	if (odd)
		print_quoted(out, jid);
	else
		buf_adds(out, jid);
}

/* Domains are never quoted: a quoted one is a single address. */
static void print_subject(struct buf *out, const struct subject *s)
{
	static const char *const before[] = { [SUBJECT_DOMAIN] = "*@",
		[SUBJECT_SERVICE] = "service token ", [SUBJECT_DEVICE] = "device token ",
		[SUBJECT_USER] = "user token ", [SUBJECT_ROLE] = "role " };

	if (s->kind == SUBJECT_JID)
		print_address(out, s->text);
	else if (s->kind == SUBJECT_ANYONE)
		buf_adds(out, "anyone");
	else
		buf_addf(out, "%s%s", before[s->kind], s->text);
}

static void print_term(struct buf *out, const struct tag_term *t)
{
	static const char *const sign[] = { [TAG_EQ] = "=", [TAG_NE] = "!=", [TAG_LT] = "<",
		[TAG_LE] = "<=", [TAG_GT] = ">", [TAG_GE] = ">=" };

	print_word(out, t->name);
	if (t->op != TAG_MASK) {
		buf_adds(out, sign[t->op]);
		print_word(out, t->value);
	} else if (is_plain(t->value, PLAIN "*")) {
		buf_addf(out, "=%s", t->value);
	} else {
		buf_adds(out, " like ");
		print_quoted(out, t->value);
	}
}

static void print_part(struct buf *out, const char *keyword, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(out, "%s ", keyword);
	print_quoted(out, text);
	buf_addc(out, ' ');
}

static void print_thing(struct buf *out, const struct target *t)
{
	print_part(out, "node", t->node);
	print_part(out, "source", t->source);
	print_part(out, "partition", t->partition);
	if (t->node != NULL)
		buf_adds(out, "of ");
	print_word(out, t->name);
}

static void print_target(struct buf *out, const struct target *t)
{
	switch (t->kind) {
	case TARGET_ALL:
		buf_adds(out, "all my things");
		break;
	case TARGET_THING:
		print_thing(out, t);
		break;
	case TARGET_TAG:
		for (size_t i = 0; i < t->n_terms; i++) {
			buf_adds(out, i == 0 ? "" : " and ");
			print_term(out, &t->term[i]);
		}
		break;
	case TARGET_SET:
		buf_adds(out, "set ");
		print_word(out, t->name);
		break;
	}
}

static void print_number(struct buf *out, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	buf_adds(out, text);
}

static bool is_point(const struct span *s)
{
	return s->has_min && s->has_max && !s->min_out && !s->max_out && s->min >= s->max;
}

/* One range of numbers; both ends belong to "from .. to". */
static void print_range(struct buf *out, const struct span *s)
{
	if (is_point(s)) {
		buf_adds(out, "= ");
		print_number(out, s->min);
	} else if (s->has_min && s->has_max) {
		buf_adds(out, s->min_out ? "above " : "from ");
		print_number(out, s->min);
		buf_adds(out, s->max_out ? " below " : " to ");
		print_number(out, s->max);
	} else if (s->has_min) {
		buf_adds(out, s->min_out ? "above " : "at least ");
		print_number(out, s->min);
	} else {
		buf_adds(out, s->max_out ? "below " : "at most ");
		print_number(out, s->max);
	}
}

/* A text that reads as a number, or as the beginning of a range, stays a text by
 * its quotes. */
static void print_text(struct buf *out, const char *text)
{
	const struct word w = { .text = text };
	double v;

	if (str_to_double(text, &v) == 0 || range_is_word(&w))
		print_quoted(out, text);
	else
		print_word(out, text);
}

/* One of several: "= eco or comfort or from 0 to 5". */
static void print_value(struct buf *out, const struct span *s, bool first)
{
	if (s->text == NULL && !is_point(s)) {
		print_range(out, s);
		return;
	}
	buf_adds(out, first ? "= " : "");
	if (s->text != NULL)
		print_text(out, s->text);
	else
		print_number(out, s->min);
}

/* The values of one name: span[*at] and those behind it that are about the same. */
static void print_values(struct buf *out, const struct rule *r, const char *name, size_t *at)
{
	for (bool first = true; *at < r->n_spans; (*at)++, first = false) {
		const struct span *s = &r->span[*at];

		if ((s->name == NULL) != (name == NULL) ||
		    (name != NULL && strcmp(s->name, name) != 0))
			return;
		buf_adds(out, first ? " " : " or ");
		print_value(out, s, first);
	}
}

static void print_names(struct buf *out, const struct rule *r)
{
	size_t at = 0;

	for (size_t i = 0; i < r->n_names; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		print_quoted(out, r->names[i]);
		print_values(out, r, r->names[i], &at);
	}
	if (r->n_names == 0) {
		buf_adds(out, "everything");
		print_values(out, r, NULL, &at);
	}
	buf_adds(out, " of ");
}

/* "to read ", "reading "; "touch for control " is the one that reads better bare. */
static void print_doing(struct buf *out, const struct rule *r, enum action a)
{
	static const char *const doing[ACTION_COUNT] = { "befriending", "reading", "controlling",
		"accessing", "using" };

	if (r->touch && r->subject.kind == SUBJECT_ANYONE)
		buf_adds(out, a == ACTION_CONTROL ? action_name(a) : doing[a]);
	else if (r->verdict == VERDICT_ASK && !r->touch)
		buf_adds(out, doing[a]);
	else
		buf_addf(out, "to %s", action_name(a));
	buf_addc(out, ' ');
}

static void print_action(struct buf *out, const struct rule *r)
{
	enum action a = ACTION_BEFRIEND;

	while (a < ACTION_PRIVILEGE && (r->actions & 1u << a) == 0)
		a++;
	print_doing(out, r, a);
	if (a != ACTION_BEFRIEND && a != ACTION_ACCESS)
		print_names(out, r);
}

static void print_kinds(struct buf *out, unsigned types)
{
	const char *between = " only ";

	for (unsigned bit = 1; bit < TYPE_ALL; bit <<= 1)
		if ((types & bit) != 0) {
			buf_addf(out, "%s%s", between, clause_kind_name(bit));
			between = ", ";
		}
}

static void print_until(struct buf *out, int64_t until_ms, int32_t zone_s)
{
	struct date d = date_from_ms(until_ms, zone_s);

	if (d.hour == 0 && d.minute == 0 && d.second == 0) {
		d = date_from_ms(until_ms - DAY_S * 1000LL, zone_s);
		buf_addf(out, " until %04d-%02d-%02d", d.year, d.month, d.day);
		return;
	}
	buf_addf(out, " until %04d-%02d-%02dT%02d:%02d", d.year, d.month, d.day, d.hour, d.minute);
	if (d.second != 0)
		buf_addf(out, ":%02d", d.second);
}

/* Runs of three and more as "mon-wed". */
static void print_days(struct buf *out, unsigned days)
{
	const char *between = " on ";

	for (unsigned i = 0; i < WEEK; i++) {
		unsigned end = i;

		if ((days & 1u << i) == 0)
			continue;
		while (end + 1 < WEEK && (days & 1u << (end + 1)) != 0)
			end++;
		buf_addf(out, "%s%s", between, when_day_name(i));
		if (end >= i + 2) {
			buf_addf(out, "-%s", when_day_name(end));
			i = end;
		}
		between = ", ";
	}
}

static void print_duration(struct buf *out, int64_t ms)
{
	long long s = ms / 1000;

	if (s % 3600 == 0)
		buf_addf(out, "%lldh", s / 3600);
	else if (s % 60 == 0)
		buf_addf(out, "%lldm", s / 60);
	else
		buf_addf(out, "%llds", s);
}

static void print_rate(struct buf *out, const struct rule *r)
{
	static const struct {
		int64_t ms;
		const char *each;
	} spoken[] = {
		{ SECOND_MS, " a second" }, { MINUTE_MS, " a minute" }, { HOUR_MS, " an hour" },
		{ DAY_MS, " a day" }, { WEEK_MS, " a week" },
	};

	if (r->rate_n == 1)
		buf_adds(out, " at most once");
	else
		buf_addf(out, " at most %d times", (int)r->rate_n);
	for (size_t i = 0; i < sizeof(spoken) / sizeof(spoken[0]); i++)
		if (spoken[i].ms == r->rate_ms) {
			buf_adds(out, spoken[i].each);
			return;
		}
	buf_adds(out, " in ");
	print_duration(out, r->rate_ms);
}

static void print_withs(struct buf *out, const struct rule *r)
{
	for (size_t i = 0; i < r->n_withs; i++) {
		const struct with *w = &r->with[i];

		buf_addf(out, "%s%s ", i == 0 ? " with " : " and ", credential_name(w->kind));
		if (w->text == NULL)
			print_range(out, &w->range);
		else if (is_plain(w->text, PLAIN "*/:@"))
			buf_adds(out, w->text);
		else
			print_quoted(out, w->text);
	}
}

static void print_clauses(struct buf *out, const struct rule *r, int32_t zone_s)
{
	if (r->types != 0)
		print_kinds(out, r->types);
	if (r->n_withs != 0)
		print_withs(out, r);
	if (r->until_ms != 0)
		print_until(out, r->until_ms, zone_s);
	if (r->daily)
		buf_addf(out, " daily %02d:%02d-%02d:%02d", (int)(r->from_min / 60),
		    (int)(r->from_min % 60), (int)(r->to_min / 60), (int)(r->to_min % 60));
	if (r->days != 0)
		print_days(out, r->days);
	if (r->zone != NULL)
		buf_addf(out, " in %s", r->zone);
	if (r->rate_n != 0)
		print_rate(out, r);
	if (r->lease_ms != 0) {
		buf_adds(out, " lease ");
		print_duration(out, r->lease_ms);
	}
}

static void print_begin(struct buf *out, const struct rule *r)
{
	if (!r->touch)
		buf_addf(out, "%s ",
		    r->verdict == VERDICT_ASK ? "ask about" : verdict_name(r->verdict));
	else
		buf_adds(out, "touch for ");
	if (r->touch && r->subject.kind == SUBJECT_ANYONE)
		return;
	print_subject(out, &r->subject);
	buf_addc(out, ' ');
}

void policy_print(struct buf *out, const struct rule *r, int32_t zone_s)
{
	print_begin(out, r);
	if (r->actions == RULE_EVERYTHING) {
		buf_adds(out, "everything");
		if (r->target.kind != TARGET_ALL) {
			buf_adds(out, " of ");
			print_target(out, &r->target);
		}
	} else {
		print_action(out, r);
		print_target(out, &r->target);
	}
	print_clauses(out, r, zone_s);
}
