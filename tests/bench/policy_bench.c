/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_bench: decisions in process, for one owner with 10 to 10^5 rules of
 * several shapes, each decision by itself: half of them take at most the first
 * figure, 99 of 100 at most the second.  The limits are 1 and 5 us at 10^4
 * rules, and no more at 10^5; for masks without end 1 ms (att-P-20).
 */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"

#define DECISIONS 10000
#define NOW 1795262400000LL
#define HOUR 3600000LL

static uint64_t dice = 88172645463325252u;

static uint64_t pick(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice >> 16) % n;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What varies from rule to rule, and from question to question. */
struct text {
	char jid[32], thing[32], field[32], room[32], set[32], mask[64];
	const char *name[1];
	struct tag_term term[2];
	struct span span;
};

static void write_text(struct text *t, uint64_t i)
{
	snprintf(t->jid, sizeof(t->jid), "u%llu@d.ex", (unsigned long long)i);
	snprintf(t->thing, sizeof(t->thing), "lamp-%llu", (unsigned long long)i);
	snprintf(t->field, sizeof(t->field), "field %llu", (unsigned long long)i);
	snprintf(t->room, sizeof(t->room), "room %llu", (unsigned long long)i);
	snprintf(t->set, sizeof(t->set), "set %llu", (unsigned long long)i);
	snprintf(t->mask, sizeof(t->mask), "*a*a*a*a*a*a*a*a*b%llu", (unsigned long long)i);
	t->name[0] = t->field;
}

static void put_id(uint8_t id[16], uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15u;
	memcpy(id, &i, sizeof(i));
	memcpy(id + 8, &i, sizeof(i));
}

/* --- shapes: rule number i --- */

typedef void shape_fn(struct rule *r, struct text *t, uint64_t i);

static void people(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ SUBJECT_JID, t->jid };
}

static void bound(struct rule *r, struct text *t, uint64_t i)
{
	r->subject = (struct subject){ SUBJECT_JID, "u0@d.ex" };
	r->target = (struct target){ .kind = TARGET_THING, .name = t->thing, .bound = true };
	put_id(r->target.id, i);
}

static void called(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ SUBJECT_JID, "u0@d.ex" };
	r->target = (struct target){ .kind = TARGET_THING, .name = t->thing };
}

static void tags(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ .kind = SUBJECT_ANYONE };
	t->term[0] = (struct tag_term){ TAG_EQ, "class", "light" };
	t->term[1] = (struct tag_term){ TAG_EQ, "room", t->room };
	r->target = (struct target){ .kind = TARGET_TAG, .n_terms = 2, .term = t->term };
}

static void sets(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ .kind = SUBJECT_ANYONE };
	r->target = (struct target){ .kind = TARGET_SET, .name = t->set };
}

static void fields(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ .kind = SUBJECT_ANYONE };
	r->n_names = 1;
	r->names = t->name;
}

/* Of all sorts, with times and values. */
static void mixed(struct rule *r, struct text *t, uint64_t i)
{
	static shape_fn *const shapes[] = { people, bound, called, tags, sets, fields };

	shapes[i % 6](r, t, i);
	if (i % 7 == 0) {
		r->daily = true;
		r->from_min = 7 * 60;
		r->to_min = 22 * 60;
	}
	if (i % 11 == 0)
		r->days = 0x1f;
	if (i % 13 == 0)
		r->until_ms = NOW + HOUR;
	if (i % 5 == 0)
		r->verdict = VERDICT_ASK;
	else if (i % 3 == 0)
		r->verdict = VERDICT_DENY;
	else if (i % 2 == 0) {
		r->actions = 1u << ACTION_CONTROL;
		t->span = (struct span){ .has_max = true, .max = 50,
			.name = r->n_names > 0 ? r->names[0] : NULL };
		r->n_spans = 1;
		r->span = &t->span;
	}
}

static void masks(struct rule *r, struct text *t, uint64_t i)
{
	(void)i;
	r->subject = (struct subject){ .kind = SUBJECT_ANYONE };
	t->term[0] = (struct tag_term){ TAG_MASK, "SN", t->mask };
	r->target = (struct target){ .kind = TARGET_TAG, .n_terms = 1, .term = t->term };
}

static const struct shape {
	const char *words;
	shape_fn *rule;
	bool unnamed;
} shapes[] = {
	{ "each about another person", people, false },
	{ "one person, each another thing", bound, false },
	{ "one person, each another name of a thing", called, false },
	{ "anyone, class=light and each another room", tags, false },
	{ "anyone, each another set", sets, false },
	{ "anyone, each another field, one asked for", fields, false },
	{ "anyone, each another field, all asked for", fields, true },
	{ "all of these, with times and values", mixed, false },
	{ "masks *a*a*a*a*a*a*a*a*b (1000 at most)", masks, false },
};

static struct policy *load(const struct shape *s, uint64_t n)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;

	for (uint64_t i = 0; p != NULL && i < n; i++) {
		struct rule r = { .number = (int64_t)i + 1, .verdict = VERDICT_ALLOW,
			.actions = 1u << ACTION_READ };
		struct text t;

		write_text(&t, i);
		s->rule(&r, &t, i);
		if (policy_add(p, &r, &e) != 0) {
			if (e.kind == ERR_LIMIT)
				break;
			errx(1, "%s", e.text);
		}
	}
	if (p == NULL)
		errx(1, "out of memory");
	return p;
}

/* One of the things that rules are about, or of their people. */
static double decide(const struct policy *p, const struct shape *s, uint64_t n)
{
	uint64_t i = pick(n);
	struct text t;
	struct question_tag tag[] = {
		{ "MAN", "acme.example" }, { "MODEL", "L-100" }, { "class", "light" },
		{ "room", t.room }, { "V", "1.2" },
		{ "SN", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	};
	const char *set[] = { t.set, "kitchen" }, *alias[] = { "3948-11", "lamp-local" };
	struct question q = { .action = ACTION_READ, .asker = s->rule == people ? t.jid : "u0@d.ex",
		.thing_name = t.thing, .aliases = alias, .n_aliases = 2, .tags = tag, .n_tags = 6,
		.sets = set, .n_sets = 2, .names = t.name, .n_names = !s->unnamed, .now_ms = NOW,
		.zone_s = 3600, .keeps_limits = true };
	const char *name[POLICY_NAMES];
	struct limit limit[POLICY_LIMITS];
	struct answer a;
	double from;

	write_text(&t, i);
	if (s->rule == mixed && pick(2))
		q.action = ACTION_CONTROL;
	put_id(q.thing_id, i);
	from = now_us();
	policy_decide(p, &q, &(struct answer_space){ .n_names = POLICY_NAMES, .names = name,
		.n_limits = POLICY_LIMITS, .limits = limit }, &a);
	from = now_us() - from;
	if (a.verdict != VERDICT_ALLOW && s->rule != mixed && s->rule != masks)
		errx(1, "%s: not allowed", s->words);
	return from;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double took[DECISIONS];

	printf("# decisions in process, us: half, 99 of 100\n");
	printf("%-42s %14s %14s %14s %14s\n", "rules of one owner", "10", "10^3", "10^4", "10^5");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		printf("%-42s", shapes[i].words);
		for (uint64_t n = 10; n <= 100000; n *= n == 10 ? 100 : 10) {
			struct policy *p = load(&shapes[i], n);

			size_t often = shapes[i].unnamed || shapes[i].rule == masks
			    ? DECISIONS / 10 : DECISIONS;

			for (size_t k = 0; k < often; k++)
				took[k] = decide(p, &shapes[i], n);
			qsort(took, often, sizeof(took[0]), by_time);
			printf(" %6.2f %7.2f", took[often / 2], took[often / 100 * 99]);
			(void)fflush(stdout);
			policy_free(&p);
		}
		printf("\n");
	}
	return 0;
}
