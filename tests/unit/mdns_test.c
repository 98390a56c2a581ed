/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mdns_test: packets of brokers, and of neighbours who wish us ill.
 */
#include "config.h"

#include "common/wire/mdns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID 0x4711
#define CLIENT "\014_xmpp-client\004_tcp\005local"
#define DIRECT "\015_xmpps-client\004_tcp\005local"
#define PRONTO "\006pronto" CLIENT
#define HOST "\006pronto\005local"

/* A packet in the making. */
struct packet {
	unsigned char data[70000];
	size_t len;
};

static void put(struct packet *p, const void *data, size_t len)
{
	assert_true(p->len + len <= sizeof(p->data));
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void put_16(struct packet *p, unsigned v)
{
	const unsigned char two[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	put(p, two, 2);
}

/* A literal of labels, with its closing 0. */
#define NAME(p, name) put(p, name, sizeof(name))

static void begin(struct packet *p, unsigned answers)
{
	p->len = 0;
	put_16(p, ID);
	put_16(p, 0x8400);
	put_16(p, 0);
	put_16(p, answers);
	put_16(p, 0);
	put_16(p, 0);
}

/* After the name of a record. */
static void head(struct packet *p, unsigned type, size_t len)
{
	put_16(p, type);
	put_16(p, 0x8001);
	put_16(p, 0);
	put_16(p, 120);
	put_16(p, (unsigned)len);
}

static void put_ptr(struct packet *p)
{
	NAME(p, CLIENT);
	head(p, 12, sizeof(PRONTO));
	NAME(p, PRONTO);
}

static void put_srv(struct packet *p, unsigned port)
{
	NAME(p, PRONTO);
	head(p, 33, 6 + sizeof(HOST));
	put_16(p, 10);
	put_16(p, 0);
	put_16(p, port);
	NAME(p, HOST);
}

static void put_txt(struct packet *p, const char *pairs, size_t len)
{
	NAME(p, PRONTO);
	head(p, 16, len);
	put(p, pairs, len);
}
#define TXT(p, pairs) put_txt(p, pairs, sizeof(pairs) - 1)

static void put_a(struct packet *p)
{
	NAME(p, HOST);
	head(p, 1, 4);
	put(p, "\x0a\x02\x01\xbc", 4);
}

static struct packet *p;
static struct mdns m;

static int setup(void **state)
{
	(void)state;
	p = calloc(1, sizeof(*p));
	mdns_init(&m, ID);
	return p ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(p);
	return 0;
}

static int take(uint32_t sender)
{
	return mdns_take(&m, p->data, p->len, sender);
}

/* The example of XEP-0347 3.2.2 in one packet, its records in the wrong order. */
static void whole(struct packet *to)
{
	begin(to, 4);
	put_a(to);
	TXT(to, "\x09txtvers=1\x11ordom=example.com\x0eregis=registry\x13provis=provisioning");
	put_srv(to, 5222);
	put_ptr(to);
}

static void row_D3__the_example_of_the_specification_is_understood(void **state)
{
	const struct mdns_instance *i = &m.instance[0];
	unsigned char out[MDNS_QUERY];
	char target[256];

	(void)state;
	assert_true(mdns_ask(&m, out) > 0);
	whole(p);
	assert_int_equal(take(1), 0);
	assert_int_equal(m.n, 1);
	assert_true(mdns_is_complete(i));
	assert_int_equal(i->port, 5222);
	assert_false(i->direct_tls);
	assert_string_equal(i->domain, "example.com");
	assert_string_equal(i->registry, "registry");
	assert_string_equal(i->provisioning, "provisioning");
	assert_int_equal(i->n_addresses, 1);
	assert_string_equal(i->address[0], "10.2.1.188");
	assert_int_equal(mdns_target(i, target, sizeof(target)), 0);
	assert_string_equal(target, "pronto.local");
	assert_int_equal(mdns_ask(&m, out), 0);
}

static void row_D3__what_is_missing_is_asked_for_a_few_times(void **state)
{
	unsigned char out[MDNS_QUERY];
	size_t len, asked = 0;

	(void)state;
	len = mdns_ask(&m, out);
	assert_int_equal(len, 12 + sizeof(CLIENT) + 4 + sizeof(DIRECT) + 4);
	assert_int_equal(out[5], 2);
	begin(p, 1);
	put_ptr(p);
	assert_int_equal(take(1), 0);
	assert_false(mdns_is_complete(&m.instance[0]));
	while (mdns_ask(&m, out) > 0)
		asked++;
	assert_int_equal(asked, MDNS_TRIES);
	begin(p, 2);
	put_srv(p, 5222);
	TXT(p, "\x0e" "domain=a.examp");
	assert_int_equal(take(1), 0);
	assert_string_equal(m.instance[0].domain, "a.examp");
	assert_true(mdns_ask(&m, out) > 0);	/* for the address */
	begin(p, 1);
	put_a(p);
	assert_int_equal(take(1), 0);
	assert_true(mdns_is_complete(&m.instance[0]));
}

/* K-16: everybody on the network reads our question. */
static void row_K16__a_question_holds_nothing_of_us(void **state)
{
	static const char expected[] = "\x47\x11\0\0\0\2\0\0\0\0\0\0"
	    CLIENT "\0\0\x0c\x80\x01" DIRECT "\0\0\x0c\x80\x01";
	unsigned char out[MDNS_QUERY];

	(void)state;
	assert_int_equal(mdns_ask(&m, out), sizeof(expected) - 1);
	assert_memory_equal(out, expected, sizeof(expected) - 1);
}

static void a_target_outside_of_local_needs_no_address(void **state)
{
	char target[256];

	(void)state;
	begin(p, 3);
	put_ptr(p);
	NAME(p, PRONTO);
	head(p, 33, 6 + sizeof("\004xmpp\004home\007example"));
	put_16(p, 0);
	put_16(p, 0);
	put_16(p, 5223);
	NAME(p, "\004xmpp\004home\007example");
	TXT(p, "");
	assert_int_equal(take(1), 0);
	assert_true(mdns_is_complete(&m.instance[0]));
	assert_int_equal(mdns_target(&m.instance[0], target, sizeof(target)), 0);
	assert_string_equal(target, "xmpp.home.example");
}

static void att_D_09__a_packet_cut_off_anywhere_is_refused_whole(void **state)
{
	size_t len;

	(void)state;
	whole(p);
	len = p->len;
	for (size_t cut = 0; cut < len; cut++) {
		/* of its own size, so that the sanitizer sees a byte too far */
		unsigned char *exact = malloc(cut ? cut : 1);

		assert_non_null(exact);
		memcpy(exact, p->data, cut);
		assert_int_equal(mdns_take(&m, exact, cut, 1), -1);
		assert_int_equal(m.n, 0);
		free(exact);
	}
}

static void att_D_09__names_that_loop_or_point_forward_end(void **state)
{
	static const unsigned char targets[] = { 12, 13, 14, 26, 255, 0, 11 };

	(void)state;
	for (size_t i = 0; i < sizeof(targets); i++) {
		begin(p, 1);
		put_16(p, 0xc000u | targets[i]);
		head(p, 12, 0);
		assert_int_equal(take(1), -1);
	}
	/* two that point at each other, through a label */
	begin(p, 2);
	put(p, "\1a\xc0\x0c", 4);
	head(p, 12, 0);
	put(p, "\1a\xc0\x0c", 4);
	head(p, 12, 0);
	assert_int_equal(take(1), -1);
	assert_int_equal(m.n, 0);
}

/* 255 bytes are the most, however they are come by. */
static void att_D_09__a_name_of_64_kilobytes_is_none(void **state)
{
	(void)state;
	begin(p, 1);
	while (p->len < 65000) {
		unsigned char label[64];

		memset(label, 'a', sizeof(label));
		label[0] = 63;
		put(p, label, sizeof(label));
	}
	put(p, "", 1);
	head(p, 12, 0);
	assert_int_equal(take(1), -1);
	/* the same by a chain of pointers: each name is the one before and a label */
	begin(p, 40);
	put(p, "\7aaaaaaa", 9);
	head(p, 99, 0);
	for (size_t i = 1, before = 12; i < 40; i++) {
		size_t here = p->len;

		put(p, "\7aaaaaaa", 8);
		put_16(p, 0xc000u | (unsigned)before);
		head(p, 99, 0);
		before = here;
	}
	assert_int_equal(take(1), -1);
}

static void att_D_09__what_is_no_answer_to_us_is_not_read(void **state)
{
	static const struct { size_t at; unsigned char value; const char *what; } rows[] = {
		{ 0, 0x48, "another question's number" },
		{ 2, 0x04, "a question" },
		{ 2, 0x8c, "another operation" },
		{ 3, 0x03, "an error" },
		{ 7, 0xff, "more records than are there" },
		{ 5, 0xff, "more questions than are there" },
		{ 6, 0xff, "65 thousand records" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		whole(p);
		p->data[rows[i].at] = rows[i].value;
		if (take(1) != -1 || m.n != 0)
			fail_msg("%s was taken", rows[i].what);
	}
}

static void att_D_09__one_sender_cannot_fill_the_list(void **state)
{
	unsigned char name[] = PRONTO;

	(void)state;
	for (int i = 0; i < 20; i++) {
		begin(p, 1);
		NAME(p, CLIENT);
		head(p, 12, sizeof(name));
		name[1] = (unsigned char)('a' + i);
		put(p, name, sizeof(name));
		assert_int_equal(take(7), 0);
	}
	assert_int_equal(m.n, MDNS_PER_SENDER);
	whole(p);
	assert_int_equal(take(8), 0);
	assert_int_equal(m.n, MDNS_PER_SENDER + 1);
	assert_true(mdns_is_complete(&m.instance[MDNS_PER_SENDER]));
}

/* Somebody says the name of the true one first, and then where it is. */
static void att_D_09__nobody_speaks_for_another_or_silences_him(void **state)
{
	(void)state;
	begin(p, 3);
	put_ptr(p);
	put_srv(p, 666);
	TXT(p, "\x0e" "ordom=evil.exa");
	assert_int_equal(take(66), 0);
	whole(p);
	assert_int_equal(take(1), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.instance[0].n_addresses, 0);
	assert_int_equal(m.instance[1].port, 5222);
	assert_string_equal(m.instance[1].domain, "example.com");
	/* and nothing is changed by what comes later */
	begin(p, 2);
	put_srv(p, 667);
	TXT(p, "\x0e" "ordom=evil.exa");
	assert_int_equal(take(1), 0);
	assert_int_equal(m.instance[1].port, 5222);
	assert_string_equal(m.instance[1].domain, "example.com");
}

static void what_was_not_asked_for_is_nothing(void **state)
{
	(void)state;
	begin(p, 3);
	NAME(p, "\005_http\004_tcp\005local");
	head(p, 12, sizeof(PRONTO));
	NAME(p, PRONTO);
	/* an instance that is not below its service */
	NAME(p, CLIENT);
	head(p, 12, sizeof(HOST));
	NAME(p, HOST);
	/* one of another class */
	NAME(p, CLIENT);
	put_16(p, 12);
	put_16(p, 3);
	put_16(p, 0);
	put_16(p, 120);
	put_16(p, sizeof(PRONTO));
	NAME(p, PRONTO);
	assert_int_equal(take(1), 0);
	assert_int_equal(m.n, 0);
}

static void text_records_are_bounded_and_the_first_value_counts(void **state)
{
	char big[600];

	(void)state;
	begin(p, 2);
	put_ptr(p);
	TXT(p, "\x0dORDOM=a.examp\x0dordom=b.examp\x0cregis=\xff\xfe" "abcd\x06" "junk=1\x40"
	    "cut off");
	assert_int_equal(take(1), 0);
	assert_string_equal(m.instance[0].domain, "a.examp");
	assert_string_equal(m.instance[0].registry, "");
	mdns_init(&m, ID);
	memset(big, 'a', sizeof(big));
	big[0] = (char)255;
	memcpy(big + 1, "ordom=", 6);
	begin(p, 2);
	put_ptr(p);
	put_txt(p, big, 256);
	assert_int_equal(take(1), 0);
	assert_int_equal(strlen(m.instance[0].domain), 249);
}

static void direct_tls_is_its_own_service_and_priority_orders(void **state)
{
	(void)state;
	whole(p);
	assert_int_equal(take(1), 0);
	begin(p, 3);
	NAME(p, DIRECT);
	head(p, 12, sizeof("\006pronto" DIRECT));
	NAME(p, "\006pronto" DIRECT);
	NAME(p, "\006pronto" DIRECT);
	head(p, 33, 6 + sizeof(HOST));
	put_16(p, 1);
	put_16(p, 0);
	put_16(p, 5223);
	NAME(p, HOST);
	put_a(p);
	assert_int_equal(take(1), 0);
	mdns_sort(&m);
	assert_true(m.instance[0].direct_tls);
	assert_int_equal(m.instance[0].port, 5223);
	assert_false(m.instance[1].direct_tls);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(row_D3__the_example_of_the_specification_is_understood),
		T(row_D3__what_is_missing_is_asked_for_a_few_times),
		T(row_K16__a_question_holds_nothing_of_us),
		T(a_target_outside_of_local_needs_no_address),
		T(att_D_09__a_packet_cut_off_anywhere_is_refused_whole),
		T(att_D_09__names_that_loop_or_point_forward_end),
		T(att_D_09__a_name_of_64_kilobytes_is_none),
		T(att_D_09__what_is_no_answer_to_us_is_not_read),
		T(att_D_09__one_sender_cannot_fill_the_list),
		T(att_D_09__nobody_speaks_for_another_or_silences_him),
		T(what_was_not_asked_for_is_nothing),
		T(text_records_are_bounded_and_the_first_value_counts),
		T(direct_tls_is_its_own_service_and_priority_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
