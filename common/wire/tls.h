/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: the client side of one TLS connection over a non-blocking socket.
 * TLS 1.2 or better; the chain, the validity and the name of the certificate
 * must prove `domain` (RFC 9525: subjectAltName only, never the common name),
 * a stapled OCSP answer and CRLs in the CA file are heeded.  It has no opinion
 * about XMPP; stream.c reads and writes through it.
 */
#ifndef KITH_WIRE_TLS_H
#define KITH_WIRE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/wire/sasl.h"

struct tls;

struct tls_conf {
	const char *domain;	/* what the certificate must prove */
	const char *ca_file;	/* the only roots then; NULL: the system's store */
	const char *cert_file;	/* our own certificate (SASL EXTERNAL); NULL: none */
	const char *key_file;
	bool direct;		/* ALPN xmpp-client (XEP-0368) */
	/* When the clock may be wrong (tls_time.h): what it shows, and what it is
	 * certainly not before.  Both 0: the system's clock is right. */
	int64_t now_ms, earliest_ms;
};

#define TLS_BINDING_MAX 64

struct tls *tls_new(const struct tls_conf *conf, struct err *e);
void tls_free(struct tls **t);
/* Use this socket from now on; it stays the caller's. */
int tls_attach(struct tls *t, int fd, struct err *e);

/* 1: done and the certificate is good; 0: the socket is not ready; -1: refused. */
int tls_handshake(struct tls *t, struct err *e);
/* Bytes; 0: the socket is not ready; -1: the connection has ended. */
ssize_t tls_read(struct tls *t, void *data, size_t len);
ssize_t tls_write(struct tls *t, const void *data, size_t len);
/* Bytes that poll() cannot see any more. */
bool tls_pending(const struct tls *t);
/* The last call that got 0 waits for the socket to become writable. */
bool tls_wants_write(const struct tls *t);
/* Say that nothing more comes from us. */
void tls_goodbye(struct tls *t);

/* After the handshake. */
/* Since when and until when the server's certificate counts, in ms since 1970. */
void tls_peer_times(const struct tls *t, int64_t *from_ms, int64_t *until_ms);
bool tls_is_13(const struct tls *t);
/* Channel binding (RFC 9266; tls-unique only on 1.2 with extended master
 * secret).  Returns the type; SASL_BIND_NONE: none can be had. */
enum sasl_binding tls_binding(const struct tls *t, unsigned char out[static TLS_BINDING_MAX],
    size_t *len);

#endif
