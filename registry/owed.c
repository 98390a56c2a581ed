/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owed: what things and owners are told unasked, and what happens when they
 * answer, or do not.  A push is built from the state of the moment it is sent,
 * in the thing's own dialect; what was true when it was owed does not matter.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/push.h"
#include "registry/role.h"
#include "registry/tags.h"

#define LATE_AT_ONCE 64			/* parked requests answered by one tick */
#define SUBSCRIBE_TRIES 24		/* for its presence, until it is heard of again */
#define SWEEP_THINGS 10000		/* looked at by one tick */
#define SWEEP_DROPS 64			/* expired by one tick */
#define FORGET_LOOKS 256		/* used digests looked at by one tick */
#define SWEEP_EVERY INT64_C(3600000)

/* ---- debts made ---- */

void registry_subject(char out[static REGISTRY_WAITS], const char *what,
    const uint8_t id[static OWNERSHIP_ID])
{
	char hex[REGISTRY_HEX];

	registry_hex(hex, id);
	snprintf(out, REGISTRY_WAITS, "%s%s", what, hex);
}

/* ---- words ---- */

static void quote(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	str_escape(out, text, 64, true);
	buf_addc(out, '"');
}

void registry_call(const struct registry *g, const struct owned *t, struct buf *out)
{
	const struct thing *thing = t == NULL ? NULL : thing_store_find(g->things, t->id);
	struct tag_list tags = { 0 };
	const struct tag *tag = NULL;
	struct pool pool;

	if (t == NULL) {
		saying_part(out, N_("a thing that is gone"), NULL);
		return;
	}
	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (t->name == NULL && thing != NULL &&
	    tags_unpack(&tags, thing->tags, thing->tags_len, &pool) == 0 &&
	    (tag = tag_find(&tags, "NAME")) == NULL)
		tag = tag_find(&tags, "SN");
	quote(out, t->name != NULL ? t->name : tag != NULL ? tag->str : t->jid);
	pool_fini(&pool);
}

const char *registry_called(const struct registry *g, const struct owned *t, struct pool *pool)
{
	struct buf name;
	const char *copy;

	buf_init(&name, 2048);
	registry_call(g, t, &name);
	copy = pool_strdup(pool, buf_str(&name));
	buf_fini(&name);
	return copy != NULL ? copy : "?";
}

const char *registry_escaped(const char *text, struct pool *pool)
{
	struct buf b;
	const char *copy;

	buf_init(&b, 2048);
	str_escape(&b, text, 200, true);
	copy = pool_strdup(pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "?";
}

int registry_answer(const struct request *q, struct reply *r, enum body body, struct buf *said)
{
	r->kind = REPLY_RESULT;
	r->body = body;
	r->text = pool_strdup(q->pool, buf_str(said));
	buf_fini(said);
	return 0;
}

int registry_tell(struct registry *g, const char *owner, const char *about, struct buf *said,
    struct err *e)
{
	int rc = registry_notice(g, owner, about, buf_str(said), e);

	secret_cleanse(said->data, said->len);
	buf_fini(said);
	return rc;
}

int registry_notice(struct registry *g, const char *owner, const char *about, const char *text,
    struct err *e)
{
	if (about == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return debt_owe(g->deps.debts, DEBT_NOTICE, owner, about, 0, text, e);
}

/* Some things never subscribe to us, and only presence tells when to try. */
int registry_ask_presence(struct registry *g, const char *thing, struct err *e)
{
	const struct contact *c = contact_find(g->deps.contacts, thing);
	const struct debt *asked = debt_find(g->deps.debts, DEBT_SUBSCRIBE, thing, "");

	if (c != NULL && c->from_us == SUB_YES)
		return 0;
	/* Who has been asked often enough is asked anew when it is heard of. */
	if (asked != NULL && asked->tries < SUBSCRIBE_TRIES)
		return 0;
	return debt_owe(g->deps.debts, DEBT_SUBSCRIBE, thing, "", 0, NULL, e);
}

int registry_alive(struct registry *g, const struct request *q, struct err *e)
{
	contact_seen(g->deps.contacts, q->from, strlen(q->bare));
	debt_wake(g->deps.debts, q->bare);
	if (contact_set_dialect(g->deps.contacts, q->bare, PROTO_DISCOVERY,
	    (int)q->dialect.gen, (int)q->dialect.vocab, e) == -1)
		return -1;
	return registry_ask_presence(g, q->bare, e);
}

/* ---- debts paid ---- */

/* "HEX" or "removed:HEX" and the like. */
static const struct owned *subject_thing(const struct registry *g, const char *subject)
{
	const char *colon = strchr(subject, ':');
	uint8_t id[OWNERSHIP_ID];

	return str_unhex(id, sizeof(id), colon != NULL ? colon + 1 : subject) == 0 ?
	    ownership_by_id(g->deps.ownership, id) : NULL;
}

static const struct told {
	const char *what;
	enum verb verb;
	/* The thing has acknowledged it. */
	int (*heard)(struct registry *g, const struct owned *t, struct err *e);
} tellings[] = {
	{ REGISTRY_REMOVED, VERB_REMOVED, NULL },
	{ REGISTRY_LEFT, VERB_DISOWNED, registry_left },
	{ REGISTRY_FORGET, VERB_CLEAR_CACHE, registry_forgot },
};

static const struct told *telling(const struct debt *d)
{
	for (size_t i = 0; i < sizeof(tellings) / sizeof(tellings[0]); i++)
		if (str_starts(d->subject, tellings[i].what))
			return &tellings[i];
	return NULL;
}

static enum verb push_verb(const struct debt *d, const struct owned *t)
{
	const struct told *told = telling(d);

	if (told != NULL)
		return told->verb;
	/* The debt may be ahead of the row: a disown on its way. */
	if (t->owner == NULL || t->state == OWNED_TOMBSTONE || d->number > t->epoch)
		return VERB_DISOWNED;
	return VERB_CLAIMED;
}

/* The thing's own for that protocol; else the generation it registered in. */
static struct dialect dialect_of(const struct contact *c, enum proto proto)
{
	enum proto known = c->gen[proto] >= 0 ? proto : PROTO_DISCOVERY;
	struct dialect d = { proto, GEN_X, VOCAB_LONG };

	if (c->gen[known] >= 0 && c->gen[known] < GEN_COUNT)
		d.gen = (enum gen)c->gen[known];
	if (c->vocab[known] >= 0)
		d.vocab = (enum vocab)c->vocab[known];
	return d;
}

static int write_owner(struct registry *g, const struct debt *d, struct buf *out)
{
	const struct owned *t = subject_thing(g, d->subject);
	const struct contact *c = contact_find(g->deps.contacts, d->peer);
	char id[DEBT_ID];
	struct push p;
	enum verb verb;

	/* An iq to a bare address is answered by the server in its place. */
	if (t == NULL || c == NULL || c->full == NULL)
		return 0;
	debt_iq_id(g->deps.debts, d, id);
	verb = push_verb(d, t);
	p = (struct push){
		.verb = verb, .dialect = dialect_of(c, verb == VERB_CLEAR_CACHE ?
		    PROTO_PROV_DEVICE : PROTO_DISCOVERY), .from = g->conf.jid,
		.to = c->full, .id = id, .node = { t->node, t->source, t->partition },
	};
	if (p.verb == VERB_CLAIMED) {
		p.jid = t->owner;
		p.is_public = t->is_public && t->listed;
	}
	return push_write(out, &p) == -1 ? -1 : 1;
}

static int write_subscribe(struct registry *g, const struct debt *d, struct buf *out)
{
	/* It does not want to be seen, or nobody is there. */
	if (d->tries >= SUBSCRIBE_TRIES)
		return 0;
	return presence_write(out, g->conf.jid, d->peer, "subscribe", NULL) == -1 ? -1 : 1;
}

int registry_debt_write(struct registry *g, const struct debt *d, struct buf *out)
{
	switch (d->kind) {
	case DEBT_OWNER:
		return write_owner(g, d, out);
	case DEBT_SUBSCRIBE:
		return write_subscribe(g, d, out);
	case DEBT_WITNESS:
		return registry_witness_write(g, d, out);
	default:
		return 0;
	}
}

/* The answer of the thing itself: its server answers from the bare address,
 * and in the thing's place when it is away. */
static bool is_settled_by(const struct request *answer)
{
	if (strcmp(answer->from, answer->bare) == 0)
		return false;
	return answer->u.answer.ok || (answer->u.answer.condition != NULL &&
	    strcmp(answer->u.answer.condition, "feature-not-implemented") == 0);
}

int registry_debt_answered(struct registry *g, const struct debt *d, const struct request *answer,
    struct err *e)
{
	const struct told *told;
	const struct owned *t;

	if ((d->kind != DEBT_OWNER && d->kind != DEBT_WITNESS) || !is_settled_by(answer))
		return 0;
	if (d->kind == DEBT_WITNESS)
		return debt_settle(g->deps.debts, d->row, d->number, e);
	t = subject_thing(g, d->subject);
	told = telling(d);
	if (t != NULL && told != NULL && told->heard != NULL && d->number == t->epoch)
		return told->heard(g, t, e);
	/* No doubt about which disown: a later one would be another debt. */
	if (t != NULL && push_verb(d, t) == VERB_DISOWNED && d->number > t->epoch)
		return registry_disown_finish(g, t, e);
	if (t != NULL && push_verb(d, t) == VERB_CLAIMED && d->number == t->epoch &&
	    registry_note(g, AUDIT_TOLD, t, t->jid, NULL, NULL, e) == -1)
		return -1;
	return debt_settle(g->deps.debts, d->row, d->number, e);
}

/* ---- parked requests ---- */

static int release_by_notice(struct registry *g, const struct parked *p, enum condition c,
    struct err *e)
{
	char owner[JID_MAX + 1];
	size_t len = jid_text_bare_len(p->asker);

	if (len >= sizeof(owner))
		return 0;
	memcpy(owner, p->asker, len);
	owner[len] = '\0';
	return registry_notice(g, owner, p->waits_for, c == COND_NONE ?
	    "Done: the thing has let go; it is no longer yours." :
	    "The thing did not answer in time, so it is still yours. Try again when it is there.",
	    e);
}

int registry_release(struct registry *g, const struct parked *p, enum condition c, struct err *e)
{
	struct request q = {
		.verb = (enum verb)p->verb, .kind = STANZA_IQ, .type = IQ_SET,
		.dialect = { PROTO_DISCOVERY, (enum gen)p->gen, (enum vocab)p->vocab },
		.id = p->iq_id, .from = p->asker, .bare = p->asker, .to = p->to,
	};
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	if (p->iq_id == NULL)
		return release_by_notice(g, p, c, e);
	if (c != COND_NONE)
		reply_error(&r, c);
	/* A full buffer loses an answer, not the change: the asker asks again. */
	(void)reply_write(&g->released, &q, &r);
	return 0;
}

void registry_released(struct registry *g, struct buf *out)
{
	if (g->released_kept == 0)
		return;
	buf_add(out, g->released.data, g->released_kept);
	buf_consume(&g->released, g->released_kept);
	g->released_kept = 0;
}

/* The thing did not answer in time: it is still his, and an answer that comes
 * later changes nothing, so it must be told that it is owned. */
static int disown_failed(struct registry *g, const struct parked *p, struct err *e)
{
	const struct owned *t = NULL;
	uint8_t id[OWNERSHIP_ID];
	char hex[REGISTRY_HEX];

	if (str_starts(p->waits_for, "disowned:") &&
	    str_unhex(id, sizeof(id), p->waits_for + strlen("disowned:")) == 0)
		t = ownership_by_id(g->deps.ownership, id);
	if (t != NULL && registry_disown_pending(g, t)) {
		registry_hex(hex, t->id);
		if (debt_owe(g->deps.debts, DEBT_OWNER, t->jid, hex, t->epoch, NULL, e) == -1)
			return -1;
	}
	return registry_release(g, p, COND_NOT_ALLOWED, e);
}

static int answer_late(struct registry *g, struct err *e)
{
	struct parked p;
	int n = 0, got = 0;

	while (n < LATE_AT_ONCE && (got = parked_take_late(g->deps.parked, "disowned:",
	    &p, e)) == 1) {
		if (disown_failed(g, &p, e) == -1)
			return -1;
		n++;
	}
	return got == -1 ? -1 : n;
}

/* ---- expiry ---- */

static bool is_expired(const struct registry *g, const struct owned *t, int64_t now)
{
	const struct thing *thing = thing_store_find(g->things, t->id);
	const struct contact *c = contact_find(g->deps.contacts, t->jid);
	int64_t at = thing != NULL ? thing->at_ms : t->since_ms;

	/* Somebody may have it back until then. */
	if (t->former != NULL && t->until_ms > now)
		return false;
	/* Held by the operator, it waits for him; a new record would be free. */
	if (t->hold == HOLD_OPERATOR)
		return false;
	/* Who owns itself has nobody who would take it out of the search. */
	return (t->state == OWNED_NOBODY || t->state == OWNED_SELF) &&
	    (c == NULL || !c->online) &&
	    now - at >= g->conf.unclaimed_expire_ms;
}

/* Nobody undid it: what was kept for him goes. */
static int end_undo(struct registry *g, const struct owned *t, int64_t now, struct err *e)
{
	struct owned plain = *t;

	if (t->state != OWNED_NOBODY || t->former == NULL || t->until_ms > now)
		return 0;
	plain.former = plain.name = NULL;
	plain.until_ms = 0;
	if (!t->listed && registry_erase_tags(g, t->id, e) == -1)
		return -1;
	return ownership_put(g->deps.ownership, &plain, e);
}

/* A slice of the walk over everything; backwards, since dropping a thing puts
 * the last one into its place. */
static int sweep(struct registry *g, int64_t now, struct err *e)
{
	int dropped = 0;

	if (g->sweep_at == 0) {
		if (now < g->sweep_ms)
			return 0;
		g->sweep_ms = now + SWEEP_EVERY;
		g->sweep_at = ownership_count(g->deps.ownership);
	}
	if (g->sweep_at > ownership_count(g->deps.ownership))
		g->sweep_at = ownership_count(g->deps.ownership);
	for (int i = 0; i < SWEEP_THINGS && g->sweep_at > 0 && dropped < SWEEP_DROPS; i++) {
		const struct owned *t = ownership_at(g->deps.ownership, --g->sweep_at);

		if (end_undo(g, t, now, e) == -1)
			return -1;
		t = ownership_at(g->deps.ownership, g->sweep_at);
		if (!is_expired(g, t, now))
			continue;
		if (registry_note(g, AUDIT_EXPIRED, t, NULL, t->jid, NULL, e) == -1 ||
		    registry_drop(g, t, e) == -1)
			return -1;
		++*g->count.expired;
		dropped++;
	}
	return dropped;
}

/* ---- used digests ---- */

static bool is_still_here(void *arg, const struct used *u)
{
	const struct registry *g = arg;

	return ownership_by_id(g->deps.ownership, u->id) != NULL;
}

/*
 * A used KEY is remembered for good, within a number: whoever registers,
 * claims and unregisters in a loop must not fill the disk (att-C-17).  Then
 * receipts end early, and the KEYs of things that are gone are forgotten; one
 * of them could claim again only what shows it again, years later.
 */
static int forget_used(struct registry *g, int64_t now, struct err *e)
{
	bool round = false;
	int ended, n;

	if ((int64_t)thing_store_used_count(g->things) <= g->conf.max_used || now < g->forget_ms)
		return 0;
	ended = thing_store_end_receipts(g->things, now, SWEEP_DROPS, e);
	n = ended == -1 ? -1 : thing_store_forget(g->things, is_still_here, g, FORGET_LOOKS,
	    &round, e);
	if (n == -1)
		return -1;
	/* All of them are needed: no use in looking again at once. */
	if (round && n == 0 && ended == 0)
		g->forget_ms = now + SWEEP_EVERY;
	return ended + n;
}

int registry_tick(struct registry *g, struct err *e)
{
	int64_t now = clock_wall(g->deps.clock);
	int late = answer_late(g, e);
	int dropped = late == -1 ? -1 : sweep(g, now, e);
	int ended = dropped == -1 ? -1 : thing_store_end_receipts(g->things,
	    now - g->conf.receipt_ms, SWEEP_DROPS, e);
	int forgot = ended == -1 ? -1 : forget_used(g, now, e);
	int heirs = forgot == -1 ? -1 : registry_tick_heirs(g, e);
	int shown = heirs == -1 ? -1 : registry_showing_tick(g, e);

	return shown == -1 ? -1 : late + dropped + ended + forgot + heirs + shown;
}

int64_t registry_deadline(const struct registry *g)
{
	int64_t parked = parked_deadline(g->deps.parked, "disowned:");
	int64_t next = g->sweep_at > 0 ? clock_wall(g->deps.clock) : g->sweep_ms;
	int64_t shown = registry_showing_deadline(g);

	if ((int64_t)thing_store_used_count(g->things) > g->conf.max_used && g->forget_ms < next)
		next = g->forget_ms;
	if (g->heirs_ms >= 0 && g->heirs_ms < next)
		next = g->heirs_ms;
	if (shown >= 0 && shown < next)
		next = shown;
	return parked >= 0 && parked < next ? parked : next;
}
