/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakelogin: see fakelogin.h.  Each step waits for a text of the client and
 * says the next thing.
 */
#include "config.h"

#include "tests/support/fakelogin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/str.h"
#include "common/wire/ns.h"

#define SALT "QSXCR+Q6sek8bf92"

enum { HEADER_CLEAR, STARTTLS, HEADER_TLS, WISH, REGISTER_SET, RESPONSE, HEADER_BIND, BIND, SESSION, DONE };

static void
begin_tls(struct fakelogin *l)
{
	SSL_CTX_free(l->f->ctx);
	(void)SSL_CTX_up_ref(l->ctx);
	l->f->ctx = l->ctx;
	fake_start_tls(l->f);
}

/* Has `text` come?  Then everything up to behind it is read. */
static const char *
take(struct fakelogin *l, const char *text)
{
	const char *hit = fake_find(l->f, l->at, text);

	if (hit != NULL)
		l->at = (size_t)(hit - l->f->seen.data) + strlen(text);
	return hit;
}

static void
send_header(struct fakelogin *l, const char *from)
{
	fake_sendf(l->f, "<?xml version='1.0'?><stream:stream xmlns='" NS_CLIENT "' xmlns:stream='"
	    NS_STREAMS "' id='x' from='%s'%s>", from,
	    l->lie == LIE_NO_VERSION ? "" : " version='1.0'");
}

static void
send_list(struct fakelogin *l, const char *list, const char *open, const char *close)
{
	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		fake_sendf(l->f, "%s%.*s%s", open, (int)n, list, close);
		list += n + (list[n] == ' ');
	}
}

static void
send_login_features(struct fakelogin *l)
{
	fake_send(l->f, "<stream:features><compression xmlns='http://jabber.org/features/compress'>"
	    "<method>zlib</method></compression><mechanisms xmlns='" NS_SASL "'>");
	send_list(l, l->mechs, "<mechanism>", "</mechanism>");
	fake_send(l->f, "</mechanisms>");
	if (l->bindings != NULL) {
		fake_send(l->f, "<sasl-channel-binding xmlns='" NS_SASL_CB "'>");
		send_list(l, l->bindings, "<channel-binding type='", "'/>");
		fake_send(l->f, "</sasl-channel-binding>");
	}
	if (l->register_form != NULL)
		fake_send(l->f, "<register xmlns='" NS_REGISTER_FEATURE "'/>");
	fake_send(l->f, "</stream:features>");
}

static void
header_clear(struct fakelogin *l)
{
	if (take(l, "<stream:stream") == NULL)
		return;
	send_header(l, l->domain);
	if (l->lie == LIE_EARLY_STANZA)
		fake_send(l->f, "<iq type='get' id='e' from='x'><ping xmlns='" NS_PING "'/></iq>");
	if (l->lie == LIE_SEE_OTHER_HOST)
		fake_send(l->f, "<stream:error><see-other-host xmlns='" NS_STREAM_ERRORS
		    "'>evil.test</see-other-host></stream:error></stream:stream>");
	if (l->lie == LIE_NO_STARTTLS)
		send_login_features(l);
	else
		fake_send(l->f, "<stream:features><starttls xmlns='" NS_TLS "'><required/></starttls>"
		    "</stream:features>");
	l->step = l->lie == LIE_NO_STARTTLS ? WISH : STARTTLS;
}

static void
starttls(struct fakelogin *l)
{
	if (take(l, "<starttls") == NULL)
		return;
	if (l->lie == LIE_FAILURE_TO_TLS) {
		fake_send(l->f, "<failure xmlns='" NS_TLS "'/>");
		l->step = WISH;
		return;
	}
	if (l->lie == LIE_CLEAR_BYTES)
		fake_send(l->f, "<proceed xmlns='" NS_TLS "'/><message from='reg' id='clear'/>");
	else
		fake_send(l->f, "<proceed xmlns='" NS_TLS "'/>");
	begin_tls(l);
	l->at = l->f->seen.len;
	l->step = HEADER_TLS;
}

static void
header_tls(struct fakelogin *l)
{
	if (take(l, "<stream:stream") == NULL)
		return;
	send_header(l, l->lie == LIE_OTHER_DOMAIN ? "other.test" : l->domain);
	send_login_features(l);
	l->step = WISH;
}

/* SCRAM, the server's half */

static void
decode(const char *from, const char *end, char *out, size_t size)
{
	long n = str_unbase64(out, size - 1, from, (size_t)(end - from));

	out[n > 0 ? n : 0] = '\0';
}

static const EVP_MD *
digest_of(const char *mech)
{
	if (str_starts(mech, "SCRAM-SHA3-512"))
		return EVP_sha3_512();
	if (str_starts(mech, "SCRAM-SHA-512"))
		return EVP_sha512();
	return str_starts(mech, "SCRAM-SHA-256") ? EVP_sha256() : EVP_sha1();
}

static void
make_server_first(struct fakelogin *l, const char *client_nonce)
{
	const char *shown = l->lie == LIE_NONCE_UNRELATED ? "cnVsZXMgdGhlIHdhdmVz" : client_nonce;

	(void)snprintf(l->server_first, sizeof(l->server_first), "%sr=%.100s%s,s=%s,i=%u%s",
	    l->lie == LIE_EXTENSION ? "m=x," : "", shown,
	    l->lie == LIE_NONCE_SAME ? "" : "SERVER", l->lie == LIE_SALT_EMPTY ? "" : SALT,
	    l->iterations, l->lie == LIE_OFFER_HASH ? ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=" : "");
}

static void
send_encoded(struct fakelogin *l, const char *element, const char *text)
{
	struct buf b;

	buf_init(&b, 4096);
	str_base64(&b, text, strlen(text));
	fake_sendf(l->f, "<%s xmlns='" NS_SASL "'>%s</%s>", element, b.data, element);
	buf_fini(&b);
}

/* A challenge with a salt of any length, sent as it is made. */
static void
send_huge_salt(struct fakelogin *l, const char *nonce)
{
	struct buf first, b;
	size_t i;

	buf_init(&first, 4 * l->salt_bytes + 1024);
	buf_init(&b, 8 * l->salt_bytes + 2048);
	buf_addf(&first, "r=%.100sSERVER,s=", nonce);
	for (i = 0; i < l->salt_bytes; i += 3)
		buf_adds(&first, "QUFB");
	buf_addf(&first, ",i=%u", l->iterations);
	str_base64(&b, first.data, first.len);
	fake_send(l->f, "<challenge xmlns='" NS_SASL "'>");
	fake_send(l->f, buf_str(&b));
	fake_send(l->f, "</challenge>");
	buf_fini(&first);
	buf_fini(&b);
}

static void
answer_auth(struct fakelogin *l, const char *auth)
{
	const char *mech = strstr(auth, "mechanism='") + strlen("mechanism='");
	const char *text = strchr(mech, '>') + 1, *nonce;

	(void)snprintf(l->mech, sizeof(l->mech), "%.*s", (int)strcspn(mech, "'"), mech);
	decode(text, strchr(text, '<'), l->client_first, sizeof(l->client_first));
	l->step = RESPONSE;
	if (l->failure != NULL) {
		fake_sendf(l->f, "<failure xmlns='" NS_SASL "'><%s/></failure>", l->failure);
	} else if (l->lie == LIE_SUCCESS_AT_ONCE || strcmp(l->mech, "EXTERNAL") == 0) {
		fake_send(l->f, "<success xmlns='" NS_SASL "'/>");
		l->step = HEADER_BIND;
	} else if (l->lie == LIE_STANZA_AS_SUCCESS) {
		fake_send(l->f, "<stream:features><bind xmlns='" NS_BIND "'/></stream:features>");
		l->step = BIND;
	} else {
		nonce = strstr(l->client_first, "r=");
		if (l->lie == LIE_SALT_HUGE) {
			send_huge_salt(l, nonce != NULL ? nonce + 2 : "");
			return;
		}
		make_server_first(l, nonce != NULL ? nonce + 2 : "");
		send_encoded(l, "challenge", l->server_first);
	}
}

static void
mac(const EVP_MD *md, const unsigned char *key, const char *text, unsigned char *out)
{
	unsigned len;

	(void)HMAC(md, key, EVP_MD_get_size(md), (const unsigned char *)text, strlen(text), out, &len);
}

/* For -PLUS: is what the client bound to this very TLS connection? */
static bool
binding_right(const struct fakelogin *l, const char *final)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char got[256], want[256];
	bool exporter = SSL_version(l->f->ssl) >= TLS1_3_VERSION;
	size_t len = (size_t)snprintf((char *)want, sizeof(want), "p=%s,,",
	    exporter ? "tls-exporter" : "tls-unique");
	const char *end = strchr(final, ',');
	long n;

	if (strstr(l->mech, "-PLUS") == NULL)
		return true;
	if (end == NULL)
		return false;
	n = str_unbase64(got, sizeof(got), final + 2, (size_t)(end - final) - 2);
	if (exporter)
		len += SSL_export_keying_material(l->f->ssl, want + len, 32, label, sizeof(label) - 1,
		    NULL, 0, 0) == 1 ? 32 : 0;
	else
		len += SSL_get_peer_finished(l->f->ssl, want + len, 64);
	return n == (long)len && CRYPTO_memcmp(got, want, len) == 0;
}

/* Compares the proof and makes the signature. */
static void
check_proof(struct fakelogin *l, char *final)
{
	const EVP_MD *md = digest_of(l->mech);
	size_t n = (size_t)EVP_MD_get_size(md), i;
	unsigned char salt[64], salted[64], client[64], stored[64], sig[64], server[64], got[64];
	char auth[2048], *proof = strstr(final, ",p=");
	const char *bare = strstr(l->client_first, "n=");
	long salt_len = str_unbase64(salt, sizeof(salt), SALT, strlen(SALT));

	if (proof == NULL || bare == NULL)
		return;
	*proof = '\0';
	(void)snprintf(auth, sizeof(auth), "%s,%s,%s", bare, l->server_first, final);
	(void)PKCS5_PBKDF2_HMAC(l->password, -1, salt, (int)salt_len, (int)l->iterations, md, (int)n, salted);
	mac(md, salted, "Client Key", client);
	(void)EVP_Digest(client, n, stored, NULL, md, NULL);
	mac(md, stored, auth, sig);
	mac(md, salted, "Server Key", server);
	mac(md, server, auth, l->verify);
	l->verify_len = (unsigned)n;
	for (i = 0; i < n; i++)
		client[i] ^= sig[i];
	l->proof_right = str_unbase64(got, sizeof(got), proof + 3, strlen(proof + 3)) == (long)n &&
	    CRYPTO_memcmp(got, client, n) == 0 && binding_right(l, final);
}

static void
response(struct fakelogin *l)
{
	const char *hit = take(l, "<response"), *text, *end;
	char final[1024], signature[160];
	struct buf b;

	if (hit == NULL)
		return;
	text = strchr(hit, '>') + 1;
	end = strchr(text, '<');
	if (end == NULL)
		return;
	decode(text, end, final, sizeof(final));
	check_proof(l, final);
	if (!l->proof_right) {
		fake_send(l->f, "<failure xmlns='" NS_SASL "'><not-authorized/></failure>");
		l->step = DONE;
		return;
	}
	if (l->lie == LIE_V_WRONG)
		l->verify[0] ^= 1;
	buf_init(&b, sizeof(signature));
	str_base64(&b, l->verify, l->verify_len);
	(void)snprintf(signature, sizeof(signature), "v=%s", b.data);
	buf_fini(&b);
	if (l->lie == LIE_V_MISSING)
		fake_send(l->f, "<success xmlns='" NS_SASL "'/>");
	else
		send_encoded(l, "success", signature);
	l->step = HEADER_BIND;
}

/* The client's wish: an account or a login. */

static void
id_of(const char *iq, char out[64])
{
	const char *id = strstr(iq, "id=");

	out[0] = '\0';
	if (id != NULL)
		(void)snprintf(out, 64, "%.*s", (int)strcspn(id + 4, "'\""), id + 4);
}

static void
wish(struct fakelogin *l)
{
	const char *iq = fake_find(l->f, l->at, "<iq"), *end = fake_find(l->f, l->at, "</iq>");
	const char *auth = fake_find(l->f, l->at, "<auth");
	char id[64];

	if (auth != NULL && strchr(auth, '>') != NULL && strstr(auth, "</auth>") != NULL) {
		l->at = (size_t)(strstr(auth, "</auth>") - l->f->seen.data);
		answer_auth(l, auth);
	} else if (iq != NULL && end != NULL) {
		l->at = (size_t)(end - l->f->seen.data) + 5;
		id_of(iq, id);
		if (l->register_form == NULL) {
			fake_sendf(l->f, "<iq type='error' id='%s'/>", id);
			return;
		}
		fake_sendf(l->f, "<iq type='result' id='%s' from='%s'>%s</iq>", id, l->domain,
		    l->register_form);
		l->step = REGISTER_SET;
	}
}

static void
register_set(struct fakelogin *l)
{
	const char *iq = fake_find(l->f, l->at, "<iq"), *end = fake_find(l->f, l->at, "</iq>");
	char id[64];

	if (iq == NULL || end == NULL)
		return;
	l->at = (size_t)(end - l->f->seen.data) + 5;
	id_of(iq, id);
	l->step = WISH;
	l->registered = l->register_answer == NULL;
	if (l->registered)
		fake_sendf(l->f, "<iq type='result' id='%s'/>", id);
	else
		fake_sendf(l->f, "<iq type='error' id='%s'>%s</iq>", id, l->register_answer);
}

static void
header_bind(struct fakelogin *l)
{
	if (take(l, "<stream:stream") == NULL)
		return;
	send_header(l, l->domain);
	fake_sendf(l->f, "<stream:features><bind xmlns='" NS_BIND "'><required/></bind>"
	    "<session xmlns='" NS_SESSION "'>%s</session>%s</stream:features>",
	    l->session ? "" : "<optional/>", l->more_features != NULL ? l->more_features : "");
	l->step = BIND;
}

static void
bind(struct fakelogin *l)
{
	const char *iq = fake_find(l->f, l->at, "<iq"), *end = fake_find(l->f, l->at, "</iq>");
	const char *user = l->lie == LIE_BIND_OTHER ? "other" : l->user;
	static const char answer[] = "<iq type='%s' id='%s'%s><bind xmlns='" NS_BIND "'>"
	    "<jid>%s@%s/r</jid></bind></iq>";
	char id[64];

	if (iq == NULL || end == NULL)
		return;
	l->at = (size_t)(end - l->f->seen.data) + 5;
	id_of(iq, id);
	if (l->lie == LIE_BIND_FORGED_ID) {
		fake_sendf(l->f, answer, "result", "no", "", user, "evil.test");
		fake_sendf(l->f, answer, "result", id, " from='mallory@evil.test/x'", user, "evil.test");
		fake_sendf(l->f, answer, "get", id, "", user, "evil.test");
		fake_sendf(l->f, "<message type='result' id='%s'/>", id);
	}
	fake_sendf(l->f, answer, "result", id, "", user, l->domain);
	l->bound = true;
	l->step = l->session ? SESSION : DONE;
}

static void
session(struct fakelogin *l)
{
	const char *iq = fake_find(l->f, l->at, "<iq"), *end = fake_find(l->f, l->at, "</iq>");
	char id[64];

	if (iq == NULL || end == NULL)
		return;
	id_of(iq, id);
	fake_sendf(l->f, "<iq type='result' id='%s' from='%s@%s/r'/>", id, l->user, l->domain);
	l->step = DONE;
}

static void
on_step(void *arg)
{
	static void (*const steps[])(struct fakelogin *) = {
		[HEADER_CLEAR] = header_clear, [STARTTLS] = starttls, [HEADER_TLS] = header_tls,
		[WISH] = wish, [REGISTER_SET] = register_set, [RESPONSE] = response,
		[HEADER_BIND] = header_bind, [BIND] = bind, [SESSION] = session,
	};
	struct fakelogin *l = arg;
	unsigned before;

	if (l->direct_tls && l->step == HEADER_CLEAR && l->f->fd >= 0) {
		begin_tls(l);
		l->step = HEADER_TLS;
	}
	do {
		before = l->step;
		if (l->step < DONE)
			steps[l->step](l);
	} while (l->step != before);
}

void
fakelogin_start(struct fakelogin *l, struct fake *f)
{
	l->f = f;
	if (l->iterations == 0)
		l->iterations = 4096;
	f->script = on_step;
	f->script_arg = l;
}
