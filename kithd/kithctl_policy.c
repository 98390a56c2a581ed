/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_policy: checks, prints and tries a policy file without a daemon.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/jid.h"
#include "common/base/saying.h"
#include "common/base/str.h"
#include "policy/policy.h"

#define FILE_MAX_BYTES (16 * 1024 * 1024)

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "kithctl: %s%s%s\n", what, why != NULL ? ": " : "", why != NULL ? why : "");
	return KITHCTL_ERROR;
}

static int read_file(const char *path, struct buf *out)
{
	char bytes[4096];
	FILE *f = fopen(path, "re");
	size_t n;
	int ret = 0;

	if (f == NULL)
		return fail(path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_add(out, bytes, n);
	if (ferror(f))
		ret = fail(path, strerror(errno));
	else if (!buf_ok(out))
		ret = fail(path, "it is too long");
	else if (memchr(buf_str(out), '\0', out->len) != NULL)
		ret = fail(path, "it is no text");
	fclose(f);
	return ret;
}

static struct policy *load(const char *path)
{
	struct policy *p = NULL;
	struct err e = ERR_INIT;
	struct buf text;

	buf_init(&text, FILE_MAX_BYTES);
	if (read_file(path, &text) == 0 && (p = policy_new()) == NULL)
		fail("out of memory", NULL);
	if (p != NULL && policy_parse_text(p, buf_str(&text), clock_wall(&clock_system), 0,
	    &e) != 0) {
		/* FILE:LINE: what is wrong, as compilers say it. */
		fprintf(stderr, "%s:%s\n", path, str_starts(e.text, "line ") ? e.text + 5 : e.text);
		policy_free(&p);
	}
	buf_fini(&text);
	return p;
}

static int print(const struct policy *p)
{
	struct buf line;

	buf_init(&line, 2 * POLICY_LINE);
	for (size_t i = 0; i < policy_count(p); i++) {
		buf_reset(&line);
		policy_print(&line, policy_at(p, i), 0);
		printf("%s\n", buf_str(&line));
	}
	buf_fini(&line);
	return KITHCTL_OK;
}

static int ask(const struct policy *p, int argc, char **argv)
{
	const char *space[POLICY_NAMES];
	struct question q = { 0 };
	struct err e = ERR_INIT;
	struct answer a;
	struct jid asker;
	struct buf why, said;

	if (argc < 3 || argc > 4)
		return fail("policy ask needs: JID ACTION THING [NAME]", NULL);
	if (jid_parse_bare(&asker, argv[0], JID_STRINGPREP, &e) != 0)
		return fail(argv[0], e.text);
	if (!action_find(argv[1], &q.action))
		return fail(argv[1], "ACTION is befriend, read or control");
	q.asker = asker.text;
	q.thing_name = argv[2];
	q.names = (const char *const *)&argv[3];
	q.n_names = argc == 4 ? 1 : 0;
	q.now_ms = clock_wall(&clock_system);
	policy_decide(p, &q, &(struct answer_space){ .n_names = POLICY_NAMES, .names = space }, &a);
	buf_init(&why, 4 * POLICY_LINE);
	buf_init(&said, 4 * POLICY_LINE);
	policy_explain(&said, &q, &a, 0);
	saying_words(&why, buf_str(&said), NULL, NULL);
	buf_fini(&said);
	printf("%s%s\n%s\n", verdict_name(a.verdict),
	    a.verdict == VERDICT_ASK ? " (deny until answered)" : "", buf_str(&why));
	buf_fini(&why);
	return a.verdict == VERDICT_ALLOW ? KITHCTL_OK : KITHCTL_NO;
}

int kithctl_policy(const char *file, int argc, char **argv)
{
	struct policy *p;
	int status;

	if (argc < 1 || file == NULL)
		return fail("policy needs: check|print|ask -f FILE", NULL);
	p = load(file);
	if (p == NULL)
		return KITHCTL_ERROR;
	if (strcmp(argv[0], "check") == 0 && argc == 1) {
		printf("%s: %zu rules, all right\n", file, policy_count(p));
		status = KITHCTL_OK;
	} else if (strcmp(argv[0], "print") == 0 && argc == 1) {
		status = print(p);
	} else if (strcmp(argv[0], "ask") == 0) {
		status = ask(p, argc - 1, argv + 1);
	} else {
		status = fail("policy needs: check|print|ask -f FILE", NULL);
	}
	policy_free(&p);
	return status;
}
