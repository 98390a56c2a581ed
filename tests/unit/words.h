/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: what a role says, in English, for tests of roles by themselves.
 */
#ifndef KITH_TESTS_UNIT_WORDS_H
#define KITH_TESTS_UNIT_WORDS_H

#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/saying.h"

/* Good until it is called eight times more; "" for NULL. */
static inline const char *in_words(const char *said)
{
	static char text[8][16384];
	static unsigned at;
	char *out = text[at++ % 8];
	struct buf b;

	buf_init(&b, sizeof(text[0]) - 1);
	if (said != NULL)
		saying_words(&b, said, NULL, NULL);
	(void)snprintf(out, sizeof(text[0]), "%s", buf_str(&b));
	buf_fini(&b);
	return out;
}

#endif
