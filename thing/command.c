/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: every value is checked against its parameter, at every node, before
 * anybody is asked anything; a set is allowed whole or not at all.
 */
#include "config.h"

#include "thing/command.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/control.h"
#include "common/wire/reply.h"

#define FAULTS 16	/* parameters named in one answer */

static void say_fault(const struct jobs *js, const struct request *q, enum condition c,
    const struct words *w, const struct control_fault *fault, const struct denied *why)
{
	struct control_no no = { .cond = c, .text = fault->text, .lang = words_lang(w),
		.n = fault->parameter != NULL, .fault = fault, .why = why };

	if (q->kind == STANZA_IQ && session_is_up(js->session))
		(void)control_error_write(js->session->out, q, &no);
}

void command_refuse(const struct jobs *js, const struct request *q, enum condition c,
    const char *parameter, const char *text, const struct denied *why)
{
	struct words w = jobs_words(js, q);
	struct control_fault fault = { parameter, words_text(&w, text) };

	say_fault(js, q, c, &w, &fault, why);
}

static void say_no(const struct jobs *js, const struct request *q, enum condition c,
    const char *parameter, const char *text)
{
	command_refuse(js, q, c, parameter, text, NULL);
}

/* ---- the voice ---------------------------------------------------------- */

void command_limits(struct buf *out, const struct words *w, const struct job_no *no)
{
	struct buf only;

	buf_init(&only, WIRE_CONTROL_VALUE);
	if (no->within == WITHIN_NOT)
		within_words(&only, w, no->allowed, no->item->control->name);
	else
		within_rate(&only, w, no->rate);
	words_add(out, w, N_("Allowed is only: %1."), buf_str(&only), NULL);
	buf_fini(&only);
}

static void say_limits(struct job *j, const struct job_no *no)
{
	struct words w = jobs_words(j->jobs, &j->call->q);
	struct control_fault fault = { no->item->control->name, "" };
	struct buf b;

	buf_init(&b, WIRE_CONTROL_VALUE);
	command_limits(&b, &w, no);
	fault.text = buf_str(&b);
	say_fault(j->jobs, &j->call->q, COND_NOT_ALLOWED, &w, &fault, &no->why);
	buf_fini(&b);
}

static void say_refused(struct job *j, const struct job_no *no)
{
	if (no->item)
		say_limits(j, no);
	else if (no->verdict == ACCESS_NO)
		command_refuse(j->jobs, &j->call->q, COND_FORBIDDEN, NULL, N_("Access denied."),
		    &no->why);
	else
		say_no(j->jobs, &j->call->q, COND_RESOURCE_CONSTRAINT, NULL,
		    N_("Cannot be decided now, try again later."));
}

static void say_unfriended(struct job *j)
{
	say_refused(j, &(struct job_no){ .verdict = ACCESS_NO });
}

/* Each that failed is named once, whatever node it was at. */
static size_t failed(const struct job *j, struct control_fault *out)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n && n < FAULTS; i++) {
		const struct job_item *it = &j->item[i];
		bool named = false;

		for (size_t k = 0; k < n; k++)
			named = named || strcmp(out[k].parameter, it->control->name) == 0;
		if (it->state != ITEM_OK && !named)
			out[n++] = (struct control_fault){ it->control->name, it->value.text };
	}
	return n;
}

static void say_done(struct job *j)
{
	struct control_fault fault[FAULTS];
	struct control_no no = { .cond = COND_INTERNAL_SERVER_ERROR, .fault = fault };

	if (j->call->q.kind != STANZA_IQ || !session_is_up(j->jobs->session))
		return;
	no.n = failed(j, fault);
	if (no.n > 0)
		(void)control_error_write(j->jobs->session->out, &j->call->q, &no);
	else
		(void)control_done_write(j->jobs->session->out, &j->call->q, NULL, NULL);
}

static const struct job_voice voice = {
	.accepted = NULL,
	.refused = say_refused,
	.unfriended = say_unfriended,
	.done = say_done,
};

/* ---- the request -------------------------------------------------------- */

static bool is_number(enum value_type t)
{
	return t == VALUE_INT || t == VALUE_LONG || t == VALUE_NUMERIC;
}

/*
 * Numbers may come in any of their types, as long as the value fits; a choice as
 * enum or text; what has a shape of its own also as text.  A form says text only.
 */
static bool fits(enum kith_thing_type have, const struct control_value *v)
{
	enum value_type want = board_wire_type(have);

	if (v->loose)
		return true;
	if (is_number(want))
		return is_number(v->type);
	if (want == VALUE_STRING)
		return v->type != VALUE_BOOL && !is_number(v->type);
	return v->type == want || (want != VALUE_BOOL && v->type == VALUE_STRING);
}

/* One value for one parameter of one node; NULL after having said why not. */
static const struct board_control *take_value(const struct jobs *js, const struct call *c,
    const struct thing_node *n, const struct control_value *v, struct kith_thing_value *out)
{
	const struct board_control *p = board_control(&n->board, v->name);
	struct words w = jobs_words(js, &c->q);
	struct err e = ERR_INIT;

	if (!p) {
		say_no(js, &c->q, COND_ITEM_NOT_FOUND, v->name, N_("No such parameter."));
	} else if (!fits(p->use.type, v)) {
		say_no(js, &c->q, COND_BAD_REQUEST, v->name, N_("Invalid parameter type."));
	} else if (board_value(p, v->text, &w, out, &e) < 0) {
		say_fault(js, &c->q, COND_BAD_REQUEST, &w,
		    &(struct control_fault){ v->name, e.text }, NULL);
	} else {
		return p;
	}
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

static void begin(struct jobs *js, struct call **c, struct decision_question *ask)
{
	const struct request *q = &(*c)->q;
	const struct request_control *set = &q->u.control;
	struct kith_thing_value *values = mem_array(set->n * ask->nodes.n, sizeof(values[0]));

	ask->names.name = pool_alloc(&(*c)->pool, set->n * sizeof(ask->names.name[0]));
	if (!values || !ask->names.name)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, NULL, N_("Too much at once."));
	else if (take_values(js, *c, ask, values) &&
	    job_begin(js, c, &voice, ask, values) < 0)
		say_no(js, q, COND_RESOURCE_CONSTRAINT, NULL, N_("Too many requests at once."));
	mem_free(values);
}

void command_request(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;
	const struct request_control *set = &q->u.control;
	struct decision_question ask = {
		.action = DECIDE_CONTROL,
		.jid = q->bare,
		.tokens = set->tokens,
	};

	if (nodes_resolve(js->nodes, &(*c)->pool, &set->nodes, &ask.nodes) < 0)
		say_no(js, q, COND_ITEM_NOT_FOUND, NULL, N_("No such node."));
	else if (set->wrong)
		say_no(js, q, COND_BAD_REQUEST, set->wrong, N_("Invalid parameter value."));
	else if (set->n > KITH_THING_FIELDS || set->n * ask.nodes.n > JOB_ITEMS)
		say_no(js, q, COND_BAD_REQUEST, NULL, N_("Too much at once."));
	else if (set->n > 0)
		begin(js, c, &ask);
	else if (q->kind == STANZA_IQ && session_is_up(js->session))
		(void)control_done_write(js->session->out, q, NULL, NULL);
}
