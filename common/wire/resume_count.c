/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume_count: what each side has had of the other (XEP-0198), and what is said
 * about it on this connection and on the next.  The queue itself: resume.c.
 */
#include "config.h"

#include "common/wire/resume.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

#define DEFAULT_MAX_S 300		/* kept by a server that does not say how long */

/* Complete until there is no more room; complete again once all is acknowledged. */
void
resume_keep(struct resume *r, const char *stanza, size_t len)
{
	if (!r->counting)
		return;
	r->sent++;
	if (!r->complete)
		return;
	if (r->length == NULL)
		r->length = mem_array(RESUME_STANZAS, sizeof(r->length[0]));
	if (r->length == NULL || r->n == RESUME_STANZAS || len > RESUME_BYTES - r->kept.len) {
		r->complete = false;
		resume_drop(&r->kept, r->kept.len);
		r->n = 0;
		return;
	}
	buf_add(&r->kept, stanza, len);
	r->length[(r->first + r->n++) % RESUME_STANZAS] = (uint32_t)len;
	r->complete = buf_ok(&r->kept);
}

/* ---- beginning ---------------------------------------------------------- */

void
resume_enable(struct resume *r, struct buf *to)
{
	buf_adds(to, "<enable xmlns='" NS_SM "' resume='true'/>");
	r->counting = r->complete = true;
}

/* A count or a time, as XML Schema writes them. */
static int
attr_number(const struct stanza *s, const char *name, int64_t max, int64_t *out)
{
	const char *text = stanza_attr(s, name);

	return text != NULL ? str_to_int(text, 0, max, out) : -1;
}

/* ---- counting ----------------------------------------------------------- */

void
resume_handled(struct resume *r, const char *name)
{
	if (r->enabled && (strcmp(name, "iq") == 0 || strcmp(name, "message") == 0 ||
	    strcmp(name, "presence") == 0))
		r->handled++;
}

void
resume_ask(struct resume *r, struct buf *to)
{
	buf_adds(to, "<r xmlns='" NS_SM "'/>");
	r->asking = true;
	r->asked = r->sent;
}

static int
take_count(struct resume *r, const struct stanza *s)
{
	uint32_t news, i;
	int64_t h;

	if (attr_number(s, "h", UINT32_MAX, &h) != 0)
		return -1;
	news = (uint32_t)h - r->acked;		/* modulo 2^32 */
	if (news > r->sent - r->acked)
		return -1;
	r->acked += news;
	for (i = 0; i < news && r->n > 0; i++) {
		resume_drop(&r->kept, r->length[r->first]);
		r->first = (r->first + 1) % RESUME_STANZAS;
		r->n--;
	}
	if (r->acked == r->sent)
		r->complete = true;
	return 0;
}

/* RFC 6120 4.9 words for a server that counts what was not there. */
static void
accuse(const struct resume *r, const struct stanza *s, struct buf *to)
{
	struct xml x;

	xml_begin(&x, to);
	xml_open(&x, "stream:error", NULL);
	xml_open(&x, "undefined-condition", NS_STREAM_ERRORS);
	xml_close(&x);
	xml_open(&x, "handled-count-too-high", NS_SM);
	xml_attr(&x, "h", stanza_attr(s, "h"));
	xml_attr_int(&x, "send-count", (int64_t)r->sent);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
}

/* ---- what the server says ----------------------------------------------- */

static int
take_ask(struct resume *r, const struct stanza *s, struct buf *to)
{
	(void)s;
	if (r->enabled)
		buf_addf(to, "<a xmlns='" NS_SM "' h='%" PRIu32 "'/>", r->handled);
	return 0;
}

static int
take_ack(struct resume *r, const struct stanza *s, struct buf *to)
{
	if (!r->enabled)
		return 0;
	r->asking = false;
	if (take_count(r, s) == 0)
		return 0;
	accuse(r, s, to);
	return -1;
}

static int
take_enabled(struct resume *r, const struct stanza *s, struct buf *to)
{
	const char *id = stanza_attr(s, "id"), *location = stanza_attr(s, "location");
	const char *can = stanza_attr(s, "resume");
	int64_t max = DEFAULT_MAX_S;
	bool yes = false;

	(void)to;
	if (!r->counting || r->enabled)
		return 0;
	r->enabled = true;
	if (can == NULL || str_to_bool(can, &yes) != 0 || !yes || id == NULL ||
	    str_copy(r->id, sizeof(r->id), id) != 0) {
		r->id[0] = '\0';
		return 0;
	}
	if (location == NULL || str_copy(r->location, sizeof(r->location), location) != 0)
		r->location[0] = '\0';
	if (attr_number(s, "max", INT32_MAX, &max) == 0 && max > RESUME_MAX_S)
		max = RESUME_MAX_S;
	r->max_ms = max * 1000;
	return 0;
}

/* It does not count; then neither do we. */
static int
take_failed(struct resume *r, const struct stanza *s, struct buf *to)
{
	(void)s;
	(void)to;
	r->counting = r->enabled = r->complete = false;
	r->id[0] = '\0';
	resume_drop(&r->kept, r->kept.len);
	r->n = 0;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct resume *r, const struct stanza *s, struct buf *to);
} words[] = {
	{ "r", take_ask }, { "a", take_ack }, { "enabled", take_enabled }, { "failed", take_failed },
};

int
resume_take(struct resume *r, const struct stanza *s, struct buf *to)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(stanza_name(s), words[i].name) == 0)
			return words[i].take(r, s, to);
	return 0;
}

/* ---- another connection ------------------------------------------------- */

bool
resume_can(const struct resume *r)
{
	return r->id[0] != '\0' && r->complete;
}

void
resume_knock(const struct resume *r, struct buf *to)
{
	struct xml x;

	xml_begin(&x, to);
	xml_open(&x, "resume", NS_SM);
	xml_attr_int(&x, "h", (int64_t)r->handled);
	xml_attr(&x, "previd", r->id);
	xml_close(&x);
	(void)xml_end(&x);
}

int
resume_resumed(struct resume *r, const struct stanza *s)
{
	const char *id = stanza_attr(s, "previd");

	if (!resume_can(r) || id == NULL || strcmp(id, r->id) != 0)
		return -1;
	r->asking = false;
	return take_count(r, s);
}

void
resume_again(const struct resume *r, struct buf *to)
{
	buf_add(to, r->kept.data, r->kept.len);
}
