/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: the part of the provisioning family between owners and their
 * provisioning service: rules, cache and device lists, and the questions put
 * to owners (written by push_question_write in push.h).
 */
#ifndef KITH_WIRE_OWNER_H
#define KITH_WIRE_OWNER_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int owner_friend_rule_parse(struct parse *p, const struct stanza *el, struct request *q);
int owner_read_rule_parse(struct parse *p, const struct stanza *el, struct request *q);
int owner_control_rule_parse(struct parse *p, const struct stanza *el, struct request *q);
void owner_friend_rule_write(struct xml *x, const struct request *q);
void owner_read_rule_write(struct xml *x, const struct request *q);
void owner_control_rule_write(struct xml *x, const struct request *q);
/* clearCache, deleteRules */
int owner_thing_parse(struct parse *p, const struct stanza *el, struct request *q);
void owner_thing_write(struct xml *x, const struct request *q);
int owner_devices_parse(struct parse *p, const struct stanza *el, struct request *q);
void owner_devices_write(struct xml *x, const struct request *q);

#endif
