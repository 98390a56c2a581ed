/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board: two tables and what fits into them.
 */
#include "config.h"

#include "thing/board.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/request.h"
#include "common/wire/typed.h"

static const char *const type_names[] = {
	"boolean", "numeric", "string", "dateTime", "timeSpan", "enum", "int", "date", "time", "color"
};

const char *kith_thing_type_name(enum kith_thing_type type)
{
	return (size_t)type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[type] : "?";
}

enum value_type board_wire_type(enum kith_thing_type type)
{
	static const enum value_type types[] = {
		[KITH_THING_BOOLEAN] = VALUE_BOOL, [KITH_THING_NUMERIC] = VALUE_NUMERIC,
		[KITH_THING_STRING] = VALUE_STRING, [KITH_THING_DATETIME] = VALUE_DATETIME,
		[KITH_THING_TIMESPAN] = VALUE_DURATION, [KITH_THING_ENUM] = VALUE_ENUM,
		[KITH_THING_INT] = VALUE_LONG, [KITH_THING_DATE] = VALUE_DATE,
		[KITH_THING_TIME] = VALUE_TIME, [KITH_THING_COLOR] = VALUE_COLOR,
	};

	return types[type];
}

static bool is_name(const char *name)
{
	return name && *name && strlen(name) < BOARD_NAME && str_utf8_valid(name, strlen(name));
}

/* Room for one more behind the `n` that are there; whatever is listed stays where it is. */
static void **grow(void **list, size_t n)
{
	if (n > 0 && (n & (n - 1)) != 0)
		return list;
	return mem_resize(list, (n ? 2 * n : 1) * sizeof(list[0]));
}

#define KINDS (KITH_THING_MOMENTARY | KITH_THING_PEAK | KITH_THING_STATUS | \
    KITH_THING_COMPUTED | KITH_THING_IDENTITY)
_Static_assert(KINDS == (FIELD_ALL & ~FIELD_HISTORICAL) && KITH_THING_PEAK == FIELD_PEAK &&
    KITH_THING_STATUS == FIELD_STATUS && KITH_THING_IDENTITY == FIELD_IDENTITY,
    "kinds of readings are the same bits inside and outside of the library");

/* The first that knew no kinds ended before them, and no nodes before those. */
#define FIELD_SIZE offsetof(struct kith_thing_field, kinds)
#define CONTROL_SIZE offsetof(struct kith_thing_control, node)

static struct board_field *field_new(const struct kith_thing_field *f)
{
	size_t len = strlen(f->name) + 1;
	struct board_field *to = mem_zalloc(sizeof(*to) + len);

	if (!to || str_copy(to->unit, sizeof(to->unit), f->unit ? f->unit : "") < 0) {
		mem_free(to);
		return NULL;
	}
	memcpy(to->name, f->name, len);
	memcpy(&to->use, f, f->size < sizeof(*f) ? f->size : sizeof(*f));
	to->kinds = to->use.kinds != 0 ? to->use.kinds : FIELD_MOMENTARY;
	to->kinds |= to->use.history ? FIELD_HISTORICAL : 0;
	to->use.name = to->name;
	to->use.unit = to->unit;
	memset(&to->use.node, 0, sizeof(to->use.node));
	return to;
}

int board_add_field(struct board *b, const struct kith_thing_field *f)
{
	unsigned kinds = f->size > FIELD_SIZE ? f->kinds : 0;
	void **list;

	if (f->size < FIELD_SIZE || (unsigned)f->type > KITH_THING_COLOR || (kinds & ~KINDS) != 0 || !f->read ||
	    b->n_fields == KITH_THING_FIELDS || !is_name(f->name) || board_field(b, f->name))
		return -1;
	list = grow((void **)b->field, b->n_fields);
	if (!list)
		return -1;
	b->field = (struct board_field **)list;
	b->field[b->n_fields] = field_new(f);
	if (!b->field[b->n_fields])
		return -1;
	b->n_fields++;
	return 0;
}

void board_drop_last_field(struct board *b)
{
	mem_free(b->field[--b->n_fields]);
}

static void free_choices(char **choices)
{
	for (size_t i = 0; choices && choices[i]; i++)
		mem_free(choices[i]);
	mem_free(choices);
}

static char **copy_choices(const char *const *from)
{
	size_t n = 0;
	char **to;

	while (from[n])
		n++;
	to = mem_array(n + 1, sizeof(to[0]));
	for (size_t i = 0; to && i < n; i++)
		if (!(to[i] = mem_strdup(from[i]))) {
			free_choices(to);
			return NULL;
		}
	return to;
}

/* Behind the name; NULL stays NULL. */
static const char *copy_behind(char **at, const char *text)
{
	const char *copy = *at;
	size_t len = text ? strlen(text) + 1 : 0;

	if (!text)
		return NULL;
	memcpy(*at, text, len);
	*at += len;
	return copy;
}

static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static bool is_said(const char *text)
{
	return !text || (strlen(text) < KITH_THING_TEXT && str_utf8_valid(text, strlen(text)));
}

static struct board_control *control_new(const struct kith_thing_control *given)
{
	struct kith_thing_control full = { .size = sizeof(full) }, *c = &full;
	struct board_control *to;
	char *at;

	memcpy(c, given, given->size < sizeof(*c) ? given->size : sizeof(*c));
	if (!is_said(c->label) || !is_said(c->about) || !is_said(c->group))
		return NULL;
	to = mem_zalloc(sizeof(*to) + room_for(c->name) + room_for(c->label) +
	    room_for(c->about) + room_for(c->group));
	if (to && c->choices && !(to->choices = copy_choices(c->choices))) {
		mem_free(to);
		return NULL;
	}
	if (!to)
		return NULL;
	to->use = *c;
	at = to->name;
	to->use.name = copy_behind(&at, c->name);
	to->use.label = copy_behind(&at, c->label);
	to->use.about = copy_behind(&at, c->about);
	to->use.group = copy_behind(&at, c->group);
	to->use.choices = NULL;
	memset(&to->use.node, 0, sizeof(to->use.node));
	return to;
}

int board_add_control(struct board *b, const struct kith_thing_control *c)
{
	void **list;

	if (c->size < CONTROL_SIZE || (unsigned)c->type > KITH_THING_COLOR || !c->write ||
	    b->n_controls == KITH_THING_FIELDS ||
	    !is_name(c->name) || board_control(b, c->name) ||
	    (c->type == KITH_THING_ENUM && !c->choices))
		return -1;
	list = grow((void **)b->control, b->n_controls);
	if (!list)
		return -1;
	b->control = (struct board_control **)list;
	b->control[b->n_controls] = control_new(c);
	if (!b->control[b->n_controls])
		return -1;
	b->n_controls++;
	return 0;
}

int board_add_need(struct board *b, const char *line)
{
	if (b->n_needs == KITH_THING_NEEDS || line == NULL || line[0] == '\0' ||
	    !str_utf8_valid(line, strlen(line)) || str_utf8_chars(line) > WIRE_NEED)
		return -1;
	if (!b->need && !(b->need = mem_array(KITH_THING_NEEDS, sizeof(b->need[0]))))
		return -1;
	if ((b->need[b->n_needs] = mem_strdup(line)) == NULL)
		return -1;
	b->n_needs++;
	return 0;
}

bool board_has_range(const struct kith_thing_control *c)
{
	return (c->type == KITH_THING_NUMERIC || c->type == KITH_THING_INT) && c->min < c->max;
}

void board_manifest(const struct board *b, struct offer *offer, struct manifest *out)
{
	*out = (struct manifest){ .offer = offer, .n_needs = b->n_needs,
		.need = (const char *const *)b->need };
	for (size_t i = 0; i < b->n_fields; i++) {
		const struct board_field *f = b->field[i];

		offer[out->n_offers++] = (struct offer){ .name = f->name,
			.type = kith_thing_type_name(f->use.type),
			.unit = f->unit[0] ? f->unit : NULL };
	}
	for (size_t i = 0; i < b->n_controls; i++) {
		const struct kith_thing_control *c = &b->control[i]->use;

		offer[out->n_offers++] = (struct offer){ .control = true,
			.name = b->control[i]->name, .type = kith_thing_type_name(c->type),
			.has_range = board_has_range(c), .min = board_has_range(c) ? c->min : 0,
			.max = board_has_range(c) ? c->max : 0 };
	}
}

void board_fini(struct board *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		mem_free(b->field[i]);
	for (size_t i = 0; i < b->n_controls; i++) {
		free_choices(b->control[i]->choices);
		mem_free(b->control[i]);
	}
	for (size_t i = 0; i < b->n_needs; i++)
		mem_free(b->need[i]);
	mem_free(b->field);
	mem_free(b->control);
	mem_free(b->need);
	memset(b, 0, sizeof(*b));
}

const struct board_field *board_field(const struct board *b, const char *name)
{
	for (size_t i = 0; i < b->n_fields; i++)
		if (str_case_eq(b->field[i]->name, name))
			return b->field[i];
	return NULL;
}

unsigned board_kinds(const struct board *b, const char *const *names, size_t n)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < b->n_fields; i++)
		kinds |= n == 0 ? b->field[i]->kinds : 0;
	for (size_t i = 0; i < n; i++) {
		const struct board_field *f = board_field(b, names[i]);

		kinds |= f ? f->kinds : 0;
	}
	return kinds;
}

const struct board_control *board_control(const struct board *b, const char *name)
{
	for (size_t i = 0; i < b->n_controls; i++)
		if (str_case_eq(b->control[i]->name, name))
			return b->control[i];
	return NULL;
}

/* ---- values ------------------------------------------------------------- */

static int to_boolean(const char *text, bool *out)
{
	static const struct { const char *word; bool value; } words[] = {
		{ "on", true }, { "true", true }, { "yes", true }, { "1", true },
		{ "off", false }, { "false", false }, { "no", false }, { "0", false },
		{ "an", true }, { "ein", true }, { "ja", true },
		{ "aus", false }, { "nein", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_case_eq(text, words[i].word)) {
			*out = words[i].value;
			return 0;
		}
	return -1;
}

static const char *choices_of(struct buf *all, const struct board_control *c)
{
	for (size_t i = 0; c->choices && c->choices[i]; i++)
		buf_addf(all, "%s%s", i ? ", " : "", c->choices[i]);
	return buf_str(all);
}

static void add_range(struct buf *out, const struct board_control *c, const struct words *w,
    const char *text)
{
	char lo[STR_DOUBLE], hi[STR_DOUBLE];

	str_from_double(lo, c->use.min);
	str_from_double(hi, c->use.max);
	words_add(out, w, text, lo, hi, c->name, NULL);
}

/* How each type is said, and what is said when something else was. */
static const struct text_type {
	bool (*is)(const char *text);	/* of those that are texts with a shape */
	const char *takes;		/* for people; NULL: nothing to say */
	const char *wrong;
} text_types[] = {
	[KITH_THING_BOOLEAN] = { NULL, N_("on or off"), N_("%1 takes on or off.") },
	[KITH_THING_NUMERIC] = { NULL, N_("a number"), N_("%1 takes a number, like 21.5.") },
	[KITH_THING_INT] = { NULL, N_("a whole number"), N_("%1 takes a whole number, like 3.") },
	[KITH_THING_STRING] = { NULL, NULL, N_("That is too long for %1.") },
	[KITH_THING_ENUM] = { NULL, NULL, N_("%1 takes one of: %2.") },
	[KITH_THING_DATETIME] = { typed_is_datetime, N_("a date and time"),
	    N_("%1 takes a date and time, like 2026-05-01T08:00:00Z.") },
	[KITH_THING_TIMESPAN] = { typed_is_duration, N_("a time span"),
	    N_("%1 takes a time span, like PT3M30S.") },
	[KITH_THING_DATE] = { typed_is_date, N_("a date"), N_("%1 takes a date, like 2026-05-01.") },
	[KITH_THING_TIME] = { typed_is_time, N_("a time"), N_("%1 takes a time, like 08:30:00.") },
	[KITH_THING_COLOR] = { typed_is_color, N_("a color"), N_("%1 takes a color, like ff8000.") },
};

void board_takes(struct buf *out, const struct board_control *c, const struct words *w)
{
	if (board_has_range(&c->use))
		add_range(out, c, w, N_("%1 to %2"));
	else if (c->use.type == KITH_THING_ENUM)
		(void)choices_of(out, c);
	else if (text_types[c->use.type].takes)
		words_add(out, w, text_types[c->use.type].takes, NULL);
}

static int wrong(struct err *e, const struct board_control *c, const struct words *w)
{
	struct buf b, all;

	buf_init(&b, ERR_TEXT);
	buf_init(&all, ERR_TEXT);
	if (board_has_range(&c->use))
		add_range(&b, c, w, N_("%3 takes %1 to %2."));
	else
		words_add(&b, w, text_types[c->use.type].wrong, c->name, choices_of(&all, c),
		    NULL);
	err_set(e, ERR_INPUT, "%s", buf_ok(&b) ? buf_str(&b) : c->name);
	buf_fini(&all);
	buf_fini(&b);
	return -1;
}

/* A whole number that no double skips. */
static bool is_whole(double v)
{
	return v == floor(v) && fabs(v) <= 9007199254740992.0;
}

static int to_number(const struct board_control *c, const char *text, double *out)
{
	double v;

	if (str_to_double(text, &v) < 0 || (c->use.type == KITH_THING_INT && !is_whole(v)))
		return -1;
	if ((c->use.min != 0 || c->use.max != 0) && (v < c->use.min || v > c->use.max))
		return -1;
	*out = v;
	return 0;
}

static int to_choice(const struct board_control *c, const char *text, struct kith_thing_value *v)
{
	for (size_t i = 0; c->choices && c->choices[i]; i++)
		if (str_case_eq(c->choices[i], text))
			return str_copy(v->text, sizeof(v->text), c->choices[i]);
	return -1;
}

static int to_text(const struct board_control *c, const char *text, struct kith_thing_value *v)
{
	const struct text_type *t = &text_types[c->use.type];

	if (t->is && !t->is(text))
		return -1;
	return str_copy(v->text, sizeof(v->text), text);
}

static int to_value(const struct board_control *c, const char *text, struct kith_thing_value *v)
{
	switch (c->use.type) {
	case KITH_THING_BOOLEAN:
		return to_boolean(text, &v->boolean);
	case KITH_THING_NUMERIC:
	case KITH_THING_INT:
		return to_number(c, text, &v->number);
	case KITH_THING_ENUM:
		return to_choice(c, text, v);
	default:
		return to_text(c, text, v);
	}
}

int board_value(const struct board_control *c, const char *text, const struct words *w,
    struct kith_thing_value *out, struct err *e)
{
	struct kith_thing_value v;

	memset(&v, 0, sizeof(v));
	if (to_value(c, text, &v) < 0)
		return wrong(e, c, w);
	*out = v;
	return 0;
}

void board_value_text(char out[static BOARD_TEXT], enum kith_thing_type type, const char *unit,
    const struct kith_thing_value *v, const struct words *w)
{
	char number[STR_DOUBLE];

	switch (type) {
	case KITH_THING_BOOLEAN:
		snprintf(out, BOARD_TEXT, "%s", words_text(w, v->boolean ? N_("on") : N_("off")));
		break;
	case KITH_THING_NUMERIC:
	case KITH_THING_INT:
		str_from_double(number, v->number);
		snprintf(out, BOARD_TEXT, "%s%s%s", number, unit && *unit ? " " : "",
		    unit ? unit : "");
		break;
	default:
		snprintf(out, BOARD_TEXT, "%s", v->text);
		break;
	}
}
