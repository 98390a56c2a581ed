/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phrase: one small parser per command: what stands behind its first word.
 * phrase.c has those that look, answer and make rules, phrase_act.c those that
 * change whose a thing is, and the settings.  0 fine; -1 incomplete.
 */
#ifndef KITH_DESK_PHRASE_H
#define KITH_DESK_PHRASE_H

#include "desk/words.h"

#define PHRASE(name) \
	int phrase_##name(struct words_line *l, const char *rest, enum jid_profile profile)

PHRASE(help);
PHRASE(claim);
PHRASE(not_yet);
PHRASE(things);
PHRASE(page);
PHRASE(show);
PHRASE(find);
PHRASE(history);
PHRASE(name);
PHRASE(tag);
PHRASE(questions);
PHRASE(yes);
PHRASE(no);
PHRASE(always);
PHRASE(rule);
PHRASE(rules);
PHRASE(forget);
PHRASE(revoke);
PHRASE(tokens);
PHRASE(why);
PHRASE(what);
PHRASE(undo);
PHRASE(remove);
PHRASE(publish);
PHRASE(unpublish);
PHRASE(disown);
PHRASE(transfer);
PHRASE(accept);
PHRASE(replace);
PHRASE(share);
PHRASE(set);
PHRASE(sets);
PHRASE(code);
PHRASE(ownership);
PHRASE(prove);
PHRASE(recover);
PHRASE(mute);
PHRASE(digest);
PHRASE(language);
PHRASE(timezone);

/* `name=value`, `-name`; the rest of the line, all of them. */
int phrase_tags(struct words_line *l, const char *rest, bool may_remove);
/* "set garden" instead of a thing's name. */
void phrase_thing_or_set(struct words_line *l, const char *name);
/* "more", "page 3" at the end of a list; what was taken is out of *rest. */
void phrase_take_page(struct words_line *l, const char **rest, int64_t *offset);

#endif
