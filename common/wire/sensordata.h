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

/* One value of one field at one time. */
struct reading {
	const char *name;
	enum value_type type;
	bool boolean;		/* VALUE_BOOL */
	double num;		/* VALUE_INT, VALUE_LONG, VALUE_NUMERIC */
	const char *text;	/* all others; of numbers: how to print it, NULL: shortest */
	const char *unit;	/* VALUE_NUMERIC; NULL: none */
	const char *data_type;	/* VALUE_ENUM: what it is one of; NULL: none */
	unsigned types;		/* FIELD_*; exactly one bit, mostly */
	int64_t at_ms;		/* wall clock */
	struct node node;	/* not set: the thing itself */
};

/* The iq result that says a readout was begun. */
int readout_accepted_write(struct buf *out, const struct request *q);
/*
 * A message with readings.  Those of one node and one time should stand
 * together: each change of either begins a new group.  `more`: others follow.
 * `id`: of the message.
 */
int readout_data_write(struct buf *out, const struct request *q, const char *id,
    const struct reading *reading, size_t n, bool more);
/* All of them in the iq result itself, instead of accepted and a message.
 * -1 in the long vocabulary, which has no such answer. */
int readout_answer_write(struct buf *out, const struct request *q,
    const struct reading *reading, size_t n);
/* No.  `text`: a short sentence for the reader, NULL: none.  `why`: said to who
 * asked for it, NULL: nothing more is known. */
int readout_error_write(struct buf *out, const struct request *q, enum condition c,
    const char *text, const struct denied *why);
int readout_cancelled_write(struct buf *out, const struct request *q);

#endif
