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

#define DAY_S 86400

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
	static const char *const words[] = { "until", "for", "daily", "lease", "all", "any",
		"every", "my", "thing", "things", "tag", "of", "everything", "anything" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_case_eq(s, words[i]))
			return true;
	return false;
}

/* Things and tags need no quotes when nothing in them could be mistaken. */
static void print_word(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.";

	if (s[0] != '\0' && s[strspn(s, plain)] == '\0' && !is_keyword(s))
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
	switch (s->kind) {
	case SUBJECT_JID:
		print_address(out, s->text);
		break;
	case SUBJECT_DOMAIN:
		buf_addf(out, "*@%s", s->text);
		break;
	case SUBJECT_ANYONE:
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
	case SUBJECT_ROLE:
		buf_adds(out, "anyone");
		break;
	}
}

static void print_target(struct buf *out, const struct target *t)
{
	switch (t->kind) {
	case TARGET_ALL:
		buf_adds(out, "all my things");
		break;
	case TARGET_THING:
		print_word(out, t->name);
		break;
	case TARGET_TAG:
		print_word(out, t->term[0].name);
		buf_addc(out, '=');
		print_word(out, t->term[0].value);
		break;
	case TARGET_SET:
		break;
	}
}

static void print_action(struct buf *out, const struct rule *r)
{
	static const char *const doing[ACTION_COUNT] = { "befriending", "reading", "controlling",
		"accessing", "using" };
	enum action a = ACTION_BEFRIEND;

	while (a < ACTION_PRIVILEGE && (r->actions & 1u << a) == 0)
		a++;
	if (r->verdict == VERDICT_ASK)
		buf_addf(out, "%s ", doing[a]);
	else
		buf_addf(out, "to %s ", action_name(a));
	if (a == ACTION_BEFRIEND)
		return;
	for (size_t i = 0; i < r->n_names; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		print_quoted(out, r->names[i]);
	}
	buf_adds(out, r->n_names == 0 ? "everything of " : " of ");
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

static void print_lease(struct buf *out, int64_t lease_ms)
{
	long long s = lease_ms / 1000;

	if (s % 3600 == 0)
		buf_addf(out, " lease %lldh", s / 3600);
	else if (s % 60 == 0)
		buf_addf(out, " lease %lldm", s / 60);
	else
		buf_addf(out, " lease %llds", s);
}

void policy_print(struct buf *out, const struct rule *r, int32_t zone_s)
{
	buf_addf(out, "%s ", r->verdict == VERDICT_ASK ? "ask about" : verdict_name(r->verdict));
	print_subject(out, &r->subject);
	if (r->actions == RULE_EVERYTHING) {
		buf_adds(out, " everything");
		if (r->target.kind != TARGET_ALL) {
			buf_adds(out, " of ");
			print_target(out, &r->target);
		}
	} else {
		buf_addc(out, ' ');
		print_action(out, r);
		print_target(out, &r->target);
	}
	if (r->until_ms != 0)
		print_until(out, r->until_ms, zone_s);
	if (r->daily)
		buf_addf(out, " daily %02d:%02d-%02d:%02d", r->from_min / 60, r->from_min % 60,
		    r->to_min / 60, r->to_min % 60);
	if (r->lease_ms != 0)
		print_lease(out, r->lease_ms);
}
