/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: the nodes of one source and what was last heard of them.  Read next:
 * source_folder.c, the simplest of the kinds.
 */
#include "config.h"

#include "thing/source.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/str.h"

static const struct source_ops *const kinds[] = { &source_folder, &source_command, &source_mqtt };

const struct source_ops *source_find(const char *key)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

int source_open(struct source *s, const struct source_ops *ops, const struct source_conf *conf,
    const struct source_host *host, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->conf = *conf;
	s->host = *host;
	if (ops->open(s, e) == 0)
		return 0;
	memset(s, 0, sizeof(*s));
	return -1;
}

static void free_node(struct source_node *n)
{
	for (size_t i = 0; i < n->n_points; i++)
		mem_free(n->point[i]);
	mem_free(n);
}

void source_close(struct source *s)
{
	struct source_node *n;

	if (s->ops)
		s->ops->close(s);
	while ((n = s->nodes)) {
		s->nodes = n->next;
		free_node(n);
	}
	memset(s, 0, sizeof(*s));
}

/* ---- nodes ---------------------------------------------------------------- */

static struct kith_thing_at at_of(const struct source_node *n)
{
	return (struct kith_thing_at){ .id = n->id, .source = n->source->conf.name };
}

struct source_node *source_node_find(const struct source *s, const char *id)
{
	struct source_node *n = s->nodes;

	while (n && (n->gone || strcmp(n->id, id) != 0))
		n = n->next;
	return n;
}

/* What stands in a place people and programs read: text, and not too much. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > SOURCE_NAME || !str_utf8_valid(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

/* "{id}" of the tags in the settings. */
static void put_id(char out[static 129], const char *text, const char *id)
{
	const char *mark = strstr(text, "{id}");

	if (mark)
		snprintf(out, 129, "%.*s%s%s", (int)(mark - text), text, id, mark + 4);
	else
		snprintf(out, 129, "%s", text);
}

static int tell_node(const struct source_node *n, const struct source_about *about,
    int (*tell)(void *arg, const struct kith_thing_node *n))
{
	const struct source_conf *c = &n->source->conf;
	struct kith_thing_tag tag[2 * SOURCE_TAGS + 1];
	char text[SOURCE_TAGS][129];
	size_t k = 0;

	for (size_t i = 0; i < about->n_tags; i++)
		tag[k++] = about->tag[i];
	for (size_t i = 0; i < c->n_tags; i++) {
		size_t j = 0;

		while (j < about->n_tags && !str_case_eq(about->tag[j].name, c->tag[i].name))
			j++;
		if (j < about->n_tags)
			continue;	/* it knows better */
		put_id(text[i], c->tag[i].text, n->id);
		tag[k++] = (struct kith_thing_tag){ .name = c->tag[i].name, .text = text[i] };
	}
	if (k == 0)
		tag[k++] = (struct kith_thing_tag){ .name = "SN", .text = n->id };
	return tell(n->source->host.arg, &(struct kith_thing_node){
		.size = sizeof(struct kith_thing_node), .at = at_of(n), .name = about->name,
		.type = about->type ? about->type : c->type, .parent = about->parent,
		.tags = tag, .n_tags = k });
}

/* Those that are gone make room, when there is no other. */
static bool has_room(struct source *s)
{
	struct source_node **at = &s->nodes, *n;

	if (s->n_nodes < KITH_THING_NODES)
		return true;
	while (*at && !(*at)->gone)
		at = &(*at)->next;
	n = *at;
	if (n) {
		*at = n->next;
		s->n_nodes--;
		free_node(n);
		return true;
	}
	if (!s->full_said)
		log_warn("source %s: more than %d nodes; the others are left out", s->conf.name,
		    KITH_THING_NODES);
	s->full_said = true;
	return false;
}

static struct source_node *make_node(struct source *s, const struct source_about *about)
{
	struct source_node *n = has_room(s) ? mem_zalloc(sizeof(*n)) : NULL;

	if (!n)
		return NULL;
	n->source = s;
	(void)!str_copy(n->id, sizeof(n->id), about->id);	/* is_name() */
	n->heard_ms = clock_boot(s->host.clock);
	if (tell_node(n, about, s->host.add_node) < 0) {
		if (!s->full_said)
			log_warn("source %s: node '%s' cannot be added", s->conf.name, n->id);
		s->full_said = true;
		mem_free(n);
		return NULL;
	}
	n->next = s->nodes;
	s->nodes = n;
	s->n_nodes++;
	log_info("source %s: node '%s'", s->conf.name, n->id);
	return n;
}

/* Is this control of nodes like that one? */
static void add_controls(struct source_node *n)
{
	const struct source_conf *c = &n->source->conf;

	for (size_t i = 0; i < c->n_shapes; i++) {
		const struct source_shape *s = &c->shape[i];

		if (s->value.is_control && (!s->with || source_point_find(n, s->with, false)))
			(void)source_point(n, s->value.name, true, s);
	}
}

struct source_node *source_node(struct source *s, const struct source_about *about)
{
	struct source_node *n;

	if (!is_name(about->id))
		return NULL;
	n = source_node_find(s, about->id);
	if (n)
		return n;
	n = make_node(s, about);
	if (n)
		add_controls(n);
	return n;
}

struct source_node *source_node_is(struct source *s, const struct source_about *about)
{
	struct source_node *n = is_name(about->id) ? source_node_find(s, about->id) : NULL;
	bool odd;

	if (!n)
		return source_node(s, about);
	odd = tell_node(n, about, s->host.change_node) < 0;
	if (odd && !n->odd)
		log_warn("source %s: node '%s' cannot be called that", s->conf.name, n->id);
	n->odd = odd;
	return n;
}

void source_node_gone(struct source_node *n)
{
	struct kith_thing_at at = at_of(n);

	log_info("source %s: node '%s' is gone", n->source->conf.name, n->id);
	n->gone = true;
	(void)n->source->host.remove_node(n->source->host.arg, &at);
}

/* What people see: its own words, unless nothing is heard of it at all. */
static void tell_state(const struct source_node *n)
{
	struct kith_thing_at at = at_of(n);

	(void)n->source->host.node_state(n->source->host.arg, &at, n->silent || n->source->is_down
	    ? KITH_THING_NODE_WARNING_UNSIGNED : n->state);
}

void source_node_state(struct source_node *n, enum kith_thing_node_state state)
{
	if (n->state == state)
		return;
	n->state = state;
	tell_state(n);
}

void source_down(struct source *s, const char *why)
{
	bool was = s->is_down;

	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	s->is_down = true;
	if (was)
		return;
	log_warn("source %s: %s", s->conf.name, s->why);
	for (struct source_node *n = s->nodes; n; n = n->next)
		if (!n->gone)
			tell_state(n);
}

void source_up(struct source *s)
{
	if (!s->is_down)
		return;
	s->is_down = false;
	log_info("source %s: is back", s->conf.name);
	for (struct source_node *n = s->nodes; n; n = n->next)
		if (!n->gone) {
			n->heard_ms = clock_boot(s->host.clock);
			tell_state(n);
		}
}

/* ---- fields and controls --------------------------------------------------- */

struct source_point *source_point_find(const struct source_node *n, const char *name,
    bool is_control)
{
	for (size_t i = 0; i < n->n_points; i++)
		if (n->point[i]->shape.value.is_control == is_control &&
		    str_case_eq(n->point[i]->name, name))
			return n->point[i];
	return NULL;
}

static enum kith_thing_result on_read(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	const struct source_point *p = arg;
	const struct source *s = p->node->source;

	(void)ticket;
	if (s->is_down)
		return device_fail(v, "timed out: %s", s->why);
	if (p->node->silent)
		return device_fail(v, "timed out: nothing was heard of it for %lld s",
		    (long long)(s->conf.silence_ms / 1000));
	if (p->standing == SOURCE_UNKNOWN)
		return device_fail(v, "nothing was heard of it yet");
	*v = p->value;
	return p->standing == SOURCE_FAULT ? KITH_THING_FAILED : KITH_THING_OK;
}

/* "{value}" of the payload. */
static void put_value(char out[static SOURCE_VALUE], const char *payload, const char *value)
{
	const char *mark = payload ? strstr(payload, "{value}") : NULL;

	if (mark)
		snprintf(out, SOURCE_VALUE, "%.*s%s%s", (int)(mark - payload), payload, value,
		    mark + 7);
	else
		snprintf(out, SOURCE_VALUE, "%s", payload ? payload : value);
}

static enum kith_thing_result on_write(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	struct source_point *p = arg;
	const struct source *s = p->node->source;
	const char *word = v->boolean ? p->shape.on : p->shape.off;
	char value[KITH_THING_TEXT], text[SOURCE_VALUE];
	struct device d = { .conf = p->shape.value, .unit = 1 };

	if (s->is_down || p->node->gone) {
		snprintf(why, why_size, "%s", s->is_down ? s->why : "it is gone");
		return KITH_THING_FAILED;
	}
	device_text(&d, v, value);
	put_value(text, p->shape.payload, p->shape.value.type == KITH_THING_BOOLEAN && word
	    ? word : value);
	return s->ops->write(p, ticket, text, why, why_size);
}

static int tell_point(struct source_point *p)
{
	const struct source_host *h = &p->node->source->host;
	const struct source_shape *s = &p->shape;

	if (s->value.is_control)
		return h->add_control(h->arg, &(struct kith_thing_control){
			.size = sizeof(struct kith_thing_control), .name = p->name,
			.type = s->value.type, .min = s->min, .max = s->max,
			.choices = s->choices, .write = on_write, .arg = p,
			.node = at_of(p->node) });
	return h->add_field(h->arg, &(struct kith_thing_field){
		.size = sizeof(struct kith_thing_field), .name = p->name, .unit = s->unit,
		.type = s->value.type, .read = on_read, .arg = p, .kinds = s->kinds,
		.history = s->history, .every_ms = s->every_ms, .change = s->change,
		.node = at_of(p->node) });
}

struct source_point *source_point(struct source_node *n, const char *name, bool is_control,
    const struct source_shape *shape)
{
	struct source_point *p = source_point_find(n, name, is_control);

	if (p)
		return p;
	if (!is_name(name) || n->n_points == SOURCE_POINTS || !(p = mem_zalloc(sizeof(*p))))
		return NULL;
	p->node = n;
	(void)!str_copy(p->name, sizeof(p->name), name);	/* is_name() */
	p->shape = *shape;
	p->shape.value.name = p->name;
	p->shape.value.is_control = is_control;
	if (tell_point(p) < 0) {
		log_warn("source %s: '%s' of node '%s' cannot be added", n->source->conf.name,
		    name, n->id);
		mem_free(p);
		return NULL;
	}
	n->point[n->n_points++] = p;
	if (!is_control)
		add_controls(n);
	return p;
}

static void heard(struct source_node *n)
{
	n->heard_ms = clock_boot(n->source->host.clock);
	if (!n->silent)
		return;
	n->silent = false;
	tell_state(n);
}

void source_take(struct source_point *p, const char *text)
{
	struct source_host *h = &p->node->source->host;
	struct device d = { .conf = p->shape.value, .unit = 1 };
	struct kith_thing_at at = at_of(p->node);

	heard(p->node);
	memset(&p->value, 0, sizeof(p->value));
	p->standing = device_value(&d, text, &p->value) == KITH_THING_OK
	    ? SOURCE_KNOWN : SOURCE_FAULT;
	if (p->standing == SOURCE_FAULT)
		return;
	p->value.at_ms = clock_wall(h->clock);
	(void)h->changed(h->arg, &at, p->name, &p->value);
}

void source_fault(struct source_point *p, const char *why)
{
	heard(p->node);
	memset(&p->value, 0, sizeof(p->value));
	p->standing = SOURCE_FAULT;
	(void)device_fail(&p->value, "%s", why);
}

void source_guess(char *text, enum kith_thing_type *type, char unit[static 16])
{
	size_t len = strspn(text, "+-0123456789.eE"), gap = strspn(text + len, " ");
	const char *rest = text + len + gap;
	bool boolean;
	double n;
	char c = text[len];

	unit[0] = '\0';
	*type = KITH_THING_STRING;
	if (str_to_bool(text, &boolean) == 0 && strlen(text) > 1)
		*type = KITH_THING_BOOLEAN;
	if (len == 0 || strlen(rest) > 15 || (*rest && gap == 0) || strchr(rest, ' '))
		return;
	text[len] = '\0';
	if (str_to_double(text, &n) == 0) {
		*type = KITH_THING_NUMERIC;
		(void)!str_copy(unit, 16, rest);	/* looked at above */
	} else {
		text[len] = c;
	}
}

/* ---- time ------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* When it is silent for too long, or gone; -1: never. */
static int64_t node_deadline(const struct source_node *n)
{
	const struct source_conf *c = &n->source->conf;
	int64_t at = -1;

	if (n->gone || n->source->is_down)
		return -1;
	if (c->silence_ms && !n->silent)
		at = n->heard_ms + c->silence_ms;
	if (c->forget_ms)
		at = earlier(at, n->heard_ms + c->forget_ms);
	return at;
}

int source_fd(const struct source *s, short *events)
{
	return s->ops->fd(s, events);
}

int64_t source_deadline(const struct source *s)
{
	int64_t at = s->ops->deadline(s);

	for (const struct source_node *n = s->nodes; n; n = n->next)
		at = earlier(at, node_deadline(n));
	return at;
}

static void look_at(struct source_node *n, int64_t now)
{
	const struct source_conf *c = &n->source->conf;

	if (c->forget_ms && now >= n->heard_ms + c->forget_ms) {
		source_node_gone(n);
	} else if (c->silence_ms && !n->silent && now >= n->heard_ms + c->silence_ms) {
		n->silent = true;
		tell_state(n);
	}
}

void source_process(struct source *s)
{
	int64_t now = clock_boot(s->host.clock);

	for (struct source_node *n = s->nodes; n; n = n->next)
		if (!n->gone && !s->is_down)
			look_at(n, now);
	s->ops->process(s);
}
