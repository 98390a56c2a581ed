/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: three iqs at most, each a row of `steps`: the invitation, the
 * question what is asked for, the answer.  What is asked for is read by
 * account_form.c.
 */
#include "config.h"

#include "common/wire/account.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/account_form.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/wait.h"
#include "common/wire/xml.h"

#define SAID 120	/* most characters of what a server says that are shown */

enum iq { SHOW_INVITE, ASK_FORM, SEND_FORM };

struct account {
	struct account_conf conf;
	enum iq iq;
	struct account_form form;
	unsigned signed_so_far;		/* dialects of the signature that were refused */
	int64_t wait_ms;
	char text[ERR_TEXT];
};

struct account *
account_new(const struct account_conf *conf, struct err *e)
{
	struct account *a = mem_zalloc(sizeof(*a));

	if (a == NULL) {
		(void)err_set(e, ERR_SYSTEM, "no memory to ask for an account");
		return NULL;
	}
	a->conf = *conf;
	a->iq = conf->invite != NULL ? SHOW_INVITE : ASK_FORM;
	account_form_init(&a->form);
	return a;
}

void
account_free(struct account **account)
{
	if (*account == NULL)
		return;
	account_form_fini(&(*account)->form);
	mem_free(*account);
	*account = NULL;
}

const char *
account_text(const struct account *a)
{
	return a->text;
}

int64_t
account_wait_ms(const struct account *a)
{
	return a->wait_ms;
}

/* Refusals */

static enum account_step
end(struct account *a, enum account_step step, const char *text)
{
	(void)snprintf(a->text, sizeof(a->text), "%s", text);
	return step;
}

static const struct stanza *
condition_of(const struct stanza *error)
{
	const struct stanza *c = error != NULL ? stanza_first(error) : NULL;

	while (c != NULL && (strcmp(stanza_ns(c), NS_STANZAS) != 0 ||
	    strcmp(stanza_name(c), "text") == 0))
		c = stanza_next(c);
	return c;
}

static bool
is_condition(const struct stanza *condition, const char *name)
{
	return condition != NULL && strcmp(stanza_name(condition), name) == 0;
}

/* What the server says goes into a log: one line, and never with our password or
 * invitation in it (K-17). */
static void
say_why(struct account *a, const char *what, const struct stanza *error)
{
	const struct stanza *condition = condition_of(error);
	const struct stanza *text = error != NULL ? stanza_child(error, NS_STANZAS, "text") : NULL;
	const char *said = text != NULL ? stanza_text(text) : "";
	struct buf b;

	if (strstr(said, (const char *)a->conf.password->data) != NULL ||
	    (a->conf.invite != NULL && strstr(said, (const char *)a->conf.invite->data) != NULL))
		said = "";
	buf_init(&b, 4 * SAID);
	if (*said != '\0')
		str_escape(&b, said, SAID, true);
	(void)snprintf(a->text, sizeof(a->text), "%s: %.60s%s%s", what,
	    condition != NULL ? stanza_name(condition) : "no reason given",
	    b.len > 0 ? ", " : "", buf_str(&b));
	buf_fini(&b);
}

static bool
asks_to_wait(struct account *a, const struct stanza *error)
{
	const char *type = error != NULL ? stanza_attr(error, "type") : NULL;

	if (type == NULL || strcmp(type, "wait") != 0)
		return false;
	a->wait_ms = wait_ms(error);
	return true;
}

/* The answers */

/* A server that knows no invitations, though it said so, needs none. */
static enum account_step
take_invite(struct account *a, const struct stanza *iq, bool is_result)
{
	const struct stanza *error = stanza_child(iq, NS_CLIENT, "error");
	const struct stanza *condition = condition_of(error);

	if (is_result || is_condition(condition, "service-unavailable") ||
	    is_condition(condition, "feature-not-implemented")) {
		a->iq = ASK_FORM;
		return ACCOUNT_ASK;
	}
	say_why(a, "the server does not take the invitation", error);
	return asks_to_wait(a, error) ? ACCOUNT_LATER : ACCOUNT_UNINVITED;
}

static enum account_step
take_form(struct account *a, const struct stanza *iq, bool is_result)
{
	const struct stanza *query = stanza_child(iq, NS_REGISTER, "query");
	const struct stanza *error = stanza_child(iq, NS_CLIENT, "error");
	struct err e = ERR_INIT;

	if (!is_result) {
		say_why(a, "the server makes no account", error);
		return asks_to_wait(a, error) ? ACCOUNT_LATER : ACCOUNT_NEVER;
	}
	if (query == NULL)
		return end(a, ACCOUNT_NEVER, "the server sent no form");
	if (account_form_read(&a->form, &a->conf, query, &e) != 0)
		return end(a, e.kind == ERR_SYSTEM ? ACCOUNT_FAILED : ACCOUNT_NEVER, e.text);
	a->iq = SEND_FORM;
	if (a->form.is_signed && account_form_sign(&a->form, &a->conf, a->signed_so_far, &e) != 0)
		return end(a, e.kind == ERR_SYSTEM ? ACCOUNT_FAILED : ACCOUNT_NEVER, e.text);
	return ACCOUNT_ASK;
}

/* XEP-0348 4.1: a signature that does not fit is a bad request.  Deployed servers
 * differ in what they sign, so it is written anew in the next way, on a new form. */
static bool
may_sign_again(struct account *a, const struct stanza *condition)
{
	if (!a->form.is_signed || !is_condition(condition, "bad-request") ||
	    a->signed_so_far + 1 >= ACCOUNT_FORM_DIALECTS)
		return false;
	a->signed_so_far++;
	a->iq = ASK_FORM;
	return true;
}

static enum account_step
take_answer(struct account *a, const struct stanza *iq, bool is_result)
{
	const struct stanza *error = stanza_child(iq, NS_CLIENT, "error");
	const struct stanza *condition = condition_of(error);

	if (is_result)
		return ACCOUNT_MADE;
	if (may_sign_again(a, condition))
		return ACCOUNT_ASK;
	say_why(a, a->form.is_signed && is_condition(condition, "bad-request") ?
	    "the server does not take the maker's signature" : "the server made no account", error);
	if (asks_to_wait(a, error))
		return ACCOUNT_LATER;
	if (is_condition(condition, "conflict"))
		return ACCOUNT_TAKEN;
	return is_condition(condition, "not-acceptable") ? ACCOUNT_UNLIKED : ACCOUNT_NEVER;
}

/* The questions */

static void
write_invite(const struct account *a, struct xml *x)
{
	xml_open(x, "preauth", NS_PREAUTH);
	xml_attr(x, "token", (const char *)a->conf.invite->data);
	xml_close(x);
}

static void
write_question(const struct account *a, struct xml *x)
{
	(void)a;
	xml_open(x, "query", NS_REGISTER);
	xml_close(x);
}

static void
write_answer(const struct account *a, struct xml *x)
{
	account_form_write(&a->form, x);
}

static const struct {
	const char *type;
	void (*write)(const struct account *a, struct xml *x);
	enum account_step (*take)(struct account *a, const struct stanza *iq, bool is_result);
} steps[] = {
	[SHOW_INVITE] = { "set", write_invite, take_invite },
	[ASK_FORM] = { "get", write_question, take_form },
	[SEND_FORM] = { "set", write_answer, take_answer },
};

const char *
account_iq_type(const struct account *a)
{
	return steps[a->iq].type;
}

const char *
account_iq_to(const struct account *a)
{
	return a->iq == SEND_FORM && a->form.is_signed && !a->form.has_to ? NULL : a->conf.domain;
}

void
account_write(struct account *a, struct xml *x)
{
	steps[a->iq].write(a, x);
}

enum account_step
account_take(struct account *a, const struct stanza *iq, bool is_result)
{
	return steps[a->iq].take(a, iq, is_result);
}
