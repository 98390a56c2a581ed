/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: one row per command, and a message as the lines it holds.  Nothing
 * here acts and nothing looks anything up; a line that cannot be read says
 * why.  Read next: phrase.h, token.h.
 */
#include "config.h"

#include "desk/words.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/base/catalogue.h"
#include "desk/phrase.h"
#include "desk/token.h"

#define LINE_BYTES 2048		/* a longer line is no command */
#define NEAR 2			/* typing mistakes that still get a suggestion */

/* ---- the table ---- */

/*
 * Rows with `about` are the lines of help, in its order; those with a usage
 * may be suggested for a word that was mistyped.
 */
static const struct words_command commands[] = {
	{ "claim", "claim TEXT", N_("claim TEXT: make a thing yours, with the text it shows"),
	    N_("Paste the text that the thing shows; it begins with iotdisco: or IoTDisco. "
	    "Nobody else will find the thing then; claim publicly TEXT lets others find it."),
	    phrase_claim },
	{ "things", "things [online|offline|TAG=VALUE|WORD]",
	    N_("things [online|TAG=VALUE|WORD], things more: list your things"),
	    N_("With a WORD: only those that have it in a name or tag; with TAG=VALUE, like "
	    "room=kitchen: only those with that tag; online or offline: only those that are. "
	    "More of a long list: things more, or page 2."),
	    phrase_things },
	{ "show", "show THING", N_("show THING, history [THING]: what it is, what happened to it"),
	    N_("A THING is called by the name you gave it, its serial number, or the first "
	    "8 letters of its address."), phrase_show },
	{ "history", "history [THING]", NULL,
	    N_("Who claimed, read or controlled it or was refused, the newest first. More: "
	    "history THING page 2"), phrase_history },
	{ "name", "name THING NEWNAME",
	    N_("name THING NEWNAME, tag THING room=kitchen -floor: call and describe it"),
	    N_("Put a name with blanks into quotes when you use it later."), phrase_name },
	{ "tag", "tag THING TAG=VALUE ... -TAG", NULL,
	    N_("Sets tags of the thing, and takes away those with a minus sign. A VALUE with "
	    "blanks stands in quotes: tag lamp room=\"living room\""), phrase_tag },
	{ "find", "find TAG=VALUE ...",
	    N_("find TAG=VALUE: among your things and those that others made public"),
	    N_("All of what you say must fit, like: find class=lamp room=kitchen"), phrase_find },
	{ "allow", "allow WHO to read|control NAME of THING",
	    N_("allow WHO to read|control NAME of THING [for 2 h]: let somebody in"),
	    N_("WHO is an address, *@domain or anyone. NAME is a field or parameter, or everything. "
	    "Also: allow WHO to befriend THING. "
	    "Add for 2 h or until 2027-01-31 to end it, "
	    "daily 07:00-22:00 for some hours only. Use all my things for THING to mean every one."),
	    phrase_rule },
	{ "deny", "deny WHO everything [of THING]",
	    N_("deny WHO everything [of THING], revoke WHO [of THING]: keep somebody out"),
	    N_("A deny is stronger than any allow. Also: deny WHO to read \"NAME\" of THING."),
	    phrase_rule },
	{ "share", "share THING with WHO [to control] [for 2 h]",
	    N_("share THING with WHO [to control] [for 2 h]: a guest, for a while"),
	    N_("A guest may read the thing, for a day if you say no time; to control, or to read "
	    "and control, if you say so. share THING with WHO as co-owner: all of it, and he may "
	    "let others do what he may himself. To end it: revoke WHO"),
	    phrase_share },
	{ "questions", "questions", N_("questions, yes|no|always CODE: what waits for your answer"),
	    N_("Each has a code; answer with yes CODE, no CODE or always CODE."),
	    phrase_questions },
	{ "yes", "yes CODE", NULL,
	    N_("Makes a rule for exactly what was asked. See also: always, no."), phrase_yes },
	{ "always", "always CODE", NULL,
	    N_("Allows every reading (or every control) of that thing to who asked."),
	    phrase_always },
	{ "no", "no CODE", NULL, N_("Makes a rule that denies exactly what was asked."),
	    phrase_no },
	{ "ask", NULL, NULL,
	    N_("With ask about WHO befriending THING I ask you each time, even if another rule "
	    "allows it."),
	    phrase_rule },
	{ "rules", "rules [of THING]", N_("rules [of THING], forget N: your rules; take one away"),
	    N_("Take one away with forget N."), phrase_rules },
	{ "forget", "forget N", NULL, N_("N is a number that rules shows. Of a thing that is shared with you: forget N of "
	    "THING"), phrase_forget },
	{ "revoke", "revoke WHO [of THING]", NULL,
	    N_("WHO is an address like bob@example.org. In force at once; things that are "
	    "switched off learn it when they return."),
	    phrase_revoke },
	{ "tokens", "tokens", N_("tokens, revoke token NAME: certificates shown at your things"),
	    N_("A rule may speak of one: allow service token NAME to read of THING."),
	    phrase_tokens },
	{ "why", "why WHO ACTION [\"NAME\" [VALUE]] of THING",
	    N_("why WHO ACTION of THING, what if RULE: may he? would he?"),
	    N_("ACTION is befriend, read, control, access or use. With control you may add a VALUE. Of a "
	    "node behind it: of node ID of THING"), phrase_why },
	{ "what", "what if RULE", NULL,
	    N_("Shows whom a rule would take something away from and to whom it would give, and "
	    "changes nothing: what if deny *@example.org everything. Also: what if forget 3, what if "
	    "revoke WHO"), phrase_what },
	{ "undo", "undo", N_("undo: take back your last change, for 24 hours"),
	    N_("Takes back your last rule, name, tag, set, or who finds a thing."), phrase_undo },
	{ "publish", "publish THING",
	    N_("publish THING, unpublish THING, remove THING: who finds it"),
	    N_("Everybody can find a published thing and its tags. unpublish ends that."),
	    phrase_publish },
	{ "unpublish", "unpublish THING", NULL,
	    N_("Nobody else finds it any more. It stays yours."), phrase_unpublish },
	{ "remove", "remove THING", NULL,
	    N_("Takes it off the list of the registry. It stays yours, and so do its rules."),
	    phrase_remove },
	{ "transfer", "transfer THING to WHO",
	    N_("transfer THING to WHO, accept CODE: give it away, take it"),
	    N_("WHO gets a code and owns it once he has accepted. Your rules for it end then."),
	    phrase_transfer },
	{ "accept", "accept CODE", NULL, N_("Takes what somebody transfers to you."),
	    phrase_accept },
	{ "disown", "disown THING [offline]",
	    N_("disown THING [offline], replace OLD by NEW: let it go, change it"),
	    N_("It is not yours any more and somebody else can claim it. With offline also when "
	    "it is switched off: it learns that when it returns."), phrase_disown },
	{ "replace", "replace OLD by NEW", NULL,
	    N_("NEW is the same thing as OLD with another address, or takes its place: it gets "
	    "its name and rules."), phrase_replace },
	{ "set", "set NAME = THING, THING",
	    N_("set NAME = THING, THING; sets: several at once, as in disown set NAME"),
	    N_("Then use set NAME where a THING stands, in rules, share, tag, publish, remove, disown "
	    "and transfer. set NAME = alone ends the set. To switch a thing, write to the thing "
	    "itself: set led on"), phrase_set },
	{ "sets", "sets", NULL, N_("Shows your sets and what is in them."), phrase_sets },
	{ "code", "code CODE", N_("code CODE: what a thing shows you, when I ask for it"),
	    N_("Only somebody who stands before the thing can see its code."), phrase_code },
	{ "ownership", "ownership code",
	    N_("ownership code, prove CODE, recover CODE: if you lose this account"),
	    N_("Gives you a new ownership code, and the old one ends. Keep it where you find it "
	    "without this account."), phrase_ownership },
	{ "prove", "prove CODE", NULL,
	    N_("With your ownership code, when I doubt that this account is still yours."),
	    phrase_prove },
	{ "recover", "recover CODE", NULL,
	    N_("With the ownership code of your lost account: its things become this account's."),
	    phrase_recover },
	{ "mute", "mute [2 h|off]", N_("mute [2 h|off], digest on|off: fewer messages"),
	    N_("News waits until then; questions still come."), phrase_mute },
	{ "digest", "digest on|off", NULL, N_("News once a day, in one message."), phrase_digest },
	{ "language", "language de", N_("language de, timezone Europe/Berlin: how I talk to you"),
	    N_("I speak English (en) and German (de)."), phrase_language },
	{ "timezone", "timezone Europe/Berlin", NULL,
	    N_("Times I show and times in your rules are in this zone."), phrase_timezone },
	{ "help", "help WORD", N_("help WORD: more about one word"), N_("Like this."),
	    phrase_help },
	{ "?", NULL, NULL, N_("The same as help."), phrase_help },
	{ "hello", NULL, NULL, N_("Hello!"), phrase_help },
	{ "hi", NULL, NULL, N_("Hello!"), phrase_help },
	{ "how", NULL, NULL, NULL, phrase_help },
	{ "page", NULL, NULL, NULL, phrase_page },
	{ "more", NULL, NULL, NULL, phrase_page },
	{ "whatif", NULL, NULL, NULL, phrase_what },
	{ "touch", NULL, NULL,
	    N_("As in: touch for control \"lock\" of door. That takes a touch of your security key then. "
	    "None can be given yet, so for now it is refused to everybody but you."),
	    phrase_rule },
	{ "home", NULL, NULL, NULL, phrase_not_yet },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct words_command *words_command_at(size_t i)
{
	return i < N_COMMANDS ? &commands[i] : NULL;
}

/* The main ones in German, and others; what follows them stays as it is. */
static const struct { const char *word, *means; } aliases[] = {
	{ "hilfe", "help" }, { "dinge", "things" }, { "zeige", "show" }, { "nenne", "name" },
	{ "fragen", "questions" }, { "ja", "yes" }, { "nein", "no" }, { "immer", "always" },
	{ "regeln", "rules" }, { "vergiss", "forget" }, { "verlauf", "history" },
	{ "suche", "find" }, { "warum", "why" }, { "sprache", "language" },
	{ "erlaube", "allow" }, { "verbiete", "deny" }, { "hallo", "hello" },
	{ "permit", "allow" }, { "forbid", "deny" },	/* policy(5) knows them as well */
};

const struct words_command *words_command_find(const char *word)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (str_case_eq(aliases[i].word, word))
			word = aliases[i].means;
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

		/* Two mistakes in a short word make another word. */
		if (commands[i].usage == NULL || d >= least || 2 * d >= strlen(word))
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
	l->q.lang = chat->lang != NULL ? chat->lang : chat->u.chat.lang;
	l->q.pool = chat->pool;
}

/* "led on", "target 21.5": something is to be set, and that is done at the thing. */
static bool is_value(const char *s)
{
	static const char *const words[] = { "on", "off", "true", "false", "an", "aus" };
	double number;

	for (size_t i = 0; s != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (token_is(s, words[i]))
			return true;
	return s != NULL && str_to_double(s, &number) == 0;
}

static int parse_line(struct words_line *l, const struct request *chat, const char *typed,
    enum jid_profile profile)
{
	const char *rest = typed, *word;
	char *lower;

	start_line(l, chat, typed);
	/* In quotes it is said, not meant. */
	if (typed[0] == '"' || strlen(typed) > LINE_BYTES || !str_utf8_valid(typed, strlen(typed))) {
		l->fault = WORDS_UNKNOWN;
		return 0;
	}
	word = token_take(chat->pool, &rest, NULL);
	if (word == NULL)
		return -1;
	word = token_without_stop(chat->pool, word);
	if (word == NULL || (lower = pool_strdup(chat->pool, word)) == NULL)
		return -1;
	str_lower(lower);
	l->command = words_command_find(lower);
	if (l->command == NULL) {
		l->hint = suggest(lower);
		l->fault = l->hint == NULL && is_value(token_without_stop(chat->pool, rest)) ?
		    WORDS_FOR_A_THING : WORDS_UNKNOWN;
		return 0;
	}
	if (l->command->parse(l, rest, profile) != 0)
		l->fault = WORDS_INCOMPLETE;
	return 0;
}

/* "claim publicly" somewhere before the claim text. */
static bool says_publicly(struct pool *pool, const char *text, size_t len)
{
	const char *rest = token_fold(pool, text, len), *w, *before = "";

	if (rest == NULL)
		return false;
	while ((w = token_take(pool, &rest, NULL)) != NULL && w[0] != '\0') {
		if (token_is(before, "claim") && token_is(w, "publicly"))
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
		line = token_trim(line);
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
	text = token_fold(chat->pool, text, strlen(text));
	return text == NULL ? -1 : parse_lines(out, chat, text, profile);
}
