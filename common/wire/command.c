/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: one element both ways.  An action nobody knows is parsed, because
 * the protocol has a condition of its own for it.
 */
#include "config.h"

#include "common/wire/command.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/dataform.h"
#include "common/wire/stanza.h"

static const char *const actions[] = {
	[COMMAND_EXECUTE] = "execute", [COMMAND_NEXT] = "next", [COMMAND_PREV] = "prev",
	[COMMAND_COMPLETE] = "complete", [COMMAND_CANCEL] = "cancel"
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const char *const statuses[] = {
	[COMMAND_EXECUTING] = "executing", [COMMAND_COMPLETED] = "completed",
	[COMMAND_CANCELED] = "canceled"
};
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static const char *const notes[] = {
	[COMMAND_INFO] = "info", [COMMAND_WARN] = "warn", [COMMAND_ERROR] = "error"
};
#define NOTES (sizeof(notes) / sizeof(notes[0]))

/* XEP-0050 4.4, table 5. */
static const char *const faults[] = {
	[COMMAND_FINE] = NULL,
	[COMMAND_MALFORMED_ACTION] = "malformed-action",
	[COMMAND_BAD_ACTION] = "bad-action",
	[COMMAND_BAD_PAYLOAD] = "bad-payload",
	[COMMAND_BAD_SESSION] = "bad-sessionid",
	[COMMAND_SESSION_EXPIRED] = "session-expired"
};

const char *
command_fault_name(enum command_fault fault)
{
	return (unsigned)fault < sizeof(faults) / sizeof(faults[0]) ? faults[fault] : NULL;
}

static int
index_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

/* At most one form; what else is inside is nothing to us. */
static int
form_parse(struct parse *p, const struct stanza *el, const struct dataform **out)
{
	struct dataform *f = NULL;

	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		if (!stanza_is(c, NS_DATA, "x"))
			continue;
		if (f != NULL)
			return parse_fail(p, COND_BAD_REQUEST);
		f = pool_alloc(p->pool, sizeof(*f));
		if (f == NULL)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		if (dataform_parse(p, c, f) < 0)
			return -1;
	}
	*out = f;
	return 0;
}

int
command_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_command *c = &q->u.command;
	const char *action;
	int found;

	if (parse_needed(p, el, "node", WIRE_NODE_TEXT, &c->node) < 0 ||
	    parse_attr(p, el, "sessionid", WIRE_SESSION, &c->session) < 0 ||
	    parse_attr(p, el, "action", WIRE_NAME_BYTES, &action) < 0)
		return -1;
	found = action != NULL ? index_of(action, actions, ACTIONS) : COMMAND_EXECUTE;
	c->action = found < 0 ? COMMAND_UNKNOWN : (enum command_action)found;
	return form_parse(p, el, &c->form);
}

void
command_write(struct xml *x, const struct request *q)
{
	const struct request_command *c = &q->u.command;

	xml_attr(x, "node", c->node);
	xml_attr(x, "sessionid", c->session);
	xml_attr(x, "action", c->action < COMMAND_UNKNOWN ? actions[c->action] : "?");
	if (c->form != NULL)
		dataform_write(x, c->form);
}

static int
actions_parse(struct parse *p, const struct stanza *el, struct reply_command *c)
{
	const char *execute;
	int found = COMMAND_EXECUTE;

	if (parse_attr(p, el, "execute", WIRE_NAME_BYTES, &execute) < 0)
		return -1;
	if (execute != NULL)
		found = index_of(execute, actions, ACTIONS);
	if (found < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	c->execute = (enum command_action)found;
	for (const struct stanza *a = stanza_first(el); a != NULL; a = stanza_next(a))
		if ((found = index_of(stanza_name(a), actions, ACTIONS)) >= 0)
			c->actions |= 1u << found;
	return 0;
}

static int
note_parse(struct parse *p, const struct stanza *el, struct reply_command *c)
{
	const char *type;
	int found;

	if (parse_attr(p, el, "type", WIRE_NAME_BYTES, &type) < 0)
		return -1;
	found = type != NULL ? index_of(type, notes, NOTES) : COMMAND_INFO;
	if (found < 0 || str_utf8_chars(stanza_text(el)) > WIRE_BODY_CHARS)
		return parse_fail(p, COND_BAD_REQUEST);
	c->note_type = (enum command_note)found;
	c->note = parse_copy(p, stanza_text(el));
	return c->note != NULL ? 0 : -1;
}

int
command_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct reply_command *c = &r->u.command;
	const struct stanza *a = stanza_child(el, NS_COMMANDS, "actions");
	const struct stanza *note = stanza_child(el, NS_COMMANDS, "note");
	const char *status;
	int found;

	if (parse_needed(p, el, "node", WIRE_NODE_TEXT, &c->node) < 0 ||
	    parse_attr(p, el, "sessionid", WIRE_SESSION, &c->session) < 0 ||
	    parse_needed(p, el, "status", WIRE_NAME_BYTES, &status) < 0)
		return -1;
	if ((found = index_of(status, statuses, STATUSES)) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	c->status = (enum command_status)found;
	if ((a != NULL && actions_parse(p, a, c) < 0) ||
	    (note != NULL && note_parse(p, note, c) < 0))
		return -1;
	return form_parse(p, el, &c->form);
}

static void
actions_write(struct xml *x, const struct reply_command *c)
{
	if (c->status != COMMAND_EXECUTING || c->actions == 0)
		return;
	xml_open(x, "actions", NULL);
	if (c->execute != COMMAND_EXECUTE)
		xml_attr(x, "execute", actions[c->execute]);
	for (unsigned i = 0; i < ACTIONS; i++)
		if ((c->actions & 1u << i) != 0)
			xml_leaf(x, actions[i], NULL, "");
	xml_close(x);
}

void
command_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	const struct reply_command *c = &r->u.command;

	(void)q;
	xml_attr(x, "node", c->node);
	xml_attr(x, "sessionid", c->session);
	xml_attr(x, "status", statuses[c->status]);
	actions_write(x, c);
	if (c->form != NULL)
		dataform_write(x, c->form);
	if (c->note == NULL)
		return;
	xml_open(x, "note", NULL);
	xml_attr(x, "type", notes[c->note_type]);
	xml_text(x, c->note);
	xml_close(x);
}
