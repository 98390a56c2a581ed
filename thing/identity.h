/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who this thing is: its account at the broker and the KEY that
 * proves a claim, in one file DIR/identity.
 *
 * The account passes none -> asked -> ours, each step synced to disk before
 * the broker hears of it, so that a crash at any point leaves at most one
 * account: `asked` means "the request may or may not have arrived; try to log
 * in first".  A KEY that was used for a claim is never shown again.  The
 * continuity key outlives the account: it shows that we are the same thing.
 */
#ifndef KITH_THING_IDENTITY_H
#define KITH_THING_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/secret.h"
#include "common/base/sign.h"

#define IDENTITY_DOMAIN 256
#define IDENTITY_USER 64	/* ours has 26; a certificate may name another */
#define IDENTITY_PASSWORD 65	/* 256 bits in hex, with the NUL */

enum identity_account {
	IDENTITY_NONE,		/* not asked for yet */
	IDENTITY_ASKED,		/* registration may have been sent */
	IDENTITY_OURS		/* logged in at least once */
};
const char *identity_account_name(enum identity_account a);

struct identity {
	enum identity_account account;
	char domain[IDENTITY_DOMAIN];	/* where the account lives; "": no broker has proved
					 * a domain that we may live at */
	char user[IDENTITY_USER];		/* local part: 128 random bits, lower case */
	struct secret password;
	/* While a new password replaces the old one, both: either may be the one
	 * that the broker takes.  Empty: there is only one. */
	struct secret other;
	bool renew;			/* the password was a former owner's: change it */
	char key[IDENT_TEXT];		/* 128 random bits */
	bool key_used;			/* somebody claimed with it */
	struct secret continuity;	/* the seed of an Ed25519 key (sign.h) */
	int64_t refused_ms;		/* wall clock: refused since then; 0: not refused */
	/* How often the broker refused to make an account, and how many names were
	 * given up, since the first of them in a day (wall clock; 0: none). */
	unsigned refusals, names;
	int64_t refusals_ms;
};

/* Nothing on disk yet.  Needs identity_fini either way. */
int identity_make(struct identity *id, const char *domain, struct err *e);
/* ERR_AGAIN when there is none. */
int identity_load(struct identity *id, const char *dir, struct err *e);
/* Old or new on disk, never something between. */
int identity_save(const struct identity *id, const char *dir, struct err *e);
void identity_fini(struct identity *id);

#define IDENTITY_PUBLIC 45	/* a public key in base64, with the NUL */
#define IDENTITY_PROOF 89	/* a signature in base64, with the NUL */
int identity_public(char out[static IDENTITY_PUBLIC], const struct identity *id, struct err *e);
/* That we hold the key, to this registry, under this address of ours, now:
 * docs/PROTOCOL.md 4.4. */
int identity_prove(char out[static IDENTITY_PROOF], const struct identity *id,
    const char *registry, const char *bare, const char *nonce, struct err *e);

/* The same for any text: that the holder of the key says it, for this purpose. */
int identity_attest(char out[static IDENTITY_PROOF], const struct identity *id,
    const char *purpose, const char *text, struct err *e);
/* false also for a key or signature that is none. */
bool identity_attested(const char *key, const char *signature, const char *purpose,
    const char *text);

/* Another name and password at the same broker; KEY and continuity key stay. */
int identity_new_account(struct identity *id, struct err *e);
/* The name that our certificate gives us at the broker.  -1: it is none. */
int identity_take_name(struct identity *id, const char *user, struct err *e);
int identity_new_key(struct identity *id, struct err *e);
/* A password to change to, beside the one in use; the file holds both. */
int identity_new_password(struct identity *id, struct err *e);
/* The other one is tried, or is in use from now on. */
void identity_swap_password(struct identity *id);
/* The one in use is the only one. */
void identity_keep_password(struct identity *id);

/* The loader's core, for tests and fuzzers. */
int identity_parse(struct identity *id, const char *text, size_t len, struct err *e);

#endif
