/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tinything: the smallest useful thing.  One field, one control, a loop.
 *
 *	cc tinything.c $(pkg-config --cflags --libs kith-thing) -o tinything
 *	./tinything home.example /var/lib/tinything
 *
 * It makes its own account at the broker of home.example, registers, and
 * prints a claim URI.  Paste that into a chat with the registry, and the thing
 * is yours: write `help` to it.
 */
#include <stdio.h>
#include <string.h>

#include <kith/thing.h>

static bool lamp_is_on;

/* What a sensor would measure.  Quick answers are simply returned; a slow one
 * returns KITH_THING_LATER and calls kith_thing_read_done() when it knows. */
static enum kith_thing_result read_brightness(void *arg, uint64_t ticket,
    struct kith_thing_value *value)
{
	(void)arg;
	(void)ticket;
	value->number = lamp_is_on ? 800 : 0;
	return KITH_THING_OK;
}

/* Called only for what the owner's rules allow; the value has the right type. */
static enum kith_thing_result set_lamp(void *arg, uint64_t ticket,
    const struct kith_thing_value *value, char *why, size_t why_size)
{
	(void)arg;
	(void)ticket;
	(void)why;
	(void)why_size;
	lamp_is_on = value->boolean;
	printf("the lamp is %s\n", lamp_is_on ? "on" : "off");
	return KITH_THING_OK;
}

/* The claim URI makes whoever has it the owner: show it, do not log it. */
static void on_event(void *arg, const struct kith_thing_event *ev)
{
	(void)arg;
	if (ev->kind == KITH_THING_EV_STATE)
		printf("%s\n", kith_thing_state_name(ev->state));
	else if (*ev->text)
		printf("%s\n", ev->text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct kith_thing_tag tags[] = {
		{ .name = "MAN", .text = "example.org" },
		{ .name = "MODEL", .text = "tinything" },
		{ .name = "V", .number = 1.0 },
	};
	struct kith_thing_conf conf = {
		.size = sizeof(conf),
		.domain = argc > 1 ? argv[1] : "",
		.state = argc > 2 ? argv[2] : "tinything.state",
		.tags = tags,
		.n_tags = sizeof(tags) / sizeof(tags[0]),
		.event = on_event,
	};
	struct kith_thing_field brightness = {
		.size = sizeof(brightness),
		.name = "brightness",
		.unit = "lm",
		.type = KITH_THING_NUMERIC,
		.read = read_brightness,
	};
	struct kith_thing_control lamp = {
		.size = sizeof(lamp),
		.name = "lamp",
		.type = KITH_THING_BOOLEAN,
		.write = set_lamp,
	};
	struct kith_thing *thing;
	char why[256];

	if (argc < 2) {
		fprintf(stderr, "usage: tinything DOMAIN [STATE-FOLDER]\n");
		return 64;
	}
	thing = kith_thing_new(&conf, why, sizeof(why));
	if (!thing) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	kith_thing_add_field(thing, &brightness);
	kith_thing_add_control(thing, &lamp);
	kith_thing_run(thing, NULL);
	kith_thing_free(&thing);
	return 0;
}
