/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component: XEP-0114 on top of stream.c, with the timers that keep it up.
 * It serves no request: stanzas go to its owner as they come.
 */
#include "config.h"

#include "common/wire/component.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define SECRET_MIN 16
#define BACKOFF_FIRST_MS 250
#define STEADY_MS 10000		/* up that long: the next loss starts backing off anew */
#define CONFLICT_TRIES 4	/* a conflict waits as the fourth failure would */
#define ADDRESSES 4
#define GOODBYE_MS 1000

enum state { WAITING, OPENING, PROVING, UP };

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct component {
	struct component_ops ops;
	void *arg;
	const struct clock *clock;
	char *jid;
	struct secret secret;
	struct stream_limits limits;
	int64_t ping_after, ping_timeout, backoff_cap;
	struct address address[ADDRESSES];
	size_t n_addresses, at;		/* which one is tried */

	enum state state;
	struct stream *stream;
	bool ended;			/* the stream told so; free it soon */
	const char *refusal;		/* why we ended it ourselves */
	unsigned tries;			/* failures in a row */
	int64_t retry_at;
	int64_t attempt_ends;		/* OPENING, PROVING: give up then */
	int64_t up_since;
	int64_t pinged_at;		/* 0: no ping is out */
	char ping_id[IDENT_TEXT];
	uint64_t *n_up, *n_down, *n_conflict, *n_half_open, *n_oversize;
};

/* Settings */

static bool
is_loopback(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

	if (sa->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return sa->ss_family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127));
}

/* Numbers only: a name other than localhost is looked up in component_new. */
static int
find_numeric(const char *host, const char *port, struct address *out)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM
	};
	struct addrinfo *found;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* The proof is a bare SHA-1 without TLS, and the port has no throttle: only
 * this machine and only a long secret are safe (XEP-0114 section 5). */
static int
check_server(const struct component_conf *c, struct err *e)
{
	struct address a;
	int64_t port;

	if (str_to_int(c->port, 1, 65535, &port) != 0)
		return err_set(e, ERR_INPUT, "'%s' is no port", c->port);
	if (c->allow_remote || strcmp(c->host, "localhost") == 0)
		return 0;
	if (find_numeric(c->host, c->port, &a) == 0 && is_loopback(&a.sa))
		return 0;
	return err_set(e, ERR_INPUT, "the component server '%s' is not on this machine; "
	    "the link has no encryption, so this must be allowed explicitly", c->host);
}

int
component_check(const struct component_conf *c, struct err *e)
{
	struct jid jid;

	if (jid_parse(&jid, c->jid, JID_STRINGPREP, e) != 0)
		return -1;
	if (jid.local_len > 0 || jid_has_resource(&jid) || strcmp(jid.text, c->jid) != 0)
		return err_set(e, ERR_INPUT, "a component's address is a domain, in lower case: "
		    "'%s' is not", c->jid);
	if (c->secret == NULL || c->secret->len < SECRET_MIN)
		return err_set(e, ERR_INPUT, "the component secret is shorter than %d characters",
		    SECRET_MIN);
	return check_server(c, e);
}

/* A name is looked up once, at start, because looking up waits. */
static int
find_addresses(struct component *c, const struct component_conf *conf, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found, *a;
	int r;

	if (strcmp(conf->host, "localhost") == 0) {
		c->n_addresses = find_numeric("127.0.0.1", conf->port, &c->address[0]) == 0;
		c->n_addresses += find_numeric("::1", conf->port, &c->address[c->n_addresses]) == 0;
		return 0;
	}
	r = getaddrinfo(conf->host, conf->port, &hints, &found);
	if (r != 0)
		return err_set(e, ERR_AGAIN, "cannot find '%s': %s", conf->host, gai_strerror(r));
	for (a = found; a != NULL && c->n_addresses < ADDRESSES; a = a->ai_next) {
		struct address *to = &c->address[c->n_addresses++];

		memcpy(&to->sa, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
	}
	freeaddrinfo(found);
	return 0;
}

/* Down and up */

static void
count(uint64_t *slot)
{
	if (slot != NULL)
		(*slot)++;
}

/* Full jitter: anything from nothing to the doubled bound. */
static int64_t
backoff(const struct component *c)
{
	unsigned doubled = c->tries > 16 ? 16 : c->tries;
	int64_t bound = (int64_t)BACKOFF_FIRST_MS << doubled;
	uint32_t dice = 0;

	if (bound > c->backoff_cap)
		bound = c->backoff_cap;
	if (ident_random(&dice, sizeof(dice), NULL) != 0)
		return bound;
	return (int64_t)((uint64_t)bound * dice >> 32);
}

static void
went_down(struct component *c, const char *why)
{
	int64_t now = clock_boot(c->clock);

	if (c->state == OPENING && c->at + 1 < c->n_addresses) {
		c->at++;	/* the next address at once */
		c->state = WAITING;
		c->retry_at = now;
		return;
	}
	if (c->state != UP)
		c->at = 0;
	if (c->state == UP && now - c->up_since >= STEADY_MS)
		c->tries = 0;
	if (c->state == UP)
		count(c->n_down);
	c->state = WAITING;
	c->pinged_at = 0;
	c->retry_at = now + backoff(c);
	c->tries++;
	if (c->ops.down != NULL)
		c->ops.down(c->arg, why);
}

static void
came_up(struct component *c)
{
	c->state = UP;
	c->up_since = clock_boot(c->clock);
	count(c->n_up);
	c->ops.up(c->arg);
}

/* What the stream says */

/* XEP-0114 3: the hex SHA-1 of stream id and secret.  Without an id the proof
 * would be the same every time, and good for whoever sees it. */
static int
prove(struct component *c, const char *id)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 &&
	    EVP_DigestUpdate(md, id, strlen(id)) == 1 &&
	    EVP_DigestUpdate(md, c->secret.data, c->secret.len) == 1 &&
	    EVP_DigestFinal_ex(md, digest, &len) == 1;

	EVP_MD_CTX_free(md);
	if (!ok)
		return -1;
	str_hex(hex, digest, len);
	buf_addf(stream_out(c->stream), "<handshake>%s</handshake>", hex);
	secret_cleanse(digest, sizeof(digest));
	secret_cleanse(hex, sizeof(hex));
	return 0;
}

static void
refuse(struct component *c, const char *condition, const char *why)
{
	c->refusal = why;
	stream_close(c->stream, condition);
}

static void
on_opened(void *arg, const char *id, const char *from, const char *version)
{
	struct component *c = arg;

	(void)version;
	if (c->state != OPENING || id[0] == '\0')
		refuse(c, "bad-format", "the server gave its stream no id");
	else if (from[0] != '\0' && strcmp(from, c->jid) != 0)
		refuse(c, "host-unknown", "the server speaks for another domain");
	else if (prove(c, id) != 0)
		refuse(c, "internal-server-error", "cannot compute the handshake");
	else
		c->state = PROVING;
}

/* Our own ping comes back as a request, a result or an error: each has done
 * its work by coming. */
static bool
is_own_ping(const struct component *c, const struct stanza *s)
{
	const char *id = stanza_attr(s, "id"), *from = stanza_attr(s, "from");

	return c->ping_id[0] != '\0' && strcmp(stanza_name(s), "iq") == 0 &&
	    id != NULL && strcmp(id, c->ping_id) == 0 && (from == NULL || strcmp(from, c->jid) == 0);
}

static void
on_stanza(void *arg, const struct stanza *s)
{
	struct component *c = arg;

	if (c->state == UP) {
		if (!is_own_ping(c, s))
			c->ops.stanza(c->arg, s);
	} else if (c->state == PROVING && stanza_is(s, NS_COMPONENT, "handshake")) {
		came_up(c);
	} else {
		refuse(c, "not-authorized", "the server sent stanzas before the handshake");
	}
}

static void
on_oversize(void *arg, const struct stanza_head *h)
{
	struct component *c = arg;

	count(c->n_oversize);
	if (c->state == UP)
		c->ops.oversize(c->arg, h);
}

static void
on_turn(void *arg)
{
	struct component *c = arg;

	if (c->state == UP && c->ops.turn != NULL)
		c->ops.turn(c->arg);
}

static void
on_ended(void *arg, enum stream_end why, const char *text)
{
	struct component *c = arg;

	c->ended = true;
	if (why == STREAM_ERROR && strcmp(text, "conflict") == 0) {
		count(c->n_conflict);
		if (c->tries < CONFLICT_TRIES)
			c->tries = CONFLICT_TRIES;
		text = "conflict: the server still has another connection for this address";
	}
	went_down(c, c->refusal != NULL ? c->refusal : text);
}

/* Connecting */

static int
connect_socket(const struct address *a)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0 || errno == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -1;
}

static void
attempt(struct component *c)
{
	static const struct stream_ops ops = { on_opened, on_stanza, on_oversize, on_turn, on_ended };
	struct stream_conf conf = {
		.default_ns = NS_COMPONENT, .limits = c->limits, .clock = c->clock
		/* no user_timeout_ms: it ends a link whose server is too busy to read for a
		 * while, as in a storm; a dead one is found by pings */
	};
	struct err e = ERR_INIT;
	int fd = connect_socket(&c->address[c->at]);

	c->state = OPENING;
	if (fd < 0) {
		went_down(c, strerror(errno));
		return;
	}
	c->stream = stream_new(fd, &conf, &ops, c, &e);
	if (c->stream == NULL) {
		(void)close(fd);
		went_down(c, e.text);
		return;
	}
	c->ended = false;
	c->refusal = NULL;
	c->attempt_ends = clock_boot(c->clock) + c->ping_timeout;
	stream_open(c->stream, c->jid, NULL, false);
}

static void
drop_stream(struct component *c, const char *why)
{
	if (why != NULL)
		went_down(c, why);
	stream_free(&c->stream);
}

/* Keeping it alive */

static int64_t
next_ping(const struct component *c)
{
	return stream_last_byte(c->stream) + c->ping_after;
}

static bool
ping_unanswered(const struct component *c)
{
	return c->pinged_at != 0 && stream_last_byte(c->stream) < c->pinged_at;
}

static void
send_ping(struct component *c)
{
	if (ident_text(c->ping_id, NULL) != 0)
		return;
	buf_addf(stream_out(c->stream), "<iq type='get' id='%s' from='%s' to='%s'><ping xmlns='"
	    NS_PING "'/></iq>", c->ping_id, c->jid, c->jid);
	c->pinged_at = clock_boot(c->clock);
	stream_flush(c->stream);
}

/* The time at which watch() has something to do. */
static int64_t
watch_at(const struct component *c)
{
	if (c->state != UP)
		return c->attempt_ends;
	return ping_unanswered(c) ? c->pinged_at + c->ping_timeout : next_ping(c);
}

static void
watch(struct component *c)
{
	if (clock_boot(c->clock) < watch_at(c))
		return;
	if (c->state != UP) {
		drop_stream(c, "the server did not answer the handshake in time");
	} else if (ping_unanswered(c)) {
		count(c->n_half_open);
		drop_stream(c, "nothing came back from the server");
	} else {
		send_ping(c);
	}
}

/* Public */

struct component *
component_new(const struct component_conf *conf, const struct component_ops *ops, void *arg,
    struct err *e)
{
	struct component *c;

	if (component_check(conf, e) != 0)
		return NULL;
	c = mem_zalloc(sizeof(*c));
	if (c == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory for a component");
		return NULL;
	}
	c->ops = *ops;
	c->arg = arg;
	c->clock = conf->clock;
	c->limits = conf->limits;
	c->ping_after = conf->ping_after_ms > 0 ? conf->ping_after_ms : 15000;
	c->ping_timeout = conf->ping_timeout_ms > 0 ? conf->ping_timeout_ms : 10000;
	c->backoff_cap = conf->backoff_cap_ms > 0 ? conf->backoff_cap_ms : 30000;
	c->jid = mem_strdup(conf->jid);
	if (c->jid == NULL || secret_set(&c->secret, conf->secret->data, conf->secret->len, e) != 0)
		goto fail;
	if (find_addresses(c, conf, e) != 0)
		goto fail;
	if (conf->stats != NULL) {
		c->n_up = stats_slot(conf->stats, "component_up", "times the component link came up");
		c->n_down = stats_slot(conf->stats, "component_down", "times it was lost");
		c->n_conflict = stats_slot(conf->stats, "component_conflict",
		    "times the server had another connection for our address");
		c->n_half_open = stats_slot(conf->stats, "component_half_open",
		    "times a silent link was given up");
		c->n_oversize = stats_slot(conf->stats, "component_oversize",
		    "stanzas discarded because they were too big");
	}
	c->retry_at = clock_boot(c->clock);
	return c;
fail:
	component_free(&c);
	return NULL;
}

void
component_free(struct component **component)
{
	struct component *c = *component;

	if (c == NULL)
		return;
	if (c->stream != NULL && !c->ended) {
		c->ops = (struct component_ops){ 0 };
		stream_close(c->stream, NULL);
		stream_linger(c->stream, GOODBYE_MS);
	}
	stream_free(&c->stream);
	secret_clear(&c->secret);
	mem_free(c->jid);
	mem_free(c);
	*component = NULL;
}

int
component_fd(const struct component *c)
{
	return c->stream != NULL ? stream_fd(c->stream) : -1;
}

short
component_events(const struct component *c)
{
	return c->stream != NULL ? stream_events(c->stream) : 0;
}

int64_t
component_deadline(const struct component *c)
{
	int64_t mine, its;

	if (c->stream == NULL)
		return c->retry_at;
	mine = watch_at(c);
	its = stream_deadline(c->stream);
	return its >= 0 && its < mine ? its : mine;
}

void
component_run(struct component *c, short revents)
{
	if (c->stream != NULL) {
		stream_run(c->stream, revents);
		if (c->ended)
			drop_stream(c, NULL);
		else
			watch(c);
	} else if (clock_boot(c->clock) >= c->retry_at) {
		attempt(c);
	}
}

bool
component_is_up(const struct component *c)
{
	return c->state == UP;
}

struct buf *
component_out(struct component *c)
{
	return stream_out(c->stream);
}

void
component_flush(struct component *c)
{
	if (c->stream != NULL)
		stream_flush(c->stream);
}

void
component_hurry(struct component *c, int64_t within_ms)
{
	if (c->stream != NULL)
		stream_hurry(c->stream, within_ms);
}
