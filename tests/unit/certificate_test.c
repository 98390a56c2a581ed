/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_test: which certificates are taken, why others are not, and who has the key. */
#include "config.h"

#include "tests/unit/unit.h"

#include "tests/unit/certificate_support.h"

static enum certificate_fault fault_of(const struct cert_recipe *r)
{
	struct certificate c = { 0 };
	size_t len;
	uint8_t *der = cert_make(r, &len);
	enum certificate_fault f = certificate_parse(&c, der, len, CERT_NOW);

	if (f == CERTIFICATE_GOOD)
		certificate_free(&c);
	OPENSSL_free(der);
	return f;
}

/* Takes the key. */
static enum certificate_fault fault_of_key(EVP_PKEY *key)
{
	struct cert_recipe r = { .key = key };
	enum certificate_fault f = fault_of(&r);

	EVP_PKEY_free(key);
	return f;
}

#define REFUSED(call, why) \
	assert_string_equal(certificate_fault_name(call), certificate_fault_name(why))

static void keys_that_prove_something_are_taken(void **state)
{
	(void)state;
	REFUSED(fault_of_key(cert_rsa_public(2048, 65537, true)), CERTIFICATE_GOOD);
	REFUSED(fault_of_key(cert_rsa_public(8192, 65537, true)), CERTIFICATE_GOOD);
	REFUSED(fault_of_key(cert_ec("P-256")), CERTIFICATE_GOOD);
	REFUSED(fault_of_key(cert_ec("P-384")), CERTIFICATE_GOOD);
	REFUSED(fault_of_key(cert_ec("P-521")), CERTIFICATE_GOOD);
	REFUSED(fault_of_key(cert_ed25519()), CERTIFICATE_GOOD);
}

static void att_P_14__weak_and_enormous_rsa_keys_are_refused(void **state)
{
	(void)state;
	REFUSED(fault_of_key(cert_rsa_public(512, 65537, true)), CERTIFICATE_RSA_WEAK);
	REFUSED(fault_of_key(cert_rsa_public(1024, 65537, true)), CERTIFICATE_RSA_WEAK);
	REFUSED(fault_of_key(cert_rsa_public(2047, 65537, true)), CERTIFICATE_RSA_WEAK);
	REFUSED(fault_of_key(cert_rsa_public(8193, 65537, true)), CERTIFICATE_RSA_BIG);
	REFUSED(fault_of_key(cert_rsa_public(16384, 65537, true)), CERTIFICATE_RSA_BIG);
	REFUSED(fault_of_key(cert_rsa_public(2048, 1, true)), CERTIFICATE_RSA_EXPONENT);
	REFUSED(fault_of_key(cert_rsa_public(2048, 3, true)), CERTIFICATE_RSA_EXPONENT);
	REFUSED(fault_of_key(cert_rsa_public(2048, 65538, true)), CERTIFICATE_RSA_EXPONENT);
	REFUSED(fault_of_key(cert_rsa_public(2048, 65537, false)), CERTIFICATE_RSA_EXPONENT);
}

static void att_P_14__other_curves_and_other_keys_are_refused(void **state)
{
	EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");

	(void)state;
	REFUSED(fault_of_key(cert_ec("secp256k1")), CERTIFICATE_CURVE);
	REFUSED(fault_of_key(cert_ec("prime192v1")), CERTIFICATE_CURVE);
	REFUSED(fault_of_key(cert_ec("brainpoolP256r1")), CERTIFICATE_CURVE);
	REFUSED(fault_of_key(x25519), CERTIFICATE_KEY_TYPE);
	REFUSED(fault_of_key(ed448), CERTIFICATE_KEY_TYPE);
}

static void att_P_14__a_curve_that_is_spelled_out_is_refused(void **state)
{
	EVP_PKEY *key = cert_ec("P-256");
	uint8_t *spki = NULL;
	const unsigned char *at;
	EVP_PKEY *again;
	int n;

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
	    "explicit"), 1);
	n = i2d_PUBKEY(key, &spki);
	assert_true(n > 200);
	at = spki;
	again = d2i_PUBKEY(NULL, &at, n);
	assert_non_null(again);
	REFUSED(fault_of_key(again), CERTIFICATE_CURVE);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
}

static void att_P_14__a_point_that_is_not_on_its_curve_is_refused(void **state)
{
	struct cert_recipe r = { .key = cert_ec("P-256") };
	struct certificate c = { 0 };
	uint8_t point[65];
	size_t len, n;
	uint8_t *der = cert_make(&r, &len), *in;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(r.key,
	    OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n), 1);
	in = memmem(der, len, point, n);
	assert_non_null(in);
	in[n - 1] ^= 1;
	assert_int_not_equal(certificate_parse(&c, der, len, CERT_NOW), CERTIFICATE_GOOD);
	assert_null(c.x509);
	OPENSSL_free(der);
	EVP_PKEY_free(r.key);
}

static void att_P_14__it_must_hold_now(void **state)
{
	EVP_PKEY *key = cert_ed25519();
	struct cert_recipe over = { .key = key, .from_s = -100, .until_s = -1 };
	struct cert_recipe soon = { .key = key, .from_s = 1, .until_s = 100 };
	struct cert_recipe last = { .key = key, .from_s = -100, .until_s = 0 };
	struct cert_recipe first = { .key = key, .from_s = 0, .until_s = 100 };

	(void)state;
	REFUSED(fault_of(&over), CERTIFICATE_OVER);
	REFUSED(fault_of(&soon), CERTIFICATE_NOT_YET);
	REFUSED(fault_of(&last), CERTIFICATE_GOOD);
	REFUSED(fault_of(&first), CERTIFICATE_GOOD);
	EVP_PKEY_free(key);
}

static void att_P_14__it_must_be_for_this_and_not_for_signing_others(void **state)
{
	EVP_PKEY *ed = cert_ed25519(), *rsa = cert_rsa_public(2048, 65537, true);
	static const struct {
		bool rsa;
		const char *usage, *constraints;
		int version;
		enum certificate_fault f;
	} rows[] = {
		{ true, "keyEncipherment", NULL, 0, CERTIFICATE_GOOD },
		{ true, "critical,dataEncipherment", "CA:FALSE", 0, CERTIFICATE_GOOD },
		{ true, "digitalSignature", NULL, 0, CERTIFICATE_USAGE },
		{ false, "digitalSignature", "critical,CA:FALSE", 0, CERTIFICATE_GOOD },
		{ false, "keyAgreement", NULL, 0, CERTIFICATE_USAGE },
		{ false, NULL, "CA:TRUE", 0, CERTIFICATE_AUTHORITY },
		{ false, "digitalSignature,keyCertSign", NULL, 0, CERTIFICATE_AUTHORITY },
		{ false, NULL, NULL, 1, CERTIFICATE_OLD_FORM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_recipe r = { .key = rows[i].rsa ? rsa : ed, .usage = rows[i].usage,
			.constraints = rows[i].constraints, .version = rows[i].version };

		REFUSED(fault_of(&r), rows[i].f);
	}
	REFUSED(fault_of(&(struct cert_recipe){ .key = ed, .other_critical = "1.2.3.4" }),
	    CERTIFICATE_EXTENSION);
	EVP_PKEY_free(ed);
	EVP_PKEY_free(rsa);
}

static void att_P_14__what_is_no_certificate_is_refused(void **state)
{
	struct cert_recipe r = { .key = cert_ed25519() };
	struct certificate c = { 0 };
	size_t len;
	uint8_t *der = cert_make(&r, &len), *big = calloc(1, 1 << 20);

	(void)state;
	assert_non_null(big);
	REFUSED(certificate_parse(&c, der, 0, CERT_NOW), CERTIFICATE_MALFORMED);
	for (size_t n = 1; n < len; n++)
		REFUSED(certificate_parse(&c, der, n, CERT_NOW), CERTIFICATE_MALFORMED);
	memcpy(big, der, len);
	REFUSED(certificate_parse(&c, big, len + 1, CERT_NOW), CERTIFICATE_MALFORMED);
	REFUSED(certificate_parse(&c, big, CERTIFICATE_BYTES, CERT_NOW), CERTIFICATE_MALFORMED);
	REFUSED(certificate_parse(&c, big, 1 << 20, CERT_NOW), CERTIFICATE_TOO_LONG);
	/* Its length written with a byte more than it needs, or without an end. */
	memcpy(big + 5, der + 4, len - 4);
	memcpy(big, (uint8_t[]){ 0x30, 0x83, 0, der[2], der[3] }, 5);
	REFUSED(certificate_parse(&c, big, len + 1, CERT_NOW), CERTIFICATE_MALFORMED);
	big[1] = 0x80;
	REFUSED(certificate_parse(&c, big, len + 1, CERT_NOW), CERTIFICATE_MALFORMED);
	assert_null(c.x509);
	free(big);
	OPENSSL_free(der);
	EVP_PKEY_free(r.key);
}

static void att_P_14__no_flipped_bit_does_harm(void **state)
{
	struct cert_recipe r = { .key = cert_ec("P-256"), .usage = "digitalSignature" };
	struct certificate c;
	size_t len;
	uint8_t *der = cert_make(&r, &len);

	(void)state;
	for (size_t i = 0; i < 8 * len; i++) {
		der[i / 8] ^= (uint8_t)(1u << i % 8);
		if (certificate_parse(&c, der, len, CERT_NOW) == CERTIFICATE_GOOD)
			certificate_free(&c);
		der[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	OPENSSL_free(der);
	EVP_PKEY_free(r.key);
}

static void a_name_is_of_the_whole_certificate(void **state)
{
	EVP_PKEY *key = cert_ed25519();
	struct cert_recipe r = { .key = key }, other = { .key = key, .usage = "digitalSignature" };
	struct certificate a = { 0 }, b = { 0 }, c = { 0 };
	size_t len, other_len;
	uint8_t *der = cert_make(&r, &len), *second = cert_make(&other, &other_len);

	(void)state;
	assert_int_equal(certificate_parse(&a, der, len, CERT_NOW), CERTIFICATE_GOOD);
	assert_int_equal(certificate_parse(&b, der, len, CERT_NOW + 5), CERTIFICATE_GOOD);
	assert_int_equal(certificate_parse(&c, second, other_len, CERT_NOW), CERTIFICATE_GOOD);
	assert_int_equal(strlen(a.name), 26);
	assert_int_equal(strspn(a.name, "abcdefghijklmnopqrstuvwxyz234567"), 26);
	assert_string_equal(a.name, b.name);
	assert_string_not_equal(a.name, c.name);
	assert_int_equal(a.until_ms, CERT_NOW + 86401000);
	certificate_free(&a);
	certificate_free(&b);
	certificate_free(&c);
	OPENSSL_free(der);
	OPENSSL_free(second);
	EVP_PKEY_free(key);
}

static const struct secret_part about[] = { { "purpose", 7 }, { "kith.example", 12 } };
static const struct secret_part elsewhere[] = { { "purposek", 8 }, { "ith.example", 11 } };

static void whoever_has_the_rsa_key_reads_the_challenge(void **state)
{
	struct cert_recipe r = { .key = cert_rsa(2048) };
	struct certificate c = { 0 };
	uint8_t plain[32], cipher[CERTIFICATE_CIPHER], out[CERTIFICATE_CIPHER];
	size_t len, n;
	uint8_t *der = cert_make(&r, &len);

	(void)state;
	memset(plain, 7, sizeof(plain));
	assert_int_equal(certificate_parse(&c, der, len, CERT_NOW), CERTIFICATE_GOOD);
	assert_int_equal(c.kind, CERTIFICATE_DECRYPTS);
	assert_int_equal(certificate_encrypt(&c, plain, 32, NULL, 0, cipher, &n, NULL), 0);
	assert_int_equal(n, 256);
	assert_int_equal(cert_decrypt(r.key, cipher, n, NULL, 0, out, sizeof(out)), 32);
	assert_memory_equal(out, plain, 32);
	/* With our own form the label must be the same on both sides. */
	assert_int_equal(certificate_encrypt(&c, plain, 32, about, 2, cipher, &n, NULL), 0);
	assert_int_equal(cert_decrypt(r.key, cipher, n, about, 2, out, sizeof(out)), 32);
	assert_memory_equal(out, plain, 32);
	assert_int_equal(cert_decrypt(r.key, cipher, n, elsewhere, 2, out, sizeof(out)), 0);
	assert_int_equal(cert_decrypt(r.key, cipher, n, NULL, 0, out, sizeof(out)), 0);
	assert_false(certificate_verify(&c, cipher, n, about, 2));
	certificate_free(&c);
	OPENSSL_free(der);
	EVP_PKEY_free(r.key);
}

static void whoever_has_the_ec_or_ed25519_key_signs_the_challenge(void **state)
{
	struct { EVP_PKEY *key; const EVP_MD *md; } k[] = {
		{ cert_ec("P-256"), EVP_sha256() }, { cert_ec("P-384"), EVP_sha384() },
		{ cert_ec("P-521"), EVP_sha512() }, { cert_ed25519(), NULL },
	};
	uint8_t signature[256], cipher[CERTIFICATE_CIPHER];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct cert_recipe r = { .key = k[i].key };
		struct certificate c = { 0 };
		size_t len, n;
		uint8_t *der = cert_make(&r, &len);

		assert_int_equal(certificate_parse(&c, der, len, CERT_NOW), CERTIFICATE_GOOD);
		assert_int_equal(c.kind, CERTIFICATE_SIGNS);
		n = cert_sign(k[i].key, k[i].md, about, 2, signature, sizeof(signature));
		assert_true(n > 0);
		assert_true(certificate_verify(&c, signature, n, about, 2));
		assert_false(certificate_verify(&c, signature, n, elsewhere, 2));
		assert_false(certificate_verify(&c, signature, n - 1, about, 2));
		assert_false(certificate_verify(&c, signature, 0, about, 2));
		signature[n / 2] ^= 1;
		assert_false(certificate_verify(&c, signature, n, about, 2));
		assert_int_equal(certificate_encrypt(&c, signature, 32, NULL, 0, cipher, &n,
		    NULL), -1);
		certificate_free(&c);
		OPENSSL_free(der);
		EVP_PKEY_free(k[i].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_prove_something_are_taken),
		cmocka_unit_test(att_P_14__weak_and_enormous_rsa_keys_are_refused),
		cmocka_unit_test(att_P_14__other_curves_and_other_keys_are_refused),
		cmocka_unit_test(att_P_14__a_curve_that_is_spelled_out_is_refused),
		cmocka_unit_test(att_P_14__a_point_that_is_not_on_its_curve_is_refused),
		cmocka_unit_test(att_P_14__it_must_hold_now),
		cmocka_unit_test(att_P_14__it_must_be_for_this_and_not_for_signing_others),
		cmocka_unit_test(att_P_14__what_is_no_certificate_is_refused),
		cmocka_unit_test(att_P_14__no_flipped_bit_does_harm),
		cmocka_unit_test(a_name_is_of_the_whole_certificate),
		cmocka_unit_test(whoever_has_the_rsa_key_reads_the_challenge),
		cmocka_unit_test(whoever_has_the_ec_or_ed25519_key_signs_the_challenge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
