/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_sandbox: the state folder for writing; settings, certificates and
 * what fields are read from for reading; the files of controls for writing.
 * With command= the machine stays readable and programs may be run, since
 * nobody knows what they need; what they may write stands in command_writes.
 */
#include "config.h"

#include "thing/thingd_sandbox.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/sandbox.h"
#include "common/base/str.h"
#include "thing/dhcp_lease.h"

#define WRITES_MAX 16
#define PATHS_MAX (THINGD_POINTS * 2 + THINGD_SOURCES * 3 + WRITES_MAX + 32)

struct list {
	struct sandbox_path path[PATHS_MAX];
	char *made[PATHS_MAX];		/* to be freed */
	size_t n;
	struct sandbox s;
};

/* Where OpenSSL and the distributions keep what everybody trusts. */
static const char *const certificates[] = {
	"/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/etc/pki", "/etc/ca-certificates",
};

/* Takes `made`, which may be NULL: then it is left out. */
static void add(struct list *l, char *made, bool writable)
{
	if (made == NULL || l->n == PATHS_MAX) {
		mem_free(made);
		return;
	}
	l->made[l->n] = made;
	l->path[l->n++] = (struct sandbox_path){ .path = made, .writable = writable };
}

/* Its folder, so that a file which is replaced by another stays in reach; for a
 * pattern the folder before its first *. */
static char *folder_of(const char *path)
{
	size_t len = strcspn(path, "*?[");

	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len == 0 ? mem_strdup(".") : mem_strndup(path, len);
}

/* Links of /sys and /proc lead all over /sys and /proc. */
static void add_read(struct list *l, const char *path)
{
	if (str_starts(path, "/sys/"))
		add(l, mem_strdup("/sys"), false);
	else if (str_starts(path, "/proc/"))
		add(l, mem_strdup("/proc"), false);
	else
		add(l, folder_of(path), false);
}

static void add_written(struct list *l, const char *path)
{
	glob_t g;

	add_read(l, path);
	if (glob(path, 0, NULL, &g) != 0)
		return;
	add(l, mem_strdup(g.gl_pathv[0]), true);
	globfree(&g);
}

static void add_command(struct list *l, const struct thingd_conf *c)
{
	const char *at = c->command_writes;

	if (l->s.may_exec)
		return;
	l->s.may_exec = l->s.may_read_all = true;
	for (size_t n = 0; *(at += strspn(at, " \t")) != '\0' && n < WRITES_MAX; n++) {
		size_t len = strcspn(at, " \t");

		add(l, mem_strndup(at, len), true);
		at += len;
	}
}

/* A device of the kernel, as it is now: one that is unplugged and comes back has
 * another file, which can be read, but written only after a restart. */
static void add_device(struct list *l, const struct thingd_conf *c, const struct thingd_point *p)
{
	struct device_host host = { .clock = &clock_system, .root = c->root ? c->root : "",
		.cells = device_cells_new() };
	struct device_conf conf = thingd_conf_device(p);
	char path[DEVICE_LONG_PATH];
	struct device d;

	add(l, mem_strdup(c->root ? c->root : p->ops == &device_proc ? "/proc" : "/sys"), false);
	if ((p->is_control || p->ops == &device_gpio) && host.cells &&
	    device_open(&d, p->ops, &conf, &host, NULL) == 0) {
		if (p->ops->path(&d, path) == 0) {
			add(l, mem_strdup(path), true);
			l->path[l->n - 1].is_device = p->ops == &device_gpio;
		}
		device_close(&d);
	}
	device_cells_free(&host.cells);
}

static void add_point(struct list *l, const struct thingd_conf *c, const struct thingd_point *p)
{
	if (p->ops == &device_command)
		add_command(l, c);
	else if (p->ops == &device_file && p->is_control)
		add_written(l, p->spec);
	else if (p->ops == &device_file)
		add_read(l, p->spec);
	else if (p->ops->path)
		add_device(l, c, p);
}

/* A folder is written where its controls are, wherever nodes will be; what MQTT reads
 * is read at each login. */
static void add_source(struct list *l, const struct thingd_conf *c, const struct thingd_source *s)
{
	if (s->ops == &source_command)
		add_command(l, c);
	else if (s->ops == &source_folder)
		add(l, mem_strdup(s->spec), true);
	if (s->password_file)
		add(l, folder_of(s->password_file), false);
	if (s->ca_file)
		add(l, folder_of(s->ca_file), false);
}

/* "gpio:gpiochip0:17" of button= and lamp=, as if it were a control. */
static void add_setting(struct list *l, const struct thingd_conf *c, const char *setting)
{
	char kind[16] = "";
	size_t len = setting ? strcspn(setting, ":") : 0;
	struct thingd_point p = { .is_control = true, .type = KITH_THING_BOOLEAN, .scale = 1 };

	if (!len || !setting[len] || len >= sizeof(kind))
		return;
	memcpy(kind, setting, len);
	p.ops = device_find(strcmp(kind, "gpio-high") == 0 ? "gpio" : kind);
	p.spec = mem_strdup(setting + len + 1);
	if (p.ops && p.spec)
		add_point(l, c, &p);
	mem_free(p.spec);
}

static void add_leases(struct list *l, const struct thingd_conf *c)
{
	if ((c->locate & KITH_THING_LOCATE_DHCP) == 0)
		return;
	if (c->dhcp_lease != NULL)
		add(l, folder_of(c->dhcp_lease), false);
	for (size_t i = 0; c->dhcp_lease == NULL && dhcp_lease_usual[i] != NULL; i++)
		add(l, folder_of(dhcp_lease_usual[i]), false);
}

int thingd_sandbox(const struct thingd_conf *c, const char *file, struct err *e)
{
	struct list l = { .n = 0 };
	char what[SANDBOX_TEXT];
	int rc;

	if (!c->sandbox) {
		log_warn("[thing] sandbox = off: a fault in this program is a fault of the machine");
		return 0;
	}
	add(&l, mem_strdup(c->state), true);
	add(&l, mem_strdup(file), false);
	if (c->ca_file != NULL)
		add(&l, folder_of(c->ca_file), false);
	add_leases(&l, c);
	if (c->cert_file != NULL) {	/* each connection reads them anew */
		add(&l, folder_of(c->cert_file), false);
		add(&l, folder_of(c->key_file), false);
	}
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		add(&l, mem_strdup(certificates[i]), false);
	for (size_t i = 0; i < c->n_points; i++)
		add_point(&l, c, &c->point[i]);
	for (size_t i = 0; i < c->n_sources; i++)
		add_source(&l, c, c->source[i]);
	add_setting(&l, c, c->lamp);
	add_setting(&l, c, c->button);
	l.s.path = l.path;
	l.s.n = l.n;
	rc = sandbox_enter(&l.s, what, e);
	if (rc == 0)
		log_info("sandbox: %s%s", what, l.s.may_exec ? ", but commands may be run" : "");
	else
		err_prefix(e, "[thing] sandbox");
	for (size_t i = 0; i < l.n; i++)
		mem_free(l.made[i]);
	return rc;
}
