/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concentrator: one table of commands, one writer for each kind of answer.
 */
#include "config.h"

#include "common/wire/concentrator.h"

#include <stdio.h>
#include <string.h>

#include "common/base/stamp.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

/* ---- requests ----------------------------------------------------------- */

/* In the order of enum concentrator_verb (request.h). */
const char *const concentrator_commands[] = {
	"getCapabilities", "getAllDataSources", "getRootDataSources", "getChildDataSources",
	"containsNode", "containsNodes", "getNode", "getNodes", "getAllNodes",
	"getNodeInheritance", "getRootNodes", "getChildNodes", "getAncestors", "subscribe",
	"unsubscribe", "getNodeCommands", "getCommandParameters", "executeNodeCommand",
	"executeNodeQuery", "abortNodeQuery", NULL
};
_Static_assert(sizeof(concentrator_commands) / sizeof(concentrator_commands[0]) ==
    CONCENTRATOR_UNKNOWN + 1, "one name a verb");

static const struct { const char *name; unsigned bit; } events[] = {
	{ "nodeAdded", CONCENTRATOR_ADDED },
	{ "nodeUpdated", CONCENTRATOR_UPDATED },
	{ "nodeStatusChanged", CONCENTRATOR_STATUS },
	{ "nodeRemoved", CONCENTRATOR_REMOVED },
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

static enum concentrator_verb
verb_called(const char *name)
{
	unsigned i = 0;

	while (concentrator_commands[i] != NULL && strcmp(concentrator_commands[i], name) != 0)
		i++;
	return (enum concentrator_verb)i;
}

static int
parse_events(struct parse *p, const struct stanza *el, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < EVENTS; i++) {
		bool wanted = true;

		if (parse_bool(p, el, events[i].name, NULL, &wanted) < 0)
			return -1;
		*out |= wanted ? events[i].bit : 0;
	}
	return 0;
}

static int
parse_derived(struct parse *p, const struct stanza *el, struct name_list *out)
{
	const struct stanza *c;
	size_t n = 0;

	*out = (struct name_list){ 0, NULL };
	for (c = stanza_first(el); c != NULL; c = stanza_next(c))
		n += stanza_is(c, stanza_ns(el), "onlyIfDerivedFrom");
	if (n > WIRE_NAMES)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	out->name = n > 0 ? pool_alloc(p->pool, n * sizeof(out->name[0])) : NULL;
	if (n > 0 && out->name == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		if (!stanza_is(c, stanza_ns(el), "onlyIfDerivedFrom"))
			continue;
		out->name[out->n] = parse_copy(p, stanza_text(c));
		if (out->name[out->n++] == NULL)
			return -1;
	}
	return 0;
}

/* Nodes behind a thing have a source and may have a partition; some clients always
 * write both, and leave empty what they do not know. */
static void
forget_empty(struct node *n)
{
	if (n->source != NULL && *n->source == '\0')
		n->source = NULL;
	if (n->partition != NULL && *n->partition == '\0')
		n->partition = NULL;
}

int
concentrator_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_concentrator *r = &q->u.concentrator;

	if (strlen(stanza_name(el)) > WIRE_COMMAND_NAME)
		return parse_fail(p, COND_BAD_REQUEST);
	r->command = parse_copy(p, stanza_name(el));
	if (r->command == NULL)
		return -1;
	r->what = verb_called(r->command);
	if (r->what == CONCENTRATOR_UNKNOWN)
		return 0;	/* whatever is in it */
	r->since = stanza_attr(el, "getEventsSince") != NULL;
	if (parse_tokens(p, el, &r->tokens) < 0 || parse_node(p, el, &r->node) < 0 ||
	    parse_nodes(p, el, &r->nodes) < 0 || parse_derived(p, el, &r->derived) < 0 ||
	    parse_bool(p, el, "parameters", NULL, &r->parameters) < 0 ||
	    parse_attr(p, el, "command", WIRE_FIELD_NAME, &r->act) < 0 ||
	    parse_int(p, el, "ttl", 1, &r->ttl) < 0)
		return -1;
	forget_empty(&r->node);
	for (size_t i = 0; i < r->nodes.n; i++)
		forget_empty(&r->nodes.node[i]);
	return parse_events(p, el, &r->events);
}

void
concentrator_write(struct xml *x, const struct request *q)
{
	const struct request_concentrator *r = &q->u.concentrator;
	enum vocab v = q->dialect.vocab;

	emit_tokens(x, v, &r->tokens);
	emit_node(x, v, &r->node);
	if (r->parameters)
		xml_attr_bool(x, "parameters", true);
	xml_attr(x, "command", r->act);
	emit_nodes(x, v, &r->nodes);
}

/* ---- answers: what they share ------------------------------------------- */

static const struct { const char *word; enum condition cond; } results[] = {
	[CONCENTRATOR_OK] = { "OK", COND_NONE },
	[CONCENTRATOR_NOT_FOUND] = { "NotFound", COND_ITEM_NOT_FOUND },
	[CONCENTRATOR_INSUFFICIENT] = { "InsufficientPrivileges", COND_FORBIDDEN },
	[CONCENTRATOR_NOT_IMPLEMENTED] = { "NotImplemented", COND_FEATURE_NOT_IMPLEMENTED },
	[CONCENTRATOR_FORM_ERROR] = { "FormError", COND_BAD_REQUEST },
	[CONCENTRATOR_OTHER_ERROR] = { "OtherError", COND_RESOURCE_CONSTRAINT },
};

static bool
is_first(const struct dialect *d)
{
	return d->gen == GEN_X;
}

/* <fooResponse result> in X, `later` in the others; the caller closes two. */
static void
answer_open(struct xml *x, const struct request *q, char name[static WIRE_COMMAND_NAME + 16],
    const char *later, enum concentrator_result r)
{
	const char *uri = ns_uri(PROTO_CONCENTRATOR, q->dialect.gen);

	emit_answer(x, q, "result");
	snprintf(name, WIRE_COMMAND_NAME + 16, "%sResponse", q->u.concentrator.command);
	xml_open(x, is_first(&q->dialect) ? name : later, uri);
	if (is_first(&q->dialect))
		xml_attr(x, "result", results[r].word);
}

static int
answer_close(struct xml *x)
{
	xml_close(x);
	xml_close(x);
	return xml_end(x);
}

static int
error_write(struct buf *out, const struct request *q, enum condition cond)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "error");
	emit_error_open(&x, cond);
	return answer_close(&x);
}

int
concentrator_result_write(struct buf *out, const struct request *q, enum concentrator_result r)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	if (!is_first(&q->dialect) && r != CONCENTRATOR_OK)
		return error_write(out, q, results[r].cond);
	xml_begin(&x, out);
	if (is_first(&q->dialect)) {
		answer_open(&x, q, name, NULL, r);
		return answer_close(&x);
	}
	emit_answer(&x, q, "result");
	xml_close(&x);
	return xml_end(&x);
}

static void
attr_time(struct xml *x, const char *name, int64_t ms)
{
	char text[STAMP];

	stamp_write(text, ms);
	xml_attr(x, name, ms > 0 && *text != '\0' ? text : NULL);
}

/* ---- answers: one each --------------------------------------------------- */

int
concentrator_names_write(struct buf *out, const struct request *q, const char *const *value)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	answer_open(&x, q, name, "strings", CONCENTRATOR_OK);
	for (; *value != NULL; value++)
		xml_leaf(&x, "value", NULL, *value);
	return answer_close(&x);
}

int
concentrator_sources_write(struct buf *out, const struct request *q,
    const struct concentrator_source *source, size_t n)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	answer_open(&x, q, name, "dataSources", CONCENTRATOR_OK);
	for (size_t i = 0; i < n; i++) {
		xml_open(&x, "dataSource", NULL);
		xml_attr(&x, word(q->dialect.vocab, WORD_SOURCE), source[i].id);
		xml_attr(&x, "name", source[i].id);
		xml_attr_bool(&x, "hasChildren", false);
		attr_time(&x, "lastChanged", source[i].changed_ms);
		xml_close(&x);
	}
	return answer_close(&x);
}

int
concentrator_bools_write(struct buf *out, const struct request *q, const bool *value, size_t n)
{
	bool one = q->u.concentrator.what == CONCENTRATOR_CONTAINS_NODE;
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	answer_open(&x, q, name, one ? "bool" : "bools", CONCENTRATOR_OK);
	if (one)
		xml_text(&x, value[0] ? "true" : "false");
	for (size_t i = 0; !one && i < n; i++)
		xml_leaf(&x, is_first(&q->dialect) ? "value" : "bool", NULL,
		    value[i] ? "true" : "false");
	return answer_close(&x);
}

static void
parameters_write(struct xml *x, const struct tag_list *tags)
{
	for (size_t i = 0; tags != NULL && i < tags->n; i++) {
		const struct tag *t = &tags->tag[i];

		xml_open(x, t->is_num ? "double" : "string", NULL);
		xml_attr(x, "id", t->name);
		xml_attr(x, "name", t->name);
		xml_attr(x, "value", t->str);
		xml_close(x);
	}
}

/* The schema of generation X has the source of a node only where an event names it. */
static void
node_attrs(struct xml *x, const struct dialect *d, const struct concentrator_node *n, bool event)
{
	struct node at = n->at;

	if (is_first(d) && !event)
		at.source = NULL;
	emit_node(x, d->vocab, &at);
	xml_attr(x, "displayName", n->name);
	xml_attr(x, "nodeType", n->type);
	xml_attr(x, "state", n->state);
	xml_attr_bool(x, "hasChildren", n->has_children);
	xml_attr_bool(x, "isReadable", n->readable);
	xml_attr_bool(x, "isControllable", n->controllable);
	xml_attr_bool(x, "hasCommands", n->commands);
	xml_attr(x, "parentId", n->parent);
	xml_attr(x, d->vocab == VOCAB_LONG ? "parentCacheType" : "parentPartition",
	    n->parent_partition);
	attr_time(x, "lastChanged", n->changed_ms);
	parameters_write(x, n->parameters);
}

int
concentrator_nodes_write(struct buf *out, const struct request *q,
    const struct concentrator_node *node, size_t n)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	if (q->u.concentrator.what == CONCENTRATOR_GET_NODE && n == 1) {
		answer_open(&x, q, name, "nodeInfo", CONCENTRATOR_OK);
		node_attrs(&x, &q->dialect, node, false);
		return answer_close(&x);
	}
	answer_open(&x, q, name, "nodeInfos", CONCENTRATOR_OK);
	for (size_t i = 0; i < n; i++) {
		xml_open(&x, is_first(&q->dialect) ? "node" : "nodeInfo", NULL);
		node_attrs(&x, &q->dialect, &node[i], false);
		xml_close(&x);
	}
	return answer_close(&x);
}

int
concentrator_classes_write(struct buf *out, const struct request *q, const char *type)
{
	const char *uri = ns_uri(PROTO_CONCENTRATOR, q->dialect.gen);
	struct xml x;

	/* The one answer of the schema that has no result. */
	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, is_first(&q->dialect) ? "getNodeInheritanceResponse" : "inheritance", uri);
	xml_open(&x, "baseClasses", NULL);
	xml_leaf(&x, "value", NULL, type);
	xml_close(&x);
	return answer_close(&x);
}

int
concentrator_list_commands_write(struct buf *out, const struct request *q,
    const struct concentrator_command *command, size_t n)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	answer_open(&x, q, name, "commands", CONCENTRATOR_OK);
	for (size_t i = 0; i < n; i++) {
		xml_open(&x, "command", NULL);
		xml_attr(&x, "command", command[i].command);
		xml_attr(&x, "name", command[i].name);
		xml_attr(&x, "type", "Simple");
		xml_close(&x);
	}
	return answer_close(&x);
}

int
concentrator_form_write(struct buf *out, const struct request *q, const char *title)
{
	char name[WIRE_COMMAND_NAME + 16];
	struct xml x;

	xml_begin(&x, out);
	if (is_first(&q->dialect))
		answer_open(&x, q, name, NULL, CONCENTRATOR_OK);
	else
		emit_answer(&x, q, "result");
	xml_open(&x, "x", NS_DATA);
	xml_attr(&x, "type", "form");
	xml_leaf(&x, "title", NULL, title);
	xml_close(&x);
	if (is_first(&q->dialect))
		xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

/* ---- events -------------------------------------------------------------- */

static const char *
event_name(unsigned event)
{
	size_t i = 0;

	while (i + 1 < EVENTS && events[i].bit != event)
		i++;
	return events[i].name;
}

int
concentrator_event_write(struct buf *out, const struct dialect *d, const char *to, const char *id,
    unsigned event, const struct concentrator_node *node)
{
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "to", to);
	xml_attr(&x, "id", id);
	xml_open(&x, event_name(event), ns_uri(PROTO_CONCENTRATOR, d->gen));
	if (event & (CONCENTRATOR_ADDED | CONCENTRATOR_UPDATED)) {
		node_attrs(&x, d, node, true);
	} else {
		emit_node(&x, d->vocab, &node->at);
		if (event == CONCENTRATOR_STATUS)
			xml_attr(&x, "state", node->state);
	}
	if (!is_first(d))
		attr_time(&x, "ts", node->changed_ms);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
