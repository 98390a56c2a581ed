/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl: the operator's tool.  Most commands are one line to a running
 * kithd (control_socket.h) and its answer; policy files and QR codes need no
 * daemon.  Exit status: 0, 1 for a "no", 2 for errors.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kithd/kithctl_talk.h"

struct options {
	const char *socket, *file;
	bool json;
};

/* Long answers come a part at a time: "=LINE". */
static int print_part(void *arg, const char *line)
{
	(void)arg;
	return line[0] != '=' || puts(line + 1) >= 0 ? 0 : -1;
}

static int ask(const struct options *o, int argc, char **argv)
{
	struct kithctl_ask q = { .socket = o->socket, .json = o->json, .part = print_part };
	int status = strcmp(argv[0], "policy") == 0 ? kithctl_policy(&q, o->file, argc, argv) :
	    kithctl_ask(&q, argc, argv);

	kithctl_ask_end(&q);
	return status;
}

static void version(void)
{
	printf("kithctl %s\n", PACKAGE_VERSION);
	exit(KITHCTL_OK);
}

/* What stands in front of the command. */
static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "+s:f:jVh", longs, NULL)) != -1) {
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
			version();
			break;
		case 'h':
			kithctl_usage(stdout);
			exit(KITHCTL_OK);
		default:
			fputs("try: kithctl -h\n", stderr);
			exit(KITHCTL_ERROR);
		}
	}
}

/* The same behind it; a command's own options stay where they are. */
static int take_options(struct options *o, int argc, char **argv)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
			o->socket = argv[++i];
		else if (strcmp(argv[i], "-f") == 0 && i + 1 < argc)
			o->file = argv[++i];
		else if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			o->json = true;
		else if (strcmp(argv[i], "-V") == 0)
			version();
		else
			argv[n++] = argv[i];
	}
	return n;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

/* Commands that do more here than pass their words on; their options are
 * their own. */
static const struct {
	const char *word;
	int (*fn)(const char *socket, int argc, char **argv);
} own[] = {
	{ "backup", kithctl_backup },
	{ "doctor", kithctl_doctor },
	{ "dump", kithctl_dump },
	{ "graph", kithctl_graph },
	{ "export", kithctl_export },
	{ "import", kithctl_import },
};

static bool is_word(int argc, char **argv, int i, const char *word)
{
	return i < argc && strcmp(argv[i], word) == 0;
}

static int run(struct options *o, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(argv[0], own[i].word) == 0)
			return own[i].fn(o->socket, argc, argv);
	if (is_word(argc, argv, 0, "approve") && is_word(argc, argv, 1, "add"))
		return kithctl_approve_add(o->socket, argc, argv);
	argc = take_options(o, argc, argv);
	if (is_word(argc, argv, 0, "audit") &&
	    (is_word(argc, argv, 1, "export") || is_word(argc, argv, 1, "verify")))
		return kithctl_audit(o->socket, argc, argv);
	if (is_word(argc, argv, 0, "qr"))
		return kithctl_qr(argc - 1, argv + 1);
	return ask(o, argc, argv);
}

int main(int argc, char **argv)
{
	struct options o = { .socket = KITHCTL_SOCKET };
	char *help[2];

	parse_options(&o, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		kithctl_usage(stderr);
		return KITHCTL_ERROR;
	}
	if (strcmp(argv[0], "help") == 0)
		return kithctl_help(argc, argv);
	if (kithctl_is_typo(argv[0]))
		return kithctl_no_word(argv[0]);
	if (wants_help(argc, argv)) {
		help[0] = help[1] = argv[0];
		return kithctl_help(2, help);
	}
	return run(&o, argc, argv);
}
