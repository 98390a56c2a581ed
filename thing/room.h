/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room: how much of each a thing keeps at the same time, and less of it in the core
 * profile (ruling 47): its heap is to stay below 32 KiB.  Limits of what comes in one
 * stanza are common/wire/limits.h; what happens when room is out says each user.
 */
#ifndef KITH_THING_ROOM_H
#define KITH_THING_ROOM_H

#include "common/base/jid.h"

#ifdef KITH_CORE
#define ROOM_ADDRESS 511		/* octets of an owner's address */
#define ROOM_ASKS 12			/* requests of ours in flight */
#define ROOM_QUESTIONS 8		/* ... of them to provisioning */
#define ROOM_ANSWERS 64			/* of provisioning, kept */
#define ROOM_BEFRIEND 8			/* who wait to become friends */
#define ROOM_JOBS 4			/* requests being served */
#define ROOM_WATCHES 1			/* it has none */
#define ROOM_NODES 1			/* pushes about nodes: it has none */
#define ROOM_QUEUE (64 * 1024)		/* bytes that wait to be sent */
#else
#define ROOM_ADDRESS JID_MAX
#define ROOM_ASKS 32
#define ROOM_QUESTIONS 24
#define ROOM_ANSWERS 256
#define ROOM_BEFRIEND 32
#define ROOM_JOBS 16
#define ROOM_WATCHES 64
#define ROOM_NODES 16
#define ROOM_QUEUE (256 * 1024)
#endif

#endif
