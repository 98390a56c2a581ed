/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_count: a ring of decisions, oldest first, found by a keyed hash of
 * everything that tells them apart.
 */
#include "config.h"

#include "common/store/audit_count.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/table.h"

struct audit_counts {
	struct table_seed seed;
	struct table found;
	size_t first, span;	/* of the ring; a slot in it may be unused again */
	size_t n;
	uint64_t dropped;
	struct audit_counted slot[AUDIT_COUNTS];
};

int audit_counts_new(struct audit_counts **out, struct err *e)
{
	struct audit_counts *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (table_seed(&c->seed, e) != 0 || table_reserve(&c->found, AUDIT_COUNTS, e) != 0) {
		audit_counts_free(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void audit_counts_free(struct audit_counts **cp)
{
	struct audit_counts *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	table_fini(&c->found);
	free(c);
}

static void forget(struct audit_counts *c, struct audit_counted *d)
{
	table_remove(&c->found, d->hash, d);
	d->used = false;
	c->n--;
	while (c->span > 0 && !c->slot[c->first].used) {
		c->first = (c->first + 1) % AUDIT_COUNTS;
		c->span--;
	}
}

static struct audit_counted *take_slot(struct audit_counts *c)
{
	if (c->span == AUDIT_COUNTS) {
		c->dropped += (uint64_t)(c->slot[c->first].count - c->slot[c->first].noted);
		forget(c, &c->slot[c->first]);
	}
	return &c->slot[(c->first + c->span++) % AUDIT_COUNTS];
}

static uint64_t hash_of(const struct audit_counts *c, const struct audit_event *ev)
{
	uint64_t number[2] = { (uint64_t)ev->what, ev->epoch };
	uint64_t h = table_hash(&c->seed, 0, number, sizeof(number));

	h = table_hash(&c->seed, h, ev->thing, ev->thing != NULL ? 16 : 0);
	h = table_hash_text(&c->seed, h, ev->owner);
	h = table_hash_text(&c->seed, h, ev->actor);
	return table_hash_text(&c->seed, h, ev->object);
}

/* As much of `s` as fits, at a whole character; what was cut ends in "...". */
static const char *keep(char **to, const char *end, const char *s)
{
	static const char cut[] = "...";
	size_t room = (size_t)(end - *to), n;
	const char *kept = *to;

	if (s == NULL || room < sizeof(cut))
		return NULL;
	n = strnlen(s, room);
	if (n == room) {
		n = room - sizeof(cut);
		while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
			n--;
		memcpy(*to + n, cut, sizeof(cut));
		memcpy(*to, s, n);
		*to += n + sizeof(cut);
		return kept;
	}
	memcpy(*to, s, n + 1);
	*to += n + 1;
	return kept;
}

static void fill(struct audit_counted *d, const struct audit_event *ev)
{
	char *to = d->text;
	const char *end = d->text + sizeof(d->text);

	d->event = *ev;
	d->event.detail = NULL;
	/* Three thirds: a long asker cannot push out what was asked for. */
	d->event.owner = keep(&to, d->text + sizeof(d->text) / 3, ev->owner);
	d->event.actor = keep(&to, to + sizeof(d->text) / 3, ev->actor);
	d->event.object = keep(&to, end, ev->object);
	if (ev->thing != NULL) {
		memcpy(d->thing, ev->thing, sizeof(d->thing));
		d->event.thing = d->thing;
	}
}

/* Texts are kept cut, so sameness is the hash's: 64 bits that nobody outside
 * can aim at, since their key is random. */
void audit_count_add(struct audit_counts *c, const struct audit_event *ev, int64_t now_ms)
{
	uint64_t h = hash_of(c, ev);
	size_t at;
	struct audit_counted *d = table_first(&c->found, h, &at);

	if (d == NULL) {
		d = take_slot(c);
		fill(d, ev);
		d->hash = h;
		d->first_ms = now_ms;
		d->count = d->noted = 0;
		d->used = true;
		c->n++;
		table_add(&c->found, h, d);
	}
	d->count++;
	d->last_ms = now_ms;
}

struct audit_counted *audit_count_next(struct audit_counts *c, struct audit_counted *after)
{
	size_t i = 0;

	if (after != NULL)
		i = ((size_t)(after - c->slot) + AUDIT_COUNTS - c->first) % AUDIT_COUNTS + 1;
	for (; i < c->span; i++) {
		struct audit_counted *d = &c->slot[(c->first + i) % AUDIT_COUNTS];

		if (d->used)
			return d;
	}
	return NULL;
}

void audit_count_end(struct audit_counts *c, bool committed)
{
	struct audit_counted *d, *next;

	for (d = audit_count_next(c, NULL); d != NULL; d = next) {
		next = audit_count_next(c, d);
		if (committed && d->noted > 0) {
			d->count -= d->noted;
			/* What came since waits from now on; its own row follows. */
			d->first_ms = d->last_ms;
		}
		d->noted = 0;
		if (d->count == 0)
			forget(c, d);
	}
}

int64_t audit_count_oldest(const struct audit_counts *c)
{
	return c->n == 0 ? -1 : c->slot[c->first].first_ms;
}

bool audit_count_is_filling(const struct audit_counts *c)
{
	return c->n >= AUDIT_COUNTS / 2;
}

uint64_t audit_count_dropped(const struct audit_counts *c)
{
	return c->dropped;
}
