/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: canonical tag sets and their HMAC.  The KEY passes through here and
 * stays nowhere: copies on the stack are cleansed.
 */
#include "config.h"

#include "registry/digest.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

#include "common/base/str.h"

#define NAME_BYTES (WIRE_TAG_NAME * 4 + 1)	/* four bytes a character */

struct canonical_tag {
	char name[NAME_BYTES];
	char number[STR_DOUBLE];
	const char *value;	/* number, or the string as sent */
	bool is_num;
};

struct canonical {
	size_t n;
	struct canonical_tag tag[WIRE_TAGS];
};

static void fold(char out[static NAME_BYTES], const char *name)
{
	size_t at = 0;
	uint32_t c;

	while ((c = str_utf8_next(&name)) != 0 && at + 4 < NAME_BYTES) {
		int n = u8_uctomb((uint8_t *)out + at, uc_tolower(c), 4);

		if (n > 0)
			at += (size_t)n;
	}
	out[at] = '\0';
}

static int by_name(const void *a, const void *b)
{
	const struct canonical_tag *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (int)x->is_num - (int)y->is_num;
	return order != 0 ? order : strcmp(x->value, y->value);
}

/* Sorting moves the numbers' texts: point at them afterwards. */
static void order(struct canonical *c)
{
	qsort(c->tag, c->n, sizeof(c->tag[0]), by_name);
	for (size_t i = 0; i < c->n; i++)
		if (c->tag[i].is_num)
			c->tag[i].value = c->tag[i].number;
}

/* R says which registry to go to; it is no property of the thing. */
static bool is_registry(const struct tag *t)
{
	return str_case_eq(t->name, "R");
}

static int canonical_set(struct canonical *c, const struct tag_list *tags)
{
	c->n = 0;
	if (tags->n > WIRE_TAGS)
		return -1;
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *t = &tags->tag[i];
		struct canonical_tag *to = &c->tag[c->n];

		if (is_registry(t))
			continue;
		fold(to->name, t->name);
		to->is_num = t->is_num;
		to->value = t->str;
		if (t->is_num) {
			/* -0 equals 0, and claims are compared by number. */
			str_from_double(to->number, t->num == 0 ? 0 : t->num);
			to->value = "";
		}
		c->n++;
	}
	order(c);
	return 0;
}

int digest_tags(uint8_t out[static DIGEST_BYTES], const struct secret *key,
    const struct tag_list *tags)
{
	static const char label[] = "kith claim, form 1";
	struct secret_part part[1 + 3 * WIRE_TAGS];
	struct canonical c;
	size_t n = 0;

	if (canonical_set(&c, tags) == -1)
		return -1;
	part[n++] = (struct secret_part){ label, sizeof(label) - 1 };
	for (size_t i = 0; i < c.n; i++) {
		part[n++] = (struct secret_part){ c.tag[i].is_num ? "n" : "s", 1 };
		part[n++] = (struct secret_part){ c.tag[i].name, strlen(c.tag[i].name) };
		part[n++] = (struct secret_part){ c.tag[i].value, strlen(c.tag[i].value) };
	}
	secret_hmac(out, key, part, n);
	secret_cleanse(&c, offsetof(struct canonical, tag) + c.n * sizeof(c.tag[0]));
	return 0;
}

int digest_form(struct buf *out, const struct tag_list *tags)
{
	struct canonical c;

	if (canonical_set(&c, tags) == -1)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		buf_addf(out, "1:%s%zu:%s%zu:%s", c.tag[i].is_num ? "n" : "s",
		    strlen(c.tag[i].name), c.tag[i].name, strlen(c.tag[i].value),
		    c.tag[i].value);
	return buf_ok(out) ? 0 : -1;
}

void digest_key_check(uint8_t out[static DIGEST_BYTES], const struct secret *key)
{
	static const char label[] = "kith key check";
	const struct secret_part part = { label, sizeof(label) - 1 };

	secret_hmac(out, key, &part, 1);
}
