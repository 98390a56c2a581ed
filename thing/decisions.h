/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions: what provisioning has answered, for as long as it said.
 *
 * An answer is kept under the full canonical question (action, asker, field
 * types, tokens, nodes, names), so a narrow grant can never serve a wider
 * question.  Its lease counts from the moment the question was written, on
 * the boot clock; on disk it also has its end by the wall clock and the boot
 * it belongs to.  The floor is the lowest revision still believed: it only
 * rises, and what is below it goes before the service hears that it rose.
 * An answer may allow certain values only, or so many times: how often they were
 * used (usage.h) stands in the same file.
 */
#ifndef KITH_THING_DECISIONS_H
#define KITH_THING_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/pool.h"
#include "common/base/span.h"
#include "common/wire/lease.h"
#include "thing/room.h"
#include "thing/usage.h"

#define DECISIONS_MAX ROOM_ANSWERS	/* the one that ends first makes room */
#define DECISIONS_KEY 8192		/* bytes of a canonical question */
#define DECISIONS_LEASE_MAX_MS (24 * 3600 * 1000LL)
#define DECISIONS_FOREIGN_ALLOW_MS (5 * 60 * 1000LL)	/* an allow without a lease */
#define DECISIONS_FOREIGN_DENY_MS (30 * 1000LL)		/* a no without one */

/* Their bits are those of a clearCache: CLEAR_FRIEND, _READ, _CONTROL. */
enum decision_action { DECIDE_FRIEND, DECIDE_READ, DECIDE_CONTROL };
const char *decision_action_name(enum decision_action a);

struct decision_question {
	enum decision_action action;
	const char *jid;		/* canonical bare: who asks */
	unsigned types;			/* FIELD_*; reading only */
	struct node_list nodes;		/* empty: all */
	struct name_list names;		/* empty: all */
	struct tokens tokens;
};

struct decision {
	bool allowed;
	unsigned types;
	struct node_list nodes;		/* empty: all that were asked for */
	struct name_list names;
	size_t n_limits;		/* values and rates that are kept to */
	const struct limit *limit;
	struct denied why;		/* of a no; retry_after_ms counts from now */
	bool delegates;			/* isFriend: it may trust others as well; not kept */
	bool has_lease;			/* the answer named revision and lease */
	uint64_t revision;
	int64_t lease_ms;		/* 0: not to be kept */
	int64_t edge_ms;		/* so long until a condition of time may change it; 0: none */
	/* To be kept: it counts past its lease as long as nobody can be asked, but not past
	 * its edge.  Found: that is what it is. */
	bool standby;
};

/* One answer, to be shown; texts come from the pool. */
struct decisions_row {
	enum decision_action action;
	const char *jid;
	struct name_list asked_names;
	struct node_list asked_nodes;
	struct decision what;
	int64_t left_ms;		/* of its lease; 0: over, it stands by */
};

struct decisions_entry;

struct decisions {
	const struct clock *clock;
	const char *dir;		/* NULL: kept in memory only */
	char boot_id[64];
	uint64_t floor;
	int64_t cleared_ms;		/* boot clock of the last clear; -1: never */
	uint64_t about_floor;		/* of the clears that were about some answers only: what
					 * was asked before the last of them must not be older */
	uint64_t generation;		/* +1 whenever something was taken back */
	bool dirty;			/* newer in memory than on disk */
	size_t n, room;
	struct decisions_entry *entry;
	struct usage usage;
};

/* Loads what is on disk.  A damaged file is none: everything is asked again,
 * but its floor is lost, so -1 with a sentence tells that it happened. */
int decisions_open(struct decisions *d, const struct clock *clock, const char *dir,
    struct err *e);
void decisions_close(struct decisions *d);

/* The canonical text of a question; the same for every order of its lists. */
int decisions_key(struct buf *out, const struct decision_question *q);

/* An unexpired answer to exactly this question; lists come from `pool`. */
bool decisions_find(struct decisions *d, const char *key, struct pool *pool,
    struct decision *out);
/*
 * Remember an answer to a question written at `asked_ms` (boot clock).
 * false: it is older than the floor or than the last clear, and must neither
 * be kept nor used.
 */
bool decisions_keep(struct decisions *d, const char *key, const struct decision *what,
    int64_t asked_ms);

/* An answer to exactly this question that stands by, its lease over or not. */
bool decisions_standby(struct decisions *d, const char *key, struct pool *pool,
    struct decision *out);
/* The i-th that counts or stands by; false: there is none. */
bool decisions_at(struct decisions *d, size_t i, struct pool *pool, struct decisions_row *out);

/* clearCache: raise the floor (0: none named, drop all), and have it on disk
 * before this returns.  With `n` of `about`: drop what is below it and concerns one of
 * them, and leave the floor of all others.  -1: it is not on disk; say so to the
 * service. */
int decisions_clear(struct decisions *d, uint64_t floor, const struct clear_about *about,
    size_t n, struct err *e);
/* The highest floor that any of them named: what the service has said, it knows. */
uint64_t decisions_heard(const struct decisions *d);
/* clearCache of one node, without a floor: what it had a part in. */
int decisions_clear_node(struct decisions *d, const struct node *node, struct err *e);
/* He uses what `l` allows so many times.  -1: it cannot be counted, so he may not.
 * What counts for a minute or longer is on disk when this returns. */
int decisions_use(struct decisions *d, const char *jid, const struct limit *l, struct err *e);
/* Drop what one asker was told (unfriend); what he used up stays used up. */
void decisions_forget(struct decisions *d, const char *jid);
/* Write if dirty.  Losing this write loses nothing but answers. */
int decisions_save(struct decisions *d, struct err *e);

/* The loader's core, for tests and fuzzers. */
int decisions_parse(struct decisions *d, const char *text, size_t len, struct err *e);

#endif
