/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway_peer: a gateway as its maker writes it with libkith-thing: every file of a
 * folder is a node with the field "level" (what stands in the file) and the control
 * "valve" (writes FILE.valve beside it).  Prints what happens; gateway.py reads it.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thing/thing.h"

#define MOST 16
#define LOOK_MS 100	/* so often the folder is looked into */

struct device {
	char name[64], path[1024];
	int present, seen;
};

static volatile sig_atomic_t stop;
static struct device devices[MOST];

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void on_event(void *arg, const struct kith_thing_event *ev)
{
	static const struct { enum kith_thing_event_kind kind; const char *word; } words[] = {
		{ KITH_THING_EV_CLAIM, "claim" }, { KITH_THING_EV_OWNER, "owner" },
		{ KITH_THING_EV_ALARM, "alarm" }, { KITH_THING_EV_SERVED, "served" },
		{ KITH_THING_EV_REFUSED, "refused" }, { KITH_THING_EV_NOTE, "note" },
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].kind == ev->kind)
			printf("%s %s %s\n", words[i].word, ev->node.id ? ev->node.id : "-",
			    *ev->text ? ev->text : "-");
	if (ev->kind == KITH_THING_EV_STATE)
		printf("state %s\n", kith_thing_state_name(ev->state));
	fflush(stdout);
}

static enum kith_thing_result read_level(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	const struct device *d = arg;
	FILE *f = fopen(d->path, "r");
	int ok = f && fscanf(f, "%lf", &v->number) == 1;

	(void)ticket;
	if (f)
		fclose(f);
	snprintf(v->text, sizeof(v->text), "no number there");
	return ok ? KITH_THING_OK : KITH_THING_FAILED;
}

static enum kith_thing_result write_valve(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	const struct device *d = arg;
	char path[1100];
	FILE *f;

	(void)ticket;
	snprintf(path, sizeof(path), "%s.valve", d->path);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%d\n", v->boolean) < 0 || fclose(f) != 0) {
		snprintf(why, size, "it is stuck");
		return KITH_THING_FAILED;
	}
	return KITH_THING_OK;
}

static void appear(struct kith_thing *t, struct device *d)
{
	struct kith_thing_tag tags[] = { { "SN", d->name, 0 }, { "MAN", "gateway.example", 0 },
		{ "MODEL", "Tank", 0 } };
	struct kith_thing_node node = { .size = sizeof(node),
		.at = { .id = d->name, .source = "tanks" }, .type = "tank", .tags = tags, .n_tags = 3 };
	struct kith_thing_field level = { .size = sizeof(level), .name = "level", .unit = "m",
		.type = KITH_THING_NUMERIC, .read = read_level, .arg = d, .node = node.at };
	struct kith_thing_control valve = { .size = sizeof(valve), .name = "valve",
		.type = KITH_THING_BOOLEAN, .write = write_valve, .arg = d, .node = node.at };

	if (kith_thing_add_node(t, &node) == 0 && kith_thing_add_field(t, &level) == 0 &&
	    kith_thing_add_control(t, &valve) == 0)
		d->present = 1;
}

static struct device *device_called(const char *name)
{
	struct device *empty = NULL;

	for (size_t i = 0; i < MOST; i++) {
		if (strcmp(devices[i].name, name) == 0)
			return &devices[i];
		if (!devices[i].name[0] && !empty)
			empty = &devices[i];
	}
	return empty;
}

static void look(struct kith_thing *t, const char *folder)
{
	struct dirent *x;
	DIR *dir = opendir(folder);

	for (size_t i = 0; i < MOST; i++)
		devices[i].seen = 0;
	while (dir && (x = readdir(dir))) {
		struct device *d;

		if (strchr(x->d_name, '.') || !(d = device_called(x->d_name)))
			continue;
		snprintf(d->name, sizeof(d->name), "%.60s", x->d_name);
		snprintf(d->path, sizeof(d->path), "%s/%s", folder, d->name);
		d->seen = 1;
		if (!d->present)
			appear(t, d);
	}
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < MOST; i++) {
		struct kith_thing_at at = { devices[i].name, "tanks", NULL };

		if (!devices[i].present || devices[i].seen)
			continue;
		if (kith_thing_remove_node(t, &at) == 0) {
			printf("gone %s -\n", devices[i].name);
			fflush(stdout);
		}
		devices[i].present = 0;
	}
}

int main(int argc, char **argv)
{
	struct kith_thing_tag tag = { "SN", "gateway", 0 };
	struct kith_thing_conf conf = { .size = sizeof(conf), .tags = &tag, .n_tags = 1,
		.event = on_event };
	struct kith_thing *t;
	char why[256];

	if (argc != 7) {
		fprintf(stderr, "usage: gateway_peer STATE DOMAIN SERVER CAFILE SERIAL FOLDER\n");
		return 2;
	}
	conf.state = argv[1];
	conf.domain = argv[2];
	conf.server = argv[3];
	conf.ca_file = argv[4];
	tag.text = argv[5];
	signal(SIGTERM, on_signal);
	t = kith_thing_new(&conf, why, sizeof(why));
	if (!t) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	while (!stop) {
		struct pollfd p = { kith_thing_fd(t), kith_thing_events(t), 0 };
		int wait = kith_thing_timeout(t);

		look(t, argv[6]);
		(void)poll(&p, 1, wait < 0 || wait > LOOK_MS ? LOOK_MS : wait);
		kith_thing_process(t);
	}
	kith_thing_stop(t);
	kith_thing_free(&t);
	return 0;
}
