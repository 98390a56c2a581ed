/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssdp: lines of a head as HTTP has them, each NAME: VALUE, up to the empty one.
 * Only ST and LOCATION are looked at; a head that names one twice is refused.
 */
#include "config.h"

#include "common/wire/ssdp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/str.h"

const char ssdp_search[] = "M-SEARCH * HTTP/1.1\r\nHOST: " SSDP_GROUP ":1900\r\n"
    "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " SSDP_TARGET "\r\n\r\n";

#define LOCATION 512

struct head {
	char st[sizeof(SSDP_TARGET)];
	char location[LOCATION];
};

/* One line without its end; *at goes behind it.  -1: there is no end. */
static int next_line(const char *data, size_t len, size_t *at, const char **line, size_t *n)
{
	const char *end = memchr(data + *at, '\n', len - *at);

	if (!end)
		return -1;
	*line = data + *at;
	*n = (size_t)(end - *line);
	*at += *n + 1;
	if (*n > 0 && (*line)[*n - 1] == '\r')
		(*n)--;
	return 0;
}

static int take_value(char *out, size_t size, const char *value, size_t n)
{
	while (n > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		n--;
	}
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	if (out[0] || n == 0 || n >= size)
		return -1;
	memcpy(out, value, n);
	out[n] = '\0';
	return 0;
}

static int take_line(struct head *h, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	size_t name = colon ? (size_t)(colon - line) : 0;

	if (!colon)
		return -1;
	if (name == 2 && strncasecmp(line, "ST", 2) == 0)
		return take_value(h->st, sizeof(h->st), colon + 1, n - name - 1);
	if (name == 8 && strncasecmp(line, "LOCATION", 8) == 0)
		return take_value(h->location, sizeof(h->location), colon + 1, n - name - 1);
	return 0;
}

static int read_head(struct head *h, const char *data, size_t len)
{
	const char *line;
	size_t at = 0, n;

	memset(h, 0, sizeof(*h));
	if (len > SSDP_PACKET || memchr(data, '\0', len) ||
	    next_line(data, len, &at, &line, &n) < 0 || n < 12 ||
	    (strncmp(line, "HTTP/1.1 200", 12) != 0 && strncmp(line, "HTTP/1.0 200", 12) != 0))
		return -1;
	while (next_line(data, len, &at, &line, &n) == 0) {
		if (n == 0)
			return 0;
		if (take_line(h, line, n) < 0)
			return -1;
	}
	return -1;	/* it was cut off */
}

/* HOST, HOST:PORT, [V6]:PORT or nothing at all. */
static int read_place(struct resolve_place *out, const char *text, size_t n)
{
	const char *port = "5222", *colon;
	char host[RESOLVE_HOST + 8];
	int64_t number;
	size_t len;

	if (n >= sizeof(host))
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']')) {
		port = colon + 1;
		host[colon - host] = '\0';
	}
	len = strlen(host);
	if (host[0] == '[') {
		if (host[len - 1] != ']')
			return -1;
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
		if (strspn(host, "0123456789abcdefABCDEF:.") != len - 2)
			return -1;
	} else if (strspn(host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.")
	    != len) {
		return -1;
	}
	if (str_to_int(port, 1, 65535, &number) < 0 ||
	    str_copy(out->host, sizeof(out->host), host) < 0)
		return -1;
	snprintf(out->port, sizeof(out->port), "%d", (int)number);
	return 0;
}

/* xmpp-client://PLACE/DOMAIN, xmpps-client://PLACE/DOMAIN */
static int read_location(struct ssdp_found *out, const char *text)
{
	static const struct { const char *scheme; bool direct; } schemes[] = {
		{ "xmpp-client://", false }, { "xmpps-client://", true },
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *at = text + strlen(schemes[i].scheme), *slash;

		if (!str_case_starts(text, schemes[i].scheme))
			continue;
		slash = strchr(at, '/');
		out->at.direct_tls = schemes[i].direct;
		return slash && slash[1] ? read_place(&out->at, at, (size_t)(slash - at)) |
		    str_copy(out->domain, sizeof(out->domain), slash + 1) : -1;
	}
	return -1;
}

int ssdp_take(const char *data, size_t len, struct ssdp_found *out)
{
	struct ssdp_found found;
	struct head h;

	memset(&found, 0, sizeof(found));
	if (read_head(&h, data, len) < 0 || strcmp(h.st, SSDP_TARGET) != 0 ||
	    read_location(&found, h.location) < 0)
		return -1;
	*out = found;
	return 0;
}
