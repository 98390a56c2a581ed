/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concentrator: what of its nodes a gateway shows to whom, in each generation of
 * names.  Answers in generation X are checked against tests/stanza/concentrator.xsd
 * where xmllint is installed.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#include <sys/wait.h>

#define X_DISCO "urn:xmpp:iot:discovery"
#define X_PROV "urn:xmpp:iot:provisioning"
#define X "urn:xmpp:iot:concentrators"
#define I "urn:ieee:iot:concentrator:1.0"
#define N "urn:nf:iot:concentrator:1.0"
#define ALICE "alice@home.example"
#define BOB "bob@home.example"

static unsigned blinks;
static char late[65536];	/* a question that is answered later */

static enum kith_thing_result read_it(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	v->number = 1;
	return KITH_THING_OK;
}

static enum kith_thing_result blink(void *arg, uint64_t ticket, const struct kith_thing_value *v,
    char *why, size_t size)
{
	UNUSED(arg);
	UNUSED(ticket);
	UNUSED(why);
	UNUSED(size);
	blinks += v->boolean;
	return KITH_THING_OK;
}

static void add(const char *source, const char *id, const char *parent)
{
	struct kith_thing_tag tags[] = { { "CLASS", "Meter", 0 }, { "V", NULL, 1.5 } };
	struct kith_thing_node node = { .size = sizeof(node), .at = { .id = id, .source = source },
		.name = "Röhre", .type = "meter", .parent = parent, .tags = tags, .n_tags = 2 };
	struct kith_thing_field depth = { .size = sizeof(depth), .name = "depth",
		.type = KITH_THING_NUMERIC, .read = read_it, .node = { .id = id, .source = source } };
	struct kith_thing_control lamp = { .size = sizeof(lamp), .name = "identify",
		.type = KITH_THING_BOOLEAN, .write = blink, .node = { .id = id, .source = source } };

	assert_int_equal(kith_thing_add_node(rig->thing, &node), 0);
	assert_int_equal(kith_thing_add_field(rig->thing, &depth), 0);
	assert_int_equal(kith_thing_add_control(rig->thing, &lamp), 0);
}

/* Registered as that owner's ("" nobody's). */
static void settle(const char *owner)
{
	char text[512];

	snprintf(text, sizeof(text), "<claimed xmlns='" X_DISCO "' jid='%s' public='false'/>", owner);
	rig_answer(rig_expect("<register", "nodeId"), RIG_REGISTRY, *owner ? text : "");
	if (*owner)
		rig_expect("subscribe", owner);
}

/* mesh: root > pump > valve; bus: meter.  pump is Alice's, the others nobody's. */
static void house(void)
{
	blinks = 0;
	rig_owned();
	add("mesh", "root", NULL);
	settle("");
	add("mesh", "pump", "root");
	settle(ALICE);
	add("mesh", "valve", "pump");
	settle("");
	add("bus", "meter", NULL);
	settle("");
	rig_expect_silence();
	rig_befriend(BOB);
}

/* ---- foreign eyes -------------------------------------------------------- */

static int run_xmllint(const char *path)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		dup2(null, 2);
		execlp("xmllint", "xmllint", "--noout", "--nonet", "--schema",
		    TOP_SRCDIR "/tests/stanza/concentrator.xsd", path, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The one element inside, as a document. */
static const char *valid(const char *stanza)
{
	const char *from = strchr(stanza, '>') + 1, *to = strstr(stanza, "</iq>");
	char path[8192];
	char *text;
	int rc;

	if (!to)
		to = strstr(stanza, "</message>");
	assert_non_null(to);
	text = strndup(from, (size_t)(to - from));
	put_file(rig->dir, "payload.xml", text, 0600);
	snprintf(path, sizeof(path), "%s/payload.xml", (char *)rig->dir);
	rc = run_xmllint(path);
	if (rc != 0 && rc != 127)
		fail_msg("not what the schema says: %s", text);
	free(text);
	return stanza;
}

static void ask(const char *who, const char *ns, const char *type, const char *name,
    const char *rest)
{
	rig_send("<iq type='%s' id='q1' from='%s/x' to='%s'><%s xmlns='%s' %s</%s></iq>", type, who,
	    rig->full, name, ns, rest, name);
}

#define get(who, ns, name, rest) ask(who, ns, "get", name, rest)
#define set(who, ns, name, rest) ask(who, ns, "set", name, rest)

static const char *can_read(const char *how, const char *lists)
{
	static char q[65536];
	char payload[1024];

	snprintf(q, sizeof(q), "%s", rig_expect("<canRead"));
	snprintf(payload, sizeof(payload), "<canReadResponse xmlns='" X_PROV "' jid='%s' "
	    "momentary='true' result='%s'>%s</canReadResponse>",
	    strstr(q, BOB) ? BOB : ALICE, how, lists);
	rig_answer(q, RIG_REGISTRY, payload);
	return q;
}

#define PUMP "<node nodeId='pump' sourceId='mesh'/>"
#define METER "<node nodeId='meter' sourceId='bus'/>"

/* ---- who sees what ------------------------------------------------------- */

static void the_owner_of_the_gateway_sees_all_nodes_and_nothing_of_them(void **state)
{
	const char *s;

	UNUSED(state);
	house();
	get(RIG_OWNER, X, "getAllDataSources", ">");
	s = valid(rig_expect("<getAllDataSourcesResponse xmlns=\"" X "\" result=\"OK\"",
	    "sourceId=\"mesh\"", "sourceId=\"bus\""));
	assert_null(strstr(s, "CLASS"));
	get(RIG_OWNER, X, "getAllNodes", "sourceId='mesh' parameters='true'>");
	s = valid(rig_expect("result=\"OK\"", "nodeId=\"root\"", "nodeId=\"pump\"",
	    "nodeId=\"valve\"", "displayName=\"Röhre\"", "nodeType=\"meter\"", "state=\"None\"",
	    "hasChildren=\"true\"", "isReadable=\"true\"", "isControllable=\"true\"",
	    "hasCommands=\"true\"", "parentId=\"root\""));
	assert_null(strstr(s, "CLASS"));
	assert_null(strstr(s, "meter\" displayName"));
	get(RIG_OWNER, X, "getRootNodes", "sourceId='mesh'>");
	s = valid(rig_expect("nodeId=\"root\""));
	assert_null(strstr(s, "\"valve\""));
	get(RIG_OWNER, X, "getChildNodes", "sourceId='mesh' nodeId='root'>");
	s = valid(rig_expect("nodeId=\"pump\""));
	assert_null(strstr(s, "nodeId=\"valve\""));
	get(RIG_OWNER, X, "getAncestors", "sourceId='mesh' nodeId='valve'>");
	valid(rig_expect("nodeId=\"root\"", "nodeId=\"pump\"", "nodeId=\"valve\""));
	get(RIG_OWNER, X, "getNodeInheritance", "sourceId='mesh' nodeId='valve'>");
	valid(rig_expect("<baseClasses><value>meter</value>"));
}

static void a_friend_sees_the_nodes_that_he_may_read_and_no_trace_of_others(void **state)
{
	const char *s;

	UNUSED(state);
	house();
	get(BOB, X, "getAllNodes", "sourceId='mesh' parameters='true'>");
	can_read("true", PUMP);
	s = valid(rig_expect("nodeId=\"pump\"", "<string id=\"CLASS\" name=\"CLASS\" value=\"Meter\"",
	    "<double id=\"V\" name=\"V\" value=\"1.5\"", "hasChildren=\"false\""));
	assert_null(strstr(s, "\"root\""));
	assert_null(strstr(s, "\"valve\""));
	get(BOB, X, "getAllDataSources", ">");
	can_read("true", PUMP);
	s = valid(rig_expect("sourceId=\"mesh\""));
	assert_null(strstr(s, "\"bus\""));
	/* What was answered to exactly that question holds for a while. */
	get(BOB, X, "containsNodes", ">" PUMP METER "<node nodeId='none' sourceId='mesh'/>");
	valid(rig_expect("<value>true</value><value>false</value><value>false</value>"));
	get(BOB, X, "getNode", "nodeId='meter' sourceId='bus'>");
	can_read("false", "");
	valid(rig_expect("<getNodeResponse", "result=\"NotFound\""));
	get(BOB, X, "getNode", "nodeId='none' sourceId='bus'>");
	rig_expect("<getNodeResponse", "result=\"NotFound\"");
	get(BOB, X, "getNodes", ">" PUMP METER);
	rig_expect("<getNodesResponse", "result=\"NotFound\"");
}

static void att_D_14__a_stranger_learns_nothing_and_raises_no_question(void **state)
{
	UNUSED(state);
	house();
	get("eve@home.example", X, "getAllNodes", "sourceId='mesh'>");
	rig_expect("service-unavailable");
	get("eve@home.example", X, "getCapabilities", ">");
	rig_expect("service-unavailable");
	get("eve@home.example", X, "noSuchThing", ">");
	rig_expect("service-unavailable");
	rig_expect_silence();
}

static void the_owner_of_a_node_sees_it_without_a_question(void **state)
{
	const char *s;

	UNUSED(state);
	house();
	get(ALICE, X, "getNodes", ">" METER);
	s = can_read("false", "");
	assert_null(strstr(s, "\"pump\""));
	rig_expect("NotFound");
	get(ALICE, X, "getChildNodes", "sourceId='mesh' nodeId='pump'>");
	s = can_read("false", "");
	assert_null(strstr(s, "\"pump\""));
	valid(rig_expect("<getChildNodesResponse", "result=\"OK\""));
	get(ALICE, X, "getNode", "nodeId='pump' sourceId='mesh' parameters='true'>");
	valid(rig_expect("<getNodeResponse", "nodeId=\"pump\"", "CLASS"));
}

static void att_D_14__silence_of_provisioning_shows_nothing(void **state)
{
	const char *q;

	UNUSED(state);
	house();
	get(BOB, X, "getAllNodes", "sourceId='mesh'>");
	q = rig_expect("<canRead");
	rig_send("<iq type='error' id='%s' from='" RIG_REGISTRY "' to='%s'><error type='wait'>"
	    "<internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    rig_attr(q, "id"), rig->full);
	valid(rig_expect("<getAllNodesResponse", "result=\"OtherError\""));
}

static void more_nodes_than_a_question_holds_are_asked_about_in_several(void **state)
{
	enum { MANY = 150 };
	unsigned asked = 0, shown = 0;
	char id[16];
	const char *s;

	UNUSED(state);
	rig_owned();
	rig_befriend(BOB);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "n%u", i);
		add("mesh", id, NULL);
	}
	for (unsigned i = 0; i < MANY; i++)
		rig_answer(rig_expect("<register"), RIG_REGISTRY, "");
	get(BOB, N, "getAllNodes", "src='mesh'>");
	for (int i = 0; i < 2; i++)
		for (s = can_read("true", ""); (s = strstr(s, "<node ")); s++)
			asked++;
	assert_int_equal(asked, MANY);
	for (s = rig_expect("nodeInfos"); (s = strstr(s, "<nodeInfo ")); s++)
		shown++;
	assert_int_equal(shown, MANY);
}

/* ---- dialects ------------------------------------------------------------ */

static void later_generations_get_their_own_elements_and_words(void **state)
{
	static const char *const ns[] = { I, N };
	char mark[128];

	UNUSED(state);
	house();
	for (int i = 0; i < 2; i++) {
		get(RIG_OWNER, ns[i], "getCapabilities", ">");
		snprintf(mark, sizeof(mark), "<strings xmlns=\"%s\"><value>getCapabilities</value>",
		    ns[i]);
		rig_expect(mark, "<value>subscribe</value>");
		get(RIG_OWNER, ns[i], "getRootDataSources", ">");
		rig_expect("<dataSources ", "<dataSource src=\"mesh\" name=\"mesh\"");
		get(RIG_OWNER, ns[i], "containsNode", "id='pump' src='mesh'>");
		rig_expect("<bool ", ">true</bool>");
		get(RIG_OWNER, ns[i], "containsNodes", "><nd id='pump' src='mesh'/><nd id='x'/>");
		rig_expect("<bools ", "<bool>true</bool><bool>false</bool>");
		get(RIG_OWNER, ns[i], "getNode", "id='pump' src='mesh'>");
		rig_expect("<nodeInfo ", "id=\"pump\" src=\"mesh\"", "parentId=\"root\"");
		get(RIG_OWNER, ns[i], "getNodes", "><nd id='pump' src='mesh'/>");
		rig_expect("<nodeInfos ", "<nodeInfo id=\"pump\" src=\"mesh\"");
		get(RIG_OWNER, ns[i], "getNodeInheritance", "id='pump' src='mesh' st='t'>");
		snprintf(mark, sizeof(mark), "<inheritance xmlns=\"%s\"><baseClasses>"
		    "<value>meter</value></baseClasses></inheritance></iq>", ns[i]);
		rig_expect(mark);
		get(RIG_OWNER, ns[i], "getNodeCommands", "id='pump' src='mesh'>");
		rig_expect("<commands ", "<command command=\"identify\"", "type=\"Simple\"");
		get(RIG_OWNER, ns[i], "getNode", "id='nothing' src='mesh'>");
		rig_expect("type=\"error\"", "item-not-found");
		set(RIG_OWNER, ns[i], "createNewNode", "id='pump' src='mesh' type='x'>");
		rig_expect("type=\"error\"", "feature-not-implemented");
		set(RIG_OWNER, ns[i], "subscribe", "src='mesh' ttl='600'>");
		rig_expect("type=\"result\"", "id=\"q1\"");
	}
}

/* What some clients write of everything that they do not know. */
static void an_empty_source_or_partition_is_none(void **state)
{
	UNUSED(state);
	house();
	get(RIG_OWNER, X, "getNode", "nodeId='pump' sourceId='mesh' cacheType=''>");
	rig_expect("result=\"OK\"", "nodeId=\"pump\"");
	get(RIG_OWNER, X, "getChildNodes", "nodeId='root' sourceId='' cacheType=''>");
	rig_expect("result=\"OK\"", "nodeId=\"pump\"");
	get(RIG_OWNER, N, "getNodes", "><nd id='pump' src='' pt=''/>");
	rig_expect("<nodeInfos ", "<nodeInfo id=\"pump\"");
	get(RIG_OWNER, X, "getNode", "nodeId='pump' sourceId='mesh' cacheType='x'>");
	rig_expect("result=\"NotFound\"");
}

static void what_is_not_known_is_said_to_be_not_implemented(void **state)
{
	UNUSED(state);
	house();
	get(RIG_OWNER, X, "getCapabilities", ">");
	valid(rig_expect("<getCapabilitiesResponse", "result=\"OK\"",
	    "<value>executeNodeCommand</value>"));
	set(RIG_OWNER, X, "destroyNode", "nodeId='pump' sourceId='mesh'>");
	rig_expect("type=\"result\"", "<destroyNodeResponse xmlns=\"" X "\" result=\"NotImplemented\"/>");
	set(RIG_OWNER, X, "frobnicate", "a='b'><c/>");
	rig_expect("type=\"result\"", "<frobnicateResponse", "result=\"NotImplemented\"");
	set(RIG_OWNER, X, "subscribe", "sourceId='mesh' getEventsSince='2001-01-01T00:00:00'>");
	valid(rig_expect("<subscribeResponse", "result=\"NotImplemented\""));
	set(RIG_OWNER, X, "subscribe", "sourceId='nowhere'>");
	valid(rig_expect("<subscribeResponse", "result=\"NotFound\""));
}

/* ---- what happens -------------------------------------------------------- */

static void subscribers_hear_what_comes_changes_and_goes(void **state)
{
	struct kith_thing_at valve = { "valve", "mesh", NULL };
	const char *s;

	UNUSED(state);
	house();
	set(RIG_OWNER, X, "subscribe", "sourceId='mesh'>");
	valid(rig_expect("<subscribeResponse", "result=\"OK\""));
	assert_int_equal(kith_thing_set_node_state(rig->thing, &valve,
	    KITH_THING_NODE_ERROR_UNSIGNED), 0);
	valid(rig_expect("<message", "to=\"" RIG_OWNER "/x\"", "<nodeStatusChanged xmlns=\"" X "\"",
	    "nodeId=\"valve\"", "sourceId=\"mesh\"", "state=\"ErrorUnsigned\""));
	add("mesh", "tap", NULL);
	s = rig_next();
	if (strstr(s, "<register"))
		s = rig_next();
	valid(s);
	assert_non_null(strstr(s, "<nodeAdded xmlns=\"" X "\""));
	assert_non_null(strstr(s, "nodeId=\"tap\" sourceId=\"mesh\""));
	assert_int_equal(kith_thing_remove_node(rig->thing, &valve), 0);
	valid(rig_expect("<nodeRemoved", "nodeId=\"valve\""));
	rig_expect("<unregister");
	set(RIG_OWNER, X, "unsubscribe", "sourceId='mesh'>");
	valid(rig_expect("<unsubscribeResponse", "result=\"OK\""));
	add("mesh", "spout", NULL);
	rig_expect("<register");
	rig_expect_silence();
}

/* What the broker says ends at once what was asked for as a friend. */
static void who_is_no_friend_any_more_hears_nothing(void **state)
{
	struct kith_thing_at pump = { "pump", "mesh", NULL };

	UNUSED(state);
	house();
	set(BOB, X, "subscribe", "sourceId='mesh'>");
	can_read("true", PUMP);
	rig_expect("result=\"OK\"");
	rig_send("<iq type='set' id='push9' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='" BOB "' subscription='remove'/></query></iq>", rig->full);
	rig_expect("id=\"push9\"");
	kith_thing_set_node_state(rig->thing, &pump, KITH_THING_NODE_WARNING_SIGNED);
	rig_expect_silence();
}

/* Nor what he asked for while he was one. */
static void att_P_02__an_answer_that_comes_after_the_friendship_shows_nothing(void **state)
{
	UNUSED(state);
	house();
	get(BOB, X, "getAllNodes", "sourceId='mesh'>");
	snprintf(late, sizeof(late), "%s", rig_expect("<canRead"));
	rig_send("<iq type='set' id='push9' to='%s'><query xmlns='jabber:iq:roster'>"
	    "<item jid='" BOB "' subscription='remove'/></query></iq>", rig->full);
	rig_expect("id=\"push9\"");
	rig_answer(late, RIG_REGISTRY, "<canReadResponse xmlns='" X_PROV "' jid='" BOB
	    "' momentary='true' result='true'/>");
	assert_null(strstr(rig_expect("getAllNodesResponse"), "<node"));
	rig_expect_silence();
}

static void a_friend_hears_only_of_nodes_that_he_may_read(void **state)
{
	struct kith_thing_at valve = { "valve", "mesh", NULL }, pump = { "pump", "mesh", NULL };

	UNUSED(state);
	house();
	set(BOB, X, "subscribe", "sourceId='mesh'>");
	can_read("true", PUMP);
	rig_expect("result=\"OK\"");
	kith_thing_set_node_state(rig->thing, &valve, KITH_THING_NODE_ERROR_SIGNED);
	can_read("false", "");
	rig_expect_silence();
	kith_thing_set_node_state(rig->thing, &pump, KITH_THING_NODE_WARNING_SIGNED);
	can_read("true", "");
	rig_expect("<message", "to=\"" BOB "/x\"", "nodeId=\"pump\"", "state=\"WarningSigned\"");
	/* He goes, and what he asked for with him. */
	rig_send("<presence type='unavailable' from='" BOB "/x' to='%s'/>", rig->full);
	kith_thing_set_node_state(rig->thing, &pump, KITH_THING_NODE_OK);
	rig_expect_silence();
}

/* Its owner, its KEY and its address stay. */
static void what_a_node_is_called_may_change_and_watchers_and_registry_hear_it(void **state)
{
	struct kith_thing_tag tags[] = { { "CLASS", "Valve", 0 } };
	struct kith_thing_node node = { .size = sizeof(node), .at = { .id = "pump", .source = "mesh" },
		.name = "Brunnen", .type = "meter", .tags = tags, .n_tags = 1 };
	const char *s;

	UNUSED(state);
	house();
	set(RIG_OWNER, X, "subscribe", "sourceId='mesh'>");
	rig_expect("<subscribeResponse", "result=\"OK\"");
	assert_int_equal(kith_thing_change_node(rig->thing, &node), 0);
	s = rig_expect("<register", "nodeId=\"pump\"");
	assert_non_null(strstr(s, "name=\"CLASS\" value=\"Valve\""));
	assert_null(strstr(s, "name=\"V\""));
	valid(rig_expect("<nodeUpdated xmlns=\"" X "\"", "nodeId=\"pump\" sourceId=\"mesh\"",
	    "Brunnen"));
	assert_string_equal(kith_thing_node_owner(rig->thing, &node.at), ALICE);
	assert_int_equal(kith_thing_change_node(rig->thing, &node), 0);	/* nothing is new */
	node.parent = "pump";
	assert_int_equal(kith_thing_change_node(rig->thing, &node), -1);
	node.parent = NULL;
	node.at.id = "nowhere";
	assert_int_equal(kith_thing_change_node(rig->thing, &node), -1);
	rig_expect_silence();
	get(RIG_OWNER, X, "getNode", "nodeId='pump' sourceId='mesh'>");
	rig_expect("Brunnen");
}

static void subscriptions_are_few_and_of_the_kinds_that_were_asked_for(void **state)
{
	struct kith_thing_at pump = { "pump", "mesh", NULL };

	UNUSED(state);
	house();
	set(RIG_OWNER, X, "subscribe", "sourceId='mesh' nodeStatusChanged='false'>");
	rig_expect("result=\"OK\"");
	kith_thing_set_node_state(rig->thing, &pump, KITH_THING_NODE_WARNING_SIGNED);
	rig_expect_silence();
	for (int i = 0; i < 6; i++) {
		rig_send("<iq type='set' id='q1' from='" RIG_OWNER "/r%d' to='%s'><subscribe xmlns='" X
		    "' sourceId='mesh'/></iq>", i, rig->full);
		rig_expect(i < 3 ? "result=\"OK\"" : "result=\"OtherError\"");
	}
}

/* ---- commands ------------------------------------------------------------ */

static void a_command_is_decided_as_any_control(void **state)
{
	const char *q;

	UNUSED(state);
	house();
	get(ALICE, X, "getNodeCommands", "nodeId='pump' sourceId='mesh'>");
	can_read("false", "");		/* its neighbours */
	rig_expect("<getNodeCommandsResponse", "command=\"identify\"");
	set(ALICE, X, "executeNodeCommand", "nodeId='pump' sourceId='mesh' command='identify'>");
	valid(rig_expect("<executeNodeCommandResponse", "result=\"OK\""));
	assert_int_equal(blinks, 1);
	/* Seeing that it exists is not being allowed to. */
	set(RIG_OWNER, X, "executeNodeCommand", "nodeId='pump' sourceId='mesh' command='identify'>");
	q = rig_expect("<canControl", "nodeId=\"pump\"", "name=\"identify\"");
	rig_answer(q, RIG_REGISTRY, "<canControlResponse xmlns='" X_PROV "' jid='" RIG_OWNER
	    "' result='false'/>");
	valid(rig_expect("<executeNodeCommandResponse", "result=\"InsufficientPrivileges\""));
	set(RIG_OWNER, X, "executeNodeCommand", "nodeId='pump' sourceId='mesh' command='melt'>");
	rig_expect("result=\"NotFound\"");
	get(RIG_OWNER, X, "getCommandParameters", "nodeId='pump' sourceId='mesh' command='identify'>");
	rig_expect("<getCommandParametersResponse", "result=\"OK\"", "jabber:x:data");
	set(RIG_OWNER, X, "executeNodeQuery", "nodeId='pump' sourceId='mesh' command='x' queryId='1'>");
	rig_expect("<executeNodeQueryResponse", "result=\"NotFound\"");
	assert_int_equal(blinks, 1);
}

static void only_a_gateway_says_that_it_is_one(void **state)
{
	UNUSED(state);
	rig_owned();
	rig_send("<iq type='get' id='d1' from='" RIG_OWNER "/x' to='%s'>"
	    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>", rig->full);
	assert_null(strstr(rig_expect("disco#info"), X));
	add("mesh", "pump", NULL);
	rig_expect("<register");
	rig_send("<iq type='get' id='d1' from='" RIG_OWNER "/x' to='%s'>"
	    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>", rig->full);
	rig_expect(X, I, N, "urn:nfi:iot:concentrator:1.0");
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_owner_of_the_gateway_sees_all_nodes_and_nothing_of_them),
		T(a_friend_sees_the_nodes_that_he_may_read_and_no_trace_of_others),
		T(att_D_14__a_stranger_learns_nothing_and_raises_no_question),
		T(the_owner_of_a_node_sees_it_without_a_question),
		T(att_D_14__silence_of_provisioning_shows_nothing),
		T(more_nodes_than_a_question_holds_are_asked_about_in_several),
		T(later_generations_get_their_own_elements_and_words),
		T(an_empty_source_or_partition_is_none),
		T(what_is_not_known_is_said_to_be_not_implemented),
		T(subscribers_hear_what_comes_changes_and_goes),
		T(what_a_node_is_called_may_change_and_watchers_and_registry_hear_it),
		T(who_is_no_friend_any_more_hears_nothing),
		T(att_P_02__an_answer_that_comes_after_the_friendship_shows_nothing),
		T(a_friend_hears_only_of_nodes_that_he_may_read),
		T(subscriptions_are_few_and_of_the_kinds_that_were_asked_for),
		T(a_command_is_decided_as_any_control),
		T(only_a_gateway_says_that_it_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
