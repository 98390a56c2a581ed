/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: owner, lease, question, in this order.  Words on the wire are
 * asking.c's, what is kept is decisions.c's.  Read next: job.c, friends.c.
 */
#include "config.h"

#include "thing/access.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "thing/asking.h"

#define ACCESS_TRIES 3	/* for answers that a clear has overtaken */

struct access_wait {
	struct access *access;
	struct pool pool;		/* owns the question */
	struct decision_question q;
	char *key;
	int64_t asked_ms;
	unsigned tries;
	bool operational;		/* an old yes will do while there is no answer */
	access_fn *fn;			/* NULL: it was answered already */
	void *arg;
};

void access_init(struct access *a, const struct clock *clock, struct session *session,
    const struct standing *standing, const struct nodes *nodes,
    const struct friends *friends, struct decisions *decisions)
{
	memset(a, 0, sizeof(*a));
	a->clock = clock;
	a->session = session;
	a->standing = standing;
	a->nodes = nodes;
	a->friends = friends;
	a->decisions = decisions;
	a->budget = ACCESS_BURST;
	a->budget_ms = clock_boot(clock);
}

void access_begin(struct access *a)
{
	a->fresh = a->silent = false;
}

void access_settled(struct access *a)
{
	a->fresh = true;
}

enum access_who access_who(const struct access *a, const char *bare)
{
	if (session_is_own_server(a->session, bare))
		return ACCESS_SELF;
	if (standing_is_service(a->standing, bare))
		return ACCESS_SERVICE;
	if (standing_is_owner(a->standing, bare) || nodes_have_owner(a->nodes, bare))
		return ACCESS_OWNER;
	return friends_has(a->friends, bare) ? ACCESS_FRIEND : ACCESS_STRANGER;
}

bool access_owns(const struct access *a, const struct thing_node *n, const char *bare)
{
	return node_is_device(n) ? standing_is_owner(a->standing, bare)
	    : node_is_owned_by(n, bare);
}

/* ---- asking ------------------------------------------------------------- */

static void wait_free(struct access_wait *w)
{
	for (size_t i = 0; i < ACCESS_WAITING; i++)
		if (w->access->wait[i] == w)
			w->access->wait[i] = NULL;
	pool_fini(&w->pool);
	mem_free(w);
}

void access_fini(struct access *a)
{
	for (size_t i = 0; i < ACCESS_WAITING; i++)
		if (a->wait[i])
			wait_free(a->wait[i]);
}

static bool may_ask(struct access *a)
{
	int64_t now = clock_boot(a->clock);

	a->budget += (double)(now - a->budget_ms) * ACCESS_PER_SECOND / 1000.0;
	a->budget_ms = now;
	if (a->budget > ACCESS_BURST)
		a->budget = ACCESS_BURST;
	if (a->budget < 1)
		return false;
	a->budget -= 1;
	return true;
}

static int copy_names(struct pool *pool, const struct name_list *in, struct name_list *out)
{
	out->n = 0;
	out->name = in->n ? pool_alloc(pool, in->n * sizeof(out->name[0])) : NULL;
	if (in->n && !out->name)
		return -1;
	for (; out->n < in->n; out->n++)
		if (!(out->name[out->n] = pool_strdup(pool, in->name[out->n])))
			return -1;
	return 0;
}

static int copy_nodes(struct pool *pool, const struct node_list *in, struct node_list *out)
{
	out->n = 0;
	out->node = in->n ? pool_alloc(pool, in->n * sizeof(out->node[0])) : NULL;
	if (in->n && !out->node)
		return -1;
	for (; out->n < in->n; out->n++) {
		const struct node *from = &in->node[out->n];
		struct node *to = &out->node[out->n];

		to->id = from->id ? pool_strdup(pool, from->id) : NULL;
		to->source = from->source ? pool_strdup(pool, from->source) : NULL;
		to->partition = from->partition ? pool_strdup(pool, from->partition) : NULL;
		if ((from->id && !to->id) || (from->source && !to->source) ||
		    (from->partition && !to->partition))
			return -1;
	}
	return 0;
}

int access_copy_question(struct pool *pool, const struct decision_question *in,
    struct decision_question *out)
{
	*out = *in;
	out->jid = pool_strdup(pool, in->jid);
	if (!out->jid || copy_nodes(pool, &in->nodes, &out->nodes) < 0 ||
	    copy_names(pool, &in->names, &out->names) < 0 ||
	    copy_names(pool, &in->tokens.service, &out->tokens.service) < 0 ||
	    copy_names(pool, &in->tokens.device, &out->tokens.device) < 0 ||
	    copy_names(pool, &in->tokens.user, &out->tokens.user) < 0)
		return -1;
	return 0;
}

static struct access_wait *wait_new(struct access *a, const struct decision_question *q,
    const char *key)
{
	struct access_wait **slot = NULL, *w;

	for (size_t i = 0; i < ACCESS_WAITING && !slot; i++)
		if (!a->wait[i])
			slot = &a->wait[i];
	w = slot ? mem_zalloc(sizeof(*w)) : NULL;
	if (!w)
		return NULL;
	w->access = a;
	pool_init(&w->pool, WIRE_REQUEST_BYTES);
	w->key = pool_strdup(&w->pool, key);
	if (!w->key || access_copy_question(&w->pool, q, &w->q) < 0) {
		pool_fini(&w->pool);
		mem_free(w);
		return NULL;
	}
	*slot = w;
	return w;
}

static void answered(void *arg, const struct stanza *answer);

static int ask(struct access_wait *w)
{
	struct access *a = w->access;
	const struct standing_service *to = &a->standing->provisioning;

	w->asked_ms = clock_boot(a->clock);
	w->tries++;
	if (!to->jid[0] || !may_ask(a))
		return -1;
	return asking_decision(a->session, to, &w->q, a->decisions->floor, answered, w);
}

static void finish(struct access_wait *w, enum access_verdict v, const struct decision *d)
{
	if (w->fn)
		w->fn(w->arg, v, d);
	wait_free(w);
}

/* ---- while nobody answers ----------------------------------------------- */

static bool all_operational(const struct thing_node *n, const struct name_list *names)
{
	for (size_t i = 0; n && i < names->n; i++) {
		const struct board_control *c = board_control(&n->board, names->name[i]);

		if (!c || !c->use.operational)
			return false;
	}
	return n && names->n > 0;
}

static bool is_operational(const struct access *a, const struct decision_question *q)
{
	if (q->action != DECIDE_CONTROL)
		return false;
	for (size_t i = 0; i < q->nodes.n; i++)
		if (!all_operational(nodes_find(a->nodes, &q->nodes.node[i]), &q->names))
			return false;
	return q->nodes.n > 0 || all_operational(nodes_device(a->nodes), &q->names);
}

static bool find_standby(struct access *a, const struct decision_question *q, struct pool *pool,
    struct decision *out)
{
	struct buf key;
	bool found;

	buf_init(&key, DECISIONS_KEY);
	found = decisions_key(&key, q) == 0 &&
	    decisions_standby(a->decisions, buf_str(&key), pool, out);
	buf_fini(&key);
	return found;
}

/* What he may set one by one he may set together. */
static bool find_each(struct access *a, const struct decision_question *q, struct pool *pool,
    struct decision *out)
{
	struct limit *limit = pool_alloc(pool, WIRE_LIMITS * sizeof(limit[0]));
	struct decision_question one = *q;
	struct decision d;

	*out = (struct decision){ .allowed = true, .standby = true, .limit = limit };
	for (size_t i = 0; i < q->names.n; i++) {
		one.names = (struct name_list){ 1, &q->names.name[i] };
		if (!limit || !find_standby(a, &one, pool, &d) ||
		    out->n_limits + d.n_limits > WIRE_LIMITS)
			return false;
		if (d.n_limits > 0)
			memcpy(limit + out->n_limits, d.limit, d.n_limits * sizeof(limit[0]));
		out->n_limits += d.n_limits;
	}
	return q->names.n > 0;
}

/* True: `fn` was called with what he was last allowed. */
static bool from_standby(struct access *a, const struct decision_question *q, access_fn *fn,
    void *arg)
{
	struct decision d;
	struct pool pool;
	bool found;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	found = find_standby(a, q, &pool, &d) || find_each(a, q, &pool, &d);
	if (found && fn)
		fn(arg, ACCESS_YES, &d);
	pool_fini(&pool);
	return found;
}

/* No answer is no "no": but only what is operational goes on. */
static void finish_unanswered(struct access_wait *w)
{
	w->access->silent = true;
	if (w->operational && w->fn && from_standby(w->access, &w->q, w->fn, w->arg))
		wait_free(w);
	else
		finish(w, ACCESS_UNKNOWN, NULL);
}

static void answered(void *arg, const struct stanza *answer)
{
	struct access_wait *w = arg;
	struct decision d;

	if (asking_decision_read(answer, &w->q, &w->pool, &d) < 0) {
		finish_unanswered(w);
		return;
	}
	w->access->silent = false;
	d.standby = w->operational;
	/* It came from the pinned service: nobody else is asked (att-P-08). */
	if (w->q.action == DECIDE_FRIEND && w->access->trust)
		w->access->trust(w->access->trust_arg, d.delegates);
	/* Overtaken by a clear: what it says may just have been taken back. */
	if (!decisions_keep(w->access->decisions, w->key, &d, w->asked_ms)) {
		if (w->tries >= ACCESS_TRIES || ask(w) < 0)
			finish(w, ACCESS_UNKNOWN, NULL);
		return;
	}
	finish(w, d.allowed ? ACCESS_YES : ACCESS_NO, &d);
}

/* ---- deciding ----------------------------------------------------------- */

static bool from_lease(struct access *a, const char *key, access_fn *fn, void *arg)
{
	struct decision d;
	struct pool pool;
	bool found;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	found = a->fresh && decisions_find(a->decisions, key, &pool, &d);
	if (found)
		fn(arg, d.allowed ? ACCESS_YES : ACCESS_NO, &d);
	pool_fini(&pool);
	return found;
}

static void ask_service(struct access *a, const struct decision_question *q, const char *key,
    access_fn *fn, void *arg)
{
	struct access_wait *w = wait_new(a, q, key);

	if (!w) {
		if (fn)
			fn(arg, ACCESS_UNKNOWN, NULL);
		return;
	}
	w->fn = fn;
	w->arg = arg;
	w->operational = is_operational(a, q);
	if (ask(w) < 0)
		finish(w, ACCESS_UNKNOWN, NULL);
}

/*
 * While the service is silent a light switch does not wait for it.  It is asked all
 * the same, first because `fn` may end what owns the question, and its answer counts
 * for the next time.
 */
static void ask_or_go_on(struct access *a, const struct decision_question *q, const char *key,
    access_fn *fn, void *arg)
{
	if (!a->silent || !is_operational(a, q) || !from_standby(a, q, NULL, NULL)) {
		ask_service(a, q, key, fn, arg);
		return;
	}
	ask_service(a, q, key, NULL, NULL);
	(void)from_standby(a, q, fn, arg);
}

/* All that he asks about is his own.  No node named: the thing itself. */
static bool owns_all(const struct access *a, const struct decision_question *q)
{
	if (q->action == DECIDE_FRIEND)
		return access_who(a, q->jid) == ACCESS_OWNER;
	for (size_t i = 0; i < q->nodes.n; i++) {
		const struct thing_node *n = nodes_find(a->nodes, &q->nodes.node[i]);

		if (!n || !access_owns(a, n, q->jid))
			return false;
	}
	return q->nodes.n > 0 || standing_is_owner(a->standing, q->jid);
}

void access_decide(struct access *a, const struct decision_question *q, bool fresh_only,
    access_fn *fn, void *arg)
{
	static const struct decision everything = { .allowed = true, .types = FIELD_ALL };
	struct buf key;

	if (owns_all(a, q)) {
		fn(arg, ACCESS_YES, &everything);
		return;
	}
	buf_init(&key, DECISIONS_KEY);
	if (decisions_key(&key, q) < 0)
		fn(arg, ACCESS_UNKNOWN, NULL);
	else if (fresh_only || !from_lease(a, buf_str(&key), fn, arg))
		ask_or_go_on(a, q, buf_str(&key), fn, arg);
	buf_fini(&key);
}
