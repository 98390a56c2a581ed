/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaving_test: a thing that is taken out of service, and what a reset leaves.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include <sys/stat.h>

#include "thing/departure.h"

static const char *receipt(void)
{
	static char text[4096];
	const char *at = strstr(buf_str(&rig->events), "kith receipt, form 1");
	const char *end = at ? strstr(at, "\n}") : NULL;

	assert_non_null(end);
	snprintf(text, sizeof(text), "%.*s\n", (int)(end - at), at);
	return text;
}

static void put_text(const char *dir, const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool has_file(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void row_D16__it_leaves_registry_and_broker_and_signs_what_is_gone(void **state)
{
	char key[IDENTITY_PUBLIC], changed[4096], q[2048];
	struct err e = ERR_INIT;

	UNUSED(state);
	rig_owned();
	put_text(rig->dir, "claim", "iotdisco:KEY=canary\n");
	put_text(rig->dir, ".identity.new", "kith-thing identity 1\npassword canary");
	put_text(rig->dir, "notes of somebody else", "stay");
	assert_int_equal(kith_thing_decommission(rig->thing), 0);
	assert_int_equal(kith_thing_decommission(rig->thing), -1);
	snprintf(q, sizeof(q), "%s", rig_expect("<unregister"));
	/* Nobody is served any more. */
	rig_send("<iq type='get' id='r1' from='" RIG_OWNER "/phone' to='%s'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>", rig->full);
	rig_expect_silence();
	rig_answer(q, RIG_REGISTRY, "");
	rig_expect("<message", "to=\"" RIG_OWNER "\"", "kith receipt, form 1",
	    "record at " RIG_REGISTRY ": forgotten", "account: deletion asked for", "signature ");
	rig_send("<iq type='result' id='%s'/>",
	    rig_attr(rig_expect("jabber:iq:register", "<remove"), "id"));
	rig_process();
	assert_int_equal(kith_thing_state(rig->thing), KITH_THING_STOPPED);
	assert_int_equal(departure_check(receipt(), key, &e), 0);
	assert_non_null(strstr(receipt(), "account: deleted"));
	assert_non_null(strstr(receipt(), "identity, keys, leases and history: wiped"));
	snprintf(changed, sizeof(changed), "%s", receipt());
	*strstr(changed, "deleted") = 'r';
	assert_int_equal(departure_check(changed, key, &e), -1);
	for (size_t i = 0; i < 4; i++)
		assert_false(has_file(rig->dir, ((const char *const[]){ "identity", "standing",
		    "claim", ".identity.new" })[i]));
	assert_true(has_file(rig->dir, "notes of somebody else"));
	rig_expect_silence();
}

static void row_D16__what_refuses_to_forget_it_is_named_in_the_receipt(void **state)
{
	char key[IDENTITY_PUBLIC];

	UNUSED(state);
	rig_owned();
	assert_int_equal(kith_thing_decommission(rig->thing), 0);
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "'><error type='wait'>"
	    "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(rig_expect("<unregister"), "id"));
	rig_expect("<message", "record at " RIG_REGISTRY ": resource-constraint");
	rig_send("<iq type='error' id='%s'><error type='cancel'>"
	    "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(rig_expect("<remove"), "id"));
	rig_process();
	assert_int_equal(departure_check(receipt(), key, NULL), 0);
	assert_non_null(strstr(receipt(), "account: not deleted: not-allowed"));
}

/* All there is to say when it goes on: the record, the receipt, the account. */
static void goes_on_to_the_end(void)
{
	rig_answer(rig_expect("<unregister"), RIG_REGISTRY, "");
	rig_expect("<message", "kith receipt, form 1", ": forgotten");
	rig_send("<iq type='result' id='%s'/>",
	    rig_attr(rig_expect("jabber:iq:register", "<remove"), "id"));
	rig_process();
	assert_int_equal(kith_thing_state(rig->thing), KITH_THING_STOPPED);
	assert_false(has_file(rig->dir, "identity"));
	assert_non_null(strstr(receipt(), "account: deleted"));
}

static void row_D16__when_the_stream_was_lost_it_goes_on_with_the_next_login(void **state)
{
	int64_t end = clock_boot(&clock_system) + 5000;

	UNUSED(state);
	rig_owned();
	assert_int_equal(kith_thing_decommission(rig->thing), 0);
	rig_expect("<unregister");
	rig->ops->down(rig->ops_arg, CLIENT_LOST, "gone", 0);
	rig->up = false;
	assert_int_not_equal(kith_thing_state(rig->thing), KITH_THING_STOPPED);
	assert_true(has_file(rig->dir, "identity"));
	while (!rig->up && clock_boot(&clock_system) < end)
		kith_thing_process(rig->thing);
	goes_on_to_the_end();
}

static void row_D16__when_the_power_was_lost_it_goes_on_and_is_nobodys_meanwhile(void **state)
{
	UNUSED(state);
	rig_owned();
	assert_int_equal(kith_thing_decommission(rig->thing), 0);
	rig_expect("<unregister");
	rig_stop();
	rig_start();
	rig_process();
	goes_on_to_the_end();	/* no <register> before it */
}

static void say(const char *who, const char *line)
{
	rig_send("<message type='chat' id='l1' from='%s/x' to='%s'><body>%s</body></message>", who,
	    rig->full, line);
}

static void row_D16__its_owner_orders_it_in_chat_with_the_code_of_the_moment(void **state)
{
	char line[64];
	const char *at;

	UNUSED(state);
	rig_owned();
	rig_befriend("bob@home.example");
	say("bob@home.example", "decommission");
	rig_expect("Only my owner takes me out of service.");
	say(RIG_OWNER, "decommission 12345678");
	rig_expect("There is no such code any more.");
	say(RIG_OWNER, "decommission");
	at = strstr(rig_expect("out of service for good", "send within 10 minutes: decommission "),
	    "minutes: ");
	snprintf(line, sizeof(line), "%.*s", (int)strlen("decommission 12345678"), at + 9);
	say("bob@home.example", line);
	rig_expect("Only my owner takes me out of service.");
	say(RIG_OWNER, "decommission nonsense");
	rig_expect("That is not the code I gave you");
	say(RIG_OWNER, line);
	rig_answer(rig_expect("<unregister"), RIG_REGISTRY, "");
	rig_expect("<message", "kith receipt, form 1", "re=\"l1\"");	/* it is the answer */
	rig_expect("<remove");
}

static void row_D16__a_code_is_good_for_three_tries_and_one_owner(void **state)
{
	char line[64];
	const char *at;

	UNUSED(state);
	rig_owned();
	say(RIG_OWNER, "decommission");
	at = strstr(rig_expect("send within 10 minutes: decommission "), "minutes: ");
	snprintf(line, sizeof(line), "%.*s", (int)strlen("decommission 12345678"), at + 9);
	for (int i = 0; i < 3; i++) {
		say(RIG_OWNER, "decommission nonsense");
		rig_expect("That is not the code I gave you");
	}
	say(RIG_OWNER, line);
	rig_expect("There is no such code any more.");
	rig_expect_silence();
}

static void att_D_08__a_reset_removes_every_file_it_ever_wrote(void **state)
{
	char why[256] = "", path[4096];

	UNUSED(state);
	rig_owned();
	rig_stop();
	put_text(rig->dir, "something-new", "kith-thing something-new 1\nend\n");
	snprintf(path, sizeof(path), "%s/history", (const char *)rig->dir);
	(void)mkdir(path, 0700);
	put_text(path, "0123", "values");
	put_text(rig->dir, "notes of somebody else", "stay");
	assert_int_equal(kith_thing_reset(rig->dir, why, sizeof(why)), 0);
	assert_false(has_file(rig->dir, "identity") || has_file(rig->dir, "standing") ||
	    has_file(rig->dir, "something-new") || has_file(rig->dir, "history"));
	assert_true(has_file(rig->dir, "notes of somebody else"));
}

static enum kith_thing_result write_leave(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(v);
	UNUSED(why);
	UNUSED(size);
	assert_int_equal(kith_thing_decommission(rig->thing), 0);
	return KITH_THING_OK;
}

/* "A callback may call everything but _process, _run and _free." */
static void row_D16__a_driver_may_order_it_while_it_works(void **state)
{
	struct kith_thing_control leave = { .size = sizeof(leave), .name = "leave",
		.type = KITH_THING_BOOLEAN, .write = write_leave };

	UNUSED(state);
	assert_int_equal(kith_thing_add_control(rig->thing, &leave), 0);
	rig_owned();
	rig_send("<iq type='set' id='s1' from='" RIG_OWNER "/x' to='%s'>"
	    "<set xmlns='urn:xmpp:iot:control'><boolean name='leave' value='true'/></set></iq>",
	    rig->full);
	rig_expect("type=\"result\"", "id=\"s1\"");
	rig_expect("<unregister");
	rig_expect_silence();
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(row_D16__it_leaves_registry_and_broker_and_signs_what_is_gone),
		T(row_D16__what_refuses_to_forget_it_is_named_in_the_receipt),
		T(row_D16__when_the_stream_was_lost_it_goes_on_with_the_next_login),
		T(row_D16__when_the_power_was_lost_it_goes_on_and_is_nobodys_meanwhile),
		T(row_D16__its_owner_orders_it_in_chat_with_the_code_of_the_moment),
		T(row_D16__a_code_is_good_for_three_tries_and_one_owner),
		T(att_D_08__a_reset_removes_every_file_it_ever_wrote),
		T(row_D16__a_driver_may_order_it_while_it_works),
	};

	return cmocka_run_group_tests_name("leaving", tests, NULL, NULL);
}
