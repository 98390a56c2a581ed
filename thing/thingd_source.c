/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_source: [source NAME] and the sections that belong to it, which name
 * it: [source NAME field F], [source NAME control C], [source NAME tags].
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/conf.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/thingd_conf.h"

#define YEAR_MS (365 * 24 * 3600 * 1000LL)

/* The keys that are a plain value. */
static const struct { const char *name; enum conf_type type; size_t offset; } plain[] = {
	{ "type", CONF_TEXT, offsetof(struct thingd_source, type) },
	{ "user", CONF_TEXT, offsetof(struct thingd_source, user) },
	{ "password_file", CONF_TEXT, offsetof(struct thingd_source, password_file) },
	{ "ca_file", CONF_TEXT, offsetof(struct thingd_source, ca_file) },
	{ "client_id", CONF_TEXT, offsetof(struct thingd_source, client_id) },
	{ "shell", CONF_BOOL, offsetof(struct thingd_source, shell) },
	{ "tls", CONF_BOOL, offsetof(struct thingd_source, tls) },
	{ "silence", CONF_TIME, offsetof(struct thingd_source, silence_ms) },
	{ "forget", CONF_TIME, offsetof(struct thingd_source, forget_ms) },
};
#define PLAIN (sizeof(plain) / sizeof(plain[0]))

/* ---- taking lines ------------------------------------------------------------ */

/* NULL: too many, or no memory. */
static struct thingd_source *find(struct thingd_conf *c, const char *name, size_t len)
{
	struct thingd_source *s;

	for (size_t i = 0; i < c->n_sources; i++)
		if (strlen(c->source[i]->name) == len &&
		    strncmp(c->source[i]->name, name, len) == 0)
			return c->source[i];
	if (c->n_sources == THINGD_SOURCES || !(s = mem_zalloc(sizeof(*s))))
		return NULL;
	c->source[c->n_sources++] = s;
	s->name = mem_strndup(name, len);
	return s->name ? s : NULL;
}

static int put_text(char **out, const char *value, struct err *e)
{
	mem_free(*out);
	*out = mem_strdup(value);
	return *out ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int take_key(struct thingd_source *s, const char *name, const char *value, struct err *e)
{
	const struct source_ops *ops = source_find(name);

	if (ops && s->ops)
		return err_set(e, ERR_INPUT, "%s= and %s= in one section", s->ops->key, ops->key);
	if (ops && !*value)
		return err_set(e, ERR_INPUT, "%s= is empty", ops->key);
	if (ops) {
		s->ops = ops;
		return put_text(&s->spec, value, e);
	}
	for (size_t i = 0; i < PLAIN; i++) {
		void *at = (char *)s + plain[i].offset;

		if (strcmp(name, plain[i].name) != 0)
			continue;
		if (plain[i].type == CONF_TEXT)
			return put_text(at, value, e);
		return plain[i].type == CONF_BOOL ? conf_value_bool(value, at, e)
		    : conf_value_time(value, 1000, YEAR_MS, at, e);
	}
	return 1;
}

static int take_tag(struct thingd_source *s, const char *name, const char *value, struct err *e)
{
	struct thingd_tag *t = &s->tag[s->n_tags];

	if (str_case_eq(name, "KEY") || str_case_eq(name, "R"))
		return err_set(e, ERR_INPUT, "%s is made by the thing and cannot be set", name);
	if (s->n_tags == SOURCE_TAGS)
		return err_set(e, ERR_LIMIT, "more than %d tags", SOURCE_TAGS);
	if (str_utf8_chars(name) > 32 || str_utf8_chars(value) > 64)
		return err_set(e, ERR_LIMIT, "a tag has at most 32, its value 64 characters");
	s->n_tags++;
	return put_text(&t->name, name, e) < 0 ? -1 : put_text(&t->text, value, e);
}

static int take_point(struct thingd_source *s, bool is_control, const char *of, const char *name,
    const char *value, struct err *e)
{
	struct thingd_point *p;
	size_t i = 0;

	if (!*of || strlen(of) > SOURCE_NAME)
		return err_set(e, ERR_INPUT, "a field or control has a name of 1 to %d bytes",
		    SOURCE_NAME);
	while (i < s->n_points && (s->point[i].is_control != is_control ||
	    !str_case_eq(s->point[i].name, of)))
		i++;
	if (i == SOURCE_SHAPES)
		return err_set(e, ERR_LIMIT, "more than %d fields and controls", SOURCE_SHAPES);
	p = &s->point[i];
	if (i == s->n_points) {
		thingd_point_init(p, is_control);
		s->n_points++;
		if (put_text(&p->name, of, e) < 0)
			return -1;
	}
	if (device_find(name))
		return err_set(e, ERR_INPUT, "%s= belongs to [field ...] and [control ...]", name);
	return thingd_point_take(p, name, value, e);
}

int thingd_source_take(struct thingd_conf *c, const char *section, const char *name,
    const char *value, struct err *e)
{
	size_t len = strcspn(section, " ");
	const char *rest = section + len + strspn(section + len, " ");
	struct thingd_source *s;

	if (len == 0 || len > SOURCE_NAME)
		return err_set(e, ERR_INPUT, "a source has a name of 1 to %d bytes", SOURCE_NAME);
	s = find(c, section, len);
	if (!s)
		return err_set(e, ERR_LIMIT, "more than %d sources", THINGD_SOURCES);
	if (!*rest)
		return take_key(s, name, value, e);
	if (strcmp(rest, "tags") == 0)
		return take_tag(s, name, value, e);
	if (str_starts(rest, "field "))
		return take_point(s, false, rest + strlen("field "), name, value, e);
	if (str_starts(rest, "control "))
		return take_point(s, true, rest + strlen("control "), name, value, e);
	return 1;
}

/* ---- the whole ---------------------------------------------------------------- */

static struct source_shape shape_of(const struct thingd_point *p)
{
	return (struct source_shape){
		.value = thingd_conf_device(p), .unit = p->unit, .kinds = p->kinds,
		.history = (size_t)p->history, .every_ms = thingd_conf_every(p), .change = p->change,
		.min = p->min, .max = p->max,
		.choices = p->choices ? (const char *const *)p->choice : NULL,
		.topic = p->topic, .on = p->on, .off = p->off, .payload = p->payload,
		.with = p->with, .retain = p->retain,
	};
}

struct source_conf thingd_source_conf(const struct thingd_source *s)
{
	struct source_conf c = {
		.name = s->name, .spec = s->spec, .type = s->type, .shell = s->shell,
		.silence_ms = s->silence_ms, .forget_ms = s->forget_ms, .user = s->user,
		.password_file = s->password_file, .ca_file = s->ca_file,
		.client_id = s->client_id, .tls = s->tls,
	};

	for (; c.n_tags < s->n_tags; c.n_tags++) {
		c.tag[c.n_tags].name = s->tag[c.n_tags].name;
		c.tag[c.n_tags].text = s->tag[c.n_tags].text;
	}
	for (; c.n_shapes < s->n_points; c.n_shapes++)
		c.shape[c.n_shapes] = shape_of(&s->point[c.n_shapes]);
	return c;
}

static bool has_field(const struct thingd_source *s, const char *name)
{
	for (size_t i = 0; i < s->n_points; i++)
		if (!s->point[i].is_control && str_case_eq(s->point[i].name, name))
			return true;
	return false;
}

/* Opening is checking; nobody is connected to, nothing is read or run. */
static int check(const struct thingd_source *s, struct err *e)
{
	struct source_host host = { .clock = &clock_system };
	struct source_conf conf = thingd_source_conf(s);
	struct source opened;

	if (!s->ops)
		return err_set(e, ERR_INPUT, "it needs one of folder=, command=, mqtt=");
	for (size_t i = 0; i < s->n_points; i++)
		if (thingd_point_check(&s->point[i], e) < 0) {
			err_prefix(e, "%s", s->point[i].name);
			return -1;
		}
	for (size_t i = 0; i < s->n_points; i++)
		if (s->point[i].with && !has_field(s, s->point[i].with))
			return err_set(e, ERR_INPUT, "with = %s names no field of it",
			    s->point[i].with);
	if (source_open(&opened, s->ops, &conf, &host, e) < 0)
		return -1;
	source_close(&opened);
	return 0;
}

int thingd_source_check(const struct thingd_conf *c, struct err *e)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (check(c->source[i], e) < 0) {
			err_prefix(e, "[source %s]", c->source[i]->name);
			return -1;
		}
	return 0;
}

static void print(const struct thingd_source *s, struct buf *b)
{
	buf_addf(b, "[source %s]\n%s = %s\n", s->name, s->ops->key, s->spec);
	for (size_t i = 0; i < PLAIN; i++) {
		const void *at = (const char *)s + plain[i].offset;

		if (plain[i].type == CONF_TEXT && *(char *const *)at)
			buf_addf(b, "%s = %s\n", plain[i].name, *(char *const *)at);
		else if (plain[i].type == CONF_BOOL && *(const bool *)at)
			buf_addf(b, "%s = yes\n", plain[i].name);
		else if (plain[i].type == CONF_TIME && *(const int64_t *)at)
			buf_addf(b, "%s = %lldms\n", plain[i].name,
			    (long long)*(const int64_t *)at);
	}
	if (s->n_tags)
		buf_addf(b, "[source %s tags]\n", s->name);
	for (size_t i = 0; i < s->n_tags; i++)
		buf_addf(b, "%s = %s\n", s->tag[i].name, s->tag[i].text);
	for (size_t i = 0; i < s->n_points; i++) {
		buf_addf(b, "[source %s %s %s]\n", s->name,
		    s->point[i].is_control ? "control" : "field", s->point[i].name);
		thingd_point_print(&s->point[i], b);
	}
}

void thingd_source_print(const struct thingd_conf *c, struct buf *out)
{
	for (size_t i = 0; i < c->n_sources; i++)
		print(c->source[i], out);
}

void thingd_source_free(struct thingd_conf *c)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		struct thingd_source *s = c->source[i];

		mem_free(s->name);
		mem_free(s->spec);
		for (size_t k = 0; k < PLAIN; k++)
			if (plain[k].type == CONF_TEXT)
				mem_free(*(char **)(void *)((char *)s + plain[k].offset));
		for (size_t k = 0; k < s->n_tags; k++) {
			mem_free(s->tag[k].name);
			mem_free(s->tag[k].text);
		}
		for (size_t k = 0; k < s->n_points; k++)
			thingd_point_free(&s->point[k]);
		mem_free(s);
	}
	c->n_sources = 0;
}
