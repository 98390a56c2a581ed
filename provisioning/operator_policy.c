/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator_policy: versions in the store, the newest compiled in memory.  What
 * is loaded waits in `next` until its transaction ends, so that no decision of
 * the same turn sees a rule that may not be committed.
 */
#include "config.h"

#include "provisioning/operator_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/zone.h"
#include "common/store/ownership.h"
#include "common/store/store.h"
#include "policy/policy.h"

/* One version, compiled in both ways. */
struct compiled_policy {
	struct policy *rules, *narrowing;
	int64_t version;
	uint8_t sha256[HASH_BYTES];
};

struct operator_policy {
	struct store *store;
	const struct clock *clock;
	char *file;
	int32_t zone_s;
	struct zones *zones;
	struct compiled_policy now, next;
	bool has_next;
	enum operator_state state;
	char alarm[ERR_TEXT];
	int64_t alarm_ms;
	struct stmt *put, *find, *before, *cut, *seen_put, *seen_get;
};

static const struct store_step steps[] = {
	{ 1, "CREATE TABLE operator_policy (version INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
	     " read_ms INTEGER NOT NULL, zone_s INTEGER NOT NULL, done_by TEXT NOT NULL,"
	     " sha256 BLOB NOT NULL, text TEXT NOT NULL);"
	     /* What was in the file when it was last looked at. */
	     "CREATE TABLE operator_file (one INTEGER PRIMARY KEY, sha256 BLOB NOT NULL)" },
};
static const struct store_schema schema = {
	"operator_policy", steps, sizeof(steps) / sizeof(steps[0])
};

/* ---- a file ---- */

static int read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char bytes[16 * 1024];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "cannot read '%s'", path);
		buf_add(out, bytes, (size_t)got);
		if (!buf_ok(out))
			return err_set(e, ERR_LIMIT, "'%s' is too long: a policy has at most %d bytes",
			    path, OPERATOR_POLICY_BYTES);
	}
	return 0;
}

int operator_policy_file(const char *path, struct buf *out, struct err *e)
{
	/* Not to be held up by a pipe that nobody writes to. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -1;
	struct stat st;

	if (fd < 0)
		return err_errno(e, "cannot open '%s'", path);
	if (fstat(fd, &st) != 0)
		err_errno(e, "cannot look at '%s'", path);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_INPUT, "'%s' is no plain file", path);
	else if ((st.st_mode & S_IWOTH) != 0)
		err_set(e, ERR_INPUT, "'%s' can be written by everybody: chmod o-w", path);
	else
		rc = read_all(fd, path, out, e);
	close(fd);
	return rc;
}

static size_t line_end(const char *text, size_t from, size_t len)
{
	const char *nl = memchr(text + from, '\n', len - from);

	return nl == NULL ? len : (size_t)(nl - text) + 1;
}

/* A line without the blanks around it; false: nothing but a comment. */
static bool trim(const char **line, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n", (*line)[*len - 1]) != NULL)
		--*len;
	while (*len > 0 && strchr(" \t", **line) != NULL) {
		++*line;
		--*len;
	}
	return *len > 0 && **line != '#';
}

/* Where the line "end" begins, the last that says anything; -1: it is not there. */
static long find_end(const char *text, size_t len)
{
	long found = -1;

	for (size_t at = 0, next; at < len; at = next) {
		const char *line = text + at;
		size_t n;

		next = line_end(text, at, len);
		n = next - at;
		if (trim(&line, &n))
			found = n == 3 && memcmp(line, "end", 3) == 0 ? (long)at : -1;
	}
	return found;
}

bool operator_policy_is_whole(const char *text, size_t len)
{
	return find_end(text, len) >= 0;
}

/* Sets belong to owners, and each has his own of that name. */
static int check_rules(const struct policy *p, struct err *e)
{
	for (size_t i = 0; i < policy_count(p); i++)
		if (policy_at(p, i)->target.kind == TARGET_SET)
			return err_set(e, ERR_INPUT, "rule %lld: a set belongs to an owner; say which "
			    "things by a tag, as in: of class=camera",
			    (long long)policy_at(p, i)->number);
	return 0;
}

struct policy *operator_policy_parse(const char *text, size_t len, int64_t now_ms, int32_t zone_s,
    struct err *e)
{
	struct policy *p = NULL;
	long end;
	char *rules;

	if (len > OPERATOR_POLICY_BYTES) {
		err_set(e, ERR_LIMIT, "a policy has at most %d bytes", OPERATOR_POLICY_BYTES);
		return NULL;
	}
	if (memchr(text, '\0', len) != NULL || !str_utf8_valid(text, len)) {
		err_set(e, ERR_INPUT, "it is no text in UTF-8");
		return NULL;
	}
	end = find_end(text, len);
	if (end < 0) {
		err_set(e, ERR_INPUT, "its last line is not \"end\": it may have been cut off");
		return NULL;
	}
	rules = strndup(text, (size_t)end);
	if (rules == NULL || (p = policy_new()) == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (policy_parse_text(p, rules, now_ms, zone_s, e) != 0 || check_rules(p, e) != 0)
		policy_free(&p);
	free(rules);
	return p;
}

/* ---- both ways ---- */

static int add_everything(struct policy *p, enum verdict v, struct err *e)
{
	const struct rule r = { .verdict = v, .actions = RULE_EVERYTHING,
		.subject = { .kind = SUBJECT_ANYONE }, .target = { .kind = TARGET_ALL } };

	return policy_add(p, &r, e);
}

static int add_owners_word(struct policy *p, struct err *e)
{
	const struct rule r = { .verdict = VERDICT_ALLOW, .actions = RULE_EVERYTHING,
		.subject = { SUBJECT_USER, OPERATOR_POLICY_OWNERS_WORD },
		.target = { .kind = TARGET_ALL } };

	return policy_add(p, &r, e);
}

static void compiled_free(struct compiled_policy *c)
{
	policy_free(&c->rules);
	policy_free(&c->narrowing);
	*c = (struct compiled_policy){ 0 };
}

/* `rules` are its own from here on, also when it fails. */
static int compile(struct compiled_policy *out, struct policy *rules, struct err *e)
{
	*out = (struct compiled_policy){ .rules = rules, .narrowing = policy_new() };
	if (out->narrowing == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	for (size_t i = 0; i < policy_count(rules); i++)
		if (policy_add(out->narrowing, policy_at(rules, i), e) != 0)
			goto fail;
	if (add_everything(out->narrowing, VERDICT_ALLOW, e) == 0 &&
	    add_owners_word(out->narrowing, e) == 0)
		return 0;
fail:
	compiled_free(out);
	return -1;
}

/* Nothing to go by: nobody but owners. */
static int compile_closed(struct compiled_policy *out, struct err *e)
{
	*out = (struct compiled_policy){ .rules = policy_new(), .narrowing = policy_new() };
	if (out->rules != NULL && out->narrowing != NULL &&
	    add_everything(out->rules, VERDICT_DENY, e) == 0 &&
	    add_everything(out->narrowing, VERDICT_DENY, e) == 0)
		return 0;
	compiled_free(out);
	return err_set(e, ERR_SYSTEM, "out of memory");
}

int operator_policy_compile(const struct operator_policy *o, const char *text, size_t len,
    struct compiled_policy **out, struct err *e)
{
	struct policy *rules = operator_policy_parse(text, len, clock_wall(o->clock), o->zone_s, e);
	struct compiled_policy *c = rules == NULL ? NULL : calloc(1, sizeof(*c));

	if (rules == NULL)
		return -1;
	if (c == NULL) {
		policy_free(&rules);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (compile(c, rules, e) != 0) {
		free(c);
		return -1;
	}
	*out = c;
	return 0;
}

const struct policy *operator_policy_compiled_rules(const struct compiled_policy *c)
{
	return c->rules;
}

const struct policy *operator_policy_compiled_narrowing(const struct compiled_policy *c)
{
	return c->narrowing;
}

void operator_policy_compiled_free(struct compiled_policy **c)
{
	if (*c != NULL)
		compiled_free(*c);
	free(*c);
	*c = NULL;
}

/* ---- versions ---- */

static void read_row(struct stmt *st, struct operator_version *out)
{
	size_t len;
	const void *hash = stmt_blob(st, 5, &len);

	*out = (struct operator_version){ .version = stmt_int(st, 0), .at_ms = stmt_int(st, 1),
		.read_ms = stmt_int(st, 2), .zone_s = (int32_t)stmt_int(st, 3),
		.by = stmt_text(st, 4), .text = stmt_text(st, 6) };
	if (hash != NULL && len == HASH_BYTES)
		memcpy(out->sha256, hash, HASH_BYTES);
	if (out->text == NULL)
		out->text = "";
	out->len = strlen(out->text);
}

/* The row stays under the statement until it is asked again. */
static int one_row(struct stmt *st, int64_t version, struct operator_version *out, struct err *e)
{
	int rc;

	stmt_reset(st);
	stmt_bind_int(st, 1, version);
	rc = stmt_step(st, e);
	if (rc == 1)
		read_row(st, out);
	return rc;
}

int operator_policy_before(struct operator_policy *o, int64_t version,
    struct operator_version *out, struct err *e)
{
	return one_row(o->before, version, out, e);
}

int operator_policy_find(struct operator_policy *o, int64_t version,
    struct operator_version *out, struct err *e)
{
	return one_row(o->find, version, out, e);
}

static int put_version(struct operator_policy *o, const struct operator_version *v,
    struct err *e)
{
	stmt_bind_int(o->put, 1, v->version);
	stmt_bind_int(o->put, 2, v->at_ms);
	stmt_bind_int(o->put, 3, v->read_ms);
	stmt_bind_int(o->put, 4, v->zone_s);
	stmt_bind_text(o->put, 5, v->by);
	stmt_bind_blob(o->put, 6, v->sha256, HASH_BYTES);
	stmt_bind_text(o->put, 7, v->text);
	if (stmt_run(o->put, NULL, e) != 0)
		return -1;
	stmt_bind_int(o->cut, 1, v->version - OPERATOR_POLICY_VERSIONS);
	return stmt_run(o->cut, NULL, e);
}

static int64_t last_version(struct operator_policy *o, struct err *e)
{
	struct operator_version v;
	int rc = operator_policy_before(o, INT64_MAX, &v, e);

	stmt_reset(o->before);
	return rc < 0 ? -1 : rc == 0 ? 0 : v.version;
}

/* A text that was found sound waits for the end of the transaction. */
static int switch_to(struct operator_policy *o, struct operator_version *v, struct policy *rules,
    struct err *e)
{
	struct compiled_policy next;
	int64_t last;

	if (compile(&next, rules, e) != 0)
		return -1;
	last = last_version(o, e);
	v->version = last + 1;
	v->at_ms = clock_wall(o->clock);
	if (last < 0 || put_version(o, v, e) != 0) {
		compiled_free(&next);
		return -1;
	}
	next.version = v->version;
	memcpy(next.sha256, v->sha256, HASH_BYTES);
	compiled_free(&o->next);
	o->next = next;
	o->has_next = true;
	return 1;
}

static void ended(void *arg, bool committed)
{
	struct operator_policy *o = arg;

	if (!o->has_next)
		return;
	o->has_next = false;
	if (!committed) {
		compiled_free(&o->next);
		return;
	}
	compiled_free(&o->now);
	o->now = o->next;
	o->next = (struct compiled_policy){ 0 };
	o->state = OPERATOR_GOOD;
	o->alarm[0] = '\0';
	log_info("the operator's policy is version %lld: %zu rules", (long long)o->now.version,
	    policy_count(o->now.rules));
}

/* What is in the store already counts, also where a zone has gone since. */
static int check_zones(const struct operator_policy *o, const struct policy *rules, struct err *e)
{
	const char *name;

	for (size_t i = 0; o->zones != NULL && (name = policy_zone(rules, i)) != NULL; i++)
		if (zones_find(o->zones, name) == NULL)
			return err_set(e, ERR_INPUT, "there is no time zone '%s'", name);
	return 0;
}

int operator_policy_load(struct operator_policy *o, const char *text, size_t len, const char *by,
    struct err *e)
{
	struct operator_version v = { .read_ms = clock_wall(o->clock), .zone_s = o->zone_s,
		.by = by, .text = text, .len = len };
	struct policy *rules;

	hash_bytes(v.sha256, text, len);
	if (o->now.version != 0 && memcmp(v.sha256, o->now.sha256, HASH_BYTES) == 0)
		return 0;
	rules = operator_policy_parse(text, len, v.read_ms, v.zone_s, e);
	if (rules == NULL || check_zones(o, rules, e) != 0) {
		policy_free(&rules);
		return -1;
	}
	return switch_to(o, &v, rules, e);
}

int operator_policy_rollback(struct operator_policy *o, int64_t version, const char *by,
    struct err *e)
{
	struct operator_version v;
	struct policy *rules = NULL;
	int rc = operator_policy_find(o, version, &v, e);

	if (rc == 0)
		rc = err_set(e, ERR_INPUT, "there is no version %lld", (long long)version);
	else if (rc == 1 && version == o->now.version)
		rc = 0;
	else if (rc == 1) {
		v.by = by;
		rules = operator_policy_parse(v.text, v.len, v.read_ms, v.zone_s, e);
		rc = rules == NULL ? -1 : switch_to(o, &v, rules, e);
	}
	stmt_reset(o->find);
	return rc;
}

/* ---- the file, again and again ---- */

/* Was exactly this read before?  1, 0, -1. */
static int is_seen(struct operator_policy *o, const uint8_t *sha256, struct err *e)
{
	size_t len = 0;
	const void *was;
	int rc = stmt_step(o->seen_get, e);

	if (rc == 1) {
		was = stmt_blob(o->seen_get, 0, &len);
		rc = was != NULL && len == HASH_BYTES && memcmp(was, sha256, HASH_BYTES) == 0;
		stmt_reset(o->seen_get);
	}
	return rc;
}

static int note_seen(struct operator_policy *o, const uint8_t *sha256, struct err *e)
{
	stmt_bind_blob(o->seen_put, 1, sha256, HASH_BYTES);
	return stmt_run(o->seen_put, NULL, e);
}

static void raise_alarm(struct operator_policy *o, const struct err *why)
{
	o->state = o->now.version != 0 ? OPERATOR_KEPT : OPERATOR_CLOSED;
	o->alarm_ms = clock_wall(o->clock);
	memcpy(o->alarm, why->text, sizeof(o->alarm));
	if (o->state == OPERATOR_KEPT)
		log_error("ALARM: the operator's policy '%s' was not taken, version %lld stays in force: "
		    "%s", o->file, (long long)o->now.version, why->text);
	else
		log_error("ALARM: there is no policy of the operator ('%s'): nobody but owners may do "
		    "anything: %s", o->file, why->text);
}

/* What is broken now was no version: only the alarm says that it was read. */
static int take(struct operator_policy *o, const struct buf *text, bool force, const char *by,
    struct err *e)
{
	uint8_t sha256[HASH_BYTES];
	struct err why = ERR_INIT;
	int rc;

	hash_bytes(sha256, buf_str(text), text->len);
	rc = force || o->now.version == 0 ? 0 : is_seen(o, sha256, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		rc = operator_policy_load(o, buf_str(text), text->len, by, &why);
	else
		rc = 0;
	if (rc < 0 && why.kind == ERR_SYSTEM) {
		*e = why;
		return -1;
	}
	if (rc < 0) {
		raise_alarm(o, &why);
		return 0;
	}
	/* The file is sound, and what it said counts or was taken back since. */
	if (rc == 0 && o->now.version != 0) {
		o->state = OPERATOR_GOOD;
		o->alarm[0] = '\0';
	}
	return note_seen(o, sha256, e) != 0 ? -1 : rc;
}

int operator_policy_read(struct operator_policy *o, bool force, const char *by, struct err *e)
{
	struct err why = ERR_INIT;
	struct buf text;
	int rc = 0;

	if (o->file == NULL)
		return 0;
	buf_init(&text, OPERATOR_POLICY_BYTES);
	if (operator_policy_file(o->file, &text, &why) != 0)
		raise_alarm(o, &why);
	else
		rc = take(o, &text, force, by, e);
	buf_fini(&text);
	return rc;
}

/* ---- what is in force ---- */

const struct policy *operator_policy_rules(const struct operator_policy *o)
{
	return o == NULL ? NULL : o->now.rules;
}

const struct policy *operator_policy_narrowing(const struct operator_policy *o)
{
	return o == NULL ? NULL : o->now.narrowing;
}

const struct policy *operator_policy_next(const struct operator_policy *o)
{
	return o->has_next ? o->next.rules : NULL;
}

int64_t operator_policy_next_version(const struct operator_policy *o)
{
	return o->has_next ? o->next.version : o->now.version;
}

enum operator_state operator_policy_state(const struct operator_policy *o)
{
	return o == NULL ? OPERATOR_NONE : o->state;
}

const char *operator_policy_alarm(const struct operator_policy *o)
{
	return o == NULL || o->alarm[0] == '\0' ? NULL : o->alarm;
}

int64_t operator_policy_alarm_ms(const struct operator_policy *o)
{
	return o->alarm_ms;
}

int64_t operator_policy_version(const struct operator_policy *o)
{
	return o == NULL ? 0 : o->now.version;
}

void operator_policy_name(struct question *q, const struct owned *thing,
    struct operator_names *names)
{
	size_t len = strcspn(thing->jid, "@");

	q->thing_name = thing->node != NULL ? thing->node : thing->jid;
	q->aliases = names->alias;
	q->n_aliases = 0;
	if (thing->node != NULL || thing->jid[len] != '@' || len >= sizeof(names->local))
		return;
	memcpy(names->local, thing->jid, len);
	names->local[len] = '\0';
	names->alias[q->n_aliases++] = names->local;
}

/* ---- open ---- */

static int prepare(struct operator_policy *o, struct err *e)
{
#define COLUMNS "version, at_ms, read_ms, zone_s, done_by, sha256, text"
	const struct { struct stmt **st; const char *sql; } all[] = {
		{ &o->put, "INSERT INTO operator_policy (" COLUMNS ")"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7)" },
		{ &o->find, "SELECT " COLUMNS " FROM operator_policy WHERE version = $1" },
		{ &o->before, "SELECT " COLUMNS " FROM operator_policy WHERE version < $1"
		    " ORDER BY version DESC LIMIT 1" },
		{ &o->cut, "DELETE FROM operator_policy WHERE version <= $1" },
		{ &o->seen_put, "REPLACE INTO operator_file (one, sha256) VALUES (1, $1)" },
		{ &o->seen_get, "SELECT sha256 FROM operator_file WHERE one = 1" },
	};
#undef COLUMNS

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if ((*all[i].st = store_prepare(o->store, all[i].sql, e)) == NULL)
			return -1;
	return 0;
}

/* The newest version; one that this program cannot read is none: what it took
 * back must not come to life again in an older one. */
static int load_newest(struct operator_policy *o, struct err *e)
{
	struct err why = ERR_INIT;
	struct operator_version v;
	struct policy *rules;
	int rc = operator_policy_before(o, INT64_MAX, &v, e);

	if (rc < 0)
		return -1;
	rules = rc == 0 ? NULL :
	    operator_policy_parse(v.text, v.len, v.read_ms, v.zone_s, &why);
	if (rules != NULL && (rc = compile(&o->now, rules, e)) == 0) {
		o->now.version = v.version;
		memcpy(o->now.sha256, v.sha256, HASH_BYTES);
		o->state = OPERATOR_GOOD;
	} else if (rules == NULL) {
		if (rc == 1)
			log_error("version %lld of the operator's policy in the store cannot be read: "
			    "%s", (long long)v.version, why.text);
		rc = compile_closed(&o->now, e);
		o->state = OPERATOR_CLOSED;
	}
	stmt_reset(o->before);
	return rc;
}

int operator_policy_open(struct operator_policy **out, const struct operator_conf *conf,
    struct store *s, const struct clock *clock, struct err *e)
{
	struct operator_policy *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	o->store = s;
	o->clock = clock;
	o->zone_s = conf->zone_s;
	o->zones = conf->zones;
	if (conf->file != NULL && (o->file = strdup(conf->file)) == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	if (store_migrate(s, &schema, e) != 0 || prepare(o, e) != 0 ||
	    (o->file != NULL && load_newest(o, e) != 0))
		goto fail;
	store_on_end(s, ended, o);
	*out = o;
	return 0;
fail:
	operator_policy_close(&o);
	return -1;
}

void operator_policy_close(struct operator_policy **op)
{
	struct operator_policy *o = *op;

	if (o == NULL)
		return;
	compiled_free(&o->now);
	compiled_free(&o->next);
	free(o->file);
	free(o);
	*op = NULL;
}
