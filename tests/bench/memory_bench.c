/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_bench: a store with many claimed, public things is made, closed and
 * opened again part by part: bytes of heap a thing, and the CPU time until the
 * part can answer.  The goal is 1 KB a thing, and 5 s for 10^6 things.
 *
 * BENCH_THINGS=n: other than 100000.  BENCH_LARGE=1: 10^6.
 */
#include "config.h"

#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/pool.h"
#include "common/base/secret.h"
#include "common/base/stats.h"
#include "common/store/audit.h"
#include "common/store/contact.h"
#include "common/store/debt.h"
#include "common/store/parked.h"
#include "common/store/person.h"
#include "common/store/store.h"
#include "provisioning/access_store.h"
#include "provisioning/asker.h"
#include "registry/serve.h"
#include "registry/tags.h"
#include "registry/thing_store.h"

#define PER_OWNER 10
#define IN_A_TURN 10000

static struct {
	char folder[64], url[96];
	struct clock clock;
	struct secret key;
	struct stats stats;
	struct store *store;
	struct ownership *ownership;
	struct contacts *contacts;
	struct debts *debts;
	struct parked_table *parked;
	struct audit *audit;
	struct persons *persons;
	struct access_store *access;
	struct askers *askers;
	struct thing_store *things;
	struct registry *registry;
	size_t n;
} b;

static struct err e;

static void must(int rc)
{
	if (rc < 0)
		errx(1, "%s", e.text);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)(m.uordblks + m.hblkhd);
}

/* ---- what a claimed thing leaves in the store ---- */

static const void *tags_of(size_t i, struct pool *pool, size_t *len)
{
	char sn[32], num[3][32];
	struct tag tag[] = {
		{ .name = "SN", .str = sn }, { .name = "MAN", .str = "www.acme.example" },
		{ .name = "MODEL", .str = "IMC" }, { .name = "CLASS", .str = "meter" },
		{ .name = "ROOM", .str = "kitchen" }, { .name = "V", .str = num[0], .is_num = true },
		{ .name = "LAT", .str = num[1], .is_num = true },
		{ .name = "LON", .str = num[2], .is_num = true },
	};
	const struct tag_list l = { sizeof(tag) / sizeof(tag[0]), tag };

	snprintf(sn, sizeof(sn), "3948-%06zx-%02zx", i, i * 2654435761u % 256);
	snprintf(num[0], sizeof(num[0]), "1.%zu", i % 10);
	snprintf(num[1], sizeof(num[1]), "%.5f", (double)(i * 7919 % 18000000) / 1e5 - 90);
	snprintf(num[2], sizeof(num[2]), "%.5f", (double)(i * 104729 % 36000000) / 1e5 - 180);
	for (size_t k = 0; k < 3; k++)
		tag[5 + k].num = strtod(num[k], NULL);
	return tags_pack(&l, pool, len);
}

static void fill_one(size_t i)
{
	char jid[64], owner[64];
	struct thing thing = { .at_ms = 1, .has_key = true };
	struct owned owned = { .jid = jid, .owner = owner, .epoch = 1, .state = OWNED,
		.is_public = true, .listed = true, .since_ms = (int64_t)i };
	struct used used = { .owner = owner, .epoch = 1, .at_ms = 1 };
	struct asker asker = { .jid = jid, .keeps_lease = true };
	struct pool pool;

	pool_init(&pool, 4096);
	snprintf(jid, sizeof(jid), "thing%zu@home.example", i);
	snprintf(owner, sizeof(owner), "owner%zu@home.example", i / PER_OWNER);
	memcpy(thing.id, &i, sizeof(i));
	memcpy(thing.digest, &i, sizeof(i));
	memcpy(thing.key, &i, sizeof(i));
	memcpy(owned.id, thing.id, sizeof(owned.id));
	memcpy(used.id, thing.id, sizeof(used.id));
	memcpy(used.digest, thing.digest, sizeof(used.digest));
	thing.tags = tags_of(i, &pool, &thing.tags_len);
	must(ownership_put(b.ownership, &owned, &e));
	must(thing_store_put(b.things, &thing, &e));
	must(thing_store_spend(b.things, &used, &e));
	must(contact_set_dialect(b.contacts, jid, 0, 1, 1, &e));
	must(contact_set_sub(b.contacts, jid, SUB_YES, SUB_YES, &e));
	must(asker_put(b.askers, &asker, &e));
	pool_fini(&pool);
}

/* ---- parts ---- */

static int open_ownership(void) { return ownership_open(&b.ownership, b.store, &e); }
static int open_contacts(void) { return contacts_open(&b.contacts, b.store, &b.clock, &e); }
static int open_debts(void) { return debts_open(&b.debts, b.store, &b.clock, &b.key, &e); }
static int open_access(void)
{
	return access_store_open(&b.access, b.store, &b.clock, &e) != 0 ? -1 :
	    askers_open(&b.askers, b.store, &e);
}
static int open_things(void) { return thing_store_open(&b.things, b.store, &b.key, &e); }
static int open_persons(void) { return persons_open(&b.persons, b.store, &e); }
static int open_audit(void) { return audit_open(&b.audit, b.store, &b.clock, &e); }

static int open_registry(void)
{
	struct registry_conf conf = { .jid = "kith.home.example", .profile = JID_STRINGPREP,
		.max_things_per_jid = 1000, .max_tags = 20, .max_tag_bytes = 1000 };
	struct registry_deps deps = { .store = b.store, .ownership = b.ownership,
		.debts = b.debts, .parked = b.parked, .contacts = b.contacts,
		.persons = b.persons, .audit = b.audit, .clock = &b.clock, .hash_key = &b.key,
		.stats = &b.stats };

	return registry_open(&b.registry, &conf, &deps, &e);
}

static const struct part {
	const char *name;
	int (*open)(void);
} parts[] = {
	{ "things and owners", open_ownership },
	{ "contacts", open_contacts },
	{ "debts", open_debts },
	{ "rules, who asked", open_access },
	{ "persons", open_persons },
	{ "history", open_audit },
	{ "tags, digests", open_things },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void close_all(void)
{
	registry_close(&b.registry);
	thing_store_close(&b.things);
	audit_close(&b.audit);
	persons_close(&b.persons);
	askers_close(&b.askers);
	access_store_close(&b.access);
	parked_close(&b.parked);
	debts_close(&b.debts);
	contacts_close(&b.contacts);
	ownership_close(&b.ownership);
	store_close(&b.store);
}

static void fill(void)
{
	must(store_open(&b.store, b.url, &e));
	for (size_t i = 0; i < PARTS; i++)
		must(parts[i].open());
	for (size_t i = 0; i < b.n; i++) {
		if (i % IN_A_TURN == 0)
			must(store_begin(b.store, &e));
		fill_one(i);
		if (i % IN_A_TURN == IN_A_TURN - 1 || i + 1 == b.n)
			must(store_commit(b.store, &e));
	}
	close_all();
	malloc_trim(0);
}

static void line(const char *name, double bytes, double seconds)
{
	printf("%-22s %9.0f %9.2f %12.3f\n", name, bytes / (double)b.n, seconds,
	    seconds * 1e6 / (double)b.n);
}

struct taken {
	double bytes, seconds;
};

static struct taken take(int (*open)(void))
{
	double heap = heap_bytes(), cpu = cpu_s();

	must(open());
	return (struct taken){ heap_bytes() - heap, cpu_s() - cpu };
}

static void open_others(struct taken *all, bool tell)
{
	must(store_open(&b.store, b.url, &e));
	must(parked_open(&b.parked, b.store, &b.clock, &e));
	*all = (struct taken){ 0, 0 };
	for (size_t i = 0; i < PARTS - 1; i++) {
		struct taken t = take(parts[i].open);

		all->bytes += t.bytes;
		all->seconds += t.seconds;
		if (tell)
			line(parts[i].name, t.bytes, t.seconds);
	}
}

/* The registry opens the tags by itself: what it takes besides is the index. */
static void measure(void)
{
	struct taken all, tags, registry;

	printf("%zu things\n%-22s %9s %9s %12s\n", b.n, "part", "bytes", "CPU s", "us a thing");
	open_others(&all, true);
	tags = take(parts[PARTS - 1].open);
	line(parts[PARTS - 1].name, tags.bytes, tags.seconds);
	close_all();
	open_others(&all, false);
	registry = take(open_registry);
	line("index of searches", registry.bytes - tags.bytes, registry.seconds - tags.seconds);
	line("all", all.bytes + registry.bytes, all.seconds + registry.seconds);
	close_all();
}

int main(void)
{
	static const char *const files[] = { "kith.db", "kith.db-wal", "kith.db-shm" };
	const char *n = getenv("BENCH_THINGS");
	char path[96];

	b.n = n != NULL ? strtoul(n, NULL, 10) : getenv("BENCH_LARGE") != NULL ? 1000000 : 100000;
	snprintf(b.folder, sizeof(b.folder), "/tmp/kith-memory-XXXXXX");
	if (mkdtemp(b.folder) == NULL)
		err(1, "mkdtemp");
	snprintf(b.url, sizeof(b.url), "sqlite:%s/kith.db", b.folder);
	b.clock = clock_system;
	must(secret_set(&b.key, "0123456789abcdef0123456789abcdef", 32, &e));
	fill();
	measure();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", b.folder, files[i]);
		unlink(path);
	}
	rmdir(b.folder);
	return 0;
}
