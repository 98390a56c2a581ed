/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invite_fuzz: any text is an invitation with a token that can be sent, or refused
 * with a sentence that shows no token.
 */
#include "config.h"

#include "common/base/str.h"
#include "common/wire/invite.h"
#include "tests/fuzz/fuzz.h"

/* What stands behind "preauth=", if it is long enough to be one. */
static void check_silent(const struct err *e, const char *text, const char *domain)
{
	const char *at = strstr(text, "preauth=");
	char token[64];
	size_t len;

	FUZZ_CHECK(e->text[0] != '\0');
	if (at == NULL)
		return;
	len = strcspn(at + 8, ";&?#");
	if (len < 12 || len >= sizeof(token))
		return;
	memcpy(token, at + 8, len);
	token[len] = '\0';
	FUZZ_CHECK((domain != NULL && strstr(domain, token) != NULL) || strstr(e->text, token) == NULL);
}

static void check(const char *text, const char *domain)
{
	struct secret token = { 0 };
	struct err e = ERR_INIT;

	if (invite_read(&token, text, domain, &e) < 0) {
		check_silent(&e, text, domain);
		return;
	}
	FUZZ_CHECK(token.len > 0 && token.len <= INVITE_TOKEN);
	FUZZ_CHECK(str_utf8_valid((const char *)token.data, token.len));
	secret_clear(&token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check(text, NULL);
	check(text, "home.example");
	free(text);
	return 0;
}
