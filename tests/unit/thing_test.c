/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing: the whole library against a scripted broker: enrolling, pushes,
 * who may do what, leases, chat.  thing_rig.h is the broker.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "common/base/sign.h"
#include "common/base/str.h"

#define X_DISCO "urn:xmpp:iot:discovery"
#define X_PROV "urn:xmpp:iot:provisioning"
#define CLAIMED "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER "' public='false'/>"

static char *kept(const char *text)
{
	static char copy[65536];

	snprintf(copy, sizeof(copy), "%s", text);
	return copy;
}

/* ---- enrolling ---------------------------------------------------------- */

static void a_new_thing_registers_and_shows_a_claim_uri(void **state)
{
	UNUSED(state);
	rig_process();
	assert_true(rig->asked_to_register);
	rig_enroll("");
	assert_int_equal(kith_thing_state(rig->thing), KITH_THING_UNCLAIMED);
	assert_ptr_equal(strstr(kith_thing_claim_uri(rig->thing), "iotdisco:"),
	    kith_thing_claim_uri(rig->thing));
	assert_non_null(strstr(kith_thing_claim_uri(rig->thing), "KEY="));
	assert_non_null(strstr(kith_thing_claim_uri(rig->thing), "R=" RIG_REGISTRY));
	assert_string_equal(kith_thing_owner(rig->thing), "");
}

static void the_account_is_on_disk_as_asked_before_the_broker_hears_of_it(void **state)
{
	char *text;

	UNUSED(state);
	kith_thing_process(rig->thing);		/* client_new has been called, nothing sent */
	assert_int_equal(rig->attempts, 1);
	text = get_file(rig->dir, "identity");
	assert_non_null(strstr(text, "account asked"));
	free(text);
	rig_enroll("");
	text = get_file(rig->dir, "identity");
	assert_non_null(strstr(text, "account ours"));
	free(text);
}

static void what_is_registered_is_the_configured_tags_and_the_key(void **state)
{
	const char *s;

	UNUSED(state);
	rig_enroll("");
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	/* Services are pinned: no disco this time. */
	s = rig_expect("<register xmlns=\"" X_DISCO "\"", "type=\"set\"", "to=\"" RIG_REGISTRY "\"",
	    "name=\"SN\" value=\"1\"", "name=\"MAN\" value=\"kith.example\"",
	    "<num name=\"V\" value=\"1.5\"/>", "name=\"KEY\"");
	assert_null(strstr(s, "name=\"R\""));
}

static void a_claimed_thing_serves_and_shows_no_uri(void **state)
{
	UNUSED(state);
	rig_owned();
	assert_int_equal(kith_thing_state(rig->thing), KITH_THING_SERVING);
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
	assert_string_equal(kith_thing_claim_uri(rig->thing), "");
}

static void att_D_10__a_person_cannot_pose_as_registry(void **state)
{
	UNUSED(state);
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("disco#items"), "home.example",
	    "<query xmlns='http://jabber.org/protocol/disco#items'>"
	    "<item jid='registry@home.example'/></query>");
	/* Only the domain itself is asked. */
	rig_expect("disco#info", "to=\"home.example\"");
	rig_expect_silence();
}

static void att_D_10__an_accepted_registry_is_not_changed_by_another(void **state)
{
	UNUSED(state);
	rig_enroll("");
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	rig_expect("<register", "to=\"" RIG_REGISTRY "\"");
	rig_stop();
	assert_int_equal(kith_thing_repin(rig->dir, NULL, 0), 0);
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	rig_expect("disco#items");
}

/* A component that poses as registry stands first in the list; the thing knows its own. */
static void att_D_10__a_rogue_that_is_listed_first_is_not_even_asked(void **state)
{
	UNUSED(state);
	rig_enroll("");
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	rig_answer(rig_expect("<register", "to=\"" RIG_REGISTRY "\""), RIG_REGISTRY, "");
	for (const char *s = rig_next(); *s; s = rig_next())
		assert_null(strstr(s, "disco#"));
}

static void att_D_11__another_address_at_bind_is_not_used(void **state)
{
	static const char *const users[] = { "somebody", NULL }, *const domains[] = {
		NULL, "home.example.org" };

	UNUSED(state);
	for (int i = 0; i < 2; i++) {
		rig_stop();
		rig->bind_user = users[i];
		rig->bind_domain = domains[i];
		rig_start();
		rig_expect_silence();
		assert_true(rig->closed);
		assert_true(rig_said("another address"));
		buf_reset(&rig->events);
	}
}

static void an_answer_from_somebody_else_is_not_taken(void **state)
{
	const char *q;

	UNUSED(state);
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example",
	    "<query xmlns='jabber:iq:roster'/>");
	q = kept(rig_expect("disco#items"));
	rig_answer(q, "eve@home.example/x", "<query xmlns='http://jabber.org/protocol/disco#items'>"
	    "<item jid='eve.example'/></query>");
	rig_expect_silence();
}

static void a_disowned_thing_makes_a_new_key_before_it_registers_again(void **state)
{
	char first[4096], *text;

	UNUSED(state);
	rig_owned();
	text = get_file(rig->dir, "identity");
	snprintf(first, sizeof(first), "%s", strstr(text, "\nkey "));
	first[32] = '\0';
	free(text);
	rig_send("<iq type='set' id='d1' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	/* The push is answered when owner and KEY are on disk ... */
	text = get_file(rig->dir, "identity");
	assert_null(strstr(text, first));
	free(text);
	text = get_file(rig->dir, "standing");
	assert_null(strstr(text, "\nowner "));
	free(text);
	rig_expect("unsubscribed", RIG_OWNER);
	rig_expect("unsubscribe", RIG_OWNER);
	rig_expect("type=\"result\"", "id=\"d1\"");
	/* ... and then the new KEY is shown. */
	assert_null(strstr(rig_expect("<register"), first + 5));
}

/* Other registries go by our answer: until it, they name who owned us. */
static void a_registry_that_lets_go_after_the_answer_is_asked_once_more(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<iq type='set' id='d1' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	rig_expect("type=\"result\"", "id=\"d1\"");
	rig_expect_silence();
	assert_true(rig_said("still letting go of us"));
	assert_in_range(kith_thing_timeout(rig->thing), 1, 30000);
}

/* The line of the identity file that begins with `name`; "" none. */
static const char *identity_line(const char *name)
{
	static char line[4][256];
	static unsigned turn;
	char *to = line[turn++ % 4], *text = get_file(rig->dir, "identity");
	const char *at = strstr(text, name);

	to[0] = '\0';
	if (at != NULL && *at == '\n')
		at++;
	if (at != NULL)
		snprintf(to, sizeof(line[0]), "%.*s", (int)strcspn(at, "\n"), at);
	free(text);
	return to;
}

/* An owned thing that has been disowned and now asks for a new password. */
static const char *password_change(void)
{
	rig_owned();
	rig_send("<iq type='set' id='d1' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	rig_expect("unsubscribed", RIG_OWNER);
	rig_expect("unsubscribe", RIG_OWNER);
	rig_expect("type=\"result\"", "id=\"d1\"");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	rig_expect("subscribe");
	return rig_expect("jabber:iq:register", "<username>", "to=\"home.example\"");
}

static void a_disowned_thing_changes_its_password_and_keeps_both_until_told(void **state)
{
	char old[256], fresh[256], asked[4096];

	UNUSED(state);
	snprintf(asked, sizeof(asked), "%s", password_change());
	snprintf(old, sizeof(old), "%s", identity_line("\npassword "));
	snprintf(fresh, sizeof(fresh), "%s", identity_line("other-password ") +
	    strlen("other-password "));
	assert_int_equal(strlen(fresh), 64);
	assert_non_null(strstr(asked, fresh));
	rig_answer(asked, "home.example", "");
	assert_string_equal(identity_line("other-password "), "");
	assert_string_equal(identity_line("renew "), "");
	assert_string_not_equal(identity_line("\npassword "), old);
	rig_expect_silence();
}

static void a_broker_that_keeps_the_password_is_an_alarm_and_no_loop(void **state)
{
	char asked[4096];

	UNUSED(state);
	snprintf(asked, sizeof(asked), "%s", password_change());
	rig_send("<iq type='error' id='%s' from='home.example'><error type='cancel'><not-allowed "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", rig_attr(asked, "id"));
	assert_string_equal(identity_line("other-password "), "");
	assert_true(rig_said("does not change our password"));
	rig_expect_silence();
}

static void att_D_15__a_restart_asks_who_owns_it_before_it_serves(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'/>");
	rig_expect("<register");
	rig_send("<iq type='get' id='r1' from='" RIG_OWNER "/x' to='%s'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>", rig->full);
	rig_expect("type=\"error\"", "service-unavailable");
	assert_int_equal(rig->reads, 0);
}

/* ---- pushes ------------------------------------------------------------- */

static const char *const push_payloads[] = {
	"<claimed xmlns='" X_DISCO "' jid='eve@home.example'/>",
	"<disowned xmlns='" X_DISCO "'/>",
	"<removed xmlns='" X_DISCO "'/>",
	"<clearCache xmlns='" X_PROV "'/>",
	"<tokenChallenge xmlns='" X_PROV "' token='t'>AAAA</tokenChallenge>",
};
static const char *const push_messages[] = {
	"<friend xmlns='" X_PROV "' jid='eve@home.example'/>",
	"<unfriend xmlns='" X_PROV "' jid='friend@home.example'/>",
};
static const char *const wrong_senders[] = {
	"eve@home.example/x", "friend@home.example/x", RIG_OWNER "/x", "kith.home.example.org",
};

static void att_X_04__pushes_of_anybody_but_the_pinned_service_do_nothing(void **state)
{
	char *before, *after;

	UNUSED(state);
	rig_owned();
	rig_befriend("friend@home.example");
	before = get_file(rig->dir, "standing");
	for (size_t s = 0; s < 4; s++) {
		for (size_t p = 0; p < 5; p++) {
			rig_send("<iq type='set' id='x1' from='%s' to='%s'>%s</iq>",
			    wrong_senders[s], rig->full, push_payloads[p]);
			rig_expect("type=\"error\"", "id=\"x1\"", p < 4 ? "forbidden" : "<error");
			rig_expect_silence();
		}
		for (size_t p = 0; p < 2; p++) {
			rig_send("<message from='%s' to='%s'>%s</message>", wrong_senders[s],
			    rig->full, push_messages[p]);
			rig_expect_silence();
		}
	}
	after = get_file(rig->dir, "standing");
	assert_string_equal(before, after);
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
	free(before);
	free(after);
}

/* Only the exact address is the service, however like it another looks. */
static void att_X_05__no_address_that_looks_like_the_service_is_it(void **state)
{
	static const char *const twins[] = {
		RIG_REGISTRY ".evil.example", "x." RIG_REGISTRY, "x" RIG_REGISTRY, RIG_REGISTRY "x",
		"kith@home.example", "kith@" RIG_REGISTRY, RIG_REGISTRY "/x", "x@" RIG_REGISTRY "/y",
		"k\xc4\xb1th.home.example", "k\xd1\x96th.home.example", "kith-home.example",
		"kith.home.exampl", "home.example", "kith.xn--hme-0na.example",
	};

	UNUSED(state);
	rig_owned();
	rig_befriend("friend@home.example");
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
		rig_send("<iq type='set' id='x5' from='%s' to='%s'><claimed xmlns='" X_DISCO
		    "' jid='eve@home.example'/></iq>", twins[i], rig->full);
		rig_expect("type=\"error\"", "id=\"x5\"", "forbidden");
		rig_send("<message from='%s' to='%s'><unfriend xmlns='" X_PROV
		    "' jid='friend@home.example'/></message>", twins[i], rig->full);
		rig_expect_silence();
	}
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
}

/* Nobody owns it, and who stands before it says so by pressing. */
static void a_press_opens_the_window_of_a_thing_that_has_one(void **state)
{
	const char *q;
	char asked[4096];

	UNUSED(state);
	rig_stop();
	rig->claim_button = true;
	rig_start();
	q = rig_reach_registry();
	assert_non_null(strstr(q, "can=\"button key window\""));
	rig_answer(q, RIG_REGISTRY, "");
	while (rig_next()[0])
		continue;
	kith_thing_pressed(rig->thing);
	rig_process();
	snprintf(asked, sizeof(asked), "%s",
	    rig_expect("<register", "can=\"button key window open\""));
	/* A second press waits for the answer to the first. */
	kith_thing_pressed(rig->thing);
	rig_process();
	rig_expect_silence();
	rig_answer(asked, RIG_REGISTRY, CLAIMED);
	while (rig_next()[0])
		continue;
	kith_thing_pressed(rig->thing);
	rig_process();
	rig_expect_silence();
}

static void a_claimed_push_is_only_a_reason_to_ask(void **state)
{
	UNUSED(state);
	rig_enroll("");
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='eve@home.example' public='true'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	rig_expect("type=\"result\"", "id=\"c1\"");
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
	rig_expect("type=\"subscribe\"", RIG_REGISTRY);
	rig_expect("type=\"subscribe\"", RIG_OWNER);
}

static void a_push_during_a_pull_waits_for_the_next_pull(void **state)
{
	char first[4096], second[4096];

	UNUSED(state);
	rig_enroll("");
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER "'/></iq>", rig->full);
	snprintf(first, sizeof(first), "%s", rig_expect("<register"));
	rig_send("<iq type='set' id='c2' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "'/></iq>", rig->full);
	rig_expect_silence();
	rig_answer(first, RIG_REGISTRY, CLAIMED);
	rig_expect("type=\"result\"", "id=\"c1\"");
	rig_expect("type=\"subscribe\"", RIG_REGISTRY);
	rig_expect("type=\"subscribe\"", RIG_OWNER);
	snprintf(second, sizeof(second), "%s", rig_expect("<register"));
	rig_answer(second, RIG_REGISTRY, CLAIMED);
	rig_expect("type=\"result\"", "id=\"c2\"");
}

/* A file that cannot be written: its name is taken by a folder. */
static void block(const char *name, bool blocked)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", (const char *)rig->dir, name);
	if (blocked)
		(void)unlink(path);
	assert_int_equal(blocked ? mkdir(path, 0700) : rmdir(path), 0);
}

static void a_push_is_answered_only_when_the_owner_is_on_disk(void **state)
{
	char *text;

	UNUSED(state);
	rig_enroll("");
	block("standing", true);
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	rig_expect_silence();
	/* Asked again, nothing seems new; but the file is still the old one. */
	rig_send("<iq type='set' id='c2' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	rig_expect_silence();
	block("standing", false);
	rig_send("<iq type='set' id='c3' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	rig_expect("type=\"result\"", "id=\"c1\"");
	text = get_file(rig->dir, "standing");
	assert_non_null(strstr(text, "owner " RIG_OWNER));
	free(text);
}

#define SHOW "<show xmlns='urn:kith:presence:0' code='ABCD-EFGH' seconds='600'/>"

static void it_shows_a_code_when_its_registry_asks_and_until_it_has_an_owner(void **state)
{
	UNUSED(state);
	rig_enroll("");
	rig_send("<iq type='set' id='s1' from='" RIG_REGISTRY "' to='%s'>" SHOW "</iq>", rig->full);
	rig_expect("type=\"result\"", "id=\"s1\"");
	assert_true(rig_said("ABCD-EFGH"));
	rig_send("<iq type='set' id='s2' from='" RIG_REGISTRY "' to='%s'>"
	    "<show xmlns='urn:kith:presence:0' code='2345-6723' seconds='0'/></iq>", rig->full);
	rig_expect("type=\"result\"", "id=\"s2\"");
	assert_false(rig_said("2345-6723"));
}

static void att_X_04__nobody_else_makes_it_show_a_code_or_change_its_key(void **state)
{
	static const char *const asked[] = { SHOW, "<newKey xmlns='urn:kith:presence:0'/>",
		"<listen xmlns='urn:kith:presence:0' seconds='600'/>" };
	char uri[4096];

	UNUSED(state);
	rig_enroll("");
	snprintf(uri, sizeof(uri), "%s", kith_thing_claim_uri(rig->thing));
	for (size_t i = 0; i < 3; i++) {
		rig_send("<iq type='set' id='x1' from='eve@home.example/x' to='%s'>%s</iq>",
		    rig->full, asked[i]);
		rig_expect("type=\"error\"", "id=\"x1\"");
	}
	assert_false(rig_said("ABCD-EFGH"));
	assert_string_equal(uri, kith_thing_claim_uri(rig->thing));
}

static void a_thing_whose_key_another_shows_makes_a_new_one_before_it_answers(void **state)
{
	char uri[4096];

	UNUSED(state);
	rig_enroll("");
	snprintf(uri, sizeof(uri), "%s", kith_thing_claim_uri(rig->thing));
	rig_send("<iq type='set' id='k1' from='" RIG_REGISTRY "' to='%s'>"
	    "<newKey xmlns='urn:kith:presence:0'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	rig_expect("type=\"result\"", "id=\"k1\"");
	assert_string_not_equal(uri, kith_thing_claim_uri(rig->thing));
}

static void an_owned_thing_keeps_its_key_whoever_shows_it(void **state)
{
	char *before, *after;

	UNUSED(state);
	rig_owned();
	before = get_file(rig->dir, "identity");
	rig_send("<iq type='set' id='k1' from='" RIG_REGISTRY "' to='%s'>"
	    "<newKey xmlns='urn:kith:presence:0'/></iq>", rig->full);
	rig_expect("type=\"result\"", "id=\"k1\"");
	after = get_file(rig->dir, "identity");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void a_new_key_is_shown_only_when_it_is_on_disk(void **state)
{
	UNUSED(state);
	rig_owned();
	block("identity", true);
	for (int i = 0; i < 2; i++) {
		rig_send("<iq type='set' id='d%d' from='" RIG_REGISTRY "' to='%s'>"
		    "<disowned xmlns='" X_DISCO "'/></iq>", i, rig->full);
		rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
		rig_expect_silence();
	}
	block("identity", false);
}

static void a_push_about_a_node_is_not_ours(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "' nodeId='n1'/></iq>", rig->full);
	rig_expect("type=\"error\"", "item-not-found");
}

/* ---- friends ------------------------------------------------------------ */

static void subscribe_from(const char *bare)
{
	rig_send("<presence type='subscribe' from='%s' to='%s'/>", bare, rig->full);
}

static void answer_friend(const char *q, const char *jid, bool yes)
{
	char payload[512];

	snprintf(payload, sizeof(payload), "<isFriendResponse xmlns='" X_PROV "' jid='%s' "
	    "result='%s'><lease xmlns='urn:kith:lease:0' revision='10' ttl='60000'/>"
	    "</isFriendResponse>", jid, yes ? "true" : "false");
	rig_answer(q, RIG_REGISTRY, payload);
}

static void the_owner_and_the_service_become_friends_without_a_question(void **state)
{
	UNUSED(state);
	rig_owned();
	subscribe_from(RIG_OWNER);
	rig_expect("type=\"subscribed\"", RIG_OWNER);
	rig_expect("type=\"subscribe\"", RIG_OWNER);
	subscribe_from(RIG_REGISTRY);
	rig_expect("type=\"subscribed\"", RIG_REGISTRY);
	rig_expect_silence();
}

static void others_become_friends_as_provisioning_says(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	subscribe_from("bob@home.example");
	q = rig_expect("<isFriend xmlns=\"" X_PROV "\"", "jid=\"bob@home.example\"", "type=\"get\"",
	    "urn:kith:lease:0");
	answer_friend(q, "bob@home.example", true);
	rig_expect("type=\"subscribed\"", "bob@home.example");
	subscribe_from("eve@home.example");
	answer_friend(rig_expect("isFriend", "eve@home.example"), "eve@home.example", false);
	rig_expect("type=\"unsubscribed\"", "eve@home.example");
}

/* ---- may it trust others? ---- */

static void asks_about(const char *from, const char *bare, const char *trust)
{
	char payload[512];
	const char *q;

	subscribe_from(bare);
	q = rig_expect("<isFriend xmlns=", bare);
	snprintf(payload, sizeof(payload), "<isFriendResponse xmlns='" X_PROV "' jid='%s' "
	    "result='false' secondaryTrustAllowed='%s'><lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='60000'/></isFriendResponse>", bare, trust);
	rig_answer(q, from, payload);
}

static void row_D17__delegated_trust_is_locked_by_the_first_answer(void **state)
{
	UNUSED(state);
	rig_owned();
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
	asks_about(RIG_REGISTRY, "a@home.example", "false");
	rig_expect("unsubscribed", "a@home.example");
	asks_about(RIG_REGISTRY, "b@home.example", "true");
	rig_expect("unsubscribed", "b@home.example");
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
}

static void row_D17__what_was_delegated_can_be_taken_back_but_not_given_again(void **state)
{
	UNUSED(state);
	rig_owned();
	asks_about(RIG_REGISTRY, "a@home.example", "true");
	rig_expect("unsubscribed", "a@home.example");
	assert_int_equal(kith_thing_delegates(rig->thing), 1);
	asks_about(RIG_REGISTRY, "b@home.example", "false");
	rig_expect("unsubscribed", "b@home.example");
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
	asks_about(RIG_REGISTRY, "c@home.example", "true");
	rig_expect("unsubscribed", "c@home.example");
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
}

static void what_was_delegated_is_kept_over_a_restart_and_ends_with_the_service(void **state)
{
	UNUSED(state);
	rig_owned();
	asks_about(RIG_REGISTRY, "a@home.example", "true");
	rig_expect("unsubscribed", "a@home.example");
	rig_stop();
	rig_start();
	assert_int_equal(kith_thing_delegates(rig->thing), 1);
	rig_stop();
	assert_int_equal(kith_thing_repin(rig->dir, NULL, 0), 0);
	rig_start();
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
}

static void att_P_08__delegation_by_anybody_else_is_not_heard(void **state)
{
	static const char yes[] = "<isFriendResponse xmlns='" X_PROV "' jid='a@home.example' "
	    "result='true' secondaryTrustAllowed='true'/>";
	char q[1024];

	UNUSED(state);
	rig_owned();
	subscribe_from("a@home.example");
	snprintf(q, sizeof(q), "%s", rig_expect("<isFriend xmlns=", "a@home.example"));
	rig_answer(q, "second.example", yes);
	rig_answer(q, RIG_OWNER, yes);
	rig_send("<message from='" RIG_REGISTRY "' to='%s'>%s</message>", rig->full, yes);
	rig_expect_silence();
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
	answer_friend(q, "a@home.example", false);
	rig_expect("unsubscribed", "a@home.example");
	assert_int_equal(kith_thing_delegates(rig->thing), 0);
}

/* ---- what it says of itself ---- */

static void a_registry_that_did_not_ask_hears_nothing_of_ours(void **state)
{
	UNUSED(state);
	rig_enroll("");
	assert_null(strstr(buf_str(&rig->sent), "urn:kith:thing:0"));
}

/* In static memory: the public key that the thing names. */
static const char *key_in(const char *stanza)
{
	static char key[64];
	const char *at = strstr(stanza, "continuity=\"");

	assert_non_null(at);
	at += strlen("continuity=\"");
	memcpy(key, at, 44);
	key[44] = '\0';
	return key;
}

static bool proof_is_good(const char *stanza, const char *nonce)
{
	static const char purpose[] = "kith continuity, form 1";
	uint8_t key[SIGN_KEY], proof[SIGN_BYTES];
	char bare[128];
	const char *at = strstr(stanza, "proof=\"");
	size_t len = strcspn(rig->full, "/");

	if (!at || len >= sizeof(bare))
		return false;
	memcpy(bare, rig->full, len);
	bare[len] = '\0';
	at += strlen("proof=\"");
	assert_int_equal(str_unbase64(proof, sizeof(proof), at, strcspn(at, "\"")), SIGN_BYTES);
	at = key_in(stanza);
	assert_int_equal(str_unbase64(key, sizeof(key), at, strlen(at)), SIGN_KEY);
	return sign_check(key, proof, (const struct secret_part[]){
	    { purpose, sizeof(purpose) - 1 }, { RIG_REGISTRY, strlen(RIG_REGISTRY) },
	    { bare, strlen(bare) }, { nonce, strlen(nonce) } }, 4);
}

static void it_proves_its_continuity_key_when_the_registry_asks(void **state)
{
	char key[64];
	const char *q;

	UNUSED(state);
	q = rig_reach_registry();
	snprintf(key, sizeof(key), "%s", key_in(q));
	assert_null(strstr(q, "proof="));
	rig_answer(q, RIG_REGISTRY, "<self xmlns='urn:kith:thing:0' epoch='1' nonce='Tm9uY2U='/>");
	do
		q = rig_next();
	while (*q && !strstr(q, "<register"));
	assert_non_null(strstr(q, "nonce=\"Tm9uY2U=\""));
	assert_string_equal(key_in(q), key);
	assert_true(proof_is_good(q, "Tm9uY2U="));
	assert_false(proof_is_good(q, "other"));
	/* The next one is another registration, and the nonce was for that one. */
	rig_answer(q, RIG_REGISTRY, "<self xmlns='urn:kith:thing:0' epoch='1'/>");
}

static void a_registry_cannot_make_it_sign_without_end(void **state)
{
	unsigned registers = 1;
	const char *q;

	UNUSED(state);
	q = rig_reach_registry();
	while (registers < 20) {
		rig_answer(q, RIG_REGISTRY,
		    "<self xmlns='urn:kith:thing:0' epoch='1' nonce='Tm9uY2U='/>");
		do
			q = rig_next();
		while (*q && !strstr(q, "<register"));
		if (!*q)
			break;
		registers++;
	}
	assert_int_equal(registers, 4);
}

static void it_states_whose_it_is_only_to_the_registry_that_said_so(void **state)
{
	const char *q;

	UNUSED(state);
	q = rig_reach_registry();
	assert_null(strstr(q, "epoch="));
	rig_answer(q, RIG_REGISTRY, "<claimed xmlns='urn:xmpp:iot:discovery' jid='" RIG_OWNER
	    "' public='false'><self xmlns='urn:kith:thing:0' epoch='7'/></claimed>");
	rig_stop();
	rig_start();
	rig_process();
	do
		q = rig_next();
	while (*q && !strstr(q, "roster"));
	rig_send("<iq type='result' id='%s' to='%s'><query xmlns='jabber:iq:roster'/></iq>",
	    rig_attr(q, "id"), rig->full);
	rig_expect("<register", "epoch=\"7\"", "owner=\"" RIG_OWNER "\"");
}

static void an_isFriend_answer_about_another_person_is_no_answer(void **state)
{
	UNUSED(state);
	rig_owned();
	subscribe_from("eve@home.example");
	answer_friend(rig_expect("isFriend"), "bob@home.example", true);
	rig_expect_silence();
}

static void an_error_accepts_and_refuses_nobody(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	subscribe_from("bob@home.example");
	q = rig_expect("isFriend");
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error type='wait'>"
	    "<remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(q, "id"), rig->full);
	rig_expect_silence();
}

static void att_D_12__a_flood_of_requests_keeps_the_newest_thirty_two(void **state)
{
	char bare[64];
	const char *q;

	UNUSED(state);
	rig_owned();
	for (int i = 0; i < 500; i++) {
		snprintf(bare, sizeof(bare), "s%d@home.example", i);
		subscribe_from(bare);
	}
	/* One question at a time; the first was asked at once and keeps its place. */
	q = kept(rig_expect("isFriend", "jid=\"s0@home.example\""));
	rig_expect_silence();
	answer_friend(q, "s0@home.example", false);
	rig_expect("unsubscribed", "s0@home.example");
	rig_expect("isFriend", "jid=\"s469@home.example\"");
}

static void a_friend_push_is_asked_about_and_then_offered(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><friend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", true);
	rig_expect("type=\"subscribe\"", "bob@home.example");
	rig_expect("<message", "<friend", "to=\"bob@home.example\"");
}

/* Said to who has not asked, "subscribed" lets him in for ever (RFC 6121 3.4). */
static void a_friend_hears_subscribed_only_when_he_asked(void **state)
{
	UNUSED(state);
	rig_owned();
	subscribe_from("bob@home.example");
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", true);
	rig_expect("type=\"subscribed\"", "bob@home.example");
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><friend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", true);
	rig_expect("type=\"subscribe\"", "bob@home.example");
	rig_expect("<message", "<friend", "to=\"bob@home.example\"");
	rig_expect_silence();
}

static void push_item(const char *bare, const char *more)
{
	rig_send("<iq type='set' id='p' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='%s' subscription='from' %s/></query></iq>", rig->full, bare, more);
}

static void whom_the_server_let_in_is_no_friend_until_he_was_asked_about(void **state)
{
	char q[2048];

	UNUSED(state);
	rig_owned();
	push_item("eve@home.example", "approved='true'");
	snprintf(q, sizeof(q), "%s", rig_expect("isFriend", "eve@home.example"));
	rig_expect("type=\"result\"", "id=\"p\"");
	assert_false(rig_said("{4 eve@home.example}"));
	rig_send("<message type='chat' from='eve@home.example/x' to='%s'><body>help</body></message>",
	    rig->full);
	rig_expect_silence();
	answer_friend(q, "eve@home.example", false);
	rig_expect("type=\"set\"", "jabber:iq:roster", "jid=\"eve@home.example\"",
	    "subscription=\"remove\"");
	rig_expect_silence();
}

/* Else our server would let him in again without a word to us. */
static void unfriend_takes_a_preapproval_with_it(void **state)
{
	UNUSED(state);
	rig_owned();
	push_item("bob@home.example", "approved='true'");
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", true);
	rig_expect("type=\"result\"", "id=\"p\"");
	assert_true(rig_said("{4 bob@home.example}"));
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><unfriend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	rig_expect("type=\"unsubscribed\"", "bob@home.example");
	rig_expect("type=\"unsubscribe\"", "bob@home.example");
	rig_expect("subscription=\"remove\"", "bob@home.example");
}

static void a_friend_push_that_provisioning_does_not_confirm_does_nothing(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><friend xmlns='" X_PROV "' "
	    "jid='eve@home.example'/></message>", rig->full);
	answer_friend(rig_expect("isFriend"), "eve@home.example", false);
	rig_expect_silence();
}

/* "friend" may follow a change: a lease from before it proves nothing. */
static void a_friend_push_is_not_answered_by_an_old_lease(void **state)
{
	UNUSED(state);
	rig_owned();
	subscribe_from("bob@home.example");
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", true);
	rig_expect("type=\"subscribed\"", "bob@home.example");
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><friend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	answer_friend(rig_expect("isFriend", "bob@home.example"), "bob@home.example", false);
	rig_expect_silence();
}

static void unfriend_narrows_at_once(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><unfriend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	rig_expect("type=\"unsubscribed\"", "bob@home.example");
	rig_expect("type=\"unsubscribe\"", "bob@home.example");
}

static void unfriend_beats_a_yes_that_is_on_its_way(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	subscribe_from("bob@home.example");
	q = kept(rig_expect("isFriend"));
	rig_send("<message from='" RIG_REGISTRY "' to='%s'><unfriend xmlns='" X_PROV "' "
	    "jid='bob@home.example'/></message>", rig->full);
	rig_expect("unsubscribed");
	rig_expect("unsubscribe");
	answer_friend(q, "bob@home.example", true);
	rig_expect("type=\"unsubscribed\"", "bob@home.example");
	rig_expect_silence();
}

static void roster_pushes_of_strangers_are_not_believed(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<iq type='set' id='p1' from='eve@home.example/x' to='%s'>"
	    "<query xmlns='jabber:iq:roster'><item jid='eve@home.example' subscription='both'/>"
	    "</query></iq>", rig->full);
	rig_expect("type=\"error\"");
	rig_send("<message type='chat' from='eve@home.example/x' to='%s'><body>read</body></message>",
	    rig->full);
	rig_expect_silence();
}

/* ---- reading ------------------------------------------------------------ */

static void read_from(const char *from, const char *payload)
{
	rig_send("<iq type='get' id='r1' from='%s' to='%s'>%s</iq>", from, rig->full, payload);
}

#define READ_ALL "<req xmlns='urn:xmpp:iot:sensordata' seqnr='7' momentary='true'/>"

static void answer_can_read(const char *q, const char *jid, const char *how, const char *lists)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<canReadResponse xmlns='" X_PROV "' jid='%s' "
	    "momentary='true' result='%s'>%s<lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='900000'/></canReadResponse>", jid, how, lists);
	rig_answer(q, RIG_REGISTRY, payload);
}

static void att_D_14__a_stranger_gets_service_unavailable_and_raises_no_question(void **state)
{
	UNUSED(state);
	rig_owned();
	read_from("eve@home.example/x", READ_ALL);
	rig_expect("type=\"error\"", "service-unavailable");
	rig_expect_silence();
	rig_send("<iq type='set' id='s1' from='eve@home.example/x' to='%s'>"
	    "<set xmlns='urn:xmpp:iot:control'><boolean name='led' value='true'/></set></iq>",
	    rig->full);
	rig_expect("type=\"error\"", "service-unavailable");
	rig_expect_silence();
	read_from("eve@home.example/x", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
	rig_expect("type=\"error\"", "service-unavailable");
	assert_int_equal(rig->reads + rig->led_writes, 0);
}

static void the_owner_reads_without_a_question(void **state)
{
	const char *s;

	UNUSED(state);
	rig_owned();
	read_from(RIG_OWNER "/x", READ_ALL);
	rig_expect("type=\"result\"", "<accepted", "seqnr=\"7\"");
	s = rig_expect("<message", "<fields", "done=\"true\"", "name=\"level\"", "value=\"2.5\"",
	    "unit=\"m\"", "name=\"secret\"");
	assert_null(strstr(s, "<int"));
	rig_expect_silence();
}

static void a_whole_number_is_said_as_numeric_and_int(void **state)
{
	UNUSED(state);
	rig_owned();
	rig->level = 3;
	read_from(RIG_OWNER "/x", READ_ALL);
	rig_expect("accepted");
	rig_expect("<numeric name=\"level\"", "<int name=\"level\"");
}

static void a_friend_reads_what_provisioning_allows_and_the_lease_saves_the_next_question(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	q = rig_expect("<canRead xmlns=\"" X_PROV "\"", "jid=\"bob@home.example\"",
	    "momentary=\"true\"", "lease");
	answer_can_read(q, "bob@home.example", "true", "");
	rig_expect("accepted");
	rig_expect("level", "secret");
	read_from("bob@home.example/x", READ_ALL);
	rig_expect("accepted");
	rig_expect("level", "secret");
	rig_expect_silence();
}

static void att_P_06__a_partial_grant_gives_only_what_it_lists(void **state)
{
	const char *s;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "<field name='level'/>");
	rig_expect("accepted");
	s = rig_expect("name=\"level\"");
	assert_null(strstr(s, "secret"));
	/* The narrow answer does not serve the wider or another question. */
	read_from("bob@home.example/x", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' "
	    "momentary='true'><field name='secret'/></req>");
	answer_can_read(rig_expect("canRead", "<field name=\"secret\"/>"), "bob@home.example",
	    "false", "");
	rig_expect("type=\"error\"", "forbidden");
}

static void a_grant_of_what_was_not_asked_grants_nothing(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' "
	    "momentary='true'><field name='level'/></req>");
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "<field name='other'/>");
	rig_expect("type=\"error\"", "forbidden");
	assert_int_equal(rig->reads, 0);
}

static void att_D_14__silence_of_the_authority_is_no_yes(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	q = rig_expect("canRead");
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error type='cancel'>"
	    "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(q, "id"), rig->full);
	rig_expect("type=\"error\"", "resource-constraint");
	assert_int_equal(rig->reads, 0);
	/* Nothing of that is kept. */
	read_from("bob@home.example/x", READ_ALL);
	rig_expect("canRead");
}

static void clear_cache(const char *attributes, const char *lease)
{
	rig_send("<iq type='set' id='cc' from='" RIG_REGISTRY "' to='%s'>"
	    "<clearCache xmlns='" X_PROV "'%s>%s</clearCache></iq>", rig->full, attributes, lease);
	rig_expect("type=\"result\"", "id=\"cc\"", "clearCacheResponse");
}

static void att_P_02__after_clearCache_every_friend_is_asked_about_anew(void **state)
{
	char *text;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	rig_expect("accepted");
	rig_expect("level");
	clear_cache("", "<lease xmlns='urn:kith:lease:0' floor='11'/>");
	text = get_file(rig->dir, "decisions");
	assert_non_null(strstr(text, "floor 11"));
	assert_null(strstr(text, "allow"));
	free(text);
	read_from("bob@home.example/x", READ_ALL);
	/* An answer from before the change is not believed, and asked again. */
	answer_can_read(rig_expect("canRead", "floor=\"11\""), "bob@home.example", "true", "");
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	rig_expect("type=\"error\"", "resource-constraint");
	assert_int_equal(rig->reads, 2);
}

static void att_P_02__a_readout_under_way_is_decided_again(void **state)
{
	struct kith_thing_value v = { .number = 9 };

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	rig->slow = true;
	read_from("bob@home.example/x", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' "
	    "momentary='true'><field name='level'/></req>");
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	rig_expect("accepted");
	clear_cache("", "");
	kith_thing_read_done(rig->thing, rig->ticket, KITH_THING_OK, &v);
	answer_can_read(rig_expect("canRead"), "bob@home.example", "false", "");
	assert_null(strstr(rig_expect("<fields", "done=\"true\""), "level"));
}

static void att_P_03__leases_from_before_a_login_count_only_after_the_service_was_heard(void **state)
{
	const char *s;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	rig_expect("accepted");
	rig_expect("level");
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'>"
	    "<item jid='bob@home.example' subscription='both'/></query>");
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	s = rig_next();
	while (!strstr(s, "urn:xmpp:ping"))
		s = rig_next();
	s = kept(s);
	read_from("bob@home.example/x", READ_ALL);
	answer_can_read(rig_expect("canRead"), "bob@home.example", "true", "");
	rig_expect("accepted");
	rig_expect("level");
	rig_answer(s, RIG_REGISTRY, "");
	read_from("bob@home.example/x", READ_ALL);
	rig_expect("accepted");		/* from the lease on disk */
	rig_expect("level");
	rig_expect_silence();
}

static void roster_shows(const char *bare, const char *subscription)
{
	rig_send("<iq type='set' id='ro' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='%s' subscription='%s'/></query></iq>", rig->full, bare, subscription);
	rig_expect("type=\"result\"", "id=\"ro\"");
}

/* As after a crash: whatever it had written last never left. */
static const char *comes_back_with(const char *bare, const char *subscription,
    const char *registered)
{
	char roster[256];

	rig_stop();
	rig_start();
	rig_process();
	snprintf(roster, sizeof(roster), "<query xmlns='jabber:iq:roster'><item jid='%s' "
	    "subscription='%s'/></query>", bare, subscription);
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", roster);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, registered);
	return rig_next();
}

/* The words that end his friendship were lost with the process that wrote them. */
static void att_C_13__a_former_owner_is_no_friend_even_if_it_is_killed_then(void **state)
{
	static const char next[] = "<claimed xmlns='" X_DISCO "' jid='next@home.example' "
	    "public='false'/>";
	const char *s;

	UNUSED(state);
	rig_owned();
	roster_shows(RIG_OWNER, "both");
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>%s</iq>", rig->full, next);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, next);
	rig_stop();
	rig_start();
	rig_process();
	rig_answer(rig_expect("jabber:iq:roster"), "home.example", "<query xmlns='jabber:iq:roster'>"
	    "<item jid='" RIG_OWNER "' subscription='both'/></query>");
	rig_expect("unsubscribed", RIG_OWNER);
	rig_expect("unsubscribe", RIG_OWNER);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, next);
	while (*rig_next())
		continue;
	roster_shows(RIG_OWNER, "none");
	/* The present owner may make him a friend again, and he stays one. */
	s = comes_back_with(RIG_OWNER, "both", next);
	for (; *s; s = rig_next())
		assert_null(strstr(s, "unsubscribe"));
}

static void att_C_13__an_owner_who_comes_back_is_asked_again_for_his_friendship(void **state)
{
	const char *s;

	UNUSED(state);
	rig_owned();
	roster_shows(RIG_OWNER, "both");
	rig_send("<iq type='set' id='d1' from='" RIG_REGISTRY "' to='%s'>"
	    "<disowned xmlns='" X_DISCO "'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	while (*(s = rig_next()) && !strstr(s, "<register"))
		continue;
	rig_answer(s, RIG_REGISTRY, "");
	while (*rig_next())
		continue;
	/* Our server is slow: it has not said yet that he is gone. */
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>%s</iq>", rig->full, CLAIMED);
	rig_answer(rig_expect("<register"), RIG_REGISTRY, CLAIMED);
	while (*(s = rig_next()) && !(strstr(s, "\"subscribe\"") && strstr(s, RIG_OWNER)))
		continue;
	assert_true(*s != '\0');
}

/* What was decided for one owner says nothing about the next one's wishes. */
static void att_P_02__the_leases_of_an_owner_end_with_him(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	read_from("bob@home.example/x", READ_ALL);
	answer_can_read(rig_expect("<canRead"), "bob@home.example", "true", "");
	rig_expect("accepted");
	rig_expect("level");
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'>"
	    "<claimed xmlns='" X_DISCO "' jid='next@home.example' public='false'/></iq>", rig->full);
	rig_answer(rig_expect("<register"), RIG_REGISTRY,
	    "<claimed xmlns='" X_DISCO "' jid='next@home.example' public='false'/>");
	while (*rig_next())
		continue;
	assert_string_equal(kith_thing_owner(rig->thing), "next@home.example");
	read_from("bob@home.example/x", READ_ALL);
	q = rig_expect("<canRead", "bob@home.example");
	answer_can_read(q, "bob@home.example", "false", "");
	rig_expect("type=\"error\"");
	rig_expect_silence();
}

static void unknown_fields_and_nodes_are_item_not_found(void **state)
{
	UNUSED(state);
	rig_owned();
	read_from(RIG_OWNER "/x", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' "
	    "momentary='true'><field name='none'/></req>");
	rig_expect("type=\"error\"", "item-not-found");
	read_from(RIG_OWNER "/x", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' "
	    "momentary='true'><node nodeId='n1'/></req>");
	rig_expect("type=\"error\"", "item-not-found");
}

static void a_reader_of_the_newer_names_is_answered_in_them(void **state)
{
	UNUSED(state);
	rig_owned();
	read_from(RIG_OWNER "/x", "<req xmlns='urn:nf:iot:sd:1.0' id='abc' m='true'/>");
	rig_expect("type=\"result\"", "urn:nf:iot:sd:1.0", "id=\"abc\"");
	rig_expect("<resp", "urn:nf:iot:sd:1.0", "level");
}

static void att_R__one_asker_has_at_most_four_readouts_at_once(void **state)
{
	UNUSED(state);
	rig_owned();
	rig->slow = true;
	for (int i = 0; i < 4; i++) {
		read_from(RIG_OWNER "/x", READ_ALL);
		rig_expect("accepted");
	}
	read_from(RIG_OWNER "/x", READ_ALL);
	rig_expect("type=\"error\"", "resource-constraint");
}

static void a_ticket_of_a_dropped_session_is_ignored(void **state)
{
	struct kith_thing_value v = { .number = 9 };

	UNUSED(state);
	rig_owned();
	rig->slow = true;
	read_from(RIG_OWNER "/x", READ_ALL);
	rig_expect("accepted");
	rig->ops->down(rig->ops_arg, CLIENT_LOST, "gone", 0);
	kith_thing_read_done(rig->thing, rig->ticket, KITH_THING_OK, &v);
	rig_process();
}

/* ---- control ------------------------------------------------------------ */

static void set_from(const char *from, const char *payload)
{
	rig_send("<iq type='set' id='s1' from='%s' to='%s'><set xmlns='urn:xmpp:iot:control'>%s"
	    "</set></iq>", from, rig->full, payload);
}

static void the_owner_controls_without_a_question(void **state)
{
	UNUSED(state);
	rig_owned();
	set_from(RIG_OWNER "/x", "<bool name='led' value='true'/>");
	rig_expect("type=\"result\"", "<setResponse", "urn:xmpp:iot:control");
	assert_true(rig->led);
	assert_int_equal(rig->led_writes, 1);
}

static void a_friend_controls_only_what_is_granted(void **state)
{
	const char *q;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	set_from("bob@home.example/x", "<boolean name='led' value='true'/>"
	    "<double name='dim light' value='5'/>");
	q = rig_expect("<canControl", "<parameter name=\"led\"/>", "<parameter name=\"dim light\"/>");
	rig_answer(q, RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV "' jid='bob@home.example' "
	    "result='true'><parameter name='led'/></canControlResponse>");
	rig_expect("type=\"error\"", "forbidden");
	assert_int_equal(rig->led_writes, 0);
}

static void wrong_values_are_refused_before_anybody_is_asked(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	set_from("bob@home.example/x", "<double name='dim light' value='101'/>");
	rig_expect("type=\"error\"", "bad-request");
	set_from("bob@home.example/x", "<string name='led' value='on'/>");
	rig_expect("type=\"error\"", "bad-request");
	set_from("bob@home.example/x", "<boolean name='none' value='true'/>");
	rig_expect("type=\"error\"", "item-not-found");
	assert_int_equal(rig->led_writes, 0);
}

static void a_control_message_is_obeyed_and_never_answered(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<message from='" RIG_OWNER "/x' to='%s'><set xmlns='urn:xmpp:iot:control'>"
	    "<boolean name='led' value='true'/></set></message>", rig->full);
	rig_expect_silence();
	assert_int_equal(rig->led_writes, 1);
}

/* ---- chat --------------------------------------------------------------- */

static void chat(const char *from, const char *line)
{
	rig_send("<message type='chat' from='%s' to='%s'><body>%s</body></message>", from,
	    rig->full, line);
}

static void a_control_message_that_waited_somewhere_is_not_obeyed(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<message from='" RIG_OWNER "/x' to='%s'><set xmlns='urn:xmpp:iot:control'>"
	    "<boolean name='led' value='true'/></set>"
	    "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>", rig->full);
	rig_expect_silence();
	assert_int_equal(rig->led_writes, 0);
}

static void the_owner_talks_to_the_thing(void **state)
{
	UNUSED(state);
	rig_owned();
	chat(RIG_OWNER "/x", "help");
	rig_expect("type=\"chat\"", "to=\"" RIG_OWNER "/x\"", "read", "level", "dim light",
	    "urn:kith:auto:0");
	chat(RIG_OWNER "/x", "Read Level");
	rig_expect("level: 2.5 m");
	chat(RIG_OWNER "/x", "read");
	rig_expect("level: 2.5 m\nsecret: sesame");
	chat(RIG_OWNER "/x", "set led on");
	rig_expect("led is now on");
	assert_true(rig->led);
	chat(RIG_OWNER "/x", "set dim light to 40");
	rig_expect("dim light is now 40");
	rig_expect_silence();
}

static void what_it_does_not_understand_it_says_helpfully(void **state)
{
	UNUSED(state);
	rig_owned();
	chat(RIG_OWNER "/x", "raed level");
	rig_expect("Did you mean");
	chat(RIG_OWNER "/x", "read temperatur");
	rig_expect("no field", "level, secret");
	chat(RIG_OWNER "/x", "set led perhaps");
	rig_expect("on or off");
	chat(RIG_OWNER "/x", "set dim light 101");
	rig_expect("0 to 100");
	chat(RIG_OWNER "/x", "set");
	rig_expect("set led on");
	assert_int_equal(rig->led_writes, 0);
}

static void a_friend_in_chat_is_decided_like_one_by_iq(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	chat("bob@home.example/x", "read level");
	answer_can_read(rig_expect("canRead", "<field name=\"level\"/>"), "bob@home.example", "true", "");
	rig_expect("level: 2.5 m");
	chat("bob@home.example/x", "read secret");
	answer_can_read(rig_expect("canRead", "secret"), "bob@home.example", "false", "");
	rig_expect("You may not read secret");
	chat("bob@home.example/x", "set led on");
	rig_answer(rig_expect("canControl"), RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV "' "
	    "jid='bob@home.example' result='false'/>");
	rig_expect("You may not set led");
	assert_int_equal(rig->led_writes, 0);
}

static void strangers_and_machines_hear_nothing_in_chat(void **state)
{
	UNUSED(state);
	rig_owned();
	chat("eve@home.example/x", "read");
	rig_expect_silence();
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>set led on</body>"
	    "<auto xmlns='urn:kith:auto:0'/></message>", rig->full);
	rig_expect_silence();
	rig_send("<message type='error' from='" RIG_OWNER "/x' to='%s'><body>set led on</body>"
	    "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	    "</message>", rig->full);
	rig_expect_silence();
	rig_send("<message type='groupchat' from='" RIG_OWNER "/x' to='%s'><body>set led on</body>"
	    "</message>", rig->full);
	rig_expect_silence();
	chat(RIG_REGISTRY, "set led on");
	rig_expect_silence();
	assert_int_equal(rig->led_writes, 0);
}

static void a_line_typed_long_ago_is_not_obeyed(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<message type='chat' from='" RIG_OWNER "/x' to='%s'><body>set led on</body>"
	    "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>", rig->full);
	rig_expect("Type it again");
	assert_int_equal(rig->led_writes, 0);
}

/* ---- life and death ----------------------------------------------------- */

static void a_silent_server_is_asked_for_a_sign_of_life(void **state)
{
	const char *ping;

	UNUSED(state);
	rig_owned();
	rig->silent_ms = 19000;
	rig_expect_silence();
	rig->silent_ms = 21000;
	ping = rig_expect("urn:xmpp:ping", "to=\"home.example\"");
	rig->silent_ms = 0;
	rig_answer(ping, "home.example", "");
	rig_expect_silence();
}

static void stopping_says_goodbye(void **state)
{
	UNUSED(state);
	rig_owned();
	kith_thing_stop(rig->thing);
	assert_non_null(strstr(buf_str(&rig->sent) + rig->read, "type=\"unavailable\""));
	assert_true(rig->closed);
	assert_int_equal(kith_thing_state(rig->thing), KITH_THING_STOPPED);
	assert_int_equal(kith_thing_timeout(rig->thing), -1);
}

static void att_D_08__a_reset_leaves_no_file(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_stop();
	put_file(rig->dir, "claim", "iotdisco:KEY=x\n", 0600);
	put_file(rig->dir, ".identity.new", "half", 0600);
	assert_int_equal(kith_thing_reset(rig->dir, NULL, 0), 0);
	assert_null(get_file(rig->dir, "identity"));
	assert_null(get_file(rig->dir, ".identity.new"));
	assert_null(get_file(rig->dir, "standing"));
	assert_null(get_file(rig->dir, "decisions"));
	assert_null(get_file(rig->dir, "claim"));
	rig_start();
}

static void every_file_of_the_state_folder_is_private(void **state)
{
	static const char *const names[] = { "identity", "standing", "decisions" };
	char path[8192];
	struct stat st;

	UNUSED(state);
	rig_owned();
	clear_cache("", "");
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)rig->dir, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void a_folder_of_another_domain_is_refused(void **state)
{
	struct kith_thing_conf conf = { .size = sizeof(conf), .domain = "other.example" };
	char why[256] = "";

	UNUSED(state);
	conf.state = rig->dir;
	assert_null(kith_thing_new(&conf, why, sizeof(why)));
	assert_non_null(strstr(why, "in use"));
	kith_thing_free(&rig->thing);
	assert_null(kith_thing_new(&conf, why, sizeof(why)));
	assert_non_null(strstr(why, "home.example"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_thing_registers_and_shows_a_claim_uri),
		T(the_account_is_on_disk_as_asked_before_the_broker_hears_of_it),
		T(what_is_registered_is_the_configured_tags_and_the_key),
		T(a_claimed_thing_serves_and_shows_no_uri),
		T(att_D_10__a_person_cannot_pose_as_registry),
		T(att_D_10__an_accepted_registry_is_not_changed_by_another),
		T(att_D_10__a_rogue_that_is_listed_first_is_not_even_asked),
		T(att_D_11__another_address_at_bind_is_not_used),
		T(an_answer_from_somebody_else_is_not_taken),
		T(a_disowned_thing_makes_a_new_key_before_it_registers_again),
		T(a_registry_that_lets_go_after_the_answer_is_asked_once_more),
		T(a_disowned_thing_changes_its_password_and_keeps_both_until_told),
		T(a_broker_that_keeps_the_password_is_an_alarm_and_no_loop),
		T(att_D_15__a_restart_asks_who_owns_it_before_it_serves),
		T(att_X_04__pushes_of_anybody_but_the_pinned_service_do_nothing),
		T(att_X_05__no_address_that_looks_like_the_service_is_it),
		T(a_press_opens_the_window_of_a_thing_that_has_one),
		T(a_claimed_push_is_only_a_reason_to_ask),
		T(a_push_during_a_pull_waits_for_the_next_pull),
		T(a_push_is_answered_only_when_the_owner_is_on_disk),
		T(a_new_key_is_shown_only_when_it_is_on_disk),
		T(a_push_about_a_node_is_not_ours),
		T(the_owner_and_the_service_become_friends_without_a_question),
		T(others_become_friends_as_provisioning_says),
		T(row_D17__delegated_trust_is_locked_by_the_first_answer),
		T(row_D17__what_was_delegated_can_be_taken_back_but_not_given_again),
		T(what_was_delegated_is_kept_over_a_restart_and_ends_with_the_service),
		T(att_P_08__delegation_by_anybody_else_is_not_heard),
		T(an_isFriend_answer_about_another_person_is_no_answer),
		T(an_error_accepts_and_refuses_nobody),
		T(att_D_12__a_flood_of_requests_keeps_the_newest_thirty_two),
		T(a_friend_push_is_asked_about_and_then_offered),
		T(a_friend_hears_subscribed_only_when_he_asked),
		T(whom_the_server_let_in_is_no_friend_until_he_was_asked_about),
		T(unfriend_takes_a_preapproval_with_it),
		T(a_friend_push_is_not_answered_by_an_old_lease),
		T(a_friend_push_that_provisioning_does_not_confirm_does_nothing),
		T(unfriend_narrows_at_once),
		T(unfriend_beats_a_yes_that_is_on_its_way),
		T(roster_pushes_of_strangers_are_not_believed),
		T(att_D_14__a_stranger_gets_service_unavailable_and_raises_no_question),
		T(the_owner_reads_without_a_question),
		T(a_whole_number_is_said_as_numeric_and_int),
		T(a_friend_reads_what_provisioning_allows_and_the_lease_saves_the_next_question),
		T(att_P_06__a_partial_grant_gives_only_what_it_lists),
		T(a_grant_of_what_was_not_asked_grants_nothing),
		T(att_D_14__silence_of_the_authority_is_no_yes),
		T(att_P_02__after_clearCache_every_friend_is_asked_about_anew),
		T(att_P_02__a_readout_under_way_is_decided_again),
		T(a_registry_that_did_not_ask_hears_nothing_of_ours),
		T(it_proves_its_continuity_key_when_the_registry_asks),
		T(a_registry_cannot_make_it_sign_without_end),
		T(it_states_whose_it_is_only_to_the_registry_that_said_so),
		T(att_P_03__leases_from_before_a_login_count_only_after_the_service_was_heard),
		T(att_C_13__a_former_owner_is_no_friend_even_if_it_is_killed_then),
		T(att_C_13__an_owner_who_comes_back_is_asked_again_for_his_friendship),
		T(att_P_02__the_leases_of_an_owner_end_with_him),
		T(unknown_fields_and_nodes_are_item_not_found),
		T(a_reader_of_the_newer_names_is_answered_in_them),
		T(att_R__one_asker_has_at_most_four_readouts_at_once),
		T(a_ticket_of_a_dropped_session_is_ignored),
		T(the_owner_controls_without_a_question),
		T(a_friend_controls_only_what_is_granted),
		T(wrong_values_are_refused_before_anybody_is_asked),
		T(a_control_message_is_obeyed_and_never_answered),
		T(a_control_message_that_waited_somewhere_is_not_obeyed),
		T(the_owner_talks_to_the_thing),
		T(what_it_does_not_understand_it_says_helpfully),
		T(a_friend_in_chat_is_decided_like_one_by_iq),
		T(strangers_and_machines_hear_nothing_in_chat),
		T(a_line_typed_long_ago_is_not_obeyed),
		T(a_silent_server_is_asked_for_a_sign_of_life),
		T(it_shows_a_code_when_its_registry_asks_and_until_it_has_an_owner),
		T(att_X_04__nobody_else_makes_it_show_a_code_or_change_its_key),
		T(a_thing_whose_key_another_shows_makes_a_new_one_before_it_answers),
		T(an_owned_thing_keeps_its_key_whoever_shows_it),
		T(stopping_says_goodbye),
		T(att_D_08__a_reset_leaves_no_file),
		T(every_file_of_the_state_folder_is_private),
		T(a_folder_of_another_domain_is_refused),
	};

	return cmocka_run_group_tests_name("thing", tests, NULL, NULL);
}
