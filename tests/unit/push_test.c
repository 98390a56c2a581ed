/* SPDX-License-Identifier: Apache-2.0 */
/* push_test: what the service sends unasked, to the letter that clients expect. */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/push.h"
#include "tests/unit/unit.h"

static const struct dialect x_disco = { PROTO_DISCOVERY, GEN_X, VOCAB_LONG };
static const struct dialect n_disco = { PROTO_DISCOVERY, GEN_N, VOCAB_SHORT };
static const struct dialect x_prov = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG };
static const struct dialect n_prov = { PROTO_PROV_DEVICE, GEN_N, VOCAB_SHORT };

static void
check(const struct push *p, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(push_write(&b, p), 0);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

static void
claimed__always_says_owner_and_public__in_the_words_of_the_thing(void **state)
{
	(void)state;
	check(&(struct push){ .verb = VERB_CLAIMED, .dialect = x_disco, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1", .jid = "o@ex" },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<claimed xmlns=\"urn:xmpp:iot:discovery\" jid=\"o@ex\" public=\"false\"/></iq>");
	check(&(struct push){ .verb = VERB_CLAIMED, .dialect = n_disco, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1", .jid = "o@ex", .is_public = true,
	    .node = { "n", "s", "p" } },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\"><claimed "
	    "xmlns=\"urn:nf:iot:disco:1.0\" jid=\"o@ex\" id=\"n\" src=\"s\" pt=\"p\" "
	    "public=\"true\"/></iq>");
}

static void
claimed__is_not_written__without_an_owner(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(push_write(&b, &(struct push){ .verb = VERB_CLAIMED,
	    .dialect = x_disco, .from = "r.ex", .to = "t@ex/x", .id = "p-1" }), -1);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void
node_attributes__are_never_empty(void **state)
{
	(void)state;
	check(&(struct push){ .verb = VERB_DISOWNED, .dialect = x_disco, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1", .node = { "", "", "" } },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<disowned xmlns=\"urn:xmpp:iot:discovery\"/></iq>");
	check(&(struct push){ .verb = VERB_REMOVED, .dialect = n_disco, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1", .node = { "n", NULL, NULL } },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<removed xmlns=\"urn:nf:iot:disco:1.0\" id=\"n\"/></iq>");
}

static void
clear_cache__names_the_floor_only_when_there_is_one(void **state)
{
	(void)state;
	check(&(struct push){ .verb = VERB_CLEAR_CACHE, .dialect = x_prov, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1" },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<clearCache xmlns=\"urn:xmpp:iot:provisioning\"/></iq>");
	check(&(struct push){ .verb = VERB_CLEAR_CACHE, .dialect = n_prov, .from = "r.ex",
	    .to = "t@ex/x", .id = "p-1", .floor = 42 },
	    "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<clearCache xmlns=\"urn:nf:iot:prov:d:1.0\"><lease xmlns=\"urn:kith:lease:0\" "
	    "floor=\"42\"/></clearCache></iq>");
}

/* Older than the attributes: it clears everything anyway. */
static void
clear_cache__names_the_node_where_the_dialect_can(void **state)
{
	struct push p = { .verb = VERB_CLEAR_CACHE, .from = "r.ex", .to = "t@ex/x", .id = "p-1",
	    .dialect = { PROTO_PROV_DEVICE, GEN_X, VOCAB_LONG }, .node = { "n", "s", "p" } };

	(void)state;
	check(&p, "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\">"
	    "<clearCache xmlns=\"urn:xmpp:iot:provisioning\"/></iq>");
	p.dialect.vocab = VOCAB_SHORT;
	check(&p, "<iq type=\"set\" from=\"r.ex\" to=\"t@ex/x\" id=\"p-1\"><clearCache "
	    "xmlns=\"urn:xmpp:iot:provisioning\" id=\"n\" src=\"s\" pt=\"p\"/></iq>");
}

static void
friend_and_unfriend__are_messages(void **state)
{
	(void)state;
	check(&(struct push){ .verb = VERB_FRIEND, .dialect = x_prov, .from = "r.ex",
	    .to = "t@ex", .id = "p-1", .jid = "b@ex" },
	    "<message from=\"r.ex\" to=\"t@ex\" id=\"p-1\">"
	    "<friend xmlns=\"urn:xmpp:iot:provisioning\" jid=\"b@ex\"/></message>");
	check(&(struct push){ .verb = VERB_UNFRIEND, .dialect = n_prov, .from = "r.ex",
	    .to = "t@ex", .id = "p-1", .jid = "b@ex" },
	    "<message from=\"r.ex\" to=\"t@ex\" id=\"p-1\">"
	    "<unfriend xmlns=\"urn:nf:iot:prov:d:1.0\" jid=\"b@ex\"/></message>");
}

static void
check_question(const struct push_question *p, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(push_question_write(&b, p), 0);
	assert_string_equal(buf_str(&b), want);
	buf_fini(&b);
}

#define HEAD "<message type=\"normal\" from=\"r.ex\" to=\"o@ex\" id=\"q-1\">"
#define ADDRESSED .from = "r.ex", .to = "o@ex", .id = "q-1", .jid = "t@ex", \
	.remote = "b@ex", .key = "K"

static void
questions_to_owners__are_messages_in_the_owners_generation(void **state)
{
	struct node nodes[] = { { "n", "s", NULL } };
	const char *names[] = { "Temp" };

	(void)state;
	check_question(&(struct push_question){ .verb = VERB_IS_FRIEND, .gen = GEN_N, ADDRESSED },
	    HEAD "<isFriend xmlns=\"urn:nf:iot:prov:o:1.0\" jid=\"t@ex\" remoteJid=\"b@ex\" "
	    "key=\"K\"/></message>");
	check_question(&(struct push_question){ .verb = VERB_CAN_READ, .gen = GEN_I, ADDRESSED,
	    .types = FIELD_MOMENTARY, .nodes = { 1, nodes }, .names = { 1, names } },
	    HEAD "<canRead xmlns=\"urn:ieee:iot:prov:o:1.0\" jid=\"t@ex\" remoteJid=\"b@ex\" "
	    "key=\"K\" m=\"true\"><nd id=\"n\" src=\"s\"/><f n=\"Temp\"/></canRead></message>");
	check_question(&(struct push_question){ .verb = VERB_CAN_READ, .gen = GEN_N, ADDRESSED },
	    HEAD "<canRead xmlns=\"urn:nf:iot:prov:o:1.0\" jid=\"t@ex\" remoteJid=\"b@ex\" "
	    "key=\"K\" all=\"true\"/></message>");
	check_question(&(struct push_question){ .verb = VERB_CAN_READ, .gen = GEN_N, ADDRESSED,
	    .types = FIELD_STATUS | FIELD_HISTORICAL,
	    .tokens = { .service = { 1, &(const char *){ "blue" } },
	    .user = { 1, &(const char *){ "red" } } } },
	    HEAD "<canRead xmlns=\"urn:nf:iot:prov:o:1.0\" jid=\"t@ex\" remoteJid=\"b@ex\" "
	    "key=\"K\" s=\"true\" h=\"true\" st=\"blue\" ut=\"red\"/></message>");
	check_question(&(struct push_question){ .verb = VERB_CAN_CONTROL, .gen = GEN_N, ADDRESSED,
	    .names = { 1, names } },
	    HEAD "<canControl xmlns=\"urn:nf:iot:prov:o:1.0\" jid=\"t@ex\" remoteJid=\"b@ex\" "
	    "key=\"K\"><p n=\"Temp\"/></canControl></message>");
	check_question(&(struct push_question){ .verb = VERB_CAN_CONTROL, .gen = GEN_X, ADDRESSED,
	    .names = { 1, names } },
	    HEAD "<canControl xmlns=\"urn:xmpp:iot:provisioning\" jid=\"t@ex\" "
	    "remoteJid=\"b@ex\" key=\"K\"><parameter name=\"Temp\"/></canControl></message>");
}

static void
chat__is_marked_as_written_by_a_program(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(chat_write(&b, "desk@r.ex", "o@ex", "c-1", NULL, "<1> & \"2\"\nnext"), 0);
	assert_string_equal(buf_str(&b), "<message type=\"chat\" from=\"desk@r.ex\" to=\"o@ex\" "
	    "id=\"c-1\"><body>&lt;1&gt; &amp; \"2\"\nnext</body>"
	    "<auto xmlns=\"urn:kith:auto:0\"/></message>");
	buf_reset(&b);
	assert_int_equal(chat_write(&b, "desk@r.ex", "o@ex", "c-2", "q'1", "yes"), 0);
	assert_non_null(strstr(buf_str(&b), "<auto xmlns=\"urn:kith:auto:0\" re=\"q'1\"/>"));
	buf_fini(&b);
}

static void
presence_and_ping__say_no_more_than_they_must(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(presence_write(&b, "r.ex", "t@ex", "subscribe", NULL), 0);
	assert_int_equal(presence_write(&b, "desk@r.ex", "o@ex", NULL, "here"), 0);
	assert_int_equal(ping_write(&b, "r.ex", "ex", "g-1"), 0);
	assert_string_equal(buf_str(&b),
	    "<presence type=\"subscribe\" from=\"r.ex\" to=\"t@ex\"/>"
	    "<presence from=\"desk@r.ex\" to=\"o@ex\"><status>here</status></presence>"
	    "<iq type=\"get\" from=\"r.ex\" to=\"ex\" id=\"g-1\"><ping xmlns=\"urn:xmpp:ping\"/></iq>");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claimed__always_says_owner_and_public__in_the_words_of_the_thing),
		cmocka_unit_test(claimed__is_not_written__without_an_owner),
		cmocka_unit_test(node_attributes__are_never_empty),
		cmocka_unit_test(clear_cache__names_the_floor_only_when_there_is_one),
		cmocka_unit_test(clear_cache__names_the_node_where_the_dialect_can),
		cmocka_unit_test(friend_and_unfriend__are_messages),
		cmocka_unit_test(questions_to_owners__are_messages_in_the_owners_generation),
		cmocka_unit_test(chat__is_marked_as_written_by_a_program),
		cmocka_unit_test(presence_and_ping__say_no_more_than_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
