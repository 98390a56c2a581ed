/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor_ejabberd: ejabberd's settings by libyaml: its file, or better
 * what `ejabberdctl dump_config` writes, with all defaults and includes put in.
 * The tree is flattened into "listen.0.module" = "ejabberd_c2s".
 */
#include "config.h"

#include "kithd/kithctl_doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "common/base/str.h"
#include "kithd/kithctl_talk.h"

#define SETTINGS_MAX 8192
#define DEPTH_MAX 12
#define PATH_CHARS 200
#define LISTENERS 64
#define SECRET_MIN 16

struct setting { char path[PATH_CHARS]; char *value; };

struct ejabberd {
	struct doctor *doctor;
	yaml_document_t doc;
	size_t n;
	struct setting *setting;
};

/* ---- reading ---- */

static void keep(struct ejabberd *j, const char *path, const yaml_node_t *node)
{
	if (j->n < SETTINGS_MAX) {
		(void)snprintf(j->setting[j->n].path, PATH_CHARS, "%s", path);
		j->setting[j->n++].value = (char *)node->data.scalar.value;
	}
}

/* An alias is the node it stands for, so there is an end only by depth and number. */
static void flatten(struct ejabberd *j, const char *path, int node_id, int depth)
{
	yaml_node_t *node = yaml_document_get_node(&j->doc, node_id);
	char inner[PATH_CHARS];
	const char *dot = path[0] != '\0' ? "." : "";

	if (node == NULL || depth > DEPTH_MAX || j->n == SETTINGS_MAX)
		return;
	if (node->type == YAML_SCALAR_NODE)
		keep(j, path, node);
	if (node->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		    i < node->data.sequence.items.top; i++) {
			(void)snprintf(inner, sizeof(inner), "%.150s%s%td", path, dot,
			    i - node->data.sequence.items.start);
			flatten(j, inner, *i, depth + 1);
		}
	if (node->type == YAML_MAPPING_NODE)
		for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		    p < node->data.mapping.pairs.top; p++) {
			const yaml_node_t *key = yaml_document_get_node(&j->doc, p->key);

			if (key == NULL || key->type != YAML_SCALAR_NODE)
				continue;
			(void)snprintf(inner, sizeof(inner), "%.100s%s%.90s", path, dot,
			    (const char *)key->data.scalar.value);
			/* That it is there at all says something, as of a module. */
			if (j->n < SETTINGS_MAX) {
				(void)snprintf(j->setting[j->n].path, PATH_CHARS, "%s", inner);
				j->setting[j->n++].value = NULL;
			}
			flatten(j, inner, p->value, depth + 1);
		}
}

static int load(struct ejabberd *j, const char *file)
{
	yaml_parser_t parser;
	FILE *f = fopen(file, "r");
	int ok;

	if (f == NULL)
		return kithctl_fail(file, strerror(errno));
	if (!yaml_parser_initialize(&parser)) {
		fclose(f);
		return kithctl_fail(file, "out of memory");
	}
	yaml_parser_set_input_file(&parser, f);
	ok = yaml_parser_load(&parser, &j->doc);
	yaml_parser_delete(&parser);
	fclose(f);
	if (ok && yaml_document_get_root_node(&j->doc) != NULL)
		return KITHCTL_OK;
	if (ok)
		yaml_document_delete(&j->doc);
	return kithctl_fail(file, "this is no YAML");
}

static const char *get(const struct ejabberd *j, const char *path)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->setting[i].value != NULL && strcmp(j->setting[i].path, path) == 0)
			return j->setting[i].value;
	return NULL;
}

static bool has(const struct ejabberd *j, const char *path)
{
	for (size_t i = 0; i < j->n; i++)
		if (strcmp(j->setting[i].path, path) == 0)
			return true;
	return false;
}

static bool is(const struct ejabberd *j, const char *path, const char *value)
{
	const char *v = get(j, path);

	return v != NULL && str_case_eq(v, value);
}

/* One of the list `path`, case aside. */
static bool lists(const struct ejabberd *j, const char *path, const char *word)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < j->n; i++)
		if (j->setting[i].value != NULL && strncmp(j->setting[i].path, path, len) == 0 &&
		    (j->setting[i].path[len] == '.' || j->setting[i].path[len] == '\0') &&
		    str_case_eq(j->setting[i].value, word))
			return true;
	return false;
}

/* "listen.3." KEY */
static const char *of_listener(const struct ejabberd *j, int i, const char *key)
{
	char path[PATH_CHARS];

	(void)snprintf(path, sizeof(path), "listen.%d.%s", i, key);
	return get(j, path);
}

static bool listener_is(const struct ejabberd *j, int i, const char *key, const char *value)
{
	const char *v = of_listener(j, i, key);

	return v != NULL && str_case_eq(v, value);
}

/* ---- findings ---- */

static void found(const struct ejabberd *j, const char *where, const char *what, const char *change)
{
	doctor_found(j->doctor, where, what, change);
}

static void look_everywhere(const struct ejabberd *j, const char *file)
{
	struct stat st;

	if (stat(file, &st) == 0 && (st.st_mode & 007) != 0)
		found(j, "*", "everybody on this machine can read the component's secret",
		    "chmod 640 the settings file");
	if (has(j, "include_config_file") || has(j, "define_macro"))
		found(j, "*", "this file includes others or uses macros, which are not looked at",
		    "ejabberdctl dump_config FILE, and let the doctor read FILE");
	if (!lists(j, "disable_sasl_mechanisms", "PLAIN"))
		found(j, "*", "clients may send their password as it is",
		    "disable_sasl_mechanisms: [PLAIN, DIGEST-MD5, X-OAUTH2]");
	if (!is(j, "auth_password_format", "scram"))
		found(j, "*", "passwords are kept as they are", "auth_password_format: scram");
	if (has(j, "modules.mod_register") && is(j, "registration_timeout", "infinity"))
		found(j, "*", "anybody can open any number of accounts", "registration_timeout: 5");
}

static void look_at_component(const struct ejabberd *j, int i)
{
	char where[32], prefix[PATH_CHARS];
	const char *secret = of_listener(j, i, "password"), *ip = of_listener(j, i, "ip");
	size_t len;

	(void)snprintf(where, sizeof(where), "listen[%d]", i);
	(void)snprintf(prefix, sizeof(prefix), "listen.%d.hosts.", i);
	len = strlen(prefix);
	for (size_t k = 0; k < j->n && secret == NULL; k++) {
		const struct setting *s = &j->setting[k];
		size_t all = strlen(s->path);

		if (s->value != NULL && strncmp(s->path, prefix, len) == 0 && all > 9 &&
		    strcmp(s->path + all - 9, ".password") == 0)
			secret = s->value;
	}
	if (secret == NULL || strlen(secret) < SECRET_MIN)
		found(j, where, "the secret can be guessed, and the port takes any number of guesses",
		    "password: 16 characters or more, from openssl rand -hex 20");
	if (ip == NULL || !doctor_is_loopback(ip))
		found(j, where, "the component port is open to others than this machine",
		    "ip: \"127.0.0.1\"");
	if (!listener_is(j, i, "global_routes", "false"))
		found(j, where, "the component gets what is meant for every other host",
		    "global_routes: false");
	if (listener_is(j, i, "check_from", "false"))
		found(j, where, "the component may speak for anybody", "check_from: true");
}

static void look_at_clients(const struct ejabberd *j, int i)
{
	const char *shaper = of_listener(j, i, "shaper");
	char where[32];

	(void)snprintf(where, sizeof(where), "listen[%d]", i);
	if (!listener_is(j, i, "starttls_required", "true") && !listener_is(j, i, "tls", "true"))
		found(j, where, "clients may log in without TLS", "starttls_required: true");
	if (shaper == NULL || str_case_eq(shaper, "none"))
		found(j, where, "one client can send as much as it likes", "shaper: c2s_shaper");
}

/* Dialback says where somebody is, not who. */
static void look_at_servers(const struct ejabberd *j, int i)
{
	char where[32];

	(void)snprintf(where, sizeof(where), "listen[%d]", i);
	if (!is(j, "s2s_use_starttls", "required") || has(j, "modules.mod_s2s_dialback"))
		found(j, where, "other servers are believed without a certificate",
		    "s2s_use_starttls: required, without mod_s2s_dialback, and [component] "
		    "remote_verified in kithd.conf only then");
}

static void look(const struct ejabberd *j, const char *file)
{
	int components = 0;

	look_everywhere(j, file);
	for (int i = 0; i < LISTENERS; i++) {
		if (listener_is(j, i, "module", "ejabberd_c2s"))
			look_at_clients(j, i);
		if (listener_is(j, i, "module", "ejabberd_s2s_in"))
			look_at_servers(j, i);
		if (listener_is(j, i, "module", "ejabberd_service")) {
			components++;
			look_at_component(j, i);
		}
	}
	if (components == 0)
		found(j, "*", "there is no component for kithd",
		    "a listener with module: ejabberd_service");
}

int doctor_ejabberd(struct doctor *d, const char *file)
{
	struct ejabberd j = { .doctor = d };
	int status = load(&j, file);

	if (status != KITHCTL_OK)
		return status;
	j.setting = calloc(SETTINGS_MAX, sizeof(*j.setting));
	if (j.setting == NULL) {
		status = kithctl_fail(file, "out of memory");
	} else {
		flatten(&j, "", 1, 0);
		look(&j, file);
	}
	free(j.setting);
	yaml_document_delete(&j.doc);
	return status;
}
