/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: what the core profile leaves out (ruling 47), as the rest of the thing
 * sees it: each of these does nothing, and says no where something is asked.
 * Linked instead of the files named in core_left_out (thing/core.inc).  Requests
 * that are left out have no row in common/wire/route_core.def.
 */
#include "config.h"

#include "thing/relay.h"
#include "thing/talk.h"
#include "thing/witness.h"

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
