/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_test: services and their users on the real roles: who may ask, what
 * credentials count, user tokens, privileges, and what is taken back.
 */
#include "config.h"

#include <sys/stat.h>

#include "tests/unit/operate_support.h"

#include "common/base/hash.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/store/audit.h"
#include "common/store/debt.h"
#include "common/store/token.h"

#define X "urn:xmpp:iot:provisioning"
#define PORTAL "portal@a.example"
#define OTHER "other@a.example"
#define HOUR INT64_C(3600000)

static const char policy[] =
	"allow role family to access portal\n"
	"allow anyone to access portal with ip 10.0.0.0/8\n"
	"deny anyone to access portal with ip 10.6.6.6\n"
	"allow anyone to access portal with user kermit\n"
	"allow anyone to access portal with latitude from 52 to 53 and protocol https\n"
	"allow bob@a.example to use \"Mail\" of portal\n"
	"allow anyone to use \"Public\" of portal\n"
	"allow anyone to use \"Sensors\" of portal with user kermit\n"
	"deny anyone to use \"Sensors.Delete\" of portal\n"
	"allow anyone to access other with ip 10.0.0.0/8\n"
	"allow anyone to use \"Public\" of other\n"
	"allow bob@a.example to befriend gate\n"
	"allow bob@a.example to befriend fence\n"
	"end\n";

struct rig {
	struct hand *h;
	char text[128];		/* the portal's token */
	char name[TOKEN_NAME];
};

static const char *file_of(const struct hand *h)
{
	static char file[128];

	snprintf(file, sizeof(file), "%s/policy", h->place.dir);
	return file;
}

/* As if the service had got it by getToken. */
static void give_token(struct hand *h, const char *jid, const char *seed, char text[static 128],
    char name[static TOKEN_NAME])
{
	uint8_t hash[HASH_BYTES];
	char issued[TOKEN_TEXT];
	struct token t = { .jid = jid, .certificate = (const uint8_t *)seed,
		.certificate_len = strlen(seed), .issued_ms = h->time.wall,
		.until_ms = h->time.wall + 1000 * HOUR };

	hash_bytes(hash, seed, strlen(seed));
	ident_name(t.name, hash);
	MUST(store_begin(h->parts.store, &test_err));
	MUST(token_issue(h->parts.tokens, &t, issued, &test_err));
	MUST(store_commit(h->parts.store, &test_err));
	snprintf(text, 128, "%s", issued);
	memcpy(name, t.name, TOKEN_NAME);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	char name[128], text[512];
	struct hand *h;
	void *made;
	FILE *f;

	assert_non_null(r);
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(hand_set_up(&made), 0);
	r->h = h = made;
	site_close(&h->site);
	kithd_conf_free(&h->conf);
	snprintf(name, sizeof(name), "%s/conf", h->place.dir);
	snprintf(text, sizeof(text), "[component]\njid = " ME "\nsecret_file = x\n[store]\nurl = "
	    "%s\n[provisioning]\npolicy_file = policy\nsecondary_trust = lamp@a.example, b.example\n"
	    "union = gate@a.example\n[limits]\nusers_per_service = 20\n",
	    h->place.url);
	MUST(kithd_conf_parse(&h->conf, name, text, &test_err));
	f = fopen(file_of(h), "w");
	assert_non_null(f);
	assert_true(fputs(policy, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file_of(h), 0600), 0);
	hand_open(h);
	operate_policy_read(h->site, "start");
	give_token(h, PORTAL, "certificate of the portal", r->text, r->name);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;
	void *made = r->h;

	unlink(file_of(r->h));
	assert_int_equal(hand_tear_down(&made), 0);
	free(r);
	return 0;
}

/* ---- what services say ---- */

static const char *access_from(struct rig *r, const char *from, const char *token,
    const char *credentials)
{
	return hand(r->h, "<iq type='get' from='%s/s' to='" ME "' id='q'><canAccess xmlns='" X "' "
	    "serviceToken='%s'>%s</canAccess></iq>", from, token, credentials);
}

static const char *access_with(struct rig *r, const char *credentials)
{
	return access_from(r, PORTAL, r->text, credentials);
}

static void user_in(const char *answer, char out[static 128])
{
	const char *at = strstr(answer, "userToken='");

	if (at == NULL) {
		at = strstr(answer, "userToken=\"");
		if (at == NULL)
			fail_msg("no user token in: %s", answer);
	}
	at += strlen("userToken='");
	snprintf(out, 128, "%.*s", (int)strcspn(at, "'\""), at);
}

static const char *logs_in(struct rig *r, const char *user, const char *name)
{
	return hand(r->h, "<message from='" PORTAL "/s' to='" ME "'><userLoggedIn xmlns='" X "' "
	    "serviceToken='%s' userToken='%s' userName='%s'/></message>", r->text, user, name);
}

static const char *asks_from(struct rig *r, const char *from, const char *token,
    const char *user, const char *privilege)
{
	return hand(r->h, "<iq type='get' from='%s/s' to='" ME "' id='q'><hasPrivilege xmlns='" X
	    "' serviceToken='%s' userToken='%s' privilegeId='%s'/></iq>", from, token, user,
	    privilege);
}

static const char *asks(struct rig *r, const char *user, const char *privilege)
{
	return asks_from(r, PORTAL, r->text, user, privilege);
}

static const char *downloads(struct rig *r, const char *user)
{
	return hand(r->h, "<iq type='get' from='" PORTAL "/s' to='" ME "' id='q'>"
	    "<downloadPrivileges xmlns='" X "' serviceToken='%s' userToken='%s'/></iq>", r->text,
	    user);
}

static void yes(const char *answer)
{
	if (strstr(answer, "result='true'") == NULL && strstr(answer, "result=\"true\"") == NULL)
		fail_msg("no yes: %s", answer);
}

static void no(const char *answer)
{
	if (strstr(answer, "result='false'") == NULL && strstr(answer, "result=\"false\"") == NULL)
		fail_msg("no no: %s", answer);
	has_not(answer, "userToken");
}

static void comes(struct rig *r, char user[static 128])
{
	const char *said = access_with(r, "<ip4 value='10.0.0.1'/>");

	yes(said);
	user_in(said, user);
}

/* ---- 1: who asks ---- */

static void att_P_09__who_has_no_token_of_his_own_gets_the_constant_no(void **state)
{
	struct rig *r = *state;
	char theirs[128], theirs_name[TOKEN_NAME], first[4096], user[128];

	give_token(r->h, OTHER, "certificate of another", theirs, theirs_name);
	snprintf(first, sizeof(first), "%s", access_from(r, PORTAL, "nonsense",
	    "<ip4 value='10.0.0.1'/>"));
	no(first);
	/* Of somebody else; of nobody; with what would be allowed and what would not. */
	assert_string_equal(access_from(r, PORTAL, theirs, "<ip4 value='10.0.0.1'/>"), first);
	assert_string_equal(access_from(r, PORTAL, "x", "<ip4 value='10.6.6.6'/>"), first);
	assert_string_equal(access_from(r, PORTAL, "x", ""), first);
	no(access_from(r, OTHER, r->text, "<ip4 value='10.0.0.1'/>"));
	comes(r, user);
	no(asks_from(r, OTHER, theirs, user, "Public"));
	no(asks_from(r, OTHER, r->text, user, "Public"));
	no(asks_from(r, PORTAL, theirs, user, "Public"));
	no(asks(r, "nonsense", "Public"));
	yes(asks(r, user, "Public"));
}

/* Each of them would be allowed if he were its own. */
static void att_P_25__a_user_is_known_only_to_the_service_he_came_to(void **state)
{
	struct rig *r = *state;
	char theirs[128], second[128], name[TOKEN_NAME], user[128], other_user[128];
	const char *said;

	give_token(r->h, OTHER, "certificate of another", theirs, name);
	give_token(r->h, PORTAL, "second certificate of the portal", second, name);
	comes(r, user);
	said = access_from(r, OTHER, theirs, "<ip4 value='10.0.0.1'/>");
	yes(said);
	user_in(said, other_user);
	yes(asks(r, user, "Public"));
	yes(asks_from(r, OTHER, theirs, other_user, "Public"));
	no(asks_from(r, OTHER, theirs, user, "Public"));
	no(asks(r, other_user, "Public"));
	no(asks_from(r, PORTAL, second, user, "Public"));
}

static void several_service_tokens_are_parted_by_blanks(void **state)
{
	struct rig *r = *state;
	char both[300];

	snprintf(both, sizeof(both), "of-another-server  " ME ":%s", r->text);
	yes(access_from(r, PORTAL, both, "<ip4 value='10.0.0.1'/>"));
}

static void a_revoked_service_takes_its_users_with_it(void **state)
{
	struct rig *r = *state;
	char user[128];

	comes(r, user);
	yes(asks(r, user, "Public"));
	MUST(store_begin(r->h->parts.store, &test_err));
	MUST(token_revoke(r->h->parts.tokens, r->name, &test_err));
	MUST(store_commit(r->h->parts.store, &test_err));
	no(asks(r, user, "Public"));
	no(access_with(r, "<ip4 value='10.0.0.1'/>"));
}

/* ---- 2: credentials ---- */

static void both_forms_of_credentials_mean_the_same(void **state)
{
	struct rig *r = *state;

	yes(access_with(r, "<credentials type='IpAddress' value='10.0.0.1'/>"));
	yes(access_with(r, "<credentials type='IP Address' value='10.0.0.1'/>"));
	yes(access_with(r, "<ip4 value='10.0.0.1'/>"));
	yes(access_with(r, "<ip6 value='::ffff:10.0.0.1'/>"));
	no(access_with(r, "<ip4 value='11.0.0.1'/>"));
	no(access_with(r, "<ip6 value='::ffff:10.6.6.6'/>"));
	yes(access_with(r, "<credentials type='Latitude' value='52.5'/>"
	    "<credentials type='Protocol' value='HTTPS'/>"));
	no(access_with(r, "<latitude value='52.5'/><protocol value='HTTP'/>"));
	no(access_with(r, "<latitude value='53.5'/><protocol value='HTTPS'/>"));
	yes(access_with(r, "<userName value='kermit'/>"));
	no(access_with(r, ""));
	/* What nobody knows is left out. */
	yes(access_with(r, "<ip4 value='10.0.0.1'/><credentials type='Aura' value='green'/>"
	    "<aura value='green'/>"));
}

static void values_that_cannot_be_are_faults(void **state)
{
	static const char *const bad[] = {
		"<ip4 value='10.0.0'/>", "<ip4 value='10.0.0.1/8'/>", "<ip4 value='::1'/>",
		"<ip6 value='10.0.0.1'/>", "<ip6 value='1:2'/>", "<ip4/>",
		"<credentials type='IpAddress' value='here'/>", "<credentials value='x'/>",
		"<credentials type='IpAddress'/>", "<latitude value='91'/>",
		"<longitude value='-180.5'/>", "<latitude value='NaN'/>",
		"<latitude value='52,5'/>", "<protocol value='carrier pigeon'/>",
		"<x509Certificate base64='%%%%'/>", "<x509CertificateThumbprint base64='AAAA'/>",
		"<userName value=''/>", "<userName value='a&#10;b'/>",
		"<userName value='a'/><userName value='b'/>", "<jid value='a@b'/><jid value='c@d'/>",
		"<hostName value='a b'/>",
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		has(access_with(r, bad[i]), "bad-request");
	has(hand(r->h, "<iq type='get' from='" PORTAL "/s' to='" ME "' id='q'><canAccess "
	    "xmlns='" X "'/></iq>"), "bad-request");
	has(asks(r, "x", "A..B"), "bad-request");
	has(asks(r, "x", ".A"), "bad-request");
	has(asks(r, "x", ""), "bad-request");
}

/* Deployed clients keep errors. */
static void att_P_21__an_address_that_is_none_is_a_no(void **state)
{
	struct rig *r = *state;

	no(access_with(r, "<ip4 value='10.0.0.1'/><jid value='@@'/>"));
	yes(access_with(r, "<ip4 value='10.0.0.1'/><jid value='a@a.example/phone'/>"));
	/* Nobody vouches for what that server says (ruling 1). */
	no(access_with(r, "<ip4 value='10.0.0.1'/><jid value='a@remote.example'/>"));
}

static void a_role_counts_for_the_address_that_the_service_says(void **state)
{
	struct rig *r = *state;
	char user[128];

	no(access_with(r, "<jid value='" BOB "'/>"));
	has(operator(r->h, "role|add|family|" BOB), "0\n");
	yes(access_with(r, "<jid value='" BOB "'/>"));
	no(access_with(r, "<jid value='carol@a.example'/>"));
	user_in(access_with(r, "<jid value='Bob@A.example/phone'/>"), user);
	logs_in(r, user, "bob");
	yes(asks(r, user, "Mail"));
	has(operator(r->h, "role|remove|family|" BOB), "0\n");
	no(access_with(r, "<jid value='" BOB "'/>"));
	/* Who may not use it any more has no privileges, token or not. */
	no(asks(r, user, "Mail"));
}

static void certificates_are_known_by_their_digests(void **state)
{
	struct rig *r = *state;
	char line[512], hex[2 * HASH_MAX + 1];
	uint8_t digest[HASH_MAX];
	FILE *f;

	str_hex(hex, digest, hash_digest(160, digest, "kermit's", 8));
	f = fopen(file_of(r->h), "w");
	assert_non_null(f);
	fprintf(f, "allow anyone to access portal with certificate %s\n", hex);
	str_hex(hex, digest, hash_digest(256, digest, "miss piggy's", 12));
	fprintf(f, "allow anyone to access portal with thumbprint %s\nend\n", hex);
	assert_int_equal(fclose(f), 0);
	has(operator(r->h, "policy|load"), "0\n");
	yes(access_with(r, "<x509Certificate base64='a2VybWl0J3M='/>"));
	no(access_with(r, "<x509Certificate base64='a2VybWl0'/>"));
	snprintf(line, sizeof(line), "<credentials type='X.509 Certificate Thumbprint' "
	    "value='%s'/>", hex);
	yes(access_with(r, line));
}

/* ---- 3: privileges ---- */

static void before_the_login_only_where_he_comes_from_counts(void **state)
{
	struct rig *r = *state;
	char user[128];

	user_in(access_with(r, "<ip4 value='10.0.0.1'/><userName value='kermit'/>"
	    "<jid value='" BOB "'/>"), user);
	yes(asks(r, user, "Public"));
	yes(asks(r, user, "Public.News.Today"));
	no(asks(r, user, "Publicity"));
	no(asks(r, user, "Sensors.View"));
	no(asks(r, user, "Mail"));
	has_not(downloads(r, user), "Sensors");
	has(downloads(r, user), "id=");
	has_not(logs_in(r, user, "kermit"), "error");
	yes(asks(r, user, "Sensors.View"));
	no(asks(r, user, "Sensors.Delete"));
	no(asks(r, user, "Sensors.Delete.All"));
	yes(asks(r, user, "Mail"));
	no(asks(r, user, "Root"));
}

static void excludes_stand_before_the_includes_they_take_from(void **state)
{
	struct rig *r = *state;
	const char *list, *exclude, *include;
	char user[128];

	comes(r, user);
	logs_in(r, user, "kermit");
	list = downloads(r, user);
	exclude = strstr(list, "exclude");
	include = strstr(list, "include");
	assert_non_null(exclude);
	assert_non_null(include);
	assert_true(exclude < include);
	has(list, "Sensors.Delete");
	has_not(list, "Mail");
	has_not(downloads(r, "nonsense"), "id=\"Public");
	has(downloads(r, "nonsense"), "downloadPrivilegesResponse");
}

static void a_login_by_iq_is_answered_and_another_name_takes_its_place(void **state)
{
	struct rig *r = *state;
	char user[128];

	comes(r, user);
	has(hand(r->h, "<iq type='set' from='" PORTAL "/s' to='" ME "' id='q'><userLoggedIn "
	    "xmlns='" X "' serviceToken='%s' userToken='%s' userName='kermit'/></iq>", r->text,
	    user), "result");
	yes(asks(r, user, "Sensors.View"));
	logs_in(r, user, "gonzo");
	no(asks(r, user, "Sensors.View"));
	has(hand(r->h, "<iq type='set' from='" PORTAL "/s' to='" ME "' id='q'><userLoggedIn "
	    "xmlns='" X "' serviceToken='%s' userToken='none' userName='kermit'/></iq>", r->text),
	    "forbidden");
	/* A message is never answered. */
	assert_string_equal(logs_in(r, "none", "kermit"), "");
}

static void users_end_by_themselves_and_survive_a_restart(void **state)
{
	struct rig *r = *state;
	char user[128];

	comes(r, user);
	logs_in(r, user, "kermit");
	hand_restart(r->h);
	yes(asks(r, user, "Sensors.View"));
	r->h->time.wall += HOUR + 1;
	r->h->time.boot += HOUR + 1;
	no(asks(r, user, "Sensors.View"));
}

static void att_P_26__users_of_a_service_are_bounded(void **state)
{
	struct rig *r = *state;
	const char *said = "";

	for (int i = 0; i < 25; i++)
		said = access_with(r, "<ip4 value='10.0.0.1'/>");
	has(said, "resource-constraint");
	assert_true(token_count(r->h->parts.tokens) <= 21);
	r->h->time.wall += HOUR + 1;
	r->h->time.boot += HOUR + 1;
	site_tick(r->h->site);
	yes(access_with(r, "<ip4 value='10.0.0.1'/>"));
	assert_true(token_count(r->h->parts.tokens) <= 2);
}

/* What a service may keep is called back when it changes. */
static void a_change_of_the_policy_reaches_the_services_that_asked(void **state)
{
	struct rig *r = *state;
	const struct debt *d;
	bool owed = false;
	char user[128];

	comes(r, user);
	yes(asks(r, user, "Public"));
	has(operator(r->h, "policy|load|text|ZW5kCg=="), "0\n");
	for (size_t i = 0; (d = debt_at(r->h->parts.debts, i)) != NULL; i++)
		owed = owed || (d->kind == DEBT_FLOOR && strcmp(d->peer, PORTAL) == 0);
	assert_true(owed);
	no(asks(r, user, "Public"));
}

/* ---- a service that somebody owns ---- */

static void an_owner_decides_about_his_service_within_what_the_operator_allows(void **state)
{
	struct rig *r = *state;
	char user[128];

	registers(r->h, PORTAL, "7");
	claims(r->h, ALICE, "7");
	types(r->h, ALICE, "name portal portal");
	/* The operator's allow is none of the owner's: he is asked, and it is no. */
	no(access_with(r, "<ip4 value='10.0.0.1'/>"));
	no(access_with(r, "<ip4 value='10.0.0.1'/><jid value='" BOB "'/>"));
	has(types(r->h, ALICE, "questions"), "bob@a.example wants to use");
	types(r->h, ALICE, "allow bob@a.example to access portal");
	yes(access_with(r, "<ip4 value='10.0.0.1'/><jid value='" BOB "'/>"));
	/* But not from where the operator denies it. */
	no(access_with(r, "<ip4 value='10.6.6.6'/><jid value='" BOB "'/>"));
	types(r->h, ALICE, "allow bob@a.example to use \"Sensors\" of portal");
	user_in(access_with(r, "<ip4 value='10.0.0.1'/><jid value='" BOB "'/>"), user);
	logs_in(r, user, "bob");
	yes(asks(r, user, "Sensors.View"));
	no(asks(r, user, "Sensors.Delete"));
	/* Undecided is no, and nobody is asked. */
	no(asks(r, user, "Public"));
	has_not(types(r->h, ALICE, "questions"), "Public");
	types(r->h, ALICE, "deny bob@a.example to access portal");
	no(asks(r, user, "Sensors.View"));
	/* Its owner may do everything with it. */
	yes(access_with(r, "<jid value='" ALICE "'/>"));
}

static void a_service_of_another_generation_is_answered_in_its_own(void **state)
{
	static const char *const all[] = {
		"urn:ieee:iot:prov:d:1.0", "urn:ieee:iot:prov:t:1.0", "urn:nf:iot:prov:t:1.0",
		"urn:nf:iot:prov:d:1.0",
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *said = hand(r->h, "<iq type='get' from='" PORTAL "/s' to='" ME "' id='q'>"
		    "<canAccess xmlns='%s' st='%s'><ip4 value='10.0.0.1'/></canAccess></iq>", all[i],
		    r->text);

		yes(said);
		has(said, all[i]);
	}
}

static const char *befriends(struct rig *r, const char *thing)
{
	return hand(r->h, "<iq type='get' from='%s/r' to='" ME "' id='q'><isFriend xmlns='" X "' "
	    "jid='" BOB "'/></iq>", thing);
}

/* XEP-0324, "Delegating Secondary Trust": as the operator says, with yes and no. */
static void only_things_that_the_operator_lists_may_trust_others(void **state)
{
	struct rig *r = *state;

	registers(r->h, "lamp@a.example", "1");
	claims(r->h, ALICE, "1");
	registers(r->h, "door@a.example", "2");
	claims(r->h, ALICE, "2");
	has(befriends(r, "lamp@a.example"), "secondaryTrustAllowed=\"true\"");
	has_not(befriends(r, "door@a.example"), "secondaryTrust");
	has_not(befriends(r, "nothing@b.example"), "secondaryTrust");
}

static const char *befriends_with_lease(struct rig *r, const char *thing)
{
	return hand(r->h, "<iq type='get' from='%s/r' to='" ME "' id='q'><isFriend xmlns='" X "' "
	    "jid='" BOB "'><lease xmlns='urn:kith:lease:0' floor='0'/></isFriend></iq>", thing);
}

/* XEP-0324, "Working with multiple provisioning servers": only where it is said. */
static void things_that_the_operator_lists_take_the_more_forgiving_word(void **state)
{
	struct rig *r = *state;

	registers(r->h, "gate@a.example", "1");
	claims(r->h, ALICE, "1");
	registers(r->h, "fence@a.example", "2");
	claims(r->h, ALICE, "2");
	has(befriends_with_lease(r, "gate@a.example"), "result=\"true\"");
	has(befriends_with_lease(r, "fence@a.example"), "result=\"false\"");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(att_P_09__who_has_no_token_of_his_own_gets_the_constant_no),
		T(att_P_25__a_user_is_known_only_to_the_service_he_came_to),
		T(things_that_the_operator_lists_take_the_more_forgiving_word),
		T(several_service_tokens_are_parted_by_blanks),
		T(a_revoked_service_takes_its_users_with_it),
		T(both_forms_of_credentials_mean_the_same),
		T(values_that_cannot_be_are_faults),
		T(att_P_21__an_address_that_is_none_is_a_no),
		T(a_role_counts_for_the_address_that_the_service_says),
		T(certificates_are_known_by_their_digests),
		T(before_the_login_only_where_he_comes_from_counts),
		T(excludes_stand_before_the_includes_they_take_from),
		T(a_login_by_iq_is_answered_and_another_name_takes_its_place),
		T(users_end_by_themselves_and_survive_a_restart),
		T(att_P_26__users_of_a_service_are_bounded),
		T(a_change_of_the_policy_reaches_the_services_that_asked),
		T(an_owner_decides_about_his_service_within_what_the_operator_allows),
		T(a_service_of_another_generation_is_answered_in_its_own),
		T(only_things_that_the_operator_lists_may_trust_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
