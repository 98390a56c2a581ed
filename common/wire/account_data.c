/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_data: a demand in a data form (XEP-0077 section 4), and the signature it
 * may want (XEP-0348).  Plain fields, and the answer to either: account_form.c.
 */
#include "config.h"

#include "common/wire/account_form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define NONCE_BYTES 16

static size_t
n_values(const struct stanza *field)
{
	const struct stanza *c;
	size_t n = 0;

	for (c = stanza_first(field); c != NULL; c = stanza_next(c))
		n += stanza_is(c, NS_DATA, "value");
	return n;
}

static const char *
value_of(const struct stanza *field)
{
	const struct stanza *v = stanza_child(field, NS_DATA, "value");

	return v != NULL ? stanza_text(v) : "";
}

/* The one choice there is, when there is one. */
static const char *
only_option(const struct stanza *field)
{
	const struct stanza *c, *found = NULL;

	for (c = stanza_first(field); c != NULL; c = stanza_next(c)) {
		if (!stanza_is(c, NS_DATA, "option"))
			continue;
		if (found != NULL)
			return NULL;
		found = c;
	}
	return found != NULL ? value_of(found) : NULL;
}

static bool
is_captcha(const char *var)
{
	static const char *const known[] = { "ocr", "challenge", "qa", "SHA-256", "audio_recog",
		"picture_q", "picture_recog", "speech_q", "speech_recog", "video_q", "video_recog" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(var, known[i]) == 0)
			return true;
	return str_starts(var, "captcha");
}

/* Which kind of form it is. */
static int
read_form_type(struct account_form *f, const char *type, struct err *e)
{
	if (strcmp(type, NS_CAPTCHA) == 0)
		return err_set(e, ERR_INPUT, "the server wants a captcha solved, which no thing can");
	if (strcmp(type, NS_SIGNED_FORM) == 0)
		f->is_signed = true;
	else if (strcmp(type, NS_REGISTER) != 0)
		return account_form_refuse(e, "the server wants a form of another kind:", type);
	return account_form_add_copy(f, "FORM_TYPE", type, e);
}

/* Not ours: given back as it came if the form needs it, and said by itself. */
static int
read_other(struct account_form *f, const struct stanza *field, const char *var, const char *type,
    struct err *e)
{
	bool required = stanza_child(field, NS_DATA, "required") != NULL;
	const char *value = value_of(field);

	if (!required && strcmp(type, "hidden") != 0)
		return 0;
	if (*value == '\0' && required && only_option(field) != NULL)
		value = only_option(field);
	if (n_values(field) > 1)
		return account_form_refuse(e, "the server's form has several values in", var);
	if (*value != '\0' || !required)
		return account_form_add_copy(f, var, value, e);
	return is_captcha(var) ?
	    err_set(e, ERR_INPUT, "the server wants a captcha solved, which no thing can") :
	    account_form_refuse(e, "the server demands more of a newcomer than name and password:", var);
}

static int
read_field(struct account_form *f, const struct account_conf *conf, const struct stanza *field,
    struct err *e)
{
	const char *var = stanza_attr(field, "var"), *type = stanza_attr(field, "type"), *ours;
	bool required = stanza_child(field, NS_DATA, "required") != NULL;

	type = type != NULL ? type : "";
	if (var == NULL || *var == '\0' || strcmp(type, "fixed") == 0)
		return 0;
	if (strcmp(var, "FORM_TYPE") == 0)
		return read_form_type(f, value_of(field), e);
	if (str_starts(var, "oauth_")) {
		f->is_signed = f->is_signed || strcmp(var, "oauth_signature") == 0;
		return account_form_add_copy(f, var, value_of(field), e);
	}
	ours = account_form_our_answer(conf, var);
	if (ours == NULL || (ours == conf->user && strcmp(var, "username") != 0 && !required))
		return read_other(f, field, var, type, e);
	return account_form_add_ours(f, var, ours, e);
}

static int
read_form(struct account_form *f, const struct account_conf *conf, const struct stanza *x,
    struct err *e)
{
	const struct stanza *c;

	f->is_form = true;
	for (c = stanza_first(x); c != NULL; c = stanza_next(c))
		if (stanza_is(c, NS_DATA, "field") && read_field(f, conf, c, e) != 0)
			return -1;
	return account_form_both_asked(f, e);
}

int
account_form_read(struct account_form *f, const struct account_conf *conf,
    const struct stanza *query, struct err *e)
{
	const struct stanza *x = stanza_child(query, NS_DATA, "x");

	if (x == NULL)
		return account_form_read_plain(f, conf, query, e);
	account_form_fini(f);
	account_form_init(f);
	return read_form(f, conf, x, e);
}

/* The signature */

static int
put(struct account_form *f, const char *var, const char *value, struct err *e)
{
	const char *text = pool_strdup(&f->pool, value);
	size_t i;

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "no memory to sign a form");
	for (i = 0; i < f->n; i++)
		if (strcmp(f->field[i].var, var) == 0) {
			f->field[i].value = text;
			return 0;
		}
	return err_set(e, ERR_INPUT, "the server's form is to be signed, but has no %s", var);
}

/* Only what every sorter and every escaper makes the same of is signed: the rest
 * would be a signature that fits by chance. */
static int
check_plain(const struct account_form *f, struct err *e)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!str_is_plain_ascii(f->field[i].var) || !str_is_plain_ascii(f->field[i].value))
			return account_form_refuse(e, "the server's form is to be signed, but not in ASCII:",
			    f->field[i].var);
	return 0;
}

static enum signed_form_method
choose_method(const struct account_form *f, const struct account_conf *conf, struct err *e)
{
	enum signed_form_method ours = signed_form_method_of(conf->maker_secret);
	const char *asked = account_form_value(f, "oauth_signature_method");

	if (asked == NULL || *asked == '\0' || signed_form_method(asked) == ours)
		return ours;
	(void)account_form_refuse(e, signed_form_method(asked) == SIGNED_FORM_NONE ?
	    "the server wants a form signed in a way that would show the secret, or that we do not "
	    "know:" : "the maker's secret is not one for the server's", asked);
	return SIGNED_FORM_NONE;
}

/* Seconds since 1970, of a clock that the server will believe. */
static void
time_to_sign(const struct account_form *f, const struct account_conf *conf, char out[static 24])
{
	const char *theirs = account_form_value(f, "oauth_timestamp");
	int64_t seconds = conf->earliest_ms / 1000, said;

	if (conf->now_ms > 0)
		seconds = conf->now_ms / 1000;
	else if (theirs != NULL && str_to_int(theirs, seconds, INT64_MAX / 2000, &said) == 0)
		seconds = said;
	(void)snprintf(out, 24, "%" PRId64, seconds);
}

static int
fill_in(struct account_form *f, const struct account_conf *conf, enum signed_form_method m,
    struct err *e)
{
	unsigned char raw[NONCE_BYTES];
	char nonce[2 * NONCE_BYTES + 1], now[24];

	time_to_sign(f, conf, now);
	if (ident_random(raw, sizeof(raw), e) != 0)
		return -1;
	str_hex(nonce, raw, sizeof(raw));
	if (put(f, "oauth_version", "1.0", e) != 0 ||
	    put(f, "oauth_signature_method", signed_form_method_name(m), e) != 0 ||
	    put(f, "oauth_consumer_key", conf->maker_key, e) != 0 ||
	    put(f, "oauth_nonce", nonce, e) != 0 || put(f, "oauth_timestamp", now, e) != 0)
		return -1;
	return put(f, "oauth_signature", "", e);
}

int
account_form_sign(struct account_form *f, const struct account_conf *conf, unsigned dialect,
    struct err *e)
{
	/* First as the XEP is written, then as Waher's clients have always done it. */
	const struct signed_form_dialect ways[ACCOUNT_FORM_DIALECTS] = {
		{ conf->domain, false }, { "", true },
	};
	const char *token = account_form_value(f, "oauth_token_secret");
	const struct signed_form_secrets s = { conf->maker_secret, token != NULL ? token : "" };
	enum signed_form_method m;
	struct buf b;
	int ret;

	if (conf->maker_key == NULL || conf->maker_secret == NULL)
		return err_set(e, ERR_INPUT, "the server lets in only things of makers it knows "
		    "(XEP-0348), and we have no key of our maker");
	m = choose_method(f, conf, e);
	if (m == SIGNED_FORM_NONE || fill_in(f, conf, m, e) != 0 || check_plain(f, e) != 0)
		return -1;
	buf_init(&b, SIGNED_FORM_TEXT);
	ret = signed_form_sign(&b, f->field, f->n, &ways[dialect], m, &s, e);
	if (ret == 0)
		ret = put(f, "oauth_signature", buf_str(&b), e);
	buf_fini(&b);
	f->has_to = *ways[dialect].to != '\0';
	return ret;
}
