/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board: the fields and controls the maker of the device named, copied, found
 * by name without case, and values checked against them.  It calls no driver.
 */
#ifndef KITH_THING_BOARD_H
#define KITH_THING_BOARD_H

#include "common/base/err.h"
#include "thing/thing.h"

#define BOARD_NAME 65		/* bytes of a name with its NUL */
#define BOARD_UNIT 33

struct board_field {
	char name[BOARD_NAME];
	char unit[BOARD_UNIT];	/* "" for none */
	unsigned kinds;		/* FIELD_*, at least one */
	struct kith_thing_field use;	/* its strings point here */
};

struct board_control {
	char name[BOARD_NAME];
	char **choices;		/* heap; NULL, or ends in NULL */
	struct kith_thing_control use;
};

struct board {
	size_t n_fields, n_controls, n_needs;
	struct board_field field[KITH_THING_FIELDS];
	struct board_control control[KITH_THING_FIELDS];
	char *need[KITH_THING_NEEDS];	/* heap */
};

int board_add_field(struct board *b, const struct kith_thing_field *f);
int board_add_control(struct board *b, const struct kith_thing_control *c);
/* -1: too many, or too long. */
int board_add_need(struct board *b, const char *line);
void board_fini(struct board *b);

/* What is said at the registration: texts are the board's; `offer` has room for
 * BOARD_OFFERS. */
#define BOARD_OFFERS (2 * KITH_THING_FIELDS)
struct manifest;
struct offer;
void board_manifest(const struct board *b, struct offer *offer, struct manifest *out);

const struct board_field *board_field(const struct board *b, const char *name);
const struct board_control *board_control(const struct board *b, const char *name);
/* Kinds of readings that these fields have; none named: all fields. */
unsigned board_kinds(const struct board *b, const char *const *names, size_t n);

/* What somebody typed or sent, as a value for this control: on/off/yes/no for
 * booleans, a number in range, one of the choices, text.  ERR_INPUT with a
 * sentence for the asker. */
int board_value(const struct board_control *c, const char *text,
    struct kith_thing_value *out, struct err *e);

/* The value as people read it: "21.5 C", "on", "text". */
#define BOARD_TEXT (KITH_THING_TEXT + BOARD_UNIT + 8)
void board_value_text(char out[static BOARD_TEXT], enum kith_thing_type type, const char *unit,
    const struct kith_thing_value *v);

#endif
