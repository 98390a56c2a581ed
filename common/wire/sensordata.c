/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sensordata: XEP-0323.  The long form is read by old clients that know only
 * some of the types, so whole numbers and durations are said twice there.
 */
#include "config.h"

#include "common/wire/sensordata.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/stamp.h"
#include "common/base/str.h"
#include "common/wire/stanza.h"

/* A point of time; absent is none.  "Since ever" is written as the year 1 or 1900:
 * nothing here is older than 1970. */
static int
point(struct parse *p, const struct stanza *el, const char *name, bool *has, int64_t *ms)
{
	const char *text = stanza_attr(el, name);

	*has = text != NULL;
	if (text != NULL && stamp_parse(text, ms) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	if (text != NULL && *ms < 0)
		*ms = 0;
	return 0;
}

int
sensordata_request_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_read *r = &q->u.read;

	r->why = why_is_asked(el);
	if (sensordata_cancel_parse(p, el, q) < 0 ||
	    point(p, el, "from", &r->has_from, &r->from_ms) < 0 ||
	    point(p, el, "to", &r->has_to, &r->to_ms) < 0 ||
	    point(p, el, "when", &r->has_when, &r->when_ms) < 0 ||
	    parse_types(p, el, &r->types, &r->history) < 0 ||
	    parse_tokens(p, el, &r->tokens) < 0 ||
	    parse_nodes(p, el, &r->nodes) < 0)
		return -1;
	return parse_fields(p, el, &r->fields);
}

static void
point_write(struct xml *x, const char *name, bool has, int64_t ms)
{
	char text[STAMP];

	if (!has)
		return;
	stamp_write(text, ms);
	xml_attr(x, name, text);
}

void
sensordata_request_write(struct xml *x, const struct request *q)
{
	enum vocab v = q->dialect.vocab;

	sensordata_cancel_write(x, q);
	point_write(x, "from", q->u.read.has_from, q->u.read.from_ms);
	point_write(x, "to", q->u.read.has_to, q->u.read.to_ms);
	point_write(x, "when", q->u.read.has_when, q->u.read.when_ms);
	emit_types(x, v, q->u.read.types, q->u.read.history);
	emit_tokens(x, v, &q->u.read.tokens);
	emit_nodes(x, v, &q->u.read.nodes);
	emit_fields(x, v, &q->u.read.fields);
	why_write(x, q->u.read.why);
}

int
sensordata_cancel_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_word(p, el, WORD_SEQUENCE, WIRE_TAG_VALUE, &q->u.read.seqnr) < 0)
		return -1;
	return q->u.read.seqnr != NULL ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

void
sensordata_cancel_write(struct xml *x, const struct request *q)
{
	xml_attr(x, word(q->dialect.vocab, WORD_SEQUENCE), q->u.read.seqnr);
}

static const char *
uri(const struct request *q)
{
	return ns_uri(PROTO_SENSOR, q->dialect.gen);
}

static bool
is_old(const struct request *q)
{
	return q->dialect.vocab == VOCAB_LONG;
}

int
readout_accepted_write(struct buf *out, const struct request *q, bool queued)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, "accepted", uri(q));
	sensordata_cancel_write(&x, q);
	if (queued)
		xml_attr_bool(&x, "queued", true);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

/* The later schemas have no such element: an empty result says it. */
int
readout_cancelled_write(struct buf *out, const struct request *q)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	if (is_old(q)) {
		xml_open(&x, "cancelled", uri(q));
		sensordata_cancel_write(&x, q);
		xml_close(&x);
	}
	xml_close(&x);
	return xml_end(&x);
}

/* <message> to the reader, with <name xmlns seqnr> left open in it. */
static void
message_open(struct xml *x, struct buf *out, const struct request *q, const char *id,
    const char *name)
{
	xml_begin(x, out);
	xml_open(x, "message", NULL);
	xml_attr(x, "from", q->to);
	xml_attr(x, "to", q->from);
	xml_attr(x, "id", id);
	xml_open(x, name, uri(q));
	sensordata_cancel_write(x, q);
}

static int
message_end(struct xml *x)
{
	xml_close(x);
	xml_close(x);
	return xml_end(x);
}

int
readout_started_write(struct buf *out, const struct request *q, const char *id)
{
	struct xml x;

	message_open(&x, out, q, id, "started");
	return message_end(&x);
}

/* Element of a type: in the XEP, in the later schemas. */
static const char *const elements[][2] = {
	[VALUE_BOOL] = { "boolean", "b" },
	[VALUE_INT] = { "int", "i" },
	[VALUE_LONG] = { "long", "l" },
	[VALUE_NUMERIC] = { "numeric", "q" },
	[VALUE_STRING] = { "string", "s" },
	[VALUE_DATE] = { "date", "d" },
	[VALUE_TIME] = { "time", "t" },
	[VALUE_DATETIME] = { "dateTime", "dt" },
	[VALUE_DURATION] = { "duration", "dr" },
	[VALUE_ENUM] = { "enum", "e" },
	[VALUE_COLOR] = { "string", "s" },
};

/* In the order of their bits: in the XEP, in the later schemas. */
static const char *const qualities[READING_QUALITIES][2] = {
	{ "missing", "ms" }, { "inProgress", "pr" }, { "automaticEstimate", "ae" },
	{ "manualEstimate", "me" }, { "manualReadout", "mr" }, { "automaticReadout", "ar" },
	{ "timeOffset", "of" }, { "warning", "w" }, { "error", "er" }, { "signed", "so" },
	{ "invoiced", "iv" }, { "endOfSeries", "eos" }, { "powerFailure", "pf" },
	{ "invoiceConfirmed", "ic" },
};
#define SOURCES (READING_MISSING | READING_IN_PROGRESS | READING_AUTOMATIC_ESTIMATE | \
    READING_MANUAL_ESTIMATE | READING_MANUAL_READOUT | READING_AUTOMATIC_READOUT)

/* "Must always be accompanied" by where it comes from (XEP-0323 5.8). */
static void
quality_attrs(struct xml *x, enum vocab v, unsigned quality)
{
	if ((quality & SOURCES) == 0)
		quality |= READING_AUTOMATIC_READOUT;
	for (unsigned i = 0; i < READING_QUALITIES; i++)
		if ((quality & 1u << i) != 0)
			xml_attr_bool(x, qualities[i][v], true);
}

/* What a reader is told of stored values: their periods; the later schemas
 * have one word for all of them, and for a value `historical` is only theirs. */
static void
type_attrs(struct xml *x, enum vocab v, const struct reading *r)
{
	unsigned history = r->history != 0 ? r->history : HISTORY_OTHER;

	emit_types(x, v, r->types, v == VOCAB_LONG && (r->types & FIELD_HISTORICAL) != 0 ?
	    history : 0);
}

/* No exponent and no fraction: xs:int and xs:long have none. */
static void
whole_attr(struct xml *x, const char *name, double v)
{
	char text[STR_DOUBLE];

	(void)snprintf(text, sizeof(text), "%.0f", v);
	xml_attr(x, name, strcmp(text, "-0") == 0 ? "0" : text);
}

static void
value_attr(struct xml *x, const char *name, const struct reading *r)
{
	switch (r->type) {
	case VALUE_BOOL:
		xml_attr_bool(x, name, r->boolean);
		break;
	case VALUE_INT:
	case VALUE_LONG:
		whole_attr(x, name, r->num);
		break;
	case VALUE_NUMERIC:
		if (r->text != NULL)
			xml_attr(x, name, r->text);
		else
			emit_number(x, name, r->num);
		break;
	default:
		xml_attr(x, name, r->text != NULL ? r->text : "");
	}
}

/* One field as the element of `type`. */
static void
field_write(struct xml *x, enum vocab v, const char *element, const struct reading *r)
{
	bool lng = v == VOCAB_LONG;

	xml_open(x, element, NULL);
	xml_attr(x, lng ? "name" : "n", r->name);
	type_attrs(x, v, r);
	quality_attrs(x, v, r->quality);
	value_attr(x, lng ? "value" : "v", r);
	if (r->type == VALUE_NUMERIC)
		xml_attr(x, lng ? "unit" : "u", r->unit != NULL ? r->unit : "");
	if (r->type == VALUE_ENUM)
		xml_attr(x, lng ? "dataType" : "t", r->data_type != NULL ? r->data_type : r->name);
	if (r->writable)
		xml_attr_bool(x, lng ? "writable" : "ctr", true);
	xml_close(x);
}

static bool
is_whole(const struct reading *r)
{
	return r->type == VALUE_NUMERIC && r->num >= -2147483648.0 && r->num <= 2147483647.0 &&
	    !(fabs(r->num - trunc(r->num)) > 0);
}

/* What else a value can be said as, for readers who do not know its type. */
static const struct { enum value_type said; enum value_type also; const char *element; } twins[] = {
	{ VALUE_INT, VALUE_NUMERIC, "numeric" },
	{ VALUE_LONG, VALUE_NUMERIC, "numeric" },
	{ VALUE_DURATION, VALUE_DURATION, "timeSpan" },
	{ VALUE_DATE, VALUE_STRING, "string" },
	{ VALUE_TIME, VALUE_STRING, "string" },
};

/*
 * Some readers know `numeric` and not `int`, others the other way round, and
 * likewise `duration` and `timeSpan`; each skips what it does not know.
 */
static void
reading_write(struct xml *x, enum vocab v, const struct reading *r)
{
	struct reading twin = *r;

	field_write(x, v, elements[r->type][v], r);
	if (v != VOCAB_LONG)
		return;
	if (is_whole(r)) {
		twin.type = VALUE_INT;
		field_write(x, v, "int", &twin);
	}
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (twins[i].said == r->type) {
			twin.type = twins[i].also;
			field_write(x, v, twins[i].element, &twin);
		}
}

/* "Temperature: no answer in time" */
static void
failure_text(struct xml *x, const struct reading *r)
{
	xml_text(x, r->name);
	xml_text(x, ": ");
	xml_text(x, r->failed);
}

/* One of a group: a value, or in the short vocabulary why there is none. */
static void
member_write(struct xml *x, enum vocab v, const struct reading *r)
{
	if (r->failed == NULL) {
		reading_write(x, v, r);
		return;
	}
	xml_open(x, "err", NULL);
	failure_text(x, r);
	xml_close(x);
}

static void
group_open(struct xml *x, enum vocab v, const struct reading *r, bool new_node)
{
	char at[STAMP];

	stamp_write(at, r->at_ms);
	/* An empty nodeId ends some readers' streams: none is written then. */
	if (new_node && (v == VOCAB_LONG || node_is_set(&r->node))) {
		xml_open(x, word(v, WORD_NODE), NULL);
		emit_node(x, v, &r->node);
	}
	xml_open(x, v == VOCAB_LONG ? "timestamp" : "ts", NULL);
	xml_attr(x, v == VOCAB_LONG ? "value" : "v", at);
}

static void
group_close(struct xml *x, enum vocab v, const struct reading *r, bool last_of_node)
{
	xml_close(x);
	if (last_of_node && (v == VOCAB_LONG || node_is_set(&r->node)))
		xml_close(x);
}

/* The next one that stands among the values; NULL: none. */
static const struct reading *
next_member(enum vocab v, const struct reading *r, const struct reading *end)
{
	while (r < end && v == VOCAB_LONG && r->failed != NULL)
		r++;
	return r < end ? r : NULL;
}

static void
readings_write(struct xml *x, enum vocab v, const struct reading *first, size_t n)
{
	const struct reading *end = first + n, *last = NULL, *next;

	for (const struct reading *r = next_member(v, first, end); r != NULL; r = next) {
		bool new_node = last == NULL || !node_equal(&r->node, &last->node), ends_node;

		next = next_member(v, r + 1, end);
		ends_node = next == NULL || !node_equal(&r->node, &next->node);
		if (new_node || r->at_ms != last->at_ms)
			group_open(x, v, r, new_node);
		member_write(x, v, r);
		if (ends_node || r->at_ms != next->at_ms)
			group_close(x, v, r, ends_node);
		last = r;
	}
}

/* <fields seqnr [done]> or <resp id [more]>, without its start. */
static void
data_write(struct xml *x, const struct request *q, const struct reading *r, size_t n, bool more)
{
	bool old = is_old(q);

	if (old && !more)
		xml_attr_bool(x, "done", true);
	if (!old && more)
		xml_attr_bool(x, "more", true);
	readings_write(x, q->dialect.vocab, r, n);
}

static const char *
data_element(const struct request *q)
{
	return is_old(q) ? "fields" : "resp";
}

int
readout_data_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n, bool more)
{
	struct xml x;

	message_open(&x, out, q, id, data_element(q));
	data_write(&x, q, reading, n, more);
	return message_end(&x);
}

bool
readout_fails_apart(const struct request *q)
{
	return is_old(q);
}

/* XEP-0323 3.4 */
int
readout_failure_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n)
{
	char at[STAMP];
	struct xml x;

	message_open(&x, out, q, id, "failure");
	for (size_t i = 0; i < n; i++) {
		if (reading[i].failed == NULL)
			continue;
		stamp_write(at, reading[i].at_ms);
		xml_open(&x, "error", NULL);
		emit_node(&x, q->dialect.vocab, &reading[i].node);
		xml_attr(&x, "timestamp", at);
		failure_text(&x, &reading[i]);
		xml_close(&x);
	}
	return message_end(&x);
}

/* Bytes of text as an attribute. */
static size_t
escaped(const char *s)
{
	size_t n = 0;

	for (; s != NULL && *s != '\0'; s++)
		n += strchr("&<>\"'\t\n\r", *s) != NULL || (unsigned char)*s < 0x20 ? 6 : 1;
	return n;
}

/* Whatever is said twice is counted twice. */
size_t
reading_bytes(const struct reading *r)
{
	size_t one = 120 + escaped(r->name) + STR_DOUBLE + escaped(r->text) + escaped(r->unit) +
	    escaped(r->data_type);

	for (unsigned i = 0; i < WORD_HISTORIES; i++)
		one += (r->history & 1u << i) != 0 ? 26 : 0;
	for (unsigned i = 0; i < READING_QUALITIES; i++)
		one += (r->quality & 1u << i) != 0 ? 26 : 0;
	return 120 + 2 * one + escaped(r->failed) + escaped(r->node.id) + escaped(r->node.source) +
	    escaped(r->node.partition);
}

int
readout_answer_write(struct buf *out, const struct request *q,
    const struct reading *reading, size_t n)
{
	struct xml x;

	if (is_old(q))
		return -1;
	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, data_element(q), uri(q));
	sensordata_cancel_write(&x, q);
	data_write(&x, q, reading, n, false);
	return message_end(&x);
}

/*
 * XEP-0323 3.5 wants <rejected/> in an iq of type error, without saying that
 * RFC 6120 8.3.1 wants an <error/> there; readers of either kind exist.
 */
int
readout_error_write(struct buf *out, const struct request *q, enum condition c,
    const char *text, const struct denied *why)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "error");
	if (is_old(q)) {
		xml_open(&x, "rejected", uri(q));
		sensordata_cancel_write(&x, q);
		xml_leaf(&x, "error", NULL, text != NULL ? text : condition_name(c));
		xml_close(&x);
	}
	emit_error_open(&x, c);
	if (text != NULL && !is_old(q))
		xml_leaf(&x, "text", NS_STANZAS, text);
	if (why != NULL && q->u.read.why)
		denied_write(&x, why);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
