/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending: only the true answer counts, and it always does.
 */
#include "config.h"

#include "common/wire/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define SELF "thing@a.test/r"

struct heard {
	unsigned calls;
	enum pending_end how;
};

static struct clock_fake hands;
static struct clock now;

static void
on_done(void *arg, enum pending_end how, const struct stanza *s)
{
	struct heard *h = arg;

	(void)s;
	h->calls++;
	h->how = how;
}

static struct pending *
make(size_t max)
{
	struct pending *p;

	hands = (struct clock_fake){ 0, 1000 };
	now = clock_from_fake(&hands);
	p = pending_new(max, &now, NULL);
	assert_non_null(p);
	assert_int_equal(pending_set_self(p, SELF, NULL), 0);
	return p;
}

static bool
answer(struct pending *p, const char *name, const char *type, const char *id, const char *from)
{
	struct stanza_holder *h;
	char xml[400], attr[200] = "";
	const struct stanza *s;
	bool taken;

	if (from != NULL)
		(void)snprintf(attr, sizeof(attr), " from='%s'", from);
	(void)snprintf(xml, sizeof(xml), "<%s type='%s' id='%s'%s/>", name, type, id, attr);
	s = stanza_from_text(&h, NS_CLIENT, xml, strlen(xml));
	assert_non_null(s);
	taken = pending_answer(p, s);
	stanza_holder_free(&h);
	return taken;
}

static void
att_X_02__only_id_and_sender_and_type_together_are_an_answer(void **state)
{
	static const char *const types[] = { "get", "set", "chat", "", "results", "Result" };
	static const char *const senders[] = { "mallory@a.test/x", "reg.a.test/x", "reg.a.test.evil",
		"Reg.a.test", "a.test", "x@reg.a.test", "thing@a.test", "" };
	struct pending *p = make(4);
	struct heard h = { 0 };
	char id[IDENT_TEXT];
	size_t i;

	(void)state;
	assert_int_equal(pending_add(p, "reg.a.test", 5000, on_done, &h, id, NULL), 0);
	assert_int_equal(strlen(id), 26);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		assert_false(answer(p, "iq", types[i], id, "reg.a.test"));
	for (i = 0; i < sizeof(senders) / sizeof(*senders); i++)
		assert_false(answer(p, "iq", "result", id, senders[i]));
	assert_false(answer(p, "iq", "result", id, NULL));
	assert_false(answer(p, "message", "result", id, "reg.a.test"));
	assert_false(answer(p, "iq", "result", "other", "reg.a.test"));
	assert_false(answer(p, "iq", "result", "", "reg.a.test"));
	assert_int_equal(h.calls, 0);
	/* and the true one is still awaited, once */
	assert_true(answer(p, "iq", "result", id, "reg.a.test"));
	assert_int_equal(h.how, PENDING_RESULT);
	assert_false(answer(p, "iq", "result", id, "reg.a.test"));
	assert_int_equal(h.calls, 1);
	pending_free(&p);
}

static void
att_X_02__without_to_our_server_or_our_account_answers(void **state)
{
	static const char *const good[] = { NULL, "a.test", "thing@a.test", SELF };
	static const char *const bad[] = { "reg.a.test", "thing@a.test/other", "other@a.test", "thing@b.test",
		"thing", "a.tes" };
	struct pending *p = make(4);
	struct heard h = { 0 };
	char id[IDENT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(pending_add(p, NULL, 5000, on_done, &h, id, NULL), 0);
		assert_true(answer(p, "iq", "error", id, good[i]));
		assert_int_equal(h.how, PENDING_ERROR);
	}
	assert_int_equal(pending_add(p, NULL, 5000, on_done, &h, id, NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(answer(p, "iq", "result", id, bad[i]));
	/* to ourselves: unnamed is the server speaking for the account */
	assert_int_equal(pending_add(p, "thing@a.test", 5000, on_done, &h, id, NULL), 0);
	assert_false(answer(p, "iq", "result", id, "a.test"));
	assert_true(answer(p, "iq", "result", id, NULL));
	pending_free(&p);
}

static void
pending__times_out_and_is_cancelled(void **state)
{
	struct pending *p = make(4);
	struct heard a = { 0 }, b = { 0 };
	char id[IDENT_TEXT];

	(void)state;
	assert_int_equal(pending_deadline(p), -1);
	assert_int_equal(pending_add(p, "x.test", 5000, on_done, &a, id, NULL), 0);
	assert_int_equal(pending_add(p, "x.test", 3000, on_done, &b, id, NULL), 0);
	assert_int_equal(pending_deadline(p), 4000);
	hands.boot = 3999;
	pending_run(p);
	assert_int_equal(b.calls, 0);
	hands.boot = 4000;
	pending_run(p);
	assert_int_equal(b.how, PENDING_TIMEOUT);
	assert_int_equal(b.calls, 1);
	assert_false(answer(p, "iq", "result", id, "x.test"));
	pending_cancel(p, &a);
	assert_int_equal(pending_count(p), 0);
	assert_int_equal(a.calls, 0);
	pending_free(&p);
}

static void
pending__full_gives_up_the_oldest(void **state)
{
	struct pending *p = make(3);
	struct heard h[5] = { { 0 } };
	char id[5][IDENT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(pending_add(p, "x.test", 5000, on_done, &h[i], id[i], NULL), 0);
	assert_int_equal(pending_count(p), 3);
	assert_int_equal(h[0].how, PENDING_DROPPED);
	assert_int_equal(h[1].how, PENDING_DROPPED);
	assert_int_equal(h[2].calls, 0);
	assert_true(answer(p, "iq", "result", id[4], "x.test"));
	pending_drop_all(p);
	assert_int_equal(h[2].how, PENDING_DROPPED);
	assert_int_equal(h[3].calls, 1);
	assert_int_equal(pending_count(p), 0);
	pending_free(&p);
}

struct again {
	struct pending *p;
	unsigned calls;
};

static void
ask_again(void *arg, enum pending_end how, const struct stanza *s)
{
	struct again *a = arg;
	char id[IDENT_TEXT];

	(void)how;
	(void)s;
	a->calls++;
	(void)pending_add(a->p, "x.test", 5000, ask_again, a, id, NULL);
}

static void
pending__a_callback_may_ask_again(void **state)
{
	struct pending *p = make(2);
	struct again a = { p, 0 };
	char id[IDENT_TEXT];

	(void)state;
	assert_int_equal(pending_add(p, "x.test", 5000, ask_again, &a, id, NULL), 0);
	pending_drop_all(p);
	assert_int_equal(a.calls, 1);
	assert_int_equal(pending_count(p), 1);
	hands.boot += 5000;
	pending_run(p);
	assert_int_equal(a.calls, 2);
	pending_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_X_02__only_id_and_sender_and_type_together_are_an_answer),
		cmocka_unit_test(att_X_02__without_to_our_server_or_our_account_answers),
		cmocka_unit_test(pending__times_out_and_is_cancelled),
		cmocka_unit_test(pending__full_gives_up_the_oldest),
		cmocka_unit_test(pending__a_callback_may_ask_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
