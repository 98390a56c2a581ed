/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor: is everything around kithd set up as docs/OPERATING.md asks?
 * Options, and the list of findings; what is looked at stands in the other
 * files of this name.  It changes nothing.
 */
#include "config.h"

#include "kithd/kithctl_doctor.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "kithd/kithctl_talk.h"
#include "kithd/kithd_conf.h"

#define FREE_MIB 200
#define MIB (INT64_C(1024) * 1024)

struct doctor {
	bool json;
	json_t *list;
	size_t findings;
};

struct asked {
	const char *conf, *prosody, *ejabberd, *server, *component, *s2s, *domain, *ca;
	int64_t free_mib;
	bool json;
};

void doctor_found(struct doctor *d, const char *where, const char *what, const char *change)
{
	d->findings++;
	if (!d->json) {
		printf("%s: %s\n    %s\n", where, what, change);
		return;
	}
	(void)json_array_append_new(d->list, json_pack("{s:s, s:s, s:s}", "where", where,
	    "finding", what, "change", change));
}

bool doctor_lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (str_case_starts(at, word) && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

bool doctor_is_loopback(const char *list)
{
	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (!str_starts(at, "127.") && !str_starts(at, "::1"))
			return false;
	}
	return true;
}

/* ---- options ---- */

static int say_usage(void)
{
	return kithctl_fail("doctor", "say: kithctl doctor [--conf KITHD.CONF] [--prosody FILE | "
	    "--ejabberd FILE] [--server HOST:PORT [--domain DOMAIN] [--ca FILE] [--s2s PORT] "
	    "[--component HOST:PORT]] [--free MIB] [--json]");
}

static int parse(struct asked *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "conf", required_argument, NULL, 'c' }, { "prosody", required_argument, NULL, 'p' },
		{ "ejabberd", required_argument, NULL, 'e' },
		{ "server", required_argument, NULL, 's' },
		{ "component", required_argument, NULL, 'o' },
		{ "s2s", required_argument, NULL, '2' }, { "domain", required_argument, NULL, 'd' },
		{ "ca", required_argument, NULL, 'a' }, { "free", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 }
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		const char **to = c == 'c' ? &a->conf : c == 'p' ? &a->prosody :
		    c == 'e' ? &a->ejabberd : c == 's' ? &a->server : c == 'o' ? &a->component :
		    c == '2' ? &a->s2s : c == 'd' ? &a->domain : c == 'a' ? &a->ca : NULL;

		if (to != NULL)
			*to = optarg;
		else if (c == 'j')
			a->json = true;
		else if (c != 'f')
			return KITHCTL_ERROR;
		else if (str_to_int(optarg, 0, INT32_MAX, &a->free_mib) != 0)
			return kithctl_fail("--free", "is a number of MiB");
	}
	if (optind != argc || (a->conf == NULL && a->prosody == NULL && a->ejabberd == NULL &&
	    a->server == NULL))
		return say_usage();
	return KITHCTL_OK;
}

/* HOST:PORT in place; an address of IPv6 in brackets.  Freed by the caller. */
static char *split(const char *text, const char **host, const char **port)
{
	char *copy = text == NULL ? NULL : strdup(text), *colon;

	if (copy == NULL)
		return NULL;
	colon = strrchr(copy, ':');
	if (colon == NULL || colon[1] == '\0') {
		free(copy);
		return NULL;
	}
	*colon = '\0';
	*port = colon + 1;
	*host = copy;
	if (copy[0] == '[' && colon > copy && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = copy + 1;
	}
	return copy;
}

static int look_at_wire(struct doctor *d, const struct asked *a, const struct kithd_conf *conf)
{
	struct doctor_wire w = { .s2s = a->s2s, .domain = a->domain, .ca_file = a->ca };
	char *server = split(a->server, &w.host, &w.c2s), *component;
	int status;

	if (conf != NULL && a->component == NULL) {
		w.component_host = conf->server_host;
		w.component_port = conf->server_port;
	}
	/* kith.home.example is a component of home.example. */
	if (conf != NULL && w.domain == NULL && strchr(conf->jid, '.') != NULL)
		w.domain = strchr(conf->jid, '.') + 1;
	component = split(a->component, &w.component_host, &w.component_port);
	status = server == NULL || w.domain == NULL ? say_usage() : doctor_wire(d, &w);
	free(server);
	free(component);
	return status;
}

static int examine(struct doctor *d, const struct asked *a, const struct kithd_conf *conf)
{
	int status = KITHCTL_OK;

	if (conf != NULL)
		doctor_local(d, conf, a->conf, a->free_mib * MIB);
	if (a->prosody != NULL)
		status = doctor_prosody(d, a->prosody);
	if (status == KITHCTL_OK && a->ejabberd != NULL)
		status = doctor_ejabberd(d, a->ejabberd);
	if (status == KITHCTL_OK && a->server != NULL)
		status = look_at_wire(d, a, conf);
	return status;
}

static int finish(const struct doctor *d, int status)
{
	if (status != KITHCTL_OK)
		return status;
	if (d->json) {
		(void)json_dumpf(d->list, stdout, JSON_INDENT(1));
		putchar('\n');
	} else if (d->findings == 0) {
		puts("nothing to complain about");
	}
	return d->findings > 0 ? KITHCTL_NO : KITHCTL_OK;
}

int kithctl_doctor(const char *socket, int argc, char **argv)
{
	struct asked a = { .free_mib = FREE_MIB };
	struct doctor d = { .list = json_array() };
	struct kithd_conf conf = { 0 };
	struct err e = ERR_INIT;
	int status = parse(&a, argc, argv);

	(void)socket;
	d.json = a.json;
	if (status == KITHCTL_OK && a.conf != NULL && kithd_conf_load(&conf, a.conf, &e) != 0)
		status = kithctl_fail("--conf", e.text);
	if (status == KITHCTL_OK)
		status = finish(&d, examine(&d, &a, a.conf != NULL ? &conf : NULL));
	if (a.conf != NULL)
		kithd_conf_free(&conf);
	json_decref(d.list);
	return status;
}
