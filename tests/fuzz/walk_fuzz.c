/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_fuzz: whatever people, things, the operator and the clock do, in any
 * order, nothing changes but by who may change it (tests/unit/walk.h).
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "common/base/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/walk.h"

#define BYTES (3 * 400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk_report r = { 0 };
	void *hand = NULL;
	const char *wrong;

	log_set_level(LOG_LEVEL_ERROR);
	FUZZ_CHECK(hand_set_up(&hand) == 0);
	wrong = walk(hand, data, size < BYTES ? size : BYTES, &r);
	if (wrong != NULL)
		fprintf(stderr, "%s\n", wrong);
	FUZZ_CHECK(wrong == NULL);
	hand_tear_down(&hand);
	return 0;
}
