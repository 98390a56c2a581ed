/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fanout_bench: one rule of one owner that concerns all of his things.  Prints
 * how long other decisions take before and meanwhile, how long it takes until
 * every thing has confirmed that it forgot, and how much memory that needs.
 *
 * usage: fanout_bench KITHD [N]   N things: 10,000, with BENCH_LARGE=1 100,000
 * The goals (docs/RULINGS.md 32): p99 of the others at most twice, or 5 ms,
 * whichever is more; 100,000 within 10 s.
 */
#include "config.h"

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/fakebroker.h"
#include "tests/support/subject.h"

#define DISCO "urn:xmpp:iot:discovery"
#define PROV "urn:nf:iot:prov:d:1.0"
#define SAMPLES 200000
#define GAP_US 1000		/* between an answer and the next question of the others */
#define CALM_US 2000000		/* how long they are measured before */
#define PATIENCE_US 300000000

struct bench {
	struct fakebroker *broker;
	size_t told, refused, pushed;
	bool replied, in_force;
	size_t asked, answered;		/* questions of the others */
	int64_t asked_us, answered_us;
	size_t n_samples;
	int64_t *sample;		/* us each */
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- the world around ---- */

static void on_message(struct bench *b, const struct heard *h)
{
	b->replied = true;
	if (strstr(h->body, "is in force at") != NULL && strstr(h->body, "offline") == NULL &&
	    strstr(h->body, "answered") == NULL)
		b->in_force = true;
}

static void on_answer(struct bench *b, const struct heard *h)
{
	if (h->id[0] == 'p') {
		b->answered++;
		b->answered_us = now_us();
		if (b->n_samples < SAMPLES)
			b->sample[b->n_samples++] = b->answered_us - b->asked_us;
	} else if (h->id[0] == 'q') {
		b->told++;
		b->refused += strcmp(h->type, "error") == 0;
	}
}

static void on_stanza(void *arg, const struct heard *h)
{
	struct bench *b = arg;

	if (strcmp(h->name, "message") == 0) {
		on_message(b, h);
	} else if (strcmp(h->name, "presence") == 0 && strcmp(h->type, "subscribe") == 0) {
		fakebroker_sayf(b->broker, "<presence type='subscribed' from='%s' "
		    "to='kith.home.example'/><presence from='%s/x' to='kith.home.example'/>",
		    h->to, h->to);
	} else if (strcmp(h->name, "iq") != 0) {
		return;
	} else if (strcmp(h->type, "result") == 0 || strcmp(h->type, "error") == 0) {
		on_answer(b, h);
	} else {
		b->pushed += strcmp(h->child, "clearCache") == 0;
		fakebroker_sayf(b->broker, "<iq type='result' id='%s' from='%s' "
		    "to='kith.home.example'/>", h->id,
		    h->to[0] != '\0' ? h->to : "kith.home.example");
	}
}

static void turn(struct bench *b, int wait_ms)
{
	if (fakebroker_turn(b->broker, wait_ms) < 0)
		errx(1, "the component has gone");
}

/* ---- setting up ---- */

static int make_register(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='set' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><register xmlns='" DISCO "'><str name='SN' value='%zu'/>"
	    "<str name='MAN' value='acme.example'/><str name='KEY' value='4857402340298342%zu'/>"
	    "</register></iq>", i, i, i, i);
}

static int make_mine(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='set' id='q%zu' from='olga@home.example/x' "
	    "to='kith.home.example'><mine xmlns='" DISCO "'><str name='SN' value='%zu'/>"
	    "<str name='MAN' value='acme.example'/><str name='KEY' value='4857402340298342%zu'/>"
	    "</mine></iq>", i, i, i);
}

static int make_can_read(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='get' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><canRead xmlns='" PROV "' jid='bob@home.example' m='true'>"
	    "<lease xmlns='urn:kith:lease:0' floor='0'/></canRead></iq>", i, i);
}

static void pump(struct bench *b, int (*make)(char *out, size_t room, size_t i), size_t n)
{
	char stanza[1024];
	size_t sent = 0;
	int64_t began = now_us();

	b->told = b->refused = 0;
	while (b->told < n) {
		for (; sent < n && sent - b->told < 1024; sent++)
			fakebroker_say(b->broker, stanza,
			    (size_t)make(stanza, sizeof(stanza), sent));
		turn(b, 1000);
		if (now_us() - began > PATIENCE_US)
			errx(1, "%zu of %zu answers", b->told, n);
	}
	if (b->refused > 0)
		errx(1, "%zu of %zu refused", b->refused, n);
}

static void chat(struct bench *b, const char *line)
{
	b->replied = false;
	fakebroker_sayf(b->broker, "<message type='chat' from='olga@home.example/x' "
	    "to='desk@kith.home.example' id='chat'><body>%s</body></message>", line);
	while (!b->replied)
		turn(b, 1000);
}

/* Nothing is owed any more: neither pushes nor notices come. */
static void settle(struct bench *b)
{
	int64_t quiet = now_us();
	size_t pushed = b->pushed;

	while (now_us() - quiet < 1500000) {
		turn(b, 100);
		if (b->pushed != pushed)
			quiet = now_us();
		pushed = b->pushed;
	}
}

/* ---- measuring ---- */

/* Somebody else's thing asks, one question after the other. */
static void ask_on(struct bench *b, size_t n)
{
	if (b->asked != b->answered || now_us() - b->answered_us < GAP_US)
		return;
	b->asked++;
	fakebroker_sayf(b->broker, "<iq type='get' id='p%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><canRead xmlns='" PROV "' jid='eve@home.example' m='true'>"
	    "<lease xmlns='urn:kith:lease:0' floor='0'/></canRead></iq>", b->asked,
	    b->asked % n);
	b->asked_us = now_us();
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile(struct bench *b, double part)
{
	if (b->n_samples == 0)
		return 0;
	qsort(b->sample, b->n_samples, sizeof(b->sample[0]), by_size);
	return (double)b->sample[(size_t)((double)(b->n_samples - 1) * part)] / 1e3;
}

static void print_samples(struct bench *b, const char *when)
{
	printf("  others %-9s %7zu decisions  median %7.3f ms  p99 %7.3f ms  longest %7.3f ms\n",
	    when, b->n_samples, percentile(b, .5), percentile(b, .99), percentile(b, 1));
	b->n_samples = 0;
}

static long memory_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

static void measure(struct bench *b, const struct subject *s, size_t n)
{
	long before = memory_kib(s->pid), most = before;
	size_t pushed = b->pushed;
	int64_t began, last = 0, looked = 0, cpu;

	for (began = now_us(); now_us() - began < CALM_US; turn(b, 1))
		ask_on(b, n);
	print_samples(b, "before");
	b->in_force = b->replied = false;
	cpu = subject_cpu_us(s);
	fakebroker_sayf(b->broker, "<message type='chat' from='olga@home.example/x' "
	    "to='desk@kith.home.example' id='chat'><body>deny bob@home.example to read *"
	    "</body></message>");
	for (began = now_us(); !b->in_force && now_us() - began < PATIENCE_US;) {
		ask_on(b, n);
		turn(b, 1);
		if (b->pushed - pushed == n && last == 0)
			last = now_us();
		if (now_us() - looked > 100000) {
			long now = memory_kib(s->pid);

			most = now > most ? now : most;
			looked = now_us();
		}
	}
	if (!b->in_force)
		errx(1, "not in force after %zu of %zu pushes", b->pushed - pushed, n);
	print_samples(b, "meanwhile");
	printf("  %zu things: all pushed after %.2f s, all confirmed and the owner told after "
	    "%.2f s, %.1f us of CPU each, %ld KiB more at most\n", n,
	    (double)(last - began) / 1e6, (double)(now_us() - began) / 1e6,
	    (double)(subject_cpu_us(s) - cpu) / (double)n, most - before);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct subject s;
	size_t n = getenv("BENCH_LARGE") != NULL ? 100000 : 10000;

	if (argc < 2)
		errx(2, "usage: fanout_bench KITHD [N]");
	if (argc > 2)
		n = strtoul(argv[2], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	b.sample = calloc(SAMPLES, sizeof(b.sample[0]));
	b.broker = fakebroker_open(on_stanza, &b);
	if (b.sample == NULL || b.broker == NULL)
		err(1, "fanout_bench");
	subject_init(&s, argv[1], fakebroker_port(b.broker), "all = off\nturn_requests = 64\nturn_time = 20ms\n");
	subject_start(&s);
	if (fakebroker_accept(b.broker, 10000) != 0) {
		subject_explain(&s);
		errx(1, "kithd does not connect");
	}
	printf("one rule that concerns %zu things of one owner\n", n);
	pump(&b, make_register, n);
	pump(&b, make_mine, n);
	chat(&b, "allow bob@home.example to read *");
	chat(&b, "deny eve@home.example everything");
	pump(&b, make_can_read, n);
	settle(&b);
	measure(&b, &s, n);
	subject_fini(&s);
	fakebroker_close(&b.broker);
	free(b.sample);
	return 0;
}
