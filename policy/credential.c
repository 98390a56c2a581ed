/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential: the kinds of conditions on a service's user as a table: its word,
 * what is expected behind it, and how that is checked.  Next: rule_sound.c.
 */
#include "config.h"

#include "policy/credential.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/jid.h"
#include "common/base/saying.h"
#include "common/base/str.h"

#define HOST_MAX 255
#define DIGEST_MAX 64
#define THUMBPRINT_TEXT 256	/* hex with colons */

static int take_text(const char *text, struct buf *out)
{
	size_t chars = str_utf8_chars(text);

	buf_adds(out, text);
	return chars >= 1 && chars <= POLICY_NAME ? 0 : -1;
}

static int take_jid(const char *text, struct buf *out)
{
	struct jid jid;

	if (jid_parse_bare(&jid, text, JID_STRINGPREP, NULL) != 0)
		return -1;
	buf_adds(out, jid.text);
	return 0;
}

static bool has_bits_behind(const uint8_t *address, int bits, int all)
{
	for (int i = bits; i < all; i++)
		if ((address[i / 8] & 0x80u >> i % 8) != 0)
			return true;
	return false;
}

struct net {
	uint8_t bytes[16];
	int family, all;	/* bits of an address */
	int64_t bits;		/* of them that count */
};

static int read_net(const char *text, struct net *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char plain[INET6_ADDRSTRLEN];

	out->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	out->all = out->family == AF_INET6 ? 128 : 32;
	out->bits = out->all;
	if (len >= sizeof(plain))
		return -1;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (inet_pton(out->family, plain, out->bytes) != 1)
		return -1;
	return slash == NULL ? 0 : str_to_int(slash + 1, 0, out->all, &out->bits);
}

/* An IPv4 address written as IPv6 (::ffff:10.0.0.1) is an IPv4 address. */
static void unmap(struct net *n)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (n->family != AF_INET6 || n->bits < 96 || memcmp(n->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(n->bytes, n->bytes + sizeof(mapped), 4);
	n->family = AF_INET;
	n->all = 32;
	n->bits -= 96;
}

/* "10.0.0.0/8", "fd00::/8", or one address. */
static int take_net(const char *text, struct buf *out)
{
	char plain[INET6_ADDRSTRLEN];
	struct net n;

	if (read_net(text, &n) != 0)
		return -1;
	unmap(&n);
	if (has_bits_behind(n.bytes, (int)n.bits, n.all) ||
	    inet_ntop(n.family, n.bytes, plain, sizeof(plain)) == NULL)
		return -1;
	buf_adds(out, plain);
	if (n.bits < n.all)
		buf_addf(out, "/%d", (int)n.bits);
	return 0;
}

static int take_host(const char *text, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.*";
	char host[HOST_MAX + 1];

	if (text[0] == '\0' || str_copy(host, sizeof(host), text) != 0)
		return -1;
	str_lower(host);
	if (host[strspn(host, plain)] != '\0')
		return -1;
	buf_adds(out, host);
	return 0;
}

/* SHA-1, SHA-256, SHA-384, SHA-512. */
static bool is_digest_size(size_t n)
{
	return n == 20 || n == 32 || n == 48 || n == 64;
}

static int take_thumbprint(const char *text, struct buf *out)
{
	char hex[THUMBPRINT_TEXT + 1], *end = hex;
	uint8_t digest[DIGEST_MAX];
	size_t len = strlen(text);
	long n;

	if (len > THUMBPRINT_TEXT)
		return -1;
	for (const char *s = text; *s != '\0'; s++)
		if (*s != ':')
			*end++ = *s;
	*end = '\0';
	n = (long)(end - hex) / 2;
	if (!is_digest_size((size_t)n) || str_unhex(digest, (size_t)n, hex) != 0)
		n = str_unbase64(digest, sizeof(digest), text, len);
	if (n < 0 || !is_digest_size((size_t)n))
		return -1;
	str_hex(hex, digest, (size_t)n);
	buf_adds(out, hex);
	return 0;
}

static const struct {
	const char *word, *form;
	int (*take)(const char *text, struct buf *out);		/* NULL: a range */
} kinds[CREDENTIAL_COUNT] = {
	[CREDENTIAL_JID] = { "jid", N_("an address like bob@example.org"), take_jid },
	[CREDENTIAL_IP] = { "ip", N_("an address or a net like 10.0.0.0/8"), take_net },
	[CREDENTIAL_HOST] = { "host", N_("a host like *.example.org"), take_host },
	[CREDENTIAL_CERTIFICATE] = { "certificate", N_("the thumbprint of a certificate, "
	    "in hex or base64"), take_thumbprint },
	[CREDENTIAL_THUMBPRINT] = { "thumbprint", N_("a thumbprint in hex or base64"), take_thumbprint },
	[CREDENTIAL_USER] = { "user", N_("the name of a user"), take_text },
	[CREDENTIAL_LONGITUDE] = { "longitude", N_("degrees like from 12.5 to 13.5"), NULL },
	[CREDENTIAL_LATITUDE] = { "latitude", N_("degrees like from 52 to 53"), NULL },
	[CREDENTIAL_ALTITUDE] = { "altitude", N_("meters like at most 100"), NULL },
	[CREDENTIAL_SSO] = { "sso", N_("the name of a single sign-on"), take_text },
	[CREDENTIAL_PROTOCOL] = { "protocol", N_("a protocol like https"), take_text },
};

const char *credential_name(enum credential c)
{
	return kinds[c].word;
}

bool credential_find(const char *word, enum credential *out)
{
	for (int i = 0; i < CREDENTIAL_COUNT; i++)
		if (str_case_eq(word, kinds[i].word)) {
			*out = (enum credential)i;
			return true;
		}
	return false;
}

bool credential_is_range(enum credential c)
{
	return kinds[c].take == NULL;
}

const char *credential_form(enum credential c)
{
	return kinds[c].form;
}

int credential_canonical(enum credential c, const char *text, struct buf *out)
{
	return kinds[c].take != NULL && kinds[c].take(text, out) == 0 && buf_ok(out) ? 0 : -1;
}
