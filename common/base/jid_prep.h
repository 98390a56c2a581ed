/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jid_prep: the two ways of making a part of an address canonical.  For jid.c
 * only; everybody else calls jid_parse().
 */
#ifndef KITH_BASE_JID_PREP_H
#define KITH_BASE_JID_PREP_H

#include <stddef.h>

#include "common/base/jid.h"

enum jid_part { JID_LOCAL, JID_DOMAIN, JID_RESOURCE };

/*
 * Prepares `text` in place, in `size` bytes.  The caller has checked that it
 * is valid UTF-8 of at most JID_PART_MAX bytes.  -1: a forbidden character, or
 * too long once prepared; `text` is then undefined.
 *
 * Stringprep is libidn's, with code points that Unicode 3.2 does not know let
 * through, as brokers do.  PRECIS is close to RFC 8265 and RFC 7622, with
 * these differences, all on the strict side: the CONTEXTJ and CONTEXTO
 * characters are refused except Arabic digits, and A-labels stay as they are.
 */
int jid_prep(char *text, size_t size, enum jid_part which, enum jid_profile profile);

#endif
