/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services_test: who becomes registry and provisioning service, and how long the
 * silent are waited for, by a fake clock and a session that only writes down.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "thing/services.h"

#define INFO "http://jabber.org/protocol/disco#info"
#define REGISTRY "<feature var='urn:xmpp:iot:discovery'/>"
#define BOTH REGISTRY "<feature var='urn:xmpp:iot:provisioning'/>"

struct world {
	struct clock_fake hands;
	struct clock clock;
	struct session session;
	struct buf out;
	struct services services;
	struct services_hints hints;
	unsigned decisions;
	char registry[SESSION_TO], provisioning[SESSION_TO];
};

static void on_done(void *arg)
{
	struct world *w = arg;
	const struct services_candidate *c = services_registry(&w->services);

	w->decisions++;
	snprintf(w->registry, sizeof(w->registry), "%s", c ? c->jid : "");
	c = services_provisioning(&w->services, w->registry);
	snprintf(w->provisioning, sizeof(w->provisioning), "%s", c ? c->jid : "");
	services_stop(&w->services);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->hands.boot = 1000;
	w->clock = clock_from_fake(&w->hands);
	buf_init(&w->out, 65536);
	session_init(&w->session, &w->clock);
	if (session_begin(&w->session, &w->out, "t@home.example/r") < 0)
		return -1;
	w->services = (struct services){ .clock = &w->clock, .session = &w->session,
		.hints = &w->hints, .done = on_done, .arg = w };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	services_stop(&w->services);
	session_end(&w->session);
	buf_fini(&w->out);
	free(w);
	return 0;
}

static bool asked(const struct world *w, const char *jid)
{
	for (size_t i = 0; i < SESSION_ASKS; i++)
		if (w->session.ask[i].id[0] && strcmp(w->session.ask[i].to, jid) == 0)
			return true;
	return false;
}

/* The answer to the one question that is out to `jid`. */
static void answer(struct world *w, const char *jid, const char *ns, const char *inside)
{
	struct stanza_holder *h = NULL;
	const struct stanza *s;
	char text[8192];

	for (size_t i = 0; i < SESSION_ASKS; i++) {
		if (!w->session.ask[i].id[0] || strcmp(w->session.ask[i].to, jid) != 0)
			continue;
		snprintf(text, sizeof(text), "<iq type='result' id='%s' from='%s'>"
		    "<query xmlns='%s'>%s</query></iq>", w->session.ask[i].id, jid, ns, inside);
		s = stanza_from_text(&h, NS_CLIENT, text, strlen(text));
		assert_non_null(s);
		assert_true(session_take_answer(&w->session, s));
		stanza_holder_free(&h);
		return;
	}
	fail_msg("nobody asked %s", jid);
}

static void find(struct world *w, const char *registry, const char *items)
{
	assert_int_equal(services_find(&w->services, "home.example", registry), 0);
	answer(w, "home.example", "http://jabber.org/protocol/disco#items", items);
}

static void row_D4__all_are_asked_at_once_and_the_first_of_the_list_wins(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='a.home.example'/><item jid='b.home.example'/>"
	    "<item jid='c.home.example'/>");
	assert_true(asked(w, "home.example") && asked(w, "a.home.example") &&
	    asked(w, "b.home.example") && asked(w, "c.home.example"));
	answer(w, "c.home.example", INFO, BOTH);
	answer(w, "b.home.example", INFO, BOTH);
	answer(w, "home.example", INFO, "");
	assert_int_equal(w->decisions, 0);	/* a could still be the one */
	answer(w, "a.home.example", INFO, "");
	assert_int_equal(w->decisions, 1);
	assert_string_equal(w->registry, "b.home.example");
	assert_string_equal(w->provisioning, "b.home.example");
}

static void row_D4__once_the_best_has_answered_nobody_is_waited_for(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='a.home.example'/><item jid='b.home.example'/>");
	answer(w, "home.example", INFO, "");
	answer(w, "a.home.example", INFO, BOTH);
	assert_int_equal(w->decisions, 1);
	assert_string_equal(w->registry, "a.home.example");
	answer(w, "b.home.example", INFO, BOTH);	/* too late: no harm */
	assert_int_equal(w->decisions, 1);
}

static void row_D4__the_silent_cost_two_seconds_and_no_more(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='mute.home.example'/><item jid='b.home.example'/>");
	answer(w, "home.example", INFO, "");
	assert_int_equal(services_deadline(&w->services), -1);
	answer(w, "b.home.example", INFO, BOTH);
	assert_int_equal(w->decisions, 0);
	assert_int_equal(services_deadline(&w->services), 1000 + SERVICES_GRACE_MS);
	w->hands.boot += SERVICES_GRACE_MS - 1;
	services_tick(&w->services);
	assert_int_equal(w->decisions, 0);
	w->hands.boot += 1;
	services_tick(&w->services);
	assert_int_equal(w->decisions, 1);
	assert_string_equal(w->registry, "b.home.example");
}

static void row_D4__the_feature_counts_and_no_name(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='registry.home.example'/><item jid='x.home.example'/>");
	answer(w, "home.example", INFO, "");
	answer(w, "registry.home.example", INFO, "<feature var='jabber:iq:version'/>");
	answer(w, "x.home.example", INFO, REGISTRY);
	assert_string_equal(w->registry, "x.home.example");
	assert_string_equal(w->provisioning, "");
}

static void att_D_10__people_and_other_domains_are_never_asked(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='registry@home.example'/><item jid='registry.evil.example'/>"
	    "<item jid='nothome.example'/><item jid='home.example.evil.example'/>"
	    "<item jid='a.home.example' node='x'/><item jid='ok.home.example'/>");
	assert_false(asked(w, "registry@home.example"));
	assert_false(asked(w, "registry.evil.example"));
	assert_false(asked(w, "nothome.example"));
	assert_false(asked(w, "home.example.evil.example"));
	assert_false(asked(w, "a.home.example"));
	assert_true(asked(w, "ok.home.example"));
}

static void what_the_settings_name_may_live_elsewhere_and_is_the_only_registry(void **state)
{
	struct world *w = *state;

	snprintf(w->hints.registry, sizeof(w->hints.registry), "a");
	find(w, "kith.other.example", "<item jid='a.home.example'/>");
	answer(w, "home.example", INFO, "");
	answer(w, "a.home.example", INFO, BOTH);
	assert_int_equal(w->decisions, 0);
	answer(w, "kith.other.example", INFO, REGISTRY);
	assert_string_equal(w->registry, "kith.other.example");
	assert_string_equal(w->provisioning, "a.home.example");
}

static void row_D3__a_hint_goes_first_and_decides_nothing_else(void **state)
{
	static const struct { const char *hint, *registry; } rows[] = {
		{ "c", "c.home.example" },
		{ "c.home.example", "c.home.example" },
		{ "  b  c ", "b.home.example" },
		{ "C", "c.home.example" },
		/* not listed, a person, somewhere else, rubbish */
		{ "z c@home.example", "a.home.example" },
		{ "c.evil.example evil.example", "a.home.example" },
		{ "c.home", "a.home.example" },
		{ "@ . .. home", "a.home.example" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w;

		teardown(state);	/* a world for each row */
		assert_int_equal(setup(state), 0);
		w = *state;
		snprintf(w->hints.registry, sizeof(w->hints.registry), "%s", rows[i].hint);
		find(w, NULL, "<item jid='a.home.example'/><item jid='b.home.example'/>"
		    "<item jid='c.home.example'/>");
		assert_false(asked(w, "z.home.example"));
		assert_false(asked(w, "c.evil.example"));
		answer(w, "a.home.example", INFO, REGISTRY);
		answer(w, "b.home.example", INFO, REGISTRY);
		answer(w, "c.home.example", INFO, REGISTRY);
		answer(w, "home.example", INFO, "");
		assert_string_equal(w->registry, rows[i].registry);
	}
}

static void row_D3__a_hinted_provisioning_service_gives_way_to_the_registrys_own(void **state)
{
	struct world *w = *state;

	snprintf(w->hints.provisioning, sizeof(w->hints.provisioning), "p");
	find(w, NULL, "<item jid='a.home.example'/><item jid='p.home.example'/>");
	answer(w, "home.example", INFO, "");
	answer(w, "p.home.example", INFO, "<feature var='urn:xmpp:iot:provisioning'/>");
	answer(w, "a.home.example", INFO, BOTH);
	assert_string_equal(w->registry, "a.home.example");
	assert_string_equal(w->provisioning, "a.home.example");
}

static void a_search_that_was_given_up_hears_nothing_of_its_late_answers(void **state)
{
	struct world *w = *state;

	find(w, NULL, "<item jid='a.home.example'/>");
	services_stop(&w->services);
	assert_int_equal(services_find(&w->services, "home.example", NULL), 0);
	answer(w, "a.home.example", INFO, BOTH);	/* of the first search */
	assert_int_equal(w->decisions, 0);
	assert_null(services_registry(&w->services));
	services_stop(&w->services);
	session_end(&w->session);
	assert_int_equal(w->decisions, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(row_D4__all_are_asked_at_once_and_the_first_of_the_list_wins),
		T(row_D4__once_the_best_has_answered_nobody_is_waited_for),
		T(row_D4__the_silent_cost_two_seconds_and_no_more),
		T(row_D4__the_feature_counts_and_no_name),
		T(att_D_10__people_and_other_domains_are_never_asked),
		T(what_the_settings_name_may_live_elsewhere_and_is_the_only_registry),
		T(row_D3__a_hint_goes_first_and_decides_nothing_else),
		T(row_D3__a_hinted_provisioning_service_gives_way_to_the_registrys_own),
		T(a_search_that_was_given_up_hears_nothing_of_its_late_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
