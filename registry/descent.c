/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descent: the two decisions, line by line.
 */
#include "config.h"

#include "registry/descent.h"

static void hold_for(struct descent_outcome *out, enum descent_from from, enum descent_why why)
{
	out->why = why;
	out->hold = from == FROM_ONE ? HOLD_DESCENT : HOLD_OPERATOR;
	out->alarm = from == FROM_SEVERAL;
}

void descent_decide(const struct descent_facts *f, struct descent_outcome *out)
{
	*out = (struct descent_outcome){ .verdict = DESCENT_TAKE, .hold = f->hold };
	/* An old backup was put back: what the thing knows is the truth, and
	 * what we would tell it may have been taken back long ago. */
	if (f->hold == HOLD_FROZEN || f->newer) {
		out->verdict = DESCENT_FREEZE;
		return;
	}
	/* XEP-0347 3.6: a claimed thing changes nothing by registering. */
	if (f->owned)
		return;
	/* Who only names a key may have read it; were it held for the owner on
	 * that word, anybody could put things before him. */
	if (f->key_named) {
		out->verdict = DESCENT_PROVE;
		return;
	}
	/* Others have decided about this record: registering again changes nothing. */
	if (f->hold == HOLD_OPERATOR || f->hold == HOLD_PRESENCE)
		return;
	/* He knows what it comes from, and that nobody is there to claim it. */
	if (f->let_go)
		return;
	/* The key before the tags: a label can be photographed, a key cannot. */
	if (f->by_key != FROM_NOBODY) {
		hold_for(out, f->by_key, BY_KEY);
	} else if (f->by_tags != FROM_NOBODY) {
		hold_for(out, f->by_tags, BY_TAGS);
	} else {
		out->hold = HOLD_NONE;
		out->notice = f->same_name;
		out->alarm = f->twin;
	}
}

enum replace_verdict replace_decide(const struct replace_facts *f)
{
	if (!f->may)
		return REPLACE_NOT_FOUND;
	if (!f->settled)
		return REPLACE_NOT_NOW;
	if (!f->alike)
		return REPLACE_UNLIKE;
	/* The same key at two places at once is a copy, whatever else it shows. */
	if (f->old_speaks)
		return REPLACE_SPEAKS;
	/* Its statements would look newer than the merged row for ever. */
	if (f->behind)
		return REPLACE_BEHIND;
	return f->same_key || f->presence ? REPLACE_DO : REPLACE_PRESENCE;
}
