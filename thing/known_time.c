/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known_time: a bound that only grows.
 */
#include "config.h"

#include "thing/known_time.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "time"
#define WORTH_WRITING_MS (12 * 3600 * 1000LL)	/* flash wears */

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	if (strcmp(name, "earliest") != 0 || str_to_int(value, 0, INT64_MAX / 4, arg) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line");
	return 0;
}

int known_time_parse(int64_t *ms, const char *text, size_t len, struct err *e)
{
	*ms = 0;
	return statefile_parse(text, len, KIND, row, ms, e);
}

void known_time_load(struct known_time *k, const char *dir)
{
	int64_t ms = 0;

	*k = (struct known_time){ .dir = dir, .earliest_ms = KITH_RELEASED * 1000LL };
	if (statefile_load(dir, KIND, row, &ms, NULL) < 0)
		return;
	k->saved_ms = ms;
	if (ms > k->earliest_ms)
		k->earliest_ms = ms;
}

static void save(struct known_time *k)
{
	struct buf b;

	statefile_begin(&b, KIND);
	buf_addf(&b, "earliest %" PRId64 "\n", k->earliest_ms);
	statefile_end(&b);
	/* Without it the bound is only what it was before. */
	if (statefile_save(k->dir, KIND, &b, NULL) == 0)
		k->saved_ms = k->earliest_ms;
	buf_fini(&b);
}

void known_time_learn(struct known_time *k, int64_t ms, int64_t from_ms, int64_t until_ms)
{
	if (ms < from_ms)
		ms = from_ms;	/* its issuer says so */
	if (ms > until_ms)
		ms = until_ms;
	if (ms <= k->earliest_ms)
		return;
	k->earliest_ms = ms;
	if (k->dir && k->earliest_ms - k->saved_ms >= WORTH_WRITING_MS)
		save(k);
}
