/* SPDX-License-Identifier: Apache-2.0 */
/*
 * friends: the roster as our own server keeps it (RFC 6121 2).  A friend is
 * somebody whose subscription to us was accepted.  The server is the truth:
 * nothing is stored here, and only what our own server sent is believed.  Whom
 * it let in without our word is no friend until he was asked about.
 * How one becomes a friend: befriend.h.
 */
#ifndef KITH_THING_FRIENDS_H
#define KITH_THING_FRIENDS_H

#include <stdbool.h>
#include <stddef.h>

struct stanza;

#define FRIENDS_MAX 512		/* more are strangers */

struct friend {
	char *bare;
	bool from;		/* is subscribed to us: a friend, if also accepted */
	bool to;		/* we are subscribed to them */
	bool asked;		/* our own request is open */
	bool accepted;		/* by our own word, or before this session */
	bool parting;		/* we have said that it ends; the server not yet */
	bool approved;		/* our server lets him in without asking us (RFC 6121 3.4) */
};

struct friends {
	size_t n, room;
	struct friend *friend;		/* heap; an address in it lives until the next is added */
	/* Somebody became or stopped being a friend, whoever brought that about. */
	void (*changed)(void *arg, const char *bare, bool is_friend);
	void *arg;
};

void friends_init(struct friends *f, void (*changed)(void *, const char *, bool), void *arg);
void friends_fini(struct friends *f);

/* The whole roster: `query` of the result.  Changes nobody hears of are not
 * reported for those who were friends before. */
void friends_take_roster(struct friends *f, const struct stanza *query);
/* One push; the caller has checked that our own server sent it. */
void friends_take_push(struct friends *f, const struct stanza *query);

/* We say yes to him; our server may say so before or later. */
void friends_accept(struct friends *f, const char *bare);
/* Somebody our server let in without our word, but not `besides`; NULL: nobody. */
const struct friend *friends_unasked(const struct friends *f, const char *besides);

/* We have ended our subscription to him; our server will say so later. */
void friends_left(struct friends *f, const char *bare);

bool friends_has(const struct friends *f, const char *bare);
/* NULL if not in the roster. */
const struct friend *friends_find(const struct friends *f, const char *bare);

#endif
