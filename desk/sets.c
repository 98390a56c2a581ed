/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sets: an owner's lists of things, and doing one thing with all of a list in
 * one transaction: first the things are shown, then, confirmed, all of it is
 * done or nothing.  What concerns ownership the registry does by itself.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "desk/role.h"

#define SAY_BYTES (16 * 1024)
#define EFFECT_LINES 20		/* shown of what will happen */

/* ---- the lists ---- */

static const char *label(struct desk *d, const struct request *q, const uint8_t *id)
{
	const struct owned *t = ownership_by_id(d->d.ownership, id);

	if (t == NULL)
		return "?";
	return pool_strdup(q->pool,
	    t->name != NULL ? t->name : t->node != NULL ? t->node : t->jid);
}

static int show_one(struct desk *d, const struct request *q, const struct thing_set *s,
    struct set_line *out)
{
	const char **names = pool_alloc(q->pool, s->n * sizeof(*names));

	if (names == NULL)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if ((names[i] = label(d, q, s->thing[i])) == NULL)
			return -1;
	out->name = pool_strdup(q->pool, s->name);
	out->n = s->n;
	out->thing = names;
	return out->name != NULL ? 0 : -1;
}

static int show_all(struct desk *d, struct request *q, struct reply *r)
{
	const struct thing_set *s = NULL;

	r->kind = REPLY_RESULT;
	r->body = BODY_SETS;
	r->u.sets.set = pool_alloc(q->pool, THING_SETS_PER_OWNER * sizeof(*r->u.sets.set));
	/* What has no room is left out; what is shown is whole. */
	while (r->u.sets.set != NULL && (s = thing_set_next(d->d.sets, q->bare, s)) != NULL &&
	    r->u.sets.n < THING_SETS_PER_OWNER &&
	    show_one(d, q, s, &r->u.sets.set[r->u.sets.n]) == 0)
		r->u.sets.n++;
	return 0;
}

static int put(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct thing_set want = { .owner = q->bare, .name = q->u.desk.text,
		.n = q->u.desk.n_things, .thing = q->u.desk.things };
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct err why = ERR_INIT;

	if (thing_set_put(d->d.sets, &want, &why) != 0) {
		if (why.kind == ERR_LIMIT) {
			reply_error(r, COND_RESOURCE_CONSTRAINT);
			return 0;
		}
		*e = why;
		return -1;
	}
	return want.n == 0 ? desk_text(q, r, T("Done. That set is no more; its things are still "
	    "yours."), e) : show_all(d, q, r);
}

int sets_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	if (d->d.sets == NULL) {
		reply_error(r, COND_SERVICE_UNAVAILABLE);
		return 0;
	}
	return q->u.desk.text == NULL ? show_all(d, q, r) : put(d, q, r, e);
}

/* ---- all of a list ---- */

struct round {
	struct desk *d;
	struct request *q;
	desk_serve_fn fn;
	struct talk *t;
	struct buf lines;
	size_t shown;
};

static int serve_one(struct round *x, const uint8_t *id, bool confirmed, struct reply *r,
    struct err *e)
{
	struct request one = *x->q;

	memset(r, 0, sizeof(*r));
	one.u.desk.set = NULL;
	one.u.desk.thing_id = id;
	one.u.desk.thing = label(x->d, x->q, id);
	one.u.desk.n_things = 0;
	one.u.desk.things = NULL;
	one.u.desk.confirmed = confirmed;
	return x->fn(x->d, &one, r, e);
}

/* One line of the effect: the name, and what the role says. */
static void note_line(struct round *x, const uint8_t *id, const struct reply *r)
{
	struct buf said;

	if (x->shown++ >= EFFECT_LINES)
		return;
	buf_init(&said, SAY_BYTES);
	talk_reply(&said, x->t, x->q, r);
	/* Its first line says what happens; the rest is the same for all. */
	buf_truncate(&said, strcspn(buf_str(&said), "\n"));
	buf_adds(&x->lines, "\n- ");
	talk_quoted(&x->lines, label(x->d, x->q, id));
	buf_adds(&x->lines, ": ");
	buf_adds(&x->lines, buf_str(&said));
	buf_fini(&said);
}

/* Nothing is written: which things they are. */
static void look(struct round *x)
{
	size_t n = x->q->u.desk.n_things;
	char more[24];

	for (size_t i = 0; i < n && i < EFFECT_LINES; i++) {
		buf_adds(&x->lines, "\n- ");
		talk_quoted(&x->lines, label(x->d, x->q, x->q->u.desk.things[i]));
	}
	if (n <= EFFECT_LINES)
		return;
	snprintf(more, sizeof(more), "%zu", n - EFFECT_LINES);
	catalogue_fill(&x->lines, catalogue_text(x->t->lang, N_("\n... and %1 more")), more, NULL);
}

/* All of it; what is refused now would leave half of it done, so nothing is. */
static int act(struct round *x, struct err *e)
{
	for (size_t i = 0; i < x->q->u.desk.n_things; i++) {
		struct reply r;

		if (serve_one(x, x->q->u.desk.things[i], true, &r, e) != 0)
			return -1;
		if (r.kind == REPLY_ERROR)
			return err_set(e, ERR_AGAIN, "a set could not be done as a whole");
		note_line(x, x->q->u.desk.things[i], &r);
	}
	return 0;
}

static int say(struct round *x, struct reply *r, const char *sentence, struct err *e)
{
	struct buf text, name;
	int rc;

	buf_init(&text, 2 * SAY_BYTES);
	buf_init(&name, SAY_BYTES);
	talk_quoted(&name, x->q->u.desk.set);
	catalogue_fill(&text, sentence, buf_str(&name), NULL);
	buf_adds(&text, buf_str(&x->lines));
	rc = desk_text(x->q, r, buf_str(&text), e);
	buf_fini(&text);
	buf_fini(&name);
	return rc;
}

int sets_each(struct desk *d, struct request *q, desk_serve_fn fn, struct reply *r,
    struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct round x = { .d = d, .q = q, .fn = fn, .t = t };
	int rc;

	buf_init(&x.lines, SAY_BYTES);
	if (q->u.desk.confirmed) {
		rc = act(&x, e);
		if (rc == 0)
			rc = say(&x, r, T("Done with all of set %1:"), e);
	} else {
		look(&x);
		rc = say(&x, r, T("This would be done with all of set %1:"), e);
		r->body = BODY_CONFIRM;
	}
	buf_fini(&x.lines);
	return rc;
}
