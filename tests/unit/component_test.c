/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component: against a scripted server, with time moved by hand.
 */
#include "config.h"

#include "common/wire/component.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "tests/support/fakestream.h"

#define JID "kith.a.test"
#define HEADER "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT "' xmlns:stream='" \
	NS_STREAMS "' from='" JID "' id='s1'>"
/* printf %s sha1("s1" "0123456789abcdefXYZ") */
#define PROOF "<handshake>74235bef9046746ccac6729d31afdeb193dae46a</handshake>"
#define PATIENCE 3000

struct world {
	struct fake f;
	struct clock_fake hands;
	struct clock clock;
	struct secret secret;
	struct component *c;
	struct fake_peer peer;
	struct stats stats;
	unsigned ups, downs, stanzas, oversizes, turns;
	char why[200];
	char last[200];		/* id of the last stanza or head */
};

static void
on_up(void *arg)
{
	((struct world *)arg)->ups++;
}

static void
on_down(void *arg, const char *why)
{
	struct world *w = arg;

	w->downs++;
	(void)snprintf(w->why, sizeof(w->why), "%s", why);
}

static void
on_stanza(void *arg, const struct stanza *s)
{
	struct world *w = arg;
	const char *id = stanza_attr(s, "id");

	w->stanzas++;
	(void)snprintf(w->last, sizeof(w->last), "%s", id != NULL ? id : "-");
}

static void
on_oversize(void *arg, const struct stanza_head *h)
{
	struct world *w = arg;

	w->oversizes++;
	(void)snprintf(w->last, sizeof(w->last), "%s", h->id);
}

static void
on_turn(void *arg)
{
	((struct world *)arg)->turns++;
}

static const struct component_ops ops = { on_up, on_down, on_stanza, on_oversize, on_turn };

static int peer_fd(void *arg) { return component_fd(((struct world *)arg)->c); }
static short peer_events(void *arg) { return component_events(((struct world *)arg)->c); }
static void peer_run(void *arg, short r) { component_run(((struct world *)arg)->c, r); }

/* Only what is due by the fake clock. */
static int64_t
peer_deadline(void *arg)
{
	struct world *w = arg;
	int64_t d = component_deadline(w->c);

	return d >= 0 && d <= w->hands.boot ? d : -1;
}

static struct component_conf
conf_of(struct world *w)
{
	return (struct component_conf){
		.jid = JID, .host = "127.0.0.1", .port = w->f.port, .secret = &w->secret,
		.clock = &w->clock, .stats = &w->stats, .ping_after_ms = 15000,
		.ping_timeout_ms = 10000, .backoff_cap_ms = 30000
	};
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->hands.boot = 1000;
	w->clock = clock_from_fake(&w->hands);
	assert_int_equal(secret_set(&w->secret, "0123456789abcdefXYZ", 19, NULL), 0);
	fake_listen(&w->f);
	w->peer = (struct fake_peer){ peer_fd, peer_events, peer_deadline, peer_run, w };
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	component_free(&w->c);
	fake_fini(&w->f);
	secret_clear(&w->secret);
	free(w);
	return 0;
}

static void
start(struct world *w)
{
	struct component_conf conf = conf_of(w);

	w->c = component_new(&conf, &ops, w, NULL);
	assert_non_null(w->c);
}

/* conditions to wait for */
static bool
header_seen(void *arg)
{
	struct world *w = arg;

	return fake_find(&w->f, 0, "xmlns='" NS_COMPONENT "'") != NULL &&
	    fake_find(&w->f, 0, "to='" JID "'>") != NULL;
}
static bool is_up(void *arg) { return component_is_up(((struct world *)arg)->c); }
static bool is_down(void *arg) { return ((struct world *)arg)->downs > 0; }
static bool accepted_twice(void *arg) { return ((struct world *)arg)->f.accepted == 2; }
static bool proof_seen(void *arg) { return fake_find(&((struct world *)arg)->f, 0, "</handshake>") != NULL; }
static bool ping_seen(void *arg) { return fake_find(&((struct world *)arg)->f, 0, NS_PING) != NULL; }
static bool oversize_seen(void *arg) { return ((struct world *)arg)->oversizes > 0; }
static bool three_stanzas(void *arg) { return ((struct world *)arg)->stanzas >= 3; }
static bool one_stanza(void *arg) { return ((struct world *)arg)->stanzas >= 1; }

static bool
wait_for(struct world *w, bool (*done)(void *))
{
	return fake_wait(&w->f, &w->peer, done, w, PATIENCE);
}

static void
bring_up(struct world *w)
{
	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, HEADER);
	assert_true(wait_for(w, proof_seen));
	fake_send(&w->f, "<handshake/>");
	assert_true(wait_for(w, is_up));
}

static void
component__proves_the_secret_and_comes_up(void **state)
{
	struct world *w = *state;

	bring_up(w);
	assert_non_null(fake_find(&w->f, 0, PROOF));
	assert_null(fake_find(&w->f, 0, "0123456789abcdef"));
	assert_int_equal(w->ups, 1);
	assert_int_equal(w->downs, 0);
}

static void
component__stanzas_of_one_read_share_one_turn(void **state)
{
	struct world *w = *state;
	unsigned before;

	bring_up(w);
	before = w->turns;
	fake_send(&w->f, "<iq id='1'/><iq id='2'/> <iq id='3'/>");
	assert_true(wait_for(w, three_stanzas));
	assert_int_equal(w->turns - before, 1);
	assert_string_equal(w->last, "3");
}

static void
att_X_23__a_stanza_before_the_handshake_is_refused(void **state)
{
	struct world *w = *state;

	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, HEADER "<iq id='early' from='x@y'/><handshake/>");
	assert_true(wait_for(w, is_down));
	assert_int_equal(w->stanzas, 0);
	assert_int_equal(w->ups, 0);
}

static void
att_X_24__an_empty_stream_id_is_refused(void **state)
{
	struct world *w = *state;

	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, "<stream:stream xmlns='" NS_COMPONENT "' xmlns:stream='" NS_STREAMS
	    "' from='" JID "' id=''>");
	assert_true(wait_for(w, is_down));
	assert_null(fake_find(&w->f, 0, "<handshake>"));
}

static void
att_X_24__a_missing_stream_id_is_refused(void **state)
{
	struct world *w = *state;

	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, "<stream:stream xmlns='" NS_COMPONENT "' xmlns:stream='" NS_STREAMS "'>");
	assert_true(wait_for(w, is_down));
	assert_null(fake_find(&w->f, 0, "<handshake>"));
}

static void
att_X_24__a_server_for_another_domain_is_refused(void **state)
{
	struct world *w = *state;

	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, "<stream:stream xmlns='" NS_COMPONENT "' xmlns:stream='" NS_STREAMS
	    "' from='other.test' id='s1'>");
	assert_true(wait_for(w, is_down));
	assert_null(fake_find(&w->f, 0, "<handshake>"));
}

static void
att_X_24__a_server_elsewhere_is_refused_unless_allowed(void **state)
{
	static const char *const away[] = { "192.0.2.1", "2001:db8::1", "broker.example", "10.0.0.1",
		"128.0.0.1", "::ffff:192.0.2.1", "0.0.0.0", "::" };
	static const char *const here[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost" };
	struct world *w = *state;
	struct component_conf conf = conf_of(w);
	size_t i;

	for (i = 0; i < sizeof(away) / sizeof(*away); i++) {
		conf.host = away[i];
		conf.allow_remote = false;
		assert_int_equal(component_check(&conf, NULL), -1);
		conf.allow_remote = true;
		assert_int_equal(component_check(&conf, NULL), 0);
	}
	conf.allow_remote = false;
	for (i = 0; i < sizeof(here) / sizeof(*here); i++) {
		conf.host = here[i];
		assert_int_equal(component_check(&conf, NULL), 0);
	}
}

static void
att_W8__a_weak_secret_is_refused(void **state)
{
	struct world *w = *state;
	struct component_conf conf = conf_of(w);

	assert_int_equal(secret_set(&w->secret, "123456789012345", 15, NULL), 0);
	assert_int_equal(component_check(&conf, NULL), -1);
	assert_int_equal(secret_set(&w->secret, "1234567890123456", 16, NULL), 0);
	assert_int_equal(component_check(&conf, NULL), 0);
}

static void
component__an_address_with_a_local_part_is_refused(void **state)
{
	struct world *w = *state;
	struct component_conf conf = conf_of(w);

	conf.jid = "desk@kith.a.test";
	assert_int_equal(component_check(&conf, NULL), -1);
	conf.jid = "Kith.a.test";
	assert_int_equal(component_check(&conf, NULL), -1);
	conf.jid = "kith.a.test/x";
	assert_int_equal(component_check(&conf, NULL), -1);
}

static void
att_W7__a_conflict_backs_off_and_tries_again(void **state)
{
	struct world *w = *state;
	int64_t wait;

	start(w);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, HEADER "<stream:error><conflict xmlns='" NS_STREAM_ERRORS "'/>"
	    "</stream:error></stream:stream>");
	assert_true(wait_for(w, is_down));
	assert_non_null(strstr(w->why, "conflict"));
	assert_int_equal(*stats_slot(&w->stats, "component_conflict", ""), 1);
	wait = component_deadline(w->c) - w->hands.boot;
	assert_in_range(wait, 0, 4000);
	fake_hang_up(&w->f);
	w->hands.boot += wait;
	assert_true(wait_for(w, accepted_twice));
}

static void
component__every_reconnect_is_a_fresh_stream(void **state)
{
	struct world *w = *state;

	bring_up(w);
	fake_send(&w->f, "<iq id='half' from='x");
	fake_hang_up(&w->f);
	assert_true(wait_for(w, is_down));
	w->hands.boot += 30000;
	assert_true(wait_for(w, accepted_twice));
	buf_reset(&w->f.seen);
	assert_true(wait_for(w, header_seen));
	fake_send(&w->f, HEADER);
	assert_true(wait_for(w, proof_seen));
	fake_send(&w->f, "<handshake/><iq id='new'/>");
	assert_true(wait_for(w, one_stanza));
	assert_int_equal(w->stanzas, 1);
	assert_string_equal(w->last, "new");
}

static void
att_T_08__silence_is_answered_with_a_ping_to_ourselves(void **state)
{
	struct world *w = *state;

	bring_up(w);
	w->hands.boot += 14999;
	fake_settle(&w->f, &w->peer);
	assert_null(fake_find(&w->f, 0, NS_PING));
	w->hands.boot += 1;
	assert_true(wait_for(w, ping_seen));
	assert_non_null(fake_find(&w->f, 0, "from='" JID "' to='" JID "'"));
}

static const char *
ping_id(struct world *w, char out[64])
{
	const char *p = fake_find(&w->f, 0, "<iq type='get' id='");

	assert_non_null(p);
	p += strlen("<iq type='get' id='");
	(void)snprintf(out, 64, "%.*s", (int)strcspn(p, "'"), p);
	return out;
}

/* The server routes it back as a request, answers itself, or with an error. */
static void
att_T_08__any_answer_to_the_ping_proves_life_and_stays_inside(void **state)
{
	static const char *const types[] = { "get", "result", "error" };
	struct world *w = *state;
	char id[64];
	size_t i;

	bring_up(w);
	for (i = 0; i < 3; i++) {
		buf_reset(&w->f.seen);
		w->hands.boot += 15000;
		assert_true(wait_for(w, ping_seen));
		w->hands.boot += 9999;
		fake_sendf(&w->f, "<iq type='%s' id='%s' from='" JID "' to='" JID "'/>", types[i],
		    ping_id(w, id));
		fake_settle(&w->f, &w->peer);
	}
	assert_int_equal(w->downs, 0);
	assert_int_equal(w->stanzas, 0);
}

static void
att_T_08__white_space_proves_life(void **state)
{
	struct world *w = *state;

	bring_up(w);
	w->hands.boot += 15000;
	assert_true(wait_for(w, ping_seen));
	w->hands.boot += 9000;
	fake_send(&w->f, " ");
	fake_settle(&w->f, &w->peer);
	w->hands.boot += 9000;
	fake_settle(&w->f, &w->peer);
	assert_int_equal(w->downs, 0);
}

static void
att_T_08__a_half_open_link_is_dropped_and_tried_anew(void **state)
{
	struct world *w = *state;

	bring_up(w);
	w->hands.boot += 15000;
	assert_true(wait_for(w, ping_seen));
	w->hands.boot += 10000;
	assert_true(wait_for(w, is_down));
	assert_int_equal(*stats_slot(&w->stats, "component_half_open", ""), 1);
	fake_hang_up(&w->f);
	w->hands.boot += 30000;
	assert_true(wait_for(w, accepted_twice));
}

static void
component__a_forged_ping_answer_goes_to_the_owner(void **state)
{
	struct world *w = *state;
	char id[64];

	bring_up(w);
	w->hands.boot += 15000;
	assert_true(wait_for(w, ping_seen));
	fake_sendf(&w->f, "<iq type='result' id='%s' from='mallory@x'/>", ping_id(w, id));
	assert_true(wait_for(w, one_stanza));
}

static void
component__a_silent_server_is_given_up(void **state)
{
	struct world *w = *state;

	start(w);
	assert_true(wait_for(w, header_seen));
	w->hands.boot += 10000;
	assert_true(wait_for(w, is_down));
}

static void
att_X_14__an_oversized_stanza_does_not_cost_the_stream(void **state)
{
	struct world *w = *state;
	char filler[1000];
	int i;

	memset(filler, 'x', sizeof(filler));
	bring_up(w);
	fake_send(&w->f, "<iq id='big' from='m@x' type='set'><q xmlns='urn:q'>");
	for (i = 0; i < 200; i++) {
		fake_sendn(&w->f, filler, sizeof(filler));
		if (i % 20 == 0)
			fake_settle(&w->f, &w->peer);
	}
	fake_send(&w->f, "</q></iq>");
	assert_true(wait_for(w, oversize_seen));
	assert_string_equal(w->last, "big");
	fake_send(&w->f, "<iq id='after'/>");
	assert_true(wait_for(w, one_stanza));
	assert_int_equal(w->downs, 0);
	assert_int_equal(w->f.accepted, 1);
}

static void
component__says_goodbye_when_freed(void **state)
{
	struct world *w = *state;

	bring_up(w);
	buf_adds(component_out(w->c), "<iq id='last'/>");
	component_free(&w->c);
	fake_step(&w->f);
	assert_non_null(fake_find(&w->f, 0, "<iq id='last'/></stream:stream>"));
}

/* Full jitter may wait for nothing once, but not eight times. */
static void
att_W7__a_conflict_waits_longer_than_a_first_failure(void **state)
{
	struct world *w = *state;
	int64_t longest = 0;

	for (int i = 0; i < 8; i++) {
		int64_t wait;

		w->why[0] = '\0';
		start(w);
		assert_true(wait_for(w, header_seen));
		fake_send(&w->f, HEADER "<stream:error><conflict xmlns='" NS_STREAM_ERRORS "'/>"
		    "</stream:error></stream:stream>");
		assert_true(wait_for(w, is_down));
		wait = component_deadline(w->c) - w->hands.boot;
		if (wait > longest)
			longest = wait;
		component_free(&w->c);
		fake_fini(&w->f);
		fake_listen(&w->f);
		w->downs = 0;
	}
	assert_true(longest > 250);
}

static void
component__full_jitter_stays_below_the_cap(void **state)
{
	struct world *w = *state;
	int64_t longest = 0;
	int i;

	start(w);
	fake_fini(&w->f);	/* nobody listens any more */
	fake_listen(&w->f);
	for (i = 0; i < 60; i++) {
		unsigned downs = w->downs;
		int64_t wait;
		int rounds;

		for (rounds = 0; w->downs == downs && rounds < 1000; rounds++)
			component_run(w->c, component_fd(w->c) >= 0 ? component_events(w->c) : 0);
		assert_int_equal(w->downs, downs + 1);
		wait = component_deadline(w->c) - w->hands.boot;
		assert_in_range(wait, 0, 30000);
		if (wait > longest)
			longest = wait;
		w->hands.boot += wait;
	}
	assert_true(longest > 5000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(component__proves_the_secret_and_comes_up),
		T(component__stanzas_of_one_read_share_one_turn),
		T(att_X_23__a_stanza_before_the_handshake_is_refused),
		T(att_X_24__an_empty_stream_id_is_refused),
		T(att_X_24__a_missing_stream_id_is_refused),
		T(att_X_24__a_server_for_another_domain_is_refused),
		T(att_X_24__a_server_elsewhere_is_refused_unless_allowed),
		T(att_W8__a_weak_secret_is_refused),
		T(component__an_address_with_a_local_part_is_refused),
		T(att_W7__a_conflict_backs_off_and_tries_again),
		T(att_W7__a_conflict_waits_longer_than_a_first_failure),
		T(component__every_reconnect_is_a_fresh_stream),
		T(att_T_08__silence_is_answered_with_a_ping_to_ourselves),
		T(att_T_08__any_answer_to_the_ping_proves_life_and_stays_inside),
		T(att_T_08__white_space_proves_life),
		T(att_T_08__a_half_open_link_is_dropped_and_tried_anew),
		T(component__a_forged_ping_answer_goes_to_the_owner),
		T(component__a_silent_server_is_given_up),
		T(att_X_14__an_oversized_stanza_does_not_cost_the_stream),
		T(component__says_goodbye_when_freed),
		T(component__full_jitter_stays_below_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
