/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_support: a chat message in a pool of its own, for the tests of desk/.
 */
#ifndef KITH_TESTS_DESK_SUPPORT_H
#define KITH_TESTS_DESK_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/wire/limits.h"
#include "desk/words.h"

struct typed {
	struct pool pool;
	struct request chat;
	struct words words;
};

static inline void typed_chat(struct typed *t, const char *body)
{
	pool_init(&t->pool, WIRE_REQUEST_BYTES);
	memset(&t->chat, 0, sizeof(t->chat));
	t->chat.verb = VERB_CHAT;
	t->chat.kind = STANZA_MESSAGE;
	t->chat.type = IQ_NOT;
	t->chat.from = "alice@a.example/phone";
	t->chat.bare = "alice@a.example";
	t->chat.to = "desk@registry.a.example";
	t->chat.pool = &t->pool;
	t->chat.u.chat.body = body;
}

static inline void typed(struct typed *t, const char *body)
{
	typed_chat(t, body);
	assert_int_equal(words_parse(&t->words, &t->chat, JID_STRINGPREP), 0);
}

static inline void typed_end(struct typed *t)
{
	pool_fini(&t->pool);
}

/* Would one of the lines be obeyed (help is only shown)? */
static inline bool typed_acts(const struct typed *t)
{
	for (size_t i = 0; i < t->words.n; i++)
		if (t->words.line[i].fault == WORDS_FINE && t->words.line[i].q.verb != VERB_HELP)
			return true;
	return false;
}

#endif
