/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_policy_test: the operator's policy and roles through the control
 * socket, on the real roles: words, versions, alarms, and what follows.
 */
#include "config.h"

#include <sys/stat.h>

#include "tests/unit/operate_support.h"

#include "common/base/log.h"
#include "common/store/audit.h"
#include "common/store/debt.h"
#include "kithd/report.h"
#include "provisioning/operator_policy.h"
#include "provisioning/serve.h"

#define THING "lamp@a.example"


static void write_policy(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, 0600), 0);
}

static const char *file_of(const struct hand *h)
{
	static char file[128];

	snprintf(file, sizeof(file), "%s/policy", h->place.dir);
	return file;
}

/* A site with [provisioning] policy_file, beside settings called DIR/conf. */
static int set_up(void **state)
{
	struct hand *h;
	char name[128], text[512];

	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(hand_set_up(state), 0);
	h = *state;
	site_close(&h->site);
	kithd_conf_free(&h->conf);
	snprintf(name, sizeof(name), "%s/conf", h->place.dir);
	snprintf(text, sizeof(text), "[component]\njid = " ME "\nsecret_file = x\n[store]\nurl = "
	    "%s\n[provisioning]\npolicy_file = policy\n", h->place.url);
	MUST(kithd_conf_parse(&h->conf, name, text, &test_err));
	write_policy(file_of(h), "deny *@evil.example everything\nend\n");
	hand_open(h);
	operate_policy_read(h->site, "start");
	return 0;
}

static int tear_down(void **state)
{
	struct hand *h = *state;

	unlink(file_of(h));
	return hand_tear_down(state);
}

static const char *looks(struct hand *h, const char *words)
{
	char line[256];
	void *job = NULL;
	bool complete;

	snprintf(line, sizeof(line), "%s", words);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '|')
			*c = '\t';
	buf_reset(&h->told);
	site_parts(h->site, &h->parts);
	complete = report(&h->parts, &job, line, &h->told);
	while (!complete)
		complete = report(&h->parts, &job, NULL, &h->told);
	return buf_str(&h->told);
}

static const char *loads(struct hand *h, const char *text)
{
	struct buf line;
	const char *said;

	buf_init(&line, 64 * 1024);
	str_base64(&line, text, strlen(text));
	said = operator(h, "policy|load|text|%s", buf_str(&line));
	buf_fini(&line);
	return said;
}

/* A thing of Alice's that asked once, so that it is owed what changes. */
static void has_asked(struct hand *h)
{
	registers(h, THING, "1");
	claims(h, ALICE, "1");
	hand(h, "<iq type='get' from='" THING "/r' to='" ME "' id='q'><isFriend "
	    "xmlns='urn:xmpp:iot:provisioning' jid='" BOB "'><lease xmlns='urn:kith:lease:0' "
	    "floor='0' limits='true'/></isFriend></iq>");
}

static uint64_t floor_of(struct hand *h)
{
	const struct debt *d;

	for (size_t i = 0; (d = debt_at(h->parts.debts, i)) != NULL; i++)
		if (d->kind == DEBT_FLOOR && strcmp(d->peer, THING) == 0)
			return d->number;
	return 0;
}

static void the_file_is_read_at_the_start_and_listed(void **state)
{
	struct hand *h = *state;
	const char *said = looks(h, "policy|versions");

	has(said, "0\n");
	has(said, "by=start");
	has(said, "in_force=true");
	has_not(said, "ALARM");
	has(looks(h, "json|policy|versions"), "\"version\":1");
	has(looks(h, "policy|show|1"), "#=deny *@evil.example everything\n#=end\n");
	has(looks(h, "policy|show|2"), "2\n");
	has(looks(h, "stats"), "policy_version 1\n");
	has(looks(h, "stats"), "policy_alarm 0\n");
}

static void att_P_18__a_broken_file_at_a_reload_is_an_alarm_and_no_change(void **state)
{
	struct hand *h = *state;

	write_policy(file_of(h), "allow anyone to read every");
	operate_policy_read(h->site, "SIGHUP");
	has(looks(h, "policy|versions"), "ALARM 20");
	has(looks(h, "policy|versions"), "the last good version stays in force");
	has(looks(h, "stats"), "policy_alarm 1\n");
	has(operator(h, "policy|load"), "2\nnot taken: ");
	write_policy(file_of(h), "deny *@evil.example everything\n# more\nend\n");
	has(operator(h, "policy|load"), "0\npolicy version 2, 1 rules");
	has_not(looks(h, "policy|versions"), "ALARM");
	has(looks(h, "stats"), "policy_alarm 0\n");
}

static void att_P_18__a_start_without_any_policy_says_closed(void **state)
{
	struct hand *h = *state;

	site_close(&h->site);
	unlink(h->place.path);
	unlink(file_of(h));
	hand_open(h);
	operate_policy_read(h->site, "start");
	has(looks(h, "policy|versions"), "nobody but owners may do anything");
	has(looks(h, "stats"), "policy_closed 1\n");
	has(loads(h, "end\n"), "0\npolicy version 1, 0 rules");
	has(looks(h, "stats"), "policy_closed 0\n");
}

static void a_text_is_loaded_compared_and_rolled_back(void **state)
{
	struct hand *h = *state;
	const char *said;

	has(loads(h, "allow bob@b.example to read everything of lamp\n"), "2\nnot taken: ");
	has(loads(h, "deny *@evil.example everything\nend\n"), "0\nnothing changes");
	has(loads(h, "deny *@evil.example everything\ndeny *@bad.example everything\nend\n"),
	    "0\npolicy version 2, 2 rules");
	said = looks(h, "policy|diff|1|2");
	has(said, "1\n+ deny *@bad.example everything");
	has_not(said, "evil");
	has(looks(h, "policy|diff|2|2"), "0\n");
	has(operator(h, "policy|rollback|9"), "2\n");
	has(operator(h, "policy|rollback|1"), "0\npolicy version 3, 1 rules");
	has(looks(h, "policy|diff|1|3"), "0\n");
	has(looks(h, "policy|versions"), "kithctl rollback 1");
}

static void a_zone_that_is_not_there_is_a_mistake(void **state)
{
	struct hand *h = *state;

	has(loads(h, "deny anyone everything daily 22:00-06:00 in Europe/Nowhere\nend\n"),
	    "there is no time zone 'Europe/Nowhere'");
	has(loads(h, "deny anyone everything daily 22:00-06:00 in Europe/Berlin\nend\n"), "0\n");
}

static void sets_are_owners_and_not_for_the_operator(void **state)
{
	struct hand *h = *state;

	has(loads(h, "deny anyone to read everything of set garden\nend\n"),
	    "2\nnot taken: rule 1: a set belongs to an owner");
}

static void row_P10__the_rule_of_a_class_is_in_the_whole_language(void **state)
{
	static const char *const lines[] = {
		"allow role family to control \"level\" from 0 to 50 of class=lamp on mon-fri in "
		    "Europe/Berlin", "touch for control everything of *",
		"allow anyone to read \"temp\" of room=kitchen and V>=2 only momentary",
	};
	struct hand *h = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		has(operator(h, "approve|add|class=c%zu|man=acme|model=L1|from=%zu0|to=%zu9|owner=" ALICE
		    "|cap=5|until=2027-12-31|rule=%s", i, i, i, lines[i]), "0\n");
	has(operator(h, "approve|add|class=x|man=acme|model=L2|from=1|to=9|owner=" ALICE
	    "|cap=5|until=2027-12-31|rule=allow anyone to read everything of lamp"), "2\n");
	registers(h, THING, "11");
	owner_is(h, THING, ALICE);
	has(looks(h, "rules|" ALICE), "touch for control everything");
}

static void a_change_is_noted_and_owed_to_whoever_asked(void **state)
{
	struct hand *h = *state;
	uint64_t before, after;

	has_asked(h);
	before = floor_of(h);
	loads(h, "end\n");
	after = floor_of(h);
	assert_true(after > before);
	has(looks(h, "audit|--limit|5"), "policy version 2, 0 rules");
	/* Equal once more: nothing is owed for it. */
	loads(h, "end\n");
	assert_int_equal(floor_of(h), after);
}

static const char *tries(struct hand *h, const char *text)
{
	struct buf line;
	const char *said;

	buf_init(&line, 64 * 1024);
	str_base64(&line, text, strlen(text));
	said = operator(h, "policy|what-if|text|%s", buf_str(&line));
	buf_fini(&line);
	return said;
}

static void what_if_lists_what_another_policy_would_change_and_changes_nothing(void **state)
{
	struct hand *h = *state;
	const char *said;

	has_asked(h);
	types(h, ALICE, "name 1 lamp");
	types(h, ALICE, "allow " BOB " to read everything of lamp");
	said = tries(h, "deny *@evil.example everything\ndeny " BOB " to read everything of " THING
	    "\nend\n");
	has(said, BOB " read \"lamp\": allow now, deny then");
	has(said, "1 decision would be another");
	has(tries(h, "deny *@evil.example everything\nend\n"), "nothing would change");
	has(tries(h, "deny *@evil"), "2\n");
	/* A domain nobody is of yet. */
	types(h, ALICE, "allow *@a.example to control everything of lamp");
	said = tries(h, "deny *@a.example to control everything of *\nend\n");
	has(said, "somebody@a.example control \"lamp\": allow now, deny then");
	/* It was no change. */
	has(looks(h, "policy|versions"), "0\n1  at=");
	has(looks(h, "policy|ask|" BOB "|read|lamp"), "0\nallow\n");
}

static void ask_names_rule_revision_lease_and_who_decided(void **state)
{
	struct hand *h = *state;
	const char *said;

	has_asked(h);
	types(h, ALICE, "name 1 lamp");
	types(h, ALICE, "allow " BOB " to read everything of lamp lease 5m");
	types(h, ALICE, "allow " BOB " to control \"level\" from 0 to 50 of lamp");
	said = looks(h, "policy|ask|" BOB "|read|lamp");
	has(said, "0\nallow\n");
	has(said, "rule 1, revision ");
	has(said, "lease 300 s, decided by " ALICE);
	has(looks(h, "policy|ask|" BOB "|control|lamp|level|20"), "0\nallow\n");
	said = looks(h, "policy|ask|" BOB "|control|lamp|level|60");
	has(said, "1\ndeny\n");
	has(said, "but not this value");
	has(looks(h, "policy|ask|carol@a.example|read|lamp"), "1\nask (deny until answered)\n");
	has(loads(h, "deny " BOB " to read everything of " THING "\nend\n"), "0\n");
	said = looks(h, "policy|ask|" BOB "|read|lamp");
	has(said, "1\ndeny\n");
	has(said, "decided by the operator's policy, version 2");
	has(looks(h, "json|policy|ask|" BOB "|read|lamp"), "\"decider\":\"the operator's policy");
	/* His owner reads the same. */
	has(types(h, ALICE, "why lamp " BOB " read"), "operator's policy, version 2");
	has(looks(h, "policy|ask|" ALICE "|read|lamp"), "0\nallow\n");
	has(looks(h, "policy|ask|" BOB "|fly|lamp"), "2\n");
}

static void roles_are_given_listed_and_taken(void **state)
{
	struct hand *h = *state;

	has(operator(h, "role|add|family|bob@a.example"), "0\n" BOB " has the role family");
	has(operator(h, "role|add|family|bob@a.example"), "0\n" BOB " has the role already: family");
	has(operator(h, "role|add|family|Carol@A.example/phone"), "has the role family");
	has(operator(h, "role|add|two words|bob@a.example"), "2\n");
	has(operator(h, "role|add|family|@@"), "2\n");
	has(looks(h, "role|list"), "carol@a.example");
	has(looks(h, "dump|--canonical"), "role \"family\" \"carol@a.example\"\n");
	has(looks(h, "dump|--canonical"), "policy 8ec75a32");
	has(looks(h, "role|list|cook"), "0\n");
	has_not(looks(h, "role|list|cook"), "family");
	has(looks(h, "json|role|list|family"), "\"jid\":\"" BOB "\"");
	has(operator(h, "role|remove|family|bob@a.example"), "no longer has the role family");
	has_not(looks(h, "role|list"), BOB);
	has(looks(h, "audit|--limit|9"), "role family taken");
	hand_restart(h);
	has(looks(h, "role|list"), "carol@a.example");
}

static void a_site_without_policy_file_says_how_to_have_one(void **state)
{
	struct hand *h = *state;

	has(looks(h, "policy|versions"), "2\n");
	has(looks(h, "policy|versions"), "policy_file");
	has(operator(h, "policy|load"), "policy_file");
	has(operator(h, "policy|rollback|1"), "policy_file");
	has(looks(h, "stats"), "policy_version 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_file_is_read_at_the_start_and_listed, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    att_P_18__a_broken_file_at_a_reload_is_an_alarm_and_no_change, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    att_P_18__a_start_without_any_policy_says_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_text_is_loaded_compared_and_rolled_back, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_zone_that_is_not_there_is_a_mistake, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(sets_are_owners_and_not_for_the_operator, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    row_P10__the_rule_of_a_class_is_in_the_whole_language, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_is_noted_and_owed_to_whoever_asked,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_if_lists_what_another_policy_would_change_and_changes_nothing, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(ask_names_rule_revision_lease_and_who_decided,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(roles_are_given_listed_and_taken, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_site_without_policy_file_says_how_to_have_one,
		    hand_set_up, hand_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
