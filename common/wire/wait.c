/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait: any namespace will do: an element of that name can mean nothing else.
 */
#include "config.h"

#include "common/wire/wait.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

int64_t
wait_ms(const struct stanza *error)
{
	const struct stanza *c;
	int64_t seconds;

	for (c = stanza_first(error); c != NULL; c = stanza_next(c)) {
		const char *after = stanza_attr(c, "after");

		if (strcmp(stanza_name(c), "retry") == 0 && after != NULL &&
		    str_to_int(after, 0, WAIT_MAX_S, &seconds) == 0)
			return seconds * 1000;
	}
	return 0;
}
