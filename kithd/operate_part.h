/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_part: what the files behind operate.h share: one line of the
 * operator with its words, and the answer.  Nobody outside includes it.
 */
#ifndef KITH_KITHD_OPERATE_PART_H
#define KITH_KITHD_OPERATE_PART_H

#include "common/base/pool.h"
#include "common/wire/request.h"
#include "kithd/operate.h"
#include "kithd/operate_job.h"
#include "kithd/report.h"

#define OPERATE_WORDS 128

struct act {
	struct site *site;
	struct site_parts p;
	struct pool pool;
	const char *word[OPERATE_WORDS];	/* behind the first; NULL behind the last */
	size_t n;
	const char *rest;		/* the same, not parted */
	struct operate_job *job;	/* the act goes on */
	bool json;
	struct buf *out;		/* the answer's lines */
	struct err e;
};

/* Returns the exit status of kithctl. */
typedef int (*act_fn)(struct act *a);

int operate_fail(struct act *a, const char *why);
/* A bare address, or a domain; NULL and the error is said. */
const char *operate_address(struct act *a, const char *word);
void operate_request(struct act *a, struct request *q, enum verb v);
/* Serve it and say what came of it. */
int operate_act(struct act *a, struct request *q);

/* operate_policy.c */
int operate_policy_load(struct act *a);
int operate_policy_rollback(struct act *a);
int operate_token(struct act *a);
int operate_policy_what_if(struct act *a);
int operate_role(struct act *a);

#endif
