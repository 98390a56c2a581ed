/* SPDX-License-Identifier: Apache-2.0 */
/* iotdisco_test: both forms of the claim text, and finding one in a chat line (att-C-26). */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/iotdisco.h"
#include "tests/unit/stanza_random.h"
#include "tests/unit/unit.h"

static int
parse(struct pool *pool, struct iotdisco *d, const char *text)
{
	struct err e = ERR_INIT;
	int ret = iotdisco_parse(d, text, strlen(text), pool, &e);

	assert_true(ret == 0 || e.text[0] != '\0');
	return ret;
}

static void
check_tag(const struct iotdisco *d, const char *name, bool is_num, const char *value)
{
	const struct tag *t = tag_find(&d->tags, name);

	assert_non_null(t);
	assert_int_equal(t->is_num, is_num);
	assert_string_equal(t->str, value);
}

static void
the_uri_form_is_read(void **state)
{
	struct pool pool;
	struct iotdisco d;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(parse(&pool, &d,
	    "iotdisco:SN=SN2;MAN=waher.se;#V=2.0;KEY=K%3B2;R=registry.xmpp.local"), 0);
	assert_int_equal(d.tags.n, 4);
	check_tag(&d, "SN", false, "SN2");
	check_tag(&d, "man", false, "waher.se");
	check_tag(&d, "V", true, "2");
	check_tag(&d, "KEY", false, "K;2");
	assert_string_equal(d.registry, "registry.xmpp.local");
	assert_true(d.has_key);
	assert_int_equal(parse(&pool, &d, "IoTDisco:%23V=-0;A=a\\;b%20c=d"), 0);
	check_tag(&d, "V", true, "0");
	check_tag(&d, "A", false, "a;b c=d");
	assert_false(d.has_key);
	pool_fini(&pool);
}

static void
the_form_of_xep_0347_is_read(void **state)
{
	struct pool pool;
	struct iotdisco d;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(parse(&pool, &d, "IoTDisco;SN:394872348732948723;MAN:www.ktc.se;"
	    "MODEL:I M\\;C\\\\;#V:1.20;KEY:4857%20"), 0);
	assert_int_equal(d.tags.n, 5);
	check_tag(&d, "MODEL", false, "I M;C\\");
	check_tag(&d, "V", true, "1.2");
	check_tag(&d, "KEY", false, "4857%20");
	assert_int_equal(parse(&pool, &d, "IoTDisco;A:x:y;B\\:C:z;"), 0);
	check_tag(&d, "A", false, "x:y");
	check_tag(&d, "B:C", false, "z");
	pool_fini(&pool);
}

static void
addresses_are_taken_out_of_the_tags(void **state)
{
	struct pool pool;
	struct iotdisco d;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(parse(&pool, &d, "iotdisco:jid=t%40ex;nid=n;SID=s;pt=p;r=r.ex"), 0);
	assert_int_equal(d.tags.n, 0);
	assert_string_equal(d.jid, "t@ex");
	assert_string_equal(d.node.id, "n");
	assert_string_equal(d.node.source, "s");
	assert_string_equal(d.node.partition, "p");
	assert_string_equal(d.registry, "r.ex");
	pool_fini(&pool);
}

static void
att_C_26__texts_that_could_be_read_in_two_ways_are_refused(void **state)
{
	static const char *const bad[] = { "", "iotdisco", "iotdisco:", "iotdisc:SN=1",
		"iotdisco:SN", "iotdisco:=1", "iotdisco:#=1", "iotdisco:SN=1;", "iotdisco:;SN=1",
		"iotdisco:SN=1;;V=2", "iotdisco:SN=1;SN=1", "iotdisco:SN=1;sn=2",
		"iotdisco:V=1;#V=1", "iotdisco:KEY=a;KEY=b", "iotdisco:R=a;r=b;SN=1",
		"iotdisco:R=a", "iotdisco:SN=1;R=", "iotdisco:SN=1;#R=5", "iotdisco:SN=%4",
		"iotdisco:SN=%4g", "iotdisco:SN=%", "iotdisco:SN=1\\", "iotdisco:SN=%00",
		"iotdisco:SN=%ff", "iotdisco:SN=%c0%80", "iotdisco:SN=%ed%a0%80", "iotdisco:SN=%0a",
		"iotdisco:SN=\xff", "iotdisco:#V=NaN", "iotdisco:#V=1,5", "iotdisco:#V=",
		"iotdisco:#V=%201", "iotdisco:SN>1", "iotdisco:#V<=1", "iotdisco:SN~a",
		"iotdisco:SN<>a", "iotdisco:##V=1", "iotdisco:%23%23V=1",
		"IoTDisco;", "IoTDisco;SN", "IoTDisco;SN:1;SN:2", "IoTDisco;SN:1\\",
		"IoTDisco;SN:1;;", "xmpp:r.ex?iotdisco:SN=1" };
	struct pool pool;
	struct iotdisco d;

	(void)state;
	pool_init(&pool, 64 * WIRE_REQUEST_BYTES);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&pool, &d, bad[i]) == 0)
			fail_msg("taken: '%s'", bad[i]);
	assert_int_equal(iotdisco_parse(&d, "iotdisco:SN=1\0x", 15, &pool, NULL), -1);
	pool_fini(&pool);
}

static void
att_X_18__limits_are_counted_in_characters(void **state)
{
	struct pool pool;
	struct iotdisco d;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (unsigned more = 0; more < 2; more++) {
		pool_init(&pool, WIRE_REQUEST_BYTES);
		buf_reset(&b);
		buf_adds(&b, "iotdisco:");
		for (unsigned i = 0; i < WIRE_TAG_NAME + more; i++)
			buf_adds(&b, "%F0%9F%98%80");
		buf_adds(&b, "=v");
		assert_int_equal(parse(&pool, &d, buf_str(&b)), more == 0 ? 0 : -1);

		buf_reset(&b);
		buf_adds(&b, "iotdisco:n=");
		for (unsigned i = 0; i < WIRE_TAG_VALUE + more; i++)
			buf_adds(&b, "%F0%9F%98%80");
		assert_int_equal(parse(&pool, &d, buf_str(&b)), more == 0 ? 0 : -1);

		buf_reset(&b);
		buf_adds(&b, "iotdisco:R=r.ex");
		for (unsigned i = 0; i < WIRE_TAGS + more; i++)
			buf_addf(&b, ";t%u=%u", i, i);
		assert_int_equal(parse(&pool, &d, buf_str(&b)), more == 0 ? 0 : -1);
		pool_fini(&pool);
	}
	buf_fini(&b);
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20)
			return true;
	return false;
}

/* Tags that the form can express: no control characters, no leading '#'. */
static void
random_tags(struct unit_random *rnd, struct pool *pool, struct tag_list *tags)
{
	bool ok;

	do {
		stanza_random_tags(rnd, pool, tags);
		ok = tags->n > 0;
		for (size_t i = 0; i < tags->n; i++)
			ok = ok && !has_control(tags->tag[i].name) && !has_control(tags->tag[i].str);
	} while (!ok);
}

static void
att_C_26__what_was_written_is_read_as_what_it_was(void **state)
{
	struct unit_random rnd = unit_random_start();
	struct pool pool;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	pool_init(&pool, 4 * 1024 * 1024);
	for (size_t round = 0; round < unit_rounds(3000); round++) {
		struct iotdisco d = { .registry = "r.ex", .node = { "n;1", NULL, "p" } }, again;

		pool_reset(&pool);
		buf_reset(&b);
		random_tags(&rnd, &pool, &d.tags);
		iotdisco_write(&b, &d);
		assert_int_equal(parse(&pool, &again, buf_str(&b)), 0);
		assert_int_equal(again.tags.n, d.tags.n);
		for (size_t i = 0; i < d.tags.n; i++)
			check_tag(&again, d.tags.tag[i].name, d.tags.tag[i].is_num, d.tags.tag[i].str);
		assert_true(node_equal(&again.node, &d.node));
		assert_string_equal(again.registry, "r.ex");
	}
	pool_fini(&pool);
	buf_fini(&b);
}

static void
check_found(const char *text, int n, const char *want)
{
	const char *start = NULL;
	size_t len = 0;

	assert_int_equal(iotdisco_find(text, &start, &len), n);
	if (n != 1)
		return;
	assert_int_equal(len, strlen(want));
	assert_memory_equal(start, want, len);
}

static void
one_claim_text_is_found_in_whatever_stands_around_it(void **state)
{
	(void)state;
	check_found("iotdisco:SN=1;R=r.ex", 1, "iotdisco:SN=1;R=r.ex");
	check_found("claim iotdisco:SN=1;R=r.ex please", 1, "iotdisco:SN=1;R=r.ex");
	check_found("please claim\n<IOTDISCO:SN=1> now", 1, "IOTDISCO:SN=1");
	check_found("(iotdisco:SN=1)", 1, "iotdisco:SN=1");
	check_found("\xe2\x80\x9ciotdisco:SN=1\xe2\x80\x9d", 1, "iotdisco:SN=1");
	check_found("\"IoTDisco;SN:1;MODEL:a b\" ok", 1, "IoTDisco;SN:1;MODEL:a b");
	check_found("IoTDisco;SN:1;MODEL:a b \nthanks", 1, "IoTDisco;SN:1;MODEL:a b");
	check_found("", 0, NULL);
	check_found("things", 0, NULL);
	check_found("my-iotdisco:SN=1", 0, NULL);
	check_found("iotdisco:SN=1 iotdisco:SN=2", 2, NULL);
	check_found("iotdisco:A=1 IoTDisco;B:2 iotdisco:C=3", 2, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_uri_form_is_read),
		cmocka_unit_test(the_form_of_xep_0347_is_read),
		cmocka_unit_test(addresses_are_taken_out_of_the_tags),
		cmocka_unit_test(att_C_26__texts_that_could_be_read_in_two_ways_are_refused),
		cmocka_unit_test(att_X_18__limits_are_counted_in_characters),
		cmocka_unit_test(att_C_26__what_was_written_is_read_as_what_it_was),
		cmocka_unit_test(one_claim_text_is_found_in_whatever_stands_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
