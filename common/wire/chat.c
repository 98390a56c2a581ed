/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chat: messages with text.  A line counts only if it was typed now, to us
 * alone, and can be read in one way (att-H-04 to H-10); the flags say what
 * stands against it, the desk says so to the sender.
 */
#include "config.h"

#include "common/wire/chat.h"

#include <stdint.h>
#include <string.h>

#include "common/base/str.h"
#include "common/wire/stanza.h"

#define NS_FALLBACK "urn:xmpp:fallback:0"
#define NS_AXOLOTL "eu.siacs.conversations.axolotl"

/* A child anywhere directly inside the message that speaks against obeying.
 * `name` NULL: any element of the namespace. */
static const struct { const char *ns, *name; unsigned flag; } marks[] = {
	{ NS_DELAY, "delay", CHAT_DELAYED },
	{ "jabber:x:delay", "x", CHAT_DELAYED },
	{ "urn:xmpp:message-correct:0", "replace", CHAT_CORRECTED },
	{ "urn:xmpp:forward:0", NULL, CHAT_FORWARDED },
	{ "urn:xmpp:carbons:2", "sent", CHAT_FORWARDED },
	{ "urn:xmpp:carbons:2", "received", CHAT_FORWARDED },
	{ "urn:xmpp:mam:1", NULL, CHAT_FORWARDED },
	{ "urn:xmpp:mam:2", NULL, CHAT_FORWARDED },
	{ "urn:xmpp:eme:0", "encryption", CHAT_ENCRYPTED },
	{ "urn:xmpp:openpgp:0", "openpgp", CHAT_ENCRYPTED },
	{ "jabber:x:encrypted", "x", CHAT_ENCRYPTED },
	{ NS_AUTO, "auto", CHAT_AUTO },
	{ "http://jabber.org/protocol/muc#user", "x", CHAT_GROUP },
};

/* OMEMO also sends messages that only move keys and carry no text. */
static bool
is_omemo_text(const struct stanza *el)
{
	static const char *const spaces[] = { NS_AXOLOTL, "urn:xmpp:omemo:0", "urn:xmpp:omemo:1",
		"urn:xmpp:omemo:2" };

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (stanza_is(el, spaces[i], "encrypted"))
			return stanza_child(el, spaces[i], "payload") != NULL;
	return false;
}

static unsigned
marks_of(const struct stanza *el)
{
	unsigned flags = is_omemo_text(el) ? CHAT_ENCRYPTED : 0;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(stanza_ns(el), marks[i].ns) == 0 &&
		    (marks[i].name == NULL || strcmp(stanza_name(el), marks[i].name) == 0))
			flags |= marks[i].flag;
	return flags;
}

static bool
type_is(const struct stanza *message, const char *type)
{
	const char *is = stanza_attr(message, "type");

	return is != NULL && strcmp(is, type) == 0;
}

static unsigned
all_marks(const struct stanza *message)
{
	unsigned flags = 0;

	for (const struct stanza *c = stanza_first(message); c != NULL; c = stanza_next(c))
		flags |= marks_of(c);
	return flags;
}

bool
chat_is_delayed(const struct stanza *message)
{
	return (all_marks(message) & CHAT_DELAYED) != 0;
}

bool
chat_is_direct(const struct stanza *message)
{
	unsigned flags = all_marks(message);

	return !type_is(message, "error") && !type_is(message, "groupchat") &&
	    !type_is(message, "headline") && (flags & (CHAT_GROUP | CHAT_FORWARDED)) == 0;
}

/* Where the code point number `n` begins. */
static size_t
offset_of(const char *s, int64_t n)
{
	const char *at = s;

	for (; n > 0 && *at != '\0'; n--)
		(void)str_utf8_next(&at);
	return (size_t)(at - s);
}

/* Blank out what a fallback says is not the sender's own text.  Without a
 * range it is all of the body (XEP-0428 2). */
static void
blank_range(char *mask, const char *body, const struct stanza *range)
{
	const char *from = range != NULL ? stanza_attr(range, "start") : NULL;
	const char *to = range != NULL ? stanza_attr(range, "end") : NULL;
	int64_t start = 0, end = INT64_MAX;
	size_t a, b;

	if (from != NULL && str_to_int(from, 0, INT64_MAX, &start) < 0)
		start = 0;
	if (to != NULL && str_to_int(to, 0, INT64_MAX, &end) < 0)
		end = INT64_MAX;
	a = offset_of(body, start);
	b = offset_of(body, end);
	if (a < b)
		memset(mask + a, 1, b - a);
}

static void
blank_fallbacks(char *mask, const char *body, const struct stanza *message)
{
	for (const struct stanza *f = stanza_first(message); f != NULL; f = stanza_next(f)) {
		if (!stanza_is(f, NS_FALLBACK, "fallback"))
			continue;
		if (stanza_first(f) == NULL)
			blank_range(mask, body, NULL);
		for (const struct stanza *r = stanza_first(f); r != NULL; r = stanza_next(r))
			if (stanza_is(r, NS_FALLBACK, "body"))
				blank_range(mask, body, r);
	}
}

/* The body without the ranges of replies quoted for old clients (XEP-0461). */
static const char *
own_text(struct parse *p, const struct stanza *message, const char *body)
{
	size_t len = strlen(body), n = 0;
	char *out = pool_zalloc(p->pool, len + 1), *mask = pool_zalloc(p->pool, len + 1);

	if (out == NULL || mask == NULL) {
		(void)parse_fail(p, COND_RESOURCE_CONSTRAINT);
		return "";
	}
	blank_fallbacks(mask, body, message);
	for (size_t i = 0; i < len; i++)
		if (mask[i] == 0)
			out[n++] = body[i];
	return out;
}

/* The first body; several that say different things are ambiguous (att-H-06). */
static const struct stanza *
find_body(const struct stanza *message, unsigned *flags)
{
	const struct stanza *first = NULL;

	for (const struct stanza *c = stanza_first(message); c != NULL; c = stanza_next(c)) {
		if (!stanza_is(c, stanza_ns(message), "body"))
			continue;
		if (first == NULL)
			first = c;
		else if (strcmp(stanza_text(first), stanza_text(c)) != 0)
			*flags |= CHAT_AMBIGUOUS;
	}
	return first;
}

static void
read_body(struct parse *p, const struct stanza *message, const struct stanza *body,
    struct request_chat *chat)
{
	const char *text = stanza_text(body), *lang = stanza_attr(body, "xml:lang");

	chat->body = "";
	if (str_starts(text, "?OTR"))
		chat->flags |= CHAT_ENCRYPTED;
	if (str_utf8_chars(text) > WIRE_BODY_CHARS)
		chat->flags |= CHAT_TOO_LONG;
	else
		chat->body = own_text(p, message, text);
	if (lang == NULL)
		lang = stanza_attr(message, "xml:lang");
	if (lang != NULL && strlen(lang) <= WIRE_TAG_NAME)
		chat->lang = parse_copy(p, lang);
}

static int
read_marks(struct parse *p, const struct stanza *message, struct request_chat *chat)
{
	chat->flags |= type_is(message, "groupchat") ? CHAT_GROUP : 0;
	chat->flags |= type_is(message, "error") ? CHAT_ERROR : 0;
	chat->wants_receipt = stanza_child(message, NS_RECEIPTS, "request") != NULL;
	for (const struct stanza *c = stanza_first(message); c != NULL; c = stanza_next(c)) {
		unsigned flags = marks_of(c);

		chat->flags |= flags;
		if ((flags & CHAT_DELAYED) != 0 && chat->stamp == NULL &&
		    parse_attr(p, c, "stamp", WIRE_TAG_VALUE, &chat->stamp) < 0)
			return -1;
	}
	return 0;
}

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n")] == '\0';
}

enum chat_sort
chat_parse(struct parse *p, const struct stanza *message, struct request *q)
{
	struct request_chat *chat = &q->u.chat;
	const struct stanza *body;

	chat->body = "";
	if (type_is(message, "headline") || read_marks(p, message, chat) < 0)
		return CHAT_NOTHING;
	if ((chat->flags & CHAT_ERROR) != 0)
		return CHAT_LINE;	/* what it carries came from us, and is not read */
	body = find_body(message, &chat->flags);
	if (body != NULL)
		read_body(p, message, body, chat);
	if (p->cond != COND_NONE)
		return CHAT_NOTHING;
	if ((chat->flags & CHAT_TOO_LONG) != 0 || !is_blank(chat->body))
		return CHAT_LINE;
	/* Nothing to read: only what hides its text deserves an answer. */
	return (chat->flags & CHAT_ENCRYPTED) != 0 ? CHAT_LINE : CHAT_NOTHING;
}
