/* SPDX-License-Identifier: Apache-2.0 */
/* stanza_recipe: one line a word with its arguments; `-` stands for "absent". */
#include "config.h"

#include "tests/unit/stanza_recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/wire/control.h"
#include "common/wire/dataform.h"
#include "common/wire/sensordata.h"

#define LIST 16
#define WORDS 6

struct recipe {
	struct reply reply;
	const struct request *q;
	struct buf *out;
	bool written;		/* by one of the thing's own writers */
	struct node node[LIST];
	const char *name[LIST];
	struct found_thing thing[LIST];
	struct tag tag[LIST];
	const char *feature[LIST];
	struct reply_item item[LIST];
	struct limit limit[LIST];
	size_t tags;
	struct dataform dataform;
};

typedef void step_fn(struct recipe *r, char *arg[WORDS]);

static const char *
maybe(const char *arg)
{
	return arg == NULL || strcmp(arg, "-") == 0 ? NULL : arg;
}

static bool
yes(const char *arg)
{
	return arg != NULL && strcmp(arg, "true") == 0;
}

static int64_t
whole(const char *arg)
{
	int64_t v = 0;

	return arg != NULL && str_to_int(arg, 0, INT64_MAX, &v) == 0 ? v : 0;
}

static void
do_body(struct recipe *r, char *arg[WORDS])
{
	static const struct { const char *name; enum body body; } all[] = {
		{ "empty", BODY_EMPTY }, { "claimed", BODY_CLAIMED },
		{ "disowned", BODY_DISOWNED }, { "found", BODY_FOUND },
		{ "isFriend", BODY_IS_FRIEND }, { "canRead", BODY_CAN_READ },
		{ "canControl", BODY_CAN_CONTROL }, { "clearCache", BODY_CLEAR_CACHE },
		{ "info", BODY_DISCO_INFO }, { "items", BODY_DISCO_ITEMS },
		{ "challenge", BODY_TOKEN_CHALLENGE }, { "token", BODY_TOKEN },
		{ "certificate", BODY_CERTIFICATE }, { "proof", BODY_TOKEN_PROOF },
		{ "version", BODY_VERSION }, { "worded", BODY_TEXT },
	};

	r->reply.kind = REPLY_RESULT;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (arg[0] != NULL && strcmp(arg[0], all[i].name) == 0)
			r->reply.body = all[i].body;
}

/* seqnr N, token T, data TEXT, ours true */
static void
do_seqnr(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.token.seqnr = whole(arg[0]);
}

static void
do_token(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.token.token = maybe(arg[0]);
}

static void
do_bytes(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.token.data = (const uint8_t *)arg[0];
	r->reply.u.token.len = arg[0] != NULL ? strlen(arg[0]) : 0;
}

static void
do_ours(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.token.sha256 = yes(arg[0]);
}

static void
do_error(struct recipe *r, char *arg[WORDS])
{
	reply_error(&r->reply, arg[0] != NULL ? condition_find(arg[0]) : COND_NONE);
}

static void
do_jid(struct recipe *r, char *arg[WORDS])
{
	if (r->reply.body == BODY_CLAIMED)
		r->reply.u.claimed.jid = maybe(arg[0]);
	else
		r->reply.u.can.jid = maybe(arg[0]);
}

static void
do_public(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.claimed.is_public = yes(arg[0]);
}

static void
do_result(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.can.result = yes(arg[0]);
}

static void
do_types(struct recipe *r, char *arg[WORDS])
{
	if (arg[0] != NULL && strcmp(arg[0], "asked") == 0)
		r->reply.u.can.types = r->q->u.can.types;
	else
		r->reply.u.can.types = FIELD_MOMENTARY;
}

static void
do_node(struct recipe *r, char *arg[WORDS])
{
	struct node n = { maybe(arg[0]), maybe(arg[1]), maybe(arg[2]) };
	struct node_list *l = &r->reply.u.can.nodes;

	if (r->reply.body == BODY_CLAIMED) {
		r->reply.u.claimed.node = n;
	} else if (r->reply.body == BODY_FOUND) {
		r->thing[r->reply.u.found.n - 1].node = n;
	} else {
		r->node[l->n++] = n;
		l->node = r->node;
	}
}

static void
do_name(struct recipe *r, char *arg[WORDS])
{
	struct name_list *l = &r->reply.u.can.names;

	r->name[l->n++] = arg[0];
	l->name = r->name;
}

static void
do_more(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.found.more = yes(arg[0]);
}

static void
do_thing(struct recipe *r, char *arg[WORDS])
{
	struct reply_found *f = &r->reply.u.found;

	r->thing[f->n] = (struct found_thing){ .jid = arg[0], .owner = maybe(arg[1]) };
	r->thing[f->n].tags.tag = &r->tag[r->tags];
	f->thing = r->thing;
	f->n++;
}

static void
add_tag(struct recipe *r, char *arg[WORDS], bool is_num)
{
	struct found_thing *t = &r->thing[r->reply.u.found.n - 1];
	struct tag *tag = &r->tag[r->tags++];

	*tag = (struct tag){ .name = arg[0], .is_num = is_num, .str = arg[1] };
	if (is_num && str_to_double(arg[1], &tag->num) < 0)
		tag->num = -1;
	t->tags.n++;
}

static void
do_str(struct recipe *r, char *arg[WORDS])
{
	add_tag(r, arg, false);
}

static void
do_num(struct recipe *r, char *arg[WORDS])
{
	add_tag(r, arg, true);
}

static void
do_lease(struct recipe *r, char *arg[WORDS])
{
	r->reply.has_lease = true;
	r->reply.revision = (uint64_t)whole(arg[0]);
	r->reply.lease_ms = whole(arg[1]);
}

/* limit NAME MIN MAX TEXT RULE TIMES/SECONDS; MIN and MAX with a '!' behind: not itself */
static bool
limit_end(char *arg, bool *out, double *v)
{
	size_t n = arg != NULL ? strlen(arg) : 0;

	if (maybe(arg) == NULL)
		return false;
	*out = n > 0 && arg[n - 1] == '!';
	if (*out)
		arg[n - 1] = '\0';
	return str_to_double(arg, v) == 0;
}

static void
do_limit(struct recipe *r, char *arg[WORDS])
{
	struct reply_can *can = &r->reply.u.can;
	struct limit *l = &r->limit[can->n_limits++];
	char *slash = arg[5] != NULL ? strchr(arg[5], '/') : NULL;

	l->span.name = maybe(arg[0]);
	l->span.has_min = limit_end(arg[1], &l->span.min_out, &l->span.min);
	l->span.has_max = limit_end(arg[2], &l->span.max_out, &l->span.max);
	l->span.text = maybe(arg[3]);
	l->rule = whole(arg[4]);
	if (slash != NULL) {
		*slash = '\0';
		l->rate_n = (int32_t)whole(arg[5]);
		l->rate_ms = 1000 * whole(slash + 1);
	}
	can->limit = r->limit;
}

static void
do_trust(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.can.secondary_trust = yes(arg[0]);
}

static void
do_self(struct recipe *r, char *arg[WORDS])
{
	r->reply.self.told = true;
	r->reply.self.time_ms = whole(arg[0]);
	r->reply.self.epoch = (uint64_t)whole(arg[1]);
	r->reply.self.nonce = maybe(arg[2]);
}

static void
do_reason(struct recipe *r, char *arg[WORDS])
{
	r->reply.reason = arg[0];
	r->reply.retry_after_ms = whole(arg[1]);
	r->reply.ask_whom = maybe(arg[2]);
}

static void
do_feature(struct recipe *r, char *arg[WORDS])
{
	struct identity_feature_list *d = &r->reply.u.disco;

	d->category = "component";
	d->type = "generic";
	d->name = "kith";
	r->feature[d->n++] = arg[0];
	d->feature = r->feature;
}

static void
do_item(struct recipe *r, char *arg[WORDS])
{
	r->item[r->reply.u.items.n++] = (struct reply_item){ .jid = arg[0], .name = maybe(arg[1]) };
	r->reply.u.items.item = r->item;
}

static void
do_command(struct recipe *r, char *arg[WORDS])
{
	struct reply_command *c = &r->reply.u.command;
	bool executing = arg[0] != NULL && strcmp(arg[0], "executing") == 0;

	r->reply.kind = REPLY_RESULT;
	r->reply.body = BODY_COMMAND;
	c->node = r->q->u.command.node;
	c->session = maybe(arg[1]);
	c->status = executing ? COMMAND_EXECUTING : COMMAND_COMPLETED;
	if (executing) {
		c->actions = 1u << COMMAND_NEXT | 1u << COMMAND_COMPLETE;
		c->execute = COMMAND_NEXT;
	}
	dataform_begin(&r->dataform, executing ? DATAFORM_FORM : DATAFORM_RESULT, r->q->pool,
	    maybe(arg[2]));
	c->form = &r->dataform;
}

static void
do_note(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.command.note_type = (enum command_note)whole(arg[0]);
	r->reply.u.command.note = arg[1];
}

/* ask KIND VAR LABEL VALUE: a field that must be filled in */
static void
do_ask(struct recipe *r, char *arg[WORDS])
{
	struct dataform_field *field = dataform_add(&r->dataform,
	    (enum dataform_kind)whole(arg[0]), maybe(arg[1]), maybe(arg[2]));

	field->required = true;
	dataform_set(&r->dataform, field, maybe(arg[3]));
}

static void
do_offer(struct recipe *r, char *arg[WORDS])
{
	dataform_offer(&r->dataform, &r->dataform.field[r->dataform.n - 1], arg[0], maybe(arg[1]));
}

static void
do_column(struct recipe *r, char *arg[WORDS])
{
	dataform_column(&r->dataform, arg[0], maybe(arg[1]));
}

static void
do_row(struct recipe *r, char *arg[WORDS])
{
	const char *cells[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		cells[i] = maybe(arg[i]);
	dataform_row(&r->dataform, cells);
}

static void
do_fault(struct recipe *r, char *arg[WORDS])
{
	r->reply.u.command.fault = (enum command_fault)whole(arg[0]);
}

/* 2026-05-01T08:00:00Z and a quarter of a second later. */
static const struct reading readings[] = {
	{ .name = "Temperature", .type = VALUE_NUMERIC, .num = 21.5, .unit = "C",
	    .types = FIELD_MOMENTARY, .at_ms = 1777622400000 },
	{ .name = "Load", .type = VALUE_NUMERIC, .num = 3, .unit = "", .writable = true,
	    .types = FIELD_MOMENTARY, .at_ms = 1777622400000,
	    .quality = READING_AUTOMATIC_ESTIMATE | READING_WARNING },
	{ .name = "Gas", .failed = "no answer in time <3>", .at_ms = 1777622400000 },
	{ .name = "Boots", .type = VALUE_INT, .num = -0.0,
	    .types = FIELD_MOMENTARY, .at_ms = 1777622400000 },
	{ .name = "Wh", .type = VALUE_LONG, .num = 1e15,
	    .types = FIELD_MOMENTARY, .at_ms = 1777622400000 },
	{ .name = "Lamp", .type = VALUE_BOOL, .boolean = true,
	    .types = FIELD_MOMENTARY, .at_ms = 1777622400000 },
	{ .name = "Since", .type = VALUE_DURATION, .text = "PT3M30S",
	    .types = FIELD_STATUS, .at_ms = 1777622400250 },
	{ .name = "Mode", .type = VALUE_ENUM, .text = "<eco>", .data_type = "Mode",
	    .types = FIELD_STATUS | FIELD_COMPUTED, .at_ms = 1777622400250 },
	{ .name = "Day", .type = VALUE_DATE, .text = "2026-05-01", .types = FIELD_HISTORICAL,
	    .history = 0x0fu, .at_ms = 1777622400250 },
	{ .name = "Alarm", .type = VALUE_TIME, .text = "08:30:00", .at_ms = 1777622400250,
	    .types = FIELD_HISTORICAL | FIELD_STATUS },
	{ .name = "Built", .type = VALUE_DATETIME, .text = "2026-05-01T08:00:00Z",
	    .types = FIELD_STATUS, .at_ms = 1777622400250, .quality = READING_SIGNED },
	{ .name = "Model", .type = VALUE_STRING, .text = "\"A&B\"",
	    .types = FIELD_IDENTITY, .at_ms = 1777622400250, .node = { "n1", "s1", NULL } },
	{ .name = "Door", .failed = "broken", .at_ms = 1777622400250, .node = { "n1", "s1", NULL } },
};
#define READINGS (sizeof(readings) / sizeof(readings[0]))

static void
do_accepted(struct recipe *r, char *arg[WORDS])
{
	r->written = readout_accepted_write(r->out, r->q, maybe(arg[0]) != NULL) == 0;
	buf_addc(r->out, '\n');
}

static void
do_data(struct recipe *r, char *arg[WORDS])
{
	r->written = readout_data_write(r->out, r->q, "data-1", readings, READINGS,
	    maybe(arg[0]) != NULL) == 0;
	buf_addc(r->out, '\n');
}

static void
do_started(struct recipe *r, char *arg[WORDS])
{
	(void)arg;
	r->written = readout_started_write(r->out, r->q, "started-1") == 0;
	buf_addc(r->out, '\n');
}

static void
do_failures(struct recipe *r, char *arg[WORDS])
{
	(void)arg;
	if (readout_fails_apart(r->q))
		(void)readout_failure_write(r->out, r->q, "failure-1", readings, READINGS);
	else
		buf_adds(r->out, "(has them among its data)");
	r->written = true;
	buf_addc(r->out, '\n');
}

static void
do_inline(struct recipe *r, char *arg[WORDS])
{
	(void)arg;
	if (readout_answer_write(r->out, r->q, readings, READINGS) < 0)
		buf_adds(r->out, "(has no such answer)");
	r->written = true;
	buf_addc(r->out, '\n');
}

/* A `reason` before it. */
static struct denied
why_of(const struct recipe *r)
{
	return (struct denied){ r->reply.reason, r->reply.retry_after_ms, r->reply.ask_whom };
}

static void
do_refuse(struct recipe *r, char *arg[WORDS])
{
	struct denied why = why_of(r);

	r->written = readout_error_write(r->out, r->q, condition_find(arg[0]),
	    maybe(arg[1]), &why) == 0;
	buf_addc(r->out, '\n');
}

static void
do_cancelled(struct recipe *r, char *arg[WORDS])
{
	(void)arg;
	r->written = readout_cancelled_write(r->out, r->q) == 0;
	buf_addc(r->out, '\n');
}

static void
do_done(struct recipe *r, char *arg[WORDS])
{
	const char *names[1] = { arg[0] };
	struct name_list done = { 1, names };

	r->written = control_done_write(r->out, r->q, &r->q->u.control.nodes,
	    maybe(arg[0]) != NULL ? &done : NULL) == 0;
	buf_addc(r->out, '\n');
}

static void
do_fail(struct recipe *r, char *arg[WORDS])
{
	struct denied why = why_of(r);
	struct control_fault fault = { maybe(arg[1]), maybe(arg[2]) };
	struct control_no no = { .cond = condition_find(arg[0]), .text = maybe(arg[2]),
		.n = fault.parameter != NULL, .fault = &fault, .why = &why };

	r->written = control_error_write(r->out, r->q, &no) == 0;
	buf_addc(r->out, '\n');
}

static void
do_form(struct recipe *r, char *arg[WORDS])
{
	static const char *const modes[] = { "eco", "full" };
	static const struct control_field fields[] = {
		{ .name = "led", .label = "Light", .type = VALUE_BOOL, .value = "true" },
		{ .name = "level", .type = VALUE_NUMERIC, .value = "12.5", .has_min = true,
		    .has_max = true, .min = 0, .max = 100, .desc = "from 0 to 100" },
		{ .name = "mode", .type = VALUE_ENUM, .value = "eco", .options = 2,
		    .option = modes, .read_only = true, .error = "used up" },
		{ .name = "text", .type = VALUE_STRING },
		{ .name = "count", .type = VALUE_INT, .has_min = true, .min = 1 },
		{ .name = "big", .type = VALUE_LONG },
		{ .name = "from", .type = VALUE_TIME, .group = "night" },
		{ .name = "day", .type = VALUE_DATE },
		{ .name = "moment", .type = VALUE_DATETIME },
		{ .name = "for", .type = VALUE_DURATION, .group = "night" },
		{ .name = "shade", .type = VALUE_COLOR, .value = "ff8000" },
	};
	static const struct control_form form = { .title = "Lamp", .session = "one",
		.n = sizeof(fields) / sizeof(fields[0]), .field = fields };

	(void)arg;
	r->written = control_form_answer_write(r->out, r->q, &form) == 0;
	buf_addc(r->out, '\n');
}

static const struct { const char *word; step_fn *step; } steps[] = {
	{ "seqnr", do_seqnr }, { "token", do_token }, { "bytes", do_bytes }, { "ours", do_ours },
	{ "body", do_body }, { "error", do_error }, { "jid", do_jid }, { "public", do_public },
	{ "result", do_result }, { "types", do_types }, { "node", do_node }, { "name", do_name },
	{ "more", do_more }, { "thing", do_thing }, { "str", do_str }, { "num", do_num },
	{ "lease", do_lease }, { "limit", do_limit }, { "trust", do_trust }, { "self", do_self }, { "reason", do_reason }, { "feature", do_feature },
	{ "item", do_item }, { "accepted", do_accepted }, { "data", do_data },
	{ "started", do_started }, { "failures", do_failures }, { "inline", do_inline }, { "refuse", do_refuse }, { "cancelled", do_cancelled },
	{ "done", do_done }, { "fail", do_fail }, { "form", do_form },
	{ "command", do_command }, { "note", do_note }, { "ask", do_ask }, { "offer", do_offer },
	{ "column", do_column }, { "row", do_row }, { "fault", do_fault },
};

static int
do_line(struct recipe *r, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " ", &rest), *arg[WORDS] = { NULL };

	if (word == NULL)
		return 0;
	for (size_t i = 0; i < WORDS; i++)
		arg[i] = strtok_r(NULL, " ", &rest);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(word, steps[i].word) == 0) {
			steps[i].step(r, arg);
			return 0;
		}
	return -1;
}

int
recipe_answer(struct buf *out, const char *recipe, const struct request *q)
{
	struct recipe r = { .q = q, .out = out };
	char *text = strdup(recipe), *rest = NULL;
	int ret = text != NULL ? 0 : -1;

	for (char *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL;
	    line != NULL && ret == 0; line = strtok_r(NULL, "\n", &rest))
		ret = do_line(&r, line);
	if (ret == 0 && !r.written) {
		ret = reply_write(out, q, &r.reply);
		buf_addc(out, '\n');
	}
	free(text);
	return ret;
}
