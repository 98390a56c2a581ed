/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chat: the text somebody typed, and every reason why it may not be obeyed.
 * Words and their meaning are desk/ (and the thing's own small chat).
 */
#ifndef KITH_WIRE_CHAT_H
#define KITH_WIRE_CHAT_H

#include "common/wire/parse.h"

/* What a message is to us. */
enum chat_sort {
	CHAT_NOTHING,	/* receipts, typing notices, headlines: nothing to say to */
	CHAT_LINE	/* q->u.chat is filled */
};
/* `message`: the whole stanza.  CHAT_NOTHING also when p->cond is set. */
enum chat_sort chat_parse(struct parse *p, const struct stanza *message, struct request *q);

/* Is this a message whose payload may count: neither error, group, nor headline? */
bool chat_is_direct(const struct stanza *message);
/* Did it wait somewhere (XEP-0203)? */
bool chat_is_delayed(const struct stanza *message);

#endif
