/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid_prep: addresses beyond ASCII.  Not the splitting and not the ASCII rules
 * of each part, which jid.c checks on what comes out of here.  Next: clock.c.
 */
#include "config.h"

#include "common/base/jid_prep.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stringprep.h>
#include <unicase.h>
#include <unictype.h>
#include <uniconv.h>
#include <uninorm.h>
#include <unistr.h>

static int
prep_stringprep(char *text, size_t size, enum jid_part which)
{
	static const Stringprep_profile *const profile[] = {
		[JID_LOCAL] = stringprep_xmpp_nodeprep,
		[JID_DOMAIN] = stringprep_nameprep,
		[JID_RESOURCE] = stringprep_xmpp_resourceprep,
	};

	if (stringprep(text, size, 0, profile[which]) != STRINGPREP_OK)
		return -1;
	/* Other full stops part labels in IDNA; as one host name must not have
	 * several spellings, they are refused. */
	if (which == JID_DOMAIN && strstr(text, "\xe3\x80\x82") != NULL)
		return -1;
	return 0;
}

/* RFC 8264 section 9.6: characters decided one by one. */
static bool
is_exception(ucs4_t c, bool *valid)
{
	static const ucs4_t good[] = { 0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007 };
	static const struct { ucs4_t first, last; } bad[] = {
		{ 0xb7, 0xb7 }, { 0x375, 0x375 }, { 0x5f3, 0x5f4 }, { 0x30fb, 0x30fb },
		{ 0x640, 0x640 }, { 0x7fa, 0x7fa }, { 0x302e, 0x302f },
		{ 0x3031, 0x3035 }, { 0x303b, 0x303b },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (c == good[i]) {
			*valid = true;
			return true;
		}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (c >= bad[i].first && c <= bad[i].last) {
			*valid = false;
			return true;
		}
	return false;
}

static bool
is_old_hangul_jamo(ucs4_t c)
{
	return (c >= 0x1100 && c <= 0x11ff) || (c >= 0xa960 && c <= 0xa97f) ||
	    (c >= 0xd7b0 && c <= 0xd7ff);
}

/* RFC 8264 sections 9.5, 9.10 to 9.13: never, in either class. */
static bool
is_never_allowed(ucs4_t c)
{
	return uc_is_general_category(c, UC_UNASSIGNED) ||
	    uc_is_general_category(c, UC_CONTROL) ||
	    uc_is_general_category(c, UC_PRIVATE_USE) ||
	    uc_is_general_category(c, UC_SURROGATE) || is_old_hangul_jamo(c) ||
	    uc_is_property_default_ignorable_code_point(c) ||
	    uc_is_property_not_a_character(c) || uc_is_property_join_control(c) ||
	    c == 0x2028 || c == 0x2029;
}

/* RFC 8264 section 9.17: does compatibility mapping change it? */
static bool
has_compatibility_form(ucs4_t c)
{
	uint32_t room[32], *out;
	size_t n = sizeof(room) / sizeof(room[0]);
	bool changed;

	out = u32_normalize(UNINORM_NFKC, &c, 1, room, &n);
	if (out == NULL)
		return true;
	changed = n != 1 || out[0] != c;
	if (out != room)
		free(out);	/* allowed: malloc: libunistring's */
	return changed;
}

static bool
is_letter_or_digit(ucs4_t c)
{
	static const uint32_t letters_and_digits = UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu |
	    UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd | UC_CATEGORY_MASK_Lm |
	    UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc;

	return uc_is_general_category_withtable(c, letters_and_digits);
}

/* RFC 8264 section 4.2: letters, digits, printable ASCII. */
static bool
is_identifier(ucs4_t c)
{
	bool valid;

	if (c < 0x80)
		return c > 0x20 && c < 0x7f;
	if (is_exception(c, &valid))
		return valid;
	return !is_never_allowed(c) && !has_compatibility_form(c) && is_letter_or_digit(c);
}

/* RFC 8264 section 4.3: also symbols, punctuation, spaces. */
static bool
is_freeform(ucs4_t c)
{
	bool valid;

	if (c < 0x80)
		return c >= 0x20 && c < 0x7f;
	if (is_exception(c, &valid))
		return valid;
	return !is_never_allowed(c);
}

/* RFC 5892 appendix A.8 and A.9: the two rows of Arabic digits do not mix. */
static bool
mixes_arabic_digits(const uint32_t *s, size_t n)
{
	bool plain = false, extended = false;

	for (size_t i = 0; i < n; i++) {
		plain = plain || (s[i] >= 0x660 && s[i] <= 0x669);
		extended = extended || (s[i] >= 0x6f0 && s[i] <= 0x6f9);
	}
	return plain && extended;
}

static bool
is_right_to_left(int bidi)
{
	return bidi == UC_BIDI_R || bidi == UC_BIDI_AL;
}

static bool
may_stand_right_to_left(int bidi)
{
	static const int allowed[] = { UC_BIDI_R, UC_BIDI_AL, UC_BIDI_AN, UC_BIDI_EN, UC_BIDI_ES,
		UC_BIDI_CS, UC_BIDI_ET, UC_BIDI_ON, UC_BIDI_BN, UC_BIDI_NSM };

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (bidi == allowed[i])
			return true;
	return false;
}

/* RFC 5893 section 2, for texts with right-to-left letters; RFC 8265
 * section 3.3.2 asks for it only there. */
static bool
breaks_bidi_rule(const uint32_t *s, size_t n)
{
	bool any = false, en = false, an = false;
	int last = UC_BIDI_ON;

	for (size_t i = 0; i < n; i++) {
		int bidi = uc_bidi_class(s[i]);

		any = any || is_right_to_left(bidi) || bidi == UC_BIDI_AN;
		en = en || bidi == UC_BIDI_EN;
		an = an || bidi == UC_BIDI_AN;
		if (bidi != UC_BIDI_NSM)
			last = bidi;
	}
	if (!any)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!may_stand_right_to_left(uc_bidi_class(s[i])))
			return true;
	return !is_right_to_left(uc_bidi_class(s[0])) || (en && an) ||
	    !(is_right_to_left(last) || last == UC_BIDI_EN || last == UC_BIDI_AN);
}

/* RFC 8265 section 3.3.2, step 1: fullwidth and halfwidth forms. */
static void
map_width(uint32_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ucs4_t to[UC_DECOMPOSITION_MAX_LENGTH];
		int tag;

		if (uc_decomposition(s[i], &tag, to) == 1 &&
		    (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW))
			s[i] = to[0];
	}
}

/* RFC 8265 section 4.2.2, step 2: any space is the space. */
static void
map_spaces(uint32_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (uc_is_general_category(s[i], UC_SPACE_SEPARATOR))
			s[i] = ' ';
}

static bool
is_allowed(const uint32_t *s, size_t n, enum jid_part which)
{
	for (size_t i = 0; i < n; i++)
		if (!(which == JID_RESOURCE ? is_freeform(s[i]) : is_identifier(s[i])))
			return false;
	if (mixes_arabic_digits(s, n))
		return false;
	return which == JID_RESOURCE || !breaks_bidi_rule(s, n);
}

static int
prep_precis(char *text, size_t size, enum jid_part which)
{
	uint32_t *s = NULL, *mapped = NULL;
	uint8_t *out = NULL;
	size_t n = 0, out_len;
	int ret = -1;

	s = u8_to_u32((const uint8_t *)text, strlen(text), NULL, &n);
	if (s == NULL)
		goto out;
	if (which == JID_RESOURCE) {
		map_spaces(s, n);
		mapped = u32_normalize(UNINORM_NFC, s, n, NULL, &n);
	} else {
		map_width(s, n);
		mapped = u32_tolower(s, n, NULL, UNINORM_NFC, NULL, &n);
	}
	if (mapped == NULL || !is_allowed(mapped, n, which))
		goto out;
	out = u32_to_u8(mapped, n, NULL, &out_len);
	if (out == NULL || out_len >= size)
		goto out;
	memcpy(text, out, out_len);
	text[out_len] = '\0';
	ret = 0;
out:
	free(out);	/* allowed: malloc: libunistring's */
	free(mapped);	/* allowed: malloc: libunistring's */
	free(s);	/* allowed: malloc: libunistring's */
	return ret;
}

int
jid_prep(char *text, size_t size, enum jid_part which, enum jid_profile profile)
{
#ifndef KITH_CORE	/* a thing's broker is asked for no other profile */
	if (profile == JID_PRECIS)
		return prep_precis(text, size, which);
#endif
	(void)profile;
	return prep_stringprep(text, size, which);
}
