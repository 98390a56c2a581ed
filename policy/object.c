/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: action, names, "of", things.  Is it a field or a thing?  That is asked
 * about, never guessed.  Next: range.c, target.c.
 */
#include "config.h"

#include "policy/object.h"

#include "common/base/pool.h"
#include "policy/clause.h"
#include "policy/name.h"
#include "policy/range.h"
#include "policy/target.h"

static const struct {
	const char *what;		/* a name; NULL: the action has none */
	enum name_place place;
} actions[ACTION_COUNT] = {
	[ACTION_READ] = { N_("a name of a field"), NAME_OF_FIELD },
	[ACTION_CONTROL] = { N_("a name of a parameter"), NAME_OF_PARAMETER },
	[ACTION_PRIVILEGE] = { N_("a privilege like \"Door.Open\""), NAME_OF_FIELD },
};

bool object_is_action(const struct word *w)
{
	enum action a;

	return w->text != NULL && !w->quoted &&
	       (line_is(w, "everything") || action_find(w->text, &a));
}

static int parse_action(struct line *l, struct rule *r, enum action *out)
{
	struct word w;
	bool to;

	if (line_take(l, "to", &to) != 0 || line_next(l, ",<", &w) != 0)
		return -1;
	if (!object_is_action(&w))
		return line_expected(l, N_("to befriend, to read, to control, to access, to use or "
		    "everything"), &w);
	if (line_is(&w, "everything"))
		r->actions = RULE_EVERYTHING;
	else if (action_find(w.text, out))
		r->actions = 1u << *out;
	return 0;
}

/* "momentary values", "historical "energy"": kinds in front of "of" or of a
 * quoted name; anything else there is a name, or asked about. */
static int take_kinds(struct line *l, struct rule *r)
{
	static const char *const values[] = { "values", "value", "readings", NULL };
	struct word_cursor before = l->words;
	const char *first;
	unsigned types = 0;
	struct word w;

	if (line_next(l, ",", &w) != 0)
		return -1;
	first = w.text;
	while (clause_kind(&w) != 0) {
		types |= clause_kind(&w);
		if (line_peek(l, ",", &w) != 0)
			return -1;
		if (w.quoted || line_is_any(&w, values)) {
			r->types = types;
			return w.quoted ? 0 : line_next(l, ",", &w);
		}
		if (w.text != NULL && !line_is_comma(&w) && !line_is(&w, "of"))
			return line_error(l, N_("\"%1 %2\" can be read in two ways: in quotes if that is "
			    "the field, or %1 \"%2\" for one kind of readings"),
			    line_short(l, first), line_short(l, w.text), NULL);
		if (line_is_comma(&w) && line_next(l, ",", &w) != 0)
			return -1;
		if (line_next(l, ",", &w) != 0)
			return -1;
	}
	l->words = before;
	return 0;
}

/* Taken: the words that stand for no name at all, in front of "of" or of values. */
static int take_all_names(struct line *l, bool *taken)
{
	static const char *const all[] = { "everything", "anything", "all", "*", NULL };
	struct word_cursor before = l->words;
	struct word w, behind;

	*taken = false;
	if (line_next(l, ",<", &w) != 0)
		return -1;
	if (line_is_any(&w, all)) {
		struct line ahead = *l;
		bool begins = false;

		if (line_next(&ahead, RANGE_STOPS, &behind) != 0 ||
		    range_begins(&ahead, &behind, &begins) != 0)
			return -1;
		*taken = begins || line_is(&behind, "of");
	}
	if (!*taken)
		l->words = before;
	return 0;
}

/* "from 0 to 50" behind the name of a parameter, if it is there. */
static int take_values(struct line *l, enum action a, struct rule *r, const char *name)
{
	struct line ahead = *l;
	struct word w;
	bool begins;

	if (line_next(&ahead, RANGE_STOPS, &w) != 0 || range_begins(&ahead, &w, &begins) != 0)
		return -1;
	/* Behind a name nothing else can begin with these words. */
	if (!begins && !range_is_word(&w))
		return 0;
	if (a != ACTION_CONTROL)
		return line_error(&ahead, N_("only controlling has values (word %1)"),
		    line_where(&ahead), NULL);
	if (l->span == NULL)
		l->span = pool_alloc(l->pool, POLICY_SPANS * sizeof(*l->span));
	if (l->span == NULL)
		return line_no_room(l);
	r->span = l->span;
	return range_parse(l, name, l->span, &r->n_spans);
}

static int parse_names(struct line *l, enum action a, struct rule *r)
{
	r->names = pool_alloc(l->pool, POLICY_NAMES * sizeof(*r->names));
	if (r->names == NULL)
		return line_no_room(l);
	for (;;) {
		struct word_cursor before;
		struct word w;

		if (r->n_names == POLICY_NAMES)
			return line_error(l, N_("at most 100 names in one rule"), NULL);
		if (name_parse(l, actions[a].what, actions[a].place, &r->names[r->n_names]) != 0)
			return -1;
		r->n_names++;
		if (take_values(l, a, r, r->names[r->n_names - 1]) != 0)
			return -1;
		before = l->words;
		if (line_next(l, ",", &w) != 0)
			return -1;
		if (!line_is_comma(&w)) {
			l->words = before;
			return 0;
		}
	}
}

static int missing_of(struct line *l, const struct rule *r)
{
	struct word w;

	if (line_next(l, "", &w) != 0)
		return -1;
	return line_expected_of(l, N_("\"of THING\" (\"everything of %1\" if that is the thing)"),
	    r->n_names == 1 ? line_short(l, r->names[0]) : "THING", &w);
}

/* The names of fields, parameters or privileges; *things: there are none, and all
 * things were meant ("read all my things"). */
static int parse_names_or_all(struct line *l, enum action a, struct rule *r, bool *things)
{
	bool all;

	*things = false;
	if (a == ACTION_READ && take_kinds(l, r) != 0)
		return -1;
	if (r->types != 0) {
		struct word w;

		if (line_peek(l, ",", &w) != 0)
			return -1;
		if (line_is(&w, "of"))
			return 0;
	}
	if (take_all_names(l, &all) != 0)
		return -1;
	if (all)
		return take_values(l, a, r, NULL);
	if (target_take_all(l, things) != 0)
		return -1;
	return *things ? 0 : parse_names(l, a, r);
}

/* What the rule is about: names, "of", the things. */
int object_parse(struct line *l, struct rule *r)
{
	enum action a = ACTION_BEFRIEND;
	bool of = false, things;

	if (parse_action(l, r, &a) != 0)
		return -1;
	r->target.kind = TARGET_ALL;
	if (line_take(l, "of", &of) != 0)
		return -1;
	if (r->actions == RULE_EVERYTHING)
		return of ? target_parse(l, &r->target) : 0;
	if (of || actions[a].what == NULL)
		return target_parse(l, &r->target);
	if (parse_names_or_all(l, a, r, &things) != 0)
		return -1;
	if (things)
		return 0;
	if (line_take(l, "of", &of) != 0)
		return -1;
	return of ? target_parse(l, &r->target) : missing_of(l, r);
}
