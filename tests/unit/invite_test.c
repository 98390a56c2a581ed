/* SPDX-License-Identifier: Apache-2.0 */
/* invite_test: the links and tokens that operators hand out, and what is none. */
#include "config.h"

#include "common/wire/invite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof(*(a)))

static void
the_token_is_found_in_every_form(void **state)
{
	static const char *const texts[] = {
		"tok-1_2", "  tok-1_2\n", "xmpp:a.test?register;preauth=tok-1_2",
		"xmpp:A.TEST?register;preauth=tok-1_2;x=y", "XMPP:a.test?register;x=y;preauth=tok%2D1%5f2",
		"xmpp:anna@a.test?roster;preauth=tok-1_2;ibr=y",
	};
	struct secret s = { NULL, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		if (invite_read(&s, texts[i], "a.test", NULL) != 0 || !secret_equal(&s, "tok-1_2", 7))
			fail_msg("%s", texts[i]);
		secret_clear(&s);
	}
	assert_int_equal(invite_read(&s, "xmpp:any.test?register;preauth=t", NULL, NULL), 0);
	secret_clear(&s);
}

static void
what_makes_no_account_here_is_refused_without_showing_the_token(void **state)
{
	static const char *const texts[] = {
		"", " ", "two tok-secret", "xmpp:a.test", "xmpp:a.test?register", "xmpp:a.test?register;preauth=",
		"xmpp:b.test?register;preauth=tok-secret", "xmpp:xa.test?register;preauth=tok-secret",
		"xmpp:anna@a.test?register;preauth=tok-secret", "xmpp:anna@a.test?roster;preauth=tok-secret",
		"xmpp:anna@b.test?roster;preauth=tok-secret;ibr=y", "xmpp:a.test?register;preauth=tok-secret%",
		"xmpp:a.test?register;preauth=tok-secret%0a", "xmpp:a.test?register;preauth=tok-secret%zz",
		"tok-secret\x01", "xmpp:a.test?register;xpreauth=tok-secret",
	};
	struct secret s = { NULL, 0 };
	char big[2 * INVITE_TOKEN];
	size_t i;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		struct err e = ERR_INIT;

		if (invite_read(&s, texts[i], "a.test", &e) == 0)
			fail_msg("%s", texts[i]);
		assert_null(strstr(e.text, "tok-secret"));
		assert_null(s.data);
	}
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(invite_read(&s, big, "a.test", NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_found_in_every_form),
		cmocka_unit_test(what_makes_no_account_here_is_refused_without_showing_the_token),
	};

	return cmocka_run_group_tests_name("invite", tests, NULL, NULL);
}
