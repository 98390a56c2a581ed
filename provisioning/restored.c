/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restored: the store is a copy from some time ago.  What owners took back
 * since then stands in it again, and nothing here can tell which rules those
 * are.  So no allow survives by itself: each becomes an ask of the same words,
 * which is no until its owner says yes again; a deny stays, and whoever ever
 * asked is made to forget.
 */
#include "config.h"

#include "provisioning/role.h"

/* 1: changed, 0: it was no allow, -1. */
static int ask_again(struct provisioning *p, const char *owner, int64_t number,
    struct pool *pool, struct err *e)
{
	const struct book *b;
	const struct rule *there;
	struct rule r;
	int64_t fresh;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	there = b == NULL ? NULL : policy_by_number(b->rules, number);
	if (there == NULL || there->verdict != VERDICT_ALLOW)
		return 0;
	if (rule_copy(&r, there, pool) != 0)
		return err_set(e, ERR_LIMIT, "no room for a rule");
	r.verdict = VERDICT_ASK;
	r.lease_ms = 0;
	r.number = 0;
	r.giver = NULL;
	r.co_owner = false;
	if (rules_withdraw(p, owner, number, pool, e) != 0 ||
	    rules_add(p, owner, &r, pool, &fresh, e) == -1)
		return -1;
	return 1;
}

/* The numbers first: what follows from a change moves the rules about. */
static int64_t *numbers_of(struct provisioning *p, const char *owner, size_t *n,
    struct pool *pool, struct err *e)
{
	const struct book *b;
	int64_t *number;

	*n = 0;
	if (access_book(p->access, owner, &b, e) != 0)
		return NULL;
	number = pool_alloc(pool, ((b == NULL ? 0 : policy_count(b->rules)) + 1) *
	    sizeof(*number));
	if (number == NULL)
		err_set(e, ERR_LIMIT, "no room for rules");
	for (size_t i = 0; number != NULL && b != NULL && i < policy_count(b->rules); i++)
		number[(*n)++] = policy_at(b->rules, i)->number;
	return number;
}

int provisioning_restored_owner(struct provisioning *p, const char *owner, struct err *e)
{
	struct pool list, pool;
	int64_t *number;
	int changed = 0;
	size_t n;

	pool_init(&list, RULES_PER_OWNER * 2 * sizeof(int64_t) + 4096);
	number = numbers_of(p, owner, &n, &list, e);
	for (size_t i = 0; number != NULL && i < n && changed != -1; i++) {
		int rc;

		pool_init(&pool, 16 * WIRE_REQUEST_BYTES);
		rc = ask_again(p, owner, number[i], &pool, e);
		pool_fini(&pool);
		changed = rc == -1 ? -1 : changed + rc;
	}
	pool_fini(&list);
	return number == NULL ? -1 : changed;
}

int provisioning_restored(struct provisioning *p, struct err *e)
{
	uint64_t revision;

	if (store_next_revision(p->deps.store, &revision, e) != 0)
		return -1;
	for (size_t i = 0; i < asker_count(p->askers); i++)
		if (lease_floor(p, asker_at(p->askers, i)->jid, revision, e) != 0)
			return -1;
	return 0;
}
