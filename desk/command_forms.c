/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_forms: the table of commands, the fields they share, and the way
 * from answers to a line.
 */
#include "config.h"

#include "desk/command_forms.h"

#include <string.h>

#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/base/catalogue.h"

#define LABEL_CHARS 120
#define VAR_BYTES 32

/* ---- what fields offer ---- */

const char *
command_text(const struct command_view *v, const char *text)
{
	return v->d->ops->text(v->d->arg, v->q, text);
}

static int
no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the form is too long");
}

/* A request of the same person, for looking something up. */
static struct request
look_up(const struct command_view *v, enum verb verb)
{
	return (struct request){ .verb = verb, .kind = STANZA_MESSAGE, .type = IQ_NOT,
		.id = v->q->id, .from = v->q->from, .bare = v->q->bare, .to = v->q->to,
		.pool = v->scratch };
}

static const char *
escaped(struct pool *pool, const char *text)
{
	struct buf b;
	const char *out;

	buf_init(&b, 8 * LABEL_CHARS * STR_ESCAPED);
	str_escape(&b, text, LABEL_CHARS, false);
	out = buf_ok(&b) ? pool_strdup(pool, buf_str(&b)) : NULL;
	buf_fini(&b);
	return out;
}

/* What he calls it, else its NAME, SN, node or address. */
static const char *
name_of(const struct found_thing *t)
{
	const struct tag *tag = tag_find(&t->tags, "NAME");

	if (t->name != NULL)
		return t->name;
	if (tag != NULL || (tag = tag_find(&t->tags, "SN")) != NULL)
		return tag->str;
	return t->node.id != NULL ? t->node.id : t->jid;
}

static const char *
thing_label(const struct command_view *v, const struct found_thing *t)
{
	const char *name = escaped(v->q->pool, name_of(t));
	const char *state = command_text(v, t->online ? N_("online") : N_("offline"));

	return name == NULL ? NULL : pool_printf(v->q->pool, "%s (%s)", name, state);
}

static const char *
thing_value(const struct command_view *v, const struct found_thing *t)
{
	const struct owned *o = ownership_by_address(v->d->ownership, t->jid, t->node.id,
	    t->node.source, t->node.partition);
	char *hex = pool_alloc(v->q->pool, 2 * OWNERSHIP_ID + 1);

	if (o == NULL || hex == NULL)
		return NULL;
	str_hex(hex, o->id, OWNERSHIP_ID);
	return hex;
}

static int
offer_things(const struct command_view *v, struct dataform *f, struct dataform_field *field,
    const struct reply_found *found, struct err *e)
{
	for (size_t i = 0; i < found->n && field->n_options < WIRE_FORM_VALUES; i++) {
		const char *value = thing_value(v, &found->thing[i]);
		const char *label = thing_label(v, &found->thing[i]);

		if (value == NULL || label == NULL)
			return no_room(e);
		dataform_offer(f, field, value, label);
	}
	return 0;
}

/* Page after page, as many as a list may have; the rest is found by chat. */
static int
fill_things(const struct command_view *v, struct dataform *f, struct dataform_field *field,
    struct err *e)
{
	struct request q = look_up(v, VERB_GET_DEVICES);
	struct reply r;

	do {
		pool_reset(v->scratch);
		memset(&r, 0, sizeof(r));
		q.u.devices.offset = (int64_t)field->n_options;
		if (v->d->ops->serve(v->d->arg, &q, &r, e) != 0)
			return -1;
		if (r.kind != REPLY_RESULT || r.body != BODY_FOUND || r.u.found.n == 0)
			break;
		if (offer_things(v, f, field, &r.u.found, e) != 0)
			return -1;
	} while (r.u.found.more && field->n_options < WIRE_FORM_VALUES);
	if (field->n_options > 0)
		return 1;
	v->d->ops->say(v->d->arg, v->why, &q, &r);
	return 0;
}

static const char *
said_text(const void *arg, const char *text)
{
	return command_text(arg, text);
}

static const char *
said(const struct command_view *v, const char *text)
{
	struct buf b;
	const char *out;

	buf_init(&b, 8 * LABEL_CHARS * STR_ESCAPED);
	saying_words(&b, text, said_text, v);
	out = pool_strdup(v->q->pool, buf_str(&b));
	buf_fini(&b);
	return out;
}

static int
fill_questions(const struct command_view *v, struct dataform *f, struct dataform_field *field,
    struct err *e)
{
	struct request q = look_up(v, VERB_QUESTIONS);
	struct reply r = { 0 };

	if (v->d->ops->serve(v->d->arg, &q, &r, e) != 0)
		return -1;
	if (r.kind != REPLY_RESULT || r.body != BODY_QUESTIONS || r.u.questions.n == 0) {
		v->d->ops->say(v->d->arg, v->why, &q, &r);
		return 0;
	}
	for (size_t i = 0; i < r.u.questions.n && i < WIRE_FORM_VALUES; i++) {
		const char *code = pool_strdup(v->q->pool, r.u.questions.question[i].code);
		const char *text = said(v, r.u.questions.question[i].text);

		if (code == NULL || text == NULL)
			return no_room(e);
		dataform_offer(f, field, code, text);
	}
	dataform_set(f, field, field->option[0].value);
	return 1;
}

static int
fill_rules(const struct command_view *v, struct dataform *f, struct dataform_field *field,
    struct err *e)
{
	struct request q = look_up(v, VERB_RULES);
	struct reply r = { 0 };

	if (v->d->ops->serve(v->d->arg, &q, &r, e) != 0)
		return -1;
	if (r.kind != REPLY_RESULT || r.body != BODY_RULES || r.u.rules.n == 0) {
		v->d->ops->say(v->d->arg, v->why, &q, &r);
		return 0;
	}
	for (size_t i = 0; i < r.u.rules.n && i < WIRE_FORM_VALUES; i++) {
		const struct rule_line *rule = &r.u.rules.rule[i];
		const char *number = pool_printf(v->q->pool, "%lld", (long long)rule->number);
		const char *text = escaped(v->q->pool, rule->text);

		if (number == NULL || text == NULL)
			return no_room(e);
		dataform_offer(f, field, number, text);
	}
	return 1;
}

/* ---- from answers to a line ---- */

static bool
is_ticked(const char *value)
{
	return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

/* Our line is read again: what would end a name or the line cannot be in it. */
static bool
is_speakable(const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f || *c == '"')
			return false;
	/* The quotation marks of phones, which words.c folds into plain ones. */
	return strstr(value, "\xe2\x80\x9c") == NULL && strstr(value, "\xe2\x80\x9d") == NULL &&
	    strstr(value, "\xe2\x80\x9e") == NULL && strstr(value, "\xe2\x80\x9f") == NULL &&
	    strstr(value, "\xc2\xab") == NULL && strstr(value, "\xc2\xbb") == NULL;
}

/* The thing of his that was chosen in this field: 1; 0 none. */
static int
chosen(const struct command_view *v, const char *var, const struct owned **out)
{
	const char *hex = command_session_value(v->session, var);
	uint8_t id[OWNERSHIP_ID];
	const struct owned *o;

	if (hex == NULL || str_unhex(id, sizeof(id), hex) != 0)
		return 0;
	o = ownership_by_id(v->d->ownership, id);
	if (o == NULL || (!owned_by(o, v->q->bare) &&
	    !v->d->ops->is_shared(v->d->arg, v->q->bare, o)))
		return 0;
	*out = o;
	return 1;
}

int
command_thing(const struct command_view *v, const struct owned **out)
{
	return chosen(v, "thing", out);
}

/* Any name it answers to; which one it is goes beside the line, as its id. */
static const char *
spoken_name(const struct owned *o)
{
	if (o->name != NULL && is_speakable(o->name))
		return o->name;
	return o->node != NULL && is_speakable(o->node) ? o->node : o->jid;
}

static const char *
spoken_value(const struct command_view *v, const char *var)
{
	const struct owned *o;

	if (strcmp(var, "thing") == 0 || strcmp(var, "new") == 0)
		return chosen(v, var, &o) == 1 ? spoken_name(o) : NULL;
	return command_session_value(v->session, var);
}

static size_t
take_var(const char *at, char var[static VAR_BYTES])
{
	size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz");

	n = n < VAR_BYTES ? n : VAR_BYTES - 1;
	memcpy(var, at, n);
	var[n] = '\0';
	return n;
}

/* Does the part in brackets that begins here apply? */
static bool
applies(const struct command_view *v, const char *at)
{
	char var[VAR_BYTES];

	for (; *at != ']' && *at != '\0'; at++) {
		if (strchr("$%?", *at) == NULL)
			continue;
		take_var(at + 1, var);
		if (*at == '?' ? !is_ticked(command_session_value(v->session, var)) :
		    spoken_value(v, var) == NULL)
			return false;
	}
	return true;
}

/* 0; 1: it cannot be said. */
static int
say_value(const struct command_view *v, struct buf *line, const char *var, bool quoted)
{
	const char *value = spoken_value(v, var);

	if (value == NULL) {
		buf_adds(v->why, command_text(v, N_("Something is missing.")));
		return 1;
	}
	if (!is_speakable(value)) {
		buf_adds(v->why, command_text(v, N_("A value cannot hold quotation marks or "
		    "several lines.")));
		return 1;
	}
	buf_adds(line, quoted ? "\"" : "");
	buf_adds(line, value);
	buf_adds(line, quoted ? "\"" : "");
	return 0;
}

static int
expand(const struct command_view *v, const char *at, struct buf *line)
{
	char var[VAR_BYTES];

	while (*at != '\0') {
		char c = *at++;

		if (c == '[' && !applies(v, at)) {
			at += strcspn(at, "]");
		} else if (c == '?') {
			at += take_var(at, var);
		} else if (c == '$' || c == '%') {
			at += take_var(at, var);
			if (say_value(v, line, var, c == '$') != 0)
				return 1;
		} else if (c != '[' && c != ']') {
			buf_addc(line, c);
		}
	}
	return 0;
}

int
command_line(const struct command_view *v, const struct command_stage *stage, struct buf *line,
    struct err *e)
{
	int rc = stage->write != NULL ? stage->write(v, line, e) : expand(v, stage->line, line);

	if (rc == 0 && !buf_ok(line))
		return no_room(e);
	return rc;
}

/* ---- claim ---- */

static void
tag_of(struct tag_list *l, const struct command_view *v, const char *var, bool may_be_number)
{
	struct tag *t = &l->tag[l->n];
	const char *value = command_session_value(v->session, var);

	if (value == NULL)
		return;
	*t = (struct tag){ .name = var, .str = value };
	t->is_num = may_be_number && str_to_double(value, &t->num) == 0;
	l->n++;
}

/* The label of a thing, typed field by field. */
static int
write_label(const struct command_view *v, struct buf *line)
{
	struct tag tags[5];
	struct iotdisco d = { .tags = { 0, tags } };

	tag_of(&d.tags, v, "SN", false);
	tag_of(&d.tags, v, "MAN", false);
	tag_of(&d.tags, v, "MODEL", false);
	tag_of(&d.tags, v, "V", true);
	tag_of(&d.tags, v, "KEY", false);
	if (d.tags.n == 0 || command_session_value(v->session, "KEY") == NULL) {
		buf_adds(v->why, command_text(v, N_("Give me the whole text that the thing shows, "
		    "or what is on its label, with the KEY.")));
		return 1;
	}
	iotdisco_write(line, &d);
	return 0;
}

static int
write_claim(const struct command_view *v, struct buf *line, struct err *e)
{
	const char *text = command_session_value(v->session, "text");

	(void)e;
	buf_adds(line, is_ticked(command_session_value(v->session, "public")) ?
	    "claim publicly " : "claim ");
	if (text == NULL)
		return write_label(v, line);
	buf_adds(line, text);
	return 0;
}

/* ---- a rule ---- */

/* A rule and nothing else: what is typed here is no other command. */
static int
write_typed(const struct command_view *v, const char *typed, struct buf *line)
{
	static const char *const words[] = { "allow ", "deny ", "ask ", "touch " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_case_starts(typed, words[i]) || strpbrk(typed, "\r\n") != NULL)
			continue;
		buf_adds(line, typed);
		return 0;
	}
	buf_adds(v->why, command_text(v, N_("A rule is one line that begins with allow, deny, "
	    "ask about or touch for.")));
	return 1;
}

static int
write_what_if(const struct command_view *v, struct buf *line, struct err *e)
{
	const char *typed = command_session_value(v->session, "line");

	(void)e;
	buf_adds(line, "what if ");
	if (typed != NULL && strpbrk(typed, "\r\n") == NULL &&
	    (str_case_starts(typed, "forget ") || str_case_starts(typed, "revoke "))) {
		buf_adds(line, typed);
		return 0;
	}
	return write_typed(v, typed != NULL ? typed : "", line);
}

static int
write_rule(const struct command_view *v, struct buf *line, struct err *e)
{
#define CLAUSES "[ only %kind][ for %for][ daily %daily][ on %days][ at most %rate][ lease %lease]"
	static const char some[] = "%effect %who to %may [$name ][%values ]of $thing" CLAUSES;
	static const char every[] = "%effect %who to %may [$name ][%values ]of all my things" CLAUSES;
	static const char all[] = "%effect %who everything[ of $thing]" CLAUSES;
#undef CLAUSES
	const char *typed = command_session_value(v->session, "line");
	const char *may = command_session_value(v->session, "may");

	(void)e;
	if (typed != NULL)
		return write_typed(v, typed, line);
	if (may != NULL && strcmp(may, "everything") == 0)
		return expand(v, all, line);
	return expand(v, spoken_value(v, "thing") != NULL ? some : every, line);
}

/* ---- tags and sets ---- */

/* Values of tags may stand in quotes, as in chat; another line may not begin. */
static int
write_words_and_tags(const struct command_view *v, const char *words, struct buf *line)
{
	const char *tags = command_session_value(v->session, "tags");

	if (tags == NULL || strpbrk(tags, "\r\n") != NULL) {
		buf_adds(v->why, command_text(v, N_("A value cannot hold several lines.")));
		return 1;
	}
	if (expand(v, words, line) != 0)
		return 1;
	buf_adds(line, tags);
	return 0;
}

static int
write_tags(const struct command_view *v, struct buf *line, struct err *e)
{
	(void)e;
	return write_words_and_tags(v, "tag $thing ", line);
}

static int
write_find(const struct command_view *v, struct buf *line, struct err *e)
{
	(void)e;
	return write_words_and_tags(v, "find ", line);
}

/* The names that he uses for the things he ticked. */
static int
write_set(const struct command_view *v, struct buf *line, struct err *e)
{
	const struct name_list *ticked = command_session_values(v->session, "things");
	uint8_t id[OWNERSHIP_ID];

	(void)e;
	if (expand(v, "set %name = ", line) != 0)
		return 1;
	for (size_t i = 0; ticked != NULL && i < ticked->n; i++) {
		const struct owned *o = str_unhex(id, sizeof(id), ticked->name[i]) == 0 ?
		    ownership_by_id(v->d->ownership, id) : NULL;

		if (o == NULL || !owned_by(o, v->q->bare)) {
			buf_adds(v->why, command_text(v, N_("Something is missing.")));
			return 1;
		}
		buf_addf(line, "%s\"%s\"", i > 0 ? ", " : "", spoken_name(o));
	}
	return 0;
}

/* ---- the table ---- */

#define END { .var = NULL }

static const struct command_choice answers[] = {
	{ "yes", N_("yes, exactly this") }, { "always", N_("always, all of this kind") },
	{ "no", N_("no") }, { NULL, NULL }
};
static const struct command_choice actions[] = {
	{ "befriend", N_("befriend") }, { "read", N_("read") }, { "control", N_("control") },
	{ NULL, NULL }
};
static const struct command_choice rights[] = {
	{ "befriend", N_("befriend") }, { "read", N_("read") }, { "control", N_("control") },
	{ "everything", N_("everything") }, { NULL, NULL }
};
static const struct command_choice kinds[] = {
	{ "momentary", N_("what it is now") }, { "historical", N_("what it was") },
	{ "status", N_("its status") }, { "identity", N_("what it is called") },
	{ "peak", N_("peaks") }, { "computed", N_("what it computes") }, { NULL, NULL }
};
static const struct command_choice effects[] = {
	{ "allow", N_("allow") }, { "deny", N_("deny") }, { NULL, NULL }
};
static const struct command_choice thing_acts[] = {
	{ "show", N_("Look at it") }, { "name", N_("Give it a name") },
	{ "tag", N_("Describe it") }, { "share", N_("Let somebody in") },
	{ "why", N_("May somebody, and why") }, { "history", N_("What happened to it") },
	{ "publish", N_("Let others find it, or not") },
	{ "remove", N_("Take it off the list") }, { "transfer", N_("Give it away") },
	{ "disown", N_("Let it go") }, { "replace", N_("Something takes its place") },
	{ NULL, NULL }
};
static const struct command_choice rule_acts[] = {
	{ "rules-list", N_("List my rules") }, { "rule", N_("Add a rule") },
	{ "what-if", N_("Try a rule without effect") },
	{ "forget", N_("Take a rule away") }, { "revoke", N_("Take back what somebody was allowed") },
	{ NULL, NULL }
};

static const struct command_choice guests[] = {
	{ "to read", N_("read") }, { "to control", N_("control") },
	{ "to read and control", N_("read and control") },
	{ "as co-owner", N_("everything, and let others in as far (co-owner)") }, { NULL, NULL }
};
static const struct command_choice publishing[] = {
	{ "publish", N_("Everybody can find it") }, { "unpublish", N_("Nobody else finds it") },
	{ NULL, NULL }
};
static const struct command_choice set_acts[] = {
	{ "sets-list", N_("List my sets") }, { "set", N_("Make or change a set") },
	{ "set-end", N_("End a set") }, { NULL, NULL }
};
static const struct command_choice setting_acts[] = {
	{ "language", N_("Language") }, { "timezone", N_("Time zone") },
	{ "mute", N_("Quiet for a while") }, { "digest", N_("News once a day") },
	{ NULL, NULL }
};
static const struct command_choice languages[] = {
	{ "en", "English" }, { "de", "Deutsch" }, { NULL, NULL }
};
static const struct command_choice account_acts[] = {
	{ "ownership-code", N_("Give me a new ownership code") },
	{ "prove", N_("Prove that this account is mine") },
	{ "recover", N_("Take over the things of my lost account") }, { NULL, NULL }
};
static const struct command_choice on_off[] = {
	{ "on", N_("on") }, { "off", N_("off") }, { NULL, NULL }
};

#define THING { .kind = DATAFORM_LIST_SINGLE, .var = "thing", .label = N_("Thing"), \
	.required = true, .fill = fill_things }
#define ANY_THING { .kind = DATAFORM_LIST_SINGLE, .var = "thing", \
	.label = N_("Thing (none: all of them)"), .fill = fill_things }
#define WHO { .kind = DATAFORM_TEXT_SINGLE, .var = "who", \
	.label = N_("Who (an address, *@domain or anyone)"), .required = true }

static const struct command_field claim_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "text",
	    .label = N_("The text that the thing shows") },
	{ .kind = DATAFORM_FIXED, .var = "or", .preset = N_("Or what is on its label:") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "SN", .label = N_("Serial number (SN)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "MAN", .label = N_("Maker (MAN)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "MODEL", .label = N_("Model (MODEL)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "V", .label = N_("Version (V)") },
	{ .kind = DATAFORM_TEXT_PRIVATE, .var = "KEY", .label = N_("Key (KEY)") },
	{ .kind = DATAFORM_BOOLEAN, .var = "public", .label = N_("Let everybody find it"),
	    .preset = "0" },
	END
};
static const struct command_field thing_field[] = { THING, END };
static const struct command_field acts_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "do", .label = N_("What to do with it"),
	    .required = true, .choice = thing_acts, .preset = "show" },
	END
};
static const struct command_field name_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "name", .label = N_("New name"), .required = true },
	END
};
static const struct command_field question_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "question", .label = N_("Question"),
	    .required = true, .fill = fill_questions },
	{ .kind = DATAFORM_LIST_SINGLE, .var = "answer", .label = N_("Your answer"),
	    .required = true, .choice = answers },
	END
};
static const struct command_field rules_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "do", .label = N_("What to do"),
	    .required = true, .choice = rule_acts, .preset = "rules-list" },
	END
};
static const struct command_field rule_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "effect", .label = N_("Allow or deny"),
	    .choice = effects, .preset = "allow" },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "who",
	    .label = N_("Who (an address, *@domain or anyone)") },
	{ .kind = DATAFORM_LIST_SINGLE, .var = "may", .label = N_("What"), .choice = rights,
	    .preset = "read" },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "name",
	    .label = N_("Only this field or parameter") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "values",
	    .label = N_("Only these values (from 0 to 50, = eco|comfort)") },
	{ .kind = DATAFORM_LIST_SINGLE, .var = "kind", .label = N_("Only this kind of reading"),
	    .choice = kinds },
	ANY_THING,
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "for", .label = N_("For how long (2 h, 7 d)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "daily",
	    .label = N_("Only at these hours (07:00-22:00)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "days", .label = N_("Only on these days (mon-fri)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "rate",
	    .label = N_("At most so often (3 times an hour)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "lease",
	    .label = N_("Asked again after (5 m)") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "line",
	    .label = N_("Or the whole rule in one line") },
	END
};
static const struct command_field forget_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "rule", .label = N_("Rule"), .required = true,
	    .fill = fill_rules },
	END
};
static const struct command_field revoke_fields[] = { WHO, ANY_THING, END };
static const struct command_field why_fields[] = {
	{ .kind = DATAFORM_JID_SINGLE, .var = "who", .label = N_("Who"), .required = true },
	{ .kind = DATAFORM_LIST_SINGLE, .var = "may", .label = N_("What"), .required = true,
	    .choice = actions, .preset = "read" },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "name", .label = N_("Field or parameter") },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "value", .label = N_("Value to set it to") },
	END
};

static const struct command_field tag_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "tags", .required = true,
	    .label = N_("Tags to set (room=kitchen floor=1) or to take away (-floor)") },
	END
};
static const struct command_field find_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "tags", .required = true,
	    .label = N_("Tags it has (class=lamp room=kitchen)") },
	END
};
static const struct command_field what_if_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "line", .required = true,
	    .label = N_("The whole rule in one line") },
	END
};
static const struct command_field replace_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "new", .label = N_("What takes its place"),
	    .required = true, .fill = fill_things },
	END
};
static const struct command_field share_fields[] = {
	{ .kind = DATAFORM_JID_SINGLE, .var = "who", .label = N_("Who"), .required = true },
	{ .kind = DATAFORM_LIST_SINGLE, .var = "as", .label = N_("What"), .required = true,
	    .choice = guests, .preset = "to read" },
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "for", .label = N_("For how long (2 h, 7 d)") },
	END
};
static const struct command_field transfer_fields[] = {
	{ .kind = DATAFORM_JID_SINGLE, .var = "who", .label = N_("New owner"), .required = true },
	END
};
static const struct command_field code_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "code", .label = N_("Code"), .required = true },
	END
};
static const struct command_field offline_fields[] = {
	{ .kind = DATAFORM_BOOLEAN, .var = "offline", .label = N_("Also when it is switched off"),
	    .preset = "0" },
	END
};
static const struct command_field publish_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "act", .label = N_("Who finds it"),
	    .required = true, .choice = publishing },
	END
};
static const struct command_field any_thing_field[] = { ANY_THING, END };
static const struct command_field sets_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "do", .label = N_("What to do"),
	    .required = true, .choice = set_acts, .preset = "sets-list" },
	END
};
static const struct command_field set_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "name", .label = N_("Name of the set"),
	    .required = true },
	{ .kind = DATAFORM_LIST_MULTI, .var = "things", .label = N_("Things in it"),
	    .required = true, .fill = fill_things },
	END
};
static const struct command_field set_end_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "name", .label = N_("Name of the set"),
	    .required = true },
	END
};
static const struct command_field settings_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "do", .label = N_("What to change"),
	    .required = true, .choice = setting_acts },
	END
};
static const struct command_field account_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "do", .label = N_("What to do"),
	    .required = true, .choice = account_acts },
	END
};
static const struct command_field secret_fields[] = {
	{ .kind = DATAFORM_TEXT_PRIVATE, .var = "code", .label = N_("Ownership code"),
	    .required = true },
	END
};
static const struct command_field language_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "language", .label = N_("Language"),
	    .required = true, .choice = languages },
	END
};
static const struct command_field timezone_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "zone",
	    .label = N_("Time zone (Europe/Berlin)"), .required = true },
	END
};
static const struct command_field mute_fields[] = {
	{ .kind = DATAFORM_TEXT_SINGLE, .var = "for", .label = N_("For how long (2 h; off: no more)"),
	    .required = true, .preset = "2 h" },
	END
};
static const struct command_field digest_fields[] = {
	{ .kind = DATAFORM_LIST_SINGLE, .var = "digest", .label = N_("News once a day"),
	    .required = true, .choice = on_off },
	END
};

static const struct command_form forms[] = {
	{ "claim", N_("Make a thing yours"), true, false, 1, {
	    { .field = claim_fields, .write = write_claim } } },
	{ "things", N_("Your things"), false, false, 2, {
	    { .field = thing_field, .line = "things",
	      .about = N_("Choose one to go on, or finish to see them all.") },
	    { .field = acts_fields, .jumps = true } } },
	{ "show", N_("Look at a thing"), false, false, 1, {
	    { .field = thing_field, .line = "show $thing" } } },
	{ "name", N_("Give a thing a name"), false, false, 2, {
	    { .field = thing_field },
	    { .field = name_fields, .line = "name $thing $name" } } },
	{ "questions", N_("What waits for your answer"), false, false, 1, {
	    { .field = question_fields, .line = "%answer %question" } } },
	{ "rules", N_("Your rules"), false, false, 1, {
	    { .field = rules_fields, .jumps = true } } },
	{ "rules-list", N_("List my rules"), false, true, 1, {
	    { .line = "rules" } } },
	{ "rule", N_("Add a rule"), false, true, 1, {
	    { .field = rule_fields, .write = write_rule } } },
	{ "what-if", N_("Try a rule without effect"), false, true, 1, {
	    { .field = what_if_fields, .write = write_what_if } } },
	{ "forget", N_("Take a rule away"), false, true, 1, {
	    { .field = forget_fields, .line = "forget %rule" } } },
	{ "revoke", N_("Take back what somebody was allowed"), false, true, 1, {
	    { .field = revoke_fields, .line = "revoke %who[ of $thing]" } } },
	{ "tag", N_("Describe a thing"), false, false, 2, {
	    { .field = thing_field },
	    { .field = tag_fields, .write = write_tags } } },
	{ "share", N_("Let somebody in"), false, false, 2, {
	    { .field = thing_field },
	    { .field = share_fields, .line = "share $thing with %who %as[ for %for]" } } },
	{ "why", N_("May somebody, and why"), false, false, 2, {
	    { .field = thing_field },
	    { .field = why_fields, .line = "why %who %may [$name ][$value ]of $thing" } } },
	{ "history", N_("What happened"), false, false, 1, {
	    { .field = any_thing_field, .line = "history[ $thing]" } } },
	{ "publish", N_("Who finds a thing"), false, false, 2, {
	    { .field = thing_field },
	    { .field = publish_fields, .line = "%act $thing" } } },
	{ "remove", N_("Take a thing off the list"), false, false, 1, {
	    { .field = thing_field, .line = "remove $thing" } } },
	{ "transfer", N_("Give a thing away"), false, false, 2, {
	    { .field = thing_field },
	    { .field = transfer_fields, .line = "transfer $thing to %who" } } },
	{ "accept", N_("Take what somebody gives you"), true, false, 1, {
	    { .field = code_fields, .line = "accept %code" } } },
	{ "disown", N_("Let a thing go"), false, false, 2, {
	    { .field = thing_field },
	    { .field = offline_fields, .line = "disown $thing[?offline offline]" } } },
	{ "replace", N_("Something takes the place of a thing"), false, true, 2, {
	    { .field = thing_field },
	    { .field = replace_fields, .line = "replace $thing by $new" } } },
	{ "find", N_("Find things"), false, false, 1, {
	    { .field = find_fields, .write = write_find } } },
	{ "sets", N_("Sets of things"), false, false, 1, {
	    { .field = sets_fields, .jumps = true } } },
	{ "sets-list", N_("List my sets"), false, true, 1, {
	    { .line = "sets" } } },
	{ "set", N_("Make or change a set"), false, true, 1, {
	    { .field = set_fields, .write = write_set } } },
	{ "set-end", N_("End a set"), false, true, 1, {
	    { .field = set_end_fields, .line = "set %name =" } } },
	{ "settings", N_("How I talk to you"), true, false, 1, {
	    { .field = settings_fields, .jumps = true } } },
	{ "language", N_("Language"), true, true, 1, {
	    { .field = language_fields, .line = "language %language" } } },
	{ "timezone", N_("Time zone"), true, true, 1, {
	    { .field = timezone_fields, .line = "timezone %zone" } } },
	{ "mute", N_("Quiet for a while"), true, true, 1, {
	    { .field = mute_fields, .line = "mute %for" } } },
	{ "digest", N_("News once a day"), true, true, 1, {
	    { .field = digest_fields, .line = "digest %digest" } } },
	{ "code", N_("Say what a thing shows you"), true, false, 1, {
	    { .field = code_fields, .line = "code %code" } } },
	{ "account", N_("If you lose this account"), true, false, 1, {
	    { .field = account_fields, .jumps = true } } },
	{ "ownership-code", N_("A new ownership code"), true, true, 1, {
	    { .line = "ownership code" } } },
	{ "prove", N_("Prove that this account is yours"), true, true, 1, {
	    { .field = secret_fields, .line = "prove %code" } } },
	{ "recover", N_("Take over the things of your lost account"), true, true, 1, {
	    { .field = secret_fields, .line = "recover %code" } } },
	{ "undo", N_("Take back your last change"), false, false, 1, {
	    { .line = "undo" } } },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

const struct command_form *
command_form_at(size_t i)
{
	return i < FORMS ? &forms[i] : NULL;
}

const struct command_form *
command_form_find(const char *node)
{
	for (size_t i = 0; i < FORMS; i++)
		if (strcmp(forms[i].node, node) == 0)
			return &forms[i];
	return NULL;
}

bool
command_picks_thing(const struct command_form *f)
{
	return f->stage[0].field == thing_field || f->stage[0].field == any_thing_field;
}
