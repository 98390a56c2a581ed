/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_file: what a thing keeps of each node below state=: node-NAME holds its KEY
 * and its owner, grave-NAME the bare address of one that is gone and that the
 * registry still has to forget.  Written whole, 0600; NAME is made from the address.
 * Read next: muster.h.
 */
#ifndef KITH_THING_NODE_FILE_H
#define KITH_THING_NODE_FILE_H

#include "common/base/err.h"
#include "thing/node.h"

/* ERR_AGAIN when there is none.  What another registry than `registry` counted as
 * epoch is left out. */
int node_file_load(struct thing_node *n, const char *dir, const char *registry, struct err *e);
int node_file_save(const struct thing_node *n, const char *dir, const char *registry,
    struct err *e);

/* It is gone: its secrets are wiped, its address is owed to the registry.  Killed
 * in between, node_file_graves() completes it. */
int node_file_bury(const struct node *at, const char *dir, struct err *e);
/* The registry has forgotten it too. */
int node_file_forget(const struct node *at, const char *dir, struct err *e);
/* Calls `found` for each that is owed; the address lives during the call. */
int node_file_graves(const char *dir, void (*found)(void *arg, const struct node *at), void *arg,
    struct err *e);

#endif
