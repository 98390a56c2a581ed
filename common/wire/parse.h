/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: what every *_parse of this folder is made of: attributes with limits,
 * addresses, nodes, tags, names, field types, in either vocabulary.  Each
 * returns 0, or -1 with the condition of the first fault in p->cond.
 */
#ifndef KITH_WIRE_PARSE_H
#define KITH_WIRE_PARSE_H

#include "common/base/jid.h"
#include "common/wire/reply.h"
#include "common/wire/request.h"
#include "common/wire/words.h"

struct stanza;

struct parse {
	struct pool *pool;
	enum jid_profile profile;
	enum condition cond;		/* COND_NONE while all is well */
	bool saw_long, saw_short;	/* words of which vocabulary were used */
};

/* Always -1; keeps the first condition. */
int parse_fail(struct parse *p, enum condition c);
const char *parse_copy(struct parse *p, const char *text);
/* The vocabulary that was used; by generation when nothing or both tell. */
enum vocab parse_vocab(const struct parse *p, enum gen gen);

/* *out is NULL when the attribute is absent.  `max` counts characters. */
int parse_attr(struct parse *p, const struct stanza *el, const char *name, size_t max,
    const char **out);
/* The same, but absent is a fault. */
int parse_needed(struct parse *p, const struct stanza *el, const char *name, size_t max,
    const char **out);
/* An attribute that has a long and a short name; both with different values is a fault. */
int parse_word(struct parse *p, const struct stanza *el, enum word w, size_t max,
    const char **out);
/* xs:boolean; *out keeps its value when absent, *has may be NULL. */
int parse_bool(struct parse *p, const struct stanza *el, const char *name, bool *has, bool *out);
int parse_int(struct parse *p, const struct stanza *el, const char *name, int64_t min,
    int64_t *out);

/* Bare canonical address in attribute `name`; absent gives NULL or, when
 * `needed`, bad-request; malformed gives jid-malformed. */
int parse_jid(struct parse *p, const struct stanza *el, const char *name, bool needed,
    const char **out);
/* The same without faults: *asked as sent, *jid NULL when it is no address. */
int parse_jid_soft(struct parse *p, const struct stanza *el, const char *name,
    const char **jid, const char **asked);
int parse_node(struct parse *p, const struct stanza *el, struct node *out);
int parse_tags(struct parse *p, const struct stanza *el, struct tag_list *out);
/* One <str/> or <num/>. */
int parse_tag(struct parse *p, const struct stanza *el, bool is_num, struct tag *out);
int parse_number(struct parse *p, const char *text, double *out, const char **canonical);
int parse_types(struct parse *p, const struct stanza *el, unsigned *types, unsigned *history);
int parse_tokens(struct parse *p, const struct stanza *el, struct tokens *out);
/* <node/> and <nd/> children; <field/> and <f/>; <parameter/> and <p/>. */
int parse_nodes(struct parse *p, const struct stanza *el, struct node_list *out);
int parse_fields(struct parse *p, const struct stanza *el, struct name_list *out);
int parse_parameters(struct parse *p, const struct stanza *el, struct name_list *out);

#endif
