/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: what every long-running program of kith does the same way:
 * options -f -n -v -V -h, READY=1 to systemd, dropping rights, files.
 */
#ifndef KITH_BASE_DAEMON_H
#define KITH_BASE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define DAEMON_EX_CONFIG 78	/* sysexits: bad settings */

struct daemon_options {
	const char *file;	/* -f */
	bool check;		/* -n */
	unsigned verbose;	/* -v, may repeat */
	int n_operands;		/* what follows the options; the caller refuses it */
	char **operands;	/* if it knows none */
};

/* Parses the common options; prints `usage` (one screen) for -h and the
 * version for -V and exits 0; exits 64 with a hint for a wrong option. */
void daemon_options(int argc, char **argv, const char *usage, struct daemon_options *out);
/* "READY=1", "STATUS=...", "STOPPING=1", "WATCHDOG=1"; silent without systemd. */
void daemon_notify(const char *text);
/* Switch to `user` when started by root; a warning when root and no user. */
int daemon_drop(const char *user, struct err *e);
/*
 * For a tool that root runs on the folder of a program that is not root: goes into
 * the folder and becomes its owner, so that what is written there is his.  1: it
 * has, and the folder is "." now; 0: nothing to do; -1.
 */
int daemon_enter(const char *dir, struct err *e);
/* mkdir 0700 when absent; an existing folder is used as it is. */
int daemon_dir(const char *path, struct err *e);
/* Write a whole file: temp (O_EXCL, 0600) + fsync + rename + fsync of the
 * folder (att-D-07).  Old or new, never partial. */
int daemon_write_file(const char *path, const void *data, size_t len, struct err *e);
/*
 * The same for what must not be found on the disk later: what stood there before
 * is overwritten, also what a power cut left of it (it is wiped at the next write
 * or by daemon_wipe).  On flash old blocks may live on below the file system.
 */
int daemon_write_secret(const char *path, const void *data, size_t len, struct err *e);
/* Overwrite, sync, unlink, sync the folder; so is a half-written new one.  Absent is well. */
int daemon_wipe(const char *path, struct err *e);
/* Open a file that nobody else may read or have made: -1 and ERR_INPUT for a
 * symlink, a foreign owner, group or world rights; ERR_AGAIN if absent. */
int daemon_open_private(const char *path, struct err *e);
/* Read a whole 0600 file of ours; ERR_INPUT for wrong owner, mode or symlink;
 * ERR_AGAIN if it does not exist. */
struct buf;
int daemon_read_file(const char *path, struct buf *out, struct err *e);

#endif
