/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt: the words of a question.  The three answers stand on lines of their
 * own so that one of them can be copied; all three sent back together
 * contradict each other and are not obeyed (words.c).
 */
#include "config.h"

#include "desk/prompt.h"

#include "desk/talk.h"
#include "policy/value.h"

#define NAMES_SHOWN 8

static void list_names(struct buf *out, const struct name_list *names)
{
	for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++) {
		buf_adds(out, i == 0 ? " " : ", ");
		talk_quoted(out, names->name[i]);
	}
	if (names->n > NAMES_SHOWN)
		buf_addf(out, " and %zu more", names->n - NAMES_SHOWN);
}

void prompt_sentence(struct buf *out, const char *requester, int action,
    const struct name_list *names, const char *thing)
{
	talk_address(out, requester);
	buf_adds(out, " wants to ");
	buf_adds(out, action_name((enum action)action));
	if (action != ACTION_BEFRIEND && names->n > 0) {
		list_names(out, names);
		buf_adds(out, " of");
	} else if (action != ACTION_BEFRIEND) {
		buf_adds(out, " everything of");
	}
	buf_addc(out, ' ');
	talk_quoted(out, thing);
	buf_addc(out, '.');
}

/* What `always` would add to `yes`. */
static const char *always_means(int action)
{
	switch (action) {
	case ACTION_READ:
		return "every reading of it";
	case ACTION_CONTROL:
		return "every control of it";
	default:
		return "to befriend it, for good";
	}
}

void prompt_question(struct buf *out, const struct owner_question *q)
{
	buf_adds(out, "Question: ");
	prompt_sentence(out, q->requester, q->action, &q->names,
	    q->thing_name != NULL ? q->thing_name : q->thing_jid);
	buf_adds(out, "\nUntil you answer, the answer is no. Send one of these lines:");
	buf_addf(out, "\nyes %s\nno %s\nalways %s", q->code, q->code, q->code);
	if (q->action == ACTION_BEFRIEND)
		return;
	buf_addf(out, "\n(The last one allows %s.)", always_means(q->action));
}
