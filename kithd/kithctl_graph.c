/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_graph: owners, their things and whom their rules speak of, as DOT or
 * as SVG of our own: three columns, owners left, their things beside them,
 * other people right, a line for each rule.  Up to a few hundred things it can
 * be read; for more use DOT.  What kithd sends is already escaped for one
 * line; here it is escaped for DOT and XML.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "kithd/kithctl_talk.h"
#include "policy/policy.h"

#define POOL_BYTES (256 * 1024 * 1024)
#define SVG_THINGS 400
#define ROW 26
#define MARGIN 20
#define BOX_H 20
#define BOX_W 220
#define GAP 150
#define LABEL 30		/* characters of a label in the picture */

struct node {
	const char *owner;	/* NULL: of a thing without one; of others unused */
	const char *label, *state;
	int y;
};

struct edge {
	size_t owner, thing, subject;	/* thing == SIZE_MAX: all of the owner's */
	enum verdict verdict;
	const char *what;
};

struct nodes {
	struct node *node;
	size_t n, cap;
};

struct graph {
	struct pool pool;
	struct nodes owners, things, others;
	struct edge *edge;
	size_t n_edges, edges_cap;
};

/* ---- reading ---- */

static size_t add_node(struct nodes *g, const struct node *what)
{
	if (g->n == g->cap) {
		size_t cap = g->cap > 0 ? 2 * g->cap : 64;
		struct node *grown = reallocarray(g->node, cap, sizeof(*grown));

		if (grown == NULL)
			abort();
		g->node = grown;
		g->cap = cap;
	}
	g->node[g->n] = *what;
	return g->n++;
}

/* The latest owner is the one that comes again; others are few. */
static size_t find_node(struct nodes *g, const char *label)
{
	struct node new = { .label = label };

	for (size_t i = g->n; i > 0; i--)
		if (strcmp(g->node[i - 1].label, label) == 0)
			return i - 1;
	return add_node(g, &new);
}

static void add_edge(struct graph *g, const struct edge *what)
{
	if (g->n_edges == g->edges_cap) {
		size_t cap = g->edges_cap > 0 ? 2 * g->edges_cap : 64;
		struct edge *grown = reallocarray(g->edge, cap, sizeof(*grown));

		if (grown == NULL)
			abort();
		g->edge = grown;
		g->edges_cap = cap;
	}
	g->edge[g->n_edges++] = *what;
}

static void take_thing(struct graph *g, char *rest)
{
	struct node n = { 0 };

	(void)strsep(&rest, "\t");	/* its id */
	n.owner = strsep(&rest, "\t");
	n.label = strsep(&rest, "\t");
	n.state = strsep(&rest, "\t");
	if (n.owner == NULL || n.label == NULL || n.state == NULL)
		return;
	if (n.owner[0] == '\0')
		n.owner = NULL;
	else
		find_node(&g->owners, n.owner);
	add_node(&g->things, &n);
}

static size_t thing_of(const struct graph *g, const char *owner, const struct rule *r)
{
	if (r->target.kind != TARGET_THING)
		return SIZE_MAX;
	for (size_t i = 0; i < g->things.n; i++)
		if (g->things.node[i].owner != NULL &&
		    strcmp(g->things.node[i].owner, owner) == 0 &&
		    str_case_eq(g->things.node[i].label, r->target.name))
			return i;
	return SIZE_MAX;
}

static const char *subject_of(const struct rule *r)
{
	return r->subject.kind == SUBJECT_ANYONE ? "anyone" : r->subject.text;
}

static const char *actions_of(struct graph *g, const struct rule *r)
{
	struct buf b;
	const char *copy;

	buf_init(&b, 256);
	buf_adds(&b, verdict_name(r->verdict));
	for (int a = 0; a < ACTION_COUNT && r->actions != RULE_EVERYTHING; a++)
		if ((r->actions & 1u << a) != 0)
			buf_addf(&b, " %s", action_name((enum action)a));
	copy = pool_strdup(&g->pool, buf_str(&b));
	buf_fini(&b);
	return copy != NULL ? copy : "";
}

/* After all things: a rule may speak of one that comes later. */
static void take_rule(struct graph *g, const char *owner, const char *line)
{
	struct err e = ERR_INIT;
	struct edge d = { 0 };
	struct rule r;

	if (policy_parse_line(&r, line, clock_wall(&clock_system), 0, &g->pool, &e) != 0)
		return;
	d.owner = find_node(&g->owners, owner);
	d.thing = thing_of(g, owner, &r);
	d.subject = find_node(&g->others, subject_of(&r));
	d.verdict = r.verdict;
	d.what = actions_of(g, &r);
	add_edge(g, &d);
}

static void read_lines(struct graph *g, char *text, bool rules)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		const char *owner;

		if (!rules && str_starts(line, "thing ")) {
			take_thing(g, pool_strdup(&g->pool, line));
		} else if (rules && str_starts(line, "rule\t")) {
			line += strlen("rule\t");
			owner = strsep(&line, "\t");
			if (line != NULL)
				take_rule(g, pool_strdup(&g->pool, owner), line);
		}
	}
}

/* ---- DOT ---- */

static void dot_text(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void dot_node(char kind, size_t i, const struct node *n, const char *look)
{
	printf("\t%c%zu [label=", kind, i);
	dot_text(n->label);
	printf(", %s];\n", look);
}

static size_t owner_of(struct graph *g, const struct node *thing)
{
	return find_node(&g->owners, thing->owner);
}

static void write_dot(struct graph *g)
{
	printf("digraph kith {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < g->owners.n; i++)
		dot_node('o', i, &g->owners.node[i], "shape=ellipse");
	for (size_t i = 0; i < g->things.n; i++) {
		const struct node *t = &g->things.node[i];

		dot_node('t', i, t, strcmp(t->state, "owned") == 0 ? "shape=box" :
		    "shape=box, style=dashed");
		if (t->owner != NULL)
			printf("\to%zu -> t%zu;\n", owner_of(g, t), i);
	}
	for (size_t i = 0; i < g->others.n; i++)
		dot_node('p', i, &g->others.node[i], "shape=ellipse, style=filled, "
		    "fillcolor=\"#eeeeee\"");
	for (size_t i = 0; i < g->n_edges; i++) {
		const struct edge *d = &g->edge[i];

		printf("\tp%zu -> %c%zu [style=%s, label=", d->subject,
		    d->thing == SIZE_MAX ? 'o' : 't', d->thing == SIZE_MAX ? d->owner : d->thing,
		    d->verdict == VERDICT_ALLOW ? "solid" : "dotted");
		dot_text(d->what);
		printf("];\n");
	}
	printf("}\n");
}

/* ---- SVG ---- */

static void xml_text(const char *s, size_t max)
{
	const char *at = s;

	for (size_t n = 0; *at != '\0'; n++) {
		const char *from = at;
		uint32_t c = str_utf8_next(&at);

		if (n == max) {
			fputs("\u2026", stdout);
			return;
		}
		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
			printf("&#%u;", (unsigned)c);
		else
			fwrite(from, 1, (size_t)(at - from), stdout);
	}
}

static void svg_box(int x, int y, const struct node *n, const char *fill, int round, bool dashed)
{
	printf("<g><title>");
	xml_text(n->label, SIZE_MAX);
	if (n->state != NULL)
		printf(" (%s)", n->state);
	printf("</title><rect x='%d' y='%d' width='%d' height='%d' rx='%d' fill='%s' "
	    "stroke='#555'%s/><text x='%d' y='%d'>", x, y, BOX_W, BOX_H, round, fill,
	    dashed ? " stroke-dasharray='4 3'" : "", x + 8, y + 14);
	xml_text(n->label, LABEL);
	printf("</text></g>\n");
}

static void svg_line(int x1, int y1, int x2, int y2, const char *look, const char *what)
{
	printf("<path d='M%d %dC%d %d %d %d %d %d' fill='none' %s><title>", x1, y1 + BOX_H / 2,
	    (x1 + x2) / 2, y1 + BOX_H / 2, (x1 + x2) / 2, y2 + BOX_H / 2, x2, y2 + BOX_H / 2, look);
	xml_text(what, SIZE_MAX);
	printf("</title></path>\n");
}

/* Things in the order of their owners, each owner at the middle of his; those
 * of nobody last.  Returns the lowest y. */
static int place(struct graph *g)
{
	int y = MARGIN, side = MARGIN;

	for (size_t o = 0; o <= g->owners.n; o++) {
		int top = y;

		for (size_t i = 0; i < g->things.n; i++) {
			struct node *t = &g->things.node[i];

			if (o < g->owners.n ? t->owner == NULL || owner_of(g, t) != o :
			    t->owner != NULL)
				continue;
			t->y = y;
			y += ROW;
		}
		if (o < g->owners.n) {
			if (y == top)
				y += ROW;
			g->owners.node[o].y = (top + y - ROW) / 2;
			y += ROW / 2;
		}
	}
	for (size_t i = 0; i < g->others.n; i++, side += ROW)
		g->others.node[i].y = side;
	return y > side ? y : side;
}

static void svg_edges(struct graph *g, int x_owner, int x_thing, int x_other)
{
	for (size_t i = 0; i < g->things.n; i++)
		if (g->things.node[i].owner != NULL)
			svg_line(x_owner + BOX_W, g->owners.node[owner_of(g, &g->things.node[i])].y,
			    x_thing, g->things.node[i].y, "stroke='#888'", "owns");
	for (size_t i = 0; i < g->n_edges; i++) {
		const struct edge *d = &g->edge[i];
		bool all = d->thing == SIZE_MAX;

		svg_line(x_other, g->others.node[d->subject].y,
		    (all ? x_owner : x_thing) + BOX_W,
		    all ? g->owners.node[d->owner].y : g->things.node[d->thing].y,
		    d->verdict == VERDICT_ALLOW ? "stroke='#2a7'" :
		    d->verdict == VERDICT_DENY ? "stroke='#c33' stroke-dasharray='6 3'" :
		    "stroke='#b80' stroke-dasharray='2 3'", d->what);
	}
}

static int write_svg(struct graph *g)
{
	const int x_owner = MARGIN, x_thing = MARGIN + BOX_W + GAP,
	    x_other = MARGIN + 2 * (BOX_W + GAP);
	int width = x_other + BOX_W + MARGIN, height;

	if (g->things.n > SVG_THINGS)
		return kithctl_fail("graph", "more things than a picture can show; name one "
		    "--owner, or take --format dot");
	height = place(g) + MARGIN;
	printf("<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
	    "viewBox='0 0 %d %d' font-family='sans-serif' font-size='12'>\n"
	    "<rect width='%d' height='%d' fill='#fff'/>\n", width, height, width, height, width,
	    height);
	svg_edges(g, x_owner, x_thing, x_other);
	for (size_t i = 0; i < g->owners.n; i++)
		svg_box(x_owner, g->owners.node[i].y, &g->owners.node[i], "#e8f0ff", 10, false);
	for (size_t i = 0; i < g->things.n; i++)
		svg_box(x_thing, g->things.node[i].y, &g->things.node[i], "#f7f7e8", 2,
		    strcmp(g->things.node[i].state, "owned") != 0);
	for (size_t i = 0; i < g->others.n; i++)
		svg_box(x_other, g->others.node[i].y, &g->others.node[i], "#eee", 10, false);
	printf("</svg>\n");
	return KITHCTL_OK;
}

/* ---- the command ---- */

static int keep_part(void *arg, const char *line)
{
	struct buf *all = arg;

	if (line[0] != '=')
		return 0;
	buf_addf(all, "%s\n", line + 1);
	return buf_ok(all) ? 0 : kithctl_fail("graph", "too many things");
}

static int ask(const char *socket, const char *owner, struct buf *all)
{
	struct kithctl_ask q = { .socket = socket, .part = keep_part, .arg = all, .keep = true };
	char word[] = "graph", option[] = "--owner";
	char *line[] = { word, option, (char *)(uintptr_t)owner };
	int status = kithctl_ask(&q, owner != NULL ? 3 : 1, line);

	if (status == KITHCTL_OK)
		buf_adds(all, buf_str(&q.text));
	else
		fputs(buf_str(&q.text), stderr);
	kithctl_ask_end(&q);
	return status;
}

static int draw(struct buf *all, bool svg)
{
	struct graph g = { 0 };
	char *copy = strdup(buf_str(all));
	int status = KITHCTL_OK;

	if (copy == NULL)
		abort();
	pool_init(&g.pool, POOL_BYTES);
	read_lines(&g, copy, false);
	memcpy(copy, buf_str(all), all->len + 1);
	read_lines(&g, copy, true);
	if (svg)
		status = write_svg(&g);
	else
		write_dot(&g);
	pool_fini(&g.pool);
	free(g.owners.node);
	free(g.things.node);
	free(g.others.node);
	free(g.edge);
	free(copy);
	return status;
}

int kithctl_graph(const char *socket, int argc, char **argv)
{
	const char *owner = NULL, *format = "dot";
	struct buf all;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--owner") == 0 && i + 1 < argc)
			owner = argv[++i];
		else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc)
			format = argv[++i];
		else
			return kithctl_fail(argv[i], "graph takes --owner JID and --format dot|svg");
	}
	if (strcmp(format, "dot") != 0 && strcmp(format, "svg") != 0)
		return kithctl_fail(format, "graph writes dot or svg");
	buf_init(&all, 64 * 1024 * 1024);
	status = ask(socket, owner, &all);
	if (status == KITHCTL_OK)
		status = draw(&all, strcmp(format, "svg") == 0);
	buf_fini(&all);
	return status;
}
