/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject: an address, a domain, anyone, a token by its public name, a role.
 * Addresses come out canonical, so that later comparison is strcmp().  Next:
 * object.c.
 */
#include "config.h"

#include "policy/subject.h"

#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/object.h"

#define WHOM N_("whom (an address like bob@example.org, *@domain, anyone, role NAME or " \
	"user token NAME)")
#define A_ROLE N_("the name of a role, like family or family@site.example")

/*
 * An address under which stringprep and PRECIS see two different people is
 * refused: whoever is meant, the other one must not slip in.
 */
static int take_address(struct line *l, const char *text, bool domain_only, const char **out)
{
	struct err why = ERR_INIT;
	const char *bare;
	struct jid jid;

	if (jid_parse_bare(&jid, text, JID_STRINGPREP, &why) != 0)
		return line_error(l, N_("expected an address at word %1: \"%2\" is an %3"),
		    line_where(l), line_short(l, text), why.text, NULL);
	bare = pool_strndup(l->pool, text, jid_text_bare_len(text));
	if (bare == NULL)
		return line_no_room(l);
	if (jid_profiles_differ(bare))
		return line_error(l, N_("the address at word %1 can be read as two different people: "
		    "use another one"), line_where(l), NULL);
	if (domain_only && jid_has_local(&jid))
		return line_error(l, N_("expected a domain at word %1"), line_where(l), NULL);
	*out = pool_strdup(l->pool, jid.text);
	return *out != NULL ? 0 : line_no_room(l);
}

static int parse_token(struct line *l, struct subject *out)
{
	struct word w;
	char *name;

	if (line_next(l, "", &w) != 0)			/* "token" */
		return -1;
	if (line_next(l, "", &w) != 0)
		return -1;
	name = w.text != NULL ? pool_strdup(l->pool, w.text) : NULL;
	if (name != NULL)
		str_lower(name);
	if (name == NULL || !value_is_token(name))
		return line_expected(l, N_("the name of a token (8 to 26 letters a-z and digits 2-7, as "
		    "\"tokens\" lists them)"), &w);
	out->text = name;
	return 0;
}

/* Its site is a domain, and canonical as one. */
static int parse_role(struct line *l, struct subject *out)
{
	const char *site, *domain;
	struct word w, behind;
	char *name;

	if (line_next(l, "", &w) != 0 || line_peek(l, "", &behind) != 0)
		return -1;
	/* "role to read": the name was forgotten. */
	if (line_is(&w, "to") && object_is_action(&behind))
		return line_expected(l, A_ROLE, &w);
	site = w.text != NULL ? strchr(w.text, '@') : NULL;
	name = site != NULL ? pool_strndup(l->pool, w.text, (size_t)(site - w.text)) :
	    w.text != NULL ? pool_strdup(l->pool, w.text) : NULL;
	if (name != NULL)
		str_lower(name);
	if (name == NULL || !value_is_role(name))
		return line_expected(l, A_ROLE, &w);
	out->text = name;
	if (site == NULL)
		return 0;
	if (take_address(l, site + 1, true, &domain) != 0)
		return -1;
	out->text = pool_printf(l->pool, "%s@%s", name, domain);
	return out->text != NULL ? 0 : line_no_room(l);
}

static int parse_address(struct line *l, const struct word *w, struct subject *out)
{
	if (!w->quoted && str_starts(w->text, "*@")) {
		out->kind = SUBJECT_DOMAIN;
		return take_address(l, w->text + 2, true, &out->text);
	}
	if (strchr(w->text, '@') == NULL && strchr(w->text, '.') == NULL && !w->quoted)
		return line_expected(l, WHOM, w);
	/* A bare domain means its people; in quotes it is that one address. */
	out->kind = !w->quoted && strchr(w->text, '@') == NULL ? SUBJECT_DOMAIN : SUBJECT_JID;
	return take_address(l, w->text, out->kind == SUBJECT_DOMAIN, &out->text);
}

int subject_parse(struct line *l, struct subject *out)
{
	static const char *const anyone[] = { "anyone", "anybody", "everyone", "everybody", NULL };
	static const struct {
		const char *word;
		enum subject_kind kind;
	} tokens[] = {
		{ "service", SUBJECT_SERVICE }, { "device", SUBJECT_DEVICE }, { "user", SUBJECT_USER },
	};
	struct word w, second;

	if (line_next(l, "", &w) != 0 || line_peek(l, "", &second) != 0)
		return -1;
	if (w.text == NULL || w.text[0] == '\0')
		return line_expected(l, WHOM, &w);
	*out = (struct subject){ SUBJECT_ANYONE, NULL };
	if (line_is_any(&w, anyone))
		return 0;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (line_is(&w, tokens[i].word) && line_is(&second, "token")) {
			out->kind = tokens[i].kind;
			return parse_token(l, out);
		}
	if (line_is(&w, "role")) {
		out->kind = SUBJECT_ROLE;
		return parse_role(l, out);
	}
	return parse_address(l, &w, out);
}
