/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: every value is checked against its parameter before anybody is
 * asked anything; a set is done whole or not at all.
 */
#include "config.h"

#include "thing/command.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/wire/control.h"
#include "common/wire/reply.h"

static void say_why(const struct jobs *js, const struct request *q, enum condition c,
    const char *parameter, const char *text, const struct denied *why)
{
	if (q->kind == STANZA_IQ && session_is_up(js->session))
		(void)control_error_write(js->session->out, q, c, parameter, text, why);
}

static void say_no(const struct jobs *js, const struct request *q, enum condition c,
    const char *parameter, const char *text)
{
	say_why(js, q, c, parameter, text, NULL);
}

/* ---- the voice ---------------------------------------------------------- */

/* Which values he may set, or how often. */
static void say_limits(struct job *j, const struct job_no *no)
{
	const char *name = no->item->control->name;
	struct buf b;

	buf_init(&b, WIRE_CONTROL_VALUE);
	buf_adds(&b, "Allowed is only ");
	if (no->within == WITHIN_NOT)
		within_words(&b, no->allowed, name);
	else
		within_rate(&b, no->rate);
	buf_addc(&b, '.');
	say_why(j->jobs, &j->call->q, COND_NOT_ALLOWED, name,
	    buf_ok(&b) ? buf_str(&b) : "Not allowed.", &no->why);
	buf_fini(&b);
}

static void say_refused(struct job *j, const struct job_no *no)
{
	if (no->item)
		say_limits(j, no);
	else if (no->verdict == ACCESS_NO)
		say_why(j->jobs, &j->call->q, COND_FORBIDDEN, NULL, "Access denied.", &no->why);
	else
		say_no(j->jobs, &j->call->q, COND_RESOURCE_CONSTRAINT, NULL,
		    "Cannot be decided now, try again later.");
}

static void say_done(struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->item[i].state != ITEM_OK) {
			say_no(j->jobs, &j->call->q, COND_INTERNAL_SERVER_ERROR,
			    j->item[i].control->name, j->item[i].value.text);
			return;
		}
	if (j->call->q.kind == STANZA_IQ && session_is_up(j->jobs->session))
		(void)control_done_write(j->jobs->session->out, &j->call->q, NULL, NULL);
}

static const struct job_voice voice = {
	.accepted = NULL,
	.refused = say_refused,
	.done = say_done,
};

/* ---- the request -------------------------------------------------------- */

static bool fits(enum kith_thing_type have, enum value_type sent)
{
	if (have == KITH_THING_BOOLEAN)
		return sent == VALUE_BOOL;
	if (have == KITH_THING_NUMERIC)
		return sent == VALUE_INT || sent == VALUE_LONG || sent == VALUE_NUMERIC;
	return sent != VALUE_BOOL && sent != VALUE_INT && sent != VALUE_LONG &&
	    sent != VALUE_NUMERIC;
}

/* One value for one parameter of one node; NULL after having said why not. */
static const struct board_control *take_value(const struct jobs *js, const struct call *c,
    const struct thing_node *n, const struct control_value *v, struct kith_thing_value *out)
{
	const struct board_control *p = board_control(&n->board, v->name);
	struct err e = ERR_INIT;

	if (!p)
		say_no(js, &c->q, COND_ITEM_NOT_FOUND, v->name, "No such parameter.");
	else if (!fits(p->use.type, v->type))
		say_no(js, &c->q, COND_BAD_REQUEST, v->name, "Invalid parameter type.");
	else if (board_value(p, v->text, out, &e) < 0)
		say_no(js, &c->q, COND_BAD_REQUEST, v->name, e.text);
	else
		return p;
	return NULL;
}

/* Fills names and values, node by node; false after having said why not. */
static bool take_values(const struct jobs *js, struct call *c, struct decision_question *ask,
    struct kith_thing_value *values)
{
	const struct request_control *set = &c->q.u.control;

	for (size_t k = 0; k < ask->nodes.n; k++) {
		const struct thing_node *n = nodes_find(js->nodes, &ask->nodes.node[k]);

		for (size_t i = 0; i < set->n; i++) {
			const struct board_control *p = take_value(js, c, n, &set->value[i],
			    &values[k * set->n + i]);

			if (!p)
				return false;
			if (k == 0 && !(ask->names.name[ask->names.n++] =
			    pool_strdup(&c->pool, p->name)))
				return false;
		}
	}
	return true;
}

void command_request(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;
	const struct request_control *set = &q->u.control;
	struct kith_thing_value *values = NULL;
	struct decision_question ask = {
		.action = DECIDE_CONTROL,
		.jid = q->bare,
		.tokens = set->tokens,
	};

	if (nodes_resolve(js->nodes, &(*c)->pool, &set->nodes, &ask.nodes) < 0) {
		say_no(js, q, COND_ITEM_NOT_FOUND, NULL, "No such node.");
		return;
	}
	if (set->n == 0 || set->n > KITH_THING_FIELDS || set->n * ask.nodes.n > JOB_ITEMS) {
		say_no(js, q, COND_BAD_REQUEST, NULL, "Nothing to set, or too much.");
		return;
	}
	values = mem_array(set->n * ask.nodes.n, sizeof(values[0]));
	ask.names.name = pool_alloc(&(*c)->pool, set->n * sizeof(ask.names.name[0]));
	if (!values || !ask.names.name)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, NULL, NULL);
	else if (take_values(js, *c, &ask, values) &&
	    job_begin(js, c, &voice, &ask, values) < 0)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, NULL, "Too many requests at once.");
	mem_free(values);
}

/* ---- the form ----------------------------------------------------------- */

struct form {
	struct jobs *jobs;
	struct call *call;
};

static enum value_type wire_type(enum kith_thing_type t)
{
	static const enum value_type types[] = {
		[KITH_THING_BOOLEAN] = VALUE_BOOL, [KITH_THING_NUMERIC] = VALUE_NUMERIC,
		[KITH_THING_STRING] = VALUE_STRING, [KITH_THING_DATETIME] = VALUE_DATETIME,
		[KITH_THING_TIMESPAN] = VALUE_DURATION, [KITH_THING_ENUM] = VALUE_ENUM,
	};

	return types[t];
}

static bool is_granted(const struct decision *d, const char *name)
{
	for (size_t i = 0; i < d->names.n; i++)
		if (strcmp(d->names.name[i], name) == 0)
			return true;
	return d->names.n == 0;
}

/* Only what may be set to: the range, and the choices one by one. */
static void narrow_field(const struct decision *d, const char **room, struct control_field *out)
{
	size_t n = 0;
	double min, max;

	if (d->n_limits == 0)
		return;
	if (out->type == VALUE_NUMERIC && within_range(d, out->name, &min, &max)) {
		out->min = !out->has_min || min > out->min ? min : out->min;
		out->max = !out->has_max || max < out->max ? max : out->max;
		out->has_min = out->has_max = true;
	}
	for (size_t i = 0; out->option && i < out->options; i++) {
		bool limited = false, held = false;

		for (size_t k = 0; k < d->n_limits; k++) {
			if (!span_is_about(&d->limit[k].span, out->name))
				continue;
			limited = true;
			held = held || span_holds(&d->limit[k].span, out->option[i]);
		}
		if (!limited || held)
			room[n++] = out->option[i];
	}
	if (out->option) {
		out->option = room;
		out->options = n;
	}
}

#define OPTIONS 16	/* of one parameter; a longer list is shown whole */

static void say_form(const struct form *f, const struct decision *d)
{
	const char *room[KITH_THING_FIELDS][OPTIONS];
	struct control_field field[KITH_THING_FIELDS];
	const struct board *b = f->jobs->board;
	size_t n = 0;

	for (size_t i = 0; i < b->n_controls; i++) {
		const struct board_control *p = b->control[i];
		struct control_field *out = &field[n];

		if (!is_granted(d, p->name))
			continue;
		memset(out, 0, sizeof(*out));
		out->name = p->name;
		out->type = wire_type(p->use.type);
		out->has_min = out->has_max = p->use.min != 0 || p->use.max != 0;
		out->min = p->use.min;
		out->max = p->use.max;
		out->option = (const char *const *)p->choices;
		while (out->option && out->option[out->options])
			out->options++;
		if (out->options <= OPTIONS)
			narrow_field(d, room[n], out);
		n++;
	}
	(void)control_form_answer_write(f->jobs->session->out, &f->call->q, "What can be set",
	    field, n);
}

static void form_decided(void *arg, enum access_verdict v, const struct decision *d)
{
	struct form *f = arg;

	if (session_is_up(f->jobs->session)) {
		if (v == ACCESS_YES)
			say_form(f, d);
		else if (v == ACCESS_NO)
			say_why(f->jobs, &f->call->q, COND_FORBIDDEN, NULL, "Access denied.",
			    &d->why);
		else
			say_no(f->jobs, &f->call->q, COND_RESOURCE_CONSTRAINT, NULL,
			    "Cannot be decided now, try again later.");
	}
	call_free(&f->call);
	mem_free(f);
}

void command_form(struct jobs *js, struct call **c)
{
	struct decision_question ask = { .action = DECIDE_CONTROL, .jid = (*c)->q.bare };
	struct form *f = mem_zalloc(sizeof(*f));

	if (!f) {
		say_no(js, &(*c)->q, COND_RESOURCE_CONSTRAINT, NULL, NULL);
		return;
	}
	f->jobs = js;
	f->call = *c;
	*c = NULL;
	access_decide(js->access, &ask, false, form_decided, f);
}
