/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_table: one row a person with all his roles, parted by blanks, since they
 * are few and always wanted together.  A change replaces the whole person
 * (common/store/mirror.h).
 */
#include "config.h"

#include "provisioning/role_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/mirror.h"
#include "common/store/store.h"
#include "common/store/table.h"

#define ROLES_TEXT (POLICY_ROLES * (ROLE_NAME + 1))

struct kept {
	struct role_person pub;		/* first: a person is the start of its entry */
	uint64_t hash;
	size_t index;			/* in role_table.person */
	const char *role[POLICY_ROLES];
	char text[];			/* jid, then the roles, a NUL behind each */
};

struct role_table {
	struct store *store;
	struct mirror mirror;
	struct table_seed seed;
	struct table by_jid;
	struct kept **person;
	size_t n, cap;
	struct stmt *put, *erase;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE role_of (jid TEXT PRIMARY KEY, roles TEXT NOT NULL)" },
};
static const struct store_schema schema = { "role", steps, sizeof(steps) / sizeof(steps[0]) };

bool role_name_is_good(const char *name)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len <= ROLE_NAME && name[0] >= 'a' && name[0] <= 'z' &&
	    strspn(name, more) == len;
}

/* ---- memory ---- */

static struct kept *find(const struct role_table *t, const char *jid)
{
	uint64_t hash = table_hash_text(&t->seed, 0, jid);
	struct kept *k;
	size_t at;

	for (k = table_first(&t->by_jid, hash, &at); k; k = table_next(&t->by_jid, hash, &at))
		if (strcmp(k->pub.jid, jid) == 0)
			return k;
	return NULL;
}

static void swap(void *arg, void *out, void *in)
{
	struct role_table *t = arg;
	struct kept *gone = out, *here = in;

	if (gone != NULL) {
		table_remove(&t->by_jid, gone->hash, gone);
		t->person[gone->index] = t->person[--t->n];
		t->person[gone->index]->index = gone->index;
	}
	if (here != NULL) {
		table_add(&t->by_jid, here->hash, here);
		here->index = t->n;
		t->person[t->n++] = here;
	}
}

static void drop(void *arg, void *item)
{
	(void)arg;
	free(item);
}

static const struct mirror_ops ops = { swap, drop, NULL };

static int reserve(struct role_table *t, struct err *e)
{
	size_t cap = t->cap == 0 ? 64 : 2 * t->cap;
	struct kept **more;

	if (table_reserve(&t->by_jid, 1, e) != 0 || mirror_reserve(&t->mirror, e) != 0)
		return -1;
	if (t->n < t->cap)
		return 0;
	more = reallocarray(t->person, cap, sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->person = more;
	t->cap = cap;
	return 0;
}

/* `roles`: as in the row.  NULL: out of memory, or no such row is written by us. */
static struct kept *kept_new(const struct role_table *t, const char *jid, const char *roles)
{
	size_t jid_size = strlen(jid) + 1, size = strlen(roles) + 1;
	struct kept *k = calloc(1, sizeof(*k) + jid_size + size);
	char *rest, *role;

	if (k == NULL)
		return NULL;
	memcpy(k->text, jid, jid_size);
	memcpy(k->text + jid_size, roles, size);
	k->pub.jid = k->text;
	k->pub.role = k->role;
	k->hash = table_hash_text(&t->seed, 0, jid);
	for (rest = k->text + jid_size; (role = strsep(&rest, " ")) != NULL;) {
		if (k->pub.n == POLICY_ROLES || !role_name_is_good(role)) {
			free(k);
			return NULL;
		}
		k->role[k->pub.n++] = role;
	}
	return k;
}

/* ---- changes ---- */

/* NULL, or nothing in it: the person goes. */
static int replace(struct role_table *t, struct kept *old, const char *jid, const char *roles,
    struct err *e)
{
	struct stmt *st = roles[0] != '\0' ? t->put : t->erase;
	struct kept *k = NULL;

	if (reserve(t, e) != 0)
		return -1;
	if (roles[0] != '\0' && (k = kept_new(t, jid, roles)) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	stmt_bind_text(st, 1, jid);
	if (k != NULL)
		stmt_bind_text(st, 2, roles);
	if (stmt_run(st, NULL, e) != 0) {
		free(k);
		return -1;
	}
	mirror_swap(&t->mirror, old, k);
	return 1;
}

/* His roles and `more`, without `less`. */
static void join(char out[static ROLES_TEXT], const struct kept *k, const char *more,
    const char *less)
{
	size_t at = 0;

	for (size_t i = 0; i <= (k != NULL ? k->pub.n : 0); i++) {
		const char *role = k != NULL && i < k->pub.n ? k->role[i] : more;
		size_t len = role == NULL ? 0 : strlen(role);

		if (role == NULL || (less != NULL && strcmp(role, less) == 0))
			continue;
		if (at > 0)
			out[at++] = ' ';
		memcpy(out + at, role, len);
		at += len;
	}
	out[at] = '\0';
}

int role_table_add(struct role_table *t, const char *jid, const char *name, struct err *e)
{
	struct kept *k = find(t, jid);
	char roles[ROLES_TEXT];

	if (!role_name_is_good(name))
		return err_set(e, ERR_INPUT, "a role is a word of a-z, 0-9, '-', '_' and '.', beginning "
		    "with a letter, %d at most", ROLE_NAME);
	if (role_table_has(t, jid, name))
		return 0;
	if (k == NULL ? t->n >= ROLE_PEOPLE : k->pub.n >= POLICY_ROLES)
		return err_set(e, ERR_LIMIT, "one person has at most %d roles, and at most %d people any",
		    POLICY_ROLES, ROLE_PEOPLE);
	join(roles, k, name, NULL);
	return replace(t, k, jid, roles, e);
}

int role_table_remove(struct role_table *t, const char *jid, const char *name, struct err *e)
{
	struct kept *k = find(t, jid);
	char roles[ROLES_TEXT];

	if (!role_table_has(t, jid, name))
		return 0;
	join(roles, k, NULL, name);
	return replace(t, k, jid, roles, e);
}

/* ---- lookups ---- */

const char *const *role_table_of(const struct role_table *t, const char *jid, size_t *n)
{
	const struct kept *k = t == NULL ? NULL : find(t, jid);

	*n = k == NULL ? 0 : k->pub.n;
	return k == NULL ? NULL : k->role;
}

bool role_table_has(const struct role_table *t, const char *jid, const char *name)
{
	size_t n;
	const char *const *role = role_table_of(t, jid, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(role[i], name) == 0)
			return true;
	return false;
}

const struct role_person *role_table_at(const struct role_table *t, size_t i)
{
	return i < t->n ? &t->person[i]->pub : NULL;
}

/* ---- open ---- */

static int load(struct role_table *t, struct err *e)
{
	struct stmt *st = store_prepare(t->store, "SELECT jid, roles FROM role_of", e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = stmt_step(st, e)) == 1) {
		const char *jid = stmt_text(st, 0), *roles = stmt_text(st, 1);
		struct kept *k = jid == NULL || roles == NULL ? NULL : kept_new(t, jid, roles);

		if (k == NULL || reserve(t, e) != 0) {
			free(k);
			stmt_reset(st);
			return err_set(e, ERR_SYSTEM, "a role in the store is damaged: restore a backup");
		}
		swap(t, NULL, k);
	}
	return rc;
}

int role_table_open(struct role_table **out, struct store *s, struct err *e)
{
	struct role_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->store = s;
	if (table_seed(&t->seed, e) != 0 || store_migrate(s, &schema, e) != 0 ||
	    (t->put = store_prepare(s, "REPLACE INTO role_of (jid, roles) VALUES ($1, $2)", e)) == NULL ||
	    (t->erase = store_prepare(s, "DELETE FROM role_of WHERE jid = $1", e)) == NULL ||
	    load(t, e) != 0) {
		role_table_close(&t);
		return -1;
	}
	mirror_open(&t->mirror, s, &ops, t);
	*out = t;
	return 0;
}

void role_table_close(struct role_table **tp)
{
	struct role_table *t = *tp;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->person[i]);
	free(t->person);
	table_fini(&t->by_jid);
	mirror_close(&t->mirror);
	free(t);
	*tp = NULL;
}
