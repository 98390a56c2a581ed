/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser: frame, parser and stanza together: what enters the tree, what ends
 * the stream, what is discarded, at every limit and in every chunking.
 */
#include "config.h"

#include "common/wire/parser.h"

#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/wire/frame.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define HEADER "<?xml version='1.0'?><stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" \
	NS_STREAMS "' id='s1' from='a.test' version='1.0'>"
#define CAP 65536

/* Everything the parser says about some bytes, as one text. */
static void
describe(struct buf *out, const struct stanza *s)
{
	static const char *const names[] = { "from", "to", "id", "type", "xml:lang", "jid", "a", "lang" };
	const struct stanza *c;
	size_t i;

	buf_addf(out, "(%s|%s", stanza_ns(s), stanza_name(s));
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (stanza_attr(s, names[i]) != NULL)
			buf_addf(out, " %s=%s", names[i], stanza_attr(s, names[i]));
	buf_addf(out, " '%s'", stanza_text(s));
	for (c = stanza_first(s); c != NULL; c = stanza_next(c))
		describe(out, c);
	buf_addc(out, ')');
}

static void
note(struct buf *out, const struct parser *p, enum parser_event ev)
{
	const struct stanza_head *h = parser_head(p);

	switch (ev) {
	case PARSER_MORE:
		break;
	case PARSER_OPENED:
		buf_addf(out, "[open %s %s %s]", parser_header(p)->id, parser_header(p)->from,
		    parser_header(p)->version);
		break;
	case PARSER_STANZA:
		describe(out, parser_stanza(p));
		break;
	case PARSER_OVERSIZE:
		buf_addf(out, "[over %s|%s id=%.20s from=%s type=%s]", h->ns, h->name, h->id, h->from, h->type);
		break;
	case PARSER_CLOSED:
		buf_adds(out, "[closed]");
		break;
	case PARSER_BROKEN:
		buf_addf(out, "[broken %s]", parser_why(p));
		break;
	}
}

/* Feeds `data` in pieces of `chunk` bytes. */
static void
feed(struct parser *p, const char *data, size_t len, size_t chunk, struct buf *out)
{
	size_t pos, used;

	for (pos = 0; pos < len;) {
		size_t n = len - pos < chunk ? len - pos : chunk, done = 0;

		while (done < n) {
			/* a copy of its own, so that the sanitizer sees every step beyond */
			char *piece = malloc(n - done);
			enum parser_event ev;

			assert_non_null(piece);
			memcpy(piece, data + pos + done, n - done);
			ev = parser_next(p, piece, n - done, &used);
			assert_true(used <= n - done);
			note(out, p, ev);
			free(piece);
			if (ev == PARSER_CLOSED || ev == PARSER_BROKEN)
				return;
			done += used;
		}
		pos += n;
	}
}

static struct parser *
open_parser(size_t cap)
{
	struct parser *p = parser_new(NS_CLIENT, cap, NULL);
	size_t used;

	assert_non_null(p);
	assert_int_equal(parser_next(p, HEADER, strlen(HEADER), &used), PARSER_OPENED);
	return p;
}

/* What comes of `xml` behind a good header. */
static const char *
result_of(const char *xml, size_t len)
{
	static struct buf out;
	struct parser *p = open_parser(CAP);

	if (out.max == 0)
		buf_init(&out, 64 * 1024 * 1024);
	buf_reset(&out);
	feed(p, xml, len, len, &out);
	parser_free(&p);
	return buf_str(&out);
}

static const char *
result(const char *xml)
{
	return result_of(xml, strlen(xml));
}

static void
parser__reads_the_header(void **state)
{
	struct parser *p = parser_new(NS_CLIENT, CAP, NULL);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	feed(p, HEADER, strlen(HEADER), 1000, &out);
	assert_string_equal(buf_str(&out), "[open s1 a.test 1.0]");
	parser_free(&p);
	buf_fini(&out);
}

static void
parser__headers_of_other_streams_are_refused(void **state)
{
	static const char *const headers[] = {
		"<stream:stream xmlns='jabber:server' xmlns:stream='" NS_STREAMS "'>",
		"<stream:stream xmlns:stream='" NS_STREAMS "'>",
		"<stream xmlns='" NS_CLIENT "'>",
		"<s:stream xmlns='" NS_CLIENT "' xmlns:s='urn:x'>",
		"<stream:other xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAMS "'>",
		"<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAMS "'/>",
		"HTTP/1.1 400 Bad Request\r\n",
	};
	size_t i, used;

	(void)state;
	for (i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct parser *p = parser_new(NS_CLIENT, CAP, NULL);

		assert_int_equal(parser_next(p, headers[i], strlen(headers[i]), &used), PARSER_BROKEN);
		parser_free(&p);
	}
}

static void
att_X_01__prefixed_attributes_are_not_read(void **state)
{
	(void)state;
	assert_string_equal(result("<iq xmlns:a='u:1' a:from='reg' from='m@x' a:type='set' type='get' "
	    "a:id='9' id='1' a:to='z'/>"), "(jabber:client|iq from=m@x id=1 type=get '')");
	assert_string_equal(result("<iq xmlns:a='u:1' xmlns:b='u:2' a:from='reg' b:from='reg2'/>"),
	    "(jabber:client|iq '')");
	/* only xml:lang has a place of its own, and "lang" is another attribute */
	assert_string_equal(result("<m xml:lang='de' xml:space='preserve' xmlns:a='u' a:lang='x'/>"),
	    "(jabber:client|m xml:lang=de '')");
	assert_string_equal(result("<iq><q jid='a' xmlns:b='u' b:jid='c'/></iq>"),
	    "(jabber:client|iq ''(jabber:client|q jid=a ''))");
}

static void
att_X_09__ids_come_through_byte_exact(void **state)
{
	char xml[9000], *want;
	struct parser *p = open_parser(CAP);
	size_t used;
	int n;

	(void)state;
	n = snprintf(xml, sizeof(xml), "<iq id='a&#10;b&#9;c&quot;&apos;]]&gt;'/>");
	assert_int_equal(parser_next(p, xml, (size_t)n, &used), PARSER_STANZA);
	assert_string_equal(stanza_attr(parser_stanza(p), "id"), "a\nb\tc\"']]>");
	want = malloc(WIRE_ID_BYTES + 1);
	memset(want, 'i', WIRE_ID_BYTES);
	want[WIRE_ID_BYTES] = '\0';
	n = snprintf(xml, sizeof(xml), "<iq id='%s'/>", want);
	assert_int_equal(parser_next(p, xml, (size_t)n, &used), PARSER_STANZA);
	assert_string_equal(stanza_attr(parser_stanza(p), "id"), want);
	n = snprintf(xml, sizeof(xml), "<iq id=''/>");
	assert_int_equal(parser_next(p, xml, (size_t)n, &used), PARSER_STANZA);
	assert_string_equal(stanza_attr(parser_stanza(p), "id"), "");
	assert_null(stanza_attr(parser_stanza(p), "from"));
	assert_null(stanza_attr(parser_stanza(p), "xmlns"));
	free(want);
	parser_free(&p);
}

static void
att_X_10__bombs_are_refused_before_they_expand(void **state)
{
	static const char *const bombs[] = {
		"<!DOCTYPE x [<!ENTITY a 'b'>]><iq/>",
		"<!DOCTYPE iq SYSTEM 'http://evil/'><iq/>",
		"<iq><!DOCTYPE x></iq>",
		"<iq><!ENTITY a 'b'></iq>",
		"<iq><!-- comment --></iq>",
		"<!-- comment --><iq/>",
		"<iq><?php evil ?></iq>",
		"<?xml-stylesheet href='x'?><iq/>",
		"<?xml version='1.0'?><iq/>",
		"<iq><!ELEMENT x></iq>",
		"<iq><!ATTLIST x></iq>",
		"<iq><![IGNORE[x]]></iq>",
		"<![CDATA[x]]><iq/>",
	};
	static const char *const entities[] = { "<iq>&lol;</iq>", "<iq a='&x;'/>", "<iq>&#0;</iq>",
		"<iq>&#xD800;</iq>", "<iq>&#x110000;</iq>", "<iq>&amp</iq>" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bombs) / sizeof(*bombs); i++)
		if (strcmp(result(bombs[i]), "[broken restricted-xml]") != 0)
			fail_msg("%s: %s", bombs[i], result(bombs[i]));
	for (i = 0; i < sizeof(entities) / sizeof(*entities); i++)
		if (strcmp(result(entities[i]), "[broken not-well-formed]") != 0)
			fail_msg("%s: %s", entities[i], result(entities[i]));
}

static void
att_X_10__a_bomb_in_front_of_the_header_is_refused(void **state)
{
	static const char *const fronts[] = { "<!DOCTYPE s [<!ENTITY a 'b'>]>" HEADER, "<!-- -->" HEADER,
		"<?x y?>" HEADER, "<?xml version='1.0'?><?x y?>" HEADER,
		"<?xml version='1.0'?><!DOCTYPE s><stream:stream>" };
	size_t i, used;

	(void)state;
	for (i = 0; i < sizeof(fronts) / sizeof(*fronts); i++) {
		struct parser *p = parser_new(NS_CLIENT, CAP, NULL);

		if (parser_next(p, fronts[i], strlen(fronts[i]), &used) != PARSER_BROKEN ||
		    strcmp(parser_why(p), "restricted-xml") != 0)
			fail_msg("%s", fronts[i]);
		parser_free(&p);
	}
}

/* in a name, an attribute and a text each. */
static void
att_X_11__bytes_that_are_not_utf8_end_the_stream(void **state)
{
	static const struct { const char *bytes; size_t len; } bad[] = {
		{ "\x80", 1 }, { "\xbf", 1 }, { "\xc0\xaf", 2 }, { "\xc1\xbf", 2 }, { "\xe0\x80\xaf", 3 },
		{ "\xe0\x9f\xbf", 3 }, { "\xf0\x80\x80\xaf", 4 }, { "\xf8\x88\x80\x80\x80", 5 },
		{ "\xed\xa0\x80", 3 }, { "\xed\xbf\xbf", 3 }, { "\xed\xa0\x80\xed\xb0\x80", 6 },
		{ "\xf4\x90\x80\x80", 4 }, { "\xfe", 1 }, { "\xff", 1 }, { "\xef\xbf\xbe", 3 },
		{ "\xef\xbf\xbf", 3 }, { "\xc3", 1 }, { "\xe2\x82", 2 }, { "\x00", 1 }, { "\x01", 1 },
		{ "\x1f", 1 }, { "\x7f\x80", 2 },
	};
	static const char *const places[][2] = { { "<i", "q/>" }, { "<iq a='", "'/>" }, { "<iq>", "</iq>" } };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (k = 0; k < 3; k++) {
			char xml[100];
			size_t a = strlen(places[k][0]), b = strlen(places[k][1]);

			memcpy(xml, places[k][0], a);
			memcpy(xml + a, bad[i].bytes, bad[i].len);
			memcpy(xml + a + bad[i].len, places[k][1], b);
			memcpy(xml + a + bad[i].len + b, "<iq/>", 6);
			if (strstr(result_of(xml, a + bad[i].len + b + 5), "(") != NULL)
				fail_msg("bytes %zu in place %zu were handed over", i, k);
		}
}

static void
att_X_12__no_separator_can_be_smuggled_into_a_namespace(void **state)
{
	static const char *const broken[] = {
		"<iq xmlns='urn:q\x01query'/>", "<iq xmlns='urn:q&#1;query'/>", "<iq xmlns='urn:q\x1fx'/>",
		"<iq xmlns='urn:q&#x1F;x'/>", "<x:iq/>", "<iq a:b='c'/>", "<x:iq xmlns:x=''/>",
		"<iq xmlns:xml='urn:x'/>", "<iq xmlns:xmlns='urn:x'/>", "<xmlns:iq/>", "<a:b:c xmlns:a='u'/>",
		"<iq xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>", "<iq from='a' from='b'/>",
		"<iq xmlns='a' xmlns='b'/>", "<iq xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		if (strcmp(result(broken[i]), "[broken not-well-formed]") != 0)
			fail_msg("%s: %s", broken[i], result(broken[i]));
	/* a bar or a blank is only a strange namespace */
	assert_string_equal(result("<iq xmlns='urn:q|query'/>"), "(urn:q|query|iq '')");
	assert_string_equal(result("<iq><q xmlns='urn:q query'/></iq>"),
	    "(jabber:client|iq ''(urn:q query|q ''))");
}

static void
att_X_12__names_belong_to_their_namespace(void **state)
{
	(void)state;
	assert_string_equal(result("<iq xmlns=''/>"), "(|iq '')");
	assert_string_equal(result("<iq><x:q xmlns:x='urn:q'><x:q xmlns:x='urn:r'/><x:q/></x:q></iq>"),
	    "(jabber:client|iq ''(urn:q|q ''(urn:r|q '')(urn:q|q '')))");
	assert_string_equal(result("<x:iq xmlns:x='urn:q'><q xmlns='urn:r'><b xmlns=''/></q></x:iq>"),
	    "(urn:q|iq ''(urn:r|q ''(|b '')))");
	/* a stream prefix that a stanza binds anew is gone behind it */
	assert_string_equal(result("<iq xmlns:stream='urn:x'><stream:e/></iq><stream:features/>"),
	    "(jabber:client|iq ''(urn:x|e ''))(" NS_STREAMS "|features '')");
}

/* W5, X-13: a tag longer than any read is seen with its last byte. */
static void
att_X_13__a_long_tag_is_seen_at_once(void **state)
{
	static const size_t sizes[] = { 5000, 20000, 60000 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		char *xml = malloc(sizes[i] + 100);
		struct buf out;
		struct parser *p = open_parser(CAP);
		int n = snprintf(xml, 100, "<iq id='1' a='");

		buf_init(&out, 1 << 20);
		memset(xml + n, 'x', sizes[i]);
		memcpy(xml + n + sizes[i], "'/>", 3);
		feed(p, xml, (size_t)n + sizes[i] + 3, 4096, &out);
		assert_memory_equal(buf_str(&out), "(jabber:client|iq id=1 a=xxxx", 29);
		buf_fini(&out);
		free(xml);
		parser_free(&p);
	}
}

static void
fill(struct buf *b, const char *open, const char *unit, size_t times, const char *close)
{
	buf_reset(b);
	buf_adds(b, open);
	while (times-- > 0)
		buf_adds(b, unit);
	buf_adds(b, close);
}

/* whatever is over a cap is thrown away while it comes in,
 * its head is told, and the next stanza is served. */
static void
att_X_14__what_is_over_a_cap_costs_the_stanza_only(void **state)
{
	static const struct { const char *open, *unit; size_t times; const char *close; } bombs[] = {
		{ "<iq id='1' from='m@x' type='set'><q xmlns='urn:q'>", "<a/>", 400000, "</q></iq>" },
		{ "<iq id='1' from='m@x' type='set'>", "<a>", 30000, NULL },
		{ "<iq id='1' from='m@x' type='set'><b>", "text text text ", 100000, "</b></iq>" },
		{ "<iq id='1' from='m@x' type='set'><b a='", "long value ", 100000, "'/></iq>" },
		{ "<iq id='1' from='m@x' type='set'><b>", "&lt;", 64000, "</b></iq>" },
		{ "<iq id='1' from='m@x' type='set'><b><![CDATA[", "]] > </iq>", 64000, "]]></b></iq>" },
		{ "<iq id='1' from='m@x' type='set'>", "<a xmlns='urn:a'><b xmlns='urn:b'/></a>", 2000, "</iq>" },
		{ "<iq id='1' from='m@x' type='set'><a x='>' y=\"'/>\"/>", "<a x='</iq>'/>", 20000, "</iq>" },
	};
	struct buf xml, out;
	size_t i, k;

	(void)state;
	buf_init(&xml, 8 << 20);
	buf_init(&out, 8 << 20);
	for (i = 0; i < sizeof(bombs) / sizeof(*bombs); i++) {
		struct parser *p = open_parser(CAP);

		fill(&xml, bombs[i].open, bombs[i].unit, bombs[i].times,
		    bombs[i].close != NULL ? bombs[i].close : "");
		for (k = 0; bombs[i].close == NULL && k < bombs[i].times; k++)
			buf_adds(&xml, "</a>");
		if (bombs[i].close == NULL)
			buf_adds(&xml, "</iq>");
		buf_adds(&xml, "<iq id='next'/>");
		assert_true(buf_ok(&xml));
		buf_reset(&out);
		feed(p, xml.data, xml.len, 65536, &out);
		if (strcmp(buf_str(&out), "[over jabber:client|iq id=1 from=m@x type=set]"
		    "(jabber:client|iq id=next '')") != 0)
			fail_msg("bomb %zu: %.200s", i, buf_str(&out));
		parser_free(&p);
	}
	buf_fini(&xml);
	buf_fini(&out);
}

/* The broker may blow 182 kB up to 60 MB.  Nothing of it stays. */
static void
att_X_14__an_amplified_stanza_costs_no_memory(void **state)
{
	struct parser *p = open_parser(CAP);
	char *uri = malloc(90000), *tag = malloc(90100);
	size_t i, used, before, most = 0;
	const char *end = "</a>";
	int n;

	(void)state;
	memset(uri, 'u', 89999);
	uri[89999] = '\0';
	n = snprintf(tag, 90100, "<a xmlns='%s'>", uri);
	assert_int_equal(parser_next(p, "<iq id='1'>", 11, &used), PARSER_MORE);
	before = mallinfo2().uordblks;
	for (i = 0; i < 600; i++) {
		assert_int_equal(parser_next(p, tag, (size_t)n, &used), PARSER_MORE);
		if (mallinfo2().uordblks - before > most)
			most = mallinfo2().uordblks - before;
	}
	for (i = 0; i < 600; i++)
		assert_int_equal(parser_next(p, end, 4, &used), PARSER_MORE);
	assert_int_equal(parser_next(p, "</iq>", 5, &used), PARSER_OVERSIZE);
	assert_string_equal(parser_head(p)->id, "1");
	assert_true(most < 2 * CAP);
	parser_free(&p);
	free(uri);
	free(tag);
}

/* X-15, W11: a million levels on a small stack. */
static void *
nest(void *arg)
{
	struct parser *p = open_parser(CAP);
	size_t i, used;

	assert_int_equal(parser_next(p, "<iq id='deep'>", 14, &used), PARSER_MORE);
	for (i = 0; i < 1000000; i++)
		assert_int_equal(parser_next(p, "<a>", 3, &used), PARSER_MORE);
	for (i = 0; i < 1000000; i++)
		assert_int_equal(parser_next(p, "</a>", 4, &used), PARSER_MORE);
	*(enum parser_event *)arg = parser_next(p, "</iq>", 5, &used);
	parser_free(&p);
	return NULL;
}

static void
att_X_15__a_million_levels_fit_a_small_stack(void **state)
{
	enum parser_event ev = PARSER_BROKEN;
	pthread_attr_t attr;
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 128 * 1024), 0);
	assert_int_equal(pthread_create(&t, &attr, nest, &ev), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(ev, PARSER_OVERSIZE);
	(void)pthread_attr_destroy(&attr);
}

/* expat keeps every name of a document; ours is renewed. */
static void
att_X_16__new_names_for_ever_do_not_fill_the_memory(void **state)
{
	struct parser *p = open_parser(CAP);
	size_t i, k, used, warm = 0;
	char xml[2000];

	(void)state;
	for (i = 0; i < 20000; i++) {
		int n = snprintf(xml, sizeof(xml), "<iq><n%zu xmlns:p%zu='u%zu' ", i, i, i);

		for (k = 0; k < 30; k++)
			n += snprintf(xml + n, sizeof(xml) - (size_t)n, "a%zu-%zu='' ", i, k);
		n += snprintf(xml + n, sizeof(xml) - (size_t)n, "/></iq>");
		assert_int_equal(parser_next(p, xml, (size_t)n, &used), PARSER_STANZA);
		if (i == 2000)
			warm = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks < warm + (1 << 20));
	parser_free(&p);
}

/* time at n, 2n, 4n would grow fourfold per step if it were quadratic.
 * Counted are instructions' stand-in: only the shape is asserted, generously. */
static double
seconds_for(size_t n)
{
	struct parser *p = open_parser(4 * CAP);
	struct timespec a, b;
	struct buf xml;
	size_t used, i;

	buf_init(&xml, 8 * CAP);
	fill(&xml, "<m><b>", "&lt;", n, "</b></m>");
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (i = 0; i < 20; i++)
		assert_int_equal(parser_next(p, xml.data, xml.len, &used), PARSER_STANZA);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_int_equal(strlen(stanza_text(stanza_first(parser_stanza(p)))), n);
	buf_fini(&xml);
	parser_free(&p);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void
att_X_17__text_of_entities_is_joined_in_linear_time(void **state)
{
	double small = seconds_for(4000), large = seconds_for(64000);

	(void)state;
	/* linear: 16; quadratic: 256 */
	assert_true(large < 80 * small + 0.05);
}

static const char *
expect(const char *xml, const char *kind)
{
	const char *got = result(xml);

	return strncmp(got, kind, strlen(kind)) == 0 ? NULL : got;
}

/* exactly at the limit and one above. */
static void
att_X_18__depth_elements_attributes_namespaces_and_names_are_exact(void **state)
{
	struct buf xml;
	size_t over, i;

	(void)state;
	buf_init(&xml, 1 << 20);
	for (over = 0; over < 2; over++) {
		const char *kind = over ? "[over" : "(jabber";

		fill(&xml, "", "<a>", WIRE_DEPTH + over, "");
		for (i = 0; i < WIRE_DEPTH + over; i++)
			buf_adds(&xml, "</a>");
		assert_null(expect(xml.data, kind));

		fill(&xml, "<iq>", "<a/>", WIRE_ELEMENTS - 1 + over, "</iq>");
		assert_null(expect(xml.data, kind));

		fill(&xml, "<iq ", "", 0, "");
		for (i = 0; i < WIRE_ATTRIBUTES + over; i++)
			buf_addf(&xml, " a%zu='x'", i);
		buf_adds(&xml, "/>");
		assert_null(expect(xml.data, kind));

		fill(&xml, "<iq>", "", 0, "");
		for (i = 0; i < WIRE_NAMESPACES + over; i++)
			buf_addf(&xml, "<a xmlns='urn:%zu'/><b xmlns='urn:%zu'/>", i, i);
		buf_adds(&xml, "</iq>");
		assert_null(expect(xml.data, kind));

		fill(&xml, "<iq><", "n", WIRE_NAME_BYTES + over, "/></iq>");
		assert_null(expect(xml.data, kind));
		fill(&xml, "<iq ", "n", WIRE_NAME_BYTES + over, "='x'/>");
		assert_null(expect(xml.data, kind));
		fill(&xml, "<iq><a xmlns='", "n", WIRE_NAME_BYTES + over, "'/></iq>");
		assert_null(expect(xml.data, kind));
	}
	buf_fini(&xml);
}

static void
att_X_18__bytes_are_exact_in_ascii_and_utf8(void **state)
{
	static const char *const units[] = { "x", "\xf0\x9f\x98\x80" };
	struct buf xml;
	size_t k, over;

	(void)state;
	buf_init(&xml, 4 * CAP);
	for (k = 0; k < 2; k++)
		for (over = 0; over < 2; over++) {
			size_t frame = strlen("<iq id='1'></iq>"), unit = strlen(units[k]);
			size_t n = (CAP - frame) / unit;

			fill(&xml, "<iq id='1'>", units[k], n, "");
			while (xml.len + strlen("</iq>") < CAP + over)
				buf_addc(&xml, 'y');
			buf_adds(&xml, "</iq>");
			assert_int_equal(xml.len, CAP + over);
			assert_null(expect(xml.data, over ? "[over jabber:client|iq id=1" : "(jabber"));
		}
	buf_fini(&xml);
}

/* the same bytes in other pieces mean the same. */
static void
att_X_22__chunks_make_no_difference(void **state)
{
	static const char *const streams[] = {
		HEADER "<iq id='1' xml:lang='de'><q xmlns='urn:q'>\xc3\xa4&amp;\xf0\x9f\x98\x80<b/>x</q></iq> \n"
		    "<m><![CDATA[<x>]]]]></m><p/></stream:stream><iq/>",
		HEADER "<iq a='>' b=\"'\"><x/><y></y></iq><stream:error><conflict xmlns='" NS_STREAM_ERRORS "'/></stream:error>",
		HEADER "<iq><!-- no --></iq><iq/>",
		HEADER "<iq><a></b></iq><iq/>",
		HEADER "<iq>\xff</iq>",
		HEADER "text<iq/>",
		HEADER "<iq id='1'/><stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAMS "'><iq id='2'/>",
		HEADER "</stream:stream>",
		HEADER "<iq x='<'/>",
		HEADER "</other>",
	};
	static const size_t chunks[] = { 1, 2, 3, 7, 4096 };
	struct buf whole, parts, big;
	size_t i, k;

	(void)state;
	buf_init(&whole, 1 << 20);
	buf_init(&parts, 1 << 20);
	buf_init(&big, 1 << 20);
	fill(&big, HEADER "<iq id='o'>", "<a b='c'>t</a>", 5000, "</iq><iq id='next'/>");
	for (i = 0; i <= sizeof(streams) / sizeof(*streams); i++) {
		const char *xml = i < sizeof(streams) / sizeof(*streams) ? streams[i] : big.data;

		buf_reset(&whole);
		for (k = 0; k < sizeof(chunks) / sizeof(*chunks); k++) {
			struct parser *p = parser_new(NS_CLIENT, 4096, NULL);
			struct buf *out = k == 0 ? &whole : &parts;

			buf_reset(out);
			feed(p, xml, strlen(xml), chunks[k], out);
			parser_free(&p);
			if (k > 0)
				assert_string_equal(buf_str(&whole), buf_str(&parts));
		}
	}
	buf_fini(&whole);
	buf_fini(&parts);
	buf_fini(&big);
}

static void
att_X_23__nothing_is_read_before_the_header_or_after_the_end(void **state)
{
	struct parser *p = parser_new(NS_CLIENT, CAP, NULL);
	size_t used;

	(void)state;
	assert_int_equal(parser_next(p, "<iq id='1'/>" HEADER, 12 + strlen(HEADER), &used), PARSER_BROKEN);
	parser_free(&p);
	assert_string_equal(result("<iq id='1'/></stream:stream><iq id='2'/>"),
	    "(jabber:client|iq id=1 '')[closed]");
}

static void
att_X_23__a_second_header_ends_the_stream_at_once(void **state)
{
	(void)state;
	assert_string_equal(result(HEADER), "[broken restricted-xml]");
	assert_string_equal(result("<stream:stream xmlns='" NS_CLIENT "'>"), "[broken bad-format]");
	assert_string_equal(result("text"), "[broken not-well-formed]");
}

/* W11 and the differential promise: whatever the frame lets through, the real
 * parser must agree on where it ends. */
static void
parser__broken_nesting_ends_the_stream(void **state)
{
	static const char *const bad[] = { "<iq></q>", "<iq><a></iq></a>", "<iq a=b/>", "<iq a/>", "<iq/ >",
		"< iq/>", "<iq a='1'b='2'/>", "<iq>]]></iq>", "<1q/>", "<iq a='<'/>", "</stream:other>", "<iq / >" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (strncmp(result(bad[i]), "[broken", 7) != 0 && result(bad[i])[0] != '\0')
			fail_msg("%s: %s", bad[i], result(bad[i]));
}

static void
parser__cdata_ends_where_xml_says(void **state)
{
	(void)state;
	assert_string_equal(result("<m><![CDATA[a]]]></m><p/>"), "(jabber:client|m 'a]')(jabber:client|p '')");
	assert_string_equal(result("<m><![CDATA[]]]]></m><p/>"), "(jabber:client|m ']]')(jabber:client|p '')");
	assert_string_equal(result("<m><![CDATA[<x>]] >]]>&lt;</m>"), "(jabber:client|m '<x>]] ><')");
}

static void
stanza__is_read_from_text_by_the_same_rules(void **state)
{
	static const char good[] = "<iq id='1'>a<q xmlns='urn:q'>b</q> <r/>c</iq>";
	static const char *const bad[] = { "", "x", "<iq", "<iq/><iq/>", "<iq/>x", "<iq><!-- --></iq>",
		"</stream:stream>", "<stream:stream>" };
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h, NS_COMPONENT, good, strlen(good)), *q;
	size_t i;

	(void)state;
	assert_non_null(s);
	assert_string_equal(stanza_ns(s), NS_COMPONENT);
	assert_string_equal(stanza_text(s), "a c");
	assert_true(stanza_has_text(s));
	assert_int_equal(stanza_children(s), 2);
	q = stanza_child(s, "urn:q", "q");
	assert_ptr_equal(q, stanza_first(s));
	assert_string_equal(stanza_text(q), "b");
	assert_string_equal(stanza_name(stanza_next(q)), "r");
	assert_false(stanza_has_text(stanza_next(q)));
	assert_null(stanza_next(stanza_next(q)));
	assert_null(stanza_child(s, NS_COMPONENT, "q"));
	stanza_holder_free(&h);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(stanza_from_text(&h, NS_CLIENT, bad[i], strlen(bad[i])));
		assert_null(h);
	}
}

static void
parser__common_stanzas_need_no_malloc(void **state)
{
	static const char xml[] = "<iq type='set' id='1' from='a@b/c' to='r.b'><register xmlns='urn:xmpp:iot:discovery'>"
	    "<str name='SN' value='1'/><str name='MAN' value='x'/><num name='V' value='1.2'/></register></iq>";
	struct parser *p = open_parser(CAP);
	size_t i, used, before;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(parser_next(p, xml, strlen(xml), &used), PARSER_STANZA);
	before = mallinfo2().uordblks;
	for (i = 0; i < 100; i++) {
		assert_int_equal(parser_next(p, xml, strlen(xml), &used), PARSER_STANZA);
		assert_int_equal(mallinfo2().uordblks, before);
	}
	parser_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parser__reads_the_header),
		cmocka_unit_test(parser__headers_of_other_streams_are_refused),
		cmocka_unit_test(att_X_01__prefixed_attributes_are_not_read),
		cmocka_unit_test(att_X_09__ids_come_through_byte_exact),
		cmocka_unit_test(att_X_10__bombs_are_refused_before_they_expand),
		cmocka_unit_test(att_X_10__a_bomb_in_front_of_the_header_is_refused),
		cmocka_unit_test(att_X_11__bytes_that_are_not_utf8_end_the_stream),
		cmocka_unit_test(att_X_12__no_separator_can_be_smuggled_into_a_namespace),
		cmocka_unit_test(att_X_12__names_belong_to_their_namespace),
		cmocka_unit_test(att_X_13__a_long_tag_is_seen_at_once),
		cmocka_unit_test(att_X_14__what_is_over_a_cap_costs_the_stanza_only),
		cmocka_unit_test(att_X_14__an_amplified_stanza_costs_no_memory),
		cmocka_unit_test(att_X_15__a_million_levels_fit_a_small_stack),
		cmocka_unit_test(att_X_16__new_names_for_ever_do_not_fill_the_memory),
		cmocka_unit_test(att_X_17__text_of_entities_is_joined_in_linear_time),
		cmocka_unit_test(att_X_18__depth_elements_attributes_namespaces_and_names_are_exact),
		cmocka_unit_test(att_X_18__bytes_are_exact_in_ascii_and_utf8),
		cmocka_unit_test(att_X_22__chunks_make_no_difference),
		cmocka_unit_test(att_X_23__nothing_is_read_before_the_header_or_after_the_end),
		cmocka_unit_test(att_X_23__a_second_header_ends_the_stream_at_once),
		cmocka_unit_test(parser__broken_nesting_ends_the_stream),
		cmocka_unit_test(parser__cdata_ends_where_xml_says),
		cmocka_unit_test(stanza__is_read_from_text_by_the_same_rules),
		cmocka_unit_test(parser__common_stanzas_need_no_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
