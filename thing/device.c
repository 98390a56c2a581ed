/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the table of kinds, and the way between text and values.
 */
#include "config.h"

#include "thing/device.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static const struct device_ops *const kinds[] = {
	&device_file, &device_command, &device_disk, &device_sim
};

const struct device_ops *device_find(const char *key)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

int device_open(struct device *d, const struct device_ops *ops,
    const struct device_conf *conf, struct device_host *host, struct err *e)
{
	regex_t re;

	memset(d, 0, sizeof(*d));
	if (conf->is_control ? !ops->writes : !ops->reads)
		return err_set(e, ERR_INPUT, "'%s=' cannot be %s", ops->key,
		    conf->is_control ? "a control" : "a field");
	if (conf->pattern) {
		if (regcomp(&re, conf->pattern, REG_EXTENDED) != 0)
			return err_set(e, ERR_INPUT, "pattern '%s' is not a regular expression",
			    conf->pattern);
		regfree(&re);
	}
	d->ops = ops;
	d->conf = *conf;
	d->host = host;
	return ops->open ? ops->open(d, e) : 0;
}

void device_close(struct device *d)
{
	if (d->ops && d->ops->close)
		d->ops->close(d);
	memset(d, 0, sizeof(*d));
}

enum kith_thing_result device_fail(struct kith_thing_value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
	return KITH_THING_FAILED;
}

/* ---- text to value ------------------------------------------------------ */

/* The first group of the pattern, else the whole match, else the first line
 * without blanks around it.  false: not there, or too long. */
static bool cut_out(const struct device *d, const char *text, char out[static KITH_THING_TEXT])
{
	size_t from = strspn(text, " \t\r\n"), len = strcspn(text + from, "\r\n");
	regmatch_t m[2];
	regex_t re;
	int bad;

	if (d->conf.pattern) {
		if (regcomp(&re, d->conf.pattern, REG_EXTENDED | REG_NEWLINE) != 0)
			return false;
		bad = regexec(&re, text, 2, m, 0);
		regfree(&re);
		if (bad)
			return false;
		from = (size_t)(m[1].rm_so >= 0 ? m[1].rm_so : m[0].rm_so);
		len = (size_t)(m[1].rm_so >= 0 ? m[1].rm_eo : m[0].rm_eo) - from;
	}
	while (len > 0 && strchr(" \t", text[from + len - 1]))
		len--;
	if (len >= KITH_THING_TEXT)
		return false;
	memcpy(out, text + from, len);
	out[len] = '\0';
	return true;
}

static bool to_boolean(const char *text, bool *out)
{
	static const char *const yes[] = { "1", "on", "true", "yes" };
	static const char *const no[] = { "0", "off", "false", "no" };

	for (size_t i = 0; i < 4; i++)
		if (str_case_eq(text, yes[i]) || str_case_eq(text, no[i])) {
			*out = str_case_eq(text, yes[i]);
			return true;
		}
	return false;
}

enum kith_thing_result device_value(const struct device *d, const char *text,
    struct kith_thing_value *v)
{
	char word[KITH_THING_TEXT];

	if (!cut_out(d, text, word))
		return device_fail(v, "no value found");
	switch (d->conf.type) {
	case KITH_THING_BOOLEAN:
		if (!to_boolean(word, &v->boolean))
			return device_fail(v, "not on or off");
		break;
	case KITH_THING_NUMERIC:
		if (str_to_double(word, &v->number) < 0)
			return device_fail(v, "not a number");
		v->number *= d->conf.scale;
		break;
	default:
		if (!str_utf8_valid(word, strlen(word)))
			return device_fail(v, "not text");
		memcpy(v->text, word, sizeof(word));
		break;
	}
	return KITH_THING_OK;
}

void device_text(const struct device *d, const struct kith_thing_value *v,
    char out[static KITH_THING_TEXT])
{
	char number[STR_DOUBLE];

	if (d->conf.type == KITH_THING_BOOLEAN) {
		snprintf(out, KITH_THING_TEXT, "%d", v->boolean ? 1 : 0);
	} else if (d->conf.type == KITH_THING_NUMERIC) {
		str_from_double(number, v->number / d->conf.scale);
		snprintf(out, KITH_THING_TEXT, "%s", number);
	} else {
		memcpy(out, v->text, KITH_THING_TEXT);
	}
}
