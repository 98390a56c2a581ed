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
#include <time.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

int
sensordata_request_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	struct request_read *r = &q->u.read;

	/* `when`, `from`, `to` are about schedules and stored values. */
	r->when = stanza_attr(el, "when") != NULL;
	r->why = why_is_asked(el);
	if (sensordata_cancel_parse(p, el, q) < 0 ||
	    parse_types(p, el, &r->types, &r->history) < 0 ||
	    parse_tokens(p, el, &r->tokens) < 0 ||
	    parse_nodes(p, el, &r->nodes) < 0)
		return -1;
	return parse_fields(p, el, &r->fields);
}

void
sensordata_request_write(struct xml *x, const struct request *q)
{
	enum vocab v = q->dialect.vocab;

	sensordata_cancel_write(x, q);
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

/* <name xmlns seqnr/> in an iq result */
static int
acknowledge(struct buf *out, const struct request *q, const char *name)
{
	struct xml x;

	xml_begin(&x, out);
	emit_answer(&x, q, "result");
	xml_open(&x, name, uri(q));
	sensordata_cancel_write(&x, q);
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}

int
readout_accepted_write(struct buf *out, const struct request *q)
{
	return acknowledge(out, q, "accepted");
}

int
readout_cancelled_write(struct buf *out, const struct request *q)
{
	return acknowledge(out, q, "cancelled");
}

/* XEP-0082, in UTC; milliseconds only when there are any. */
#define STAMP 48

static void
stamp(char out[static STAMP], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	long rest = (long)(ms % 1000);
	struct tm tm;
	size_t len;

	if (rest < 0) {
		rest += 1000;
		seconds--;
	}
	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	len = strftime(out, STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest != 0)
		(void)snprintf(out + len, STAMP - len, ".%03ldZ", rest);
	else
		(void)snprintf(out + len, STAMP - len, "Z");
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

static void
value_attr(struct xml *x, const char *name, const struct reading *r)
{
	switch (r->type) {
	case VALUE_BOOL:
		xml_attr_bool(x, name, r->boolean);
		break;
	case VALUE_INT:
	case VALUE_LONG:
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

/* One field under the given element name. */
static void
field_write(struct xml *x, enum vocab v, const char *element, const struct reading *r)
{
	bool lng = v == VOCAB_LONG;

	xml_open(x, element, NULL);
	xml_attr(x, lng ? "name" : "n", r->name);
	emit_types(x, v, r->types, 0);
	value_attr(x, lng ? "value" : "v", r);
	if (r->type == VALUE_NUMERIC && strcmp(element, "int") != 0)
		xml_attr(x, lng ? "unit" : "u", r->unit != NULL ? r->unit : "");
	if (r->type == VALUE_ENUM)
		xml_attr(x, lng ? "dataType" : "t", r->data_type != NULL ? r->data_type : r->name);
	xml_close(x);
}

static bool
is_whole(const struct reading *r)
{
	return r->type == VALUE_NUMERIC && r->num >= -2147483648.0 && r->num <= 2147483647.0 &&
	    !(fabs(r->num - trunc(r->num)) > 0);
}

/*
 * Some readers know `numeric` and not `int`, others the other way round, and
 * likewise `duration` and `timeSpan`; each skips what it does not know.
 */
static void
reading_write(struct xml *x, enum vocab v, const struct reading *r)
{
	struct reading whole = *r;

	field_write(x, v, elements[r->type][v], r);
	if (v != VOCAB_LONG)
		return;
	whole.text = NULL;
	if (is_whole(r))
		field_write(x, v, "int", &whole);
	if (r->type == VALUE_INT) {
		whole.type = VALUE_NUMERIC;
		field_write(x, v, "numeric", &whole);
	}
	if (r->type == VALUE_DURATION)
		field_write(x, v, "timeSpan", r);
}

static void
group_open(struct xml *x, enum vocab v, const struct reading *r, bool new_node)
{
	char at[STAMP];

	stamp(at, r->at_ms);
	/* An empty nodeId ends some readers' streams: none is written then. */
	if (new_node && (v == VOCAB_LONG || node_is_set(&r->node))) {
		xml_open(x, word(v, WORD_NODE), NULL);
		emit_node(x, v, &r->node);
	}
	xml_open(x, v == VOCAB_LONG ? "timestamp" : "ts", NULL);
	xml_attr(x, v == VOCAB_LONG ? "value" : "v", at);
}

static void
readings_write(struct xml *x, enum vocab v, const struct reading *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool new_node = i == 0 || !node_equal(&r[i].node, &r[i - 1].node);
		bool last_of_node = i + 1 == n || !node_equal(&r[i].node, &r[i + 1].node);

		if (new_node || r[i].at_ms != r[i - 1].at_ms)
			group_open(x, v, &r[i], new_node);
		reading_write(x, v, &r[i]);
		if (last_of_node || r[i].at_ms != r[i + 1].at_ms)
			xml_close(x);
		if (last_of_node && (v == VOCAB_LONG || node_is_set(&r[i].node)))
			xml_close(x);
	}
}

static bool
is_old(const struct request *q)
{
	return q->dialect.vocab == VOCAB_LONG;
}

/* <fields seqnr [done]> or <resp id [more]> */
static void
data_write(struct xml *x, const struct request *q, const struct reading *r, size_t n, bool more)
{
	enum vocab v = q->dialect.vocab;
	bool old = is_old(q);

	xml_open(x, old ? "fields" : "resp", uri(q));
	xml_attr(x, word(v, WORD_SEQUENCE), q->u.read.seqnr);
	if (old && !more)
		xml_attr_bool(x, "done", true);
	if (!old && more)
		xml_attr_bool(x, "more", true);
	readings_write(x, v, r, n);
	xml_close(x);
}

int
readout_data_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n, bool more)
{
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "message", NULL);
	xml_attr(&x, "from", q->to);
	xml_attr(&x, "to", q->from);
	xml_attr(&x, "id", id);
	data_write(&x, q, reading, n, more);
	xml_close(&x);
	return xml_end(&x);
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
	data_write(&x, q, reading, n, false);
	xml_close(&x);
	return xml_end(&x);
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
