/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: the turn.  Everything one read brought is parsed at once, then served:
 * questions that change nothing straight away, the others together in one
 * transaction; their replies leave after its commit, the outbox behind them.
 * No decision is taken here.  Read next: job.h, outbox.h, registry/serve.h.
 */
#include "config.h"

#include "kithd/site.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/store/code.h"
#include "common/store/audit.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "common/store/parked.h"
#include "common/store/person.h"
#include "common/store/store.h"
#include "common/store/thing_set.h"
#include "common/store/token.h"
#include "common/wire/push.h"
#include "common/wire/route.h"
#include "desk/desk.h"
#include "kithd/job.h"
#include "kithd/kithd_conf.h"
#include "kithd/operate.h"
#include "kithd/outbox.h"
#include "kithd/site_conf.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define QUEUE_JOBS 256			/* parsed and waiting; a full queue is served at once */
#define HELD_BYTES (1024 * 1024)	/* replies waiting for one commit */
#define OUT_ROOM (2 * HELD_BYTES)	/* with less room than this nothing is served */
#define TEXT_BYTES (32 * 1024)		/* one reply of the desk */
#define PROBES_PER_TURN 100
#define CODES_PER_TICK 500
#define RETRY_MS 5000			/* after a duty of the clock failed */

struct counters {
	uint64_t *requests, *refused, *turns, *commits, *alone, *failed, *oversize, *dropped,
	    *chats;
};

struct site {
	struct site_deps d;
	struct kithd_limits limits;
	char *desk_jid;
	struct route_context route;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct parked_table *parked;
	struct contacts *contacts;
	struct audit *audit;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
	struct tokens_table *tokens;
	struct registry *registry;
	struct provisioning *provisioning;
	struct desk *desk;
	struct outbox *outbox;
	struct job_queue queue;
	struct buf *out;	/* NULL: the stream is down */
	struct buf held;	/* replies of the open transaction */
	struct buf text;	/* words of the desk */
	bool hurries;		/* see site_hurries() */
	bool probing;
	size_t probe_cursor;
	int64_t retry_boot_ms;
	int64_t started_ms, commit_ms;
	struct counters n;
};

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

/* A thing that changed its tags may be another to the rules of its owner. */
static int tell_tags(struct site *s, const struct request *q, const struct reply *r,
    struct err *e)
{
	const struct node *n = &q->u.address.node;
	const struct owned *t;

	if (s->provisioning == NULL || q->verb != VERB_UPDATE || r->kind != REPLY_RESULT)
		return 0;
	t = ownership_by_address(s->ownership, q->u.address.jid != NULL ? q->u.address.jid : q->bare,
	    n->id, n->source, n->partition);
	return t == NULL || t->owner == NULL ? 0 :
	    provisioning_looks_changed(s->provisioning, t->owner, LOOK_TAG, t, e);
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
		if (ret == 0)
			ret = tell_tags(s, &j->q, &r, e);
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

/* ---- opening ---- */

/* Tags for rules like class=camera: provisioning asks the registry through us. */
static size_t tags_of(void *arg, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct tag *out, size_t max)
{
	const struct site *s = arg;
	struct found_thing f;
	struct err e = ERR_INIT;
	size_t n = 0;

	if (registry_describe(s->registry, id, pool, &f, &e) != 1)
		return 0;
	for (; n < f.tags.n && n < max; n++)
		out[n] = f.tags.tag[n];
	return n;
}

/* Sets are of one owner and one epoch: a thing that comes back is not in them. */
static bool leaves_sets(const struct owned *before, const struct owned *after)
{
	return before != NULL && before->owner != NULL &&
	    (after == NULL || after->epoch != before->epoch || !owned_by(after, before->owner));
}

/* The two roles meet in the store: this is the moment. */
static int owner_changed(void *arg, const struct owned *before, const struct owned *after,
    struct err *e)
{
	struct site *s = arg;

	if (leaves_sets(before, after) &&
	    thing_set_drop(s->sets, before->owner, before->id, e) != 0)
		return -1;
	if (s->provisioning == NULL)
		return 0;
	/* Whoever owned it may have been told something about it as well. */
	if (before != NULL && provisioning_owner_changed(s->provisioning, before, e) != 0)
		return -1;
	return after == NULL ? 0 : provisioning_owner_changed(s->provisioning, after, e);
}

/* What things keep of an owner whose account is in doubt counts no more. */
static int doubt_changed(void *arg, const char *owner, struct err *e)
{
	struct site *s = arg;
	const struct owned *t = NULL;

	while (s->provisioning != NULL &&
	    (t = ownership_next_of_owner(s->ownership, owner, t)) != NULL)
		if (provisioning_owner_changed(s->provisioning, t, e) != 0)
			return -1;
	return 0;
}

/* Rules like class=camera may decide about it in another way now. */
static int tags_changed(void *arg, const uint8_t id[static OWNERSHIP_ID], struct err *e)
{
	const struct site *s = arg;
	const struct owned *t = ownership_by_id(s->ownership, id);

	if (s->provisioning == NULL || t == NULL || t->owner == NULL)
		return 0;
	return provisioning_facts_changed(s->provisioning, t->owner, t, e);
}

static void note_commit(void *arg, bool committed)
{
	struct site *s = arg;

	if (committed)
		s->commit_ms = clock_wall(s->d.clock);
}

static int open_store(struct site *s, struct err *e)
{
	const struct kithd_conf *c = s->d.conf;

	if (store_open(&s->store, c->store_url, e) != 0 ||
	    audit_open(&s->audit, s->store, s->d.clock, e) != 0 ||
	    ownership_open(&s->ownership, s->store, e) != 0 ||
	    debts_open(&s->debts, s->store, s->d.clock, s->d.hash_key, e) != 0 ||
	    parked_open(&s->parked, s->store, s->d.clock, e) != 0 ||
	    contacts_open(&s->contacts, s->store, s->d.clock, e) != 0 ||
	    codes_open(&s->codes, s->store, s->d.clock, s->d.hash_key, e) != 0 ||
	    persons_open(&s->persons, s->store, e) != 0 ||
	    thing_sets_open(&s->sets, s->store, e) != 0 ||
	    tokens_open(&s->tokens, s->store, s->d.clock, s->d.hash_key, e) != 0)
		return -1;
	tokens_limit(s->tokens, &(struct token_limits){ (size_t)s->limits.tokens_per_jid,
	    (size_t)s->limits.users_per_service, (size_t)s->limits.tokens });
	ownership_on_change(s->ownership, owner_changed, s);
	audit_keep(s->audit, c->audit_keep_ms);
	store_on_end(s->store, note_commit, s);
	return 0;
}

static int open_registry(struct site *s, struct err *e)
{
	const struct registry_conf conf = site_conf_registry(s->d.conf, &s->limits);
	struct registry_deps deps = {
		.store = s->store,
		.ownership = s->ownership,
		.debts = s->debts,
		.parked = s->parked,
		.contacts = s->contacts,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
		.clock = s->d.clock,
		.hash_key = s->d.hash_key,
		.stats = s->d.stats,
		.codes = s->codes,
		.add_rule = operate_add_rule,
		.add_rule_arg = &s->provisioning,
	};

	if (registry_open(&s->registry, &conf, &deps, e) != 0)
		return -1;
	registry_on_doubt(s->registry, doubt_changed, s);
	registry_on_tags(s->registry, tags_changed, s);
	return 0;
}

static int open_provisioning(struct site *s, struct err *e)
{
	const struct kithd_conf *c = s->d.conf;
	const struct provisioning_conf conf = site_conf_provisioning(c, &s->limits);
	struct provisioning_deps deps = {
		.store = s->store,
		.ownership = s->ownership,
		.debts = s->debts,
		.contacts = s->contacts,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
		.clock = s->d.clock,
		.hash_key = s->d.hash_key,
		.stats = s->d.stats,
		.tags = tags_of,
		.tags_arg = s,
		.codes = s->codes,
		.tokens = s->tokens,
		.parked = s->parked,
	};

	if (!c->provisioning_enabled)
		return 0;
	return provisioning_open(&s->provisioning, &conf, &deps, e);
}

static int open_desk(struct site *s, struct err *e)
{
	struct desk_conf conf = {
		.jid = s->d.conf->jid,
		.profile = s->d.conf->profile,
		.zone_s = s->d.conf->zone_s,
		.prompts = s->limits.prompts,
		.languages = s->d.conf->languages != NULL && s->d.conf->languages[0] != '\0' ?
		    s->d.conf->languages : NULL,
	};
	struct desk_deps deps = {
		.registry = s->registry,
		.provisioning = s->provisioning,
		.ownership = s->ownership,
		.contacts = s->contacts,
		.clock = s->d.clock,
		.stats = s->d.stats,
		.codes = s->codes,
		.store = s->store,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
	};
	struct outbox_deps outbox = {
		.jid = s->d.conf->jid,
		.desk_jid = s->desk_jid,
		.store = s->store,
		.debts = s->debts,
		.registry = s->registry,
		.provisioning = s->provisioning,
		.stats = s->d.stats,
	};

	if (desk_open(&s->desk, &conf, &deps, e) != 0)
		return -1;
	outbox.desk = s->desk;
	return outbox_open(&s->outbox, &outbox, e);
}

static int name_desk(struct site *s, struct err *e)
{
	static const char prefix[] = "desk@";
	size_t len = strlen(s->d.conf->jid) + sizeof(prefix);

	s->desk_jid = malloc(len);
	if (s->desk_jid == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	memcpy(s->desk_jid, prefix, sizeof(prefix) - 1);
	memcpy(s->desk_jid + sizeof(prefix) - 1, s->d.conf->jid, strlen(s->d.conf->jid) + 1);
	return 0;
}

static void count(struct site *s)
{
	struct stats *t = s->d.stats;

	s->n.requests = stats_slot(t, "site_requests", "stanzas served");
	s->n.refused = stats_slot(t, "site_refused", "stanzas refused while parsing");
	s->n.turns = stats_slot(t, "site_turns", "turns of the loop");
	s->n.commits = stats_slot(t, "site_commits", "transactions that were answered");
	s->n.alone = stats_slot(t, "site_alone", "requests repeated alone after a store error");
	s->n.failed = stats_slot(t, "site_failed", "requests the store could not serve");
	s->n.oversize = stats_slot(t, "site_oversize", "stanzas too big to read");
	s->n.dropped = stats_slot(t, "site_dropped", "stanzas dropped because the broker reads "
	    "too slowly");
	s->n.chats = stats_slot(t, "site_chats", "replies of the desk");
}

int site_open(struct site **out, const struct site_deps *deps, struct err *e)
{
	struct site *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->d = *deps;
	s->started_ms = clock_boot(deps->clock);
	s->limits = kithd_conf_limits(deps->conf);
	s->route.side = SIDE_SERVICE;
	s->route.profile = deps->conf->profile;
	s->route.self = deps->conf->jid;
	job_queue_init(&s->queue);
	buf_init(&s->held, HELD_BYTES);
	buf_init(&s->text, TEXT_BYTES);
	count(s);
	if (name_desk(s, e) != 0 || open_store(s, e) != 0 || open_registry(s, e) != 0 ||
	    open_provisioning(s, e) != 0 || open_desk(s, e) != 0) {
		site_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void site_close(struct site **sp)
{
	struct site *s = *sp;

	if (s == NULL)
		return;
	s->out = NULL;
	/* What was decided since the last note is not lost by a stop. */
	if (s->audit != NULL && audit_due(s) >= 0)
		in_transaction(s, flush_audit, "noting the last decisions");
	outbox_close(&s->outbox);
	desk_close(&s->desk);
	provisioning_close(&s->provisioning);
	registry_close(&s->registry);
	codes_close(&s->codes);
	tokens_close(&s->tokens);
	thing_sets_close(&s->sets);
	persons_close(&s->persons);
	contacts_close(&s->contacts);
	parked_close(&s->parked);
	debts_close(&s->debts);
	ownership_close(&s->ownership);
	audit_close(&s->audit);
	store_close(&s->store);
	job_queue_fini(&s->queue);
	buf_fini(&s->held);
	buf_fini(&s->text);
	free(s->desk_jid);
	free(s);
	*sp = NULL;
}

void site_parts(const struct site *s, struct site_parts *out)
{
	out->store = s->store;
	out->ownership = s->ownership;
	out->debts = s->debts;
	out->contacts = s->contacts;
	out->persons = s->persons;
	out->audit = s->audit;
	out->sets = s->sets;
	out->tokens = s->tokens;
	out->registry = s->registry;
	out->provisioning = s->provisioning;
	out->stats = s->d.stats;
	out->clock = s->d.clock;
	out->hash_key_file = s->d.conf->hash_key_file;
	out->zone_s = s->d.conf->zone_s;
	out->profile = s->d.conf->profile;
	out->up = s->out != NULL;
	out->started_ms = s->started_ms;
	out->commit_ms = s->commit_ms;
}
