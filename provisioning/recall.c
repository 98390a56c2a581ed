/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall: the walk over what a change concerns, in slices, and the counting of
 * what comes back.  It never asks whether the change was right, and writes no
 * stanza.  Read next: recall_friends.c, recall_tell.c, recall_store.h.
 */
#include "config.h"

#include "provisioning/recall.h"

#include <string.h>

#include "common/base/jid.h"
#include "provisioning/floor.h"
#include "provisioning/recall_part.h"
#include "provisioning/role.h"

/*
 * A slice is 1 ms of work at most (ruling 32), counted instead of timed, so that
 * it ends at the same place in every run: a unit is about 0.2 us.
 */
#define SLICE 5000
#define COST_LOOK 2		/* one thing that is not concerned, or told already */
#define COST_OWE 70		/* one that is told: its row, and maybe another */
#define TELL_MS 5000		/* then it is said how far it is */
#define ABOUT_LINES 16		/* changes at once; of more, everything is void */
#define OPEN_PER_OWNER 16	/* the oldest is counted no further for one more */
#define WALKS_PER_OWNER 16	/* of those; for one more the oldest ends its walk at once */

/* ---- what is to be done ---- */

size_t recall_missing(const struct provisioning *p, const struct recall *r)
{
	bool over = clock_boot(p->deps.clock) >= r->bound_boot_ms;

	return over ? r->bare : r->waiting;
}

bool recall_is_over(const struct provisioning *p, const struct recall *r)
{
	return r->phase == RECALL_WAITING && (r->uncounted || recall_missing(p, r) == 0);
}

static void schedule(struct provisioning *p, struct recall *r)
{
	int64_t now = clock_boot(p->deps.clock), when = -1;

	if (r->phase != RECALL_WAITING || recall_is_over(p, r))
		when = now;
	else if (r->told == RECALL_TO_TELL)
		when = r->tell_boot_ms;
	if (r->phase == RECALL_WAITING && r->bare < r->waiting && now < r->bound_boot_ms &&
	    (when < 0 || r->bound_boot_ms < when))
		when = r->bound_boot_ms;
	recall_table_due(p->recalls, r, when);
}

/* ---- the table ---- */

/* After a restart: nobody remembers whose lease ends when. */
static int64_t worst_bound(const struct provisioning *p)
{
	return p->opened_boot_ms + p->longest_ms;
}

/* Read from its row: what is done next, and how long to wait at most. */
static void awake(struct provisioning *p, struct recall *r)
{
	int64_t now = clock_boot(p->deps.clock);

	/* Its leases were given before; by now they last as long as any. */
	r->bound_boot_ms = now > worst_bound(p) ? now + p->longest_ms : worst_bound(p);
	r->tell_boot_ms = now + TELL_MS;
	r->swept = true;
	schedule(p, r);
}

int recall_sync(struct provisioning *p, struct err *e)
{
	int read = recall_table_sync(p->recalls, e);

	for (size_t i = 0; read == 1 && i < recall_table_count(p->recalls); i++)
		awake(p, recall_table_at(p->recalls, i));
	return read < 0 ? -1 : 0;
}

int recalls_open(struct provisioning *p, struct err *e)
{
	if (recall_table_open(&p->recalls, p->deps.store, p->deps.debts, e) != 0)
		return -1;
	for (size_t i = 0; i < recall_table_count(p->recalls); i++)
		awake(p, recall_table_at(p->recalls, i));
	return 0;
}

void recalls_close(struct provisioning *p)
{
	recall_table_close(&p->recalls);
}

int64_t recall_deadline(const struct provisioning *p)
{
	const struct recall *r = recall_table_next(p->recalls);

	if (recall_table_is_stale(p->recalls))
		return provisioning_now(p);
	return r == NULL ? -1 :
	    provisioning_now(p) + (r->due.ms - clock_boot(p->deps.clock));
}

/* ---- a change ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What one request changes about one owner is one recall. */
static struct recall *find_fresh(const struct provisioning *p, const char *owner)
{
	for (size_t i = recall_table_count(p->recalls); i-- > 0;) {
		struct recall *r = recall_table_at(p->recalls, i);

		if (r->fresh && same_text(r->owner, owner))
			return r;
	}
	return NULL;
}

static int work(struct provisioning *p, struct recall *r, struct err *e);
static int end(struct provisioning *p, struct recall *r, struct err *e);

/* The oldest of an owner that is still counted, or that is not and still walks. */
static struct recall *find_oldest(const struct provisioning *p, const char *owner, bool uncounted,
    size_t *n)
{
	struct recall *oldest = NULL;

	*n = 0;
	for (size_t i = recall_table_count(p->recalls); i-- > 0;) {
		struct recall *r = recall_table_at(p->recalls, i);

		if (r->uncounted != uncounted || !same_text(r->owner, owner) ||
		    (uncounted && r->phase == RECALL_WAITING))
			continue;
		oldest = r;
		++*n;
	}
	return oldest;
}

/* What is counted no further is told to the end all the same. */
static int give_up_oldest(struct provisioning *p, const char *owner, struct err *e)
{
	size_t counted, walking;
	struct recall *oldest = find_oldest(p, owner, false, &counted);
	struct recall *walks = find_oldest(p, owner, true, &walking);

	if (counted < OPEN_PER_OWNER)
		return 0;
	while (walking >= WALKS_PER_OWNER && walks->phase != RECALL_WAITING)
		if (work(p, walks, e) != 0)
			return -1;
	if (walking >= WALKS_PER_OWNER && end(p, walks, e) != 0)
		return -1;
	oldest->uncounted = true;
	schedule(p, oldest);
	return 0;
}

static struct recall *make(struct provisioning *p, const char *owner, enum recall_scope scope,
    struct err *e)
{
	struct recall *r;
	uint64_t revision;

	if (give_up_oldest(p, owner, e) != 0 ||
	    store_next_revision(p->deps.store, &revision, e) != 0)
		return NULL;
	r = recall_table_new(p->recalls, revision, owner, p->speaker, e);
	if (r == NULL)
		return NULL;
	r->fresh = true;
	r->scope = scope;
	r->at_ms = r->before_ms = provisioning_now(p);
	r->tell_boot_ms = clock_boot(p->deps.clock) + TELL_MS;
	return r;
}

/* From the beginning; who has it owed already is passed by. */
static void walk_anew(struct recall *r)
{
	r->phase = RECALL_FLOORS;
	r->total = r->index = r->person = 0;
	r->has_last = false;
	policy_free(&r->before);
}

/* The recall of this request, or a new one; `scope` may widen it. */
static struct recall *join(struct provisioning *p, const char *owner, enum recall_scope scope,
    struct err *e)
{
	struct recall *r;

	if (recall_sync(p, e) != 0)
		return NULL;
	p->recalling = true;
	r = find_fresh(p, owner);
	if (r == NULL)
		return make(p, owner, scope, e);
	if (r->scope != scope)
		r->scope = owner != NULL ? RECALL_OWNER : RECALL_EVERYBODY;
	walk_anew(r);
	return r;
}

static int put(struct provisioning *p, struct recall *r, struct err *e)
{
	schedule(p, r);
	r->written = true;
	return recall_table_put(p->recalls, r, e);
}

/* A rule more: the row follows with the first slice. */
static int put_once(struct provisioning *p, struct recall *r, struct err *e)
{
	schedule(p, r);
	return r->written ? 0 : put(p, r, e);
}

int recall_everybody(struct provisioning *p, struct err *e)
{
	struct recall *r = join(p, NULL, RECALL_EVERYBODY, e);

	return r == NULL ? -1 : put(p, r, e);
}

int recall_subject(struct provisioning *p, const struct subject *s, struct err *e)
{
	struct recall *r = join(p, NULL, RECALL_SUBJECT, e);

	if (r == NULL)
		return -1;
	if (r->subject.text != NULL && (r->subject.kind != s->kind ||
	    !same_text(r->subject.text, s->text)))
		r->scope = RECALL_EVERYBODY;
	r->subject.kind = s->kind;
	r->subject.text = pool_strdup(&r->pool, s->text != NULL ? s->text : "");
	if (r->subject.text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return put(p, r, e);
}

int recall_role(struct provisioning *p, const char *role, const char *person, bool given,
    struct err *e)
{
	struct recall *r = join(p, NULL, RECALL_SUBJECT, e);

	if (r == NULL)
		return -1;
	if (r->subject.text == NULL && r->scope == RECALL_SUBJECT) {
		r->bearer = pool_strdup(&r->pool, person);
		r->given = given;
		if (r->bearer == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
	} else if (!same_text(r->bearer, person)) {
		r->bearer = NULL;
	}
	return recall_subject(p, &(struct subject){ SUBJECT_ROLE, role }, e);
}

int recall_owner(struct provisioning *p, const char *owner, struct err *e)
{
	struct recall *r = join(p, owner, RECALL_OWNER, e);

	return r == NULL ? -1 : put(p, r, e);
}

int recall_thing(struct provisioning *p, const struct owned *t, struct err *e)
{
	static const uint8_t none[OWNERSHIP_ID];
	struct recall *r;

	if (t->owner == NULL)
		return 0;
	r = join(p, t->owner, RECALL_THING, e);
	if (r == NULL)
		return -1;
	if (memcmp(r->thing, none, sizeof(none)) != 0 && memcmp(r->thing, t->id, sizeof(none)) != 0)
		r->scope = RECALL_OWNER;
	memcpy(r->thing, t->id, sizeof(r->thing));
	return put(p, r, e);
}

int recall_revision(struct provisioning *p, const char *owner, uint64_t *revision,
    struct err *e)
{
	struct recall *r = join(p, owner, RECALL_RULES, e);

	if (r == NULL)
		return -1;
	*revision = r->revision;
	return put_once(p, r, e);
}

int recall_rule(struct provisioning *p, const char *owner, const struct rule *rule, bool gone,
    struct err *e)
{
	struct recall *r = join(p, owner, RECALL_RULES, e);
	int64_t now = provisioning_now(p);

	if (r == NULL)
		return -1;
	/* Over: the last moment it was in force is the one before. */
	if (gone && rule->until_ms != 0 && rule->until_ms <= now &&
	    rule->until_ms - 1 < r->before_ms)
		r->before_ms = rule->until_ms - 1;
	if (gone == (rule->verdict == VERDICT_ALLOW))
		r->takes = true;
	return recall_table_add(p->recalls, r, rule, gone, e) != 0 ? -1 : put_once(p, r, e);
}

/* ---- whom it concerns ---- */

/* Comparisons other than "is" are taken to hold: too many are told rather than
 * too few. */
static bool tag_fits(const struct tag_term *term, const struct tag *tag, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value_same(tag[i].name, term->name) && value_same(tag[i].str, term->value))
			return true;
	return term->op != TAG_EQ;
}

static bool has_tags(struct provisioning *p, const struct owned *t, const struct target *target)
{
	struct tag tag[WIRE_TAGS];
	struct pool pool;
	size_t n = 0;
	bool all = true;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (p->deps.tags != NULL)
		n = p->deps.tags(p->deps.tags_arg, t->id, &pool, tag, WIRE_TAGS);
	for (size_t i = 0; all && i < target->n_terms; i++)
		all = tag_fits(&target->term[i], tag, n);
	pool_fini(&pool);
	return all;
}

/* A set that is gone may have been there when an answer was given. */
static bool is_in_set(const struct provisioning *p, const struct owned *t, const char *name)
{
	const struct thing_set *set = p->deps.sets == NULL ? NULL :
	    thing_set_find(p->deps.sets, t->owner, name);

	return set == NULL || thing_set_has(set, t->id);
}

static bool is_about(struct provisioning *p, const struct rule *rule, const struct owned *t)
{
	switch (rule->target.kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		return rule->target.bound && rule->target.epoch == t->epoch &&
		    memcmp(rule->target.id, t->id, OWNERSHIP_ID) == 0;
	case TARGET_TAG:
		return has_tags(p, t, &rule->target);
	case TARGET_SET:
		return is_in_set(p, t, rule->target.name);
	}
	return false;
}

bool recall_concerns(struct provisioning *p, const struct recall *r, const struct owned *t)
{
	if (!owned_by(t, r->owner))
		return false;
	if (r->scope == RECALL_THING)
		return memcmp(r->thing, t->id, OWNERSHIP_ID) == 0;
	for (size_t i = 0; r->scope == RECALL_RULES && i < r->n_lines; i++)
		if (is_about(p, &r->line[i]->rule, t))
			return true;
	return r->scope == RECALL_OWNER;
}

static bool speaks_of(const struct policy *rules, const struct subject *s)
{
	return rules != NULL && policy_names(rules,
	    s->kind == SUBJECT_ROLE ? FACT_ROLE : FACT_TOKEN, s->text);
}

/* 1, 0, -1 */
static int concerns_asker(struct provisioning *p, const struct recall *r, const struct asker *k,
    struct err *e)
{
	const struct owned *t = NULL;
	const struct book *b;

	if (r->scope == RECALL_EVERYBODY ||
	    speaks_of(operator_policy_rules(p->operator), &r->subject))
		return 1;
	while ((t = ownership_next_of_jid(p->deps.ownership, k->jid, t)) != NULL) {
		if (t->owner == NULL)
			continue;
		if (access_book(p->access, t->owner, &b, e) != 0)
			return -1;
		if (b != NULL && speaks_of(b->rules, &r->subject))
			return 1;
	}
	return 0;
}

/* ---- one step of the walk ---- */

static bool names_things(const struct recall *r)
{
	for (size_t i = 0; i < r->n_lines; i++)
		if (!r->line[i]->rule.target.bound)
			return false;
	return r->scope == RECALL_RULES;
}

static bool was_named_before(const struct recall *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (memcmp(r->line[k]->rule.target.id, r->line[i]->rule.target.id,
			OWNERSHIP_ID) == 0)
			return true;
	return false;
}

/* Things named one by one are not looked for among all others. */
static const struct owned *next_named(struct provisioning *p, struct recall *r)
{
	while (r->index < r->n_lines) {
		size_t i = r->index++;

		if (!was_named_before(r, i))
			return ownership_by_id(p->deps.ownership, r->line[i]->rule.target.id);
	}
	return NULL;
}

static const struct owned *next_of_owner(struct provisioning *p, struct recall *r)
{
	const struct owned *t = !r->has_last ? NULL :
	    ownership_by_id(p->deps.ownership, r->last);

	if (r->has_last && (t == NULL || !same_text(t->owner, r->owner))) {
		/* Where the walk stood is no more: begin anew. */
		r->total = 0;
		t = NULL;
	}
	t = ownership_next_of_owner(p->deps.ownership, r->owner, t);
	r->has_last = t != NULL;
	if (t != NULL)
		memcpy(r->last, t->id, sizeof(r->last));
	return t;
}

/* The next thing of the owner to look at; NULL: that was the last. */
const struct owned *recall_next_thing(struct provisioning *p, struct recall *r, bool *more)
{
	const struct owned *t;

	if (r->scope == RECALL_THING) {
		t = r->index++ == 0 ? ownership_by_id(p->deps.ownership, r->thing) : NULL;
		*more = t != NULL;
	} else if (names_things(r)) {
		t = next_named(p, r);
		*more = t != NULL || r->index < r->n_lines;
	} else {
		t = next_of_owner(p, r);
		*more = t != NULL;
	}
	return t;
}

static bool waits_already(const struct debt *d, int64_t id)
{
	struct floor_wait w[FLOOR_WAITS];
	size_t n = d == NULL ? 0 : floor_waits(d->text, w);

	for (size_t i = 0; i < n; i++)
		if (w[i].id == id)
			return true;
	return false;
}

/* ---- what it is about, at one address ---- */

/* What a co-owner gave goes as far as he may himself: it moves with him. */
static bool moves_others(const struct rule *changed, const struct book *b)
{
	for (size_t i = 0; b != NULL && i < b->n_co_owners; i++)
		if (rules_cover(&changed->subject, b->co_owner[i]))
			return true;
	return false;
}

static void add_thing(struct provisioning *p, const struct recall *r, const struct owned *t,
    const struct book *b, struct about *out)
{
	const struct node node = { t->node, t->source, t->partition };

	if (r->scope != RECALL_RULES) {
		about_node(out, &node);
		return;
	}
	for (size_t i = 0; !out->all && i < r->n_lines; i++) {
		const struct rule *rule = &r->line[i]->rule;
		const struct node inside = { rule->target.node, rule->target.source,
			rule->target.partition };

		if (is_about(p, rule, t))
			about_rule(out, rule, rule->target.node != NULL ? &inside : &node,
			    moves_others(rule, b));
	}
}

/* What a role was to him: of an address behind which he is no co-owner, his answers. */
static int find_about_person(struct provisioning *p, const struct recall *r,
    const struct asker *k, struct about *out, size_t *cost, struct err *e)
{
	const struct subject him = { SUBJECT_JID, r->bearer };
	const struct rule all = { .subject = him, .actions = RULE_EVERYTHING };
	const struct owned *t = NULL;
	const struct book *b = NULL;

	about_nothing(out);
	while (!out->all && (t = ownership_next_of_jid(p->deps.ownership, k->jid, t)) != NULL) {
		*cost += COST_LOOK;
		if (t->owner != NULL && access_book(p->access, t->owner, &b, e) != 0)
			return -1;
		about_rule(out, &all, NULL, t->owner != NULL && moves_others(&all, b));
	}
	if (out->n == 0)
		about_everything(out);
	return 0;
}

/* Of its owner's things at this address; everything where that would be long. */
static int find_about(struct provisioning *p, const struct recall *r, const struct asker *k,
    struct about *out, size_t *cost, struct err *e)
{
	const struct owned *t = NULL;
	const struct book *b;

	if (k->keeps_lease && r->scope == RECALL_SUBJECT && r->bearer != NULL)
		return find_about_person(p, r, k, out, cost, e);
	about_everything(out);
	if (!k->keeps_lease || r->owner == NULL || r->n_lines > ABOUT_LINES)
		return 0;
	if (access_book(p->access, r->owner, &b, e) != 0)
		return -1;
	about_nothing(out);
	while (!out->all && (t = ownership_next_of_jid(p->deps.ownership, k->jid, t)) != NULL) {
		*cost += COST_LOOK + r->n_lines;
		if (recall_concerns(p, r, t))
			add_thing(p, r, t, b, out);
	}
	return 0;
}

/* ---- telling ---- */

/* One more waits for this floor; who has waited longest goes if there are too many. */
static size_t add_wait(struct provisioning *p, struct floor_wait *w, size_t n,
    const struct floor_wait *more)
{
	if (n == FLOOR_WAITS) {
		struct recall *oldest = recall_table_find(p->recalls, w[0].id);

		if (oldest != NULL) {
			oldest->uncounted = true;
			schedule(p, oldest);
		}
		memmove(w, w + 1, --n * sizeof(w[0]));
	}
	w[n] = *more;
	return n + 1;
}

/* The floor that this address is owed, with one recall more that waits for it. */
static int owe(struct provisioning *p, struct recall *r, const struct debt *d,
    const struct asker *k, size_t n, const struct about *about, struct err *e)
{
	struct floor_wait w[FLOOR_WAITS];
	size_t have = d == NULL ? 0 : floor_waits(d->text, w);
	struct about joined;
	uint64_t number;
	struct buf text;
	int ret;

	if (lease_widen(p, d, r->revision, about, &joined, &number, e) != 0)
		return -1;
	if (n > 0)
		have = add_wait(p, w, have, &(struct floor_wait){ .id = r->id, .n = n,
			.bare = !k->keeps_lease, .number = number == r->revision ? 0 : number });
	buf_init(&text, FLOOR_BYTES);
	ret = lease_owe(p, k, number, floor_text(&text, w, have, &joined), e);
	buf_fini(&text);
	return ret;
}

/* `n` things of one address. */
static int tell_address(struct provisioning *p, struct recall *r, const char *jid, size_t n,
    size_t *cost, struct err *e)
{
	const struct asker *k = asker_find(p->askers, jid);
	const struct debt *d;
	struct about about;
	bool waits;

	r->total += n;
	if (k == NULL)
		return 0;	/* it never asked, so it keeps nothing */
	d = debt_find(p->deps.debts, DEBT_FLOOR, jid, "");
	waits = waits_already(d, r->id);
	/* While its request lasts, it may be about more than it was. */
	if (waits && !r->fresh)
		return 0;
	*cost += COST_OWE;
	recall_table_touch(p->recalls);
	if (find_about(p, r, k, &about, cost, e) != 0)
		return -1;
	if (waits)
		return owe(p, r, d, k, 0, &about, e);
	r->waiting += n;
	if (!k->keeps_lease)
		r->bare += n;
	else if (lease_bound(p, k) > r->bound_boot_ms)
		r->bound_boot_ms = lease_bound(p, k);
	return owe(p, r, d, k, n, &about, e);
}

/* Behind a gateway one address stands for several: they are told once, by the
 * first.  0: it is not the first. */
static size_t things_at(struct provisioning *p, const struct recall *r, const struct owned *t)
{
	const struct owned *other = NULL;
	size_t n = 0;

	while ((other = ownership_next_of_jid(p->deps.ownership, t->jid, other)) != NULL) {
		if (other == t) {
			n++;
			continue;
		}
		if (!recall_concerns(p, r, other))
			continue;
		if (n == 0)
			return 0;
		n++;
	}
	return n;
}

static int step_owner(struct provisioning *p, struct recall *r, size_t *cost, struct err *e)
{
	bool more;
	const struct owned *t = recall_next_thing(p, r, &more);
	size_t n;

	*cost += COST_LOOK;
	if (t == NULL || !recall_concerns(p, r, t))
		return more;
	n = things_at(p, r, t);
	if (n == 0)
		return 1;
	*cost += n;
	return tell_address(p, r, t->jid, n, cost, e) != 0 ? -1 : 1;
}

static int step_askers(struct provisioning *p, struct recall *r, size_t *cost, struct err *e)
{
	const struct asker *k = asker_at(p->askers, r->index++);
	int concerned;

	*cost += COST_LOOK;
	if (k == NULL)
		return 0;
	concerned = concerns_asker(p, r, k, e);
	if (concerned < 1)
		return concerned == 0 ? 1 : -1;
	if (tell_address(p, r, k->jid, 1, cost, e) != 0)
		return -1;
	return recall_friends_of_role(p, r, k->jid, cost, e) != 0 ? -1 : 1;
}

/* 1 there is more, 0 the walk is done, -1 */
static int step(struct provisioning *p, struct recall *r, size_t *cost, struct err *e)
{
	if (r->phase == RECALL_FRIENDS)
		return recall_friends_step(p, r, cost, e);
	return r->owner != NULL ? step_owner(p, r, cost, e) : step_askers(p, r, cost, e);
}

static void next_phase(struct recall *r)
{
	r->index = r->person = 0;
	r->has_last = false;
	r->phase = r->phase == RECALL_FLOORS && recall_has_friends(r) ? RECALL_FRIENDS :
	    RECALL_WAITING;
	if (r->phase == RECALL_WAITING) {
		policy_free(&r->before);
		pool_reset(&r->friends);
	}
}

static int work(struct provisioning *p, struct recall *r, struct err *e)
{
	size_t cost = 0;

	while (r->phase != RECALL_WAITING && cost < SLICE) {
		int more = step(p, r, &cost, e);

		if (more < 0)
			return -1;
		if (more == 0)
			next_phase(r);
	}
	if (r->takes && r->speaker != NULL && r->told == RECALL_SILENT &&
	    (r->waiting > 0 || r->phase != RECALL_WAITING))
		r->told = RECALL_TO_TELL;
	return put(p, r, e);
}

/* ---- the request that changed something ---- */

int recall_begin(struct provisioning *p, struct err *e)
{
	if (!p->recalling)
		return 0;
	if (recall_sync(p, e) != 0)
		return -1;
	for (size_t i = recall_table_count(p->recalls); i-- > 0;) {
		struct recall *r = recall_table_at(p->recalls, i);

		if (!r->fresh)
			continue;
		if (!r->swept && r->owner != NULL && question_sweep(p, r->owner, e) != 0)
			return -1;
		r->swept = true;
		if (r->phase != RECALL_WAITING && work(p, r, e) != 0)
			return -1;
	}
	return 0;
}

void recall_end(struct provisioning *p)
{
	for (size_t i = 0; p->recalling && i < recall_table_count(p->recalls); i++)
		recall_table_at(p->recalls, i)->fresh = false;
	p->recalling = false;
}

void recall_force(struct provisioning *p, struct reply_force *out, struct pool *pool)
{
	*out = (struct reply_force){ 0 };
	for (size_t i = 0; p->recalling && i < recall_table_count(p->recalls); i++) {
		struct recall *r = recall_table_at(p->recalls, i);

		if (r->fresh && r->takes && r->speaker != NULL)
			recall_describe(p, r, out, pool);
	}
}

/* ---- the clockwork ---- */

static int end(struct provisioning *p, struct recall *r, struct err *e)
{
	return recall_tell(p, r, e) != 0 ? -1 : recall_table_drop(p->recalls, r, e);
}

/* 1 something was done, 0 nothing is due, -1 */
int recall_slice(struct provisioning *p, struct err *e)
{
	struct recall *r;

	if (recall_sync(p, e) != 0)
		return -1;
	r = recall_table_next(p->recalls);
	if (r == NULL || r->due.ms > clock_boot(p->deps.clock))
		return 0;
	if (r->phase != RECALL_WAITING)
		return work(p, r, e) != 0 ? -1 : 1;
	recall_table_touch(p->recalls);
	if (recall_is_over(p, r))
		return end(p, r, e) != 0 ? -1 : 1;
	if (r->told == RECALL_TO_TELL && r->tell_boot_ms <= clock_boot(p->deps.clock)) {
		if (recall_tell(p, r, e) != 0)
			return -1;
		r->told = RECALL_TOLD_PART;
	}
	return put(p, r, e) != 0 ? -1 : 1;
}

/* ---- what comes back ---- */

static void count_down(struct provisioning *p, const struct floor_wait *w, size_t n)
{
	struct recall *r = recall_table_find(p->recalls, w->id);

	if (r == NULL)
		return;
	recall_table_touch(p->recalls);
	r->waiting -= n < r->waiting ? n : r->waiting;
	if (w->bare)
		r->bare -= n < r->bare ? n : r->bare;
	schedule(p, r);
}

/* Not confirmed with `number`: what was sent then was older, or about less. */
static bool waits_on(const struct recall *r, const struct floor_wait *w, uint64_t number)
{
	return r != NULL && (w->number != 0 ? w->number : r->revision) > number;
}

static int put_waits(struct provisioning *p, const struct debt *d, const struct floor_wait *w,
    size_t n, struct err *e)
{
	struct about about;
	struct buf text;
	int ret;

	floor_about(d->text, &about);
	buf_init(&text, FLOOR_BYTES);
	ret = debt_floor(p->deps.debts, d->peer, d->number, floor_text(&text, w, n, &about), e);
	buf_fini(&text);
	return ret;
}

int recall_heard(struct provisioning *p, const struct debt *d, uint64_t number, struct err *e)
{
	struct floor_wait w[FLOOR_WAITS], left[FLOOR_WAITS];
	size_t n = floor_waits(d->text, w), n_left = 0;
	const struct debt *owed;

	if (recall_sync(p, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (waits_on(recall_table_find(p->recalls, w[i].id), &w[i], number))
			left[n_left++] = w[i];
		else
			count_down(p, &w[i], w[i].n);
	}
	owed = debt_by_row(p->deps.debts, d->row);
	return n_left < n && owed->number > number ? put_waits(p, owed, left, n_left, e) : 0;
}

int recall_left(struct provisioning *p, const struct owned *t, struct err *e)
{
	const struct debt *d = debt_find(p->deps.debts, DEBT_FLOOR, t->jid, "");
	struct floor_wait w[FLOOR_WAITS];
	size_t n = d == NULL ? 0 : floor_waits(d->text, w), kept = 0;

	if (n == 0)
		return 0;
	if (recall_sync(p, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct recall *r = recall_table_find(p->recalls, w[i].id);

		/* Another behind the same address may be the one that it waits for. */
		if (r != NULL && r->owner != NULL && recall_concerns(p, r, t)) {
			count_down(p, &w[i], 1);
			r->total -= r->total > 0;
			w[i].n--;
			if (recall_table_put(p->recalls, r, e) != 0)
				return -1;
		}
		if (w[i].n > 0)
			w[kept++] = w[i];
	}
	return put_waits(p, d, w, kept, e);
}
