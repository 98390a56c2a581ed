/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about: lists of at most WIRE_ABOUTS.  Too long a list loses names first, then
 * nodes, then actions, and is about everything in the end.
 */
#include "config.h"

#include "provisioning/about.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/str.h"

#define CLEAR_ALL (CLEAR_FRIEND | CLEAR_READ | CLEAR_CONTROL)

_Static_assert(CLEAR_FRIEND == 1u << ACTION_BEFRIEND && CLEAR_READ == 1u << ACTION_READ &&
    CLEAR_CONTROL == 1u << ACTION_CONTROL, "actions are the same bits in policy and on the wire");

void about_nothing(struct about *a)
{
	a->all = false;
	a->n = 0;
}

void about_everything(struct about *a)
{
	a->all = true;
	a->n = 0;
}

/* ---- one of them ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool covers(const struct clear_about *wide, const struct clear_about *narrow)
{
	const struct node *a = &wide->node, *b = &narrow->node;

	return (wide->actions == 0 || wide->actions == narrow->actions) &&
	       (wide->jid == NULL || same_text(wide->jid, narrow->jid)) &&
	       (wide->name == NULL ||
		   (narrow->name != NULL && str_case_eq(wide->name, narrow->name))) &&
	       (!node_is_set(a) || (same_text(a->id, b->id) && same_text(a->source, b->source) &&
		   same_text(a->partition, b->partition)));
}

static bool is_everything(const struct clear_about *one)
{
	return covers(one, &(struct clear_about){ .actions = 0 });
}

/*
 * Two texts that are one for a rule (without case, after normalisation) may look
 * different to the thing, which only knows ASCII: such a text narrows nothing.
 */
static bool can_be_said(const char *s, size_t max)
{
	size_t len = 0;

	for (; s != NULL && s[len] != '\0'; len++)
		if ((unsigned char)s[len] < ' ' || (unsigned char)s[len] >= 0x7f)
			return false;
	return len > 0 && len <= max;
}

static const char *narrowing(const char *s, size_t max)
{
	return can_be_said(s, max) ? s : NULL;
}

/* A part that is left out stands for any. */
static struct node narrowing_node(const struct node *n)
{
	if (n == NULL || !can_be_said(n->id, WIRE_NODE_TEXT))
		return (struct node){ .id = NULL };
	return (struct node){ n->id, narrowing(n->source, WIRE_NODE_TEXT),
		narrowing(n->partition, WIRE_NODE_TEXT) };
}

/* ---- a list ---- */

/* Room for one more is there. */
static void put(struct about *a, const struct clear_about *one)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++)
		if (covers(&a->one[i], one))
			return;
	if (is_everything(one)) {
		about_everything(a);
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		if (!covers(one, &a->one[i]))
			a->one[kept++] = a->one[i];
	a->n = kept;
	a->one[a->n++] = *one;
}

enum loss { LOSE_NAMES, LOSE_NODES, LOSE_ACTIONS, LOSS_COUNT };

static struct clear_about without(struct clear_about one, enum loss l)
{
	if (l >= LOSE_NAMES)
		one.name = NULL;
	if (l >= LOSE_NODES)
		one.node = (struct node){ .id = NULL };
	if (l >= LOSE_ACTIONS)
		one.actions = 0;
	return one;
}

static void make_room(struct about *a)
{
	for (int l = LOSE_NAMES; l < LOSS_COUNT && a->n == WIRE_ABOUTS; l++) {
		struct clear_about old[WIRE_ABOUTS];

		memcpy(old, a->one, sizeof(old));
		a->n = 0;
		for (size_t i = 0; !a->all && i < WIRE_ABOUTS; i++) {
			struct clear_about wider = without(old[i], (enum loss)l);

			put(a, &wider);
		}
	}
	if (a->n == WIRE_ABOUTS)
		about_everything(a);
}

static void add(struct about *a, const struct clear_about *one)
{
	for (size_t i = 0; i < a->n; i++)
		if (covers(&a->one[i], one))
			return;
	if (a->n == WIRE_ABOUTS)
		make_room(a);
	if (!a->all)
		put(a, one);
}

void about_join(struct about *a, const struct about *more)
{
	if (more->all)
		about_everything(a);
	for (size_t i = 0; i < more->n; i++)
		add(a, &more->one[i]);
}

bool about_covers(const struct about *a, const struct about *b)
{
	for (size_t i = 0; !a->all && i < b->n; i++) {
		bool found = false;

		for (size_t k = 0; !found && k < a->n; k++)
			found = covers(&a->one[k], &b->one[i]);
		if (!found)
			return false;
	}
	return a->all || !b->all;
}

/* ---- what a change is about ---- */

static void add_names(struct about *a, const struct rule *r, struct clear_about one)
{
	if (r->n_names == 0 || r->co_owner || one.actions == CLEAR_FRIEND) {
		add(a, &one);
		return;
	}
	for (size_t i = 0; i < r->n_names; i++) {
		one.name = narrowing(r->names[i], WIRE_FIELD_NAME);
		add(a, &one);
	}
}

void about_rule(struct about *a, const struct rule *r, const struct node *node,
    bool moves_others)
{
	struct clear_about one = { .node = narrowing_node(node) };

	/* Whom a token or a role speaks for is not seen in the question; what
	 * else a co-owner gave is not seen in the rule that made him one. */
	if (r->subject.kind == SUBJECT_JID && !moves_others && !r->co_owner)
		one.jid = narrowing(r->subject.text, JID_MAX);
	/* What services ask for has no word of its own: it is among all. */
	if (r->co_owner || (r->actions & ~CLEAR_ALL) != 0) {
		add_names(a, r, one);
		return;
	}
	for (unsigned bit = CLEAR_FRIEND; bit <= CLEAR_CONTROL; bit <<= 1) {
		one.actions = bit;
		if ((r->actions & bit) != 0)
			add_names(a, r, one);
	}
}

void about_node(struct about *a, const struct node *node)
{
	add(a, &(struct clear_about){ .node = narrowing_node(node) });
}

/* ---- as text ---- */

#define PARTS 6		/* of a line */

static void write_part(struct buf *out, const char *s)
{
	buf_addc(out, '\t');
	buf_adds(out, s != NULL ? s : "");
}

void about_write(struct buf *out, const struct about *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct clear_about *one = &a->one[i];

		buf_addf(out, "%u", one->actions);
		write_part(out, one->jid);
		write_part(out, one->name);
		write_part(out, one->node.id);
		write_part(out, one->node.source);
		write_part(out, one->node.partition);
		buf_addc(out, '\n');
	}
}

/* Cuts `*s` at its next tab; NULL: the part is left out. */
static const char *read_part(char **s)
{
	char *part = strsep(s, "\t");

	return part == NULL || *part == '\0' ? NULL : part;
}

static bool read_line(char *line, struct clear_about *out)
{
	const char *actions;
	int64_t bits;
	size_t parts = 1;

	for (const char *s = line; *s != '\0'; s++)
		parts += *s == '\t';
	actions = read_part(&line);
	if (parts != PARTS || actions == NULL || str_to_int(actions, 0, CLEAR_CONTROL, &bits) != 0)
		return false;
	*out = (struct clear_about){ .actions = (unsigned)bits };
	out->jid = read_part(&line);
	out->name = read_part(&line);
	out->node.id = read_part(&line);
	out->node.source = read_part(&line);
	out->node.partition = read_part(&line);
	return (bits & (bits - 1)) == 0;
}

void about_read(struct about *a, const char *text)
{
	size_t len = strlen(text);
	char *next = a->text;

	about_nothing(a);
	if (len >= sizeof(a->text)) {
		about_everything(a);
		return;
	}
	memcpy(a->text, text, len + 1);
	while (!a->all && next != NULL && *next != '\0') {
		char *line = strsep(&next, "\n");
		struct clear_about one;

		if (read_line(line, &one))
			add(a, &one);
		else
			about_everything(a);
	}
	if (a->n == 0)
		about_everything(a);
}
