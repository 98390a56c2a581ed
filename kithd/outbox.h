/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: pays debts (common/store/debt.h) that are due, after the replies of
 * a turn.  The roles write their pushes; questions and notices are worded by
 * the desk and leave as chat.  A message counts as handed over when a ping
 * to ourselves, sent behind it on the same stream, has come back: the broker
 * has then taken everything before it.
 */
#ifndef KITH_KITHD_OUTBOX_H
#define KITH_KITHD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/stats.h"
#include "common/store/debt.h"

struct registry;
struct provisioning;
struct store;

struct desk;

struct outbox_deps {
	const char *jid;		/* the component */
	const char *desk_jid;		/* unasked lines come from here */
	struct store *store;
	struct debts *debts;
	struct registry *registry;
	struct provisioning *provisioning;
	struct desk *desk;		/* finds the words */
	struct stats *stats;
};

struct outbox;

int outbox_open(struct outbox **out, const struct outbox_deps *deps, struct err *e);
void outbox_close(struct outbox **o);
/* Write what is due, as long as `out` has `room` bytes free. */
void outbox_pay(struct outbox *o, struct buf *out, size_t room);
/* A ping of our own or its answer: was it ours?  Then what went before it is
 * settled, in a transaction of its own. */
bool outbox_heard(struct outbox *o, const char *id);
/* The stream is gone: what was not confirmed will be sent again. */
void outbox_down(struct outbox *o);

#endif
