/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: questions and answers as one line of text each, the same whatever order
 * their lists had: what decisions.c keeps them by, and in its file.  Texts are
 * percent-encoded, so that '|', ':', ',' and blanks part them.
 */
#ifndef KITH_THING_CANON_H
#define KITH_THING_CANON_H

#include "thing/decisions.h"

/* The parts of a key, as decisions_key() made it; pointers into it. */
struct canon_key {
	const char *action, *jid, *names, *nodes;
	size_t action_len, jid_len, names_len, nodes_len;
};

void canon_add(struct buf *b, const char *s);
char *canon_read(struct pool *pool, const char *s, size_t len);
const char *canon_name(struct pool *pool, const char *name);
const char *canon_node(struct pool *pool, const struct node *node);
int canon_add_names(struct buf *out, const struct name_list *l);
int canon_add_nodes(struct buf *out, const struct node_list *l);
int canon_add_limits(struct buf *out, const struct decision *d);
int canon_add_why(struct buf *out, const struct decision *d);
int canon_names(struct pool *pool, const char *list, struct name_list *out);
int canon_nodes(struct pool *pool, const char *list, struct node_list *out);
int canon_int(struct pool *pool, const char **s, int64_t max, int64_t *out);
int canon_limits(struct pool *pool, const char *list, struct decision *d);
int canon_why(struct pool *pool, const char *text, int64_t past_ms, struct denied *out);
void canon_key_split(const char *key, struct canon_key *out);
int canon_action(const struct canon_key *k);

#endif
