/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a program that has started gives up for good: every file but
 * those it names (landlock), every system call but those a quiet daemon makes
 * (x
 */
#ifndef KITH_BASE_SANDBOX_H
#define KITH_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct sandbox_path {
	const char *path;	/* NULL or absent: skipped */
	bool writable;		/* make, write and remove below it; else read only */
	bool is_device;		/* and turn to its driver by ioctl(2) */
};

struct sandbox {
	const struct sandbox_path *path;
	size_t n;
	bool may_exec;		/* it runs commands of its settings, which get all calls but a few */
	bool may_read_all;	/* it reads sensors anywhere */
};

#define SANDBOX_TEXT 160

/*
 * Tries it in a child first: there, opening a file that was not named and
 * running a program must fail, or nothing is put in force here and -1 says
 * why.  `what` tells what is in force: "landlock 3, seccomp".
 */
int sandbox_enter(const struct sandbox *s, char what[static SANDBOX_TEXT], struct err *e);

#endif
