/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue: a .mo file is two tables of (length, offset), one of the English
 * texts in order and one of the translations, and is searched by halving.  It
 * is checked whole when it is read, the placeholders of its texts as well.
 */
#include "config.h"

#include "common/base/catalogue.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/str.h"

#define MO_MAGIC 0x950412deu
#define MO_BYTES (1024 * 1024)
#define MO_HEAD 28
#define LANG_CHARS 8

/* The languages we ship: a file in po/ each. */
static const char *const shipped[] = { "de" };
#define N_SHIPPED (sizeof(shipped) / sizeof(shipped[0]))

struct catalogue {
	unsigned char *data;
	size_t len;
	bool swapped;		/* written on a machine of the other byte order */
	uint32_t n, from, to;	/* texts, and where their tables stand */
};

struct catalogues {
	struct catalogue *language[N_SHIPPED];
};

/* ---- one file ---- */

static uint32_t word(const struct catalogue *c, size_t at)
{
	uint32_t v;

	memcpy(&v, c->data + at, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

static const char *text_at(const struct catalogue *c, uint32_t table, uint32_t i)
{
	return (const char *)c->data + word(c, table + 8 * (size_t)i + 4);
}

static bool is_placeholder(const char *s)
{
	return s[0] == '%' && s[1] >= '1' && s[1] <= '9';
}

static unsigned placeholders(const char *s)
{
	unsigned found = 0;

	for (; *s != '\0'; s++)
		if (is_placeholder(s))
			found |= 1u << (s[1] - '0');
	return found;
}

bool catalogue_same_placeholders(const char *a, const char *b)
{
	return placeholders(a) == placeholders(b);
}

/* Each text is inside the file, ends with a NUL, and stands behind the one before. */
static bool is_sound(const struct catalogue *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const uint32_t table[] = { c->from, c->to };

		for (int k = 0; k < 2; k++) {
			size_t at = table[k] + 8 * (size_t)i;
			size_t len = word(c, at), start = word(c, at + 4);

			if (start > c->len || len >= c->len - start || c->data[start + len] != '\0')
				return false;
		}
		if (i > 0 && strcmp(text_at(c, c->from, i - 1), text_at(c, c->from, i)) >= 0)
			return false;
		/* The first, "", holds what msgfmt says of the file. */
		if (text_at(c, c->from, i)[0] != '\0' && !catalogue_same_placeholders(
			text_at(c, c->from, i), text_at(c, c->to, i)))
			return false;
	}
	return true;
}

static bool read_head(struct catalogue *c)
{
	uint32_t magic;
	size_t table;

	if (c->len < MO_HEAD)
		return false;
	memcpy(&magic, c->data, sizeof(magic));
	c->swapped = magic == __builtin_bswap32(MO_MAGIC);
	if (magic != MO_MAGIC && !c->swapped)
		return false;
	c->n = word(c, 8);
	c->from = word(c, 12);
	c->to = word(c, 16);
	table = 8 * (size_t)c->n;
	return c->n <= MO_BYTES && c->from <= c->len && table <= c->len - c->from &&
	    c->to <= c->len && table <= c->len - c->to;
}

/* 1 read, 0 there is no such file, -1. */
static int read_file(const char *path, unsigned char **data, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "rb");
	unsigned char *all;

	if (f == NULL && errno == ENOENT)
		return 0;
	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "cannot open '%s': %s", path, strerror(errno));
	all = mem_alloc(MO_BYTES);
	if (all == NULL) {
		fclose(f);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	*len = fread(all, 1, MO_BYTES, f);
	fclose(f);
	*data = mem_resize(all, *len > 0 ? *len : 1);
	if (*data == NULL)
		*data = all;
	return 1;
}

int catalogue_read(struct catalogue **out, const char *path, struct err *e)
{
	struct catalogue *c = mem_zalloc(sizeof(*c));
	int got;

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	got = read_file(path, &c->data, &c->len, e);
	if (got == 1 && !(read_head(c) && is_sound(c)))
		got = err_set(e, ERR_INPUT, "'%s' is no catalogue of this program: install it "
		    "again", path);
	if (got != 1)
		catalogue_free(&c);
	*out = c;
	return got;
}

void catalogue_free(struct catalogue **c)
{
	if (*c == NULL)
		return;
	mem_free((*c)->data);
	mem_free(*c);
	*c = NULL;
}

size_t catalogue_count(const struct catalogue *c)
{
	return c->n;
}

const char *catalogue_text(const struct catalogue *c, const char *text)
{
	uint32_t low = 0, high = c != NULL ? c->n : 0;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = strcmp(text, text_at(c, c->from, mid));

		if (order == 0)
			return text[0] != '\0' && text_at(c, c->to, mid)[0] != '\0' ?
			    text_at(c, c->to, mid) : text;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return text;
}

#define FILL_MAX 9

void catalogue_fill(struct buf *out, const char *text, ...)
{
	const char *value[FILL_MAX] = { NULL };
	size_t n = 0;
	va_list ap;

	va_start(ap, text);
	while (n < FILL_MAX && (value[n] = va_arg(ap, const char *)) != NULL)
		n++;
	va_end(ap);
	saying_fill(out, text, value, n);
}

/* ---- all of them ---- */

int catalogues_open(struct catalogues **out, const char *dir, struct err *e)
{
	struct catalogues *c = mem_zalloc(sizeof(*c));
	char path[512];

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < N_SHIPPED; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/kith.mo",
		    dir != NULL ? dir : KITH_LOCALEDIR, shipped[i]);

		if (n < 0 || (size_t)n >= sizeof(path))
			err_set(e, ERR_INPUT, "the name of the folder of languages is too long");
		else if (catalogue_read(&c->language[i], path, e) != -1)
			continue;
		catalogues_close(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void catalogues_close(struct catalogues **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < N_SHIPPED; i++)
		catalogue_free(&(*c)->language[i]);
	mem_free(*c);
	*c = NULL;
}

/* "de" of "de-AT". */
static bool is_language(const char *lang, const char *name)
{
	size_t len = strcspn(lang, "-_");
	char first[LANG_CHARS];

	if (len >= sizeof(first))
		return false;
	memcpy(first, lang, len);
	first[len] = '\0';
	return str_case_eq(first, name);
}

const struct catalogue *catalogues_find(const struct catalogues *c, const char *lang)
{
	for (size_t i = 0; c != NULL && lang != NULL && i < N_SHIPPED; i++)
		if (is_language(lang, shipped[i]))
			return c->language[i];
	return NULL;
}

bool catalogues_have(const struct catalogues *c, const char *lang)
{
	return is_language(lang, "en") || catalogues_find(c, lang) != NULL;
}

const char *catalogues_name(const struct catalogues *c, size_t i)
{
	if (i == 0)
		return "en";
	for (size_t k = 0; c != NULL && k < N_SHIPPED; k++)
		if (c->language[k] != NULL && --i == 0)
			return shipped[k];
	return NULL;
}
