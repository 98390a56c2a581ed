/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: what a server offers to somebody who only connects.  Facts without an
 * opinion: who may do what is said in docs/OPERATING.md, and looked at by
 * kithctl doctor.  It blocks, for a few seconds at most, and logs in nowhere.
 */
#ifndef KITH_WIRE_PROBE_H
#define KITH_WIRE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define PROBE_TEXT 512

/* One set of <features/>. */
struct probe_offer {
	char mechanisms[PROBE_TEXT];	/* ",PLAIN,SCRAM-SHA-1,"; "": none offered */
	bool starttls, tls_required;
	bool registration;
};

struct probe {
	struct probe_offer before, after;	/* TLS */
	bool tls;			/* TLS came up, whatever the certificate is */
	bool old_tls;			/* TLS 1.1 or older as well */
	char fault[PROBE_TEXT];		/* of the certificate: "" it proves `domain` */
	int64_t valid_s;		/* and for so long */
};

struct probe_target {
	const char *host, *port;
	const char *domain;
	const char *ca_file;		/* NULL: the system's */
	bool server;			/* a stream between servers, not a client's */
};

/* -1: nobody answers there as XMPP has it. */
int probe(const struct probe_target *t, struct probe *out, struct err *e);
/* Does anybody listen? */
bool probe_listens(const char *host, const char *port);

#endif
