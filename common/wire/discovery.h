/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery: XEP-0347 on the wire: what things and owners ask the registry,
 * what it answers, what it pushes.  *_parse fill, *_write write the children
 * and attributes of an element that is already open.  Read next: route.h.
 */
#ifndef KITH_WIRE_DISCOVERY_H
#define KITH_WIRE_DISCOVERY_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int discovery_register_parse(struct parse *p, const struct stanza *el, struct request *q);
void discovery_register_write(struct xml *x, const struct request *q);
int discovery_mine_parse(struct parse *p, const struct stanza *el, struct request *q);
void discovery_mine_write(struct xml *x, const struct request *q);
/* remove, disown: of a thing that must be named */
int discovery_named_parse(struct parse *p, const struct stanza *el, struct request *q);
/* unregister */
int discovery_own_parse(struct parse *p, const struct stanza *el, struct request *q);
/* update */
int discovery_update_parse(struct parse *p, const struct stanza *el, struct request *q);
/* All four write the same. */
void discovery_address_write(struct xml *x, const struct request *q);
int discovery_search_parse(struct parse *p, const struct stanza *el, struct request *q);
void discovery_search_write(struct xml *x, const struct request *q);

/* Pushes: claimed has an owner; removed and disowned have none. */
int discovery_claimed_parse(struct parse *p, const struct stanza *el, struct request *q);
int discovery_ended_parse(struct parse *p, const struct stanza *el, struct request *q);
void discovery_push_write(struct xml *x, const struct request *q);

/* Answers. */
/* <self/> beside any answer to a register: to ours only. */
int discovery_self_answer_parse(struct parse *p, const struct stanza *parent, struct reply *r);
void discovery_self_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int discovery_claimed_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void discovery_claimed_answer_write(struct xml *x, const struct request *q, const struct reply *r);
void discovery_disowned_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int discovery_found_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void discovery_found_answer_write(struct xml *x, const struct request *q, const struct reply *r);

#endif
