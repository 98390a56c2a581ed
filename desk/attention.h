/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attention: when an owner may be asked something.  He is sent six messages an
 * hour at most; who says nothing is asked less and less often, and who is known
 * to be away gets one message and the next when he is back, with all that is
 * open by then.  Memory only, and pure: it reads no clock.
 */
#ifndef KITH_DESK_ATTENTION_H
#define KITH_DESK_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATTENTION_RESOURCES 8	/* of one person; with more he counts as there */

struct attention {
	int64_t hour_ms, last_ms;	/* boot: this hour began; the last message */
	int64_t in_hour;
	unsigned silent;		/* messages since he last wrote or came back */
	bool is_known;			/* his presence was seen since our stream is up */
	size_t n_there;
	uint64_t there[ATTENTION_RESOURCES];	/* hashes of full addresses */
};

bool attention_may(const struct attention *a, int64_t now_ms, int64_t per_hour);
void attention_taken(struct attention *a, int64_t now_ms);	/* he was sent one */
void attention_given(struct attention *a);			/* he wrote */
void attention_presence(struct attention *a, const char *full, bool available);
void attention_gap(struct attention *a);	/* nobody told us who came and went */

#endif
