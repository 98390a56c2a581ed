/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: the request of a readout, and beside it when it shall be told: after
 * how much change of which field, how often at least and at most.
 */
#include "config.h"

#include "common/wire/events.h"

#include <stdio.h>
#include <string.h>

#include "common/base/stamp.h"
#include "common/base/str.h"
#include "common/wire/sensordata.h"
#include "common/wire/stanza.h"

/* The proposal's name, the later schemas' name. */
struct pair {
	const char *lng, *shrt;
};
static const struct pair min_interval = { "minInterval", "minInt" },
    max_interval = { "maxInterval", "maxInt" }, max_age = { "maxAge", "maxAge" },
    current = { "currentValue", "v" }, by = { "changedBy", "by" },
    up = { "changedUp", "up" }, down = { "changedDown", "dn" };

static const char *
attr(const struct stanza *el, const struct pair *name)
{
	const char *text = stanza_attr(el, name->lng);

	return text != NULL ? text : stanza_attr(el, name->shrt);
}

static const char *
name_for(enum vocab v, const struct pair *name)
{
	return v == VOCAB_LONG ? name->lng : name->shrt;
}

static int
length(struct parse *p, const struct stanza *el, const struct pair *name, bool *has, int64_t *ms)
{
	const char *text = attr(el, name);

	*has = text != NULL;
	if (text != NULL && stamp_duration(text, ms) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

/* "All changes are specified using positive numbers"; 0 is any change. */
static int
amount(struct parse *p, const struct stanza *el, const struct pair *name, bool *has, double *out)
{
	const char *text = attr(el, name);

	if (text == NULL)
		return 0;
	*has = true;
	if (str_to_double(text, out) < 0 || *out < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

static int
condition_parse(struct parse *p, const struct stanza *el, struct event_field *f)
{
	const char *text = attr(el, &current);
	bool either = false;
	double change = 0;

	/* Some clients leave it empty for what is no number. */
	f->has_current = text != NULL && str_to_double(text, &f->current) == 0;
	if (amount(p, el, &up, &f->has_up, &f->up) < 0 ||
	    amount(p, el, &down, &f->has_down, &f->down) < 0 ||
	    amount(p, el, &by, &either, &change) < 0)
		return -1;
	/* The other two are ignored beside it. */
	if (either) {
		f->has_up = f->has_down = true;
		f->up = f->down = change;
	}
	return 0;
}

static int
index_of(const struct name_list *l, const char *name)
{
	for (size_t i = 0; name != NULL && i < l->n; i++)
		if (strcmp(l->name[i], name) == 0)
			return (int)i;
	return -1;
}

/* One for each name of the list; the first element of a name counts. */
static int
conditions_parse(struct parse *p, const struct stanza *el, struct request_events *r)
{
	const struct name_list *names = &r->read.fields;

	if (names->n == 0)
		return 0;
	r->field = pool_zalloc(p->pool, names->n * sizeof(r->field[0]));
	if (r->field == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		static const struct pair name = { "name", "n" };
		int i = index_of(names, attr(c, &name));

		if (strcmp(stanza_ns(c), stanza_ns(el)) != 0 || i < 0 || r->field[i].said)
			continue;
		r->field[i].said = true;
		if (condition_parse(p, c, &r->field[i]) < 0)
			return -1;
	}
	return 0;
}

int
events_subscribe_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_events *r = &q->u.events;

	if (sensordata_request_parse(p, el, q) < 0 ||
	    length(p, el, &min_interval, &r->has_min, &r->min_ms) < 0 ||
	    length(p, el, &max_interval, &r->has_max, &r->max_ms) < 0 ||
	    length(p, el, &max_age, &r->has_age, &r->age_ms) < 0 ||
	    parse_bool(p, el, "req", NULL, &r->at_once) < 0)
		return -1;
	return conditions_parse(p, el, r);
}

static void
length_write(struct xml *x, const char *name, bool has, int64_t ms)
{
	char text[48];

	if (!has)
		return;
	if (ms % 1000 != 0)
		(void)snprintf(text, sizeof(text), "PT%lld.%03lldS", (long long)(ms / 1000),
		    (long long)(ms % 1000));
	else
		(void)snprintf(text, sizeof(text), "PT%lldS", (long long)(ms / 1000));
	xml_attr(x, name, text);
}

static void
amount_write(struct xml *x, const char *name, bool has, double v)
{
	if (has)
		emit_number(x, name, v);
}

static void
field_write(struct xml *x, enum vocab v, const char *name, const struct event_field *f)
{
	xml_open(x, word(v, WORD_FIELD), NULL);
	xml_attr(x, v == VOCAB_LONG ? "name" : "n", name);
	amount_write(x, name_for(v, &current), f->has_current, f->current);
	amount_write(x, name_for(v, &up), f->has_up, f->up);
	amount_write(x, name_for(v, &down), f->has_down, f->down);
	xml_close(x);
}

void
events_subscribe_write(struct xml *x, const struct request *q)
{
	const struct request_events *r = &q->u.events;
	enum vocab v = q->dialect.vocab;

	sensordata_cancel_write(x, q);
	emit_types(x, v, r->read.types, r->read.history);
	length_write(x, name_for(v, &min_interval), r->has_min, r->min_ms);
	length_write(x, name_for(v, &max_interval), r->has_max, r->max_ms);
	length_write(x, name_for(v, &max_age), r->has_age, r->age_ms);
	if (r->at_once)
		xml_attr_bool(x, "req", true);
	emit_tokens(x, v, &r->read.tokens);
	emit_nodes(x, v, &r->read.nodes);
	for (size_t i = 0; i < r->read.fields.n; i++)
		field_write(x, v, r->read.fields.name[i], &r->field[i]);
	why_write(x, r->read.why);
}
