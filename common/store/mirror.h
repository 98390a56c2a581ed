/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror: memory that follows rows.  A change is applied to the memory at
 * once, so that the rest of the turn sees it, and noted here; when the
 * transaction ends the notes are dropped, or undone in reverse order.
 * Objects are never edited: a change replaces one by another.
 */
#ifndef KITH_STORE_MIRROR_H
#define KITH_STORE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct store;

struct mirror_ops {
	/* Take `out` out of the memory and put `in` there; either may be NULL.
	 * Must not fail. */
	void (*swap)(void *arg, void *out, void *in);
	/* Free an object that is in the memory no more. */
	void (*drop)(void *arg, void *item);
	/* `item` is on disk now; NULL if nobody needs to know. */
	void (*kept)(void *arg, void *item);
};

struct mirror_change {
	void *before, *after;
};

struct mirror {
	const struct mirror_ops *ops;
	void *arg;
	struct mirror_change *change;
	size_t n, cap;
};

/* Zeroed before.  Both must outlive the store's last transaction. */
void mirror_open(struct mirror *m, struct store *s, const struct mirror_ops *ops, void *arg);
void mirror_close(struct mirror *m);
/* Make sure that the next mirror_swap() needs no memory; ask before the row is
 * written. */
int mirror_reserve(struct mirror *m, struct err *e);
void mirror_swap(struct mirror *m, void *before, void *after);

#endif
