/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: words in, sentences out; a job in between.
 */
#include "config.h"

#include "thing/talk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/wire/push.h"

#define ANSWER_MAX 4000

static void say(const struct jobs *js, const struct request *q, const char *text)
{
	char id[IDENT_TEXT];

	if (session_is_up(js->session) && ident_text(id, NULL) == 0)
		(void)chat_write(js->session->out, NULL, q->from, id, q->id, text);
}

static void quote(struct buf *b, const char *word)
{
	buf_addc(b, '\'');
	str_escape(b, word, 40, false);
	buf_addc(b, '\'');
}

/* ---- the voice ---------------------------------------------------------- */

static const char *verb_of(const struct job *j)
{
	return j->question.action == DECIDE_READ ? "read" : "set";
}

static const char *item_name(const struct job_item *it)
{
	return it->field ? it->field->name : it->control->name;
}

static void add_what(struct buf *b, const struct job *j)
{
	buf_addf(b, "%s ", verb_of(j));
	if (j->n == 1)
		buf_adds(b, item_name(&j->item[0]));
	else
		buf_adds(b, "that");
}

static void add_again(struct buf *b, int64_t wait_ms)
{
	buf_adds(b, " Try again in ");
	within_time(b, NULL, wait_ms);
	buf_addc(b, '.');
}

/* He may, but not this value, or not so often. */
static void add_limits(struct buf *b, const struct job *j, const struct job_no *no)
{
	buf_addf(b, "You may %s %s only ", verb_of(j), item_name(no->item));
	if (no->within == WITHIN_NOT) {
		buf_adds(b, no->item->control && no->item->control->use.type ==
		    KITH_THING_NUMERIC ? "" : "to ");
		within_words(b, NULL, no->allowed, item_name(no->item));
		buf_addc(b, '.');
		return;
	}
	within_rate(b, NULL, no->rate);
	buf_adds(b, ", and that is used up.");
	add_again(b, no->why.retry_after_ms);
}

/* How a no goes on: who decides, and what has become of it.  %s: who. */
static const struct { const char *reason, *with_owner, *without; } refusals[] = {
	{ "asked", ": %s has not decided about it yet, and was asked.",
	    ": my owner has not decided about it yet, and was asked." },
	{ "denied", ": %s does not allow it.", ": it is not allowed." },
	{ "touch", ": %s wants a security key for that, which I cannot check yet.",
	    ": it takes a security key, which I cannot check yet." },
	{ "time", " now: %s allows it at other times.", " now: it is allowed at other times." },
	{ "account", ": I cannot be sure who you are.", ": I cannot be sure who you are." },
	{ "token", ": the token you showed is not good for it.",
	    ": the token you showed is not good for it." },
};

static void add_reason(struct buf *b, const struct denied *why)
{
	for (size_t i = 0; why->reason && i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *rest;

		if (strcmp(refusals[i].reason, why->reason) != 0)
			continue;
		rest = why->ask_whom ? strstr(refusals[i].with_owner, "%s") : NULL;
		if (!rest) {
			buf_adds(b, refusals[i].without);
			return;
		}
		buf_add(b, refusals[i].with_owner, (size_t)(rest - refusals[i].with_owner));
		str_escape(b, why->ask_whom, JID_MAX, false);
		buf_adds(b, rest + 2);
		return;
	}
	buf_adds(b, ": my owner has not allowed it so far.");
}

static void say_refused(struct job *j, const struct job_no *no)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	if (no->item) {
		add_limits(&b, j, no);
	} else if (no->verdict == ACCESS_NO) {
		buf_adds(&b, "You may not ");
		add_what(&b, j);
		add_reason(&b, &no->why);
		if (no->why.retry_after_ms > 0)
			add_again(&b, no->why.retry_after_ms);
	} else {
		buf_adds(&b, "I cannot find out now whether you may ");
		add_what(&b, j);
		buf_adds(&b, ". Try again in a minute.");
	}
	say(j->jobs, &j->call->q, buf_str(&b));
	buf_fini(&b);
}

static void add_item(struct buf *b, const struct job_item *it)
{
	char text[BOARD_TEXT];

	if (it->state != ITEM_OK) {
		buf_addf(b, "%s: not available (", item_name(it));
		str_escape(b, it->value.text, 120, false);
		buf_addc(b, ')');
		return;
	}
	board_value_text(text, it->field ? it->field->use.type : it->control->use.type,
	    it->field ? it->field->unit : "", &it->value);
	buf_addf(b, it->field ? "%s: " : "%s is now ", item_name(it));
	str_escape(b, text, KITH_THING_TEXT, false);
}

static void say_done(struct job *j)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	for (size_t i = 0; i < j->n; i++) {
		if (i)
			buf_addc(&b, '\n');
		add_item(&b, &j->item[i]);
	}
	say(j->jobs, &j->call->q, j->n ? buf_str(&b) : "There is nothing to read here.");
	buf_fini(&b);
}

static const struct job_voice voice = {
	.accepted = NULL,
	.refused = say_refused,
	.done = say_done,
};

/* ---- words -------------------------------------------------------------- */

static void begin(struct jobs *js, struct call **c, const struct decision_question *q,
    const struct kith_thing_value *value)
{
	if (job_begin(js, c, &voice, q, value) < 0)
		say(js, &(*c)->q, "I am busy with your earlier requests. Try again in a moment.");
}

static void add_fields(struct buf *b, const struct board *board)
{
	for (size_t i = 0; i < board->n_fields; i++)
		buf_addf(b, "%s%s", i ? ", " : "", board->field[i]->name);
}

static void add_controls(struct buf *b, const struct board *board)
{
	char lo[STR_DOUBLE], hi[STR_DOUBLE];

	for (size_t i = 0; i < board->n_controls; i++) {
		const struct board_control *p = board->control[i];

		buf_addf(b, "%s%s", i ? ", " : "", p->name);
		if (p->use.type == KITH_THING_BOOLEAN) {
			buf_adds(b, " (on or off)");
		} else if (p->use.min != 0 || p->use.max != 0) {
			str_from_double(lo, p->use.min);
			str_from_double(hi, p->use.max);
			buf_addf(b, " (%s to %s)", lo, hi);
		}
	}
}

static void word_help(struct jobs *js, struct call **c, const char *rest)
{
	struct buf b;

	(void)rest;
	buf_init(&b, ANSWER_MAX);
	buf_adds(&b, "I know these words:\nread - everything you may see");
	if (js->board->n_fields) {
		buf_adds(&b, "\nread FIELD - ");
		add_fields(&b, js->board);
	}
	if (js->board->n_controls) {
		buf_adds(&b, "\nset PARAMETER VALUE - ");
		add_controls(&b, js->board);
	}
	buf_adds(&b, "\nhelp - this");
	say(js, &(*c)->q, buf_str(&b));
	buf_fini(&b);
}

static void unknown_name(struct jobs *js, struct call **c, const char *what, const char *name,
    void (*add)(struct buf *, const struct board *))
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	buf_addf(&b, "I have no %s ", what);
	quote(&b, name);
	buf_adds(&b, ". I have: ");
	add(&b, js->board);
	say(js, &(*c)->q, buf_str(&b));
	buf_fini(&b);
}

static void word_read(struct jobs *js, struct call **c, const char *rest)
{
	struct decision_question q = {
		.action = DECIDE_READ, .jid = (*c)->q.bare,
	};
	const struct board_field *f;

	if (*rest) {
		f = board_field(js->board, rest);
		if (!f) {
			unknown_name(js, c, "field", rest, add_fields);
			return;
		}
		q.names.name = pool_alloc(&(*c)->pool, sizeof(q.names.name[0]));
		if (!q.names.name)
			return;
		q.names.name[q.names.n++] = f->name;
	}
	q.types = board_kinds(js->board, q.names.name, q.names.n) & ~FIELD_HISTORICAL;
	begin(js, c, &q, NULL);
}

/* The control whose name begins the text, the longest if several do. */
static const struct board_control *control_in(const struct board *b, const char *text)
{
	const struct board_control *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < b->n_controls; i++) {
		size_t n = strlen(b->control[i]->name);

		if (n > longest && str_case_starts(text, b->control[i]->name) &&
		    (text[n] == ' ' || text[n] == '\0' || text[n] == '=')) {
			best = b->control[i];
			longest = n;
		}
	}
	return best;
}

static const char *value_in(const char *text, size_t name_len)
{
	text += name_len;
	text += strspn(text, " =");
	if (str_case_starts(text, "to "))
		text += 3 + strspn(text + 3, " ");
	return text;
}

static void word_set(struct jobs *js, struct call **c, const char *rest)
{
	struct decision_question q = { .action = DECIDE_CONTROL, .jid = (*c)->q.bare };
	const struct board_control *p = control_in(js->board, rest);
	struct kith_thing_value value;
	struct err e = ERR_INIT;
	const char *text;

	if (!*rest || !js->board->n_controls) {
		say(js, &(*c)->q, js->board->n_controls
		    ? "Say what and to what, like: set led on" : "There is nothing to set here.");
		return;
	}
	if (!p) {
		unknown_name(js, c, "parameter", rest, add_controls);
		return;
	}
	text = value_in(rest, strlen(p->name));
	if (board_value(p, text, NULL, &value, &e) < 0) {
		say(js, &(*c)->q, e.text);
		return;
	}
	q.names.name = pool_alloc(&(*c)->pool, sizeof(q.names.name[0]));
	if (!q.names.name)
		return;
	q.names.name[q.names.n++] = p->name;
	begin(js, c, &q, &value);
}

static const struct {
	const char *word;
	void (*act)(struct jobs *js, struct call **c, const char *rest);
} words[] = {
	{ "help", word_help },
	{ "?", word_help },
	{ "read", word_read },
	{ "set", word_set },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static void word_unknown(struct jobs *js, struct call **c, const char *word)
{
	struct buf b;
	unsigned best = 3;
	const char *hint = NULL;

	for (size_t i = 0; i < N_WORDS; i++) {
		unsigned d = str_distance(words[i].word, word, 2);

		if (d < best) {
			best = d;
			hint = words[i].word;
		}
	}
	buf_init(&b, ANSWER_MAX);
	buf_adds(&b, "I do not know the word ");
	quote(&b, word);
	if (hint && strlen(hint) > 1)
		buf_addf(&b, ". Did you mean '%s'?", hint);
	else
		buf_adds(&b, ". Try: help");
	say(js, &(*c)->q, buf_str(&b));
	buf_fini(&b);
}

/* Phones send no-break spaces and put a full stop at the end: forgive both. */
static char *tidy(struct pool *pool, const char *body)
{
	char *line = pool_strdup(pool, body), *from = line, *to = line;
	size_t n;

	if (!line)
		return NULL;
	while (*from)
		if (str_starts(from, "\xc2\xa0")) {
			*to++ = ' ';
			from += 2;
		} else {
			*to++ = *from == '\t' || *from == '\r' ? ' ' : *from;
			from++;
		}
	*to = '\0';
	line += strspn(line, " \n");
	line[strcspn(line, "\n")] = '\0';
	for (n = strlen(line); n > 0 && (line[n - 1] == ' '); n--)
		line[n - 1] = '\0';
	return line;
}

static void obey(struct jobs *js, struct call **c)
{
	char *line = tidy(&(*c)->pool, (*c)->q.u.chat.body), *rest;

	if (!line || !*line)
		return;
	rest = line + strcspn(line, " ");
	if (*rest)
		*rest++ = '\0';
	rest += strspn(rest, " ");
	for (size_t i = 0; i < N_WORDS; i++)
		if (str_case_eq(words[i].word, line)) {
			words[i].act(js, c, rest);
			return;
		}
	word_unknown(js, c, line);
}

void talk_line(struct jobs *js, struct call **c)
{
	const struct request *q = &(*c)->q;
	unsigned flags = q->u.chat.flags;

	/* Not typed to us by a person just now: nothing is said at all. */
	if (flags & (CHAT_AUTO | CHAT_ERROR | CHAT_GROUP | CHAT_FORWARDED | CHAT_CORRECTED))
		return;
	if (flags & CHAT_ENCRYPTED)
		say(js, q, "I cannot read encrypted messages. Switch encryption off for this "
		    "contact, please.");
	else if (flags & CHAT_DELAYED)
		say(js, q, "That was typed a while ago and reached me only now. Type it again "
		    "if you still mean it.");
	else if (flags & (CHAT_TOO_LONG | CHAT_AMBIGUOUS))
		say(js, q, "That is too much for me. Try: help");
	else if (q->u.chat.body)
		obey(js, c);
}
