/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_form: what is asked for in plain fields (XEP-0077 3.1), and our answer to
 * any demand.  Data forms and their signature: account_data.c.
 */
#include "config.h"

#include "common/wire/account_form.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

#define SHOWN 64	/* most characters of what the server wrote that are shown */

void
account_form_init(struct account_form *f)
{
	memset(f, 0, sizeof(*f));
	pool_init(&f->pool, ACCOUNT_FORM_BYTES);
}

void
account_form_fini(struct account_form *f)
{
	pool_fini(&f->pool);
}

/* One sentence with what the server wrote in it, fit for a log. */
int
account_form_refuse(struct err *e, const char *what, const char *wrote)
{
	struct buf b;

	buf_init(&b, 4 * SHOWN);
	str_escape(&b, wrote, SHOWN, true);
	(void)err_set(e, ERR_INPUT, "%s %s", what, buf_str(&b));
	buf_fini(&b);
	return -1;
}

/* Strings are the caller's until account_form_fini(). */
static int
add(struct account_form *f, const char *var, const char *value, struct err *e)
{
	size_t i;

	if (f->n == SIGNED_FORM_FIELDS)
		return err_set(e, ERR_LIMIT, "the server's form has too many fields");
	for (i = 0; i < f->n; i++)
		if (strcmp(f->field[i].var, var) == 0)
			return account_form_refuse(e, "the server's form asks twice for", var);
	f->field[f->n++] = (struct signed_form_field){ var, value };
	return 0;
}

int
account_form_add_copy(struct account_form *f, const char *var, const char *value, struct err *e)
{
	const char *v = pool_strdup(&f->pool, var), *text = pool_strdup(&f->pool, value);

	if (v == NULL || text == NULL || strlen(value) > ACCOUNT_FORM_VALUE)
		return err_set(e, ERR_LIMIT, "the server's form is too big");
	return add(f, v, text, e);
}

int
account_form_add_ours(struct account_form *f, const char *var, const char *ours, struct err *e)
{
	if (account_form_add_copy(f, var, "", e) != 0)
		return -1;
	f->field[f->n - 1].value = ours;
	return 0;
}

const char *
account_form_value(const struct account_form *f, const char *var)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->field[i].var, var) == 0)
			return f->field[i].value;
	return NULL;
}

/* What we can say of ourselves: a name that says nothing, and a password. */
const char *
account_form_our_answer(const struct account_conf *conf, const char *var)
{
	static const char *const names[] = { "username", "name", "nick" };
	size_t i;

	if (strcmp(var, "password") == 0)
		return (const char *)conf->password->data;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(var, names[i]) == 0)
			return conf->user;
	return NULL;
}

int
account_form_both_asked(const struct account_form *f, struct err *e)
{
	if (account_form_value(f, "username") != NULL && account_form_value(f, "password") != NULL)
		return 0;
	return err_set(e, ERR_INPUT, "the server asks for no name and password: "
	    "it makes no accounts this way");
}

/* Plain fields: each is a demand, whatever its name. */

static int
read_plain(struct account_form *f, const struct account_conf *conf, const struct stanza *c,
    struct err *e)
{
	const char *name = stanza_name(c), *ours = account_form_our_answer(conf, name);

	if (strcmp(stanza_ns(c), NS_REGISTER) != 0 || strcmp(name, "instructions") == 0)
		return 0;
	if (ours != NULL)
		return account_form_add_ours(f, name, ours, e);
	if (strcmp(name, "key") == 0)	/* XEP-0077 before 2.0: given back as it came */
		return account_form_add_copy(f, "key", stanza_text(c), e);
	return account_form_refuse(e, strcmp(name, "registered") == 0 ?
	    "the server takes this stream for one of an account:" :
	    "the server demands more of a newcomer than name and password:", name);
}

/* XEP-0077 section 5: elsewhere, by a person. */
static int
read_redirect(const struct stanza *query, struct err *e)
{
	const struct stanza *oob = stanza_child(query, NS_OOB, "x");
	const struct stanza *url = oob != NULL ? stanza_child(oob, NS_OOB, "url") : NULL;

	if (url != NULL)
		return account_form_refuse(e, "the server has accounts made by people, at", stanza_text(url));
	return 0;
}

int
account_form_read_plain(struct account_form *f, const struct account_conf *conf,
    const struct stanza *query, struct err *e)
{
	const struct stanza *c;

	account_form_fini(f);
	account_form_init(f);
	if (read_redirect(query, e) != 0)
		return -1;
	for (c = stanza_first(query); c != NULL; c = stanza_next(c))
		if (read_plain(f, conf, c, e) != 0)
			return -1;
	return account_form_both_asked(f, e);
}

/* The answer */

static void
write_field(const struct signed_form_field *field, struct xml *x)
{
	xml_open(x, "field", NULL);
	xml_attr(x, "var", field->var);
	xml_leaf(x, "value", NULL, field->value);
	xml_close(x);
}

void
account_form_write(const struct account_form *f, struct xml *x)
{
	size_t i;

	xml_open(x, "query", NS_REGISTER);
	if (f->is_form) {
		xml_open(x, "x", NS_DATA);
		xml_attr(x, "type", "submit");
	}
	for (i = 0; i < f->n; i++)
		if (f->is_form)
			write_field(&f->field[i], x);
		else
			xml_leaf(x, f->field[i].var, NULL, f->field[i].value);
	if (f->is_form)
		xml_close(x);
	xml_close(x);
}
