/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser: expat's handlers and the tree they build (tree.h).  Next: stanza.c
 * reads the tree, stream.c feeds us.
 *
 * Expat remembers every element and attribute name of a document, and one of
 * our documents lasts for weeks.  So the document is begun anew from time to
 * time, between two stanzas, by showing expat the stream header again.
 */
#include "config.h"

#include "common/wire/parser.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/mem.h"
#include "common/base/pool.h"
#include "common/base/secret.h"
#include "common/wire/frame.h"
#include "common/wire/ns.h"
#include "common/wire/tree.h"

/* Between namespace and name in what expat reports.  No XML document can
 * contain this byte, not even as a character reference. */
#define SEPARATOR '\x01'
#define XML_LANG "http://www.w3.org/XML/1998/namespace\x01lang"

/* Memory for the tree of one stanza: what its elements take, each with a namespace
 * of its own, and what the attributes and texts in the rest of the bytes can take
 * at most: a='' takes two pointers and two bytes that end a string. */
#define TREE_BYTES(stanza_bytes) \
	(WIRE_ELEMENTS * (sizeof(struct stanza) + WIRE_NAME_BYTES + 32) + 8 * (stanza_bytes))
#define TREE_FIRST_CHUNK (32 * 1024)	/* kept: no malloc for common stanzas */
#define RENEW_BYTES (128 * 1024)	/* of stanzas, until names are forgotten */
#define FEATURES_NAMESPACES (4 * WIRE_NAMESPACES) /* servers announce much */

enum purpose { READ_HEADER, READ_STANZA, READ_HEAD, READ_NOTHING };

struct parser {
	XML_Parser xml;
	struct pool pool;
	struct frame frame;
	char *default_ns;
	struct buf held;		/* the begun unit, up to the cap */
	struct buf opening;		/* stream header, to show it again */
	size_t since_renewal;
	enum parser_event final;	/* CLOSED or BROKEN: nothing follows */
	const char *why;

	enum purpose purpose;
	bool root_seen;			/* the stream's start tag is in expat */
	bool over;			/* this stanza met a cap or no memory */
	size_t level;			/* open elements below the stream */
	struct stanza *open[WIRE_DEPTH];
	struct buf text[WIRE_DEPTH];	/* direct text of each open element */
	const char *ns_seen[FEATURES_NAMESPACES];
	size_t n_ns;
	bool right_ns;			/* header: default namespace as expected */
	bool right_root;
	struct stanza *root;
	struct parser_header header;
	struct stanza_head head;
};

static const XML_Memory_Handling_Suite expat_memory = { mem_alloc, mem_resize, mem_free };

/* names */

/* Splits "URI\1name"; returns the local name, *uri_len 0 without namespace. */
static const char *
split_name(const char *name, size_t *uri_len)
{
	const char *sep = strchr(name, SEPARATOR);

	*uri_len = sep != NULL ? (size_t)(sep - name) : 0;
	return sep != NULL ? sep + 1 : name;
}

/* The name under which an attribute enters the tree; NULL: it does not. */
static const char *
plain_attribute(const char *name)
{
	if (strchr(name, SEPARATOR) == NULL)
		return name;
	return strcmp(name, XML_LANG) == 0 ? "xml:lang" : NULL;
}

static const char *
find_attribute(const char **atts, const char *name)
{
	for (; atts[0] != NULL; atts += 2)
		if (strcmp(atts[0], name) == 0)
			return atts[1];
	return NULL;
}

/* A copy for the event; "" when absent, too long or out of memory. */
static const char *
keep_attribute(struct parser *p, const char **atts, const char *name, size_t max)
{
	const char *value = find_attribute(atts, name);
	const char *copy = NULL;

	if (value != NULL && strlen(value) <= max)
		copy = pool_strdup(&p->pool, value);
	return copy != NULL ? copy : "";
}

/* expat's handlers */

static void
read_header(struct parser *p, const char *name, const char **atts)
{
	p->right_root = strcmp(name, NS_STREAMS "\x01" "stream") == 0;
	p->header.id = keep_attribute(p, atts, "id", WIRE_NAME_BYTES);
	p->header.from = keep_attribute(p, atts, "from", JID_MAX);
	p->header.version = keep_attribute(p, atts, "version", WIRE_NAME_BYTES);
}

static void
read_head(struct parser *p, const char *name, const char **atts)
{
	size_t uri_len;
	const char *local = split_name(name, &uri_len);
	const char *copy;

	if (strlen(local) <= WIRE_NAME_BYTES) {
		copy = pool_strdup(&p->pool, local);
		p->head.name = copy != NULL ? copy : "";
	}
	if (uri_len <= WIRE_NAME_BYTES) {
		copy = pool_strndup(&p->pool, name, uri_len);
		p->head.ns = copy != NULL ? copy : "";
	}
	p->head.type = keep_attribute(p, atts, "type", WIRE_NAME_BYTES);
	p->head.id = keep_attribute(p, atts, "id", WIRE_ID_BYTES);
	p->head.from = keep_attribute(p, atts, "from", JID_MAX);
	p->head.to = keep_attribute(p, atts, "to", JID_MAX);
}

/* How much of an element is kept.  false: it is over a limit. */
static bool
measure(const char *name, const char **atts, size_t *kept, size_t *bytes)
{
	size_t uri_len, n = 0;
	const char *local = split_name(name, &uri_len);

	if (uri_len > WIRE_NAME_BYTES || strlen(local) > WIRE_NAME_BYTES)
		return false;
	*bytes = uri_len + strlen(local) + 2;
	for (*kept = 0; atts[0] != NULL; atts += 2) {
		const char *plain = plain_attribute(atts[0]);

		if (++n > WIRE_ATTRIBUTES || strlen(split_name(atts[0], &uri_len)) > WIRE_NAME_BYTES)
			return false;
		if (plain == NULL)
			continue;
		++*kept;
		*bytes += strlen(plain) + strlen(atts[1]) + 2;
	}
	return true;
}

static const char *
keep(char **to, const char *text, size_t len)
{
	char *kept = *to;

	memcpy(kept, text, len);
	kept[len] = '\0';
	*to += len + 1;
	return kept;
}

/* In order: who walks them (signatures do) must not depend on expat's. */
static void
add_attribute(struct stanza *s, char **to, const char *name, const char *value)
{
	size_t at = s->n++;

	for (; at > 0 && strcmp(s->attr[at - 1].name, name) > 0; at--)
		s->attr[at] = s->attr[at - 1];
	s->attr[at].name = keep(to, name, strlen(name));
	s->attr[at].value = keep(to, value, strlen(value));
}

static struct stanza *
element_new(struct parser *p, const char *name, const char **atts)
{
	size_t uri_len, kept, bytes;
	const char *local = split_name(name, &uri_len);
	struct stanza *s;
	char *to;

	if (!measure(name, atts, &kept, &bytes))
		return NULL;
	s = pool_alloc(&p->pool, sizeof(*s) + kept * sizeof(s->attr[0]) + bytes);
	if (s == NULL)
		return NULL;
	to = (char *)&s->attr[kept];
	*s = (struct stanza){ .text = "" };
	s->ns = keep(&to, name, uri_len);
	s->name = keep(&to, local, strlen(local));
	for (; atts[0] != NULL; atts += 2) {
		const char *plain = plain_attribute(atts[0]);

		if (plain != NULL)
			add_attribute(s, &to, plain, atts[1]);
	}
	return s;
}

static void
add_child(struct stanza *parent, struct stanza *s)
{
	if (parent->last != NULL)
		parent->last->next = s;
	else
		parent->first = s;
	parent->last = s;
	parent->children++;
}

/* A half-built tree is never shown. */
static void
open_element(struct parser *p, const char *name, const char **atts)
{
	struct stanza *s;

	if (p->over || p->level == WIRE_DEPTH) {
		p->over = true;
		return;
	}
	s = element_new(p, name, atts);
	if (s == NULL) {
		p->over = true;
		return;
	}
	if (p->level > 0)
		add_child(p->open[p->level - 1], s);
	else
		p->root = s;
	buf_reset(&p->text[p->level]);
	p->open[p->level++] = s;
}

/* The direct text of an element is one, however it came. */
static void
close_element(struct parser *p)
{
	struct buf *text;

	if (p->over || p->level == 0)
		return;
	text = &p->text[--p->level];
	if (text->len > 0 && buf_ok(text)) {
		const char *kept = pool_strndup(&p->pool, text->data, text->len);

		if (kept != NULL)
			p->open[p->level]->text = kept;
		p->over = kept == NULL;
	}
	if (!buf_ok(text))
		p->over = true;
	buf_reset(text);	/* the tree has it; it goes with the stanza */
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **atts)
{
	struct parser *p = arg;

	if (!p->root_seen) {
		p->root_seen = true;
		if (p->purpose == READ_HEADER)
			read_header(p, name, atts);
	} else if (p->purpose == READ_STANZA) {
		open_element(p, name, atts);
	} else if (p->purpose == READ_HEAD) {
		read_head(p, name, atts);
	}
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct parser *p = arg;

	(void)name;
	if (p->purpose == READ_STANZA)
		close_element(p);
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	struct parser *p = arg;

	if (p->purpose == READ_STANZA && !p->over && p->level > 0)
		buf_add(&p->text[p->level - 1], text, (size_t)len);
}

/* Different namespaces are counted: servers repeat one on every child. */
static void
count_namespace(struct parser *p, const char *uri)
{
	size_t i;

	for (i = 0; i < p->n_ns; i++)
		if (strcmp(p->ns_seen[i], uri) == 0)
			return;
	if (p->n_ns == FEATURES_NAMESPACES)
		p->over = true;
	else if ((p->ns_seen[p->n_ns] = pool_strdup(&p->pool, uri)) != NULL)
		p->n_ns++;
	else
		p->over = true;
}

static void XMLCALL
on_namespace(void *arg, const XML_Char *prefix, const XML_Char *uri)
{
	struct parser *p = arg;

	if (uri == NULL)
		uri = "";
	if (p->purpose == READ_HEADER && prefix == NULL)
		p->right_ns = strcmp(uri, p->default_ns) == 0;
	else if (p->purpose == READ_STANZA && !p->over)
		count_namespace(p, uri);
}

/* The document */

static void
begin_document(struct parser *p)
{
	(void)XML_ParserReset(p->xml, "UTF-8");
	XML_SetUserData(p->xml, p);
	XML_SetElementHandler(p->xml, on_start, on_end);
	XML_SetCharacterDataHandler(p->xml, on_text);
	XML_SetStartNamespaceDeclHandler(p->xml, on_namespace);
#ifdef HAVE_XML_SETREPARSEDEFERRALENABLED
	(void)XML_SetReparseDeferralEnabled(p->xml, XML_FALSE);
#endif
	p->root_seen = false;
	p->since_renewal = 0;
}

static bool
feed(struct parser *p, enum purpose purpose, const char *data, size_t len)
{
	void *own = XML_GetBuffer(p->xml, (int)len);
	bool fine;

	p->purpose = purpose;
	if (own == NULL)
		return false;
	memcpy(own, data, len);
	fine = XML_ParseBuffer(p->xml, (int)len, 0) == XML_STATUS_OK;
	/* A whole stanza: expat has read it to its end and keeps it all the
	 * same; there may be a KEY in it. */
	if (purpose == READ_STANZA)
		secret_cleanse(own, len);
	return fine;
}

static enum parser_event
broken(struct parser *p, const char *why)
{
	p->why = why;
	return p->final = PARSER_BROKEN;
}

/* Expat's memory of names is bounded by bounding the document. */
static bool
renew_document(struct parser *p)
{
	if (p->since_renewal < RENEW_BYTES)
		return true;
	begin_document(p);
	return feed(p, READ_NOTHING, p->opening.data, p->opening.len);
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool
is_declaration(const char *data, size_t len)
{
	return len > 5 && memcmp(data, "<?xml", 5) == 0 && is_white(data[5]);
}

static enum parser_event
take_header(struct parser *p, const char *data, size_t len)
{
	p->right_ns = p->right_root = false;
	p->header = (struct parser_header){ "", "", "" };
	if (data[1] == '?' && !is_declaration(data, len))
		return broken(p, "restricted-xml");
	if (!feed(p, READ_HEADER, data, len) || !p->root_seen)
		return broken(p, "not-well-formed");
	if (!p->right_root || !p->right_ns)
		return broken(p, "invalid-namespace");
	buf_reset(&p->opening);
	buf_add(&p->opening, data, len);
	if (!buf_ok(&p->opening))
		return broken(p, "resource-constraint");
	return PARSER_OPENED;
}

/* Shows expat the first tag alone, closed at once. */
static enum parser_event
take_head(struct parser *p, const char *data, size_t root_bytes)
{
	size_t name_len = strcspn(data + 1, " \t\r\n/>");
	bool ok;

	pool_reset(&p->pool);
	p->head = (struct stanza_head){ "", "", "", "", "", "" };
	if (root_bytes == 0 || name_len > WIRE_NAME_BYTES)
		return PARSER_OVERSIZE;
	ok = feed(p, READ_HEAD, data, root_bytes);
	if (ok && data[root_bytes - 2] != '/')
		ok = feed(p, READ_NOTHING, "</", 2) &&
		    feed(p, READ_NOTHING, data + 1, name_len) &&
		    feed(p, READ_NOTHING, ">", 1);
	return ok ? PARSER_OVERSIZE : broken(p, "not-well-formed");
}

/* Is the begun unit a second stream header?  It has no end of its own and
 * would swallow the stanzas behind it. */
static bool
reopens_stream(const struct parser *p)
{
	const char *first = strrchr(p->opening.data, '<');
	size_t len = first != NULL ? strcspn(first, " \t\r\n/>") : 0;

	return p->frame.root_bytes > 0 && p->held.len > len &&
	    strncmp(p->held.data, first, len) == 0 &&
	    strcspn(p->held.data, " \t\r\n/>") == len;
}

static bool
too_many_namespaces(const struct parser *p)
{
	bool features = p->root != NULL && strcmp(p->root->ns, NS_STREAMS) == 0;

	return !features && p->n_ns > WIRE_NAMESPACES;
}

static enum parser_event
take_stanza(struct parser *p, const char *data, size_t len)
{
	p->over = false;
	p->level = 0;
	p->root = NULL;
	p->n_ns = 0;
	if (!feed(p, READ_STANZA, data, len))
		return broken(p, "not-well-formed");
	if (!p->over && (p->root == NULL || p->level != 0))
		return broken(p, "not-well-formed");	/* framed otherwise than read */
	if (p->over || too_many_namespaces(p))
		return take_head(p, data, p->frame.root_bytes);
	return PARSER_STANZA;
}

static enum parser_event
take_unit(struct parser *p, enum frame_event ev, const char *data, size_t len)
{
	switch (ev) {
	case FRAME_HEADER:
		return take_header(p, data, len);
	case FRAME_CLOSE:
		if (!feed(p, READ_NOTHING, data, len))
			return broken(p, "not-well-formed");
		return p->final = PARSER_CLOSED;
	default:
		break;
	}
	p->since_renewal += len;
	if (!renew_document(p))
		return broken(p, "not-well-formed");
	if (ev == FRAME_STANZA)
		return take_stanza(p, data, len);
	return take_head(p, data, p->frame.root_bytes <= len ? p->frame.root_bytes : 0);
}

/* Keep the begun unit for the next call, as far as it may matter. */
static void
hold(struct parser *p, const char *data, size_t len)
{
	size_t room = p->held.max - p->held.len;

	buf_add(&p->held, data, len < room ? len : room);
}

static size_t
skip_white(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && is_white(data[n]))
		n++;
	return n;
}

enum parser_event
parser_next(struct parser *p, const char *data, size_t len, size_t *used)
{
	enum parser_event out;
	enum frame_event ev;
	size_t white = 0, taken;

	*used = len;
	if (p->final != PARSER_MORE)
		return p->final;
	if (frame_at_start(&p->frame)) {
		pool_reset(&p->pool);
		buf_reset(&p->held);
		white = skip_white(data, len);
	}
	ev = frame_scan(&p->frame, data + white, len - white, &taken);
	*used = white + taken;
	if (ev == FRAME_BROKEN)
		return broken(p, frame_why(&p->frame));
	if (ev == FRAME_MORE || p->held.len > 0)
		hold(p, data + white, taken);
	if (!buf_ok(&p->held))
		return broken(p, "resource-constraint");
	if (ev == FRAME_MORE)
		return reopens_stream(p) ? broken(p, "bad-format") : PARSER_MORE;
	if (p->held.len > 0)
		out = take_unit(p, ev, p->held.data, p->held.len);
	else
		out = take_unit(p, ev, data + white, taken);
	return out;
}

/* Life */

struct parser *
parser_new(const char *default_ns, size_t stanza_bytes, struct err *e)
{
	struct parser *p = mem_zalloc(sizeof(*p));
	size_t held = stanza_bytes > FRAME_HEADER_BYTES ? stanza_bytes : FRAME_HEADER_BYTES;
	size_t i;

	if (p == NULL)
		goto no_memory;
	pool_init(&p->pool, TREE_BYTES(stanza_bytes));
	buf_init(&p->held, held);
	buf_init(&p->opening, FRAME_HEADER_BYTES);
	for (i = 0; i < WIRE_DEPTH; i++)
		buf_init(&p->text[i], stanza_bytes);
	frame_init(&p->frame, stanza_bytes);
	p->default_ns = mem_strdup(default_ns);
	p->xml = XML_ParserCreate_MM("UTF-8", &expat_memory, (const char[]){ SEPARATOR, 0 });
	if (p->default_ns == NULL || p->xml == NULL ||
	    (stanza_bytes >= WIRE_STANZA_BYTES && pool_alloc(&p->pool, TREE_FIRST_CHUNK) == NULL))
		goto no_memory;
	parser_restart(p);
	return p;
no_memory:
	(void)err_set(e, ERR_SYSTEM, "no memory for a stream parser");
	parser_free(&p);
	return NULL;
}

void
parser_free(struct parser **parser)
{
	struct parser *p = *parser;
	size_t i;

	if (p == NULL)
		return;
	if (p->xml != NULL)
		XML_ParserFree(p->xml);
	for (i = 0; i < WIRE_DEPTH; i++)
		buf_fini(&p->text[i]);
	buf_fini(&p->opening);
	buf_fini(&p->held);
	pool_fini(&p->pool);
	mem_free(p->default_ns);
	mem_free(p);
	*parser = NULL;
}

void
parser_restart(struct parser *p)
{
	frame_init(&p->frame, p->frame.max_bytes);
	buf_reset(&p->held);
	pool_reset(&p->pool);
	p->final = PARSER_MORE;
	p->why = "";
	begin_document(p);
}

void
parser_rest(struct parser *p)
{
	if (!frame_at_start(&p->frame))
		return;
	pool_fini(&p->pool);
	buf_fini(&p->held);
	for (size_t i = 0; i < WIRE_DEPTH; i++)
		buf_fini(&p->text[i]);
	p->root = NULL;
}

const struct parser_header *
parser_header(const struct parser *p)
{
	return &p->header;
}

const struct stanza *
parser_stanza(const struct parser *p)
{
	return p->root;
}

const struct stanza_head *
parser_head(const struct parser *p)
{
	return &p->head;
}

const char *
parser_why(const struct parser *p)
{
	return p->why;
}
