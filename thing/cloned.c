/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloned: what a thing does once it knows that its identity is in use elsewhere, or
 * no more.  How it finds out: clone.c; what it serves meanwhile: serve.c.
 */
#include "config.h"

#include "thing/self.h"

#include "common/wire/stanza.h"

void self_serve_nobody(struct kith_thing *t)
{
	jobs_drop(&t->jobs);
	readouts_drop(&t->readouts);
	watches_fini(&t->watches);
	self_nodes_down(t);
}

/* What it makes of it is its affair. */
static void on_told(void *arg, const struct stanza *answer)
{
	(void)arg;
	(void)answer;
}

/* The owner is told here, the operator by the registry. */
void self_tell_copied(struct kith_thing *t)
{
	struct request q = { .verb = VERB_COPIED, .to = t->standing.registry.jid,
		.u.copied = t->standing.cloned };

	if (t->standing.registry.jid[0] && t->standing.registry.self)
		(void)session_ask(&t->session, &q, on_told, NULL);
}

void self_cloned(void *arg, bool cloned)
{
	static const char two[] = N_("There are two of me: another device uses my identity. I serve "
	    "nobody until you have taken the wrong one out of service (kith-thing reset there) and "
	    "write 'alone' to me.");
	struct kith_thing *t = arg;
	struct err e = ERR_INIT;

	self_tell_copied(t);
	if (cloned) {
		self_serve_nobody(t);
		self_emit(t, KITH_THING_EV_ALARM, "our identity is in use by another device as well: "
		    "nobody is served", NULL);
		self_emit(t, KITH_THING_EV_LAMP, "alarm", NULL);
		(void)self_tell_owner(t, two);
		return;
	}
	self_emit(t, KITH_THING_EV_NOTE, "no other device uses our identity any more", NULL);
	watches_open(&t->watches);
	watches_look(&t->watches);
	/* What the copy knows is worth nothing from now on. */
	t->id.renew = true;
	if (identity_save(&t->id, t->state_dir, &e) < 0)
		self_emit(t, KITH_THING_EV_ALARM, e.text, NULL);
	renew_now(&t->enroll.renew);
}

void self_clone_note(void *arg, const char *sentence)
{
	self_emit(arg, KITH_THING_EV_ALARM, sentence, NULL);
}
