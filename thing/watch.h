/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: somebody wants to be told of changes: a program by the events protocol
 * (common/wire/events.h), a person by a chat line (watch_chat.c).  Each telling is a
 * read of its own (job.h), decided at that moment, so what is taken back is told no
 * more; a no ends the watch.
 *
 * A program's subscription ends with our session, his session (as far as our server
 * tells), his friendship, or when he takes it back.  A person's watch stays while we
 * reconnect, rests while he is known to be away, and outlives a restart (watch_kept.c).
 */
#ifndef KITH_THING_WATCH_H
#define KITH_THING_WATCH_H

#include "thing/friends.h"
#include "thing/readout.h"
#include "thing/room.h"
#include "thing/sample.h"

#define WATCH_MAX ROOM_WATCHES		/* of everybody */
#define WATCH_EACH 8			/* of one address */
#define WATCH_FIELDS 16			/* whose changes one of them tells */
#define WATCH_MIN_MS 1000		/* between two tellings to a program */
#define WATCH_CHAT_MS 10000		/* ... to a person */
#define WATCH_EVERY_MS 60000		/* the least that a person may ask for */
#define WATCH_LONGEST_MS (366LL * 24 * 3600 * 1000)
#define WATCH_AGAIN_MS 5000		/* it could not be told now */
#define WATCH_SESSIONS 8
#define WATCH_PING_MS (5 * 60 * 1000)	/* is the program still there? */

/* When a person is told. */
enum watch_when { WATCH_CHANGE, WATCH_EVERY, WATCH_BELOW, WATCH_ABOVE, WATCH_IS };

struct watch_field {
	struct sample *sample;
	double up, down;		/* of a change that is told */
	bool has_up, has_down;
	bool has_base;
	struct kith_thing_value base;	/* as he knows it */
};

struct watch {
	uint32_t serial;
	struct call *call;		/* as it was asked */
	struct decision_question ask;	/* in its pool */
	int64_t min_ms, max_ms;		/* max -1: no telling without a change */
	int64_t age_ms;			/* of kept values told; -1: none of them */
	int64_t told_ms, pinged_ms;	/* boot clock */
	int64_t again_ms;		/* not before that */
	bool due, telling;
	bool away;			/* a person's: the last of his sessions that we knew ended */
	unsigned char n_sessions;
	uint32_t session[WATCH_SESSIONS];	/* hashes of his full addresses */
	struct job_known *known;	/* the value that is told; NULL: read it */
	size_t n;
	struct watch_field *field;
	/* of a person's */
	enum watch_when when;
	double level;
	char *word;			/* WATCH_IS; heap */
	bool was;			/* the condition held the last time */
};

/* A person's, of before this start, whose field is not there yet; heap. */
struct watch_kept {
	char *who, *lang;
	char *node, *source, *partition;	/* NULL: the thing itself */
	char *field, *value;
	enum watch_when when;
};

struct watches {
	struct jobs *jobs;
	const char *dir;		/* state folder */
	void (*note)(void *arg, bool alarm, const char *sentence);
	void *note_arg;
	bool dirty;			/* newer than the file */
	bool look;			/* one of the kept may be there now */
	size_t n_kept;
	struct watch_kept *kept;
	struct samples *samples;
	uint32_t serials;
	struct watch *watch[WATCH_MAX];
};

/* The events protocol.  Both take the call over when the answer comes later. */
void watch_request(struct watches *ws, struct call **c);
void watch_cancel(struct watches *ws, struct call **c);

/* Chat: what stands behind the word; the call is taken over as above. */
void watch_word(struct watches *ws, struct call **c, const char *rest);
void watch_list(struct watches *ws, struct call **c);
void watch_stop(struct watches *ws, struct call **c, const char *rest);

/* A field has a value (samples.value). */
void watches_value(void *arg, const struct sample *s);
/* Somebody comes or goes; `full` as sent. */
void watches_presence(struct watches *ws, const char *full, const char *bare, bool available);
/* What we told him came back. */
void watches_bounced(struct watches *ws, const char *from);
void watches_unfriend(struct watches *ws, const char *bare);
void watches_forget(struct watches *ws, const struct thing_node *node);
/* Our session is over. */
void watches_down(struct watches *ws);
void watches_fini(struct watches *ws);
int64_t watches_deadline(const struct watches *ws);
void watches_tick(struct watches *ws);

/* Those of before this start: read; something came that they may be about (he is a
 * friend again, a field); taken up and written. */
void watches_open(struct watches *ws);
void watches_look(struct watches *ws);
void watches_keep(struct watches *ws);
bool watches_keep_due(const struct watches *ws);
/* NULL: everybody's, from memory alone. */
void watches_drop_kept(struct watches *ws, const char *bare);

/* Between watch.c, watch_chat.c and watch_kept.c. */
struct watch *watch_new(struct watches *ws, struct call **c, const struct decision_question *ask);
int watch_add_field(struct watches *ws, struct watch *w, struct thing_node *n,
    const struct board_field *f);
void watch_end(struct watches *ws, struct watch *w);
void watch_undo(struct watches *ws, struct watch *w, struct job *j);
struct watch *watch_of(const struct watches *ws, const void *serial);
bool watch_is_chat(const struct watch *w);
/* As large as a change has to be. */
void watch_sharpen(struct watch *w, const struct board_field *f);
void watch_told(struct watch *w, const struct job *j);
/* Does this value of a person's field have to be told? */
bool watch_holds(struct watch *w, const struct sample *s);
extern const struct job_voice watch_chat_voice;

#endif
