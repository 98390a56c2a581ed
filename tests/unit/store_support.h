/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_support: a private folder, a fake clock and a key for tests that need
 * a store.  Header only; each program is its own world.
 */
#ifndef KITH_TESTS_STORE_SUPPORT_H
#define KITH_TESTS_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/store/store.h"

#define MUST(call) must((call), &test_err, #call)

static struct err test_err;

static inline void must(int rc, const struct err *e, const char *what)
{
	if (rc < 0)
		fail_msg("%s: %s", what, e->text);
}

struct place {
	char dir[64];
	char path[96];		/* of the database */
	char url[112];
};

static inline void place_make(struct place *p)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(p->dir, sizeof(p->dir), "%.40s/kith-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/db", p->dir);
	snprintf(p->url, sizeof(p->url), "sqlite:%s", p->path);
}

static inline void place_remove(const struct place *p)
{
	static const char *const more[] = { "", "-wal", "-shm", "-journal" };
	char name[128];

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", p->path, more[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(p->dir), 0);
}

static inline struct store *open_store(const char *url)
{
	struct store *s = NULL;

	MUST(store_open(&s, url, &test_err));
	return s;
}

static inline void test_key(struct secret *key, unsigned char fill)
{
	unsigned char bytes[32];

	memset(bytes, fill, sizeof(bytes));
	MUST(secret_set(key, bytes, sizeof(bytes), &test_err));
}

#endif
