/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_conf: the settings of kith-thing (kith-thing.conf(5)): one table for
 * the parser, the checker, the printer and the manual.
 */
#ifndef KITH_THING_THINGD_CONF_H
#define KITH_THING_THINGD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "thing/domains.h"
#include "thing/source.h"

#define THINGD_TAGS 60
#define THINGD_POINTS (2 * KITH_THING_FIELDS)
#define THINGD_CHOICES 16
#define THINGD_SOURCES 8

struct buf;

struct thingd_tag {
	char *name;
	char *text;		/* NULL: numeric */
	double number;
};

/* A [field NAME] or [control NAME] section. */
struct thingd_point {
	char *name;
	bool is_control;
	const struct device_ops *ops;	/* which of file=, command=, hwmon= ... */
	char *spec;
	char *unit;
	char *pattern;
	enum kith_thing_type type;
	unsigned kinds;			/* of a field; 0: momentary */
	double scale, min, max;
	bool has_scale, has_min, has_max, shell, optional, active_low;
	enum device_pull pull;
	int64_t timeout_ms;
	int64_t seed;
	int64_t history, every_ms;	/* of a field: values kept; read so often */
	double change;			/* smaller ones are not told */
	bool has_change;
	bool operational;
	char *label, *about, *group;	/* of a control, in forms; NULL: none */
	char *topic, *on, *off, *payload, *with;	/* of a source's: source.h */
	bool retain;
	char *choices;			/* as written: "off, slow, fast" */
	char *choice[THINGD_CHOICES + 1];	/* the same split; ends in NULL */
};

/* A [source NAME] with its [source NAME field F], [... control C] and [... tags]. */
struct thingd_source {
	char *name;
	const struct source_ops *ops;
	char *spec, *type, *user, *password_file, *ca_file, *client_id;
	bool shell, tls;
	int64_t silence_ms, forget_ms;
	size_t n_tags, n_points;
	struct thingd_tag tag[SOURCE_TAGS];
	struct thingd_point point[SOURCE_SHAPES];
};

enum thingd_qr { THINGD_QR_AUTO, THINGD_QR_YES, THINGD_QR_NO };
enum thingd_qr_holds { THINGD_QR_URI, THINGD_QR_CHAT };

struct thingd_conf {
	char *state, *domain, *server, *ca_file, *registry, *user, *qr_text, *qr_holds_text, *button,
	    *lamp;
	char *locate_text, *domains_text, *dhcp_lease;
	unsigned locate;		/* KITH_THING_LOCATE_* */
	char *domain_list[DOMAINS_GIVEN + 1];	/* domains_text split; ends in NULL */
	char *invite_file, *maker_key, *maker_secret_file, *cert_file, *key_file;
	bool cert_or_password;
	char *sasl, *client_state_text;
	char *language, *languages;	/* NULL: English; where they were installed */
	int64_t boot_spread_ms, keepalive_ms;
	enum kith_thing_client_state client_state;
	enum thingd_qr qr;
	enum thingd_qr_holds qr_holds;
	char *root;			/* before /sys and /proc; NULL: none */
	char *command_writes;
	bool pictures, shows_code, claim_button, accept_button, sandbox;
	size_t n_tags, n_points, n_needs;
	struct thingd_tag tag[THINGD_TAGS];
	struct thingd_point point[THINGD_POINTS];
	size_t n_sources;
	struct thingd_source *source[THINGD_SOURCES];
	char *need_name[KITH_THING_NEEDS], *need[KITH_THING_NEEDS];
};

/* Errors begin with "FILE:LINE: "; `c` need not be zeroed.  Free it either way. */
int thingd_conf_load(struct thingd_conf *c, const char *file, struct err *e);
int thingd_conf_parse(struct thingd_conf *c, const char *name, const char *text, struct err *e);
void thingd_conf_free(struct thingd_conf *c);
void thingd_conf_print(const struct thingd_conf *c, struct buf *out);
void thingd_conf_help(struct buf *out);

/* thingd_source.c: the lines of [source ...]; 1 unknown, as conf_spec.any. */
int thingd_source_take(struct thingd_conf *c, const char *section, const char *name,
    const char *value, struct err *e);
int thingd_source_check(const struct thingd_conf *c, struct err *e);
void thingd_source_print(const struct thingd_conf *c, struct buf *out);
void thingd_source_free(struct thingd_conf *c);
/* As source_open() wants it; its strings are the settings'. */
struct source_conf thingd_source_conf(const struct thingd_source *s);

/* Of one field or control, wherever it stands. */
void thingd_point_init(struct thingd_point *p, bool is_control);
int thingd_point_take(struct thingd_point *p, const char *name, const char *value, struct err *e);
int thingd_point_check(const struct thingd_point *p, struct err *e);
void thingd_point_print(const struct thingd_point *p, struct buf *b);
void thingd_point_free(struct thingd_point *p);

/* What is kept is read once a minute unless it says how often. */
int64_t thingd_conf_every(const struct thingd_point *p);
/* The settings of a section as its driver wants them. */
struct device_conf thingd_conf_device(const struct thingd_point *p);

#endif
