/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_store: rows of rules and questions.  A line that does not
 * read back as it was written is a damaged store and stops the start: rules
 * are never guessed.
 */
#include "config.h"

#include "provisioning/access_store.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/store/table.h"

#define LINE_POOL (64 * 1024)

/* The public half first: a book handed out is the start of its shelf. */
struct shelf {
	struct book pub;
	bool loaded, touched;
	struct shelf *next_touched;
	size_t cap;
	uint64_t hash;
	int64_t first_until_ms;		/* of its rules; 0: none ends */
	char owner[];
};

struct question_item {
	struct question_row pub;
	struct pool pool;		/* the strings of its rule */
	struct shelf *shelf;
	uint64_t hash;
};

struct access_store {
	struct store *store;
	const struct clock *clock;
	struct table_seed seed;
	struct table shelves, questions;
	struct shelf **shelf;
	size_t n_shelves, shelves_cap;
	size_t n_unloaded;
	struct shelf *touched;		/* by the running transaction */
	uint64_t revision;		/* of the last commit */
	struct stmt *rule_put, *rule_del, *rules_of, *number_put, *number_of;
	struct stmt *question_put, *question_del, *questions_of, *questions_all;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE rule_number (owner TEXT PRIMARY KEY, number INTEGER NOT NULL);"
	     "CREATE TABLE rule (owner TEXT NOT NULL, number INTEGER NOT NULL, thing BLOB,"
	     " epoch INTEGER NOT NULL, line TEXT NOT NULL, revision INTEGER NOT NULL,"
	     " since INTEGER NOT NULL, PRIMARY KEY (owner, number));"
	     "CREATE TABLE question (qkey TEXT PRIMARY KEY, owner TEXT NOT NULL,"
	     " thing BLOB NOT NULL, epoch INTEGER NOT NULL, line TEXT NOT NULL,"
	     " nonce BLOB NOT NULL, code_ms INTEGER NOT NULL, asked_ms INTEGER NOT NULL,"
	     " by_rule INTEGER NOT NULL);"
	     "CREATE INDEX question_owner ON question (owner);"
	     "CREATE TABLE asker (jid TEXT PRIMARY KEY, lease INTEGER NOT NULL,"
	     " edge_ms INTEGER NOT NULL, again INTEGER NOT NULL)" },
	{ 2, "ALTER TABLE rule ADD COLUMN giver TEXT;"
	     "ALTER TABLE rule ADD COLUMN co_owner INTEGER NOT NULL DEFAULT 0" },
	{ 3, "ALTER TABLE question ADD COLUMN tokens TEXT" },
};
static const struct store_schema schema = { "access", steps, sizeof(steps) / sizeof(steps[0]) };

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* ---- shelves ---- */

static struct shelf *shelf_find(const struct access_store *a, const char *owner)
{
	uint64_t hash = table_hash_text(&a->seed, 0, owner);
	struct shelf *s;
	size_t at;

	for (s = table_first(&a->shelves, hash, &at); s; s = table_next(&a->shelves, hash, &at))
		if (strcmp(s->owner, owner) == 0)
			return s;
	return NULL;
}

static struct shelf *shelf_new(struct access_store *a, const char *owner, struct err *e)
{
	size_t len = strlen(owner) + 1;
	struct shelf *s;

	if (a->n_shelves == a->shelves_cap) {
		size_t cap = a->shelves_cap > 0 ? 2 * a->shelves_cap : 64;
		struct shelf **grown = reallocarray(a->shelf, cap, sizeof(*grown));

		if (grown == NULL)
			goto fail;
		a->shelf = grown;
		a->shelves_cap = cap;
	}
	s = calloc(1, sizeof(*s) + len);
	if (s == NULL || table_reserve(&a->shelves, 1, e) != 0) {
		free(s);
		goto fail;
	}
	memcpy(s->owner, owner, len);
	s->pub.owner = s->owner;
	s->hash = table_hash_text(&a->seed, 0, owner);
	table_add(&a->shelves, s->hash, s);
	a->shelf[a->n_shelves++] = s;
	a->n_unloaded++;
	return s;
fail:
	no_memory(e);
	return NULL;
}

static void question_free(struct access_store *a, struct question_item *q)
{
	table_remove(&a->questions, q->hash, q);
	pool_fini(&q->pool);
	free(q);
}

static struct question_item *item_of(const struct question_row *q)
{
	return (struct question_item *)(uintptr_t)q;
}

static void shelf_clear(struct access_store *a, struct shelf *s)
{
	for (size_t i = 0; i < s->pub.n_questions; i++)
		question_free(a, item_of(s->pub.question[i]));
	s->pub.n_questions = 0;
	s->pub.last_number = 0;
	s->pub.has_tags = false;
	s->pub.n_co_owners = 0;
	s->first_until_ms = 0;
	a->n_unloaded += s->loaded;
	s->loaded = false;
	policy_free(&s->pub.rules);
}

static void note_co_owner(struct book *b, const struct rule *r)
{
	if (!r->co_owner || r->subject.kind != SUBJECT_JID || b->n_co_owners == ACCESS_CO_OWNERS)
		return;
	for (size_t i = 0; i < b->n_co_owners; i++)
		if (strcmp(b->co_owner[i], r->subject.text) == 0)
			return;
	b->co_owner[b->n_co_owners++] = r->subject.text;
}

static void shelf_note_rules(struct shelf *s)
{
	s->first_until_ms = 0;
	s->pub.has_tags = false;
	s->pub.n_co_owners = 0;
	for (size_t i = 0; i < policy_count(s->pub.rules); i++) {
		const struct rule *r = policy_at(s->pub.rules, i);

		if (r->until_ms != 0 && (s->first_until_ms == 0 || r->until_ms < s->first_until_ms))
			s->first_until_ms = r->until_ms;
		s->pub.has_tags = s->pub.has_tags || r->target.kind == TARGET_TAG;
		note_co_owner(&s->pub, r);
	}
}

/* ---- reading rows ---- */

static int damaged(struct err *e, const char *what, const char *owner)
{
	return err_set(e, ERR_SYSTEM, "a %s of '%s' in the store is damaged: restore a backup",
	    what, owner);
}

/* A line and the thing it is bound to, from columns `col` .. `col` + 2. */
int access_line_read(struct stmt *st, int col, struct pool *pool, struct rule *out,
    struct err *e)
{
	size_t len;
	const void *thing = stmt_blob(st, col, &len);
	const char *line = stmt_text(st, col + 2);

	if (line == NULL || policy_parse_line(out, line, 0, 0, pool, e) != 0)
		return -1;
	if (thing == NULL)
		return out->target.kind == TARGET_THING ? -1 : 0;
	if (len != sizeof(out->target.id) || out->target.kind != TARGET_THING)
		return -1;
	memcpy(out->target.id, thing, len);
	out->target.bound = true;
	out->target.epoch = (uint64_t)stmt_int(st, col + 1);
	return 0;
}

/* number, thing, epoch, line, giver, co_owner */
static int load_rules(struct access_store *a, struct shelf *s, struct err *e)
{
	struct pool pool;
	int got;

	pool_init(&pool, LINE_POOL);
	stmt_bind_text(a->rules_of, 1, s->owner);
	while ((got = stmt_step(a->rules_of, e)) == 1) {
		struct rule r;

		pool_reset(&pool);
		if (access_line_read(a->rules_of, 1, &pool, &r, e) != 0)
			goto fail;
		r.number = stmt_int(a->rules_of, 0);
		r.giver = stmt_text(a->rules_of, 4);
		r.co_owner = stmt_int(a->rules_of, 5) != 0;
		if (policy_add(s->pub.rules, &r, e) != 0)
			goto fail;
	}
	pool_fini(&pool);
	shelf_note_rules(s);
	return got;
fail:
	stmt_reset(a->rules_of);
	pool_fini(&pool);
	return damaged(e, "rule", s->owner);
}

static int shelf_room(struct shelf *s, struct err *e)
{
	size_t cap = s->cap > 0 ? 2 * s->cap : 8;
	const struct question_row **grown;

	if (s->pub.n_questions < s->cap)
		return 0;
	grown = reallocarray(s->pub.question, cap, sizeof(*grown));
	if (grown == NULL)
		return no_memory(e);
	s->pub.question = grown;
	s->cap = cap;
	return 0;
}

static struct question_item *question_new(struct access_store *a, struct shelf *s, struct err *e)
{
	struct question_item *q = calloc(1, sizeof(*q));

	if (q == NULL || shelf_room(s, e) != 0 || table_reserve(&a->questions, 1, e) != 0) {
		free(q);
		no_memory(e);
		return NULL;
	}
	pool_init(&q->pool, LINE_POOL);
	q->shelf = s;
	q->pub.owner = s->owner;
	return q;
}

static void question_link(struct access_store *a, struct question_item *q)
{
	struct shelf *s = q->shelf;
	size_t i;

	q->hash = table_hash_text(&a->seed, 0, q->pub.key);
	table_add(&a->questions, q->hash, q);
	for (i = s->pub.n_questions++; i > 0; i--) {
		if (s->pub.question[i - 1]->asked_ms <= q->pub.asked_ms)
			break;
		s->pub.question[i] = s->pub.question[i - 1];
	}
	s->pub.question[i] = &q->pub;
}

static int keep_tokens(struct question_item *q, const char *tokens, struct err *e)
{
	if (tokens == NULL)
		return 0;
	q->pub.tokens = pool_strdup(&q->pool, tokens);
	return q->pub.tokens != NULL ? 0 : no_memory(e);
}

/* qkey, thing, epoch, line, nonce, code_ms, asked_ms, by_rule, tokens */
static int read_question(struct stmt *st, struct question_item *q, struct err *e)
{
	const char *key = stmt_text(st, 0);
	size_t len;
	const void *nonce = stmt_blob(st, 4, &len);

	if (key == NULL || strlen(key) != QUESTION_KEY - 1 || len != QUESTION_NONCE ||
	    access_line_read(st, 1, &q->pool, &q->pub.rule, e) != 0 || !q->pub.rule.target.bound ||
	    q->pub.rule.subject.kind != SUBJECT_JID)
		return -1;
	memcpy(q->pub.key, key, QUESTION_KEY);
	memcpy(q->pub.nonce, nonce, QUESTION_NONCE);
	q->pub.code_ms = stmt_int(st, 5);
	q->pub.asked_ms = stmt_int(st, 6);
	q->pub.by_rule = stmt_int(st, 7);
	return keep_tokens(q, stmt_text(st, 8), e);
}

static int load_questions(struct access_store *a, struct shelf *s, struct err *e)
{
	int got;

	stmt_bind_text(a->questions_of, 1, s->owner);
	while ((got = stmt_step(a->questions_of, e)) == 1) {
		struct question_item *q = question_new(a, s, e);

		if (q == NULL) {
			stmt_reset(a->questions_of);
			return -1;
		}
		if (read_question(a->questions_of, q, e) != 0) {
			stmt_reset(a->questions_of);
			pool_fini(&q->pool);
			free(q);
			return damaged(e, "question", s->owner);
		}
		question_link(a, q);
	}
	return got;
}

static int shelf_load(struct access_store *a, struct shelf *s, struct err *e)
{
	int got;

	if (s->loaded)
		return 0;
	s->pub.rules = policy_new();
	if (s->pub.rules == NULL)
		return no_memory(e);
	stmt_bind_text(a->number_of, 1, s->owner);
	got = stmt_step(a->number_of, e);
	if (got == 1) {
		s->pub.last_number = stmt_int(a->number_of, 0);
		stmt_reset(a->number_of);
	}
	if (got < 0 || load_rules(a, s, e) != 0 || load_questions(a, s, e) != 0) {
		shelf_clear(a, s);
		return -1;
	}
	s->loaded = true;
	a->n_unloaded--;
	return 0;
}

int access_book(struct access_store *a, const char *owner, const struct book **out, struct err *e)
{
	struct shelf *s = shelf_find(a, owner);

	*out = NULL;
	if (s == NULL)
		return 0;
	if (shelf_load(a, s, e) != 0)
		return -1;
	*out = &s->pub;
	return 0;
}

/* The shelf that a transaction is about to change. */
static struct shelf *shelf_touch(struct access_store *a, const char *owner, struct err *e)
{
	struct shelf *s = shelf_find(a, owner);

	if (s == NULL)
		s = shelf_new(a, owner, e);
	if (s == NULL || shelf_load(a, s, e) != 0)
		return NULL;
	if (!s->touched) {
		s->touched = true;
		s->next_touched = a->touched;
		a->touched = s;
	}
	return s;
}

/* After a rollback the rows are the truth again. */
static void ended(void *arg, bool committed)
{
	struct access_store *a = arg;

	for (struct shelf *s = a->touched; s != NULL; s = s->next_touched) {
		s->touched = false;
		if (!committed)
			shelf_clear(a, s);
	}
	a->touched = NULL;
	if (committed)
		a->revision = store_revision(a->store);
}

uint64_t access_revision(const struct access_store *a)
{
	return a->revision;
}

/* ---- rules ---- */

static int write_number(struct access_store *a, const struct shelf *s, struct err *e)
{
	stmt_bind_text(a->number_put, 1, s->owner);
	stmt_bind_int(a->number_put, 2, s->pub.last_number);
	return stmt_run(a->number_put, NULL, e);
}

void access_line_bind(struct stmt *st, int i, const struct rule *r)
{
	if (r->target.kind == TARGET_THING && r->target.bound)
		stmt_bind_blob(st, i, r->target.id, sizeof(r->target.id));
	else
		stmt_bind_null(st, i);
	stmt_bind_int(st, i + 1, (int64_t)r->target.epoch);
}

/* The line, if it reads back as the same rule; else it is refused. */
int access_line_print(struct buf *line, const struct rule *r, struct err *e)
{
	struct rule again;
	struct pool pool;
	int ret = -1;

	policy_print(line, r, 0);
	pool_init(&pool, LINE_POOL);
	if (!buf_ok(line) || policy_parse_line(&again, buf_str(line), 0, 0, &pool, e) != 0 ||
	    !rule_equal(r, &again))
		err_set(e, ERR_INPUT, "a rule that cannot be written down");
	else
		ret = 0;
	pool_fini(&pool);
	return ret;
}

int access_rule_add(struct access_store *a, const char *owner, const struct rule *r,
    uint64_t revision, int64_t *number, struct err *e)
{
	struct shelf *s = shelf_touch(a, owner, e);
	struct rule numbered = *r;
	struct buf line;
	int ret = -1;

	if (s == NULL)
		return -1;
	buf_init(&line, POLICY_LINE);
	numbered.number = ++s->pub.last_number;
	if (access_line_print(&line, r, e) != 0 || write_number(a, s, e) != 0 ||
	    policy_add(s->pub.rules, &numbered, e) != 0)
		goto out;
	stmt_bind_text(a->rule_put, 1, owner);
	stmt_bind_int(a->rule_put, 2, numbered.number);
	access_line_bind(a->rule_put, 3, r);
	stmt_bind_text(a->rule_put, 5, buf_str(&line));
	stmt_bind_int(a->rule_put, 6, (int64_t)revision);
	stmt_bind_int(a->rule_put, 7, clock_wall(a->clock));
	if (r->giver != NULL)
		stmt_bind_text(a->rule_put, 8, r->giver);
	else
		stmt_bind_null(a->rule_put, 8);
	stmt_bind_int(a->rule_put, 9, r->co_owner);
	if (stmt_run(a->rule_put, NULL, e) != 0)
		goto out;
	shelf_note_rules(s);
	*number = numbered.number;
	ret = 0;
out:
	buf_fini(&line);
	return ret;
}

int access_rule_remove(struct access_store *a, const char *owner, int64_t number, struct err *e)
{
	struct shelf *s = shelf_touch(a, owner, e);

	if (s == NULL)
		return -1;
	stmt_bind_text(a->rule_del, 1, owner);
	stmt_bind_int(a->rule_del, 2, number);
	if (stmt_run(a->rule_del, NULL, e) != 0)
		return -1;
	policy_remove(s->pub.rules, number);
	shelf_note_rules(s);
	return 0;
}

int access_rule_over(struct access_store *a, int64_t now_ms, const char **owner, int64_t *number,
    int64_t *next_ms, struct err *e)
{
	*next_ms = -1;
	for (size_t i = 0; i < a->n_shelves; i++) {
		struct shelf *s = a->shelf[i];

		if (shelf_load(a, s, e) != 0)
			return -1;
		if (s->first_until_ms == 0)
			continue;
		if (s->first_until_ms > now_ms) {
			if (*next_ms < 0 || s->first_until_ms < *next_ms)
				*next_ms = s->first_until_ms;
			continue;
		}
		for (size_t k = 0; k < policy_count(s->pub.rules); k++)
			if (policy_at(s->pub.rules, k)->until_ms == s->first_until_ms) {
				*owner = s->owner;
				*number = policy_at(s->pub.rules, k)->number;
				return 1;
			}
	}
	return 0;
}

/* ---- co-owners ---- */

static bool is_co_owner(const struct book *b, const char *jid)
{
	for (size_t i = 0; i < b->n_co_owners; i++)
		if (strcmp(b->co_owner[i], jid) == 0)
			return true;
	return false;
}

static size_t add_shared(struct access_shared *out, size_t n, const struct target *t)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(out[i].thing, t->id, sizeof(t->id)) == 0 && out[i].epoch == t->epoch)
			return n;
	memcpy(out[n].thing, t->id, sizeof(t->id));
	out[n].epoch = t->epoch;
	return n + 1;
}

size_t access_shared_with(struct access_store *a, const char *jid, struct access_shared *out,
    size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_shelves; i++) {
		const struct book *b = &a->shelf[i]->pub;

		if (shelf_load(a, a->shelf[i], NULL) != 0 || !is_co_owner(b, jid))
			continue;
		for (size_t k = 0; n < max && k < policy_count(b->rules); k++) {
			const struct rule *r = policy_at(b->rules, k);

			if (r->co_owner && r->target.bound && r->subject.kind == SUBJECT_JID &&
			    strcmp(r->subject.text, jid) == 0)
				n = add_shared(out, n, &r->target);
		}
	}
	return n;
}

/* ---- questions ---- */

static int find_question(const struct access_store *a, const char *key,
    const struct question_row **out)
{
	uint64_t hash = table_hash_text(&a->seed, 0, key);
	const struct question_item *q;
	size_t at;

	for (q = table_first(&a->questions, hash, &at); q; q = table_next(&a->questions, hash, &at))
		if (strcmp(q->pub.key, key) == 0) {
			*out = &q->pub;
			return 1;
		}
	*out = NULL;
	return 0;
}

int access_question_find(struct access_store *a, const char *key, const struct question_row **out,
    struct err *e)
{
	/* A book that was rolled back hides its questions until it is read again. */
	for (size_t i = 0; a->n_unloaded > 0 && i < a->n_shelves; i++)
		if (shelf_load(a, a->shelf[i], e) != 0)
			return -1;
	return find_question(a, key, out);
}

static int write_question(struct access_store *a, const struct question_row *q, const char *line,
    struct err *e)
{
	stmt_bind_text(a->question_put, 1, q->key);
	stmt_bind_text(a->question_put, 2, q->owner);
	access_line_bind(a->question_put, 3, &q->rule);
	stmt_bind_text(a->question_put, 5, line);
	stmt_bind_blob(a->question_put, 6, q->nonce, QUESTION_NONCE);
	stmt_bind_int(a->question_put, 7, q->code_ms);
	stmt_bind_int(a->question_put, 8, q->asked_ms);
	stmt_bind_int(a->question_put, 9, q->by_rule);
	stmt_bind_text(a->question_put, 10, q->tokens);
	return stmt_run(a->question_put, NULL, e);
}

static void question_unlink(struct access_store *a, const struct question_row *q)
{
	struct shelf *s = item_of(q)->shelf;
	size_t i = 0;

	while (s->pub.question[i] != q)
		i++;
	s->pub.n_questions--;
	memmove(s->pub.question + i, s->pub.question + i + 1,
	    (s->pub.n_questions - i) * sizeof(*s->pub.question));
	question_free(a, item_of(q));
}

/* The strings of the new row come from its own line, so that it owns them. */
int access_question_put(struct access_store *a, const struct question_row *row, struct err *e)
{
	struct shelf *s = shelf_touch(a, row->owner, e);
	struct question_item *q = s != NULL ? question_new(a, s, e) : NULL;
	const struct question_row *old;
	struct buf line;
	int ret = -1;

	if (q == NULL)
		return -1;
	buf_init(&line, POLICY_LINE);
	q->pub = *row;
	q->pub.owner = s->owner;
	if (access_line_print(&line, &row->rule, e) != 0 ||
	    policy_parse_line(&q->pub.rule, buf_str(&line), 0, 0, &q->pool, e) != 0 ||
	    keep_tokens(q, row->tokens, e) != 0 ||
	    write_question(a, row, buf_str(&line), e) != 0) {
		pool_fini(&q->pool);
		free(q);
		goto out;
	}
	q->pub.rule.target.bound = true;
	memcpy(q->pub.rule.target.id, row->rule.target.id, sizeof(row->rule.target.id));
	q->pub.rule.target.epoch = row->rule.target.epoch;
	if (find_question(a, row->key, &old) == 1)
		question_unlink(a, old);
	question_link(a, q);
	ret = 0;
out:
	buf_fini(&line);
	return ret;
}

int access_question_drop(struct access_store *a, const char *owner, const char *key, struct err *e)
{
	const struct question_row *q;

	if (shelf_touch(a, owner, e) == NULL)
		return -1;
	stmt_bind_text(a->question_del, 1, key);
	if (stmt_run(a->question_del, NULL, e) != 0)
		return -1;
	if (find_question(a, key, &q) == 1)
		question_unlink(a, q);
	return 0;
}

int access_question_over(struct access_store *a, int64_t before_ms, const struct question_row **out,
    struct err *e)
{
	for (size_t i = 0; i < a->n_shelves; i++) {
		const struct shelf *s = a->shelf[i];

		if (shelf_load(a, a->shelf[i], e) != 0)
			return -1;
		for (size_t k = 0; k < s->pub.n_questions; k++)
			if (s->pub.question[k]->asked_ms < before_ms) {
				*out = s->pub.question[k];
				return 1;
			}
	}
	return 0;
}

int64_t access_question_count(struct access_store *a, struct err *e)
{
	int64_t n;

	if (stmt_step(a->questions_all, e) != 1)
		return -1;
	n = stmt_int(a->questions_all, 0);
	stmt_reset(a->questions_all);
	return n;
}

/* ---- open ---- */

static int load_shelves(struct access_store *a, struct err *e)
{
	struct stmt *st = store_prepare(a->store,
	    "SELECT owner FROM rule_number UNION SELECT owner FROM question", e);
	int got;

	if (st == NULL)
		return -1;
	while ((got = stmt_step(st, e)) == 1)
		if (stmt_text(st, 0) == NULL || shelf_new(a, stmt_text(st, 0), e) == NULL) {
			stmt_reset(st);
			return -1;
		}
	for (size_t i = 0; got == 0 && i < a->n_shelves; i++)
		got = shelf_load(a, a->shelf[i], e);
	return got;
}

static int prepare(struct access_store *a, struct err *e)
{
	const struct {
		struct stmt **st;
		const char *sql;
	} all[] = {
		{ &a->questions_all, "SELECT count(*) FROM question" },
		{ &a->rule_put, "INSERT INTO rule (owner, number, thing, epoch, line, revision, since,"
				" giver, co_owner) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)" },
		{ &a->rule_del, "DELETE FROM rule WHERE owner = $1 AND number = $2" },
		{ &a->rules_of, "SELECT number, thing, epoch, line, giver, co_owner FROM rule"
				" WHERE owner = $1"
				" ORDER BY number" },
		{ &a->number_put, "INSERT INTO rule_number (owner, number) VALUES ($1, $2)"
				  " ON CONFLICT (owner) DO UPDATE SET number = excluded.number" },
		{ &a->number_of, "SELECT number FROM rule_number WHERE owner = $1" },
		{ &a->question_put, "INSERT INTO question (qkey, owner, thing, epoch, line, nonce,"
				    " code_ms, asked_ms, by_rule, tokens)"
				    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
				    " ON CONFLICT (qkey) DO UPDATE SET nonce = excluded.nonce,"
				    " code_ms = excluded.code_ms, by_rule = excluded.by_rule,"
				    " tokens = excluded.tokens" },
		{ &a->question_del, "DELETE FROM question WHERE qkey = $1" },
		{ &a->questions_of, "SELECT qkey, thing, epoch, line, nonce, code_ms, asked_ms,"
				    " by_rule, tokens FROM question WHERE owner = $1 ORDER BY asked_ms, qkey" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].st = store_prepare(a->store, all[i].sql, e);
		if (*all[i].st == NULL)
			return -1;
	}
	return 0;
}

int access_store_open(struct access_store **out, struct store *s, const struct clock *clock,
    struct err *e)
{
	struct access_store *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return no_memory(e);
	a->store = s;
	a->clock = clock;
	if (table_seed(&a->seed, e) != 0 || store_migrate(s, &schema, e) != 0 ||
	    prepare(a, e) != 0 || load_shelves(a, e) != 0) {
		access_store_close(&a);
		return -1;
	}
	a->revision = store_revision(s);
	store_on_end(s, ended, a);
	*out = a;
	return 0;
}

void access_store_close(struct access_store **ap)
{
	struct access_store *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	for (size_t i = 0; i < a->n_shelves; i++) {
		shelf_clear(a, a->shelf[i]);
		free(a->shelf[i]->pub.question);
		free(a->shelf[i]);
	}
	free(a->shelf);
	table_fini(&a->shelves);
	table_fini(&a->questions);
	free(a);
}
