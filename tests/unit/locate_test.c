/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_test: in which order places are tried, and which domain each has to
 * prove.  The ways are stand-ins that find what the test says: their symbols are
 * taken before those of the library.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <poll.h>

#include "thing/locate_way.h"
#include "thing/thing.h"

#define FOUND 40
#define ALL (KITH_THING_LOCATE_DNS | KITH_THING_LOCATE_MDNS | KITH_THING_LOCATE_DHCP | \
	KITH_THING_LOCATE_SSDP)

enum { DNS, MDNS, DHCP, SSDP, WAYS };

static struct {
	void *dir;
	struct locate *l;
	struct locate_place place;	/* the last that next_is() told of */
	struct clock_fake hands;
	struct clock clock;
	/* the stand-ins */
	size_t n[WAYS];
	struct locate_found found[WAYS][FOUND];
	bool waits[WAYS], broken[WAYS];
	size_t next[WAYS];
	unsigned opened[WAYS], open_now;
	char asked[WAYS][512];		/* names */
	/* what was said */
	unsigned alarms;
	char said[4096];
} f;

/* ---- the stand-ins ------------------------------------------------------- */

static void *way_open(int w, const struct locate_ask *ask, struct err *e)
{
	f.opened[w]++;
	f.asked[w][0] = '\0';
	for (size_t i = 0; ask->names && ask->names[i]; i++)
		snprintf(f.asked[w] + strlen(f.asked[w]), sizeof(f.asked[w]) - strlen(f.asked[w]),
		    "%s ", ask->names[i]);
	if (f.broken[w]) {
		err_set(e, ERR_AGAIN, "it is broken");
		return NULL;
	}
	f.next[w] = 0;
	f.open_now++;
	return &f.next[w];
}

static void way_close(void *self)
{
	UNUSED(self);
	f.open_now--;
}

static enum locate_answer way_next(void *self, struct locate_found *out)
{
	size_t w = (size_t)((size_t *)self - f.next);

	if (f.waits[w])
		return LOCATE_WAIT;
	if (f.next[w] == f.n[w])
		return LOCATE_NONE;
	*out = f.found[w][f.next[w]++];
	return LOCATE_PLACE;
}

static int way_fd(const void *self) { UNUSED(self); return 77; }
static int64_t way_deadline(const void *self) { UNUSED(self); return 4711; }
static void way_run(void *self) { f.waits[(size_t *)self - f.next] = false; }

#define WAY(w, symbol, text, rumour) \
	static void *open_##w(const struct locate_ask *a, struct err *e) \
	{ return way_open(w, a, e); } \
	const struct locate_way symbol = { .name = text, .bit = KITH_THING_LOCATE_##w, \
		.is_rumour = rumour, .open = open_##w, .close = way_close, .next = way_next, \
		.fd = way_fd, .deadline = way_deadline, .run = way_run }
WAY(DNS, locate_dns, "dns", false);
WAY(MDNS, locate_mdns, "mdns", true);
WAY(DHCP, locate_dhcp, "dhcp", true);
WAY(SSDP, locate_ssdp, "ssdp", true);

/* It finds this host, said to serve these domains. */
static struct locate_found *finds(int w, const char *host, const char *said)
{
	struct locate_found *x = &f.found[w][f.n[w]++];

	memset(x, 0, sizeof(*x));
	snprintf(x->at.host, sizeof(x->at.host), "%s", host);
	snprintf(x->at.port, sizeof(x->at.port), "5222");
	if (said)
		snprintf(x->said[x->n_said++], DOMAINS_NAME, "%s", said);
	return x;
}

/* ---- the fixture --------------------------------------------------------- */

static void on_note(void *arg, bool alarm, const char *sentence)
{
	UNUSED(arg);
	f.alarms += alarm;
	snprintf(f.said + strlen(f.said), sizeof(f.said) - strlen(f.said), "%s\n", sentence);
}

static void start(const char *server, unsigned ways, const char *const *domains)
{
	struct locate_conf conf = { .clock = &f.clock, .server = server, .ways = ways,
		.domains = domains, .dir = f.dir, .note = on_note };
	struct err e = ERR_INIT;

	locate_free(&f.l);
	f.l = locate_new(&conf, &e);
	if (!f.l)
		fail_msg("%s", e.text);
}

static int setup(void **state)
{
	memset(&f, 0, sizeof(f));
	f.clock = clock_from_fake(&f.hands);
	*state = &f;
	return folder_setup(&f.dir);
}

static int teardown(void **state)
{
	UNUSED(state);
	locate_free(&f.l);
	assert_int_equal(f.open_now, 0);
	return folder_teardown(&f.dir);
}

/* "host=domain host=domain" of one round, in order. */
static const char *round_of(const char *bound)
{
	static char text[8192];
	struct locate_place p;
	enum locate_answer a;

	text[0] = '\0';
	locate_begin(f.l, bound);
	while ((a = locate_next(f.l, &p)) != LOCATE_NONE) {
		assert_int_equal(a, LOCATE_PLACE);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%s",
		    text[0] ? " " : "", p.at.host, p.domain);
	}
	return text;
}

/* "host:port=domain" of the next place; "" none. */
static const char *next_is(void)
{
	static char text[1024];
	struct locate_place *const p = &f.place;

	if (locate_next(f.l, p) != LOCATE_PLACE)
		return "";
	snprintf(text, sizeof(text), "%s:%s=%s", p->at.host, p->at.port, p->domain);
	return text;
}

/* ---- order --------------------------------------------------------------- */

static void row_D3__settings_first_and_nothing_else(void **state)
{
	UNUSED(state);
	start("192.0.2.1:5222", ALL, NULL);
	finds(MDNS, "near", "home.example");
	assert_string_equal(round_of("home.example"), "192.0.2.1=home.example");
	for (int w = 0; w < WAYS; w++)
		assert_int_equal(f.opened[w], 0);
}

static void row_D3__then_dns_mdns_dhcp_ssdp_each_if_it_is_on(void **state)
{
	UNUSED(state);
	finds(DNS, "a", "home.example");
	finds(MDNS, "b", "home.example");
	finds(DHCP, "c", "home.example");
	finds(SSDP, "d", "home.example");
	start(NULL, ALL, NULL);
	assert_string_equal(round_of("home.example"),
	    "a=home.example b=home.example c=home.example d=home.example");
	start(NULL, KITH_THING_LOCATE_SSDP | KITH_THING_LOCATE_MDNS, NULL);
	assert_string_equal(round_of("home.example"), "b=home.example d=home.example");
	start(NULL, 0, NULL);
	assert_string_equal(round_of("home.example"), "a=home.example");
	assert_string_equal(f.asked[DNS], "home.example ");
}

static void row_D10__a_way_that_cannot_be_asked_is_passed_over(void **state)
{
	UNUSED(state);
	f.broken[DNS] = f.broken[DHCP] = true;
	finds(MDNS, "b", "home.example");
	start(NULL, ALL, NULL);
	assert_string_equal(round_of("home.example"), "b=home.example");
	assert_non_null(strstr(f.said, "it is broken"));
	assert_int_equal(f.alarms, 0);
}

static void a_way_that_waits_is_polled(void **state)
{
	struct locate_place p;
	short events;

	UNUSED(state);
	f.waits[MDNS] = true;
	finds(MDNS, "b", "home.example");
	start(NULL, KITH_THING_LOCATE_MDNS, NULL);
	locate_begin(f.l, "home.example");
	assert_int_equal(locate_next(f.l, &p), LOCATE_WAIT);
	assert_int_equal(locate_fd(f.l, &events), 77);
	assert_int_equal(events, POLLIN);
	assert_int_equal(locate_deadline(f.l), 4711);
	locate_run(f.l);
	assert_int_equal(locate_next(f.l, &p), LOCATE_PLACE);
	assert_true(p.is_rumour);
	assert_string_equal(p.way, "mdns");
	locate_end(f.l);
	assert_int_equal(f.open_now, 0);
	assert_int_equal(locate_fd(f.l, &events), -1);
}

/* ---- which domain (ruling 42) -------------------------------------------- */

static void ruling_42__who_belongs_somewhere_tries_only_that(void **state)
{
	static const char *const domains[] = { "other.example", "*.example", NULL };
	struct locate_found *x;

	UNUSED(state);
	finds(MDNS, "a", "other.example");
	finds(MDNS, "b", "HOME.example");
	finds(MDNS, "c", NULL);
	finds(MDNS, "d", "home.example.evil.example");
	x = finds(DHCP, "e", "e.example");
	x->is_guess = true;
	start(NULL, ALL, domains);
	assert_string_equal(round_of("home.example"),
	    "b=home.example c=home.example e=home.example");
	assert_int_equal(f.alarms, 0);
}

static void ruling_42__who_belongs_nowhere_tries_what_was_allowed(void **state)
{
	static const char *const domains[] = { "home.example", "*.city.example", NULL };

	UNUSED(state);
	finds(MDNS, "a", "evil.example");
	finds(MDNS, "b", "home.example");
	finds(MDNS, "c", "x.city.example");
	finds(MDNS, "d", "city.example");
	finds(MDNS, "e", "xcity.example");
	finds(MDNS, "e", "evilcity.example");
	finds(MDNS, "f", "a.b.City.example");
	finds(MDNS, "g", "somebody@home.example");
	finds(MDNS, "h", "not a domain");
	start(NULL, ALL, domains);
	assert_string_equal(round_of(""),
	    "b=home.example c=x.city.example f=a.b.city.example");
	assert_string_equal(f.asked[DNS], "home.example ");	/* a pattern is no name */
}

static void ruling_42__a_place_that_does_not_say_is_tried_for_each_domain_we_know(void **state)
{
	static const char *const domains[] = { "*.example", "a.example", "b.example", "c.example",
		"d.example", "e.example", NULL };

	UNUSED(state);
	finds(MDNS, "x", NULL);
	start(NULL, KITH_THING_LOCATE_MDNS, domains);
	assert_string_equal(round_of(""), "x=a.example x=b.example x=c.example x=d.example");
}

static void row_D3__a_name_out_of_a_lease_may_be_host_or_domain(void **state)
{
	static const char *const domains[] = { "home.example", "site.example", NULL };
	struct locate_found *x = finds(DHCP, "pronto.home.example", "pronto.home.example");

	UNUSED(state);
	snprintf(x->said[x->n_said++], DOMAINS_NAME, "home.example");
	x->is_guess = true;
	start(NULL, KITH_THING_LOCATE_DHCP, domains);
	assert_string_equal(round_of(""),
	    "pronto.home.example=home.example pronto.home.example=site.example");
}

static void ruling_42__what_nobody_allowed_is_an_alarm_that_says_what_to_type(void **state)
{
	UNUSED(state);
	finds(MDNS, "a", "found.example");
	finds(SSDP, "b", "found.example");
	start(NULL, ALL, NULL);
	assert_string_equal(round_of(""), "");
	assert_int_equal(f.alarms, 1);
	assert_non_null(strstr(f.said, "kith-thing accept found.example"));
	round_of("");
	assert_int_equal(f.alarms, 1);		/* once */
	/* its owner says so, while it waits for the next round */
	locate_begin(f.l, "");
	assert_int_equal(kith_thing_accept(f.dir, "Found.Example", NULL, 0), 0);
	assert_string_equal(next_is(), "a:5222=found.example");
	assert_string_equal(round_of(""), "a=found.example b=found.example");
	assert_string_equal(f.asked[DNS], "found.example ");
	/* and another life knows it too */
	start(NULL, ALL, NULL);
	assert_string_equal(round_of(""), "a=found.example b=found.example");
	assert_int_equal(f.alarms, 1);
}

static void ruling_42__what_was_accepted_says_nothing_to_who_has_a_home(void **state)
{
	UNUSED(state);
	assert_int_equal(kith_thing_accept(f.dir, "found.example", NULL, 0), 0);
	finds(MDNS, "a", "found.example");
	start(NULL, ALL, NULL);
	assert_string_equal(round_of("home.example"), "");
	assert_string_equal(f.asked[DNS], "home.example ");
}

static void what_is_accepted_is_a_domain_and_there_are_few(void **state)
{
	static const char *const bad[] = { "", "a b", "x@y.example", "y.example/z", "*.y.example" };
	char why[256] = "", name[64];

	UNUSED(state);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(kith_thing_accept(f.dir, bad[i], why, sizeof(why)), -1);
		assert_true(why[0] != '\0');
	}
	for (int i = 0; i < DOMAINS_ACCEPTED; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		assert_int_equal(kith_thing_accept(f.dir, name, NULL, 0), 0);
		assert_int_equal(kith_thing_accept(f.dir, name, NULL, 0), 0);
	}
	assert_int_equal(kith_thing_accept(f.dir, "more.example", NULL, 0), -1);
	/* a reset forgets it */
	assert_int_equal(kith_thing_reset(f.dir, NULL, 0), 0);
	start(NULL, ALL, NULL);
	round_of("");
	assert_int_equal(f.opened[DNS], 0);
}

static void att_D_09__a_round_has_an_end_and_few_alarms(void **state)
{
	const char *text, *at;
	size_t n = 0;

	UNUSED(state);
	for (int i = 0; i < FOUND; i++)
		finds(MDNS, "x", "home.example");
	start(NULL, KITH_THING_LOCATE_MDNS, NULL);
	for (text = round_of("home.example"); (at = strchr(text, '=')); text = at + 1)
		n++;
	assert_int_equal(n, LOCATE_PLACES);
	f.n[MDNS] = 0;
	for (int i = 0; i < FOUND; i++) {
		char name[64];

		snprintf(name, sizeof(name), "d%d.example", i);
		finds(MDNS, "x", name);
	}
	for (int i = 0; i < 5; i++)
		round_of("");
	assert_int_equal(f.alarms, LOCATE_STRANGE);
}

/* ---- see-other-host ------------------------------------------------------ */

static void att_D_09__see_other_host_is_followed_twice_for_the_same_domain(void **state)
{
	UNUSED(state);
	finds(MDNS, "a", "home.example");
	finds(MDNS, "b", "home.example");
	start(NULL, KITH_THING_LOCATE_MDNS, NULL);
	locate_begin(f.l, "home.example");
	assert_string_equal(next_is(), "a:5222=home.example");
	locate_moved(f.l, &f.place, "evil.example:6222");
	assert_string_equal(next_is(), "evil.example:6222=home.example");
	locate_moved(f.l, &f.place, "[2001:db8::1]");
	assert_string_equal(next_is(), "2001:db8::1:5222=home.example");
	locate_moved(f.l, &f.place, "evil.example:6223");		/* enough */
	assert_string_equal(next_is(), "b:5222=home.example");
	assert_string_equal(next_is(), "");
}

static void see_other_host_without_a_port_is_looked_up(void **state)
{
	UNUSED(state);
	finds(DNS, "one.other.example", "other.example");
	start("192.0.2.1:5222", 0, NULL);
	locate_begin(f.l, "home.example");
	assert_string_equal(next_is(), "192.0.2.1:5222=home.example");
	locate_moved(f.l, &f.place, "other.example");
	assert_string_equal(f.asked[DNS], "other.example ");
	assert_string_equal(next_is(), "one.other.example:5222=home.example");
	assert_string_equal(next_is(), "");
}

static void see_other_host_that_is_no_host_is_nothing(void **state)
{
	static const char *const bad[] = { "", ":", ":5222", "a:b", "a:0", "a b", "[", "]", "[]",
		"user@host", "::1" };

	UNUSED(state);
	start("192.0.2.1:5222", 0, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		locate_begin(f.l, "home.example");
		assert_string_equal(next_is(), "192.0.2.1:5222=home.example");
		locate_moved(f.l, &f.place, bad[i]);
		assert_string_equal(next_is(), "");
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(row_D3__settings_first_and_nothing_else),
		T(row_D3__then_dns_mdns_dhcp_ssdp_each_if_it_is_on),
		T(row_D10__a_way_that_cannot_be_asked_is_passed_over),
		T(a_way_that_waits_is_polled),
		T(ruling_42__who_belongs_somewhere_tries_only_that),
		T(ruling_42__who_belongs_nowhere_tries_what_was_allowed),
		T(ruling_42__a_place_that_does_not_say_is_tried_for_each_domain_we_know),
		T(row_D3__a_name_out_of_a_lease_may_be_host_or_domain),
		T(ruling_42__what_nobody_allowed_is_an_alarm_that_says_what_to_type),
		T(ruling_42__what_was_accepted_says_nothing_to_who_has_a_home),
		T(what_is_accepted_is_a_domain_and_there_are_few),
		T(att_D_09__a_round_has_an_end_and_few_alarms),
		T(att_D_09__see_other_host_is_followed_twice_for_the_same_domain),
		T(see_other_host_without_a_port_is_looked_up),
		T(see_other_host_that_is_no_host_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
