/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithd: the service of a local broker: registry and provisioning as one
 * XMPP component.  Here are options, files, the loop and signals; what is
 * done with a stanza is site.c, what kithctl may ask is report.c.
 */
#include "config.h"

#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/daemon.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "common/store/audit.h"
#include "common/wire/component.h"
#include "kithd/control_socket.h"
#include "kithd/kithd_conf.h"
#include "kithd/metrics_http.h"
#include "kithd/operate.h"
#include "kithd/operate_job.h"
#include "kithd/report.h"
#include "kithd/restore.h"
#include "kithd/site.h"

#define DEFAULT_FILE KITH_SYSCONFDIR "/kith/kithd.conf"
#define HASH_KEY_BYTES 32
#define HOUR_S 3600.
#define DRAIN_MS 1000

static const char usage[] =
	"usage: kithd [-nvVh] [-f FILE]\n"
	"       kithd [-f FILE] restore BACKUP [key KEYFILE] [force] [trust]\n"
	"\n"
	"Registry and provisioning of a local XMPP broker, in the foreground; or put\n"
	"a backup of kithctl in the place of its store, while it does not run: force\n"
	"puts the present store aside, trust lets everything allowed then be allowed.\n"
	"\n"
	"  -f FILE   settings (" DEFAULT_FILE ")\n"
	"  -n        check the settings and exit; with -v print them as understood\n"
	"  -v        log more; may be repeated\n"
	"  -V        print the version and exit\n"
	"  -h        print this and exit\n"
	"\n"
	"Signals: TERM and INT finish what was acknowledged and exit, HUP reads the\n"
	"log level and the operator's policy again.  Exit status: 0, 1 for errors, 64\n"
	"for wrong options, 78 for wrong settings.  Settings are described in\n"
	"kithd.conf(5).\n";

struct daemon {
	struct daemon_options options;
	struct kithd_conf conf;
	struct stats stats;
	struct secret secret, hash_key;
	struct site *site;
	struct component *component;
	struct control_socket *control;
	struct metrics_http *metrics;
	struct ev_loop *loop;
	struct ev_io io;
	struct ev_timer timer, hourly, hourly_open;
	struct ev_prepare prepare;
	struct ev_signal term, intr, hup;
	bool was_up;
};

/* ---- the component's callbacks ---- */

static void on_up(void *arg)
{
	struct daemon *d = arg;

	site_up(d->site, component_out(d->component));
	component_flush(d->component);
	if (d->was_up) {
		log_info("connected to the broker again");
		return;
	}
	d->was_up = true;
	log_info("ready: %s at %s", d->conf.jid, d->conf.server);
	daemon_notify("READY=1");
}

static void on_down(void *arg, const char *why)
{
	struct daemon *d = arg;

	site_down(d->site);
	log_warn("the broker is away, trying again: %s", why);
}

static void on_stanza(void *arg, const struct stanza *s)
{
	struct daemon *d = arg;

	site_stanza(d->site, s);
}

static void on_oversize(void *arg, const struct stanza_head *h)
{
	struct daemon *d = arg;

	site_oversize(d->site, h);
}

/* Of two wishes one after the other, each has half of the time. */
static void hurry(struct daemon *d)
{
	if (site_hurries(d->site))
		component_hurry(d->component, SITE_LATE_MS / 2);
}

static void on_turn(void *arg)
{
	struct daemon *d = arg;

	site_turn(d->site);
	hurry(d);
}

static const struct component_ops ops = {
	.up = on_up,
	.down = on_down,
	.stanza = on_stanza,
	.oversize = on_oversize,
	.turn = on_turn,
};

/* ---- the loop ---- */

static int to_ev(short events)
{
	return ((events & POLLIN) != 0 ? EV_READ : 0) | ((events & POLLOUT) != 0 ? EV_WRITE : 0);
}

static short from_ev(int revents)
{
	return (short)(((revents & EV_READ) != 0 ? POLLIN : 0) | ((revents & EV_WRITE) != 0 ?
	    POLLOUT : 0));
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct daemon *d = io->data;

	(void)loop;
	component_run(d->component, from_ev(revents));
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct daemon *d = timer->data;
	int64_t now = clock_boot(&clock_system), due;

	(void)loop;
	(void)revents;
	due = site_deadline(d->site);
	if (due >= 0 && due <= now)
		site_tick(d->site);
	hurry(d);
	component_flush(d->component);
	due = component_deadline(d->component);
	if (due >= 0 && due <= now)
		component_run(d->component, 0);
}

static void watch_stream(struct daemon *d)
{
	int fd = component_fd(d->component);
	int events = to_ev(component_events(d->component));

	/* Back-pressure: a broker that does not read our answers is not read. */
	if (site_is_full(d->site))
		events &= ~EV_READ;
	if (ev_is_active(&d->io) && d->io.fd == fd && (d->io.events & (EV_READ | EV_WRITE)) ==
	    events)
		return;
	ev_io_stop(d->loop, &d->io);
	if (fd < 0)
		return;
	ev_io_set(&d->io, fd, events);
	ev_io_start(d->loop, &d->io);
}

static void watch_time(struct daemon *d)
{
	int64_t a = component_deadline(d->component), b = site_deadline(d->site);
	int64_t due = a < 0 || (b >= 0 && b < a) ? b : a;
	int64_t wait = due - clock_boot(&clock_system);

	ev_timer_stop(d->loop, &d->timer);
	if (due < 0)
		return;
	ev_timer_set(&d->timer, wait > 0 ? (double)wait / 1000. : 0., 0.);
	ev_timer_start(d->loop, &d->timer);
}

/* Before the loop waits: for whom, and how long? */
static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int revents)
{
	struct daemon *d = prepare->data;

	(void)revents;
	ev_now_update(loop);
	watch_stream(d);
	watch_time(d);
}

static void on_stop(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void set_log_level(const struct kithd_conf *c, unsigned verbose)
{
	unsigned level = (unsigned)c->level + verbose;

	log_set_level(level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level);
}

static void reload_settings(struct daemon *d)
{
	struct kithd_conf fresh;
	struct err e = ERR_INIT;

	if (kithd_conf_load(&fresh, d->options.file, &e) != 0) {
		log_error("settings not read again: %s", e.text);
		return;
	}
	set_log_level(&fresh, d->options.verbose);
	kithd_conf_free(&fresh);
	log_info("log level read again");
}

static void on_reload(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)revents;
	reload_settings(d);
	operate_policy_read(d->site, "SIGHUP");
	site_turn(d->site);
	component_flush(d->component);
}

static void warn_no_limits(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	log_warn("[limits] all = off: anybody can fill this machine; for benchmarks only");
}

static void warn_no_sandbox(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	log_warn("[daemon] sandbox = off: a fault in this program is a fault of the machine");
}

static void watch_signal(struct daemon *d, struct ev_signal *w,
    void (*fn)(struct ev_loop *loop, struct ev_signal *w, int revents), int signum)
{
	ev_signal_init(w, fn, signum);
	w->data = d;
	ev_signal_start(d->loop, w);
}

static int open_loop(struct daemon *d, struct err *e)
{
	/* poll(2): a handful of descriptors, and none remembered by the kernel
	 * when a reconnect gets the same number again. */
	d->loop = ev_loop_new(EVBACKEND_POLL | EVFLAG_NOENV);
	if (d->loop == NULL)
		return err_set(e, ERR_SYSTEM, "cannot make an event loop");
	ev_io_init(&d->io, on_io, -1, 0);
	d->io.data = d;
	ev_timer_init(&d->timer, on_timer, 0., 0.);
	d->timer.data = d;
	ev_prepare_init(&d->prepare, on_prepare);
	d->prepare.data = d;
	ev_prepare_start(d->loop, &d->prepare);
	watch_signal(d, &d->term, on_stop, SIGTERM);
	watch_signal(d, &d->intr, on_stop, SIGINT);
	watch_signal(d, &d->hup, on_reload, SIGHUP);
	ev_timer_init(&d->hourly, warn_no_limits, 0., HOUR_S);
	if (!d->conf.limits.all)
		ev_timer_start(d->loop, &d->hourly);
	ev_timer_init(&d->hourly_open, warn_no_sandbox, 0., HOUR_S);
	if (!d->conf.sandbox)
		ev_timer_start(d->loop, &d->hourly_open);
	return 0;
}

/* ---- files ---- */

static int make_hash_key(const char *path, struct secret *out, struct err *e)
{
	uint8_t key[HASH_KEY_BYTES];
	char text[2 * HASH_KEY_BYTES + 1];
	int ret = -1;

	if (ident_random(key, sizeof(key), e) != 0)
		return -1;
	str_hex(text, key, sizeof(key));
	if (daemon_write_file(path, text, strlen(text), e) == 0)
		ret = secret_set(out, key, sizeof(key), e);
	secret_cleanse(key, sizeof(key));
	secret_cleanse(text, sizeof(text));
	return ret;
}

static int parse_hash_key(const char *path, const struct buf *file, struct secret *out,
    struct err *e)
{
	uint8_t key[HASH_KEY_BYTES];
	int ret;

	if (str_unhex(key, sizeof(key), buf_str(file)) != 0)
		return err_set(e, ERR_INPUT, "'%s' is no key of kithd (64 hex digits)", path);
	ret = secret_set(out, key, sizeof(key), e);
	secret_cleanse(key, sizeof(key));
	return ret;
}

/* The folder of a file is made when it is missing. */
static int make_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int ret;

	if (slash == NULL || slash == path)
		return 0;
	folder = strndup(path, (size_t)(slash - path));
	if (folder == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	ret = daemon_dir(folder, e);
	free(folder);
	return ret;
}

/* Claim digests can be read with this key only: keep a copy apart from the store. */
static int load_hash_key(const char *path, struct secret *out, struct err *e)
{
	struct buf file;
	int ret = -1;

	if (make_folder(path, e) != 0)
		return -1;
	buf_init(&file, 2 * HASH_KEY_BYTES + 2);
	if (daemon_read_file(path, &file, e) == 0) {
		ret = parse_hash_key(path, &file, out, e);
	} else if (e->kind == ERR_AGAIN) {
		err_clear(e);
		ret = make_hash_key(path, out, e);
		if (ret == 0)
			log_info("made the key file '%s'; back it up apart from the store", path);
	}
	if (file.data != NULL)
		secret_cleanse(file.data, file.cap);
	buf_fini(&file);
	return ret;
}

/* ---- start and stop ---- */

/* An answer that goes on: whose it is, and how far it has come. */
struct control_job {
	bool looks;
	void *inner;
};

static bool control_part(struct daemon *d, bool looks, void **inner, const char *line,
    struct buf *out)
{
	struct site_parts parts;
	bool complete;

	if (looks) {
		site_parts(d->site, &parts);
		return report(&parts, inner, line, out);
	}
	complete = operate(d->site, inner, line, out);
	/* What the act made us owe goes out at once. */
	site_turn(d->site);
	component_flush(d->component);
	return complete;
}

static bool on_control(void *arg, void **job, const char *line, struct buf *out)
{
	struct control_job now = { 0 }, *j = *job;

	if (j == NULL)
		now.looks = !operate_knows(line);
	else
		now = *j;
	if (control_part(arg, now.looks, &now.inner, line, out)) {
		free(j);
		*job = NULL;
		return true;
	}
	if (j == NULL && (j = malloc(sizeof(*j))) == NULL)
		abort();
	*j = now;
	*job = j;
	return false;
}

static int open_control(struct daemon *d, struct err *e)
{
	if (d->conf.control_socket == NULL)
		return 0;
	if (make_folder(d->conf.control_socket, e) != 0)
		return -1;
	return control_socket_open(&d->control, d->loop, d->conf.control_socket,
	    (size_t)kithd_conf_limits(&d->conf).control_clients, on_control, d, e);
}

static void on_metrics(void *arg, struct buf *out)
{
	const struct daemon *d = arg;
	struct site_parts parts;

	site_parts(d->site, &parts);
	report_prometheus(&parts, out);
}

static int open_metrics(struct daemon *d, struct err *e)
{
	if (d->conf.metrics == NULL)
		return 0;
	if (str_starts(d->conf.metrics, "unix:") && make_folder(d->conf.metrics + 5, e) != 0)
		return -1;
	return metrics_http_open(&d->metrics, d->loop, d->conf.metrics, on_metrics, d, e);
}

/* Whoever keeps the log elsewhere can tell later whether rows behind this one
 * were lost. */
static void log_head(const struct daemon *d)
{
	uint8_t hash[AUDIT_HASH];
	char hex[2 * AUDIT_HASH + 1];
	struct site_parts parts;
	int64_t row;

	site_parts(d->site, &parts);
	row = audit_head(parts.audit, hash);
	str_hex(hex, hash, sizeof(hash));
	log_info("the record of what happened ends with row %lld %s", (long long)row, hex);
}

static void component_settings(struct daemon *d, struct component_conf *c)
{
	struct kithd_limits limits = kithd_conf_limits(&d->conf);

	memset(c, 0, sizeof(*c));
	c->jid = d->conf.jid;
	c->host = d->conf.server_host;
	c->port = d->conf.server_port;
	c->secret = &d->secret;
	c->allow_remote = d->conf.allow_remote;
	c->limits.stanza_bytes = (size_t)limits.stanza_bytes;
	c->limits.queue_bytes = (size_t)limits.queue_bytes;
	c->clock = &clock_system;
	c->stats = &d->stats;
	c->ping_after_ms = 15000;
	c->ping_timeout_ms = 10000;
	c->backoff_cap_ms = 30000;
}

static int open_site(struct daemon *d, struct err *e)
{
	struct site_deps deps = {
		.conf = &d->conf,
		.clock = &clock_system,
		.hash_key = &d->hash_key,
		.stats = &d->stats,
	};

	return site_open(&d->site, &deps, e);
}

static int open_component(struct daemon *d, struct err *e)
{
	struct component_conf c;

	component_settings(d, &c);
	d->component = component_new(&c, &ops, d, e);
	return d->component == NULL ? -1 : 0;
}

static void close_all(struct daemon *d)
{
	control_socket_close(&d->control);
	metrics_http_close(&d->metrics);
	component_free(&d->component);
	site_close(&d->site);
	secret_clear(&d->secret);
	secret_clear(&d->hash_key);
	if (d->loop != NULL)
		ev_loop_destroy(d->loop);
	kithd_conf_free(&d->conf);
}

/* Settings that are wrong stop us with 78, before anything is opened. */
static int read_settings(struct daemon *d, struct err *e)
{
	struct component_conf c;

	if (kithd_conf_load(&d->conf, d->options.file, e) != 0)
		return -1;
	if (conf_secret_file(d->conf.secret_file, 16, &d->secret, e) != 0) {
		err_prefix(e, "%s: [component] secret_file", d->options.file);
		return -1;
	}
	component_settings(d, &c);
	if (component_check(&c, e) != 0) {
		err_prefix(e, "%s: [component] jid, server, secret_file, allow_remote",
		    d->options.file);
		return -1;
	}
	return 0;
}

static void print_settings(const struct daemon *d)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	kithd_conf_print(&d->conf, &b);
	fputs(buf_str(&b), stdout);
	buf_fini(&b);
}

/* Answers of committed requests leave before we do, if the broker reads them. */
static void drain(struct daemon *d)
{
	int64_t until = clock_boot(&clock_system) + DRAIN_MS;

	component_flush(d->component);
	while (component_is_up(d->component) && component_out(d->component)->len > 0 &&
	    clock_boot(&clock_system) < until) {
		struct pollfd p = { .fd = component_fd(d->component), .events = POLLOUT };

		if (poll(&p, 1, DRAIN_MS / 10) > 0)
			component_run(d->component, POLLOUT);
	}
}

/* The folder of a file, or the file itself where it stands alone. */
static char *folder_of(const char *path)
{
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL)
		return path == NULL ? NULL : strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* All is open: from here on there is the store, the sockets and nothing else. */
static int enter_sandbox(struct daemon *d, struct err *e)
{
	const char *db = strchr(d->conf.store_url, ':');
	char *store = folder_of(db != NULL && db[1] != ':' ? db + 1 : NULL);
	char *socket = folder_of(d->conf.control_socket);
	/* The folder: whoever edits a file may put a new one in its place. */
	char *policy = folder_of(d->conf.policy_path);
	const struct sandbox_path path[] = {
		{ store, true, false }, { socket, true, false },
		{ d->options.file, false, false }, { policy, false, false },
	};
	const struct sandbox s = { .path = path, .n = sizeof(path) / sizeof(path[0]) };
	char what[SANDBOX_TEXT];
	int rc = 0;

	if (d->conf.sandbox) {
		rc = sandbox_enter(&s, what, e);
		if (rc == 0)
			log_info("sandbox: %s", what);
		else
			err_prefix(e, "[daemon] sandbox");
	}
	free(store);
	free(socket);
	free(policy);
	return rc;
}

static int run(struct daemon *d, struct err *e)
{
	if (daemon_drop(d->conf.user, e) != 0 ||
	    load_hash_key(d->conf.hash_key_file, &d->hash_key, e) != 0 ||
	    open_loop(d, e) != 0 || open_site(d, e) != 0)
		return -1;
	operate_policy_read(d->site, "start");
	if (open_control(d, e) != 0 ||
	    open_metrics(d, e) != 0 ||
	    open_component(d, e) != 0)
		return -1;
	operate_backup_tidy(d->conf.store_url);
	if (enter_sandbox(d, e) != 0)
		return -1;
	log_info("kithd %s starts: %s", PACKAGE_VERSION, d->conf.jid);
	log_head(d);
	ev_run(d->loop, 0);
	/* Every turn was committed and answered before the loop came back here. */
	daemon_notify("STOPPING=1");
	drain(d);
	log_info("stopped");
	return 0;
}

/* ---- restore ---- */

static int wrong_words(void)
{
	fputs("kithd: say: kithd [-f FILE] restore BACKUP [key KEYFILE] [force] [trust]\n", stderr);
	return EX_USAGE;
}

static int open_named(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_errno(e, "cannot open '%s'", path) : fd;
}

static int report_restored(const struct restored *done)
{
	printf("restored: %lld things of %lld owners; %lld rules that allowed something now ask\n",
	    (long long)done->things, (long long)done->owners, (long long)done->rules);
	if (done->aside[0] != '\0')
		printf("the former store is %s\n", done->aside);
	return EXIT_SUCCESS;
}

/* The files are opened with the rights of who called, the store is made with
 * those of the daemon. */
static int run_restore(struct daemon *d, struct err *e)
{
	struct restore what = { .backup_fd = -1, .key_fd = -1 };
	struct restored done;
	char **w = d->options.operands;
	int status = EXIT_FAILURE;

	if (d->options.n_operands < 2)
		return wrong_words();
	what.backup_fd = open_named(w[1], e);
	for (int i = 2; i < d->options.n_operands && what.backup_fd >= 0; i++) {
		if (strcmp(w[i], "force") == 0)
			what.force = true;
		else if (strcmp(w[i], "trust") == 0)
			what.trust = true;
		else if (strcmp(w[i], "key") == 0 && i + 1 < d->options.n_operands)
			what.key_fd = open_named(w[++i], e);
		else
			return wrong_words();
	}
	if (e->text[0] == '\0' && daemon_drop(d->conf.user, e) == 0 &&
	    make_folder(d->conf.hash_key_file, e) == 0 &&
	    restore(&what, &d->conf, &done, e) == 0)
		status = report_restored(&done);
	if (what.backup_fd >= 0)
		close(what.backup_fd);
	if (what.key_fd >= 0)
		close(what.key_fd);
	if (status != EXIT_SUCCESS)
		log_error("not restored: %s", e->text);
	return status;
}

/* A peer that hangs up is an error of the write, not a signal. */
static void ignore_sigpipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct err e = ERR_INIT;
	int status = EXIT_SUCCESS;

	umask(077);
	secret_protect_process();
	ignore_sigpipe();
	daemon_options(argc, argv, usage, &d.options);
	if (d.options.n_operands > 0 && strcmp(d.options.operands[0], "restore") != 0) {
		fprintf(stderr, "kithd takes no '%s'; try: kithd -h\n", d.options.operands[0]);
		return EX_USAGE;
	}
	if (d.options.file == NULL)
		d.options.file = DEFAULT_FILE;
	if (read_settings(&d, &e) != 0) {
		log_error("%s", e.text);
		status = DAEMON_EX_CONFIG;
	} else if (d.options.n_operands > 0) {
		status = run_restore(&d, &e);
	} else if (d.options.check) {
		if (d.options.verbose > 0)
			print_settings(&d);
	} else {
		set_log_level(&d.conf, d.options.verbose);
		if (run(&d, &e) != 0) {
			log_error("%s", e.text);
			status = EXIT_FAILURE;
		}
	}
	close_all(&d);
	return status;
}
