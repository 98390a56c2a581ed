/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions: the lease cache and its file.  Who asks and what is done with an
 * answer: access.c.  Lists inside an entry stay in the encoded form of the
 * canonical question and are unpacked when found.
 */
#include "config.h"

#include "thing/decisions.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "decisions"
#define KEPT_MS 60000		/* uses that count so long are on disk before they happen */
#define LIST_MAX (WIRE_NODES > WIRE_NAMES ? WIRE_NODES : WIRE_NAMES)

struct decisions_entry {
	char *key;
	char *names, *nodes;	/* encoded lists; "" : all */
	char *limits, *why;	/* encoded; "": none */
	bool allowed;
	unsigned types;
	uint64_t revision;	/* 0: a service without revisions */
	int64_t end_boot, end_wall;
	int64_t lease_ms;
};

static const char *const action_names[] = { "befriend", "read", "control" };

const char *decision_action_name(enum decision_action a)
{
	return action_names[a];
}

/* ---- encoding ----------------------------------------------------------- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '_' || c == '-' || c == '@';
}

/* Bytes other than a few are %XX; absent is "~", which nothing encodes to. */
static void encode(struct buf *b, const char *s)
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

static char *decode(struct pool *pool, const char *s, size_t len)
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

static const char *encoded_name(struct pool *pool, const char *name)
{
	struct buf b;
	const char *text;

	buf_init(&b, DECISIONS_KEY);
	encode(&b, name);
	text = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static const char *encoded_node(struct pool *pool, const struct node *node)
{
	struct buf b;
	const char *text;

	buf_init(&b, DECISIONS_KEY);
	encode(&b, node->id);
	buf_addc(&b, ':');
	encode(&b, node->source);
	buf_addc(&b, ':');
	encode(&b, node->partition);
	text = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static int add_names(struct buf *out, const struct name_list *l)
{
	const char *text[LIST_MAX];
	struct pool pool;
	int ret = -1;

	if (l->n > LIST_MAX)
		return -1;
	pool_init(&pool, 64 * DECISIONS_KEY);
	for (size_t i = 0; i < l->n; i++)
		if (!(text[i] = encoded_name(&pool, l->name[i])))
			goto out;
	add_set(out, text, l->n);
	ret = 0;
out:
	pool_fini(&pool);
	return ret;
}

static int add_nodes(struct buf *out, const struct node_list *l)
{
	const char *text[LIST_MAX];
	struct pool pool;
	int ret = -1;

	if (l->n > LIST_MAX)
		return -1;
	pool_init(&pool, 64 * DECISIONS_KEY);
	for (size_t i = 0; i < l->n; i++)
		if (!(text[i] = encoded_node(&pool, &l->node[i])))
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
	encode(out, !has ? NULL : is_out ? text : text + 1);
	buf_addc(out, ':');
}

static int add_limits(struct buf *out, const struct decision *d)
{
	for (size_t i = 0; i < d->n_limits; i++) {
		const struct limit *l = &d->limit[i];

		if (i > 0)
			buf_addc(out, ',');
		encode(out, l->span.name);
		buf_addc(out, ':');
		add_end(out, l->span.has_min, l->span.min_out, l->span.min);
		add_end(out, l->span.has_max, l->span.max_out, l->span.max);
		encode(out, l->span.text);
		buf_addf(out, ":%" PRId64 ":%d:%" PRId64, l->rule, (int)l->rate_n, l->rate_ms);
	}
	return 0;
}

/* "reason:retry:ask" */
static int add_why(struct buf *out, const struct decision *d)
{
	if (!d->why.reason)
		return 0;
	encode(out, d->why.reason);
	buf_addf(out, ":%" PRId64 ":", d->why.retry_after_ms);
	encode(out, d->why.ask_whom);
	return 0;
}

int decisions_key(struct buf *out, const struct decision_question *q)
{
	const struct { char tag; const struct name_list *list; } lists[] = {
		{ 's', &q->tokens.service }, { 'd', &q->tokens.device },
		{ 'u', &q->tokens.user }, { 'n', &q->names },
	};

	buf_addf(out, "%s|", decision_action_name(q->action));
	encode(out, q->jid);
	buf_addf(out, "|t%x", q->types & FIELD_ALL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		buf_addf(out, "|%c", lists[i].tag);
		if (add_names(out, lists[i].list) < 0)
			return -1;
	}
	buf_adds(out, "|a");
	if (add_nodes(out, &q->nodes) < 0)
		return -1;
	return buf_ok(out) ? 0 : -1;
}

/* ---- decoding ----------------------------------------------------------- */

static size_t count_items(const char *list)
{
	size_t n = *list != '\0';

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static int unpack_names(struct pool *pool, const char *list, struct name_list *out)
{
	size_t n = count_items(list);

	out->n = 0;
	out->name = n ? pool_alloc(pool, n * sizeof(out->name[0])) : NULL;
	if (n && !out->name)
		return -1;
	while (out->n < n) {
		size_t len = strcspn(list, ",");

		if (!(out->name[out->n++] = decode(pool, list, len)))
			return -1;
		list += len + 1;
	}
	return 0;
}

static int unpack_part(struct pool *pool, const char **s, const char *stop, const char **out)
{
	size_t len = strcspn(*s, stop);

	*out = len == 1 && **s == '~' ? NULL : decode(pool, *s, len);
	if (!*out && !(len == 1 && **s == '~'))
		return -1;
	*s += len + ((*s)[len] != '\0');
	return 0;
}

static int unpack_nodes(struct pool *pool, const char *list, struct node_list *out)
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
static int unpack_int(struct pool *pool, const char **s, int64_t max, int64_t *out)
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
	    unpack_int(pool, s, INT64_MAX, &l->rule) < 0 ||
	    unpack_int(pool, s, WIRE_TIMES, &times) < 0 ||
	    unpack_int(pool, s, WIRE_TIMES_SECONDS * 1000LL, &l->rate_ms) < 0)
		return -1;
	l->rate_n = (int32_t)times;
	return 0;
}

static int unpack_limits(struct pool *pool, const char *list, struct decision *d)
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
static int unpack_why(struct pool *pool, const char *text, int64_t past_ms, struct denied *out)
{
	if (!*text)
		return 0;
	if (unpack_part(pool, &text, ":", &out->reason) < 0 ||
	    unpack_int(pool, &text, INT64_MAX, &out->retry_after_ms) < 0 ||
	    unpack_part(pool, &text, ":", &out->ask_whom) < 0)
		return -1;
	if (out->retry_after_ms > 0)
		out->retry_after_ms = out->retry_after_ms > past_ms ?
		    out->retry_after_ms - past_ms : 0;
	return 0;
}

/* ---- entries ------------------------------------------------------------ */

static void entry_fini(struct decisions_entry *x)
{
	mem_free(x->key);
	mem_free(x->names);
	mem_free(x->nodes);
	mem_free(x->limits);
	mem_free(x->why);
}

static void drop(struct decisions *d, size_t i)
{
	entry_fini(&d->entry[i]);
	d->entry[i] = d->entry[--d->n];
	d->dirty = true;
}

static bool is_over(const struct decisions *d, const struct decisions_entry *x)
{
	return clock_boot(d->clock) >= x->end_boot;
}

static void drop_over(struct decisions *d)
{
	for (size_t i = d->n; i-- > 0;)
		if (is_over(d, &d->entry[i]))
			drop(d, i);
}

static void drop_all(struct decisions *d)
{
	while (d->n)
		drop(d, d->n - 1);
}

static struct decisions_entry *find(struct decisions *d, const char *key)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->entry[i].key, key) == 0)
			return &d->entry[i];
	return NULL;
}

/* Room for one more: over ones first, then the one that ends first. */
static struct decisions_entry *new_entry(struct decisions *d)
{
	size_t first = 0;

	if (d->n == DECISIONS_MAX)
		drop_over(d);
	if (d->n == DECISIONS_MAX) {
		for (size_t i = 1; i < d->n; i++)
			if (d->entry[i].end_boot < d->entry[first].end_boot)
				first = i;
		drop(d, first);
	}
	memset(&d->entry[d->n], 0, sizeof(d->entry[0]));
	return &d->entry[d->n];
}

bool decisions_find(struct decisions *d, const char *key, struct pool *pool,
    struct decision *out)
{
	const struct decisions_entry *x = find(d, key);
	struct decision found;

	if (!x || is_over(d, x))
		return false;
	memset(&found, 0, sizeof(found));
	found.allowed = x->allowed;
	found.types = x->types;
	found.has_lease = x->revision != 0;
	found.revision = x->revision;
	found.lease_ms = x->lease_ms;
	if (unpack_names(pool, x->names, &found.names) < 0 ||
	    unpack_nodes(pool, x->nodes, &found.nodes) < 0 ||
	    unpack_limits(pool, x->limits, &found) < 0 ||
	    unpack_why(pool, x->why, clock_boot(d->clock) - (x->end_boot - x->lease_ms),
		&found.why) < 0)
		return false;
	*out = found;
	return true;
}

static int64_t lease_of(const struct decision *what)
{
	if (!what->has_lease)
		return what->allowed ? DECISIONS_FOREIGN_ALLOW_MS : DECISIONS_FOREIGN_DENY_MS;
	return what->lease_ms > DECISIONS_LEASE_MAX_MS ? DECISIONS_LEASE_MAX_MS : what->lease_ms;
}

/* An encoded list on the heap, or NULL. */
static char *pack(int (*add)(struct buf *, const struct decision *), const struct decision *what)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, DECISIONS_KEY);
	if (add(&b, what) == 0 && buf_ok(&b))
		text = mem_strdup(buf_str(&b));
	buf_fini(&b);
	return text;
}

static int pack_names(struct buf *b, const struct decision *what)
{
	return add_names(b, &what->names);
}

static int pack_nodes(struct buf *b, const struct decision *what)
{
	return add_nodes(b, &what->nodes);
}

bool decisions_keep(struct decisions *d, const char *key, const struct decision *what,
    int64_t asked_ms)
{
	struct decisions_entry x, *old = find(d, key);
	int64_t now = clock_boot(d->clock), lease = lease_of(what);

	if (what->has_lease ? what->revision < d->floor : asked_ms <= d->cleared_ms)
		return false;
	/* An older answer than the one we have, overtaken on the way. */
	if (old && what->has_lease && what->revision < old->revision)
		return false;
	if (old)
		drop(d, (size_t)(old - d->entry));
	if (asked_ms + lease <= now)
		return true;	/* counts for this request, is not kept */
	memset(&x, 0, sizeof(x));
	x.allowed = what->allowed;
	x.types = what->types;
	x.revision = what->has_lease ? what->revision : 0;
	x.lease_ms = lease;
	x.end_boot = asked_ms + lease;
	x.end_wall = clock_wall(d->clock) + (x.end_boot - now);
	x.key = mem_strdup(key);
	x.names = pack(pack_names, what);
	x.nodes = pack(pack_nodes, what);
	x.limits = pack(add_limits, what);
	x.why = pack(add_why, what);
	if (!x.key || !x.names || !x.nodes || !x.limits || !x.why) {
		entry_fini(&x);
		return true;
	}
	*new_entry(d) = x;
	d->n++;
	d->dirty = true;
	return true;
}

/* No file at all is safe too: it only asks more. */
static int save_clear(struct decisions *d, struct err *e)
{
	struct err ignored = ERR_INIT;

	d->cleared_ms = clock_boot(d->clock);
	d->generation++;
	d->dirty = true;
	if (decisions_save(d, e) == 0)
		return 0;
	return d->dir ? statefile_remove(d->dir, KIND, &ignored) : -1;
}

/* Is this one in the list that ends the key?  An empty one means all. */
static bool key_is_about(const char *key, const char *node)
{
	const char *list = strrchr(key, '|') + 2;
	size_t len = strlen(node);

	if (!*list)
		return true;
	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strncmp(list, node, len) == 0 && (list[len] == ',' || list[len] == '\0'))
			return true;
	return false;
}

int decisions_clear_node(struct decisions *d, const struct node *node, struct err *e)
{
	struct pool pool;
	const char *text;

	pool_init(&pool, 2 * DECISIONS_KEY);
	text = encoded_node(&pool, node);
	for (size_t i = d->n; i-- > 0;)
		if (!text || key_is_about(d->entry[i].key, text))
			drop(d, i);
	pool_fini(&pool);
	return save_clear(d, e);
}

int decisions_clear(struct decisions *d, uint64_t floor, struct err *e)
{
	if (floor > d->floor)
		d->floor = floor;
	for (size_t i = d->n; i-- > 0;)
		if (floor == 0 || d->entry[i].revision < d->floor)
			drop(d, i);
	return save_clear(d, e);
}

void decisions_forget(struct decisions *d, const char *jid)
{
	struct buf mark;

	buf_init(&mark, DECISIONS_KEY);
	buf_addc(&mark, '|');
	encode(&mark, jid);
	buf_addc(&mark, '|');
	for (size_t i = d->n; i-- > 0;)
		if (!buf_ok(&mark) || str_starts(strchr(d->entry[i].key, '|'), buf_str(&mark)))
			drop(d, i);
	d->generation++;
	buf_fini(&mark);
}

int decisions_use(struct decisions *d, const char *jid, const struct limit *l, struct err *e)
{
	if (usage_count(&d->usage, jid, l, clock_boot(d->clock)) < 0)
		return err_set(e, ERR_LIMIT, "no room to count how often %s did that", jid);
	d->dirty = true;
	return l->rate_ms >= KEPT_MS ? decisions_save(d, e) : 0;
}

/* ---- the file ----------------------------------------------------------- */

/* Lines: "saved WALL", "boot ID", "at BOOT", "floor N"; per asker and rule with a
 * rate "used JID RULE WITHIN AGE:TIMES,..."; and per answer "allow|deny REVISION
 * END-WALL END-BOOT LEASE TYPES n=NAMES a=NODES [l=LIMITS w=WHY] KEY". */
static void add_entry(struct buf *b, const struct decisions_entry *x)
{
	buf_addf(b, "%s %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %x n=%s a=%s ",
	    x->allowed ? "allow" : "deny", x->revision, x->end_wall, x->end_boot,
	    x->lease_ms, x->types, x->names, x->nodes);
	if (*x->limits || *x->why)
		buf_addf(b, "l=%s w=%s ", x->limits, x->why);
	buf_addf(b, "%s\n", x->key);
}

static void add_usage(struct buf *b, const struct usage_row *r, int64_t now)
{
	buf_adds(b, "used ");
	encode(b, r->jid);
	buf_addf(b, " %" PRId64 " %" PRId64 " ", r->rule, r->within_ms);
	for (size_t i = 0; i < r->n; i++)
		buf_addf(b, "%s%" PRId64 ":%" PRId64, i > 0 ? "," : "",
		    now - r->stamp[i].at_ms, r->stamp[i].times);
	buf_addc(b, '\n');
}

int decisions_save(struct decisions *d, struct err *e)
{
	struct buf b;
	int64_t now = clock_boot(d->clock);
	size_t mark;
	int ret;

	if (!d->dirty || !d->dir)
		return 0;
	drop_over(d);
	usage_drop_over(&d->usage, now);
	statefile_begin(&b, KIND);
	buf_addf(&b, "saved %" PRId64 "\n", clock_wall(d->clock));
	statefile_add(&b, "boot", d->boot_id);
	buf_addf(&b, "at %" PRId64 "\nfloor %" PRIu64 "\n", now, d->floor);
	for (size_t i = 0; i < d->usage.n; i++)
		add_usage(&b, &d->usage.row[i], now);
	for (size_t i = 0; i < d->n; i++) {
		mark = b.len;
		add_entry(&b, &d->entry[i]);
		if (!buf_ok(&b) || b.len + 64 > STATEFILE_MAX) {
			buf_truncate(&b, mark);	/* what does not fit is asked again */
			break;
		}
	}
	statefile_end(&b);
	ret = statefile_save(d->dir, KIND, &b, e);
	buf_fini(&b);
	if (ret == 0)
		d->dirty = false;
	return ret;
}

struct loading {
	struct decisions *d;
	int64_t saved;		/* wall clock when written */
	int64_t at;		/* boot clock when written; -1: an older file */
	bool same_boot;
};

/* How long the file lay there, never too much. */
static int64_t age_of(const struct loading *l)
{
	int64_t age = l->same_boot ? clock_boot(l->d->clock) - l->at :
	    clock_wall(l->d->clock) - l->saved;

	return l->at >= 0 && age > 0 ? age : 0;
}

static int load_head(struct loading *l, const char *name, const char *value)
{
	int64_t floor;

	if (strcmp(name, "saved") == 0)
		return str_to_int(value, 0, INT64_MAX, &l->saved);
	if (strcmp(name, "at") == 0)
		return str_to_int(value, 0, INT64_MAX / 2, &l->at);
	if (strcmp(name, "boot") == 0) {
		l->same_boot = l->d->boot_id[0] && strcmp(value, l->d->boot_id) == 0;
		return 0;
	}
	if (strcmp(name, "floor") == 0 && str_to_int(value, 0, INT64_MAX, &floor) == 0) {
		l->d->floor = (uint64_t)floor;
		return 0;
	}
	return -1;
}

/* After another boot the wall clock has to do, and only if it has not gone
 * back behind the file; a lease never grows. */
static bool settle_end(const struct loading *l, struct decisions_entry *x)
{
	int64_t now = clock_boot(l->d->clock), wall = clock_wall(l->d->clock), left;

	if (x->lease_ms <= 0 || x->lease_ms > DECISIONS_LEASE_MAX_MS)
		return false;
	if (!l->same_boot) {
		if (wall < l->saved || x->end_wall > l->saved + x->lease_ms)
			return false;
		x->end_boot = now + (x->end_wall - wall);
		if (x->end_wall <= wall)
			return false;
	}
	left = x->end_boot - now;
	return left > 0 && left <= x->lease_ms;
}

#define PARTS 8
#define PARTS_MAX 10

/* "5 100 ... n=.. a=.. [l=.. w=..] KEY" -> pointers into the line, the key last;
 * false if malformed. */
static bool split_entry(char *line, char *part[static PARTS_MAX])
{
	size_t n = 0;
	char *rest = line, *key;

	while (n < PARTS_MAX && rest) {
		part[n++] = rest;
		rest = strchr(rest, ' ');
		if (rest)
			*rest++ = '\0';
	}
	if (rest || (n != PARTS && n != PARTS_MAX))
		return false;
	key = part[n - 1];
	if (n == PARTS_MAX && (!str_starts(part[7], "l=") || !str_starts(part[8], "w=")))
		return false;
	if (n == PARTS)
		part[7] = part[8] = (char *)(uintptr_t)"l=";
	part[9] = key;
	return str_starts(part[5], "n=") && str_starts(part[6], "a=");
}

static int load_stamps(const struct loading *l, const char *text, struct usage_row *r)
{
	struct pool pool;
	int ret = -1;

	pool_init(&pool, DECISIONS_KEY);
	for (; *text && r->n < USAGE_STAMPS; r->n++) {
		struct usage_stamp *s = &r->stamp[r->n];
		int64_t age;

		if (unpack_int(&pool, &text, INT64_MAX / 4, &age) < 0 ||
		    unpack_int(&pool, &text, WIRE_TIMES, &s->times) < 0)
			goto out;
		s->at_ms = clock_boot(l->d->clock) - age_of(l) - age;
	}
	ret = *text ? -1 : 0;
out:
	pool_fini(&pool);
	return ret;
}

/* "JID RULE WITHIN AGE:TIMES,..." */
static int load_usage(struct loading *l, const char *value)
{
	char *line = mem_strdup(value), *part[4], *save = NULL, *jid = NULL;
	struct usage_row row = { .n = 0 };
	struct pool pool;
	int ret = -1;

	pool_init(&pool, DECISIONS_KEY);
	for (size_t i = 0; i < 4; i++)
		part[i] = line ? strtok_r(i == 0 ? line : NULL, " ", &save) : NULL;
	if (!part[0] || !part[1] || !part[2] || !part[3] ||
	    !(jid = decode(&pool, part[0], strlen(part[0]))) ||
	    str_to_int(part[1], 0, INT64_MAX, &row.rule) < 0 ||
	    str_to_int(part[2], 1, WIRE_TIMES_SECONDS * 1000LL, &row.within_ms) < 0 ||
	    load_stamps(l, part[3], &row) < 0)
		goto out;
	row.jid = jid;
	(void)usage_restore(&l->d->usage, &row);
	ret = 0;
out:
	pool_fini(&pool);
	mem_free(line);
	return ret;
}

static int load_entry(struct loading *l, bool allowed, const char *value)
{
	char *line = mem_strdup(value), *part[PARTS_MAX], *end;
	struct decisions_entry x;
	int64_t revision = 0;
	int ret = -1;

	memset(&x, 0, sizeof(x));
	if (!line || !split_entry(line, part) || l->d->n >= DECISIONS_MAX ||
	    str_to_int(part[0], 0, INT64_MAX, &revision) < 0 ||
	    str_to_int(part[1], 0, INT64_MAX / 2, &x.end_wall) < 0 ||
	    str_to_int(part[2], 0, INT64_MAX / 2, &x.end_boot) < 0 ||
	    str_to_int(part[3], 0, DECISIONS_LEASE_MAX_MS, &x.lease_ms) < 0)
		goto out;
	x.allowed = allowed;
	x.revision = (uint64_t)revision;
	x.types = (unsigned)strtoul(part[4], &end, 16) & FIELD_ALL;
	if (*end || !strchr(part[9], '|'))
		goto out;
	ret = 0;
	if (!settle_end(l, &x) || (x.revision && x.revision < l->d->floor))
		goto out;
	x.names = mem_strdup(part[5] + 2);
	x.nodes = mem_strdup(part[6] + 2);
	x.limits = mem_strdup(part[7] + 2);
	x.why = mem_strdup(part[8] + 2);
	x.key = mem_strdup(part[9]);
	if (x.names && x.nodes && x.limits && x.why && x.key)
		l->d->entry[l->d->n++] = x;
	else
		entry_fini(&x);
out:
	mem_free(line);
	return ret;
}

/* Of a damaged file nothing is believed. */
static void forget_all(struct decisions *d)
{
	drop_all(d);
	usage_fini(&d->usage);
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	struct loading *l = arg;
	bool allow = strcmp(name, "allow") == 0;

	if (strcmp(name, "used") == 0 ? load_usage(l, value) < 0 :
	    allow || strcmp(name, "deny") == 0 ? load_entry(l, allow, value) < 0
	    : load_head(l, name, value) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return 0;
}

int decisions_parse(struct decisions *d, const char *text, size_t len, struct err *e)
{
	struct loading l = { d, 0, -1, false };
	int ret = statefile_parse(text, len, KIND, row, &l, e);

	if (ret < 0)
		forget_all(d);
	return ret;
}

static void read_boot_id(char *out, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n ")] = '\0';
	if (fd >= 0)
		close(fd);
}

int decisions_open(struct decisions *d, const struct clock *clock, const char *dir,
    struct err *e)
{
	struct loading l = { d, 0, -1, false };
	struct err why = ERR_INIT;

	memset(d, 0, sizeof(*d));
	d->clock = clock;
	d->dir = dir;
	d->cleared_ms = -1;
	read_boot_id(d->boot_id, sizeof(d->boot_id));
	d->entry = mem_array(DECISIONS_MAX, sizeof(d->entry[0]));
	if (!d->entry)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (!dir || statefile_load(dir, KIND, row, &l, &why) == 0)
		return 0;
	forget_all(d);
	if (why.kind == ERR_AGAIN)
		return 0;
	if (e)
		*e = why;
	return -1;
}

void decisions_close(struct decisions *d)
{
	for (size_t i = 0; i < d->n; i++)
		entry_fini(&d->entry[i]);
	usage_fini(&d->usage);
	mem_free(d->entry);
	memset(d, 0, sizeof(*d));
}
