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

#define DEFAULT_SOCKET "/run/kith/kithd.sock"

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
	"\n"
	"  hold THING [for JID]           nobody (else) can claim it; release THING\n"
	"  disown THING                   take it from its owner, who is told\n"
	"  expire [--dry-run] THING       forget what nobody owns; or: older-than 30d\n"
	"  quota show | set WHO KEY N     of an address or a domain; unset WHO KEY\n"
	"  backup FILE [--key KEYFILE]    a copy of the running store; keep the key apart\n"
	"\n"
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

/* Long answers come a part at a time: "=LINE". */
static int print_part(void *arg, const char *line)
{
	(void)arg;
	return line[0] != '=' || puts(line + 1) >= 0 ? 0 : -1;
}

static int ask(const struct options *o, int argc, char **argv)
{
	struct kithctl_ask q = { .socket = o->socket, .json = o->json, .part = print_part };
	int status = kithctl_ask(&q, argc, argv);

	kithctl_ask_end(&q);
	return status;
}

/* `spec`: with '+' in front it stops at the first word; else options may
 * stand anywhere. */
static void parse_options(struct options *o, const char *spec, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, spec, longs, NULL)) != -1) {
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

/* Commands that do more here than pass their words on; their options are
 * their own. */
static const struct {
	const char *word;
	int (*fn)(const char *socket, int argc, char **argv);
} own[] = {
	{ "backup", kithctl_backup },
};

int main(int argc, char **argv)
{
	struct options o = { .socket = DEFAULT_SOCKET };

	parse_options(&o, "+s:f:jVh", argc, argv);
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		fputs(usage, stderr);
		return KITHCTL_ERROR;
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(argv[0], own[i].word) == 0)
			return own[i].fn(o.socket, argc, argv);
	if (strcmp(argv[0], "expire") == 0)
		return ask(&o, argc, argv);
	/* Once more, for options behind the command; getopt skips its first word. */
	optind = 0;
	parse_options(&o, "s:f:jVh", argc + 1, argv - 1);
	argc -= optind - 1;
	argv += optind - 1;
	if (strcmp(argv[0], "qr") == 0)
		return kithctl_qr(argc - 1, argv + 1);
	if (strcmp(argv[0], "policy") == 0 && (o.file != NULL || argc < 2 || strcmp(argv[1],
	    "ask") != 0))
		return kithctl_policy(o.file, argc - 1, argv + 1);
	return ask(&o, argc, argv);
}
