/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_store: what the registry keeps beside ownership: the tags of each
 * registered thing with the digest that claims it, and the digests that were
 * used up, each a receipt for its claimer for a while.  Rows, mirrored in
 * memory; no lookup reads the disk, so every claim, fitting or not, runs the
 * same statements: none (att-C-03).
 */
#ifndef KITH_REGISTRY_THING_STORE_H
#define KITH_REGISTRY_THING_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/secret.h"
#include "common/store/ownership.h"
#include "registry/digest.h"

struct thing_store;

#define THING_KEY 32

/* Live until the thing's next change and the end of that transaction. */
struct thing {
	uint8_t id[OWNERSHIP_ID];
	uint8_t digest[DIGEST_BYTES];
	int64_t at_ms;			/* wall: last registration, for expiry */
	const void *tags;		/* tags.h */
	size_t tags_len;
	unsigned can;			/* SELF_* of request.h: what our own thing said */
	bool has_key;			/* it proved that it holds ... */
	uint8_t key[THING_KEY];		/* ... this continuity key (Ed25519, public) */
	uint64_t heard_epoch, heard_floor;	/* what it stated when it was frozen */
	bool noticed;			/* its owner knows of another with its name */
	bool let_go;			/* the operator released it though it descends */
	unsigned key_bits;		/* at most so much is there to guess in its KEY */
};

struct used {
	uint8_t digest[DIGEST_BYTES];
	const char *owner;		/* who claimed; NULL: the receipt is over */
	uint8_t id[OWNERSHIP_ID];
	uint64_t epoch;
	int64_t at_ms;
};

/* Refuses a key that is not the one the store's digests were made with. */
int thing_store_open(struct thing_store **out, struct store *s, const struct secret *key,
    struct err *e);
void thing_store_close(struct thing_store **t);

const struct thing *thing_store_find(const struct thing_store *t,
    const uint8_t id[static OWNERSHIP_ID]);
/* Up to `max` things with this digest into `out`; returns how many. */
size_t thing_store_same(const struct thing_store *t, const uint8_t digest[static DIGEST_BYTES],
    const struct thing **out, size_t max);
/* The same for a continuity key, and for maker and serial number: `name` as
 * thing_store_name() makes it.  What has no MAN or no SN is under no name. */
size_t thing_store_of_key(const struct thing_store *t, const uint8_t key[static THING_KEY],
    const struct thing **out, size_t max);
size_t thing_store_named(const struct thing_store *t, uint64_t name, const struct thing **out,
    size_t max);
/* A keyed hash of (MAN, SN), for this run of the program only; 0: it has none. */
uint64_t thing_store_name(const struct thing_store *t, const struct tag_list *tags);
/* The latest use of it. */
const struct used *thing_store_used(const struct thing_store *t,
    const uint8_t digest[static DIGEST_BYTES]);
/* The latest receipt of this claimer for it. */
const struct used *thing_store_receipt(const struct thing_store *t,
    const uint8_t digest[static DIGEST_BYTES], const char *owner);

/* `fn` runs inside thing_store_put() and thing_store_delete(), behind the
 * change; -1 from it makes them fail.  One listener. */
typedef int (*thing_changed_fn)(void *arg, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
void thing_store_on_change(struct thing_store *t, thing_changed_fn fn, void *arg);

/* The same when its tags are others than before.  One listener. */
void thing_store_on_tags(struct thing_store *t, thing_changed_fn fn, void *arg);

/* In a transaction, like all that follows. */
int thing_store_put(struct thing_store *t, const struct thing *thing, struct err *e);
int thing_store_delete(struct thing_store *t, const uint8_t id[static OWNERSHIP_ID],
    struct err *e);
/* For ever: these tags never claim anything again, unless a presence question
 * was answered; that is another use, a row of its own.  owner NULL: nobody
 * claimed with it, but two things had it at once. */
int thing_store_spend(struct thing_store *t, const struct used *u, struct err *e);
/* Receipts from before `before_ms`, at most `max`: the digest stays, the name
 * goes.  Returns how many, -1 error. */
int thing_store_end_receipts(struct thing_store *t, int64_t before_ms, int max, struct err *e);

size_t thing_store_used_count(const struct thing_store *t);
/*
 * The next `looks` used digests, oldest first and round again: those whose
 * receipt is over and that `keep` does not want are forgotten.  Returns how
 * many, -1 error; *round: the walk came to its end.
 */
typedef bool (*used_keep_fn)(void *arg, const struct used *u);
int thing_store_forget(struct thing_store *t, used_keep_fn keep, void *arg, int looks,
    bool *round, struct err *e);

#endif
