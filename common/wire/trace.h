/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: what passes on a stream, stanza by stanza, as a person may read it and
 * keep it: passwords, SASL data, KEYs, tokens, codes and claim texts are masked
 * before anything leaves this file.  It only listens: stream.h has the tap.
 */
#ifndef KITH_WIRE_TRACE_H
#define KITH_WIRE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct stanza;
struct trace;

#define TRACE_MASK "***"
#define TRACE_BYTES 65536	/* of one stanza; what is longer is cut */

/* `passed` gets each stanza as XML, masked; its text lives during the call. */
struct trace *trace_new(void (*passed)(void *arg, bool sent, const char *xml), void *arg);
void trace_free(struct trace **t);
/* The next bytes of one direction, as they are on the wire inside TLS. */
void trace_take(struct trace *t, bool sent, const char *data, size_t len);
/* A new connection. */
void trace_restart(struct trace *t);

/* The stanza as XML, masked. */
void trace_write(struct buf *out, const struct stanza *s);
/* What trace_write() wrote, as one line of words: who, what, with what. */
void trace_words(struct buf *out, bool sent, const char *xml);

#endif
