/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_world: dice.  Times are whole hours and bounds few, so that a test can
 * try them all.
 */
#include "config.h"

#include "tests/unit/policy_world.h"

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"

static uint64_t state = 0x9e3779b97f4a7c15u;

void world_seed(uint64_t seed)
{
	state = seed * 2 + 0x9e3779b97f4a7c15u;
}

unsigned world_roll(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

#define PICK(list) ((list)[world_roll((unsigned)(sizeof(list) / sizeof((list)[0])))])

static const char *const jids[] = { "a@x.ex", "b@x.ex", "a@y.ex", "x.ex" };
static const char *const domains[] = { "x.ex", "y.ex" };
static const char *const tokens[] = { "abcdefgh", "bcdefghi" };
static const char *const roles[] = { "family", "guest@x.ex" };
static const char *const co_owners[] = { "c@x.ex", "d@y.ex" };
static const char *const fields[] = { "lux", "Temp", "temp", "lock" };
static const char *const privileges[] = { "A", "A.B", "A.B.C", "a.bc" };
static const char *const things[] = { "lamp", "Lamp", "door" };
static const char *const sets[] = { "Upstairs", "garden" };
static const char *const nodes[] = { "n1", "n2" };
static const char *const zones[] = { "Europe/Berlin", "Asia/Tokyo", "Etc/GMT" };
static const double bounds[] = { 0, 10, 20 };
static const char *const texts[] = { "eco", "ECO", "true", "10" };

const char *const *world_names(enum action a)
{
	return a == ACTION_PRIVILEGE ? privileges : fields;
}

static struct subject roll_subject(void)
{
	switch (world_roll(8)) {
	case 0:
		return (struct subject){ SUBJECT_DOMAIN, PICK(domains) };
	case 1:
		return (struct subject){ (enum subject_kind)(SUBJECT_SERVICE + world_roll(3)),
			PICK(tokens) };
	case 2:
		return (struct subject){ SUBJECT_ROLE, PICK(roles) };
	case 3:
	case 4:
		return (struct subject){ SUBJECT_ANYONE, NULL };
	default:
		return (struct subject){ SUBJECT_JID, PICK(jids) };
	}
}

static struct tag_term roll_term(void)
{
	static const struct tag_term terms[] = {
		{ TAG_EQ, "CLASS", "Light" }, { TAG_EQ, "room", "hall" }, { TAG_EQ, "v", "2.0" },
		{ TAG_NE, "class", "camera" }, { TAG_NE, "V", "2" }, { TAG_LT, "v", "10" },
		{ TAG_LE, "v", "2" }, { TAG_GT, "v", "1e0" }, { TAG_GE, "room", "f" },
		{ TAG_MASK, "class", "l*t" }, { TAG_MASK, "room", "*A*l*" },
	};

	return PICK(terms);
}

static void roll_thing(struct target *t)
{
	t->name = PICK(things);
	t->bound = world_roll(2);
	t->id[0] = (uint8_t)world_roll(2);
	t->epoch = world_roll(3) == 0;
	if (world_roll(3) > 0)
		return;
	t->node = PICK(nodes);
	t->source = world_roll(2) ? "s" : NULL;
	t->partition = world_roll(3) ? NULL : "p";
}

static void roll_target(struct world *w, size_t i)
{
	struct target *t = &w->rule[i].target;

	*t = (struct target){ .kind = TARGET_ALL };
	switch (world_roll(6)) {
	case 0:
		t->kind = TARGET_TAG;
		t->term = w->term[i];
		t->n_terms = 1 + world_roll(2);
		for (size_t k = 0; k < t->n_terms; k++)
			w->term[i][k] = roll_term();
		break;
	case 1:
		t->kind = TARGET_SET;
		t->name = PICK(sets);
		break;
	case 2:
	case 3:
		t->kind = TARGET_THING;
		roll_thing(t);
		break;
	default:
		break;
	}
}

static struct span roll_span(const char *name)
{
	struct span s = { .name = name, .has_min = true, .has_max = true };

	switch (world_roll(5)) {
	case 0:
		return (struct span){ .name = name, .text = PICK(texts) };
	case 1:
		s.has_min = false;
		break;
	case 2:
		s.has_max = false;
		break;
	default:
		break;
	}
	if (s.has_min)
		s.min = PICK(bounds);
	if (s.has_max)
		s.max = PICK(bounds);
	if (s.has_min && s.has_max && s.min > s.max)
		s.max = s.min;
	s.min_out = s.has_min && world_roll(3) == 0;
	s.max_out = s.has_max && world_roll(3) == 0;
	if (s.has_min && s.has_max && s.min >= s.max)
		s.min_out = s.max_out = false;
	return s;
}

/* About the names in their order, or about all. */
static void roll_spans(struct world *w, size_t i)
{
	struct rule *r = &w->rule[i];

	r->span = w->span[i];
	if (r->n_names == 0)
		w->span[i][r->n_spans++] = roll_span(NULL);
	for (size_t k = 0; k < r->n_names; k++)
		if (world_roll(3) > 0)
			w->span[i][r->n_spans++] = roll_span(r->names[k]);
	if (r->n_spans > 0 && world_roll(3) == 0) {
		w->span[i][r->n_spans] = roll_span(w->span[i][r->n_spans - 1].name);
		r->n_spans++;
	}
}

static void roll_withs(struct world *w, size_t i)
{
	static const struct with withs[] = {
		{ .kind = CREDENTIAL_IP, .text = "10.0.0.0/8" },
		{ .kind = CREDENTIAL_IP, .text = "10.1.0.0/16" },
		{ .kind = CREDENTIAL_IP, .text = "fd00::/8" },
		{ .kind = CREDENTIAL_HOST, .text = "*.x.ex" },
		{ .kind = CREDENTIAL_USER, .text = "bob" },
		{ .kind = CREDENTIAL_PROTOCOL, .text = "https" },
		{ .kind = CREDENTIAL_LATITUDE, .range = { .has_min = true, .min = 52 } },
	};

	w->rule[i].with = w->with[i];
	w->rule[i].n_withs = 1 + world_roll(2);
	w->with[i][0] = PICK(withs);
	w->with[i][1] = PICK(withs);
}

/* What belongs to some actions only. */
static void roll_narrowing(struct world *w, size_t i)
{
	struct rule *r = &w->rule[i];
	bool read = r->actions == 1u << ACTION_READ, control = r->actions == 1u << ACTION_CONTROL;
	const char *const *names = world_names(control || read ? ACTION_READ : ACTION_PRIVILEGE);

	r->names = w->name[i];
	if ((read || control || r->actions == 1u << ACTION_PRIVILEGE) && world_roll(2))
		r->n_names = 1 + world_roll(2);
	for (size_t k = 0; k < r->n_names; k++)
		w->name[i][k] = names[(world_roll(2) * 2 + k) % 4];
	if (control && world_roll(2))
		roll_spans(w, i);
	if (read && world_roll(3) == 0)
		r->types = 1 + world_roll(TYPE_ALL);
	if ((read || control) && r->verdict == VERDICT_ALLOW && world_roll(4) == 0) {
		static const int64_t per[][2] = { { 1, 1 }, { 3, 1 }, { 10, 24 } };
		size_t k = world_roll(3);

		r->rate_n = (int32_t)per[k][0];
		r->rate_ms = per[k][1] * WORLD_HOUR;
	}
	if (r->actions >= 1u << ACTION_ACCESS && r->actions != RULE_EVERYTHING && world_roll(2))
		roll_withs(w, i);
}

static void roll_times(struct rule *r)
{
	if (world_roll(4) == 0)
		r->until_ms = WORLD_NOW + ((int64_t)world_roll(40) - 10) * WORLD_HOUR;
	r->daily = world_roll(5) == 0;
	r->from_min = (int32_t)world_roll(8) * 180;
	do
		r->to_min = (int32_t)world_roll(9) * 180;
	while (r->to_min == r->from_min);
	if (world_roll(6) == 0)
		r->days = 1 + world_roll(127);
	if ((r->daily || r->days != 0) && world_roll(3) == 0)
		r->zone = PICK(zones);
}

void world_roll_rule(struct world *w, size_t i)
{
	static const unsigned actions[] = { 1, 2, 2, 2, 4, 4, 4, 8, 16, 16, RULE_EVERYTHING };
	struct rule *r = &w->rule[i];

	*r = (struct rule){ .number = (int64_t)i + 1, .verdict = (enum verdict)world_roll(3) };
	if (r->verdict != VERDICT_ALLOW && world_roll(2))
		r->verdict = VERDICT_ALLOW;
	r->touch = r->verdict == VERDICT_ASK && world_roll(3) == 0;
	r->actions = PICK(actions);
	r->subject = roll_subject();
	roll_target(w, i);
	roll_narrowing(w, i);
	roll_times(r);
	if (r->verdict == VERDICT_ALLOW && world_roll(2))
		r->lease_ms = 5000 * (1 + (int64_t)world_roll(9));
	if (world_roll(5) == 0)
		r->giver = PICK(co_owners);
	else if (r->verdict == VERDICT_ALLOW && world_roll(4) == 0) {
		r->co_owner = true;
		r->subject = (struct subject){ SUBJECT_JID, PICK(co_owners) };
	}
}

static void roll_scene(struct world *w)
{
	static const struct question_zone offsets[] = {
		{ "Europe/Berlin", 3600, WORLD_NOW + 30 * WORLD_HOUR }, { "Asia/Tokyo", 32400, 0 },
	};
	static const struct subject shown[] = {
		{ SUBJECT_SERVICE, "abcdefgh" }, { SUBJECT_DEVICE, "bcdefghi" },
	};
	struct question *q = &w->q;

	q->now_ms = WORLD_NOW;
	q->zone_s = (int32_t)world_roll(3) * 3600;
	q->zone_until_ms = world_roll(3) ? 0 : WORLD_NOW + (1 + world_roll(60)) * WORLD_HOUR;
	q->zones = offsets;
	q->n_zones = world_roll(3);
	q->clock_unsure = world_roll(12) == 0;
	q->tokens = shown;
	q->n_tokens = world_roll(3);
	q->roles = roles;
	q->n_roles = world_roll(3);
	q->givers = co_owners;
	q->n_givers = world_roll(3);
	if (world_roll(2))
		q->giver_roles = w->giver_roles;
	for (size_t i = 0; i < 2; i++)
		w->giver_roles[i] = (struct question_roles){ world_roll(3), roles };
	q->credentials = w->credential;
	q->n_credentials = world_roll(4);
	w->credential[0] = (struct question_credential){ CREDENTIAL_IP,
		world_roll(2) ? "10.1.2.3" : "fd00::1" };
	w->credential[1] = (struct question_credential){ CREDENTIAL_HOST,
		world_roll(2) ? "A.X.ex" : "x.ex" };
	w->credential[2] = (struct question_credential){ CREDENTIAL_LATITUDE,
		world_roll(2) ? "52.5" : "51" };
}

static void roll_place(struct world *w)
{
	struct question *q = &w->q;

	q->thing_id[0] = (uint8_t)world_roll(2);
	q->epoch = world_roll(4) == 0;
	q->thing_name = world_roll(4) ? PICK(things) : NULL;
	q->aliases = things;
	q->n_aliases = world_roll(2);
	w->tag[0] = (struct question_tag){ "class", world_roll(2) ? "light" : "camera" };
	w->tag[1] = (struct question_tag){ "Room", world_roll(2) ? "hall" : "attic" };
	w->tag[2] = (struct question_tag){ "V", world_roll(2) ? "2" : "12" };
	q->tags = w->tag;
	q->n_tags = world_roll(4);
	q->sets = sets;
	q->n_sets = world_roll(3);
	q->node = world_roll(3) ? NULL : PICK(nodes);
	q->source = q->node != NULL && world_roll(2) ? "s" : NULL;
	q->partition = q->node != NULL && world_roll(3) == 0 ? "p" : NULL;
}

void world_roll_question(struct world *w)
{
	static const char *const values[] = { "5", "10", "1e1", "eco", "Eco", "true", "zzz", "25" };
	struct question *q = &w->q;
	const char *const *names;

	*q = (struct question){ .action = (enum action)world_roll(ACTION_COUNT),
		.asker = PICK(jids), .names = w->asked };
	if (world_roll(2))
		q->action = world_roll(2) ? ACTION_READ : ACTION_CONTROL;
	names = world_names(q->action);
	roll_scene(w);
	roll_place(w);
	if (q->action != ACTION_BEFRIEND && q->action != ACTION_ACCESS)
		q->n_names = world_roll(4);
	for (size_t i = 0; i < q->n_names; i++) {
		w->asked[i] = names[world_roll(4)];
		w->value[i] = world_roll(4) ? PICK(values) : NULL;
		for (size_t k = 0; k < i; k++)		/* one value for one name */
			if (value_same(w->asked[k], w->asked[i]))
				w->value[i] = w->value[k];
	}
	if (q->action == ACTION_CONTROL && world_roll(3) == 0)
		q->values = w->value;
	if (q->action == ACTION_READ && world_roll(2))
		q->types = 1 + world_roll(TYPE_ALL);
	q->keeps_limits = world_roll(3) > 0;
}

void world_make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->n = world_roll(WORLD_RULES + 1);
	for (size_t i = 0; i < w->n; i++)
		world_roll_rule(w, i);
	world_roll_question(w);
}

static void show_question(const struct question *q)
{
	fprintf(stderr, "? %s %s", q->asker, action_name(q->action));
	for (size_t i = 0; i < q->n_names; i++)
		fprintf(stderr, " %s%s%s", q->names[i], q->values != NULL ? "=" : "",
		    q->values == NULL ? "" : q->values[i] != NULL ? q->values[i] : "?");
	fprintf(stderr, " types %#x limits %d; thing %s %d/%llu node %s/%s/%s tags", q->types,
	    q->keeps_limits, q->thing_name != NULL ? q->thing_name : "-", q->thing_id[0],
	    (unsigned long long)q->epoch, q->node != NULL ? q->node : "-",
	    q->source != NULL ? q->source : "-", q->partition != NULL ? q->partition : "-");
	for (size_t i = 0; i < q->n_tags; i++)
		fprintf(stderr, " %s=%s", q->tags[i].name, q->tags[i].value);
	fprintf(stderr, "; aliases %zu sets %zu tokens %zu roles %zu givers %zu zones %zu "
	    "credentials %zu zone %d until %lld unsure %d\n", q->n_aliases, q->n_sets, q->n_tokens,
	    q->n_roles, q->n_givers, q->n_zones, q->n_credentials, q->zone_s / 3600,
	    (long long)(q->zone_until_ms ? (q->zone_until_ms - WORLD_NOW) / WORLD_HOUR : 0),
	    q->clock_unsure);
}

void world_show(const struct world *w)
{
	struct buf line;

	buf_init(&line, POLICY_LINE);
	for (size_t i = 0; i < w->n; i++) {
		const struct rule *r = &w->rule[i];

		buf_reset(&line);
		policy_print(&line, r, 0);
		fprintf(stderr, "%zu %s", i + 1, buf_str(&line));
		if (r->target.bound)
			fprintf(stderr, " [%d/%llu]", r->target.id[0],
			    (unsigned long long)r->target.epoch);
		fprintf(stderr, "%s%s%s\n", r->giver != NULL ? " by " : "",
		    r->giver != NULL ? r->giver : "", r->co_owner ? " (co-owner)" : "");
	}
	buf_fini(&line);
	show_question(&w->q);
}
