/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decommission: a thing leaves for good, in the order in which each step can
 * still be told: nothing is served any more; the registry forgets its nodes and
 * itself; the owner gets the receipt; the server deletes the account; the folder
 * is wiped, and the receipt is signed before its key goes with it.
 *
 * What fails is said in the receipt and does not stop the rest.  When the stream is
 * lost, or the power, before the account was asked for, it goes on with the next login.
 * Read next: departure.c, folder.c.
 */
#include "config.h"

#include "thing/self.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/wire/push.h"
#include "common/wire/stanza.h"
#include "thing/asking.h"
#include "thing/folder.h"
#include "thing/departure.h"

#define SAID 96		/* what somebody said, in the receipt */

enum leaving_step { LEAVING_NODES, LEAVING_RECORD, LEAVING_ACCOUNT, LEAVING_DONE };

struct leaving {
	enum leaving_step step;
	bool waiting;		/* nothing is under way: the step begins when we are logged in */
	size_t node;		/* the one being forgotten */
	size_t forgotten;
	char *re;		/* heap: the line that ordered it; NULL: it was no line */
	char record[SAID], account[SAID];
};

static const char *condition_of(const struct stanza *answer)
{
	const struct stanza *error = answer ? stanza_child(answer, NS_CLIENT, "error") : NULL;
	const struct stanza *what = error ? stanza_first(error) : NULL;

	return what ? stanza_name(what) : "no answer";
}

static bool is_result(const struct stanza *answer)
{
	const char *type = answer ? stanza_attr(answer, "type") : NULL;

	return type && strcmp(type, "result") == 0;
}

/* ---- the receipt -------------------------------------------------------- */

static int write_receipt(const struct kith_thing *t, const char *account, const char *folder,
    struct buf *out, struct err *e)
{
	const struct leaving *l = t->leaving;
	struct departure r = {
		.thing = t->jid,
		.owner = t->standing.owner,
		.at_ms = clock_wall(&clock_system),
		.registry = t->standing.registry.jid,
		.record = l->record,
		.nodes = l->forgotten,
		.account = account,
		.folder = folder,
	};

	buf_init(out, DEPARTURE_MAX);
	return departure_write(out, &r, &t->id, e);
}

static void tell_owner(struct kith_thing *t)
{
	char id[IDENT_TEXT];
	struct err e = ERR_INIT;
	struct buf b;

	if (!t->standing.owner[0] || ident_text(id, NULL) < 0)
		return;
	if (write_receipt(t, "deletion asked for", "to be wiped now", &b, &e) == 0)
		(void)chat_write(t->session.out, NULL, t->standing.owner, id, t->leaving->re,
		    buf_str(&b));
	else
		self_emit(t, KITH_THING_EV_ALARM, e.text, NULL);
	buf_fini(&b);
}

/* ---- step by step ------------------------------------------------------- */

static void next_step(struct kith_thing *t);

static void on_account(void *arg, const struct stanza *answer)
{
	struct kith_thing *t = arg;
	struct leaving *l = t->leaving;

	if (is_result(answer))
		snprintf(l->account, sizeof(l->account), "deleted");
	else if (answer)
		snprintf(l->account, sizeof(l->account), "not deleted: %s", condition_of(answer));
	else
		snprintf(l->account, sizeof(l->account), "deletion asked for; no answer");
	l->step = LEAVING_DONE;
}

static void on_forgotten(void *arg, const struct stanza *answer)
{
	struct kith_thing *t = arg;
	struct leaving *l = t->leaving;

	if (!session_is_up(&t->session)) {
		l->waiting = true;
		return;
	}
	if (l->step == LEAVING_NODES) {
		l->forgotten += asking_unregistered(answer) ? 1 : 0;
		l->node++;
	} else {
		snprintf(l->record, sizeof(l->record), "%s", asking_unregistered(answer)
		    ? "forgotten" : condition_of(answer));
		l->step = LEAVING_ACCOUNT;
	}
	next_step(t);
}

static void next_step(struct kith_thing *t)
{
	struct leaving *l = t->leaving;
	static const struct node itself;
	const struct node *node = &itself;
	int asked;

	if (l->step == LEAVING_NODES && l->node < t->nodes.n)
		node = &t->nodes.node[l->node]->at;
	else if (l->step == LEAVING_NODES)
		l->step = LEAVING_RECORD;
	if (l->step == LEAVING_ACCOUNT) {
		tell_owner(t);
		asked = session_ask_leave(&t->session, on_account, t);
	} else {
		asked = asking_unregister(&t->session, &t->standing.registry, node, on_forgotten, t);
	}
	l->waiting = asked < 0;
}

/* ---- from outside ------------------------------------------------------- */

static void go_on(struct kith_thing *t)
{
	self_serve_nobody(t);
	muster_end(&t->muster);		/* no node is registered any more */
	next_step(t);
	login_flush(&t->login);
}

int self_leave_again(struct kith_thing *t)
{
	t->leaving = mem_zalloc(sizeof(*t->leaving));
	if (!t->leaving)
		return -1;
	t->leaving->waiting = true;
	t->leaving->node = 1;	/* the first is the thing itself, which goes last */
	return 0;
}

void self_stay(struct kith_thing *t)
{
	if (t->leaving)
		mem_free(t->leaving->re);
	mem_free(t->leaving);
	t->leaving = NULL;
}

/* On disk first: a thing that the registry has forgotten must not come back as one
 * that anybody may claim. */
static int order(struct kith_thing *t)
{
	struct err e = ERR_INIT;

	if (t->leaving || !session_is_up(&t->session) || !t->standing.registry.jid[0] ||
	    self_leave_again(t) < 0)
		return -1;
	t->standing.leaving = true;
	if (standing_save(&t->standing, t->state_dir, &e) == 0)
		return 0;
	t->standing.leaving = false;
	self_stay(t);
	self_emit(t, KITH_THING_EV_ALARM, e.text, NULL);
	return -1;
}

/* Ordered by a callback: what called it has to end first. */
int kith_thing_decommission(struct kith_thing *t)
{
	MEM_WITHIN(&t->mem);

	if (order(t) < 0)
		return -1;
	self_emit(t, KITH_THING_EV_ALARM, "is taken out of service", NULL);
	if (!t->inside)
		go_on(t);
	return 0;
}

int self_order_leave(void *arg, const char *re)
{
	struct kith_thing *t = arg;

	if (order(t) < 0)
		return -1;
	t->leaving->re = re ? mem_strdup(re) : NULL;
	self_emit(t, KITH_THING_EV_ALARM, "is taken out of service by its owner's word", NULL);
	return 0;
}

static void emit_receipt(struct kith_thing *t, const char *receipt)
{
	self_emit(t, KITH_THING_EV_RECEIPT, receipt, NULL);
}

/* Signed both ways while there is a key: which one holds is known afterwards. */
static void wipe(struct kith_thing *t)
{
	struct err e = ERR_INIT, why = ERR_INIT;
	struct buf wiped, not_wiped;
	bool signed_both = write_receipt(t, t->leaving->account, "wiped", &wiped, &e) == 0;

	signed_both = write_receipt(t, t->leaving->account, "not wiped, see its log",
	    &not_wiped, &e) == 0 && signed_both;
	if (!signed_both)
		self_emit(t, KITH_THING_EV_ALARM, e.text, NULL);
	if (folder_wipe(t->state_dir, &why) == 0) {
		emit_receipt(t, buf_str(&wiped));
	} else {
		self_emit(t, KITH_THING_EV_ALARM, why.text, NULL);
		emit_receipt(t, buf_str(&not_wiped));
	}
	buf_fini(&wiped);
	buf_fini(&not_wiped);
}

bool self_is_leaving(const struct kith_thing *t)
{
	return t->leaving != NULL;
}

bool self_leave(struct kith_thing *t)
{
	if (!t->leaving)
		return false;
	if (t->leaving->waiting && session_is_up(&t->session))
		go_on(t);
	if (t->leaving->step != LEAVING_DONE)
		return false;
	wipe(t);
	return true;
}
