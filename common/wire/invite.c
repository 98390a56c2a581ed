/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invite: XEP-0445 section 2 and XEP-0147: the parts of the link.
 */
#include "config.h"

#include "common/wire/invite.h"

#include <string.h>

#include "common/base/str.h"

/* Percent-encoding undone; -1 when it is none, or too long. */
static int
decode(char out[static INVITE_TOKEN + 1], const char *in, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++) {
		char hex[3] = "", c = in[i];

		if (n == INVITE_TOKEN)
			return -1;
		if (c == '%') {
			if (i + 2 >= len)
				return -1;
			memcpy(hex, in + i + 1, 2);
			if (str_unhex(&c, 1, hex) != 0)
				return -1;
			i += 2;
		}
		if (c <= ' ' || c == 0x7f)	/* a token is ASCII without blanks */
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0 ? 0 : -1;
}

static int
keep(struct secret *token, const char *text, size_t len, struct err *e)
{
	char clear[INVITE_TOKEN + 1];
	int ret;

	if (decode(clear, text, len) != 0)
		return err_set(e, ERR_INPUT, "the invitation holds no token");
	ret = secret_set(token, clear, strlen(clear), e);
	secret_cleanse(clear, sizeof(clear));
	return ret;
}

/* The value of a parameter behind the action; NULL: it is not there. */
static const char *
parameter(const char *query, const char *name, size_t *len)
{
	size_t n = strlen(name);
	const char *at = query;

	while ((at = strchr(at, ';')) != NULL) {
		at++;
		if (strncmp(at, name, n) == 0 && at[n] == '=') {
			*len = strcspn(at + n + 1, ";");
			return at + n + 1;
		}
	}
	return NULL;
}

static bool
is_for(const char *at, size_t len, const char *domain)
{
	return domain == NULL || (strlen(domain) == len && strncasecmp(at, domain, len) == 0);
}

static int
read_link(struct secret *token, const char *path, const char *domain, struct err *e)
{
	const char *query = strchr(path, '?'), *at = strchr(path, '@'), *value, *ibr;
	size_t len, n;

	if (query == NULL)
		return err_set(e, ERR_INPUT, "the invitation holds no token");
	if (at != NULL && at > query)
		at = NULL;
	if (at != NULL && strncmp(query, "?register", 9) == 0)
		return err_set(e, ERR_INPUT, "the invitation is for one certain name; a thing takes "
		    "a name of its own");
	ibr = parameter(query, "ibr", &n);
	if (at != NULL && (ibr == NULL || n != 1 || *ibr != 'y'))
		return err_set(e, ERR_INPUT, "the invitation is to a contact and makes no account");
	path = at != NULL ? at + 1 : path;
	if (!is_for(path, (size_t)(query - path), domain))
		return err_set(e, ERR_INPUT, "the invitation is for another domain than '%s'", domain);
	value = parameter(query, "preauth", &len);
	if (value == NULL)
		return err_set(e, ERR_INPUT, "the invitation holds no token");
	return keep(token, value, len, e);
}

int
invite_read(struct secret *token, const char *text, const char *domain, struct err *e)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strcspn(text, " \t\r\n");
	if (text[len + strspn(text + len, " \t\r\n")] != '\0')
		return err_set(e, ERR_INPUT, "the invitation is more than one word");
	if (strncasecmp(text, "xmpp:", 5) == 0) {
		char link[4 * INVITE_TOKEN];
		int ret;

		if (len - 5 >= sizeof(link))
			return err_set(e, ERR_INPUT, "the invitation is too long");
		memcpy(link, text + 5, len - 5);
		link[len - 5] = '\0';
		ret = read_link(token, link, domain, e);
		secret_cleanse(link, sizeof(link));
		return ret;
	}
	return keep(token, text, len, e);
}
