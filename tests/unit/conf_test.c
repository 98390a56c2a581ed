/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_test: settings against a table.  Golden pairs stand in tests/conf: of
 * each NAME.in the .ok file holds what is printed back, or the error.
 * KITH_REWRITE=1 writes the .ok files anew, for review in the diff.
 */
#include "config.h"

#include "common/base/conf.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "tests/unit/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

struct field {
	char name[64];
	char unit[64];
	bool hidden;
};

struct settings {
	char *jid, *server, *title, *folder;
	int64_t depth, wait, cache;
	bool enabled;
	size_t n_fields;
	struct field field[8];
	size_t n_tags;
	char tag[8][2][64];
};

#define ROW(section, name, type, field, min, max, def, help) \
	{ section, name, type, offsetof(struct settings, field), min, max, def, help }

static const struct conf_key keys[] = {
	ROW("component", "jid", CONF_JID, jid, 0, 0, NULL, "our address"),
	ROW("component", "server", CONF_HOST, server, 0, 0, "127.0.0.1:5347", "the broker"),
	ROW("component", "title", CONF_TEXT, title, 0, 0, NULL, "what people see"),
	ROW("limits", "depth", CONF_INT, depth, 1, 64, "16", "nesting of a stanza"),
	ROW("limits", "wait", CONF_TIME, wait, 250, 86400000, "15s", "patience"),
	ROW("limits", "cache", CONF_SIZE, cache, 4096, 1048576, "64k", "bytes to keep"),
	ROW("component", "enabled", CONF_BOOL, enabled, 0, 0, "yes", "is it on"),
	ROW("component", "folder", CONF_TEXT, folder, 0, 0, "/var/lib/x", "where"),
	{ "field *", "unit", CONF_TEXT, 0, 0, 0, NULL, "unit of a field" },
	{ "field *", "hidden", CONF_BOOL, 0, 0, 0, "no", "is it hidden" },
	{ "tags", "*", CONF_TEXT, 0, 0, 0, NULL, "any tag" },
};

static struct field *
find_field(struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_fields; i++)
		if (strcmp(s->field[i].name, name) == 0)
			return &s->field[i];
	if (s->n_fields == N(s->field) ||
	    str_copy(s->field[s->n_fields].name, sizeof(s->field[0].name), name) != 0)
		return NULL;
	return &s->field[s->n_fields++];
}

static int
take_any(void *out, const char *section, const char *name, const char *value, struct err *e)
{
	struct settings *s = out;

	if (strcmp(section, "tags") == 0) {
		if (s->n_tags == N(s->tag))
			return err_set(e, ERR_LIMIT, "more than %zu tags", N(s->tag));
		if (str_copy(s->tag[s->n_tags][0], 64, name) != 0 ||
		    str_copy(s->tag[s->n_tags][1], 64, value) != 0)
			return err_set(e, ERR_LIMIT, "tag too long");
		s->n_tags++;
		return 0;
	}
	if (str_starts(section, "field ")) {
		struct field *f = find_field(s, section + 6);

		if (f == NULL)
			return err_set(e, ERR_LIMIT, "too many fields");
		if (strcmp(name, "unit") == 0)
			return str_copy(f->unit, sizeof(f->unit), value) == 0
			    ? 0 : err_set(e, ERR_LIMIT, "unit too long");
		if (strcmp(name, "hidden") == 0)
			return conf_value_bool(value, &f->hidden, e);
	}
	return 1;
}

static int
finish(void *out, struct err *e)
{
	const struct settings *s = out;

	return s->jid != NULL ? 0 : err_set(e, ERR_INPUT, "[component] jid= is missing");
}

static void
print_any(const void *out, struct buf *b)
{
	const struct settings *s = out;

	for (size_t i = 0; i < s->n_fields; i++)
		buf_addf(b, "[field %s]\nunit = %s\nhidden = %s\n", s->field[i].name,
		    s->field[i].unit, s->field[i].hidden ? "yes" : "no");
	buf_adds(b, "[tags]\n");
	for (size_t i = 0; i < s->n_tags; i++)
		buf_addf(b, "%s = %s\n", s->tag[i][0], s->tag[i][1]);
}

static const struct conf_spec spec = { .keys = keys, .n_keys = N(keys), .any = take_any,
	.finish = finish, .print_any = print_any };

/* What the .ok file should hold. */
static void
outcome(const char *text, struct buf *out)
{
	struct settings s = { 0 }, again = { 0 };
	struct err e = ERR_INIT;
	struct buf second;

	buf_init(out, 1 << 20);
	if (conf_parse(&spec, "FILE", text, &s, &e) != 0) {
		buf_addf(out, "%s\n", e.text);
		return;
	}
	conf_print(&spec, &s, out);
	buf_init(&second, 1 << 20);
	if (conf_parse(&spec, "PRINTED", buf_str(out), &again, &e) != 0)
		fail_msg("what was printed does not parse: %s", e.text);
	conf_print(&spec, &again, &second);
	assert_string_equal(buf_str(&second), buf_str(out));
	buf_fini(&second);
	conf_free(&spec, &s);
	conf_free(&spec, &again);
}

static void
read_whole(const char *path, struct buf *out)
{
	char piece[1024];
	FILE *f = fopen(path, "rb");
	size_t n;

	buf_init(out, 1 << 20);
	if (f == NULL)
		return;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	(void)fclose(f);
}

static void
check_pair(const char *in_path)
{
	char ok_path[1024];
	struct buf in, ok, got;
	FILE *f;

	(void)snprintf(ok_path, sizeof(ok_path), "%.*s.ok", (int)strlen(in_path) - 3, in_path);
	read_whole(in_path, &in);
	read_whole(ok_path, &ok);
	outcome(buf_str(&in), &got);
	if (getenv("KITH_REWRITE") != NULL && (f = fopen(ok_path, "wb")) != NULL) {
		(void)fwrite(buf_str(&got), 1, got.len, f);
		(void)fclose(f);
	} else if (strcmp(buf_str(&ok), buf_str(&got)) != 0)
		fail_msg("%s:\n%s---- became\n%s", ok_path, buf_str(&ok), buf_str(&got));
	buf_fini(&in);
	buf_fini(&ok);
	buf_fini(&got);
}

static void
conf__golden_pairs_print_or_fail_as_written(void **state)
{
	const char *srcdir = getenv("top_srcdir");
	char pattern[1024];
	glob_t found;

	(void)state;
	(void)snprintf(pattern, sizeof(pattern), "%s/tests/conf/*.in", srcdir != NULL ? srcdir : ".");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 20);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_pair(found.gl_pathv[i]);
	globfree(&found);
}

static void
random_value(struct unit_random *r, char out[static 40])
{
	static const char letters[] = "aZ09;#=:[]\"'\\ .,%$@/\xc3\xa4";
	size_t n = 1 + unit_random_below(r, 20), len = 0;

	while (len < n) {
		size_t at = unit_random_below(r, sizeof(letters) - 2);

		if (letters[at] == '\xc3' || letters[at] == '\xa4') {
			out[len++] = '\xc3';
			out[len++] = '\xa4';
		} else
			out[len++] = letters[at];
	}
	out[len] = '\0';
}

static const char *
trimmed(char *s)
{
	size_t len = strlen(s);

	while (len > 0 && s[len - 1] == ' ')
		s[--len] = '\0';
	return s + strspn(s, " ");
}

static void
conf__any_value_is_kept_as_written_and_prints_back(void **state)
{
	struct unit_random r = unit_random_start();
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < unit_rounds(3000); i++) {
		struct settings s = { 0 };
		struct buf text, printed;
		char value[40];

		random_value(&r, value);
		buf_init(&text, 4096);
		buf_addf(&text, "[component]\njid=a\ntitle = %s\n[limits]\nwait = %dms\ncache = %d\n",
		    value, 250 + (int)unit_random_below(&r, 1000000),
		    4096 + (int)unit_random_below(&r, 1000000));
		if (conf_parse(&spec, "x", buf_str(&text), &s, &e) != 0)
			fail_msg("'%s': %s", value, e.text);
		if (*trimmed(value) == '\0')
			assert_null(s.title);
		else
			assert_string_equal(s.title, trimmed(value));
		outcome(buf_str(&text), &printed);
		buf_fini(&printed);
		buf_fini(&text);
		conf_free(&spec, &s);
	}
}

static void
conf_load__names_the_file_and_refuses_what_it_cannot_read(void **state)
{
	char path[] = "/tmp/kith-conf-XXXXXX", want[64];
	struct settings s = { 0 };
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[component]\njid = a\nold = 1\n", 28), 28);
	assert_int_equal(conf_load(&spec, path, &s, &e), -1);
	(void)snprintf(want, sizeof(want), "%s:3: unknown key 'old'", path);
	assert_true(str_starts(e.text, want));
	assert_null(s.jid);
	assert_int_equal(ftruncate(fd, 20), 0);
	assert_int_equal(conf_load(&spec, path, &s, &e), 0);
	assert_string_equal(s.jid, "a");
	conf_free(&spec, &s);
	assert_int_equal(pwrite(fd, "\0", 1, 15), 1);
	assert_int_equal(conf_load(&spec, path, &s, &e), -1);
	assert_non_null(strstr(e.text, "NUL"));
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(conf_load(&spec, path, &s, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_true(str_starts(e.text, path));
	assert_non_null(strstr(e.text, ":1: cannot open"));
}

static void
conf__a_wrong_default_is_an_error(void **state)
{
	static const struct conf_key bad[] = {
		ROW("limits", "depth", CONF_INT, depth, 1, 64, "65", "") };
	static const struct conf_spec bad_spec = { .keys = bad, .n_keys = 1 };
	struct settings s = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(conf_parse(&bad_spec, "x", "", &s, &e), -1);
	assert_non_null(strstr(e.text, "default of depth"));
}

static void
conf_help__names_every_key(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	conf_help(&spec, &b);
	for (size_t i = 0; i < N(keys); i++) {
		assert_non_null(strstr(buf_str(&b), keys[i].name));
		assert_non_null(strstr(buf_str(&b), keys[i].help));
	}
	buf_fini(&b);
}

static void
secret_file(const char *path, const char *content, size_t len, unsigned mode)
{
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
att_O_06__a_secret_file_others_may_read_is_refused(void **state)
{
	char folder[] = "/tmp/kith-conf-XXXXXX", path[64], link_path[64];
	struct secret s = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/secret", folder);
	(void)snprintf(link_path, sizeof(link_path), "%s/link", folder);
	secret_file(path, "0123456789abcdef\n", 17, 0600);
	assert_int_equal(conf_secret_file(path, 16, &s, &e), 0);
	assert_true(secret_equal(&s, "0123456789abcdef", 16));
	for (unsigned bit = 1; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		assert_int_equal(conf_secret_file(path, 16, &s, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(conf_secret_file(path, 16, &s, &e), 0);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(conf_secret_file(link_path, 16, &s, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(conf_secret_file(folder, 16, &s, &e), -1);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(conf_secret_file(path, 16, &s, &e), -1);
		assert_non_null(strstr(e.text, "another user"));
	}
	secret_clear(&s);
	(void)unlink(path);
	(void)unlink(link_path);
	(void)rmdir(folder);
}

static void
att_O_06__a_weak_or_endless_secret_is_refused(void **state)
{
	char folder[] = "/tmp/kith-conf-XXXXXX", path[64], big[SECRET_MAX + 2];
	struct secret s = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/secret", folder);
	memset(big, 's', sizeof(big));
	secret_file(path, "short\n", 6, 0600);
	assert_int_equal(conf_secret_file(path, 6, &s, &e), -1);
	assert_null(strstr(e.text, "short\n"));
	assert_int_equal(conf_secret_file(path, 5, &s, &e), 0);
	secret_file(path, "\n", 1, 0600);
	assert_int_equal(conf_secret_file(path, 0, &s, &e), -1);
	secret_file(path, big, SECRET_MAX, 0600);
	assert_int_equal(conf_secret_file(path, 16, &s, &e), 0);
	secret_file(path, big, SECRET_MAX + 1, 0600);
	assert_int_equal(conf_secret_file(path, 16, &s, &e), -1);
	secret_clear(&s);
	(void)unlink(path);
	assert_int_equal(conf_secret_file(path, 16, &s, &e), -1);
	assert_int_equal(e.kind, ERR_AGAIN);
	(void)rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf__golden_pairs_print_or_fail_as_written),
		cmocka_unit_test(conf__any_value_is_kept_as_written_and_prints_back),
		cmocka_unit_test(conf_load__names_the_file_and_refuses_what_it_cannot_read),
		cmocka_unit_test(conf__a_wrong_default_is_an_error),
		cmocka_unit_test(conf_help__names_every_key),
		cmocka_unit_test(att_O_06__a_secret_file_others_may_read_is_refused),
		cmocka_unit_test(att_O_06__a_weak_or_endless_secret_is_refused),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
