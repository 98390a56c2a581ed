/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sasl: the client half of SCRAM-SHA-512, -256 and -1, or with one more hash of
 * the owner's choice, each with -PLUS where the TLS version allows, and EXTERNAL
 * (RFC 5802, 7677, 9266).  Nothing else, ever.  The server's proof is verified before the login counts; its nonce
 * must extend ours; 4096 <= i <= 100000; no m=.
 */
#ifndef KITH_WIRE_SASL_H
#define KITH_WIRE_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/secret.h"

enum sasl_mech {		/* in rising strength */
	SASL_NONE,
	SASL_SCRAM_SHA_1,
	SASL_SCRAM_SHA_256,
	SASL_SCRAM_OTHER,	/* of a hash that sasl_rules name */
	SASL_SCRAM_SHA_512,
	SASL_SCRAM_SHA_1_PLUS,	/* bound to the connection: nobody sits between */
	SASL_SCRAM_SHA_256_PLUS,
	SASL_SCRAM_OTHER_PLUS,
	SASL_SCRAM_SHA_512_PLUS,
	SASL_EXTERNAL,
	SASL_MECH_COUNT
};
const char *sasl_mech_name(enum sasl_mech m);
enum sasl_mech sasl_mech_find(const char *name);
bool sasl_mech_binds(enum sasl_mech m);		/* -PLUS */

/* What the settings say about mechanisms: `sasl = NAME NAME` (these, in that
 * order) or `sasl = !NAME !NAME` (all but these).  All zero: all of them. */
#define SASL_NAME 32
struct sasl_rules {
	unsigned char rank[SASL_MECH_COUNT];	/* the highest is preferred; 0: never */
	bool set;
	char other[SASL_NAME];	/* SCRAM-X that we have no name for, as in the settings; "" */
};
int sasl_rules_parse(struct sasl_rules *rules, const char *text, struct err *e);
bool sasl_rules_allow(const struct sasl_rules *rules, enum sasl_mech m);

enum sasl_binding { SASL_BIND_NONE, SASL_BIND_TLS_UNIQUE, SASL_BIND_TLS_EXPORTER };

/* The strongest seen, per TLS version: what a server may never fall below. */
struct sasl_pin {
	enum sasl_mech tls12;
	enum sasl_mech tls13;
	bool unbound;		/* it refused every bound login for a day: not tried any more */
};

struct sasl_offer {
	bool mech[SASL_MECH_COUNT];	/* what the server listed and we know */
	bool tls13;
	enum sasl_binding can_bind;	/* what our TLS layer can give */
	bool has_cert;			/* we have a client certificate */
	bool server_listed_bindings;	/* XEP-0440 */
	bool server_binds[3];		/* indexed by sasl_binding */
	bool unbound;			/* leave -PLUS alone */
	const struct sasl_rules *rules;	/* NULL: all of them */
};
/* Strongest mechanism we may use, or SASL_NONE. */
enum sasl_mech sasl_choose(const struct sasl_offer *offer);

/*
 * The list that XEP-0474 hashes: mechanism names and channel-binding types as
 * the server sent them, each sorted by octets.  Sorts both arrays in place.
 */
void sasl_offer_text(struct buf *out, const char **mechs, size_t n_mechs,
    const char **bindings, size_t n_bindings);
const char *sasl_binding_name(enum sasl_binding b);	/* "" for none */

struct sasl;
struct sasl_conf {
	enum sasl_mech mech;
	const char *other;		/* which one SCRAM_OTHER is */
	const char *user;
	const struct secret *password;
	enum sasl_binding binding;	/* used by -PLUS */
	const void *binding_data;
	size_t binding_len;
	bool could_bind;		/* we could, the server offers no -PLUS at all: gs2 'y' */
	const char *offer;		/* XEP-0474 list of what was offered; NULL: no check of h= */
	const char *fixed_nonce;	/* test vectors only; NULL otherwise */
};
struct sasl *sasl_new(const struct sasl_conf *conf, struct err *e);
void sasl_free(struct sasl **s);
/* client-first (or the EXTERNAL response), raw, not base64. */
int sasl_first(struct sasl *s, struct buf *out, struct err *e);
/* server-first in, client-final out. */
int sasl_challenge(struct sasl *s, const char *in, size_t len, struct buf *out, struct err *e);
/* The data of <success/>: server-final.  0 only if the proof fits. */
int sasl_success(struct sasl *s, const char *in, size_t len, struct err *e);

#endif
