/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: from a reply to words.  Says what happened and what to do next.
 * Everything from outside (names, tags, addresses) is escaped, quoted and
 * stays on one line; no line we write begins with a command of ours, so that
 * our own text is never obeyed when it comes back.  Read next: prompt.h.
 */
#ifndef KITH_DESK_TALK_H
#define KITH_DESK_TALK_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/wire/reply.h"
#include "desk/words.h"

/* Where and when something is said. */
struct talk {
	const char *jid;	/* the component */
	int32_t zone_s;
	int64_t now_ms;
};

/* The reply to one line. */
void talk_reply(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r);
/* The line could not be read. */
void talk_fault(struct buf *out, const struct talk *t, const struct words_line *l);
/* `help`, or `help WORD` (NULL: all). */
void talk_help(struct buf *out, const char *word);
/* The name of a thing fits nothing, or several. */
void talk_no_thing(struct buf *out, const char *name, size_t n_owned);
void talk_which_thing(struct buf *out, const char *name, const char *const *options, size_t n);

/* "name" in quotes, escaped, one line; code points are shown when it holds
 * letters that can be mistaken for others. */
void talk_quoted(struct buf *out, const char *text);
/* Text that is quoted already or our own, kept on one line all the same. */
void talk_line(struct buf *out, const char *text);
/* The same for a text of several lines. */
void talk_lines(struct buf *out, const char *text);
/* An address, the same way; the domain is named apart when it is not plain. */
void talk_address(struct buf *out, const char *jid);
/* "2027-01-31 14:05 UTC", "... +01:00". */
void talk_time(struct buf *out, int64_t wall_ms, int32_t zone_s);
/* "14 min", "3 h", "2 days". */
void talk_span(struct buf *out, int64_t ms);

#endif
