/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_job: expiry, backup and export in slices.  Between two of them
 * anything may change: what is listed is looked at again before it is touched.
 */
#include "config.h"

#include "kithd/operate_job.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/ident.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/store/ownership.h"
#include "common/store/store.h"
#include "common/wire/reply.h"
#include "kithd/operate.h"
#include "kithd/record.h"
#include "kithd/report.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define ANSWER_BYTES (64 * 1024)
#define POOL_BYTES (1024 * 1024)
#define LOOKS 5000			/* things looked at in one slice */
#define EXPIRE_AT_ONCE 100
#define BACKUP_PAGES 128
#define BACKUP_BYTES (192 * 1024)	/* sent in one slice; a multiple of 3 */
#define EXPORT_ROWS 500

void operate_progress(struct buf *out, int64_t done, int64_t all)
{
	buf_addf(out, "#progress %lld %lld\n", (long long)done, (long long)all);
}

/* `size`: of a struct that begins with a struct operate_job. */
void *operate_job_new(struct site *s, size_t size, struct err *e)
{
	struct operate_job *j = calloc(1, size);

	if (j == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	j->site = s;
	site_parts(s, &j->parts);
	buf_init(&j->answer, ANSWER_BYTES);
	return j;
}

void operate_job_free(struct operate_job **jp)
{
	struct operate_job *j = *jp;

	if (j == NULL)
		return;
	*jp = NULL;
	if (j->end != NULL)
		j->end(j);
	buf_fini(&j->answer);
	free(j);
}

/* ---- expire ---- */

struct expire {
	struct operate_job job;
	int64_t before_ms;
	bool dry, has_one;
	uint8_t one[OWNERSHIP_ID];
	size_t at;		/* looked at down to here: dropping moves the last row up */
	int64_t n, all;
};

static bool expires(const struct expire *x, const struct owned *t)
{
	int64_t at;

	if (t == NULL || t->state != OWNED_NOBODY || !t->listed)
		return false;
	at = registry_registered_at(x->job.parts.registry, t);
	return x->has_one || at <= x->before_ms;
}

static int expire_some(struct expire *x, const uint8_t (*id)[16], size_t n, struct err *e)
{
	struct request q = { .verb = VERB_EXPIRE, .kind = STANZA_MESSAGE, .type = IQ_NOT };
	struct pool pool;
	struct reply r;
	int64_t did;
	int rc;

	pool_init(&pool, POOL_BYTES);
	q.pool = &pool;
	q.u.desk.n_things = n;
	q.u.desk.things = id;
	q.u.desk.confirmed = !x->dry;
	rc = operate_serve(&x->job.parts, &q, &r, e);
	if (rc == 0 && r.kind == REPLY_RESULT && str_to_int(r.text, 0, (int64_t)n, &did) == 0)
		x->n += did;
	pool_fini(&pool);
	return rc;
}

static int expire_step(struct operate_job *j, struct buf *out, struct err *e)
{
	struct expire *x = (struct expire *)j;
	uint8_t id[EXPIRE_AT_ONCE][16];
	size_t n = 0;

	if (x->at > ownership_count(j->parts.ownership))
		x->at = ownership_count(j->parts.ownership);
	for (int i = 0; i < LOOKS && x->at > 0 && n < EXPIRE_AT_ONCE && !x->has_one; i++) {
		const struct owned *t = ownership_at(j->parts.ownership, --x->at);

		if (expires(x, t))
			memcpy(id[n++], t->id, sizeof(id[0]));
	}
	if (x->has_one) {
		memcpy(id[n++], x->one, sizeof(id[0]));
		x->at = 0;
	}
	if (n > 0 && expire_some(x, id, n, e) != 0)
		return -1;
	if (x->at > 0) {
		operate_progress(out, x->all - (int64_t)x->at, x->all);
		return 1;
	}
	if (j->json)
		buf_addf(&j->answer, "{\"things\":%lld,\"done\":%s}\n", (long long)x->n,
		    x->dry ? "false" : "true");
	else
		buf_addf(&j->answer, "%lld %s%s\n", (long long)x->n, x->n == 1 ? "thing" : "things",
	    x->dry ? " would expire" : " expired");
	return 0;
}

int operate_expire(struct operate_job **out, struct site *s, const uint8_t *one,
    int64_t before_ms, bool dry, struct err *e)
{
	struct expire *x = operate_job_new(s, sizeof(*x), e);

	if (x == NULL)
		return -1;
	x->job.step = expire_step;
	x->before_ms = before_ms;
	x->dry = dry;
	x->has_one = one != NULL;
	if (one != NULL)
		memcpy(x->one, one, sizeof(x->one));
	x->at = ownership_count(x->job.parts.ownership);
	x->all = (int64_t)x->at;
	*out = &x->job;
	return 0;
}

/* ---- backup ---- */

/*
 * First a copy in a file beside the store, then its bytes to kithctl, which
 * writes them where the operator said: kithd itself need not be allowed to
 * write anywhere else.
 */
struct backup {
	struct operate_job job;
	char *path;
	struct store_backup *copy;
	int64_t done, all;		/* pages, then bytes */
	int fd;
	char bytes[BACKUP_BYTES];
};

static void backup_end(struct operate_job *j)
{
	struct backup *b = (struct backup *)j;

	store_backup_end(&b->copy);
	if (b->fd >= 0)
		close(b->fd);
	if (b->path != NULL)
		(void)unlink(b->path);
	free(b->path);
}

static int open_copy(struct backup *b, struct err *e)
{
	b->fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (b->fd < 0)
		return err_errno(e, "cannot read '%s'", b->path);
	b->all = lseek(b->fd, 0, SEEK_END);
	b->done = 0;
	if (b->all < 0 || lseek(b->fd, 0, SEEK_SET) != 0)
		return err_errno(e, "cannot read '%s'", b->path);
	return 1;
}

static int send_some(struct backup *b, struct buf *out, struct err *e)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < sizeof(b->bytes) && got > 0) {
		got = read(b->fd, b->bytes + n, sizeof(b->bytes) - n);
		if (got < 0)
			return err_errno(e, "cannot read '%s'", b->path);
		n += (size_t)got;
	}
	if (n == 0) {
		buf_addf(&b->job.answer, "%lld bytes\n", (long long)b->done);
		return 0;
	}
	buf_adds(out, "#data ");
	str_base64(out, b->bytes, n);
	buf_addc(out, '\n');
	b->done += (int64_t)n;
	operate_progress(out, b->all + b->done, 2 * b->all);
	return 1;
}

static int backup_step(struct operate_job *j, struct buf *out, struct err *e)
{
	struct backup *b = (struct backup *)j;
	int more;

	if (b->fd >= 0)
		return send_some(b, out, e);
	more = store_backup_step(b->copy, BACKUP_PAGES, &b->done, &b->all, e);
	if (more == -1)
		return -1;
	operate_progress(out, b->done, 2 * b->all);
	if (more == 1)
		return 1;
	store_backup_end(&b->copy);
	return open_copy(b, e);
}

/* The moment stands in the copy, so that a restore can say what it goes back to. */
static int stamp(const struct site_parts *p, struct err *e)
{
	if (store_begin(p->store, e) != 0)
		return -1;
	if (store_set_int(p->store, "backup_ms", clock_wall(p->clock), e) == 0)
		return store_commit(p->store, e);
	store_rollback(p->store);
	return -1;
}

static int begin_copy(struct backup *b, struct err *e)
{
	static const char scheme[] = "sqlite:";
	const char *url = store_url(b->job.parts.store);
	size_t size = strlen(url) + sizeof(".backup-") + IDENT_TEXT;
	char mark[IDENT_TEXT];

	if (!str_starts(url, scheme) || url[sizeof(scheme) - 1] == ':')
		return err_set(e, ERR_INPUT, "this kind of store is not backed up from here");
	if (ident_text(mark, e) != 0)
		return -1;
	b->path = malloc(size);
	if (b->path == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	(void)snprintf(b->path, size, "%s.backup-%s", url + sizeof(scheme) - 1, mark);
	return stamp(&b->job.parts, e) != 0 ? -1 :
	    store_backup_begin(&b->copy, b->job.parts.store, b->path, e);
}

/* Copies that a killed kithd left behind. */
void operate_backup_tidy(const char *url)
{
	const char *path = strchr(url, ':');
	size_t size = strlen(url) + sizeof(".backup-*");
	char *pattern = malloc(size);
	glob_t found;

	if (pattern == NULL || path == NULL || path[1] == ':') {
		free(pattern);
		return;
	}
	(void)snprintf(pattern, size, "%s.backup-*", path + 1);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
}

int operate_backup(struct operate_job **out, struct site *s, struct err *e)
{
	struct backup *b = operate_job_new(s, sizeof(*b), e);
	struct operate_job *j;

	if (b == NULL)
		return -1;
	b->job.step = backup_step;
	b->job.end = backup_end;
	b->fd = -1;
	j = &b->job;
	if (begin_copy(b, e) != 0) {
		operate_job_free(&j);
		return -1;
	}
	*out = j;
	return 0;
}

/* ---- export ---- */

struct export {
	struct operate_job job;
	size_t at;		/* looked at so far; a thing that goes meanwhile may hide one */
	int64_t n;
	int (*row)(struct export *x, const struct owned *t, struct buf *out);
};

static void row_begin(struct buf *out)
{
	buf_adds(out, "#row");
}

static int thing_tags(struct export *x, const struct owned *t, struct buf *out)
{
	struct found_thing f;
	struct pool pool;
	struct err e = ERR_INIT;

	pool_init(&pool, POOL_BYTES);
	if (registry_describe(x->job.parts.registry, t->id, &pool, &f, &e) == 1)
		for (size_t i = 0; i < f.tags.n; i++) {
			const struct tag *tag = &f.tags.tag[i];
			const char *name = pool_printf(&pool, "%s:%s", tag->is_num ? "num" :
			    "str", tag->name);

			record_add(out, name != NULL ? name : "str:?", tag->str);
		}
	pool_fini(&pool);
	return 0;
}

static int thing_row(struct export *x, const struct owned *t, struct buf *out)
{
	row_begin(out);
	record_add(out, "jid", t->jid);
	record_add(out, "node", t->node);
	record_add(out, "source", t->source);
	record_add(out, "partition", t->partition);
	record_add(out, "owner", t->owner);
	record_add(out, "name", t->name);
	record_add(out, "public", t->owner == NULL ? NULL : t->is_public ? "true" : "false");
	record_add(out, "state", owned_state_name(t->state));
	(void)thing_tags(x, t, out);
	buf_addc(out, '\n');
	x->n++;
	return 0;
}

static bool is_first(const struct export *x, const struct owned *t)
{
	return t->owner != NULL &&
	    ownership_next_of_owner(x->job.parts.ownership, t->owner, NULL) == t;
}

static int owner_row(struct export *x, const struct owned *t, struct buf *out)
{
	if (!is_first(x, t))
		return 0;
	row_begin(out);
	record_add(out, "owner", t->owner);
	buf_addf(out, "\tthings=%zu\n",
	    ownership_count_of_owner(x->job.parts.ownership, t->owner));
	x->n++;
	return 0;
}

/* Asked as the owner asks for them. */
static int rule_rows(struct export *x, const struct owned *t, struct buf *out)
{
	struct request q = { .verb = VERB_RULES, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = t->owner, .bare = t->owner };
	struct err e = ERR_INIT;
	struct pool pool;
	struct reply r;

	if (!is_first(x, t) || x->job.parts.provisioning == NULL)
		return 0;
	pool_init(&pool, POOL_BYTES);
	q.pool = &pool;
	if (provisioning_serve(x->job.parts.provisioning, &q, &r, &e) == 0 &&
	    r.kind == REPLY_RESULT)
		for (size_t i = 0; i < r.u.rules.n; i++) {
			row_begin(out);
			record_add(out, "owner", t->owner);
			record_add(out, "rule", r.u.rules.rule[i].text);
			buf_addc(out, '\n');
			x->n++;
		}
	pool_fini(&pool);
	return 0;
}

static int export_step(struct operate_job *j, struct buf *out, struct err *e)
{
	struct export *x = (struct export *)j;
	size_t all = ownership_count(j->parts.ownership);

	(void)e;
	for (int i = 0; i < EXPORT_ROWS && x->at < all; i++) {
		const struct owned *t = ownership_at(j->parts.ownership, x->at++);

		if (t != NULL)
			(void)x->row(x, t, out);
	}
	operate_progress(out, (int64_t)x->at, (int64_t)all);
	if (x->at < all)
		return 1;
	buf_addf(&j->answer, "%lld rows\n", (long long)x->n);
	return 0;
}

int operate_export(struct operate_job **out, struct site *s, const char *what, struct err *e)
{
	static const struct {
		const char *what;
		int (*row)(struct export *x, const struct owned *t, struct buf *out);
	} kinds[] = {
		{ "things", thing_row }, { "owners", owner_row }, { "rules", rule_rows },
	};
	struct export *x;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].what, what) != 0)
			continue;
		x = operate_job_new(s, sizeof(*x), e);
		if (x == NULL)
			return -1;
		x->job.step = export_step;
		x->row = kinds[i].row;
		*out = &x->job;
		return 0;
	}
	return err_set(e, ERR_INPUT, "say: export things, rules or owners");
}
