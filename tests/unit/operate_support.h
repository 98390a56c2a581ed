/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate_support: a site with its real roles, stanzas in and bytes out, and
 * an operator at its control socket.
 */
#ifndef KITH_TESTS_OPERATE_SUPPORT_H
#define KITH_TESTS_OPERATE_SUPPORT_H

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/store/ownership.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "kithd/kithd_conf.h"
#include "kithd/operate.h"
#include "kithd/site.h"

#define ME "registry.a.example"
#define DESK "desk@" ME
#define ALICE "alice@a.example"
#define BOB "bob@a.example"

struct hand {
	struct place place;
	struct kithd_conf conf;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct secret key;
	struct site *site;
	struct site_parts parts;
	struct buf out;		/* towards the broker */
	struct buf told;	/* towards kithctl */
	size_t slices;		/* of the last answer */
};

static inline void hand_open(struct hand *h)
{
	struct site_deps deps = {
		.conf = &h->conf, .clock = &h->clock, .hash_key = &h->key, .stats = &h->stats
	};

	MUST(site_open(&h->site, &deps, &test_err));
	site_up(h->site, &h->out);
	site_parts(h->site, &h->parts);
}

static inline int hand_set_up(void **state)
{
	struct hand *h = calloc(1, sizeof(*h));
	char text[512];

	assert_non_null(h);
	place_make(&h->place);
	h->time.wall = INT64_C(1800000000000);
	h->time.boot = 100000;
	h->clock = clock_from_fake(&h->time);
	test_key(&h->key, 9);
	buf_init(&h->out, 8 * 1024 * 1024);
	buf_init(&h->told, 64 * 1024 * 1024);
	snprintf(text, sizeof(text), "[component]\njid = " ME "\nsecret_file = x\n[store]\nurl = "
	    "%s\n", h->place.url);
	MUST(kithd_conf_parse(&h->conf, "f", text, &test_err));
	hand_open(h);
	*state = h;
	return 0;
}

static inline int hand_tear_down(void **state)
{
	struct hand *h = *state;

	site_close(&h->site);
	kithd_conf_free(&h->conf);
	secret_clear(&h->key);
	buf_fini(&h->out);
	buf_fini(&h->told);
	place_remove(&h->place);
	free(h);
	return 0;
}

static inline void hand_restart(struct hand *h)
{
	site_close(&h->site);
	buf_reset(&h->out);
	hand_open(h);
}

/* One read that brings one stanza; what is said then is returned. */
__attribute__((format(printf, 2, 3)))
static inline const char *hand(struct hand *h, const char *fmt, ...)
{
	struct stanza_holder *holder = NULL;
	const struct stanza *s;
	char xml[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(xml, sizeof(xml), fmt, ap);
	va_end(ap);
	buf_reset(&h->out);
	s = stanza_from_text(&holder, NS_COMPONENT, xml, strlen(xml));
	assert_non_null(s);
	site_stanza(h->site, s);
	stanza_holder_free(&holder);
	site_turn(h->site);
	return buf_str(&h->out);
}

/* Words parted by '|', to the last slice of the answer. */
__attribute__((format(printf, 2, 3)))
static inline const char *operator(struct hand *h, const char *fmt, ...)
{
	static char line[8192];
	void *job = NULL;
	bool complete;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(line, sizeof(line), fmt, ap) < (int)sizeof(line));
	va_end(ap);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '|')
			*c = '\t';
	buf_reset(&h->told);
	buf_reset(&h->out);
	assert_true(operate_knows(line));
	h->slices = 1;
	complete = operate(h->site, &job, line, &h->told);
	while (!complete) {
		h->slices++;
		complete = operate(h->site, &job, NULL, &h->told);
	}
	site_turn(h->site);
	assert_true(buf_ok(&h->told));
	return buf_str(&h->told);
}

static inline void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static inline void has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("'%s' is in: %s", part, text);
}

static inline const char *types(struct hand *h, const char *who, const char *line)
{
	return hand(h, "<message type='chat' from='%s/phone' to='" DESK "'><body>%s</body>"
	    "</message>", who, line);
}

static inline const char *registers(struct hand *h, const char *thing, const char *sn)
{
	return hand(h, "<iq type='set' from='%s/r' to='" ME "' id='reg'>"
	    "<register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='%s'/>"
	    "<str name='MAN' value='acme'/><str name='MODEL' value='L1'/>"
	    "<str name='KEY' value='0123456789abcdef0123456789abcd%s'/></register></iq>", thing,
	    sn, sn);
}

static inline const char *claims(struct hand *h, const char *who, const char *sn)
{
	return hand(h, "<iq type='set' from='%s/r' to='" ME "' id='mine'>"
	    "<mine xmlns='urn:xmpp:iot:discovery' public='false'><str name='SN' value='%s'/>"
	    "<str name='MAN' value='acme'/><str name='MODEL' value='L1'/>"
	    "<str name='KEY' value='0123456789abcdef0123456789abcd%s'/></mine></iq>", who, sn, sn);
}

static inline const struct owned *thing_at(const struct hand *h, const char *jid)
{
	return ownership_by_address(h->parts.ownership, jid, NULL, NULL, NULL);
}

static inline void owner_is(const struct hand *h, const char *jid, const char *owner)
{
	const struct owned *t = thing_at(h, jid);

	assert_non_null(t);
	if (owner == NULL)
		assert_null(t->owner);
	else if (t->owner == NULL || strcmp(t->owner, owner) != 0)
		fail_msg("%s belongs to %s, not to %s", jid, t->owner != NULL ? t->owner :
		    "nobody", owner);
}

#endif
