/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self: all of one thing in one struct, for the three files that know all of it:
 * thing.c (the public face and the wiring), serve.c (who may send it what) and
 * the parts' callbacks between them.  No part includes this: a part knows only
 * the parts named in its own struct.
 */
#ifndef KITH_THING_SELF_H
#define KITH_THING_SELF_H

#include "common/base/mem.h"
#include "thing/button.h"
#include "thing/admission.h"
#include "thing/clone.h"
#include "thing/command.h"
#include "thing/concentrator.h"
#include "thing/enroll.h"
#include "thing/login.h"
#include "thing/muster.h"
#include "thing/node.h"
#include "thing/order.h"
#include "thing/readout.h"
#include "thing/relay.h"
#include "thing/sample.h"
#include "thing/talk.h"
#include "thing/thing.h"
#include "thing/timing.h"
#include "thing/watch.h"
#include "thing/witness.h"

struct kith_thing {
	struct mem mem;			/* in force in every public call: MEM_WITHIN */
	char *state_dir, *server, *ca_file, *registry, *software, *language;
	void (*event)(void *arg, const struct kith_thing_event *ev);
	void *event_arg;
	enum kith_thing_state state;
	enum kith_thing_state before;	/* the connection was lost */
	struct pool pool;		/* owns the tags */
	struct identity id;
	struct admission admission;
	struct known_time time;
	struct standing standing;
	struct decisions decisions;
	struct session session;
	struct friends friends;
	struct access access;
	struct befriend befriend;
	struct nodes nodes;		/* the first is the thing itself */
	struct muster muster;
	struct concentrator concentrator;
	char **node_uri;		/* heap: what was shown of a node last, heap too */
	struct jobs jobs;
	struct readouts readouts;
	struct samples samples;
	struct watches watches;
	struct relay relay;
	struct enroll enroll;
	struct witness witness;
	struct button button;
	struct clone clone;
	struct order order;
	struct leaving *leaving;	/* heap; NULL: it stays in service */
	bool accept_button;
	struct login login;
	struct sasl_rules sasl;
	bool login_ready;
	struct timing timing;
	struct trace *trace;		/* NULL: nobody reads along */
	struct stream_tap tap;		/* feeds it */
	int epoll;
	int state_lock;			/* of the folder; -1 none */
	int polled_fd;			/* in the epoll set; -1 none */
	short polled_events;
	bool stopping, inside;
	unsigned telling;		/* the maker hears of an event */
	bool has_doomed;		/* nodes that he took away there */
	char jid[IDENTITY_USER + IDENTITY_DOMAIN];
	char *claim_uri;		/* "" when owned */
};

/* thing.c: tells the maker; NULL: about the thing itself. */
void self_emit(struct kith_thing *t, enum kith_thing_event_kind kind, const char *text,
    const struct thing_node *n);
/* thing.c: around everything in which the maker may be called; true goes back into
 * self_leave_call().  What he orders there that ends jobs or more waits until then. */
bool self_enter_call(struct kith_thing *t);
void self_leave_call(struct kith_thing *t, bool outermost);
/* thing.c: what was asked for so far is over. */
void self_serve_nobody(struct kith_thing *t);
/* gateway.c: reads and wires what concerns its nodes. */
int self_open_nodes(struct kith_thing *t, struct err *e);
void self_close_nodes(struct kith_thing *t);
void self_nodes_down(struct kith_thing *t);
void self_remove_doomed(struct kith_thing *t);
void self_take_about_nodes(struct kith_thing *t, struct call **c);
void self_watcher_left(struct kith_thing *t, const char *jid);

/* cloned.c: clone.h's two callbacks. */
void self_cloned(void *arg, bool cloned);
void self_clone_note(void *arg, const char *sentence);
/* cloned.c: the registry hears it as it is now. */
void self_tell_copied(struct kith_thing *t);

/* tongue.c: the language of whoever's line names none, from settings and owner; that of
 * this line, which is noted in it; a text marked N_() for the owner. */
void self_settle_language(struct kith_thing *t);
void self_hear_language(struct kith_thing *t, struct request *q);
int self_order_language(void *arg, const char *lang);	/* order.h */
int self_tell_owner(void *arg, const char *text);	/* enroll.h */

/* decommission.c: an order of before this start goes on; in its next turn.  Is it being
 * taken out of service; self_leave() true: that is over, and so is the thing. */
int self_leave_again(struct kith_thing *t);
void self_stay(struct kith_thing *t);	/* frees what was kept of the order */
int self_order_leave(void *arg, const char *re);	/* order.h */
bool self_is_leaving(const struct kith_thing *t);
bool self_leave(struct kith_thing *t);

/* serve.c: what came in on the bound stream. */
void self_take_stanza(struct kith_thing *t, const struct stanza *s);
/* Too big to be read: an iq that waits gets an error, nothing else happens. */
void self_take_oversize(struct kith_thing *t, const struct stanza_head *h);

#endif
