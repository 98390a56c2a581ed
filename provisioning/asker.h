/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asker: whoever asked isFriend, canRead or canControl and got an answer that
 * may have to be taken back.  Rows and their copy in memory, with the moments at
 * which something is due in a heap (common/base/due.h).  Decides nothing: see
 * lease.c.
 */
#ifndef KITH_PROVISIONING_ASKER_H
#define KITH_PROVISIONING_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct askers;
struct store;

struct asker {
	const char *jid;
	bool keeps_lease;		/* asks for leases: forgets by itself */
	int64_t edge_ms;		/* wall: an answer given changes then; 0 never */
	int64_t again_ms;		/* wall: when clearCache is said once more; or ASKER_* */
	/* Memory only: */
	int64_t gap_ms;			/* wall: clear again after a gap; 0 no */
	int64_t lease_boot_ms;		/* boot: when the last lease given ends; 0 not known */
};
enum { ASKER_REPEATED = -1, ASKER_QUIET };

int askers_open(struct askers **out, struct store *s, struct err *e);
void askers_close(struct askers **a);

/* NULL: he never asked.  Valid until his next change. */
const struct asker *asker_find(const struct askers *a, const char *jid);
/* In a transaction: insert or replace. */
int asker_put(struct askers *a, const struct asker *k, struct err *e);
/* In the order in which they came; nobody ever leaves, so an index stays. */
size_t asker_count(const struct askers *a);
const struct asker *asker_at(const struct askers *a, size_t i);
/* Memory only. */
void asker_set_gap(struct askers *a, const struct asker *k, int64_t gap_ms);
void asker_set_lease(const struct asker *k, int64_t boot_ms);
/* Whose edge or gap comes first; NULL: nobody's. */
const struct asker *asker_next(const struct askers *a, int64_t *when_ms);

#endif
