/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sasl: SCRAM (RFC 5802, 7677) step by step, and the choice of a mechanism.
 * Text in, text out: base64, XML and the policy about pins are client.c's.
 */
#include "config.h"

#include "common/wire/sasl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stringprep.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"

#define ITERATIONS_MIN 4096		/* RFC 7677 section 4 */
#define ITERATIONS_MAX 100000		/* what a server may make us compute */
#define SALT_MAX 256
#define OTHER_HASH_MIN 32		/* bytes; weaker ones need no rebuild to be refused */
#define MESSAGE_MAX 4096		/* of the server */
#define AUTH_MAX (4 * MESSAGE_MAX)
#define NONCE_BYTES 18			/* 144 bits, 24 characters */

static const struct {
	const char *name;
	const char *hash;		/* OpenSSL's name, "": the settings say; NULL: no SCRAM */
	bool plus;
} mechs[SASL_MECH_COUNT] = {
	[SASL_NONE] = { "", NULL, false },
	[SASL_SCRAM_SHA_1] = { "SCRAM-SHA-1", "SHA1", false },
	[SASL_SCRAM_SHA_1_PLUS] = { "SCRAM-SHA-1-PLUS", "SHA1", true },
	[SASL_SCRAM_OTHER] = { "SCRAM-OTHER", "", false },
	[SASL_SCRAM_OTHER_PLUS] = { "SCRAM-OTHER-PLUS", "", true },
	[SASL_SCRAM_SHA_256] = { "SCRAM-SHA-256", "SHA256", false },
	[SASL_SCRAM_SHA_256_PLUS] = { "SCRAM-SHA-256-PLUS", "SHA256", true },
	[SASL_SCRAM_SHA_512] = { "SCRAM-SHA-512", "SHA512", false },
	[SASL_SCRAM_SHA_512_PLUS] = { "SCRAM-SHA-512-PLUS", "SHA512", true },
	[SASL_EXTERNAL] = { "EXTERNAL", NULL, false },
};

static const char *const bindings[] = {
	[SASL_BIND_NONE] = "",
	[SASL_BIND_TLS_UNIQUE] = "tls-unique",
	[SASL_BIND_TLS_EXPORTER] = "tls-exporter",
};

enum step { START, SENT_FIRST, SENT_FINAL, FAILED };

struct digest {
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len;
};

struct sasl {
	enum sasl_mech mech;
	enum step step;
	const EVP_MD *md;
	struct secret password;		/* prepared */
	struct buf gs2;			/* header, and the binding data behind it */
	size_t gs2_header;
	struct buf auth;		/* AuthMessage of RFC 5802 section 3 */
	char *user;			/* prepared and escaped */
	char *offer;
	char nonce[64];
	struct digest server_signature;
};

/* Names and the choice */

const char *
sasl_mech_name(enum sasl_mech m)
{
	return m < SASL_MECH_COUNT ? mechs[m].name : "";
}

enum sasl_mech
sasl_mech_find(const char *name)
{
	enum sasl_mech m;

	for (m = SASL_NONE + 1; m < SASL_MECH_COUNT; m++)
		if (strcmp(mechs[m].name, name) == 0)
			return m;
	return SASL_NONE;
}

bool
sasl_mech_binds(enum sasl_mech m)
{
	return mechs[m].plus;
}

/* The hash of "SCRAM-SHA3-512" or "SCRAM-SHA-384-PLUS"; OpenSSL has some of the
 * names with a dash and some without. */
static const EVP_MD *
hash_of(const char *name)
{
	char hash[SASL_NAME], *dash;
	const EVP_MD *md;
	size_t len = strlen(name);

	if (!str_starts(name, "SCRAM-") || len >= sizeof(hash))
		return NULL;
	len -= len > 5 && strcmp(name + len - 5, "-PLUS") == 0 ? 5 : 0;
	(void)snprintf(hash, sizeof(hash), "%.*s", (int)(len - 6), name + 6);
	md = EVP_get_digestbyname(hash);
	dash = strchr(hash, '-');
	if (md == NULL && dash != NULL) {
		memmove(dash, dash + 1, strlen(dash));
		md = EVP_get_digestbyname(hash);
	}
	return md != NULL && EVP_MD_get_size(md) >= OTHER_HASH_MIN ? md : NULL;
}

/* ---- what the settings say ---------------------------------------------- */

/* A name of ours, or of a SCRAM with another hash: that one is remembered. */
static enum sasl_mech
named(struct sasl_rules *rules, const char *name)
{
	enum sasl_mech m = sasl_mech_find(name);
	size_t len = strlen(name);
	bool plus = len > 5 && strcmp(name + len - 5, "-PLUS") == 0;
	char base[SASL_NAME];

	if (m != SASL_NONE)
		return m;
	if (hash_of(name) == NULL)
		return SASL_NONE;
	(void)snprintf(base, sizeof(base), "%.*s", (int)(len - (plus ? 5 : 0)), name);
	if (rules->other[0] != '\0' && strcmp(rules->other, base) != 0)
		return SASL_NONE;	/* one is enough */
	memcpy(rules->other, base, sizeof(base));
	return plus ? SASL_SCRAM_OTHER_PLUS : SASL_SCRAM_OTHER;
}

static void
allow_all(struct sasl_rules *rules)
{
	int m;

	for (m = SASL_NONE + 1; m < SASL_MECH_COUNT; m++)
		rules->rank[m] = (unsigned char)m;
}

static int
take_rule(struct sasl_rules *rules, const char *word, unsigned char *rank, struct err *e)
{
	bool never = word[0] == '!';
	enum sasl_mech m = named(rules, word + (never ? 1 : 0));

	if (m == SASL_NONE)
		return err_set(e, ERR_INPUT, "'%.40s' is no mechanism that we use", word);
	if (rules->set && never != (*rank == 0))
		return err_set(e, ERR_INPUT, "either mechanisms in their order, or those that are "
		    "never used, each with '!'");
	if (!rules->set && never)
		allow_all(rules);
	if (!rules->set)
		*rank = never ? 0 : SASL_MECH_COUNT;
	rules->set = true;
	rules->rank[m] = never ? 0 : (*rank)--;
	return 0;
}

int
sasl_rules_parse(struct sasl_rules *rules, const char *text, struct err *e)
{
	static const char blanks[] = " \t,";
	unsigned char rank = 0;
	char word[SASL_NAME + 1];
	size_t len;

	*rules = (struct sasl_rules){ .set = false };
	for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
		len = strcspn(text, blanks);
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (len >= SASL_NAME)
			return err_set(e, ERR_INPUT, "'%.40s' is no mechanism that we use", word);
		if (take_rule(rules, word, &rank, e) != 0)
			return -1;
		text += len;
	}
	return 0;
}

static unsigned
rank_of(const struct sasl_rules *rules, enum sasl_mech m)
{
	if (rules != NULL && rules->set)
		return rules->rank[m];
	/* Without settings there is no other hash. */
	return m == SASL_SCRAM_OTHER || m == SASL_SCRAM_OTHER_PLUS ? 0 : m;
}

bool
sasl_rules_allow(const struct sasl_rules *rules, enum sasl_mech m)
{
	return rank_of(rules, m) > 0;
}

const char *
sasl_binding_name(enum sasl_binding b)
{
	return b <= SASL_BIND_TLS_EXPORTER ? bindings[b] : "";
}

/*
 * A -PLUS mechanism says nothing about types.  On TLS 1.2 everyone who offers
 * one means tls-unique; on 1.3 some mean a type that does not exist there, so
 * it takes the list of XEP-0440 to trust in tls-exporter.
 */
static bool
binding_agreed(const struct sasl_offer *o)
{
	if (o->can_bind == SASL_BIND_NONE)
		return false;
	if (o->server_listed_bindings)
		return o->server_binds[o->can_bind];
	return !o->tls13;
}

static bool
usable(const struct sasl_offer *o, enum sasl_mech m)
{
	if (!o->mech[m] || (mechs[m].plus && (o->unbound || !binding_agreed(o))))
		return false;
	return m != SASL_EXTERNAL || o->has_cert;
}

enum sasl_mech
sasl_choose(const struct sasl_offer *o)
{
	enum sasl_mech best = SASL_NONE, m;

	for (m = SASL_NONE + 1; m < SASL_MECH_COUNT; m++)
		if (usable(o, m) && rank_of(o->rules, m) > 0 &&
		    (best == SASL_NONE || rank_of(o->rules, m) > rank_of(o->rules, best)))
			best = m;
	return best;
}

static int
by_octets(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
join_sorted(struct buf *out, const char **names, size_t n)
{
	size_t i;

	qsort(names, n, sizeof(*names), by_octets);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, '\x1e');
		buf_adds(out, names[i]);
	}
}

void
sasl_offer_text(struct buf *out, const char **names, size_t n_names,
    const char **types, size_t n_types)
{
	join_sorted(out, names, n_names);
	if (n_types > 0) {
		buf_addc(out, '\x1f');
		join_sorted(out, types, n_types);
	}
}

/* Life */

/* SASLprep (RFC 4013) where it can make a difference. */
static char *
prepare(const char *text, struct err *e)
{
	char *out = NULL, *copy = NULL;

	if (str_is_plain_ascii(text))
		return mem_strdup(text);
	if (stringprep_profile(text, &out, "SASLprep", 0) != STRINGPREP_OK || out[0] == '\0') {
		(void)err_set(e, ERR_INPUT, "the name or the password has characters SASL forbids");
		return NULL;
	}
	copy = mem_strdup(out);
	secret_cleanse(out, strlen(out));
	mem_free(out);
	return copy;
}

static int
take_password(struct sasl *s, const struct secret *password, struct err *e)
{
	char *plain;
	int ret;

	if (password == NULL || password->len == 0 || memchr(password->data, 0, password->len) != NULL)
		return err_set(e, ERR_INPUT, "there is no password");
	plain = prepare((const char *)password->data, e);
	if (plain == NULL)
		return -1;
	ret = secret_set(&s->password, plain, strlen(plain), e);
	secret_cleanse(plain, strlen(plain));
	mem_free(plain);
	return ret;
}

/* saslname of RFC 5802 section 5.1: "," and "=" are escaped. */
static int
take_user(struct sasl *s, const char *user, struct err *e)
{
	char *plain = prepare(user, e), *out;
	const char *p;

	if (plain == NULL)
		return -1;
	s->user = out = mem_alloc(3 * strlen(plain) + 1);
	for (p = plain; out != NULL && *p != '\0'; p++) {
		const char *escaped = *p == ',' ? "=2C" : *p == '=' ? "=3D" : NULL;

		if (escaped != NULL) {
			memcpy(out, escaped, 3);
			out += 3;
		} else {
			*out++ = *p;
		}
	}
	if (out != NULL)
		*out = '\0';
	mem_free(plain);
	return s->user != NULL ? 0 : err_set(e, ERR_SYSTEM, "no memory for a login");
}

static int
make_nonce(struct sasl *s, const char *fixed, struct err *e)
{
	unsigned char raw[NONCE_BYTES];
	struct buf text;
	int ret;

	if (fixed != NULL)
		return str_copy(s->nonce, sizeof(s->nonce), fixed);
	if (ident_random(raw, sizeof(raw), e) != 0)
		return -1;
	buf_init(&text, sizeof(s->nonce));
	str_base64(&text, raw, sizeof(raw));
	ret = buf_ok(&text) ? str_copy(s->nonce, sizeof(s->nonce), text.data) : -1;
	buf_fini(&text);
	return ret;
}

/* RFC 5802 section 6 and 7, gs2-header; no authorization identity. */
static int
make_gs2(struct sasl *s, const struct sasl_conf *c, struct err *e)
{
	bool plus = mechs[c->mech].plus;

	if (plus && (c->binding == SASL_BIND_NONE || c->binding_len == 0))
		return err_set(e, ERR_INPUT, "%s needs channel binding data", mechs[c->mech].name);
	if (plus)
		buf_addf(&s->gs2, "p=%s,,", sasl_binding_name(c->binding));
	else
		buf_adds(&s->gs2, c->could_bind ? "y,," : "n,,");
	s->gs2_header = s->gs2.len;
	if (plus)
		buf_add(&s->gs2, c->binding_data, c->binding_len);
	return 0;
}

static int
set_up_scram(struct sasl *s, const struct sasl_conf *c, struct err *e)
{
	s->md = c->other != NULL && mechs[c->mech].hash[0] == '\0' ? hash_of(c->other)
	    : EVP_get_digestbyname(mechs[c->mech].hash);
	if (s->md == NULL)
		return err_set(e, ERR_SYSTEM, "no %s here", mechs[c->mech].hash);
	if (c->offer != NULL && (s->offer = mem_strdup(c->offer)) == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for a login");
	if (take_user(s, c->user, e) != 0 || take_password(s, c->password, e) != 0 ||
	    make_nonce(s, c->fixed_nonce, e) != 0)
		return -1;
	return make_gs2(s, c, e);
}

struct sasl *
sasl_new(const struct sasl_conf *c, struct err *e)
{
	struct sasl *s;

	if (c->mech <= SASL_NONE || c->mech >= SASL_MECH_COUNT) {
		(void)err_set(e, ERR_INPUT, "no mechanism to log in with");
		return NULL;
	}
	s = mem_zalloc(sizeof(*s));
	if (s == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for a login");
		return NULL;
	}
	s->mech = c->mech;
	buf_init(&s->gs2, MESSAGE_MAX);
	buf_init(&s->auth, AUTH_MAX);
	if (mechs[c->mech].hash != NULL && set_up_scram(s, c, e) != 0)
		sasl_free(&s);
	return s;
}

void
sasl_free(struct sasl **sasl)
{
	struct sasl *s = *sasl;

	if (s == NULL)
		return;
	secret_clear(&s->password);
	buf_fini(&s->gs2);
	buf_fini(&s->auth);
	mem_free(s->user);
	mem_free(s->offer);
	secret_cleanse(s, sizeof(*s));
	mem_free(s);
	*sasl = NULL;
}

/* Messages */

int
sasl_first(struct sasl *s, struct buf *out, struct err *e)
{
	if (s->step != START)
		return err_set(e, ERR_INPUT, "the login has begun already");
	s->step = SENT_FIRST;
	if (s->md == NULL)
		return 0;	/* EXTERNAL: the certificate names us */
	buf_addf(&s->auth, "n=%s,r=%s", s->user, s->nonce);
	buf_add(out, s->gs2.data, s->gs2_header);
	buf_add(out, s->auth.data, s->auth.len);
	return buf_ok(out) && buf_ok(&s->auth) ? 0 : err_set(e, ERR_LIMIT, "the name is too long");
}

struct slice {
	const char *at;
	size_t len;
};

/* Takes "X=value" off the front, up to the next comma. */
static bool
take(struct slice *rest, char letter, struct slice *value)
{
	const char *comma;

	if (rest->len < 2 || rest->at[0] != letter || rest->at[1] != '=')
		return false;
	value->at = rest->at + 2;
	comma = memchr(value->at, ',', rest->len - 2);
	value->len = comma != NULL ? (size_t)(comma - value->at) : rest->len - 2;
	rest->len -= value->len + 2;
	rest->at = value->at + value->len;
	if (comma != NULL) {
		rest->at++;
		rest->len--;
	}
	return true;
}

struct server_first {
	struct slice nonce;
	unsigned char salt[SALT_MAX];
	size_t salt_len;
	int64_t iterations;
	struct slice offer_hash;	/* XEP-0474; len 0: not given */
};

/* server-first-message, RFC 5802 section 7, attributes in their order. */
static int
read_first(const struct sasl *s, const char *in, size_t len, struct server_first *f, struct err *e)
{
	struct slice rest = { in, len }, salt, number;
	char digits[16];
	long salt_len;

	if (!take(&rest, 'r', &f->nonce) || !take(&rest, 's', &salt) || !take(&rest, 'i', &number))
		return err_set(e, ERR_INPUT, "the server's challenge is malformed");
	if (f->nonce.len <= strlen(s->nonce) || strncmp(f->nonce.at, s->nonce, strlen(s->nonce)) != 0)
		return err_set(e, ERR_INPUT, "the server's nonce does not extend ours");
	salt_len = str_unbase64(f->salt, sizeof(f->salt), salt.at, salt.len);
	if (salt_len <= 0)
		return err_set(e, ERR_INPUT, "the server's salt is empty or malformed");
	f->salt_len = (size_t)salt_len;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)(number.len < 15 ? number.len : 15), number.at);
	if (str_to_int(digits, ITERATIONS_MIN, ITERATIONS_MAX, &f->iterations) != 0)
		return err_set(e, ERR_INPUT, "the server asks for %s iterations, we do %d to %d",
		    digits, ITERATIONS_MIN, ITERATIONS_MAX);
	f->offer_hash.len = 0;
	while (rest.len > 0) {
		struct slice value;
		char letter = rest.at[0];

		if (letter == 'm' || !take(&rest, letter, &value))
			return err_set(e, ERR_INPUT, "the server demands an unknown extension");
		if (letter == 'h')
			f->offer_hash = value;
	}
	return 0;
}

/* XEP-0474: was the list of mechanisms that we saw the one that was sent? */
static int
check_offer(const struct sasl *s, const struct slice *theirs, struct err *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE], got[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (theirs->len == 0 || s->offer == NULL)
		return 0;
	if (EVP_Digest(s->offer, strlen(s->offer), hash, &len, s->md, NULL) != 1)
		return err_set(e, ERR_SYSTEM, "cannot hash");
	if (str_unbase64(got, sizeof(got), theirs->at, theirs->len) != (long)len ||
	    !secret_bytes_equal(got, hash, len))
		return err_set(e, ERR_INPUT, "somebody changed the server's list of mechanisms");
	return 0;
}

static int
mac(const struct sasl *s, const struct digest *key, const void *data, size_t len, struct digest *out)
{
	return HMAC(s->md, key->bytes, (int)key->len, data, len, out->bytes, &out->len) != NULL ? 0 : -1;
}

/* RFC 5802 section 3: the proof, and the signature we expect back. */
static int
compute(struct sasl *s, const struct server_first *f, struct digest *proof)
{
	struct digest salted = { .len = (unsigned)EVP_MD_get_size(s->md) };
	struct digest client_key, stored_key, server_key, signature;
	unsigned i;
	int ret = -1;

	if (PKCS5_PBKDF2_HMAC((const char *)s->password.data, (int)s->password.len, f->salt,
	    (int)f->salt_len, (int)f->iterations, s->md, (int)salted.len, salted.bytes) != 1)
		goto out;
	if (mac(s, &salted, "Client Key", 10, &client_key) != 0 ||
	    EVP_Digest(client_key.bytes, client_key.len, stored_key.bytes, &stored_key.len, s->md,
	    NULL) != 1 ||
	    mac(s, &stored_key, s->auth.data, s->auth.len, &signature) != 0 ||
	    mac(s, &salted, "Server Key", 10, &server_key) != 0 ||
	    mac(s, &server_key, s->auth.data, s->auth.len, &s->server_signature) != 0)
		goto out;
	proof->len = client_key.len;
	for (i = 0; i < proof->len; i++)
		proof->bytes[i] = client_key.bytes[i] ^ signature.bytes[i];
	ret = 0;
out:
	secret_cleanse(&salted, sizeof(salted));
	secret_cleanse(&client_key, sizeof(client_key));
	secret_cleanse(&stored_key, sizeof(stored_key));
	secret_cleanse(&server_key, sizeof(server_key));
	secret_cleanse(&signature, sizeof(signature));
	return ret;
}

static int
write_final(struct sasl *s, const struct server_first *f, const char *in, size_t len,
    struct buf *out, struct err *e)
{
	struct digest proof = { .len = 0 };
	size_t start = out->len;
	int ret = -1;

	buf_adds(out, "c=");
	str_base64(out, s->gs2.data, s->gs2.len);
	buf_adds(out, ",r=");
	buf_add(out, f->nonce.at, f->nonce.len);
	buf_addc(&s->auth, ',');
	buf_add(&s->auth, in, len);
	buf_addc(&s->auth, ',');
	buf_add(&s->auth, out->data + start, out->len - start);
	if (!buf_ok(&s->auth) || !buf_ok(out))
		(void)err_set(e, ERR_LIMIT, "the server's challenge is too long");
	else if (compute(s, f, &proof) != 0)
		(void)err_set(e, ERR_SYSTEM, "cannot compute the proof");
	else
		ret = 0;
	if (ret == 0) {
		buf_adds(out, ",p=");
		str_base64(out, proof.bytes, proof.len);
		s->step = SENT_FINAL;
	}
	secret_cleanse(&proof, sizeof(proof));
	return ret;
}

int
sasl_challenge(struct sasl *s, const char *in, size_t len, struct buf *out, struct err *e)
{
	struct server_first f;

	if (s->md == NULL || s->step != SENT_FIRST) {
		s->step = FAILED;
		return err_set(e, ERR_INPUT, "the server sent a challenge that has no place");
	}
	s->step = FAILED;
	if (len > MESSAGE_MAX)
		return err_set(e, ERR_INPUT, "the server's challenge is too long");
	if (read_first(s, in, len, &f, e) != 0 || check_offer(s, &f.offer_hash, e) != 0)
		return -1;
	return write_final(s, &f, in, len, out, e);
}

/* server-final-message: the server knows the password as well, or it is none. */
int
sasl_success(struct sasl *s, const char *in, size_t len, struct err *e)
{
	struct slice rest = { in, len }, value;
	unsigned char got[EVP_MAX_MD_SIZE];
	bool good;

	if (s->md == NULL && s->step == SENT_FIRST)
		return 0;
	good = s->step == SENT_FINAL && take(&rest, 'v', &value) &&
	    str_unbase64(got, sizeof(got), value.at, value.len) == (long)s->server_signature.len &&
	    secret_bytes_equal(got, s->server_signature.bytes, s->server_signature.len);
	s->step = FAILED;
	if (!good)
		return err_set(e, ERR_INPUT, "the server did not prove that it knows the password");
	return 0;
}
