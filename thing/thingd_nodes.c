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

void thingd_claims_path(const struct thingd_conf *c, char *out, size_t size)
{
	snprintf(out, size, "%s/claims", c->state);
}

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

/* "SOURCE ID ", as every line of that node begins. */
static char *beginning(const struct kith_thing_at *at)
{
	struct buf b;
	char *text;

	buf_init(&b, 4096);
	str_escape(&b, at->source ? at->source : "", 256, true);
	if (at->partition) {
		buf_addc(&b, ' ');
		str_escape(&b, at->partition, 256, true);
	}
	buf_addc(&b, ' ');
	str_escape(&b, at->id, 256, true);
	buf_addc(&b, ' ');
	text = buf_ok(&b) ? mem_strdup(buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

static void drop(struct thingd_claims *c, const char *begin)
{
	size_t len = strlen(begin);

	for (size_t i = 0; i < c->n; i++) {
		if (strncmp(c->line[i], begin, len) != 0 || strchr(c->line[i] + len, ' '))
			continue;
		forget(&c->line[i]);
		c->line[i] = c->line[--c->n];
		return;
	}
}

static const char *add(struct thingd_claims *c, const char *begin, const char *uri)
{
	size_t room = strlen(begin) + strlen(uri) + 2;
	char **list = mem_resize_array(c->line, c->n + 1, sizeof(list[0])), *line;

	if (!list)
		return NULL;
	c->line = list;
	line = mem_alloc(room);
	if (!line)
		return NULL;
	snprintf(line, room, "%s%s\n", begin, uri);
	c->line[c->n++] = line;
	return line;
}

static void keep(const struct thingd_claims *c, const struct thingd_conf *conf)
{
	char path[4096];
	struct err e = ERR_INIT;
	struct buf b;

	thingd_claims_path(conf, path, sizeof(path));
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

void thingd_claims_begin(const struct thingd_conf *c)
{
	keep(&(struct thingd_claims){ 0, NULL }, c);
}

void thingd_claims_set(struct thingd_claims *c, const struct thingd_conf *conf,
    const struct kith_thing_at *at, const char *uri)
{
	char *begin = beginning(at);
	const char *line = NULL;

	if (!begin)
		return;
	drop(c, begin);
	if (*uri && !(line = add(c, begin, uri)))
		log_warn("out of memory");
	keep(c, conf);
	/* Under systemd standard output is the journal: the KEY is not for that. */
	if (line && !(getenv("INVOCATION_ID") && getenv("JOURNAL_STREAM"))) {
		fputs(line, stdout);
		fflush(stdout);
	}
	mem_free(begin);
}
