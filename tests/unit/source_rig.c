/* SPDX-License-Identifier: Apache-2.0 */
/* source_rig: see source_rig.h. */
#include "config.h"

#include "tests/unit/source_rig.h"

#include <ftw.h>
#include <poll.h>

struct source_rig rig;

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *fmt, ...)
{
	size_t len = strlen(rig.told);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rig.told + len, sizeof(rig.told) - len, fmt, ap);
	va_end(ap);
}

static void tell_node(const char *how, const struct kith_thing_node *n)
{
	tell("%s%s", how, n->at.id);
	if (n->type)
		tell("(%s)", n->type);
	if (n->name)
		tell("'%s'", n->name);
	if (n->parent)
		tell("<%s", n->parent);
	for (size_t i = 0; i < n->n_tags; i++)
		tell("[%s=%s]", n->tags[i].name, n->tags[i].text);
	tell(" ");
}

static int add_node(void *arg, const struct kith_thing_node *n)
{
	UNUSED(arg);
	rig.n_nodes++;		/* without a limit: that is the source's affair */
	tell_node("+", n);
	return 0;
}

/* Told always: whether something is new about it is the thing's affair. */
static int change_node(void *arg, const struct kith_thing_node *n)
{
	UNUSED(arg);
	tell_node("*", n);
	return 0;
}

static int remove_node(void *arg, const struct kith_thing_at *at)
{
	UNUSED(arg);
	rig.n_nodes--;
	tell("-%s ", at->id);
	for (size_t i = 0; i < rig.n_points; i++)
		if (strcmp(rig.point[i].node, at->id) == 0)
			rig.point[i].node[0] = '\0';
	return 0;
}

static int node_state(void *arg, const struct kith_thing_at *at, enum kith_thing_node_state state)
{
	UNUSED(arg);
	tell("!%s:%d ", at->id, (int)state);
	return 0;
}

static int add_point(const struct kith_thing_at *at, const char *name, enum kith_thing_type type)
{
	assert_true(rig.n_points < 256);
	snprintf(rig.point[rig.n_points].node, SOURCE_NAME + 1, "%s", at->id);
	snprintf(rig.point[rig.n_points].name, SOURCE_NAME + 1, "%s", name);
	rig.point[rig.n_points].type = type;
	return 0;
}

static int add_field(void *arg, const struct kith_thing_field *f)
{
	UNUSED(arg);
	add_point(&f->node, f->name, f->type);
	rig.point[rig.n_points].field = *f;
	snprintf(rig.point[rig.n_points++].unit, 16, "%s", f->unit ? f->unit : "");
	tell("?%s.%s ", f->node.id, f->name);
	return 0;
}

static int add_control(void *arg, const struct kith_thing_control *c)
{
	UNUSED(arg);
	add_point(&c->node, c->name, c->type);
	rig.point[rig.n_points++].control = *c;
	tell("=%s.%s ", c->node.id, c->name);
	return 0;
}

static int changed(void *arg, const struct kith_thing_at *at, const char *field,
    const struct kith_thing_value *v)
{
	UNUSED(arg);
	assert_true(v->at_ms > 0);
	if (v->text[0])
		tell("~%s.%s=%s ", at->id, field, v->text);
	else
		tell("~%s.%s=%g ", at->id, field, v->number);
	return 0;
}

static void write_done(void *arg, uint64_t ticket, enum kith_thing_result r, const char *why)
{
	UNUSED(arg);
	assert_int_equal(ticket, 77);
	rig.done++;
	rig.result = r;
	snprintf(rig.why, sizeof(rig.why), "%s", why);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	UNUSED(st);
	UNUSED(kind);
	UNUSED(at);
	return remove(path);
}

int source_rig_setup(void **state)
{
	UNUSED(state);
	memset(&rig, 0, sizeof(rig));
	rig.conf.name = "shelf";
	return folder_setup(&rig.dir);
}

int source_rig_teardown(void **state)
{
	UNUSED(state);
	source_close(&rig.s);
	nftw(rig.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(rig.dir);
	return 0;
}

const char *source_rig_path(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s/%s", (char *)rig.dir, name);
	return path;
}

void source_rig_open(const char *kind, const char *spec)
{
	struct source_host host = { .clock = &clock_system, .add_node = add_node,
		.change_node = change_node,
		.remove_node = remove_node, .node_state = node_state, .add_field = add_field,
		.add_control = add_control, .changed = changed, .write_done = write_done };
	struct err e = ERR_INIT;

	rig.conf.spec = spec;
	if (source_open(&rig.s, source_find(kind), &rig.conf, &host, &e) < 0)
		fail_msg("%s", e.text);
}

void source_rig_turn(int64_t at_most_ms)
{
	short events = 0;
	int fd = source_fd(&rig.s, &events);
	struct pollfd p = { .fd = fd, .events = events };
	int64_t at = source_deadline(&rig.s), left = at - clock_boot(&clock_system);

	if (at < 0 || left > at_most_ms)
		left = at_most_ms;
	(void)poll(&p, 1, left < 0 ? 0 : (int)left);
	source_process(&rig.s);
}

bool source_rig_told(const char *text)
{
	return strstr(rig.told, text) != NULL;
}

void source_rig_until(const char *text)
{
	int64_t end = clock_boot(&clock_system) + 10000;

	while (!source_rig_told(text)) {
		if (clock_boot(&clock_system) > end)
			fail_msg("no '%s' in: %s", text, rig.told);
		source_rig_turn(500);
	}
}

void source_rig_forget(void)
{
	rig.told[0] = '\0';
}

int source_rig_find(const char *node, const char *name, bool is_control)
{
	for (size_t i = 0; i < rig.n_points; i++)
		if (strcmp(rig.point[i].node, node) == 0 && strcmp(rig.point[i].name, name) == 0 &&
		    (rig.point[i].control.write != NULL) == is_control)
			return (int)i;
	return -1;
}

double source_rig_number(const char *node, const char *name)
{
	int i = source_rig_find(node, name, false);
	struct kith_thing_value v = { .number = 0 };

	assert_true(i >= 0);
	if (rig.point[i].field.read(rig.point[i].field.arg, 1, &v) != KITH_THING_OK)
		fail_msg("%s.%s: %s", node, name, v.text);
	return rig.point[i].type == KITH_THING_BOOLEAN ? v.boolean : v.number;
}

bool source_rig_fails(const char *node, const char *name, const char *because)
{
	int i = source_rig_find(node, name, false);
	struct kith_thing_value v = { .number = 0 };

	assert_true(i >= 0);
	return rig.point[i].field.read(rig.point[i].field.arg, 1, &v) == KITH_THING_FAILED &&
	    strstr(v.text, because);
}

enum kith_thing_result source_rig_set(const char *node, const char *name,
    const struct kith_thing_value *v)
{
	int i = source_rig_find(node, name, true);
	enum kith_thing_result r;
	unsigned before = rig.done;

	assert_true(i >= 0);
	rig.why[0] = '\0';
	r = rig.point[i].control.write(rig.point[i].control.arg, 77, v, rig.why, sizeof(rig.why));
	if (r != KITH_THING_LATER)
		return r;
	for (int turn = 0; rig.done == before && turn < 100; turn++)
		source_rig_turn(100);
	assert_int_equal(rig.done, before + 1);
	return rig.result;
}
