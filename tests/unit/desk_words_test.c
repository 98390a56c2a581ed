/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_words_test: what people type and what it becomes.
 */
#include "config.h"

#include "tests/unit/desk_support.h"

#include "desk/talk.h"

#define NBSP "\xC2\xA0"
#define LQ "\xE2\x80\x9C"
#define RQ "\xE2\x80\x9D"
#define DASH "\xE2\x80\x93"
#define KEY "KEY=0123456789abcdef0123456789abcdef"

struct shape {
	const char *typed;
	enum verb verb;		/* VERB_NONE: not obeyed */
	enum words_fault fault;
	const char *part;	/* the part worth checking; NULL none */
};

static const char *part_of(const struct words_line *l)
{
	switch (l->q.verb) {
	case VERB_SHOW:
	case VERB_HISTORY:
	case VERB_TAG:
	case VERB_REMOVE:
	case VERB_DISOWN:
	case VERB_PUBLISH:
		return l->q.u.desk.set != NULL ? l->q.u.desk.set : l->q.u.desk.thing;
	case VERB_TRANSFER:
		return l->q.u.desk.jid;
	case VERB_ACCEPT:
	case VERB_PRESENCE_CODE:
	case VERB_PROVE:
	case VERB_RECOVER:
		return l->q.u.desk.code;
	case VERB_REPLACE:
		return l->q.u.desk.name;
	case VERB_SHARE:
	case VERB_SET:
	case VERB_WHAT_IF:
	case VERB_LANGUAGE:
	case VERB_TIMEZONE:
	case VERB_NAME_THING:
	case VERB_RULE_ADD:
	case VERB_HELP:
		return l->q.u.desk.text;
	case VERB_ANSWER_QUESTION:
		return l->q.u.desk.code;
	case VERB_REVOKE:
		return l->q.u.desk.jid;
	case VERB_RULES:
		return l->q.u.desk.thing;
	case VERB_GET_DEVICES:
		return l->q.u.devices.filter;
	case VERB_WHY:
		return l->q.u.desk.name;
	default:
		return NULL;
	}
}

static const struct shape shapes[] = {
	{ "help", VERB_HELP, WORDS_FINE, "" },
	{ "HELP claim", VERB_HELP, WORDS_FINE, "claim" },
	{ "?", VERB_HELP, WORDS_FINE, "" },
	{ "things", VERB_GET_DEVICES, WORDS_FINE, NULL },
	{ "Things kitchen", VERB_GET_DEVICES, WORDS_FINE, "kitchen" },
	{ "show lamp", VERB_SHOW, WORDS_FINE, "lamp" },
	{ "show " LQ "kitchen lamp" RQ, VERB_SHOW, WORDS_FINE, "kitchen lamp" },
	{ "show" NBSP "lamp", VERB_SHOW, WORDS_FINE, "lamp" },
	{ "show", VERB_SHOW, WORDS_FINE, NULL },
	{ "show kitchen lamp", VERB_SHOW, WORDS_FINE, "kitchen lamp" },
	{ "name abcdefgh lamp", VERB_NAME_THING, WORDS_FINE, "lamp" },
	{ "name abcdefgh as Kitchen Lamp", VERB_NAME_THING, WORDS_FINE, "Kitchen Lamp" },
	{ "name abcdefgh \"Kitchen Lamp\"", VERB_NAME_THING, WORDS_FINE, "Kitchen Lamp" },
	{ "name abcdefgh", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "name", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "yes ABCD-EFGH", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "yes abcdefgh", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "Yes ABCD-EFGH.", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "`yes ABCD-EFGH`", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "yes ABCD" DASH "EFGH", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "no ABCD EFGH", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "always ABCD-EFGH", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "yes", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "yes please", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "yes ABCD-EFGH \xF0\x9F\x91\x8D", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "questions", VERB_QUESTIONS, WORDS_FINE, NULL },
	{ "questions now", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "allow bob@b.example to read \"t\" of lamp", VERB_RULE_ADD, WORDS_FINE,
	    "allow bob@b.example to read \"t\" of lamp" },
	{ "deny *@evil.example everything", VERB_RULE_ADD, WORDS_FINE, "deny *@evil.example "
	    "everything" },
	{ "ask about anyone befriending lamp", VERB_RULE_ADD, WORDS_FINE,
	    "ask about anyone befriending lamp" },
	{ "allow", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "rules", VERB_RULES, WORDS_FINE, NULL },
	{ "rules of lamp", VERB_RULES, WORDS_FINE, "lamp" },
	{ "forget 3", VERB_FORGET, WORDS_FINE, NULL },
	{ "forget rule 3.", VERB_FORGET, WORDS_FINE, NULL },
	{ "forget #3", VERB_FORGET, WORDS_FINE, NULL },
	{ "forget everything", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "forget -1", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "forget 99999999999999999999", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "revoke Bob@B.example/res", VERB_REVOKE, WORDS_FINE, "bob@b.example" },
	{ "revoke bob@b.example of lamp", VERB_REVOKE, WORDS_FINE, "bob@b.example" },
	{ "revoke *@B.example", VERB_REVOKE, WORDS_FINE, "b.example" },
	{ "revoke", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "revoke bob", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "revoke @", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "why bob@b.example read temperature of lamp", VERB_WHY, WORDS_FINE, "temperature" },
	{ "why lamp bob@b.example read", VERB_WHY, WORDS_FINE, NULL },
	{ "why read bob@b.example \"the light\" of lamp", VERB_WHY, WORDS_FINE, "the light" },
	{ "why may bob@b.example control of lamp", VERB_WHY, WORDS_FINE, NULL },
	{ "why bob@b.example read temperature of lamp?", VERB_WHY, WORDS_FINE, "temperature" },
	{ "why lamp", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "claim", VERB_NONE, WORDS_NO_CLAIM, NULL },
	{ "claim my lamp", VERB_NONE, WORDS_NO_CLAIM, NULL },
	{ "things online room=kitchen", VERB_GET_DEVICES, WORDS_FINE, "online room=kitchen" },
	{ "things lamp page 2", VERB_GET_DEVICES, WORDS_FINE, "lamp" },
	{ "things more", VERB_GET_DEVICES, WORDS_FINE, NULL },
	{ "page 2", VERB_GET_DEVICES, WORDS_FINE, NULL },
	{ "page of lamps", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "more", VERB_GET_DEVICES, WORDS_FINE, NULL },
	{ "history", VERB_HISTORY, WORDS_FINE, NULL },
	{ "history of kitchen lamp", VERB_HISTORY, WORDS_FINE, "kitchen lamp" },
	{ "history lamp page 3", VERB_HISTORY, WORDS_FINE, "lamp" },
	{ "tag lamp room=kitchen -floor", VERB_TAG, WORDS_FINE, "lamp" },
	{ "tag kitchen lamp room=\"living room\"", VERB_TAG, WORDS_FINE, "kitchen lamp" },
	{ "tag lamp", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "tag lamp room", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "tag lamp room=a ROOM=b", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "find class=lamp V=1.5", VERB_FIND, WORDS_FINE, NULL },
	{ "find -class", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "find", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "remove lamp", VERB_REMOVE, WORDS_FINE, "lamp" },
	{ "remove", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "disown kitchen lamp", VERB_DISOWN, WORDS_FINE, "kitchen lamp" },
	{ "disown kitchen lamp offline", VERB_DISOWN, WORDS_FINE, "kitchen lamp" },
	{ "disown set garden", VERB_DISOWN, WORDS_FINE, "garden" },
	{ "disown set", VERB_DISOWN, WORDS_FINE, "set" },
	{ "transfer lamp to bob@b.example", VERB_TRANSFER, WORDS_FINE, "bob@b.example" },
	{ "transfer set garden to Bob@B.example.", VERB_TRANSFER, WORDS_FINE, "bob@b.example" },
	{ "transfer lamp to b.example", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "transfer lamp", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "transfer to bob@b.example", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "accept abcd efgh", VERB_ACCEPT, WORDS_FINE, "ABCD-EFGH" },
	{ "accept it", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "code ABCD-EFGH", VERB_PRESENCE_CODE, WORDS_FINE, "ABCD-EFGH" },
	{ "ownership code", VERB_OWNERSHIP_CODE, WORDS_FINE, NULL },
	{ "ownership", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "prove abcd efgh ijkl", VERB_PROVE, WORDS_FINE, "abcdefghijkl" },
	{ "recover abcd-efgh", VERB_RECOVER, WORDS_FINE, "abcd-efgh" },
	{ "prove", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "publish lamp", VERB_PUBLISH, WORDS_FINE, "lamp" },
	{ "unpublish set garden", VERB_PUBLISH, WORDS_FINE, "garden" },
	{ "replace old lamp by new lamp", VERB_REPLACE, WORDS_FINE, "new lamp" },
	{ "replace lamp", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "share kitchen lamp with bob@b.example", VERB_SHARE, WORDS_FINE, "" },
	{ "share lamp with bob@b.example to read and control for 2 h", VERB_SHARE, WORDS_FINE,
	    "to read and control for 2 h" },
	{ "share lamp with bob@b.example as co-owner", VERB_SHARE, WORDS_FINE, "" },
	{ "share lamp with bob", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "set garden = lamp, pump and more", VERB_SET, WORDS_FINE, "garden" },
	{ "set garden =", VERB_SET, WORDS_FINE, "garden" },
	{ "set garden", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "set = lamp", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "sets", VERB_SET, WORDS_FINE, NULL },
	{ "undo", VERB_UNDO, WORDS_FINE, NULL },
	{ "undo it", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "what if deny *@evil.example everything", VERB_WHAT_IF, WORDS_FINE,
	    "deny *@evil.example everything" },
	{ "what now", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "mute", VERB_MUTE, WORDS_FINE, NULL },
	{ "mute for 2 hours", VERB_MUTE, WORDS_FINE, NULL },
	{ "mute off", VERB_MUTE, WORDS_FINE, NULL },
	{ "mute forever", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "digest on", VERB_DIGEST, WORDS_FINE, NULL },
	{ "digest", VERB_NONE, WORDS_INCOMPLETE, NULL },
	{ "language de", VERB_LANGUAGE, WORDS_FINE, "de" },
	{ "timezone Europe/Berlin", VERB_TIMEZONE, WORDS_FINE, "Europe/Berlin" },
	{ "hilfe", VERB_HELP, WORDS_FINE, "" },
	{ "ja ABCD-EFGH", VERB_ANSWER_QUESTION, WORDS_FINE, "ABCD-EFGH" },
	{ "erlaube bob@b.example to read \"t\" of lamp", VERB_RULE_ADD, WORDS_FINE,
	    "allow bob@b.example to read \"t\" of lamp" },
	{ "home there", VERB_NONE, WORDS_NOT_YET, NULL },
	{ "thigns", VERB_NONE, WORDS_UNKNOWN, NULL },
	{ "\"things\" is what I typed", VERB_NONE, WORDS_UNKNOWN, NULL },
	{ "good morning", VERB_NONE, WORDS_UNKNOWN, NULL },
	{ "led on", VERB_NONE, WORDS_FOR_A_THING, NULL },
	{ "Brightness 21.5.", VERB_NONE, WORDS_FOR_A_THING, NULL },
	{ "set led on", VERB_SET, WORDS_FOR_A_THING, NULL },
	{ "thigns on", VERB_NONE, WORDS_UNKNOWN, NULL },
	{ "tag lamp \"my room\"=\"a \\\"b\\\" c\" -\"old one\"", VERB_TAG, WORDS_FINE, "lamp" },
};

static void each_word_becomes_its_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		const struct words_line *l;
		struct typed t;

		typed(&t, s->typed);
		l = &t.words.line[0];
		if (t.words.n != 1 || l->fault != s->fault ||
		    (s->fault == WORDS_FINE && l->q.verb != s->verb))
			fail_msg("'%s': %zu lines, fault %d, verb %s", s->typed, t.words.n,
			    (int)l->fault,
			    verb_name(l->q.verb));
		if (s->part != NULL && (part_of(l) == NULL || strcmp(part_of(l), s->part) != 0))
			fail_msg("'%s': part '%s'", s->typed, part_of(l) != NULL ?
			    part_of(l) : "(none)");
		typed_end(&t);
	}
}

static void what_stands_in_quotes_may_hold_quotes(void **state)
{
	const struct tag_list *tags;
	struct typed t;

	(void)state;
	typed(&t, "tag lamp \"my room\"=\"a \\\"b\\\" \\\\ \\u{201C}c \\d\" -\"old one\"");
	tags = &t.words.line[0].q.u.desk.tags;
	assert_int_equal(tags->n, 2);
	assert_string_equal(tags->tag[0].name, "my room");
	assert_string_equal(tags->tag[0].str, "a \"b\" \\ \xE2\x80\x9C" "c \\d");
	assert_string_equal(tags->tag[1].name, "old one");
	assert_string_equal(tags->tag[1].str, "");
	typed_end(&t);
}

static void the_request_is_the_senders(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "show lamp");
	assert_string_equal(t.words.line[0].q.bare, "alice@a.example");
	assert_string_equal(t.words.line[0].q.from, "alice@a.example/phone");
	typed_end(&t);
}

static void a_typing_mistake_gets_a_suggestion(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "thigns");
	assert_string_equal(t.words.line[0].hint, "things");
	typed_end(&t);
	typed(&t, "blorp");
	assert_null(t.words.line[0].hint);
	typed_end(&t);
}

static void a_claim_text_is_found_wherever_it_stands(void **state)
{
	static const char *const texts[] = {
		"claim iotdisco:SN=1;MAN=x;" KEY,
		"iotdisco:SN=1;MAN=x;" KEY,
		"Hi! here is it: iotdisco:SN=1;MAN=x;" KEY " thanks\nBob",
		"claim IoTDisco;SN:1;MAN:x;KEY:0123456789abcdef0123456789abcdef",
		"> what is the text?\niotdisco:SN=1;MAN=x;" KEY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct typed t;

		typed(&t, texts[i]);
		if (t.words.n != 1 || t.words.line[0].fault != WORDS_FINE ||
		    t.words.line[0].q.verb != VERB_MINE)
			fail_msg("'%s': fault %d %s", texts[i], (int)t.words.line[0].fault,
			    t.words.line[0].hint != NULL ? t.words.line[0].hint : "");
		assert_int_equal(t.words.line[0].q.u.mine.tags.n, 3);
		assert_false(t.words.line[0].q.u.mine.is_public);
		typed_end(&t);
	}
}

static void a_claim_is_public_only_when_it_says_so(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "Claim Publicly iotdisco:SN=1;" KEY);
	assert_true(t.words.line[0].q.u.mine.has_public);
	assert_true(t.words.line[0].q.u.mine.is_public);
	typed_end(&t);
	typed(&t, "somebody posted publicly iotdisco:SN=1;" KEY);
	assert_false(t.words.line[0].q.u.mine.is_public);
	typed_end(&t);
	typed(&t, "claim iotdisco:SN=1;" KEY " publicly");
	assert_false(t.words.line[0].q.u.mine.is_public);
	typed_end(&t);
}

static void the_registry_of_a_claim_text_is_kept(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "iotdisco:SN=1;" KEY ";R=other.example");
	assert_string_equal(t.words.line[0].registry, "other.example");
	typed_end(&t);
}

static void claims_that_are_none_are_explained(void **state)
{
	static const struct { const char *typed; enum words_fault fault; } texts[] = {
		{ "iotdisco:SN=1;MAN=x", WORDS_NO_CLAIM },
		{ "iotdisco:SN=1;SN=2;" KEY, WORDS_NO_CLAIM },
		{ "iotdisco:SN=%zz;" KEY, WORDS_NO_CLAIM },
		{ "iotdisco:SN=1;" KEY " and iotdisco:SN=2;" KEY, WORDS_TWO_CLAIMS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct typed t;

		typed(&t, texts[i].typed);
		assert_int_equal(t.words.n, 1);
		if (t.words.line[0].fault != texts[i].fault)
			fail_msg("'%s': fault %d", texts[i].typed, (int)t.words.line[0].fault);
		typed_end(&t);
	}
}

static void five_lines_are_read_and_quoted_ones_are_not(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "things\n\n> yes ABCD-EFGH\n  > no\nrules\r\nquestions\n");
	assert_int_equal(t.words.n, 3);
	assert_false(t.words.more);
	assert_int_equal(t.words.line[1].q.verb, VERB_RULES);
	typed_end(&t);
	typed(&t, "things\nthings\nthings\nthings\nthings\nthings");
	assert_int_equal(t.words.n, WORDS_LINES);
	assert_true(t.words.more);
	typed_end(&t);
	typed(&t, "> yes ABCD-EFGH");
	assert_int_equal(t.words.n, 0);
	typed_end(&t);
}

static void all_answers_to_one_question_answer_none(void **state)
{
	struct typed t;

	(void)state;
	typed(&t, "yes ABCD-EFGH\nno ABCD-EFGH\nalways ABCD-EFGH\nthings");
	assert_int_equal(t.words.n, 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(t.words.line[i].fault, WORDS_CONTRADICTION);
	assert_int_equal(t.words.line[3].fault, WORDS_FINE);
	typed_end(&t);
	typed(&t, "yes ABCD-EFGH\nno ABCD-EFGI");
	assert_int_equal(t.words.line[0].fault, WORDS_FINE);
	assert_int_equal(t.words.line[1].fault, WORDS_FINE);
	typed_end(&t);
}

/* Pieces that hostile or clumsy people put together. */
static const char *const heads[] = {
	"", " ", "yes", "no ", "always\t", "claim ", "name", "why ", "allow ", "> ", "help ",
	    "\"", "`",
	"show \"", "forget ", "revoke ", "rules of ", "things ", "iotdisco:", "IoTDisco;",
};
static const char *const tails[] = {
	"", "\"\"", "\xE2\x80\xAE" "txt", "\xF0\x9F\x91\x8D", "a\\\"b", "%s%n%x", "\x1b[31m",
	    "'; drop table x; --",
	"\xC0\x80", "\xED\xA0\x80", "=;=;=", "KEY=", "@@@", "* * *", "\xE2\x80\x8B\xE2\x80\x8B",
	    "....", ";;;;",
	"<body>yes</body>", "&lt;", "of of of",
};

static void att_H_10__odd_texts_get_one_short_reply_each(void **state)
{
	struct talk talk = { .jid = "registry.a.example" };
	char body[128];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		for (size_t k = 0; k < sizeof(tails) / sizeof(tails[0]); k++) {
			struct typed t;
			struct buf out;

			snprintf(body, sizeof(body), "%s%s", heads[i], tails[k]);
			typed(&t, body);
			assert_true(t.words.n <= 1);
			buf_init(&out, 8192);
			if (t.words.n == 1 && t.words.line[0].fault != WORDS_FINE) {
				talk_fault(&out, &talk, &t.words.line[0]);
				assert_true(buf_ok(&out) && out.len > 0 && out.len < 1200);
				assert_null(strchr(buf_str(&out), '\x1b'));
			}
			buf_fini(&out);
			typed_end(&t);
		}
	}
}

static void att_H_10__long_texts_are_bounded(void **state)
{
	static char body[65536];
	struct typed t;

	(void)state;
	memset(body, 'a', sizeof(body) - 1);
	typed_chat(&t, body);
	if (words_parse(&t.words, &t.chat, JID_STRINGPREP) == 0) {
		assert_int_equal(t.words.n, 1);
		assert_int_equal(t.words.line[0].fault, WORDS_UNKNOWN);
	}
	typed_end(&t);
	for (size_t i = 0; i + 2 < sizeof(body); i += 2)
		memcpy(body + i, "x\n", 2);
	typed(&t, body);
	assert_int_equal(t.words.n, WORDS_LINES);
	assert_true(t.words.more);
	typed_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_becomes_its_request),
		cmocka_unit_test(what_stands_in_quotes_may_hold_quotes),
		cmocka_unit_test(the_request_is_the_senders),
		cmocka_unit_test(a_typing_mistake_gets_a_suggestion),
		cmocka_unit_test(a_claim_text_is_found_wherever_it_stands),
		cmocka_unit_test(a_claim_is_public_only_when_it_says_so),
		cmocka_unit_test(the_registry_of_a_claim_text_is_kept),
		cmocka_unit_test(claims_that_are_none_are_explained),
		cmocka_unit_test(five_lines_are_read_and_quoted_ones_are_not),
		cmocka_unit_test(all_answers_to_one_question_answer_none),
		cmocka_unit_test(att_H_10__odd_texts_get_one_short_reply_each),
		cmocka_unit_test(att_H_10__long_texts_are_bounded),
	};

	return cmocka_run_group_tests_name("desk_words", tests, NULL, NULL);
}
