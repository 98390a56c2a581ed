/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_rows: commas, quotes and escapes.
 */
#include "config.h"

#include "kithd/report_rows.h"

#include <string.h>
#include <time.h>

#include "common/base/str.h"

#define TEXT_CHARS 512
#define HEX_BYTES 64

void rows_begin(struct rows *r, bool list)
{
	r->list = list;
	r->n = r->fields = 0;
	if (r->json && list)
		buf_adds(r->out, "[\n");
}

void row_begin(struct rows *r)
{
	if (r->json)
		buf_adds(r->out, r->n > 0 ? ",{" : "{");
	r->n++;
	r->fields = 0;
}

void row_end(struct rows *r)
{
	if (r->json)
		buf_adds(r->out, r->list ? "}\n" : "}");
	else if (r->list)
		buf_addc(r->out, '\n');
}

void rows_end(struct rows *r)
{
	if (r->json)
		buf_adds(r->out, r->list ? "]\n" : "\n");
}

void row_json_text(struct buf *out, const char *s)
{
	const char *at = s, *start;
	uint32_t c;

	buf_addc(out, '"');
	while (start = at, (c = str_utf8_next(&at)) != 0) {
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", (char)c);
		else if (c < 0x20 || c == 0x7f || c == 0xFFFD)
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, start, (size_t)(at - start));
	}
	buf_addc(out, '"');
}

/* Rows of text show the first value alone, the others as name=value. */
static void field_name(struct rows *r, const char *name)
{
	if (r->json)
		buf_addf(r->out, "%s\"%s\":", r->fields > 0 ? "," : "", name);
	else if (!r->list)
		buf_addf(r->out, "%s: ", name);
	else if (r->fields > 0)
		buf_addf(r->out, "  %s=", name);
	r->fields++;
}

static void field_end(struct rows *r)
{
	if (!r->json && !r->list)
		buf_addc(r->out, '\n');
}

void row_text(struct rows *r, const char *name, const char *value)
{
	if (value == NULL)
		return;
	field_name(r, name);
	if (r->json)
		row_json_text(r->out, value);
	else
		str_escape(r->out, value, TEXT_CHARS, false);
	field_end(r);
}

void row_int(struct rows *r, const char *name, int64_t value)
{
	field_name(r, name);
	buf_addf(r->out, "%lld", (long long)value);
	field_end(r);
}

void row_bool(struct rows *r, const char *name, bool value)
{
	field_name(r, name);
	buf_adds(r->out, value ? "true" : "false");
	field_end(r);
}

void row_time_text(char out[static ROW_TIME], int64_t wall_ms)
{
	time_t at = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (wall_ms <= 0 || gmtime_r(&at, &tm) == NULL ||
	    strftime(out, ROW_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

void row_time(struct rows *r, const char *name, int64_t wall_ms)
{
	char text[ROW_TIME];

	row_time_text(text, wall_ms);
	if (text[0] != '\0')
		row_text(r, name, text);
}

void row_hex(struct rows *r, const char *name, const void *bytes, size_t len)
{
	char hex[2 * HEX_BYTES + 1];

	if (len > HEX_BYTES)
		return;
	str_hex(hex, bytes, len);
	row_text(r, name, hex);
}

void row_named(struct rows *r, const char *prefix, const char *name, const char *value)
{
	struct buf full;

	buf_init(&full, 1024);
	buf_adds(&full, prefix);
	str_escape(&full, name, 64, true);
	row_text(r, buf_str(&full), value);
	buf_fini(&full);
}

/* ---- lists inside an object ---- */

void row_list_begin(struct rows *r, const char *name)
{
	if (r->json)
		buf_addf(r->out, "%s\"%s\":[", r->fields > 0 ? "," : "", name);
	r->n = 0;
}

void row_item_begin(struct rows *r, const char *name)
{
	if (r->json)
		buf_adds(r->out, r->n > 0 ? ",{" : "{");
	else
		buf_addf(r->out, "%s: ", name);
	r->n++;
	r->list = true;
	r->fields = 0;
}

void row_item_end(struct rows *r)
{
	buf_addc(r->out, r->json ? '}' : '\n');
	r->list = false;
}

void row_list_end(struct rows *r)
{
	if (r->json)
		buf_addc(r->out, ']');
	r->fields = 1;
}
