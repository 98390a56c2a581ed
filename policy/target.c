/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: all things, a thing by its name, a node behind it, comparisons of
 * tags, a set.  Names stay as written; nothing here knows a thing.  Next:
 * clause.c.
 */
#include "config.h"

#include "policy/target.h"

#include <string.h>

#include "common/base/pool.h"
#include "policy/clause.h"
#include "policy/name.h"

#define A_THING N_("a thing (its name, tag=value, set NAME or all my things)")

int target_take_all(struct line *l, bool *taken)
{
	static const char *const all[] = { "all", "every", "any", NULL };
	struct word_cursor before = l->words;
	struct word w;

	*taken = false;
	if (line_next(l, "<", &w) != 0)
		return -1;
	if (line_is(&w, "*")) {
		*taken = true;
		return 0;
	}
	if (line_is_any(&w, all) && line_next(l, "<", &w) != 0)
		return -1;
	if (line_is(&w, "my") && line_next(l, "<", &w) != 0)
		return -1;
	*taken = line_is(&w, "things") || line_is(&w, "thing");
	/* "things" alone may be what somebody calls a thing. */
	if (*taken && l->words.n - before.n == 1)
		*taken = false;
	if (!*taken)
		l->words = before;
	return 0;
}

static bool is_comparison(const struct word *w)
{
	return w->mark == '=' || w->mark == '!' || w->mark == '<' || w->mark == '>';
}

static enum tag_op find_op(const char *sign)
{
	static const struct {
		const char *sign;
		enum tag_op op;
	} signs[] = {
		{ "=", TAG_EQ }, { "!=", TAG_NE }, { "<", TAG_LT }, { "<=", TAG_LE },
		{ ">", TAG_GT }, { ">=", TAG_GE },
	};
	size_t i = 0;

	while (strcmp(signs[i].sign, sign) != 0)
		i++;
	return signs[i].op;
}

/* A word in front of a name that is only for the reader, or makes it something
 * else; not where it is the name itself: "tag=x", or at the end. */
static int take_before_name(struct line *l, const char *keyword, bool *taken)
{
	struct word_cursor before = l->words;
	struct word w, behind;
	bool begins;

	*taken = false;
	if (line_next(l, "<", &w) != 0)
		return -1;
	if (line_is(&w, keyword)) {
		if (line_peek(l, "<", &behind) != 0)
			return -1;
		*taken = behind.text != NULL && !is_comparison(&behind);
		if (*taken && !behind.quoted) {
			struct line ahead = *l;

			if (line_next(&ahead, "<", &behind) != 0 ||
			    clause_begins(&ahead, &behind, &begins) != 0)
				return -1;
			*taken = !begins;
		}
	}
	if (!*taken)
		l->words = before;
	return 0;
}

/* Behind the name of a tag: "=kitchen", ">= 2", "like 4*". */
static int parse_comparison(struct line *l, const char *name, struct tag_term *out)
{
	bool quoted, like;
	struct word w;

	if (line_next(l, "<", &w) != 0)
		return -1;
	like = line_is(&w, "like");
	out->name = name;
	out->op = like ? TAG_MASK : find_op(w.text);
	if (name_parse_quoted(l, N_("the value of the tag"), NAME_OF_TAG_VALUE, &out->value,
	    &quoted) != 0)
		return -1;
	if (quoted || like || strchr(out->value, '*') == NULL)
		return 0;
	if (out->op != TAG_EQ)
		return line_error(l, N_("a value with * stands behind = only (word %1); in quotes it is "
		    "that very value"), line_where(l), NULL);
	out->op = TAG_MASK;
	return 0;
}

/* The name of a tag and that a comparison follows; *is_tag false: it is none. */
static int parse_tag_name(struct line *l, const char **name, bool *is_tag)
{
	struct word w;
	bool tag;

	if (take_before_name(l, "tag", &tag) != 0 ||
	    name_parse(l, A_THING, NAME_OF_THING, name) != 0 ||
	    line_peek(l, "<", &w) != 0)
		return -1;
	*is_tag = is_comparison(&w) || line_is(&w, "like");
	if (tag && !*is_tag)
		return line_expected(l, N_("a comparison like tag room=kitchen"), &w);
	return 0;
}

/* More comparisons, joined by "and"; the first has been read. */
static int parse_more_terms(struct line *l, struct target *out, struct tag_term *term)
{
	for (;;) {
		const char *name;
		bool more, is_tag;

		if (line_take(l, "and", &more) != 0)
			return -1;
		if (!more)
			return 0;
		if (out->n_terms == POLICY_TERMS)
			return line_error(l, N_("at most 8 comparisons in one rule"), NULL);
		if (parse_tag_name(l, &name, &is_tag) != 0)
			return -1;
		if (!is_tag)
			return line_error(l, N_("expected a comparison like floor=2 behind \"and\" at word "
			    "%1; if \"and\" belongs to the value before it, write that in quotes"),
			    line_where(l), NULL);
		if (parse_comparison(l, name, &term[out->n_terms]) != 0)
			return -1;
		out->n_terms++;
	}
}

static int parse_terms(struct line *l, const char *name, struct target *out)
{
	struct tag_term *term = pool_alloc(l->pool, POLICY_TERMS * sizeof(*term));

	if (term == NULL)
		return line_no_room(l);
	*out = (struct target){ .kind = TARGET_TAG, .n_terms = 1, .term = term };
	if (parse_comparison(l, name, &term[0]) != 0)
		return -1;
	return parse_more_terms(l, out, term);
}

/* Behind the name of a thing or a set. */
static int only_one(struct line *l)
{
	struct word w;

	if (line_peek(l, "<", &w) != 0)
		return -1;
	if (is_comparison(&w))
		return line_error(l, N_("here stands a name, not a comparison of tags (word %1)"),
		    line_where(l), NULL);
	if (line_is(&w, "and"))
		return line_error(l, N_("a rule is about one thing, or about a set of them: write a "
		    "rule for each, or put the name in quotes if \"and\" belongs to it (word %1)"),
		    line_where(l), NULL);
	return 0;
}

static int parse_thing(struct line *l, struct target *out)
{
	const char *name;
	bool is_tag;

	if (parse_tag_name(l, &name, &is_tag) != 0)
		return -1;
	if (is_tag)
		return parse_terms(l, name, out);
	out->kind = TARGET_THING;
	out->name = name;
	return only_one(l);
}

/* "source "S"" or "partition "P"" in front of "of"; NULL stays if it is not there. */
static int take_part(struct line *l, const char *keyword, const char **out)
{
	bool taken;

	if (line_take(l, keyword, &taken) != 0)
		return -1;
	if (!taken)
		return 0;
	return name_parse(l, N_("its name"), NAME_OF_NODE, out);
}

/* "node "ID" [source "S"] [partition "P"] of THING".  Without quotes and "of" it is
 * a name that begins with "node". */
static int take_node(struct line *l, struct target *out)
{
	struct word_cursor before = l->words;
	struct target t = { .kind = TARGET_THING };
	bool taken, quoted, of;
	struct word w;

	if (take_before_name(l, "node", &taken) != 0)
		return -1;
	if (!taken)
		return 0;
	if (name_parse_quoted(l, N_("the id of a node"), NAME_OF_NODE, &t.node, &quoted) != 0 ||
	    take_part(l, "source", &t.source) != 0 ||
	    take_part(l, "partition", &t.partition) != 0 || line_take(l, "of", &of) != 0)
		return -1;
	if (of) {
		*out = t;
		return 0;
	}
	if (quoted || t.source != NULL || t.partition != NULL)
		return line_peek(l, "", &w) != 0 ? -1 :
		    line_expected(l, N_("\"of\" and the thing behind which the node is"), &w);
	l->words = before;
	return 0;
}

int target_parse(struct line *l, struct target *out)
{
	bool taken;

	*out = (struct target){ 0 };
	if (target_take_all(l, &taken) != 0)
		return -1;
	if (taken) {
		out->kind = TARGET_ALL;
		return 0;
	}
	if (take_before_name(l, "set", &taken) != 0)
		return -1;
	if (taken) {
		out->kind = TARGET_SET;
		return name_parse(l, N_("the name of a set"), NAME_OF_THING, &out->name) != 0 ?
		    -1 : only_one(l);
	}
	if (take_node(l, out) != 0)
		return -1;
	if (out->node != NULL)
		return name_parse(l, N_("the thing behind which the node is"), NAME_OF_THING,
		    &out->name) != 0 ? -1 : only_one(l);
	return parse_thing(l, out);
}
