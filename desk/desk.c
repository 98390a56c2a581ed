/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: one chat message from its sender to the reply.  Who is answered at
 * all, which thing a name means, which role serves a line.  It decides nothing
 * about rights: that is registry/ and provisioning/.
 */
#include "config.h"

#include "desk/desk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/wire/push.h"
#include "desk/inventory.h"
#include "desk/prompt.h"
#include "desk/talk.h"
#include "desk/words.h"
#include "policy/policy.h"

#define SENDERS 1024		/* people whose last lines are remembered */
#define HINT_MS 60000		/* one "not understood" per sender and minute */
#define LATE_MS (10 * 60000)	/* how long a late line can still be confirmed */
#define LATE_BYTES 1024
#define WRONG_CODES 10		/* a minute, then no code is tried for a while */

/* What is said at most once a minute to one sender. */
enum hint { HINT_UNKNOWN, HINT_UNREADABLE, HINTS };

/* What we remember of somebody who writes; memory only. */
struct sender {
	char *bare;
	int64_t hinted_ms[HINTS];	/* boot; 0 never */
	int64_t wrong_ms;	/* boot, start of the minute of wrong codes */
	unsigned wrong;
	bool subscription_asked;
	/* A line that came late, done when he answers with this code. */
	char *late;
	char late_code[IDENT_CODE];
	int64_t late_until_ms;
};

struct desk {
	struct desk_conf conf;
	char *jid;
	struct desk_deps d;
	struct inventory inventory;
	struct sender sender[SENDERS];
	uint64_t *lines, *unknown, *silent;
};

/* ---- who writes ---- */

static size_t slot_of(const char *bare)
{
	uint64_t h = UINT64_C(14695981039346656037);	/* FNV-1a */

	for (; *bare != '\0'; bare++)
		h = (h ^ (unsigned char)*bare) * UINT64_C(1099511628211);
	return (size_t)(h % SENDERS);
}

/* The slot of this sender; whoever sat there before is forgotten. */
static struct sender *sender_of(struct desk *d, const char *bare)
{
	struct sender *s = &d->sender[slot_of(bare)];

	if (s->bare != NULL && strcmp(s->bare, bare) == 0)
		return s;
	free(s->bare);
	free(s->late);
	memset(s, 0, sizeof(*s));
	s->bare = strdup(bare);
	return s;
}

static bool may_hint(struct desk *d, const char *bare, enum hint h)
{
	struct sender *s = sender_of(d, bare);
	int64_t now = clock_boot(d->d.clock);

	if (s->hinted_ms[h] != 0 && now - s->hinted_ms[h] < HINT_MS)
		return false;
	s->hinted_ms[h] = now > 0 ? now : 1;
	return true;
}

static bool too_many_wrong(struct desk *d, const char *bare)
{
	const struct sender *s = sender_of(d, bare);

	return s->wrong >= WRONG_CODES && clock_boot(d->d.clock) - s->wrong_ms < HINT_MS;
}

static void note_wrong(struct desk *d, const char *bare)
{
	struct sender *s = sender_of(d, bare);
	int64_t now = clock_boot(d->d.clock);

	if (s->wrong == 0 || now - s->wrong_ms >= HINT_MS) {
		s->wrong = 0;
		s->wrong_ms = now;
	}
	s->wrong++;
}

/* People only: an account of a broker that is no thing of ours. */
static bool is_person(const struct desk *d, const char *bare)
{
	if (bare == NULL || strchr(bare, '@') == NULL)
		return false;
	return ownership_count_of_jid(d->d.ownership, bare) == 0 ||
	    ownership_count_of_owner(d->d.ownership, bare) > 0;
}

/* ---- which thing ---- */

static void say_which(struct buf *text, const char *name, const struct inventory_match *m)
{
	const char *options[INVENTORY_OPTIONS];
	size_t n = m->n < INVENTORY_OPTIONS ? m->n : INVENTORY_OPTIONS;

	for (size_t i = 0; i < n; i++)
		options[i] = m->thing[i]->node != NULL ? m->thing[i]->node : m->thing[i]->jid;
	talk_which_thing(text, name, options, n);
}

/* 1, or -1. */
static int keep_id(struct request *q, const struct owned *t, struct err *e)
{
	uint8_t *id = pool_alloc(q->pool, OWNERSHIP_ID);

	if (id == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	memcpy(id, t->id, OWNERSHIP_ID);
	q->u.desk.thing_id = id;
	return 1;
}

/* 1: found and kept in the request; 0: said why not; -1. */
static int resolve(struct desk *d, struct request *q, const char *name, struct buf *text,
    struct err *e)
{
	struct inventory_match m;

	inventory_find(&d->inventory, q->bare, name, &m);
	if (m.n == 1)
		return keep_id(q, m.thing[0], e);
	if (m.n == 0)
		talk_no_thing(text, name, ownership_count_of_owner(d->d.ownership, q->bare));
	else
		say_which(text, name, &m);
	return 0;
}

/* No name: the only thing he has, if he has only one. */
static int resolve_only(struct desk *d, struct request *q, struct buf *text, struct err *e)
{
	size_t n = ownership_count_of_owner(d->d.ownership, q->bare);

	if (n == 1)
		return keep_id(q, ownership_next_of_owner(d->d.ownership, q->bare, NULL), e);
	talk_no_thing(text, NULL, n);
	return 0;
}

/* A policy line is read here as well: for the thing it names, and its mistakes. */
static int resolve_rule(struct desk *d, struct request *q, struct buf *text, struct err *e)
{
	struct err wrong = ERR_INIT;
	struct rule rule;

	if (policy_parse_line(&rule, q->u.desk.text, clock_wall(d->d.clock), d->conf.zone_s,
	    q->pool, &wrong) != 0) {
		buf_adds(text, "I cannot read this rule: ");
		talk_line(text, wrong.text);
		buf_adds(text, ". An example: allow bob@example.org to read \"temperature\" of "
		    "lamp for 2 h");
		return 0;
	}
	if (rule.target.kind != TARGET_THING)
		return 1;
	q->u.desk.thing = rule.target.name;
	return resolve(d, q, rule.target.name, text, e);
}

/* "why bob@example.org read lamp": without "of", the only name may be the thing's. */
static int resolve_why(struct desk *d, struct request *q, struct buf *text, struct err *e)
{
	struct inventory_match m = { .n = 0 };

	if (q->u.desk.thing != NULL)
		return resolve(d, q, q->u.desk.thing, text, e);
	if (q->u.desk.name != NULL)
		inventory_find(&d->inventory, q->bare, q->u.desk.name, &m);
	if (m.n == 0)
		return resolve_only(d, q, text, e);
	q->u.desk.thing = q->u.desk.name;
	q->u.desk.name = NULL;
	return resolve(d, q, q->u.desk.thing, text, e);
}

/* The thing this line is about.  1: go on; 0: the reply is written; -1. */
static int resolve_line(struct desk *d, struct request *q, struct buf *text, struct err *e)
{
	switch (q->verb) {
	case VERB_RULE_ADD:
		return resolve_rule(d, q, text, e);
	case VERB_WHY:
		return resolve_why(d, q, text, e);
	case VERB_SHOW:
		if (q->u.desk.thing == NULL)
			return resolve_only(d, q, text, e);
		return resolve(d, q, q->u.desk.thing, text, e);
	case VERB_NAME_THING:
	case VERB_RULES:
	case VERB_REVOKE:
		if (q->u.desk.thing == NULL)
			return 1;
		return resolve(d, q, q->u.desk.thing, text, e);
	default:
		return 1;
	}
}

/* ---- one line ---- */

static int serve_role(struct desk *d, const struct request *q, struct reply *r, struct err *e)
{
	/* The roles ask the same of what they serve. */
	if (inventory_serves(q->verb) && registry_account_is_gone(d->d.registry, q->bare)) {
		reply_error(r, COND_FORBIDDEN);
		r->text = "Your account was deleted meanwhile. Send me prove and your ownership "
		    "code; then I tell you more.";
		return 0;
	}
	if (inventory_serves(q->verb))
		return inventory_serve(&d->inventory, q, r, e);
	if (d->d.provisioning != NULL && provisioning_serves(q->verb))
		return provisioning_serve(d->d.provisioning, q, r, e);
	if (registry_serves(q->verb))
		return registry_serve(d->d.registry, q, r, e);
	reply_error(r, COND_SERVICE_UNAVAILABLE);
	return 0;
}

/* The text belongs to another registry: say to which. */
static bool is_elsewhere(const struct desk *d, const struct words_line *l, struct buf *text)
{
	struct jid r;

	if (l->q.verb != VERB_MINE || l->registry == NULL)
		return false;
	if (jid_parse_bare(&r, l->registry, d->conf.profile, NULL) == 0 &&
	    strcmp(r.text + (r.local_len > 0 ? r.local_len + 1 : 0), d->jid) == 0)
		return false;
	buf_adds(text, "That thing has registered somewhere else. Send its text to: ");
	talk_address(text, l->registry);
	return true;
}

/* People want to read what they claimed, not only its address. */
static void describe_claimed(struct desk *d, const struct request *q, struct reply *r)
{
	struct reply_claimed *c = &r->u.claimed;
	const struct owned *t = ownership_by_address(d->d.ownership, c->jid, c->node.id,
	    c->node.source, c->node.partition);
	struct found_thing *f = pool_alloc(q->pool, sizeof(*f));

	if (c->thing == NULL && t != NULL && f != NULL &&
	    registry_describe(d->d.registry, t->id, q->pool, f, NULL) == 1)
		c->thing = f;
}

static int serve_fine(struct desk *d, struct words_line *l, struct buf *text, struct err *e)
{
	struct talk t = { d->jid, d->conf.zone_s, clock_wall(d->d.clock) };
	struct reply r = { 0 };
	int found;

	if (l->q.verb == VERB_HELP) {
		talk_help(text, l->q.u.desk.text);
		return 0;
	}
	if (is_elsewhere(d, l, text))
		return 0;
	if (l->q.verb == VERB_ANSWER_QUESTION && too_many_wrong(d, l->q.bare)) {
		buf_adds(text, "Too many wrong codes. Wait a minute; to see the right ones, "
		    "send: questions");
		return 0;
	}
	found = resolve_line(d, &l->q, text, e);
	if (found <= 0)
		return found;
	if (serve_role(d, &l->q, &r, e) != 0)
		return -1;
	if (l->q.verb == VERB_MINE && r.kind == REPLY_RESULT)
		describe_claimed(d, &l->q, &r);
	if (l->q.verb == VERB_ANSWER_QUESTION && r.kind == REPLY_ERROR)
		note_wrong(d, l->q.bare);
	talk_reply(text, &t, l, &r);
	return 0;
}

/* Is this the answer to "still want it?"?  Then the late line, once. */
static char *take_late(struct desk *d, const struct words_line *l)
{
	struct sender *s;
	char *late;

	if (l->fault != WORDS_FINE || l->q.verb != VERB_ANSWER_QUESTION)
		return NULL;
	s = sender_of(d, l->q.bare);
	if (s->late == NULL || clock_boot(d->d.clock) > s->late_until_ms ||
	    strcmp(s->late_code, l->q.u.desk.code) != 0)
		return NULL;
	late = pool_strdup(l->q.pool, s->late);
	free(s->late);
	s->late = NULL;
	return late;
}

static int serve_lines(struct desk *d, struct words *w, struct buf *text, struct err *e);

static int serve_late(struct desk *d, const struct words_line *l, const char *late,
    struct buf *text, struct err *e)
{
	struct request chat = l->q;
	struct words w;

	if (l->q.u.desk.yes_no == ANSWER_NO) {
		buf_adds(text, "All right, I did nothing.");
		return 0;
	}
	chat.verb = VERB_CHAT;
	memset(&chat.u.chat, 0, sizeof(chat.u.chat));
	chat.u.chat.body = late;
	if (words_parse(&w, &chat, d->conf.profile) != 0)
		return err_set(e, ERR_LIMIT, "the message is too long");
	return serve_lines(d, &w, text, e);
}

static int serve_line(struct desk *d, struct words_line *l, struct buf *text, struct err *e)
{
	const char *late = take_late(d, l);
	struct talk t = { d->jid, d->conf.zone_s, clock_wall(d->d.clock) };

	++*d->lines;
	if (late != NULL)
		return serve_late(d, l, late, text, e);
	if (l->fault == WORDS_FINE)
		return serve_fine(d, l, text, e);
	++*d->unknown;
	if (l->fault != WORDS_UNKNOWN || may_hint(d, l->q.bare, HINT_UNKNOWN))
		talk_fault(text, &t, l);
	return 0;
}

/* ---- a message ---- */

/* Not typed now by a person to us alone: nobody is answered. */
#define CHAT_SILENT (CHAT_CORRECTED | CHAT_FORWARDED | CHAT_AUTO | CHAT_GROUP | CHAT_ERROR)

struct refusal { unsigned flag; const char *text; };

static const struct refusal refusals[] = {
	{ CHAT_ENCRYPTED, "I cannot read encrypted messages. Please switch encryption "
	    "(OMEMO, OpenPGP) off for this contact only, and send it again." },
	{ CHAT_TOO_LONG, "That is too long for me. One command a line; to see them, send: help" },
	{ CHAT_AMBIGUOUS, "This message has several different texts and I did nothing. Please "
	    "send it again as plain text." },
};

static bool refuse(struct desk *d, const struct request *chat, struct buf *text)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if ((chat->u.chat.flags & refusals[i].flag) == 0)
			continue;
		if (may_hint(d, chat->bare, HINT_UNREADABLE))
			buf_adds(text, refusals[i].text);
		return true;
	}
	return false;
}

/* Keep what came late for as long as a person takes to confirm it. */
static const char *keep_late(struct desk *d, const struct request *chat)
{
	struct sender *s = sender_of(d, chat->bare);
	const char *body = chat->u.chat.body;

	free(s->late);
	s->late = NULL;
	if (body == NULL || strlen(body) > LATE_BYTES || ident_code(s->late_code, NULL) != 0 ||
	    (s->late = strdup(body)) == NULL)
		return NULL;
	s->late_until_ms = clock_boot(d->d.clock) + LATE_MS;
	return s->late_code;
}

/* A line that waited somewhere is not obeyed: the situation may have changed. */
static void say_late(struct desk *d, struct buf *text, const struct request *chat)
{
	const char *code = keep_late(d, chat);

	buf_adds(text, "This reached me late");
	if (chat->u.chat.stamp != NULL) {
		buf_adds(text, " (you sent it at ");
		talk_quoted(text, chat->u.chat.stamp);
		buf_addc(text, ')');
	}
	buf_adds(text, ", so I did nothing: ");
	talk_quoted(text, chat->u.chat.body != NULL ? chat->u.chat.body : "");
	if (code != NULL)
		buf_addf(text, "\nStill want it? Send: yes %s", code);
	else
		buf_adds(text, "\nIf you still want it, send it again.");
}

/* With several lines each reply stands under the line it answers. */
static int serve_lines(struct desk *d, struct words *w, struct buf *text, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		size_t start = text->len, body;

		if (w->n > 1) {
			buf_adds(text, start > 0 ? "\n\n> " : "> ");
			talk_line(text, w->line[i].typed);
			buf_addc(text, '\n');
		}
		body = text->len;
		if (serve_line(d, &w->line[i], text, e) != 0)
			return -1;
		if (text->len == body)
			buf_truncate(text, start);
	}
	if (w->more)
		buf_addf(text, "\n\nI read only the first %d lines.", WORDS_LINES);
	return 0;
}

int desk_serve(struct desk *d, const struct request *chat, struct buf *text, struct err *e)
{
	struct words w;

	if ((chat->u.chat.flags & CHAT_SILENT) != 0 || !is_person(d, chat->bare)) {
		++*d->silent;
		return 0;
	}
	if (refuse(d, chat, text))
		return 0;
	if ((chat->u.chat.flags & CHAT_DELAYED) != 0) {
		say_late(d, text, chat);
		return 0;
	}
	if (words_parse(&w, chat, d->conf.profile) != 0) {
		buf_adds(text, "That is too long for me. One command a line; to see them, send: "
		    "help");
		return 0;
	}
	return serve_lines(d, &w, text, e);
}

/* Words that only look; a message of one line with one of them writes nothing.
 * `questions` is none of them: a code that is over gives way to a new one. */
bool desk_writes(const struct desk *d, const struct request *chat)
{
	static const char *const looking[] = { "help", "things", "show", "rules", "why" };
	const char *body = chat->u.chat.body, *start;
	size_t len;

	(void)d;
	if (body == NULL || chat->u.chat.flags != 0)
		return false;
	for (size_t i = 0; i < sizeof(looking) / sizeof(looking[0]); i++)
		if (str_case_starts(body, looking[i]))
			return strchr(body, '\n') != NULL || iotdisco_find(body, &start, &len) != 0;
	return true;
}

/* ---- presence ---- */

int desk_presence(struct desk *d, const struct request *q, struct buf *out)
{
	int ret = 0;

	(void)d;
	switch (q->u.presence.type) {
	case PRESENCE_SUBSCRIBE:
		ret |= presence_write(out, q->to, q->bare, "subscribed", NULL);
		ret |= presence_write(out, q->to, q->bare, NULL, "Send me: help");
		break;
	case PRESENCE_UNSUBSCRIBE:
		ret |= presence_write(out, q->to, q->bare, "unsubscribed", NULL);
		break;
	case PRESENCE_PROBE:
		ret |= presence_write(out, q->to, q->from, NULL, "Send me: help");
		break;
	case PRESENCE_AVAILABLE:
	case PRESENCE_UNAVAILABLE:
	case PRESENCE_SUBSCRIBED:
	case PRESENCE_UNSUBSCRIBED:
	case PRESENCE_ERROR:
		break;
	}
	return ret;
}

bool desk_wants_subscription(struct desk *d, const struct request *chat)
{
	struct sender *s;

	if (ownership_count_of_owner(d->d.ownership, chat->bare) == 0)
		return false;
	s = sender_of(d, chat->bare);
	if (s->subscription_asked)
		return false;
	s->subscription_asked = true;
	return true;
}

void desk_question_text(struct buf *text, const struct owner_question *q)
{
	prompt_question(text, q);
}

void desk_notice_text(struct buf *text, const char *notice)
{
	talk_lines(text, notice);
}

int desk_open(struct desk **out, const struct desk_conf *conf, const struct desk_deps *deps,
    struct err *e)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->jid = strdup(conf->jid)) == NULL) {
		free(d);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	d->conf = *conf;
	d->conf.jid = d->jid;
	d->d = *deps;
	inventory_init(&d->inventory, deps->ownership, deps->registry);
	d->inventory.audit = deps->audit;
	d->lines = stats_slot(deps->stats, "desk_lines", "chat lines read");
	d->unknown = stats_slot(deps->stats, "desk_not_understood", "chat lines that were no "
	    "command");
	d->silent = stats_slot(deps->stats, "desk_silent", "messages that get no answer");
	*out = d;
	return 0;
}

void desk_close(struct desk **dp)
{
	struct desk *d = *dp;

	if (d == NULL)
		return;
	for (size_t i = 0; i < SENDERS; i++) {
		free(d->sender[i].bare);
		free(d->sender[i].late);
	}
	inventory_fini(&d->inventory);
	free(d->jid);
	free(d);
	*dp = NULL;
}
