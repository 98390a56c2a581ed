/* SPDX-License-Identifier: Apache-2.0 */
/* disco: XEP-0030, XEP-0092, XEP-0199.  Which features we have is the caller's to say. */
#include "config.h"

#include "common/wire/disco.h"

#include <string.h>

#include "common/wire/stanza.h"

int
disco_query_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_attr(p, el, "node", WIRE_NODE_TEXT, &q->u.disco.node);
}

void
disco_query_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "node", q->u.disco.node);
}

int
disco_empty_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	(void)p;
	(void)el;
	(void)q;
	return 0;
}

void
disco_empty_write(struct xml *x, const struct request *q)
{
	(void)x;
	(void)q;
}

/* Only the first identity is of use to us; what is too much is not read. */
int
disco_info_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	struct identity_feature_list *d = &r->u.disco;
	const struct stanza *who = stanza_child(el, NS_DISCO_INFO, "identity");
	const char **feature = pool_zalloc(p->pool, WIRE_LISTED * sizeof(*feature));

	if (feature == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	if (who != NULL && (parse_attr(p, who, "category", WIRE_NODE_TEXT, &d->category) < 0 ||
	    parse_attr(p, who, "type", WIRE_NODE_TEXT, &d->type) < 0 ||
	    parse_attr(p, who, "name", WIRE_NODE_TEXT, &d->name) < 0))
		return -1;
	d->feature = feature;
	for (const struct stanza *c = stanza_first(el); c != NULL && d->n < WIRE_LISTED;
	    c = stanza_next(c)) {
		if (!stanza_is(c, NS_DISCO_INFO, "feature"))
			continue;
		if (parse_needed(p, c, "var", WIRE_TOKEN_BYTES, &feature[d->n]) < 0)
			return -1;
		d->n++;
	}
	return 0;
}

/* An answer names the node of its question (XEP-0030 3.2). */
static void
node_write(struct xml *x, const struct request *q)
{
	if (q->verb == VERB_DISCO_INFO || q->verb == VERB_DISCO_ITEMS)
		xml_attr(x, "node", q->u.disco.node);
}

void
disco_info_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	const struct identity_feature_list *d = &r->u.disco;

	node_write(x, q);
	if (d->category != NULL) {
		xml_open(x, "identity", NULL);
		xml_attr(x, "category", d->category);
		xml_attr(x, "type", d->type);
		xml_attr(x, "name", d->name);
		xml_close(x);
	}
	for (size_t i = 0; i < d->n; i++) {
		xml_open(x, "feature", NULL);
		xml_attr(x, "var", d->feature[i]);
		xml_close(x);
	}
}

/* Items with an address that is none are passed over: they are of no use. */
int
disco_items_answer_parse(struct parse *p, const struct stanza *el, struct reply *r)
{
	const char *asked;

	r->u.items.item = pool_zalloc(p->pool, WIRE_LISTED * sizeof(*r->u.items.item));
	if (r->u.items.item == NULL)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	for (const struct stanza *c = stanza_first(el);
	    c != NULL && r->u.items.n < WIRE_LISTED; c = stanza_next(c)) {
		struct reply_item *item = &r->u.items.item[r->u.items.n];

		if (!stanza_is(c, NS_DISCO_ITEMS, "item"))
			continue;
		if (parse_jid_soft(p, c, "jid", &item->jid, &asked) < 0 ||
		    parse_attr(p, c, "node", WIRE_TOKEN_BYTES, &item->node) < 0 ||
		    parse_attr(p, c, "name", WIRE_TOKEN_BYTES, &item->name) < 0)
			return -1;
		r->u.items.n += item->jid != NULL;
	}
	return 0;
}

void
disco_items_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	node_write(x, q);
	for (size_t i = 0; i < r->u.items.n; i++) {
		const struct reply_item *item = &r->u.items.item[i];

		xml_open(x, "item", NULL);
		xml_attr(x, "jid", item->jid);
		xml_attr(x, "node", item->node);
		xml_attr(x, "name", item->name);
		xml_close(x);
	}
}

void
disco_version_answer_write(struct xml *x, const struct request *q, const struct reply *r)
{
	const char *name = r->u.disco.name;

	(void)q;
	xml_leaf(x, "name", NULL, name != NULL ? name : PACKAGE_NAME);
	xml_leaf(x, "version", NULL, PACKAGE_VERSION);
}

bool
disco_has_feature(const struct identity_feature_list *d, const char *feature)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->feature[i], feature) == 0)
			return true;
	return false;
}
