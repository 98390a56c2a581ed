/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall_store: the recalls that are not over yet, as rows and in memory, by
 * id and by what is to be done next.  Which of them wait for a floor stands in
 * the text of its debt (floor.h).  After a rollback they are read again from
 * their rows.  Decides nothing: see recall.c.
 */
#ifndef KITH_PROVISIONING_RECALL_STORE_H
#define KITH_PROVISIONING_RECALL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/due.h"
#include "common/base/err.h"
#include "common/base/pool.h"
#include "common/store/debt.h"
#include "common/store/ownership.h"
#include "policy/policy.h"
#include "provisioning/access_store.h"

struct recall_table;

/* Whom it concerns. */
enum recall_scope {
	RECALL_RULES,		/* the things of `owner` that its rules are about */
	RECALL_THING,		/* one of them */
	RECALL_OWNER,		/* all of them */
	RECALL_SUBJECT,		/* all things whose owners' rules speak of `subject` */
	RECALL_EVERYBODY	/* whoever ever asked */
};

enum recall_phase { RECALL_FLOORS, RECALL_FRIENDS, RECALL_WAITING };
enum recall_told { RECALL_SILENT, RECALL_TO_TELL, RECALL_TOLD_PART };

struct recall_line {
	bool gone;			/* was withdrawn; else it was added */
	struct rule rule;
};

struct recall {
	int64_t id;
	uint64_t revision;		/* of the commit that made the change */
	const char *owner;		/* NULL: of all */
	const char *speaker;		/* who made the change and is told; NULL nobody */
	enum recall_scope scope;
	struct subject subject;
	const char *bearer;		/* of a role: whose; NULL: anybody's */
	bool given;			/* he has it now; else he had it */
	uint8_t thing[OWNERSHIP_ID];	/* RECALL_THING */
	bool takes;			/* takes something back: its speaker is told */
	int64_t at_ms;			/* wall */
	int64_t before_ms;		/* wall: a moment at which it was as before */
	enum recall_phase phase;
	enum recall_told told;
	size_t total;			/* things it concerns, as far as they are known */
	size_t n_lines;
	struct recall_line **line;

	/* Memory only. */
	bool fresh;			/* of the request that is being served */
	bool written;			/* its row is there */
	bool swept;			/* questions that it decided are gone */
	bool uncounted;			/* too many wait: told to the end, but counted no further */
	size_t waiting;			/* of total: have not confirmed it */
	size_t bare;			/* of waiting: keep no lease */
	int64_t bound_boot_ms;		/* boot: when the leases of the others have ended */
	int64_t tell_boot_ms;		/* boot: when to tell how far it is */
	/* How far the walk is: an index, or the thing done last. */
	size_t index, person;
	bool has_last;
	uint8_t last[OWNERSHIP_ID];
	struct policy *before;		/* the owner's rules as they were */
	size_t n_givers;		/* and his co-owners by them */
	const char *giver[ACCESS_CO_OWNERS];
	size_t n_people;
	const char **people;		/* who may gain or lose a friend */
	struct pool friends;		/* holds `people` */
	struct due due;			/* boot */
	struct pool pool;
};

int recall_table_open(struct recall_table **out, struct store *s, const struct debts *debts,
    struct err *e);
void recall_table_close(struct recall_table **t);

/* Were they read again, so that what was known in memory is not known any more?
 * To be asked before anything else.  1, 0, -1 cannot tell now. */
int recall_table_sync(struct recall_table *t, struct err *e);
bool recall_table_is_stale(const struct recall_table *t);

size_t recall_table_count(const struct recall_table *t);
struct recall *recall_table_at(const struct recall_table *t, size_t i);	/* oldest first */
struct recall *recall_table_find(const struct recall_table *t, int64_t id);

/* In a transaction. */
struct recall *recall_table_new(struct recall_table *t, uint64_t revision, const char *owner,
    const char *speaker, struct err *e);
int recall_table_add(struct recall_table *t, struct recall *r, const struct rule *rule, bool gone,
    struct err *e);
/* Its row as it is now. */
int recall_table_put(struct recall_table *t, const struct recall *r, struct err *e);
/* It is over.  The struct is gone with it. */
int recall_table_drop(struct recall_table *t, struct recall *r, struct err *e);
/* Memory changed inside this transaction: a rollback must find the rows again. */
void recall_table_touch(struct recall_table *t);

/* When there is something to do for it next, boot ms; -1 nothing. */
void recall_table_due(struct recall_table *t, struct recall *r, int64_t boot_ms);
struct recall *recall_table_next(const struct recall_table *t);	/* NULL: none */

#endif
