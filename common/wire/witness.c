/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness: the four elements of urn:kith:presence:0.  Three go to the thing,
 * one comes from it; each fits on a line.  Shared steps: parse.c, emit.c.
 */
#include "config.h"

#include "common/wire/witness.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"

static int
code_parse(struct parse *p, const struct stanza *el, const char **out)
{
	char folded[IDENT_CODE];

	if (parse_needed(p, el, "code", IDENT_CODE - 1, out) < 0)
		return -1;
	/* It is shown to people: exactly the form they type back, nothing else. */
	if (ident_code_fold(folded, *out) != 0 || strcmp(folded, *out) != 0)
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

int
witness_show_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_int(p, el, "seconds", 0, &q->u.witness.seconds) < 0)
		return -1;
	return code_parse(p, el, &q->u.witness.code);
}

void
witness_show_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "code", q->u.witness.code);
	xml_attr_int(x, "seconds", q->u.witness.seconds);
}

int
witness_listen_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	return parse_int(p, el, "seconds", 0, &q->u.witness.seconds);
}

void
witness_listen_write(struct xml *x, const struct request *q)
{
	xml_attr_int(x, "seconds", q->u.witness.seconds);
}

int
witness_new_key_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	(void)p;
	(void)el;
	(void)q;
	return 0;
}

void
witness_new_key_write(struct xml *x, const struct request *q)
{
	(void)x;
	(void)q;
}

/* Digits with one blank between them: what a person can do with one finger. */
static bool
is_rhythm(const char *s)
{
	for (;;) {
		if (*s < '1' || *s > '9')
			return false;
		if (*++s == '\0')
			return true;
		if (*s++ != ' ')
			return false;
	}
}

int
witness_pressed_parse(struct parse *p, const struct stanza *el, struct request *q)
{
	if (parse_needed(p, el, "rhythm", WIRE_RHYTHM, &q->u.witness.rhythm) < 0)
		return -1;
	return is_rhythm(q->u.witness.rhythm) ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

void
witness_pressed_write(struct xml *x, const struct request *q)
{
	xml_attr(x, "rhythm", q->u.witness.rhythm);
}
