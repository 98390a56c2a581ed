/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_fuzz: any line, and any text, is refused with a sentence, or becomes
 * rules that are sound, print and read back as they are, copy as they are, and
 * decide without a fault; a deny for everybody behind them grants nothing
 * (att-P-19).
 */
#include "config.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "policy/policy.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1795262400000LL
#define POOL (256 * 1024)

static void check_round_trip(const struct rule *r, int32_t zone_s)
{
	struct err e = ERR_INIT;
	struct rule again, copy;
	struct pool pool;
	struct buf text;

	FUZZ_CHECK(rule_is_sound(r));
	pool_init(&pool, POOL);
	buf_init(&text, POLICY_LINE);
	policy_print(&text, r, zone_s);
	FUZZ_CHECK(buf_ok(&text));
	FUZZ_CHECK(policy_parse_line(&again, buf_str(&text), NOW, zone_s, &pool, &e) == 0);
	FUZZ_CHECK(rule_equal(r, &again));
	FUZZ_CHECK(rule_copy(&copy, &again, &pool) == 0);
	FUZZ_CHECK(rule_equal(r, &copy));
	buf_fini(&text);
	pool_fini(&pool);
}

/* Each line by itself: one mistake does not hide the others. */
static void check_lines(char *text, int32_t zone_s)
{
	struct pool pool;
	char *line;

	pool_init(&pool, POOL);
	while ((line = strsep(&text, "\n")) != NULL) {
		struct err e = ERR_INIT;
		struct rule r;

		pool_reset(&pool);
		if (policy_parse_line(&r, line, NOW, zone_s, &pool, &e) == 0)
			check_round_trip(&r, zone_s);
		else
			FUZZ_CHECK(e.text[0] != '\0' && e.kind != ERR_NONE);
	}
	pool_fini(&pool);
}

static void check_decisions(struct policy *p)
{
	static const struct question_tag tag[] = { { "class", "light" } };
	static const char *const name[] = { "lux", "lock" };
	static const struct rule deny = { .verdict = VERDICT_DENY, .actions = RULE_EVERYTHING,
		.subject = { SUBJECT_ANYONE, NULL } };
	struct question q = { .asker = "bob@b.ex", .thing_name = "lamp", .tags = tag, .n_tags = 1,
		.names = name, .now_ms = NOW };
	const char *space[POLICY_NAMES];
	struct answer a;

	for (int i = 0; i < 2 * ACTION_COUNT * 3; i++) {
		if (i == ACTION_COUNT * 3)
			FUZZ_CHECK(policy_add(p, &deny, NULL) == 0);
		q.action = (enum action)(i % ACTION_COUNT);
		q.n_names = (size_t)(i / ACTION_COUNT % 3);
		policy_decide(p, &q, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space },
		    &a);
		FUZZ_CHECK(a.edge_ms == 0 || a.edge_ms > NOW);
		FUZZ_CHECK(q.n_names == 0 || a.n_names < q.n_names);
		FUZZ_CHECK(i < ACTION_COUNT * 3 || a.verdict == VERDICT_DENY);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct policy *p = policy_new();
	struct err e = ERR_INIT;
	int32_t zone_s = size > 0 ? (data[0] % 25 - 12) * 3600 : 0;

	FUZZ_CHECK(p != NULL);
	if (policy_parse_text(p, text, NOW, zone_s, &e) == 0) {
		for (size_t i = 0; i < policy_count(p); i++)
			check_round_trip(policy_at(p, i), zone_s);
		if (policy_count(p) < POLICY_RULES)
			check_decisions(p);
	} else {
		FUZZ_CHECK(e.text[0] != '\0');
	}
	policy_free(&p);
	check_lines(text, zone_s);
	free(text);
	return 0;
}
