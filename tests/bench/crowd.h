/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd: a broker of our own in one process, for ten thousand things: TLS, SCRAM,
 * accounts (crowd.c), and behind the login a registry, provisioning and a friend
 * who reads (crowd_town.c).  For storms only: it has no limits, and trusts.
 */
#ifndef KITH_TESTS_CROWD_H
#define KITH_TESTS_CROWD_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "common/base/buf.h"

#define CROWD_DOMAIN "crowd.example"

struct parser;
struct stanza;

/* An account; it outlives the power cuts. */
struct member {
	struct member *next, *next_of_name;
	char name[64];
	unsigned char stored[32], server[32];	/* SCRAM-SHA-256 */
	struct conn *conn;			/* NULL: away */
	bool present, friend, owner, reading;
};

enum step { STEP_CLEAR, STEP_TLS, STEP_AUTHENTICATED, STEP_BOUND };

struct conn {
	int fd;
	enum step step;
	bool gone;
	SSL *ssl;
	struct parser *parser;
	struct member *member;		/* from <auth/> on */
	char bare[256], first[256];	/* client-first-message-bare, server-first-message */
	char full[160];
	struct buf out;
};

void crowd_say(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct member *crowd_members(void);

/* A stanza of somebody who has bound. */
void town_take(struct conn *c, const struct stanza *s);
/* The friend befriends and reads everybody who is there; what came of it is said on
 * stdout once nobody is left: "read VALUES QUESTIONS". */
void town_read_all(void);
/* The connection has ended. */
void town_leave(struct member *m);

#endif
