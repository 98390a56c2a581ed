/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_part: what client.c (the steps of a login in their order) and
 * client_sasl.c (the one that proves who is who) share.  Nobody else includes it.
 */
#ifndef KITH_WIRE_CLIENT_PART_H
#define KITH_WIRE_CLIENT_PART_H

#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/wire/account.h"
#include "common/wire/client.h"
#include "common/wire/dial.h"
#include "common/wire/features.h"
#include "common/wire/tls.h"

enum step {
	RESOLVING,
	FEATURES_CLEAR,		/* expect <features/> in clear */
	PROCEED,		/* expect <proceed/> */
	FEATURES_TLS,		/* expect <features/> through TLS */
	REGISTERING,		/* expect the answer to what account.h asked */
	CHALLENGE,		/* expect <challenge/> or <success/> */
	FEATURES_BIND,		/* expect <features/> after the login */
	RESUME,			/* expect <resumed/> or <failed/> */
	BIND,
	SESSION,
	UP,
	OVER
};

struct client {
	struct client_ops ops;
	void *arg;
	const struct clock *clock;
	const struct stream_tap *tap;
	char *domain, *host, *port, *user, *resource, *ca_file, *cert_file, *key_file;
	struct secret password;
	const struct secret *invite, *maker_secret;	/* the caller's */
	const char *maker_key;
	int64_t earliest_ms;
	bool direct_tls, register_account, cert_only;
	struct sasl_pin pin;
	struct sasl_rules rules;
	struct resume *resume;		/* the caller's; NULL: not wanted */
	enum client_activity activity;
	struct stream_limits limits;
	int64_t give_up_at;

	enum step step;
	struct dial dial;
	int64_t next_at;	/* the next address is tried when this one has said nothing */
	struct stream *stream;
	struct features features;
	enum sasl_mech mech;
	struct account *account;	/* while one is asked for */
	struct sasl *sasl;
	char id[IDENT_TEXT];		/* of the one iq that is out */
	char *jid;			/* as bound */

	bool heard;			/* the server's header came on this connection */
	bool connection_failed;		/* it did not: try the next address */
	enum client_end why;		/* when OVER */
	int64_t retry_after;
	char text[ERR_TEXT];
};

/* The first reason counts; it is told at the end of client_run. */
void client_fail_after(struct client *c, enum client_end why, int64_t retry_after,
    const char *text);
void client_fail(struct client *c, enum client_end why, const char *text);
/* For as long as it says, or for a minute. */
void client_wait_for(struct client *c, int64_t ms, const char *text);

bool client_is_13(const struct client *c);
enum sasl_binding client_binding(const struct client *c,
    unsigned char data[static TLS_BINDING_MAX], size_t *len);
/* The mechanism; -1: there is none that we may use, and it has ended. */
int client_choose(struct client *c, enum sasl_binding can_bind);
void client_begin_sasl(struct client *c);
void client_take_sasl(struct client *c, const struct stanza *s);

#endif
