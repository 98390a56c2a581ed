/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_policy: the operator's policy and the roles of people, as kithctl, a
 * start or SIGHUP change them.  A text comes in base64, since it has lines.
 * What they say is provisioning/operator.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/wire/reply.h"
#include "kithd/operate_part.h"
#include "provisioning/operator_policy.h"
#include "provisioning/serve.h"

#define POOL_BYTES (64 * 1024)

/* ---- by itself ---- */

void operate_policy_read(struct site *s, const char *by)
{
	struct request q = { .verb = VERB_POLICY_LOAD, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.u.desk.name = by };
	struct err e = ERR_INIT;
	struct site_parts parts;
	struct pool pool;
	struct reply r;

	site_parts(s, &parts);
	if (parts.provisioning == NULL || operator_policy_state(
	    provisioning_operator_policy(parts.provisioning)) == OPERATOR_NONE)
		return;
	pool_init(&pool, POOL_BYTES);
	q.pool = &pool;
	/* What is wrong with the file is told where it is found. */
	if (operate_serve(&parts, &q, &r, &e) != 0)
		log_error("ALARM: the operator's policy was not read: %s", e.text);
	pool_fini(&pool);
}

/* ---- kithctl ---- */

static const char *read_text(struct act *a, const char *base64)
{
	size_t len = strlen(base64), size = len / 4 * 3 + 1;
	char *text = size > OPERATOR_POLICY_BYTES + 4 ? NULL : pool_alloc(&a->pool, size);
	long n = text == NULL ? -1 : str_unbase64(text, size - 1, base64, len);

	if (n < 0 || memchr(text, '\0', (size_t)n) != NULL) {
		(void)operate_fail(a, "that is no text, or too long for a policy");
		return NULL;
	}
	text[n] = '\0';
	return text;
}

/* policy load [text BASE64] */
int operate_policy_load(struct act *a)
{
	struct request q;

	operate_request(a, &q, VERB_POLICY_LOAD);
	q.u.desk.name = "kithctl";
	q.u.desk.confirmed = true;
	if (a->n == 3 && strcmp(a->word[1], "text") == 0) {
		q.u.desk.text = read_text(a, a->word[2]);
		if (q.u.desk.text == NULL)
			return REPORT_ERROR;
	} else if (a->n != 1) {
		return operate_fail(a, "say: policy load [FILE]");
	}
	return operate_act(a, &q);
}

/* policy what-if text BASE64 */
int operate_policy_what_if(struct act *a)
{
	const char *text;

	if (a->n != 3 || strcmp(a->word[1], "text") != 0)
		return operate_fail(a, "say: policy what-if FILE");
	text = read_text(a, a->word[2]);
	return text == NULL || operate_what_if(&a->job, a->site, text, &a->e) != 0 ? REPORT_ERROR :
	    REPORT_OK;
}

/* policy rollback N */
int operate_policy_rollback(struct act *a)
{
	struct request q;

	operate_request(a, &q, VERB_POLICY_ROLLBACK);
	if (a->n != 2 || str_to_int(a->word[1], 1, INT64_MAX, &q.u.desk.number) != 0)
		return operate_fail(a, "say: policy rollback N; see: kithctl policy versions");
	q.u.desk.name = pool_printf(&a->pool, "kithctl rollback %s", a->word[1]);
	return q.u.desk.name == NULL ? operate_fail(a, "out of memory") : operate_act(a, &q);
}

/* token revoke NAME, token forgive NAME */
int operate_token(struct act *a)
{
	struct request q;

	if (a->n != 2)
		return operate_fail(a, "say: token revoke NAME, or token forgive NAME");
	operate_request(a, &q, VERB_TOKEN_REVOKE);
	q.u.desk.yes_no = strcmp(a->word[0], "revoke") == 0 ? ANSWER_YES : ANSWER_NO;
	q.u.desk.name = a->word[1];
	return operate_act(a, &q);
}

/* role add NAME JID, role remove NAME JID */
int operate_role(struct act *a)
{
	struct request q;

	if (a->n != 3)
		return operate_fail(a, "say: role add NAME JID, or role remove NAME JID");
	operate_request(a, &q, VERB_ROLE);
	q.u.desk.yes_no = strcmp(a->word[0], "add") == 0 ? ANSWER_YES : ANSWER_NO;
	q.u.desk.name = a->word[1];
	q.u.desk.jid = operate_address(a, a->word[2]);
	return q.u.desk.jid == NULL ? REPORT_ERROR : operate_act(a, &q);
}
