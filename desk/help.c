/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help: what the desk understands, on one screen, and what it says about a
 * line it could not read.  The words themselves are in words.c.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "desk/talk.h"

static void say_usage(struct buf *out, const struct talk *t, const struct words_command *c)
{
	buf_adds(out, T("I cannot read that. "));
	if (c->usage != NULL)
		catalogue_fill(out, T("It goes: %1\n"), c->usage, NULL);
	if (c->more != NULL)
		buf_adds(out, T(c->more));
}

static void say_unknown(struct buf *out, const struct talk *t, const struct words_line *l)
{
	struct buf typed;

	buf_init(&typed, 4096);
	talk_quoted(&typed, l->typed);
	if (l->hint != NULL)
		catalogue_fill(out, T("I do not know %1. Did you mean: %2"), buf_str(&typed),
		    l->hint, NULL);
	else
		catalogue_fill(out, T("I do not know %1. To see what I understand, send: help"),
		    buf_str(&typed), NULL);
	buf_fini(&typed);
}

static void say_for_a_thing(struct buf *out, const struct talk *t, const struct words_line *l)
{
	const char *what = str_case_starts(l->typed, "set ") ? l->typed + 4 : l->typed;
	struct buf typed;

	buf_init(&typed, 4096);
	talk_line(&typed, what);
	catalogue_fill(out, T("I only look after who may do what. To operate a thing, write to the "
	    "thing itself, from this account: set %1"), buf_str(&typed), NULL);
	buf_fini(&typed);
}

static void say_no_claim(struct buf *out, const struct talk *t, const struct words_line *l)
{
	struct buf why;

	if (l->hint == NULL) {
		buf_adds(out, T("I need the whole text that the thing shows. It begins with "
		    "iotdisco: and contains a KEY. Paste it after the word claim."));
		return;
	}
	buf_init(&why, 4096);
	talk_line(&why, l->hint);
	catalogue_fill(out, T("I cannot read that claim text: %1. Copy it again from the thing, "
	    "all of it."), buf_str(&why), NULL);
	buf_fini(&why);
}

void talk_fault(struct buf *out, const struct talk *t, const struct words_line *l)
{
	switch (l->fault) {
	case WORDS_FINE:
		break;
	case WORDS_UNKNOWN:
		say_unknown(out, t, l);
		break;
	case WORDS_FOR_A_THING:
		say_for_a_thing(out, t, l);
		break;
	case WORDS_INCOMPLETE:
		say_usage(out, t, l->command);
		break;
	case WORDS_NOT_YET:
		catalogue_fill(out, T("I cannot do \"%1\" yet. To see what I can do, send: help"),
		    l->command->word, NULL);
		break;
	case WORDS_NO_CLAIM:
		say_no_claim(out, t, l);
		break;
	case WORDS_TWO_CLAIMS:
		buf_adds(out, T("There are several claim texts in this message and I did nothing. "
		    "Send one text in one message."));
		break;
	case WORDS_CONTRADICTION:
		buf_adds(out, T("You sent different answers to one question, so I did nothing. "
		    "Send one of them."));
		break;
	}
}

static void help_word(struct buf *out, const struct talk *t, const struct words_command *c)
{
	if (c->usage != NULL)
		catalogue_fill(out, T("It goes: %1\n"), c->usage, NULL);
	buf_adds(out, T(c->more));
}

void talk_help(struct buf *out, const struct talk *t, const char *word, bool has_things)
{
	const struct words_command *c;

	if (word != NULL && (c = words_command_find(word)) != NULL && c->more != NULL) {
		help_word(out, t, c);
		return;
	}
	/* Each line begins with a dash: sent back to us it commands nothing. */
	buf_adds(out, has_things ? T("I look after your things. One command a line:") :
	    T("I look after things. To make one yours, send me the text it shows. All words:"));
	for (size_t i = 0; (c = words_command_at(i)) != NULL; i++)
		if (c->about != NULL)
			buf_addf(out, "\n- %s", T(c->about));
}
