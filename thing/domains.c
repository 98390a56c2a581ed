/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domains: a list of names, the file beside it, and what matches.
 */
#include "config.h"

#include "thing/domains.h"

#include <stdio.h>
#include <string.h>

#include "common/base/daemon.h"
#include "common/base/jid.h"
#include "common/base/str.h"
#include "thing/statefile.h"

#define KIND "accepted"

int domains_parse(char out[static DOMAINS_NAME], const char *text, struct err *e)
{
	struct jid j;

	if (jid_parse(&j, text, JID_STRINGPREP, e) < 0)
		return -1;
	if (jid_has_local(&j) || jid_has_resource(&j) || str_copy(out, DOMAINS_NAME, j.text) < 0)
		return err_set(e, ERR_INPUT, "'%s' is not a domain", text);
	return 0;
}

static bool is_pattern(const char *name)
{
	return str_starts(name, "*.");
}

static int add(struct domains *d, size_t most, const char *text, struct err *e)
{
	char name[DOMAINS_NAME];
	bool pattern = is_pattern(text);

	if (domains_parse(name, pattern ? text + 2 : text, e) < 0)
		return -1;
	for (size_t i = 0; i < d->n; i++)
		if (is_pattern(d->name[i]) == pattern &&
		    strcmp(d->name[i] + 2 * pattern, name) == 0)
			return 0;
	if (d->n >= most)
		return err_set(e, ERR_LIMIT, "more than %zu domains", most);
	if (snprintf(d->name[d->n], DOMAINS_NAME, "%s%s", pattern ? "*." : "", name) >=
	    DOMAINS_NAME)
		return err_set(e, ERR_INPUT, "'%s' is too long", text);
	d->n++;
	return 0;
}

int domains_init(struct domains *d, const char *const *list, struct err *e)
{
	d->n = d->n_given = 0;
	for (; list && *list; list++)
		if (add(d, DOMAINS_GIVEN, *list, e) < 0)
			return -1;
	d->n_given = d->n;
	return 0;
}

static int row(void *arg, const char *name, const char *value, struct err *e)
{
	struct domains *d = arg;

	if (strcmp(name, "domain") != 0 || is_pattern(value))
		return err_set(e, ERR_INPUT, "holds a wrong line '%s'", name);
	return add(d, d->n_given + DOMAINS_ACCEPTED, value, e);
}

int domains_load(struct domains *d, const char *dir, struct err *e)
{
	struct err why = ERR_INIT;

	d->n = d->n_given;
	if (statefile_load(dir, KIND, row, d, &why) == 0 || why.kind == ERR_AGAIN)
		return 0;
	d->n = d->n_given;
	return err_set(e, why.kind, "%s", why.text);
}

int domains_accept(const char *dir, const char *domain, struct err *e)
{
	struct domains d = { .n = 0 };
	struct buf b;
	int ret;

	if (daemon_dir(dir, e) < 0 || domains_load(&d, dir, e) < 0)
		return -1;
	if (is_pattern(domain))
		return err_set(e, ERR_INPUT, "'%s' is a pattern: accept one domain", domain);
	if (add(&d, DOMAINS_ACCEPTED, domain, e) < 0)
		return -1;
	statefile_begin(&b, KIND);
	for (size_t i = 0; i < d.n; i++)
		statefile_add(&b, "domain", d.name[i]);
	statefile_end(&b);
	ret = statefile_save(dir, KIND, &b, e);
	buf_fini(&b);
	return ret;
}

static bool matches(const char *pattern, const char *domain)
{
	size_t tail, len;

	if (!is_pattern(pattern))
		return strcmp(pattern, domain) == 0;
	tail = strlen(pattern + 1);	/* with its dot */
	len = strlen(domain);
	return len > tail && strcmp(domain + len - tail, pattern + 1) == 0;
}

bool domains_allow(const struct domains *d, const char *domain)
{
	for (size_t i = 0; i < d->n; i++)
		if (matches(d->name[i], domain))
			return true;
	return false;
}

const char *domains_exact(const struct domains *d, size_t i)
{
	for (size_t k = 0; k < d->n; k++)
		if (!is_pattern(d->name[k]) && i-- == 0)
			return d->name[k];
	return NULL;
}
