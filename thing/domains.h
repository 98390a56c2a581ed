/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domains: which domains a thing may live at, when it was not given one: the
 * patterns of its settings, and what its owner has accepted by hand (`kith-thing
 * accept`, the file DIR/accepted).  Whoever wants to be its broker must prove one
 * of these by his certificate (ruling 42).
 */
#ifndef KITH_THING_DOMAINS_H
#define KITH_THING_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define DOMAINS_GIVEN 16	/* patterns of the settings */
#define DOMAINS_ACCEPTED 8	/* by hand */
#define DOMAINS_NAME 256

struct domains {
	size_t n_given, n;	/* the accepted ones follow the given ones */
	/* Canonical; "*.city.example" stands for every name below city.example. */
	char name[DOMAINS_GIVEN + DOMAINS_ACCEPTED][DOMAINS_NAME];
};

/* `list` ends in NULL and may be NULL. */
int domains_init(struct domains *d, const char *const *list, struct err *e);
/* Read anew what was accepted in this folder.  -1: it cannot be read. */
int domains_load(struct domains *d, const char *dir, struct err *e);
/* Write it into the folder; the thing may be running. */
int domains_accept(const char *dir, const char *domain, struct err *e);

/* Is it a domain at all?  Then `out` is its canonical form. */
int domains_parse(char out[static DOMAINS_NAME], const char *text, struct err *e);
/* `domain` is canonical. */
bool domains_allow(const struct domains *d, const char *domain);
/* The i-th that is a domain and no pattern; NULL: there are no more. */
const char *domains_exact(const struct domains *d, size_t i);

#endif
