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
#define THINGS_SHOWN 40
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
	buf_adds(out, " (with ");
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
	buf_adds(out, " (with ");
	list_code_points(out, jid);
	buf_adds(out, "; at ");
	/* The domain is the end of a canonical bare address. */
	escape(out, domain, ADDRESS_CHARS);
	buf_addc(out, ')');
}

void talk_time(struct buf *out, int64_t wall_ms, int32_t zone_s)
{
	time_t at = (time_t)(wall_ms / 1000 + zone_s);
	int32_t min = (zone_s < 0 ? -zone_s : zone_s) / 60;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL) {
		buf_adds(out, "at an unknown time");
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

void talk_span(struct buf *out, int64_t ms)
{
	int64_t min = ms / 60000;

	if (min < 2)
		buf_addf(out, "%lld s", (long long)(ms / 1000));
	else if (min < 120)
		buf_addf(out, "%lld min", (long long)min);
	else if (min < 48 * 60)
		buf_addf(out, "%lld h", (long long)(min / 60));
	else
		buf_addf(out, "%lld days", (long long)(min / 60 / 24));
}

static const struct tag *shown_tag(const struct found_thing *f, const char *name)
{
	return tag_find(&f->tags, name);
}

/* What to call it: the owner's name, its NAME, its SN, its address. */
static void thing_name(struct buf *out, const struct found_thing *f)
{
	const struct tag *t;

	if (f->name != NULL)
		talk_quoted(out, f->name);
	else if ((t = shown_tag(f, "NAME")) != NULL || (t = shown_tag(f, "SN")) != NULL)
		talk_quoted(out, t->str);
	else
		talk_quoted(out, f->jid);
}

static void thing_tags(struct buf *out, const struct found_thing *f)
{
	size_t n = f->tags.n < TAGS_SHOWN ? f->tags.n : TAGS_SHOWN;

	for (size_t i = 0; i < n; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		escape(out, f->tags.tag[i].name, QUOTED_CHARS);
		buf_addc(out, '=');
		escape(out, f->tags.tag[i].str, QUOTED_CHARS);
	}
	if (f->tags.n > n)
		buf_addf(out, ", and %zu more", f->tags.n - n);
}

static void thing_address(struct buf *out, const struct found_thing *f)
{
	talk_address(out, f->jid);
	if (f->node.id == NULL)
		return;
	buf_adds(out, " node ");
	talk_quoted(out, f->node.id);
}

static void thing_state(struct buf *out, const struct talk *t, const struct found_thing *f)
{
	buf_adds(out, f->online ? "online" : "offline");
	if (!f->online && f->seen_ms > 0) {
		buf_adds(out, ", last seen ");
		talk_time(out, f->seen_ms, t->zone_s);
	}
	buf_adds(out, f->is_public ? ", public" : ", private");
	if (f->note != NULL) {
		buf_adds(out, ", ");
		escape(out, f->note, ADDRESS_CHARS);
	}
}

/* ---- one function per body ---- */

static void say_claimed(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	const struct reply_claimed *c = &r->u.claimed;

	(void)l;
	(void)t;
	buf_adds(out, "Done: ");
	if (c->thing != NULL) {
		thing_name(out, c->thing);
		buf_adds(out, " at ");
		thing_address(out, c->thing);
	} else {
		talk_address(out, c->jid);
	}
	buf_adds(out, " is yours now");
	buf_adds(out, c->is_public ? "; everybody can find it and its tags."
	    : "; it is private: nobody else finds it.");
	buf_adds(out, "\nAdd it to your contacts to talk to it. Next: name it (name THING NEWNAME) "
	    "or look at it (show THING).");
	if (c->code != NULL)
		buf_addf(out, "\nOwnership code, shown only this once, keep it safe: %s", c->code);
}

static void say_found(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	const struct reply_found *f = &r->u.found;
	const char *filter = l->q.verb == VERB_GET_DEVICES ? l->q.u.devices.filter : NULL;
	size_t n = f->n < THINGS_SHOWN ? f->n : THINGS_SHOWN;

	if (f->n == 0 && filter != NULL) {
		buf_adds(out, "None of your things fits ");
		talk_quoted(out, filter);
		buf_adds(out, ". To see all, send: things");
		return;
	}
	if (f->n == 0) {
		buf_adds(out, "You have no things yet. Send me the text that a thing shows "
		    "(claim TEXT).");
		return;
	}
	buf_addf(out, "%zu thing%s:", f->n, f->n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, "\n- ");
		thing_name(out, &f->thing[i]);
		buf_adds(out, ": ");
		thing_state(out, t, &f->thing[i]);
		buf_adds(out, ", ");
		thing_address(out, &f->thing[i]);
	}
	if (f->more || f->n > n)
		buf_adds(out, "\n... and more; narrow it with: things WORD");
}

static void say_show(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	const struct found_thing *f = &r->u.show;

	if (l->q.verb == VERB_NAME_THING)
		buf_adds(out, "Done. From now on I call it ");
	thing_name(out, f);
	buf_adds(out, ": ");
	thing_state(out, t, f);
	buf_adds(out, "\n- address: ");
	thing_address(out, f);
	buf_adds(out, "\n- tags: ");
	thing_tags(out, f);
}

static void list_rules(struct buf *out, const struct reply *r)
{
	size_t n = r->u.rules.n < RULES_SHOWN ? r->u.rules.n : RULES_SHOWN;

	for (size_t i = 0; i < n; i++) {
		const struct rule_line *rule = &r->u.rules.rule[i];

		buf_addf(out, "\nrule %lld: ", (long long)rule->number);
		talk_line(out, rule->text);
	}
	if (r->u.rules.n > n)
		buf_addf(out, "\n... and %zu more", r->u.rules.n - n);
}

static void say_rule(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	bool gone = l->q.verb == VERB_FORGET;

	(void)t;
	if (r->u.rules.n == 0) {
		buf_adds(out, "Done. Nothing had to change.");
		return;
	}
	buf_adds(out, gone ? "Done, this rule is gone:" : "Done, in force now:");
	list_rules(out, r);
	if (!gone)
		buf_addf(out, "\nTo take it back: forget %lld",
		    (long long)r->u.rules.rule[0].number);
}

static void say_rules(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	(void)t;
	(void)l;
	if (r->u.rules.n == 0) {
		buf_adds(out, "You have no rules. Whatever nobody decided is asked of you, and "
		    "is no until then.");
		return;
	}
	buf_addf(out, "%zu rule%s:", r->u.rules.n, r->u.rules.n == 1 ? "" : "s");
	list_rules(out, r);
	buf_adds(out, "\nTake one away with: forget N");
}

static void say_questions(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	size_t n = r->u.questions.n < QUESTIONS_SHOWN ? r->u.questions.n : QUESTIONS_SHOWN;

	(void)l;
	if (r->u.questions.n == 0) {
		buf_adds(out, "Nothing waits for your answer.");
		return;
	}
	buf_addf(out, "%zu open question%s:", r->u.questions.n, r->u.questions.n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		const struct question_line *q = &r->u.questions.question[i];

		buf_addf(out, "\n%s: ", q->code);
		talk_line(out, q->text);
		buf_adds(out, " (asked ");
		talk_time(out, q->asked_ms, t->zone_s);
		buf_addc(out, ')');
	}
	if (r->u.questions.n > n)
		buf_addf(out, "\n... and %zu more", r->u.questions.n - n);
	buf_adds(out, "\nAnswer one with: yes CODE, no CODE or always CODE");
}

static void say_why(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	const struct reply_why *w = &r->u.why;

	(void)t;
	(void)l;
	buf_adds(out, "The answer is ");
	buf_adds(out, w->verdict);
	if (strcmp(w->verdict, verdict_name(VERDICT_ASK)) == 0)
		buf_adds(out, " (no until you answer)");
	buf_adds(out, ": ");
	talk_line(out, w->reason);
	if (w->lease_ms > 0 && strcmp(w->verdict, verdict_name(VERDICT_ALLOW)) == 0) {
		buf_adds(out, "\nA yes is asked again after ");
		talk_span(out, w->lease_ms);
		buf_addc(out, '.');
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

static void say_text(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	(void)t;
	(void)l;
	talk_lines(out, r->text != NULL ? r->text : "Done.");
}

typedef void (*say_fn)(struct buf *out, const struct talk *t, const struct words_line *l,
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
	    "No thing that is free fits this text. Switch the thing on, wait until it has shown "
	    "the text again, and send me the whole text once more." },
	{ VERB_MINE, COND_RESOURCE_CONSTRAINT,
	    "That is too much for now. Please send it again in a minute." },
	{ VERB_ANSWER_QUESTION, COND_ITEM_NOT_FOUND,
	    "I have no open question of yours with this code; you may have answered it already. "
	    "To see the open ones, send: questions" },
	{ VERB_REVOKE, COND_ITEM_NOT_FOUND,
	    "Nothing was allowed there, so there is nothing to take back. To see your rules, "
	    "send: rules" },
	{ VERB_NAME_THING, COND_CONFLICT,
	    "Another of your things has this name already. Choose a different one." },
	{ VERB_NONE, COND_ITEM_NOT_FOUND, "There is no such thing of yours. To see them, send: "
	    "things" },
	{ VERB_NONE, COND_FORBIDDEN, "That is not yours to decide." },
	{ VERB_NONE, COND_NOT_ALLOWED, "That is not possible now." },
	{ VERB_NONE, COND_BAD_REQUEST, "I could not make sense of that." },
	{ VERB_NONE, COND_RESOURCE_CONSTRAINT,
	    "That is more than I keep for one person. Take something away first." },
	{ VERB_NONE, COND_FEATURE_NOT_IMPLEMENTED, "I cannot do that yet." },
	{ VERB_NONE, COND_SERVICE_UNAVAILABLE, "I cannot do that here." },
};

static void say_refusal(struct buf *out, const struct words_line *l, const struct reply *r)
{
	const char *text = "That did not work.";

	if (l->q.verb == VERB_FORGET && r->condition == COND_ITEM_NOT_FOUND) {
		buf_addf(out, "You have no rule %lld. To see your rules, send: rules",
		    (long long)l->q.u.desk.number);
		return;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].condition != r->condition ||
		    (refusals[i].verb != VERB_NONE && refusals[i].verb != l->q.verb))
			continue;
		text = refusals[i].text;
		break;
	}
	buf_adds(out, text);
	if (r->reason != NULL) {
		buf_addc(out, ' ');
		talk_line(out, r->reason);
	}
}

void talk_reply(struct buf *out, const struct talk *t, const struct words_line *l,
    const struct reply *r)
{
	if (r->text != NULL)
		say_text(out, t, l, r);
	else if (r->kind == REPLY_ERROR)
		say_refusal(out, l, r);
	else
		say_for(r->body)(out, t, l, r);
}

/* ---- what could not be read ---- */

static void say_usage(struct buf *out, const struct words_command *c)
{
	buf_adds(out, "I cannot read that. ");
	if (c->usage != NULL)
		buf_addf(out, "It goes: %s\n", c->usage);
	if (c->more != NULL)
		buf_adds(out, c->more);
}

static void say_unknown(struct buf *out, const struct words_line *l)
{
	buf_adds(out, "I do not know ");
	talk_quoted(out, l->typed);
	if (l->hint != NULL)
		buf_addf(out, ". Did you mean: %s", l->hint);
	else
		buf_adds(out, ". To see what I understand, send: help");
}

static void say_no_claim(struct buf *out, const struct words_line *l)
{
	if (l->hint == NULL) {
		buf_adds(out, "I need the whole text that the thing shows. It begins with "
		    "iotdisco: and contains a KEY. Paste it after the word claim.");
		return;
	}
	buf_adds(out, "I cannot read that claim text: ");
	talk_line(out, l->hint);
	buf_adds(out, ". Copy it again from the thing, all of it.");
}

void talk_fault(struct buf *out, const struct talk *t, const struct words_line *l)
{
	(void)t;
	switch (l->fault) {
	case WORDS_FINE:
		break;
	case WORDS_UNKNOWN:
		say_unknown(out, l);
		break;
	case WORDS_INCOMPLETE:
		say_usage(out, l->command);
		break;
	case WORDS_NOT_YET:
		buf_addf(out, "I cannot do \"%s\" yet. To see what I can do, send: help",
		    l->command->word);
		break;
	case WORDS_NO_CLAIM:
		say_no_claim(out, l);
		break;
	case WORDS_TWO_CLAIMS:
		buf_adds(out, "There are several claim texts in this message and I did nothing. "
		    "Send one text in one message.");
		break;
	case WORDS_CONTRADICTION:
		buf_adds(out, "You sent different answers to one question, so I did nothing. "
		    "Send one of them.");
		break;
	}
}

void talk_help(struct buf *out, const char *word)
{
	const struct words_command *c;

	if (word != NULL && (c = words_command_find(word)) != NULL && c->more != NULL) {
		buf_addf(out, "%s%s%s", c->usage != NULL ? "It goes: " : "",
		    c->usage != NULL ? c->usage : "", c->usage != NULL ? "\n" : "");
		buf_adds(out, c->more);
		return;
	}
	/* Each line begins with a dash: sent back to us it commands nothing. */
	buf_adds(out, "I look after your things. One command a line:");
	for (size_t i = 0; (c = words_command_at(i)) != NULL; i++)
		if (c->usage != NULL && c->about != NULL)
			buf_addf(out, "\n- %s: %s", c->usage, c->about);
}

void talk_no_thing(struct buf *out, const char *name, size_t n_owned)
{
	if (n_owned == 0) {
		buf_adds(out, "You have no things yet. Send me the text that a thing shows "
		    "(claim TEXT).");
		return;
	}
	if (name == NULL) {
		buf_adds(out, "Which thing? Add its name. To see their names, send: things");
		return;
	}
	buf_adds(out, "None of your things is called ");
	talk_quoted(out, name);
	buf_adds(out, ". To see their names, send: things");
}

void talk_which_thing(struct buf *out, const char *name, const char *const *options, size_t n)
{
	buf_adds(out, "Several of your things are called ");
	talk_quoted(out, name);
	buf_adds(out, ", so I did nothing. Which one? Use one of these instead:");
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, "\n- ");
		talk_quoted(out, options[i]);
	}
}
