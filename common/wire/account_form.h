/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_form: what XEP-0077 asks a newcomer for, in plain fields or a data
 * form, and our answer to it.  We give a name and a password, what the form says
 * itself, and a signature; whoever demands more is refused with its name.
 */
#ifndef KITH_WIRE_ACCOUNT_FORM_H
#define KITH_WIRE_ACCOUNT_FORM_H

#include "common/base/pool.h"
#include "common/wire/account.h"
#include "common/wire/signed_form.h"

#define ACCOUNT_FORM_BYTES (16 * 1024)	/* of what is given back as it came */
#define ACCOUNT_FORM_VALUE 1024
#define ACCOUNT_FORM_DIALECTS 2		/* ways to sign, tried one after the other */

struct account_form {
	bool is_form;		/* answered in a data form, else in plain fields */
	bool is_signed;
	bool has_to;		/* as signed: the iq names the domain */
	size_t n;
	struct signed_form_field field[SIGNED_FORM_FIELDS];
	struct pool pool;
};

void account_form_init(struct account_form *f);
void account_form_fini(struct account_form *f);
/* `query`: the server's <query xmlns='jabber:iq:register'/>. */
int account_form_read(struct account_form *f, const struct account_conf *conf,
    const struct stanza *query, struct err *e);
/* The same, of its plain fields alone: whoever sends a form as well takes them too. */
int account_form_read_plain(struct account_form *f, const struct account_conf *conf,
    const struct stanza *query, struct err *e);
/* The `dialect`-th way, from 0. */
int account_form_sign(struct account_form *f, const struct account_conf *conf, unsigned dialect,
    struct err *e);
/* <query> with the answer. */
void account_form_write(const struct account_form *f, struct xml *x);

/* For account_data.c: copied, and one of ours, which stays the caller's. */
int account_form_add_copy(struct account_form *f, const char *var, const char *value,
    struct err *e);
int account_form_add_ours(struct account_form *f, const char *var, const char *ours,
    struct err *e);
const char *account_form_value(const struct account_form *f, const char *var);	/* NULL: none */
/* What we say to a field of this name; NULL: nothing. */
const char *account_form_our_answer(const struct account_conf *conf, const char *var);
int account_form_both_asked(const struct account_form *f, struct err *e);
/* -1, with one sentence that has in it what the server wrote, fit for a log. */
int account_form_refuse(struct err *e, const char *what, const char *wrote);

#endif
