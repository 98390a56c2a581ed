/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: settings files as a table.  One row per key: where it stands in the
 * program's struct, its type, range, default and help.  The parser, the
 * checker (-n), the printer (-nv: prints what was understood, and that parses
 * again) and the manual's table all follow it.  INI syntax read by inih; an
 * error names file:line.  Unknown keys and sections are errors.
 */
#ifndef KITH_BASE_CONF_H
#define KITH_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct buf;

enum conf_type {
	CONF_TEXT,	/* char * (heap, NULL if absent and no default) */
	CONF_INT,	/* int64_t in [min, max] */
	CONF_BOOL,	/* bool: yes/no, true/false, on/off, 1/0 */
	CONF_TIME,	/* int64_t milliseconds: 250ms, 15s, 5m, 2h, 1d; in [min, max] ms */
	CONF_SIZE,	/* int64_t bytes: 4096, 64k, 8m; in [min, max] */
	CONF_JID,	/* char *, canonical bare JID */
	CONF_HOST	/* char *, HOST:PORT, [v6]:PORT */
};

struct conf_key {
	const char *section;	/* "*" in front: section with a name, e.g. "field *" */
	const char *name;	/* "*": any name (with conf_spec.any) */
	enum conf_type type;
	size_t offset;		/* into the struct given to conf_load */
	int64_t min, max;	/* CONF_INT/TIME/SIZE; both 0: no range */
	const char *def;	/* NULL: none; text as it would stand in a file */
	const char *help;	/* one line; -h and the manual */
};

struct conf_spec {
	const struct conf_key *keys;
	size_t n_keys;
	/*
	 * Sections that may repeat, like [field NAME], and free keys, like
	 * [tags].  Called for each line whose section or key is not in `keys`;
	 * returns 0 taken, 1 unknown (becomes an error), -1 wrong (err set).
	 * `arg` is the argument of conf_load.
	 */
	int (*any)(void *out, const char *section, const char *name,
	    const char *value, struct err *e);
	/* Cross checks after the last line; may be NULL. */
	int (*finish)(void *out, struct err *e);
	/* Print what `any` took, for conf_print; may be NULL. */
	void (*print_any)(const void *out, struct buf *b);
};

/* `out` must be zeroed by the caller; defaults are applied first.
 * On error the text begins with "FILE:LINE: ". */
int conf_load(const struct conf_spec *spec, const char *file, void *out, struct err *e);
int conf_parse(const struct conf_spec *spec, const char *name_for_errors,
    const char *text, void *out, struct err *e);
/* Free what CONF_TEXT/JID/HOST keys allocated. */
void conf_free(const struct conf_spec *spec, void *out);
/* Prints back; the output parses to the same values. */
void conf_print(const struct conf_spec *spec, const void *out, struct buf *b);
/* The table of keys with help, for -h and for checking the manual. */
void conf_help(const struct conf_spec *spec, struct buf *b);

/* One value of a type, for `any` callbacks. */
int conf_value_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e);
int conf_value_time(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e);
int conf_value_bool(const char *text, bool *out, struct err *e);

/* Reads a secret from a file: refuses group/world permissions, a foreign
 * owner and symlinks (att-O-06), strips one trailing newline. */
struct secret;
int conf_secret_file(const char *path, size_t min_len, struct secret *out, struct err *e);

#endif
