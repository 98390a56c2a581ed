/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: a backup takes the place of the store, while no kithd runs.  It is
 * opened, checked and prepared under another name first; only what is known to
 * be good gets the name, and what was there is kept beside it.  Time has gone
 * on since the backup: see provisioning/restored.c for what that means.
 */
#ifndef KITH_KITHD_RESTORE_H
#define KITH_KITHD_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "kithd/kithd_conf.h"

struct restore {
	int backup_fd;		/* opened by whoever may read it */
	int key_fd;		/* -1: the key that is in its place is the right one */
	bool force;		/* there is a store already: put it aside */
	bool trust;		/* nothing was taken back since the backup: allows stay */
};

struct restored {
	int64_t at_ms;		/* wall: when the backup was made; 0 not known */
	int64_t things, owners, rules;	/* rules: allows that became asks */
	char aside[512];	/* where the former store is; "" there was none */
};

int restore(const struct restore *what, const struct kithd_conf *conf, struct restored *out,
    struct err *e);

#endif
