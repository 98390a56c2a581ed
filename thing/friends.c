/* SPDX-License-Identifier: Apache-2.0 */
/*
 * friends: roster items in, a small table out.
 */
#include "config.h"

#include "thing/friends.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"

void friends_init(struct friends *f, void (*changed)(void *, const char *, bool), void *arg)
{
	memset(f, 0, sizeof(*f));
	f->changed = changed;
	f->arg = arg;
}

static void forget_all(struct friend *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(list[i].bare);
	mem_free(list);
}

void friends_fini(struct friends *f)
{
	forget_all(f->friend, f->n);
	f->friend = NULL;
	f->n = f->room = 0;
}

static bool is_friend(const struct friend *x)
{
	return x && x->from && x->accepted;
}

static struct friend *find(const struct friends *f, const char *bare)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->friend[i].bare, bare) == 0)
			return &f->friend[i];
	return NULL;
}

const struct friend *friends_find(const struct friends *f, const char *bare)
{
	return find(f, bare);
}

void friends_left(struct friends *f, const char *bare)
{
	struct friend *x = find(f, bare);

	if (!x)
		return;
	if (f->changed && is_friend(x))
		f->changed(f->arg, x->bare, false);
	x->to = x->asked = x->accepted = false;
	x->parting = true;
}

bool friends_has(const struct friends *f, const char *bare)
{
	const struct friend *x = find(f, bare);

	return is_friend(x);
}

static bool has_room(struct friends *f)
{
	size_t room = f->room ? 2 * f->room : 8;
	struct friend *more;

	if (f->n < f->room)
		return true;
	more = room <= FRIENDS_MAX ? mem_resize(f->friend, room * sizeof(f->friend[0])) : NULL;
	if (!more)
		return false;
	f->friend = more;
	f->room = room;
	return true;
}

static struct friend *add(struct friends *f, const char *bare)
{
	struct friend *x;

	if (!has_room(f))
		return NULL;
	x = &f->friend[f->n];
	memset(x, 0, sizeof(*x));
	x->bare = mem_strdup(bare);
	if (!x->bare)
		return NULL;
	f->n++;
	return x;
}

static void drop(struct friends *f, struct friend *x)
{
	mem_free(x->bare);
	*x = f->friend[--f->n];
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
	return text && (strcmp(text, a) == 0 || strcmp(text, b) == 0);
}

static void take_item(struct friends *f, const struct stanza *item)
{
	const char *jid = stanza_attr(item, "jid"), *sub = stanza_attr(item, "subscription");
	struct friend *x;
	struct jid j;
	bool was;

	if (!jid || jid_parse_bare(&j, jid, JID_STRINGPREP, NULL) < 0)
		return;
	x = find(f, j.text);
	was = is_friend(x);
	if (sub && strcmp(sub, "remove") == 0) {
		if (x)
			drop(f, x);
		x = NULL;
	} else {
		if (!x)
			x = add(f, j.text);
		if (!x)
			return;
		x->parting = false;
		x->from = is_one_of(sub, "from", "both");
		x->to = is_one_of(sub, "to", "both");
		x->asked = is_one_of(stanza_attr(item, "ask"), "subscribe", "subscribe");
		x->approved = is_one_of(stanza_attr(item, "approved"), "true", "1");
	}
	if (f->changed && was != is_friend(x))
		f->changed(f->arg, j.text, !was);
}

void friends_accept(struct friends *f, const char *bare)
{
	struct friend *x = find(f, bare);
	bool was = is_friend(x);

	if (!x)
		x = add(f, bare);
	if (!x)
		return;		/* as one over the limit he is a stranger */
	x->accepted = true;
	if (f->changed && !was && is_friend(x))
		f->changed(f->arg, x->bare, true);
}

const struct friend *friends_unasked(const struct friends *f, const char *besides)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->friend[i].accepted && !f->friend[i].parting && f->friend[i].from &&
		    strcmp(f->friend[i].bare, besides) != 0)
			return &f->friend[i];
	return NULL;
}

void friends_take_push(struct friends *f, const struct stanza *query)
{
	const struct stanza *item = stanza_child(query, NS_ROSTER, "item");

	if (item)
		take_item(f, item);
}

void friends_take_roster(struct friends *f, const struct stanza *query)
{
	struct friends old = *f;
	const struct stanza *s;

	f->friend = NULL;
	f->n = f->room = 0;
	f->changed = NULL;
	for (s = stanza_first(query); s; s = stanza_next(s))
		if (stanza_is(s, NS_ROSTER, "item"))
			take_item(f, s);
	for (size_t i = 0; i < f->n; i++) {
		const struct friend *before = find(&old, f->friend[i].bare);

		f->friend[i].accepted = !f->friend[i].approved || (before && before->accepted);
	}
	f->changed = old.changed;
	for (size_t i = 0; f->changed && i < old.n; i++)
		if (is_friend(&old.friend[i]) && !friends_has(f, old.friend[i].bare))
			f->changed(f->arg, old.friend[i].bare, false);
	forget_all(old.friend, old.n);
}
