/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoke: a thousand things ask, keep and use answers while their owners allow
 * and take back; they go away and return, answers come late, acknowledgements
 * are lost, come late and twice, the clock is moved, and the site is killed
 * between any two statements of its store.  Half of the things keep leases as
 * ours do, half cache for ever.  The program knows by itself what is allowed
 * (att-P-02 to P-05, ruling 26).  Read next: tests/support/lifeline.h.
 *
 * usage: revoke [KILLS]     default 60; prints TAP; REVOKE_SEED repeats a run
 */
#include "config.h"

#include <ctype.h>
#include <err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tests/support/lifeline.h"

#define SITE "kith.home.example"
#define DISCO "urn:xmpp:iot:discovery"
#define PROV "urn:xmpp:iot:provisioning"
#define THINGS 1000
#define OWNERS 20
#define FRIENDS 6
#define ROOMS 8
#define RULES 150		/* live ones of all owners */
#define WALL INT64_C(1800000000000)
#define STEP_MS 250
#define CALM_STEP_MS 1000
#define CALM_MS (15 * 60 * 1000)	/* the site spreads some of it over ten minutes */
#define LOST_MS 15000		/* an answer is waited for so long */
#define LATE_MS 4500		/* the latest of late answers */
#define BRISK_MS 20000		/* without faults, but with many late answers; */
#define SECOND_MS 30000		/* then so long for the second clearCache */
#define SEASON 25		/* kills; then everything must come to rest */
#define ACTS_PER_STEP 30
#define HOT 60			/* these few meet most of it */

enum truth { NO, YES, UNSURE };

struct rule {
	long number;		/* 0: free */
	int owner;
	bool deny, brief;	/* brief: a lease of 20 s */
	int friend;		/* -1 everybody of the domain */
	int thing, room;	/* -1; both -1: all of the owner's */
	int64_t until;		/* wall; 0 for ever */
	bool over, blurred;	/* blurred: its end lay on the edge of a fault */
};

struct kept {
	bool has, allowed;
	uint64_t revision;
	int64_t ends;		/* of the lease; 0 none */
	int64_t asked;		/* 0: no question is under way */
	unsigned serial;
};

struct thing {
	bool ours, online;
	unsigned line;		/* its connection */
	bool settled;		/* ours: it has heard what it was owed */
	unsigned long settled_turn;
	unsigned long acked_turn;	/* the latest clearCache it has heard left in */
	uint64_t floor, about_floor;
	int64_t cleared;		/* when it heard clearCache last */
	bool asked_ever, dirty;
	unsigned long dirty_turn;
	struct kept of[FRIENDS];
	enum truth truth[FRIENDS];
	unsigned long no_turn[FRIENDS];	/* since when it has been no */
	bool no_by_time[FRIENDS];
	int64_t last_due;	/* what is on its way to it keeps its order */
	int64_t stalled;	/* until then nothing gets through, either way */
};

/* Something on its way. */
struct packet {
	int64_t due;
	int thing;		/* -1: towards the site */
	unsigned line;
	unsigned long turn;	/* in which the site wrote it */
	char *xml;
};

struct counts {
	unsigned long served, stale, clears, about, spared, acks, lost, late, doubled, bounced,
	    asked, rules, gone, kills, jumps, restarts, refused;
};

struct fault {
	unsigned long n;
	char what[300];		/* the first of them */
};

struct faults {
	struct fault old_after_ack, old_after_return, old_after_end, old_after_second, wrong_yes,
	    wrong_no, not_pushed, unrest, forgotten;
};

static struct {
	struct lifeline site;
	bool up;
	uint64_t seed;
	int64_t now, skew;	/* our clock, which is that of the things; the site's is ahead */
	int64_t latest;		/* the highest that the site has seen */
	int64_t jumped;		/* when its clock was moved last */
	unsigned long turn;
	struct thing thing[THINGS];
	struct rule rule[RULES];
	struct packet *packet;
	size_t n_packets, room;
	unsigned serial;
	struct {
		bool open, again;
		struct rule rule;	/* what was typed, or */
		long forget;		/* which number was to go */
		unsigned long turn;
	} typed;
	int64_t up_since;
	bool calm, brisk;
	struct counts n;
	struct faults bad;
	struct fault idle;
	bool broken;
} w;

/* ---- chance and blame ---- */

static unsigned below(unsigned n)
{
	w.seed ^= w.seed << 13;
	w.seed ^= w.seed >> 7;
	w.seed ^= w.seed << 17;
	return (unsigned)((w.seed >> 20) % n);
}

static bool chance(unsigned of_100)
{
	return below(100) < of_100;
}

static int some_thing(void)
{
	return (int)(chance(90) ? below(HOT) : below(THINGS));
}

static int some_friend(void)
{
	return (int)(chance(70) ? below(2) : below(FRIENDS));
}

__attribute__((format(printf, 2, 3)))
static void blame(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	w.broken = true;
	if (f->n++ > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
}

static int64_t wall(void)
{
	return WALL + w.now + w.skew;
}

/* ---- what is allowed ---- */

static int owner_of(int thing)
{
	return thing % OWNERS;
}

static int room_of(int thing)
{
	return thing / OWNERS % ROOMS;
}

static bool is_about(const struct rule *r, int thing, int friend)
{
	return r->number != 0 && r->owner == owner_of(thing) &&
	    (r->friend < 0 || r->friend == friend) && (r->thing < 0 || r->thing == thing) &&
	    (r->room < 0 || r->room == room_of(thing));
}

static enum truth judge(int thing, int friend)
{
	bool allowed = false, unsure = false, behind = wall() + 1000 < w.latest;

	for (size_t i = 0; i < RULES; i++) {
		const struct rule *r = &w.rule[i];

		if (!is_about(r, thing, friend) || r->over)
			continue;
		unsure = unsure || r->blurred || (r->until != 0 && behind);
		if (r->deny && !unsure)
			return NO;
		allowed = allowed || !r->deny;
	}
	return unsure ? UNSURE : allowed ? YES : NO;
}

static void judge_thing(int i, bool by_time)
{
	struct thing *t = &w.thing[i];

	for (int f = 0; f < FRIENDS; f++) {
		enum truth now = judge(i, f);

		if (now == NO && t->truth[f] != NO) {
			t->no_turn[f] = w.turn;
			t->no_by_time[f] = by_time;
		}
		if (now != t->truth[f] && !by_time && t->asked_ever) {
			t->dirty = true;
			t->dirty_turn = w.turn;
		}
		t->truth[f] = now;
	}
}

static void judge_owner(int owner, bool by_time)
{
	for (int i = owner; i < THINGS; i += OWNERS)
		judge_thing(i, by_time);
}

/* Rules that end by themselves; what lay near a fault is not judged. */
static void pass_time(bool faulty)
{
	for (size_t i = 0; i < RULES; i++) {
		struct rule *r = &w.rule[i];

		if (r->number == 0 || r->until == 0 || r->over)
			continue;
		if (wall() >= r->until) {
			if (faulty)
				r->blurred = true;
			else
				r->over = true;
			judge_owner(r->owner, true);
		}
	}
}

/* ---- the network ---- */

static void post(int thing, int64_t delay, const char *xml, size_t len)
{
	struct packet *p;

	if (w.n_packets == w.room) {
		w.room = w.room * 2 + 1024;
		w.packet = realloc(w.packet, w.room * sizeof(*w.packet));
		if (w.packet == NULL)
			err(1, "revoke");
	}
	p = &w.packet[w.n_packets++];
	*p = (struct packet){ .due = w.now + delay, .thing = thing, .turn = w.turn,
		.line = thing >= 0 ? w.thing[thing].line : 0, .xml = strndup(xml, len) };
	if (p->xml == NULL)
		err(1, "revoke");
}

__attribute__((format(printf, 2, 3)))
static void send_site(int64_t delay, const char *fmt, ...)
{
	char xml[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(xml, sizeof(xml), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(xml))
		errx(1, "a stanza is too long");
	post(-1, delay, xml, (size_t)n);
}

/* From or to a thing whose line has stalled it takes longer. */
static int64_t lag(int i, int64_t delay)
{
	int64_t left = w.thing[i].stalled - w.now;

	return delay > left || w.calm ? delay : left;
}

/* The value of an attribute of the first element that has it. */
static bool attr(const char *xml, const char *name, char *out, size_t room)
{
	char key[64];
	const char *at;
	size_t n;

	snprintf(key, sizeof(key), " %s=\"", name);
	at = strstr(xml, key);
	out[0] = '\0';
	if (at == NULL)
		return false;
	at += strlen(key);
	n = strcspn(at, "\"");
	if (n >= room)
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

/* "w17@..." */
static int thing_of(const char *jid)
{
	return jid[0] == 'w' && isdigit((unsigned char)jid[1]) ?
	    (int)strtol(jid + 1, NULL, 10) % THINGS : -1;
}

static bool is_late(const char *xml)
{
	return strstr(xml, "canReadResponse") != NULL && !w.calm && chance(w.brisk ? 60 : 10);
}

/* The broker hands it on; to a line that is not there it answers for it. */
static void route_to_thing(int i, const char *xml, size_t len)
{
	struct thing *t = &w.thing[i];
	int64_t delay = lag(i, 2 + below(150));

	if (is_late(xml)) {
		w.n.late++;
		post(i, lag(i, below(LATE_MS)), xml, len);
		return;
	}
	if (w.now + delay < t->last_due)
		delay = t->last_due - w.now;
	t->last_due = w.now + delay;
	post(i, delay, xml, len);
}

static void hear_desk(const char *xml);

/* One stanza that the site has written. */
static void route(char *xml, size_t len)
{
	char to[160], id[160], type[32], from[160];
	char end = xml[len];
	int thing;

	xml[len] = '\0';
	attr(xml, "to", to, sizeof(to));
	attr(xml, "id", id, sizeof(id));
	attr(xml, "type", type, sizeof(type));
	attr(xml, "from", from, sizeof(from));
	thing = thing_of(to);
	if (thing >= 0)
		route_to_thing(thing, xml, len);
	else if (strncmp(xml, "<iq", 3) == 0 && strcmp(to, SITE) == 0 &&
	    strcmp(type, "get") == 0)
		send_site(1, "<iq type='get' from='" SITE "' to='" SITE "' id='%s'>"
		    "<ping xmlns='urn:xmpp:ping'/></iq>", id);
	else if (strncmp(xml, "<message", 8) == 0 && strncmp(to, "o", 1) == 0)
		hear_desk(xml);
	xml[len] = end;
}

static char *next_stanza(char *at)
{
	while ((at = strchr(at, '<')) != NULL) {
		if (strncmp(at, "<iq ", 4) == 0 || strncmp(at, "<message ", 9) == 0 ||
		    strncmp(at, "<presence ", 10) == 0)
			return at;
		at++;
	}
	return NULL;
}

static void route_all(bool cut)
{
	char *at = next_stanza(w.site.said), *next;

	for (; at != NULL; at = next) {
		size_t len;

		next = next_stanza(at + 1);
		len = next != NULL ? (size_t)(next - at) : strlen(at);
		/* A stanza that did not leave whole is none. */
		if (next == NULL && cut && !(len > 2 && at[len - 1] == '>' &&
		    (strncmp(at + len - 2, "/>", 2) == 0 || strstr(at, "</iq>") != NULL ||
		    strstr(at, "</message>") != NULL)))
			break;
		route(at, len);
	}
}

/* ---- things ---- */

static void ack(int i, const char *id)
{
	struct thing *t = &w.thing[i];
	int64_t delay = 1 + below(100);

	if (!w.calm && chance(10)) {
		w.n.lost++;
		return;
	}
	if (!w.calm && chance(10))
		delay = below(6000);
	w.n.acks++;
	delay = lag(i, delay);
	send_site(delay, "<iq type='result' from='w%d@home.example/c%u' to='" SITE "' id='%s'/>", i,
	    t->line, id);
	if (!w.calm && chance(5)) {
		w.n.doubled++;
		send_site(delay + below(3000), "<iq type='result' from='w%d@home.example/c%u' "
		    "to='" SITE "' id='%s'/>", i, t->line, id);
	}
}

/* May this <about/> be about what the friend read?  The thing itself has no nodes. */
static bool is_in_about(const char *about, int f)
{
	char tag[512], text[64], jid[64];

	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(about, ">"), about);
	snprintf(jid, sizeof(jid), "f%d@home.example", f);
	return (!attr(tag, "jid", text, sizeof(text)) || strcmp(text, jid) == 0) &&
	    (!attr(tag, "action", text, sizeof(text)) || strcmp(text, "read") == 0);
}

static bool is_concerned(const char *xml, int f)
{
	const char *at = strstr(xml, "<about");

	for (; at != NULL; at = strstr(at + 1, "<about"))
		if (is_in_about(at, f))
			return true;
	return strstr(xml, "<about") == NULL;
}

static void forget(struct thing *t, const char *xml, uint64_t floor)
{
	for (int f = 0; f < FRIENDS; f++) {
		bool below = !t->ours || floor == 0 || t->of[f].revision < floor;

		w.n.spared += t->of[f].has && below && !is_concerned(xml, f);
		if (below && is_concerned(xml, f))
			t->of[f].has = false;
	}
}

static void clear(int i, const struct packet *p)
{
	struct thing *t = &w.thing[i];
	bool about = strstr(p->xml, "<about") != NULL;
	char text[64], id[160];
	uint64_t floor = 0;

	if (attr(p->xml, "floor", text, sizeof(text)))
		floor = strtoull(text, NULL, 10);
	w.n.clears++;
	w.n.about += about;
	if (!t->ours && (about || floor != 0))
		blame(&w.bad.wrong_yes, "w%d keeps no lease and is sent one: %s", i, p->xml);
	forget(t, p->xml, floor);
	if (t->ours && about && floor > t->about_floor)
		t->about_floor = floor;
	else if (t->ours && !about && floor > t->floor)
		t->floor = floor;
	t->cleared = w.now;
	if (p->turn > t->acked_turn)
		t->acked_turn = p->turn;
	attr(p->xml, "id", id, sizeof(id));
	ack(i, id);
}

static void serve(int i, int f, const struct kept *k)
{
	const struct thing *t = &w.thing[i];

	w.n.served++;
	if (!k->allowed || t->truth[f] != NO)
		return;
	w.n.stale++;
	if (!t->ours)
		return;		/* it keeps for ever: the end of the season tells */
	if (t->acked_turn >= t->no_turn[f])
		blame(&w.bad.old_after_ack, "w%d lets f%d in by revision %llu; it is no since turn "
		    "%lu, and it heard clearCache of turn %lu (floor %llu)", i, f,
		    (unsigned long long)k->revision, t->no_turn[f], t->acked_turn,
		    (unsigned long long)t->floor);
	else if (t->settled_turn >= t->no_turn[f] && !t->no_by_time[f])
		blame(&w.bad.old_after_return, "w%d lets f%d in; it is no since turn %lu, and it came "
		    "back in turn %lu", i, f, t->no_turn[f], t->settled_turn);
	else if (t->no_by_time[f] && w.jumped < k->asked)
		blame(&w.bad.old_after_end, "w%d lets f%d in after the time that the rule had", i, f);
}

static void ask(int i, int f)
{
	struct thing *t = &w.thing[i];
	char lease[96] = "";

	if (t->ours)
		snprintf(lease, sizeof(lease), "<lease xmlns='urn:kith:lease:0' floor='%llu'/>",
		    (unsigned long long)t->floor);
	t->of[f].asked = w.now;
	t->of[f].serial = ++w.serial;
	w.n.asked++;
	send_site(lag(i, 1 + below(60)), "<iq type='get' from='w%d@home.example/c%u' to='" SITE
	    "' id='q.%d.%d.%u'><canRead xmlns='" PROV "' jid='f%d@home.example' momentary='true'>%s"
	    "</canRead></iq>", i, t->line, i, f, w.serial, f, lease);
}

static bool is_kept(const struct thing *t, const struct kept *k)
{
	return k->has && (!t->ours || k->ends > w.now);
}

/* A friend wants to read. */
static void is_read(int i, int f)
{
	struct thing *t = &w.thing[i];
	struct kept *k = &t->of[f];

	if (!t->online || (t->ours && !t->settled))
		return;
	if (is_kept(t, k))
		serve(i, f, k);
	else if (k->asked == 0 || w.now - k->asked > LOST_MS)
		ask(i, f);
}

static void take_answer(int i, const struct packet *p)
{
	struct thing *t = &w.thing[i];
	char id[160], text[64];
	unsigned thing, friend, serial;
	int64_t ttl = 0;
	struct kept *k;

	attr(p->xml, "id", id, sizeof(id));
	if (sscanf(id, "q.%u.%u.%u", &thing, &friend, &serial) != 3 || friend >= FRIENDS)
		return;
	k = &t->of[friend];
	if (k->serial != serial || k->asked == 0)
		return;
	if (attr(p->xml, "ttl", text, sizeof(text)))
		ttl = strtoll(text, NULL, 10);
	if (attr(p->xml, "revision", text, sizeof(text))) {
		k->revision = strtoull(text, NULL, 10);
		if (k->revision < t->floor || (k->asked <= t->cleared &&
			k->revision < t->about_floor)) {	/* older than what it believes: ask again */
			k->asked = 0;
			return;
		}
	}
	k->has = true;
	k->allowed = strstr(p->xml, "result=\"true\"") != NULL;
	k->ends = k->asked + ttl;
	k->asked = 0;
	if (is_kept(t, k))
		serve(i, (int)friend, k);
	if (t->ours)
		k->asked = 0;
}

static void goes(int i)
{
	struct thing *t = &w.thing[i];

	t->online = t->settled = false;
	send_site(5, "<presence type='unavailable' from='w%d@home.example/c%u' to='" SITE "'/>", i,
	    t->line);
	for (int f = 0; f < FRIENDS; f++)
		t->of[f].asked = 0;
}

static void comes(int i)
{
	struct thing *t = &w.thing[i];

	t->online = true;
	t->settled = !t->ours;
	t->line++;
	t->last_due = t->stalled = 0;
	send_site(5, "<presence from='w%d@home.example/c%u' to='" SITE "'/>", i, t->line);
	if (t->ours)
		send_site(6, "<iq type='get' from='w%d@home.example/c%u' to='" SITE "' id='p.%u'>"
		    "<ping xmlns='urn:xmpp:ping'/></iq>", i, t->line, t->line);
}

static void reaches_thing(const struct packet *p)
{
	struct thing *t = &w.thing[p->thing];
	char id[160], type[32], to[160];

	attr(p->xml, "id", id, sizeof(id));
	attr(p->xml, "type", type, sizeof(type));
	attr(p->xml, "to", to, sizeof(to));
	if (strncmp(p->xml, "<presence", 9) == 0) {
		if (strcmp(type, "subscribe") == 0)
			send_site(3, "<presence type='subscribed' from='w%d@home.example' to='" SITE
			    "'/>", p->thing);
		if (t->online && (strcmp(type, "probe") == 0 || strcmp(type, "subscribe") == 0))
			send_site(4, "<presence from='w%d@home.example/c%u' to='" SITE "'/>",
			    p->thing, t->line);
		return;
	}
	if (!t->online || p->line != t->line || (strchr(to, '/') != NULL &&
	    strtoul(strchr(to, '/') + 2, NULL, 10) != t->line)) {
		if (strcmp(type, "set") == 0 && chance(90)) {
			w.n.bounced++;
			send_site(3, "<iq type='error' from='%s' to='" SITE "' id='%s'><error "
			    "type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-"
			    "stanzas'/></error></iq>", to, id);
		}
		return;
	}
	if (strstr(p->xml, "<clearCache") != NULL)
		clear(p->thing, p);
	else if (strcmp(type, "set") == 0)
		ack(p->thing, id);
	else if (id[0] == 'q')
		take_answer(p->thing, p);
	else if (id[0] == 'p' && strtoul(id + 2, NULL, 10) == t->line) {
		t->settled = true;
		t->settled_turn = p->turn;
	}
}

/* ---- owners ---- */

static struct rule *free_rule(void)
{
	for (size_t i = 0; i < RULES; i++)
		if (w.rule[i].number == 0 || w.rule[i].over)
			return &w.rule[i];
	errx(1, "no room for more rules");
}

static void say_line(int owner, const char *line)
{
	char xml[512];

	snprintf(xml, sizeof(xml), "<message type='chat' from='o%d@home.example/p' to='desk@" SITE
	    "' id='line'><body>%s</body></message>", owner, line);
	lifeline_hand(&w.site, xml);
}

static void settle_new(long number)
{
	struct rule *r = free_rule();

	w.typed.open = false;
	if (number == 0)
		return;
	for (size_t i = 0; number > 0 && i < RULES; i++)
		if (w.rule[i].number == number && !w.rule[i].over && w.rule[i].owner == w.typed.rule.owner)
			return;		/* it was there already */
	*r = w.typed.rule;
	r->number = number;
	w.n.rules++;
	judge_owner(r->owner, false);
}

static void settle_gone(void)
{
	w.typed.open = false;
	for (size_t i = 0; i < RULES; i++)
		if (w.rule[i].number == w.typed.forget && w.rule[i].owner == w.typed.rule.owner) {
			w.rule[i].number = 0;
			w.n.gone++;
			judge_owner(w.rule[i].owner, false);
		}
}

/* The reply to what was typed, among whatever else owners are told. */
static void hear_desk(const char *xml)
{
	const char *at = strstr(xml, "<body>");
	const char *number;

	if (!w.typed.open || at == NULL || strstr(xml, "re=\"line\"") == NULL)
		return;
	if (w.typed.forget != 0) {
		if (strstr(at, "gone") != NULL || w.typed.again)
			settle_gone();
		else
			blame(&w.bad.forgotten, "rule %ld of o%d: %s", w.typed.forget,
			    w.typed.rule.owner, at);
		return;
	}
	number = strstr(at, "rule ");
	settle_new(number != NULL ? strtol(number + 5, NULL, 10) : 0);
}

static void line_of(const struct rule *r, int64_t seconds, char *out, size_t room)
{
	char who[64], what[64], how_long[32] = "";

	if (r->friend < 0)
		snprintf(who, sizeof(who), "*@home.example");
	else
		snprintf(who, sizeof(who), "f%d@home.example", r->friend);
	if (r->thing >= 0)
		snprintf(what, sizeof(what), "sn%d", r->thing);
	else if (r->room >= 0)
		snprintf(what, sizeof(what), "ROOM=r%d", r->room);
	else
		snprintf(what, sizeof(what), "all my things");
	if (r->until != 0)
		snprintf(how_long, sizeof(how_long), " for %llds", (long long)seconds);
	snprintf(out, room, "%s %s to read everything of %s%s%s", r->deny ? "deny" : "allow",
	    who, what, how_long, r->brief ? " lease 20s" : "");
}

static struct rule some_rule(void)
{
	int thing = some_thing();
	struct rule r = { .owner = owner_of(thing), .deny = chance(25),
		.friend = chance(85) ? some_friend() : -1, .thing = -1, .room = -1 };

	if (chance(60))
		r.thing = thing;
	else if (chance(70))
		r.room = (int)below(ROOMS);
	r.brief = !r.deny && chance(30);
	if (wall() + 1000 >= w.latest && chance(25))
		r.until = -1;
	return r;
}

static bool site_turn_now(enum lifeline_death how);

/* A turn of its own, so that whatever leaves in it leaves after the commit. */
static void owner_acts(enum lifeline_death how)
{
	char line[256];
	struct rule *old = &w.rule[below(RULES)];

	if (w.typed.open)
		return;
	memset(&w.typed, 0, sizeof(w.typed));
	w.typed.open = true;
	if (old->number > 0 && !old->over && !old->blurred) {
		w.typed.forget = old->number;
		w.typed.rule = *old;
		snprintf(line, sizeof(line), "forget %ld", old->number);
	} else {
		int64_t seconds = 10 + below(300);

		w.typed.rule = some_rule();
		line_of(&w.typed.rule, seconds, line, sizeof(line));
		if (w.typed.rule.until != 0)
			w.typed.rule.until = wall() + 1000 * seconds;
	}
	say_line(w.typed.rule.owner, line);
	w.typed.turn = w.turn + 1;
	if (site_turn_now(how) && w.typed.open) {
		blame(&w.bad.forgotten, "'%s' of o%d got no answer", line, w.typed.rule.owner);
		w.typed.open = false;
	}
}

/* It died before it had answered: what does it hold now? */
static void ask_again(void)
{
	struct rule *r = &w.typed.rule;
	char line[256];

	if (!w.typed.open)
		return;
	w.typed.again = true;
	if (w.typed.forget != 0) {	/* gone now, whether it went then or now */
		snprintf(line, sizeof(line), "forget %ld", w.typed.forget);
	} else if (r->until != 0) {	/* typed again it would have another end */
		r->blurred = true;
		settle_new(-1);
		return;
	} else {			/* the same rule, or it makes it */
		line_of(r, 0, line, sizeof(line));
	}
	say_line(r->owner, line);
	site_turn_now(LIFELINE_NONE);
}

/* ---- the site ---- */

/* What we think there is; for a failure. */
static const char *rules_about(int thing, int friend)
{
	static char text[256];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < RULES && n + 60 < sizeof(text); i++) {
		const struct rule *r = &w.rule[i];

		if (is_about(r, thing, friend))
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %ld%s%s%s(%lld)", r->number,
			    r->deny ? " deny" : "", r->over ? " over" : "", r->blurred ? " blurred" : "",
			    r->until != 0 ? (long long)(r->until - wall()) : 0LL);
	}
	return text;
}

static void check_yes(const struct packet *p)
{
	char id[160];
	unsigned thing, friend, serial;
	enum truth truth;
	bool yes = strstr(p->xml, "result=\"true\"") != NULL;

	attr(p->xml, "id", id, sizeof(id));
	if (sscanf(id, "q.%u.%u.%u", &thing, &friend, &serial) != 3 || thing >= THINGS ||
	    friend >= FRIENDS)
		return;
	truth = w.thing[thing].truth[friend];
	w.thing[thing].asked_ever = true;
	if (yes && truth == NO)
		blame(&w.bad.wrong_yes, "w%u is told yes about f%u; rules%s", thing, friend,
		    rules_about((int)thing, (int)friend));
	if (!yes && truth == YES && w.thing[thing].ours)
		blame(&w.bad.wrong_no, "w%u is told no about f%u; rules%s", thing, friend,
		    rules_about((int)thing, (int)friend));
}

static void restart(void)
{
	w.up = true;
	w.up_since = w.now;
	w.turn++;
	w.n.restarts++;
	lifeline_start(&w.site, wall(), w.now);
	route_all(false);
	pass_time(false);
	ask_again();
}

static bool site_turn_now(enum lifeline_death how)
{
	size_t before = w.n_packets;
	int died;

	w.turn++;
	if (wall() > w.latest)
		w.latest = wall();
	pass_time(how != LIFELINE_NONE);
	died = lifeline_turn(&w.site, wall(), w.now, how, below(how == LIFELINE_AT_BYTE ? 4000 : 60));
	route_all(died != 0);
	for (size_t i = before; i < w.n_packets; i++)
		if (w.packet[i].thing >= 0)
			check_yes(&w.packet[i]);
	if (died == 0)
		return true;
	w.n.kills++;
	w.up = false;
	return false;
}

/* What the things owed were to hear: has it left, in this very turn? */
static void check_pushed(const bool *alive)
{
	for (int i = 0; i < THINGS; i++) {
		struct thing *t = &w.thing[i];
		bool pushed = false;

		if (!alive[i] || !t->dirty)
			continue;
		for (size_t k = 0; k < w.n_packets && !pushed; k++)
			pushed = w.packet[k].thing == i && w.packet[k].turn == w.turn &&
			    strstr(w.packet[k].xml, "<clearCache") != NULL;
		if (!pushed && t->acked_turn < t->dirty_turn)
			blame(&w.bad.not_pushed, "w%d is there in turn %lu and is not told what "
			    "changed in turn %lu", i, w.turn, t->dirty_turn);
	}
}

/* Nobody is there: the broker answers, and who keeps all for ever keeps that as well. */
static void refuse(const char *xml)
{
	const char *id = strstr(xml, " id='");
	unsigned thing, friend, serial;
	struct kept *k;

	if (id == NULL || sscanf(id, " id='q.%u.%u.%u", &thing, &friend, &serial) != 3)
		return;
	k = &w.thing[thing].of[friend];
	if (w.thing[thing].ours || !w.thing[thing].online || k->serial != serial || k->asked == 0)
		return;
	w.n.refused++;
	*k = (struct kept){ .has = true };
}

/* Everything that is due reaches its end. */
static void deliver(enum lifeline_death how)
{
	static bool alive[THINGS];
	struct packet *due = NULL;
	size_t n = 0, kept = 0, handed = 0;

	memset(alive, 0, sizeof(alive));
	due = malloc((w.n_packets + 1) * sizeof(*due));
	if (due == NULL)
		err(1, "revoke");
	for (size_t i = 0; i < w.n_packets; i++)
		if (w.packet[i].due <= w.now)
			due[n++] = w.packet[i];
		else
			w.packet[kept++] = w.packet[i];
	w.n_packets = kept;
	for (size_t i = 1; i < n; i++)		/* stable, few */
		for (size_t k = i; k > 0 && due[k].due < due[k - 1].due; k--) {
			struct packet swap = due[k];

			due[k] = due[k - 1];
			due[k - 1] = swap;
		}
	for (size_t i = 0; i < n; i++)
		if (due[i].thing >= 0) {
			reaches_thing(&due[i]);
		} else if (!w.up) {
			refuse(due[i].xml);
		} else if (handed < 2000) {
			char from[160];

			attr(due[i].xml, "from", from, sizeof(from));
			if (strncmp(due[i].xml, "<presence from=", 15) == 0 && thing_of(from) >= 0)
				alive[thing_of(from)] = true;
			lifeline_hand(&w.site, due[i].xml);
			handed++;
		}
	if (w.up && site_turn_now(how))
		check_pushed(alive);
	for (size_t i = 0; i < n; i++)
		free(due[i].xml);
	free(due);
}

/* ---- faults ---- */

static void jump(void)
{
	int64_t by = chance(50) ? (int64_t)below(120000) : (int64_t)below(60) * 60000;

	w.n.jumps++;
	w.jumped = w.now;
	if (chance(50) || w.skew > 12 * 3600000LL)
		by = -by;
	/* Not before the beginning: no store is that old. */
	w.skew = w.skew + by < 0 ? 0 : w.skew + by;
	pass_time(true);
	for (int o = 0; o < OWNERS; o++)
		judge_owner(o, true);
}

static void step(bool faults)
{
	enum lifeline_death how = LIFELINE_NONE;

	w.now += STEP_MS;
	if (!w.up && chance(40))
		restart();
	if (faults && w.up && chance(4))
		how = chance(70) ? LIFELINE_AT_STATEMENT : LIFELINE_AT_BYTE;
	if (faults && below(400) == 0)
		jump();
	for (int i = 0; i < ACTS_PER_STEP; i++) {
		int thing = some_thing();
		struct thing *t = &w.thing[thing];

		if (chance(80))
			is_read(thing, some_friend());
		else if (t->online && chance(5))
			goes(thing);
		else if (t->online && chance(10))
			t->stalled = w.now + below(chance(50) ? 5000 : 120000);
		else if (!t->online && chance(10))
			comes(thing);
	}
	if (how != LIFELINE_NONE && chance(50)) {
		if (w.up)
			owner_acts(how);
		how = LIFELINE_NONE;
	} else if (w.up && chance(40)) {
		owner_acts(LIFELINE_NONE);
	}
	deliver(w.up ? how : LIFELINE_NONE);
}

/* ---- rest ---- */

static void check_rest(struct fault *fault)
{
	for (int i = 0; i < THINGS; i++)
		for (int f = 0; f < FRIENDS; f++) {
			const struct thing *t = &w.thing[i];
			const struct kept *k = &t->of[f];

			if (!is_kept(t, k) || t->truth[f] == UNSURE ||
			    k->allowed == (t->truth[f] == YES))
				continue;
			blame(fault, "w%d, which %s, still says %s to f%d (no since turn %lu, "
			    "it heard clearCache of turn %lu, now %lu)", i, t->ours ?
			    "keeps leases" : "keeps no lease", k->allowed ? "yes" : "no", f,
			    t->no_turn[f], t->acked_turn, w.turn);
		}
}

/* What owners were told is so: number for number. */
static void check_rules(void)
{
	for (int o = 0; o < OWNERS; o++)
		for (int i = o; i < THINGS; i += OWNERS * 7)
			for (int f = 0; f < FRIENDS; f++)
				if (w.thing[i].online && (w.thing[i].of[f].asked == 0))
					ask(i, f);
}

/* Some want to read. */
static void read_about(void)
{
	for (int i = 0; i < ACTS_PER_STEP; i++)
		is_read(some_thing(), some_friend());
}

/*
 * Ruling 26b: who keeps all for ever may hear an answer from before after the
 * clearCache that was to void it; the site says it once more, and says nothing else
 * to him here, since nothing is killed.
 */
static void be_brisk(void)
{
	int64_t until = w.now + BRISK_MS;

	w.brisk = true;
	for (int i = 0; i < THINGS; i++)
		w.thing[i].stalled = 0;
	while (w.now < until) {
		w.now += STEP_MS;
		read_about();
		owner_acts(LIFELINE_NONE);
		deliver(LIFELINE_NONE);
	}
	w.brisk = false;
	w.calm = true;
	for (until = w.now + SECOND_MS; w.now < until;) {
		w.now += STEP_MS;
		deliver(LIFELINE_NONE);
	}
	w.calm = false;
	for (int o = 0; o < OWNERS; o++)
		judge_owner(o, true);
	check_rest(&w.bad.old_after_second);
}

static void calm_down(void)
{
	int64_t until;

	/* Ruling 26c: refused by the broker while nobody is there, and kept. */
	for (int i = 0; !w.up && i < 8; i++) {
		w.now += STEP_MS;
		read_about();
		deliver(LIFELINE_NONE);
	}
	w.calm = true;
	for (int i = 0; i < THINGS; i++)
		w.thing[i].stalled = 0;
	if (!w.up)
		restart();
	w.jumped = w.now;
	if (WALL + w.now + w.skew < w.latest)		/* the clock is right again */
		w.skew = w.latest - WALL - w.now;
	for (int i = 0; i < THINGS; i++)
		if (!w.thing[i].online)
			comes(i);
	for (until = w.now + CALM_MS; w.now < until;) {
		w.now += w.now + 60000 < until ? CALM_STEP_MS : STEP_MS;
		deliver(LIFELINE_NONE);
	}
	for (int o = 0; o < OWNERS; o++)
		judge_owner(o, true);
	check_rest(&w.bad.unrest);
	check_rules();
	for (until = w.now + 5000; w.now < until;) {
		w.now += STEP_MS;
		deliver(LIFELINE_NONE);
	}
	w.calm = false;
}

/* ---- set up ---- */

static void register_all(void)
{
	for (int i = 0; i < THINGS; i++) {
		w.thing[i].ours = i % 2 == 0;
		w.thing[i].online = w.thing[i].settled = true;
		w.thing[i].line = 1;
		send_site(1, "<iq type='set' from='w%d@home.example/c1' to='" SITE "' id='r'>"
		    "<register xmlns='" DISCO "'><str name='SN' value='sn%d'/><str name='ROOM' "
		    "value='r%d'/><str name='KEY' value='0123456789abcdef0123456789ab%04d'/>"
		    "</register></iq>", i, i, room_of(i), i);
		send_site(2, "<iq type='set' from='o%d@home.example/p' to='" SITE "' id='m'>"
		    "<mine xmlns='" DISCO "'><str name='SN' value='sn%d'/><str name='ROOM' "
		    "value='r%d'/><str name='KEY' value='0123456789abcdef0123456789ab%04d'/>"
		    "</mine></iq>", owner_of(i), i, room_of(i), i);
	}
	w.calm = true;
	for (int i = 0; i < 40; i++) {
		w.now += STEP_MS;
		deliver(LIFELINE_NONE);
	}
	for (int i = 0; i < THINGS; i++)
		ask(i, (int)below(FRIENDS));
	for (int i = 0; i < 10; i++) {
		w.now += STEP_MS;
		deliver(LIFELINE_NONE);
	}
	w.calm = false;
}

static unsigned report(unsigned number, const struct fault *f, const char *what)
{
	printf("%s %u - %s\n", f->n == 0 ? "ok" : "not ok", number, what);
	if (f->n > 0)
		printf("# %lu times, first of all: %s\n", f->n, f->what);
	return f->n > 0;
}

int main(int argc, char **argv)
{
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 60, season = 0;
	const char *seed = getenv("REVOKE_SEED");
	time_t began = time(NULL);
	unsigned failed = 0;

	if (seed != NULL)
		w.seed = strtoull(seed, NULL, 10);
	else if (getrandom(&w.seed, sizeof(w.seed), 0) != sizeof(w.seed))
		err(1, "getrandom");
	w.seed |= 1;
	printf("# REVOKE_SEED=%llu\n", (unsigned long long)w.seed);
	signal(SIGPIPE, SIG_IGN);
	lifeline_init(&w.site, SITE);
	restart();
	register_all();
	while (w.n.kills < wanted) {
		for (season += SEASON; w.n.kills < season && w.n.kills < wanted;)
			step(true);
		calm_down();
		be_brisk();
		if (w.broken)
			break;
	}
	lifeline_fini(&w.site);
	failed += report(1, &w.bad.old_after_ack, "att-P-02: no old yes is used once clearCache was "
	    "acknowledged");
	failed += report(2, &w.bad.old_after_return, "att-P-03: none once a thing that was away has "
	    "heard the service out");
	failed += report(3, &w.bad.old_after_end, "row-D8: none beyond the end of its rule");
	failed += report(4, &w.bad.wrong_yes, "no yes is said that no rule gives");
	failed += report(5, &w.bad.wrong_no, "what is allowed is told to things that keep leases");
	failed += report(6, &w.bad.not_pushed, "att-P-03: a thing that shows itself is told at once");
	failed += report(7, &w.bad.unrest, "att-P-04, ruling 26: in the end no thing holds what is not "
	    "so");
	failed += report(8, &w.bad.forgotten, "what an owner was told is so stays so");
	failed += report(9, &w.bad.old_after_second, "ruling 26b: who keeps all for ever holds no late "
	    "answer once it was told twice");
	if (w.n.stale == 0 || w.n.served < 1000 || w.n.spared == 0 || w.n.refused == 0)
		blame(&w.idle, "%lu uses, %lu left alone, %lu refused", w.n.served, w.n.spared,
		    w.n.refused);
	failed += report(10, &w.idle, "enough was used, and used too long while nobody could know, "
	    "for this to say something");
	printf("1..10\n# %lu kills, %lu restarts, %lu clocks moved; %lu rules, %lu taken back; %lu "
	    "questions, %lu uses, %lu of them before the thing could know; %lu clearCache, %lu "
	    "about some only (%lu answers left alone), %lu refusals meanwhile, %lu acknowledged, %lu lost, %lu twice, "
	    "%lu bounced, %lu late answers; %ld s\n", w.n.kills,
	    w.n.restarts, w.n.jumps, w.n.rules, w.n.gone, w.n.asked, w.n.served, w.n.stale,
	    w.n.clears, w.n.about, w.n.spared, w.n.refused, w.n.acks, w.n.lost, w.n.doubled, w.n.bounced, w.n.late,
	    (long)(time(NULL) - began));
	return failed > 0;
}
