/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench: pipelines stanzas into kithd over loopback and prints requests per
 * second and the CPU time of each, next to an echo component on bare expat and
 * to expat alone on the same bytes.  Look at the ratios; the absolute figures
 * belong to the machine.
 *
 * usage: bench KITHD ECHO [N [NAME]]   N requests per row at depth 64 and 1024;
 *                                     NAME: only requests that begin so, besides
 *                                     register and mine, which set things up.
 * A first question of a thing is also noted (its answer may have to be taken
 * back), so it writes; "again" is the same question once more.
 */
#include "config.h"

#include <err.h>
#include <expat.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/fakebroker.h"
#include "tests/support/subject.h"

#define DISCO "urn:xmpp:iot:discovery"
#define PROV "urn:nf:iot:prov:d:1.0"
#define OWNERS 100
#define ROUNDS 10			/* a question that was asked before: short, so many */
#define PATIENCE_US 60000000
#define ENOUGH_US 3000000

struct bench {
	struct fakebroker *broker;
	size_t told, refused, done;
	bool replied;			/* a chat line came back */
	const char *only;		/* NULL: every request */
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* -- the requests; `i` names the thing -- */

static int tags(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<str name='SN' value='394872348732948723-%zu'/>"
	    "<str name='MAN' value='www.acme.example'/><str name='MODEL' value='IMC'/>"
	    "<num name='V' value='1.2'/><str name='ROOM' value='kitchen'/>"
	    "<str name='CLASS' value='meter'/><num name='LAT' value='-33.02'/>"
	    "<str name='KEY' value='4857402340298342-%zu'/>", i, i);
}

static int make_register(char *out, size_t room, size_t i)
{
	char t[768];

	tags(t, sizeof(t), i);
	return snprintf(out, room, "<iq type='set' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><register xmlns='" DISCO "'>%s</register></iq>", i, i, t);
}

static int make_mine(char *out, size_t room, size_t i)
{
	char t[768];

	tags(t, sizeof(t), i);
	return snprintf(out, room, "<iq type='set' id='q%zu' from='o%zu@home.example/x' "
	    "to='kith.home.example'><mine xmlns='" DISCO "'>%s</mine></iq>", i, i % OWNERS, t);
}

/* Each thing once in a run, so something changes. */
static int make_update(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='set' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><update xmlns='" DISCO "'><num name='V' value='1.3'/>"
	    "</update></iq>", i, i);
}

static int make_owner_update(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='set' id='q%zu' from='o%zu@home.example/x' "
	    "to='kith.home.example'><update xmlns='" DISCO "' jid='t%zu@home.example'>"
	    "<str name='ROOM' value='cellar %zu'/></update></iq>", i, i % OWNERS, i, i);
}

static int make_is_friend(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='get' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><isFriend xmlns='" PROV "' jid='o%zu@home.example'/></iq>",
	    i, i, i % OWNERS);
}

static int make_can_read(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='get' id='q%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><canRead xmlns='" PROV "' jid='reader@home.example' m='true'>"
	    "<f n='Temp'/></canRead></iq>", i, i);
}

static int make_search(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='get' id='q%zu' from='reader@home.example/x' "
	    "to='kith.home.example'><search xmlns='" DISCO "' offset='0' maxCount='10'>"
	    "<strEq name='SN' value='394872348732948723-%zu'/></search></iq>", i, i);
}

static int make_devices(char *out, size_t room, size_t i)
{
	return snprintf(out, room, "<iq type='get' id='q%zu' from='o%zu@home.example/x' "
	    "to='kith.home.example'><getDevices xmlns='urn:nf:iot:prov:o:1.0' offset='0' "
	    "maxCount='10'/></iq>", i, i % OWNERS);
}

struct work {
	const char *name;
	int (*make)(char *out, size_t room, size_t i);
	bool may_stop;
	size_t rounds;			/* how often each thing asks */
};

static const struct work works[] = {
	{ "register", make_register, false, 1 },
	{ "mine", make_mine, false, 1 },
	{ "update", make_update, false, 1 },
	{ "update (owner)", make_owner_update, false, 1 },
	{ "isFriend", make_is_friend, true, 1 },
	{ "isFriend again", make_is_friend, true, ROUNDS },
	{ "canRead", make_can_read, true, 1 },
	{ "canRead again", make_can_read, true, ROUNDS },
	{ "search SN", make_search, true, 1 },
	{ "getDevices", make_devices, true, 1 },
};
#define WORKS (sizeof(works) / sizeof(works[0]))
static const size_t depths[] = {1, 64, 1024};
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

struct row {
	double kithd, echo, expat;	/* requests per second; 0: not served */
	double cpu_us, echo_us;		/* of CPU, per request */
};

/* -- the world around: things that answer pushes and accept subscriptions -- */

static void on_stanza(void *arg, const struct heard *h)
{
	struct bench *b = arg;
	bool iq = strcmp(h->name, "iq") == 0;
	bool error = strcmp(h->type, "error") == 0;

	/* Ids of its own requests are random: one may begin with our letter. */
	if (iq && h->id[0] == 'q' && (error || strcmp(h->type, "result") == 0)) {
		b->told++;
		b->refused += error;
	} else if (iq && strcmp(h->type, "set") == 0) {
		fakebroker_sayf(b->broker, "<iq type='result' id='%s' from='%s' "
		    "to='kith.home.example'/>", h->id, h->to);
	} else if (iq && strcmp(h->type, "get") == 0) {
		fakebroker_sayf(b->broker, "<iq type='result' id='%s' from='%s' to='%s'/>", h->id,
		    h->to, "kith.home.example");
	} else if (strcmp(h->name, "presence") == 0 && strcmp(h->type, "subscribe") == 0) {
		fakebroker_sayf(b->broker, "<presence type='subscribed' from='%s' "
		    "to='kith.home.example'/><presence from='%s/x' to='kith.home.example'/>",
		    h->to, h->to);
	} else if (strcmp(h->name, "message") == 0) {
		b->replied = true;
	}
}

/*
 * Requests per second of `n` things from `first` on; 0 when they are refused.
 * What only asks may be cut short; what writes is needed by the rows below.
 */
static double pump(struct bench *b, const struct work *w, size_t depth, size_t first, size_t n)
{
	char stanza[2048];
	size_t sent = 0, things = n;
	int64_t began = now_us();

	n *= w->rounds;

	b->told = b->refused = 0;
	while (b->told < n) {
		for (; sent < n && sent - b->told < depth; sent++)
			fakebroker_say(b->broker, stanza,
			    (size_t)w->make(stanza, sizeof(stanza), first + sent % things));
		if (fakebroker_turn(b->broker, 1000) < 0)
			errx(1, "%s: the component has gone", w->name);
		if (w->may_stop && now_us() - began > ENOUGH_US)
			n = sent;
		if (now_us() - began > PATIENCE_US)
			errx(1, "%s: %zu of %zu answers after a minute", w->name, b->told, n);
	}
	b->done = n;
	return b->refused ? 0 : (double)n * 1e6 / (double)(now_us() - began);
}

static void chat(struct bench *b, const char *from, const char *line)
{
	int64_t began = now_us();

	b->replied = false;
	fakebroker_sayf(b->broker, "<message type='chat' from='%s/x' to='desk@kith.home.example' "
	    "id='chat'><body>%s</body></message>", from, line);
	while (!b->replied && now_us() - began < PATIENCE_US)
		if (fakebroker_turn(b->broker, 1000) < 0)
			errx(1, "the component has gone");
}

/* expat without handlers over the same stanzas. */
static double expat_alone(const struct work *w, size_t n)
{
	XML_Parser parser = XML_ParserCreateNS(NULL, '|');
	char *bytes = malloc((n + 1) * 2048);
	size_t len = 0;
	int64_t began;

	if (!parser || !bytes)
		errx(1, "out of memory");
	len += (size_t)snprintf(bytes, 2048, "<stream xmlns='jabber:component:accept'>");
	for (size_t i = 0; i < n; i++)
		len += (size_t)w->make(bytes + len, 2048, i);
	began = now_us();
	for (size_t at = 0; at < len; at += 65536)
		if (XML_Parse(parser, bytes + at, (int)(len - at < 65536 ? len - at : 65536), 0) !=
		    XML_STATUS_OK)
			errx(1, "expat: %s", XML_ErrorString(XML_GetErrorCode(parser)));
	began = now_us() - began;
	free(bytes);
	XML_ParserFree(parser);
	return (double)n * 1e6 / (double)began;
}

/* -- the two components -- */

static size_t count_for(size_t depth, size_t n)
{
	return depth == 1 ? n / 10 : n;
}

/* Things are registered and claimed whatever is measured. */
static bool is_wanted(const struct bench *b, const struct work *w)
{
	return b->only == NULL || strncmp(w->name, b->only, strlen(b->only)) == 0 ||
	    w->make == make_register || w->make == make_mine;
}

static void measure_kithd(struct bench *b, const char *program, size_t n,
    struct row row[WORKS][DEPTHS])
{
	struct subject s;
	size_t first = 0;

	subject_init(&s, program, fakebroker_port(b->broker), "all = off\n");
	subject_start(&s);
	if (fakebroker_accept(b->broker, 10000) != 0) {
		subject_explain(&s);
		errx(1, "kithd does not connect");
	}
	for (size_t d = 0; d < DEPTHS; d++) {
		size_t count = count_for(depths[d], n);

		for (size_t w = 0; w < WORKS; w++) {
			int64_t cpu;

			if (!is_wanted(b, &works[w]))
				continue;
			cpu = subject_cpu_us(&s);

			if (works[w].make == make_can_read)
				for (size_t o = 0; o < OWNERS; o++) {
					char owner[64];

					snprintf(owner, sizeof(owner), "o%zu@home.example", o);
					chat(b, owner, "allow reader@home.example to read \"Temp\" of *");
				}
			row[w][d].kithd = pump(b, &works[w], depths[d], first, count);
			row[w][d].cpu_us = (double)(subject_cpu_us(&s) - cpu) / (double)b->done;
		}
		first += count;
	}
	subject_fini(&s);
}

static void measure_echo(struct bench *b, const char *program, size_t n,
    struct row row[WORKS][DEPTHS])
{
	char port[8];
	pid_t pid;

	snprintf(port, sizeof(port), "%u", fakebroker_port(b->broker));
	pid = fork();
	if (pid == 0) {
		execl(program, program, port, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || fakebroker_accept(b->broker, 10000) != 0)
		errx(1, "echo does not connect");
	for (size_t d = 0; d < DEPTHS; d++)
		for (size_t w = 0; w < WORKS; w++) {
			int64_t cpu = subject_cpu_of(pid);

			if (!is_wanted(b, &works[w]))
				continue;
			row[w][d].echo = pump(b, &works[w], depths[d], 0, count_for(depths[d], n));
			row[w][d].echo_us = (double)(subject_cpu_of(pid) - cpu) / (double)b->done;
		}
	fakebroker_drop(b->broker);
	waitpid(pid, NULL, 0);
}

/* On a busy machine only the CPU time of the two says much: how much of ours echo needs. */
static void print_table(struct row row[WORKS][DEPTHS])
{
	printf("%-14s %6s %10s %10s %10s %8s %9s %8s %8s %8s\n", "request", "depth", "kithd/s",
	    "echo/s", "expat/s", "of echo", "of expat", "CPU us", "echo us", "of CPU");
	for (size_t w = 0; w < WORKS; w++)
		for (size_t d = 0; d < DEPTHS; d++) {
			const struct row *r = &row[w][d];

			if (r->kithd > 0)
				printf("%-14s %6zu %10.0f %10.0f %10.0f %8.3f %9.3f %8.1f %8.1f "
				    "%8.3f\n", works[w].name, depths[d], r->kithd, r->echo,
				    r->expat, r->kithd / r->echo, r->kithd / r->expat,
				    r->cpu_us, r->echo_us, r->echo_us / r->cpu_us);
			else
				printf("%-14s %6zu %10s\n", works[w].name, depths[d], "not served");
		}
}

int main(int argc, char **argv)
{
	static struct row row[WORKS][DEPTHS];
	struct bench b = {0};
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 20000;

	if (argc < 3 || n < 10)
		errx(64, "usage: bench KITHD ECHO [N [NAME]]");
	b.only = argc > 4 ? argv[4] : NULL;
	signal(SIGPIPE, SIG_IGN);
	b.broker = fakebroker_open(on_stanza, &b);
	measure_kithd(&b, argv[1], n, row);
	measure_echo(&b, argv[2], n, row);
	for (size_t w = 0; w < WORKS; w++)
		for (size_t d = 0; d < DEPTHS; d++)
			row[w][d].expat = expat_alone(&works[w], n);
	print_table(row);
	fakebroker_close(&b.broker);
	return 0;
}
