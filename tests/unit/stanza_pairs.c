/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza_pairs: every NAME.in.xml is parsed, dumped and answered, and the result
 * compared with NAME.out.xml; what can be written is written and parsed again,
 * and must come out the same.  tests/stanza/README.md tells more.  `--update` rewrites.
 */
#include "config.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/route.h"
#include "common/wire/stanza.h"
#include "tests/unit/stanza_dump.h"
#include "tests/unit/stanza_recipe.h"

#define FILE_BYTES (1024 * 1024)

struct pair {
	const char *ns;
	struct route_context rc;
	char *recipe;		/* NULL: none */
	bool round_trip;	/* so far */
};

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = f != NULL ? calloc(1, FILE_BYTES) : NULL;

	if (text != NULL && fread(text, 1, FILE_BYTES - 1, f) == 0)
		text[0] = '\0';
	if (f != NULL)
		(void)fclose(f);
	return text;
}

/* The same name with another ending: out.xml, reply. */
static void
sibling(struct buf *path, const char *in, const char *ending)
{
	buf_reset(path);
	buf_add(path, in, strlen(in) - strlen("in.xml"));
	buf_adds(path, ending);
}

static enum route_verdict
parse(const struct pair *p, const char *xml, size_t len, struct pool *pool,
    struct request *q, enum condition *cond)
{
	struct stanza_holder *holder;
	const struct stanza *s = stanza_from_text(&holder, p->ns, xml, len);
	enum route_verdict v = ROUTE_SILENCE;

	*q = (struct request){ .id = NULL };
	*cond = COND_NONE;
	if (s != NULL)
		v = route_parse(&p->rc, s, pool, q, cond);
	stanza_holder_free(&holder);
	return v;
}

/* What we read but never ask: a value in a form. */
static bool
is_never_written(const struct request *q)
{
	return q->verb == VERB_CONTROL && (q->u.control.form || q->u.control.wrong != NULL);
}

static bool
survives(const struct pair *p, const struct request *q)
{
	struct buf written, before, after;
	struct request again;
	enum condition cond;
	struct pool pool;
	bool same = true;

	buf_init(&written, WIRE_STANZA_BYTES);
	buf_init(&before, FILE_BYTES);
	buf_init(&after, FILE_BYTES);
	pool_init(&pool, WIRE_REQUEST_BYTES);
	if (!is_never_written(q) && route_write(&written, q) == 0) {
		enum route_verdict v = parse(p, written.data, written.len, &pool, &again, &cond);

		dump_request(&before, ROUTE_PARSED, COND_NONE, q);
		dump_request(&after, v, cond, &again);
		same = strcmp(buf_str(&before), buf_str(&after)) == 0;
		if (!same)
			printf("# wrote %s\n# was\n%s# is\n%s", buf_str(&written),
			    buf_str(&before), buf_str(&after));
	}
	pool_fini(&pool);
	buf_fini(&written);
	buf_fini(&before);
	buf_fini(&after);
	return same;
}

static void
answer(struct buf *out, const struct pair *p, enum route_verdict v, enum condition cond,
    const struct request *q)
{
	struct reply r = { .kind = REPLY_SILENCE };

	if (v == ROUTE_REFUSED) {
		reply_error(&r, cond);
		(void)reply_write(out, q, &r);
		buf_addc(out, '\n');
	} else if (v == ROUTE_PARSED && p->recipe != NULL) {
		if (recipe_answer(out, p->recipe, q) < 0)
			buf_adds(out, "(the recipe is broken)\n");
	}
}

static void
one_stanza(struct buf *out, struct pair *p, const char *xml, size_t len)
{
	struct request q;
	struct pool pool;
	enum condition cond;
	enum route_verdict v;

	pool_init(&pool, WIRE_REQUEST_BYTES);
	v = parse(p, xml, len, &pool, &q, &cond);
	buf_adds(out, "<stanza>\n");
	dump_request(out, v, cond, &q);
	answer(out, p, v, cond, &q);
	buf_adds(out, "</stanza>\n");
	if (v == ROUTE_PARSED && !survives(p, &q))
		p->round_trip = false;
	pool_fini(&pool);
}

/* Stanzas are separated by empty lines. */
static void
all_stanzas(struct buf *out, struct pair *p, const char *text)
{
	buf_adds(out, "<stanzas>\n");
	while (*text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

		one_stanza(out, p, text, len);
		text += len;
		text += strspn(text, "\n");
	}
	buf_adds(out, "</stanzas>\n");
}

/* A name that begins with "thing_" is what a thing gets on its client stream. */
static struct pair
pair_of(const char *name)
{
	if (str_starts(name, "thing_"))
		return (struct pair){ .ns = NS_CLIENT, .round_trip = true,
			.rc = { .side = SIDE_THING, .self = "t@ex/x" } };
	return (struct pair){ .ns = NS_COMPONENT, .round_trip = true,
		.rc = { .side = SIDE_SERVICE, .self = "r.ex" } };
}

static bool
write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && fwrite(b->data, 1, b->len, f) == b->len;

	return f != NULL && fclose(f) == 0 && ok;
}

static bool
compare(const char *path, const struct buf *got)
{
	char *want = read_file(path);
	bool same = want != NULL && strcmp(want, buf_str(got)) == 0;

	if (!same)
		printf("# %s differs; this came out:\n%s", path, buf_str(got));
	free(want);
	return same;
}

static bool
run(const char *in, bool update)
{
	const char *slash = strrchr(in, '/');
	struct pair p = pair_of(slash != NULL ? slash + 1 : in);
	struct buf path, out;
	char *text = read_file(in);
	bool ok = false;

	buf_init(&path, 4096);
	buf_init(&out, FILE_BYTES);
	sibling(&path, in, "reply");
	p.recipe = read_file(buf_str(&path));
	sibling(&path, in, "out.xml");
	if (text != NULL) {
		all_stanzas(&out, &p, text);
		ok = update ? write_file(buf_str(&path), &out) : compare(buf_str(&path), &out);
	}
	if (!p.round_trip)
		printf("# %s: written and parsed again it is another request\n", in);
	free(text);
	free(p.recipe);
	buf_fini(&path);
	buf_fini(&out);
	return ok && p.round_trip;
}

int
main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	char pattern[4096];
	size_t bad = 0;
	glob_t g;

	(void)snprintf(pattern, sizeof(pattern), "%s/tests/stanza/*.in.xml",
	    top != NULL ? top : ".");
	if (glob(pattern, 0, NULL, &g) != 0) {
		printf("1..1\nnot ok 1 - no pairs in %s\n", pattern);
		return 1;
	}
	printf("1..%zu\n", g.gl_pathc);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		bool ok = run(g.gl_pathv[i], update);
		const char *name = strrchr(g.gl_pathv[i], '/');

		printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1, name != NULL ? name + 1 : "?");
		bad += !ok;
	}
	globfree(&g);
	return bad > 0;
}
