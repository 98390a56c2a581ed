/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: makes, checks, loads and saves.  When which step is taken is
 * login.c's business.  Everything random comes from ident.c.
 */
#include "config.h"

#include "thing/identity.h"

#include <string.h>

#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "identity"
#define SEED_TEXT (2 * SIGN_KEY + 1)
#define PURPOSE "kith continuity, form 1"

static const char *const account_names[] = { "none", "asked", "ours" };

const char *identity_account_name(enum identity_account a)
{
	return account_names[a];
}

static int make_password(struct secret *out, struct err *e)
{
	unsigned char raw[32];
	char text[IDENTITY_PASSWORD];
	int ret = -1;

	if (ident_random(raw, sizeof(raw), e) == 0) {
		str_hex(text, raw, sizeof(raw));
		ret = secret_set(out, text, sizeof(text) - 1, e);
	}
	secret_cleanse(raw, sizeof(raw));
	secret_cleanse(text, sizeof(text));
	return ret;
}

/* Ours, or one that a certificate gave us: lower case and nothing that needs care. */
static int take_user(struct identity *id, const char *value)
{
	if (*value == '\0' ||
	    value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-._")] != '\0')
		return -1;
	return str_copy(id->user, sizeof(id->user), value);
}

int identity_take_name(struct identity *id, const char *user, struct err *e)
{
	if (take_user(id, user) < 0)
		return err_set(e, ERR_INPUT, "'%.80s' can be no name of ours: a-z, 0-9, '-', '.', "
		    "'_', at most %d", user, IDENTITY_USER - 1);
	return 0;
}

int identity_new_account(struct identity *id, struct err *e)
{
	char user[IDENT_TEXT];

	if (ident_text(user, e) < 0 || make_password(&id->password, e) < 0)
		return -1;
	identity_keep_password(id);
	memcpy(id->user, user, sizeof(user));
	id->account = IDENTITY_NONE;
	id->refused_ms = 0;
	return 0;
}

int identity_new_key(struct identity *id, struct err *e)
{
	char key[IDENT_TEXT];

	if (ident_text(key, e) < 0)
		return -1;
	memcpy(id->key, key, sizeof(id->key));
	id->key_used = false;
	return 0;
}

int identity_new_password(struct identity *id, struct err *e)
{
	return make_password(&id->other, e);
}

void identity_swap_password(struct identity *id)
{
	struct secret was = id->password;

	id->password = id->other;
	id->other = was;
}

void identity_keep_password(struct identity *id)
{
	secret_clear(&id->other);
	id->renew = false;
}

int identity_make(struct identity *id, const char *domain, struct err *e)
{
	memset(id, 0, sizeof(*id));
	if (str_copy(id->domain, sizeof(id->domain), domain) < 0)
		return err_set(e, ERR_INPUT, "the domain '%s' is too long", domain);
	if (identity_new_account(id, e) < 0 || sign_new_seed(&id->continuity, e) < 0)
		return -1;
	return identity_new_key(id, e);
}

static int to_base64(char *out, size_t size, const void *data, size_t len, struct err *e)
{
	struct buf b;
	int ret;

	buf_init(&b, size);
	str_base64(&b, data, len);
	ret = str_copy(out, size, buf_str(&b));
	buf_fini(&b);
	return ret < 0 ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

int identity_public(char out[static IDENTITY_PUBLIC], const struct identity *id, struct err *e)
{
	uint8_t key[SIGN_KEY];

	if (sign_public(key, &id->continuity, e) < 0)
		return -1;
	return to_base64(out, IDENTITY_PUBLIC, key, sizeof(key), e);
}

int identity_prove(char out[static IDENTITY_PROOF], const struct identity *id,
    const char *registry, const char *bare, const char *nonce, struct err *e)
{
	const struct secret_part parts[] = {
		{ PURPOSE, strlen(PURPOSE) }, { registry, strlen(registry) },
		{ bare, strlen(bare) }, { nonce, strlen(nonce) },
	};
	uint8_t proof[SIGN_BYTES];

	if (sign_make(proof, &id->continuity, parts, sizeof(parts) / sizeof(parts[0]), e) < 0)
		return -1;
	return to_base64(out, IDENTITY_PROOF, proof, sizeof(proof), e);
}

int identity_attest(char out[static IDENTITY_PROOF], const struct identity *id,
    const char *purpose, const char *text, struct err *e)
{
	const struct secret_part parts[] = {
		{ purpose, strlen(purpose) }, { text, strlen(text) },
	};
	uint8_t proof[SIGN_BYTES];

	if (sign_make(proof, &id->continuity, parts, 2, e) < 0)
		return -1;
	return to_base64(out, IDENTITY_PROOF, proof, sizeof(proof), e);
}

bool identity_attested(const char *key, const char *signature, const char *purpose,
    const char *text)
{
	const struct secret_part parts[] = {
		{ purpose, strlen(purpose) }, { text, strlen(text) },
	};
	uint8_t raw_key[SIGN_KEY], proof[SIGN_BYTES];

	return str_unbase64(raw_key, sizeof(raw_key), key, strlen(key)) == SIGN_KEY &&
	    str_unbase64(proof, sizeof(proof), signature, strlen(signature)) == SIGN_BYTES &&
	    sign_check(raw_key, proof, parts, 2);
}

void identity_fini(struct identity *id)
{
	secret_clear(&id->password);
	secret_clear(&id->other);
	secret_clear(&id->continuity);
	secret_cleanse(id, sizeof(*id));
}

/* ---- the file ----------------------------------------------------------- */

/* What ident_text makes: 26 of a-z2-7. */
static int take_ident(char out[static IDENT_TEXT], const char *value)
{
	if (strlen(value) != IDENT_TEXT - 1 ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz234567") != IDENT_TEXT - 1)
		return -1;
	memcpy(out, value, IDENT_TEXT);
	return 0;
}

static int take_key(struct identity *id, const char *value)
{
	return take_ident(id->key, value);
}

static int take_domain(struct identity *id, const char *value)
{
	return *value ? str_copy(id->domain, sizeof(id->domain), value) : -1;
}

static int take_password(struct identity *id, const char *value)
{
	if (strlen(value) != IDENTITY_PASSWORD - 1)
		return -1;
	return secret_set(&id->password, value, IDENTITY_PASSWORD - 1, NULL);
}

static int take_continuity(struct identity *id, const char *value)
{
	uint8_t raw[SIGN_KEY];
	int ret = -1;

	if (str_unhex(raw, sizeof(raw), value) == 0)
		ret = secret_set(&id->continuity, raw, sizeof(raw), NULL);
	secret_cleanse(raw, sizeof(raw));
	return ret;
}

static int take_other(struct identity *id, const char *value)
{
	if (strlen(value) != IDENTITY_PASSWORD - 1)
		return -1;
	return secret_set(&id->other, value, IDENTITY_PASSWORD - 1, NULL);
}

static int take_renew(struct identity *id, const char *value)
{
	return str_to_bool(value, &id->renew);
}

static int take_account(struct identity *id, const char *value)
{
	for (size_t i = 0; i < sizeof(account_names) / sizeof(account_names[0]); i++)
		if (strcmp(value, account_names[i]) == 0) {
			id->account = (enum identity_account)i;
			return 0;
		}
	return -1;
}

static int take_key_used(struct identity *id, const char *value)
{
	return str_to_bool(value, &id->key_used);
}

static int take_refused(struct identity *id, const char *value)
{
	return str_to_int(value, 0, INT64_MAX, &id->refused_ms);
}

static int take_count(unsigned *out, const char *value)
{
	int64_t n;

	if (str_to_int(value, 0, INT32_MAX, &n) < 0)
		return -1;
	*out = (unsigned)n;
	return 0;
}

static int take_refusals(struct identity *id, const char *value)
{
	return take_count(&id->refusals, value);
}

static int take_names(struct identity *id, const char *value)
{
	return take_count(&id->names, value);
}

static int take_refusals_since(struct identity *id, const char *value)
{
	return str_to_int(value, 0, INT64_MAX, &id->refusals_ms);
}

static const struct {
	const char *name;
	int (*take)(struct identity *id, const char *value);
} rows[] = {
	{ "account", take_account },
	{ "domain", take_domain },
	{ "user", take_user },
	{ "password", take_password },
	{ "other-password", take_other },
	{ "renew", take_renew },
	{ "key", take_key },
	{ "continuity", take_continuity },
	{ "key-used", take_key_used },
	{ "refused", take_refused },
	{ "refusals", take_refusals },
	{ "names", take_names },
	{ "refusals-since", take_refusals_since },
};

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(name, rows[i].name) != 0)
			continue;
		/* The value stays out of the sentence: it may be a secret. */
		if (rows[i].take(arg, value) < 0)
			return err_set(e, ERR_INPUT, "holds a wrong '%s'", name);
		return 0;
	}
	return err_set(e, ERR_INPUT, "holds an unknown line");
}

static int check_complete(struct identity *id, struct err *e)
{
	if (!id->user[0] || !id->key[0] || !id->password.len ||
	    (!id->domain[0] && id->account != IDENTITY_NONE))
		return err_set(e, ERR_INPUT, "lacks user, password, key or domain");
	return 0;
}

int identity_parse(struct identity *id, const char *text, size_t len, struct err *e)
{
	memset(id, 0, sizeof(*id));
	if (statefile_parse(text, len, KIND, row, id, e) == 0 && check_complete(id, e) == 0)
		return 0;
	identity_fini(id);
	return -1;
}

int identity_load(struct identity *id, const char *dir, struct err *e)
{
	memset(id, 0, sizeof(*id));
	if (statefile_load(dir, KIND, row, id, e) == 0) {
		if (check_complete(id, e) == 0)
			return 0;
		err_prefix(e, "'%s/" KIND "'", dir);
	}
	identity_fini(id);
	return -1;
}

int identity_save(const struct identity *id, const char *dir, struct err *e)
{
	char seed[SEED_TEXT] = "";
	struct buf b;
	int ret;

	if (id->continuity.len == SIGN_KEY)
		str_hex(seed, id->continuity.data, SIGN_KEY);
	statefile_begin(&b, KIND);
	statefile_add(&b, "account", identity_account_name(id->account));
	if (id->domain[0])
		statefile_add(&b, "domain", id->domain);
	statefile_add(&b, "user", id->user);
	statefile_add(&b, "password", (const char *)id->password.data);
	if (id->other.len > 0)
		statefile_add(&b, "other-password", (const char *)id->other.data);
	if (id->renew)
		statefile_add(&b, "renew", "true");
	statefile_add(&b, "key", id->key);
	statefile_add(&b, "key-used", id->key_used ? "true" : "false");
	if (seed[0])
		statefile_add(&b, "continuity", seed);
	secret_cleanse(seed, sizeof(seed));
	if (id->refused_ms)
		buf_addf(&b, "refused %lld\n", (long long)id->refused_ms);
	if (id->refusals_ms)
		buf_addf(&b, "refusals %u\nnames %u\nrefusals-since %lld\n", id->refusals, id->names,
		    (long long)id->refusals_ms);
	statefile_end(&b);
	ret = statefile_save(dir, KIND, &b, e);
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return ret;
}
