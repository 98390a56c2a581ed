/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_ssdp: one search, asked twice since packets get lost, and what comes back
 * within its time.  ssdp.h says what an answer is.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ssdp.h"
#include "thing/locate_way.h"
#include "thing/multicast.h"
#include "thing/thing.h"

#define ANSWERS 8
#define PER_SENDER 2
#define AGAIN_MS 500
#define PATIENCE_MS (SSDP_WAIT_S * 1000 + 1000)

struct search {
	const struct clock *clock;
	struct multicast net;
	int64_t again_ms, end_ms;
	bool over;
	size_t n, next;
	struct ssdp_found found[ANSWERS];
	struct in_addr from[ANSWERS];
};

static void ssdp_close(void *self)
{
	struct search *s = self;

	multicast_close(&s->net);
	mem_free(s);
}

static int ask(struct search *s)
{
	return multicast_send(&s->net, SSDP_GROUP, SSDP_PORT, ssdp_search, strlen(ssdp_search));
}

static void *ssdp_open(const struct locate_ask *asked, struct err *e)
{
	struct search *s = mem_zalloc(sizeof(*s));

	if (!s) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	s->clock = asked->clock;
	s->net.fd = -1;
	if (multicast_open(&s->net, e) == 0) {
		s->again_ms = clock_boot(s->clock) + AGAIN_MS;
		s->end_ms = clock_boot(s->clock) + PATIENCE_MS;
		if (ask(s) == 0)
			return s;
		err_set(e, ERR_AGAIN, "no network takes the search");
	}
	ssdp_close(s);
	return NULL;
}

static bool is_news(const struct search *s, const struct ssdp_found *f, struct in_addr from)
{
	size_t of_him = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->from[i].s_addr != from.s_addr)
			continue;
		of_him++;
		if (memcmp(&s->found[i], f, sizeof(*f)) == 0)
			return false;
	}
	return of_him < PER_SENDER && s->n < ANSWERS;
}

static void ssdp_run(void *self)
{
	struct search *s = self;
	char packet[SSDP_PACKET], text[INET_ADDRSTRLEN];
	struct ssdp_found f;
	struct in_addr from;
	ssize_t n;

	for (int i = 0; i < 2 * ANSWERS &&
	    (n = multicast_receive(&s->net, packet, sizeof(packet), &from)) >= 0; i++) {
		if (ssdp_take(packet, (size_t)n, &f) < 0)
			continue;
		if (!f.at.host[0] && (!inet_ntop(AF_INET, &from, text, sizeof(text)) ||
		    str_copy(f.at.host, sizeof(f.at.host), text) < 0))
			continue;
		if (is_news(s, &f, from)) {
			s->from[s->n] = from;
			s->found[s->n++] = f;
		}
	}
	if (s->again_ms >= 0 && clock_boot(s->clock) >= s->again_ms) {
		(void)ask(s);
		s->again_ms = -1;
	}
	s->over = s->over || clock_boot(s->clock) >= s->end_ms;
}

static enum locate_answer ssdp_next(void *self, struct locate_found *out)
{
	struct search *s = self;

	if (!s->over)
		return LOCATE_WAIT;
	if (s->next == s->n)
		return LOCATE_NONE;
	out->at = s->found[s->next].at;
	out->n_said = str_copy(out->said[0], sizeof(out->said[0]), s->found[s->next].domain) == 0;
	s->next++;
	return LOCATE_PLACE;
}

static int ssdp_fd(const void *self)
{
	return ((const struct search *)self)->net.fd;
}

static int64_t ssdp_deadline(const void *self)
{
	const struct search *s = self;

	if (s->over)
		return -1;
	return s->again_ms >= 0 && s->again_ms < s->end_ms ? s->again_ms : s->end_ms;
}

const struct locate_way locate_ssdp = {
	.name = "ssdp", .bit = KITH_THING_LOCATE_SSDP, .is_rumour = true,
	.open = ssdp_open, .close = ssdp_close, .next = ssdp_next,
	.fd = ssdp_fd, .deadline = ssdp_deadline, .run = ssdp_run,
};
