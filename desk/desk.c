/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: one chat message from its sender to the reply: who is answered at all,
 * which lines are obeyed and which must be confirmed first.  What a line does
 * is in serve.c; rights are decided by registry/ and provisioning/.
 */
#include "config.h"

#include "desk/desk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/wire/push.h"
#include "desk/prompt.h"
#include "desk/command_step.h"
#include "desk/role.h"

#define HINT_MS 60000		/* the same nonsense is answered once a minute */
#define LATE_MS (10 * 60000)	/* how long a late line can still be confirmed */
#define LATE_BYTES 1024
#define WRONG_CODES 10		/* a minute, then no code is tried for a while */

/* ---- who writes ---- */

static size_t slot_of(const char *bare)
{
	uint64_t h = UINT64_C(14695981039346656037);	/* FNV-1a */

	for (; *bare != '\0'; bare++)
		h = (h ^ (unsigned char)*bare) * UINT64_C(1099511628211);
	return (size_t)(h % DESK_SENDERS);
}

/* A line that somebody typed may hold a KEY or a code. */
static void free_line(char *line)
{
	if (line != NULL)
		secret_cleanse(line, strlen(line));
	free(line);
}

static void forget(struct sender *s)
{
	free(s->bare);
	free_line(s->unknown);
	free_line(s->late);
	free(s->listed);
	memset(s, 0, sizeof(*s));
}

/* The slot of this sender; whoever sat there before is forgotten. */
struct sender *desk_sender(struct desk *d, const char *bare)
{
	struct sender *s = &d->sender[slot_of(bare)];

	if (s->bare != NULL && strcmp(s->bare, bare) == 0)
		return s;
	forget(s);
	s->bare = strdup(bare);
	return s;
}

static bool may_hint(struct desk *d, const char *bare, enum hint h)
{
	struct sender *s = desk_sender(d, bare);
	int64_t now = clock_boot(d->d.clock);

	if (s->hinted_ms[h] != 0 && now - s->hinted_ms[h] < HINT_MS)
		return false;
	s->hinted_ms[h] = now > 0 ? now : 1;
	return true;
}

static bool too_many_wrong(struct desk *d, const char *bare)
{
	const struct sender *s = desk_sender(d, bare);

	return s->wrong >= WRONG_CODES && clock_boot(d->d.clock) - s->wrong_ms < HINT_MS;
}

static void note_wrong(struct desk *d, const char *bare)
{
	struct sender *s = desk_sender(d, bare);
	int64_t now = clock_boot(d->d.clock);

	if (s->wrong == 0 || now - s->wrong_ms >= HINT_MS) {
		s->wrong = 0;
		s->wrong_ms = now;
	}
	s->wrong++;
}

bool desk_is_person(const struct desk *d, const char *bare)
{
	if (bare == NULL || strchr(bare, '@') == NULL)
		return false;
	return ownership_count_of_jid(d->d.ownership, bare) == 0 ||
	    ownership_count_of_owner(d->d.ownership, bare) > 0;
}

/* ---- one line ---- */

bool desk_is_elsewhere(const struct desk *d, const struct words_line *l, struct buf *text)
{
	struct talk talk = desk_talk(d, &l->q), *t = &talk;
	struct buf where;
	struct jid r;

	if (l->q.verb != VERB_MINE || l->registry == NULL)
		return false;
	if (jid_parse_bare(&r, l->registry, d->conf.profile, NULL) == 0 &&
	    strcmp(r.text + (r.local_len > 0 ? r.local_len + 1 : 0), d->jid) == 0)
		return false;
	buf_init(&where, 4096);
	talk_address(&where, l->registry);
	catalogue_fill(text, T("That thing has registered somewhere else. Send its text to: %1"),
	    buf_str(&where), NULL);
	buf_fini(&where);
	return true;
}

/* Codes that are wrong slow their sender down, whatever they are for. */
static bool tries_code(const struct request *q)
{
	switch (q->verb) {
	case VERB_ANSWER_QUESTION:
	case VERB_ACCEPT:
	case VERB_PRESENCE_CODE:
	case VERB_PROVE:
	case VERB_RECOVER:
		return true;
	default:
		return false;
	}
}

const char *desk_wrong_codes(const struct talk *t)
{
	return T("Too many wrong codes. Wait a minute; to see the right ones, send: questions");
}

bool desk_may_try(struct desk *d, const struct request *q)
{
	return !tries_code(q) || !too_many_wrong(d, q->bare);
}

void desk_tried(struct desk *d, const struct request *q, const struct reply *r)
{
	if (tries_code(q) && r->kind == REPLY_ERROR && r->condition == COND_ITEM_NOT_FOUND)
		note_wrong(d, q->bare);
}

static int serve_fine(struct desk *d, struct words_line *l, struct buf *text, struct err *e)
{
	struct talk talk = desk_talk(d, &l->q), *t = &talk;
	struct reply r;

	if (desk_is_elsewhere(d, l, text))
		return 0;
	if (!desk_may_try(d, &l->q)) {
		buf_adds(text, desk_wrong_codes(t));
		return 0;
	}
	if (desk_serve_request(d, &l->q, &r, e) != 0)
		return -1;
	desk_tried(d, &l->q, &r);
	/* What he has just set counts for the answer already. */
	talk = desk_talk(d, &l->q);
	talk_reply(text, t, &l->q, &r);
	if (r.kind == REPLY_RESULT && r.body == BODY_CONFIRM)
		return confirm_keep(d, l, text, e);
	return 0;
}

/* Is this the answer to "still want it?"?  Then the late line, once. */
static char *take_late(struct desk *d, const struct words_line *l)
{
	struct sender *s;
	char *late;

	if (l->fault != WORDS_FINE || l->q.verb != VERB_ANSWER_QUESTION)
		return NULL;
	s = desk_sender(d, l->q.bare);
	if (s->late == NULL || clock_boot(d->d.clock) > s->late_until_ms ||
	    strcmp(s->late_code, l->q.u.desk.code) != 0)
		return NULL;
	late = pool_strdup(l->q.pool, s->late);
	free_line(s->late);
	s->late = NULL;
	return late;
}

static int serve_lines(struct desk *d, struct words *w, struct buf *text, struct err *e);

/* A line that was kept is read again, as if it had just been typed. */
static int read_again(struct desk *d, const struct words_line *l, const char *kept,
    struct words *w, struct err *e)
{
	struct request chat = l->q;

	chat.verb = VERB_CHAT;
	memset(&chat.u.chat, 0, sizeof(chat.u.chat));
	chat.u.chat.body = kept;
	return words_parse(w, &chat, d->conf.profile) != 0 ?
	    err_set(e, ERR_LIMIT, "the message is too long") : 0;
}

static int serve_late(struct desk *d, const struct words_line *l, const char *late,
    struct buf *text, struct err *e)
{
	struct talk talk = desk_talk(d, &l->q), *t = &talk;
	struct words w;

	if (l->q.u.desk.yes_no == ANSWER_NO) {
		buf_adds(text, T("All right, I did nothing."));
		return 0;
	}
	return read_again(d, l, late, &w, e) != 0 ? -1 : serve_lines(d, &w, text, e);
}

/* yes: the line again, confirmed, unless it may mean something else by now. */
static int serve_confirmed(struct desk *d, const struct words_line *l, const char *line,
    bool stale, struct buf *text, struct err *e)
{
	struct talk talk = desk_talk(d, &l->q), *t = &talk;
	struct words w;

	if (l->q.u.desk.yes_no == ANSWER_NO) {
		buf_adds(text, T("All right, I did nothing."));
		return 0;
	}
	if (read_again(d, l, line, &w, e) != 0)
		return -1;
	if (stale)
		buf_adds(text, T("Something has changed since. "));
	for (size_t i = 0; i < w.n && !stale; i++)
		w.line[i].q.u.desk.confirmed = w.line[i].q.verb != VERB_MINE;
	return serve_lines(d, &w, text, e);
}

/* The same nonsense twice in a minute is a loop; a near miss is a person. */
static bool may_say_unknown(struct desk *d, const struct words_line *l)
{
	struct sender *s = desk_sender(d, l->q.bare);
	bool same = s->unknown != NULL && strcmp(s->unknown, l->typed) == 0;

	if (l->hint != NULL)
		return true;
	if (same && !may_hint(d, l->q.bare, HINT_UNKNOWN))
		return false;
	if (!same) {
		free_line(s->unknown);
		s->unknown = strdup(l->typed);
		s->hinted_ms[HINT_UNKNOWN] = 0;
		may_hint(d, l->q.bare, HINT_UNKNOWN);
	}
	return true;
}

static int serve_line(struct desk *d, struct words_line *l, struct buf *text, struct err *e)
{
	const char *late = take_late(d, l), *line;
	struct talk t = desk_talk(d, &l->q);
	bool stale;
	int kept = 0;

	++*d->lines;
	if (late != NULL)
		return serve_late(d, l, late, text, e);
	if (l->fault == WORDS_FINE && l->q.verb == VERB_ANSWER_QUESTION &&
	    !too_many_wrong(d, l->q.bare))
		kept = confirm_take(d, &l->q, &line, &stale, e);
	if (kept != 0)
		return kept < 0 ? -1 : serve_confirmed(d, l, line, stale, text, e);
	if (l->fault == WORDS_FINE)
		return serve_fine(d, l, text, e);
	++*d->unknown;
	if ((l->fault != WORDS_UNKNOWN && l->fault != WORDS_FOR_A_THING) || may_say_unknown(d, l))
		talk_fault(text, &t, l);
	return 0;
}

/* ---- a message ---- */

/* Not typed now by a person to us alone: nobody is answered. */
#define CHAT_SILENT (CHAT_CORRECTED | CHAT_FORWARDED | CHAT_AUTO | CHAT_GROUP | CHAT_ERROR)

struct refusal { unsigned flag; const char *text; };

static const struct refusal refusals[] = {
	{ CHAT_ENCRYPTED, N_("I cannot read encrypted messages. Please switch encryption "
	    "(OMEMO, OpenPGP) off for this contact only, and send it again.") },
	{ CHAT_TOO_LONG,
	    N_("That is too long for me. One command a line; to see them, send: help") },
	{ CHAT_AMBIGUOUS, N_("This message has several different texts and I did nothing. Please "
	    "send it again as plain text.") },
};

static bool refuse(struct desk *d, const struct request *chat, struct buf *text)
{
	struct talk talk = desk_talk(d, chat), *t = &talk;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if ((chat->u.chat.flags & refusals[i].flag) == 0)
			continue;
		if (may_hint(d, chat->bare, HINT_UNREADABLE))
			buf_adds(text, T(refusals[i].text));
		return true;
	}
	return false;
}

/* Keep what came late for as long as a person takes to confirm it. */
static const char *keep_late(struct desk *d, const struct request *chat)
{
	struct sender *s = desk_sender(d, chat->bare);
	const char *body = chat->u.chat.body;

	free_line(s->late);
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
	struct talk talk = desk_talk(d, chat), *t = &talk;
	const char *code = keep_late(d, chat), *stamp = chat->u.chat.stamp;
	struct buf sent, line;

	buf_init(&sent, 1024);
	buf_init(&line, 4096);
	talk_quoted(&sent, stamp != NULL ? stamp : "");
	talk_quoted(&line, chat->u.chat.body != NULL ? chat->u.chat.body : "");
	if (stamp != NULL)
		catalogue_fill(text, T("This reached me late (you sent it at %1), so I did "
		    "nothing: %2"), buf_str(&sent), buf_str(&line), NULL);
	else
		catalogue_fill(text, T("This reached me late, so I did nothing: %1"),
		    buf_str(&line), NULL);
	if (code != NULL)
		catalogue_fill(text, T("\nStill want it? Send: yes %1"), code, NULL);
	else
		buf_adds(text, T("\nIf you still want it, send it again."));
	buf_fini(&sent);
	buf_fini(&line);
}

static void say_more(struct desk *d, const struct words *w, struct buf *text)
{
	struct talk talk = desk_talk(d, &w->line[0].q), *t = &talk;

	buf_adds(text, "\n\n");
	buf_adds(text, T("I read only the first 5 lines."));
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
		say_more(d, w, text);
	return 0;
}

int desk_serve(struct desk *d, const struct request *chat, struct buf *text, struct err *e)
{
	struct words w;

	if ((chat->u.chat.flags & CHAT_SILENT) != 0 || !desk_is_person(d, chat->bare)) {
		++*d->silent;
		return 0;
	}
	if (refuse(d, chat, text))
		return 0;
	if ((chat->u.chat.flags & CHAT_DELAYED) != 0) {
		say_late(d, text, chat);
		return 0;
	}
	attention_given(&desk_sender(d, chat->bare)->attention);
	if (words_parse(&w, chat, d->conf.profile) != 0) {
		struct talk talk = desk_talk(d, chat), *t = &talk;

		buf_adds(text,
		    T("That is too long for me. One command a line; to see them, send: help"));
		return 0;
	}
	return serve_lines(d, &w, text, e);
}

/* A message of one line that only looks writes nothing. */
bool desk_writes(const struct desk *d, const struct request *chat)
{
	static const char *const looking[] = { "help", "things", "show", "rules", "why", "find",
		"history", "what", "sets", "hilfe", "dinge", "zeige", "regeln", "warum", "suche",
		"verlauf" };
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

/* Of owners only: strangers must not push them out of memory. */
static void note_presence(struct desk *d, const struct request *q)
{
	bool available = q->u.presence.type == PRESENCE_AVAILABLE;

	if ((available || q->u.presence.type == PRESENCE_UNAVAILABLE) &&
	    ownership_count_of_owner(d->d.ownership, q->bare) > 0)
		attention_presence(&desk_sender(d, q->bare)->attention, q->from, available);
}

int desk_presence(struct desk *d, const struct request *q, struct buf *out)
{
	int ret = 0;

	note_presence(d, q);
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
	s = desk_sender(d, chat->bare);
	if (s->subscription_asked)
		return false;
	s->subscription_asked = true;
	return true;
}

/* ---- what is said ---- */

/* What he chose, else what his message says, else English. */
static const struct catalogue *language_of(const struct desk *d, const char *bare,
    const char *lang)
{
	const struct person *p = d->d.persons == NULL || bare == NULL ? NULL :
	    person_find(d->d.persons, bare);

	if (p != NULL && p->lang[0] != '\0')
		lang = p->lang;
	return catalogues_find(d->languages, lang);
}

static struct talk talk_to(const struct desk *d, const char *bare, const char *lang)
{
	struct talk t = { .jid = d->jid, .zone_s = d->conf.zone_s,
		.now_ms = clock_wall(d->d.clock), .lang = language_of(d, bare, lang) };

	if (d->d.persons != NULL && bare != NULL)
		t.zone = person_zone(d->d.persons, bare);
	if (t.zone != NULL)
		t.zone_s = zone_offset(t.zone, t.now_ms, NULL);
	return t;
}

struct talk desk_talk(const struct desk *d, const struct request *q)
{
	return talk_to(d, q->bare,
	    q->lang != NULL || q->verb != VERB_CHAT ? q->lang : q->u.chat.lang);
}

int desk_text(const struct request *q, struct reply *r, const char *text, struct err *e)
{
	r->kind = REPLY_RESULT;
	r->body = BODY_TEXT;
	r->text = pool_strdup(q->pool, text);
	return r->text != NULL ? 0 : err_set(e, ERR_LIMIT, "the message is too long");
}

void desk_question_text(const struct desk *d, struct buf *text, const struct owner_question *q,
    size_t n)
{
	struct talk t = talk_to(d, q->owner, NULL);

	if (n == 1)
		prompt_question(text, &t, q);
	else
		prompt_questions(text, &t, q, n);
}

#define HOUR_MS (3600 * 1000LL)

bool desk_may_prompt(struct desk *d, const char *owner)
{
	return attention_may(&desk_sender(d, owner)->attention, clock_boot(d->d.clock),
	    d->conf.prompts);
}

void desk_prompted(struct desk *d, const char *owner)
{
	attention_taken(&desk_sender(d, owner)->attention, clock_boot(d->d.clock));
}

void desk_gap(struct desk *d)
{
	for (size_t i = 0; i < DESK_SENDERS; i++)
		attention_gap(&d->sender[i].attention);
}

bool desk_may_notify(const struct desk *d, const char *owner, int64_t oldest_ms)
{
	const struct person *p = d->d.persons == NULL ? NULL :
	    person_find(d->d.persons, owner);
	int64_t now = clock_wall(d->d.clock);

	if (p == NULL || now >= oldest_ms + 24 * HOUR_MS)
		return p == NULL || p->mute_until_ms <= now;
	return !p->digest && p->mute_until_ms <= now;
}

void desk_notice_text(const struct desk *d, struct buf *text, const char *owner,
    const char *notice)
{
	struct talk t = talk_to(d, owner, NULL);

	talk_said(text, &t, notice);
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
	d->conf.prompts = conf->prompts > 0 ? conf->prompts : DESK_PROMPTS;
	d->d = *deps;
	if (catalogues_open(&d->languages, conf->languages, e) != 0) {
		free(d->jid);
		free(d);
		return -1;
	}
	inventory_init(&d->inventory, deps->ownership, deps->registry);
	d->inventory.audit = deps->audit;
	d->inventory.provisioning = deps->provisioning;
	d->lines = stats_slot(deps->stats, "desk_lines", "chat lines read");
	d->unknown = stats_slot(deps->stats, "desk_not_understood", "chat lines that were no "
	    "command");
	d->silent = stats_slot(deps->stats, "desk_silent", "messages that get no answer");
	if (desk_commands_open(d, e) != 0) {
		desk_close(&d);
		return -1;
	}
	*out = d;
	return 0;
}

void desk_close(struct desk **dp)
{
	struct desk *d = *dp;

	if (d == NULL)
		return;
	for (size_t i = 0; i < DESK_SENDERS; i++)
		forget(&d->sender[i]);
	command_steps_close(&d->commands);
	inventory_fini(&d->inventory);
	catalogues_close(&d->languages);
	free(d->jid);
	free(d);
	*dp = NULL;
}
