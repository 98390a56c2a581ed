/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: a line becomes a word and its rest, a job in between, and one answer.
 * What is only told is talk_tell.c's.
 */
#include "config.h"

#include "thing/talk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/wire/push.h"
#include "thing/order.h"
#include "thing/talk_part.h"
#include "thing/watch.h"

static void say(const struct jobs *js, const struct request *q, const char *text)
{
	char id[IDENT_TEXT];

	if (session_is_up(js->session) && ident_text(id, NULL) == 0)
		(void)chat_write(js->session->out, NULL, q->from, id, q->id, text);
}

const struct request *talk_request(const struct talk *t)
{
	return &(*t->call)->q;
}

static void talk_begin(struct talk *t, struct jobs *js, struct call **c)
{
	*t = (struct talk){ .js = js, .call = c, .words = jobs_words(js, &(*c)->q) };
	buf_init(&t->out, TALK_ANSWER);
}

/* Nothing is said by now when a job took the call: it will. */
static void talk_end(struct talk *t)
{
	if (*t->call && !buf_ok(&t->out))
		say(t->js, talk_request(t), words_text(&t->words,
		    N_("That is too long for one message. Ask for less at once.")));
	else if (*t->call && t->out.len > 0)
		say(t->js, talk_request(t), buf_str(&t->out));
	buf_fini(&t->out);
}

const char *talk_quoted(struct talk *t, const char *word)
{
	const char *text;
	struct buf b;

	buf_init(&b, 512);
	buf_addc(&b, '\'');
	str_escape(&b, word, 40, false);
	buf_addc(&b, '\'');
	text = pool_strdup(&(*t->call)->pool, buf_str(&b));
	buf_fini(&b);
	return text ? text : "";
}

/* ---- the voice ---------------------------------------------------------- */

static bool is_reading(const struct job *j)
{
	return j->question.action == DECIDE_READ;
}

static const char *item_name(const struct job_item *it)
{
	return it->field ? it->field->name : it->control->name;
}

void talk_again(struct talk *t, int64_t wait_ms)
{
	struct buf time;

	buf_init(&time, 128);
	within_time(&time, &t->words, wait_ms);
	TALK(t, N_(" Try again in %1."), buf_str(&time));
	buf_fini(&time);
}

/* He may, but not this value, or not so often. */
static void add_limits(struct talk *t, const struct job *j, const struct job_no *no)
{
	const char *name = item_name(no->item);
	struct buf only;

	buf_init(&only, 1024);
	if (no->within == WITHIN_NOT) {
		within_words(&only, &t->words, no->allowed, name);
		TALK(t, N_("You may set %1 only %2."), name, buf_str(&only));
	} else {
		within_rate(&only, &t->words, no->rate);
		TALK(t, is_reading(j) ? N_("You may read %1 only %2, and that is used up.")
		    : N_("You may set %1 only %2, and that is used up."), name, buf_str(&only));
		talk_again(t, no->why.retry_after_ms);
	}
	buf_fini(&only);
}

/* How a no goes on: who decides, and what has become of it. */
static const struct { const char *reason, *with_owner, *without; } refusals[] = {
	{ "asked", N_(": %1 has not decided about it yet, and was asked."),
	    N_(": my owner has not decided about it yet, and was asked.") },
	{ "denied", N_(": %1 does not allow it."), N_(": it is not allowed.") },
	{ "touch", N_(": %1 wants a security key for that, which I cannot check yet."),
	    N_(": it takes a security key, which I cannot check yet.") },
	{ "time", N_(" now: %1 allows it at other times."),
	    N_(" now: it is allowed at other times.") },
	{ "account", N_(": I cannot be sure who you are."), N_(": I cannot be sure who you are.") },
	{ "token", N_(": the token you showed is not good for it."),
	    N_(": the token you showed is not good for it.") },
};

void talk_reason(struct talk *t, const struct denied *why)
{
	struct buf whom;

	for (size_t i = 0; why->reason && i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (strcmp(refusals[i].reason, why->reason) != 0)
			continue;
		buf_init(&whom, 4 * JID_MAX);
		str_escape(&whom, why->ask_whom ? why->ask_whom : "", JID_MAX, false);
		TALK(t, why->ask_whom ? refusals[i].with_owner : refusals[i].without,
		    buf_str(&whom));
		buf_fini(&whom);
		return;
	}
	TALK(t, N_(": my owner has not allowed it so far."));
}

static void add_refused(struct talk *t, const struct job *j, const struct job_no *no)
{
	const char *what = j->n == 1 ? item_name(&j->item[0]) : words_text(&t->words, N_("that"));

	if (no->item) {
		add_limits(t, j, no);
	} else if (no->verdict == ACCESS_NO) {
		TALK(t, is_reading(j) ? N_("You may not read %1") : N_("You may not set %1"), what);
		talk_reason(t, &no->why);
		if (no->why.retry_after_ms > 0)
			talk_again(t, no->why.retry_after_ms);
	} else {
		TALK(t, is_reading(j) ? N_("I cannot find out now whether you may read %1. "
		    "Try again in a minute.") : N_("I cannot find out now whether you may set "
		    "%1. Try again in a minute."), what);
	}
}

void talk_refused(struct job *j, const struct job_no *no)
{
	struct talk t;

	talk_begin(&t, j->jobs, &j->call);
	add_refused(&t, j, no);
	talk_end(&t);
}

static void add_item(struct talk *t, const struct job_item *it)
{
	char text[BOARD_TEXT];
	struct buf b;

	buf_init(&b, 4 * BOARD_TEXT);
	if (it->state != ITEM_OK) {
		str_escape(&b, it->value.text, 120, false);
		TALK(t, N_("%1: not available (%2)"), item_name(it), buf_str(&b));
	} else {
		board_value_text(text, it->field ? it->field->use.type : it->control->use.type,
		    it->field ? it->field->unit : "", &it->value, &t->words);
		str_escape(&b, text, KITH_THING_TEXT, false);
		TALK(t, it->field ? N_("%1: %2") : N_("%1 is now %2"), item_name(it), buf_str(&b));
	}
	buf_fini(&b);
}

static void say_done(struct job *j)
{
	struct talk t;

	talk_begin(&t, j->jobs, &j->call);
	for (size_t i = 0; i < j->n; i++) {
		if (i)
			buf_addc(&t.out, '\n');
		add_item(&t, &j->item[i]);
	}
	if (j->standby)
		TALK(&t, N_(" (nobody could be asked; you were allowed before)"));
	if (j->n == 0)
		TALK(&t, N_("There is nothing to read here."));
	talk_end(&t);
}

static const struct job_voice voice = {
	.accepted = NULL,
	.refused = talk_refused,
	.done = say_done,
};

/* ---- names in a line ---------------------------------------------------- */

static bool ends_here(const char *text, size_t n)
{
	return text[n] == '\0' || text[n] == ' ' || text[n] == '=' || text[n] == ',' ||
	    text[n] == ':';
}

const struct board_field *talk_field(const struct board *b, const char *text)
{
	const struct board_field *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < b->n_fields; i++) {
		size_t n = strlen(b->field[i]->name);

		if (n > longest && str_case_starts(text, b->field[i]->name) && ends_here(text, n)) {
			best = b->field[i];
			longest = n;
		}
	}
	return best;
}

const struct board_control *talk_control(const struct board *b, const char *text)
{
	const struct board_control *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < b->n_controls; i++) {
		size_t n = strlen(b->control[i]->name);

		if (n > longest && str_case_starts(text, b->control[i]->name) &&
		    ends_here(text, n)) {
			best = b->control[i];
			longest = n;
		}
	}
	return best;
}

/* How much of the text is this node's name or id; 0: none. */
static size_t node_length(const struct thing_node *n, const char *text)
{
	size_t id = strlen(n->at.id), name = n->name ? strlen(n->name) : 0;

	if (name > 0 && str_case_starts(text, n->name) && ends_here(text, name))
		return name;
	return str_case_starts(text, n->at.id) && ends_here(text, id) ? id : 0;
}

/* What stands behind the last "of" or "von". */
static const char *behind_of(const char *text)
{
	const char *of = strstr(text, " of "), *von = strstr(text, " von ");

	return of ? of + 4 : von ? von + 5 : NULL;
}

const struct thing_node *talk_find_node(const struct nodes *ns, struct pool *pool,
    const char **text)
{
	const char *name = behind_of(*text);
	bool several;

	for (size_t i = 1; i < ns->n; i++) {
		size_t n = node_length(ns->node[i], *text);

		if (n > 0) {
			*text += n + strspn(*text + n, " :,");
			return ns->node[i];
		}
	}
	if (name && nodes_called(ns, name, &several)) {
		const struct thing_node *n = nodes_called(ns, name, &several);
		const char *head;

		for (name -= 2; *name != ' '; name--)
			;		/* to in front of the "of" */
		head = pool_strndup(pool, *text, (size_t)(name - *text));
		*text = head ? head : "";
		return n;
	}
	return nodes_device(ns);
}

const struct thing_node *talk_node(struct talk *t, const char **text)
{
	return talk_find_node(t->js->nodes, &(*t->call)->pool, text);
}

int talk_ask_about(const struct nodes *ns, struct pool *pool, const struct thing_node *n,
    struct node_list *out)
{
	struct node_list asked = { 1, &(struct node){ n->at.id, n->at.source, n->at.partition } };

	if (node_is_device(n))
		asked.n = 0;
	return nodes_resolve(ns, pool, &asked, out);
}

static void add_have(struct talk *t, const struct thing_node *n, bool controls)
{
	size_t count = controls ? n->board.n_controls : n->board.n_fields;

	for (size_t i = 0; i < count; i++)
		buf_addf(&t->out, "%s%s", i ? ", " : "",
		    controls ? n->board.control[i]->name : n->board.field[i]->name);
}

/* What was meant, if one of ours is near. */
static const char *near_name(const struct board *b, const char *word, bool controls)
{
	size_t count = controls ? b->n_controls : b->n_fields;
	const char *hint = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < count; i++) {
		const char *name = controls ? b->control[i]->name : b->field[i]->name;
		unsigned d = str_distance(name, word, 2);

		if (d < best && d < strlen(name)) {
			best = d;
			hint = name;
		}
	}
	return hint;
}

static void no_name(struct talk *t, const struct thing_node *n, const char *name, bool controls)
{
	const char *hint = near_name(&n->board, name, controls);

	TALK(t, controls ? N_("I have no parameter %1.") : N_("I have no field %1."),
	    talk_quoted(t, name));
	if (hint) {
		TALK(t, N_(" Did you mean '%1'?"), hint);
		return;
	}
	TALK(t, N_(" I have: "));
	add_have(t, n, controls);
}

void talk_no_field(struct talk *t, const struct thing_node *n, const char *name)
{
	no_name(t, n, name, false);
}

void talk_no_control(struct talk *t, const struct thing_node *n, const char *name)
{
	no_name(t, n, name, true);
}

/* ---- reading ------------------------------------------------------------ */

static void begin(struct talk *t, struct decision_question *q, const struct thing_node *n,
    const struct kith_thing_value *value)
{
	q->jid = talk_request(t)->bare;
	if (talk_ask_about(t->js->nodes, &(*t->call)->pool, n, &q->nodes) < 0 ||
	    job_begin(t->js, t->call, &voice, q, value) < 0)
		TALK(t, N_("I am busy with your earlier requests. Try again in a moment."));
}

/* Behind a name may stand ",", "and" and another. */
static const char *next_name(const char *text)
{
	text += strspn(text, " ,");
	if (str_case_starts(text, "and ") || str_case_starts(text, "und "))
		text += 4;
	return text + strspn(text, " ,");
}

/* False after having said which one there is not. */
static bool take_fields(struct talk *t, const struct thing_node *n, const char *rest,
    struct name_list *out)
{
	out->name = pool_alloc(&(*t->call)->pool, KITH_THING_FIELDS * sizeof(out->name[0]));
	if (!out->name)
		return false;
	for (rest = next_name(rest); *rest; rest = next_name(rest)) {
		const struct board_field *f = talk_field(&n->board, rest);

		if (!f || out->n == KITH_THING_FIELDS) {
			talk_no_field(t, n, rest);
			return false;
		}
		out->name[out->n++] = pool_strdup(&(*t->call)->pool, f->name);
		rest += strlen(f->name);
	}
	return true;
}

static void word_read(struct talk *t, const char *rest)
{
	struct decision_question q = { .action = DECIDE_READ };
	const struct thing_node *n;

	if (str_case_starts(rest, "all of "))
		rest += 4;
	n = talk_node(t, &rest);
	if (str_case_eq(rest, "all") || str_case_eq(rest, "alles"))
		rest = "";
	if (!take_fields(t, n, rest, &q.names))
		return;
	q.types = board_kinds(&n->board, q.names.name, q.names.n) & ~FIELD_HISTORICAL;
	if (n->board.n_fields == 0)
		TALK(t, N_("There is nothing to read here."));
	else
		begin(t, &q, n, NULL);
}

/* ---- setting ------------------------------------------------------------ */

/* "20 C", "20 %", "20,5" as people write numbers. */
static const char *number_in(struct talk *t, const struct thing_node *n,
    const struct board_control *p, const char *text)
{
	const struct board_field *f = board_field(&n->board, p->name);
	char *copy = pool_strdup(&(*t->call)->pool, text), *end, *comma;

	if (!copy)
		return text;
	end = copy + strspn(copy, "+-.,0123456789");
	if (*end && (strcmp(end + strspn(end, " "), "%") == 0 ||
	    (f && f->unit[0] && str_case_eq(end + strspn(end, " "), f->unit))))
		*end = '\0';
	comma = strchr(copy, ',');
	if (comma && !strchr(copy, '.'))
		*comma = '.';
	return copy;
}

static const char *value_in(struct talk *t, const struct thing_node *n,
    const struct board_control *p, const char *text)
{
	text += strspn(text, " =:");
	if (str_case_starts(text, "to "))
		text += 3 + strspn(text + 3, " ");
	else if (str_case_starts(text, "auf "))
		text += 4 + strspn(text + 4, " ");
	return p->use.type == KITH_THING_NUMERIC || p->use.type == KITH_THING_INT ?
	    number_in(t, n, p, text) : text;
}

static void set_one(struct talk *t, const struct thing_node *n, const struct board_control *p,
    const char *text)
{
	struct decision_question q = { .action = DECIDE_CONTROL };
	struct kith_thing_value value;
	struct err e = ERR_INIT;

	if (board_value(p, value_in(t, n, p, text), &t->words, &value, &e) < 0) {
		buf_adds(&t->out, e.text);
		return;
	}
	q.names.name = pool_alloc(&(*t->call)->pool, sizeof(q.names.name[0]));
	if (!q.names.name || !(q.names.name[0] = pool_strdup(&(*t->call)->pool, p->name)))
		return;
	q.names.n = 1;
	begin(t, &q, n, &value);
}

static void word_set(struct talk *t, const char *rest)
{
	const struct thing_node *n = talk_node(t, &rest);
	const struct board_control *p = talk_control(&n->board, rest);

	if (n->board.n_controls == 0)
		TALK(t, N_("There is nothing to set here."));
	else if (!*rest)
		TALK(t, N_("Say what and to what, like: set %1 %2"), n->board.control[0]->name,
		    words_text(&t->words, n->board.control[0]->use.type == KITH_THING_BOOLEAN ?
		    N_("on") : N_("VALUE")));
	else if (!p)
		talk_no_control(t, n, rest);
	else
		set_one(t, n, p, rest + strlen(p->name));
}

/* "switch lamp on", "switch on lamp", "turn the lamp off" */
static void word_switch(struct talk *t, const char *rest)
{
	static const char *const ways[] = { "on", "off", "an", "aus", "ein" };
	const struct thing_node *n;
	const struct board_control *p;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t len = strlen(ways[i]);

		if (!str_case_starts(rest, ways[i]) || rest[len] != ' ')
			continue;
		rest += len + strspn(rest + len, " ");
		n = talk_node(t, &rest);
		p = talk_control(&n->board, rest);
		if (p)
			set_one(t, n, p, ways[i]);
		else
			talk_no_control(t, n, rest);
		return;
	}
	word_set(t, str_case_starts(rest, "the ") ? rest + 4 : rest);
}

/* ---- the words ---------------------------------------------------------- */

static void word_watch(struct talk *t, const char *rest)
{
	watch_word(t->js->watches, t->call, rest);
}

static void word_watches(struct talk *t, const char *rest)
{
	(void)rest;
	watch_list(t->js->watches, t->call);
}

static void word_unwatch(struct talk *t, const char *rest)
{
	watch_stop(t->js->watches, t->call, rest);
}

/* Those with a language are words of no other. */
static const struct {
	const char *word;
	void (*act)(struct talk *t, const char *rest);
	const char *lang;
} words[] = {
	{ "help", talk_help, NULL }, { "?", talk_help, NULL }, { "hilfe", talk_help, "de" },
	{ "read", word_read, NULL }, { "lies", word_read, "de" }, { "lesen", word_read, "de" },
	{ "set", word_set, NULL }, { "setze", word_set, "de" }, { "setzen", word_set, "de" },
	{ "switch", word_switch, NULL }, { "turn", word_switch, NULL },
	{ "schalte", word_switch, "de" },
	{ "fields", talk_fields, NULL }, { "felder", talk_fields, "de" },
	{ "nodes", talk_nodes, NULL }, { "knoten", talk_nodes, "de" },
	{ "who", talk_who, NULL }, { "wer", talk_who, "de" },
	{ "why", talk_why, NULL }, { "warum", talk_why, "de" },
	{ "watch", word_watch, NULL }, { "beobachte", word_watch, "de" },
	{ "watches", word_watches, NULL }, { "beobachtungen", word_watches, "de" },
	{ "unwatch", word_unwatch, NULL }, { "vergiss", word_unwatch, "de" },
	{ "language", order_language, NULL }, { "sprache", order_language, "de" },
	{ "decommission", order_decommission, NULL },
	{ "stilllegen", order_decommission, "de" },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static void word_unknown(struct talk *t, const char *word)
{
	unsigned best = 3;
	const char *hint = NULL;

	for (size_t i = 0; i < N_WORDS; i++) {
		unsigned d = str_distance(words[i].word, word, 2);

		if (d < best && d < strlen(words[i].word)) {
			best = d;
			hint = words[i].word;
		}
	}
	TALK(t, N_("I do not know the word %1."), talk_quoted(t, word));
	if (hint)
		TALK(t, N_(" Did you mean '%1'?"), hint);
	else
		TALK(t, N_(" Try: help"));
}

/* "led on", or "temperature": what he means is clear without a word before it. */
static bool without_word(struct talk *t, const char *line)
{
	const char *rest = line;
	const struct thing_node *n = talk_node(t, &rest);
	const struct board_control *p = talk_control(&n->board, rest);

	if (p && rest[strlen(p->name)] != '\0')
		set_one(t, n, p, rest + strlen(p->name));
	else if (talk_field(&n->board, rest) || (*rest == '\0' && !node_is_device(n)))
		word_read(t, line);
	else
		return false;
	return true;
}

/* What phones make of blanks and quotes; quotes say nothing here. */
static const struct { const char *from, *to; } folds[] = {
	{ "\xc2\xa0", " " }, { "\xe2\x80\xaf", " " }, { "\t", " " }, { "\r", " " },
	{ "\xe2\x80\x9c", "" }, { "\xe2\x80\x9d", "" }, { "\xe2\x80\x9e", "" }, { "\"", "" },
	{ "\xc2\xab", "" }, { "\xc2\xbb", "" },
	{ "\xe2\x80\x98", "'" }, { "\xe2\x80\x99", "'" },
};

static size_t fold(const char *from, char **to)
{
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (str_starts(from, folds[i].from)) {
			size_t n = strlen(folds[i].to);

			memcpy(*to, folds[i].to, n);
			*to += n;
			return strlen(folds[i].from);
		}
	*(*to)++ = *from;
	return 1;
}

/* The first line that says something, without what phones put at its end. */
static char *tidy(struct pool *pool, const char *body)
{
	char *line = pool_strdup(pool, body), *to = line;
	size_t n;

	if (!line)
		return NULL;
	for (const char *from = body; *from;)
		from += fold(from, &to);
	*to = '\0';
	line += strspn(line, " \n");
	line[strcspn(line, "\n")] = '\0';
	for (n = strlen(line); n > 1 && strchr(" .!", line[n - 1]); n--)
		line[n - 1] = '\0';
	return line;
}

/* The row of the word that the line begins with; N_WORDS: none. */
static size_t word_of(const char *line)
{
	size_t len = strcspn(line, " "), i = 0;

	while (i < N_WORDS && !(strlen(words[i].word) == len && str_case_starts(line, words[i].word)))
		i++;
	return i;
}

const char *talk_word_language(const struct request *q)
{
	char *line = q->u.chat.body ? tidy(q->pool, q->u.chat.body) : NULL;
	size_t i = line ? word_of(line) : N_WORDS;

	return i < N_WORDS ? words[i].lang : NULL;
}

static void obey(struct talk *t)
{
	char *line = tidy(&(*t->call)->pool, talk_request(t)->u.chat.body);
	size_t i, len;

	if (!line || !*line)
		return;
	i = word_of(line);
	len = strcspn(line, " ");
	if (i < N_WORDS) {
		words[i].act(t, line + len + strspn(line + len, " "));
		return;
	}
	if (without_word(t, line))
		return;
	line[len] = '\0';
	word_unknown(t, line);
}

/* Not typed to us by a person just now: nothing is said at all. */
#define SILENCE (CHAT_AUTO | CHAT_ERROR | CHAT_GROUP | CHAT_FORWARDED | CHAT_CORRECTED)

void talk_line(struct jobs *js, struct call **c)
{
	unsigned flags = (*c)->q.u.chat.flags;
	struct talk t;

	if (flags & SILENCE)
		return;
	talk_begin(&t, js, c);
	if (flags & CHAT_ENCRYPTED)
		TALK(&t, N_("I cannot read encrypted messages. Switch encryption off for this "
		    "contact, please."));
	else if (flags & CHAT_DELAYED)
		TALK(&t, N_("That was typed a while ago and reached me only now. Type it again "
		    "if you still mean it."));
	else if (flags & (CHAT_TOO_LONG | CHAT_AMBIGUOUS))
		TALK(&t, N_("That is too much for me. Try: help"));
	else if ((*c)->q.u.chat.body)
		obey(&t);
	talk_end(&t);
}
