/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the table of kinds, and the way between text and values.
 */
#include "config.h"

#include "thing/device.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static const struct device_ops *const kinds[] = {
	&device_hwmon, &device_thermal, &device_iio, &device_led, &device_gpio, &device_proc,
	&device_file, &device_command, &device_disk, &device_sim
};

const struct device_ops *device_find(const char *key)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

const char *device_kinds(bool is_control)
{
	return is_control ? "one of file=, command=, led=, gpio=, hwmon=, iio=, sim=" :
	    "one of file=, command=, hwmon=, thermal=, iio=, led=, gpio=, proc=, disk=, sim=";
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
	d->unit = 1;
	if (!ops->open || ops->open(d, e) == 0)
		return 0;
	memset(d, 0, sizeof(*d));
	return -1;
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

/* A scale of 0.001 divides by 1000: 21437 becomes 21.437 and not 21.437000000000001. */
static double scaled(double n, double scale)
{
	double inverse = 1 / scale;

	return inverse > 1 && fabs(inverse - round(inverse)) < 1e-9 * inverse
	    ? n / round(inverse) : n * scale;
}

enum kith_thing_result device_number(const struct device *d, double n,
    struct kith_thing_value *v)
{
	const struct device_conf *c = &d->conf;
	bool ranged = !c->is_control && (c->min != 0 || c->max != 0);
	char text[STR_DOUBLE], min[STR_DOUBLE], max[STR_DOUBLE];

	n = scaled(n + d->zero, d->unit * c->scale);
	if (!isfinite(n))
		return device_fail(v, "not a number");
	str_from_double(text, n);
	str_from_double(min, c->min);
	str_from_double(max, c->max);
	if (ranged && (n < c->min || n > c->max))
		return device_fail(v, "%s is outside of %s to %s: the sensor is at fault", text,
		    min, max);
	if (c->type == KITH_THING_INT && n != round(n))
		return device_fail(v, "%s is not a whole number", text);
	v->number = n;
	return KITH_THING_OK;
}

static bool is_number(enum kith_thing_type type)
{
	return type == KITH_THING_NUMERIC || type == KITH_THING_INT;
}

enum kith_thing_result device_value(const struct device *d, const char *text,
    struct kith_thing_value *v)
{
	char word[KITH_THING_TEXT];
	double n;

	if (!cut_out(d, text, word))
		return device_fail(v, "no value found");
	if (is_number(d->conf.type))
		return str_to_double(word, &n) < 0 ? device_fail(v, "not a number")
		    : device_number(d, n, v);
	if (d->conf.type == KITH_THING_BOOLEAN)
		return to_boolean(word, &v->boolean) ? KITH_THING_OK
		    : device_fail(v, "not on or off");
	if (!str_utf8_valid(word, strlen(word)))
		return device_fail(v, "not text");
	memcpy(v->text, word, sizeof(word));
	return KITH_THING_OK;
}

/* ---- value to text ------------------------------------------------------ */

static double unscaled(const struct device *d, const struct kith_thing_value *v)
{
	return v->number / (d->unit * d->conf.scale) - d->zero;
}

long long device_whole(const struct device *d, const struct kith_thing_value *v)
{
	double n = d->conf.type == KITH_THING_BOOLEAN ? v->boolean : round(unscaled(d, v));

	return n > 1e15 ? 1000000000000000 : n < -1e15 ? -1000000000000000 : (long long)n;
}

void device_text(const struct device *d, const struct kith_thing_value *v,
    char out[static KITH_THING_TEXT])
{
	char number[STR_DOUBLE];

	if (d->conf.type == KITH_THING_BOOLEAN) {
		snprintf(out, KITH_THING_TEXT, "%d", v->boolean ? 1 : 0);
	} else if (is_number(d->conf.type)) {
		str_from_double(number, unscaled(d, v));
		snprintf(out, KITH_THING_TEXT, "%s", number);
	} else {
		memcpy(out, v->text, KITH_THING_TEXT);
	}
}
