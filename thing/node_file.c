/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_file: statefile.h's lines, two kinds of them.
 */
#include "config.h"

#include "thing/node_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "thing/statefile.h"

#define NODE "node-"
#define GRAVE "grave-"
#define NAME 64		/* bytes of a file's name */

/* ---- names -------------------------------------------------------------- */

static void name_of(char out[static NAME], const char *prefix, const struct node *at)
{
	uint8_t digest[HASH_BYTES];
	char name[IDENT_TEXT];
	struct hash h;

	hash_start(&h, "kith node address 1");
	hash_text(&h, at->id);
	hash_text(&h, at->source);
	hash_text(&h, at->partition);
	hash_end(&h, digest);
	ident_name(name, digest);
	snprintf(out, NAME, "%s%s", prefix, name);
}

static void add_address(struct buf *b, const struct node *at)
{
	statefile_add(b, "id", at->id);
	if (at->source)
		statefile_add(b, "source", at->source);
	if (at->partition)
		statefile_add(b, "partition", at->partition);
}

/* ---- node-NAME ---------------------------------------------------------- */

struct loading {
	struct thing_node *n;
	const char *registry;
	uint64_t epoch;
	bool same_registry;
};

static int take_jid(char **out, const char *value)
{
	struct jid j;

	if (jid_parse_bare(&j, value, JID_STRINGPREP, NULL) < 0 || strchr(value, '/'))
		return -1;
	mem_free(*out);
	*out = mem_strdup(value);
	return *out ? 0 : -1;
}

static int take_epoch(struct loading *l, const char *value)
{
	int64_t v;

	if (str_to_int(value, 0, INT64_MAX, &v) < 0)
		return -1;
	l->epoch = (uint64_t)v;
	return 0;
}

static int is_same(const char *have, const char *value)
{
	return have && strcmp(have, value) == 0 ? 0 : -1;
}

static int take(struct loading *l, const char *name, const char *value)
{
	struct thing_node *n = l->n;

	if (strcmp(name, "id") == 0)
		return is_same(n->at.id, value);
	if (strcmp(name, "source") == 0)
		return is_same(n->at.source, value);
	if (strcmp(name, "partition") == 0)
		return is_same(n->at.partition, value);
	if (strcmp(name, "key") == 0)
		return *value ? str_copy(n->key, sizeof(n->key), value) : -1;
	if (strcmp(name, "key-used") == 0)
		return str_to_bool(value, &n->key_used);
	if (strcmp(name, "owner") == 0)
		return take_jid(&n->owner, value);
	if (strcmp(name, "former") == 0)
		return take_jid(&n->former, value);
	if (strcmp(name, "public") == 0)
		return str_to_bool(value, &n->is_public);
	if (strcmp(name, "epoch") == 0)
		return take_epoch(l, value);
	if (strcmp(name, "registry") != 0)
		return -1;
	l->same_registry = strcmp(value, l->registry) == 0;
	return 0;
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	if (take(arg, name, value) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return 0;
}

/* As if there were no file. */
static void forget(struct thing_node *n)
{
	secret_cleanse(n->key, sizeof(n->key));
	mem_free(n->owner);
	mem_free(n->former);
	n->owner = n->former = NULL;
	n->key_used = n->is_public = false;
}

int node_file_load(struct thing_node *n, const char *dir, const char *registry, struct err *e)
{
	struct loading l = { .n = n, .registry = registry };
	char name[NAME];

	name_of(name, NODE, &n->at);
	if (statefile_load(dir, name, row, &l, e) < 0) {
		forget(n);
		return -1;
	}
	if (!n->key[0]) {
		forget(n);
		return err_set(e, ERR_INPUT, "'%s/%s' holds no key", dir, name);
	}
	n->epoch = l.same_registry ? l.epoch : 0;
	return 0;
}

int node_file_save(const struct thing_node *n, const char *dir, const char *registry,
    struct err *e)
{
	char name[NAME];
	struct buf b;
	int ret;

	name_of(name, NODE, &n->at);
	statefile_begin(&b, name);
	add_address(&b, &n->at);
	statefile_add(&b, "key", n->key);
	statefile_add(&b, "key-used", n->key_used ? "true" : "false");
	if (n->owner)
		statefile_add(&b, "owner", n->owner);
	if (n->former)
		statefile_add(&b, "former", n->former);
	statefile_add(&b, "public", n->is_public ? "true" : "false");
	if (n->epoch && *registry) {
		buf_addf(&b, "epoch %llu\n", (unsigned long long)n->epoch);
		statefile_add(&b, "registry", registry);
	}
	statefile_end(&b);
	ret = statefile_save(dir, name, &b, e);
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return ret;
}

/* ---- grave-NAME --------------------------------------------------------- */

static int remove_both(const char *dir, const char *name, struct err *e)
{
	char fresh[NAME + 8];

	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	return statefile_remove(dir, fresh, e) < 0 ? -1 : statefile_remove(dir, name, e);
}

int node_file_bury(const struct node *at, const char *dir, struct err *e)
{
	char name[NAME], grave[NAME];
	struct buf b;
	int ret;

	name_of(name, NODE, at);
	name_of(grave, GRAVE, at);
	statefile_begin(&b, grave);
	add_address(&b, at);
	statefile_end(&b);
	ret = statefile_save(dir, grave, &b, e);
	buf_fini(&b);
	return ret < 0 ? -1 : remove_both(dir, name, e);
}

int node_file_forget(const struct node *at, const char *dir, struct err *e)
{
	char grave[NAME];

	name_of(grave, GRAVE, at);
	return statefile_remove(dir, grave, e);
}

struct grave {
	struct node at;
	char part[3][4 * WIRE_NODE_TEXT + 1];
};

static int grave_row(void *arg, const char *name, const char *value, struct err *e)
{
	static const char *const names[] = { "id", "source", "partition" };
	struct grave *g = arg;
	const char **to[] = { &g->at.id, &g->at.source, &g->at.partition };

	for (size_t i = 0; i < 3; i++)
		if (strcmp(names[i], name) == 0 &&
		    str_copy(g->part[i], sizeof(g->part[i]), value) == 0) {
			*to[i] = g->part[i];
			return 0;
		}
	return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
}

int node_file_graves(const char *dir, void (*found)(void *, const struct node *), void *arg,
    struct err *e)
{
	char name[NAME];
	struct dirent *x;
	DIR *d = opendir(dir);
	int ret = 0;

	if (!d)
		return err_errno(e, "cannot look into folder '%s'", dir);
	while (ret == 0 && (x = readdir(d))) {
		struct grave g = { .part = { "" } };

		if (!str_starts(x->d_name, GRAVE) ||
		    statefile_load(dir, x->d_name, grave_row, &g, NULL) < 0 || !g.at.id)
			continue;
		/* Killed before its secrets were wiped? */
		name_of(name, NODE, &g.at);
		ret = remove_both(dir, name, e);
		if (ret == 0)
			found(arg, &g.at);
	}
	closedir(d);
	return ret;
}
