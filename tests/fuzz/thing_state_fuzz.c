/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_state_fuzz: whatever is in the files of a thing's state folder, the
 * loaders refuse it or take it whole, and keep their limits.  The first byte
 * says which file it is.
 */
#include "config.h"

#include "common/base/clock.h"
#include "common/base/pool.h"
#include "tests/fuzz/fuzz.h"
#include "thing/decisions.h"
#include "thing/identity.h"
#include "thing/standing.h"

static void
load_identity(const char *text, size_t len)
{
	struct identity id;

	if (identity_parse(&id, text, len, NULL) != 0)
		return;
	FUZZ_CHECK(strlen(id.user) == IDENT_TEXT - 1 && strlen(id.key) == IDENT_TEXT - 1);
	FUZZ_CHECK(id.password.len == IDENTITY_PASSWORD - 1 && id.domain[0] != '\0');
	identity_fini(&id);
}

static void
load_standing(const char *text, size_t len)
{
	struct standing s;

	if (standing_parse(&s, text, len, NULL) != 0)
		return;
	FUZZ_CHECK(s.registry.gen < GEN_COUNT && s.pin.tls13 < SASL_MECH_COUNT);
	FUZZ_CHECK(strchr(s.owner, '/') == NULL);
}

/* What is believed is within its lease, and every key can be looked up. */
static void
load_decisions(const char *text, size_t len)
{
	static const struct limit often = { .rule = 3, .rate_n = 4, .rate_ms = 3600000 };
	struct clock_fake fake = { .wall = 1800000000000LL, .boot = 100000 };
	struct clock clock = clock_from_fake(&fake);
	struct decision found;
	struct decisions d;
	struct pool pool;

	FUZZ_CHECK(decisions_open(&d, &clock, NULL, NULL) == 0);
	(void)decisions_parse(&d, text, len, NULL);
	FUZZ_CHECK(d.n <= DECISIONS_MAX);
	pool_init(&pool, 1 << 20);
	for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char key[256] = "";
		const char *last = end;

		while (last > line && last[-1] != ' ')
			last--;
		if ((size_t)(end - last) >= sizeof(key))
			continue;
		memcpy(key, last, (size_t)(end - last));
		(void)decisions_find(&d, key, &pool, &found);
		pool_reset(&pool);
	}
	FUZZ_CHECK(usage_wait(&d.usage, "bob@b.example", &often, fake.boot) >= 0);
	FUZZ_CHECK(d.usage.n <= USAGE_ROWS);
	fake.boot += DECISIONS_LEASE_MAX_MS;
	FUZZ_CHECK(!decisions_find(&d, "read|bob@b.example|t1|s|d|u|n|a", &pool, &found));
	pool_fini(&pool);
	decisions_close(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const load[])(const char *, size_t) = {
		load_identity, load_standing, load_decisions
	};
	char *text;

	if (size < 1)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	load[data[0] % 3](text, size - 1);
	free(text);
	return 0;
}
