/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: the facts of a question beside the parts of a rule.  Says yes or no
 * and allocates nothing for plain names.  Next: ballot.c.
 */
#include "config.h"

#include "policy/match.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/str.h"

/* --- the subject --- */

/* By its public name, which is no secret. */
static bool is_shown(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

static bool has_token(const struct question *q, const struct subject *s)
{
	for (size_t i = 0; i < q->n_tokens; i++)
		if (is_shown(&q->tokens[i], s))
			return true;
	return false;
}

static bool has_role(const struct question *q, const char *role)
{
	for (size_t i = 0; i < q->n_roles; i++)
		if (strcmp(q->roles[i], role) == 0)
			return true;
	return false;
}

static bool match_subject(const struct subject *s, const struct question *q)
{
	switch (s->kind) {
	case SUBJECT_JID:
		return strcmp(q->asker, s->text) == 0;
	case SUBJECT_DOMAIN:
		return jid_text_in_domain(q->asker, s->text);
	case SUBJECT_ANYONE:
		return true;
	case SUBJECT_SERVICE:
	case SUBJECT_DEVICE:
	case SUBJECT_USER:
		return has_token(q, s);
	case SUBJECT_ROLE:
		return has_role(q, s->text);
	}
	return false;
}

/* --- the thing --- */

static bool thing_is_called(const struct question *q, const char *name)
{
	if (q->thing_name != NULL && value_same(q->thing_name, name))
		return true;
	for (size_t i = 0; i < q->n_aliases; i++)
		if (value_same(q->aliases[i], name))
			return true;
	return false;
}

static bool same_or_any(const char *wanted, const char *there)
{
	return wanted == NULL || (there != NULL && strcmp(wanted, there) == 0);
}

/* A rule about a thing is about all behind it; one about a node, without a
 * source, is about the node of that name in every source. */
static bool match_node(const struct target *t, const struct question *q)
{
	return same_or_any(t->node, q->node) && same_or_any(t->source, q->source) &&
	       same_or_any(t->partition, q->partition);
}

static bool match_thing(const struct target *t, const struct question *q)
{
	if (!t->bound)
		return thing_is_called(q, t->name);
	return t->epoch == q->epoch && memcmp(t->id, q->thing_id, sizeof(t->id)) == 0;
}

/* Below 0, 0, above 0: numbers where both are, else texts without case. */
static int compare(const char *a, const char *b)
{
	double x, y;

	if (str_to_double(a, &x) == 0 && str_to_double(b, &y) == 0)
		return (x > y) - (x < y);
	return value_same(a, b) ? 0 : str_case_cmp(a, b);
}

static bool match_term(const struct tag_term *t, const char *value)
{
	switch (t->op) {
	case TAG_EQ:
		return value_same(value, t->value) || compare(value, t->value) == 0;
	case TAG_NE:
		return compare(value, t->value) != 0;
	case TAG_LT:
		return compare(value, t->value) < 0;
	case TAG_LE:
		return compare(value, t->value) <= 0;
	case TAG_GT:
		return compare(value, t->value) > 0;
	case TAG_GE:
		return compare(value, t->value) >= 0;
	case TAG_MASK:
		return match_mask(t->value, value);
	}
	return false;
}

/* What a thing does not say of itself is neither like nor unlike anything. */
static bool thing_has(const struct question *q, const struct tag_term *t)
{
	for (size_t i = 0; i < q->n_tags; i++)
		if (value_same(q->tags[i].name, t->name) && match_term(t, q->tags[i].value))
			return true;
	return false;
}

static bool match_tags(const struct target *t, const struct question *q)
{
	for (size_t i = 0; i < t->n_terms; i++)
		if (!thing_has(q, &t->term[i]))
			return false;
	return true;
}

static bool match_set(const struct target *t, const struct question *q)
{
	for (size_t i = 0; i < q->n_sets; i++)
		if (value_same(q->sets[i], t->name))
			return true;
	return false;
}

static bool match_target(const struct target *t, const struct question *q)
{
	switch (t->kind) {
	case TARGET_ALL:
		return true;
	case TARGET_THING:
		return match_thing(t, q) && match_node(t, q);
	case TARGET_TAG:
		return match_tags(t, q);
	case TARGET_SET:
		return match_set(t, q);
	}
	return false;
}

/* --- masks --- */

/* Where `part` first stands in `text`, in linear time (memmem is, glibc). */
static const char *find(const char *text, size_t len, const char *part, size_t part_len)
{
	return memmem(text, len, part, part_len);
}

/* The first part stands in front, the last at the end, the others somewhere
 * between, each as early as it can: so nothing is ever tried twice. */
static bool mask_fits(const char *mask, const char *text, size_t len)
{
	size_t part = strcspn(mask, "*");

	if (mask[part] == '\0')
		return part == len && memcmp(mask, text, len) == 0;
	if (part > len || memcmp(mask, text, part) != 0)
		return false;
	for (;;) {
		const char *at;

		text += part;
		len -= part;
		mask += part + 1;
		part = strcspn(mask, "*");
		if (mask[part] == '\0')
			return part <= len && memcmp(text + len - part, mask, part) == 0;
		at = find(text, len, mask, part);
		if (at == NULL)
			return false;
		len -= (size_t)(at - text);
		text = at;
	}
}

#define MASK_SPACE (4 * POLICY_NAME + 1)

bool match_mask(const char *mask, const char *text)
{
	char mask_space[MASK_SPACE], text_space[MASK_SPACE];
	char *m = value_fold(mask, mask_space, sizeof(mask_space));
	char *t = value_fold(text, text_space, sizeof(text_space));
	bool fits = mask_fits(m, t, strlen(t));

	if (m != mask_space)
		free(m);
	if (t != text_space)
		free(t);
	return fits;
}

/* --- conditions of a service's user --- */

struct address {
	uint8_t bytes[16];
	int bits;		/* 32 or 128 */
};

/* An IPv4 address written as IPv6 (::ffff:10.0.0.1) is an IPv4 address. */
static bool address_read(const char *text, struct address *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	out->bits = 32;
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		return true;
	out->bits = 128;
	if (inet_pton(AF_INET6, text, out->bytes) != 1)
		return false;
	if (memcmp(out->bytes, mapped, sizeof(mapped)) == 0) {
		memmove(out->bytes, out->bytes + 12, 4);
		out->bits = 32;
	}
	return true;
}

static bool net_holds(const char *net, const char *text)
{
	struct address want, there;
	char plain[INET6_ADDRSTRLEN];
	size_t len = strcspn(net, "/");
	int64_t bits;

	if (len >= sizeof(plain))
		return false;
	memcpy(plain, net, len);
	plain[len] = '\0';
	if (!address_read(plain, &want) || !address_read(text, &there) || want.bits != there.bits)
		return false;
	bits = want.bits;
	if (net[len] == '/' && str_to_int(net + len + 1, 0, want.bits, &bits) != 0)
		return false;
	for (int64_t i = 0; i < bits; i++)
		if (((want.bytes[i / 8] ^ there.bytes[i / 8]) & 0x80u >> i % 8) != 0)
			return false;
	return true;
}

static bool credential_holds(const struct with *w, const char *text)
{
	switch (w->kind) {
	case CREDENTIAL_IP:
		return net_holds(w->text, text);
	case CREDENTIAL_HOST:
		return match_mask(w->text, text);
	case CREDENTIAL_LONGITUDE:
	case CREDENTIAL_LATITUDE:
	case CREDENTIAL_ALTITUDE:
		return match_value(&w->range, text);
	case CREDENTIAL_USER:
	case CREDENTIAL_SSO:
		return strcmp(w->text, text) == 0;
	case CREDENTIAL_JID:
	case CREDENTIAL_CERTIFICATE:
	case CREDENTIAL_THUMBPRINT:
	case CREDENTIAL_PROTOCOL:
		return value_same(w->text, text);
	case CREDENTIAL_COUNT:
		break;
	}
	return false;
}

static bool match_with(const struct with *w, const struct question *q)
{
	for (size_t i = 0; i < q->n_credentials; i++)
		if (q->credentials[i].kind == w->kind && credential_holds(w, q->credentials[i].text))
			return true;
	return false;
}

static bool match_withs(const struct rule *r, const struct question *q)
{
	for (size_t i = 0; i < r->n_withs; i++)
		if (!match_with(&r->with[i], q))
			return false;
	return true;
}

static bool match_giver(const struct rule *r, const char *giver)
{
	return r->giver == NULL || giver == NULL ? r->giver == giver : strcmp(r->giver, giver) == 0;
}

bool match_rule(const struct rule *r, const struct question *q, const char *giver)
{
	return (r->actions >> q->action & 1) != 0 && match_giver(r, giver) &&
	       match_subject(&r->subject, q) && match_target(&r->target, q) && match_withs(r, q);
}

/* --- names, kinds and values --- */

/* "A.B" stands for "A.B.C", too, but not for "A.BC". */
static bool is_below(const char *whole, const char *name)
{
	char head[4 * POLICY_NAME + 1];

	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		size_t len = (size_t)(dot - name);

		if (len >= sizeof(head))
			return false;
		memcpy(head, name, len);
		head[len] = '\0';
		if (value_same(whole, head))
			return true;
	}
	return false;
}

bool match_name(const struct rule *r, enum action a, const char *name)
{
	if (r->n_names == 0)
		return true;
	for (size_t i = 0; i < r->n_names; i++)
		if (value_same(r->names[i], name) ||
		    (a == ACTION_PRIVILEGE && is_below(r->names[i], name)))
			return true;
	return false;
}

bool match_wanted(const struct rule *r, const struct question *q)
{
	if (q->action == ACTION_READ && r->types != 0 && q->types != 0 && (r->types & q->types) == 0)
		return false;
	if (q->n_names == 0 || r->n_names == 0)
		return true;
	for (size_t i = 0; i < q->n_names; i++)
		if (match_name(r, q->action, q->names[i]))
			return true;
	return false;
}

bool match_span(const struct span *s, const char *name)
{
	return s->name == NULL || (name != NULL && value_same(s->name, name));
}

bool match_number(const struct span *s, double value)
{
	double is;

	if (s->text != NULL)
		return str_to_double(s->text, &is) == 0 && is == value;
	if (s->has_min && (s->min_out ? value <= s->min : value < s->min))
		return false;
	return !s->has_max || (s->max_out ? value < s->max : value <= s->max);
}

bool match_value(const struct span *s, const char *value)
{
	double v;

	if (s->text != NULL && value_same(s->text, value))
		return true;
	if (span_is_whole(s))
		return true;
	return str_to_double(value, &v) == 0 && match_number(s, v);
}
