/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_step: see the header.  The form of a stage is built from what is true
 * now, both when it is shown and when its answer comes: a choice that is not
 * offered any more cannot be chosen.
 */
#include "config.h"

#include "desk/command_step.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/stats.h"
#include "common/base/str.h"
#include "common/base/catalogue.h"
#include "desk/command_result.h"

#define SCRATCH_BYTES (512 * 1024)	/* what is looked up for one step */
#define WORDS_BYTES (32 * 1024)
#define LINE_BYTES (16 * 1024)

struct command_steps {
	struct command_deps d;
	struct command_sessions *sessions;
	struct pool scratch;
	struct buf why, line;
	uint64_t *steps, *refused;
};

/* One step while it is served. */
struct step {
	struct command_steps *c;
	struct command_view v;
	struct reply *r;
	const struct request_command *asked;
};

/* ---- answers ---- */

static int
refuse(struct step *s, enum condition cond, enum command_fault fault)
{
	++*s->c->refused;
	reply_error(s->r, cond);
	s->r->u.command.fault = fault;
	return 0;
}

static const struct command_stage *
stage_of(const struct step *s)
{
	const struct command_place *at = command_session_place(s->v.session);

	return &at->form->stage[at->stage];
}

static bool
has_next(const struct step *s)
{
	const struct command_place *at = command_session_place(s->v.session);

	return stage_of(s)->jumps || at->stage + 1 < at->form->n;
}

static bool
has_complete(const struct step *s)
{
	return stage_of(s)->line != NULL || stage_of(s)->write != NULL;
}

static void
answer(struct step *s, enum command_status status, const struct dataform *form)
{
	struct reply_command *c = &s->r->u.command;

	s->r->kind = REPLY_RESULT;
	s->r->body = BODY_COMMAND;
	c->node = s->asked->node;
	c->session = pool_strdup(s->v.q->pool, s->v.session->id);
	c->status = status;
	c->form = form;
}

/* Words beside the form; the buffer is ours, so they are copied. */
static int
note(struct step *s, enum command_note type, const char *words, struct err *e)
{
	struct reply_command *c = &s->r->u.command;

	c->note_type = type;
	c->note = words[0] != '\0' ? pool_strdup(s->v.q->pool, words) : NULL;
	return c->session == NULL || (words[0] != '\0' && c->note == NULL) ?
	    err_set(e, ERR_LIMIT, "the answer is too long") : 0;
}

static const char *
title_of(const struct step *s)
{
	return command_text(&s->v, command_session_place(s->v.session)->form->title);
}

/* It is over: `words`, and the result as a form. */
static int
finish(struct step *s, const struct reply *done, const char *words, struct err *e)
{
	answer(s, COMMAND_COMPLETED, command_result(&s->v, title_of(s), done, words));
	if (note(s, done->kind == REPLY_ERROR ? COMMAND_ERROR : COMMAND_INFO, words, e) != 0)
		return -1;
	command_session_end(s->c->sessions, s->v.session);
	return 0;
}

/* ---- a stage ---- */

/* What he has said to this field in this session, else its preset. */
static void
preset(const struct step *s, struct dataform *f, struct dataform_field *field,
    const struct command_field *d)
{
	const char *said = command_session_value(s->v.session, d->var);

	if (d->kind == DATAFORM_FIXED)
		dataform_set(f, field, command_text(&s->v, d->preset));
	else if (field->value.n == 0 && d->kind != DATAFORM_TEXT_PRIVATE)
		dataform_set(f, field, said != NULL ? pool_strdup(s->v.q->pool, said) : d->preset);
}

/* As command_fill_fn. */
static int
build_field(const struct step *s, struct dataform *f, const struct command_field *d,
    struct err *e)
{
	struct dataform_field *field = dataform_add(f, d->kind, d->var,
	    d->label != NULL ? command_text(&s->v, d->label) : NULL);
	int rc = 1;

	field->required = d->required;
	for (const struct command_choice *c = d->choice; c != NULL && c->value != NULL; c++)
		dataform_offer(f, field, c->value, command_text(&s->v, c->label));
	if (d->fill != NULL)
		rc = d->fill(&s->v, f, field, e);
	preset(s, f, field, d);
	return rc;
}

/* 1; 0: nothing to choose from, and s->v.why says so; -1. */
static int
build(const struct step *s, struct dataform *f, struct err *e)
{
	const struct command_stage *stage = stage_of(s);
	int rc = 1;

	dataform_begin(f, DATAFORM_FORM, s->v.q->pool, title_of(s));
	if (stage->about != NULL)
		dataform_instruct(f, command_text(&s->v, stage->about));
	for (const struct command_field *d = stage->field; d != NULL && d->var != NULL && rc > 0; d++)
		rc = build_field(s, f, d, e);
	if (f->failed)
		return err_set(e, ERR_LIMIT, "the form is too long");
	return rc;
}

static unsigned
may_do(const struct step *s)
{
	unsigned may = 1u << COMMAND_CANCEL;

	if (s->v.session->now.depth > 0 || s->v.session->now.confirming)
		may |= 1u << COMMAND_PREV;
	if (s->v.session->now.confirming)
		return may | 1u << COMMAND_COMPLETE;
	if (has_next(s))
		may |= 1u << COMMAND_NEXT;
	if (has_complete(s))
		may |= 1u << COMMAND_COMPLETE;
	return may;
}

/* Show a form; `type` and `words` say what was wrong with the last answer. */
static int
show(struct step *s, const struct dataform *f, enum command_note type, const char *words,
    struct err *e)
{
	struct reply_command *c = &s->r->u.command;

	answer(s, COMMAND_EXECUTING, f);
	/* Not among what XEP-0050 lists in <actions/>: it is always allowed. */
	c->actions = may_do(s) & ~(1u << COMMAND_CANCEL);
	c->execute = (c->actions & 1u << COMMAND_NEXT) != 0 ? COMMAND_NEXT : COMMAND_COMPLETE;
	return note(s, type, words, e);
}

static int run(struct step *s, struct err *e);

/* The form of the stage he stands at, or, where nothing is asked, what it does. */
static int
present(struct step *s, struct err *e)
{
	const struct reply nothing = { .kind = REPLY_RESULT, .body = BODY_TEXT };
	struct dataform *f = pool_alloc(s->v.q->pool, sizeof(*f));
	int rc;

	if (f == NULL)
		return err_set(e, ERR_LIMIT, "the form is too long");
	if (stage_of(s)->field == NULL)
		return run(s, e);
	buf_reset(s->v.why);
	rc = build(s, f, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return finish(s, &nothing, buf_str(s->v.why), e);
	return show(s, f, COMMAND_INFO, "", e);
}

/* ---- what he answered ---- */

static bool
is_offered(const struct dataform_field *field, const char *value)
{
	for (size_t i = 0; i < field->n_options; i++)
		if (strcmp(field->option[i].value, value) == 0)
			return true;
	return false;
}

static bool
is_jid(const struct step *s, const char *value)
{
	struct jid j;

	return jid_parse_bare(&j, value, s->c->d.profile, NULL) == 0;
}

/* Does the value fit the field it answers?  What was not asked is not looked at. */
static bool
fits(const struct step *s, const struct dataform_field *field, const char *value)
{
	bool truth;

	switch (field->kind) {
	case DATAFORM_LIST_SINGLE:
	case DATAFORM_LIST_MULTI:
		return is_offered(field, value);
	case DATAFORM_BOOLEAN:
		return str_to_bool(value, &truth) == 0;
	case DATAFORM_JID_SINGLE:
		return is_jid(s, value);
	default:
		return true;
	}
}

static bool
is_given(const struct dataform_field *said)
{
	return said != NULL && said->value.n > 0 && said->value.name[0][0] != '\0';
}

/* NULL, or what is wrong with it. */
static const char *
fault_of(const struct step *s, const struct dataform_field *field,
    const struct dataform_field *said, bool leaving_out)
{
	if (field->kind == DATAFORM_FIXED)
		return NULL;
	if (!is_given(said))
		return field->required && !leaving_out ? N_("Please fill in: ") : NULL;
	if (said->value.n > 1 && field->kind != DATAFORM_LIST_MULTI)
		return N_("Only one value can be given for: ");
	for (size_t i = 0; i < said->value.n; i++)
		if (!fits(s, field, said->value.name[i]))
			return N_("This does not fit: ");
	return NULL;
}

/* 1: kept; 0: s->v.why says what is wrong; -1. */
static int
keep(struct step *s, const struct dataform *f, bool leaving_out, struct err *e)
{
	const struct dataform *said = s->asked->form;

	buf_reset(s->v.why);
	for (size_t i = 0; i < f->n; i++) {
		const struct dataform_field *one = dataform_find(said, f->field[i].var);
		const char *fault = fault_of(s, &f->field[i], one, leaving_out);

		if (fault == NULL)
			continue;
		buf_adds(s->v.why, command_text(&s->v, fault));
		buf_adds(s->v.why, f->field[i].label);
		return 0;
	}
	command_session_forget(s->v.session);
	for (size_t i = 0; i < f->n; i++) {
		const struct dataform_field *one = dataform_find(said, f->field[i].var);

		if (f->field[i].kind == DATAFORM_FIXED || !is_given(one))
			continue;
		if (command_session_keep(s->v.session, f->field[i].var, &one->value) != 0)
			return err_set(e, ERR_LIMIT, "too many answers in one session");
	}
	return 1;
}

/* ---- doing it ---- */

/* A line as if he had typed it at the address that he wrote to. */
static void
typed(const struct step *s, const char *line, struct request *chat)
{
	*chat = (struct request){ .verb = VERB_CHAT, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.id = s->v.q->id, .from = s->v.q->from, .bare = s->v.q->bare, .to = s->v.q->to,
		.pool = &s->c->scratch };
	chat->u.chat.body = line;
}

/* The thing he chose from the list is that one, whatever else has its name. */
static int
fill_in(const struct step *s, struct request *q, struct err *e)
{
	const struct owned *o;
	uint8_t *id;

	if (q->verb == VERB_MINE || q->verb == VERB_GET_DEVICES)
		return 0;
	q->u.desk.confirmed = s->v.session->now.confirming;
	if (command_thing(&s->v, &o) != 1)
		return 0;
	id = pool_alloc(&s->c->scratch, OWNERSHIP_ID);
	if (id == NULL)
		return err_set(e, ERR_LIMIT, "the form is too long");
	memcpy(id, o->id, OWNERSHIP_ID);
	q->u.desk.thing_id = id;
	q->u.desk.set = NULL;		/* whatever it is called */
	return 0;
}

/* Something is wrong with what he said: the same form again, and why. */
static int
again(struct step *s, struct err *e)
{
	const struct reply no = { .kind = REPLY_ERROR, .condition = COND_BAD_REQUEST };
	struct dataform *f = pool_alloc(s->v.q->pool, sizeof(*f));
	const char *why = pool_strdup(s->v.q->pool, buf_str(s->v.why));
	int rc;

	if (f == NULL || why == NULL)
		return err_set(e, ERR_LIMIT, "the form is too long");
	if (stage_of(s)->field == NULL)
		return finish(s, &no, why, e);
	rc = build(s, f, e);
	if (rc <= 0)
		return rc < 0 ? -1 : finish(s, &no, buf_str(s->v.why), e);
	return show(s, f, COMMAND_ERROR, why, e);
}

/* What it would do, and nothing else to fill in. */
static int
confirm(struct step *s, const char *effect, struct err *e)
{
	struct dataform *f = pool_alloc(s->v.q->pool, sizeof(*f));

	if (f == NULL)
		return err_set(e, ERR_LIMIT, "the form is too long");
	dataform_begin(f, DATAFORM_FORM, s->v.q->pool, title_of(s));
	dataform_set(f, dataform_add(f, DATAFORM_FIXED, "effect", NULL),
	    pool_strdup(s->v.q->pool, effect));
	s->v.session->now.confirming = true;
	return show(s, f, COMMAND_WARN, effect, e);
}

static int
serve(struct step *s, struct request *q, struct err *e)
{
	const struct command_deps *d = &s->c->d;
	struct reply done = { 0 };

	if (fill_in(s, q, e) != 0 || d->ops->serve(d->arg, q, &done, e) != 0)
		return -1;
	if (done.kind == REPLY_RESULT && done.body == BODY_CONFIRM &&
	    !s->v.session->now.confirming)
		return confirm(s, done.text != NULL ? done.text : "", e);
	buf_reset(s->v.why);
	d->ops->say(d->arg, s->v.why, q, &done);
	return finish(s, &done, buf_str(s->v.why), e);
}

static int
run(struct step *s, struct err *e)
{
	const struct command_deps *d = &s->c->d;
	struct request chat, q;
	int rc;

	buf_reset(s->v.why);
	buf_reset(&s->c->line);
	rc = command_line(&s->v, stage_of(s), &s->c->line, e);
	if (rc < 0)
		return -1;
	typed(s, buf_str(&s->c->line), &chat);
	if (rc == 0)
		rc = d->ops->read(d->arg, &chat, &q, s->v.why);
	return rc != 0 ? again(s, e) : serve(s, &q, e);
}

/* ---- the ways on ---- */

static int
go_on(struct step *s, struct err *e)
{
	const struct command_place *at = command_session_place(s->v.session);
	const struct command_form *form = at->form;
	unsigned stage = at->stage + 1;

	bool known = false;		/* which thing it is about */

	if (stage_of(s)->jumps) {
		form = command_form_find(command_session_value(s->v.session, "do"));
		known = form != NULL && command_picks_thing(form) &&
		    command_session_value(s->v.session, "thing") != NULL;
		stage = known && form->n > 1 ? 1 : 0;
	}
	if (form == NULL || command_session_push(s->v.session, form, stage) != 0)
		return refuse(s, COND_BAD_REQUEST, COMMAND_BAD_PAYLOAD);
	return known && form->n == 1 ? run(s, e) : present(s, e);
}

/* `execute` means whatever the form named as the usual way on. */
static enum command_action
action_of(const struct step *s)
{
	if (s->asked->action != COMMAND_EXECUTE)
		return s->asked->action;
	return !s->v.session->now.confirming && has_next(s) ? COMMAND_NEXT : COMMAND_COMPLETE;
}

static int
answered(struct step *s, struct err *e)
{
	bool next = action_of(s) == COMMAND_NEXT;
	struct dataform f;
	int rc;

	buf_reset(s->v.why);
	rc = build(s, &f, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return again(s, e);
	rc = keep(s, &f, !next && has_next(s), e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return again(s, e);
	return next ? go_on(s, e) : run(s, e);
}

static int
back(struct step *s, struct err *e)
{
	if (s->v.session->now.confirming) {
		s->v.session->now.confirming = false;
		return present(s, e);
	}
	if (command_session_pop(s->v.session) != 0)
		return refuse(s, COND_BAD_REQUEST, COMMAND_BAD_ACTION);
	return present(s, e);
}

static int
cancel(struct step *s)
{
	answer(s, COMMAND_CANCELED, NULL);
	command_session_end(s->c->sessions, s->v.session);
	return 0;
}

static int
go(struct step *s, struct err *e)
{
	enum command_action action = action_of(s);

	if (action == COMMAND_CANCEL ||
	    (s->asked->form != NULL && s->asked->form->type == DATAFORM_CANCEL))
		return cancel(s);
	if (s->asked->form != NULL && s->asked->form->type != DATAFORM_SUBMIT)
		return refuse(s, COND_BAD_REQUEST, COMMAND_BAD_PAYLOAD);
	if ((may_do(s) & 1u << action) == 0)
		return refuse(s, COND_BAD_REQUEST, COMMAND_BAD_ACTION);
	if (action == COMMAND_PREV)
		return back(s, e);
	return s->v.session->now.confirming ? run(s, e) : answered(s, e);
}

/* ---- who ---- */

static bool
may_use(const struct command_steps *c, const struct request *q, const struct command_form *f)
{
	return f->open || ownership_count_of_owner(c->d.ownership, q->bare) > 0;
}

static int
begin(struct step *s, const struct command_form *f, struct err *e)
{
	if (s->asked->action != COMMAND_EXECUTE)
		return refuse(s, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	s->v.session = command_session_new(s->c->sessions, s->v.q->from, f->node, f,
	    clock_boot(s->c->d.clock));
	if (s->v.session == NULL)
		return refuse(s, COND_RESOURCE_CONSTRAINT, COMMAND_FINE);
	return present(s, e);
}

static int
resume(struct step *s, struct err *e)
{
	bool expired;

	s->v.session = command_session_find(s->c->sessions, s->v.q->from, s->asked->node,
	    s->asked->session, clock_boot(s->c->d.clock), &expired);
	if (s->v.session != NULL)
		return go(s, e);
	return expired ? refuse(s, COND_NOT_ALLOWED, COMMAND_SESSION_EXPIRED) :
	    refuse(s, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
}

static int
serve_step(struct command_steps *c, const struct request *q, struct reply *r, struct err *e)
{
	struct step s = { .c = c, .r = r, .asked = &q->u.command,
		.v = { .d = &c->d, .q = q, .scratch = &c->scratch, .why = &c->why } };
	const struct command_form *f = command_form_find(q->u.command.node);

	++*c->steps;
	if (!c->d.ops->is_person(c->d.arg, q->bare))
		return refuse(&s, COND_FORBIDDEN, COMMAND_FINE);
	if (f == NULL || f->hidden)
		return refuse(&s, COND_ITEM_NOT_FOUND, COMMAND_FINE);
	if (!may_use(c, q, f))
		return refuse(&s, COND_FORBIDDEN, COMMAND_FINE);
	if (q->u.command.action == COMMAND_UNKNOWN)
		return refuse(&s, COND_BAD_REQUEST, COMMAND_MALFORMED_ACTION);
	return q->u.command.session == NULL ? begin(&s, f, e) : resume(&s, e);
}

/* ---- which commands there are ---- */

static size_t
listed(struct command_steps *c, const struct request *q, struct reply_item *item)
{
	struct command_view v = { .d = &c->d, .q = q };
	const struct command_form *f;
	size_t n = 0;

	if (!c->d.ops->is_person(c->d.arg, q->bare))
		return 0;
	for (size_t i = 0; (f = command_form_at(i)) != NULL; i++) {
		if (f->hidden || !may_use(c, q, f))
			continue;
		if (item != NULL)
			item[n] = (struct reply_item){ q->to, f->node, command_text(&v, f->title) };
		n++;
	}
	return n;
}

static int
serve_items(struct command_steps *c, const struct request *q, struct reply *r, struct err *e)
{
	size_t n = listed(c, q, NULL);

	r->kind = REPLY_RESULT;
	r->body = BODY_DISCO_ITEMS;
	r->u.items.item = pool_alloc(q->pool, (n + 1) * sizeof(*r->u.items.item));
	if (r->u.items.item == NULL)
		return err_set(e, ERR_LIMIT, "the list is too long");
	r->u.items.n = listed(c, q, r->u.items.item);
	return 0;
}

/* XEP-0050 2.3: a command is automation/command-node; the list is one as well. */
static int
serve_info(struct command_steps *c, const struct request *q, struct reply *r)
{
	static const char *const features[] = { NS_COMMANDS, NS_DATA };
	struct command_view v = { .d = &c->d, .q = q };
	const struct command_form *f = command_form_find(q->u.disco.node);

	r->kind = REPLY_RESULT;
	r->body = BODY_DISCO_INFO;
	r->u.disco = (struct identity_feature_list){ .category = "automation",
		.type = "command-list", .n = 2, .feature = features };
	if (f == NULL)
		return 0;
	r->u.disco.type = "command-node";
	r->u.disco.name = command_text(&v, f->title);
	return 0;
}

bool
command_steps_serves(const struct request *q)
{
	const char *node;
	const struct command_form *f;

	if (q->verb == VERB_COMMAND)
		return true;
	if (q->verb != VERB_DISCO_INFO && q->verb != VERB_DISCO_ITEMS)
		return false;
	node = q->u.disco.node;
	if (node == NULL || strcmp(node, NS_COMMANDS) == 0)
		return node != NULL;
	f = q->verb == VERB_DISCO_INFO ? command_form_find(node) : NULL;
	return f != NULL && !f->hidden;
}

int
command_steps_serve(struct command_steps *c, const struct request *q, struct reply *r,
    struct err *e)
{
	int rc;

	pool_reset(&c->scratch);
	buf_reset(&c->why);
	if (q->verb == VERB_COMMAND) {
		rc = serve_step(c, q, r, e);
		buf_reset(&c->line);		/* it may hold a KEY or a code */
		return rc;
	}
	return q->verb == VERB_DISCO_ITEMS ? serve_items(c, q, r, e) : serve_info(c, q, r);
}

int
command_steps_open(struct command_steps **out, const struct command_deps *deps, struct err *e)
{
	struct command_steps *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	c->d = *deps;
	pool_init(&c->scratch, SCRATCH_BYTES);
	buf_init(&c->why, WORDS_BYTES);
	buf_init(&c->line, LINE_BYTES);
	c->steps = stats_slot(deps->stats, "command_steps", "steps of commands");
	c->refused = stats_slot(deps->stats, "command_refused", "steps of commands that were "
	    "refused");
	if (command_sessions_open(&c->sessions, deps->store, e) != 0) {
		command_steps_close(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void
command_steps_close(struct command_steps **cp)
{
	struct command_steps *c = *cp;

	if (c == NULL)
		return;
	command_sessions_close(&c->sessions);
	pool_fini(&c->scratch);
	buf_fini(&c->why);
	buf_fini(&c->line);
	free(c);
	*cp = NULL;
}
