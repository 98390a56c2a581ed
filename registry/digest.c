/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: canonical tag sets and their HMAC.  The KEY passes through here and
 * stays nowhere: the copy made of it is cleansed.
 */
#include "config.h"

#include "registry/digest.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

#include "common/base/str.h"

/* "1:s", two lengths of at most four digits, a colon behind each. */
#define FRAME_BYTES 16

struct canonical_tag {
	const char *name;
	const char *value;
	bool is_num;
};

struct canonical {
	size_t n;
	struct canonical_tag tag[WIRE_TAGS];
};

/* Mapping to lower case makes a character longer now and then, never above
 * four bytes.  Returns behind the NUL. */
static char *fold(char *to, const char *name)
{
	uint32_t c;

	for (; *name != '\0' && (unsigned char)*name < 0x80; name++)
		*to++ = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
	while ((c = str_utf8_next(&name)) != 0) {
		int n = u8_uctomb((uint8_t *)to, uc_tolower(c), 4);

		to += n > 0 ? n : 0;
	}
	*to++ = '\0';
	return to;
}

static int by_name(const void *a, const void *b)
{
	const struct canonical_tag *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (int)x->is_num - (int)y->is_num;
	return order != 0 ? order : strcmp(x->value, y->value);
}

/* R says which registry to go to; it is no property of the thing. */
static bool is_registry(const struct tag *t)
{
	return str_case_eq(t->name, "R");
}

static int canonical_set(struct canonical *c, const struct tag_list *tags, struct pool *pool)
{
	size_t bytes = 0;
	char *to;

	c->n = 0;
	if (tags->n > WIRE_TAGS)
		return -1;
	for (size_t i = 0; i < tags->n; i++)
		bytes += 4 * strlen(tags->tag[i].name) + 1;
	to = pool_alloc(pool, bytes + 1);
	if (to == NULL)
		return -1;
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *t = &tags->tag[i];

		if (is_registry(t))
			continue;
		c->tag[c->n].name = to;
		to = fold(to, t->name);
		c->tag[c->n].is_num = t->is_num;
		/* -0 equals 0, and numbers are compared as numbers. */
		c->tag[c->n].value = t->is_num && t->num == 0 ? "0" : t->str;
		c->n++;
	}
	qsort(c->tag, c->n, sizeof(c->tag[0]), by_name);
	return 0;
}

static char *put_text(char *to, const char *s)
{
	size_t len = strlen(s), divisor = 1;

	while (len / divisor >= 10)
		divisor *= 10;
	for (; divisor > 0; divisor /= 10)
		*to++ = (char)('0' + len / divisor % 10);
	*to++ = ':';
	memcpy(to, s, len);
	return to + len;
}

/* Each part behind its length, so that no two sets give the same text. */
char *digest_form(const struct tag_list *tags, struct pool *pool)
{
	struct canonical c;
	size_t bytes = 1;
	char *text, *to;

	if (canonical_set(&c, tags, pool) == -1)
		return NULL;
	for (size_t i = 0; i < c.n; i++)
		bytes += FRAME_BYTES + strlen(c.tag[i].name) + strlen(c.tag[i].value);
	text = to = pool_alloc(pool, bytes);
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < c.n; i++) {
		to = put_text(to, c.tag[i].is_num ? "n" : "s");
		to = put_text(to, c.tag[i].name);
		to = put_text(to, c.tag[i].value);
	}
	*to = '\0';
	return text;
}

int digest_tags(uint8_t out[static DIGEST_BYTES], const struct secret *key,
    const struct tag_list *tags, struct pool *pool)
{
	static const char label[] = "kith claim, form 1";
	char *form = digest_form(tags, pool);
	struct secret_part part[2] = { { label, sizeof(label) - 1 } };

	if (form == NULL)
		return -1;
	part[1].data = form;
	part[1].len = strlen(form);
	secret_hmac(out, key, part, 2);
	secret_cleanse(form, part[1].len);
	return 0;
}

void digest_key_check(uint8_t out[static DIGEST_BYTES], const struct secret *key)
{
	static const char label[] = "kith key check";
	const struct secret_part part = { label, sizeof(label) - 1 };

	secret_hmac(out, key, &part, 1);
}
