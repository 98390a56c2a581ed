/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid: splitting an address and preparing its parts.  What the two profiles do
 * beyond ASCII is in jid_prep.c; nothing here knows stanzas.  Next: clock.c.
 */
#include "config.h"

#include "common/base/jid.h"

#include <string.h>

#include "common/base/jid_prep.h"
#include "common/base/scratch.h"
#include "common/base/str.h"

struct part {
	char text[JID_PART_MAX + 1];
	size_t len;
};

/* Where the parts are in the text that was given; len 0: absent. */
struct split {
	const char *local, *domain, *resource;
	size_t local_len, domain_len, resource_len;
};

/*
 * RFC 7622 section 3.2: the resource begins at the first '/', whatever it
 * holds; before it, the local part ends at the first '@'.  A part that is
 * announced by its separator must not be empty.
 */
static int
split(struct split *s, const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	size_t bare = slash != NULL ? (size_t)(slash - text) : strlen(text);
	const char *at = memchr(text, '@', bare);

	*s = (struct split){ .domain = text, .domain_len = bare };
	if (at != NULL) {
		s->local = text;
		s->local_len = (size_t)(at - text);
		s->domain = at + 1;
		s->domain_len = bare - s->local_len - 1;
		if (s->local_len == 0)
			return err_set(e, ERR_INPUT, "address with nothing before the '@'");
	}
	if (slash != NULL) {
		s->resource = slash + 1;
		s->resource_len = strlen(s->resource);
		if (s->resource_len == 0)
			return err_set(e, ERR_INPUT, "address with nothing after the '/'");
	}
	/* RFC 7622 section 3.2: a final dot is stripped before anything else. */
	if (s->domain_len > 0 && s->domain[s->domain_len - 1] == '.')
		s->domain_len--;
	if (s->domain_len == 0)
		return err_set(e, ERR_INPUT, "address without a domain");
	return 0;
}

static bool
is_ascii_letter_or_digit(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 6122 appendix A.5, RFC 7622 section 3.3.1. */
static bool
is_local_ascii(unsigned char c)
{
	return is_ascii_letter_or_digit(c) ||
	    (c > 0x20 && c < 0x7f && strchr("\"&'/:<>@", c) == NULL);
}

/* Letters, digits, '-', '.'; '_' because private host names have it. */
static bool
is_domain_ascii(unsigned char c)
{
	return is_ascii_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool
is_address_literal(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	    c == ':' || c == '.' || c == '[' || c == ']';
}

static bool
is_resource_ascii(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

static bool
all_ascii(const struct part *p, bool (*is_allowed)(unsigned char c))
{
	for (size_t i = 0; i < p->len; i++)
		if ((unsigned char)p->text[i] < 0x80 && !is_allowed((unsigned char)p->text[i]))
			return false;
	return true;
}

static bool
is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/* No empty label, and "[...]" only around an IPv6 address. */
static bool
domain_is_shaped(const struct part *p)
{
	if (p->text[0] == '[')
		return p->len > 3 && p->text[p->len - 1] == ']' &&
		    memchr(p->text + 1, '[', p->len - 1) == NULL &&
		    memchr(p->text, ']', p->len - 1) == NULL && all_ascii(p, is_address_literal) &&
		    is_plain(p->text, p->len);
	return p->text[0] != '.' && p->text[p->len - 1] != '.' &&
	    strstr(p->text, "..") == NULL && all_ascii(p, is_domain_ascii);
}

static bool
part_is_shaped(const struct part *p, enum jid_part which)
{
	switch (which) {
	case JID_LOCAL:
		return all_ascii(p, is_local_ascii);
	case JID_DOMAIN:
		return domain_is_shaped(p);
	case JID_RESOURCE:
		return all_ascii(p, is_resource_ascii);
	}
	return false;
}

static bool
is_stable(const char *text, enum jid_part which, enum jid_profile profile)
{
	SCRATCH char again[JID_PART_MAX + 1];

	return str_copy(again, sizeof(again), text) == 0 &&
	    jid_prep(again, sizeof(again), which, profile) == 0 && strcmp(again, text) == 0;
}

/*
 * One part.  Length and UTF-8 are checked before a library sees it.  What
 * changes again when prepared again is refused: neither profile promises to
 * be stable, and a canonical address must be.
 */
static int
prepare(struct part *out, const char *text, size_t len, enum jid_part which,
    enum jid_profile profile, struct err *e)
{
	static const char *const name[] = { "local part", "domain", "resource" };

	if (len > JID_PART_MAX)
		return err_set(e, ERR_INPUT, "%s longer than %d bytes", name[which], JID_PART_MAX);
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	out->len = len;
	if (is_plain(text, len)) {
		if (which != JID_RESOURCE)
			str_lower(out->text);
	} else {
		if (!str_utf8_valid(text, len))
			return err_set(e, ERR_INPUT, "%s is not UTF-8", name[which]);
		if (jid_prep(out->text, sizeof(out->text), which, profile) != 0)
			return err_set(e, ERR_INPUT, "%s has forbidden characters", name[which]);
		if (!is_stable(out->text, which, profile))
			return err_set(e, ERR_INPUT, "%s has no stable form", name[which]);
		out->len = strlen(out->text);
	}
	if (out->len == 0)
		return err_set(e, ERR_INPUT, "%s is empty once prepared", name[which]);
	if (!part_is_shaped(out, which))
		return err_set(e, ERR_INPUT, "%s has forbidden characters", name[which]);
	return 0;
}

static void
append(struct jid *j, const char *text, size_t len)
{
	memcpy(j->text + j->len, text, len);
	j->len += len;
	j->text[j->len] = '\0';
}

static int
parse(struct jid *out, const char *text, enum jid_profile profile, bool bare, struct err *e)
{
	SCRATCH struct part local, domain, resource;
	struct split s;

	if (split(&s, text, e) != 0)
		return -1;
	local.len = resource.len = 0;
	if (s.local_len > 0 &&
	    prepare(&local, s.local, s.local_len, JID_LOCAL, profile, e) != 0)
		return -1;
	if (prepare(&domain, s.domain, s.domain_len, JID_DOMAIN, profile, e) != 0)
		return -1;
	if (s.resource_len > 0 &&
	    prepare(&resource, s.resource, s.resource_len, JID_RESOURCE, profile, e) != 0)
		return -1;

	out->len = 0;
	out->local_len = local.len;
	if (local.len > 0) {
		append(out, local.text, local.len);
		append(out, "@", 1);
	}
	append(out, domain.text, domain.len);
	out->bare_len = out->len;
	if (resource.len > 0 && !bare) {
		append(out, "/", 1);
		append(out, resource.text, resource.len);
	}
	return 0;
}

int
jid_parse(struct jid *out, const char *text, enum jid_profile profile, struct err *e)
{
	return parse(out, text, profile, false, e);
}

int
jid_parse_bare(struct jid *out, const char *text, enum jid_profile profile, struct err *e)
{
	return parse(out, text, profile, true, e);
}

void
jid_to_bare(struct jid *j)
{
	j->len = j->bare_len;
	j->text[j->len] = '\0';
}

bool
jid_has_resource(const struct jid *j)
{
	return j->len > j->bare_len;
}

bool
jid_has_local(const struct jid *j)
{
	return j->local_len > 0;
}

const char *
jid_domain(const struct jid *j, size_t *len)
{
	size_t start = j->local_len > 0 ? j->local_len + 1 : 0;

	*len = j->bare_len - start;
	return j->text + start;
}

const char *
jid_resource(const struct jid *j)
{
	return jid_has_resource(j) ? j->text + j->bare_len + 1 : "";
}

size_t
jid_text_bare_len(const char *text)
{
	return strcspn(text, "/");
}

bool
jid_text_same_bare(const char *a, const char *b)
{
	size_t len = jid_text_bare_len(a);

	return len == jid_text_bare_len(b) && memcmp(a, b, len) == 0;
}

const char *
jid_text_domain(const char *text, size_t *len)
{
	size_t bare = jid_text_bare_len(text);
	const char *at = memchr(text, '@', bare);
	const char *domain = at != NULL ? at + 1 : text;

	*len = bare - (size_t)(domain - text);
	return domain;
}

bool
jid_text_in_domain(const char *text, const char *domain)
{
	size_t len;
	const char *of_text = jid_text_domain(text, &len);

	return strlen(domain) == len && memcmp(of_text, domain, len) == 0;
}

/* RFC 7622 wants A-labels turned into what they stand for, stringprep leaves
 * them; we leave them too and say that the profiles differ. */
static bool
has_a_label(const struct jid *j)
{
	size_t len;
	const char *domain = jid_domain(j, &len);

	for (size_t i = 0; i < len; i++)
		if ((i == 0 || domain[i - 1] == '.') && str_starts(domain + i, "xn--"))
			return true;
	return false;
}

bool
jid_profiles_differ(const char *text)
{
	SCRATCH struct jid old, new;

	if (jid_parse(&old, text, JID_STRINGPREP, NULL) != 0 ||
	    jid_parse(&new, text, JID_PRECIS, NULL) != 0)
		return true;
	return strcmp(old.text, new.text) != 0 || has_a_label(&old);
}
