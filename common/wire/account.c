/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: reading the demand (XEP-0077 3.1 and section 4) and writing the
 * answer.  The exchange itself is in client.c.
 */
#include "config.h"

#include "common/wire/account.h"

#include <string.h>

#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

static const char *
field_value(const struct stanza *field)
{
	const struct stanza *v = stanza_child(field, NS_DATA, "value");

	return v != NULL ? stanza_text(v) : "";
}

static int
read_field(struct account_demand *d, const struct stanza *field, unsigned *found, struct err *e)
{
	const char *var = stanza_attr(field, "var"), *type = stanza_attr(field, "type");

	if (var == NULL || (type != NULL && strcmp(type, "fixed") == 0))
		return 0;
	if (strcmp(var, "FORM_TYPE") == 0) {
		d->form_type = true;
		if (strcmp(field_value(field), NS_REGISTER) != 0)
			return err_set(e, ERR_INPUT, "the server wants another kind of form");
		return 0;
	}
	if (strcmp(var, "username") == 0 || strcmp(var, "password") == 0)
		(*found)++;
	else if (stanza_child(field, NS_DATA, "required") != NULL)
		return err_set(e, ERR_INPUT, "the server demands more than name and password");
	return 0;
}

static int
read_form(struct account_demand *d, const struct stanza *x, struct err *e)
{
	const struct stanza *c;
	unsigned found = 0;

	d->form = true;
	for (c = stanza_first(x); c != NULL; c = stanza_next(c))
		if (stanza_is(c, NS_DATA, "field") && read_field(d, c, &found, e) != 0)
			return -1;
	return found == 2 ? 0 : err_set(e, ERR_INPUT, "the server's form has no name and password");
}

/* Every plain field is a demand, whatever its name. */
static int
read_fields(const struct stanza *query, struct err *e)
{
	const struct stanza *c;
	unsigned found = 0;

	for (c = stanza_first(query); c != NULL; c = stanza_next(c)) {
		const char *name = stanza_name(c);

		if (strcmp(stanza_ns(c), NS_REGISTER) != 0 || strcmp(name, "instructions") == 0)
			continue;
		if (strcmp(name, "username") != 0 && strcmp(name, "password") != 0)
			return err_set(e, ERR_INPUT, "the server demands more than name and password");
		found++;
	}
	return found == 2 ? 0 : err_set(e, ERR_INPUT, "the server takes no registrations here");
}

int
account_read(struct account_demand *d, const struct stanza *query, struct err *e)
{
	const struct stanza *x = stanza_child(query, NS_DATA, "x");

	*d = (struct account_demand){ .form = false };
	return x != NULL ? read_form(d, x, e) : read_fields(query, e);
}

static void
write_field(struct xml *x, const char *var, const char *value)
{
	xml_open(x, "field", NULL);
	xml_attr(x, "var", var);
	xml_leaf(x, "value", NULL, value);
	xml_close(x);
}

int
account_write(struct buf *out, const struct account_demand *d, const char *id,
    const char *domain, const char *user, const struct secret *password)
{
	const char *text = (const char *)password->data;
	struct xml x;

	xml_begin(&x, out);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "set");
	xml_attr(&x, "id", id);
	xml_attr(&x, "to", domain);
	xml_open(&x, "query", NS_REGISTER);
	if (d->form) {
		xml_open(&x, "x", NS_DATA);
		xml_attr(&x, "type", "submit");
		if (d->form_type)
			write_field(&x, "FORM_TYPE", NS_REGISTER);
		write_field(&x, "username", user);
		write_field(&x, "password", text);
		xml_close(&x);
	} else {
		xml_leaf(&x, "username", NULL, user);
		xml_leaf(&x, "password", NULL, text);
	}
	xml_close(&x);
	xml_close(&x);
	return xml_end(&x);
}
