/* SPDX-License-Identifier: Apache-2.0 */
/*
 * typed: shapes first, then the ranges of their numbers: month 13 is no date.
 */
#include "config.h"

#include "common/wire/typed.h"

#include <stdint.h>
#include <string.h>

#include "common/base/str.h"

/* `shape`: 0 stands for a digit, all else for itself; returns what follows. */
static const char *
shaped(const char *s, const char *shape)
{
	for (; *shape != '\0'; s++, shape++)
		if (*shape == '0' ? *s < '0' || *s > '9' : *s != *shape)
			return NULL;
	return s;
}

static int
two(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

/* What may stand behind a date or time (XML Schema 2, 3.2.7.3). */
static bool
is_zone(const char *s)
{
	const char *end;

	if (*s == '\0' || strcmp(s, "Z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	end = shaped(s + 1, "00:00");
	return end != NULL && *end == '\0' && two(s + 1) <= 14 && two(s + 4) <= 59;
}

/* "YYYY-MM-DD" at the beginning; where it ends. */
static const char *
date_at(const char *s)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const char *end = shaped(s, "0000-00-00");
	int year, month;

	if (end == NULL)
		return NULL;
	year = two(s) * 100 + two(s + 2);
	month = two(s + 5);
	if (month < 1 || month > 12 || two(s + 8) < 1 || two(s + 8) > days[month - 1])
		return NULL;
	if (month == 2 && two(s + 8) == 29 &&
	    (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		return NULL;
	return end;
}

static const char *
time_at(const char *s)
{
	const char *end = shaped(s, "00:00:00");

	if (end == NULL || two(s) > 23 || two(s + 3) > 59 || two(s + 6) > 59)
		return NULL;
	if (*end == '.') {
		size_t digits = strspn(end + 1, "0123456789");

		return digits > 0 ? end + 1 + digits : NULL;
	}
	return end;
}

bool
typed_is_date(const char *text)
{
	const char *end = date_at(text);

	return end != NULL && is_zone(end);
}

bool
typed_is_time(const char *text)
{
	const char *end = time_at(text);

	return end != NULL && is_zone(end);
}

bool
typed_is_datetime(const char *text)
{
	const char *end = date_at(text);

	end = end != NULL && *end == 'T' ? time_at(end + 1) : NULL;
	return end != NULL && is_zone(end);
}

/* Parts like 5H in the order of `units`; where they end, NULL if one is broken.
 * Seconds alone may have a fraction (XML Schema 2, 3.2.6.1). */
static const char *
duration_parts(const char *s, const char *units, bool *any)
{
	while (*s >= '0' && *s <= '9') {
		const char *unit;

		s += strspn(s, "0123456789");
		if (*s == '.') {
			size_t digits = strspn(s + 1, "0123456789");

			s += 1 + digits;
			if (digits == 0 || *s != 'S')
				return NULL;
		}
		unit = *s != '\0' ? strchr(units, *s) : NULL;
		if (unit == NULL)
			return NULL;
		units = unit + 1;
		*any = true;
		s++;
	}
	return s;
}

bool
typed_is_duration(const char *text)
{
	bool dated = false, timed = false;
	const char *s = text + (*text == '-');

	if (*s != 'P')
		return false;
	s = duration_parts(s + 1, "YMD", &dated);
	if (s != NULL && *s == 'T') {
		s = duration_parts(s + 1, "HMS", &timed);
		if (!timed)
			return false;
	}
	return s != NULL && *s == '\0' && (dated || timed);
}

bool
typed_is_color(const char *text)
{
	size_t n = strlen(text);

	return (n == 6 || n == 8) && strspn(text, "0123456789abcdefABCDEF") == n;
}

static bool
is_whole(struct control_value *v, int64_t min, int64_t max)
{
	int64_t whole;

	if (str_to_int(v->text, min, max, &whole) < 0)
		return false;
	v->num = (double)whole;
	return true;
}

bool
typed_fits(struct control_value *v)
{
	switch (v->type) {
	case VALUE_BOOL:
		return str_to_bool(v->text, &v->boolean) == 0;
	case VALUE_INT:
		return is_whole(v, INT32_MIN, INT32_MAX);
	case VALUE_LONG:
		return is_whole(v, INT64_MIN, INT64_MAX);
	case VALUE_NUMERIC:
		return str_to_double(v->text, &v->num) == 0;
	case VALUE_DATE:
		return typed_is_date(v->text);
	case VALUE_TIME:
		return typed_is_time(v->text);
	case VALUE_DATETIME:
		return typed_is_datetime(v->text);
	case VALUE_DURATION:
		return typed_is_duration(v->text);
	case VALUE_COLOR:
		return typed_is_color(v->text);
	case VALUE_STRING:
	case VALUE_ENUM:
	default:
		return true;
	}
}

const char *
typed_schema(enum value_type t)
{
	static const char *const names[] = {
		[VALUE_BOOL] = "xs:boolean", [VALUE_INT] = "xs:int", [VALUE_LONG] = "xs:long",
		[VALUE_NUMERIC] = "xs:double", [VALUE_STRING] = "xs:string",
		[VALUE_DATE] = "xs:date", [VALUE_TIME] = "xs:time",
		[VALUE_DATETIME] = "xs:dateTime", [VALUE_DURATION] = "xs:duration",
		[VALUE_ENUM] = "xs:string", [VALUE_COLOR] = "xs:string",
	};

	return names[t];
}
