/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_policy: checks, prints and tries a policy file without a daemon, and
 * brings one to it.  What is in force there is asked of it (report_policy.c).
 */
#include "config.h"

#include "kithd/kithctl_talk.h"

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
#include "provisioning/operator_policy.h"

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

/* The rules of a file.  *whole: kithd would take it; owners' lists have no "end". */
static struct policy *parse(const struct buf *text, bool *whole, struct err *e)
{
	int64_t now = clock_wall(&clock_system);
	struct policy *p;

	*whole = operator_policy_is_whole(buf_str(text), text->len);
	if (*whole)
		return operator_policy_parse(buf_str(text), text->len, now, 0, e);
	p = policy_new();
	if (p == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (policy_parse_text(p, buf_str(text), now, 0, e) != 0)
		policy_free(&p);
	return p;
}

static struct policy *load(const char *path, bool *whole)
{
	struct policy *p = NULL;
	struct err e = ERR_INIT;
	struct buf text;

	buf_init(&text, FILE_MAX_BYTES);
	if (read_file(path, &text) == 0 && (p = parse(&text, whole, &e)) == NULL)
		/* FILE:LINE: what is wrong, as compilers say it. */
		fprintf(stderr, "%s:%s%s\n", path, str_starts(e.text, "line ") ? "" : " ",
		    str_starts(e.text, "line ") ? e.text + 5 : e.text);
	buf_fini(&text);
	return p;
}

static int check(const char *file, const struct policy *p, bool whole)
{
	printf("%s: %zu rules, all right\n", file, policy_count(p));
	if (whole)
		return KITHCTL_OK;
	fprintf(stderr, "%s: but its last line is not \"end\": as policy_file, kithd would take it "
	    "for cut off\n", file);
	return KITHCTL_NO;
}

static int print(const struct policy *p, bool whole)
{
	struct buf line;

	buf_init(&line, 2 * POLICY_LINE);
	for (size_t i = 0; i < policy_count(p); i++) {
		buf_reset(&line);
		policy_print(&line, policy_at(p, i), 0);
		printf("%s\n", buf_str(&line));
	}
	if (whole)
		puts("end");
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

	if (argc < 3 || argc > 5)
		return fail("policy ask needs: JID ACTION THING [NAME [VALUE]]", NULL);
	if (jid_parse_bare(&asker, argv[0], JID_STRINGPREP, &e) != 0)
		return fail(argv[0], e.text);
	if (!action_find(argv[1], &q.action))
		return fail(argv[1], "ACTION is befriend, read, control, access or use");
	q.asker = asker.text;
	q.thing_name = argv[2];
	q.names = (const char *const *)&argv[3];
	q.n_names = argc > 3 ? 1 : 0;
	q.values = argc > 4 ? (const char *const *)&argv[4] : NULL;
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

static int with_file(const char *file, int argc, char **argv)
{
	bool whole = false;
	struct policy *p = load(file, &whole);
	int status;

	if (p == NULL)
		return KITHCTL_ERROR;
	if (strcmp(argv[0], "check") == 0 && argc == 1)
		status = check(file, p, whole);
	else if (strcmp(argv[0], "print") == 0 && argc == 1)
		status = print(p, whole);
	else if (strcmp(argv[0], "ask") == 0)
		status = ask(p, argc - 1, argv + 1);
	else
		status = fail("policy needs: check|print|ask -f FILE", NULL);
	policy_free(&p);
	return status;
}

/* The file goes to kithd as text: it may read nothing but its own files. */
static int send_file(struct kithctl_ask *q, const char *word, const char *path)
{
	struct buf text, line;
	int status;

	buf_init(&text, OPERATOR_POLICY_BYTES);
	buf_init(&line, 2 * OPERATOR_POLICY_BYTES);
	status = read_file(path, &text) == 0 ? KITHCTL_OK : KITHCTL_ERROR;
	if (status == KITHCTL_OK) {
		buf_addf(&line, "%spolicy\t%s\ttext\t", q->json ? "json\t" : "", word);
		str_base64(&line, buf_str(&text), text.len);
		status = buf_ok(&line) ? kithctl_ask_line(q, buf_str(&line)) :
		    fail(path, "it is too long");
	}
	buf_fini(&text);
	buf_fini(&line);
	return status;
}

int kithctl_policy(struct kithctl_ask *q, const char *file, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "check") == 0 || strcmp(word, "print") == 0 ||
	    (strcmp(word, "ask") == 0 && file != NULL))
		return file != NULL ? with_file(file, argc - 1, argv + 1) :
		    fail("policy needs: check|print|ask -f FILE", NULL);
	if ((strcmp(word, "load") == 0 || strcmp(word, "what-if") == 0) &&
	    (argc == 3 || (argc == 2 && file != NULL)))
		return send_file(q, word, argc == 3 ? argv[2] : file);
	return file != NULL ? fail("policy", "-f FILE goes with check, print, ask, load and what-if") :
	    kithctl_ask(q, argc, argv);
}
