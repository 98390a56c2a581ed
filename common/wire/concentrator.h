/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concentrator: XEP-0326 at the thing, as much of it as reads: what nodes there are,
 * what becomes of them, and simple commands.  Answers take the form of the request:
 * generation X names each after its command with a result, the later ones have
 * elements of their own and say no with the errors of RFC 6120.
 */
#ifndef KITH_WIRE_CONCENTRATOR_H
#define KITH_WIRE_CONCENTRATOR_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

/* Every command of that name space, also those that are not known. */
int concentrator_parse(struct parse *p, const struct stanza *el, struct request *q);
void concentrator_write(struct xml *x, const struct request *q);

/* The commands that are known, for getCapabilities; ends in NULL. */
extern const char *const concentrator_commands[];

enum concentrator_result {
	CONCENTRATOR_OK,
	CONCENTRATOR_NOT_FOUND,
	CONCENTRATOR_INSUFFICIENT,
	CONCENTRATOR_NOT_IMPLEMENTED,
	CONCENTRATOR_FORM_ERROR,
	CONCENTRATOR_OTHER_ERROR
};

/* One node as others see it. */
struct concentrator_node {
	struct node at;
	const char *name, *type, *state;
	bool has_children, readable, controllable, commands;
	const char *parent, *parent_partition;	/* NULL: it is at the top */
	int64_t changed_ms;			/* wall clock */
	const struct tag_list *parameters;	/* NULL: not shown */
};

struct concentrator_source {
	const char *id;
	int64_t changed_ms;
};

struct concentrator_command {
	const char *command, *name;		/* simple ones */
};

/* `r` alone, without anything to show. */
int concentrator_result_write(struct buf *out, const struct request *q,
    enum concentrator_result r);
int concentrator_names_write(struct buf *out, const struct request *q, const char *const *name);
int concentrator_sources_write(struct buf *out, const struct request *q,
    const struct concentrator_source *source, size_t n);
/* One answer to containsNode, a list to containsNodes. */
int concentrator_bools_write(struct buf *out, const struct request *q, const bool *value,
    size_t n);
/* One answer to getNode, a list to all others. */
int concentrator_nodes_write(struct buf *out, const struct request *q,
    const struct concentrator_node *node, size_t n);
int concentrator_classes_write(struct buf *out, const struct request *q, const char *type);
int concentrator_list_commands_write(struct buf *out, const struct request *q,
    const struct concentrator_command *command, size_t n);
/* The form of a simple command: there is nothing to fill in. */
int concentrator_form_write(struct buf *out, const struct request *q, const char *title);

/* Something happened to a node: told to who asked for it, in his dialect. */
int concentrator_event_write(struct buf *out, const struct dialect *d, const char *to,
    const char *id, unsigned event, const struct concentrator_node *node);

#endif
