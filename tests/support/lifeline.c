/* SPDX-License-Identifier: Apache-2.0 */
/* lifeline: see lifeline.h.  A test tool: what fails ends the program. */
#include "config.h"

#include "tests/support/lifeline.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/store/store.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "kithd/kithd_conf.h"
#include "kithd/site.h"

#define OUT_BYTES (64 * 1024 * 1024)
#define WAITING 4096
#define SLICES 100000		/* turns that the site may want one after the other */

enum what { STANZA, TURN };

struct order {
	int64_t wall, boot;
	uint32_t what, how, after, len;
};

/* ---- the child ---- */

struct life {
	struct kithd_conf conf;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct secret key;
	struct site *site;
	struct site_parts parts;
	struct buf out;
	enum lifeline_death how;
	uint32_t after;
	int fd;			/* towards the test */
	size_t left;		/* bytes of `out` that are of earlier turns */
	size_t n_waiting;
	char *waiting[WAITING];
};

static void read_all(int fd, void *at, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t k = read(fd, (char *)at + got, n - got);

		if (k <= 0)
			_exit(0);	/* the test is over */
		got += (size_t)k;
	}
}

static void write_all(int fd, const void *at, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = write(fd, (const char *)at + done, n - done);

		if (k <= 0)
			_exit(1);
		done += (size_t)k;
	}
}

/* What left in earlier turns has left; of this one nothing. */
static void die(const struct life *l)
{
	uint32_t len = (uint32_t)l->left;

	if (len > 0) {
		write_all(l->fd, &len, sizeof(len));
		write_all(l->fd, l->out.data, len);
	}
	raise(SIGKILL);
}

static void count_down(void *arg, const char *sql)
{
	struct life *l = arg;

	(void)sql;
	if (l->how == LIFELINE_AT_STATEMENT && l->after-- == 0)
		die(l);
}

static void open_site(struct life *l, const char *dir, const char *jid)
{
	struct site_deps deps = {
		.conf = &l->conf, .clock = &l->clock, .hash_key = &l->key, .stats = &l->stats
	};
	unsigned char key[32] = { 7 };
	struct err e = ERR_INIT;
	char text[512];

	snprintf(text, sizeof(text), "[component]\njid = %s\nsecret_file = x\n[store]\nurl = "
	    "sqlite:%s/db\n[limits]\nall = off\n", jid, dir);
	log_set_level(LOG_LEVEL_ERROR);
	buf_init(&l->out, OUT_BYTES);
	l->clock = clock_from_fake(&l->time);
	if (kithd_conf_parse(&l->conf, "conf", text, &e) != 0 ||
	    secret_set(&l->key, key, sizeof(key), &e) != 0 ||
	    site_open(&l->site, &deps, &e) != 0)
		errx(1, "%s", e.text);
	site_parts(l->site, &l->parts);
	store_trace(l->parts.store, count_down, l);
}

static void hear(struct life *l, const char *xml, size_t len)
{
	struct stanza_holder *holder = NULL;
	const struct stanza *s = stanza_from_text(&holder, NS_COMPONENT, xml, len);

	if (s == NULL)
		errx(1, "no stanza: %s", xml);
	site_stanza(l->site, s);
	stanza_holder_free(&holder);
}

static void tell(struct life *l)
{
	uint32_t len = (uint32_t)l->out.len, left = len;

	if (l->how == LIFELINE_AT_BYTE && l->after < len)
		left = l->after;
	write_all(l->fd, &len, sizeof(len));
	write_all(l->fd, l->out.data, left);
	if (l->how != LIFELINE_NONE)
		raise(SIGKILL);
	buf_reset(&l->out);
	l->left = 0;
}

static void turn(struct life *l)
{
	int64_t next;
	unsigned slices = 0;

	do {
		l->left = l->out.len;
		site_tick(l->site);
		next = site_deadline(l->site);
	} while (next >= 0 && next <= l->time.boot && ++slices < SLICES);
	if (slices == SLICES)
		errx(1, "the site is never done");
}

/* Stanzas wait for their turn, for only that says what time it is. */
static void keep(struct life *l, char *xml)
{
	if (l->n_waiting == WAITING)
		errx(1, "more than %d stanzas in one turn", WAITING);
	l->waiting[l->n_waiting++] = xml;
}

static void turn_at(struct life *l, const struct order *o)
{
	l->time.wall = o->wall;
	l->time.boot = o->boot;
	l->how = (enum lifeline_death)o->how;
	l->after = o->after;
	for (size_t i = 0; i < l->n_waiting; i++) {
		hear(l, l->waiting[i], strlen(l->waiting[i]));
		free(l->waiting[i]);
	}
	l->n_waiting = 0;
	site_turn(l->site);
	turn(l);
}

static void live(const char *dir, const char *jid, int in, int out)
{
	static struct life l;
	struct order o;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_all(in, &o, sizeof(o));
	l.time.wall = o.wall;
	l.time.boot = o.boot;
	l.fd = out;
	open_site(&l, dir, jid);
	site_up(l.site, &l.out);
	turn(&l);
	tell(&l);
	for (;;) {
		char *xml;

		read_all(in, &o, sizeof(o));
		if (o.what == TURN) {
			turn_at(&l, &o);
			tell(&l);
			continue;
		}
		xml = malloc(o.len + 1);
		if (xml == NULL)
			err(1, "life");
		read_all(in, xml, o.len);
		xml[o.len] = '\0';
		keep(&l, xml);
	}
}

/* ---- the parent ---- */

void lifeline_init(struct lifeline *l, const char *jid)
{
	const char *tmp = getenv("TMPDIR");

	/* Whoever is killed loses nothing of what he wrote, wherever that is: the
	 * store may lie in memory, where nobody waits for a disk. */
	if (tmp == NULL)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	memset(l, 0, sizeof(*l));
	l->jid = jid;
	snprintf(l->dir, sizeof(l->dir), "%.40s/kith-life-XXXXXX", tmp);
	if (mkdtemp(l->dir) == NULL)
		err(1, "%s", l->dir);
	l->room = 64 * 1024;
	l->said = calloc(1, l->room);
	if (l->said == NULL)
		err(1, "lifeline");
}

static void send_order(struct lifeline *l, const struct order *o, const char *xml)
{
	write_all(l->to, o, sizeof(*o));
	if (o->len > 0)
		write_all(l->to, xml, o->len);
}

/* How much of it came. */
static size_t read_some(int fd, char *at, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = read(fd, at + got, n - got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		got += (size_t)k;
	}
	return got;
}

static int buried(struct lifeline *l, bool expected)
{
	int status;

	close(l->to);
	close(l->from);
	waitpid(l->pid, &status, 0);
	l->pid = 0;
	if (!expected || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		errx(1, "the site died by itself");
	return -1;
}

static int listen_to(struct lifeline *l, bool may_die)
{
	uint32_t len;

	l->said[0] = '\0';
	if (read_some(l->from, (char *)&len, sizeof(len)) < sizeof(len))
		return buried(l, may_die);
	if (len + 1 > l->room) {
		l->room = 2 * ((size_t)len + 1);
		l->said = realloc(l->said, l->room);
		if (l->said == NULL)
			err(1, "lifeline");
	}
	l->said[read_some(l->from, l->said, len)] = '\0';
	return may_die ? buried(l, true) : 0;
}

void lifeline_start(struct lifeline *l, int64_t wall_ms, int64_t boot_ms)
{
	struct order o = { .wall = wall_ms, .boot = boot_ms };
	int in[2], out[2];

	if (pipe(in) != 0 || pipe(out) != 0)
		err(1, "pipe");
	l->pid = fork();
	if (l->pid < 0)
		err(1, "fork");
	if (l->pid == 0) {
		close(in[1]);
		close(out[0]);
		live(l->dir, l->jid, in[0], out[1]);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	l->to = in[1];
	l->from = out[0];
	send_order(l, &o, NULL);
	listen_to(l, false);
}

void lifeline_hand(struct lifeline *l, const char *xml)
{
	struct order o = { .what = STANZA, .len = (uint32_t)strlen(xml) };

	send_order(l, &o, xml);
}

int lifeline_turn(struct lifeline *l, int64_t wall_ms, int64_t boot_ms, enum lifeline_death how,
    uint32_t after)
{
	struct order o = { .wall = wall_ms, .boot = boot_ms, .what = TURN, .how = how,
		.after = after };

	send_order(l, &o, NULL);
	return listen_to(l, how != LIFELINE_NONE);
}

void lifeline_kill(struct lifeline *l)
{
	if (l->pid == 0)
		return;
	kill(l->pid, SIGKILL);
	(void)buried(l, true);
}

void lifeline_fini(struct lifeline *l)
{
	static const char *const names[] = { "db", "db-wal", "db-shm", "db-journal" };
	char path[128];

	lifeline_kill(l);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", l->dir, names[i]);
		unlink(path);
	}
	rmdir(l->dir);
	free(l->said);
}
