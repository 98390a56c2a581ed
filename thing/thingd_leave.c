/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_leave: logs in once more, to leave for good.
 */
#include "config.h"

#include "thing/thingd_leave.h"

#include <poll.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "thing/departure.h"
#include "thing/thingd_thing.h"

#define PATIENCE_MS 60000	/* to be logged in and registered */

struct leave {
	struct kith_thing *thing;
	bool ready, receipt;
};

static void on_event(void *arg, const struct kith_thing_event *ev)
{
	struct leave *l = arg;

	switch (ev->kind) {
	case KITH_THING_EV_STATE:
		l->ready = ev->state == KITH_THING_UNCLAIMED || ev->state == KITH_THING_SERVING;
		fprintf(stderr, "%s%s%s\n", kith_thing_state_name(ev->state),
		    *ev->text ? ": " : "", ev->text);
		break;
	case KITH_THING_EV_RECEIPT:
		l->receipt = true;
		fputs(ev->text, stdout);
		break;
	case KITH_THING_EV_NOTE:
	case KITH_THING_EV_ALARM:
		fprintf(stderr, "%s\n", ev->text);
		break;
	default:
		break;
	}
}

/* True: it was ordered, and goes on whenever the thing runs again. */
static bool run_until_it_left(struct leave *l)
{
	int64_t end = clock_boot(&clock_system) + PATIENCE_MS;
	bool asked = false;

	while (kith_thing_state(l->thing) != KITH_THING_STOPPED && clock_boot(&clock_system) < end) {
		struct pollfd p = { .fd = kith_thing_fd(l->thing), .events = POLLIN };
		int ms = kith_thing_timeout(l->thing);

		(void)poll(&p, 1, ms < 0 || ms > 1000 ? 1000 : ms);
		kith_thing_process(l->thing);
		if (l->ready && !asked)
			asked = kith_thing_decommission(l->thing) == 0;
	}
	return asked;
}

int thingd_decommission(const struct thingd_conf *c)
{
	struct leave l = { 0 };
	char why[512] = "";
	bool ordered;

	l.thing = thingd_thing(c, on_event, NULL, NULL, &l, why, sizeof(why));
	if (!l.thing) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	kith_thing_process(l.thing);
	ordered = run_until_it_left(&l);
	if (!l.receipt)
		fprintf(stderr, "%s: the broker or the registry could not be reached.  "
		    "`kith-thing reset --yes` forgets everything here all the same.\n", ordered
		    ? "it leaves when it runs the next time" : "it is still in service");
	kith_thing_free(&l.thing);
	return l.receipt ? 0 : 1;
}

int thingd_receipt(const char *file)
{
	char text[DEPARTURE_MAX], key[IDENTITY_PUBLIC];
	struct err e = ERR_INIT;
	FILE *f = file ? fopen(file, "r") : stdin;
	size_t n;

	if (!f) {
		perror(file);
		return 1;
	}
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	if (file)
		(void)fclose(f);
	if (departure_check(text, key, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("genuine: signed by the thing whose key is %s\n", key);
	return 0;
}
