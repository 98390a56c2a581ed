/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readout: checks the request, begins the job, writes what it found.  Only
 * values of now exist here: a request for history alone ends empty.  A field is
 * read in the kinds that it has, that were asked for and that are allowed.
 */
#include "config.h"

#include "thing/readout.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/wire/reply.h"
#include "common/wire/sensordata.h"

#define READINGS_PER_MESSAGE 40		/* stays below a thing's stanza limit */

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

static void say_refused(struct job *j, const struct job_no *no)
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

static enum value_type wire_type(enum kith_thing_type t)
{
	static const enum value_type types[] = {
		[KITH_THING_BOOLEAN] = VALUE_BOOL, [KITH_THING_NUMERIC] = VALUE_NUMERIC,
		[KITH_THING_STRING] = VALUE_STRING, [KITH_THING_DATETIME] = VALUE_DATETIME,
		[KITH_THING_TIMESPAN] = VALUE_DURATION, [KITH_THING_ENUM] = VALUE_ENUM,
	};

	return types[t];
}

static struct reading reading_of(const struct job_item *it, int64_t now)
{
	return (struct reading){
		.name = it->field->name,
		.type = wire_type(it->field->use.type),
		.boolean = it->value.boolean,
		.num = it->value.number,
		.text = it->field->use.type >= KITH_THING_STRING ? it->value.text : NULL,
		.unit = it->field->unit[0] ? it->field->unit : NULL,
		.types = it->types,
		.at_ms = now,
		.node = it->node->at,
	};
}

static void say_readings(struct job *j)
{
	struct reading r[READINGS_PER_MESSAGE];
	int64_t now = clock_wall(j->jobs->clock);
	size_t n = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (j->item[i].state != ITEM_OK)
			continue;
		if (n >= READINGS_PER_MESSAGE) {
			say_data(j, r, n, true);
			n = 0;
		}
		r[n++] = reading_of(&j->item[i], now);
	}
	say_data(j, r, n, false);
}

static const struct job_voice voice = {
	.accepted = say_accepted,
	.refused = say_refused,
	.done = say_readings,
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
	unsigned asked = c->q.u.read.types ? c->q.u.read.types : FIELD_ALL;

	if (!known_fields(js, c, &ask->nodes, &ask->names))
		return false;
	for (size_t i = 0; i < ask->nodes.n; i++) {
		const struct thing_node *n = nodes_find(js->nodes, &ask->nodes.node[i]);

		ask->types |= asked & board_kinds(&n->board, ask->names.name, ask->names.n);
	}
	return true;
}

void readout_request(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;
	struct decision_question ask = {
		.action = DECIDE_READ,
		.jid = q->bare,
		.tokens = q->u.read.tokens,
	};

	if (q->u.read.has_when)
		say_no(js, q, COND_FEATURE_NOT_IMPLEMENTED, "Only readouts of now.");
	else if (nodes_resolve(js->nodes, &(*c)->pool, &q->u.read.nodes, &ask.nodes) < 0)
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such node.");
	else if (!find_fields(js, *c, &ask))
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such field.");
	else if (ask.types == 0)
		say_nothing(js, q);
	else if (job_begin(js, c, &voice, &ask, NULL) < 0)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, "Too many readouts at once.");
}

void readout_cancel(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;

	if (!jobs_cancel(js, q->from, q->u.read.seqnr))
		say_no(js, q, COND_ITEM_NOT_FOUND, "No such readout.");
	else if (session_is_up(js->session))
		(void)readout_cancelled_write(js->session->out, q);
}
