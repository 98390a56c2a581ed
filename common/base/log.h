/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one escaped line per event on standard error (att-O-03).  Below the
 * daemons nothing logs above debug.  The level is the one global of kith.
 * Arguments that come from outside are escaped as a whole line is written:
 * control characters and invalid UTF-8 never reach the log raw.  Repeats of
 * one format beyond 100 a second are counted, not written (att-R-06).
 */
#ifndef KITH_BASE_LOG_H
#define KITH_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* For tests and libraries: where lines go instead of standard error. */
void log_set_sink(void (*sink)(void *arg, enum log_level level, const char *line), void *arg);

/* For tests: the clock that the limit on repeats looks at (NULL: the system's). */
struct clock;
void log_set_clock(const struct clock *clock);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
