/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_memory_test: a whole life on a maker's own memory: all of it comes back,
 * and whichever allocation fails, the thing says so or goes on, and nothing is
 * lost.  Against libkith-loopback: what the client stream takes is not in it.
 */
#include "config.h"

#include "thing/loopback.h"

#include "tests/unit/thing_support.h"

#define OWNER "owner@home.example"
#define BOB "bob@home.example"

/* What a whole thing holds when nothing happens (its state, no stream). */
#define STEADY_MOST ((size_t)36 * 1024)

struct giver {
	size_t calls, live, bytes, peak;
	size_t fail_at;		/* the n-th fails; 0: none */
	bool for_good;		/* ... and all after it */
};

union head { size_t size; max_align_t align; };

static void *give(void *arg, void *old, size_t size)
{
	struct giver *g = arg;
	union head *h = old ? (union head *)old - 1 : NULL;
	size_t had = h ? h->size : 0;

	if (size == 0) {
		g->live--;
		g->bytes -= had;
		free(h);
		return NULL;
	}
	g->calls++;
	if (g->fail_at && (g->calls == g->fail_at || (g->for_good && g->calls > g->fail_at)))
		return NULL;
	h = realloc(h, sizeof(*h) + size);
	assert_non_null(h);
	h->size = size;
	g->live += !old;
	g->bytes += size - had;
	g->peak = g->bytes > g->peak ? g->bytes : g->peak;
	return h + 1;
}

static double level = 2.5;

static enum kith_thing_result read_level(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	v->number = level;
	return KITH_THING_OK;
}

static enum kith_thing_result write_lamp(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	*(bool *)arg = v->boolean;
	return KITH_THING_OK;
}

/* Born, claimed, read, set, befriended, talked to, cut off, back, gone.  Whatever
 * fails on the way, it is freed; *steady is what it held in the middle. */
static bool live(struct giver *g, size_t *steady)
{
	static const struct kith_thing_tag tags[] = { { "SN", "1", 0 } };
	struct kith_thing_memory memory = { give, g };
	struct kith_thing_conf conf = { .size = sizeof(conf), .tags = tags, .n_tags = 1,
		.memory = &memory };
	struct kith_thing_field f = { .size = sizeof(f), .name = "level", .unit = "m",
		.type = KITH_THING_NUMERIC, .read = read_level };
	bool lit = false, all = true;
	struct kith_thing_control c = { .size = sizeof(c), .name = "lamp",
		.type = KITH_THING_BOOLEAN, .write = write_lamp, .arg = &lit };
	struct kith_loopback *lb = kith_loopback_new("home.example");
	struct kith_thing *t;
	char why[256] = "";
	void *dir;

	assert_non_null(lb);
	assert_int_equal(folder_setup(&dir), 0);
	conf.state = dir;
	t = kith_loopback_thing(lb, &conf, why, sizeof(why));
	if (!t) {
		assert_true(why[0]);
		kith_loopback_free(&lb);
		folder_teardown(&dir);
		return false;
	}
	all &= kith_thing_add_field(t, &f) == 0 && kith_thing_add_control(t, &c) == 0;
	kith_loopback_allow(lb, BOB, "befriend", NULL);
	kith_loopback_allow(lb, BOB, "read", NULL);
	all &= kith_loopback_claim(lb, t, OWNER) == 0;
	all &= kith_loopback_read(lb, t, OWNER, "level") != NULL;
	all &= kith_loopback_set(lb, t, OWNER, KITH_THING_BOOLEAN, "lamp", "true") == 0;
	all &= lit;
	all &= kith_loopback_befriend(lb, t, BOB) == 0;
	all &= kith_loopback_read(lb, t, BOB, "level") != NULL;
	/* Nobody gets more because there was no memory. */
	assert_int_equal(kith_loopback_set(lb, t, BOB, KITH_THING_BOOLEAN, "lamp", "false"), -1);
	assert_null(kith_loopback_read(lb, t, "eve@home.example", "level"));
	all &= kith_loopback_chat(lb, t, OWNER, "read level")[0] != '\0';
	if (steady)
		*steady = g->bytes;
	kith_loopback_cut(lb, t);
	kith_loopback_advance(lb, t, 200000);
	kith_loopback_disown(lb, t);
	kith_thing_free(&t);
	kith_loopback_free(&lb);
	folder_teardown(&dir);
	return all;
}

static void row_V1__all_memory_comes_from_the_maker_and_goes_back(void **state)
{
	struct giver g = { 0 };
	size_t steady = 0;

	UNUSED(state);
	assert_true(live(&g, &steady));
	assert_true(g.calls > 100);
	assert_int_equal(g.live, 0);
	assert_int_equal(g.bytes, 0);
	print_message("# steady %zu bytes, peak %zu, %zu calls, without the client stream\n",
	    steady, g.peak, g.calls);
	assert_in_range(steady, 1, STEADY_MOST);
}

static size_t calls_of_a_life(void)
{
	struct giver g = { 0 };

	assert_true(live(&g, NULL));
	return g.calls;
}

static void att_T_21__whichever_allocation_fails_nothing_is_lost(void **state)
{
	size_t all = calls_of_a_life(), step = getenv("KITH_LONG") ? 1 : all / 60 + 1;

	UNUSED(state);
	for (size_t n = 1; n <= all; n += step) {
		struct giver g = { .fail_at = n };

		(void)live(&g, NULL);
		if (g.live != 0)
			fail_msg("allocation %zu failed, %zu were never given back", n, g.live);
	}
}

static void att_T_21__without_memory_from_some_moment_on_it_ends_in_order(void **state)
{
	size_t all = calls_of_a_life(), step = getenv("KITH_LONG") ? 1 : all / 40 + 1;

	UNUSED(state);
	for (size_t n = 1; n <= all; n += step) {
		struct giver g = { .fail_at = n, .for_good = true };

		assert_false(live(&g, NULL) && n < all / 2);
		if (g.live != 0)
			fail_msg("none from %zu on, %zu were never given back", n, g.live);
	}
}

/* Programs that were compiled when the struct was shorter. */
static void row_V1__shorter_structs_are_taken(void **state)
{
	static const size_t sizes[] = { offsetof(struct kith_thing_conf, shows_code),
		offsetof(struct kith_thing_conf, locate), offsetof(struct kith_thing_conf, memory),
		sizeof(struct kith_thing_conf) };
	struct kith_thing_field f = { .size = offsetof(struct kith_thing_field, node),
		.name = "level", .type = KITH_THING_NUMERIC, .read = read_level };

	UNUSED(state);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct kith_thing_conf conf;
		struct kith_thing *t;
		char why[256] = "";
		void *dir;

		assert_int_equal(folder_setup(&dir), 0);
		memset(&conf, 0xa5, sizeof(conf));	/* what lies behind is not ours */
		memset(&conf, 0, sizes[i]);
		conf.size = sizes[i];
		conf.state = dir;
		conf.domain = "home.example";
		conf.server = "127.0.0.1:5222";
		t = kith_thing_new(&conf, why, sizeof(why));
		if (!t)
			fail_msg("%zu bytes: %s", sizes[i], why);
		assert_int_equal(kith_thing_add_field(t, &f), 0);
		kith_thing_free(&t);
		folder_teardown(&dir);
	}
}

static void a_size_of_nothing_is_refused(void **state)
{
	struct kith_thing_conf conf = { .size = 0, .state = "x", .domain = "home.example" };
	char why[256] = "";

	UNUSED(state);
	assert_null(kith_thing_new(&conf, why, sizeof(why)));
	assert_true(why[0]);
}

int main(void)
{
	/* Some hundred state folders, all synced to the disk: not to a slow one. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_V1__all_memory_comes_from_the_maker_and_goes_back),
		cmocka_unit_test(att_T_21__whichever_allocation_fails_nothing_is_lost),
		cmocka_unit_test(att_T_21__without_memory_from_some_moment_on_it_ends_in_order),
		cmocka_unit_test(row_V1__shorter_structs_are_taken),
		cmocka_unit_test(a_size_of_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
