/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about: which of the answers that a thing keeps a change may concern: who
 * asked, what for, which field or parameter, which node.  A list, because one
 * rule names several; joining lists only ever widens.  Pure: no clock, no store.
 * Read next: floor.h, where it is kept, recall.c, where it comes from.
 */
#ifndef KITH_PROVISIONING_ABOUT_H
#define KITH_PROVISIONING_ABOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/wire/request.h"
#include "policy/rule.h"

struct buf;

#define ABOUT_BYTES 2048	/* of its text; what is longer is about everything */

struct about {
	bool all;			/* everything: nothing narrows it */
	size_t n;			/* 0: nothing */
	struct clear_about one[WIRE_ABOUTS];	/* none covers another; at most one action */
	char text[ABOUT_BYTES];		/* what was read holds its texts here: not to be copied */
};

void about_nothing(struct about *a);
void about_everything(struct about *a);

/*
 * What may be another answer because this rule came or went, as far as `node` of an
 * address is concerned (unset: the address itself, so all behind it).  `moves_others`:
 * what its subject gave to others goes as far as he may himself.
 */
void about_rule(struct about *a, const struct rule *r, const struct node *node,
    bool moves_others);
/* Whatever anybody was told about that node. */
void about_node(struct about *a, const struct node *node);

/* What both are about, and maybe more; texts stay where they are. */
void about_join(struct about *a, const struct about *more);
/* Is whatever `b` is about in `a` as well? */
bool about_covers(const struct about *a, const struct about *b);

/* A line each; nothing of everything. */
void about_write(struct buf *out, const struct about *a);
/* Whatever cannot be read is about everything; so is an empty text. */
void about_read(struct about *a, const char *text);

#endif
