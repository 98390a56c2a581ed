/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: what the service sends unasked, written in the thing's or owner's own
 * dialect, from the exact component JID.  Every push is a hint.
 */
#ifndef KITH_WIRE_PUSH_H
#define KITH_WIRE_PUSH_H

#include "common/wire/request.h"

struct buf;

struct push {
	enum verb verb;		/* CLAIMED REMOVED DISOWNED CLEAR_CACHE FRIEND UNFRIEND,
				 * SHOW_CODE LISTEN NEW_KEY */
	struct dialect dialect;
	const char *from;	/* component JID */
	const char *to;		/* full JID for iq; bare for message */
	const char *id;		/* not numeric */
	const char *jid;	/* owner or friend */
	struct node node;	/* written only when present, never empty */
	bool is_public;
	uint64_t floor;		/* clear_cache to ours; 0: none */
	size_t n_about;		/* ... what it is about; 0: everything */
	const struct clear_about *about;
	const char *code;	/* show */
	int64_t seconds;	/* show, listen */
};

int push_write(struct buf *out, const struct push *p);

/* Owner questions of the prov:o protocol, as a message. */
struct push_question {
	enum verb verb;		/* VERB_IS_FRIEND, VERB_CAN_READ, VERB_CAN_CONTROL */
	enum gen gen;
	const char *from, *to, *id;
	const char *jid, *remote, *key;
	unsigned types;			/* canRead: the kinds asked for; 0: all */
	struct node_list nodes;
	struct name_list names;
	struct tokens tokens;		/* that came with it, by their public names */
};
int push_question_write(struct buf *out, const struct push_question *p);

/* A chat line from the desk or a thing: type chat, marked <auto/>.  `re`: the id of
 * the line it answers; NULL: nobody asked, or he gave none. */
int chat_write(struct buf *out, const char *from, const char *to, const char *id,
    const char *re, const char *body);
/* XEP-0184: the message with the id `of` has come. */
int receipt_write(struct buf *out, const char *from, const char *to, const char *of);
/* Presence; type NULL: available. */
int presence_write(struct buf *out, const char *from, const char *to, const char *type,
    const char *status);
int ping_write(struct buf *out, const char *from, const char *to, const char *id);

#endif
