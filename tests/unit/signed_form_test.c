/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_form: XEP-0348 against vectors that others computed, and the verifier
 * against every dialect and against whoever has not the secret.
 */
#include "config.h"

#include "common/wire/signed_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define N(a) (sizeof(a) / sizeof(*(a)))
#define DOMAIN "iot.test"

static const struct signed_form_field form[] = {
	{ "FORM_TYPE", "urn:xmpp:xdata:signature:oauth1" },
	{ "username", "dev1" },
	{ "password", "p w+1" },
	{ "oauth_version", "1.0" },
	{ "oauth_signature_method", "HMAC-SHA1" },
	{ "oauth_token", "tok1" },
	{ "oauth_token_secret", "tsec1" },
	{ "oauth_nonce", "0123456789abcdef" },
	{ "oauth_timestamp", "1512022279" },
	{ "oauth_consumer_key", "manufacturer1" },
	{ "oauth_signature", "" },
};

static struct secret
secret_of(const char *text)
{
	struct secret s = { NULL, 0 };

	assert_int_equal(secret_set(&s, text, strlen(text), NULL), 0);
	return s;
}

static void
sign(char out[static SIGNED_FORM_TEXT], const struct signed_form_dialect *d,
    enum signed_form_method m, const struct secret *maker)
{
	const struct signed_form_secrets s = { maker, "tsec1" };
	struct buf b;

	buf_init(&b, SIGNED_FORM_TEXT);
	assert_int_equal(signed_form_sign(&b, form, N(form), d, m, &s, NULL), 0);
	(void)snprintf(out, SIGNED_FORM_TEXT, "%s", buf_str(&b));
	buf_fini(&b);
}

static void
what_is_signed_is_as_written_in_the_xep(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(signed_form_base(&b, form, N(form),
	    &(struct signed_form_dialect){ DOMAIN, false }, NULL), 0);
	assert_string_equal(buf_str(&b), "submit&iot.test&"
	    "FORM_TYPE%3Durn%253Axmpp%253Axdata%253Asignature%253Aoauth1%26"
	    "oauth_consumer_key%3Dmanufacturer1%26oauth_nonce%3D0123456789abcdef%26"
	    "oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1512022279%26"
	    "oauth_token%3Dtok1%26oauth_version%3D1.0%26password%3Dp%2520w%252B1%26"
	    "username%3Ddev1");
	buf_fini(&b);
}

static void
signatures_are_those_that_others_computed(void **state)
{
	struct secret maker = secret_of("csecret");
	char text[SIGNED_FORM_TEXT];

	(void)state;
	sign(text, &(struct signed_form_dialect){ "", true }, SIGNED_FORM_HMAC_SHA1, &maker);
	assert_string_equal(text, "2ABsSrLrbW0e5WjwGAVug%2FahxSg%3D");
	sign(text, &(struct signed_form_dialect){ DOMAIN, false }, SIGNED_FORM_HMAC_SHA1, &maker);
	assert_string_equal(text, "ldbBJiS%2Bm4%2B1GqSDMSjkhJAeWbQ%3D");
	secret_clear(&maker);
}

static void
everything_but_the_unreserved_is_escaped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	signed_form_escape(&b, "aZ09-._~ +*%/\xc3\xa9", 15);
	assert_string_equal(buf_str(&b), "aZ09-._~%20%2B%2A%25%2F%C3%A9");
	buf_fini(&b);
}

static void
att_D_16__plaintext_is_no_method(void **state)
{
	(void)state;
	assert_int_equal(signed_form_method("HMAC-SHA1"), SIGNED_FORM_HMAC_SHA1);
	assert_int_equal(signed_form_method("RSA-SHA1"), SIGNED_FORM_RSA_SHA1);
	assert_int_equal(signed_form_method("PLAINTEXT"), SIGNED_FORM_NONE);
	assert_int_equal(signed_form_method("plaintext"), SIGNED_FORM_NONE);
	assert_int_equal(signed_form_method(""), SIGNED_FORM_NONE);
}

static void
every_deployed_dialect_is_verified(void **state)
{
	static const struct signed_form_dialect ways[] = {
		{ "", false }, { "", true }, { DOMAIN, false }, { DOMAIN, true },
	};
	struct secret maker = secret_of("csecret"), other = secret_of("csecret2");
	const struct signed_form_secrets s = { &maker, "tsec1" }, wrong = { &other, "tsec1" };
	const struct signed_form_secrets no_token = { &maker, "" };
	char text[SIGNED_FORM_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < N(ways); i++) {
		sign(text, &ways[i], SIGNED_FORM_HMAC_SHA1, &maker);
		assert_true(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text));
		assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &wrong, text));
		assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &no_token, text));
		assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_NONE, &s, text));
	}
	/* not escaped, as some send it; and with names in another order than sent */
	assert_true(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s,
	    "2ABsSrLrbW0e5WjwGAVug/ahxSg="));
	sign(text, &(struct signed_form_dialect){ "evil.test", false }, SIGNED_FORM_HMAC_SHA1, &maker);
	assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text));
	secret_clear(&maker);
	secret_clear(&other);
}

/* XEP-0348 leaves the order open; .NET sorts without case. */
static void
names_that_sort_in_two_ways_are_verified_in_both(void **state)
{
	static const struct signed_form_field odd[] = {
		{ "UserName", "x" }, { "password", "y" }, { "email", "z" }, { "Captcha", "1" },
	};
	struct secret maker = secret_of("csecret");
	const struct signed_form_secrets s = { &maker, "" };
	char text[2][SIGNED_FORM_TEXT];
	struct buf b;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct signed_form_dialect d = { "", i == 1 };

		buf_init(&b, SIGNED_FORM_TEXT);
		assert_int_equal(signed_form_sign(&b, odd, N(odd), &d, SIGNED_FORM_HMAC_SHA1, &s, NULL), 0);
		(void)snprintf(text[i], sizeof(text[i]), "%s", buf_str(&b));
		buf_fini(&b);
		assert_true(signed_form_verify(odd, N(odd), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text[i]));
	}
	assert_string_not_equal(text[0], text[1]);
	secret_clear(&maker);
}

static void
any_changed_field_breaks_the_signature(void **state)
{
	struct secret maker = secret_of("csecret");
	const struct signed_form_secrets s = { &maker, "tsec1" };
	struct signed_form_field f[N(form)];
	char text[SIGNED_FORM_TEXT];
	size_t i;

	(void)state;
	sign(text, &(struct signed_form_dialect){ "", false }, SIGNED_FORM_HMAC_SHA1, &maker);
	for (i = 0; i < N(form); i++) {
		bool left_out = strcmp(form[i].var, "oauth_signature") == 0 ||
		    strcmp(form[i].var, "oauth_token_secret") == 0;

		memcpy(f, form, sizeof(form));
		f[i].value = "other";
		assert_int_equal(signed_form_verify(f, N(f), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text), left_out);
		memcpy(f, form, sizeof(form));
		f[i].var = i == 0 ? "other" : f[0].var;	/* renamed, or one name twice */
		assert_false(signed_form_verify(f, N(f), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text));
	}
	secret_clear(&maker);
}

static void
signatures_that_are_no_text_are_no_signatures(void **state)
{
	static const char *const bad[] = { "", "%", "%2", "%zz", "=", "2ABsSrLrbW0e5WjwGAVug%2FahxSg",
		"2ABsSrLrbW0e5WjwGAVug%00FahxSg%3D" };
	struct secret maker = secret_of("csecret");
	const struct signed_form_secrets s = { &maker, "tsec1" };
	char big[4 * SIGNED_FORM_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < N(bad); i++)
		assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, bad[i]));
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, big));
	secret_clear(&maker);
}

static struct secret
pem_of(EVP_PKEY *key, bool private)
{
	BIO *b = BIO_new(BIO_s_mem());
	struct secret s = { NULL, 0 };
	char *data;
	long len;

	assert_int_equal(private ? PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) :
	    PEM_write_bio_PUBKEY(b, key), 1);
	len = BIO_get_mem_data(b, &data);
	assert_int_equal(secret_set(&s, data, (size_t)len, NULL), 0);
	BIO_free(b);
	return s;
}

static void
a_maker_with_an_rsa_key_signs_with_it(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *other = EVP_RSA_gen(2048);
	struct secret private = pem_of(key, true), public = pem_of(key, false);
	struct secret others = pem_of(other, false);
	const struct signed_form_secrets s = { &public, "tsec1" }, wrong = { &others, "tsec1" };
	char text[SIGNED_FORM_TEXT];

	(void)state;
	assert_int_equal(signed_form_method_of(&private), SIGNED_FORM_RSA_SHA1);
	sign(text, &(struct signed_form_dialect){ "", false }, SIGNED_FORM_RSA_SHA1, &private);
	assert_true(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_RSA_SHA1, &s, text));
	assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_RSA_SHA1, &wrong, text));
	/* The public key is known to everybody: it is no secret of an HMAC. */
	assert_false(signed_form_verify(form, N(form), DOMAIN, SIGNED_FORM_HMAC_SHA1, &s, text));
	secret_clear(&private);
	secret_clear(&public);
	secret_clear(&others);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_as_written_in_the_xep),
		cmocka_unit_test(signatures_are_those_that_others_computed),
		cmocka_unit_test(everything_but_the_unreserved_is_escaped),
		cmocka_unit_test(att_D_16__plaintext_is_no_method),
		cmocka_unit_test(every_deployed_dialect_is_verified),
		cmocka_unit_test(names_that_sort_in_two_ways_are_verified_in_both),
		cmocka_unit_test(any_changed_field_breaks_the_signature),
		cmocka_unit_test(signatures_that_are_no_text_are_no_signatures),
		cmocka_unit_test(a_maker_with_an_rsa_key_signs_with_it),
	};

	return cmocka_run_group_tests_name("signed_form", tests, NULL, NULL);
}
