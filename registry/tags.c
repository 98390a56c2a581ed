/* SPDX-License-Identifier: Apache-2.0 */
/* tags: packing, unpacking and merging.  Read next: thing_store.h. */
#include "config.h"

#include "registry/tags.h"

#include <string.h>

#include "common/base/str.h"

bool tags_is_key(const char *name)
{
	return str_case_eq(name, "KEY");
}

static bool is_kept(const struct tag *t)
{
	return !tags_is_key(t->name) && !str_case_eq(t->name, "R");
}

static uint8_t *put_text(uint8_t *to, const char *s, size_t len)
{
	memcpy(to, s, len);
	return to + len;
}

/* Kind, two lengths of two bytes, name, value. */
static size_t packed_size(const struct tag_list *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < tags->n; i++)
		n += 5 + strlen(tags->tag[i].name) + strlen(tags->tag[i].str);
	return n;
}

uint8_t *tags_pack(const struct tag_list *tags, struct pool *pool, size_t *len_out)
{
	size_t size = packed_size(tags);
	uint8_t *out = size <= TAGS_BYTES ? pool_alloc(pool, size + 1) : NULL;
	uint8_t *to = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *t = &tags->tag[i];
		size_t name = strlen(t->name);
		size_t len = strlen(t->str);

		if (!is_kept(t))
			continue;
		*to++ = t->is_num ? 'n' : 's';
		*to++ = (uint8_t)(name >> 8);
		*to++ = (uint8_t)name;
		*to++ = (uint8_t)(len >> 8);
		*to++ = (uint8_t)len;
		to = put_text(put_text(to, t->name, name), t->str, len);
	}
	*len_out = (size_t)(to - out);
	return out;
}

static size_t count_packed(const uint8_t *p, size_t len)
{
	size_t n = 0, at = 0;

	while (len - at >= 5) {
		size_t next = at + 5 + ((size_t)p[at + 1] << 8 | p[at + 2]) +
		    ((size_t)p[at + 3] << 8 | p[at + 4]);

		if (next > len)
			return SIZE_MAX;
		at = next;
		n++;
	}
	return at == len ? n : SIZE_MAX;
}

bool tags_find_packed(const void *data, size_t len, const char *name, const char **value,
    size_t *value_len)
{
	const uint8_t *p = data;
	size_t n = len > 0 ? count_packed(p, len) : 0, wanted = strlen(name);

	if (n == SIZE_MAX)
		return false;
	for (; n > 0; n--) {
		size_t name_len = (size_t)p[1] << 8 | p[2];

		*value_len = (size_t)p[3] << 8 | p[4];
		*value = (const char *)p + 5 + name_len;
		if (name_len == wanted && str_case_starts((const char *)p + 5, name))
			return true;
		p += 5 + name_len + *value_len;
	}
	return false;
}

static int unpack_one(struct tag *t, const uint8_t **p, struct pool *pool)
{
	size_t name = (size_t)(*p)[1] << 8 | (*p)[2];
	size_t len = (size_t)(*p)[3] << 8 | (*p)[4];
	const char *text = (const char *)*p + 5;

	t->is_num = (*p)[0] == 'n';
	t->num = 0;
	t->name = pool_strndup(pool, text, name);
	t->str = pool_strndup(pool, text + name, len);
	*p += 5 + name + len;
	if (t->name == NULL || t->str == NULL)
		return -1;
	return t->is_num ? str_to_double(t->str, &t->num) : 0;
}

int tags_unpack(struct tag_list *out, const void *data, size_t len, struct pool *pool)
{
	const uint8_t *p = data;
	size_t n = len > 0 ? count_packed(p, len) : 0;
	struct tag *tag;

	if (n > WIRE_TAGS)
		return -1;
	tag = pool_alloc(pool, (n + 1) * sizeof(*tag));
	if (tag == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (unpack_one(&tag[i], &p, pool) == -1)
			return -1;
	out->n = n;
	out->tag = tag;
	return 0;
}

static size_t find_tag(const struct tag_list *l, const char *name)
{
	size_t i = 0;

	while (i < l->n && !str_case_eq(l->tag[i].name, name))
		i++;
	return i;
}

int tags_merge(struct tag_list *into, const struct tag_list *changes, struct pool *pool)
{
	size_t room = (into->n + changes->n + 1) * sizeof(struct tag);
	struct tag_list all = { 0, pool_alloc(pool, room) };

	if (all.tag == NULL)
		return -1;
	if (into->n > 0)
		memcpy(all.tag, into->tag, into->n * sizeof(struct tag));
	all.n = into->n;
	for (size_t i = 0; i < changes->n; i++) {
		const struct tag *t = &changes->tag[i];
		size_t at = find_tag(&all, t->name);

		/* A KEY is neither set nor emptied: it was never kept. */
		if (!is_kept(t))
			continue;
		if (t->is_num || t->str[0] != '\0') {
			all.tag[at] = *t;
			all.n += at == all.n;
		} else if (at < all.n) {
			memmove(&all.tag[at], &all.tag[at + 1],
			    (--all.n - at) * sizeof(struct tag));
		}
	}
	if (all.n > WIRE_TAGS)
		return 0;
	*into = all;
	return 1;
}
