/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: an act is three bytes: what, who, which.  The model knows nothing of how
 * kith decides; it knows who did what with which secret in hand, and so what
 * may have changed: everything else must be as it was.
 */
#include "config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/operate_support.h"

#include "common/store/debt.h"
#include "tests/unit/walk.h"

#define THINGS 4
#define PEOPLE 3
#define KEYS 12
#define NOBODY (-1)
#define CODE 16
#define LONG_CODE 40
#define ID 128
#define MINUTES(n) ((n) * INT64_C(60000))
#define DAYS(n) ((n) * INT64_C(86400000))

enum act {
	/* things */
	REGISTER, REGISTER_OURS, UNREGISTER, UPDATE_SELF, PRESENT, AWAY, ACK, FORGED_ACK,
	/* people, by iq */
	MINE, REMOVE, UPDATE, DISOWN,
	/* people, by chat */
	CLAIM, ASK_DISOWN, ASK_DISOWN_OFFLINE, ASK_REMOVE, ASK_TRANSFER, YES, ACCEPT, REFUSE,
	TAKE_BACK_OFFER, UNDO, PUBLISH, UNPUBLISH, NAME, LET_READ, REVOKE, ASK_REPLACE, SHOWN_CODE,
	OWNERSHIP_CODE, RECOVER, PROVE, ACCOUNT_GONE,
	/* the operator */
	HOLD, HOLD_FOR, RELEASE, TAKE_AWAY, EXPIRE,
	/* time and power */
	A_SECOND, SIX_SECONDS, ELEVEN_MINUTES, A_DAY, NINE_DAYS, A_MONTH, RESTART,
	ACTS
};

static const char *const act_names[ACTS] = {
	"register", "register (ours)", "unregister", "update (self)", "present", "away", "ack",
	"forged ack", "mine", "remove", "update", "disown", "claim", "disown?", "disown offline?",
	"remove?", "transfer?", "yes", "accept", "refuse", "take back offer", "undo", "publish",
	"unpublish", "name", "let read", "revoke", "replace?", "code shown", "ownership code",
	"recover", "prove", "account gone", "hold", "hold for", "release", "take away", "expire",
	"a second", "six seconds", "eleven minutes", "a day", "nine days", "a month", "restart",
};

static const char *const people[PEOPLE] = { "ann", "bob", "mallory" };

struct row {
	bool there;
	uint8_t id[OWNERSHIP_ID];
	int owner, held_for, former;
	uint64_t epoch;
	enum owned_state state;
	enum owned_hold hold;
	bool is_public, listed, disputed;
};

/* What stands behind a question "are you sure". */
struct plan {
	enum act act;
	int thing, other;	/* the other: a person or a thing */
};

struct right {
	uint8_t id[OWNERSHIP_ID];
	uint64_t epoch;
	bool given;
};

struct walk {
	struct hand *h;
	struct walk_report *report;
	char fault[512];
	struct row was[THINGS], is[THINGS];
	/* the act */
	enum act act;
	int who, thing, key, other;
	char code[LONG_CODE];
	/* what is known of secrets */
	int shows[THINGS];		/* the KEY a record stands with; NOBODY none */
	unsigned shown_by[KEYS];	/* things that ever stood with it */
	bool used[KEYS];
	struct plan plan[PEOPLE];
	char yes[PEOPLE][CODE], accept[PEOPLE][CODE];
	char ownership[PEOPLE][LONG_CODE];
	char on_display[THINGS][CODE];
	char push[THINGS][ID];
	/* promises under way */
	int offered_by[THINGS], offered_to[THINGS];
	uint64_t offered_epoch[THINGS];
	int leaving[THINGS];		/* whose online disown it was asked for */
	bool answered[THINGS][PEOPLE];	/* stood before it while it was disputed */
	bool heir[PEOPLE][PEOPLE];	/* showed his ownership code: takes over */
	bool gone[PEOPLE];		/* an account was deleted; no proof since is known of */
	struct right right[THINGS][PEOPLE];
};

__attribute__((format(printf, 2, 3)))
static void wrong(struct walk *w, const char *fmt, ...)
{
	va_list ap;

	if (w->fault[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w->fault, sizeof(w->fault), fmt, ap);
	va_end(ap);
	if (w->thing >= 0 && strlen(w->fault) < sizeof(w->fault) - 100)
		snprintf(w->fault + strlen(w->fault), 100, " (act %zu: %s, person %d, thing %d, "
		    "key %d)", w->report->acts, act_names[w->act], w->who, w->thing, w->key);
}

/* ---- what the site says ---- */

static int person_of(const char *jid)
{
	for (int p = 0; jid != NULL && p < PEOPLE; p++)
		if (strncmp(jid, people[p], strlen(people[p])) == 0)
			return p;
	return NOBODY;
}

static void take(char *to, size_t size, const char *from, size_t len)
{
	if (len < size) {
		memcpy(to, from, len);
		to[len] = '\0';
	}
}

/* "abcde-fghij-...-z" in what was said to somebody. */
static void find_long_code(const char *at, const char *end, char out[static LONG_CODE])
{
	for (; at < end; at++) {
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz234567-");

		if (n >= 30 && n < LONG_CODE && at[5] == '-' && at[11] == '-')
			take(out, LONG_CODE, at, n);
		at += n;
	}
}

static const char *inside(const char *at, const char *end, const char *what)
{
	const char *found = strstr(at, what);

	return found != NULL && found < end ? found + strlen(what) : NULL;
}

static void hear_person(struct walk *w, int p, const char *at, const char *end)
{
	const char *code;

	if ((code = inside(at, end, "yes ")) != NULL)
		take(w->yes[p], CODE, code, 9);
	if ((code = inside(at, end, "accept ")) != NULL)
		take(w->accept[p], CODE, code, 9);
	find_long_code(at, end, w->ownership[p]);
}

static void hear_thing(struct walk *w, int t, const char *at, const char *end)
{
	const char *id = inside(at, end, "id=\""), *code = inside(at, end, "code=\"");

	if (id != NULL && strncmp(id, "d-", 2) == 0)
		take(w->push[t], ID, id, strcspn(id, "\""));
	if (code != NULL)
		take(w->on_display[t], CODE, code, 9);
}

/* Who was told what. */
static void hear(struct walk *w)
{
	const char *at = buf_str(&w->h->out);

	while ((at = strchr(at, '<')) != NULL) {
		bool iq = strncmp(at, "<iq", 3) == 0;
		const char *end = strstr(at, iq ? "</iq>" : "</message>"), *to;

		if (!iq && strncmp(at, "<message", 8) != 0) {
			at++;
			continue;
		}
		if (end == NULL)
			end = at + strlen(at);
		to = inside(at, end, "to=\"");
		if (to != NULL && person_of(to) != NOBODY)
			hear_person(w, person_of(to), at, end);
		else if (to != NULL && to[0] == 'w' && to[1] >= '0' && to[1] < '0' + THINGS)
			hear_thing(w, to[1] - '0', at, end);
		at = end;
	}
}

/* ---- what is said to the site ---- */

static const char *chat(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static const char *chat(struct walk *w, const char *fmt, ...)
{
	char line[512];
	const char *said;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	said = hand(w->h, "<message type='chat' from='%s@a.example/phone' to='" DESK "'><body>%s"
	    "</body></message>", people[w->who], line);
	hear(w);
	return said;
}

/* What he will say yes to. */
static void ask(struct walk *w, int other, const char *line)
{
	w->yes[w->who][0] = '\0';
	chat(w, "%s", line);
	w->plan[w->who] = (struct plan){ w->act, w->thing, other };
}

static void from_thing(struct walk *w, int t, const char *type, const char *id, const char *body)
{
	hand(w->h, "<iq type='%s' from='w%d@a.example/r' to='" ME "' id='%s'>%s</iq>", type, t, id,
	    body);
	hear(w);
}

static void from_person(struct walk *w, const char *verb, const char *tags)
{
	hand(w->h, "<iq type='set' from='%s@a.example/c' to='" ME "' id='p'><%s xmlns="
	    "'urn:xmpp:iot:discovery' jid='w%d@a.example'>%s</%s></iq>", people[w->who], verb,
	    w->thing, tags, verb);
	hear(w);
}

static const char *tags(int key)
{
	static char text[256];

	snprintf(text, sizeof(text), "<str name='MAN' value='acme'/><str name='SN' value='%d'/>"
	    "<str name='KEY' value='0123456789abcdef0123456789ab%04d'/>", key, key);
	return text;
}

static void pass(struct walk *w, int64_t ms)
{
	w->h->time.wall += ms;
	w->h->time.boot += ms;
	for (int i = 0; i < 3; i++) {
		buf_reset(&w->h->out);
		site_tick(w->h->site);
		site_turn(w->h->site);
		hear(w);
		w->h->time.wall += 1000;
		w->h->time.boot += 1000;
	}
}

static void do_thing(struct walk *w)
{
	char body[512];

	switch (w->act) {
	case REGISTER:
	case REGISTER_OURS:
		snprintf(body, sizeof(body), "<register xmlns='urn:xmpp:iot:discovery'>%s%s"
		    "</register>", tags(w->key), w->act == REGISTER ? "" :
		    "<self xmlns='urn:kith:thing:0' can='code'/>");
		from_thing(w, w->thing, "set", "r", body);
		break;
	case UNREGISTER:
		from_thing(w, w->thing, "set", "u",
		    "<unregister xmlns='urn:xmpp:iot:discovery'/>");
		break;
	case UPDATE_SELF:
		from_thing(w, w->thing, "set", "t", "<update xmlns='urn:xmpp:iot:discovery'>"
		    "<str name='V' value='2'/></update>");
		break;
	case ACK:
		if (w->push[w->thing][0] != '\0')
			from_thing(w, w->thing, "result", w->push[w->thing], "");
		break;
	case FORGED_ACK:
		if (w->push[w->other][0] != '\0' && w->other != w->thing)
			from_thing(w, w->thing, "result", w->push[w->other], "");
		break;
	default:
		hand(w->h, "<presence from='w%d@a.example/r' to='" ME "'%s/>", w->thing,
		    w->act == AWAY ? " type='unavailable'" : "");
		hear(w);
	}
}

static void do_ask(struct walk *w)
{
	char line[128];

	switch (w->act) {
	case ASK_DISOWN:
	case ASK_DISOWN_OFFLINE:
		snprintf(line, sizeof(line), "disown w%d%s", w->thing,
		    w->act == ASK_DISOWN ? "" : " offline");
		break;
	case ASK_REMOVE:
		snprintf(line, sizeof(line), "remove w%d", w->thing);
		break;
	case ASK_REPLACE:
		snprintf(line, sizeof(line), "replace w%d by w%d", w->thing, w->other);
		break;
	default:
		snprintf(line, sizeof(line), "transfer w%d to %s@a.example", w->thing,
		    people[w->other % PEOPLE]);
	}
	ask(w, w->act == ASK_TRANSFER ? w->other % PEOPLE : w->other, line);
}

static void do_chat(struct walk *w)
{
	switch (w->act) {
	case CLAIM:
		chat(w, "claim iotdisco:MAN=acme;SN=%d;KEY=0123456789abcdef0123456789ab%04d", w->key,
		    w->key);
		break;
	case YES:
		chat(w, "yes %s", w->code);
		break;
	case ACCEPT:
		chat(w, "accept %s", w->code);
		break;
	case REFUSE:
		chat(w, "no %s", w->code);
		break;
	case UNDO:
		chat(w, "undo");
		break;
	case PUBLISH:
	case UNPUBLISH:
		chat(w, "%spublish w%d", w->act == PUBLISH ? "" : "un", w->thing);
		break;
	case NAME:
		chat(w, "name w%d w%d", w->thing, w->thing);
		break;
	case LET_READ:
		chat(w, "%s@a.example may read w%d", people[w->other % PEOPLE], w->thing);
		break;
	case REVOKE:
		chat(w, "revoke %s@a.example of w%d", people[w->other % PEOPLE], w->thing);
		break;
	case TAKE_BACK_OFFER:
		chat(w, "transfer w%d to %s@a.example", w->thing, people[w->who]);
		break;
	case SHOWN_CODE:
		chat(w, "code %s", w->code);
		break;
	case OWNERSHIP_CODE:
		chat(w, "ownership code");
		break;
	case RECOVER:
	case PROVE:
		chat(w, "%s %s", w->act == RECOVER ? "recover" : "prove", w->code);
		break;
	default:
		do_ask(w);
	}
}

static void do_operator(struct walk *w)
{
	static const char *const words[] = {
		[HOLD] = "hold|w%d@a.example", [HOLD_FOR] = "hold|w%d@a.example|for|%s@a.example",
		[RELEASE] = "release|w%d@a.example", [TAKE_AWAY] = "disown|w%d@a.example",
		[EXPIRE] = "expire|w%d@a.example",
	};
	char line[128];

	if (w->act == HOLD_FOR)
		snprintf(line, sizeof(line), "hold|w%d@a.example|for|%s@a.example", w->thing,
		    people[w->who]);
	else
		snprintf(line, sizeof(line), "%.*s%d%s", (int)strcspn(words[w->act], "%"),
		    words[w->act], w->thing, strstr(words[w->act], "%d") + 2);
	operator(w->h, "%s", line);
	hear(w);
}

/* ---- the rows ---- */

static void read_rows(struct walk *w, struct row rows[static THINGS])
{
	memset(rows, 0, THINGS * sizeof(*rows));
	for (int i = 0; i < THINGS; i++) {
		char jid[32];
		const struct owned *t;
		struct row *r = &rows[i];

		snprintf(jid, sizeof(jid), "w%d@a.example", i);
		t = thing_at(w->h, jid);
		r->owner = r->held_for = r->former = NOBODY;
		if (t == NULL)
			continue;
		r->there = true;
		memcpy(r->id, t->id, sizeof(r->id));
		r->owner = person_of(t->owner);
		r->held_for = person_of(t->held_for);
		r->former = person_of(t->former);
		r->epoch = t->epoch;
		r->state = t->state;
		r->hold = t->hold;
		r->is_public = t->is_public;
		r->listed = t->listed;
		r->disputed = t->disputed;
	}
}

/* ---- what may change ---- */

static bool is_act(const struct walk *w, const enum act *acts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (acts[i] == w->act)
			return true;
	return false;
}
#define IS(...) is_act(w, (const enum act[]){ __VA_ARGS__ }, \
	sizeof((const enum act[]){ __VA_ARGS__ }) / sizeof(enum act))

static bool is_time(const struct walk *w)
{
	return w->act >= A_SECOND && w->act < RESTART;
}

static bool by_itself(const struct walk *w, int i)
{
	return w->act <= ACK && w->thing == i;
}

/* He typed what stands on this thing's display: he is before it. */
static bool shows_it(const struct walk *w, int i)
{
	return w->act == SHOWN_CODE && w->on_display[i][0] != '\0' &&
	    strcmp(w->code, w->on_display[i]) == 0;
}

/* He says yes to his own question about this thing. */
static bool means(const struct walk *w, enum act act, int i)
{
	return w->act == YES && w->plan[w->who].act == act && w->plan[w->who].thing == i &&
	    strcmp(w->code, w->yes[w->who]) == 0;
}

static bool may_be_claimed(const struct walk *w, int i)
{
	const struct row *r = &w->was[i];

	return IS(MINE, CLAIM) && w->shows[i] == w->key && !w->used[w->key] &&
	    r->state == OWNED_NOBODY && (r->hold == HOLD_NONE || r->held_for == w->who);
}

static bool may_get_owner(const struct walk *w, int i, int owner)
{
	if (w->who != owner)
		return false;
	return may_be_claimed(w, i) || shows_it(w, i) ||
	    (w->act == UNDO && w->was[i].former == owner);
}

static bool may_change_hands(const struct walk *w, int i, int from, int to)
{
	/* Both wait for the clock: the other party may show it as well, and
	 * many things go in slices. */
	if (is_time(w))
		return w->heir[from][to] || (w->was[i].disputed && w->answered[i][to]);
	if (w->who != to)
		return false;
	if (w->act == ACCEPT)
		return w->offered_by[i] == from && w->offered_to[i] == to &&
		    w->offered_epoch[i] == w->was[i].epoch && w->was[i].state == OWNED &&
		    !w->was[i].disputed;
	if (w->act == RECOVER)
		return strcmp(w->code, w->ownership[from]) == 0;
	return shows_it(w, i) && w->was[i].disputed;
}

static bool may_lose_owner(const struct walk *w, int i, int from)
{
	if (w->act == UNREGISTER)
		return w->thing == i;
	if (by_itself(w, i))
		return w->leaving[i] == from;
	if (w->act == TAKE_AWAY)
		return w->thing == i;
	if (w->was[i].disputed || w->was[i].state != OWNED)
		return false;
	return (w->who == from && means(w, ASK_DISOWN_OFFLINE, i)) ||
	    (w->who == from && w->act == SHOWN_CODE);
}

static void check_owner(struct walk *w, int i)
{
	const struct row *a = &w->was[i], *b = &w->is[i];
	bool may;

	if (a->owner == b->owner)
		return;
	if (b->epoch <= a->epoch)
		wrong(w, "w%d has another owner in the same epoch", i);
	if (a->owner == NOBODY)
		may = may_get_owner(w, i, b->owner);
	else if (b->owner == NOBODY)
		may = may_lose_owner(w, i, a->owner);
	else
		may = may_change_hands(w, i, a->owner, b->owner);
	if (!may)
		wrong(w, "w%d went from %s to %s", i, a->owner == NOBODY ? "nobody" :
		    people[a->owner], b->owner == NOBODY ? "nobody" : people[b->owner]);
}

static void check_state(struct walk *w, int i)
{
	const struct row *a = &w->was[i], *b = &w->is[i];

	if ((b->owner != NOBODY) != (b->state == OWNED || b->state == OWNED_TURNING))
		wrong(w, "w%d: owner and state do not fit", i);
	if (a->owner != b->owner || a->state == b->state)
		return;
	if (a->state == OWNED_TURNING && b->state == OWNED && w->act == ACK && w->thing == i)
		return;
	if (a->state == OWNED_TOMBSTONE && b->state == OWNED_NOBODY && by_itself(w, i))
		return;
	wrong(w, "w%d went from %s to %s", i, owned_state_name(a->state),
	    owned_state_name(b->state));
}

static void check_hold(struct walk *w, int i)
{
	const struct row *a = &w->was[i], *b = &w->is[i];
	bool of_operator = a->hold == HOLD_OPERATOR || a->hold == HOLD_FROZEN;

	if (a->hold == b->hold)
		return;
	if (of_operator && !(w->act == RELEASE && w->thing == i) &&
	    !(a->owner == NOBODY && b->owner != NOBODY) && !(w->act == HOLD || w->act == HOLD_FOR))
		wrong(w, "w%d is not held any more, and the operator did nothing", i);
	if (b->hold == HOLD_OPERATOR && !IS(HOLD, HOLD_FOR, REGISTER, REGISTER_OURS))
		wrong(w, "w%d is held by an operator who did nothing", i);
	if (b->hold == HOLD_DESCENT && !(IS(REGISTER, REGISTER_OURS) && w->thing == i))
		wrong(w, "w%d is held for its descent and said nothing", i);
	if (b->hold == HOLD_PRESENCE && w->act != SHOWN_CODE && !is_time(w))
		wrong(w, "w%d is held and nothing was shown", i);
}

static void check_lists(struct walk *w, int i)
{
	const struct row *a = &w->was[i], *b = &w->is[i];
	bool owner = a->owner != NOBODY && w->who == a->owner;

	if (a->owner != b->owner)
		return;
	if (a->listed != b->listed && !(w->thing == i && (w->act == UNREGISTER ||
	    (a->owner == NOBODY && IS(REGISTER, REGISTER_OURS)) ||
	    (owner && IS(PUBLISH, REMOVE)))) && !(owner && means(w, ASK_REMOVE, i)) &&
	    !(owner && w->act == UNDO))
		wrong(w, "w%d went %s the list", i, b->listed ? "onto" : "off");
	if (a->is_public != b->is_public && !(owner && ((w->thing == i &&
	    IS(PUBLISH, UNPUBLISH)) || w->act == UNDO)) && !(a->owner == NOBODY && !b->is_public &&
	    w->thing == i && IS(REGISTER, REGISTER_OURS)))
		wrong(w, "w%d became %s", i, b->is_public ? "public" : "private");
	if (!a->disputed && b->disputed && !is_time(w))
		wrong(w, "w%d is disputed at once", i);
	if (a->disputed && !b->disputed && !is_time(w) && !IS(SHOWN_CODE, RELEASE))
		wrong(w, "w%d is not disputed any more", i);
}

/*
 * The owner showed at which of two addresses his thing is: the records changed
 * places, and each is what it was but for its hold.
 */
static bool changed_places(const struct walk *w, const struct row *was, const struct row *is)
{
	return w->act == SHOWN_CODE && was->there && is->there &&
	    memcmp(was->id, is->id, sizeof(was->id)) == 0 && was->owner == is->owner &&
	    was->state == is->state && (was->owner == NOBODY || was->epoch == is->epoch);
}

/* The row of this address went. */
static void check_gone(struct walk *w, int i)
{
	const struct row *a = &w->was[i];

	for (int k = 0; k < THINGS; k++)
		if (changed_places(w, a, &w->is[k]) && (a->owner == NOBODY || a->owner == w->who))
			return;
	if (means(w, ASK_REPLACE, i) || (w->act == YES && w->plan[w->who].act == ASK_REPLACE &&
	    w->plan[w->who].other == i))
		return;
	if (w->act == UNREGISTER && w->thing == i && a->owner != NOBODY &&
	    w->leaving[i] == a->owner)
		return;
	if (a->owner != NOBODY || a->state != OWNED_NOBODY)
		wrong(w, "w%d was %s and is gone", i, owned_state_name(a->state));
	if (!is_time(w) && !(w->thing == i && IS(UNREGISTER, EXPIRE)))
		wrong(w, "w%d is gone", i);
	if (a->hold == HOLD_OPERATOR && w->act != EXPIRE)
		wrong(w, "w%d is gone, and with it that the operator holds it", i);
}

static void check_new(struct walk *w, int i)
{
	const struct row *b = &w->is[i];

	for (int k = 0; k < THINGS; k++)
		if (changed_places(w, &w->was[k], b) && (b->owner == NOBODY || b->owner == w->who))
			return;
	if (w->act == YES && w->plan[w->who].act == ASK_REPLACE)
		return;
	if (!(IS(REGISTER, REGISTER_OURS) && w->thing == i))
		wrong(w, "w%d is there", i);
	if (b->owner != NOBODY || b->state != OWNED_NOBODY)
		wrong(w, "w%d is new and %s", i, owned_state_name(b->state));
}

static void check_rows(struct walk *w)
{
	for (int i = 0; i < THINGS; i++) {
		const struct row *a = &w->was[i], *b = &w->is[i];
		bool same = a->there && b->there && memcmp(a->id, b->id, sizeof(a->id)) == 0;

		if (a->there && !same)
			check_gone(w, i);
		if (b->there && !same)
			check_new(w, i);
		if (!same)
			continue;
		if (b->epoch < a->epoch)
			wrong(w, "the epoch of w%d fell", i);
		if (a->owner == b->owner && a->epoch != b->epoch && w->act != RELEASE)
			wrong(w, "the epoch of w%d rose and its owner stayed", i);
		check_owner(w, i);
		check_state(w, i);
		check_hold(w, i);
		check_lists(w, i);
	}
}

/* A KEY nobody used, on one record only ever, held for nobody: it must open. */
static void check_open(struct walk *w)
{
	const struct row *r;
	int i = NOBODY;

	if (!IS(MINE, CLAIM) || w->used[w->key] || w->gone[w->who])
		return;
	for (int t = 0; t < THINGS; t++)
		if (w->shown_by[w->key] == 1u << t && w->shows[t] == w->key)
			i = t;
	if (i == NOBODY)
		return;
	r = &w->was[i];
	if (r->there && r->listed && r->state == OWNED_NOBODY && r->hold == HOLD_NONE &&
	    w->is[i].owner != w->who)
		wrong(w, "w%d was not given to who showed its KEY", i);
}

/* ---- rights ---- */

static bool says_yes(struct walk *w, int t, int p, const char *verb)
{
	const char *said = hand(w->h, "<iq type='get' from='w%d@a.example/r' to='" ME "' id='q'>"
	    "<%s xmlns='urn:xmpp:iot:provisioning' jid='%s@a.example'/></iq>", t, verb, people[p]);

	hear(w);
	return strstr(said, "result=\"true\"") != NULL;
}

static void check_rights(struct walk *w, int t)
{
	const struct row *r = &w->is[t];

	for (int p = 0; p < PEOPLE; p++) {
		const struct right *g = &w->right[t][p];
		bool is_owner = r->there && r->owner == p && r->hold != HOLD_FROZEN;
		bool has = g->given && r->there && r->owner != NOBODY && g->epoch == r->epoch &&
		    memcmp(g->id, r->id, sizeof(g->id)) == 0 && r->hold != HOLD_FROZEN;

		if (says_yes(w, t, p, "isFriend") && !is_owner && !has)
			wrong(w, "%s is a friend of w%d", people[p], t);
		if (says_yes(w, t, p, "canRead") && !is_owner && !has)
			wrong(w, "%s may read w%d", people[p], t);
	}
}

/* ---- what is known afterwards ---- */

static void note_tags(struct walk *w)
{
	const struct row *a = &w->was[w->thing], *b = &w->is[w->thing];

	if (!b->there)
		return;
	if (b->owner == NOBODY || b->state == OWNED_TURNING || a->state == OWNED_TURNING) {
		w->shows[w->thing] = w->key;
		w->shown_by[w->key] |= 1u << w->thing;
	}
}

static void note_owners(struct walk *w)
{
	for (int i = 0; i < THINGS; i++) {
		const struct row *a = &w->was[i], *b = &w->is[i];
		bool same = a->there && b->there && memcmp(a->id, b->id, sizeof(a->id)) == 0;

		if (!same || a->epoch != b->epoch) {
			w->leaving[i] = w->offered_by[i] = NOBODY;
			memset(w->answered[i], 0, sizeof(w->answered[i]));
			if (a->owner == NOBODY && b->owner != NOBODY && w->act != UNDO &&
			    w->shows[i] != NOBODY)
				w->used[w->shows[i]] = true;
			w->report->claimed += b->owner != NOBODY && a->owner == NOBODY;
			w->report->passed_on += b->owner != NOBODY && a->owner != NOBODY;
			w->report->let_go += b->owner == NOBODY && a->owner != NOBODY;
		}
		w->report->taken_back += w->act == UNDO && a->owner == NOBODY &&
		    b->owner != NOBODY;
		w->report->shown += w->act == SHOWN_CODE && a->owner != b->owner;
		w->report->held += a->hold == HOLD_NONE && b->hold != HOLD_NONE;
	}
}

/* By whom a thing may be let go, and to whom, from now on. */
static void note_promises(struct walk *w)
{
	int t = w->thing;

	if (w->act == DISOWN && w->was[t].owner == w->who)
		w->leaving[t] = w->who;
	for (int i = 0; i < THINGS; i++) {
		if (means(w, ASK_DISOWN, i) && w->was[i].owner == w->who)
			w->leaving[i] = w->who;
		if (!means(w, ASK_TRANSFER, i) || w->was[i].owner != w->who)
			continue;
		w->offered_by[i] = w->who;
		w->offered_to[i] = w->plan[w->who].other;
		w->offered_epoch[i] = w->is[i].epoch;
	}
	if (w->act == TAKE_BACK_OFFER && w->offered_by[t] == w->who)
		w->offered_by[t] = NOBODY;
	if (w->act == LET_READ && w->is[t].there && w->is[t].owner == w->who) {
		struct right *g = &w->right[t][w->other % PEOPLE];

		memcpy(g->id, w->is[t].id, sizeof(g->id));
		g->epoch = w->is[t].epoch;
		g->given = true;
	}
	if (w->act == YES)
		w->plan[w->who].act = ACTS;
}

static void note_proofs(struct walk *w)
{
	for (int i = 0; i < THINGS; i++)
		if (shows_it(w, i) && w->was[i].disputed)
			w->answered[i][w->who] = true;
	for (int p = 0; p < PEOPLE; p++)
		if (w->act == RECOVER && w->ownership[p][0] != '\0' &&
		    strcmp(w->code, w->ownership[p]) == 0)
			w->heir[p][w->who] = true;
	if (w->act == ACCOUNT_GONE)
		w->gone[w->who] = true;
}

static void learn(struct walk *w)
{
	note_owners(w);
	if (IS(REGISTER, REGISTER_OURS))
		note_tags(w);
	note_promises(w);
	note_proofs(w);
}

/* ---- a restart ---- */

/* A question whose thing has gone is void, and a restart finds that out. */
static size_t owed(const struct walk *w)
{
	size_t n = 0;

	for (size_t i = 0; i < debt_count(w->h->parts.debts); i++)
		n += debt_at(w->h->parts.debts, i)->kind != DEBT_QUESTION;
	return n;
}

static void restart(struct walk *w)
{
	struct row before[THINGS], after[THINGS];
	size_t debts = owed(w);

	read_rows(w, before);
	hand_restart(w->h);
	read_rows(w, after);
	if (memcmp(before, after, sizeof(before)) != 0)
		wrong(w, "a restart changed a row");
	if (debts > owed(w))
		wrong(w, "a restart forgot what is owed");
	w->report->restarts++;
	hear(w);
}

/* ---- one act ---- */

/* The code he types: mostly his own, sometimes one he overheard. */
static void choose_code(struct walk *w)
{
	int p = w->other < PEOPLE ? w->other : w->who;
	const char *code = "AAAA-AAAA";

	if (w->act == YES)
		code = w->yes[p];
	else if (w->act == ACCEPT || w->act == REFUSE)
		code = w->accept[p];
	else if (w->act == SHOWN_CODE)
		code = w->on_display[w->thing];
	else if (w->act == RECOVER || w->act == PROVE)
		code = w->ownership[p];
	snprintf(w->code, sizeof(w->code), "%s", code);
}

/* What happens often: else nobody would ever own anything for long. */
static const enum act often[] = {
	REGISTER, REGISTER_OURS, REGISTER_OURS, ACK, ACK, ACK, PRESENT, MINE, CLAIM, CLAIM, YES, YES,
	YES, YES, YES, ASK_TRANSFER, ASK_TRANSFER, ASK_DISOWN, ASK_DISOWN_OFFLINE, ACCEPT, ACCEPT,
	ACCEPT, UNDO, LET_READ, SHOWN_CODE, SHOWN_CODE, SHOWN_CODE, A_SECOND, A_SECOND, DISOWN,
};
#define OFTEN (sizeof(often) / sizeof(often[0]))

/* Who has a reason to do it does it. */
static void choose_sensibly(struct walk *w)
{
	int t = w->thing, p;

	if (IS(MINE, CLAIM, REGISTER, REGISTER_OURS) && w->shows[t] != NOBODY &&
	    !(w->used[w->shows[t]] && IS(REGISTER, REGISTER_OURS)))
		w->key = w->shows[t];
	if (w->act >= REMOVE && w->act <= LET_READ && w->act != YES && w->was[t].owner != NOBODY)
		w->who = w->was[t].owner;
	if (w->act == ACCEPT && w->offered_by[t] != NOBODY)
		w->who = w->offered_to[t];
	for (p = 0; w->act == YES && p < PEOPLE; p++)
		if (w->plan[p].act != ACTS && w->yes[p][0] != '\0')
			w->who = p;
	if (w->act == UNDO && w->was[t].former != NOBODY)
		w->who = w->was[t].former;
	if (IS(YES, ACCEPT, REFUSE, PROVE))
		w->other = w->who;
}

static void begin(struct walk *w, const uint8_t *act)
{
	w->act = act[0] & 0x80 ? often[act[0] % OFTEN] : (enum act)(act[0] % ACTS);
	w->who = act[1] % PEOPLE;
	w->other = act[1] / PEOPLE % 8 % (w->act == ASK_REPLACE || w->act == FORGED_ACK ?
	    THINGS : 8);
	w->thing = act[2] % THINGS;
	w->key = act[2] / THINGS % KEYS;
	if (act[1] & 0x60)
		choose_sensibly(w);
	choose_code(w);
}

static void doit(struct walk *w)
{
	static const int64_t times[] = { 1000, 6000, MINUTES(11), DAYS(1), DAYS(9), DAYS(31) };

	if (w->act < MINE)
		do_thing(w);
	else if (w->act == MINE)
		hand(w->h, "<iq type='set' from='%s@a.example/c' to='" ME "' id='m'><mine xmlns="
		    "'urn:xmpp:iot:discovery'>%s</mine></iq>", people[w->who], tags(w->key));
	else if (w->act <= DISOWN)
		from_person(w, w->act == REMOVE ? "remove" : w->act == UPDATE ? "update" : "disown",
		    w->act == UPDATE ? "<str name='ROOM' value='7'/>" : "");
	else if (w->act < ACCOUNT_GONE)
		do_chat(w);
	else if (w->act == ACCOUNT_GONE)
		hand(w->h, "<presence type='error' from='%s@a.example' to='" DESK "'><error type="
		    "'cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
		    "</presence>", people[w->who]);
	else if (w->act <= EXPIRE)
		do_operator(w);
	else if (w->act == RESTART)
		restart(w);
	else
		pass(w, times[w->act - A_SECOND]);
	hear(w);
}

const char *walk(struct hand *h, const uint8_t *acts, size_t n, struct walk_report *r)
{
	static struct walk w;

	memset(&w, 0, sizeof(w));
	w.h = h;
	w.report = r;
	for (int i = 0; i < THINGS; i++)
		w.shows[i] = w.leaving[i] = w.offered_by[i] = NOBODY;
	for (int p = 0; p < PEOPLE; p++)
		w.plan[p].act = ACTS;
	for (size_t i = 0; i + 3 <= n && w.fault[0] == '\0'; i += 3) {
		r->acts++;
		read_rows(&w, w.was);
		begin(&w, acts + i);
		doit(&w);
		read_rows(&w, w.is);
		check_rows(&w);
		check_open(&w);
		learn(&w);
		check_rights(&w, w.thing);
	}
	return w.fault[0] == '\0' ? NULL : w.fault;
}
