/* SPDX-License-Identifier: Apache-2.0 */
/*
 * departure: lines out, and the signature checked.  Read next: decommission.c.
 */
#include "config.h"

#include "thing/departure.h"

#include <stdio.h>
#include <string.h>

#include "common/base/stamp.h"

#define PURPOSE "kith receipt, form 1"
#define KEY_LINE "\nkey "
#define SIGNATURE_LINE "\nsignature "

static void write_facts(struct buf *out, const struct departure *r, const char *key)
{
	char at[STAMP];

	stamp_write(at, r->at_ms);
	buf_adds(out, PURPOSE);
	buf_addf(out, "\nthing %s", r->thing);
	buf_addf(out, KEY_LINE "%s", key);
	buf_addf(out, "\nowner %s", *r->owner ? r->owner : "nobody");
	buf_addf(out, "\ntime %s", at);
	buf_addf(out, "\nrecord at %s: %s", r->registry, r->record);
	buf_addf(out, "\nnodes forgotten there: %zu", r->nodes);
	buf_addf(out, "\naccount: %s", r->account);
	buf_addf(out, "\nidentity, keys, leases and history: %s", r->folder);
}

int departure_write(struct buf *out, const struct departure *r, const struct identity *id,
    struct err *e)
{
	char key[IDENTITY_PUBLIC], signature[IDENTITY_PROOF];

	if (identity_public(key, id, e) < 0)
		return -1;
	write_facts(out, r, key);
	if (!buf_ok(out))
		return err_set(e, ERR_LIMIT, "the receipt is too long");
	if (identity_attest(signature, id, PURPOSE, buf_str(out), e) < 0)
		return -1;
	buf_addf(out, SIGNATURE_LINE "%s\n", signature);
	return buf_ok(out) ? 0 : err_set(e, ERR_LIMIT, "the receipt is too long");
}

/* The word behind `label`, up to the end of its line. */
static int take_word(char *out, size_t size, const char *text, const char *label)
{
	const char *at = strstr(text, label);
	size_t len;

	if (!at)
		return -1;
	at += strlen(label);
	len = strcspn(at, "\r\n");
	if (len >= size)
		return -1;
	memcpy(out, at, len);
	out[len] = '\0';
	return 0;
}

int departure_check(const char *text, char key[static IDENTITY_PUBLIC], struct err *e)
{
	char signature[IDENTITY_PROOF], facts[DEPARTURE_MAX];
	const char *end = strstr(text, SIGNATURE_LINE);

	if (strncmp(text, PURPOSE "\n", strlen(PURPOSE "\n")) != 0 || !end ||
	    (size_t)(end - text) >= sizeof(facts) ||
	    take_word(key, IDENTITY_PUBLIC, text, KEY_LINE) < 0 ||
	    take_word(signature, sizeof(signature), end, SIGNATURE_LINE) < 0)
		return err_set(e, ERR_INPUT, "this is no receipt of a thing");
	memcpy(facts, text, (size_t)(end - text));
	facts[end - text] = '\0';
	if (!identity_attested(key, signature, PURPOSE, facts))
		return err_set(e, ERR_INPUT, "it was changed, or another key signed it");
	return 0;
}
