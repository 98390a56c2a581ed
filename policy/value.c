/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: names of actions and verdicts, comparing names, calendar dates.
 * Knows no rule.  Next: rule.c.
 */
#include "config.h"

#include "policy/value.h"

#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>

#include "common/base/jid.h"
#include "common/base/str.h"
#include "common/base/zone.h"

static const struct {
	const char *name, *doing;
} actions[ACTION_COUNT] = {
	[ACTION_BEFRIEND] = { "befriend", "befriending" },
	[ACTION_READ] = { "read", "reading" },
	[ACTION_CONTROL] = { "control", "controlling" },
	[ACTION_ACCESS] = { "access", "accessing" },
	[ACTION_PRIVILEGE] = { "use", "using" },
};

const char *action_name(enum action a)
{
	return actions[a].name;
}

bool action_find(const char *word, enum action *out)
{
	for (int i = 0; i < ACTION_COUNT; i++)
		if (str_case_eq(word, actions[i].name) || str_case_eq(word, actions[i].doing)) {
			*out = (enum action)i;
			return true;
		}
	return false;
}

const char *type_name(unsigned type)
{
	static const char *const name[] = { "momentary", "peak", "status", "computed", "identity",
		"historical" };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (type == 1u << i)
			return name[i];
	return NULL;
}

const char *verdict_name(enum verdict v)
{
	static const char *const name[] = { "deny", "ask", "allow" };

	return name[v];
}

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool value_same(const char *a, const char *b)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
	int order;

	while (*x != '\0' && lower(*x) == lower(*y)) {
		x++;
		y++;
	}
	/* Where two plain letters differ, nothing that follows can make up for it. */
	if ((*x | *y) < 0x80)
		return *x == *y;
	/* Without memory nobody could tell whether a deny is meant: stop. */
	if (u8_casecmp((const uint8_t *)a, strlen(a), (const uint8_t *)b, strlen(b), NULL,
		UNINORM_NFC, &order) != 0)
		abort();
	return order == 0;
}

bool value_is_token(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz234567");

	return s[len] == '\0' && len >= POLICY_TOKEN_MIN && len <= POLICY_TOKEN_MAX;
}

bool value_is_role(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
	struct jid site;

	if (len < 1 || len > POLICY_ROLE)
		return false;
	if (s[len] == '\0')
		return true;
	return s[len] == '@' && jid_parse_bare(&site, s + len + 1, JID_STRINGPREP, NULL) == 0 &&
	       !jid_has_local(&site) && strcmp(site.text, s + len + 1) == 0;
}

/* As in the files of RFC 8536: UTC, Europe/Berlin, Etc/GMT+1. */
bool value_is_zone(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (strlen(s) >= ZONE_NAME || s[0] == '\0')
		return false;
	for (;;) {
		if (s[0] == '\0' || strchr(letters, s[0]) == NULL)
			return false;
		s += strspn(s, letters);
		s += strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-");
		if (*s == '\0')
			return true;
		if (*s++ != '/')
			return false;
	}
}

#define HASH_START 0xcbf29ce484222325u		/* FNV-1a */
#define HASH_STEP 0x100000001b3u

/* Without memory nobody could tell whether a deny is meant: stop. */
static uint8_t *fold(const char *s, uint8_t *space, size_t *len)
{
	uint8_t *folded = u8_casefold((const uint8_t *)s, strlen(s), NULL, UNINORM_NFC, space, len);

	if (folded == NULL)
		abort();
	return folded;
}

static uint64_t hash_folded(const char *s)
{
	uint8_t space[4 * POLICY_NAME];
	size_t len = sizeof(space);
	uint8_t *folded = fold(s, space, &len);
	uint64_t h = HASH_START;

	for (size_t i = 0; i < len; i++)
		h = (h ^ folded[i]) * HASH_STEP;
	if (folded != space)
		free(folded);
	return h;
}

uint64_t value_hash(const char *s)
{
	uint64_t h = HASH_START;

	for (const char *at = s; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= 0x80)
			return hash_folded(s);
		h = (h ^ lower(c)) * HASH_STEP;
	}
	return h;
}

char *value_fold(const char *s, char *space, size_t size)
{
	size_t len = strlen(s);
	uint8_t *folded;
	char *text;

	if (len < size && str_is_plain_ascii(s)) {
		memcpy(space, s, len + 1);
		str_lower(space);
		return space;
	}
	folded = fold(s, NULL, &len);
	text = malloc(len + 1);
	if (text == NULL)
		abort();
	memcpy(text, folded, len);
	text[len] = '\0';
	free(folded);
	return text;
}

char value_plain(uint32_t c)
{
	static const struct {
		uint32_t from, to;
		char plain;
	} table[] = {
		{ 0x00a0, 0x00a0, ' ' },	/* no-break space */
		{ 0x00ab, 0x00ab, '"' },	/* guillemets */
		{ 0x00bb, 0x00bb, '"' },
		{ 0x2000, 0x200a, ' ' },	/* spaces of all widths */
		{ 0x2010, 0x2015, '-' },	/* dashes */
		{ 0x2018, 0x201b, '\'' },
		{ 0x201c, 0x201f, '"' },
		{ 0x202f, 0x202f, ' ' },
		{ 0x2212, 0x2212, '-' },	/* minus */
		{ 0x3000, 0x3000, ' ' },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (c >= table[i].from && c <= table[i].to)
			return table[i].plain;
	return 0;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days before the first of January of that year, since 1970. */
static int64_t days_before_year(int year)
{
	int64_t y = year - 1;

	return 365 * (y - 1969) + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
	       (y / 400 - 1969 / 400);
}

int date_to_ms(const struct date *d, int32_t zone_s, int64_t *wall_ms)
{
	int64_t days;

	if (d->year < DATE_YEARS_FROM || d->year > DATE_YEARS_TO || d->month < 1 ||
	    d->month > 12 || d->day < 1 || d->day > days_of_month(d->year, d->month) ||
	    d->hour < 0 || d->hour > 23 || d->minute < 0 || d->minute > 59 || d->second < 0 ||
	    d->second > 59)
		return -1;
	days = days_before_year(d->year) + d->day - 1;
	for (int m = 1; m < d->month; m++)
		days += days_of_month(d->year, m);
	*wall_ms = (((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second - zone_s) * 1000;
	return 0;
}

struct date date_from_ms(int64_t wall_ms, int32_t zone_s)
{
	int64_t s = wall_ms / 1000 + zone_s;
	int64_t days = s / 86400, left = s % 86400;
	struct date d = { DATE_YEARS_FROM, 1, 1, 0, 0, 0 };

	if (s < 0)
		return d;
	d.year = DATE_YEARS_FROM + (int)(days / 366);
	while (days_before_year(d.year + 1) <= days)
		d.year++;
	days -= days_before_year(d.year);
	while (days >= days_of_month(d.year, d.month))
		days -= days_of_month(d.year, d.month++);
	d.day = (int)days + 1;
	d.hour = (int)(left / 3600);
	d.minute = (int)(left / 60 % 60);
	d.second = (int)(left % 60);
	return d;
}
