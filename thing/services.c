/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services: reads disco answers.  Choosing and pinning is enroll.c's.
 */
#include "config.h"

#include "thing/services.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"

int services_ask(struct session *s, enum verb verb, const char *to,
    session_answer_fn *answer, void *arg)
{
	struct request q = { .verb = verb, .to = to };

	return session_ask(s, &q, answer, arg);
}

bool services_is_acceptable(const char *jid)
{
	struct jid j;

	return jid_parse(&j, jid, JID_STRINGPREP, NULL) == 0 && !jid_has_local(&j) &&
	    !jid_has_resource(&j);
}

static void take_feature(struct services_found *out, const char *var)
{
	enum proto proto;
	enum gen gen;

	if (strcmp(var, NS_LEASE) == 0)
		out->leases = true;
	if (strcmp(var, NS_THING) == 0)
		out->self = true;
	if (!ns_find(var, &proto, &gen))
		return;
	if (proto == PROTO_DISCOVERY && (!out->registry || gen < out->registry_gen)) {
		out->registry = true;
		out->registry_gen = gen;
	}
	if (proto == PROTO_PROV_DEVICE && (!out->provisioning || gen < out->provisioning_gen)) {
		out->provisioning = true;
		out->provisioning_gen = gen;
	}
}

static bool read(struct reply *r, const struct stanza *answer, struct pool *pool,
    enum body wanted)
{
	return answer && reply_parse(r, answer, JID_STRINGPREP, pool) == 0 &&
	    r->kind == REPLY_RESULT && r->body == wanted;
}

void services_read_info(const struct stanza *answer, struct services_found *out)
{
	struct pool pool;
	struct reply r;

	memset(out, 0, sizeof(*out));
	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (read(&r, answer, &pool, BODY_DISCO_INFO))
		for (size_t i = 0; i < r.u.disco.n; i++)
			take_feature(out, r.u.disco.feature[i]);
	pool_fini(&pool);
}

void services_read_items(const struct stanza *answer,
    void (*item)(void *arg, const char *jid), void *arg)
{
	struct pool pool;
	struct reply r;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (read(&r, answer, &pool, BODY_DISCO_ITEMS))
		for (size_t i = 0; i < r.u.items.n; i++) {
			const struct reply_item *it = &r.u.items.item[i];

			if (it->jid && !it->node && services_is_acceptable(it->jid))
				item(arg, it->jid);
		}
	pool_fini(&pool);
}
