/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: strings that stand for a certificate, or for a user of a service
 * (XEP-0324).  Stored as keyed hashes with what they are bound to; never in
 * clear, never logged.  People and rules call a token by its public name.
 * Decides nothing: who may use one is provisioning/token.c.
 */
#ifndef KITH_STORE_TOKEN_H
#define KITH_STORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/secret.h"

struct store;
struct tokens_table;

#define TOKEN_TEXT 64		/* 128 random bits or more, no blanks; without the address */
#define TOKEN_NAME 27		/* 26 lower-case base32 characters and a NUL */

struct token {
	/* Of a certificate: of its SHA-256, so that a new token for the same
	 * certificate has the same name and keeps its rules.  Of a user: random. */
	char name[TOKEN_NAME];
	const char *jid;		/* canonical bare: bound to whoever it was given to */
	const uint8_t *certificate;	/* DER; NULL: a user of a service */
	size_t certificate_len;
	const char *service;		/* user: name of the token of the service; else NULL */
	const char *details;		/* user: what the service said of him; else NULL */
	int64_t issued_ms, until_ms;	/* wall; not behind the end of the certificate */
	bool knows_ours;		/* its holder knows our form of challenge (PROTOCOL.md) */
};

#define TOKEN_DETAILS 2048	/* bytes of `details` */

/* How many there may be; 0: as it is. */
struct token_limits {
	size_t per_jid;		/* of certificates, given to one JID: 16 */
	size_t per_service;	/* of users of one service: 1000 */
	size_t total;		/* 20,000 */
};

int tokens_open(struct tokens_table **out, struct store *s, const struct clock *clock,
    const struct secret *hash_key, struct err *e);
void tokens_close(struct tokens_table **t);
void tokens_limit(struct tokens_table *t, const struct token_limits *l);

/* In a transaction.  A new token of a (jid, name) takes the place of the old, and
 * has to prove itself again.  ERR_LIMIT: too many of this JID, of this service, or
 * at all; ERR_INPUT: the name was revoked. */
int token_issue(struct tokens_table *t, const struct token *what, char text[static TOKEN_TEXT],
    struct err *e);
/* By its text, with or without an address in front ("provisioning.example:TEXT");
 * NULL: unknown or over.  From memory, in constant time per length. */
const struct token *token_find(const struct tokens_table *t, const char *text);
const struct token *token_by_name(const struct tokens_table *t, const char *name);
const struct token *token_at(const struct tokens_table *t, size_t i);
size_t token_count(const struct tokens_table *t);
/* In a transaction: every token of that name, and of users of that service, is
 * worth nothing from the commit on.  A revoked certificate gets no token again,
 * until it is forgiven.  How many are gone, -1. */
int token_revoke(struct tokens_table *t, const char *name, struct err *e);
bool token_is_revoked(const struct tokens_table *t, const char *name);
/* In a transaction: takes the ban of a certificate back; 1 done, 0 there was none. */
int token_forgive(struct tokens_table *t, const char *name, struct err *e);
/* In a transaction: details of a user's token (userLoggedIn). */
int token_describe(struct tokens_table *t, const char *name, const char *details, struct err *e);
/* In a transaction: those that are over.  How many, -1. */
int token_expire(struct tokens_table *t, struct err *e);
int64_t token_deadline(const struct tokens_table *t);	/* wall; -1 none */

/*
 * Did whoever it was given to once answer a challenge for it?  Durable, ends with
 * the token.  Nobody else can prove it for good: a relay that showed it once could
 * use it for ever.  So token_prove() is ERR_INPUT for another asker.
 */
bool token_is_proved(const struct tokens_table *t, const char *name, const char *asker);
int token_prove(struct tokens_table *t, const char *name, const char *asker, struct err *e);

#endif
