/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone: the second half of a TZif file holds 64-bit moments at which the
 * offset changes, and behind them a rule in the manner of POSIX TZ for all
 * later years.  We keep the moments and compute those of the rule year by year.
 */
#include "config.h"

#include "common/base/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/calendar.h"
#include "common/base/mem.h"

#define ZONES_MAX 256		/* kept at once; there are about 600 names */
#define TZIF_BYTES (64 * 1024)
#define TZIF_HEAD 44
#define CHANGES_MAX 4096
#define DAY_S 86400

/* One end of summer time: "M3.5.0/2", "J60", "59". */
struct edge {
	char kind;		/* 'M', 'J' or 'N' */
	int month, week, day;
	int32_t time_s;
};

struct zone {
	char name[ZONE_NAME];
	size_t n;		/* changes */
	int64_t *at;		/* unix seconds */
	int32_t *offset;	/* from then on */
	int32_t first;		/* before the first */
	bool has_rule, has_summer;
	int32_t standard, summer;
	struct edge begin, end;
};

struct zones {
	char dir[256];
	struct zone *zone[ZONES_MAX];
	size_t n;
};

/* ---- numbers of a file ---- */

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int32_t be32s(const unsigned char *p)
{
	return (int32_t)be32(p);
}

static int64_t be64s(const unsigned char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct counts {
	uint32_t utc, std, leap, time, type, chars;
};

static bool read_counts(const unsigned char *p, size_t len, struct counts *c)
{
	if (len < TZIF_HEAD || memcmp(p, "TZif", 4) != 0)
		return false;
	c->utc = be32(p + 20);
	c->std = be32(p + 24);
	c->leap = be32(p + 28);
	c->time = be32(p + 32);
	c->type = be32(p + 36);
	c->chars = be32(p + 40);
	return c->time <= CHANGES_MAX && c->type > 0 && c->type <= 256 && c->chars <= 1024 &&
	    c->leap <= 1024 && c->utc <= 256 && c->std <= 256;
}

static size_t body_bytes(const struct counts *c, size_t moment)
{
	return c->time * (moment + 1) + c->type * 6 + c->chars + c->leap * (moment + 4) +
	    c->std + c->utc;
}

/* ---- the rule behind the moments ---- */

static bool take_number(const char **s, int *out)
{
	int v = 0, digits = 0;

	for (; **s >= '0' && **s <= '9' && digits < 4; ++*s, digits++)
		v = 10 * v + (**s - '0');
	*out = v;
	return digits > 0;
}

/* "CET" or "<+0330>". */
static bool take_zone_name(const char **s)
{
	const char *start = *s;

	if (**s == '<') {
		*s += strcspn(*s, ">");
		if (**s == '\0')
			return false;
		++*s;
		return true;
	}
	while ((**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z'))
		++*s;
	return *s - start >= 3;
}

/* "[+-]hh[:mm[:ss]]", in seconds. */
static bool take_time(const char **s, int32_t *out)
{
	int sign = 1, h, m = 0, sec = 0;

	if (**s == '-' || **s == '+')
		sign = *(*s)++ == '-' ? -1 : 1;
	if (!take_number(s, &h) || h > 167)
		return false;
	if (**s == ':' && (++*s, !take_number(s, &m)))
		return false;
	if (**s == ':' && (++*s, !take_number(s, &sec)))
		return false;
	*out = sign * (h * 3600 + m * 60 + sec);
	return m < 60 && sec < 60;
}

static bool take_edge(const char **s, struct edge *e)
{
	e->time_s = 2 * 3600;
	e->kind = 'N';
	if (**s == 'M') {
		e->kind = *(*s)++;
		if (!take_number(s, &e->month) || *(*s)++ != '.' || !take_number(s, &e->week) ||
		    *(*s)++ != '.' || !take_number(s, &e->day) || e->month < 1 ||
		    e->month > 12 || e->week < 1 || e->week > 5 || e->day > 6)
			return false;
	} else {
		if (**s == 'J')
			e->kind = *(*s)++;
		if (!take_number(s, &e->day) || e->day > 365)
			return false;
	}
	return **s != '/' || (++*s, take_time(s, &e->time_s));
}

static bool is_offset(int32_t east)
{
	return east >= -2 * DAY_S && east <= 2 * DAY_S;
}

static bool read_rule(struct zone *z, const char *s)
{
	if (*s == '\0')
		return true;
	if (!take_zone_name(&s) || !take_time(&s, &z->standard))
		return false;
	z->standard = -z->standard;
	z->has_rule = true;
	if (*s == '\0')
		return is_offset(z->standard);
	z->summer = z->standard + 3600;
	if (!take_zone_name(&s))
		return false;
	if (*s != ',' && *s != '\0') {
		if (!take_time(&s, &z->summer))
			return false;
		z->summer = -z->summer;
	}
	z->has_summer = *s++ == ',' && take_edge(&s, &z->begin) && *s++ == ',' &&
	    take_edge(&s, &z->end) && *s == '\0';
	return z->has_summer && is_offset(z->standard) && is_offset(z->summer);
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int64_t year_of(int64_t unix_s)
{
	int64_t y = 1970 + unix_s / (365 * DAY_S + DAY_S / 4);

	while (calendar_days(y, 1, 1) * DAY_S > unix_s)
		y--;
	while (calendar_days(y + 1, 1, 1) * DAY_S <= unix_s)
		y++;
	return y;
}

/* The day of that edge in one year, and its moment by a clock of `offset`. */
static int64_t edge_at(const struct edge *e, int64_t year, int32_t offset)
{
	int64_t day;

	if (e->kind == 'M') {
		int64_t first = calendar_days(year, e->month, 1);
		int64_t next = e->month == 12 ? calendar_days(year + 1, 1, 1) :
		    calendar_days(year, e->month + 1, 1);
		int weekday = (int)(((first + 4) % 7 + 7) % 7);

		day = first + (e->day - weekday + 7) % 7 + 7 * (e->week - 1);
		while (day >= next)
			day -= 7;
	} else {
		day = calendar_days(year, 1, 1) + e->day;
		if (e->kind == 'J')		/* February 29 is never counted */
			day -= is_leap(year) && e->day >= 60 ? 0 : 1;
	}
	return day * DAY_S + e->time_s - offset;
}

/* The offset by the rule, and the first edge behind that moment. */
static int32_t by_rule(const struct zone *z, int64_t now, int64_t *until)
{
	int64_t year = year_of(now), last = INT64_MIN;
	int32_t offset = z->standard;

	*until = 0;
	if (!z->has_summer)
		return offset;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		const int64_t at[] = { edge_at(&z->begin, y, z->standard),
			edge_at(&z->end, y, z->summer) };

		for (int i = 0; i < 2; i++) {
			if (at[i] <= now && at[i] > last) {
				last = at[i];
				offset = i == 0 ? z->summer : z->standard;
			}
			if (at[i] > now && (*until == 0 || at[i] < *until))
				*until = at[i];
		}
	}
	return offset;
}

/* ---- one file ---- */

static bool read_changes(struct zone *z, const unsigned char *p, const struct counts *c)
{
	const unsigned char *type = p + c->time * 8, *info = type + c->time;

	z->at = mem_array(c->time + 1, sizeof(*z->at));
	z->offset = mem_array(c->time + 1, sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL)
		return false;
	z->first = be32s(info);
	for (uint32_t i = 0; i < c->time; i++) {
		if (type[i] >= c->type)
			return false;
		z->at[i] = be64s(p + 8 * (size_t)i);
		z->offset[i] = be32s(info + 6 * (size_t)type[i]);
		if ((i > 0 && z->at[i] <= z->at[i - 1]) || !is_offset(z->offset[i]))
			return false;
	}
	z->n = c->time;
	return is_offset(z->first);
}

/* Behind the moments, between two line feeds. */
static bool read_footer(struct zone *z, const unsigned char *p, size_t len)
{
	char rule[128];
	const unsigned char *end;

	if (len < 2 || p[0] != '\n' || (end = memchr(p + 1, '\n', len - 1)) == NULL ||
	    (size_t)(end - p) > sizeof(rule))
		return false;
	memcpy(rule, p + 1, (size_t)(end - p - 1));
	rule[end - p - 1] = '\0';
	return read_rule(z, rule);
}

struct zone *zone_read(const char *name, const void *data, size_t len)
{
	struct zone *z = mem_zalloc(sizeof(*z));
	const unsigned char *p = data;
	struct counts c;
	size_t skip;

	if (z == NULL || strlen(name) >= sizeof(z->name) || !read_counts(p, len, &c) ||
	    p[4] < '2')
		goto fail;
	memcpy(z->name, name, strlen(name) + 1);
	skip = TZIF_HEAD + body_bytes(&c, 4);
	if (skip > len || !read_counts(p + skip, len - skip, &c))
		goto fail;
	p += skip + TZIF_HEAD;
	len -= skip + TZIF_HEAD;
	skip = body_bytes(&c, 8);
	if (skip > len || !read_changes(z, p, &c) || !read_footer(z, p + skip, len - skip))
		goto fail;
	return z;
fail:
	zone_free(&z);
	return NULL;
}

void zone_free(struct zone **z)
{
	if (*z == NULL)
		return;
	mem_free((*z)->at);
	mem_free((*z)->offset);
	mem_free(*z);
	*z = NULL;
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

int32_t zone_offset(const struct zone *z, int64_t wall_ms, int64_t *until_ms)
{
	int64_t now = wall_ms / 1000, until = 0;
	size_t low = 0, high = z->n;
	int32_t offset;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (z->at[mid] <= now)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->has_rule) {
		offset = by_rule(z, now, &until);
	} else {
		offset = low == 0 ? z->first : z->offset[low - 1];
		until = low < z->n ? z->at[low] : 0;
	}
	if (until_ms != NULL)	/* a file may name times that no clock will show */
		*until_ms = until <= INT64_MAX / 1000 ? until * 1000 : 0;
	return offset;
}

/* ---- the folder ---- */

struct zones *zones_new(const char *dir)
{
	struct zones *z = mem_zalloc(sizeof(*z));

	if (z != NULL)
		snprintf(z->dir, sizeof(z->dir), "%s", dir != NULL ? dir : "/usr/share/zoneinfo");
	return z;
}

void zones_free(struct zones **z)
{
	if (*z == NULL)
		return;
	for (size_t i = 0; i < (*z)->n; i++)
		zone_free(&(*z)->zone[i]);
	mem_free(*z);
	*z = NULL;
}

/* Letters, digits and a few signs, in parts that begin with a letter: no way up. */
static bool name_is_good(const char *s)
{
	bool start = true;

	if (s[0] == '\0' || strlen(s) >= ZONE_NAME)
		return false;
	for (; *s != '\0'; s++) {
		bool letter = (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');

		if (start ? !letter : !(letter || (*s >= '0' && *s <= '9') ||
			strchr("/_+-", *s) != NULL))
			return false;
		start = *s == '/';
	}
	return !start;
}

static struct zone *load(const struct zones *all, const char *name)
{
	unsigned char data[TZIF_BYTES];
	char path[sizeof(all->dir) + ZONE_NAME + 1];
	struct stat st;
	struct zone *z = NULL;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", all->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (n = read(fd, data, sizeof(data))) > 0)
		z = zone_read(name, data, (size_t)n);
	close(fd);
	return z;
}

const struct zone *zones_find(struct zones *z, const char *name)
{
	if (z == NULL || !name_is_good(name))
		return NULL;
	for (size_t i = 0; i < z->n; i++)
		if (strcmp(z->zone[i]->name, name) == 0)
			return z->zone[i];
	if (z->n == ZONES_MAX || (z->zone[z->n] = load(z, name)) == NULL)
		return NULL;
	return z->zone[z->n++];
}
