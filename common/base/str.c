/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: text and numbers, the same in every locale.  Growing text is buf.c,
 * addresses are jid.c.  Next: ident.c.
 */
#include "config.h"

#include "common/base/str.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

#define BAD_BYTE 0xfffd

int
str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return -1;
	}
	memcpy(dst, src, len + 1);
	return 0;
}

static unsigned char
lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
str_case_cmp(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return (int)lower(*a) - (int)lower(*b);
}

bool
str_case_eq(const char *a, const char *b)
{
	return str_case_cmp(a, b) == 0;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_case_starts(const char *s, const char *prefix)
{
	for (; *prefix != '\0'; s++, prefix++)
		if (lower(*s) != lower(*prefix))
			return false;
	return true;
}

void
str_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = (char)lower(*s);
}

/*
 * One code point of at most `len` bytes: its length, or 0 for a bad one.
 * RFC 3629 table: no overlong forms, no surrogates, nothing past U+10FFFF.
 */
static size_t
utf8_decode(const char *s, size_t len, uint32_t *out)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*out = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
	if (n == 0 || n > len || p[0] > 0xf4)
		return 0;
	c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = (c << 6) | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return n;
}

bool
str_utf8_valid(const char *s, size_t len)
{
	uint32_t c;

	while (len > 0) {
		size_t n = utf8_decode(s, len, &c);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

size_t
str_utf8_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

uint32_t
str_utf8_next(const char **s)
{
	uint32_t c = 0;
	size_t n;

	if (**s == '\0')
		return 0;
	n = utf8_decode(*s, strnlen(*s, 4), &c);
	*s += n > 0 ? n : 1;
	return n > 0 ? c : BAD_BYTE;
}

static const char *
skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* XML Schema 2, 3.2.5.1, without INF and NaN. */
static bool
is_xs_double(const char *s)
{
	const char *start, *fraction;
	size_t digits;

	if (*s == '+' || *s == '-')
		s++;
	start = s;
	s = skip_digits(s);
	digits = (size_t)(s - start);
	if (*s == '.') {
		fraction = ++s;
		s = skip_digits(s);
		digits += (size_t)(s - fraction);
	}
	if (digits == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (!is_digit(*s))
			return false;
		s = skip_digits(s);
	}
	return *s == '\0';
}

/*
 * At most 15 digits, without an exponent: both the digits and the power of ten are
 * whole numbers that a double holds, and their quotient is rounded once, so it is
 * what strtod(3) would say.  That is what nearly all numbers are.
 */
static bool
is_short_double(const char *s, double *out)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15 };
	bool minus = *s == '-';
	int64_t digits = 0;
	size_t n = 0, behind = 0;
	double v;

	if (FLT_EVAL_METHOD != 0)
		return false;
	for (s += *s == '+' || *s == '-'; is_digit(*s); s++, n++)
		digits = n < 15 ? digits * 10 + (*s - '0') : 0;
	if (*s == '.')
		for (s++; is_digit(*s); s++, n++, behind++)
			digits = n < 15 ? digits * 10 + (*s - '0') : 0;
	if (*s != '\0' || n > 15)
		return false;
	v = (double)digits / ten[behind];
	*out = minus && digits != 0 ? -v : v;
	return true;
}

int
str_to_double(const char *s, double *out)
{
	locale_t c;
	double v;

	if (!is_xs_double(s))
		return -1;
	if (is_short_double(s, out))
		return 0;
	/* The process locale may want a decimal comma. */
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (c == (locale_t)0)
		return -1;
	v = strtod_l(s, NULL, c);
	freelocale(c);
	if (!isfinite(v))
		return -1;
	*out = v == 0 ? 0 : v;
	return 0;
}

/* Does "%.*g" with this precision read back as the same number? */
static bool
print_double(char out[static STR_DOUBLE], double v, int precision)
{
	double back;

	if (snprintf(out, STR_DOUBLE, "%.*g", precision, v) >= STR_DOUBLE)
		return false;
	back = strtod(out, NULL);
	return !(back < v) && !(back > v);
}

void
str_from_double(char out[static STR_DOUBLE], double v)
{
	/* 15 digits always survive the way back, except in subnormals. */
	int precision = fabs(v) < DBL_MIN ? 1 : 15;
	locale_t c, old;

	if (!isfinite(v) || !(fabs(v) > 0)) {
		const char *word = isnan(v) ? "NaN" : !isinf(v) ? "0" : v > 0 ? "INF" : "-INF";

		memcpy(out, word, strlen(word) + 1);
		return;
	}
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	old = uselocale(c);
	while (!print_double(out, v, precision) && precision < 17)
		precision++;
	(void)uselocale(old);
	if (c != (locale_t)0)
		freelocale(c);
}

int
str_to_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	int64_t v = 0;

	s += negative;
	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (!is_digit(*s))
			return -1;
		/* Counts downwards: INT64_MIN has no positive twin. */
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, *s - '0', &v))
			return -1;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
		return -1;
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

int
str_to_bool(const char *s, bool *out)
{
	if (strcmp(s, "true") == 0 || strcmp(s, "1") == 0)
		*out = true;
	else if (strcmp(s, "false") == 0 || strcmp(s, "0") == 0)
		*out = false;
	else
		return -1;
	return 0;
}

/* Ranges that are invisible, move text around or end a line. */
static const struct { uint32_t first, last; } unseen[] = {
	{ 0x00, 0x1f },		/* C0 */
	{ 0x7f, 0x9f },		/* DEL, C1 */
	{ 0xad, 0xad },		/* soft hyphen */
	{ 0x34f, 0x34f },	/* grapheme joiner */
	{ 0x61c, 0x61c },	/* Arabic letter mark */
	{ 0x115f, 0x1160 },	/* Hangul fillers */
	{ 0x17b4, 0x17b5 },	/* Khmer inherent vowels */
	{ 0x180b, 0x180f },	/* Mongolian selectors */
	{ 0x200b, 0x200f },	/* zero width, marks */
	{ 0x2028, 0x202e },	/* separators, embeddings */
	{ 0x2060, 0x206f },	/* joiner, isolates, deprecated */
	{ 0x2800, 0x2800 },	/* Braille blank */
	{ 0x3164, 0x3164 },	/* Hangul filler */
	{ 0xfdd0, 0xfdef },	/* not characters */
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },	/* zero width no-break space */
	{ 0xffa0, 0xffa0 },	/* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },	/* specials, annotations */
	{ 0xfffe, 0xffff },	/* not characters */
	{ 0x1d173, 0x1d17a },	/* musical format */
	{ 0xe0000, 0xe0fff },	/* tags, variation selectors */
};

static bool
is_unseen(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return true;
	return false;
}

size_t
str_escape_next(char out[static STR_ESCAPED], const char **s, bool quote)
{
	const char *start = *s;
	uint32_t c = str_utf8_next(s);
	size_t n = (size_t)(*s - start);

	if (c == BAD_BYTE && n == 1)
		return (size_t)snprintf(out, STR_ESCAPED, "\\x%02X", (unsigned char)*start);
	if (is_unseen(c))
		return (size_t)snprintf(out, STR_ESCAPED, "\\u{%04X}", (unsigned)c);
	if (quote && (c == '"' || c == '\\')) {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	memcpy(out, start, n);
	return n;
}

void
str_escape(struct buf *out, const char *s, size_t max, bool quote)
{
	char one[STR_ESCAPED];

	for (; *s != '\0' && max > 0; max--) {
		size_t n = str_escape_next(one, &s, quote);

		buf_add(out, one, n);
	}
	if (*s != '\0')
		buf_adds(out, "\xe2\x80\xa6");
}

static size_t
utf8_put(char out[static 4], uint32_t c)
{
	static const struct { uint32_t below; unsigned char lead; } sizes[] = {
		{ 0x80, 0 }, { 0x800, 0xc0 }, { 0x10000, 0xe0 }, { 0x110000, 0xf0 },
	};
	size_t n = 0;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	while (c >= sizes[n].below)
		n++;
	out[0] = (char)(sizes[n].lead | c >> (6 * n));
	for (size_t i = 1; i <= n; i++)
		out[i] = (char)(0x80 | (c >> (6 * (n - i)) & 0x3f));
	return n + 1;
}

size_t
str_unescape_next(char out[static 4], const char **s)
{
	char *end;
	unsigned long c;
	size_t n;

	if ((*s)[0] != '\\')
		return 0;
	if ((*s)[1] == '"' || (*s)[1] == '\\') {
		out[0] = (*s)[1];
		*s += 2;
		return 1;
	}
	n = (*s)[1] == 'u' && (*s)[2] == '{' ? strspn(*s + 3, "0123456789abcdefABCDEF") : 0;
	if (n == 0 || n > 6 || (*s)[3 + n] != '}')
		return 0;
	c = strtoul(*s + 3, &end, 16);
	n = utf8_put(out, (uint32_t)c);
	if (n > 0)
		*s = end + 1;
	return n;
}

bool
str_is_plain_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return false;
	return true;
}

void
str_hex(char *out, const void *data, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digit[p[i] >> 4];
		*out++ = digit[p[i] & 15];
	}
	*out = '\0';
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
str_unhex(void *out, size_t len, const char *s)
{
	unsigned char *p = out;

	if (strlen(s) / 2 != len || strlen(s) % 2 != 0)
		return -1;
	for (size_t i = 0; i < 2 * len; i++)
		if (hex_value(s[i]) < 0)
			return -1;
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(hex_value(s[2 * i]) << 4 | hex_value(s[2 * i + 1]));
	return 0;
}

static const char base64_digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
str_base64(struct buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len > 0; p += 3) {
		size_t have = len < 3 ? len : 3;
		unsigned bits = (unsigned)p[0] << 16 | (have > 1 ? (unsigned)p[1] << 8 : 0) |
		    (have > 2 ? p[2] : 0);

		buf_addc(out, base64_digit[bits >> 18]);
		buf_addc(out, base64_digit[bits >> 12 & 63]);
		buf_addc(out, have > 1 ? base64_digit[bits >> 6 & 63] : '=');
		buf_addc(out, have > 2 ? base64_digit[bits & 63] : '=');
		len -= have;
	}
}

static int
base64_value(char c)
{
	const char *at = c != '\0' ? strchr(base64_digit, c) : NULL;

	return at != NULL ? (int)(at - base64_digit) : -1;
}

/* Four letters to one to three bytes; 0 when malformed. */
static size_t
base64_group(unsigned char out[static 3], const char *s, bool last)
{
	size_t have = !last || s[3] != '=' ? 3 : s[2] != '=' ? 2 : 1;
	unsigned bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i <= have ? base64_value(s[i]) : 0;

		if (v < 0)
			return 0;
		bits = bits << 6 | (unsigned)v;
	}
	/* Bits behind the data must be 0, else two texts mean the same. */
	if ((have == 1 && (bits & 0xffff) != 0) || (have == 2 && (bits & 0xff) != 0))
		return 0;
	out[0] = (unsigned char)(bits >> 16);
	out[1] = (unsigned char)(bits >> 8);
	out[2] = (unsigned char)bits;
	return have;
}

long
str_unbase64(void *out, size_t size, const char *s, size_t len)
{
	unsigned char *p = out, group[3];
	size_t done = 0;

	if (len % 4 != 0)
		return -1;
	for (; len > 0; s += 4, len -= 4) {
		size_t n = base64_group(group, s, len == 4);

		if (n == 0 || n > size - done)
			return -1;
		memcpy(p + done, group, n);
		done += n;
	}
	return (long)done;
}

#define DISTANCE_MAX 64

unsigned
str_distance(const char *a, const char *b, unsigned limit)
{
	unsigned row[DISTANCE_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return strcmp(a, b) == 0 ? 0 : limit + 1;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb] <= limit ? row[lb] : limit + 1;
}
