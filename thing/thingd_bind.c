/* SPDX-License-Identifier: Apache-2.0 */
/* thingd_bind: from a line of the settings to a call of the library, and back. */
#include "config.h"

#include "thing/thingd_bind.h"

#include <poll.h>

#include "common/base/log.h"

/* ---- devices ------------------------------------------------------------ */

static void read_done(void *arg, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v)
{
	struct thingd_bind *b = arg;

	if (b->thing)
		kith_thing_read_done(b->thing, ticket, r, v);
}

static void write_done(void *arg, uint64_t ticket, enum kith_thing_result r, const char *why)
{
	struct thingd_bind *b = arg;

	if (b->thing)
		kith_thing_write_done(b->thing, ticket, r, why);
}

static void device_changed(void *arg, const struct device *d, const struct kith_thing_value *v)
{
	static const struct kith_thing_at itself;

	/* One that is no field of the thing, a button, is nobody's affair. */
	(void)kith_thing_changed(((struct thingd_bind *)arg)->thing, &itself, d->conf.name, v);
}

static enum kith_thing_result on_read(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	struct device *dev = arg;

	return dev->ops->read(dev, ticket, v);
}

static enum kith_thing_result on_write(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	struct device *dev = arg;

	return dev->ops->write(dev, ticket, v, why, why_size);
}

/* `optional` fields and controls are there only where the machine has the file. */
static bool is_absent(const struct thingd_point *p, struct device *dev)
{
	char path[DEVICE_LONG_PATH];

	return p->optional && p->ops->path && p->ops->path(dev, path) < 0;
}

static int add_point(struct thingd_bind *b, const struct thingd_point *p, struct err *e)
{
	struct device *dev = &b->device[b->n_devices];
	struct device_conf conf = thingd_conf_device(p);
	int added;

	if (device_open(dev, p->ops, &conf, &b->host, e) < 0)
		return -1;
	if (is_absent(p, dev)) {
		log_info("%s: this machine has no %s", p->name, p->spec);
		device_close(dev);
		return 0;
	}
	b->n_devices++;
	if (p->is_control)
		added = kith_thing_add_control(b->thing, &(struct kith_thing_control){
			.size = sizeof(struct kith_thing_control), .name = p->name,
			.type = p->type, .min = p->min, .max = p->max,
			.choices = p->choices ? (const char *const *)p->choice : NULL,
			.operational = p->operational, .label = p->label,
			.about = p->about, .group = p->group,
			.write = on_write, .arg = dev });
	else
		added = kith_thing_add_field(b->thing, &(struct kith_thing_field){
			.size = sizeof(struct kith_thing_field), .name = p->name,
			.unit = p->unit, .type = p->type, .kinds = p->kinds,
			.history = (size_t)p->history, .every_ms = thingd_conf_every(p),
			.change = p->change, .read = on_read, .arg = dev });
	return added < 0 ? err_set(e, ERR_INPUT, "cannot add '%s'", p->name) : 0;
}

/* ---- sources ------------------------------------------------------------ */

static int add_node(void *arg, const struct kith_thing_node *n)
{
	return kith_thing_add_node(((struct thingd_bind *)arg)->thing, n);
}

static int change_node(void *arg, const struct kith_thing_node *n)
{
	return kith_thing_change_node(((struct thingd_bind *)arg)->thing, n);
}

static int remove_node(void *arg, const struct kith_thing_at *at)
{
	return kith_thing_remove_node(((struct thingd_bind *)arg)->thing, at);
}

static int node_state(void *arg, const struct kith_thing_at *at, enum kith_thing_node_state state)
{
	return kith_thing_set_node_state(((struct thingd_bind *)arg)->thing, at, state);
}

static int add_field(void *arg, const struct kith_thing_field *f)
{
	return kith_thing_add_field(((struct thingd_bind *)arg)->thing, f);
}

static int add_control(void *arg, const struct kith_thing_control *c)
{
	return kith_thing_add_control(((struct thingd_bind *)arg)->thing, c);
}

static int node_changed(void *arg, const struct kith_thing_at *at, const char *field,
    const struct kith_thing_value *v)
{
	return kith_thing_changed(((struct thingd_bind *)arg)->thing, at, field, v);
}

static int add_source(struct thingd_bind *b, const struct thingd_source *s, struct err *e)
{
	struct source_host host = { .clock = &clock_system, .add_node = add_node,
		.change_node = change_node,
		.remove_node = remove_node, .node_state = node_state, .add_field = add_field,
		.add_control = add_control, .changed = node_changed, .write_done = write_done,
		.arg = b };
	struct source_conf conf = thingd_source_conf(s);

	if (source_open(&b->source[b->n_sources], s->ops, &conf, &host, e) < 0)
		return -1;
	b->n_sources++;
	return 0;
}

/* ---- all of it ------------------------------------------------------------ */

static void on_pressed(void *arg)
{
	struct thingd_bind *b = arg;

	if (b->thing)
		kith_thing_pressed(b->thing);
}

int thingd_bind_open(struct thingd_bind *b, const struct thingd_conf *conf, struct err *e)
{
	b->conf = conf;
	b->host = (struct device_host){ .clock = &clock_system,
		.root = conf->root ? conf->root : "", .cells = device_cells_new(),
		.read_done = read_done, .write_done = write_done, .changed = device_changed,
		.arg = b };
	b->button.fd = -1;
	b->button.pressed = on_pressed;
	b->button.arg = b;
	if (!b->host.cells)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (thingd_button_open(&b->button, conf->button, &clock_system, e) < 0)
		return -1;
	return conf->lamp ? lamp_open(&b->lamp, conf->lamp, &b->host, e) : 0;
}

int thingd_bind_add(struct thingd_bind *b, struct kith_thing *thing, struct err *e)
{
	const struct thingd_conf *c = b->conf;

	b->thing = thing;
	for (size_t i = 0; i < c->n_points; i++)
		if (add_point(b, &c->point[i], e) < 0)
			return -1;
	for (size_t i = 0; i < c->n_needs; i++)
		if (kith_thing_add_need(thing, c->need[i]) < 0)
			return err_set(e, ERR_INPUT, "cannot add the need '%s'", c->need_name[i]);
	for (size_t i = 0; i < c->n_sources; i++)
		if (add_source(b, c->source[i], e) < 0)
			return -1;
	return 0;
}

void thingd_bind_close(struct thingd_bind *b)
{
	for (size_t i = 0; i < b->n_sources; i++)
		source_close(&b->source[i]);
	for (size_t i = 0; i < b->n_devices; i++)
		device_close(&b->device[i]);
	thingd_button_close(&b->button);
	lamp_say(&b->lamp, "off");
	lamp_close(&b->lamp);
	device_cells_free(&b->host.cells);
	b->n_sources = b->n_devices = 0;
	b->thing = NULL;
}

/* ---- the loop ------------------------------------------------------------- */

struct waiting {
	struct pollfd *p;
	size_t n;
	int64_t at;
};

static void wait_for(struct waiting *w, int fd, short events, int64_t at)
{
	if (fd >= 0)
		w->p[w->n++] = (struct pollfd){ .fd = fd, .events = events };
	if (at >= 0 && (w->at < 0 || at < w->at))
		w->at = at;
}

static void wait_for_device(struct waiting *w, const struct device *d)
{
	if (d->ops)
		wait_for(w, d->ops->fd ? d->ops->fd(d) : -1, POLLIN,
		    d->ops->deadline ? d->ops->deadline(d) : -1);
}

size_t thingd_bind_poll(const struct thingd_bind *b, struct pollfd p[static THINGD_BIND_FDS],
    int64_t *at)
{
	struct waiting w = { p, 0, *at };
	short events;
	int fd;

	for (size_t i = 0; i < b->n_devices; i++)
		wait_for_device(&w, &b->device[i]);
	for (size_t i = 0; i < b->n_sources; i++) {
		fd = source_fd(&b->source[i], &events);
		wait_for(&w, fd, events, source_deadline(&b->source[i]));
	}
	wait_for_device(&w, &b->lamp.device);
	wait_for(&w, thingd_button_fd(&b->button), POLLIN, thingd_button_deadline(&b->button));
	wait_for(&w, -1, 0, lamp_deadline(&b->lamp));
	*at = w.at;
	return w.n;
}

void thingd_bind_process(struct thingd_bind *b)
{
	for (size_t i = 0; i < b->n_devices; i++)
		if (b->device[i].ops->process)
			b->device[i].ops->process(&b->device[i]);
	for (size_t i = 0; i < b->n_sources; i++)
		source_process(&b->source[i]);
	thingd_button_process(&b->button);
	lamp_process(&b->lamp);
}
