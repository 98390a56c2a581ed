/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: the queue, back-pressure, the order of last words, the end.  Pairs
 * of connected sockets; SEQPACKET ones where single writes are counted.
 */
#include "config.h"

#include "common/wire/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"

#define HEADER "<stream:stream xmlns='" NS_COMPONENT "' xmlns:stream='" NS_STREAMS "' id='s1'>"
#define QUEUE 65536

struct world {
	int peer;
	struct stream *s;
	struct clock_fake hands;
	struct clock clock;
	char log[4000];		/* what the stream said, in order */
	size_t answer;		/* bytes to answer each stanza with in turn() */
	size_t owed;
};

static void
say(struct world *w, const char *fmt, ...)
{
	size_t n = strlen(w->log);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(w->log + n, sizeof(w->log) - n, fmt, ap);
	va_end(ap);
}

static void
on_opened(void *arg, const char *id, const char *from, const char *version)
{
	(void)from;
	(void)version;
	say(arg, "open:%s ", id);
}

static void
on_stanza(void *arg, const struct stanza *s)
{
	struct world *w = arg;

	w->owed += w->answer;
	say(w, "%s ", stanza_attr(s, "id") != NULL ? stanza_attr(s, "id") : stanza_name(s));
}

static void on_oversize(void *arg, const struct stanza_head *h) { say(arg, "over:%s ", h->id); }

static void
on_turn(void *arg)
{
	struct world *w = arg;

	say(w, "turn ");
	for (; w->owed > 0; w->owed--)
		buf_addc(stream_out(w->s), 'a');
	stream_flush(w->s);
}

static void
on_ended(void *arg, enum stream_end why, const char *text)
{
	static const char *const names[] = { "closed", "lost", "error", "broken", "untrusted" };

	say(arg, "%s(%s) ", names[why], text);
}

static void
begin(struct world *w, int fd)
{
	static const struct stream_ops ops = { on_opened, on_stanza, on_oversize, on_turn, on_ended };
	struct stream_conf conf = { .default_ns = NS_COMPONENT, .limits = { 4096, QUEUE },
		.user_timeout_ms = 12345, .clock = &w->clock };

	w->s = stream_new(fd, &conf, &ops, w, NULL);
	assert_non_null(w->s);
	stream_run(w->s, POLLOUT);
}

static void
pair_of(struct world *w, int type)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	w->peer = fds[1];
	begin(w, fds[0]);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->peer = -1;
	w->hands.boot = 1000;
	w->clock = clock_from_fake(&w->hands);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	stream_free(&w->s);
	if (w->peer >= 0)
		(void)close(w->peer);
	free(w);
	return 0;
}

static void
tell(struct world *w, const char *text)
{
	assert_int_equal(send(w->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	stream_run(w->s, POLLIN);
}

static const char *
hear(struct world *w)
{
	static char text[2 * QUEUE];
	ssize_t n = recv(w->peer, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
stream__opens_with_a_header(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	stream_open(w->s, "a.test", "it's <me>", true);
	assert_true(stream_events(w->s) & POLLOUT);
	stream_run(w->s, POLLOUT);
	assert_string_equal(hear(w), "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
	    "' xmlns:stream='" NS_STREAMS "' to='a.test' from='it&apos;s &lt;me>' version='1.0'>");
	tell(w, HEADER);
	assert_string_equal(w->log, "open:s1 turn ");
	assert_false(stream_events(w->s) & POLLOUT);
}

static void
stream__one_flush_is_one_write(void **state)
{
	struct world *w = *state;
	int i;

	pair_of(w, SOCK_SEQPACKET);
	for (i = 0; i < 64; i++)
		buf_adds(stream_out(w->s), "<iq/>");
	stream_flush(w->s);
	assert_int_equal(strlen(hear(w)), 64 * 5);
	assert_string_equal(hear(w), "");
}

static void
stream__stanzas_of_one_read_share_a_turn(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	tell(w, HEADER "<iq id='1'/><iq id='2'/>");
	tell(w, "<iq id='3'/>");
	assert_string_equal(w->log, "open:s1 1 2 turn 3 turn ");
}

static void
stream__sets_nodelay_and_user_timeout(void **state)
{
	struct world *w = *state;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa), n = sizeof(int);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), value = 0;

	assert_int_equal(bind(l, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	begin(w, fd);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &n), 0);
	assert_int_not_equal(value, 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &n), 0);
	assert_int_equal(value, 12345);
	(void)close(l);
}

/* The peer sends and never reads: we stop reading before the queue is full,
 * and go on when there is room again.  Nothing is lost, nothing twice. */
static void
stream__a_full_queue_stops_reading_until_it_drains(void **state)
{
	struct world *w = *state;
	size_t heard = 0, i, k;

	pair_of(w, SOCK_STREAM);
	tell(w, HEADER);
	w->answer = 60;
	for (i = 0; i < 50000 && stream_events(w->s) & POLLIN; i++)
		tell(w, "<a id='.'/>");
	assert_in_range(i, 100, 49999);
	assert_true(stream_events(w->s) & POLLOUT);
	for (k = 0; k < 50; k++, i++)	/* these wait in the socket */
		assert_int_equal(send(w->peer, "<a id='.'/>", 11, MSG_NOSIGNAL), 11);
	assert_true(buf_ok(stream_out(w->s)));
	for (k = 0; k < 100000 && heard < i * 60; k++) {
		heard += strlen(hear(w));
		stream_run(w->s, stream_events(w->s));
	}
	assert_true(buf_ok(stream_out(w->s)));
	assert_int_equal(heard, i * 60);
}

static void
stream__the_queue_has_a_ceiling(void **state)
{
	struct world *w = *state;
	size_t i;

	pair_of(w, SOCK_STREAM);
	for (i = 0; i < QUEUE + 1; i++)
		buf_addc(stream_out(w->s), 'x');
	assert_false(buf_ok(stream_out(w->s)));
	assert_int_equal(stream_out(w->s)->len, QUEUE);
}

static void
stream__answers_leave_before_the_last_words(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	stream_open(w->s, "a", NULL, false);
	stream_run(w->s, POLLOUT);
	(void)hear(w);
	w->answer = 2;
	tell(w, HEADER "<iq id='1'/></stream:stream><iq id='2'/>");
	assert_string_equal(hear(w), "aa</stream:stream>");
	assert_string_equal(w->log, "open:s1 1 turn closed(closed by the peer) ");
}

static void
att_X_10__the_peer_hears_which_rule_it_broke(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	stream_open(w->s, "a", NULL, false);
	stream_run(w->s, POLLOUT);
	(void)hear(w);
	w->answer = 1;
	tell(w, HEADER "<iq id='1'/><!-- --><iq id='2'/>");
	assert_string_equal(hear(w), "a<stream:error><restricted-xml xmlns='" NS_STREAM_ERRORS
	    "'/></stream:error></stream:stream>");
	assert_string_equal(w->log, "open:s1 1 turn broken(restricted-xml) ");
	tell(w, "<iq id='3'/>");
	assert_null(strstr(w->log, "3"));
}

static void
stream__errors_of_the_peer_name_their_condition(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	tell(w, HEADER "<stream:error><text xmlns='urn:x'>t</text><conflict xmlns='" NS_STREAM_ERRORS
	    "'/></stream:error><iq id='late'/></stream:stream>");
	assert_string_equal(w->log, "open:s1 turn error(conflict) ");
}

static void
stream__a_lost_peer_raises_no_signal(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	(void)close(w->peer);
	w->peer = -1;
	buf_adds(stream_out(w->s), "<iq/>");
	stream_flush(w->s);
	stream_run(w->s, 0);
	assert_non_null(strstr(w->log, "lost("));
	stream_run(w->s, POLLIN);
	assert_null(strstr(strstr(w->log, "lost(") + 1, "lost("));
	assert_int_equal(stream_deadline(w->s), -1);
}

static void
stream__the_end_of_the_connection_is_seen_behind_the_last_stanza(void **state)
{
	struct world *w = *state;
	static const char xml[] = HEADER "<iq id='1'/>";

	pair_of(w, SOCK_STREAM);
	assert_int_equal(send(w->peer, xml, strlen(xml), 0), strlen(xml));
	(void)close(w->peer);
	w->peer = -1;
	stream_run(w->s, POLLIN);
	stream_run(w->s, POLLIN);
	assert_string_equal(w->log, "open:s1 1 turn lost(the peer closed the connection) ");
}

static void
stream__closing_waits_a_little_for_the_peer(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	stream_open(w->s, "a", NULL, false);
	tell(w, HEADER);
	(void)hear(w);
	stream_close(w->s, NULL);
	assert_string_equal(hear(w), "</stream:stream>");
	tell(w, "<iq id='late'/>");
	assert_null(strstr(w->log, "late"));
	assert_int_equal(stream_deadline(w->s), 3000);
	w->hands.boot = 3000;
	stream_run(w->s, 0);
	assert_non_null(strstr(w->log, "closed(closed by us)"));
}

static void
ruling_26b__a_peer_that_does_not_take_what_is_urgent_is_left(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	stream_open(w->s, "a", NULL, false);
	tell(w, HEADER);
	(void)hear(w);
	stream_hurry(w->s, 2500);	/* nothing is queued: no wish */
	assert_int_equal(stream_deadline(w->s), -1);
	buf_adds(stream_out(w->s), "<iq/>");
	stream_hurry(w->s, 2500);
	assert_int_equal(stream_deadline(w->s), 3500);
	w->hands.boot = 2000;
	buf_adds(stream_out(w->s), "<iq/>");
	stream_hurry(w->s, 2500);	/* the first one counts */
	assert_int_equal(stream_deadline(w->s), 3500);
	stream_flush(w->s);
	assert_int_equal(stream_deadline(w->s), -1);
	do {	/* until the socket is full */
		while (stream_out(w->s)->len < QUEUE / 2)
			buf_adds(stream_out(w->s), "<iq/>");
		stream_flush(w->s);
	} while (stream_out(w->s)->len < QUEUE / 2);
	stream_hurry(w->s, 2500);
	w->hands.boot = 4499;
	stream_run(w->s, 0);
	assert_null(strstr(w->log, "takes nothing"));
	w->hands.boot = 4500;
	stream_run(w->s, 0);
	assert_non_null(strstr(w->log, "lost(the peer takes nothing)"));
}

static void
stream__any_byte_moves_the_time_of_the_last_one(void **state)
{
	struct world *w = *state;

	pair_of(w, SOCK_STREAM);
	assert_int_equal(stream_last_byte(w->s), 1000);
	w->hands.boot = 2000;
	tell(w, HEADER);
	assert_int_equal(stream_last_byte(w->s), 2000);
	w->hands.boot = 3000;
	tell(w, " ");
	assert_int_equal(stream_last_byte(w->s), 3000);
}

static void
stream__a_refused_connection_is_lost(void **state)
{
	struct world *w = *state;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	assert_int_equal(bind(l, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	(void)close(l);		/* nobody listens there now */
	(void)connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	(void)poll(&p, 1, 2000);
	begin(w, fd);
	assert_non_null(strstr(w->log, "lost("));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(stream__opens_with_a_header),
		T(stream__one_flush_is_one_write),
		T(stream__stanzas_of_one_read_share_a_turn),
		T(stream__sets_nodelay_and_user_timeout),
		T(stream__a_full_queue_stops_reading_until_it_drains),
		T(stream__the_queue_has_a_ceiling),
		T(stream__answers_leave_before_the_last_words),
		T(att_X_10__the_peer_hears_which_rule_it_broke),
		T(stream__errors_of_the_peer_name_their_condition),
		T(stream__a_lost_peer_raises_no_signal),
		T(stream__the_end_of_the_connection_is_seen_behind_the_last_stanza),
		T(stream__closing_waits_a_little_for_the_peer),
		T(ruling_26b__a_peer_that_does_not_take_what_is_urgent_is_left),
		T(stream__any_byte_moves_the_time_of_the_last_one),
		T(stream__a_refused_connection_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
