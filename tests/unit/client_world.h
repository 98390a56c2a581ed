/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_world: one client and the scripted server that it logs in to, for
 * client_test.c (logins) and client_session_test.c (what comes after).  What is
 * looked at is not only how it ended but every byte that left us.
 */
#ifndef TESTS_UNIT_CLIENT_WORLD_H
#define TESTS_UNIT_CLIENT_WORLD_H

#include "common/wire/client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "tests/support/fakeca.h"
#include "tests/support/fakelogin.h"

#define DOMAIN "a.b.test"	/* three labels: a partial wildcard could match */
#define USER "thing1"
#define PASSWORD "sesame-open-4711"
#define ALL "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"
#define PLAIN_FORM "<query xmlns='" NS_REGISTER "'><instructions>i</instructions><username/><password/></query>"
#define DATA_FORM "<query xmlns='" NS_REGISTER "'><username/><password/><email/><x xmlns='" NS_DATA \
	"' type='form'><field type='hidden' var='FORM_TYPE'><value>" NS_REGISTER "</value></field>" \
	"<field var='username' type='text-single'><required/></field>" \
	"<field var='password' type='text-private'><required/></field><field var='email'/></x></query>"
#define PATIENCE 4000

struct world {
	struct fake f;
	struct fakelogin l;
	struct clock_fake hands;
	struct clock clock;
	struct secret password;
	struct client_conf conf;
	struct client *c;
	struct fake_peer peer;
	unsigned ups, downs, registered, stanzas, proved;
	bool unwanted;
	enum client_end why;
	int64_t retry_after;
	char text[ERR_TEXT];
	char jid[200];
	char last[100];
	struct sasl_pin pin;
	struct resume resume;
	unsigned resumed;
};

static struct fakeca ca;

static inline void
on_registered(void *arg)
{
	((struct world *)arg)->registered++;
}

static inline void
on_up(void *arg, const char *jid, const struct sasl_pin *pin)
{
	struct world *w = arg;

	w->ups++;
	w->pin = *pin;
	(void)snprintf(w->jid, sizeof(w->jid), "%s", jid);
}

static inline void
on_resumed(void *arg, const struct sasl_pin *pin)
{
	(void)pin;
	((struct world *)arg)->resumed++;
}

static inline void
on_stanza(void *arg, const struct stanza *s)
{
	struct world *w = arg;
	const char *id = stanza_attr(s, "id");

	w->stanzas++;
	(void)snprintf(w->last, sizeof(w->last), "%s", id != NULL ? id : "-");
}

static inline void on_oversize(void *arg, const struct stanza_head *h) { (void)arg; (void)h; }

static inline void
on_down(void *arg, enum client_end why, const char *text, int64_t retry_after)
{
	struct world *w = arg;

	w->downs++;
	w->why = why;
	w->retry_after = retry_after;
	(void)snprintf(w->text, sizeof(w->text), "%s", text);
}

static inline bool
on_proved(void *arg)
{
	struct world *w = arg;

	w->proved++;
	return !w->unwanted;
}

static const struct client_ops ops = {
	.proved = on_proved, .registered = on_registered, .up = on_up, .stanza = on_stanza,
	.oversize = on_oversize, .down = on_down, .resumed = on_resumed,
};

static inline int peer_fd(void *arg) { return client_fd(((struct world *)arg)->c); }
static inline short peer_events(void *arg) { return client_events(((struct world *)arg)->c); }
static inline void peer_run(void *arg, short r) { client_run(((struct world *)arg)->c, r); }

static inline int64_t
peer_deadline(void *arg)
{
	struct world *w = arg;
	int64_t d = client_deadline(w->c);

	return d >= 0 && d <= w->hands.boot ? d : -1;
}

static inline int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->hands.boot = 1000;
	w->clock = clock_from_fake(&w->hands);
	assert_int_equal(secret_set(&w->password, PASSWORD, strlen(PASSWORD), NULL), 0);
	fake_listen(&w->f);
	resume_init(&w->resume, 100000);
	w->conf = (struct client_conf){
		.domain = DOMAIN, .host = "127.0.0.1", .port = w->f.port, .user = USER,
		.password = &w->password, .ca_file = ca.file, .clock = &w->clock, .timeout_ms = 30000
	};
	w->l = (struct fakelogin){ .domain = DOMAIN, .user = USER, .password = PASSWORD, .mechs = ALL };
	w->peer = (struct fake_peer){ peer_fd, peer_events, peer_deadline, peer_run, w };
	*state = w;
	return 0;
}

static inline int
teardown(void **state)
{
	struct world *w = *state;

	client_free(&w->c);
	resume_fini(&w->resume);
	fake_fini(&w->f);
	SSL_CTX_free(w->l.ctx);
	secret_clear(&w->password);
	free(w);
	return 0;
}

static inline bool
is_settled(void *arg)
{
	const struct world *w = arg;

	return w->ups > 0 || w->downs > 0 || w->resumed > 0;
}
static inline bool is_down(void *arg) { return ((struct world *)arg)->downs > 0; }
static inline bool has_stanza(void *arg) { return ((struct world *)arg)->stanzas > 0; }

/* One login from the beginning; true when it came up. */
static inline bool
login(struct world *w, enum fake_flaw flaw)
{
	client_free(&w->c);
	fake_hang_up(&w->f);
	buf_reset(&w->f.seen);
	buf_reset(&w->f.clear);
	w->ups = w->downs = w->registered = w->stanzas = w->proved = 0;
	SSL_CTX_free(w->l.ctx);
	w->l.ctx = fakeca_server(&ca, DOMAIN, flaw);
	w->conf.ca_file = fakeca_file(&ca, flaw);
	w->l.step = 0;
	w->l.at = 0;
	w->l.bound = w->l.proof_right = w->l.registered = false;
	fakelogin_start(&w->l, &w->f);
	w->c = client_new(&w->conf, &ops, w, NULL);
	assert_non_null(w->c);
	if (!fake_wait(&w->f, &w->peer, is_settled, w, PATIENCE))
		fail_msg("%s, lie %d: neither success nor failure; server at step %u", fake_flaw_name(flaw),
		    w->l.lie, w->l.step);
	fake_settle(&w->f, &w->peer);
	return w->ups > 0;
}

/* What must never have left us before the server proved itself. */
static inline bool
leaked(const struct world *w, const char *text)
{
	return fake_find(&w->f, 0, text) != NULL;
}

static inline void
assert_nothing_secret(const struct world *w, const char *what)
{
	/* base64 of "\0thing1\0sesame-open-4711", the PLAIN message */
	static const char plain[] = "AHRoaW5nMQBzZXNhbWUtb3Blbi00NzEx";

	if (leaked(w, PASSWORD) || leaked(w, plain))
		fail_msg("%s: the password left us", what);
	if (leaked(w, "<response"))
		fail_msg("%s: a proof left us", what);
	if (leaked(w, "<iq") || leaked(w, "<message") || leaked(w, "<presence"))
		fail_msg("%s: a stanza left us", what);
}

static inline int
make_ca(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);	/* for the fake server's OpenSSL, not for us */
	fakeca_init(&ca);
	return 0;
}

static inline int
drop_ca(void **state)
{
	(void)state;
	fakeca_fini(&ca);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
