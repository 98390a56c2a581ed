/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: sorted sets of encoded texts, and back.
 */
#include "config.h"

#include "thing/canon.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

#define LIST_MAX (WIRE_NODES > WIRE_NAMES ? WIRE_NODES : WIRE_NAMES)

/* ---- encoding ----------------------------------------------------------- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '_' || c == '-' || c == '@';
}

/* Bytes other than a few are %XX; absent is "~", which nothing encodes to. */
void canon_add(struct buf *b, const char *s)
{
	if (!s) {
		buf_addc(b, '~');
		return;
	}
	for (; *s; s++)
		if (is_plain(*s))
			buf_addc(b, *s);
		else
			buf_addf(b, "%%%02x", (unsigned)(unsigned char)*s);
}

char *canon_read(struct pool *pool, const char *s, size_t len)
{
	char *out = pool_alloc(pool, len + 1), *p = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%' && len - i > 2) {
			char hex[3] = { s[i + 1], s[i + 2], '\0' };

			if (str_unhex(p, 1, hex) < 0)
				return NULL;
			p++;
			i += 2;
		} else {
			*p++ = s[i];
		}
	}
	*p = '\0';
	return out;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Encoded texts as a sorted set "a,b,c". */
static void add_set(struct buf *out, const char **text, size_t n)
{
	if (n > 1)
		qsort(text, n, sizeof(text[0]), by_text);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(text[i], text[i - 1]) == 0)
			continue;
		if (i > 0)
			buf_addc(out, ',');
		buf_adds(out, text[i]);
	}
}

const char *canon_name(struct pool *pool, const char *name)
{
	struct buf b;
	const char *text;

	buf_init(&b, DECISIONS_KEY);
	canon_add(&b, name);
	text = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

const char *canon_node(struct pool *pool, const struct node *node)
{
	struct buf b;
	const char *text;

	buf_init(&b, DECISIONS_KEY);
	canon_add(&b, node->id);
	buf_addc(&b, ':');
	canon_add(&b, node->source);
	buf_addc(&b, ':');
	canon_add(&b, node->partition);
	text = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

int canon_add_names(struct buf *out, const struct name_list *l)
{
	const char *text[LIST_MAX];
	struct pool pool;
	int ret = -1;

	if (l->n > LIST_MAX)
		return -1;
	pool_init(&pool, 64 * DECISIONS_KEY);
	for (size_t i = 0; i < l->n; i++)
		if (!(text[i] = canon_name(&pool, l->name[i])))
			goto out;
	add_set(out, text, l->n);
	ret = 0;
out:
	pool_fini(&pool);
	return ret;
}

int canon_add_nodes(struct buf *out, const struct node_list *l)
{
	const char *text[LIST_MAX];
	struct pool pool;
	int ret = -1;

	if (l->n > LIST_MAX)
		return -1;
	pool_init(&pool, 64 * DECISIONS_KEY);
	for (size_t i = 0; i < l->n; i++)
		if (!(text[i] = canon_node(&pool, &l->node[i])))
			goto out;
	add_set(out, text, l->n);
	ret = 0;
out:
	pool_fini(&pool);
	return ret;
}

/* "name:min:max:text:rule:times:ms,..."; an end that is out begins with '!'. */
static void add_end(struct buf *out, bool has, bool is_out, double v)
{
	char text[STR_DOUBLE + 1] = "!";

	str_from_double(text + 1, v);
	canon_add(out, !has ? NULL : is_out ? text : text + 1);
	buf_addc(out, ':');
}

int canon_add_limits(struct buf *out, const struct decision *d)
{
	for (size_t i = 0; i < d->n_limits; i++) {
		const struct limit *l = &d->limit[i];

		if (i > 0)
			buf_addc(out, ',');
		canon_add(out, l->span.name);
		buf_addc(out, ':');
		add_end(out, l->span.has_min, l->span.min_out, l->span.min);
		add_end(out, l->span.has_max, l->span.max_out, l->span.max);
		canon_add(out, l->span.text);
		buf_addf(out, ":%" PRId64 ":%d:%" PRId64, l->rule, (int)l->rate_n, l->rate_ms);
	}
	return 0;
}

/* "reason:retry:ask" */
int canon_add_why(struct buf *out, const struct decision *d)
{
	if (!d->why.reason)
		return 0;
	canon_add(out, d->why.reason);
	buf_addf(out, ":%" PRId64 ":", d->why.retry_after_ms);
	canon_add(out, d->why.ask_whom);
	return 0;
}

/* ---- decoding ----------------------------------------------------------- */

static size_t count_items(const char *list)
{
	size_t n = *list != '\0';

	for (; *list; list++)
		n += *list == ',';
	return n;
}

int canon_names(struct pool *pool, const char *list, struct name_list *out)
{
	size_t n = count_items(list);

	out->n = 0;
	out->name = n ? pool_alloc(pool, n * sizeof(out->name[0])) : NULL;
	if (n && !out->name)
		return -1;
	while (out->n < n) {
		size_t len = strcspn(list, ",");

		if (!(out->name[out->n++] = canon_read(pool, list, len)))
			return -1;
		list += len + 1;
	}
	return 0;
}

static int unpack_part(struct pool *pool, const char **s, const char *stop, const char **out)
{
	size_t len = strcspn(*s, stop);

	*out = len == 1 && **s == '~' ? NULL : canon_read(pool, *s, len);
	if (!*out && !(len == 1 && **s == '~'))
		return -1;
	*s += len + ((*s)[len] != '\0');
	return 0;
}

int canon_nodes(struct pool *pool, const char *list, struct node_list *out)
{
	size_t n = count_items(list);

	out->n = 0;
	out->node = n ? pool_alloc(pool, n * sizeof(out->node[0])) : NULL;
	if (n && !out->node)
		return -1;
	for (; out->n < n; out->n++) {
		struct node *node = &out->node[out->n];

		if (unpack_part(pool, &list, ":,", &node->id) < 0 ||
		    unpack_part(pool, &list, ":,", &node->source) < 0 ||
		    unpack_part(pool, &list, ":,", &node->partition) < 0)
			return -1;
	}
	return 0;
}

/* A part that is always there, as a number. */
int canon_int(struct pool *pool, const char **s, int64_t max, int64_t *out)
{
	const char *text;

	if (unpack_part(pool, s, ":,", &text) < 0 || !text)
		return -1;
	return str_to_int(text, 0, max, out);
}

static int unpack_end(struct pool *pool, const char **s, bool *has, bool *is_out, double *out)
{
	const char *text;

	if (unpack_part(pool, s, ":,", &text) < 0)
		return -1;
	*has = text != NULL;
	*is_out = text && *text == '!';
	return text ? str_to_double(text + *is_out, out) : 0;
}

static int unpack_limit(struct pool *pool, const char **s, struct limit *l)
{
	int64_t times;

	memset(l, 0, sizeof(*l));
	if (unpack_part(pool, s, ":,", &l->span.name) < 0 ||
	    unpack_end(pool, s, &l->span.has_min, &l->span.min_out, &l->span.min) < 0 ||
	    unpack_end(pool, s, &l->span.has_max, &l->span.max_out, &l->span.max) < 0 ||
	    unpack_part(pool, s, ":,", &l->span.text) < 0 ||
	    canon_int(pool, s, INT64_MAX, &l->rule) < 0 ||
	    canon_int(pool, s, WIRE_TIMES, &times) < 0 ||
	    canon_int(pool, s, WIRE_TIMES_SECONDS * 1000LL, &l->rate_ms) < 0)
		return -1;
	l->rate_n = (int32_t)times;
	return 0;
}

int canon_limits(struct pool *pool, const char *list, struct decision *d)
{
	size_t n = count_items(list);
	struct limit *limit = n ? pool_alloc(pool, n * sizeof(limit[0])) : NULL;

	if (n && !limit)
		return -1;
	for (d->n_limits = 0; d->n_limits < n; d->n_limits++)
		if (unpack_limit(pool, &list, &limit[d->n_limits]) < 0)
			return -1;
	d->limit = limit;
	return 0;
}

/* `past_ms` since it was said. */
int canon_why(struct pool *pool, const char *text, int64_t past_ms, struct denied *out)
{
	if (!*text)
		return 0;
	if (unpack_part(pool, &text, ":", &out->reason) < 0 ||
	    canon_int(pool, &text, INT64_MAX, &out->retry_after_ms) < 0 ||
	    unpack_part(pool, &text, ":", &out->ask_whom) < 0)
		return -1;
	if (out->retry_after_ms > 0)
		out->retry_after_ms = out->retry_after_ms > past_ms ?
		    out->retry_after_ms - past_ms : 0;
	return 0;
}

/* ---- keys ---------------------------------------------------------------- */

void canon_key_split(const char *key, struct canon_key *out)
{
	const struct { const char **at; size_t *len; size_t skip; } part[] = {
		{ &out->action, &out->action_len, 0 }, { &out->jid, &out->jid_len, 0 },
		{ NULL, NULL, 0 }, { NULL, NULL, 0 }, { NULL, NULL, 0 }, { NULL, NULL, 0 },
		{ &out->names, &out->names_len, 1 }, { &out->nodes, &out->nodes_len, 1 },
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		size_t len = strcspn(key, "|"), skip = part[i].skip < len ? part[i].skip : len;

		if (part[i].at) {
			*part[i].at = key + skip;
			*part[i].len = len - skip;
		}
		key += len + (key[len] != '\0');
	}
}

int canon_action(const struct canon_key *k)
{
	for (int i = DECIDE_FRIEND; i <= DECIDE_CONTROL; i++)
		if (strlen(decision_action_name((enum decision_action)i)) == k->action_len &&
		    strncmp(decision_action_name((enum decision_action)i), k->action, k->action_len) == 0)
			return i;
	return -1;
}
