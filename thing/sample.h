/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample: the fields whose values the thing follows on its own: because they are kept
 * (ring.h) or because somebody watches them (watch.h).  Values come from the driver,
 * every so often, or from the maker by kith_thing_changed(); nobody is told here.
 *
 * A history belongs to the owner it was measured for: it begins with him and is gone
 * from the disk when the thing is somebody else's or nobody's.
 */
#ifndef KITH_THING_SAMPLE_H
#define KITH_THING_SAMPLE_H

#include "thing/job.h"
#include "thing/ring.h"
#include "thing/standing.h"

#define SAMPLE_POLL_MS 10000	/* of a watched field that has no `every` */
#define SAMPLE_EVERY_MIN_MS 100

struct sample {
	struct thing_node *node;	/* held */
	const struct board_field *field;
	struct ring *ring;		/* NULL: none now */
	int64_t again_ms;		/* boot clock: it could not be opened; try again then */
	unsigned watchers;
	uint64_t ticket;		/* the driver works; 0: it does not */
	int64_t until_ms, next_ms;	/* boot clock; -1: not by itself */
	bool have;
	struct kith_thing_value last;
};

struct samples {
	const struct clock *clock;
	struct jobs *jobs;		/* tickets */
	const struct standing *standing;
	const char *dir;		/* state folder */
	size_t n;
	struct sample **sample;
	/* It has a value, maybe the same as before. */
	void (*value)(void *arg, const struct sample *s);
	void *arg;
	void (*note)(void *arg, bool alarm, const char *sentence);
	void *note_arg;
};

/* A field was added: it is followed if it is to be kept. */
int samples_add(struct samples *ss, struct thing_node *node, const struct board_field *field);
struct sample *samples_find(const struct samples *ss, const struct thing_node *node,
    const struct board_field *field);
/* Somebody watches it; each needs its samples_unwatch(). */
struct sample *samples_watch(struct samples *ss, struct thing_node *node,
    const struct board_field *field);
void samples_unwatch(struct samples *ss, struct sample *s);
/* The node is gone for good, and so is what was kept of it. */
void samples_forget(struct samples *ss, const struct thing_node *node);
void samples_fini(struct samples *ss);

/* The maker says so.  -1: no such field. */
int samples_changed(struct samples *ss, struct thing_node *node, const char *field,
    const struct kith_thing_value *v);
/* What a driver promised; false: not to us. */
bool samples_read_done(struct samples *ss, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v);

/* What is kept of that field for its owner of now; NULL: nothing. */
const struct ring *samples_ring(struct samples *ss, const struct thing_node *node,
    const struct board_field *field);

int64_t samples_deadline(const struct samples *ss);
void samples_tick(struct samples *ss);

#endif
