/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: what a [field NAME] or [control NAME] section is bound to: a sensor
 * or light of the kernel by its name, a file, a command, a disk, a simulation.
 * One table of functions per kind, one file per kind (device_*.c).  A driver
 * that takes time answers later through its host; the loop polls it meanwhile.
 * Nothing is kept open that can be unplugged: what comes back is found again.
 */
#ifndef KITH_THING_DEVICE_H
#define KITH_THING_DEVICE_H

#include "common/base/clock.h"
#include "common/base/err.h"
#include "thing/thing.h"

#define DEVICE_LONG_PATH 4096
#define DEVICE_OUTPUT 4096	/* bytes read from a file or command */

struct device;
struct device_cells;
struct device_line;

enum device_pull { DEVICE_PULL_AS_IS, DEVICE_PULL_UP, DEVICE_PULL_DOWN, DEVICE_PULL_OFF };

struct device_conf {
	const char *name;	/* of the field or control */
	bool is_control;
	enum kith_thing_type type;
	const char *spec;	/* path, command line, folder or simulation */
	const char *pattern;	/* POSIX extended; its first group is the value; NULL: all */
	double scale;		/* numbers are multiplied by it */
	double min, max;	/* a field's numbers outside are a fault; both 0: any */
	bool active_low;	/* gpio: on is the low level */
	enum device_pull pull;	/* gpio */
	bool shell;		/* commands: run by /bin/sh */
	int64_t timeout_ms;	/* commands */
	uint64_t seed;		/* simulations */
};

/* Whom a slow driver tells. */
struct device_host {
	const struct clock *clock;
	const char *root;		/* before /sys and /proc: "", but in tests */
	struct device_cells *cells;	/* simulated memory, by name */
	struct device_line *lines;	/* of GPIO that are in use, for field and control */
	void (*read_done)(void *arg, uint64_t ticket, enum kith_thing_result r,
	    const struct kith_thing_value *v);
	void (*write_done)(void *arg, uint64_t ticket, enum kith_thing_result r,
	    const char *why);
	/* A field has a new value and nobody asked.  NULL: nobody listens. */
	void (*changed)(void *arg, const struct device *d, const struct kith_thing_value *v);
	void *arg;
};

struct device {
	const struct device_ops *ops;
	struct device_conf conf;	/* its strings outlive the device */
	struct device_host *host;
	double unit, zero;		/* of what is read: value = (n + zero) * unit * scale */
	void *self;			/* the driver's own */
};

struct device_ops {
	const char *key;		/* the setting that names it: "file" */
	bool reads, writes;
	int (*open)(struct device *d, struct err *e);
	void (*close)(struct device *d);
	enum kith_thing_result (*read)(struct device *d, uint64_t ticket,
	    struct kith_thing_value *v);
	enum kith_thing_result (*write)(struct device *d, uint64_t ticket,
	    const struct kith_thing_value *v, char *why, size_t why_size);
	/* The file, or folder, that is read or written now; -1: not there.  NULL: has none. */
	int (*path)(struct device *d, char out[static DEVICE_LONG_PATH]);
	/* Slow drivers only; NULL for the others. */
	int (*fd)(const struct device *d);		/* POLLIN; -1: none now */
	int64_t (*deadline)(const struct device *d);	/* boot ms; -1 */
	void (*process)(struct device *d);
};

extern const struct device_ops device_file, device_command, device_disk, device_sim,
    device_hwmon, device_thermal, device_iio, device_led, device_gpio, device_proc;

/* NULL: no such kind. */
const struct device_ops *device_find(const char *key);
/* "hwmon=, thermal=, ...": what a field or control can be bound to. */
const char *device_kinds(bool is_control);
int device_open(struct device *d, const struct device_ops *ops,
    const struct device_conf *conf, struct device_host *host, struct err *e);
void device_close(struct device *d);

/* Text of a file or command as a value: pattern, type, unit, scale, range. */
enum kith_thing_result device_value(const struct device *d, const char *text,
    struct kith_thing_value *v);
/* A value as text for a file or command: "1", "0", "21.5", as it is. */
void device_text(const struct device *d, const struct kith_thing_value *v,
    char out[static KITH_THING_TEXT]);
/* A number of what the driver measured, the same way. */
enum kith_thing_result device_number(const struct device *d, double n,
    struct kith_thing_value *v);
/* The whole number the kernel wants for it. */
long long device_whole(const struct device *d, const struct kith_thing_value *v);
/* Say why; returns KITH_THING_FAILED. */
enum kith_thing_result device_fail(struct kith_thing_value *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct device_cells *device_cells_new(void);
void device_cells_free(struct device_cells **c);

#endif
