/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill9: kithd is killed at random moments while things register and two rivals
 * claim each of them.  After every restart, what was acknowledged must still
 * be so and nobody may own what another was told is his (att-T-01).
 *
 * usage: kill9 KITHD [POINTS]     default 1,000; prints TAP
 */
#include "config.h"

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/fakebroker.h"
#include "tests/support/subject.h"

#define NS "urn:xmpp:iot:discovery"
#define BATCH 400		/* things a round may reach */
#define DEPTH 64		/* requests under way */
#define ROUNDS 50		/* kills before the store is emptied */
#define LIFE_US 30000		/* a round lives up to this long after its first answer */
#define PATIENCE_MS 20000

enum { OWNER_A, OWNER_B, OWNERS };

/* What the world was told about one thing. */
struct thing {
	bool registered;		/* acknowledged */
	bool claimed[OWNERS];		/* acknowledged to this rival */
	bool checked;
};

struct run {
	struct fakebroker *broker;
	struct subject subject;
	struct thing thing[BATCH * ROUNDS];
	size_t first, next;		/* things of this round; the next step to send */
	unsigned step;			/* of the thing `next`: register, A claims, B claims */
	unsigned under_way;
	bool answered;			/* something, in this round */
	/* after the restart */
	size_t asked, told;
	unsigned lost, doubled, strange;
	unsigned long acknowledged;
	char what[256];
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static unsigned random_below(unsigned n)
{
	unsigned v;

	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		err(1, "getrandom");
	return v % n;
}

static void tags(char *out, size_t room, size_t i)
{
	snprintf(out, room, "<str name='SN' value='%zu'/><str name='MAN' value='acme.example'/>"
	    "<str name='MODEL' value='Probe'/><num name='V' value='1.5'/>"
	    "<str name='KEY' value='key-of-%zu-0123456789abcdef'/>", i, i);
}

static void send_register(struct run *r, size_t i, char mark)
{
	char t[512];

	tags(t, sizeof(t), i);
	fakebroker_sayf(r->broker, "<iq type='set' id='%c%zu' from='t%zu@home.example/x' "
	    "to='kith.home.example'><register xmlns='" NS "'>%s</register></iq>", mark, i, i, t);
}

static void send_mine(struct run *r, size_t i, unsigned owner)
{
	char t[512];

	tags(t, sizeof(t), i);
	fakebroker_sayf(r->broker, "<iq type='set' id='%c%zu' from='owner-%c@home.example/x' "
	    "to='kith.home.example'><mine xmlns='" NS "'>%s</mine></iq>",
	    (char)('a' + owner), i, (char)('a' + owner), t);
}

/* -- what is heard -- */

static void remember(struct run *r, char mark, struct thing *t, bool good)
{
	r->answered = true;
	r->under_way--;
	if (!good)
		return;
	r->acknowledged++;
	if (mark == 'r')
		t->registered = true;
	else
		t->claimed[mark - 'a'] = true;
}

static void blame(struct run *r, unsigned *counter, size_t i, const struct heard *h)
{
	(*counter)++;
	if (!r->what[0])
		snprintf(r->what, sizeof(r->what),
		    "thing %zu: registered %d, claimed by a %d, by b %d; now <%s jid='%.40s'>", i,
		    r->thing[i].registered, r->thing[i].claimed[OWNER_A],
		    r->thing[i].claimed[OWNER_B], h->child, h->jid);
}

/* The thing registered again after the restart: whose is it? */
static void compare(struct run *r, size_t i, const struct heard *h)
{
	static const char *const names[OWNERS] = {"owner-a@home.example", "owner-b@home.example"};
	struct thing *t = &r->thing[i];
	bool owned = strcmp(h->child, "claimed") == 0;

	r->told++;
	t->checked = true;
	if (strcmp(h->type, "result") != 0) {
		blame(r, &r->strange, i, h);
		return;
	}
	if (t->claimed[OWNER_A] && t->claimed[OWNER_B])
		blame(r, &r->doubled, i, h);
	for (unsigned o = 0; o < OWNERS; o++)
		if (t->claimed[o] && !owned)
			blame(r, &r->lost, i, h);
		else if (t->claimed[o] && strcmp(h->jid, names[o]) != 0)
			blame(r, &r->doubled, i, h);
}

static void on_stanza(void *arg, const struct heard *h)
{
	struct run *r = arg;
	size_t i;

	if (strcmp(h->name, "iq") != 0)
		return;
	if (strcmp(h->type, "set") == 0 || strcmp(h->type, "get") == 0) {
		/* A push: answered as a thing would, so that the debt is settled. */
		fakebroker_sayf(r->broker, "<iq type='result' id='%s' from='%s' to='kith.home.example'/>",
		    h->id, h->to);
		return;
	}
	i = strtoul(h->id + 1, NULL, 10);
	if (!strchr("rabc", h->id[0]) || i >= BATCH * ROUNDS)
		return;
	if (h->id[0] == 'c')
		compare(r, i, h);
	else
		remember(r, h->id[0], &r->thing[i], strcmp(h->type, "result") == 0);
}

/* -- a round -- */

static void load(struct run *r)
{
	while (r->under_way < DEPTH && r->next < r->first + BATCH) {
		if (r->step == 0)
			send_register(r, r->next, 'r');
		else	/* the rivals take turns in coming first */
			send_mine(r, r->next, (r->step + (unsigned)r->next) % OWNERS);
		r->under_way++;
		if (++r->step == 3) {
			r->step = 0;
			r->next++;
		}
	}
}

static void start(struct run *r)
{
	int64_t end = now_us() + PATIENCE_MS * 1000LL;

	fakebroker_drop(r->broker);
	subject_start(&r->subject);
	while (fakebroker_accept(r->broker, 500) != 0)
		if (now_us() > end || waitpid(r->subject.pid, NULL, WNOHANG) != 0) {
			subject_explain(&r->subject);
			errx(1, "kithd does not connect");
		}
}

static void live_and_die(struct run *r)
{
	int64_t end = now_us() + PATIENCE_MS * 1000LL, death = end;
	bool dying = false;

	r->under_way = 0;
	r->step = 0;
	r->answered = false;
	while (now_us() < death) {
		load(r);
		if (fakebroker_turn(r->broker, 1) < 0)
			break;
		if (r->answered && !dying) {
			dying = true;
			death = now_us() + random_below(LIFE_US);
		}
	}
	if (!r->answered) {
		subject_explain(&r->subject);
		errx(1, "kithd answers nothing");
	}
	subject_stop(&r->subject, SIGKILL);
	/* What it wrote before its end counts as said. */
	while (fakebroker_turn(r->broker, 100) == 0)
		;
}

static void check(struct run *r, size_t from, size_t to)
{
	int64_t end = now_us() + PATIENCE_MS * 1000LL;

	r->told = 0;
	r->asked = 0;
	for (size_t i = from; i < to;) {
		while (i < to && r->asked - r->told < DEPTH)
			if (r->thing[i++].registered) {
				send_register(r, i - 1, 'c');
				r->asked++;
			}
		if (fakebroker_turn(r->broker, 10) < 0 || now_us() > end)
			break;
	}
	while (r->told < r->asked && now_us() < end && fakebroker_turn(r->broker, 10) == 0)
		;
	if (r->told < r->asked)
		r->strange++;
}

/* ROUNDS kills over one store; every acknowledgement of it is compared at the end again. */
static void season(struct run *r, unsigned kills)
{
	memset(r->thing, 0, sizeof(r->thing));
	r->next = 0;
	for (unsigned k = 0; k < kills; k++) {
		r->first = r->next;
		start(r);
		if (k > 0)
			check(r, r->first > BATCH ? r->first - BATCH : 0, r->first);
		live_and_die(r);
		if (r->step > 0)
			r->next++;	/* its fate is known only in part */
	}
	start(r);
	check(r, 0, r->next);
	subject_stop(&r->subject, SIGTERM);
	subject_wipe(&r->subject);
}

static void report(unsigned number, unsigned bad, const char *what, const struct run *r)
{
	printf("%s %u - %s\n", bad ? "not ok" : "ok", number, what);
	if (bad)
		printf("# %u times, first: %s\n", bad, r->what);
}

int main(int argc, char **argv)
{
	static struct run r;
	unsigned points = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000, done = 0;
	int64_t began = now_us();

	if (argc < 2)
		errx(64, "usage: kill9 KITHD [POINTS]");
	signal(SIGPIPE, SIG_IGN);
	r.broker = fakebroker_open(on_stanza, &r);
	subject_init(&r.subject, argv[1], fakebroker_port(r.broker), "");
	while (done < points) {
		unsigned kills = points - done < ROUNDS ? points - done : ROUNDS;

		season(&r, kills);
		done += kills;
		printf("# %u of %u kills, %lu acknowledgements\n", done, points, r.acknowledged);
		fflush(stdout);
	}
	report(1, r.lost, "no acknowledged claim is lost", &r);
	report(2, r.doubled, "no thing is acknowledged to two owners", &r);
	report(3, r.strange, "every thing may register again after every kill", &r);
	printf("1..3\n# %u kills in %.1f s\n", done, (double)(now_us() - began) / 1e6);
	subject_fini(&r.subject);
	fakebroker_close(&r.broker);
	return r.lost || r.doubled || r.strange;
}
