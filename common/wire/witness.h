/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness: urn:kith:presence:0, by which a registry learns through one of our
 * things that a person stands before it (docs/PROTOCOL.md 4.5).  Nothing here
 * knows what for; that is registry/presence_question.h.
 */
#ifndef KITH_WIRE_WITNESS_H
#define KITH_WIRE_WITNESS_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int witness_show_parse(struct parse *p, const struct stanza *el, struct request *q);
void witness_show_write(struct xml *x, const struct request *q);
int witness_listen_parse(struct parse *p, const struct stanza *el, struct request *q);
void witness_listen_write(struct xml *x, const struct request *q);
int witness_new_key_parse(struct parse *p, const struct stanza *el, struct request *q);
void witness_new_key_write(struct xml *x, const struct request *q);
int witness_pressed_parse(struct parse *p, const struct stanza *el, struct request *q);
void witness_pressed_write(struct xml *x, const struct request *q);

#endif
