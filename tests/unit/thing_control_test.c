/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_control: XEP-0325 at the thing: every type in every generation, what is
 * said about what was wrong, the order of writes, forms, nodes.
 */
#include "config.h"

#include "tests/unit/thing_rig.h"

#define X "urn:xmpp:iot:control"
#define N "urn:nf:iot:ctr:1.0"

static struct world {
	struct buf log;			/* "name=value;" in the order of the writes */
	uint64_t ticket;		/* of the slow one */
	bool fails;
} world;

static void note(const char *name, enum kith_thing_type type, const struct kith_thing_value *v)
{
	if (type == KITH_THING_BOOLEAN)
		buf_addf(&world.log, "%s=%d;", name, v->boolean);
	else if (type == KITH_THING_NUMERIC || type == KITH_THING_INT)
		buf_addf(&world.log, "%s=%.17g;", name, v->number);
	else
		buf_addf(&world.log, "%s=%s;", name, v->text);
}

struct knob {
	const char *name;
	enum kith_thing_type type;
};

static enum kith_thing_result write_knob(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	const struct knob *k = arg;

	UNUSED(ticket);
	note(k->name, k->type, v);
	if (world.fails) {
		snprintf(why, size, "stuck");
		return KITH_THING_FAILED;
	}
	return KITH_THING_OK;
}

static enum kith_thing_result write_slow(void *arg, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t size)
{
	UNUSED(why);
	UNUSED(size);
	note(((const struct knob *)arg)->name, KITH_THING_BOOLEAN, v);
	world.ticket = ticket;
	return KITH_THING_LATER;
}

static enum kith_thing_result read_shade(void *arg, uint64_t ticket, struct kith_thing_value *v)
{
	UNUSED(arg);
	UNUSED(ticket);
	snprintf(v->text, sizeof(v->text), "ff8000");
	return KITH_THING_OK;
}

static struct knob knobs[] = {
	{ "on", KITH_THING_BOOLEAN }, { "warm", KITH_THING_NUMERIC }, { "text", KITH_THING_STRING },
	{ "moment", KITH_THING_DATETIME }, { "for", KITH_THING_TIMESPAN },
	{ "mode", KITH_THING_ENUM }, { "count", KITH_THING_INT }, { "day", KITH_THING_DATE },
	{ "alarm", KITH_THING_TIME }, { "shade", KITH_THING_COLOR },
};
static struct knob slow = { "slow", KITH_THING_BOOLEAN };
static const char *const modes[] = { "eco", "full", NULL };

static void add(const struct knob *k, const char *node)
{
	struct kith_thing_control c = { .size = sizeof(c), .name = k->name, .type = k->type,
		.write = write_knob, .arg = (void *)(uintptr_t)k, .node = { .id = node } };

	if (k->type == KITH_THING_ENUM)
		c.choices = modes;
	if (k->type == KITH_THING_INT)
		c.max = 10;
	if (k->type == KITH_THING_DATE || k->type == KITH_THING_TIME)
		c.group = "wake";
	if (k->type == KITH_THING_BOOLEAN)
		c.label = "Main switch";
	assert_int_equal(kith_thing_add_control(rig->thing, &c), 0);
}

static int set_up(void **state)
{
	struct kith_thing_control c = { .size = sizeof(c), .name = "slow", .write = write_slow,
		.arg = &slow };
	struct kith_thing_field f = { .size = sizeof(f), .name = "shade",
		.type = KITH_THING_COLOR, .read = read_shade };

	memset(&world, 0, sizeof(world));
	buf_init(&world.log, 4096);
	if (rig_setup(state) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		add(&knobs[i], NULL);
	assert_int_equal(kith_thing_add_control(rig->thing, &c), 0);
	assert_int_equal(kith_thing_add_field(rig->thing, &f), 0);
	rig_owned();
	return 0;
}

static int tear_down(void **state)
{
	buf_fini(&world.log);
	return rig_teardown(state);
}

static void set(const char *ns, const char *inner)
{
	rig_send("<iq type='set' id='s1' from='" RIG_OWNER "/x' to='%s'><set xmlns='%s'>%s</set></iq>",
	    rig->full, ns, inner);
}

static void wrote(const char *log)
{
	assert_string_equal(buf_str(&world.log), log);
	buf_reset(&world.log);
}

/* ---- types -------------------------------------------------------------- */

static const struct { const char *lng, *shrt, *log; } every[] = {
	{ "<boolean name='on' value='true'/>", "<b n='on' v='true'/>", "on=1;" },
	{ "<bool name='on' value='0'/>", "<b n='on' v='0'/>", "on=0;" },
	{ "<double name='warm' value='8.192'/>", "<db n='warm' v='8.192'/>",
	    "warm=8.1920000000000002;" },
	{ "<int name='warm' value='-3'/>", "<i n='warm' v='-3'/>", "warm=-3;" },
	{ "<long name='warm' value='500000000000000'/>", "<l n='warm' v='500000000000000'/>",
	    "warm=500000000000000;" },
	{ "<int name='count' value='7'/>", "<i n='count' v='7'/>", "count=7;" },
	{ "<long name='count' value='8'/>", "<l n='count' v='8'/>", "count=8;" },
	{ "<string name='text' value='21.4 &#176;C'/>", "<s n='text' v='21.4 &#176;C'/>",
	    "text=21.4 \xc2\xb0" "C;" },
	{ "<dateTime name='moment' value='2013-04-02T08:00:00'/>",
	    "<dt n='moment' v='2013-04-02T08:00:00'/>", "moment=2013-04-02T08:00:00;" },
	{ "<duration name='for' value='PT3M30S'/>", "<dr n='for' v='PT3M30S'/>", "for=PT3M30S;" },
	{ "<date name='day' value='2013-05-01'/>", "<d n='day' v='2013-05-01'/>",
	    "day=2013-05-01;" },
	{ "<time name='alarm' value='08:00:00'/>", "<t n='alarm' v='08:00:00'/>",
	    "alarm=08:00:00;" },
	{ "<color name='shade' value='3399FF'/>", "<cl n='shade' v='3399FF'/>", "shade=3399FF;" },
	{ "<string name='mode' value='ECO'/>", "<e n='mode' v='eco' t='Mode'/>", "mode=eco;" },
};

static void every_type_is_set_in_every_generation__xep_0325(void **state)
{
	static const char *const ns[] = { X, "urn:ieee:iot:ctr:1.0", N, "urn:nfi:iot:ctr:1.0" };

	UNUSED(state);
	for (size_t g = 0; g < 4; g++)
		for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
			set(ns[g], every[i].lng);
			rig_expect("type=\"result\"", "setResponse", ns[g], "OK");
			wrote(every[i].log);
			set(ns[g], every[i].shrt);
			rig_expect("type=\"result\"", "<resp", ns[g]);
			wrote(every[i].log);
		}
}

static void a_message_sets_and_is_never_answered__xep_0325(void **state)
{
	UNUSED(state);
	rig_send("<message from='" RIG_OWNER "/x' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='5'/></set></message>", rig->full);
	wrote("count=5;");
	rig_send("<message type='set' from='" RIG_OWNER "/x' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='6'/></set></message>", rig->full);
	wrote("count=6;");
	rig_send("<message from='" RIG_OWNER "/x' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='600'/></set></message>", rig->full);
	wrote("");
	rig_send("<message from='" RIG_OWNER "/x' to='%s'><delay xmlns='urn:xmpp:delay' "
	    "stamp='2026-05-01T08:00:00Z'/><set xmlns='" X "'>"
	    "<int name='count' value='5'/></set></message>", rig->full);
	wrote("");
	rig_expect_silence();
}

/* ---- what was wrong ----------------------------------------------------- */

static void a_wrong_value_names_its_parameter_and_nothing_is_set__row_V6(void **state)
{
	static const struct { const char *inner, *name, *text; } wrong[] = {
		{ "<int name='count' value='x'/>", "var=\"count\"", "Invalid parameter value." },
		{ "<int name='count' value='11'/>", "var=\"count\"", "count takes 0 to 10." },
		{ "<double name='count' value='1.5'/>", "var=\"count\"", "count takes" },
		{ "<boolean name='warm' value='true'/>", "var=\"warm\"", "Invalid parameter type." },
		{ "<string name='warm' value='3'/>", "var=\"warm\"", "Invalid parameter type." },
		{ "<date name='day' value='2026-02-29'/>", "var=\"day\"", "Invalid parameter value." },
		{ "<string name='day' value='2026-13-01'/>", "var=\"day\"", "takes a date" },
		{ "<time name='alarm' value='24:00:00'/>", "var=\"alarm\"", "Invalid parameter value." },
		{ "<duration name='for' value='P1.5Y'/>", "var=\"for\"", "Invalid parameter value." },
		{ "<string name='shade' value='red'/>", "var=\"shade\"", "takes a color" },
		{ "<string name='mode' value='half'/>", "var=\"mode\"", "one of: eco, full" },
		{ "<int name='on' value='1'/>", "var=\"on\"", "Invalid parameter type." },
		{ "<int name='count' value='1'/><int name='COUNT' value='2'/>", "var=\"COUNT\"",
		    "Invalid parameter value." },
	};

	UNUSED(state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char both[512];

		snprintf(both, sizeof(both), "<double name='warm' value='1'/>%s", wrong[i].inner);
		set(X, i == 3 || i == 4 ? wrong[i].inner : both);
		rig_expect("type=\"error\"", "bad-request", "FormError", wrong[i].name,
		    wrong[i].text, "paramError");
		wrote("");
	}
	set(N, "<db n='warm' v='1'/><i n='nothing' v='1'/>");
	rig_expect("type=\"error\"", "item-not-found", "n=\"nothing\"", "No such parameter.");
	wrote("");
}

static void writes_keep_their_order_and_wait_for_a_slow_one__xep_0325(void **state)
{
	UNUSED(state);
	set(X, "<int name='count' value='1'/><boolean name='slow' value='true'/>"
	    "<double name='warm' value='2'/>");
	wrote("count=1;slow=1;");
	/* Others are not held up by it. */
	rig_send("<iq type='set' id='s2' from='" RIG_OWNER "/y' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='9'/></set></iq>", rig->full);
	rig_expect("type=\"result\"", "id=\"s2\"");
	wrote("count=9;");
	rig_expect_silence();
	kith_thing_write_done(rig->thing, world.ticket, KITH_THING_OK, NULL);
	wrote("warm=2;");
	rig_process();
	rig_expect("type=\"result\"", "id=\"s1\"", "setResponse");
}

static void what_comes_behind_a_failure_is_not_tried_and_all_is_named__row_V6(void **state)
{
	UNUSED(state);
	set(X, "<boolean name='slow' value='true'/><double name='warm' value='2'/>"
	    "<int name='count' value='2'/>");
	kith_thing_write_done(rig->thing, world.ticket, KITH_THING_FAILED, "jammed");
	rig_process();
	rig_expect("type=\"error\"", "internal-server-error", "OtherError",
	    "<error var=\"slow\">jammed</error>",
	    "var=\"slow\">jammed</paramError>", "var=\"warm\">not tried</paramError>",
	    "var=\"count\">not tried</paramError>");
	wrote("slow=1;");
}

/* ---- forms -------------------------------------------------------------- */

static void get_form(const char *ns, const char *inner)
{
	rig_send("<iq type='get' id='f1' from='" RIG_OWNER "/x' to='%s'><getForm xmlns='%s' "
	    "xml:lang='en'>%s</getForm></iq>", rig->full, ns, inner);
}

static void the_form_has_types_values_groups_and_marks__xep_0336(void **state)
{
	const char *form;

	UNUSED(state);
	get_form(X, "");
	form = rig_expect("<x xmlns=\"jabber:x:data\" type=\"form\"", "<title>What can be set</title>",
	    "var=\"xdd session\" type=\"hidden\"",
	    "var=\"on\" type=\"boolean\" label=\"Main switch\"", "datatype=\"xs:boolean\"",
	    "datatype=\"xs:double\"><basic/>", "datatype=\"xs:int\"><range min=\"0\" max=\"10\"/>",
	    "datatype=\"xs:dateTime\"", "datatype=\"xs:duration\"", "datatype=\"xs:date\"",
	    "datatype=\"xs:time\"", "xmlns:xdc=\"urn:xmpp:xdata:color\" datatype=\"xdc:color\"",
	    "<option label=\"eco\"><value>eco</value></option>", "<notSame xmlns=\"urn:xmpp:xdata:dynamic\"/>",
	    "<parameterGroup xmlns=\"" X "\" name=\"wake\"/>",
	    "<page xmlns=\"http://jabber.org/protocol/xdata-layout\" label=\"wake\">"
	    "<fieldref var=\"day\"/><fieldref var=\"alarm\"/></page>",
	    /* what is known of now, from the field of that name */
	    "var=\"shade\" type=\"text-single\" label=\"shade\"><desc>a color</desc>"
	    "<value>ff8000</value>");
	assert_null(strstr(form, "readOnly"));
	assert_null(strstr(form, "required"));
}

static void a_form_that_comes_back_sets_what_is_in_it__xep_0325(void **state)
{
	UNUSED(state);
	set(X, "<x xmlns='jabber:x:data' type='submit'><field var='xdd session' type='hidden'>"
	    "<value>1</value></field><field var='count'><value>3</value></field>"
	    "<field var='on' type='boolean'><value>1</value></field><field var='text'/></x>");
	rig_expect("type=\"result\"", "setResponse");
	wrote("count=3;on=1;");
	set(N, "<x xmlns='jabber:x:data' type='submit'><field var='xdd session'>"
	    "<value>1</value></field></x>");
	rig_expect("type=\"result\"");
	wrote("");
	set(X, "<x xmlns='jabber:x:data' type='submit'><field var='count'><value>1</value></field>"
	    "<field var='warm'><value>200e</value></field></x>");
	rig_expect("type=\"error\"", "bad-request", "var=\"warm\"");
	set(X, "<x xmlns='jabber:x:data' type='submit'><field var='count'><value>1</value>"
	    "<value>2</value></field></x>");
	rig_expect("type=\"error\"", "bad-request", "var=\"count\"");
	wrote("");
}

#define BOB "bob@home.example"
#define X_PROV "urn:xmpp:iot:provisioning"

static void may(const char *question, const char *lists, const char *limits)
{
	char payload[1024];

	snprintf(payload, sizeof(payload), "<can%sResponse xmlns='" X_PROV "' jid='" BOB "' "
	    "momentary='true' status='true' result='%s'>%s<lease xmlns='urn:kith:lease:0' "
	    "revision='10' ttl='900000'>%s</lease></can%sResponse>",
	    question, lists ? "true" : "false", lists ? lists : "", limits, question);
	rig_answer(rig_next(), RIG_REGISTRY, payload);
}

static void bob_gets_form(void)
{
	rig_befriend(BOB);
	rig_send("<iq type='get' id='f1' from='" BOB "/x' to='%s'><getForm xmlns='" X "'/></iq>",
	    rig->full);
}

static void a_value_in_the_form_is_shown_to_who_may_read_it_only__row_V6(void **state)
{
	const char *form;

	UNUSED(state);
	bob_gets_form();
	may("Control", "<parameter name='shade'/>", "");
	may("Read", NULL, "");
	form = rig_expect("var=\"shade\"");
	assert_null(strstr(form, "ff8000"));
	assert_null(strstr(form, "var=\"count\""));
}

static void what_is_used_up_is_shown_but_not_to_be_changed__xep_0336(void **state)
{
	UNUSED(state);
	rig_befriend(BOB);
	rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='3'/></set></iq>", rig->full);
	may("Control", "<parameter name='count'/>",
	    "<limit name='count' rule='7' times='1' seconds='3600'/>");
	rig_expect("type=\"result\"");
	bob_gets_form();
	may("Control", "<parameter name='count'/>",
	    "<limit name='count' rule='7' times='1' seconds='3600'/>");
	rig_expect("var=\"count\"", "readOnly", "<error xmlns=\"urn:xmpp:xdata:dynamic\">Used up");
}

static void one_use_counts_in_every_limit_that_holds_it(void **state)
{
	static const char both[] = "<limit name='count' min='0' max='5' rule='7' times='2' "
	    "seconds='3600'/><limit name='count' min='3' max='9' rule='8' times='2' seconds='3600'/>";

	UNUSED(state);
	rig_befriend(BOB);
	for (int i = 0; i < 2; i++) {
		rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set xmlns='" X "'>"
		    "<int name='count' value='4'/></set></iq>", rig->full);
		if (i == 0)
			may("Control", "<parameter name='count'/>", both);
		rig_expect("type=\"result\"");
	}
	rig_send("<iq type='set' id='s1' from='" BOB "/x' to='%s'><set xmlns='" X "'>"
	    "<int name='count' value='9'/></set></iq>", rig->full);
	rig_expect("type=\"error\"", "not-allowed");
	wrote("count=4;count=4;");
}

/* ---- nodes -------------------------------------------------------------- */

static void add_node(const char *id)
{
	struct kith_thing_node n = { .size = sizeof(n), .at = { .id = id } };

	assert_int_equal(kith_thing_add_node(rig->thing, &n), 0);
}

static void all_nodes_are_checked_before_the_first_is_set__xep_0325(void **state)
{
	static struct knob left = { "out", KITH_THING_BOOLEAN }, right = { "out", KITH_THING_NUMERIC };

	UNUSED(state);
	add_node("a");
	add_node("b");
	add_node("c");
	add(&left, "a");
	add(&left, "b");
	add(&right, "c");
	while (*rig_next() != '\0')
		;		/* they register */
	set(X, "<node nodeId='a'/><node nodeId='c'/><boolean name='out' value='true'/>");
	rig_expect("type=\"error\"", "bad-request", "var=\"out\"", "Invalid parameter type.");
	set(X, "<node nodeId='a'/><node nodeId='nowhere'/><boolean name='out' value='true'/>");
	rig_expect("type=\"error\"", "item-not-found");
	wrote("");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_type_is_set_in_every_generation__xep_0325),
		T(a_message_sets_and_is_never_answered__xep_0325),
		T(a_wrong_value_names_its_parameter_and_nothing_is_set__row_V6),
		T(writes_keep_their_order_and_wait_for_a_slow_one__xep_0325),
		T(what_comes_behind_a_failure_is_not_tried_and_all_is_named__row_V6),
		T(the_form_has_types_values_groups_and_marks__xep_0336),
		T(a_form_that_comes_back_sets_what_is_in_it__xep_0325),
		T(a_value_in_the_form_is_shown_to_who_may_read_it_only__row_V6),
		T(what_is_used_up_is_shown_but_not_to_be_changed__xep_0336),
		T(one_use_counts_in_every_limit_that_holds_it),
		T(all_nodes_are_checked_before_the_first_is_set__xep_0325),
	};

	return cmocka_run_group_tests_name("thing_control", tests, NULL, NULL);
}
