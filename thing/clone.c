/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone: asks, answers, concludes.  What is served meanwhile: serve.c.
 */
#include "config.h"

#include "thing/clone.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"
#include "common/wire/xml.h"

#define PURPOSE "kith twin, form 1"
#define TWIN NS_TWIN

/* What is signed: who asked whom, and the nonce. */
#define TEXT (3 * SESSION_TO)
static void text_of(char out[static TEXT], const char *asker, const char *asked,
    const char *nonce)
{
	if (snprintf(out, TEXT, "%s %s %s", asker, asked, nonce) >= TEXT)
		out[0] = '\0';		/* as long as none of ours: proves nothing */
}

/* Another session of our own account, not this one. */
static bool is_other(const struct clone *c, const char *full)
{
	const char *self = session_self(c->session);
	struct jid j;

	return full && jid_parse(&j, full, JID_STRINGPREP, NULL) == 0 && jid_has_resource(&j) &&
	    j.bare_len == c->session->bare_len && strncmp(j.text, self, j.bare_len) == 0 &&
	    strcmp(j.text, self) != 0;
}

/* ---- concluding --------------------------------------------------------- */

static void conclude(struct clone *c, bool cloned)
{
	struct err e = ERR_INIT;

	if (c->standing->cloned == cloned)
		return;
	c->standing->cloned = cloned;
	if (standing_save(c->standing, c->dir, &e) < 0)
		c->note(c->arg, e.text);
	c->concluded(c->arg, cloned);
}

static bool is_proof(const struct clone *c, const struct stanza *answer)
{
	const struct stanza *twin = answer ? stanza_child(answer, TWIN, "twin") : NULL;
	const char *proof = twin ? stanza_attr(twin, "proof") : NULL;
	char text[TEXT], key[IDENTITY_PUBLIC];

	if (!proof || identity_public(key, c->id, NULL) < 0)
		return false;
	text_of(text, session_self(c->session), c->other, c->nonce);
	return identity_attested(key, proof, PURPOSE, text);
}

static void on_answer(void *arg, const struct stanza *answer)
{
	struct clone *c = arg;
	bool copied = is_proof(c, answer);

	c->nonce[0] = '\0';
	if (!session_is_up(c->session))
		return;		/* nothing is known now */
	/* Whoever does not answer was a session of ours that has died. */
	if (!copied)
		c->other[0] = '\0';
	conclude(c, copied);
}

static void ask(struct clone *c)
{
	if (c->nonce[0] || ident_text(c->nonce, NULL) < 0)
		return;
	if (session_ask_twin(c->session, c->other, TWIN, c->nonce, on_answer, c) < 0)
		c->nonce[0] = '\0';
}

/* ---- from outside ------------------------------------------------------- */

void clone_seen(struct clone *c, const char *full, bool available)
{
	if (!is_other(c, full))
		return;
	if (!available) {
		if (strcmp(c->other, full) == 0 && !c->nonce[0])
			c->other[0] = '\0';
		return;
	}
	if (c->nonce[0] || str_copy(c->other, sizeof(c->other), full) < 0)
		return;
	ask(c);
}

bool clone_take(struct clone *c, const struct stanza *s)
{
	const struct stanza *twin = stanza_child(s, TWIN, "twin");
	const char *from = stanza_attr(s, "from"), *id = stanza_attr(s, "id");
	const char *nonce = twin ? stanza_attr(twin, "nonce") : NULL;
	char text[TEXT], proof[IDENTITY_PROOF];
	struct xml x;

	if (!nonce || !id || strlen(nonce) >= IDENT_TEXT || !is_other(c, from))
		return false;
	text_of(text, from, session_self(c->session), nonce);
	if (identity_attest(proof, c->id, PURPOSE, text, NULL) < 0)
		return false;
	xml_begin(&x, c->session->out);
	xml_open(&x, "iq", NULL);
	xml_attr(&x, "type", "result");
	xml_attr(&x, "to", from);
	xml_attr(&x, "id", id);
	xml_open(&x, "twin", TWIN);
	xml_attr(&x, "proof", proof);
	xml_close(&x);
	xml_close(&x);
	(void)xml_end(&x);
	return true;
}

bool clone_look_again(struct clone *c)
{
	if (!c->standing->cloned)
		return false;
	if (c->other[0])
		ask(c);
	else
		conclude(c, false);
	return true;
}

void clone_end(struct clone *c)
{
	c->other[0] = c->nonce[0] = '\0';
}
