/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege: which rules apply to an id depends only on which of their names
 * stand above it, so all ids below one name and below no longer one are alike.
 * Each name is decided once; a line is written where the decision is another
 * than that of the nearest name above; what stands deeper comes first.  Where
 * only denies take away, that is: first what is excluded, then what is included.
 */
#include "config.h"

#include "provisioning/privilege.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire/service.h"
#include "provisioning/role.h"

struct item {
	const char *id;
	bool may;
	int level;	/* how often the decision changes on the way down to it; 0: no line */
};

/* In this order what stands above comes before all that stands below it, with
 * nothing foreign in between: '.' counts as less than any other character. */
static int compare_ids(const char *a, const char *b)
{
	for (; *a != '\0' && *a == *b; a++, b++)
		continue;
	return (*a == '\0' ? 0 : *a == '.' ? 1 : 1 + (unsigned char)*a) -
	    (*b == '\0' ? 0 : *b == '.' ? 1 : 1 + (unsigned char)*b);
}

static int by_id(const void *a, const void *b)
{
	return compare_ids(((const struct item *)a)->id, ((const struct item *)b)->id);
}

/* Deeper first; in the order of ids among equals, so that a list is the same again. */
static int by_level(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->level != y->level ? y->level - x->level : compare_ids(x->id, y->id);
}

static bool is_above(const char *above, const char *id)
{
	size_t len = strlen(above);

	return strncmp(above, id, len) == 0 && id[len] == '.';
}

/* What the lines written so far say about what stands right above `item[i]`. */
static const struct item *line_above(const struct item *item, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (item[k].level > 0 && is_above(item[k].id, item[i].id))
			return &item[k];
	return NULL;
}

static void find_levels(struct item *item, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct item *above = line_above(item, i);

		if (item[i].may != (above != NULL && above->may))
			item[i].level = (above != NULL ? above->level : 0) + 1;
	}
}

static size_t unique(struct item *item, size_t n)
{
	size_t kept = 0;

	qsort(item, n, sizeof(*item), by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(item[kept - 1].id, item[i].id) != 0)
			item[kept++] = item[i];
	return kept;
}

int privilege_list(const char *const *names, size_t n, privilege_fn may, void *arg,
    struct pool *pool, struct reply_service *out, struct err *e)
{
	struct item *item = pool_alloc(pool, (n + 1) * sizeof(*item));

	out->n = 0;
	out->privilege = pool_alloc(pool, (n + 1) * sizeof(*out->privilege));
	if (item == NULL || out->privilege == NULL)
		return err_set(e, ERR_LIMIT, "no room for a list of privileges");
	for (size_t i = 0; i < n; i++)
		item[i] = (struct item){ .id = names[i] };
	n = unique(item, n);
	for (size_t i = 0; i < n; i++) {
		int rc = may(arg, item[i].id, e);

		if (rc < 0)
			return -1;
		item[i].may = rc == 1;
	}
	find_levels(item, n);
	qsort(item, n, sizeof(*item), by_level);
	for (size_t i = 0; i < n && item[i].level > 0; i++)
		out->privilege[out->n++] = (struct privilege_line){ item[i].may, item[i].id };
	return 0;
}

/* ---- names ---- */

/* Could it be about this service?  Too many names cost a decision each, too few
 * would hide what is excluded. */
static bool may_concern(const struct visit *v, const struct rule *r, bool owners)
{
	if ((r->actions & 1u << ACTION_PRIVILEGE) == 0)
		return false;
	if (r->target.kind != TARGET_THING || !owners)
		return true;
	return !r->target.bound || memcmp(r->target.id, v->thing->id, OWNERSHIP_ID) == 0;
}

static int add_names(const struct visit *v, const struct policy *rules, bool owners,
    const char **names, size_t max, size_t *n, struct err *e)
{
	for (size_t i = 0; rules != NULL && i < policy_count(rules); i++) {
		const struct rule *r = policy_at(rules, i);

		if (!may_concern(v, r, owners))
			continue;
		for (size_t k = 0; k < r->n_names; k++) {
			if (!service_privilege_is_good(r->names[k]))
				continue;
			if (*n == max)
				return err_set(e, ERR_LIMIT, "rules name too many privileges");
			names[(*n)++] = r->names[k];
		}
	}
	return 0;
}

int privilege_names(const struct visit *v, const char **names, size_t max, size_t *n,
    struct err *e)
{
	const struct book *book = NULL;

	*n = 0;
	if (v->is_owned && access_book(v->p->access, v->thing->owner, &book, e) != 0)
		return -1;
	if (book != NULL && add_names(v, book->rules, true, names, max, n, e) != 0)
		return -1;
	return add_names(v, operator_policy_rules(v->p->operator), false, names, max, n, e);
}
