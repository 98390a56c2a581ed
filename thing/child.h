/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: a program of the settings that kith-thing runs: its words, its start in
 * a process group of its own, its end with all its children.  What it prints
 * is read by who started it (device_command.c, source_command.c).
 */
#ifndef KITH_THING_CHILD_H
#define KITH_THING_CHILD_H

#include <sys/types.h>

#include "common/base/err.h"

#define CHILD_ARGS 32

/* In place: words parted by blanks, with '..' and ".." taken off; ends in NULL.
 * The number of words, or -1. */
int child_split(char *text, char *out[static CHILD_ARGS + 1], struct err *e);

/* Runs argv[0] with these descriptors as its input (-1: none) and output, and nothing
 * else of ours.  0, or the error of the system. */
int child_start(char *const argv[], char *const envp[], int in, int out, pid_t *pid);
/* At once, with its group; waits for it. */
void child_kill(pid_t pid);

#endif
