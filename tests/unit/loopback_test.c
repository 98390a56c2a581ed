/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback_test: a maker's test of a device, against libkith-loopback and nothing
 * else of ours; what is tested here is the loopback itself.
 */
#include "config.h"

#include "thing/loopback.h"

#include "tests/unit/thing_support.h"

#define OWNER "owner@home.example"
#define BOB "bob@home.example"

struct device {
	void *dir;
	struct kith_loopback *lb;
	struct kith_thing *thing;
	double temperature;
	bool lit;
	unsigned reads;
};

static enum kith_thing_result read_temperature(void *arg, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct device *d = arg;

	UNUSED(ticket);
	d->reads++;
	v->number = d->temperature;
	return KITH_THING_OK;
}

static enum kith_thing_result switch_lamp(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	struct device *d = arg;

	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	d->lit = v->boolean;
	return KITH_THING_OK;
}

static void power_on(struct device *d)
{
	static const struct kith_thing_tag tags[] = { { "SN", "1", 0 } };
	struct kith_thing_conf conf = { .size = sizeof(conf), .state = d->dir, .tags = tags,
		.n_tags = 1 };
	struct kith_thing_field temperature = { .size = sizeof(temperature),
		.name = "temperature", .unit = "C", .type = KITH_THING_NUMERIC,
		.read = read_temperature, .arg = d };
	struct kith_thing_control lamp = { .size = sizeof(lamp), .name = "lamp",
		.type = KITH_THING_BOOLEAN, .write = switch_lamp, .arg = d };
	char why[256] = "";

	d->thing = kith_loopback_thing(d->lb, &conf, why, sizeof(why));
	if (!d->thing)
		fail_msg("%s", why);
	assert_int_equal(kith_thing_add_field(d->thing, &temperature), 0);
	assert_int_equal(kith_thing_add_control(d->thing, &lamp), 0);
	kith_loopback_run(d->lb, d->thing);
}

static int setup(void **state)
{
	struct device *d = calloc(1, sizeof(*d));

	*state = d;
	if (!d || folder_setup(&d->dir) < 0)
		return -1;
	d->temperature = 21.5;
	d->lb = kith_loopback_new("home.example");
	power_on(d);
	return 0;
}

static int teardown(void **state)
{
	struct device *d = *state;

	kith_thing_free(&d->thing);
	kith_loopback_free(&d->lb);
	folder_teardown(&d->dir);
	free(d);
	return 0;
}

static void row_V11__a_device_is_claimed_read_and_set_without_a_broker(void **state)
{
	struct device *d = *state;

	assert_int_equal(kith_thing_state(d->thing), KITH_THING_UNCLAIMED);
	assert_int_equal(kith_loopback_claim(d->lb, d->thing, OWNER), 0);
	assert_int_equal(kith_thing_state(d->thing), KITH_THING_SERVING);
	assert_string_equal(kith_thing_owner(d->thing), OWNER);
	assert_string_equal(kith_loopback_read(d->lb, d->thing, OWNER, "temperature"), "21.5 C");
	assert_int_equal(kith_loopback_set(d->lb, d->thing, OWNER, KITH_THING_BOOLEAN, "lamp",
	    "true"), 0);
	assert_true(d->lit);
	assert_int_equal(kith_loopback_questions(d->lb), 0);
	assert_int_equal(kith_loopback_claim(d->lb, d->thing, BOB), -1);
}

static void strangers_get_nothing_and_friends_what_rules_allow(void **state)
{
	struct device *d = *state;

	assert_int_equal(kith_loopback_claim(d->lb, d->thing, OWNER), 0);
	assert_null(kith_loopback_read(d->lb, d->thing, BOB, "temperature"));
	assert_string_equal(kith_loopback_why(d->lb), "service-unavailable");
	assert_int_equal(kith_loopback_befriend(d->lb, d->thing, BOB), -1);
	assert_int_equal(kith_loopback_allow(d->lb, BOB, "befriend", NULL), 0);
	assert_int_equal(kith_loopback_allow(d->lb, BOB, "read", "temperature"), 0);
	kith_loopback_recall(d->lb, d->thing);
	assert_int_equal(kith_loopback_befriend(d->lb, d->thing, BOB), 0);
	assert_string_equal(kith_loopback_read(d->lb, d->thing, BOB, "temperature"), "21.5 C");
	assert_int_equal(kith_loopback_set(d->lb, d->thing, BOB, KITH_THING_BOOLEAN, "lamp",
	    "true"), -1);
	assert_string_equal(kith_loopback_why(d->lb), "forbidden");
	assert_false(d->lit);
}

static void what_was_allowed_is_kept_and_can_be_recalled(void **state)
{
	struct device *d = *state;
	unsigned asked;

	kith_loopback_claim(d->lb, d->thing, OWNER);
	kith_loopback_allow(d->lb, BOB, "befriend", NULL);
	kith_loopback_allow(d->lb, BOB, "read", NULL);
	assert_int_equal(kith_loopback_befriend(d->lb, d->thing, BOB), 0);
	assert_non_null(kith_loopback_read(d->lb, d->thing, BOB, "temperature"));
	asked = kith_loopback_questions(d->lb);
	assert_non_null(kith_loopback_read(d->lb, d->thing, BOB, "temperature"));
	assert_int_equal(kith_loopback_questions(d->lb), asked);
	kith_loopback_deny(d->lb, BOB, "read", NULL);
	kith_loopback_recall(d->lb, d->thing);
	assert_null(kith_loopback_read(d->lb, d->thing, BOB, "temperature"));
	assert_string_equal(kith_loopback_why(d->lb), "forbidden");
}

static void friends_chat_with_it(void **state)
{
	struct device *d = *state;

	kith_loopback_claim(d->lb, d->thing, OWNER);
	assert_non_null(strstr(kith_loopback_chat(d->lb, d->thing, OWNER, "read temperature"),
	    "21.5"));
	assert_string_equal(kith_loopback_chat(d->lb, d->thing, BOB, "read temperature"), "");
}

static void a_cut_connection_and_refused_logins_are_lived_through(void **state)
{
	struct device *d = *state;

	kith_loopback_claim(d->lb, d->thing, OWNER);
	kith_loopback_refuse(d->lb, 3);
	kith_loopback_cut(d->lb, d->thing);
	assert_int_not_equal(kith_thing_state(d->thing), KITH_THING_SERVING);
	for (int i = 0; i < 60 && kith_thing_state(d->thing) != KITH_THING_SERVING; i++)
		kith_loopback_advance(d->lb, d->thing, 60000);
	assert_int_equal(kith_thing_state(d->thing), KITH_THING_SERVING);
	assert_non_null(kith_loopback_read(d->lb, d->thing, OWNER, "temperature"));
}

static void silent_services_allow_nothing(void **state)
{
	struct device *d = *state;
	unsigned reads;

	kith_loopback_claim(d->lb, d->thing, OWNER);
	kith_loopback_allow(d->lb, BOB, "befriend", NULL);
	kith_loopback_allow(d->lb, BOB, "read", NULL);
	assert_int_equal(kith_loopback_befriend(d->lb, d->thing, BOB), 0);
	kith_loopback_silence(d->lb, 1);
	reads = d->reads;
	assert_null(kith_loopback_read(d->lb, d->thing, BOB, "temperature"));
	assert_string_equal(kith_loopback_why(d->lb), "silent");
	assert_int_equal(d->reads, reads);
}

static void it_is_the_same_thing_after_a_power_cut(void **state)
{
	struct device *d = *state;
	char jid[256];

	kith_loopback_claim(d->lb, d->thing, OWNER);
	snprintf(jid, sizeof(jid), "%s", kith_thing_jid(d->thing));
	kith_thing_free(&d->thing);
	power_on(d);
	assert_string_equal(kith_thing_jid(d->thing), jid);
	assert_int_equal(kith_thing_state(d->thing), KITH_THING_SERVING);
	assert_int_equal(kith_loopback_disown(d->lb, d->thing), 0);
	assert_string_equal(kith_thing_owner(d->thing), "");
}

static void any_stanza_can_be_sent(void **state)
{
	struct device *d = *state;

	kith_loopback_claim(d->lb, d->thing, OWNER);
	const char *got = kith_loopback_send(d->lb, d->thing, OWNER,
	    "<iq type='get' id='v'><query xmlns='jabber:iq:version'/></iq>");
	assert_non_null(strstr(got, "kith-thing"));
	kith_loopback_send(d->lb, d->thing, OWNER,
	    "<iq type='set' id='w'><no xmlns='urn:example'/></iq>");
	assert_string_equal(kith_loopback_why(d->lb), "service-unavailable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(row_V11__a_device_is_claimed_read_and_set_without_a_broker),
		TEST(strangers_get_nothing_and_friends_what_rules_allow),
		TEST(what_was_allowed_is_kept_and_can_be_recalled),
		TEST(friends_chat_with_it),
		TEST(a_cut_connection_and_refused_logins_are_lived_through),
		TEST(silent_services_allow_nothing),
		TEST(it_is_the_same_thing_after_a_power_cut),
		TEST(any_stanza_can_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
