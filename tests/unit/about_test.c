/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about_test: what a clearCache is about.  Random rules come and go: whatever
 * answer changes, a thing that keeps it must find it concerned; what is joined
 * only widens; what cannot be said or read is about everything.
 */
#include "config.h"

#include "provisioning/about.h"

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "provisioning/floor.h"
#include "thing/decisions.h"
#include "tests/unit/policy_world.h"
#include "tests/unit/unit.h"

#define NOW 1795262400000LL

static size_t rounds(size_t n)
{
#ifdef __SANITIZE_ADDRESS__
	n /= 5;
#endif
	return getenv("KITH_LONG") != NULL ? n * 10 : n;
}

/* ---- one rule ---- */

/* The lines of about_write(), tabs shown as '|'. */
static void is_about(const char *line, const struct node *node, bool moves, const char *expected)
{
	struct about a;
	struct err e = ERR_INIT;
	struct rule r;
	struct pool pool;
	struct buf text;

	pool_init(&pool, 1 << 16);
	buf_init(&text, 1 << 16);
	if (policy_parse_line(&r, line, NOW, 0, &pool, &e) != 0)
		fail_msg("%s", e.text);
	about_nothing(&a);
	about_rule(&a, &r, node, moves);
	about_write(&text, &a);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\t')
			text.data[i] = '|';
	assert_string_equal(a.all ? "all" : buf_str(&text), expected);
	buf_fini(&text);
	pool_fini(&pool);
}

static void row_D9__a_rule_is_about_who_what_which_and_where(void **state)
{
	static const struct node itself, meter = { "meter-7", "cellar", NULL };

	(void)state;
	is_about("deny bob@x.ex to read of lamp", &itself, false, "2|bob@x.ex||||\n");
	is_about("allow bob@x.ex to control \"level\", \"mode\" of lamp", &itself, false,
	    "4|bob@x.ex|level|||\n4|bob@x.ex|mode|||\n");
	is_about("allow bob@x.ex to control \"level\" at most 50 of *", &meter, false,
	    "4|bob@x.ex|level|meter-7|cellar|\n");
	is_about("allow bob@x.ex to befriend of lamp", &meter, false,
	    "1|bob@x.ex||meter-7|cellar|\n");
	is_about("deny bob@x.ex everything", &itself, false, "0|bob@x.ex||||\n");
	is_about("deny *@x.ex to read \"lux\" of lamp", &itself, false, "2||lux|||\n");
	is_about("allow anyone to read of lamp", &itself, false, "2|||||\n");
	is_about("deny anyone everything", &itself, false, "all");
	is_about("deny role family to control of lamp", &itself, false, "4|||||\n");
	/* A co-owner's own right: what he gave to others moves with it. */
	is_about("deny cora@x.ex to read \"lux\" of lamp", &itself, true, "2||lux|||\n");
}

static void what_a_thing_may_see_otherwise_narrows_nothing(void **state)
{
	static const struct node itself, odd = { "z\303\244hler", NULL, NULL },
		from = { "m1", "k\303\274che", NULL };

	(void)state;
	is_about("deny bob@x.ex to read \"Stra\303\237e\" of lamp", &itself, false,
	    "2|bob@x.ex||||\n");
	is_about("deny b\303\266b@x.ex to read \"lux\" of lamp", &itself, false, "2||lux|||\n");
	is_about("deny bob@x.ex to read \"lux\" of lamp", &odd, false, "2|bob@x.ex|lux|||\n");
	is_about("deny bob@x.ex to read \"lux\" of lamp", &from, false, "2|bob@x.ex|lux|m1||\n");
	/* More than a name on the wire has. */
	is_about("deny bob@x.ex to read \"1234567890123456789012345678901234567890123456789012345"
	    "67890123456789012345678901234567890123456789012345678901234567890123456789\" of lamp",
	    &itself, false, "2|bob@x.ex||||\n");
}

static void a_rule_that_makes_a_co_owner_is_about_all_at_that_node(void **state)
{
	static const struct node meter = { "meter-7", NULL, NULL };
	struct rule r = { .subject = { SUBJECT_JID, "cora@x.ex" }, .actions = 2, .co_owner = true };
	struct about a;

	(void)state;
	about_nothing(&a);
	about_rule(&a, &r, &meter, false);
	assert_int_equal(a.n, 1);
	assert_null(a.one[0].jid);
	assert_int_equal(a.one[0].actions, 0);
	assert_string_equal(a.one[0].node.id, "meter-7");
}

/* ---- lists ---- */

static struct clear_about roll_one(struct unit_random *dice)
{
	static const char *const jids[] = { NULL, "a@x", "b@x", "c@x", "d@x", "e@x" };
	static const char *const names[] = { NULL, "lux", "LUX", "temp", "mode", "level" };
	static const char *const ids[] = { NULL, "n1", "n2", "n3", "n4" };
	static const unsigned actions[] = { 0, 1, 2, 4, 2, 4 };
	struct clear_about one = { .jid = jids[unit_random_below(dice, 6)],
		.name = names[unit_random_below(dice, 6)],
		.actions = actions[unit_random_below(dice, 6)] };

	one.node.id = ids[unit_random_below(dice, 5)];
	if (one.node.id != NULL && unit_random_below(dice, 2))
		one.node.source = "s";
	return one;
}

static void roll_list(struct unit_random *dice, struct about *a)
{
	about_nothing(a);
	for (size_t n = 1 + unit_random_below(dice, 12); n > 0; n--) {
		struct about more = { .n = 1 };

		more.one[0] = roll_one(dice);
		about_join(a, &more);
	}
}

static void row_D9__what_is_joined_only_widens(void **state)
{
	struct unit_random dice = unit_random_start();
	size_t kept = 0;

	(void)state;
	for (size_t i = 0; i < rounds(20000); i++) {
		struct about a, b, before, again;
		struct buf text;

		roll_list(&dice, &a);
		roll_list(&dice, &b);
		about_nothing(&before);
		about_join(&before, &a);
		about_join(&a, &b);
		assert_true(about_covers(&a, &before));
		assert_true(about_covers(&a, &b));
		assert_true(a.n <= WIRE_ABOUTS);
		assert_true(a.all || a.n > 0);
		kept += !a.all;
		buf_init(&text, 1 << 16);
		about_write(&text, &a);
		about_read(&again, buf_str(&text));
		assert_true(about_covers(&a, &again) && about_covers(&again, &a));
		buf_fini(&text);
	}
	assert_true(kept > 0);
}

static void too_many_lose_names_then_nodes_then_actions(void **state)
{
	static const char *const jids[] = { "a@x", "b@x" };
	char name[40][8];
	struct about a;

	(void)state;
	about_nothing(&a);
	for (size_t i = 0; i < 40; i++) {
		struct about more = { .n = 1 };

		snprintf(name[i], sizeof(name[i]), "f%zu", i);
		more.one[0] = (struct clear_about){ .jid = jids[i % 2], .actions = CLEAR_READ,
			.name = name[i], .node = { .id = "n1" } };
		about_join(&a, &more);
	}
	assert_false(a.all);
	assert_int_equal(a.n, 2);
	assert_string_equal(a.one[0].node.id, "n1");
	for (size_t i = 0; i < 40; i++) {
		struct about more = { .n = 1 };

		more.one[0] = (struct clear_about){ .jid = name[i], .actions = CLEAR_READ };
		about_join(&a, &more);
	}
	assert_true(a.all);
}

static void what_cannot_be_read_is_everything(void **state)
{
	static const char *const damaged[] = { "", "2\tbob@x.ex", "x\t\t\t\t\t\n",
		"2\ta@x\t\t\t\t\t\n", "3\ta@x\t\t\t\t\n", "9\ta@x\t\t\t\t\n", "\n",
		"2\ta@x\t\t\t\t\n4\n" };
	struct about a;

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		about_read(&a, damaged[i]);
		assert_true(a.all);
	}
	about_read(&a, "2\ta@x\t\t\t\t\n");
	assert_false(a.all);
	/* A floor of an older version has only those who wait. */
	floor_about("5:1 6:2!", &a);
	assert_true(a.all);
	floor_about(NULL, &a);
	assert_true(a.all);
}

static void a_floor_keeps_who_waits_beside_what_it_is_about(void **state)
{
	const struct floor_wait w[] = { { 5, 1, false, 0 }, { 6, 20, true, 77 }, { 7, 3, false, 78 } };
	struct floor_wait got[FLOOR_WAITS];
	struct about a, b;
	struct buf text;

	(void)state;
	buf_init(&text, FLOOR_BYTES);
	about_nothing(&a);
	about_node(&a, &(struct node){ .id = "n1" });
	assert_non_null(floor_text(&text, w, 3, &a));
	assert_string_equal(buf_str(&text), "5:1 6:20!@77 7:3@78\n0\t\t\tn1\t\t\n");
	assert_int_equal(floor_waits(buf_str(&text), got), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got[i].id, w[i].id);
		assert_int_equal(got[i].n, w[i].n);
		assert_int_equal(got[i].bare, w[i].bare);
		assert_int_equal(got[i].number, w[i].number);
	}
	floor_about(buf_str(&text), &b);
	assert_true(about_covers(&a, &b) && about_covers(&b, &a));
	assert_non_null(floor_text(&text, w, 0, &a));
	assert_int_equal(floor_waits(buf_str(&text), got), 0);
	floor_about(buf_str(&text), &b);
	assert_false(b.all);
	about_everything(&a);
	assert_null(floor_text(&text, w, 0, &a));
	buf_fini(&text);
}

/* ---- rules and a thing ---- */

struct answered {
	struct policy *policy;		/* holds the texts */
	struct answer a;
	const char *name[16];
	struct limit limit[POLICY_LIMITS];
};

static void ask(const struct world *w, size_t without, struct answered *out)
{
	struct policy *p = policy_new();
	struct err e = ERR_INIT;

	assert_non_null(p);
	for (size_t i = 0; i < w->n; i++)
		if (i != without && policy_add(p, &w->rule[i], &e) != 0)
			fail_msg("%s", e.text);
	memset(out, 0, sizeof(*out));
	out->policy = p;
	policy_decide(p, &w->q, &(struct answer_space){ .n_names = 16, .n_limits = POLICY_LIMITS,
		.names = out->name, .limits = out->limit }, &out->a);
}

static bool same_limit(const struct limit *a, const struct limit *b)
{
	return a->rule == b->rule && a->rate_n == b->rate_n && a->rate_ms == b->rate_ms &&
	       a->span.has_min == b->span.has_min && a->span.has_max == b->span.has_max &&
	       (!a->span.has_min || a->span.min == b->span.min) &&
	       (!a->span.has_max || a->span.max == b->span.max);
}

/* Is it another answer, in whatever a thing keeps of it? */
static bool differs(const struct answered *x, const struct answered *y)
{
	const struct answer *a = &x->a, *b = &y->a;

	if (a->verdict != b->verdict || a->touch != b->touch || a->types != b->types ||
	    a->n_names != b->n_names || a->n_limits != b->n_limits || a->lease_ms != b->lease_ms ||
	    a->edge_ms != b->edge_ms)
		return true;
	for (size_t i = 0; i < a->n_names; i++)
		if (!str_case_eq(a->names[i], b->names[i]))
			return true;
	for (size_t i = 0; i < a->n_limits; i++)
		if (!same_limit(&a->limits[i], &b->limits[i]))
			return true;
	return false;
}

/* As recall.c does it; every giver of the question counts as a co-owner. */
static void about_change(const struct world *w, size_t i, struct about *out)
{
	const struct rule *r = &w->rule[i];
	const struct node inside = { r->target.node, r->target.source, r->target.partition };
	const struct subject *s = &r->subject;
	bool moves = false;

	for (size_t k = 0; k < w->q.n_givers; k++)
		moves = moves || s->kind > SUBJECT_DOMAIN ||
		    (s->kind == SUBJECT_JID && strcmp(s->text, w->q.givers[k]) == 0) ||
		    (s->kind == SUBJECT_DOMAIN && jid_text_in_domain(w->q.givers[k], s->text));
	about_nothing(out);
	about_rule(out, r, &inside, moves);
}

static void key_of(const struct question *q, struct buf *key)
{
	struct node node = { q->node, q->source, q->partition };
	const char *name[8];
	struct decision_question d = { .action = (enum decision_action)q->action,
		.jid = q->asker, .types = q->action == ACTION_READ ? FIELD_ALL : 0,
		.names = { q->n_names, name } };

	for (size_t i = 0; i < q->n_names; i++)
		name[i] = q->names[i];
	if (q->node != NULL)
		d.nodes = (struct node_list){ 1, &node };
	assert_int_equal(decisions_key(key, &d), 0);
}

/* Kept with revision 5, then a clearCache with floor 6: is it asked anew? */
static bool is_void(struct decisions *d, const struct question *q, const struct about *a)
{
	const struct decision what = { .allowed = true, .has_lease = true, .revision = 5,
		.lease_ms = 60000 };
	struct err e = ERR_INIT;
	struct decision found;
	struct pool pool;
	struct buf key;
	bool there;

	pool_init(&pool, 1 << 16);
	buf_init(&key, DECISIONS_KEY);
	key_of(q, &key);
	assert_true(decisions_keep(d, buf_str(&key), &what, clock_boot(d->clock)));
	assert_int_equal(decisions_clear(d, 6, a->one, a->n, &e), 0);
	there = decisions_find(d, buf_str(&key), &pool, &found);
	buf_fini(&key);
	pool_fini(&pool);
	return !there;
}

static void row_D9__whatever_answer_changes_is_void_at_the_thing(void **state)
{
	struct clock_fake hands = { .wall = NOW, .boot = 1000 };
	struct clock clock = clock_from_fake(&hands);
	size_t changed = 0, same = 0, spared = 0;
	struct world w;

	(void)state;
	world_seed(unit_random_start().state);
	for (size_t n = 0; n < rounds(30000); n++) {
		struct answered before, after;
		struct decisions d;
		struct err e = ERR_INIT;
		struct about a;
		bool gone, other;
		size_t i;

		world_make(&w);
		if (w.n == 0 || w.q.action > ACTION_CONTROL)
			continue;
		i = world_roll((unsigned)w.n);
		ask(&w, w.n, &before);
		ask(&w, i, &after);
		other = differs(&before, &after);
		policy_free(&before.policy);
		policy_free(&after.policy);
		about_change(&w, i, &a);
		assert_int_equal(decisions_open(&d, &clock, NULL, &e), 0);
		gone = is_void(&d, &w.q, &a);
		decisions_close(&d);
		if (other && !gone) {
			world_show(&w);
			fail_msg("rule %zu changes the answer, and it stays", i + 1);
		}
		changed += other;
		same += !other;
		spared += !gone;
	}
	assert_true(changed > 100);
	/* Most of what did not change is left alone. */
	assert_true(2 * spared > same);
}

/* ---- a thing reads what is said ---- */

static bool node_is_void(const struct node *kept, const struct node *about)
{
	struct clock_fake hands = { .wall = NOW, .boot = 1000 };
	struct clock clock = clock_from_fake(&hands);
	struct question q = { .action = ACTION_READ, .asker = "a@x.ex", .node = kept->id,
		.source = kept->source, .partition = kept->partition };
	struct decisions d;
	struct err e = ERR_INIT;
	struct about a;
	bool gone;

	about_nothing(&a);
	about_node(&a, about);
	assert_int_equal(decisions_open(&d, &clock, NULL, &e), 0);
	gone = is_void(&d, &q, &a);
	decisions_close(&d);
	return gone;
}

static void a_part_of_a_node_that_is_left_out_may_be_any(void **state)
{
	static const struct node id = { "m1", NULL, NULL }, whole = { "m1", "s", "p" },
		other = { "m1", "t", "p" }, another = { "m2", "s", "p" }, longer = { "m11", "s", "p" };

	(void)state;
	assert_true(node_is_void(&id, &whole));		/* it asked about all of that id */
	assert_true(node_is_void(&whole, &id));
	assert_true(node_is_void(&whole, &whole));
	assert_false(node_is_void(&other, &whole));
	assert_false(node_is_void(&another, &whole));
	assert_false(node_is_void(&longer, &id));
	assert_false(node_is_void(&id, &another));
}

static void a_name_that_is_no_plain_ascii_may_be_any(void **state)
{
	struct clock_fake hands = { .wall = NOW, .boot = 1000 };
	struct clock clock = clock_from_fake(&hands);
	const char *name[] = { "stra\303\237e" };	/* for a rule it is "STRASSE" */
	struct question q = { .action = ACTION_READ, .asker = "a@x.ex", .names = name,
		.n_names = 1 };
	struct about a = { .n = 1 };
	struct decisions d;
	struct err e = ERR_INIT;

	(void)state;
	a.one[0] = (struct clear_about){ .name = "strasse" };
	assert_int_equal(decisions_open(&d, &clock, NULL, &e), 0);
	assert_true(is_void(&d, &q, &a));
	decisions_close(&d);
	name[0] = "street";
	assert_int_equal(decisions_open(&d, &clock, NULL, &e), 0);
	assert_false(is_void(&d, &q, &a));
	assert_int_equal(decisions_heard(&d), 6);	/* and its registry hears of it */
	decisions_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_D9__a_rule_is_about_who_what_which_and_where),
		cmocka_unit_test(what_a_thing_may_see_otherwise_narrows_nothing),
		cmocka_unit_test(a_rule_that_makes_a_co_owner_is_about_all_at_that_node),
		cmocka_unit_test(row_D9__what_is_joined_only_widens),
		cmocka_unit_test(too_many_lose_names_then_nodes_then_actions),
		cmocka_unit_test(what_cannot_be_read_is_everything),
		cmocka_unit_test(a_floor_keeps_who_waits_beside_what_it_is_about),
		cmocka_unit_test(row_D9__whatever_answer_changes_is_void_at_the_thing),
		cmocka_unit_test(a_part_of_a_node_that_is_left_out_may_be_any),
		cmocka_unit_test(a_name_that_is_no_plain_ascii_may_be_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
