/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: the system's two clocks, and one that tests move.  Timers belong to
 * the loop of each daemon, not here.  Next: log.c.
 */
#include "config.h"

#include "common/base/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t which)
{
	struct timespec ts;

	if (clock_gettime(which, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
system_wall(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_REALTIME);
}

static int64_t
system_boot(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_BOOTTIME);
}

const struct clock clock_system = { system_wall, system_boot, NULL };

int64_t
clock_micros(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t
fake_wall(void *arg)
{
	const struct clock_fake *f = arg;

	return f->wall;
}

static int64_t
fake_boot(void *arg)
{
	const struct clock_fake *f = arg;

	return f->boot;
}

struct clock
clock_from_fake(struct clock_fake *f)
{
	return (struct clock){ fake_wall, fake_boot, f };
}
