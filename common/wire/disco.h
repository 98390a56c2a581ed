/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disco: what any entity is asked: service discovery (XEP-0030), ping
 * (XEP-0199) and version (XEP-0092); requests, and answers both ways.
 */
#ifndef KITH_WIRE_DISCO_H
#define KITH_WIRE_DISCO_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int disco_query_parse(struct parse *p, const struct stanza *el, struct request *q);
void disco_query_write(struct xml *x, const struct request *q);
/* ping, version: nothing inside */
int disco_empty_parse(struct parse *p, const struct stanza *el, struct request *q);
void disco_empty_write(struct xml *x, const struct request *q);

int disco_info_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void disco_info_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int disco_items_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void disco_items_answer_write(struct xml *x, const struct request *q, const struct reply *r);
void disco_version_answer_write(struct xml *x, const struct request *q, const struct reply *r);

bool disco_has_feature(const struct identity_feature_list *d, const char *feature);

#endif
