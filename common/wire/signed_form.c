/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_form: XEP-0348 section 3, step by step: sort, PStr, BStr, signature.
 */
#include "config.h"

#include "common/wire/signed_form.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "common/base/str.h"

#define BASE_BYTES (64 * 1024)	/* of all names and values, escaped twice */
#define RSA_BYTES 512		/* 4096 bits */

static const char *const method_names[] = { "", "HMAC-SHA1", "RSA-SHA1" };

enum signed_form_method
signed_form_method(const char *name)
{
	if (strcmp(name, method_names[SIGNED_FORM_HMAC_SHA1]) == 0)
		return SIGNED_FORM_HMAC_SHA1;
	return strcmp(name, method_names[SIGNED_FORM_RSA_SHA1]) == 0 ? SIGNED_FORM_RSA_SHA1 :
	    SIGNED_FORM_NONE;
}

const char *
signed_form_method_name(enum signed_form_method m)
{
	return method_names[m];
}

enum signed_form_method
signed_form_method_of(const struct secret *maker)
{
	return strstr((const char *)maker->data, "-----BEGIN ") != NULL ? SIGNED_FORM_RSA_SHA1 :
	    SIGNED_FORM_HMAC_SHA1;
}

/* What is signed */

void
signed_form_escape(struct buf *out, const char *text, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~";
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] != '\0' && strchr(plain, text[i]) != NULL)
			buf_addc(out, text[i]);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
	}
}

static void
escape(struct buf *out, const char *text)
{
	signed_form_escape(out, text, strlen(text));
}

static int
compare(const struct signed_form_field *a, const struct signed_form_field *b, bool folded)
{
	int order = folded ? str_case_cmp(a->var, b->var) : 0;

	return order != 0 ? order : strcmp(a->var, b->var);
}

static bool
is_signed(const struct signed_form_field *f)
{
	return strcmp(f->var, "oauth_signature") != 0 && strcmp(f->var, "oauth_token_secret") != 0;
}

/* How many there are in sorted[]; -1: one name twice.  They are few: each is put
 * where it belongs. */
static int
sort(const struct signed_form_field *sorted[static SIGNED_FORM_FIELDS],
    const struct signed_form_field *f, size_t n, bool folded)
{
	size_t used = 0, i, at;

	for (i = 0; i < n; i++) {
		if (!is_signed(&f[i]))
			continue;
		for (at = used; at > 0 && compare(&f[i], sorted[at - 1], folded) < 0; at--)
			sorted[at] = sorted[at - 1];
		if (at > 0 && strcmp(f[i].var, sorted[at - 1]->var) == 0)
			return -1;
		sorted[at] = &f[i];
		used++;
	}
	return (int)used;
}

static int
add_parameters(struct buf *out, const struct signed_form_field *f, size_t n, bool folded)
{
	const struct signed_form_field *sorted[SIGNED_FORM_FIELDS];
	int used = n <= SIGNED_FORM_FIELDS ? sort(sorted, f, n, folded) : -1, i;

	for (i = 0; i < used; i++) {
		buf_adds(out, i > 0 ? "&" : "");
		escape(out, sorted[i]->var);
		buf_addc(out, '=');
		escape(out, sorted[i]->value);
	}
	return used < 0 ? -1 : 0;
}

int
signed_form_base(struct buf *out, const struct signed_form_field *f, size_t n,
    const struct signed_form_dialect *d, struct err *e)
{
	struct buf p;
	int ret;

	buf_init(&p, BASE_BYTES);
	ret = add_parameters(&p, f, n, d->folded);
	buf_adds(out, "submit&");
	escape(out, d->to);
	buf_addc(out, '&');
	signed_form_escape(out, buf_str(&p), p.len);
	if (!buf_ok(&p) || !buf_ok(out))
		ret = -1;
	buf_fini(&p);
	return ret == 0 ? 0 : err_set(e, ERR_INPUT, "a form that cannot be signed");
}

/* The signature */

static int
hmac_sha1(struct buf *raw, const struct buf *base, const struct signed_form_secrets *s)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf key;
	bool ok;

	buf_init(&key, 8 * SECRET_MAX);
	signed_form_escape(&key, (const char *)s->maker->data, s->maker->len);
	buf_addc(&key, '&');
	escape(&key, s->token);
	ok = buf_ok(&key) && HMAC(EVP_sha1(), key.data, (int)key.len,
	    (const unsigned char *)base->data, base->len, mac, &len) != NULL;
	buf_fini(&key);
	buf_add(raw, mac, len);
	return ok && buf_ok(raw) ? 0 : -1;
}

static EVP_PKEY *
read_key(const struct secret *pem, bool private)
{
	BIO *b = BIO_new_mem_buf(pem->data, (int)pem->len);
	EVP_PKEY *key = NULL;
	char no_password[] = "";

	if (b != NULL)
		key = private ? PEM_read_bio_PrivateKey(b, NULL, NULL, no_password) :
		    PEM_read_bio_PUBKEY(b, NULL, NULL, NULL);
	BIO_free(b);
	if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static int
rsa_sha1(struct buf *raw, const struct buf *base, const struct secret *pem)
{
	EVP_PKEY *key = read_key(pem, true);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char out[RSA_BYTES];
	size_t len = sizeof(out);
	bool ok = key != NULL && ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha1(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, out, &len, (const unsigned char *)base->data, base->len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (ok)
		buf_add(raw, out, len);
	return ok && buf_ok(raw) ? 0 : -1;
}

int
signed_form_sign(struct buf *out, const struct signed_form_field *f, size_t n,
    const struct signed_form_dialect *d, enum signed_form_method m,
    const struct signed_form_secrets *s, struct err *e)
{
	struct buf base, raw, text;
	int ret;

	buf_init(&base, 3 * BASE_BYTES);
	buf_init(&raw, RSA_BYTES);
	buf_init(&text, 2 * RSA_BYTES);
	ret = signed_form_base(&base, f, n, d, e);
	if (ret == 0) {
		ret = m == SIGNED_FORM_RSA_SHA1 ? rsa_sha1(&raw, &base, s->maker) :
		    m == SIGNED_FORM_HMAC_SHA1 ? hmac_sha1(&raw, &base, s) : -1;
		if (ret != 0)
			(void)err_set(e, ERR_INPUT, "the maker's secret signs nothing by this method");
	}
	str_base64(&text, raw.data, raw.len);
	escape(out, buf_str(&text));
	buf_fini(&base);
	buf_fini(&raw);
	buf_fini(&text);
	return ret;
}

/* The other half */

/* Base64 knows no '%': whoever escaped it has left some, or nothing changed. */
static int
unescape(char out[static SIGNED_FORM_TEXT], const char *in)
{
	unsigned char byte;
	char hex[3] = "";
	size_t n = 0;

	for (; *in != '\0'; in++) {
		if (n + 1 >= SIGNED_FORM_TEXT)
			return -1;
		if (*in != '%') {
			out[n++] = *in;
			continue;
		}
		if (in[1] == '\0' || in[2] == '\0')
			return -1;
		memcpy(hex, in + 1, 2);
		if (str_unhex(&byte, 1, hex) != 0)
			return -1;
		out[n++] = (char)byte;
		in += 2;
	}
	out[n] = '\0';
	return (int)n;
}

static bool
rsa_fits(const struct buf *base, const struct secret *pem, const char *text, size_t len)
{
	EVP_PKEY *key = read_key(pem, false);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char raw[RSA_BYTES];
	long n = str_unbase64(raw, sizeof(raw), text, len);
	bool ok = key != NULL && ctx != NULL && n > 0 &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha1(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, raw, (size_t)n, (const unsigned char *)base->data, base->len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}

static bool
hmac_fits(const struct buf *base, const struct signed_form_secrets *s, const char *text, size_t len)
{
	struct buf raw, want;
	bool same;

	buf_init(&raw, RSA_BYTES);
	buf_init(&want, 2 * RSA_BYTES);
	same = hmac_sha1(&raw, base, s) == 0;
	str_base64(&want, raw.data, raw.len);
	same = same && want.len == len && secret_bytes_equal(want.data, text, len);
	buf_fini(&raw);
	buf_fini(&want);
	return same;
}

static bool
fits(const struct signed_form_field *f, size_t n, const struct signed_form_dialect *d,
    enum signed_form_method m, const struct signed_form_secrets *s, const char *text, size_t len)
{
	struct buf base;
	bool same = false;

	buf_init(&base, 3 * BASE_BYTES);
	if (signed_form_base(&base, f, n, d, NULL) == 0)
		same = m == SIGNED_FORM_RSA_SHA1 ? rsa_fits(&base, s->maker, text, len) :
		    hmac_fits(&base, s, text, len);
	buf_fini(&base);
	return same;
}

bool
signed_form_verify(const struct signed_form_field *f, size_t n, const char *domain,
    enum signed_form_method m, const struct signed_form_secrets *s, const char *signature)
{
	const struct signed_form_dialect known[] = {
		{ "", false }, { "", true }, { domain, false }, { domain, true },
	};
	char text[SIGNED_FORM_TEXT];
	int len = unescape(text, signature);
	bool same = false;
	size_t i;

	if (len <= 0 || m == SIGNED_FORM_NONE)
		return false;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		same = fits(f, n, &known[i], m, s, text, (size_t)len) || same;
	return same;
}
