/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readout: checks the request, begins the job, writes what it found: values of now
 * first, then what is kept.  A field is read in the kinds that it has, that were
 * asked for and that are allowed; history is one of them.
 */
#include "config.h"

#include "thing/readout.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/wire/reply.h"
#include "common/wire/sensordata.h"
#include "thing/sample.h"

static void say_why(const struct jobs *js, const struct request *q, enum condition c,
    const char *text, const struct denied *why)
{
	if (session_is_up(js->session))
		(void)readout_error_write(js->session->out, q, c, text, why);
}

static void say_no(const struct jobs *js, const struct request *q, enum condition c,
    const char *text)
{
	say_why(js, q, c, text, NULL);
}

/* ---- the voice ---------------------------------------------------------- */

static void say_accepted(struct job *j)
{
	if (session_is_up(j->jobs->session))
		(void)readout_accepted_write(j->jobs->session->out, &j->call->q, false);
}

static void say_data(const struct job *j, const struct reading *r, size_t n, bool more)
{
	char id[IDENT_TEXT];

	if (session_is_up(j->jobs->session) && ident_text(id, NULL) == 0)
		(void)readout_data_write(j->jobs->session->out, &j->call->q, id, r, n, more);
}

static void say_failures(const struct job *j, const struct reading *r, size_t n)
{
	char id[IDENT_TEXT];

	if (session_is_up(j->jobs->session) && ident_text(id, NULL) == 0)
		(void)readout_failure_write(j->jobs->session->out, &j->call->q, id, r, n);
}

void readout_refused(struct job *j, const struct job_no *no)
{
	if (j->accepted)	/* taken back meanwhile: it ends without a value */
		say_data(j, NULL, 0, false);
	else if (no->item)
		say_why(j->jobs, &j->call->q, COND_NOT_ALLOWED, "Not so often.", &no->why);
	else if (no->verdict == ACCESS_NO)
		say_why(j->jobs, &j->call->q, COND_FORBIDDEN, "Access denied.", &no->why);
	else
		say_no(j->jobs, &j->call->q, COND_RESOURCE_CONSTRAINT,
		    "Cannot be decided now, try again later.");
}

void readout_unfriended(struct job *j)
{
	readout_refused(j, &(struct job_no){ .verdict = ACCESS_NO });
}

_Static_assert(KITH_THING_Q_MISSING == READING_MISSING &&
    KITH_THING_Q_IN_PROGRESS == READING_IN_PROGRESS &&
    KITH_THING_Q_AUTOMATIC_READOUT == READING_AUTOMATIC_READOUT &&
    KITH_THING_Q_ERROR == READING_ERROR && KITH_THING_Q_SIGNED == READING_SIGNED &&
    KITH_THING_Q_INVOICE_CONFIRMED == READING_INVOICE_CONFIRMED,
    "qualities are the same bits inside and outside of the library");

/* A whole number is `int` as long as xs:int holds it: some readers know no `long`. */
static enum value_type type_of(const struct job_item *it, const struct kith_thing_value *v)
{
	if (it->field->use.type != KITH_THING_INT)
		return board_wire_type(it->field->use.type);
	return v->number < -2147483648.0 || v->number > 2147483647.0 ? VALUE_LONG : VALUE_INT;
}

static struct reading reading_of(const struct job_item *it, const struct kith_thing_value *v)
{
	enum value_type type = type_of(it, v);
	bool number = type == VALUE_NUMERIC || type == VALUE_INT || type == VALUE_LONG;

	return (struct reading){
		.name = it->field->name,
		.type = type,
		.boolean = v->boolean,
		.num = v->number,
		.text = number || type == VALUE_BOOL ? NULL : v->text,
		.unit = it->field->unit[0] ? it->field->unit : NULL,
		.types = it->types & ~FIELD_HISTORICAL,
		.quality = v->quality,
		.writable = board_control(&it->node->board, it->field->name) != NULL,
		.at_ms = v->at_ms,
		.node = it->node->at,
	};
}

/* What goes into one message, and the values it points to. */
#define PAGE 48
struct page {
	size_t n, bytes;
	struct reading reading[PAGE];
	struct kith_thing_value value[PAGE];
};

static bool page_add(struct page *p, const struct reading *r)
{
	size_t bytes = reading_bytes(r);

	if (p->n == PAGE || (p->n > 0 && p->bytes + bytes > READOUT_BYTES))
		return false;
	p->bytes += bytes;
	p->reading[p->n++] = *r;
	return true;
}

static bool item_has_value(const struct job_item *it)
{
	return !it->said && (it->types & ~FIELD_HISTORICAL) != 0;
}

/* Values of now, or what failed; false: the page is full. */
static bool add_now(struct job *j, struct page *p, enum job_item_state state)
{
	int64_t now = clock_wall(j->jobs->clock);

	for (size_t i = 0; i < j->n; i++) {
		struct job_item *it = &j->item[i];
		struct reading r = reading_of(it, &it->value);

		if (!item_has_value(it) || it->state != state)
			continue;
		r.at_ms = r.at_ms != 0 && state == ITEM_OK ? r.at_ms : now;
		r.failed = state == ITEM_FAILED ? it->value.text : NULL;
		if (!page_add(p, &r))
			return false;
		it->said = true;
	}
	return true;
}

static void end_past(struct job *j)
{
	mem_free(j->past);
	j->past = NULL;
	j->n_past = j->next_past = 0;
	j->past_field = NULL;
}

/* The list of what is kept of it, made when its turn comes. */
static void begin_past(struct job *j, const struct job_item *it)
{
	const struct request_read *q = &j->call->q.u.read;
	const struct ring *ring = samples_ring(j->jobs->samples, it->node, it->field);
	unsigned kinds = q->history ? q->history : HISTORY_ALL;
	struct err e = ERR_INIT;

	if (j->past_field == it->field && j->past_node == it->node)
		return;
	end_past(j);
	j->past_field = it->field;
	j->past_node = it->node;
	if (ring)
		(void)ring_list(ring, q->has_from ? q->from_ms : 0, q->has_to ? q->to_ms :
		    INT64_MAX, kinds, clock_wall(j->jobs->clock), &j->past, &j->n_past, &e);
}

static bool add_past_of(struct job *j, struct page *p, const struct job_item *it)
{
	const struct ring *ring = samples_ring(j->jobs->samples, it->node, it->field);

	for (; ring && j->next_past < j->n_past; j->next_past++) {
		const struct ring_entry *entry = &j->past[j->next_past];
		struct reading r;

		if (p->n == PAGE)
			return false;
		if (!ring_get(ring, entry->number, &p->value[p->n]))
			continue;	/* overwritten since the list was made */
		r = reading_of(it, &p->value[p->n]);
		r.types = FIELD_HISTORICAL | (r.types & ~FIELD_MOMENTARY);
		r.history = entry->periods;
		if (!page_add(p, &r))
			return false;
	}
	return true;
}

static bool add_past(struct job *j, struct page *p)
{
	for (size_t i = 0; i < j->n; i++) {
		struct job_item *it = &j->item[i];

		if (it->past_said || !(it->types & FIELD_HISTORICAL) || !j->jobs->samples)
			continue;
		begin_past(j, it);
		if (!add_past_of(j, p, it))
			return false;
		it->past_said = true;
		end_past(j);
	}
	return true;
}

static bool has_failures(const struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (item_has_value(&j->item[i]) && j->item[i].state == ITEM_FAILED)
			return true;
	return false;
}

/*
 * Values, history, failures.  Where failures have a message of their own, it comes
 * last but one: some readers hear nothing behind it, others wait for the end of the
 * data.
 */
bool readout_part(struct job *j)
{
	bool apart = readout_fails_apart(&j->call->q), all;
	struct page *p = mem_zalloc(sizeof(*p));

	if (!p) {		/* it ends, rather than never */
		say_data(j, NULL, 0, false);
		return true;
	}
	all = add_now(j, p, ITEM_OK) && (apart || add_now(j, p, ITEM_FAILED)) && add_past(j, p);
	if (!all || !has_failures(j)) {
		say_data(j, p->reading, p->n, !all);
	} else if (p->n > 0) {
		say_data(j, p->reading, p->n, true);
		all = false;
	} else {
		(void)add_now(j, p, ITEM_FAILED);
		say_failures(j, p->reading, p->n);
		all = false;
	}
	mem_free(p);
	return all;
}

static const struct job_voice voice = {
	.accepted = say_accepted,
	.refused = readout_refused,
	.unfriended = readout_unfriended,
	.part = readout_part,
};

/* ---- requests ----------------------------------------------------------- */

/* Does one of them have it?  Its own spelling, or NULL. */
static const char *field_name(const struct nodes *ns, const struct node_list *at,
    const char *name)
{
	for (size_t i = 0; i < at->n; i++) {
		const struct thing_node *n = nodes_find(ns, &at->node[i]);
		const struct board_field *f = n ? board_field(&n->board, name) : NULL;

		if (f)
			return f->name;
	}
	return NULL;
}

/* The fields asked for that exist, by our own spelling; false if none does. */
static bool known_fields(const struct jobs *js, struct call *c, const struct node_list *at,
    struct name_list *out)
{
	const struct name_list *asked = &c->q.u.read.fields;
	const char *name;

	out->n = 0;
	out->name = asked->n ? pool_alloc(&c->pool, asked->n * sizeof(out->name[0])) : NULL;
	if (asked->n && !out->name)
		return false;
	for (size_t i = 0; i < asked->n; i++)
		if ((name = field_name(js->nodes, at, asked->name[i])) &&
		    !(name = pool_strdup(&c->pool, name)))
			return false;
		else if (name)
			out->name[out->n++] = name;
	return asked->n == 0 || out->n > 0;
}

/* No field here is of the kinds he wants (history, say): an empty readout. */
static void say_nothing(const struct jobs *js, const struct request *q)
{
	char id[IDENT_TEXT];

	if (!session_is_up(js->session) || ident_text(id, NULL) < 0)
		return;
	(void)readout_accepted_write(js->session->out, q, false);
	(void)readout_data_write(js->session->out, q, id, NULL, 0, false);
}

static bool find_fields(const struct jobs *js, struct call *c, struct decision_question *ask)
{
	/* Who says nothing wants what there is now, not years of it. */
	unsigned asked = c->q.u.read.types ? c->q.u.read.types : FIELD_ALL & ~FIELD_HISTORICAL;

	if (!known_fields(js, c, &ask->nodes, &ask->names))
		return false;
	for (size_t i = 0; i < ask->nodes.n; i++) {
		const struct thing_node *n = nodes_find(js->nodes, &ask->nodes.node[i]);

		ask->types |= asked & board_kinds(&n->board, ask->names.name, ask->names.n);
	}
	return true;
}

bool readout_question(const struct jobs *js, struct call *c, struct decision_question *ask)
{
	const struct request *q = &c->q;

	*ask = (struct decision_question){ .action = DECIDE_READ, .jid = q->bare,
		.tokens = q->u.read.tokens };
	return nodes_resolve(js->nodes, &c->pool, &q->u.read.nodes, &ask->nodes) == 0 &&
	    find_fields(js, c, ask);
}

/* ---- later -------------------------------------------------------------- */

/* He may: it waits.  Nothing is promised by that: it is decided again. */
static void say_queued(struct job *j)
{
	struct readouts *rs = j->arg;
	size_t same = 0;
	struct call **place = NULL;

	for (size_t i = 0; i < READOUT_LATER; i++) {
		if (!rs->later[i])
			place = place ? place : &rs->later[i];
		else if (strcmp(rs->later[i]->q.bare, j->call->q.bare) == 0)
			same++;
	}
	if (!place || same >= READOUT_LATER_EACH) {
		say_no(j->jobs, &j->call->q, COND_RESOURCE_CONSTRAINT, "Too many readouts wait.");
		return;
	}
	if (session_is_up(j->jobs->session))
		(void)readout_accepted_write(j->jobs->session->out, &j->call->q, true);
	*place = j->call;
	j->call = NULL;
}

static const struct job_voice later_voice = {
	.accepted = say_queued,
	.refused = readout_refused,
	.unfriended = readout_unfriended,
};

/* It was accepted before: a no ends it without a value. */
static void say_refused_later(struct job *j, const struct job_no *no)
{
	j->accepted = true;
	readout_refused(j, no);
}

static void say_unfriended_later(struct job *j)
{
	j->accepted = true;
	readout_unfriended(j);
}

static void say_started(struct job *j)
{
	char id[IDENT_TEXT];

	if (session_is_up(j->jobs->session) && ident_text(id, NULL) == 0)
		(void)readout_started_write(j->jobs->session->out, &j->call->q, id);
}

static const struct job_voice started_voice = {
	.accepted = say_started,
	.refused = say_refused_later,
	.unfriended = say_unfriended_later,
	.part = readout_part,
};

static void begin_later(struct readouts *rs, struct call **c)
{
	struct jobs *js = rs->jobs;
	struct decision_question ask;
	struct request *q = &(*c)->q;
	char id[IDENT_TEXT];

	if (!session_is_up(js->session) || ident_text(id, NULL) < 0)
		return;
	if (!readout_question(js, *c, &ask) || ask.types == 0) {
		(void)readout_started_write(js->session->out, q, id);
		(void)readout_data_write(js->session->out, q, id, NULL, 0, false);
		call_free(c);
		return;
	}
	q->u.read.has_when = false;
	if (job_begin_known(js, c, &started_voice, &ask, NULL, NULL) < 0)
		q->u.read.when_ms = clock_wall(js->clock) + 1000;	/* he is busy with others */
}

int64_t readouts_deadline(const struct readouts *rs)
{
	int64_t now = rs->jobs ? clock_wall(rs->jobs->clock) : 0, first = -1;

	for (size_t i = 0; i < READOUT_LATER; i++) {
		int64_t rest = rs->later[i] ? rs->later[i]->q.u.read.when_ms - now : -1;

		if (!rs->later[i])
			continue;
		rest = rest < 0 ? 0 : rest;
		rest = rest > READOUT_CLOCK_MS ? READOUT_CLOCK_MS : rest;
		first = first < 0 || rest < first ? rest : first;
	}
	return first < 0 ? -1 : clock_boot(rs->jobs->clock) + first;
}

void readouts_tick(struct readouts *rs)
{
	for (size_t i = 0; i < READOUT_LATER; i++)
		if (rs->later[i] && clock_wall(rs->jobs->clock) >= rs->later[i]->q.u.read.when_ms)
			begin_later(rs, &rs->later[i]);
}

void readouts_drop(struct readouts *rs)
{
	for (size_t i = 0; i < READOUT_LATER; i++)
		call_free(&rs->later[i]);
}

void readouts_unfriend(struct readouts *rs, const char *bare)
{
	for (size_t i = 0; i < READOUT_LATER; i++)
		if (rs->later[i] && strcmp(rs->later[i]->q.bare, bare) == 0)
			call_free(&rs->later[i]);
}

static bool drop_later(struct readouts *rs, const char *from, const char *seqnr)
{
	for (size_t i = 0; i < READOUT_LATER; i++)
		if (rs->later[i] && strcmp(rs->later[i]->q.from, from) == 0 &&
		    strcmp(rs->later[i]->q.u.read.seqnr, seqnr) == 0) {
			call_free(&rs->later[i]);
			return true;
		}
	return false;
}

/* ---- now ---------------------------------------------------------------- */

static int begin_readout(struct readouts *rs, struct call **c, const struct decision_question *ask)
{
	const struct request_read *r = &(*c)->q.u.read;

	if (r->has_when && r->when_ms > clock_wall(rs->jobs->clock))
		return job_ask(rs->jobs, c, &later_voice, ask, rs);
	return job_begin(rs->jobs, c, &voice, ask, NULL);
}

void readout_request(struct readouts *rs, struct call **c)
{
	struct jobs *js = rs->jobs;
	const struct request *q = &(*c)->q;
	struct decision_question ask = { .action = DECIDE_READ };

	if (nodes_resolve(js->nodes, &(*c)->pool, &q->u.read.nodes, &ask.nodes) < 0)
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such node.");
	else if (!readout_question(js, *c, &ask))
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such field.");
	else if (ask.types == 0)
		say_nothing(js, q);
	else if (begin_readout(rs, c, &ask) < 0)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, "Too many readouts at once.");
}

void readout_cancel(struct readouts *rs, struct call **c)
{
	const struct request *q = &(*c)->q;

	if (!drop_later(rs, q->from, q->u.read.seqnr) &&
	    !jobs_cancel(rs->jobs, q->from, q->u.read.seqnr))
		say_no(rs->jobs, q, COND_ITEM_NOT_FOUND, "No such readout.");
	else if (session_is_up(rs->jobs->session))
		(void)readout_cancelled_write(rs->jobs->session->out, q);
}
