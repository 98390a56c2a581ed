/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission: what the maker and the owner gave a thing to be let in with: an
 * invitation, the maker's key, a certificate.  Copies, cleansed when done with.
 * What a broker makes of it: signup.h.
 */
#ifndef KITH_THING_ADMISSION_H
#define KITH_THING_ADMISSION_H

#include "common/base/clock.h"
#include "common/wire/own_cert.h"
#include "thing/signup.h"
#include "thing/thing.h"

/* How long before the end of its certificate a person hears of it, each day; or in
 * the last quarter of a short life. */
#define ADMISSION_END_MS (30 * 24 * 3600 * 1000LL)
#define ADMISSION_LOOK_MS (24 * 3600 * 1000LL)

struct admission {
	struct secret invite, maker_secret;
	char *maker_key, *cert_file, *key_file;
	bool cert_or_password;
	char domain[IDENTITY_DOMAIN];
	struct own_cert cert;
	int64_t look_ms;	/* boot clock: when it is looked at next; -1: no certificate */
};

int admission_init(struct admission *a, const struct kith_thing_conf *conf, struct err *e);
void admission_fini(struct admission *a);
/* The name that the certificate gives us, if there is one, becomes ours, on disk. */
int admission_name(const struct admission *a, struct identity *id, const char *dir,
    struct err *e);
/* Borrowed from `a`. */
struct signup_conf admission_conf(const struct admission *a);
/* The account is ours: the invitation is worth nothing any more. */
void admission_settled(struct admission *a);

int64_t admission_deadline(const struct admission *a);
/* Looks at the certificate when it is time; true: `text` is to be said. */
bool admission_look(struct admission *a, const struct clock *clock, int64_t earliest_ms,
    char *text, size_t size);

#endif
