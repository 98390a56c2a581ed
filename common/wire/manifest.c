/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: <offers><field/><control/></offers> and <needs><need/></needs>.
 */
#include "config.h"

#include "common/wire/manifest.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

static int
range_parse(struct parse *p, const struct stanza *el, struct offer *o)
{
	const char *min, *max, *text;

	if (parse_attr(p, el, "min", WIRE_TAG_VALUE, &min) < 0 ||
	    parse_attr(p, el, "max", WIRE_TAG_VALUE, &max) < 0)
		return -1;
	o->has_range = min != NULL && max != NULL;
	if (!o->has_range)
		return min == max ? 0 : parse_fail(p, COND_BAD_REQUEST);
	if (parse_number(p, min, &o->min, &text) < 0 || parse_number(p, max, &o->max, &text) < 0)
		return -1;
	return o->min <= o->max ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

static int
offer_parse(struct parse *p, const struct stanza *el, bool control, struct offer *o)
{
	*o = (struct offer){ .control = control };
	if (parse_needed(p, el, "name", WIRE_FIELD_NAME, &o->name) < 0 ||
	    parse_attr(p, el, "type", WIRE_TAG_NAME, &o->type) < 0 ||
	    parse_attr(p, el, "unit", WIRE_UNIT, &o->unit) < 0)
		return -1;
	return o->name[0] != '\0' ? range_parse(p, el, o) : parse_fail(p, COND_BAD_REQUEST);
}

static int
offers_parse(struct parse *p, const struct stanza *offers, struct manifest *m)
{
	struct offer *offer = pool_alloc(p->pool, WIRE_OFFERS * sizeof(*offer));
	const struct stanza *el;

	if (offer == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	m->offer = offer;
	for (el = stanza_first(offers); el != NULL; el = stanza_next(el)) {
		bool control = stanza_is(el, NS_THING, "control");

		if (!control && !stanza_is(el, NS_THING, "field"))
			continue;	/* of a later version */
		if (m->n_offers == WIRE_OFFERS)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		if (offer_parse(p, el, control, &offer[m->n_offers++]) < 0)
			return -1;
	}
	return 0;
}

static int
needs_parse(struct parse *p, const struct stanza *needs, struct manifest *m)
{
	const char **need = pool_alloc(p->pool, WIRE_NEEDS * sizeof(*need));
	const struct stanza *el;

	if (need == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	m->need = need;
	for (el = stanza_first(needs); el != NULL; el = stanza_next(el)) {
		if (!stanza_is(el, NS_THING, "need"))
			continue;
		if (m->n_needs == WIRE_NEEDS)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		if (parse_needed(p, el, "line", WIRE_NEED, &need[m->n_needs]) < 0)
			return -1;
		if (need[m->n_needs++][0] == '\0')
			return parse_fail(p, COND_BAD_REQUEST);
	}
	return 0;
}

int
manifest_parse(struct parse *p, const struct stanza *self, const struct manifest **out)
{
	const struct stanza *offers = stanza_child(self, NS_THING, "offers");
	const struct stanza *needs = stanza_child(self, NS_THING, "needs");
	struct manifest *m;

	*out = NULL;
	if (offers == NULL && needs == NULL)
		return 0;
	m = pool_zalloc(p->pool, sizeof(*m));
	if (m == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	if ((offers != NULL && offers_parse(p, offers, m) < 0) ||
	    (needs != NULL && needs_parse(p, needs, m) < 0))
		return -1;
	*out = m;
	return 0;
}

static void
offer_write(struct xml *x, const struct offer *o)
{
	char number[STR_DOUBLE];

	xml_open(x, o->control ? "control" : "field", NULL);
	xml_attr(x, "name", o->name);
	xml_attr(x, "type", o->type);
	xml_attr(x, "unit", o->unit);
	if (o->has_range) {
		str_from_double(number, o->min);
		xml_attr(x, "min", number);
		str_from_double(number, o->max);
		xml_attr(x, "max", number);
	}
	xml_close(x);
}

void
manifest_write(struct xml *x, const struct manifest *m)
{
	if (m == NULL)
		return;
	if (m->n_offers > 0 || m->n_needs == 0) {
		xml_open(x, "offers", NULL);
		for (size_t i = 0; i < m->n_offers; i++)
			offer_write(x, &m->offer[i]);
		xml_close(x);
	}
	if (m->n_needs == 0)
		return;
	xml_open(x, "needs", NULL);
	for (size_t i = 0; i < m->n_needs; i++) {
		xml_open(x, "need", NULL);
		xml_attr(x, "line", m->need[i]);
		xml_close(x);
	}
	xml_close(x);
}
