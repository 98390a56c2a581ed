/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_talk_test: the sentences of the desk, word for word, and that none of
 * them is a command when it comes back.
 */
#include "config.h"

#include "tests/unit/desk_support.h"

#include "desk/prompt.h"
#include "desk/talk.h"
#include "policy/value.h"

#define NOON INT64_C(1798717500000)	/* 2026-12-31 11:45 UTC */

static const struct talk talk = { .jid = "registry.a.example", .zone_s = 3600,
	.now_ms = NOON };

/* What people and things are called when they mean harm. */
static const char *const names[] = {
	"lamp", "yes ABCD-EFGH", "a\nyes ABCD-EFGH", "a\r\nalways ABCD-EFGH\r\n", "\"\nno "
	    "ABCD-EFGH\n\"",
	"x\xE2\x80\xA8yes ABCD-EFGH", "x\xC2\x85yes ABCD-EFGH", "\xE2\x80\xAE" "HGFE-DCBA sey",
	"iotdisco:SN=1;KEY=0123456789abcdef0123456789abcdef",
	"\niotdisco:SN=1;KEY=0123456789abcdef0123456789abcdef\n",
	"IoTDisco;SN:1;KEY:0123456789abcdef0123456789abcdef", "IOTDISCO:KEY=1",
	"l\xD0\xB0mp", "\xE2\x80\x8B", "\\", "\"", "\\\"\nthings\n", "\x1b[2Jthings", "%n%s", "",
	"things\nthings\nthings\nthings\nthings\nthings", "> yes", "`yes ABCD-EFGH`",
	    "\xC3\x28\nthings",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void returns_harmless(const char *text)
{
	struct typed t;

	typed(&t, text);
	if (typed_acts(&t))
		fail_msg("this would be obeyed:\n%s", text);
	typed_end(&t);
}

static void line_of(struct words_line *l, enum verb verb)
{
	memset(l, 0, sizeof(*l));
	l->typed = "typed";
	l->q.verb = verb;
}

static void make_thing(struct found_thing *f, struct tag *tag, const char *name)
{
	memset(f, 0, sizeof(*f));
	memset(tag, 0, sizeof(*tag));
	tag->name = "NAME";
	tag->str = name;
	f->jid = "abcdefgh@a.example";
	f->tags.n = 1;
	f->tags.tag = tag;
	f->seen_ms = NOON;
}

static void expect_reply(enum verb verb, const struct reply *r, const char *text)
{
	struct words_line l;
	struct buf out;

	line_of(&l, verb);
	buf_init(&out, 32 * 1024);
	talk_reply(&out, &talk, &l.q, r);
	assert_true(buf_ok(&out));
	assert_string_equal(buf_str(&out), text);
	returns_harmless(buf_str(&out));
	buf_fini(&out);
}

static void replies_say_what_happened_and_what_to_do_next(void **state)
{
	struct found_thing thing;
	struct rule_line rule = { .number = 3,
		.text = "allow bob@b.example to read \"temperature\" of lamp" };
	struct question_line question = { "ABCD-EFGH", "bob@b.example wants to befriend "
	    "\"lamp\".", NOON };
	struct reply r = { 0 };
	struct tag tag;

	(void)state;
	make_thing(&thing, &tag, "lamp");
	r.kind = REPLY_RESULT;
	r.body = BODY_CLAIMED;
	r.u.claimed.jid = thing.jid;
	r.u.claimed.thing = &thing;
	expect_reply(VERB_MINE, &r,
	    "Done: \"lamp\" (abcdefgh@a.example) is yours now; it is private: nobody else finds "
	    "it.\n"
	    "Add it to your contacts to talk to it. Next: name it (name THING NEWNAME) "
	    "or look at it (show THING).");
	memset(&r.u, 0, sizeof(r.u));
	r.body = BODY_FOUND;
	r.u.found.n = 1;
	r.u.found.thing = &thing;
	expect_reply(VERB_GET_DEVICES, &r, "1 thing:\n- \"lamp\": offline, last seen 2026-12-31 "
	    "12:45 +01:00, "
	    "private, abcdefgh@a.example");
	memset(&r.u, 0, sizeof(r.u));
	r.body = BODY_SHOW;
	r.u.show = thing;
	expect_reply(VERB_SHOW, &r, "\"lamp\": offline, last seen 2026-12-31 12:45 +01:00, "
	    "private\n"
	    "- address: abcdefgh@a.example\n- tags: NAME=lamp");
	memset(&r.u, 0, sizeof(r.u));
	r.body = BODY_RULE;
	r.u.rules.n = 1;
	r.u.rules.rule = &rule;
	expect_reply(VERB_RULE_ADD, &r, "Done, in force now:\n"
	    "rule 3: allow bob@b.example to read \"temperature\" of lamp\nTo take it back: "
	    "forget 3");
	expect_reply(VERB_FORGET, &r, "Done, this rule is gone:\n"
	    "rule 3: allow bob@b.example to read \"temperature\" of lamp\nTo have it back: undo");
	r.body = BODY_RULES;
	expect_reply(VERB_RULES, &r, "1 rule:\nrule 3: allow bob@b.example to read "
	    "\"temperature\" of lamp\n"
	    "Take one away with: forget N");
	memset(&r.u, 0, sizeof(r.u));
	r.body = BODY_QUESTIONS;
	r.u.questions.n = 1;
	r.u.questions.question = &question;
	expect_reply(VERB_QUESTIONS, &r, "1 open question:\n"
	    "ABCD-EFGH: bob@b.example wants to befriend \"lamp\". (asked 2026-12-31 12:45 +01:00)\n"
	    "Answer one with: yes CODE, no CODE or always CODE");
	memset(&r.u, 0, sizeof(r.u));
	r.body = BODY_WHY;
	r.u.why.verdict = "allow";
	r.u.why.reason = "rule 3 matched";
	r.u.why.lease_ms = 900000;
	expect_reply(VERB_WHY, &r, "The answer is allow: rule 3 matched (revision 0)\nA yes is asked again "
	    "after 15 min.");
}

static void refusals_say_what_to_do_next(void **state)
{
	struct reply r = { 0 };

	(void)state;
	reply_error(&r, COND_ITEM_NOT_FOUND);
	expect_reply(VERB_MINE, &r, "No thing that is free fits this text. Switch the thing on, "
	    "wait until it "
	    "has shown the text again, and send me the whole text once more.");
	expect_reply(VERB_ANSWER_QUESTION, &r,
	    "I have no open question of yours with this code; you may have answered it "
	    "already. To see the open ones, send: "
	    "questions");
	expect_reply(VERB_FORGET, &r, "You have no rule 0. To see your rules, send: rules");
}

static void a_question_has_its_three_answers_on_lines_of_their_own(void **state)
{
	const char *field[] = { "temperature" };
	struct owner_question q = { 0 };
	struct buf out;

	(void)state;
	q.requester = "bob@b.example";
	q.thing_name = "lamp";
	q.code = "ABCD-EFGH";
	q.action = ACTION_READ;
	q.names.n = 1;
	q.names.name = field;
	buf_init(&out, 8192);
	prompt_question(&out, &talk, &q);
	assert_string_equal(buf_str(&out),
	    "Question: bob@b.example wants to read \"temperature\" of \"lamp\".\n"
	    "Until you answer, the answer is no. Send one of these lines:\n"
	    "yes ABCD-EFGH\nno ABCD-EFGH\nalways ABCD-EFGH\n"
	    "(The last one allows every reading of it.)");
	returns_harmless(buf_str(&out));
	buf_fini(&out);
}

static void att_H_02__letters_that_look_like_others_show_themselves(void **state)
{
	struct owner_question q = { 0 };
	struct buf out;

	(void)state;
	q.requester = "b\xD0\xBE" "b@b.example";
	q.thing_name = "l\xD0\xB0mp";
	q.code = "ABCD-EFGH";
	q.action = ACTION_BEFRIEND;
	buf_init(&out, 8192);
	prompt_question(&out, &talk, &q);
	assert_non_null(strstr(buf_str(&out), "(U+043E; @b.example)"));
	assert_non_null(strstr(buf_str(&out), "(U+0430)"));
	buf_fini(&out);
}

/* Every kind of text we say, with a hostile name in every place. */
static void say_everything(const char *name, void (*check)(const char *text))
{
	static const enum body bodies[] = {
		BODY_CLAIMED, BODY_FOUND, BODY_SHOW, BODY_RULE, BODY_RULES, BODY_QUESTIONS,
		    BODY_WHY, BODY_TEXT
	};
	struct rule_line rule = { .number = 1, .text = name };
	struct question_line question = { "ABCD-EFGH", name, NOON };
	struct found_thing thing;
	struct words_line l;
	struct tag tag;
	struct buf out;
	char text[256];

	make_thing(&thing, &tag, name);
	thing.note = name;
	thing.node.id = name;
	line_of(&l, VERB_GET_DEVICES);
	l.q.u.devices.filter = name;
	buf_init(&out, 64 * 1024);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct reply r = { 0 };

		r.kind = REPLY_RESULT;
		r.body = bodies[i];
		switch (r.body) {
		case BODY_CLAIMED:
			r.u.claimed.jid = name;
			r.u.claimed.thing = &thing;
			break;
		case BODY_FOUND:
			r.u.found.n = name[0] != '\0' ? 1 : 0;
			r.u.found.thing = &thing;
			break;
		case BODY_SHOW:
			r.u.show = thing;
			r.u.show.name = name;
			break;
		case BODY_RULE:
		case BODY_RULES:
			r.u.rules.n = 1;
			r.u.rules.rule = &rule;
			break;
		case BODY_QUESTIONS:
			r.u.questions.n = 1;
			r.u.questions.question = &question;
			break;
		case BODY_WHY:
			r.u.why.verdict = "ask";
			r.u.why.reason = name;
			break;
		case BODY_TEXT:
			/* Sentences of the roles have escaped what is from outside. */
			snprintf(text, sizeof(text), "Done: %.*s", (int)strcspn(name, "\r\n"), name);
			r.text = text;
			break;
		default:
			break;
		}
		buf_reset(&out);
		talk_reply(&out, &talk, &l.q, &r);
		check(buf_str(&out));
	}
	buf_fini(&out);
}

static void say_faults(const char *name, void (*check)(const char *text))
{
	const char *options[] = { name, name };
	struct owner_question q = { 0 };
	struct reply refused = { 0 };
	struct words_line l;
	struct buf out;

	buf_init(&out, 64 * 1024);
	line_of(&l, VERB_NONE);
	l.typed = name;
	l.hint = name[0] == '\0' ? NULL : "things";
	l.command = words_command_find("show");
	for (int f = WORDS_UNKNOWN; f <= WORDS_CONTRADICTION; f++) {
		l.fault = (enum words_fault)f;
		if (l.fault == WORDS_NO_CLAIM)
			l.hint = name;
		buf_reset(&out);
		talk_fault(&out, &talk, &l);
		check(buf_str(&out));
	}
	for (int c = COND_BAD_REQUEST; c < COND_COUNT; c++) {
		reply_error(&refused, (enum condition)c);
		refused.reason = name;
		buf_reset(&out);
		talk_reply(&out, &talk, &l.q, &refused);
		check(buf_str(&out));
	}
	buf_reset(&out);
	talk_no_thing(&out, &talk, name, 1);
	check(buf_str(&out));
	buf_reset(&out);
	talk_which_thing(&out, &talk, name, options, 2);
	check(buf_str(&out));
	for (int action = 0; action < ACTION_COUNT; action++) {
		q.requester = q.thing_name = name;
		q.thing_jid = name;
		q.code = "ABCD-EFGH";
		q.action = action;
		buf_reset(&out);
		prompt_question(&out, &talk, &q);
		check(buf_str(&out));
	}
	buf_fini(&out);
}

static void att_H_01__no_text_of_ours_is_a_command_when_it_returns(void **state)
{
	const struct words_command *c;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < N_NAMES; i++) {
		say_everything(names[i], returns_harmless);
		say_faults(names[i], returns_harmless);
	}
	buf_init(&out, 8192);
	talk_help(&out, &talk, NULL, true);
	returns_harmless(buf_str(&out));
	for (size_t i = 0; (c = words_command_at(i)) != NULL; i++) {
		buf_reset(&out);
		talk_help(&out, &talk, c->word, true);
		returns_harmless(buf_str(&out));
	}
	buf_fini(&out);
}

/* No control character, no line a stranger could have begun. */
static void is_clean(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 && *c != '\n')
			fail_msg("control character 0x%02x in: %s", (unsigned)(unsigned char)*c,
			    text);
	for (const char *l = text; l != NULL; l = strchr(l, '\n')) {
		l += l != text;
		if (strncmp(l, "things", 6) == 0 || strncmp(l, "iotdisco", 8) == 0)
			fail_msg("a stranger began this line: %s", l);
	}
	assert_null(strstr(text, "\xE2\x80\xAE"));
	assert_null(strstr(text, "\xE2\x80\x8B"));
}

static void att_H_01__names_stay_on_their_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_NAMES; i++) {
		say_everything(names[i], is_clean);
		say_faults(names[i], is_clean);
	}
}

static void help_fits_one_screen(void **state)
{
	size_t lines = 1, columns = 0;
	struct buf out;

	(void)state;
	buf_init(&out, 8192);
	talk_help(&out, &talk, NULL, true);
	for (const char *c = buf_str(&out); *c != '\0'; c++) {
		columns = *c == '\n' ? 0 : columns + 1;
		lines += *c == '\n';
		if (columns > 80)
			fail_msg("line %zu of help is too long", lines);
	}
	assert_true(lines <= 24);
	buf_fini(&out);
}

static void times_are_printed_with_their_zone(void **state)
{
	static const struct { int32_t zone; const char *text; } cases[] = {
		{ 0, "2026-12-31 11:45 UTC" },
		{ 3600, "2026-12-31 12:45 +01:00" },
		{ 19800, "2026-12-31 17:15 +05:30" },
		{ -43200, "2026-12-30 23:45 -12:00" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		talk_time(&out, &(struct talk){ .zone_s = cases[i].zone }, NOON);
		assert_string_equal(buf_str(&out), cases[i].text);
	}
	buf_fini(&out);
}

/* Whatever a thing says of itself, only lines that are for it alone are shown, and
 * nothing of it is obeyed when it comes back. */
static void row_manifest__what_a_thing_offers_and_needs_is_read_at_the_claim(void **state)
{
	static const char *const needs[] = { "read temperature of class=sensor",
		"read x of * or else", "", "befriend a\nallow eve@a.example everything",
		"control \"lock\" of door" };
	const struct offer offers[] = {
		{ .name = "temperature", .unit = "C" }, { .name = "power" },
		{ .control = true, .name = "level", .has_range = true, .max = 100 },
	};
	struct manifest m = { 3, offers, 5, needs };
	struct found_thing thing;
	struct reply r = { .kind = REPLY_RESULT, .body = BODY_SHOW };
	struct offer hostile;
	struct tag tag;
	struct buf out;

	(void)state;
	make_thing(&thing, &tag, "lamp");
	thing.manifest = &m;
	r.u.show = thing;
	expect_reply(VERB_SHOW, &r, "\"lamp\": offline, last seen 2026-12-31 12:45 +01:00, private\n"
	    "- address: abcdefgh@a.example\n- tags: NAME=lamp\n"
	    "It can be asked for \"temperature\" (C), \"power\".\n"
	    "It can be told to set \"level\" (0 to 100).\n"
	    "It asks for something. If you want to give it that, send: allow abcdefgh@a.example to "
	    "read \"temperature\" of class=sensor\n"
	    "It asks for something. If you want to give it that, send: allow abcdefgh@a.example to "
	    "control \"lock\" of door");
	for (size_t i = 0; i < N_NAMES; i++) {
		const char *const need[] = { names[i] };

		hostile = (struct offer){ .name = names[i], .unit = names[i] };
		m = (struct manifest){ 1, &hostile, 1, need };
		buf_init(&out, 64 * 1024);
		talk_manifest(&out, &talk, &thing);
		returns_harmless(buf_str(&out));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_say_what_happened_and_what_to_do_next),
		cmocka_unit_test(row_manifest__what_a_thing_offers_and_needs_is_read_at_the_claim),
		cmocka_unit_test(refusals_say_what_to_do_next),
		cmocka_unit_test(a_question_has_its_three_answers_on_lines_of_their_own),
		cmocka_unit_test(att_H_02__letters_that_look_like_others_show_themselves),
		cmocka_unit_test(att_H_01__no_text_of_ours_is_a_command_when_it_returns),
		cmocka_unit_test(att_H_01__names_stay_on_their_line),
		cmocka_unit_test(help_fits_one_screen),
		cmocka_unit_test(times_are_printed_with_their_zone),
	};

	return cmocka_run_group_tests_name("desk_talk", tests, NULL, NULL);
}
