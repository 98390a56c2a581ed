/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kith/loopback.h: a broker, a registry, a provisioning service and people, all
 * inside the test of a device, without a network:
 *
 *	struct kith_loopback *lb = kith_loopback_new("home.example");
 *	struct kith_thing *t = kith_loopback_thing(lb, &conf, why, sizeof(why));
 *	kith_thing_add_field(t, &temperature);
 *	kith_loopback_run(lb, t);
 *	kith_loopback_claim(lb, t, "owner@home.example");
 *	assert(!strcmp(kith_loopback_read(lb, t, "owner@home.example", "temperature"), "21.5 C"));
 *
 * libkith-loopback has all of kith_thing_* as well: the same sources as
 * libkith-thing, with another end where the client stream would be.  Link a test
 * with it instead of libkith-thing.  Nothing in libkith-thing leads here: no
 * setting can make a device believe a broker that has not proved its domain.
 *
 * One thread.  Strings are copied; strings returned live until the next call.
 * Its lists of brokers and its clock are the program's, not a thing's.
 */
#ifndef KITH_LOOPBACK_H
#define KITH_LOOPBACK_H

#include "thing/thing.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kith_loopback;

/* A domain with one registry and provisioning service, "registry.DOMAIN".  NULL:
 * no memory, or there is one of that name. */
struct kith_loopback *kith_loopback_new(const char *domain);
/* Free its things before.  Takes NULL. */
void kith_loopback_free(struct kith_loopback **lb);

/* kith_thing_new() with the domain filled in, and nothing that would look for a
 * broker elsewhere.  The state folder is as real as ever. */
struct kith_thing *kith_loopback_thing(struct kith_loopback *lb,
    const struct kith_thing_conf *conf, char *why, size_t why_size);

/* Until nobody has anything more to say.  Every call below does it too. */
void kith_loopback_run(struct kith_loopback *lb, struct kith_thing *t);
/* So many milliseconds later, for all things of the program. */
void kith_loopback_advance(struct kith_loopback *lb, struct kith_thing *t, int64_t ms);

/* ---- whose it is, and who may ---------------------------------------------- */

/* `owner` claims it.  0, or -1: it is not there to be claimed, or somebody's. */
int kith_loopback_claim(struct kith_loopback *lb, struct kith_thing *t, const char *owner);
int kith_loopback_disown(struct kith_loopback *lb, struct kith_thing *t);

/* What the owner's rules say from now on; the last word about a person and a thing
 * to do counts.  `action`: "befriend", "read" or "control"; `name`: one field or
 * control, NULL: all.  What was never said is denied.  Nobody is told before
 * kith_loopback_recall(). */
int kith_loopback_allow(struct kith_loopback *lb, const char *who, const char *action,
    const char *name);
int kith_loopback_deny(struct kith_loopback *lb, const char *who, const char *action,
    const char *name);
/* Tell the thing to forget what it was answered (clearCache). */
void kith_loopback_recall(struct kith_loopback *lb, struct kith_thing *t);

/* `who` asks to be a friend of the thing.  0 when he is one after that. */
int kith_loopback_befriend(struct kith_loopback *lb, struct kith_thing *t, const char *who);

/* ---- what people do --------------------------------------------------------- */

/* The value as text, with its unit ("21.5 C", "true"); NULL: kith_loopback_why(). */
const char *kith_loopback_read(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *field);
/* 0, or -1: kith_loopback_why(). */
int kith_loopback_set(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    enum kith_thing_type type, const char *control, const char *value);
/* What the thing answers a chat line; "": nothing. */
const char *kith_loopback_chat(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *line);
/* Any stanza as `who` would send it, without from and to; what comes back to him,
 * as it was written, "" for nothing. */
const char *kith_loopback_send(struct kith_loopback *lb, struct kith_thing *t, const char *who,
    const char *xml);
/* Why the last of these failed: a condition of RFC 6120 ("forbidden",
 * "service-unavailable"), "silent" when no answer came, or "malformed". */
const char *kith_loopback_why(const struct kith_loopback *lb);

/* ---- what goes wrong --------------------------------------------------------- */

/* The connection of the thing is cut; it comes back when its time has come:
 * kith_loopback_advance(). */
void kith_loopback_cut(struct kith_loopback *lb, struct kith_thing *t);
/* So many logins from now on fail. */
void kith_loopback_refuse(struct kith_loopback *lb, unsigned logins);
/* The registry and provisioning service answer nothing, or do again. */
void kith_loopback_silence(struct kith_loopback *lb, int silent);

/* How often provisioning was asked to decide. */
unsigned kith_loopback_questions(const struct kith_loopback *lb);

#ifdef __cplusplus
}
#endif

#endif
