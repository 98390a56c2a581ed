/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room: is there room for one thing more?  Counted per address, domain and
 * site; the pool of unclaimed things makes room by itself.  What a refusal is
 * called towards ours: docs/PROTOCOL.md 4.3.  The operator's exceptions: quota.h.
 */
#include "config.h"

#include <string.h>

#include "registry/role.h"

#define DROP_AT_ONCE 64		/* unclaimed things that make room in one go */

static bool drops_before(const struct registry *g, const struct owned *a, const struct owned *b)
{
	const struct thing *x = thing_store_find(g->things, a->id);
	const struct thing *y = thing_store_find(g->things, b->id);

	return (x != NULL ? x->at_ms : 0) < (y != NULL ? y->at_ms : 0);
}

/* The oldest unclaimed things whose account is not available, oldest first. */
static size_t find_droppable(const struct registry *g, const struct owned *out[static DROP_AT_ONCE])
{
	size_t n = 0;

	for (size_t i = 0; i < ownership_count(g->deps.ownership); i++) {
		const struct owned *t = ownership_at(g->deps.ownership, i);
		const struct contact *c = contact_find(g->deps.contacts, t->jid);
		size_t at;

		if (t->state != OWNED_NOBODY || t->hold == HOLD_OPERATOR ||
		    (c != NULL && c->online))
			continue;
		for (at = n; at > 0 && drops_before(g, t, out[at - 1]); at--)
			if (at < DROP_AT_ONCE)
				out[at] = out[at - 1];
		if (at == DROP_AT_ONCE)
			continue;
		out[at] = t;
		n += n < DROP_AT_ONCE;
	}
	return n;
}

/*
 * The pool of unclaimed things is full: those who are away make room.  When
 * nobody is, the next second does not look again, so that a flood of
 * registrations costs no walk each.  1 room, 0 none, -1 error.
 */
static int make_unclaimed_room(struct registry *g, struct err *e)
{
	const struct owned *drop[DROP_AT_ONCE];
	size_t n;

	if ((int64_t)ownership_count_in(g->deps.ownership, OWNED_NOBODY) < g->conf.max_unclaimed)
		return 1;
	if (clock_boot(g->deps.clock) < g->full_until_ms)
		return 0;
	n = find_droppable(g, drop);
	if (n == 0)
		g->full_until_ms = clock_boot(g->deps.clock) + 1000;
	for (size_t i = 0; i < n; i++)
		if (registry_note(g, AUDIT_EXPIRED, drop[i], NULL, drop[i]->jid, NULL, e) == -1 ||
		    registry_drop(g, drop[i], e) == -1)
			return -1;
	return n > 0;
}

static bool is_full(int64_t have, int64_t limit, uint64_t *count)
{
	if (have < limit)
		return false;
	++*count;
	return true;
}

/* An address has its domain behind the '@', to its end. */
static const char *domain_of(const char *bare)
{
	const char *at = strchr(bare, '@');

	return at != NULL ? at + 1 : bare;
}

const char *registry_full(struct registry *g, const char *bare)
{
	const struct ownership *o = g->deps.ownership;

	if (is_full((int64_t)ownership_count_of_jid(o, bare), quota_for(g->quotas, bare,
	    QUOTA_THINGS_PER_JID, g->conf.max_things_per_jid), g->count.full_jid))
		return "quota-address";
	if (is_full((int64_t)ownership_count_of_domain(o, domain_of(bare)),
	    g->conf.max_things_per_domain, g->count.full_domain))
		return "quota-domain";
	if (is_full((int64_t)ownership_count(o), g->conf.max_things, g->count.full_site))
		return "quota-site";
	return NULL;
}

int registry_make_room(struct registry *g, struct err *e)
{
	int room = make_unclaimed_room(g, e);

	if (room == 0)
		++*g->count.full_pool;
	return room;
}
