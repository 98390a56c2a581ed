/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: where the devices behind a gateway come from (XEP-0326, a data
 * source).  One file per kind (source_*.c): it finds nodes and hears values;
 * what it hears is kept here and answers readings, so nothing waits for the
 * other side but writes.  Names of the other side never become anything but
 * ids, fields and tags of nodes: who may do what is decided as for any thing.
 */
#ifndef KITH_THING_SOURCE_H
#define KITH_THING_SOURCE_H

#include "thing/device.h"

#define SOURCE_NAME 64		/* bytes of an id, a type, the name of a field */
#define SOURCE_POINTS 64	/* fields and controls of one node */
#define SOURCE_SHAPES 32	/* of one [source ...] */
#define SOURCE_TAGS 16
#define SOURCE_VALUE 4096	/* bytes of a value as it comes */

struct source;
struct source_node;

/* A field or control as the settings describe it, for all nodes that have it. */
struct source_shape {
	struct device_conf value;	/* name, type, pattern, scale, range */
	const char *unit;
	unsigned kinds;
	size_t history;			/* values kept */
	int64_t every_ms;
	double change;
	double min, max;
	const char *const *choices;
	const char *topic;		/* MQTT; "+" stands for the node */
	const char *on, *off;		/* how a control says them; NULL: 1 and 0 */
	const char *payload;		/* what a control sends; {value} is the value; NULL: only that */
	const char *with;		/* a control of nodes that have this field; NULL: of all */
	bool retain;
};

struct source_conf {
	const char *name;		/* the source of its nodes, as XEP-0326 calls it */
	const char *spec;		/* folder, command line, HOST:PORT */
	const char *type;		/* of nodes that do not say; NULL: "node" */
	size_t n_tags;
	struct { const char *name, *text; } tag[SOURCE_TAGS];	/* {id} is the node's id */
	size_t n_shapes;
	struct source_shape shape[SOURCE_SHAPES];
	bool shell;
	int64_t silence_ms;		/* a node that says nothing for so long is at fault; 0: never */
	int64_t forget_ms;		/* ... and is gone for good; 0: never */
	const char *user, *password_file, *ca_file, *client_id;	/* MQTT */
	bool tls;
};

/* Whom it tells; as the functions of thing.h. */
struct source_host {
	const struct clock *clock;
	int (*add_node)(void *arg, const struct kith_thing_node *n);
	int (*change_node)(void *arg, const struct kith_thing_node *n);
	int (*remove_node)(void *arg, const struct kith_thing_at *at);
	int (*node_state)(void *arg, const struct kith_thing_at *at,
	    enum kith_thing_node_state state);
	int (*add_field)(void *arg, const struct kith_thing_field *f);
	int (*add_control)(void *arg, const struct kith_thing_control *c);
	int (*changed)(void *arg, const struct kith_thing_at *at, const char *field,
	    const struct kith_thing_value *v);
	void (*write_done)(void *arg, uint64_t ticket, enum kith_thing_result r, const char *why);
	void *arg;
};

struct source_point {
	struct source_node *node;
	char name[SOURCE_NAME + 1];
	struct source_shape shape;	/* its strings are the settings', but value.name: ours */
	struct kith_thing_value value;
	enum { SOURCE_UNKNOWN, SOURCE_KNOWN, SOURCE_FAULT } standing;	/* fault: value.text */
	char last[SOURCE_NAME];		/* the text it was made of, for who compares */
};

struct source_node {
	struct source *source;
	struct source_node *next;
	char id[SOURCE_NAME + 1];
	bool gone;			/* kept: a request under way may still know it */
	bool seen;			/* for kinds that look everything through */
	bool silent;
	bool odd;			/* cannot be called what it says: logged once */
	enum kith_thing_node_state state;	/* as its kind said */
	int64_t heard_ms;		/* boot */
	size_t n_points;
	struct source_point *point[SOURCE_POINTS];
};

struct source {
	const struct source_ops *ops;
	struct source_conf conf;	/* its strings outlive the source */
	struct source_host host;
	bool is_down;
	bool full_said;
	char why[KITH_THING_TEXT];	/* ... for whoever reads meanwhile */
	size_t n_nodes;
	struct source_node *nodes;
	void *self;			/* of its kind */
};

struct source_ops {
	const char *key;		/* the setting that names it: "mqtt" */
	/* Checks its settings; nothing is touched before the first process(). */
	int (*open)(struct source *s, struct err *e);
	void (*close)(struct source *s);
	enum kith_thing_result (*write)(struct source_point *p, uint64_t ticket, const char *text,
	    char *why, size_t why_size);
	int (*fd)(const struct source *s, short *events);	/* -1 */
	int64_t (*deadline)(const struct source *s);		/* boot ms; -1 */
	void (*process)(struct source *s);
};

extern const struct source_ops source_folder, source_command, source_mqtt;

const struct source_ops *source_find(const char *key);	/* NULL: no such kind */
int source_open(struct source *s, const struct source_ops *ops, const struct source_conf *conf,
    const struct source_host *host, struct err *e);
void source_close(struct source *s);
int source_fd(const struct source *s, short *events);
int64_t source_deadline(const struct source *s);
void source_process(struct source *s);

/* ---- for the kinds --------------------------------------------------------- */

struct source_about {
	const char *id, *type, *name, *parent;	/* NULL but the id: not said */
	size_t n_tags;
	struct kith_thing_tag tag[SOURCE_TAGS];
};

/* The node, made when it is new.  NULL: the id is no good, or there are too many. */
struct source_node *source_node(struct source *s, const struct source_about *about);
/* The same by who says all that it knows: what it said before is over. */
struct source_node *source_node_is(struct source *s, const struct source_about *about);
/* NULL: there is none. */
struct source_node *source_node_find(const struct source *s, const char *id);
void source_node_gone(struct source_node *n);
void source_node_state(struct source_node *n, enum kith_thing_node_state state);
/* Its field or control, made when it is new.  NULL: no good, or too many. */
struct source_point *source_point(struct source_node *n, const char *name, bool is_control,
    const struct source_shape *shape);
struct source_point *source_point_find(const struct source_node *n, const char *name,
    bool is_control);
/* It was heard: understood by its shape, kept, and told. */
void source_take(struct source_point *p, const char *text);
void source_fault(struct source_point *p, const char *why);
/* The other side is not there; reads fail and say so, until source_up(). */
void source_down(struct source *s, const char *why);
void source_up(struct source *s);

/* What a text that came without a type most likely is: "21.5 C" is numeric with a unit,
 * which is cut off and stands in `unit`. */
void source_guess(char *text, enum kith_thing_type *type, char unit[static 16]);

#endif
