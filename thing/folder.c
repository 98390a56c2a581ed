/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: what can be done to a state folder while no thing runs on it (thing.h):
 * forget everything, release the pins.
 */
#include "config.h"

#include "thing/thing.h"

#include <stdio.h>
#include <unistd.h>

#include "thing/domains.h"
#include "thing/node_file.h"
#include "thing/standing.h"
#include "thing/statefile.h"

static int say_why(const struct err *e, char *why, size_t why_size)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", e->text);
	return -1;
}

int kith_thing_reset(const char *state, char *why, size_t why_size)
{
	/* Secrets first; temporary files of an interrupted save included. */
	static const char *const files[] = { ".identity.new", "identity", ".claim.new", "claim",
		".claims.new", "claims", ".code.new", "code", ".accepted.new", "accepted",
		".time.new", "time", ".decisions.new", "decisions", ".standing.new", "standing" };
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	if (node_file_wipe(state, &e) < 0)
		ret = say_why(&e, why, why_size);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && ret == 0; i++)
		if (statefile_remove(state, files[i], &e) < 0)
			ret = say_why(&e, why, why_size);
	close(lock);
	return ret;
}

int kith_thing_accept(const char *state, const char *domain, char *why, size_t why_size)
{
	struct err e = ERR_INIT;

	return domains_accept(state, domain, &e) == 0 ? 0 : say_why(&e, why, why_size);
}

int kith_thing_repin(const char *state, char *why, size_t why_size)
{
	struct standing s;
	struct err e = ERR_INIT;
	int lock = statefile_lock(state, &e), ret = 0;

	if (lock < 0)
		return e.kind == ERR_AGAIN ? 0 : say_why(&e, why, why_size);
	/* A time that somebody told us wrong is let go of in the same way. */
	if (statefile_remove(state, "time", &e) < 0) {
		ret = say_why(&e, why, why_size);
	} else if (standing_load(&s, state, &e) == 0) {
		standing_unpin(&s);
		if (standing_save(&s, state, &e) < 0)
			ret = say_why(&e, why, why_size);
	} else if (e.kind != ERR_AGAIN) {	/* else nothing was ever pinned */
		ret = say_why(&e, why, why_size);
	}
	close(lock);
	return ret;
}
