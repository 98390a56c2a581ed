/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: 64 people race for things that register, unregister and are
 * disowned, while kithd is killed and stopped, requests come twice and answers
 * get lost.  Every answer is written down; then histcheck.h says whether one
 * registry doing one thing at a time could have given them, and each thing must
 * believe what the registry says (att-C-01, C-02, C-13, C-22).
 *
 * usage: history KITHD [OPERATIONS]     default 10,000; prints TAP
 */
#include "config.h"

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/fakebroker.h"
#include "tests/support/histcheck.h"
#include "tests/support/subject.h"

#define NS "urn:xmpp:iot:discovery"
#define SITE "kith.home.example"
#define PEOPLE 64
#define PER_THING 100		/* operations on one thing, about */
#define KILL_EVERY 1500		/* operations */
#define GIVE_UP_US 8000000	/* a person waits so long */
#define PATIENCE_US 60000000LL
#define QUIET_US 20000000LL
#define SILENCE_US 1500000

enum belief { BELIEVES_NOTHING, BELIEVES_OWNED, BELIEVES_FREE };

struct thing {
	struct hist_op op[HIST_OPS];
	size_t n;
	int key;			/* the one it shows */
	int under_way;			/* its own request: op index + 1; 0 none */
	/* From pushes and answers, as a device would: nothing while it has asked
	 * and does not know the answer, for then it would ask again. */
	enum belief belief, held;	/* held: before it asked for the last time */
	int owner, held_owner;
};

struct person {
	size_t thing, op;
	bool busy;
	int64_t since;
};

struct run {
	struct fakebroker *broker;
	struct subject subject;
	struct thing *thing;
	size_t n_things;
	struct person person[PEOPLE];
	unsigned long begun, wanted, answered, lost, doubled, kills, stops;
	uint64_t seed;
	bool calm;			/* the end: nothing is lost any more */
	size_t settled;
	int64_t pushed;			/* when the latest push came */
	bool pinged;
	char what[256];
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A run can be repeated with HISTORY_SEED. */
static unsigned below(struct run *r, unsigned n)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return (unsigned)((r->seed >> 20) % n);
}

static bool chance(struct run *r, unsigned of_100)
{
	return below(r, 100) < of_100;
}

/* ---- requests ---- */

static void tags(char *out, size_t room, size_t thing, int key)
{
	snprintf(out, room, "<str name='SN' value='%zu'/><str name='MAN' value='acme.example'/>"
	    "<str name='KEY' value='key-%d-of-%zu-0123456789abcdef'/>", thing, key, thing);
}

/* Sent once or, now and then, twice: a network that doubles changes nothing. */
static void send_iq(struct run *r, const char *from, size_t thing, size_t op, const char *inner)
{
	int times = !r->calm && chance(r, 5) ? 2 : 1;

	r->doubled += times == 2;
	while (times-- > 0)
		fakebroker_sayf(r->broker, "<iq type='set' id='%zu.%zu' from='%s@home.example/x' "
		    "to='" SITE "'>%s</iq>", thing, op, from, inner);
}

static size_t begin(struct run *r, size_t thing, enum hist_kind kind, int who, int key)
{
	struct thing *t = &r->thing[thing];

	t->op[t->n] = (struct hist_op){ .kind = kind, .who = who, .key = key, .begin = now_us() };
	r->begun++;
	return t->n++;
}

static void thing_asks(struct run *r, size_t i, enum hist_kind kind)
{
	struct thing *t = &r->thing[i];
	size_t op = begin(r, i, kind, 0, t->key);
	char from[32], inner[512], text[400];

	snprintf(from, sizeof(from), "t%zu", i);
	tags(text, sizeof(text), i, t->key);
	if (kind == HIST_REGISTER)
		snprintf(inner, sizeof(inner), "<register xmlns='" NS "'>%s</register>", text);
	else
		snprintf(inner, sizeof(inner), "<unregister xmlns='" NS "'/>");
	t->under_way = (int)op + 1;
	t->belief = BELIEVES_NOTHING;
	send_iq(r, from, i, op, inner);
}

static void person_asks(struct run *r, int who, size_t i)
{
	struct thing *t = &r->thing[i];
	struct person *p = &r->person[who];
	bool lets_go = t->belief == BELIEVES_OWNED && t->owner == who && chance(r, 70);
	int key = t->key > 0 && chance(r, 10) ? t->key - 1 : t->key;
	char from[32], inner[512], text[400];

	snprintf(from, sizeof(from), "p%d", who);
	tags(text, sizeof(text), i, key);
	if (lets_go)
		snprintf(inner, sizeof(inner), "<disown xmlns='" NS "' jid='t%zu@home.example'/>",
		    i);
	else
		snprintf(inner, sizeof(inner), "<mine xmlns='" NS "'>%s</mine>", text);
	p->thing = i;
	p->op = begin(r, i, lets_go ? HIST_DISOWN : HIST_CLAIM, who, key);
	p->busy = true;
	p->since = now_us();
	send_iq(r, from, i, p->op, inner);
}

/* ---- what is heard ---- */

static int number_of(const char *jid)
{
	return jid[0] == 'p' || jid[0] == 't' ? (int)strtol(jid + 1, NULL, 10) : -1;
}

static void believe(struct thing *t, const char *child, const char *jid)
{
	if (strcmp(child, "claimed") == 0) {
		t->belief = BELIEVES_OWNED;
		t->owner = number_of(jid);
	} else if (strcmp(child, "disowned") == 0 || child[0] == '\0') {
		t->belief = BELIEVES_FREE;
		t->owner = HIST_NOBODY;
	}
}

/* A push: believed when it is answered, and lost now and then. */
static void on_push(struct run *r, const struct heard *h)
{
	struct thing *t = &r->thing[number_of(h->to)];

	r->pushed = now_us();
	if (h->to[0] != 't' || (!r->calm && chance(r, 20)))
		return;
	believe(t, h->child, h->jid);
	fakebroker_sayf(r->broker, "<iq type='result' id='%s' from='%s' to='" SITE "'/>", h->id,
	    h->to);
}

static enum hist_result result_of(const struct hist_op *o, const struct heard *h)
{
	if (strcmp(h->type, "error") == 0) {
		if (strcmp(h->condition, "item-not-found") == 0)
			return HIST_NOT_FOUND;
		return strcmp(h->condition, "not-allowed") == 0 ? HIST_NOT_ALLOWED : HIST_UNKNOWN;
	}
	if (o->kind == HIST_CLAIM || o->kind == HIST_DISOWN)
		return HIST_DONE;
	return strcmp(h->child, "claimed") == 0 ? HIST_OWNED : HIST_EMPTY;
}

static void on_answer(struct run *r, const struct heard *h)
{
	char *rest;
	size_t i = strtoul(h->id, &rest, 10), at = strtoul(rest + (*rest == '.'), NULL, 10);
	struct thing *t = &r->thing[i < r->n_things ? i : 0];
	struct hist_op *o;

	r->pinged = r->pinged || strcmp(h->id, "alive") == 0;
	if (h->id[0] == 'a' || i >= r->n_things || at >= t->n)
		return;
	o = &t->op[at];
	if (o->end != 0 || o->result != HIST_UNKNOWN)
		return;			/* the second answer to a doubled request, or too late */
	if (o->kind == HIST_REGISTER || o->kind == HIST_UNREGISTER)
		t->under_way = 0;
	else
		r->person[o->who].busy = false;
	o->end = now_us();
	if (!r->calm && chance(r, 10)) {
		r->lost++;
		return;			/* it happened, and nobody will say so */
	}
	r->answered++;
	o->result = result_of(o, h);
	if (o->result == HIST_OWNED)
		o->owner = number_of(h->jid);
	if (o->result == HIST_OWNED || o->result == HIST_EMPTY)
		believe(t, h->child, h->jid);
}

static void on_stanza(void *arg, const struct heard *h)
{
	struct run *r = arg;

	if (strcmp(h->name, "iq") != 0)
		return;
	if (strcmp(h->type, "set") == 0)
		on_push(r, h);
	else if (strcmp(h->type, "result") == 0 || strcmp(h->type, "error") == 0)
		on_answer(r, h);
}

/* ---- the race ---- */

static bool is_full(const struct thing *t)
{
	return t->n >= PER_THING + PER_THING / 2 || t->n + 8 >= HIST_OPS ||
	    t->key + 2 >= HIST_KEYS;
}

/* Half of the time the same few things, so that people meet. */
static size_t choose(struct run *r)
{
	size_t i = chance(r, 50) ? below(r, (unsigned)r->n_things) :
	    (r->begun / PER_THING + below(r, 4)) % r->n_things;

	return i;
}

static void things_act(struct run *r)
{
	size_t i = choose(r);
	struct thing *t = &r->thing[i];

	if (t->under_way != 0 || is_full(t))
		return;
	if (t->belief == BELIEVES_FREE && chance(r, 40))
		t->key++;		/* as ours do, when they are let go */
	thing_asks(r, i, t->n > 2 && chance(r, 8) ? HIST_UNREGISTER : HIST_REGISTER);
	if (t->op[t->n - 1].kind == HIST_UNREGISTER)
		t->key++;
}

static void people_act(struct run *r)
{
	for (int who = 0; who < PEOPLE; who++) {
		struct person *p = &r->person[who];
		size_t i;

		if (p->busy && now_us() - p->since > GIVE_UP_US) {
			r->thing[p->thing].op[p->op].end = now_us();
			p->busy = false;
		}
		i = choose(r);
		if (!p->busy && !is_full(&r->thing[i]) && chance(r, 50))
			person_asks(r, who, i);
	}
}

static void start(struct run *r)
{
	int64_t end = now_us() + PATIENCE_US;

	fakebroker_drop(r->broker);
	subject_start(&r->subject);
	while (fakebroker_accept(r->broker, 500) != 0)
		if (now_us() > end || waitpid(r->subject.pid, NULL, WNOHANG) != 0) {
			subject_explain(&r->subject);
			errx(1, "kithd does not connect");
		}
}

/* Whoever was waiting waits in vain. */
static void forget_all(struct run *r)
{
	for (size_t i = 0; i < r->n_things; i++)
		r->thing[i].under_way = 0;
	for (int who = 0; who < PEOPLE; who++)
		r->person[who].busy = false;
}

static void nemesis(struct run *r)
{
	if (r->begun / KILL_EVERY > r->kills) {
		r->kills++;
		subject_stop(&r->subject, SIGKILL);
		while (fakebroker_turn(r->broker, 100) == 0)
			;
		forget_all(r);
		start(r);
	} else if (chance(r, 1) && chance(r, 20)) {
		int64_t until = now_us() + 1000 * (int64_t)below(r, 200);

		r->stops++;
		kill(r->subject.pid, SIGSTOP);
		while (now_us() < until)
			if (fakebroker_turn(r->broker, 5) < 0)
				break;
		kill(r->subject.pid, SIGCONT);
	}
}

static void race(struct run *r)
{
	int64_t end = now_us() + PATIENCE_US + (int64_t)r->wanted * 10000;
	bool alive = true;

	while (r->begun < r->wanted && alive) {
		size_t before = r->begun;

		things_act(r);
		people_act(r);
		if (fakebroker_turn(r->broker, r->begun == before ? 2 : 0) < 0)
			errx(1, "kithd has left");
		nemesis(r);
		alive = now_us() < end;
	}
	if (!alive)
		errx(1, "only %lu of %lu operations were begun", r->begun, r->wanted);
}

/* ---- the end: everything is told and believed ---- */

static bool agrees(const struct thing *t)
{
	const struct hist_op *last = &t->op[t->n - 1];

	if (last->result == HIST_OWNED)
		return t->held == BELIEVES_OWNED && t->held_owner == last->owner;
	return last->result == HIST_EMPTY && t->held == BELIEVES_FREE;
}

/* Until it has answered a ping: everything before that is served and said. */
static void ping(struct run *r)
{
	r->pinged = false;
	fakebroker_sayf(r->broker, "<iq type='get' id='alive' from='p0@home.example/x' to='" SITE
	    "'><ping xmlns='urn:xmpp:ping'/></iq>");
	while (!r->pinged)
		if (fakebroker_turn(r->broker, 10) < 0)
			errx(1, "kithd has left");
}

/* Until no push has come for longer than kithd waits between two of them. */
static void listen_on(struct run *r)
{
	int64_t heard;

	do {
		ping(r);
		heard = r->pushed = now_us();
		while (now_us() - r->pushed < SILENCE_US)
			if (fakebroker_turn(r->broker, 10) < 0)
				errx(1, "kithd has left");
		ping(r);
	} while (r->pushed != heard);
}

/* Each of them registers, and hears the answer. */
static void all_register(struct run *r, bool only_who_knows_nothing)
{
	int64_t end = now_us() + QUIET_US;

	for (size_t i = 0; i < r->n_things; i++)
		if (!only_who_knows_nothing || r->thing[i].belief == BELIEVES_NOTHING)
			thing_asks(r, i, HIST_REGISTER);
	for (size_t i = 0; i < r->n_things && now_us() < end;)
		if (r->thing[i].under_way == 0)
			i++;
		else if (fakebroker_turn(r->broker, 10) < 0)
			errx(1, "kithd has left");
}

/*
 * All pushes are answered now.  Who never got his answer asks again, the others
 * only show that they are there, which brings what is still owed to them: what
 * a thing then holds to be true must be what the registry answers.
 */
static void settle(struct run *r)
{
	r->calm = true;
	forget_all(r);
	listen_on(r);
	all_register(r, true);
	for (size_t i = 0; i < r->n_things; i++)
		fakebroker_sayf(r->broker, "<iq type='get' id='a' from='t%zu@home.example/x' "
		    "to='" SITE "'><isFriend xmlns='urn:xmpp:iot:provisioning' jid='p1@home.example'/>"
		    "</iq>", i);
	listen_on(r);
	for (size_t i = 0; i < r->n_things; i++) {
		r->thing[i].held = r->thing[i].belief;
		r->thing[i].held_owner = r->thing[i].owner;
	}
	all_register(r, false);
	for (size_t i = 0; i < r->n_things; i++)
		r->settled += agrees(&r->thing[i]);
}

/* ---- the verdict ---- */

static void explain(const struct thing *t, size_t i)
{
	static const char *const kinds[] = { "register", "unregister", "claim", "disown" };
	static const char *const results[] = { "?", "free", "owned", "done", "not found",
		"not allowed" };

	printf("# thing %zu:\n", i);
	for (size_t k = 0; k < t->n; k++)
		printf("#   %zu. %lld..%lld %s who %d key %d: %s owner %d\n", k,
		    (long long)(t->op[k].begin - t->op[0].begin),
		    (long long)(t->op[k].end - t->op[0].begin), kinds[t->op[k].kind], t->op[k].who,
		    t->op[k].key, results[t->op[k].result], t->op[k].owner);
}

static size_t judge(struct run *r)
{
	size_t bad = 0, at;

	for (size_t i = 0; i < r->n_things; i++) {
		if (histcheck(r->thing[i].op, r->thing[i].n, &at))
			continue;
		if (bad++ > 0)
			continue;
		explain(&r->thing[i], i);
		printf("# no order goes beyond operation %zu\n", at);
	}
	return bad;
}

static unsigned long count(const struct run *r, enum hist_kind kind, enum hist_result result)
{
	unsigned long n = 0;

	for (size_t i = 0; i < r->n_things; i++)
		for (size_t k = 0; k < r->thing[i].n; k++)
			n += r->thing[i].op[k].kind == kind && r->thing[i].op[k].result == result;
	return n;
}

static unsigned report(unsigned number, bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", number, what);
	return !good;
}

static void set_up(struct run *r, int argc, char **argv)
{
	const char *seed = getenv("HISTORY_SEED");

	if (argc < 2)
		errx(64, "usage: history KITHD [OPERATIONS]");
	if (seed != NULL)
		r->seed = strtoull(seed, NULL, 10) | 1;
	else if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		err(1, "getrandom");
	r->seed |= 1;
	r->wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
	r->n_things = r->wanted / PER_THING + 4;
	r->thing = calloc(r->n_things, sizeof(*r->thing));
	if (r->thing == NULL)
		err(1, "history");
	printf("# HISTORY_SEED=%llu\n", (unsigned long long)r->seed);
	signal(SIGPIPE, SIG_IGN);
	r->broker = fakebroker_open(on_stanza, r);
	subject_init(&r->subject, argv[1], fakebroker_port(r->broker), "");
}

int main(int argc, char **argv)
{
	static struct run r;
	int64_t began = now_us();
	unsigned long claims, disowns;
	unsigned failed = 0;

	set_up(&r, argc, argv);
	start(&r);
	race(&r);
	settle(&r);
	subject_stop(&r.subject, SIGTERM);
	failed += report(1, judge(&r) == 0,
	    "the answers about each thing are those of one registry doing one thing at a time");
	failed += report(2, r.settled == r.n_things,
	    "afterwards each thing believes what the registry says");
	if (r.settled != r.n_things)
		for (size_t i = 0; i < r.n_things; i++)
			if (!agrees(&r.thing[i])) {
				explain(&r.thing[i], i);
				printf("# it believes %d, owner %d\n", r.thing[i].held,
				    r.thing[i].held_owner);
				break;
			}
	claims = count(&r, HIST_CLAIM, HIST_DONE);
	disowns = count(&r, HIST_DISOWN, HIST_DONE);
	failed += report(3, r.answered * 2 > r.begun && claims > r.begun / 100 && disowns > 0,
	    "enough was answered, claimed and disowned for this to say something");
	printf("1..3\n# %lu operations on %zu things by %d people: %lu answers, %lu claims, "
	    "%lu disowned, %lu lost, %lu requests doubled, %lu kills, %lu stops, %.1f s\n", r.begun,
	    r.n_things, PEOPLE, r.answered, claims, disowns, r.lost, r.doubled, r.kills, r.stops, (double)(now_us() - began) / 1e6);
	subject_fini(&r.subject);
	fakebroker_close(&r.broker);
	free(r.thing);
	return failed > 0;
}
