/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm: many things in one process, each a whole libkith-thing with a folder of
 * its own, against a real broker: what a street does after a power cut.  Says on
 * stdout what became of whom and when; who plays owner and friend, cuts the power
 * and counts is storm.py.
 *
 * usage: storm FIRST N FOLDER DOMAIN HOST:PORT CA_FILE BOOT_SPREAD_MS
 * out:   "MS INDEX STATE ADDRESS" per change, MS since the start of the process
 */
#include "config.h"

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "thing/thing.h"

struct one {
	struct kith_thing *thing;
	unsigned index;
	int64_t due;		/* boot ms, -1 never */
};

static volatile sig_atomic_t over;
static int64_t start_ms;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_signal(int number)
{
	(void)number;
	over = 1;
}

static void on_event(void *arg, const struct kith_thing_event *ev)
{
	const struct one *o = arg;

	if (ev->kind == KITH_THING_EV_STATE)
		printf("%lld %u %s %s\n", (long long)(now_ms() - start_ms), o->index,
		    kith_thing_state_name(ev->state), o->thing ? kith_thing_jid(o->thing) : "-");
	else if (ev->kind == KITH_THING_EV_ALARM || getenv("STORM_NOTES"))
		printf("%lld %u alarm %s\n", (long long)(now_ms() - start_ms), o->index, ev->text);
}

static enum kith_thing_result read_level(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	(void)ticket;
	v->number = ((const struct one *)arg)->index;
	return KITH_THING_OK;
}

static void make(struct one *o, char **argv, int64_t spread)
{
	char folder[512], serial[16], why[256] = "";
	const struct kith_thing_tag tags[] = {
		{ "SN", serial, 0 }, { "MAN", "storm.example", 0 }, { "MODEL", "Drop", 0 },
		{ "V", NULL, 1 },
	};
	struct kith_thing_conf conf = { .size = sizeof(conf), .state = folder, .domain = argv[4],
		.server = argv[5], .ca_file = argv[6], .boot_spread_ms = spread, .tags = tags,
		.n_tags = 4, .event = on_event, .arg = o };
	struct kith_thing_field level = { .size = sizeof(level), .name = "level",
		.type = KITH_THING_NUMERIC, .read = read_level, .arg = o };

	snprintf(folder, sizeof(folder), "%s/%u", argv[3], o->index);
	snprintf(serial, sizeof(serial), "%06u", o->index);
	o->thing = kith_thing_new(&conf, why, sizeof(why));
	if (!o->thing)
		errx(1, "thing %u: %s", o->index, why);
	if (kith_thing_add_field(o->thing, &level) < 0)
		errx(1, "thing %u: no field", o->index);
}

/* Whatever is due or ready among the first `n`; waits at most so long for it. */
static void turn(struct one *all, unsigned n, int epoll, int at_most_ms)
{
	struct epoll_event ready[64];
	int64_t first = -1, now = now_ms();
	int got;

	for (unsigned i = 0; i < n; i++) {
		if (all[i].due >= 0 && all[i].due <= now) {
			kith_thing_process(all[i].thing);
			all[i].due = kith_thing_deadline(all[i].thing);
		}
		if (all[i].due >= 0 && (first < 0 || all[i].due < first))
			first = all[i].due;
	}
	fflush(stdout);
	now = now_ms();
	if (first >= 0 && first - now < at_most_ms)
		at_most_ms = first <= now ? 0 : (int)(first - now);
	got = epoll_wait(epoll, ready, 64, at_most_ms);
	for (int i = 0; i < got; i++) {
		struct one *o = ready[i].data.ptr;

		kith_thing_process(o->thing);
		o->due = kith_thing_deadline(o->thing);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	unsigned first, n;
	struct one *all;
	int epoll;

	if (argc != 8)
		errx(2, "usage: storm FIRST N FOLDER DOMAIN HOST:PORT CA_FILE BOOT_SPREAD_MS");
	first = (unsigned)strtoul(argv[1], NULL, 10);
	n = (unsigned)strtoul(argv[2], NULL, 10);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	start_ms = now_ms();
	all = calloc(n, sizeof(*all));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!all || epoll < 0)
		err(1, "no memory");
	for (unsigned i = 0; i < n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &all[i] };

		all[i].index = first + i;
		make(&all[i], argv, strtoll(argv[7], NULL, 10));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, kith_thing_fd(all[i].thing), &ev) < 0)
			err(1, "epoll");
		/* Who has power does not wait for his neighbours: else those whose time
		 * comes meanwhile would all begin when the last is made. */
		turn(all, i + 1, epoll, 0);
	}
	while (!over)
		turn(all, n, epoll, 1000);
	for (unsigned i = 0; i < n; i++)
		kith_thing_free(&all[i].thing);
	free(all);
	return 0;
}
