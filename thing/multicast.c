/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multicast: IPv4, each interface that is up and can.  A packet from elsewhere is
 * read and dropped; so many a call are, and no more.
 */
#include "config.h"

#include "thing/multicast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STRANGERS 32		/* dropped in one call */

static bool can(const struct ifaddrs *i)
{
	return i->ifa_addr && i->ifa_netmask && i->ifa_addr->sa_family == AF_INET &&
	    (i->ifa_flags & IFF_UP) && (i->ifa_flags & IFF_MULTICAST);
}

static int find_nets(struct multicast *m, struct err *e)
{
	struct ifaddrs *all = NULL;
	struct sockaddr_in address, mask;

	m->n = 0;
	if (getifaddrs(&all) < 0)
		return err_errno(e, "cannot see the networks");
	for (const struct ifaddrs *i = all; i && m->n < MULTICAST_NETS; i = i->ifa_next) {
		if (!can(i))
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		m->net[m->n++] = (struct multicast_net){ (int)if_nametoindex(i->ifa_name),
			address.sin_addr, mask.sin_addr };
	}
	freeifaddrs(all);
	return m->n ? 0 : err_set(e, ERR_AGAIN, "there is no network to ask on");
}

int multicast_open(struct multicast *m, struct err *e)
{
	m->fd = -1;
	if (find_nets(m, e) < 0)
		return -1;
	m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return m->fd < 0 ? err_errno(e, "cannot make a socket") : 0;
}

void multicast_close(struct multicast *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

int multicast_send(struct multicast *m, const char *group, unsigned port,
    const void *data, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int sent = -1;

	if (inet_pton(AF_INET, group, &to.sin_addr) != 1)
		return -1;
	for (size_t i = 0; i < m->n; i++) {
		/* The address too: without a route none would be chosen, and 0.0.0.0
		 * gets no answer. */
		struct ip_mreqn on = { .imr_ifindex = m->net[i].index,
			.imr_address = m->net[i].address };

		if (i > 0 && m->net[i - 1].index == m->net[i].index)
			continue;	/* its second address */
		/* One network of several may be down: the others are asked. */
		if (setsockopt(m->fd, IPPROTO_IP, IP_MULTICAST_IF, &on, sizeof(on)) == 0 &&
		    sendto(m->fd, data, len, 0, (const struct sockaddr *)&to,
		    sizeof(to)) == (ssize_t)len)
			sent = 0;
	}
	return sent;
}

bool multicast_is_near(const struct multicast *m, struct in_addr a)
{
	for (size_t i = 0; i < m->n; i++)
		if (((a.s_addr ^ m->net[i].address.s_addr) & m->net[i].mask.s_addr) == 0)
			return true;
	return false;
}

ssize_t multicast_receive(struct multicast *m, void *data, size_t size, struct in_addr *from)
{
	struct sockaddr_in sa;
	socklen_t len;
	ssize_t n;

	for (int i = 0; i < STRANGERS; i++) {
		len = sizeof(sa);
		n = recvfrom(m->fd, data, size, MSG_TRUNC, (struct sockaddr *)&sa, &len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0 || (size_t)n > size || len != sizeof(sa) ||
		    !multicast_is_near(m, sa.sin_addr))
			continue;
		*from = sa.sin_addr;
		return n;
	}
	return -1;
}
