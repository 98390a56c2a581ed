/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_kept: what people watch, on disk, so that a new start does not end it.  It is
 * taken up when its field is there again and he is still a friend; what he is then told
 * is decided each time as before (watch.c).
 */
#include "config.h"

#include "thing/watch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "watches"

static const char *const words[] = {
	[WATCH_CHANGE] = "change", [WATCH_EVERY] = "every", [WATCH_BELOW] = "below",
	[WATCH_ABOVE] = "above", [WATCH_IS] = "is",
};

static void kept_fini(struct watch_kept *k)
{
	char **const text[] = { &k->who, &k->lang, &k->node, &k->source, &k->partition, &k->field,
		&k->value };

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		mem_free(*text[i]);
	memset(k, 0, sizeof(*k));
}

static void drop(struct watches *ws, size_t i)
{
	kept_fini(&ws->kept[i]);
	ws->kept[i] = ws->kept[--ws->n_kept];
}

void watches_drop_kept(struct watches *ws, const char *bare)
{
	for (size_t i = ws->n_kept; i-- > 0;)
		if (!bare || strcmp(ws->kept[i].who, bare) == 0) {
			drop(ws, i);
			ws->dirty = ws->dirty || bare != NULL;
		}
	if (ws->n_kept == 0) {
		mem_free(ws->kept);
		ws->kept = NULL;
	}
}

/* ---- the file ------------------------------------------------------------- */

/* A line of it holds no line breaks; nobody types one. */
static bool is_plain(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20)
			return false;
	return true;
}

static void add(struct buf *b, const char *name, const char *value)
{
	if (value)
		statefile_add(b, name, value);
}

/* "field" comes last: with it all is said. */
static void add_kept(struct buf *b, const struct watch_kept *k)
{
	if (!is_plain(k->node) || !is_plain(k->source) || !is_plain(k->partition) ||
	    !is_plain(k->field) || !is_plain(k->value) || !is_plain(k->lang))
		return;
	add(b, "who", k->who);
	add(b, "lang", k->lang);
	add(b, "node", k->node);
	add(b, "source", k->source);
	add(b, "partition", k->partition);
	if (k->when != WATCH_CHANGE)
		add(b, words[k->when], k->value);
	add(b, "field", k->field);
}

static void add_watch(struct buf *b, const struct watch *w)
{
	const struct sample *s = w->field[0].sample;
	const struct request *q = &w->call->q;
	char number[STR_DOUBLE];
	struct watch_kept k = {
		.who = (char *)(uintptr_t)q->bare,
		.lang = (char *)(uintptr_t)(q->u.chat.lang ? q->u.chat.lang : q->lang),
		.node = (char *)(uintptr_t)s->node->at.id,
		.source = (char *)(uintptr_t)s->node->at.source,
		.partition = (char *)(uintptr_t)s->node->at.partition,
		.field = (char *)(uintptr_t)s->field->name, .value = number, .when = w->when };

	str_from_double(number, w->when == WATCH_EVERY ? (double)w->max_ms : w->level);
	if (w->when == WATCH_IS)
		k.value = w->word;
	add_kept(b, &k);
}

static void save(struct watches *ws)
{
	struct err e = ERR_INIT;
	struct buf b;
	size_t n = ws->n_kept;

	ws->dirty = false;
	statefile_begin(&b, KIND);
	for (size_t i = 0; i < ws->n_kept; i++)
		add_kept(&b, &ws->kept[i]);
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (ws->watch[i] && watch_is_chat(ws->watch[i]) && ws->watch[i]->n) {
			add_watch(&b, ws->watch[i]);
			n++;
		}
	statefile_end(&b);
	if ((n ? statefile_save(ws->dir, KIND, &b, &e) : statefile_remove(ws->dir, KIND, &e)) < 0)
		ws->note(ws->note_arg, true, e.text);
	buf_fini(&b);
}

struct reading {
	struct watches *ws;
	struct watch_kept k;
};

static int take_text(char **out, const char *value)
{
	mem_free(*out);
	*out = mem_strdup(value);
	return *out ? 0 : -1;
}

static int take_end(struct reading *r, const char *value)
{
	struct watch_kept *more;

	if (take_text(&r->k.field, value) < 0 || !r->k.who || r->ws->n_kept == WATCH_MAX)
		return -1;
	more = mem_resize_array(r->ws->kept, r->ws->n_kept + 1, sizeof(more[0]));
	if (!more)
		return -1;
	r->ws->kept = more;
	more[r->ws->n_kept++] = r->k;
	memset(&r->k, 0, sizeof(r->k));
	return 0;
}

static int take(struct reading *r, const char *name, const char *value)
{
	const struct { const char *name; char **text; } texts[] = {
		{ "who", &r->k.who }, { "lang", &r->k.lang }, { "node", &r->k.node },
		{ "source", &r->k.source }, { "partition", &r->k.partition },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(name, texts[i].name) == 0)
			return take_text(texts[i].text, value);
	for (int when = WATCH_EVERY; when <= WATCH_IS; when++)
		if (strcmp(name, words[when]) == 0) {
			r->k.when = (enum watch_when)when;
			return take_text(&r->k.value, value);
		}
	return strcmp(name, "field") == 0 ? take_end(r, value) : -1;
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	if (take(arg, name, value) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return 0;
}

/* Without them it serves as well. */
void watches_open(struct watches *ws)
{
	struct reading r = { .ws = ws };
	struct err e = ERR_INIT;

	if (statefile_load(ws->dir, KIND, row, &r, &e) < 0 && e.kind != ERR_AGAIN)
		ws->note(ws->note_arg, true, e.text);
	kept_fini(&r.k);
}

/* ---- taking them up --------------------------------------------------------- */

static int fill(struct call *c, const struct watch_kept *k, const struct thing_node *n,
    const struct board_field *f, struct decision_question *ask)
{
	struct request *q = &c->q;
	struct node_list nodes = { 1, &(struct node){ n->at.id, n->at.source, n->at.partition } };
	const struct decision_question as = { .action = DECIDE_READ, .jid = k->who,
		.names = { 1, &(const char *){ f->name } }, .types = f->kinds & ~FIELD_HISTORICAL,
		.nodes = node_is_device(n) ? (struct node_list){ 0 } : nodes };

	q->verb = VERB_CHAT;
	q->kind = STANZA_MESSAGE;
	q->pool = &c->pool;
	q->from = pool_strdup(&c->pool, k->who);
	q->lang = k->lang ? pool_strdup(&c->pool, k->lang) : NULL;
	if (!q->from || (k->lang && !q->lang) || access_copy_question(&c->pool, &as, ask) < 0)
		return -1;
	q->bare = ask->jid;
	return 0;
}

/* False: what it says fits no more. */
static bool set_when(struct watch *w, const struct watch_kept *k)
{
	double number = 0;

	w->when = k->when;
	w->min_ms = WATCH_CHAT_MS;
	if (k->when == WATCH_IS)
		return k->value && (w->word = mem_strdup(k->value)) != NULL;
	if (k->when != WATCH_CHANGE && (!k->value || str_to_double(k->value, &number) < 0))
		return false;
	w->level = number;
	if (k->when == WATCH_EVERY) {
		if (!(number >= WATCH_EVERY_MS && number <= (double)WATCH_LONGEST_MS))
			return false;
		w->max_ms = (int64_t)number;
	}
	return true;
}

static void take_up(struct watches *ws, const struct watch_kept *k, struct thing_node *n,
    const struct board_field *f)
{
	struct decision_question ask;
	struct call *c = call_new();
	struct watch *w = c && fill(c, k, n, f, &ask) == 0 ? watch_new(ws, &c, &ask) : NULL;

	call_free(&c);
	if (w && !(set_when(w, k) && watch_add_field(ws, w, n, f) == 0))
		watch_end(ws, w);
	else if (w)
		watch_sharpen(w, f);
}

/* Those whose field is there; they are tried once, and none is told before he may. */
static void look(struct watches *ws)
{
	struct jobs *js = ws->jobs;

	ws->look = false;
	for (size_t i = ws->n_kept; i-- > 0;) {
		struct watch_kept *k = &ws->kept[i];
		enum access_who who = access_who(js->access, k->who);
		struct node at = { k->node, k->source, k->partition };
		struct thing_node *n = k->node ? nodes_find(js->nodes, &at) : nodes_device(js->nodes);
		const struct board_field *f = n ? board_field(&n->board, k->field) : NULL;

		if (who == ACCESS_FRIEND || who == ACCESS_OWNER) {
			if (!f)
				continue;
			take_up(ws, k, n, f);
		}
		drop(ws, i);
		ws->dirty = true;
	}
}

void watches_look(struct watches *ws)
{
	ws->look = ws->n_kept > 0;
}

bool watches_keep_due(const struct watches *ws)
{
	return ws->dirty || ws->look;
}

void watches_keep(struct watches *ws)
{
	if (ws->look)
		look(ws);
	if (ws->dirty && ws->dir)
		save(ws);
}
