/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_check: walks a chain of audit rows from its start and says which row
 * is the first that does not belong there.  Pure: rows come from a store or
 * from an exported file.  A chain whose end was cut off still verifies: that
 * shows only by a head that somebody noted elsewhere.
 */
#ifndef KITH_STORE_AUDIT_CHECK_H
#define KITH_STORE_AUDIT_CHECK_H

#include "common/store/audit.h"

struct audit_check {
	int64_t start_row, row;
	uint8_t start_hash[AUDIT_HASH], hash[AUDIT_HASH];
	bool cut_is_noted;
};

void audit_check_start(struct audit_check *c, int64_t row, const uint8_t hash[static AUDIT_HASH]);
/* -1: this row is wrong; `e` names it and how. */
int audit_check_row(struct audit_check *c, const struct audit_row *r, struct err *e);
/* -1: rows are missing in front of the first. */
int audit_check_end(const struct audit_check *c, struct err *e);

#endif
