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

#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "decisions"
#define LIST_MAX (WIRE_NODES > WIRE_NAMES ? WIRE_NODES : WIRE_NAMES)

struct decisions_entry {
	char *key;
	char *names, *nodes;	/* encoded lists; "" : all */
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

/* ---- entries ------------------------------------------------------------ */

static void entry_fini(struct decisions_entry *x)
{
	free(x->key);
	free(x->names);
	free(x->nodes);
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
	    unpack_nodes(pool, x->nodes, &found.nodes) < 0)
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
static char *pack(int (*add)(struct buf *, const void *), const void *list)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, DECISIONS_KEY);
	if (add(&b, list) == 0 && buf_ok(&b))
		text = strdup(buf_str(&b));
	buf_fini(&b);
	return text;
}

static int pack_names(struct buf *b, const void *list)
{
	return add_names(b, list);
}

static int pack_nodes(struct buf *b, const void *list)
{
	return add_nodes(b, list);
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
	x.key = strdup(key);
	x.names = pack(pack_names, &what->names);
	x.nodes = pack(pack_nodes, &what->nodes);
	if (!x.key || !x.names || !x.nodes) {
		entry_fini(&x);
		return true;
	}
	*new_entry(d) = x;
	d->n++;
	d->dirty = true;
	return true;
}

int decisions_clear(struct decisions *d, uint64_t floor, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (floor > d->floor)
		d->floor = floor;
	for (size_t i = d->n; i-- > 0;)
		if (floor == 0 || d->entry[i].revision < d->floor)
			drop(d, i);
	d->cleared_ms = clock_boot(d->clock);
	d->generation++;
	d->dirty = true;
	if (decisions_save(d, e) == 0)
		return 0;
	/* No file at all is safe too: it only asks more. */
	return d->dir ? statefile_remove(d->dir, KIND, &ignored) : -1;
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

/* ---- the file ----------------------------------------------------------- */

/* Lines: "saved WALL", "boot ID", "floor N", and per answer
 * "allow|deny REVISION END-WALL END-BOOT LEASE TYPES NAMES= NODES= KEY". */
static void add_entry(struct buf *b, const struct decisions_entry *x)
{
	buf_addf(b, "%s %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %x n=%s a=%s %s\n",
	    x->allowed ? "allow" : "deny", x->revision, x->end_wall, x->end_boot,
	    x->lease_ms, x->types, x->names, x->nodes, x->key);
}

int decisions_save(struct decisions *d, struct err *e)
{
	struct buf b;
	size_t mark;
	int ret;

	if (!d->dirty || !d->dir)
		return 0;
	drop_over(d);
	statefile_begin(&b, KIND);
	buf_addf(&b, "saved %" PRId64 "\n", clock_wall(d->clock));
	statefile_add(&b, "boot", d->boot_id);
	buf_addf(&b, "floor %" PRIu64 "\n", d->floor);
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
	bool same_boot;
};

static int load_head(struct loading *l, const char *name, const char *value)
{
	int64_t floor;

	if (strcmp(name, "saved") == 0)
		return str_to_int(value, 0, INT64_MAX, &l->saved);
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

/* "5 100 ... n=.. a=.. KEY" -> pointers into the line; false if malformed. */
static bool split_entry(char *line, char *part[static 8])
{
	for (size_t i = 0; i < 8; i++) {
		part[i] = line;
		line = i < 7 ? strchr(line, ' ') : NULL;
		if (i < 7 && !line)
			return false;
		if (line)
			*line++ = '\0';
	}
	return !strchr(part[7], ' ') && str_starts(part[5], "n=") && str_starts(part[6], "a=");
}

static int load_entry(struct loading *l, bool allowed, const char *value)
{
	char *line = strdup(value), *part[8], *end;
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
	if (*end || !strchr(part[7], '|'))
		goto out;
	ret = 0;
	if (!settle_end(l, &x) || (x.revision && x.revision < l->d->floor))
		goto out;
	x.names = strdup(part[5] + 2);
	x.nodes = strdup(part[6] + 2);
	x.key = strdup(part[7]);
	if (x.names && x.nodes && x.key)
		l->d->entry[l->d->n++] = x;
	else
		entry_fini(&x);
out:
	free(line);
	return ret;
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	struct loading *l = arg;
	bool allow = strcmp(name, "allow") == 0;

	if (allow || strcmp(name, "deny") == 0 ? load_entry(l, allow, value) < 0
	    : load_head(l, name, value) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return 0;
}

int decisions_parse(struct decisions *d, const char *text, size_t len, struct err *e)
{
	struct loading l = { d, 0, false };
	int ret = statefile_parse(text, len, KIND, row, &l, e);

	if (ret < 0)
		drop_all(d);
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
	struct loading l = { d, 0, false };
	struct err why = ERR_INIT;

	memset(d, 0, sizeof(*d));
	d->clock = clock;
	d->dir = dir;
	d->cleared_ms = -1;
	read_boot_id(d->boot_id, sizeof(d->boot_id));
	d->entry = calloc(DECISIONS_MAX, sizeof(d->entry[0]));
	if (!d->entry)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (!dir || statefile_load(dir, KIND, row, &l, &why) == 0)
		return 0;
	drop_all(d);
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
	free(d->entry);
	memset(d, 0, sizeof(*d));
}
