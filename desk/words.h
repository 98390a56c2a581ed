/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: from a chat message to requests.  Folds what phones do to text, drops
 * what was quoted, finds a claim text wherever it stands, and reads up to five
 * command lines.  It knows the shape of each command and nothing else: names
 * of things are looked up by desk.c.  Read next: desk.h, talk.h.
 */
#ifndef KITH_DESK_WORDS_H
#define KITH_DESK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/jid.h"
#include "common/wire/request.h"

#define WORDS_LINES 5
#define PHRASE_PAGE 20		/* things, or lines of history, at once */
#define PHRASE_MORE (-1)	/* an offset: where the last page ended */
#define PHRASE_AGAIN(at) (-2 - (at))	/* an offset: `at`, of the list he saw last */

enum words_fault {
	WORDS_FINE = 0,
	WORDS_UNKNOWN,		/* no such word; `hint` may name a near one */
	WORDS_FOR_A_THING,	/* "led on": what one writes to the thing itself */
	WORDS_INCOMPLETE,	/* the word is known, the rest is not: `usage` */
	WORDS_NOT_YET,		/* a word that will come */
	WORDS_NO_CLAIM,		/* `claim` without a text, or with a broken one: `hint` */
	WORDS_TWO_CLAIMS,	/* several claim texts in one message */
	WORDS_CONTRADICTION	/* several answers to one question: none is obeyed */
};

struct words_line {
	const char *typed;	/* the line, folded; for quoting it back */
	enum words_fault fault;
	const struct words_command *command;	/* NULL: unknown */
	struct request q;	/* of WORDS_FINE */
	const char *hint;	/* NULL: none */
	const char *registry;	/* claims: the registry the text names; NULL none */
};

struct words {
	size_t n;
	bool more;		/* there were more than WORDS_LINES lines */
	struct words_line line[WORDS_LINES];
};

/* A command of the desk, for help. */
struct words_command {
	const char *word;
	const char *usage;	/* "show THING"; NULL: never suggested */
	const char *about;	/* its line of help, maybe with others in it; NULL none */
	const char *more;	/* for `help WORD`; a few sentences */
	int (*parse)(struct words_line *l, const char *rest, enum jid_profile profile);
};

/*
 * Read one chat message (VERB_CHAT).  Strings live in chat->pool.  -1: out of
 * memory or over a limit.
 */
int words_parse(struct words *out, const struct request *chat, enum jid_profile profile);

/* The commands in the order of help; NULL at the end. */
const struct words_command *words_command_at(size_t i);
/* By word without case; NULL if unknown. */
const struct words_command *words_command_find(const char *word);

#endif
