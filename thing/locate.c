/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: one round of places, from the settings or from resolve.c.
 */
#include "config.h"

#include "thing/locate.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"

struct locate {
	char *domain;
	struct resolve *resolve;	/* NULL: `fixed` is the only place */
	struct resolve_place fixed;
	bool asked;			/* in this round */
	size_t next;
};

/* "host:5222", "[::1]:5222" */
static int split(struct resolve_place *out, const char *server, struct err *e)
{
	const char *colon = strrchr(server, ':'), *end = colon;
	const char *host = server;
	int64_t port;

	if (colon && *server == '[' && colon > server && colon[-1] == ']') {
		host++;
		end--;
	}
	if (!colon || end <= host || (size_t)(end - host) >= sizeof(out->host) ||
	    str_to_int(colon + 1, 1, 65535, &port) < 0 ||
	    (host == server && memchr(host, ':', (size_t)(end - host))))
		return err_set(e, ERR_INPUT, "'%s' is not HOST:PORT", server);
	memcpy(out->host, host, (size_t)(end - host));
	out->host[end - host] = '\0';
	snprintf(out->port, sizeof(out->port), "%d", (int)port);
	return 0;
}

struct locate *locate_new(const char *domain, const char *server, const struct clock *clock,
    struct err *e)
{
	struct locate *l = mem_zalloc(sizeof(*l));

	if (!l || !(l->domain = mem_strdup(domain))) {
		err_set(e, ERR_SYSTEM, "out of memory");
		locate_free(&l);
		return NULL;
	}
	if (server ? split(&l->fixed, server, e) < 0
	    : !(l->resolve = resolve_new(clock, NULL, e)))
		locate_free(&l);
	return l;
}

void locate_free(struct locate **l)
{
	if (!*l)
		return;
	if ((*l)->resolve)
		resolve_free(&(*l)->resolve);
	mem_free((*l)->domain);
	mem_free(*l);
	*l = NULL;
}

void locate_begin(struct locate *l)
{
	l->asked = false;
	l->next = 0;
}

static enum locate_answer from_dns(struct locate *l, struct resolve_place *out)
{
	const struct resolve_place *place;

	if (!l->asked && resolve_service(l->resolve, l->domain, NULL) < 0)
		return LOCATE_NONE;
	l->asked = true;
	switch (resolve_state(l->resolve)) {
	case RESOLVE_WAIT:
		return LOCATE_WAIT;
	case RESOLVE_DONE:
		break;
	default:
		return LOCATE_NONE;
	}
	if (l->next >= resolve_places(l->resolve, &place))
		return LOCATE_NONE;
	*out = place[l->next++];
	return LOCATE_PLACE;
}

enum locate_answer locate_next(struct locate *l, struct resolve_place *out)
{
	if (l->resolve)
		return from_dns(l, out);
	if (l->next > 0)
		return LOCATE_NONE;
	l->next = 1;
	*out = l->fixed;
	return LOCATE_PLACE;
}

static bool is_asking(const struct locate *l)
{
	return l->resolve && l->asked && resolve_state(l->resolve) == RESOLVE_WAIT;
}

int locate_fd(const struct locate *l, short *events)
{
	*events = POLLIN;
	return is_asking(l) ? resolve_fd(l->resolve) : -1;
}

int64_t locate_deadline(const struct locate *l)
{
	return is_asking(l) ? resolve_deadline(l->resolve) : -1;
}

void locate_run(struct locate *l)
{
	if (is_asking(l))
		resolve_run(l->resolve);
}
