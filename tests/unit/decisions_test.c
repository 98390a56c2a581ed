/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions: the cache gives exactly what an oracle without a cache would,
 * for as long as the lease runs and not a moment longer, across clears,
 * late answers, reboots and clocks that went wrong.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include "thing/decisions.h"

#include "tests/unit/unit.h"

#define MINUTE (60 * 1000LL)

struct fixture {
	void *dir;
	struct clock_fake fake;
	struct clock clock;
	struct decisions d;
	struct pool pool;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	if (!f || folder_setup(&f->dir) < 0)
		return -1;
	f->fake = (struct clock_fake){ .wall = 1800000000000LL, .boot = 5 * MINUTE };
	f->clock = clock_from_fake(&f->fake);
	pool_init(&f->pool, 1 << 20);
	*state = f;
	return decisions_open(&f->d, &f->clock, f->dir, &e);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	decisions_close(&f->d);
	pool_fini(&f->pool);
	folder_teardown(&f->dir);
	free(f);
	return 0;
}

static void pass(struct fixture *f, int64_t ms)
{
	f->fake.wall += ms;
	f->fake.boot += ms;
}

/* Save, close, open; `boot` says whether the machine was restarted. */
static void restart(struct fixture *f, bool boot)
{
	struct err e = ERR_INIT;

	assert_int_equal(decisions_save(&f->d, &e), 0);
	decisions_close(&f->d);
	if (boot) {
		char *text = get_file(f->dir, "decisions"), *id = strstr(text, "\nboot ");

		/* The file now speaks of a boot that is not this one. */
		id[6] = id[6] == 'f' ? '0' : 'f';
		put_file(f->dir, "decisions", text, 0600);
		free(text);
		f->fake.boot = 1000;
	}
	assert_int_equal(decisions_open(&f->d, &f->clock, f->dir, &e), 0);
}

/* Saved, switched off for a while, booted. */
static void off_for(struct fixture *f, int64_t ms)
{
	struct err e = ERR_INIT;
	int64_t wall = f->fake.wall;

	restart(f, true);		/* the file says another boot from here on */
	decisions_close(&f->d);
	f->fake.wall = wall + ms;
	assert_int_equal(decisions_open(&f->d, &f->clock, f->dir, &e), 0);
}

static const struct decision_question bob_reads = {
	.action = DECIDE_READ, .jid = "bob@b.example", .types = FIELD_MOMENTARY,
};

static const char *key_of(struct fixture *f, const struct decision_question *q)
{
	struct buf b;
	const char *key;

	buf_init(&b, DECISIONS_KEY);
	assert_int_equal(decisions_key(&b, q), 0);
	key = pool_strdup(&f->pool, buf_str(&b));
	buf_fini(&b);
	return key;
}

static struct decision leased(bool allowed, uint64_t revision, int64_t lease_ms)
{
	return (struct decision){ .allowed = allowed, .types = FIELD_MOMENTARY,
		.has_lease = true, .revision = revision, .lease_ms = lease_ms };
}

static bool keep(struct fixture *f, struct decision d)
{
	return decisions_keep(&f->d, key_of(f, &bob_reads), &d, f->fake.boot);
}

static bool knows(struct fixture *f)
{
	struct decision d;

	return decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &d);
}

/* ---- lease -------------------------------------------------------------- */

static void an_answer_counts_until_its_lease_ends(void **state)
{
	struct fixture *f = *state;

	assert_true(keep(f, leased(true, 7, 15 * MINUTE)));
	pass(f, 15 * MINUTE - 1);
	assert_true(knows(f));
	pass(f, 1);
	assert_false(knows(f));
}

static void a_lease_counts_from_when_the_question_was_written(void **state)
{
	struct fixture *f = *state;
	struct decision d = leased(true, 7, 1000);
	int64_t asked = f->fake.boot;

	pass(f, 600);
	assert_true(decisions_keep(&f->d, key_of(f, &bob_reads), &d, asked));
	pass(f, 399);
	assert_true(knows(f));
	pass(f, 1);
	assert_false(knows(f));
}

static void a_step_of_the_wall_clock_changes_no_lease(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, MINUTE));
	f->fake.wall -= 365 * 24 * 60 * MINUTE;
	pass(f, MINUTE);
	assert_false(knows(f));
}

static void a_lease_of_nothing_is_not_kept(void **state)
{
	struct fixture *f = *state;

	assert_true(keep(f, leased(true, 7, 0)));
	assert_false(knows(f));
}

static void an_allow_without_a_lease_ends_after_five_minutes(void **state)
{
	struct fixture *f = *state;

	keep(f, (struct decision){ .allowed = true });
	pass(f, 5 * MINUTE - 1);
	assert_true(knows(f));
	pass(f, 1);
	assert_false(knows(f));
}

static void a_lease_longer_than_a_day_is_cut(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, INT64_MAX / 4));
	pass(f, DECISIONS_LEASE_MAX_MS);
	assert_false(knows(f));
}

/* ---- floor -------------------------------------------------------------- */

static void att_P_05__an_answer_below_the_floor_is_not_used(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	assert_int_equal(decisions_clear(&f->d, 100, NULL, 0, &e), 0);
	assert_false(keep(f, leased(true, 99, MINUTE)));
	assert_false(knows(f));
	assert_true(keep(f, leased(true, 100, MINUTE)));
	assert_true(knows(f));
}

static void att_P_05__without_revisions_an_answer_asked_before_the_clear_is_not_used(void **state)
{
	struct fixture *f = *state;
	struct decision d = { .allowed = true };
	struct err e = ERR_INIT;
	int64_t asked = f->fake.boot;

	pass(f, 10);
	assert_int_equal(decisions_clear(&f->d, 0, NULL, 0, &e), 0);
	pass(f, 10);
	assert_false(decisions_keep(&f->d, key_of(f, &bob_reads), &d, asked));
	assert_false(knows(f));
	assert_true(decisions_keep(&f->d, key_of(f, &bob_reads), &d, f->fake.boot));
}

static void att_P_02__a_clear_drops_what_is_older_and_keeps_the_rest(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	keep(f, leased(true, 50, MINUTE));
	assert_int_equal(decisions_clear(&f->d, 50, NULL, 0, &e), 0);
	assert_true(knows(f));
	assert_int_equal(decisions_clear(&f->d, 51, NULL, 0, &e), 0);
	assert_false(knows(f));
}

static void a_clear_without_a_floor_drops_all(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	keep(f, leased(true, 50, MINUTE));
	assert_int_equal(decisions_clear(&f->d, 0, NULL, 0, &e), 0);
	assert_false(knows(f));
}

static void a_floor_never_falls(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	assert_int_equal(decisions_clear(&f->d, 100, NULL, 0, &e), 0);
	assert_int_equal(decisions_clear(&f->d, 20, NULL, 0, &e), 0);
	assert_false(keep(f, leased(true, 99, MINUTE)));
	restart(f, true);
	assert_false(keep(f, leased(true, 99, MINUTE)));
}

static void att_P_04__a_clear_is_on_disk_when_it_returns(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	keep(f, leased(true, 50, MINUTE));
	assert_int_equal(decisions_save(&f->d, &e), 0);
	assert_int_equal(decisions_clear(&f->d, 51, NULL, 0, &e), 0);
	/* Power cut: nothing is saved on the way out. */
	decisions_close(&f->d);
	assert_int_equal(decisions_open(&f->d, &f->clock, f->dir, &e), 0);
	assert_false(knows(f));
	assert_false(keep(f, leased(true, 50, MINUTE)));
}

static void an_overtaken_answer_does_not_replace_a_newer_one(void **state)
{
	struct fixture *f = *state;
	struct decision d;

	assert_true(keep(f, leased(false, 60, MINUTE)));
	assert_false(keep(f, leased(true, 59, MINUTE)));
	assert_true(decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &d));
	assert_false(d.allowed);
}

static void unfriend_forgets_one_asker_only(void **state)
{
	struct fixture *f = *state;
	struct decision_question eve = bob_reads;
	struct decision d = leased(true, 7, MINUTE);

	eve.jid = "bob@b.example.org";
	keep(f, d);
	assert_true(decisions_keep(&f->d, key_of(f, &eve), &d, f->fake.boot));
	decisions_forget(&f->d, "bob@b.example");
	assert_false(knows(f));
	assert_true(decisions_find(&f->d, key_of(f, &eve), &f->pool, &d));
}

/* ---- restart ------------------------------------------------------------ */

static void a_restart_of_the_program_asks_nothing_again(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, 15 * MINUTE));
	restart(f, false);
	pass(f, 15 * MINUTE - 1);
	assert_true(knows(f));
	pass(f, 1);
	assert_false(knows(f));
}

static void a_reboot_with_a_good_clock_asks_nothing_again(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, 15 * MINUTE));
	f->fake.wall += 5 * MINUTE;
	restart(f, true);
	assert_true(knows(f));
	pass(f, 10 * MINUTE);
	assert_false(knows(f));
}

static void after_a_reboot_with_a_clock_behind_the_file_every_lease_is_spent(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	keep(f, leased(true, 7, 15 * MINUTE));
	assert_int_equal(decisions_save(&f->d, &e), 0);
	f->fake.wall -= 1;
	restart(f, true);
	assert_false(knows(f));
}

/* Not even when what seems to be left of it is short. */
static void a_clock_behind_the_file_lengthens_no_lease(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, 15 * MINUTE));
	pass(f, 10 * MINUTE);
	f->d.dirty = true;
	assert_int_equal(decisions_save(&f->d, NULL), 0);
	f->fake.wall -= 4 * MINUTE;
	restart(f, true);
	assert_false(knows(f));
}

static void a_boot_clock_that_ran_backwards_in_the_file_is_not_believed(void **state)
{
	struct fixture *f = *state;

	keep(f, leased(true, 7, MINUTE));
	f->fake.boot -= 2 * MINUTE;	/* same boot id, impossible clock */
	restart(f, false);
	assert_false(knows(f));
}

static void a_damaged_file_is_said_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	char *text;

	keep(f, leased(true, 7, MINUTE));
	restart(f, false);
	text = get_file(f->dir, "decisions");
	text[strlen(text) - 2] = '\0';
	decisions_close(&f->d);
	put_file(f->dir, "decisions", text, 0600);
	free(text);
	assert_int_equal(decisions_open(&f->d, &f->clock, f->dir, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_false(knows(f));
	assert_true(keep(f, leased(true, 7, MINUTE)));
}

/* ---- keys --------------------------------------------------------------- */

static void att_P_06__order_and_repeats_do_not_change_a_question(void **state)
{
	struct fixture *f = *state;
	const char *ab[] = { "A", "B" }, *bab[] = { "B", "A", "B" };
	struct decision_question x = bob_reads, y = bob_reads;

	x.names = x.tokens.user = (struct name_list){ 2, ab };
	y.names = y.tokens.user = (struct name_list){ 3, bab };
	assert_string_equal(key_of(f, &x), key_of(f, &y));
}

static void att_P_06__whatever_differs_is_another_question(void **state)
{
	struct fixture *f = *state;
	const char *one[] = { "a,b" }, *two[] = { "a", "b" }, *pct[] = { "a%2cb" }, *til[] = { "~" };
	struct node n[] = { { "x", NULL, NULL }, { "x", "", NULL }, { NULL, "x", NULL },
		{ "x:~", NULL, NULL }, { "~", NULL, NULL } };
	struct decision_question q[16];
	const char *key[16];
	size_t k = 0;

	for (size_t i = 0; i < 16; i++)
		q[i] = bob_reads;
	q[k++].action = DECIDE_CONTROL;
	q[k++].action = DECIDE_FRIEND;
	q[k++].jid = "bob@b.example|t1";
	q[k++].types = FIELD_MOMENTARY | FIELD_PEAK;
	q[k++].names = (struct name_list){ 1, one };
	q[k++].names = (struct name_list){ 2, two };
	q[k++].names = (struct name_list){ 1, pct };
	q[k++].names = (struct name_list){ 1, til };
	q[k++].tokens.service = (struct name_list){ 1, til };
	q[k++].tokens.device = (struct name_list){ 1, til };
	for (size_t i = 0; i < 5; i++)
		q[k++].nodes = (struct node_list){ 1, &n[i] };
	k++;	/* the plain question itself */
	assert_int_equal(k, 16);
	for (size_t i = 0; i < k; i++) {
		key[i] = key_of(f, &q[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(key[i], key[j]);
	}
}

static void what_a_partial_grant_lists_comes_back_unchanged(void **state)
{
	struct fixture *f = *state;
	const char *names[] = { "a,b", "", "\n\"%|", "temperature" };
	struct node nodes[] = { { "n1", NULL, "" }, { "", "s,:~", NULL } };
	struct decision d = leased(true, 7, MINUTE), got;

	d.names = (struct name_list){ 4, names };
	d.nodes = (struct node_list){ 2, nodes };
	keep(f, d);
	restart(f, false);
	assert_true(decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &got));
	assert_int_equal(got.names.n, 4);
	assert_int_equal(got.nodes.n, 2);
	for (size_t i = 0, hits = 0; i < 4; i++) {
		for (size_t j = 0; j < 4; j++)
			hits += strcmp(names[i], got.names.name[j]) == 0;
		assert_int_equal(hits, i + 1);
	}
	for (size_t i = 0; i < 2; i++)
		assert_true((got.nodes.node[i].source == NULL) == (strcmp(got.nodes.node[i].id, "n1") == 0));
}

/* ---- the property ------------------------------------------------------- */

/* The rules the oracle knows: a verdict for every (asker, names) pair, made
 * anew at each revision.  It has no cache and is never wrong. */
static bool oracle(uint64_t revision, unsigned asker, unsigned names, bool control)
{
	uint64_t h = revision * 0x9e3779b97f4a7c15ULL + asker * 131u + names * 7u + control;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ULL;
	return (h >> 33) & 1;
}

/* ---- limits ------------------------------------------------------------- */

static const struct limit some_limits[] = {
	{ .span = { .name = "dim light", .has_min = true, .min = -2.5, .has_max = true, .max = 1e300,
	    .max_out = true }, .rule = 3, .rate_n = 5, .rate_ms = 60 * MINUTE },
	{ .span = { .text = "eco, or: not~" }, .rule = 4 },
	{ .span = { .name = "x" } },
};

static void assert_same_limits(const struct limit *a, const struct limit *b)
{
	assert_true((a->span.name == NULL) == (b->span.name == NULL));
	assert_true((a->span.text == NULL) == (b->span.text == NULL));
	if (a->span.name)
		assert_string_equal(a->span.name, b->span.name);
	if (a->span.text)
		assert_string_equal(a->span.text, b->span.text);
	assert_true(a->span.has_min == b->span.has_min && a->span.has_max == b->span.has_max);
	assert_true(a->span.min_out == b->span.min_out && a->span.max_out == b->span.max_out);
	assert_true(a->span.min == b->span.min && a->span.max == b->span.max);
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->rate_n, b->rate_n);
	assert_int_equal(a->rate_ms, b->rate_ms);
}

static void what_is_allowed_within_limits_comes_back_with_them(void **state)
{
	struct fixture *f = *state;
	struct decision d = leased(true, 7, 15 * MINUTE), got;

	d.n_limits = 3;
	d.limit = some_limits;
	assert_true(keep(f, d));
	for (int round = 0; round < 3; round++) {
		assert_true(decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &got));
		assert_int_equal(got.n_limits, 3);
		for (size_t i = 0; i < 3; i++)
			assert_same_limits(&got.limit[i], &some_limits[i]);
		restart(f, round == 1);
	}
}

static void why_not_comes_back_and_the_wait_grows_shorter(void **state)
{
	struct fixture *f = *state;
	struct decision d = leased(false, 7, 15 * MINUTE), got;

	d.why = (struct denied){ "time", 10 * MINUTE, "owner@home.example" };
	assert_true(keep(f, d));
	pass(f, 4 * MINUTE);
	restart(f, false);
	assert_true(decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &got));
	assert_string_equal(got.why.reason, "time");
	assert_string_equal(got.why.ask_whom, "owner@home.example");
	assert_int_equal(got.why.retry_after_ms, 6 * MINUTE);
	pass(f, 7 * MINUTE);
	assert_true(decisions_find(&f->d, key_of(f, &bob_reads), &f->pool, &got));
	assert_int_equal(got.why.retry_after_ms, 0);
}

/* Without "at", limits, reasons and uses. */
static void a_file_from_before_there_were_limits_still_loads(void **state)
{
	struct fixture *f = *state;
	char *text, *line;

	keep(f, leased(true, 7, 15 * MINUTE));
	assert_int_equal(decisions_save(&f->d, NULL), 0);
	text = get_file(f->dir, "decisions");
	line = strstr(text, "\nat ");
	assert_non_null(line);
	memmove(line, strchr(line + 1, '\n'), strlen(strchr(line + 1, '\n')) + 1);
	assert_null(strstr(text, " l="));
	put_file(f->dir, "decisions", text, 0600);
	free(text);
	decisions_close(&f->d);
	assert_int_equal(decisions_open(&f->d, &f->clock, f->dir, NULL), 0);
	assert_true(knows(f));
}

static const struct limit twice_an_hour = { .rule = 3, .rate_n = 2, .rate_ms = 60 * MINUTE };

static int64_t wait_of(struct fixture *f)
{
	return usage_wait(&f->d.usage, bob_reads.jid, &twice_an_hour, f->fake.boot);
}

static void a_use_is_on_disk_before_it_happens(void **state)
{
	struct fixture *f = *state;
	struct decisions other;

	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	/* Killed here. */
	assert_int_equal(decisions_open(&other, &f->clock, f->dir, NULL), 0);
	assert_int_equal(usage_wait(&other.usage, bob_reads.jid, &twice_an_hour, f->fake.boot),
	    60 * MINUTE);
	decisions_close(&other);
}

static void a_reboot_gives_back_only_the_time_that_passed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	pass(f, 10 * MINUTE);
	f->d.dirty = true;
	restart(f, false);
	assert_int_equal(wait_of(f), 50 * MINUTE);
	f->d.dirty = true;
	off_for(f, 20 * MINUTE);
	assert_int_equal(wait_of(f), 30 * MINUTE);
}

static void a_reboot_with_a_clock_set_back_gives_nothing_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	assert_int_equal(decisions_use(&f->d, bob_reads.jid, &twice_an_hour, NULL), 0);
	f->fake.wall -= 24 * 60 * MINUTE;
	restart(f, true);
	assert_int_equal(wait_of(f), 60 * MINUTE);
}

static void make_question(struct decision_question *q, unsigned asker, unsigned names, bool control,
    const char **list)
{
	static const char *const askers[] = { "a@x", "b@x", "a@y", "a@x.y" };
	static const char *const all[] = { "p", "q", "p,q" };

	memset(q, 0, sizeof(*q));
	q->action = control ? DECIDE_CONTROL : DECIDE_READ;
	q->jid = askers[asker];
	q->names.name = list;
	for (unsigned i = 0; i < 3; i++)
		if (names & (1u << i))
			list[q->names.n++] = all[i];
}

static void att_P_06__the_cache_equals_an_oracle_without_one(void **state)
{
	struct fixture *f = *state;
	struct decision_question q;
	struct decision d;
	struct err e = ERR_INIT;
	const char *list[3], *key;
	uint64_t revision = 1, seed = 42;
	unsigned hits = 0;

	for (unsigned i = 0; i < 40000; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		unsigned r = (unsigned)(seed >> 33), asker = r & 3, names = (r >> 2) & 7;
		bool control = (r >> 5) & 1, want = oracle(revision, asker, names, control);

		pool_reset(&f->pool);
		pass(f, (r >> 6) & 0xff);
		if (((r >> 14) & 0x1ff) == 0) {	/* the rules change, and we are told */
			revision++;
			assert_int_equal(decisions_clear(&f->d, revision, NULL, 0, &e), 0);
			continue;
		}
		make_question(&q, asker, names, control, list);
		key = key_of(f, &q);
		if (decisions_find(&f->d, key, &f->pool, &d)) {
			hits++;
			assert_int_equal(d.allowed, want);
			assert_int_equal(d.revision, revision);
			continue;
		}
		d = leased(want, revision, 1000 + ((r >> 8) & 0xffff));
		/* Now and then an answer from before the change arrives late. */
		if (((r >> 14) & 7) == 1 && revision > 1) {
			d.allowed = oracle(revision - 1, asker, names, control);
			d.revision = revision - 1;
			assert_false(decisions_keep(&f->d, key, &d, f->fake.boot));
		} else {
			assert_true(decisions_keep(&f->d, key, &d, f->fake.boot));
		}
	}
	assert_true(hits > 10000);
}

/* ---- the whole question ------------------------------------------------- */

#define OF_EACH 3

/* Which of a few names, nodes and tokens; whatever else a question has. */
struct asked {
	unsigned asker, types, names, nodes, service, device, user;
	bool control;
};

struct room {
	const char *names[2 * OF_EACH], *tokens[3][2 * OF_EACH];
	struct node nodes[2 * OF_EACH];
};

static unsigned below(struct unit_random *rnd, unsigned n)
{
	return (unsigned)unit_random_below(rnd, n);
}

/* Those of `mask` in some order, some of them twice. */
static size_t pick(struct unit_random *rnd, unsigned mask, size_t order[2 * OF_EACH])
{
	size_t n = 0;

	for (size_t i = 0; i < OF_EACH; i++)
		for (size_t k = 0; (mask & 1u << i) && k < 1 + below(rnd, 2); k++)
			order[n++] = i;
	for (size_t i = n; i > 1; i--) {
		size_t k = below(rnd, (unsigned)i), was = order[i - 1];

		order[i - 1] = order[k];
		order[k] = was;
	}
	return n;
}

static struct name_list list_of(struct unit_random *rnd, unsigned mask, const char **room)
{
	static const char *const all[OF_EACH] = { "a", "a,b", "b|n" };
	size_t order[2 * OF_EACH], n = pick(rnd, mask, order);

	for (size_t i = 0; i < n; i++)
		room[i] = all[order[i]];
	return (struct name_list){ n, room };
}

static struct decision_question question_as(struct unit_random *rnd, const struct asked *a,
    struct room *r)
{
	static const char *const askers[] = { "a@x", "a@x|t1" };
	static const struct node nodes[OF_EACH] = { { "n", NULL, NULL }, { "n", "s", NULL },
		{ "n:s", NULL, NULL } };
	size_t order[2 * OF_EACH], n = pick(rnd, a->nodes, order);

	for (size_t i = 0; i < n; i++)
		r->nodes[i] = nodes[order[i]];
	return (struct decision_question){ .action = a->control ? DECIDE_CONTROL : DECIDE_READ,
		.jid = askers[a->asker], .types = a->types, .nodes = { n, r->nodes },
		.names = list_of(rnd, a->names, r->names),
		.tokens = { list_of(rnd, a->service, r->tokens[0]),
		    list_of(rnd, a->device, r->tokens[1]), list_of(rnd, a->user, r->tokens[2]) } };
}

/* What a service would say: something else for every question, so that one that
 * is taken for another is noticed. */
static int64_t answer_to(const struct asked *a)
{
	unsigned parts[] = { a->control, a->asker, a->types, a->names, a->nodes, a->service,
		a->device, a->user };
	int64_t number = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		number = number * 64 + parts[i];
	return number;
}

static void att_P_06__the_whole_question_is_the_key(void **state)
{
	struct fixture *f = *state;
	struct unit_random rnd = unit_random_start();
	unsigned hits = 0;

	for (unsigned i = 0; i < 50000; i++) {
		struct asked a = { below(&rnd, 2), below(&rnd, 2) * 3, below(&rnd, 4), below(&rnd, 4),
			below(&rnd, 4), below(&rnd, 2), below(&rnd, 2), below(&rnd, 2) };
		struct limit l = { .rule = answer_to(&a) };
		struct decision d = leased(true, 1, MINUTE), got;
		struct room room;
		struct decision_question q = question_as(&rnd, &a, &room);
		const char *key;

		pool_reset(&f->pool);
		key = key_of(f, &q);
		d.n_limits = 1;
		d.limit = &l;
		d.types = a.types;
		if (!decisions_find(&f->d, key, &f->pool, &got)) {
			assert_true(decisions_keep(&f->d, key, &d, f->fake.boot));
			continue;
		}
		hits++;
		assert_int_equal(got.n_limits, 1);
		assert_int_equal(got.limit[0].rule, l.rule);
		assert_int_equal(got.types, a.types);
	}
	assert_true(hits > 5000);
}

static void a_full_cache_drops_what_ends_first(void **state)
{
	struct fixture *f = *state;
	struct decision d = leased(true, 7, MINUTE), got;
	char key[64];

	for (int i = 0; i < DECISIONS_MAX + 10; i++) {
		snprintf(key, sizeof(key), "read|k%d|", i);
		d.lease_ms = MINUTE + i;
		assert_true(decisions_keep(&f->d, key, &d, f->fake.boot));
	}
	assert_int_equal(f->d.n, DECISIONS_MAX);
	assert_false(decisions_find(&f->d, "read|k0|", &f->pool, &got));
	assert_false(decisions_find(&f->d, "read|k9|", &f->pool, &got));
	assert_true(decisions_find(&f->d, "read|k10|", &f->pool, &got));
	assert_true(decisions_find(&f->d, key, &f->pool, &got));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_counts_until_its_lease_ends),
		T(a_lease_counts_from_when_the_question_was_written),
		T(a_step_of_the_wall_clock_changes_no_lease),
		T(a_lease_of_nothing_is_not_kept),
		T(an_allow_without_a_lease_ends_after_five_minutes),
		T(a_lease_longer_than_a_day_is_cut),
		T(att_P_05__an_answer_below_the_floor_is_not_used),
		T(att_P_05__without_revisions_an_answer_asked_before_the_clear_is_not_used),
		T(att_P_02__a_clear_drops_what_is_older_and_keeps_the_rest),
		T(a_clear_without_a_floor_drops_all),
		T(a_floor_never_falls),
		T(att_P_04__a_clear_is_on_disk_when_it_returns),
		T(an_overtaken_answer_does_not_replace_a_newer_one),
		T(unfriend_forgets_one_asker_only),
		T(a_restart_of_the_program_asks_nothing_again),
		T(a_reboot_with_a_good_clock_asks_nothing_again),
		T(after_a_reboot_with_a_clock_behind_the_file_every_lease_is_spent),
		T(a_clock_behind_the_file_lengthens_no_lease),
		T(a_boot_clock_that_ran_backwards_in_the_file_is_not_believed),
		T(a_damaged_file_is_said_and_leaves_nothing),
		T(att_P_06__order_and_repeats_do_not_change_a_question),
		T(att_P_06__whatever_differs_is_another_question),
		T(what_a_partial_grant_lists_comes_back_unchanged),
		T(what_is_allowed_within_limits_comes_back_with_them),
		T(why_not_comes_back_and_the_wait_grows_shorter),
		T(a_file_from_before_there_were_limits_still_loads),
		T(a_use_is_on_disk_before_it_happens),
		T(a_reboot_gives_back_only_the_time_that_passed),
		T(a_reboot_with_a_clock_set_back_gives_nothing_back),
		T(att_P_06__the_cache_equals_an_oracle_without_one),
		T(att_P_06__the_whole_question_is_the_key),
		T(a_full_cache_drops_what_ends_first),
	};

	return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
