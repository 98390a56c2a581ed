/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: what a thing's owner may order in chat beyond reading and setting: `language`;
 * and `decommission`, twice, the second time with the code that the first one gave.
 * What is then done: tongue.c, decommission.c.
 */
#ifndef KITH_THING_ORDER_H
#define KITH_THING_ORDER_H

#include <stdint.h>

#define ORDER_CODE 8			/* characters */
#define ORDER_MS (10 * 60 * 1000LL)	/* the code is good for so long */
#define ORDER_TRIES 3

struct talk;

struct order {
	char code[ORDER_CODE + 1];	/* "": none is open */
	int64_t until_ms;		/* boot clock */
	unsigned wrong;
	/* Out of service; the receipt is the answer to the line `re`.  -1: not now. */
	int (*leave)(void *arg, const char *re);
	/* He wants that language; -1: that is none. */
	int (*language)(void *arg, const char *lang);
	void *arg;
};

/* What stands behind the word. */
void order_decommission(struct talk *t, const char *rest);
void order_language(struct talk *t, const char *rest);
/* It has another owner, or none. */
void order_end(struct order *o);

#endif
