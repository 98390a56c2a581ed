/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithd_conf: the settings of kithd: one table (kithd_conf.c), one struct.
 * Everything that a peer can make us keep or send has a key in [limits] with
 * its default.  It opens nothing: see kithd.c.  Read next: site.h.
 */
#ifndef KITH_KITHD_CONF_H
#define KITH_KITHD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"
#include "common/base/jid.h"
#include "common/base/log.h"

struct kithd_limits {
	bool all;		/* off: no limits, for benchmarks only */
	int64_t stanza_bytes;
	int64_t queue_bytes;
	int64_t turn_requests;
	int64_t turn_ms;
	int64_t things_per_jid;
	int64_t things_per_domain;
	int64_t things;
	int64_t self_owned_things;
	int64_t tags;
	int64_t tag_bytes;
	int64_t spent_keys;
	int64_t strangers;
	int64_t things_per_owner;
	int64_t unclaimed_things;
	int64_t unclaimed_ms;
	int64_t receipt_ms;
	int64_t showing_ms;
	int64_t showings;
	int64_t max_showings;
	int64_t dispute_ms;
	int64_t claim_failures;
	int64_t claim_failures_domain;
	int64_t claim_failures_all;
	int64_t wrong_keys;
	int64_t registrations;
	int64_t registrations_domain;
	int64_t registration_ms;
	int64_t search_work;
	int64_t searcher_work;
	int64_t searcher_domain_work;
	int64_t searchers_work;
	int64_t read_lease_ms;
	int64_t control_lease_ms;
	int64_t befriend_lease_ms;
	int64_t stranger_questions;
	int64_t prompts;
	int64_t question_ms;
	int64_t user_token_ms;
	int64_t code_ms;
	int64_t tokens;
	int64_t tokens_per_jid;
	int64_t users_per_service;
	int64_t token_ms;
	int64_t control_clients;
};

struct kithd_conf {
	char *user;
	char *log_level;
	char *jid;
	char *server;
	char *secret_file;
	char *profile_name;
	char *timezone;
	char *languages;
	bool sandbox;
	bool allow_remote;
	bool remote_verified;
	char *store_url;
	char *hash_key_file;
	int64_t audit_keep_ms;
	bool registry_enabled;
	char *registry_jid;
	int64_t claim_window_ms, claim_press_ms;
	bool show_owner;
	char *domains_text;
	char *self_owned_text;
	bool provisioning_enabled;
	char *provisioning_jid;
	char *policy_file;
	char *secondary_text;
	char *control_socket;
	char *metrics;
	struct kithd_limits limits;

	/* Worked out from the texts above. */
	enum jid_profile profile;
	enum log_level level;
	int32_t zone_s;
	char *policy_path;	/* beside the settings, unless it says otherwise; NULL none */
	char *server_host, *server_port;
	const char **self_owned;	/* likewise; NULL: nobody's */
	bool secondary_all;	/* secondary_trust = on */
	const char **secondary;	/* of these things and domains; NULL: none */
	char *united_text;
	const char **united;	/* things and domains; NULL: none */
	const char **domains;	/* NULL-terminated; the first is ours; see kithd_conf_load */
};

/* Reads and checks; errors carry FILE:LINE. */
int kithd_conf_load(struct kithd_conf *out, const char *file, struct err *e);
/* The same from text, for tests. */
int kithd_conf_parse(struct kithd_conf *out, const char *name, const char *text, struct err *e);
void kithd_conf_free(struct kithd_conf *c);
/* The limits in force: those of the settings, or none with `all = off`. */
struct kithd_limits kithd_conf_limits(const struct kithd_conf *c);
void kithd_conf_print(const struct kithd_conf *c, struct buf *out);
/* The table of keys, for -h and the manual's check. */
void kithd_conf_help(struct buf *out);

#endif
