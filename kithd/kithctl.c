/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl: the operator's tool.  Most commands are one line to a running
 * kithd (control_socket.h) and its answer; policy files and QR codes need no
 * daemon.  Exit status: 0, 1 for a "no", 2 for errors.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/buf.h"

#define DEFAULT_SOCKET "/run/kith/kithd.sock"
#define QUESTION_MAX 4000
#define ANSWER_MAX (64 * 1024 * 1024)
#define WAIT_S 10

static const char usage[] =
	"usage: kithctl [-s SOCKET] [--json] COMMAND ...\n"
	"\n"
	"  things [NAME|OWNER]            things, their owners and state\n"
	"  show THING                     one thing with its tags\n"
	"  owners                         who owns how many\n"
	"  questions [OWNER]              what waits for an owner's answer\n"
	"  rules [OWNER]                  the owners' rules\n"
	"  debts                          pushes and messages still owed\n"
	"  stats                          counters\n"
	"  policy ask JID ACTION THING [NAME]   try a decision; exit 0 allow, 1 not\n"
	"  policy check|print -f FILE     a policy file, without kithd\n"
	"  policy ask -f FILE JID ACTION THING [NAME]\n"
	"  qr [text|svg] [DESK]           claim URI on standard input to a QR code;\n"
	"                                 with DESK a link that opens the chat\n"
	"\n"
	"  -s SOCKET  kithd's control socket (" DEFAULT_SOCKET ")\n"
	"  --json     for machines     -V version     -h this\n";

struct options {
	const char *socket, *file;
	bool json;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "kithctl: %s: %s\n", what, why);
	return KITHCTL_ERROR;
}

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

/* The words parted by tabs; a word cannot hold one. */
static int write_question(struct buf *out, bool json, int argc, char **argv)
{
	if (json)
		buf_adds(out, "json\t");
	for (int i = 0; i < argc; i++) {
		if (strpbrk(argv[i], "\t\r\n") != NULL)
			return fail(argv[i], "tabs and line ends are not allowed");
		buf_addf(out, "%s%s", i > 0 ? "\t" : "", argv[i]);
	}
	buf_addc(out, '\n');
	return buf_ok(out) ? KITHCTL_OK : fail("question", "too long");
}

/* Up to the empty line that ends the answer. */
static bool is_complete(const struct buf *b)
{
	return b->len >= 2 && memcmp(b->data + b->len - 2, "\n\n", 2) == 0;
}

static int read_answer(int fd, struct buf *out)
{
	char bytes[4096];

	while (!is_complete(out)) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail("no answer from kithd", n < 0 ? strerror(errno) : "it closed "
			    "the connection");
		buf_add(out, bytes, (size_t)n);
		if (!buf_ok(out))
			return fail("kithd's answer", "too long");
	}
	buf_truncate(out, out->len - 1);
	return KITHCTL_OK;
}

/* The first line is our exit status, the others are for the reader. */
static int show_answer(const struct buf *b)
{
	const char *text = strchr(buf_str(b), '\n');
	int status = b->data[0] - '0';

	if (text == NULL || status < KITHCTL_OK || status > KITHCTL_ERROR)
		return fail("kithd", "it answered something else");
	if (status == KITHCTL_ERROR)
		fprintf(stderr, "kithctl: %s", text + 1);
	else
		fputs(text + 1, stdout);
	return status;
}

static int ask(const struct options *o, int argc, char **argv)
{
	struct buf question, answer;
	int fd = -1, status;

	buf_init(&question, QUESTION_MAX);
	buf_init(&answer, ANSWER_MAX);
	status = write_question(&question, o->json, argc, argv);
	if (status != KITHCTL_OK)
		goto out;
	fd = connect_to(o->socket);
	if (fd < 0) {
		status = fail(o->socket, strerror(errno));
		goto out;
	}
	if (send(fd, question.data, question.len, MSG_NOSIGNAL) != (ssize_t)question.len)
		status = fail(o->socket, strerror(errno));
	else if ((status = read_answer(fd, &answer)) == KITHCTL_OK)
		status = show_answer(&answer);
out:
	if (fd >= 0)
		close(fd);
	buf_fini(&question);
	buf_fini(&answer);
	return status;
}

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:f:jVh", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'V':
			printf("kithctl %s\n", PACKAGE_VERSION);
			exit(KITHCTL_OK);
		case 'h':
			fputs(usage, stdout);
			exit(KITHCTL_OK);
		default:
			fputs("try: kithctl -h\n", stderr);
			exit(KITHCTL_ERROR);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = { .socket = DEFAULT_SOCKET };
	const char *word;

	parse_options(&o, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		fputs(usage, stderr);
		return KITHCTL_ERROR;
	}
	word = argv[0];
	if (strcmp(word, "qr") == 0)
		return kithctl_qr(argc - 1, argv + 1);
	if (strcmp(word, "policy") == 0 && (o.file != NULL || argc < 2 || strcmp(argv[1],
	    "ask") != 0))
		return kithctl_policy(o.file, argc - 1, argv + 1);
	return ask(&o, argc, argv);
}
