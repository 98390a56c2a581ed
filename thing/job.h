/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: one request to read or control, from the moment it is understood to
 * its last word, whoever sent it and however (iq or chat):
 *
 *	who is it -> decided -> the device works -> said
 *
 * What is long is said in parts, each when the one before it has left us.  The three steps may each take their time; the state is in the job, never on
 * a stack.  What was decided before something was taken back is decided again
 * before anything is said.  readout.c, command.c and talk.c begin jobs and
 * give them a voice; nothing else calls a driver.
 */
#ifndef KITH_THING_JOB_H
#define KITH_THING_JOB_H

#include "thing/access.h"
#include "thing/board.h"
#include "thing/call.h"
#include "thing/node.h"
#include "thing/room.h"
#include "thing/within.h"

#define JOBS_MAX ROOM_JOBS	/* at the same time */
#define JOBS_PER_ASKER 4
#define JOB_DEVICE_MS 10000	/* what a driver may take */
#define JOB_ITEMS 512		/* values of one request, of all its nodes together */

#define JOB_ROOM (32 * 1024)	/* bytes that wait to be sent; more is said when fewer do */

enum job_step { JOB_FREE, JOB_DECIDING, JOB_WORKING, JOB_SAYING };

enum job_item_state { ITEM_TODO, ITEM_WAITING, ITEM_OK, ITEM_FAILED };

struct job_item {
	const struct thing_node *node;
	const struct board_field *field;	/* one of the two */
	const struct board_control *control;
	enum job_item_state state;
	uint64_t ticket;
	bool local;			/* the asker owns that node: nobody was asked */
	unsigned types;			/* reading: the kinds of it that are shown */
	bool said, past_said;		/* its value, its history */
	struct kith_thing_value value;	/* to set, or as read; text: why it failed */
};

/* Why a job is refused. */
struct job_no {
	enum access_verdict verdict;	/* ACCESS_NO; ACCESS_UNKNOWN: nobody can tell now */
	struct denied why;		/* as far as it is known */
	/* It would be allowed, but for this one: not this value, or not so often. */
	const struct job_item *item;
	enum within within;
	const struct limit *rate;	/* WITHIN_LATER */
	const struct decision *allowed;	/* NULL unless `item`; lives during the call */
};

struct job;

struct job_voice {
	/* It may: tell an asker who waits for that (may be NULL). */
	void (*accepted)(struct job *j);
	/* It may not, or nobody can tell now. */
	void (*refused)(struct job *j, const struct job_no *no);
	/* He is no friend any more, and waits for an answer; NULL: nobody does. */
	void (*unfriended)(struct job *j);
	/* All items are OK or FAILED. */
	void (*done)(struct job *j);
	/* Instead of it, where there may be much: the next part; true: that was all. */
	bool (*part)(struct job *j);
};

/* A value that is known: its driver is not asked. */
struct job_known {
	const struct thing_node *node;
	const struct board_field *field;
	struct kith_thing_value value;
};

struct job {
	enum job_step step;
	struct jobs *jobs;
	const struct job_voice *voice;
	struct call *call;		/* owns the request and everything below */
	struct decision_question question;	/* `nodes`: as resolved; empty: itself */
	size_t n_nodes;
	struct thing_node **node;	/* held; heap: the call may be somebody else's by the end */
	struct node *ask;		/* room for those that are asked about */
	bool accepted;			/* told so already */
	bool standby;			/* nobody could be asked: as he was last allowed */
	bool counted;			/* where it may be done only so often */
	bool starting;			/* drivers are being called: no end from inside one */
	bool cancelled;			/* while it was being decided */
	bool ask_only;			/* nothing is done: accepted() is the last word */
	bool told;			/* to the log */
	uint64_t generation;		/* of the decisions it stands on */
	int64_t deadline_ms;
	size_t n;
	struct job_item *item;		/* heap; those of one node stand together */
	/* What part() is at: the history of an item; heap. */
	struct ring_entry *past;
	size_t n_past, next_past;
	const struct thing_node *past_node;
	const struct board_field *past_field;
	void *arg;			/* the voice's */
};

struct order;
struct samples;
struct watches;

struct jobs {
	const struct clock *clock;
	struct session *session;
	struct access *access;
	struct decisions *decisions;
	struct nodes *nodes;
	struct board *board;		/* of the thing itself */
	struct samples *samples;	/* what is kept of their fields */
	struct watches *watches;	/* who is told of changes */
	struct order *order;		/* what its owner is about to order */
	uint64_t tickets;
	struct words words;		/* for a line of chat that names no language */
	/* One sentence for the log: served or refused. */
	void (*told)(void *arg, bool served, const char *sentence);
	void *arg;
	struct job job[JOBS_MAX];
};

/* What is said to whoever sent this, in his language. */
struct words jobs_words(const struct jobs *js, const struct request *q);

/*
 * Begin: takes the call over (*c becomes NULL) when 0 is returned.  `nodes` are
 * addresses from nodes_resolve(), none for the thing itself.  `names` are fields
 * that one of them has (none: all fields) or parameters that each of them has;
 * `values` goes with parameters, for the first node, then for the second ...
 * What the asker owns is served without asking; about the rest provisioning is
 * asked in one question.  -1: too many jobs or values.
 */
int job_begin(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, const struct kith_thing_value *values);

/* The same for a reading of which a value is known; NULL: none. */
int job_begin_known(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, const struct job_known *known, void *arg);
/* Only whether he may: refused() or accepted(), which may keep the call. */
int job_ask(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, void *arg);

/* What a driver promised. */
void jobs_read_done(struct jobs *js, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v);
void jobs_write_done(struct jobs *js, uint64_t ticket, enum kith_thing_result r,
    const char *why);

/* A cancel of a read by its asker; true if there was one. */
bool jobs_cancel(struct jobs *js, const char *from, const char *seqnr);

int64_t jobs_deadline(const struct jobs *js);
void jobs_tick(struct jobs *js);
/* Nobody is left to be told. */
void jobs_drop(struct jobs *js);
/* He is no friend any more: what he asked for ends where it is, with a no. */
void jobs_unfriend(struct jobs *js, const char *bare);

#endif
