/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strophe_peer: a thing of another maker on stock libstrophe: opens its account
 * in-band (not with `again`), logs in, registers, answers the claimed push, asks
 * isFriend.  Shares no code with kith.  Prints a word for each step; boot.py and
 * libstrophe_thing.py read them.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#define NS_DISCOVERY "urn:xmpp:iot:discovery"
#define NS_PROVISIONING "urn:xmpp:iot:provisioning"

struct peer {
	xmpp_ctx_t *ctx;
	const char *port, *domain, *registry, *cafile, *user, *password, *serial, *key;
	bool secured, account, logged_in, done;
};

static void say(const char *what, const char *about)
{
	printf("%s%s%s\n", what, about ? " " : "", about ? about : "");
	fflush(stdout);
}

/* -- opening the account: a raw connection up to the answer of XEP-0077 -- */

static int on_account(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct peer *p = arg;
	const char *type = xmpp_stanza_get_type(stanza);

	p->account = type && strcmp(type, "result") == 0;
	say(p->account ? "account" : "account-refused", NULL);
	xmpp_disconnect(conn);
	return 0;
}

static int on_proceed(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	(void)arg;
	if (strcmp(xmpp_stanza_get_name(stanza), "proceed") == 0 && xmpp_conn_tls_start(conn) == 0)
		xmpp_conn_open_stream_default(conn);
	else
		xmpp_disconnect(conn);
	return 0;
}

static int on_features(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct peer *p = arg;

	(void)stanza;
	if (!xmpp_conn_is_secured(conn)) {
		xmpp_handler_add(conn, on_proceed, XMPP_NS_TLS, NULL, NULL, p);
		xmpp_send_raw_string(conn, "<starttls xmlns='%s'/>", XMPP_NS_TLS);
		return 0;
	}
	xmpp_id_handler_add(conn, on_account, "account", p);
	xmpp_send_raw_string(conn, "<iq type='set' id='account' to='%s'>"
	    "<query xmlns='jabber:iq:register'><username>%s</username><password>%s</password></query></iq>",
	    p->domain, p->user, p->password);
	return 0;
}

static void on_raw(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
    xmpp_stream_error_t *stream_error, void *arg)
{
	struct peer *p = arg;

	(void)error;
	(void)stream_error;
	if (event == XMPP_CONN_RAW_CONNECT)
		xmpp_conn_open_stream_default(conn);
	else if (event == XMPP_CONN_CONNECT)
		xmpp_handler_add(conn, on_features, XMPP_NS_STREAMS, "features", NULL, p);
	else
		xmpp_stop(p->ctx);
}

/* -- the session -- */

static int on_is_friend(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct peer *p = arg;
	xmpp_stanza_t *answer = xmpp_stanza_get_child_by_name(stanza, "isFriendResponse");

	say("is-friend", answer ? xmpp_stanza_get_attribute(answer, "result") : "error");
	p->done = true;
	xmpp_disconnect(conn);
	return 0;
}

static int on_claimed(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct peer *p = arg;
	xmpp_stanza_t *claimed = xmpp_stanza_get_child_by_name_and_ns(stanza, "claimed", NS_DISCOVERY);
	const char *owner = claimed ? xmpp_stanza_get_attribute(claimed, "jid") : NULL;
	const char *from = xmpp_stanza_get_from(stanza);

	if (!owner || !from || strcmp(from, p->registry) != 0)
		return 1;
	say("claimed", owner);
	xmpp_send_raw_string(conn, "<iq type='result' to='%s' id='%s'/>", from,
	    xmpp_stanza_get_id(stanza));
	xmpp_id_handler_add(conn, on_is_friend, "friend", p);
	xmpp_send_raw_string(conn, "<iq type='get' to='%s' id='friend'>"
	    "<isFriend xmlns='" NS_PROVISIONING "' jid='%s'/></iq>", p->registry, owner);
	return 0;
}

static int on_registered(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	const char *type = xmpp_stanza_get_type(stanza);

	(void)conn;
	(void)arg;
	say(type && strcmp(type, "result") == 0 ? "registered" : "register-refused", NULL);
	return 0;
}

static void register_thing(xmpp_conn_t *conn, struct peer *p)
{
	xmpp_handler_add(conn, on_claimed, NS_DISCOVERY, "iq", "set", p);
	xmpp_id_handler_add(conn, on_registered, "register", p);
	xmpp_send_raw_string(conn, "<presence/>");
	xmpp_send_raw_string(conn, "<iq type='set' to='%s' id='register'>"
	    "<register xmlns='" NS_DISCOVERY "'><str name='SN' value='%s'/>"
	    "<str name='MAN' value='strophe.example'/><str name='MODEL' value='Probe'/>"
	    "<num name='V' value='1'/><str name='KEY' value='%s'/></register></iq>",
	    p->registry, p->serial, p->key);
}

static void on_session(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
    xmpp_stream_error_t *stream_error, void *arg)
{
	struct peer *p = arg;

	(void)error;
	(void)stream_error;
	if (event != XMPP_CONN_CONNECT) {
		xmpp_stop(p->ctx);
		return;
	}
	p->logged_in = true;
	say("logged-in", NULL);
	register_thing(conn, p);
}

static xmpp_conn_t *connection(struct peer *p, const char *jid)
{
	xmpp_conn_t *conn = xmpp_conn_new(p->ctx);

	xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_MANDATORY_TLS);
	xmpp_conn_set_cafile(conn, p->cafile);
	xmpp_conn_set_jid(conn, jid);
	return conn;
}

static bool open_account(struct peer *p, unsigned short port)
{
	xmpp_conn_t *conn = connection(p, p->domain);

	if (xmpp_connect_raw(conn, "127.0.0.1", port, on_raw, p) == XMPP_EOK)
		xmpp_run(p->ctx);
	xmpp_conn_release(conn);
	return p->account;
}

static bool session(struct peer *p, unsigned short port)
{
	char jid[256];
	xmpp_conn_t *conn;

	snprintf(jid, sizeof(jid), "%s@%s/strophe", p->user, p->domain);
	conn = connection(p, jid);
	xmpp_conn_set_pass(conn, p->password);
	if (xmpp_connect_client(conn, "127.0.0.1", port, on_session, p) == XMPP_EOK)
		xmpp_run(p->ctx);
	xmpp_conn_release(conn);
	return p->done;
}

int main(int argc, char **argv)
{
	struct peer p = {0};
	unsigned short port;
	bool good;

	if (argc != 9 && (argc != 10 || strcmp(argv[9], "again") != 0)) {
		fprintf(stderr, "usage: strophe_peer PORT DOMAIN REGISTRY CAFILE USER PASSWORD SERIAL "
		    "KEY [again]\n");
		return 64;
	}
	p.port = argv[1];
	p.domain = argv[2];
	p.registry = argv[3];
	p.cafile = argv[4];
	p.user = argv[5];
	p.password = argv[6];
	p.serial = argv[7];
	p.key = argv[8];
	port = (unsigned short)strtoul(p.port, NULL, 10);
	signal(SIGPIPE, SIG_IGN);	/* libstrophe writes to sockets that have closed */
	xmpp_initialize();
	p.ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
	good = (argc == 10 || open_account(&p, port)) && session(&p, port);
	xmpp_ctx_free(p.ctx);
	xmpp_shutdown();
	return good ? 0 : 1;
}
