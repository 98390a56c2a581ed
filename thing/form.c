/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: two steps.  First which parameters, of all the nodes asked about those that
 * each of them has; then what they are now, which is a reading like any other: who
 * may not read it sees an empty field.
 */
#include "config.h"

#include "thing/form.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/control.h"
#include "thing/command.h"

struct form {
	struct jobs *jobs;
	struct call *call;
	struct node_list nodes;		/* as asked for, in the call's pool */
	struct thing_node *first;	/* held: whose parameters are shown */
};

/* Carried by the call through the job that reads the values. */
struct shown {
	struct control_form form;
	struct control_field field[KITH_THING_FIELDS];
};

/* ---- what is written ---------------------------------------------------- */

static void say(const struct jobs *js, const struct call *c, struct shown *s)
{
	char session[IDENT_TEXT];

	if (!session_is_up(js->session) || ident_text(session, NULL) < 0)
		return;
	s->form.session = session;
	s->form.field = s->field;
	(void)control_form_answer_write(js->session->out, &c->q, &s->form);
}

static struct control_field *field_of(struct shown *s, const char *name)
{
	for (size_t i = 0; i < s->form.n; i++)
		if (strcmp(s->field[i].name, name) == 0)
			return &s->field[i];
	return NULL;
}

static void take_reading(struct job *j, struct shown *s, const struct job_item *it)
{
	const struct board_control *p = board_control(&it->node->board, it->field->name);
	struct control_field *f = p ? field_of(s, p->name) : NULL;
	struct words w = jobs_words(j->jobs, &j->call->q);
	char text[WITHIN_TEXT];

	if (!f || f->value)
		return;
	if (it->state == ITEM_OK) {
		within_value(text, it->field->use.type, &it->value);
		f->value = pool_strdup(&j->call->pool, text);
	} else if (!f->error) {
		f->error = words_text(&w, N_("Its present value is not known."));
	}
}

static void say_values(struct job *j)
{
	struct shown *s = j->call->carried;

	for (size_t i = 0; i < j->n; i++)
		take_reading(j, s, &j->item[i]);
	say(j->jobs, j->call, s);
}

static void say_without(struct job *j, const struct job_no *no)
{
	(void)no;
	say(j->jobs, j->call, j->call->carried);
}

static void say_unfriended(struct job *j)
{
	command_refuse(j->jobs, &j->call->q, COND_FORBIDDEN, NULL, N_("Access denied."), NULL);
}

static const struct job_voice voice = { .refused = say_without, .unfriended = say_unfriended,
	.done = say_values };

/* ---- the values --------------------------------------------------------- */

/* Of several nodes each has its own, so none is shown (XEP-0325 4.3). */
static bool has_value(const struct form *f, const struct control_field *p)
{
	const struct board_control *c = board_control(&f->first->board, p->name);
	const struct board_field *have = board_field(&f->first->board, p->name);

	return f->nodes.n <= 1 && c && have && have->use.type == c->use.type &&
	    (have->kinds & (FIELD_MOMENTARY | FIELD_STATUS)) != 0;
}

static void read_values(struct form *f, struct shown *s)
{
	struct decision_question q = { .action = DECIDE_READ, .jid = f->call->q.bare,
		.types = FIELD_MOMENTARY | FIELD_STATUS, .nodes = f->nodes,
		.tokens = f->call->q.u.control.tokens };

	f->call->carried = s;
	q.names.name = pool_alloc(&f->call->pool, (s->form.n + 1) * sizeof(q.names.name[0]));
	for (size_t i = 0; q.names.name && i < s->form.n; i++)
		if (has_value(f, &s->field[i]))
			q.names.name[q.names.n++] = s->field[i].name;
	if (q.names.n == 0 || job_begin(f->jobs, &f->call, &voice, &q, NULL) < 0)
		say(f->jobs, f->call, s);
}

/* ---- the parameters ----------------------------------------------------- */

static bool is_granted(const struct decision *d, const char *name)
{
	for (size_t i = 0; i < d->names.n; i++)
		if (str_case_eq(d->names.name[i], name))
			return true;
	return d->names.n == 0;
}

/* Some choices are left, one by one, in the pool. */
static void narrow_choices(const struct decision *d, struct pool *pool, struct control_field *out)
{
	const char **left = pool_alloc(pool, out->options * sizeof(left[0]));
	size_t n = 0;

	for (size_t i = 0; left && i < out->options; i++) {
		bool limited = false, held = false;

		for (size_t k = 0; k < d->n_limits; k++) {
			if (!span_is_about(&d->limit[k].span, out->name))
				continue;
			limited = true;
			held = held || span_holds(&d->limit[k].span, out->option[i]);
		}
		if (!limited || held)
			left[n++] = out->option[i];
	}
	out->option = left;
	out->options = left ? n : 0;
}

/* Only what may be set to. */
static void narrow(const struct decision *d, struct pool *pool, struct control_field *out)
{
	double min, max;

	if ((out->type == VALUE_NUMERIC || out->type == VALUE_INT || out->type == VALUE_LONG) &&
	    within_range(d, out->name, &min, &max)) {
		out->min = !out->has_min || min > out->min ? min : out->min;
		out->max = !out->has_max || max < out->max ? max : out->max;
		out->has_min = out->has_max = true;
	}
	if (out->options > 0)
		narrow_choices(d, pool, out);
}

/* What is used up for now is shown, but not to be changed (XEP-0336 3.2). */
static void mark_used_up(struct form *f, const struct decision *d, struct control_field *out)
{
	struct words w = jobs_words(f->jobs, &f->call->q);
	int64_t wait = within_wait(d, f->call->q.bare, out->name, &f->jobs->decisions->usage,
	    clock_boot(f->jobs->clock));
	struct buf time, b;

	if (wait == 0)
		return;
	buf_init(&time, 128);
	buf_init(&b, KITH_THING_TEXT);
	within_time(&time, &w, wait);
	words_add(&b, &w, N_("Used up for now. Try again in %1."), buf_str(&time), NULL);
	out->read_only = true;
	out->error = pool_strdup(&f->call->pool, buf_str(&b));
	buf_fini(&b);
	buf_fini(&time);
}

static const char *copied(struct form *f, const char *text)
{
	return text ? pool_strdup(&f->call->pool, text) : NULL;
}

static const char *describe(struct form *f, const struct board_control *p)
{
	struct words w = jobs_words(f->jobs, &f->call->q);
	const char *text;
	struct buf b;

	if (p->use.about)
		return copied(f, p->use.about);
	buf_init(&b, KITH_THING_TEXT);
	board_takes(&b, p, &w);
	text = buf_ok(&b) && b.len > 0 ? copied(f, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static void copy_choices(struct form *f, const struct board_control *p, struct control_field *out)
{
	const char **copy;
	size_t n = 0;

	while (p->choices && p->choices[n])
		n++;
	copy = n > 0 ? pool_alloc(&f->call->pool, n * sizeof(copy[0])) : NULL;
	for (size_t i = 0; copy && i < n; i++)
		copy[i] = copied(f, p->choices[i]);
	out->option = copy;
	out->options = copy ? n : 0;
}

/* Clients know no whole number between these. */
static enum value_type type_in_form(const struct board_control *p)
{
	enum value_type t = board_wire_type(p->use.type);

	return t == VALUE_LONG && board_has_range(&p->use) && p->use.min >= INT32_MIN &&
	    p->use.max <= INT32_MAX ? VALUE_INT : t;
}

static void add_parameter(struct form *f, const struct decision *d, struct shown *s,
    const struct board_control *p)
{
	struct control_field *out = &s->field[s->form.n++];

	*out = (struct control_field){ .name = copied(f, p->name),
		.label = copied(f, p->use.label), .desc = describe(f, p),
		.group = copied(f, p->use.group), .type = type_in_form(p),
		.has_min = board_has_range(&p->use), .has_max = board_has_range(&p->use),
		.min = p->use.min, .max = p->use.max };
	copy_choices(f, p, out);
	if (!out->name)
		s->form.n--;
	else if (d->n_limits > 0) {
		narrow(d, &f->call->pool, out);
		mark_used_up(f, d, out);
	}
}

static const struct thing_node *node_at(const struct form *f, size_t i)
{
	return f->nodes.n == 0 ? nodes_device(f->jobs->nodes) :
	    nodes_find(f->jobs->nodes, &f->nodes.node[i]);
}

/* At every node, and of the same type. */
static bool is_common(const struct form *f, const struct board_control *p)
{
	for (size_t i = 1; i < f->nodes.n; i++) {
		const struct thing_node *n = node_at(f, i);
		const struct board_control *other = n ? board_control(&n->board, p->name) : NULL;

		if (!other || other->use.type != p->use.type)
			return false;
	}
	return true;
}

static const char *title_of(struct form *f)
{
	struct words w = jobs_words(f->jobs, &f->call->q);

	if (node_is_device(f->first))
		return words_text(&w, N_("What can be set"));
	return copied(f, f->first->name ? f->first->name : f->first->at.id);
}

static void say_form(struct form *f, const struct decision *d)
{
	struct shown *s = pool_zalloc(&f->call->pool, sizeof(*s));
	const struct board *b = &f->first->board;
	struct words w = jobs_words(f->jobs, &f->call->q);

	if (!s)
		return;
	s->form.title = title_of(f);
	s->form.lang = words_lang(&w);
	for (size_t i = 0; i < b->n_controls; i++)
		if (is_granted(d, b->control[i]->name) && is_common(f, b->control[i]))
			add_parameter(f, d, s, b->control[i]);
	read_values(f, s);
}

/* ---- deciding ----------------------------------------------------------- */

/* All nodes, or it is no form for them. */
static bool all_granted(const struct form *f, const struct decision *d)
{
	for (size_t i = 0; d->nodes.n > 0 && i < f->nodes.n; i++) {
		bool found = false;

		for (size_t k = 0; k < d->nodes.n; k++)
			found = found || node_equal(&d->nodes.node[k], &f->nodes.node[i]);
		if (!found)
			return false;
	}
	return true;
}

static void decided(void *arg, enum access_verdict v, const struct decision *d)
{
	struct form *f = arg;
	const struct request *q = &f->call->q;

	if (v == ACCESS_YES && all_granted(f, d))
		say_form(f, d);
	else if (v != ACCESS_UNKNOWN)
		command_refuse(f->jobs, q, COND_FORBIDDEN, NULL, N_("Access denied."), &d->why);
	else
		command_refuse(f->jobs, q, COND_RESOURCE_CONSTRAINT, NULL,
		    N_("Cannot be decided now, try again later."), NULL);
	node_release(&f->first);
	call_free(&f->call);
	mem_free(f);
}

static bool owns_all(const struct form *f)
{
	for (size_t i = 0; i < (f->nodes.n ? f->nodes.n : 1); i++)
		if (!access_owns(f->jobs->access, node_at(f, i), f->call->q.bare))
			return false;
	return true;
}

static void decide(struct form *f)
{
	static const struct decision everything = { .allowed = true, .types = FIELD_ALL };
	struct decision_question ask = { .action = DECIDE_CONTROL, .jid = f->call->q.bare,
		.tokens = f->call->q.u.control.tokens };

	/* As in job.c: a thing that never had a node asks about none. */
	if (f->jobs->nodes->n > 1 || !node_is_device(f->first))
		ask.nodes = f->nodes;
	if (owns_all(f))
		decided(f, ACCESS_YES, &everything);
	else
		access_decide(f->jobs->access, &ask, false, decided, f);
}

void form_request(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;
	struct form *f = mem_zalloc(sizeof(*f));

	if (!f || nodes_resolve(js->nodes, &(*c)->pool, &q->u.control.nodes, &f->nodes) < 0) {
		command_refuse(js, q, f ? COND_ITEM_NOT_FOUND : COND_RESOURCE_CONSTRAINT, NULL,
		    f ? N_("No such node.") : N_("Too much at once."), NULL);
		mem_free(f);
		return;
	}
	f->jobs = js;
	f->call = *c;
	*c = NULL;
	f->first = node_hold((struct thing_node *)(uintptr_t)node_at(f, 0));
	decide(f);
}
