/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_rig: a thing without a network.  It stands in for wire/client.c with
 * functions of the same names: the test says how a login ends, reads every
 * stanza the thing writes, and hands it stanzas as if a broker had.
 */
#ifndef TESTS_UNIT_THING_RIG_H
#define TESTS_UNIT_THING_RIG_H

#include "tests/unit/thing_support.h"

#include "common/wire/client.h"
#include "thing/thing.h"

#define RIG_REGISTRY "kith.home.example"
#define RIG_OWNER "owner@home.example"

/* What the next logins do, in order. */
enum rig_login { RIG_UP, RIG_END };

struct rig {
	void *dir;
	struct kith_thing *thing;
	/* the stand-in's side */
	const struct client_ops *ops;
	void *ops_arg;
	bool alive, up, pending, closed;
	bool asked_to_register;
	char user[64], password[80];
	struct sasl_pin pin;
	enum client_end end_with;	/* when `ends` > 0 */
	unsigned ends;			/* so many logins fail first */
	unsigned attempts;
	struct resume *resume;	/* where the thing writes */
	struct buf sent;
	int64_t silent_ms;		/* since the broker's last byte */
	size_t read;			/* how much of `sent` was looked at */
	char full[160];
	const struct stanza *arrived;	/* the broker's next, not yet taken */
	const char *bind_user, *bind_domain;	/* what the server binds; NULL: what it should */
	/* what the thing said to its maker, who may do something about it */
	void (*hear)(const struct kith_thing_event *ev);
	struct buf events;
	unsigned led_writes, reads;
	double level;
	bool led, slow;
	bool claim_button;	/* it can be claimed after a press only */
	bool accept_button;	/* its first registry is accepted by a press only */
	const char *(*translate)(void *arg, const char *lang, const char *text);
	const char *language;
	uint64_t ticket;
};

extern struct rig *rig;

int rig_setup(void **state);
int rig_teardown(void **state);

/* Make the thing (again) from the folder; `process` runs it a little. */
void rig_start(void);
void rig_stop(void);
void rig_process(void);

/* The broker's side: hand over a stanza; printf-like.  %s of text is put in as
 * it is. */
void rig_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The next stanza the thing sent, in static memory; "" if there is none. */
const char *rig_next(void);
/* The next one must hold all these pieces. */
const char *rig_expect_all(const char *first, ...) __attribute__((sentinel));
#define rig_expect(...) rig_expect_all(__VA_ARGS__, NULL)
/* There is nothing more. */
void rig_expect_silence(void);
/* The value of an attribute of the first element of `stanza`. */
const char *rig_attr(const char *stanza, const char *name);
/* Answer a request of the thing: result with this payload. */
void rig_answer(const char *request, const char *from, const char *payload);

/* Walks a fresh thing through roster, disco, register; the registry answers
 * `registered` ("" unclaimed).  Consumes everything up to settled. */
void rig_enroll(const char *registered);
/* The same as far as the first register, to a registry that wants to hear what
 * a thing says of itself. */
const char *rig_reach_registry(void);
/* An owned thing with RIG_OWNER. */
void rig_owned(void);
/* A roster push that makes somebody a friend. */
void rig_befriend(const char *bare);
bool rig_said(const char *event_text);

#endif
