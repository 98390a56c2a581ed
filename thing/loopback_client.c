/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback_client: the functions of common/wire/client.h and clock_system, for
 * libkith-loopback: a login that needs no socket, and a clock that can be put
 * forward.  Next: loopback_broker.c.
 */
#include "config.h"

#include "thing/loopback_link.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/ns.h"

/* ---- the clock ------------------------------------------------------------- */

static int64_t ahead_ms;

void loopback_clock_advance(int64_t ms)
{
	ahead_ms += ms;
}

static int64_t read_ms(clockid_t which)
{
	struct timespec ts;

	if (clock_gettime(which, &ts) != 0)	/* allowed: time: stands in for clock.c */
		return ahead_ms;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + ahead_ms;
}

static int64_t wall(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_REALTIME);
}

static int64_t boot(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_micros(void)
{
	return read_ms(CLOCK_BOOTTIME) * 1000;
}

const struct clock clock_system = { wall, boot, NULL };

/* ---- one attempt ------------------------------------------------------------ */

static struct parser *opened(void)
{
	static const char header[] = "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='"
	    NS_STREAMS "'>";
	struct parser *p = parser_new(NS_CLIENT, WIRE_STANZA_BYTES, NULL);
	size_t used;

	if (p && parser_next(p, header, sizeof(header) - 1, &used) != PARSER_OPENED)
		parser_free(&p);
	return p;
}

static void drop(struct client *c)
{
	struct client **at = &c->lb->links;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	parser_free(&c->from_thing);
	parser_free(&c->to_thing);
	buf_fini(&c->mail);
	mem_free(c);
}

struct client *client_new(const struct client_conf *conf, const struct client_ops *ops,
    void *arg, struct err *e)
{
	MEM_WITHIN(NULL);
	struct kith_loopback *lb = loopback_find(conf->domain);
	struct client *c = lb ? mem_zalloc(sizeof(*c)) : NULL;

	if (!c) {
		err_set(e, ERR_SYSTEM, "there is no loopback broker '%s'", conf->domain);
		return NULL;
	}
	c->lb = lb;
	c->ops = ops;
	c->arg = arg;
	c->begins = true;
	c->resume = conf->resume;
	c->registers = conf->register_account;
	buf_init(&c->out, LOOPBACK_BYTES);
	buf_init(&c->mail, LOOPBACK_BYTES);
	c->from_thing = opened();
	c->to_thing = opened();
	c->next = lb->links;
	lb->links = c;
	c->refused = lb->refuse > 0;
	if (c->refused)
		lb->refuse--;
	if (str_copy(c->user, sizeof(c->user), conf->user) < 0 || !c->from_thing || !c->to_thing) {
		drop(c);
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	snprintf(c->full, sizeof(c->full), "%s@%s/thing", c->user, lb->domain);
	return c;
}

void client_free(struct client **c)
{
	if (!*c)
		return;
	buf_fini(&(*c)->out);	/* the thing wrote it, with its own memory */
	{
		MEM_WITHIN(NULL);
		drop(*c);
	}
	*c = NULL;
}

int client_fd(const struct client *c)
{
	(void)c;
	return -1;
}

short client_events(const struct client *c)
{
	(void)c;
	return 0;
}

/* Whatever is to be done is due now: the thing needs nothing to wake it up. */
int64_t client_deadline(const struct client *c)
{
	return c->begins || c->cut || c->mail.len > 0 ? 0 : -1;
}

static void begin(struct client *c)
{
	static const struct sasl_pin pin = { .tls13 = SASL_SCRAM_SHA_256 };

	c->begins = false;
	if (c->refused || (c->ops->proved && !c->ops->proved(c->arg))) {
		c->ops->down(c->arg, CLIENT_LOST, "the loopback broker refuses", 0);
		return;
	}
	c->up = true;
	c->heard_ms = clock_boot(&clock_system);
	if (c->registers && c->ops->registered)
		c->ops->registered(c->arg);
	c->ops->up(c->arg, c->full, &pin);
}

/* The next stanza in the mail; its tree lives until the next call. */
static const struct stanza *next_stanza(struct client *c, struct buf *mail, size_t *read)
{
	MEM_WITHIN(NULL);
	size_t used = 0;
	enum parser_event ev = parser_next(c->to_thing, mail->data + *read, mail->len - *read, &used);

	*read += used;
	return ev == PARSER_STANZA ? parser_stanza(c->to_thing) : NULL;
}

static void fini_mail(struct buf *mail)
{
	MEM_WITHIN(NULL);

	buf_fini(mail);
}

static void deliver(struct client *c)
{
	struct buf mail = c->mail;	/* an answer may bring more */
	size_t read = 0;

	buf_init(&c->mail, LOOPBACK_BYTES);
	c->heard_ms = clock_boot(&clock_system);
	while (read < mail.len && !c->closed) {
		const struct stanza *s = next_stanza(c, &mail, &read);

		if (s)
			c->ops->stanza(c->arg, s);
	}
	fini_mail(&mail);
	if (c->ops->turn && !c->closed)
		c->ops->turn(c->arg);
}

void client_run(struct client *c, short revents)
{
	(void)revents;
	if (c->begins) {
		begin(c);
	} else if (c->cut) {
		c->cut = c->up = false;
		c->ops->down(c->arg, CLIENT_LOST, "the loopback broker cut the connection", 0);
	} else if (c->mail.len > 0) {
		deliver(c);
	}
}

bool client_is_up(const struct client *c)
{
	return c->up;
}

struct buf *client_out(struct client *c)
{
	return resume_out(c->resume);
}

void client_flush(struct client *c)
{
	resume_feed(c->resume, &c->out);
	{
		MEM_WITHIN(NULL);
		if (c->up && !c->cut)
			loopback_broker_take(c);
	}
	buf_reset(&c->out);
}

void client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms)
{
	(void)c;
	*from_ms = *until_ms = 0;
}

bool client_probe(struct client *c)
{
	(void)c;
	return false;
}

int64_t client_last_byte(const struct client *c)
{
	return c->heard_ms;
}

void client_close(struct client *c)
{
	client_flush(c);
	c->closed = true;
	c->up = false;
}
