/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery: XEP-0347.  Nothing here knows who may ask what; that is
 * registry/.  Shared steps: parse.c, emit.c.
 */
#include "config.h"

#include "common/wire/discovery.h"

#include <string.h>

#include "common/wire/manifest.h"
#include "common/wire/stanza.h"

/* ---- <self/>: what our own thing says of itself, and what it is told ---- */

static const struct { const char *word; unsigned bit; } abilities[] = {
	{ "code", SELF_SHOWS_CODE },
	{ "button", SELF_HAS_BUTTON },
	{ "key", SELF_NEW_KEY },
	{ "window", SELF_WINDOW },
	{ "open", SELF_OPEN },
};
#define ABILITIES (sizeof(abilities) / sizeof(abilities[0]))

/* Words between blanks; those of a later version are passed over. */
static unsigned
can_parse(const char *text)
{
	unsigned can = 0;

	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, " ");

		for (size_t i = 0; i < ABILITIES; i++)
			if (strlen(abilities[i].word) == len &&
			    memcmp(abilities[i].word, text, len) == 0)
				can |= abilities[i].bit;
		text += len + (text[len] == ' ');
	}
	return can;
}

static int
self_parse(struct parse *p, const struct stanza *el, struct thing_self *out)
{
	const struct stanza *self = stanza_child(el, NS_THING, "self");
	int64_t epoch = 0, floor = 0;
	const char *can, *clock;

	if (self == NULL)
		return 0;
	if (parse_attr(p, self, "can", WIRE_TAG_VALUE, &can) < 0 ||
	    parse_attr(p, self, "clock", WIRE_TAG_NAME, &clock) < 0 ||
	    parse_jid(p, self, "owner", false, &out->owner) < 0 ||
	    parse_int(p, self, "epoch", 0, &epoch) < 0 ||
	    parse_int(p, self, "floor", 0, &floor) < 0 ||
	    parse_attr(p, self, "continuity", WIRE_PROOF, &out->continuity) < 0 ||
	    parse_attr(p, self, "nonce", WIRE_PROOF, &out->nonce) < 0 ||
	    parse_attr(p, self, "proof", WIRE_PROOF, &out->proof) < 0 ||
	    manifest_parse(p, self, &out->manifest) < 0)
		return -1;
	/* A proof is over a nonce, by a key: each alone says nothing. */
	if ((out->nonce == NULL) != (out->proof == NULL) ||
	    (out->proof != NULL && out->continuity == NULL))
		return parse_fail(p, COND_BAD_REQUEST);
	out->is_ours = true;
	out->can = can_parse(can);
	out->epoch = (uint64_t)epoch;
	out->floor = (uint64_t)floor;
	out->clock_unknown = clock != NULL && strcmp(clock, "unknown") == 0;
	return 0;
}

static void
can_write(struct xml *x, unsigned can)
{
	char text[32];
	size_t at = 0;

	for (size_t i = 0; i < ABILITIES; i++) {
		size_t len = strlen(abilities[i].word);

		if ((can & abilities[i].bit) == 0)
			continue;
		if (at > 0)
			text[at++] = ' ';
		memcpy(text + at, abilities[i].word, len);
		at += len;
	}
	text[at] = '\0';
	xml_attr(x, "can", at > 0 ? text : NULL);
}

static void
self_write(struct xml *x, const struct thing_self *s)
{
	if (!s->is_ours)
		return;
	xml_open(x, "self", NS_THING);
	can_write(x, s->can);
	xml_attr(x, "owner", s->owner);
	if (s->epoch > 0)
		xml_attr_int(x, "epoch", (int64_t)s->epoch);
	if (s->floor > 0)
		xml_attr_int(x, "floor", (int64_t)s->floor);
	xml_attr(x, "continuity", s->continuity);
	xml_attr(x, "nonce", s->nonce);
	xml_attr(x, "proof", s->proof);
	xml_attr(x, "clock", s->clock_unknown ? "unknown" : NULL);
	manifest_write(x, s->manifest);
	xml_close(x);
}

int
discovery_self_answer_parse(struct parse *p, const struct stanza *parent, struct reply *r)
{
	const struct stanza *self = stanza_child(parent, NS_THING, "self");
	int64_t epoch = 0;

	if (self == NULL)
		return 0;
	if (parse_int(p, self, "time", 0, &r->self.time_ms) < 0 ||
	    parse_int(p, self, "epoch", 0, &epoch) < 0 ||
	    parse_attr(p, self, "nonce", WIRE_PROOF, &r->self.nonce) < 0)
		return -1;
	r->self.told = true;
	r->self.epoch = (uint64_t)epoch;
	return 0;
}

/* Only to who showed that it is ours (docs/PROTOCOL.md 4.4): others read the
 * first child and stumble over a second. */
void
discovery_self_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	if (!r->self.told || q->verb != VERB_REGISTER || !q->u.reg.self.is_ours)
		return;
	xml_open(x, "self", NS_THING);
	if (r->self.time_ms > 0)
		xml_attr_int(x, "time", r->self.time_ms);
	if (r->self.epoch > 0)
		xml_attr_int(x, "epoch", (int64_t)r->self.epoch);
	xml_attr(x, "nonce", r->self.nonce);
	xml_close(x);
}

/* ---- register, mine and the requests that name a thing ---- */

int
discovery_register_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_register *r = &q->u.reg;

	if (parse_node(p, el, &r->node) < 0 ||
	    parse_bool(p, el, "selfOwned", NULL, &r->self_owned) < 0 ||
	    self_parse(p, el, &r->self) < 0)
		return -1;
	return parse_tags(p, el, &r->tags);
}

void
discovery_register_write(struct xml *x, const struct request *q)
{
	emit_node(x, q->dialect.vocab, &q->u.reg.node);
	if (q->u.reg.self_owned)
		xml_attr_bool(x, "selfOwned", true);
	emit_tags(x, &q->u.reg.tags);
	self_write(x, &q->u.reg.self);
}

/* `public` defaults to true when absent (XEP-0347 3.6), but who reads the
 * request may want to know that nobody said so. */
int
discovery_mine_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_mine *m = &q->u.mine;

	m->is_public = true;
	if (parse_bool(p, el, "public", &m->has_public, &m->is_public) < 0)
		return -1;
	return parse_tags(p, el, &m->tags);
}

void
discovery_mine_write(struct xml *x, const struct request *q)
{
	if (q->u.mine.has_public)
		xml_attr_bool(x, "public", q->u.mine.is_public);
	emit_tags(x, &q->u.mine.tags);
}

int
discovery_named_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_jid(p, el, "jid", true, &q->u.address.jid) < 0)
		return -1;
	return parse_node(p, el, &q->u.address.node);
}

int
discovery_own_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_node(p, el, &q->u.address.node);
}

int
discovery_update_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_jid(p, el, "jid", false, &q->u.address.jid) < 0 ||
	    parse_node(p, el, &q->u.address.node) < 0)
		return -1;
	return parse_tags(p, el, &q->u.address.tags);
}

void
discovery_address_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "jid", q->u.address.jid);
	emit_node(x, q->dialect.vocab, &q->u.address.node);
	emit_tags(x, &q->u.address.tags);
}

/* How the operand of an operator is written. */
enum operand { OPERAND_STR, OPERAND_NUM, OPERAND_STR_RANGE, OPERAND_NUM_RANGE, OPERAND_MASK };

static const struct { const char *name; enum operand operand; } ops[OP_COUNT] = {
	[OP_STR_EQ] = { "strEq", OPERAND_STR },
	[OP_STR_NEQ] = { "strNEq", OPERAND_STR },
	[OP_STR_GT] = { "strGt", OPERAND_STR },
	[OP_STR_GTEQ] = { "strGtEq", OPERAND_STR },
	[OP_STR_LT] = { "strLt", OPERAND_STR },
	[OP_STR_LTEQ] = { "strLtEq", OPERAND_STR },
	[OP_STR_RANGE] = { "strRange", OPERAND_STR_RANGE },
	[OP_STR_NRANGE] = { "strNRange", OPERAND_STR_RANGE },
	[OP_STR_MASK] = { "strMask", OPERAND_MASK },
	[OP_STR_REGEX] = { "strRegEx", OPERAND_STR },
	[OP_NUM_EQ] = { "numEq", OPERAND_NUM },
	[OP_NUM_NEQ] = { "numNEq", OPERAND_NUM },
	[OP_NUM_GT] = { "numGt", OPERAND_NUM },
	[OP_NUM_GTEQ] = { "numGtEq", OPERAND_NUM },
	[OP_NUM_LT] = { "numLt", OPERAND_NUM },
	[OP_NUM_LTEQ] = { "numLtEq", OPERAND_NUM },
	[OP_NUM_RANGE] = { "numRange", OPERAND_NUM_RANGE },
	[OP_NUM_NRANGE] = { "numNRange", OPERAND_NUM_RANGE },
};

static int
operand_parse(struct parse *p, const struct stanza *el, struct search_term *t)
{
	const char *unused;

	if (parse_needed(p, el, "value", WIRE_TAG_VALUE, &t->value) < 0)
		return -1;
	if (ops[t->op].operand == OPERAND_NUM)
		return parse_number(p, t->value, &t->num, &unused);
	if (ops[t->op].operand != OPERAND_MASK)
		return 0;
	if (parse_needed(p, el, "wildcard", WIRE_TAG_NAME, &t->wildcard) < 0)
		return -1;
	return *t->wildcard != '\0' ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static int
range_parse(struct parse *p, const struct stanza *el, struct search_term *t)
{
	const char *unused;

	t->min_included = t->max_included = true;
	if (parse_attr(p, el, "min", WIRE_TAG_VALUE, &t->min) < 0 ||
	    parse_attr(p, el, "max", WIRE_TAG_VALUE, &t->max) < 0 ||
	    parse_bool(p, el, "minIncluded", NULL, &t->min_included) < 0 ||
	    parse_bool(p, el, "maxIncluded", NULL, &t->max_included) < 0)
		return -1;
	t->has_min = t->min != NULL;
	t->has_max = t->max != NULL;
	if (!t->has_min && !t->has_max)
		return parse_fail(p, COND_BAD_REQUEST);
	if (ops[t->op].operand == OPERAND_STR_RANGE)
		return 0;
	if (t->has_min && parse_number(p, t->min, &t->num_min, &unused) < 0)
		return -1;
	return t->has_max ? parse_number(p, t->max, &t->num_max, &unused) : 0;
}

static int
term_parse(struct parse *p, const struct stanza *el, struct search_term *t)
{
	unsigned op = 0;

	while (op < OP_COUNT && strcmp(ops[op].name, stanza_name(el)) != 0)
		op++;
	if (op == OP_COUNT)
		return parse_fail(p, COND_BAD_REQUEST);
	t->op = (enum search_op)op;
	if (parse_needed(p, el, "name", WIRE_TAG_NAME, &t->name) < 0 ||
	    parse_attr(p, el, "nameWildcard", WIRE_TAG_NAME, &t->name_wildcard) < 0)
		return -1;
	if (*t->name == '\0' || (t->name_wildcard != NULL && *t->name_wildcard == '\0'))
		return parse_fail(p, COND_BAD_REQUEST);
	if (ops[op].operand == OPERAND_STR_RANGE || ops[op].operand == OPERAND_NUM_RANGE)
		return range_parse(p, el, t);
	return operand_parse(p, el, t);
}

int
discovery_search_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_search *s = &q->u.search;
	size_t n = stanza_children(el);

	if (parse_int(p, el, "offset", 0, &s->offset) < 0 ||
	    parse_int(p, el, "maxCount", 1, &s->max) < 0)
		return -1;
	if (n > WIRE_TAGS)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	s->term = pool_zalloc(p->pool, n * sizeof(*s->term));
	if (s->term == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		if (strcmp(stanza_ns(c), stanza_ns(el)) != 0)
			continue;
		if (term_parse(p, c, &s->term[s->n++]) < 0)
			return -1;
	}
	return 0;
}

static void
range_write(struct xml *x, const struct search_term *t)
{
	bool num = ops[t->op].operand == OPERAND_NUM_RANGE;

	if (t->has_min && num)
		emit_number(x, "min", t->num_min);
	else if (t->has_min)
		xml_attr(x, "min", t->min);
	xml_attr_bool(x, "minIncluded", t->min_included);
	if (t->has_max && num)
		emit_number(x, "max", t->num_max);
	else if (t->has_max)
		xml_attr(x, "max", t->max);
	xml_attr_bool(x, "maxIncluded", t->max_included);
}

static void
term_write(struct xml *x, const struct search_term *t)
{
	xml_open(x, ops[t->op].name, NULL);
	xml_attr(x, "name", t->name);
	xml_attr(x, "nameWildcard", t->name_wildcard);
	switch (ops[t->op].operand) {
	case OPERAND_NUM:
		emit_number(x, "value", t->num);
		break;
	case OPERAND_STR_RANGE:
	case OPERAND_NUM_RANGE:
		range_write(x, t);
		break;
	case OPERAND_MASK:
		xml_attr(x, "value", t->value);
		xml_attr(x, "wildcard", t->wildcard);
		break;
	case OPERAND_STR:
	default:
		xml_attr(x, "value", t->value);
	}
	xml_close(x);
}

void
discovery_search_write(struct xml *x, const struct request *q)
{
	xml_attr_int(x, "offset", q->u.search.offset);
	if (q->u.search.max > 0)
		xml_attr_int(x, "maxCount", q->u.search.max);
	for (size_t i = 0; i < q->u.search.n; i++)
		term_write(x, &q->u.search.term[i]);
}

int
discovery_claimed_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_push *push = &q->u.push;

	if (parse_jid(p, el, "jid", true, &push->jid) < 0 ||
	    parse_bool(p, el, "public", &push->has_public, &push->is_public) < 0)
		return -1;
	return parse_node(p, el, &push->node);
}

int
discovery_ended_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_node(p, el, &q->u.push.node);
}

void
discovery_push_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "jid", q->u.push.jid);
	emit_node(x, q->dialect.vocab, &q->u.push.node);
	if (q->u.push.has_public)
		xml_attr_bool(x, "public", q->u.push.is_public);
}

/* A missing `public` means private to the things of most makers. */
int
discovery_claimed_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct reply_claimed *c = &r->u.claimed;

	if (parse_jid(p, el, "jid", true, &c->jid) < 0 ||
	    parse_bool(p, el, "public", NULL, &c->is_public) < 0)
		return -1;
	return parse_node(p, el, &c->node);
}

void
discovery_claimed_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	xml_attr(x, "jid", r->u.claimed.jid);
	emit_node(x, q->dialect.vocab, &r->u.claimed.node);
	xml_attr_bool(x, "public", r->u.claimed.is_public);
}

/* A register may be answered so as well, while a disown is on its way. */
void
discovery_disowned_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	(void)r;
	if (q->verb == VERB_REGISTER)
		emit_node(x, q->dialect.vocab, &q->u.reg.node);
	else if (q->verb == VERB_UPDATE)
		emit_node(x, q->dialect.vocab, &q->u.address.node);
}

static int
thing_parse(struct parse *p, const struct stanza *el, struct found_thing *t)
{
	if (parse_jid(p, el, "jid", true, &t->jid) < 0 ||
	    parse_jid(p, el, "owner", false, &t->owner) < 0 ||
	    parse_node(p, el, &t->node) < 0)
		return -1;
	return parse_tags(p, el, &t->tags);
}

int
discovery_found_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct reply_found *f = &r->u.found;
	size_t n = stanza_children(el);

	if (parse_bool(p, el, "more", NULL, &f->more) < 0)
		return -1;
	if (n > WIRE_PAGE)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	f->thing = pool_zalloc(p->pool, n * sizeof(*f->thing));
	if (f->thing == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (stanza_is(c, stanza_ns(el), "thing") &&
		    thing_parse(p, c, &f->thing[f->n++]) < 0)
			return -1;
	return 0;
}

/* The owner is told in the oldest generation only; later schemas dropped it
 * for the owner's sake. */
void
discovery_found_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	xml_attr_bool(x, "more", r->u.found.more);
	for (size_t i = 0; i < r->u.found.n; i++) {
		const struct found_thing *t = &r->u.found.thing[i];

		xml_open(x, "thing", NULL);
		xml_attr(x, "jid", t->jid);
		if (q->dialect.gen == GEN_X)
			xml_attr(x, "owner", t->owner);
		emit_node(x, q->dialect.vocab, &t->node);
		emit_tags(x, &t->tags);
		xml_close(x);
	}
}
