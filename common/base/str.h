/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: checked strings, numbers, UTF-8 and text encodings.
 * Everything is independent of the locale.
 */
#ifndef KITH_BASE_STR_H
#define KITH_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Copy with the result looked at: 0, or -1 and dst = "" when it does not fit. */
int str_copy(char *dst, size_t size, const char *src)
    __attribute__((warn_unused_result));

/* ASCII only, locale free. */
bool str_case_eq(const char *a, const char *b);
int str_case_cmp(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_case_starts(const char *s, const char *prefix);
void str_lower(char *s);

/* Strict UTF-8 (no overlong forms, no surrogates, <= U+10FFFF). */
bool str_utf8_valid(const char *s, size_t len);
/* Code points in valid UTF-8. */
size_t str_utf8_chars(const char *s);
/* Next code point; advances *s; 0 at the end; 0xFFFD for a bad byte. */
uint32_t str_utf8_next(const char **s);

/* xs:double without INF/NaN: optional sign, digits, optional fraction and
 * exponent; surrounding XML white space is refused; result finite.
 * (att-X-19: NaN, inf, 0x.., "1,5", " 1" are refused; 1e999 too.)  -0 comes
 * out as 0, so that equal numbers also print the same. */
int str_to_double(const char *s, double *out) __attribute__((warn_unused_result));
/* Shortest decimal text that reads back as the same double ("0.1", "2"). */
#define STR_DOUBLE 32
void str_from_double(char out[static STR_DOUBLE], double v);
/* Decimal integer in [min, max], no white space, no plus sign. */
int str_to_int(const char *s, int64_t min, int64_t max, int64_t *out)
    __attribute__((warn_unused_result));
/* xs:boolean: exactly true, false, 1, 0 (att-X-20). */
int str_to_bool(const char *s, bool *out) __attribute__((warn_unused_result));

/* For logs, prompts and chat: one line; control characters, bidi and
 * zero-width code points, and invalid bytes come out as \u{XXXX} or \xXX;
 * `quote` also escapes " and \.  At most `max` code points, then "…". */
void str_escape(struct buf *out, const char *s, size_t max, bool quote);
/* One step of str_escape: takes a code point (or a bad byte) from *s, which
 * must not be at its end, and writes it; returns the bytes written. */
#define STR_ESCAPED 12
size_t str_escape_next(char out[static STR_ESCAPED], const char **s, bool quote);
/* The other way, inside quotes: what stands behind a backslash, \", \\ or \u{HEX}; takes
 * it from *s and returns the bytes written; 0 and nothing taken: none of these. */
size_t str_unescape_next(char out[static 4], const char **s);
/* Does the text hold anything but printable ASCII? (ruling 2) */
bool str_is_plain_ascii(const char *s);

/* Lower-case hex; out holds 2*len+1. */
void str_hex(char *out, const void *data, size_t len);
/* -1 unless `s` is exactly 2*len hex digits. */
int str_unhex(void *out, size_t len, const char *s) __attribute__((warn_unused_result));

/* RFC 4648 base64 with padding, no line breaks. */
void str_base64(struct buf *out, const void *data, size_t len);
/* Strict; returns the length, or -1 if malformed or longer than `size`. */
long str_unbase64(void *out, size_t size, const char *s, size_t len)
    __attribute__((warn_unused_result));

/* Edit distance up to `limit` (else limit+1): for "did you mean". */
unsigned str_distance(const char *a, const char *b, unsigned limit);

#endif
