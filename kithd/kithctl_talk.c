/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_talk: one connection, one question at a time.  Nothing is believed
 * of the answer but its form: a status, lines, an empty line.
 */
#include "config.h"

#include "kithd/kithctl_talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define QUESTION_MAX 4000
#define ANSWER_MAX (64 * 1024 * 1024)
#define WAIT_S 30
#define BAR 40

int kithctl_fail(const char *what, const char *why)
{
	kithctl_bar_end();
	fprintf(stderr, "kithctl: %s: %s\n", what, why);
	return KITHCTL_ERROR;
}

/* ---- the bar ---- */

void kithctl_bar(int64_t done, int64_t all)
{
	int full;

	if (all <= 0 || done < 0 || isatty(STDERR_FILENO) == 0)
		return;
	full = done >= all ? BAR : (int)(done * BAR / all);
	fprintf(stderr, "\r[%.*s%*s] %3lld %%", full,
	    "########################################", BAR - full, "",
	    (long long)(done >= all ? 100 : done * 100 / all));
	fflush(stderr);
}

void kithctl_bar_end(void)
{
	if (isatty(STDERR_FILENO) != 0)
		fprintf(stderr, "\r%*s\r", BAR + 10, "");
}

static void show_progress(const char *numbers)
{
	char *end;
	long long done = strtoll(numbers, &end, 10);

	kithctl_bar(done, strtoll(end, NULL, 10));
}

/* ---- the socket ---- */

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_S };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What went wrong, then what to do. */
static int cannot_reach(const char *path)
{
	int why = errno;

	fprintf(stderr, "kithctl: cannot reach kithd at '%s': %s\n", path, strerror(why));
	if (why == EACCES || why == EPERM)
		fputs("The socket belongs to the user kithd runs as: be root or that user "
		    "(sudo -u kith kithctl ...).\n", stderr);
	else
		fputs("Is it running?  systemctl status kithd\n"
		    "Its socket is [control] socket in kithd.conf(5); name another one with "
		    "-s SOCKET.\n", stderr);
	return KITHCTL_ERROR;
}

static int send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Lines with '#' are for us; they are taken out as they come. */
static int take_parts(struct kithctl_ask *q, struct buf *b)
{
	char *end;

	while (b->len > 0 && b->data[0] == '#' && (end = memchr(b->data, '\n', b->len)) != NULL) {
		*end = '\0';
		if (strncmp(b->data, "#progress ", 10) == 0)
			show_progress(b->data + 10);
		else if (q->part != NULL && q->part(q->arg, b->data + 1) != 0)
			return -1;
		buf_consume(b, (size_t)(end - b->data) + 1);
	}
	return 0;
}

/* Up to the empty line that ends the answer. */
static bool is_complete(const struct buf *b)
{
	return b->len >= 2 && b->data[0] != '#' && memcmp(b->data + b->len - 2, "\n\n", 2) == 0;
}

static int read_answer(struct kithctl_ask *q, struct buf *out)
{
	char bytes[65536];

	while (!is_complete(out)) {
		ssize_t n = recv(q->fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kithctl_fail("no answer from kithd", n < 0 ? strerror(errno) :
			    "it closed the connection");
		buf_add(out, bytes, (size_t)n);
		if (!buf_ok(out))
			return kithctl_fail("kithd's answer", "too long");
		if (take_parts(q, out) != 0)
			return KITHCTL_ERROR;
	}
	buf_truncate(out, out->len - 1);
	return KITHCTL_OK;
}

/* The first line is our exit status, the others are for the reader. */
static int show_answer(struct kithctl_ask *q, const struct buf *b)
{
	const char *text = strchr(buf_str(b), '\n');
	int status = b->data[0] - '0';

	kithctl_bar_end();
	if (text == NULL || status < KITHCTL_OK || status > KITHCTL_ERROR)
		return kithctl_fail("kithd", "it answered something else");
	if (q->keep)
		buf_adds(&q->text, text + 1);
	else if (status == KITHCTL_ERROR)
		fprintf(stderr, "kithctl: %s", text + 1);
	else
		fputs(text + 1, stdout);
	return status;
}

int kithctl_ask_line(struct kithctl_ask *q, const char *line)
{
	struct buf answer;
	int status = KITHCTL_OK;

	if (q->fd == 0)
		q->fd = connect_to(q->socket);
	if (q->fd < 0) {
		q->fd = 0;
		return cannot_reach(q->socket);
	}
	if (q->text.max == 0)
		buf_init(&q->text, ANSWER_MAX);
	buf_reset(&q->text);
	buf_init(&answer, ANSWER_MAX);
	if (send_all(q->fd, line, strlen(line)) != 0 || send_all(q->fd, "\n", 1) != 0)
		status = kithctl_fail(q->socket, strerror(errno));
	else if ((status = read_answer(q, &answer)) == KITHCTL_OK)
		status = show_answer(q, &answer);
	buf_fini(&answer);
	return status;
}

/* The words parted by tabs; a word cannot hold one. */
static int write_question(struct buf *out, bool json, int argc, char **argv)
{
	if (json)
		buf_adds(out, "json\t");
	for (int i = 0; i < argc; i++) {
		if (strpbrk(argv[i], "\t\r\n") != NULL)
			return kithctl_fail(argv[i], "tabs and line ends are not allowed");
		buf_addf(out, "%s%s", i > 0 ? "\t" : "", argv[i]);
	}
	return buf_ok(out) ? KITHCTL_OK : kithctl_fail("question", "too long");
}

int kithctl_ask(struct kithctl_ask *q, int argc, char **argv)
{
	struct buf question;
	int status;

	buf_init(&question, QUESTION_MAX);
	status = write_question(&question, q->json, argc, argv);
	if (status == KITHCTL_OK)
		status = kithctl_ask_line(q, buf_str(&question));
	buf_fini(&question);
	return status;
}

void kithctl_ask_end(struct kithctl_ask *q)
{
	if (q->fd > 0)
		close(q->fd);
	q->fd = 0;
	buf_fini(&q->text);
}
