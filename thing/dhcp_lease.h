/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_lease: the name of an XMPP server (XEP-0347 3.2.1, DHCP option 224) out of
 * what the machine's own DHCP client has kept, in whichever way that client writes:
 * dhclient's blocks, the lines of systemd-networkd and of the scripts of udhcpc and
 * dhcpcd, or the packet itself as dhcpcd keeps it.  Text in, names out.
 */
#ifndef KITH_THING_DHCP_LEASE_H
#define KITH_THING_DHCP_LEASE_H

#include <stddef.h>

#define DHCP_LEASE_NAME 254
#define DHCP_LEASE_FILE (64 * 1024)	/* bytes looked at; of a longer one the last */

struct dhcp_lease {
	char server[DHCP_LEASE_NAME];	/* option 224; "": none */
	char domain[DHCP_LEASE_NAME];	/* option 15, of the network; "" */
};

/* Patterns of the files in which DHCP clients keep what they got; ends in NULL. */
extern const char *const dhcp_lease_usual[];

/* 0 when it names a server; of several leases in one file the last counts. */
int dhcp_lease_parse(struct dhcp_lease *out, const char *data, size_t len);
/* The server's name, with the network's domain behind it when it has no dot. */
int dhcp_lease_full(const struct dhcp_lease *l, char *out, size_t size);

#endif
