/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: one component stream with its roles: the turn.  Stanzas of one read
 * are parsed, served in one transaction, committed once, then answered; after
 * the replies the outbox sends what is owed (ARCHITECTURE 3).  Free of I/O of
 * its own: bytes go to the buffer it is given, so the same code runs under
 * kithd, tests, fuzzers and the benchmark.
 */
#ifndef KITH_KITHD_SITE_H
#define KITH_KITHD_SITE_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/jid.h"
#include "common/base/secret.h"
#include "common/base/stats.h"
#include "common/wire/stream.h"

struct site;
struct stanza;
struct kithd_conf;

struct site_deps {
	const struct kithd_conf *conf;
	const struct clock *clock;
	const struct secret *hash_key;
	struct stats *stats;
};

/* Opens store, roles and desk. */
int site_open(struct site **out, const struct site_deps *deps, struct err *e);
void site_close(struct site **s);

/* From the component's callbacks.  `out`: where stanzas are written. */
void site_up(struct site *s, struct buf *out);
void site_down(struct site *s);
void site_stanza(struct site *s, const struct stanza *st);
void site_oversize(struct site *s, const struct stanza_head *h);
/* End of a read: commit, answer, pay debts. */
void site_turn(struct site *s);
/*
 * Was something written since the last call that must not be late: a decision
 * for somebody who keeps it for ever (ruling 26b)?  What is older than
 * SITE_LATE_MS when it could be written is never written.
 */
#define SITE_LATE_MS 5000
bool site_hurries(struct site *s);
/* Too much waits for the broker: read nothing more for now. */
bool site_is_full(const struct site *s);
/* Timers: boot ms of the next thing to do (-1 none), and do it. */
int64_t site_deadline(const struct site *s);
void site_tick(struct site *s);

/* What kithctl may look at; the pointers belong to the site. */
struct site_parts {
	struct store *store;
	struct audit *audit;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	struct persons *persons;
	struct thing_sets *sets;
	struct tokens_table *tokens;
	struct registry *registry;
	struct provisioning *provisioning;	/* NULL: switched off */
	struct stats *stats;
	const struct clock *clock;
	const char *hash_key_file;
	int32_t zone_s;
	enum jid_profile profile;
	bool up;
	int64_t started_ms;		/* boot */
	int64_t commit_ms;		/* wall: the last one; 0 none yet */
};
void site_parts(const struct site *s, struct site_parts *out);

#endif
