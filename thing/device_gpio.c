/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_gpio: gpio=CHIP:LINE through libgpiod; LINE is a number or the name
 * of the line.  An input tells its edges by itself.  An output is taken by its
 * first write, with the value written, so a restart flips nothing; a field on
 * the same line then reads it back.  A chip that went away is looked for again.
 */
#include "config.h"

#include "thing/device_path.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"

#define AGAIN_MS 5000		/* between two looks for a chip that is not there */
#define EDGES 16		/* taken in one turn: a line that chatters holds nobody up */
#define CONSUMER "kith-thing"

/* One line of a chip, shared by the field and the control that name it. */
struct device_line {
	struct device_line *next;
	unsigned users;
	char chip_name[DEVICE_NAME], name[DEVICE_NAME];
	struct gpiod_chip *chip;	/* NULL: not taken */
	struct gpiod_line *line;
	bool is_output;
	struct device *field;		/* who is told; NULL */
	int64_t again_ms;		/* boot */
};

static struct device_line *find_line(struct device_host *host, const char *chip, const char *name)
{
	struct device_line *l = host->lines;

	while (l && (strcmp(l->chip_name, chip) != 0 || strcmp(l->name, name) != 0))
		l = l->next;
	if (l)
		return l;
	l = mem_zalloc(sizeof(*l));
	if (!l)
		return NULL;
	memcpy(l->chip_name, chip, DEVICE_NAME);
	memcpy(l->name, name, DEVICE_NAME);
	l->next = host->lines;
	host->lines = l;
	return l;
}

/* Only remembers it: nothing of the machine is touched before the loop runs. */
static int gpio_open(struct device *d, struct err *e)
{
	char chip[DEVICE_NAME] = "", name[DEVICE_NAME] = "";
	struct device_line *l;

	if (d->conf.type != KITH_THING_BOOLEAN)
		return err_set(e, ERR_INPUT, "gpio= is boolean");
	if (device_path_split(d->conf.spec, chip, name) < 0)
		return err_set(e, ERR_INPUT, "gpio=%s is not CHIP:LINE, such as gpiochip0:17",
		    d->conf.spec);
	l = find_line(d->host, chip, name);
	if (!l)
		return err_set(e, ERR_SYSTEM, "out of memory");
	l->users++;
	if (!d->conf.is_control)
		l->field = d;
	d->self = l;
	return 0;
}

static void drop(struct device_line *l, const struct clock *clock)
{
	if (l->chip)
		gpiod_chip_close(l->chip);	/* releases its lines */
	l->chip = NULL;
	l->line = NULL;
	l->is_output = false;
	l->again_ms = clock_boot(clock) + AGAIN_MS;
}

static void gpio_close(struct device *d)
{
	struct device_line *l = d->self, **at = &d->host->lines;

	if (l->field == d)
		l->field = NULL;
	if (--l->users > 0)
		return;
	drop(l, d->host->clock);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	mem_free(l);
}

static int gpio_path(struct device *d, char out[static DEVICE_LONG_PATH])
{
	const struct device_line *l = d->self;

	snprintf(out, DEVICE_LONG_PATH, "/dev/%s", l->chip_name);
	return access(out, F_OK);
}

/* ---- taking it ----------------------------------------------------------- */

static int flags_of(const struct device_conf *c)
{
	static const int pulls[] = {
		[DEVICE_PULL_AS_IS] = 0,
		[DEVICE_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
		[DEVICE_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
		[DEVICE_PULL_OFF] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
	};

	return pulls[c->pull] | (c->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

static int find_chip(struct device_line *l, char why[static KITH_THING_TEXT])
{
	char path[DEVICE_NAME + 8];
	int64_t number;

	if (l->chip)
		return 0;
	snprintf(path, sizeof(path), "/dev/%s", l->chip_name);
	l->chip = gpiod_chip_open(path);
	if (!l->chip) {
		snprintf(why, KITH_THING_TEXT, "%s: %s", l->chip_name, strerror(errno));
		return -1;
	}
	if (str_to_int(l->name, 0, 65535, &number) == 0)
		l->line = gpiod_chip_get_line(l->chip, (unsigned)number);
	else
		l->line = gpiod_chip_find_line(l->chip, l->name);
	if (l->line)
		return 0;
	snprintf(why, KITH_THING_TEXT, "%s has no line %s", l->chip_name, l->name);
	gpiod_chip_close(l->chip);
	l->chip = NULL;
	return -1;
}

static int take_input(struct device *d, char why[static KITH_THING_TEXT])
{
	struct device_line *l = d->self;

	if (l->chip)
		return 0;
	if (find_chip(l, why) == 0) {
		if (gpiod_line_request_both_edges_events_flags(l->line, CONSUMER,
		    flags_of(&d->conf)) == 0)
			return 0;
		snprintf(why, KITH_THING_TEXT, "%s: %s", d->conf.spec, strerror(errno));
	}
	drop(l, d->host->clock);
	return -1;
}

static int take_output(struct device *d, bool on, char why[static KITH_THING_TEXT])
{
	struct device_line *l = d->self;

	if (l->chip && l->is_output)
		return 0;
	if (l->chip)
		gpiod_line_release(l->line);
	if (find_chip(l, why) == 0) {
		if (gpiod_line_request_output_flags(l->line, CONSUMER, flags_of(&d->conf), on) == 0) {
			l->is_output = true;
			return 0;
		}
		snprintf(why, KITH_THING_TEXT, "%s: %s", d->conf.spec, strerror(errno));
	}
	drop(l, d->host->clock);
	return -1;
}

/* ---- using it ------------------------------------------------------------ */

static enum kith_thing_result gpio_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct device_line *l = d->self;
	int level;

	(void)ticket;
	if (take_input(d, v->text) < 0)
		return KITH_THING_FAILED;
	level = gpiod_line_get_value(l->line);
	if (level < 0) {
		device_fail(v, "%s: %s", d->conf.spec, strerror(errno));
		drop(l, d->host->clock);
		return KITH_THING_FAILED;
	}
	v->boolean = level != 0;
	return KITH_THING_OK;
}

static void tell(const struct device_line *l, bool on)
{
	struct kith_thing_value v = { .boolean = on };

	if (l->field && l->field->host->changed)
		l->field->host->changed(l->field->host->arg, l->field, &v);
}

static enum kith_thing_result gpio_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	struct device_line *l = d->self;
	char no[KITH_THING_TEXT] = "";

	(void)ticket;
	if (take_output(d, v->boolean, no) < 0) {
		snprintf(why, why_size, "%s", no);
		return KITH_THING_FAILED;
	}
	if (gpiod_line_set_value(l->line, v->boolean) < 0) {
		snprintf(why, why_size, "%s: %s", d->conf.spec, strerror(errno));
		drop(l, d->host->clock);
		return KITH_THING_FAILED;
	}
	tell(l, v->boolean);
	return KITH_THING_OK;
}

/* ---- its edges ----------------------------------------------------------- */

static int gpio_fd(const struct device *d)
{
	const struct device_line *l = d->self;

	return l->field == d && l->chip && !l->is_output ? gpiod_line_event_get_fd(l->line) : -1;
}

static int64_t gpio_deadline(const struct device *d)
{
	const struct device_line *l = d->self;

	return l->field == d && !l->chip ? l->again_ms : -1;
}

/* An edge is said as it was, even when the line is back by now: a short press. */
static void gpio_process(struct device *d)
{
	struct device_line *l = d->self;
	struct gpiod_line_event edge;
	char why[KITH_THING_TEXT];
	struct pollfd p;

	if (l->field != d)
		return;
	if (!l->chip) {
		if (clock_boot(d->host->clock) >= l->again_ms)
			(void)take_input(d, why);
		return;
	}
	for (int n = 0; n < EDGES && gpio_fd(d) >= 0; n++) {
		p = (struct pollfd){ .fd = gpio_fd(d), .events = POLLIN };
		if (poll(&p, 1, 0) <= 0)
			return;
		if (!(p.revents & POLLIN) || gpiod_line_event_read(l->line, &edge) < 0) {
			drop(l, d->host->clock);
			return;
		}
		tell(l, edge.event_type == GPIOD_LINE_EVENT_RISING_EDGE);
	}
}

const struct device_ops device_gpio = {
	.key = "gpio",
	.reads = true,
	.writes = true,
	.open = gpio_open,
	.close = gpio_close,
	.read = gpio_read,
	.write = gpio_write,
	.path = gpio_path,
	.fd = gpio_fd,
	.deadline = gpio_deadline,
	.process = gpio_process,
};
