/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: NAME=VALUE words; escaping is by percent signs, as in addresses of
 * the web, because nobody has to guess how it works.
 */
#include "config.h"

#include "kithd/record.h"

#include <string.h>

#include "common/base/str.h"

static void add_safe(struct buf *out, const char *text, bool is_name)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '%' || (is_name && *c == '='))
			buf_addf(out, "%%%02X", *c);
		else
			buf_addc(out, (char)*c);
	}
}

void record_add(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_addc(out, '\t');
	add_safe(out, name, true);
	buf_addc(out, '=');
	add_safe(out, value, false);
}

/* In place; -1: a percent sign without its digits, or a hidden end. */
static int restore(char *text)
{
	char *to = text, hex[3] = "";
	unsigned char c;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at != '%') {
			*to++ = *at;
			continue;
		}
		if (at[1] == '\0' || at[2] == '\0')
			return -1;
		memcpy(hex, at + 1, 2);
		if (str_unhex(&c, 1, hex) != 0 || c == '\0')
			return -1;
		*to++ = (char)c;
		at += 2;
	}
	*to = '\0';
	return 0;
}

int record_read(struct record *r, struct pool *pool, const char *line)
{
	char *rest = pool_strdup(pool, line), *word, *value;

	r->n = 0;
	if (rest == NULL)
		return -1;
	while ((word = strsep(&rest, "\t")) != NULL) {
		if (*word == '\0')
			continue;
		value = strchr(word, '=');
		if (value == NULL || r->n == RECORD_FIELDS)
			return -1;
		*value++ = '\0';
		if (restore(word) != 0 || restore(value) != 0 ||
		    !str_utf8_valid(value, strlen(value)) || !str_utf8_valid(word, strlen(word)))
			return -1;
		r->field[r->n].name = word;
		r->field[r->n++].value = value;
	}
	return 0;
}

const char *record_get(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->field[i].name, name) == 0)
			return r->field[i].value;
	return NULL;
}
