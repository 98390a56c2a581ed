/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: makes, finds and forgets nodes.  A list, because a house has some and a
 * street two hundred.
 */
#include "config.h"

#include "thing/node.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"

/* ---- one ---------------------------------------------------------------- */

static void node_free(struct thing_node *n)
{
	board_fini(&n->board);
	mem_free(n->tags.tag);
	mem_free(n->text);
	mem_free(n->words);
	mem_free(n->owner);
	mem_free(n->former);
	secret_cleanse(n->key, sizeof(n->key));
	mem_free(n);
}

struct thing_node *node_hold(struct thing_node *n)
{
	n->holds++;
	return n;
}

void node_release(struct thing_node **np)
{
	struct thing_node *n = *np;

	*np = NULL;
	if (n && --n->holds == 0 && n->gone)
		node_free(n);
}

bool node_is_device(const struct thing_node *n)
{
	return !node_is_set(&n->at);
}

bool node_is_owned_by(const struct thing_node *n, const char *bare)
{
	return n->known && n->owner && strcmp(n->owner, bare) == 0;
}

static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Everything it is called, in one piece of memory. */
static size_t text_size(const struct kith_thing_node *w)
{
	size_t n = room_for(w->at.id) + room_for(w->at.source) + room_for(w->at.partition) +
	    room_for(w->name) + room_for(w->type) + room_for(w->parent) + sizeof(NODES_SOURCE) +
	    sizeof(NODES_TYPE);

	for (size_t i = 0; i < w->n_tags; i++)
		n += room_for(w->tags[i].name) + (w->tags[i].text ?
		    room_for(w->tags[i].text) : STR_DOUBLE);
	return n;
}

/* One line: it is written into files and shown to people. */
static bool is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return str_utf8_valid(text, len);
}

/* Moves `*at` behind the copy; NULL and "" are the same here. */
static int copy(char **at, const char **out, const char *text, size_t most)
{
	size_t len = text ? strlen(text) : 0;

	*out = NULL;
	if (len == 0)
		return 0;
	if (!is_text(text, len) || str_utf8_chars(text) > most)
		return -1;
	*out = memcpy(*at, text, len + 1);
	*at += len + 1;
	return 0;
}

static int copy_tag(char **at, struct tag *to, const struct kith_thing_tag *from)
{
	char number[STR_DOUBLE];

	if (!from->name || str_case_eq(from->name, "KEY") || str_case_eq(from->name, "R"))
		return -1;
	str_from_double(number, from->number);
	*to = (struct tag){ .is_num = !from->text, .num = from->number };
	if (copy(at, &to->name, from->name, WIRE_TAG_NAME) < 0 ||
	    copy(at, &to->str, from->text ? from->text : number, WIRE_TAG_VALUE) < 0)
		return -1;
	return to->name && to->str ? 0 : -1;
}

static int copy_tags(char **at, struct tag_list *out, const struct kith_thing_tag *tags, size_t n)
{
	if (n >= WIRE_TAGS)
		return -1;
	out->tag = n ? mem_array(n, sizeof(out->tag[0])) : NULL;
	if (n && !out->tag)
		return -1;
	for (; out->n < n; out->n++)
		if (tag_find(out, tags[out->n].name ? tags[out->n].name : "") ||
		    copy_tag(at, &out->tag[out->n], &tags[out->n]) < 0)
			return -1;
	return 0;
}

static int copy_all(struct thing_node *n, const struct kith_thing_node *w)
{
	const char *source = w->at.source && *w->at.source ? w->at.source : NODES_SOURCE;
	char *at = n->text;

	if (copy(&at, &n->at.id, w->at.id, WIRE_NODE_TEXT) < 0 ||
	    copy(&at, &n->at.source, source, WIRE_NODE_TEXT) < 0 ||
	    copy(&at, &n->at.partition, w->at.partition, WIRE_NODE_TEXT) < 0 ||
	    copy(&at, &n->name, w->name, WIRE_NODE_TEXT) < 0 ||
	    copy(&at, &n->type, w->type ? w->type : NODES_TYPE, WIRE_NODE_TEXT) < 0 ||
	    copy(&at, &n->parent, w->parent, WIRE_NODE_TEXT) < 0)
		return -1;
	return n->at.id ? copy_tags(&at, &n->tags, w->tags, w->n_tags) : -1;
}

static struct thing_node *node_new(const struct kith_thing_node *what)
{
	struct thing_node *n = mem_zalloc(sizeof(*n));

	if (n && (n->text = mem_alloc(text_size(what))) && copy_all(n, what) == 0)
		return n;
	if (n)
		node_free(n);
	return NULL;
}

/* ---- all ---------------------------------------------------------------- */

int nodes_init(struct nodes *ns)
{
	memset(ns, 0, sizeof(*ns));
	ns->node = mem_zalloc(sizeof(ns->node[0]));
	if (!ns->node || !(ns->node[0] = mem_zalloc(sizeof(*ns->node[0]))))
		return -1;
	ns->n = 1;
	return 0;
}

void nodes_fini(struct nodes *ns)
{
	for (size_t i = 0; i < ns->n; i++)
		node_free(ns->node[i]);
	mem_free(ns->node);
	memset(ns, 0, sizeof(*ns));
}

struct thing_node *nodes_device(const struct nodes *ns)
{
	return ns->node[0];
}

struct thing_node *nodes_find(const struct nodes *ns, const struct node *at)
{
	for (size_t i = 0; i < ns->n; i++)
		if (node_equal(&ns->node[i]->at, at))
			return ns->node[i];
	return NULL;
}

static bool agrees(const char *said, const char *have)
{
	return !said || !*said || (have && strcmp(said, have) == 0);
}

/* An id alone stands for all nodes of that id (XEP-0324, large subsystems). */
static bool is_meant(const struct node *said, const struct thing_node *n)
{
	if (!said->id || !*said->id)
		return node_is_device(n) && !node_is_set(said);
	return !node_is_device(n) && strcmp(said->id, n->at.id) == 0 &&
	    agrees(said->source, n->at.source) && agrees(said->partition, n->at.partition);
}

struct thing_node *nodes_at(const struct nodes *ns, const struct kith_thing_at *at)
{
	struct node said = { at->id, at->source, at->partition };
	struct thing_node *found = NULL;

	for (size_t i = 0; i < ns->n; i++) {
		if (node_equal(&ns->node[i]->at, &said))
			return ns->node[i];
		if (!is_meant(&said, ns->node[i]))
			continue;
		if (found)
			return NULL;
		found = ns->node[i];
	}
	return found;
}

struct thing_node *nodes_called(const struct nodes *ns, const char *word, bool *several)
{
	struct thing_node *found = NULL;

	*several = false;
	for (size_t i = 1; i < ns->n; i++) {
		struct thing_node *n = ns->node[i];

		if (!str_case_eq(n->at.id, word) && !(n->name && str_case_eq(n->name, word)))
			continue;
		*several = *several || found;
		found = n;
	}
	return *several ? NULL : found;
}

bool nodes_have_owner(const struct nodes *ns, const char *bare)
{
	for (size_t i = 1; i < ns->n; i++)
		if (node_is_owned_by(ns->node[i], bare))
			return true;
	return false;
}

/* ---- those of a request ------------------------------------------------- */

static int add_address(struct pool *pool, const struct node *at, struct node_list *out)
{
	struct node *to = &out->node[out->n];

	*to = (struct node){
		.id = at->id ? pool_strdup(pool, at->id) : NULL,
		.source = at->source ? pool_strdup(pool, at->source) : NULL,
		.partition = at->partition ? pool_strdup(pool, at->partition) : NULL,
	};
	if ((at->id && !to->id) || (at->source && !to->source) ||
	    (at->partition && !to->partition))
		return -1;
	out->n++;
	return 0;
}

static bool is_asked_for(const struct node_list *asked, const struct thing_node *n)
{
	for (size_t i = 0; i < asked->n; i++)
		if (is_meant(&asked->node[i], n))
			return true;
	return asked->n == 0 && node_is_device(n);
}

static bool all_exist(const struct nodes *ns, const struct node_list *asked)
{
	for (size_t i = 0; i < asked->n; i++) {
		size_t k = 0;

		while (k < ns->n && !is_meant(&asked->node[i], ns->node[k]))
			k++;
		if (k == ns->n)
			return false;
	}
	return true;
}

int nodes_resolve(const struct nodes *ns, struct pool *pool, const struct node_list *asked,
    struct node_list *out)
{
	*out = (struct node_list){ 0, pool_alloc(pool, ns->n * sizeof(out->node[0])) };
	if (!out->node || !all_exist(ns, asked))
		return -1;
	for (size_t i = 0; i < ns->n; i++)
		if (is_asked_for(asked, ns->node[i]) && add_address(pool, &ns->node[i]->at, out) < 0)
			return -1;
	return 0;
}

/* ---- coming and going --------------------------------------------------- */

/* As the maker says it; NULL: it says nonsense. */
static struct thing_node *node_from(const struct kith_thing_node *what)
{
	struct kith_thing_node whole = { 0 };	/* it may be one that was shorter */
	struct thing_node *n;

	if (what->size < offsetof(struct kith_thing_node, name))
		return NULL;
	memcpy(&whole, what, what->size < sizeof(whole) ? what->size : sizeof(whole));
	n = node_new(&whole);
	if (n && n->parent && strcmp(n->parent, n->at.id) == 0) {
		node_free(n);
		return NULL;
	}
	return n;
}

struct thing_node *nodes_add(struct nodes *ns, const struct kith_thing_node *what)
{
	struct thing_node **list, *n;

	if (ns->n > KITH_THING_NODES)
		return NULL;
	n = node_from(what);
	if (!n || nodes_find(ns, &n->at) ||
	    !(list = mem_resize(ns->node, (ns->n + 1) * sizeof(list[0])))) {
		if (n)
			node_free(n);
		return NULL;
	}
	ns->node = list;
	ns->node[ns->n++] = n;
	ns->generation++;
	return n;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_tags(const struct tag_list *a, const struct tag_list *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct tag *t = tag_find(b, a->tag[i].name);

		if (!t || t->is_num != a->tag[i].is_num || strcmp(t->str, a->tag[i].str) != 0)
			return false;
	}
	return a->n == b->n;
}

int nodes_change(struct thing_node *n, const struct kith_thing_node *what)
{
	struct thing_node *x = node_from(what);
	int ret = -1;

	if (x && node_equal(&x->at, &n->at)) {
		ret = !same_text(x->name, n->name) || !same_text(x->type, n->type) ||
		    !same_text(x->parent, n->parent) || !same_tags(&x->tags, &n->tags);
	}
	if (ret == 1) {
		mem_free(n->tags.tag);
		mem_free(n->words);
		n->name = x->name;
		n->type = x->type;
		n->parent = x->parent;
		n->tags = x->tags;
		n->words = x->text;
		x->tags = (struct tag_list){ .n = 0 };
		x->text = NULL;
	}
	if (x)
		node_free(x);
	return ret;
}

void nodes_remove(struct nodes *ns, struct thing_node *n)
{
	for (size_t i = 1; i < ns->n; i++) {
		if (ns->node[i] != n)
			continue;
		memmove(ns->node + i, ns->node + i + 1, (ns->n - i - 1) * sizeof(ns->node[0]));
		ns->n--;
		ns->generation++;
		n->gone = true;
		if (n->holds == 0)
			node_free(n);
		return;
	}
}
