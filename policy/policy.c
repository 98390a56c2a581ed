/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the rules of one owner and their index.  An array in number order is
 * the list people see; a hash table of buckets is what decisions look into
 * (policy_index.h).  Next: decide.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "policy/lexicon.h"
#include "policy/policy_index.h"

#define SLOTS_FIRST 16

struct key {
	enum action action;
	enum subject_kind kind;
	const char *text;		/* "" for anyone */
	size_t text_len;
	const uint8_t *id;		/* the thing it is bound to; NULL: not bound */
};

struct policy_bucket {
	struct policy_bucket *next;
	uint64_t hash;
	struct key key;			/* its text and id follow in this block */
	size_t n, cap;
	const struct rule **rule;
	uint8_t id[16];
	char text[];
};

struct policy {
	struct rule **entry;		/* in number order, each in one block */
	size_t n, cap;
	struct policy_bucket **slot;
	size_t n_slots, n_buckets;
	struct lexicon words;
};

struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->slot = calloc(SLOTS_FIRST, sizeof(*p->slot));
	p->n_slots = SLOTS_FIRST;
	if (p->slot == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static void bucket_free(struct policy_bucket *b)
{
	free(b->rule);
	free(b);
}

void policy_free(struct policy **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->n_slots; i++)
		for (struct policy_bucket *b = (*p)->slot[i], *next; b != NULL; b = next) {
			next = b->next;
			bucket_free(b);
		}
	for (size_t i = 0; i < (*p)->n; i++)
		free((*p)->entry[i]);
	free((*p)->entry);
	free((*p)->slot);
	lexicon_fini(&(*p)->words);
	free(*p);
	*p = NULL;
}

/* --- buckets --- */

static uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
	const unsigned char *s = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * 0x100000001b3u;	/* FNV-1a */
	return h;
}

static uint64_t hash_key(const struct key *k)
{
	const unsigned char kinds[2] = { (unsigned char)k->action, (unsigned char)k->kind };
	uint64_t h = hash_bytes(0xcbf29ce484222325u, kinds, sizeof(kinds));

	h = hash_bytes(h, k->text, k->text_len);
	if (k->id != NULL)
		h = hash_bytes(h, k->id, 16);
	return h ^ (h >> 29);
}

static bool key_equal(const struct key *a, const struct key *b)
{
	return a->action == b->action && a->kind == b->kind && a->text_len == b->text_len &&
	       memcmp(a->text, b->text, a->text_len) == 0 && (a->id == NULL) == (b->id == NULL) &&
	       (a->id == NULL || memcmp(a->id, b->id, 16) == 0);
}

static struct policy_bucket **bucket_find(const struct policy *p, const struct key *k, uint64_t h)
{
	struct policy_bucket **at = &p->slot[h & (p->n_slots - 1)];

	while (*at != NULL && ((*at)->hash != h || !key_equal(&(*at)->key, k)))
		at = &(*at)->next;
	return at;
}

static int slots_grow(struct policy *p)
{
	size_t n = p->n_slots * 2;
	struct policy_bucket **slot = calloc(n, sizeof(*slot));

	if (slot == NULL)
		return -1;
	for (size_t i = 0; i < p->n_slots; i++)
		for (struct policy_bucket *b = p->slot[i], *next; b != NULL; b = next) {
			next = b->next;
			b->next = slot[b->hash & (n - 1)];
			slot[b->hash & (n - 1)] = b;
		}
	free(p->slot);
	p->slot = slot;
	p->n_slots = n;
	return 0;
}

static struct policy_bucket *bucket_get(struct policy *p, const struct key *k)
{
	uint64_t h = hash_key(k);
	struct policy_bucket **at, *b;

	if (p->n_buckets >= p->n_slots && slots_grow(p) != 0)
		return NULL;
	at = bucket_find(p, k, h);
	if (*at != NULL)
		return *at;
	b = calloc(1, sizeof(*b) + k->text_len);
	if (b == NULL)
		return NULL;
	b->hash = h;
	b->key = *k;
	memcpy(b->text, k->text, k->text_len);
	b->key.text = b->text;
	if (k->id != NULL) {
		memcpy(b->id, k->id, sizeof(b->id));
		b->key.id = b->id;
	}
	*at = b;
	p->n_buckets++;
	return b;
}

static int bucket_add(struct policy_bucket *b, const struct rule *r)
{
	if (b->n == b->cap) {
		size_t cap = b->cap == 0 ? 2 : b->cap * 2;
		const struct rule **rule = realloc(b->rule, cap * sizeof(*rule));

		if (rule == NULL)
			return -1;
		b->rule = rule;
		b->cap = cap;
	}
	b->rule[b->n++] = r;
	return 0;
}

static void bucket_drop(struct policy *p, const struct key *k, const struct rule *r)
{
	struct policy_bucket **at = bucket_find(p, k, hash_key(k)), *b = *at;

	for (size_t i = 0; b != NULL && i < b->n; i++)
		if (b->rule[i] == r) {
			b->rule[i] = b->rule[--b->n];
			break;
		}
	if (b != NULL && b->n == 0) {
		*at = b->next;
		p->n_buckets--;
		bucket_free(b);
	}
}

static struct key rule_key(const struct rule *r, enum action a)
{
	const char *text = r->subject.text != NULL ? r->subject.text : "";
	bool bound = r->target.kind == TARGET_THING && r->target.bound;

	return (struct key){ .action = a, .kind = r->subject.kind, .text = text,
		.text_len = strlen(text), .id = bound ? r->target.id : NULL };
}

static void index_drop(struct policy *p, const struct rule *r)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if ((r->actions & 1u << a) != 0) {
			struct key k = rule_key(r, (enum action)a);

			bucket_drop(p, &k, r);
		}
}

static int index_add(struct policy *p, const struct rule *r)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if ((r->actions & 1u << a) != 0) {
			struct key k = rule_key(r, (enum action)a);
			struct policy_bucket *b = bucket_get(p, &k);

			if (b == NULL || bucket_add(b, r) != 0) {
				index_drop(p, r);
				return -1;
			}
		}
	return 0;
}

/* --- entries --- */

static struct rule *entry_new(const struct rule *r)
{
	void *block = malloc(rule_size(r));

	return block != NULL ? rule_pack(r, block) : NULL;
}

/* Where a rule of this number stands, or would. */
static size_t position(const struct policy *p, int64_t number)
{
	size_t from = 0, to = p->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (p->entry[mid]->number < number)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int make_room(struct policy *p)
{
	size_t cap = p->cap == 0 ? 4 : p->cap * 2;
	struct rule **entry;

	if (p->n < p->cap)
		return 0;
	entry = realloc(p->entry, cap * sizeof(*entry));
	if (entry == NULL)
		return -1;
	p->entry = entry;
	p->cap = cap;
	return 0;
}

int policy_add(struct policy *p, const struct rule *r, struct err *e)
{
	size_t at = position(p, r->number);
	struct rule *en;

	if (!rule_is_sound(r))
		return err_set(e, ERR_INPUT, "a rule that cannot be written down");
	if (p->n >= POLICY_RULES)
		return err_set(e, ERR_LIMIT, "at most %d rules", POLICY_RULES);
	if (r->number != 0 && at < p->n && p->entry[at]->number == r->number)
		return err_set(e, ERR_INPUT, "there is a rule %lld already", (long long)r->number);
	if (lexicon_add(&p->words, r, e) != 0)
		return -1;
	en = entry_new(r);
	if (en == NULL || make_room(p) != 0 || index_add(p, en) != 0) {
		lexicon_drop(&p->words, r);
		free(en);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	memmove(p->entry + at + 1, p->entry + at, (p->n - at) * sizeof(*p->entry));
	p->entry[at] = en;
	p->n++;
	return 0;
}

bool policy_remove(struct policy *p, int64_t number)
{
	size_t at = position(p, number);

	if (at >= p->n || p->entry[at]->number != number)
		return false;
	index_drop(p, p->entry[at]);
	lexicon_drop(&p->words, p->entry[at]);
	free(p->entry[at]);
	p->n--;
	memmove(p->entry + at, p->entry + at + 1, (p->n - at) * sizeof(*p->entry));
	return true;
}

size_t policy_count(const struct policy *p)
{
	return p->n;
}

const struct rule *policy_at(const struct policy *p, size_t i)
{
	return i < p->n ? p->entry[i] : NULL;
}

const struct rule *policy_by_number(const struct policy *p, int64_t number)
{
	size_t at = position(p, number);

	return at < p->n && p->entry[at]->number == number ? p->entry[at] : NULL;
}

bool policy_uses(const struct policy *p, enum policy_fact f)
{
	return p->words.uses[f] > 0;
}

bool policy_names(const struct policy *p, enum policy_fact f, const char *text)
{
	return lexicon_has(&p->words, f, text);
}

const char *policy_zone(const struct policy *p, size_t i)
{
	return i < p->words.n_zones ? lexicon_text(p->words.zone[i]) : NULL;
}

/* --- looking up --- */

void policy_walk_start(struct policy_walk *w, const struct policy *p, const struct question *q)
{
	size_t domain_len;
	const char *domain = jid_text_domain(q->asker, &domain_len);
	struct key keys[] = {
		{ q->action, SUBJECT_JID, q->asker, strlen(q->asker), NULL },
		{ q->action, SUBJECT_DOMAIN, domain, domain_len, NULL },
		{ q->action, SUBJECT_ANYONE, "", 0, NULL },
	};

	*w = (struct policy_walk){ 0 };
	for (size_t i = 0; i < POLICY_BUCKETS; i++) {
		struct key *k = &keys[i / 2];
		const struct policy_bucket *b;

		k->id = i % 2 == 0 ? q->thing_id : NULL;
		b = *bucket_find(p, k, hash_key(k));
		if (b != NULL)
			w->bucket[w->n++] = b;
	}
}

const struct rule *policy_walk_next(struct policy_walk *w)
{
	while (w->at_bucket < w->n && w->at_rule == w->bucket[w->at_bucket]->n) {
		w->at_bucket++;
		w->at_rule = 0;
	}
	return w->at_bucket < w->n ? w->bucket[w->at_bucket]->rule[w->at_rule++] : NULL;
}
