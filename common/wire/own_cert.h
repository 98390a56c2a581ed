/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_cert: what our own certificate says: which address it makes us at a broker
 * (XEP-0178, id-on-xmppAddr) and until when.  Showing it is tls.c's business,
 * judging it the server's.
 */
#ifndef KITH_WIRE_OWN_CERT_H
#define KITH_WIRE_OWN_CERT_H

#include <stdint.h>

#include "common/base/err.h"

#define OWN_CERT_USER 64

struct own_cert {
	char user[OWN_CERT_USER];	/* local part, lower case */
	int64_t from_ms, until_ms;	/* wall clock */
};

/* The first certificate of a PEM file.  It must name exactly one address of
 * `domain`, and the key file must be ours alone and fit. */
int own_cert_read(struct own_cert *out, const char *cert_file, const char *key_file,
    const char *domain, struct err *e);

#endif
