/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due: a binary heap that tells each of its members where it is.  What is equal
 * comes in no certain order.
 */
#include "config.h"

#include "common/base/due.h"

#include <stdlib.h>

#include "common/base/mem.h"

static void set(struct due_heap *h, size_t i, struct due *d)
{
	h->item[i] = d;
	d->at = i + 1;
}

static void up(struct due_heap *h, size_t i)
{
	struct due *d = h->item[i];

	for (; i > 0 && h->item[(i - 1) / 2]->ms > d->ms; i = (i - 1) / 2)
		set(h, i, h->item[(i - 1) / 2]);
	set(h, i, d);
}

static void down(struct due_heap *h, size_t i)
{
	struct due *d = h->item[i];
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && h->item[child + 1]->ms < h->item[child]->ms)
			child++;
		if (h->item[child]->ms >= d->ms)
			break;
		set(h, i, h->item[child]);
		i = child;
	}
	set(h, i, d);
}

static void settle(struct due_heap *h, struct due *d)
{
	up(h, d->at - 1);
	down(h, d->at - 1);
}

void due_fini(struct due_heap *h)
{
	mem_free(h->item);
	*h = (struct due_heap){ 0 };
}

int due_reserve(struct due_heap *h, size_t n)
{
	size_t cap = h->cap > 0 ? h->cap : 64;
	struct due **grown;

	if (n <= h->cap)
		return 0;
	while (cap < n)
		cap *= 2;
	grown = mem_resize_array(h->item, cap, sizeof(struct due *));
	if (grown == NULL)
		return -1;
	h->item = grown;
	h->cap = cap;
	return 0;
}

void due_put(struct due_heap *h, struct due *d, int64_t ms)
{
	d->ms = ms;
	if (d->at == 0)
		set(h, h->n++, d);
	settle(h, d);
}

void due_remove(struct due_heap *h, struct due *d)
{
	size_t i = d->at;
	struct due *last;

	if (i == 0)
		return;
	d->at = 0;
	last = h->item[--h->n];
	if (last == d)
		return;
	set(h, i - 1, last);
	settle(h, last);
}
