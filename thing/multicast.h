/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multicast: one question to everybody on the networks we are on, from a port of
 * its own, and the answers that come back to it.  It joins no group and listens
 * on no known port.  Who is not on one of our networks is not heard (RFC 6762 11).
 * For locate_mdns.c and locate_ssdp.c.
 */
#ifndef KITH_THING_MULTICAST_H
#define KITH_THING_MULTICAST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

#define MULTICAST_NETS 16

struct multicast {
	int fd;			/* -1: closed; poll for POLLIN */
	size_t n;
	struct multicast_net {
		int index;
		struct in_addr address, mask;
	} net[MULTICAST_NETS];
};

/* -1: no socket, or no network that can.  Read anew each time: networks come and go. */
int multicast_open(struct multicast *m, struct err *e);
void multicast_close(struct multicast *m);
/* To this group on each network; -1: it left on none. */
int multicast_send(struct multicast *m, const char *group, unsigned port,
    const void *data, size_t len);
/* One packet and whose it is; -1: there is none (now). */
ssize_t multicast_receive(struct multicast *m, void *data, size_t size, struct in_addr *from);
/* Is this an address on one of our networks? */
bool multicast_is_near(const struct multicast *m, struct in_addr a);

#endif
