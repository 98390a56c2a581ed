/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: random bytes and what they look like as text.  There is no second
 * source of randomness: where getrandom(2) fails, the caller stops (att-D-05).
 * Next: jid.c.
 */
#include "config.h"

#include "common/base/ident.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <uuid/uuid.h>

#include "common/base/str.h"

int
ident_random(void *out, size_t len, struct err *e)
{
	unsigned char *p = out;

	/* Flags 0: blocks until the kernel's generator is seeded.  Requests of
	 * more than 256 bytes may be interrupted or come back short. */
	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(e, "no random bytes from the kernel");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
ident_new(uint8_t out[static IDENT_BYTES], struct err *e)
{
	uint8_t id[IDENT_BYTES];

	if (ident_random(id, sizeof(id), e) != 0)
		return -1;
	/* RFC 9562 section 5.4: version 4, variant 10. */
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	memcpy(out, id, IDENT_BYTES);
	return 0;
}

void
ident_uuid(char out[static IDENT_UUID], const uint8_t id[static IDENT_BYTES])
{
	uuid_unparse_lower(id, out);
}

int
ident_from_uuid(uint8_t out[static IDENT_BYTES], const char *text)
{
	uuid_t id;

	if (uuid_parse(text, id) != 0)
		return -1;
	memcpy(out, id, IDENT_BYTES);
	return 0;
}

/* RFC 4648 base32 without padding; `alphabet` has 32 letters. */
static void
base32(char *out, const uint8_t *in, size_t len, const char *alphabet)
{
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8) | in[i];
		have += 8;
		while (have >= 5) {
			have -= 5;
			*out++ = alphabet[(bits >> have) & 31];
		}
		bits &= (1u << have) - 1;
	}
	if (have > 0)
		*out++ = alphabet[(bits << (5 - have)) & 31];
	*out = '\0';
}

void
ident_name(char out[static IDENT_TEXT], const uint8_t hash[static IDENT_BYTES])
{
	base32(out, hash, IDENT_BYTES, "abcdefghijklmnopqrstuvwxyz234567");
}

int
ident_text(char out[static IDENT_TEXT], struct err *e)
{
	uint8_t bits[16];

	if (ident_random(bits, sizeof(bits), e) != 0)
		return -1;
	ident_name(out, bits);
	return 0;
}

int
ident_code(char out[static IDENT_CODE], struct err *e)
{
	uint8_t bits[5];
	char text[9];

	if (ident_random(bits, sizeof(bits), e) != 0)
		return -1;
	base32(text, bits, sizeof(bits), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
	memcpy(out, text, 4);
	out[4] = '-';
	memcpy(out + 5, text + 4, 5);
	return 0;
}

/* Phones turn "-" into other dashes and " " into no-break spaces. */
static bool
is_filler(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '-' || c == 0xa0 || c == 0x202f ||
	    (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

int
ident_code_fold(char out[static IDENT_CODE], const char *typed)
{
	char code[IDENT_CODE];
	size_t n = 0;
	uint32_t c;

	while ((c = str_utf8_next(&typed)) != 0) {
		if (is_filler(c))
			continue;
		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (!((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')))
			return -1;
		if (n == 4)
			code[n++] = '-';
		if (n == IDENT_CODE - 1)
			return -1;
		code[n++] = (char)c;
	}
	if (n != IDENT_CODE - 1)
		return -1;
	code[n] = '\0';
	memcpy(out, code, sizeof(code));
	return 0;
}
