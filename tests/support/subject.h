/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject: a kithd of our own under test: its folder, settings, process.  Used
 * by the load and fault programs in C; the scenarios use kithlab/.
 */
#ifndef KITH_TESTS_SUBJECT_H
#define KITH_TESTS_SUBJECT_H

#include <stdint.h>
#include <sys/types.h>

struct subject {
	const char *program;
	char dir[64];
	uint16_t port;
	pid_t pid;		/* 0: not running */
};

/* A new folder below $TMPDIR and settings for a component on that port. `limits`: lines
 * for [limits]. */
void subject_init(struct subject *s, const char *program, uint16_t port, const char *limits);
void subject_start(struct subject *s);
/* Send it a signal and wait for its end; its status as of wait(). */
int subject_stop(struct subject *s, int number);
/* An empty store again. */
void subject_wipe(struct subject *s);
/* Stops it and removes the folder. */
void subject_fini(struct subject *s);
/* The end of its log, for a failure. */
void subject_explain(const struct subject *s);
/* CPU time it has used, in microseconds. */
int64_t subject_cpu_us(const struct subject *s);
int64_t subject_cpu_of(pid_t pid);

#endif
