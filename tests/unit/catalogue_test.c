/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue_test: texts in other languages: found, filled in, and never read
 * from a damaged file.  That every text is translated is tests/check-catalogue.sh.
 */
#include "config.h"

#include "tests/unit/desk_support.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/base/catalogue.h"
#include "desk/talk.h"
#include "policy/policy.h"

/* The German one of this build, or nothing: then the tests are skipped. */
static struct catalogues *built(void)
{
	const char *top = getenv("top_builddir");
	struct catalogues *c = NULL;
	struct err e = ERR_INIT;
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/po", top != NULL ? top : ".");
	if (catalogues_open(&c, dir, &e) != 0)
		fail_msg("%s", e.text);
	if (catalogues_find(c, "de") == NULL) {
		catalogues_close(&c);
		skip();
	}
	return c;
}

static void a_text_is_said_in_the_language_asked_for(void **state)
{
	static const struct { const char *lang, *text; } cases[] = {
		{ "de", "Erledigt." }, { "DE", "Erledigt." }, { "de-AT", "Erledigt." },
		{ "de_CH", "Erledigt." }, { "en", "Done." }, { "fr", "Done." }, { "", "Done." },
		{ "den", "Done." }, { NULL, "Done." }, { "../../de", "Done." },
	};
	struct catalogues *c = built();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(catalogue_text(catalogues_find(c, cases[i].lang), "Done."),
		    cases[i].text);
	assert_string_equal(catalogue_text(catalogues_find(c, "de"), "Never said."),
	    "Never said.");
	assert_string_equal(catalogue_text(catalogues_find(c, "de"), ""), "");
	assert_true(catalogues_have(c, "en-GB"));
	assert_false(catalogues_have(c, "fr"));
	catalogues_close(&c);
}

static void values_are_filled_in_wherever_the_text_wants_them(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	catalogue_fill(&out, "%2 before %1, 100%, %9 and %1", "a", "b%1", NULL);
	assert_string_equal(buf_str(&out), "b%1 before a, 100%,  and a");
	buf_fini(&out);
	assert_true(catalogue_same_placeholders("%1 of %2", "%2: %1"));
	assert_false(catalogue_same_placeholders("%1 of %2", "%1"));
	assert_false(catalogue_same_placeholders("%1", "%1 %3"));
	assert_true(catalogue_same_placeholders("100%", "%"));
}

/* "" and "a" in order, each with its translation. */
static size_t make_mo(unsigned char *mo, const char *id, const char *text)
{
	const uint32_t head[] = { 0x950412de, 0, 1, 28, 36, 0, 0, (uint32_t)strlen(id), 44,
		(uint32_t)strlen(text), 44 + (uint32_t)strlen(id) + 1 };

	memcpy(mo, head, sizeof(head));
	memcpy(mo + 44, id, strlen(id) + 1);
	memcpy(mo + 44 + strlen(id) + 1, text, strlen(text) + 1);
	return 44 + strlen(id) + 1 + strlen(text) + 1;
}

static int read_bytes(const unsigned char *mo, size_t len, struct catalogue **out)
{
	char path[] = "/tmp/kith-mo-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd != -1);
	assert_int_equal(write(fd, mo, len), (ssize_t)len);
	close(fd);
	rc = catalogue_read(out, path, NULL);
	unlink(path);
	return rc;
}

static void a_damaged_file_is_refused_whole(void **state)
{
	unsigned char mo[256], bad[256];
	struct catalogue *c;
	size_t len = make_mo(mo, "hello %1", "hallo %1");

	(void)state;
	assert_int_equal(read_bytes(mo, len, &c), 1);
	assert_string_equal(catalogue_text(c, "hello %1"), "hallo %1");
	assert_int_equal(catalogue_count(c), 1);
	catalogue_free(&c);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(read_bytes(mo, cut, &c), -1);
	for (size_t at = 0; at < len; at++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(bad, mo, len);
			bad[at] ^= (unsigned char)(1 << bit);
			/* Whatever is accepted can be looked up. */
			if (read_bytes(bad, len, &c) == 1)
				catalogue_text(c, "hello %1");
			catalogue_free(&c);
		}
	len = make_mo(mo, "hello %1", "hallo");
	assert_int_equal(read_bytes(mo, len, &c), -1);
	assert_int_equal(catalogue_read(&c, "/nonexistent/kith.mo", NULL), 0);
	assert_null(c);
}

static void help_fits_one_screen_in_every_language(void **state)
{
	struct catalogues *c = built();
	const char *name;

	(void)state;
	for (size_t i = 0; (name = catalogues_name(c, i)) != NULL; i++) {
		struct talk t = { .lang = catalogues_find(c, name) };
		size_t lines = 1, start = 0;
		struct buf out;

		buf_init(&out, 8192);
		talk_help(&out, &t, NULL, i % 2 == 0);
		for (size_t at = 0; at <= out.len; at++) {
			char line[256];

			if (at < out.len && buf_str(&out)[at] != '\n')
				continue;
			snprintf(line, sizeof(line), "%.*s", (int)(at - start),
			    buf_str(&out) + start);
			if (str_utf8_chars(line) > 80)
				fail_msg("%s: too long: %s", name, line);
			start = at + 1;
			lines += at < out.len;
		}
		if (lines > 24)
			fail_msg("%s: %zu lines", name, lines);
		buf_fini(&out);
	}
	catalogues_close(&c);
}

static void tell(struct buf *out, const struct catalogue *lang, const char *line)
{
	struct talk t = { .lang = lang };
	struct err e = ERR_INIT;
	struct pool pool;
	struct rule r;

	pool_init(&pool, 256 * 1024);
	buf_reset(out);
	if (policy_parse_saying(&r, line, 0, 0, &pool, &e) != 0)
		talk_bad_rule(out, &t, e.text);
	pool_fini(&pool);
}

/* Every mistake there is (tests/policy/mistakes.lines). */
static void mistakes_in_rules_are_told_in_german(void **state)
{
	struct catalogues *c = built();
	const struct catalogue *de = catalogues_find(c, "de");
	const char *top = getenv("top_srcdir");
	struct buf german, english;
	char path[4096], line[1024];
	int told = 0;
	FILE *f;

	(void)state;
	buf_init(&german, 64 * 1024);
	buf_init(&english, 64 * 1024);
	tell(&german, de, "allow bob@b to read of lamp in kitchen");
	assert_non_null(strstr(buf_str(&german), "geh\xc3\xb6rt \"in\" bei Wort 7 zum Namen?"));
	tell(&german, de, "allow bob to read of lamp");
	assert_non_null(strstr(buf_str(&german), "bei Wort 2 steht \"bob\"; erwartet: wer (eine "));
	(void)snprintf(path, sizeof(path), "%s/tests/policy/mistakes.lines", top != NULL ? top : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		tell(&english, NULL, line);
		tell(&german, de, line);
		if (english.len == 0 || line[0] == '#')
			continue;
		assert_null(strstr(buf_str(&german), "expected"));
		/* Behind "I cannot read this rule: ". */
		assert_string_not_equal(strchr(buf_str(&german), ':'), strchr(buf_str(&english), ':'));
		told++;
	}
	assert_in_range(told, 100, 1000);
	fclose(f);
	buf_fini(&german);
	buf_fini(&english);
	catalogues_close(&c);
}

static void att_H_01__no_german_text_is_a_command_when_it_returns(void **state)
{
	struct catalogues *c = built();
	struct talk t = { .lang = catalogues_find(c, "de") };
	const struct words_command *command;
	struct buf out;

	(void)state;
	buf_init(&out, 64 * 1024);
	talk_help(&out, &t, NULL, true);
	for (size_t i = 0; (command = words_command_at(i)) != NULL; i++) {
		struct words_line l = { .typed = "lamp", .command = command };

		for (int f = WORDS_UNKNOWN; f <= WORDS_CONTRADICTION; f++) {
			l.fault = (enum words_fault)f;
			buf_addc(&out, '\n');
			talk_fault(&out, &t, &l);
		}
		buf_addc(&out, '\n');
		talk_help(&out, &t, command->word, true);
	}
	for (const char *line = buf_str(&out), *end; line != NULL; line = end) {
		char one[512];
		struct typed typed_line;

		end = strchr(line, '\n');
		snprintf(one, sizeof(one), "%.*s",
		    end != NULL ? (int)(end - line) : (int)strlen(line), line);
		end = end != NULL ? end + 1 : NULL;
		typed(&typed_line, one);
		if (typed_acts(&typed_line))
			fail_msg("this would be obeyed: %s", one);
		typed_end(&typed_line);
	}
	buf_fini(&out);
	catalogues_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_said_in_the_language_asked_for),
		cmocka_unit_test(values_are_filled_in_wherever_the_text_wants_them),
		cmocka_unit_test(a_damaged_file_is_refused_whole),
		cmocka_unit_test(help_fits_one_screen_in_every_language),
		cmocka_unit_test(mistakes_in_rules_are_told_in_german),
		cmocka_unit_test(att_H_01__no_german_text_is_a_command_when_it_returns),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
