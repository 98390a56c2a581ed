/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_test: rows of an operator's list and classes approved beforehand:
 * what they bring, what they must not, and that a second time changes nothing.
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "registry/approve.h"

#define LAMP "lamp1234567890@a.example"
#define FAN "fan12345678901@a.example"
#define DAY INT64_C(86400000)

/* ---- import ---- */

static void a_row_makes_a_thing_that_its_label_claims(void **state)
{
	struct hand *h = *state;

	has(operator(h, "import|jid=%s|str:SN=01|str:MAN=acme|str:MODEL=L1|"
	    "str:KEY=0123456789abcdef0123456789abcd01", LAMP), "0\nnew");
	owner_is(h, LAMP, NULL);
	has(claims(h, ALICE, "01"), "claimed");
	owner_is(h, LAMP, ALICE);
}

static void a_row_with_an_owner_gives_the_thing_once(void **state)
{
	struct hand *h = *state;
	const char *row = "import|jid=" LAMP "|owner=" ALICE "|name=lamp|num:V=1.20|str:SN=01";
	uint64_t epoch;

	has(operator(h, "%s", row), "0\nnew");
	owner_is(h, LAMP, ALICE);
	assert_string_equal(thing_at(h, LAMP)->name, "lamp");
	epoch = thing_at(h, LAMP)->epoch;
	has(operator(h, "%s", row), "0\nsame");
	assert_true(thing_at(h, LAMP)->epoch == epoch);
	has(operator(h, "import|jid=" LAMP "|owner=" ALICE "|name=hall"), "0\nchanged");
	assert_string_equal(thing_at(h, LAMP)->name, "hall");
	/* The thing learns it when it comes. */
	has(registers(h, LAMP, "01"), "claimed");
}

static void a_row_takes_nothing_from_anybody(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	claims(h, ALICE, "01");
	has(operator(h, "import|jid=" LAMP "|owner=" BOB), "belongs to somebody else");
	has(operator(h, "import|jid=" LAMP "|str:SN=02"), "it has an owner");
	owner_is(h, LAMP, ALICE);
	has(operator(h, "import|jid=x@other.example|str:SN=3"), "that domain");
	has(operator(h, "import|jid=" FAN "|owner=x@other.example|str:SN=3"), "may not own");
	has(operator(h, "import|jid=" FAN), "needs tags");
	has(operator(h, "import|jid=not an address@@|str:SN=3"), "2\n");
	has(operator(h, "import|owner=" ALICE), "2\n");
	has(operator(h, "import|jid=" FAN "|str:SN=3|str:sn=4"), "none twice");
	has(operator(h, "import|jid=" FAN "|num:V=many"), "no number");
	assert_null(thing_at(h, FAN));
}

static void two_things_of_one_owner_have_two_names(void **state)
{
	struct hand *h = *state;

	has(operator(h, "import|jid=" LAMP "|owner=" ALICE "|name=lamp|str:SN=1"), "new");
	has(operator(h, "import|jid=" FAN "|owner=" ALICE "|name=LAMP|str:SN=2"),
	    "another thing of that name");
	assert_null(thing_at(h, FAN));
}

static void a_trial_says_what_would_be_and_keeps_nothing(void **state)
{
	struct hand *h = *state;

	has(operator(h, "import|dry|jid=" LAMP "|owner=" ALICE "|name=lamp|str:SN=01"), "new");
	assert_null(thing_at(h, LAMP));
	assert_int_equal(ownership_count_of_owner(h->parts.ownership, ALICE), 0);
	has_not(buf_str(&h->out), ALICE);
	registers(h, FAN, "02");
	has(operator(h, "import|dry|owner=" ALICE "|claim=iotdisco:SN=02;MAN=acme;MODEL=L1;"
	    "KEY=0123456789abcdef0123456789abcd02"), "claimed");
	owner_is(h, FAN, NULL);
	has(claims(h, BOB, "02"), "claimed");
}

static void a_claim_text_claims_for_the_named_owner(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	has(operator(h, "import|owner=" ALICE "|claim=label: iotdisco:SN=01;MAN=acme;MODEL=L1;"
	    "KEY=0123456789abcdef0123456789abcd01"), "0\nclaimed");
	owner_is(h, LAMP, ALICE);
	/* again, as after an interruption */
	has(operator(h, "import|owner=" ALICE "|claim=iotdisco:SN=01;MAN=acme;MODEL=L1;"
	    "KEY=0123456789abcdef0123456789abcd01"), "0\nclaimed");
	has(operator(h, "import|owner=" BOB "|claim=iotdisco:SN=01;MAN=acme;MODEL=L1;"
	    "KEY=0123456789abcdef0123456789abcd01"), "2\n");
	has(operator(h, "import|owner=" BOB "|claim=hello"), "no claim text");
	owner_is(h, LAMP, ALICE);
}

static void what_was_exported_comes_in_again_unchanged(void **state)
{
	struct hand *h = *state;
	char row[2048];
	const char *at;

	operator(h, "import|jid=" LAMP "|owner=" ALICE "|name=my %%25 = lamp|str:SN=0%%091|num:V=3");
	at = strstr(operator(h, "export|things"), "#row\t");
	if (at == NULL)
		fail_msg("no row");
	has(buf_str(&h->told), "str:SN=0%091");
	has(buf_str(&h->told), "num:V=3");
	has_not(buf_str(&h->told), "KEY");
	at += strlen("#row\t");
	snprintf(row, sizeof(row), "import\t%.*s", (int)strcspn(at, "\n"), at);
	has(operator(h, "%s", row), "0\nsame");
}

static void rows_share_a_commit_and_each_has_its_answer(void **state)
{
	struct hand *h = *state;

	has(operator(h, "import|rows|jid=" LAMP "|str:SN=01|row|jid=" FAN "|row|jid=not an address@@"
	    "|row|jid=" FAN "|str:SN=02"), "0\nok new\nerror ");
	has(buf_str(&h->told), "needs tags");
	has(buf_str(&h->told), "\nok new\n");
	assert_int_equal(ownership_count(h->parts.ownership), 2);
	has(operator(h, "import|dry|rows|jid=x1234567890@a.example|str:SN=03|row|jid="
	    "x1234567890@a.example|str:SN=03"), "ok new\nok same");
	assert_int_equal(ownership_count(h->parts.ownership), 2);
	hand_restart(h);
	assert_int_equal(ownership_count(h->parts.ownership), 2);
}

/* ---- classes ---- */

#define CLASS "approve|add|class=lamps|man=acme|model=L1|owner=" ALICE "|cap=2|until=2030-01-01|"

static void what_was_approved_is_its_owners_when_it_registers(void **state)
{
	struct hand *h = *state;

	has(operator(h, CLASS "from=10|to=20"), "0\n");
	hand_restart(h);
	has(registers(h, LAMP, "15"), "<claimed");
	owner_is(h, LAMP, ALICE);
	site_turn(h->site);
	has(buf_str(&h->out), "approved for you");
	has(operator(h, "approve|list"), "used=1 of 2");
	/* Its label claims nothing any more, except for her again. */
	has(claims(h, BOB, "15"), "item-not-found");
	registers(h, FAN, "21");
	owner_is(h, FAN, NULL);
}

static void a_class_holds_its_cap_its_day_and_its_domain(void **state)
{
	struct hand *h = *state;

	has(operator(h, CLASS "from=10|to=99"), "0\n");
	registers(h, "t1@a.example", "11");
	registers(h, "t2@a.example", "12");
	registers(h, "t3@a.example", "13");
	owner_is(h, "t2@a.example", ALICE);
	owner_is(h, "t3@a.example", NULL);
	has(operator(h, "approve|remove|lamps"), "0\n");
	has(operator(h, "approve|remove|lamps"), "2\n");
	has(operator(h, CLASS "from=10|to=99"), "0\n");
	h->time.wall = INT64_C(1893456000000) + 1000 * 60;	/* 2030-01-01, which belongs to it */
	registers(h, "t4@a.example", "14");
	owner_is(h, "t4@a.example", ALICE);
	h->time.wall += DAY;
	registers(h, "t5@a.example", "15");
	owner_is(h, "t5@a.example", NULL);
	has(operator(h, CLASS "from=10|to=99"), "over");
}

static void one_serial_counts_once_and_its_twin_is_reported(void **state)
{
	struct hand *h = *state;

	has(operator(h, CLASS "from=10|to=99"), "0\n");
	registers(h, LAMP, "11");
	hand(h, "<iq type='set' from='" FAN "/r' to='" ME "' id='reg'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='11'/>"
	    "<str name='MAN' value='acme'/><str name='MODEL' value='L1'/>"
	    "<str name='KEY' value='ffffffffffffffffffffffffffffffff'/></register></iq>");
	owner_is(h, LAMP, ALICE);
	owner_is(h, FAN, NULL);
	site_turn(h->site);
	has(buf_str(&h->out), "may be a copy");
	/* Told once, as a twin of the class: the name of such a thing is no news. */
	has_not(buf_str(&h->out), "number of your thing");
	has(operator(h, "approve|list"), "used=1 of 2");
	has(operator(h, "approve|remove|lamps"), "0\n");
	hand(h, "<iq type='set' from='third@a.example/r' to='" ME "' id='reg'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='11'/>"
	    "<str name='MAN' value='acme'/><str name='MODEL' value='L1'/>"
	    "<str name='KEY' value='eeffffffffffffffffffffffffffffff'/></register></iq>");
	site_turn(h->site);
	has(buf_str(&h->out), "number of your thing");
	has(operator(h, CLASS "from=10|to=99"), "0\n");
}

static void what_is_held_is_approved_for_nobody(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "11");
	operator(h, "hold|" LAMP);
	has(operator(h, CLASS "from=10|to=99"), "0\n");
	registers(h, LAMP, "11");
	owner_is(h, LAMP, NULL);
}

static void a_class_brings_its_rule(void **state)
{
	struct hand *h = *state;

	has(operator(h, CLASS "from=10|to=99|rule=allow " BOB " to read of kitchen"),
	    "names one thing");
	has(operator(h, CLASS "from=10|to=99|rule=allow " BOB " to read of MODEL=L1"), "0\n");
	has(types(h, ALICE, "rules"), "no rules");
	registers(h, LAMP, "11");
	registers(h, FAN, "12");
	has(types(h, ALICE, "rules"), "MODEL=L1");
}

static void a_class_that_can_mean_nothing_is_refused(void **state)
{
	struct hand *h = *state;

	has(operator(h, CLASS "from=20|to=10"), "range");
	has(operator(h, CLASS "from=A1|to=A10"), "range");
	has(operator(h, CLASS "from=1|to=A1"), "range");
	has(operator(h, CLASS "from=1"), "2\n");
	has(operator(h, "approve|add|class=x|man=a|model=b|from=1|to=2|owner=x@other.example|"
	    "cap=1|until=2030-01-01"), "may not own");
	has(operator(h, "approve|add|class=x|man=a|model=b|from=1|to=2|owner=" ALICE
	    "|cap=0|until=2030-01-01"), "cap");
	has(operator(h, "approve|add|class=x|man=a|model=b|from=1|to=2|owner=" ALICE
	    "|cap=1|until=tomorrow-ish"), "until");
	assert_string_equal(operator(h, "approve|list"), "0\n");
}

static void serials_are_numbers_or_texts_of_one_length(void **state)
{
	(void)state;
	assert_true(approval_serial_in("7", "1", "10"));
	assert_true(approval_serial_in("007", "1", "10"));
	assert_false(approval_serial_in("11", "1", "10"));
	assert_false(approval_serial_in("7a", "1", "10"));
	assert_true(approval_serial_in("99999999999999999999999999", "1",
	    "99999999999999999999999999"));
	assert_false(approval_serial_in("100000000000000000000000000", "1",
	    "99999999999999999999999999"));
	assert_true(approval_serial_in("A-05", "A-01", "A-10"));
	assert_false(approval_serial_in("A-5", "A-01", "A-10"));
	assert_false(approval_serial_in("A-11", "A-01", "A-10"));
	assert_false(approval_serial_in("", "1", "10"));
	assert_false(approval_range_is_sound("", ""));
	assert_true(approval_range_is_sound("09", "10"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_row_makes_a_thing_that_its_label_claims),
		CASE(a_row_with_an_owner_gives_the_thing_once),
		CASE(a_row_takes_nothing_from_anybody),
		CASE(two_things_of_one_owner_have_two_names),
		CASE(a_trial_says_what_would_be_and_keeps_nothing),
		CASE(a_claim_text_claims_for_the_named_owner),
		CASE(what_was_exported_comes_in_again_unchanged),
		CASE(rows_share_a_commit_and_each_has_its_answer),
		CASE(what_was_approved_is_its_owners_when_it_registers),
		CASE(a_class_holds_its_cap_its_day_and_its_domain),
		CASE(one_serial_counts_once_and_its_twin_is_reported),
		CASE(what_is_held_is_approved_for_nobody),
		CASE(a_class_brings_its_rule),
		CASE(a_class_that_can_mean_nothing_is_refused),
		cmocka_unit_test(serials_are_numbers_or_texts_of_one_length),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
