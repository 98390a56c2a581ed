/* SPDX-License-Identifier: Apache-2.0 */
/* words: the table of long and short names.  Read next: parse.h, emit.h. */
#include "config.h"

#include "common/wire/words.h"

#include "common/wire/request.h"

static const char *const words[WORD_COUNT][2] = {
	[WORD_NODE_ID] = { "nodeId", "id" },
	[WORD_SOURCE] = { "sourceId", "src" },
	[WORD_PARTITION] = { "cacheType", "pt" },
	[WORD_SERVICE_TOKEN] = { "serviceToken", "st" },
	[WORD_DEVICE_TOKEN] = { "deviceToken", "dt" },
	[WORD_USER_TOKEN] = { "userToken", "ut" },
	[WORD_MOMENTARY] = { "momentary", "m" },
	[WORD_PEAK] = { "peak", "p" },
	[WORD_STATUS] = { "status", "s" },
	[WORD_COMPUTED] = { "computed", "c" },
	[WORD_IDENTITY] = { "identity", "i" },
	[WORD_HISTORICAL] = { "historical", "h" },
	[WORD_SEQUENCE] = { "seqnr", "id" },
	[WORD_NODE] = { "node", "nd" },
	[WORD_FIELD] = { "field", "f" },
};

const char *
word(enum vocab v, enum word w)
{
	return words[w][v];
}

static const struct { unsigned bit; enum word word; } field_types[WORD_FIELD_TYPES] = {
	{ FIELD_MOMENTARY, WORD_MOMENTARY },
	{ FIELD_PEAK, WORD_PEAK },
	{ FIELD_STATUS, WORD_STATUS },
	{ FIELD_COMPUTED, WORD_COMPUTED },
	{ FIELD_IDENTITY, WORD_IDENTITY },
	{ FIELD_HISTORICAL, WORD_HISTORICAL },
};

unsigned
word_field_bit(unsigned i)
{
	return field_types[i].bit;
}

enum word
word_field_word(unsigned i)
{
	return field_types[i].word;
}

const char *
word_history(unsigned i)
{
	static const char *const names[WORD_HISTORIES] = { "historicalSecond",
		"historicalMinute", "historicalHour", "historicalDay", "historicalWeek",
		"historicalMonth", "historicalQuarter", "historicalYear", "historicalOther" };

	return names[i];
}
