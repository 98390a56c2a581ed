/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renew: make, save, ask, keep.  Without an answer both stay on disk, and the
 * next login shows which of them counts; then it is changed once more.
 */
#include "config.h"

#include "thing/renew.h"

#include <string.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"

static void save(struct renew *r)
{
	struct err e = ERR_INIT;

	if (identity_save(r->id, r->dir, &e) < 0)
		r->note(r->arg, true, e.text);
}

static bool asks_to_wait(const struct stanza *answer)
{
	const struct stanza *error = stanza_child(answer, NS_CLIENT, "error");
	const char *type = error ? stanza_attr(error, "type") : NULL;

	return type && strcmp(type, "wait") == 0;
}

static void on_answer(void *arg, const struct stanza *answer)
{
	struct renew *r = arg;
	const char *type = answer ? stanza_attr(answer, "type") : NULL;

	r->asking = false;
	/* No answer, or not now: after the next login. */
	if (!type || asks_to_wait(answer))
		return;
	if (strcmp(type, "result") == 0) {
		identity_swap_password(r->id);
		identity_keep_password(r->id);
		r->note(r->arg, false, "the account has a new password");
	} else {
		identity_keep_password(r->id);
		r->note(r->arg, true, "the broker does not change our password: whoever owned us "
		    "before could still know it");
	}
	save(r);
}

void renew_now(struct renew *r)
{
	const struct identity *id = r->id;
	struct err e = ERR_INIT;

	if (r->asking || !session_is_up(r->session) || !(id->renew || id->other.len > 0))
		return;
	/* Never the one that is there already: it may be the old one. */
	r->id->renew = true;
	if (identity_new_password(r->id, &e) < 0 || identity_save(id, r->dir, &e) < 0) {
		r->note(r->arg, true, e.text);
		return;
	}
	r->asking = session_ask_password(r->session, id->domain, id->user,
	    (const char *)id->other.data, on_answer, r) == 0;
}
