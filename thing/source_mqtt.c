/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_mqtt: mqtt=HOST:PORT.  Topics of the settings are subscribed to; where
 * one has a +, what stands there is the id of a node.  Writes publish.  Through
 * libmosquitto without its threads: its socket is polled in our loop.
 */
#include "config.h"

#include "thing/source.h"

#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"

#define KEEPALIVE_S 30
#define CONNECT_MS 15000
#define AGAIN_MS 1000
#define AGAIN_MAX_MS 120000
#define MISC_MS 1000		/* libmosquitto's own clockwork */
#define WAITING 32		/* writes the broker has not confirmed */
#define ANSWER_MS 9000
#define TOPIC 256

struct mqtt {
	struct mosquitto *m;		/* NULL: not begun */
	char *host;
	int port;
	bool dialled;			/* the connection stands */
	bool up;			/* the broker has let us in */
	int64_t again_ms, misc_ms, until_ms;	/* boot; until: it must be up */
	unsigned failures;
	struct { int mid; uint64_t ticket; int64_t until_ms; } waiting[WAITING];	/* ticket 0 */
};

/* ---- settings -------------------------------------------------------------- */

/* Levels as MQTT has them, at most one + and no #. */
static bool is_topic(const char *topic)
{
	size_t n = 0;

	for (const char *at = topic; *at; at++)
		n += *at == '+';
	return *topic && strlen(topic) < TOPIC && n <= 1 && !strchr(topic, '#') &&
	    mosquitto_sub_topic_check(topic) == MOSQ_ERR_SUCCESS;
}

static int take_server(struct mqtt *q, const char *spec, struct err *e)
{
	const char *colon = strrchr(spec, ':');
	int64_t port;

	if (!colon || colon == spec || str_to_int(colon + 1, 1, 65535, &port) < 0)
		return err_set(e, ERR_INPUT, "mqtt=%s is not HOST:PORT", spec);
	if (*spec == '[' && colon[-1] == ']')
		q->host = mem_strndup(spec + 1, (size_t)(colon - spec) - 2);
	else
		q->host = mem_strndup(spec, (size_t)(colon - spec));
	q->port = (int)port;
	return q->host ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int check(const struct source_conf *c, struct err *e)
{
	for (size_t i = 0; i < c->n_shapes; i++)
		if (!c->shape[i].topic || !is_topic(c->shape[i].topic))
			return err_set(e, ERR_INPUT, "%s '%s' needs topic= with at most one + and "
			    "no #", c->shape[i].value.is_control ? "control" : "field",
			    c->shape[i].value.name);
	return c->n_shapes ? 0 : err_set(e, ERR_INPUT, "it has no field and no control");
}

static int mqtt_open(struct source *s, struct err *e)
{
	struct mqtt *q = mem_zalloc(sizeof(*q));

	if (!q)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->self = q;
	(void)mosquitto_lib_init();
	if (take_server(q, s->conf.spec, e) == 0 && check(&s->conf, e) == 0)
		return 0;
	mem_free(q->host);
	mem_free(q);
	(void)mosquitto_lib_cleanup();
	return -1;
}

/* ---- writes under way -------------------------------------------------------- */

static void finish(struct source *s, size_t i, const char *why)
{
	struct mqtt *q = s->self;
	uint64_t ticket = q->waiting[i].ticket;

	q->waiting[i].ticket = 0;
	s->host.write_done(s->host.arg, ticket, why ? KITH_THING_FAILED : KITH_THING_OK,
	    why ? why : "");
}

static void fail_all(struct source *s, const char *why)
{
	struct mqtt *q = s->self;

	for (size_t i = 0; i < WAITING; i++)
		if (q->waiting[i].ticket)
			finish(s, i, why);
}

/* ---- its calls ---------------------------------------------------------------- */

static void lost(struct source *s, const char *why)
{
	struct mqtt *q = s->self;
	int64_t wait = AGAIN_MS;
	uint32_t r = 0;

	for (unsigned i = 0; i < q->failures && wait < AGAIN_MAX_MS; i++)
		wait *= 2;
	wait = wait < AGAIN_MAX_MS ? wait : AGAIN_MAX_MS;
	q->failures++;
	(void)!ident_random(&r, sizeof(r), NULL);
	q->again_ms = clock_boot(s->host.clock) + AGAIN_MS / 2 + (int64_t)(r % (uint64_t)wait);
	q->up = false;
	q->until_ms = -1;
	fail_all(s, "the MQTT broker went away");
	source_down(s, why);
}

static void on_connect(struct mosquitto *m, void *arg, int code)
{
	struct source *s = arg;
	struct mqtt *q = s->self;

	if (code != 0)
		return;			/* it closes, and says so there */
	q->up = true;
	q->until_ms = -1;
	for (size_t i = 0; i < s->conf.n_shapes; i++)
		if (!s->conf.shape[i].value.is_control)
			(void)mosquitto_subscribe(m, NULL, s->conf.shape[i].topic, 1);
	source_up(s);
}

/* What stands where the + is; false: another topic. */
static bool fits(const char *pattern, const char *topic, const char *otherwise,
    char id[static SOURCE_NAME + 1])
{
	const char *plus = strchr(pattern, '+');
	size_t before = plus ? (size_t)(plus - pattern) : 0, len;

	if (!plus)
		return strcmp(pattern, topic) == 0 &&
		    str_copy(id, SOURCE_NAME + 1, otherwise) == 0;
	if (strncmp(pattern, topic, before) != 0)
		return false;
	len = strcspn(topic + before, "/");
	if (len == 0 || len > SOURCE_NAME || strcmp(topic + before + len, plus + 1) != 0)
		return false;
	memcpy(id, topic + before, len);
	id[len] = '\0';
	return true;
}

static void take(struct source *s, const struct source_shape *shape, const char *id,
    const struct mosquitto_message *msg)
{
	char text[SOURCE_VALUE + 1];
	struct source_node *n;
	struct source_point *p;

	n = source_node(s, &(struct source_about){ .id = id });
	p = n ? source_point(n, shape->value.name, false, shape) : NULL;
	if (!p)
		return;
	if (msg->payloadlen <= 0 || msg->payloadlen > SOURCE_VALUE ||
	    memchr(msg->payload, '\0', (size_t)msg->payloadlen)) {
		source_fault(p, msg->payloadlen <= 0 ? "it was taken back" : "not a value");
		return;
	}
	memcpy(text, msg->payload, (size_t)msg->payloadlen);
	text[msg->payloadlen] = '\0';
	source_take(p, text);
}

static void on_message(struct mosquitto *m, void *arg, const struct mosquitto_message *msg)
{
	struct source *s = arg;
	char id[SOURCE_NAME + 1];

	(void)m;
	for (size_t i = 0; i < s->conf.n_shapes; i++) {
		const struct source_shape *shape = &s->conf.shape[i];

		if (!shape->value.is_control && fits(shape->topic, msg->topic, s->conf.name, id))
			take(s, shape, id, msg);
	}
}

static void on_publish(struct mosquitto *m, void *arg, int mid)
{
	struct source *s = arg;
	struct mqtt *q = s->self;

	(void)m;
	for (size_t i = 0; i < WAITING; i++)
		if (q->waiting[i].ticket && q->waiting[i].mid == mid)
			finish(s, i, NULL);
}

/* ---- connecting ---------------------------------------------------------------- */

static int log_in(struct source *s, struct mosquitto *m, struct err *e)
{
	const struct source_conf *c = &s->conf;
	struct secret password = { 0 };
	int rc = MOSQ_ERR_SUCCESS;

	if (c->password_file && conf_secret_file(c->password_file, 1, &password, e) < 0)
		return -1;
	/* libmosquitto keeps a copy of its own, which nobody cleanses. */
	if (c->user)
		rc = mosquitto_username_pw_set(m, c->user, (const char *)password.data);
	secret_clear(&password);
	if (rc == MOSQ_ERR_SUCCESS && c->ca_file)
		rc = mosquitto_tls_set(m, c->ca_file, NULL, NULL, NULL, NULL);
	else if (rc == MOSQ_ERR_SUCCESS && c->tls)
		rc = mosquitto_int_option(m, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	return rc == MOSQ_ERR_SUCCESS ? 0 : err_set(e, ERR_SYSTEM, "%s", mosquitto_strerror(rc));
}

static int begin(struct source *s, struct err *e)
{
	struct mqtt *q = s->self;

	/* A new session each time: retained values say how things are now. */
	q->m = mosquitto_new(s->conf.client_id, true, s);
	if (!q->m)
		return err_set(e, ERR_SYSTEM, "out of memory");
	mosquitto_connect_callback_set(q->m, on_connect);
	mosquitto_message_callback_set(q->m, on_message);
	mosquitto_publish_callback_set(q->m, on_publish);
	return log_in(s, q->m, e);
}

static void drop(struct mqtt *q)
{
	if (q->m)
		mosquitto_destroy(q->m);
	q->m = NULL;
	q->dialled = q->up = false;
}

static void connect_now(struct source *s)
{
	struct mqtt *q = s->self;
	struct err e = ERR_INIT;
	int rc;

	drop(q);
	q->until_ms = clock_boot(s->host.clock) + CONNECT_MS;
	if (begin(s, &e) < 0) {
		drop(q);
		lost(s, e.text);
		return;
	}
	rc = mosquitto_connect_async(q->m, q->host, q->port, KEEPALIVE_S);
	if (rc != MOSQ_ERR_SUCCESS) {
		drop(q);
		lost(s, "the MQTT broker is not there");
	}
}

static void mqtt_close(struct source *s)
{
	struct mqtt *q = s->self;

	if (q->m && q->up)
		(void)mosquitto_disconnect(q->m);
	drop(q);
	mem_free(q->host);
	mem_free(q);
	(void)mosquitto_lib_cleanup();
}

/* ---- writing --------------------------------------------------------------------- */

static enum kith_thing_result mqtt_write(struct source_point *p, uint64_t ticket,
    const char *text, char *why, size_t why_size)
{
	struct source *s = p->node->source;
	struct mqtt *q = s->self;
	const char *plus = strchr(p->shape.topic, '+');
	char topic[TOPIC + SOURCE_NAME + 1];
	size_t i = 0;
	int rc;

	while (i < WAITING && q->waiting[i].ticket)
		i++;
	if (i == WAITING || !q->up) {
		snprintf(why, why_size, i == WAITING ? "too many writes are under way"
		    : "the MQTT broker is not there");
		return KITH_THING_FAILED;
	}
	if (plus)
		snprintf(topic, sizeof(topic), "%.*s%s%s", (int)(plus - p->shape.topic),
		    p->shape.topic, p->node->id, plus + 1);
	else
		snprintf(topic, sizeof(topic), "%s", p->shape.topic);
	/* Before the call: it may confirm from within. */
	q->waiting[i].until_ms = clock_boot(s->host.clock) + ANSWER_MS;
	rc = mosquitto_publish(q->m, &q->waiting[i].mid, topic, (int)strlen(text), text, 1,
	    p->shape.retain);
	if (rc != MOSQ_ERR_SUCCESS) {
		snprintf(why, why_size, "%s", mosquitto_strerror(rc));
		return KITH_THING_FAILED;
	}
	q->waiting[i].ticket = ticket;
	return KITH_THING_LATER;
}

/* ---- its time ---------------------------------------------------------------------- */

static int mqtt_fd(const struct source *s, short *events)
{
	const struct mqtt *q = s->self;
	int fd = q->m ? mosquitto_socket(q->m) : -1;

	*events = POLLIN;
	if (fd >= 0 && (!q->dialled || mosquitto_want_write(q->m)))
		*events |= POLLOUT;
	return fd;
}

static int64_t mqtt_deadline(const struct source *s)
{
	const struct mqtt *q = s->self;

	return q->m ? q->misc_ms : q->again_ms;
}

/* MOSQ_ERR_SUCCESS, or why it is over. */
static int turn(struct source *s, int64_t now)
{
	struct mqtt *q = s->self;
	struct pollfd p;
	int rc = MOSQ_ERR_SUCCESS;

	p.fd = mqtt_fd(s, &p.events);
	if (p.fd < 0)
		return MOSQ_ERR_NO_CONN;
	if (poll(&p, 1, 0) > 0) {
		q->dialled = q->dialled || (p.revents & POLLOUT);
		if (p.revents & POLLOUT)
			rc = mosquitto_loop_write(q->m, 1);
		if (rc == MOSQ_ERR_SUCCESS && (p.revents & ~POLLOUT))
			rc = mosquitto_loop_read(q->m, 1);
	}
	if (rc == MOSQ_ERR_SUCCESS && now >= q->misc_ms) {
		q->misc_ms = now + MISC_MS;
		rc = mosquitto_loop_misc(q->m);
	}
	return rc;
}

static void mqtt_process(struct source *s)
{
	struct mqtt *q = s->self;
	int64_t now = clock_boot(s->host.clock);
	int rc;

	if (!q->m && now >= q->again_ms)
		connect_now(s);
	if (!q->m)
		return;
	rc = turn(s, now);
	if (rc == MOSQ_ERR_SUCCESS && !q->up && q->until_ms >= 0 && now >= q->until_ms)
		rc = MOSQ_ERR_CONN_LOST;
	if (rc != MOSQ_ERR_SUCCESS) {
		drop(q);
		lost(s, rc == MOSQ_ERR_CONN_REFUSED || rc == MOSQ_ERR_AUTH
		    ? "the MQTT broker does not let us in" : "the MQTT broker is not there");
	} else if (q->up) {
		q->failures = 0;
	}
	for (size_t i = 0; i < WAITING; i++)
		if (q->waiting[i].ticket && now >= q->waiting[i].until_ms)
			finish(s, i, "no answer in time");
}

const struct source_ops source_mqtt = {
	.key = "mqtt",
	.open = mqtt_open,
	.close = mqtt_close,
	.write = mqtt_write,
	.fd = mqtt_fd,
	.deadline = mqtt_deadline,
	.process = mqtt_process,
};
