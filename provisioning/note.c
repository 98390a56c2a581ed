/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: what this role did, for the owner's history and the operator.  Rules
 * and questions are noted in the transaction that makes them; decisions are
 * counted in memory, since asking must not cost a write.
 */
#include "config.h"

#include <string.h>

#include "provisioning/role.h"

#define OBJECT_BYTES 160	/* "read "temperature", "humidity"" */
#define THINGS_NOTED 16		/* of one request with many nodes */

int provisioning_note_rule(struct provisioning *p, enum audit_what what, const char *owner,
    const struct rule *r, bool by_itself, struct pool *pool, struct err *e)
{
	struct audit_event ev = { .what = what, .owner = owner,
		.actor = by_itself ? NULL : r->giver != NULL ? r->giver : owner };

	if (p->deps.audit == NULL)
		return 0;
	ev.object = r->subject.kind == SUBJECT_ANYONE ? NULL : r->subject.text;
	ev.detail = rules_line(p, owner, r, pool);
	if (r->target.kind == TARGET_THING && r->target.bound) {
		ev.thing = r->target.id;
		ev.epoch = r->target.epoch;
	}
	return audit_add(p->deps.audit, &ev, e);
}

static size_t add(char *out, size_t at, const char *s)
{
	size_t n = strlen(s), room = OBJECT_BYTES - 1 - at;

	if (n > room)
		n = room;
	memcpy(out + at, s, n);
	return at + n;
}

/* In the words of a policy line; what does not fit is left out whole. */
static const char *object_of(enum action a, const struct name_list *names,
    char out[static OBJECT_BYTES])
{
	size_t at = add(out, 0, action_name(a));

	for (size_t i = 0; a != ACTION_BEFRIEND && i < names->n; i++) {
		if (at + strlen(names->name[i]) + sizeof(", \"\"...") > OBJECT_BYTES) {
			at = add(out, at, " ...");
			break;
		}
		at = add(out, at, i > 0 ? ", \"" : " \"");
		at = add(out, at, names->name[i]);
		at = add(out, at, "\"");
	}
	out[at] = '\0';
	return out;
}

int provisioning_note_question(struct provisioning *p, const struct question_wish *w,
    struct err *e)
{
	char object[OBJECT_BYTES];
	struct audit_event ev = { .what = AUDIT_QUESTION, .thing = w->thing->id,
		.epoch = w->thing->epoch, .owner = w->thing->owner, .actor = w->requester };

	if (p->deps.audit == NULL)
		return 0;
	ev.object = object_of(w->action, &w->names, object);
	return audit_add(p->deps.audit, &ev, e);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_listed(const struct node_list *nodes, const struct access_thing *at)
{
	const struct owned *t = at->thing;
	struct node as = node_is_set(&at->node) ? at->node :
	    (struct node){ t->node, t->source, t->partition };

	for (size_t i = 0; i < nodes->n; i++)
		if (same_text(nodes->node[i].id, as.id) &&
		    same_text(nodes->node[i].source, as.source) &&
		    same_text(nodes->node[i].partition, as.partition))
			return true;
	return false;
}

void provisioning_note_decision(struct provisioning *p, const struct access_facts *f,
    const struct access_outcome *out)
{
	char object[OBJECT_BYTES];
	struct audit_event ev = { .actor = f->requester };

	if (p->deps.audit == NULL || f->requester == NULL)
		return;
	ev.object = object_of(f->action, &f->names, object);
	for (size_t i = 0; i < f->n && i < THINGS_NOTED; i++) {
		const struct owned *t = f->thing[i].thing;
		bool granted = out->granted && (f->n == 1 || out->nodes.n == 0 ||
		    (t != NULL && is_listed(&out->nodes, &f->thing[i])));

		if (!provisioning_is_owned(t))
			continue;
		ev.what = granted ? AUDIT_ALLOWED : AUDIT_DENIED;
		ev.thing = t->id;
		ev.epoch = t->epoch;
		ev.owner = t->owner;
		audit_decided(p->deps.audit, &ev);
	}
}
