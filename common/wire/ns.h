/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns: namespaces.  The IoT family lives in four generations of names and two
 * vocabularies of attributes; one client may mix them.  We parse by
 * (protocol, local name), remember what a peer used, and answer in that.
 */
#ifndef KITH_WIRE_NS_H
#define KITH_WIRE_NS_H

#include <stdbool.h>

#define NS_COMPONENT "jabber:component:accept"
#define NS_CLIENT "jabber:client"
#define NS_STREAMS "http://etherx.jabber.org/streams"
#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_SASL_CB "urn:xmpp:sasl-cb:0"
#define NS_SM "urn:xmpp:sm:3"
#define NS_CSI "urn:xmpp:csi:0"
#define NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"
#define NS_REGISTER "jabber:iq:register"
#define NS_REGISTER_FEATURE "http://jabber.org/features/iq-register"
#define NS_PREAUTH "urn:xmpp:pars:0"
#define NS_PREAUTH_FEATURE "urn:xmpp:ibr-token:0"
#define NS_SIGNED_FORM "urn:xmpp:xdata:signature:oauth1"
#define NS_CAPTCHA "urn:xmpp:captcha"
#define NS_OOB "jabber:x:oob"
#define NS_ROSTER "jabber:iq:roster"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_PING "urn:xmpp:ping"
#define NS_VERSION "jabber:iq:version"
#define NS_DATA "jabber:x:data"
#define NS_COMMANDS "http://jabber.org/protocol/commands"
#define NS_DELAY "urn:xmpp:delay"
#define NS_LEASE "urn:kith:lease:0"
#define NS_AUTO "urn:kith:auto:0"
#define NS_RECEIPTS "urn:xmpp:receipts"
#define NS_WHY "urn:kith:why:0"
#define NS_THING "urn:kith:thing:0"
#define NS_TOKEN "urn:kith:token:0"
#define NS_WITNESS "urn:kith:presence:0"
#define NS_TWIN "urn:kith:twin:0"

enum proto {
	PROTO_NONE,
	PROTO_DISCOVERY,	/* XEP-0347 */
	PROTO_PROV_DEVICE,	/* XEP-0324: isFriend, canRead, canControl, pushes */
	PROTO_PROV_OWNER,	/* questions to owners and their rules */
	PROTO_PROV_TOKEN,	/* tokens and certificates */
	PROTO_SENSOR,		/* XEP-0323 */
	PROTO_CONTROL,		/* XEP-0325 */
	PROTO_CONCENTRATOR,	/* XEP-0326 */
	PROTO_EVENTS,		/* subscriptions to readings */
	PROTO_COUNT
};

enum gen {
	GEN_X,		/* urn:xmpp:iot:... */
	GEN_I,		/* urn:ieee:iot:...:1.0 */
	GEN_N,		/* urn:nf:iot:...:1.0 */
	GEN_NFI,	/* urn:nfi:iot:...:1.0 */
	GEN_COUNT
};

/* Attribute and element vocabulary; does not follow the namespace:
 * one client may mix them. */
enum vocab {
	VOCAB_LONG,	/* nodeId sourceId cacheType, serviceToken.., momentary.., <node> <field> */
	VOCAB_SHORT	/* id src pt, st dt ut, m p s c i h, <nd> <f> */
};

struct dialect {
	enum proto proto;
	enum gen gen;
	enum vocab vocab;
};

/* The URI of a protocol in a generation.  In GEN_X the three PROTO_PROV_*
 * share one URI. */
const char *ns_uri(enum proto proto, enum gen gen);
/* Which protocol and generation is this URI?  The shared GEN_X provisioning
 * URI gives PROTO_PROV_DEVICE; route rows of the other two match it as well.
 * false: not one of ours. */
bool ns_find(const char *uri, enum proto *proto, enum gen *gen);
const char *proto_name(enum proto proto);
const char *gen_name(enum gen gen);

#endif
