/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mdns: a packet is read as a whole (`read_packet`), then its records are taken
 * one type after the other (`takes`): who announces himself first, so that the
 * order of the records in a packet does not matter.  Names stay as they are on
 * the wire, uncompressed; a pointer must lead backwards, so no name can loop.
 */
#include "config.h"

#include "common/wire/mdns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/str.h"

#define HEAD 12
#define TYPE_A 1
#define TYPE_PTR 12
#define TYPE_TXT 16
#define TYPE_AAAA 28
#define TYPE_SRV 33
#define CLASS_IN 1
#define UNICAST 0x8000u		/* RFC 6762 5.4: answer me, not everybody */
#define LABEL 63

static const struct mdns_name services[] = {
	{ 25, "\014_xmpp-client\004_tcp\005local" },
	{ 26, "\015_xmpps-client\004_tcp\005local" },
};
static const struct mdns_name local = { 7, "\005local" };

struct record {
	struct mdns_name name;
	unsigned type;
	size_t at, len;		/* its data in the packet */
};

struct packet {
	const unsigned char *data;
	size_t len;
	size_t n;
	struct record record[MDNS_RECORDS];
};

/* ---- names --------------------------------------------------------------- */

static bool same_name(const struct mdns_name *a, const struct mdns_name *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		unsigned x = a->wire[i], y = b->wire[i];

		x = x >= 'A' && x <= 'Z' ? x + 32 : x;
		y = y >= 'A' && y <= 'Z' ? y + 32 : y;
		if (x != y)
			return false;
	}
	return true;
}

/* Is `n` one or more labels in front of `tail`? */
static bool is_below(const struct mdns_name *n, const struct mdns_name *tail)
{
	size_t at = 0;
	struct mdns_name rest;

	while (at < n->len && n->len - at > tail->len)
		at += n->wire[at] + 1u;
	if (at == 0 || at >= n->len)
		return false;
	rest.len = (uint8_t)(n->len - at);
	memcpy(rest.wire, n->wire + at, rest.len);
	return same_name(&rest, tail);
}

/* The name at *at; *at goes behind it.  -1: it is cut off, too long, or points
 * anywhere but backwards. */
static int read_name(const unsigned char *data, size_t len, size_t *at, struct mdns_name *out)
{
	size_t from = *at, limit = len, end = 0, n = 0;

	for (;;) {
		unsigned label;

		if (from >= limit)
			return -1;
		label = data[from];
		if ((label & 0xc0) == 0xc0) {
			size_t to;

			if (from + 2 > len)
				return -1;
			to = (label & 0x3fu) << 8 | data[from + 1];
			if (end == 0)
				end = from + 2;
			if (to < HEAD || to >= from)
				return -1;
			limit = from;	/* strictly backwards: it ends */
			from = to;
			continue;
		}
		if (label > LABEL || from + 1 + label > limit || n + 1 + label > MDNS_NAME)
			return -1;
		memcpy(out->wire + n, data + from, label + 1u);
		n += label + 1u;
		from += label + 1u;
		if (label == 0)
			break;
	}
	out->len = (uint8_t)n;
	*at = end != 0 ? end : from;
	return 0;
}

/* Host names are letters, digits and hyphens; nothing else becomes text. */
static bool is_host_label(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '_'))
			return false;
	return len > 0;
}

int mdns_target(const struct mdns_instance *i, char *out, size_t size)
{
	const struct mdns_name *n = &i->target;
	size_t used = 0;

	if (n->len < 2 || size <= n->len)
		return -1;
	for (size_t at = 0; n->wire[at] != 0; at += n->wire[at] + 1u) {
		if (!is_host_label(n->wire + at + 1, n->wire[at]))
			return -1;
		memcpy(out + used, n->wire + at + 1, n->wire[at]);
		used += n->wire[at];
		out[used++] = '.';
	}
	out[used - 1] = '\0';
	return 0;
}

/* ---- a packet ------------------------------------------------------------ */

static unsigned get_16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static int read_record(struct packet *p, size_t *at)
{
	struct record *r = &p->record[p->n];

	if (read_name(p->data, p->len, at, &r->name) < 0 || p->len - *at < 10)
		return -1;
	r->type = get_16(p->data + *at);
	r->len = get_16(p->data + *at + 8);
	/* The class' top bit says "drop what you knew": we know nothing. */
	if ((get_16(p->data + *at + 2) & ~UNICAST) != CLASS_IN)
		r->type = 0;
	r->at = *at + 10;
	if (p->len - r->at < r->len)
		return -1;
	*at = r->at + r->len;
	p->n++;
	return 0;
}

static int read_packet(struct packet *p, const unsigned char *data, size_t len, uint16_t id)
{
	size_t at = HEAD, questions, records;
	struct mdns_name name;

	p->data = data;
	p->len = len;
	p->n = 0;
	/* An answer without fault (RFC 6762 18), to what we asked. */
	if (len < HEAD || len > MDNS_PACKET || (get_16(data + 2) & 0xf80fu) != 0x8000u ||
	    get_16(data) != id)
		return -1;
	questions = get_16(data + 4);
	records = (size_t)get_16(data + 6) + get_16(data + 8) + get_16(data + 10);
	if (questions > MDNS_RECORDS || records > MDNS_RECORDS)
		return -1;
	for (; questions > 0; questions--) {
		if (read_name(data, len, &at, &name) < 0 || len - at < 4)
			return -1;
		at += 4;
	}
	for (; records > 0; records--)
		if (read_record(p, &at) < 0)
			return -1;
	return 0;
}

/* ---- what the records say ------------------------------------------------ */

/* A name belongs to whoever says it: nobody can turn another's away. */
static struct mdns_instance *find(struct mdns *m, const struct mdns_name *name, uint32_t sender)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->instance[i].sender == sender && same_name(&m->instance[i].name, name))
			return &m->instance[i];
	return NULL;
}

static size_t count_of(const struct mdns *m, uint32_t sender)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->instance[i].sender == sender;
	return n;
}

static void take_ptr(struct mdns *m, const struct packet *p, const struct record *r,
    uint32_t sender)
{
	size_t at = r->at;
	struct mdns_instance *i = &m->instance[m->n];
	struct mdns_name name;
	bool direct = same_name(&r->name, &services[1]);

	if (!direct && !same_name(&r->name, &services[0]))
		return;
	if (read_name(p->data, r->at + r->len, &at, &name) < 0 || !is_below(&name, &r->name) ||
	    find(m, &name, sender) || m->n == MDNS_INSTANCES || count_of(m, sender) == MDNS_PER_SENDER)
		return;
	memset(i, 0, sizeof(*i));
	i->name = name;
	i->direct_tls = direct;
	i->sender = sender;
	m->n++;
}

static void take_srv(struct mdns *m, const struct packet *p, const struct record *r,
    uint32_t sender)
{
	struct mdns_instance *i = find(m, &r->name, sender);
	size_t at = r->at + 6;
	struct mdns_name target;

	if (!i || i->has_srv || r->len < 7 ||
	    read_name(p->data, r->at + r->len, &at, &target) < 0 || target.len < 2)
		return;
	i->priority = (uint16_t)get_16(p->data + r->at);
	i->port = (uint16_t)get_16(p->data + r->at + 4);
	i->target = target;
	i->has_srv = i->port != 0;
}

/* RFC 6763 6.4: of two with one key the first counts. */
static void take_pair(struct mdns_instance *i, const char *text, size_t len)
{
	const struct { const char *key; char *to; } keys[] = {
		{ "ordom=", i->domain }, { "domain=", i->domain },
		{ "regis=", i->registry }, { "provis=", i->provisioning },
	};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		size_t skip = strlen(keys[k].key);

		if (len <= skip || len - skip >= MDNS_TEXT || keys[k].to[0] ||
		    memchr(text, '\0', len) || strncasecmp(text, keys[k].key, skip) != 0)
			continue;
		memcpy(keys[k].to, text + skip, len - skip);
		keys[k].to[len - skip] = '\0';
		if (!str_utf8_valid(keys[k].to, len - skip))
			keys[k].to[0] = '\0';
		return;
	}
}

static void take_txt(struct mdns *m, const struct packet *p, const struct record *r,
    uint32_t sender)
{
	struct mdns_instance *i = find(m, &r->name, sender);
	size_t at = r->at, end = r->at + r->len;

	if (!i || i->has_txt)
		return;
	i->has_txt = true;
	while (at < end && p->data[at] < end - at) {
		take_pair(i, (const char *)p->data + at + 1, p->data[at]);
		at += p->data[at] + 1u;
	}
}

static void take_address(struct mdns *m, const struct packet *p, const struct record *r,
    uint32_t sender)
{
	bool is_6 = r->type == TYPE_AAAA;
	const unsigned char *a = p->data + r->at;

	/* A link-local address of IPv6 means nothing without its interface. */
	if (r->len != (is_6 ? 16u : 4u) || (is_6 && a[0] == 0xfe && (a[1] & 0xc0) == 0x80))
		return;
	for (size_t k = 0; k < m->n; k++) {
		struct mdns_instance *i = &m->instance[k];

		if (i->has_srv && i->sender == sender && i->n_addresses < MDNS_ADDRESSES &&
		    same_name(&i->target, &r->name) &&
		    inet_ntop(is_6 ? AF_INET6 : AF_INET, a, i->address[i->n_addresses],
		    sizeof(i->address[0])))
			i->n_addresses++;
	}
}

static const struct {
	unsigned type;
	void (*take)(struct mdns *, const struct packet *, const struct record *, uint32_t);
} takes[] = {
	{ TYPE_PTR, take_ptr },
	{ TYPE_SRV, take_srv },
	{ TYPE_TXT, take_txt },
	{ TYPE_A, take_address },
	{ TYPE_AAAA, take_address },
};

int mdns_take(struct mdns *m, const unsigned char *data, size_t len, uint32_t sender)
{
	struct packet p;

	if (read_packet(&p, data, len, m->id) < 0)
		return -1;
	for (size_t t = 0; t < sizeof(takes) / sizeof(takes[0]); t++)
		for (size_t i = 0; i < p.n; i++)
			if (p.record[i].type == takes[t].type)
				takes[t].take(m, &p, &p.record[i], sender);
	return 0;
}

static bool is_local(const struct mdns_instance *i)
{
	return is_below(&i->target, &local);
}

bool mdns_is_complete(const struct mdns_instance *i)
{
	return i->has_srv && i->has_txt && (i->n_addresses > 0 || !is_local(i));
}

void mdns_sort(struct mdns *m)
{
	/* A handful: the plain way keeps the order of equals. */
	for (size_t i = 1; i < m->n; i++) {
		struct mdns_instance x = m->instance[i];
		size_t k = i;

		for (; k > 0 && m->instance[k - 1].priority > x.priority; k--)
			m->instance[k] = m->instance[k - 1];
		m->instance[k] = x;
	}
}

/* ---- questions ----------------------------------------------------------- */

struct query {
	unsigned char *out;
	size_t len;
	unsigned n;
};

static void put_16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

/* false: the packet is full. */
static bool question(struct query *q, const struct mdns_name *name, unsigned type)
{
	if (q->len + name->len + 4 > MDNS_QUERY)
		return false;
	memcpy(q->out + q->len, name->wire, name->len);
	q->len += name->len;
	put_16(q->out + q->len, type);
	put_16(q->out + q->len + 2, CLASS_IN | UNICAST);
	q->len += 4;
	q->n++;
	return true;
}

static void ask_about(struct query *q, struct mdns_instance *i)
{
	if ((!i->has_srv || !i->has_txt) && i->asked < MDNS_TRIES &&
	    (i->has_srv || question(q, &i->name, TYPE_SRV)) &&
	    (i->has_txt || question(q, &i->name, TYPE_TXT)))
		i->asked++;
	if (i->has_srv && i->n_addresses == 0 && is_local(i) && i->asked_host < MDNS_TRIES &&
	    question(q, &i->target, TYPE_A) && question(q, &i->target, TYPE_AAAA))
		i->asked_host++;
}

void mdns_init(struct mdns *m, uint16_t id)
{
	memset(m, 0, sizeof(*m));
	m->id = id;
}

void mdns_ask_again(struct mdns *m)
{
	m->asked = false;
}

size_t mdns_ask(struct mdns *m, unsigned char out[static MDNS_QUERY])
{
	struct query q = { .out = out, .len = HEAD };

	memset(out, 0, HEAD);
	put_16(out, m->id);
	if (!m->asked) {
		(void)question(&q, &services[0], TYPE_PTR);
		(void)question(&q, &services[1], TYPE_PTR);
		m->asked = true;
	}
	for (size_t i = 0; i < m->n; i++)
		ask_about(&q, &m->instance[i]);
	put_16(out + 4, q.n);
	return q.n > 0 ? q.len : 0;
}
