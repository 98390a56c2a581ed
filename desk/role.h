/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: what the files of this folder share: the desk's own struct and one
 * function per kind of request.  Nobody outside includes it; they use desk.h.
 * Read next: desk.c (a message), serve.c (one request).
 */
#ifndef KITH_DESK_ROLE_H
#define KITH_DESK_ROLE_H

#include "common/base/ident.h"
#include "desk/attention.h"
#include "common/base/catalogue.h"
#include "desk/desk.h"
#include "desk/inventory.h"
#include "desk/talk.h"
#include "desk/words.h"
#include "policy/policy.h"

#define DESK_SENDERS 1024	/* people whose last lines are remembered */

/* What is said at most once a minute to one sender. */
enum hint { HINT_UNKNOWN, HINT_UNREADABLE, HINTS };

/* What we remember of somebody who writes; memory only. */
struct sender {
	char *bare;
	int64_t hinted_ms[HINTS];	/* boot; 0 never */
	char *unknown;			/* what was not understood then */
	int64_t wrong_ms;		/* boot, start of the minute of wrong codes */
	unsigned wrong;
	bool subscription_asked;
	struct attention attention;	/* to our questions */
	/* A line that came late, done when he answers with this code. */
	char *late;
	char late_code[IDENT_CODE];
	int64_t late_until_ms;
	/* Where `more` goes on: the list he saw last. */
	char *listed;
	int64_t listed_to;
};

struct desk {
	struct desk_conf conf;
	char *jid;
	struct desk_deps d;
	struct inventory inventory;
	struct catalogues *languages;
	struct command_steps *commands;
	struct sender sender[DESK_SENDERS];
	uint64_t *lines, *unknown, *silent;
};

/* desk.c */
struct sender *desk_sender(struct desk *d, const char *bare);
/* Where, when and in which language something is said to whoever asks. */
struct talk desk_talk(const struct desk *d, const struct request *q);
/* People only: an account of a broker that is no thing of ours. */
bool desk_is_person(const struct desk *d, const char *bare);
/* The claim text belongs to another registry: `text` says to which. */
bool desk_is_elsewhere(const struct desk *d, const struct words_line *l, struct buf *text);
/* Wrong codes slow their sender down: may he try one now?  Tell what came of it. */
bool desk_may_try(struct desk *d, const struct request *q);
void desk_tried(struct desk *d, const struct request *q, const struct reply *r);
const char *desk_wrong_codes(const struct talk *t);	/* "Too many ..." */
/* The reply is this sentence, already in his language. */
int desk_text(const struct request *q, struct reply *r, const char *text, struct err *e);

/* resolve.c: 1: the names in it are looked up; 0: *r says why not; -1. */
enum resolve_want {
	RESOLVE_NOTHING,
	RESOLVE_THING,		/* one thing, or a set */
	RESOLVE_IF_NAMED,	/* the same, if he names any */
	RESOLVE_OR_ONLY,	/* one thing; not named: the only one he has */
	RESOLVE_RULE,		/* the one inside a policy line */
	RESOLVE_WHY,
	RESOLVE_LIST,		/* several, in `names` */
	RESOLVE_TWO		/* `thing`, and `name` becomes things[0]: replace OLD by NEW */
};
int resolve_request(struct desk *d, struct request *q, enum resolve_want want, struct reply *r,
    struct err *e);
/* The policy line in q->u.desk.text, with the sentence for a bad one. */
int resolve_policy(struct desk *d, struct request *q, struct rule *out, struct reply *r,
    struct err *e);

/* commands.c */
int desk_commands_open(struct desk *d, struct err *e);

/* serve.c */
/* By the role it belongs to; its names are looked up already. */
int desk_serve_role(struct desk *d, const struct request *q, struct reply *r, struct err *e);
/* Policy lines that belong together, VERB_RULE_ADD each: *r lists what was made and says why
 * the rest was not; if the first is refused, nothing was. */
int desk_rules(struct desk *d, struct request *rule, size_t n, struct reply *r, struct err *e);

/* confirm.c */
/* Keep the line until he says yes; `text` gets the code and what to type. */
int confirm_keep(struct desk *d, const struct words_line *l, struct buf *text, struct err *e);
/* 1: the line he confirms (in q->pool, *stale: it may mean something else now);
 * 0: no code of this kind; -1. */
int confirm_take(struct desk *d, const struct request *q, const char **line, bool *stale,
    struct err *e);

typedef int (*desk_serve_fn)(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* share.c */
int share_serve(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* sets.c */
int sets_serve(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* Everything in one transaction, or nothing. */
int sets_each(struct desk *d, struct request *q, desk_serve_fn fn, struct reply *r,
    struct err *e);
/* settings.c */
int settings_serve(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* history.c */
int history_serve(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* undo.c */
int undo_serve(struct desk *d, struct request *q, struct reply *r, struct err *e);
/* Remember how to take back what is about to be done (before), then that it was. */
struct undo_note {
	struct buf lines;
	bool has_rules;
	struct { size_t n; const struct rule_line *rule; } rules;	/* before */
};
void undo_before(struct desk *d, const struct request *q, struct undo_note *n);
int undo_after(struct desk *d, const struct request *q, const struct reply *r,
    struct undo_note *n, struct err *e);

#endif
