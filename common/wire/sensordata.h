/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sensordata: XEP-0323 at the thing: the request for a readout, and the
 * answers to it (readout_*), each in the dialect of the request.
 * One readout: accepted, then data in one or more messages, the last with
 * `more` false; or refused.
 */
#ifndef KITH_WIRE_SENSORDATA_H
#define KITH_WIRE_SENSORDATA_H

#include "common/wire/emit.h"
#include "common/wire/lease.h"
#include "common/wire/parse.h"

int sensordata_request_parse(struct parse *p, const struct stanza *el, struct request *q);
void sensordata_request_write(struct xml *x, const struct request *q);
int sensordata_cancel_parse(struct parse *p, const struct stanza *el, struct request *q);
void sensordata_cancel_write(struct xml *x, const struct request *q);

/* How good a reading is (XEP-0323 5.8): bits; none is a plain automatic readout. */
#define READING_MISSING 0x0001u
#define READING_IN_PROGRESS 0x0002u
#define READING_AUTOMATIC_ESTIMATE 0x0004u
#define READING_MANUAL_ESTIMATE 0x0008u
#define READING_MANUAL_READOUT 0x0010u
#define READING_AUTOMATIC_READOUT 0x0020u
#define READING_TIME_OFFSET 0x0040u
#define READING_WARNING 0x0080u
#define READING_ERROR 0x0100u
#define READING_SIGNED 0x0200u
#define READING_INVOICED 0x0400u
#define READING_END_OF_SERIES 0x0800u
#define READING_POWER_FAILURE 0x1000u
#define READING_INVOICE_CONFIRMED 0x2000u
#define READING_QUALITIES 14

/* Kinds of history, in the order of word_history(), as bits. */
#define HISTORY_OTHER (1u << 8)
#define HISTORY_ALL 0x1ffu

/* One value of one field at one time; or why there is none. */
struct reading {
	const char *name;
	enum value_type type;
	bool boolean;		/* VALUE_BOOL */
	double num;		/* VALUE_INT, VALUE_LONG, VALUE_NUMERIC */
	const char *text;	/* all others; of numbers: how to print it, NULL: shortest */
	const char *unit;	/* VALUE_NUMERIC; NULL: none */
	const char *data_type;	/* VALUE_ENUM: what it is one of; NULL: none */
	unsigned types;		/* FIELD_*; exactly one bit, mostly */
	unsigned history;	/* with FIELD_HISTORICAL: of which periods it is the last */
	unsigned quality;	/* READING_* */
	bool writable;		/* a control has this name */
	int64_t at_ms;		/* wall clock */
	struct node node;	/* not set: the thing itself */
	const char *failed;	/* why it has no value; NULL: it has one */
};

/* The iq result that says a readout was begun; `queued`: it will begin later,
 * and readout_started_write() will say so. */
int readout_accepted_write(struct buf *out, const struct request *q, bool queued);
int readout_started_write(struct buf *out, const struct request *q, const char *id);
/*
 * A message with readings.  Those of one node and one time should stand
 * together: each change of either begins a new group.  `more`: others follow.
 * `id`: of the message.  What failed stands among them in the short vocabulary;
 * in the long one it is left out: readout_failure_write().
 */
int readout_data_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n, bool more);
/* A message with what failed of these.  The readout is not over by it: readers
 * of the long vocabulary that know no failures wait for the last of the data. */
int readout_failure_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n);
/* Do failures need a message of their own? */
bool readout_fails_apart(const struct request *q);
/* All of them in the iq result itself, instead of accepted and a message.
 * -1 in the long vocabulary, which has no such answer. */
int readout_answer_write(struct buf *out, const struct request *q,
    const struct reading *reading, size_t n);
/* No.  `text`: a short sentence for the reader, NULL: none.  `why`: said to who
 * asked for it, NULL: nothing more is known. */
int readout_error_write(struct buf *out, const struct request *q, enum condition c,
    const char *text, const struct denied *why);
int readout_cancelled_write(struct buf *out, const struct request *q);
/* At most so many bytes of a message are this reading. */
size_t reading_bytes(const struct reading *r);

#endif
