/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_index: one hash table of buckets: for groups (whose rule, action,
 * subject), for the places in them, and for the names in these.  Only finds;
 * what matches is in match.c.  Next: ballot.c.
 */
#include "config.h"

#include "policy/policy_index.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/str.h"

#define SLOTS_FIRST 16
#define ANY_ACTION ACTION_COUNT		/* rules about several */
#define SCAN 8				/* so many are sooner looked at than looked up */

/* Rules; one stands here itself, as most are alone. */
struct list {
	union { const struct rule *one, **many; } u;
	uint32_t n, cap;
};

enum { PLAIN, TAKES, GIVES, LISTS };	/* a name's bucket has PLAIN alone, for all */

/* Two of different sorts are never taken for each other, whatever their hashes. */
enum sort { GROUP, PLACE, NAME };

struct index_bucket {
	struct index_bucket *next;
	uint64_t hash;
	enum sort sort;
	uint32_t n;			/* rules here; with none it goes */
	union {
		struct list list[LISTS];
		uint32_t of_kind[INDEX_KINDS];	/* of a group: how many of its rules go by it */
	} u;
};

/* --- hashes --- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0xff51afd7ed558ccdu;
	a ^= a >> 32;
	a = (a + 0x9e3779b97f4a7c15u) * 0xc4ceb9fe1a85ec53u;
	return a ^ a >> 29;
}

static uint64_t hash_text(const char *s, size_t len)
{
	uint64_t h = len, word;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, s, len);
	return mix(h, word);
}

static uint64_t hash_id(const uint8_t id[16])
{
	return hash_text((const char *)id, 16);
}

/* Equal numbers are one value however they are written. */
static uint64_t hash_tag(uint64_t name, const char *value)
{
	double number;

	if (str_to_double(value, &number) == 0)
		return mix(name, hash_text((const char *)&number, sizeof(number)));
	return mix(name, value_hash(value) + 1);
}

static uint64_t hash_group(uint64_t giver, unsigned action, enum subject_kind kind,
    const char *text, size_t len)
{
	return mix(giver, hash_text(text, len) + action * 16 + (unsigned)kind);
}

static uint64_t hash_giver(const char *giver)
{
	return giver != NULL ? hash_text(giver, strlen(giver)) : 0;
}

static uint64_t hash_place(uint64_t group, enum index_kind kind, uint64_t what)
{
	return mix(group + 1 + (unsigned)kind, what);
}

static uint64_t hash_name(uint64_t place, uint64_t name)
{
	return mix(place + 16, name);
}

/* --- lists --- */

static const struct rule *const *list_rules(const struct list *l)
{
	return l->cap > 0 ? l->u.many : &l->u.one;
}

static int list_add(struct list *l, const struct rule *r)
{
	if (l->n == 0 && l->cap == 0) {
		l->u.one = r;
		l->n = 1;
		return 0;
	}
	if (l->n >= l->cap) {
		uint32_t cap = l->cap == 0 ? 4 : l->cap * 2;
		const struct rule **many = malloc(cap * sizeof(*many));

		if (many == NULL)
			return -1;
		memcpy(many, list_rules(l), l->n * sizeof(*many));
		if (l->cap > 0)
			free(l->u.many);
		l->u.many = many;
		l->cap = cap;
	}
	l->u.many[l->n++] = r;
	return 0;
}

static void list_fini(struct list *l)
{
	if (l->cap > 0)
		free(l->u.many);
	*l = (struct list){ 0 };
}

static bool list_drop(struct list *l, const struct rule *r)
{
	const struct rule **at = l->cap > 0 ? l->u.many : &l->u.one;

	for (uint32_t i = 0; i < l->n; i++)
		if (at[i] == r) {
			at[i] = at[--l->n];
			if (l->n == 0)
				list_fini(l);
			return true;
		}
	return false;
}

/* --- buckets --- */

static struct index_bucket **bucket_at(const struct policy_index *x, enum sort sort,
    uint64_t hash)
{
	struct index_bucket **at = &x->slot[hash & (x->n_slots - 1)];

	while (*at != NULL && ((*at)->hash != hash || (*at)->sort != sort))
		at = &(*at)->next;
	return at;
}

static struct index_bucket *bucket_find(const struct policy_index *x, enum sort sort,
    uint64_t hash)
{
	return x->n_slots > 0 ? *bucket_at(x, sort, hash) : NULL;
}

static int slots_grow(struct policy_index *x)
{
	size_t n = x->n_slots == 0 ? SLOTS_FIRST : x->n_slots * 2;
	struct index_bucket **slot = calloc(n, sizeof(*slot));

	if (slot == NULL)
		return -1;
	for (size_t i = 0; i < x->n_slots; i++)
		for (struct index_bucket *b = x->slot[i], *next; b != NULL; b = next) {
			next = b->next;
			b->next = slot[b->hash & (n - 1)];
			slot[b->hash & (n - 1)] = b;
		}
	free(x->slot);
	x->slot = slot;
	x->n_slots = n;
	return 0;
}

static struct index_bucket *bucket_get(struct policy_index *x, enum sort sort, uint64_t hash)
{
	struct index_bucket **at;

	if (x->n_buckets >= x->n_slots && slots_grow(x) != 0)
		return NULL;
	at = bucket_at(x, sort, hash);
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return NULL;
		(*at)->hash = hash;
		(*at)->sort = sort;
		x->n_buckets++;
	}
	return *at;
}

/* What is empty goes. */
static void bucket_drop(struct policy_index *x, const struct index_bucket *b)
{
	struct index_bucket **at = bucket_at(x, b->sort, b->hash), *gone = *at;

	if (gone->n > 0)
		return;
	*at = gone->next;
	free(gone);
	x->n_buckets--;
}

static int enter(struct policy_index *x, enum sort sort, uint64_t hash, int list,
    const struct rule *r)
{
	struct index_bucket *b = bucket_get(x, sort, hash);

	if (b == NULL)
		return -1;
	if (list_add(&b->u.list[list], r) != 0) {
		bucket_drop(x, b);
		return -1;
	}
	b->n++;
	return 0;
}

static void leave(struct policy_index *x, enum sort sort, uint64_t hash, int list,
    const struct rule *r)
{
	struct index_bucket *b = bucket_find(x, sort, hash);

	if (b == NULL || !list_drop(&b->u.list[list], r))
		return;
	b->n--;
	bucket_drop(x, b);
}

/* A group only counts its rules, by what they go by. */
static int enter_group(struct policy_index *x, uint64_t hash, enum index_kind kind)
{
	struct index_bucket *b = bucket_get(x, GROUP, hash);

	if (b == NULL)
		return -1;
	b->n++;
	b->u.of_kind[kind]++;
	x->of_kind[kind]++;
	return 0;
}

static void leave_group(struct policy_index *x, uint64_t hash, enum index_kind kind)
{
	struct index_bucket *b = bucket_find(x, GROUP, hash);

	b->n--;
	b->u.of_kind[kind]--;
	x->of_kind[kind]--;
	bucket_drop(x, b);
}

/* --- where a rule lies --- */

static unsigned rule_action(const struct rule *r)
{
	unsigned action = 0;

	if ((r->actions & (r->actions - 1)) != 0)
		return ANY_ACTION;
	while ((r->actions & 1u << action) == 0)
		action++;
	return action;
}

static uint64_t rule_group(const struct rule *r)
{
	const char *text = r->subject.text != NULL ? r->subject.text : "";

	return hash_group(hash_giver(r->giver), rule_action(r), r->subject.kind, text,
	    strlen(text));
}

static enum index_kind rule_kind(const struct rule *r)
{
	switch (r->target.kind) {
	case TARGET_ALL:
		break;
	case TARGET_THING:
		return r->target.bound ? INDEX_BOUND : INDEX_CALLED;
	case TARGET_TAG:
		for (size_t i = 0; i < r->target.n_terms; i++)
			if (r->target.term[i].op == TAG_EQ)
				return INDEX_TAG;
		return INDEX_COMPARED;
	case TARGET_SET:
		return INDEX_SET;
	}
	return INDEX_ALL;
}

/* Of the tags that must have one value, the one with the fewest rules. */
static uint64_t best_tag(const struct policy_index *x, const struct rule *r, uint64_t group)
{
	uint64_t best = 0;
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < r->target.n_terms; i++) {
		const struct tag_term *t = &r->target.term[i];
		const struct index_bucket *b;
		uint64_t place;

		if (t->op != TAG_EQ)
			continue;
		place = hash_place(group, INDEX_TAG, hash_tag(value_hash(t->name), t->value));
		b = bucket_find(x, PLACE, place);
		if ((b != NULL ? b->n : 0) < fewest) {
			fewest = b != NULL ? b->n : 0;
			best = place;
		}
	}
	return best;
}

static uint64_t rule_place(const struct policy_index *x, const struct rule *r, uint64_t group)
{
	enum index_kind kind = rule_kind(r);

	switch (kind) {
	case INDEX_BOUND:
		return hash_place(group, kind, hash_id(r->target.id));
	case INDEX_CALLED:
	case INDEX_SET:
		return hash_place(group, kind, value_hash(r->target.name));
	case INDEX_TAG:
		return best_tag(x, r, group);
	case INDEX_COMPARED:
		return hash_place(group, kind, value_hash(r->target.term[0].name));
	case INDEX_ALL:
	case INDEX_KINDS:
		break;
	}
	return hash_place(group, INDEX_ALL, 0);
}

static int rule_list(const struct rule *r)
{
	return r->n_names == 0 ? PLAIN : r->verdict == VERDICT_ALLOW ? GIVES : TAKES;
}

/* Are there as many about the very same already as anybody looks at? */
static bool is_crowded(const struct policy_index *x, uint64_t place, const struct rule *r)
{
	const struct index_bucket *b = bucket_find(x, PLACE, place);

	if (b == NULL || r->n_names == 0)
		return b != NULL && b->u.list[PLAIN].n >= INDEX_CROWD;
	for (size_t i = 0; i < r->n_names; i++) {
		const struct index_bucket *named =
		    bucket_find(x, NAME, hash_name(place, value_hash(r->names[i])));

		if (named != NULL && named->n >= INDEX_CROWD)
			return true;
	}
	return false;
}

static void drop_names(struct policy_index *x, uint64_t place, const struct rule *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		leave(x, NAME, hash_name(place, value_hash(r->names[i])), PLAIN, r);
}

static int add_names(struct policy_index *x, uint64_t place, const struct rule *r)
{
	for (size_t i = 0; i < r->n_names; i++)
		if (enter(x, NAME, hash_name(place, value_hash(r->names[i])), PLAIN, r) != 0) {
			drop_names(x, place, r, i);
			return -1;
		}
	return 0;
}

int policy_index_add(struct policy_index *x, struct policy_entry *en, struct err *e)
{
	const struct rule *r = en->rule;
	uint64_t group = rule_group(r);

	en->place = rule_place(x, r, group);
	if (is_crowded(x, en->place, r))
		return err_set(e, ERR_LIMIT, "at most %d rules about the very same", INDEX_CROWD);
	if (enter_group(x, group, rule_kind(r)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (enter(x, PLACE, en->place, rule_list(r), r) == 0) {
		if (add_names(x, en->place, r) == 0) {
			x->of_subject[r->subject.kind][rule_action(r)]++;
			return 0;
		}
		leave(x, PLACE, en->place, rule_list(r), r);
	}
	leave_group(x, group, rule_kind(r));
	return err_set(e, ERR_SYSTEM, "out of memory");
}

void policy_index_drop(struct policy_index *x, const struct policy_entry *en)
{
	const struct rule *r = en->rule;

	x->of_subject[r->subject.kind][rule_action(r)]--;
	drop_names(x, en->place, r, r->n_names);
	leave(x, PLACE, en->place, rule_list(r), r);
	leave_group(x, rule_group(r), rule_kind(r));
}

static void bucket_free(struct index_bucket *b)
{
	for (int i = 0; b->sort != GROUP && i < LISTS; i++)
		list_fini(&b->u.list[i]);
	free(b);
}

void policy_index_fini(struct policy_index *x)
{
	for (size_t i = 0; i < x->n_slots; i++)
		for (struct index_bucket *b = x->slot[i], *next; b != NULL; b = next) {
			next = b->next;
			bucket_free(b);
		}
	free(x->slot);
	*x = (struct policy_index){ 0 };
}

/* --- where a question looks --- */

static bool what_add(struct policy_what *w, enum index_kind kind, uint64_t hash)
{
	if (w->n == INDEX_PLACES)
		return false;
	w->at[w->n].kind = kind;
	w->at[w->n++].hash = hash;
	return true;
}

static bool what_called(struct policy_what *w, const struct question *q)
{
	if (q->thing_name != NULL && !what_add(w, INDEX_CALLED, value_hash(q->thing_name)))
		return false;
	for (size_t i = 0; i < q->n_aliases; i++)
		if (!what_add(w, INDEX_CALLED, value_hash(q->aliases[i])))
			return false;
	return true;
}

static bool what_tags(struct policy_what *w, const struct policy *p, const struct question *q)
{
	for (size_t i = 0; i < q->n_tags; i++) {
		uint64_t name = value_hash(q->tags[i].name);

		if (!lexicon_has(&p->words, FACT_TAG, q->tags[i].name, name))
			continue;
		if (!what_add(w, INDEX_TAG, hash_tag(name, q->tags[i].value)) ||
		    !what_add(w, INDEX_COMPARED, name))
			return false;
	}
	return true;
}

static bool what_sets(struct policy_what *w, const struct policy *p, const struct question *q)
{
	for (size_t i = 0; i < q->n_sets; i++) {
		uint64_t name = value_hash(q->sets[i]);

		if (lexicon_has(&p->words, FACT_SET, q->sets[i], name) &&
		    !what_add(w, INDEX_SET, name))
			return false;
	}
	return true;
}

bool policy_what(struct policy_what *out, const struct policy *p, const struct question *q)
{
	const size_t *of_kind = p->index.of_kind;

	out->n = 0;
	return what_add(out, INDEX_ALL, 0) &&
	       (of_kind[INDEX_BOUND] == 0 || what_add(out, INDEX_BOUND, hash_id(q->thing_id))) &&
	       (of_kind[INDEX_CALLED] == 0 || what_called(out, q)) &&
	       (!policy_uses(p, FACT_TAG) || what_tags(out, p, q)) &&
	       (!policy_uses(p, FACT_SET) || what_sets(out, p, q));
}

/* The places of one group.  false: no room. */
static bool walk_group(struct policy_walk *w, const struct policy_what *what, uint64_t group)
{
	const struct index_bucket *g = bucket_find(w->index, GROUP, group);

	for (size_t i = 0; g != NULL && i < what->n; i++) {
		enum index_kind kind = what->at[i].kind;
		const struct index_bucket *b;

		if (g->u.of_kind[kind] == 0)
			continue;
		b = bucket_find(w->index, PLACE,
		    hash_place(group, kind, kind == INDEX_ALL ? 0 : what->at[i].hash));
		if (b == NULL)
			continue;
		if (w->n == INDEX_PLACES)
			return false;
		w->place[w->n++] = b;
	}
	return true;
}

struct who {
	const struct policy_what *what;
	uint64_t giver;
	unsigned action;
};

static bool walk_subject(struct policy_walk *w, const struct who *who, enum subject_kind kind,
    const char *text, size_t len)
{
	const size_t *of_action = w->index->of_subject[kind];

	return (of_action[who->action] == 0 ||
		   walk_group(w, who->what, hash_group(who->giver, who->action, kind, text, len))) &&
	       (of_action[ANY_ACTION] == 0 ||
		   walk_group(w, who->what, hash_group(who->giver, ANY_ACTION, kind, text, len)));
}

bool policy_walk_start(struct policy_walk *w, const struct policy *p,
    const struct policy_what *what, const struct question *q, const char *giver)
{
	struct who who = { what, hash_giver(giver), q->action };
	size_t domain_len;
	const char *domain = jid_text_domain(q->asker, &domain_len);
	bool fits;

	w->index = &p->index;
	w->action = q->action;
	w->n = 0;
	fits = walk_subject(w, &who, SUBJECT_JID, q->asker, strlen(q->asker)) &&
	       walk_subject(w, &who, SUBJECT_DOMAIN, domain, domain_len) &&
	       walk_subject(w, &who, SUBJECT_ANYONE, "", 0);
	for (size_t i = 0; fits && policy_uses(p, FACT_TOKEN) && i < q->n_tokens; i++)
		fits = walk_subject(w, &who, q->tokens[i].kind, q->tokens[i].text,
		    strlen(q->tokens[i].text));
	for (size_t i = 0; fits && policy_uses(p, FACT_ROLE) && i < q->n_roles; i++)
		fits = walk_subject(w, &who, SUBJECT_ROLE, q->roles[i], strlen(q->roles[i]));
	return fits;
}

static bool visit_list(const struct list *l, policy_visit *visit, void *arg)
{
	const struct rule *const *r = list_rules(l);
	uint32_t n = l->n < INDEX_CROWD ? l->n : INDEX_CROWD;

	for (uint32_t i = 0; i < n; i++)
		(void)visit(arg, r[i]);
	return n == l->n;
}

static bool visit_until_enough(const struct list *l, policy_visit *visit, void *arg)
{
	const struct rule *const *r = list_rules(l);

	for (uint32_t i = 0; i < l->n && i < INDEX_CROWD; i++)
		if (!visit(arg, r[i]))
			return false;
	return true;
}

bool policy_walk_all(const struct policy_walk *w, policy_visit *visit, void *arg)
{
	bool whole = true, more = true;

	for (size_t i = 0; i < w->n; i++)
		whole = visit_list(&w->place[i]->u.list[TAKES], visit, arg) && whole;
	for (size_t i = 0; i < w->n; i++)
		(void)visit_list(&w->place[i]->u.list[PLAIN], visit, arg);
	for (size_t i = 0; more && i < w->n; i++)
		more = visit_until_enough(&w->place[i]->u.list[GIVES], visit, arg);
	return whole;
}

static void visit_name(const struct policy_walk *w, const struct index_bucket *place,
    uint64_t name, policy_visit *visit, void *arg)
{
	const struct index_bucket *b = bucket_find(w->index, NAME, hash_name(place->hash, name));

	if (b != NULL)
		(void)visit_list(&b->u.list[PLAIN], visit, arg);
}

/* Of a privilege "A.B.C", also what is about "A" and "A.B". */
static void visit_above(const struct policy_walk *w, const struct index_bucket *place,
    const char *name, policy_visit *visit, void *arg)
{
	char head[4 * POLICY_NAME + 1];

	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		size_t len = (size_t)(dot - name);

		if (len >= sizeof(head))
			return;
		memcpy(head, name, len);
		head[len] = '\0';
		visit_name(w, place, value_hash(head), visit, arg);
	}
}

void policy_walk_named(const struct policy_walk *w, const char *const *names, size_t n,
    policy_visit *visit, void *arg)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct index_bucket *b = w->place[i];

		(void)visit_list(&b->u.list[PLAIN], visit, arg);
		if (b->u.list[TAKES].n + b->u.list[GIVES].n <= SCAN) {
			(void)visit_list(&b->u.list[TAKES], visit, arg);
			(void)visit_list(&b->u.list[GIVES], visit, arg);
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			visit_name(w, b, value_hash(names[k]), visit, arg);
			if (w->action == ACTION_PRIVILEGE)
				visit_above(w, b, names[k], visit, arg);
		}
	}
}
