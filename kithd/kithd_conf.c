/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithd_conf: the table of kithd's settings and the checks that need more than
 * one of them.  It opens no file but the settings; kithd.c does the rest.
 */
#include "config.h"

#include "kithd/kithd_conf.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/wire/limits.h"
#include "kithd/metrics_http.h"

#define AT(member) offsetof(struct kithd_conf, member)
#define SECOND INT64_C(1000)
#define DAY (INT64_C(86400) * SECOND)
#define MIB (INT64_C(1024) * 1024)
#define NO_LIMIT INT64_C(1000000000)

static const struct conf_key keys[] = {
	{ "component", "jid", CONF_JID, AT(jid), 0, 0, NULL,
	    "our address, as the broker knows the component" },
	{ "component", "server", CONF_HOST, AT(server), 0, 0, "127.0.0.1:5347",
	    "the broker's component port" },
	{ "component", "secret_file", CONF_TEXT, AT(secret_file), 0, 0, NULL,
	    "file with the secret shared with the broker, 0600, 16 characters or more" },
	{ "component", "allow_remote", CONF_BOOL, AT(allow_remote), 0, 0, "no",
	    "the broker may be on another host (the stream is not encrypted)" },
	{ "component", "profile", CONF_TEXT, AT(profile_name), 0, 0, "stringprep",
	    "how the broker prepares addresses: stringprep or precis" },
	{ "component", "remote_verified", CONF_BOOL, AT(remote_verified), 0, 0, "no",
	    "the broker verifies certificates of other servers" },
	{ "daemon", "user", CONF_TEXT, AT(user), 0, 0, NULL,
	    "user to become when started by root" },
	{ "daemon", "sandbox", CONF_BOOL, AT(sandbox), 0, 0, "on",
	    "give up all files and system calls that are not needed (landlock, seccomp)" },
	{ "daemon", "log", CONF_TEXT, AT(log_level), 0, 0, "info",
	    "how much is logged: error, warn, info or debug; read again at SIGHUP" },
	{ "daemon", "timezone", CONF_TEXT, AT(timezone), 0, 0, "UTC",
	    "zone of times in rules and chat: UTC, local, +HH:MM or -HH:MM" },
	{ "daemon", "languages", CONF_TEXT, AT(languages), 0, 0, "",
	    "folder of the desk's texts in other languages; empty: where they were installed" },
	{ "store", "url", CONF_TEXT, AT(store_url), 0, 0,
	    "sqlite:" KITH_LOCALSTATEDIR "/lib/kith/kithd.db",
	    "where everything is kept: sqlite:PATH" },
	{ "store", "hash_key_file", CONF_TEXT, AT(hash_key_file), 0, 0, NULL,
	    "key of the claim digests; made at first start; default: beside the store" },
	{ "store", "audit_keep", CONF_TIME, AT(audit_keep_ms), 0, 36500 * DAY, "400d",
	    "how long the record of what happened is kept; 0: for ever" },
	{ "registry", "enabled", CONF_BOOL, AT(registry_enabled), 0, 0, "yes",
	    "serve the registry role (XEP-0347)" },
	{ "registry", "jid", CONF_JID, AT(registry_jid), 0, 0, NULL,
	    "address of the role; today it must be the component's" },
	{ "registry", "domains", CONF_TEXT, AT(domains_text), 0, 0, NULL,
	    "domains whose things may register; default: the component's own site" },
	{ "registry", "self_owned", CONF_TEXT, AT(self_owned_text), 0, 0, NULL,
	    "domains whose things may own themselves and be found at once; default: none" },
	{ "registry", "claim_window", CONF_TIME, AT(claim_window_ms), 0, 366 * DAY, "0",
	    "how long after it registered a thing can be claimed; 0: at any time" },
	{ "registry", "claim_press", CONF_TIME, AT(claim_press_ms), 1000, DAY, "5m",
	    "how long a thing that asks for it can be claimed after a press of its button" },
	{ "registry", "show_owner", CONF_BOOL, AT(show_owner), 0, 0, "yes",
	    "name the owner in search results" },
	{ "provisioning", "enabled", CONF_BOOL, AT(provisioning_enabled), 0, 0, "yes",
	    "serve the provisioning role (XEP-0324)" },
	{ "provisioning", "jid", CONF_JID, AT(provisioning_jid), 0, 0, NULL,
	    "address of the role; today it must be the component's" },
	{ "provisioning", "policy_file", CONF_TEXT, AT(policy_file), 0, 0, NULL,
	    "the operator's own rules, see policy(5); a name beside this file; read again at "
	    "SIGHUP; default: none" },
	{ "provisioning", "secondary_trust", CONF_TEXT, AT(secondary_text), 0, 0, "off",
	    "things that may trust others by hand: off, on, or their addresses and domains" },
	{ "provisioning", "union", CONF_TEXT, AT(united_text), 0, 0, "off",
	    "things and domains whose owner's and operator's word are united; off" },
	{ "control", "socket", CONF_TEXT, AT(control_socket), 0, 0, NULL,
	    "socket for kithctl; default: none" },
	{ "control", "metrics", CONF_TEXT, AT(metrics), 0, 0, NULL,
	    "where Prometheus may read counters: unix:/PATH, 127.0.0.1:PORT or [::1]:PORT; "
	    "default: nowhere" },
	{ "limits", "all", CONF_BOOL, AT(limits.all), 0, 0, "on",
	    "off: no limits at all, for benchmarks only" },
	{ "limits", "stanza_bytes", CONF_SIZE, AT(limits.stanza_bytes), 4096, MIB, "64k",
	    "longest stanza that is read" },
	{ "limits", "queue_bytes", CONF_SIZE, AT(limits.queue_bytes), 4 * MIB, 256 * MIB, "8m",
	    "most bytes waiting for a slow broker" },
	{ "limits", "turn_requests", CONF_INT, AT(limits.turn_requests), 1, 1024, "64",
	    "writing requests that share one commit" },
	{ "limits", "turn_time", CONF_TIME, AT(limits.turn_ms), 1, SECOND, "20ms",
	    "longest time one commit collects requests" },
	{ "limits", "things_per_jid", CONF_INT, AT(limits.things_per_jid), 1, 100000, "1000",
	    "things behind one address" },
	{ "limits", "things_per_domain", CONF_INT, AT(limits.things_per_domain), 1, NO_LIMIT,
	    "100000", "things of one domain" },
	{ "limits", "things", CONF_INT, AT(limits.things), 1, NO_LIMIT, "1000000",
	    "things of the whole site" },
	{ "limits", "self_owned_things", CONF_INT, AT(limits.self_owned_things), 1, NO_LIMIT,
	    "1000", "things that own themselves" },
	{ "limits", "tags", CONF_INT, AT(limits.tags), 1, WIRE_TAGS, "64", "tags of one thing" },
	{ "limits", "tag_bytes", CONF_SIZE, AT(limits.tag_bytes), 256, 64 * 1024, "16k",
	    "all tags of one thing together, as they are kept" },
	{ "limits", "spent_keys", CONF_INT, AT(limits.spent_keys), 1000, NO_LIMIT, "1000000",
	    "used KEYs that are remembered; beyond it those of things that are gone are "
	    "forgotten, oldest first" },
	{ "limits", "strangers", CONF_INT, AT(limits.strangers), 100, NO_LIMIT, "50000",
	    "addresses remembered, beyond which those that have no thing here are not" },
	{ "limits", "things_per_owner", CONF_INT, AT(limits.things_per_owner), 1, NO_LIMIT,
	    "10000", "things of one owner" },
	{ "limits", "unclaimed_things", CONF_INT, AT(limits.unclaimed_things), 1, 10000000,
	    "100000", "things nobody owns" },
	{ "limits", "unclaimed_time", CONF_TIME, AT(limits.unclaimed_ms), 60 * SECOND, 3650 * DAY,
	    "30d", "after this an unclaimed thing is forgotten" },
	{ "limits", "receipt_time", CONF_TIME, AT(limits.receipt_ms), 60 * SECOND, 3650 * DAY,
	    "30d", "how long a claim sent twice is recognised" },
	{ "limits", "presence_time", CONF_TIME, AT(limits.showing_ms), 60 * SECOND, DAY, "10m",
	    "how long a claimant has to show that a thing is before him" },
	{ "limits", "presence_questions", CONF_INT, AT(limits.showings), 1, 1000, "3",
	    "how often one claimant is asked for that in an hour" },
	{ "limits", "presence_questions_all", CONF_INT, AT(limits.max_showings), 10, 100000,
	    "1000", "the same for all claimants" },
	{ "limits", "dispute_time", CONF_TIME, AT(limits.dispute_ms), 60 * SECOND, 30 * DAY, "1d",
	    "how long after a claim it may be disputed, and how long that lasts" },
	{ "limits", "claim_failures", CONF_INT, AT(limits.claim_failures), 1, 1000000, "30",
	    "failed claims of one account in a minute; more are answered a second later" },
	{ "limits", "claim_failures_domain", CONF_INT, AT(limits.claim_failures_domain), 1,
	    1000000, "600", "the same for all accounts of one domain" },
	{ "limits", "claim_failures_all", CONF_INT, AT(limits.claim_failures_all), 1, 10000000,
	    "3000", "the same for all accounts" },
	{ "limits", "wrong_keys", CONF_INT, AT(limits.wrong_keys), 1, 1000000, "100",
	    "wrong KEYs for one maker and serial number; then short KEYs do not claim alone" },
	{ "limits", "registrations", CONF_INT, AT(limits.registrations), 1, NO_LIMIT, "2000",
	    "things that one address may register for the first time in registration_time; those "
	    "that come back do not count" },
	{ "limits", "registrations_domain", CONF_INT, AT(limits.registrations_domain), 1,
	    NO_LIMIT, "20000", "the same for all addresses of one domain" },
	{ "limits", "registration_time", CONF_TIME, AT(limits.registration_ms), SECOND, DAY,
	    "1m", "all of them may come at once; after this time as many again" },
	{ "limits", "search_work", CONF_INT, AT(limits.search_work), 1000, 10000000, "10000",
	    "things one search may look at, each for one term" },
	{ "limits", "searcher_work", CONF_INT, AT(limits.searcher_work), 1000, 1000000000,
	    "200000", "the same for all searches of one asker in a second" },
	{ "limits", "searcher_domain_work", CONF_INT, AT(limits.searcher_domain_work), 1000,
	    1000000000, "800000", "the same for all askers of one domain" },
	{ "limits", "searchers_work", CONF_INT, AT(limits.searchers_work), 1000, 1000000000,
	    "1600000", "the same for all askers" },
	{ "limits", "read_lease", CONF_TIME, AT(limits.read_lease_ms), 5 * SECOND, DAY, "15m",
	    "how long a yes to reading holds" },
	{ "limits", "control_lease", CONF_TIME, AT(limits.control_lease_ms), 5 * SECOND, DAY, "5m",
	    "how long a yes to controlling holds" },
	{ "limits", "befriend_lease", CONF_TIME, AT(limits.befriend_lease_ms), 5 * SECOND, DAY,
	    "15m", "how long a yes to befriending holds" },
	{ "limits", "stranger_questions", CONF_INT, AT(limits.stranger_questions), 1, 10000, "20",
	    "open questions of one owner about people he never met" },
	{ "limits", "prompts", CONF_INT, AT(limits.prompts), 1, 10000, "6",
	    "messages with questions to one owner in an hour; what is open is in each" },
	{ "limits", "question_time", CONF_TIME, AT(limits.question_ms), 60 * SECOND, 3650 * DAY,
	    "90d", "how long a question stays open" },
	{ "limits", "code_time", CONF_TIME, AT(limits.code_ms), 10 * SECOND, 90 * DAY, "7d",
	    "how long a code in a question can be answered" },
	{ "limits", "tokens", CONF_INT, AT(limits.tokens), 1, 10000000, "20000",
	    "tokens of certificates and of services' users" },
	{ "limits", "tokens_per_jid", CONF_INT, AT(limits.tokens_per_jid), 1, 100000, "16",
	    "certificates that one address has tokens for" },
	{ "limits", "users_per_service", CONF_INT, AT(limits.users_per_service), 1, 10000000,
	    "1000", "users of one service that have tokens" },
	{ "limits", "token_time", CONF_TIME, AT(limits.token_ms), 60 * SECOND, 3650 * DAY, "90d",
	    "how long a token holds, if its certificate does not end before" },
	{ "limits", "user_token_time", CONF_TIME, AT(limits.user_token_ms), 60 * SECOND, 30 * DAY,
	    "1h", "how long a service may ask about a user before it asks canAccess again" },
	{ "limits", "control_clients", CONF_INT, AT(limits.control_clients), 1, 64, "8",
	    "kithctl programs served at once" },
};

struct word_value { const char *word; int value; };

static int find_word(const struct word_value *w, const char *text, int *out)
{
	for (; w->word != NULL; w++) {
		if (strcmp(w->word, text) == 0) {
			*out = w->value;
			return 0;
		}
	}
	return -1;
}

static int finish_log_level(struct kithd_conf *c, struct err *e)
{
	static const struct word_value words[] = {
		{ "error", LOG_LEVEL_ERROR }, { "warn", LOG_LEVEL_WARN },
		{ "info", LOG_LEVEL_INFO }, { "debug", LOG_LEVEL_DEBUG }, { NULL, 0 }
	};
	int v;

	if (find_word(words, c->log_level, &v) != 0)
		return err_set(e, ERR_INPUT, "[daemon] log is '%s'; it may be error, warn, info "
		    "or debug",
		    c->log_level);
	c->level = (enum log_level)v;
	return 0;
}

static int finish_profile(struct kithd_conf *c, struct err *e)
{
	static const struct word_value words[] = {
		{ "stringprep", JID_STRINGPREP }, { "precis", JID_PRECIS }, { NULL, 0 }
	};
	int v;

	if (find_word(words, c->profile_name, &v) != 0)
		return err_set(e, ERR_INPUT, "[component] profile is '%s'; it may be stringprep "
		    "or precis",
		    c->profile_name);
	c->profile = (enum jid_profile)v;
	return 0;
}

/* "+05:30" to seconds east. */
static int zone_offset(const char *t, int32_t *out)
{
	char hour[3], minute[3];
	int64_t h, m;

	if (strlen(t) != 6 || (t[0] != '+' && t[0] != '-') || t[3] != ':')
		return -1;
	memcpy(hour, t + 1, 2);
	memcpy(minute, t + 4, 2);
	hour[2] = minute[2] = '\0';
	if (str_to_int(hour, 0, 14, &h) != 0 || str_to_int(minute, 0, 59, &m) != 0)
		return -1;
	*out = (int32_t)((h * 60 + m) * 60) * (t[0] == '-' ? -1 : 1);
	return 0;
}

static int finish_zone(struct kithd_conf *c, struct err *e)
{
	time_t now = (time_t)(clock_wall(&clock_system) / 1000);
	struct tm tm;

	c->zone_s = 0;
	if (str_case_eq(c->timezone, "UTC"))
		return 0;
	if (str_case_eq(c->timezone, "local") && localtime_r(&now, &tm) != NULL) {
		c->zone_s = (int32_t)tm.tm_gmtoff;
		return 0;
	}
	if (zone_offset(c->timezone, &c->zone_s) != 0)
		return err_set(e, ERR_INPUT, "[daemon] timezone is '%s'; it may be UTC, local, "
		    "+HH:MM or -HH:MM",
		    c->timezone);
	return 0;
}

/* CONF_HOST was checked to be HOST:PORT or [v6]:PORT. */
static int finish_server(struct kithd_conf *c, struct err *e)
{
	const char *colon = strrchr(c->server, ':');
	const char *host = c->server;
	size_t len;

	if (colon == NULL)
		return err_set(e, ERR_INPUT, "[component] server is '%s'; it must be HOST:PORT",
		    c->server);
	len = (size_t)(colon - host);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	c->server_host = strndup(host, len);
	c->server_port = strdup(colon + 1);
	if (c->server_host == NULL || c->server_port == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

/* "a.example, b.example" becomes a NULL-terminated list in one block. */
static int split_domains(const char ***out, const char *from, struct err *e)
{
	size_t max, n = 0;
	char *text, *word, *rest;

	if (from == NULL)
		return 0;
	max = strlen(from) / 2 + 2;
	*out = calloc(1, max * sizeof(**out) + strlen(from) + 1);
	if (*out == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	text = (char *)(*out + max);
	memcpy(text, from, strlen(from) + 1);
	str_lower(text);
	for (word = strtok_r(text, " ,\t", &rest); word != NULL; word = strtok_r(NULL, " ,\t",
	    &rest))
		(*out)[n++] = word;
	return 0;
}

/* Addresses and domains; "off": none. */
static int split_things(const char ***out, const char *text, const char *key,
    const struct kithd_conf *c, struct err *e)
{
	struct jid jid;

	if (str_case_eq(text, "off"))
		return 0;
	if (split_domains(out, text, e) != 0)
		return -1;
	for (size_t i = 0; *out != NULL && (*out)[i] != NULL; i++)
		if (jid_parse_bare(&jid, (*out)[i], c->profile, NULL) != 0)
			return err_set(e, ERR_INPUT, "[provisioning] %s is off, or a list of "
			    "addresses and domains; '%s' is none", key, (*out)[i]);
	return 0;
}

/* XEP-0324, "Delegating Secondary Trust"; and whose word is united with ours. */
static int finish_trust(struct kithd_conf *c, struct err *e)
{
	c->secondary_all = str_case_eq(c->secondary_text, "on");
	if (!c->secondary_all &&
	    split_things(&c->secondary, c->secondary_text, "secondary_trust", c, e) != 0)
		return -1;
	return split_things(&c->united, c->united_text, "union", c, e);
}

static int finish_domains(struct kithd_conf *c, struct err *e)
{
	if (split_domains(&c->domains, c->domains_text, e) != 0)
		return -1;
	return split_domains(&c->self_owned, c->self_owned_text, e);
}

/* "<database>.key" beside the store. */
static int finish_hash_key(struct kithd_conf *c, struct err *e)
{
	static const char prefix[] = "sqlite:";
	const char *path;
	size_t len;

	if (!str_starts(c->store_url, prefix))
		return err_set(e, ERR_INPUT, "[store] url is '%s'; it must be sqlite:PATH",
		    c->store_url);
	path = c->store_url + sizeof(prefix) - 1;
	if (c->hash_key_file != NULL)
		return 0;
	if (path[0] == ':')
		return err_set(e, ERR_INPUT, "[store] hash_key_file must be set for a store in "
		    "memory");
	len = strlen(path) + sizeof(".key");
	c->hash_key_file = malloc(len);
	if (c->hash_key_file == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	memcpy(c->hash_key_file, path, strlen(path));
	memcpy(c->hash_key_file + strlen(path), ".key", sizeof(".key"));
	return 0;
}

static int check_role_jid(const struct kithd_conf *c, const char *role, const char *jid,
    struct err *e)
{
	if (jid == NULL || strcmp(jid, c->jid) == 0)
		return 0;
	return err_set(e, ERR_INPUT, "[%s] jid '%s' differs from [component] jid '%s'; both "
	    "roles answer "
	    "at the component's address: run a second kithd for another one", role, jid, c->jid);
}

static int finish_required(const struct kithd_conf *c, struct err *e)
{
	if (c->jid == NULL)
		return err_set(e, ERR_INPUT, "[component] jid is missing");
	if (c->secret_file == NULL)
		return err_set(e, ERR_INPUT, "[component] secret_file is missing");
	if (strchr(c->jid, '@') != NULL)
		return err_set(e, ERR_INPUT, "[component] jid is '%s'; a component's address has "
		    "no '@'", c->jid);
	if (!c->registry_enabled && !c->provisioning_enabled)
		return err_set(e, ERR_INPUT, "[registry] and [provisioning] are both disabled: "
		    "nothing to do");
	return 0;
}

static int finish_metrics(const struct kithd_conf *c, struct err *e)
{
	if (c->metrics == NULL || metrics_http_check(c->metrics, e) == 0)
		return 0;
	err_prefix(e, "[control]");
	return -1;
}

static int finish(void *arg, struct err *e)
{
	struct kithd_conf *c = arg;

	if (finish_required(c, e) != 0 || finish_metrics(c, e) != 0 ||
	    check_role_jid(c, "registry", c->registry_jid, e) != 0 ||
	    check_role_jid(c, "provisioning", c->provisioning_jid, e) != 0 ||
	    finish_log_level(c, e) != 0 || finish_profile(c, e) != 0 || finish_zone(c, e) != 0 ||
	    finish_server(c, e) != 0 || finish_domains(c, e) != 0 ||
	    finish_trust(c, e) != 0 || finish_hash_key(c, e) != 0)
		return -1;
	return 0;
}

static const struct conf_spec spec = {
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.finish = finish,
};

/* No limit at all: what a benchmark wants, and nobody else. */
static const struct kithd_limits unlimited = {
	.all = false,
	.stanza_bytes = MIB,
	.queue_bytes = 256 * MIB,
	.turn_requests = 1024,
	.turn_ms = SECOND,
	.things_per_jid = NO_LIMIT,
	.things_per_domain = NO_LIMIT,
	.things = NO_LIMIT,
	.self_owned_things = NO_LIMIT,
	.tags = WIRE_TAGS,
	.tag_bytes = 64 * 1024,
	.spent_keys = NO_LIMIT,
	.strangers = NO_LIMIT,
	.things_per_owner = NO_LIMIT,
	.unclaimed_things = NO_LIMIT,
	.unclaimed_ms = 3650 * DAY,
	.receipt_ms = 3650 * DAY,
	.showings = NO_LIMIT,
	.max_showings = NO_LIMIT,
	.claim_failures = NO_LIMIT,
	.claim_failures_domain = NO_LIMIT,
	.claim_failures_all = NO_LIMIT,
	.wrong_keys = NO_LIMIT,
	.registrations = NO_LIMIT,
	.registrations_domain = NO_LIMIT,
	.registration_ms = 60 * SECOND,
	.search_work = NO_LIMIT,
	.searcher_work = NO_LIMIT,
	.searcher_domain_work = NO_LIMIT,
	.searchers_work = NO_LIMIT,
	.stranger_questions = NO_LIMIT,
	.prompts = NO_LIMIT,
	.tokens = NO_LIMIT,
	.tokens_per_jid = NO_LIMIT,
	.users_per_service = NO_LIMIT,
	.control_clients = 64,
};

struct kithd_limits kithd_conf_limits(const struct kithd_conf *c)
{
	struct kithd_limits l;

	if (c->limits.all)
		return c->limits;
	l = unlimited;
	/* Times of leases and codes are promises, not quotas: they stay. */
	l.showing_ms = c->limits.showing_ms;
	l.dispute_ms = c->limits.dispute_ms;
	l.read_lease_ms = c->limits.read_lease_ms;
	l.control_lease_ms = c->limits.control_lease_ms;
	l.befriend_lease_ms = c->limits.befriend_lease_ms;
	l.question_ms = c->limits.question_ms;
	l.user_token_ms = c->limits.user_token_ms;
	l.code_ms = c->limits.code_ms;
	l.token_ms = c->limits.token_ms;
	return l;
}

/* Whoever moves the settings moves what is beside them. */
static int find_policy(struct kithd_conf *c, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash - file) + 1, len;

	if (c->policy_file == NULL)
		return 0;
	if (c->policy_file[0] == '/')
		folder = 0;
	len = strlen(c->policy_file) + 1;
	c->policy_path = malloc(folder + len);
	if (c->policy_path == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	memcpy(c->policy_path, file, folder);
	memcpy(c->policy_path + folder, c->policy_file, len);
	return 0;
}

int kithd_conf_load(struct kithd_conf *out, const char *file, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (conf_load(&spec, file, out, e) == 0 && find_policy(out, file, e) == 0)
		return 0;
	kithd_conf_free(out);
	return -1;
}

int kithd_conf_parse(struct kithd_conf *out, const char *name, const char *text, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (conf_parse(&spec, name, text, out, e) == 0 && find_policy(out, name, e) == 0)
		return 0;
	kithd_conf_free(out);
	return -1;
}

void kithd_conf_free(struct kithd_conf *c)
{
	free(c->server_host);
	free(c->server_port);
	free(c->policy_path);
	free(c->secondary);
	free(c->united);
	free(c->domains);
	free(c->self_owned);
	conf_free(&spec, c);
	memset(c, 0, sizeof(*c));
}

void kithd_conf_print(const struct kithd_conf *c, struct buf *out)
{
	conf_print(&spec, c, out);
}

void kithd_conf_help(struct buf *out)
{
	conf_help(&spec, out);
}
