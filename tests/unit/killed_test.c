/* SPDX-License-Identifier: Apache-2.0 */
/*
 * killed_test: the program is killed at any moment while things are given up,
 * passed on, and asked about.  What was acknowledged holds afterwards, and what
 * was not is either done or not begun.  Register and claim: tests/faults/kill9.c.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/showing_support.h"

#define KILLS 12
#define THINGS 200

enum fate { GIVEN_UP, PASSED_ON, ASKED_ABOUT, FATES };

/* What the world was told about a thing: 0 nothing, 1 it is a@ex's or the question
 * was asked, 2 its fate. */
struct ack {
	int thing, step;
};

static void acknowledge(int to, int thing, int step)
{
	struct ack a = { thing, step };

	if (write(to, &a, sizeof(a)) != sizeof(a))
		_exit(1);
}

static struct reply serve(struct world *w, enum verb verb, const char *bare, const char *thing,
    const char *jid, const char *code)
{
	static uint8_t id[1][OWNERSHIP_ID];
	struct request q = { .verb = verb, .kind = STANZA_MESSAGE, .type = IQ_NOT,
	    .bare = bare, .from = bare, .to = "desk@reg.ex", .pool = &w->pool };
	struct reply r = { 0 };

	pool_reset(&w->pool);
	if (thing != NULL)
		memcpy(id[0], thing_of(w, thing)->id, OWNERSHIP_ID);
	if (verb == VERB_DISOWN) {
		q.u.address.things = (const uint8_t (*)[OWNERSHIP_ID])id;
		q.u.address.n_things = 1;
		q.u.address.offline = q.u.address.confirmed = true;
	} else {
		q.u.desk.thing_id = thing != NULL ? id[0] : NULL;
		q.u.desk.jid = jid;
		q.u.desk.code = code;
		q.u.desk.confirmed = true;
	}
	MUST(store_begin(w->store, &test_err));
	MUST(registry_serve(w->registry, &q, &r, &test_err));
	MUST(store_commit(w->store, &test_err));
	return r;
}

static void accept_offer(struct world *w)
{
	const char *at = strstr(told(w, "p@ex"), "accept ");
	char code[IDENT_CODE];

	snprintf(code, sizeof(code), "%.9s", at + strlen("accept "));
	serve(w, VERB_ACCEPT, "p@ex", NULL, NULL, code);
}

static void live(struct world *w, int i, int to)
{
	char full[32], bare[32], twin[32], key[16];

	snprintf(bare, sizeof(bare), "t%d@ex", i);
	snprintf(full, sizeof(full), "t%d@ex/r", i);
	snprintf(twin, sizeof(twin), "twin%d@ex/r", i);
	snprintf(key, sizeof(key), "k%d", i);
	reg_ours(w, full, key, "code");
	if (i % FATES == ASKED_ABOUT)
		reg_ours(w, twin, key, "code");
	mine(w, A, key);
	wait_ms(w, 60 * MINUTE);
	acknowledge(to, i, 1);
	if (i % FATES == GIVEN_UP) {
		serve(w, VERB_DISOWN, "a@ex", bare, NULL, NULL);
	} else if (i % FATES == PASSED_ON) {
		serve(w, VERB_TRANSFER, "a@ex", bare, "p@ex", NULL);
		accept_offer(w);
	} else {
		mine(w, A, key);
		wait_ms(w, 300);
		type_code(w, A, shown_code(w, full));
	}
	acknowledge(to, i, 2);
}

static bool has_debt(const struct world *w, const char *bare, const char *what)
{
	for (size_t i = 0; i < debt_count(w->debts); i++) {
		const struct debt *d = debt_at(w->debts, i);

		if (d->kind == DEBT_OWNER && strcmp(d->peer, bare) == 0 &&
		    strncmp(d->subject, what, strlen(what)) == 0)
			return true;
	}
	return false;
}

static void check(struct world *w, int i, int step)
{
	const struct owned *t;
	char bare[32];

	snprintf(bare, sizeof(bare), "t%d@ex", i);
	t = thing_of(w, bare);
	assert_non_null(t);
	if (i % FATES == GIVEN_UP) {
		assert_true(t->state == OWNED_TOMBSTONE || (step < 2 && owned_by(t, "a@ex")));
		assert_true(t->state != OWNED_TOMBSTONE || has_debt(w, bare, "left:"));
	} else if (i % FATES == PASSED_ON) {
		assert_true(owned_by(t, "p@ex") || (step < 2 && owned_by(t, "a@ex")));
		assert_true(owned_by(t, "a@ex") || (t->state == OWNED_TURNING &&
		    strcmp(t->former, "a@ex") == 0 && has_debt(w, bare, "left:")));
	} else {
		assert_true(owned_by(t, "a@ex") || (step < 2 && t->owner == NULL));
		snprintf(bare, sizeof(bare), "twin%d@ex", i);
		assert_null(thing_of(w, bare)->owner);
		assert_true(t->owner == NULL || thing_of(w, bare)->hold == HOLD_PRESENCE);
	}
}

static void att_T_01__what_was_said_of_a_parting_or_a_question_holds(void **state)
{
	(void)state;
	for (int k = 0; k < KILLS; k++) {
		int last[THINGS] = { 0 }, fds[2], status, heard_of = 0;
		struct place p;
		struct world w;
		struct ack a;
		pid_t pid;

		place_make(&p);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			world_open(&w, p.url);
			for (int i = 0; i < THINGS; i++)
				live(&w, i, fds[1]);
			_exit(0);
		}
		close(fds[1]);
		while (read(fds[0], &a, sizeof(a)) == sizeof(a)) {
			last[a.thing] = a.step;
			if (++heard_of == 5 + 3 * k) {
				/* Somewhere within what comes next. */
				usleep((useconds_t)(k * 700));
				kill(pid, SIGKILL);
			}
		}
		close(fds[0]);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		world_open(&w, p.url);
		for (int i = 0; i < THINGS && last[i] > 0; i++)
			check(&w, i, last[i]);
		world_close(&w);
		place_remove(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_T_01__what_was_said_of_a_parting_or_a_question_holds),
	};

	return cmocka_run_group_tests_name("killed", tests, NULL, NULL);
}
