/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_mdns: asks the local network who has _xmpp-client._tcp (RFC 6762 5.1, a
 * one-shot query from a port of its own), again after a second, and what is
 * missing of those who answer.  Soon after the first whole answer it is done.
 */
#include "config.h"

#include <stdio.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/mdns.h"
#include "thing/locate_way.h"
#include "thing/multicast.h"
#include "thing/thing.h"

#define GROUP "224.0.0.251"
#define PORT 5353
#define AGAIN_MS 1000
#define PATIENCE_MS 3000
#define OTHERS_MS 300		/* for whoever is a little slower than the first */

struct near {
	const struct clock *clock;
	struct multicast net;
	struct mdns heard;
	int64_t again_ms, end_ms;	/* again: -1 when it has been */
	bool over;
	size_t next, address;
};

static void near_close(void *self)
{
	struct near *d = self;

	multicast_close(&d->net);
	mem_free(d);
}

static int ask(struct near *d)
{
	unsigned char packet[MDNS_QUERY];
	size_t len = mdns_ask(&d->heard, packet);

	return len == 0 ? 0 : multicast_send(&d->net, GROUP, PORT, packet, len);
}

static void *near_open(const struct locate_ask *asked, struct err *e)
{
	struct near *d = mem_zalloc(sizeof(*d));
	uint16_t id;

	if (!d) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	d->clock = asked->clock;
	d->net.fd = -1;
	if (ident_random(&id, sizeof(id), e) == 0 && multicast_open(&d->net, e) == 0) {
		mdns_init(&d->heard, id);
		d->again_ms = clock_boot(d->clock) + AGAIN_MS;
		d->end_ms = clock_boot(d->clock) + PATIENCE_MS;
		if (ask(d) == 0)
			return d;
		err_set(e, ERR_AGAIN, "no network takes the question");
	}
	near_close(d);
	return NULL;
}

static bool has_complete(const struct near *d)
{
	for (size_t i = 0; i < d->heard.n; i++)
		if (mdns_is_complete(&d->heard.instance[i]))
			return true;
	return false;
}

static void near_run(void *self)
{
	struct near *d = self;
	unsigned char packet[MDNS_PACKET];
	struct in_addr from;
	int64_t now = clock_boot(d->clock);
	ssize_t n;
	bool news = false;

	for (int i = 0; i < MDNS_RECORDS &&
	    (n = multicast_receive(&d->net, packet, sizeof(packet), &from)) >= 0; i++)
		news |= mdns_take(&d->heard, packet, (size_t)n, from.s_addr) == 0;
	if (d->again_ms >= 0 && now >= d->again_ms) {
		mdns_ask_again(&d->heard);
		d->again_ms = -1;
		news = true;
	}
	if (news)
		(void)ask(d);
	if (has_complete(d) && now + OTHERS_MS < d->end_ms)
		d->end_ms = now + OTHERS_MS;
	if (now >= d->end_ms && !d->over) {
		d->over = true;
		mdns_sort(&d->heard);
	}
}

static void say(struct locate_found *out, const struct mdns_instance *i)
{
	out->at.direct_tls = i->direct_tls;
	snprintf(out->at.port, sizeof(out->at.port), "%u", (unsigned)i->port);
	out->n_said = i->domain[0] && str_copy(out->said[0], sizeof(out->said[0]), i->domain) == 0;
	(void)!str_copy(out->hints.registry, sizeof(out->hints.registry), i->registry);
	(void)!str_copy(out->hints.provisioning, sizeof(out->hints.provisioning),
	    i->provisioning);
}

static enum locate_answer near_next(void *self, struct locate_found *out)
{
	struct near *d = self;

	if (!d->over)
		return LOCATE_WAIT;
	for (; d->next < d->heard.n; d->next++, d->address = 0) {
		const struct mdns_instance *i = &d->heard.instance[d->next];
		size_t n = i->n_addresses ? i->n_addresses : 1;

		if (!i->has_srv || d->address >= n)
			continue;
		say(out, i);
		if (i->n_addresses ? str_copy(out->at.host, sizeof(out->at.host),
		    i->address[d->address]) < 0
		    : mdns_target(i, out->at.host, sizeof(out->at.host)) < 0)
			continue;
		d->address++;
		return LOCATE_PLACE;
	}
	return LOCATE_NONE;
}

static int near_fd(const void *self)
{
	return ((const struct near *)self)->net.fd;
}

static int64_t near_deadline(const void *self)
{
	const struct near *d = self;

	if (d->over)
		return -1;
	return d->again_ms >= 0 && d->again_ms < d->end_ms ? d->again_ms : d->end_ms;
}

const struct locate_way locate_mdns = {
	.name = "mdns", .bit = KITH_THING_LOCATE_MDNS, .is_rumour = true,
	.open = near_open, .close = near_close, .next = near_next,
	.fd = near_fd, .deadline = near_deadline, .run = near_run,
};
