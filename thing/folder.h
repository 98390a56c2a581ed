/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: the state folder as a whole (its public side is in thing.h).
 */
#ifndef KITH_THING_FOLDER_H
#define KITH_THING_FOLDER_H

#include "common/base/err.h"

/* Overwrites and removes all that a thing ever wrote below `dir`, secrets first;
 * files of others stay.  Whoever calls it holds the folder's lock. */
int folder_wipe(const char *dir, struct err *e);

#endif
