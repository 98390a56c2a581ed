/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: the registry as others see it: open, close, and one table from verb
 * to function.  What an entity is asked whoever it is (disco, ping, version)
 * is answered here.  Read next: enroll.c, mine.c, manage.c,
 * leave.c, owed.c, presence.c.
 */
#include "config.h"

#include "registry/serve.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "registry/role.h"
#include "registry/tags.h"

#define DAY_MS INT64_C(86400000)
#define RELEASED_BYTES (1024 * 1024)

typedef int (*serve_fn)(struct registry *g, const struct request *q, struct reply *r,
    struct err *e);

/* ---- asked of any entity ---- */

/* All generations at once: each client looks for its own name only. */
static const char *const component_features[] = {
	NS_DISCO_INFO, NS_DISCO_ITEMS, NS_PING, NS_VERSION, NS_COMMANDS, NS_DATA, NS_LEASE, NS_THING,
	NS_TOKEN,
	"urn:xmpp:iot:discovery", "urn:xmpp:iot:provisioning",
	"urn:ieee:iot:disco:1.0", "urn:ieee:iot:prov:d:1.0", "urn:ieee:iot:prov:o:1.0",
	"urn:ieee:iot:prov:t:1.0",
	"urn:nf:iot:disco:1.0", "urn:nf:iot:prov:d:1.0", "urn:nf:iot:prov:o:1.0",
	"urn:nf:iot:prov:t:1.0",
	"urn:nfi:iot:disco:1.0", "urn:nfi:iot:prov:d:1.0", "urn:nfi:iot:prov:o:1.0",
	"urn:nfi:iot:prov:t:1.0",
};
static const char *const desk_features[] = {
	NS_DISCO_INFO, NS_DISCO_ITEMS, NS_PING, NS_VERSION, NS_COMMANDS, NS_DATA, NS_RECEIPTS,
};

static int serve_disco_info(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	static const struct identity_feature_list component = {
		"component", "generic", "kith",
		sizeof(component_features) / sizeof(component_features[0]), component_features,
	};
	static const struct identity_feature_list desk = {
		"client", "bot", "kith desk",
		sizeof(desk_features) / sizeof(desk_features[0]), desk_features,
	};

	(void)e;
	if (q->u.disco.node != NULL) {
		reply_error(r, COND_ITEM_NOT_FOUND);
		return 0;
	}
	r->kind = REPLY_RESULT;
	r->body = BODY_DISCO_INFO;
	r->u.disco = q->to != NULL && jid_text_same_bare(q->to, g->desk) ? desk : component;
	return 0;
}

static int serve_disco_items(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	r->kind = REPLY_RESULT;
	r->body = BODY_DISCO_ITEMS;
	r->u.items.n = 0;
	return 0;
}

static int serve_ping(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	r->kind = REPLY_RESULT;
	r->body = BODY_EMPTY;
	return 0;
}

static int serve_version(struct registry *g, const struct request *q, struct reply *r,
    struct err *e)
{
	(void)g;
	(void)q;
	(void)e;
	r->kind = REPLY_RESULT;
	r->body = BODY_VERSION;
	return 0;
}

/* ---- the table ---- */

struct row {
	serve_fn fn;
	bool writes;
	enum account_act act;	/* what an account in doubt may not do */
};

static const struct row rows[VERB_COUNT] = {
	[VERB_DISCO_INFO] = { .fn = serve_disco_info },
	[VERB_DISCO_ITEMS] = { .fn = serve_disco_items },
	[VERB_PING] = { .fn = serve_ping },
	[VERB_VERSION] = { .fn = serve_version },
	[VERB_REGISTER] = { .fn = registry_register, .writes = true },
	[VERB_UPDATE] = { .fn = registry_update, .writes = true },
	[VERB_MINE] = { .fn = registry_mine, .writes = true },
	[VERB_REMOVE] = { registry_remove, true, ACT_OWNER },
	[VERB_DISOWN] = { registry_disown, true, ACT_GRAVE },
	[VERB_UNREGISTER] = { .fn = registry_unregister, .writes = true },
	[VERB_PRESENCE_CODE] = { .fn = registry_presence_code, .writes = true },
	[VERB_PRESSED] = { .fn = registry_pressed, .writes = true },
	[VERB_COPIED] = { .fn = registry_copied, .writes = true },
	[VERB_REPLACE] = { registry_replace, true, ACT_GRAVE },
	[VERB_SEARCH] = { .fn = registry_search },
	[VERB_PUBLISH] = { registry_publish, true, ACT_OWNER },
	[VERB_UNDO] = { registry_undo, true, ACT_OWNER },
	[VERB_TRANSFER] = { registry_transfer, true, ACT_GRAVE },
	[VERB_ACCEPT] = { registry_accept, true, ACT_OWNER },
	[VERB_OWNERSHIP_CODE] = { registry_ownership_code, true, ACT_GRAVE },
	[VERB_PROVE] = { .fn = registry_prove, .writes = true },
	[VERB_RECOVER] = { .fn = registry_recover, .writes = true },
};

bool registry_serves(enum verb v)
{
	return (unsigned)v < VERB_COUNT && rows[v].fn != NULL;
}

bool registry_writes(const struct request *q)
{
	if (q->verb == VERB_PRESENCE)
		return q->u.presence.type != PRESENCE_UNAVAILABLE &&
		    q->u.presence.type != PRESENCE_PROBE &&
		    (q->u.presence.type != PRESENCE_ERROR || q->u.presence.gone);
	return (unsigned)q->verb < VERB_COUNT && rows[q->verb].writes;
}

int registry_serve(struct registry *g, const struct request *q, struct reply *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (!registry_serves(q->verb)) {
		reply_error(r, COND_SERVICE_UNAVAILABLE);
		return 0;
	}
	if (registry_account_refuses(g, q, rows[q->verb].act, r))
		return 0;
	return rows[q->verb].fn(g, q, r, e);
}

/* ---- shared by the other files ---- */

/* The component's own site is the host it is named below: kith.a.example serves a.example. */
static bool is_own_site(const struct registry *g, const char *bare)
{
	const char *dot = strchr(g->conf.jid, '.');

	return dot != NULL && jid_text_in_domain(bare, dot + 1);
}

bool registry_is_own_site(const struct registry *g, const char *bare)
{
	return is_own_site(g, bare);
}

bool registry_may_register(const struct registry *g, const char *bare)
{
	if (g->conf.domains == NULL)
		return is_own_site(g, bare);
	for (const char *const *d = g->conf.domains; *d != NULL; d++)
		if (jid_text_in_domain(bare, *d))
			return true;
	return false;
}

/*
 * Another domain's address counts only when our server checks who speaks for
 * that domain; one that reads differently under the two address profiles may
 * be two persons.
 */
bool registry_may_own(const struct registry *g, const char *bare)
{
	if (jid_profiles_differ(bare) || registry_doubt(g, bare) == DOUBT_GONE)
		return false;
	return g->conf.remote_verified || is_own_site(g, bare) || registry_may_register(g, bare);
}

const struct owned *registry_address(const struct registry *g, const char *jid,
    const struct node *n)
{
	return ownership_by_address(g->deps.ownership, jid, n->id, n->source, n->partition);
}

void registry_hex(char out[static REGISTRY_HEX], const uint8_t id[static OWNERSHIP_ID])
{
	str_hex(out, id, OWNERSHIP_ID);
}

static const char *copy(struct pool *pool, const char *s, bool *failed)
{
	const char *c;

	if (s == NULL)
		return NULL;
	c = pool_strdup(pool, s);
	*failed = *failed || c == NULL;
	return c;
}

/* What an owner should know of it; NULL: nothing. */
static const char *note_of(const struct registry *g, const struct owned *t, struct pool *pool,
    bool *failed)
{
	char hex[REGISTRY_HEX];
	const char *note;

	if (t->state == OWNED_TURNING) {
		note = saying(pool, N_("yours here; it has not heard it yet and may still obey %1"),
		    registry_escaped(t->former != NULL ? t->former : "?", pool), NULL);
		*failed = *failed || note == NULL;
		return note;
	}
	registry_hex(hex, t->id);
	return debt_find(g->deps.debts, DEBT_OWNER, t->jid, hex) != NULL ?
	    N_("has not heard yet whose it is") : NULL;
}

int registry_found(struct registry *g, const struct owned *t, bool with_owner,
    struct pool *pool, struct found_thing *out)
{
	const struct contact *c = contact_find(g->deps.contacts, t->jid);
	const struct thing *thing = thing_store_find(g->things, t->id);
	bool failed = false;

	memset(out, 0, sizeof(*out));
	out->jid = copy(pool, t->jid, &failed);
	out->node.id = copy(pool, t->node, &failed);
	out->node.source = copy(pool, t->source, &failed);
	out->node.partition = copy(pool, t->partition, &failed);
	out->owner = with_owner ? copy(pool, t->owner, &failed) : NULL;
	out->name = copy(pool, t->name, &failed);
	out->is_public = t->is_public && t->listed;
	out->online = c != NULL && c->online;
	out->seen_ms = c != NULL ? c->seen_ms : 0;
	out->epoch = t->epoch;
	out->note = note_of(g, t, pool, &failed);
	if (thing != NULL && tags_unpack(&out->tags, thing->tags, thing->tags_len, pool) == -1)
		return -1;
	return failed ? -1 : 0;
}

int registry_describe(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, struct found_thing *out, struct err *e)
{
	const struct owned *t = ownership_by_id(g->deps.ownership, id);

	if (t == NULL)
		return 0;
	if (registry_found(g, t, true, pool, out) == -1)
		return err_set(e, ERR_LIMIT, "no room to describe a thing");
	return 1;
}

int registry_manifest(struct registry *g, const uint8_t id[static OWNERSHIP_ID],
    struct pool *pool, const struct manifest **out, struct err *e)
{
	return manifest_store_find(g->manifests, id, pool, out, e);
}

int registry_erase_tags(struct registry *g, const uint8_t id[static OWNERSHIP_ID], struct err *e)
{
	return thing_store_delete(g->things, id, e) == -1 ||
	    manifest_store_delete(g->manifests, id, e) == -1 ? -1 : 0;
}

/* ---- open and close ---- */

static void count_open(struct registry *g)
{
	struct stats *s = g->deps.stats;
	struct registry_counters *c = &g->count;

	c->registered = stats_slot(s, "registry_registered", "registrations taken");
	c->again = stats_slot(s, "registry_claimed_already", "registrations by claimed things");
	c->claimed = stats_slot(s, "registry_claimed", "things claimed");
	c->claimed_again = stats_slot(s, "registry_claimed_again", "claims answered by receipt");
	c->not_found = stats_slot(s, "registry_not_found", "claims refused");
	c->twins = stats_slot(s, "registry_twins", "claims refused: several things had the tags");
	c->spent = stats_slot(s, "registry_spent", "claims refused: the tags were used before");
	c->disowned = stats_slot(s, "registry_disowned", "things disowned");
	c->removed = stats_slot(s, "registry_removed", "things taken off the list");
	c->unregistered = stats_slot(s, "registry_unregistered", "unregistrations");
	c->transferred = stats_slot(s, "registry_transferred", "things that changed hands");
	c->searches = stats_slot(s, "registry_searches", "searches");
	c->too_costly = stats_slot(s, "registry_searches_too_costly",
	    "searches refused: too much work, or too many by one asker");
	c->scans = stats_slot(s, "registry_scans",
	    "times that somebody searched more than one may in a second");
	c->refused = stats_slot(s, "registry_refused", "registrations refused");
	c->held = stats_slot(s, "registry_held", "things held: they descend from an owned one");
	c->frozen = stats_slot(s, "registry_frozen",
	    "things frozen: they know of more than this store");
	c->replaced = stats_slot(s, "registry_replaced", "things that go on under a new address");
	c->clones = stats_slot(s, "registry_clones",
	    "replacements refused: the old address still speaks");
	c->copied = stats_slot(s, "registry_copied",
	    "things that said that another device uses their identity");
	c->namesakes = stats_slot(s, "registry_namesakes",
	    "registrations with the maker and serial number of an owned thing");
	c->twins_seen = stats_slot(s, "registry_twins_seen",
	    "registrations with the tags of another unclaimed thing");
	c->too_many_new = stats_slot(s, "registry_too_many_new",
	    "new registrations that came too fast");
	c->full_thing = stats_slot(s, "registry_full_thing", "registrations with too many tags");
	c->full_jid = stats_slot(s, "registry_full_address",
	    "registrations refused: too many things of one address");
	c->full_domain = stats_slot(s, "registry_full_domain",
	    "registrations refused: too many things of one domain");
	c->full_site = stats_slot(s, "registry_full_site",
	    "registrations refused: too many things");
	c->full_pool = stats_slot(s, "registry_full_unclaimed",
	    "registrations refused: too many things that nobody owns");
	c->full_self = stats_slot(s, "registry_full_self_owned",
	    "registrations refused: too many things that own themselves");
	c->weak = stats_slot(s, "registry_weak", "claims refused: the short KEY is being guessed");
	c->guess_alarms = stats_slot(s, "registry_guess_alarms",
	    "times too many claims failed in a minute");
	c->answers_late = stats_slot(s, "registry_answers_late", "refusals that were held back");
	c->asked = stats_slot(s, "registry_presence_asked", "presence questions");
	c->shown = stats_slot(s, "registry_presence_shown", "presence questions answered");
	c->not_shown = stats_slot(s, "registry_presence_not_shown",
	    "presence questions that ran out, or that several things answered");
	c->disputes = stats_slot(s, "registry_disputes", "claims that were disputed");
	c->expired = stats_slot(s, "registry_expired", "unclaimed things that expired");
}

static const char *const *copy_domains(const char *const *domains)
{
	const char **all;
	size_t n = 0;

	while (domains[n] != NULL)
		n++;
	all = calloc(n + 1, sizeof(*all));
	for (size_t i = 0; all != NULL && i < n; i++) {
		all[i] = strdup(domains[i]);
		if (all[i] == NULL) {
			while (i > 0)
				free((void *)(uintptr_t)all[--i]);
			free(all);
			return NULL;
		}
	}
	return all;
}

/* What holds where nothing is set, or less than one. */
static const struct {
	size_t at;
	int64_t standard;
} standards[] = {
	{ offsetof(struct registry_conf, max_things_per_domain), 100000 },
	{ offsetof(struct registry_conf, max_things), 1000000 },
	{ offsetof(struct registry_conf, max_self_owned), 1000 },
	{ offsetof(struct registry_conf, max_tags), WIRE_TAGS },
	{ offsetof(struct registry_conf, max_tag_bytes), 16 * 1024 },
	{ offsetof(struct registry_conf, max_used), 1000000 },
	{ offsetof(struct registry_conf, max_things_per_jid), 1000 },
	{ offsetof(struct registry_conf, max_things_per_owner), 10000 },
	{ offsetof(struct registry_conf, max_unclaimed), 100000 },
	{ offsetof(struct registry_conf, max_strangers), 50000 },
	{ offsetof(struct registry_conf, unclaimed_expire_ms), 30 * DAY_MS },
	{ offsetof(struct registry_conf, receipt_ms), 30 * DAY_MS },
	{ offsetof(struct registry_conf, search_work), 10000 },
	{ offsetof(struct registry_conf, searcher_work), 200000 },
	{ offsetof(struct registry_conf, searcher_domain_work), 800000 },
	{ offsetof(struct registry_conf, searchers_work), 1600000 },
	{ offsetof(struct registry_conf, showing_ms), 600000 },
	{ offsetof(struct registry_conf, showings), 3 },
	{ offsetof(struct registry_conf, max_showings), 1000 },
	{ offsetof(struct registry_conf, dispute_ms), DAY_MS },
	{ offsetof(struct registry_conf, failures_per_jid), 30 },
	{ offsetof(struct registry_conf, failures_per_domain), 600 },
	{ offsetof(struct registry_conf, failures), 3000 },
	{ offsetof(struct registry_conf, wrong_keys), 100 },
	{ offsetof(struct registry_conf, claim_press_ms), 300000 },
	{ offsetof(struct registry_conf, newcomers_per_jid), 2000 },
	{ offsetof(struct registry_conf, newcomers_per_domain), 20000 },
	{ offsetof(struct registry_conf, newcomers_ms), 60000 },
};

static void set_standards(struct registry_conf *conf)
{
	for (size_t i = 0; i < sizeof(standards) / sizeof(standards[0]); i++) {
		int64_t *v = (int64_t *)(void *)((char *)conf + standards[i].at);

		if (*v <= 0)
			*v = standards[i].standard;
	}
}

static int copy_conf(struct registry *g, const struct registry_conf *conf)
{
	size_t desk = strlen(conf->jid) + sizeof("desk@");

	g->conf = *conf;
	g->conf.domains = g->conf.self_owned = NULL;
	g->conf.jid = strdup(conf->jid);
	g->desk = malloc(desk);
	if (g->conf.jid == NULL || g->desk == NULL)
		return -1;
	snprintf(g->desk, desk, "desk@%s", conf->jid);
	if (conf->domains != NULL && (g->conf.domains = copy_domains(conf->domains)) == NULL)
		return -1;
	if (conf->self_owned != NULL &&
	    (g->conf.self_owned = copy_domains(conf->self_owned)) == NULL)
		return -1;
	set_standards(&g->conf);
	return 0;
}

static void turn_ended(void *arg, bool committed)
{
	struct registry *g = arg;

	if (committed)
		g->released_kept = g->released.len;
	else
		buf_truncate(&g->released, g->released_kept);
	registry_showing_ended(g, committed);
}

static int open_newcomers(struct registry *g, struct err *e)
{
	const struct newcomer_limits limits = { g->conf.newcomers_per_jid,
		g->conf.newcomers_per_domain, g->conf.newcomers_ms };

	return newcomers_open(&g->newcomers, &limits, e);
}

int registry_open(struct registry **out, const struct registry_conf *conf,
    const struct registry_deps *deps, struct err *e)
{
	struct registry *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	g->deps = *deps;
	buf_init(&g->released, RELEASED_BYTES);
	if (copy_conf(g, conf) == -1) {
		registry_close(&g);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (thing_store_open(&g->things, deps->store, deps->hash_key, e) == -1 ||
	    quotas_open(&g->quotas, deps->store, e) == -1 ||
	    approvals_open(&g->approvals, deps->store, e) == -1 ||
	    manifest_store_open(&g->manifests, deps->store, e) == -1 ||
	    registry_search_open(g, e) == -1 || open_newcomers(g, e) == -1 ||
	    registry_showing_open(g, e) == -1) {
		registry_close(&g);
		return -1;
	}
	count_open(g);
	g->sweep_ms = clock_wall(deps->clock);
	g->heirs_ms = 0;		/* somebody may have waited while we were away */
	store_on_end(deps->store, turn_ended, g);
	*out = g;
	return 0;
}

static void free_domains(const char *const *domains)
{
	for (size_t i = 0; domains != NULL && domains[i] != NULL; i++)
		free((void *)(uintptr_t)domains[i]);
	free((void *)(uintptr_t)domains);
}

void registry_close(struct registry **gp)
{
	struct registry *g = *gp;

	if (g == NULL)
		return;
	*gp = NULL;
	ownership_on_row(g->deps.ownership, NULL, NULL);
	newcomers_close(&g->newcomers);
	search_index_close(&g->findable);
	search_budget_close(&g->searchers);
	search_cursors_close(&g->cursors);
	quotas_close(&g->quotas);
	approvals_close(&g->approvals);
	manifest_store_close(&g->manifests);
	registry_showing_close(g);
	thing_store_close(&g->things);
	free_domains(g->conf.domains);
	free_domains(g->conf.self_owned);
	free((void *)(uintptr_t)g->conf.jid);
	free(g->desk);
	buf_fini(&g->released);
	for (size_t i = 0; i < REGISTRY_SIGNS; i++)
		free(g->sign[i].bare);
	free(g);
}
