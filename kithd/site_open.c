/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_open: the parts of a site: store, roles, desk and outbox, what they tell
 * each other, opened in order and closed in the other.  It serves nothing; see
 * site.c.
 */
#include "config.h"

#include "kithd/site_part.h"

#include <stdlib.h>
#include <string.h>

#include "kithd/operate.h"
#include "kithd/site_conf.h"

/* Tags for rules like class=camera: provisioning asks the registry through us. */
static size_t tags_of(void *arg, const uint8_t id[static OWNERSHIP_ID], struct pool *pool,
    struct tag *out, size_t max)
{
	const struct site *s = arg;
	struct found_thing f;
	struct err e = ERR_INIT;
	size_t n = 0;

	if (registry_describe(s->registry, id, pool, &f, &e) != 1)
		return 0;
	for (; n < f.tags.n && n < max; n++)
		out[n] = f.tags.tag[n];
	return n;
}

/* Sets are of one owner and one epoch: a thing that comes back is not in them. */
static bool leaves_sets(const struct owned *before, const struct owned *after)
{
	return before != NULL && before->owner != NULL &&
	    (after == NULL || after->epoch != before->epoch || !owned_by(after, before->owner));
}

/* The two roles meet in the store: this is the moment. */
static int owner_changed(void *arg, const struct owned *before, const struct owned *after,
    struct err *e)
{
	struct site *s = arg;

	if (leaves_sets(before, after) &&
	    thing_set_drop(s->sets, before->owner, before->id, e) != 0)
		return -1;
	if (s->provisioning == NULL)
		return 0;
	/* Whoever owned it may have been told something about it as well. */
	if (before != NULL && provisioning_owner_changed(s->provisioning, before, e) != 0)
		return -1;
	return after == NULL ? 0 : provisioning_owner_changed(s->provisioning, after, e);
}

/* What things keep of an owner whose account is in doubt counts no more. */
static int doubt_changed(void *arg, const char *owner, struct err *e)
{
	struct site *s = arg;
	const struct owned *t = NULL;

	while (s->provisioning != NULL &&
	    (t = ownership_next_of_owner(s->ownership, owner, t)) != NULL)
		if (provisioning_owner_changed(s->provisioning, t, e) != 0)
			return -1;
	return 0;
}

/* Rules like class=camera may decide about it in another way now. */
static int tags_changed(void *arg, const uint8_t id[static OWNERSHIP_ID], struct err *e)
{
	const struct site *s = arg;
	const struct owned *t = ownership_by_id(s->ownership, id);

	if (s->provisioning == NULL || t == NULL || t->owner == NULL)
		return 0;
	return provisioning_looks_changed(s->provisioning, t->owner, LOOK_TAG, t, e);
}

static void note_commit(void *arg, bool committed)
{
	struct site *s = arg;

	if (committed)
		s->commit_ms = clock_wall(s->d.clock);
}

static int open_store(struct site *s, struct err *e)
{
	const struct kithd_conf *c = s->d.conf;

	if (store_open(&s->store, c->store_url, e) != 0 ||
	    audit_open(&s->audit, s->store, s->d.clock, e) != 0 ||
	    ownership_open(&s->ownership, s->store, e) != 0 ||
	    debts_open(&s->debts, s->store, s->d.clock, s->d.hash_key, e) != 0 ||
	    parked_open(&s->parked, s->store, s->d.clock, e) != 0 ||
	    contacts_open(&s->contacts, s->store, s->d.clock, e) != 0 ||
	    codes_open(&s->codes, s->store, s->d.clock, s->d.hash_key, e) != 0 ||
	    persons_open(&s->persons, s->store, e) != 0 ||
	    thing_sets_open(&s->sets, s->store, e) != 0 ||
	    tokens_open(&s->tokens, s->store, s->d.clock, s->d.hash_key, e) != 0)
		return -1;
	tokens_limit(s->tokens, &(struct token_limits){ (size_t)s->limits.tokens_per_jid,
	    (size_t)s->limits.users_per_service, (size_t)s->limits.tokens });
	ownership_on_change(s->ownership, owner_changed, s);
	audit_keep(s->audit, c->audit_keep_ms);
	store_on_end(s->store, note_commit, s);
	return 0;
}

static int open_registry(struct site *s, struct err *e)
{
	const struct registry_conf conf = site_conf_registry(s->d.conf, &s->limits);
	struct registry_deps deps = {
		.store = s->store,
		.ownership = s->ownership,
		.debts = s->debts,
		.parked = s->parked,
		.contacts = s->contacts,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
		.clock = s->d.clock,
		.hash_key = s->d.hash_key,
		.stats = s->d.stats,
		.codes = s->codes,
		.add_rule = operate_add_rule,
		.add_rule_arg = &s->provisioning,
	};

	if (registry_open(&s->registry, &conf, &deps, e) != 0)
		return -1;
	registry_on_doubt(s->registry, doubt_changed, s);
	registry_on_tags(s->registry, tags_changed, s);
	return 0;
}

static int open_provisioning(struct site *s, struct err *e)
{
	const struct kithd_conf *c = s->d.conf;
	const struct provisioning_conf conf = site_conf_provisioning(c, &s->limits);
	struct provisioning_deps deps = {
		.store = s->store,
		.ownership = s->ownership,
		.debts = s->debts,
		.contacts = s->contacts,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
		.clock = s->d.clock,
		.hash_key = s->d.hash_key,
		.stats = s->d.stats,
		.tags = tags_of,
		.tags_arg = s,
		.codes = s->codes,
		.tokens = s->tokens,
		.parked = s->parked,
	};

	if (!c->provisioning_enabled)
		return 0;
	return provisioning_open(&s->provisioning, &conf, &deps, e);
}

static int open_desk(struct site *s, struct err *e)
{
	struct desk_conf conf = {
		.jid = s->d.conf->jid,
		.profile = s->d.conf->profile,
		.zone_s = s->d.conf->zone_s,
		.prompts = s->limits.prompts,
		.languages = s->d.conf->languages != NULL && s->d.conf->languages[0] != '\0' ?
		    s->d.conf->languages : NULL,
	};
	struct desk_deps deps = {
		.registry = s->registry,
		.provisioning = s->provisioning,
		.ownership = s->ownership,
		.contacts = s->contacts,
		.clock = s->d.clock,
		.stats = s->d.stats,
		.codes = s->codes,
		.store = s->store,
		.persons = s->persons,
		.audit = s->audit,
		.sets = s->sets,
	};
	struct outbox_deps outbox = {
		.jid = s->d.conf->jid,
		.desk_jid = s->desk_jid,
		.store = s->store,
		.debts = s->debts,
		.registry = s->registry,
		.provisioning = s->provisioning,
		.stats = s->d.stats,
	};

	if (desk_open(&s->desk, &conf, &deps, e) != 0)
		return -1;
	outbox.desk = s->desk;
	return outbox_open(&s->outbox, &outbox, e);
}

static int name_desk(struct site *s, struct err *e)
{
	static const char prefix[] = "desk@";
	size_t len = strlen(s->d.conf->jid) + sizeof(prefix);

	s->desk_jid = malloc(len);
	if (s->desk_jid == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	memcpy(s->desk_jid, prefix, sizeof(prefix) - 1);
	memcpy(s->desk_jid + sizeof(prefix) - 1, s->d.conf->jid, strlen(s->d.conf->jid) + 1);
	return 0;
}

static void count(struct site *s)
{
	struct stats *t = s->d.stats;

	s->n.requests = stats_slot(t, "site_requests", "stanzas served");
	s->n.refused = stats_slot(t, "site_refused", "stanzas refused while parsing");
	s->n.turns = stats_slot(t, "site_turns", "turns of the loop");
	s->n.commits = stats_slot(t, "site_commits", "transactions that were answered");
	s->n.alone = stats_slot(t, "site_alone", "requests repeated alone after a store error");
	s->n.failed = stats_slot(t, "site_failed", "requests the store could not serve");
	s->n.oversize = stats_slot(t, "site_oversize", "stanzas too big to read");
	s->n.dropped = stats_slot(t, "site_dropped", "stanzas dropped because the broker reads "
	    "too slowly");
	s->n.chats = stats_slot(t, "site_chats", "replies of the desk");
}

int site_open(struct site **out, const struct site_deps *deps, struct err *e)
{
	struct site *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->d = *deps;
	s->started_ms = clock_boot(deps->clock);
	s->limits = kithd_conf_limits(deps->conf);
	s->route.side = SIDE_SERVICE;
	s->route.profile = deps->conf->profile;
	s->route.self = deps->conf->jid;
	job_queue_init(&s->queue);
	buf_init(&s->held, HELD_BYTES);
	buf_init(&s->text, TEXT_BYTES);
	count(s);
	if (name_desk(s, e) != 0 || open_store(s, e) != 0 || open_registry(s, e) != 0 ||
	    open_provisioning(s, e) != 0 || open_desk(s, e) != 0) {
		site_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void site_close(struct site **sp)
{
	struct site *s = *sp;

	if (s == NULL)
		return;
	s->out = NULL;
	site_note_last(s);
	outbox_close(&s->outbox);
	desk_close(&s->desk);
	provisioning_close(&s->provisioning);
	registry_close(&s->registry);
	codes_close(&s->codes);
	tokens_close(&s->tokens);
	thing_sets_close(&s->sets);
	persons_close(&s->persons);
	contacts_close(&s->contacts);
	parked_close(&s->parked);
	debts_close(&s->debts);
	ownership_close(&s->ownership);
	audit_close(&s->audit);
	store_close(&s->store);
	job_queue_fini(&s->queue);
	buf_fini(&s->held);
	buf_fini(&s->text);
	free(s->desk_jid);
	free(s);
	*sp = NULL;
}

void site_parts(const struct site *s, struct site_parts *out)
{
	out->store = s->store;
	out->ownership = s->ownership;
	out->debts = s->debts;
	out->contacts = s->contacts;
	out->persons = s->persons;
	out->audit = s->audit;
	out->sets = s->sets;
	out->tokens = s->tokens;
	out->registry = s->registry;
	out->provisioning = s->provisioning;
	out->stats = s->d.stats;
	out->clock = s->d.clock;
	out->hash_key_file = s->d.conf->hash_key_file;
	out->zone_s = s->d.conf->zone_s;
	out->profile = s->d.conf->profile;
	out->up = s->out != NULL;
	out->started_ms = s->started_ms;
	out->commit_ms = s->commit_ms;
}
