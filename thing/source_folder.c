/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_folder: folder=PATH.  Each folder below it is a node:
 *
 *	kitchen/type, name, parent	one line each, may be missing
 *	kitchen/tags/SN			a tag by its file name
 *	kitchen/fields/temperature	"21.5 C", "true", any text
 *	kitchen/controls/heater		what was set last; its first content says the type
 *
 * and each plain file a node with one field, `value`.  Whoever measures writes
 * files; the kernel tells us (inotify), and once a minute everything is looked
 * through, for file systems that cannot tell.
 */
#include "config.h"

#include "thing/source.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/device_path.h"

#define LOOK_MS 60000		/* without being told */
#define SETTLE_MS 50		/* who writes one file often writes another */
#define WATCHED (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

struct folder {
	int notify;			/* -1: the kernel cannot */
	int64_t look_ms;		/* boot: look everything through */
	dev_t dev;			/* the folder in which nodes were last; ino 0: none yet */
	ino_t ino;
};

static int folder_open(struct source *s, struct err *e)
{
	struct folder *f = mem_zalloc(sizeof(*f));

	if (!f)
		return err_set(e, ERR_SYSTEM, "out of memory");
	f->notify = -1;
	s->self = f;
	return 0;
}

static void folder_close(struct source *s)
{
	struct folder *f = s->self;

	if (f->notify >= 0)
		close(f->notify);
	mem_free(f);
}

/* ---- looking --------------------------------------------------------------- */

static int join(char out[static DEVICE_LONG_PATH], const char *folder, const char *name)
{
	return snprintf(out, DEVICE_LONG_PATH, "%s/%s", folder, name) < DEVICE_LONG_PATH ? 0 : -1;
}

/* Its text; false when it is not there, empty (being written), or more than a line. */
static bool text_of(const char *folder, const char *name, char out[static SOURCE_VALUE + 1])
{
	char path[DEVICE_LONG_PATH], why[KITH_THING_TEXT];

	return join(path, folder, name) == 0 && device_path_text(path, out, why) == 0 && *out;
}

/* Again and again is once: the kernel knows them by their folder. */
static void watch(const struct source *s, const char *folder)
{
	const struct folder *f = s->self;

	if (f->notify >= 0)
		(void)inotify_add_watch(f->notify, folder, WATCHED);
}

typedef void each_fn(struct source *s, void *arg, const char *folder, const char *name);

/* Calls for each entry that is not hidden; how many there were, -1: it cannot be read. */
static int each(struct source *s, const char *folder, each_fn *call, void *arg)
{
	DIR *dir = opendir(folder);
	struct dirent *x;
	int n = 0;

	if (!dir)
		return -1;
	watch(s, folder);
	while (n < 4 * KITH_THING_NODES && (errno = 0, x = readdir(dir)))
		if (x->d_name[0] != '.') {
			call(s, arg, folder, x->d_name);
			n++;
		}
	if (!x && errno)
		n = -1;
	closedir(dir);
	return n;
}

/* The same text is not told again. */
static void take(struct source_node *n, const char *name, bool is_control, char *text)
{
	struct source_shape shape = { .value = { .scale = 1 }, .kinds = 0 };
	struct source_point *p = source_point_find(n, name, is_control);
	enum kith_thing_type type;
	char unit[16], key[SOURCE_NAME];

	(void)snprintf(key, sizeof(key), "%s", text);
	source_guess(text, &type, unit);
	shape.value.type = type;
	shape.unit = unit[0] ? unit : NULL;
	if (!p)
		p = source_point(n, name, is_control, &shape);
	if (!p || is_control || (p->standing != SOURCE_UNKNOWN && strcmp(p->last, key) == 0 &&
	    strlen(key) + 1 < sizeof(key)))
		return;
	p->shape.unit = NULL;		/* it stood on our stack */
	memcpy(p->last, key, sizeof(p->last));
	source_take(p, text);
}

static void take_field(struct source *s, void *arg, const char *folder, const char *name)
{
	char text[SOURCE_VALUE + 1];

	(void)s;
	if (text_of(folder, name, text))
		take(arg, name, false, text);
}

static void take_control(struct source *s, void *arg, const char *folder, const char *name)
{
	char text[SOURCE_VALUE + 1];

	(void)s;
	if (text_of(folder, name, text))
		take(arg, name, true, text);
}

struct tags {
	struct source_about about;
	char name[SOURCE_TAGS][40], text[SOURCE_TAGS][132];
};

static void take_tag(struct source *s, void *arg, const char *folder, const char *name)
{
	struct tags *t = arg;
	size_t n = t->about.n_tags;
	char text[SOURCE_VALUE + 1];

	(void)s;
	if (n == SOURCE_TAGS || !text_of(folder, name, text) ||
	    str_copy(t->name[n], sizeof(t->name[n]), name) < 0 ||
	    str_copy(t->text[n], sizeof(t->text[n]), text) < 0)
		return;
	t->about.tag[t->about.n_tags++] = (struct kith_thing_tag){ .name = t->name[n],
		.text = t->text[n] };
}

/* "" when it does not say. */
static void word_of(const char *folder, const char *name, char out[static SOURCE_NAME + 1])
{
	char text[SOURCE_VALUE + 1];

	if (!text_of(folder, name, text) || str_copy(out, SOURCE_NAME + 1, text) < 0)
		out[0] = '\0';
}

static struct source_node *node_of(struct source *s, const char *folder, const char *id)
{
	char type[SOURCE_NAME + 1], name[SOURCE_NAME + 1], parent[SOURCE_NAME + 1];
	char path[DEVICE_LONG_PATH];
	struct tags t = { .about.n_tags = 0 };

	word_of(folder, "type", type);
	word_of(folder, "name", name);
	word_of(folder, "parent", parent);
	if (join(path, folder, "tags") == 0)
		(void)each(s, path, take_tag, &t);
	t.about.id = id;
	t.about.type = *type ? type : NULL;
	t.about.name = *name ? name : NULL;
	t.about.parent = *parent ? parent : NULL;
	return source_node_is(s, &t.about);
}

static void take_folder(struct source *s, const char *path, const char *id)
{
	struct source_node *n = node_of(s, path, id);
	char below[DEVICE_LONG_PATH];

	if (!n)
		return;
	n->seen = true;
	n->heard_ms = clock_boot(s->host.clock);
	watch(s, path);
	if (join(below, path, "fields") == 0)
		(void)each(s, below, take_field, n);
	if (join(below, path, "controls") == 0)
		(void)each(s, below, take_control, n);
}

static void take_entry(struct source *s, void *arg, const char *folder, const char *name)
{
	char path[DEVICE_LONG_PATH], text[SOURCE_VALUE + 1];
	struct source_node *n;
	struct stat st;

	(void)arg;
	if (join(path, folder, name) < 0)
		return;
	if (stat(path, &st) < 0) {
		n = errno != ENOENT ? source_node_find(s, name) : NULL;
		if (n)
			n->seen = true;		/* it is there: what of it cannot be told now */
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		take_folder(s, path, name);
	} else if (S_ISREG(st.st_mode)) {
		n = source_node(s, &(struct source_about){ .id = name });
		if (!n)
			return;
		n->seen = true;
		if (text_of(folder, name, text))
			take(n, "value", false, text);
	}
}

/*
 * Nothing in it, and it is another folder than the one that had nodes: what was mounted
 * there is not, for now.  One that was emptied is still the same.
 */
static bool is_another(struct folder *f, const char *path, int n)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return true;
	if (n == 0)
		return f->ino != 0 && (f->dev != st.st_dev || f->ino != st.st_ino);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return false;
}

static void look(struct source *s)
{
	int n;

	for (struct source_node *x = s->nodes; x; x = x->next)
		x->seen = false;
	n = each(s, s->conf.spec, take_entry, NULL);
	if (n < 0) {
		source_down(s, strerror(errno));
		return;
	}
	if (is_another(s->self, s->conf.spec, n)) {
		source_down(s, "an empty folder stands in its place");
		return;
	}
	source_up(s);
	for (struct source_node *x = s->nodes; x; x = x->next)
		if (!x->gone && !x->seen)
			source_node_gone(x);
}

/* ---- its time --------------------------------------------------------------- */

static enum kith_thing_result folder_write(struct source_point *p, uint64_t ticket,
    const char *text, char *why, size_t why_size)
{
	char path[DEVICE_LONG_PATH];

	(void)ticket;
	if (snprintf(path, sizeof(path), "%s/%s/controls/%s", p->node->source->conf.spec,
	    p->node->id, p->name) >= (int)sizeof(path)) {
		snprintf(why, why_size, "its path is too long");
		return KITH_THING_FAILED;
	}
	return device_path_put(path, text, why, why_size) < 0 ? KITH_THING_FAILED : KITH_THING_OK;
}

static int folder_fd(const struct source *s, short *events)
{
	const struct folder *f = s->self;

	*events = POLLIN;
	return f->notify;
}

static int64_t folder_deadline(const struct source *s)
{
	const struct folder *f = s->self;

	return f->look_ms;
}

static void folder_process(struct source *s)
{
	struct folder *f = s->self;
	int64_t now = clock_boot(s->host.clock);
	char told[4096];

	if (f->notify < 0)
		f->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->notify >= 0 && read(f->notify, told, sizeof(told)) > 0 &&
	    f->look_ms > now + SETTLE_MS)
		f->look_ms = now + SETTLE_MS;
	if (now < f->look_ms)
		return;
	f->look_ms = now + LOOK_MS;
	look(s);
}

const struct source_ops source_folder = {
	.key = "folder",
	.open = folder_open,
	.close = folder_close,
	.write = folder_write,
	.fd = folder_fd,
	.deadline = folder_deadline,
	.process = folder_process,
};
