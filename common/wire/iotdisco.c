/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iotdisco: claim texts.  Strict, since a claim compares the whole tag set: a
 * text that could be read in two ways is refused.  Who may claim: registry/.
 */
#include "config.h"

#include "common/wire/iotdisco.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/str.h"
#include "common/wire/emit.h"

#define IOTDISCO_BYTES 16384	/* of one claim text */
#define ITEM_BYTES (JID_MAX + 1)	/* of one name or value, decoded */

/* How the two forms differ. */
struct form {
	const char *prefix;
	bool percent;		/* %XX is an escape */
	bool may_trail;		/* a ';' may end the text */
	char assign;		/* between name and value */
	const char *other;	/* operators of a search, refused here */
};

static const struct form uri_form = { "iotdisco:", true, false, '=', "<>~" };
static const struct form xep_form = { "iotdisco;", false, true, ':', "" };

struct scan {
	const struct form *form;
	const char *at, *end;
	struct pool *pool;
	struct err *e;
	struct iotdisco *out;
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character behind an escape sign; -1 for a broken escape. */
static int
unescape(struct scan *s)
{
	char sign = *s->at++;
	int high, low;

	if (sign == '\\')
		return s->at < s->end ? (unsigned char)*s->at++ : -1;
	if (s->end - s->at < 2)
		return -1;
	high = hex_digit(s->at[0]);
	low = hex_digit(s->at[1]);
	s->at += 2;
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool
stops_at(const struct scan *s, char c, bool in_name)
{
	if (c == ';')
		return true;
	return in_name && (c == s->form->assign || strchr(s->form->other, c) != NULL);
}

/* What XML could not carry cannot be a tag of a thing. */
static bool
is_carried(const char *text, size_t len)
{
	if (!str_utf8_valid(text, len))
		return false;
	while (*text != '\0') {
		uint32_t c = str_utf8_next(&text);

		if (c < 0x20 || c == 0x7f || c == 0xfffe || c == 0xffff)
			return false;
	}
	return true;
}

/* Decode up to the next unescaped stop. */
static const char *
decode(struct scan *s, bool in_name)
{
	char text[ITEM_BYTES + 1];
	const char *copy;
	size_t len = 0;

	while (s->at < s->end && !stops_at(s, *s->at, in_name)) {
		bool escaped = *s->at == '\\' || (s->form->percent && *s->at == '%');
		int c = escaped ? unescape(s) : (unsigned char)*s->at++;

		if (c <= 0 || len == ITEM_BYTES) {
			(void)err_set(s->e, ERR_INPUT, len == ITEM_BYTES ?
			    "a part of the claim text is too long" :
			    "the claim text has a broken escape");
			return NULL;
		}
		text[len++] = (char)c;
	}
	text[len] = '\0';
	if (!is_carried(text, len)) {
		(void)err_set(s->e, ERR_INPUT, "the claim text is not valid UTF-8");
		return NULL;
	}
	copy = pool_strdup(s->pool, text);
	if (copy == NULL)
		(void)err_set(s->e, ERR_LIMIT, "the claim text is too long");
	return copy;
}

/* Names that say where to ask instead of what the thing is. */
static const char **
direction(struct iotdisco *d, const char *name)
{
	const struct { const char *name; const char **where; } all[] = {
		{ "R", &d->registry }, { "JID", &d->jid }, { "NID", &d->node.id },
		{ "SID", &d->node.source }, { "PT", &d->node.partition },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (str_case_eq(name, all[i].name))
			return all[i].where;
	return NULL;
}

static int
add_tag(struct scan *s, const char *name, bool is_num, const char *value)
{
	struct tag_list *l = &s->out->tags;
	struct tag t = { .name = name, .is_num = is_num, .str = value };
	char shortest[STR_DOUBLE];

	if (l->n == WIRE_TAGS)
		return err_set(s->e, ERR_LIMIT, "the claim text has more than %d tags", WIRE_TAGS);
	if (str_utf8_chars(name) > WIRE_TAG_NAME || str_utf8_chars(value) > WIRE_TAG_VALUE)
		return err_set(s->e, ERR_LIMIT, "a tag of the claim text is too long");
	if (is_num) {
		if (str_to_double(value, &t.num) < 0)
			return err_set(s->e, ERR_INPUT, "a tag with '#' is not a number");
		str_from_double(shortest, t.num);
		t.str = pool_strdup(s->pool, shortest);
		if (t.str == NULL)
			return err_set(s->e, ERR_LIMIT, "the claim text is too long");
	}
	l->tag[l->n++] = t;
	return 0;
}

static int
add_item(struct scan *s, const char *name, const char *value)
{
	bool is_num = *name == '#';
	const char **where;

	name += is_num;
	if (*name == '\0' || *name == '#')
		return err_set(s->e, ERR_INPUT, "the claim text has a tag without a name");
	where = direction(s->out, name);
	if (tag_find(&s->out->tags, name) != NULL || (where != NULL && *where != NULL))
		return err_set(s->e, ERR_INPUT, "the claim text has a tag twice");
	if (where == NULL)
		return add_tag(s, name, is_num, value);
	if (is_num || *value == '\0')
		return err_set(s->e, ERR_INPUT, "the claim text has an empty address");
	*where = value;
	return 0;
}

static int
read_item(struct scan *s)
{
	const char *name = decode(s, true), *value;

	if (name == NULL)
		return -1;
	if (s->at == s->end || *s->at != s->form->assign)
		return err_set(s->e, ERR_INPUT, "the claim text has a tag without a value");
	s->at++;
	value = decode(s, false);
	if (value == NULL)
		return -1;
	return add_item(s, name, value);
}

static int
read_items(struct scan *s)
{
	for (;;) {
		if (read_item(s) < 0)
			return -1;
		if (s->at == s->end)
			return 0;
		s->at++;	/* ';' */
		if (s->at == s->end && s->form->may_trail)
			return 0;
	}
}

static const struct form *
form_of(const char *text)
{
	if (str_case_starts(text, uri_form.prefix))
		return &uri_form;
	return str_case_starts(text, xep_form.prefix) ? &xep_form : NULL;
}

int
iotdisco_parse(struct iotdisco *out, const char *text, size_t len,
    struct pool *pool, struct err *e)
{
	struct iotdisco d = { .registry = NULL };
	struct scan s = { .pool = pool, .e = e, .out = &d };
	const char *copy;

	if (len > IOTDISCO_BYTES)
		return err_set(e, ERR_LIMIT, "the claim text is too long");
	copy = pool_strndup(pool, text, len);
	d.tags.tag = pool_zalloc(pool, WIRE_TAGS * sizeof(*d.tags.tag));
	if (copy == NULL || d.tags.tag == NULL)
		return err_set(e, ERR_LIMIT, "the claim text is too long");
	s.form = form_of(copy);
	if (s.form == NULL || strlen(copy) != len)
		return err_set(e, ERR_INPUT, "this is not a claim text");
	s.at = copy + strlen(s.form->prefix);
	s.end = copy + len;
	if (read_items(&s) < 0)
		return -1;
	if (d.tags.n == 0 && d.jid == NULL)
		return err_set(e, ERR_INPUT, "the claim text has no tags");
	d.has_key = tag_find(&d.tags, "KEY") != NULL;
	*out = d;
	return 0;
}

/* RFC 3986, 2.3: what need not be encoded; but '~' is an operator in names. */
static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_';
}

static void
encode(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (is_unreserved(*s))
			buf_addc(out, *s);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*s);
}

static void
write_item(struct buf *out, bool *first, bool is_num, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_adds(out, *first ? "" : ";");
	*first = false;
	buf_adds(out, is_num ? "#" : "");
	encode(out, name);
	buf_addc(out, '=');
	encode(out, value);
}

void
iotdisco_write(struct buf *out, const struct iotdisco *d)
{
	bool first = true;
	char number[STR_DOUBLE];

	buf_adds(out, uri_form.prefix);
	for (size_t i = 0; i < d->tags.n; i++) {
		const struct tag *t = &d->tags.tag[i];

		if (t->is_num)
			str_from_double(number, t->num);
		write_item(out, &first, t->is_num, t->name, t->is_num ? number : t->str);
	}
	write_item(out, &first, false, "JID", d->jid);
	write_item(out, &first, false, "NID", d->node.id);
	write_item(out, &first, false, "SID", d->node.source);
	write_item(out, &first, false, "PT", d->node.partition);
	write_item(out, &first, false, "R", d->registry);
}

/* Letters and digits in front would make it a part of another word. */
static bool
begins_word(const char *text, const char *at)
{
	char before = at > text ? at[-1] : ' ';

	return !is_unreserved(before) && before != '%';
}

/* The sign that closes what stands open in front of the text, as in <..> or "..". */
static const char *
closing(const char *text, const char *at)
{
	static const char *const pairs[][2] = { { "<", ">" }, { "(", ")" }, { "[", "]" },
		{ "\"", "\"" }, { "'", "'" }, { "`", "`" },
		{ "\xe2\x80\x9c", "\xe2\x80\x9d" }, { "\xe2\x80\x9e", "\xe2\x80\x9c" },
		{ "\xe2\x80\x98", "\xe2\x80\x99" }, { "\xc2\xab", "\xc2\xbb" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t len = strlen(pairs[i][0]);

		if ((size_t)(at - text) >= len && strncmp(at - len, pairs[i][0], len) == 0)
			return pairs[i][1];
	}
	return NULL;
}

/* A URI ends at white space; the other form may hold blanks and ends with the line. */
static size_t
length_at(const char *text, const char *at)
{
	const char *close = closing(text, at), *found;
	size_t len = strcspn(at, form_of(at) == &uri_form ? " \t\r\n" : "\r\n");

	found = close != NULL ? strstr(at, close) : NULL;
	if (found != NULL && (size_t)(found - at) < len)
		len = (size_t)(found - at);
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return len;
}

int
iotdisco_find(const char *text, const char **start, size_t *len)
{
	const char *found = NULL;
	int n = 0;

	for (const char *at = text; *at != '\0' && n < 2; at++) {
		if (form_of(at) == NULL || !begins_word(text, at))
			continue;
		n++;
		found = at;
		at += strlen(uri_form.prefix) - 1;
	}
	if (n == 1) {
		*start = found;
		*len = length_at(text, found);
	}
	return n;
}
