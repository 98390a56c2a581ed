/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending: a small array, searched from end to end: a thing has a handful of
 * questions open at a time.  Bulk work has its own way (debts carry ids that
 * can be checked without a table).
 */
#include "config.h"

#include "common/wire/pending.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/wire/stanza.h"

struct entry {
	char id[IDENT_TEXT];		/* "": free */
	char *to;			/* NULL: our server */
	int64_t due;
	uint64_t age;
	pending_done *done;
	void *arg;
};

struct pending {
	const struct clock *clock;
	char *self;
	uint64_t added;
	size_t max;
	struct entry entry[];
};

struct pending *
pending_new(size_t max, const struct clock *clock, struct err *e)
{
	struct pending *p = mem_zalloc(sizeof(*p) + max * sizeof(p->entry[0]));

	if (p == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for pending requests");
		return NULL;
	}
	p->clock = clock;
	p->max = max;
	return p;
}

static bool
is_used(const struct entry *n)
{
	return n->id[0] != '\0';
}

/* Frees the entry first: done() may add. */
static void
finish(struct entry *n, enum pending_end how, const struct stanza *s)
{
	struct entry was = *n;

	mem_free(was.to);
	*n = (struct entry){ .due = 0 };
	was.done(was.arg, how, s);
}

void
pending_free(struct pending **pending)
{
	struct pending *p = *pending;
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->max; i++)
		mem_free(p->entry[i].to);
	mem_free(p->self);
	mem_free(p);
	*pending = NULL;
}

int
pending_set_self(struct pending *p, const char *full_jid, struct err *e)
{
	char *copy = full_jid != NULL ? mem_strdup(full_jid) : NULL;

	if (full_jid != NULL && copy == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for an address");
	mem_free(p->self);
	p->self = copy;
	return 0;
}

/* A free place; if there is none, the one that waited longest. */
static struct entry *
make_room(struct pending *p)
{
	struct entry *oldest = NULL;
	size_t i;

	for (i = 0; i < p->max; i++) {
		struct entry *n = &p->entry[i];

		if (!is_used(n))
			return n;
		if (oldest == NULL || n->age < oldest->age)
			oldest = n;
	}
	if (oldest != NULL)
		finish(oldest, PENDING_DROPPED, NULL);
	return oldest;
}

int
pending_add(struct pending *p, const char *to, int64_t timeout_ms, pending_done *done, void *arg,
    char id[static IDENT_TEXT], struct err *e)
{
	char *copy = to != NULL ? mem_strdup(to) : NULL;
	char fresh[IDENT_TEXT];
	struct entry *n;

	if (to != NULL && copy == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for a request");
	n = make_room(p);
	/* done() of the dropped one may have taken its place. */
	if (n == NULL || is_used(n) || ident_text(fresh, e) != 0) {
		mem_free(copy);
		return err_set(e, ERR_LIMIT, "too many requests wait for an answer");
	}
	*n = (struct entry){ .to = copy, .due = clock_boot(p->clock) + timeout_ms,
		.age = p->added++, .done = done, .arg = arg };
	memcpy(n->id, fresh, sizeof(fresh));
	memcpy(id, fresh, sizeof(fresh));
	return 0;
}

void
pending_cancel(struct pending *p, const void *arg)
{
	size_t i;

	for (i = 0; i < p->max; i++)
		if (is_used(&p->entry[i]) && p->entry[i].arg == arg) {
			mem_free(p->entry[i].to);
			p->entry[i] = (struct entry){ .due = 0 };
		}
}

/* Without `to` the server answers: unnamed, by its domain, or as our account
 * with or without the resource.  To our own account likewise may be unnamed. */
static bool
may_answer(const struct pending *p, const struct entry *n, const char *from)
{
	size_t len, bare;
	const char *domain;

	if (n->to != NULL && from != NULL && strcmp(from, n->to) == 0)
		return true;
	if (p->self == NULL)
		return n->to == NULL && from == NULL;
	bare = jid_text_bare_len(p->self);
	if (n->to != NULL)
		return from == NULL && strlen(n->to) == bare && strncmp(n->to, p->self, bare) == 0;
	if (from == NULL || strcmp(from, p->self) == 0)
		return true;
	domain = jid_text_domain(p->self, &len);
	return (strlen(from) == bare && strncmp(from, p->self, bare) == 0) ||
	    (strlen(from) == len && strncmp(from, domain, len) == 0);
}

bool
pending_answer(struct pending *p, const struct stanza *s)
{
	const char *id = stanza_attr(s, "id"), *type = stanza_attr(s, "type");
	bool result, error;
	size_t i;

	if (id == NULL || id[0] == '\0' || type == NULL || strcmp(stanza_name(s), "iq") != 0)
		return false;
	result = strcmp(type, "result") == 0;
	error = strcmp(type, "error") == 0;
	for (i = 0; i < p->max && (result || error); i++) {
		struct entry *n = &p->entry[i];

		if (is_used(n) && strcmp(n->id, id) == 0 &&
		    may_answer(p, n, stanza_attr(s, "from"))) {
			finish(n, result ? PENDING_RESULT : PENDING_ERROR, s);
			return true;
		}
	}
	return false;
}

void
pending_drop_all(struct pending *p)
{
	uint64_t until = p->added;	/* not what done() adds meanwhile */
	size_t i;

	for (i = 0; i < p->max; i++)
		if (is_used(&p->entry[i]) && p->entry[i].age < until)
			finish(&p->entry[i], PENDING_DROPPED, NULL);
}

int64_t
pending_deadline(const struct pending *p)
{
	int64_t first = -1;
	size_t i;

	for (i = 0; i < p->max; i++)
		if (is_used(&p->entry[i]) && (first < 0 || p->entry[i].due < first))
			first = p->entry[i].due;
	return first;
}

void
pending_run(struct pending *p)
{
	int64_t now = clock_boot(p->clock);
	size_t i;

	for (i = 0; i < p->max; i++)
		if (is_used(&p->entry[i]) && p->entry[i].due <= now)
			finish(&p->entry[i], PENDING_TIMEOUT, NULL);
}

size_t
pending_count(const struct pending *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->max; i++)
		n += is_used(&p->entry[i]);
	return n;
}
