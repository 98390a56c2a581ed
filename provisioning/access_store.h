/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_store: the rows of provisioning and their copy in memory: each
 * owner's rules and open questions (his book).  Who ever asked us is in asker.h.
 * Rules and questions are stored
 * as canonical policy lines in UTC; a rollback makes a touched book load again
 * from its rows.  Decides nothing.
 */
#ifndef KITH_PROVISIONING_ACCESS_STORE_H
#define KITH_PROVISIONING_ACCESS_STORE_H

#include "common/base/clock.h"
#include "common/store/store.h"
#include "policy/policy.h"

struct access_store;

#define QUESTION_KEY 33		/* 128 bits in hex, and a NUL */
#define QUESTION_NONCE 16
#define ACCESS_CO_OWNERS 16	/* of one owner; what more would give counts for nothing */

/* What an owner is asked: the rule says who, what and which thing (bound). */
struct question_row {
	char key[QUESTION_KEY];
	const char *owner;
	struct rule rule;		/* verdict ASK, subject one JID, target bound */
	const char *tokens;		/* that came with it, "service NAME user NAME"; NULL none */
	uint8_t nonce[QUESTION_NONCE];	/* of the code that is good now */
	int64_t code_ms;		/* wall: that code was made */
	int64_t asked_ms;		/* wall: the question was raised */
	int64_t by_rule;		/* the rule that made it a question; 0: none matched */
};

struct book {
	const char *owner;
	struct policy *rules;		/* never NULL in a book handed out */
	int64_t last_number;
	size_t n_questions;
	const struct question_row **question;	/* oldest first */
	bool has_tags;			/* any rule about a tag: decisions need the tags */
	/* Whom he ever made a co-owner, by any rule that is there. */
	size_t n_co_owners;
	const char *co_owner[ACCESS_CO_OWNERS];
};

int access_store_open(struct access_store **out, struct store *s, const struct clock *clock,
    struct err *e);
void access_store_close(struct access_store **a);

/* The revision of the last commit: what is decided inside a transaction is
 * answered with this one, so that a floor raised by the same transaction, maybe
 * after the decision, is above it. */
uint64_t access_revision(const struct access_store *a);

/* *out NULL: he has no rules and no questions.  -1: cannot tell now. */
int access_book(struct access_store *a, const char *owner, const struct book **out, struct err *e);

/* Things that rules make this person a co-owner of, each once: how many. */
struct access_shared { uint8_t thing[16]; uint64_t epoch; };
size_t access_shared_with(struct access_store *a, const char *jid, struct access_shared *out,
    size_t max);

/* In a transaction. */
int access_rule_add(struct access_store *a, const char *owner, const struct rule *r,
    uint64_t revision, int64_t *number, struct err *e);
int access_rule_remove(struct access_store *a, const char *owner, int64_t number, struct err *e);
/* Insert or replace by key. */
int access_question_put(struct access_store *a, const struct question_row *q, struct err *e);
int access_question_drop(struct access_store *a, const char *owner, const char *key, struct err *e);
/* 1 found, 0 not, -1 cannot tell. */
int access_question_find(struct access_store *a, const char *key, const struct question_row **out,
    struct err *e);

/*
 * A rule in a row: its line, and beside it the thing it is bound to.  Printing
 * refuses what would not read back as the same rule; reading takes columns
 * `col` (thing), `col` + 1 (epoch), `col` + 2 (line); binding sets the first two.
 */
struct buf;
int access_line_print(struct buf *line, const struct rule *r, struct err *e);
int access_line_read(struct stmt *st, int col, struct pool *pool, struct rule *out,
    struct err *e);
void access_line_bind(struct stmt *st, int i, const struct rule *r);

/* Questions that wait for an answer; -1 cannot tell now. */
int64_t access_question_count(struct access_store *a, struct err *e);

/* Books whose rules end: the first `until` that is over.  1 found (owner and
 * number are copied), 0 none, -1 error; *next_ms the earliest to come, -1 none. */
int access_rule_over(struct access_store *a, int64_t now_ms, const char **owner, int64_t *number,
    int64_t *next_ms, struct err *e);
/* Questions raised before that moment, the same way. */
int access_question_over(struct access_store *a, int64_t before_ms, const struct question_row **out,
    struct err *e);

#endif
