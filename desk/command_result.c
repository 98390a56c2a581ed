/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_result: one function per kind of list, in a table by what the reply
 * holds.  Texts from outside are escaped as in chat.
 */
#include "config.h"

#include "desk/command_result.h"

#include <string.h>

#include "common/base/str.h"
#include "common/store/audit.h"
#include "common/base/catalogue.h"

#define CELL_CHARS 400
#define WORDS_LINES_SHOWN (WIRE_FORM_VALUES - 1)

static const char *
cell(const struct command_view *v, const char *text)
{
	struct buf b;
	const char *out;

	if (text == NULL)
		return NULL;
	buf_init(&b, (size_t)CELL_CHARS * STR_ESCAPED);
	str_escape(&b, text, CELL_CHARS, false);
	out = buf_ok(&b) ? pool_strdup(v->q->pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return out;
}

static const char *
time_cell(const struct command_view *v, int64_t at_ms)
{
	struct buf b;
	const char *out;

	if (at_ms == 0)
		return NULL;
	buf_init(&b, 256);
	v->d->ops->when(v->d->arg, &b, v->q, at_ms);
	out = pool_strdup(v->q->pool, buf_str(&b));
	buf_fini(&b);
	return out;
}

static void
things(const struct command_view *v, struct dataform *f, const struct reply *r)
{
	dataform_column(f, "name", command_text(v, N_("Name")));
	dataform_column(f, "state", command_text(v, N_("State")));
	dataform_column(f, "seen", command_text(v, N_("Last seen")));
	dataform_column(f, "address", command_text(v, N_("Address")));
	for (size_t i = 0; i < r->u.found.n && i < WIRE_FORM_ROWS; i++) {
		const struct found_thing *t = &r->u.found.thing[i];
		const struct tag *tag = tag_find(&t->tags, "NAME");
		const char *row[4];

		if (tag == NULL)
			tag = tag_find(&t->tags, "SN");
		row[0] = cell(v, t->name != NULL ? t->name : tag != NULL ? tag->str : t->jid);
		row[1] = command_text(v, t->online ? N_("online") : N_("offline"));
		row[2] = t->online ? NULL : time_cell(v, t->seen_ms);
		row[3] = cell(v, t->jid);
		dataform_row(f, row);
	}
}

static void
rules(const struct command_view *v, struct dataform *f, const struct reply *r)
{
	dataform_column(f, "number", command_text(v, N_("Number")));
	dataform_column(f, "rule", command_text(v, N_("Rule")));
	for (size_t i = 0; i < r->u.rules.n && i < WIRE_FORM_ROWS; i++) {
		const char *row[] = {
			pool_printf(v->q->pool, "%lld", (long long)r->u.rules.rule[i].number),
			cell(v, r->u.rules.rule[i].text),
		};

		dataform_row(f, row);
	}
}

static void
history(const struct command_view *v, struct dataform *f, const struct reply *r)
{
	dataform_column(f, "when", command_text(v, N_("When")));
	dataform_column(f, "thing", command_text(v, N_("Thing")));
	dataform_column(f, "what", command_text(v, N_("What")));
	dataform_column(f, "who", command_text(v, N_("Who")));
	dataform_column(f, "about", command_text(v, N_("About")));
	for (size_t i = 0; i < r->u.history.n && i < WIRE_FORM_ROWS; i++) {
		const struct history_line *l = &r->u.history.line[i];
		const char *row[] = {
			time_cell(v, l->at_ms), cell(v, l->thing),
			audit_what_name((enum audit_what)l->what), cell(v, l->actor),
			cell(v, l->object != NULL ? l->object : l->detail),
		};

		dataform_row(f, row);
	}
}

static void
sets(const struct command_view *v, struct dataform *f, const struct reply *r)
{
	dataform_column(f, "name", command_text(v, N_("Name")));
	dataform_column(f, "things", command_text(v, N_("Things")));
	for (size_t i = 0; i < r->u.sets.n && i < WIRE_FORM_ROWS; i++) {
		const struct set_line *s = &r->u.sets.set[i];
		struct buf b;

		buf_init(&b, 16 * 1024);
		for (size_t k = 0; k < s->n; k++)
			buf_addf(&b, "%s%s", k > 0 ? ", " : "", s->thing[k]);
		dataform_row(f, (const char *[]){ cell(v, s->name), cell(v, buf_str(&b)) });
		buf_fini(&b);
	}
}

/* Line by line, in words. */
static void
in_words(const struct command_view *v, struct dataform *f, const char *words)
{
	struct dataform_field *field = dataform_add(f, DATAFORM_TEXT_MULTI, "result",
	    command_text(v, N_("Result")));
	const char *at = words;

	for (size_t n = 0; *at != '\0' && n < WORDS_LINES_SHOWN; n++) {
		size_t len = strcspn(at, "\n");
		const char *line = pool_strndup(v->q->pool, at, len);

		if (line == NULL)
			f->failed = true;
		dataform_set(f, field, line);
		at += len + (at[len] == '\n');
	}
}

typedef void (*table_fn)(const struct command_view *v, struct dataform *f, const struct reply *r);

static table_fn
table_for(const struct reply *r)
{
	if (r->kind != REPLY_RESULT)
		return NULL;
	switch (r->body) {
	case BODY_FOUND:
		return r->u.found.n > 0 ? things : NULL;
	case BODY_RULES:
		return r->u.rules.n > 0 ? rules : NULL;
	case BODY_HISTORY:
		return r->u.history.n > 0 ? history : NULL;
	case BODY_SETS:
		return r->u.sets.n > 0 ? sets : NULL;
	default:
		return NULL;
	}
}

const struct dataform *
command_result(const struct command_view *v, const char *title, const struct reply *r,
    const char *words)
{
	struct dataform *f = pool_alloc(v->q->pool, sizeof(*f));
	table_fn table = table_for(r);

	if (f == NULL)
		return NULL;
	dataform_begin(f, DATAFORM_RESULT, v->q->pool, title);
	if (table != NULL)
		table(v, f, r);
	else
		in_words(v, f, words);
	return f->failed ? NULL : f;
}
