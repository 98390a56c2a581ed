/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_lease: see the header.  A value is a host name or it is nothing.
 */
#include "config.h"

#include "thing/dhcp_lease.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#define NAME_CHARS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._"
#define LINE 1024
#define BOOTP_MAGIC 236		/* bytes in front of it, RFC 2131 */
#define OPTION_DOMAIN 15
#define OPTION_SERVER 224
#define OPTION_END 255

const char *const dhcp_lease_usual[] = {
	"/run/systemd/netif/leases/*", "/var/lib/NetworkManager/*.lease",
	"/var/lib/dhcp/dhclient*.lease*", "/var/lib/dhclient/*.lease*", "/var/lib/dhcpcd/*.lease",
	NULL
};

/* "pronto", "pronto.home.example.", "10.0.0.5" */
static int take_name(char out[static DHCP_LEASE_NAME], const char *text, size_t n)
{
	if (n > 0 && text[n - 1] == '\0')
		n--;		/* some servers count it in */
	if (n > 0 && text[n - 1] == '.')
		n--;
	if (n == 0 || n >= DHCP_LEASE_NAME || memchr(text, '\0', n) || text[0] == '.' ||
	    text[0] == '-')
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!strchr(NAME_CHARS, text[i]))
			return -1;
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "70726f6e746f", "70:72:6f:6e:74:6f", "70:2:..." as dhclient writes small bytes */
static int take_hex(char out[static DHCP_LEASE_NAME], const char *text, size_t n)
{
	char raw[DHCP_LEASE_NAME];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int v = digit(text[i]);

		if (v < 0 || used == sizeof(raw))
			return -1;
		if (i + 1 < n && digit(text[i + 1]) >= 0)
			v = v << 4 | digit(text[++i]);
		raw[used++] = (char)v;
		if (i + 1 < n && text[i + 1] == ':')
			i++;
	}
	return take_name(out, raw, used);
}

/* ---- lines --------------------------------------------------------------- */

/* Without blanks, quotes and the ';' around it; quoted: it was text. */
static bool trim(const char **text, size_t *n)
{
	const char *s = *text;
	size_t len = *n;
	bool quoted;

	while (len > 0 && strchr(" \t", *s)) {
		s++;
		len--;
	}
	while (len > 0 && strchr(" \t\r;", s[len - 1]))
		len--;
	quoted = len >= 2 && (*s == '"' || *s == '\'') && s[len - 1] == *s;
	*text = s + quoted;
	*n = len - 2 * quoted;
	return quoted;
}

enum form { FORM_TEXT, FORM_HEX, FORM_DHCLIENT };

static const struct { const char *key; bool server; enum form form; } keys[] = {
	{ "OPTION_224", true, FORM_HEX },		/* systemd-networkd */
	{ "opt224", true, FORM_HEX },			/* udhcpc */
	{ "private_224", true, FORM_TEXT },		/* NetworkManager */
	{ "xmpp_server", true, FORM_TEXT },		/* dhcpcd, `define 224 string` */
	{ "unknown-224", true, FORM_DHCLIENT },		/* dhclient */
	{ "xmpp-server", true, FORM_DHCLIENT },		/* ... when told its name */
	{ "DOMAINNAME", false, FORM_TEXT },
	{ "domain_name", false, FORM_TEXT },
	{ "domain-name", false, FORM_DHCLIENT },
	{ "domain", false, FORM_TEXT },
};

static void take_pair(struct dhcp_lease *l, const char *key, size_t n_key,
    const char *value, size_t n)
{
	bool quoted = trim(&value, &n);

	if (n_key > 4 && strncmp(key, "new_", 4) == 0) {
		key += 4;
		n_key -= 4;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *to = keys[i].server ? l->server : l->domain;

		if (strlen(keys[i].key) != n_key || strncmp(keys[i].key, key, n_key) != 0)
			continue;
		if (keys[i].form == FORM_HEX || (keys[i].form == FORM_DHCLIENT && !quoted))
			(void)take_hex(to, value, n);
		else
			(void)take_name(to, value, n);
		return;
	}
}

/* "option NAME VALUE;", "NAME=VALUE", "lease {" */
static void take_line(struct dhcp_lease *l, const char *line, size_t n)
{
	const char *equals, *blank;
	size_t at = 0;

	while (at < n && strchr(" \t", line[at]))
		at++;
	line += at;
	n -= at;
	if (n == 0 || *line == '#')
		return;
	if (n >= 7 && strncmp(line, "lease {", 7) == 0) {
		memset(l, 0, sizeof(*l));	/* a newer one: the older counts no more */
		return;
	}
	if (n > 7 && strncmp(line, "option ", 7) == 0) {
		blank = memchr(line + 7, ' ', n - 7);
		if (blank)
			take_pair(l, line + 7, (size_t)(blank - line - 7), blank,
			    n - (size_t)(blank - line));
		return;
	}
	equals = memchr(line, '=', n);
	if (equals)
		take_pair(l, line, (size_t)(equals - line), equals + 1,
		    n - (size_t)(equals - line) - 1);
}

static void take_lines(struct dhcp_lease *l, const char *data, size_t len)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		if (n < LINE && !memchr(data, '\0', n))
			take_line(l, data, n);
		n += end ? 1 : 0;
		data += n;
		len -= n;
	}
}

/* ---- the packet ---------------------------------------------------------- */

static bool is_packet(const char *data, size_t len)
{
	return len > BOOTP_MAGIC + 4 && memcmp(data + BOOTP_MAGIC, "\x63\x82\x53\x63", 4) == 0;
}

static void take_packet(struct dhcp_lease *l, const char *data, size_t len)
{
	size_t at = BOOTP_MAGIC + 4;

	while (at < len) {
		unsigned code = (unsigned char)data[at++];
		size_t n;

		if (code == 0)
			continue;
		if (code == OPTION_END || at == len)
			return;
		n = (unsigned char)data[at++];
		if (n > len - at)
			return;
		if (code == OPTION_SERVER)
			(void)take_name(l->server, data + at, n);
		else if (code == OPTION_DOMAIN)
			(void)take_name(l->domain, data + at, n);
		at += n;
	}
}

int dhcp_lease_parse(struct dhcp_lease *out, const char *data, size_t len)
{
	memset(out, 0, sizeof(*out));
	if (is_packet(data, len))
		take_packet(out, data, len);
	else
		take_lines(out, data, len);
	return out->server[0] ? 0 : -1;
}

int dhcp_lease_full(const struct dhcp_lease *l, char *out, size_t size)
{
	int n;

	if (strchr(l->server, '.') || !l->domain[0])
		return str_copy(out, size, l->server);
	n = snprintf(out, size, "%s.%s", l->server, l->domain);
	return n > 0 && (size_t)n < size ? 0 : -1;
}
