/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: the socket under the parser: reading, the one queue, TLS, the end.
 * It knows stream headers and stream errors, no stanza.  Next: component.c
 * and client.c, the two who use it.
 */
#include "config.h"

#include "common/wire/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/parser.h"
#include "common/wire/stanza.h"
#include "common/wire/tls.h"
#include "common/wire/wait.h"

#define READ_MIN 2048
#define READ_MAX (64 * 1024)
#define ANSWER_RATIO 32			/* queue to read: answers may be 16 times what asked */
#define READ_ROUNDS 4			/* of TLS records poll() cannot see */
#define CLOSE_MS 2000			/* for the peer's </stream:stream> */

enum phase {
	CONNECTING,
	HANDSHAKE,	/* TLS */
	RUNNING,
	CLOSING,	/* our </stream:stream> is queued or sent */
	ENDED
};

struct stream {
	int fd;
	enum phase phase;
	struct stream_ops ops;
	void *arg;
	const struct clock *clock;
	const struct stream_tap *tap;
	char *default_ns;
	struct parser *parser;
	struct tls *tls;
	struct buf out;
	size_t sent;		/* of `out`, already gone */
	size_t urgent;		/* bytes that must leave by `urgent_ms`; 0 none */
	int64_t urgent_ms;	/* boot */
	bool opened;		/* our header is out: a close must be proper */
	bool said_goodbye;	/* our direction is shut */
	bool frugal;		/* nothing that was read is kept room for */
	char *in;		/* NULL: rested */
	size_t in_size, in_pos, in_len;
	int64_t last_byte;
	int64_t close_at;	/* boot ms, while CLOSING */
	bool over;		/* ended() is due; why and text say more */
	enum stream_end why;
	char text[ERR_TEXT];
	char other_host[STREAM_OTHER_HOST];
	int64_t retry_ms;
};

static void
end(struct stream *s, enum stream_end why, const char *text)
{
	if (s->over)
		return;
	s->over = true;
	s->why = why;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
}

/* Life */

static void
set_options(int fd, int user_timeout_ms)
{
	int on = 1;

	/* One write a turn: nothing to gather, and waiting for an
	 * acknowledgement would cost 40 ms.  Not every socket is TCP. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (user_timeout_ms > 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
		    sizeof(user_timeout_ms));
}

struct stream *
stream_new(int fd, const struct stream_conf *conf, const struct stream_ops *ops, void *arg,
    struct err *e)
{
	struct stream_limits l = conf->limits;
	struct stream *s = mem_zalloc(sizeof(*s));

	if (l.stanza_bytes == 0)
		l.stanza_bytes = WIRE_STANZA_BYTES;
	if (l.queue_bytes == 0)
		l.queue_bytes = WIRE_QUEUE_BYTES;
	if (s == NULL)
		goto no_memory;
	buf_init(&s->out, l.queue_bytes);
	s->fd = -1;	/* the caller's until we succeed */
	s->phase = CONNECTING;
	s->ops = *ops;
	s->arg = arg;
	s->clock = conf->clock;
	s->tap = conf->tap;
	s->last_byte = clock_boot(s->clock);
	s->default_ns = mem_strdup(conf->default_ns);
	s->in_size = l.queue_bytes / ANSWER_RATIO;
	s->in_size = s->in_size < READ_MIN ? READ_MIN : s->in_size > READ_MAX ? READ_MAX : s->in_size;
	s->frugal = l.stanza_bytes < WIRE_STANZA_BYTES;
	s->parser = parser_new(conf->default_ns, l.stanza_bytes, e);
	if (s->default_ns == NULL || s->parser == NULL)
		goto no_memory;
	s->fd = fd;
	if (s->tap != NULL)
		s->tap->passed(s->tap->arg, false, NULL, 0);
	set_options(fd, conf->user_timeout_ms);
	return s;
no_memory:
	(void)err_set(e, ERR_SYSTEM, "no memory for a stream");
	stream_free(&s);
	return NULL;
}

void
stream_free(struct stream **stream)
{
	struct stream *s = *stream;

	if (s == NULL)
		return;
	tls_free(&s->tls);
	if (s->fd >= 0)
		(void)close(s->fd);
	parser_free(&s->parser);
	buf_fini(&s->out);
	mem_free(s->default_ns);
	mem_free(s->in);
	mem_free(s);
	*stream = NULL;
}

/* What the loop asks */

static size_t
queued(const struct stream *s)
{
	return s->out.len - s->sent;
}

/* Half of the queue is for the answers to what is read in one go. */
static bool
blocked(const struct stream *s)
{
	return queued(s) > s->out.max / 2;
}

static bool
has_input(const struct stream *s)
{
	return s->in_pos < s->in_len || (s->tls != NULL && tls_pending(s->tls));
}

int
stream_fd(const struct stream *s)
{
	return s->fd;
}

short
stream_events(const struct stream *s)
{
	bool tls_write = s->tls != NULL && tls_wants_write(s->tls);
	short events = 0;

	if (s->phase == ENDED)
		return 0;
	if (s->phase == CONNECTING)
		return POLLOUT;
	if (s->phase == HANDSHAKE)
		return tls_write ? POLLOUT : POLLIN;
	if (queued(s) > 0 || tls_write)
		events |= POLLOUT;
	if (!blocked(s) || s->phase == CLOSING)
		events |= POLLIN;
	return events;
}

int64_t
stream_deadline(const struct stream *s)
{
	if (s->phase == ENDED)
		return -1;
	if (s->over)
		return clock_boot(s->clock);
	if (s->phase == RUNNING && has_input(s) && !blocked(s))
		return clock_boot(s->clock);
	if (s->phase == CLOSING)
		return s->close_at;
	return s->urgent > 0 ? s->urgent_ms : -1;
}

int64_t
stream_last_byte(const struct stream *s)
{
	return s->last_byte;
}

const struct tls *
stream_tls(const struct stream *s)
{
	return s->phase == HANDSHAKE || s->phase == CONNECTING ? NULL : s->tls;
}

/* Writing */

struct buf *
stream_out(struct stream *s)
{
	return &s->out;
}

static void
tap(const struct stream *s, bool sent, const char *data, size_t len)
{
	if (s->tap != NULL)
		s->tap->passed(s->tap->arg, sent, data, len);
}

static ssize_t
write_some(struct stream *s, const char *data, size_t len)
{
	ssize_t n;

	if (s->tls != NULL)
		return tls_write(s->tls, data, len);
	n = send(s->fd, data, len, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return n;
}

/* The bytes at the front are dropped late, so that a slow reader does not
 * make us move the queue again and again. */
static void
drop_sent(struct stream *s)
{
	if (s->sent < s->out.len && s->sent < s->out.max / 4)
		return;
	/* A registration carries the password: what is gone is wiped. */
	secret_cleanse(s->out.data, s->sent);
	buf_consume(&s->out, s->sent);
	s->sent = 0;
}

static void
shut_our_side(struct stream *s)
{
	if (s->phase != CLOSING || s->said_goodbye || queued(s) > 0)
		return;
	s->said_goodbye = true;
	if (s->tls != NULL)
		tls_goodbye(s->tls);
	(void)shutdown(s->fd, SHUT_WR);
}

void
stream_hurry(struct stream *s, int64_t within_ms)
{
	if (s->urgent > 0 || queued(s) == 0)
		return;
	s->urgent = queued(s);
	s->urgent_ms = clock_boot(s->clock) + within_ms;
}

void
stream_flush(struct stream *s)
{
	if (s->phase != RUNNING && s->phase != CLOSING)
		return;
	while (queued(s) > 0) {
		size_t len = queued(s);
		ssize_t n = write_some(s, s->out.data + s->sent, len);

		if (n < 0) {
			end(s, STREAM_LOST, "the connection broke while sending");
			return;
		}
		if (n == 0)
			break;
		tap(s, true, s->out.data + s->sent, (size_t)n);
		s->sent += (size_t)n;
		s->urgent -= (size_t)n < s->urgent ? (size_t)n : s->urgent;
		if (s->tls == NULL && (size_t)n < len)
			break;	/* the socket is full */
	}
	drop_sent(s);
	shut_our_side(s);
}

static void
add_attribute(struct buf *out, const char *name, const char *value)
{
	const char *p;

	if (value == NULL)
		return;
	buf_addf(out, " %s='", name);
	for (p = value; *p != '\0'; p++) {
		if (*p == '&')
			buf_adds(out, "&amp;");
		else if (*p == '<')
			buf_adds(out, "&lt;");
		else if (*p == '\'')
			buf_adds(out, "&apos;");
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '\'');
}

void
stream_open(struct stream *s, const char *to, const char *from, bool version_1)
{
	struct buf *out = &s->out;

	parser_restart(s->parser);
	buf_adds(out, "<?xml version='1.0'?><stream:stream");
	add_attribute(out, "xmlns", s->default_ns);
	add_attribute(out, "xmlns:stream", NS_STREAMS);
	add_attribute(out, "to", to);
	add_attribute(out, "from", from);
	add_attribute(out, "version", version_1 ? "1.0" : NULL);
	buf_addc(out, '>');
	s->opened = true;
}

/* The last words: what is queued goes out first. */
static void
say_close(struct stream *s, const char *error)
{
	if (s->opened && error != NULL)
		buf_addf(&s->out, "<stream:error><%s xmlns='%s'/></stream:error>",
		    error, NS_STREAM_ERRORS);
	if (s->opened)
		buf_adds(&s->out, "</stream:stream>");
	s->phase = CLOSING;
	s->close_at = clock_boot(s->clock) + CLOSE_MS;
	stream_flush(s);
}

void
stream_close(struct stream *s, const char *error)
{
	if (s->over || s->phase == CLOSING || s->phase == ENDED)
		return;
	if (s->phase == RUNNING)
		say_close(s, error);
	else
		end(s, STREAM_CLOSED, "closed by us");
	/* Whoever broke a rule is not waited for. */
	if (error != NULL)
		end(s, STREAM_BROKEN, error);
}

/* Acting on what the parser found */

/* RFC 6120 4.9: the condition is the first child of that namespace. */
static void
take_stream_error(struct stream *s, const struct stanza *st)
{
	const struct stanza *c = stanza_first(st);

	while (c != NULL && strcmp(stanza_ns(c), NS_STREAM_ERRORS) != 0)
		c = stanza_next(c);
	if (c != NULL && strcmp(stanza_name(c), "see-other-host") == 0 &&
	    str_copy(s->other_host, sizeof(s->other_host), stanza_text(c)) != 0)
		s->other_host[0] = '\0';
	s->retry_ms = wait_ms(st);
	end(s, STREAM_ERROR, c != NULL ? stanza_name(c) : "undefined-condition");
}

int64_t
stream_retry_ms(const struct stream *s)
{
	return s->retry_ms;
}

const char *
stream_other_host(const struct stream *s)
{
	return s->other_host;
}

static void
act(struct stream *s, enum parser_event ev)
{
	const struct parser_header *h = parser_header(s->parser);
	const struct stanza *st;

	switch (ev) {
	case PARSER_MORE:
		break;
	case PARSER_OPENED:
		s->ops.opened(s->arg, h->id, h->from, h->version);
		break;
	case PARSER_STANZA:
		st = parser_stanza(s->parser);
		if (stanza_is(st, NS_STREAMS, "error"))
			take_stream_error(s, st);
		else
			s->ops.stanza(s->arg, st);
		break;
	case PARSER_OVERSIZE:
		s->ops.oversize(s->arg, parser_head(s->parser));
		break;
	case PARSER_CLOSED:
		end(s, STREAM_CLOSED, "closed by the peer");
		break;
	case PARSER_BROKEN:
		end(s, STREAM_BROKEN, parser_why(s->parser));
		break;
	}
}

static void
hand_over(struct stream *s)
{
	bool any = s->in_pos < s->in_len;

	while (s->in_pos < s->in_len && s->phase == RUNNING && !s->over && !blocked(s)) {
		size_t used;
		enum parser_event ev = parser_next(s->parser, s->in + s->in_pos,
		    s->in_len - s->in_pos, &used);

		s->in_pos += used;
		act(s, ev);
	}
	if (s->in_pos == s->in_len) {
		secret_cleanse(s->in, s->in_len);
		s->in_pos = s->in_len = 0;
	}
	if (any && s->ops.turn != NULL)
		s->ops.turn(s->arg);
	/* The answers of this turn go out before the last words. */
	if (s->over && s->phase == RUNNING)
		say_close(s, s->why == STREAM_BROKEN ? s->text : NULL);
}

/* Reading */

static ssize_t
read_some(struct stream *s, char *data, size_t len)
{
	ssize_t n;

	if (s->tls != NULL)
		return tls_read(s->tls, data, len);
	n = recv(s->fd, data, len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return n == 0 ? -1 : n;
}

/* A device waits most of its life: what it read with is given back meanwhile. */
static void
rest(struct stream *s)
{
	if (!s->frugal || s->in_len > 0)
		return;
	mem_free(s->in);
	s->in = NULL;
	parser_rest(s->parser);
}

/* Fills the buffer; a TLS connection gives one record at a time.  False: the
 * peer sends no more. */
static bool
fill(struct stream *s)
{
	if (s->in == NULL)
		s->in = mem_alloc(s->in_size);
	if (s->in == NULL) {
		end(s, STREAM_LOST, "no memory to read");
		return false;
	}
	do {
		ssize_t n = read_some(s, s->in + s->in_len, s->in_size - s->in_len);

		if (n <= 0)
			return n == 0;
		tap(s, false, s->in + s->in_len, (size_t)n);
		s->in_len += (size_t)n;
		s->last_byte = clock_boot(s->clock);
	} while (s->tls != NULL && s->in_len < s->in_size);
	return true;
}

/* Once closing, what still comes is read only to be thrown away. */
static void
receive(struct stream *s)
{
	bool more = true;
	int rounds = 0;

	do {
		if (s->in_len == 0)
			more = fill(s);
		if (s->phase == CLOSING)
			s->in_pos = s->in_len = 0;
		else
			hand_over(s);
		if (!more && s->in_len == 0) {
			end(s, s->phase == CLOSING ? STREAM_CLOSED : STREAM_LOST,
			    "the peer closed the connection");
			return;
		}
	} while (!s->over && has_input(s) && !blocked(s) && ++rounds < READ_ROUNDS);
}

/* Connecting and TLS */

static void
finish_connect(struct stream *s)
{
	int problem = 0;
	socklen_t len = sizeof(problem);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0)
		problem = errno;
	if (problem != 0)
		end(s, STREAM_LOST, strerror(problem));
	else
		s->phase = s->tls != NULL ? HANDSHAKE : RUNNING;
}

static void
handshake(struct stream *s)
{
	struct err e = ERR_INIT;
	int r = tls_handshake(s->tls, &e);

	if (r < 0)
		end(s, e.kind == ERR_INPUT ? STREAM_UNTRUSTED : STREAM_LOST, e.text);
	else if (r > 0)
		s->phase = RUNNING;
	stream_flush(s);	/* our header waited for this */
}

void
stream_start_tls(struct stream *s, struct tls *tls)
{
	struct err e = ERR_INIT;

	/* Bytes that came in clear behind the answer to STARTTLS must never
	 * be taken for bytes that came through TLS. */
	if (s->in_pos < s->in_len)
		end(s, STREAM_UNTRUSTED, "bytes in clear behind the start of TLS");
	if (queued(s) > 0)
		end(s, STREAM_UNTRUSTED, "bytes in clear still queued at the start of TLS");
	s->tls = tls;
	if (tls_attach(tls, s->fd, &e) != 0)
		end(s, STREAM_LOST, e.text);
	if (s->phase == RUNNING)
		s->phase = HANDSHAKE;
}

/* Running */

static void
report_end(struct stream *s)
{
	if (!s->over || s->phase == ENDED)
		return;
	s->phase = ENDED;
	s->ops.ended(s->arg, s->why, s->text);
}

void
stream_run(struct stream *s, short revents)
{
	bool readable = (revents & (POLLIN | POLLHUP | POLLERR)) != 0;

	if (s->phase == ENDED)
		return;
	if (s->phase == CONNECTING && revents != 0)
		finish_connect(s);
	if ((s->phase == RUNNING || s->phase == CLOSING) && !s->over) {
		stream_flush(s);
		if ((readable || has_input(s)) && (!blocked(s) || s->phase == CLOSING))
			receive(s);
		stream_flush(s);
		/* TLS was started just now: we speak first (RFC 8446 4.1.2). */
		if (s->phase == HANDSHAKE && !s->over)
			handshake(s);
	}
	/* Also right after stream_start_tls: ours is the first word. */
	if (s->phase == HANDSHAKE && !s->over)
		handshake(s);
	if (s->phase == CLOSING && clock_boot(s->clock) >= s->close_at)
		end(s, STREAM_CLOSED, "closed by us");
	if (s->phase == RUNNING && s->urgent > 0 && clock_boot(s->clock) >= s->urgent_ms)
		end(s, STREAM_LOST, "the peer takes nothing");
	rest(s);
	report_end(s);
}

void
stream_linger(struct stream *s, int ms)
{
	const int step = 50;

	for (; ms > 0 && s->phase == CLOSING && !s->over; ms -= step) {
		struct pollfd p = { .fd = s->fd, .events = stream_events(s) };

		(void)poll(&p, 1, step);
		stream_run(s, p.revents);
	}
}
