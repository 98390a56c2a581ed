/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: what servers ask of newcomers, and what we make of each answer, without a
 * stream.  That the password leaves us for no form that we refuse is client_test's.
 */
#include "config.h"

#include "common/wire/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/signed_form.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

#define N(a) (sizeof(a) / sizeof(*(a)))
#define DOMAIN "iot.test"
#define USER "thing1"
#define PASSWORD "secret4711"
#define TOKEN "tok-abc"
#define BOTH "<field var='username'><required/></field><field var='password'><required/></field>"
#define SIGNED_TYPE "<field var='FORM_TYPE' type='hidden'><value>" NS_SIGNED_FORM "</value></field>"
#define HIDDEN(var, value) "<field type='hidden' var='" var "'><value>" value "</value></field>"
#define OAUTH(method, at) HIDDEN("oauth_version", "1.0") HIDDEN("oauth_signature_method", method) \
	HIDDEN("oauth_token", "t1") HIDDEN("oauth_token_secret", "ts1") HIDDEN("oauth_nonce", "") \
	HIDDEN("oauth_timestamp", at) HIDDEN("oauth_consumer_key", "") HIDDEN("oauth_signature", "")

struct world {
	struct secret password, invite, maker;
	struct account_conf conf;
	struct account *a;
	struct buf out;
	enum account_step step;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(secret_set(&w->password, PASSWORD, strlen(PASSWORD), NULL), 0);
	assert_int_equal(secret_set(&w->invite, TOKEN, strlen(TOKEN), NULL), 0);
	assert_int_equal(secret_set(&w->maker, "csecret", 7, NULL), 0);
	w->conf = (struct account_conf){ .domain = DOMAIN, .user = USER, .password = &w->password,
		.now_ms = 1800000000000LL, .earliest_ms = 1700000000000LL };
	buf_init(&w->out, 64 * 1024);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	account_free(&w->a);
	secret_clear(&w->password);
	secret_clear(&w->invite);
	secret_clear(&w->maker);
	buf_fini(&w->out);
	free(w);
	return 0;
}

/* What is asked now, as text; "" when nothing is. */
static const char *
asked(struct world *w)
{
	struct xml x;

	buf_reset(&w->out);
	xml_begin(&x, &w->out);
	account_write(w->a, &x);
	assert_int_equal(xml_end(&x), 0);
	for (char *at = w->out.data; *at != '\0'; at++)	/* quotes as they are written here */
		*at = *at == '"' ? '\'' : *at;
	return buf_str(&w->out);
}

static enum account_step
answered(struct world *w, const char *type, const char *inside)
{
	char text[8192];
	struct stanza_holder *holder = NULL;
	const struct stanza *s;

	(void)snprintf(text, sizeof(text), "<iq type='%s' id='x'>%s</iq>", type, inside);
	s = stanza_from_text(&holder, NS_CLIENT, text, strlen(text));
	assert_non_null(s);
	w->step = account_take(w->a, s, strcmp(type, "result") == 0);
	stanza_holder_free(&holder);
	return w->step;
}

static void
begin(struct world *w)
{
	account_free(&w->a);
	w->a = account_new(&w->conf, NULL);
	assert_non_null(w->a);
}

static enum account_step
form(struct world *w, const char *fields)
{
	char text[7000];

	begin(w);
	(void)snprintf(text, sizeof(text), "<query xmlns='" NS_REGISTER "'><x xmlns='" NS_DATA
	    "' type='form'>%s</x></query>", fields);
	return answered(w, "result", text);
}

static enum account_step
refusal(struct world *w, const char *error)
{
	assert_int_equal(form(w, BOTH), ACCOUNT_ASK);
	return answered(w, "error", error);
}

#define ERROR(type, condition) "<error type='" type "'><" condition " xmlns='" NS_STANZAS "'/></error>"

static void
what_a_form_says_itself_is_given_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(form(w, "<field var='FORM_TYPE' type='hidden'><value>" NS_REGISTER "</value></field>"
	    BOTH HIDDEN("session", "s7") "<field type='boolean' var='terms'><value>1</value><required/>"
	    "</field><field type='list-single' var='zone'><option><value>eu</value></option><required/>"
	    "</field><field var='email'/><field type='fixed'><value>hello</value></field>"
	    "<field var='nick'><required/></field>"), ACCOUNT_ASK);
	assert_string_equal(asked(w), "<query xmlns='" NS_REGISTER "'><x xmlns='" NS_DATA
	    "' type='submit'><field var='FORM_TYPE'><value>" NS_REGISTER "</value></field>"
	    "<field var='username'><value>" USER "</value></field>"
	    "<field var='password'><value>" PASSWORD "</value></field>"
	    "<field var='session'><value>s7</value></field><field var='terms'><value>1</value></field>"
	    "<field var='zone'><value>eu</value></field><field var='nick'><value>" USER "</value></field>"
	    "</x></query>");
	assert_string_equal(account_iq_to(w->a), DOMAIN);
	assert_int_equal(answered(w, "result", ""), ACCOUNT_MADE);
}

static void
plain_fields_are_answered_as_they_are_asked(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_string_equal(account_iq_type(w->a), "get");
	assert_int_equal(answered(w, "result", "<query xmlns='" NS_REGISTER "'><instructions>i</instructions>"
	    "<key>k1</key><password/><username/><nick/></query>"), ACCOUNT_ASK);
	assert_string_equal(asked(w), "<query xmlns='" NS_REGISTER "'><key>k1</key><password>" PASSWORD
	    "</password><username>" USER "</username><nick>" USER "</nick></query>");
}

static void
att_D_16__each_demand_that_we_cannot_meet_is_named(void **state)
{
	static const struct { const char *fields, *says; } cases[] = {
		{ BOTH "<field var='email'><required/></field>", "email" },
		{ BOTH "<field var='ocr'><required/></field>", "captcha" },
		{ BOTH "<field var='captcha-x'><required/></field>", "captcha" },
		{ "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:captcha</value></field>" BOTH, "captcha" },
		{ "<field var='FORM_TYPE' type='hidden'><value>urn:other</value></field>" BOTH, "urn:other" },
		{ BOTH "<field var='username'/>", "twice" },
		{ BOTH "<field var='z' type='hidden'><value>1</value><value>2</value></field>", "several" },
		{ BOTH "<field var='z' type='list-single'><option><value>1</value></option><option><value>2"
		    "</value></option><required/></field>", "z" },
		{ "<field var='username'/>", "no name and password" },
		{ "", "no name and password" },
		{ SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", ""), "no key of our maker" },
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < N(cases); i++)
		if (form(w, cases[i].fields) != ACCOUNT_NEVER || !strstr(account_text(w->a), cases[i].says))
			fail_msg("%s: %d, %s", cases[i].fields, (int)w->step, account_text(w->a));
}

static void
att_D_16__a_server_that_sends_people_to_the_web_is_told_so(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_int_equal(answered(w, "result", "<query xmlns='" NS_REGISTER "'><instructions>go</instructions>"
	    "<x xmlns='" NS_OOB "'><url>http://a.test/\n\x7f?</url></x></query>"), ACCOUNT_NEVER);
	assert_non_null(strstr(account_text(w->a), "http://a.test/"));
	assert_null(strchr(account_text(w->a), '\n'));
}

static void
att_D_16__every_refusal_is_told_from_the_others(void **state)
{
	static const struct { const char *error; enum account_step step; int64_t wait; } cases[] = {
		{ ERROR("cancel", "conflict"), ACCOUNT_TAKEN, 0 },
		{ ERROR("modify", "not-acceptable"), ACCOUNT_UNLIKED, 0 },
		{ ERROR("modify", "bad-request"), ACCOUNT_NEVER, 0 },
		{ ERROR("auth", "forbidden"), ACCOUNT_NEVER, 0 },
		{ ERROR("cancel", "not-allowed"), ACCOUNT_NEVER, 0 },
		{ ERROR("wait", "resource-constraint"), ACCOUNT_LATER, 0 },
		{ ERROR("wait", "conflict"), ACCOUNT_LATER, 0 },
		{ "<error type='wait'><policy-violation xmlns='" NS_STANZAS "'/><retry xmlns='urn:kith:reason:0'"
		    " after='7'/></error>", ACCOUNT_LATER, 7000 },
		{ "", ACCOUNT_NEVER, 0 },
		{ "<error/>", ACCOUNT_NEVER, 0 },
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		assert_int_equal(refusal(w, cases[i].error), cases[i].step);
		assert_int_equal(account_wait_ms(w->a), cases[i].wait);
	}
}

static void
row_K17__a_server_cannot_put_our_password_into_our_log(void **state)
{
	struct world *w = *state;

	refusal(w, "<error type='cancel'><not-allowed xmlns='" NS_STANZAS "'/><text xmlns='" NS_STANZAS
	    "'>only on Mondays</text></error>");
	assert_non_null(strstr(account_text(w->a), "only on Mondays"));
	refusal(w, "<error type='cancel'><not-allowed xmlns='" NS_STANZAS "'/><text xmlns='" NS_STANZAS
	    "'>bad: " PASSWORD "</text></error>");
	assert_null(strstr(account_text(w->a), PASSWORD));
	w->conf.invite = &w->invite;
	begin(w);
	assert_int_equal(answered(w, "error", "<error type='cancel'><item-not-found xmlns='" NS_STANZAS
	    "'/><text xmlns='" NS_STANZAS "'>no " TOKEN "</text></error>"), ACCOUNT_UNINVITED);
	assert_null(strstr(account_text(w->a), TOKEN));
}

/* XEP-0445 */
static void
an_invitation_is_shown_first(void **state)
{
	struct world *w = *state;

	w->conf.invite = &w->invite;
	begin(w);
	assert_string_equal(account_iq_type(w->a), "set");
	assert_string_equal(asked(w), "<preauth xmlns='urn:xmpp:pars:0' token='" TOKEN "'/>");
	assert_int_equal(answered(w, "result", ""), ACCOUNT_ASK);
	assert_string_equal(account_iq_type(w->a), "get");
	begin(w);
	assert_int_equal(answered(w, "error", ERROR("cancel", "forbidden")), ACCOUNT_UNINVITED);
	begin(w);
	assert_int_equal(answered(w, "error", ERROR("wait", "resource-constraint")), ACCOUNT_LATER);
	/* It knows nothing of invitations, so it wants none. */
	begin(w);
	assert_int_equal(answered(w, "error", ERROR("cancel", "service-unavailable")), ACCOUNT_ASK);
	assert_string_equal(account_iq_type(w->a), "get");
}

/* XEP-0348 */

#define FIELDS 24

/* The submitted form as fields; their number. */
static size_t
fields_of(const char *text, char room[static 4096], struct signed_form_field f[static FIELDS])
{
	size_t n = 0;
	char *at;

	(void)snprintf(room, 4096, "%s", text);
	for (at = strstr(room, "<field var='"); at != NULL && n < FIELDS; n++) {
		char *var = at + 12, *value = strstr(var, "<value>"), *end;

		*strchr(var, '\'') = '\0';
		end = strstr(value, "</value>");
		at = strstr(end, "<field var='");
		*end = '\0';
		f[n] = (struct signed_form_field){ var, value + 7 };
	}
	return n;
}

static const char *
value_in(const struct signed_form_field *f, size_t n, const char *var)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(f[i].var, var) == 0)
			return f[i].value;
	return NULL;
}

static void
give_key(struct world *w)
{
	w->conf.maker_key = "kith.example";
	w->conf.maker_secret = &w->maker;
}

static void
a_maker_signs_and_the_verifier_agrees(void **state)
{
	const char *const types[] = { SIGNED_TYPE, "" };	/* Waher's clients look at the fields only */
	struct world *w = *state;
	struct signed_form_field f[FIELDS];
	char text[4000], room[4096];
	size_t i, n;

	give_key(w);
	for (i = 0; i < N(types); i++) {
		const struct signed_form_secrets s = { &w->maker, "ts1" };

		(void)snprintf(text, sizeof(text), "%s" BOTH OAUTH("HMAC-SHA1", ""), types[i]);
		assert_int_equal(form(w, text), ACCOUNT_ASK);
		n = fields_of(asked(w), room, f);
		assert_true(signed_form_verify(f, n, DOMAIN, SIGNED_FORM_HMAC_SHA1, &s,
		    value_in(f, n, "oauth_signature")));
		assert_string_equal(value_in(f, n, "oauth_timestamp"), "1800000000");
		assert_string_equal(value_in(f, n, "oauth_token"), "t1");
		assert_int_equal(strlen(value_in(f, n, "oauth_nonce")), 32);
		assert_null(strstr(asked(w), "csecret"));
	}
}

static void
a_refused_signature_is_made_in_the_other_way_once(void **state)
{
	struct world *w = *state;
	const char *query = "<query xmlns='" NS_REGISTER "'><x xmlns='" NS_DATA "' type='form'>" SIGNED_TYPE
	    BOTH OAUTH("HMAC-SHA1", "") "</x></query>";
	char first[2048];

	give_key(w);
	begin(w);
	assert_int_equal(answered(w, "result", query), ACCOUNT_ASK);
	assert_string_equal(account_iq_to(w->a), DOMAIN);
	(void)snprintf(first, sizeof(first), "%s", asked(w));
	assert_int_equal(answered(w, "error", ERROR("modify", "bad-request")), ACCOUNT_ASK);
	assert_string_equal(account_iq_type(w->a), "get");
	assert_int_equal(answered(w, "result", query), ACCOUNT_ASK);
	assert_null(account_iq_to(w->a));
	assert_string_not_equal(asked(w), first);
	assert_int_equal(answered(w, "error", ERROR("modify", "bad-request")), ACCOUNT_NEVER);
	assert_non_null(strstr(account_text(w->a), "maker's signature"));
}

static void
att_D_16__plaintext_and_unfinished_signatures_are_refused(void **state)
{
	static const char *const forms[] = {
		SIGNED_TYPE BOTH OAUTH("PLAINTEXT", ""),
		SIGNED_TYPE BOTH OAUTH("RSA-SHA1", ""),		/* our secret is none */
		SIGNED_TYPE BOTH,
		SIGNED_TYPE BOTH HIDDEN("oauth_signature", ""),
		SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", "") HIDDEN("caf\xc3\xa9", "1"),
		SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", "") HIDDEN("z", "\xc3\xa9"),
	};
	struct world *w = *state;
	size_t i;

	give_key(w);
	for (i = 0; i < N(forms); i++)
		if (form(w, forms[i]) != ACCOUNT_NEVER)
			fail_msg("form %zu was answered: %s", i, asked(w));
}

static void
row_D23__who_has_no_clock_signs_with_the_servers_time(void **state)
{
	static const struct { const char *form; const char *signs; } cases[] = {
		{ SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", "1799999999"), "1799999999" },
		{ SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", ""), "1700000000" },
		{ SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", "12"), "1700000000" },	/* before what is certain */
		{ SIGNED_TYPE BOTH OAUTH("HMAC-SHA1", "soon"), "1700000000" },
	};
	struct world *w = *state;
	struct signed_form_field f[FIELDS];
	char room[4096];
	size_t i, n;

	give_key(w);
	w->conf.now_ms = 0;
	for (i = 0; i < N(cases); i++) {
		assert_int_equal(form(w, cases[i].form), ACCOUNT_ASK);
		n = fields_of(asked(w), room, f);
		assert_string_equal(value_in(f, n, "oauth_timestamp"), cases[i].signs);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_a_form_says_itself_is_given_back),
		T(plain_fields_are_answered_as_they_are_asked),
		T(att_D_16__each_demand_that_we_cannot_meet_is_named),
		T(att_D_16__a_server_that_sends_people_to_the_web_is_told_so),
		T(att_D_16__every_refusal_is_told_from_the_others),
		T(row_K17__a_server_cannot_put_our_password_into_our_log),
		T(an_invitation_is_shown_first),
		T(a_maker_signs_and_the_verifier_agrees),
		T(a_refused_signature_is_made_in_the_other_way_once),
		T(att_D_16__plaintext_and_unfinished_signatures_are_refused),
		T(row_D23__who_has_no_clock_signs_with_the_servers_time),
	};

	return cmocka_run_group_tests_name("account exchange", tests, NULL, NULL);
}
