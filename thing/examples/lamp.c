/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lamp: a light with a switch on it.  Whoever was allowed last may switch it also
 * while nobody can be asked (`operational`): a light is not a door.  Switched by
 * hand, it tells who watches.  Its button is standard input: a line is a press.
 *
 *	lamp DOMAIN STATE [HOST:PORT [CAFILE]]
 */
#include <kith/thing.h>

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

struct lamp {
	struct kith_thing *thing;
	bool lit;
	double brightness;
};

static enum kith_thing_result read_lit(void *arg, uint64_t ticket, struct kith_thing_value *value)
{
	const struct lamp *l = arg;

	(void)ticket;
	value->boolean = l->lit;
	return KITH_THING_OK;
}

static enum kith_thing_result set_lit(void *arg, uint64_t ticket,
    const struct kith_thing_value *value, char *why, size_t why_size)
{
	struct lamp *l = arg;

	(void)ticket;
	(void)why;
	(void)why_size;
	l->lit = value->boolean;
	return KITH_THING_OK;
}

static enum kith_thing_result set_brightness(void *arg, uint64_t ticket,
    const struct kith_thing_value *value, char *why, size_t why_size)
{
	struct lamp *l = arg;

	(void)ticket;
	if (!l->lit) {
		snprintf(why, why_size, "it is off");
		return KITH_THING_FAILED;
	}
	l->brightness = value->number;
	return KITH_THING_OK;
}

int lamp_add(struct kith_thing *t, struct lamp *l)
{
	struct kith_thing_field lit = { .size = sizeof(lit), .name = "on",
		.type = KITH_THING_BOOLEAN, .read = read_lit, .arg = l,
		.kinds = KITH_THING_MOMENTARY | KITH_THING_STATUS };
	struct kith_thing_control on = { .size = sizeof(on), .name = "on",
		.type = KITH_THING_BOOLEAN, .write = set_lit, .arg = l, .operational = true };
	struct kith_thing_control brightness = { .size = sizeof(brightness), .name = "brightness",
		.type = KITH_THING_INT, .min = 1, .max = 100, .write = set_brightness, .arg = l,
		.operational = true };

	l->thing = t;
	return kith_thing_add_field(t, &lit) < 0 || kith_thing_add_control(t, &on) < 0 ||
	    kith_thing_add_control(t, &brightness) < 0 ? -1 : 0;
}

/* Somebody pressed the switch on it. */
void lamp_pressed(struct lamp *l)
{
	struct kith_thing_value v = { .boolean = !l->lit };

	l->lit = !l->lit;
	kith_thing_changed(l->thing, NULL, "on", &v);
	kith_thing_pressed(l->thing);	/* it may be what the registry waits for */
}

struct lamp *lamp_here(void)
{
	static struct lamp l = { .brightness = 100 };

	return &l;
}

#ifndef WITHOUT_MAIN	/* its test links the rest with libkith-loopback */
static void on_event(void *arg, const struct kith_thing_event *ev)
{
	(void)arg;
	if (ev->kind == KITH_THING_EV_CLAIM)
		printf("to own it: %s\n", ev->text);
	else if (ev->kind == KITH_THING_EV_LAMP)
		printf("its light says: %s\n", ev->text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char why[256], line[64];
	struct kith_thing *t;
	struct kith_thing_conf conf = { .size = sizeof(conf), .event = on_event,
		.has_button = true };

	if (argc < 3) {
		fprintf(stderr, "usage: lamp DOMAIN STATE [HOST:PORT [CAFILE]]\n");
		return 64;
	}
	conf.domain = argv[1];
	conf.state = argv[2];
	conf.server = argc > 3 ? argv[3] : NULL;
	conf.ca_file = argc > 4 ? argv[4] : NULL;
	t = kith_thing_new(&conf, why, sizeof(why));
	if (!t || lamp_add(t, lamp_here()) < 0) {
		fprintf(stderr, "lamp: %s\n", t ? "a control is wrong" : why);
		kith_thing_free(&t);
		return 1;
	}
	while (kith_thing_state(t) != KITH_THING_STOPPED) {
		struct pollfd p[] = { { kith_thing_fd(t), kith_thing_events(t), 0 },
			{ STDIN_FILENO, POLLIN, 0 } };

		if (poll(p, 2, kith_thing_timeout(t)) > 0 && (p[1].revents & (POLLIN | POLLHUP))) {
			if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
				break;
			lamp_pressed(lamp_here());
		}
		kith_thing_process(t);
	}
	kith_thing_stop(t);
	kith_thing_free(&t);
	return 0;
}
#endif
