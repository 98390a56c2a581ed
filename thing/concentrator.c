/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concentrator: a request becomes a look: the nodes it is about, which of them the
 * asker may see, then one answer made of those.
 */
#include "config.h"

#include "thing/concentrator.h"

#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/concentrator.h"

struct concentrator_look {
	struct concentrator *c;
	struct concentrator_look *next;
	struct call *call;
	size_t n, decided;		/* of `node`, in their order */
	struct thing_node **node;	/* held */
	bool *seen;
	bool over;			/* nobody is there to be answered */
	bool unfriended;		/* he is, but is shown nothing any more */
	struct node *ask;		/* room for one question */
};

struct concentrator_watcher {
	struct concentrator_watcher *next;
	struct dialect dialect;
	unsigned events;
	bool parameters;
	int64_t end_ms;
	char *source;			/* behind the address */
	size_t bare_len;
	char jid[];			/* full */
};

static const struct request_concentrator *wanted(const struct concentrator_look *l)
{
	return &l->call->q.u.concentrator;
}

/* ---- what a node looks like --------------------------------------------- */

static const char *const states[] = {
	[KITH_THING_NODE_OK] = "None", [KITH_THING_NODE_INFORMATION] = "Information",
	[KITH_THING_NODE_WARNING_SIGNED] = "WarningSigned",
	[KITH_THING_NODE_WARNING_UNSIGNED] = "WarningUnsigned",
	[KITH_THING_NODE_ERROR_SIGNED] = "ErrorSigned",
	[KITH_THING_NODE_ERROR_UNSIGNED] = "ErrorUnsigned",
};

/* The one command there is: a switch of that name, which is switched on. */
#define IDENTIFY "identify"

static const struct board_control *identify_of(const struct thing_node *n)
{
	const struct board_control *p = board_control(&n->board, IDENTIFY);

	return p && p->use.type == KITH_THING_BOOLEAN ? p : NULL;
}

static bool is_parent(const struct thing_node *parent, const struct thing_node *n)
{
	return n->parent && strcmp(n->parent, parent->at.id) == 0 &&
	    strcmp(n->at.source, parent->at.source) == 0;
}

static void describe(const struct thing_node *n, struct concentrator_node *out)
{
	*out = (struct concentrator_node){
		.at = n->at, .name = n->name ? n->name : n->at.id, .type = n->type,
		.state = states[n->state], .readable = n->board.n_fields > 0,
		.controllable = n->board.n_controls > 0, .commands = identify_of(n) != NULL,
		.changed_ms = n->changed_ms,
	};
}

/* Parents and children that he does not see are none. */
static void show(const struct concentrator_look *l, size_t i, struct concentrator_node *out)
{
	const struct thing_node *n = l->node[i];

	describe(n, out);
	for (size_t k = 0; k < l->n; k++) {
		if (!l->seen[k])
			continue;
		out->has_children = out->has_children || is_parent(n, l->node[k]);
		if (is_parent(l->node[k], n)) {
			out->parent = l->node[k]->at.id;
			out->parent_partition = l->node[k]->at.partition;
		}
	}
	/* What is known of it is for who may read it, not for who owns the gateway. */
	if (wanted(l)->parameters && (access_owns(l->c->access, n, l->call->q.bare) ||
	    !access_owns(l->c->access, nodes_device(l->c->nodes), l->call->q.bare)))
		out->parameters = &n->tags;
}

/* ---- answers ------------------------------------------------------------ */

static void say(const struct concentrator_look *l, enum concentrator_result r)
{
	(void)concentrator_result_write(l->c->session->out, &l->call->q, r);
}

static bool is_meant(const struct node *said, const struct thing_node *n)
{
	return said->id && strcmp(said->id, n->at.id) == 0 &&
	    (!said->source || strcmp(said->source, n->at.source) == 0) &&
	    (!said->partition || (n->at.partition &&
	    strcmp(said->partition, n->at.partition) == 0));
}

/* Which of them, seen by him; -1: none. */
static int place_of(const struct concentrator_look *l, const struct node *said)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i] && is_meant(said, l->node[i]))
			return (int)i;
	return -1;
}

static void answer_sources(struct concentrator_look *l)
{
	struct concentrator_source *s = pool_zalloc(&l->call->pool, (l->n + 1) * sizeof(s[0]));
	size_t n = 0;

	for (size_t i = 0; s && i < l->n; i++) {
		size_t k = 0;

		if (!l->seen[i])
			continue;
		while (k < n && strcmp(s[k].id, l->node[i]->at.source) != 0)
			k++;
		n += k == n;
		s[k].id = l->node[i]->at.source;
		if (l->node[i]->changed_ms > s[k].changed_ms)
			s[k].changed_ms = l->node[i]->changed_ms;
	}
	if (s)
		(void)concentrator_sources_write(l->c->session->out, &l->call->q, s, n);
	else
		say(l, CONCENTRATOR_OTHER_ERROR);
}

static void answer_contains(struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	bool one = r->what == CONCENTRATOR_CONTAINS_NODE, value[WIRE_NODES];
	size_t n = one ? 1 : r->nodes.n;

	for (size_t i = 0; i < n; i++)
		value[i] = place_of(l, one ? &r->node : &r->nodes.node[i]) >= 0;
	(void)concentrator_bools_write(l->c->session->out, &l->call->q, value, n);
}

static bool is_derived(const struct request_concentrator *r, const struct thing_node *n)
{
	for (size_t i = 0; i < r->derived.n; i++)
		if (strcmp(r->derived.name[i], n->type) == 0)
			return true;
	return r->derived.n == 0;
}

/* Is `n` above `below`?  No more than so many steps: parents may go round. */
static bool is_ancestor(const struct concentrator_look *l, const struct thing_node *n,
    const struct thing_node *below)
{
	for (unsigned step = 0; below && below->parent && step < NODES_DEPTH; step++) {
		const struct thing_node *up = NULL;

		for (size_t i = 0; i < l->n && !up; i++)
			if (is_parent(l->node[i], below))
				up = l->node[i];
		if (up == n)
			return true;
		below = up;
	}
	return false;
}

static bool is_listed(const struct concentrator_look *l, size_t i, const struct thing_node *named)
{
	const struct request_concentrator *r = wanted(l);
	const struct thing_node *n = l->node[i];
	struct concentrator_node shown;

	switch (r->what) {
	case CONCENTRATOR_ROOT_NODES:
		show(l, i, &shown);
		return !shown.parent;
	case CONCENTRATOR_CHILD_NODES:
		return is_parent(named, n);
	case CONCENTRATOR_ANCESTORS:
		return n == named || is_ancestor(l, n, named);
	case CONCENTRATOR_GET_NODE:
		return n == named;
	default:
		return is_derived(r, n);
	}
}

static void write_nodes(struct concentrator_look *l, const bool *listed, size_t n)
{
	struct concentrator_node *out = pool_zalloc(&l->call->pool, (n + 1) * sizeof(out[0]));
	size_t k = 0;

	if (!out) {
		say(l, CONCENTRATOR_OTHER_ERROR);
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		if (listed[i])
			show(l, i, &out[k++]);
	if (concentrator_nodes_write(l->c->session->out, &l->call->q, out, k) < 0)
		say(l, CONCENTRATOR_OTHER_ERROR);
}

/* Of one node that is named, or of the whole source. */
static void answer_nodes(struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	const struct thing_node *named = NULL;
	bool *listed = pool_zalloc(&l->call->pool, l->n + 1);
	int at = place_of(l, &r->node);
	size_t n = 0;

	if (at >= 0)
		named = l->node[at];
	if (!listed) {
		say(l, CONCENTRATOR_OTHER_ERROR);
		return;
	}
	if (r->what != CONCENTRATOR_ALL_NODES && r->what != CONCENTRATOR_ROOT_NODES && !named) {
		say(l, CONCENTRATOR_NOT_FOUND);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		listed[i] = l->seen[i] && is_listed(l, i, named);
		n += listed[i];
	}
	if (l->n == 0)
		say(l, CONCENTRATOR_NOT_FOUND);		/* no such source */
	else
		write_nodes(l, listed, n);
}

/* Those that are named; one that he does not see fails it all (XEP-0326, 3.3.5). */
static void answer_named(struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	bool *listed = pool_zalloc(&l->call->pool, l->n + 1);
	size_t n = 0;

	for (size_t i = 0; listed && i < r->nodes.n; i++) {
		int at = place_of(l, &r->nodes.node[i]);

		if (at < 0) {
			say(l, CONCENTRATOR_NOT_FOUND);
			return;
		}
		n += !listed[at];
		listed[at] = true;
	}
	if (listed)
		write_nodes(l, listed, n);
	else
		say(l, CONCENTRATOR_OTHER_ERROR);
}

static void answer_classes(struct concentrator_look *l)
{
	int at = place_of(l, &wanted(l)->node);

	if (at < 0)
		say(l, CONCENTRATOR_NOT_FOUND);
	else
		(void)concentrator_classes_write(l->c->session->out, &l->call->q,
		    l->node[at]->type);
}

/* ---- commands of a node ------------------------------------------------- */

static void answer_commands(struct concentrator_look *l)
{
	static const struct concentrator_command identify = { IDENTIFY, "Identify" };
	int at = place_of(l, &wanted(l)->node);

	if (at < 0)
		say(l, CONCENTRATOR_NOT_FOUND);
	else
		(void)concentrator_list_commands_write(l->c->session->out, &l->call->q, &identify,
		    identify_of(l->node[at]) != NULL);
}

static void say_done(struct job *j)
{
	bool ok = j->n > 0 && j->item[0].state == ITEM_OK;

	if (session_is_up(j->jobs->session))
		(void)concentrator_result_write(j->jobs->session->out, &j->call->q,
		    ok ? CONCENTRATOR_OK : CONCENTRATOR_OTHER_ERROR);
}

static void say_refused(struct job *j, const struct job_no *no)
{
	if (session_is_up(j->jobs->session))
		(void)concentrator_result_write(j->jobs->session->out, &j->call->q,
		    no->verdict == ACCESS_NO ? CONCENTRATOR_INSUFFICIENT
		    : CONCENTRATOR_OTHER_ERROR);
}

static const struct job_voice voice = { .refused = say_refused, .done = say_done };

/* The node of a command of his that exists; NULL after having said no. */
static const struct thing_node *commanded(const struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	int at = place_of(l, &r->node);

	if (at >= 0 && r->act && strcmp(r->act, IDENTIFY) == 0 && identify_of(l->node[at]))
		return l->node[at];
	say(l, CONCENTRATOR_NOT_FOUND);
	return NULL;
}

static void answer_form(struct concentrator_look *l)
{
	if (commanded(l))
		(void)concentrator_form_write(l->c->session->out, &l->call->q, "Identify");
}

/* Done as any other control, and as that decided. */
static void answer_execute(struct concentrator_look *l)
{
	const struct thing_node *n = commanded(l);
	struct kith_thing_value on = { .boolean = true };
	struct decision_question q = { .action = DECIDE_CONTROL, .jid = l->call->q.bare,
		.tokens = wanted(l)->tokens };
	const char *name = IDENTIFY;
	struct node at;

	if (!n)
		return;
	at = n->at;
	q.names = (struct name_list){ 1, pool_alloc(&l->call->pool, sizeof(name)) };
	if (!q.names.name || nodes_resolve(l->c->nodes, &l->call->pool,
	    &(struct node_list){ 1, &at }, &q.nodes) < 0) {
		say(l, CONCENTRATOR_OTHER_ERROR);
		return;
	}
	q.names.name[0] = name;
	if (job_begin(l->c->jobs, &l->call, &voice, &q, &on) < 0)
		say(l, CONCENTRATOR_OTHER_ERROR);
}

static void answer_no_query(struct concentrator_look *l)
{
	say(l, CONCENTRATOR_NOT_FOUND);
}

/* ---- who is told -------------------------------------------------------- */

static void drop_watcher(struct concentrator *c, struct concentrator_watcher *w)
{
	struct concentrator_watcher **p = &c->watchers;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	mem_free(w);
}

static void drop_over(struct concentrator *c)
{
	struct concentrator_watcher *w = c->watchers, *next;

	for (; w; w = next) {
		next = w->next;
		if (w->end_ms <= clock_boot(c->clock))
			drop_watcher(c, w);
	}
}

static struct concentrator_watcher *watcher_of(const struct concentrator *c, const char *jid,
    const char *source)
{
	struct concentrator_watcher *w = c->watchers;

	while (w && (strcmp(w->jid, jid) != 0 || strcmp(w->source, source) != 0))
		w = w->next;
	return w;
}

static bool has_room(const struct concentrator *c, const char *bare)
{
	size_t all = 0, his = 0, len = strlen(bare);

	for (const struct concentrator_watcher *w = c->watchers; w; w = w->next) {
		all++;
		his += w->bare_len == len && strncmp(w->jid, bare, len) == 0;
	}
	return all < CONCENTRATOR_WATCHERS && his < CONCENTRATOR_WATCHERS_EACH;
}

static struct concentrator_watcher *new_watcher(struct concentrator *c, const struct request *q,
    const char *source)
{
	size_t jid = strlen(q->from) + 1, src = strlen(source) + 1;
	struct concentrator_watcher *w = has_room(c, q->bare) ? mem_zalloc(sizeof(*w) + jid + src)
	    : NULL;

	if (!w)
		return NULL;
	memcpy(w->jid, q->from, jid);
	w->source = memcpy(w->jid + jid, source, src);
	w->bare_len = strlen(q->bare);
	w->next = c->watchers;
	c->watchers = w;
	return w;
}

static bool sees_source(const struct concentrator_look *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i])
			return true;
	return false;
}

static void answer_subscribe(struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	struct concentrator *c = l->c;
	const struct request *q = &l->call->q;
	struct concentrator_watcher *w;
	int64_t ttl_ms = r->ttl > 0 && r->ttl < CONCENTRATOR_WATCH_MS / 1000 ? r->ttl * 1000
	    : CONCENTRATOR_WATCH_MS;

	if (!r->node.source || !sees_source(l)) {
		say(l, CONCENTRATOR_NOT_FOUND);
		return;
	}
	if (r->since) {			/* the past is not kept */
		say(l, CONCENTRATOR_NOT_IMPLEMENTED);
		return;
	}
	drop_over(c);
	w = watcher_of(c, q->from, r->node.source);
	if (!w)
		w = new_watcher(c, q, r->node.source);
	if (w) {
		w->dialect = q->dialect;
		w->events |= r->events;
		w->parameters = r->parameters;
		w->end_ms = clock_boot(c->clock) + ttl_ms;
	}
	say(l, w ? CONCENTRATOR_OK : CONCENTRATOR_OTHER_ERROR);
}

static void answer_unsubscribe(struct concentrator_look *l)
{
	const struct request_concentrator *r = wanted(l);
	struct concentrator_watcher *w = r->node.source ? watcher_of(l->c, l->call->q.from,
	    r->node.source) : NULL;

	if (!w) {
		say(l, CONCENTRATOR_NOT_FOUND);
		return;
	}
	w->events &= ~r->events;
	if (w->events == 0)
		drop_watcher(l->c, w);
	say(l, CONCENTRATOR_OK);
}

void concentrator_left(struct concentrator *c, const char *jid)
{
	struct concentrator_watcher *w = c->watchers, *next;

	for (struct concentrator_look *l = c->looks; l; l = l->next)
		if (!jid)
			l->over = true;
		else if (l->call && strcmp(l->call->q.bare, jid) == 0)
			l->unfriended = true;
	for (; w; w = next) {
		next = w->next;
		if (!jid || strcmp(w->jid, jid) == 0 || (strlen(jid) == w->bare_len &&
		    strncmp(w->jid, jid, w->bare_len) == 0))
			drop_watcher(c, w);
	}
}

struct telling {
	struct concentrator *c;
	struct buf text;
};

static void tell(void *arg, enum access_verdict v, const struct decision *d)
{
	struct telling *t = arg;

	(void)d;
	if (v == ACCESS_YES && session_is_up(t->c->session))
		buf_add(t->c->session->out, buf_str(&t->text), t->text.len);
	buf_fini(&t->text);
	mem_free(t);
}

static void tell_watcher(struct concentrator *c, const struct concentrator_watcher *w,
    const struct thing_node *n, unsigned event)
{
	static const struct decision own = { .allowed = true };
	struct decision_question q = { .action = DECIDE_READ, .types = FIELD_ALL };
	struct telling *t = mem_zalloc(sizeof(*t));
	struct concentrator_node shown;
	char bare[JID_MAX + 1], id[IDENT_TEXT];
	struct node at = n->at;

	if (!t)
		return;
	t->c = c;
	buf_init(&t->text, WIRE_STANZA_BYTES_THING);
	describe(n, &shown);
	memcpy(bare, w->jid, w->bare_len);
	bare[w->bare_len] = '\0';
	if (w->parameters && !access_owns(c->access, nodes_device(c->nodes), bare))
		shown.parameters = &n->tags;
	if (ident_text(id, NULL) < 0 || concentrator_event_write(&t->text, &w->dialect, w->jid, id,
	    event, &shown) < 0) {
		tell(t, ACCESS_UNKNOWN, NULL);
		return;
	}
	q.jid = bare;
	q.nodes = (struct node_list){ 1, &at };
	if (access_owns(c->access, nodes_device(c->nodes), bare))
		tell(t, ACCESS_YES, &own);
	else
		access_decide(c->access, &q, false, tell, t);
}

void concentrator_happened(struct concentrator *c, const struct thing_node *n, unsigned event)
{
	if (!session_is_up(c->session))
		return;
	drop_over(c);
	for (const struct concentrator_watcher *w = c->watchers; w; w = w->next)
		if ((w->events & event) && strcmp(w->source, n->at.source) == 0 &&
		    w->bare_len <= JID_MAX)
			tell_watcher(c, w, n, event);
}

/* ---- looking ------------------------------------------------------------ */

enum scope { OF_NONE, OF_NODE, OF_NODES, OF_SOURCE, OF_ALL };

static const struct {
	enum scope scope;
	void (*answer)(struct concentrator_look *l);
} table[CONCENTRATOR_UNKNOWN] = {
	[CONCENTRATOR_ALL_SOURCES] = { OF_ALL, answer_sources },
	[CONCENTRATOR_ROOT_SOURCES] = { OF_ALL, answer_sources },
	[CONCENTRATOR_CHILD_SOURCES] = { OF_NONE, answer_sources },
	[CONCENTRATOR_CONTAINS_NODE] = { OF_NODE, answer_contains },
	[CONCENTRATOR_CONTAINS_NODES] = { OF_NODES, answer_contains },
	[CONCENTRATOR_GET_NODE] = { OF_NODE, answer_nodes },
	[CONCENTRATOR_GET_NODES] = { OF_NODES, answer_named },
	[CONCENTRATOR_ALL_NODES] = { OF_SOURCE, answer_nodes },
	[CONCENTRATOR_INHERITANCE] = { OF_NODE, answer_classes },
	[CONCENTRATOR_ROOT_NODES] = { OF_SOURCE, answer_nodes },
	[CONCENTRATOR_CHILD_NODES] = { OF_SOURCE, answer_nodes },
	[CONCENTRATOR_ANCESTORS] = { OF_SOURCE, answer_nodes },
	[CONCENTRATOR_SUBSCRIBE] = { OF_SOURCE, answer_subscribe },
	[CONCENTRATOR_UNSUBSCRIBE] = { OF_NONE, answer_unsubscribe },
	[CONCENTRATOR_COMMANDS] = { OF_NODE, answer_commands },
	[CONCENTRATOR_COMMAND_FORM] = { OF_NODE, answer_form },
	[CONCENTRATOR_EXECUTE] = { OF_NODE, answer_execute },
	[CONCENTRATOR_QUERY] = { OF_NONE, answer_no_query },
	[CONCENTRATOR_ABORT_QUERY] = { OF_NONE, answer_no_query },
};

static void look_free(struct concentrator_look *l)
{
	struct concentrator_look **p = &l->c->looks;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	for (size_t i = 0; i < l->n; i++)
		node_release(&l->node[i]);
	mem_free(l->node);
	mem_free(l->seen);
	mem_free(l->ask);
	call_free(&l->call);
	mem_free(l);
}

static bool is_named(const struct request_concentrator *r, const struct thing_node *n)
{
	for (size_t i = 0; i < r->nodes.n; i++)
		if (is_meant(&r->nodes.node[i], n))
			return true;
	return table[r->what].scope == OF_NODE && is_meant(&r->node, n);
}

/* Its parent and its children say something about it as well. */
static bool is_near_named(const struct concentrator *c, const struct request_concentrator *r,
    const struct thing_node *n)
{
	if (is_named(r, n))
		return true;
	for (size_t i = 1; i < c->nodes->n; i++) {
		const struct thing_node *x = c->nodes->node[i];

		if ((is_parent(x, n) || is_parent(n, x)) && is_named(r, x))
			return true;
	}
	return false;
}

static bool is_candidate(const struct concentrator *c, const struct request_concentrator *r,
    const struct thing_node *n)
{
	const char *source = r->node.source;

	switch (table[r->what].scope) {
	case OF_ALL:
		return true;
	case OF_SOURCE:
		return !source || strcmp(source, n->at.source) == 0;
	case OF_NODE:
	case OF_NODES:
		return is_near_named(c, r, n);
	default:
		return false;
	}
}

static struct concentrator_look *look_new(struct concentrator *c, struct call **call)
{
	struct concentrator_look *l = mem_zalloc(sizeof(*l));

	if (!l)
		return NULL;
	l->c = c;
	l->next = c->looks;
	c->looks = l;
	l->node = mem_array(c->nodes->n, sizeof(l->node[0]));
	l->seen = mem_array(c->nodes->n, sizeof(l->seen[0]));
	l->ask = mem_array(WIRE_NODES, sizeof(l->ask[0]));
	if (!l->node || !l->seen || !l->ask) {
		look_free(l);
		return NULL;
	}
	for (size_t i = 1; i < c->nodes->n; i++)
		if (is_candidate(c, &(*call)->q.u.concentrator, c->nodes->node[i]))
			l->node[l->n++] = node_hold(c->nodes->node[i]);
	l->call = *call;
	*call = NULL;
	return l;
}

static void look_finish(struct concentrator_look *l, bool known)
{
	if (!l->over && session_is_up(l->c->session)) {
		if (known && !l->unfriended)
			table[wanted(l)->what].answer(l);
		else
			say(l, CONCENTRATOR_OTHER_ERROR);
	}
	look_free(l);
}

static bool is_in(const struct node_list *l, const struct thing_node *n)
{
	for (size_t i = 0; i < l->n; i++)
		if (node_equal(&l->node[i], &n->at))
			return true;
	return false;
}

static bool is_granted(const struct decision *d, const struct thing_node *n)
{
	return d->nodes.n == 0 || is_in(&d->nodes, n);
}

/* Who may only set it sees it, too; as far as is known: nobody is asked for that. */
static bool may_set(const struct concentrator_look *l, const struct thing_node *n)
{
	bool more = true, may = false;

	for (size_t i = 0; more && !may; i++) {
		struct decisions_row r;
		struct pool pool;

		pool_init(&pool, WIRE_REQUEST_BYTES);
		more = decisions_at(l->c->access->decisions, i, &pool, &r);
		may = more && r.action == DECIDE_CONTROL && r.what.allowed &&
		    strcmp(r.jid, l->call->q.bare) == 0 && is_granted(&r.what, n) &&
		    (r.what.nodes.n > 0 || is_in(&r.asked_nodes, n));
		pool_fini(&pool);
	}
	return may;
}

static bool is_his(const struct concentrator_look *l, const struct thing_node *n)
{
	return access_owns(l->c->access, nodes_device(l->c->nodes), l->call->q.bare) ||
	    access_owns(l->c->access, n, l->call->q.bare);
}

static bool was_asked(const struct concentrator_look *l, const struct thing_node *n)
{
	for (size_t i = 0; i < WIRE_NODES && l->ask[i].id; i++)
		if (node_equal(&l->ask[i], &n->at))
			return true;
	return false;
}

static void look_on(struct concentrator_look *l);

static void decided(void *arg, enum access_verdict v, const struct decision *d)
{
	struct concentrator_look *l = arg;

	if (v == ACCESS_UNKNOWN) {
		look_finish(l, false);
		return;
	}
	for (size_t i = 0; i < l->decided; i++)
		if (was_asked(l, l->node[i]))
			l->seen[i] = (v == ACCESS_YES && is_granted(d, l->node[i])) ||
			    may_set(l, l->node[i]);
	look_on(l);
}

/* As many at once as a question holds, until all are decided. */
static void look_on(struct concentrator_look *l)
{
	struct decision_question q = { .action = DECIDE_READ, .types = FIELD_ALL,
		.jid = l->call->q.bare, .tokens = wanted(l)->tokens };

	memset(l->ask, 0, WIRE_NODES * sizeof(l->ask[0]));
	q.nodes.node = l->ask;
	for (; l->decided < l->n && q.nodes.n < WIRE_NODES; l->decided++) {
		const struct thing_node *n = l->node[l->decided];

		l->seen[l->decided] = is_his(l, n);
		if (!l->seen[l->decided])
			l->ask[q.nodes.n++] = n->at;
	}
	if (q.nodes.n > 0)
		access_decide(l->c->access, &q, false, decided, l);
	else
		look_finish(l, true);
}

static bool may_look(const struct concentrator *c, const char *bare)
{
	size_t all = 0, his = 0;

	for (const struct concentrator_look *l = c->looks; l; l = l->next) {
		all++;
		his += strcmp(l->call->q.bare, bare) == 0;
	}
	return all < CONCENTRATOR_LOOKS && his < CONCENTRATOR_LOOKS_EACH;
}

void concentrator_request(struct concentrator *c, struct call **call)
{
	const struct request *q = &(*call)->q;
	struct concentrator_look *l;

	if (!session_is_up(c->session))
		return;
	if (q->u.concentrator.what == CONCENTRATOR_UNKNOWN) {
		(void)concentrator_result_write(c->session->out, q, CONCENTRATOR_NOT_IMPLEMENTED);
		return;
	}
	if (q->u.concentrator.what == CONCENTRATOR_CAPABILITIES) {
		(void)concentrator_names_write(c->session->out, q, concentrator_commands);
		return;
	}
	l = may_look(c, q->bare) ? look_new(c, call) : NULL;
	if (l)
		look_on(l);
	else
		(void)concentrator_result_write(c->session->out, q, CONCENTRATOR_OTHER_ERROR);
}
