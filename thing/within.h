/* SPDX-License-Identifier: Apache-2.0 */
/*
 * within: the values and rates of an answer (common/base/span.h), as the thing
 * keeps to them and as people read them.  Counts nothing: usage.h.
 */
#ifndef KITH_THING_WITHIN_H
#define KITH_THING_WITHIN_H

#include "common/base/buf.h"
#include "thing/board.h"
#include "thing/decisions.h"
#include "thing/usage.h"

enum within {
	WITHIN,			/* it may; `by` is the limit that counts, NULL none */
	WITHIN_NOT,		/* not this value */
	WITHIN_LATER		/* this value, but not so often: `wait_ms` */
};
struct within_found {
	const struct limit *by;
	int64_t wait_ms;
};

/* May `jid` set `name` to `value`, or read it (`value` NULL), once more? */
enum within within_check(const struct decision *d, const char *jid, const char *name,
    const char *value, struct usage *u, int64_t now_ms, struct within_found *out);

/* By which of the answer's limits is that use counted?  Sets used[i] for each that
 * holds the value and has a rate, also for those that are used up; for none when
 * one without a rate holds it. */
void within_mark(const struct decision *d, const char *name, const char *value, bool *used);
/* How long until `jid` may set any value of `name`; 0: now. */
int64_t within_wait(const struct decision *d, const char *jid, const char *name,
    struct usage *u, int64_t now_ms);

/* A value as limits are compared with it: "true", "20.5", "eco". */
#define WITHIN_TEXT KITH_THING_TEXT
void within_value(char out[static WITHIN_TEXT], enum kith_thing_type type,
    const struct kith_thing_value *v);

/* The range that holds all that may be set; false: there is none. */
bool within_range(const struct decision *d, const char *name, double *min, double *max);
/* "from 10 to 50 or eco"; nothing when every value is allowed. */
void within_words(struct buf *out, const struct words *w, const struct decision *d,
    const char *name);
/* "3 times an hour" */
void within_rate(struct buf *out, const struct words *w, const struct limit *l);
/* "once a minute", "every 12 minutes" */
void within_every(struct buf *out, const struct words *w, int64_t ms);
/* "a minute", "12 minutes", "3 hours" */
void within_time(struct buf *out, const struct words *w, int64_t ms);

#endif
