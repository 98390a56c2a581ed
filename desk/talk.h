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
#include "common/base/zone.h"
#include "common/wire/reply.h"
#include "common/base/catalogue.h"
#include "desk/words.h"

/* Where, when and to whom something is said. */
struct talk {
	const char *jid;	/* the component */
	int32_t zone_s;		/* of now; and for other moments: */
	const struct zone *zone;	/* NULL: always zone_s */
	int64_t now_ms;
	const struct catalogue *lang;
};

/* The text in his language.  xgettext looks for this name. */
#define T(text) catalogue_text(t->lang, text)

/* The reply to one request. */
void talk_reply(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r);
/* The line could not be read. */
void talk_fault(struct buf *out, const struct talk *t, const struct words_line *l);
/* `help`, or `help WORD` (NULL: all); who has no things is told how to get one. */
void talk_help(struct buf *out, const struct talk *t, const char *word, bool has_things);
/* A name fits nothing, or several; the same of a set. */
void talk_no_thing(struct buf *out, const struct talk *t, const char *name, size_t n_owned);
void talk_which_thing(struct buf *out, const struct talk *t, const char *name,
    const char *const *options, size_t n);
void talk_no_set(struct buf *out, const struct talk *t, const char *name);
void talk_bad_rule(struct buf *out, const struct talk *t, const char *why);
/* Behind the effect of what he asked for: how to say yes. */
void talk_confirm(struct buf *out, const struct talk *t, const char *code);

/* history.c: BODY_HISTORY. */
void talk_history(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r);

/* manifest.c: what it offers and needs; nothing when it did not say. */
void talk_manifest(struct buf *out, const struct talk *t, const struct found_thing *f);

/* What to call a thing: the owner's name for it, its NAME, its SN, its address. */
void talk_thing(struct buf *out, const struct found_thing *f);
/* "name" in quotes, escaped, one line; code points are shown when it holds
 * letters that can be mistaken for others. */
void talk_quoted(struct buf *out, const char *text);
/* Text that is quoted already or our own, kept on one line all the same. */
void talk_line(struct buf *out, const char *text);
/* The same for a text of several lines. */
void talk_lines(struct buf *out, const char *text);
/* What a role says (common/base/saying.h), in his language. */
void talk_said(struct buf *out, const struct talk *t, const char *said);
void talk_said_line(struct buf *out, const struct talk *t, const char *said);
/* An address, the same way; the domain is named apart when it is not plain. */
void talk_address(struct buf *out, const char *jid);
/* "2027-01-31 14:05 UTC", "... +01:00". */
void talk_time(struct buf *out, const struct talk *t, int64_t wall_ms);
/* "14 min", "3 h", "2 days". */
void talk_span(struct buf *out, const struct talk *t, int64_t ms);

#endif
