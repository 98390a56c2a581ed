/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time through a table, so that tests move it.
 * wall: milliseconds since 1970 UTC, may step.  boot: milliseconds on
 * CLOCK_BOOTTIME, never steps, counts suspended time; leases use it.
 */
#ifndef KITH_BASE_CLOCK_H
#define KITH_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	int64_t (*wall_ms)(void *arg);
	int64_t (*boot_ms)(void *arg);
	void *arg;
};

extern const struct clock clock_system;

/* Microseconds on the monotonic clock, from an unknown beginning: to measure with. */
int64_t clock_micros(void);

static inline int64_t clock_wall(const struct clock *c) { return c->wall_ms(c->arg); }
static inline int64_t clock_boot(const struct clock *c) { return c->boot_ms(c->arg); }

/*
 * May a wall clock that shows `wall` be right, when it is certainly not earlier than
 * `earliest`?  One that is behind was never set; one that is ten years ahead of the
 * last time that was known is not believed either (row-D23).
 */
#define CLOCK_AHEAD_MS (10 * 365 * 24 * 3600 * 1000LL)
static inline bool clock_is_likely(int64_t wall, int64_t earliest)
{
	return wall >= earliest && (earliest == 0 || wall - earliest < CLOCK_AHEAD_MS);
}

/* A clock for tests: both hands where the test puts them. */
struct clock_fake {
	int64_t wall;
	int64_t boot;
};
struct clock clock_from_fake(struct clock_fake *f);

#endif
