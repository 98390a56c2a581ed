/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statefile: the little text files a thing keeps below state=.  First line
 * "kith-thing KIND 1", then "name value" lines, last line "end": a file that
 * was cut is never half believed.  They are written whole, by rename, 0600.
 */
#ifndef KITH_THING_STATEFILE_H
#define KITH_THING_STATEFILE_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define STATEFILE_MAX (256 * 1024)
#define STATEFILE_PATH 4096

/* Called for each line in order; -1 stops the reading (err set). */
typedef int statefile_row_fn(void *arg, const char *name, const char *value, struct err *e);

/* Of text in memory, which need not end in a NUL. */
int statefile_parse(const char *text, size_t len, const char *kind,
    statefile_row_fn *row, void *arg, struct err *e);

void statefile_begin(struct buf *b, const char *kind);
/* Control characters in `value` would break the file: the caller has none. */
void statefile_add(struct buf *b, const char *name, const char *value);
void statefile_end(struct buf *b);

/* DIR/KIND.  Loading: ERR_AGAIN when there is none, ERR_INPUT when it is not
 * ours, not 0600, a symlink, or damaged.  Both cleanse what they read. */
int statefile_load(const char *dir, const char *kind,
    statefile_row_fn *row, void *arg, struct err *e);
int statefile_save(const char *dir, const char *kind, const struct buf *b, struct err *e);
/* The folder belongs to one program at a time.  A descriptor to close when
 * done, or -1 (ERR_SYSTEM: in use; ERR_AGAIN: there is no such folder). */
int statefile_lock(const char *dir, struct err *e);
/* Gone, without a trace of its content; fine when there is none. */
int statefile_remove(const char *dir, const char *kind, struct err *e);

#endif
