/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descent_test: a thing under another address, one that knows more than the
 * store, and one that only says so.  The decisions by table, then a registry
 * with signing things, then every order in which a label can be abused.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include "common/base/log.h"
#include "common/base/sign.h"
#include "common/base/str.h"
#include "registry/continuity.h"
#include "registry/descent.h"
#include "registry/role.h"

#define OWNER "ann@ex/phone"
#define OTHER "bob@ex/phone"
#define THIEF "mallory@ex/phone"

/* ---- the decision ---- */

static struct descent_outcome decide(struct descent_facts f)
{
	struct descent_outcome out;

	descent_decide(&f, &out);
	return out;
}

static void a_name_alone_holds_and_blocks_nothing(void **state)
{
	struct descent_outcome out = decide((struct descent_facts){ .same_name = true });

	(void)state;
	assert_int_equal(out.verdict, DESCENT_TAKE);
	assert_int_equal(out.hold, HOLD_NONE);
	assert_true(out.notice);
}

static void the_key_counts_before_the_tags(void **state)
{
	struct descent_outcome out = decide((struct descent_facts){ .by_key = FROM_ONE,
	    .by_tags = FROM_SEVERAL });

	(void)state;
	assert_int_equal(out.hold, HOLD_DESCENT);
	assert_int_equal(out.why, BY_KEY);
	out = decide((struct descent_facts){ .by_tags = FROM_ONE });
	assert_int_equal(out.hold, HOLD_DESCENT);
	assert_int_equal(out.why, BY_TAGS);
	assert_false(out.notice);
}

static void what_comes_from_several_owners_is_the_operators(void **state)
{
	struct descent_outcome out = decide((struct descent_facts){ .by_key = FROM_SEVERAL });

	(void)state;
	assert_int_equal(out.hold, HOLD_OPERATOR);
	assert_true(out.alarm);
}

static void a_key_that_is_only_named_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(decide((struct descent_facts){ .key_named = true }).verdict,
	    DESCENT_PROVE);
	/* ... and changes nothing for who is owned. */
	assert_int_equal(decide((struct descent_facts){ .key_named = true,
	    .owned = true }).verdict, DESCENT_TAKE);
}

static void registering_again_does_not_lift_a_hold(void **state)
{
	(void)state;
	for (enum owned_hold h = HOLD_PRESENCE; h <= HOLD_OPERATOR; h++) {
		struct descent_outcome out = decide((struct descent_facts){ .hold = h,
		    .by_tags = FROM_ONE });

		assert_int_equal(out.verdict, DESCENT_TAKE);
		assert_int_equal(out.hold, h);
	}
	/* Descent is looked at anew each time. */
	assert_int_equal(decide((struct descent_facts){ .hold = HOLD_DESCENT }).hold, HOLD_NONE);
}

static void frozen_comes_before_everything(void **state)
{
	(void)state;
	assert_int_equal(decide((struct descent_facts){ .newer = true, .owned = true }).verdict,
	    DESCENT_FREEZE);
	assert_int_equal(decide((struct descent_facts){ .hold = HOLD_FROZEN }).verdict,
	    DESCENT_FREEZE);
	assert_int_equal(decide((struct descent_facts){ .newer = true,
	    .by_key = FROM_ONE }).verdict, DESCENT_FREEZE);
}

static void replacing_needs_a_key_or_presence_and_a_silent_old_address(void **state)
{
	const struct replace_facts good = { .may = true, .settled = true, .alike = true };
	struct replace_facts f = good;

	(void)state;
	assert_int_equal(replace_decide(&f), REPLACE_PRESENCE);
	f.same_key = true;
	assert_int_equal(replace_decide(&f), REPLACE_DO);
	f.old_speaks = true;
	assert_int_equal(replace_decide(&f), REPLACE_SPEAKS);
	f = good;
	f.presence = true;
	assert_int_equal(replace_decide(&f), REPLACE_DO);
	f.behind = true;
	assert_int_equal(replace_decide(&f), REPLACE_BEHIND);
	f.alike = false;
	assert_int_equal(replace_decide(&f), REPLACE_UNLIKE);
	f.settled = false;
	assert_int_equal(replace_decide(&f), REPLACE_NOT_NOW);
	f.may = false;
	assert_int_equal(replace_decide(&f), REPLACE_NOT_FOUND);
}

/* ---- a thing with a key ---- */

struct device {
	struct secret seed;
	char public[64];
	const char *jid;		/* full */
	uint64_t epoch, floor;
	const char *owner;
};

static void device_open(struct device *d, const char *jid)
{
	uint8_t key[SIGN_KEY];
	struct buf b;

	memset(d, 0, sizeof(*d));
	d->jid = jid;
	MUST(sign_new_seed(&d->seed, &test_err));
	MUST(sign_public(key, &d->seed, &test_err));
	buf_init(&b, sizeof(d->public));
	str_base64(&b, key, sizeof(key));
	assert_int_equal(str_copy(d->public, sizeof(d->public), buf_str(&b)), 0);
	buf_fini(&b);
}

static const char *bare_of(const char *full)
{
	static char bare[128];

	assert_true(jid_text_bare_len(full) < sizeof(bare));
	memcpy(bare, full, jid_text_bare_len(full));
	bare[jid_text_bare_len(full)] = '\0';
	return bare;
}

static void prove(const struct device *d, const char *registry, const char *bare,
    const char *nonce, char *out, size_t size)
{
	static const char purpose[] = "kith continuity, form 1";
	uint8_t proof[SIGN_BYTES];
	struct buf b;

	MUST(sign_make(proof, &d->seed, (const struct secret_part[]){
	    { purpose, sizeof(purpose) - 1 }, { registry, strlen(registry) },
	    { bare, strlen(bare) }, { nonce, strlen(nonce) } }, 4, &test_err));
	buf_init(&b, size);
	str_base64(&b, proof, sizeof(proof));
	assert_int_equal(str_copy(out, size, buf_str(&b)), 0);
	buf_fini(&b);
}

static const char *register_with(struct world *w, const struct device *d, const char *key,
    const char *rest)
{
	char state[256] = "";

	if (d->epoch > 0)
		snprintf(state, sizeof(state), "epoch='%llu' floor='%llu' %s%s%s",
		    (unsigned long long)d->epoch, (unsigned long long)d->floor,
		    d->owner != NULL ? "owner='" : "", d->owner != NULL ? d->owner : "",
		    d->owner != NULL ? "'" : "");
	return say(w, "<iq type='set' from='%s' to='reg.ex' id='r1'><register xmlns='" N "'>%s"
	    "<self xmlns='urn:kith:thing:0' can='code' %s %s/></register></iq>", d->jid,
	    tags_of(key), state, rest);
}

static bool nonce_in(const char *answer, char nonce[static CONTINUITY_NONCE])
{
	const char *at = strstr(answer, " nonce=\"");

	if (at == NULL)
		return false;
	at += strlen(" nonce=\"");
	assert_true(strcspn(at, "\"") == CONTINUITY_NONCE - 1);
	memcpy(nonce, at, CONTINUITY_NONCE - 1);
	nonce[CONTINUITY_NONCE - 1] = '\0';
	return true;
}

/* As our thing does: names its key, and proves it when it is asked to. */
static const char *device_registers(struct world *w, const struct device *d, const char *key)
{
	char nonce[CONTINUITY_NONCE], proof[128], rest[512];
	const char *answer;

	snprintf(rest, sizeof(rest), "continuity='%s'", d->public);
	answer = register_with(w, d, key, rest);
	if (!nonce_in(answer, nonce))
		return answer;
	prove(d, "reg.ex", bare_of(d->jid), nonce, proof, sizeof(proof));
	snprintf(rest, sizeof(rest), "continuity='%s' nonce='%s' proof='%s'", d->public, nonce,
	    proof);
	answer = register_with(w, d, key, rest);
	assert_false(nonce_in(answer, nonce));
	return answer;
}

static const struct debt *notice(const struct world *w, const char *owner, const char *start)
{
	for (size_t i = 0; i < debt_count(w->debts); i++) {
		const struct debt *d = debt_at(w->debts, i);

		if (d->kind == DEBT_NOTICE && strcmp(d->peer, owner) == 0 &&
		    str_starts(d->subject, start))
			return d;
	}
	return NULL;
}

/* ---- descent ---- */

static void a_thing_that_lost_its_account_is_held_for_its_owner(void **state)
{
	struct device d;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "old@ex/t");
	device_registers(&w, &d, "first");
	HAS(mine(&w, OWNER, "first"), "<claimed");
	d.jid = "new@ex/t";
	HAS_NOT(device_registers(&w, &d, "second"), "error");
	assert_int_equal(thing_of(&w, "new@ex")->hold, HOLD_DESCENT);
	assert_string_equal(thing_of(&w, "new@ex")->held_for, "ann@ex");
	HAS(notice(&w, "ann@ex", "descent:")->text, "only you can claim it");
	/* The label was read by others as well: it is his. */
	HAS(mine(&w, OTHER, "second"), "item-not-found");
	HAS(mine(&w, OWNER, "second"), "<claimed");
	assert_int_equal(thing_of(&w, "new@ex")->hold, HOLD_NONE);
	secret_clear(&d.seed);
	world_close(&w);
}

static void att_C_10__who_only_names_the_key_is_not_even_registered(void **state)
{
	struct device d, other;
	char rest[256];
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "old@ex/t");
	device_open(&other, "liar@ex/t");
	device_registers(&w, &d, "first");
	mine(&w, OWNER, "first");
	snprintf(rest, sizeof(rest), "continuity='%s'", d.public);
	HAS(register_with(&w, &other, "x", rest), " nonce=");
	assert_null(thing_of(&w, "liar@ex"));
	assert_null(notice(&w, "ann@ex", "descent:"));
	secret_clear(&d.seed);
	secret_clear(&other.seed);
	world_close(&w);
}

/* Of another key, address, registry or time, or bent. */
static void att_A_07__a_proof_counts_for_one_key_address_registry_and_ten_minutes(void **state)
{
	char nonce[CONTINUITY_NONCE], proof[128];
	struct secret site;
	struct device d, other;
	uint8_t key[SIGN_KEY];
	struct thing_self self = { .is_ours = true };
	const int64_t now = INT64_C(1767225600000);

	(void)state;
	test_key(&site, 7);
	device_open(&d, "t@ex/t");
	device_open(&other, "o@ex/t");
	continuity_nonce(nonce, &site, "t@ex", now);
	self.continuity = d.public;
	self.nonce = nonce;
	self.proof = proof;
#define CHECK(registry, bare, at) continuity_check(&self, &site, registry, bare, at, key)
	prove(&d, "reg.ex", "t@ex", nonce, proof, sizeof(proof));
	assert_int_equal(CHECK("reg.ex", "t@ex", now + CONTINUITY_MS), CONTINUITY_PROVEN);
	assert_int_equal(CHECK("reg.ex", "t@ex", now + CONTINUITY_MS + 1), CONTINUITY_NAMED);
	assert_int_equal(CHECK("reg.ex", "t@ex", now - 1), CONTINUITY_NAMED);
	assert_int_equal(CHECK("reg.ex", "u@ex", now), CONTINUITY_NAMED);
	assert_int_equal(CHECK("other.ex", "t@ex", now), CONTINUITY_NAMED);
	self.continuity = other.public;
	assert_int_equal(CHECK("reg.ex", "t@ex", now), CONTINUITY_NAMED);
	self.continuity = d.public;
	proof[3] = proof[3] == 'A' ? 'B' : 'A';
	assert_int_equal(CHECK("reg.ex", "t@ex", now), CONTINUITY_NAMED);
	prove(&d, "reg.ex", "t@ex", nonce, proof, sizeof(proof));
	nonce[3] = nonce[3] == 'A' ? 'B' : 'A';
	assert_int_equal(CHECK("reg.ex", "t@ex", now), CONTINUITY_NAMED);
	/* A nonce that was given to somebody else. */
	continuity_nonce(nonce, &site, "u@ex", now);
	prove(&d, "reg.ex", "t@ex", nonce, proof, sizeof(proof));
	assert_int_equal(CHECK("reg.ex", "t@ex", now), CONTINUITY_NAMED);
	self.continuity = "c2hvcnQ=";
	assert_int_equal(CHECK("reg.ex", "t@ex", now), CONTINUITY_NONE);
#undef CHECK
	secret_clear(&site);
	secret_clear(&d.seed);
	secret_clear(&other.seed);
}

static void a_copied_label_is_held_for_the_owner_until_he_lets_go(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	mine(&w, OWNER, "k");
	reg(&w, "twin@ex/t", "k");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_DESCENT);
	HAS(notice(&w, "ann@ex", "descent:")->text, "copied its label");
	HAS(mine(&w, THIEF, "k"), "item-not-found");
	assert_false(registry_may_claim(w.registry, thing_of(&w, "twin@ex"), "mallory@ex"));
	assert_true(registry_may_claim(w.registry, thing_of(&w, "twin@ex"), "ann@ex"));
	/* The thing it comes from is nobody's any more: nothing to hold it for.
	 * Its KEY is spent all the same. */
	unregister(&w, "t@ex/t");
	assert_true(registry_may_claim(w.registry, thing_of(&w, "twin@ex"), "mallory@ex"));
	HAS(mine(&w, THIEF, "k"), "item-not-found");
	world_close(&w);
}

static void att_C_08__a_serial_number_moves_nothing_and_its_owner_is_told_once(void **state)
{
	struct world w;
	int64_t row;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	mine(&w, OWNER, "k");
	reg(&w, "same@ex/t", "other");
	assert_int_equal(thing_of(&w, "same@ex")->hold, HOLD_NONE);
	HAS(notice(&w, "ann@ex", "namesake:")->text, "nothing of yours has changed");
	row = notice(&w, "ann@ex", "namesake:")->row;
	MUST(store_begin(w.store, &test_err));
	MUST(debt_settle(w.debts, row, 0, &test_err));
	MUST(store_commit(w.store, &test_err));
	reg(&w, "third@ex/t", "another");
	assert_null(notice(&w, "ann@ex", "namesake:"));
	HAS(mine(&w, OTHER, "other"), "<claimed");
	assert_true(owned_by(thing_of(&w, "t@ex"), "ann@ex"));
	world_close(&w);
}

static void a_key_once_proven_is_not_changed_by_the_account_alone(void **state)
{
	struct device d, thief;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "t@ex/t");
	device_open(&thief, "t@ex/t");
	device_registers(&w, &d, "k");
	mine(&w, OWNER, "k");
	/* Somebody has the password of the thing: his key does not count ... */
	HAS_NOT(device_registers(&w, &thief, "k"), "nonce");
	thief.jid = "far@ex/t";
	device_registers(&w, &thief, "z");
	assert_int_equal(thing_of(&w, "far@ex")->hold, HOLD_NONE);
	/* ... and the thing's still does. */
	d.jid = "new@ex/t";
	device_registers(&w, &d, "y");
	assert_int_equal(thing_of(&w, "new@ex")->hold, HOLD_DESCENT);
	secret_clear(&d.seed);
	secret_clear(&thief.seed);
	world_close(&w);
}

/* ---- replace OLD by NEW ---- */

static const char *replace(struct world *w, const char *who, const char *old, const char *new,
    bool confirmed)
{
	static char said[4096];
	uint8_t ids[2][16];
	struct request q = { .verb = VERB_REPLACE, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.pool = &w->pool, .to = "desk@reg.ex" };
	struct reply r = { 0 };

	pool_reset(&w->pool);
	q.bare = pool_strdup(&w->pool, who);
	q.from = pool_printf(&w->pool, "%s/c", who);
	memcpy(ids[0], thing_of(w, old)->id, 16);
	memcpy(ids[1], thing_of(w, new)->id, 16);
	q.u.desk.thing_id = ids[0];
	q.u.desk.n_things = 1;
	q.u.desk.things = (const uint8_t (*)[16])ids[1];
	q.u.desk.confirmed = confirmed;
	MUST(store_begin(w->store, &test_err));
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	MUST(store_commit(w->store, &test_err));
	snprintf(said, sizeof(said), "%s %s", r.kind == REPLY_ERROR ?
	    condition_name(r.condition) : r.body == BODY_CONFIRM ? "confirm" : "done", r.text);
	return said;
}

/* An owned, named thing at old@ex, and what it is now, claimed at new@ex. */
static void moved(struct world *w, struct device *d, const char *key)
{
	struct owned named;

	device_open(d, "old@ex/t");
	device_registers(w, d, "first");
	mine(w, OWNER, "first");
	named = *thing_of(w, "old@ex");
	named.name = "hall lamp";
	MUST(store_begin(w->store, &test_err));
	MUST(ownership_put(w->ownership, &named, &test_err));
	MUST(store_commit(w->store, &test_err));
	w->time.wall += 5000;
	if (key == NULL)
		device_open(d, "new@ex/t");
	d->jid = "new@ex/t";
	device_registers(w, d, "second");
	HAS(mine(w, OWNER, "second"), "<claimed");
}

static void a_proven_thing_takes_the_place_of_its_old_address(void **state)
{
	struct device d;
	uint8_t id[16];
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	moved(&w, &d, "same");
	memcpy(id, thing_of(&w, "old@ex")->id, sizeof(id));
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", false), "confirm ");
	assert_non_null(thing_of(&w, "old@ex"));
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "done ");
	/* Every right carries the id and the epoch: both are the old ones. */
	assert_null(thing_of(&w, "old@ex"));
	assert_memory_equal(thing_of(&w, "new@ex")->id, id, sizeof(id));
	assert_string_equal(thing_of(&w, "new@ex")->name, "hall lamp");
	assert_true(owned_by(thing_of(&w, "new@ex"), "ann@ex"));
	assert_int_equal(ownership_count(w.ownership), 1);
	/* The thing hears it, and a claim sent twice is still the same success. */
	HAS(device_registers(&w, &d, "second"), "<claimed");
	HAS(mine(&w, OWNER, "second"), "<claimed");
	assert_int_equal(ownership_count(w.ownership), 1);
	secret_clear(&d.seed);
	world_close(&w);
}

static void without_a_key_a_presence_question_must_have_been_answered(void **state)
{
	struct device d;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	moved(&w, &d, NULL);
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "not-allowed");
	assert_non_null(thing_of(&w, "old@ex"));
	registry_presence_shown(w.registry, thing_of(&w, "old@ex")->id);
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "not-allowed");
	registry_presence_shown(w.registry, thing_of(&w, "new@ex")->id);
	w.time.boot += REGISTRY_SHOWN_MS;
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "not-allowed");
	registry_presence_shown(w.registry, thing_of(&w, "new@ex")->id);
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "done ");
	secret_clear(&d.seed);
	world_close(&w);
}

static void row_D15__an_old_address_that_still_speaks_stops_it(void **state)
{
	struct device d;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	moved(&w, &d, "same");
	w.time.wall += 1000;
	HAS(say(&w, "<iq type='set' from='old@ex/t' to='reg.ex' id='r'><register xmlns='" N "'>%s"
	    "</register></iq>", tags_of("first")), "<claimed");
	HAS(replace(&w, "ann@ex", "old@ex", "new@ex", true), "there are two of them");
	assert_non_null(thing_of(&w, "old@ex"));
	assert_true(*w.registry->count.clones == 1);
	secret_clear(&d.seed);
	world_close(&w);
}

static void nobody_replaces_what_is_not_his(void **state)
{
	struct device d;
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	moved(&w, &d, "same");
	HAS(replace(&w, "bob@ex", "old@ex", "new@ex", true), "item-not-found");
	HAS(replace(&w, "ann@ex", "old@ex", "old@ex", true), "not two addresses");
	reg(&w, "bobs@ex/t", "b");
	mine(&w, OTHER, "b");
	HAS(replace(&w, "ann@ex", "old@ex", "bobs@ex", true), "item-not-found");
	secret_clear(&d.seed);
	world_close(&w);
}

/* ---- frozen ---- */

static void row_P23__a_thing_that_knows_a_later_epoch_is_frozen_and_changes_nothing(void **state)
{
	struct world w;
	struct device d;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "t@ex/t");
	device_registers(&w, &d, "k");
	mine(&w, OWNER, "k");
	d.epoch = thing_of(&w, "t@ex")->epoch;
	d.owner = "ann@ex";
	HAS(device_registers(&w, &d, "k"), "<claimed");
	d.epoch += 2;
	d.owner = "bob@ex";
	HAS(device_registers(&w, &d, "k"), "unexpected-request");
	HAS(register_with(&w, &d, "k", ""), "reason=\"frozen\"");
	assert_int_equal(thing_of(&w, "t@ex")->hold, HOLD_FROZEN);
	assert_string_equal(thing_of(&w, "t@ex")->owner, "ann@ex");
	/* It stays so, whatever it says now. */
	d.epoch -= 2;
	d.owner = "ann@ex";
	HAS(device_registers(&w, &d, "k"), "unexpected-request");
	secret_clear(&d.seed);
	world_close(&w);
}

static void row_P23__one_that_was_owned_and_has_no_record_is_not_claimable(void **state)
{
	struct world w;
	struct device d;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "t@ex/t");
	d.epoch = 4;
	d.owner = "ann@ex";
	HAS(device_registers(&w, &d, "k"), "unexpected-request");
	assert_int_equal(thing_of(&w, "t@ex")->hold, HOLD_FROZEN);
	HAS(mine(&w, THIEF, "k"), "item-not-found");
	secret_clear(&d.seed);
	world_close(&w);
}

static void a_record_that_expired_here_is_no_reason_to_freeze(void **state)
{
	struct world w;
	struct device d;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "t@ex/t");
	d.epoch = 3;
	HAS_NOT(device_registers(&w, &d, "k"), "error");
	HAS_NOT(device_registers(&w, &d, "k"), "error");
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 3);
	HAS(mine(&w, OWNER, "k"), "<claimed");
	secret_clear(&d.seed);
	world_close(&w);
}

static void row_P23__a_revision_that_this_file_never_gave_out_freezes(void **state)
{
	char dir[] = "/tmp/kith-descent-XXXXXX", url[64], path[64];
	struct world w;
	struct device d;
	uint64_t given;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "sqlite:%s/db", dir);
	world_open(&w, url);
	device_open(&d, "t@ex/t");
	device_registers(&w, &d, "k");
	mine(&w, OWNER, "k");
	d.epoch = thing_of(&w, "t@ex")->epoch;
	d.owner = "ann@ex";
	MUST(store_begin(w.store, &test_err));
	MUST(store_next_revision(w.store, &given, &test_err));
	MUST(store_commit(w.store, &test_err));
	world_restart(&w, url);
	d.floor = given;	/* given out before the restart: known */
	HAS(device_registers(&w, &d, "k"), "<claimed");
	d.floor = given + 1;	/* by a later state of the file that is gone */
	HAS(device_registers(&w, &d, "k"), "unexpected-request");
	secret_clear(&d.seed);
	world_close(&w);
	for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", "-lock", ".lock",
	    NULL }; *end != NULL; end++) {
		snprintf(path, sizeof(path), "%s/db%s", dir, *end);
		(void)!remove(path);
	}
	(void)!remove(dir);
}

static void a_plain_thing_is_never_frozen(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	mine(&w, OWNER, "k");
	HAS(reg(&w, "t@ex/t", "k"), "<claimed");
	assert_int_equal(thing_of(&w, "t@ex")->hold, HOLD_NONE);
	world_close(&w);
}

/* ---- the operator ---- */

static const char *release(struct world *w, const char *thing)
{
	static char said[1024];
	uint8_t id[16];
	struct request q = { .verb = VERB_RELEASE, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.pool = &w->pool, .by_operator = true };
	struct reply r = { 0 };

	pool_reset(&w->pool);
	memcpy(id, thing_of(w, thing)->id, sizeof(id));
	q.u.desk.thing_id = id;
	q.u.desk.confirmed = true;
	MUST(store_begin(w->store, &test_err));
	MUST(registry_operate(w->registry, &q, &r, &test_err));
	MUST(store_commit(w->store, &test_err));
	snprintf(said, sizeof(said), "%s %s", r.kind == REPLY_ERROR ?
	    condition_name(r.condition) : "done", r.text != NULL ? r.text : "");
	return said;
}

static void row_P23__released_it_counts_above_everything_it_has_heard(void **state)
{
	struct world w;
	struct device d;

	(void)state;
	world_open(&w, "sqlite::memory:");
	device_open(&d, "t@ex/t");
	device_registers(&w, &d, "k");
	mine(&w, OWNER, "k");
	d.epoch = 9;
	d.owner = "bob@ex";
	HAS(device_registers(&w, &d, "k"), "unexpected-request");
	HAS(release(&w, "t@ex"), "done");
	/* What was allowed in epoch 2 may have been taken back in epoch 5. */
	assert_int_equal(thing_of(&w, "t@ex")->epoch, 10);
	assert_string_equal(thing_of(&w, "t@ex")->owner, "ann@ex");
	HAS(device_registers(&w, &d, "k"), "epoch=\"10\"");
	secret_clear(&d.seed);
	world_close(&w);
}

static void a_thing_held_by_descent_is_released_only_after_90_days_of_silence(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	reg(&w, "t@ex/t", "k");
	mine(&w, OWNER, "k");
	reg(&w, "twin@ex/t", "k");
	HAS(release(&w, "twin@ex"), "not-allowed");
	w.time.wall += INT64_C(89) * 86400000;
	HAS(release(&w, "twin@ex"), "not-allowed");
	w.time.wall += INT64_C(1) * 86400000;
	say(&w, "<presence from='" OWNER "' to='reg.ex'/>");
	HAS(release(&w, "twin@ex"), "not-allowed");
	say(&w, "<presence from='" OWNER "' to='reg.ex' type='unavailable'/>");
	HAS(release(&w, "twin@ex"), "not-allowed");
	w.time.wall += INT64_C(91) * 86400000;
	HAS(release(&w, "twin@ex"), "done");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_NONE);
	/* It comes back as it was, and stays released; as another it is looked at anew. */
	reg(&w, "twin@ex/t", "k");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_NONE);
	reg(&w, "twin@ex/t", "other");
	reg(&w, "twin@ex/t", "k");
	assert_int_equal(thing_of(&w, "twin@ex")->hold, HOLD_DESCENT);
	world_close(&w);
}

/* ---- recipe R-F: every order ---- */

enum step { T_COMES, TWIN_COMES, ANN_CLAIMS, MALLORY_CLAIMS, ANN_LETS_GO, T_IS_RESET, BOB_CLAIMS,
	STEPS };

struct play {
	struct world *w;
	unsigned n;
	char t[32], twin[32], reset[32], key[32], fresh[32];
	bool ann_had;		/* she owned the thing, by her own claim, once */
};

static const char *take(struct play *p, const char *who, const char *key)
{
	return say(p->w, "<iq type='set' from='%s' to='reg.ex' id='m'><mine xmlns='" X "'>"
	    "<str name='SN' value='%u'/><str name='KEY' value='%s'/></mine></iq>", who, p->n, key);
}

static void come(struct play *p, const char *jid, const char *key)
{
	say(p->w, "<iq type='set' from='%s/t' to='reg.ex' id='r'><register xmlns='" X "'>"
	    "<str name='SN' value='%u'/><str name='KEY' value='%s'/></register></iq>", jid, p->n,
	    key);
}

static void do_step(struct play *p, enum step s)
{
	char full[64];

	switch (s) {
	case T_COMES:
		come(p, p->t, p->key);
		break;
	case TWIN_COMES:
		come(p, p->twin, p->key);
		break;
	case ANN_CLAIMS:
		take(p, OWNER, p->key);
		break;
	case MALLORY_CLAIMS:
		take(p, THIEF, p->key);
		break;
	case ANN_LETS_GO:
		/* As the thing sees it: it leaves her, and comes back with a new KEY. */
		if (!owned_by(thing_of(p->w, p->t), "ann@ex"))
			break;
		snprintf(full, sizeof(full), "%s/t", p->t);
		unregister(p->w, full);
		come(p, p->t, p->fresh);
		break;
	case T_IS_RESET:
		come(p, p->reset, p->key);
		break;
	default:
		take(p, OTHER, p->fresh);
	}
	p->ann_had = p->ann_had || owned_by(thing_of(p->w, p->t), "ann@ex") ||
	    owned_by(thing_of(p->w, p->reset), "ann@ex");
}

/* Who photographed the label and comes second never owns the thing, under no
 * address of it, in no order. */
static void play_order(struct world *w, unsigned n, const enum step *order)
{
	struct play p = { .w = w, .n = n };
	bool thief_first = false;

	snprintf(p.t, sizeof(p.t), "t%u@ex", n);
	snprintf(p.twin, sizeof(p.twin), "m%u@ex", n);
	snprintf(p.reset, sizeof(p.reset), "r%u@ex", n);
	snprintf(p.key, sizeof(p.key), "key%u", n);
	snprintf(p.fresh, sizeof(p.fresh), "fresh%u", n);
	for (int i = 0; i < STEPS; i++) {
		bool had = p.ann_had;

		do_step(&p, order[i]);
		thief_first = thief_first || (order[i] == MALLORY_CLAIMS && !had);
		if (thief_first)
			continue;
		assert_false(owned_by(thing_of(w, p.t), "mallory@ex"));
		assert_false(owned_by(thing_of(w, p.reset), "mallory@ex"));
	}
	/* The old tags are worth nothing, to anybody who has not the thing. */
	if (p.ann_had && !thief_first)
		HAS(take(&p, THIEF, p.key), "item-not-found");
}

static unsigned all_orders(struct world *w, enum step *order, int from, unsigned n, unsigned every)
{
	if (from == STEPS) {
		if (n % every == 0)
			play_order(w, n, order);
		return n + 1;
	}
	for (int i = from; i < STEPS; i++) {
		enum step s = order[from];

		order[from] = order[i];
		order[i] = s;
		n = all_orders(w, order, from + 1, n, every);
		s = order[from];
		order[from] = order[i];
		order[i] = s;
	}
	return n;
}

static void att_C_07_10_11__no_order_of_the_steps_hijacks_a_thing(void **state)
{
	enum step order[STEPS] = { 0, 1, 2, 3, 4, 5, 6 };
	struct world w;

	(void)state;
	world_open(&w, "sqlite::memory:");
	assert_int_equal(all_orders(&w, order, 0, 0, 1), 5040);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_alone_holds_and_blocks_nothing),
		cmocka_unit_test(the_key_counts_before_the_tags),
		cmocka_unit_test(what_comes_from_several_owners_is_the_operators),
		cmocka_unit_test(a_key_that_is_only_named_writes_nothing),
		cmocka_unit_test(registering_again_does_not_lift_a_hold),
		cmocka_unit_test(frozen_comes_before_everything),
		cmocka_unit_test(replacing_needs_a_key_or_presence_and_a_silent_old_address),
		cmocka_unit_test(a_thing_that_lost_its_account_is_held_for_its_owner),
		cmocka_unit_test(att_C_10__who_only_names_the_key_is_not_even_registered),
		cmocka_unit_test(
		    att_A_07__a_proof_counts_for_one_key_address_registry_and_ten_minutes),
		cmocka_unit_test(a_copied_label_is_held_for_the_owner_until_he_lets_go),
		cmocka_unit_test(
		    att_C_08__a_serial_number_moves_nothing_and_its_owner_is_told_once),
		cmocka_unit_test(a_key_once_proven_is_not_changed_by_the_account_alone),
		cmocka_unit_test(a_proven_thing_takes_the_place_of_its_old_address),
		cmocka_unit_test(without_a_key_a_presence_question_must_have_been_answered),
		cmocka_unit_test(row_D15__an_old_address_that_still_speaks_stops_it),
		cmocka_unit_test(nobody_replaces_what_is_not_his),
		cmocka_unit_test(
		    row_P23__a_thing_that_knows_a_later_epoch_is_frozen_and_changes_nothing),
		cmocka_unit_test(row_P23__one_that_was_owned_and_has_no_record_is_not_claimable),
		cmocka_unit_test(a_record_that_expired_here_is_no_reason_to_freeze),
		cmocka_unit_test(row_P23__a_revision_that_this_file_never_gave_out_freezes),
		cmocka_unit_test(a_plain_thing_is_never_frozen),
		cmocka_unit_test(row_P23__released_it_counts_above_everything_it_has_heard),
		cmocka_unit_test(
		    a_thing_held_by_descent_is_released_only_after_90_days_of_silence),
		cmocka_unit_test(att_C_07_10_11__no_order_of_the_steps_hijacks_a_thing),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
