/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo: taking back the last change.  What takes an act back is kept as lines
 * of the desk's own language, written before the act while the old state is
 * still there; `undo` reads and serves them.  Acts that asked for a
 * confirmation are not among them, but for what the registry itself can undo.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "desk/role.h"
#include "policy/policy.h"

#define UNDO_MS (24 * 3600 * 1000LL)

static void hex_of(char out[static 2 * OWNERSHIP_ID + 1], const uint8_t *id)
{
	str_hex(out, id, OWNERSHIP_ID);
}

/* ---- before: what it was ---- */

/* In quotes, so that it is read as it was: folding would change more than what an
 * escape is for, and a line must stay one. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	while (*text != '\0') {
		uint32_t c = str_utf8_next(&text);

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", (char)c);
		else if (c < 0x20 || c > 0x7e)
			buf_addf(out, "\\u{%X}", (unsigned)c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

static void before_name(struct desk *d, const struct request *q, struct buf *out)
{
	const struct owned *t = ownership_by_id(d->d.ownership, q->u.desk.thing_id);
	char hex[2 * OWNERSHIP_ID + 1];

	if (t == NULL || t->name == NULL)
		return;
	hex_of(hex, t->id);
	buf_addf(out, "name %s ", hex);
	add_quoted(out, t->name);
	buf_addc(out, '\n');
}

static void before_tag(struct desk *d, const struct request *q, struct buf *out)
{
	const struct tag_list *tags = &q->u.desk.tags;
	struct found_thing f;
	char hex[2 * OWNERSHIP_ID + 1];

	if (registry_describe(d->d.registry, q->u.desk.thing_id, q->pool, &f, NULL) != 1)
		return;
	hex_of(hex, q->u.desk.thing_id);
	buf_addf(out, "tag %s", hex);
	for (size_t i = 0; i < tags->n; i++) {
		const struct tag *was = tag_find(&f.tags, tags->tag[i].name);

		buf_adds(out, was == NULL ? " -" : " ");
		add_quoted(out, was == NULL ? tags->tag[i].name : was->name);
		if (was == NULL)
			continue;
		buf_addc(out, '=');
		if (was->is_num)
			buf_adds(out, was->str);
		else
			add_quoted(out, was->str);
	}
	buf_addc(out, '\n');
}

static void before_publish(struct desk *d, const struct request *q, struct buf *out)
{
	const struct owned *t = ownership_by_id(d->d.ownership, q->u.desk.thing_id);
	char hex[2 * OWNERSHIP_ID + 1];

	if (t == NULL)
		return;
	hex_of(hex, t->id);
	buf_addf(out, "%s %s\n", t->is_public && t->listed ? "publish" : "unpublish", hex);
}

static void before_set(struct desk *d, const struct request *q, struct buf *out)
{
	const struct thing_set *s = d->d.sets == NULL || q->u.desk.text == NULL ? NULL :
	    thing_set_find(d->d.sets, q->bare, q->u.desk.text);

	if (q->u.desk.text == NULL)
		return;
	buf_addf(out, "set %s = ", q->u.desk.text);
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		char hex[2 * OWNERSHIP_ID + 1];

		hex_of(hex, s->thing[i]);
		buf_addf(out, "%s%s", i > 0 ? ", " : "", hex);
	}
	buf_addc(out, '\n');
}

/* The thing is another's, who made him a co-owner. */
static bool is_shared(const struct desk *d, const struct request *q)
{
	const struct owned *t = q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(d->d.ownership, q->u.desk.thing_id);

	return t != NULL && !owned_by(t, q->bare);
}

/* The owner's rules at this moment, to see later which are gone. */
static int rules_now(struct desk *d, const struct request *q, struct reply *r)
{
	struct request all = *q;

	memset(&all.u, 0, sizeof(all.u));
	memset(r, 0, sizeof(*r));
	all.verb = VERB_RULES;
	if (is_shared(d, q))
		all.u.desk.thing_id = q->u.desk.thing_id;
	return d->d.provisioning == NULL || provisioning_serve(d->d.provisioning, &all, r, NULL) != 0
	    || r->body != BODY_RULES ? -1 : 0;
}

void undo_before(struct desk *d, const struct request *q, struct undo_note *n)
{
	buf_init(&n->lines, PERSON_UNDO);
	n->has_rules = false;
	n->rules.n = 0;
	if (d->d.persons == NULL)
		return;
	switch (q->verb) {
	case VERB_NAME_THING:
		before_name(d, q, &n->lines);
		break;
	case VERB_TAG:
		before_tag(d, q, &n->lines);
		break;
	case VERB_PUBLISH:
		before_publish(d, q, &n->lines);
		break;
	case VERB_SET:
		before_set(d, q, &n->lines);
		break;
	case VERB_FORGET:
	case VERB_REVOKE:
	case VERB_TOKEN_REVOKE:
	case VERB_RULE_ADD:
	case VERB_SHARE:
	case VERB_ANSWER_QUESTION: {
		struct reply r;

		n->has_rules = rules_now(d, q, &r) == 0;
		if (n->has_rules) {
			n->rules.n = r.u.rules.n;
			n->rules.rule = r.u.rules.rule;
		}
		break;
	}
	default:
		break;
	}
}

/* ---- after: what takes it back ---- */

static bool has_number(size_t n, const struct rule_line *rule, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (rule[i].number == number)
			return true;
	return false;
}

/* New ones are forgotten, those that went come back. */
static void compare_rules(struct desk *d, const struct request *q, struct undo_note *n)
{
	struct reply now;
	char of[sizeof(" of ") + 2 * OWNERSHIP_ID] = "";

	if (!n->has_rules || rules_now(d, q, &now) != 0)
		return;
	if (is_shared(d, q)) {
		memcpy(of, " of ", 4);
		hex_of(of + 4, q->u.desk.thing_id);
	}
	for (size_t i = 0; i < now.u.rules.n; i++)
		if (!has_number(n->rules.n, n->rules.rule, now.u.rules.rule[i].number))
			buf_addf(&n->lines, "forget %lld%s\n",
			    (long long)now.u.rules.rule[i].number, of);
	/* What a co-owner gave, only he can give again. */
	for (size_t i = 0; i < n->rules.n; i++)
		if (n->rules.rule[i].again != NULL &&
		    !has_number(now.u.rules.n, now.u.rules.rule, n->rules.rule[i].number))
			buf_addf(&n->lines, "%s\n", n->rules.rule[i].again);
}

int undo_after(struct desk *d, const struct request *q, const struct reply *r,
    struct undo_note *n, struct err *e)
{
	const struct person *there;
	struct person p = { .jid = q->bare };

	if (r->kind != REPLY_RESULT || d->d.persons == NULL)
		return 0;
	compare_rules(d, q, n);
	if (n->lines.len == 0 || !buf_ok(&n->lines))
		return 0;
	there = person_find(d->d.persons, q->bare);
	if (there != NULL)
		p = *there;
	p.undo = buf_str(&n->lines);
	p.undo_until_ms = clock_wall(d->d.clock) + UNDO_MS;
	return person_put(d->d.persons, &p, e);
}

/* ---- undo ---- */

static int forget_it(struct desk *d, const struct request *q, struct err *e)
{
	struct person p = *person_find(d->d.persons, q->bare);

	p.undo = NULL;
	p.undo_until_ms = 0;
	return person_put(d->d.persons, &p, e);
}

static int serve_kept(struct desk *d, struct request *q, char *lines, struct buf *text,
    struct err *e)
{
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL) {
		struct request chat = *q;
		struct words w;
		struct reply r;

		if (line[0] == '\0')
			continue;
		chat.verb = VERB_CHAT;
		memset(&chat.u.chat, 0, sizeof(chat.u.chat));
		chat.u.chat.body = line;
		if (words_parse(&w, &chat, d->conf.profile) != 0)
			return err_set(e, ERR_LIMIT, "the message is too long");
		if (w.n != 1 || w.line[0].fault != WORDS_FINE)
			continue;
		if (desk_serve_request(d, &w.line[0].q, &r, e) != 0)
			return -1;
		buf_addc(text, '\n');
		desk_say(d, text, &w.line[0].q, &r);
	}
	return 0;
}

/* Whichever came last: what he did, or that a thing of his unregistered itself. */
static bool is_registrys(const struct desk *d, const struct request *q, const struct person *p,
    int64_t now_ms)
{
	if (p == NULL || p->undo == NULL || p->undo_until_ms < now_ms)
		return true;
	return registry_undo_since(d->d.registry, q->bare) > p->undo_until_ms - UNDO_MS;
}

int undo_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const struct person *p = d->d.persons == NULL ? NULL :
	    person_find(d->d.persons, q->bare);
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct buf text;
	char *lines;
	int rc;

	if (is_registrys(d, q, p, talk.now_ms))
		return desk_serve_role(d, q, r, e);
	lines = pool_strdup(q->pool, p->undo);
	if (lines == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	buf_init(&text, 4 * PERSON_UNDO);
	buf_adds(&text, T("Taken back:"));
	rc = serve_kept(d, q, lines, &text, e);
	if (rc == 0)
		rc = forget_it(d, q, e);
	if (rc == 0)
		rc = desk_text(q, r, buf_str(&text), e);
	buf_fini(&text);
	return rc;
}
