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
	default:
		return N_("%1 wants to befriend %2.");
	}
}

void prompt_sentence(struct buf *out, const struct talk *t, const char *requester, int action,
    const struct name_list *names, const char *thing)
{
	struct buf who, what, which;

	buf_init(&who, PIECE_BYTES);
	buf_init(&what, PIECE_BYTES);
	buf_init(&which, PIECE_BYTES);
	talk_address(&who, requester);
	talk_quoted(&which, thing);
	list_names(&what, names);
	catalogue_fill(out, T(sentence_for(action, names->n > 0)), buf_str(&who), buf_str(&which),
	    buf_str(&what), NULL);
	buf_fini(&who);
	buf_fini(&what);
	buf_fini(&which);
}

void prompt_question(struct buf *out, const struct talk *t, const struct owner_question *q)
{
	buf_adds(out, T("Question: "));
	prompt_sentence(out, t, q->requester, q->action, &q->names,
	    q->thing_name != NULL ? q->thing_name : q->thing_jid);
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
	char count[24];

	snprintf(count, sizeof(count), "%zu", n);
	catalogue_fill(out, T("%1 questions; until you answer, the answer is no:"), count, NULL);
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "\n- %s: ", q[i].code);
		prompt_sentence(out, t, q[i].requester, q[i].action, &q[i].names,
		    q[i].thing_name != NULL ? q[i].thing_name : q[i].thing_jid);
	}
	buf_adds(out, T("\nAnswer one with: yes CODE, no CODE or always CODE"));
}
