/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: one function per thing offered, found by a table.
 */
#include "config.h"

#include "common/wire/features.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

struct offered {
	const char *mechs[FEATURES_MECHS];
	size_t n_mechs;
	const char *types[FEATURES_MECHS];
	size_t n_types;
};

static void
read_mechanism(struct features *f, const char *name)
{
	size_t len = strlen(name);

	f->mech[sasl_mech_find(name)] = true;
	if (len > 5 && strcmp(name + len - 5, "-PLUS") == 0)
		f->any_plus = true;
}

static void
read_mechanisms(struct features *f, const struct stanza *list, struct offered *o)
{
	const struct stanza *c;

	for (c = stanza_first(list); c != NULL; c = stanza_next(c)) {
		if (!stanza_is(c, NS_SASL, "mechanism") || o->n_mechs == FEATURES_MECHS)
			continue;
		o->mechs[o->n_mechs++] = stanza_text(c);
		read_mechanism(f, stanza_text(c));
	}
	f->mech[SASL_NONE] = false;
}

static void
read_bindings(struct features *f, const struct stanza *list, struct offered *o)
{
	const struct stanza *c;
	int b;

	f->listed_bindings = true;
	for (c = stanza_first(list); c != NULL; c = stanza_next(c)) {
		const char *type = stanza_attr(c, "type");

		if (!stanza_is(c, NS_SASL_CB, "channel-binding") || type == NULL ||
		    o->n_types == FEATURES_MECHS)
			continue;
		o->types[o->n_types++] = type;
		for (b = SASL_BIND_TLS_UNIQUE; b <= SASL_BIND_TLS_EXPORTER; b++)
			if (strcmp(type, sasl_binding_name((enum sasl_binding)b)) == 0)
				f->binds[b] = true;
	}
}

static void
read_starttls(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->starttls = true;
}

static void
read_registration(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->registration = true;
}

/* XEP-0445 section 3: registration of who was invited is registration. */
static void
read_invites(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->invites = f->registration = true;
}

static void
read_bind(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->bind = true;
}

static void
read_sm(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->sm = true;
}

static void
read_csi(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)s;
	(void)o;
	f->csi = true;
}

static void
read_session(struct features *f, const struct stanza *s, struct offered *o)
{
	(void)o;
	f->session_needed = stanza_child(s, NS_SESSION, "optional") == NULL;
}

static const struct {
	const char *ns, *name;
	void (*read)(struct features *f, const struct stanza *s, struct offered *o);
} known[] = {
	{ NS_TLS, "starttls", read_starttls },
	{ NS_SASL, "mechanisms", read_mechanisms },
	{ NS_SASL_CB, "sasl-channel-binding", read_bindings },
	{ NS_REGISTER_FEATURE, "register", read_registration },
	{ NS_PREAUTH_FEATURE, "register", read_invites },
	{ NS_BIND, "bind", read_bind },
	{ NS_SESSION, "session", read_session },
	{ NS_SM, "sm", read_sm },
	{ NS_CSI, "csi", read_csi },
};

void
features_read(struct features *f, const struct stanza *s)
{
	struct offered o = { .n_mechs = 0 };
	const struct stanza *c;
	struct buf text;
	size_t i;

	*f = (struct features){ .starttls = false };
	for (c = stanza_first(s); c != NULL; c = stanza_next(c))
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (stanza_is(c, known[i].ns, known[i].name))
				known[i].read(f, c, &o);
	buf_init(&text, sizeof(f->offer) - 1);
	sasl_offer_text(&text, o.mechs, o.n_mechs, o.types, o.n_types);
	if (!buf_ok(&text) || str_copy(f->offer, sizeof(f->offer), buf_str(&text)) != 0)
		f->offer[0] = '\0';
	buf_fini(&text);
}

/* "A\x1eB\x1fbindings", as XEP-0474 wants them. */
static bool
is_listed(const struct features *f, const char *mech)
{
	size_t n, len = strlen(mech);
	const char *at;

	for (at = f->offer; *at != '\0' && *at != '\x1f'; at += n + (at[n] == '\x1e')) {
		n = strcspn(at, "\x1e\x1f");
		if (n == len && strncmp(at, mech, n) == 0)
			return true;
	}
	return false;
}

void
features_offer(const struct features *f, struct sasl_offer *o)
{
	const char *other = o->rules != NULL ? o->rules->other : "";
	char plus[SASL_NAME + 5];

	o->server_listed_bindings = f->listed_bindings;
	memcpy(o->mech, f->mech, sizeof(o->mech));
	memcpy(o->server_binds, f->binds, sizeof(o->server_binds));
	(void)snprintf(plus, sizeof(plus), "%s-PLUS", other);
	o->mech[SASL_SCRAM_OTHER] = other[0] != '\0' && is_listed(f, other);
	o->mech[SASL_SCRAM_OTHER_PLUS] = other[0] != '\0' && is_listed(f, plus);
}
