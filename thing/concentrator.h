/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concentrator: which of the nodes are shown to whom (XEP-0326), and who is told what
 * becomes of them.  The owner of the thing sees that they exist; everybody else sees
 * what is his and what he may read: asked of provisioning like any reading, never
 * guessed.  What nobody shows him does not exist for him.  Nothing is kept on disk.
 * Read next: common/wire/concentrator.h.
 */
#ifndef KITH_THING_CONCENTRATOR_H
#define KITH_THING_CONCENTRATOR_H

#include "thing/access.h"
#include "thing/call.h"
#include "thing/job.h"
#include "thing/node.h"

#define CONCENTRATOR_LOOKS 8		/* requests being decided */
#define CONCENTRATOR_LOOKS_EACH 2
#define CONCENTRATOR_WATCHERS 16
#define CONCENTRATOR_WATCHERS_EACH 4
#define CONCENTRATOR_WATCH_MS (24 * 3600 * 1000LL)	/* at most, then asked for again */

struct concentrator_watcher;
struct concentrator_look;

struct concentrator {
	const struct clock *clock;
	struct session *session;
	struct access *access;
	struct nodes *nodes;
	struct jobs *jobs;
	struct concentrator_look *looks;	/* heap, linked */
	struct concentrator_watcher *watchers;	/* heap, linked */
};

/* Takes the call over when its answer has to wait. */
void concentrator_request(struct concentrator *c, struct call **call);

/* CONCENTRATOR_ADDED ...; of one that goes: before it is taken out and unregistered. */
void concentrator_happened(struct concentrator *c, const struct thing_node *n, unsigned event);

/* He is not there any more, or, by his bare address, no friend; NULL: nobody is (the
 * stream is gone). */
void concentrator_left(struct concentrator *c, const char *jid);

#endif
