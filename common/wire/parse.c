/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: shared steps of all parsers.  Rules: an attribute nobody knows is
 * skipped; a wrong, over-long or doubled value is bad-request; too many of
 * something is resource-constraint; a child of a foreign namespace is skipped.
 */
#include "config.h"

#include "common/wire/parse.h"

#include <stdint.h>
#include <string.h>

#include "common/base/scratch.h"
#include "common/base/str.h"
#include "common/wire/stanza.h"

int
parse_fail(struct parse *p, enum condition c)
{
	if (p->cond == COND_NONE)
		p->cond = c;
	return -1;
}

const char *
parse_copy(struct parse *p, const char *text)
{
	const char *copy = pool_strdup(p->pool, text);

	if (copy == NULL)
		(void)parse_fail(p, COND_RESOURCE_CONSTRAINT);
	return copy;
}

static void *
parse_alloc(struct parse *p, size_t size)
{
	void *mem = pool_zalloc(p->pool, size);

	if (mem == NULL)
		(void)parse_fail(p, COND_RESOURCE_CONSTRAINT);
	return mem;
}

enum vocab
parse_vocab(const struct parse *p, enum gen gen)
{
	if (p->saw_long != p->saw_short)
		return p->saw_long ? VOCAB_LONG : VOCAB_SHORT;
	return gen == GEN_X ? VOCAB_LONG : VOCAB_SHORT;
}

static int
copy_limited(struct parse *p, const char *text, size_t max, const char **out)
{
	if (str_utf8_chars(text) > max)
		return parse_fail(p, COND_BAD_REQUEST);
	*out = parse_copy(p, text);
	return *out != NULL ? 0 : -1;
}

int
parse_attr(struct parse *p, const struct stanza *el, const char *name, size_t max,
    const char **out)
{
	const char *text = stanza_attr(el, name);

	*out = NULL;
	return text == NULL ? 0 : copy_limited(p, text, max, out);
}

int
parse_needed(struct parse *p, const struct stanza *el, const char *name, size_t max,
    const char **out)
{
	if (parse_attr(p, el, name, max, out) < 0)
		return -1;
	return *out != NULL ? 0 : parse_fail(p, COND_BAD_REQUEST);
}

/* Two names of one attribute, as they were found: the value, NULL if neither is there. */
static int
either(struct parse *p, const char *first, const char *second, const char **out)
{
	if (first != NULL && second != NULL && strcmp(first, second) != 0)
		return parse_fail(p, COND_BAD_REQUEST);
	*out = first != NULL ? first : second;
	return 0;
}

static int
word_value(struct parse *p, const struct stanza *el, enum word w, const char **out)
{
	const char *lng = stanza_attr(el, word(VOCAB_LONG, w));
	const char *shrt = stanza_attr(el, word(VOCAB_SHORT, w));

	if (either(p, lng, shrt, out) < 0)
		return -1;
	p->saw_long |= lng != NULL;
	p->saw_short |= shrt != NULL;
	return 0;
}

int
parse_word(struct parse *p, const struct stanza *el, enum word w, size_t max, const char **out)
{
	const char *text;

	*out = NULL;
	if (word_value(p, el, w, &text) < 0)
		return -1;
	return text == NULL ? 0 : copy_limited(p, text, max, out);
}

static int
boolean(struct parse *p, const char *text, bool *has, bool *out)
{
	if (has != NULL)
		*has = text != NULL;
	if (text != NULL && str_to_bool(text, out) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

int
parse_bool(struct parse *p, const struct stanza *el, const char *name, bool *has, bool *out)
{
	return boolean(p, stanza_attr(el, name), has, out);
}

int
parse_int(struct parse *p, const struct stanza *el, const char *name, int64_t min, int64_t *out)
{
	const char *text = stanza_attr(el, name);

	if (text != NULL && str_to_int(text, min, INT64_MAX, out) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	return 0;
}

int
parse_jid(struct parse *p, const struct stanza *el, const char *name, bool needed,
    const char **out)
{
	const char *text = stanza_attr(el, name);
	SCRATCH struct jid jid;

	*out = NULL;
	if (text == NULL)
		return needed ? parse_fail(p, COND_BAD_REQUEST) : 0;
	if (jid_parse_bare(&jid, text, p->profile, NULL) < 0)
		return parse_fail(p, COND_JID_MALFORMED);
	*out = parse_copy(p, jid.text);
	return *out != NULL ? 0 : -1;
}

int
parse_jid_soft(struct parse *p, const struct stanza *el, const char *name,
    const char **jid, const char **asked)
{
	SCRATCH struct jid parsed;

	*jid = NULL;
	if (parse_attr(p, el, name, JID_MAX, asked) < 0)
		return -1;
	if (*asked == NULL || jid_parse_bare(&parsed, *asked, p->profile, NULL) < 0)
		return 0;
	*jid = parse_copy(p, parsed.text);
	return *jid != NULL ? 0 : -1;
}

static bool
is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

/* Some clients always write the node's id and leave it empty when there is
 * none: a node of nothing but empty members is none. */
int
parse_node(struct parse *p, const struct stanza *el, struct node *out)
{
	*out = (struct node){ NULL, NULL, NULL };
	if (parse_word(p, el, WORD_NODE_ID, WIRE_NODE_TEXT, &out->id) < 0 ||
	    parse_word(p, el, WORD_SOURCE, WIRE_NODE_TEXT, &out->source) < 0 ||
	    parse_word(p, el, WORD_PARTITION, WIRE_NODE_TEXT, &out->partition) < 0)
		return -1;
	if (is_empty(out->id) && is_empty(out->source) && is_empty(out->partition))
		*out = (struct node){ NULL, NULL, NULL };
	return 0;
}

int
parse_number(struct parse *p, const char *text, double *out, const char **canonical)
{
	char shortest[STR_DOUBLE];

	if (str_to_double(text, out) < 0)
		return parse_fail(p, COND_BAD_REQUEST);
	str_from_double(shortest, *out);
	*canonical = parse_copy(p, shortest);
	return *canonical != NULL ? 0 : -1;
}

int
parse_tag(struct parse *p, const struct stanza *el, bool is_num, struct tag *out)
{
	const char *value;

	*out = (struct tag){ .is_num = is_num };
	if (parse_needed(p, el, "name", WIRE_TAG_NAME, &out->name) < 0 ||
	    parse_needed(p, el, "value", WIRE_TAG_VALUE, &value) < 0)
		return -1;
	if (*out->name == '\0')
		return parse_fail(p, COND_BAD_REQUEST);
	if (is_num)
		return parse_number(p, value, &out->num, &out->str);
	out->str = value;
	return 0;
}

/* Is this child of the payload's own namespace? */
static bool
is_ours(const struct stanza *parent, const struct stanza *child)
{
	return strcmp(stanza_ns(parent), stanza_ns(child)) == 0;
}

static size_t
count_ours(const struct stanza *el)
{
	size_t n = 0;

	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		n += is_ours(el, c);
	return n;
}

/* Anything but str and num would be a tag we cannot compare. */
static int
add_tag(struct parse *p, const struct stanza *c, struct tag_list *out)
{
	bool is_num = strcmp(stanza_name(c), "num") == 0;
	struct tag *tag = &out->tag[out->n];

	if (!is_num && strcmp(stanza_name(c), "str") != 0)
		return parse_fail(p, COND_BAD_REQUEST);
	if (parse_tag(p, c, is_num, tag) < 0)
		return -1;
	if (tag_find(out, tag->name) != NULL)
		return parse_fail(p, COND_BAD_REQUEST);
	out->n++;
	return 0;
}

int
parse_tags(struct parse *p, const struct stanza *el, struct tag_list *out)
{
	size_t n = count_ours(el);

	*out = (struct tag_list){ 0, NULL };
	if (n > WIRE_TAGS)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	if (n == 0)
		return 0;
	out->tag = parse_alloc(p, n * sizeof(*out->tag));
	if (out->tag == NULL)
		return -1;
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (is_ours(el, c) && add_tag(p, c, out) < 0)
			return -1;
	return 0;
}

static int
history_types(struct parse *p, const struct stanza *el, unsigned *types, unsigned *history)
{
	for (unsigned i = 0; i < WORD_HISTORIES; i++) {
		bool on = false, has;

		if (parse_bool(p, el, word_history(i), &has, &on) < 0)
			return -1;
		p->saw_long |= has;
		*history |= on ? 1u << i : 0;
	}
	if (*types & FIELD_HISTORICAL)
		*history = 0;	/* all of it was asked anyway */
	else if (*history != 0)
		*types |= FIELD_HISTORICAL;
	return 0;
}

int
parse_types(struct parse *p, const struct stanza *el, unsigned *types, unsigned *history)
{
	bool all = false;

	*types = 0;
	*history = 0;
	if (parse_bool(p, el, "all", NULL, &all) < 0)
		return -1;
	for (unsigned i = 0; i < WORD_FIELD_TYPES; i++) {
		const char *text;
		bool on = false;

		if (word_value(p, el, word_field_word(i), &text) < 0 ||
		    boolean(p, text, NULL, &on) < 0)
			return -1;
		*types |= on ? word_field_bit(i) : 0;
	}
	if (all)
		*types = FIELD_ALL;
	return history_types(p, el, types, history);
}

#define BLANKS " \t\r\n"

static bool
has_word(const struct name_list *l, const char *text, size_t len)
{
	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->name[i], text, len) == 0 && l->name[i][len] == '\0')
			return true;
	return false;
}

static int
token_list(struct parse *p, const struct stanza *el, enum word w, struct name_list *out)
{
	const char *s;

	*out = (struct name_list){ 0, NULL };
	if (word_value(p, el, w, &s) < 0)
		return -1;
	if (s == NULL || s[strspn(s, BLANKS)] == '\0')
		return 0;
	out->name = parse_alloc(p, WIRE_TOKENS * sizeof(*out->name));
	if (out->name == NULL)
		return -1;
	for (s += strspn(s, BLANKS); *s != '\0'; s += strspn(s, BLANKS)) {
		size_t len = strcspn(s, BLANKS);
		const char *copy;

		if (len > WIRE_TOKEN_BYTES)
			return parse_fail(p, COND_BAD_REQUEST);
		if (has_word(out, s, len)) {
			s += len;
			continue;
		}
		if (out->n == WIRE_TOKENS)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		copy = pool_strndup(p->pool, s, len);
		if (copy == NULL)
			return parse_fail(p, COND_RESOURCE_CONSTRAINT);
		out->name[out->n++] = copy;
		s += len;
	}
	return 0;
}

int
parse_tokens(struct parse *p, const struct stanza *el, struct tokens *out)
{
	if (token_list(p, el, WORD_SERVICE_TOKEN, &out->service) < 0 ||
	    token_list(p, el, WORD_DEVICE_TOKEN, &out->device) < 0 ||
	    token_list(p, el, WORD_USER_TOKEN, &out->user) < 0)
		return -1;
	return 0;
}

static bool
is_called(const struct stanza *parent, const struct stanza *c, const char *a, const char *b)
{
	return is_ours(parent, c) &&
	    (strcmp(stanza_name(c), a) == 0 || strcmp(stanza_name(c), b) == 0);
}

static size_t
count_called(const struct stanza *el, const char *a, const char *b)
{
	size_t n = 0;

	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		n += is_called(el, c, a, b);
	return n;
}

int
parse_nodes(struct parse *p, const struct stanza *el, struct node_list *out)
{
	const char *lng = word(VOCAB_LONG, WORD_NODE), *shrt = word(VOCAB_SHORT, WORD_NODE);
	size_t n = count_called(el, lng, shrt);

	*out = (struct node_list){ 0, NULL };
	if (n > WIRE_NODES)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	if (n == 0)
		return 0;
	out->node = parse_alloc(p, n * sizeof(*out->node));
	if (out->node == NULL)
		return -1;
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c)) {
		if (!is_called(el, c, lng, shrt))
			continue;
		p->saw_long |= strcmp(stanza_name(c), lng) == 0;
		p->saw_short |= strcmp(stanza_name(c), shrt) == 0;
		if (parse_node(p, c, &out->node[out->n++]) < 0)
			return -1;
	}
	return 0;
}

static bool
has_name(const struct name_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->name[i], name) == 0)
			return true;
	return false;
}

/* The name of one <field/>, <parameter/> ...: attribute `name` or `n`. */
static int
add_name(struct parse *p, const struct stanza *c, struct name_list *out)
{
	const char *text = NULL, *copy;

	if (either(p, stanza_attr(c, "name"), stanza_attr(c, "n"), &text) < 0)
		return -1;
	if (is_empty(text))
		return parse_fail(p, COND_BAD_REQUEST);
	if (has_name(out, text))
		return 0;
	if (out->n == WIRE_NAMES)
		return parse_fail(p, COND_RESOURCE_CONSTRAINT);
	if (copy_limited(p, text, WIRE_FIELD_NAME, &copy) < 0)
		return -1;
	out->name[out->n++] = copy;
	return 0;
}

static int
parse_names(struct parse *p, const struct stanza *el, const char *a, const char *b,
    struct name_list *out)
{
	size_t n = count_called(el, a, b);

	*out = (struct name_list){ 0, NULL };
	if (n == 0)
		return 0;
	/* Both spellings of one name may be there. */
	if (n > WIRE_NAMES)
		n = WIRE_NAMES;
	out->name = parse_alloc(p, n * sizeof(*out->name));
	if (out->name == NULL)
		return -1;
	for (const struct stanza *c = stanza_first(el); c != NULL; c = stanza_next(c))
		if (is_called(el, c, a, b) && add_name(p, c, out) < 0)
			return -1;
	return 0;
}

int
parse_fields(struct parse *p, const struct stanza *el, struct name_list *out)
{
	const char *lng = word(VOCAB_LONG, WORD_FIELD), *shrt = word(VOCAB_SHORT, WORD_FIELD);

	p->saw_long |= stanza_child(el, stanza_ns(el), lng) != NULL;
	p->saw_short |= stanza_child(el, stanza_ns(el), shrt) != NULL;
	return parse_names(p, el, lng, shrt, out);
}

/* Both spellings occur in one vocabulary, so they tell nothing about it. */
int
parse_parameters(struct parse *p, const struct stanza *el, struct name_list *out)
{
	return parse_names(p, el, "parameter", "p", out);
}
