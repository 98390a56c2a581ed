/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: one row per request of the provisioning role, its clockwork, opening
 * and closing.  Read next: device.c (things ask), owner.c (owners speak).
 */
#include "config.h"

#include "provisioning/serve.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/base/zone.h"
#include "provisioning/role.h"
#include "provisioning/token.h"

#define TICK_RULES 64		/* rules and questions ended by one turn of the clockwork */

int64_t provisioning_now(const struct provisioning *p)
{
	return clock_wall(p->deps.clock);
}

void provisioning_due(struct provisioning *p, int64_t wall_ms)
{
	if (p->next_ms < 0 || wall_ms < p->next_ms)
		p->next_ms = wall_ms;
}

/*
 * A clock set back would bring rules to life again that were over.  Within a
 * second it is only being corrected.
 */
#define CLOCK_SLACK_MS 1000
static const char latest_name[] = "provisioning_latest";

bool provisioning_clock_is_behind(const struct provisioning *p)
{
	return provisioning_now(p) + CLOCK_SLACK_MS < p->latest_ms;
}

int provisioning_keep_time(struct provisioning *p, struct err *e)
{
	int64_t now = provisioning_now(p);

	if (now > p->latest_ms)
		p->latest_ms = now;
	return store_set_int(p->deps.store, latest_name, p->latest_ms, e);
}

/* ---- requests ---- */

static bool always(struct provisioning *p, const struct request *q)
{
	(void)p;
	(void)q;
	return true;
}

static bool never(struct provisioning *p, const struct request *q)
{
	(void)p;
	(void)q;
	return false;
}

/* Owners seen using the protocol get their questions in it as well (ruling 34). */
static bool is_new_speaker(struct provisioning *p, const struct request *q)
{
	return q->kind == STANZA_IQ &&
	    ownership_count_of_owner(p->deps.ownership, q->bare) > 0 && contact_dialect_differs(p->deps.contacts, q->bare,
	    q->dialect.proto, q->dialect.gen, q->dialect.vocab);
}

static const struct row {
	/* NULL: serve() itself finds out, and comes back with PROVISIONING_WRITES. */
	bool (*writes)(struct provisioning *p, const struct request *q);
	int (*serve)(struct provisioning *p, const struct request *q, struct reply *r,
	    struct err *e);
} rows[VERB_COUNT] = {
	[VERB_IS_FRIEND] = { NULL, device_serve },
	[VERB_CAN_READ] = { NULL, device_serve },
	[VERB_CAN_CONTROL] = { NULL, device_serve },
	[VERB_IS_FRIEND_RULE] = { always, owner_iq_rule },
	[VERB_CAN_READ_RULE] = { always, owner_iq_rule },
	[VERB_CAN_CONTROL_RULE] = { always, owner_iq_rule },
	[VERB_OWNER_CLEAR_CACHE] = { always, owner_clear_cache },
	[VERB_DELETE_RULES] = { always, owner_delete_rules },
	[VERB_GET_DEVICES] = { is_new_speaker, owner_devices },
	[VERB_QUESTIONS] = { question_list_writes, question_list },
	[VERB_ANSWER_QUESTION] = { always, question_answer },
	[VERB_RULE_ADD] = { always, owner_rule_add },
	[VERB_RULES] = { never, owner_rules },
	[VERB_FORGET] = { always, owner_forget },
	[VERB_REVOKE] = { always, owner_revoke },
	[VERB_WHY] = { never, owner_why },
	[VERB_CAN_ACCESS] = { NULL, service_access },
	[VERB_USER_LOGGED_IN] = { NULL, service_login },
	[VERB_HAS_PRIVILEGE] = { NULL, service_privilege },
	[VERB_DOWNLOAD_PRIVILEGES] = { NULL, service_download },
	[VERB_WHAT_IF] = { never, owner_what_if },
	[VERB_GET_TOKEN] = { never, get_token_serve },
	[VERB_TOKEN_ANSWER] = { always, get_token_answer },
	[VERB_GET_CERTIFICATE] = { never, get_token_certificate },
	[VERB_TOKENS] = { never, token_list },
	[VERB_TOKEN_REVOKE] = { always, token_revoke_serve },
};

/* Lets somebody in who was not. */
static bool is_grant(const struct request *q)
{
	switch (q->verb) {
	case VERB_ANSWER_QUESTION:
		return q->u.desk.yes_no != ANSWER_NO;
	case VERB_RULE_ADD:
		return !str_case_starts(q->u.desk.text, "deny") &&
		    !str_case_starts(q->u.desk.text, "touch");
	case VERB_SHARE:
		return true;
	case VERB_IS_FRIEND_RULE:
	case VERB_CAN_READ_RULE:
	case VERB_CAN_CONTROL_RULE:
		return q->u.rule.result;
	default:
		return false;
	}
}

/* An account that is gone decides nothing; one that took its subscription back
 * takes back, but lets nobody in.  Things ask as ever. */
static bool must_prove(const struct provisioning *p, const struct request *q)
{
	const struct person *who = p->deps.persons == NULL || q->bare == NULL ? NULL :
	    person_find(p->deps.persons, q->bare);

	if (who == NULL || who->doubt == DOUBT_NONE || rows[q->verb].serve == device_serve)
		return false;
	return who->doubt == DOUBT_GONE || is_grant(q);
}

static int ask_for_proof(struct reply *r)
{
	reply_error(r, COND_FORBIDDEN);
	r->text = N_("I am not sure that you are who you were: your account was deleted or took "
	    "its subscription back. Send me prove and your ownership code, then try again.");
	return 0;
}

bool provisioning_serves(enum verb v)
{
	return v < VERB_COUNT && rows[v].serve != NULL;
}

/* Looks things up in books that may have to be read again after a rollback. */
bool provisioning_writes(const struct provisioning *p, const struct request *q)
{
	return provisioning_serves(q->verb) && rows[q->verb].writes != NULL &&
	       rows[q->verb].writes((struct provisioning *)(uintptr_t)p, q);
}

/* What it changed is told to whom it concerns: of all that one request changes,
 * one count. */
static int serve_row(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	int ret;

	p->speaker = q->bare;
	ret = rows[q->verb].serve(p, q, r, e);
	if (p->recalling) {
		if (ret == 0 && (ret = recall_begin(p, e)) == 0)
			recall_force(p, &r->force, q->pool);
		recall_end(p);
	}
	p->speaker = NULL;
	return ret;
}

int provisioning_serve(struct provisioning *p, const struct request *q, struct reply *r,
    struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (!provisioning_serves(q->verb)) {
		reply_error(r, COND_FEATURE_NOT_IMPLEMENTED);
		return 0;
	}
	if (must_prove(p, q))
		return ask_for_proof(r);
	return serve_row(p, q, r, e);
}

/* ---- what waits for a third party ---- */

int provisioning_answered(struct provisioning *p, const struct request *answer, struct err *e)
{
	return challenge_answered(p, answer, e);
}

void provisioning_released(struct provisioning *p, struct buf *out)
{
	challenge_released(p, out);
}

void provisioning_down(struct provisioning *p)
{
	challenge_down(p);
}

static bool has_times(const struct policy *rules)
{
	for (size_t i = 0; i < policy_count(rules); i++) {
		const struct rule *r = policy_at(rules, i);

		if ((r->daily || r->days != 0) && r->zone == NULL)
			return true;
	}
	return false;
}

/* Does any rule look at it: his, or the operator's beside his? */
static bool is_looked_at(const struct provisioning *p, const struct book *b,
    enum provisioning_look what)
{
	const struct policy *operators = operator_policy_narrowing(p->operator);

	if (what == LOOK_TAG && operators != NULL && policy_uses(operators, FACT_TAG))
		return true;
	if (b == NULL)
		return false;
	return what == LOOK_ZONE ? has_times(b->rules) :
	    policy_uses(b->rules, what == LOOK_TAG ? FACT_TAG : FACT_SET);
}

int provisioning_looks_changed(struct provisioning *p, const char *owner,
    enum provisioning_look what, const struct owned *thing, struct err *e)
{
	const struct book *b;
	int ret;

	if (access_book(p->access, owner, &b, e) != 0)
		return -1;
	if (!is_looked_at(p, b, what))
		return 0;
	p->speaker = owner;
	ret = thing != NULL ? recall_thing(p, thing, e) : recall_owner(p, owner, e);
	if (ret == 0)
		ret = recall_begin(p, e);
	recall_end(p);
	p->speaker = NULL;
	return ret;
}

/* ---- what happens by itself ---- */

/* What is not his any more is not counted for him any more. */
static int left_his_counts(struct provisioning *p, const struct owned *thing, struct err *e)
{
	const struct owned *now = ownership_by_id(p->deps.ownership, thing->id);

	if (thing->owner == NULL || (now != NULL && now->epoch == thing->epoch &&
	    owned_by(now, thing->owner)))
		return 0;
	return recall_left(p, thing, e);
}

int provisioning_owner_changed(struct provisioning *p, const struct owned *thing, struct err *e)
{
	const struct node node = { thing->node, thing->source, thing->partition };
	uint64_t revision;

	if (store_next_revision(p->deps.store, &revision, e) != 0 ||
	    left_his_counts(p, thing, e) != 0 ||
	    lease_floor_node(p, thing->jid, &node, revision, e) != 0)
		return -1;
	return thing->owner == NULL ? 0 : lease_floor(p, thing->owner, revision, e);
}

static int end_rules(struct provisioning *p, int64_t now_ms, struct err *e)
{
	struct pool pool;
	const char *owner;
	int64_t number, next;
	int found, n = 0;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	while ((found = access_rule_over(p->access, now_ms, &owner, &number, &next, e)) == 1) {
		if (n++ == TICK_RULES) {
			next = now_ms;
			break;
		}
		pool_reset(&pool);
		if (rules_withdraw(p, owner, number, &pool, e) != 0) {
			found = -1;
			break;
		}
	}
	pool_fini(&pool);
	if (found >= 0 && next >= 0)
		provisioning_due(p, next);
	return found < 0 ? -1 : n;
}

static int end_questions(struct provisioning *p, int64_t now_ms, struct err *e)
{
	const struct question_row *q;
	int found, n = 0;

	while ((found = access_question_over(p->access, now_ms - p->conf.question_ms, &q, e)) == 1) {
		if (n++ == TICK_RULES) {
			provisioning_due(p, now_ms);
			break;
		}
		if (question_drop(p, q, e) != 0)
			return -1;
	}
	return found < 0 ? -1 : n;
}

static int settle_over(struct provisioning *p, struct err *e)
{
	for (size_t i = 0; i < p->n_over; i++)
		if (debt_settle(p->deps.debts, p->over[i].row, p->over[i].number, e) != 0)
			return -1;
	p->n_over = 0;
	return 0;
}

#define LOOK_AGAIN_MS (3600 * 1000LL)	/* for what nobody announced */

/* What has its time. */
static int tick_by_time(struct provisioning *p, int64_t now, struct err *e)
{
	int rules, questions, leases;

	p->next_ms = now + LOOK_AGAIN_MS;
	rules = end_rules(p, now, e);
	questions = rules < 0 ? -1 : end_questions(p, now, e);
	leases = questions < 0 ? -1 : lease_tick(p, now, e);
	if (leases < 0 || recall_begin(p, e) != 0 || settle_over(p, e) != 0 ||
	    provisioning_keep_time(p, e) != 0 || lease_keep_longest(p, e) != 0) {
		provisioning_due(p, now);
		return -1;
	}
	return rules + questions + leases;
}

int provisioning_tick(struct provisioning *p, struct err *e)
{
	int64_t now = provisioning_now(p);
	int timed = p->next_ms <= now ? tick_by_time(p, now, e) : 0, sliced, late;

	recall_end(p);
	sliced = timed < 0 ? -1 : recall_slice(p, e);
	late = sliced < 0 ? -1 : challenge_tick(p, e);
	return late < 0 ? -1 : timed + sliced + late;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t provisioning_deadline(const struct provisioning *p)
{
	return sooner(sooner(p->next_ms, recall_deadline(p)), challenge_deadline(p));
}

int provisioning_stream_gap(struct provisioning *p, struct err *e)
{
	(void)e;
	lease_gap(p);
	return 0;
}

int64_t provisioning_question_count(struct provisioning *p, struct err *e)
{
	return access_question_count(p->access, e);
}

/* ---- open ---- */

static void count(struct provisioning *p)
{
	struct stats *s = p->deps.stats;

	p->count.allowed = stats_slot(s, "provisioning_allowed", "questions of things answered yes");
	p->count.refused = stats_slot(s, "provisioning_refused", "questions of things answered no");
	p->count.strangers = stats_slot(s, "provisioning_strangers", "questions of who is no thing");
	p->count.asked = stats_slot(s, "provisioning_questions", "questions put to owners");
	p->count.answered = stats_slot(s, "provisioning_answers", "questions answered by owners");
	p->count.rules = stats_slot(s, "provisioning_rules", "rules made");
	p->count.tokens_ignored = stats_slot(s, "provisioning_tokens_ignored",
	    "tokens in questions that are unknown, over, revoked, or of another server");
	p->count.floors = stats_slot(s, "provisioning_floors", "clearCache owed to things");
}

int provisioning_open(struct provisioning **out, const struct provisioning_conf *conf,
    const struct provisioning_deps *deps, struct err *e)
{
	struct provisioning *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	p->conf = *conf;
	p->deps = *deps;
	p->conf.jid = strdup(conf->jid);
	p->zones = zones_new(NULL);
	if (p->conf.jid == NULL || p->zones == NULL) {
		provisioning_close(&p);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	count(p);
	if (access_store_open(&p->access, deps->store, deps->clock, e) != 0 ||
	    operator_policy_open(&p->operator, &(struct operator_conf){ conf->policy_file,
		conf->zone_s, p->zones }, deps->store, deps->clock, e) != 0 ||
	    role_table_open(&p->roles, deps->store, e) != 0 ||
	    askers_open(&p->askers, deps->store, e) != 0 || lease_open(p, e) != 0 ||
	    recalls_open(p, e) != 0 ||
	    challenges_open(&p->challenges, deps->store, deps->parked, deps->stats, e) != 0 ||
	    sightings_open(&p->sightings, e) != 0 ||
	    openings_open(&p->openings, deps->store, deps->stats, e) != 0 ||
	    store_get_int(deps->store, latest_name, &p->latest_ms, e) < 0) {
		provisioning_close(&p);
		return -1;
	}
	p->next_ms = provisioning_now(p);	/* something may have ended while we were away */
	*out = p;
	return 0;
}

void provisioning_close(struct provisioning **p)
{
	if (*p == NULL)
		return;
	openings_close(&(*p)->openings);
	sightings_close(&(*p)->sightings);
	challenges_close(&(*p)->challenges);
	role_table_close(&(*p)->roles);
	operator_policy_close(&(*p)->operator);
	recalls_close(*p);
	askers_close(&(*p)->askers);
	access_store_close(&(*p)->access);
	zones_free(&(*p)->zones);
	free((char *)(uintptr_t)(*p)->conf.jid);
	free(*p);
	*p = NULL;
}
