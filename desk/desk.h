/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: the owner's conversation.  A chat line becomes the same struct request
 * that an iq would (words.h), is served by the same roles, and the reply is
 * put into words (talk.h).  The desk decides nothing.  Each line typed gets
 * exactly one reply (ruling 35).
 */
#ifndef KITH_DESK_DESK_H
#define KITH_DESK_DESK_H

#include "common/base/clock.h"
#include "common/base/jid.h"
#include "common/store/contact.h"
#include "common/store/ownership.h"
#include "common/wire/request.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

struct desk;

struct desk_conf {
	const char *jid;	/* the component; desk@jid is the node people see */
	enum jid_profile profile;
	int32_t zone_s;
	int64_t prompts;	/* messages with questions to one owner in an hour; 0: 6 */
	const char *languages;	/* folder of catalogues; NULL: where they are installed */
};

struct desk_deps {
	struct registry *registry;
	struct provisioning *provisioning;
	struct ownership *ownership;
	struct contacts *contacts;
	const struct clock *clock;
	struct stats *stats;
	struct store *store;
	struct audit *audit;
	struct codes *codes;
	struct persons *persons;
	struct thing_sets *sets;
};

int desk_open(struct desk **out, const struct desk_conf *conf, const struct desk_deps *deps,
    struct err *e);
void desk_close(struct desk **d);

/*
 * One thing that a person wants, however he said it: a line, a form.  `q` has
 * verb, bare, pool and its body as request.h says (request_desk for nearly
 * all).  The names in it are looked up and filled in, the role it belongs to
 * serves it, *r says what happened; desk_say() puts that into words.
 *   - A name that fits nothing, or several, is REPLY_ERROR with r->text ready.
 *   - BODY_CONFIRM: r->text says what it would do and nothing was done; serve
 *     the same again with q->u.desk.confirmed to do it.
 * Inside a transaction when desk_request_writes().  -1: as in the roles.
 */
int desk_serve_request(struct desk *d, struct request *q, struct reply *r, struct err *e);
bool desk_request_writes(enum verb v);
void desk_say(const struct desk *d, struct buf *text, const struct request *q,
    const struct reply *r);

/*
 * Ad-hoc commands (XEP-0050): a step of one, or a look at which there are, by
 * iq to the component or the desk.  VERB_COMMAND inside a transaction.
 */
bool desk_command_serves(const struct request *q);
int desk_command(struct desk *d, const struct request *q, struct reply *r, struct err *e);

/* Might this chat write?  (Almost always; help and show do not.) */
bool desk_writes(const struct desk *d, const struct request *chat);
/*
 * Serve one chat message (VERB_CHAT), inside a transaction: `text` gets what
 * to say back, "" for silence (ruling 33, 38).  -1: store error, as in the roles.
 */
int desk_serve(struct desk *d, const struct request *chat, struct buf *text, struct err *e);
/* Presence sent to the desk's own address: it accepts everybody, is always
 * there, and answers probes.  -1: `out` is full. */
int desk_presence(struct desk *d, const struct request *q, struct buf *out);
/* True once per person and start, when an owner wrote: ask to see his
 * presence, because servers that block strangers would swallow our questions. */
bool desk_wants_subscription(struct desk *d, const struct request *chat);
/* The words of one DEBT_QUESTION ("bob@x wants to read ... yes CODE ..."), or of
 * several to one owner in one message. */
void desk_question_text(const struct desk *d, struct buf *text, const struct owner_question *q,
    size_t n);
/*
 * May he be asked something now (attention.h)?  Only so many messages an hour
 * (conf.prompts), fewer while he says nothing, one while he is away; each with
 * all that waits, so what is held back comes with the next.  Then that it was done.
 */
#define DESK_PROMPTS 6
bool desk_may_prompt(struct desk *d, const char *owner);
void desk_prompted(struct desk *d, const char *owner);
/* Our stream was down: who is there is not known. */
void desk_gap(struct desk *d);
/* May he be told news now, the oldest of which is of that moment (wall)?  Not
 * while he is mute, and with a digest only once a day. */
bool desk_may_notify(const struct desk *d, const char *owner, int64_t oldest_ms);
/* A DEBT_NOTICE as it may be said: escaped, and no claim text in it. */
void desk_notice_text(const struct desk *d, struct buf *text, const char *owner,
    const char *notice);

#endif
