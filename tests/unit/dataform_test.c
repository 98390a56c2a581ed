/* SPDX-License-Identifier: Apache-2.0 */
/* dataform_test: what dataform.h and command.h promise, and how forms lie. */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/command.h"
#include "common/wire/dataform.h"
#include "common/wire/ns.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "tests/unit/unit.h"

static int
read_form(struct pool *pool, const char *xml, struct dataform *out, enum condition *cond)
{
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, xml, strlen(xml));
	struct parse p = { .pool = pool };
	int ret;

	assert_non_null(s);
	ret = dataform_parse(&p, s, out);
	*cond = p.cond;
	stanza_holder_free(&h);
	return ret;
}

static enum condition
refused_form(const char *xml)
{
	struct dataform f;
	enum condition cond;
	struct pool pool;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(read_form(&pool, xml, &f, &cond), -1);
	pool_fini(&pool);
	return cond;
}

static void
a_form_that_was_built_reads_back_as_it_was(void **state)
{
	static const char *const row[] = { "lamp", NULL };
	struct dataform f, again;
	struct dataform_field *d;
	enum condition cond;
	struct pool pool;
	struct buf out;
	struct xml x;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	buf_init(&out, WIRE_STANZA_BYTES);
	dataform_begin(&f, DATAFORM_RESULT, &pool, "Things");
	dataform_instruct(&f, "Choose <one>");
	d = dataform_add(&f, DATAFORM_LIST_SINGLE, "thing", "Thing");
	d->required = true;
	dataform_set(&f, d, "1");
	dataform_offer(&f, d, "1", "lamp & co");
	dataform_offer(&f, d, "2", NULL);
	dataform_add(&f, DATAFORM_FIXED, NULL, NULL);
	dataform_column(&f, "name", "Name");
	dataform_column(&f, "state", NULL);
	dataform_row(&f, row);
	assert_false(f.failed);
	xml_begin(&x, &out);
	dataform_write(&x, &f);
	assert_int_equal(xml_end(&x), 0);
	assert_int_equal(read_form(&pool, buf_str(&out), &again, &cond), 0);
	assert_int_equal(again.type, DATAFORM_RESULT);
	assert_string_equal(again.title, "Things");
	assert_string_equal(again.instructions.name[0], "Choose <one>");
	assert_string_equal(dataform_value(&again, "thing"), "1");
	assert_true(dataform_find(&again, "thing")->required);
	assert_int_equal(dataform_find(&again, "thing")->n_options, 2);
	assert_string_equal(dataform_find(&again, "thing")->option[0].label, "lamp & co");
	assert_null(dataform_find(&again, "thing")->option[1].label);
	assert_int_equal(again.n_columns, 2);
	assert_int_equal(again.n_rows, 1);
	assert_string_equal(again.cell[0].name[0], "lamp");
	assert_int_equal(again.cell[1].n, 0);
	buf_fini(&out);
	pool_fini(&pool);
}

#define FORM(inside) "<x xmlns='jabber:x:data' type='submit'>" inside "</x>"

static void
a_value_is_there_once_and_not_empty_or_it_is_none(void **state)
{
	struct dataform f;
	enum condition cond;
	struct pool pool;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(read_form(&pool, FORM("<field var='a'><value>1</value></field>"
	    "<field var='b'><value>1</value><value>2</value></field>"
	    "<field var='c'><value/></field><field var='d'/>"), &f, &cond), 0);
	assert_string_equal(dataform_value(&f, "a"), "1");
	assert_null(dataform_value(&f, "b"));
	assert_null(dataform_value(&f, "c"));
	assert_null(dataform_value(&f, "d"));
	assert_null(dataform_value(&f, "e"));
	assert_null(dataform_value(NULL, "a"));
	pool_fini(&pool);
}

static void
att_H_11__a_form_that_contradicts_itself_is_refused_whole(void **state)
{
	static const char *const bad[] = {
		"<x xmlns='jabber:x:data'/>",
		"<x xmlns='jabber:x:data' type=''/>",
		"<x xmlns='jabber:x:data' type='Submit'/>",
		FORM("<field var='a'/><field var='a'/>"),
		FORM("<field><value>1</value></field>"),
		FORM("<field var='a'><value><value/></value></field>"),
		FORM("<field var='a'><option/></field>"),
		FORM("<field var='a'><option><value>1</value><value>2</value></option></field>"),
		FORM("<field var='a'><desc>1</desc><desc>2</desc></field>"),
		FORM("<title>1</title><title>2</title>"),
		FORM("<item><field var='a'/></item>"),
		FORM("<reported><field var='a'/></reported><reported><field var='a'/></reported>"),
		FORM("<reported><field var='a'/></reported><item><field var='b'/></item>"),
		FORM("<reported><field var='a'/></reported><item><field var='a'/><field var='a'/>"
		    "</item>"),
		FORM("words"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(refused_form(bad[i]), COND_BAD_REQUEST);
}

/* `inside` n times between the two others; its # is the number. */
static char *
many(const char *before, const char *inside, size_t n, const char *after)
{
	const char *hash = strchr(inside, '#');
	struct buf b;

	buf_init(&b, WIRE_STANZA_BYTES);
	buf_adds(&b, before);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%.*s%zu%s", (int)(hash - inside), inside, i, hash + 1);
	buf_adds(&b, after);
	assert_true(buf_ok(&b));
	return b.data;	/* buf_fini() would do no more than free it */
}

static void
check_limit(const char *before, const char *inside, size_t most, const char *after)
{
	char *full = many(before, inside, most, after), *over = many(before, inside, most + 1, after);
	struct dataform f;
	enum condition cond;
	struct pool pool;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	assert_int_equal(read_form(&pool, full, &f, &cond), 0);
	pool_fini(&pool);
	assert_int_equal(refused_form(over), COND_RESOURCE_CONSTRAINT);
	free(full);
	free(over);
}

static void
att_X_18__the_most_of_a_form_is_read_and_one_more_refused(void **state)
{
	(void)state;
	check_limit("<x xmlns='jabber:x:data' type='submit'>", "<field var='#'/>",
	    WIRE_FORM_FIELDS, "</x>");
	check_limit("<x xmlns='jabber:x:data' type='submit'><field var='a'>",
	    "<value>#</value>", WIRE_FORM_VALUES, "</field></x>");
	check_limit("<x xmlns='jabber:x:data' type='submit'><field var='a'>",
	    "<option><value>#</value></option>", WIRE_FORM_VALUES, "</field></x>");
	check_limit("<x xmlns='jabber:x:data' type='result'><reported><field var='a'/></reported>",
	    "<item><field var='a'><value>#</value></field></item>", WIRE_FORM_ROWS, "</x>");
}

static void
what_is_built_over_a_limit_fails_and_stays_failed(void **state)
{
	struct dataform f;
	struct pool pool;

	(void)state;
	pool_init(&pool, WIRE_REQUEST_BYTES);
	dataform_begin(&f, DATAFORM_FORM, &pool, NULL);
	for (size_t i = 0; i < WIRE_FORM_FIELDS; i++)
		dataform_add(&f, DATAFORM_HIDDEN, "a", NULL);
	assert_false(f.failed);
	dataform_set(&f, dataform_add(&f, DATAFORM_HIDDEN, "a", NULL), "x");
	assert_true(f.failed);
	assert_int_equal(f.n, WIRE_FORM_FIELDS);
	pool_fini(&pool);
}

static void
a_fault_of_a_session_stands_beside_the_general_condition(void **state)
{
	struct request q = { .verb = VERB_COMMAND, .kind = STANZA_IQ, .type = IQ_SET, .id = "1",
		.from = "o@ex/a", .to = "r.ex" };
	struct reply r = { .kind = REPLY_SILENCE };
	struct buf out;

	(void)state;
	buf_init(&out, WIRE_STANZA_BYTES);
	reply_error(&r, COND_BAD_REQUEST);
	r.u.command.fault = COMMAND_BAD_SESSION;
	assert_int_equal(reply_write(&out, &q, &r), 0);
	assert_string_equal(buf_str(&out), "<iq type=\"error\" from=\"r.ex\" to=\"o@ex/a\" id=\"1\">"
	    "<error type=\"modify\"><bad-request xmlns=\"" NS_STANZAS "\"/>"
	    "<bad-sessionid xmlns=\"" NS_COMMANDS "\"/></error></iq>");
	/* Nobody else gets it, whatever the union holds. */
	q.verb = VERB_MINE;
	buf_reset(&out);
	assert_int_equal(reply_write(&out, &q, &r), 0);
	assert_null(strstr(buf_str(&out), NS_COMMANDS));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_that_was_built_reads_back_as_it_was),
		cmocka_unit_test(a_value_is_there_once_and_not_empty_or_it_is_none),
		cmocka_unit_test(att_H_11__a_form_that_contradicts_itself_is_refused_whole),
		cmocka_unit_test(att_X_18__the_most_of_a_form_is_read_and_one_more_refused),
		cmocka_unit_test(what_is_built_over_a_limit_fails_and_stays_failed),
		cmocka_unit_test(a_fault_of_a_session_stands_beside_the_general_condition),
	};

	return cmocka_run_group_tests_name("dataform", tests, NULL, NULL);
}
