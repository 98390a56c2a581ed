/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histcheck: could one registry, doing one thing at a time, have given these
 * answers about one thing?  Each operation took effect once, somewhere between
 * its begin and its end; one whose answer was never seen took effect later, or
 * never.  Pure; it shares no code with kith and knows no stanza.
 */
#ifndef KITH_TESTS_HISTCHECK_H
#define KITH_TESTS_HISTCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HIST_OPS 512		/* of one thing */
#define HIST_KEYS 256		/* keys it ever had */
#define HIST_NOBODY (-1)

enum hist_kind {
	HIST_REGISTER,		/* the thing, with a key */
	HIST_UNREGISTER,	/* the thing */
	HIST_CLAIM,		/* a person, with a key */
	HIST_DISOWN		/* a person */
};

enum hist_result {
	HIST_UNKNOWN,		/* no answer seen */
	HIST_EMPTY,		/* register: nobody owns it; unregister: done */
	HIST_OWNED,		/* register: `owner` does */
	HIST_DONE,		/* claim, disown */
	HIST_NOT_FOUND,
	HIST_NOT_ALLOWED	/* disown: the thing did not answer in time */
};

struct hist_op {
	enum hist_kind kind;
	enum hist_result result;
	int who;		/* person; of claim and disown */
	int key;		/* of register and claim */
	int owner;		/* of HIST_OWNED */
	int64_t begin, end;	/* any clock; end of HIST_UNKNOWN does not matter */
};

/* True: there is such an order.  Otherwise `at` is an operation before which
 * every attempt ended.  `op` may be in any order. */
bool histcheck(const struct hist_op *op, size_t n, size_t *at);

#endif
