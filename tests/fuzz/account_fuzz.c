/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_fuzz: whatever a server answers to who wants an account, one stanza a
 * line: our password stands where a password was asked for and nowhere else, the
 * maker's secret nowhere at all, and it comes to an end.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/account.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"
#include "tests/fuzz/fuzz.h"

#define PASSWORD "pass-4711-word"
#define MAKER "maker-0815-secret"
#define BYTES (256 * 1024)
#define ANSWERS 32

/* Outside of <password/> and of a field of that name. */
static void check_password(const struct stanza *s, bool here)
{
	const char *name, *value, *var = stanza_attr(s, "var");

	here = here || strcmp(stanza_name(s), "password") == 0 ||
	    (var != NULL && strcmp(var, "password") == 0);
	for (size_t i = 0; stanza_attr_at(s, i, &name, &value); i++)
		FUZZ_CHECK(strstr(value, PASSWORD) == NULL);
	if (stanza_has_text(s) && !here)
		FUZZ_CHECK(strstr(stanza_text(s), PASSWORD) == NULL);
	for (const struct stanza *c = stanza_first(s); c != NULL; c = stanza_next(c))
		check_password(c, here);
}

static void check_iq(struct account *a)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s;
	struct buf out;
	struct xml x;

	buf_init(&out, BYTES);
	xml_begin(&x, &out);
	xml_open(&x, "iq", NULL);
	account_write(a, &x);
	xml_close(&x);
	FUZZ_CHECK(xml_end(&x) == 0);
	FUZZ_CHECK(strstr(buf_str(&out), MAKER) == NULL);
	s = stanza_from_text(&h, NS_CLIENT, out.data, out.len);
	FUZZ_CHECK(s != NULL);
	check_password(s, false);
	stanza_holder_free(&h);
	buf_fini(&out);
}

static enum account_step take(struct account *a, const char *line, size_t len)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, line, len);
	enum account_step step = ACCOUNT_ASK;

	if (s != NULL) {
		const char *type = stanza_attr(s, "type");

		step = account_take(a, s, type != NULL && strcmp(type, "result") == 0);
		if (step != ACCOUNT_ASK && step != ACCOUNT_MADE)
			FUZZ_CHECK(account_text(a)[0] != '\0');
		FUZZ_CHECK(strstr(account_text(a), PASSWORD) == NULL);
		FUZZ_CHECK(strstr(account_text(a), MAKER) == NULL);
	}
	stanza_holder_free(&h);
	return step;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret password, maker, invite;
	struct account_conf c = { .domain = "home.example", .user = "t1", .password = &password,
		.now_ms = 1777622400000 };
	enum account_step step = ACCOUNT_ASK;
	struct account *a;
	char *text, *line;

	if (size == 0)
		return 0;
	if (password.len == 0)
		FUZZ_CHECK(secret_set(&password, PASSWORD, strlen(PASSWORD), NULL) == 0 &&
		    secret_set(&maker, MAKER, strlen(MAKER), NULL) == 0 &&
		    secret_set(&invite, "let-me-in", 9, NULL) == 0);
	if (data[0] & 1) {
		c.maker_key = "acme";
		c.maker_secret = &maker;
	}
	if (data[0] & 2)
		c.invite = &invite;
	text = line = fuzz_text(data + 1, size - 1);
	if (strstr(text, PASSWORD) != NULL || strstr(text, MAKER) != NULL) {
		free(text);	/* the server knows them: then they are nobody's fault */
		return 0;
	}
	a = account_new(&c, NULL);
	FUZZ_CHECK(a != NULL);
	for (unsigned n = 0; step == ACCOUNT_ASK && *line && n < ANSWERS; n++) {
		size_t len = strcspn(line, "\n");

		check_iq(a);
		step = take(a, line, len);
		line += len + (line[len] == '\n');
	}
	account_free(&a);
	free(text);
	return 0;
}
