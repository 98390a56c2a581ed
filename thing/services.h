/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services: which address is the registry, which the provisioning service
 * (XEP-0030, XEP-0347 3.4).  Everything the domain lists is asked at once; who is
 * silent delays the others only a little.  Only a component of our own domain can
 * be one: an address with a local part is a person's, and anybody can open the
 * account `registry@`.  Pinning what was found is enroll.c's.
 */
#ifndef KITH_THING_SERVICES_H
#define KITH_THING_SERVICES_H

#include "thing/session.h"

#define SERVICES_ITEMS 20		/* of disco#items we look at */
/* Once somebody has said that it is a registry, the silent get so long. */
#define SERVICES_GRACE_MS 2000
#define SERVICES_HINTS 256

struct services_found {
	bool registry, provisioning, leases, self;
	enum gen registry_gen, provisioning_gen;	/* the oldest it names: X first */
};

struct services_candidate {
	struct services_round *round;
	char jid[SESSION_TO];
	bool waiting;
	struct services_found found;
};

/* What the network said about them (TXT regis=, provis=): words parted by blanks.
 * Nobody vouches for it, so it only says whom to prefer. */
struct services_hints {
	char registry[SERVICES_HINTS], provisioning[SERVICES_HINTS];
};

struct services {
	const struct clock *clock;
	struct session *session;
	const struct services_hints *hints;	/* NULL: none */
	void (*done)(void *arg);	/* ask services_registry() and _provisioning() now */
	void *arg;
	struct services_round *round;	/* NULL: not looking */
};

/*
 * Look among what `domain` lists, and at `registry` (NULL: not configured), which
 * alone may be of another domain.  -1: cannot ask now; then `done` is not called.
 */
int services_find(struct services *s, const char *domain, const char *registry);
/* What was found is forgotten; late answers are dropped. */
void services_stop(struct services *s);
int64_t services_deadline(const struct services *s);	/* -1 */
void services_tick(struct services *s);

/* The best that was found; NULL: none. */
const struct services_candidate *services_registry(const struct services *s);
/* The registry's own is the best. */
const struct services_candidate *services_provisioning(const struct services *s,
    const char *registry);

/* The result of disco#info; NULL or an error finds nothing. */
void services_read_info(const struct stanza *answer, struct services_found *out);
/* Calls `item` for each acceptable address of a disco#items result, in order. */
void services_read_items(const struct stanza *answer,
    void (*item)(void *arg, const char *jid), void *arg);

/* May this address be a service at all? */
bool services_is_acceptable(const char *jid);
/* ... of this domain: itself or below it. */
bool services_is_within(const char *jid, const char *domain);

#endif
