/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_plan_test: some thousand things with values of many kinds, changed and
 * rolled back at random; what a plan finds is compared with a reference that
 * knows no index, no mask and no expression of ours: a few lines for each operator.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include <regex.h>

#include "common/wire/reply.h"
#include "registry/search_plan.h"
#include "registry/tags.h"

#define THINGS 1500
#define TAGS 6

/* What the index should know; `n` 0: not there. */
struct model {
	uint8_t id[OWNERSHIP_ID];
	uint64_t order;
	size_t n;
	struct tag tag[TAGS];
	char text[TAGS][40];
};

static struct model things[THINGS];
static uint64_t clock_of_orders;
static uint64_t dice = 88172645463325252u;

static unsigned pick(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 16) % n);
}

/* ---- things ---- */

__attribute__((format(printf, 3, 4)))
static void add_str(struct model *m, const char *name, const char *fmt, ...)
{
	va_list ap;

	m->tag[m->n] = (struct tag){ .name = name, .str = m->text[m->n] };
	va_start(ap, fmt);
	vsnprintf(m->text[m->n++], sizeof(m->text[0]), fmt, ap);
	va_end(ap);
}

static void add_num(struct model *m, const char *name, double num)
{
	struct tag *t = &m->tag[m->n];

	*t = (struct tag){ .name = name, .str = m->text[m->n], .is_num = true, .num = num };
	snprintf(m->text[m->n++], sizeof(m->text[0]), "%.4f", num);
}

static void throw_tags(struct model *m)
{
	m->n = 0;
	add_str(m, pick(2) == 0 ? "SN" : "sn", "%04u-%02u", pick(10000), pick(100));
	if (pick(10) != 0)
		add_str(m, "MAN", "www.acme%u.example", pick(3));
	if (pick(3) == 0)
		add_str(m, "ROOM", "%c%c", 'a' + (int)pick(4), 'a' + (int)pick(4));
	if (pick(2) == 0)
		add_str(m, "SNAP", "%04u", pick(10000));
	if (pick(4) != 0)
		add_num(m, "LAT", pick(180) - 90 + pick(4) * 0.25);
	add_num(m, "V", pick(4));
}

static void hand_over(struct search_index *x, struct model *m,
    int (*to)(struct search_index *x, const uint8_t id[static OWNERSHIP_ID], const void *tags,
	size_t tags_len, struct err *e))
{
	struct tag_list l = { m->n, m->tag };
	struct pool pool;
	uint8_t *packed;
	size_t len;

	pool_init(&pool, TAGS_BYTES);
	packed = tags_pack(&l, &pool, &len);
	assert_non_null(packed);
	MUST(to(x, m->id, packed, len, &test_err));
	pool_fini(&pool);
}

static void put(struct search_index *x, struct model *m)
{
	hand_over(x, m, search_index_put);
}

/* A transaction of a few changes, kept or not. */
static void one_turn(struct store *s, struct search_index *x, unsigned changes)
{
	static struct model before[THINGS];
	bool kept = pick(4) != 0;
	uint64_t clock_before = clock_of_orders;

	memcpy(before, things, sizeof(before));
	for (size_t i = 0; i < THINGS; i++)
		for (size_t k = 0; k < before[i].n; k++)
			before[i].tag[k].str = before[i].text[k];
	MUST(store_begin(s, &test_err));
	for (unsigned c = 0; c < changes; c++) {
		struct model *m = &things[pick(THINGS)];

		if (m->n > 0 && pick(3) == 0) {
			m->n = 0;
			MUST(search_index_delete(x, m->id, &test_err));
			continue;
		}
		if (m->n == 0)
			m->order = ++clock_of_orders;
		throw_tags(m);
		put(x, m);
	}
	if (kept) {
		MUST(store_commit(s, &test_err));
		return;
	}
	store_rollback(s);
	clock_of_orders = clock_before + changes;
	memcpy(things, before, sizeof(things));
	for (size_t i = 0; i < THINGS; i++)
		for (size_t k = 0; k < things[i].n; k++)
			things[i].tag[k].str = things[i].text[k];
}

/* ---- the reference ---- */

static bool like(const char *t, const char *m, const char *wild, bool fold)
{
	size_t n = wild != NULL ? strlen(wild) : 0;

	if (n > 0 && strncmp(m, wild, n) == 0)
		return like(t, m + n, wild, fold) || (*t != '\0' && like(t + 1, m, wild, fold));
	if (*m == '\0' || *t == '\0')
		return *m == *t;
	return (fold ? strncasecmp(t, m, 1) == 0 : *t == *m) && like(t + 1, m + 1, wild, fold);
}

static bool regex_says(const char *pattern, const char *text)
{
	char whole[200];
	regex_t r;
	bool fits;

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	assert_int_equal(regcomp(&r, whole, REG_EXTENDED | REG_NOSUB), 0);
	fits = regexec(&r, text, 0, NULL, 0) == 0;
	regfree(&r);
	return fits;
}

static int sign_of(const struct tag *g, const char *s, double n)
{
	return g->is_num ? (g->num > n) - (g->num < n) : strcmp(g->str, s);
}

static bool within(const struct search_term *t, const struct tag *g)
{
	int lo = t->has_min ? sign_of(g, t->min, t->num_min) : 1;
	int hi = t->has_max ? sign_of(g, t->max, t->num_max) : -1;

	return (lo > 0 || (lo == 0 && t->min_included)) && (hi < 0 || (hi == 0 && t->max_included));
}

static bool tag_fits(const struct search_term *t, const struct tag *g)
{
	int d = t->value != NULL || g->is_num ? sign_of(g, t->value, t->num) : 0;

	switch (t->op) {
	case OP_STR_EQ: case OP_NUM_EQ: return d == 0;
	case OP_STR_NEQ: case OP_NUM_NEQ: return d != 0;
	case OP_STR_GT: case OP_NUM_GT: return d > 0;
	case OP_STR_GTEQ: case OP_NUM_GTEQ: return d >= 0;
	case OP_STR_LT: case OP_NUM_LT: return d < 0;
	case OP_STR_LTEQ: case OP_NUM_LTEQ: return d <= 0;
	case OP_STR_RANGE: case OP_NUM_RANGE: return within(t, g);
	case OP_STR_NRANGE: case OP_NUM_NRANGE: return !within(t, g);
	case OP_STR_MASK: return like(g->str, t->value, t->wildcard, false);
	case OP_STR_REGEX: return regex_says(t->value, g->str);
	default: return false;
	}
}

static bool model_fits(const struct search_terms *s, const struct model *m)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct search_term *t = &s->term[i];
		bool any = false;

		for (size_t k = 0; k < m->n; k++)
			any |= m->tag[k].is_num == (t->op >= OP_NUM_EQ) &&
			    like(m->tag[k].name, t->name, t->name_wildcard, true) &&
			    tag_fits(t, &m->tag[k]);
		if (!any)
			return false;
	}
	return m->n > 0;
}

/* ---- random searches ---- */

static const char *one_of(const char *const *list, unsigned n)
{
	return list[pick(n)];
}

static const char *const str_names[] = { "SN", "sn", "MAN", "ROOM", "SNAP", "NONE", "S*", "*", "*N" };
static const char *const masks[] = { "*12*", "*123*", "00*", "*-07", "*", "www*1*", "*acme2*e",
	"0*1*2*3", "b*", "*zz*", "*4-*", "1234-56", "*.example", "a*", "*www.acme1.example*" };
static const char *const expressions[] = { ".*12.*", "00[0-4].*", "[0-9]{4}-0[0-9]",
	"www\\.acme(1|2)\\.example", "(a|b)[c-d]?", ".*345.*", "[^w]*-99", "", "(1|2)*" };
static const char *const values[] = { "0500", "9", "a", "bb", "www.acme1.example", "1234-56", "w" };

static struct search_term random_str(void)
{
	struct search_term t = { .op = (enum search_op)pick(OP_NUM_EQ), .wildcard = "*",
		.name = one_of(str_names, 9), .min_included = pick(2) == 0,
		.max_included = pick(2) == 0 };

	t.value = one_of(values, 7);
	if (strchr(t.name, '*') != NULL)
		t.name_wildcard = "*";
	if (t.op == OP_STR_MASK)
		t.value = one_of(masks, 15);
	else if (t.op == OP_STR_REGEX)
		t.value = one_of(expressions, 9);
	t.has_min = pick(3) != 0;
	t.has_max = !t.has_min || pick(2) == 0;
	t.min = t.has_min ? one_of(values, 7) : NULL;
	t.max = t.has_max ? one_of(values, 7) : NULL;
	return t;
}

static struct search_term random_num(void)
{
	struct search_term t = { .op = OP_NUM_EQ + pick(OP_COUNT - OP_NUM_EQ),
		.name = pick(2) == 0 ? "V" : "LAT", .min_included = pick(2) == 0,
		.max_included = pick(2) == 0, .num = pick(180) - 90.0 };

	if (pick(8) == 0)
		t.name = t.name_wildcard = "*";
	if (t.name[0] == 'V')
		t.num = pick(5);
	t.has_min = pick(3) != 0;
	t.has_max = !t.has_min || pick(2) == 0;
	t.num_min = t.num + pick(10) - 5.0;
	t.num_max = t.num + pick(20) - 5.0;
	return t;
}

struct found {
	size_t n;
	const uint8_t *id[THINGS];
	const struct search_terms *terms;
	int64_t work;
};

static bool take(void *arg, const struct search_item *item)
{
	struct found *f = arg;

	if (search_terms_fit(f->terms, &item->tags, &f->work))
		f->id[f->n++] = item->id;
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct model *const *x = a, *const *y = b;

	return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static size_t compare(const struct search_index *x, const struct search_terms *s)
{
	const struct model *fit[THINGS];
	struct found f = { .terms = s, .work = INT64_MAX / 2 };
	int64_t work = INT64_MAX / 4;
	size_t n = 0;

	for (size_t i = 0; i < THINGS; i++)
		if (model_fits(s, &things[i]))
			fit[n++] = &things[i];
	qsort(fit, n, sizeof(fit[0]), by_order);
	assert_int_equal(search_plan_walk(x, s, 0, &work, take, &f), 0);
	if (f.n != n)
		fail_msg("%zu instead of %zu: %d '%s' '%s'", f.n, n, s->term[0].op, s->term[0].name,
		    s->term[0].value != NULL ? s->term[0].value : "");
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(f.id[i], fit[i]->id, OWNERSHIP_ID);
	return n;
}

static size_t one_search(const struct search_index *x)
{
	struct search_term term[3];
	struct request_search q = { .n = 1 + pick(3), .term = term };
	struct search_terms s;
	struct pool pool;
	size_t n;

	for (size_t i = 0; i < q.n; i++)
		term[i] = pick(2) == 0 ? random_str() : random_num();
	pool_init(&pool, 1 << 20);
	assert_int_equal(search_terms_prepare(&s, &q, &pool), COND_NONE);
	n = compare(x, &s);
	pool_fini(&pool);
	return n;
}

/* As at a start: all at once, then changes one by one. */
static void what_is_loaded_at_once_is_found_like_the_rest(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct search_index *x = NULL;
	size_t rows = 0;

	(void)state;
	memset(things, 0, sizeof(things));
	MUST(search_index_open(&x, s, &test_err));
	MUST(search_index_expect(x, THINGS, &test_err));
	for (size_t i = 0; i < THINGS; i++) {
		struct model *m = &things[i];

		memcpy(m->id, &i, sizeof(i));
		m->order = ++clock_of_orders;
		throw_tags(m);
		if (m->n > 0)
			hand_over(x, m, search_index_load);
	}
	MUST(search_index_loaded(x, &test_err));
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned k = 0; k < 20; k++)
			rows += one_search(x);
		one_turn(s, x, 40);
	}
	assert_true(rows > 20);
	search_index_close(&x);
	store_close(&s);
	memset(things, 0, sizeof(things));
	clock_of_orders = 0;
}

static void plans_find_what_a_reference_finds(void **state)
{
	struct store *s = open_store("sqlite::memory:");
	struct search_index *x = NULL;
	unsigned turns = getenv("KITH_LONG") != NULL ? 10000 : 150;
	size_t rows = 0;

	(void)state;
	MUST(search_index_open(&x, s, &test_err));
	for (size_t i = 0; i < THINGS; i++)
		memcpy(things[i].id, &i, sizeof(i));
	for (unsigned i = 0; i < turns; i++) {
		one_turn(s, x, i % 10 == 0 ? 400 : 1 + pick(5));
		for (unsigned k = 0; k < 10; k++)
			rows += one_search(x);
	}
	assert_true(rows > turns);
	/* All that came can go, and nothing stays behind. */
	MUST(store_begin(s, &test_err));
	for (size_t i = 0; i < THINGS; i++)
		MUST(search_index_delete(x, things[i].id, &test_err));
	MUST(store_commit(s, &test_err));
	assert_int_equal(search_index_count(x), 0);
	assert_int_equal(search_index_all(x)->n, 0);
	assert_null(search_index_column_at(x, 0));
	search_index_close(&x);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_loaded_at_once_is_found_like_the_rest),
		cmocka_unit_test(plans_find_what_a_reference_finds),
	};

	return cmocka_run_group_tests_name("search plan", tests, NULL, NULL);
}
