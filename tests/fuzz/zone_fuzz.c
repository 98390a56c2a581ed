/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_fuzz: any file is no time zone, or one that has an offset at any time; the
 * next change is later than now.
 */
#include "config.h"

#include "common/base/zone.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = { 0, 1, -86400000LL * 365 * 200, 951782400000, 1777622400000,
		4102444800000, 253402300799000 };
	struct zone *z = zone_read("Here/There", data, size);

	for (size_t i = 0; z != NULL && i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t until = -1;
		int32_t east = zone_offset(z, times[i], &until);

		FUZZ_CHECK(east >= -48 * 3600 && east <= 48 * 3600);
		FUZZ_CHECK(until == 0 || until > times[i]);
	}
	zone_free(&z);
	return 0;
}
