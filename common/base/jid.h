/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid: XMPP addresses, canonicalised once at the edge with the broker's own
 * profile (ruling 1: Prosody 0.12 and ejabberd use stringprep, RFC 6122;
 * newer servers PRECIS, RFC 7622).  After jid_parse() comparison is strcmp().
 */
#ifndef KITH_BASE_JID_H
#define KITH_BASE_JID_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define JID_PART_MAX 1023			/* octets of one part, RFC 7622 3.1 */
#define JID_MAX (3 * JID_PART_MAX + 2)		/* octets of a whole address */

enum jid_profile {
	JID_STRINGPREP = 0,	/* RFC 6122: nodeprep, nameprep, resourceprep */
	JID_PRECIS		/* RFC 7622 */
};

/* Canonical text and where its parts are.  Compare whole structs by
 * strcmp(text); never by memcmp: bytes behind the NUL are undefined. */
struct jid {
	size_t bare_len;	/* length of local@domain or domain */
	size_t local_len;	/* 0: no local part */
	size_t len;		/* whole length; > bare_len when a resource is there */
	char text[JID_MAX + 1];
};

/* Splits, prepares, checks lengths.  A plain-ASCII address takes a fast path.
 * ERR_INPUT for malformed ones (att-A-04, A-05). */
int jid_parse(struct jid *out, const char *text, enum jid_profile profile, struct err *e);
/* The same, then drops the resource. */
int jid_parse_bare(struct jid *out, const char *text, enum jid_profile profile, struct err *e);

/* Cut the resource off. */
void jid_to_bare(struct jid *j);
bool jid_has_resource(const struct jid *j);
bool jid_has_local(const struct jid *j);
const char *jid_domain(const struct jid *full_or_bare, size_t *len);
const char *jid_resource(const struct jid *j);	/* "" if none */

/* On already canonical texts, without parsing them again. */
bool jid_text_same_bare(const char *a, const char *b);
size_t jid_text_bare_len(const char *text);
/* Points into `text`; *len tells where the domain ends. */
const char *jid_text_domain(const char *text, size_t *len);
bool jid_text_in_domain(const char *text, const char *domain);

/* Would stringprep and PRECIS give different addresses? (ruling 1: such a
 * JID is refused as an owner and in rules.) */
bool jid_profiles_differ(const char *text);

#endif
