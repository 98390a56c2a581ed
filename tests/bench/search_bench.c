/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_bench: searches in process, over 10^4, 10^5 and, with BENCH_LARGE=1,
 * 10^6 findable things: the index, its plan and the look at each thing, up to
 * a page of ten, as search.c does it; no stanzas.  The limit is 5 ms for 99 of
 * 100 searches at 10^6 things; figures are parts of it.
 */
#include "config.h"

#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/store/store.h"
#include "common/wire/reply.h"
#include "registry/search_plan.h"
#include "registry/tags.h"

#define LIMIT_US 5000.0
#define WORK 10000		/* the default of `search_work` */
#define SEARCHES 400
#define PAGE 10

static uint64_t dice = 88172645463325252u;

static uint64_t pick(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice >> 16) % n;
}

/* Of this process: who else uses the machine does not matter. */
static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- things ---- */

static void must(int rc, const struct err *e)
{
	if (rc == -1)
		errx(1, "%s", e->text);
}

static void load_one(struct search_index *x, size_t i)
{
	char sn[32], man[32], model[32], room[32];
	struct tag tag[] = {
		{ .name = "SN", .str = sn }, { .name = "MAN", .str = man },
		{ .name = "MODEL", .str = model }, { .name = "CLASS", .str = "meter" },
		{ .name = "ROOM", .str = room }, { .name = "V", .is_num = true },
		{ .name = "LAT", .is_num = true }, { .name = "LON", .is_num = true },
	};
	char num[3][32];
	const struct tag_list l = { 8, tag };
	uint8_t id[OWNERSHIP_ID] = { 0 };
	struct err e = ERR_INIT;
	struct pool pool;
	uint8_t *packed;
	size_t len;

	snprintf(sn, sizeof(sn), "3948-%06x-%02x", (unsigned)pick(1 << 24), (unsigned)pick(256));
	snprintf(man, sizeof(man), "www.acme%u.example", (unsigned)pick(20));
	snprintf(model, sizeof(model), "IMC-%u", (unsigned)pick(1000));
	snprintf(room, sizeof(room), "room %u", (unsigned)pick(50));
	snprintf(num[0], sizeof(num[0]), "1.%u", (unsigned)pick(10));
	snprintf(num[1], sizeof(num[1]), "%.5f", (double)pick(18000000) / 1e5 - 90);
	snprintf(num[2], sizeof(num[2]), "%.5f", (double)pick(36000000) / 1e5 - 180);
	for (size_t k = 0; k < 3; k++) {
		tag[5 + k].str = num[k];
		tag[5 + k].num = strtod(num[k], NULL);
	}
	pool_init(&pool, 4096);
	packed = tags_pack(&l, &pool, &len);
	memcpy(id, &i, sizeof(i));
	must(search_index_load(x, id, packed, len, &e), &e);
	pool_fini(&pool);
}

/* ---- shapes ---- */

#define TERM(o, ...) (struct search_term){ .op = o, __VA_ARGS__ }

struct shape {
	const char *name;
	size_t (*make)(struct search_term *t, char text[static 64]);
};

static struct search_term between(const char *name, double least, double width)
{
	return TERM(OP_NUM_RANGE, .name = name, .num_min = least, .num_max = least + width,
	    .has_min = true, .has_max = true, .min_included = true);
}

static size_t by_class(struct search_term *t, char text[static 64])
{
	(void)text;
	t[0] = TERM(OP_STR_EQ, .name = "CLASS", .value = "meter");
	return 1;
}

static size_t by_two(struct search_term *t, char text[static 64])
{
	snprintf(text, 32, "www.acme%u.example", (unsigned)pick(20));
	snprintf(text + 32, 32, "IMC-%u", (unsigned)pick(1000));
	t[0] = TERM(OP_STR_EQ, .name = "MAN", .value = text);
	t[1] = TERM(OP_STR_EQ, .name = "MODEL", .value = text + 32);
	return 2;
}

static size_t by_box_of(struct search_term *t, char text[static 64], double lat, double lon)
{
	snprintf(text, 64, "www.acme%u.example", (unsigned)pick(20));
	t[0] = TERM(OP_STR_EQ, .name = "MAN", .value = text);
	t[1] = between("LAT", (double)pick(170) - 90, lat);
	t[2] = between("LON", (double)pick(340) - 180, lon);
	return 3;
}

static size_t by_box(struct search_term *t, char text[static 64])
{
	return by_box_of(t, text, 1, 2);
}

static size_t by_wide_box(struct search_term *t, char text[static 64])
{
	return by_box_of(t, text, 10, 20);
}

static size_t by_three_ranges(struct search_term *t, char text[static 64])
{
	(void)by_box_of(t, text, 1 + (double)pick(20), 2 + (double)pick(40));
	t[0] = between("V", 1.1 + 0.1 * (double)pick(5), 0.2);
	return 3;
}

static size_t by_piece(struct search_term *t, char text[static 64])
{
	snprintf(text, 64, "*%04x*", (unsigned)pick(65536));
	t[0] = TERM(OP_STR_MASK, .name = "SN", .value = text, .wildcard = "*");
	return 1;
}

static size_t by_front(struct search_term *t, char text[static 64])
{
	snprintf(text, 64, "3948-%04x*", (unsigned)pick(65536));
	t[0] = TERM(OP_STR_MASK, .name = "SN", .value = text, .wildcard = "*");
	return 1;
}

static size_t by_expression(struct search_term *t, char text[static 64])
{
	snprintf(text, 64, "3948-.*%03x(-|0)[0-9a-f]{2,3}", (unsigned)pick(4096));
	t[0] = TERM(OP_STR_REGEX, .name = "SN", .value = text);
	return 1;
}

static size_t by_other(struct search_term *t, char text[static 64])
{
	(void)by_two(t, text);
	t[0].op = OP_STR_NEQ;
	return 2;
}

static size_t by_any_name(struct search_term *t, char text[static 64])
{
	snprintf(text, 64, "IMC-%u", (unsigned)pick(1000));
	t[0] = TERM(OP_STR_EQ, .name = "*", .name_wildcard = "*", .value = text);
	return 1;
}

static size_t by_nothing_to_go_by(struct search_term *t, char text[static 64])
{
	(void)text;
	t[0] = TERM(OP_STR_MASK, .name = "SN", .value = "*z*z*z*z*", .wildcard = "*");
	return 1;
}

static const struct shape shapes[] = {
	{ "a value of all", by_class },
	{ "two equalities", by_two },
	{ "equality, 1 x 2 degrees", by_box },
	{ "equality, 10 x 20 degrees", by_wide_box },
	{ "three ranges", by_three_ranges },
	{ "mask *xxxx*", by_piece },
	{ "mask 3948-xxxx*", by_front },
	{ "regular expression", by_expression },
	{ "not equal, equal", by_other },
	{ "name with a wildcard", by_any_name },
	{ "mask *z*z*z*z*", by_nothing_to_go_by },
};

/* ---- measuring ---- */

struct page {
	const struct search_terms *terms;
	int64_t work;
	size_t n;
};

static bool look_at(void *arg, const struct search_item *item)
{
	struct page *p = arg;

	p->n += search_terms_fit(p->terms, &item->tags, &p->work);
	return p->work >= 0 && p->n <= PAGE;
}

struct figures {
	double us[SEARCHES];
	size_t rows, refused;
};

static void one_search(const struct search_index *x, const struct shape *shape,
    struct figures *f, size_t i)
{
	struct search_term term[3];
	char text[64];
	struct request_search q = { .n = shape->make(term, text), .term = term };
	struct search_terms terms;
	struct page p = { .terms = &terms, .work = WORK };
	struct pool pool;
	double began;

	pool_init(&pool, 1 << 18);
	began = now_us();
	if (search_terms_prepare(&terms, &q, &pool) != COND_NONE ||
	    search_plan_walk(x, &terms, 0, &p.work, look_at, &p) == -1)
		errx(1, "out of memory");
	f->us[i] = now_us() - began;
	f->rows += p.n < PAGE ? p.n : PAGE;
	f->refused += p.work < 0 && p.n < PAGE;
	pool_fini(&pool);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static long heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return (long)(m.uordblks + m.hblkhd);
}

static void measure(size_t n)
{
	struct search_index *x = NULL;
	struct store *store = NULL;
	struct err e = ERR_INIT;
	long before = heap_bytes();
	double began = now_us();

	must(store_open(&store, "sqlite::memory:", &e), &e);
	must(search_index_open(&x, store, &e), &e);
	must(search_index_expect(x, n, &e), &e);
	for (size_t i = 0; i < n; i++)
		load_one(x, i);
	must(search_index_loaded(x, &e), &e);
	printf("%zu things: %.2f us and %.0f bytes each in the index\n", n,
	    (now_us() - began) / (double)n, (double)(heap_bytes() - before) / (double)n);
	printf("%-28s %9s %9s %9s %8s %8s\n", "search", "p50 us", "p99 us", "of 5 ms", "rows",
	    "refused");
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		struct figures f = { .rows = 0 };

		for (size_t i = 0; i < SEARCHES; i++)
			one_search(x, &shapes[s], &f, i);
		qsort(f.us, SEARCHES, sizeof(f.us[0]), by_value);
		printf("%-28s %9.0f %9.0f %9.3f %8.1f %7.0f%%\n", shapes[s].name,
		    f.us[SEARCHES / 2], f.us[SEARCHES * 99 / 100],
		    f.us[SEARCHES * 99 / 100] / LIMIT_US, (double)f.rows / SEARCHES,
		    100.0 * (double)f.refused / SEARCHES);
	}
	search_index_close(&x);
	store_close(&store);
}

int main(void)
{
	measure(10000);
	measure(100000);
	if (getenv("BENCH_LARGE") != NULL)
		measure(1000000);
	return 0;
}
