/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: nodes behind one address, each registered, owned and ruled on its own.
 * thing_rig.h is the broker and its registry.  What the nodes look like to others:
 * concentrator_test.c.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include "thing/self.h"

#include "common/base/str.h"
#include "thing/identity.h"
#include "thing/muster.h"

#define X_DISCO "urn:xmpp:iot:discovery"
#define X_PROV "urn:xmpp:iot:provisioning"
#define ALICE "alice@home.example"
#define BOB "bob@home.example"

#define MOST 257		/* nodes a test may have; their drivers are these */

/* Where hundreds of small files are written the disk need not have them. */
static bool no_disk;
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return no_disk ? 0 : __real_fsync(fd);
}

static double level[MOST];
static unsigned writes[MOST];

static enum kith_thing_result read_node(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(ticket);
	v->number = *(double *)arg;
	return KITH_THING_OK;
}

static enum kith_thing_result write_node(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(ticket);
	UNUSED(v);
	UNUSED(why);
	UNUSED(size);
	++*(unsigned *)arg;
	return KITH_THING_OK;
}

static struct kith_thing_at at(const char *id)
{
	return (struct kith_thing_at){ .id = id, .source = "mesh" };
}

/* Node n<i> with the field depth and the switch valve. */
static int add(unsigned i)
{
	char id[16], sn[16];
	struct kith_thing_tag tags[] = { { "SN", sn, 0 }, { "CLASS", "Meter", 0 } };
	struct kith_thing_node node = { .size = sizeof(node), .at = { .id = id, .source = "mesh" },
		.tags = tags, .n_tags = 2 };
	struct kith_thing_field depth = { .size = sizeof(depth), .name = "depth",
		.type = KITH_THING_NUMERIC, .read = read_node, .arg = &level[i],
		.node = { .id = id } };
	struct kith_thing_control valve = { .size = sizeof(valve), .name = "valve",
		.type = KITH_THING_BOOLEAN, .write = write_node, .arg = &writes[i],
		.node = { .id = id } };

	snprintf(id, sizeof(id), "n%u", i);
	snprintf(sn, sizeof(sn), "sn-%u", i);
	level[i] = i + 0.5;
	writes[i] = 0;
	if (kith_thing_add_node(rig->thing, &node) < 0)
		return -1;
	assert_int_equal(kith_thing_add_field(rig->thing, &depth), 0);
	assert_int_equal(kith_thing_add_control(rig->thing, &valve), 0);
	return 0;
}

/* The answer to the next register, which must be that node's. */
static void registry_says(const char *id, const char *answer)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "nodeId=\"%s\" sourceId=\"mesh\"", id);
	rig_answer(rig_expect("<register", mark), RIG_REGISTRY, answer);
}

static const char *claimed_by(const char *id, const char *owner)
{
	static char text[512];

	snprintf(text, sizeof(text), "<claimed xmlns='" X_DISCO "' jid='%s' nodeId='%s' "
	    "sourceId='mesh' public='false'/>", owner, id);
	return text;
}

/* The gateway of RIG_OWNER: n1 is Alice's, n2 is nobody's. */
static void house(void)
{
	rig_owned();
	assert_int_equal(add(1), 0);
	registry_says("n1", claimed_by("n1", ALICE));
	rig_expect("subscribe", ALICE);
	assert_int_equal(add(2), 0);
	registry_says("n2", "");
	rig_expect_silence();
}

static void push(const char *what, const char *id, const char *attrs)
{
	rig_send("<iq type='set' id='p-%s-%s' from='" RIG_REGISTRY "' to='%s'><%s xmlns='" X_DISCO
	    "' nodeId='%s' sourceId='mesh' %s/></iq>", what, id, rig->full, what, id, attrs);
}

/* He owns something here: nobody is asked whether he may be a friend. */
static void in_roster(const char *bare)
{
	rig_send("<iq type='set' id='push1' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='%s' subscription='from'/></query></iq>", rig->full, bare);
	rig_expect("type=\"result\"", "id=\"push1\"");
}

static void read_as(const char *who, const char *nodes)
{
	rig_send("<iq type='get' id='r1' from='%s/x' to='%s'><req xmlns='urn:xmpp:iot:sensordata' "
	    "seqnr='1' momentary='true'>%s</req></iq>", who, rig->full, nodes);
}

static void set_as(const char *who, const char *nodes)
{
	rig_send("<iq type='set' id='s1' from='%s/x' to='%s'><set xmlns='urn:xmpp:iot:control'>"
	    "%s<boolean name='valve' value='true'/></set></iq>", who, rig->full, nodes);
}

static void answer_can(const char *q, const char *verb, const char *how, const char *lists)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<%sResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "momentary='true' result='%s'>%s<lease xmlns='urn:kith:lease:0' revision='10' "
	    "ttl='900000'/></%sResponse>", verb, how, lists, verb);
	rig_answer(q, RIG_REGISTRY, payload);
}

#define N1 "<node nodeId='n1' sourceId='mesh'/>"
#define N2 "<node nodeId='n2' sourceId='mesh'/>"

/* The KEY in a register; static memory. */
static const char *key_of(const char *stanza)
{
	static char key[2][64];
	static unsigned turn;
	const char *from = strstr(stanza, "name=\"KEY\" value=\"");
	char *to = key[turn++ % 2];

	assert_non_null(from);
	from += strlen("name=\"KEY\" value=\"");
	snprintf(to, sizeof(key[0]), "%.*s", (int)strcspn(from, "\""), from);
	return to;
}

/* The file below state= that begins so and holds this; static memory, "" none. */
static const char *file_with(const char *prefix, const char *piece)
{
	static char name[300];
	struct dirent *x;
	DIR *d = opendir(rig->dir);

	name[0] = '\0';
	while (d && (x = readdir(d))) {
		char *text = str_starts(x->d_name, prefix) ? get_file(rig->dir, x->d_name) : NULL;

		if (text && strstr(text, piece))
			snprintf(name, sizeof(name), "%s", x->d_name);
		free(text);
	}
	if (d)
		closedir(d);
	return name;
}

/* Another session of its account has its key. */
static void be_cloned(void)
{
	char other[256], text[1024], proof[IDENTITY_PROOF], payload[512], q[2048], nonce[64];
	struct err e = ERR_INIT;
	struct identity id;
	const char *at;

	snprintf(other, sizeof(other), "%.*s/r2", (int)strcspn(rig->full, "/"), rig->full);
	rig_send("<presence from='%s' to='%s'/>", other, rig->full);
	snprintf(q, sizeof(q), "%s", rig_expect("urn:kith:twin:0"));
	at = strstr(q, "nonce=\"");
	assert_non_null(at);
	snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
	assert_int_equal(identity_load(&id, rig->dir, &e), 0);
	snprintf(text, sizeof(text), "%s %s %s", rig->full, other, nonce);
	assert_int_equal(identity_attest(proof, &id, "kith twin, form 1", text, &e), 0);
	identity_fini(&id);
	snprintf(payload, sizeof(payload), "<twin xmlns='urn:kith:twin:0' proof='%s'/>", proof);
	rig_answer(q, other, payload);
	rig_expect("There are two of me");
	rig_send("<presence type='unavailable' from='%s' to='%s'/>", other, rig->full);
}

/* ---- registering -------------------------------------------------------- */

static void row_D12__each_node_is_registered_with_its_own_address_tags_and_key(void **state)
{
	struct kith_thing_at n1 = at("n1"), n2 = at("n2");
	char key[64];

	UNUSED(state);
	rig_owned();
	assert_int_equal(add(1), 0);
	snprintf(key, sizeof(key), "%s", key_of(rig_expect("<register", "nodeId=\"n1\"",
	    "sourceId=\"mesh\"", "name=\"SN\" value=\"sn-1\"", "name=\"CLASS\"")));
	assert_int_equal(add(2), 0);
	assert_string_not_equal(key, key_of(rig_expect("<register", "nodeId=\"n2\"",
	    "name=\"SN\" value=\"sn-2\"")));
	assert_string_equal(kith_thing_node_claim_uri(rig->thing, &n1), "");
	assert_string_equal(kith_thing_node_owner(rig->thing, &n2), "");
}

static void row_UM_2__a_claim_of_a_node_is_no_claim_of_the_gateway(void **state)
{
	struct kith_thing_at n1 = at("n1"), n2 = at("n2");
	const char *uri;

	UNUSED(state);
	house();
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), ALICE);
	assert_string_equal(kith_thing_node_owner(rig->thing, &n2), "");
	assert_string_equal(kith_thing_node_claim_uri(rig->thing, &n1), "");
	uri = kith_thing_node_claim_uri(rig->thing, &n2);
	assert_true(str_starts(uri, "iotdisco:"));
	assert_non_null(strstr(uri, "SN=sn-2"));
	assert_non_null(strstr(uri, "KEY="));
	assert_non_null(strstr(uri, "R=" RIG_REGISTRY));
	assert_true(rig_said(uri));
	push("claimed", "n2", "jid='" BOB "'");
	registry_says("n2", claimed_by("n2", BOB));
	rig_expect("id=\"p-claimed-n2\"", "type=\"result\"");
	rig_expect("subscribe", BOB);
	assert_string_equal(kith_thing_node_owner(rig->thing, &n2), BOB);
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), ALICE);
	assert_string_equal(kith_thing_owner(rig->thing), RIG_OWNER);
}

static void a_push_about_a_node_is_only_a_reason_to_ask(void **state)
{
	struct kith_thing_at n2 = at("n2");

	UNUSED(state);
	house();
	push("claimed", "n2", "jid='" BOB "'");
	registry_says("n2", "");
	rig_expect("id=\"p-claimed-n2\"", "type=\"result\"");
	assert_string_equal(kith_thing_node_owner(rig->thing, &n2), "");
	push("claimed", "n9", "jid='" BOB "'");
	rig_expect("id=\"p-claimed-n9\"", "item-not-found");
	rig_send("<iq type='set' id='e1' from='eve@home.example' to='%s'><disowned xmlns='" X_DISCO
	    "' nodeId='n1' sourceId='mesh'/></iq>", rig->full);
	rig_expect("id=\"e1\"", "forbidden");
	rig_expect_silence();
}

static void a_push_while_the_registry_is_asked_waits_for_the_next_question(void **state)
{
	char first[4096];

	UNUSED(state);
	house();
	push("claimed", "n2", "jid='" BOB "'");
	snprintf(first, sizeof(first), "%s", rig_expect("<register", "nodeId=\"n2\""));
	push("disowned", "n2", "");	/* after that question was written */
	rig_answer(first, RIG_REGISTRY, claimed_by("n2", BOB));
	rig_expect("id=\"p-claimed-n2\"", "type=\"result\"");
	rig_expect("subscribe", BOB);
	registry_says("n2", "");
	rig_expect("unsubscribed", BOB);
	rig_expect("unsubscribe", BOB);
	rig_expect("id=\"p-disowned-n2\"", "type=\"result\"");
}

static void att_R__few_nodes_are_asked_about_at_a_time_and_one_failing_delays_no_other(void **state)
{
	enum { N = 256 };
	static char open[4][4096];
	char trouble[64] = "(none)";
	unsigned n = 0, done = 0;

	UNUSED(state);
	rig_owned();
	for (unsigned i = 1; i <= N; i++)
		assert_int_equal(add(i), 0);
	assert_int_equal(add(0), -1);	/* one too many */
	while (done < N) {
		const char *q = rig_next();

		if (*q) {		/* never more than four are under way */
			assert_non_null(strstr(q, "<register"));
			assert_true(n < 4);
			snprintf(open[n++], sizeof(open[0]), "%s", q);
			continue;
		}
		assert_true(n == 4 || n >= N - done);
		n--;
		if (strstr(open[n], trouble)) {	/* again: later, and it delayed nobody */
			rig_answer(open[n], RIG_REGISTRY, "");
			continue;
		}
		if (++done == 3)
			snprintf(trouble, sizeof(trouble), "nodeId=\"%s\"",
			    rig_attr(strstr(open[n], "<register"), "nodeId"));
		if (done == 3)	/* this one is in trouble; it is asked again much later */
			rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error "
			    "type='wait'><resource-constraint "
			    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			    rig_attr(open[n], "id"), rig->full);
		else
			rig_answer(open[n], RIG_REGISTRY, "");
	}
}

static void nodes_that_cannot_be_are_refused(void **state)
{
	struct kith_thing_node node = { .size = sizeof(node) };
	struct kith_thing_tag key = { "KEY", "mine", 0 };
	struct kith_thing_field f = { .size = sizeof(f), .name = "depth", .read = read_node,
		.type = KITH_THING_NUMERIC, .node = { .id = "nowhere" } };

	UNUSED(state);
	assert_int_equal(kith_thing_add_node(rig->thing, &node), -1);
	node.at.id = "";
	assert_int_equal(kith_thing_add_node(rig->thing, &node), -1);
	node.at.id = "a\nb";
	assert_int_equal(kith_thing_add_node(rig->thing, &node), -1);
	node.at.id = "a";
	node.tags = &key;
	node.n_tags = 1;
	assert_int_equal(kith_thing_add_node(rig->thing, &node), -1);
	node.n_tags = 0;
	assert_int_equal(kith_thing_add_node(rig->thing, &node), 0);
	assert_int_equal(kith_thing_add_node(rig->thing, &node), -1);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), -1);
	f.node.id = "a";
	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), -1);
}

/* ---- who may ------------------------------------------------------------ */

static void row_D12__the_owner_of_a_node_is_served_there_and_nowhere_else(void **state)
{
	UNUSED(state);
	house();
	read_as(ALICE, N1);
	rig_expect("accepted");
	rig_expect("nodeId=\"n1\"", "depth", "1.5");
	set_as(ALICE, N1);
	rig_expect("setResponse");
	assert_int_equal(writes[1], 1);
	/* On the other one, and on the gateway, she is asked about like anybody. */
	read_as(ALICE, N2);
	rig_expect("<canRead", "jid=\"" ALICE "\"", "<node nodeId=\"n2\" sourceId=\"mesh\"/>");
	set_as(ALICE, N2);
	rig_expect("<canControl", "jid=\"" ALICE "\"", "<node nodeId=\"n2\" sourceId=\"mesh\"/>");
	read_as(ALICE, "");
	rig_expect("<canRead", "jid=\"" ALICE "\"", "<node nodeId=\"\"/>");
	assert_int_equal(writes[2], 0);
}

static void rul_29__the_owner_of_the_gateway_gains_nothing_on_nodes_he_does_not_own(void **state)
{
	const char *q;

	UNUSED(state);
	house();
	read_as(RIG_OWNER, N1);
	q = rig_expect("<canRead", "jid=\"" RIG_OWNER "\"", "nodeId=\"n1\"");
	rig_answer(q, RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' jid='" RIG_OWNER
	    "' result='false'/>");
	rig_expect("forbidden");
	set_as(RIG_OWNER, N1);
	q = rig_expect("<canControl", "jid=\"" RIG_OWNER "\"");
	rig_answer(q, RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV "' jid='" RIG_OWNER
	    "' result='false'/>");
	rig_expect("forbidden");
	assert_int_equal(writes[1], 0);
	read_as(RIG_OWNER, "");
	rig_expect("accepted");
	rig_expect("level", "secret");
}

static void own_nodes_are_read_at_once_and_only_the_others_are_asked_about(void **state)
{
	const char *q;

	UNUSED(state);
	house();
	read_as(ALICE, N1 N2);
	q = rig_expect("<canRead", "<node nodeId=\"n2\"");
	assert_null(strstr(q, "nodeId=\"n1\""));
	rig_answer(q, RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' jid='" ALICE
	    "' result='false'/>");
	rig_expect("accepted");
	q = rig_expect("nodeId=\"n1\"", "1.5");
	assert_null(strstr(q, "\"n2\""));
	/* A command is done whole or not at all. */
	set_as(ALICE, N1 N2);
	q = rig_expect("<canControl", "<node nodeId=\"n2\"");
	rig_answer(q, RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV "' jid='" ALICE
	    "' result='false'/>");
	rig_expect("forbidden");
	assert_int_equal(writes[1], 0);
}

static void att_P_06__a_grant_for_one_node_gives_that_node_only(void **state)
{
	const char *s;

	UNUSED(state);
	house();
	rig_befriend(BOB);
	read_as(BOB, N1 N2);
	answer_can(rig_expect("<canRead", "nodeId=\"n1\"", "nodeId=\"n2\""), "canRead", "true", N2);
	rig_expect("accepted");
	s = rig_expect("nodeId=\"n2\"", "2.5");
	assert_null(strstr(s, "\"n1\""));
	set_as(BOB, N1 N2);
	answer_can(rig_expect("<canControl"), "canControl", "true", N2);
	rig_expect("forbidden");
	assert_int_equal(writes[1] + writes[2], 0);
	/* What the gateway itself is allowed says nothing about a node, nor back. */
	read_as(BOB, "");
	answer_can(rig_expect("<canRead", "<node nodeId=\"\"/>"), "canRead", "true", N2);
	rig_expect("forbidden");
}

static void an_id_without_its_source_stands_for_the_nodes_of_that_id(void **state)
{
	UNUSED(state);
	house();
	read_as(ALICE, "<node nodeId='n1'/>");
	rig_expect("accepted");
	rig_expect("nodeId=\"n1\"", "1.5");
	read_as(ALICE, "<node nodeId='n1' sourceId='other'/>");
	rig_expect("item-not-found");
	read_as(ALICE, "<node sourceId='mesh'/>");
	rig_expect("item-not-found");
	read_as(ALICE, N1 "<node nodeId='n9'/>");
	rig_expect("item-not-found");
	set_as(ALICE, "<node nodeId='n9'/>");
	rig_expect("item-not-found");
}

static void leases_are_per_node_and_a_clear_of_one_node_leaves_the_others(void **state)
{
	UNUSED(state);
	house();
	rig_befriend(BOB);
	read_as(BOB, N1);
	answer_can(rig_expect("<canRead", "n1"), "canRead", "true", "");
	rig_expect("accepted");
	rig_expect("1.5");
	read_as(BOB, N2);
	answer_can(rig_expect("<canRead", "n2"), "canRead", "true", "");
	rig_expect("accepted");
	rig_expect("2.5");
	rig_send("<iq type='set' id='c1' from='" RIG_REGISTRY "' to='%s'><clearCache xmlns='" X_PROV
	    "' nodeId='n1' sourceId='mesh'/></iq>", rig->full);
	rig_expect("clearCacheResponse", "id=\"c1\"");
	read_as(BOB, N2);
	rig_expect("accepted");
	rig_expect("2.5");
	read_as(BOB, N1);
	rig_expect("<canRead", "n1");
}

/* ---- over and again ----------------------------------------------------- */

static void row_D12__a_disowned_node_gets_a_new_key_and_the_others_keep_theirs(void **state)
{
	struct kith_thing_at n1 = at("n1"), n2 = at("n2");
	char old[64], uri[512], n1_file[300];
	const char *s;
	char *text;

	UNUSED(state);
	rig_owned();
	assert_int_equal(add(1), 0);
	s = rig_expect("<register");
	snprintf(old, sizeof(old), "%s", key_of(s));
	rig_answer(s, RIG_REGISTRY, claimed_by("n1", ALICE));
	rig_expect("subscribe", ALICE);
	in_roster(ALICE);
	assert_int_equal(add(2), 0);
	registry_says("n2", "");
	snprintf(uri, sizeof(uri), "%s", kith_thing_node_claim_uri(rig->thing, &n2));
	snprintf(n1_file, sizeof(n1_file), "%s", file_with("node-", "\nid n1\n"));
	push("disowned", "n1", "");
	registry_says("n1", "");
	rig_expect("unsubscribed", ALICE);
	rig_expect("unsubscribe", ALICE);
	rig_expect("id=\"p-disowned-n1\"", "type=\"result\"");
	/* On disk before it is said that it was heard, and only then shown. */
	text = get_file(rig->dir, n1_file);
	assert_null(strstr(text, old));
	assert_null(strstr(text, "owner"));
	free(text);
	s = rig_expect("<register", "nodeId=\"n1\"");
	assert_string_not_equal(key_of(s), old);
	rig_answer(s, RIG_REGISTRY, "");
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), "");
	assert_string_equal(kith_thing_node_claim_uri(rig->thing, &n2), uri);
	rig_send("<iq type='set' id='push2' to='%s'><query xmlns='jabber:iq:roster'><item jid='"
	    ALICE "' subscription='remove'/></query></iq>", rig->full);
	rig_expect("id=\"push2\"");
	read_as(ALICE, N1);
	rig_expect("service-unavailable");
}

/* As of the thing itself: such a registry names who owned it until it has our answer. */
static void a_registry_that_lets_go_of_a_node_after_the_answer_is_asked_once_more(void **state)
{
	UNUSED(state);
	house();
	push("disowned", "n1", "");
	registry_says("n1", claimed_by("n1", ALICE));
	rig_expect("id=\"p-disowned-n1\"", "type=\"result\"");
	rig_expect_silence();
	assert_true(rig_said("still letting go of it"));
	assert_in_range(kith_thing_timeout(rig->thing), 1, 30000);
}

static void who_owns_another_node_stays_a_friend_when_he_loses_one(void **state)
{
	UNUSED(state);
	house();
	push("claimed", "n2", "jid='" ALICE "'");
	registry_says("n2", claimed_by("n2", ALICE));
	rig_expect("id=\"p-claimed-n2\"");
	rig_expect("subscribe", ALICE);
	in_roster(ALICE);
	push("disowned", "n2", "");
	registry_says("n2", "");
	rig_expect("id=\"p-disowned-n2\"", "type=\"result\"");
	registry_says("n2", "");
	rig_expect_silence();
	read_as(ALICE, N1);
	rig_expect("accepted");
}

static void restart(void)
{
	rig_stop();
	rig_start();
}

/* Logs in again as the owned thing it was; up to the first register of a node. */
static void log_in(void)
{
	const char *s;

	rig_process();
	s = rig_expect("jabber:iq:roster");
	rig_send("<iq type='result' id='%s' to='%s'><query xmlns='jabber:iq:roster'><item jid='"
	    ALICE "' subscription='both'/><item jid='" RIG_OWNER "' subscription='both'/></query>"
	    "</iq>", rig_attr(s, "id"), rig->full);
	s = rig_expect("<register", "KEY");
	assert_null(strstr(s, "nodeId"));
	rig_answer(s, RIG_REGISTRY, "<claimed xmlns='" X_DISCO "' jid='" RIG_OWNER
	    "' public='false'/>");
	rig_expect("<presence");
	rig_expect("subscribe", RIG_REGISTRY);
}

static void att_D_15__after_a_restart_nobody_owns_a_node_before_the_registry_has_said_so(void **state)
{
	struct kith_thing_at n1 = at("n1");
	const char *s;
	char q[4096], ping[4096];

	UNUSED(state);
	house();
	restart();
	assert_int_equal(add(1), 0);
	log_in();
	snprintf(q, sizeof(q), "%s", rig_expect("<register", "nodeId=\"n1\""));
	snprintf(ping, sizeof(ping), "%s", rig_expect("urn:xmpp:ping"));
	rig_answer(ping, RIG_REGISTRY, "");
	read_as(ALICE, N1);
	s = rig_expect("<canRead", "jid=\"" ALICE "\"");
	assert_non_null(strstr(s, "n1"));
	rig_answer(q, RIG_REGISTRY, claimed_by("n1", ALICE));
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), ALICE);
	read_as(ALICE, N1);
	rig_expect("accepted");
	rig_expect("1.5");
}

static void row_D5__a_node_keeps_its_key_over_restarts(void **state)
{
	char key[64];
	const char *s;

	UNUSED(state);
	rig_owned();
	assert_int_equal(add(1), 0);
	s = rig_expect("<register");
	snprintf(key, sizeof(key), "%s", key_of(s));
	restart();
	assert_int_equal(add(1), 0);
	log_in();
	assert_string_equal(key_of(rig_expect("<register", "nodeId=\"n1\"")), key);
}

static void a_damaged_file_of_a_node_costs_its_key_and_nothing_else(void **state)
{
	char name[300];
	char *text;

	UNUSED(state);
	house();
	snprintf(name, sizeof(name), "%s", file_with("node-", "\nid n1\n"));
	text = get_file(rig->dir, name);
	for (size_t cut = 0; cut < strlen(text); cut += 7) {
		char part[4096];

		rig_stop();
		snprintf(part, sizeof(part), "%.*s", (int)cut, text);
		put_file(rig->dir, name, part, 0600);
		rig_start();
		assert_int_equal(add(1), 0);
		assert_int_equal(add(2), 0);
		assert_true(rig_said("new KEY"));
	}
	free(text);
}

static void a_node_is_not_registered_again_with_a_registry_that_repeats_what_it_owes(void **state)
{
	const char *s;

	UNUSED(state);
	rig_answer(rig_reach_registry(), RIG_REGISTRY, "<claimed xmlns='" X_DISCO "' jid='"
	    RIG_OWNER "' public='false'/>");
	assert_int_equal(add(1), 0);
	while (!strstr(s = rig_next(), "<register"))
		if (strstr(s, "urn:xmpp:ping"))
			rig_answer(s, RIG_REGISTRY, "");
	rig_answer(s, RIG_REGISTRY, claimed_by("n1", ALICE));
	while (*rig_next())
		;
	rig->up = false;
	rig->ops->down(rig->ops_arg, CLIENT_LOST, "as the test says", 0);
	for (int i = 0; i < 400 && !rig->up; i++) {
		usleep(10000);
		kith_thing_process(rig->thing);
	}
	log_in();
	rig_answer(rig_expect("urn:xmpp:ping"), RIG_REGISTRY, "");
	rig_expect_silence();
	read_as(ALICE, N1);
	rig_expect("accepted");
}

/* ---- it goes ------------------------------------------------------------ */

static void row_D16__a_node_that_is_gone_is_wiped_first_and_then_unregistered(void **state)
{
	struct kith_thing_at n1 = at("n1");
	char name[300];

	UNUSED(state);
	house();
	in_roster(ALICE);
	snprintf(name, sizeof(name), "%s", file_with("node-", "\nid n1\n"));
	assert_string_not_equal(name, "");
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	assert_null(get_file(rig->dir, name));
	assert_string_not_equal(file_with("grave-", "\nid n1\n"), "");
	assert_string_equal(file_with("grave-", "key"), "");
	rig_expect("unsubscribed", ALICE);
	rig_expect("unsubscribe", ALICE);
	rig_answer(rig_expect("<unregister", "nodeId=\"n1\"", "sourceId=\"mesh\""),
	    RIG_REGISTRY, "");
	assert_string_equal(file_with("grave-", "n1"), "");
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), "");
	read_as(RIG_OWNER, N1);
	rig_expect("item-not-found");
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), -1);
}

/* A maker who is fed up with a node, in the middle of what goes on with it. */
static void take_away(const struct kith_thing_event *ev)
{
	struct kith_thing_at n1 = at("n1");

	if (ev->kind != KITH_THING_EV_ALARM || !strstr(ev->text, "history of "))
		return;
	rig->hear = NULL;
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), -1);
	assert_string_equal(file_with("grave-", "\nid n1\n"), "");	/* not yet */
}

static void a_node_that_is_taken_away_in_an_event_goes_after_it(void **state)
{
	struct kith_thing_at n1 = at("n1");
	struct kith_thing_field kept = { .size = sizeof(kept), .name = "level", .history = 10,
		.type = KITH_THING_NUMERIC, .read = read_node, .arg = &level[1], .node = n1 };
	struct kith_thing_value v = { .number = 1 };

	UNUSED(state);
	house();
	put_file(rig->dir, "history", "no folder", 0600);
	assert_int_equal(kith_thing_add_field(rig->thing, &kept), 0);
	rig->hear = take_away;
	(void)kith_thing_changed(rig->thing, &n1, "level", &v);
	assert_true(rig_said("history of level"));
	assert_string_not_equal(file_with("grave-", "\nid n1\n"), "");
	rig_expect("unsubscribed", ALICE);
	rig_expect("unsubscribe", ALICE);
	rig_expect("<unregister", "nodeId=\"n1\"");
	read_as(RIG_OWNER, N1);
	rig_expect("item-not-found");
}

static void row_D16__what_the_registry_has_to_forget_is_not_forgotten_here_by_a_restart(void **state)
{
	struct kith_thing_at n1 = at("n1");
	char farewell[4096];
	const char *s;

	UNUSED(state);
	house();
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	rig_expect("unsubscribed", ALICE);
	rig_expect("unsubscribe", ALICE);
	rig_expect("<unregister", "nodeId=\"n1\"");
	restart();
	/* The same address comes again: a new node, but only behind the farewell. */
	assert_int_equal(add(1), 0);
	log_in();
	snprintf(farewell, sizeof(farewell), "%s", rig_expect("<unregister", "nodeId=\"n1\"",
	    "sourceId=\"mesh\""));
	while (*(s = rig_next()))
		assert_null(strstr(s, "<register"));
	rig_answer(farewell, RIG_REGISTRY, "");
	s = rig_next();
	while (*s && !strstr(s, "<register"))
		s = rig_next();
	assert_non_null(strstr(s, "nodeId=\"n1\""));
	assert_string_equal(file_with("grave-", "n1"), "");
}

static void a_node_may_go_while_it_is_being_read(void **state)
{
	struct kith_thing_at n1 = at("n1");
	const char *s;

	UNUSED(state);
	house();
	rig_befriend(BOB);
	read_as(BOB, N1 N2);
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	answer_can(rig_expect("<canRead"), "canRead", "true", "");
	rig_expect("unsubscribed", ALICE);
	rig_expect("unsubscribe", ALICE);
	rig_expect("<unregister");
	rig_expect("accepted");
	s = rig_expect("2.5");
	assert_null(strstr(s, "1.5"));	/* its driver may be gone as well */
}

static void a_reset_forgets_all_nodes(void **state)
{
	struct kith_thing_at n1 = at("n1");

	UNUSED(state);
	house();
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	rig_stop();
	assert_int_equal(kith_thing_reset(rig->dir, NULL, 0), 0);
	assert_string_equal(file_with("node-", ""), "");
	assert_string_equal(file_with("grave-", ""), "");
	rig_start();
}

/* Whoever owns a device behind it says nothing about the gateway. */
static void att_D_06__only_the_owner_of_the_gateway_says_that_it_is_alone(void **state)
{
	UNUSED(state);
	house();
	in_roster(ALICE);
	be_cloned();
	rig_send("<message type='chat' from='" ALICE "/x' to='%s'><body>alone</body></message>",
	    rig->full);
	read_as(ALICE, N1);
	rig_expect("type=\"error\"", "service-unavailable");
}

/* In chat as by XEP-0326. */
static void rul_29__who_asks_for_nodes_in_chat_sees_what_he_owns_or_may_read(void **state)
{
	static const char *const who[] = { RIG_OWNER, ALICE, BOB };
	static const bool sees[][2] = { { true, true }, { true, false }, { false, true } };
	const char *s;

	UNUSED(state);
	house();
	rig_befriend(BOB);
	in_roster(ALICE);
	read_as(BOB, N2);
	answer_can(rig_expect("<canRead"), "canRead", "true", N2);
	rig_expect("accepted");
	rig_expect("2.5");
	for (size_t i = 0; i < 3; i++) {
		rig_send("<message type='chat' from='%s/x' to='%s'><body>nodes</body></message>",
		    who[i], rig->full);
		s = strstr(rig_expect("<body>"), "<body>");	/* ids may have anything in them */
		assert_int_equal(strstr(s, "n1") != NULL, sees[i][0]);
		assert_int_equal(strstr(s, "n2") != NULL, sees[i][1]);
		rig_send("<message type='chat' from='%s/x' to='%s'><body>fields n1</body></message>",
		    who[i], rig->full);
		s = strstr(rig_expect("<body>"), "<body>");	/* ids may have anything in them */
		assert_int_equal(strstr(s, "depth") != NULL, sees[i][0]);
	}
}

static void chat_as(const char *who, const char *line)
{
	rig_send("<message type='chat' id='c1' from='%s/x' to='%s'><body>%s</body></message>", who,
	    rig->full, line);
}

/* In chat as by the events protocol: of a node by who may read it. */
static void rul_29__a_field_of_a_node_is_watched_in_chat_by_who_may_read_it(void **state)
{
	struct kith_thing_at n1 = at("n1");

	UNUSED(state);
	house();
	in_roster(ALICE);
	chat_as(ALICE, "watch depth of n1 when below 1");
	rig_expect("I tell you depth of n1 when it falls below 1. To end that: unwatch depth of n1");
	chat_as(ALICE, "watch n1 depth when above 9");	/* the later one counts */
	rig_expect("I tell you depth of n1 when it rises above 9.");
	chat_as(ALICE, "watches");
	rig_expect("<body>depth of n1 when it rises above 9</body>");
	assert_int_equal(kith_thing_changed(rig->thing, &n1, "depth",
	    &(struct kith_thing_value){ .number = 10 }), 0);
	for (size_t i = 0; i < WATCH_MAX; i++)
		if (rig->thing->watches.watch[i])
			rig->thing->watches.watch[i]->told_ms -= WATCH_CHAT_MS;
	rig_process();
	rig_expect("to=\"" ALICE "\"", "<body>depth of n1: 10");
	chat_as(ALICE, "unwatch depth");
	rig_expect("I do not watch that for you.");
	chat_as(ALICE, "unwatch n1");
	rig_expect("I have stopped watching.");
	/* The owner of the gateway has no right to it by that. */
	chat_as(RIG_OWNER, "watch depth of n1");
	rig_expect("<canRead", "n1", "depth", RIG_OWNER);
}

/* A question that was out when all of them ended is answered in its own place. */
static void rul_29__a_late_answer_about_a_node_is_none_about_the_next(void **state)
{
	struct kith_thing_at n1 = at("n1");
	char late[4096];

	UNUSED(state);
	house();
	push("claimed", "n2", "jid='" BOB "'");
	snprintf(late, sizeof(late), "%s", rig_expect("<register", "nodeId=\"n2\""));
	muster_end(&rig->thing->muster);
	rig_send("<iq type='set' id='p9' from='" RIG_REGISTRY "' to='%s'><claimed xmlns='" X_DISCO
	    "' jid='" RIG_OWNER "'/></iq>", rig->full);
	rig_answer(rig_expect("<register", "KEY"), RIG_REGISTRY, "<claimed xmlns='" X_DISCO
	    "' jid='" RIG_OWNER "' public='false'/>");
	rig_expect("id=\"p9\"");
	while (*rig_next())
		;		/* each node is asked about again */
	rig_answer(late, RIG_REGISTRY, claimed_by("n2", BOB));
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), ALICE);
}

/* Each that goes is remembered until the registry has forgotten it: while that cannot be
 * reached, only so many come and go. */
static void only_so_many_wait_to_be_forgotten(void **state)
{
	struct kith_thing_node node = { .size = sizeof(node) };
	unsigned i = 0;
	char id[16];

	UNUSED(state);
	node.at = at(id);
	no_disk = true;
	for (; i <= MUSTER_GRAVES; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		if (kith_thing_add_node(rig->thing, &node) < 0)
			break;
		assert_int_equal(kith_thing_remove_node(rig->thing, &node.at), 0);
	}
	no_disk = false;
	assert_int_equal(i, MUSTER_GRAVES);
	assert_true(rig_said("wait to be forgotten"));
}

/* ---- what a callback may do ---------------------------------------------- */

/* A driver that finds out that its device is gone. */
static enum kith_thing_result read_gone(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	struct kith_thing_at n1 = at("n1");

	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(v);
	assert_int_equal(kith_thing_remove_node(rig->thing, &n1), 0);
	return KITH_THING_FAILED;
}

static void a_driver_may_take_its_own_node_away_while_it_is_read_by_the_clock(void **state)
{
	struct kith_thing_field health = { .size = sizeof(health), .name = "health",
		.type = KITH_THING_NUMERIC, .read = read_gone, .node = { .id = "n1" },
		.every_ms = 100 };
	struct kith_thing_at n1 = at("n1");
	int64_t end = clock_boot(&clock_system) + 5000;

	UNUSED(state);
	house();
	assert_int_equal(kith_thing_add_field(rig->thing, &health), 0);
	while (*kith_thing_node_owner(rig->thing, &n1) && clock_boot(&clock_system) < end)
		kith_thing_process(rig->thing);
	assert_string_equal(kith_thing_node_owner(rig->thing, &n1), "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(row_D12__each_node_is_registered_with_its_own_address_tags_and_key),
		T(row_UM_2__a_claim_of_a_node_is_no_claim_of_the_gateway),
		T(a_push_about_a_node_is_only_a_reason_to_ask),
		T(a_push_while_the_registry_is_asked_waits_for_the_next_question),
		T(att_R__few_nodes_are_asked_about_at_a_time_and_one_failing_delays_no_other),
		T(nodes_that_cannot_be_are_refused),
		T(row_D12__the_owner_of_a_node_is_served_there_and_nowhere_else),
		T(rul_29__the_owner_of_the_gateway_gains_nothing_on_nodes_he_does_not_own),
		T(own_nodes_are_read_at_once_and_only_the_others_are_asked_about),
		T(att_P_06__a_grant_for_one_node_gives_that_node_only),
		T(an_id_without_its_source_stands_for_the_nodes_of_that_id),
		T(leases_are_per_node_and_a_clear_of_one_node_leaves_the_others),
		T(row_D12__a_disowned_node_gets_a_new_key_and_the_others_keep_theirs),
		T(a_registry_that_lets_go_of_a_node_after_the_answer_is_asked_once_more),
		T(who_owns_another_node_stays_a_friend_when_he_loses_one),
		T(att_D_15__after_a_restart_nobody_owns_a_node_before_the_registry_has_said_so),
		T(row_D5__a_node_keeps_its_key_over_restarts),
		T(a_damaged_file_of_a_node_costs_its_key_and_nothing_else),
		T(a_node_is_not_registered_again_with_a_registry_that_repeats_what_it_owes),
		T(row_D16__a_node_that_is_gone_is_wiped_first_and_then_unregistered),
		T(a_node_that_is_taken_away_in_an_event_goes_after_it),
		T(row_D16__what_the_registry_has_to_forget_is_not_forgotten_here_by_a_restart),
		T(a_node_may_go_while_it_is_being_read),
		T(a_reset_forgets_all_nodes),
		T(a_driver_may_take_its_own_node_away_while_it_is_read_by_the_clock),
		T(att_D_06__only_the_owner_of_the_gateway_says_that_it_is_alone),
		T(rul_29__who_asks_for_nodes_in_chat_sees_what_he_owns_or_may_read),
		T(rul_29__a_field_of_a_node_is_watched_in_chat_by_who_may_read_it),
		T(rul_29__a_late_answer_about_a_node_is_none_about_the_next),
		T(only_so_many_wait_to_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
