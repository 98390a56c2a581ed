/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume: the queue of a session, which outlives its connections.  Stanzas are told
 * apart in the bytes that xml.c wrote, which escapes '<' and '>' everywhere but in
 * tags.  What the server has had of them: resume_count.c.
 */
#include "config.h"

#include "common/wire/resume.h"

#include <string.h>

#include "common/base/mem.h"

#define SMALL 4096			/* memory kept in an empty buffer */

void
resume_init(struct resume *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->out, max);
	buf_init(&r->kept, RESUME_BYTES);
}

/* What was much once is given back when it has gone. */
void
resume_drop(struct buf *b, size_t n)
{
	buf_consume(b, n);
	if (b->len == 0 && b->cap > SMALL)
		buf_fini(b);
}

void
resume_fini(struct resume *r)
{
	buf_fini(&r->out);
	buf_fini(&r->kept);
	mem_free(r->length);
	r->length = NULL;
}

void
resume_forget(struct resume *r)
{
	size_t max = r->out.max;

	resume_fini(r);
	resume_init(r, max);
}

struct buf *
resume_out(struct resume *r)
{
	return &r->out;
}

/* ---- one stanza after the other ----------------------------------------- */

/* The length of the first element in `p`; 0: it is not whole. */
static size_t
first_element(const char *p, size_t len)
{
	int depth = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == '<')
			depth += i + 1 < len && p[i + 1] == '/' ? -1 : 1;
		else if (p[i] == '>' && i > 0 && p[i - 1] == '/')
			depth--;
		if (p[i] == '>' && depth == 0)
			return i + 1;
	}
	return 0;
}

static bool
has_room(const struct buf *to, size_t len)
{
	return len <= to->max - to->len;
}

void
resume_feed(struct resume *r, struct buf *to)
{
	size_t at = 0, len;

	while ((len = first_element(r->out.data + at, r->out.len - at)) > 0) {
		if (!has_room(to, len))
			break;
		buf_add(to, r->out.data + at, len);
		resume_keep(r, r->out.data + at, len);
		at += len;
	}
	resume_drop(&r->out, at);
	if (r->enabled && !r->asking &&
	    (r->sent - r->asked >= RESUME_ASK || r->kept.len > RESUME_BYTES / 4))
		resume_ask(r, to);
}
