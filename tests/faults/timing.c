/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timing: does the time of a refusal tell why (att-C-03, att-C-15, att-P-09)?  Requests of
 * several kinds go to a kithd of our own one at a time, in random order; Welch's
 * t compares how long the answers of each two kinds took.  A kind is told from
 * another only if it is in two independent runs: a busy machine does that once.
 *
 * usage: timing KITHD [SAMPLES]     default 100,000; prints TAP
 */
#include "config.h"

#include <err.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tests/support/fakebroker.h"
#include "tests/support/subject.h"

#define NS "urn:xmpp:iot:discovery"
#define T_MAX 4.5
#define KEEP 95		/* hundredths: the slowest say more about the machine */

enum { CLAIM, MANAGE, POLICY };

static const struct kind {
	const char *name;
	int family;			/* only alike requests are compared */
	const char *sn, *key, *thing;
} kinds[] = {
	{ "an unknown serial number", CLAIM, "9999", "0123456789abcdef0123456789abcdef", NULL },
	{ "first character wrong", CLAIM, "1000", "x123456789abcdef0123456789abcdef", NULL },
	{ "last character wrong", CLAIM, "1000", "0123456789abcdef0123456789abcdex", NULL },
	{ "owned by another", CLAIM, "2000", "0123456789abcdef0123456789abcdef", NULL },
	{ "twins", CLAIM, "3000", "0123456789abcdef0123456789abcdef", NULL },
	{ "remove what is not there", MANAGE, NULL, NULL, "t9999" },
	{ "remove another's", MANAGE, NULL, NULL, "t2000" },
	/* No thing asks about them; `key` is a token that it says it was shown. */
	{ "a stranger, about nobody", POLICY, NULL, "nothing", "zed" },
	{ "a stranger, about an owner", POLICY, NULL, "nothing", "ann" },
	{ "a stranger, about a friend", POLICY, NULL, "nothing", "bob" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct samples {
	size_t n;
	double *us;
};

struct run {
	struct fakebroker *broker;
	bool answered, refused;
	struct samples of[KINDS];
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void on_stanza(void *arg, const struct heard *h)
{
	struct run *r = arg;

	if (strcmp(h->id, "q") != 0)
		return;
	r->answered = true;
	r->refused = strcmp(h->condition, "item-not-found") == 0 ||
	    strcmp(h->child, "canReadResponse") == 0;
}

static void wait_answer(struct run *r)
{
	for (int i = 0; i < 100 && !r->answered; i++)
		if (fakebroker_turn(r->broker, 100) < 0)
			errx(1, "kithd went away");
	if (!r->answered)
		errx(1, "kithd answers nothing");
}

static void ask(struct run *r, const char *from, const char *verb, const char *attributes,
    const char *sn, const char *key)
{
	r->answered = r->refused = false;
	fakebroker_sayf(r->broker, "<iq type='set' id='q' from='%s@home.example/x' "
	    "to='kith.home.example'><%s xmlns='" NS "' %s>", from, verb, attributes);
	if (sn != NULL)
		fakebroker_sayf(r->broker, "<str name='SN' value='%s'/><str name='MAN' "
		    "value='acme'/><str name='KEY' value='%s'/>", sn, key);
	fakebroker_sayf(r->broker, "</%s></iq>", verb);
	wait_answer(r);
}

static void ask_to_read(struct run *r, const char *who, const char *token)
{
	r->answered = r->refused = false;
	fakebroker_sayf(r->broker, "<iq type='get' id='q' from='mallory@home.example/x' "
	    "to='kith.home.example'><canRead xmlns='urn:xmpp:iot:provisioning' "
	    "jid='%s@home.example' serviceToken='%s' momentary='true'/></iq>", who, token);
	wait_answer(r);
}

static void populate(struct run *r)
{
	static const char key[] = "0123456789abcdef0123456789abcdef";

	ask(r, "t1000", "register", "", "1000", key);
	ask(r, "t2000", "register", "", "2000", key);
	ask(r, "ann", "mine", "", "2000", key);
	ask(r, "t3000", "register", "", "3000", key);
	ask(r, "t3001", "register", "", "3000", key);
	/* Somebody with a rule of his own. */
	fakebroker_sayf(r->broker, "<message type='chat' from='ann@home.example/x' "
	    "to='desk@kith.home.example'><body>allow bob@home.example to read *</body></message>");
}

static void measure(struct run *r, size_t k)
{
	const struct kind *kind = &kinds[k];
	char jid[64] = "";
	double began;

	if (kind->thing != NULL)
		snprintf(jid, sizeof(jid), "jid='%s@home.example'", kind->thing);
	began = now_us();
	if (kind->family == POLICY)
		ask_to_read(r, kind->thing, kind->key);
	else
		ask(r, "mallory", kind->family == CLAIM ? "mine" : "remove", jid, kind->sn,
		    kind->key);
	if (!r->refused)
		errx(1, "not refused: %s", kind->name);
	r->of[k].us[r->of[k].n++] = now_us() - began;
}

static size_t random_kind(void)
{
	static unsigned char bytes[4096];
	static size_t at = sizeof(bytes);

	if (at == sizeof(bytes)) {
		for (size_t n = 0; n < sizeof(bytes); n += 256)
			if (getrandom(bytes + n, 256, 0) != 256)
				err(1, "getrandom");
		at = 0;
	}
	return bytes[at++] % KINDS;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void mean_of(const struct samples *s, size_t n, double *mean, double *var)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += s->us[i];
	*mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (s->us[i] - *mean) * (s->us[i] - *mean);
	*var = squares / (double)(n - 1);
}

static double welch(const struct samples *a, const struct samples *b)
{
	size_t n = a->n * KEEP / 100, m = b->n * KEEP / 100;
	double ma, mb, va, vb;

	mean_of(a, n, &ma, &va);
	mean_of(b, m, &mb, &vb);
	return (ma - mb) / sqrt(va / (double)n + vb / (double)m);
}

static void play(const char *program, size_t samples, double t[KINDS][KINDS])
{
	struct run r = { 0 };
	struct subject subject;

	r.broker = fakebroker_open(on_stanza, &r);
	if (r.broker == NULL)
		err(1, "no port");
	subject_init(&subject, program, fakebroker_port(r.broker), "claim_failures = 1000000\n"
	    "claim_failures_domain = 1000000\nclaim_failures_all = 1000000\n");
	subject_start(&subject);
	if (fakebroker_accept(r.broker, 20000) != 0)
		errx(1, "kithd does not come");
	for (size_t k = 0; k < KINDS; k++)
		if ((r.of[k].us = calloc(samples, sizeof(double))) == NULL)
			err(1, "memory");
	populate(&r);
	for (size_t i = 0; i < samples / 100; i++)
		measure(&r, random_kind());
	for (size_t k = 0; k < KINDS; k++)
		r.of[k].n = 0;		/* so far it was warming up */
	for (size_t i = 0; i < samples; i++)
		measure(&r, random_kind());
	for (size_t k = 0; k < KINDS; k++) {
		double mean, var;

		qsort(r.of[k].us, r.of[k].n, sizeof(double), by_size);
		mean_of(&r.of[k], r.of[k].n * KEEP / 100, &mean, &var);
		printf("# %-26s %7zu samples, %.2f us, deviation %.2f\n", kinds[k].name,
		    r.of[k].n, mean, sqrt(var));
	}
	for (size_t a = 0; a < KINDS; a++)
		for (size_t b = 0; b < KINDS; b++)
			t[a][b] = welch(&r.of[a], &r.of[b]);
	for (size_t k = 0; k < KINDS; k++)
		free(r.of[k].us);
	subject_stop(&subject, SIGTERM);
	subject_fini(&subject);
	fakebroker_close(&r.broker);
}

int main(int argc, char **argv)
{
	size_t samples = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
	double first[KINDS][KINDS], again[KINDS][KINDS];
	unsigned n = 0, bad = 0;

	if (argc < 2)
		errx(64, "usage: timing KITHD [SAMPLES]");
	signal(SIGPIPE, SIG_IGN);
	play(argv[1], samples, first);
	play(argv[1], samples, again);
	for (size_t a = 0; a < KINDS; a++)
		for (size_t b = a + 1; b < KINDS; b++) {
			bool told = fabs(first[a][b]) >= T_MAX && fabs(again[a][b]) >= T_MAX &&
			    (first[a][b] > 0) == (again[a][b] > 0);

			if (kinds[a].family != kinds[b].family)
				continue;
			bad += told;
			printf("%s %u - the time does not tell: %s, %s # t = %.2f, %.2f\n",
			    told ? "not ok" : "ok", ++n, kinds[a].name, kinds[b].name,
			    first[a][b], again[a][b]);
		}
	printf("1..%u\n", n);
	return bad > 0;
}
