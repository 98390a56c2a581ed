/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_rig: a gateway without a thing: what a source tells is kept as lines,
 * and its fields and controls can be read and set as a thing would.
 */
#ifndef TESTS_UNIT_SOURCE_RIG_H
#define TESTS_UNIT_SOURCE_RIG_H

#include "tests/unit/thing_support.h"

#include "thing/source.h"

struct source_rig {
	void *dir;
	struct source s;
	struct source_conf conf;
	char told[65536];		/* "+kitchen(sensor) ?kitchen.t ~kitchen.t=21.5 -kitchen " */
	size_t n_nodes, n_points;
	struct {
		char node[SOURCE_NAME + 1], name[SOURCE_NAME + 1], unit[16];
		enum kith_thing_type type;
		struct kith_thing_field field;
		struct kith_thing_control control;
	} point[256];
	unsigned done;
	enum kith_thing_result result;
	char why[KITH_THING_TEXT];
};

extern struct source_rig rig;

int source_rig_setup(void **state);
int source_rig_teardown(void **state);
const char *source_rig_path(const char *name);
void source_rig_open(const char *kind, const char *spec);
/* Turns until `text` was told; fails after ten seconds. */
void source_rig_until(const char *text);
void source_rig_turn(int64_t at_most_ms);
bool source_rig_told(const char *text);
/* What was told so far is forgotten. */
void source_rig_forget(void);
/* The number, or fails with why. */
double source_rig_number(const char *node, const char *name);
/* A reading fails, and says so. */
bool source_rig_fails(const char *node, const char *name, const char *because);
/* Sets it, and turns until it is done. */
enum kith_thing_result source_rig_set(const char *node, const char *name,
    const struct kith_thing_value *v);
int source_rig_find(const char *node, const char *name, bool is_control);	/* -1 */

#endif
