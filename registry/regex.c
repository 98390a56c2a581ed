/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: pattern to tree, tree to a program of states, and the walk of all its
 * threads side by side, one character at a time.  Counted repeats are written
 * out, under a cap on states and one on visits (empty groups make no states).
 */
#include "config.h"

#include "registry/regex.h"

#include <string.h>
#include <unictype.h>
#include <unistr.h>

#define VISITS 8192		/* nodes looked at while writing the program */
#define FOR_EVER UINT16_MAX
#define RANGES 64		/* of one bracket expression */

enum kind { EMPTY, CHAR, ANY, SET, BEGIN, END, JOIN, EITHER, REPEAT };

/* ---- the tree ---- */

typedef bool (*class_fn)(ucs4_t c);

struct range {
	ucs4_t from, to;
	class_fn in_class;	/* instead of the two */
};

struct set {
	bool negated;
	size_t n;
	struct range range[];
};

struct node {
	enum kind kind;
	uint16_t min, max;	/* REPEAT; FOR_EVER */
	ucs4_t c;
	const struct set *set;
	struct node *left, *right;
};

struct reader {
	const uint8_t *at;
	struct pool *pool;
	enum regex_error error;
	unsigned depth;		/* of groups */
};

static struct node *fail(struct reader *r, enum regex_error why)
{
	if (r->error == REGEX_FINE)
		r->error = why;
	return NULL;
}

static struct node *node_new(struct reader *r, enum kind kind, struct node *left,
    struct node *right)
{
	struct node *n = pool_zalloc(r->pool, sizeof(*n));

	if (n == NULL)
		return fail(r, REGEX_TOO_LARGE);
	n->kind = kind;
	n->left = left;
	n->right = right;
	return n;
}

/* The pattern was seen to be UTF-8. */
static ucs4_t next_char(struct reader *r)
{
	ucs4_t c;
	int n = u8_strmbtouc(&c, r->at);

	r->at += n > 0 ? n : 0;
	return n > 0 ? c : 0;
}

static bool take(struct reader *r, char c)
{
	if (*r->at != (uint8_t)c)
		return false;
	r->at++;
	return true;
}

/* ---- brackets ---- */

static bool is_blank(ucs4_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_cntrl(ucs4_t c) { return uc_is_cntrl(c); }
static bool is_alnum(ucs4_t c) { return uc_is_alnum(c); }
static bool is_alpha(ucs4_t c) { return uc_is_alpha(c); }
static bool is_digit(ucs4_t c) { return c >= '0' && c <= '9'; }
static bool is_graph(ucs4_t c) { return uc_is_graph(c); }
static bool is_lower(ucs4_t c) { return uc_is_lower(c); }
static bool is_print(ucs4_t c) { return uc_is_print(c); }
static bool is_punct(ucs4_t c) { return uc_is_punct(c); }
static bool is_space(ucs4_t c) { return uc_is_space(c); }
static bool is_upper(ucs4_t c) { return uc_is_upper(c); }
static bool is_xdigit(ucs4_t c) { return c < 128 && uc_is_xdigit(c); }

static const struct {
	const char *name;
	class_fn fn;
} classes[] = {
	{ "alnum:]", is_alnum }, { "alpha:]", is_alpha }, { "blank:]", is_blank },
	{ "cntrl:]", is_cntrl }, { "digit:]", is_digit }, { "graph:]", is_graph },
	{ "lower:]", is_lower }, { "print:]", is_print }, { "punct:]", is_punct },
	{ "space:]", is_space }, { "upper:]", is_upper }, { "xdigit:]", is_xdigit },
};

static bool class_read(struct reader *r, struct range *out)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t n = strlen(classes[i].name);

		if (strncmp((const char *)r->at, classes[i].name, n) == 0) {
			r->at += n;
			out->in_class = classes[i].fn;
			return true;
		}
	}
	return false;
}

/* A character, or [.x.]; there are no others that stand for several. */
static bool end_point(struct reader *r, ucs4_t *c)
{
	if (r->at[0] == '[' && (r->at[1] == '.' || r->at[1] == '=')) {
		uint8_t close = r->at[1];

		r->at += 2;
		*c = next_char(r);
		if (*c == 0 || r->at[0] != close || r->at[1] != ']')
			return false;
		r->at += 2;
		return true;
	}
	*c = next_char(r);
	return *c != 0;
}

static bool range_read(struct reader *r, struct range *out)
{
	*out = (struct range){ 0, 0, NULL };
	if (r->at[0] == '[' && r->at[1] == ':') {
		r->at += 2;
		return class_read(r, out);
	}
	if (!end_point(r, &out->from))
		return false;
	out->to = out->from;
	if (r->at[0] != '-' || r->at[1] == ']')
		return true;
	r->at++;
	return end_point(r, &out->to) && out->from <= out->to;
}

/* Behind the '['.  A ']' that comes first is one of the characters. */
static struct node *bracket(struct reader *r)
{
	struct range range[RANGES];
	struct node *n = node_new(r, SET, NULL, NULL);
	bool negated = take(r, '^');
	struct set *set;
	size_t count = 0;

	do {
		if (count == RANGES)
			return fail(r, REGEX_TOO_LARGE);
		if (*r->at == '\0' || !range_read(r, &range[count++]))
			return fail(r, REGEX_WRONG);
	} while (!take(r, ']'));
	set = pool_alloc(r->pool, sizeof(*set) + count * sizeof(range[0]));
	if (n == NULL || set == NULL)
		return fail(r, REGEX_TOO_LARGE);
	set->negated = negated;
	set->n = count;
	memcpy(set->range, range, count * sizeof(range[0]));
	n->set = set;
	return n;
}

static bool set_has(const struct set *s, ucs4_t c)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct range *g = &s->range[i];

		if (g->in_class != NULL ? g->in_class(c) : g->from <= c && c <= g->to)
			return !s->negated;
	}
	return s->negated;
}

/* ---- the rest of the grammar ---- */

static struct node *either(struct reader *r);

static struct node *literal(struct reader *r, ucs4_t c)
{
	struct node *n = node_new(r, CHAR, NULL, NULL);

	if (n != NULL)
		n->c = c;
	return n;
}

static struct node *group(struct reader *r)
{
	struct node *n;

	r->depth++;
	n = either(r);
	r->depth--;
	if (n != NULL && !take(r, ')'))
		return fail(r, REGEX_WRONG);
	return n;
}

static struct node *atom(struct reader *r)
{
	ucs4_t c = next_char(r);

	switch (c) {
	case '(': return group(r);
	case '[': return bracket(r);
	case '.': return node_new(r, ANY, NULL, NULL);
	case '^': return node_new(r, BEGIN, NULL, NULL);
	case '$': return node_new(r, END, NULL, NULL);
	case '*': case '+': case '?': case '{':
		return fail(r, REGEX_WRONG);
	case '\\':
		c = next_char(r);
		if (c == 0 || c >= 128 || is_alnum(c))
			return fail(r, REGEX_WRONG);
		return literal(r, c);
	default:
		return literal(r, c);
	}
}

static bool number(struct reader *r, uint16_t *out)
{
	unsigned n = 0;
	bool any = false;

	for (; *r->at >= '0' && *r->at <= '9' && n <= REGEX_COUNT; r->at++, any = true)
		n = 10 * n + (unsigned)(*r->at - '0');
	*out = (uint16_t)n;
	return any && n <= REGEX_COUNT;
}

/* Behind the '{'. */
static bool counts(struct reader *r, uint16_t *min, uint16_t *max)
{
	if (!number(r, min))
		return false;
	*max = *min;
	if (take(r, ',')) {
		*max = FOR_EVER;
		if (*r->at != '}' && !number(r, max))
			return false;
	}
	return take(r, '}') && *min <= *max;
}

static struct node *repeats(struct reader *r, struct node *n)
{
	while (n != NULL && *r->at != '\0' && strchr("*+?{", *r->at) != NULL) {
		uint8_t c = *r->at++;
		uint16_t min = c == '+', max = c == '?' ? 1 : FOR_EVER;

		if (n->kind == BEGIN || n->kind == END || (c == '{' && !counts(r, &min, &max)))
			return fail(r, REGEX_WRONG);
		n = node_new(r, REPEAT, n, NULL);
		if (n != NULL) {
			n->min = min;
			n->max = max;
		}
	}
	return n;
}

/* A ')' that closes nothing is itself, as POSIX has it. */
static bool ends_here(const struct reader *r)
{
	return *r->at == '\0' || *r->at == '|' || (*r->at == ')' && r->depth > 0);
}

static struct node *join(struct reader *r)
{
	struct node *n = NULL;

	while (!ends_here(r)) {
		struct node *next = repeats(r, atom(r));

		if (next == NULL)
			return NULL;
		n = n == NULL ? next : node_new(r, JOIN, n, next);
		if (n == NULL)
			return NULL;
	}
	return n != NULL ? n : node_new(r, EMPTY, NULL, NULL);
}

static struct node *either(struct reader *r)
{
	struct node *n = join(r);

	while (n != NULL && take(r, '|')) {
		struct node *next = join(r);

		n = next != NULL ? node_new(r, EITHER, n, next) : NULL;
	}
	return n;
}

/* ---- the program ---- */

enum op { OP_CHAR, OP_ANY, OP_SET, OP_BEGIN, OP_END, OP_FORK, OP_DONE };

struct state {
	enum op op;
	uint16_t next, other;	/* `other`: only of a fork */
	ucs4_t c;
	const struct set *set;
};

struct regex {
	size_t n_runs;
	const char *runs[REGEX_RUNS];
	size_t n;
	struct state state[];		/* it begins at the last one */
};

struct writer {
	size_t n;
	unsigned visits;
	bool full;
	struct state state[REGEX_STATES];
};

static uint16_t put(struct writer *w, enum op op, uint16_t next)
{
	struct state *s;

	if (w->n == REGEX_STATES) {
		w->full = true;
		return 0;
	}
	s = &w->state[w->n];
	*s = (struct state){ .op = op, .next = next, .other = next };
	return (uint16_t)w->n++;
}

static uint16_t put_node(struct writer *w, const struct node *n, uint16_t next);

/* Written from the end: each part knows what follows it. */
static uint16_t put_repeat(struct writer *w, const struct node *n, uint16_t next)
{
	uint16_t at = next;

	if (n->max == FOR_EVER) {
		at = put(w, OP_FORK, next);
		if (!w->full) {
			uint16_t body = put_node(w, n->left, at);

			w->state[at].other = body;
		}
	}
	for (unsigned i = n->min; n->max != FOR_EVER && i < n->max && !w->full; i++) {
		uint16_t body = put_node(w, n->left, at);

		at = put(w, OP_FORK, next);
		if (!w->full)
			w->state[at].other = body;
	}
	for (unsigned i = 0; i < n->min && !w->full; i++)
		at = put_node(w, n->left, at);
	return at;
}

static uint16_t put_one(struct writer *w, enum op op, const struct node *n, uint16_t next)
{
	uint16_t at = put(w, op, next);

	if (!w->full) {
		w->state[at].c = n->c;
		w->state[at].set = n->set;
	}
	return at;
}

static uint16_t put_node(struct writer *w, const struct node *n, uint16_t next)
{
	uint16_t left, right, at;

	if (w->full || ++w->visits > VISITS) {
		w->full = true;
		return next;
	}
	switch (n->kind) {
	case CHAR: return put_one(w, OP_CHAR, n, next);
	case ANY: return put_one(w, OP_ANY, n, next);
	case SET: return put_one(w, OP_SET, n, next);
	case BEGIN: return put_one(w, OP_BEGIN, n, next);
	case END: return put_one(w, OP_END, n, next);
	case JOIN: return put_node(w, n->left, put_node(w, n->right, next));
	case REPEAT: return put_repeat(w, n, next);
	case EITHER:
		left = put_node(w, n->left, next);
		right = put_node(w, n->right, next);
		at = put(w, OP_FORK, left);
		if (!w->full)
			w->state[at].other = right;
		return at;
	case EMPTY:
	default:
		return next;
	}
}

/* ---- what every fitting text holds ---- */

struct runs {
	struct regex *out;
	struct pool *pool;
	size_t len;
	uint8_t text[REGEX_PATTERN];
};

static void end_run(struct runs *r)
{
	if (r->len > 0 && r->out->n_runs < REGEX_RUNS) {
		char *copy = pool_strndup(r->pool, (const char *)r->text, r->len);

		if (copy != NULL)
			r->out->runs[r->out->n_runs++] = copy;
	}
	r->len = 0;
}

static void find_runs(struct runs *r, const struct node *n)
{
	int len;

	switch (n->kind) {
	case CHAR:
		len = u8_uctomb(r->text + r->len, n->c, (ptrdiff_t)(sizeof(r->text) - r->len));
		if (len > 0)
			r->len += (size_t)len;
		else
			end_run(r);
		return;
	case JOIN:
		find_runs(r, n->left);
		find_runs(r, n->right);
		return;
	case EMPTY: case BEGIN: case END:
		return;
	case REPEAT:
		end_run(r);
		if (n->min > 0)
			find_runs(r, n->left);
		end_run(r);
		return;
	case ANY: case SET: case EITHER:
	default:
		end_run(r);
	}
}

static struct regex *regex_new(const struct writer *w, struct pool *pool)
{
	struct regex *r = pool_zalloc(pool, sizeof(*r) + w->n * sizeof(r->state[0]));

	if (r == NULL)
		return NULL;
	r->n = w->n;
	memcpy(r->state, w->state, w->n * sizeof(r->state[0]));
	return r;
}

enum regex_error regex_compile(const struct regex **out, const char *pattern, struct pool *pool)
{
	struct reader r = { .at = (const uint8_t *)pattern, .pool = pool };
	struct runs runs;
	struct writer w;
	struct node *tree;

	if (strlen(pattern) > REGEX_PATTERN)
		return REGEX_TOO_LARGE;
	if (u8_check(r.at, strlen(pattern)) != NULL)
		return REGEX_WRONG;
	tree = either(&r);
	if (tree == NULL)
		return r.error;
	w.n = w.visits = 0;
	w.full = false;
	put(&w, OP_FORK, put_node(&w, tree, put(&w, OP_DONE, 0)));
	if (w.full || (runs.out = regex_new(&w, pool)) == NULL)
		return REGEX_TOO_LARGE;
	runs.pool = pool;
	runs.len = 0;
	find_runs(&runs, tree);
	end_run(&runs);
	*out = runs.out;
	return REGEX_FINE;
}

size_t regex_runs(const struct regex *r, const char *const **runs)
{
	*runs = r->runs;
	return r->n_runs;
}

/* ---- the walk ---- */

struct threads {
	size_t n;
	uint16_t at[REGEX_STATES];
};

struct walk {
	const struct regex *r;
	uint32_t mark[REGEX_STATES];	/* at which character it was reached last */
	uint32_t now;
	bool begin, end;		/* of the text, here */
	bool done;
	int64_t *steps;
	uint16_t stack[2 * REGEX_STATES];
};

/* Everything that `from` reaches without another character. */
static void reach(struct walk *w, struct threads *t, uint16_t from)
{
	size_t n = 0;

	w->stack[n++] = from;
	while (n > 0) {
		uint16_t at = w->stack[--n];
		const struct state *s = &w->r->state[at];

		--*w->steps;
		if (w->mark[at] == w->now)
			continue;
		w->mark[at] = w->now;
		if (s->op == OP_FORK) {
			w->stack[n++] = s->next;
			if (s->other != s->next)
				w->stack[n++] = s->other;
		} else if (s->op == OP_BEGIN || s->op == OP_END) {
			if (s->op == OP_BEGIN ? w->begin : w->end)
				w->stack[n++] = s->next;
		} else if (s->op == OP_DONE) {
			w->done = true;
		} else {
			t->at[t->n++] = at;
		}
	}
}

static bool passes(const struct state *s, ucs4_t c)
{
	return s->op == OP_ANY || (s->op == OP_CHAR ? s->c == c : set_has(s->set, c));
}

static void advance(struct walk *w, struct threads *now, struct threads *next, ucs4_t c)
{
	next->n = 0;
	for (size_t i = 0; i < now->n && *w->steps >= 0; i++) {
		const struct state *s = &w->r->state[now->at[i]];

		--*w->steps;
		if (s->op == OP_SET)
			*w->steps -= (int64_t)(s->set->n / 4);
		if (passes(s, c))
			reach(w, next, s->next);
	}
	now->n = 0;
}

/* Only what is read before it is written is zeroed: most texts are short. */
static void walk_begin(struct walk *w, const struct regex *r, int64_t *steps)
{
	w->r = r;
	w->now = 1;
	w->done = false;
	w->steps = steps;
	memset(w->mark, 0, r->n * sizeof(w->mark[0]));
}

bool regex_fits(const struct regex *r, const char *text, int64_t *steps)
{
	const uint8_t *at = (const uint8_t *)text;
	struct threads list[2];
	struct walk w;
	unsigned turn = 0;

	walk_begin(&w, r, steps);
	w.begin = true;
	w.end = *at == '\0';
	list[0].n = 0;
	reach(&w, &list[0], (uint16_t)(r->n - 1));
	while (*at != '\0' && list[turn].n > 0 && *steps >= 0) {
		ucs4_t c;
		int n = u8_strmbtouc(&c, at);

		at += n > 0 ? n : 1;
		w.now++;
		w.begin = w.done = false;
		w.end = *at == '\0';
		advance(&w, &list[turn], &list[1 - turn], n > 0 ? c : 0xfffd);
		turn = 1 - turn;
	}
	return *steps >= 0 && *at == '\0' && w.done;
}
