/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_fuzz: the first line is an expression, the rest a text.  Whatever they
 * are, it ends within states times characters, and a text that fits holds all
 * the runs that the index goes by (att-C-21).
 */
#include "config.h"

#include "registry/regex.h"
#include "tests/fuzz/fuzz.h"

#define POOL_BYTES (1024 * 1024)

static void check(const struct regex *r, const char *text)
{
	int64_t most = (int64_t)(strlen(text) + 1) * REGEX_STATES * 64, steps = most;
	const char *const *runs;
	size_t n = regex_runs(r, &runs);
	bool fits = regex_fits(r, text, &steps);

	FUZZ_CHECK(steps >= 0);
	for (size_t i = 0; fits && i < n; i++)
		FUZZ_CHECK(strstr(text, runs[i]) != NULL);
	/* As much again is enough again, one less is not. */
	most -= steps;
	FUZZ_CHECK(regex_fits(r, text, &(int64_t){ most }) == fits);
	FUZZ_CHECK(!regex_fits(r, text, &(int64_t){ most - 1 }));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern = fuzz_text(data, size < 4096 ? size : 4096);
	char *text = strchr(pattern, '\n');
	const struct regex *r = NULL;
	struct pool pool;

	if (text != NULL)
		*text++ = '\0';
	pool_init(&pool, POOL_BYTES);
	if (regex_compile(&r, pattern, &pool) == REGEX_FINE)
		check(r, text != NULL ? text : "");
	pool_fini(&pool);
	free(pattern);
	return 0;
}
