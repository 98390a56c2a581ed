/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_part: what site.c (the turn) and site_open.c (its parts, opened and
 * closed) share.  Nobody else includes it.
 */
#ifndef KITH_KITHD_SITE_PART_H
#define KITH_KITHD_SITE_PART_H

#include "common/base/buf.h"
#include "common/store/audit.h"
#include "common/store/code.h"
#include "common/store/contact.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/store/parked.h"
#include "common/store/person.h"
#include "common/store/store.h"
#include "common/store/thing_set.h"
#include "common/store/token.h"
#include "common/wire/route.h"
#include "desk/desk.h"
#include "kithd/job.h"
#include "kithd/kithd_conf.h"
#include "kithd/outbox.h"
#include "kithd/site.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define HELD_BYTES (1024 * 1024)	/* replies waiting for one commit */
#define TEXT_BYTES (32 * 1024)		/* one reply of the desk */

struct counters {
	uint64_t *requests, *refused, *turns, *commits, *alone, *failed, *oversize, *dropped,
	    *chats;
};

struct site {
	struct site_deps d;
	struct kithd_limits limits;
	char *desk_jid;
	struct route_context route;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct parked_table *parked;
	struct contacts *contacts;
	struct audit *audit;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	struct tokens_table *tokens;
	struct registry *registry;
	struct provisioning *provisioning;
	struct desk *desk;
	struct outbox *outbox;
	struct job_queue queue;
	struct buf *out;	/* NULL: the stream is down */
	struct buf held;	/* replies of the open transaction */
	struct buf text;	/* words of the desk */
	bool hurries;		/* see site_hurries() */
	bool probing;
	size_t probe_cursor;
	int64_t retry_boot_ms;
	int64_t started_ms, commit_ms;
	struct counters n;
};

/* site.c: what was decided since the last note is not lost by a stop. */
void site_note_last(struct site *s);

#endif
