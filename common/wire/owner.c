/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: an owner's rules as they come from the clients that have buttons for
 * them.  Read next: provisioning/, where they become rules.
 */
#include "config.h"

#include "common/wire/owner.h"

#include <string.h>

#include "common/wire/stanza.h"

/* thing, who asked, question, answer: what all three rules begin with */
static int
head_parse(struct parse *p, const struct stanza *el, struct request_owner_rule *r)
{
	bool has;

	if (parse_jid(p, el, "jid", true, &r->jid) < 0 ||
	    parse_jid(p, el, "remoteJid", true, &r->remote) < 0 ||
	    parse_attr(p, el, "key", WIRE_KEY, &r->key) < 0 ||
	    parse_bool(p, el, "result", &has, &r->result) < 0)
		return -1;
	return has ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static void
head_write(struct xml *x, const struct request_owner_rule *r)
{
	xml_attr(x, "jid", r->jid);
	xml_attr(x, "remoteJid", r->remote);
	xml_attr(x, "key", r->key);
	xml_attr_bool(x, "result", r->result);
}

/* Of isFriendRule; no attribute means the caller. */
static const struct { const char *word; enum rule_range range; } friend_ranges[] = {
	{ "Caller", RANGE_JID },
	{ "Domain", RANGE_DOMAIN },
	{ "All", RANGE_ALL },
};
#define FRIEND_RANGES (sizeof(friend_ranges) / sizeof(friend_ranges[0]))

int
owner_friend_rule_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	const char *range = stanza_attr(el, "range");

	if (head_parse(p, el, &q->u.rule) < 0)
		return -1;
	for (size_t i = 0; i < FRIEND_RANGES; i++)
		if (range == NULL || strcmp(range, friend_ranges[i].word) == 0) {
			q->u.rule.range = friend_ranges[i].range;
			return 0;
		}
	return parse_fail(p, COND_BAD_REQUEST);
}

void
owner_friend_rule_write(struct xml *x, const struct request *q)
{
	head_write(x, &q->u.rule);
	for (size_t i = 1; i < FRIEND_RANGES; i++)
		if (q->u.rule.range == friend_ranges[i].range)
			xml_attr(x, "range", friend_ranges[i].word);
}

/* Of the other two: a child. */
static const struct { const char *name; enum rule_range range; bool token; } ranges[] = {
	{ "fromJid", RANGE_JID, false },
	{ "fromDomain", RANGE_DOMAIN, false },
	{ "fromService", RANGE_SERVICE, true },
	{ "fromDevice", RANGE_DEVICE, true },
	{ "fromUser", RANGE_USER, true },
	{ "all", RANGE_ALL, false },
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

/* Exactly one: two would leave open how far the owner meant it to reach. */
static int
range_parse(struct parse *p, const struct stanza *el, struct request_owner_rule *r)
{
	const struct stanza *found = NULL;

	for (size_t i = 0; i < RANGES; i++) {
		const struct stanza *c = stanza_child(el, stanza_ns(el), ranges[i].name);

		if (c == NULL)
			continue;
		if (found != NULL)
			return parse_fail(p, COND_BAD_REQUEST);
		found = c;
		r->range = ranges[i].range;
		if (ranges[i].token &&
		    parse_needed(p, c, "token", WIRE_TOKEN_BYTES, &r->token) < 0)
			return -1;
	}
	return found != NULL ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static void
range_write(struct xml *x, const struct request_owner_rule *r)
{
	for (size_t i = 0; i < RANGES; i++)
		if (ranges[i].range == r->range) {
			xml_open(x, ranges[i].name, NULL);
			xml_attr(x, "token", r->token);
			xml_close(x);
		}
}

static int
rule_parse(struct parse *p, const struct stanza *el, struct request_owner_rule *r)
{
	if (head_parse(p, el, r) < 0 || parse_nodes(p, el, &r->nodes) < 0)
		return -1;
	return range_parse(p, el, r);
}

int
owner_read_rule_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_owner_rule *r = &q->u.rule;
	const struct stanza *partial = stanza_child(el, stanza_ns(el), "partial");
	unsigned history;

	if (rule_parse(p, el, r) < 0)
		return -1;
	r->partial = partial != NULL;
	if (partial == NULL)
		return 0;
	if (parse_types(p, partial, &r->types, &history) < 0)
		return -1;
	return parse_fields(p, partial, &r->names);
}

int
owner_control_rule_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_owner_rule *r = &q->u.rule;
	const struct stanza *partial = stanza_child(el, stanza_ns(el), "partial");

	if (rule_parse(p, el, r) < 0)
		return -1;
	r->partial = partial != NULL;
	return partial != NULL ? parse_parameters(p, partial, &r->names) : 0;
}

void
owner_read_rule_write(struct xml *x, const struct request *q)
{
	const struct request_owner_rule *r = &q->u.rule;

	head_write(x, r);
	emit_nodes(x, q->dialect.vocab, &r->nodes);
	if (r->partial) {
		xml_open(x, "partial", NULL);
		emit_types(x, q->dialect.vocab, r->types, 0);
		emit_fields(x, q->dialect.vocab, &r->names);
		xml_close(x);
	}
	range_write(x, r);
}

void
owner_control_rule_write(struct xml *x, const struct request *q)
{
	const struct request_owner_rule *r = &q->u.rule;

	head_write(x, r);
	emit_nodes(x, q->dialect.vocab, &r->nodes);
	if (r->partial) {
		xml_open(x, "partial", NULL);
		emit_parameters(x, q->dialect.gen, &r->names);
		xml_close(x);
	}
	range_write(x, r);
}

int
owner_thing_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_jid(p, el, "jid", false, &q->u.devices.jid) < 0)
		return -1;
	return parse_node(p, el, &q->u.devices.node);
}

void
owner_thing_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "jid", q->u.devices.jid);
	emit_node(x, q->dialect.vocab, &q->u.devices.node);
}

int
owner_devices_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_int(p, el, "offset", 0, &q->u.devices.offset) < 0)
		return -1;
	return parse_int(p, el, "maxCount", 1, &q->u.devices.max);
}

void
owner_devices_write(struct xml *x, const struct request *q)
{
	xml_attr_int(x, "offset", q->u.devices.offset);
	if (q->u.devices.max > 0)
		xml_attr_int(x, "maxCount", q->u.devices.max);
}
