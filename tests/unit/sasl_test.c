/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sasl: the vectors of RFC 5802 and 7677, every forged answer, the choice.
 */
#include "config.h"

#include "common/wire/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"
#define FIRST_1 "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"

static struct sasl *
begin(enum sasl_mech mech, const char *password, const char *nonce, const char *offer)
{
	struct secret secret = { 0 };
	struct sasl_conf c = { .mech = mech, .user = "user", .password = &secret,
		.fixed_nonce = nonce, .offer = offer };
	struct sasl *s;

	assert_int_equal(secret_set(&secret, password, strlen(password), NULL), 0);
	s = sasl_new(&c, NULL);
	secret_clear(&secret);
	return s;
}

/* Sends `first`; returns what sasl_challenge returned, final in *out. */
static int
challenge(struct sasl *s, const char *first, char out[2048])
{
	struct buf b;
	int r;

	buf_init(&b, 2000);
	assert_int_equal(sasl_first(s, &b, NULL), 0);
	buf_reset(&b);
	r = sasl_challenge(s, first, strlen(first), &b, NULL);
	(void)snprintf(out, 2048, "%s", buf_str(&b));
	buf_fini(&b);
	return r;
}

static void
sasl__sha_1_matches_rfc_5802(void **state)
{
	struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
	static const char v[] = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
	char out[2048];

	(void)state;
	assert_int_equal(challenge(s, FIRST_1, out), 0);
	assert_string_equal(out, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	assert_int_equal(sasl_success(s, v, strlen(v), NULL), 0);
	sasl_free(&s);
}

static void
sasl__sha_256_matches_rfc_7677(void **state)
{
	struct sasl *s = begin(SASL_SCRAM_SHA_256, "pencil", "rOprNGfwEbeRWgbNEkqO", NULL);
	static const char v[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
	char out[2048];

	(void)state;
	assert_int_equal(challenge(s, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", out), 0);
	assert_string_equal(out, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_int_equal(sasl_success(s, v, strlen(v), NULL), 0);
	sasl_free(&s);
}

static void
sasl__first_message_escapes_the_name_and_carries_144_random_bits(void **state)
{
	struct secret secret = { 0 };
	struct sasl_conf c = { .mech = SASL_SCRAM_SHA_1, .user = "a=b,c", .password = &secret };
	char seen[2][128];
	int i;

	(void)state;
	assert_int_equal(secret_set(&secret, "pencil", 6, NULL), 0);
	for (i = 0; i < 2; i++) {
		struct sasl *s = sasl_new(&c, NULL);
		struct buf b;

		buf_init(&b, 200);
		assert_int_equal(sasl_first(s, &b, NULL), 0);
		assert_memory_equal(b.data, "n,,n=a=3Db=2Cc,r=", 17);
		assert_int_equal(b.len, 17 + 24);
		(void)snprintf(seen[i], sizeof(seen[i]), "%s", b.data);
		buf_fini(&b);
		sasl_free(&s);
	}
	assert_string_not_equal(seen[0], seen[1]);
	secret_clear(&secret);
}

static void
att_D_01__a_server_without_the_password_is_found_out(void **state)
{
	static const char *const finals[] = { "", "v=", "v=rmF9pqV8S7suAoZWja4dJRkFsKR=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsA==", "e=other-error", "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(finals) / sizeof(*finals); i++) {
		struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
		char out[2048];

		assert_int_equal(challenge(s, FIRST_1, out), 0);
		assert_int_equal(sasl_success(s, finals[i], strlen(finals[i]), NULL), -1);
		/* and no second try */
		assert_int_equal(sasl_success(s, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", 30, NULL), -1);
		sasl_free(&s);
	}
}

static void
att_D_01__success_without_a_challenge_is_refused(void **state)
{
	struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	assert_int_equal(sasl_first(s, &b, NULL), 0);
	assert_int_equal(sasl_success(s, "", 0, NULL), -1);
	buf_fini(&b);
	sasl_free(&s);
}

/* D-01, D-03: nonce, salt, iterations, extensions, order, rubbish. */
static const char *const forged[] = {
	"r=other,s=QSXCR+Q6sek8bf92,i=4096",
	"r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096",		/* not longer */
	"r=FYKO+d2lbbFgONRv9qkxdawLxyz,s=QSXCR+Q6sek8bf92,i=4096",
	"r=" NONCE "x,s=,i=4096",
	"r=" NONCE "x,s=!!!!,i=4096",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=0",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=1",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4095",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=100001",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=2147483648",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=99999999999999999999",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=-4096",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i= 4096",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92",
	"m=x,r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096,m=x",
	"s=QSXCR+Q6sek8bf92,r=" NONCE "x,i=4096",
	"e=unknown-user",
	"",
	",,,",
	"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096,x",
};

static void
att_D_03__forged_challenges_get_no_proof(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
		char out[2048];

		if (challenge(s, forged[i], out) != -1)
			fail_msg("accepted: %s", forged[i]);
		assert_string_equal(out, "");
		assert_int_equal(sasl_success(s, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", 30, NULL), -1);
		sasl_free(&s);
	}
}

static void
att_D_03__the_bounds_of_iterations_are_exact(void **state)
{
	static const char *const good[] = { "i=4096", "i=100000" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
		char first[200], out[2048];

		(void)snprintf(first, sizeof(first), "r=" NONCE "x,s=QSXCR+Q6sek8bf92,%s", good[i]);
		assert_int_equal(challenge(s, first, out), 0);
		sasl_free(&s);
	}
}

static void
att_D_03__a_huge_salt_is_refused(void **state)
{
	struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
	static char first[65536 + 100];
	char out[2048];
	int n = snprintf(first, sizeof(first), "r=" NONCE "x,s=");

	(void)state;
	memset(first + n, 'A', 65536);
	memcpy(first + n + 65536, ",i=4096", 8);
	assert_int_equal(challenge(s, first, out), -1);
	sasl_free(&s);
}

static void
sasl__a_second_challenge_is_refused(void **state)
{
	struct sasl *s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, NULL);
	char out[2048];
	struct buf b;

	(void)state;
	buf_init(&b, 2000);
	assert_int_equal(challenge(s, FIRST_1, out), 0);
	assert_int_equal(sasl_challenge(s, FIRST_1, strlen(FIRST_1), &b, NULL), -1);
	assert_int_equal(sasl_success(s, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", 30, NULL), -1);
	buf_fini(&b);
	sasl_free(&s);
}

static void
sasl__plus_carries_type_and_data(void **state)
{
	struct secret secret = { 0 };
	struct sasl_conf c = { .mech = SASL_SCRAM_SHA_1_PLUS, .user = "user", .password = &secret,
		.fixed_nonce = NONCE, .binding = SASL_BIND_TLS_EXPORTER,
		.binding_data = "DATA", .binding_len = 4 };
	struct sasl *s;
	struct buf b;

	(void)state;
	assert_int_equal(secret_set(&secret, "pencil", 6, NULL), 0);
	s = sasl_new(&c, NULL);
	buf_init(&b, 2000);
	assert_int_equal(sasl_first(s, &b, NULL), 0);
	assert_string_equal(b.data, "p=tls-exporter,,n=user,r=" NONCE);
	buf_reset(&b);
	assert_int_equal(sasl_challenge(s, FIRST_1, strlen(FIRST_1), &b, NULL), 0);
	/* base64 of "p=tls-exporter,,DATA" */
	assert_memory_equal(b.data, "c=cD10bHMtZXhwb3J0ZXIsLERBVEE=,", 31);
	sasl_free(&s);
	c.binding_len = 0;
	assert_null(sasl_new(&c, NULL));
	c.mech = SASL_SCRAM_SHA_1;
	c.could_bind = true;
	s = sasl_new(&c, NULL);
	buf_reset(&b);
	assert_int_equal(sasl_first(s, &b, NULL), 0);
	assert_memory_equal(b.data, "y,,", 3);
	sasl_free(&s);
	buf_fini(&b);
	secret_clear(&secret);
}

/* The vector of XEP-0474 with the hash of SCRAM-SHA-1. */
static void
sasl__xep_0474_hash_of_the_offer_is_verified(void **state)
{
	const char *names[] = { "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1" };
	const char *types[] = { "tls-server-end-point", "tls-exporter" };
	struct buf text;
	char out[2048];
	struct sasl *s;

	(void)state;
	buf_init(&text, 200);
	sasl_offer_text(&text, names, 2, types, 2);
	assert_string_equal(text.data, "SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1ftls-exporter\x1etls-server-end-point");
	s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, text.data);
	assert_int_equal(challenge(s, FIRST_1 ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=", out), 0);
	sasl_free(&s);
	s = begin(SASL_SCRAM_SHA_1, "pencil", NONCE, "SCRAM-SHA-1");
	assert_int_equal(challenge(s, FIRST_1 ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=", out), -1);
	assert_string_equal(out, "");
	sasl_free(&s);
	buf_fini(&text);
}

static void
sasl__passwords_beyond_ascii_are_prepared(void **state)
{
	/* U+00AA becomes "a", a soft hyphen goes away: RFC 4013 section 3 */
	struct sasl *a = begin(SASL_SCRAM_SHA_1, "a", NONCE, NULL);
	struct sasl *b = begin(SASL_SCRAM_SHA_1, "\xc2\xaa\xc2\xad", NONCE, NULL);
	char out_a[2048], out_b[2048];

	(void)state;
	assert_non_null(b);
	assert_int_equal(challenge(a, FIRST_1, out_a), 0);
	assert_int_equal(challenge(b, FIRST_1, out_b), 0);
	assert_string_equal(out_a, out_b);
	sasl_free(&a);
	sasl_free(&b);
	assert_null(begin(SASL_SCRAM_SHA_1, "\xff\xfe", NONCE, NULL));
}

static void
sasl__the_strongest_usable_mechanism_is_chosen(void **state)
{
	struct sasl_offer o = { .tls13 = true, .can_bind = SASL_BIND_TLS_EXPORTER };

	(void)state;
	assert_int_equal(sasl_choose(&o), SASL_NONE);
	o.mech[SASL_EXTERNAL] = true;
	assert_int_equal(sasl_choose(&o), SASL_NONE);
	o.mech[SASL_SCRAM_SHA_1] = true;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1);
	o.mech[SASL_SCRAM_SHA_1_PLUS] = true;	/* on 1.3, no list: do not trust it */
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1);
	o.server_listed_bindings = true;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1);
	o.server_binds[SASL_BIND_TLS_EXPORTER] = true;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1_PLUS);
	o.mech[SASL_SCRAM_SHA_512] = true;	/* row D2: what binds comes before the hash */
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1_PLUS);
	o.unbound = true;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_512);
	o.has_cert = true;
	assert_int_equal(sasl_choose(&o), SASL_EXTERNAL);
	o = (struct sasl_offer){ .can_bind = SASL_BIND_TLS_UNIQUE };
	o.mech[SASL_SCRAM_SHA_1] = o.mech[SASL_SCRAM_SHA_1_PLUS] = true;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1_PLUS);
	o.can_bind = SASL_BIND_NONE;
	assert_int_equal(sasl_choose(&o), SASL_SCRAM_SHA_1);
}

static void
att_D_02__only_scram_and_external_have_a_name(void **state)
{
	static const char *const never[] = { "PLAIN", "DIGEST-MD5", "CRAM-MD5", "ANONYMOUS", "LOGIN",
		"X-OAUTH2", "SCRAM-MD5", "scram-sha-1", "", "SCRAM-SHA-1 " };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(never) / sizeof(*never); i++)
		assert_int_equal(sasl_mech_find(never[i]), SASL_NONE);
	for (i = 1; i < SASL_MECH_COUNT; i++)
		assert_int_equal(sasl_mech_find(sasl_mech_name((enum sasl_mech)i)), i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sasl__sha_1_matches_rfc_5802),
		cmocka_unit_test(sasl__sha_256_matches_rfc_7677),
		cmocka_unit_test(sasl__first_message_escapes_the_name_and_carries_144_random_bits),
		cmocka_unit_test(att_D_01__a_server_without_the_password_is_found_out),
		cmocka_unit_test(att_D_01__success_without_a_challenge_is_refused),
		cmocka_unit_test(att_D_03__forged_challenges_get_no_proof),
		cmocka_unit_test(att_D_03__the_bounds_of_iterations_are_exact),
		cmocka_unit_test(att_D_03__a_huge_salt_is_refused),
		cmocka_unit_test(sasl__a_second_challenge_is_refused),
		cmocka_unit_test(sasl__plus_carries_type_and_data),
		cmocka_unit_test(sasl__xep_0474_hash_of_the_offer_is_verified),
		cmocka_unit_test(sasl__passwords_beyond_ascii_are_prepared),
		cmocka_unit_test(sasl__the_strongest_usable_mechanism_is_chosen),
		cmocka_unit_test(att_D_02__only_scram_and_external_have_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
