/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phrase_act: the commands that change whose a thing is, who finds it, sets of
 * things, and an owner's settings.  Nothing here acts.
 */
#include "config.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "desk/phrase.h"
#include "desk/token.h"

#define SET_CHARS 64		/* of the name of a set */
#define CODE_CHARS 64		/* of an ownership code */

static const char *rest_of(struct words_line *l, const char **rest)
{
	return token_take_rest(l->q.pool, rest);
}

void phrase_thing_or_set(struct words_line *l, const char *name)
{
	if (str_case_starts(name, "set ")) {
		name += 4 + strspn(name + 4, " ");
		l->q.u.desk.set = token_take_rest(l->q.pool, &name);
	} else {
		l->q.u.desk.thing = name;
	}
}

static bool names_something(const struct words_line *l)
{
	return (l->q.u.desk.thing != NULL && l->q.u.desk.thing[0] != '\0') ||
	    (l->q.u.desk.set != NULL && l->q.u.desk.set[0] != '\0');
}

/* WORD THING|set NAME and nothing more. */
static int on_thing(struct words_line *l, const char *rest, enum verb verb)
{
	const char *name = rest_of(l, &rest);

	l->q.verb = verb;
	if (name == NULL || rest[0] != '\0')
		return -1;
	phrase_thing_or_set(l, name);
	return names_something(l) ? 0 : -1;
}

PHRASE(undo)
{
	(void)profile;
	l->q.verb = VERB_UNDO;
	return rest[0] != '\0' ? -1 : 0;
}

PHRASE(remove)
{
	(void)profile;
	return on_thing(l, rest, VERB_REMOVE);
}

PHRASE(publish)
{
	(void)profile;
	l->q.u.desk.yes_no = ANSWER_YES;
	return on_thing(l, rest, VERB_PUBLISH);
}

PHRASE(unpublish)
{
	(void)profile;
	l->q.u.desk.yes_no = ANSWER_NO;
	return on_thing(l, rest, VERB_PUBLISH);
}

PHRASE(disown)
{
	const char *thing = token_take_until(l->q.pool, &rest, "offline");

	(void)profile;
	if (thing == NULL)
		return on_thing(l, rest, VERB_DISOWN);
	l->q.verb = VERB_DISOWN;
	l->q.u.desk.offline = true;
	phrase_thing_or_set(l, thing);
	return rest[0] == '\0' && names_something(l) ? 0 : -1;
}

PHRASE(transfer)
{
	const char *thing = token_take_until(l->q.pool, &rest, "to");

	l->q.verb = VERB_TRANSFER;
	if (thing == NULL)
		return -1;
	phrase_thing_or_set(l, thing);
	l->q.u.desk.jid = token_jid(l->q.pool, token_without_stop(l->q.pool, rest), profile);
	return l->q.u.desk.jid != NULL && strchr(l->q.u.desk.jid, '@') != NULL &&
	    names_something(l) ? 0 : -1;
}

PHRASE(replace)
{
	const char *old = token_take_until(l->q.pool, &rest, "by");

	(void)profile;
	l->q.verb = VERB_REPLACE;
	l->q.u.desk.thing = old;
	l->q.u.desk.name = rest_of(l, &rest);
	return old == NULL || l->q.u.desk.name == NULL || l->q.u.desk.name[0] == '\0' ? -1 : 0;
}

/* A short code, folded. */
static int short_code(struct words_line *l, const char *rest, enum verb verb)
{
	const char *typed = token_without_stop(l->q.pool, rest);
	char *code = pool_alloc(l->q.pool, IDENT_CODE);

	l->q.verb = verb;
	l->q.u.desk.code = code;
	return typed == NULL || code == NULL || ident_code_fold(code, typed) != 0 ? -1 : 0;
}

PHRASE(accept)
{
	(void)profile;
	return short_code(l, rest, VERB_ACCEPT);
}

PHRASE(code)
{
	(void)profile;
	return short_code(l, rest, VERB_PRESENCE_CODE);
}

PHRASE(ownership)
{
	(void)profile;
	if (!token_skip(l->q.pool, &rest, "code"))
		return -1;
	l->q.verb = VERB_OWNERSHIP_CODE;
	return rest[0] != '\0' ? -1 : 0;
}

/* An ownership code as it was typed, without its blanks; whoever made it knows more. */
static int long_code(struct words_line *l, const char *rest, enum verb verb)
{
	char *code = pool_strdup(l->q.pool, token_without_stop(l->q.pool, rest)), *to = code;

	l->q.verb = verb;
	if (code == NULL || strlen(code) > CODE_CHARS)
		return -1;
	for (const char *s = code; *s != '\0'; s++)
		if (*s != ' ')
			*to++ = *s;
	*to = '\0';
	l->q.u.desk.code = code;
	return code[0] == '\0' ? -1 : 0;
}

PHRASE(prove)
{
	(void)profile;
	return long_code(l, rest, VERB_PROVE);
}

PHRASE(recover)
{
	(void)profile;
	return long_code(l, rest, VERB_RECOVER);
}

/* share THING|set NAME with WHO [to ...] [for ...]; share THING with WHO as co-owner. */
PHRASE(share)
{
	struct pool *pool = l->q.pool;
	const char *thing = token_take_until(pool, &rest, "with"), *who;

	l->q.verb = VERB_SHARE;
	if (thing == NULL || (who = token_take(pool, &rest, NULL)) == NULL)
		return -1;
	phrase_thing_or_set(l, thing);
	l->q.u.desk.jid = token_jid(pool, token_without_stop(pool, who), profile);
	if (l->q.u.desk.jid == NULL || strchr(who, '@') == NULL || !names_something(l))
		return -1;
	if (token_skip(pool, &rest, "as")) {
		token_skip(pool, &rest, "a");
		if (token_skip(pool, &rest, "guest"))
			l->q.u.desk.co_owner = false;
		else if (token_skip(pool, &rest, "co-owner") || token_skip(pool, &rest, "coowner"))
			l->q.u.desk.co_owner = true;
		else
			return -1;
	}
	l->q.u.desk.text = rest;
	return 0;
}

/* "lamp, heater and door"; names with blanks need commas. */
static int take_names(struct words_line *l, const char *rest)
{
	struct name_list *names = &l->q.u.desk.names;
	bool commas = strchr(rest, ',') != NULL;
	size_t max = strlen(rest) / 2 + 1;

	names->name = pool_alloc(l->q.pool, max * sizeof(*names->name));
	if (names->name == NULL)
		return -1;
	while (rest[0] != '\0') {
		const char *name;

		if (rest[0] == '"' || !commas) {
			name = token_take(l->q.pool, &rest, NULL);
		} else {
			size_t len = strcspn(rest, ",");

			name = pool_strndup(l->q.pool, rest, len);
			name = name == NULL ? NULL : token_trim(pool_strdup(l->q.pool, name));
			rest += len;
		}
		rest += strspn(rest, " ,");
		if (name == NULL || names->n == max)
			return -1;
		if (name[0] != '\0' && !(names->n > 0 && !commas && token_is(name, "and")))
			names->name[names->n++] = name;
	}
	return 0;
}

/* set NAME = THINGS; nothing behind the sign: no such set any more. */
PHRASE(set)
{
	const char *equals = strchr(rest, '=');
	char *name;

	(void)profile;
	l->q.verb = VERB_SET;
	if (equals == NULL && strchr(rest, ' ') != NULL) {
		l->fault = WORDS_FOR_A_THING;
		return 0;
	}
	if (equals == NULL || equals == rest)
		return -1;
	name = pool_strndup(l->q.pool, rest, (size_t)(equals - rest));
	if (name == NULL)
		return -1;
	name = token_trim(name);
	if (name[0] == '\0' || str_utf8_chars(name) > SET_CHARS || strchr(name, '"') != NULL)
		return -1;
	l->q.u.desk.text = name;
	return take_names(l, equals + 1 + strspn(equals + 1, " "));
}

PHRASE(sets)
{
	(void)profile;
	l->q.verb = VERB_SET;
	return rest[0] != '\0' ? -1 : 0;
}

/* mute [2 h|off] */
PHRASE(mute)
{
	int64_t ms = 24 * 3600 * 1000LL;

	(void)profile;
	l->q.verb = VERB_MUTE;
	if (token_is(rest, "off")) {
		l->q.u.desk.number = 0;
		return 0;
	}
	token_skip(l->q.pool, &rest, "for");
	if (rest[0] != '\0')
		ms = token_take_span(l->q.pool, &rest);
	l->q.u.desk.number = ms;
	return ms < 0 || rest[0] != '\0' ? -1 : 0;
}

PHRASE(digest)
{
	(void)profile;
	l->q.verb = VERB_DIGEST;
	l->q.u.desk.yes_no = token_is(rest, "off") ? ANSWER_NO : ANSWER_YES;
	return token_is(rest, "on") || token_is(rest, "off") ? 0 : -1;
}

static int one_word(struct words_line *l, const char *rest, enum verb verb)
{
	l->q.verb = verb;
	l->q.u.desk.text = token_without_stop(l->q.pool, token_take(l->q.pool, &rest, NULL));
	return l->q.u.desk.text == NULL || rest[0] != '\0' ? -1 : 0;
}

PHRASE(language)
{
	(void)profile;
	return one_word(l, rest, VERB_LANGUAGE);
}

PHRASE(timezone)
{
	(void)profile;
	return one_word(l, rest, VERB_TIMEZONE);
}
