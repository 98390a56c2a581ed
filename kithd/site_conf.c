/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_conf: one line a setting, in the order of the roles' own structs.
 * It is apart from site.c for being a table.
 */
#include "config.h"

#include "kithd/site_conf.h"

struct registry_conf site_conf_registry(const struct kithd_conf *c, const struct kithd_limits *l)
{
	return (struct registry_conf){
		.jid = c->jid,
		.profile = c->profile,
		.domains = c->domains,
		.self_owned = c->self_owned,
		.max_things_per_jid = l->things_per_jid,
		.max_things_per_domain = l->things_per_domain,
		.max_things = l->things,
		.max_self_owned = l->self_owned_things,
		.max_tags = l->tags,
		.max_tag_bytes = l->tag_bytes,
		.max_used = l->spent_keys,
		.max_strangers = l->strangers,
		.max_things_per_owner = l->things_per_owner,
		.max_unclaimed = l->unclaimed_things,
		.unclaimed_expire_ms = l->unclaimed_ms,
		.receipt_ms = l->receipt_ms,
		.showing_ms = l->showing_ms,
		.showings = l->showings,
		.max_showings = l->max_showings,
		.dispute_ms = l->dispute_ms,
		.failures_per_jid = l->claim_failures,
		.failures_per_domain = l->claim_failures_domain,
		.failures = l->claim_failures_all,
		.wrong_keys = l->wrong_keys,
		.newcomers_per_jid = l->registrations,
		.newcomers_per_domain = l->registrations_domain,
		.newcomers_ms = l->registration_ms,
		.zone_s = c->zone_s,
		.claim_window_ms = c->claim_window_ms,
		.claim_press_ms = c->claim_press_ms,
		.search_work = l->search_work,
		.searcher_work = l->searcher_work,
		.searcher_domain_work = l->searcher_domain_work,
		.searchers_work = l->searchers_work,
		.show_owner = c->show_owner,
		.remote_verified = c->remote_verified,
	};
}

struct provisioning_conf site_conf_provisioning(const struct kithd_conf *c,
    const struct kithd_limits *l)
{
	return (struct provisioning_conf){
		.jid = c->jid,
		.profile = c->profile,
		.read_lease_ms = l->read_lease_ms,
		.control_lease_ms = l->control_lease_ms,
		.befriend_lease_ms = l->befriend_lease_ms,
		.zone_s = c->zone_s,
		.max_questions_strangers = l->stranger_questions,
		.question_ms = l->question_ms,
		.code_ms = l->code_ms,
		.remote_verified = c->remote_verified,
		.token_ms = l->token_ms,
		.user_token_ms = l->user_token_ms,
		.secondary_all = c->secondary_all,
		.secondary = c->secondary,
		.united = c->united,
		.policy_file = c->policy_path,
	};
}
