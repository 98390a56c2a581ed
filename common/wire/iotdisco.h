/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iotdisco: the claim text of a thing, in its two forms:
 *   iotdisco:SN=1;MAN=x;%23V... (percent-encoded URI) and
 *   IoTDisco;SN:1;MAN:x;#V:1.2;KEY:... (XEP-0347 3.2; \ escapes).
 * iotdisco_write always writes the URI form.
 */
#ifndef KITH_WIRE_IOTDISCO_H
#define KITH_WIRE_IOTDISCO_H

#include "common/base/err.h"
#include "common/wire/request.h"

struct buf;

struct iotdisco {
	struct tag_list tags;	/* R, JID, NID, SID, PT taken out */
	const char *registry;	/* R; NULL if absent */
	const char *jid;	/* direct address; NULL if absent */
	struct node node;
	bool has_key;		/* a KEY: a claim; else a search or a direct one */
};

/* Strings go to `pool`.  ERR_INPUT for a duplicate name, a bad escape, a
 * trailing ';' of the URI form, no tags, invalid UTF-8, limits. */
int iotdisco_parse(struct iotdisco *out, const char *text, size_t len,
    struct pool *pool, struct err *e);
void iotdisco_write(struct buf *out, const struct iotdisco *d);
/* Find exactly one claim text inside free text: 1 found
 * (*start, *len), 0 none, 2 several. */
int iotdisco_find(const char *text, const char **start, size_t *len);

#endif
