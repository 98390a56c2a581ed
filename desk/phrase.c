/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phrase: the commands that look, answer and make rules.  Nothing here acts
 * and nothing looks anything up.
 */
#include "config.h"

#include "desk/phrase.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "desk/token.h"
#include "policy/value.h"

#define NAME_CHARS 64		/* of the name an owner gives a thing */

int phrase_help(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_HELP;
	l->q.u.desk.text = token_take(l->q.pool, &rest, NULL);
	return 0;
}

/* Where a list goes on: `more` is known only to whoever saw the page before. */
void phrase_take_page(struct words_line *l, const char **rest, int64_t *offset)
{
	struct pool *pool = l->q.pool;
	const char *before, *at = *rest, *number;
	int64_t page;

	*offset = 0;
	if (token_is(*rest, "more")) {
		*rest = "";
		*offset = PHRASE_MORE;
		return;
	}
	if (token_skip(pool, &at, "page")) {
		before = "";
	} else {
		at = *rest;
		before = token_take_until(pool, &at, "page");
	}
	number = before != NULL ? token_without_stop(pool, at) : NULL;
	if (number == NULL || str_to_int(number, 1, 10000, &page) != 0)
		return;
	*offset = (page - 1) * PHRASE_PAGE;
	*rest = before;
}

int phrase_things(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct request_devices *d = &l->q.u.devices;

	(void)profile;
	l->q.verb = VERB_GET_DEVICES;
	phrase_take_page(l, &rest, &d->offset);
	d->max = PHRASE_PAGE;
	d->filter = rest[0] != '\0' ? rest : NULL;
	return 0;
}

/* "page 2" by itself, and "more": of the list he saw last. */
int phrase_page(struct words_line *l, const char *rest, enum jid_profile profile)
{
	int64_t page = 0;

	(void)profile;
	l->q.verb = VERB_GET_DEVICES;
	l->q.u.devices.max = PHRASE_PAGE;
	if (rest[0] == '\0' && token_is(l->command->word, "more")) {
		l->q.u.devices.offset = PHRASE_MORE;
		return 0;
	}
	if (str_to_int(token_without_stop(l->q.pool, rest), 1, 10000, &page) != 0)
		return -1;
	l->q.u.devices.offset = PHRASE_AGAIN((page - 1) * PHRASE_PAGE);
	return 0;
}

int phrase_history(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_HISTORY;
	l->q.u.desk.max = PHRASE_PAGE;
	token_skip(l->q.pool, &rest, "of");
	phrase_take_page(l, &rest, &l->q.u.desk.offset);
	if (rest[0] != '\0')
		l->q.u.desk.thing = token_take_rest(l->q.pool, &rest);
	return rest[0] != '\0' ? -1 : 0;
}

static int add_tag(struct words_line *l, const char *name, const char *value, bool quoted)
{
	struct tag_list *tags = &l->q.u.desk.tags;
	struct tag *tag = &tags->tag[tags->n];

	if (tags->n == WIRE_TAGS || name[0] == '\0' || str_utf8_chars(name) > WIRE_TAG_NAME ||
	    str_utf8_chars(value) > WIRE_TAG_VALUE || tag_find(tags, name) != NULL)
		return -1;
	*tag = (struct tag){ .name = name, .str = value };
	tag->is_num = !quoted && value[0] != '\0' && str_to_double(value, &tag->num) == 0;
	tags->n++;
	return 0;
}

/* One of: name=value, name="two words", -name; the name may stand in quotes, too. */
static int take_tag(struct words_line *l, const char **rest, bool may_remove)
{
	struct pool *pool = l->q.pool;
	bool minus = may_remove && **rest == '-', quoted;
	const char *name, *value;
	size_t len;

	*rest += minus;
	if (**rest == '"') {
		name = token_take(pool, rest, NULL);
	} else {
		len = strcspn(*rest, "= ");
		name = pool_strndup(pool, *rest, len);
		*rest += len;
	}
	if (name == NULL || minus != (**rest != '='))
		return -1;
	if (minus) {
		*rest += strspn(*rest, " ");
		return add_tag(l, name, "", true);
	}
	++*rest;
	value = token_take(pool, rest, &quoted);
	return value == NULL || value[0] == '\0' ? -1 : add_tag(l, name, value, quoted);
}

int phrase_tags(struct words_line *l, const char *rest, bool may_remove)
{
	l->q.u.desk.tags.tag = pool_alloc(l->q.pool, WIRE_TAGS * sizeof(struct tag));
	if (l->q.u.desk.tags.tag == NULL)
		return -1;
	while (rest[0] != '\0')
		if (take_tag(l, &rest, may_remove) != 0)
			return -1;
	return l->q.u.desk.tags.n > 0 ? 0 : -1;
}

int phrase_find(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_FIND;
	l->q.u.desk.max = PHRASE_PAGE;
	return phrase_tags(l, rest, false);
}

/* The thing ends where the first tag begins, so its name may have blanks. */
int phrase_tag(struct words_line *l, const char *rest, enum jid_profile profile)
{
	const char *at = rest, *end = rest;
	char *name;

	(void)profile;
	l->q.verb = VERB_TAG;
	if (rest[0] == '"') {
		l->q.u.desk.thing = token_take(l->q.pool, &rest, NULL);
		return l->q.u.desk.thing == NULL ? -1 : phrase_tags(l, rest, true);
	}
	while (*at != '\0' && !(at[strcspn(at, "= ")] == '=' ||
	    (strchr("-\"", *at) != NULL && at > rest))) {
		at += strcspn(at, " ");
		end = at;
		at += strspn(at, " ");
	}
	name = pool_strndup(l->q.pool, rest, (size_t)(end - rest));
	if (name == NULL || name[0] == '\0')
		return -1;
	phrase_thing_or_set(l, name);
	return phrase_tags(l, at, true);
}

int phrase_show(struct words_line *l, const char *rest, enum jid_profile profile)
{
	const char *thing = token_take_rest(l->q.pool, &rest);

	(void)profile;
	l->q.verb = VERB_SHOW;
	l->q.u.desk.thing = thing != NULL && thing[0] != '\0' ? thing : NULL;
	return thing == NULL || rest[0] != '\0' ? -1 : 0;
}

/* A name is one line of visible text, and is no word of ours. */
static bool name_is_good(const char *s)
{
	if (s[0] == '\0' || str_utf8_chars(s) > NAME_CHARS || strchr(s, '"') != NULL)
		return false;
	for (const unsigned char *c = (const unsigned char *)s; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

int phrase_name(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *thing = token_take(pool, &rest, NULL);
	const char *name;

	(void)profile;
	token_skip(pool, &rest, "as");
	token_skip(pool, &rest, "to");
	name = rest;
	if (rest[0] == '"')
		name = token_take(pool, &rest, NULL);
	l->q.verb = VERB_NAME_THING;
	l->q.u.desk.thing = thing;
	l->q.u.desk.text = name;
	return thing == NULL || name == NULL || thing[0] == '\0' || !name_is_good(name) ? -1 : 0;
}

static int parse_nothing_more(struct words_line *l, const char *rest, enum verb verb)
{
	l->q.verb = verb;
	return rest[0] != '\0' ? -1 : 0;
}

int phrase_questions(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_nothing_more(l, rest, VERB_QUESTIONS);
}

static int parse_answer(struct words_line *l, const char *rest, enum yes_no answer)
{
	struct pool *pool = l->q.pool;
	const char *typed = token_without_stop(pool, rest);
	char *code = pool_alloc(pool, IDENT_CODE);

	l->q.verb = VERB_ANSWER_QUESTION;
	l->q.u.desk.yes_no = answer;
	l->q.u.desk.code = code;
	return typed == NULL || code == NULL || ident_code_fold(code, typed) != 0 ? -1 : 0;
}

int phrase_yes(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_YES);
}

int phrase_no(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_NO);
}

int phrase_always(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_ALWAYS);
}

/* "to read and control": two rules; `name` gets the line of the second. */
static int split_rule(struct words_line *l, const char *line)
{
	static const char *const both[] = { " read and control ", " control and read " };
	struct request_desk *d = &l->q.u.desk;

	for (const char *at = line; *at != '\0' && *at != '"'; at++)
		for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
			int before = (int)(at - line);
			const char *rest = at + strlen(both[i]);

			if (!str_case_starts(at, both[i]))
				continue;
			d->text = pool_printf(l->q.pool, "%.*s read %s", before, line, rest);
			d->name = pool_printf(l->q.pool, "%.*s control %s", before, line, rest);
			return d->text == NULL || d->name == NULL ? -1 : 0;
		}
	d->text = line;
	return 0;
}

/* The whole line goes to the policy language, which reads it (desk.c). */
int phrase_rule(struct words_line *l, const char *rest, enum jid_profile profile)
{
	const char *line = pool_printf(l->q.pool, "%s %s", l->command->word, rest);

	(void)profile;
	l->q.verb = VERB_RULE_ADD;
	return rest[0] == '\0' || line == NULL ? -1 : split_rule(l, line);
}

int phrase_rules(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	token_skip(l->q.pool, &rest, "of");
	l->q.verb = VERB_RULES;
	if (rest[0] != '\0')
		l->q.u.desk.thing = token_take_rest(l->q.pool, &rest);
	return rest[0] != '\0' ? -1 : 0;
}

int phrase_forget(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *number;

	(void)profile;
	token_skip(pool, &rest, "rule");
	number = token_take(pool, &rest, NULL);
	number = number == NULL ? NULL :
	    token_without_stop(pool, number[0] == '#' ? number + 1 : number);
	l->q.verb = VERB_FORGET;
	/* Of a thing that is shared with him: his numbers there are its owner's. */
	if (token_skip(pool, &rest, "of"))
		l->q.u.desk.thing = token_take_rest(pool, &rest);
	return number == NULL || rest[0] != '\0' ||
	    str_to_int(number, 1, INT64_C(1000000000), &l->q.u.desk.number) != 0 ? -1 : 0;
}

static int revoke_token(struct words_line *l, const char *rest)
{
	l->q.verb = VERB_TOKEN_REVOKE;
	l->q.u.desk.name = token_take(l->q.pool, &rest, NULL);
	return l->q.u.desk.name == NULL || rest[0] != '\0' ? -1 : 0;
}

int phrase_tokens(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_TOKENS;
	return rest[0] != '\0' ? -1 : 0;
}

int phrase_revoke(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *who = token_take(pool, &rest, NULL);

	if (who != NULL && strcmp(who, "token") == 0)
		return revoke_token(l, rest);
	/* "bob" would be read as a domain, and nothing would be taken back. */
	if (who == NULL || strpbrk(who, "@.") == NULL)
		return -1;
	/* "*@DOMAIN" as in a rule: its people. */
	if (str_starts(who, "*@"))
		who += 2;
	l->q.verb = VERB_REVOKE;
	l->q.u.desk.jid = token_jid(pool, who, profile);
	token_skip(pool, &rest, "of");
	if (rest[0] != '\0')
		l->q.u.desk.thing = token_take_rest(pool, &rest);
	return l->q.u.desk.jid == NULL || rest[0] != '\0' ? -1 : 0;
}

/* Of a parameter: what stands behind its name and is no name of a thing. */
static bool is_value(const char *w, bool quoted)
{
	double number;

	return quoted || token_is(w, "true") || token_is(w, "false") || token_is(w, "on") ||
	    token_is(w, "off") || str_to_double(w, &number) == 0;
}

/* `why [THING] JID ACTION [NAME [VALUE]] [of node ID of THING]` in any order; `of` and `to` may stand anywhere. */
static int why_word(struct words_line *l, const char *w, bool quoted, bool *of,
    enum jid_profile profile)
{
	struct request_desk *d = &l->q.u.desk;
	enum action action;

	if (!quoted && (token_is(w, "to") || token_is(w, "may") || token_is(w, "can")))
		return 0;
	if (!quoted && token_is(w, "of")) {
		*of = true;
		return 0;
	}
	if (!quoted && d->jid == NULL && strchr(w, '@') != NULL &&
	    (d->jid = token_jid(l->q.pool, w, profile)) != NULL)
		return 0;
	if (!quoted && d->action == NULL && !*of && action_find(w, &action)) {
		d->action = action_name(action);
		return 0;
	}
	/* After the action an unquoted word is the field, before it the thing. */
	if (d->name == NULL && !*of && (quoted || d->action != NULL)) {
		d->name = w;
		return 0;
	}
	if (!*of && d->name != NULL && d->text == NULL && is_value(w, quoted)) {
		d->text = w;
		return 0;
	}
	if (d->thing != NULL)
		return -1;
	d->thing = w;
	*of = false;
	return 0;
}

/* Behind "of": node n7 of gate */
static void take_node(struct words_line *l, const char **rest)
{
	const char *at = *rest, *id;

	if (!token_skip(l->q.pool, &at, "node") ||
	    (id = token_take(l->q.pool, &at, NULL)) == NULL || !token_skip(l->q.pool, &at, "of"))
		return;
	l->q.u.desk.node = id;
	*rest = at;
}

int phrase_why(struct words_line *l, const char *rest, enum jid_profile profile)
{
	bool of = false, quoted;

	l->q.verb = VERB_WHY;
	while (rest[0] != '\0') {
		const char *w = token_take(l->q.pool, &rest, &quoted);

		if (w != NULL && !quoted)
			w = token_without_stop(l->q.pool, w);
		if (w == NULL || why_word(l, w, quoted, &of, profile) != 0)
			return -1;
		if (of)
			take_node(l, &rest);
		/* "of" with all the rest said before it: a name with blanks. */
		if (of && l->q.u.desk.thing == NULL && l->q.u.desk.jid != NULL &&
		    l->q.u.desk.action != NULL && rest[0] != '\0')
			l->q.u.desk.thing = token_take_rest(l->q.pool, &rest);
	}
	return l->q.u.desk.jid == NULL || l->q.u.desk.action == NULL ? -1 : 0;
}

/* Reached only when the message holds no claim text at all. */
int phrase_claim(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	(void)rest;
	l->q.verb = VERB_MINE;
	l->fault = WORDS_NO_CLAIM;
	return 0;
}

int phrase_not_yet(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)rest;
	(void)profile;
	l->fault = WORDS_NOT_YET;
	return 0;
}


/* "what if RULE", "what if forget 3", "what if revoke WHO": read where those are read. */
int phrase_what(struct words_line *l, const char *rest, enum jid_profile profile)
{
	int rc = 0;

	if (!token_skip(l->q.pool, &rest, "if") && !token_is(l->command->word, "whatif"))
		return -1;
	if (token_skip(l->q.pool, &rest, "forget"))
		rc = phrase_forget(l, rest, profile);
	else if (token_skip(l->q.pool, &rest, "revoke"))
		rc = phrase_revoke(l, rest, profile);
	else
		l->q.u.desk.text = rest;
	l->q.verb = VERB_WHAT_IF;
	return rest[0] == '\0' ? -1 : rc;
}
