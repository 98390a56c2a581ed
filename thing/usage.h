/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: how often each asker used what a rule allows so and so often.  Counted
 * on the boot clock, kept on disk by decisions.c: neither a restart nor a reboot
 * gives anything back.  Never more than the rate allows in any stretch of its
 * time; of long lists of uses a few may count somewhat longer than they must.
 */
#ifndef KITH_THING_USAGE_H
#define KITH_THING_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

#define USAGE_ROWS 128		/* askers times rules; who finds no room must wait */
#define USAGE_STAMPS 32		/* of one row; more uses share one */

struct usage_stamp {
	int64_t at_ms;		/* boot clock; of several uses the latest */
	int64_t times;
};

struct usage_row {
	char *jid;
	int64_t rule, within_ms;
	size_t n;
	struct usage_stamp stamp[USAGE_STAMPS];		/* oldest first */
};

struct usage {
	size_t n, room;
	struct usage_row *row;		/* heap, as many as were ever needed */
};

/* How long until `jid` may once more; 0: now. */
int64_t usage_wait(struct usage *u, const char *jid, const struct limit *l, int64_t now_ms);
/* He does.  -1: no room or memory, so he may not. */
int usage_count(struct usage *u, const char *jid, const struct limit *l, int64_t now_ms);
/* A row as it was kept; false: it cannot be. */
bool usage_restore(struct usage *u, const struct usage_row *row);
void usage_drop_over(struct usage *u, int64_t now_ms);
void usage_fini(struct usage *u);

#endif
