/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd: kith-thing, the device daemon: libkith-thing plus the drivers of
 * the settings file.  main reads top to bottom: options, settings, thing,
 * devices, loop, goodbye.  The claim URI goes to standard output (or, under
 * systemd, only to the state folder) and never into the log.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/catalogue.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "thing/thing.h"
#include "thing/thingd_bind.h"
#include "thing/thingd_conf.h"
#include "thing/thingd_nodes.h"
#include "thing/thingd_sandbox.h"
#include "thing/thingd_show.h"
#include "thing/thingd_thing.h"
#include "thing/thingd_trace.h"
#include "thing/thingd_word.h"

static const char usage[] =
    "usage: kith-thing [-nvV] [-f FILE]      run the thing\n"
    "       kith-thing trace [-f FILE]       run it and print each stanza, secrets masked\n"
    "       kith-thing claim [-f FILE] [--png PICTURE] [--svg PICTURE]\n"
    "                                        show how to claim it\n"
    "       kith-thing accept DOMAIN [-f FILE]\n"
    "                                        it may live at this domain, if it has none yet\n"
    "       kith-thing repin [-f FILE]       accept another registry or weaker login\n"
    "       kith-thing reset [-f FILE] --yes forget everything, become another thing\n"
    "       kith-thing decommission [-f FILE] --yes\n"
    "                                        out of service for good, with a receipt\n"
    "       kith-thing receipt [FILE]        is such a receipt genuine?\n"
    "  -f FILE  settings (" THINGD_DEFAULT_FILE ")\n"
    "  -n       check the settings and stop; with -v print them\n"
    "  -v       say more; -vv debug\n"
    "  -V       version\n"
    "  --timing print how long each phase of the start took\n";

struct thingd {
	struct thingd_conf conf;
	struct kith_thing *thing;
	struct thingd_claims claims;	/* of its nodes */
	struct thingd_bind bind;
	struct catalogues *languages;
	struct thingd_trace trace;
	bool ready, left;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
	(void)sig;
	stop_asked = 1;
}

/* ---- events ------------------------------------------------------------- */

static void on_state(struct thingd *d, const struct kith_thing_event *ev)
{
	thingd_trace_state(&d->trace, kith_thing_state_name(ev->state));
	log_info("%s%s%s", kith_thing_state_name(ev->state), *ev->text ? ": " : "", ev->text);
	if (ev->state == KITH_THING_SERVING)
		thingd_forget_claim(&d->conf);	/* also one that a crash left behind */
	if (d->ready || (ev->state != KITH_THING_UNCLAIMED && ev->state != KITH_THING_SERVING))
		return;
	d->ready = true;
	log_info("ready: %s", kith_thing_jid(d->thing));
	thingd_trace_timing(&d->trace, d->thing);
	daemon_notify("READY=1");
}

static void on_owner(struct thingd *d, const char *owner)
{
	if (*owner)
		log_info("owned by %s", owner);
	else
		log_info("owned by nobody any more");
	thingd_forget_claim(&d->conf);
}

static void on_node_owner(struct thingd *d, const struct kith_thing_at *at, const char *owner)
{
	log_info("node %s: owned by %s", at->id, *owner ? owner : "nobody any more");
	thingd_claims_set(&d->claims, &d->conf, at, "");
}

static void on_event(void *arg, const struct kith_thing_event *ev)
{
	struct thingd *d = arg;

	switch (ev->kind) {
	case KITH_THING_EV_STATE:
		on_state(d, ev);
		break;
	case KITH_THING_EV_CLAIM:
		if (ev->node.id)
			thingd_claims_set(&d->claims, &d->conf, &ev->node, ev->text);
		else
			thingd_show_claim(&d->conf, ev->text);
		break;
	case KITH_THING_EV_CODE:
		thingd_show_code(&d->conf, ev->text);
		break;
	case KITH_THING_EV_OWNER:
		if (ev->node.id)
			on_node_owner(d, &ev->node, ev->text);
		else
			on_owner(d, ev->text);
		break;
	case KITH_THING_EV_LAMP:
		log_debug("lamp: %s", ev->text);
		lamp_say(&d->bind.lamp, ev->text);
		break;
	case KITH_THING_EV_RECEIPT:
		printf("%s\n", ev->text);
		fflush(stdout);
		d->left = true;
		break;
	case KITH_THING_EV_IDENTITY:
		log_info("account %s", ev->text);
		break;
	case KITH_THING_EV_FRIEND:
		log_info("friend: %s", ev->text);
		break;
	case KITH_THING_EV_UNFRIEND:
		log_info("no friend any more: %s", ev->text);
		break;
	case KITH_THING_EV_SERVED:
	case KITH_THING_EV_NOTE:
		log_info("%s", ev->text);
		break;
	case KITH_THING_EV_REFUSED:
	case KITH_THING_EV_ALARM:
		log_warn("%s", ev->text);
		break;
	}
}

/* ---- the loop ----------------------------------------------------------- */

static void wait_for_work(struct thingd *d, const sigset_t *while_waiting)
{
	struct pollfd p[1 + THINGD_BIND_FDS];
	struct timespec ts;
	int64_t at = kith_thing_deadline(d->thing), now = clock_boot(&clock_system), ms;
	nfds_t n = 1;

	p[0] = (struct pollfd){ .fd = kith_thing_fd(d->thing),
		.events = kith_thing_events(d->thing) };
	n += thingd_bind_poll(&d->bind, p + 1, &at);
	ms = at < 0 || at > now ? at - now : 0;
	ts = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	(void)ppoll(p, n, at < 0 ? NULL : &ts, while_waiting);
}

/* Signals are let in only while waiting: none is missed between two looks. */
static void catch_signals(sigset_t *while_waiting)
{
	sigset_t blocked;
	struct sigaction sa = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
	struct sigaction usual = { .sa_handler = SIG_DFL };

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, while_waiting);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Ignored by who started us, the ends of command= would be lost, and their
	 * numbers soon another program's. */
	sigaction(SIGCHLD, &usual, NULL);
}

static void loop(struct thingd *d, const sigset_t *while_waiting)
{
	kith_thing_process(d->thing);
	while (!stop_asked && kith_thing_state(d->thing) != KITH_THING_STOPPED) {
		wait_for_work(d, while_waiting);
		thingd_bind_process(&d->bind);
		if (!stop_asked)
			kith_thing_process(d->thing);
	}
	daemon_notify("STOPPING=1");
	kith_thing_stop(d->thing);
}

/* ---- running ------------------------------------------------------------ */

static void on_trace(void *arg, bool sent, const char *xml)
{
	struct thingd *d = arg;

	thingd_trace_stanza(&d->trace, sent, xml);
}

static const char *on_translate(void *arg, const char *lang, const char *text)
{
	const struct thingd *d = arg;

	return catalogue_text(catalogues_find(d->languages, lang), text);
}

/* A thing that can speak English only is better than none. */
static void open_languages(struct thingd *d)
{
	struct err e = ERR_INIT;

	if (catalogues_open(&d->languages, d->conf.languages, &e) < 0)
		log_warn("%s", e.text);
	if (d->conf.language && !catalogues_have(d->languages, d->conf.language))
		log_warn("language = %s: there are no texts in it, so English is spoken",
		    d->conf.language);
}

static int run(struct thingd *d, const char *file)
{
	struct err e = ERR_INIT;
	char why[512] = "";
	sigset_t while_waiting;
	int ret = 1;

	catch_signals(&while_waiting);
	secret_protect_process();
	if (daemon_drop(d->conf.user, &e) < 0) {
		log_error("%s", e.text);
		return 1;
	}
	if (thingd_bind_open(&d->bind, &d->conf, &e) < 0) {
		log_error("%s", e.text);
		return 1;
	}
	open_languages(d);
	d->thing = thingd_thing(&d->conf, on_event, d->trace.on ? on_trace : NULL, on_translate, d,
	    why, sizeof(why));
	if (d->thing)
		thingd_claims_begin(&d->conf);
	if (!d->thing) {
		log_error("%s", why);
	} else if (thingd_bind_add(&d->bind, d->thing, &e) < 0 || thingd_sandbox(&d->conf, file, &e) < 0) {
		log_error("%s", e.text);
	} else {
		log_info("%s", *kith_thing_jid(d->thing) ? kith_thing_jid(d->thing)
		    : "no domain yet: looking for a broker");
		loop(d, &while_waiting);
		ret = d->left ? THINGD_EX_LEFT : 0;
	}
	thingd_bind_close(&d->bind);
	kith_thing_free(&d->thing);
	thingd_claims_fini(&d->claims);
	catalogues_close(&d->languages);
	return ret;
}

static void print_settings(const struct thingd_conf *c)
{
	struct buf b;

	buf_init(&b, 1024 * 1024);
	thingd_conf_print(c, &b);
	fputs(buf_str(&b), stdout);
	buf_fini(&b);
}

int main(int argc, char **argv)
{
	static struct thingd d;
	struct daemon_options o;
	int ret;

	thingd_trace_options(&d.trace, &argc, argv);
	if (argc > 1 && thingd_is_word(argv[1]))
		return thingd_word(argv[1], argc - 1, argv + 1);
	daemon_options(argc, argv, usage, &o);
	if (o.n_operands) {
		fprintf(stderr, "'%s' is no word of kith-thing; try: kith-thing -h\n",
		    o.operands[0]);
		return THINGD_EX_USAGE;
	}
	if (o.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (thingd_load(&d.conf, o.file) < 0) {
		thingd_conf_free(&d.conf);
		return DAEMON_EX_CONFIG;
	}
	if (o.check) {
		if (o.verbose)
			print_settings(&d.conf);
		ret = 0;
	} else {
		ret = run(&d, o.file ? o.file : THINGD_DEFAULT_FILE);
	}
	thingd_conf_free(&d.conf);
	return ret;
}
