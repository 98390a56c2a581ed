/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting: a treap with subtree sizes.  Ranks are random and unknown to peers,
 * so its depth is about twice the logarithm of its size; the recursions here
 * go no deeper than that.  Read first: posting.h.
 */
#include "config.h"

#include "registry/posting.h"

#include <string.h>

static int compare_values(uint64_t list, union posting_value a, union posting_value b)
{
	switch ((enum posting_kind)(list & 3)) {
	case POSTING_NUM: return (a.num > b.num) - (a.num < b.num);
	case POSTING_STR: return strcmp(a.str, b.str);
	case POSTING_PLAIN: default: return 0;
	}
}

/* Twins of one thing stand by their place in its array. */
static bool comes_before(const struct posting *a, const struct posting *b)
{
	int d;

	if (a->list != b->list)
		return a->list < b->list;
	d = compare_values(a->list, a->value, b->value);
	if (d != 0)
		return d < 0;
	return a->number != b->number ? a->number < b->number : a < b;
}

static bool is_before(const struct posting *p, const struct posting_cut *cut)
{
	int d;

	if (p->list != cut->list)
		return p->list < cut->list;
	if (!cut->has_value)
		return cut->behind;
	d = cut->prefix > 0 ? strncmp(p->value.str, cut->value.str, cut->prefix) :
	    compare_values(p->list, p->value, cut->value);
	return d != 0 ? d < 0 : cut->behind;
}

static uint32_t size_of(const struct posting *p)
{
	return p != NULL ? p->size : 0;
}

static void count(struct posting *p)
{
	p->size = 1 + size_of(p->left) + size_of(p->right);
}

static void split(struct posting *tree, const struct posting *at, struct posting **left,
    struct posting **right)
{
	if (tree == NULL) {
		*left = *right = NULL;
		return;
	}
	if (comes_before(tree, at)) {
		split(tree->right, at, &tree->right, right);
		*left = tree;
	} else {
		split(tree->left, at, left, &tree->left);
		*right = tree;
	}
	count(tree);
}

static struct posting *join(struct posting *left, struct posting *right)
{
	if (left == NULL || right == NULL)
		return left != NULL ? left : right;
	if (left->rank >= right->rank) {
		left->right = join(left->right, right);
		count(left);
		return left;
	}
	right->left = join(left, right->left);
	count(right);
	return right;
}

void posting_add(struct posting **root, struct posting *p)
{
	struct posting **at = root;

	while (*at != NULL && (*at)->rank >= p->rank) {
		(*at)->size++;
		at = comes_before(p, *at) ? &(*at)->left : &(*at)->right;
	}
	split(*at, p, &p->left, &p->right);
	count(p);
	*at = p;
}

void posting_remove(struct posting **root, const struct posting *p)
{
	struct posting **at = root;

	while (*at != p) {
		(*at)->size--;
		at = comes_before(p, *at) ? &(*at)->left : &(*at)->right;
	}
	*at = join(p->left, p->right);
}

size_t posting_before(const struct posting *root, const struct posting_cut *cut)
{
	size_t n = 0;

	while (root != NULL) {
		if (is_before(root, cut)) {
			n += 1 + size_of(root->left);
			root = root->right;
		} else {
			root = root->left;
		}
	}
	return n;
}

bool posting_walk(const struct posting *root, const struct posting_cut *from,
    const struct posting_cut *to, posting_fn fn, void *arg)
{
	bool left, right;

	if (root == NULL)
		return true;
	left = !is_before(root, from);
	right = is_before(root, to);
	if (left && !posting_walk(root->left, from, to, fn, arg))
		return false;
	if (left && right && !fn(arg, root))
		return false;
	return !right || posting_walk(root->right, from, to, fn, arg);
}
