/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakebroker: the server's end of XEP-0114 on loopback, for one component:
 * takes any handshake, sends what it is given in large writes, tells what it
 * hears.  For load and faults; real brokers are in kithlab/.  Read next: subject.h.
 */
#ifndef KITH_TESTS_FAKEBROKER_H
#define KITH_TESTS_FAKEBROKER_H

#include <stddef.h>
#include <stdint.h>

struct fakebroker;

/* One stanza as far as the users of this file look into it. */
struct heard {
	char name[16];		/* iq, message, presence */
	char type[16];
	char id[192];
	char to[128];
	char child[64];		/* local name of the first child */
	char jid[128];		/* its attribute */
	char condition[64];	/* local name below an <error/> */
	char body[512];		/* the beginning of the text of a first child <body/> */
};

typedef void (*fakebroker_fn)(void *arg, const struct heard *h);

/* Listens; the port is chosen by the kernel.  NULL: see errno. */
struct fakebroker *fakebroker_open(fakebroker_fn fn, void *arg);
void fakebroker_close(struct fakebroker **b);
uint16_t fakebroker_port(const struct fakebroker *b);

/* Wait for the component and shake hands; 0, or -1 after `timeout_ms`. */
int fakebroker_accept(struct fakebroker *b, int timeout_ms);
/* The component is gone or to be left: forget the connection. */
void fakebroker_drop(struct fakebroker *b);

/* Queue bytes for the component. */
void fakebroker_say(struct fakebroker *b, const char *data, size_t len);
__attribute__((format(printf, 2, 3)))
void fakebroker_sayf(struct fakebroker *b, const char *format, ...);
/* Write what is queued, read what is there (waiting for at most `timeout_ms`),
 * tell every stanza.  0, or -1 when the connection has ended. */
int fakebroker_turn(struct fakebroker *b, int timeout_ms);

#endif
