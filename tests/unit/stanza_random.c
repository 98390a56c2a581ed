/* SPDX-License-Identifier: Apache-2.0 */
/* stanza_random: see the header.  Only what survives a round trip is made. */
#include "config.h"

#include "tests/unit/stanza_random.h"

#include "common/base/str.h"
#include "common/wire/dataform.h"

static bool
coin(struct unit_random *rnd)
{
	return unit_random_below(rnd, 2) == 0;
}

const char *
stanza_random_text(struct unit_random *rnd, struct pool *pool, size_t min, size_t max)
{
	static const char *const odd[] = { "a", "B", "7", "-", " ", "&", "<", ">", "\"", "'", "]]>",
		"\t", "\n", "\r", "%", ";", "\\", "#", "=", "\xc3\xa9", "\xe2\x80\xae",
		"\xef\xbf\xbd", "\xf0\x9f\x98\x80", "\xcc\x81" };
	size_t n = min + unit_random_below(rnd, max - min + 1);
	char *out = pool_zalloc(pool, 4 * n + 4), *at = out;

	assert_non_null(out);
	while (str_utf8_chars(out) < n) {
		const char *piece = odd[unit_random_below(rnd, sizeof(odd) / sizeof(odd[0]))];

		if (str_utf8_chars(out) + str_utf8_chars(piece) > n)
			piece = "x";
		memcpy(at, piece, strlen(piece) + 1);
		at += strlen(piece);
	}
	return out;
}

static const char *
maybe_text(struct unit_random *rnd, struct pool *pool, size_t max)
{
	return coin(rnd) ? NULL : stanza_random_text(rnd, pool, 1, max);
}

static const char *
address(struct unit_random *rnd, struct pool *pool)
{
	static const char *const all[] = { "t@ex.org", "o@ex.org", "b\\20c@sub.ex.org", "ex.org",
		"\xc3\xa9@ex.org" };

	return pool_strdup(pool, all[unit_random_below(rnd, sizeof(all) / sizeof(all[0]))]);
}

static struct node
node(struct unit_random *rnd, struct pool *pool)
{
	struct node n = { maybe_text(rnd, pool, 20), maybe_text(rnd, pool, 20),
		maybe_text(rnd, pool, 20) };

	return n;
}

static double
random_number(struct unit_random *rnd)
{
	switch (unit_random_below(rnd, 4)) {
	case 0:
		return (double)unit_random_below(rnd, 1000) - 500;
	case 1:
		return (double)unit_random_next(rnd) / 3e7;
	case 2:
		return 1.0 / (double)(1 + unit_random_below(rnd, 100000));
	default:
		return ((double)unit_random_below(rnd, 100) + 1) * 1e-300;
	}
}

void
stanza_random_tags(struct unit_random *rnd, struct pool *pool, struct tag_list *out)
{
	size_t n = unit_random_below(rnd, 8);
	char shortest[STR_DOUBLE];

	out->n = n;
	out->tag = pool_zalloc(pool, n * sizeof(*out->tag));
	assert_non_null(out->tag);
	for (size_t i = 0; i < n; i++) {
		struct tag *t = &out->tag[i];

		t->name = pool_printf(pool, "%zu%s", i, stanza_random_text(rnd, pool, 0, 30));
		t->is_num = coin(rnd);
		t->str = stanza_random_text(rnd, pool, 0, 128);
		if (!t->is_num)
			continue;
		t->num = random_number(rnd);
		str_from_double(shortest, t->num);
		t->str = pool_strdup(pool, shortest);
	}
}

static struct name_list
names(struct unit_random *rnd, struct pool *pool, size_t max, bool is_token)
{
	struct name_list l = { unit_random_below(rnd, max), NULL };

	l.name = pool_zalloc(pool, max * sizeof(*l.name));
	assert_non_null(l.name);
	for (size_t i = 0; i < l.n; i++)
		l.name[i] = is_token ? pool_printf(pool, "r.ex:t%zu", i) :
		    pool_printf(pool, "%zu%s", i, stanza_random_text(rnd, pool, 0, 40));
	return l;
}

static struct node_list
nodes(struct unit_random *rnd, struct pool *pool)
{
	struct node_list l = { unit_random_below(rnd, 4), NULL };

	l.node = pool_zalloc(pool, 4 * sizeof(*l.node));
	assert_non_null(l.node);
	for (size_t i = 0; i < l.n; i++) {
		l.node[i] = node(rnd, pool);
		if (l.node[i].id == NULL && node_is_set(&l.node[i]))
			l.node[i].id = "n";
	}
	return l;
}

static struct tokens
tokens(struct unit_random *rnd, struct pool *pool)
{
	return (struct tokens){ names(rnd, pool, 3, true), names(rnd, pool, 3, true),
		names(rnd, pool, 3, true) };
}

/* The kinds of history exist in the long vocabulary only. */
static void
types(struct unit_random *rnd, enum vocab v, unsigned *out, unsigned *history)
{
	*out = (unsigned)unit_random_below(rnd, FIELD_ALL + 1);
	*history = 0;
	if (v == VOCAB_LONG && (*out & FIELD_HISTORICAL) != 0 && coin(rnd))
		*history = 1 + (unsigned)unit_random_below(rnd, 511);
}

static const struct manifest *
manifest(struct unit_random *rnd, struct pool *pool)
{
	struct manifest *m = pool_zalloc(pool, sizeof(*m));
	struct offer *offer = pool_zalloc(pool, 4 * sizeof(*offer));
	const char **need = pool_zalloc(pool, 2 * sizeof(*need));

	m->n_offers = unit_random_below(rnd, 4);
	m->n_needs = unit_random_below(rnd, 3);
	m->offer = offer;
	m->need = need;
	for (size_t i = 0; i < m->n_offers; i++) {
		offer[i].control = coin(rnd);
		offer[i].name = stanza_random_text(rnd, pool, 1, WIRE_FIELD_NAME);
		offer[i].type = coin(rnd) ? "numeric" : NULL;
		offer[i].unit = coin(rnd) ? stanza_random_text(rnd, pool, 1, WIRE_UNIT) : NULL;
		offer[i].has_range = coin(rnd);
		offer[i].min = offer[i].has_range ? -1.5 : 0;
		offer[i].max = offer[i].has_range ? 1e6 : 0;
	}
	for (size_t i = 0; i < m->n_needs; i++)
		need[i] = stanza_random_text(rnd, pool, 1, WIRE_NEED);
	return m;
}

static void
make_self(struct unit_random *rnd, struct pool *pool, struct thing_self *s)
{
	s->is_ours = true;
	s->can = (unsigned)unit_random_below(rnd, 8);
	s->owner = coin(rnd) ? address(rnd, pool) : NULL;
	s->epoch = unit_random_below(rnd, 1000);
	s->floor = unit_random_below(rnd, 1000);
	s->clock_unknown = coin(rnd);
	s->manifest = coin(rnd) ? manifest(rnd, pool) : NULL;
	if (coin(rnd))
		return;
	s->continuity = stanza_random_text(rnd, pool, 1, WIRE_PROOF);
	if (coin(rnd))
		return;
	s->nonce = stanza_random_text(rnd, pool, 1, WIRE_PROOF);
	s->proof = stanza_random_text(rnd, pool, 1, WIRE_PROOF);
}

static void
make_register(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	q->u.reg.node = node(rnd, pool);
	q->u.reg.self_owned = coin(rnd);
	stanza_random_tags(rnd, pool, &q->u.reg.tags);
	if (coin(rnd))
		make_self(rnd, pool, &q->u.reg.self);
}

static void
make_mine(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	q->u.mine.has_public = coin(rnd);
	q->u.mine.is_public = q->u.mine.has_public ? coin(rnd) : true;
	stanza_random_tags(rnd, pool, &q->u.mine.tags);
}

static void
make_address(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	q->u.address.node = node(rnd, pool);
	if (q->verb != VERB_UNREGISTER)
		q->u.address.jid = address(rnd, pool);
	if (q->verb == VERB_UPDATE)
		stanza_random_tags(rnd, pool, &q->u.address.tags);
}

static void
make_term(struct unit_random *rnd, struct pool *pool, struct search_term *t)
{
	bool range = false;

	t->op = (enum search_op)unit_random_below(rnd, OP_COUNT);
	range = t->op == OP_STR_RANGE || t->op == OP_STR_NRANGE || t->op >= OP_NUM_RANGE;
	t->name = stanza_random_text(rnd, pool, 1, 32);
	t->name_wildcard = maybe_text(rnd, pool, 5);
	t->wildcard = t->op == OP_STR_MASK ? "*" : NULL;
	t->value = range ? NULL : stanza_random_text(rnd, pool, 0, 128);
	t->num = random_number(rnd);
	if (!range)
		return;
	t->has_min = true;
	t->has_max = coin(rnd);
	t->min = stanza_random_text(rnd, pool, 0, 128);
	t->max = t->has_max ? stanza_random_text(rnd, pool, 0, 128) : NULL;
	t->num_min = random_number(rnd);
	t->num_max = random_number(rnd);
	t->min_included = coin(rnd);
	t->max_included = coin(rnd);
}

static void
make_search(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_search *s = &q->u.search;

	s->offset = (int64_t)unit_random_below(rnd, 1000);
	s->max = (int64_t)unit_random_below(rnd, 200);
	s->n = unit_random_below(rnd, 6);
	s->term = pool_zalloc(pool, 6 * sizeof(*s->term));
	assert_non_null(s->term);
	for (size_t i = 0; i < s->n; i++)
		make_term(rnd, pool, &s->term[i]);
}

static void
make_is_friend(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	q->u.is_friend.jid = address(rnd, pool);
}

static void
make_can(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_can *c = &q->u.can;

	c->jid = address(rnd, pool);
	c->tokens = tokens(rnd, pool);
	if (q->verb == VERB_CAN_READ)
		types(rnd, q->dialect.vocab, &c->types, &c->history);
	c->nodes = nodes(rnd, pool);
	c->names = names(rnd, pool, 5, false);
}

static const uint8_t *
make_data(struct unit_random *rnd, struct pool *pool, size_t max, size_t *len)
{
	uint8_t *data = pool_alloc(pool, max);

	assert_non_null(data);
	*len = 1 + unit_random_below(rnd, max);
	for (size_t i = 0; i < *len; i++)
		data[i] = (uint8_t)unit_random_next(rnd);
	return data;
}

static void
make_token(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_token *t = &q->u.token;
	bool whole = q->verb == VERB_GET_TOKEN;

	if (q->verb == VERB_GET_CERTIFICATE || q->verb == VERB_TOKEN_CHALLENGE)
		t->token = "r.ex.org:abc234";
	if (q->verb == VERB_GET_CERTIFICATE)
		return;
	t->data = make_data(rnd, pool, whole ? WIRE_CERTIFICATE : WIRE_CHALLENGE, &t->len);
	if (q->verb == VERB_TOKEN_ANSWER)
		t->seqnr = (int64_t)unit_random_below(rnd, 1u << 31);
	else
		t->sha256 = coin(rnd);
	if (q->verb == VERB_TOKEN_CHALLENGE && coin(rnd))
		t->shown_by = address(rnd, pool);
}

static void
make_token_reply(struct unit_random *rnd, struct pool *pool, struct reply *r)
{
	struct reply_token *t = &r->u.token;

	r->body = (enum body)(BODY_TOKEN_CHALLENGE + unit_random_below(rnd, 4));
	if (r->body == BODY_TOKEN) {
		t->token = "r.ex.org:abc234";
		return;
	}
	t->data = make_data(rnd, pool,
	    r->body == BODY_CERTIFICATE ? WIRE_CERTIFICATE : WIRE_CHALLENGE, &t->len);
	if (r->body == BODY_TOKEN_CHALLENGE) {
		t->seqnr = (int64_t)unit_random_below(rnd, 1u << 31);
		t->sha256 = coin(rnd);
	}
}

static struct name_list
random_tokens(struct unit_random *rnd, struct pool *pool)
{
	struct name_list l = { 1 + unit_random_below(rnd, 3), pool_alloc(pool, 3 * sizeof(char *)) };

	assert_non_null(l.name);
	for (size_t i = 0; i < l.n; i++)
		l.name[i] = pool_printf(pool, "t%zu-%zu", i, unit_random_below(rnd, 1000));
	return l;
}

static void
make_service(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	static const struct credential_sent all[] = {
		{ "jid", "bob@b.example" }, { "ip4", "10.0.0.1" }, { "ip6", "fd00::1" },
		{ "hostName", "pc.b.example" }, { "x509Certificate", "AAECAw==" },
		{ "x509CertificateThumbprint", "0123456789abcdef0123456789abcdef01234567" },
		{ "userName", "kermit" }, { "longitude", "-12.5" }, { "latitude", "52.25" },
		{ "altitude", "100" }, { "sso", "him" }, { "protocol", "HTTPS" },
	};
	const size_t n = sizeof(all) / sizeof(all[0]);
	struct request_service *s = &q->u.service;

	s->service_tokens = random_tokens(rnd, pool);
	if (q->verb != VERB_CAN_ACCESS)
		s->user_tokens = random_tokens(rnd, pool);
	if (q->verb == VERB_USER_LOGGED_IN)
		s->user_name = "kermit the frog";
	if (q->verb == VERB_HAS_PRIVILEGE)
		s->privilege = coin(rnd) ? "Sensors.View" : "A b.\xc3\xa4.C";
	if (q->verb != VERB_CAN_ACCESS)
		return;
	s->credential = pool_alloc(pool, n * sizeof(*s->credential));
	assert_non_null(s->credential);
	for (size_t i = 0; i < n; i++)
		if (coin(rnd))
			s->credential[s->n_credentials++] = all[i];
}

static void
make_service_reply(struct unit_random *rnd, struct pool *pool, struct reply *r)
{
	struct reply_service *s = &r->u.service;

	r->body = (enum body)(BODY_ACCESS + unit_random_below(rnd, 3));
	if (r->body != BODY_PRIVILEGES)
		s->result = coin(rnd);
	if (r->body == BODY_ACCESS && s->result)
		s->user_token = "r.ex.org:abc234";
	if (r->body != BODY_PRIVILEGES)
		return;
	s->n = unit_random_below(rnd, 5);
	s->privilege = pool_alloc(pool, 5 * sizeof(*s->privilege));
	assert_non_null(s->privilege);
	for (size_t i = 0; i < s->n; i++)
		s->privilege[i] = (struct privilege_line){ coin(rnd), pool_printf(pool, "A.B%zu", i) };
}

static void
make_rule(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_owner_rule *r = &q->u.rule;
	unsigned history;

	r->jid = address(rnd, pool);
	r->remote = address(rnd, pool);
	r->key = maybe_text(rnd, pool, 40);
	r->result = coin(rnd);
	r->range = (enum rule_range)unit_random_below(rnd,
	    q->verb == VERB_IS_FRIEND_RULE ? 3 : RANGE_USER + 1);
	if (r->range >= RANGE_SERVICE)
		r->token = "r.ex:token";
	if (q->verb == VERB_IS_FRIEND_RULE)
		return;
	r->nodes = nodes(rnd, pool);
	r->partial = coin(rnd);
	if (!r->partial)
		return;
	r->names = names(rnd, pool, 5, false);
	if (q->verb == VERB_CAN_READ_RULE)
		types(rnd, VOCAB_SHORT, &r->types, &history);
}

static void
make_devices(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	if (q->verb == VERB_GET_DEVICES) {
		q->u.devices.offset = (int64_t)unit_random_below(rnd, 100);
		q->u.devices.max = (int64_t)unit_random_below(rnd, 100);
		return;
	}
	q->u.devices.jid = coin(rnd) ? address(rnd, pool) : NULL;
	q->u.devices.node = node(rnd, pool);
}

static void
make_abouts(struct unit_random *rnd, struct pool *pool, struct request_push *push)
{
	struct clear_about *about = pool_zalloc(pool, 3 * sizeof(*about));
	size_t n = unit_random_below(rnd, 4);

	assert_non_null(about);
	for (size_t i = 0; i < n; i++) {
		about[i].jid = coin(rnd) ? address(rnd, pool) : NULL;
		about[i].actions = coin(rnd) ? 1u << unit_random_below(rnd, 3) : 0;
		about[i].node = node(rnd, pool);
		about[i].name = maybe_text(rnd, pool, 30);
	}
	push->about = about;
	push->n_about = n;
}

static void
make_push(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	if (q->verb == VERB_CLAIMED || q->verb == VERB_FRIEND || q->verb == VERB_UNFRIEND)
		q->u.push.jid = address(rnd, pool);
	if (q->verb == VERB_CLAIMED) {
		q->u.push.has_public = coin(rnd);
		q->u.push.is_public = q->u.push.has_public && coin(rnd);
	}
	if (q->kind == STANZA_IQ)
		q->u.push.node = node(rnd, pool);
	if (q->verb == VERB_CLEAR_CACHE && q->lease.asked) {
		q->u.push.floor = q->lease.floor;
		make_abouts(rnd, pool, &q->u.push);
	}
}

static void
make_witness(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	static const char *const codes[] = { "ABCD-EFGH", "2345-6723", "ZZZZ-7777" };
	static const char *const rhythms[] = { "1", "2 4 1 3", "9 9 9 9 9 9 9 9" };

	(void)pool;
	if (q->verb == VERB_SHOW_CODE)
		q->u.witness.code = codes[unit_random_below(rnd, 3)];
	if (q->verb == VERB_SHOW_CODE || q->verb == VERB_LISTEN)
		q->u.witness.seconds = (int64_t)unit_random_below(rnd, 1000);
	if (q->verb == VERB_PRESSED)
		q->u.witness.rhythm = rhythms[unit_random_below(rnd, 3)];
}

static void
make_copied(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	(void)pool;
	q->u.copied = unit_random_below(rnd, 2) != 0;
}

static int64_t
point_of_time(struct unit_random *rnd)
{
	return (int64_t)(unit_random_next(rnd) % 4102444800000u);	/* before 2100 */
}

static void
make_read(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	q->u.read.seqnr = stanza_random_text(rnd, pool, 1, 128);
	if (q->verb == VERB_READ_CANCEL)
		return;
	types(rnd, q->dialect.vocab, &q->u.read.types, &q->u.read.history);
	q->u.read.tokens = tokens(rnd, pool);
	q->u.read.nodes = nodes(rnd, pool);
	q->u.read.fields = names(rnd, pool, 5, false);
	q->u.read.has_from = coin(rnd);
	q->u.read.from_ms = q->u.read.has_from ? point_of_time(rnd) : 0;
	q->u.read.has_to = coin(rnd);
	q->u.read.to_ms = q->u.read.has_to ? point_of_time(rnd) : 0;
	q->u.read.has_when = coin(rnd);
	q->u.read.when_ms = q->u.read.has_when ? point_of_time(rnd) : 0;
	q->u.read.why = coin(rnd);
}

static double
change(struct unit_random *rnd, bool *has)
{
	*has = coin(rnd);
	return *has ? (double)unit_random_below(rnd, 1000) / 8 : 0;
}

static int64_t
interval(struct unit_random *rnd, bool *has)
{
	*has = coin(rnd);
	return *has ? (int64_t)unit_random_below(rnd, 100000000) : 0;
}

static void
make_watch(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_events *r = &q->u.events;

	r->read.seqnr = stanza_random_text(rnd, pool, 1, 128);
	if (q->verb == VERB_UNWATCH)
		return;
	types(rnd, q->dialect.vocab, &r->read.types, &r->read.history);
	r->read.tokens = tokens(rnd, pool);
	r->read.nodes = nodes(rnd, pool);
	r->read.fields = names(rnd, pool, 5, false);
	r->field = pool_zalloc(pool, 5 * sizeof(r->field[0]));
	assert_non_null(r->field);
	for (size_t i = 0; i < r->read.fields.n; i++) {
		struct event_field *f = &r->field[i];

		f->said = true;
		f->current = change(rnd, &f->has_current);
		f->up = change(rnd, &f->has_up);
		f->down = change(rnd, &f->has_down);
	}
	r->min_ms = interval(rnd, &r->has_min);
	r->max_ms = interval(rnd, &r->has_max);
	r->age_ms = interval(rnd, &r->has_age);
	r->at_once = coin(rnd);
}

static void
make_value(struct unit_random *rnd, struct pool *pool, size_t i, struct control_value *v)
{
	static const struct control_value some[] = {
		{ .type = VALUE_BOOL, .text = "true", .boolean = true },
		{ .type = VALUE_INT, .text = "-7", .num = -7 },
		{ .type = VALUE_LONG, .text = "5000000000", .num = 5e9 },
		{ .type = VALUE_NUMERIC, .text = "1.50", .num = 1.5 },
		{ .type = VALUE_DATE, .text = "2026-05-01" },
		{ .type = VALUE_TIME, .text = "08:00:00.5Z" },
		{ .type = VALUE_DATETIME, .text = "2026-05-01T08:00:00+01:00" },
		{ .type = VALUE_DURATION, .text = "-P1Y2M3DT4H5M6.7S" },
		{ .type = VALUE_COLOR, .text = "00ff00" },
		{ .type = VALUE_STRING },
		{ .type = VALUE_ENUM },
	};

	*v = some[unit_random_below(rnd, sizeof(some) / sizeof(some[0]))];
	v->name = pool_printf(pool, "%zu%s", i, stanza_random_text(rnd, pool, 0, 30));
	if (v->text == NULL)
		v->text = stanza_random_text(rnd, pool, 0, 200);
}

static void
make_control(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_control *c = &q->u.control;

	c->tokens = tokens(rnd, pool);
	c->nodes = nodes(rnd, pool);
	c->why = coin(rnd);
	if (q->verb == VERB_CONTROL_FORM)
		return;
	c->n = 1 + unit_random_below(rnd, 5);
	c->value = pool_zalloc(pool, 6 * sizeof(*c->value));
	assert_non_null(c->value);
	for (size_t i = 0; i < c->n; i++)
		make_value(rnd, pool, i, &c->value[i]);
}

static void
make_disco(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	if (q->verb != VERB_PING && q->verb != VERB_VERSION)
		q->u.disco.node = maybe_text(rnd, pool, 100);
}

static void
make_fields(struct unit_random *rnd, struct pool *pool, struct dataform *f)
{
	for (size_t n = unit_random_below(rnd, 5); n > 0; n--) {
		struct dataform_field *d = dataform_add(f,
		    (enum dataform_kind)unit_random_below(rnd, DATAFORM_KINDS),
		    pool_printf(pool, "v%zu", n), maybe_text(rnd, pool, 20));

		/* A submit says no types, so a list would come back as text. */
		if (f->type == DATAFORM_SUBMIT)
			d->kind = DATAFORM_TEXT_SINGLE;
		d->required = coin(rnd);
		d->desc = maybe_text(rnd, pool, 20);
		for (size_t k = unit_random_below(rnd, 4); k > 0; k--)
			dataform_set(f, d, stanza_random_text(rnd, pool, 1, 30));
		for (size_t k = unit_random_below(rnd, 4); k > 0; k--)
			dataform_offer(f, d, stanza_random_text(rnd, pool, 1, 30),
			    maybe_text(rnd, pool, 20));
	}
}

static void
make_table(struct unit_random *rnd, struct pool *pool, struct dataform *f)
{
	const char *cell[3];

	for (size_t i = 0; i < 3; i++)
		dataform_column(f, pool_printf(pool, "c%zu", i), maybe_text(rnd, pool, 20));
	for (size_t n = unit_random_below(rnd, 5); n > 0; n--) {
		for (size_t i = 0; i < 3; i++)
			cell[i] = maybe_text(rnd, pool, 30);
		dataform_row(f, cell);
	}
}

static const struct dataform *
make_form(struct unit_random *rnd, struct pool *pool)
{
	struct dataform *f = pool_alloc(pool, sizeof(*f));

	assert_non_null(f);
	dataform_begin(f, (enum dataform_type)unit_random_below(rnd, 4), pool,
	    maybe_text(rnd, pool, 30));
	if (coin(rnd))
		dataform_instruct(f, stanza_random_text(rnd, pool, 1, 60));
	make_fields(rnd, pool, f);
	if (f->type == DATAFORM_RESULT && coin(rnd))
		make_table(rnd, pool, f);
	assert_false(f->failed);
	return f;
}

static void
make_command(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	struct request_command *c = &q->u.command;

	c->node = stanza_random_text(rnd, pool, 1, 40);
	c->session = maybe_text(rnd, pool, 40);
	c->action = (enum command_action)unit_random_below(rnd, COMMAND_UNKNOWN);
	c->form = coin(rnd) ? make_form(rnd, pool) : NULL;
}

static const struct {
	enum verb verb;
	enum proto proto;
	enum iq_type type;	/* IQ_NOT: a message */
	void (*make)(struct unit_random *rnd, struct pool *pool, struct request *q);
} makers[] = {
	{ VERB_DISCO_INFO, PROTO_NONE, IQ_GET, make_disco },
	{ VERB_DISCO_ITEMS, PROTO_NONE, IQ_GET, make_disco },
	{ VERB_PING, PROTO_NONE, IQ_GET, make_disco },
	{ VERB_VERSION, PROTO_NONE, IQ_GET, make_disco },
	{ VERB_COMMAND, PROTO_NONE, IQ_SET, make_command },
	{ VERB_REGISTER, PROTO_DISCOVERY, IQ_SET, make_register },
	{ VERB_UPDATE, PROTO_DISCOVERY, IQ_SET, make_address },
	{ VERB_MINE, PROTO_DISCOVERY, IQ_GET, make_mine },
	{ VERB_REMOVE, PROTO_DISCOVERY, IQ_SET, make_address },
	{ VERB_DISOWN, PROTO_DISCOVERY, IQ_GET, make_address },
	{ VERB_UNREGISTER, PROTO_DISCOVERY, IQ_SET, make_address },
	{ VERB_SEARCH, PROTO_DISCOVERY, IQ_GET, make_search },
	{ VERB_IS_FRIEND, PROTO_PROV_DEVICE, IQ_GET, make_is_friend },
	{ VERB_CAN_READ, PROTO_PROV_DEVICE, IQ_GET, make_can },
	{ VERB_CAN_CONTROL, PROTO_PROV_DEVICE, IQ_GET, make_can },
	{ VERB_IS_FRIEND_RULE, PROTO_PROV_OWNER, IQ_SET, make_rule },
	{ VERB_CAN_READ_RULE, PROTO_PROV_OWNER, IQ_SET, make_rule },
	{ VERB_CAN_CONTROL_RULE, PROTO_PROV_OWNER, IQ_SET, make_rule },
	{ VERB_OWNER_CLEAR_CACHE, PROTO_PROV_OWNER, IQ_SET, make_devices },
	{ VERB_DELETE_RULES, PROTO_PROV_OWNER, IQ_SET, make_devices },
	{ VERB_GET_DEVICES, PROTO_PROV_OWNER, IQ_GET, make_devices },
	{ VERB_CLAIMED, PROTO_DISCOVERY, IQ_SET, make_push },
	{ VERB_REMOVED, PROTO_DISCOVERY, IQ_SET, make_push },
	{ VERB_DISOWNED, PROTO_DISCOVERY, IQ_SET, make_push },
	{ VERB_CLEAR_CACHE, PROTO_PROV_DEVICE, IQ_SET, make_push },
	{ VERB_FRIEND, PROTO_PROV_DEVICE, IQ_NOT, make_push },
	{ VERB_UNFRIEND, PROTO_PROV_DEVICE, IQ_NOT, make_push },
	{ VERB_SHOW_CODE, PROTO_NONE, IQ_SET, make_witness },
	{ VERB_LISTEN, PROTO_NONE, IQ_SET, make_witness },
	{ VERB_NEW_KEY, PROTO_NONE, IQ_SET, make_witness },
	{ VERB_PRESSED, PROTO_NONE, IQ_SET, make_witness },
	{ VERB_COPIED, PROTO_NONE, IQ_SET, make_copied },
	{ VERB_READ, PROTO_SENSOR, IQ_GET, make_read },
	{ VERB_READ_CANCEL, PROTO_SENSOR, IQ_GET, make_read },
	{ VERB_WATCH, PROTO_EVENTS, IQ_SET, make_watch },
	{ VERB_UNWATCH, PROTO_EVENTS, IQ_SET, make_watch },
	{ VERB_CONTROL, PROTO_CONTROL, IQ_SET, make_control },
	{ VERB_CONTROL_FORM, PROTO_CONTROL, IQ_GET, make_control },
	{ VERB_GET_TOKEN, PROTO_PROV_TOKEN, IQ_GET, make_token },
	{ VERB_TOKEN_ANSWER, PROTO_PROV_TOKEN, IQ_GET, make_token },
	{ VERB_GET_CERTIFICATE, PROTO_PROV_TOKEN, IQ_GET, make_token },
	{ VERB_TOKEN_CHALLENGE, PROTO_PROV_TOKEN, IQ_GET, make_token },
	{ VERB_CAN_ACCESS, PROTO_PROV_DEVICE, IQ_GET, make_service },
	{ VERB_USER_LOGGED_IN, PROTO_PROV_DEVICE, IQ_NOT, make_service },
	{ VERB_USER_LOGGED_IN, PROTO_PROV_DEVICE, IQ_SET, make_service },
	{ VERB_HAS_PRIVILEGE, PROTO_PROV_DEVICE, IQ_GET, make_service },
	{ VERB_DOWNLOAD_PRIVILEGES, PROTO_PROV_DEVICE, IQ_GET, make_service },
};

void
stanza_random_request(struct unit_random *rnd, struct pool *pool, struct request *q)
{
	size_t i = unit_random_below(rnd, sizeof(makers) / sizeof(makers[0]));

	*q = (struct request){ .verb = makers[i].verb, .type = makers[i].type, .pool = pool };
	q->kind = q->type == IQ_NOT ? STANZA_MESSAGE : STANZA_IQ;
	if (makers[i].proto != PROTO_NONE)
		q->dialect = (struct dialect){ makers[i].proto,
			(enum gen)unit_random_below(rnd, GEN_COUNT),
			coin(rnd) ? VOCAB_LONG : VOCAB_SHORT };
	q->id = stanza_random_text(rnd, pool, 0, 60);
	q->from = "t@ex.org/Res";
	q->bare = "t@ex.org";
	q->to = "r.ex.org";
	if (q->kind == STANZA_IQ && coin(rnd))
		q->lease = (struct lease_ask){ true, unit_random_next(rnd) >> 1,
			coin(rnd) };
	makers[i].make(rnd, pool, q);
}

static void
make_found(struct unit_random *rnd, struct pool *pool, const struct request *q, struct reply *r)
{
	struct reply_found *f = &r->u.found;

	f->more = coin(rnd);
	f->n = unit_random_below(rnd, 4);
	f->thing = pool_zalloc(pool, 4 * sizeof(*f->thing));
	assert_non_null(f->thing);
	for (size_t i = 0; i < f->n; i++) {
		f->thing[i].jid = address(rnd, pool);
		f->thing[i].owner = q->dialect.gen == GEN_X ? address(rnd, pool) : NULL;
		f->thing[i].node = node(rnd, pool);
		stanza_random_tags(rnd, pool, &f->thing[i].tags);
	}
}

static void
make_denied(struct unit_random *rnd, struct pool *pool, struct reply *r)
{
	r->reason = stanza_random_text(rnd, pool, 1, 20);
	r->retry_after_ms = (int64_t)unit_random_below(rnd, 1000);
	r->ask_whom = coin(rnd) ? address(rnd, pool) : NULL;
}

static void
make_span(struct unit_random *rnd, struct pool *pool, struct span *s)
{
	s->name = maybe_text(rnd, pool, 40);
	if (coin(rnd)) {
		s->text = stanza_random_text(rnd, pool, 0, 30);
		return;
	}
	s->has_min = coin(rnd);
	s->has_max = coin(rnd);
	s->min_out = s->has_min && coin(rnd);
	s->max_out = s->has_max && coin(rnd);
	s->min = s->has_min ? random_number(rnd) : 0;
	s->max = s->has_max ? random_number(rnd) : 0;
}

static void
make_limits(struct unit_random *rnd, struct pool *pool, struct reply_can *can)
{
	struct limit *limit = pool_zalloc(pool, 4 * sizeof(*limit));

	assert_non_null(limit);
	can->n_limits = unit_random_below(rnd, 4);
	can->limit = limit;
	for (size_t i = 0; i < can->n_limits; i++) {
		make_span(rnd, pool, &limit[i].span);
		limit[i].rule = (int64_t)unit_random_below(rnd, 100);
		if (coin(rnd))
			continue;
		limit[i].rate_n = 1 + (int32_t)unit_random_below(rnd, 10000);
		limit[i].rate_ms = 1000 * (1 + (int64_t)unit_random_below(rnd, 31 * 24 * 3600));
	}
}

static void
make_decision(struct unit_random *rnd, struct pool *pool, const struct request *q,
    struct reply *r)
{
	r->u.can.jid = address(rnd, pool);
	r->u.can.result = coin(rnd);
	if (r->body == BODY_CAN_READ)
		r->u.can.types = (unsigned)unit_random_below(rnd, FIELD_ALL + 1);
	if (r->body != BODY_IS_FRIEND && r->u.can.result) {
		r->u.can.nodes = nodes(rnd, pool);
		r->u.can.names = names(rnd, pool, 5, false);
	}
	if (r->body == BODY_IS_FRIEND)
		r->u.can.secondary_trust = r->u.can.result && coin(rnd);
	r->has_lease = q->lease.asked && coin(rnd);
	if (r->has_lease && r->u.can.result && q->lease.keeps_limits &&
	    r->body != BODY_IS_FRIEND)
		make_limits(rnd, pool, &r->u.can);
	if (r->has_lease && !r->u.can.result && coin(rnd))
		make_denied(rnd, pool, r);
	r->revision = unit_random_next(rnd) >> 1;
	r->lease_ms = (int64_t)unit_random_below(rnd, 900001);
	if (r->has_lease && coin(rnd))
		r->edge_ms = 1 + (int64_t)unit_random_below(rnd, 900001);
}

static void
make_listed(struct unit_random *rnd, struct pool *pool, struct reply *r)
{
	size_t n = unit_random_below(rnd, 5);

	if (r->body == BODY_DISCO_INFO) {
		struct name_list features = names(rnd, pool, 6, false);

		r->u.disco = (struct identity_feature_list){ "component", "generic", "k&h",
			features.n, features.name };
		return;
	}
	r->u.items.item = pool_zalloc(pool, 5 * sizeof(*r->u.items.item));
	assert_non_null(r->u.items.item);
	r->u.items.n = n;
	for (size_t i = 0; i < n; i++)
		r->u.items.item[i] = (struct reply_item){ address(rnd, pool),
			maybe_text(rnd, pool, 20), maybe_text(rnd, pool, 20) };
}

static void
make_error(struct unit_random *rnd, struct pool *pool, const struct request *q, struct reply *r)
{
	reply_error(r, (enum condition)(1 + unit_random_below(rnd, COND_COUNT - 1)));
	if (!q->lease.asked || coin(rnd))
		return;
	make_denied(rnd, pool, r);
}

static void
make_step(struct unit_random *rnd, struct pool *pool, struct reply *r)
{
	struct reply_command *c = &r->u.command;

	c->node = stanza_random_text(rnd, pool, 1, 40);
	c->session = maybe_text(rnd, pool, 40);
	c->status = (enum command_status)unit_random_below(rnd, 3);
	if (c->status == COMMAND_EXECUTING && coin(rnd)) {
		c->actions = 1u << COMMAND_CANCEL | 1u << (1 + unit_random_below(rnd, 3));
		c->execute = coin(rnd) ? COMMAND_NEXT : COMMAND_EXECUTE;
	}
	if (coin(rnd)) {
		c->note_type = (enum command_note)unit_random_below(rnd, 3);
		c->note = stanza_random_text(rnd, pool, 1, 60);
	}
	c->form = coin(rnd) ? make_form(rnd, pool) : NULL;
}

void
stanza_random_reply(struct unit_random *rnd, struct pool *pool, const struct request *q,
    struct reply *r)
{
	*r = (struct reply){ .kind = REPLY_RESULT };
	r->body = (enum body)unit_random_below(rnd, BODY_DISCO_ITEMS + 2);
	if (r->body > BODY_DISCO_ITEMS)
		r->body = BODY_COMMAND;
	if (unit_random_below(rnd, 5) == 0)
		make_error(rnd, pool, q, r);
	else if (unit_random_below(rnd, 8) == 0)
		make_token_reply(rnd, pool, r);
	else if (unit_random_below(rnd, 8) == 0)
		make_service_reply(rnd, pool, r);
	else if (r->body == BODY_CLAIMED)
		r->u.claimed = (struct reply_claimed){ .jid = address(rnd, pool),
			.node = node(rnd, pool), .is_public = coin(rnd) };
	else if (r->body == BODY_FOUND)
		make_found(rnd, pool, q, r);
	else if (r->body >= BODY_IS_FRIEND && r->body <= BODY_CAN_CONTROL)
		make_decision(rnd, pool, q, r);
	else if (r->body == BODY_COMMAND)
		make_step(rnd, pool, r);
	else if (r->body >= BODY_DISCO_INFO)
		make_listed(rnd, pool, r);
	else if (r->body == BODY_CLEAR_CACHE && q->dialect.gen != GEN_X)
		r->body = BODY_EMPTY;	/* later generations answer it so */
}
