/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt: the words of a question.  The three answers stand on lines of their
 * own so that one of them can be copied; all three sent back together
 * contradict each other and are not obeyed (words.c).
 */
#include "config.h"

#include "desk/prompt.h"

#include <stdio.h>

#include "desk/talk.h"
#include "policy/value.h"

#define NAMES_SHOWN 8
#define PROMPT_SHOWN 20		/* questions in one message, the oldest first */
#define PIECE_BYTES 4096

static void list_names(struct buf *out, const struct name_list *names)
{
	for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		talk_quoted(out, names->name[i]);
	}
	if (names->n > NAMES_SHOWN)
		buf_addf(out, " (+%zu)", names->n - NAMES_SHOWN);
}

/* %1 who, %2 which thing, %3 what of it. */
static const char *sentence_for(int action, bool names)
{
	switch (action) {
	case ACTION_READ:
		return names ? N_("%1 wants to read %3 of %2.") :
		    N_("%1 wants to read everything of %2.");
	case ACTION_CONTROL:
		return names ? N_("%1 wants to control %3 of %2.") :
		    N_("%1 wants to control everything of %2.");
	case ACTION_ACCESS:
		return N_("%1 wants to use %2.");
	case ACTION_PRIVILEGE:
		return N_("%1 wants the privilege %3 at %2.");
	default:
		return N_("%1 wants to befriend %2.");
	}
}

static void say_node(struct buf *out, const struct talk *t, const struct owner_question *q)
{
	struct buf id;

	/* A node that is a thing of its own is called by its name. */
	if (!node_is_set(&q->node) || !q->node_only)
		return;
	buf_init(&id, PIECE_BYTES);
	talk_quoted(&id, q->node.id != NULL ? q->node.id : "");
	catalogue_fill(out, T(" It is about node %1 behind it."), buf_str(&id), NULL);
	buf_fini(&id);
}

static void say_kinds(struct buf *out, const struct talk *t, unsigned types)
{
	struct buf kinds;

	if (types == 0 || types == TYPE_ALL)
		return;
	buf_init(&kinds, PIECE_BYTES);
	for (unsigned bit = 1; bit < TYPE_ALL; bit <<= 1)
		if ((types & bit) != 0)
			buf_addf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", type_name(bit));
	catalogue_fill(out, T(" Only of this kind: %1."), buf_str(&kinds), NULL);
	buf_fini(&kinds);
}

static void say_tokens(struct buf *out, const struct talk *t, const struct tokens *shown)
{
	const struct { const char *word; const struct name_list *list; } kinds[] = {
		{ "service", &shown->service }, { "device", &shown->device },
		{ "user", &shown->user },
	};
	struct buf names;

	buf_init(&names, PIECE_BYTES);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; i < kinds[k].list->n; i++)
			buf_addf(&names, "%s%s %s", names.len > 0 ? " " : "", kinds[k].word,
			    kinds[k].list->name[i]);
	if (names.len > 0)
		catalogue_fill(out, T(" It came with a token: %1."), buf_str(&names), NULL);
	buf_fini(&names);
}

void prompt_sentence(struct buf *out, const struct talk *t, const struct owner_question *q)
{
	struct buf who, what, which;

	buf_init(&who, PIECE_BYTES);
	buf_init(&what, PIECE_BYTES);
	buf_init(&which, PIECE_BYTES);
	talk_address(&who, q->requester);
	talk_quoted(&which, q->thing_name != NULL ? q->thing_name : q->thing_jid);
	list_names(&what, &q->names);
	catalogue_fill(out, T(sentence_for(q->action, q->names.n > 0)), buf_str(&who),
	    buf_str(&which), buf_str(&what), NULL);
	say_node(out, t, q);
	say_kinds(out, t, q->types);
	say_tokens(out, t, &q->tokens);
	buf_fini(&who);
	buf_fini(&what);
	buf_fini(&which);
}

/* A yes would change nothing, so it is not offered. */
static void say_touch(struct buf *out, const struct talk *t, const struct owner_question *q)
{
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)q->touch_rule);
	catalogue_fill(out, T("\nThe answer is no: rule %1 wants a touch of your security key, and "
	    "that cannot be given yet. To hear no more of it, send:"), number, NULL);
	buf_addf(out, "\nno %s", q->code);
}

void prompt_question(struct buf *out, const struct talk *t, const struct owner_question *q)
{
	buf_adds(out, T("Question: "));
	prompt_sentence(out, t, q);
	if (q->touch_rule != 0) {
		say_touch(out, t, q);
		return;
	}
	buf_adds(out, T("\nUntil you answer, the answer is no. Send one of these lines:"));
	buf_addf(out, "\nyes %s\nno %s\nalways %s", q->code, q->code, q->code);
	if (q->action == ACTION_READ)
		buf_adds(out, T("\n(The last one allows every reading of it.)"));
	else if (q->action == ACTION_CONTROL)
		buf_adds(out, T("\n(The last one allows every control of it.)"));
}

void prompt_questions(struct buf *out, const struct talk *t, const struct owner_question *q,
    size_t n)
{
	size_t shown = n < PROMPT_SHOWN ? n : PROMPT_SHOWN;
	char count[24];

	snprintf(count, sizeof(count), "%zu", n);
	catalogue_fill(out, T("%1 questions; until you answer, the answer is no:"), count, NULL);
	for (size_t i = 0; i < shown; i++) {
		buf_addf(out, "\n- %s: ", q[i].code);
		prompt_sentence(out, t, &q[i]);
		if (q[i].touch_rule != 0)
			buf_adds(out, T(" (It wants a touch, so only no helps.)"));
	}
	if (n > shown) {
		snprintf(count, sizeof(count), "%zu", n - shown);
		catalogue_fill(out, T("\n... and %1 more; to see them, send: questions"), count,
		    NULL);
	}
	buf_adds(out, T("\nAnswer one with: yes CODE, no CODE or always CODE"));
}
