/* SPDX-License-Identifier: Apache-2.0 */
/* witness: one code, one rhythm, two clocks; a later push replaces the earlier. */
#include "config.h"

#include "thing/witness.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/request.h"
#include "thing/session.h"

static int64_t until(const struct witness *w, int64_t seconds)
{
	if (seconds > WITNESS_SECONDS_MAX)
		seconds = WITNESS_SECONDS_MAX;
	return clock_boot(w->clock) + seconds * 1000;
}

void witness_show(struct witness *w, const char *code, int64_t seconds)
{
	bool news = strcmp(w->code, code) != 0;

	if (seconds <= 0) {
		witness_end(w);
		return;
	}
	if (str_copy(w->code, sizeof(w->code), code) < 0)
		return;
	w->code_until_ms = until(w, seconds);
	if (news)
		w->show(w->arg, w->code);
}

void witness_listen(struct witness *w, int64_t seconds)
{
	w->listen_until_ms = seconds > 0 ? until(w, seconds) : 0;
}

bool witness_listens(const struct witness *w)
{
	return clock_boot(w->clock) < w->listen_until_ms;
}

/* A group more, or one press more in the last one; nobody counts beyond nine. */
void witness_press(struct witness *w)
{
	int64_t now = clock_boot(w->clock);
	size_t len = strlen(w->rhythm);

	if (!witness_listens(w))
		return;
	if (len == 0) {
		w->rhythm[len++] = '1';
	} else if (now - w->pressed_ms < WITNESS_PAUSE_MS) {
		if (w->rhythm[len - 1] < '9')
			w->rhythm[len - 1]++;
	} else if (len + 2 < sizeof(w->rhythm)) {
		w->rhythm[len++] = ' ';
		w->rhythm[len++] = '1';
	}
	w->rhythm[len] = '\0';
	w->pressed_ms = now;
}

static void forget_code(struct witness *w)
{
	if (!w->code[0])
		return;
	w->code[0] = '\0';
	w->show(w->arg, "");
}

static void forget_rhythm(struct witness *w)
{
	w->rhythm[0] = '\0';
	w->pressed_ms = 0;
}

void witness_end(struct witness *w)
{
	forget_code(w);
	forget_rhythm(w);
	w->listen_until_ms = 0;
}

/* What the registry makes of it is its affair: who guesses learns nothing. */
static void on_told(void *arg, const struct stanza *answer)
{
	(void)arg;
	(void)answer;
}

static void tell(struct witness *w)
{
	struct request q = { .verb = VERB_PRESSED, .type = IQ_SET,
		.to = w->registry, .u.witness = { .rhythm = w->rhythm } };

	if (w->registry[0])
		(void)session_ask(w->session, &q, on_told, w);
	forget_rhythm(w);
}

int64_t witness_deadline(const struct witness *w)
{
	int64_t at = w->code[0] ? w->code_until_ms : -1;
	int64_t end = w->rhythm[0] ? w->pressed_ms + WITNESS_END_MS : -1;

	return end >= 0 && (at < 0 || end < at) ? end : at;
}

void witness_tick(struct witness *w)
{
	int64_t now = clock_boot(w->clock);

	if (w->code[0] && now >= w->code_until_ms)
		forget_code(w);
	if (w->rhythm[0] && now >= w->pressed_ms + WITNESS_END_MS)
		tell(w);
}
