/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakestream: the server's end of one XMPP connection, for tests: it says
 * what no real server would say.  One thread serves both ends: a test lets
 * time pass with fake_wait(), which polls the socket of the code under test
 * and ours.  Next: fakelogin.h, a client login played by rote on top of it.
 */
#ifndef KITH_TESTS_FAKESTREAM_H
#define KITH_TESTS_FAKESTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "common/base/buf.h"

struct fake {
	int listener;
	int fd;			/* -1: nobody is connected */
	char port[8];
	SSL_CTX *ctx;		/* used by fake_start_tls */
	SSL *ssl;		/* NULL: in clear */
	bool tls_done;
	bool tls_failed;
	bool gone;		/* the other side closed */
	unsigned accepted;	/* connections so far */
	void (*script)(void *arg);	/* called after each step; may be NULL */
	void *script_arg;
	struct buf clear;	/* all that came in clear, of all connections */
	struct buf seen;	/* all that came, decrypted, of all connections */
};

/* What is being tested: a component or a client, through four functions. */
struct fake_peer {
	int (*fd)(void *arg);
	short (*events)(void *arg);
	int64_t (*deadline)(void *arg);
	void (*run)(void *arg, short revents);
	void *arg;
};

void fake_listen(struct fake *f);
void fake_fini(struct fake *f);
/* Hang up; the listener stays. */
void fake_hang_up(struct fake *f);
void fake_send(struct fake *f, const char *text);
void fake_sendn(struct fake *f, const void *data, size_t len);
void fake_sendf(struct fake *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fake_start_tls(struct fake *f);
/* Accept, shake hands, read: whatever can be done at once. */
void fake_step(struct fake *f);
/* Has this text come since `from` (an earlier f->seen.len)? */
const char *fake_find(const struct fake *f, size_t from, const char *text);

/* Run both ends until done(arg) is true; false after `ms` of nothing. */
bool fake_wait(struct fake *f, const struct fake_peer *p, bool (*done)(void *), void *arg, int ms);
/* Run both ends as long as anything moves. */
void fake_settle(struct fake *f, const struct fake_peer *p);

#endif
