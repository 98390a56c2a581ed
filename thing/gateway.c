/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: the public face of the nodes behind a thing (thing.h).  What becomes of
 * them: muster.c; what others are shown of them: concentrator.c.
 */
#include "config.h"

#include "thing/self.h"

#include <string.h>

#include "common/base/mem.h"

/* ---- what happens to them ----------------------------------------------- */

/* Kept until the next one is asked for: strings that are given out live so long. */
static const char *keep_uri(const struct kith_thing *t, const struct thing_node *n)
{
	char **kept = t->node_uri;

	if (*kept) {
		secret_cleanse(*kept, strlen(*kept));
		mem_free(*kept);
	}
	*kept = n ? muster_claim_uri(&t->muster, n) : NULL;
	return *kept ? *kept : "";
}

static void on_claimable(void *arg, const struct thing_node *n)
{
	struct kith_thing *t = arg;
	char *uri = muster_claim_uri(&t->muster, n);

	/* Not the one that is given out: the callback may ask for others. */
	if (!uri)
		return;
	self_emit(t, KITH_THING_EV_CLAIM, uri, n);
	secret_cleanse(uri, strlen(uri));
	mem_free(uri);
}

static void on_owner(void *arg, const struct thing_node *n, const char *bare)
{
	self_emit(arg, KITH_THING_EV_OWNER, bare, n);
}

static void on_note(void *arg, bool alarm, const char *sentence)
{
	self_emit(arg, alarm ? KITH_THING_EV_ALARM : KITH_THING_EV_NOTE, sentence, NULL);
}

static const struct muster_ops calls = {
	.claimable = on_claimable,
	.owner = on_owner,
	.note = on_note,
};

int self_open_nodes(struct kith_thing *t, struct err *e)
{
	t->muster = (struct muster){
		.clock = &clock_system, .dir = t->state_dir, .nodes = &t->nodes,
		.standing = &t->standing, .session = &t->session, .friends = &t->friends,
		.befriend = &t->befriend, .decisions = &t->decisions, .ops = &calls, .arg = t,
	};
	t->concentrator = (struct concentrator){ .clock = &clock_system, .session = &t->session,
		.access = &t->access, .nodes = &t->nodes, .jobs = &t->jobs };
	t->node_uri = mem_zalloc(sizeof(t->node_uri[0]));
	if (!t->node_uri)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return muster_open(&t->muster, e);
}

void self_close_nodes(struct kith_thing *t)
{
	muster_close(&t->muster);
	if (t->node_uri)
		(void)keep_uri(t, NULL);
	mem_free(t->node_uri);
}

/* The stream is gone, and with it everybody who wanted to be told. */
void self_nodes_down(struct kith_thing *t)
{
	concentrator_left(&t->concentrator, NULL);
}

void self_watcher_left(struct kith_thing *t, const char *jid)
{
	concentrator_left(&t->concentrator, jid);
}

void self_take_about_nodes(struct kith_thing *t, struct call **c)
{
	concentrator_request(&t->concentrator, c);
}

/* ---- coming and going --------------------------------------------------- */

static int add(struct kith_thing *t, const struct kith_thing_node *node)
{
	struct thing_node *n = nodes_add(&t->nodes, node);
	struct err e = ERR_INIT;

	if (!n)
		return -1;
	if (muster_add(&t->muster, n, &e) < 0) {
		on_note(t, true, e.text);
		nodes_remove(&t->nodes, n);
		return -1;
	}
	concentrator_happened(&t->concentrator, n, CONCENTRATOR_ADDED);
	return 0;
}

int kith_thing_add_node(struct kith_thing *t, const struct kith_thing_node *node)
{
	MEM_WITHIN(&t->mem);
	bool outermost = self_enter_call(t);
	int ret = add(t, node);

	self_leave_call(t, outermost);
	return ret;
}

/* None of the calls below is about the thing itself. */
static struct thing_node *find(const struct kith_thing *t, const struct kith_thing_at *at)
{
	struct thing_node *n = nodes_at(&t->nodes, at);

	return n && !node_is_device(n) && !n->doomed ? n : NULL;
}

int kith_thing_change_node(struct kith_thing *t, const struct kith_thing_node *node)
{
	MEM_WITHIN(&t->mem);
	struct thing_node *n = find(t, &node->at);
	bool outermost = self_enter_call(t);
	int ret = n ? nodes_change(n, node) : -1;

	if (ret == 1) {
		muster_changed(&t->muster, n);
		concentrator_happened(&t->concentrator, n, CONCENTRATOR_UPDATED);
		ret = 0;
	}
	self_leave_call(t, outermost);
	return ret;
}

static int remove_it(struct kith_thing *t, struct thing_node *n)
{
	struct err e = ERR_INIT;

	n->doomed = true;		/* what is told of it meanwhile is about nothing */
	concentrator_happened(&t->concentrator, n, CONCENTRATOR_REMOVED);
	if (muster_remove(&t->muster, n, &e) < 0) {
		on_note(t, true, e.text);
		n->doomed = false;
		return -1;
	}
	watches_forget(&t->watches, n);
	samples_forget(&t->samples, n);
	nodes_remove(&t->nodes, n);
	return 0;
}

/* Whoever tells the maker of something goes on with it afterwards. */
static int remove_later(struct kith_thing *t, struct thing_node *n)
{
	n->doomed = t->has_doomed = true;
	return 0;
}

void self_remove_doomed(struct kith_thing *t)
{
	size_t i = 1;

	t->has_doomed = false;
	while (i < t->nodes.n) {
		struct thing_node *n = t->nodes.node[i];

		i = n->doomed && remove_it(t, n) == 0 ? 1 : i + 1;
	}
}

int kith_thing_remove_node(struct kith_thing *t, const struct kith_thing_at *node)
{
	MEM_WITHIN(&t->mem);
	struct thing_node *n = find(t, node);
	bool outermost = self_enter_call(t);
	int ret = !n ? -1 : t->telling ? remove_later(t, n) : remove_it(t, n);

	self_leave_call(t, outermost);
	return ret;
}

int kith_thing_set_node_state(struct kith_thing *t, const struct kith_thing_at *node,
    enum kith_thing_node_state state)
{
	MEM_WITHIN(&t->mem);
	struct thing_node *n = find(t, node);

	if (!n || (unsigned)state > KITH_THING_NODE_ERROR_UNSIGNED)
		return -1;
	if (n->state == state)
		return 0;
	n->state = state;
	n->changed_ms = clock_wall(&clock_system);
	concentrator_happened(&t->concentrator, n, CONCENTRATOR_STATUS);
	if (!t->inside)
		login_flush(&t->login);
	return 0;
}

const char *kith_thing_node_owner(const struct kith_thing *t, const struct kith_thing_at *node)
{
	const struct thing_node *n = find(t, node);

	return n && n->owner ? n->owner : "";
}

const char *kith_thing_node_claim_uri(const struct kith_thing *t,
    const struct kith_thing_at *node)
{
	MEM_WITHIN(&t->mem);

	return keep_uri(t, find(t, node));
}
