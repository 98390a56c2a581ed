/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd: see crowd.h.  Sockets, TLS and logins; SCRAM is from OpenSSL's primitives,
 * not from the code under test.
 *
 * usage: crowd		says "PORT CA_FILE", then "read ..." after each SIGUSR1
 */
#include "config.h"

#include "tests/bench/crowd.h"

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/stanza.h"
#include "tests/support/fakeca.h"

#define NAMES 16384
#define ITERATIONS 4096
#define SALT "kith crowd salt."

static struct member *members, *by_name[NAMES];
static int epoll;
static SSL_CTX *tls;
static volatile sig_atomic_t over, wanted;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		wanted = 1;
	else
		over = 1;
}

/* ---- accounts and SCRAM -------------------------------------------------------- */

static struct member **place_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return &by_name[h % NAMES];
}

static struct member *find(const char *name)
{
	struct member *m = *place_of(name);

	while (m && strcmp(m->name, name) != 0)
		m = m->next_of_name;
	return m;
}

static void mac(const unsigned char *key, const char *text, unsigned char out[32])
{
	unsigned len = 0;

	(void)HMAC(EVP_sha256(), key, 32, (const unsigned char *)text, strlen(text), out, &len);
}

static void add(const char *name, const char *password)
{
	struct member *m = calloc(1, sizeof(*m));
	unsigned char salted[32], key[32];

	if (!m || str_copy(m->name, sizeof(m->name), name) < 0)
		errx(1, "no room for %s", name);
	(void)PKCS5_PBKDF2_HMAC(password, -1, (const unsigned char *)SALT, sizeof(SALT) - 1,
	    ITERATIONS, EVP_sha256(), 32, salted);
	mac(salted, "Client Key", key);
	(void)EVP_Digest(key, 32, m->stored, NULL, EVP_sha256(), NULL);
	mac(salted, "Server Key", m->server);
	m->next = members;
	m->next_of_name = *place_of(name);
	*place_of(name) = members = m;
}

struct member *crowd_members(void)
{
	return members;
}

static void say_encoded(struct conn *c, const char *element, const void *data, size_t len)
{
	struct buf b;

	buf_init(&b, 4096);
	str_base64(&b, data, len);
	crowd_say(c, "<%s xmlns='" NS_SASL "'>%s</%s>", element, buf_str(&b), element);
	buf_fini(&b);
}

static void refuse(struct conn *c)
{
	crowd_say(c, "<failure xmlns='" NS_SASL "'><not-authorized/></failure>");
}

static bool decode(const struct stanza *s, char *out, size_t size)
{
	const char *text = stanza_text(s);
	long n = str_unbase64(out, size - 1, text, strlen(text));

	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void take_auth(struct conn *c, const struct stanza *s)
{
	char message[256], name[64];
	const char *bare, *nonce;

	bare = decode(s, message, sizeof(message)) ? strstr(message, "n=") : NULL;
	nonce = bare ? strstr(bare, ",r=") : NULL;
	if (!nonce || str_copy(c->bare, sizeof(c->bare), bare) < 0) {
		refuse(c);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(nonce - bare) - 2, bare + 2);
	c->member = find(name);
	if (!c->member) {
		refuse(c);
		return;
	}
	snprintf(c->first, sizeof(c->first), "r=%.120scrowd,s=a2l0aCBjcm93ZCBzYWx0Lg==,i=%d",
	    nonce + 3, ITERATIONS);
	say_encoded(c, "challenge", c->first, strlen(c->first));
}

/* Of a client-final-message without its proof. */
static bool is_proved(const struct conn *c, const char *auth, const char *proof)
{
	unsigned char sig[32], key[32], stored[32];

	if (str_unbase64(key, sizeof(key), proof, strlen(proof)) != 32)
		return false;
	mac(c->member->stored, auth, sig);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] ^= sig[i];
	(void)EVP_Digest(key, 32, stored, NULL, EVP_sha256(), NULL);
	return CRYPTO_memcmp(stored, c->member->stored, 32) == 0;
}

static void take_response(struct conn *c, const struct stanza *s)
{
	char final[512], auth[1100], verify[64] = "v=", *proof;
	unsigned char sig[32];

	proof = c->member && decode(s, final, sizeof(final)) ? strstr(final, ",p=") : NULL;
	if (proof) {
		*proof = '\0';
		snprintf(auth, sizeof(auth), "%s,%s,%s", c->bare, c->first, final);
	}
	if (!proof || !is_proved(c, auth, proof + 3)) {
		refuse(c);
		return;
	}
	mac(c->member->server, auth, sig);
	(void)EVP_EncodeBlock((unsigned char *)verify + 2, sig, sizeof(sig));
	say_encoded(c, "success", verify, strlen(verify));
	c->step = STEP_AUTHENTICATED;
	parser_restart(c->parser);
}

static void take_account(struct conn *c, const struct stanza *s)
{
	const struct stanza *q = stanza_first(s), *name, *word;
	bool set = stanza_attr(s, "type") && strcmp(stanza_attr(s, "type"), "set") == 0;

	name = stanza_child(q, NS_REGISTER, "username");
	word = stanza_child(q, NS_REGISTER, "password");
	if (set && name && word && !find(stanza_text(name)))
		add(stanza_text(name), stanza_text(word));
	crowd_say(c, "<iq type='result' id='%s' from='" CROWD_DOMAIN "'>%s</iq>",
	    stanza_attr(s, "id"), set ? "" :
	    "<query xmlns='" NS_REGISTER "'><username/><password/></query>");
}

/* Whoever was bound before has lost. */
static void take_bind(struct conn *c, const struct stanza *s)
{
	if (c->member->conn) {
		c->member->conn->gone = true;
		town_leave(c->member);
	}
	c->member->conn = c;
	c->step = STEP_BOUND;
	snprintf(c->full, sizeof(c->full), "%s@" CROWD_DOMAIN "/r", c->member->name);
	crowd_say(c, "<iq type='result' id='%s'><bind xmlns='" NS_BIND "'><jid>%s</jid></bind></iq>",
	    stanza_attr(s, "id"), c->full);
}

/* ---- streams --------------------------------------------------------------------- */

void crowd_say(struct conn *c, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		errx(1, "a stanza of %d bytes", n);
	buf_add(&c->out, text, (size_t)n);
}

/* Until the socket takes no more; what is left goes when it does. */
static void flush(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	ssize_t n = 1;

	while (c->out.len > 0 && n > 0) {
		n = c->ssl ? SSL_write(c->ssl, c->out.data, (int)c->out.len)
		    : send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
		if (n > 0)
			buf_consume(&c->out, (size_t)n);
	}
	if (c->out.len > 0)
		ev.events |= EPOLLOUT;
	else
		buf_fini(&c->out);	/* ten thousand keep nothing */
	(void)epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void take_starttls(struct conn *c, const struct stanza *s)
{
	(void)s;
	crowd_say(c, "<proceed xmlns='" NS_TLS "'/>");
	flush(c);
	c->ssl = SSL_new(tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		errx(1, "no TLS");
	SSL_set_accept_state(c->ssl);
	c->step = STEP_TLS;
	parser_restart(c->parser);
}

static void greet(struct conn *c)
{
	static const char *const features[] = {
		[STEP_CLEAR] = "<starttls xmlns='" NS_TLS "'><required/></starttls>",
		[STEP_TLS] = "<mechanisms xmlns='" NS_SASL "'><mechanism>SCRAM-SHA-256</mechanism>"
		    "</mechanisms><register xmlns='" NS_REGISTER_FEATURE "'/>",
		[STEP_AUTHENTICATED] = "<bind xmlns='" NS_BIND "'><required/></bind>",
		[STEP_BOUND] = "",
	};

	crowd_say(c, "<?xml version='1.0'?><stream:stream xmlns='" NS_CLIENT "' xmlns:stream='"
	    NS_STREAMS "' id='x' from='" CROWD_DOMAIN "' version='1.0'><stream:features>%s"
	    "</stream:features>", features[c->step]);
}

static const struct {
	enum step step;
	const char *ns, *name;		/* of the element, or of the iq's payload */
	void (*take)(struct conn *c, const struct stanza *s);
} steps[] = {
	{ STEP_CLEAR, NS_TLS, "starttls", take_starttls },
	{ STEP_TLS, NS_SASL, "auth", take_auth },
	{ STEP_TLS, NS_SASL, "response", take_response },
	{ STEP_TLS, NS_REGISTER, "query", take_account },
	{ STEP_AUTHENTICATED, NS_BIND, "bind", take_bind },
};

static void take(struct conn *c, const struct stanza *s)
{
	if (c->step == STEP_BOUND) {
		town_take(c, s);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (c->step == steps[i].step && (stanza_is(s, steps[i].ns, steps[i].name) ||
		    stanza_child(s, steps[i].ns, steps[i].name))) {
			steps[i].take(c, s);
			return;
		}
	c->gone = true;
}

/* A restart of the stream ends with the bytes that led to it. */
static void parse(struct conn *c, const char *data, size_t len)
{
	enum step before = c->step;
	size_t used;

	while (len > 0 && !c->gone && (c->step == before || c->step == STEP_BOUND)) {
		switch (parser_next(c->parser, data, len, &used)) {
		case PARSER_OPENED: greet(c); break;
		case PARSER_STANZA: take(c, parser_stanza(c->parser)); break;
		case PARSER_MORE: break;
		default: c->gone = true; break;
		}
		data += used;
		len -= used;
	}
}

static void hear(struct conn *c)
{
	char data[16384];
	bool again;
	int n, why;

	do {
		SSL *ssl = c->ssl;

		n = ssl ? SSL_read(ssl, data, sizeof(data))
		    : (int)recv(c->fd, data, sizeof(data), 0);
		why = ssl ? SSL_get_error(ssl, n) : 0;
		again = n > 0;
		if (n > 0)
			parse(c, data, (size_t)n);
		else if (ssl ? why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE
		    : n == 0 || errno != EAGAIN)
			c->gone = true;
	} while (again && !c->gone);
}

/* ---- connections ------------------------------------------------------------------- */

static void meet(int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = calloc(1, sizeof(*c));
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

		if (!c || !(c->parser = parser_new(NS_CLIENT, 65536, NULL)))
			errx(1, "no memory");
		c->fd = fd;
		buf_init(&c->out, 65536);
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
			err(1, "epoll");
	}
}

static void part(struct conn *c)
{
	if (c->member && c->member->conn == c) {
		c->member->conn = NULL;
		town_leave(c->member);
	}
	SSL_free(c->ssl);
	(void)close(c->fd);
	parser_free(&c->parser);
	buf_fini(&c->out);
	free(c);
}

static void run(int listener)
{
	struct epoll_event ready[256];

	while (!over) {
		int n = epoll_wait(epoll, ready, 256, -1);

		if (wanted) {
			wanted = 0;
			town_read_all();
			for (struct member *m = members; m; m = m->next)
				if (m->conn)
					flush(m->conn);
		}
		for (int i = 0; i < n; i++) {
			struct conn *c = ready[i].data.ptr;

			if (!c) {
				meet(listener);
				continue;
			}
			hear(c);
			if (!c->gone)
				flush(c);
			else
				part(c);
		}
	}
}

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || epoll < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    listen(fd, 4096) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		err(1, "listen");
	*port = ntohs(a.sin_port);
	return fd;
}

int main(void)
{
	struct rlimit files;
	struct fakeca ca;
	uint16_t port;
	int listener;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	signal(SIGPIPE, SIG_IGN);
	fakeca_init(&ca);
	tls = fakeca_server(&ca, CROWD_DOMAIN, FLAW_NONE);
	(void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	listener = listen_somewhere(&port);
	printf("%u %s\n", port, ca.file);
	fflush(stdout);
	run(listener);
	fakeca_fini(&ca);
	return 0;
}
