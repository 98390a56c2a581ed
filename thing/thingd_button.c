/* SPDX-License-Identifier: Apache-2.0 */
/* thingd_button: three ways to hear a press; contacts that bounce are one. */
#include "config.h"

#include "thing/thingd_button.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/str.h"

#define AGAIN_MS 5000		/* a keyboard that was unplugged is looked for this often */
#define BOUNCE_MS 30

/* Of the machine: closed contacts pull the line down, as a rule. */
static const struct { const char *kind; bool active_low; enum device_pull pull; } lines[] = {
	{ "gpio:", true, DEVICE_PULL_UP }, { "gpio-high:", false, DEVICE_PULL_DOWN },
};

static void press(struct thingd_button *b)
{
	int64_t now = clock_boot(b->host.clock);

	if (b->pressed_ms && now - b->pressed_ms < BOUNCE_MS)
		return;
	b->pressed_ms = now;
	b->pressed(b->arg);
}

static void on_edge(void *arg, const struct device *d, const struct kith_thing_value *v)
{
	(void)d;
	if (v->boolean)
		press(arg);
}

/* ---- opening -------------------------------------------------------------- */

/* "/dev/input/event3" or "/dev/input/event3:28" */
static int take_evdev(struct thingd_button *b, struct err *e)
{
	char *colon = strrchr(b->spec, ':');

	b->is_evdev = true;
	b->key = -1;
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		if (str_to_int(colon + 1, 0, KEY_MAX, &b->key) < 0)
			return err_set(e, ERR_INPUT, "'%s' is not the number of a key", colon + 1);
	}
	return b->spec[0] == '/' ? 0 : err_set(e, ERR_INPUT, "'%s' is not a path", b->spec);
}

static int take_line(struct thingd_button *b, size_t i, struct err *e)
{
	struct device_conf conf = { .name = "button", .type = KITH_THING_BOOLEAN, .scale = 1,
		.spec = b->spec, .active_low = lines[i].active_low, .pull = lines[i].pull };

	b->host.changed = on_edge;
	b->host.arg = b;
	return device_open(&b->line, &device_gpio, &conf, &b->host, e);
}

static int take(struct thingd_button *b, const char *setting, struct err *e)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (str_starts(setting, lines[i].kind)) {
			b->spec = mem_strdup(setting + strlen(lines[i].kind));
			return b->spec ? take_line(b, i, e) : -1;
		}
	b->spec = mem_strdup(setting + (str_starts(setting, "evdev:") ? strlen("evdev:") : 0));
	if (!b->spec)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return str_starts(setting, "evdev:") ? take_evdev(b, e) : 0;
}

static void begin(struct thingd_button *b, const struct clock *clock)
{
	void (*pressed)(void *arg) = b->pressed;
	void *arg = b->arg;

	memset(b, 0, sizeof(*b));
	b->fd = -1;
	b->again_ms = -1;
	b->host = (struct device_host){ .clock = clock, .root = "" };
	b->pressed = pressed;
	b->arg = arg;
}

static int open_file(struct thingd_button *b, struct err *e)
{
	struct stat st;

	/* A FIFO for writing too: it stays open when its last writer goes away. */
	b->fd = open(b->spec, (b->is_evdev ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (b->fd < 0 || fstat(b->fd, &st) < 0)
		return err_errno(e, "cannot open the button '%s'", b->spec);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		return 0;
	close(b->fd);
	b->fd = -1;
	return err_set(e, ERR_INPUT, "the button '%s' is no FIFO and no device", b->spec);
}

int thingd_button_check(const char *setting, struct err *e)
{
	struct thingd_button b = { .fd = -1 };
	int rc;

	begin(&b, &clock_system);
	rc = take(&b, setting, e);
	thingd_button_close(&b);
	return rc;
}

int thingd_button_open(struct thingd_button *b, const char *setting, const struct clock *clock,
    struct err *e)
{
	begin(b, clock);
	if (!setting)
		return 0;
	if (take(b, setting, e) == 0 && (b->line.ops || open_file(b, e) == 0))
		return 0;
	thingd_button_close(b);
	return -1;
}

void thingd_button_close(struct thingd_button *b)
{
	device_close(&b->line);
	if (b->fd >= 0)
		close(b->fd);
	mem_free(b->spec);
	begin(b, b->host.clock);
}

/* ---- listening ------------------------------------------------------------- */

int thingd_button_fd(const struct thingd_button *b)
{
	return b->line.ops ? b->line.ops->fd(&b->line) : b->fd;
}

int64_t thingd_button_deadline(const struct thingd_button *b)
{
	return b->line.ops ? b->line.ops->deadline(&b->line) : b->again_ms;
}

static void lost(struct thingd_button *b)
{
	log_warn("the button '%s' is gone: %s", b->spec, strerror(errno));
	close(b->fd);
	b->fd = -1;
	b->again_ms = clock_boot(b->host.clock) + AGAIN_MS;
}

static void find_again(struct thingd_button *b)
{
	if (b->again_ms < 0 || clock_boot(b->host.clock) < b->again_ms)
		return;
	b->again_ms = -1;
	if (open_file(b, NULL) < 0)
		b->again_ms = clock_boot(b->host.clock) + AGAIN_MS;
	else
		log_info("the button '%s' is back", b->spec);
}

static void read_lines(struct thingd_button *b)
{
	char text[64];
	ssize_t n = read(b->fd, text, sizeof(text));

	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\n')
			b->pressed(b->arg);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		lost(b);
}

/* A key that goes down; holding it and letting it go are none. */
static void read_keys(struct thingd_button *b)
{
	struct input_event key[16];
	ssize_t n = read(b->fd, key, sizeof(key));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(key[0]); i++)
		if (key[i].type == EV_KEY && key[i].value == 1 &&
		    (b->key < 0 || key[i].code == b->key))
			press(b);
	if (n == 0)
		errno = ENODEV;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		lost(b);
}

void thingd_button_process(struct thingd_button *b)
{
	if (b->line.ops)
		b->line.ops->process(&b->line);
	else if (b->fd < 0)
		find_again(b);
	else if (b->is_evdev)
		read_keys(b);
	else
		read_lines(b);
}
