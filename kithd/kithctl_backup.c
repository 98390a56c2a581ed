/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_backup: the bytes of a running kithd's store into a new file of the
 * operator's, private from its first byte on, complete or not there.  The key
 * of the claim digests goes into a file of its own: who finds one of the two
 * learns nothing.  Going back: kithd --restore (kithd/restore.h).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/secret.h"
#include "common/base/str.h"
#include "kithd/kithctl_talk.h"

#define PART_BYTES (256 * 1024)
#define KEY_BYTES 256

struct target {
	const char *path;
	char *temporary;
	int fd;
	unsigned char bytes[PART_BYTES];
};

static int write_all(struct target *t, size_t len)
{
	for (size_t at = 0; at < len; ) {
		ssize_t n = write(t->fd, t->bytes + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kithctl_fail(t->temporary, strerror(errno));
		at += (size_t)n;
	}
	return 0;
}

static int take_data(void *arg, const char *line)
{
	struct target *t = arg;
	long len;

	if (!str_starts(line, "data "))
		return 0;
	len = str_unbase64(t->bytes, sizeof(t->bytes), line + 5, strlen(line + 5));
	if (len < 0) {
		kithctl_fail("kithd's answer", "damaged on its way");
		return -1;
	}
	return write_all(t, (size_t)len) == 0 ? 0 : -1;
}

static int open_target(struct target *t)
{
	size_t size = strlen(t->path) + sizeof(".part");

	t->temporary = malloc(size);
	if (t->temporary == NULL)
		return kithctl_fail(t->path, "out of memory");
	(void)snprintf(t->temporary, size, "%s.part", t->path);
	/* Never over anything: yesterday's backup may be the better one. */
	if (access(t->path, F_OK) == 0)
		return kithctl_fail(t->path, "exists already; a backup never replaces a file");
	(void)unlink(t->temporary);
	t->fd = open(t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return t->fd < 0 ? kithctl_fail(t->temporary, strerror(errno)) : KITHCTL_OK;
}

static int finish_target(struct target *t)
{
	int rc = fsync(t->fd);

	rc |= close(t->fd);
	t->fd = -1;
	/* link(2), since rename(2) would replace what came meanwhile. */
	if (rc != 0 || link(t->temporary, t->path) != 0)
		return kithctl_fail(t->path, strerror(errno));
	return KITHCTL_OK;
}

static void close_target(struct target *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->temporary != NULL)
		(void)unlink(t->temporary);
	free(t->temporary);
}

/* Is the second file in the folder of the first? */
static bool same_folder(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x == NULL ? 0 : (size_t)(x - a), m = y == NULL ? 0 : (size_t)(y - b);

	return n == m && memcmp(a, b, n) == 0;
}

/* Whoever keeps the key must have the right to read it, as for any file. */
static int copy_key(const char *from, const char *to)
{
	char text[KEY_BYTES];
	int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), status = KITHCTL_OK;
	struct err e = ERR_INIT;
	ssize_t n;

	if (fd < 0)
		return kithctl_fail(from, strerror(errno));
	n = read(fd, text, sizeof(text));
	if (n <= 0 || n == KEY_BYTES)
		status = kithctl_fail(from, n < 0 ? strerror(errno) : "is no key of kithd");
	else if (daemon_write_file(to, text, (size_t)n, &e) != 0)
		status = kithctl_fail(to, e.text);
	close(fd);
	secret_cleanse(text, sizeof(text));
	return status;
}

/* kithd says where it is. */
static int save_key(struct kithctl_ask *q, const char *path)
{
	static char word[] = "backup", key[] = "key";
	char *argv[] = { word, key };
	int status;

	if (access(path, F_OK) == 0)
		return kithctl_fail(path, "exists already; a backup never replaces a file");
	q->part = NULL;
	q->keep = true;
	status = kithctl_ask(q, 2, argv);
	if (status != KITHCTL_OK)
		return status;
	q->text.data[strcspn(q->text.data, "\n")] = '\0';
	return copy_key(q->text.data, path);
}

static int save_store(struct kithctl_ask *q, const char *path)
{
	static char word[] = "backup";
	static struct target t;
	char *argv[] = { word };
	int status;

	t = (struct target){ .path = path, .fd = -1 };
	q->part = take_data;
	q->arg = &t;
	status = open_target(&t);
	if (status == KITHCTL_OK)
		status = kithctl_ask(q, 1, argv);
	if (status == KITHCTL_OK)
		status = finish_target(&t);
	close_target(&t);
	return status;
}

int kithctl_backup(const char *socket, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "key", required_argument, NULL, 'k' }, { NULL, 0, NULL, 0 }
	};
	struct kithctl_ask q = { .socket = socket };
	const char *key = NULL;
	int c, status;

	optind = 0;
	while ((c = getopt_long(argc, argv, "k:", longs, NULL)) != -1) {
		if (c != 'k')
			return KITHCTL_ERROR;
		key = optarg;
	}
	if (argc - optind != 1)
		return kithctl_fail("backup", "say: kithctl backup FILE [--key KEYFILE]");
	if (key != NULL && same_folder(key, argv[optind]))
		fprintf(stderr, "kithctl: '%s' lies beside the backup: keep the key apart, or "
		    "whoever finds both can try claim keys\n", key);
	status = save_store(&q, argv[optind]);
	if (status == KITHCTL_OK && key != NULL)
		status = save_key(&q, key);
	kithctl_ask_end(&q);
	return status;
}
