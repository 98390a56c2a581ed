/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board: the fields and controls of one node that the maker of the device named,
 * copied, found by name without case, and values checked against them.  It calls
 * no driver, and takes memory only for what was named.  Read next: node.h.
 */
#ifndef KITH_THING_BOARD_H
#define KITH_THING_BOARD_H

#include "common/base/err.h"
#include "common/wire/request.h"
#include "thing/thing.h"
#include "thing/words.h"

#define BOARD_NAME 65		/* bytes of a name with its NUL */
#define BOARD_UNIT 33

struct board_field {
	unsigned kinds;		/* FIELD_*, at least one */
	char unit[BOARD_UNIT];	/* "" for none */
	struct kith_thing_field use;	/* its strings point here; no `node` */
	char name[];
};

struct board_control {
	char **choices;		/* heap; NULL, or ends in NULL */
	struct kith_thing_control use;	/* as above, with label, about and group */
	char name[];
};

/* Pointers to fields and controls are good for as long as the board is. */
struct board {
	size_t n_fields, n_controls, n_needs;
	struct board_field **field;	/* at most KITH_THING_FIELDS, as the controls */
	struct board_control **control;
	char **need;
};

/* `node` of what is added says nothing here: the board belongs to one. */
int board_add_field(struct board *b, const struct kith_thing_field *f);
void board_drop_last_field(struct board *b);
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
 * sentence for the asker, in his words. */
int board_value(const struct board_control *c, const char *text, const struct words *w,
    struct kith_thing_value *out, struct err *e);
/* What it takes, for people: "on or off", "0 to 100", "eco, full"; nothing for text. */
void board_takes(struct buf *out, const struct board_control *c, const struct words *w);

/* The type by which it goes over the wire. */
enum value_type board_wire_type(enum kith_thing_type type);
bool board_has_range(const struct kith_thing_control *c);

/* The value as people read it: "21.5 C", "on", "text". */
#define BOARD_TEXT (KITH_THING_TEXT + BOARD_UNIT + 8)
void board_value_text(char out[static BOARD_TEXT], enum kith_thing_type type, const char *unit,
    const struct kith_thing_value *v, const struct words *w);

#endif
