/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: one row per command, one small parser each.  Nothing here acts and
 * nothing looks anything up; a line that cannot be read says why.
 */
#include "config.h"

#include "desk/words.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "policy/value.h"

#define LINE_BYTES 2048		/* a longer line is no command */
#define NAME_CHARS 64		/* of the name an owner gives a thing */
#define NEAR 2			/* typing mistakes that still get a suggestion */

/* ---- folding ---- */

struct fold { uint32_t from; char to; };

/* What phones and word processors make of plain characters. */
static const struct fold folds[] = {
	{ 0x00A0, ' ' }, { 0x2007, ' ' }, { 0x202F, ' ' }, { 0x3000, ' ' }, { '\t', ' ' },
	{ 0x201C, '"' }, { 0x201D, '"' }, { 0x201E, '"' }, { 0x201F, '"' }, { 0x00AB, '"' },
	{ 0x00BB, '"' }, { 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201A, '\'' },
	{ 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' }, { 0x2212, '-' },
};

static char fold_char(uint32_t c)
{
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (folds[i].from == c)
			return folds[i].to;
	return '\0';
}

/* Every folded character is no longer than what it replaces. */
static char *fold(struct pool *pool, const char *s, size_t len)
{
	char *text = pool_strndup(pool, s, len), *to = text;
	const char *at = text, *start;

	if (text == NULL)
		return NULL;
	while (*(start = at) != '\0') {
		char plain = fold_char(str_utf8_next(&at));

		if (plain != '\0') {
			*to++ = plain;
		} else {
			memmove(to, start, (size_t)(at - start));
			to += at - start;
		}
	}
	*to = '\0';
	return text;
}

static bool is_decoration(char c)
{
	return c == ' ' || c == '\r' || c == '`';
}

/* Without blanks and code marks around it. */
static char *trim(char *s)
{
	size_t len;

	while (is_decoration(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_decoration(s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* ---- tokens ---- */

static bool is_quote(char c)
{
	return c == '"';
}

/*
 * Take one word, or one text in double quotes, from *rest into the pool; ""
 * when nothing is left.  *quoted may be NULL.
 */
static const char *take(struct pool *pool, const char **rest, bool *quoted)
{
	const char *s = *rest, *end;
	bool q;

	while (*s == ' ')
		s++;
	q = is_quote(*s);
	if (q)
		s++;
	end = s + (q ? strcspn(s, "\"") : strcspn(s, " "));
	*rest = q && *end != '\0' ? end + 1 : end;
	while (**rest == ' ')
		++*rest;
	if (quoted != NULL)
		*quoted = q;
	return pool_strndup(pool, s, (size_t)(end - s));
}

/* "yes CODE." is what people type. */
static const char *without_stop(struct pool *pool, const char *s)
{
	size_t len = strlen(s);

	while (len > 1 && strchr(".,!;:?", s[len - 1]) != NULL)
		len--;
	return pool_strndup(pool, s, len);
}

static bool is_word(const char *s, const char *word)
{
	return str_case_eq(s, word);
}

/* The name of a thing where nothing follows it: blanks need no quotes there. */
static const char *take_thing(struct pool *pool, const char **rest)
{
	const char *name;

	if (is_quote((*rest)[0]))
		return take(pool, rest, NULL);
	name = without_stop(pool, *rest);
	*rest += strlen(*rest);
	return name;
}

/* Skips one of the small words before a thing's name. */
static void skip_word(struct pool *pool, const char **rest, const char *word)
{
	const char *after = *rest;
	bool quoted;
	const char *w = take(pool, &after, &quoted);

	if (w != NULL && !quoted && is_word(w, word))
		*rest = after;
}

static const char *bare_jid(struct pool *pool, const char *text, enum jid_profile profile)
{
	struct jid j;

	if (text == NULL || strlen(text) > JID_MAX || jid_parse_bare(&j, text, profile, NULL) != 0)
		return NULL;
	return pool_strdup(pool, j.text);
}

/* ---- one parser per command: 0 fine, -1 incomplete ---- */

static int parse_help(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_HELP;
	l->q.u.desk.text = take(l->q.pool, &rest, NULL);
	return 0;
}

static int parse_things(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_GET_DEVICES;
	l->q.u.devices.max = WIRE_PAGE;
	l->q.u.devices.filter = rest[0] != '\0' ? rest : NULL;
	return 0;
}

static int parse_show(struct words_line *l, const char *rest, enum jid_profile profile)
{
	const char *thing = take_thing(l->q.pool, &rest);

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

static int parse_name(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *thing = take(pool, &rest, NULL);
	const char *name;

	(void)profile;
	skip_word(pool, &rest, "as");
	skip_word(pool, &rest, "to");
	name = rest;
	if (is_quote(rest[0]))
		name = take(pool, &rest, NULL);
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

static int parse_questions(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_nothing_more(l, rest, VERB_QUESTIONS);
}

static int parse_answer(struct words_line *l, const char *rest, enum yes_no answer)
{
	struct pool *pool = l->q.pool;
	const char *typed = without_stop(pool, rest);
	char *code = pool_alloc(pool, IDENT_CODE);

	l->q.verb = VERB_ANSWER_QUESTION;
	l->q.u.desk.yes_no = answer;
	l->q.u.desk.code = code;
	return typed == NULL || code == NULL || ident_code_fold(code, typed) != 0 ? -1 : 0;
}

static int parse_yes(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_YES);
}

static int parse_no(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_NO);
}

static int parse_always(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	return parse_answer(l, rest, ANSWER_ALWAYS);
}

/* The whole line goes to the policy language, which reads it (desk.c). */
static int parse_rule(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	l->q.verb = VERB_RULE_ADD;
	l->q.u.desk.text = l->typed;
	return rest[0] == '\0' ? -1 : 0;
}

static int parse_rules(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	skip_word(l->q.pool, &rest, "of");
	l->q.verb = VERB_RULES;
	if (rest[0] != '\0')
		l->q.u.desk.thing = take_thing(l->q.pool, &rest);
	return rest[0] != '\0' ? -1 : 0;
}

static int parse_forget(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *number;

	(void)profile;
	skip_word(pool, &rest, "rule");
	number = without_stop(pool, rest[0] == '#' ? rest + 1 : rest);
	l->q.verb = VERB_FORGET;
	return number == NULL ||
	    str_to_int(number, 1, INT64_C(1000000000), &l->q.u.desk.number) != 0 ? -1 : 0;
}

static int parse_revoke(struct words_line *l, const char *rest, enum jid_profile profile)
{
	struct pool *pool = l->q.pool;
	const char *who = take(pool, &rest, NULL);

	/* "bob" would be read as a domain, and nothing would be taken back. */
	if (who == NULL || strpbrk(who, "@.") == NULL)
		return -1;
	/* "*@DOMAIN" as in a rule: its people. */
	if (str_starts(who, "*@"))
		who += 2;
	l->q.verb = VERB_REVOKE;
	l->q.u.desk.jid = bare_jid(pool, who, profile);
	skip_word(pool, &rest, "of");
	if (rest[0] != '\0')
		l->q.u.desk.thing = take_thing(pool, &rest);
	return l->q.u.desk.jid == NULL || rest[0] != '\0' ? -1 : 0;
}

/* `why [THING] JID ACTION [NAME]` in any order; `of` and `to` may stand anywhere. */
static int why_word(struct words_line *l, const char *w, bool quoted, bool *of,
    enum jid_profile profile)
{
	struct request_desk *d = &l->q.u.desk;
	enum action action;

	if (!quoted && (is_word(w, "to") || is_word(w, "may") || is_word(w, "can")))
		return 0;
	if (!quoted && is_word(w, "of")) {
		*of = true;
		return 0;
	}
	if (!quoted && d->jid == NULL && strchr(w, '@') != NULL &&
	    (d->jid = bare_jid(l->q.pool, w, profile)) != NULL)
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
	if (d->thing != NULL)
		return -1;
	d->thing = w;
	*of = false;
	return 0;
}

static int parse_why(struct words_line *l, const char *rest, enum jid_profile profile)
{
	bool of = false, quoted;

	l->q.verb = VERB_WHY;
	while (rest[0] != '\0') {
		const char *w = take(l->q.pool, &rest, &quoted);

		if (w != NULL && !quoted)
			w = without_stop(l->q.pool, w);
		if (w == NULL || why_word(l, w, quoted, &of, profile) != 0)
			return -1;
		/* "of" with all the rest said before it: a name with blanks. */
		if (of && l->q.u.desk.thing == NULL && l->q.u.desk.jid != NULL &&
		    l->q.u.desk.action != NULL && rest[0] != '\0')
			l->q.u.desk.thing = take_thing(l->q.pool, &rest);
	}
	return l->q.u.desk.jid == NULL || l->q.u.desk.action == NULL ? -1 : 0;
}

/* Reached only when the message holds no claim text at all. */
static int parse_claim(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)profile;
	(void)rest;
	l->q.verb = VERB_MINE;
	l->fault = WORDS_NO_CLAIM;
	return 0;
}

static int parse_not_yet(struct words_line *l, const char *rest, enum jid_profile profile)
{
	(void)rest;
	(void)profile;
	l->fault = WORDS_NOT_YET;
	return 0;
}

/* ---- the table ---- */

/* In the order of help; rows without `about` are not listed there. */
static const struct words_command commands[] = {
	{ "claim", "claim TEXT", "make a thing yours",
	    "Paste the text that the thing shows; it begins with iotdisco: or IoTDisco. "
	    "Nobody else will find the thing then; claim publicly TEXT lets others find it.",
	    parse_claim },
	{ "things", "things [WORD]", "list your things",
	    "With a WORD: only those that have it in a name or tag.", parse_things },
	{ "show", "show THING", "what I know of it",
	    "A THING is called by the name you gave it, its serial number, or the first "
	    "8 letters of its address.", parse_show },
	{ "name", "name THING NEWNAME", "call it something you remember",
	    "Put a name with blanks into quotes when you use it later.", parse_name },
	{ "questions", "questions", "what waits for your answer",
	    "Each has a code; answer with yes CODE, no CODE or always CODE.", parse_questions },
	{ "yes", "yes CODE", "allow exactly what was asked",
	    "Makes a rule for exactly what was asked. See also: always, no.", parse_yes },
	{ "always", "always CODE", "allow all of that kind",
	    "Allows every reading (or every control) of that thing to who asked.", parse_always },
	{ "no", "no CODE", "refuse it", "Makes a rule that denies exactly what was asked.",
	    parse_no },
	{ "allow", "allow WHO to read|control NAME of THING", "let in; also befriend THING",
	    "WHO is an address, *@domain or anyone. NAME is a field or parameter, or everything. "
	    "Add for 2 h or until 2027-01-31 to end it, "
	    "daily 07:00-22:00 for some hours only. Use all my things for THING to mean every one.",
	    parse_rule },
	{ "deny", "deny WHO everything [of THING]", "keep somebody out",
	    "A deny is stronger than any allow. Also: deny WHO to read \"NAME\" of THING.",
	    parse_rule },
	{ "ask", NULL, NULL,
	    "With ask about WHO befriending THING I ask you each time, even if another rule "
	    "allows it.",
	    parse_rule },
	{ "rules", "rules [of THING]", "your rules, with their numbers",
	    "Take one away with forget N.", parse_rules },
	{ "forget", "forget N", "take rule N away", "N is a number that rules shows.",
	    parse_forget },
	{ "revoke", "revoke WHO [of THING]", "take back what WHO was allowed",
	    "WHO is an address like bob@example.org. In force at once; things that are "
	    "switched off learn it when they return.",
	    parse_revoke },
	{ "why", "why WHO ACTION [\"NAME\"] of THING", "may WHO, and why",
	    "ACTION is befriend, read or control.", parse_why },
	{ "help", "help WORD", "more about one word", "Like this.", parse_help },
	{ "?", NULL, NULL, "The same as help.", parse_help },
	{ "hello", NULL, NULL, "Hello!", parse_help },
	{ "hi", NULL, NULL, "Hello!", parse_help },
	{ "how", NULL, NULL, NULL, parse_help },
	{ "what", NULL, NULL, NULL, parse_not_yet },
	{ "history", NULL, NULL, NULL, parse_not_yet },
	{ "undo", NULL, NULL, NULL, parse_not_yet },
	{ "remove", NULL, NULL, NULL, parse_not_yet },
	{ "disown", NULL, NULL, NULL, parse_not_yet },
	{ "transfer", NULL, NULL, NULL, parse_not_yet },
	{ "accept", NULL, NULL, NULL, parse_not_yet },
	{ "mute", NULL, NULL, NULL, parse_not_yet },
	{ "publish", NULL, NULL, NULL, parse_not_yet },
	{ "timezone", NULL, NULL, NULL, parse_not_yet },
	{ "touch", NULL, NULL, NULL, parse_not_yet },
	{ "home", NULL, NULL, NULL, parse_not_yet },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct words_command *words_command_at(size_t i)
{
	return i < N_COMMANDS ? &commands[i] : NULL;
}

const struct words_command *words_command_find(const char *word)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (str_case_eq(commands[i].word, word))
			return &commands[i];
	return NULL;
}

/* The nearest listed word, if it is near enough. */
static const char *suggest(const char *word)
{
	const char *best = NULL;
	unsigned least = NEAR + 1;

	if (strlen(word) < 2 || strlen(word) > 16)
		return NULL;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		unsigned d = str_distance(word, commands[i].word, NEAR);

		if (commands[i].usage == NULL || d >= least || d >= strlen(word))
			continue;
		least = d;
		best = commands[i].word;
	}
	return best;
}

/* ---- a line, a message ---- */

/* A request of the same sender by the same way; the verb is filled in. */
static void start_line(struct words_line *l, const struct request *chat, const char *typed)
{
	memset(l, 0, sizeof(*l));
	l->typed = typed;
	l->q.kind = STANZA_MESSAGE;
	l->q.type = IQ_NOT;
	l->q.id = chat->id;
	l->q.from = chat->from;
	l->q.bare = chat->bare;
	l->q.to = chat->to;
	l->q.pool = chat->pool;
}

static int parse_line(struct words_line *l, const struct request *chat, const char *typed,
    enum jid_profile profile)
{
	const char *rest = typed, *word;
	char *lower;

	start_line(l, chat, typed);
	if (strlen(typed) > LINE_BYTES || !str_utf8_valid(typed, strlen(typed))) {
		l->fault = WORDS_UNKNOWN;
		return 0;
	}
	word = take(chat->pool, &rest, NULL);
	if (word == NULL)
		return -1;
	word = without_stop(chat->pool, word);
	if (word == NULL || (lower = pool_strdup(chat->pool, word)) == NULL)
		return -1;
	str_lower(lower);
	l->command = words_command_find(lower);
	if (l->command == NULL) {
		l->fault = WORDS_UNKNOWN;
		l->hint = suggest(lower);
		return 0;
	}
	if (l->command->parse(l, rest, profile) != 0)
		l->fault = WORDS_INCOMPLETE;
	return 0;
}

/* "claim publicly" somewhere before the claim text. */
static bool says_publicly(struct pool *pool, const char *text, size_t len)
{
	const char *rest = fold(pool, text, len), *w, *before = "";

	if (rest == NULL)
		return false;
	while ((w = take(pool, &rest, NULL)) != NULL && w[0] != '\0') {
		if (is_word(before, "claim") && is_word(w, "publicly"))
			return true;
		before = w;
	}
	return false;
}

/* The message holds exactly one claim text: that is what it means. */
static int parse_claim_text(struct words_line *l, const struct request *chat, const char *text,
    const char *start, size_t len)
{
	struct err e = ERR_INIT;
	struct iotdisco d;

	start_line(l, chat, "claim");
	l->command = words_command_find("claim");
	l->q.verb = VERB_MINE;
	l->q.u.mine.has_public = true;
	l->q.u.mine.is_public = says_publicly(chat->pool, text, (size_t)(start - text));
	if (iotdisco_parse(&d, start, len, chat->pool, &e) != 0 || !d.has_key) {
		l->fault = WORDS_NO_CLAIM;
		l->hint = pool_strdup(chat->pool, e.kind != ERR_NONE ? e.text : "it has no KEY");
		return l->hint == NULL ? -1 : 0;
	}
	l->q.u.mine.tags = d.tags;
	l->registry = d.registry;
	return 0;
}

/* Copy without quoted lines ("> ...") and without what our own replies quote. */
static char *without_quotes(struct pool *pool, const char *body)
{
	char *text = pool_alloc(pool, strlen(body) + 1), *to = text;

	if (text == NULL)
		return NULL;
	while (*body != '\0') {
		size_t len = strcspn(body, "\n");
		size_t blank = strspn(body, " \t");

		if (body[blank] != '>') {
			memcpy(to, body, len);
			to += len;
			*to++ = '\n';
		}
		body += len + (body[len] == '\n');
	}
	if (to > text)
		to--;
	*to = '\0';
	return text;
}

/* Our own question, sent back whole, answers nothing: it says yes and no. */
static bool contradicts(const struct words_line *a, const struct words_line *b)
{
	return a->fault == WORDS_FINE && b->q.verb == VERB_ANSWER_QUESTION &&
	    a->q.verb == VERB_ANSWER_QUESTION && b->fault == WORDS_FINE &&
	    a->q.u.desk.yes_no != b->q.u.desk.yes_no &&
	    strcmp(a->q.u.desk.code, b->q.u.desk.code) == 0;
}

static void refuse_contradictions(struct words *w)
{
	bool bad[WORDS_LINES] = { false };

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->n; k++)
			bad[i] = bad[i] || (i != k && contradicts(&w->line[i], &w->line[k]));
	for (size_t i = 0; i < w->n; i++)
		if (bad[i])
			w->line[i].fault = WORDS_CONTRADICTION;
}

static int parse_lines(struct words *out, const struct request *chat, char *text,
    enum jid_profile profile)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL) {
		line = trim(line);
		if (line[0] == '\0')
			continue;
		if (out->n == WORDS_LINES) {
			out->more = true;
			break;
		}
		if (parse_line(&out->line[out->n], chat, line, profile) != 0)
			return -1;
		out->n++;
	}
	refuse_contradictions(out);
	return 0;
}

int words_parse(struct words *out, const struct request *chat, enum jid_profile profile)
{
	const char *start;
	char *text;
	size_t len;

	out->n = 0;
	out->more = false;
	text = without_quotes(chat->pool, chat->u.chat.body != NULL ? chat->u.chat.body : "");
	if (text == NULL)
		return -1;
	switch (iotdisco_find(text, &start, &len)) {
	case 1:
		out->n = 1;
		return parse_claim_text(&out->line[0], chat, text, start, len);
	case 2:
		out->n = 1;
		start_line(&out->line[0], chat, "claim");
		out->line[0].fault = WORDS_TWO_CLAIMS;
		return 0;
	default:
		break;
	}
	text = fold(chat->pool, text, strlen(text));
	return text == NULL ? -1 : parse_lines(out, chat, text, profile);
}
