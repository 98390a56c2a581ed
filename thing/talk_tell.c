/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk_tell: what the thing tells about itself, and about what it was told: its
 * words, fields and nodes, who may what, and why.  It asks nobody and touches no
 * driver.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "thing/talk_part.h"

#define SHOWN 12	/* people, or answers, in one message */

/* ---- help, fields, nodes ------------------------------------------------ */

static void add_fields(struct talk *t, const struct thing_node *n)
{
	for (size_t i = 0; i < n->board.n_fields; i++)
		buf_addf(&t->out, "%s%s", i ? ", " : "", n->board.field[i]->name);
}

static void add_controls(struct talk *t, const struct thing_node *n)
{
	for (size_t i = 0; i < n->board.n_controls; i++) {
		size_t mark;

		buf_addf(&t->out, "%s%s (", i ? ", " : "", n->board.control[i]->name);
		mark = t->out.len;
		board_takes(&t->out, n->board.control[i], &t->words);
		if (t->out.len == mark)
			buf_truncate(&t->out, mark - 2);
		else
			buf_addc(&t->out, ')');
	}
}

void talk_help(struct talk *t, const char *rest)
{
	const struct thing_node *n = nodes_device(t->js->nodes);

	(void)rest;
	TALK(t, N_("I know these words:"));
	TALK(t, N_("\nread - everything you may see"));
	if (n->board.n_fields) {
		TALK(t, N_("\nread FIELD - "));
		add_fields(t, n);
		TALK(t, N_("\nwatch FIELD, watch FIELD every 10 min, watch FIELD when below 5 - "
		    "I tell you; watches, unwatch FIELD"));
	}
	if (n->board.n_controls) {
		TALK(t, N_("\nset PARAMETER VALUE - "));
		add_controls(t, n);
	}
	if (t->js->nodes->n > 1)
		TALK(t, N_("\nnodes - what is behind me; read NODE, set NODE PARAMETER VALUE"));
	TALK(t, N_("\nfields - what can be read and set\nwho - who may what"));
	TALK(t, N_("\nwhy read FIELD, why set PARAMETER - why you may, or may not\nhelp - this"));
}

static bool is_granted(const struct decisions_row *r, const struct thing_node *n)
{
	const struct node_list *l = r->what.nodes.n > 0 ? &r->what.nodes : &r->asked_nodes;

	for (size_t i = 0; i < l->n; i++)
		if (node_equal(&l->node[i], &n->at))
			return r->what.allowed;
	return false;
}

/* As ruling 29 has it: what he owns, and what he may read or set as far as is known now;
 * nobody is asked for that. */
static void look(const struct talk *t, bool sees[static KITH_THING_NODES + 1])
{
	const struct nodes *ns = t->js->nodes;
	const struct access *a = t->js->access;
	const char *asker = talk_request(t)->bare;
	bool all = access_owns(a, nodes_device(ns), asker), more = !all;

	for (size_t k = 0; k < ns->n; k++)
		sees[k] = all || k == 0 || access_owns(a, ns->node[k], asker);
	for (size_t i = 0; more; i++) {
		struct decisions_row r;
		struct pool pool;

		pool_init(&pool, WIRE_REQUEST_BYTES);
		more = decisions_at(t->js->decisions, i, &pool, &r);
		if (more && r.action != DECIDE_FRIEND && strcmp(r.jid, asker) == 0)
			for (size_t k = 0; k < ns->n; k++)
				sees[k] = sees[k] || is_granted(&r, ns->node[k]);
		pool_fini(&pool);
	}
}

static bool is_seen(const struct talk *t, const struct thing_node *n)
{
	bool sees[KITH_THING_NODES + 1];

	look(t, sees);
	for (size_t k = 0; k < t->js->nodes->n; k++)
		if (t->js->nodes->node[k] == n)
			return sees[k];
	return false;
}

void talk_fields(struct talk *t, const char *rest)
{
	const struct thing_node *n = talk_node(t, &rest);

	if (!is_seen(t, n))
		n = nodes_device(t->js->nodes);
	for (size_t i = 0; i < n->board.n_fields; i++) {
		const struct board_field *f = n->board.field[i];

		buf_addf(&t->out, "%s%s%s%s", t->out.len ? "\n" : "", f->name,
		    f->unit[0] ? ", " : "", f->unit);
	}
	if (n->board.n_controls > 0) {
		TALK(t, t->out.len ? N_("\nCan be set: ") : N_("Can be set: "));
		add_controls(t, n);
	}
	if (t->out.len == 0)
		TALK(t, N_("There is nothing to read or set here."));
}

void talk_nodes(struct talk *t, const char *rest)
{
	const struct nodes *ns = t->js->nodes;
	bool sees[KITH_THING_NODES + 1];

	(void)rest;
	look(t, sees);
	for (size_t i = 1; i < ns->n; i++) {
		const struct thing_node *n = ns->node[i];

		if (!sees[i])
			continue;
		buf_adds(&t->out, t->out.len ? "\n" : "");
		str_escape(&t->out, n->name ? n->name : n->at.id, 60, false);
		if (n->name && strcmp(n->name, n->at.id) != 0) {
			buf_adds(&t->out, " (");
			str_escape(&t->out, n->at.id, 60, false);
			buf_addc(&t->out, ')');
		}
	}
	if (ns->n == 1)
		TALK(t, N_("There is nothing behind me: I am one thing."));
	else if (t->out.len == 0)
		TALK(t, N_("Of what is behind me you have seen nothing so far. Try: read NODE"));
}

/* ---- who ---------------------------------------------------------------- */

static void add_list(struct talk *t, const struct name_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_adds(&t->out, i ? ", " : " ");
		str_escape(&t->out, l->name[i], 60, false);
	}
	if (l->n == 0)
		TALK(t, N_(" everything"));
}

static void add_left(struct talk *t, const struct decisions_row *r)
{
	struct buf time;

	if (r->left_ms == 0) {
		TALK(t, N_(" (only while nobody can be asked)"));
		return;
	}
	buf_init(&time, 128);
	within_time(&time, &t->words, r->left_ms);
	TALK(t, N_(" (for %1)"), buf_str(&time));
	buf_fini(&time);
}

/* What was granted of what was asked. */
static const struct name_list *names_of(const struct decisions_row *r)
{
	return r->what.names.n > 0 ? &r->what.names : &r->asked_names;
}

static void add_row(struct talk *t, const struct decisions_row *r)
{
	static const char *const yes[] = {
		[DECIDE_FRIEND] = N_("; is a friend"), [DECIDE_READ] = N_("; may read"),
		[DECIDE_CONTROL] = N_("; may set"),
	};
	static const char *const no[] = {
		[DECIDE_FRIEND] = N_("; is no friend"), [DECIDE_READ] = N_("; may not read"),
		[DECIDE_CONTROL] = N_("; may not set"),
	};

	TALK(t, r->what.allowed ? yes[r->action] : no[r->action]);
	if (r->action != DECIDE_FRIEND)
		add_list(t, names_of(r));
	add_left(t, r);
}

static void add_person(struct talk *t, const char *bare)
{
	struct decisions_row r;
	struct pool pool;
	size_t shown = 0;
	bool more = true;

	buf_adds(&t->out, t->out.len ? "\n" : "");
	str_escape(&t->out, bare, JID_MAX, false);
	for (size_t i = 0; more && shown < SHOWN; i++) {
		pool_init(&pool, WIRE_REQUEST_BYTES);
		more = decisions_at(t->js->decisions, i, &pool, &r);
		if (more && strcmp(r.jid, bare) == 0 && r.action != DECIDE_FRIEND) {
			add_row(t, &r);
			shown++;
		}
		pool_fini(&pool);
	}
	if (shown == 0)
		TALK(t, N_("; has asked for nothing lately"));
}

/* The owner sees all, a friend himself. */
void talk_who(struct talk *t, const char *rest)
{
	const char *asker = talk_request(t)->bare;
	const struct friends *f = t->js->access->friends;
	bool all = access_owns(t->js->access, nodes_device(t->js->nodes), asker);
	size_t shown = 0;

	(void)rest;
	if (all)
		TALK(t, N_("You are my owner. My friends, and what I was told about them:"));
	for (size_t i = 0; i < f->n && shown < SHOWN; i++)
		if (f->friend[i].from && strcmp(f->friend[i].bare, asker) != 0 && all) {
			add_person(t, f->friend[i].bare);
			shown++;
		}
	if (all && shown == 0)
		TALK(t, N_("\nnobody"));
	if (all && shown == SHOWN)
		TALK(t, N_("\n... and more"));
	if (!all)
		add_person(t, asker);
}

/* ---- why ---------------------------------------------------------------- */

static bool has_name(const struct name_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_case_eq(l->name[i], name))
			return true;
	return l->n == 0;
}

static bool is_about(const struct decisions_row *r, const struct thing_node *n)
{
	if (r->asked_nodes.n == 0)
		return true;
	for (size_t i = 0; i < r->asked_nodes.n; i++)
		if (node_equal(&r->asked_nodes.node[i], &n->at))
			return true;
	return false;
}

static void add_rules(struct talk *t, const struct decisions_row *r, const char *name)
{
	struct buf only;
	char rule[STR_DOUBLE];

	buf_init(&only, 1024);
	within_words(&only, &t->words, &r->what, name);
	if (only.len > 0)
		TALK(t, N_(" Only so: %1."), buf_str(&only));
	for (size_t i = 0; i < r->what.n_limits; i++) {
		const struct limit *l = &r->what.limit[i];

		if (!span_is_about(&l->span, name))
			continue;
		buf_reset(&only);
		str_from_double(rule, (double)l->rule);
		if (l->rate_n > 0) {
			within_rate(&only, &t->words, l);
			TALK(t, N_(" By rule %1 %2."), rule, buf_str(&only));
		} else {
			TALK(t, N_(" By rule %1."), rule);
		}
	}
	buf_fini(&only);
}

static void explain(struct talk *t, const struct decisions_row *r, const char *name)
{
	bool yes = r->what.allowed && has_name(&r->what.names, name);
	char revision[STR_DOUBLE];
	struct buf time;

	TALK(t, yes ? r->action == DECIDE_READ ? N_("You may read %1") : N_("You may set %1") :
	    r->action == DECIDE_READ ? N_("You may not read %1") : N_("You may not set %1"), name);
	if (!yes) {
		talk_reason(t, &r->what.why);
	} else if (r->left_ms > 0) {
		buf_init(&time, 128);
		within_time(&time, &t->words, r->left_ms);
		str_from_double(revision, (double)r->what.revision);
		TALK(t, N_(": my owner's rules said so (revision %1). I ask again in %2."),
		    revision, buf_str(&time));
		buf_fini(&time);
		add_rules(t, r, name);
	} else {
		buf_addc(&t->out, '.');
	}
	if (yes && r->what.standby)
		TALK(t, N_(" While nobody can be asked, you may go on."));
	if (!yes && r->what.why.retry_after_ms > 0)
		talk_again(t, r->what.why.retry_after_ms);
}

/* The latest that I was told about that; false: nothing. */
static bool find_and_explain(struct talk *t, enum decision_action action,
    const struct thing_node *n, const char *name)
{
	struct decisions_row r;
	struct pool pool;
	bool more = true, found = false;

	for (size_t i = 0; more && !found; i++) {
		pool_init(&pool, WIRE_REQUEST_BYTES);
		more = decisions_at(t->js->decisions, i, &pool, &r);
		found = more && r.action == action && is_about(&r, n) &&
		    strcmp(r.jid, talk_request(t)->bare) == 0 && has_name(&r.asked_names, name);
		if (found)
			explain(t, &r, name);
		pool_fini(&pool);
	}
	return found;
}

static void why_one(struct talk *t, enum decision_action action, const struct thing_node *n,
    const char *name)
{
	if (access_owns(t->js->access, n, talk_request(t)->bare))
		TALK(t, N_("You may: you are the owner."));
	else if (!find_and_explain(t, action, n, name))
		TALK(t, action == DECIDE_READ ? N_("I was told nothing about that lately. "
		    "Try it: read %1") : N_("I was told nothing about that lately. "
		    "Try it: set %1 VALUE"), name);
}

static const struct { const char *word; enum decision_action action; } deeds[] = {
	{ "read ", DECIDE_READ }, { "lies ", DECIDE_READ }, { "lesen ", DECIDE_READ }, { "reading ", DECIDE_READ },
	{ "set ", DECIDE_CONTROL }, { "setze ", DECIDE_CONTROL }, { "setzen ", DECIDE_CONTROL }, { "control ", DECIDE_CONTROL },
};

void talk_why(struct talk *t, const char *rest)
{
	int action = -1;
	const struct thing_node *n;
	const struct board_field *f;
	const struct board_control *p;
	char *line = pool_strdup(&(*t->call)->pool, rest);

	if (line && *line && line[strlen(line) - 1] == '?')
		line[strlen(line) - 1] = '\0';
	rest = line ? line : "";
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]) && action < 0; i++)
		if (str_case_starts(rest, deeds[i].word)) {
			action = (int)deeds[i].action;
			rest += strlen(deeds[i].word);
		}
	if (!*rest) {
		add_person(t, talk_request(t)->bare);
		TALK(t, N_("\nAsk about one: why read FIELD, why set PARAMETER"));
		return;
	}
	n = talk_node(t, &rest);
	f = talk_field(&n->board, rest);
	p = talk_control(&n->board, rest);
	if (action != DECIDE_CONTROL && f)
		why_one(t, DECIDE_READ, n, f->name);
	else if (action != DECIDE_READ && p)
		why_one(t, DECIDE_CONTROL, n, p->name);
	else if (action == DECIDE_CONTROL)
		talk_no_control(t, n, rest);
	else
		talk_no_field(t, n, rest);
}
