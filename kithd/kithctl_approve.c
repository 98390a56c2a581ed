/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_approve: options of `approve add` as one row for kithd, which says
 * what is wrong with them.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "kithd/kithctl_talk.h"
#include "kithd/record.h"

#define LINE_BYTES 4000

static const struct option longs[] = {
	{ "man", required_argument, NULL, 1 },
	{ "model", required_argument, NULL, 1 },
	{ "sn-from", required_argument, NULL, 1 },
	{ "sn-to", required_argument, NULL, 1 },
	{ "owner", required_argument, NULL, 1 },
	{ "cap", required_argument, NULL, 1 },
	{ "until", required_argument, NULL, 1 },
	{ "rule", required_argument, NULL, 1 },
	{ "json", no_argument, NULL, 2 },
	{ NULL, 0, NULL, 0 }
};

static int add(struct kithctl_ask *q, int argc, char **argv)
{
	struct buf line;
	int c, at, status;

	buf_init(&line, LINE_BYTES);
	buf_adds(&line, "approve\tadd");
	optind = 0;
	while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
		const char *name = c == 1 ? longs[at].name : NULL;

		if (c == 2)
			continue;
		if (name == NULL) {
			buf_fini(&line);
			return KITHCTL_ERROR;
		}
		record_add(&line, strncmp(name, "sn-", 3) == 0 ? name + 3 : name, optarg);
	}
	if (argc - optind != 1 || !buf_ok(&line)) {
		status = kithctl_fail("approve add", "say: approve add NAME --man M --model X "
		    "--sn-from A --sn-to B --owner JID --cap N --until DATE [--rule LINE]");
	} else {
		record_add(&line, "class", argv[optind]);
		status = kithctl_ask_line(q, buf_str(&line));
	}
	buf_fini(&line);
	return status;
}

int kithctl_approve_add(const char *socket, int argc, char **argv)
{
	struct kithctl_ask q = { .socket = socket };
	int status = add(&q, argc - 1, argv + 1);

	kithctl_ask_end(&q);
	return status;
}
