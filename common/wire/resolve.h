/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: names through DNS without waiting: where the XMPP service of a
 * domain listens (SRV, RFC 6120 3.2 and XEP-0368), and the addresses of a
 * host (A, AAAA, the hosts file).  c-ares does the asking.  Nothing found here
 * is trusted: the server must still prove the domain by its certificate.
 * One object asks one thing at a time.
 */
#ifndef KITH_WIRE_RESOLVE_H
#define KITH_WIRE_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/err.h"

#define RESOLVE_PLACES 16
#define RESOLVE_ADDRESSES 8
#define RESOLVE_HOST 256

struct resolve;

struct resolve_place {
	char host[RESOLVE_HOST];
	char port[8];
	bool direct_tls;
};

struct resolve_address {
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } sa;
	socklen_t len;
};

enum resolve_answer {
	RESOLVE_WAIT,
	RESOLVE_DONE,
	RESOLVE_NONE,		/* the name does not exist, or says "no such service" */
	RESOLVE_FAILED		/* cannot tell now: no name server answered in time */
};

/* `servers`: "HOST[:PORT],..." instead of the system's, for tests; or NULL. */
struct resolve *resolve_new(const struct clock *clock, const char *servers, struct err *e);
void resolve_free(struct resolve **r);

/* Begin; an earlier question is forgotten. */
int resolve_service(struct resolve *r, const char *domain, struct err *e);
int resolve_host(struct resolve *r, const char *host, const char *port, struct err *e);

enum resolve_answer resolve_state(const struct resolve *r);
/* Ordered: try them from the first on.  Without SRV records there is one, the
 * domain itself on 5222. */
size_t resolve_places(const struct resolve *r, const struct resolve_place **out);
size_t resolve_addresses(const struct resolve *r, const struct resolve_address **out);

int resolve_fd(const struct resolve *r);	/* poll for POLLIN */
int64_t resolve_deadline(const struct resolve *r);	/* boot ms, -1 when idle */
void resolve_run(struct resolve *r);

#endif
