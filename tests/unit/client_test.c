/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: logins against a scripted server that lies.
 */
#include "config.h"

#include "tests/unit/client_world.h"

/* The good way */

static void
client__logs_in_with_the_strongest_scram_and_binds(void **state)
{
	struct world *w = *state;

	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA-512");
	assert_true(w->l.proof_right);
	assert_string_equal(w->jid, USER "@" DOMAIN "/r");
	assert_int_equal(w->pin.tls13, SASL_SCRAM_SHA_512);
	assert_int_equal(w->pin.tls12, SASL_NONE);
	assert_memory_equal(w->l.client_first, "y,,n=" USER, 4 + 2 + strlen(USER) - 1);
	assert_null(strstr(w->f.clear.data, "<auth"));
}

static void
att_X_25__offered_compression_is_never_taken(void **state)
{
	struct world *w = *state;

	assert_true(login(w, FLAW_NONE));
	assert_false(leaked(w, "compress"));
}

static void
client__stanzas_go_both_ways_once_up(void **state)
{
	struct world *w = *state;

	assert_true(login(w, FLAW_NONE));
	fake_send(&w->f, "<message from='x@y' id='m1'/>");
	assert_true(fake_wait(&w->f, &w->peer, has_stanza, w, PATIENCE));
	assert_string_equal(w->last, "m1");
	buf_adds(client_out(w->c), "<presence/>");
	client_flush(w->c);
	fake_settle(&w->f, &w->peer);
	assert_true(leaked(w, "<presence/>"));
	client_close(w->c);
	fake_step(&w->f);
	assert_true(leaked(w, "</stream:stream>"));
	assert_int_equal(w->downs, 0);
}

static void
client__every_good_certificate_is_taken(void **state)
{
	static const enum fake_flaw good[] = { FLAW_NONE, FLAW_NONE_XMPP_ADDR, FLAW_NONE_SRV,
		FLAW_NONE_STAPLED };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!login(w, good[i]))
			fail_msg("%s: %s", fake_flaw_name(good[i]), w->text);
}

static void
client__direct_tls_works(void **state)
{
	struct world *w = *state;

	w->l.direct_tls = w->conf.direct_tls = true;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(w->f.clear.len, 0);
}

static void
client__a_name_is_looked_up_without_waiting(void **state)
{
	struct world *w = *state;

	w->conf.host = "localhost";
	assert_true(login(w, FLAW_NONE));
}

static void
client__a_demanded_session_is_asked_for(void **state)
{
	struct world *w = *state;

	w->l.session = true;
	assert_true(login(w, FLAW_NONE));
	assert_true(leaked(w, NS_SESSION));
	w->l.session = false;
	assert_true(login(w, FLAW_NONE));
	assert_false(leaked(w, NS_SESSION));
}

static void
limit_to_12(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
}

/* A login with the server at TLS 1.2. */
static bool
login_12(struct world *w)
{
	client_free(&w->c);
	fake_hang_up(&w->f);
	buf_reset(&w->f.seen);
	w->ups = w->downs = 0;
	SSL_CTX_free(w->l.ctx);
	w->l.ctx = fakeca_server(&ca, DOMAIN, FLAW_NONE);
	limit_to_12(w->l.ctx);
	w->l.step = 0;
	w->l.at = 0;
	fakelogin_start(&w->l, &w->f);
	w->c = client_new(&w->conf, &ops, w, NULL);
	assert_true(fake_wait(&w->f, &w->peer, is_settled, w, PATIENCE));
	return w->ups > 0;
}

static void
client__plus_binds_to_the_tls_connection(void **state)
{
	struct world *w = *state;

	w->l.mechs = "SCRAM-SHA-1 SCRAM-SHA-1-PLUS";
	assert_true(login_12(w));
	assert_string_equal(w->l.mech, "SCRAM-SHA-1-PLUS");
	assert_memory_equal(w->l.client_first, "p=tls-unique,,", 14);
	assert_int_equal(w->pin.tls12, SASL_SCRAM_SHA_1_PLUS);
	/* on 1.3 only where the server lists tls-exporter */
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA-1");
	assert_memory_equal(w->l.client_first, "n,,", 3);
	w->l.bindings = "tls-server-end-point tls-exporter";
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "SCRAM-SHA-1-PLUS");
	assert_memory_equal(w->l.client_first, "p=tls-exporter,,", 16);
}

static void
client__external_is_used_with_a_certificate_of_ours(void **state)
{
	struct world *w = *state;
	char cert[96], key[96];

	fakeca_client_files(&ca, USER, cert, key);
	w->conf.cert_file = cert;
	w->conf.key_file = key;
	w->l.mechs = "PLAIN EXTERNAL SCRAM-SHA-1";
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->l.mech, "EXTERNAL");
	assert_true(leaked(w, "mechanism='EXTERNAL'>=</auth>"));
}

/* Servers that must not be believed */

static void
att_D_04__no_bad_certificate_is_taken(void **state)
{
	struct world *w = *state;
	int flaw;

	for (flaw = FLAW_WRONG_NAME; flaw < FLAW_COUNT; flaw++) {
		const char *name = fake_flaw_name((enum fake_flaw)flaw);

		if (login(w, (enum fake_flaw)flaw))
			fail_msg("%s: accepted", name);
		if (w->why != CLIENT_UNTRUSTED)
			fail_msg("%s: ended %d (%s)", name, w->why, w->text);
		assert_nothing_secret(w, name);
		if (leaked(w, "<auth") || fake_find(&w->f, w->f.clear.len, "<"))
			fail_msg("%s: XML left us through an unproved connection", name);
	}
}

static void
att_D_04__the_same_with_direct_tls(void **state)
{
	struct world *w = *state;
	int flaw;

	w->l.direct_tls = w->conf.direct_tls = true;
	for (flaw = FLAW_WRONG_NAME; flaw < FLAW_COUNT; flaw++) {
		if (login(w, (enum fake_flaw)flaw) || w->why != CLIENT_UNTRUSTED)
			fail_msg("%s: %d", fake_flaw_name((enum fake_flaw)flaw), w->why);
		assert_int_equal(w->f.seen.len, 0);
	}
}

static void
att_D_01_D_04__lying_servers_get_no_proof_and_no_stanza(void **state)
{
	static const struct {
		enum login_lie lie;
		enum client_end end;
		unsigned iterations;
	} lies[] = {
		{ LIE_NO_STARTTLS, CLIENT_UNTRUSTED, 4096 },
		{ LIE_FAILURE_TO_TLS, CLIENT_UNTRUSTED, 4096 },
		{ LIE_CLEAR_BYTES, CLIENT_UNTRUSTED, 4096 },
		{ LIE_EARLY_STANZA, CLIENT_UNTRUSTED, 4096 },
		{ LIE_NO_VERSION, CLIENT_UNTRUSTED, 4096 },
		{ LIE_OTHER_DOMAIN, CLIENT_UNTRUSTED, 4096 },
		{ LIE_SEE_OTHER_HOST, CLIENT_MOVED, 4096 },
		{ LIE_NONCE_UNRELATED, CLIENT_UNTRUSTED, 4096 },
		{ LIE_NONCE_SAME, CLIENT_UNTRUSTED, 4096 },
		{ LIE_SALT_EMPTY, CLIENT_UNTRUSTED, 4096 },
		{ LIE_ITERATIONS, CLIENT_UNTRUSTED, 0x80000000u },
		{ LIE_ITERATIONS, CLIENT_UNTRUSTED, 1 },
		{ LIE_ITERATIONS, CLIENT_UNTRUSTED, 4095 },
		{ LIE_ITERATIONS, CLIENT_UNTRUSTED, 100001 },
		{ LIE_EXTENSION, CLIENT_UNTRUSTED, 4096 },
		{ LIE_SUCCESS_AT_ONCE, CLIENT_UNTRUSTED, 4096 },
		{ LIE_STANZA_AS_SUCCESS, CLIENT_UNTRUSTED, 4096 },
		{ LIE_OFFER_HASH, CLIENT_UNTRUSTED, 4096 },
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "lie %d", lies[i].lie);
		w->l.lie = lies[i].lie;
		w->l.iterations = lies[i].iterations;
		if (login(w, FLAW_NONE))
			fail_msg("%s: accepted", name);
		if (w->why != lies[i].end)
			fail_msg("%s: ended %d (%s)", name, w->why, w->text);
		assert_nothing_secret(w, name);
	}
}

static void
att_D_09__see_other_host_tells_the_place_and_nothing_follows_it_by_itself(void **state)
{
	struct world *w = *state;

	w->l.lie = LIE_SEE_OTHER_HOST;
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_MOVED);
	assert_string_equal(w->text, "evil.test");
	assert_int_equal(w->proved, 0);
}

static void
ruling_42__what_is_proved_but_not_wanted_hears_no_more(void **state)
{
	struct world *w = *state;

	w->unwanted = true;
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->proved, 1);
	assert_int_equal(w->why, CLIENT_LOST);
	assert_nothing_secret(w, "unwanted");
	assert_false(leaked(w, "<auth"));
	w->unwanted = false;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(w->proved, 1);
	/* who proves nothing is not asked about */
	assert_false(login(w, FLAW_WRONG_NAME));
	assert_int_equal(w->proved, 0);
}

static void
att_D_01__without_the_right_signature_no_stanza_leaves(void **state)
{
	static const enum login_lie lies[] = { LIE_V_WRONG, LIE_V_MISSING };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		w->l.lie = lies[i];
		assert_false(login(w, FLAW_NONE));
		assert_int_equal(w->why, CLIENT_UNTRUSTED);
		assert_true(w->l.proof_right);
		assert_false(leaked(w, "<iq"));
		assert_int_equal(w->l.step, 6);	/* it waits for our new header in vain */
	}
}

static void
att_D_03__a_salt_of_any_size_costs_nothing(void **state)
{
	static const size_t sizes[] = { 258, 3000, 9000, 64 * 1024 };
	struct world *w = *state;
	size_t i;

	w->l.lie = LIE_SALT_HUGE;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		w->l.salt_bytes = sizes[i];
		assert_false(login(w, FLAW_NONE));
		assert_nothing_secret(w, "a huge salt");
	}
}

/* Recipe R-J: certificates x offers x what a liar says in SCRAM.  Unless all is right,
 * neither password nor proof nor stanza leaves; unless the certificate is, nothing
 * does.  A sample as a rule, every combination with KITH_LONG. */
static void
rec_R_J__certificates_times_offers_times_lies(void **state)
{
	static const char *const mechs[] = { "PLAIN", "DIGEST-MD5", "CRAM-MD5", "ANONYMOUS",
		"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "X-OAUTH2" };
	static const struct { enum login_lie lie; unsigned iterations; bool proof; } lies[] = {
		{ LIE_NONE, 4096, true }, { LIE_NONCE_UNRELATED, 4096, false },
		{ LIE_V_WRONG, 4096, true }, { LIE_V_MISSING, 4096, true },
		{ LIE_ITERATIONS, 1, false }, { LIE_ITERATIONS, 4095, false },
		{ LIE_ITERATIONS, 0x80000000u, false }, { LIE_SALT_EMPTY, 4096, false },
		{ LIE_EXTENSION, 4096, false }, { LIE_SUCCESS_AT_ONCE, 4096, false },
	};
	const size_t n_lies = sizeof(lies) / sizeof(*lies), all = FLAW_COUNT * 255 * n_lies;
	const size_t step = getenv("KITH_LONG") != NULL ? 1 : 389;	/* a prime: all of each */
	struct world *w = *state;
	size_t at;

	for (at = 0; at < all; at += step) {
		enum fake_flaw flaw = (enum fake_flaw)(at % FLAW_COUNT);
		unsigned set = (unsigned)(at / FLAW_COUNT % 255) + 1, i;
		size_t lie = at / FLAW_COUNT / 255;
		bool cert = flaw < FLAW_WRONG_NAME, scram = (set & 0x70) != 0, good;
		char list[200] = "", name[300];

		for (i = 0; i < 8; i++)
			if (set & 1u << i)
				(void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				    list[0] != '\0' ? " " : "", mechs[i]);
		w->l.mechs = list;
		w->l.lie = lies[lie].lie;
		w->l.iterations = lies[lie].iterations;
		good = cert && scram && lies[lie].lie == LIE_NONE;
		(void)snprintf(name, sizeof(name), "%s, %s, lie %zu", fake_flaw_name(flaw), list, lie);
		if (login(w, flaw) != good)
			fail_msg("%s: %s", name, good ? w->text : "accepted");
		if (!cert || !scram || !lies[lie].proof)
			assert_nothing_secret(w, name);
		if (!good && (leaked(w, PASSWORD) || leaked(w, "<iq")))
			fail_msg("%s: said too much", name);
		if (!cert && leaked(w, "<auth"))
			fail_msg("%s: spoke to nobody we know", name);
	}
}

/* D-02: 255 offers of 8 mechanisms; a login happens exactly when SCRAM is
 * among them, and never otherwise does anything leave. */
static void
att_D_02__only_scram_of_255_offers(void **state)
{
	static const char *const mechs[] = { "PLAIN", "DIGEST-MD5", "CRAM-MD5", "ANONYMOUS",
		"EXTERNAL", "SCRAM-SHA-1", "SCRAM-SHA-256", "X-OAUTH2" };
	struct world *w = *state;
	unsigned set, i;

	for (set = 1; set < 256; set++) {
		char list[200] = "";
		bool scram = (set & (1u << 5 | 1u << 6)) != 0;

		for (i = 0; i < 8; i++)
			if (set & 1u << i)
				(void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				    list[0] != '\0' ? " " : "", mechs[i]);
		w->l.mechs = list;
		if (login(w, FLAW_NONE) != scram)
			fail_msg("%s: %s", list, scram ? w->text : "accepted");
		if (scram) {
			assert_string_equal(w->l.mech,
			    set & 1u << 6 ? "SCRAM-SHA-256" : "SCRAM-SHA-1");
			continue;
		}
		assert_int_equal(w->why, CLIENT_WEAK);
		assert_nothing_secret(w, list);
		if (leaked(w, "<auth"))
			fail_msg("%s: tried to log in", list);
	}
}

static void
att_D_02__a_failed_login_is_not_followed_by_a_weaker_one(void **state)
{
	struct world *w = *state;

	w->l.mechs = "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN";
	w->l.failure = "not-authorized";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_REFUSED);
	assert_null(strstr(fake_find(&w->f, 0, "<auth") + 1, "<auth"));
	w->l.failure = "temporary-auth-failure";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_LOST);
}

static void
att_D_02__a_wrong_password_is_refused_not_untrusted(void **state)
{
	struct world *w = *state;

	w->l.password = "another";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_REFUSED);
}

static void
client__a_server_weaker_than_the_pin_is_refused(void **state)
{
	struct world *w = *state;
	struct sasl_pin pin = { .tls13 = SASL_SCRAM_SHA_256 };

	w->conf.pin = &pin;
	w->l.mechs = "SCRAM-SHA-1";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_WEAK);
	assert_false(leaked(w, "<auth"));
	w->l.mechs = "SCRAM-SHA-1 SCRAM-SHA-256";
	assert_true(login(w, FLAW_NONE));
	w->l.mechs = ALL;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(w->pin.tls13, SASL_SCRAM_SHA_512);
	/* the pin of 1.3 does not bind on 1.2, and is kept */
	w->l.mechs = "SCRAM-SHA-1";
	assert_true(login_12(w));
	assert_int_equal(w->pin.tls12, SASL_SCRAM_SHA_1);
	assert_int_equal(w->pin.tls13, SASL_SCRAM_SHA_256);
}

static void
att_D_11__an_address_that_is_not_ours_is_refused(void **state)
{
	struct world *w = *state;

	w->l.lie = LIE_BIND_OTHER;
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_UNTRUSTED);
}

static void
att_X_02__forged_answers_to_bind_are_passed_over(void **state)
{
	struct world *w = *state;

	w->l.lie = LIE_BIND_FORGED_ID;
	assert_true(login(w, FLAW_NONE));
	assert_string_equal(w->jid, USER "@" DOMAIN "/r");
}

static void
client__the_whole_login_has_a_deadline(void **state)
{
	struct world *w = *state;

	w->l.ctx = fakeca_server(&ca, DOMAIN, FLAW_NONE);
	w->c = client_new(&w->conf, &ops, w, NULL);	/* the server says nothing */
	assert_non_null(w->c);
	fake_settle(&w->f, &w->peer);
	assert_int_equal(w->downs, 0);
	w->hands.boot += 30000;
	assert_true(fake_wait(&w->f, &w->peer, is_down, w, PATIENCE));
	assert_int_equal(w->why, CLIENT_LOST);
	fake_settle(&w->f, &w->peer);
	assert_int_equal(w->downs, 1);
}

static void
client__nobody_listening_is_lost(void **state)
{
	struct world *w = *state;

	fake_fini(&w->f);
	w->c = client_new(&w->conf, &ops, w, NULL);
	fake_listen(&w->f);
	assert_true(fake_wait(&w->f, &w->peer, is_down, w, PATIENCE));
	assert_int_equal(w->why, CLIENT_LOST);
}

/* Making the account */

static void
client__makes_an_account_and_logs_in_on_the_same_stream(void **state)
{
	struct world *w = *state;

	w->conf.register_account = true;
	w->l.register_form = PLAIN_FORM;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(w->registered, 1);
	assert_int_equal(w->f.accepted, 1);
	assert_true(leaked(w, "<username>" USER "</username><password>" PASSWORD "</password>"));
	assert_null(strstr(w->f.clear.data, PASSWORD));
}

static unsigned roots_read;

int __real_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *folder);
int __wrap_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *folder);

int
__wrap_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *folder)
{
	roots_read++;
	return __real_SSL_CTX_load_verify_locations(ctx, file, folder);
}

/* A bundle of 140 roots takes longer to read than everything else of a login; a file
 * that was exchanged counts from the next connection on. */
static void
client__the_roots_are_read_once_for_a_connection(void **state)
{
	struct world *w = *state;

	w->conf.register_account = true;
	w->l.register_form = PLAIN_FORM;
	roots_read = 0;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(w->registered, 1);
	assert_int_equal(roots_read, 1);
	w->conf.register_account = false;
	assert_true(login(w, FLAW_NONE));
	assert_int_equal(roots_read, 2);
}

static void
client__fills_in_a_data_form(void **state)
{
	struct world *w = *state;

	w->conf.register_account = true;
	w->l.register_form = DATA_FORM;
	assert_true(login(w, FLAW_NONE));
	assert_true(leaked(w, "<value>" PASSWORD "</value>"));
	assert_true(leaked(w, "FORM_TYPE"));
}

static void
att_D_16__forms_that_want_more_are_refused(void **state)
{
	static const char *const forms[] = {
		"",
		"<query xmlns='" NS_REGISTER "'/>",
		"<query xmlns='" NS_REGISTER "'><username/></query>",
		"<query xmlns='" NS_REGISTER "'><instructions>go to the web</instructions></query>",
		"<query xmlns='" NS_REGISTER "'><username/><password/><email/></query>",
		"<query xmlns='" NS_REGISTER "'><registered/><username/><password/></query>",
		"<query xmlns='" NS_REGISTER "'><x xmlns='" NS_DATA "' type='form'>"
		    "<field var='username'/><field var='password'/>"
		    "<field var='ocr'><required/></field></x></query>",
		"<query xmlns='" NS_REGISTER "'><x xmlns='" NS_DATA "' type='form'>"
		    "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:xdata:signature:oauth1</value>"
		    "</field><field var='username'/><field var='password'/></x></query>",
	};
	struct world *w = *state;
	size_t i;

	w->conf.register_account = true;
	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		w->l.register_form = forms[i];
		if (login(w, FLAW_NONE) || w->why != CLIENT_NO_REGISTER)
			fail_msg("form %zu: %d (%s)", i, w->why, w->text);
		assert_false(leaked(w, PASSWORD));
	}
}

static void
att_D_16__every_refusal_of_an_account_has_its_name(void **state)
{
	static const struct {
		const char *answer;
		enum client_end end;
		int64_t retry;
	} cases[] = {
		{ "<error type='cancel'><conflict xmlns='" NS_STANZAS "'/></error>", CLIENT_CONFLICT, 0 },
		{ "<error type='wait'><resource-constraint xmlns='" NS_STANZAS "'/></error>",
		    CLIENT_WAIT, 0 },
		{ "<error type='wait'><resource-constraint xmlns='" NS_STANZAS "'/>"
		    "<retry xmlns='urn:kith:reason:0' after='7'/></error>", CLIENT_WAIT, 7000 },
		{ "<error type='modify'><not-acceptable xmlns='" NS_STANZAS "'/></error>",
		    CLIENT_UNLIKED, 0 },
		{ "", CLIENT_NO_REGISTER, 0 },
	};
	struct world *w = *state;
	size_t i;

	w->conf.register_account = true;
	w->l.register_form = PLAIN_FORM;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		w->l.register_answer = cases[i].answer;
		assert_false(login(w, FLAW_NONE));
		if (w->why != cases[i].end)
			fail_msg("case %zu: %d (%s)", i, w->why, w->text);
		assert_int_equal(w->retry_after, cases[i].retry);
		assert_int_equal(w->registered, 0);
	}
}

static void
client__no_account_is_made_where_it_could_not_be_used(void **state)
{
	struct world *w = *state;

	w->conf.register_account = true;
	w->l.register_form = PLAIN_FORM;
	w->l.mechs = "PLAIN DIGEST-MD5";
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_WEAK);
	assert_nothing_secret(w, "PLAIN only");
	w->l.mechs = ALL;
	w->l.register_form = NULL;
	assert_false(login(w, FLAW_NONE));
	assert_int_equal(w->why, CLIENT_NO_REGISTER);
	assert_nothing_secret(w, "no registration");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(client__logs_in_with_the_strongest_scram_and_binds),
		T(att_X_25__offered_compression_is_never_taken),
		T(client__stanzas_go_both_ways_once_up),
		T(client__every_good_certificate_is_taken),
		T(client__direct_tls_works),
		T(client__a_name_is_looked_up_without_waiting),
		T(client__a_demanded_session_is_asked_for),
		T(client__plus_binds_to_the_tls_connection),
		T(client__external_is_used_with_a_certificate_of_ours),
		T(att_D_04__no_bad_certificate_is_taken),
		T(att_D_04__the_same_with_direct_tls),
		T(att_D_01_D_04__lying_servers_get_no_proof_and_no_stanza),
		T(att_D_01__without_the_right_signature_no_stanza_leaves),
		T(att_D_09__see_other_host_tells_the_place_and_nothing_follows_it_by_itself),
		T(ruling_42__what_is_proved_but_not_wanted_hears_no_more),
		T(att_D_03__a_salt_of_any_size_costs_nothing),
		T(rec_R_J__certificates_times_offers_times_lies),
		T(att_D_02__only_scram_of_255_offers),
		T(att_D_02__a_failed_login_is_not_followed_by_a_weaker_one),
		T(att_D_02__a_wrong_password_is_refused_not_untrusted),
		T(client__a_server_weaker_than_the_pin_is_refused),
		T(att_D_11__an_address_that_is_not_ours_is_refused),
		T(att_X_02__forged_answers_to_bind_are_passed_over),
		T(client__the_whole_login_has_a_deadline),
		T(client__nobody_listening_is_lost),
		T(client__makes_an_account_and_logs_in_on_the_same_stream),
		T(client__the_roots_are_read_once_for_a_connection),
		T(client__fills_in_a_data_form),
		T(att_D_16__forms_that_want_more_are_refused),
		T(att_D_16__every_refusal_of_an_account_has_its_name),
		T(client__no_account_is_made_where_it_could_not_be_used),
	};

	return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
