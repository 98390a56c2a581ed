/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_conf: golden pairs in tests/conf-thing: of each NAME.in the .ok file
 * holds what is printed back, or the error; what is printed parses again to
 * the same.  KITH_REWRITE=1 writes the .ok files anew, for review in the diff.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <glob.h>

#include "common/base/buf.h"
#include "common/base/qr.h"
#include "thing/thingd_conf.h"

static const char *conf_folder(void)
{
	const char *top = getenv("top_srcdir");

	return top ? top : TOP_SRCDIR;
}

static void understand(const char *name, const char *text, struct buf *out)
{
	struct thingd_conf c;
	struct err e = ERR_INIT;

	buf_init(out, 1 << 20);
	if (thingd_conf_parse(&c, name, text, &e) == 0)
		thingd_conf_print(&c, out);
	else
		buf_addf(out, "%s\n", e.text);
	thingd_conf_free(&c);
}

static void check_pair(const char *in_path)
{
	char folder[4096], in_name[256], ok_name[256], *in, *ok;
	const char *slash = strrchr(in_path, '/');
	struct buf got, again;

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - in_path), in_path);
	snprintf(in_name, sizeof(in_name), "%s", slash + 1);
	snprintf(ok_name, sizeof(ok_name), "%.*s.ok", (int)strlen(in_name) - 3, in_name);
	in = get_file(folder, in_name);
	assert_non_null(in);
	understand(in_name, in, &got);
	if (strstr(buf_str(&got), "is not in this build")) {	/* configured so */
		buf_fini(&got);
		free(in);
		return;
	}
	if (getenv("KITH_REWRITE"))
		put_file(folder, ok_name, buf_str(&got), 0644);
	ok = get_file(folder, ok_name);
	if (!ok || strcmp(ok, buf_str(&got)) != 0)
		fail_msg("%s: expected\n%s\ngot\n%s", in_name, ok ? ok : "(no .ok file)",
		    buf_str(&got));
	if (buf_str(&got)[0] == '[') {
		understand(in_name, buf_str(&got), &again);
		assert_string_equal(buf_str(&again), buf_str(&got));
		buf_fini(&again);
	}
	buf_fini(&got);
	free(in);
	free(ok);
}

static void every_file_is_understood_as_written_beside_it(void **state)
{
	char pattern[4096];
	glob_t g;

	UNUSED(state);
	snprintf(pattern, sizeof(pattern), "%s/tests/conf-thing/*.in", conf_folder());
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 15);
	for (size_t i = 0; i < g.gl_pathc; i++)
		check_pair(g.gl_pathv[i]);
	globfree(&g);
}

static void the_shipped_examples_are_right(void **state)
{
	static const struct { const char *name; size_t points, sources; } examples[] = {
		{ "computer.conf.in", 7, 0 }, { "weather-station.conf.in", 5, 0 },
		{ "lamp.conf.in", 4, 0 }, { "gateway.conf.in", 1, 1 },
	};
	char folder[4096], *text;
	struct thingd_conf c;
	struct err e = ERR_INIT;

	UNUSED(state);
	snprintf(folder, sizeof(folder), "%s/thing/examples", conf_folder());
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		text = get_file(folder, examples[i].name);
		assert_non_null(text);
		if (thingd_conf_parse(&c, examples[i].name, text, &e) < 0) {
			/* A build without libgpiod or libmosquitto says so, and nothing else. */
			if (!strstr(e.text, "not in this build"))
				fail_msg("%s", e.text);
			err_clear(&e);
		} else {
			assert_int_equal(c.n_points, examples[i].points);
			assert_int_equal(c.n_sources, examples[i].sources);
		}
		thingd_conf_free(&c);
		free(text);
	}
}

/* ---- the QR code -------------------------------------------------------- */

#define URI "iotdisco:SN=1;MAN=kith.example;KEY=abcdefghijklmnopqrstuvwxyz;R=kith.home.example"

static void a_picture_has_the_marks_of_its_kind(void **state)
{
	struct buf b;
	struct err e = ERR_INIT;

	UNUSED(state);
	buf_init(&b, QR_MAX);
	assert_int_equal(qr_png(&b, URI, &e), 0);
	assert_memory_equal(b.data, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(b.data + b.len - 8, "IEND\xae\x42\x60\x82", 8);
	buf_reset(&b);
	assert_int_equal(qr_svg(&b, URI, &e), 0);
	assert_non_null(strstr(buf_str(&b), "</svg>"));
	/* The text itself is only in the picture. */
	assert_null(strstr(buf_str(&b), "KEY"));
	buf_reset(&b);
	assert_int_equal(qr_terminal(&b, URI, &e), 0);
	assert_non_null(strstr(buf_str(&b), "\xe2\x96\x80"));
	buf_fini(&b);
}

static void what_is_too_long_for_a_code_is_an_error(void **state)
{
	char text[4000];
	struct buf b;
	struct err e = ERR_INIT;

	UNUSED(state);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&b, QR_MAX);
	assert_int_equal(qr_terminal(&b, text, &e), -1);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_understood_as_written_beside_it),
		cmocka_unit_test(the_shipped_examples_are_right),
		cmocka_unit_test(a_picture_has_the_marks_of_its_kind),
		cmocka_unit_test(what_is_too_long_for_a_code_is_an_error),
	};

	return cmocka_run_group_tests_name("thingd_conf", tests, NULL, NULL);
}
