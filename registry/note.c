/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: what this role did, for the owner's history and the operator: one line
 * where it happens, in the transaction that makes it so.
 */
#include "config.h"

#include "registry/role.h"

int registry_note(struct registry *g, enum audit_what what, const struct owned *t,
    const char *actor, const char *object, const char *detail, struct err *e)
{
	struct audit_event ev = {
		.what = what, .actor = actor, .object = object, .detail = detail,
	};

	if (g->deps.audit == NULL)
		return 0;
	if (t != NULL) {
		ev.thing = t->id;
		ev.epoch = t->epoch;
		ev.owner = t->owner;
	}
	return audit_add(g->deps.audit, &ev, e);
}

/* A refusal writes nothing, so that it cannot be told from another one by its
 * cost: it is counted, and noted with the next decisions. */
void registry_note_refusal(struct registry *g, const char *actor, const char *object)
{
	struct audit_event ev = { .what = AUDIT_REFUSED, .actor = actor, .object = object };

	if (g->deps.audit != NULL)
		audit_decided(g->deps.audit, &ev);
}
