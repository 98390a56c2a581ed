/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_rule: a class of things that was approved beforehand may come with a
 * rule; the registry gives the thing, the other role makes the rule, and this
 * is where they are told of each other.
 */
#include "config.h"

#include "common/base/log.h"
#include "common/base/pool.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "kithd/operate.h"
#include "provisioning/serve.h"

int operate_add_rule(void *arg, const char *owner, const char *line, struct err *e)
{
	struct provisioning **p = arg;
	struct pool pool;
	struct request q = { .verb = VERB_RULE_ADD, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = owner, .bare = owner, .pool = &pool, .u.desk.text = line };
	struct reply r;
	int rc;

	if (*p == NULL)
		return 0;
	pool_init(&pool, 4 * WIRE_REQUEST_BYTES);
	rc = provisioning_serve(*p, &q, &r, e);
	if (rc == 0 && r.kind != REPLY_RESULT)
		log_warn("a rule approved for '%s' was not taken: %s", owner, line);
	pool_fini(&pool);
	return rc;
}
