/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weather: a weather station: fields of several types, one of them an enum, one
 * with a history that outlives the power, and its own clock for measuring.  What
 * is measured is made up.
 *
 *	weather DOMAIN STATE [HOST:PORT [CAFILE]]
 */
#include <kith/thing.h>

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static enum kith_thing_result read_temperature(void *arg, uint64_t ticket,
    struct kith_thing_value *value)
{
	(void)arg;
	(void)ticket;
	value->number = round(150 + 80 * sin((double)time(NULL) / 13750)) / 10;	/* allowed: time: a maker's own */
	return KITH_THING_OK;
}

static enum kith_thing_result read_pressure(void *arg, uint64_t ticket,
    struct kith_thing_value *value)
{
	(void)arg;
	(void)ticket;
	value->number = 1013;
	return KITH_THING_OK;
}

/* People who read it see a word; programs know the set it is from. */
static enum kith_thing_result read_sky(void *arg, uint64_t ticket, struct kith_thing_value *value)
{
	(void)arg;
	(void)ticket;
	snprintf(value->text, sizeof(value->text), "overcast");
	return KITH_THING_OK;
}

/* A gauge that is broken says so, and why. */
static enum kith_thing_result read_rain(void *arg, uint64_t ticket, struct kith_thing_value *value)
{
	(void)arg;
	(void)ticket;
	snprintf(value->text, sizeof(value->text), "the gauge is full of leaves");
	return KITH_THING_FAILED;
}

int weather_add(struct kith_thing *t)
{
	static const struct kith_thing_field fields[] = {
		{ .size = sizeof(fields[0]), .name = "temperature", .unit = "C",
		    .type = KITH_THING_NUMERIC, .read = read_temperature,
		    .history = 1000, .every_ms = 60000, .change = 0.2 },
		{ .size = sizeof(fields[0]), .name = "pressure", .unit = "hPa",
		    .type = KITH_THING_INT, .read = read_pressure },
		{ .size = sizeof(fields[0]), .name = "sky", .type = KITH_THING_ENUM,
		    .read = read_sky },
		{ .size = sizeof(fields[0]), .name = "rain", .unit = "mm",
		    .type = KITH_THING_NUMERIC, .read = read_rain,
		    .kinds = KITH_THING_COMPUTED },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (kith_thing_add_field(t, &fields[i]) < 0)
			return -1;
	return 0;
}

#ifndef WITHOUT_MAIN	/* its test links the rest with libkith-loopback */
static void on_event(void *arg, const struct kith_thing_event *ev)
{
	(void)arg;
	if (ev->kind == KITH_THING_EV_CLAIM)
		printf("to own it: %s\n", ev->text);
	else if (ev->kind == KITH_THING_EV_STATE)
		printf("%s\n", kith_thing_state_name(ev->state));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct kith_thing_tag tags[] = { { "MAN", "kith.example", 0 },
		{ "MODEL", "weather", 0 } };
	char why[256];
	struct kith_thing *t;
	struct kith_thing_conf conf = { .size = sizeof(conf), .tags = tags, .n_tags = 2,
		.event = on_event };

	if (argc < 3) {
		fprintf(stderr, "usage: weather DOMAIN STATE [HOST:PORT [CAFILE]]\n");
		return 64;
	}
	conf.domain = argv[1];
	conf.state = argv[2];
	conf.server = argc > 3 ? argv[3] : NULL;
	conf.ca_file = argc > 4 ? argv[4] : NULL;
	t = kith_thing_new(&conf, why, sizeof(why));
	if (!t || weather_add(t) < 0) {
		fprintf(stderr, "weather: %s\n", t ? "a field is wrong" : why);
		kith_thing_free(&t);
		return 1;
	}
	/* Driven by a loop of its own; kith_thing_run() would do the same. */
	while (kith_thing_state(t) != KITH_THING_STOPPED) {
		struct pollfd p = { .fd = kith_thing_fd(t), .events = kith_thing_events(t) };

		poll(&p, 1, kith_thing_timeout(t));
		kith_thing_process(t);
	}
	kith_thing_free(&t);
	return 0;
}
#endif
