/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring: the last values of one field on disk, the oldest overwritten by the newest.
 *
 * A file of fixed slots behind a header, `history/HASH` in the state folder, 0600.
 * Each slot has its number, its time by the wall clock and a checksum over both and
 * the value, so a slot that was half written when the power went is none, and its
 * neighbours are what they were.  Slots stand in the order of writing; times may not
 * (clocks are set), so lists are sorted.  A value without a believable time is not kept.
 *
 * Flash wears: values wait in memory until RING_BATCH of them are there or the oldest
 * waits for RING_HOLD_MS, and that is what a power cut may cost.
 *
 * A file belongs to one owner, field, type and unit.  Whatever of these is another
 * one, it begins anew: nobody reads what was measured for somebody before him.
 */
#ifndef KITH_THING_RING_H
#define KITH_THING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/wire/request.h"
#include "thing/thing.h"

#define RING_MAX 65536		/* values */
#define RING_BATCH 32
#define RING_HOLD_MS (5 * 60 * 1000)
#define RING_FOLDER "history"
#define RING_EARLIEST_MS 1704067200000LL	/* 2024: no clock that is right says less */

struct ring_conf {
	const char *dir;	/* state folder */
	const char *owner;	/* bare; not empty */
	struct node node;	/* not set: the thing itself */
	const char *field, *unit;	/* unit "": none */
	enum kith_thing_type type;
	size_t values;		/* 1 to RING_MAX */
};

struct ring;

/* Opens, makes, or moves what is there into another size.  `*anew` (may be NULL) is set
 * when a file was there that could not be used and was replaced. */
struct ring *ring_open(const struct ring_conf *conf, bool *anew, struct err *e);
/* Writes what waits.  Takes NULL. */
void ring_close(struct ring **r);
/* Gone from the disk as well, what it held overwritten. */
int ring_forget(const char *dir, const struct node *node, const char *field, struct err *e);
bool ring_is_owned_by(const struct ring *r, const char *bare);

/* `v->at_ms` says when.  false: not kept, because nobody can tell when it was. */
bool ring_add(struct ring *r, const struct kith_thing_value *v, int64_t now_boot, struct err *e);
/* When what waits must be on disk (boot clock), -1: nothing waits. */
int64_t ring_deadline(const struct ring *r);
/* Write what waits, and see it to the disk.  -1: it waits on, as far as there is room. */
int ring_write(struct ring *r, struct err *e);
/* It failed, and was said: not again before another RING_HOLD_MS. */
void ring_wait_again(struct ring *r, int64_t now_boot);

/* Periods a value is the last of, in the order of word_history(): second, minute, hour,
 * day, week, month, quarter, year, and `other` for every value.  All in UTC.  The
 * period of now has no last value yet. */
struct ring_entry {
	int64_t at_ms;
	uint64_t number;	/* for ring_get */
	unsigned periods;
};

/* Those from `from_ms` to `to_ms`, both included, oldest first, that are the last of
 * one of `periods` at least.  *list is to be freed with mem_free; NULL when *n is 0. */
int ring_list(const struct ring *r, int64_t from_ms, int64_t to_ms, unsigned periods,
    int64_t now_ms, struct ring_entry **list, size_t *n, struct err *e);
/* false: overwritten meanwhile, or not readable any more. */
bool ring_get(const struct ring *r, uint64_t number, struct kith_thing_value *out);

/* For tests and fuzzers: how many values are readable in these bytes of a file. */
size_t ring_count_file(const void *data, size_t len);
/* Where the file of that field is. */
int ring_path(char *out, size_t size, const char *dir, const struct node *node,
    const char *field);

#endif
