/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_check: number by number, hash by hash.
 */
#include "config.h"

#include "common/store/audit_check.h"

#include <string.h>

void audit_check_start(struct audit_check *c, int64_t row, const uint8_t hash[static AUDIT_HASH])
{
	c->start_row = c->row = row;
	memcpy(c->start_hash, hash, AUDIT_HASH);
	memcpy(c->hash, hash, AUDIT_HASH);
	c->cut_is_noted = row == 0;
}

int audit_check_row(struct audit_check *c, const struct audit_row *r, struct err *e)
{
	uint8_t expected[AUDIT_HASH];
	char cut[AUDIT_CUT_DETAIL];

	if (r->row != c->row + 1)
		return err_set(e, ERR_INPUT, "row %lld follows row %lld: rows were removed, added "
		    "or moved", (long long)r->row, (long long)c->row);
	audit_chain(expected, c->hash, r);
	if (memcmp(expected, r->hash, AUDIT_HASH) != 0)
		return err_set(e, ERR_INPUT, "row %lld does not fit: it was changed, or what was "
		    "in front of it", (long long)r->row);
	c->row = r->row;
	memcpy(c->hash, r->hash, AUDIT_HASH);
	audit_cut_detail(cut, c->start_row, c->start_hash);
	if (r->event.what == AUDIT_CUT && r->event.detail != NULL &&
	    strcmp(r->event.detail, cut) == 0)
		c->cut_is_noted = true;
	return 0;
}

int audit_check_end(const struct audit_check *c, struct err *e)
{
	if (!c->cut_is_noted)
		return err_set(e, ERR_INPUT, "it begins behind row %lld, and no row says that "
		    "older ones were dropped there", (long long)c->start_row);
	return 0;
}
