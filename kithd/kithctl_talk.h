/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_talk: kithctl's end of the control socket: a question of words, an
 * answer that may come in parts (control_socket.h), and the bar that shows how
 * far long work has come when somebody is looking.
 */
#ifndef KITH_KITHD_KITHCTL_TALK_H
#define KITH_KITHD_KITHCTL_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "kithd/kithctl.h"

struct kithctl_ask {
	const char *socket;
	bool json;
	/* A part of the answer, without its '#': "data ...", "row ...".  -1 ends
	 * the answer early.  NULL: parts are dropped. */
	int (*part)(void *arg, const char *line);
	void *arg;
	bool keep;		/* the answer's text into `text`, not onto the screen */
	struct buf text;
	int fd;			/* kept for the next question; 0: none yet */
};

/* One question and its answer; the exit status.  May be repeated. */
int kithctl_ask(struct kithctl_ask *q, int argc, char **argv);
/* The same for a line that is ready, without its end. */
int kithctl_ask_line(struct kithctl_ask *q, const char *line);
void kithctl_ask_end(struct kithctl_ask *q);

/* "[####    ] 42 %" on standard error; nothing unless it is a terminal. */
void kithctl_bar(int64_t done, int64_t all);
void kithctl_bar_end(void);

int kithctl_fail(const char *what, const char *why);

#endif
