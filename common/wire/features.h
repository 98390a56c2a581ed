/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what a server offers a client at the begin of a stream (RFC 6120
 * 4.3.2), read into plain data.  What it means is client.c's business.
 */
#ifndef KITH_WIRE_FEATURES_H
#define KITH_WIRE_FEATURES_H

#include <stdbool.h>

#include "common/wire/sasl.h"

#define FEATURES_MECHS 32	/* more than that are not looked at */
#define FEATURES_TEXT 1024	/* of the list that XEP-0474 hashes */

struct stanza;

struct features {
	bool starttls;
	bool registration;		/* XEP-0077 */
	bool invites;			/* XEP-0445 */
	bool bind;
	bool sm;			/* XEP-0198 */
	bool csi;			/* XEP-0352 */
	bool session_needed;		/* and not marked optional */
	bool any_plus;			/* some -PLUS mechanism is offered */
	bool mech[SASL_MECH_COUNT];
	bool listed_bindings;		/* XEP-0440 */
	bool binds[SASL_BIND_TLS_EXPORTER + 1];
	char offer[FEATURES_TEXT];	/* "": too long to be checked */
};

/* `s` is the <features/> of a stream. */
void features_read(struct features *f, const struct stanza *s);
/* Fills in what the server lists; `o->rules` may name one more mechanism. */
void features_offer(const struct features *f, struct sasl_offer *o);

#endif
