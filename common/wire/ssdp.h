/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssdp: one search (UPnP Device Architecture 1.1, 1.3.2) and its answers.  XEP-0347
 * names SSDP and leaves what it carries open, so the search target is ours and the
 * broker stands in LOCATION itself (docs/PROTOCOL.md 6): nothing is fetched, no XML
 * is read, no stranger makes us open a connection but to try a broker.
 */
#ifndef KITH_WIRE_SSDP_H
#define KITH_WIRE_SSDP_H

#include <stddef.h>

#include "common/wire/resolve.h"

#define SSDP_GROUP "239.255.255.250"
#define SSDP_PORT 1900
#define SSDP_TARGET "urn:kith:service:xmpp-client:1"
#define SSDP_PACKET 2048	/* bytes of an answer; a longer one is not read */
#define SSDP_WAIT_S 1		/* MX: answers come within */

/* The packet to send. */
extern const char ssdp_search[];

struct ssdp_found {
	struct resolve_place at;	/* host "": whoever sent it */
	char domain[RESOLVE_HOST];
};

/* -1: not an answer to our search, or not well formed. */
int ssdp_take(const char *data, size_t len, struct ssdp_found *out);

#endif
