/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: whether a value has to be told, and the job that tells it.  Words with
 * people are watch_chat.c's.
 */
#include "config.h"

#include "thing/watch.h"

#include <math.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/stamp.h"
#include "common/base/str.h"
#include "common/wire/reply.h"
#include "common/wire/sensordata.h"
#include "common/wire/stanza.h"

/* ---- the list ----------------------------------------------------------- */

bool watch_is_chat(const struct watch *w)
{
	return w->call->q.verb == VERB_CHAT;
}

/* Jobs know it by its number: it may be gone when they end. */
struct watch *watch_of(const struct watches *ws, const void *serial)
{
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (ws->watch[i] && ws->watch[i]->serial == (uintptr_t)serial)
			return ws->watch[i];
	return NULL;
}

static void watch_free(struct watches *ws, struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		samples_unwatch(ws->samples, w->field[i].sample);
	mem_free(w->field);
	mem_free(w->known);
	mem_free(w->word);
	call_free(&w->call);
	mem_free(w);
}

void watch_end(struct watches *ws, struct watch *w)
{
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (ws->watch[i] == w)
			ws->watch[i] = NULL;
	ws->dirty = ws->dirty || (w->call && watch_is_chat(w));
	watch_free(ws, w);
}

/* It comes to nothing: the call is the job's again, whose nodes stand in it. */
void watch_undo(struct watches *ws, struct watch *w, struct job *j)
{
	j->call = w->call;
	w->call = NULL;
	watch_end(ws, w);
}

/* NULL: he has too many, everybody has, or no memory; the call stays the caller's. */
struct watch *watch_new(struct watches *ws, struct call **c, const struct decision_question *ask)
{
	struct watch **place = NULL, *w;
	size_t same = 0;

	for (size_t i = 0; i < WATCH_MAX; i++) {
		if (!ws->watch[i])
			place = place ? place : &ws->watch[i];
		else if (strcmp(ws->watch[i]->call->q.bare, (*c)->q.bare) == 0)
			same++;
	}
	w = place && same < WATCH_EACH ? mem_zalloc(sizeof(*w)) : NULL;
	if (!w)
		return NULL;
	w->serial = ++ws->serials;
	w->ask = *ask;
	w->max_ms = w->age_ms = -1;
	w->told_ms = w->pinged_ms = clock_boot(ws->jobs->clock);
	w->call = *c;
	*c = NULL;
	*place = w;
	return w;
}

int watch_add_field(struct watches *ws, struct watch *w, struct thing_node *n,
    const struct board_field *f)
{
	struct watch_field *more;
	struct sample *s;

	if (w->n == WATCH_FIELDS)
		return -1;
	more = mem_resize_array(w->field, w->n + 1, sizeof(more[0]));
	if (!more)
		return -1;
	w->field = more;
	s = samples_watch(ws->samples, n, f);
	if (!s)
		return -1;
	more[w->n] = (struct watch_field){ .sample = s, .has_base = s->have };
	if (s->have)
		more[w->n].base = s->last;
	w->n++;
	return 0;
}

/* ---- has it changed ----------------------------------------------------- */

/* What a change is measured in (IoT events, "change conditions"); false: text. */
static bool magnitude(enum kith_thing_type type, const struct kith_thing_value *v, double *out)
{
	int64_t ms;

	switch (type) {
	case KITH_THING_BOOLEAN:
		*out = v->boolean;
		return true;
	case KITH_THING_NUMERIC:
	case KITH_THING_INT:
		*out = v->number;
		return true;
	case KITH_THING_DATETIME:
		if (stamp_parse(v->text, &ms) < 0)
			return false;
		*out = (double)ms / 1000;
		return true;
	case KITH_THING_TIMESPAN:
		if (stamp_duration(v->text, &ms) < 0)
			return false;
		*out = (double)ms / 1000;
		return true;
	default:
		return false;
	}
}

/* By how much: positive is up.  Any other text is one step. */
static double change(enum kith_thing_type type, const struct kith_thing_value *from,
    const struct kith_thing_value *to)
{
	double a, b;
	int order;

	if (magnitude(type, from, &a) && magnitude(type, to, &b))
		return b - a;
	order = strcmp(to->text, from->text);
	return order > 0 ? 1 : order < 0 ? -1 : 0;
}

static bool field_triggers(struct watch_field *f)
{
	const struct sample *s = f->sample;
	double d;

	if (!f->has_base) {	/* the first value is what changes are measured against */
		f->base = s->last;
		f->has_base = true;
		return false;
	}
	d = change(s->field->use.type, &f->base, &s->last);
	return (f->has_up && d > 0 && d >= f->up) || (f->has_down && d < 0 && -d >= f->down);
}

static struct watch_field *field_of(struct watch *w, const struct sample *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->field[i].sample == s)
			return &w->field[i];
	return NULL;
}

static void know(struct watch *w, const struct sample *s)
{
	if (!w->known)
		w->known = mem_zalloc(sizeof(*w->known));
	if (w->known)
		*w->known = (struct job_known){ .node = s->node, .field = s->field,
			.value = s->last };
}

void watches_value(void *arg, const struct sample *s)
{
	struct watches *ws = arg;

	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];
		struct watch_field *f = w ? field_of(w, s) : NULL;

		if (!f)
			continue;
		if (w->due && w->known && w->known->field == s->field && w->known->node == s->node)
			know(w, s);	/* what waits to be told is the latest */
		if (watch_is_chat(w) && w->when != WATCH_CHANGE ? !watch_holds(w, s)
		    : !field_triggers(f))
			continue;
		w->due = true;
		know(w, s);
	}
}

/* What he is told now is what he knows. */
void watch_told(struct watch *w, const struct job *j)
{
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < j->n; k++)
			if (j->item[k].state == ITEM_OK &&
			    j->item[k].field == w->field[i].sample->field &&
			    j->item[k].node == w->field[i].sample->node) {
				w->field[i].base = j->item[k].value;
				w->field[i].has_base = true;
			}
}

/* ---- telling ------------------------------------------------------------ */

static void told_refused(struct job *j, const struct job_no *no)
{
	struct watch *w = watch_of(j->jobs->watches, j->arg);

	if (!w)
		return;
	w->telling = false;
	if (no->verdict == ACCESS_NO && !no->item) {
		watch_end(j->jobs->watches, w);	/* "without informing the subscriber" */
		return;
	}
	/* Nobody can tell now, or it was told too often: a little later again. */
	w->again_ms = clock_boot(j->jobs->clock) + (no->why.retry_after_ms > WATCH_AGAIN_MS ?
	    no->why.retry_after_ms : WATCH_AGAIN_MS);
	w->due = true;
}

static bool told_part(struct job *j)
{
	struct watch *w = watch_of(j->jobs->watches, j->arg);

	if (w)
		watch_told(w, j);
	if (!readout_part(j))
		return false;
	if (w)
		w->telling = false;
	return true;
}

static const struct job_voice voice = {
	.refused = told_refused,
	.part = told_part,
};

static int copy(struct pool *p, const char **out, const char *text)
{
	*out = text ? pool_strdup(p, text) : NULL;
	return text && !*out ? -1 : 0;
}

/* The readout he would ask for now: a request of its own, so that it can end. */
static struct call *readout_of(const struct watch *w, struct decision_question *ask, int64_t now)
{
	struct call *c = call_new();
	const struct request *from = &w->call->q;
	struct request *q;

	if (!c)
		return NULL;
	q = &c->q;
	q->verb = from->verb;
	q->dialect = from->dialect;
	q->pool = &c->pool;
	/* A program where it is, a person wherever he is. */
	if (access_copy_question(&c->pool, &w->ask, ask) < 0 ||
	    copy(&c->pool, &q->from, watch_is_chat(w) ? from->bare : from->from) < 0 || copy(&c->pool, &q->to, from->to) < 0 ||
	    copy(&c->pool, &q->lang, watch_is_chat(w) && from->u.chat.lang ?
	    from->u.chat.lang : from->lang) < 0 ||
	    (!watch_is_chat(w) && copy(&c->pool, &q->u.read.seqnr, from->u.read.seqnr) < 0)) {
		call_free(&c);
		return NULL;
	}
	q->bare = ask->jid;
	if (!watch_is_chat(w)) {
		q->u.read.has_from = w->age_ms >= 0;
		q->u.read.from_ms = now - w->age_ms;
		q->u.read.history = from->u.read.history;
	}
	return c;
}

static void tell(struct watches *ws, struct watch *w, int64_t now)
{
	const struct job_voice *v = watch_is_chat(w) ? &watch_chat_voice : &voice;
	struct decision_question ask;
	struct call *c = readout_of(w, &ask, clock_wall(ws->jobs->clock));

	w->telling = true;
	w->due = false;
	w->told_ms = now;
	if (c && job_begin_known(ws->jobs, &c, v, &ask, w->known,
	    (void *)(uintptr_t)w->serial) == 0) {
		/* It may have ended in there, and the watch with it. */
		return;
	}
	call_free(&c);
	w->telling = false;
	w->due = true;
	w->again_ms = now + WATCH_AGAIN_MS;
}

static int64_t watch_deadline(const struct watch *w)
{
	int64_t at = -1;

	if (w->telling || w->away)
		return -1;
	if (w->due)
		at = w->told_ms + w->min_ms;
	else if (w->max_ms >= 0)
		at = w->told_ms + w->max_ms;
	return at >= 0 && at < w->again_ms ? w->again_ms : at;
}

int64_t watches_deadline(const struct watches *ws)
{
	int64_t first = -1;

	if (!ws->jobs || !session_is_up(ws->jobs->session))
		return -1;
	if (watches_keep_due(ws))
		return 0;
	for (size_t i = 0; i < WATCH_MAX; i++) {
		int64_t at = ws->watch[i] ? watch_deadline(ws->watch[i]) : -1;

		if (at >= 0 && (first < 0 || at < first))
			first = at;
	}
	return first;
}

/* Some servers keep messages for who is gone, and tell nobody. */
static void on_pong(void *arg, const struct stanza *answer)
{
	static const char *const gone[] = { "service-unavailable", "recipient-unavailable",
		"item-not-found", "gone", "remote-server-not-found" };
	const struct stanza *error;
	const char *from = answer ? stanza_attr(answer, "from") : NULL;

	error = from ? stanza_child(answer, stanza_ns(answer), "error") : NULL;
	for (size_t i = 0; error && i < sizeof(gone) / sizeof(gone[0]); i++)
		if (stanza_child(error, NS_STANZAS, gone[i])) {
			watches_bounced(arg, from);
			return;
		}
}

static void ping(struct watches *ws, struct watch *w, int64_t now)
{
	struct request q = { .verb = VERB_PING, .to = w->call->q.from };

	if (watch_is_chat(w) || now - w->pinged_ms < WATCH_PING_MS)
		return;
	w->pinged_ms = now;
	(void)session_ask(ws->jobs->session, &q, on_pong, ws);
}

void watches_tick(struct watches *ws)
{
	int64_t now = clock_boot(ws->jobs->clock);

	if (!session_is_up(ws->jobs->session))
		return;
	watches_keep(ws);
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];
		int64_t at = w ? watch_deadline(w) : -1;

		if (at < 0 || now < at)
			continue;
		if (!w->due) {
			mem_free(w->known);	/* nothing happened: read what it is */
			w->known = NULL;
		}
		ping(ws, w, now);
		tell(ws, w, now);
	}
}

/* ---- the events protocol ------------------------------------------------ */

static void say_no(const struct jobs *js, const struct request *q, enum condition c,
    const char *text)
{
	if (session_is_up(js->session))
		(void)readout_error_write(js->session->out, q, c, text, NULL);
}

static struct watch *find(const struct watches *ws, const char *from, const char *number)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];

		if (w && !watch_is_chat(w) && strcmp(w->call->q.from, from) == 0 &&
		    strcmp(w->call->q.u.read.seqnr, number) == 0)
			return w;
	}
	return NULL;
}

static int64_t interval(bool has, int64_t ms, int64_t none)
{
	if (!has)
		return none;
	ms = ms < WATCH_MIN_MS ? WATCH_MIN_MS : ms;
	return ms > WATCH_LONGEST_MS ? WATCH_LONGEST_MS : ms;
}

static bool has_condition(const struct event_field *f)
{
	return f->has_up || f->has_down;
}

static const struct event_field *condition_of(const struct request_events *r, const char *name)
{
	for (size_t i = 0; i < r->read.fields.n; i++)
		if (str_case_eq(r->read.fields.name[i], name))
			return &r->field[i];
	return NULL;
}

static int add_one(struct watches *ws, struct watch *w, struct thing_node *n,
    const struct board_field *f, const struct event_field *cond)
{
	struct watch_field *to;
	double least = f->use.type == KITH_THING_NUMERIC || f->use.type == KITH_THING_INT ?
	    f->use.change : 0;

	if (watch_add_field(ws, w, n, f) < 0)
		return -1;
	to = &w->field[w->n - 1];
	to->has_up = cond ? cond->has_up : true;
	to->has_down = cond ? cond->has_down : true;
	to->up = cond ? cond->up : least;
	to->down = cond ? cond->down : least;
	if (cond && cond->has_current) {
		to->base = (struct kith_thing_value){ .number = cond->current,
			.boolean = cond->current > 0 };
		to->has_base = f->use.type <= KITH_THING_NUMERIC || f->use.type == KITH_THING_INT;
	}
	return 0;
}

/* Those with a condition; when there is none at all and no longest time either, all
 * that were asked for, whatever the change. */
static int add_fields(struct watches *ws, struct watch *w)
{
	const struct request_events *r = &w->call->q.u.events;
	bool any = false;

	for (size_t i = 0; i < r->read.fields.n; i++)
		any |= has_condition(&r->field[i]);
	if (!any && r->has_max)
		return 0;
	for (size_t k = 0; k < w->ask.nodes.n; k++) {
		struct thing_node *n = nodes_find(ws->jobs->nodes, &w->ask.nodes.node[k]);

		for (size_t i = 0; n && i < n->board.n_fields; i++) {
			const struct board_field *f = n->board.field[i];
			const struct event_field *cond = condition_of(r, f->name);

			if (!(f->kinds & w->ask.types & ~FIELD_HISTORICAL) ||
			    (r->read.fields.n && !cond) || (any && !has_condition(cond)))
				continue;
			if (add_one(ws, w, n, f, any ? cond : NULL) < 0)
				return -1;
		}
	}
	return 0;
}

static void subscribe_accepted(struct job *j)
{
	struct watches *ws = j->jobs->watches;
	const struct request_events *r = &j->call->q.u.events;
	struct watch *w = find(ws, j->call->q.from, r->read.seqnr);

	if (w)		/* "reusing the same identity": it takes its place */
		watch_end(ws, w);
	w = watch_new(ws, &j->call, &j->question);
	if (!w) {
		say_no(j->jobs, &j->call->q, COND_RESOURCE_CONSTRAINT, "Too many subscriptions.");
		return;
	}
	r = &w->call->q.u.events;
	w->min_ms = interval(r->has_min, r->min_ms, WATCH_MIN_MS);
	w->max_ms = interval(r->has_max, r->max_ms, -1);
	if (w->max_ms >= 0 && w->max_ms < w->min_ms)
		w->max_ms = w->min_ms;
	w->age_ms = r->has_age ? r->age_ms : -1;
	if (w->age_ms < 0)
		w->ask.types &= ~FIELD_HISTORICAL;
	if (add_fields(ws, w) < 0) {
		say_no(j->jobs, &w->call->q, COND_RESOURCE_CONSTRAINT, "Too many fields.");
		watch_undo(ws, w, j);
		return;
	}
	if (session_is_up(j->jobs->session))
		(void)readout_accepted_write(j->jobs->session->out, &w->call->q, false);
	w->due = r->at_once;
	w->told_ms -= r->at_once ? w->min_ms : 0;
}

static const struct job_voice subscribe_voice = {
	.accepted = subscribe_accepted,
	.refused = readout_refused,
	.unfriended = readout_unfriended,
};

void watch_request(struct watches *ws, struct call **c)
{
	struct jobs *js = ws->jobs;
	const struct request *q = &(*c)->q;
	struct decision_question ask;

	if (!readout_question(js, *c, &ask))
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such node or field.");
	else if ((ask.types & ~FIELD_HISTORICAL) == 0)
		say_no(js, q, COND_ITEM_NOT_FOUND, "Nothing of that kind changes here.");
	else if (job_ask(js, c, &subscribe_voice, &ask, NULL) < 0)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, "Too many requests at once.");
}

/* An empty result, whether there was one or not. */
void watch_cancel(struct watches *ws, struct call **c)
{
	const struct request *q = &(*c)->q;
	struct watch *w = find(ws, q->from, q->u.read.seqnr);
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_EMPTY };

	if (w)
		watch_end(ws, w);
	if (session_is_up(ws->jobs->session))
		(void)reply_write(ws->jobs->session->out, q, &r);
}

/* ---- coming and going --------------------------------------------------- */

static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* Away is who had a session that we knew, and has none left of those. */
static void note_session(struct watch *w, const char *full, bool available)
{
	uint32_t hash = hash_of(full);
	unsigned char n = 0;

	for (unsigned char i = 0; i < w->n_sessions; i++)
		if (w->session[i] != hash)
			w->session[n++] = w->session[i];
	if (available && n < WATCH_SESSIONS)
		w->session[n++] = hash;
	w->n_sessions = n;
	w->away = !available && n == 0;
}

void watches_presence(struct watches *ws, const char *full, const char *bare, bool available)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];

		if (!w || strcmp(w->call->q.bare, bare) != 0)
			continue;
		if (watch_is_chat(w))
			note_session(w, full, available);
		else if (!available && strcmp(w->call->q.from, full) == 0)
			watch_end(ws, w);
	}
}

void watches_bounced(struct watches *ws, const char *from)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];

		if (w && !watch_is_chat(w) && strcmp(w->call->q.from, from) == 0)
			watch_end(ws, w);
	}
}

void watches_unfriend(struct watches *ws, const char *bare)
{
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (ws->watch[i] && strcmp(ws->watch[i]->call->q.bare, bare) == 0)
			watch_end(ws, ws->watch[i]);
	watches_drop_kept(ws, bare);
}

void watches_forget(struct watches *ws, const struct thing_node *node)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];
		bool concerned = false;

		for (size_t k = 0; w && k < w->ask.nodes.n; k++)
			concerned |= node_equal(&w->ask.nodes.node[k], &node->at);
		if (concerned)
			watch_end(ws, w);
	}
}

void watches_down(struct watches *ws)
{
	ws->look = false;	/* who is a friend is not known before the next roster */
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *w = ws->watch[i];

		if (w && !watch_is_chat(w))
			watch_end(ws, w);
		if (!ws->watch[i])
			continue;
		w->telling = w->away = false;
		w->n_sessions = 0;
	}
}

void watches_fini(struct watches *ws)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		if (ws->watch[i])
			watch_free(ws, ws->watch[i]);
		ws->watch[i] = NULL;
	}
	watches_drop_kept(ws, NULL);
	ws->dirty = ws->look = false;	/* its file stays */
}
