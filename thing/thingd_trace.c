/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_trace: lines on standard output.  It masks nothing itself: what is secret
 * was masked before it came here.  Next: common/wire/trace.c.
 */
#include "config.h"

#include "thing/thingd_trace.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/wire/trace.h"

void thingd_trace_options(struct thingd_trace *t, int *argc, char **argv)
{
	int n = 1;

	t->began_us = clock_micros();
	for (int i = 1; i < *argc; i++)
		if (i == 1 && strcmp(argv[i], "trace") == 0)
			t->on = true;
		else if (strcmp(argv[i], "--timing") == 0)
			t->timing = true;
		else
			argv[n++] = argv[i];
	argv[n] = NULL;
	*argc = n;
}

static void begin_line(const struct thingd_trace *t)
{
	int64_t us = clock_micros() - t->began_us;

	printf("%4" PRId64 ".%03d  ", us / 1000000, (int)(us % 1000000 / 1000));
}

void thingd_trace_stanza(struct thingd_trace *t, bool sent, const char *xml)
{
	struct buf line;

	buf_init(&line, TRACE_BYTES);
	trace_words(&line, sent, xml);
	begin_line(t);
	printf("%s\n", buf_str(&line));
	fflush(stdout);
	buf_fini(&line);
}

void thingd_trace_state(struct thingd_trace *t, const char *state)
{
	if (!t->on)
		return;
	begin_line(t);
	printf("== %s\n", state);
	fflush(stdout);
}

void thingd_trace_timing(const struct thingd_trace *t, const struct kith_thing *thing)
{
	struct kith_thing_timing at;
	int64_t before = 0;

	if (!t->timing)
		return;
	kith_thing_timing(thing, &at);
	const struct { const char *name; int64_t us; } phase[] = {
		{ "located", at.located }, { "connected", at.connected },
		{ "secured", at.secured }, { "account", at.account },
		{ "authenticated", at.authenticated }, { "bound", at.bound },
		{ "found", at.found }, { "registered", at.registered },
	};

	for (size_t i = 0; i < sizeof(phase) / sizeof(phase[0]); i++) {
		if (phase[i].us < 0)
			continue;
		printf("timing %-14s %8.3f ms  +%.3f\n", phase[i].name,
		    (double)phase[i].us / 1000, (double)(phase[i].us - before) / 1000);
		before = phase[i].us;
	}
	fflush(stdout);
}
