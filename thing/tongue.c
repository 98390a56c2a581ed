/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tongue: in which language a line is answered: what its owner chose, what the word is
 * of, what the line says, what the owner wrote in last, what the settings say; and what
 * he is told without having asked.  How a text is looked up: words.h.
 */
#include "config.h"

#include "thing/self.h"

#include <ctype.h>

#include "common/base/str.h"
#include "common/wire/push.h"

void self_settle_language(struct kith_thing *t)
{
	t->jobs.words.lang = t->standing.language[0] ? t->standing.language : t->language;
}

/* As RFC 5646 writes them: "de", "de-AT". */
static bool is_language(const char *text)
{
	for (const char *s = text; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '-')
			return false;
	return *text != '\0';
}

static int keep(struct kith_thing *t, const char *lang, bool chosen)
{
	struct err e = ERR_INIT;

	if (!is_language(lang) ||
	    str_copy(t->standing.language, sizeof(t->standing.language), lang) < 0)
		return -1;
	t->standing.chosen = chosen;
	self_settle_language(t);
	if (standing_save(&t->standing, t->state_dir, &e) < 0)
		self_emit(t, KITH_THING_EV_NOTE, e.text, NULL);
	return 0;
}

/*
 * Many clients call every stream English whoever uses them, and the server puts that on
 * each line; so a German word, and what the owner chose, say more.
 */
void self_hear_language(struct kith_thing *t, struct request *q)
{
	bool owner = standing_is_owner(&t->standing, q->bare);
	const char *word = talk_word_language(q), *lang;

	if (owner && t->standing.chosen)
		q->u.chat.lang = t->standing.language;
	else if (word)
		q->u.chat.lang = word;
	lang = q->u.chat.lang ? q->u.chat.lang : q->lang;
	if (owner && lang && !str_case_eq(lang, t->standing.language))
		(void)keep(t, lang, false);
}

int self_order_language(void *arg, const char *lang)
{
	return keep(arg, lang, true);
}

int self_tell_owner(void *arg, const char *text)
{
	struct kith_thing *t = arg;
	char id[IDENT_TEXT];

	if (!t->standing.owner[0] || !session_is_up(&t->session) || ident_text(id, NULL) < 0)
		return -1;
	return chat_write(t->session.out, NULL, t->standing.owner, id, NULL,
	    words_text(&t->jobs.words, text));
}
