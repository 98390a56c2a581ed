/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_chat: `watch FIELD`, `watch FIELD every 10 min`, `watch FIELD when below 5`,
 * `watches`, `unwatch FIELD`.  Read next: watch.c.
 */
#include "config.h"

#include "thing/watch.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/push.h"
#include "thing/talk.h"

#define ANSWER_MAX 4000

static void say(const struct jobs *js, const struct request *q, const char *re, const char *text)
{
	char id[IDENT_TEXT];

	if (session_is_up(js->session) && ident_text(id, NULL) == 0)
		(void)chat_write(js->session->out, NULL, q->from, id, re, text);
}

static void say_words(const struct jobs *js, const struct request *q, const char *text,
    const char *value)
{
	struct words w = jobs_words(js, q);
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	words_add(&b, &w, text, value ? value : "", NULL);
	say(js, q, q->id, buf_str(&b));
	buf_fini(&b);
}

/* ---- when --------------------------------------------------------------- */

static const struct { const char *word; enum watch_when when; } orders[] = {
	{ "below", WATCH_BELOW }, { "under", WATCH_BELOW }, { "<", WATCH_BELOW },
	{ "above", WATCH_ABOVE }, { "over", WATCH_ABOVE }, { ">", WATCH_ABOVE },
	{ "is", WATCH_IS }, { "=", WATCH_IS }, { "unter", WATCH_BELOW },
	{ "\xc3\xbc" "ber", WATCH_ABOVE }, { "ueber", WATCH_ABOVE }, { "ist", WATCH_IS },
};

static const struct { const char *word; int64_t ms; } units[] = {
	{ "s", 1000 }, { "sec", 1000 }, { "second", 1000 }, { "seconds", 1000 },
	{ "m", 60000 }, { "min", 60000 }, { "minute", 60000 }, { "minutes", 60000 },
	{ "h", 3600000 }, { "hour", 3600000 }, { "hours", 3600000 },
	{ "d", 86400000 }, { "day", 86400000 }, { "days", 86400000 },
	{ "sek", 1000 }, { "sekunde", 1000 }, { "sekunden", 1000 },
	{ "minuten", 60000 }, { "std", 3600000 }, { "stunde", 3600000 }, { "stunden", 3600000 },
	{ "tag", 86400000 }, { "tage", 86400000 },
};

/* "10 min", "10min", "hour"; -1: neither. */
static int64_t how_long(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	char number[8] = "1";
	int64_t n = 1;

	if (digits >= sizeof(number))
		return -1;
	if (digits > 0) {
		memcpy(number, text, digits);
		number[digits] = '\0';
	}
	if (str_to_int(number, 1, 100000, &n) < 0)
		return -1;
	text += digits + strspn(text + digits, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_case_eq(text, units[i].word))
			return n * units[i].ms;
	return -1;
}

static bool starts_with_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	return str_case_starts(text, word) && (text[n] == ' ' || text[n] == '\0' ||
	    word[0] == '<' || word[0] == '>' || word[0] == '=');
}

/* The condition behind "when"; without an order it is a value: "when on". */
static int take_condition(struct watch *w, const char *text)
{
	w->when = WATCH_IS;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (starts_with_word(text, orders[i].word)) {
			w->when = orders[i].when;
			text += strlen(orders[i].word);
			break;
		}
	text += strspn(text, " ");
	if (w->when != WATCH_IS)
		return str_to_double(text, &w->level);
	w->word = *text ? mem_strdup(text) : NULL;
	return w->word ? 0 : -1;
}

/* "5" is met by "5 C": what people read, with its unit or without. */
static bool is_value(const struct board_field *f, const struct kith_thing_value *v,
    const char *word)
{
	char with[BOARD_TEXT], without[BOARD_TEXT];

	board_value_text(with, f->use.type, f->unit, v, NULL);
	board_value_text(without, f->use.type, NULL, v, NULL);
	return str_case_eq(with, word) || str_case_eq(without, word);
}

/* Told when it becomes true, and not again before it was false. */
bool watch_holds(struct watch *w, const struct sample *s)
{
	bool was = w->was;

	if (w->when == WATCH_BELOW)
		w->was = s->last.number < w->level;
	else if (w->when == WATCH_ABOVE)
		w->was = s->last.number > w->level;
	else
		w->was = w->when == WATCH_IS && is_value(s->field, &s->last, w->word);
	return w->was && !was;
}

/* ---- telling ------------------------------------------------------------ */

void watch_sharpen(struct watch *w, const struct board_field *f)
{
	struct watch_field *to = &w->field[0];

	to->has_up = to->has_down = true;
	to->up = to->down = f->use.type == KITH_THING_NUMERIC ? f->use.change : 0;
}

/* "level", "level of north"; in the pool of `c`. */
static const char *field_name(const struct words *t, struct call *c, const struct thing_node *n,
    const struct board_field *f)
{
	const char *name = n->name ? n->name : n->at.id;
	struct buf b, node;

	if (node_is_device(n))
		return f->name;
	buf_init(&b, ANSWER_MAX);
	buf_init(&node, ANSWER_MAX);
	str_escape(&node, name, 60, false);
	words_add(&b, t, N_("%1 of %2"), f->name, buf_str(&node), NULL);
	name = pool_strdup(&c->pool, buf_str(&b));
	buf_fini(&node);
	buf_fini(&b);
	return name ? name : f->name;
}

static const char *watched_name(const struct words *t, struct call *c, const struct watch *w)
{
	const struct sample *s = w->n ? w->field[0].sample : NULL;

	return s ? field_name(t, c, s->node, s->field) : "";
}

static void add_number(struct buf *b, const struct words *t, const char *text, double v)
{
	char number[STR_DOUBLE];

	str_from_double(number, v);
	words_add(b, t, text, number, NULL);
}

static void add_when(struct buf *b, const struct words *t, const struct watch *w)
{
	if (w->when == WATCH_BELOW) {
		add_number(b, t, N_("when it falls below %1"), w->level);
	} else if (w->when == WATCH_ABOVE) {
		add_number(b, t, N_("when it rises above %1"), w->level);
	} else if (w->when == WATCH_IS) {
		words_add(b, t, N_("when it becomes %1"), w->word, NULL);
	} else if (w->when == WATCH_EVERY) {
		within_every(b, t, w->max_ms);
	} else {
		words_add(b, t, N_("when it changes"), NULL);
	}
}

static void chat_refused(struct job *j, const struct job_no *no)
{
	struct watch *w = watch_of(j->jobs->watches, j->arg);
	struct words t;

	if (!w)
		return;
	w->telling = false;
	if (no->verdict == ACCESS_NO && !no->item) {
		t = jobs_words(j->jobs, &j->call->q);
		say_words(j->jobs, &j->call->q, N_("You may not read %1 any more. "
		    "I have stopped watching it for you."), watched_name(&t, j->call, w));
		watch_end(j->jobs->watches, w);
		return;
	}
	w->again_ms = clock_boot(j->jobs->clock) + (no->why.retry_after_ms > WATCH_AGAIN_MS ?
	    no->why.retry_after_ms : WATCH_AGAIN_MS);
	w->due = true;
}

static void chat_done(struct job *j)
{
	struct watch *w = watch_of(j->jobs->watches, j->arg);
	const struct job_item *it = &j->item[0];
	struct words t = jobs_words(j->jobs, &j->call->q);
	char text[BOARD_TEXT];
	struct buf b, what;

	if (!w)
		return;
	w->telling = false;
	watch_told(w, j);
	buf_init(&b, ANSWER_MAX);
	buf_init(&what, ANSWER_MAX);
	if (it->state != ITEM_OK) {
		str_escape(&what, it->value.text, 120, false);
	} else {
		board_value_text(text, it->field->use.type, it->field->unit, &it->value, &t);
		str_escape(&what, text, KITH_THING_TEXT, false);
	}
	words_add(&b, &t, it->state != ITEM_OK ? N_("%1: not available (%2)") : N_("%1: %2"),
	    field_name(&t, j->call, it->node, it->field), buf_str(&what), NULL);
	say(j->jobs, &j->call->q, NULL, buf_str(&b));
	buf_fini(&what);
	buf_fini(&b);
}

const struct job_voice watch_chat_voice = {
	.refused = chat_refused,
	.done = chat_done,
};

/* ---- `watch` ------------------------------------------------------------ */

/* "FIELD", "FIELD every 10 min", "FIELD when below 5": cut in two. */
static char *cut(char *line, const char *word)
{
	size_t n = strlen(word);

	for (char *at = strchr(line, ' '); at; at = strchr(at + 1, ' '))
		if (str_case_starts(at + 1, word) && at[n + 1] == ' ') {
			*at = '\0';
			return at + n + 1 + strspn(at + n + 1, " ");
		}
	return NULL;
}

/* What stands behind the word for when; the one for every in `every`, if that was it. */
static char *cut_when(char *line, char **every)
{
	char *at = cut(line, "every"), *other;

	at = at ? at : cut(line, "alle");
	if (every)
		*every = at;
	if (at)
		return NULL;
	other = cut(line, "when");
	return other ? other : cut(line, "wenn");
}

static int take_when(struct watch *w, char *line)
{
	char *every, *when = cut_when(line, &every);

	w->min_ms = WATCH_CHAT_MS;
	if (every) {
		w->when = WATCH_EVERY;
		w->max_ms = how_long(every);
		return w->max_ms >= WATCH_EVERY_MS && w->max_ms <= WATCH_LONGEST_MS ? 0 : -1;
	}
	return when ? take_condition(w, when) : 0;
}

static bool fits(const struct watch *w, const struct board_field *f)
{
	bool number = f->use.type == KITH_THING_NUMERIC || f->use.type == KITH_THING_INT;

	return number || (w->when != WATCH_BELOW && w->when != WATCH_ABOVE);
}

static void confirm(const struct jobs *js, const struct watch *w)
{
	struct words t = jobs_words(js, &w->call->q);
	struct buf b, when;

	buf_init(&b, ANSWER_MAX);
	buf_init(&when, ANSWER_MAX);
	add_when(&when, &t, w);
	words_add(&b, &t, N_("I tell you %1 %2. To end that: unwatch %1"),
	    watched_name(&t, w->call, w), buf_str(&when), NULL);
	say(js, &w->call->q, w->call->q.id, buf_str(&b));
	buf_fini(&when);
	buf_fini(&b);
}

/* One of a field at most: the later one counts. */
static void end_other(struct watches *ws, const struct watch *w)
{
	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct watch *other = ws->watch[i];

		if (other && other != w && watch_is_chat(other) && other->n && w->n &&
		    other->field[0].sample == w->field[0].sample &&
		    strcmp(other->call->q.bare, w->call->q.bare) == 0)
			watch_end(ws, other);
	}
}

static void chat_accepted(struct job *j)
{
	struct watches *ws = j->jobs->watches;
	char *line = pool_strdup(&j->call->pool, j->arg);
	struct thing_node *n = j->node[0];
	const struct board_field *f = j->item[0].field;
	struct watch *w = line ? watch_new(ws, &j->call, &j->question) : NULL;
	struct watch_field *to;

	if (!w) {
		say_words(j->jobs, &j->call->q, N_("I watch too much already. "
		    "`watches` shows what I watch for you."), NULL);
		return;
	}
	if (take_when(w, line) < 0 || !fits(w, f) || watch_add_field(ws, w, n, f) < 0) {
		say_words(j->jobs, &w->call->q, N_("Say it like: watch %1, watch %1 every 10 min, "
		    "watch %1 when below 5"), f->name);
		watch_undo(ws, w, j);
		return;
	}
	watch_sharpen(w, f);
	to = &w->field[0];
	w->was = to->has_base && w->when != WATCH_CHANGE && watch_holds(w, to->sample);
	end_other(ws, w);
	ws->dirty = true;
	confirm(j->jobs, w);
	watches_presence(ws, w->call->q.from, w->call->q.bare, true);
	/* What it is now is where changes begin. */
	w->due = w->when == WATCH_CHANGE || w->when == WATCH_EVERY;
	w->told_ms -= w->min_ms;
}

static const struct job_voice ask_voice = {
	.accepted = chat_accepted,
	.refused = talk_refused,
};

void watch_word(struct watches *ws, struct call **c, const char *rest)
{
	struct jobs *js = ws->jobs;
	struct decision_question q = { .action = DECIDE_READ, .jid = (*c)->q.bare };
	char *line = pool_strdup(&(*c)->pool, rest);
	const struct board_field *f;
	const struct thing_node *n;
	const char *name = line;

	if (!line)
		return;
	(void)cut_when(line, NULL);
	n = talk_find_node(js->nodes, &(*c)->pool, &name);
	f = board_field(&n->board, name);
	if (!f) {
		say_words(js, &(*c)->q, *name ? N_("I have no field '%1'. Try: fields")
		    : N_("Say what, like: watch temperature every 10 min"), name);
		return;
	}
	q.names.name = pool_alloc(&(*c)->pool, sizeof(q.names.name[0]));
	if (!q.names.name)
		return;
	q.names.name[q.names.n++] = f->name;
	q.types = f->kinds & ~FIELD_HISTORICAL;
	if (talk_ask_about(js->nodes, &(*c)->pool, n, &q.nodes) < 0)
		return;
	/* The line lives in the call, and so as long as the job. */
	if (job_ask(js, c, &ask_voice, &q, pool_strdup(&(*c)->pool, rest)) < 0)
		say_words(js, &(*c)->q, N_("I am busy with your earlier requests. "
		    "Try again in a moment."), NULL);
}

/* ---- `watches`, `unwatch` ----------------------------------------------- */

static bool is_his(const struct watch *w, const char *bare)
{
	return w && watch_is_chat(w) && w->n && strcmp(w->call->q.bare, bare) == 0;
}

void watch_list(struct watches *ws, struct call **c)
{
	const struct request *q = &(*c)->q;
	struct words t = jobs_words(ws->jobs, q);
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (is_his(ws->watch[i], q->bare)) {
			buf_addf(&b, "%s%s ", b.len ? "\n" : "",
			    watched_name(&t, *c, ws->watch[i]));
			add_when(&b, &t, ws->watch[i]);
		}
	if (b.len == 0)
		words_add(&b, &t, N_("I watch nothing for you."), NULL);
	say(ws->jobs, q, q->id, buf_str(&b));
	buf_fini(&b);
}

void watch_stop(struct watches *ws, struct call **c, const char *rest)
{
	const struct request *q = &(*c)->q;
	const char *name = rest;
	const struct thing_node *n = talk_find_node(ws->jobs->nodes, &(*c)->pool, &name);
	size_t ended = 0;

	for (size_t i = 0; i < WATCH_MAX; i++) {
		const struct sample *s = is_his(ws->watch[i], q->bare) ?
		    ws->watch[i]->field[0].sample : NULL;

		if (s && (!*rest || (s->node == n && (!*name ||
		    str_case_eq(s->field->name, name))))) {
			watch_end(ws, ws->watch[i]);
			ended++;
		}
	}
	if (!*rest)
		watches_drop_kept(ws, q->bare);
	say_words(ws->jobs, q, ended ? N_("I have stopped watching.") :
	    N_("I do not watch that for you. `watches` shows what I do."), NULL);
}
