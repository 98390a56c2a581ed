/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission: copied and checked at the start, so that what is wrong with it is
 * said there and not by a broker in the night.
 */
#include "config.h"

#include "thing/admission.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/invite.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define MAKER_KEY 128	/* most bytes */

static int copy(char **out, const char *text, struct err *e)
{
	*out = text ? mem_strdup(text) : NULL;
	return text && !*out ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

static int copy_maker(struct admission *a, const struct kith_thing_conf *conf, struct err *e)
{
	if (!conf->maker_key != !conf->maker_secret)
		return err_set(e, ERR_INPUT, "the maker's key and its secret belong together");
	if (!conf->maker_key)
		return 0;
	/* What every signer escapes in the same way (XEP-0348). */
	if (!*conf->maker_key || strlen(conf->maker_key) > MAKER_KEY ||
	    !str_is_plain_ascii(conf->maker_key) || strpbrk(conf->maker_key, " ~*"))
		return err_set(e, ERR_INPUT, "the maker's key has 1 to %d characters of ASCII, none of "
		    "them a blank, '~' or '*'", MAKER_KEY);
	if (!*conf->maker_secret)
		return err_set(e, ERR_INPUT, "the secret of the maker's key is empty");
	return copy(&a->maker_key, conf->maker_key, e) < 0 ? -1 :
	    secret_set(&a->maker_secret, conf->maker_secret, strlen(conf->maker_secret), e);
}

static int copy_cert(struct admission *a, const struct kith_thing_conf *conf, struct err *e)
{
	if (!conf->cert_file != !conf->key_file)
		return err_set(e, ERR_INPUT, "a certificate and its key belong together");
	if (!conf->cert_file)
		return 0;
	if (!conf->domain || str_copy(a->domain, sizeof(a->domain), conf->domain) < 0)
		return err_set(e, ERR_INPUT, "a thing with a certificate needs its domain named");
	a->look_ms = 0;
	a->cert_or_password = conf->cert_or_password;
	if (copy(&a->cert_file, conf->cert_file, e) < 0 || copy(&a->key_file, conf->key_file, e) < 0)
		return -1;
	return own_cert_read(&a->cert, a->cert_file, a->key_file, a->domain, e);
}

int admission_init(struct admission *a, const struct kith_thing_conf *conf, struct err *e)
{
	*a = (struct admission){ .look_ms = -1 };
	if (conf->invite && invite_read(&a->invite, conf->invite, conf->domain, e) < 0)
		return -1;
	return copy_maker(a, conf, e) < 0 ? -1 : copy_cert(a, conf, e);
}

void admission_fini(struct admission *a)
{
	secret_clear(&a->invite);
	secret_clear(&a->maker_secret);
	mem_free(a->maker_key);
	mem_free(a->cert_file);
	mem_free(a->key_file);
	memset(a, 0, sizeof(*a));
}

int admission_name(const struct admission *a, struct identity *id, const char *dir,
    struct err *e)
{
	if (!a->cert_file || strcmp(id->user, a->cert.user) == 0)
		return 0;
	if (identity_take_name(id, a->cert.user, e) < 0)
		return -1;
	id->account = IDENTITY_NONE;
	id->refused_ms = 0;
	return identity_save(id, dir, e);
}

struct signup_conf admission_conf(const struct admission *a)
{
	return (struct signup_conf){
		.invite = a->invite.len ? &a->invite : NULL,
		.maker_key = a->maker_key,
		.maker_secret = a->maker_key ? &a->maker_secret : NULL,
		.cert_file = a->cert_file,
		.key_file = a->key_file,
		.cert_or_password = a->cert_or_password,
	};
}

void admission_settled(struct admission *a)
{
	secret_clear(&a->invite);
}

int64_t admission_deadline(const struct admission *a)
{
	return a->look_ms;
}

/* Files are replaced while we run; each connection reads them anew, so only the
 * name has to stay. */
static bool look(struct admission *a, int64_t now, char *text, size_t size)
{
	char was[OWN_CERT_USER];
	struct err e = ERR_INIT;
	int64_t left, warn;

	memcpy(was, a->cert.user, sizeof(was));
	if (own_cert_read(&a->cert, a->cert_file, a->key_file, a->domain, &e) < 0) {
		snprintf(text, size, "%s", e.text);
		return true;
	}
	if (strcmp(was, a->cert.user) != 0) {
		snprintf(text, size, "our certificate was replaced by one for %s@%s; it counts from "
		    "the next start", a->cert.user, a->domain);
		memcpy(a->cert.user, was, sizeof(was));
		return true;
	}
	left = a->cert.until_ms - now;
	warn = (a->cert.until_ms - a->cert.from_ms) / 4;
	if (left <= 0)
		snprintf(text, size, "our certificate is over since %lld days",
		    (long long)(-left / DAY_MS));
	else
		snprintf(text, size, "our certificate ends in %lld days", (long long)(left / DAY_MS));
	return left < (warn < ADMISSION_END_MS ? warn : ADMISSION_END_MS);
}

bool admission_look(struct admission *a, const struct clock *clock, int64_t earliest_ms,
    char *text, size_t size)
{
	int64_t boot = clock_boot(clock), now = clock_wall(clock);

	if (a->look_ms < 0 || boot < a->look_ms)
		return false;
	a->look_ms = boot + ADMISSION_LOOK_MS;
	/* Whoever does not know the time can still know what is over for certain. */
	return look(a, clock_is_likely(now, earliest_ms) ? now : earliest_ms, text, size);
}
