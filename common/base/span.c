/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span: is this value among those?  Numbers are compared as numbers, texts
 * without case.
 */
#include "config.h"

#include "common/base/span.h"

#include "common/base/str.h"

bool span_is_about(const struct span *s, const char *name)
{
	return s->name == NULL || str_case_eq(s->name, name);
}

bool span_is_whole(const struct span *s)
{
	return s->text == NULL && !s->has_min && !s->has_max;
}

static bool is_in_range(const struct span *s, double v)
{
	if (s->has_min && (s->min_out ? v <= s->min : v < s->min))
		return false;
	return !s->has_max || (s->max_out ? v < s->max : v <= s->max);
}

bool span_holds(const struct span *s, const char *value)
{
	double v;

	if (s->text != NULL)
		return str_case_eq(s->text, value);
	if (span_is_whole(s))
		return true;
	return str_to_double(value, &v) == 0 && is_in_range(s, v);
}
