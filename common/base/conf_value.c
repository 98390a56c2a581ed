/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value: how each type of setting reads and prints.  A table of types;
 * files and lines are conf.c.  Next: daemon.c.
 */
#include "config.h"

#include "common/base/conf_value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/str.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit time_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
static const struct unit size_units[] = {
	{ "g", 1024 * 1024 * 1024 }, { "m", 1024 * 1024 }, { "k", 1024 }, { "", 1 },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static int
in_range(int64_t v, int64_t min, int64_t max)
{
	return (min == 0 && max == 0) || (v >= min && v <= max);
}

/* Digits and one unit of the list, without a blank between. */
static int
read_with_unit(const char *text, const struct unit *unit, size_t n, int64_t *out)
{
	char digits[24];
	size_t len = strspn(text, "0123456789");
	int64_t v;

	if (len == 0 || len >= sizeof(digits))
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_to_int(digits, 0, INT64_MAX, &v) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (str_case_eq(text + len, unit[i].name))
			return __builtin_mul_overflow(v, unit[i].factor, out) ? -1 : 0;
	return -1;
}

static void
print_with_unit(int64_t v, const struct unit *unit, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++)
		if ((v != 0 && v % unit[i].factor == 0) || i == n - 1) {
			buf_addf(b, "%" PRId64 "%s", v / unit[i].factor, unit[i].name);
			return;
		}
}

int
conf_value_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	int64_t v;

	if (str_to_int(text, INT64_MIN, INT64_MAX, &v) != 0)
		return err_set(e, ERR_INPUT, "'%s' is not a whole number", text);
	if (!in_range(v, min, max))
		return err_set(e, ERR_INPUT, "%s is not between %" PRId64 " and %" PRId64, text, min,
		    max);
	*out = v;
	return 0;
}

static int
fail_range(const char *text, int64_t min, int64_t max, const struct unit *unit, size_t n,
    struct err *e)
{
	struct buf range;

	buf_init(&range, 80);
	print_with_unit(min, unit, n, &range);
	buf_adds(&range, " and ");
	print_with_unit(max, unit, n, &range);
	err_set(e, ERR_INPUT, "%s is not between %s", text, buf_str(&range));
	buf_fini(&range);
	return -1;
}

int
conf_value_time(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	int64_t v;

	if (strcmp(text, "0") == 0)
		v = 0;
	else if (read_with_unit(text, time_units, N(time_units), &v) != 0)
		return err_set(e, ERR_INPUT, "'%s' is not a time like 250ms, 15s, 5m, 2h, 1d", text);
	if (!in_range(v, min, max))
		return fail_range(text, min, max, time_units, N(time_units), e);
	*out = v;
	return 0;
}

static int
read_size(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	int64_t v;

	if (read_with_unit(text, size_units, N(size_units), &v) != 0)
		return err_set(e, ERR_INPUT, "'%s' is not a size like 4096, 64k, 8m", text);
	if (!in_range(v, min, max))
		return fail_range(text, min, max, size_units, N(size_units), e);
	*out = v;
	return 0;
}

int
conf_value_bool(const char *text, bool *out, struct err *e)
{
	static const struct { const char *word; bool value; } words[] = {
		{ "yes", true }, { "no", false }, { "true", true }, { "false", false },
		{ "on", true }, { "off", false }, { "1", true }, { "0", false },
	};

	for (size_t i = 0; i < N(words); i++)
		if (str_case_eq(text, words[i].word)) {
			*out = words[i].value;
			return 0;
		}
	return err_set(e, ERR_INPUT, "'%s' is not yes or no", text);
}

/* The text to keep, on the heap; NULL in *out for an empty one. */
static int
keep_text(const char *text, char **out, struct err *e)
{
	*out = NULL;
	if (*text == '\0')
		return 0;
	*out = mem_strdup(text);
	return *out != NULL ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int
keep_jid(const char *text, char **out, struct err *e)
{
	struct jid j;

	if (*text == '\0')
		return keep_text(text, out, e);
	if (jid_parse(&j, text, JID_STRINGPREP, e) != 0) {
		err_prefix(e, "'%s'", text);
		return -1;
	}
	if (jid_has_resource(&j))
		return err_set(e, ERR_INPUT, "'%s' has a resource; give the bare address", text);
	if (j.len > CONF_VALUE_MAX)
		return err_set(e, ERR_INPUT, "address longer than %d bytes", CONF_VALUE_MAX);
	return keep_text(j.text, out, e);
}

static bool
is_host_name(const char *s, size_t len)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	return len > 0 && len <= 253 && strspn(s, allowed) >= len;
}

static bool
is_bracketed_v6(const char *s, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (len < 4 || len - 2 >= sizeof(address) || s[0] != '[' || s[len - 1] != ']')
		return false;
	memcpy(address, s + 1, len - 2);
	address[len - 2] = '\0';
	return inet_pton(AF_INET6, address, &in6) == 1;
}

static int
keep_host(const char *text, char **out, struct err *e)
{
	const char *colon = strrchr(text, ':');
	size_t host_len = colon != NULL ? (size_t)(colon - text) : 0;
	int64_t port;

	if (*text == '\0')
		return keep_text(text, out, e);
	if (colon == NULL || (!is_host_name(text, host_len) && !is_bracketed_v6(text, host_len)))
		return err_set(e, ERR_INPUT, "'%s' is not HOST:PORT or [ADDRESS]:PORT", text);
	if (str_to_int(colon + 1, 1, 65535, &port) != 0)
		return err_set(e, ERR_INPUT, "'%s' is not a port", colon + 1);
	return keep_text(text, out, e);
}

static int
replace_text(int (*keep)(const char *, char **, struct err *), const char *text, void *field,
    struct err *e)
{
	char *fresh, **old = field;

	if (keep(text, &fresh, e) != 0)
		return -1;
	mem_free(*old);
	*old = fresh;
	return 0;
}

static int
read_into(const struct conf_key *k, const char *text, void *field, struct err *e)
{
	switch (k->type) {
	case CONF_TEXT:
		return replace_text(keep_text, text, field, e);
	case CONF_JID:
		return replace_text(keep_jid, text, field, e);
	case CONF_HOST:
		return replace_text(keep_host, text, field, e);
	case CONF_INT:
		return conf_value_int(text, k->min, k->max, field, e);
	case CONF_TIME:
		return conf_value_time(text, k->min, k->max, field, e);
	case CONF_SIZE:
		return read_size(text, k->min, k->max, field, e);
	case CONF_BOOL:
		return conf_value_bool(text, field, e);
	}
	return err_set(e, ERR_SYSTEM, "setting of an unknown type");
}

static bool
is_text(enum conf_type type)
{
	return type == CONF_TEXT || type == CONF_JID || type == CONF_HOST;
}

int
conf_value_read(const struct conf_key *k, const char *text, void *out, struct err *e)
{
	return read_into(k, text, (char *)out + k->offset, e);
}

int
conf_value_check(const struct conf_key *k, const char *text, struct err *e)
{
	union { char *text; int64_t number; bool truth; } scratch = { .text = NULL };
	int ret = read_into(k, text, &scratch, e);

	if (ret == 0 && is_text(k->type))
		mem_free(scratch.text);
	return ret;
}

void
conf_value_print(const struct conf_key *k, const void *out, struct buf *b)
{
	const void *field = (const char *)out + k->offset;
	const char *const *text = field;
	const int64_t *number = field;
	const bool *truth = field;

	if (is_text(k->type) && *text == NULL && k->def == NULL)
		return;
	buf_addf(b, "%s = ", k->name);
	switch (k->type) {
	case CONF_TEXT:
	case CONF_JID:
	case CONF_HOST:
		buf_adds(b, *text != NULL ? *text : "");
		break;
	case CONF_INT:
		buf_addf(b, "%" PRId64, *number);
		break;
	case CONF_TIME:
		print_with_unit(*number, time_units, N(time_units), b);
		break;
	case CONF_SIZE:
		print_with_unit(*number, size_units, N(size_units), b);
		break;
	case CONF_BOOL:
		buf_adds(b, *truth ? "yes" : "no");
		break;
	}
	buf_addc(b, '\n');
}

void
conf_value_free(const struct conf_key *k, void *out)
{
	char **text = (void *)((char *)out + k->offset);

	if (!is_text(k->type))
		return;
	mem_free(*text);
	*text = NULL;
}

const char *
conf_type_name(enum conf_type type)
{
	static const char *const name[] = {
		[CONF_TEXT] = "text",
		[CONF_INT] = "number",
		[CONF_BOOL] = "yes/no",
		[CONF_TIME] = "time",
		[CONF_SIZE] = "size",
		[CONF_JID] = "jid",
		[CONF_HOST] = "host",
	};

	return (size_t)type < N(name) ? name[type] : "?";
}
