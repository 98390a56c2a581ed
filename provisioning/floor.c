/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor: "ID:N ID:N!@NUMBER" in the first line ('!': no lease is kept), then a
 * line for each thing that it is about (about.c).
 */
#include "config.h"

#include "provisioning/floor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

static const char *read_wait(const char *text, struct floor_wait *w)
{
	char *end;

	*w = (struct floor_wait){ .id = strtoll(text, &end, 10) };
	if (*end != ':')
		return NULL;
	w->n = strtoul(end + 1, &end, 10);
	w->bare = *end == '!';
	end += w->bare;
	if (*end == '@')
		w->number = strtoull(end + 1, &end, 10);
	return end + (*end == ' ');
}

size_t floor_waits(const char *text, struct floor_wait out[static FLOOR_WAITS])
{
	size_t n = 0;

	while (text != NULL && *text != '\0' && *text != '\n' && n < FLOOR_WAITS) {
		text = read_wait(text, &out[n]);
		n += text != NULL;
	}
	return n;
}

void floor_about(const char *text, struct about *out)
{
	const char *line = text == NULL ? NULL : strchr(text, '\n');

	about_read(out, line == NULL ? "" : line + 1);
}

static void write_wait(struct buf *out, const struct floor_wait *w)
{
	buf_addf(out, "%" PRId64 ":%zu%s", w->id, w->n, w->bare ? "!" : "");
	if (w->number != 0)
		buf_addf(out, "@%" PRIu64, w->number);
}

const char *floor_text(struct buf *out, const struct floor_wait *w, size_t n,
    const struct about *about)
{
	size_t waits;

	buf_reset(out);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		write_wait(out, &w[i]);
	}
	waits = out->len;
	if (!about->all) {
		buf_addc(out, '\n');
		about_write(out, about);
	}
	/* Too much to be said is about everything. */
	if (!buf_ok(out) || out->len - waits >= ABOUT_BYTES)
		buf_truncate(out, waits);
	return out->len > 0 ? buf_str(out) : NULL;
}
