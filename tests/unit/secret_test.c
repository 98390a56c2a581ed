/* SPDX-License-Identifier: Apache-2.0 */
/* secret_test: keeping, comparing and digesting secrets.  See common/base/secret.h. */
#include "config.h"

#include "common/base/secret.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/base/str.h"
#include "tests/unit/unit.h"

#define MAX_PARTS 3

static void
secret_set__copies_ends_in_nul_and_replaces(void **state)
{
	struct secret s = { 0 };
	char big[SECRET_MAX + 1];
	struct err e = ERR_INIT;

	(void)state;
	memset(big, 'b', sizeof(big));
	assert_int_equal(secret_set(&s, "hunter2", 7, &e), 0);
	assert_int_equal(s.len, 7);
	assert_int_equal(s.data[7], 0);
	assert_int_equal(secret_set(&s, big, SECRET_MAX + 1, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_true(secret_equal(&s, "hunter2", 7));
	assert_int_equal(secret_set(&s, big, SECRET_MAX, &e), 0);
	assert_true(secret_equal(&s, big, SECRET_MAX));
	assert_int_equal(secret_set(&s, s.data, 3, &e), 0);
	assert_true(secret_equal(&s, "bbb", 3));
	secret_clear(&s);
	assert_null(s.data);
	secret_clear(&s);
}

/* What a page that goes back to the kernel still holds. */
static struct { const unsigned char *page; bool seen, dirty; } gone;

int __real_munmap(void *page, size_t len);
int __wrap_munmap(void *page, size_t len);

int
__wrap_munmap(void *page, size_t len)
{
	if (page == gone.page && page != NULL) {
		gone.seen = true;
		for (size_t i = 0; i < len; i++)
			gone.dirty = gone.dirty || gone.page[i] != 0;
	}
	return __real_munmap(page, len);
}

static void
att_O_04__what_is_given_back_is_empty(void **state)
{
	struct secret s = { 0 };

	(void)state;
	assert_int_equal(secret_set(&s, "open sesame", 11, NULL), 0);
	gone.page = s.data;
	assert_int_equal(secret_set(&s, "another", 7, NULL), 0);
	assert_true(gone.seen);
	assert_false(gone.dirty);
	gone.page = s.data;
	gone.seen = false;
	secret_clear(&s);
	assert_true(gone.seen);
	assert_false(gone.dirty);
	gone.page = NULL;
}

/* The flags of the mapping that holds `p`, from /proc/self/smaps. */
static bool
mapping_has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	char line[512], first;
	bool inside = false, found = false;

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx %c", &from, &to, &first) == 3)
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	(void)fclose(f);
	return found;
}

static void
att_O_04__a_secret_stays_out_of_core_dumps(void **state)
{
	struct secret s = { 0 };

	(void)state;
	assert_int_equal(secret_set(&s, "x", 1, NULL), 0);
	assert_true(mapping_has_flag(s.data, " dd"));
	secret_clear(&s);
}

static void
secret_set__works_where_locking_is_forbidden(void **state)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit old;
	struct secret s = { 0 };

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ none.rlim_cur, old.rlim_max }),
	    0);
	assert_int_equal(secret_set(&s, "x", 1, NULL), 0);
	secret_clear(&s);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
}

static void
secret_equal__looks_at_length_and_every_byte(void **state)
{
	struct secret s = { 0 }, empty = { 0 };

	(void)state;
	assert_int_equal(secret_set(&s, "abc", 3, NULL), 0);
	assert_true(secret_equal(&s, "abc", 3));
	assert_false(secret_equal(&s, "abd", 3));
	assert_false(secret_equal(&s, "xbc", 3));
	assert_false(secret_equal(&s, "ab", 2));
	assert_false(secret_equal(&s, "abcd", 4));
	assert_true(secret_equal(&empty, "", 0));
	assert_true(secret_bytes_equal("12345678", "12345678", 8));
	assert_false(secret_bytes_equal("12345678", "12345679", 8));
	secret_clear(&s);
}

static void
secret_hmac__matches_rfc_2104_over_length_prefixed_parts(void **state)
{
	struct secret key = { 0 };
	unsigned char out[SECRET_HASH];
	char hex[2 * SECRET_HASH + 1];
	const struct secret_part part = { "a", 1 };

	(void)state;
	assert_int_equal(secret_set(&key, "key", 3, NULL), 0);
	secret_hmac(out, &key, &part, 1);
	str_hex(hex, out, sizeof(out));
	/* HMAC-SHA-256("key", 00 00 00 00 00 00 00 01 'a'), computed elsewhere */
	assert_string_equal(hex,
	    "2b2f847a8ddc35a0798156bcd534808ef8cf9fa165daf2d665238a9d7db0f83f");
	secret_clear(&key);
	secret_hmac(out, &key, &part, 1);	/* an empty key is a key */
	secret_hmac(out, &key, NULL, 0);
}

static void
random_parts(struct unit_random *r, struct secret_part *part, size_t *n)
{
	static const char *const text[] = { "", "a", "b", "|", "a|", "|b", "a|b", "aa", "\0\0\0" };

	*n = unit_random_below(r, MAX_PARTS + 1);
	for (size_t i = 0; i < *n; i++) {
		const char *t = text[unit_random_below(r, sizeof(text) / sizeof(text[0]))];

		part[i] = (struct secret_part){ t, *t == '\0' && unit_random_below(r, 2) == 0 ? 3
		                                                                             : strlen(t) };
		if (part[i].len == 3)
			part[i].data = text[8];
		else if (unit_random_below(r, 5) == 0)
			part[i] = (struct secret_part){ NULL, 0 };
	}
}

static bool
same_parts(const struct secret_part *a, size_t n, const struct secret_part *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i].len != b[i].len || (a[i].data == NULL) != (b[i].data == NULL) ||
		    (a[i].len > 0 && memcmp(a[i].data, b[i].data, a[i].len) != 0))
			return false;
	return true;
}

static void
att_A_07__no_two_lists_of_parts_have_one_digest(void **state)
{
	struct unit_random r = unit_random_start();
	struct secret_part a[MAX_PARTS], b[MAX_PARTS];
	unsigned char da[SECRET_HASH], db[SECRET_HASH];
	struct secret key = { 0 };
	size_t n, m;

	(void)state;
	assert_int_equal(secret_set(&key, "k", 1, NULL), 0);
	for (size_t i = 0; i < unit_rounds(3000); i++) {
		random_parts(&r, a, &n);
		random_parts(&r, b, &m);
		secret_hmac(da, &key, a, n);
		secret_hmac(db, &key, b, m);
		assert_int_equal(same_parts(a, n, b, m), secret_bytes_equal(da, db, SECRET_HASH));
	}
	secret_clear(&key);
}

static void
att_O_04__the_process_can_refuse_core_dumps(void **state)
{
	struct rlimit core;

	(void)state;
	secret_protect_process();
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);	/* the leak checker needs it */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_set__copies_ends_in_nul_and_replaces),
		cmocka_unit_test(att_O_04__a_secret_stays_out_of_core_dumps),
		cmocka_unit_test(att_O_04__what_is_given_back_is_empty),
		cmocka_unit_test(secret_set__works_where_locking_is_forbidden),
		cmocka_unit_test(secret_equal__looks_at_length_and_every_byte),
		cmocka_unit_test(secret_hmac__matches_rfc_2104_over_length_prefixed_parts),
		cmocka_unit_test(att_A_07__no_two_lists_of_parts_have_one_digest),
		cmocka_unit_test(att_O_04__the_process_can_refuse_core_dumps),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
