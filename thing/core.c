/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: what the core profile leaves out (ruling 47), as the rest of the thing
 * sees it: each of these does nothing, and says no where something is asked.
 * Linked instead of the files named in core_left_out (thing/core.inc).  Requests
 * that are left out have no row in common/wire/route_core.def.
 */
#include "config.h"

#include "thing/node_file.h"
#include "thing/relay.h"
#include "thing/self.h"
#include "thing/talk.h"
#include "thing/witness.h"

/* gateway.c, muster.c, node_file.c, concentrator.c: it has no nodes */

int self_open_nodes(struct kith_thing *t, struct err *e)
{
	(void)t;
	(void)e;
	return 0;
}

void self_close_nodes(struct kith_thing *t)
{
	(void)t;
}

void self_nodes_down(struct kith_thing *t)
{
	(void)t;
}

void self_take_about_nodes(struct kith_thing *t, struct call **c)
{
	(void)t;
	(void)c;
}

void self_watcher_left(struct kith_thing *t, const char *full_jid)
{
	(void)t;
	(void)full_jid;
}

void muster_begin(struct muster *m)
{
	(void)m;
}

void muster_end(struct muster *m)
{
	(void)m;
}

void muster_roster_changed(struct muster *m)
{
	(void)m;
}

void muster_take_push(struct muster *m, struct call **c)
{
	(void)m;
	(void)c;
}

int64_t muster_deadline(const struct muster *m)
{
	(void)m;
	return -1;
}

void muster_tick(struct muster *m)
{
	(void)m;
}

int node_file_wipe(const char *dir, struct err *e)
{
	(void)dir;
	(void)e;
	return 0;
}

int kith_thing_add_node(struct kith_thing *t, const struct kith_thing_node *node)
{
	(void)t;
	(void)node;
	return -1;
}

/* talk.c: friends are answered by iq only */

void talk_line(struct jobs *js, struct call **c)
{
	(void)js;
	(void)c;
}

/* relay.c: no tokens are passed on */

void relay_init(struct relay *r, const struct clock *clock, struct session *session,
    const struct standing *standing)
{
	*r = (struct relay){ .clock = clock, .session = session, .standing = standing };
}

void relay_note(struct relay *r, const struct request *q, const struct tokens *t)
{
	(void)r;
	(void)q;
	(void)t;
}

void relay_challenge(struct relay *r, struct call **c)
{
	(void)r;
	(void)c;
}

/* witness.c: it shows no codes, and its button is the maker's own affair */

void witness_show(struct witness *w, const char *code, int64_t seconds)
{
	(void)w;
	(void)code;
	(void)seconds;
}

void witness_listen(struct witness *w, int64_t seconds)
{
	(void)w;
	(void)seconds;
}

bool witness_listens(const struct witness *w)
{
	(void)w;
	return false;
}

void witness_press(struct witness *w)
{
	(void)w;
}

void witness_end(struct witness *w)
{
	(void)w;
}

int64_t witness_deadline(const struct witness *w)
{
	(void)w;
	return -1;
}

void witness_tick(struct witness *w)
{
	(void)w;
}
