/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: an answer that says how far it goes is only good for who understands
 * all of it: a limit that cannot be read makes it no answer at all.
 */
#include "config.h"

#include "common/wire/lease.h"

#include <string.h>

#include "common/wire/stanza.h"

int
lease_ask_parse(struct parse *p, const struct stanza *el, struct lease_ask *out)
{
	const struct stanza *lease = stanza_child(el, NS_LEASE, "lease");
	int64_t floor = 0;

	if (lease == NULL)
		return 0;
	if (parse_int(p, lease, "floor", 0, &floor) < 0 ||
	    parse_bool(p, lease, "limits", NULL, &out->keeps_limits) < 0)
		return -1;
	out->asked = true;
	out->floor = (uint64_t)floor;
	return 0;
}

/* ---- what a clearCache is about ---- */

static const struct { const char *word; unsigned bit; } clear_words[] = {
	{ "befriend", CLEAR_FRIEND }, { "read", CLEAR_READ }, { "control", CLEAR_CONTROL },
};
#define CLEAR_WORDS (sizeof(clear_words) / sizeof(clear_words[0]))

/* 0, 1 when it says something that we do not know, or -1. */
static int
about_parse(struct parse *p, const struct stanza *el, struct clear_about *out)
{
	const char *action;

	*out = (struct clear_about){ .actions = 0 };
	if (parse_attr(p, el, "action", WIRE_TAG_VALUE, &action) < 0 ||
	    parse_attr(p, el, "name", WIRE_FIELD_NAME, &out->name) < 0 ||
	    parse_jid(p, el, "jid", false, &out->jid) < 0 ||
	    parse_node(p, el, &out->node) < 0)
		return -1;
	for (size_t i = 0; action != NULL && i < CLEAR_WORDS; i++)
		if (strcmp(action, clear_words[i].word) == 0)
			out->actions = clear_words[i].bit;
	return (action != NULL && out->actions == 0) || stanza_first(el) != NULL;
}

int
lease_about_parse(struct parse *p, const struct stanza *el, struct request_push *out)
{
	const struct stanza *lease = stanza_child(el, NS_LEASE, "lease");
	struct clear_about *about = pool_alloc(p->pool, WIRE_ABOUTS * sizeof(*about));
	bool all = false;
	size_t n = 0;

	if (about == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = lease != NULL ? stanza_first(lease) : NULL; c != NULL;
	    c = stanza_next(c)) {
		int rc = 1;

		if (strcmp(stanza_ns(c), NS_LEASE) != 0)
			continue;
		if (strcmp(stanza_name(c), "about") == 0 && n < WIRE_ABOUTS)
			rc = about_parse(p, c, &about[n++]);
		if (rc < 0)
			return -1;
		all = all || rc == 1;
	}
	out->about = about;
	out->n_about = all ? 0 : n;
	return 0;
}

static void
about_write(struct xml *x, const struct clear_about *a, enum vocab v)
{
	xml_open(x, "about", NULL);
	xml_attr(x, "jid", a->jid);
	for (size_t i = 0; i < CLEAR_WORDS; i++)
		if (a->actions == clear_words[i].bit)
			xml_attr(x, "action", clear_words[i].word);
	xml_attr(x, "name", a->name);
	emit_node(x, v, &a->node);
	xml_close(x);
}

void
lease_ask_write(struct xml *x, const struct request *q)
{
	const struct lease_ask *lease = &q->lease;

	if (!lease->asked)
		return;
	xml_open(x, "lease", NS_LEASE);
	xml_attr_int(x, "floor", (int64_t)lease->floor);
	if (lease->keeps_limits)
		xml_attr_bool(x, "limits", true);
	for (size_t i = 0; q->verb == VERB_CLEAR_CACHE && i < q->u.push.n_about; i++)
		about_write(x, &q->u.push.about[i], q->dialect.vocab);
	xml_close(x);
}

/* ---- limits ---- */

static void
limit_write(struct xml *x, const struct limit *l)
{
	const struct span *s = &l->span;

	xml_open(x, "limit", NULL);
	xml_attr(x, "name", s->name);
	if (s->has_min)
		emit_number(x, "min", s->min);
	if (s->has_max)
		emit_number(x, "max", s->max);
	if (s->has_min && s->min_out)
		xml_attr_bool(x, "minOut", true);
	if (s->has_max && s->max_out)
		xml_attr_bool(x, "maxOut", true);
	xml_attr(x, "text", s->text);
	if (l->rule != 0)
		xml_attr_int(x, "rule", l->rule);
	if (l->rate_n > 0) {
		xml_attr_int(x, "times", l->rate_n);
		/* A longer time allows less, never more. */
		xml_attr_int(x, "seconds", (l->rate_ms + 999) / 1000);
	}
	xml_close(x);
}

static int
end_parse(struct parse *p, const struct stanza *el, const char *name, bool *has, double *out)
{
	const char *text, *canonical;

	if (parse_attr(p, el, name, WIRE_TAG_VALUE, &text) < 0)
		return -1;
	*has = text != NULL;
	return text == NULL ? 0 : parse_number(p, text, out, &canonical);
}

static int
span_parse(struct parse *p, const struct stanza *el, struct span *s)
{
	if (parse_attr(p, el, "name", WIRE_FIELD_NAME, &s->name) < 0 ||
	    parse_attr(p, el, "text", WIRE_CONTROL_VALUE, &s->text) < 0 ||
	    end_parse(p, el, "min", &s->has_min, &s->min) < 0 ||
	    end_parse(p, el, "max", &s->has_max, &s->max) < 0 ||
	    parse_bool(p, el, "minOut", NULL, &s->min_out) < 0 ||
	    parse_bool(p, el, "maxOut", NULL, &s->max_out) < 0)
		return -1;
	if (s->text != NULL && (s->has_min || s->has_max))
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

static int
limit_parse(struct parse *p, const struct stanza *el, struct limit *out)
{
	int64_t times = 0, seconds = 0;

	*out = (struct limit){ .rate_n = 0 };
	if (span_parse(p, el, &out->span) < 0 ||
	    parse_int(p, el, "rule", 0, &out->rule) < 0 ||
	    parse_int(p, el, "times", 1, &times) < 0 ||
	    parse_int(p, el, "seconds", 1, &seconds) < 0)
		return -1;
	if ((times == 0) != (seconds == 0) || times > WIRE_TIMES || seconds > WIRE_TIMES_SECONDS)
		return parse_fail(p, COND_BAD_REQUEST);
	out->rate_n = (int32_t)times;
	out->rate_ms = seconds * 1000;
	return 0;
}

/* Something beside limits that we do not know would narrow in a way that nobody
 * here keeps to. */
static int
limits_parse(struct parse *p, const struct stanza *lease, struct reply_can *can)
{
	struct limit *limit = pool_alloc(p->pool, WIRE_LIMITS * sizeof(*limit));

	if (limit == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	can->limit = limit;
	for (const struct stanza *c = stanza_first(lease); c != NULL; c = stanza_next(c)) {
		if (strcmp(stanza_ns(c), NS_LEASE) != 0)
			continue;
		if (strcmp(stanza_name(c), "limit") != 0)
			return parse_fail(p, COND_BAD_REQUEST);
		if (can->n_limits == WIRE_LIMITS)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		if (limit_parse(p, c, &limit[can->n_limits++]) < 0)
			return -1;
	}
	return 0;
}

/* ---- the answer ---- */

static struct denied
denied_of(const struct reply *r)
{
	return (struct denied){ r->reason, r->retry_after_ms, r->ask_whom };
}

static bool
is_decision(const struct reply *r)
{
	return r->body >= BODY_IS_FRIEND && r->body <= BODY_CAN_CONTROL;
}

void
lease_write(struct xml *x, const struct request *q, const struct reply *r)
{
	struct denied why = denied_of(r);

	if (!r->has_lease || !q->lease.asked)
		return;
	xml_open(x, "lease", NS_LEASE);
	xml_attr_int(x, "revision", (int64_t)r->revision);
	xml_attr_int(x, "ttl", r->lease_ms);
	if (r->edge_ms > 0)
		xml_attr_int(x, "edge", r->edge_ms);
	if (is_decision(r) && r->u.can.result) {
		for (size_t i = 0; q->lease.keeps_limits && i < r->u.can.n_limits; i++)
			limit_write(x, &r->u.can.limit[i]);
	} else {
		denied_write(x, &why);
	}
	xml_close(x);
}

int
lease_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	const struct stanza *lease = stanza_child(el, NS_LEASE, "lease");
	int64_t revision = -1, ttl = -1, edge = 0;
	struct denied why;

	if (lease == NULL)
		return 0;
	if (parse_int(p, lease, "revision", 0, &revision) < 0 ||
	    parse_int(p, lease, "ttl", 0, &ttl) < 0 ||
	    parse_int(p, lease, "edge", 1, &edge) < 0 || denied_parse(p, lease, &why) < 0)
		return -1;
	if (revision < 0 || ttl < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	if (is_decision(r) && stanza_first(lease) != NULL &&
	    limits_parse(p, lease, &r->u.can) < 0)
		return -1;
	r->has_lease = true;
	r->revision = (uint64_t)revision;
	r->lease_ms = ttl;
	r->edge_ms = edge;
	r->reason = why.reason;
	r->retry_after_ms = why.retry_after_ms;
	r->ask_whom = why.ask_whom;
	return 0;
}

/* ---- why not ---- */

void
denied_write(struct xml *x, const struct denied *d)
{
	if (d->reason == NULL)
		return;
	xml_open(x, "denied", NS_WHY);
	xml_attr(x, "reason", d->reason);
	if (d->retry_after_ms > 0)
		xml_attr_int(x, "retry", d->retry_after_ms);
	xml_attr(x, "ask", d->ask_whom);
	xml_close(x);
}

int
denied_parse(struct parse *p, const struct stanza *parent, struct denied *out)
{
	const struct stanza *el = stanza_child(parent, NS_WHY, "denied");

	*out = (struct denied){ .reason = NULL };
	if (el == NULL)
		return 0;
	if (parse_attr(p, el, "reason", WIRE_TAG_VALUE, &out->reason) < 0 ||
	    parse_int(p, el, "retry", 0, &out->retry_after_ms) < 0)
		return -1;
	return parse_jid(p, el, "ask", false, &out->ask_whom);
}

bool
why_is_asked(const struct stanza *el)
{
	return stanza_child(el, NS_WHY, "why") != NULL;
}

void
why_write(struct xml *x, bool why)
{
	if (why)
		xml_leaf(x, "why", NS_WHY, "");
}
