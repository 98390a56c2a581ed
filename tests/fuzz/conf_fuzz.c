/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_fuzz: any settings file is refused with a line number, or prints back
 * and parses to the same values.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/base/conf.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX (8 * 1024 * 1024)

struct settings {
	char *text, *jid, *host;
	int64_t number, time, size;
	bool truth;
};

static const struct conf_key keys[] = {
	{ "all", "text", CONF_TEXT, offsetof(struct settings, text), 0, 0, "a;b #c", "" },
	{ "all", "number", CONF_INT, offsetof(struct settings, number), -5, 1000000, "7", "" },
	{ "all", "time", CONF_TIME, offsetof(struct settings, time), 0, 0, "15s", "" },
	{ "more", "size", CONF_SIZE, offsetof(struct settings, size), 0, 0, "64k", "" },
	{ "more", "truth", CONF_BOOL, offsetof(struct settings, truth), 0, 0, "no", "" },
	{ "more", "jid", CONF_JID, offsetof(struct settings, jid), 0, 0, NULL, "" },
	{ "more", "host", CONF_HOST, offsetof(struct settings, host), 0, 0, NULL, "" },
};
static const struct conf_spec spec = { .keys = keys, .n_keys = sizeof(keys) / sizeof(keys[0]) };

static void
print(const struct settings *s, struct buf *out)
{
	buf_init(out, TEXT_MAX);
	conf_print(&spec, s, out);
	FUZZ_CHECK(buf_ok(out));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings first = { 0 }, second = { 0 };
	struct err e = ERR_INIT;
	char *text = fuzz_text(data, size);
	struct buf a, b;

	if (conf_parse(&spec, "input", text, &first, &e) != 0) {
		FUZZ_CHECK(strncmp(e.text, "input:", 6) == 0);
		FUZZ_CHECK(e.text[6] >= '1' && e.text[6] <= '9');
		FUZZ_CHECK(first.text == NULL && first.jid == NULL && first.host == NULL);
	} else {
		print(&first, &a);
		FUZZ_CHECK(conf_parse(&spec, "printed", buf_str(&a), &second, &e) == 0);
		print(&second, &b);
		FUZZ_CHECK(strcmp(buf_str(&a), buf_str(&b)) == 0);
		conf_free(&spec, &second);
		buf_fini(&a);
		buf_fini(&b);
	}
	conf_free(&spec, &first);
	free(text);
	return 0;
}
