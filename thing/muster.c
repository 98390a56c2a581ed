/* SPDX-License-Identifier: Apache-2.0 */
/*
 * muster: top to bottom in the order of a node's life: it comes, it is registered,
 * somebody owns it, nobody does any more, it goes.  Pushes are last.
 */
#include "config.h"

#include "thing/muster.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/wire/manifest.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"
#include "thing/asking.h"
#include "thing/login.h"
#include "thing/node_file.h"
#include "thing/statefile.h"

static void run(struct muster *m);
static size_t count_graves(const struct muster *m);

static void note(struct muster *m, bool alarm, const struct thing_node *n, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void note(struct muster *m, bool alarm, const struct thing_node *n, const char *fmt, ...)
{
	char text[ERR_TEXT];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&b, 2 * ERR_TEXT + 256);
	buf_adds(&b, "node ");
	str_escape(&b, n->at.id, 60, true);
	buf_addf(&b, ": %s", text);
	m->ops->note(m->arg, alarm, buf_str(&b));
	buf_fini(&b);
}

static const char *registry_of(const struct muster *m)
{
	return m->standing->registry.jid;
}

static bool save(struct muster *m, struct thing_node *n)
{
	struct err why = ERR_INIT;

	n->unsaved = node_file_save(n, m->dir, registry_of(m), &why) < 0;
	if (n->unsaved)
		note(m, true, n, "%s", why.text);
	return !n->unsaved;
}

static int64_t later(const struct muster *m, unsigned failures)
{
	uint32_t r = UINT32_MAX;

	(void)!ident_random(&r, sizeof(r), NULL);
	return clock_boot(m->clock) + MUSTER_AGAIN_MS / 5 + login_delay(failures, r);
}

/* ---- it comes ----------------------------------------------------------- */

int muster_add(struct muster *m, struct thing_node *n, struct err *e)
{
	struct err why = ERR_INIT;

	if (count_graves(m) >= MUSTER_GRAVES)
		return err_set(e, ERR_LIMIT, "node '%.40s' is left out: %d that are gone wait to "
		    "be forgotten by the registry", n->at.id, MUSTER_GRAVES);
	if (node_file_load(n, m->dir, registry_of(m), &why) < 0) {
		if (why.kind != ERR_AGAIN)
			note(m, true, n, "%s; it gets a new KEY", why.text);
		if (ident_text(n->key, e) < 0 ||
		    node_file_save(n, m->dir, registry_of(m), e) < 0)
			return -1;
	}
	n->owed = true;
	n->changed_ms = clock_wall(m->clock);
	run(m);
	return 0;
}

void muster_changed(struct muster *m, struct thing_node *n)
{
	n->owed = true;
	n->changed_ms = clock_wall(m->clock);
	run(m);
}

/* ---- whose it is -------------------------------------------------------- */

static bool owns_something(const struct muster *m, const char *bare)
{
	if (standing_is_owner(m->standing, bare))
		return true;
	for (size_t i = 1; i < m->nodes->n; i++) {
		const struct thing_node *n = m->nodes->node[i];

		if (n->owner && strcmp(n->owner, bare) == 0)
			return true;
	}
	return false;
}

/* Who owned it is a friend no longer, unless something else here is his.  Should the
 * words that end it be lost, the roster shows it at the next login. */
static void part_with(struct muster *m, const char *bare)
{
	if (!owns_something(m, bare))
		befriend_unfriend(m->befriend, bare);
}

static bool is_in_roster(const struct muster *m, const char *bare)
{
	const struct friend *x = friends_find(m->friends, bare);

	return x && (x->from || x->to || x->asked);
}

/* Our server says that he is no friend, or something else is his: that is over, and
 * whoever may can make him one again. */
static void check_former(struct muster *m, struct thing_node *n, bool again)
{
	if (!n->former)
		return;
	if (is_in_roster(m, n->former) && !owns_something(m, n->former)) {
		if (again)
			befriend_unfriend(m->befriend, n->former);
		return;
	}
	mem_free(n->former);
	n->former = NULL;
	(void)save(m, n);
}

/* Everything decided about it for an earlier owner is void. */
static bool drop_decisions(struct muster *m, const struct thing_node *n)
{
	struct err why = ERR_INIT;

	if (decisions_clear_node(m->decisions, &n->at, &why) == 0)
		return true;
	note(m, true, n, "%s", why.text);
	return false;
}

static bool is_same_owner(const struct thing_node *n, const char *bare)
{
	return strcmp(n->owner ? n->owner : "", bare) == 0;
}

/* The rights of the former end in memory first; nobody counts as owner again before
 * that is on disk. */
static bool set_owner(struct muster *m, struct thing_node *n, const char *bare, bool is_public,
    uint64_t epoch)
{
	bool changed = !is_same_owner(n, bare);
	char *owner = *bare ? mem_strdup(bare) : NULL;

	if (*bare && !owner)
		return false;
	if (changed) {
		n->known = false;
		n->untold = true;
		if (!drop_decisions(m, n)) {
			mem_free(owner);
			return false;
		}
		if (n->owner) {
			mem_free(n->former);
			n->former = n->owner;
			n->owner = NULL;
		}
	}
	n->unsaved = n->unsaved || changed || n->is_public != is_public ||
	    (epoch && n->epoch != epoch) || (*bare && !n->key_used);
	mem_free(n->owner);
	n->owner = owner;
	n->is_public = is_public;
	n->epoch = epoch ? epoch : n->epoch;
	n->key_used = n->key_used || *bare != '\0';
	if (n->former && strcmp(n->former, bare) == 0) {
		mem_free(n->former);
		n->former = NULL;
	}
	if (n->unsaved && !save(m, n))
		return false;
	if (changed && n->former)
		part_with(m, n->former);
	return true;
}

/* Nobody's any more: the KEY that was used is spent, a new one is on disk before the
 * registry hears of the node again.  1: there is a new KEY to be shown. */
static int become_unowned(struct muster *m, struct thing_node *n, uint64_t epoch)
{
	char old[IDENT_TEXT];
	bool fresh = n->key_used;
	struct err why = ERR_INIT;

	memcpy(old, n->key, sizeof(old));
	if (fresh && ident_text(n->key, &why) < 0) {
		note(m, true, n, "%s", why.text);
		return -1;
	}
	n->key_used = false;
	n->unsaved = n->unsaved || fresh;
	if (set_owner(m, n, "", false, epoch))
		return fresh;
	memcpy(n->key, old, sizeof(old));	/* the one on disk is spent still */
	n->key_used = fresh;
	return -1;
}

char *muster_claim_uri(const struct muster *m, const struct thing_node *n)
{
	struct tag all[WIRE_TAGS];
	struct iotdisco d = { .tags = { 0, all }, .registry = registry_of(m), .has_key = true };
	struct buf b;
	char *uri;

	if (n->owner || !n->known || node_is_device(n))
		return NULL;
	for (; d.tags.n < n->tags.n; d.tags.n++)
		all[d.tags.n] = n->tags.tag[d.tags.n];
	all[d.tags.n++] = (struct tag){ .name = "KEY", .str = n->key };
	buf_init(&b, STATEFILE_MAX);
	iotdisco_write(&b, &d);
	uri = buf_ok(&b) ? mem_strdup(buf_str(&b)) : NULL;
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return uri;
}

/* ---- it is registered --------------------------------------------------- */

static void answer_pushes(struct muster *m, const struct thing_node *n)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	for (size_t i = 0; i < MUSTER_PUSHES; i++) {
		struct muster_push *p = &m->push[i];

		if (!p->call || p->node != n || p->pull > n->done)
			continue;
		if (session_is_up(m->session))
			(void)reply_write(m->session->out, &p->call->q, &r);
		call_free(&p->call);
		node_release(&p->node);
	}
}

static void failed(struct muster *m, struct thing_node *n, const char *why)
{
	n->failures++;
	n->owed = true;
	n->next_ms = later(m, n->failures);
	note(m, false, n, "%s", why);
}

/* Says it once to our maker: who owns it now, or how it can be claimed. */
static void tell(struct muster *m, struct thing_node *n)
{
	bool first = !n->known;

	n->known = true;
	if (n->owner)
		befriend_subscribe(m->befriend, n->owner);
	if (n->untold)
		m->ops->owner(m->arg, n, n->owner ? n->owner : "");
	n->untold = false;
	if (!n->owner && first)
		m->ops->claimable(m->arg, n);
}

/* As of the thing itself (enroll.c): other registries let go once the push is answered,
 * and what they say before that is who owned it until now. */
static bool is_disowning(const struct muster *m, const struct thing_node *n,
    const struct asking_registered *r)
{
	if (r->standing == ASKING_DISOWNED)
		return true;
	if (r->standing != ASKING_CLAIMED || !n->owner || strcmp(n->owner, r->owner) != 0)
		return false;
	for (size_t i = 0; i < MUSTER_PUSHES; i++)
		if (m->push[i].call && m->push[i].node == n && m->push[i].pull <= n->begun &&
		    m->push[i].call->q.verb == VERB_DISOWNED)
			return true;
	return false;
}

static void settle(struct muster *m, struct thing_node *n, const struct asking_registered *r)
{
	bool disowning = is_disowning(m, n, r);
	int fresh = 0;

	if (r->standing == ASKING_FAILED) {
		failed(m, n, r->condition);
		return;
	}
	if (r->standing != ASKING_CLAIMED)
		fresh = become_unowned(m, n, r->epoch);
	else if (!set_owner(m, n, r->owner, r->is_public, r->epoch))
		fresh = -1;
	if (fresh < 0) {
		failed(m, n, "cannot write down whose it is");
		return;
	}
	n->failures = 0;
	n->done = n->begun;
	answer_pushes(m, n);
	if (disowning) {
		failed(m, n, "the registry is still letting go of it");
	} else if (fresh) {		/* now the new KEY is shown */
		n->owed = true;
	} else {
		tell(m, n);
	}
}

/* The answer to what was asked before all ended has come: others may have its place. */
static void place_is_free(struct muster_flight *f)
{
	f->void_answer = false;
	run(f->muster);
}

static void on_registered(void *arg, const struct stanza *answer)
{
	struct muster_flight *f = arg;
	struct muster *m = f->muster;
	struct thing_node *n = f->node;
	struct asking_registered r;

	if (!n) {
		place_is_free(f);
		return;
	}
	n->asked = false;
	asking_register_read(answer, &r);
	if (m->open && !n->gone)
		settle(m, n, &r);
	node_release(&f->node);
	run(m);
}

static void say_self(const struct muster *m, const struct thing_node *n, struct thing_self *self)
{
	*self = (struct thing_self){ .is_ours = true };
	if (!n->epoch)
		return;
	self->epoch = n->epoch;
	self->owner = n->owner;
	if (strcmp(registry_of(m), m->standing->provisioning.jid) == 0)
		self->floor = decisions_heard(m->decisions);
}

static int send_register(struct muster_flight *f, struct thing_node *n)
{
	struct muster *m = f->muster;
	struct tag all[WIRE_TAGS];
	struct tag_list list = { 0, all };
	struct offer offer[BOARD_OFFERS];
	struct manifest manifest;
	struct thing_self self;

	for (; list.n < n->tags.n; list.n++)
		all[list.n] = n->tags.tag[list.n];
	all[list.n++] = (struct tag){ .name = "KEY", .str = n->key };
	say_self(m, n, &self);
	board_manifest(&n->board, offer, &manifest);
	self.manifest = &manifest;
	return asking_register(m->session, &m->standing->registry, &n->at, &list, &self,
	    on_registered, f);
}

/* ---- it goes ------------------------------------------------------------ */

static struct muster_grave *grave_at(const struct muster *m, const struct node *at)
{
	struct muster_grave *g = m->graves;

	while (g && !node_equal(&g->at, at))
		g = g->next;
	return g;
}

static size_t count_graves(const struct muster *m)
{
	size_t n = 0;

	for (const struct muster_grave *g = m->graves; g; g = g->next)
		n++;
	return n;
}

static void add_grave(void *arg, const struct node *at)
{
	struct muster *m = arg;
	size_t room[] = { strlen(at->id) + 1, at->source ? strlen(at->source) + 1 : 0,
		at->partition ? strlen(at->partition) + 1 : 0 };
	struct muster_grave *g;
	char *text;

	if (grave_at(m, at) || !(g = mem_zalloc(sizeof(*g) + room[0] + room[1] + room[2])))
		return;		/* without memory: the next start finds it on disk */
	text = (char *)(g + 1);
	g->at.id = memcpy(text, at->id, room[0]);
	if (room[1])
		g->at.source = memcpy(text + room[0], at->source, room[1]);
	if (room[2])
		g->at.partition = memcpy(text + room[0] + room[1], at->partition, room[2]);
	g->next = m->graves;
	m->graves = g;
}

static void drop_grave(struct muster *m, struct muster_grave *g)
{
	struct muster_grave **p = &m->graves;

	while (*p != g)
		p = &(*p)->next;
	*p = g->next;
	mem_free(g);
}

static void on_unregistered(void *arg, const struct stanza *answer)
{
	struct muster_flight *f = arg;
	struct muster *m = f->muster;
	struct muster_grave *g = f->grave;
	struct err why = ERR_INIT;

	f->grave = NULL;
	if (!g) {
		place_is_free(f);
		return;
	}
	g->asked = false;
	if (m->open && asking_unregistered(answer) &&
	    node_file_forget(&g->at, m->dir, &why) == 0) {
		drop_grave(m, g);
	} else {
		g->failures++;
		g->next_ms = later(m, g->failures);
	}
	run(m);
}

int muster_remove(struct muster *m, struct thing_node *n, struct err *e)
{
	if (node_file_bury(&n->at, m->dir, e) < 0)
		return -1;
	n->known = n->owed = false;
	if (!drop_decisions(m, n))
		note(m, true, n, "what was decided about it ends with its leases");
	if (n->owner) {
		char *owner = n->owner;

		n->owner = NULL;
		part_with(m, owner);
		mem_free(owner);
	}
	secret_cleanse(n->key, sizeof(n->key));
	n->done = UINT64_MAX;
	answer_pushes(m, n);
	add_grave(m, &n->at);
	run(m);
	return 0;
}

int muster_open(struct muster *m, struct err *e)
{
	for (size_t i = 0; i < MUSTER_FLIGHT; i++)
		m->flight[i].muster = m;
	return node_file_graves(m->dir, add_grave, m, e);
}

void muster_close(struct muster *m)
{
	while (m->graves)
		drop_grave(m, m->graves);
}

/* ---- whose turn it is --------------------------------------------------- */

static bool is_due(int64_t now, bool asked, int64_t next_ms)
{
	return !asked && next_ms <= now;
}

static struct muster_grave *next_grave(const struct muster *m, int64_t now)
{
	struct muster_grave *g = m->graves;

	while (g && !is_due(now, g->asked, g->next_ms))
		g = g->next;
	return g;
}

/* One whose predecessor of the same address is not yet forgotten there waits. */
static struct thing_node *next_node(const struct muster *m, int64_t now)
{
	for (size_t i = 1; i < m->nodes->n; i++) {
		struct thing_node *n = m->nodes->node[i];

		if (n->owed && is_due(now, n->asked, n->next_ms) && !grave_at(m, &n->at))
			return n;
	}
	return NULL;
}

static bool launch_grave(struct muster_flight *f, struct muster_grave *g)
{
	struct muster *m = f->muster;

	if (asking_unregister(m->session, &m->standing->registry, &g->at, on_unregistered, f) < 0) {
		g->next_ms = later(m, ++g->failures);
		return false;
	}
	g->asked = true;
	f->grave = g;
	return true;
}

static bool launch_node(struct muster_flight *f, struct thing_node *n)
{
	struct muster *m = f->muster;

	if (send_register(f, n) < 0) {
		n->next_ms = later(m, ++n->failures);
		return false;
	}
	n->asked = true;
	n->owed = false;
	n->begun++;
	f->node = node_hold(n);
	return true;
}

static void run(struct muster *m)
{
	int64_t now = clock_boot(m->clock);

	for (size_t i = 0; m->open && i < MUSTER_FLIGHT; i++) {
		struct muster_flight *f = &m->flight[i];
		struct muster_grave *g;
		struct thing_node *n;

		if (f->node || f->grave || f->void_answer)
			continue;
		if ((g = next_grave(m, now)))
			(void)launch_grave(f, g);
		else if ((n = next_node(m, now)))
			(void)launch_node(f, n);
		else
			return;
	}
}

/* A registry of ours repeats what it owes until it is answered, so what it said since
 * we started still holds; another one is asked again at every login. */
void muster_begin(struct muster *m)
{
	if (m->open)
		return;
	m->open = true;
	for (size_t i = 1; i < m->nodes->n; i++) {
		struct thing_node *n = m->nodes->node[i];

		n->owed = n->owed || !n->known || !m->standing->registry.self;
		n->next_ms = 0;
		n->failures = 0;
		check_former(m, n, true);
	}
	run(m);
}

void muster_roster_changed(struct muster *m)
{
	for (size_t i = 1; m->open && i < m->nodes->n; i++)
		check_former(m, m->nodes->node[i], false);
}

void muster_end(struct muster *m)
{
	m->open = false;
	for (size_t i = 0; i < MUSTER_PUSHES; i++) {
		call_free(&m->push[i].call);	/* the registry still owes them */
		node_release(&m->push[i].node);
	}
	for (size_t i = 0; i < MUSTER_FLIGHT; i++) {
		struct muster_flight *f = &m->flight[i];

		if (f->node) {
			f->node->asked = false;
			f->node->owed = true;
		}
		if (f->grave)
			f->grave->asked = false;
		f->void_answer = f->void_answer || f->node || f->grave;
		node_release(&f->node);
		f->grave = NULL;
	}
}

/* While all places are taken, an answer or the end of its time moves things on. */
static bool has_room(const struct muster *m)
{
	for (size_t i = 0; m->open && i < MUSTER_FLIGHT; i++)
		if (!m->flight[i].node && !m->flight[i].grave && !m->flight[i].void_answer)
			return true;
	return false;
}

int64_t muster_deadline(const struct muster *m)
{
	int64_t first = -1;

	if (!has_room(m))
		return -1;
	for (const struct muster_grave *g = m->graves; g; g = g->next)
		if (!g->asked && (first < 0 || g->next_ms < first))
			first = g->next_ms;
	for (size_t i = 1; i < m->nodes->n; i++) {
		const struct thing_node *n = m->nodes->node[i];

		if (n->owed && !n->asked && (first < 0 || n->next_ms < first) &&
		    !grave_at(m, &n->at))
			first = n->next_ms;
	}
	return first;
}

void muster_tick(struct muster *m)
{
	run(m);
}

/* ---- pushes ------------------------------------------------------------- */

static void reply_to(struct muster *m, const struct call *c, enum condition cond)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	if (cond != COND_NONE)
		reply_error(&r, cond);
	if (session_is_up(m->session))
		(void)reply_write(m->session->out, &c->q, &r);
}

void muster_take_push(struct muster *m, struct call **c)
{
	const struct node *at = &(*c)->q.u.push.node;
	struct thing_node *n = nodes_find(m->nodes, at);

	/* What is buried here has been forgotten, whatever is said about it. */
	if (!n) {
		reply_to(m, *c, grave_at(m, at) ? COND_NONE : COND_ITEM_NOT_FOUND);
		return;
	}
	for (size_t i = 0; i < MUSTER_PUSHES; i++) {
		struct muster_push *p = &m->push[i];

		if (p->call)
			continue;
		p->call = *c;
		p->node = node_hold(n);
		p->pull = n->begun + 1;
		*c = NULL;
		n->owed = true;
		n->next_ms = 0;
		run(m);
		return;
	}
	reply_to(m, *c, COND_RESOURCE_CONSTRAINT);
}
