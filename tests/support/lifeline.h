/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifeline: a whole site in a process of its own that can be killed between any
 * two statements of its store, or in the middle of what it writes.  Its clock is
 * what the caller says.  Stanzas go in as text, bytes come out; there is no
 * broker and no loop.  Used by fault programs.  Read next: kithd/site.h.
 */
#ifndef KITH_TESTS_LIFELINE_H
#define KITH_TESTS_LIFELINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct lifeline {
	char dir[64];
	const char *jid;
	pid_t pid;		/* 0: not running */
	int to, from;
	char *said;		/* of the last turn, ends with '\0'; whole stanzas or, after
				 * a death, what left before it */
	size_t room;
};

/* A new folder below $TMPDIR with an empty store. */
void lifeline_init(struct lifeline *l, const char *jid);
void lifeline_fini(struct lifeline *l);

/* Opens the site and its stream; what it says at once is in `said`. */
void lifeline_start(struct lifeline *l, int64_t wall_ms, int64_t boot_ms);
/* It reads this stanza with the next turn. */
void lifeline_hand(struct lifeline *l, const char *xml);

enum lifeline_death {
	LIFELINE_NONE,
	LIFELINE_AT_STATEMENT,	/* killed when the store begins so many more */
	LIFELINE_AT_BYTE	/* killed after so many bytes have left */
};
/*
 * One turn at that time: what was handed over, then whatever is due.  0, or -1:
 * it was killed as told (or died by itself, which ends the test).
 */
int lifeline_turn(struct lifeline *l, int64_t wall_ms, int64_t boot_ms, enum lifeline_death how,
    uint32_t after);
void lifeline_kill(struct lifeline *l);

#endif
