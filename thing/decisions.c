/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions: the lease cache and its file.  Who asks and what is done with an
 * answer: access.c.  Lists inside an entry stay in the encoded form of the
 * canonical question (canon.h) and are unpacked when found.
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
#include "thing/canon.h"
#include "thing/statefile.h"

#define KIND "decisions"
#define KEPT_MS 60000		/* uses that count so long are on disk before they happen */

_Static_assert(CLEAR_FRIEND == 1u << DECIDE_FRIEND && CLEAR_READ == 1u << DECIDE_READ &&
    CLEAR_CONTROL == 1u << DECIDE_CONTROL, "the wire counts actions as we do");

struct decisions_entry {
	char *key;
	char *names, *nodes;	/* encoded lists; "" : all */
	char *limits, *why;	/* encoded; "": none */
	bool allowed;
	unsigned types;
	uint64_t revision;	/* 0: a service without revisions */
	int64_t end_boot, end_wall;
	int64_t lease_ms;
	bool standby;		/* counts past its end while nobody can be asked ... */
	int64_t edge_boot, edge_wall;	/* ... until then; 0: no end */
};

static const char *const action_names[] = { "befriend", "read", "control" };

const char *decision_action_name(enum decision_action a)
{
	return action_names[a];
}

int decisions_key(struct buf *out, const struct decision_question *q)
{
	const struct { char tag; const struct name_list *list; } lists[] = {
		{ 's', &q->tokens.service }, { 'd', &q->tokens.device },
		{ 'u', &q->tokens.user }, { 'n', &q->names },
	};

	buf_addf(out, "%s|", decision_action_name(q->action));
	canon_add(out, q->jid);
	buf_addf(out, "|t%x", q->types & FIELD_ALL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		buf_addf(out, "|%c", lists[i].tag);
		if (canon_add_names(out, lists[i].list) < 0)
			return -1;
	}
	buf_adds(out, "|a");
	if (canon_add_nodes(out, &q->nodes) < 0)
		return -1;
	return buf_ok(out) ? 0 : -1;
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

/* Does it stand by?  What a condition of time may have changed does not. */
static bool stands_by(const struct decisions *d, const struct decisions_entry *x)
{
	return x->standby && x->allowed &&
	    (x->edge_wall == 0 || clock_boot(d->clock) < x->edge_boot);
}

static void drop_over(struct decisions *d)
{
	for (size_t i = d->n; i-- > 0;)
		if (is_over(d, &d->entry[i]) && !stands_by(d, &d->entry[i]))
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

static bool has_room(struct decisions *d)
{
	size_t room = d->room ? 2 * d->room : 8;
	struct decisions_entry *more;

	if (d->n < d->room)
		return true;
	more = mem_resize_array(d->entry, room, sizeof(*more));
	if (!more)
		return false;
	d->entry = more;
	d->room = room;
	return true;
}

/* Over ones make room first, then the one that ends first. */
static void make_room(struct decisions *d)
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
}

static bool unpack_entry(struct decisions *d, const struct decisions_entry *x, struct pool *pool,
    struct decision *out)
{
	struct decision found;

	memset(&found, 0, sizeof(found));
	found.allowed = x->allowed;
	found.types = x->types;
	found.has_lease = x->revision != 0;
	found.revision = x->revision;
	found.lease_ms = x->lease_ms;
	if (canon_names(pool, x->names, &found.names) < 0 ||
	    canon_nodes(pool, x->nodes, &found.nodes) < 0 ||
	    canon_limits(pool, x->limits, &found) < 0 ||
	    canon_why(pool, x->why, clock_boot(d->clock) - (x->end_boot - x->lease_ms),
		&found.why) < 0)
		return false;
	*out = found;
	return true;
}

bool decisions_find(struct decisions *d, const char *key, struct pool *pool,
    struct decision *out)
{
	const struct decisions_entry *x = find(d, key);

	return x && !is_over(d, x) && unpack_entry(d, x, pool, out);
}

bool decisions_standby(struct decisions *d, const char *key, struct pool *pool,
    struct decision *out)
{
	const struct decisions_entry *x = find(d, key);

	if (!x || !stands_by(d, x) || !unpack_entry(d, x, pool, out))
		return false;
	out->standby = true;
	return true;
}

/* ---- what an answer is about -------------------------------------------- */

/* Texts that are one for a rule (without case, after normalisation) may look different
 * here: only of plain ASCII can that be told. */
static bool may_be(const char *item, size_t len, const char *text)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (item[i] == '%' && item[i + 1] >= '8')
			return true;
	return strlen(text) == len && str_case_starts(item, text);
}

/* The parts of an encoded node; what either leaves out may be anything. */
static bool may_be_node(const char *item, size_t len, const char *text)
{
	const char *end = item + len;

	while (item <= end) {
		size_t n = strcspn(item, ":,|"), m = strcspn(text, ":");
		bool open = n == 0 || *item == '~' || m == 0 || *text == '~';

		if (!open && (n != m || strncmp(item, text, n) != 0))
			return false;
		item += n + 1;
		text += m + (text[m] != '\0');
	}
	return true;
}

/* Is this encoded text in "a,b,c"?  An empty list is all. */
static bool list_has(const char *list, size_t len, const char *text,
    bool (*is_one)(const char *item, size_t len, const char *text))
{
	for (size_t i = 0, n; i < len; i += n + 1) {
		n = strcspn(list + i, ",|");
		if (is_one(list + i, n, text))
			return true;
	}
	return len == 0;
}

static bool concerns(const struct decisions_entry *x, const struct clear_about *a)
{
	struct canon_key k;
	struct pool pool;
	const char *jid, *name, *node;
	bool yes;
	int action;

	canon_key_split(x->key, &k);
	action = canon_action(&k);
	pool_init(&pool, 8 * DECISIONS_KEY);
	jid = a->jid ? canon_name(&pool, a->jid) : NULL;
	name = a->name ? canon_name(&pool, a->name) : NULL;
	node = node_is_set(&a->node) ? canon_node(&pool, &a->node) : NULL;
	if ((a->jid && !jid) || (a->name && !name) || (node_is_set(&a->node) && !node))
		yes = true;	/* no memory: rather too much */
	else
		yes = (a->actions == 0 || action < 0 || (a->actions & 1u << action) != 0) &&
		    (!jid || may_be(k.jid, k.jid_len, jid)) &&
		    (!name || action == DECIDE_FRIEND ||
			list_has(k.names, k.names_len, name, may_be)) &&
		    (!node || action == DECIDE_FRIEND ||
			list_has(k.nodes, k.nodes_len, node, may_be_node));
	pool_fini(&pool);
	return yes;
}

static bool concerns_any(const struct decisions_entry *x, const struct clear_about *about,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (concerns(x, &about[i]))
			return true;
	return n == 0;
}

static int unpack_row(struct decisions *d, const struct decisions_entry *x, struct pool *pool,
    struct decisions_row *out)
{
	struct canon_key k;
	char *names, *nodes;
	int64_t left = x->end_boot - clock_boot(d->clock);

	canon_key_split(x->key, &k);
	names = pool_strndup(pool, k.names, k.names_len);
	nodes = pool_strndup(pool, k.nodes, k.nodes_len);
	memset(out, 0, sizeof(*out));
	out->action = (enum decision_action)(canon_action(&k) > 0 ? canon_action(&k) : DECIDE_FRIEND);
	out->jid = canon_read(pool, k.jid, k.jid_len);
	out->left_ms = left > 0 ? left : 0;
	if (!names || !nodes || !out->jid || canon_names(pool, names, &out->asked_names) < 0 ||
	    canon_nodes(pool, nodes, &out->asked_nodes) < 0 ||
	    !unpack_entry(d, x, pool, &out->what))
		return -1;
	out->what.standby = stands_by(d, x);
	return 0;
}

bool decisions_at(struct decisions *d, size_t i, struct pool *pool, struct decisions_row *out)
{
	drop_over(d);
	return i < d->n && unpack_row(d, &d->entry[i], pool, out) == 0;
}

/* ---- keeping ------------------------------------------------------------ */

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
	return canon_add_names(b, &what->names);
}

static int pack_nodes(struct buf *b, const struct decision *what)
{
	return canon_add_nodes(b, &what->nodes);
}

/* Less than a full yes: what he was allowed before stands by no longer, in whatever
 * question it was. */
static void drop_standby(struct decisions *d, const char *key, const struct decision *what)
{
	struct canon_key mine, k;

	if (what->allowed && what->names.n == 0 && what->nodes.n == 0)
		return;
	canon_key_split(key, &mine);
	for (size_t i = d->n; i-- > 0;) {
		canon_key_split(d->entry[i].key, &k);
		if (d->entry[i].standby && is_over(d, &d->entry[i]) &&
		    canon_action(&k) == canon_action(&mine) && k.jid_len == mine.jid_len &&
		    strncmp(k.jid, mine.jid, k.jid_len) == 0)
			drop(d, i);
	}
}

static void set_edge(const struct decisions *d, struct decisions_entry *x,
    const struct decision *what, int64_t asked_ms)
{
	x->standby = what->standby && what->allowed;
	if (what->edge_ms <= 0)
		return;
	x->edge_boot = asked_ms + what->edge_ms;
	x->edge_wall = clock_wall(d->clock) + (x->edge_boot - clock_boot(d->clock));
}

bool decisions_keep(struct decisions *d, const char *key, const struct decision *what,
    int64_t asked_ms)
{
	struct decisions_entry x, *old = find(d, key);
	int64_t now = clock_boot(d->clock), lease = lease_of(what);

	if (what->has_lease ? what->revision < d->floor : asked_ms <= d->cleared_ms)
		return false;
	/* Asked before a clear that was about some answers only; maybe about this one. */
	if (what->has_lease && asked_ms <= d->cleared_ms && what->revision < d->about_floor)
		return false;
	/* An older answer than the one we have, overtaken on the way. */
	if (old && what->has_lease && what->revision < old->revision)
		return false;
	if (old)
		drop(d, (size_t)(old - d->entry));
	drop_standby(d, key, what);
	/* Counts for this request, and is not kept, but to stand by. */
	if (lease <= 0 || (asked_ms + lease <= now && !(what->standby && what->allowed)))
		return true;
	memset(&x, 0, sizeof(x));
	x.allowed = what->allowed;
	x.types = what->types;
	x.revision = what->has_lease ? what->revision : 0;
	x.lease_ms = lease;
	x.end_boot = asked_ms + lease;
	x.end_wall = clock_wall(d->clock) + (x.end_boot - now);
	set_edge(d, &x, what, asked_ms);
	x.key = mem_strdup(key);
	x.names = pack(pack_names, what);
	x.nodes = pack(pack_nodes, what);
	x.limits = pack(canon_add_limits, what);
	x.why = pack(canon_add_why, what);
	make_room(d);
	if (!x.key || !x.names || !x.nodes || !x.limits || !x.why || !has_room(d)) {
		entry_fini(&x);
		return true;
	}
	d->entry[d->n++] = x;
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

int decisions_clear_node(struct decisions *d, const struct node *node, struct err *e)
{
	struct clear_about about = { .node = *node };

	for (size_t i = d->n; i-- > 0;)
		if (concerns(&d->entry[i], &about))
			drop(d, i);
	return save_clear(d, e);
}

int decisions_clear(struct decisions *d, uint64_t floor, const struct clear_about *about,
    size_t n, struct err *e)
{
	uint64_t below = floor > d->floor ? floor : d->floor;

	/* Without a floor nobody knows which answers are older: all go. */
	n = floor == 0 ? 0 : n;
	for (size_t i = d->n; i-- > 0;)
		if (floor == 0 || (d->entry[i].revision < below &&
		    concerns_any(&d->entry[i], about, n)))
			drop(d, i);
	if (n == 0)
		d->floor = below;
	else if (floor > d->about_floor)
		d->about_floor = floor;
	return save_clear(d, e);
}

uint64_t decisions_heard(const struct decisions *d)
{
	return d->floor > d->about_floor ? d->floor : d->about_floor;
}

void decisions_forget(struct decisions *d, const char *jid)
{
	struct buf mark;

	buf_init(&mark, DECISIONS_KEY);
	buf_addc(&mark, '|');
	canon_add(&mark, jid);
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

/* Lines: "saved WALL", "boot ID", "at BOOT", "floor N", "about N"; per asker and rule with a
 * rate "used JID RULE WITHIN AGE:TIMES,..."; and per answer "allow|deny REVISION
 * END-WALL END-BOOT LEASE TYPES n=NAMES a=NODES [l=LIMITS w=WHY] KEY"; one that stands
 * by: "keep EDGE-WALL EDGE-BOOT" and the same. */
static void add_entry(struct buf *b, const struct decisions_entry *x)
{
	if (x->standby)
		buf_addf(b, "keep %" PRId64 " %" PRId64, x->edge_wall, x->edge_boot);
	else
		buf_adds(b, x->allowed ? "allow" : "deny");
	buf_addf(b, " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %x n=%s a=%s ",
	    x->revision, x->end_wall, x->end_boot,
	    x->lease_ms, x->types, x->names, x->nodes);
	if (*x->limits || *x->why)
		buf_addf(b, "l=%s w=%s ", x->limits, x->why);
	buf_addf(b, "%s\n", x->key);
}

static void add_usage(struct buf *b, const struct usage_row *r, int64_t now)
{
	buf_adds(b, "used ");
	canon_add(b, r->jid);
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
	buf_addf(&b, "at %" PRId64 "\nfloor %" PRIu64 "\nabout %" PRIu64 "\n", now, d->floor,
	    d->about_floor);
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
	if (str_to_int(value, 0, INT64_MAX, &floor) != 0)
		return -1;
	if (strcmp(name, "floor") == 0)
		l->d->floor = (uint64_t)floor;
	else if (strcmp(name, "about") == 0)
		l->d->about_floor = (uint64_t)floor;
	else
		return -1;
	return 0;
}

/* After another boot the wall clock has to do, and only if it has not gone
 * back behind the file; a lease never grows. */
static bool settle_lease(const struct loading *l, struct decisions_entry *x)
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

/* The same for one that stands by: its edge must be known to lie ahead. */
static bool settle_edge(const struct loading *l, struct decisions_entry *x)
{
	int64_t now = clock_boot(l->d->clock), wall = clock_wall(l->d->clock);

	if (x->edge_wall == 0)
		return true;
	if (!l->same_boot) {
		if (wall < l->saved)
			return false;
		x->edge_boot = now + (x->edge_wall - wall);
	}
	return x->edge_boot > now;
}

static bool settle_end(const struct loading *l, struct decisions_entry *x)
{
	if (x->standby && !settle_edge(l, x))
		x->standby = false;
	if (settle_lease(l, x))
		return true;
	if (x->end_boot > clock_boot(l->d->clock))
		x->end_boot = clock_boot(l->d->clock);
	return x->standby;
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

		if (canon_int(&pool, &text, INT64_MAX / 4, &age) < 0 ||
		    canon_int(&pool, &text, WIRE_TIMES, &s->times) < 0)
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
	    !(jid = canon_read(&pool, part[0], strlen(part[0]))) ||
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

/* "EDGE-WALL EDGE-BOOT " before the rest; NULL: not so. */
static const char *load_edge(struct decisions_entry *x, const char *value)
{
	const char *rest = strchr(value, ' ');
	char *end;

	rest = rest ? strchr(rest + 1, ' ') : NULL;
	x->edge_wall = strtoll(value, &end, 10);
	if (!rest || *end != ' ')
		return NULL;
	x->edge_boot = strtoll(end + 1, &end, 10);
	x->standby = end == rest && x->edge_wall >= 0;
	return x->standby ? rest + 1 : NULL;
}

static int load_entry(struct loading *l, const char *verdict, const char *value)
{
	char *line, *part[PARTS_MAX], *end;
	struct decisions_entry x;
	int64_t revision = 0;
	int ret = -1;

	memset(&x, 0, sizeof(x));
	if (strcmp(verdict, "keep") == 0 && !(value = load_edge(&x, value)))
		return -1;
	line = mem_strdup(value);
	if (!line || !split_entry(line, part) || l->d->n >= DECISIONS_MAX ||
	    str_to_int(part[0], 0, INT64_MAX, &revision) < 0 ||
	    str_to_int(part[1], 0, INT64_MAX / 2, &x.end_wall) < 0 ||
	    str_to_int(part[2], 0, INT64_MAX / 2, &x.end_boot) < 0 ||
	    str_to_int(part[3], 0, DECISIONS_LEASE_MAX_MS, &x.lease_ms) < 0)
		goto out;
	x.allowed = strcmp(verdict, "deny") != 0;
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
	if (x.names && x.nodes && x.limits && x.why && x.key && has_room(l->d))
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
	bool entry = strcmp(name, "allow") == 0 || strcmp(name, "deny") == 0 ||
	    strcmp(name, "keep") == 0;

	if (strcmp(name, "used") == 0 ? load_usage(l, value) < 0 :
	    entry ? load_entry(l, name, value) < 0 : load_head(l, name, value) < 0)
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
