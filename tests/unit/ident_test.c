/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident_test: random texts.  getrandom is wrapped here, so that the tests see
 * which flags are used and what happens when it is short or interrupted.
 */
#include "config.h"

#include "common/base/ident.h"

#include <errno.h>
#include <sys/random.h>

#include "tests/unit/unit.h"

ssize_t __real_getrandom(void *out, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);

static struct {
	unsigned calls, flags_seen;
	bool interrupt, shorten, gone;
} kernel;

ssize_t
__wrap_getrandom(void *out, size_t len, unsigned flags)
{
	kernel.calls++;
	kernel.flags_seen |= flags;
	if (kernel.gone) {
		errno = ENOSYS;
		return -1;
	}
	if (kernel.interrupt && kernel.calls % 2 == 1) {
		errno = EINTR;
		return -1;
	}
	return __real_getrandom(out, kernel.shorten && len > 3 ? 3 : len, flags);
}

static int
forget(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

static void
att_D_05__waits_for_the_kernels_generator_and_takes_no_shortcut(void **state)
{
	unsigned char a[300] = { 0 }, zero[8] = { 0 };

	(void)state;
	assert_int_equal(ident_random(a, sizeof(a), NULL), 0);
	assert_true(kernel.calls > 0);
	assert_int_equal(kernel.flags_seen, 0);	/* no GRND_NONBLOCK, no GRND_INSECURE */
	assert_memory_not_equal(a + 292, zero, 8);
}

static void
att_D_05__short_and_interrupted_answers_are_completed(void **state)
{
	unsigned char a[100] = { 0 }, zero[8] = { 0 };

	(void)state;
	kernel.interrupt = kernel.shorten = true;
	assert_int_equal(ident_random(a, sizeof(a), NULL), 0);
	assert_true(kernel.calls >= 60);
	for (size_t i = 0; i + 8 <= sizeof(a); i += 8)
		assert_memory_not_equal(a + i, zero, 8);
}

static void
att_D_05__fails_where_there_is_no_generator(void **state)
{
	char text[IDENT_TEXT] = "before", code[IDENT_CODE] = "before";
	uint8_t id[IDENT_BYTES] = { 1 };
	struct err e = ERR_INIT;

	(void)state;
	kernel.gone = true;
	assert_int_equal(ident_text(text, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_int_equal(ident_code(code, &e), -1);
	assert_int_equal(ident_new(id, &e), -1);
	assert_string_equal(text, "before");
	assert_string_equal(code, "before");
	assert_int_equal(id[0], 1);
}

static void
ident_new__is_a_version_4_uuid_that_reads_back(void **state)
{
	uint8_t id[IDENT_BYTES], back[IDENT_BYTES];
	char text[IDENT_UUID];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ident_new(id, NULL), 0);
		ident_uuid(text, id);
		assert_int_equal(strlen(text), 36);
		assert_int_equal(text[14], '4');
		assert_non_null(strchr("89ab", text[19]));
		assert_int_equal(ident_from_uuid(back, text), 0);
		assert_memory_equal(id, back, sizeof(id));
	}
	assert_int_equal(ident_from_uuid(back, "not-a-uuid"), -1);
	assert_int_equal(ident_from_uuid(back, ""), -1);
}

static void
ident_text__has_26_letters_and_never_comes_twice(void **state)
{
	static char seen[2000][IDENT_TEXT];

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		assert_int_equal(ident_text(seen[i], NULL), 0);
		assert_int_equal(strlen(seen[i]), 26);
		assert_int_equal(strspn(seen[i], "abcdefghijklmnopqrstuvwxyz234567"), 26);
	}
	qsort(seen, 2000, IDENT_TEXT, (int (*)(const void *, const void *))strcmp);
	for (size_t i = 1; i < 2000; i++)
		assert_string_not_equal(seen[i - 1], seen[i]);
}

static void
ident_code__uses_every_letter_of_its_alphabet(void **state)
{
	bool used[128] = { false };
	char code[IDENT_CODE];

	(void)state;
	for (int i = 0; i < 500; i++) {
		assert_int_equal(ident_code(code, NULL), 0);
		assert_int_equal(strlen(code), 9);
		assert_int_equal(code[4], '-');
		for (const char *p = code; *p != '\0'; p++)
			used[(unsigned char)*p] = true;
	}
	for (const char *p = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-"; *p != '\0'; p++)
		assert_true(used[(unsigned char)*p]);
	assert_false(used['0'] || used['1'] || used['8'] || used['9'] || used['a']);
}

static void
ident_code_fold__forgives_what_phones_do(void **state)
{
	static const char *const good[] = { "ABCD-EF27", "abcd-ef27", "abcdef27", " AbCd ef27 ",
		"ABCD\xe2\x80\x93" "EF27", "ABCD\xc2\xa0" "EF27", "a b c d e f 2 7" };
	static const char *const bad[] = { "", "ABCD", "ABCD-EF2", "ABCD-EF277", "ABCD-EF21",
		"ABCD-EF\xff" "7", "ABCD.EF27", "\xc3\x84" "BCD-EF27" };
	char out[IDENT_CODE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(ident_code_fold(out, good[i]), 0);
		assert_string_equal(out, "ABCD-EF27");
	}
	(void)snprintf(out, sizeof(out), "before");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ident_code_fold(out, bad[i]), -1);
	assert_string_equal(out, "before");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(att_D_05__waits_for_the_kernels_generator_and_takes_no_shortcut,
		    forget),
		cmocka_unit_test_setup(att_D_05__short_and_interrupted_answers_are_completed, forget),
		cmocka_unit_test_setup(att_D_05__fails_where_there_is_no_generator, forget),
		cmocka_unit_test_setup(ident_new__is_a_version_4_uuid_that_reads_back, forget),
		cmocka_unit_test_setup(ident_text__has_26_letters_and_never_comes_twice, forget),
		cmocka_unit_test_setup(ident_code__uses_every_letter_of_its_alphabet, forget),
		cmocka_unit_test_setup(ident_code_fold__forgives_what_phones_do, forget),
	};

	return cmocka_run_group_tests_name("ident", tests, NULL, NULL);
}
