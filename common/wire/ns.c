/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns: one table of the namespaces of every protocol in every generation.
 * It knows no elements: those are rows in route.c.
 */
#include "config.h"

#include "common/wire/ns.h"

#include <string.h>

static const char *const uris[PROTO_COUNT][GEN_COUNT] = {
	[PROTO_DISCOVERY] = { "urn:xmpp:iot:discovery", "urn:ieee:iot:disco:1.0",
	    "urn:nf:iot:disco:1.0", "urn:nfi:iot:disco:1.0" },
	[PROTO_PROV_DEVICE] = { "urn:xmpp:iot:provisioning", "urn:ieee:iot:prov:d:1.0",
	    "urn:nf:iot:prov:d:1.0", "urn:nfi:iot:prov:d:1.0" },
	[PROTO_PROV_OWNER] = { "urn:xmpp:iot:provisioning", "urn:ieee:iot:prov:o:1.0",
	    "urn:nf:iot:prov:o:1.0", "urn:nfi:iot:prov:o:1.0" },
	[PROTO_PROV_TOKEN] = { "urn:xmpp:iot:provisioning", "urn:ieee:iot:prov:t:1.0",
	    "urn:nf:iot:prov:t:1.0", "urn:nfi:iot:prov:t:1.0" },
	[PROTO_SENSOR] = { "urn:xmpp:iot:sensordata", "urn:ieee:iot:sd:1.0",
	    "urn:nf:iot:sd:1.0", "urn:nfi:iot:sd:1.0" },
	[PROTO_CONTROL] = { "urn:xmpp:iot:control", "urn:ieee:iot:ctr:1.0",
	    "urn:nf:iot:ctr:1.0", "urn:nfi:iot:ctr:1.0" },
	[PROTO_CONCENTRATOR] = { "urn:xmpp:iot:concentrators", "urn:ieee:iot:concentrator:1.0",
	    "urn:nf:iot:concentrator:1.0", "urn:nfi:iot:concentrator:1.0" },
	[PROTO_EVENTS] = { "urn:xmpp:iot:events", "urn:ieee:iot:events:1.0",
	    "urn:nf:iot:events:1.0", "urn:nfi:iot:events:1.0" },
};

const char *
ns_uri(enum proto proto, enum gen gen)
{
	return uris[proto][gen];
}

bool
ns_find(const char *uri, enum proto *proto, enum gen *gen)
{
	/* The first of the three that share a name is PROTO_PROV_DEVICE. */
	for (unsigned p = PROTO_DISCOVERY; p < PROTO_COUNT; p++)
		for (unsigned g = 0; g < GEN_COUNT; g++)
			if (strcmp(uri, uris[p][g]) == 0) {
				*proto = (enum proto)p;
				*gen = (enum gen)g;
				return true;
			}
	return false;
}

const char *
proto_name(enum proto proto)
{
	static const char *const names[PROTO_COUNT] = { "none", "discovery", "prov-device",
		"prov-owner", "prov-token", "sensor", "control", "concentrator", "events" };

	return (unsigned)proto < PROTO_COUNT ? names[proto] : "none";
}

const char *
gen_name(enum gen gen)
{
	static const char *const names[GEN_COUNT] = { "X", "I", "N", "NFI" };

	return (unsigned)gen < GEN_COUNT ? names[gen] : "none";
}
