/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_word: the other words of kith-thing (claim, accept, repin, reset ...): what is
 * done to a state folder instead of running the thing.  One table row a word.
 */
#ifndef KITH_THING_THINGD_WORD_H
#define KITH_THING_THINGD_WORD_H

#include <stdbool.h>

#include "thing/thingd_conf.h"

#define THINGD_DEFAULT_FILE KITH_SYSCONFDIR "/kith/kith-thing.conf"
#define THINGD_EX_USAGE 64
#define THINGD_EX_LEFT 79	/* it was taken out of service while it ran */

bool thingd_is_word(const char *text);
/* The exit status.  argv[0] is the word. */
int thingd_word(const char *word, int argc, char **argv);

/* NULL: the default file.  -1: said on standard error. */
int thingd_load(struct thingd_conf *c, const char *file);

#endif
