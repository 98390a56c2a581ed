/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: a device behind one address: what it is called, what it offers, and whose
 * it is.  The first of the nodes is the thing itself, without an address of its own;
 * whose that is stands in standing.h.  Nothing is sent here: registering is
 * muster.h's, showing them to others concentrator.h's.
 */
#ifndef KITH_THING_NODE_H
#define KITH_THING_NODE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/wire/request.h"
#include "thing/board.h"

#define NODES_SOURCE "nodes"	/* of who names none */
#define NODES_TYPE "node"
#define NODES_DEPTH 32		/* of one below the other */

struct thing_node {
	struct node at;			/* not set: the thing itself */
	const char *name, *type, *parent;	/* parent: id in the same source, or NULL */
	struct tag_list tags;		/* without KEY */
	char *text;			/* owns all of these */
	char *words;			/* ... but those behind `at`, once they changed; else NULL */
	enum kith_thing_node_state state;
	int64_t changed_ms;		/* wall clock */
	struct board board;
	unsigned holds;			/* who keeps a pointer to it or into its board */
	bool gone;			/* freed with the last hold */
	bool doomed;			/* taken away from within an event: gone soon */
	/* Of nodes alone, as in identity.h and standing.h: on disk as node-HASH. */
	char key[IDENT_TEXT];
	bool key_used;
	char *owner;			/* heap, bare; NULL: nobody */
	char *former;			/* heap: owned it before and may still be our friend */
	uint64_t epoch;
	bool is_public;
	bool known;			/* the registry has said so since we started */
	/* muster.h's: on its way to the registry */
	bool owed, asked;
	bool unsaved;			/* newer than its file */
	bool untold;			/* the owner changed and our maker has not heard it */
	unsigned failures;
	int64_t next_ms;
	uint64_t begun, done;		/* questions to the registry */
};

struct nodes {
	size_t n;
	struct thing_node **node;	/* [0] is the thing itself */
	uint64_t generation;		/* +1 when one comes or goes */
};

int nodes_init(struct nodes *ns);
/* Nobody may hold one any more. */
void nodes_fini(struct nodes *ns);
struct thing_node *nodes_device(const struct nodes *ns);
bool node_is_device(const struct thing_node *n);

/* Exactly that address; not set: the thing itself.  NULL: no such node. */
struct thing_node *nodes_find(const struct nodes *ns, const struct node *at);
/* As the maker says it: what he leaves out does not matter while one fits only. */
struct thing_node *nodes_at(const struct nodes *ns, const struct kith_thing_at *at);
/* As people say it: by name or id, without case.  NULL: none, or (*several) more than one. */
struct thing_node *nodes_called(const struct nodes *ns, const char *word, bool *several);

/*
 * The nodes a request is about, each once and by its full address, copied into the
 * pool; none in `asked`: the thing itself.  An id without its source stands for
 * every node of that id.  -1: one that does not exist, or out of memory.
 */
int nodes_resolve(const struct nodes *ns, struct pool *pool, const struct node_list *asked,
    struct node_list *out);

/* NULL: taken, too many, too long, no memory. */
struct thing_node *nodes_add(struct nodes *ns, const struct kith_thing_node *what);
/* It is called something else from now on; its address stays.  1: it is; 0: it was
 * already; -1: taken for another, too long, no memory: nothing has changed. */
int nodes_change(struct thing_node *n, const struct kith_thing_node *what);
/* It is found no more; whoever holds it may go on using it until he lets it go. */
void nodes_remove(struct nodes *ns, struct thing_node *n);
struct thing_node *node_hold(struct thing_node *n);
void node_release(struct thing_node **n);

/* Is this bare address the owner of a node that the registry has confirmed? */
bool node_is_owned_by(const struct thing_node *n, const char *bare);
bool nodes_have_owner(const struct nodes *ns, const char *bare);

#endif
