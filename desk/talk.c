/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: the sentences of the desk, one function per kind of reply, in a table
 * by what the reply holds.  No line begins with a command word.
 */
#include "config.h"

#include "desk/talk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/str.h"
#include "policy/value.h"

#define QUOTED_CHARS 64		/* of a text from outside */
#define ADDRESS_CHARS 160
#define LINE_CHARS 2048		/* of a rule, a reason */
#define LINE_BYTES (4 * LINE_CHARS)
#define TAGS_SHOWN 24
#define THINGS_SHOWN 20
#define RULES_SHOWN 60
#define QUESTIONS_SHOWN 20

/* ---- pieces ---- */

/* Code points that are not plain letters, so that a look-alike shows itself. */
static void list_code_points(struct buf *out, const char *s)
{
	const char *at = s;
	unsigned shown = 0;
	uint32_t c;

	while ((c = str_utf8_next(&at)) != 0) {
		if (c < 0x80)
			continue;
		if (shown == 8) {
			buf_adds(out, " ...");
			return;
		}
		buf_addf(out, "%sU+%04X", shown++ == 0 ? "" : " ", (unsigned)c);
	}
}

/* A text that looks like a claim must not become one when it is sent back. */
static void escape_as(struct buf *out, const char *s, size_t max, bool quote)
{
	struct buf b;
	const char *at;

	buf_init(&b, 16 * 1024);
	str_escape(&b, s, max, quote);
	for (at = buf_str(&b); *at != '\0'; at++) {
		if (str_case_starts(at, "iotdisco")) {
			buf_add(out, at, 3);
			at += 3;
			buf_addf(out, "\\u{%02X}", (unsigned)*at);
			continue;
		}
		buf_addc(out, *at);
	}
	buf_fini(&b);
}

static void escape(struct buf *out, const char *s, size_t max)
{
	escape_as(out, s, max, true);
}

void talk_line(struct buf *out, const char *text)
{
	escape_as(out, text, LINE_CHARS, false);
}

void talk_quoted(struct buf *out, const char *text)
{
	if (text == NULL)
		text = "?";
	buf_addc(out, '"');
	escape(out, text, QUOTED_CHARS);
	buf_addc(out, '"');
	if (str_is_plain_ascii(text))
		return;
	buf_adds(out, " (");
	list_code_points(out, text);
	buf_addc(out, ')');
}

void talk_address(struct buf *out, const char *jid)
{
	size_t len;
	const char *domain;

	if (jid == NULL)
		jid = "?";
	escape(out, jid, ADDRESS_CHARS);
	if (str_is_plain_ascii(jid))
		return;
	domain = jid_text_domain(jid, &len);
	buf_adds(out, " (");
	list_code_points(out, jid);
	buf_adds(out, "; @");
	/* The domain is the end of a canonical bare address. */
	escape(out, domain, ADDRESS_CHARS);
	buf_addc(out, ')');
}

void talk_time(struct buf *out, const struct talk *t, int64_t wall_ms)
{
	int32_t zone_s = t->zone != NULL ? zone_offset(t->zone, wall_ms, NULL) : t->zone_s;
	time_t at = (time_t)(wall_ms / 1000 + zone_s);
	int32_t min = (zone_s < 0 ? -zone_s : zone_s) / 60;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL) {
		buf_addc(out, '?');
		return;
	}
	buf_addf(out, "%04d-%02d-%02d %02d:%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min);
	if (zone_s == 0)
		buf_adds(out, "UTC");
	else
		buf_addf(out, "%c%02d:%02d", zone_s < 0 ? '-' : '+', (int)(min / 60),
		    (int)(min % 60));
}

#define NUMBER 24

static void number(char out[static NUMBER], int64_t v)
{
	snprintf(out, NUMBER, "%lld", (long long)v);
}

void talk_span(struct buf *out, const struct talk *t, int64_t ms)
{
	int64_t min = ms / 60000;
	char n[NUMBER];

	if (min < 2) {
		number(n, ms / 1000);
		catalogue_fill(out, T("%1 s"), n, NULL);
	} else if (min < 120) {
		number(n, min);
		catalogue_fill(out, T("%1 min"), n, NULL);
	} else if (min < 48 * 60) {
		number(n, min / 60);
		catalogue_fill(out, T("%1 h"), n, NULL);
	} else {
		number(n, min / 60 / 24);
		catalogue_fill(out, T("%1 days"), n, NULL);
	}
}

/* A sentence with one thing in it, in quotes. */
static void fill_quoted(struct buf *out, const char *sentence, const char *text)
{
	struct buf q;

	buf_init(&q, LINE_BYTES);
	talk_quoted(&q, text);
	catalogue_fill(out, sentence, buf_str(&q), NULL);
	buf_fini(&q);
}

static void fill_address(struct buf *out, const char *sentence, const char *jid)
{
	struct buf a;

	buf_init(&a, LINE_BYTES);
	talk_address(&a, jid);
	catalogue_fill(out, sentence, buf_str(&a), NULL);
	buf_fini(&a);
}

static void fill_number(struct buf *out, const char *sentence, int64_t v)
{
	char n[NUMBER];

	number(n, v);
	catalogue_fill(out, sentence, n, NULL);
}

static const struct tag *shown_tag(const struct found_thing *f, const char *name)
{
	return tag_find(&f->tags, name);
}

void talk_thing(struct buf *out, const struct found_thing *f)
{
	const struct tag *t;

	if (f->name != NULL)
		talk_quoted(out, f->name);
	else if ((t = shown_tag(f, "NAME")) != NULL || (t = shown_tag(f, "SN")) != NULL)
		talk_quoted(out, t->str);
	else
		talk_quoted(out, f->jid);
}

static void thing_tags(struct buf *out, const struct talk *t, const struct found_thing *f)
{
	size_t n = f->tags.n < TAGS_SHOWN ? f->tags.n : TAGS_SHOWN;

	for (size_t i = 0; i < n; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		escape(out, f->tags.tag[i].name, QUOTED_CHARS);
		buf_addc(out, '=');
		escape(out, f->tags.tag[i].str, QUOTED_CHARS);
	}
	if (f->tags.n > n)
		fill_number(out, T(", and %1 more"), (int64_t)(f->tags.n - n));
}

static void thing_address(struct buf *out, const struct talk *t, const struct found_thing *f)
{
	talk_address(out, f->jid);
	if (f->node.id != NULL)
		fill_quoted(out, T(" node %1"), f->node.id);
}

static void thing_state(struct buf *out, const struct talk *t, const struct found_thing *f)
{
	buf_adds(out, f->online ? T("online") : T("offline"));
	if (!f->online && f->seen_ms > 0) {
		buf_adds(out, T(", last seen "));
		talk_time(out, t, f->seen_ms);
	}
	buf_adds(out, f->is_public ? T(", public") : T(", private"));
	if (f->note != NULL) {
		buf_adds(out, ", ");
		talk_said_line(out, t, f->note);
	}
}

/* ---- one function per body ---- */

static void say_claimed(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	const struct reply_claimed *c = &r->u.claimed;
	struct buf name;

	(void)q;
	buf_init(&name, LINE_BYTES);
	if (c->thing != NULL) {
		talk_thing(&name, c->thing);
		buf_adds(&name, " (");
		thing_address(&name, t, c->thing);
		buf_addc(&name, ')');
	} else {
		talk_address(&name, c->jid);
	}
	catalogue_fill(out, c->is_public ?
	    T("Done: %1 is yours now; everybody can find it and its tags.") :
	    T("Done: %1 is yours now; it is private: nobody else finds it."), buf_str(&name),
	    NULL);
	if (c->thing != NULL)
		talk_manifest(out, t, c->thing);
	buf_adds(out, T("\nAdd it to your contacts to talk to it. Next: name it (name THING "
	    "NEWNAME) or look at it (show THING)."));
	if (c->code != NULL)
		catalogue_fill(out, T("\nOwnership code, shown only this once, keep it safe: %1"),
		    c->code, NULL);
	buf_fini(&name);
}

static void say_none_found(struct buf *out, const struct talk *t, const struct request *q)
{
	if (q->verb == VERB_FIND)
		buf_adds(out, T("Nothing fits, neither of yours nor of what others made public."));
	else if (q->u.devices.filter != NULL)
		fill_quoted(out, T("None of your things fits %1. To see all, send: things"),
		    q->u.devices.filter);
	else
		talk_no_thing(out, t, NULL, 0);
}

static void say_found(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	const struct reply_found *f = &r->u.found;
	size_t n = f->n < THINGS_SHOWN ? f->n : THINGS_SHOWN;

	if (f->n == 0) {
		say_none_found(out, t, q);
		return;
	}
	if (f->n == 1)
		buf_adds(out, T("1 thing:"));
	else
		fill_number(out, T("%1 things:"), (int64_t)f->n);
	for (size_t i = 0; i < n; i++) {
		const struct found_thing *one = &f->thing[i];

		buf_adds(out, "\n- ");
		talk_thing(out, one);
		buf_adds(out, ": ");
		if (q->verb == VERB_FIND && (one->owner == NULL || strcmp(one->owner, q->bare) != 0))
			buf_adds(out, T("not yours"));
		else
			thing_state(out, t, one);
		if (q->verb == VERB_GET_DEVICES && one->owner != NULL &&
		    strcmp(one->owner, q->bare) != 0)
			fill_address(out, T(", shared with you by %1"), one->owner);
		buf_adds(out, ", ");
		thing_address(out, t, one);
	}
	if (f->more || f->n > n)
		buf_adds(out, q->verb == VERB_FIND ?
		    T("\n... and more; say more about what you look for") :
		    T("\n... and more: send: things more. Or say which: things online, "
		    "things room=kitchen, things WORD"));
}

static void say_show(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	const struct found_thing *f = &r->u.show;

	if (q->verb == VERB_TAG && r->reason != NULL) {
		catalogue_fill(out, T("Done. Before, it was: %1\n"), r->reason, NULL);
	} else if (q->verb == VERB_TAG) {
		buf_adds(out, T("Done.\n"));
	} else if (q->verb == VERB_NAME_THING) {
		buf_adds(out, T("Done. From now on I call it "));
	}
	talk_thing(out, f);
	buf_adds(out, ": ");
	thing_state(out, t, f);
	buf_adds(out, T("\n- address: "));
	thing_address(out, t, f);
	buf_adds(out, T("\n- tags: "));
	thing_tags(out, t, f);
	if (q->verb == VERB_SHOW)
		talk_manifest(out, t, f);
}

static void list_rules(struct buf *out, const struct talk *t, const struct reply *r)
{
	size_t n = r->u.rules.n < RULES_SHOWN ? r->u.rules.n : RULES_SHOWN;
	char nr[NUMBER];

	for (size_t i = 0; i < n; i++) {
		const struct rule_line *rule = &r->u.rules.rule[i];

		number(nr, rule->number);
		catalogue_fill(out, T("\nrule %1: "), nr, NULL);
		talk_line(out, rule->text);
		if (rule->co_owner)
			buf_adds(out, T(" (as a co-owner)"));
		else if (rule->giver != NULL)
			fill_address(out, T(" (given by %1)"), rule->giver);
		if (rule->note != NULL) {
			buf_addc(out, '\n');
			talk_said_line(out, t, rule->note);
		}
	}
	if (r->u.rules.n > n)
		fill_number(out, T("\n... and %1 more"), (int64_t)(r->u.rules.n - n));
}

/* How to take back what was made just now. */
static void say_back(struct buf *out, const struct talk *t, const struct request *q,
    const struct rule_line *rule)
{
	struct buf thing;
	char nr[NUMBER];

	number(nr, rule->number);
	if (rule->co_owner && q->u.desk.jid != NULL) {
		fill_address(out, T("\nIt may be passed on, but nothing more than this. To end it "
		    "with all that was passed on: revoke %1"), q->u.desk.jid);
	} else if (rule->giver != NULL && strcmp(rule->giver, q->bare) == 0) {
		buf_init(&thing, LINE_BYTES);
		talk_quoted(&thing, rule->thing);
		catalogue_fill(out, T("\nIt counts for as long as you may do this yourself. To take "
		    "it back: forget %1 of %2"), nr, buf_str(&thing), NULL);
		buf_fini(&thing);
	} else {
		catalogue_fill(out, T("\nTo take it back: forget %1"), nr, NULL);
	}
}

/* "18:40", or with the day when it is another one. */
static void say_moment(struct buf *out, const struct talk *t, int64_t ms)
{
	int32_t zone_s = t->zone != NULL ? zone_offset(t->zone, ms, NULL) : t->zone_s;
	struct date d = date_from_ms(ms, zone_s), today = date_from_ms(t->now_ms, zone_s);

	if (d.year != today.year || d.month != today.month || d.day != today.day)
		buf_addf(out, "%04d-%02d-%02d ", d.year, d.month, d.day);
	buf_addf(out, "%02d:%02d", d.hour, d.minute);
}

/* Of one that has not confirmed it, or of the last of several. */
static const char *sentence_for_slowest(const struct reply_force *f)
{
	if (f->slowest == NULL)
		return f->ends_ms != 0 ? N_("the others have not answered yet, ends %2 at the latest") :
		    N_("the others have not answered yet");
	if (f->ends_ms == 0)
		return N_("%1 keeps no lease, ends when it is next reached");
	return f->is_online ? N_("%1 has not answered yet, ends %2 at the latest") :
	    N_("%1 offline, ends %2 at the latest");
}

/* How far it has come by now; what comes later is news of its own. */
static void say_force(struct buf *out, const struct talk *t, const struct reply *r)
{
	const struct reply_force *f = &r->force;
	char done[NUMBER], all[NUMBER];
	struct buf name, when;

	if (f->things == 0)
		return;
	number(done, (int64_t)f->acknowledged);
	number(all, (int64_t)f->things);
	catalogue_fill(out, T("\nIt is in force at %1 of %2"), done, all, NULL);
	if (f->acknowledged >= f->things) {
		buf_addc(out, '.');
		return;
	}
	buf_init(&name, LINE_BYTES);
	buf_init(&when, 64);
	talk_quoted(&name, f->slowest);
	if (f->ends_ms != 0)
		say_moment(&when, t, f->ends_ms);
	buf_adds(out, "; ");
	catalogue_fill(out, T(sentence_for_slowest(f)), buf_str(&name), buf_str(&when), NULL);
	buf_adds(out, T(". I tell you when that changes."));
	buf_fini(&name);
	buf_fini(&when);
}

/* What lets somebody in need not be chased: whoever was refused asks again. */
static bool takes_back(const struct request *q, const struct reply *r)
{
	if (q->verb == VERB_FORGET || q->verb == VERB_REVOKE)
		return true;
	for (size_t i = 0; r->body == BODY_RULE && i < r->u.rules.n; i++)
		if (!str_starts(r->u.rules.rule[i].text, "allow"))
			return true;
	return false;
}

static void say_rule(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	bool gone = q->verb == VERB_FORGET;

	if (r->u.rules.n == 0) {
		buf_adds(out, T("Done. Nothing had to change."));
		return;
	}
	if (!gone)
		buf_adds(out, T("Done, in force now:"));
	else if (r->u.rules.n == 1)
		buf_adds(out, T("Done, this rule is gone:"));
	else
		buf_adds(out, T("Done, these rules are gone:"));
	list_rules(out, t, r);
	if (r->reason != NULL) {
		buf_adds(out, T("\nBut not the rest: "));
		talk_said_line(out, t, r->reason);
	}
	if (takes_back(q, r))
		say_force(out, t, r);
	if (gone)
		buf_adds(out, T("\nTo have it back: undo"));
	else
		say_back(out, t, q, &r->u.rules.rule[0]);
}

static void say_rules(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	(void)q;
	if (r->u.rules.n == 0) {
		buf_adds(out, T("You have no rules. Whatever nobody decided is asked of you, and "
		    "is no until then."));
		return;
	}
	if (r->u.rules.n == 1)
		buf_adds(out, T("1 rule:"));
	else
		fill_number(out, T("%1 rules:"), (int64_t)r->u.rules.n);
	list_rules(out, t, r);
	buf_adds(out, T("\nTake one away with: forget N"));
}

static void say_questions(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	size_t n = r->u.questions.n < QUESTIONS_SHOWN ? r->u.questions.n : QUESTIONS_SHOWN;

	(void)q;
	if (r->u.questions.n == 0) {
		buf_adds(out, T("Nothing waits for your answer."));
		return;
	}
	if (r->u.questions.n == 1)
		buf_adds(out, T("1 open question:"));
	else
		fill_number(out, T("%1 open questions:"), (int64_t)r->u.questions.n);
	for (size_t i = 0; i < n; i++) {
		const struct question_line *line = &r->u.questions.question[i];
		struct buf at;

		buf_init(&at, NUMBER * 2);
		talk_time(&at, t, line->asked_ms);
		buf_addf(out, "\n%s: ", line->code);
		talk_said_line(out, t, line->text);
		catalogue_fill(out, T(" (asked %1)"), buf_str(&at), NULL);
		buf_fini(&at);
	}
	if (r->u.questions.n > n)
		fill_number(out, T("\n... and %1 more"), (int64_t)(r->u.questions.n - n));
	buf_adds(out, T("\nAnswer one with: yes CODE, no CODE or always CODE"));
}

static void say_why(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	const struct reply_why *w = &r->u.why;
	bool asks = strcmp(w->verdict, verdict_name(VERDICT_ASK)) == 0;
	char revision[NUMBER];

	(void)q;
	catalogue_fill(out, asks ? T("The answer is %1 (no until you answer): ") :
	    T("The answer is %1: "), T(w->verdict), NULL);
	talk_said_line(out, t, w->reason);
	number(revision, (int64_t)w->revision);
	catalogue_fill(out, T(" (revision %1)"), revision, NULL);
	if (w->lease_ms > 0 && strcmp(w->verdict, verdict_name(VERDICT_ALLOW)) == 0) {
		buf_adds(out, T("\nA yes is asked again after "));
		talk_span(out, t, w->lease_ms);
		buf_addc(out, '.');
	}
}

static void say_sets(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	(void)q;
	if (r->u.sets.n == 0) {
		buf_adds(out, T("You have no sets. To make one: set garden = lamp, pump"));
		return;
	}
	buf_adds(out, T("Your sets:"));
	for (size_t i = 0; i < r->u.sets.n; i++) {
		const struct set_line *s = &r->u.sets.set[i];
		size_t n = s->n < THINGS_SHOWN ? s->n : THINGS_SHOWN;

		buf_adds(out, "\n- ");
		talk_quoted(out, s->name);
		for (size_t k = 0; k < n; k++) {
			buf_adds(out, k == 0 ? ": " : ", ");
			talk_quoted(out, s->thing[k]);
		}
		if (s->n > n)
			fill_number(out, T(", and %1 more"), (int64_t)(s->n - n));
	}
}

void talk_lines(struct buf *out, const char *text)
{
	char line[LINE_BYTES];

	for (;;) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		talk_line(out, line);
		if (text[len] == '\0')
			return;
		buf_addc(out, '\n');
		text += len + 1;
	}
}

static const char *look_up(const void *lang, const char *text)
{
	return catalogue_text(lang, text);
}

void talk_said_line(struct buf *out, const struct talk *t, const char *said)
{
	struct buf words;

	buf_init(&words, 64 * 1024);
	saying_words(&words, said, look_up, t->lang);
	talk_line(out, buf_str(&words));
	buf_fini(&words);
}

void talk_said(struct buf *out, const struct talk *t, const char *said)
{
	struct buf words;

	buf_init(&words, 64 * 1024);
	saying_words(&words, said, look_up, t->lang);
	talk_lines(out, buf_str(&words));
	buf_fini(&words);
}

static void say_text(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	talk_said(out, t, r->text != NULL ? r->text : N_("Done."));
	if (r->kind == REPLY_RESULT && takes_back(q, r))
		say_force(out, t, r);
}

typedef void (*say_fn)(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r);

static say_fn say_for(enum body body)
{
	static const struct { enum body body; say_fn say; } table[] = {
		{ BODY_CLAIMED, say_claimed },
		{ BODY_FOUND, say_found },
		{ BODY_SHOW, say_show },
		{ BODY_RULE, say_rule },
		{ BODY_RULES, say_rules },
		{ BODY_QUESTIONS, say_questions },
		{ BODY_WHY, say_why },
		{ BODY_SETS, say_sets },
		{ BODY_HISTORY, talk_history },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].body == body)
			return table[i].say;
	return say_text;
}

/* ---- refusals: what to do next ---- */

struct refusal {
	enum verb verb;		/* VERB_NONE: any */
	enum condition condition;
	const char *text;
};

static const struct refusal refusals[] = {
	{ VERB_MINE, COND_ITEM_NOT_FOUND,
	    N_("No thing that is free fits this text. Switch the thing on, wait until it has shown "
	    "the text again, and send me the whole text once more.") },
	{ VERB_MINE, COND_RESOURCE_CONSTRAINT,
	    N_("That is too much for now. Please send it again in a minute.") },
	{ VERB_ANSWER_QUESTION, COND_ITEM_NOT_FOUND,
	    N_("I have no open question of yours with this code; you may have answered it already. "
	    "To see the open ones, send: questions") },
	{ VERB_ACCEPT, COND_ITEM_NOT_FOUND,
	    N_("Nothing waits for you under this code. Codes are good once and for a while; ask "
	    "whoever gives you the thing to send it again.") },
	{ VERB_PROVE, COND_ITEM_NOT_FOUND,
	    N_("That is not the ownership code of this account.") },
	{ VERB_RECOVER, COND_ITEM_NOT_FOUND,
	    N_("This ownership code belongs to no account here.") },
	{ VERB_PRESENCE_CODE, COND_ITEM_NOT_FOUND,
	    N_("No thing of yours shows this code now. Look again: the code changes.") },
	{ VERB_REVOKE, COND_ITEM_NOT_FOUND,
	    N_("Nothing was allowed there, so there is nothing to take back. To see your rules, "
	    "send: rules") },
	{ VERB_NAME_THING, COND_CONFLICT,
	    N_("Another of your things has this name already. Choose a different one.") },
	{ VERB_DISOWN, COND_NOT_ALLOWED,
	    N_("That thing is not there now, and it has to let go itself. Switch it on, or send: "
	    "disown THING offline") },
	{ VERB_HISTORY, COND_SERVICE_UNAVAILABLE, N_("No history is kept here.") },
	{ VERB_NONE, COND_ITEM_NOT_FOUND, N_("There is no such thing of yours. To see them, send: "
	    "things") },
	{ VERB_NONE, COND_FORBIDDEN, N_("That is not yours to decide.") },
	{ VERB_NONE, COND_NOT_ALLOWED, N_("That is not possible now.") },
	{ VERB_NONE, COND_NOT_ACCEPTABLE,
	    N_("That cannot be done with a whole set. Name one thing.") },
	{ VERB_NONE, COND_BAD_REQUEST, N_("I could not make sense of that.") },
	{ VERB_NONE, COND_RESOURCE_CONSTRAINT,
	    N_("That is more than I keep for one person. Take something away first.") },
	{ VERB_NONE, COND_FEATURE_NOT_IMPLEMENTED, N_("I cannot do that yet.") },
	{ VERB_NONE, COND_SERVICE_UNAVAILABLE, N_("I cannot do that here.") },
};

static void say_refusal(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	const char *text = N_("That did not work.");

	if (q->verb == VERB_FORGET && r->condition == COND_ITEM_NOT_FOUND) {
		fill_number(out, T("You have no rule %1. To see your rules, send: rules"),
		    q->u.desk.number);
		return;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].condition != r->condition ||
		    (refusals[i].verb != VERB_NONE && refusals[i].verb != q->verb))
			continue;
		text = refusals[i].text;
		break;
	}
	buf_adds(out, T(text));
	if (r->reason != NULL) {
		buf_addc(out, ' ');
		talk_said_line(out, t, r->reason);
	}
}

void talk_reply(struct buf *out, const struct talk *t, const struct request *q,
    const struct reply *r)
{
	if (r->text != NULL)
		say_text(out, t, q, r);
	else if (r->kind == REPLY_ERROR)
		say_refusal(out, t, q, r);
	else if (r->kind == REPLY_SILENCE)
		buf_adds(out, T("I have asked the thing; I tell you when it has answered."));
	else
		say_for(r->body)(out, t, q, r);
}

/* ---- names ---- */

void talk_no_thing(struct buf *out, const struct talk *t, const char *name, size_t n_owned)
{
	if (n_owned == 0)
		buf_adds(out, T("You have no things yet. Send me the text that a thing shows "
		    "(claim TEXT)."));
	else if (name == NULL)
		buf_adds(out, T("Which thing? Add its name. To see their names, send: things"));
	else
		fill_quoted(out, T("None of your things is called %1. To see their names, send: "
		    "things"), name);
}

void talk_which_thing(struct buf *out, const struct talk *t, const char *name,
    const char *const *options, size_t n)
{
	fill_quoted(out, T("Several of your things are called %1, so I did nothing. Which one? Use "
	    "one of these instead:"), name);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, "\n- ");
		talk_quoted(out, options[i]);
	}
}

void talk_no_set(struct buf *out, const struct talk *t, const char *name)
{
	fill_quoted(out, T("You have no set called %1. To see your sets, send: sets"), name);
}

void talk_bad_rule(struct buf *out, const struct talk *t, const char *why)
{
	struct buf line;

	buf_init(&line, LINE_BYTES);
	talk_said_line(&line, t, why);
	catalogue_fill(out, T("I cannot read this rule: %1. An example: allow bob@example.org to "
	    "read \"temperature\" of lamp for 2 h"), buf_str(&line), NULL);
	buf_fini(&line);
}

void talk_confirm(struct buf *out, const struct talk *t, const char *code)
{
	catalogue_fill(out, T("\nNothing has happened yet. To do it, send within 10 minutes: "
	    "yes %1"), code, NULL);
}
