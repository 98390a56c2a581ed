/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provisioning: XEP-0324 between a thing and its authority: isFriend, canRead,
 * canControl with their answers, clearCache, friend, unfriend.  What owners
 * send is owner.h.  Rights are decided in provisioning/ and policy/.
 */
#ifndef KITH_WIRE_PROVISIONING_H
#define KITH_WIRE_PROVISIONING_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int provisioning_is_friend_parse(struct parse *p, const struct stanza *el, struct request *q);
void provisioning_is_friend_write(struct xml *x, const struct request *q);
int provisioning_can_read_parse(struct parse *p, const struct stanza *el, struct request *q);
void provisioning_can_read_write(struct xml *x, const struct request *q);
int provisioning_can_control_parse(struct parse *p, const struct stanza *el, struct request *q);
void provisioning_can_control_write(struct xml *x, const struct request *q);

int provisioning_clear_cache_parse(struct parse *p, const struct stanza *el, struct request *q);
void provisioning_clear_cache_write(struct xml *x, const struct request *q);
int provisioning_friend_parse(struct parse *p, const struct stanza *el, struct request *q);
void provisioning_friend_write(struct xml *x, const struct request *q);

/* Answers; jid and result are needed, an answer without them is none. */
int provisioning_is_friend_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void provisioning_is_friend_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);
int provisioning_can_read_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void provisioning_can_read_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);
int provisioning_can_control_answer_parse(struct parse *p, const struct stanza *el,
    struct reply *r);
void provisioning_can_control_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);

#endif
