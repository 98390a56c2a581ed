/* SPDX-License-Identifier: Apache-2.0 */
/* xml_test: what xml.h promises about every byte we send. */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"
#include "tests/unit/unit.h"

static const char *
element_with(struct buf *out, const char *attr, const char *text)
{
	struct xml x;

	buf_reset(out);
	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "id", attr);
	if (text != NULL)
		xml_leaf(&x, "body", NULL, text);
	xml_close(&x);
	assert_int_equal(xml_end(&x), 0);
	return buf_str(out);
}

static void
marks_of_xml_are_escaped_in_attributes_and_text(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_string_equal(element_with(&b, "<&>\"'", "<&>\"'"),
	    "<message id=\"&lt;&amp;&gt;&quot;'\"><body>&lt;&amp;&gt;\"'</body></message>");
	assert_string_equal(element_with(&b, "a\tb\nc\rd", "a\tb\nc\rd"),
	    "<message id=\"a&#9;b&#10;c&#13;d\"><body>a\tb\nc&#13;d</body></message>");
	buf_fini(&b);
}

static void
what_xml_cannot_carry_comes_out_as_the_replacement_character(void **state)
{
	static const char *const bad[] = { "\x01", "\x1f", "\xff", "\xc0\x80", "\xed\xa0\x80",
		"\xef\xbf\xbe", "\xef\xbf\xbf", "\xf5\x80\x80\x80", "\xe2\x82" };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *out = element_with(&b, bad[i], bad[i]);
		struct stanza_holder *h;

		assert_non_null(strstr(out, "<body>\xef\xbf\xbd"));
		assert_non_null(stanza_from_text(&h, NS_CLIENT, out, b.len));
		stanza_holder_free(&h);
	}
	buf_fini(&b);
}

static void
empty_elements_are_closed_at_once_and_nothing_is_indented(void **state)
{
	struct buf b;
	struct xml x;

	(void)state;
	buf_init(&b, 4096);
	xml_begin(&x, &b);
	xml_open(&x, "a", "n");
	xml_open(&x, "b", NULL);
	xml_attr(&x, "absent", NULL);
	xml_attr_int(&x, "i", INT64_MIN);
	xml_attr_bool(&x, "t", true);
	xml_close(&x);
	xml_leaf(&x, "c", NULL, "");
	xml_close(&x);
	assert_int_equal(xml_end(&x), 0);
	assert_string_equal(buf_str(&b),
	    "<a xmlns=\"n\"><b i=\"-9223372036854775808\" t=\"true\"/><c/></a>");
	buf_fini(&b);
}

static void
a_full_buffer_takes_nothing_of_the_element(void **state)
{
	(void)state;
	for (size_t max = 0; max < 60; max++) {
		struct buf b;
		struct xml x;

		buf_init(&b, max + 3);
		buf_adds(&b, "old");
		xml_begin(&x, &b);
		xml_open(&x, "message", "some:namespace");
		xml_leaf(&x, "body", NULL, "some text to fill it");
		xml_close(&x);
		assert_int_equal(xml_end(&x), -1);
		assert_string_equal(buf_str(&b), "old");
		assert_true(buf_ok(&b));
		buf_fini(&b);
	}
}

static void
mistakes_of_ours_write_nothing(void **state)
{
	struct buf b;
	struct xml x;

	(void)state;
	buf_init(&b, 4096);
	xml_begin(&x, &b);
	xml_open(&x, "left-open", NULL);
	assert_int_equal(xml_end(&x), -1);

	xml_begin(&x, &b);
	for (unsigned i = 0; i <= XML_DEPTH; i++)
		xml_open(&x, "deep", NULL);
	for (unsigned i = 0; i <= XML_DEPTH; i++)
		xml_close(&x);
	assert_int_equal(xml_end(&x), -1);

	xml_begin(&x, &b);
	xml_open(&x, "late", NULL);
	xml_text(&x, "text");
	xml_attr(&x, "attribute", "1");
	xml_close(&x);
	assert_int_equal(xml_end(&x), -1);

	xml_begin(&x, &b);
	xml_close(&x);
	assert_int_equal(xml_end(&x), -1);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_xml_are_escaped_in_attributes_and_text),
		cmocka_unit_test(what_xml_cannot_carry_comes_out_as_the_replacement_character),
		cmocka_unit_test(empty_elements_are_closed_at_once_and_nothing_is_indented),
		cmocka_unit_test(a_full_buffer_takes_nothing_of_the_element),
		cmocka_unit_test(mistakes_of_ours_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
