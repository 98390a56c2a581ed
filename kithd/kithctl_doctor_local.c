/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor_local: who may read and write kithd's files, the clock, and
 * the room that is left.  A file that is not there yet is no finding.
 */
#include "config.h"

#include "kithd/kithctl_doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "kithd/kithd_conf.h"

#define DAY_S 86400
#define BUILT_AFTER INT64_C(1735689600)	/* 2025-01-01: no clock is right before that */

static void look_at_mode(struct doctor *d, const char *path, mode_t too_much, const char *what,
    const char *change)
{
	struct stat st;

	if (path != NULL && stat(path, &st) == 0 && (st.st_mode & too_much) != 0)
		doctor_found(d, path, what, change);
}

static void look_beside(struct doctor *d, const char *path, const char *ending)
{
	char *name = malloc(strlen(path) + strlen(ending) + 1);

	if (name == NULL)
		return;
	memcpy(name, path, strlen(path));
	memcpy(name + strlen(path), ending, strlen(ending) + 1);
	look_at_mode(d, name, 077, "others can read or change the store", "chmod 600 it");
	free(name);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 :
	    (size_t)(slash - path));
}

static void look_at_folder(struct doctor *d, const char *path, int64_t free_bytes)
{
	char *folder = folder_of(path), what[128];
	struct statvfs fs;

	if (folder == NULL)
		return;
	look_at_mode(d, folder, 022, "others can put files into the folder of the store",
	    "chmod 700 it");
	if (statvfs(folder, &fs) == 0 &&
	    (int64_t)fs.f_bavail < free_bytes / (int64_t)fs.f_frsize) {
		(void)snprintf(what, sizeof(what), "only %lld MiB are left for the store",
		    (long long)((int64_t)fs.f_bavail / 1024 * (int64_t)fs.f_frsize / 1024));
		doctor_found(d, folder, what, "make room: a full disk stops every claim");
	}
	free(folder);
}

/* Rules with an end, codes and certificates all go by it. */
static void look_at_clock(struct doctor *d, const char *store)
{
	int64_t now = clock_wall(&clock_system) / 1000;
	struct stat st;

	if (now < BUILT_AFTER)
		doctor_found(d, "clock", "it is not set", "run an NTP client");
	else if (store != NULL && stat(store, &st) == 0 && st.st_mtime > now + DAY_S)
		doctor_found(d, "clock", "the store was written to in the future: the clock went back",
		    "set the clock, and find out what set it wrong");
}

void doctor_local(struct doctor *d, const struct kithd_conf *c, const char *file,
    int64_t free_bytes)
{
	const char *store = str_starts(c->store_url, "sqlite:") ? c->store_url + 7 : NULL;

	look_at_mode(d, file, 022, "others can change the settings of kithd", "chmod 644 it");
	look_at_mode(d, c->secret_file, 077, "others can read the secret of the component",
	    "chmod 600 it");
	look_at_mode(d, c->hash_key_file, 077, "others can read the key of the claim digests",
	    "chmod 600 it");
	look_at_mode(d, c->control_socket, 007, "everybody on this machine can do what kithctl can",
	    "chmod 660 it, and a group of the operators");
	if (!c->sandbox)
		doctor_found(d, file, "kithd keeps all files and system calls",
		    "[daemon] sandbox = on");
	if (!c->limits.all)
		doctor_found(d, file, "anybody can fill this machine", "[limits] all = on");
	if (c->allow_remote)
		doctor_found(d, file, "what the broker says goes over a network in the clear",
		    "run kithd beside the broker, without [component] allow_remote");
	if (store != NULL && store[0] != ':') {
		look_beside(d, store, "");
		look_beside(d, store, "-wal");
		look_at_folder(d, store, free_bytes);
	}
	look_at_clock(d, store);
}
