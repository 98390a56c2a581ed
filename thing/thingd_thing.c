/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_thing: from a settings file, and the secrets it names, to a thing.  Its
 * points: thingd.c.
 */
#include "config.h"

#include "thing/thingd_thing.h"

#include <stdio.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/secret.h"

/* The text of a secret; NULL when no file is named. */
static const char *text_of(const struct secret *s)
{
	return s->len ? (const char *)s->data : NULL;
}

/* An invitation is used once: its file may be gone afterwards. */
static int read_secrets(const struct thingd_conf *c, struct secret *invite, struct secret *maker,
    struct err *e)
{
	if (c->invite_file && conf_secret_file(c->invite_file, 1, invite, e) < 0) {
		if (e->kind != ERR_AGAIN)
			return -1;
		log_info("no invitation: %s", e->text);
		err_clear(e);
	}
	return c->maker_secret_file ? conf_secret_file(c->maker_secret_file, 1, maker, e) : 0;
}

struct kith_thing *thingd_thing(const struct thingd_conf *c, thingd_event_fn *event,
    thingd_trace_fn *trace, thingd_translate_fn *translate, void *arg, char *why, size_t why_size)
{
	struct kith_thing_tag tags[THINGD_TAGS];
	struct kith_thing_conf conf = {
		.size = sizeof(conf),
		.state = c->state,
		.domain = c->domain,
		.domains = (const char *const *)c->domain_list,
		.locate = c->locate,
		.dhcp_lease = c->dhcp_lease,
		.server = c->server,
		.ca_file = c->ca_file,
		.registry = c->registry,
		.tags = tags,
		.n_tags = c->n_tags,
		.software = PACKAGE_NAME "-thing " PACKAGE_VERSION,
		.boot_spread_ms = c->boot_spread_ms,
		.sasl = c->sasl,
		.keepalive_ms = c->keepalive_ms,
		.client_state = c->client_state,
		.event = event,
		.arg = arg,
		.shows_code = c->shows_code,
		.has_button = c->button != NULL,
		.claim_button = c->claim_button,
		.accept_button = c->accept_button,
		.maker_key = c->maker_key,
		.cert_file = c->cert_file,
		.key_file = c->key_file,
		.cert_or_password = c->cert_or_password,
		.trace = trace,
		.translate = translate,
		.language = c->language,
	};
	struct secret invite = { NULL, 0 }, maker = { NULL, 0 };
	struct kith_thing *thing = NULL;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < c->n_tags; i++)
		tags[i] = (struct kith_thing_tag){ c->tag[i].name, c->tag[i].text,
			c->tag[i].number };
	if (read_secrets(c, &invite, &maker, &e) == 0) {
		conf.invite = text_of(&invite);
		conf.maker_secret = text_of(&maker);
		thing = kith_thing_new(&conf, why, why_size);
	} else {
		snprintf(why, why_size, "%s", e.text);
	}
	secret_clear(&invite);
	secret_clear(&maker);
	return thing;
}
