/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_use_test: tokens from the first certificate to the last answer, by
 * stanzas, with real keys: who gets one, who may use it, what is asked of whom,
 * and what nobody learns.
 */
#include "config.h"

#include <sys/stat.h>

#include "tests/unit/store_support.h"

#include "common/base/str.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "provisioning/challenge.h"
#include "provisioning/get_token.h"
#include "provisioning/serve.h"
#include "tests/unit/certificate_support.h"
#include "tests/unit/words.h"

#define KITH "kith.x.ex"
#define OWNER "olga@x.ex"
#define LAMP "lamp1@x.ex"
#define SERVICE "svc@x.ex"
#define THIEF "eve@x.ex"
#define MINUTE 60000
#define DAY_MS 86400000LL
#define NF "urn:nf:iot:prov:t:1.0"
#define XMPP "urn:xmpp:iot:provisioning"

struct holder {
	EVP_PKEY *key;
	uint8_t *der;
	size_t len;
	const char *jid;
	bool ours;
	char token[128];		/* KITH:... */
	char name[TOKEN_NAME];
};

static struct {
	struct clock_fake hands;
	struct clock clock;
	struct store *store;
	struct ownership *ownership;
	struct debts *debts;
	struct contacts *contacts;
	struct codes *codes;
	struct tokens_table *tokens;
	struct parked_table *parked;
	struct secret key;
	struct stats stats;
	struct provisioning *p;
	struct pool pool;
	struct buf out;
	struct place place;
	bool on_disk;
} w;

/* Keys are made once: RSA takes its time. */
static struct holder rsa, thief, ec, ed;

/* ---- the world ---- */

static void open_world(void)
{
	struct provisioning_conf conf = { .jid = KITH, .read_lease_ms = 900000,
		.control_lease_ms = 300000, .befriend_lease_ms = 900000,
		.max_questions_strangers = 20, .question_ms = 90 * DAY_MS, .code_ms = 7 * DAY_MS,
		.token_ms = 30 * DAY_MS };
	struct provisioning_deps d = { .clock = &w.clock, .hash_key = &w.key, .stats = &w.stats };

	MUST(store_open(&w.store, w.on_disk ? w.place.url : "sqlite::memory:", &test_err));
	MUST(ownership_open(&w.ownership, w.store, &test_err));
	MUST(debts_open(&w.debts, w.store, &w.clock, &w.key, &test_err));
	MUST(contacts_open(&w.contacts, w.store, &w.clock, &test_err));
	MUST(codes_open(&w.codes, w.store, &w.clock, &w.key, &test_err));
	MUST(tokens_open(&w.tokens, w.store, &w.clock, &w.key, &test_err));
	MUST(parked_open(&w.parked, w.store, &w.clock, &test_err));
	d.store = w.store;
	d.ownership = w.ownership;
	d.debts = w.debts;
	d.contacts = w.contacts;
	d.codes = w.codes;
	d.tokens = w.tokens;
	d.parked = w.parked;
	MUST(provisioning_open(&w.p, &conf, &d, &test_err));
}

static void close_world(void)
{
	provisioning_close(&w.p);
	parked_close(&w.parked);
	tokens_close(&w.tokens);
	codes_close(&w.codes);
	contacts_close(&w.contacts);
	debts_close(&w.debts);
	ownership_close(&w.ownership);
	store_close(&w.store);
}

static int begin_world(bool on_disk)
{
	struct owned t = { .id = { 1 }, .jid = LAMP, .owner = OWNER, .epoch = 1, .name = "lamp",
		.state = OWNED, .listed = true };

	memset(&w, 0, sizeof(w));
	w.on_disk = on_disk;
	if (on_disk)
		place_make(&w.place);
	w.hands.wall = w.hands.boot = CERT_NOW;
	w.clock = clock_from_fake(&w.hands);
	test_key(&w.key, 7);
	pool_init(&w.pool, 1024 * 1024);
	buf_init(&w.out, 256 * 1024);
	open_world();
	MUST(store_begin(w.store, &test_err));
	MUST(ownership_put(w.ownership, &t, &test_err));
	MUST(store_commit(w.store, &test_err));
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return begin_world(false);
}

static int set_up_on_disk(void **state)
{
	(void)state;
	return begin_world(true);
}

static int tear_down(void **state)
{
	(void)state;
	close_world();
	if (w.on_disk)
		place_remove(&w.place);
	secret_clear(&w.key);
	pool_fini(&w.pool);
	buf_fini(&w.out);
	return 0;
}

static void pass(int64_t ms)
{
	w.hands.wall += ms;
	w.hands.boot += ms;
}

/* ---- stanzas ---- */

static int serve_one(const struct request *q, struct err *e)
{
	struct reply r = { 0 };
	int ret;

	if (q->verb == VERB_ANSWER)
		return provisioning_answered(w.p, q, e) == -1 ? -1 : 0;
	ret = provisioning_serve(w.p, q, &r, e);
	return ret != 0 ? ret : reply_write(&w.out, q, &r);
}

/* A turn like kithd's; `fails` times it is rolled back before it holds. */
static const char *say_failing(const char *xml, int fails)
{
	const struct route_context rc = { .side = SIDE_SERVICE, .profile = JID_STRINGPREP,
		.self = KITH };
	struct stanza_holder *holder;
	const struct stanza *s = stanza_from_text(&holder, NS_COMPONENT, xml, strlen(xml));
	struct request q;
	enum condition cond;
	struct reply no = { 0 };

	pool_reset(&w.pool);
	buf_reset(&w.out);
	assert_non_null(s);
	switch (route_parse(&rc, s, &w.pool, &q, &cond)) {
	case ROUTE_REFUSED:
		reply_error(&no, cond);
		assert_int_equal(reply_write(&w.out, &q, &no), 0);
		break;
	case ROUTE_SILENCE:
		break;
	case ROUTE_PARSED:
		if (q.verb != VERB_ANSWER && !provisioning_writes(w.p, &q) &&
		    serve_one(&q, &test_err) != PROVISIONING_WRITES)
			break;
		for (; fails > 0; fails--) {
			MUST(store_begin(w.store, &test_err));
			MUST(serve_one(&q, &test_err));
			store_rollback(w.store);
			buf_reset(&w.out);
			provisioning_released(w.p, &w.out);
			assert_int_equal(w.out.len, 0);
		}
		MUST(store_begin(w.store, &test_err));
		MUST(serve_one(&q, &test_err));
		MUST(store_commit(w.store, &test_err));
		provisioning_released(w.p, &w.out);
	}
	stanza_holder_free(&holder);
	return buf_str(&w.out);
}

static const char *say(const char *xml)
{
	return say_failing(xml, 0);
}

static const char *sayf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *sayf(const char *fmt, ...)
{
	static char text[65536];
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(text, sizeof(text), fmt, ap) < (int)sizeof(text));
	va_end(ap);
	return say(text);
}

/* What waited too long is answered. */
static const char *tick(void)
{
	buf_reset(&w.out);
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_tick(w.p, &test_err));
	MUST(store_commit(w.store, &test_err));
	provisioning_released(w.p, &w.out);
	return buf_str(&w.out);
}

#define HAS(text, part) assert_non_null(strstr((text), (part)))
#define HAS_NOT(text, part) assert_null(strstr((text), (part)))

/* Between NAME=" and the next quote. */
static void attribute(const char *xml, const char *name, char *out, size_t size)
{
	char mark[32];
	const char *at;

	snprintf(mark, sizeof(mark), "%s=\"", name);
	at = strstr(xml, mark);
	assert_non_null(at);
	at += strlen(mark);
	assert_true(strcspn(at, "\"") < size);
	memcpy(out, at, strcspn(at, "\""));
	out[strcspn(at, "\"")] = '\0';
}

/* The decoded text of an element. */
static size_t content(const char *xml, const char *element, uint8_t *out, size_t size)
{
	char mark[64];
	const char *at;
	long n;

	snprintf(mark, sizeof(mark), "<%s ", element);
	at = strstr(xml, mark);
	assert_non_null(at);
	at = strchr(at, '>') + 1;
	n = str_unbase64(out, size, at, strcspn(at, "<"));
	assert_true(n > 0);
	return (size_t)n;
}

static const char *base64(const void *data, size_t len)
{
	static char text[2][16384];
	static int turn;
	struct buf b;

	buf_init(&b, 16000);
	str_base64(&b, data, len);
	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s", buf_str(&b));
	buf_fini(&b);
	return text[turn];
}

/* ---- holders of keys ---- */

static void make_holder(struct holder *h, EVP_PKEY *key, const char *jid, bool ours)
{
	struct cert_recipe r = { .key = key, .from_s = -86400, .until_s = 86400 * 365 };
	struct certificate c;

	*h = (struct holder){ .key = key, .jid = jid, .ours = ours };
	h->der = cert_make(&r, &h->len);
	assert_int_equal(certificate_parse(&c, h->der, h->len, CERT_NOW), CERTIFICATE_GOOD);
	memcpy(h->name, c.name, sizeof(h->name));
	certificate_free(&c);
}

static int make_holders(void **state)
{
	(void)state;
	make_holder(&rsa, cert_rsa(2048), SERVICE, false);
	make_holder(&thief, cert_rsa(2048), THIEF, false);
	make_holder(&ec, cert_ec("P-256"), SERVICE, true);
	make_holder(&ed, cert_ed25519(), SERVICE, true);
	return 0;
}

static int free_holders(void **state)
{
	struct holder *all[] = { &rsa, &thief, &ec, &ed };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		EVP_PKEY_free(all[i]->key);
		OPENSSL_free(all[i]->der);
	}
	return 0;
}

/* What the holder says to a challenge. */
static const char *solve(const struct holder *h, const char *purpose, const uint8_t *data,
    size_t len)
{
	const struct secret_part parts[] = { { "urn:kith:token:0", 16 },
		{ purpose, strlen(purpose) }, { KITH, strlen(KITH) },
		{ h->jid, strlen(h->jid) }, { data, len } };
	uint8_t out[1024];
	size_t n;

	if (EVP_PKEY_get_base_id(h->key) == EVP_PKEY_RSA)
		n = cert_decrypt(h->key, data, len, parts, h->ours ? 4 : 0, out, sizeof(out));
	else
		n = cert_sign(h->key, EVP_PKEY_get_base_id(h->key) == EVP_PKEY_EC ?
		    EVP_sha256() : NULL, parts, 5, out, sizeof(out));
	return base64(out, n > 0 ? n : 1);
}

static const char *show(const struct holder *h, const char *ns)
{
	return sayf("<iq type='get' from='%s/1' to='" KITH "' id='g'><getToken xmlns='%s'>%s%s"
	    "</getToken></iq>", h->jid, ns, base64(h->der, h->len),
	    h->ours ? "<proof xmlns='urn:kith:token:0'/>" : "");
}

static const char *respond(const char *jid, const char *ns, const char *seqnr, const char *text)
{
	return sayf("<iq type='get' from='%s/1' to='" KITH "' id='a'>"
	    "<getTokenChallengeResponse xmlns='%s' seqnr='%s'>%s</getTokenChallengeResponse></iq>",
	    jid, ns, seqnr, text);
}

static const char *answer_challenge(const struct holder *h, const char *challenge,
    char seqnr[static 16])
{
	uint8_t data[1024];
	size_t n = content(challenge, "getTokenChallenge", data, sizeof(data));

	attribute(challenge, "seqnr", seqnr, 16);
	return solve(h, "get", data, n);
}

static const char *get_token(struct holder *h, const char *ns)
{
	char seqnr[16];
	const char *said = answer_challenge(h, show(h, ns), seqnr);
	const char *r = respond(h->jid, ns, seqnr, said);

	HAS(r, "<getTokenResponse ");
	attribute(r, "token", h->token, sizeof(h->token));
	return r;
}

/* ---- a certificate becomes a token ---- */

static void a_deployed_client_gets_a_token_in_every_generation(void **state)
{
	static const char *const ns[] = { XMPP, "urn:ieee:iot:prov:t:1.0", NF,
		"urn:nfi:iot:prov:t:1.0" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *r = get_token(&rsa, ns[i]);
		char element[128];

		snprintf(element, sizeof(element), "<getTokenResponse xmlns=\"%s\" token=\"" KITH
		    ":", ns[i]);
		HAS(r, element);
		assert_null(strpbrk(rsa.token, " \t\r\n"));
		assert_int_equal(strlen(rsa.token), strlen(KITH) + 27);
	}
	/* The same certificate: one token, with the name that rules know it by. */
	assert_int_equal(token_count(w.tokens), 1);
	assert_string_equal(token_find(w.tokens, rsa.token)->name, rsa.name);
	assert_string_equal(token_find(w.tokens, rsa.token)->jid, SERVICE);
	assert_int_equal(token_find(w.tokens, rsa.token)->until_ms, CERT_NOW + 30 * DAY_MS);
}

static void keys_that_sign_and_our_own_form_get_tokens_too(void **state)
{
	struct holder with_label = rsa;

	(void)state;
	get_token(&ec, NF);
	assert_true(token_find(w.tokens, ec.token)->knows_ours);
	get_token(&ed, XMPP);
	with_label.ours = true;
	get_token(&with_label, NF);
	assert_int_equal(token_count(w.tokens), 3);
	/* Who does not know our form cannot show a key that only signs. */
	with_label = ec;
	with_label.ours = false;
	HAS(show(&with_label, NF), "<not-acceptable ");
}

static void a_token_ends_with_its_certificate(void **state)
{
	struct cert_recipe r = { .key = rsa.key, .from_s = -10, .until_s = 3600 };
	struct holder h = { .key = rsa.key, .jid = SERVICE };

	(void)state;
	h.der = cert_make(&r, &h.len);
	get_token(&h, NF);
	assert_int_equal(token_find(w.tokens, h.token)->until_ms, CERT_NOW + 3601000);
	/* Not shown to be his before it ended: nothing. */
	{
		char seqnr[16], said[2048];

		snprintf(said, sizeof(said), "%s", answer_challenge(&h, show(&h, NF), seqnr));
		w.hands.wall += 3601000;
		HAS(respond(SERVICE, NF, seqnr, said), "<bad-request ");
	}
	OPENSSL_free(h.der);
}

static void certificates_are_given_to_who_has_the_token(void **state)
{
	static const char ask[] = "<iq type='get' from='any@x.ex/1' to='" KITH "' id='c'>"
	    "<getCertificate xmlns='" NF "'%s%s%s>%s</getCertificate></iq>";
	const char *text;
	uint8_t der[8192];

	(void)state;
	get_token(&rsa, NF);
	text = strchr(rsa.token, ':') + 1;
	assert_int_equal(content(sayf(ask, "", "", "", text), "certificate", der, sizeof(der)),
	    rsa.len);
	assert_memory_equal(der, rsa.der, rsa.len);
	HAS(sayf(ask, "", "", "", rsa.token), "<certificate ");
	HAS(sayf(ask, " token='", text, "'", ""), "<certificate ");
	HAS(sayf(ask, " token='", rsa.token, "'", ""), "<certificate ");
	HAS(sayf(ask, "", "", "", "nothing"), "<item-not-found ");
	HAS(sayf(ask, " token='other.ex:", text, "'", ""), "<item-not-found ");
	HAS(sayf(ask, "", "", "", rsa.name), "<item-not-found ");
}

static uint64_t counted(const char *name)
{
	return *stats_slot(&w.stats, name, "");
}

static void att_P_14__refusals_say_nothing_and_are_counted_by_name(void **state)
{
	struct cert_recipe over = { .key = ed.key, .from_s = -9, .until_s = -1 };
	struct holder h = { .jid = SERVICE, .ours = true };

	(void)state;
	h.der = cert_make(&over, &h.len);
	HAS(show(&h, NF), "<error type=\"modify\"><not-acceptable xmlns=\"urn:ietf:params:xml:ns:"
	    "xmpp-stanzas\"/></error>");
	assert_int_equal(counted("provisioning_certificate_expired"), 1);
	h.len--;
	HAS(show(&h, NF), "<bad-request ");
	assert_int_equal(counted("provisioning_certificate_malformed"), 1);
	OPENSSL_free(h.der);
	assert_int_equal(token_count(w.tokens), 0);
}

static void att_P_11__a_challenge_is_bound_to_address_and_dialect_and_ends(void **state)
{
	char seqnr[16], said[2048];

	(void)state;
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	HAS(respond(THIEF, NF, seqnr, said), "<item-not-found ");
	HAS(respond(SERVICE, XMPP, seqnr, said), "<item-not-found ");
	HAS(respond(SERVICE, NF, "0", said), "<item-not-found ");
	/* It is kept for a minute at least, and none of that used it up. */
	pass(MINUTE + 1);
	HAS(respond(SERVICE, NF, seqnr, said), "<getTokenResponse ");
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	pass(2 * MINUTE);
	HAS(respond(SERVICE, NF, seqnr, said), "<item-not-found ");
}

static void att_P_11__an_answer_counts_once_whatever_it_was(void **state)
{
	int n = getenv("KITH_LONG") != NULL ? 100000 : 20000;
	char seqnr[16], said[2048], first[512];

	(void)state;
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	HAS(respond(SERVICE, NF, seqnr, said), "<getTokenResponse ");
	snprintf(first, sizeof(first), "%s", respond(SERVICE, NF, seqnr, said));
	HAS(first, "<item-not-found ");
	for (int i = 0; i < n; i++)
		assert_string_equal(respond(SERVICE, NF, seqnr, said), first);
	/* A wrong one uses it up: the right one comes too late. */
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	HAS(respond(SERVICE, NF, seqnr, "AAAA"), "<bad-request ");
	HAS(respond(SERVICE, NF, seqnr, said), "<item-not-found ");
}

static void att_P_13__every_wrong_answer_reads_the_same(void **state)
{
	uint8_t plain[64] = { 0 };
	char seqnr[16], first[512] = "";
	const struct holder *all[] = { &rsa, &ec, &ed };

	(void)state;
	for (size_t i = 0; i < 6 * 3; i++) {
		const struct holder *h = all[i / 6];
		long n = str_unbase64(plain, sizeof(plain), "", 0);
		const char *said = answer_challenge(h, show(h, NF), seqnr);
		const char *r;
		char kept[2048];

		snprintf(kept, sizeof(kept), "%s", said);
		n = str_unbase64(plain, 64, kept, strlen(kept));
		if (n < 1)	/* a signature of EC is longer */
			n = 64;
		switch (i % 6) {
		case 0: plain[0] ^= 1; break;
		case 1: plain[n - 1] ^= 0x80; break;
		case 2: n = 1; break;
		case 3: n--; break;
		case 4: n = h == &ed ? 60 : 64; break;
		default: memset(plain, 0, sizeof(plain));
		}
		r = respond(SERVICE, NF, seqnr, base64(plain, (size_t)n));
		if (first[0] == '\0')
			snprintf(first, sizeof(first), "%s", r);
		if (strstr(r, "<bad-request ") == NULL)
			fail_msg("%zu: %s", i, r);
		assert_string_equal(r, first);
	}
	assert_int_equal(counted("provisioning_tokens_unproved"), 18);
	assert_int_equal(token_count(w.tokens), 0);
}

static void what_waits_to_be_answered_is_bounded(void **state)
{
	struct holder h = ed;
	char jid[32];

	(void)state;
	for (int i = 0; i < OPENINGS_PER_JID; i++)
		HAS(show(&ed, NF), "<getTokenChallenge ");
	HAS(show(&ed, NF), "<resource-constraint ");
	h.jid = jid;
	for (int i = 0; i < OPENINGS - OPENINGS_PER_JID; i++) {
		snprintf(jid, sizeof(jid), "s%d@x.ex", i);
		HAS(show(&h, NF), "<getTokenChallenge ");
	}
	snprintf(jid, sizeof(jid), "late@x.ex");
	HAS(show(&h, NF), "<resource-constraint ");
	pass(OPENING_MS);
	HAS(show(&h, NF), "<getTokenChallenge ");
}

static void a_turn_that_is_repeated_gives_the_token_once(void **state)
{
	char seqnr[16], said[2048], xml[4096];
	const char *r;

	(void)state;
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	snprintf(xml, sizeof(xml), "<iq type='get' from='" SERVICE "/1' to='" KITH "' id='a'>"
	    "<getTokenChallengeResponse xmlns='" NF "' seqnr='%s'>%s</getTokenChallengeResponse>"
	    "</iq>", seqnr, said);
	r = say_failing(xml, 2);
	HAS(r, "<getTokenResponse ");
	assert_int_equal(token_count(w.tokens), 1);
	HAS(say(xml), "<item-not-found ");
}

static void a_revoked_certificate_gets_no_token_again(void **state)
{
	char seqnr[16], said[2048];

	(void)state;
	get_token(&rsa, NF);
	snprintf(said, sizeof(said), "%s", answer_challenge(&rsa, show(&rsa, NF), seqnr));
	MUST(store_begin(w.store, &test_err));
	MUST(token_revoke(w.tokens, rsa.name, &test_err));
	MUST(store_commit(w.store, &test_err));
	HAS(respond(SERVICE, NF, seqnr, said), "<not-acceptable ");
	HAS(show(&rsa, NF), "<not-acceptable ");
	assert_int_equal(token_count(w.tokens), 0);
}

/* ---- a token is used ---- */

static void rule(const char *kind, const char *name)
{
	static const uint8_t id[OWNERSHIP_ID] = { 1 };
	struct request q = { .verb = VERB_RULE_ADD, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.from = OWNER, .bare = OWNER, .to = KITH, .pool = &w.pool };
	struct reply r = { 0 };
	char line[256];

	snprintf(line, sizeof(line), "allow %s token %s to read of lamp", kind, name);
	q.u.desk.text = line;
	q.u.desk.thing_id = id;
	MUST(store_begin(w.store, &test_err));
	MUST(provisioning_serve(w.p, &q, &r, &test_err));
	MUST(store_commit(w.store, &test_err));
	if (r.kind != REPLY_RESULT)
		fail_msg("%s: %s", line, r.text != NULL ? r.text : "refused");
}

#define LEASE "<lease xmlns='urn:kith:lease:0' floor='0'/>"
static const char can_read[] = "<iq type='get' from='" LAMP "/x' to='" KITH "' id='%s'>"
    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='%s' %s m='true'><f n='T'/>" LEASE
    "</canRead></iq>";

static const char *ask_with(const char *id, const char *jid, const char *tokens)
{
	return sayf(can_read, id, jid, tokens);
}

static const char *ask(const char *jid, const struct holder *h)
{
	char st[256];

	snprintf(st, sizeof(st), "st='%s'", h->token);
	return ask_with("q", jid, st);
}

/* The thing passes the challenge in `xml` on to `h`, who answers. */
static const char *relayed(const char *xml, const struct holder *h)
{
	uint8_t data[1024];
	size_t n = content(xml, "tokenChallenge", data, sizeof(data));
	const char *at = strstr(xml, "<tokenChallenge");
	char id[64];

	while (at > xml && strncmp(at, "<iq ", 4) != 0)
		at--;
	attribute(at, "id", id, sizeof(id));
	return sayf("<iq type='result' from='" LAMP "/x' to='" KITH "' id='%s'>"
	    "<tokenChallengeResponse xmlns='" NF "'>%s</tokenChallengeResponse></iq>", id,
	    solve(h, "use", data, n));
}

static void ready(struct holder *h)
{
	get_token(h, NF);
	rule("service", h->name);
}

static void a_token_is_challenged_through_the_thing_and_then_counts(void **state)
{
	const struct holder *all[] = { &rsa, &ec, &ed };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct holder *h = (struct holder *)(uintptr_t)all[i];
		const char *r;

		ready(h);
		r = ask(SERVICE, h);
		HAS(r, "<iq type=\"get\" from=\"" KITH "\" to=\"" LAMP "/x\"");
		HAS(r, "<tokenChallenge xmlns=\"" NF "\" token=\"");
		HAS(r, h->token);
		HAS(r, "<shown xmlns=\"urn:kith:token:0\" by=\"" SERVICE "\"/>");
		HAS_NOT(r, "canReadResponse");
		r = relayed(r, h);
		HAS(r, "id=\"q\"");
		HAS(r, "<canReadResponse xmlns=\"urn:nf:iot:prov:d:1.0\" jid=\"" SERVICE
		    "\" result=\"true\" m=\"true\"");
		/* Shown once: from now on there is nothing to ask. */
		HAS(ask(SERVICE, h), "result=\"true\"");
	}
}

static void what_no_rule_names_is_not_challenged(void **state)
{
	(void)state;
	get_token(&rsa, NF);
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	rule("service", ec.name);
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	rule("device", rsa.name);
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	assert_int_equal(counted("provisioning_challenges"), 0);
}

static void att_P_10__a_stolen_token_opens_nothing(void **state)
{
	const char *r;

	(void)state;
	ready(&rsa);
	get_token(&thief, NF);
	r = ask(THIEF, &rsa);
	HAS(r, "by=\"" THIEF "\"");
	r = relayed(r, &thief);
	HAS(r, "result=\"false\"");
	assert_int_equal(counted("provisioning_challenges_failed"), 1);
	/* Nor does it help him that the holder has shown his key. */
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
	HAS(ask(SERVICE, &rsa), "result=\"true\"");
	r = relayed(ask(THIEF, &rsa), &thief);
	HAS(r, "result=\"false\"");
	/* An error is no answer either. */
	{
		char id[64];

		attribute(ask(THIEF, &rsa), "id", id, sizeof(id));
		r = sayf("<iq type='error' from='" LAMP "/x' to='" KITH "' id='%s'><error "
		    "type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
		    "</iq>", id);
		HAS(r, "result=\"false\"");
	}
}

static void att_P_10__who_passes_a_token_on_has_it_for_one_question(void **state)
{
	const char *r;
	char ttl[32];

	(void)state;
	ready(&rsa);
	/* A relay asks with the token of its client, who answers through it. */
	r = relayed(ask(THIEF, &rsa), &rsa);
	HAS(r, "result=\"true\"");
	attribute(r, "ttl", ttl, sizeof(ttl));
	assert_true(strtol(ttl, NULL, 10) <= 60000);
	assert_false(token_is_proved(w.tokens, rsa.name, THIEF));
	/* Alone it gets no further. */
	HAS(relayed(ask(THIEF, &rsa), &thief), "result=\"false\"");
}

static void an_answer_by_anybody_else_is_none(void **state)
{
	const char *r;
	char id[64], first[8192];

	(void)state;
	ready(&rsa);
	snprintf(first, sizeof(first), "%s", ask(SERVICE, &rsa));
	attribute(first, "id", id, sizeof(id));
	assert_string_equal(sayf("<iq type='error' from='" LAMP "/y' to='" KITH "' id='%s'/>",
	    id), "");
	assert_string_equal(sayf("<iq type='error' from='" SERVICE "/1' to='" KITH "' id='%s'/>",
	    id), "");
	r = relayed(first, &rsa);
	HAS(r, "result=\"true\"");
	/* And once is enough. */
	assert_string_equal(relayed(first, &rsa), "");
}

static void silence_is_an_answer_after_four_seconds(void **state)
{
	char first[8192];

	(void)state;
	ready(&rsa);
	snprintf(first, sizeof(first), "%s", ask(SERVICE, &rsa));
	assert_true(provisioning_deadline(w.p) <= CERT_NOW + CHALLENGE_MS);
	pass(CHALLENGE_MS - 1);
	assert_string_equal(tick(), "");
	pass(1);
	HAS(tick(), "result=\"false\"");
	assert_string_equal(relayed(first, &rsa), "");
	/* Asked again it is challenged again. */
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
}

static void ruling_11__what_is_parked_survives_a_restart(void **state)
{
	(void)state;
	ready(&rsa);
	HAS(ask(SERVICE, &rsa), "<tokenChallenge ");
	close_world();
	open_world();
	pass(CHALLENGE_MS);
	HAS(tick(), "<canReadResponse xmlns=\"urn:nf:iot:prov:d:1.0\" jid=\"" SERVICE
	    "\" result=\"false\"");
	assert_string_equal(tick(), "");
}

static void ruling_11__equal_questions_wait_together_and_four_at_most(void **state)
{
	char st[256], first[8192];
	const char *r;

	(void)state;
	ready(&rsa);
	snprintf(st, sizeof(st), "st='%s'", rsa.token);
	snprintf(first, sizeof(first), "%s", ask_with("q1", SERVICE, st));
	HAS(first, "<tokenChallenge ");
	for (int i = 2; i <= 4; i++) {
		char id[8];

		snprintf(id, sizeof(id), "q%d", i);
		assert_string_equal(ask_with(id, SERVICE, st), "");
	}
	/* The fifth is not worth waiting for: decided with what is known. */
	HAS(ask_with("q5", SERVICE, st), "result=\"false\"");
	r = relayed(first, &rsa);
	for (int i = 1; i <= 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "id=\"q%d\"", i);
		HAS(r, id);
	}
	HAS_NOT(r, "result=\"false\"");
	assert_int_equal(counted("provisioning_challenges"), 1);
}

static void a_turn_that_is_repeated_challenges_and_answers_once(void **state)
{
	char xml[2048], id[64], first[8192];
	uint8_t data[1024];
	size_t n;
	const char *r;

	(void)state;
	ready(&rsa);
	snprintf(xml, sizeof(xml), "<iq type='get' from='" LAMP "/x' to='" KITH "' id='q'>"
	    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='" SERVICE "' st='%s' m='true'>" LEASE
	    "</canRead></iq>", rsa.token);
	snprintf(first, sizeof(first), "%s", say_failing(xml, 2));
	attribute(first, "id", id, sizeof(id));
	HAS(first, "<tokenChallenge ");
	assert_null(strstr(strstr(first, "<tokenChallenge ") + 1, "<tokenChallenge "));
	n = content(first, "tokenChallenge", data, sizeof(data));
	snprintf(xml, sizeof(xml), "<iq type='result' from='" LAMP "/x' to='" KITH "' id='%s'>"
	    "<tokenChallengeResponse xmlns='" NF "'>%s</tokenChallengeResponse></iq>", id,
	    solve(&rsa, "use", data, n));
	r = say_failing(xml, 2);
	HAS(r, "result=\"true\"");
	assert_true(token_is_proved(w.tokens, rsa.name, SERVICE));
}

static void several_tokens_are_challenged_one_by_one(void **state)
{
	char st[512], first[16384];
	const char *r;

	(void)state;
	ready(&rsa);
	ready(&ec);
	get_token(&ed, NF);
	snprintf(st, sizeof(st), "st='%s other.ex:abc %s %s'", rsa.token, ec.token, ed.token);
	snprintf(first, sizeof(first), "%s", ask_with("q", SERVICE, st));
	r = strstr(first, "<tokenChallenge ");
	assert_non_null(strstr(r + 1, "<tokenChallenge "));
	assert_int_equal(counted("provisioning_challenges"), 2);
	/* One key that was shown is enough for what its rule allows, once all have answered. */
	assert_string_equal(relayed(first, &rsa), "");
	r = strstr(strstr(first, "<tokenChallenge ") + 1, "<iq ");
	HAS(relayed(r, &thief), "result=\"true\"");
	assert_true(token_is_proved(w.tokens, rsa.name, SERVICE));
	assert_false(token_is_proved(w.tokens, ec.name, SERVICE));
}

static void what_is_over_revoked_or_of_another_server_counts_for_nothing(void **state)
{
	char st[256];

	(void)state;
	ready(&rsa);
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
	snprintf(st, sizeof(st), "st='other.ex:%s'", strchr(rsa.token, ':') + 1);
	HAS(ask_with("q", SERVICE, st), "result=\"false\"");
	HAS(ask_with("q", SERVICE, "st='nothing'"), "result=\"false\"");
	pass(30 * DAY_MS);
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	get_token(&rsa, NF);
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
	MUST(store_begin(w.store, &test_err));
	MUST(token_revoke(w.tokens, rsa.name, &test_err));
	MUST(store_commit(w.store, &test_err));
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	assert_true(counted("provisioning_tokens_ignored") >= 4);
}

static void revoked_while_it_is_challenged_it_is_worth_nothing(void **state)
{
	char first[8192];

	(void)state;
	ready(&rsa);
	snprintf(first, sizeof(first), "%s", ask(SERVICE, &rsa));
	MUST(store_begin(w.store, &test_err));
	MUST(token_revoke(w.tokens, rsa.name, &test_err));
	MUST(store_commit(w.store, &test_err));
	HAS(relayed(first, &rsa), "result=\"false\"");
}

static void a_user_is_vouched_for_by_his_service_or_by_his_own_address(void **state)
{
	struct token user = { .jid = SERVICE, .name = "uuuuuuuuuuuuuuuuuuuuuuuuuu",
		.issued_ms = CERT_NOW, .until_ms = CERT_NOW + DAY_MS };
	char text[TOKEN_TEXT], ut[128];

	(void)state;
	get_token(&rsa, NF);
	user.service = rsa.name;
	MUST(store_begin(w.store, &test_err));
	MUST(token_issue(w.tokens, &user, text, &test_err));
	MUST(store_commit(w.store, &test_err));
	rule("user", user.name);
	snprintf(ut, sizeof(ut), "ut='" KITH ":%s'", text);
	HAS(relayed(ask_with("q", SERVICE, ut), &rsa), "result=\"true\"");
	HAS(relayed(ask_with("q", THIEF, ut), &thief), "result=\"false\"");
	/* It is of a user: as that of a service it is nothing, whatever a rule says. */
	rule("service", user.name);
	ut[0] = 's';
	HAS(ask_with("q", SERVICE, ut), "result=\"false\"");
	/* Given to the user himself, he needs no key. */
	memcpy(user.name, "vvvvvvvvvvvvvvvvvvvvvvvvvv", TOKEN_NAME);
	user.jid = "ann@x.ex";
	MUST(store_begin(w.store, &test_err));
	MUST(token_issue(w.tokens, &user, text, &test_err));
	MUST(store_commit(w.store, &test_err));
	rule("user", user.name);
	snprintf(ut, sizeof(ut), "ut='%s'", text);
	HAS(ask_with("q", "ann@x.ex", ut), "result=\"true\"");
	HAS(relayed(ask_with("q", THIEF, ut), &thief), "result=\"false\"");
}

/* What `who` reads when he does that; NULL: it is refused. */
static const char *desk(const char *who, enum verb verb, const char *name)
{
	struct request q = { .verb = verb, .kind = STANZA_MESSAGE, .type = IQ_NOT, .from = who,
		.bare = who, .to = KITH, .pool = &w.pool };
	struct reply r = { 0 };
	static char text[4096];

	pool_reset(&w.pool);
	q.u.desk.name = name;
	q.u.desk.yes_no = ANSWER_YES;
	q.by_operator = who == NULL;
	MUST(store_begin(w.store, &test_err));
	MUST(who == NULL ? provisioning_operate(w.p, &q, &r, &test_err) :
	    provisioning_serve(w.p, &q, &r, &test_err));
	MUST(store_commit(w.store, &test_err));
	if (r.kind != REPLY_RESULT)
		return NULL;
	snprintf(text, sizeof(text), "%s", in_words(r.text));
	return text;
}

static void an_owner_sees_tokens_and_takes_back_what_his_rules_allow_them(void **state)
{
	char line[128];
	const char *r;

	(void)state;
	HAS(desk(OWNER, VERB_TOKENS, NULL), "No token was shown");
	get_token(&ec, NF);
	HAS(ask(SERVICE, &ec), "result=\"false\"");
	r = desk(OWNER, VERB_TOKENS, NULL);
	snprintf(line, sizeof(line), "service token %s: of " SERVICE ", since 2001-09-09, until "
	    "2001-10-09, shown at lamp", ec.name);
	HAS(r, line);
	HAS(desk("other@x.ex", VERB_TOKENS, NULL), "No token was shown");
	ready(&rsa);
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
	assert_null(desk("other@x.ex", VERB_TOKEN_REVOKE, rsa.name));
	assert_null(desk(OWNER, VERB_TOKEN_REVOKE, ec.name));
	HAS(ask(SERVICE, &rsa), "result=\"true\"");
	HAS(desk(OWNER, VERB_TOKEN_REVOKE, rsa.name), "1 of your rules is gone");
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	/* Other owners' rules are theirs: the token itself is as it was. */
	assert_non_null(token_find(w.tokens, rsa.token));
}

static void the_operator_ends_a_token_for_everybody_and_things_forget(void **state)
{
	(void)state;
	ready(&rsa);
	HAS(relayed(ask(SERVICE, &rsa), &rsa), "result=\"true\"");
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 0);
	assert_null(desk(NULL, VERB_TOKEN_REVOKE, "short"));
	HAS(desk(NULL, VERB_TOKEN_REVOKE, rsa.name), "1 tokens are worth nothing");
	HAS(ask(SERVICE, &rsa), "result=\"false\"");
	assert_int_equal(debt_count_of(w.debts, DEBT_FLOOR), 1);
	HAS(show(&rsa, NF), "<not-acceptable ");
}

static void att_P_09__who_is_no_thing_starts_no_challenge(void **state)
{
	char xml[2048], first[1024];

	(void)state;
	ready(&rsa);
	snprintf(xml, sizeof(xml), "<iq type='get' from='" THIEF "/1' to='" KITH "' id='q'>"
	    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='" SERVICE "' st='%s' m='true'/></iq>",
	    rsa.token);
	snprintf(first, sizeof(first), "%s", say(xml));
	HAS(first, "result=\"false\"");
	snprintf(xml, sizeof(xml), "<iq type='get' from='" THIEF "/1' to='" KITH "' id='q'>"
	    "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='" SERVICE "' st='nothing' m='true'/></iq>");
	assert_string_equal(say(xml), first);
	assert_int_equal(counted("provisioning_challenges"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deployed_client_gets_a_token_in_every_generation),
		TEST(keys_that_sign_and_our_own_form_get_tokens_too),
		TEST(a_token_ends_with_its_certificate),
		TEST(certificates_are_given_to_who_has_the_token),
		TEST(att_P_14__refusals_say_nothing_and_are_counted_by_name),
		TEST(att_P_11__a_challenge_is_bound_to_address_and_dialect_and_ends),
		TEST(att_P_11__an_answer_counts_once_whatever_it_was),
		TEST(att_P_13__every_wrong_answer_reads_the_same),
		TEST(what_waits_to_be_answered_is_bounded),
		TEST(a_turn_that_is_repeated_gives_the_token_once),
		TEST(a_revoked_certificate_gets_no_token_again),
		TEST(a_token_is_challenged_through_the_thing_and_then_counts),
		TEST(what_no_rule_names_is_not_challenged),
		TEST(att_P_10__a_stolen_token_opens_nothing),
		TEST(att_P_10__who_passes_a_token_on_has_it_for_one_question),
		TEST(an_answer_by_anybody_else_is_none),
		TEST(silence_is_an_answer_after_four_seconds),
		cmocka_unit_test_setup_teardown(ruling_11__what_is_parked_survives_a_restart,
		    set_up_on_disk, tear_down),
		TEST(ruling_11__equal_questions_wait_together_and_four_at_most),
		TEST(a_turn_that_is_repeated_challenges_and_answers_once),
		TEST(several_tokens_are_challenged_one_by_one),
		TEST(what_is_over_revoked_or_of_another_server_counts_for_nothing),
		TEST(revoked_while_it_is_challenged_it_is_worth_nothing),
		TEST(a_user_is_vouched_for_by_his_service_or_by_his_own_address),
		TEST(an_owner_sees_tokens_and_takes_back_what_his_rules_allow_them),
		TEST(the_operator_ends_a_token_for_everybody_and_things_forget),
		TEST(att_P_09__who_is_no_thing_starts_no_challenge),
	};

	return cmocka_run_group_tests(tests, make_holders, free_holders);
}
