/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_thing: things, their owners, rules and questions, and what is owed:
 * walks over memory, a slice at a time.
 */
#include "config.h"

#include <string.h>

#include "common/base/saying.h"
#include "common/base/str.h"
#include "common/store/contact.h"
#include "common/store/person.h"
#include "kithd/report_part.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

#define SHOW_HISTORY 10		/* rows of history with one thing */
#define SHOW_DEBTS 20

/* ---- one thing ---- */

const char *report_state_word(enum owned_state s)
{
	static const char *const words[] = {
		[OWNED_NOBODY] = "unclaimed", [OWNED] = "owned", [OWNED_SELF] = "self-owned",
		[OWNED_TOMBSTONE] = "tombstone", [OWNED_TURNING] = "turning-over",
	};

	return (size_t)s < sizeof(words) / sizeof(words[0]) ? words[s] : "unknown";
}

const char *report_hold_word(enum owned_hold h)
{
	static const char *const words[] = {
		[HOLD_NONE] = "free", [HOLD_DESCENT] = "descent", [HOLD_PRESENCE] = "presence",
		[HOLD_OPERATOR] = "operator", [HOLD_FROZEN] = "frozen",
	};

	return (size_t)h < sizeof(words) / sizeof(words[0]) ? words[h] : "unknown";
}

/* Any of its names, without case. */
static bool thing_fits(const struct owned *t, const char *word)
{
	char hex[2 * OWNERSHIP_ID + 1];
	size_t len = strlen(word);

	str_hex(hex, t->id, OWNERSHIP_ID);
	return str_case_eq(t->jid, word) || str_case_eq(hex, word) ||
	    (t->name != NULL && str_case_eq(t->name, word)) ||
	    (t->node != NULL && str_case_eq(t->node, word)) ||
	    (len >= 8 && str_case_starts(t->jid, word)) ||
	    (str_case_starts(t->jid, word) && t->jid[len] == '@');
}

/* Without the walk, when it is the id or the address of exactly one. */
static const struct owned *thing_at_once(const struct report *r, const char *name)
{
	uint8_t id[OWNERSHIP_ID];

	if (str_unhex(id, sizeof(id), name) == 0)
		return ownership_by_id(r->p->ownership, id);
	if (ownership_count_of_jid(r->p->ownership, name) == 1)
		return ownership_next_of_jid(r->p->ownership, name, NULL);
	return NULL;
}

const struct owned *report_one_thing(struct report *r, const char *name)
{
	const struct owned *t, *found = thing_at_once(r, name);

	if (found != NULL)
		return found;
	for (size_t i = 0; (t = ownership_at(r->p->ownership, i)) != NULL; i++) {
		if (!thing_fits(t, name))
			continue;
		if (found != NULL) {
			r->error = "several things are called that; use an address or id of: "
			    "kithctl things";
			return NULL;
		}
		found = t;
	}
	if (found == NULL)
		r->error = "no thing is called that; see: kithctl things";
	return found;
}

static void thing_row(struct report *r, const struct owned *t)
{
	const struct contact *k = contact_find(r->p->contacts, t->jid);
	struct rows *rows = &r->rows;

	row_text(rows, "jid", t->jid);
	row_text(rows, "node", t->node);
	row_text(rows, "source", t->source);
	row_text(rows, "partition", t->partition);
	row_text(rows, "name", t->name);
	row_text(rows, "owner", t->owner);
	row_text(rows, "state", report_state_word(t->state));
	if (t->hold != HOLD_NONE)
		row_text(rows, "hold", report_hold_word(t->hold));
	if (t->disputed)
		row_bool(rows, "disputed", true);
	row_bool(rows, "public", t->is_public);
	row_int(rows, "epoch", (int64_t)t->epoch);
	row_bool(rows, "online", k != NULL && k->online);
	row_time(rows, "seen", k == NULL ? 0 : k->seen_ms);
	row_hex(rows, "id", t->id, OWNERSHIP_ID);
}

static bool is_online(const struct report *r, const struct owned *t)
{
	const struct contact *k = contact_find(r->p->contacts, t->jid);

	return k != NULL && k->online;
}

/* Words of --state beside the names of the states themselves. */
static bool is_held(const struct report *r, const struct owned *t)
{
	(void)r;
	return t->hold != HOLD_NONE;
}

static bool is_frozen(const struct report *r, const struct owned *t)
{
	(void)r;
	return t->hold == HOLD_FROZEN;
}

static bool is_disputed(const struct report *r, const struct owned *t)
{
	(void)r;
	return t->disputed;
}

static bool is_offline(const struct report *r, const struct owned *t)
{
	return !is_online(r, t);
}

static const struct {
	const char *word;
	bool (*fits)(const struct report *r, const struct owned *t);
} more_states[] = {
	{ "held", is_held }, { "frozen", is_frozen }, { "disputed", is_disputed },
	{ "online", is_online }, { "offline", is_offline },
};

static bool state_fits(const struct report *r, const struct owned *t)
{
	if (r->state == NULL || str_case_eq(r->state, report_state_word(t->state)))
		return true;
	for (size_t i = 0; i < sizeof(more_states) / sizeof(more_states[0]); i++)
		if (str_case_eq(r->state, more_states[i].word))
			return more_states[i].fits(r, t);
	return false;
}

static bool is_state(const char *word)
{
	for (int s = 0; s <= OWNED_TURNING; s++)
		if (str_case_eq(word, report_state_word((enum owned_state)s)))
			return true;
	for (size_t i = 0; i < sizeof(more_states) / sizeof(more_states[0]); i++)
		if (str_case_eq(word, more_states[i].word))
			return true;
	return false;
}

static bool things_step(struct report *r)
{
	const struct owned *t;
	size_t looked = 0;

	while ((t = ownership_at(r->p->ownership, (size_t)r->at)) != NULL && !report_is_full(r)) {
		if (report_pauses(r, looked++))
			return true;
		r->at++;
		if (r->n_args > 0 && !thing_fits(t, r->arg[0]) &&
		    (t->owner == NULL || !str_case_eq(t->owner, r->arg[0])))
			continue;
		if (!state_fits(r, t) || !report_wants(r))
			continue;
		row_begin(&r->rows);
		thing_row(r, t);
		row_end(&r->rows);
	}
	rows_end(&r->rows);
	return false;
}

int report_things(struct report *r)
{
	if (r->state != NULL && !is_state(r->state))
		return report_fail(r, "--state is unclaimed, owned, self-owned, tombstone, "
		    "turning-over, held, frozen, disputed, online or offline");
	rows_begin(&r->rows, true);
	r->step = things_step;
	return REPORT_OK;
}

/* ---- show ---- */

static void show_tags(struct report *r, const struct owned *t)
{
	struct found_thing f;
	struct err e = ERR_INIT;

	if (registry_describe(r->p->registry, t->id, &r->pool, &f, &e) != 1)
		return;
	row_text(&r->rows, "note", f.note);
	for (size_t i = 0; i < f.tags.n; i++)
		row_named(&r->rows, "tag.", f.tags.tag[i].name, f.tags.tag[i].str);
}

static void show_debts(struct report *r, const struct owned *t)
{
	const struct debt *d;
	int shown = 0;

	row_list_begin(&r->rows, "owed");
	for (size_t i = 0; shown < SHOW_DEBTS && i < 100000 &&
	    (d = debt_at(r->p->debts, i)) != NULL; i++) {
		if (strcmp(d->peer, t->jid) != 0)
			continue;
		row_item_begin(&r->rows, "owed");
		row_text(&r->rows, "kind", report_debt_name(d->kind));
		row_int(&r->rows, "tries", d->tries);
		row_time(&r->rows, "since", d->since_ms);
		row_item_end(&r->rows);
		shown++;
	}
	row_list_end(&r->rows);
}

static void show_event(void *arg, const struct audit_row *a)
{
	struct report *r = arg;

	row_item_begin(&r->rows, "history");
	report_audit_fields(&r->rows, a);
	row_item_end(&r->rows);
}

static void show_history(struct report *r, const struct owned *t)
{
	struct err e = ERR_INIT;
	bool more;

	if (r->p->audit == NULL)
		return;
	row_list_begin(&r->rows, "history");
	(void)audit_history(r->p->audit, t->id, NULL, 0, SHOW_HISTORY, &more, show_event, r, &e);
	row_list_end(&r->rows);
}

int report_show(struct report *r)
{
	const struct owned *t;

	if (r->n_args != 1)
		return report_fail(r, "show needs the name, address or id of one thing");
	t = report_one_thing(r, r->arg[0]);
	if (t == NULL)
		return REPORT_ERROR;
	rows_begin(&r->rows, false);
	row_begin(&r->rows);
	thing_row(r, t);
	row_bool(&r->rows, "listed", t->listed);
	row_time(&r->rows, "since", t->since_ms);
	row_text(&r->rows, "held_for", t->held_for);
	row_text(&r->rows, "former", t->former);
	row_time(&r->rows, "until", t->until_ms);
	show_tags(r, t);
	show_debts(r, t);
	show_history(r, t);
	row_end(&r->rows);
	rows_end(&r->rows);
	return REPORT_OK;
}

/* ---- owners and what is theirs ---- */

bool report_is_first_of_owner(const struct report *r, const struct owned *t)
{
	return t->owner != NULL && ownership_next_of_owner(r->p->ownership, t->owner, NULL) == t;
}

static const char *doubt_name(enum person_doubt d)
{
	return d == DOUBT_AWAY ? "away" : d == DOUBT_GONE ? "gone" : NULL;
}

static void owner_row(struct report *r, const char *owner)
{
	const struct person *p = r->p->persons == NULL ? NULL :
	    person_find(r->p->persons, owner);

	if (!report_wants(r))
		return;
	row_begin(&r->rows);
	row_text(&r->rows, "owner", owner);
	row_int(&r->rows, "things", (int64_t)ownership_count_of_owner(r->p->ownership, owner));
	if (p != NULL)
		row_text(&r->rows, "doubt", doubt_name(p->doubt));
	row_end(&r->rows);
}

int report_ask_as(struct report *r, const char *owner, enum verb v, struct reply *reply)
{
	struct request q = { 0 };
	struct err e = ERR_INIT;

	if (r->p->provisioning == NULL || !provisioning_serves(v))
		return -1;
	q.verb = v;
	q.kind = STANZA_MESSAGE;
	q.type = IQ_NOT;
	q.from = q.bare = owner;
	q.pool = &r->pool;
	memset(reply, 0, sizeof(*reply));
	return provisioning_serve(r->p->provisioning, &q, reply, &e) != 0 ||
	    reply->kind != REPLY_RESULT ? -1 : 0;
}

static void rule_rows(struct report *r, const char *owner)
{
	struct reply reply;

	if (report_ask_as(r, owner, VERB_RULES, &reply) != 0)
		return;
	for (size_t i = 0; i < reply.u.rules.n && !report_is_full(r); i++) {
		if (!report_wants(r))
			continue;
		row_begin(&r->rows);
		row_int(&r->rows, "number", reply.u.rules.rule[i].number);
		row_text(&r->rows, "owner", owner);
		row_text(&r->rows, "rule", reply.u.rules.rule[i].text);
		row_end(&r->rows);
	}
}

/* Never the code: it is the owner's to type. */
static void question_rows(struct report *r, const char *owner)
{
	struct reply reply;

	if (report_ask_as(r, owner, VERB_QUESTIONS, &reply) != 0)
		return;
	for (size_t i = 0; i < reply.u.questions.n && !report_is_full(r); i++) {
		struct buf words;

		if (!report_wants(r))
			continue;
		row_begin(&r->rows);
		row_text(&r->rows, "owner", owner);
		buf_init(&words, 16 * 1024);
		saying_words(&words, reply.u.questions.question[i].text, NULL, NULL);
		row_text(&r->rows, "question", buf_str(&words));
		buf_fini(&words);
		row_time(&r->rows, "asked", reply.u.questions.question[i].asked_ms);
		row_end(&r->rows);
	}
}

/* Owners in the order of their first thing. */
static bool each_owner(struct report *r, void (*fn)(struct report *r, const char *owner))
{
	const struct owned *t;
	size_t looked = 0;

	while ((t = ownership_at(r->p->ownership, (size_t)r->at)) != NULL && !report_is_full(r)) {
		if (report_pauses(r, looked++))
			return true;
		r->at++;
		if (!report_is_first_of_owner(r, t) ||
		    (r->n_args > 0 && !str_case_eq(r->arg[0], t->owner)))
			continue;
		fn(r, t->owner);
		pool_reset(&r->pool);
	}
	rows_end(&r->rows);
	return false;
}

static bool owners_step(struct report *r)
{
	return each_owner(r, owner_row);
}

static bool rules_step(struct report *r)
{
	return each_owner(r, rule_rows);
}

static bool questions_step(struct report *r)
{
	return each_owner(r, question_rows);
}

int report_list(struct report *r, bool (*step)(struct report *r))
{
	rows_begin(&r->rows, true);
	r->step = step;
	return REPORT_OK;
}

int report_owners(struct report *r)
{
	return report_list(r, owners_step);
}

int report_rules(struct report *r)
{
	return report_list(r, rules_step);
}

int report_questions(struct report *r)
{
	return report_list(r, questions_step);
}

/* ---- what is owed ---- */

const char *report_debt_name(enum debt_kind k)
{
	static const char *const names[DEBT_COUNT] = {
		[DEBT_OWNER] = "owner", [DEBT_FLOOR] = "floor", [DEBT_FRIEND] = "friend",
		[DEBT_UNFRIEND] = "unfriend", [DEBT_QUESTION] = "question",
		[DEBT_NOTICE] = "notice", [DEBT_SUBSCRIBE] = "subscribe",
	};

	return (unsigned)k < DEBT_COUNT && names[k] != NULL ? names[k] : "other";
}

static bool debts_step(struct report *r)
{
	const struct debt *d;
	size_t looked = 0;

	while ((d = debt_at(r->p->debts, (size_t)r->at)) != NULL && !report_is_full(r)) {
		if (report_pauses(r, looked++))
			return true;
		r->at++;
		if ((r->n_args > 0 && !str_case_eq(d->peer, r->arg[0])) || !report_wants(r))
			continue;
		row_begin(&r->rows);
		row_text(&r->rows, "peer", d->peer);
		row_text(&r->rows, "kind", report_debt_name(d->kind));
		row_int(&r->rows, "tries", d->tries);
		row_time(&r->rows, "since", d->since_ms);
		row_end(&r->rows);
	}
	rows_end(&r->rows);
	return false;
}

int report_debts(struct report *r)
{
	return report_list(r, debts_step);
}
