/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_text_test: random rules of every kind there is are printed and read
 * back as they are, and copied as they are (issue 4, print/parse round trip);
 * what goes over a limit is not sound.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <math.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "policy/credential.h"
#include "policy/policy.h"

#define NOW 1795262400000LL
#define POOL (512 * 1024)

struct dice {
	struct unit_random random;
	struct pool *pool;
};

static unsigned roll(struct dice *d, unsigned n)
{
	return (unsigned)unit_random_below(&d->random, n);
}

static void *room(struct dice *d, size_t size)
{
	void *p = pool_zalloc(d->pool, size);

	assert_non_null(p);
	return p;
}

/* Names as people have them, and as they would break a parser. */
static const char *roll_text(struct dice *d)
{
	static const char *const pieces[] = { "lamp", "Kitchen", " ", "\"", "\\", "'", ",", "of", "and",
		"or", "until", "on", "in", "at most", "with ip", "set", "node", "like", "*", "=", "<=",
		"!", "|", "5", "-1.50", "1e3", "true", "tag", "my", "things", "all", "everything", ".",
		"\n", "\x01", "\xc2\xa0", "\xe2\x80\x9c", "\xe2\x80\x93", "\xe2\x89\xa4", "\xc3\xa4",
		"\xf0\x9f\x92\xa1", "\xe2\x80\xae", "@", "#", "from", "momentary", "u{41}", ":", "/" };
	struct buf b;
	const char *s;

	buf_init(&b, POLICY_LINE);
	do {
		buf_adds(&b, pieces[roll(d, sizeof(pieces) / sizeof(pieces[0]))]);
	} while (roll(d, 3) != 0);
	s = pool_strdup(d->pool, buf_str(&b));
	buf_fini(&b);
	assert_non_null(s);
	return s;
}

static const char *roll_from(struct dice *d, const char *const *list, unsigned n)
{
	return list[roll(d, n)];
}

static double roll_number(struct dice *d)
{
	static const double odd[] = { 0, -1, 0.1, 1e300, -1e-300, 273.15, 1.0 / 3, 4294967296.0 };
	double v;
	uint64_t bits = unit_random_next(&d->random);

	if (roll(d, 2) != 0)
		return odd[roll(d, sizeof(odd) / sizeof(odd[0]))];
	memcpy(&v, &bits, sizeof(v));
	return isfinite(v) ? v : 0;
}

static struct span roll_range(struct dice *d)
{
	struct span s = { 0 };
	double a = roll_number(d), b = roll_number(d);

	s.min = a < b ? a : b;
	s.max = a < b ? b : a;
	s.has_min = roll(d, 3) != 0;
	s.has_max = !s.has_min || roll(d, 2) != 0;
	if (s.has_min && s.has_max && s.min >= s.max)
		return s;
	s.min_out = s.has_min && roll(d, 2) != 0;
	s.max_out = s.has_max && roll(d, 2) != 0;
	return s;
}

static void roll_subject(struct dice *d, struct subject *s)
{
	static const char *const jids[] = { "a@x.ex", "x.ex", "*@x.ex", "o\\27hara@x.ex", "to@x.ex",
		"a,b=c@x.ex", "\xc3\xa4@x.ex", "control@x.ex" };
	static const char *const domains[] = { "x.ex", "localhost", "\xc3\xa4.ex" };
	static const char *const tokens[] = { "abcdefgh", "22222222", "abcdefghijklmnopqrstuvwxyz" };
	static const char *const roles[] = { "family", "a", "night-shift_2.b", "family@site.ex" };

	s->kind = (enum subject_kind)roll(d, SUBJECT_ROLE + 1);
	switch (s->kind) {
	case SUBJECT_JID:
		s->text = roll_from(d, jids, 8);
		break;
	case SUBJECT_DOMAIN:
		s->text = roll_from(d, domains, 3);
		break;
	case SUBJECT_ROLE:
		s->text = roll_from(d, roles, 4);
		break;
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
		s->text = roll_from(d, tokens, 3);
		break;
	case SUBJECT_ANYONE:
		break;
	}
}

static void roll_terms(struct dice *d, struct target *t)
{
	struct tag_term *term;

	t->n_terms = 1 + roll(d, POLICY_TERMS);
	t->term = term = room(d, t->n_terms * sizeof(*term));
	for (size_t i = 0; i < t->n_terms; i++) {
		term[i].op = (enum tag_op)roll(d, TAG_MASK + 1);
		term[i].name = roll_text(d);
		term[i].value = roll_text(d);
		if (term[i].op == TAG_MASK)
			term[i].value = pool_printf(d->pool, "%s*", term[i].value);
	}
}

static void roll_target(struct dice *d, struct target *t)
{
	t->kind = (enum target_kind)roll(d, TARGET_SET + 1);
	if (t->kind == TARGET_TAG)
		roll_terms(d, t);
	if (t->kind == TARGET_THING || t->kind == TARGET_SET)
		t->name = roll_text(d);
	if (t->kind != TARGET_THING || roll(d, 2) != 0)
		return;
	t->node = roll_text(d);
	t->source = roll(d, 2) != 0 ? roll_text(d) : NULL;
	t->partition = roll(d, 2) != 0 ? roll_text(d) : NULL;
}

static void roll_names(struct dice *d, struct rule *r)
{
	struct span *span = room(d, POLICY_SPANS * sizeof(*span));

	r->span = span;
	r->n_names = roll(d, 4);
	r->names = room(d, 4 * sizeof(*r->names));
	for (size_t i = 0; i < (r->n_names == 0 ? 1 : r->n_names); i++) {
		if (r->n_names > 0)
			r->names[i] = roll_text(d);
		for (unsigned n = roll(d, 4); r->actions == 1u << ACTION_CONTROL && n > 0; n--) {
			if (roll(d, 2) != 0)
				span[r->n_spans] = roll_range(d);
			else
				span[r->n_spans].text = roll_text(d);
			span[r->n_spans++].name = r->n_names > 0 ? r->names[i] : NULL;
		}
	}
}

static void roll_withs(struct dice *d, struct rule *r)
{
	static const char *const typed[CREDENTIAL_COUNT] = { "a@x.ex", "10.0.0.0/8", "*.ex.org",
		"00112233445566778899aabbccddeeff00112233", NULL, NULL, NULL, NULL, NULL, NULL, NULL };
	struct with *with = room(d, POLICY_WITHS * sizeof(*with));

	r->with = with;
	r->n_withs = roll(d, POLICY_WITHS + 1);
	for (size_t i = 0; i < r->n_withs; i++) {
		with[i].kind = (enum credential)roll(d, CREDENTIAL_COUNT);
		if (with[i].kind == CREDENTIAL_THUMBPRINT)
			with[i].text = typed[CREDENTIAL_CERTIFICATE];
		else if (with[i].kind == CREDENTIAL_IP && roll(d, 2) != 0)
			with[i].text = "fd00::/8";
		else if (credential_is_range(with[i].kind))
			with[i].range = roll_range(d);
		else
			with[i].text = typed[with[i].kind] != NULL ? typed[with[i].kind] : roll_text(d);
	}
}

static void roll_times(struct dice *d, struct rule *r)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "Etc/GMT+1", "CET" };

	if (roll(d, 3) == 0)
		r->until_ms = (NOW / 1000 + roll(d, 400) * (roll(d, 2) ? 1 : 3600)) * 1000;
	r->daily = roll(d, 3) == 0;
	r->from_min = (int32_t)roll(d, 1440);
	r->to_min = (int32_t)roll(d, 1441);
	if (r->to_min == r->from_min)
		r->daily = false;
	r->days = roll(d, 3) == 0 ? roll(d, 128) : 0;
	if ((r->daily || r->days != 0) && roll(d, 2) != 0)
		r->zone = roll_from(d, zones, 4);
}

static void roll_allowance(struct dice *d, struct rule *r)
{
	static const int64_t often[] = { 1000, 60000, 3600000, 86400000, 604800000, 90000, 2678400000 };

	if (r->verdict != VERDICT_ALLOW)
		return;
	if (roll(d, 3) == 0)
		r->lease_ms = 5000 + 1000 * (int64_t)roll(d, 86396);
	if ((r->actions == 1u << ACTION_READ || r->actions == 1u << ACTION_CONTROL) &&
	    roll(d, 2) != 0) {
		r->rate_n = 1 + (int32_t)roll(d, POLICY_RATE_MAX);
		r->rate_ms = often[roll(d, 7)];
	}
}

static void roll_rule(struct dice *d, struct rule *r)
{
	unsigned a = roll(d, ACTION_COUNT + 1);

	*r = (struct rule){ .verdict = (enum verdict)roll(d, 3), .number = roll(d, 100) };
	r->touch = r->verdict == VERDICT_ASK && roll(d, 2) != 0;
	r->actions = a == ACTION_COUNT ? RULE_EVERYTHING : 1u << a;
	roll_subject(d, &r->subject);
	roll_target(d, &r->target);
	if (a == ACTION_READ || a == ACTION_CONTROL || a == ACTION_PRIVILEGE)
		roll_names(d, r);
	if (a == ACTION_READ)
		r->types = roll(d, 2) != 0 ? roll(d, TYPE_ALL + 1) : 0;
	if (a == ACTION_ACCESS || a == ACTION_PRIVILEGE)
		roll_withs(d, r);
	roll_times(d, r);
	roll_allowance(d, r);
}

static void every_kind_of_rule_prints_and_reads_back__issue_4(void **state)
{
	struct dice d = { .random = unit_random_start() };
	unsigned rounds = getenv("KITH_LONG") != NULL ? 1000000 : 100000, long_ones = 0;
	struct pool pool;
	struct buf text, other;

	(void)state;
	pool_init(&pool, POOL);
	d.pool = &pool;
	buf_init(&text, 16 * POLICY_LINE);
	buf_init(&other, 16 * POLICY_LINE);
	for (unsigned n = 0; n < rounds; n++) {
		struct rule r, again, copy;
		struct err e = ERR_INIT;
		int32_t zone_s = ((int32_t)roll(&d, 27) - 12) * 3600;

		pool_reset(&pool);
		roll_rule(&d, &r);
		buf_reset(&text);
		policy_print(&text, &r, zone_s);
		if (text.len > POLICY_LINE || !rule_is_sound(&r)) {
			if (text.len <= POLICY_LINE)
				fail_msg("not sound: %s", buf_str(&text));
			long_ones++;
			continue;
		}
		if (policy_parse_line(&again, buf_str(&text), NOW, zone_s, &pool, &e) != 0)
			fail_msg("%s: %s", buf_str(&text), e.text);
		if (!rule_equal(&r, &again))
			fail_msg("another rule: %s", buf_str(&text));
		assert_int_equal(rule_copy(&copy, &again, &pool), 0);
		assert_true(rule_equal(&r, &copy));
		buf_reset(&other);
		policy_print(&other, &copy, zone_s);
		assert_string_equal(buf_str(&text), buf_str(&other));
	}
	assert_true(long_ones < rounds / 10);
	buf_fini(&text);
	buf_fini(&other);
	pool_fini(&pool);
}

/* What changes one member of a rule into another sound rule is seen. */
static void rules_that_differ_anywhere_are_not_equal(void **state)
{
	static const char *const lines[] = {
		"allow a@b to control \"x\" from 0 to 1 of lamp",
		"allow a@b to control \"x\" from 0 below 1 of lamp",
		"allow a@b to control \"x\" above 0 to 1 of lamp",
		"allow a@b to control \"x\" from 0 to 2 of lamp",
		"allow a@b to control \"x\" at least 0 of lamp",
		"allow a@b to control \"x\" at most 1 of lamp",
		"allow a@b to control \"x\" = \"1\" of lamp",
		"allow a@b to control \"x\" = 1 of lamp",
		"allow a@b to control \"x\" of lamp",
		"allow a@b to control \"X\" of lamp",
		"allow a@b to control \"x\", \"y\" of lamp",
		"allow a@b to control everything from 0 to 1 of lamp",
		"allow a@b to control everything of lamp",
		"allow a@b to read everything of lamp",
		"allow a@b to read everything of lamp only peak",
		"allow a@b to read everything of node \"a\" of lamp",
		"allow a@b to read everything of node \"b\" of lamp",
		"allow a@b to read everything of node \"a\" source \"b\" of lamp",
		"allow a@b to read everything of node \"a\" partition \"b\" of lamp",
		"allow a@b to read everything of set lamp",
		"allow a@b to read everything of lamp=1",
		"allow a@b to read everything of lamp!=1",
		"allow a@b to read everything of lamp=1 and lamp=1",
		"allow a@b to read everything of lamp=2",
		"allow a@b to read everything of all my things",
		"allow a@b to read everything of lamp until 2026-12-01",
		"allow a@b to read everything of lamp daily 07:00-08:00",
		"allow a@b to read everything of lamp daily 07:00-08:01",
		"allow a@b to read everything of lamp daily 07:00-08:00 in UTC",
		"allow a@b to read everything of lamp on mon",
		"allow a@b to read everything of lamp on mon in UTC",
		"allow a@b to read everything of lamp at most once an hour",
		"allow a@b to read everything of lamp at most once a day",
		"allow a@b to read everything of lamp at most 2 times a day",
		"allow a@b to read everything of lamp lease 5m",
		"allow a@b to access lamp",
		"allow a@b to access lamp with ip 10.0.0.0/8",
		"allow a@b to access lamp with host 10.0.0.0",
		"allow a@b to access lamp with ip 10.0.0.0/8 and ip 10.0.0.0/8",
		"allow a@b to access lamp with altitude at most 5",
		"allow a@b to access lamp with altitude at most 6",
		"allow a@b to befriend lamp", "allow *@b to befriend lamp", "allow anyone to befriend lamp",
		"allow role b to befriend lamp", "allow service token bbbbbbbb to befriend lamp",
		"allow user token bbbbbbbb to befriend lamp", "ask about anyone befriending lamp",
		"touch for befriend lamp", "deny anyone to befriend lamp", "allow anyone everything of lamp",
	};
	const size_t n = sizeof(lines) / sizeof(lines[0]);
	struct rule *rule = calloc(n, sizeof(*rule));
	struct pool pool;

	(void)state;
	pool_init(&pool, POOL);
	for (size_t i = 0; i < n; i++) {
		struct err e = ERR_INIT;

		if (policy_parse_line(&rule[i], lines[i], NOW, 0, &pool, &e) != 0)
			fail_msg("%s: %s", lines[i], e.text);
		for (size_t k = 0; k <= i; k++)
			if (rule_equal(&rule[i], &rule[k]) != (i == k) ||
			    rule_equal(&rule[k], &rule[i]) != (i == k))
				fail_msg("%s, and %s", lines[i], lines[k]);
	}
	free(rule);
	pool_fini(&pool);
}

/* A line that is sound, and what must not be changed in it. */
struct spoiled {
	const char *name, *line;
	void (*spoil)(struct rule *r);
};

static const char *long_text(size_t n)
{
	static char text[POLICY_NAME * 4 + 8];

	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

#define SPOIL(fn, ...) static void fn(struct rule *r) { __VA_ARGS__; }
SPOIL(two_actions, r->actions = 3)
SPOIL(no_action, r->actions = 0)
SPOIL(touch_allow, r->touch = true)
SPOIL(anyone_named, r->subject = (struct subject){ SUBJECT_ANYONE, "x" })
SPOIL(nobody, r->subject.text = NULL)
SPOIL(loud_address, r->subject.text = "A@b")
SPOIL(address_with_resource, r->subject.text = "a@b/c")
SPOIL(address_of_two, r->subject.text = "\xc3\x9f@b.ex")
SPOIL(domain_of_one, r->subject = (struct subject){ SUBJECT_DOMAIN, "a@b" })
SPOIL(short_token, r->subject = (struct subject){ SUBJECT_USER, "abcdefg" })
SPOIL(long_token, r->subject = (struct subject){ SUBJECT_USER, "abcdefghijklmnopqrstuvwxyz2" })
SPOIL(loud_token, r->subject = (struct subject){ SUBJECT_USER, "ABCDEFGH" })
SPOIL(loud_role, r->subject = (struct subject){ SUBJECT_ROLE, "Family" })
SPOIL(role_of_nowhere, r->subject = (struct subject){ SUBJECT_ROLE, "family@" })
SPOIL(role_of_one, r->subject = (struct subject){ SUBJECT_ROLE, "family@a@b" })
SPOIL(long_role, r->subject = (struct subject){ SUBJECT_ROLE, long_text(POLICY_ROLE + 1) })
SPOIL(names_for_friends, r->actions = 1u << ACTION_BEFRIEND)
SPOIL(names_for_access, r->actions = 1u << ACTION_ACCESS)
SPOIL(empty_name, r->names[0] = "")
SPOIL(long_name, r->names[0] = long_text(POLICY_NAME + 1))
SPOIL(bad_name, r->names[0] = "\xff")
SPOIL(too_many_names, r->n_names = POLICY_NAMES + 1)
SPOIL(values_for_reading, r->actions = 1u << ACTION_READ)
SPOIL(too_many_values, r->n_spans = POLICY_SPANS + 1)
SPOIL(value_of_another, ((struct span *)(uintptr_t)r->span)->name = "y")
SPOIL(value_of_all, ((struct span *)(uintptr_t)r->span)->name = NULL)
SPOIL(value_turned, ((struct span *)(uintptr_t)r->span)->max = -1)
SPOIL(value_nan, ((struct span *)(uintptr_t)r->span)->max = NAN)
SPOIL(value_empty, ((struct span *)(uintptr_t)r->span)->max = 0;
    ((struct span *)(uintptr_t)r->span)->max_out = true)
SPOIL(value_whole, ((struct span *)(uintptr_t)r->span)->has_min = false;
    ((struct span *)(uintptr_t)r->span)->has_max = false)
SPOIL(value_both, ((struct span *)(uintptr_t)r->span)->text = "x")
SPOIL(kinds_for_control, r->types = TYPE_PEAK)
SPOIL(too_many_kinds, r->types = TYPE_ALL + 1)
SPOIL(thing_without_name, r->target.name = NULL)
SPOIL(source_without_node, r->target.source = "x")
SPOIL(no_comparison, r->target.n_terms = 0)
SPOIL(too_many_comparisons, r->target.n_terms = POLICY_TERMS + 1)
SPOIL(mask_without_star, ((struct tag_term *)(uintptr_t)r->target.term)->op = TAG_MASK)
SPOIL(until_half_a_second, r->until_ms += 500)
SPOIL(until_before_time, r->until_ms = 1000)
SPOIL(until_after_time, r->until_ms = 253402300800000LL)
SPOIL(daily_never, r->to_min = r->from_min)
SPOIL(daily_too_late, r->to_min = 1441)
SPOIL(daily_from_midnight, r->from_min = 1440)
SPOIL(eight_days, r->days = 1u << 7)
SPOIL(zone_for_nothing, r->zone = "UTC")
SPOIL(zone_up, r->days = 1; r->zone = "../etc/passwd")
SPOIL(zone_empty, r->days = 1; r->zone = "")
SPOIL(rate_for_friends, r->rate_n = 1; r->rate_ms = 1000; r->actions = 1; r->n_names = 0)
SPOIL(rate_without_time, r->rate_n = 1)
SPOIL(rate_without_number, r->rate_ms = 1000)
SPOIL(rate_too_often, r->rate_n = POLICY_RATE_MAX + 1; r->rate_ms = 1000)
SPOIL(rate_too_long, r->rate_n = 1; r->rate_ms = POLICY_RATE_MAX_MS + 1000)
SPOIL(rate_of_a_deny, r->verdict = VERDICT_DENY; r->rate_n = 1; r->rate_ms = 1000)
SPOIL(lease_short, r->lease_ms = POLICY_LEASE_MIN_MS - 1000)
SPOIL(lease_long, r->lease_ms = POLICY_LEASE_MAX_MS + 1000)
SPOIL(lease_of_a_deny, r->verdict = VERDICT_DENY; r->lease_ms = POLICY_LEASE_MIN_MS)
SPOIL(with_for_reading, r->actions = 1u << ACTION_READ)
SPOIL(with_too_many, r->n_withs = POLICY_WITHS + 1)
SPOIL(with_loose_net, ((struct with *)(uintptr_t)r->with)->text = "10.0.0.1/8")
SPOIL(with_range, ((struct with *)(uintptr_t)r->with)->range.has_min = true)
SPOIL(with_nothing, ((struct with *)(uintptr_t)r->with)->kind = CREDENTIAL_COUNT)

#define OF_READ "allow a@b to read \"x\" of lamp"
#define OF_CONTROL "allow a@b to control \"x\" from 0 to 1 of lamp"
#define OF_TAG "allow a@b to befriend x=1"
#define OF_ACCESS "allow a@b to access lamp with ip 10.0.0.0/8"

static const struct spoiled spoiled[] = {
	{ "two actions", "allow a@b to befriend lamp", two_actions },
	{ "no action", "allow a@b to befriend lamp", no_action },
	{ "an allow with a touch", OF_READ, touch_allow },
	{ "anyone by name", OF_READ, anyone_named }, { "nobody", OF_READ, nobody },
	{ "an address in capitals", OF_READ, loud_address },
	{ "an address with a resource", OF_READ, address_with_resource },
	{ "an address of two people", OF_READ, address_of_two },
	{ "a domain of one", OF_READ, domain_of_one },
	{ "a token of 7", OF_READ, short_token }, { "a token of 27", OF_READ, long_token },
	{ "a token in capitals", OF_READ, loud_token }, { "a role in capitals", OF_READ, loud_role },
	{ "a role of nowhere", OF_READ, role_of_nowhere }, { "a role of one", OF_READ, role_of_one },
	{ "a long role", OF_READ, long_role },
	{ "names for befriending", OF_READ, names_for_friends },
	{ "names for access", OF_READ, names_for_access }, { "an empty name", OF_READ, empty_name },
	{ "a long name", OF_READ, long_name }, { "a name that is no text", OF_READ, bad_name },
	{ "too many names", OF_READ, too_many_names },
	{ "values for reading", OF_CONTROL, values_for_reading },
	{ "too many values", OF_CONTROL, too_many_values },
	{ "a value of another name", OF_CONTROL, value_of_another },
	{ "a value of all names", OF_CONTROL, value_of_all },
	{ "values the wrong way round", OF_CONTROL, value_turned },
	{ "no number", OF_CONTROL, value_nan }, { "an empty range", OF_CONTROL, value_empty },
	{ "a range of all", OF_CONTROL, value_whole }, { "range and text", OF_CONTROL, value_both },
	{ "kinds for controlling", OF_CONTROL, kinds_for_control },
	{ "a kind nobody knows", OF_READ, too_many_kinds },
	{ "a thing without name", OF_READ, thing_without_name },
	{ "a source without node", OF_READ, source_without_node },
	{ "no comparison", OF_TAG, no_comparison },
	{ "too many comparisons", OF_TAG, too_many_comparisons },
	{ "a mask without star", OF_TAG, mask_without_star },
	{ "half a second", OF_READ " until 2026-12-01", until_half_a_second },
	{ "before all time", OF_READ, until_before_time },
	{ "after all time", OF_READ, until_after_time },
	{ "no time of day", OF_READ " daily 07:00-08:00", daily_never },
	{ "after midnight", OF_READ " daily 07:00-08:00", daily_too_late },
	{ "from midnight", OF_READ " daily 07:00-08:00", daily_from_midnight },
	{ "eight days a week", OF_READ, eight_days }, { "a zone for nothing", OF_READ, zone_for_nothing },
	{ "a zone that is a path", OF_READ, zone_up }, { "a zone without name", OF_READ, zone_empty },
	{ "counted friends", OF_READ, rate_for_friends },
	{ "a rate without time", OF_READ, rate_without_time },
	{ "a rate without number", OF_READ, rate_without_number },
	{ "too often", OF_READ, rate_too_often }, { "over too long", OF_READ, rate_too_long },
	{ "a counted deny", OF_READ, rate_of_a_deny }, { "too short a lease", OF_READ, lease_short },
	{ "too long a lease", OF_READ, lease_long }, { "a leased deny", OF_READ, lease_of_a_deny },
	{ "conditions for reading", OF_ACCESS, with_for_reading },
	{ "too many conditions", OF_ACCESS, with_too_many },
	{ "a net with bits behind it", OF_ACCESS, with_loose_net },
	{ "a net with a range", OF_ACCESS, with_range },
	{ "a condition nobody knows", OF_ACCESS, with_nothing },
};

static void what_no_line_can_say_is_not_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++) {
		struct policy *p = policy_new();
		struct err e = ERR_INIT;
		struct pool pool;
		struct rule r;

		pool_init(&pool, POOL);
		assert_int_equal(policy_parse_line(&r, spoiled[i].line, NOW, 0, &pool, &e), 0);
		assert_true(rule_is_sound(&r));
		spoiled[i].spoil(&r);
		if (rule_is_sound(&r) || policy_add(p, &r, &e) == 0)
			fail_msg("%s", spoiled[i].name);
		policy_free(&p);
		pool_fini(&pool);
	}
}

/* The longest that may be: every limit at its border is still sound. */
static void limits_hold_at_their_border(void **state)
{
	static const char *names[POLICY_NAMES + 1];
	struct rule r = { .verdict = VERDICT_ALLOW, .actions = 1u << ACTION_CONTROL, .names = names,
		.subject = { SUBJECT_USER, "abcdefghijklmnopqrstuvwxyz" } };
	struct tag_term term[POLICY_TERMS + 1];
	struct span span[POLICY_SPANS + 1];
	struct rule again;
	struct err e = ERR_INIT;
	struct pool pool;
	struct buf line;

	(void)state;
	for (size_t i = 0; i <= POLICY_NAMES; i++)
		names[i] = "x";
	for (size_t i = 0; i <= POLICY_SPANS; i++)
		span[i] = (struct span){ .name = "x", .text = "on" };
	for (size_t i = 0; i <= POLICY_TERMS; i++)
		term[i] = (struct tag_term){ TAG_NE, "x", "y" };
	r.n_names = POLICY_NAMES;
	r.n_spans = POLICY_SPANS;
	r.span = span;
	r.target = (struct target){ .kind = TARGET_TAG, .n_terms = POLICY_TERMS, .term = term };
	r.rate_n = POLICY_RATE_MAX;
	r.rate_ms = POLICY_RATE_MAX_MS;
	r.lease_ms = POLICY_LEASE_MAX_MS;
	r.until_ms = 253370592000000LL;
	term[0].value = long_text(POLICY_NAME);
	assert_true(rule_is_sound(&r));
	pool_init(&pool, POOL);
	buf_init(&line, POLICY_LINE);
	policy_print(&line, &r, 0);
	assert_int_equal(policy_parse_line(&again, buf_str(&line), NOW, 0, &pool, &e), 0);
	assert_true(rule_equal(&r, &again));
	/* One more of each is too much. */
	r.n_spans++;
	assert_false(rule_is_sound(&r));
	r.n_spans--;
	r.target.n_terms++;
	assert_false(rule_is_sound(&r));
	r.target.n_terms--;
	r.n_names++;
	assert_false(rule_is_sound(&r));
	r.n_names--;
	assert_true(rule_is_sound(&r));
	/* A name of control characters takes eight bytes for each of them. */
	for (size_t i = 0; i < POLICY_NAMES; i++)
		names[i] = "\x01\x01\x01\x01\x01\x01\x01\x01\x01";
	r.n_spans = 0;
	r.target.kind = TARGET_ALL;
	assert_true(rule_is_sound(&r));
	for (size_t i = 0; i < POLICY_NAMES; i++)
		names[i] = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01";
	assert_false(rule_is_sound(&r));
	buf_fini(&line);
	pool_fini(&pool);
}

/* One line makes no more of the pool than a stored line is given. */
static void the_worst_line_fits_the_room_of_a_stored_one(void **state)
{
	struct err e = ERR_INIT;
	struct pool pool;
	struct rule r;
	struct buf line;

	(void)state;
	pool_init(&pool, 64 * 1024);
	buf_init(&line, POLICY_LINE);
	buf_adds(&line, "allow a@b to read ");
	for (int i = 0; i < POLICY_NAMES; i++)
		buf_addf(&line, "%s\"%070d\"", i == 0 ? "" : ", ", i);
	buf_adds(&line, " of lamp");
	assert_true(buf_ok(&line));
	if (policy_parse_line(&r, buf_str(&line), NOW, 0, &pool, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(r.n_names, POLICY_NAMES);
	buf_fini(&line);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_rule_prints_and_reads_back__issue_4),
		cmocka_unit_test(rules_that_differ_anywhere_are_not_equal),
		cmocka_unit_test(what_no_line_can_say_is_not_sound),
		cmocka_unit_test(limits_hold_at_their_border),
		cmocka_unit_test(the_worst_line_fits_the_room_of_a_stored_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
