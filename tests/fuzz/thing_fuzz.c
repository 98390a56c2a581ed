/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_fuzz: a whole thing that is owned hears stanzas, one a line, from whoever
 * they say.  What it writes is well-formed; and while neither its registry nor
 * anybody of its home has spoken, it reads nothing, sets nothing, belongs to whom
 * it belonged, and everybody is as strange to it as before.
 */
#include "config.h"

#include <unistd.h>

#include "tests/unit/thing_rig.h"

#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "tests/fuzz/fuzz.h"

#define HOME "home.example"
#define STANZAS 40

/* What a broker would not stamp on a stanza of a stranger, in any spelling. */
static bool is_from_home(const struct stanza *s)
{
	const char *from = stanza_attr(s, "from");

	if (from == NULL || strcasestr(from, HOME) != NULL)
		return true;
	for (; *from != '\0'; from++)
		if ((unsigned char)*from >= 0x80)
			return true;
	return false;
}

static void check_sent(void)
{
	const char *text = buf_str(&rig->sent) + rig->read;

	while (*text != '\0') {
		struct stanza_holder *h = NULL;
		const char *stanza = rig_next();

		FUZZ_CHECK(*stanza != '\0');
		if (stanza[0] == '<' && strncmp(stanza, "<r ", 3) != 0)
			FUZZ_CHECK(stanza_from_text(&h, NS_CLIENT, stanza, strlen(stanza)) != NULL);
		stanza_holder_free(&h);
		text = buf_str(&rig->sent) + rig->read;
	}
}

/* True when it came from somebody of the home. */
static bool deliver(const char *line, size_t len)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, line, len);
	bool home = s != NULL && is_from_home(s);

	rig->arrived = s;
	for (int i = 0; s != NULL && i < 3; i++)
		kith_thing_process(rig->thing);
	rig->arrived = NULL;
	stanza_holder_free(&h);
	return home;
}

static void check_strangers(void)
{
	FUZZ_CHECK(rig->reads == 0 && rig->led_writes == 0);
	FUZZ_CHECK(strcmp(kith_thing_owner(rig->thing), RIG_OWNER) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *line = text;
	void *state = NULL;
	bool home = false;

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	FUZZ_CHECK(rig_setup(&state) == 0);
	rig_owned();
	rig->reads = rig->led_writes = 0;
	for (unsigned n = 0; n < STANZAS && *line != '\0' && rig->alive && rig->up; n++) {
		size_t len = strcspn(line, "\n");

		home = deliver(line, len) || home;
		check_sent();
		if (!home)
			check_strangers();
		line += len + (line[len] == '\n');
	}
	FUZZ_CHECK(rig_teardown(&state) == 0);
	free(text);
	return 0;
}
