/* SPDX-License-Identifier: Apache-2.0 */
/* ring_test: history of one field on disk.  See thing/ring.h. */
#include "config.h"

#include "thing/ring.h"

#include <math.h>

#include "common/base/mem.h"
#include "common/base/stamp.h"
#include "tests/unit/thing_support.h"
#include "tests/unit/unit.h"

#define T0 1777622400000LL	/* 2026-05-01T08:00:00Z, a Friday */
#define FOREVER INT64_MAX
#define ALL 0x1ffu

/* The next pwrite()s that fail, or stop in the middle and fail after that. */
static int writes_left = -1;
static bool half;

/* Where off_t is wider than a long the C library has another name for it. */
#if defined(__USE_FILE_OFFSET64) && __WORDSIZE == 32
#define __real_pwrite __real_pwrite64
#define __wrap_pwrite __wrap_pwrite64
#endif
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);

ssize_t
__wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (writes_left < 0)
		return __real_pwrite(fd, data, len, at);
	if (writes_left-- > 0)
		return __real_pwrite(fd, data, len, at);
	writes_left = 0;
	if (half && len > 1) {
		half = false;
		return __real_pwrite(fd, data, len / 2, at);
	}
	return -1;
}

static struct ring_conf conf;

static int
setup(void **state)
{
	if (folder_setup(state) < 0)
		return -1;
	conf = (struct ring_conf){ .dir = *state, .owner = "ann@home.example",
		.field = "temperature", .unit = "C", .type = KITH_THING_NUMERIC, .values = 8 };
	writes_left = -1;
	half = false;
	return 0;
}

static int
teardown(void **state)
{
	char folder[4200];
	void *inner = strdup("");

	snprintf(folder, sizeof(folder), "%s/" RING_FOLDER, (char *)*state);
	free(inner);
	inner = strdup(folder);
	(void)folder_teardown(&inner);
	return folder_teardown(state);
}

static const char *
path_of(void)
{
	static char path[4300];

	assert_int_equal(ring_path(path, sizeof(path), conf.dir, &conf.node, conf.field), 0);
	return path;
}

static struct ring *
open_ring(void)
{
	struct err e = ERR_INIT;
	struct ring *r = ring_open(&conf, NULL, &e);

	if (r == NULL)
		fail_msg("%s", e.text);
	return r;
}

static bool
add(struct ring *r, int64_t at_ms, double v)
{
	struct kith_thing_value value = { .number = v, .at_ms = at_ms };
	struct err e = ERR_INIT;

	return ring_add(r, &value, 1000, &e);
}

/* Everything that is there as "21 22.5 23". */
static const char *
all_of_kinds(struct ring *r, int64_t from, int64_t to, unsigned periods, int64_t now)
{
	static char text[8192];
	struct kith_thing_value v;
	struct ring_entry *list;
	struct err e = ERR_INIT;
	size_t n;

	text[0] = '\0';
	assert_int_equal(ring_list(r, from, to, periods, now, &list, &n, &e), 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(ring_get(r, list[i].number, &v));
		assert_true(v.at_ms == list[i].at_ms);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%g", i ? " " : "",
		    v.number);
	}
	mem_free(list);
	return text;
}

static const char *
all(struct ring *r)
{
	return all_of_kinds(r, 0, FOREVER, ALL, T0 + 1000000);
}

static void
what_was_kept_is_there_after_a_restart__issue_5(void **state)
{
	struct ring *r = open_ring();
	struct stat st;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(add(r, T0 + i * 1000, i + 0.5));
	assert_string_equal(all(r), "0.5 1.5 2.5 3.5 4.5");
	ring_close(&r);
	assert_null(r);
	assert_int_equal(stat(path_of(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	r = open_ring();
	assert_string_equal(all(r), "0.5 1.5 2.5 3.5 4.5");
	assert_true(add(r, T0 + 9000, 9));
	assert_string_equal(all(r), "0.5 1.5 2.5 3.5 4.5 9");
	ring_close(&r);
}

static void
the_oldest_is_overwritten_by_the_newest(void **state)
{
	struct ring *r = open_ring();

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(add(r, T0 + i * 1000, i));
	assert_string_equal(all(r), "92 93 94 95 96 97 98 99");
	ring_close(&r);
	r = open_ring();
	assert_string_equal(all(r), "92 93 94 95 96 97 98 99");
	ring_close(&r);
}

static void
values_wait_for_a_while_before_the_flash_is_written(void **state)
{
	struct err e = ERR_INIT;
	struct ring *r, *other;

	(void)state;
	conf.values = 100;
	r = open_ring();
	assert_int_equal(ring_deadline(r), -1);
	for (int i = 0; i < 3; i++)
		assert_true(add(r, T0 + i, i));
	assert_int_equal(ring_deadline(r), 1000 + RING_HOLD_MS);
	other = open_ring();	/* as a power cut would find it */
	assert_string_equal(all(other), "");
	ring_close(&other);
	assert_int_equal(ring_write(r, &e), 0);
	assert_int_equal(ring_deadline(r), -1);
	other = open_ring();
	assert_string_equal(all(other), "0 1 2");
	ring_close(&other);
	for (int i = 3; i < 3 + RING_BATCH + 1; i++)
		assert_true(add(r, T0 + i, i));
	other = open_ring();
	assert_true(strlen(all(other)) > strlen("0 1 2"));	/* a full batch went */
	ring_close(&other);
	ring_close(&r);
}

static void
every_type_keeps_its_values_and_their_quality(void **state)
{
	static const struct { enum kith_thing_type type; struct kith_thing_value v; } cases[] = {
		{ KITH_THING_BOOLEAN, { .boolean = true, .quality = KITH_THING_Q_SIGNED } },
		{ KITH_THING_BOOLEAN, { .boolean = false } },
		{ KITH_THING_NUMERIC, { .number = -1e-300, .quality = 0x3fff } },
		{ KITH_THING_INT, { .number = 4503599627370497.0 } },
		{ KITH_THING_STRING, { .text = "gr\xc3\xbc\xc3\x9f dich" } },
		{ KITH_THING_ENUM, { .text = "" } },
		{ KITH_THING_DATETIME, { .text = "2026-05-01T08:00:00Z" } },
		{ KITH_THING_DATE, { .text = "2026-05-01" } },
		{ KITH_THING_TIME, { .text = "08:00:00" } },
		{ KITH_THING_TIMESPAN, { .text = "PT3M30S" } },
		{ KITH_THING_COLOR, { .text = "ff8000cc" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kith_thing_value v = cases[i].v, got;
		struct ring_entry *list;
		struct err e = ERR_INIT;
		struct ring *r;
		size_t n;

		conf.type = cases[i].type;
		v.at_ms = T0;
		r = open_ring();
		assert_true(ring_add(r, &v, 0, &e));
		ring_close(&r);
		r = open_ring();
		assert_int_equal(ring_list(r, 0, FOREVER, ALL, T0, &list, &n, &e), 0);
		assert_int_equal(n, i == 1 ? 2 : 1);
		assert_true(ring_get(r, list[n - 1].number, &got));
		assert_true(got.boolean == v.boolean || conf.type != KITH_THING_BOOLEAN);
		assert_true(!(got.number < v.number || got.number > v.number) ||
		    conf.type == KITH_THING_BOOLEAN);
		assert_string_equal(got.text, v.text);
		assert_int_equal(got.quality, v.quality);
		mem_free(list);
		ring_close(&r);
	}
}

/* ---- power cuts --------------------------------------------------------- */

static uint8_t *
whole_file(size_t *len)
{
	uint8_t *data = malloc(65536);
	int fd = open(path_of(), O_RDONLY);

	assert_true(fd >= 0 && data != NULL);
	*len = (size_t)read(fd, data, 65536);
	close(fd);
	return data;
}

static void
put_whole(const uint8_t *data, size_t len)
{
	int fd = open(path_of(), O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void
fill(enum kith_thing_type type)
{
	struct kith_thing_value v = { .text = "some text" };
	struct err e = ERR_INIT;
	struct ring *r;

	conf.type = type;
	r = open_ring();
	for (int i = 0; i < 8; i++) {
		v.at_ms = T0 + i;
		v.number = i;
		assert_true(ring_add(r, &v, 0, &e));
	}
	ring_close(&r);
}

static void
a_file_cut_at_any_length_loses_what_was_cut_and_nothing_else(void **state)
{
	static const enum kith_thing_type types[] = { KITH_THING_NUMERIC, KITH_THING_STRING };

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		size_t len, slot = t == 0 ? 32 : 32 + KITH_THING_TEXT;
		uint8_t *data;

		fill(types[t]);
		data = whole_file(&len);
		assert_int_equal(len, 64 + 8 * slot);
		for (size_t cut = 0; cut <= len; cut++) {
			size_t whole = cut < 64 ? 0 : (cut - 64) / slot;
			struct ring *r;

			assert_int_equal(ring_count_file(data, cut), whole);
			if (types[t] != KITH_THING_NUMERIC && cut % 97 != 0)
				continue;	/* each is a write that is seen to the disk */
			put_whole(data, cut);
			r = open_ring();
			if (types[t] == KITH_THING_NUMERIC) {
				/* number 8 stands first: places are number % 8 */
				static const char *const left[] = { "", "7", "0 7", "0 1 7",
					"0 1 2 7", "0 1 2 3 7", "0 1 2 3 4 7", "0 1 2 3 4 5 7",
					"0 1 2 3 4 5 6 7" };

				assert_string_equal(all(r), left[whole]);
			}
			if (types[t] == KITH_THING_NUMERIC && cut % 11 == 0) {
				assert_true(add(r, T0 + 100, 100));
				assert_non_null(strstr(all(r), "100"));
			}
			ring_close(&r);
		}
		free(data);
	}
}

static void
a_flipped_bit_takes_one_value_and_is_never_read_as_another(void **state)
{
	size_t len;
	uint8_t *data;

	(void)state;
	fill(KITH_THING_STRING);
	data = whole_file(&len);
	for (size_t i = 0; i < len; i++) {
		data[i] ^= (uint8_t)(1u << (i % 8));
		assert_int_equal(ring_count_file(data, len), i < 64 ? 0 : 7);
		data[i] ^= (uint8_t)(1u << (i % 8));
	}
	free(data);
}

static void
a_write_that_fails_or_stops_in_the_middle_leaves_the_others(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++)
		for (int torn = 0; torn < 2; torn++) {
			struct err e = ERR_INIT;
			struct ring *r;

			conf.owner = n * 2 + torn == 0 ? "a@b.example" : conf.owner;
			unlink(path_of());
			r = open_ring();
			for (int i = 0; i < 6; i++)
				add(r, T0 + i, i);
			assert_int_equal(ring_write(r, &e), 0);
			for (int i = 6; i < 12; i++)
				add(r, T0 + i, i);
			writes_left = n;
			half = torn == 1;
			(void)ring_write(r, &e);
			assert_string_equal(all(r), "4 5 6 7 8 9 10 11");	/* they wait on */
			/* What a crash now leaves: new, old, or nothing in each place. */
			{
				struct ring *other = open_ring();
				const char *left = all(other);

				assert_true(strlen(left) > 0 && strlen(left) <= strlen("0 1 2 3 4 5 10 11"));
				ring_close(&other);
			}
			writes_left = -1;
			ring_close(&r);
			r = open_ring();
			assert_string_equal(all(r), "4 5 6 7 8 9 10 11");
			ring_close(&r);
		}
}

static void
a_disk_that_stays_full_costs_the_oldest_of_those_that_wait(void **state)
{
	struct ring *r;

	(void)state;
	conf.values = 1000;
	r = open_ring();
	writes_left = 0;
	for (int i = 0; i < 200; i++)
		assert_true(add(r, T0 + i, i));
	writes_left = -1;
	assert_true(strncmp(all(r), "168 169 170", 11) == 0);
	assert_non_null(strstr(all(r), "198 199"));
	ring_close(&r);
	r = open_ring();
	assert_non_null(strstr(all(r), "168 169"));
	ring_close(&r);
}

/* ---- whose it is -------------------------------------------------------- */

static void
nobody_reads_what_was_measured_for_the_owner_before_him(void **state)
{
	struct err e = ERR_INIT;
	struct ring *r = open_ring();
	bool anew = false;

	(void)state;
	add(r, T0, 1);
	assert_true(ring_is_owned_by(r, "ann@home.example"));
	assert_false(ring_is_owned_by(r, "bob@home.example"));
	ring_close(&r);
	conf.owner = "bob@home.example";
	r = ring_open(&conf, &anew, &e);
	assert_non_null(r);
	assert_true(anew);
	assert_string_equal(all(r), "");
	ring_close(&r);
	conf.owner = "ann@home.example";
	r = open_ring();
	assert_string_equal(all(r), "");
	ring_close(&r);
}

static void
another_type_or_unit_begins_anew(void **state)
{
	struct ring *r = open_ring();

	(void)state;
	add(r, T0, 1);
	ring_close(&r);
	conf.unit = "F";
	r = open_ring();
	assert_string_equal(all(r), "");
	add(r, T0, 2);
	ring_close(&r);
	conf.type = KITH_THING_INT;
	r = open_ring();
	assert_string_equal(all(r), "");
	ring_close(&r);
}

static void
another_size_keeps_the_newest_that_fit(void **state)
{
	struct ring *r = open_ring();

	(void)state;
	for (int i = 0; i < 13; i++)
		add(r, T0 + i, i);
	ring_close(&r);
	conf.values = 3;
	r = open_ring();
	assert_string_equal(all(r), "10 11 12");
	add(r, T0 + 20, 20);
	ring_close(&r);
	conf.values = 50;
	r = open_ring();
	assert_string_equal(all(r), "11 12 20");
	for (int i = 30; i < 40; i++)
		add(r, T0 + i, i);
	ring_close(&r);
	r = open_ring();
	assert_string_equal(all(r), "11 12 20 30 31 32 33 34 35 36 37 38 39");
	ring_close(&r);
}

static void
a_file_that_others_could_have_written_is_not_touched(void **state)
{
	struct err e = ERR_INIT;
	struct ring *r = open_ring();
	char elsewhere[4300];

	add(r, T0, 1);
	ring_close(&r);
	assert_int_equal(chmod(path_of(), 0644), 0);
	assert_null(ring_open(&conf, NULL, &e));
	assert_int_equal(unlink(path_of()), 0);
	put_file(*state, "elsewhere", "x", 0600);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", (char *)*state);
	assert_int_equal(symlink(elsewhere, path_of()), 0);
	assert_null(ring_open(&conf, NULL, &e));
}

static void
forgetting_leaves_no_file(void **state)
{
	struct err e = ERR_INIT;
	struct ring *r = open_ring();

	(void)state;
	add(r, T0, 1);
	ring_close(&r);
	assert_int_equal(ring_forget(conf.dir, &conf.node, conf.field, &e), 0);
	assert_int_equal(access(path_of(), F_OK), -1);
	assert_int_equal(ring_forget(conf.dir, &conf.node, conf.field, &e), 0);
	conf.node = (struct node){ .id = "n1", .source = "s" };
	assert_int_equal(access(path_of(), F_OK), -1);
}

/* ---- time --------------------------------------------------------------- */

static void
row_D23__a_value_of_an_unknown_time_is_not_kept(void **state)
{
	struct ring *r = open_ring();

	(void)state;
	assert_false(add(r, 0, 1));
	assert_false(add(r, 86400000, 1));
	assert_false(add(r, RING_EARLIEST_MS - 1, 1));
	assert_true(add(r, RING_EARLIEST_MS, 2));
	assert_false(add(r, INT64_MAX, 3));
	assert_false(add(r, T0, (double)NAN));
	assert_string_equal(all(r), "2");
	ring_close(&r);
}

static void
a_clock_set_back_sorts_values_and_loses_none(void **state)
{
	struct ring *r = open_ring();

	(void)state;
	add(r, T0 + 5000, 5);
	add(r, T0 + 6000, 6);
	add(r, T0 + 1000, 1);	/* set back */
	add(r, T0 + 9000, 9);	/* set ahead */
	add(r, T0 + 2000, 2);
	assert_string_equal(all(r), "1 2 5 6 9");
	assert_string_equal(all_of_kinds(r, T0 + 2000, T0 + 6000, ALL, T0), "2 5 6");
	assert_string_equal(all_of_kinds(r, T0 + 9001, FOREVER, ALL, T0), "");
	assert_string_equal(all_of_kinds(r, T0 + 6000, T0 + 5000, ALL, T0), "");
	ring_close(&r);
}

static int64_t
at(const char *text)
{
	int64_t ms;

	assert_int_equal(stamp_parse(text, &ms), 0);
	return ms;
}

/* 2026-12-31 is a Thursday, 2027-01-04 the Monday behind it. */
static void
the_last_value_of_each_period_stands_for_it__xep_0323(void **state)
{
	static const char *const times[] = {
		"2026-06-30T23:59:58.100Z", "2026-06-30T23:59:58.900Z", "2026-06-30T23:59:59Z",
		"2026-07-01T00:00:00Z", "2026-07-01T00:01:00Z", "2026-07-01T01:00:00Z",
		"2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z", "2027-01-03T23:00:00Z",
		"2027-01-04T00:00:00Z",
	};
	static const struct { unsigned bit; const char *values; } kinds[] = {
		{ 0, "1 2 3 4 5 6 7 8" }, { 1, "2 3 4 5 6 7 8" }, { 2, "2 4 5 6 7 8" },
		{ 3, "2 5 6 7 8" }, { 4, "5 8" }, { 5, "2 5 6" }, { 6, "2 5 6" }, { 7, "6" },
		{ 8, "0 1 2 3 4 5 6 7 8 9" },
	};
	struct ring *r;

	(void)state;
	conf.values = 100;
	r = open_ring();
	for (int i = 0; i < 10; i++)
		assert_true(add(r, at(times[i]), i));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		assert_string_equal(all_of_kinds(r, 0, FOREVER, 1u << kinds[i].bit,
		    at("2027-01-04T00:00:00.500Z")), kinds[i].values);
	/* What follows outside of the interval still counts. */
	assert_string_equal(all_of_kinds(r, 0, at("2026-07-01T00:30:00Z"), 1u << 2,
	    at("2027-01-04T00:00:00.500Z")), "2 4");
	/* Once the second is over, its last value is known. */
	assert_string_equal(all_of_kinds(r, at("2027-01-04T00:00:00Z"), FOREVER, 1u,
	    at("2027-01-04T00:00:01Z")), "9");
	ring_close(&r);
}

/* ---- against a model ---------------------------------------------------- */

#define MODEL 100000

static void
it_is_a_list_that_forgets_its_head(void **state)
{
	struct unit_random rnd = unit_random_start();
	double *model = calloc(MODEL, sizeof(*model));
	size_t n = 0;
	struct ring *r = open_ring();

	(void)state;
	for (size_t round = 0; round < unit_rounds(100) && n + 50 < MODEL; round++) {
		size_t k = unit_random_below(&rnd, 50), size = conf.values;
		char want[8192] = "";
		struct err e = ERR_INIT;

		for (; k > 0; k--) {
			model[n] = (double)unit_random_below(&rnd, 100000);
			assert_true(add(r, T0 + (int64_t)n, model[n]));
			n++;
		}
		if (unit_random_below(&rnd, 3) == 0)
			assert_int_equal(ring_write(r, &e), 0);
		for (size_t i = 0; n > size && i + size < n; i++)
			model[i] = -1;
		if (unit_random_below(&rnd, 5) == 0) {
			ring_close(&r);
			conf.values = size = 1 + unit_random_below(&rnd, 60);
			/* What another size leaves out is gone for good. */
			for (size_t i = 0; n > size && i + size < n; i++)
				model[i] = -1;
			r = open_ring();
		}
		for (size_t i = n > size ? n - size : 0; i < n; i++)
			if (model[i] >= 0)
				snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%g",
				    want[0] ? " " : "", model[i]);
		assert_string_equal(all_of_kinds(r, 0, FOREVER, ALL, T0 + MODEL), want);
	}
	ring_close(&r);
	free(model);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_kept_is_there_after_a_restart__issue_5),
		TEST(the_oldest_is_overwritten_by_the_newest),
		TEST(values_wait_for_a_while_before_the_flash_is_written),
		TEST(every_type_keeps_its_values_and_their_quality),
		TEST(a_file_cut_at_any_length_loses_what_was_cut_and_nothing_else),
		TEST(a_flipped_bit_takes_one_value_and_is_never_read_as_another),
		TEST(a_write_that_fails_or_stops_in_the_middle_leaves_the_others),
		TEST(a_disk_that_stays_full_costs_the_oldest_of_those_that_wait),
		TEST(nobody_reads_what_was_measured_for_the_owner_before_him),
		TEST(another_type_or_unit_begins_anew),
		TEST(another_size_keeps_the_newest_that_fit),
		TEST(a_file_that_others_could_have_written_is_not_touched),
		TEST(forgetting_leaves_no_file),
		TEST(row_D23__a_value_of_an_unknown_time_is_not_kept),
		TEST(a_clock_set_back_sorts_values_and_loses_none),
		TEST(the_last_value_of_each_period_stands_for_it__xep_0323),
		TEST(it_is_a_list_that_forgets_its_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
