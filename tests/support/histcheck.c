/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histcheck: a search over orders (Wing and Gong), with a memory of what was
 * tried: which operations have happened and what state they led to.
 */
#include "config.h"

#include "tests/support/histcheck.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (HIST_OPS / 64)
#define TRIED_FIRST 4096

/* What the registry knows of the thing. */
struct state {
	int owner;
	int owner_key;			/* he claimed with it: his receipt */
	int key;			/* registered with; -1: not registered */
	uint64_t spent[HIST_KEYS / 64];
};

struct point {
	uint64_t done[WORDS];
	struct state state;
};

struct search {
	const struct hist_op *op;
	size_t n;
	struct point *tried;		/* open addressing; used[i] says whether taken */
	unsigned char *used;
	size_t room, count;
	size_t most, stuck;		/* the furthest it came, and before what */
};

static bool bit(const uint64_t *set, size_t i)
{
	return (set[i / 64] >> (i % 64) & 1) != 0;
}

static void set_bit(uint64_t *set, size_t i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

/* ---- what one operation does ---- */

static bool do_register(struct state *s, const struct hist_op *o)
{
	if (s->owner != HIST_NOBODY)
		return o->result == HIST_UNKNOWN ||
		    (o->result == HIST_OWNED && o->owner == s->owner);
	s->key = o->key;
	return o->result == HIST_UNKNOWN || o->result == HIST_EMPTY;
}

static bool do_unregister(struct state *s, const struct hist_op *o)
{
	s->owner = HIST_NOBODY;
	s->key = -1;
	return o->result == HIST_UNKNOWN || o->result == HIST_EMPTY;
}

static bool do_claim(struct state *s, const struct hist_op *o)
{
	bool again = s->owner == o->who && s->owner_key == o->key;
	bool fits = again || (s->owner == HIST_NOBODY && s->key == o->key &&
	    !bit(s->spent, (size_t)o->key));

	if (fits) {
		s->owner = o->who;
		s->owner_key = o->key;
		set_bit(s->spent, (size_t)o->key);
	}
	return o->result == HIST_UNKNOWN || o->result == (fits ? HIST_DONE : HIST_NOT_FOUND);
}

static bool do_disown(struct state *s, const struct hist_op *o)
{
	if (s->owner != o->who)
		return o->result == HIST_UNKNOWN || o->result == HIST_NOT_FOUND;
	if (o->result == HIST_NOT_ALLOWED)
		return true;
	s->owner = HIST_NOBODY;
	s->key = -1;
	return o->result == HIST_UNKNOWN || o->result == HIST_DONE;
}

/* Could it have happened now, with that answer?  Changes *s. */
static bool apply(struct state *s, const struct hist_op *o)
{
	static bool (*const does[])(struct state *s, const struct hist_op *o) = {
		[HIST_REGISTER] = do_register, [HIST_UNREGISTER] = do_unregister,
		[HIST_CLAIM] = do_claim, [HIST_DISOWN] = do_disown,
	};

	return does[o->kind](s, o);
}

/* ---- what was tried ---- */

static size_t hash(const struct point *p)
{
	const unsigned char *c = (const unsigned char *)p;
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(*p); i++)
		h = (h ^ c[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 29);
}

static size_t place(const struct search *s, const struct point *p)
{
	size_t at = hash(p) & (s->room - 1);

	while (s->used[at] && memcmp(&s->tried[at], p, sizeof(*p)) != 0)
		at = (at + 1) & (s->room - 1);
	return at;
}

static void grow(struct search *s)
{
	struct search old = *s;

	s->room = old.room > 0 ? 2 * old.room : TRIED_FIRST;
	s->tried = calloc(s->room, sizeof(*s->tried));
	s->used = calloc(s->room, 1);
	if (s->tried == NULL || s->used == NULL)
		err(1, "histcheck");
	for (size_t i = 0; i < old.room; i++) {
		if (old.used[i]) {
			size_t at = place(s, &old.tried[i]);

			s->tried[at] = old.tried[i];
			s->used[at] = 1;
		}
	}
	free(old.tried);
	free(old.used);
}

/* True when it is new. */
static bool remember(struct search *s, const struct point *p)
{
	size_t at;

	if (2 * (s->count + 1) > s->room)
		grow(s);
	at = place(s, p);
	if (s->used[at])
		return false;
	s->tried[at] = *p;
	s->used[at] = 1;
	s->count++;
	return true;
}

/* ---- the search ---- */

/* Everything that has not happened and ended before this began must come first. */
static int64_t first_end(const struct search *s, const struct point *p)
{
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < s->n; i++)
		if (!bit(p->done, i) && s->op[i].result != HIST_UNKNOWN && s->op[i].end < end)
			end = s->op[i].end;
	return end;
}

static void note(struct search *s, const struct point *p)
{
	size_t done = 0;
	size_t next = 0;
	int64_t begin = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		if (bit(p->done, i)) {
			done++;
		} else if (s->op[i].result != HIST_UNKNOWN && s->op[i].end < begin) {
			begin = s->op[i].end;
			next = i;
		}
	}
	if (done >= s->most) {
		s->most = done;
		s->stuck = next;
	}
}

/* One that changes nothing is best done at once: it can be in nobody's way. */
static bool changes_nothing(const struct state *before, const struct state *after)
{
	return memcmp(before, after, sizeof(*before)) == 0;
}

static bool explore(struct search *s, const struct point *p, size_t depth)
{
	int64_t end = first_end(s, p);

	if (end == INT64_MAX)
		return true;		/* what is left was never answered */
	if (depth > HIST_OPS || !remember(s, p))
		return false;
	note(s, p);
	for (size_t i = 0; i < s->n; i++) {
		struct point next = *p;

		if (bit(p->done, i) || s->op[i].begin > end || !apply(&next.state, &s->op[i]))
			continue;
		set_bit(next.done, i);
		if (changes_nothing(&p->state, &next.state)) {
			if (s->op[i].result == HIST_UNKNOWN)
				continue;	/* it may as well never have come */
			return explore(s, &next, depth + 1);
		}
		if (explore(s, &next, depth + 1))
			return true;
	}
	return false;
}

bool histcheck(const struct hist_op *op, size_t n, size_t *at)
{
	struct search s = { .op = op, .n = n };
	struct point start;
	bool found;

	if (n > HIST_OPS)
		errx(1, "histcheck: %zu operations", n);
	memset(&start, 0, sizeof(start));
	start.state.owner = HIST_NOBODY;
	start.state.key = start.state.owner_key = -1;
	found = explore(&s, &start, 0);
	if (at != NULL)
		*at = s.stuck;
	free(s.tried);
	free(s.used);
	return found;
}
