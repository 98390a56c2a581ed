/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll: the state machine, top to bottom in the order things happen; pushes
 * come last.  Every step is begun by the answer to the one before; a step that
 * fails waits with jitter and is begun again, and never changes a pin.
 */
#include "config.h"

#include "thing/enroll.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/push.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"
#include "thing/asking.h"
#include "thing/login.h"

static void find_services(struct enroll *e);
static void pull(struct enroll *e);

static void note(struct enroll *e, bool alarm, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void note(struct enroll *e, bool alarm, const char *fmt, ...)
{
	char text[ERR_TEXT + 128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e->ops->note(e->arg, alarm, text);
}

static bool save_standing(struct enroll *e)
{
	struct err why = ERR_INIT;

	e->unsaved = standing_save(e->standing, e->dir, &why) < 0;
	if (!e->unsaved)
		return true;
	note(e, true, "%s", why.text);
	return false;
}

void enroll_trust(struct enroll *e, bool delegates)
{
	if (e->standing->owner[0] && standing_tell_trust(e->standing, delegates))
		(void)save_standing(e);
}

/* Something did not work: wait, then begin again where we are. */
static void wait_a_while(struct enroll *e, const char *why)
{
	uint32_t r = UINT32_MAX;

	(void)!ident_random(&r, sizeof(r), NULL);
	e->failures++;
	e->step = ENROLL_WAITING;
	e->next_ms = clock_boot(e->clock) + ENROLL_AGAIN_MS / 5 + login_delay(e->failures, r);
	note(e, false, "%s", why);
}

/* ---- roster ------------------------------------------------------------- */

/* Is he still a friend who owned us before?  Once our server says no, that is
 * over, and the present owner may make him one again. */
static void part_with_former(struct enroll *e, bool again)
{
	struct standing *s = e->standing;
	const struct friend *x = s->former[0] ? friends_find(e->friends, s->former) : NULL;

	if (!s->former[0])
		return;
	if (!x || (!x->from && !x->to && !x->asked)) {
		s->former[0] = '\0';
		(void)save_standing(e);
	} else if (again) {
		befriend_unfriend(e->befriend, s->former);
	}
}

void enroll_roster_changed(struct enroll *e)
{
	if (e->step != ENROLL_IDLE && e->step != ENROLL_ROSTER)
		part_with_former(e, false);
	muster_roster_changed(e->muster);
	befriend_roster_changed(e->befriend);
}

static void on_roster(void *arg, const struct stanza *answer)
{
	struct enroll *e = arg;
	const struct stanza *query;
	const char *type;

	if (e->step != ENROLL_ROSTER)
		return;
	query = answer ? stanza_child(answer, NS_ROSTER, "query") : NULL;
	type = answer ? stanza_attr(answer, "type") : NULL;
	if (query && type && strcmp(type, "result") == 0) {
		friends_take_roster(e->friends, query);
		part_with_former(e, true);
		befriend_roster_changed(e->befriend);
	}
	find_services(e);
}

static void get_roster(struct enroll *e)
{
	e->step = ENROLL_ROSTER;
	if (session_ask_roster(e->session, on_roster, e) < 0)
		wait_a_while(e, "cannot ask for the roster");
}

/* ---- services ----------------------------------------------------------- */

/* What is pinned stays. */
static void pin(struct enroll *e, struct standing_service *to, const char *what,
    const struct services_candidate *c, enum gen gen)
{
	if (to->jid[0] || !c || str_copy(to->jid, sizeof(to->jid), c->jid) < 0)
		return;
	to->gen = gen;
	to->leases = c->found.leases;
	to->self = c->found.self;
	note(e, false, "%s is %s from now on", c->jid, what);
}

/* What was found is pinned, and we go on with what we have. */
static void accept_found(struct enroll *e)
{
	struct standing *s = e->standing;
	bool news = !s->registry.jid[0] || !s->provisioning.jid[0];
	const struct services_candidate *c = services_registry(&e->services);

	pin(e, &s->registry, "our registry", c, c ? c->found.registry_gen : GEN_X);
	c = services_provisioning(&e->services, s->registry.jid);
	pin(e, &s->provisioning, "our provisioning service", c,
	    c ? c->found.provisioning_gen : GEN_X);
	services_stop(&e->services);
	if (news && s->registry.jid[0] && !save_standing(e))
		wait_a_while(e, "the services cannot be written down");
	else if (!s->registry.jid[0])
		wait_a_while(e, "no registry found yet");
	else
		pull(e);
}

/* First trust (att-D-13): what was found first is shown to whoever stands before the
 * thing, for half a minute; nothing else is looked at meanwhile. */
static bool ask_person(struct enroll *e)
{
	const struct standing *s = e->standing;
	const struct services_candidate *r = services_registry(&e->services), *p;

	p = services_provisioning(&e->services, s->registry.jid[0] ? s->registry.jid
	    : r ? r->jid : "");
	if (!e->button || ((s->registry.jid[0] || !r) && (s->provisioning.jid[0] || !p)))
		return false;
	e->step = ENROLL_ASKING;
	note(e, false, "press the button within %d s to accept %s", BUTTON_ASK_MS / 1000,
	    !s->registry.jid[0] && r ? r->jid : p->jid);
	button_ask(e->button);
	return true;
}

static void choose(void *arg)
{
	if (!ask_person(arg))
		accept_found(arg);
}

void enroll_answered(struct enroll *e, bool accepted)
{
	if (e->step != ENROLL_ASKING)
		return;
	if (accepted) {
		accept_found(e);
		return;
	}
	services_stop(&e->services);
	if (e->standing->registry.jid[0])
		pull(e);		/* that one is ours already */
	else
		wait_a_while(e, "nobody pressed the button: the registry is not accepted");
}

static void find_services(struct enroll *e)
{
	if (e->standing->registry.jid[0] && e->standing->provisioning.jid[0]) {
		pull(e);
		return;
	}
	e->step = ENROLL_FINDING;
	e->ops->state(e->arg, KITH_THING_FINDING, "looking for a registry");
	e->services.clock = e->clock;
	e->services.session = e->session;
	e->services.hints = e->hints;
	e->services.done = choose;
	e->services.arg = e;
	if (services_find(&e->services, e->id->domain, e->registry) < 0)
		wait_a_while(e, "cannot ask for services");
}

/* ---- registration: the pull --------------------------------------------- */

static void answer_pushes(struct enroll *e)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	for (size_t i = 0; i < ENROLL_PUSHES; i++) {
		struct enroll_push *p = &e->push[i];

		if (!p->call || p->pull > e->pulls_done)
			continue;
		if (session_is_up(e->session))
			(void)reply_write(e->session->out, &p->call->q, &r);
		call_free(&p->call);
	}
}

/* Registries other than ours let go once the push is answered (XEP-0347, disowning):
 * what they say before that is who owned us until now. */
static bool is_disowning(const struct enroll *e, const struct asking_registered *r)
{
	if (r->standing == ASKING_DISOWNED)
		return true;
	if (r->standing != ASKING_CLAIMED || !standing_is_owner(e->standing, r->owner))
		return false;
	for (size_t i = 0; i < ENROLL_PUSHES; i++)
		if (e->push[i].call && e->push[i].call->q.verb == VERB_DISOWNED)
			return true;
	return false;
}

static bool pull_is_owed(const struct enroll *e)
{
	for (size_t i = 0; i < ENROLL_PUSHES; i++)
		if (e->push[i].call && e->push[i].pull > e->pulls_done)
			return true;
	return false;
}

/* Everything decided for an earlier owner is void. */
static bool drop_decisions(struct enroll *e)
{
	struct err why = ERR_INIT;

	if (decisions_clear(e->decisions, 0, NULL, 0, &why) == 0)
		return true;
	note(e, true, "%s", why.text);
	return false;
}

static void part_with(struct enroll *e, const char *owner)
{
	struct standing *s = e->standing;

	if (s->former[0] && strcmp(s->former, owner) != 0)
		befriend_unfriend(e->befriend, s->former);
	(void)!str_copy(s->former, sizeof(s->former), owner);	/* of the same size */
	befriend_unfriend(e->befriend, s->former);
}

static bool set_owner(struct enroll *e, const char *bare, bool is_public)
{
	struct standing *s = e->standing;
	struct err why = ERR_INIT;
	bool changed = strcmp(s->owner, bare) != 0;

	/* What could not be written is news until it is. */
	if (!changed && s->is_public == is_public && !e->unsaved)
		return true;
	if (changed && !drop_decisions(e))
		return false;
	if (changed && s->owner[0])	/* who owned us is a stranger now */
		part_with(e, s->owner);
	if (changed) {			/* provisioned anew, for him */
		s->trust = STANDING_UNTOLD;
		s->language[0] = '\0';
		s->chosen = false;
	}
	(void)!str_copy(s->owner, sizeof(s->owner), bare);	/* of the same size */
	if (strcmp(s->former, bare) == 0)
		s->former[0] = '\0';
	s->is_public = is_public;
	e->untold = e->untold || changed;
	if (!save_standing(e))
		return false;
	if (*bare && !e->id->key_used) {
		e->id->key_used = true;
		if (identity_save(e->id, e->dir, &why) < 0)
			note(e, true, "%s", why.text);
	}
	if (e->untold)
		e->ops->owner(e->arg, bare);
	e->untold = false;
	return true;
}

/* Nobody's any more.  The KEY that was used is spent: a new one is on disk
 * before the registry hears of us again.  Whoever owned us may know the password. */
static bool become_unowned(struct enroll *e)
{
	struct err why = ERR_INIT;

	if (e->id->key_used) {
		e->id->renew = true;
		if (identity_new_key(e->id, &why) < 0 || identity_save(e->id, e->dir, &why) < 0) {
			e->id->key_used = true;		/* the one on disk is */
			note(e, true, "%s", why.text);
			return false;
		}
	}
	return set_owner(e, "", false);
}

/* Ruling 45: somebody with his hand on the thing made it forget its pins. */
static void tell_released(struct enroll *e)
{
	static const char text[] = N_("Somebody released what I had pinned, by my button or by "
	    "`kith-thing repin`: the strength of my login and my registry. I have accepted "
	    "what I found now. If that was not you, look after me.");
	struct standing *s = e->standing;

	if (!s->released || !s->owner[0] || e->ops->tell_owner(e->arg, text) < 0)
		return;
	s->released = false;
	(void)save_standing(e);
}

static void on_settled(void *arg, const struct stanza *answer)
{
	struct enroll *e = arg;

	(void)answer;
	if (e->step != ENROLL_SETTLING)
		return;
	e->step = ENROLL_DONE;
	access_settled(e->access);
	if (e->standing->owner[0])
		e->ops->state(e->arg, KITH_THING_SERVING, "owned");
	tell_released(e);
}

/*
 * What the service owes us was written right behind its answer, so when a
 * ping has come back we have heard it (clearCache above all), and leases from
 * before this login may be believed again.
 */
static void settle(struct enroll *e)
{
	const struct standing *s = e->standing;
	struct request q = { .verb = VERB_PING };

	q.to = s->provisioning.jid[0] ? s->provisioning.jid : s->registry.jid;
	e->step = ENROLL_SETTLING;
	if (session_ask(e->session, &q, on_settled, e) < 0)
		wait_a_while(e, "cannot ask the service for a sign of life");
}

static void show_presence(struct enroll *e)
{
	if (!e->present)
		(void)presence_write(e->session->out, NULL, NULL, NULL, NULL);
	e->present = true;
	befriend_subscribe(e->befriend, e->standing->registry.jid);
	if (e->standing->owner[0])
		befriend_subscribe(e->befriend, e->standing->owner);
}

static void pull_done(struct enroll *e)
{
	e->failures = 0;
	e->pulls_done = e->pulls_begun;
	answer_pushes(e);
	show_presence(e);
	muster_begin(e->muster);
	if (!e->standing->owner[0]) {
		e->ops->state(e->arg, KITH_THING_UNCLAIMED, "registered");
		e->ops->claimable(e->arg);
	}
	if (e->step == ENROLL_DONE && e->standing->owner[0])
		e->ops->state(e->arg, KITH_THING_SERVING, "owned");
	else if (e->step != ENROLL_DONE)
		settle(e);
	if (pull_is_owed(e) || e->nonce[0])
		pull(e);
	renew_now(&e->renew);
}

/* It asks us to prove our continuity key: the next registration does. */
static void take_nonce(struct enroll *e, const char *nonce)
{
	e->nonce[0] = '\0';
	if (*nonce && e->proofs < ENROLL_PROOFS &&
	    str_copy(e->nonce, sizeof(e->nonce), nonce) == 0)
		e->proofs++;
}

static void on_registered(void *arg, const struct stanza *answer)
{
	struct enroll *e = arg;
	struct asking_registered r;
	char why[160];
	bool fresh_key, kept, disowning;

	e->pulling = false;
	if (e->step == ENROLL_IDLE)
		return;
	asking_register_read(answer, &r);
	if (r.standing == ASKING_FAILED) {
		snprintf(why, sizeof(why), "the registry did not take us: %s",
		    r.condition);
		wait_a_while(e, why);
		return;
	}
	if (r.time_ms > 0 && e->ops->time)
		e->ops->time(e->arg, r.time_ms);
	if (r.epoch && r.epoch != e->standing->epoch) {
		e->standing->epoch = r.epoch;
		e->unsaved = true;
	}
	take_nonce(e, r.nonce);
	disowning = is_disowning(e, &r);
	fresh_key = r.standing != ASKING_CLAIMED && e->id->key_used;
	kept = r.standing == ASKING_CLAIMED ? set_owner(e, r.owner, r.is_public)
	    : become_unowned(e);
	if (!kept) {
		wait_a_while(e, "cannot write down who owns us");
		return;
	}
	if (!fresh_key && !disowning) {
		pull_done(e);
		return;
	}
	/* It is on disk: the push may be answered.  Then the new KEY is shown,
	 * or the registry is given time to finish letting go of us. */
	e->pulls_done = e->pulls_begun;
	answer_pushes(e);
	if (fresh_key)
		pull(e);
	else
		wait_a_while(e, "the registry is still letting go of us");
}

struct self_texts {
	char key[IDENTITY_PUBLIC], proof[IDENTITY_PROOF];
};

/* Without them we are registered all the same, as a thing like any other. */
static void make_texts(struct enroll *e, struct self_texts *out)
{
	const struct session *s = e->session;
	char bare[JID_MAX + 1];
	struct err why = ERR_INIT;

	out->key[0] = out->proof[0] = '\0';
	if (!e->standing->registry.self || !s->self)
		return;
	memcpy(bare, s->self, s->bare_len);
	bare[s->bare_len] = '\0';
	if (identity_public(out->key, e->id, &why) == 0 && (!e->nonce[0] ||
	    identity_prove(out->proof, e->id, e->standing->registry.jid, bare, e->nonce,
	    &why) == 0))
		return;
	out->key[0] = out->proof[0] = '\0';
	note(e, false, "%s", why.text);
}

/* What a registry that keeps books of it is told about us. */
static void say_self(const struct enroll *e, const struct self_texts *texts,
    struct thing_self *self)
{
	const struct standing *s = e->standing;

	*self = (struct thing_self){ .is_ours = true,
		.can = e->can | (e->pressed ? SELF_OPEN : 0) };
	if (texts->key[0])
		self->continuity = texts->key;
	if (texts->proof[0]) {
		self->nonce = e->nonce;
		self->proof = texts->proof;
	}
	if (!s->epoch)
		return;		/* what another registry said is none of its business */
	self->epoch = s->epoch;
	self->owner = s->owner[0] ? s->owner : NULL;
	if (strcmp(s->registry.jid, s->provisioning.jid) == 0)
		self->floor = decisions_heard(e->decisions);
}

static int send_register(struct enroll *e)
{
	static const struct node itself;
	struct tag all[WIRE_TAGS];
	struct tag_list list = { 0, all };
	struct offer offer[BOARD_OFFERS];
	struct manifest manifest;
	struct self_texts texts;
	struct thing_self self;
	int rc;

	for (; list.n < e->tags.n && list.n < WIRE_TAGS - 1; list.n++)
		all[list.n] = e->tags.tag[list.n];
	all[list.n++] = (struct tag){ .name = "KEY", .str = e->id->key };
	make_texts(e, &texts);
	say_self(e, &texts, &self);
	if (e->board != NULL) {
		board_manifest(e->board, offer, &manifest);
		self.manifest = &manifest;
	}
	rc = asking_register(e->session, &e->standing->registry, &itself, &list, &self, on_registered, e);
	e->nonce[0] = '\0';
	e->pressed = false;
	return rc;
}

static void pull(struct enroll *e)
{
	if (e->pulling)
		return;
	if (e->step != ENROLL_DONE && e->step != ENROLL_SETTLING) {
		e->step = ENROLL_REGISTERING;
		e->ops->state(e->arg, KITH_THING_REGISTERING, e->standing->registry.jid);
	}
	if (send_register(e) < 0) {
		wait_a_while(e, "cannot register now");
		return;
	}
	e->pulling = true;
	e->pulls_begun++;
}

/* ---- a login begins and ends -------------------------------------------- */

void enroll_begin(struct enroll *e)
{
	e->failures = 0;
	e->present = e->pulling = false;
	e->nonce[0] = '\0';
	e->proofs = 0;
	e->next_ms = -1;
	e->renew = (struct renew){ .id = e->id, .dir = e->dir, .session = e->session,
		.note = e->ops->note, .arg = e->arg };
	access_begin(e->access);
	get_roster(e);
}

void enroll_end(struct enroll *e)
{
	e->step = ENROLL_IDLE;
	e->next_ms = -1;
	e->pulling = e->present = false;
	services_stop(&e->services);
	if (e->button)
		button_drop(e->button);
	for (size_t i = 0; i < ENROLL_PUSHES; i++)
		call_free(&e->push[i].call);	/* the service still owes them */
	muster_end(e->muster);
}

/* It registers again, saying so.  Kept for nothing later: who pressed it while it was
 * away may be gone. */
void enroll_pressed(struct enroll *e)
{
	if ((e->can & SELF_WINDOW) == 0 || !e->present || e->pulling || e->standing->owner[0])
		return;
	e->pressed = true;
	pull(e);
}

bool enroll_is_serving(const struct enroll *e)
{
	return e->present;
}

int64_t enroll_deadline(const struct enroll *e)
{
	return e->step == ENROLL_WAITING ? e->next_ms : services_deadline(&e->services);
}

void enroll_tick(struct enroll *e)
{
	services_tick(&e->services);
	if (e->step != ENROLL_WAITING || clock_boot(e->clock) < e->next_ms)
		return;
	e->next_ms = -1;
	find_services(e);
}

/* ---- pushes ------------------------------------------------------------- */

static void say(struct enroll *e, const struct call *c, const struct reply *r)
{
	if (session_is_up(e->session))
		(void)reply_write(e->session->out, &c->q, r);
}

static void refuse(struct enroll *e, const struct call *c, enum condition cond)
{
	struct reply r = { .kind = REPLY_RESULT };

	reply_error(&r, cond);
	if (c->q.kind == STANZA_IQ)
		say(e, c, &r);
}

/* urn:kith:presence:0 has no nodes. */
static bool is_witness(enum verb v)
{
	return v == VERB_SHOW_CODE || v == VERB_LISTEN || v == VERB_NEW_KEY;
}

/* claimed, disowned, removed: ask the registry itself, answer after that. */
static void push_pull(struct enroll *e, struct call **c)
{
	if (!is_witness((*c)->q.verb) && node_is_set(&(*c)->q.u.push.node)) {
		muster_take_push(e->muster, c);
		return;
	}
	for (size_t i = 0; i < ENROLL_PUSHES; i++) {
		if (e->push[i].call)
			continue;
		e->push[i].pull = e->pulls_begun + 1;
		e->push[i].call = *c;
		*c = NULL;
		if (e->standing->registry.jid[0])
			pull(e);
		return;
	}
	refuse(e, *c, COND_RESOURCE_CONSTRAINT);
}

/* Narrows at once; on disk before it is acknowledged. */
static void push_clear_cache(struct enroll *e, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_CLEAR_CACHE };
	const struct request_push *p = &(*c)->q.u.push;
	struct err why = ERR_INIT;

	if ((node_is_set(&p->node) && !p->floor
	    ? decisions_clear_node(e->decisions, &p->node, &why)
	    : decisions_clear(e->decisions, p->floor, p->about, p->n_about, &why)) < 0) {
		note(e, true, "%s", why.text);
		refuse(e, *c, COND_INTERNAL_SERVER_ERROR);
		return;
	}
	say(e, *c, &r);
}

static void push_friend(struct enroll *e, struct call **c)
{
	if ((*c)->q.u.push.jid)
		befriend_friend(e->befriend, (*c)->q.u.push.jid);
}

static void push_unfriend(struct enroll *e, struct call **c)
{
	if ((*c)->q.u.push.jid)
		befriend_unfriend(e->befriend, (*c)->q.u.push.jid);
}

static void push_show(struct enroll *e, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT };

	witness_show(e->witness, (*c)->q.u.witness.code, (*c)->q.u.witness.seconds);
	say(e, *c, &r);
}

static void push_listen(struct enroll *e, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT };

	witness_listen(e->witness, (*c)->q.u.witness.seconds);
	say(e, *c, &r);
}

/* Another thing shows our KEY.  The new one is on disk before it is shown, and
 * shown before the push is answered. */
static void push_new_key(struct enroll *e, struct call **c)
{
	struct reply r = { .kind = REPLY_RESULT };
	struct err why = ERR_INIT;

	if (e->standing->owner[0]) {
		say(e, *c, &r);
		return;
	}
	if (identity_new_key(e->id, &why) < 0 || identity_save(e->id, e->dir, &why) < 0) {
		e->id->key_used = true;		/* the one on disk is no good */
		note(e, true, "%s", why.text);
		refuse(e, *c, COND_INTERNAL_SERVER_ERROR);
		return;
	}
	note(e, true, "another thing has shown our KEY: claim us with the new one");
	push_pull(e, c);
}

static const struct {
	enum verb verb;
	enum stanza_kind kind;
	void (*take)(struct enroll *e, struct call **c);
} pushes[] = {
	{ VERB_CLAIMED, STANZA_IQ, push_pull },
	{ VERB_DISOWNED, STANZA_IQ, push_pull },
	{ VERB_REMOVED, STANZA_IQ, push_pull },
	{ VERB_CLEAR_CACHE, STANZA_IQ, push_clear_cache },
	{ VERB_FRIEND, STANZA_MESSAGE, push_friend },
	{ VERB_UNFRIEND, STANZA_MESSAGE, push_unfriend },
	{ VERB_SHOW_CODE, STANZA_IQ, push_show },
	{ VERB_LISTEN, STANZA_IQ, push_listen },
	{ VERB_NEW_KEY, STANZA_IQ, push_new_key },
};

/* Which service a push must come from: ownership from the registry, the rest
 * from provisioning; both are one address as a rule. */
static bool is_from_its_service(const struct enroll *e, const struct request *q)
{
	bool ownership = q->verb == VERB_CLAIMED || q->verb == VERB_DISOWNED ||
	    q->verb == VERB_REMOVED || is_witness(q->verb);
	const char *jid = ownership ? e->standing->registry.jid : e->standing->provisioning.jid;

	/* Exactly that address: a resource of it is somebody else. */
	return jid[0] && strcmp(q->from, jid) == 0;
}

void enroll_take_push(struct enroll *e, struct call **c)
{
	const struct request *q = &(*c)->q;

	if (!is_from_its_service(e, q)) {
		refuse(e, *c, COND_FORBIDDEN);
		return;
	}
	for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++)
		if (pushes[i].verb == q->verb && pushes[i].kind == q->kind) {
			pushes[i].take(e, c);
			return;
		}
	refuse(e, *c, COND_BAD_REQUEST);
}
