/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_path: the small files by which the kernel shows its devices: read
 * whole, written as one line, found by what stands in the file `name` beside
 * them.  Knows no kind of device; those are device_*.c.
 */
#ifndef KITH_THING_DEVICE_PATH_H
#define KITH_THING_DEVICE_PATH_H

#include "thing/device.h"

#define DEVICE_PATH 512
#define DEVICE_NAME 96		/* of a chip, an attribute */
#define DEVICE_FOUND 256	/* folders of a class that are looked at */

/* The file as text, without its last line end; -1: `why`. */
int device_path_text(const char *path, char out[static DEVICE_OUTPUT + 1],
    char why[static KITH_THING_TEXT]);
/* The file as one number. */
int device_path_number(const char *path, double *out, char why[static KITH_THING_TEXT]);
/* Writes one line to a file that is there, all of it or -1 and `why`. */
int device_path_put(const char *path, const char *text, char *why, size_t why_size);

/* "CHIP:ATTR": parted at the last colon.  -1: not so, or too long. */
int device_path_split(const char *spec, char chip[static DEVICE_NAME],
    char attr[static DEVICE_NAME]);

/*
 * The one folder below ROOT that fits `pattern` and whose `name_file` says NAME,
 * or NAME@PLACE when several say so: PLACE is where its link `device` leads.
 */
int device_path_find(char out[static DEVICE_PATH], const char *root, const char *pattern,
    const char *name_file, const char *name, char why[static KITH_THING_TEXT]);

#endif
