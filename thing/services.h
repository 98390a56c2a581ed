/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services: which of the answers to disco#info is a registry, which a
 * provisioning service, and what they understand (XEP-0030, XEP-0347 3.4).
 * Only a component can be one: an address with a local part is a person's.
 */
#ifndef KITH_THING_SERVICES_H
#define KITH_THING_SERVICES_H

#include "thing/session.h"

struct services_found {
	bool registry, provisioning, leases, self;
	enum gen registry_gen, provisioning_gen;	/* the oldest it names: X first */
};

/* disco#info or disco#items of `to`. */
int services_ask(struct session *s, enum verb verb, const char *to,
    session_answer_fn *answer, void *arg);

/* The result of disco#info; NULL or an error finds nothing. */
void services_read_info(const struct stanza *answer, struct services_found *out);
/* Calls `item` for each acceptable address of a disco#items result, in order. */
void services_read_items(const struct stanza *answer,
    void (*item)(void *arg, const char *jid), void *arg);

/* May this address be a service at all? */
bool services_is_acceptable(const char *jid);

#endif
