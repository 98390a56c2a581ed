/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_test: long answers come in slices that together are the whole list,
 * and each slice is small however many things there are.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/str.h"
#include "common/store/contact.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "kithd/report.h"

#define THINGS 9000

struct rig {
	struct store *store;
	struct clock_fake hands;
	struct clock clock;
	struct secret key;
	struct stats stats;
	struct ownership *ownership;
	struct contacts *contacts;
	struct debts *debts;
	struct site_parts parts;
};

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->store = open_store("sqlite::memory:");
	r->hands.wall = r->hands.boot = 1000000;
	r->clock = clock_from_fake(&r->hands);
	test_key(&r->key, 3);
	MUST(ownership_open(&r->ownership, r->store, &test_err));
	MUST(contacts_open(&r->contacts, r->store, &r->clock, &test_err));
	MUST(debts_open(&r->debts, r->store, &r->clock, &r->key, &test_err));
	MUST(store_begin(r->store, &test_err));
	for (unsigned i = 0; i < THINGS; i++) {
		struct owned t = { .epoch = 1, .listed = true, .since_ms = 5 };
		char jid[32];

		snprintf(jid, sizeof(jid), "thing%u@x", i);
		memcpy(t.id, &i, sizeof(i));
		t.jid = jid;
		t.state = i % 3 == 0 ? OWNED : OWNED_NOBODY;
		t.owner = i % 3 == 0 ? "olga@x" : NULL;
		MUST(ownership_put(r->ownership, &t, &test_err));
	}
	MUST(store_commit(r->store, &test_err));
	r->parts = (struct site_parts){ .store = r->store, .ownership = r->ownership,
		.debts = r->debts, .contacts = r->contacts, .stats = &r->stats,
		.clock = &r->clock };
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	debts_close(&r->debts);
	contacts_close(&r->contacts);
	ownership_close(&r->ownership);
	store_close(&r->store);
	secret_clear(&r->key);
	free(r);
	return 0;
}

struct seen {
	size_t lines, slices, largest;
	char last[64];
};

static void count_lines(struct seen *s, const char *text, const char *prefix)
{
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		size_t n = strlen(prefix);

		if (strncmp(text, prefix, n) != 0)
			fail_msg("a line without '%s': %.60s", prefix, text);
		s->lines++;
	}
}

static struct seen look(const struct rig *r, const char *line)
{
	struct seen s = { 0 };
	void *job = NULL;
	struct buf out;
	bool complete;

	buf_init(&out, 1 << 24);
	do {
		buf_reset(&out);
		complete = report(&r->parts, &job, s.slices++ == 0 ? line : NULL, &out);
		if (out.len > s.largest)
			s.largest = out.len;
		if (!complete)
			count_lines(&s, buf_str(&out), "#=");
	} while (!complete);
	assert_null(job);
	/* What is left of it stands behind "#=" lines and the status. */
	for (char *text = out.data; *text != '\0'; text = strchr(text, '\n') + 1)
		s.lines += str_starts(text, "#=") || s.slices == 1;
	if (out.len >= 2)
		memcpy(s.last, out.data + out.len - 2, 3);
	buf_fini(&out);
	return s;
}

static void a_long_list_comes_in_slices_and_whole(void **state)
{
	const struct rig *r = *state;
	struct seen s = look(r, "things");

	assert_int_equal(s.lines, THINGS);
	assert_true(s.slices > 3);
	assert_true(s.largest < 256 * 1024);
	assert_string_equal(s.last, "0\n");
	s = look(r, "json\tthings");
	assert_int_equal(s.lines, THINGS + 2);
}

static void states_limits_and_offsets_narrow_it(void **state)
{
	const struct rig *r = *state;

	assert_int_equal(look(r, "things\t--state\towned").lines, THINGS / 3);
	assert_int_equal(look(r, "things\t--limit\t5000").lines, 5000);
	assert_int_equal(look(r, "things\t--offset\t8990").lines, 10);
	assert_int_equal(look(r, "things\t--limit\t7\t--offset\t3").lines, 1 + 7);
	assert_int_equal(look(r, "owners").lines, 1);
}

static void a_reader_who_leaves_costs_nothing(void **state)
{
	const struct rig *r = *state;
	void *job = NULL;
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_false(report(&r->parts, &job, "things", &out));
	assert_non_null(job);
	assert_true(report(&r->parts, &job, NULL, NULL));
	assert_null(job);
	buf_fini(&out);
}

static void wrong_options_are_told(void **state)
{
	static const char *const lines[] = {
		"things\t--state\tnonsense", "things\t--limit\t0", "things\t--limit",
		"things\t--nonsense", "audit\t--since\tyesterday", "show", "nonsense",
	};
	const struct rig *r = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		void *job = NULL;
		struct buf out;

		buf_init(&out, 1 << 20);
		assert_true(report(&r->parts, &job, lines[i], &out));
		if (!str_starts(buf_str(&out), "2\n") || out.len < 8)
			fail_msg("'%s' is answered: %s", lines[i], buf_str(&out));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(a_long_list_comes_in_slices_and_whole),
		T(states_limits_and_offsets_narrow_it),
		T(a_reader_who_leaves_costs_nothing),
		T(wrong_options_are_told),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
