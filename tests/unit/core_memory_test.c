/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_memory_test: what a device of the core profile (ruling 47) holds when nothing
 * happens: it opened an account over TLS, registered, was claimed, has one friend, and
 * answered his read and his control.  Counted is every byte asked of the maker's memory,
 * client stream and expat included; OpenSSL takes its own.  The library is the archive
 * that makers link; the broker is tests/support/fakelogin.h and a few answers more.
 */
#include "config.h"

#include "thing/thing.h"

#include "tests/support/fakeca.h"
#include "tests/support/fakelogin.h"
#include "tests/unit/thing_support.h"

#include <signal.h>

#include "common/wire/ns.h"
#include "thing/identity.h"

#define DOMAIN "a.b.test"
#define REGISTRY "kith." DOMAIN
#define OWNER "owner@" DOMAIN
#define BOB "bob@" DOMAIN
#define FORM "<query xmlns='" NS_REGISTER "'><username/><password/></query>"
#define DISCO "<query xmlns='http://jabber.org/protocol/disco#"
#define PROVISIONING "urn:xmpp:iot:provisioning"

/* The goal of ruling 47. */
#define STEADY_MOST ((size_t)32 * 1024)
#define PATIENCE 4000

static struct fakeca ca;

static struct device {
	size_t bytes, peak;		/* of the maker's memory */
	struct fake f;
	struct fakelogin login;
	void *login_arg;
	void (*login_script)(void *arg);
	struct kith_thing *thing;
	struct identity id;
	size_t answered;		/* of f.seen */
	bool claimed, lit;
	const char *awaited;		/* what settles a wait */
	size_t since;
} d;

union head { size_t size; max_align_t align; };

static void *give(void *arg, void *old, size_t size)
{
	union head *h = old ? (union head *)old - 1 : NULL;

	UNUSED(arg);
	d.bytes -= h ? h->size : 0;
	if (size == 0) {
		free(h);
		return NULL;
	}
	h = realloc(h, sizeof(*h) + size);
	assert_non_null(h);
	h->size = size;
	d.bytes += size;
	d.peak = d.bytes > d.peak ? d.bytes : d.peak;
	return h + 1;
}

/* ---- the broker, its registry and provisioning --------------------------- */

/* What a request that has this in it is answered with; all of them come from whom
 * they were sent to. */
static const struct { const char *sign, *answer; } answers[] = {
	{ NS_ROSTER, "<query xmlns='" NS_ROSTER "'/>" },
	{ "disco#items", DISCO "items'><item jid='" REGISTRY "'/></query>" },
	{ "disco#info", DISCO "info'><feature var='urn:xmpp:iot:discovery'/>"
	    "<feature var='" PROVISIONING "'/><feature var='urn:kith:lease:0'/></query>" },
	{ "<isFriend", "<isFriendResponse xmlns='" PROVISIONING "' jid='" BOB "' result='true'/>" },
	{ "<canRead", "<canReadResponse xmlns='" PROVISIONING "' jid='" BOB "' result='true'/>" },
	{ "<canControl", "<canControlResponse xmlns='" PROVISIONING "' jid='" BOB
	    "' result='true'/>" },
};

static const char *answer_to(const char *iq)
{
	if (strstr(iq, "disco#info") && !strstr(iq, REGISTRY))
		return DISCO "info'/>";
	if (strstr(iq, "<register"))
		return d.claimed ? "<claimed xmlns='urn:xmpp:iot:discovery' jid='" OWNER "'/>" : "";
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strstr(iq, answers[i].sign))
			return answers[i].answer;
	return "";
}

static const char *attribute(const char *stanza, const char *name, char out[128])
{
	char mark[16];
	const char *at, *end = strchr(stanza, '>');

	snprintf(mark, sizeof(mark), " %s=\"", name);
	at = strstr(stanza, mark);
	out[0] = '\0';
	if (at && at < end)
		snprintf(out, 128, "%.*s", (int)strcspn(at + strlen(mark), "\""),
		    at + strlen(mark));
	return out;
}

/* Answers each request once; what follows the binding is stanzas alone. */
static void serve(void)
{
	char iq[4096], id[128], to[128], type[128];

	for (;;) {
		const char *from = fake_find(&d.f, d.answered, "<iq "), *end;

		end = from ? strchr(from, '>') : NULL;
		if (end && end[-1] != '/')
			end = strstr(end, "</iq>");
		if (!end || (size_t)(end - from) >= sizeof(iq))
			return;
		snprintf(iq, sizeof(iq), "%.*s", (int)(end - from), from);
		d.answered = (size_t)(end - d.f.seen.data);
		attribute(iq, "type", type);
		if (strcmp(type, "get") != 0 && strcmp(type, "set") != 0)
			continue;
		attribute(iq, "to", to);
		fake_sendf(&d.f, "<iq type='result' id='%s'%s%s%s>%s</iq>", attribute(iq, "id", id),
		    *to ? " from='" : "", to, *to ? "'" : "", answer_to(iq));
	}
}

static void on_step(void *arg)
{
	UNUSED(arg);
	if (!d.login.bound) {
		d.login_script(d.login_arg);
		d.answered = d.f.seen.len;
	} else {
		serve();
	}
}

/* ---- the device ----------------------------------------------------------- */

static enum kith_thing_result read_level(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	v->number = 2.5;
	return KITH_THING_OK;
}

static enum kith_thing_result write_lamp(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	d.lit = v->boolean;
	return KITH_THING_OK;
}

static int peer_fd(void *arg) { return kith_thing_fd(arg); }
static short peer_events(void *arg) { return kith_thing_events(arg); }
static int64_t peer_deadline(void *arg) { return kith_thing_timeout(arg) == 0 ? 0 : -1; }
static void peer_run(void *arg, short revents) { UNUSED(revents); kith_thing_process(arg); }

static bool has_come(void *arg)
{
	UNUSED(arg);
	return fake_find(&d.f, d.since, d.awaited) != NULL;
}

/* Until the device has said this, from where the last wait left off. */
static void await(const char *text)
{
	const struct fake_peer peer = { peer_fd, peer_events, peer_deadline, peer_run, d.thing };

	d.awaited = text;
	if (!fake_wait(&d.f, &peer, has_come, NULL, PATIENCE))
		fail_msg("it never said '%s', but: %s", text, d.f.seen.data + d.since);
	fake_settle(&d.f, &peer);
	d.since = d.f.seen.len;
}

/* The account that the device will ask for, as its state folder has it. */
static void prepare_broker(const char *dir)
{
	assert_int_equal(identity_load(&d.id, dir, NULL), 0);
	fake_listen(&d.f);
	d.login = (struct fakelogin){ .domain = DOMAIN, .user = d.id.user,
		.password = (const char *)d.id.password.data, .mechs = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
		.bindings = "tls-exporter", .register_form = FORM,
		.ctx = fakeca_server(&ca, DOMAIN, FLAW_NONE) };
	fakelogin_start(&d.login, &d.f);
	d.login_script = d.f.script;
	d.login_arg = d.f.script_arg;
	d.f.script = on_step;
}

static void make_device(char *dir)
{
	static const struct kith_thing_tag tags[] = { { "SN", "1", 0 }, { "MAN", "example.org", 0 } };
	struct kith_thing_memory memory = { give, NULL };
	char server[32], why[256] = "";
	struct kith_thing_conf conf = { .size = sizeof(conf), .state = dir, .domain = DOMAIN,
		.server = server, .ca_file = ca.file, .tags = tags, .n_tags = 2, .memory = &memory };
	struct kith_thing_field f = { .size = sizeof(f), .name = "level", .unit = "m",
		.type = KITH_THING_NUMERIC, .read = read_level };
	struct kith_thing_control c = { .size = sizeof(c), .name = "lamp",
		.type = KITH_THING_BOOLEAN, .write = write_lamp };

	/* Its name is made at the first start; then the broker knows whom to expect. */
	snprintf(server, sizeof(server), "127.0.0.1:1");
	d.thing = kith_thing_new(&conf, why, sizeof(why));
	assert_non_null(d.thing);
	kith_thing_free(&d.thing);
	assert_int_equal(d.bytes, 0);
	prepare_broker(dir);
	snprintf(server, sizeof(server), "127.0.0.1:%s", d.f.port);
	d.thing = kith_thing_new(&conf, why, sizeof(why));
	if (!d.thing)
		fail_msg("%s", why);
	assert_int_equal(kith_thing_add_field(d.thing, &f), 0);
	assert_int_equal(kith_thing_add_control(d.thing, &c), 0);
}

static void live(void)
{
	const char *const self = kith_thing_jid(d.thing);

	await("<register");
	assert_string_equal(kith_thing_owner(d.thing), "");
	d.claimed = true;
	fake_sendf(&d.f, "<iq type='set' id='c1' from='" REGISTRY "' to='%s/r'>"
	    "<claimed xmlns='urn:xmpp:iot:discovery' jid='" OWNER "'/></iq>", self);
	await("<register");
	assert_string_equal(kith_thing_owner(d.thing), OWNER);
	fake_sendf(&d.f, "<presence type='subscribe' from='" BOB "' to='%s'/>", self);
	await("subscribed");
	fake_sendf(&d.f, "<iq type='set' id='p1' to='%s/r'><query xmlns='" NS_ROSTER "'>"
	    "<item jid='" BOB "' subscription='from'/></query></iq>", self);
	await("\"p1\"");
	fake_sendf(&d.f, "<iq type='get' id='r1' from='" BOB "/x' to='%s/r'>"
	    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='7' momentary='true'/></iq>", self);
	await("2.5");
	fake_sendf(&d.f, "<iq type='set' id='s1' from='" BOB "/x' to='%s/r'>"
	    "<set xmlns='urn:xmpp:iot:control'><boolean name='lamp' value='true'/></set></iq>", self);
	await("<setResponse");
	assert_true(d.lit);
	assert_int_equal(kith_thing_state(d.thing), KITH_THING_SERVING);
}

static void row_V1__the_core_profile_holds_at_most_32_KiB_in_steady_state(void **state)
{
	size_t steady;

	make_device(*state);
	live();
	steady = d.bytes;
	print_message("# steady %zu bytes, peak %zu, without TLS\n", steady, d.peak);
	kith_thing_free(&d.thing);
	assert_int_equal(d.bytes, 0);
	identity_fini(&d.id);
	fake_fini(&d.f);
	SSL_CTX_free(d.login.ctx);
	assert_in_range(steady, 1, STEADY_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    row_V1__the_core_profile_holds_at_most_32_KiB_in_steady_state,
		    folder_setup, folder_teardown),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);	/* for the fake server's OpenSSL, not for us */
	fakeca_init(&ca);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fakeca_fini(&ca);
	return failed;
}
