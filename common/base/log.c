/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: an event is a line (att-O-03), a flood is a number (att-R-06).  The
 * level, the sink and the table of repeats are the only globals of kith.
 * Nothing here allocates.  Next: secret.c.
 */
#include "config.h"

#include "common/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/str.h"

#define LINE_MAX_RAW 2048	/* bytes of one event before escaping */
#define LINE_MAX_OUT 4096	/* and of the line it becomes */
#define REPEATS_PER_SECOND 100
#define REPEAT_SLOTS 64
#define REPEAT_PROBES 4

struct repeat {
	const char *fmt;	/* the address is the identity */
	int64_t second;
	unsigned seen;
	unsigned held_back;
	enum log_level level;
};

static struct {
	enum log_level level;
	void (*sink)(void *arg, enum log_level level, const char *line);
	void *sink_arg;
	const struct clock *clock;
	struct repeat repeat[REPEAT_SLOTS];
} state = { .level = LOG_LEVEL_INFO, .clock = &clock_system };

void
log_set_level(enum log_level level)
{
	state.level = level;
}

enum log_level
log_get_level(void)
{
	return state.level;
}

void
log_set_sink(void (*sink)(void *arg, enum log_level level, const char *line), void *arg)
{
	state.sink = sink;
	state.sink_arg = arg;
}

void
log_set_clock(const struct clock *clock)
{
	state.clock = clock != NULL ? clock : &clock_system;
}

static void
write_stderr(enum log_level level, const char *line)
{
	static const char *const name[] = { "error", "warning", "info", "debug" };
	char out[LINE_MAX_OUT + 64];
	int64_t now = clock_wall(&clock_system);
	time_t seconds = (time_t)(now / 1000);
	struct tm tm;
	char stamp[32] = "";
	int n;

	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(out, sizeof(out), "%s.%03dZ %s: %s\n", stamp, (int)(now % 1000), name[level],
	    line);
	/* One write, so that lines of several processes do not mix.  Nobody to
	 * tell if it fails. */
	if (n > 0 && write(STDERR_FILENO, out, (size_t)n) < 0)
		return;
}

static void
emit(enum log_level level, const char *raw)
{
	char line[LINE_MAX_OUT], one[STR_ESCAPED];
	size_t len = 0;

	while (*raw != '\0') {
		size_t n = str_escape_next(one, &raw, false);

		if (len + n + sizeof("\xe2\x80\xa6") > sizeof(line)) {
			memcpy(line + len, "\xe2\x80\xa6", 3);
			len += 3;
			break;
		}
		memcpy(line + len, one, n);
		len += n;
	}
	line[len] = '\0';
	if (state.sink != NULL)
		state.sink(state.sink_arg, level, line);
	else
		write_stderr(level, line);
}

/* Say how many were held back, once their second is over. */
static void
settle(struct repeat *r)
{
	char line[LINE_MAX_RAW];
	unsigned n = r->held_back;

	r->held_back = 0;
	if (n == 0)
		return;
	(void)snprintf(line, sizeof(line), "%u more lines within a second like: %s", n, r->fmt);
	emit(r->level, line);
}

static struct repeat *
find_repeat(const char *fmt)
{
	size_t at = ((uintptr_t)fmt >> 3) % REPEAT_SLOTS;
	struct repeat *oldest = &state.repeat[at];

	for (size_t i = 0; i < REPEAT_PROBES; i++) {
		struct repeat *r = &state.repeat[(at + i) % REPEAT_SLOTS];

		if (r->fmt == fmt)
			return r;
		if (r->fmt == NULL || (oldest->fmt != NULL && r->second < oldest->second))
			oldest = r;
	}
	settle(oldest);
	*oldest = (struct repeat){ .fmt = fmt };
	return oldest;
}

static bool
is_flood(enum log_level level, const char *fmt)
{
	struct repeat *r = find_repeat(fmt);
	int64_t second = clock_boot(state.clock) / 1000;

	if (r->second != second) {
		settle(r);
		r->second = second;
		r->seen = 0;
	}
	r->level = level;
	if (r->seen >= REPEATS_PER_SECOND) {
		r->held_back++;
		return true;
	}
	r->seen++;
	return false;
}

static void __attribute__((format(printf, 2, 0)))
log_event(enum log_level level, const char *fmt, va_list ap)
{
	char raw[LINE_MAX_RAW];

	if (level > state.level || is_flood(level, fmt))
		return;
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	emit(level, raw);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_event(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_event(LOG_LEVEL_WARN, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_event(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_event(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}
