/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_job: an act of the operator that takes longer than a turn may: a
 * piece of it, then the loop serves everybody else, then the next piece.
 * Progress goes to kithctl as "#progress DONE ALL", bytes as "#data BASE64",
 * rows as "#row RECORD".
 */
#ifndef KITH_KITHD_OPERATE_JOB_H
#define KITH_KITHD_OPERATE_JOB_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "kithd/site.h"

struct operate_job {
	/* 1: more to do; 0: done, `answer` holds the last words; -1: failed. */
	int (*step)(struct operate_job *j, struct buf *out, struct err *e);
	void (*end)(struct operate_job *j);
	struct site *site;
	struct site_parts parts;
	struct buf answer;
	bool json;		/* wanted by whoever asked */
};

/* `size`: of a struct that begins with a struct operate_job; NULL: out of memory. */
void *operate_job_new(struct site *s, size_t size, struct err *e);
void operate_progress(struct buf *out, int64_t done, int64_t all);

/* Everything nobody owns that was last registered before `before_ms`, or only
 * `one` (NULL: all).  dry: count only. */
int operate_expire(struct operate_job **out, struct site *s, const uint8_t *one,
    int64_t before_ms, bool dry, struct err *e);
/* The whole store, as bytes. */
int operate_backup(struct operate_job **out, struct site *s, struct err *e);
void operate_backup_tidy(const char *url);
/* "things", "rules" or "owners", as rows. */
int operate_export(struct operate_job **out, struct site *s, const char *what, struct err *e);
/* operate_what_if.c: what another policy of the operator would change. */
int operate_what_if(struct operate_job **out, struct site *s, const char *text, struct err *e);
/* NULL is fine. */
void operate_job_free(struct operate_job **j);

#endif
