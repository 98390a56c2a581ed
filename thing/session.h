/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: one login, from bind to the end of the stream: our full address,
 * where stanzas are written, and the requests of ours that wait for an answer.
 * An answer counts when its id and its sender are those of the request; every
 * request is answered exactly once, by the peer, by its deadline or by the end
 * of the session.  It decides nothing.  Read next: enroll.h, access.h.
 */
#ifndef KITH_THING_SESSION_H
#define KITH_THING_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/jid.h"
#include "common/wire/request.h"
#include "thing/room.h"

struct stanza;

#define SESSION_ASKS ROOM_ASKS		/* of ours in flight */
#define SESSION_TIMEOUT_MS 15000
#define SESSION_TO 512			/* bytes of an address we ask */

/* NULL: no answer came (deadline, end of session); cannot tell. */
typedef void session_answer_fn(void *arg, const struct stanza *answer);

struct session_ask {
	char id[IDENT_TEXT];		/* "": free */
	char *to;			/* heap; NULL: our own server, for our account */
	int64_t deadline_ms;		/* boot clock */
	session_answer_fn *answer;
	void *arg;
};

struct session {
	const struct clock *clock;
	struct buf *out;		/* NULL: not logged in */
	char *self;			/* our full address; heap, NULL: not logged in */
	size_t bare_len;		/* of it */
	struct session_ask ask[SESSION_ASKS];
};

void session_init(struct session *s, const struct clock *clock);
int session_begin(struct session *s, struct buf *out, const char *full_jid);
/* Everything still open is answered with NULL. */
void session_end(struct session *s);
bool session_is_up(const struct session *s);
const char *session_self(const struct session *s);	/* full; "": not logged in */

/*
 * Ask `q->to` (NULL: our own server): verb, dialect and the member of the
 * union are the caller's, the id is made here.  -1: not logged in, too many
 * open, or too much to say; then `answer` is never called.
 */
int session_ask(struct session *s, struct request *q, session_answer_fn *answer, void *arg);
/* The roster of our account (RFC 6121 2.1.3). */
int session_ask_roster(struct session *s, session_answer_fn *answer, void *arg);

/* Change the password of our account at its server (XEP-0077 3.3). */
int session_ask_password(struct session *s, const char *domain, const char *user,
    const char *password, session_answer_fn *answer, void *arg);

/* Delete our account at its server (XEP-0077 3.2).  The server ends the stream
 * before or after its answer. */
int session_ask_leave(struct session *s, session_answer_fn *answer, void *arg);

/* An iq get with <twin xmlns=NS nonce=NONCE/> to another session of our account. */
int session_ask_twin(struct session *s, const char *full, const char *ns, const char *nonce,
    session_answer_fn *answer, void *arg);

/* Was this result or error meant for one of ours?  Then it has been given to
 * whoever waited.  What fits no request is nobody's: drop it. */
bool session_take_answer(struct session *s, const struct stanza *iq);
/* Did our own server send this on behalf of our account (RFC 6120 8.1.2.1,
 * RFC 6121 2.1.6)? */
bool session_is_own_server(const struct session *s, const char *from);

int64_t session_deadline(const struct session *s);	/* -1: none */
void session_tick(struct session *s);

#endif
