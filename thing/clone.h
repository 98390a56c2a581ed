/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone: the same identity in two places, because a disk was copied (att-D-06).
 * Another session of our own account shows itself by its presence.  It may be one
 * of ours that died without a word, so it is asked: whoever signs our nonce with
 * our continuity key, while we live, is our copy (ruling 45).  Then both serve
 * nobody any more and say so to the owner; the copy has come to the same
 * conclusion.  He switches one of them off for good and tells the other that it is
 * alone: it looks again, takes a new password and goes on.
 */
#ifndef KITH_THING_CLONE_H
#define KITH_THING_CLONE_H

#include "thing/identity.h"
#include "thing/session.h"
#include "thing/standing.h"

struct clone {
	const char *dir;
	struct identity *id;
	struct standing *standing;	/* ->cloned is the conclusion; it survives a restart */
	struct session *session;
	void (*concluded)(void *arg, bool cloned);
	void (*note)(void *arg, const char *sentence);
	void *arg;
	char other[SESSION_TO];		/* the other session, as far as it was seen; "" */
	char nonce[IDENT_TEXT];		/* "": nothing was asked */
};

/* A presence of our own account, from this full address. */
void clone_seen(struct clone *c, const char *full, bool available);
/* Somebody of our own account asks whether we are it; true: that was one. */
bool clone_take(struct clone *c, const struct stanza *s);
/* The owner says that there is no other one any more: look once more.  false: it
 * is not known to be cloned, and nothing happens. */
bool clone_look_again(struct clone *c);
/* The session is over. */
void clone_end(struct clone *c);

#endif
