/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_history: one sentence per kind of event.  What is noted is decided by
 * those who note it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/store/audit.h"
#include "desk/talk.h"

#define PIECE_BYTES 4096

/* %1 who did it, %2 the other party or what it was about, %3 more words. */
static const struct { enum audit_what what; const char *sentence; } sentences[] = {
	{ AUDIT_REGISTERED, N_("registered") },
	{ AUDIT_CLAIMED, N_("claimed by %1") },
	{ AUDIT_DISOWNED, N_("let go") },
	{ AUDIT_TOMBSTONE, N_("disowned by %1 while it was away") },
	{ AUDIT_TRANSFERRED, N_("transferred from %1 to %2") },
	{ AUDIT_TOLD, N_("has heard whose it is") },
	{ AUDIT_REMOVED, N_("taken off the list by %1") },
	{ AUDIT_PUBLISHED, N_("who finds it was changed by %1: %2") },
	{ AUDIT_UNREGISTERED, N_("unregistered itself") },
	{ AUDIT_RESTORED, N_("is back: unregistering was undone by %1") },
	{ AUDIT_REPLACED, N_("took the place of %2") },
	{ AUDIT_HELD, N_("held back %3") },
	{ AUDIT_RELEASED, N_("released") },
	{ AUDIT_COPIED, N_("said that another device uses its identity") },
	{ AUDIT_ALONE, N_("said that no other device uses its identity any more") },
	{ AUDIT_EXPIRED, N_("expired") },
	{ AUDIT_DISPUTED, N_("disputed %3") },
	{ AUDIT_PRESENCE, N_("somebody stood before it %3") },
	{ AUDIT_NAMED, N_("named by %1: %2") },
	{ AUDIT_TAGGED, N_("tags changed by %1") },
	{ AUDIT_RULE, N_("rule of %1: %3") },
	{ AUDIT_RULE_ENDED, N_("rule ended: %3") },
	{ AUDIT_QUESTION, N_("%1 wanted: %2") },
	{ AUDIT_ALLOWED, N_("%1 was allowed: %2") },
	{ AUDIT_DENIED, N_("%1 was refused: %2") },
	{ AUDIT_ACCOUNT, N_("account: %3") },
	{ AUDIT_OPERATOR, N_("the operator: %3") },
};

static const char *sentence_for(int what)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if ((int)sentences[i].what == what)
			return sentences[i].sentence;
	return "%1 %2 %3";
}

static void piece(struct buf *b, const struct talk *t, const char *text)
{
	buf_init(b, PIECE_BYTES);
	if (text != NULL)
		talk_line(b, text);
	else
		buf_adds(b, T("the site"));
}

static void say_line(struct buf *out, const struct talk *t, const struct history_line *l)
{
	struct buf actor, object, detail;
	char times[24];

	piece(&actor, t, l->actor);
	piece(&object, t, l->object != NULL ? l->object : "");
	piece(&detail, t, l->detail != NULL ? l->detail : "");
	buf_adds(out, "\n- ");
	talk_time(out, t, l->at_ms);
	if (l->thing != NULL) {
		buf_addc(out, ' ');
		talk_quoted(out, l->thing);
	}
	buf_adds(out, ": ");
	catalogue_fill(out, T(sentence_for(l->what)), buf_str(&actor), buf_str(&object),
	    buf_str(&detail), NULL);
	if (l->count > 1) {
		snprintf(times, sizeof(times), "%lld", (long long)l->count);
		catalogue_fill(out, T(" (%1 times)"), times, NULL);
	}
	buf_fini(&actor);
	buf_fini(&object);
	buf_fini(&detail);
}

void talk_history(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	(void)q;
	if (r->u.history.n == 0) {
		buf_adds(out, T("Nothing has happened yet."));
		return;
	}
	buf_adds(out, T("The newest first:"));
	for (size_t i = 0; i < r->u.history.n; i++)
		say_line(out, t, &r->u.history.line[i]);
	if (r->u.history.more)
		buf_adds(out, T("\n... and more: send: history page 2"));
}
