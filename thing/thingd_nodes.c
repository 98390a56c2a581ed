/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_nodes: a list of lines, written whole when one changes.
 */
#include "config.h"

#include "thing/thingd_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/secret.h"
#include "common/base/str.h"

#define ALL_MAX (1024 * 1024)	/* bytes of the file */

static void forget(char **line)
{
	secret_cleanse(*line, strlen(*line));
	mem_free(*line);
	*line = NULL;
}

void thingd_claims_fini(struct thingd_claims *c)
{
	for (size_t i = 0; i < c->n; i++)
		forget(&c->line[i]);
	mem_free(c->line);
	*c = (struct thingd_claims){ 0, NULL };
}

/* " SOURCE ID\n", as every line of that node ends. */
static char *ending(const struct kith_thing_at *at)
{
	struct buf b;
	char *text;

	buf_init(&b, 4096);
	buf_addc(&b, ' ');
	str_escape(&b, at->source ? at->source : "", 256, true);
	if (at->partition) {
		buf_addc(&b, ' ');
		str_escape(&b, at->partition, 256, true);
	}
	buf_addc(&b, ' ');
	str_escape(&b, at->id, 256, true);
	buf_addc(&b, '\n');
	text = buf_ok(&b) ? mem_strdup(buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static void drop(struct thingd_claims *c, const char *end)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *blank = strchr(c->line[i], ' ');

		if (!blank || strcmp(blank, end) != 0)
			continue;
		forget(&c->line[i]);
		c->line[i] = c->line[--c->n];
		return;
	}
}

static int add(struct thingd_claims *c, const char *uri, const char *end)
{
	size_t uri_len = strlen(uri), end_len = strlen(end);
	char **list = mem_resize_array(c->line, c->n + 1, sizeof(list[0])), *line;

	if (!list)
		return -1;
	c->line = list;
	line = mem_alloc(uri_len + end_len + 1);
	if (!line)
		return -1;
	memcpy(line, uri, uri_len);
	memcpy(line + uri_len, end, end_len + 1);
	c->line[c->n++] = line;
	return 0;
}

static void keep(const struct thingd_claims *c, const struct thingd_conf *conf)
{
	char path[4096];
	struct err e = ERR_INIT;
	struct buf b;

	snprintf(path, sizeof(path), "%s/claims", conf->state);
	if (c->n == 0) {
		if (unlink(path) < 0 && errno != ENOENT)
			log_warn("cannot remove '%s': %s", path, strerror(errno));
		return;
	}
	buf_init(&b, ALL_MAX);
	for (size_t i = 0; i < c->n; i++)
		buf_adds(&b, c->line[i]);
	if (!buf_ok(&b) || daemon_write_file(path, b.data, b.len, &e) < 0)
		log_warn("cannot keep the claim URIs of the nodes for later: %s", e.text);
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
}

void thingd_claims_set(struct thingd_claims *c, const struct thingd_conf *conf,
    const struct kith_thing_at *at, const char *uri)
{
	char *end = ending(at);

	if (!end)
		return;
	drop(c, end);
	if (*uri && add(c, uri, end) < 0)
		log_warn("out of memory");
	keep(c, conf);
	/* Under systemd standard output is the journal: the KEY is not for that. */
	if (*uri && !(getenv("INVOCATION_ID") && getenv("JOURNAL_STREAM"))) {
		printf("%s%s", uri, end);
		fflush(stdout);
	}
	mem_free(end);
}
