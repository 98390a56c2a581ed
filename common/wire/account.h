/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: how a newcomer is let in (XEP-0077): it shows its invitation
 * (XEP-0445), reads what the server asks for, answers in plain fields or a form,
 * and signs where it must (XEP-0348).  It says what the next iq holds and what an
 * answer means; sending is client.c's, and how often to try thing/login.c's.
 */
#ifndef KITH_WIRE_ACCOUNT_H
#define KITH_WIRE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/secret.h"

struct stanza;
struct xml;

/* What we may be asked for.  Borrowed: it lives as long as the exchange. */
struct account_conf {
	const char *domain, *user;
	const struct secret *password;
	const struct secret *invite;	/* preauth token; NULL: none, or nobody takes them */
	const char *maker_key;		/* NULL: none */
	const struct secret *maker_secret;
	/* The time to sign with: ours if it is to be believed (now_ms), else what the
	 * server wrote into its form, else the earliest that it can be. */
	int64_t now_ms;			/* 0: not to be believed */
	int64_t earliest_ms;
};

enum account_step {
	ACCOUNT_ASK,		/* the next iq is due: account_write() */
	ACCOUNT_MADE,
	ACCOUNT_TAKEN,		/* somebody has the name */
	ACCOUNT_UNLIKED,	/* not-acceptable: the name, or what we gave */
	ACCOUNT_UNINVITED,	/* the invitation is wrong, used, or over */
	ACCOUNT_LATER,		/* wait: account_wait_ms() */
	ACCOUNT_NEVER,		/* no account for the likes of us */
	ACCOUNT_FAILED		/* our own fault: no memory, no random numbers */
};

struct account;

struct account *account_new(const struct account_conf *conf, struct err *e);
void account_free(struct account **a);
/* Of the iq that is due; `to` NULL: none. */
const char *account_iq_type(const struct account *a);
const char *account_iq_to(const struct account *a);
/* Its payload, into the open <iq>. */
void account_write(struct account *a, struct xml *x);
/* The answer to it. */
enum account_step account_take(struct account *a, const struct stanza *iq, bool is_result);
/* Why it ended as it did: a sentence for the log. */
const char *account_text(const struct account *a);
int64_t account_wait_ms(const struct account *a);	/* 0: not told how long */

#endif
