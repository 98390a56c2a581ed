/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_test: what an operator types changes what owners and things find,
 * and nothing else does.
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "kithd/operate_job.h"

#define LAMP "lamp1234567890@a.example"
#define FAN "fan12345678901@a.example"
#define DAY INT64_C(86400000)

static void what_is_held_is_claimed_by_nobody(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	has(operator(h, "hold|%s", LAMP), "0\n");
	has(claims(h, ALICE, "01"), "item-not-found");
	owner_is(h, LAMP, NULL);
	hand_restart(h);
	has(claims(h, ALICE, "01"), "item-not-found");
	has(operator(h, "release|%s", LAMP), "0\n");
	has(claims(h, ALICE, "01"), "claimed");
	owner_is(h, LAMP, ALICE);
}

static const char *unregisters(struct hand *h, const char *thing)
{
	return hand(h, "<iq type='set' from='%s/r' to='" ME "' id='u'>"
	    "<unregister xmlns='urn:xmpp:iot:discovery'/></iq>", thing);
}

static void a_hold_is_not_shed_by_leaving_or_waiting(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	has(operator(h, "hold|%s", LAMP), "0\n");
	has(unregisters(h, LAMP), "result");
	registers(h, LAMP, "01");
	assert_int_equal(thing_at(h, LAMP)->hold, HOLD_OPERATOR);
	has(claims(h, ALICE, "01"), "item-not-found");
	unregisters(h, LAMP);
	h->time.wall += 40 * DAY;
	h->time.boot += 40 * DAY;
	site_tick(h->site);
	registers(h, LAMP, "01");
	has(claims(h, ALICE, "01"), "item-not-found");
	has(operator(h, "release|%s", LAMP), "0\n");
	has(claims(h, ALICE, "01"), "claimed");
}

static void what_is_held_for_somebody_is_claimed_by_him_alone(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	has(operator(h, "hold|lamp1234|for|%s", BOB), "0\n");
	has(claims(h, ALICE, "01"), "item-not-found");
	has(claims(h, BOB, "01"), "claimed");
	owner_is(h, LAMP, BOB);
}

static void what_is_owned_is_not_held(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	claims(h, ALICE, "01");
	has(operator(h, "hold|%s", LAMP), "2\n");
	assert_int_equal(thing_at(h, LAMP)->hold, HOLD_NONE);
}

static void a_name_must_mean_one_thing(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	registers(h, "lamp1234567891@a.example", "02");
	has(operator(h, "hold|lamp12345"), "several");
	has(operator(h, "hold|toaster"), "no thing");
	assert_int_equal(thing_at(h, LAMP)->hold, HOLD_NONE);
}

static void the_operator_takes_a_thing_and_both_are_told(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	claims(h, ALICE, "01");
	has(operator(h, "disown|%s", LAMP), "0\n");
	has(buf_str(&h->out), "taken");
	has(buf_str(&h->out), ALICE);
	has(buf_str(&h->out), "<disowned");
	owner_is(h, LAMP, NULL);
	/* It is spent, and it has not let go yet. */
	has(claims(h, ALICE, "01"), "item-not-found");
	has(operator(h, "disown|%s", LAMP), "2\n");
}

static void only_what_nobody_owns_and_is_old_expires(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	registers(h, FAN, "02");
	claims(h, ALICE, "02");
	h->time.wall += 10 * DAY;
	registers(h, "new12345678901@a.example", "03");
	has(operator(h, "expire|--dry-run|older-than|9d"), "1 thing would expire");
	assert_non_null(thing_at(h, LAMP));
	has(operator(h, "expire|older-than|11d"), "0 things expired");
	has(operator(h, "expire|older-than|9d"), "1 thing expired");
	assert_null(thing_at(h, LAMP));
	owner_is(h, FAN, ALICE);
	assert_non_null(thing_at(h, "new12345678901@a.example"));
	has(operator(h, "expire|%s", FAN), "2\n");
	has(operator(h, "expire|new12345678901"), "1 thing expired");
	has(operator(h, "expire"), "2\n");
}

static void a_long_expiry_is_cut_into_slices_that_answer_others(void **state)
{
	struct hand *h = *state;
	void *job = NULL;
	char jid[64], sn[16];

	for (int i = 0; i < 250; i++) {
		snprintf(jid, sizeof(jid), "t%012d@a.example", i);
		snprintf(sn, sizeof(sn), "%03d", i);
		registers(h, jid, sn);
	}
	h->time.wall += DAY;
	assert_false(operate(h->site, &job, "expire\tolder-than\t1h", &h->told));
	assert_false(operate(h->site, &job, NULL, &h->told));
	has(buf_str(&h->told), "#progress ");
	assert_int_equal(ownership_count(h->parts.ownership), 150);
	has(claims(h, ALICE, "007"), "claimed");
	while (!operate(h->site, &job, NULL, &h->told))
		continue;
	has(buf_str(&h->told), "249 things expired");
	owner_is(h, "t000000000007@a.example", ALICE);
}

static void a_client_that_leaves_ends_its_job(void **state)
{
	struct hand *h = *state;
	void *job = NULL;

	registers(h, LAMP, "01");
	assert_false(operate(h->site, &job, "backup", &h->told));
	assert_true(operate(h->site, &job, NULL, NULL));
	assert_null(job);
	/* place_remove() fails if the copy is still there. */
}

static void quotas_bind_one_address_or_a_domain(void **state)
{
	struct hand *h = *state;

	has(operator(h, "quota|set|%s|things_per_owner|1", ALICE), "0\n");
	registers(h, LAMP, "01");
	registers(h, FAN, "02");
	has(claims(h, ALICE, "01"), "claimed");
	has(claims(h, ALICE, "02"), "resource-constraint");
	owner_is(h, FAN, NULL);
	/* Again is not one more. */
	has(claims(h, ALICE, "01"), "claimed");
	hand_restart(h);
	has(operator(h, "quota|show"), ALICE "  things_per_owner=1");
	has(claims(h, ALICE, "02"), "resource-constraint");
	has(operator(h, "quota|unset|%s|things_per_owner", ALICE), "0\n");
	has(claims(h, ALICE, "02"), "claimed");
	has(operator(h, "quota|set|a.example|things_per_jid|0"), "0\n");
	has(registers(h, "x123@a.example", "03"), "resource-constraint");
	has(operator(h, "quota|set|x123@a.example|things_per_jid|1"), "0\n");
	has_not(registers(h, "x123@a.example", "03"), "resource-constraint");
	has(operator(h, "quota|set|x123@a.example|stars|1"), "2\n");
	has(operator(h, "quota|set|x123@a.example|things_per_jid|many"), "2\n");
}

static void an_act_that_the_store_refuses_changes_nothing(void **state)
{
	struct hand *h = *state;

	registers(h, LAMP, "01");
	MUST(store_begin(h->parts.store, &test_err));
	has(operator(h, "hold|%s", LAMP), "nothing was changed");
	store_rollback(h->parts.store);
	assert_int_equal(thing_at(h, LAMP)->hold, HOLD_NONE);
}

/* ---- backup ---- */

/* What kithctl would write. */
static void write_copy(const char *told, const char *path)
{
	static unsigned char bytes[512 * 1024];
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	for (const char *at = told; (at = strstr(at, "#data ")) != NULL; at++) {
		size_t len = strcspn(at + 6, "\n");
		long n = str_unbase64(bytes, sizeof(bytes), at + 6, len);

		assert_true(n > 0);
		assert_int_equal(fwrite(bytes, 1, (size_t)n, f), n);
	}
	assert_int_equal(fclose(f), 0);
}

static void a_backup_shows_one_moment_and_hinders_nobody(void **state)
{
	struct hand *h = *state;
	char path[128], url[144], jid[64], sn[16];
	struct ownership *copied = NULL;
	struct store *s;
	void *job = NULL;
	int64_t at;
	int i = 0;

	for (; i < 900; i++) {
		snprintf(jid, sizeof(jid), "t%012d@a.example", i);
		snprintf(sn, sizeof(sn), "%03d", i);
		registers(h, jid, sn);
	}
	buf_reset(&h->told);
	assert_false(operate(h->site, &job, "backup", &h->told));
	/* One thing registers in each slice. */
	while (!operate(h->site, &job, NULL, &h->told)) {
		snprintf(sn, sizeof(sn), "%03d", i);
		snprintf(jid, sizeof(jid), "t%012d@a.example", i++);
		registers(h, jid, sn);
	}
	assert_true(i > 902);
	snprintf(path, sizeof(path), "%s/copy", h->place.dir);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	write_copy(buf_str(&h->told), path);
	s = open_store(url);
	MUST(store_integrity(s, &test_err));
	assert_int_equal(store_get_int(s, "backup_ms", &at, &test_err), 1);
	assert_true(at == h->time.wall);
	MUST(ownership_open(&copied, s, &test_err));
	assert_true(ownership_count(copied) >= 900);
	assert_true(ownership_count(copied) <= ownership_count(h->parts.ownership));
	ownership_close(&copied);
	store_close(&s);
	unlink(path);
}

static void the_key_itself_never_passes_the_socket(void **state)
{
	struct hand *h = *state;

	has(operator(h, "backup|key"), "0\n/");
	has(buf_str(&h->told), h->conf.hash_key_file);
	has_not(buf_str(&h->told), "09090909");
	has_not(operator(h, "backup"), "09090909");
	has(operator(h, "backup|everything"), "2\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_held_is_claimed_by_nobody),
		CASE(a_hold_is_not_shed_by_leaving_or_waiting),
		CASE(what_is_held_for_somebody_is_claimed_by_him_alone),
		CASE(what_is_owned_is_not_held),
		CASE(a_name_must_mean_one_thing),
		CASE(the_operator_takes_a_thing_and_both_are_told),
		CASE(only_what_nobody_owns_and_is_old_expires),
		CASE(a_long_expiry_is_cut_into_slices_that_answer_others),
		CASE(a_client_that_leaves_ends_its_job),
		CASE(quotas_bind_one_address_or_a_domain),
		CASE(an_act_that_the_store_refuses_changes_nothing),
		CASE(a_backup_shows_one_moment_and_hinders_nobody),
		CASE(the_key_itself_never_passes_the_socket),
	};

	return cmocka_run_group_tests_name("operate", tests, NULL, NULL);
}
