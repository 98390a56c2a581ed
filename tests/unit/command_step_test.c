/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_step_test: what command_step.h and command_session.h promise.
 * Ownership, words and transactions are real; what serves is scripted here
 * and notes what it was asked.
 */
#include "config.h"

#include "tests/unit/store_support.h"

#include "common/base/buf.h"
#include "common/base/stats.h"
#include "common/base/str.h"
#include "common/wire/dataform.h"
#include "common/wire/limits.h"
#include "desk/command_step.h"
#include "desk/words.h"

#define ALICE "alice@a.example"
#define PHONE ALICE "/phone"
#define BOB "bob@b.example/x"
#define DAVE "dave@a.example/x"

/* ---- what serves ---- */

static struct {
	int served;			/* but for looking up */
	struct request last;
	uint8_t thing[OWNERSHIP_ID];
	char line[256];			/* text, name or code of it */
	bool confirms, confirmed, broken;
	enum condition refuse;
	size_t questions;
	size_t page;			/* things at once; 0: all */
} role;

static struct ownership *owners;

static int list_things(const struct request *q, struct reply *r)
{
	struct reply_found *f = &r->u.found;
	int64_t skip = q->u.devices.offset;

	f->thing = pool_zalloc(q->pool, 8 * sizeof(*f->thing));
	for (const struct owned *t = ownership_next_of_owner(owners, q->bare, NULL); t != NULL;
	    t = ownership_next_of_owner(owners, q->bare, t)) {
		if (skip-- > 0)
			continue;
		if (role.page > 0 && f->n == role.page) {
			f->more = true;
			break;
		}
		f->thing[f->n++] = (struct found_thing){ .jid = pool_strdup(q->pool, t->jid),
			.name = t->name != NULL ? pool_strdup(q->pool, t->name) : NULL,
			.online = true };
	}
	r->body = BODY_FOUND;
	return 0;
}

static int list_questions(const struct request *q, struct reply *r)
{
	static struct question_line one = { "ABCD-EFGH", "bob wants to read lamp.", 1 };

	(void)q;
	r->body = BODY_QUESTIONS;
	r->u.questions.n = role.questions;
	r->u.questions.question = &one;
	return 0;
}

static int list_rules(struct reply *r)
{
	static struct rule_line one = { .number = 7,
		.text = "deny eve@e.example everything" };

	r->body = BODY_RULES;
	r->u.rules.n = 1;
	r->u.rules.rule = &one;
	return 0;
}

static int note(const struct request *q, struct reply *r)
{
	const struct request_desk *d = &q->u.desk;
	const char *text = d->text != NULL ? d->text : d->code != NULL ? d->code : "";

	role.served++;
	role.last = *q;
	if (q->verb == VERB_MINE)
		text = q->u.mine.tags.n > 0 ? q->u.mine.tags.tag[0].str : "";
	else
		role.confirmed = d->confirmed;
	if (q->verb != VERB_MINE && d->thing_id != NULL)
		memcpy(role.thing, d->thing_id, OWNERSHIP_ID);
	assert_int_equal(str_copy(role.line, sizeof(role.line), text), 0);
	r->body = BODY_TEXT;
	r->text = "Well done.";
	if (role.confirms && !role.confirmed) {
		r->body = BODY_CONFIRM;
		r->text = "It will be nobody's.";
	}
	return 0;
}

static int serve(void *arg, struct request *q, struct reply *r, struct err *e)
{
	(void)arg;
	memset(r, 0, sizeof(*r));
	r->kind = REPLY_RESULT;
	if (role.broken)
		return err_set(e, ERR_SYSTEM, "disk full");
	if (role.refuse != COND_NONE) {
		reply_error(r, role.refuse);
		return 0;
	}
	if (q->verb == VERB_GET_DEVICES)
		return list_things(q, r);
	if (q->verb == VERB_QUESTIONS)
		return list_questions(q, r);
	return q->verb == VERB_RULES ? list_rules(r) : note(q, r);
}

static void say(void *arg, struct buf *text, const struct request *q, const struct reply *r)
{
	(void)arg;
	(void)q;
	buf_adds(text, r->kind == REPLY_ERROR ? condition_name(r->condition) :
	    r->text != NULL ? r->text : "Nothing.");
}

static int read_line(void *arg, const struct request *chat, struct request *out, struct buf *why)
{
	struct words w;

	(void)arg;
	assert_int_equal(words_parse(&w, chat, JID_STRINGPREP), 0);
	if (w.n != 1 || w.more || w.line[0].fault != WORDS_FINE) {
		buf_adds(why, "I cannot read this.");
		return 1;
	}
	*out = w.line[0].q;
	return 0;
}

static const char *text_of(void *arg, const struct request *q, const char *text)
{
	(void)arg;
	(void)q;
	return text;
}

static void when(void *arg, struct buf *out, const struct request *q, int64_t wall_ms)
{
	(void)arg;
	(void)q;
	buf_addf(out, "%lld", (long long)wall_ms);
}

static bool is_person(void *arg, const char *bare)
{
	(void)arg;
	return strchr(bare, '@') != NULL && strncmp(bare, "thing", 5) != 0;
}

static bool is_shared(void *arg, const char *bare, const struct owned *t)
{
	(void)arg;
	(void)bare;
	(void)t;
	return false;
}

static const struct command_ops ops = { serve, say, read_line, text_of, when, is_person,
	is_shared };

/* ---- the stage ---- */

struct fixture {
	struct store *store;
	struct clock_fake time;
	struct clock clock;
	struct stats stats;
	struct command_steps *steps;
	struct pool pool;
	struct reply r;
	struct dataform form;	/* what is sent next */
	char session[64];
};

static void own(uint8_t n, const char *jid, const char *owner, const char *name)
{
	struct owned t = { .id = { n }, .jid = jid, .owner = owner, .epoch = 1, .name = name,
		.state = OWNED };

	MUST(ownership_put(owners, &t, &test_err));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct command_deps deps = { .profile = JID_STRINGPREP, .ops = &ops };

	assert_non_null(f);
	memset(&role, 0, sizeof(role));
	f->time.wall = INT64_C(1800000000000);
	f->time.boot = 100000;
	f->clock = clock_from_fake(&f->time);
	MUST(store_open(&f->store, "sqlite::memory:", &test_err));
	MUST(ownership_open(&owners, f->store, &test_err));
	MUST(store_begin(f->store, &test_err));
	own(1, "thing1@a.example", ALICE, "lamp");
	own(2, "thing2@a.example", ALICE, "lamp two");
	own(5, "thing5@a.example", "bob@b.example", "door");
	MUST(store_commit(f->store, &test_err));
	deps.ownership = owners;
	deps.store = f->store;
	deps.clock = &f->clock;
	deps.stats = &f->stats;
	MUST(command_steps_open(&f->steps, &deps, &test_err));
	pool_init(&f->pool, 4 * 1024 * 1024);
	dataform_begin(&f->form, DATAFORM_SUBMIT, &f->pool, NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	command_steps_close(&f->steps);
	ownership_close(&owners);
	store_close(&f->store);
	pool_fini(&f->pool);
	free(f);
	return 0;
}

static void answer(struct fixture *f, const char *var, const char *value)
{
	dataform_set(&f->form, dataform_add(&f->form, DATAFORM_TEXT_SINGLE, var, NULL), value);
}

/* One step with the answers collected so far; returns what was served with it. */
static int step_as(struct fixture *f, const char *from, const char *node, const char *session,
    enum command_action action)
{
	struct request q = { .verb = VERB_COMMAND, .kind = STANZA_IQ, .type = IQ_SET, .id = "1",
		.to = "desk@r.ex", .pool = &f->pool };
	int before = role.served;

	q.from = from;
	q.bare = pool_strndup(&f->pool, from, strcspn(from, "/"));
	q.u.command = (struct request_command){ node, session, action,
		f->form.n > 0 ? &f->form : NULL };
	memset(&f->r, 0, sizeof(f->r));
	MUST(store_begin(f->store, &test_err));
	MUST(command_steps_serve(f->steps, &q, &f->r, &test_err));
	MUST(store_commit(f->store, &test_err));
	dataform_begin(&f->form, DATAFORM_SUBMIT, &f->pool, NULL);
	if (f->r.kind == REPLY_RESULT && f->r.u.command.session != NULL)
		assert_int_equal(str_copy(f->session, sizeof(f->session),
		    f->r.u.command.session), 0);
	return role.served - before;
}

static int open_command(struct fixture *f, const char *node)
{
	return step_as(f, PHONE, node, NULL, COMMAND_EXECUTE);
}

static int go_on(struct fixture *f, const char *node, enum command_action action)
{
	return step_as(f, PHONE, node, f->session, action);
}

static void check_fault(const struct fixture *f, enum condition cond, enum command_fault fault)
{
	assert_int_equal(f->r.kind, REPLY_ERROR);
	assert_int_equal(f->r.condition, cond);
	assert_int_equal(f->r.u.command.fault, fault);
}

static void check_status(const struct fixture *f, enum command_status status)
{
	assert_int_equal(f->r.kind, REPLY_RESULT);
	assert_int_equal(f->r.body, BODY_COMMAND);
	assert_int_equal(f->r.u.command.status, status);
}

/* The value that the form shown offers under this label. */
static const char *choice(const struct fixture *f, const char *var, const char *label)
{
	const struct dataform_field *d = dataform_find(f->r.u.command.form, var);

	assert_non_null(d);
	for (size_t i = 0; i < d->n_options; i++)
		if (strcmp(d->option[i].label, label) == 0)
			return d->option[i].value;
	fail_msg("%s offers no %s", var, label);
	return NULL;
}

/* ---- ways through ---- */

static void a_claim_is_a_form_and_then_the_line_that_chat_would_be(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(step_as(f, DAVE, "claim", NULL, COMMAND_EXECUTE), 0);
	check_status(f, COMMAND_EXECUTING);
	assert_int_equal(f->r.u.command.actions, 1u << COMMAND_COMPLETE);
	assert_non_null(dataform_find(f->r.u.command.form, "KEY"));
	answer(f, "text", "IoTDisco;SN:123;KEY:abc");
	answer(f, "public", "1");
	assert_int_equal(step_as(f, DAVE, "claim", f->session, COMMAND_COMPLETE), 1);
	check_status(f, COMMAND_COMPLETED);
	assert_int_equal(role.last.verb, VERB_MINE);
	assert_true(role.last.u.mine.is_public);
	assert_string_equal(role.last.bare, "dave@a.example");
	assert_string_equal(f->r.u.command.note, "Well done.");
	assert_string_equal(dataform_value(f->r.u.command.form, "result"), "Well done.");
}

static void a_label_is_claimed_field_by_field(void **state)
{
	struct fixture *f = *state;
	const struct tag *v;

	open_command(f, "claim");
	answer(f, "SN", "a;b\\c");
	answer(f, "V", "1.50");
	answer(f, "KEY", "k=1");
	assert_int_equal(go_on(f, "claim", COMMAND_EXECUTE), 1);
	assert_int_equal(role.last.u.mine.tags.n, 3);
	assert_string_equal(role.line, "a;b\\c");
	assert_false(role.last.u.mine.is_public);
	v = tag_find(&role.last.u.mine.tags, "V");
	assert_true(v->is_num && v->num == 1.5);
}

static void a_claim_without_a_key_shows_the_form_again_and_why(void **state)
{
	struct fixture *f = *state;

	open_command(f, "claim");
	answer(f, "SN", "123");
	assert_int_equal(go_on(f, "claim", COMMAND_COMPLETE), 0);
	check_status(f, COMMAND_EXECUTING);
	assert_int_equal(f->r.u.command.note_type, COMMAND_ERROR);
	assert_non_null(strstr(f->r.u.command.note, "KEY"));
	assert_string_equal(dataform_value(f->r.u.command.form, "SN"), "123");
	answer(f, "text", "things");
	assert_int_equal(go_on(f, "claim", COMMAND_COMPLETE), 0);
	check_status(f, COMMAND_EXECUTING);
	answer(f, "text", "disown lamp\nthings");
	assert_int_equal(go_on(f, "claim", COMMAND_COMPLETE), 0);
}

static void things_are_listed_shown_and_acted_on(void **state)
{
	struct fixture *f = *state;

	open_command(f, "things");
	assert_int_equal(f->r.u.command.actions, 1u << COMMAND_COMPLETE | 1u << COMMAND_NEXT);
	assert_int_equal(f->r.u.command.execute, COMMAND_NEXT);
	answer(f, "thing", choice(f, "thing", "lamp two (online)"));
	assert_int_equal(go_on(f, "things", COMMAND_NEXT), 0);
	answer(f, "do", "name");
	assert_int_equal(go_on(f, "things", COMMAND_EXECUTE), 0);
	assert_non_null(dataform_find(f->r.u.command.form, "name"));
	answer(f, "name", "reading lamp");
	assert_int_equal(go_on(f, "things", COMMAND_EXECUTE), 1);
	check_status(f, COMMAND_COMPLETED);
	assert_int_equal(role.last.verb, VERB_NAME_THING);
	assert_int_equal(role.thing[0], 2);
	assert_string_equal(role.line, "reading lamp");
}

static void things_end_in_a_table_when_none_is_chosen(void **state)
{
	struct fixture *f = *state;

	open_command(f, "things");
	go_on(f, "things", COMMAND_COMPLETE);
	check_status(f, COMMAND_COMPLETED);
	assert_int_equal(f->r.u.command.form->n_rows, 2);
	assert_string_equal(f->r.u.command.form->cell[0].name[0], "lamp");
	open_command(f, "things");
	go_on(f, "things", COMMAND_NEXT);
	check_status(f, COMMAND_EXECUTING);
	assert_string_equal(f->r.u.command.note, "Please fill in: Thing");
}

static void things_of_several_pages_are_all_offered(void **state)
{
	struct fixture *f = *state;

	role.page = 1;
	open_command(f, "show");
	assert_int_equal(dataform_find(f->r.u.command.form, "thing")->n_options, 2);
	answer(f, "thing", choice(f, "thing", "lamp two (online)"));
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 1);
	assert_int_equal(role.thing[0], 2);
}

static void a_question_is_answered_by_its_code(void **state)
{
	struct fixture *f = *state;

	role.questions = 1;
	open_command(f, "questions");
	answer(f, "question", choice(f, "question", "bob wants to read lamp."));
	answer(f, "answer", "always");
	assert_int_equal(go_on(f, "questions", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.verb, VERB_ANSWER_QUESTION);
	assert_int_equal(role.last.u.desk.yes_no, ANSWER_ALWAYS);
	assert_string_equal(role.line, "ABCD-EFGH");
}

static void with_nothing_to_choose_from_it_says_so_and_ends(void **state)
{
	struct fixture *f = *state;

	open_command(f, "questions");
	check_status(f, COMMAND_COMPLETED);
	assert_string_equal(f->r.u.command.note, "Nothing.");
	go_on(f, "questions", COMMAND_COMPLETE);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
}

static void rules_are_listed_added_and_taken_away(void **state)
{
	struct fixture *f = *state;

	open_command(f, "rules");
	answer(f, "do", "rules-list");
	go_on(f, "rules", COMMAND_NEXT);
	check_status(f, COMMAND_COMPLETED);
	assert_string_equal(f->r.u.command.form->cell[1].name[0], "deny eve@e.example everything");
	open_command(f, "rules");
	answer(f, "do", "forget");
	go_on(f, "rules", COMMAND_NEXT);
	answer(f, "rule", "7");
	assert_int_equal(go_on(f, "rules", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.verb, VERB_FORGET);
	assert_int_equal(role.last.u.desk.number, 7);
	open_command(f, "rules");
	answer(f, "do", "rule");
	go_on(f, "rules", COMMAND_NEXT);
	answer(f, "effect", "allow");
	answer(f, "who", "bob@b.example");
	answer(f, "may", "read");
	answer(f, "name", "temperature");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	answer(f, "for", "2 h");
	assert_int_equal(go_on(f, "rules", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.verb, VERB_RULE_ADD);
	assert_string_equal(role.line,
	    "allow bob@b.example to read \"temperature\" of \"lamp\" for 2 h");
}

static void a_typed_rule_is_a_rule_and_no_other_line(void **state)
{
	struct fixture *f = *state;

	open_command(f, "rules");
	answer(f, "do", "rule");
	go_on(f, "rules", COMMAND_NEXT);
	answer(f, "line", "forget 7");
	assert_int_equal(go_on(f, "rules", COMMAND_COMPLETE), 0);
	check_status(f, COMMAND_EXECUTING);
	answer(f, "line", "deny x@y.example everything\nforget 7");
	assert_int_equal(go_on(f, "rules", COMMAND_COMPLETE), 0);
	answer(f, "line", "deny \"x@y.example\" everything");
	assert_int_equal(go_on(f, "rules", COMMAND_COMPLETE), 1);
}

static void a_thing_takes_the_place_of_another_and_things_are_found_by_tags(void **state)
{
	struct fixture *f = *state;

	open_command(f, "things");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	go_on(f, "things", COMMAND_NEXT);
	answer(f, "do", "replace");
	go_on(f, "things", COMMAND_NEXT);
	answer(f, "new", choice(f, "new", "lamp two (online)"));
	assert_int_equal(go_on(f, "things", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.verb, VERB_REPLACE);
	assert_int_equal(role.thing[0], 1);
	assert_string_equal(role.last.u.desk.name, "lamp two");
	open_command(f, "find");
	answer(f, "tags", "room=\"living room\" class=lamp");
	assert_int_equal(go_on(f, "find", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.verb, VERB_FIND);
	assert_int_equal(role.last.u.desk.tags.n, 2);
	open_command(f, "find");
	answer(f, "tags", "a=b\nforget 7");
	assert_int_equal(go_on(f, "find", COMMAND_COMPLETE), 0);
}

static void every_setting_and_set_has_its_form(void **state)
{
	static const struct { const char *menu, *what, *var, *value; enum verb verb; } all[] = {
		{ "settings", "language", "language", "de", VERB_LANGUAGE },
		{ "settings", "timezone", "zone", "Europe/Berlin", VERB_TIMEZONE },
		{ "settings", "mute", "for", "2 h", VERB_MUTE },
		{ "settings", "digest", "digest", "on", VERB_DIGEST },
		{ "account", "prove", "code", "abcd", VERB_PROVE },
		{ "account", "recover", "code", "abcd", VERB_RECOVER },
		{ "account", "ownership-code", NULL, NULL, VERB_OWNERSHIP_CODE },
		{ "sets", "sets-list", NULL, NULL, VERB_SET },
		{ "sets", "set-end", "name", "garden", VERB_SET },
		{ "rules", "revoke", "who", "bob@b.example", VERB_REVOKE },
		{ "rules", "what-if", "line", "deny bob@b.example everything", VERB_WHAT_IF },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int served;

		open_command(f, all[i].menu);
		answer(f, "do", all[i].what);
		served = go_on(f, all[i].menu, COMMAND_NEXT);
		if (all[i].var != NULL) {
			assert_int_equal(served, 0);
			answer(f, all[i].var, all[i].value);
			served = go_on(f, all[i].menu, COMMAND_COMPLETE);
		}
		assert_int_equal(served, 1);
		assert_int_equal(role.last.verb, all[i].verb);
	}
	open_command(f, "sets");
	answer(f, "do", "set");
	go_on(f, "sets", COMMAND_NEXT);
	dataform_set(&f->form, dataform_add(&f->form, DATAFORM_LIST_MULTI, "things", NULL),
	    choice(f, "things", "lamp (online)"));
	dataform_set(&f->form, &f->form.field[0], choice(f, "things", "lamp two (online)"));
	answer(f, "name", "garden");
	assert_int_equal(go_on(f, "sets", COMMAND_COMPLETE), 1);
	assert_int_equal(role.last.u.desk.names.n, 2);
	assert_string_equal(role.last.u.desk.names.name[1], "lamp two");
}

static void every_act_on_a_thing_has_its_form(void **state)
{
	static const struct { const char *node, *var, *value, *more, *value2; enum verb verb; } all[] = {
		{ "tag", "tags", "room=kitchen -floor", NULL, NULL, VERB_TAG },
		{ "share", "who", "bob@b.example", "as", "to control", VERB_SHARE },
		{ "share", "who", "bob@b.example", "as", "as co-owner", VERB_SHARE },
		{ "publish", "act", "unpublish", NULL, NULL, VERB_PUBLISH },
		{ "transfer", "who", "bob@b.example", NULL, NULL, VERB_TRANSFER },
		{ "disown", "offline", "1", NULL, NULL, VERB_DISOWN },
		{ "why", "who", "bob@b.example", "may", "read", VERB_WHY },
		{ "remove", NULL, NULL, NULL, NULL, VERB_REMOVE },
		{ "history", NULL, NULL, NULL, NULL, VERB_HISTORY },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int served;

		memset(role.thing, 0, sizeof(role.thing));
		open_command(f, all[i].node);
		answer(f, "thing", choice(f, "thing", "lamp two (online)"));
		served = go_on(f, all[i].node, COMMAND_EXECUTE);
		if (all[i].var != NULL) {
			assert_int_equal(served, 0);
			answer(f, all[i].var, all[i].value);
			if (all[i].more != NULL)
				answer(f, all[i].more, all[i].value2);
			served = go_on(f, all[i].node, COMMAND_COMPLETE);
		}
		assert_int_equal(served, 1);
		assert_int_equal(role.last.verb, all[i].verb);
		assert_int_equal(role.thing[0], 2);
	}
	assert_int_equal(open_command(f, "undo"), 1);
	assert_int_equal(role.last.verb, VERB_UNDO);
	open_command(f, "accept");
	answer(f, "code", "abcd-efgh");
	assert_int_equal(go_on(f, "accept", COMMAND_COMPLETE), 1);
	assert_string_equal(role.line, "ABCD-EFGH");
}

static void what_he_cancels_or_leaves_is_not_done(void **state)
{
	struct fixture *f = *state;

	open_command(f, "name");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	go_on(f, "name", COMMAND_NEXT);
	assert_int_equal(go_on(f, "name", COMMAND_PREV), 0);
	assert_non_null(dataform_find(f->r.u.command.form, "thing"));
	assert_int_equal(go_on(f, "name", COMMAND_PREV), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_ACTION);
	answer(f, "thing", "02000000000000000000000000000000");
	go_on(f, "name", COMMAND_NEXT);
	assert_int_equal(go_on(f, "name", COMMAND_CANCEL), 0);
	check_status(f, COMMAND_CANCELED);
	answer(f, "name", "x");
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
}

static void an_act_that_lasts_is_shown_first_and_done_once(void **state)
{
	struct fixture *f = *state;

	role.confirms = true;
	open_command(f, "show");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 1);
	check_status(f, COMMAND_EXECUTING);
	assert_false(role.confirmed);
	assert_string_equal(f->r.u.command.note, "It will be nobody's.");
	assert_string_equal(dataform_value(f->r.u.command.form, "effect"), "It will be nobody's.");
	assert_int_equal(f->r.u.command.actions, 1u << COMMAND_COMPLETE | 1u << COMMAND_PREV);
	assert_int_equal(go_on(f, "show", COMMAND_NEXT), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_ACTION);
	assert_int_equal(go_on(f, "show", COMMAND_PREV), 0);
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 1);
	assert_false(role.confirmed);
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 1);
	assert_true(role.confirmed);
	check_status(f, COMMAND_COMPLETED);
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 0);
}

/* ---- who may ---- */

static void att_H_11__a_session_is_of_one_address_one_command_and_one_use(void **state)
{
	struct fixture *f = *state;

	open_command(f, "name");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	go_on(f, "name", COMMAND_NEXT);
	answer(f, "name", "stolen");
	assert_int_equal(step_as(f, BOB, "name", f->session, COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	answer(f, "name", "stolen");
	assert_int_equal(step_as(f, ALICE "/laptop", "name", f->session, COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	answer(f, "name", "stolen");
	assert_int_equal(step_as(f, PHONE, "show", f->session, COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	answer(f, "name", "mine");
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 1);
	answer(f, "name", "again");
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
}

static void att_H_11__no_stage_can_be_skipped(void **state)
{
	struct fixture *f = *state;

	open_command(f, "name");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	answer(f, "name", "x");
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_ACTION);
	answer(f, "name", "x");
	assert_int_equal(go_on(f, "name", COMMAND_NEXT), 0);
	check_status(f, COMMAND_EXECUTING);
	assert_string_equal(f->r.u.command.note, "Please fill in: Thing");
	assert_int_equal(step_as(f, PHONE, "forget", NULL, COMMAND_EXECUTE), 0);
	check_fault(f, COND_ITEM_NOT_FOUND, COMMAND_FINE);
}

static void att_H_11__a_session_ends_ten_minutes_after_its_last_step(void **state)
{
	struct fixture *f = *state;

	open_command(f, "show");
	f->time.boot += COMMAND_SESSION_MS - 1;
	answer(f, "thing", "07000000000000000000000000000000");
	go_on(f, "show", COMMAND_COMPLETE);
	check_status(f, COMMAND_EXECUTING);
	f->time.boot += COMMAND_SESSION_MS;
	go_on(f, "show", COMMAND_COMPLETE);
	check_fault(f, COND_NOT_ALLOWED, COMMAND_SESSION_EXPIRED);
	go_on(f, "show", COMMAND_COMPLETE);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
}

static void att_H_11__what_is_his_is_looked_at_anew_at_each_step(void **state)
{
	struct fixture *f = *state;

	open_command(f, "name");
	answer(f, "thing", "05000000000000000000000000000000");
	go_on(f, "name", COMMAND_NEXT);
	check_status(f, COMMAND_EXECUTING);
	assert_string_equal(f->r.u.command.note, "This does not fit: Thing");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	go_on(f, "name", COMMAND_NEXT);
	MUST(store_begin(f->store, &test_err));
	own(1, "thing1@a.example", "bob@b.example", "lamp");
	MUST(store_commit(f->store, &test_err));
	answer(f, "name", "x");
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
	MUST(store_begin(f->store, &test_err));
	own(2, "thing2@a.example", "bob@b.example", "lamp two");
	MUST(store_commit(f->store, &test_err));
	assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
	check_fault(f, COND_FORBIDDEN, COMMAND_FINE);
}

static void strangers_may_claim_and_things_and_components_nothing(void **state)
{
	struct fixture *f = *state;

	step_as(f, DAVE, "things", NULL, COMMAND_EXECUTE);
	check_fault(f, COND_FORBIDDEN, COMMAND_FINE);
	step_as(f, DAVE, "claim", NULL, COMMAND_EXECUTE);
	check_status(f, COMMAND_EXECUTING);
	step_as(f, "thing1@a.example/x", "claim", NULL, COMMAND_EXECUTE);
	check_fault(f, COND_FORBIDDEN, COMMAND_FINE);
	step_as(f, "comp.a.example", "claim", NULL, COMMAND_EXECUTE);
	check_fault(f, COND_FORBIDDEN, COMMAND_FINE);
}

static void sessions_are_few_and_the_oldest_of_his_own_gives_way(void **state)
{
	struct fixture *f = *state;
	char first[64], full[64];

	open_command(f, "claim");
	memcpy(first, f->session, sizeof(first));
	for (size_t i = 0; i < COMMAND_SESSIONS_EACH; i++) {
		f->time.boot++;
		open_command(f, "claim");
	}
	step_as(f, PHONE, "claim", first, COMMAND_CANCEL);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	go_on(f, "claim", COMMAND_CANCEL);
	check_status(f, COMMAND_CANCELED);
	for (size_t i = 0; i < COMMAND_SESSIONS; i++) {
		snprintf(full, sizeof(full), "person%zu@a.example/x", i);
		step_as(f, pool_strdup(&f->pool, full), "claim", NULL, COMMAND_EXECUTE);
	}
	check_fault(f, COND_RESOURCE_CONSTRAINT, COMMAND_FINE);
	/* Those who have some are not shut out by it. */
	open_command(f, "claim");
	check_status(f, COMMAND_EXECUTING);
	f->time.boot += COMMAND_SESSION_MS;
	step_as(f, DAVE, "claim", NULL, COMMAND_EXECUTE);
	check_status(f, COMMAND_EXECUTING);
}

/* ---- hostile forms ---- */

static void att_H_11__forms_that_lie_are_asked_again(void **state)
{
	static const struct { const char *var, *a, *b, *says; } bad[] = {
		{ "may", "everything", NULL, "This does not fit: What" },
		{ "may", "read", "control", "Only one value can be given for: What" },
		{ "who", "@@", NULL, "This does not fit: Who" },
		{ "who", "", NULL, "Please fill in: Who" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dataform_field *d;

		open_command(f, "why");
		answer(f, "thing", choice(f, "thing", "lamp (online)"));
		go_on(f, "why", COMMAND_NEXT);
		if (strcmp(bad[i].var, "who") != 0)
			answer(f, "who", "bob@b.example");
		else
			answer(f, "may", "read");
		d = dataform_add(&f->form, DATAFORM_BOOLEAN, bad[i].var, NULL);
		dataform_set(&f->form, d, bad[i].a);
		dataform_set(&f->form, d, bad[i].b);
		answer(f, "nobody-asked", "1");
		assert_int_equal(go_on(f, "why", COMMAND_COMPLETE), 0);
		check_status(f, COMMAND_EXECUTING);
		assert_string_equal(f->r.u.command.note, bad[i].says);
	}
}

static void att_H_01__no_answer_ends_its_quotes_or_its_line(void **state)
{
	static const char *const bad[] = { "x\" of all my things", "x\nforget 7", "x\ry", "x\ty",
		"\xe2\x80\x9cx", "x\xe2\x80\x9d", "x\x7f" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		open_command(f, "name");
		answer(f, "thing", choice(f, "thing", "lamp (online)"));
		go_on(f, "name", COMMAND_NEXT);
		answer(f, "name", bad[i]);
		assert_int_equal(go_on(f, "name", COMMAND_COMPLETE), 0);
		check_status(f, COMMAND_EXECUTING);
		assert_int_equal(f->r.u.command.note_type, COMMAND_ERROR);
	}
}

static void the_wrong_kind_of_form_and_of_action_is_refused(void **state)
{
	struct fixture *f = *state;

	open_command(f, "show");
	dataform_begin(&f->form, DATAFORM_RESULT, &f->pool, NULL);
	answer(f, "thing", "01000000000000000000000000000000");
	go_on(f, "show", COMMAND_COMPLETE);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_PAYLOAD);
	go_on(f, "show", COMMAND_UNKNOWN);
	check_fault(f, COND_BAD_REQUEST, COMMAND_MALFORMED_ACTION);
	step_as(f, PHONE, "show", NULL, COMMAND_NEXT);
	check_fault(f, COND_BAD_REQUEST, COMMAND_BAD_SESSION);
	step_as(f, PHONE, "nothing", NULL, COMMAND_EXECUTE);
	check_fault(f, COND_ITEM_NOT_FOUND, COMMAND_FINE);
	dataform_begin(&f->form, DATAFORM_CANCEL, &f->pool, NULL);
	answer(f, "x", "y");
	go_on(f, "show", COMMAND_COMPLETE);
	check_status(f, COMMAND_CANCELED);
}

static void too_many_answers_are_a_limit_and_not_memory(void **state)
{
	struct fixture *f = *state;
	char *big = calloc(1, COMMAND_SESSION_BYTES + 2);
	struct request q = { .verb = VERB_COMMAND, .kind = STANZA_IQ, .type = IQ_SET, .id = "1",
		.from = PHONE, .bare = ALICE, .to = "r.ex", .pool = &f->pool };
	struct err e = ERR_INIT;

	assert_non_null(big);
	memset(big, 'x', COMMAND_SESSION_BYTES + 1);
	open_command(f, "claim");
	answer(f, "text", big);
	q.u.command = (struct request_command){ "claim", f->session, COMMAND_COMPLETE, &f->form };
	MUST(store_begin(f->store, &test_err));
	assert_int_equal(command_steps_serve(f->steps, &q, &f->r, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	store_rollback(f->store);
	free(big);
}

/* ---- turns that fail ---- */

static void a_step_whose_turn_failed_can_be_taken_again(void **state)
{
	struct fixture *f = *state;
	struct request q = { .verb = VERB_COMMAND, .kind = STANZA_IQ, .type = IQ_SET, .id = "1",
		.from = PHONE, .bare = ALICE, .to = "r.ex", .pool = &f->pool };
	struct err e = ERR_INIT;
	struct reply r = { 0 };

	open_command(f, "show");
	answer(f, "thing", choice(f, "thing", "lamp (online)"));
	q.u.command = (struct request_command){ "show", f->session, COMMAND_COMPLETE, &f->form };
	/* The store fails behind it: it was served, and yet it never was. */
	MUST(store_begin(f->store, &test_err));
	MUST(command_steps_serve(f->steps, &q, &r, &e));
	store_rollback(f->store);
	assert_int_equal(role.served, 1);
	role.broken = true;
	MUST(store_begin(f->store, &test_err));
	assert_int_equal(command_steps_serve(f->steps, &q, &r, &e), -1);
	store_rollback(f->store);
	role.broken = false;
	answer(f, "thing", "01000000000000000000000000000000");
	f->form.n--;
	assert_int_equal(go_on(f, "show", COMMAND_COMPLETE), 1);
	check_status(f, COMMAND_COMPLETED);
}

/* ---- what there is ---- */

static void look(struct fixture *f, const char *bare, enum verb verb, const char *node)
{
	struct request q = { .verb = verb, .kind = STANZA_IQ, .type = IQ_GET, .id = "1",
		.to = "desk@r.ex", .pool = &f->pool };

	q.from = q.bare = bare;
	q.u.disco.node = node;
	memset(&f->r, 0, sizeof(f->r));
	assert_true(command_steps_serves(&q));
	MUST(command_steps_serve(f->steps, &q, &f->r, &test_err));
}

static void each_sees_the_commands_he_may_use(void **state)
{
	struct fixture *f = *state;
	size_t all;

	look(f, ALICE, VERB_DISCO_ITEMS, NS_COMMANDS);
	all = f->r.u.items.n;
	assert_true(all > 5);
	assert_string_equal(f->r.u.items.item[0].jid, "desk@r.ex");
	for (size_t i = 0; i < all; i++) {
		assert_string_not_equal(f->r.u.items.item[i].node, "forget");
		look(f, ALICE, VERB_DISCO_INFO, f->r.u.items.item[i].node);
		assert_string_equal(f->r.u.disco.type, "command-node");
		assert_non_null(f->r.u.disco.name);
		look(f, ALICE, VERB_DISCO_ITEMS, NS_COMMANDS);
	}
	look(f, "dave@a.example", VERB_DISCO_ITEMS, NS_COMMANDS);
	assert_true(f->r.u.items.n > 0 && f->r.u.items.n < all);
	look(f, "thing1@a.example", VERB_DISCO_ITEMS, NS_COMMANDS);
	assert_int_equal(f->r.u.items.n, 0);
	look(f, ALICE, VERB_DISCO_INFO, NS_COMMANDS);
	assert_string_equal(f->r.u.disco.type, "command-list");
}

static void other_nodes_are_not_ours(void **state)
{
	static const char *const nodes[] = { NULL, "", "x", "forget" };
	struct request q = { .verb = VERB_DISCO_INFO };

	(void)state;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		q.u.disco.node = nodes[i];
		assert_false(command_steps_serves(&q));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_claim_is_a_form_and_then_the_line_that_chat_would_be),
		TEST(a_label_is_claimed_field_by_field),
		TEST(a_claim_without_a_key_shows_the_form_again_and_why),
		TEST(things_are_listed_shown_and_acted_on),
		TEST(things_end_in_a_table_when_none_is_chosen),
		TEST(things_of_several_pages_are_all_offered),
		TEST(a_question_is_answered_by_its_code),
		TEST(with_nothing_to_choose_from_it_says_so_and_ends),
		TEST(rules_are_listed_added_and_taken_away),
		TEST(a_typed_rule_is_a_rule_and_no_other_line),
		TEST(a_thing_takes_the_place_of_another_and_things_are_found_by_tags),
		TEST(every_setting_and_set_has_its_form),
		TEST(every_act_on_a_thing_has_its_form),
		TEST(what_he_cancels_or_leaves_is_not_done),
		TEST(an_act_that_lasts_is_shown_first_and_done_once),
		TEST(att_H_11__a_session_is_of_one_address_one_command_and_one_use),
		TEST(att_H_11__no_stage_can_be_skipped),
		TEST(att_H_11__a_session_ends_ten_minutes_after_its_last_step),
		TEST(att_H_11__what_is_his_is_looked_at_anew_at_each_step),
		TEST(strangers_may_claim_and_things_and_components_nothing),
		TEST(sessions_are_few_and_the_oldest_of_his_own_gives_way),
		TEST(att_H_11__forms_that_lie_are_asked_again),
		TEST(att_H_01__no_answer_ends_its_quotes_or_its_line),
		TEST(the_wrong_kind_of_form_and_of_action_is_refused),
		TEST(too_many_answers_are_a_limit_and_not_memory),
		TEST(a_step_whose_turn_failed_can_be_taken_again),
		TEST(each_sees_the_commands_he_may_use),
		TEST(other_nodes_are_not_ours),
	};

	return cmocka_run_group_tests_name("command_step", tests, NULL, NULL);
}
