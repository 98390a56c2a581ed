/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirm: what cannot be taken back easily is told before it is done.  The
 * line is kept under a code; `yes CODE` reads and serves it again, and the role
 * checks everything anew (ruling 35).
 */
#include "config.h"

#include <string.h>

#include "desk/role.h"

#define CONFIRM_MS (10 * 60000)

int confirm_keep(struct desk *d, const struct words_line *l, struct buf *text, struct err *e)
{
	struct code what = { .purpose = CODE_CONFIRM, .owner = l->q.bare, .text = l->typed,
		.until_ms = clock_wall(d->d.clock) + CONFIRM_MS };
	const struct owned *t = l->q.u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(d->d.ownership, l->q.u.desk.thing_id);
	struct talk say = desk_talk(d, &l->q);
	char code[IDENT_CODE];

	if (t != NULL) {
		memcpy(what.thing, t->id, sizeof(what.thing));
		what.epoch = t->epoch;
	}
	if (d->d.codes == NULL)
		return err_set(e, ERR_INPUT, "there is no store for codes");
	if (code_issue(d->d.codes, &what, code, e) != 0)
		return -1;
	talk_confirm(text, &say, code);
	return 0;
}

static bool is_stale(const struct desk *d, const struct code *c)
{
	static const uint8_t none[OWNERSHIP_ID];
	const struct owned *t;

	if (memcmp(c->thing, none, sizeof(none)) == 0)
		return false;
	t = ownership_by_id(d->d.ownership, c->thing);
	return t == NULL || t->epoch != c->epoch;
}

int confirm_take(struct desk *d, const struct request *q, const char **line, bool *stale,
    struct err *e)
{
	const struct code *c = d->d.codes == NULL ? NULL :
	    code_find(d->d.codes, q->bare, q->u.desk.code);

	if (c == NULL || c->purpose != CODE_CONFIRM)
		return 0;
	*stale = is_stale(d, c);
	*line = pool_strdup(q->pool, c->text);
	if (*line == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	return code_spend(d->d.codes, q->bare, q->u.desk.code, e) != 0 ? -1 : 1;
}
