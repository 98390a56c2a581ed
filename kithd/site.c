/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: the turn.  Everything one read brought is parsed at once, then served:
 * questions that change nothing straight away, the others together in one
 * transaction; their replies leave after its commit, the outbox behind them.
 * No decision is taken here.  Read next: job.h, outbox.h, registry/serve.h.
 */
#include "config.h"

#include "kithd/site_part.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/wire/push.h"

#define QUEUE_JOBS 256			/* parsed and waiting; a full queue is served at once */
#define OUT_ROOM (2 * HELD_BYTES)	/* with less room than this nothing is served */
#define PROBES_PER_TURN 100
#define CODES_PER_TICK 500
#define RETRY_MS 5000			/* after a duty of the clock failed */

/* ---- who serves what ---- */

static bool is_own(const struct site *s, const struct request *q)
{
	return q->to != NULL && jid_text_same_bare(q->to, s->d.conf->jid);
}

static bool is_desk(const struct site *s, const struct request *q)
{
	return q->to != NULL && jid_text_same_bare(q->to, s->desk_jid);
}

static bool role_is_on(const struct site *s, const struct request *q)
{
	switch (q->dialect.proto) {
	case PROTO_DISCOVERY:
		return s->d.conf->registry_enabled;
	case PROTO_PROV_DEVICE:
	case PROTO_PROV_OWNER:
	case PROTO_PROV_TOKEN:
		return s->provisioning != NULL;
	default:
		return true;
	}
}

/* What may be asked of the desk's address by iq. */
static bool desk_answers(enum verb v)
{
	return v == VERB_DISCO_INFO || v == VERB_DISCO_ITEMS || v == VERB_PING ||
	    v == VERB_VERSION || v == VERB_COMMAND;
}

static enum condition refusal(const struct site *s, const struct request *q)
{
	if (is_own(s, q) && role_is_on(s, q))
		return COND_NONE;
	if (is_desk(s, q) && desk_answers(q->verb))
		return COND_NONE;
	return COND_SERVICE_UNAVAILABLE;
}

static bool may_write(const struct site *s, const struct job *j)
{
	const struct request *q = &j->q;

	if (j->refused != COND_NONE)
		return false;
	if (q->verb == VERB_CHAT)
		return desk_writes(s->desk, q);
	if (q->verb == VERB_ANSWER || q->verb == VERB_COMMAND)
		return true;
	if (s->provisioning != NULL && provisioning_serves(q->verb))
		return provisioning_writes(s->provisioning, q);
	return registry_writes(q);
}

/* ---- serving one request ---- */

/* Deployed clients keep an error as an answer: those questions get silence. */
static bool must_not_see_errors(enum verb v)
{
	return v == VERB_IS_FRIEND || v == VERB_CAN_READ || v == VERB_CAN_CONTROL;
}

/* Whoever names no lease keeps the answer until he is told otherwise. */
static bool is_kept_for_ever(const struct request *q)
{
	return must_not_see_errors(q->verb) && !q->lease.asked;
}

static void write_refusal(const struct request *q, enum condition c, struct buf *out)
{
	struct reply r = { 0 };

	if (q->kind != STANZA_IQ || (q->type != IQ_GET && q->type != IQ_SET))
		return;
	reply_error(&r, c);
	reply_write(out, q, &r);
}

static int say(const struct request *q, const char *text, struct buf *out)
{
	char id[IDENT_TEXT];

	if (text[0] == '\0')
		return 0;
	if (ident_text(id, NULL) != 0)
		return -1;
	return chat_write(out, q->to, q->from, id, q->id, text);
}

static int serve_chat(struct site *s, const struct job *j, struct buf *out, struct err *e)
{
	const struct request *q = &j->q;

	if (!is_desk(s, q) && !is_own(s, q))
		return 0;
	buf_reset(&s->text);
	if (desk_serve(s->desk, q, &s->text, e) != 0)
		return -1;
	/* Asked for by people only: a program's line is not acknowledged either. */
	if (q->u.chat.wants_receipt && q->id != NULL && s->text.len > 0 &&
	    receipt_write(out, q->to, q->from, q->id) != 0)
		return err_set(e, ERR_LIMIT, "too many replies for one turn");
	if (s->text.len == 0)
		return 0;
	++*s->n.chats;
	if (say(q, buf_str(&s->text), out) != 0)
		return err_set(e, ERR_LIMIT, "too many replies for one turn");
	/* Servers that block strangers swallow our questions unless he lets us in. */
	if (desk_wants_subscription(s->desk, q))
		presence_write(out, s->desk_jid, q->bare, "subscribe", NULL);
	return 0;
}

static int serve_presence(struct site *s, const struct job *j, struct buf *out, struct err *e)
{
	/* Whichever address of ours hears it: an owner's account may be gone. */
	if (registry_writes(&j->q) && registry_account_heard(s->registry, &j->q, e) != 0)
		return -1;
	if (is_desk(s, &j->q))
		return desk_presence(s->desk, &j->q, out);
	return is_own(s, &j->q) ? registry_presence(s->registry, &j->q, out, e) : 0;
}

/* The answer to a push of ours belongs to a debt, or it is nobody's. */
static int serve_answer(struct site *s, const struct job *j, struct err *e)
{
	uint64_t number;
	int64_t row = debt_iq_row(s->debts, j->q.id, j->q.bare, &number);
	const struct debt *t = row < 0 ? NULL : debt_by_row(s->debts, row);
	struct debt sent;

	if (t == NULL)
		return s->provisioning == NULL ||
		    provisioning_answered(s->provisioning, &j->q, e) != -1 ? 0 : -1;
	/* A newer debt may have replaced it: what was answered is the one sent. */
	sent = *t;
	sent.number = number;
	switch (t->kind) {
	case DEBT_OWNER:
	case DEBT_SUBSCRIBE:
	case DEBT_WITNESS:
		return registry_debt_answered(s->registry, &sent, &j->q, e);
	case DEBT_FLOOR:
	case DEBT_FRIEND:
	case DEBT_UNFRIEND:
		return s->provisioning == NULL ? 0 :
		    provisioning_debt_answered(s->provisioning, &sent, &j->q, e);
	default:
		return 0;
	}
}

static int serve_role(struct site *s, const struct job *j, struct buf *out, struct err *e)
{
	struct reply r = { 0 };
	int ret;

	if (desk_command_serves(&j->q)) {
		ret = desk_command(s->desk, &j->q, &r, e);
	} else if (s->provisioning != NULL && provisioning_serves(j->q.verb)) {
		ret = provisioning_serve(s->provisioning, &j->q, &r, e);
	} else if (registry_serves(j->q.verb)) {
		ret = registry_serve(s->registry, &j->q, &r, e);
	} else {
		reply_error(&r, COND_FEATURE_NOT_IMPLEMENTED);
		ret = 0;
	}
	if (ret != 0)
		return ret;
	if (reply_write(out, &j->q, &r) != 0)
		return err_set(e, ERR_LIMIT, "too many replies for one turn");
	return 0;
}

static int serve_one(struct site *s, const struct job *j, struct buf *out, struct err *e)
{
	if (j->refused != COND_NONE) {
		++*s->n.refused;
		write_refusal(&j->q, j->refused, out);
		return 0;
	}
	switch (j->q.verb) {
	case VERB_CHAT:
		return serve_chat(s, j, out, e);
	case VERB_PRESENCE:
		return serve_presence(s, j, out, e);
	case VERB_ANSWER:
		return serve_answer(s, j, e);
	default:
		return serve_role(s, j, out, e);
	}
}

/*
 * -1: the store failed or `out` is full; nothing of it may be answered.
 * PROVISIONING_WRITES, outside of a transaction only: not served yet.
 */
static int serve(struct site *s, const struct job *j, struct buf *out, struct err *e)
{
	int ret = serve_one(s, j, out, e);

	*s->n.requests += ret != PROVISIONING_WRITES;
	return ret;
}

/* Its own turn failed as well: "cannot tell now", never "no". */
static void answer_failure(struct site *s, const struct job *j, const struct err *e)
{
	++*s->n.failed;
	log_error("cannot serve %s of '%s': %s", verb_name(j->q.verb),
	    j->q.from != NULL ? j->q.from : "?", e->text);
	if (s->out == NULL || must_not_see_errors(j->q.verb))
		return;
	if (j->q.verb == VERB_CHAT && (is_desk(s, &j->q) || is_own(s, &j->q)))
		say(&j->q, "I cannot do that right now: my storage has a problem. Nothing was "
		    "changed. "
		    "Please send it again in a minute.", s->out);
	else
		write_refusal(&j->q, COND_RESOURCE_CONSTRAINT, s->out);
}

/* ---- the turn ---- */

/* What a commit let go: answers to requests that waited, and what they wait for. */
static void release(struct site *s)
{
	registry_released(s->registry, s->out);
	if (s->provisioning != NULL)
		provisioning_released(s->provisioning, s->out);
}

bool site_hurries(struct site *s)
{
	bool was = s->hurries;

	s->hurries = false;
	return was;
}

bool site_is_full(const struct site *s)
{
	return s->out != NULL && s->out->max - s->out->len < OUT_ROOM;
}

/* Everything that changes nothing, outside any transaction. */
static void serve_reads(struct site *s)
{
	struct job **at = &s->queue.first;

	while (*at != NULL && !site_is_full(s)) {
		struct job *j = *at;
		struct err e = ERR_INIT;
		int ret = PROVISIONING_WRITES;

		/* What waits for a write of its sender goes with it. */
		if (!job_waits(&s->queue, j) && !may_write(s, j))
			ret = serve(s, j, s->out, &e);
		j->writes = ret == PROVISIONING_WRITES;
		if (j->writes) {
			at = &j->next;
			continue;
		}
		job_unlink(&s->queue, at);
		s->hurries = s->hurries || is_kept_for_ever(&j->q);
		if (ret != 0)
			answer_failure(s, j, &e);
		job_give(&s->queue, j);
	}
}

/*
 * What was held back until the commit leaves, but for decisions that are kept for
 * ever and took too long to be written down: silence (ruling 26b).  start[i] is
 * where the reply to jobs[i] begins.
 */
static void write_held(struct site *s, struct job **jobs, const size_t *start, size_t n,
    bool late)
{
	for (size_t i = 0; i < n; i++) {
		size_t end = i + 1 < n ? start[i + 1] : s->held.len;
		bool kept = is_kept_for_ever(&jobs[i]->q);

		s->hurries = s->hurries || kept;
		if (late && kept)
			++*s->n.dropped;
		else
			buf_add(s->out, s->held.data + start[i], end - start[i]);
	}
}

/* Serve `n` jobs in one transaction; *done counts how many were tried. */
static int commit_together(struct site *s, struct job **jobs, size_t n, size_t *done, struct err *e)
{
	int64_t began = clock_boot(s->d.clock), until = began + s->limits.turn_ms;
	size_t start[QUEUE_JOBS];

	*done = 0;
	buf_reset(&s->held);
	if (store_begin(s->store, e) != 0) {
		*done = n;
		return -1;
	}
	while (*done < n) {
		if (*done > 0 && clock_boot(s->d.clock) >= until)
			break;
		start[*done] = s->held.len;
		if (serve(s, jobs[(*done)++], &s->held, e) != 0)
			goto fail;
	}
	if (!buf_ok(&s->held)) {
		err_set(e, ERR_LIMIT, "too many replies for one turn");
		goto fail;
	}
	if (store_commit(s->store, e) != 0)
		goto fail;
	++*s->n.commits;
	write_held(s, jobs, start, *done, clock_boot(s->d.clock) - began >= SITE_LATE_MS);
	release(s);
	return 0;
fail:
	store_rollback(s->store);
	buf_reset(&s->held);
	return -1;
}

/* The turn failed: each of its requests again, alone, so only the culprit fails. */
static void commit_alone(struct site *s, struct job **jobs, size_t n)
{
	size_t done;

	for (size_t i = 0; i < n; i++) {
		struct err e = ERR_INIT;

		++*s->n.alone;
		if (commit_together(s, &jobs[i], 1, &done, &e) != 0)
			answer_failure(s, jobs[i], &e);
	}
}

/* One transaction full of the writing requests at the head of the queue. */
static void serve_writes(struct site *s)
{
	struct job *jobs[QUEUE_JOBS];
	struct job **at = &s->queue.first;
	struct err e = ERR_INIT;
	size_t n = 0, done, most = (size_t)s->limits.turn_requests;

	for (struct job *j = s->queue.first; j != NULL && n < most && n < QUEUE_JOBS; j = j->next)
		if (j->writes)
			jobs[n++] = j;
	if (n == 0)
		return;
	if (commit_together(s, jobs, n, &done, &e) != 0) {
		log_warn("a turn of %zu failed and is repeated one by one: %s", done, e.text);
		commit_alone(s, jobs, done);
	}
	for (size_t i = 0; i < done; i++) {
		while (*at != jobs[i])
			at = &(*at)->next;
		job_give(&s->queue, job_unlink(&s->queue, at));
	}
}

/* After a reconnect: who is there?  In slices, behind the replies. */
static void probe(struct site *s)
{
	if (!s->probing || site_is_full(s))
		return;
	s->probing = registry_probe(s->registry, &s->probe_cursor, PROBES_PER_TURN, s->out) != 0;
}

static void serve_once(struct site *s)
{
	if (s->out == NULL || s->queue.n == 0 || site_is_full(s))
		return;
	serve_reads(s);
	serve_writes(s);
}

static void serve_queue(struct site *s)
{
	while (s->out != NULL && s->queue.n > 0 && !site_is_full(s))
		serve_once(s);
}

void site_turn(struct site *s)
{
	++*s->n.turns;
	/* One transaction; what came meanwhile is read before the next, so that whoever
	 * only asks does not wait behind many who write. */
	serve_once(s);
	if (s->out == NULL)
		return;
	outbox_pay(s->outbox, s->out, OUT_ROOM);
	probe(s);
}

/* ---- what the stream brings ---- */

/* A sign of life: what is owed to the sender is due now. */
static void note_sender(struct site *s, const struct request *q)
{
	if (q->from == NULL || q->bare == NULL || q->verb == VERB_ANSWER)
		return;
	if (q->verb != VERB_PRESENCE)
		contact_seen(s->contacts, q->from, strlen(q->bare));
	debt_wake(s->debts, q->bare);
}

/* A ping of the outbox comes back to us as a request, and its answer as an answer. */
static bool is_own_echo(struct site *s, const struct request *q)
{
	if (q->bare == NULL || strcmp(q->bare, s->d.conf->jid) != 0)
		return false;
	if (q->verb == VERB_PING || q->verb == VERB_ANSWER)
		outbox_heard(s->outbox, q->id);
	return true;
}

static struct job *new_job(struct site *s)
{
	struct job *j;

	if (s->queue.n >= QUEUE_JOBS)
		serve_queue(s);
	j = s->queue.n >= QUEUE_JOBS ? NULL : job_take(&s->queue);
	if (j == NULL)
		++*s->n.dropped;
	return j;
}

void site_stanza(struct site *s, const struct stanza *st)
{
	struct job *j = new_job(s);
	enum route_verdict verdict;

	if (j == NULL)
		return;
	verdict = route_parse(&s->route, st, &j->pool, &j->q, &j->refused);
	if (verdict == ROUTE_SILENCE || is_own_echo(s, &j->q)) {
		job_give(&s->queue, j);
		return;
	}
	if (verdict == ROUTE_PARSED) {
		j->refused = j->q.kind == STANZA_IQ && j->q.verb != VERB_ANSWER ?
		    refusal(s, &j->q) : COND_NONE;
		note_sender(s, &j->q);
	}
	job_append(&s->queue, j);
}

/* A request too big to keep is refused without its payload; the rest is silence. */
void site_oversize(struct site *s, const struct stanza_head *h)
{
	bool get = strcmp(h->type, "get") == 0;
	struct job *j;

	++*s->n.oversize;
	if (strcmp(h->name, "iq") != 0 || h->id[0] == '\0' || (!get && strcmp(h->type, "set") != 0))
		return;
	if ((j = new_job(s)) == NULL)
		return;
	j->refused = COND_NOT_ALLOWED;
	if (job_from_head(j, h, s->d.conf->profile) == -1)
		job_give(&s->queue, j);
	else
		job_append(&s->queue, j);
}

/* ---- timers ---- */

/* Run one duty of a role in a transaction of its own. */
static int in_transaction(struct site *s, int (*fn)(struct site *s, struct err *e),
    const char *what)
{
	struct err e = ERR_INIT;

	if (store_begin(s->store, &e) == 0 && fn(s, &e) >= 0 && store_commit(s->store, &e) == 0) {
		if (s->out != NULL)
			release(s);
		return 0;
	}
	store_rollback(s->store);
	log_error("%s failed: %s", what, e.text);
	return -1;
}

static int64_t registry_due(const struct site *s)
{
	return registry_deadline(s->registry);
}

static int tick_registry(struct site *s, struct err *e)
{
	return registry_tick(s->registry, e);
}

static int64_t provisioning_due(const struct site *s)
{
	return s->provisioning == NULL ? -1 : provisioning_deadline(s->provisioning);
}

static int tick_provisioning(struct site *s, struct err *e)
{
	return provisioning_tick(s->provisioning, e);
}

static int64_t codes_due(const struct site *s)
{
	return code_deadline(s->codes);
}

static int tick_codes(struct site *s, struct err *e)
{
	return code_expire(s->codes, CODES_PER_TICK, e);
}

static int64_t tokens_due(const struct site *s)
{
	return token_deadline(s->tokens);
}

static int tick_tokens(struct site *s, struct err *e)
{
	return token_expire(s->tokens, e);
}

static int64_t audit_due(const struct site *s)
{
	return audit_deadline(s->audit);
}

static int tick_audit(struct site *s, struct err *e)
{
	return audit_flush(s->audit, e) < 0 ? -1 : audit_cut(s->audit, e);
}

/* All of it, for the end. */
static int flush_audit(struct site *s, struct err *e)
{
	int n;

	while ((n = audit_flush(s->audit, e)) > 0)
		continue;
	return n;
}

/* What is to be done at a time: a row a duty. */
static const struct duty {
	int64_t (*due)(const struct site *s);	/* wall ms; -1 never */
	int (*run)(struct site *s, struct err *e);	/* in a transaction of its own */
	const char *what;
} duties[] = {
	{ registry_due, tick_registry, "the registry's clockwork" },
	{ provisioning_due, tick_provisioning, "the clockwork of rules" },
	{ codes_due, tick_codes, "forgetting old codes" },
	{ tokens_due, tick_tokens, "forgetting old tokens" },
	{ audit_due, tick_audit, "noting decisions" },
};

static int stream_gap(struct site *s, struct err *e)
{
	return provisioning_stream_gap(s->provisioning, e);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t duty_deadline(const struct site *s)
{
	int64_t next = -1;

	for (size_t i = 0; i < sizeof(duties) / sizeof(duties[0]); i++)
		next = sooner(next, duties[i].due(s));
	return next;
}

int64_t site_deadline(const struct site *s)
{
	int64_t now = clock_boot(s->d.clock), next = -1, wall = duty_deadline(s);

	if (wall >= 0) {
		wall -= clock_wall(s->d.clock);
		next = now + (wall > 0 ? wall : 0);
		/* A duty that failed is tried again, but not at once. */
		if (next < s->retry_boot_ms)
			next = s->retry_boot_ms;
	}
	if (s->out == NULL || site_is_full(s))
		return next;
	if (s->queue.n > 0 || s->probing)
		return now;
	return sooner(next, debt_deadline(s->debts));
}

static void run_duties(struct site *s)
{
	int64_t wall = clock_wall(s->d.clock), boot = clock_boot(s->d.clock);
	int failed = 0;

	if (boot < s->retry_boot_ms)
		return;
	for (size_t i = 0; i < sizeof(duties) / sizeof(duties[0]); i++) {
		int64_t due = duties[i].due(s);

		if (due >= 0 && due <= wall)
			failed |= in_transaction(s, duties[i].run, duties[i].what);
	}
	if (failed != 0)
		s->retry_boot_ms = boot + RETRY_MS;
}

void site_tick(struct site *s)
{
	run_duties(s);
	site_turn(s);
}

/* ---- up and down ---- */

void site_up(struct site *s, struct buf *out)
{
	s->out = out;
	s->probing = true;
	s->probe_cursor = 0;
	/* Things that keep no lease may have missed what we pushed into the gap. */
	if (s->provisioning != NULL)
		in_transaction(s, stream_gap, "noting the gap in the stream");
	site_turn(s);
}

void site_down(struct site *s)
{
	s->out = NULL;
	s->probing = false;
	/* Unanswered requests are lost with their stream; their senders see an error. */
	job_queue_clear(&s->queue);
	outbox_down(s->outbox);
	if (s->provisioning != NULL)
		provisioning_down(s->provisioning);
	contact_all_offline(s->contacts);
}

void site_note_last(struct site *s)
{
	if (s->audit != NULL && audit_due(s) >= 0)
		in_transaction(s, flush_audit, "noting the last decisions");
}
