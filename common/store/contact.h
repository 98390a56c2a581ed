/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contact: what we know of an address we talk to: the dialect it used per
 * protocol (as two small numbers, this floor knows no namespaces), presence
 * subscription both ways, its full JIDs seen available, last sign of life.
 * Dialects and subscriptions are durable; presence lives in memory.
 */
#ifndef KITH_STORE_CONTACT_H
#define KITH_STORE_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

struct store;
struct contacts;

#define CONTACT_PROTOS 8
#define CONTACT_RESOURCES 8	/* remembered per contact; the oldest falls out */

enum contact_sub { SUB_NONE = 0, SUB_ASKED, SUB_YES };

struct contact {
	const char *jid;		/* bare */
	int8_t gen[CONTACT_PROTOS];	/* -1 unknown; indexed by enum proto */
	int8_t vocab[CONTACT_PROTOS];
	enum contact_sub to_us;		/* it may see us */
	enum contact_sub from_us;	/* we may see it */
	bool online;			/* any resource available now */
	int64_t seen_ms;		/* wall, last sign of life */
	const char *full;		/* best full JID to send an iq to; NULL unknown */
	char lang[8];			/* what an owner wants to read; "" unknown */
};

int contacts_open(struct contacts **out, struct store *s, const struct clock *clock, struct err *e);
void contacts_close(struct contacts **c);
const struct contact *contact_find(const struct contacts *c, const char *bare);
size_t contact_count(const struct contacts *c);
const struct contact *contact_at(const struct contacts *c, size_t i);

/* Memory only: a stanza or presence from this full JID was seen.
 * Presence with a bare `full` and online=false does not forget a full JID
 * learnt from a request. */
void contact_seen(struct contacts *c, const char *full, size_t bare_len);
void contact_presence(struct contacts *c, const char *full, size_t bare_len, bool available);
void contact_all_offline(struct contacts *c);	/* our stream was down */

/* Durable, in a transaction; no write when nothing changes. */
bool contact_dialect_differs(const struct contacts *c, const char *bare, int proto, int gen,
    int vocab);
int contact_set_dialect(struct contacts *c, const char *bare, int proto, int gen, int vocab,
    struct err *e);
int contact_set_sub(struct contacts *c, const char *bare, enum contact_sub to_us,
    enum contact_sub from_us, struct err *e);
int contact_set_lang(struct contacts *c, const char *bare, const char *lang, struct err *e);

#endif
