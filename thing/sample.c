/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample: reads drivers by the clock, gives what it got to the ring and to whoever
 * wants to know.  Read next: ring.c, watch.c.
 */
#include "config.h"

#include "thing/sample.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"

static const char *owner_of(const struct samples *ss, const struct thing_node *n)
{
	if (node_is_device(n))
		return ss->standing->owner;
	return n->owner ? n->owner : "";
}

static void tell(const struct samples *ss, bool alarm, const struct sample *s, const char *what)
{
	char text[ERR_TEXT + 128];

	if (!ss->note)
		return;
	snprintf(text, sizeof(text), "history of %s: %s", s->field->name, what);
	ss->note(ss->note_arg, alarm, text);
}

/* ---- the ring ----------------------------------------------------------- */

static void open_ring(struct samples *ss, struct sample *s, const char *owner)
{
	struct ring_conf conf = { .dir = ss->dir, .owner = owner, .node = s->node->at,
		.field = s->field->name, .unit = s->field->unit, .type = s->field->use.type,
		.values = s->field->use.history };
	struct err e = ERR_INIT;
	bool anew = false;

	s->ring = ring_open(&conf, &anew, &e);
	if (!s->ring) {
		s->again_ms = clock_boot(ss->clock) + RING_HOLD_MS;
		tell(ss, true, s, e.text);
	} else if (anew) {
		tell(ss, false, s, "it begins anew");
	}
}

static void drop_ring(struct samples *ss, struct sample *s)
{
	struct err e = ERR_INIT;

	ring_close(&s->ring);
	if (ring_forget(ss->dir, &s->node->at, s->field->name, &e) < 0)
		tell(ss, true, s, e.text);
}

/* Of the owner of now: whatever was another's is gone before anything else happens. */
static struct ring *ring_of(struct samples *ss, struct sample *s)
{
	const char *owner = owner_of(ss, s->node);

	if (!s->field->use.history || !ss->dir)
		return NULL;
	if (s->ring && ring_is_owned_by(s->ring, owner))
		return s->ring;
	if (s->ring)
		drop_ring(ss, s);
	if (*owner && clock_boot(ss->clock) >= s->again_ms)
		open_ring(ss, s, owner);
	return s->ring;
}

static void keep(struct samples *ss, struct sample *s)
{
	struct ring *r = ring_of(ss, s);
	struct err e = ERR_INIT;

	if (r)
		(void)ring_add(r, &s->last, clock_boot(ss->clock), &e);
}

/* ---- values ------------------------------------------------------------- */

static void take(struct samples *ss, struct sample *s, const struct kith_thing_value *v)
{
	s->last = *v;
	s->last.text[sizeof(s->last.text) - 1] = '\0';
	if (!str_utf8_valid(s->last.text, strlen(s->last.text)))
		s->last.text[0] = '\0';
	if (s->last.at_ms == 0)
		s->last.at_ms = clock_wall(ss->clock);
	s->have = true;
	keep(ss, s);
	if (s->watchers && ss->value)
		ss->value(ss->arg, s);
}

static int64_t interval(const struct sample *s)
{
	int64_t every = s->field->use.every_ms;

	if (every > 0)
		return every < SAMPLE_EVERY_MIN_MS ? SAMPLE_EVERY_MIN_MS : every;
	return s->watchers ? SAMPLE_POLL_MS : -1;
}

/* From now on, or as before if that is sooner. */
static void set_next(struct samples *ss, struct sample *s)
{
	int64_t every = interval(s), at = clock_boot(ss->clock) + every;

	if (every < 0)
		s->next_ms = -1;
	else if (s->next_ms < 0 || s->next_ms > at)
		s->next_ms = at;
}

/* NULL: it has answered already, or it was taken away meanwhile. */
static struct sample *waiting_for(const struct samples *ss, uint64_t ticket)
{
	for (size_t i = 0; ticket && i < ss->n; i++)
		if (ss->sample[i]->ticket == ticket)
			return ss->sample[i];
	return NULL;
}

/* The driver may do anything in there, even take its node away. */
static void read_now(struct samples *ss, struct sample *s)
{
	struct kith_thing_value v;
	enum kith_thing_result r;
	uint64_t ticket = ++ss->jobs->tickets;

	memset(&v, 0, sizeof(v));
	s->ticket = ticket;
	s->until_ms = clock_boot(ss->clock) + JOB_DEVICE_MS;
	r = s->field->use.read(s->field->use.arg, ticket, &v);
	s = waiting_for(ss, ticket);
	if (!s || r == KITH_THING_LATER)
		return;
	s->ticket = 0;
	if (r == KITH_THING_OK)
		take(ss, s, &v);
}

bool samples_read_done(struct samples *ss, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v)
{
	struct sample *s = waiting_for(ss, ticket);

	if (!s)
		return false;
	if (r == KITH_THING_LATER)
		return true;
	s->ticket = 0;
	if (r == KITH_THING_OK && v)
		take(ss, s, v);
	return true;
}

int samples_changed(struct samples *ss, struct thing_node *node, const char *name,
    const struct kith_thing_value *v)
{
	const struct board_field *f = name ? board_field(&node->board, name) : NULL;
	struct sample *s = f ? samples_find(ss, node, f) : NULL;

	if (s && v)
		take(ss, s, v);
	return f && v ? 0 : -1;
}

/* ---- the list ----------------------------------------------------------- */

struct sample *samples_find(const struct samples *ss, const struct thing_node *node,
    const struct board_field *field)
{
	for (size_t i = 0; i < ss->n; i++)
		if (ss->sample[i]->node == node && ss->sample[i]->field == field)
			return ss->sample[i];
	return NULL;
}

static struct sample *add(struct samples *ss, struct thing_node *node,
    const struct board_field *field)
{
	struct sample **more = mem_resize_array(ss->sample, ss->n + 1, sizeof(more[0]));
	struct sample *s = more ? mem_zalloc(sizeof(*s)) : NULL;

	if (more)
		ss->sample = more;
	if (!s)
		return NULL;
	s->node = node_hold(node);
	s->field = field;
	s->next_ms = -1;
	ss->sample[ss->n++] = s;
	return s;
}

static void sample_free(struct sample *s)
{
	ring_close(&s->ring);
	node_release(&s->node);
	mem_free(s);
}

int samples_add(struct samples *ss, struct thing_node *node, const struct board_field *field)
{
	struct sample *s;

	if (!field->use.history && field->use.every_ms <= 0)
		return 0;
	s = add(ss, node, field);
	if (!s)
		return -1;
	set_next(ss, s);
	return 0;
}

struct sample *samples_watch(struct samples *ss, struct thing_node *node,
    const struct board_field *field)
{
	struct sample *s = samples_find(ss, node, field);

	if (!s)
		s = add(ss, node, field);
	if (!s)
		return NULL;
	s->watchers++;
	set_next(ss, s);
	return s;
}

static void take_out(struct samples *ss, size_t i)
{
	sample_free(ss->sample[i]);
	ss->sample[i] = ss->sample[--ss->n];
}

void samples_unwatch(struct samples *ss, struct sample *s)
{
	s->watchers--;
	if (s->watchers || s->field->use.every_ms > 0)
		return;
	s->next_ms = -1;
	if (s->field->use.history)
		return;
	for (size_t i = 0; i < ss->n; i++)
		if (ss->sample[i] == s) {
			take_out(ss, i);
			return;
		}
}

void samples_forget(struct samples *ss, const struct thing_node *node)
{
	for (size_t i = ss->n; i-- > 0;) {
		struct sample *s = ss->sample[i];

		if (s->node != node)
			continue;
		if (s->field->use.history && ss->dir)
			drop_ring(ss, s);
		take_out(ss, i);
	}
}

void samples_fini(struct samples *ss)
{
	for (size_t i = 0; i < ss->n; i++)
		sample_free(ss->sample[i]);
	mem_free(ss->sample);
	ss->sample = NULL;
	ss->n = 0;
}

const struct ring *samples_ring(struct samples *ss, const struct thing_node *node,
    const struct board_field *field)
{
	struct sample *s = samples_find(ss, node, field);

	return s ? ring_of(ss, s) : NULL;
}

/* ---- time --------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int64_t samples_deadline(const struct samples *ss)
{
	int64_t first = -1;

	for (size_t i = 0; i < ss->n; i++) {
		const struct sample *s = ss->sample[i];

		first = sooner(first, s->ticket ? s->until_ms : s->next_ms);
		if (s->ring)
			first = sooner(first, ring_deadline(s->ring));
	}
	return first;
}

static void write_ring(struct samples *ss, struct sample *s, int64_t now)
{
	struct err e = ERR_INIT;

	if (!s->ring || ring_deadline(s->ring) < 0 || now < ring_deadline(s->ring))
		return;
	if (ring_write(s->ring, &e) < 0) {
		tell(ss, true, s, e.text);
		ring_wait_again(s->ring, now);
	}
}

void samples_tick(struct samples *ss)
{
	int64_t now = clock_boot(ss->clock);

	for (size_t i = 0; i < ss->n; i++) {
		struct sample *s = ss->sample[i];

		write_ring(ss, s, now);
		if (s->ticket && now >= s->until_ms)
			s->ticket = 0;	/* it comes too late, if it comes */
		if (s->ticket || s->next_ms < 0 || now < s->next_ms)
			continue;
		s->next_ms = now + interval(s);
		read_now(ss, s);
	}
}
