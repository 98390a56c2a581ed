/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: attributes and elements that have a long name in the XEPs and a
 * short one in the later schemas.  Which one is used does not follow from the
 * namespace.  Words that mean the same in both are not here.
 */
#ifndef KITH_WIRE_WORDS_H
#define KITH_WIRE_WORDS_H

#include "common/wire/ns.h"

enum word {
	WORD_NODE_ID,
	WORD_SOURCE,
	WORD_PARTITION,
	WORD_SERVICE_TOKEN,
	WORD_DEVICE_TOKEN,
	WORD_USER_TOKEN,
	WORD_MOMENTARY,
	WORD_PEAK,
	WORD_STATUS,
	WORD_COMPUTED,
	WORD_IDENTITY,
	WORD_HISTORICAL,
	WORD_SEQUENCE,		/* of a readout */
	WORD_NODE,		/* element */
	WORD_FIELD,		/* element */
	WORD_COUNT
};

const char *word(enum vocab v, enum word w);

/* The six field types of XEP-0323 in the order of their FIELD_* bits. */
#define WORD_FIELD_TYPES 6
unsigned word_field_bit(unsigned i);
enum word word_field_word(unsigned i);

/* What the long vocabulary can say about history beyond `historical`. */
#define WORD_HISTORIES 9
const char *word_history(unsigned i);

#endif
