/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mdns: brokers that announce themselves on the local network (DNS-SD, RFC 6763,
 * over multicast DNS, RFC 6762): the questions, and what the answers add up to.
 * Packets in, packets out: it has no socket and no clock.  Everybody on the
 * network can write such an answer, so nothing here is believed, only bounded.
 * A question names the service and, later, the announced instance: nothing of us.
 */
#ifndef KITH_WIRE_MDNS_H
#define KITH_WIRE_MDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDNS_NAME 255		/* bytes of a name on the wire, RFC 1035 2.3.4 */
#define MDNS_RECORDS 64		/* of one packet; one with more is not read */
#define MDNS_INSTANCES 8
#define MDNS_PER_SENDER 2	/* instances; a loud neighbour does not crowd the others out */
#define MDNS_ADDRESSES 2	/* of one instance */
#define MDNS_TEXT 256		/* a value of a TXT record with its NUL */
#define MDNS_TRIES 3		/* each question about an instance is asked so often */
#define MDNS_QUERY 1400		/* bytes of a packet of ours */
#define MDNS_PACKET 9000	/* RFC 6762 17 */

struct mdns_name {
	uint8_t len;		/* with the root's 0 */
	uint8_t wire[MDNS_NAME];
};

/* One that announces itself. */
struct mdns_instance {
	struct mdns_name name, target;
	uint32_t sender;
	bool direct_tls, has_srv, has_txt;
	uint8_t asked, asked_host;
	uint16_t port, priority;
	char domain[MDNS_TEXT];		/* ordom= (XEP-0347) or domain=; "" */
	char registry[MDNS_TEXT];	/* regis= */
	char provisioning[MDNS_TEXT];	/* provis= */
	uint8_t n_addresses;
	char address[MDNS_ADDRESSES][46];	/* as text, of a target below .local */
};

/* What was heard since mdns_init. */
struct mdns {
	uint16_t id;
	bool asked;
	size_t n;
	struct mdns_instance instance[MDNS_INSTANCES];
};

void mdns_init(struct mdns *m, uint16_t id);
/* The next packet to send; 0: nothing is left to ask.  The first asks for the
 * service, later ones for what is missing of those who answered. */
size_t mdns_ask(struct mdns *m, unsigned char out[static MDNS_QUERY]);
/* Ask for the service once more. */
void mdns_ask_again(struct mdns *m);
/* An answer by `sender` (any number that tells senders apart).  -1: malformed or
 * not to us; nothing of it was taken. */
int mdns_take(struct mdns *m, const unsigned char *data, size_t len, uint32_t sender);

/* Known well enough to be tried?  `host` is an address or a name for the DNS. */
bool mdns_is_complete(const struct mdns_instance *i);
/* The target as text; -1 when it is no host name. */
int mdns_target(const struct mdns_instance *i, char *out, size_t size);
/* The order to try them in (RFC 2782: priority; the order of arrival). */
void mdns_sort(struct mdns *m);

#endif
