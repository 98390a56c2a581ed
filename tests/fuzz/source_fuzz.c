/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_fuzz: what devices behind a gateway say, one a line: "NODE NAME VALUE".
 * Nodes and fields keep their limits, and what is told on is a value of its type.
 */
#include "config.h"

#include <math.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "tests/fuzz/fuzz.h"
#include "thing/source.h"

#define NODES_MOST 1024

struct told {
	size_t nodes, points;
};

static int nothing_to_open(struct source *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

static void nothing_to_close(struct source *s)
{
	(void)s;
}

static int64_t never(const struct source *s)
{
	(void)s;
	return -1;
}

static int add_node(void *arg, const struct kith_thing_node *n)
{
	struct told *t = arg;

	FUZZ_CHECK(n->at.id[0] != '\0' && strlen(n->at.id) <= SOURCE_NAME);
	FUZZ_CHECK(str_utf8_valid(n->at.id, strlen(n->at.id)));
	t->nodes++;
	return t->nodes <= NODES_MOST ? 0 : -1;
}

static int remove_node(void *arg, const struct kith_thing_at *at)
{
	(void)arg;
	(void)at;
	return 0;
}

static int node_state(void *arg, const struct kith_thing_at *at, enum kith_thing_node_state state)
{
	(void)arg;
	(void)at;
	(void)state;
	return 0;
}

static int add_field(void *arg, const struct kith_thing_field *f)
{
	struct told *t = arg;

	FUZZ_CHECK(f->name[0] != '\0' && strlen(f->name) <= SOURCE_NAME);
	t->points++;
	return 0;
}

static int add_control(void *arg, const struct kith_thing_control *c)
{
	(void)c;
	((struct told *)arg)->points++;
	return 0;
}

static int changed(void *arg, const struct kith_thing_at *at, const char *field,
    const struct kith_thing_value *v)
{
	(void)arg;
	(void)at;
	FUZZ_CHECK(field[0] != '\0');
	FUZZ_CHECK(v == NULL || (isfinite(v->number) && str_utf8_valid(v->text, strlen(v->text))));
	return 0;
}

static void take(struct source *s, char *line)
{
	char *name = strchr(line, ' '), *value = name ? strchr(name + 1, ' ') : NULL;
	struct source_shape shape = { .value.type = KITH_THING_NUMERIC };
	struct source_about about = { .id = line };
	struct source_node *n;
	struct source_point *p;
	char unit[16] = "";

	if (value == NULL || value - line > SOURCE_VALUE || strlen(value) > SOURCE_VALUE)
		return;
	*name++ = *value++ = '\0';
	n = source_node(s, &about);
	if (n == NULL)
		return;
	if (*name == '?')
		source_guess(value, &shape.value.type, unit);
	else if (*name == '!')
		shape.value.type = KITH_THING_STRING;
	FUZZ_CHECK(memchr(unit, '\0', sizeof(unit)) != NULL);
	p = source_point(n, name, false, &shape);
	if (p != NULL && strcmp(value, "fault") == 0)
		source_fault(p, "it says so");
	else if (p != NULL)
		source_take(p, value);
	FUZZ_CHECK(n->n_points <= SOURCE_POINTS);
	if (p != NULL && p->standing == SOURCE_KNOWN)
		FUZZ_CHECK(isfinite(p->value.number));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_ops plain = { .key = "fuzz", .open = nothing_to_open,
		.close = nothing_to_close, .deadline = never };
	static const struct source_conf conf = { .name = "fuzz", .spec = "x" };
	struct clock_fake fake = { .wall = 1777622400000, .boot = 1000 };
	struct clock clock = clock_from_fake(&fake);
	struct told told = { 0 };
	const struct source_host host = { .clock = &clock, .add_node = add_node,
		.remove_node = remove_node, .node_state = node_state, .add_field = add_field,
		.add_control = add_control, .changed = changed, .arg = &told };
	char *text = fuzz_text(data, size), *rest = text, *line;
	struct source s;

	log_set_level(LOG_LEVEL_ERROR);
	FUZZ_CHECK(source_open(&s, &plain, &conf, &host, NULL) == 0);
	while ((line = strsep(&rest, "\n")) != NULL)
		take(&s, line);
	source_close(&s);
	free(text);
	return 0;
}
