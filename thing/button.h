/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button: what presses of the one button mean besides the rhythm that witness.h
 * counts, and what the lamp says to whoever stands there: press now to accept
 * the first registry (XEP-0324, "Delegating Trust": a LED and a button); five
 * presses within five seconds release what was pinned (ruling 45).  Nothing
 * here can reset the thing.
 */
#ifndef KITH_THING_BUTTON_H
#define KITH_THING_BUTTON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

#define BUTTON_ASK_MS 30000	/* a person sees the lamp, and presses */
#define BUTTON_SAY_MS 3000	/* "on": it was understood */
#define BUTTON_ALARM_MS 60000	/* unless somebody presses */
#define BUTTON_RELEASE 5	/* presses ... */
#define BUTTON_RELEASE_MS 5000	/* ... within this */

struct button_ops {
	void (*lamp)(void *arg, const char *word);	/* "off", "ask", "on", "alarm" */
	/* The window that button_ask() opened is closed: by a press, or by its end. */
	void (*answered)(void *arg, bool pressed);
	void (*release)(void *arg);
};

struct button {
	const struct clock *clock;
	const struct button_ops *ops;
	void *arg;
	int64_t ask_until_ms;		/* boot; 0: it asks nothing */
	int64_t say_until_ms;		/* boot; 0: the lamp stays as it is */
	int64_t pressed_ms[BUTTON_RELEASE];	/* the last ones, the oldest first; 0 none */
};

/* Opens the window; while one is open, nothing. */
void button_ask(struct button *b);
/* The stream is gone: the window closes and nobody is told. */
void button_drop(struct button *b);
bool button_asks(const struct button *b);
/* `counts`: the press is not part of a rhythm.  true: it answered the question. */
bool button_press(struct button *b, bool counts);
/* The lamp says so for a minute, or until a press. */
void button_alarm(struct button *b);

int64_t button_deadline(const struct button *b);	/* boot ms; -1 none */
void button_tick(struct button *b);

#endif
