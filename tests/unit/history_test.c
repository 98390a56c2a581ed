/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_test: both roles over one store note what they did where they did
 * it: an owner reads who claimed, named, was allowed, denied and asked, and a
 * refusal writes nothing.
 */
#include "config.h"

#include "tests/unit/registry_support.h"

#include "common/store/audit_check.h"
#include "provisioning/serve.h"

#define LAMP "lamp@ex"
#define OWNER "olga@ex"

static struct world w;
static struct provisioning *roles;

static int set_up(void **state)
{
	static const struct provisioning_conf conf = { .jid = "reg.ex",
		.read_lease_ms = 900000, .control_lease_ms = 300000, .befriend_lease_ms = 900000,
		.max_questions_strangers = 20, .question_ms = INT64_C(7776000000),
		.code_ms = INT64_C(604800000), .remote_verified = true };
	struct provisioning_deps deps;

	(void)state;
	world_open(&w, "sqlite::memory:");
	deps = (struct provisioning_deps){ .store = w.store, .ownership = w.ownership,
		.debts = w.debts, .contacts = w.contacts, .clock = &w.clock, .hash_key = &w.key,
		.stats = &w.stats, .audit = w.audit };
	MUST(provisioning_open(&roles, &conf, &deps, &test_err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	provisioning_close(&roles);
	world_close(&w);
	return 0;
}

static char told[4000];

static void tell(void *arg, const struct audit_row *r)
{
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s %s %s%s%s\n", audit_what_name(r->event.what),
	    r->event.actor != NULL ? r->event.actor : "-",
	    r->event.object != NULL ? r->event.object : "-",
	    r->event.detail != NULL ? ": " : "", r->event.detail != NULL ? r->event.detail : "");
}

/* Newest first. */
static const char *history(const char *owner)
{
	bool more;

	told[0] = '\0';
	MUST(store_begin(w.store, &test_err));
	MUST(audit_flush(w.audit, &test_err));
	MUST(store_commit(w.store, &test_err));
	MUST(audit_history(w.audit, NULL, owner, 0, 100, &more, tell, NULL, &test_err));
	return told;
}

static int64_t rows(void)
{
	uint8_t hash[AUDIT_HASH];

	return audit_head(w.audit, hash);
}

/* As the site would serve it. */
static void serve(struct request *q, struct reply *r)
{
	int ret = provisioning_writes(roles, q) ? PROVISIONING_WRITES :
	    provisioning_serve(roles, q, r, &test_err);

	MUST(ret);
	if (ret != PROVISIONING_WRITES)
		return;
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_serve(roles, q, r, &test_err));
	MUST(store_commit(w.store, &test_err));
}

static bool can_read(const char *who, const char *name)
{
	struct reply r = { 0 };
	struct request q = { .verb = VERB_CAN_READ, .kind = STANZA_IQ, .type = IQ_GET,
		.dialect = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG }, .from = LAMP "/d",
		.bare = LAMP, .to = "reg.ex", .id = "c", .pool = &w.pool };

	pool_reset(&w.pool);
	q.lease.asked = true;
	q.u.can.jid = who;
	q.u.can.names = (struct name_list){ 1, &name };
	serve(&q, &r);
	return r.u.can.result;
}

static void line(enum verb verb, const char *text, int64_t number)
{
	struct reply r = { 0 };
	struct request q = { .verb = verb, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = OWNER "/p", .bare = OWNER, .to = "desk@reg.ex", .pool = &w.pool };

	pool_reset(&w.pool);
	q.u.desk.text = text;
	q.u.desk.number = number;
	serve(&q, &r);
	assert_int_equal(r.kind, REPLY_RESULT);
}

static void row_O19__an_owner_reads_what_happened_to_his_thing(void **state)
{
	(void)state;
	reg(&w, LAMP "/d", "k1");
	mine(&w, OWNER "/p", "k1");
	w.time.boot += 1000;
	pushes(&w);
	say(&w, "<iq type='result' from='" LAMP "/d' to='reg.ex' id='%s'/>", push_id(&w));
	about(&w, OWNER "/p", "remove", LAMP);
	unregister(&w, LAMP "/d");
	assert_string_equal(history(OWNER), "unregistered " LAMP " -\nremoved " OWNER " -\n"
	    "told " LAMP " -\nclaimed " OWNER " " LAMP "\n");
	HAS(history(NULL), "registered " LAMP " -\n");
}

static void row_O19__decisions_rules_and_questions_are_in_the_history(void **state)
{
	(void)state;
	reg(&w, LAMP "/d", "k1");
	mine(&w, OWNER "/p", "k1");
	assert_false(can_read("bob@ex", "temperature"));
	assert_false(can_read("bob@ex", "temperature"));
	HAS(history(OWNER), "denied bob@ex read \"temperature\"\n"
	    "question bob@ex read \"temperature\"\n");
	line(VERB_RULE_ADD, "allow bob@ex to read *", 0);
	assert_true(can_read("bob@ex", "temperature"));
	line(VERB_FORGET, NULL, 1);
	HAS(history(OWNER), "allowed bob@ex read \"temperature\"\nrule-ended " OWNER " bob@ex: ");
	HAS(history(OWNER), "rule " OWNER " bob@ex: allow bob@ex to read");
}

static void a_decision_writes_nothing_by_itself(void **state)
{
	int64_t before;

	(void)state;
	reg(&w, LAMP "/d", "k1");
	mine(&w, OWNER "/p", "k1");
	can_read("bob@ex", "temperature");
	before = rows();
	for (int i = 0; i < 100; i++)
		can_read("bob@ex", "temperature");
	assert_int_equal(rows(), before);
	history(NULL);
	assert_int_equal(rows(), before + 1);
}

static void row_P12__refused_claims_are_counted_by_who_made_them(void **state)
{
	int64_t before = rows();

	(void)state;
	for (int i = 0; i < 7; i++)
		mine(&w, "eve@ex/p", "wrong");
	mine(&w, "mallory@ex/p", "wrong");
	assert_int_equal(rows(), before);
	HAS(history(NULL), "refused mallory@ex claim\nrefused eve@ex claim\n");
	assert_int_equal(rows(), before + 2);
}

static void att_C_05__no_key_stands_in_the_history(void **state)
{
	(void)state;
	reg(&w, LAMP "/d", "sesamKEY");
	mine(&w, OWNER "/p", "sesamKEY");
	mine(&w, OWNER "/p", "wrongKEY");
	HAS_NOT(history(NULL), "KEY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(row_O19__an_owner_reads_what_happened_to_his_thing),
		T(row_O19__decisions_rules_and_questions_are_in_the_history),
		T(a_decision_writes_nothing_by_itself),
		T(row_P12__refused_claims_are_counted_by_who_made_them),
		T(att_C_05__no_key_stands_in_the_history),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
