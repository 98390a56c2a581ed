/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_support: what the tests of the thing share: a private folder that is
 * gone afterwards, and whole files in and out.  Not for other parts.
 */
#ifndef TESTS_UNIT_THING_SUPPORT_H
#define TESTS_UNIT_THING_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED(x) ((void)(x))

/* A fresh folder below $TMPDIR; its name is *state. */
static inline int folder_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path = malloc(4096);

	if (!path)
		return -1;
	snprintf(path, 4096, "%s/kith-test-XXXXXX", tmp ? tmp : "/tmp");
	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

static inline int folder_teardown(void **state)
{
	char path[8192];
	struct dirent *x;
	DIR *d = opendir(*state);

	while (d && (x = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, x->d_name);
		if (unlink(path) < 0 && x->d_name[0] != '.') {
			void *inner = strdup(path);	/* a folder of it, like history */

			(void)folder_teardown(&inner);
		}
	}
	if (d)
		closedir(d);
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static inline void put_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[8192];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline char *get_file(const char *dir, const char *name)
{
	char path[8192], *text = calloc(1, 256 * 1024);
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		free(text);
		return NULL;
	}
	n = read(fd, text, 256 * 1024 - 1);
	assert_true(n >= 0);
	close(fd);
	return text;
}

#endif
