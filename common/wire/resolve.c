/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: c-ares behind resolve.h.  Its sockets are gathered in one epoll
 * descriptor, so that a caller has one thing to poll.
 */
#include "config.h"

#include "common/wire/resolve.h"

#include <ares.h>
#include <ares_nameser.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"

#define TIMEOUT_MS 2000		/* of one try; c-ares doubles it */
#define TRIES 2
#define TOTAL_MS 10000
#define EVENTS 8

struct record {
	struct resolve_place place;
	unsigned priority;
	unsigned weight;
};

struct resolve {
	const struct clock *clock;
	ares_channel channel;
	bool channel_ready;
	int epoll;
	enum resolve_answer answer;
	int64_t give_up_at;
	unsigned outstanding;
	bool refused;			/* a record said: no such service here */
	bool cancelling;
	char domain[RESOLVE_HOST];
	struct record records[RESOLVE_PLACES];
	size_t n_records;
	struct resolve_place places[RESOLVE_PLACES];
	size_t n_places;
	struct resolve_address addresses[RESOLVE_ADDRESSES];
	size_t n_addresses;
};

/* c-ares tells which of its sockets waits for what. */
static void
on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	const struct resolve *r = arg;
	struct epoll_event ev = { .data.fd = fd };

	ev.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
	if (ev.events == 0)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &ev) != 0)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

struct resolve *
resolve_new(const struct clock *clock, const char *servers, struct err *e)
{
	struct resolve *r = mem_zalloc(sizeof(*r));
	struct ares_options options = { .timeout = TIMEOUT_MS, .tries = TRIES };

	if (r == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for a resolver");
		return NULL;
	}
	r->clock = clock;
	r->answer = RESOLVE_FAILED;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	options.sock_state_cb = on_socket;
	options.sock_state_cb_data = r;
	if (r->epoll < 0) {
		(void)err_errno(e, "cannot make a resolver");
		goto fail;
	}
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&r->channel, &options,
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
		(void)err_set(e, ERR_SYSTEM, "cannot make a resolver");
		goto fail;
	}
	r->channel_ready = true;
	if (servers != NULL && ares_set_servers_ports_csv(r->channel, servers) != ARES_SUCCESS) {
		(void)err_set(e, ERR_INPUT, "'%s' names no name server", servers);
		goto fail;
	}
	return r;
fail:
	resolve_free(&r);
	return NULL;
}

void
resolve_free(struct resolve **resolve)
{
	struct resolve *r = *resolve;

	if (r == NULL)
		return;
	r->cancelling = true;
	if (r->channel_ready)
		ares_destroy(r->channel);
	if (r->epoll >= 0)
		(void)close(r->epoll);
	mem_free(r);
	*resolve = NULL;
}

/* Ordering, RFC 2782: by priority; among equals a weighted draw. */

static size_t
draw(const struct record *among, size_t n)
{
	uint64_t total = 0, dice;
	uint32_t random = 0;
	size_t i;

	for (i = 0; i < n; i++)
		total += among[i].weight + 1;	/* weight 0 keeps a small chance */
	if (ident_random(&random, sizeof(random), NULL) != 0)
		return 0;
	dice = (uint64_t)random * total >> 32;
	for (i = 0; i + 1 < n && dice >= among[i].weight + 1; i++)
		dice -= among[i].weight + 1;
	return i;
}

static int
by_priority(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->priority < y->priority ? -1 : x->priority > y->priority;
}

static void
order_records(struct resolve *r)
{
	size_t i, same, chosen;
	struct record swap;

	qsort(r->records, r->n_records, sizeof(*r->records), by_priority);
	for (i = 0; i < r->n_records; i++) {
		for (same = 1; i + same < r->n_records &&
		    r->records[i + same].priority == r->records[i].priority; same++)
			;
		chosen = i + draw(&r->records[i], same);
		swap = r->records[i];
		r->records[i] = r->records[chosen];
		r->records[chosen] = swap;
		r->places[r->n_places++] = r->records[i].place;
	}
}

static void
service_done(struct resolve *r)
{
	if (r->n_records == 0 && !r->refused) {
		struct resolve_place *p = &r->places[r->n_places];

		p->direct_tls = false;
		if (str_copy(p->host, sizeof(p->host), r->domain) == 0 &&
		    str_copy(p->port, sizeof(p->port), "5222") == 0)
			r->n_places++;
	}
	order_records(r);
	r->answer = r->n_places > 0 ? RESOLVE_DONE : RESOLVE_NONE;
}

static void
add_record(struct resolve *r, const struct ares_srv_reply *a, bool direct)
{
	struct record *to = &r->records[r->n_records];

	if (a->host[0] == '\0' || strcmp(a->host, ".") == 0) {
		r->refused = true;	/* RFC 2782: decidedly not available */
		return;
	}
	if (r->n_records == RESOLVE_PLACES ||
	    str_copy(to->place.host, sizeof(to->place.host), a->host) != 0)
		return;
	(void)snprintf(to->place.port, sizeof(to->place.port), "%u", a->port);
	to->place.direct_tls = direct;
	to->priority = a->priority;
	to->weight = a->weight;
	r->n_records++;
}

static void
take_srv(struct resolve *r, int status, const unsigned char *data, int len, bool direct)
{
	struct ares_srv_reply *list = NULL, *a;

	if (r->cancelling)
		return;
	if (status == ARES_SUCCESS && ares_parse_srv_reply(data, len, &list) == ARES_SUCCESS)
		for (a = list; a != NULL; a = a->next)
			add_record(r, a, direct);
	ares_free_data(list);
	if (--r->outstanding == 0)
		service_done(r);
}

static void
on_srv(void *arg, int status, int timeouts, unsigned char *data, int len)
{
	(void)timeouts;
	take_srv(arg, status, data, len, false);
}

static void
on_srv_direct(void *arg, int status, int timeouts, unsigned char *data, int len)
{
	(void)timeouts;
	take_srv(arg, status, data, len, true);
}

static void
on_host(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct resolve *r = arg;
	const struct ares_addrinfo_node *n;

	(void)timeouts;
	if (r->cancelling)
		return;
	for (n = found != NULL ? found->nodes : NULL; n != NULL; n = n->ai_next) {
		struct resolve_address *to = &r->addresses[r->n_addresses];

		if (r->n_addresses == RESOLVE_ADDRESSES || n->ai_addrlen > sizeof(to->sa))
			continue;
		memcpy(&to->sa, n->ai_addr, n->ai_addrlen);
		to->len = n->ai_addrlen;
		r->n_addresses++;
	}
	ares_freeaddrinfo(found);
	r->outstanding = 0;
	if (r->n_addresses > 0)
		r->answer = RESOLVE_DONE;
	else if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		r->answer = RESOLVE_NONE;
	else
		r->answer = RESOLVE_FAILED;
}

static void
begin(struct resolve *r)
{
	r->cancelling = true;
	ares_cancel(r->channel);
	r->cancelling = false;
	r->answer = RESOLVE_WAIT;
	r->refused = false;
	r->outstanding = 0;
	r->n_records = r->n_places = r->n_addresses = 0;
	r->give_up_at = clock_boot(r->clock) + TOTAL_MS;
}

int
resolve_service(struct resolve *r, const char *domain, struct err *e)
{
	char name[RESOLVE_HOST + 32], direct[RESOLVE_HOST + 32];

	if (str_copy(r->domain, sizeof(r->domain), domain) != 0)
		return err_set(e, ERR_INPUT, "the domain's name is too long");
	begin(r);
	(void)snprintf(name, sizeof(name), "_xmpp-client._tcp.%s", domain);
	(void)snprintf(direct, sizeof(direct), "_xmpps-client._tcp.%s", domain);
	r->outstanding = 2;
	ares_query(r->channel, name, ns_c_in, ns_t_srv, on_srv, r);
	ares_query(r->channel, direct, ns_c_in, ns_t_srv, on_srv_direct, r);
	return 0;
}

int
resolve_host(struct resolve *r, const char *host, const char *port, struct err *e)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM
	};
	int64_t number;

	if (str_to_int(port, 1, 65535, &number) != 0)
		return err_set(e, ERR_INPUT, "'%s' is no port", port);
	begin(r);
	r->outstanding = 1;
	ares_getaddrinfo(r->channel, host, port, &hints, on_host, r);
	return 0;
}

/* Asking and answering */

enum resolve_answer
resolve_state(const struct resolve *r)
{
	return r->answer;
}

size_t
resolve_places(const struct resolve *r, const struct resolve_place **out)
{
	*out = r->places;
	return r->n_places;
}

size_t
resolve_addresses(const struct resolve *r, const struct resolve_address **out)
{
	*out = r->addresses;
	return r->n_addresses;
}

int
resolve_fd(const struct resolve *r)
{
	return r->epoll;
}

int64_t
resolve_deadline(const struct resolve *r)
{
	struct timeval most = { .tv_sec = TOTAL_MS / 1000 }, tv;
	int64_t ms;

	if (r->answer != RESOLVE_WAIT)
		return -1;
	(void)ares_timeout(r->channel, &most, &tv);
	ms = clock_boot(r->clock) + (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1;
	return ms < r->give_up_at ? ms : r->give_up_at;
}

void
resolve_run(struct resolve *r)
{
	struct epoll_event ev[EVENTS];
	int i, n = epoll_wait(r->epoll, ev, EVENTS, 0);

	for (i = 0; i < n; i++)
		ares_process_fd(r->channel,
		    ev[i].events & ~(uint32_t)EPOLLOUT ? ev[i].data.fd : ARES_SOCKET_BAD,
		    ev[i].events & EPOLLOUT ? ev[i].data.fd : ARES_SOCKET_BAD);
	if (n <= 0)
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (r->answer == RESOLVE_WAIT && clock_boot(r->clock) >= r->give_up_at) {
		begin(r);
		r->answer = RESOLVE_FAILED;
	}
}
