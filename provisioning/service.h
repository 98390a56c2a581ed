/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: a service asks about its users (XEP-0324): may this one use it, may
 * he do that with it.  A service is whoever has a service token that was given
 * to this very address; what it says of its users counts for questions about
 * itself and nothing else.  Its owner's rules decide, narrowed by the operator's;
 * the operator's alone about a service that nobody owns.
 *
 *   1. Who shows no service token that was given to him: the constant no.
 *   2. canAccess: by all credentials.  A yes makes a user token, bound to this
 *      service, that ends by itself.  What nobody decided yet is asked of the
 *      service's owner, if the user has an address to name him by.
 *   3. hasPrivilege, downloadPrivileges: only for a user token that was given to
 *      this service, and while that user may still use it.  Until userLoggedIn
 *      only by where he comes from (ip, host, place, protocol), not by who he says
 *      he is.  Undecided is no; nobody is asked about privileges.
 * Read next: privilege.h.
 */
#ifndef KITH_PROVISIONING_SERVICE_H
#define KITH_PROVISIONING_SERVICE_H

#include "common/store/token.h"
#include "provisioning/access.h"

struct provisioning;

#define SERVICE_CREDENTIALS 64	/* of one user; a certificate stands for several */

/* One question of a service about one of its users. */
struct visit {
	struct provisioning *p;
	struct pool *pool;
	const char *service_jid;
	const struct token *service;	/* NULL: not identified */
	const struct token *user;	/* NULL: none yet, or none of this service */
	const struct owned *thing;	/* the service; one made up where it is no thing */
	struct owned alone;
	bool is_owned;			/* there is an owner to ask */
	const char *jid;		/* of the user; NULL none */
	bool malformed;			/* what should be an address is none */
	bool logged_in;
	int64_t edge_ms;		/* wall: when an answer may be otherwise; 0 never */
	size_t n;
	struct question_credential credential[SERVICE_CREDENTIALS];
};

/* May he?  ACTION_ACCESS, or ACTION_PRIVILEGE with its name; `known`: by all that
 * is said of him, else only by where he comes from. */
int service_judge(const struct visit *v, enum action a, const char *name, bool known,
    struct access_judgement *out, struct err *e);

#endif
