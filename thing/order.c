/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: a code is given, and taken once.  It keeps a slip, or a line that was
 * written for another window, from ending a thing.
 */
#include "config.h"

#include "thing/order.h"

#include <string.h>

#include "common/base/ident.h"
#include "common/base/str.h"
#include "thing/talk_part.h"

void order_end(struct order *o)
{
	memset(o->code, 0, sizeof(o->code));
	o->wrong = 0;
}

static void give_code(struct talk *t, struct order *o)
{
	size_t behind = t->js->nodes->n - 1;
	char id[IDENT_TEXT], number[STR_DOUBLE];

	if (ident_text(id, NULL) < 0)
		return;
	memcpy(o->code, id, ORDER_CODE);
	o->code[ORDER_CODE] = '\0';
	o->wrong = 0;
	o->until_ms = clock_boot(t->js->clock) + ORDER_MS;
	TALK(t, N_("This takes me out of service for good: my record, my account and everything I "
	    "know are deleted, and nobody is served any more."));
	str_from_double(number, (double)behind);
	if (behind > 0)
		TALK(t, N_(" The %1 nodes behind me are gone as well, whoever owns them."), number);
	TALK(t, N_(" To do it, send within 10 minutes: decommission %1"), o->code);
}

static void take_code(struct talk *t, struct order *o, const char *code)
{
	if (!o->code[0] || clock_boot(t->js->clock) >= o->until_ms) {
		order_end(o);
		TALK(t, N_("There is no such code any more. Begin again with: decommission"));
	} else if (!str_case_eq(o->code, code)) {
		if (++o->wrong == ORDER_TRIES)
			order_end(o);
		TALK(t, N_("That is not the code I gave you, so nothing has happened."));
	} else {
		order_end(o);
		if (o->leave(o->arg, talk_request(t)->id) < 0)
			TALK(t, N_("I cannot do that now: nothing has happened."));
	}
}

static bool is_owner(const struct talk *t)
{
	return access_owns(t->js->access, nodes_device(t->js->nodes), talk_request(t)->bare);
}

void order_decommission(struct talk *t, const char *rest)
{
	struct order *o = t->js->order;

	if (!is_owner(t))
		TALK(t, N_("Only my owner takes me out of service."));
	else if (*rest)
		take_code(t, o, rest);
	else
		give_code(t, o);
}

static const struct { const char *name, *lang; } languages[] = {
	{ "deutsch", "de" }, { "german", "de" }, { "english", "en" }, { "englisch", "en" },
};

void order_language(struct talk *t, const char *rest)
{
	const struct order *o = t->js->order;

	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (str_case_eq(rest, languages[i].name))
			rest = languages[i].lang;
	if (!is_owner(t)) {
		TALK(t, N_("Only my owner chooses that. I answer each line in its own language."));
	} else if (o->language(o->arg, rest) < 0) {
		TALK(t, N_("Say which, like: language de"));
	} else {
		t->words.lang = rest;
		TALK(t, N_("Done. I speak English with you from now on."));
	}
}
