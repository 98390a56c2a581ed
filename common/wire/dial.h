/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial: from a host and a port to sockets that are being connected, one
 * address after the other.  It waits for nothing and says nothing on the
 * sockets.  Next: client.c, which puts a stream on the first that answers.
 */
#ifndef KITH_WIRE_DIAL_H
#define KITH_WIRE_DIAL_H

#include "common/wire/resolve.h"

enum dial_state {
	DIAL_WAIT,		/* a name server is being asked */
	DIAL_READY,		/* dial_next gives sockets */
	DIAL_NONE,		/* the name does not exist */
	DIAL_FAILED		/* no name server answered */
};

struct dial {
	struct resolve *resolve;	/* while asking */
	struct resolve_address address[RESOLVE_ADDRESSES];
	size_t n, at;
	enum dial_state state;
};

/* -1: it cannot even be asked.  Needs dial_fini either way. */
int dial_begin(struct dial *d, const char *host, const char *port, const struct clock *clock,
    struct err *e);
void dial_fini(struct dial *d);

int dial_fd(const struct dial *d);		/* for POLLIN while DIAL_WAIT, else -1 */
int64_t dial_deadline(const struct dial *d);
enum dial_state dial_run(struct dial *d);

/* A socket on its way to the next address, the caller's from now on; -1: no more. */
int dial_next(struct dial *d);
bool dial_has_more(const struct dial *d);

#endif
