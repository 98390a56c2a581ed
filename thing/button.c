/* SPDX-License-Identifier: Apache-2.0 */
/* button: one window, one row of presses, one word for the lamp. */
#include "config.h"

#include "thing/button.h"

#include <string.h>

/* `for_ms` 0: until the next word. */
static void say(struct button *b, const char *word, int64_t for_ms)
{
	b->say_until_ms = for_ms ? clock_boot(b->clock) + for_ms : 0;
	b->ops->lamp(b->arg, word);
}

bool button_asks(const struct button *b)
{
	return b->ask_until_ms != 0;
}

void button_ask(struct button *b)
{
	if (button_asks(b))
		return;
	b->ask_until_ms = clock_boot(b->clock) + BUTTON_ASK_MS;
	say(b, "ask", 0);
}

void button_drop(struct button *b)
{
	if (!button_asks(b))
		return;
	b->ask_until_ms = 0;
	say(b, "off", 0);
}

void button_alarm(struct button *b)
{
	if (!button_asks(b))		/* what is asked is more urgent */
		say(b, "alarm", BUTTON_ALARM_MS);
}

static bool in_time(const struct button *b, int64_t until_ms)
{
	return clock_boot(b->clock) < until_ms;
}

/* The fifth of a row; a sixth begins another. */
static bool is_release(struct button *b)
{
	int64_t now = clock_boot(b->clock), *first = b->pressed_ms;

	memmove(first, first + 1, (BUTTON_RELEASE - 1) * sizeof(*first));
	first[BUTTON_RELEASE - 1] = now;
	if (!first[0] || now - first[0] > BUTTON_RELEASE_MS)
		return false;
	memset(b->pressed_ms, 0, sizeof(b->pressed_ms));
	return true;
}

bool button_press(struct button *b, bool counts)
{
	if (button_asks(b) && in_time(b, b->ask_until_ms)) {
		memset(b->pressed_ms, 0, sizeof(b->pressed_ms));
		b->ask_until_ms = 0;
		say(b, "on", BUTTON_SAY_MS);
		b->ops->answered(b->arg, true);
		return true;
	}
	if (b->say_until_ms)		/* an alarm that was seen */
		say(b, "off", 0);
	if (counts && is_release(b)) {
		say(b, "on", BUTTON_SAY_MS);
		b->ops->release(b->arg);
	}
	return false;
}

int64_t button_deadline(const struct button *b)
{
	if (button_asks(b))
		return b->ask_until_ms;
	return b->say_until_ms ? b->say_until_ms : -1;
}

void button_tick(struct button *b)
{
	if (button_asks(b) && !in_time(b, b->ask_until_ms)) {
		b->ask_until_ms = 0;
		say(b, "off", 0);
		b->ops->answered(b->arg, false);
	} else if (b->say_until_ms && !in_time(b, b->say_until_ms)) {
		say(b, "off", 0);
	}
}
