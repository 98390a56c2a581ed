/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone_test: one identity in two places (att-D-06, ruling 45).
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "thing/identity.h"
#include "thing/self.h"

#define OTHER "r2"

static char other[256];

/* Our server shows another session of our account. */
static void other_is(const char *type)
{
	snprintf(other, sizeof(other), "%.*s/" OTHER, (int)strcspn(rig->full, "/"), rig->full);
	rig_send("<presence from='%s' to='%s' %s/>", other, rig->full, type);
}

/* What the copy would answer: it has our key. */
static void answer_as_copy(const char *question, const char *nonce, const char *asker)
{
	char proof[IDENTITY_PROOF], text[1024], payload[512];
	struct err e = ERR_INIT;
	struct identity id;

	assert_int_equal(identity_load(&id, rig->dir, &e), 0);
	snprintf(text, sizeof(text), "%s %s %s", asker, other, nonce);
	assert_int_equal(identity_attest(proof, &id, "kith twin, form 1", text, &e), 0);
	identity_fini(&id);
	snprintf(payload, sizeof(payload), "<twin xmlns='urn:kith:twin:0' proof='%s'/>", proof);
	rig_answer(question, other, payload);
}

static void read_by_owner(void)
{
	rig_send("<iq type='get' id='r1' from='" RIG_OWNER "/phone' to='%s'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>", rig->full);
}

static const char *asked(char nonce[static 64])
{
	const char *q = rig_expect("<iq", "type=\"get\"", "urn:kith:twin:0");
	const char *at = strstr(q, "nonce=\"");

	assert_non_null(at);
	assert_non_null(strstr(q, other));
	snprintf(nonce, 64, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
	return q;
}

static void is_copied(void)
{
	char nonce[64], q[2048];

	rig_owned();
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	answer_as_copy(q, nonce, rig->full);
}

static void att_D_06__who_answers_with_our_key_is_our_copy_and_nobody_is_served(void **state)
{
	UNUSED(state);
	is_copied();
	rig_expect("<message", "to=\"" RIG_OWNER "\"", "There are two of me");
	assert_true(rig_said("nobody is served"));
	read_by_owner();
	rig_expect("type=\"error\"", "service-unavailable");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>set led on</body>"
	    "</message>", rig->full);
	rig_expect("<message", "There are two of me");
	assert_int_equal(rig->led_writes, 0);
}

static void att_D_06__it_stays_so_after_a_restart(void **state)
{
	UNUSED(state);
	is_copied();
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_expect("<register");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>read</body></message>",
	    rig->full);
	rig_expect("<message", "There are two of me");
}

static void att_D_06__alone_again_it_goes_on_with_another_password(void **state)
{
	UNUSED(state);
	is_copied();
	rig_expect("<message");
	other_is("type='unavailable'");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>alone</body></message>",
	    rig->full);
	rig_expect("jabber:iq:register", "<password");
	rig_expect("<message", "I go on");
	read_by_owner();
	rig_expect("accepted");
}

/* One that understands what we say of ourselves. */
static void att_D_06__the_registry_hears_it_and_that_it_is_over(void **state)
{
	char nonce[64], q[2048];

	UNUSED(state);
	rig_owned();
	rig->thing->standing.registry.self = true;
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	answer_as_copy(q, nonce, rig->full);
	rig_expect("<copied", "urn:kith:twin:0", "now=\"true\"", "to=\"" RIG_REGISTRY "\"");
	rig_expect("<message", "There are two of me");
	other_is("type='unavailable'");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>alone</body></message>",
	    rig->full);
	rig_expect("<copied", "now=\"false\"");
}

static void att_D_06__alone_is_not_believed_while_the_copy_answers(void **state)
{
	char nonce[64], q[2048];

	UNUSED(state);
	is_copied();
	rig_expect("<message");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>alone</body></message>",
	    rig->full);
	snprintf(q, sizeof(q), "%s", asked(nonce));
	rig_expect("<message", "I look");
	answer_as_copy(q, nonce, rig->full);
	read_by_owner();
	rig_expect("type=\"error\"", "service-unavailable");
}

/* A session that died without a word, or a client of the operator's. */
static void ruling_45__another_session_that_cannot_sign_is_no_copy(void **state)
{
	char nonce[64], q[2048];

	UNUSED(state);
	rig_owned();
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	rig_send("<iq type='error' id='%s' from='%s'><error type='cancel'><service-unavailable "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", rig_attr(q, "id"), other);
	read_by_owner();
	rig_expect("accepted");
}

/* A proof for another question, or for somebody else's, is none. */
static void ruling_45__an_old_proof_is_no_proof(void **state)
{
	char nonce[64], q[2048];

	UNUSED(state);
	rig_owned();
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	answer_as_copy(q, "aaaaaaaaaaaaaaaaaaaaaaaaaa", rig->full);
	read_by_owner();
	rig_expect("accepted");
}

static void it_signs_for_its_own_account_only(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<iq type='get' id='t1' from='" RIG_OWNER "/x' to='%s'>"
	    "<twin xmlns='urn:kith:twin:0' nonce='abc'/></iq>", rig->full);
	rig_expect("type=\"error\"", "id=\"t1\"");
	other_is("type='unavailable'");
	rig_send("<iq type='get' id='t2' from='%s' to='%s'>"
	    "<twin xmlns='urn:kith:twin:0' nonce='abc'/></iq>", other, rig->full);
	rig_expect("type=\"result\"", "id=\"t2\"", "proof=");
}

/* Asked for before it was known to be copied: told no more either. */
static void att_D_06__who_waited_to_be_told_is_served_no_more(void **state)
{
	char nonce[64], q[2048];

	UNUSED(state);
	rig_owned();
	rig_send("<iq type='get' id='r1' from='" RIG_OWNER "/x' to='%s'><subscribe "
	    "xmlns='urn:xmpp:iot:events' seqnr='1' momentary='true'>"
	    "<field name='level' currentValue='1' changedBy='1'/></subscribe></iq>", rig->full);
	rig_expect("accepted");
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	answer_as_copy(q, nonce, rig->full);
	rig_expect("<message", "to=\"" RIG_OWNER "\"", "There are two of me");
	assert_int_equal(kith_thing_changed(rig->thing, NULL, "level",
	    &(struct kith_thing_value){ .number = 90 }), 0);
	usleep(1100 * 1000);	/* WATCH_MIN_MS */
	rig_expect_silence();
}

#define BOB "bob@home.example"
#define EVE "eve@home.example"

static void read_as(const char *who)
{
	rig_send("<iq type='get' id='r1' from='%s/x' to='%s'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>", who,
	    rig->full);
}

/* What was being decided for one when all jobs ended decides nothing for another. */
static void att_P__an_answer_about_one_is_none_about_who_came_after_him(void **state)
{
	char nonce[64], q[2048], bob[2048];

	UNUSED(state);
	rig_owned();
	rig_befriend(BOB);
	rig_befriend(EVE);
	read_as(BOB);
	snprintf(bob, sizeof(bob), "%s", rig_expect("<canRead", BOB));
	other_is("");
	snprintf(q, sizeof(q), "%s", asked(nonce));
	answer_as_copy(q, nonce, rig->full);
	rig_expect("<message", "There are two of me");
	other_is("type='unavailable'");
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>alone</body></message>",
	    rig->full);
	rig_expect("jabber:iq:register", "<password");
	rig_expect("<message", "I go on");
	read_as(EVE);
	rig_expect("<canRead", EVE);
	rig_answer(bob, RIG_REGISTRY, "<canReadResponse xmlns='urn:xmpp:iot:provisioning' jid='" BOB
	    "' momentary='true' result='true'/>");
	rig_expect_silence();
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(att_D_06__who_answers_with_our_key_is_our_copy_and_nobody_is_served),
		T(att_D_06__it_stays_so_after_a_restart),
		T(att_D_06__alone_again_it_goes_on_with_another_password),
		T(att_D_06__the_registry_hears_it_and_that_it_is_over),
		T(att_D_06__alone_is_not_believed_while_the_copy_answers),
		T(ruling_45__another_session_that_cannot_sign_is_no_copy),
		T(ruling_45__an_old_proof_is_no_proof),
		T(it_signs_for_its_own_account_only),
		T(att_D_06__who_waited_to_be_told_is_served_no_more),
		T(att_P__an_answer_about_one_is_none_about_who_came_after_him),
	};

	return cmocka_run_group_tests_name("clone", tests, NULL, NULL);
}
