/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_way: one way to find brokers: what locate.c asks of each.  A way is
 * opened for a round and closed after it; it keeps nothing between rounds and
 * believes nobody.  One file a way: locate_dns.c, locate_mdns.c, locate_dhcp.c,
 * locate_ssdp.c.
 */
#ifndef KITH_THING_LOCATE_WAY_H
#define KITH_THING_LOCATE_WAY_H

#include "thing/locate.h"

#define LOCATE_SAID 2

struct locate_ask {
	const struct clock *clock;
	const char *const *names;	/* domains to ask the DNS about; ends in NULL */
	const char *name_servers;
	const char *dhcp_lease;
};

struct locate_found {
	struct resolve_place at;
	/* The domains it is said to serve; none: nobody said. */
	size_t n_said;
	char said[LOCATE_SAID][DOMAINS_NAME];
	bool is_guess;			/* ... and it may well be another one */
	struct services_hints hints;
};

struct locate_way {
	const char *name;
	unsigned bit;			/* KITH_THING_LOCATE_* */
	bool is_rumour;
	/* Begins to ask.  NULL: nothing can be found this way now; `e` says why. */
	void *(*open)(const struct locate_ask *ask, struct err *e);
	void (*close)(void *self);
	enum locate_answer (*next)(void *self, struct locate_found *out);
	int (*fd)(const void *self);		/* to poll for POLLIN while it waits; -1 */
	int64_t (*deadline)(const void *self);	/* -1 */
	void (*run)(void *self);
};

extern const struct locate_way locate_dns, locate_mdns, locate_dhcp, locate_ssdp;

#endif
