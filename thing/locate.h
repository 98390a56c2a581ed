/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: where a broker may listen, one place after another.  A configured
 * HOST:PORT is the only place; else the ways are asked in their order, anew each
 * round: DNS (RFC 6120 3.2, XEP-0368), DNS-SD on the local network, the DHCP lease
 * (XEP-0347 3.2.1), SSDP.  Each place comes with the one domain that its
 * certificate must prove: the thing's own, or, before it has one, a domain that
 * its settings or its owner allow.  So a lie costs time only (ruling 42), and a
 * thing that has an account is never led to another domain.
 */
#ifndef KITH_THING_LOCATE_H
#define KITH_THING_LOCATE_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/wire/resolve.h"
#include "thing/domains.h"
#include "thing/services.h"

#define LOCATE_PLACES 24	/* of one round; the rest waits for the next */
#define LOCATE_MOVES 2		/* see-other-host followed in one round */
#define LOCATE_STRANGE 4	/* domains told to a person, of one round and of one life */

struct locate;

struct locate_conf {
	const struct clock *clock;
	const char *server;		/* NULL: the ways */
	unsigned ways;			/* KITH_THING_LOCATE_*; 0: DNS only */
	const char *dhcp_lease;		/* NULL: the usual places */
	const char *const *domains;	/* ends in NULL; may be NULL */
	const char *dir;		/* state folder */
	const char *name_servers;	/* for tests; NULL: the system's */
	/* A sentence for the log; alarm: for a person.  May be NULL. */
	void (*note)(void *arg, bool alarm, const char *sentence);
	void *arg;
};

struct locate_place {
	struct resolve_place at;
	char domain[DOMAINS_NAME];	/* what its certificate must prove */
	struct services_hints hints;
	const char *way;		/* "settings", "dns", "mdns", "dhcp", "ssdp", "moved" */
	bool is_rumour;			/* anybody near could have said it */
};

/* The strings are copied. */
struct locate *locate_new(const struct locate_conf *conf, struct err *e);
void locate_free(struct locate **l);

/* Begin a round.  `bound`: the domain the thing belongs to; "": none yet. */
void locate_begin(struct locate *l, const char *bound);
enum locate_answer {
	LOCATE_PLACE,
	LOCATE_WAIT,		/* poll, run, ask again */
	LOCATE_NONE		/* the round is over */
};
/* The next place to try in this round. */
enum locate_answer locate_next(struct locate *l, struct locate_place *out);
/* Somebody was found: nothing is asked any more in this round. */
void locate_end(struct locate *l);
/* The broker at `from` named another host (RFC 6120 4.9.3.19): it comes
 * next, and must prove the same domain. */
void locate_moved(struct locate *l, const struct locate_place *from, const char *host);

int locate_fd(const struct locate *l, short *events);	/* -1: none */
int64_t locate_deadline(const struct locate *l);	/* boot ms, -1 */
void locate_run(struct locate *l);

#endif
