/* SPDX-License-Identifier: Apache-2.0 */
/* stanza_dump: one element a line, written with xml.c; absent members are left out. */
#include "config.h"

#include "tests/unit/stanza_dump.h"

#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/wire/dataform.h"
#include "common/wire/emit.h"
#include "common/wire/words.h"
#include "common/wire/xml.h"

struct line {
	struct buf *out;
	struct xml x;
};

static struct line
line_open(struct buf *out, const char *name)
{
	struct line l = { .out = out };

	buf_adds(out, "  ");
	xml_begin(&l.x, out);
	xml_open(&l.x, name, NULL);
	return l;
}

static void
line_close(struct line *l)
{
	xml_close(&l->x);
	(void)xml_end(&l->x);
	buf_addc(l->out, '\n');
}

/* One element with one attribute; nothing when the value is absent. */
static void
one(struct buf *out, const char *name, const char *value)
{
	struct line l;

	if (value == NULL)
		return;
	l = line_open(out, name);
	xml_attr(&l.x, "is", value);
	line_close(&l);
}

static void
flag(struct buf *out, const char *name, bool value)
{
	one(out, name, value ? "true" : "false");
}

static void
number(struct buf *out, const char *name, int64_t value)
{
	struct line l = line_open(out, name);

	xml_attr_int(&l.x, "is", value);
	line_close(&l);
}

static void
real(struct xml *x, const char *name, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	xml_attr(x, name, text);
}

static void
dump_node(struct buf *out, const struct node *n, bool always)
{
	struct line l;

	if (!always && !node_is_set(n))
		return;
	l = line_open(out, "node");
	xml_attr(&l.x, "id", n->id);
	xml_attr(&l.x, "source", n->source);
	xml_attr(&l.x, "partition", n->partition);
	line_close(&l);
}

static void
dump_tags(struct buf *out, const struct tag_list *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		struct line l = line_open(out, "tag");

		xml_attr(&l.x, "name", tags->tag[i].name);
		xml_attr(&l.x, tags->tag[i].is_num ? "number" : "text", tags->tag[i].str);
		if (tags->tag[i].is_num)
			real(&l.x, "value", tags->tag[i].num);
		line_close(&l);
	}
}

static void
dump_names(struct buf *out, const char *what, const struct name_list *names)
{
	for (size_t i = 0; i < names->n; i++)
		one(out, what, names->name[i]);
}

static void
dump_types(struct buf *out, unsigned types, unsigned history)
{
	for (unsigned i = 0; i < WORD_FIELD_TYPES; i++)
		if ((types & word_field_bit(i)) != 0)
			one(out, "type", word(VOCAB_LONG, word_field_word(i)));
	for (unsigned i = 0; i < WORD_HISTORIES; i++)
		if ((history & 1u << i) != 0)
			one(out, "history", word_history(i));
}

static void
dump_nodes(struct buf *out, const struct node_list *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		dump_node(out, &nodes->node[i], true);
}

static void
dump_tokens(struct buf *out, const struct tokens *t)
{
	dump_names(out, "service-token", &t->service);
	dump_names(out, "device-token", &t->device);
	dump_names(out, "user-token", &t->user);
}

static void
dump_term(struct buf *out, const struct search_term *t)
{
	struct line l = line_open(out, "term");

	xml_attr_int(&l.x, "op", t->op);
	xml_attr(&l.x, "name", t->name);
	xml_attr(&l.x, "name-wildcard", t->name_wildcard);
	xml_attr(&l.x, "wildcard", t->wildcard);
	if (t->op >= OP_NUM_EQ && t->op < OP_NUM_RANGE)
		real(&l.x, "number", t->num);
	else
		xml_attr(&l.x, "value", t->value);
	if (t->op >= OP_NUM_RANGE && t->has_min)
		real(&l.x, "min", t->num_min);
	else
		xml_attr(&l.x, "min", t->min);
	if (t->op >= OP_NUM_RANGE && t->has_max)
		real(&l.x, "max", t->num_max);
	else
		xml_attr(&l.x, "max", t->max);
	if (t->has_min || t->has_max) {
		xml_attr_bool(&l.x, "min-included", t->min_included);
		xml_attr_bool(&l.x, "max-included", t->max_included);
	}
	line_close(&l);
}

static void
dump_manifest(struct buf *out, const struct manifest *m)
{
	char min[STR_DOUBLE], max[STR_DOUBLE];

	for (size_t i = 0; i < m->n_offers; i++) {
		const struct offer *o = &m->offer[i];
		struct line l = line_open(out, o->control ? "offers-control" : "offers-field");

		xml_attr(&l.x, "name", o->name);
		xml_attr(&l.x, "type", o->type);
		xml_attr(&l.x, "unit", o->unit);
		str_from_double(min, o->min);
		str_from_double(max, o->max);
		xml_attr(&l.x, "min", o->has_range ? min : NULL);
		xml_attr(&l.x, "max", o->has_range ? max : NULL);
		line_close(&l);
	}
	for (size_t i = 0; i < m->n_needs; i++)
		one(out, "needs", m->need[i]);
}

static void
dump_self(struct buf *out, const struct thing_self *s)
{
	if (!s->is_ours)
		return;
	number(out, "can", s->can);
	one(out, "believes-owner", s->owner);
	number(out, "epoch", (int64_t)s->epoch);
	number(out, "floor", (int64_t)s->floor);
	one(out, "continuity", s->continuity);
	one(out, "nonce", s->nonce);
	one(out, "proof", s->proof);
	flag(out, "clock-unknown", s->clock_unknown);
	if (s->manifest != NULL)
		dump_manifest(out, s->manifest);
}

static void
dump_register(struct buf *out, const struct request *q)
{
	dump_node(out, &q->u.reg.node, false);
	flag(out, "self-owned", q->u.reg.self_owned);
	dump_tags(out, &q->u.reg.tags);
	dump_self(out, &q->u.reg.self);
}

static void
dump_mine(struct buf *out, const struct request *q)
{
	flag(out, "has-public", q->u.mine.has_public);
	flag(out, "public", q->u.mine.is_public);
	dump_tags(out, &q->u.mine.tags);
}

static void
dump_address(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.address.jid);
	dump_node(out, &q->u.address.node, false);
	dump_tags(out, &q->u.address.tags);
}

static void
dump_search(struct buf *out, const struct request *q)
{
	number(out, "offset", q->u.search.offset);
	number(out, "max", q->u.search.max);
	for (size_t i = 0; i < q->u.search.n; i++)
		dump_term(out, &q->u.search.term[i]);
}

static void
dump_is_friend(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.is_friend.jid);
}

static void
dump_can(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.can.jid);
	dump_tokens(out, &q->u.can.tokens);
	dump_types(out, q->u.can.types, q->u.can.history);
	dump_nodes(out, &q->u.can.nodes);
	dump_names(out, "name", &q->u.can.names);
}

static void
dump_token_data(struct buf *out, const uint8_t *data, size_t len, bool ours)
{
	char hex[2 * WIRE_CERTIFICATE + 1];

	if (data != NULL) {
		str_hex(hex, data, len);
		one(out, "data", hex);
	}
	if (ours)
		flag(out, "ours", true);
}

static void
dump_token(struct buf *out, const struct request *q)
{
	const struct request_token *t = &q->u.token;

	one(out, "token", t->token);
	if (q->verb == VERB_TOKEN_ANSWER)
		number(out, "seqnr", t->seqnr);
	dump_token_data(out, t->data, t->len, t->sha256);
	one(out, "shown-by", t->shown_by);
}

static void
dump_token_reply(struct buf *out, const struct reply *r)
{
	one(out, "token", r->u.token.token);
	if (r->body == BODY_TOKEN_CHALLENGE)
		number(out, "seqnr", r->u.token.seqnr);
	dump_token_data(out, r->u.token.data, r->u.token.len, r->u.token.sha256);
}

static void
dump_service(struct buf *out, const struct request *q)
{
	const struct request_service *s = &q->u.service;

	dump_names(out, "service-token", &s->service_tokens);
	dump_names(out, "user-token", &s->user_tokens);
	one(out, "user", s->user_name);
	one(out, "privilege", s->privilege);
	for (size_t i = 0; i < s->n_credentials; i++) {
		struct line l = line_open(out, "credential");

		xml_attr(&l.x, "type", s->credential[i].type);
		xml_attr(&l.x, "value", s->credential[i].value);
		line_close(&l);
	}
}

static void
dump_service_reply(struct buf *out, const struct reply *r)
{
	const struct reply_service *s = &r->u.service;

	if (r->body != BODY_PRIVILEGES)
		flag(out, "result", s->result);
	one(out, "user-token", s->user_token);
	for (size_t i = 0; i < s->n; i++)
		one(out, s->privilege[i].include ? "include" : "exclude", s->privilege[i].id);
}

static void
dump_rule(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.rule.jid);
	one(out, "remote", q->u.rule.remote);
	one(out, "key", q->u.rule.key);
	flag(out, "result", q->u.rule.result);
	number(out, "range", q->u.rule.range);
	one(out, "token", q->u.rule.token);
	flag(out, "partial", q->u.rule.partial);
	dump_types(out, q->u.rule.types, 0);
	dump_nodes(out, &q->u.rule.nodes);
	dump_names(out, "name", &q->u.rule.names);
}

static void
dump_devices(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.devices.jid);
	dump_node(out, &q->u.devices.node, false);
	number(out, "offset", q->u.devices.offset);
	number(out, "max", q->u.devices.max);
}

static void
dump_push(struct buf *out, const struct request *q)
{
	one(out, "jid", q->u.push.jid);
	dump_node(out, &q->u.push.node, false);
	if (q->u.push.has_public)
		flag(out, "public", q->u.push.is_public);
	if (q->u.push.floor != 0)
		number(out, "floor", (int64_t)q->u.push.floor);
	for (size_t i = 0; i < q->u.push.n_about; i++) {
		const struct clear_about *a = &q->u.push.about[i];
		struct line l = line_open(out, "clear");

		xml_attr(&l.x, "jid", a->jid);
		xml_attr_int(&l.x, "actions", a->actions);
		xml_attr(&l.x, "name", a->name);
		line_close(&l);
		dump_node(out, &a->node, true);
	}
}

static void
dump_witness(struct buf *out, const struct request *q)
{
	one(out, "code", q->u.witness.code);
	number(out, "seconds", q->u.witness.seconds);
	one(out, "rhythm", q->u.witness.rhythm);
}

static void
dump_copied(struct buf *out, const struct request *q)
{
	one(out, "now", q->u.copied ? "yes" : "no");
}

static void
dump_read(struct buf *out, const struct request *q)
{
	one(out, "sequence", q->u.read.seqnr);
	dump_types(out, q->u.read.types, q->u.read.history);
	dump_tokens(out, &q->u.read.tokens);
	dump_nodes(out, &q->u.read.nodes);
	dump_names(out, "field", &q->u.read.fields);
	if (q->u.read.why)
		flag(out, "why", true);
	if (q->u.read.has_from)
		number(out, "from", q->u.read.from_ms);
	if (q->u.read.has_to)
		number(out, "to", q->u.read.to_ms);
	if (q->u.read.has_when)
		number(out, "when", q->u.read.when_ms);
}

static void
amount(struct xml *x, const char *name, bool has, double v)
{
	if (has)
		emit_number(x, name, v);
}

static void
dump_watch(struct buf *out, const struct request *q)
{
	const struct request_events *r = &q->u.events;

	dump_read(out, q);
	if (r->has_min)
		number(out, "min", r->min_ms);
	if (r->has_max)
		number(out, "max", r->max_ms);
	if (r->has_age)
		number(out, "age", r->age_ms);
	if (r->at_once)
		flag(out, "at-once", true);
	for (size_t i = 0; i < r->read.fields.n; i++) {
		struct line l = line_open(out, "when");

		xml_attr(&l.x, "field", r->read.fields.name[i]);
		amount(&l.x, "from", r->field[i].has_current, r->field[i].current);
		amount(&l.x, "up", r->field[i].has_up, r->field[i].up);
		amount(&l.x, "down", r->field[i].has_down, r->field[i].down);
		line_close(&l);
	}
}

static void
dump_control(struct buf *out, const struct request *q)
{
	if (q->u.control.why)
		flag(out, "why", true);
	if (q->u.control.form)
		flag(out, "form", true);
	one(out, "lang", q->lang);
	one(out, "wrong", q->u.control.wrong);
	dump_tokens(out, &q->u.control.tokens);
	dump_nodes(out, &q->u.control.nodes);
	for (size_t i = 0; i < q->u.control.n; i++) {
		const struct control_value *v = &q->u.control.value[i];
		struct line l = line_open(out, "value");

		xml_attr(&l.x, "name", v->name);
		xml_attr_int(&l.x, "type", v->type);
		xml_attr(&l.x, "text", v->text);
		if (v->type == VALUE_BOOL)
			xml_attr_bool(&l.x, "boolean", v->boolean);
		if (v->type == VALUE_INT || v->type == VALUE_LONG || v->type == VALUE_NUMERIC)
			real(&l.x, "number", v->num);
		if (v->loose)
			xml_attr_bool(&l.x, "loose", true);
		line_close(&l);
	}
}

static void
dump_chat(struct buf *out, const struct request *q)
{
	static const char *const names[] = { "delayed", "corrected", "forwarded", "encrypted",
		"auto", "group", "ambiguous", "too-long", "error" };

	one(out, "body", q->u.chat.body);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((q->u.chat.flags & 1u << i) != 0)
			one(out, "but", names[i]);
	one(out, "stamp", q->u.chat.stamp);
	one(out, "lang", q->u.chat.lang);
	if (q->u.chat.wants_receipt)
		flag(out, "wants-receipt", true);
}

static void
dump_presence(struct buf *out, const struct request *q)
{
	static const char *const names[] = { "available", "unavailable", "subscribe",
		"subscribed", "unsubscribe", "unsubscribed", "probe", "error" };

	one(out, "presence", names[q->u.presence.type]);
	if (q->u.presence.gone)
		flag(out, "gone", true);
}

static void
dump_answer(struct buf *out, const struct request *q)
{
	flag(out, "ok", q->u.answer.ok);
	one(out, "condition", q->u.answer.condition);
	one(out, "child", q->u.answer.child);
	one(out, "child-ns", q->u.answer.child_ns);
	dump_token_data(out, q->u.answer.data, q->u.answer.len, false);
}

static void
dump_disco(struct buf *out, const struct request *q)
{
	one(out, "node", q->u.disco.node);
}

/* What a form says; its kinds and types by number. */
static void
dump_fields(struct buf *out, const char *name, const struct dataform_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		one(out, name, f[i].var != NULL ? f[i].var : "-");
		number(out, "kind", f[i].kind);
		one(out, "label", f[i].label);
		one(out, "about", f[i].desc);
		if (f[i].required)
			flag(out, "required", true);
		dump_names(out, "value", &f[i].value);
		for (size_t k = 0; k < f[i].n_options; k++) {
			one(out, "option", f[i].option[k].value);
			one(out, "called", f[i].option[k].label);
		}
	}
}

static void
dump_form(struct buf *out, const struct dataform *f)
{
	if (f == NULL)
		return;
	number(out, "form", f->type);
	one(out, "title", f->title);
	dump_names(out, "instructions", &f->instructions);
	dump_fields(out, "field", f->field, f->n);
	dump_fields(out, "column", f->column, f->n_columns);
	for (size_t i = 0; i < f->n_rows * f->n_columns; i++) {
		number(out, "cell", (int64_t)i);
		dump_names(out, "value", &f->cell[i]);
	}
}

static void
dump_command(struct buf *out, const struct request *q)
{
	one(out, "node", q->u.command.node);
	one(out, "session", q->u.command.session);
	number(out, "action", q->u.command.action);
	dump_form(out, q->u.command.form);
}

static void
dump_command_reply(struct buf *out, const struct reply_command *c)
{
	one(out, "node", c->node);
	one(out, "session", c->session);
	number(out, "status", c->status);
	number(out, "actions", c->actions);
	number(out, "execute", c->execute);
	number(out, "note-type", c->note_type);
	one(out, "note", c->note);
	dump_form(out, c->form);
}

static void (*const dumpers[VERB_COUNT])(struct buf *out, const struct request *q) = {
	[VERB_DISCO_INFO] = dump_disco,
	[VERB_DISCO_ITEMS] = dump_disco,
	[VERB_REGISTER] = dump_register,
	[VERB_UPDATE] = dump_address,
	[VERB_MINE] = dump_mine,
	[VERB_REMOVE] = dump_address,
	[VERB_DISOWN] = dump_address,
	[VERB_UNREGISTER] = dump_address,
	[VERB_SEARCH] = dump_search,
	[VERB_IS_FRIEND] = dump_is_friend,
	[VERB_CAN_READ] = dump_can,
	[VERB_CAN_CONTROL] = dump_can,
	[VERB_IS_FRIEND_RULE] = dump_rule,
	[VERB_CAN_READ_RULE] = dump_rule,
	[VERB_CAN_CONTROL_RULE] = dump_rule,
	[VERB_OWNER_CLEAR_CACHE] = dump_devices,
	[VERB_DELETE_RULES] = dump_devices,
	[VERB_GET_DEVICES] = dump_devices,
	[VERB_CLAIMED] = dump_push,
	[VERB_REMOVED] = dump_push,
	[VERB_DISOWNED] = dump_push,
	[VERB_CLEAR_CACHE] = dump_push,
	[VERB_FRIEND] = dump_push,
	[VERB_UNFRIEND] = dump_push,
	[VERB_SHOW_CODE] = dump_witness,
	[VERB_LISTEN] = dump_witness,
	[VERB_NEW_KEY] = dump_witness,
	[VERB_PRESSED] = dump_witness,
	[VERB_COPIED] = dump_copied,
	[VERB_READ] = dump_read,
	[VERB_READ_CANCEL] = dump_read,
	[VERB_WATCH] = dump_watch,
	[VERB_UNWATCH] = dump_read,
	[VERB_CONTROL] = dump_control,
	[VERB_CONTROL_FORM] = dump_control,
	[VERB_CHAT] = dump_chat,
	[VERB_PRESENCE] = dump_presence,
	[VERB_ANSWER] = dump_answer,
	[VERB_COMMAND] = dump_command,
	[VERB_GET_TOKEN] = dump_token,
	[VERB_TOKEN_ANSWER] = dump_token,
	[VERB_GET_CERTIFICATE] = dump_token,
	[VERB_TOKEN_CHALLENGE] = dump_token,
	[VERB_CAN_ACCESS] = dump_service,
	[VERB_USER_LOGGED_IN] = dump_service,
	[VERB_HAS_PRIVILEGE] = dump_service,
	[VERB_DOWNLOAD_PRIVILEGES] = dump_service,
};

static void
dump_head(struct buf *out, const char *verdict, const struct request *q)
{
	static const char *const kinds[] = { "iq", "message", "presence" };
	static const char *const types[] = { "get", "set", "result", "error", NULL };
	struct line l = line_open(out, verdict);

	xml_attr(&l.x, "verb", verb_name(q->verb));
	xml_attr(&l.x, "kind", kinds[q->kind]);
	xml_attr(&l.x, "type", types[q->type]);
	xml_attr(&l.x, "id", q->id);
	xml_attr(&l.x, "from", q->from);
	xml_attr(&l.x, "bare", q->bare);
	xml_attr(&l.x, "to", q->to);
	if (q->dialect.proto != PROTO_NONE) {
		xml_attr(&l.x, "proto", proto_name(q->dialect.proto));
		xml_attr(&l.x, "gen", gen_name(q->dialect.gen));
		xml_attr(&l.x, "words", q->dialect.vocab == VOCAB_LONG ? "long" : "short");
	}
	line_close(&l);
}

void
dump_request(struct buf *out, enum route_verdict verdict, enum condition cond,
    const struct request *q)
{
	if (verdict == ROUTE_SILENCE) {
		buf_adds(out, "  <silence/>\n");
		return;
	}
	dump_head(out, verdict == ROUTE_PARSED ? "parsed" : "refused", q);
	if (verdict == ROUTE_REFUSED) {
		one(out, "because", condition_name(cond));
		return;
	}
	if (q->lease.asked)
		number(out, "lease-floor", (int64_t)q->lease.floor);
	if (q->lease.keeps_limits)
		flag(out, "keeps-limits", true);
	if (dumpers[q->verb] != NULL)
		dumpers[q->verb](out, q);
}

static void
dump_limit(struct buf *out, const struct limit *l)
{
	const struct span *s = &l->span;
	struct line line = line_open(out, "limit");

	xml_attr(&line.x, "name", s->name);
	xml_attr(&line.x, "text", s->text);
	if (s->has_min)
		emit_number(&line.x, s->min_out ? "above" : "from", s->min);
	if (s->has_max)
		emit_number(&line.x, s->max_out ? "below" : "to", s->max);
	xml_attr_int(&line.x, "rule", l->rule);
	xml_attr_int(&line.x, "times", l->rate_n);
	xml_attr_int(&line.x, "in", l->rate_ms);
	line_close(&line);
}

static void
dump_can_reply(struct buf *out, const struct reply *r)
{
	one(out, "jid", r->u.can.jid);
	flag(out, "result", r->u.can.result);
	dump_types(out, r->u.can.types, 0);
	dump_nodes(out, &r->u.can.nodes);
	dump_names(out, "name", &r->u.can.names);
	if (r->u.can.secondary_trust)
		flag(out, "secondary-trust", true);
	for (size_t i = 0; i < r->u.can.n_limits; i++)
		dump_limit(out, &r->u.can.limit[i]);
}

static void
dump_found(struct buf *out, const struct reply *r)
{
	flag(out, "more", r->u.found.more);
	for (size_t i = 0; i < r->u.found.n; i++) {
		one(out, "thing", r->u.found.thing[i].jid);
		one(out, "owner", r->u.found.thing[i].owner);
		dump_node(out, &r->u.found.thing[i].node, false);
		dump_tags(out, &r->u.found.thing[i].tags);
	}
}

static void
dump_listed(struct buf *out, const struct reply *r)
{
	if (r->body == BODY_DISCO_INFO) {
		one(out, "category", r->u.disco.category);
		one(out, "type", r->u.disco.type);
		one(out, "identity", r->u.disco.name);
		for (size_t i = 0; i < r->u.disco.n; i++)
			one(out, "feature", r->u.disco.feature[i]);
		return;
	}
	for (size_t i = 0; i < r->u.items.n; i++) {
		one(out, "item", r->u.items.item[i].jid);
		one(out, "node", r->u.items.item[i].node);
		one(out, "called", r->u.items.item[i].name);
	}
}

static void
dump_body(struct buf *out, const struct reply *r)
{
	switch (r->body) {
	case BODY_CLAIMED:
		one(out, "jid", r->u.claimed.jid);
		flag(out, "public", r->u.claimed.is_public);
		dump_node(out, &r->u.claimed.node, false);
		break;
	case BODY_FOUND:
		dump_found(out, r);
		break;
	case BODY_IS_FRIEND:
	case BODY_CAN_READ:
	case BODY_CAN_CONTROL:
		dump_can_reply(out, r);
		break;
	case BODY_DISCO_INFO:
	case BODY_DISCO_ITEMS:
		dump_listed(out, r);
		break;
	case BODY_ACCESS:
	case BODY_PRIVILEGE:
	case BODY_PRIVILEGES:
		dump_service_reply(out, r);
		break;
	case BODY_TOKEN_CHALLENGE:
	case BODY_TOKEN:
	case BODY_CERTIFICATE:
	case BODY_TOKEN_PROOF:
		dump_token_reply(out, r);
		break;
	case BODY_COMMAND:
		dump_command_reply(out, &r->u.command);
		break;
	default:
		break;
	}
}

void
dump_reply(struct buf *out, const struct reply *r)
{
	number(out, "reply", r->kind);
	if (r->kind == REPLY_ERROR)
		one(out, "condition", condition_name(r->condition));
	one(out, "reason", r->reason);
	one(out, "ask", r->ask_whom);
	if (r->retry_after_ms != 0)
		number(out, "retry-after", r->retry_after_ms);
	if (r->kind != REPLY_RESULT)
		return;
	number(out, "body", r->body);
	if (r->has_lease) {
		number(out, "revision", (int64_t)r->revision);
		number(out, "lease", r->lease_ms);
		if (r->edge_ms != 0)
			number(out, "edge", r->edge_ms);
	}
	dump_body(out, r);
}
