/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid_fuzz: any text is refused, or becomes an address that parses to itself
 * and whose parts add up (att-A-05, att-A-06).
 */
#include "config.h"

#include "common/base/jid.h"
#include "common/base/str.h"
#include "tests/fuzz/fuzz.h"

static void
check_parts(const struct jid *j)
{
	size_t domain_len, text_domain_len;
	const char *domain = jid_domain(j, &domain_len);
	const char *resource = jid_resource(j);

	FUZZ_CHECK(strlen(j->text) == j->len && j->len <= JID_MAX);
	FUZZ_CHECK(j->bare_len <= j->len && jid_text_bare_len(j->text) == j->bare_len);
	FUZZ_CHECK(domain_len > 0 && domain_len <= JID_PART_MAX);
	FUZZ_CHECK(j->local_len <= JID_PART_MAX && strlen(resource) <= JID_PART_MAX);
	FUZZ_CHECK(memchr(domain, '@', domain_len) == NULL && memchr(j->text, '/', j->bare_len) == NULL);
	FUZZ_CHECK(jid_text_domain(j->text, &text_domain_len) == domain);
	FUZZ_CHECK(text_domain_len == domain_len);
	FUZZ_CHECK(j->len == j->bare_len + (jid_has_resource(j) ? 1 + strlen(resource) : 0));
	FUZZ_CHECK(str_utf8_valid(j->text, j->len));
	for (size_t i = 0; i < j->len; i++)
		FUZZ_CHECK((unsigned char)j->text[i] >= 0x20);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct jid j, again;

	for (int profile = JID_STRINGPREP; profile <= JID_PRECIS; profile++) {
		if (jid_parse(&j, text, (enum jid_profile)profile, NULL) != 0)
			continue;
		check_parts(&j);
		FUZZ_CHECK(jid_parse(&again, j.text, (enum jid_profile)profile, NULL) == 0);
		FUZZ_CHECK(strcmp(j.text, again.text) == 0);
	}
	(void)jid_profiles_differ(text);
	free(text);
	return 0;
}
