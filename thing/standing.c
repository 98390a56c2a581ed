/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: loads, saves and compares.  Who may change it: enroll.c (owner,
 * services) and login.c (the strength of logins).
 */
#include "config.h"

#include "thing/standing.h"

#include <string.h>

#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "standing"

void standing_init(struct standing *s)
{
	memset(s, 0, sizeof(*s));
}

void standing_unpin(struct standing *s)
{
	s->released = s->released || s->registry.jid[0] != '\0';
	memset(&s->registry, 0, sizeof(s->registry));
	memset(&s->provisioning, 0, sizeof(s->provisioning));
	memset(&s->pin, 0, sizeof(s->pin));
	s->weak_ms = 0;
	s->weak_unbound = false;
	s->epoch = 0;	/* counted by the registry that is left */
	s->trust = STANDING_UNTOLD;
}

bool standing_tell_trust(struct standing *s, bool delegates)
{
	enum standing_trust was = s->trust;

	if (!delegates)
		s->trust = STANDING_ALONE;
	else if (was == STANDING_UNTOLD)
		s->trust = STANDING_DELEGATES;
	return s->trust != was;
}

bool standing_is_service(const struct standing *s, const char *bare)
{
	return (s->registry.jid[0] && strcmp(bare, s->registry.jid) == 0) ||
	    (s->provisioning.jid[0] && strcmp(bare, s->provisioning.jid) == 0);
}

bool standing_is_owner(const struct standing *s, const char *bare)
{
	return s->owner[0] && strcmp(bare, s->owner) == 0;
}

/* ---- the file ----------------------------------------------------------- */

static int take_jid(char *out, size_t size, const char *value)
{
	struct jid j;

	/* Canonical already: another profile than the broker's would only
	 * change it, so it is checked for shape and kept as written. */
	if (jid_parse_bare(&j, value, JID_STRINGPREP, NULL) < 0 || strchr(value, '/'))
		return -1;
	return str_copy(out, size, value);
}

/* What a service advertised of ours; the first two are older than the others. */
static const struct { const char *word; bool leases, self; } ours[] = {
	{ "no", false, false },
	{ "yes", true, false },
	{ "both", true, true },
	{ "self", false, true },
};

/* The word and what follows it; NULL: none of them. */
static const char *take_ours(struct standing_service *svc, const char *value)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		size_t len = strlen(ours[i].word);

		if (strncmp(value, ours[i].word, len) != 0 || value[len] != ' ')
			continue;
		svc->leases = ours[i].leases;
		svc->self = ours[i].self;
		return value + len + 1;
	}
	return NULL;
}

static const char *ours_word(const struct standing_service *svc)
{
	size_t i = 0;

	while (ours[i].leases != svc->leases || ours[i].self != svc->self)
		i++;
	return ours[i].word;
}

/* "GEN OURS JID", e.g. "X both kith.home.example" */
static int take_service(struct standing_service *svc, const char *value)
{
	const char *name, *rest;
	size_t len;

	for (int g = 0; g < GEN_COUNT; g++) {
		name = gen_name((enum gen)g);
		len = strlen(name);
		if (strncmp(value, name, len) != 0 || value[len] != ' ')
			continue;
		rest = value + len + 1;
		rest = take_ours(svc, rest);
		svc->gen = (enum gen)g;
		return rest ? take_jid(svc->jid, sizeof(svc->jid), rest) : -1;
	}
	return -1;
}

static int take_mech(enum sasl_mech *out, const char *value)
{
	*out = sasl_mech_find(value);
	return *out == SASL_NONE ? -1 : 0;
}

static int take_epoch(struct standing *s, const char *value)
{
	int64_t epoch;

	if (str_to_int(value, 0, INT64_MAX, &epoch) < 0)
		return -1;
	s->epoch = (uint64_t)epoch;
	return 0;
}

static int take_trust(struct standing *s, const char *value)
{
	bool delegates;

	if (str_to_bool(value, &delegates) < 0)
		return -1;
	s->trust = delegates ? STANDING_DELEGATES : STANDING_ALONE;
	return 0;
}

static int take_weak(struct standing *s, const char *value)
{
	s->weak_unbound = strncmp(value, "unbound ", 8) == 0;
	return str_to_int(value + (s->weak_unbound ? 8 : 0), 1, INT64_MAX, &s->weak_ms);
}

static int take(struct standing *s, const char *name, const char *value)
{
	if (strcmp(name, "owner") == 0)
		return take_jid(s->owner, sizeof(s->owner), value);
	if (strcmp(name, "former") == 0)
		return take_jid(s->former, sizeof(s->former), value);
	if (strcmp(name, "registry") == 0)
		return take_service(&s->registry, value);
	if (strcmp(name, "provisioning") == 0)
		return take_service(&s->provisioning, value);
	if (strcmp(name, "login-tls12") == 0)
		return take_mech(&s->pin.tls12, value);
	if (strcmp(name, "login-tls13") == 0)
		return take_mech(&s->pin.tls13, value);
	if (strcmp(name, "resource") == 0)
		return str_copy(s->resource, sizeof(s->resource), value);
	if (strcmp(name, "language-chosen") == 0)
		return str_to_bool(value, &s->chosen);
	if (strcmp(name, "language") == 0)
		return str_copy(s->language, sizeof(s->language), value);
	if (strcmp(name, "login-unbound") == 0)
		return str_to_bool(value, &s->pin.unbound);
	if (strcmp(name, "login-weak") == 0)
		return take_weak(s, value);
	if (strcmp(name, "public") == 0)
		return str_to_bool(value, &s->is_public);
	if (strcmp(name, "released") == 0)
		return str_to_bool(value, &s->released);
	if (strcmp(name, "epoch") == 0)
		return take_epoch(s, value);
	if (strcmp(name, "leaving") == 0)
		return str_to_bool(value, &s->leaving);
	if (strcmp(name, "cloned") == 0)
		return str_to_bool(value, &s->cloned);
	if (strcmp(name, "delegates") == 0)
		return take_trust(s, value);
	return -1;
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	if (take(arg, name, value) < 0)
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return 0;
}

int standing_parse(struct standing *s, const char *text, size_t len, struct err *e)
{
	standing_init(s);
	return statefile_parse(text, len, KIND, row, s, e);
}

int standing_load(struct standing *s, const char *dir, struct err *e)
{
	standing_init(s);
	return statefile_load(dir, KIND, row, s, e);
}

static void add_service(struct buf *b, const char *name, const struct standing_service *svc)
{
	if (svc->jid[0])
		buf_addf(b, "%s %s %s %s\n", name, gen_name(svc->gen),
		    ours_word(svc), svc->jid);
}

int standing_save(const struct standing *s, const char *dir, struct err *e)
{
	struct buf b;
	int ret;

	statefile_begin(&b, KIND);
	if (s->owner[0])
		statefile_add(&b, "owner", s->owner);
	if (s->former[0])
		statefile_add(&b, "former", s->former);
	statefile_add(&b, "public", s->is_public ? "true" : "false");
	if (s->released)
		statefile_add(&b, "released", "true");
	if (s->epoch)
		buf_addf(&b, "epoch %llu\n", (unsigned long long)s->epoch);
	if (s->leaving)
		statefile_add(&b, "leaving", "true");
	if (s->cloned)
		statefile_add(&b, "cloned", "true");
	if (s->trust != STANDING_UNTOLD)
		statefile_add(&b, "delegates", s->trust == STANDING_DELEGATES ? "true" : "false");
	add_service(&b, "registry", &s->registry);
	add_service(&b, "provisioning", &s->provisioning);
	if (s->pin.tls12 != SASL_NONE)
		statefile_add(&b, "login-tls12", sasl_mech_name(s->pin.tls12));
	if (s->pin.tls13 != SASL_NONE)
		statefile_add(&b, "login-tls13", sasl_mech_name(s->pin.tls13));
	if (s->resource[0])
		statefile_add(&b, "resource", s->resource);
	if (s->language[0])
		statefile_add(&b, "language", s->language);
	if (s->chosen)
		statefile_add(&b, "language-chosen", "true");
	if (s->pin.unbound)
		statefile_add(&b, "login-unbound", "true");
	if (s->weak_ms > 0)
		buf_addf(&b, "login-weak %s%lld\n", s->weak_unbound ? "unbound " : "",
		    (long long)s->weak_ms);
	statefile_end(&b);
	ret = statefile_save(dir, KIND, &b, e);
	buf_fini(&b);
	return ret;
}
