/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_audit: what happened, newest first for people; the whole chain,
 * oldest first, for `kithctl audit export`, one JSON object a line with
 * everything that its hash covers.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "kithd/report_part.h"

#define EXPORT_SLICE 500

/* ---- for people ---- */

void report_audit_fields(struct rows *rows, const struct audit_row *a)
{
	row_time(rows, "at", a->at_ms);
	row_text(rows, "what", audit_what_name(a->event.what));
	if (a->count != 1)
		row_int(rows, "count", a->count);
	row_text(rows, "actor", a->event.actor);
	row_text(rows, "object", a->event.object);
	row_text(rows, "detail", a->event.detail);
}

static void event_row(void *arg, const struct audit_row *a)
{
	struct report *r = arg;

	r->at = a->row;
	if (r->since_ms > 0 && a->at_ms < r->since_ms) {
		/* Newest first: nothing behind it is younger. */
		r->stage = 1;
		return;
	}
	if (report_is_full(r) || !report_wants(r))
		return;
	row_begin(&r->rows);
	report_audit_fields(&r->rows, a);
	row_text(&r->rows, "owner", a->event.owner);
	if (a->has_thing)
		row_hex(&r->rows, "thing", a->thing, sizeof(a->thing));
	if (a->event.epoch > 0)
		row_int(&r->rows, "epoch", (int64_t)a->event.epoch);
	if (a->since_ms != a->at_ms)
		row_time(&r->rows, "since", a->since_ms);
	row_int(&r->rows, "row", a->row);
	row_end(&r->rows);
}

static bool events_step(struct report *r)
{
	uint8_t id[OWNERSHIP_ID];
	struct err e = ERR_INIT;
	bool more = false;

	/* The thing may have gone since; its id is good for ever. */
	if (r->thing != NULL && str_unhex(id, sizeof(id), r->thing) != 0) {
		report_fail(r, "no thing is called that; use an id of: kithctl things");
		return false;
	}
	if (audit_history_before(r->p->audit, r->thing != NULL ? id : NULL, r->owner, r->at,
	    EXPORT_SLICE, &more, event_row, r, &e) < 0) {
		report_fail(r, "cannot read the record now; see the log of kithd");
		return false;
	}
	if (more && r->stage == 0 && !report_is_full(r))
		return true;
	rows_end(&r->rows);
	return false;
}

/* A name becomes an id once, before the walk. */
static int resolve(struct report *r, const char *name)
{
	const struct owned *t;
	uint8_t id[OWNERSHIP_ID];
	char hex[2 * OWNERSHIP_ID + 1];

	if (str_unhex(id, sizeof(id), name) == 0) {
		r->thing = name;
		return REPORT_OK;
	}
	t = report_one_thing(r, name);
	if (t == NULL)
		return REPORT_ERROR;
	str_hex(hex, t->id, OWNERSHIP_ID);
	r->thing = pool_strdup(&r->words, hex);
	return r->thing != NULL ? REPORT_OK : report_fail(r, "out of memory");
}

static int begin_events(struct report *r)
{
	if (r->p->audit == NULL)
		return report_fail(r, "nothing is recorded here");
	if (r->thing != NULL && resolve(r, r->thing) != REPORT_OK)
		return REPORT_ERROR;
	r->at = INT64_MAX;
	rows_begin(&r->rows, true);
	r->step = events_step;
	return REPORT_OK;
}

int report_audit(struct report *r)
{
	if (r->n_args > 0)
		return report_fail(r, "audit takes --since, --thing, --owner, --limit and --offset, "
		    "or: audit export FILE, audit verify FILE");
	return begin_events(r);
}

int report_history(struct report *r)
{
	if (r->n_args != 1)
		return report_fail(r, "history needs the name, address or id of one thing");
	r->thing = r->arg[0];
	return begin_events(r);
}

/* ---- for the verifier ---- */

static void json_field(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(out, ",\"%s\":", name);
	row_json_text(out, value);
}

static void json_hex(struct buf *out, const char *name, const uint8_t *bytes, size_t len)
{
	char hex[2 * AUDIT_HASH + 1];

	str_hex(hex, bytes, len);
	buf_addf(out, ",\"%s\":\"%s\"", name, hex);
}

/* Numbers are in the words of the hash: milliseconds, and `what` by number too. */
static void export_row(void *arg, const struct audit_row *a)
{
	struct report *r = arg;
	struct buf *out = r->rows.out;

	r->at = a->row;
	buf_addf(out, "{\"row\":%lld,\"at\":%lld,\"since\":%lld,\"count\":%lld,\"what\":%d,"
	    "\"name\":\"%s\"", (long long)a->row, (long long)a->at_ms, (long long)a->since_ms,
	    (long long)a->count, (int)a->event.what, audit_what_name(a->event.what));
	if (a->has_thing)
		json_hex(out, "thing", a->thing, sizeof(a->thing));
	buf_addf(out, ",\"epoch\":%llu", (unsigned long long)a->event.epoch);
	json_field(out, "owner", a->event.owner);
	json_field(out, "actor", a->event.actor);
	json_field(out, "object", a->event.object);
	json_field(out, "detail", a->event.detail);
	json_hex(out, "hash", a->hash, AUDIT_HASH);
	buf_adds(out, "}\n");
}

static bool export_step(struct report *r)
{
	struct err e = ERR_INIT;
	int n = audit_walk(r->p->audit, r->at, EXPORT_SLICE, export_row, r, &e);

	if (n < 0)
		report_fail(r, "cannot read the record now; see the log of kithd");
	return n == EXPORT_SLICE;
}

int report_export(struct report *r)
{
	uint8_t hash[AUDIT_HASH];
	struct err e = ERR_INIT;
	char hex[2 * AUDIT_HASH + 1];

	if (r->p->audit == NULL)
		return report_fail(r, "nothing is recorded here");
	if (audit_start(r->p->audit, &r->at, hash, &e) != 1)
		return report_fail(r, "cannot read the record now; see the log of kithd");
	str_hex(hex, hash, AUDIT_HASH);
	buf_addf(r->rows.out, "{\"form\":\"kith-audit-1\",\"row\":%lld,\"hash\":\"%s\"}\n",
	    (long long)r->at, hex);
	r->step = export_step;
	return REPORT_OK;
}
