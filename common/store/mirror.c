/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror: the list of changes since the transaction began.  It knows neither
 * rows nor tables; see ownership.c for how it is used.
 */
#include "config.h"

#include "common/store/mirror.h"

#include <stdlib.h>

#include "common/store/store.h"

static void keep(struct mirror *m)
{
	for (size_t i = 0; m->ops->kept != NULL && i < m->n; i++)
		if (m->change[i].after != NULL)
			m->ops->kept(m->arg, m->change[i].after);
	for (size_t i = 0; i < m->n; i++)
		if (m->change[i].before != NULL)
			m->ops->drop(m->arg, m->change[i].before);
}

static void undo(struct mirror *m)
{
	for (size_t i = m->n; i-- > 0;) {
		m->ops->swap(m->arg, m->change[i].after, m->change[i].before);
		if (m->change[i].after != NULL)
			m->ops->drop(m->arg, m->change[i].after);
	}
}

static void ended(void *arg, bool committed)
{
	struct mirror *m = arg;

	if (committed)
		keep(m);
	else
		undo(m);
	m->n = 0;
}

void mirror_open(struct mirror *m, struct store *s, const struct mirror_ops *ops, void *arg)
{
	m->ops = ops;
	m->arg = arg;
	store_on_end(s, ended, m);
}

void mirror_close(struct mirror *m)
{
	free(m->change);
	m->change = NULL;
	m->n = m->cap = 0;
}

int mirror_reserve(struct mirror *m, struct err *e)
{
	size_t cap = m->cap > 0 ? 2 * m->cap : 64;
	struct mirror_change *more;

	if (m->n < m->cap)
		return 0;
	more = reallocarray(m->change, cap, sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	m->change = more;
	m->cap = cap;
	return 0;
}

void mirror_swap(struct mirror *m, void *before, void *after)
{
	m->change[m->n].before = before;
	m->change[m->n].after = after;
	m->n++;
	m->ops->swap(m->arg, before, after);
}
