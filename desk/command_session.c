/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_session: a fixed table.  Serving a step happens inside the turn's
 * transaction, and the turn may be rolled back and served again; so the first
 * change of a turn keeps what was, and the end of the transaction tells which
 * of both holds.
 */
#include "config.h"

#include "desk/command_session.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/secret.h"
#include "common/store/store.h"

/* What ends in a turn keeps its slot until that is on disk. */
#define SLOTS (COMMAND_SESSIONS + 64)

struct command_sessions {
	struct store *store;
	struct command_session slot[SLOTS];
};

static void
clear(struct command_session *c)
{
	pool_fini(&c->pool);
	memset(c, 0, sizeof(*c));
}

/* The transaction has ended: what is over goes, what is undone was never. */
static void
settle(struct command_session *c, bool committed)
{
	if (!committed)
		c->now = c->before;
	c->touched = false;
	if (!c->now.live)
		clear(c);
}

static void
on_end(void *arg, bool committed)
{
	struct command_sessions *s = arg;

	for (size_t i = 0; i < SLOTS; i++)
		if (s->slot[i].touched)
			settle(&s->slot[i], committed);
}

static void
touch(struct command_session *c)
{
	if (!c->touched)
		c->before = c->now;
	c->touched = true;
}

int
command_sessions_open(struct command_sessions **out, struct store *store, struct err *e)
{
	struct command_sessions *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->store = store;
	if (store != NULL)
		store_on_end(store, on_end, s);
	*out = s;
	return 0;
}

void
command_sessions_close(struct command_sessions **sp)
{
	struct command_sessions *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		if (s->slot[i].full != NULL)
			clear(&s->slot[i]);
	free(s);
	*sp = NULL;
}

static bool
is_free(const struct command_session *c)
{
	return c->full == NULL;
}

void
command_session_end(struct command_sessions *s, struct command_session *c)
{
	touch(c);
	c->now.live = false;
	if (s->store == NULL || !store_in_transaction(s->store))
		settle(c, true);
}

/* A free slot; when he has many, or all are taken, his own oldest gives way. */
static struct command_session *
slot_for(struct command_sessions *s, const char *full, int64_t now_ms)
{
	struct command_session *room = NULL, *oldest = NULL;
	size_t his = 0, live = 0;

	for (size_t i = 0; i < SLOTS; i++) {
		struct command_session *c = &s->slot[i];

		if (!is_free(c) && !c->touched && now_ms >= c->until_ms)
			clear(c);
		if (is_free(c)) {
			room = room != NULL ? room : c;
			continue;
		}
		live += c->now.live;
		if (!c->now.live || !jid_text_same_bare(c->full, full))
			continue;
		his++;
		if (oldest == NULL || c->until_ms < oldest->until_ms)
			oldest = c;
	}
	if (live >= COMMAND_SESSIONS && his == 0)
		return NULL;
	if (live >= COMMAND_SESSIONS || his >= COMMAND_SESSIONS_EACH)
		command_session_end(s, oldest);
	return room;
}

struct command_session *
command_session_new(struct command_sessions *s, const char *full, const char *node,
    const struct command_form *form, int64_t now_ms)
{
	struct command_session *c = slot_for(s, full, now_ms);

	if (c == NULL || ident_text(c->id, NULL) != 0)
		return NULL;
	pool_init(&c->pool, COMMAND_SESSION_BYTES);
	c->full = pool_strdup(&c->pool, full);
	c->node = pool_strdup(&c->pool, node);
	if (c->full == NULL || c->node == NULL) {
		clear(c);
		return NULL;
	}
	touch(c);
	c->now = (struct command_state){ .live = true, .path = { { form, 0 } } };
	c->until_ms = now_ms + COMMAND_SESSION_MS;
	if (s->store == NULL || !store_in_transaction(s->store))
		settle(c, true);
	return c;
}

struct command_session *
command_session_find(struct command_sessions *s, const char *full, const char *node,
    const char *id, int64_t now_ms, bool *expired)
{
	*expired = false;
	if (strlen(id) != IDENT_TEXT - 1)
		return NULL;
	for (size_t i = 0; i < SLOTS; i++) {
		struct command_session *c = &s->slot[i];

		if (is_free(c) || !c->now.live || strcmp(c->full, full) != 0 ||
		    strcmp(c->node, node) != 0)
			continue;
		if (!secret_bytes_equal(c->id, id, IDENT_TEXT - 1))
			continue;
		if (now_ms >= c->until_ms) {
			*expired = true;
			command_session_end(s, c);
			return NULL;
		}
		/* Whatever he does now can be undone with the turn. */
		if (s->store != NULL && store_in_transaction(s->store))
			touch(c);
		c->until_ms = now_ms + COMMAND_SESSION_MS;
		return c;
	}
	return NULL;
}

struct command_place *
command_session_place(struct command_session *c)
{
	return &c->now.path[c->now.depth];
}

int
command_session_push(struct command_session *c, const struct command_form *form, unsigned stage)
{
	if (c->now.depth + 1 >= COMMAND_DEPTH)
		return -1;
	c->now.path[++c->now.depth] = (struct command_place){ form, stage };
	return 0;
}

int
command_session_pop(struct command_session *c)
{
	if (c->now.depth == 0)
		return -1;
	c->now.depth--;
	while (c->now.n > 0 && c->now.answer[c->now.n - 1].depth > c->now.depth)
		c->now.n--;
	return 0;
}

void
command_session_forget(struct command_session *c)
{
	while (c->now.n > 0 && c->now.answer[c->now.n - 1].depth >= c->now.depth)
		c->now.n--;
}

int
command_session_keep(struct command_session *c, const char *var, const struct name_list *value)
{
	struct command_answer *a = &c->now.answer[c->now.n];

	if (c->now.n == COMMAND_KEPT)
		return -1;
	*a = (struct command_answer){ .depth = c->now.depth, .var = pool_strdup(&c->pool, var) };
	a->value.name = pool_alloc(&c->pool, (value->n + 1) * sizeof(*a->value.name));
	if (a->var == NULL || a->value.name == NULL)
		return -1;
	for (size_t i = 0; i < value->n; i++) {
		a->value.name[i] = pool_strdup(&c->pool, value->name[i]);
		if (a->value.name[i] == NULL)
			return -1;
		a->value.n++;
	}
	c->now.n++;
	return 0;
}

const struct name_list *
command_session_values(const struct command_session *c, const char *var)
{
	for (size_t i = c->now.n; i > 0; i--)
		if (strcmp(c->now.answer[i - 1].var, var) == 0)
			return &c->now.answer[i - 1].value;
	return NULL;
}

const char *
command_session_value(const struct command_session *c, const char *var)
{
	const struct name_list *l = command_session_values(c, var);

	return l != NULL && l->n == 1 && l->name[0][0] != '\0' ? l->name[0] : NULL;
}

size_t
command_sessions_count(const struct command_sessions *s)
{
	size_t n = 0;

	for (size_t i = 0; i < SLOTS; i++)
		n += !is_free(&s->slot[i]) && s->slot[i].now.live;
	return n;
}
