/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: one thing that a person wants, whether he typed it or filled in a
 * form: a table from verb to how its names are looked up and who serves it.
 * Rights are decided by the roles.  Read next: resolve.c, inventory.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "desk/role.h"

#define HELP_BYTES (8 * 1024)

int desk_serve_role(struct desk *d, const struct request *q, struct reply *r, struct err *e)
{
	if (d->d.provisioning != NULL && provisioning_serves(q->verb))
		return provisioning_serve(d->d.provisioning, q, r, e);
	if (registry_serves(q->verb))
		return registry_serve(d->d.registry, q, r, e);
	reply_error(r, COND_SERVICE_UNAVAILABLE);
	return 0;
}

static int by_role(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	return desk_serve_role(d, q, r, e);
}

static int by_inventory(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	return inventory_serve(&d->inventory, q, r, e);
}

/* `yes` and `no` with the code of an offer answer the offer. */
static int by_answer(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const struct code *c = d->d.codes == NULL || q->u.desk.code == NULL ? NULL :
	    code_find(d->d.codes, q->bare, q->u.desk.code);
	struct request a = *q;

	if (c != NULL && c->purpose == CODE_ACCEPT)
		a.verb = VERB_ACCEPT;
	return desk_serve_role(d, &a, r, e);
}

int desk_rules(struct desk *d, struct request *rule, size_t n, struct reply *r, struct err *e)
{
	struct rule_line *line = pool_zalloc(rule->pool, n * sizeof(*line));
	struct reply_force force = { 0 };
	const char *refused = NULL;
	size_t made = 0;

	if (line == NULL)
		return err_set(e, ERR_LIMIT, "the message is too long");
	for (size_t i = 0; i < n && refused == NULL; i++) {
		memset(r, 0, sizeof(*r));
		if (desk_serve_role(d, &rule[i], r, e) != 0)
			return -1;
		if (r->kind == REPLY_RESULT && r->body == BODY_RULE)
			line[made++] = r->u.rules.rule[0];
		else if (made == 0)
			return 0;
		else
			refused = r->text != NULL ? r->text :
			    N_("That is more than I keep for one person. Take something away first.");
		if (r->force.things > 0)
			force = r->force;
	}
	memset(r, 0, sizeof(*r));
	r->force = force;
	r->kind = REPLY_RESULT;
	r->body = BODY_RULE;
	r->reason = refused;
	r->u.rules.n = made;
	r->u.rules.rule = line;
	return 0;
}

/* "to read and control": a rule for each, in one act. */
static int by_rule(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct request rule[2] = { *q, *q };

	rule[1].u.desk.text = q->u.desk.name;
	return desk_rules(d, rule, q->u.desk.name != NULL ? 2 : 1, r, e);
}

/* "things more" goes on where the page before ended, "page 2" in the same list. */
static int things(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct sender *s = desk_sender(d, q->bare);
	struct request_devices *list = &q->u.devices;

	if (list->offset < 0) {
		list->offset = list->offset == PHRASE_MORE ? s->listed_to :
		    PHRASE_AGAIN(list->offset);
		list->filter = s->listed != NULL ? pool_strdup(q->pool, s->listed) : NULL;
	}
	if (inventory_serve(&d->inventory, q, r, e) != 0)
		return -1;
	free(s->listed);
	s->listed = list->filter != NULL ? strdup(list->filter) : NULL;
	s->listed_to = r->u.found.more ? list->offset + (int64_t)r->u.found.n : 0;
	return 0;
}

/* remove and disown have the shape of their iq, with the things instead of an address. */
static int by_address(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct request a = *q;
	uint8_t *id;

	memset(&a.u, 0, sizeof(a.u));
	a.u.address.offline = q->u.desk.offline;
	a.u.address.confirmed = q->u.desk.confirmed;
	a.u.address.thing = q->u.desk.thing;
	a.u.address.n_things = q->u.desk.n_things;
	a.u.address.things = q->u.desk.things;
	if (q->u.desk.thing_id != NULL) {
		id = pool_alloc(q->pool, OWNERSHIP_ID);
		if (id == NULL)
			return err_set(e, ERR_LIMIT, "the message is too long");
		memcpy(id, q->u.desk.thing_id, OWNERSHIP_ID);
		a.u.address.n_things = 1;
		a.u.address.things = (void *)id;
	}
	return desk_serve_role(d, &a, r, e);
}

/* People want to read what they claimed, not only its address: what it is called,
 * what it offers and what it needs. */
static int by_claim(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct reply_claimed *c = &r->u.claimed;
	struct found_thing *f = pool_alloc(q->pool, sizeof(*f));
	const struct owned *t;

	if (desk_serve_role(d, q, r, e) != 0)
		return -1;
	if (r->kind != REPLY_RESULT || r->body != BODY_CLAIMED || f == NULL)
		return 0;
	t = ownership_by_address(d->d.ownership, c->jid, c->node.id, c->node.source,
	    c->node.partition);
	if (t == NULL || registry_describe(d->d.registry, t->id, q->pool, f, NULL) != 1)
		return 0;
	(void)registry_manifest(d->d.registry, t->id, q->pool, &f->manifest, NULL);
	c->thing = f;
	return 0;
}

static int help(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct talk t = desk_talk(d, q);
	struct buf text;
	int rc;

	buf_init(&text, HELP_BYTES);
	talk_help(&text, &t, q->u.desk.text,
	    ownership_count_of_owner(d->d.ownership, q->bare) > 0);
	rc = desk_text(q, r, buf_str(&text), e);
	buf_fini(&text);
	return rc;
}

/* ---- the table ---- */

/* With a whole set: not at all; one by one, in one transaction; or the role
 * takes the list. */
enum on_set { ONE_ONLY, EACH, ALL };

struct row {
	enum verb verb;
	enum resolve_want want;
	bool writes;
	enum on_set on_set;
	desk_serve_fn fn;
};

static const struct row rows[] = {
	{ VERB_HELP, RESOLVE_NOTHING, false, ONE_ONLY, help },
	{ VERB_MINE, RESOLVE_NOTHING, true, ONE_ONLY, by_claim },
	{ VERB_GET_DEVICES, RESOLVE_NOTHING, false, ONE_ONLY, things },
	{ VERB_SHOW, RESOLVE_OR_ONLY, false, ONE_ONLY, by_inventory },
	{ VERB_NAME_THING, RESOLVE_THING, true, ONE_ONLY, by_inventory },
	{ VERB_TAG, RESOLVE_THING, true, EACH, by_inventory },
	{ VERB_FIND, RESOLVE_NOTHING, false, ONE_ONLY, by_inventory },
	{ VERB_PUBLISH, RESOLVE_THING, true, EACH, by_role },
	{ VERB_REMOVE, RESOLVE_THING, true, ALL, by_address },
	{ VERB_DISOWN, RESOLVE_THING, true, ALL, by_address },
	{ VERB_TRANSFER, RESOLVE_THING, true, ALL, by_role },
	{ VERB_RULE_ADD, RESOLVE_RULE, true, ONE_ONLY, by_rule },
	{ VERB_WHAT_IF, RESOLVE_RULE, false, ONE_ONLY, by_role },
	{ VERB_WHY, RESOLVE_WHY, false, ONE_ONLY, by_role },
	{ VERB_RULES, RESOLVE_IF_NAMED, false, ONE_ONLY, by_role },
	{ VERB_REVOKE, RESOLVE_IF_NAMED, true, ONE_ONLY, by_role },
	{ VERB_TOKENS, RESOLVE_NOTHING, false, ONE_ONLY, by_role },
	{ VERB_TOKEN_REVOKE, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_HISTORY, RESOLVE_IF_NAMED, false, ONE_ONLY, history_serve },
	{ VERB_SHARE, RESOLVE_THING, true, EACH, share_serve },
	{ VERB_SET, RESOLVE_LIST, true, ONE_ONLY, sets_serve },
	{ VERB_UNDO, RESOLVE_NOTHING, true, ONE_ONLY, undo_serve },
	{ VERB_MUTE, RESOLVE_NOTHING, true, ONE_ONLY, settings_serve },
	{ VERB_DIGEST, RESOLVE_NOTHING, true, ONE_ONLY, settings_serve },
	{ VERB_LANGUAGE, RESOLVE_NOTHING, true, ONE_ONLY, settings_serve },
	{ VERB_TIMEZONE, RESOLVE_NOTHING, true, ONE_ONLY, settings_serve },
	{ VERB_OWNERSHIP_CODE, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_PROVE, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_RECOVER, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_ACCEPT, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_PRESENCE_CODE, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_REPLACE, RESOLVE_TWO, true, ONE_ONLY, by_role },
	{ VERB_QUESTIONS, RESOLVE_NOTHING, true, ONE_ONLY, by_role },
	{ VERB_ANSWER_QUESTION, RESOLVE_NOTHING, true, ONE_ONLY, by_answer },
	{ VERB_FORGET, RESOLVE_IF_NAMED, true, ONE_ONLY, by_role },
};

static const struct row *row_of(enum verb v)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].verb == v)
			return &rows[i];
	return NULL;
}

bool desk_request_writes(enum verb v)
{
	const struct row *row = row_of(v);

	return row == NULL || row->writes;
}

/* What rules look at is part of them: things that asked before ask again. */
static int tell_looks(struct desk *d, const struct request *q, struct err *e)
{
	const struct owned *t = q->verb != VERB_TAG || q->u.desk.thing_id == NULL ? NULL :
	    ownership_by_id(d->d.ownership, q->u.desk.thing_id);

	if (d->d.provisioning == NULL)
		return 0;
	if (q->verb == VERB_TAG)	/* NULL: all of a set */
		return provisioning_looks_changed(d->d.provisioning, q->bare, LOOK_TAG, t, e);
	if (q->verb == VERB_SET && q->u.desk.text != NULL)
		return provisioning_looks_changed(d->d.provisioning, q->bare, LOOK_SET, NULL, e);
	if (q->verb == VERB_TIMEZONE)
		return provisioning_looks_changed(d->d.provisioning, q->bare, LOOK_ZONE, NULL, e);
	return 0;
}

/* In one place, so that whoever asks for something else hears the same. */
static int serve_row(struct desk *d, const struct row *row, struct request *q, struct reply *r,
    struct err *e)
{
	struct undo_note note;
	int rc;

	if (q->verb != VERB_MINE && q->verb != VERB_GET_DEVICES && q->u.desk.set != NULL) {
		if (row->on_set == EACH) {
			rc = sets_each(d, q, row->fn, r, e);
			return rc == 0 && q->u.desk.confirmed ? tell_looks(d, q, e) : rc;
		}
		if (row->on_set == ALL)
			return row->fn(d, q, r, e);
		reply_error(r, COND_NOT_ACCEPTABLE);
		return 0;
	}
	undo_before(d, q, &note);
	rc = row->fn(d, q, r, e);
	if (rc == 0 && r->kind == REPLY_RESULT)
		rc = tell_looks(d, q, e);
	if (rc == 0)
		rc = undo_after(d, q, r, &note, e);
	buf_fini(&note.lines);
	return rc;
}

/* An account that was deleted and came back is told nothing until it has proved itself;
 * the roles ask the same of what they serve. */
static bool account_refuses(const struct desk *d, const struct row *row,
    const struct request *q, struct reply *r)
{
	if (row->fn == by_role || row->fn == by_answer || row->fn == help ||
	    !registry_account_is_gone(d->d.registry, q->bare))
		return false;
	reply_error(r, COND_FORBIDDEN);
	r->text = N_("Your account was deleted meanwhile. Send me prove and your ownership code; "
	    "then I tell you more.");
	return true;
}

int desk_serve_request(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const struct row *row = row_of(q->verb);
	int found;

	memset(r, 0, sizeof(*r));
	if (row == NULL) {
		reply_error(r, COND_SERVICE_UNAVAILABLE);
		return 0;
	}
	if (account_refuses(d, row, q, r))
		return 0;
	found = resolve_request(d, q, row->want, r, e);
	return found == 1 ? serve_row(d, row, q, r, e) : found;
}

void desk_say(const struct desk *d, struct buf *text, const struct request *q,
    const struct reply *r)
{
	struct talk t = desk_talk(d, q);

	talk_reply(text, &t, q, r);
}
