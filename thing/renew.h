/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renew: a new password for our account (XEP-0077), when an owner may know the
 * old one.  The new one is on disk beside the old before the broker hears of
 * it, so a crash at any point leaves one that fits: login.c tries both.  When
 * it is due is enroll.c's business.
 */
#ifndef KITH_THING_RENEW_H
#define KITH_THING_RENEW_H

#include <stdbool.h>

#include "thing/identity.h"
#include "thing/session.h"

struct renew {
	struct identity *id;
	const char *dir;
	struct session *session;
	void (*note)(void *arg, bool alarm, const char *sentence);
	void *arg;
	bool asking;
};

/* While logged in: ask, if it is due and not asked for yet. */
void renew_now(struct renew *r);

#endif
