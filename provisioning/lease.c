/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: our things forget by themselves; for all others kithd keeps the
 * lease: it notes the earliest moment at which an answer it gave would change,
 * and owes clearCache then.  Such a client gets each clearCache twice, because
 * an answer may have been on its way during the first.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "provisioning/floor.h"
#include "provisioning/role.h"

#define AGAIN_MS 10000		/* the second clearCache */
#define GAP_SPREAD_MS 600000	/* after a gap in our stream */
#define WAIT_MS 15000		/* a yes held back: is the thing in reach now? */
#define EARLY_MIN_MS 1000	/* what closes is cleared before ... */
#define EARLY_MS 4000
#define LATE_MS 30000		/* ... and what opens some time behind */
#define EDGES_MAX 8		/* looked at between now and then */
#define TICK_ROWS 64		/* of one turn of the clockwork */

int64_t lease_for(const struct provisioning *p, enum action a, int64_t rule_lease_ms,
    int64_t edge_ms)
{
	const int64_t standard[ACTION_COUNT] = { p->conf.befriend_lease_ms,
		p->conf.read_lease_ms, p->conf.control_lease_ms };
	int64_t lease = rule_lease_ms != 0 ? rule_lease_ms : standard[a];
	int64_t left = edge_ms - provisioning_now(p);

	return edge_ms != 0 && left < lease ? (left > 0 ? left : 0) : lease;
}

/* ---- for whoever keeps answers for ever ---- */

/* Always the same for one address, so that it does not wander. */
static int64_t spread(const char *jid, int64_t width)
{
	uint32_t hash = 2166136261u;

	for (; *jid != '\0'; jid++)
		hash = (hash ^ (unsigned char)*jid) * 16777619u;
	return (int64_t)(hash % (uint32_t)width);
}

static bool same_names(const struct name_list *a, const struct name_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!value_same(a->name[i], b->name[i]))
			return false;
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_nodes(const struct node_list *a, const struct node_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_text(a->node[i].id, b->node[i].id) ||
		    !same_text(a->node[i].source, b->node[i].source) ||
		    !same_text(a->node[i].partition, b->node[i].partition))
			return false;
	return true;
}

static bool same_grant(const struct access_outcome *a, const struct access_outcome *b)
{
	return b->granted && a->types == b->types &&
	    same_nodes(&a->nodes, &b->nodes) && same_names(&a->names, &b->names);
}

int lease_foreign(const char *jid, const struct access_facts *f, struct pool *pool,
    struct access_outcome *out)
{
	int64_t early = EARLY_MIN_MS + spread(jid, EARLY_MS);
	struct access_facts at = *f;

	for (int i = 0; out->granted && out->edge_ms != 0 &&
	    out->edge_ms - early <= f->now_ms; i++) {
		struct access_outcome then;

		at.now_ms = out->edge_ms;
		if (access_decide(&at, pool, &then) != 0)
			return -1;
		if (i == EDGES_MAX || !same_grant(out, &then))
			*out = (struct access_outcome){ .reason = ACCESS_TIME,
				.edge_ms = out->edge_ms };
		else
			out->edge_ms = then.edge_ms;
	}
	if (out->edge_ms != 0)
		out->edge_ms += out->granted ? -early : spread(jid, LATE_MS);
	return 0;
}

/* ---- leases given ---- */

/* After a restart nobody remembers what was given before. */
int64_t lease_bound(const struct provisioning *p, const struct asker *k)
{
	return k->lease_boot_ms != 0 ? k->lease_boot_ms : p->opened_boot_ms + p->longest_ms;
}

void lease_given(struct provisioning *p, const char *jid, int64_t lease_ms)
{
	const struct asker *k = asker_find(p->askers, jid);
	int64_t end = clock_boot(p->deps.clock) + lease_ms;

	if (lease_ms > p->longest_ms) {
		p->longest_ms = lease_ms;	/* written by the next turn of the clockwork */
		provisioning_due(p, provisioning_now(p));
	}
	if (k != NULL && end > lease_bound(p, k))
		asker_set_lease(k, end);
}

static int64_t longest_of(const struct provisioning_conf *c)
{
	int64_t n = c->befriend_lease_ms;

	if (c->read_lease_ms > n)
		n = c->read_lease_ms;
	return c->control_lease_ms > n ? c->control_lease_ms : n;
}

static const char longest_name[] = "provisioning_longest_lease";

int lease_open(struct provisioning *p, struct err *e)
{
	int found = store_get_int(p->deps.store, longest_name, &p->longest_ms, e);

	p->opened_boot_ms = clock_boot(p->deps.clock);
	/* A store that was never asked before, or by an older version. */
	if (found == 0)
		p->longest_ms = asker_count(p->askers) > 0 ? POLICY_LEASE_MAX_MS : 0;
	if (p->longest_ms < longest_of(&p->conf))
		p->longest_ms = longest_of(&p->conf);
	return found < 0 ? -1 : 0;
}

int lease_keep_longest(struct provisioning *p, struct err *e)
{
	return store_set_int(p->deps.store, longest_name, p->longest_ms, e);
}

bool lease_is_news(const struct provisioning *p, const char *jid, bool keeps_lease,
    int64_t edge_ms)
{
	const struct asker *k = asker_find(p->askers, jid);

	if (k == NULL || k->keeps_lease != keeps_lease)
		return true;
	return !keeps_lease && edge_ms != 0 && (k->edge_ms == 0 || edge_ms < k->edge_ms);
}

int lease_note(struct provisioning *p, const char *jid, bool keeps_lease, int64_t edge_ms,
    struct err *e)
{
	const struct asker *k = asker_find(p->askers, jid);
	struct asker now = k != NULL ? *k : (struct asker){ .jid = jid,
		.lease_boot_ms = clock_boot(p->deps.clock) };

	if (!lease_is_news(p, jid, keeps_lease, edge_ms))
		return 0;
	now.keeps_lease = keeps_lease;
	if (!keeps_lease && edge_ms != 0 && (now.edge_ms == 0 || edge_ms < now.edge_ms)) {
		now.edge_ms = edge_ms;
		provisioning_due(p, edge_ms);
	}
	return asker_put(p->askers, &now, e);
}

static void set_gap(struct provisioning *p, const struct asker *k, int64_t when)
{
	asker_set_gap(p->askers, k, when);
	provisioning_due(p, when);
}

void lease_wait(struct provisioning *p, const char *jid)
{
	const struct asker *k = asker_find(p->askers, jid);

	if (k != NULL && k->gap_ms == 0)
		set_gap(p, k, provisioning_now(p) + WAIT_MS);
}

int lease_widen(struct provisioning *p, const struct debt *owed, uint64_t revision,
    const struct about *about, struct about *joined, uint64_t *number, struct err *e)
{
	bool wider;

	*number = revision;
	about_nothing(joined);
	if (owed != NULL)
		floor_about(owed->text, joined);
	wider = !about_covers(joined, about);
	about_join(joined, about);
	/* Within one transaction it is the same number again: nothing was sent yet. */
	return owed == NULL || !wider || owed->number < revision ? 0 :
	    store_next_revision(p->deps.store, number, e);
}

/* It begins anew: the second clearCache follows what is owed now. */
static int quieten(struct provisioning *p, const struct asker *k, struct err *e)
{
	struct asker fresh = *k;

	fresh.again_ms = ASKER_QUIET;
	return k->keeps_lease || k->again_ms == ASKER_QUIET ? 0 : asker_put(p->askers, &fresh, e);
}

int lease_owe(struct provisioning *p, const struct asker *k, uint64_t number,
    const char *text, struct err *e)
{
	++*p->count.floors;
	if (debt_floor(p->deps.debts, k->jid, number, text, e) != 0)
		return -1;
	return quieten(p, k, e);
}

/* What waits for an older floor of this JID goes on waiting. */
static int owe_about(struct provisioning *p, const char *jid, uint64_t revision,
    const struct about *about, struct err *e)
{
	const struct debt *d = debt_find(p->deps.debts, DEBT_FLOOR, jid, "");
	struct floor_wait w[FLOOR_WAITS];
	struct about joined;
	struct buf text;
	size_t n;
	int ret;

	if (lease_widen(p, d, revision, about, &joined, &revision, e) != 0)
		return -1;
	n = floor_waits(d != NULL ? d->text : NULL, w);
	buf_init(&text, FLOOR_BYTES);
	ret = debt_floor(p->deps.debts, jid, revision, floor_text(&text, w, n, &joined), e);
	buf_fini(&text);
	++*p->count.floors;
	return ret;
}

int lease_floor(struct provisioning *p, const char *jid, uint64_t revision, struct err *e)
{
	const struct asker *k = asker_find(p->askers, jid);
	struct about all;

	about_everything(&all);
	return k == NULL ? 0 : owe_about(p, jid, revision, &all, e) != 0 ? -1 : quieten(p, k, e);
}

int lease_floor_node(struct provisioning *p, const char *jid, const struct node *node,
    uint64_t revision, struct err *e)
{
	const struct asker *k = asker_find(p->askers, jid);
	struct about about;

	about_nothing(&about);
	about_node(&about, node);
	return k == NULL ? 0 : owe_about(p, jid, revision, &about, e) != 0 ? -1 :
	    quieten(p, k, e);
}

int lease_acknowledged(struct provisioning *p, const char *jid, struct err *e)
{
	const struct asker *k = asker_find(p->askers, jid);
	struct asker fresh;

	if (k == NULL || k->keeps_lease)
		return 0;
	fresh = *k;
	fresh.again_ms = ASKER_QUIET;
	if (k->again_ms != ASKER_REPEATED) {
		fresh.again_ms = provisioning_now(p) + AGAIN_MS;
		provisioning_due(p, fresh.again_ms);
	}
	return asker_put(p->askers, &fresh, e);
}

static bool has_come(int64_t when_ms, int64_t now_ms)
{
	return when_ms > 0 && when_ms <= now_ms;
}

/* Its moment has come: owe, and forget the moment. */
static int reach_edge(struct provisioning *p, const struct asker *k, int64_t now_ms,
    uint64_t revision, struct err *e)
{
	struct asker fresh = *k;
	struct about all;

	about_everything(&all);
	if (owe_about(p, k->jid, revision, &all, e) != 0)
		return -1;
	fresh.gap_ms = 0;
	if (has_come(k->edge_ms, now_ms))
		fresh.edge_ms = 0;
	/* What comes before its time is no second one: that follows this. */
	fresh.again_ms = has_come(k->again_ms, now_ms) ? ASKER_REPEATED : ASKER_QUIET;
	return asker_put(p->askers, &fresh, e);
}

/* Only waiting for the thing to come into reach, and it has not. */
static bool still_waits(const struct provisioning *p, const struct asker *k, int64_t now_ms)
{
	return !has_come(k->edge_ms, now_ms) && !has_come(k->again_ms, now_ms) &&
	    !provisioning_reaches(p, k->jid);
}

static int tick_one(struct provisioning *p, const struct asker *k, int64_t now_ms,
    struct err *e)
{
	uint64_t revision;

	if (k->gap_ms != 0 && still_waits(p, k, now_ms)) {
		set_gap(p, k, now_ms + WAIT_MS);
		return 0;
	}
	if (store_next_revision(p->deps.store, &revision, e) != 0)
		return -1;
	return reach_edge(p, k, now_ms, revision, e);
}

int lease_tick(struct provisioning *p, int64_t now_ms, struct err *e)
{
	const struct asker *k;
	int64_t when;
	int rows = 0;

	while ((k = asker_next(p->askers, &when)) != NULL && when <= now_ms && rows++ < TICK_ROWS)
		if (tick_one(p, k, now_ms, e) != 0)
			return -1;
	if (k != NULL)
		provisioning_due(p, when);
	return rows;
}

/* Spread by chance: all at once would be a flood of our own making. */
void lease_gap(struct provisioning *p)
{
	int64_t now = provisioning_now(p);
	uint32_t chance;

	for (size_t i = 0; i < asker_count(p->askers); i++) {
		const struct asker *k = asker_at(p->askers, i);

		if (k->keeps_lease || ident_random(&chance, sizeof(chance), NULL) != 0)
			continue;
		set_gap(p, k, now + 1 + chance % GAP_SPREAD_MS);
	}
}
