/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_conf: the table of keys, the sections that repeat, and the checks
 * over several lines.  What a spec means to a driver, the driver says.
 */
#include "config.h"

#include "thing/thingd_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/conf.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/sasl.h"
#include "common/wire/limits.h"
#include "thing/lamp.h"
#include "thing/thingd_button.h"

#define ROW(name, type, field, lo, hi, def, help) \
	{ "thing", name, type, offsetof(struct thingd_conf, field), lo, hi, def, help }
#define POINT(section, name, type, lo, hi, help) \
	{ section, name, type, 0, lo, hi, NULL, help }
#define DAY_MS (24 * 3600 * 1000LL)

static const struct conf_key keys[] = {
	ROW("state", CONF_TEXT, state, 0, 0, NULL, "folder for identity, owner and leases"),
	ROW("domain", CONF_TEXT, domain, 0, 0, NULL, "domain of the broker; its certificate must prove it"),
	ROW("domains", CONF_TEXT, domains_text, 0, 0, NULL, "without domain=: where it may live, HOME.EXAMPLE or *.CITY.EXAMPLE, parted by blanks"),
	ROW("locate", CONF_TEXT, locate_text, 0, 0, "dns", "ways to find the broker: dns, mdns, dhcp, ssdp, parted by blanks"),
	ROW("dhcp_lease", CONF_TEXT, dhcp_lease, 0, 0, NULL, "with locate=dhcp: file of the DHCP client; default: where they keep it"),
	ROW("server", CONF_HOST, server, 0, 0, NULL, "where to connect; default: as locate= says"),
	ROW("ca_file", CONF_TEXT, ca_file, 0, 0, NULL, "certificates to trust; default: the system's"),
	ROW("invite_file", CONF_TEXT, invite_file, 0, 0, NULL, "the broker's invitation: a token or xmpp: link; may be gone later"),
	ROW("maker_key", CONF_TEXT, maker_key, 0, 0, NULL, "the maker's key, where the broker asks for it (XEP-0348)"),
	ROW("maker_secret_file", CONF_TEXT, maker_secret_file, 0, 0, NULL, "its secret: a text, or an RSA key in PEM"),
	ROW("cert_file", CONF_TEXT, cert_file, 0, 0, NULL, "our certificate, instead of a password (SASL EXTERNAL)"),
	ROW("key_file", CONF_TEXT, key_file, 0, 0, NULL, "its private key"),
	ROW("cert_or_password", CONF_BOOL, cert_or_password, 0, 0, "no", "a broker that takes no certificate gets an account with a password"),
	ROW("registry", CONF_JID, registry, 0, 0, NULL, "address of the registry; default: service discovery"),
	ROW("user", CONF_TEXT, user, 0, 0, NULL, "switch to this user when started by root"),
	ROW("boot_spread", CONF_TIME, boot_spread_ms, 0, DAY_MS, "0s", "first attempt after a random time up to this"),
	ROW("sasl", CONF_TEXT, sasl, 0, 0, NULL, "ways to log in, in order; or those never used, each with '!'; default: EXTERNAL, SCRAM"),
	ROW("keepalive", CONF_TIME, keepalive_ms, 5000, DAY_MS, "20s", "ask the broker for a sign of life after so much silence"),
	ROW("client_state", CONF_TEXT, client_state_text, 0, 0, "off", "tell the broker: active, inactive (it may hold back what can wait), off"),
	ROW("language", CONF_TEXT, language, 0, 0, NULL, "spoken in chat to whoever's client names none, before the owner wrote in one; default: en"),
	ROW("languages", CONF_TEXT, languages, 0, 0, NULL, "folder of the texts in other languages; default: where they were installed"),
	ROW("qr", CONF_TEXT, qr_text, 0, 0, "auto", "show the claim URI as QR code: auto (on a terminal), yes, no"),
	ROW("qr_holds", CONF_TEXT, qr_holds_text, 0, 0, "uri", "what QR codes hold: uri, or chat: a link that opens the chat"),
	ROW("pictures", CONF_BOOL, pictures, 0, 0, "no", "also keep the QR code as claim.png and claim.svg in state="),
	ROW("shows_code", CONF_BOOL, shows_code, 0, 0, "yes", "show codes by which whoever stands before it can prove that"),
	ROW("button", CONF_TEXT, button, 0, 0, NULL, "a FIFO, evdev:DEVICE[:KEY], gpio:CHIP:LINE: what is pressed"),
	ROW("lamp", CONF_TEXT, lamp, 0, 0, NULL, "led:NAME, gpio:CHIP:LINE, file:PATH, command:LINE: says when to press"),
	ROW("accept_button", CONF_BOOL, accept_button, 0, 0, "no", "with button: a person has to press to accept the first registry"),
	ROW("claim_button", CONF_BOOL, claim_button, 0, 0, "no", "with button: it can be claimed for a while after a press only"),
	ROW("sandbox", CONF_BOOL, sandbox, 0, 0, "on", "give up all files and system calls that are not needed (landlock, seccomp)"),
	ROW("root", CONF_TEXT, root, 0, 0, NULL, "for tests: /sys and /proc are looked for below this folder"),
	ROW("command_writes", CONF_TEXT, command_writes, 0, 0, "/dev /sys /tmp", "folders that programs of command= may write below, parted by blanks"),
	{ "tags", "*", CONF_TEXT, 0, 0, 0, NULL, "a string tag: SN, MAN, MODEL ..." },
	{ "num_tags", "*", CONF_TEXT, 0, 0, 0, NULL, "a numeric tag: V ..." },
	{ "needs", "*", CONF_TEXT, 0, 0, 0, NULL, "what it asks of other things: read ... of ..." },
	POINT("field *", "file", CONF_TEXT, 0, 0, "read this file"),
	POINT("field *", "command", CONF_TEXT, 0, 0, "run this and read what it prints"),
	POINT("field *", "disk", CONF_TEXT, 0, 0, "how full the file system of this folder is, in percent"),
	POINT("field *", "hwmon", CONF_TEXT, 0, 0, "a sensor by its chip: coretemp:temp1, or its label"),
	POINT("field *", "thermal", CONF_TEXT, 0, 0, "a thermal zone by its type: x86_pkg_temp"),
	POINT("field *", "iio", CONF_TEXT, 0, 0, "an industrial I/O channel: bme280:in_temp_input"),
	POINT("field *", "led", CONF_TEXT, 0, 0, "a light: on or off, or percent"),
	POINT("field *", "gpio", CONF_TEXT, 0, 0, "a line: gpiochip0:17"),
	POINT("field *", "proc", CONF_TEXT, 0, 0, "meminfo:MemAvailable, loadavg:1, uptime, FILE:NAME"),
	POINT("field *", "sim", CONF_TEXT, 0, 0, "memory, sine:, square:, walk:, counter: with numbers, text:WORDS"),
	POINT("field *", "type", CONF_TEXT, 0, 0, "numeric, boolean, int, string, dateTime, date, time, timeSpan, enum"),
	POINT("field *", "kind", CONF_TEXT, 0, 0, "momentary, peak, status, computed, identity; several"),
	POINT("field *", "unit", CONF_TEXT, 0, 0, "unit of a number"),
	POINT("field *", "scale", CONF_TEXT, 0, 0, "multiply the number by this"),
	POINT("field *", "pattern", CONF_TEXT, 0, 0, "regular expression; its first group is the value"),
	POINT("field *", "min", CONF_TEXT, 0, 0, "a smaller number is a fault of the sensor"),
	POINT("field *", "max", CONF_TEXT, 0, 0, "a larger number is a fault of the sensor"),
	POINT("field *", "active_low", CONF_BOOL, 0, 0, "gpio: the low level is on"),
	POINT("field *", "pull", CONF_TEXT, 0, 0, "gpio: up, down, off"),
	POINT("field *", "shell", CONF_BOOL, 0, 0, "run command= by /bin/sh"),
	POINT("field *", "timeout", CONF_TIME, 100, 9000, "end command= after this"),
	POINT("field *", "optional", CONF_BOOL, 0, 0, "leave the field out when what it reads is not there"),
	POINT("field *", "history", CONF_INT, 0, 65536, "so many values are kept on disk"),
	POINT("field *", "every", CONF_TIME, 1000, DAY_MS, "read it so often, for history= and whoever watches it"),
	POINT("field *", "change", CONF_TEXT, 0, 0, "smaller changes of a number are not told"),
	POINT("field *", "seed", CONF_INT, 0, INT32_MAX, "of sim=: which random one"),
	POINT("control *", "file", CONF_TEXT, 0, 0, "write the value to this file"),
	POINT("control *", "command", CONF_TEXT, 0, 0, "run this with {value}, and KITH_VALUE in its environment"),
	POINT("control *", "hwmon", CONF_TEXT, 0, 0, "a fan or limit by its chip: nct6775:pwm1"),
	POINT("control *", "iio", CONF_TEXT, 0, 0, "an output: ad5686:out_voltage0"),
	POINT("control *", "led", CONF_TEXT, 0, 0, "a light: on or off, or percent"),
	POINT("control *", "gpio", CONF_TEXT, 0, 0, "a line: gpiochip0:17"),
	POINT("control *", "active_low", CONF_BOOL, 0, 0, "gpio: the low level is on"),
	POINT("control *", "pull", CONF_TEXT, 0, 0, "gpio: up, down, off"),
	POINT("control *", "sim", CONF_TEXT, 0, 0, "memory"),
	POINT("control *", "type", CONF_TEXT, 0, 0, "boolean, numeric, int, string, dateTime, date, time, timeSpan, enum, color"),
	POINT("control *", "scale", CONF_TEXT, 0, 0, "the number is divided by this before it is written"),
	POINT("control *", "min", CONF_TEXT, 0, 0, "smallest number"),
	POINT("control *", "max", CONF_TEXT, 0, 0, "largest number"),
	POINT("control *", "choices", CONF_TEXT, 0, 0, "what an enum takes: off, slow, fast"),
	POINT("control *", "shell", CONF_BOOL, 0, 0, "run command= by /bin/sh"),
	POINT("control *", "timeout", CONF_TIME, 100, 9000, "end command= after this"),
	POINT("control *", "operational", CONF_BOOL, 0, 0, "while provisioning gives no answer, whoever was last allowed may go on"),
	POINT("control *", "label", CONF_TEXT, 0, 0, "what people call it, in forms"),
	POINT("control *", "about", CONF_TEXT, 0, 0, "a sentence about it, in forms"),
	POINT("control *", "group", CONF_TEXT, 0, 0, "controls of one group are set together"),
	POINT("source *", "folder", CONF_TEXT, 0, 0, "each folder below it is a node"),
	POINT("source *", "command", CONF_TEXT, 0, 0, "a program that stays running and prints nodes and values"),
	POINT("source *", "mqtt", CONF_TEXT, 0, 0, "HOST:PORT of a broker"),
	POINT("source *", "type", CONF_TEXT, 0, 0, "what its nodes are, a word"),
	POINT("source *", "silence", CONF_TIME, 0, 0, "a node that says nothing for so long is at fault"),
	POINT("source *", "forget", CONF_TIME, 0, 0, "... and for so long is gone for good"),
	POINT("source *", "user", CONF_TEXT, 0, 0, "mqtt: who we are there"),
	POINT("source *", "password_file", CONF_TEXT, 0, 0, "mqtt: holds the password, 0600"),
	POINT("source *", "client_id", CONF_TEXT, 0, 0, "mqtt: by default a random one"),
	POINT("source *", "tls", CONF_BOOL, 0, 0, "mqtt: with the certificates of the system"),
	POINT("source *", "ca_file", CONF_TEXT, 0, 0, "mqtt: TLS with these certificates"),
	POINT("source *", "shell", CONF_BOOL, 0, 0, "run command= by /bin/sh"),
	POINT("source * field *", "topic", CONF_TEXT, 0, 0, "+ stands for the node; else as [field]"),
	POINT("source * control *", "topic", CONF_TEXT, 0, 0, "where to publish; + stands for the node"),
	POINT("source * control *", "with", CONF_TEXT, 0, 0, "only of nodes that have this field"),
	POINT("source * control *", "on", CONF_TEXT, 0, 0, "how on is said: ON"),
	POINT("source * control *", "off", CONF_TEXT, 0, 0, "how off is said: OFF"),
	POINT("source * control *", "payload", CONF_TEXT, 0, 0, "what is published; {value} is the value"),
	POINT("source * control *", "retain", CONF_BOOL, 0, 0, "the broker keeps it"),
	POINT("control *", "optional", CONF_BOOL, 0, 0, "leave the control out when what it writes is not there"),
};

/* ---- tags --------------------------------------------------------------- */

static int take_tag(struct thingd_conf *c, bool numeric, const char *name, const char *value,
    struct err *e)
{
	struct thingd_tag *t = &c->tag[c->n_tags];

	if (str_case_eq(name, "KEY") || str_case_eq(name, "R"))
		return err_set(e, ERR_INPUT, "%s is made by the thing and cannot be set", name);
	if (c->n_tags == THINGD_TAGS)
		return err_set(e, ERR_LIMIT, "more than %d tags", THINGD_TAGS);
	for (size_t i = 0; i < c->n_tags; i++)
		if (str_case_eq(c->tag[i].name, name))
			return err_set(e, ERR_INPUT, "tag %s stands here twice", name);
	if (str_utf8_chars(name) > 32 || str_utf8_chars(value) > 128)
		return err_set(e, ERR_LIMIT, "a tag has at most 32, its value 128 characters");
	if (numeric && str_to_double(value, &t->number) < 0)
		return err_set(e, ERR_INPUT, "%s: '%s' is not a number", name, value);
	t->name = mem_strdup(name);
	t->text = numeric ? NULL : mem_strdup(value);
	c->n_tags++;
	return t->name && (numeric || t->text) ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

/* ---- points ------------------------------------------------------------- */

void thingd_point_init(struct thingd_point *p, bool is_control)
{
	memset(p, 0, sizeof(*p));
	p->is_control = is_control;
	p->type = is_control ? KITH_THING_BOOLEAN : KITH_THING_NUMERIC;
	p->scale = 1;
	p->timeout_ms = 5000;
}

static struct thingd_point *point(struct thingd_conf *c, const char *name, bool is_control)
{
	struct thingd_point *p;

	for (size_t i = 0; i < c->n_points; i++)
		if (c->point[i].is_control == is_control && str_case_eq(c->point[i].name, name))
			return &c->point[i];
	if (c->n_points == THINGD_POINTS)
		return NULL;
	p = &c->point[c->n_points++];
	thingd_point_init(p, is_control);
	p->name = mem_strdup(name);
	return p->name ? p : NULL;
}

static int take_text(char **out, const char *value, struct err *e)
{
	mem_free(*out);
	*out = mem_strdup(value);
	return *out ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int take_number(double *out, bool *has, const char *name, const char *value,
    struct err *e)
{
	if (str_to_double(value, out) < 0)
		return err_set(e, ERR_INPUT, "%s: '%s' is not a number", name, value);
	*has = true;
	return 0;
}

static int take_type(struct thingd_point *p, const char *value, struct err *e)
{
	for (int t = KITH_THING_BOOLEAN; t <= KITH_THING_COLOR; t++)
		if (strcmp(value, kith_thing_type_name((enum kith_thing_type)t)) == 0) {
			p->type = (enum kith_thing_type)t;
			return 0;
		}
	return err_set(e, ERR_INPUT, "type '%s' is not one of boolean, numeric, int, "
	    "string, dateTime, date, time, timeSpan, enum, color", value);
}

static const struct { const char *name; unsigned kind; } kind_names[] = {
	{ "momentary", KITH_THING_MOMENTARY }, { "peak", KITH_THING_PEAK },
	{ "status", KITH_THING_STATUS }, { "computed", KITH_THING_COMPUTED },
	{ "identity", KITH_THING_IDENTITY },
};
#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

/* "status, identity" */
static int take_kinds(struct thingd_point *p, const char *value, struct err *e)
{
	p->kinds = 0;
	for (value += strspn(value, ", "); *value; value += strspn(value, ", ")) {
		size_t len = strcspn(value, ", "), i = 0;

		while (i < KINDS && (strlen(kind_names[i].name) != len ||
		    strncmp(kind_names[i].name, value, len) != 0))
			i++;
		if (i == KINDS)
			return err_set(e, ERR_INPUT, "kind '%.*s' is not one of momentary, peak, "
			    "status, computed, identity", (int)len, value);
		p->kinds |= kind_names[i].kind;
		value += len;
	}
	return p->kinds ? 0 : err_set(e, ERR_INPUT, "kind is empty");
}

static int take_choices(struct thingd_point *p, const char *value, struct err *e)
{
	size_t n = 0;

	if (take_text(&p->choices, value, e) < 0)
		return -1;
	while (*value) {
		size_t skip = strspn(value, ", \t"), len;

		value += skip;
		len = strcspn(value, ",");
		if (!len)
			break;
		if (n == THINGD_CHOICES)
			return err_set(e, ERR_LIMIT, "more than %d choices", THINGD_CHOICES);
		p->choice[n] = mem_strndup(value, len);
		if (!p->choice[n])
			return err_set(e, ERR_SYSTEM, "out of memory");
		while (len > 0 && strchr(" \t", p->choice[n][len - 1]))
			p->choice[n][--len] = '\0';
		n++;
		value += strcspn(value, ",");
	}
	return n ? 0 : err_set(e, ERR_INPUT, "choices is empty");
}

static const char *const pulls[] = {
	[DEVICE_PULL_AS_IS] = "", [DEVICE_PULL_UP] = "up", [DEVICE_PULL_DOWN] = "down",
	[DEVICE_PULL_OFF] = "off",
};

static int take_pull(struct thingd_point *p, const char *value, struct err *e)
{
	for (int i = DEVICE_PULL_UP; i <= DEVICE_PULL_OFF; i++)
		if (strcmp(value, pulls[i]) == 0) {
			p->pull = (enum device_pull)i;
			return 0;
		}
	return err_set(e, ERR_INPUT, "pull '%s' is not up, down or off", value);
}

static int take_source(struct thingd_point *p, const struct device_ops *ops, const char *value,
    struct err *e)
{
	if (p->ops)
		return err_set(e, ERR_INPUT, "%s= and %s= in one section", p->ops->key, ops->key);
	if (!*value)
		return err_set(e, ERR_INPUT, "%s= is empty", ops->key);
	p->ops = ops;
	return take_text(&p->spec, value, e);
}

/* The keys that are a plain value of struct thingd_point. */
static const struct { const char *name; enum conf_type type; size_t offset; } plain[] = {
	{ "unit", CONF_TEXT, offsetof(struct thingd_point, unit) },
	{ "pattern", CONF_TEXT, offsetof(struct thingd_point, pattern) },
	{ "topic", CONF_TEXT, offsetof(struct thingd_point, topic) },
	{ "on", CONF_TEXT, offsetof(struct thingd_point, on) },
	{ "off", CONF_TEXT, offsetof(struct thingd_point, off) },
	{ "payload", CONF_TEXT, offsetof(struct thingd_point, payload) },
	{ "with", CONF_TEXT, offsetof(struct thingd_point, with) },
	{ "label", CONF_TEXT, offsetof(struct thingd_point, label) },
	{ "about", CONF_TEXT, offsetof(struct thingd_point, about) },
	{ "group", CONF_TEXT, offsetof(struct thingd_point, group) },
	{ "shell", CONF_BOOL, offsetof(struct thingd_point, shell) },
	{ "optional", CONF_BOOL, offsetof(struct thingd_point, optional) },
	{ "active_low", CONF_BOOL, offsetof(struct thingd_point, active_low) },
	{ "operational", CONF_BOOL, offsetof(struct thingd_point, operational) },
	{ "retain", CONF_BOOL, offsetof(struct thingd_point, retain) },
};
#define PLAIN (sizeof(plain) / sizeof(plain[0]))

static int take_plain(struct thingd_point *p, const char *name, const char *value, struct err *e)
{
	for (size_t i = 0; i < PLAIN; i++) {
		void *at = (char *)p + plain[i].offset;

		if (strcmp(name, plain[i].name) == 0)
			return plain[i].type == CONF_TEXT ? take_text(at, value, e)
			    : conf_value_bool(value, at, e);
	}
	return 1;
}

int thingd_point_take(struct thingd_point *p, const char *name, const char *value, struct err *e)
{
	const struct device_ops *ops = device_find(name);

	if (ops)
		return take_source(p, ops, value, e);
	if (strcmp(name, "type") == 0)
		return take_type(p, value, e);
	if (strcmp(name, "kind") == 0)
		return p->is_control ? 1 : take_kinds(p, value, e);
	if (strcmp(name, "choices") == 0)
		return take_choices(p, value, e);
	if (strcmp(name, "scale") == 0)
		return take_number(&p->scale, &p->has_scale, name, value, e);
	if (strcmp(name, "min") == 0)
		return take_number(&p->min, &p->has_min, name, value, e);
	if (strcmp(name, "max") == 0)
		return take_number(&p->max, &p->has_max, name, value, e);
	if (strcmp(name, "pull") == 0)
		return take_pull(p, value, e);
	if (strcmp(name, "timeout") == 0)
		return conf_value_time(value, 100, 9000, &p->timeout_ms, e);
	if (strcmp(name, "history") == 0)
		return p->is_control ? 1 : conf_value_int(value, 0, 65536, &p->history, e);
	if (strcmp(name, "every") == 0)
		return p->is_control ? 1 : conf_value_time(value, 1000, DAY_MS, &p->every_ms, e);
	if (strcmp(name, "change") == 0)
		return p->is_control ? 1 : take_number(&p->change, &p->has_change, name, value, e);
	if (strcmp(name, "seed") == 0)
		return conf_value_int(value, 0, INT32_MAX, &p->seed, e);
	return take_plain(p, name, value, e);
}

static int take_need(struct thingd_conf *c, const char *name, const char *value, struct err *e)
{
	if (c->n_needs == KITH_THING_NEEDS)
		return err_set(e, ERR_LIMIT, "more than %d needs", KITH_THING_NEEDS);
	if (value[0] == '\0' || str_utf8_chars(value) > WIRE_NEED)
		return err_set(e, ERR_INPUT, "%s: a need has 1 to %d characters", name, WIRE_NEED);
	c->need_name[c->n_needs] = mem_strdup(name);
	c->need[c->n_needs] = mem_strdup(value);
	c->n_needs++;
	return c->need_name[c->n_needs - 1] && c->need[c->n_needs - 1] ? 0 :
	    err_set(e, ERR_SYSTEM, "out of memory");
}

static int take_any(void *out, const char *section, const char *name, const char *value,
    struct err *e)
{
	bool is_control = str_starts(section, "control ");
	struct thingd_point *p;

	if (strcmp(section, "tags") == 0)
		return take_tag(out, false, name, value, e);
	if (strcmp(section, "num_tags") == 0)
		return take_tag(out, true, name, value, e);
	if (strcmp(section, "needs") == 0)
		return take_need(out, name, value, e);
	if (str_starts(section, "source "))
		return thingd_source_take(out, section + strlen("source "), name, value, e);
	if (!is_control && !str_starts(section, "field "))
		return 1;
	section = strchr(section, ' ') + 1;
	if (!*section || strlen(section) > 64)
		return err_set(e, ERR_INPUT, "a field or control has a name of 1 to 64 bytes");
	p = point(out, section, is_control);
	if (!p)
		return err_set(e, ERR_LIMIT, "more than %d fields and controls", THINGD_POINTS);
	return thingd_point_take(p, name, value, e);
}

/* ---- the whole ---------------------------------------------------------- */

int thingd_point_check(const struct thingd_point *p, struct err *e)
{
	if (p->scale == 0)
		return err_set(e, ERR_INPUT, "scale is 0");
	if (p->has_min != p->has_max || (p->has_min && p->min >= p->max))
		return err_set(e, ERR_INPUT, "it needs min below max");
	if ((p->type == KITH_THING_ENUM && p->is_control) != (p->choices != NULL))
		return err_set(e, ERR_INPUT, p->choices == NULL ? "type = enum needs choices=" :
		    "choices= belongs to type = enum");
	return 0;
}

static int check_point(const struct thingd_point *p, struct err *e)
{
	int rc = 0;

	if (!p->ops)
		rc = err_set(e, ERR_INPUT, "it is bound to nothing: it needs %s",
		    device_kinds(p->is_control));
	else if (p->topic || p->on || p->off || p->payload || p->with || p->retain)
		rc = err_set(e, ERR_INPUT, "topic, on, off, payload, with and retain belong to "
		    "[source ...]");
	else
		rc = thingd_point_check(p, e);
	if (rc < 0)
		err_prefix(e, "[%s %s]", p->is_control ? "control" : "field", p->name);
	return rc;
}

/* Opening is checking; nothing is read or run by it. */
static int check_device(const struct thingd_point *p, struct device_host *host, struct err *e)
{
	struct device_conf conf = thingd_conf_device(p);
	struct device d;

	if (device_open(&d, p->ops, &conf, host, e) < 0) {
		err_prefix(e, "[%s %s]", p->is_control ? "control" : "field", p->name);
		return -1;
	}
	device_close(&d);
	return 0;
}

static int check_points(const struct thingd_conf *c, struct err *e)
{
	struct device_host host = { .clock = &clock_system, .root = "",
		.cells = device_cells_new() };
	int ret = host.cells ? 0 : err_set(e, ERR_SYSTEM, "out of memory");

	for (size_t i = 0; ret == 0 && i < c->n_points; i++)
		if (check_point(&c->point[i], e) < 0 || check_device(&c->point[i], &host, e) < 0)
			ret = -1;
	device_cells_free(&host.cells);
	return ret;
}

static int check_button(const struct thingd_conf *c, struct err *e)
{
	struct device_host host = { .clock = &clock_system, .root = "" };
	struct lamp lamp;

	if ((c->accept_button || c->claim_button) && !c->button)
		return err_set(e, ERR_INPUT, "[thing] %s_button= needs button=",
		    c->accept_button ? "accept" : "claim");
	if (c->button && thingd_button_check(c->button, e) < 0) {
		err_prefix(e, "[thing] button");
		return -1;
	}
	if (!c->lamp)
		return 0;
	if (lamp_open(&lamp, c->lamp, &host, e) < 0) {
		err_prefix(e, "[thing] lamp");
		return -1;
	}
	lamp_close(&lamp);
	return 0;
}

/* ---- where the broker is ------------------------------------------------- */

static const struct { const char *name; unsigned bit; } ways[] = {
	{ "dns", KITH_THING_LOCATE_DNS }, { "mdns", KITH_THING_LOCATE_MDNS },
	{ "dhcp", KITH_THING_LOCATE_DHCP }, { "ssdp", KITH_THING_LOCATE_SSDP },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int take_ways(struct thingd_conf *c, struct err *e)
{
	const char *at = c->locate_text ? c->locate_text : "";

	for (at += strspn(at, ", \t"); *at; at += strspn(at, ", \t")) {
		size_t len = strcspn(at, ", \t"), i = 0;

		while (i < WAYS && (strlen(ways[i].name) != len ||
		    strncmp(ways[i].name, at, len) != 0))
			i++;
		if (i == WAYS)
			return err_set(e, ERR_INPUT, "[thing] locate= '%.*s' is not one of dns, "
			    "mdns, dhcp, ssdp", (int)len, at);
		c->locate |= ways[i].bit;
		at += len;
	}
	return c->locate ? 0 : err_set(e, ERR_INPUT, "[thing] locate= is empty");
}

static int take_domains(struct thingd_conf *c, struct err *e)
{
	const char *at = c->domains_text ? c->domains_text : "";
	struct domains check;
	size_t n = 0;

	for (at += strspn(at, ", \t"); *at; at += strspn(at, ", \t")) {
		size_t len = strcspn(at, ", \t");

		if (n == DOMAINS_GIVEN)
			return err_set(e, ERR_LIMIT, "[thing] domains= has more than %d",
			    DOMAINS_GIVEN);
		c->domain_list[n] = mem_strndup(at, len);
		if (!c->domain_list[n++])
			return err_set(e, ERR_SYSTEM, "out of memory");
		at += len;
	}
	if (domains_init(&check, (const char *const *)c->domain_list, e) == 0)
		return 0;
	err_prefix(e, "[thing] domains=");
	return -1;
}

static int finish_place(struct thingd_conf *c, struct err *e)
{
	if (take_ways(c, e) < 0 || take_domains(c, e) < 0)
		return -1;
	if (!c->domain && (c->server || c->locate == KITH_THING_LOCATE_DNS))
		return err_set(e, ERR_INPUT, "[thing] domain= is missing");
	if (c->domain && c->domains_text)
		return err_set(e, ERR_INPUT, "[thing] domain= and domains=: it lives at one "
		    "that is known, or at one that is found");
	if (c->dhcp_lease && !(c->locate & KITH_THING_LOCATE_DHCP))
		return err_set(e, ERR_INPUT, "[thing] dhcp_lease= needs dhcp in locate=");
	return 0;
}

static int check_login(struct thingd_conf *c, struct err *e)
{
	static const char *const states[] = { "off", "active", "inactive" };
	struct sasl_rules rules;
	size_t i = 0;

	if (c->sasl && sasl_rules_parse(&rules, c->sasl, e) < 0)
		return -1;
	while (i < 3 && strcmp(c->client_state_text ? c->client_state_text : "", states[i]) != 0)
		i++;
	c->client_state = (enum kith_thing_client_state)i;
	return i < 3 ? 0 : err_set(e, ERR_INPUT, "[thing] client_state= is active, inactive or off");
}

static int finish(void *out, struct err *e)
{
	struct thingd_conf *c = out;
	static const char *const qr[] = { "auto", "yes", "no" };
	size_t i;

	if (!c->state)
		return err_set(e, ERR_INPUT, "[thing] state= is missing");
	if (finish_place(c, e) < 0)
		return -1;
	if (!c->maker_key != !c->maker_secret_file)
		return err_set(e, ERR_INPUT, "[thing] maker_key= and maker_secret_file= belong together");
	if (!c->cert_file != !c->key_file)
		return err_set(e, ERR_INPUT, "[thing] cert_file= and key_file= belong together");
	for (i = 0; i < 3 && strcmp(c->qr_text ? c->qr_text : "", qr[i]) != 0; i++)
		;
	if (i == 3)
		return err_set(e, ERR_INPUT, "[thing] qr= is auto, yes or no");
	c->qr = (enum thingd_qr)i;
	if (check_login(c, e) < 0)
		return -1;
	if (c->qr_holds_text && strcmp(c->qr_holds_text, "chat") == 0)
		c->qr_holds = THINGD_QR_CHAT;
	else if (!c->qr_holds_text || strcmp(c->qr_holds_text, "uri") != 0)
		return err_set(e, ERR_INPUT, "[thing] qr_holds= is uri or chat");
	return check_button(c, e) < 0 || check_points(c, e) < 0 ? -1 : thingd_source_check(c, e);
}

static void add_text(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_addf(b, "%s = %s\n", name, value);
}

static void add_number(struct buf *b, const char *name, bool has, double v)
{
	char text[STR_DOUBLE];

	str_from_double(text, v);
	if (has)
		buf_addf(b, "%s = %s\n", name, text);
}

static void add_kinds(struct buf *b, unsigned kinds)
{
	const char *before = "kind = ";

	for (size_t i = 0; i < KINDS; i++)
		if (kinds & kind_names[i].kind) {
			buf_addf(b, "%s%s", before, kind_names[i].name);
			before = ", ";
		}
	if (kinds)
		buf_addc(b, '\n');
}

static void print_plain(const struct thingd_point *p, struct buf *b)
{
	for (size_t i = 0; i < PLAIN; i++) {
		const void *at = (const char *)p + plain[i].offset;

		if (plain[i].type == CONF_TEXT)
			add_text(b, plain[i].name, *(char *const *)at);
		else if (*(const bool *)at)
			add_text(b, plain[i].name, "yes");
	}
}

/* All but the head of its section. */
void thingd_point_print(const struct thingd_point *p, struct buf *b)
{
	if (p->ops)
		add_text(b, p->ops->key, p->spec);
	add_text(b, "type", kith_thing_type_name(p->type));
	add_kinds(b, p->kinds);
	add_number(b, "scale", p->has_scale, p->scale);
	add_number(b, "min", p->has_min, p->min);
	add_number(b, "max", p->has_max, p->max);
	add_text(b, "choices", p->choices);
	if (p->ops == &device_command)
		buf_addf(b, "timeout = %lldms\n", (long long)p->timeout_ms);
	if (p->pull)
		add_text(b, "pull", pulls[p->pull]);
	if (p->history)
		buf_addf(b, "history = %lld\n", (long long)p->history);
	if (p->every_ms)
		buf_addf(b, "every = %lldms\n", (long long)p->every_ms);
	add_number(b, "change", p->has_change, p->change);
	if (p->seed)
		buf_addf(b, "seed = %lld\n", (long long)p->seed);
	print_plain(p, b);
}

static void print_point(const struct thingd_point *p, struct buf *b)
{
	buf_addf(b, "[%s %s]\n", p->is_control ? "control" : "field", p->name);
	thingd_point_print(p, b);
}

static void print_tags(const struct thingd_conf *c, bool numeric, struct buf *b)
{
	bool head = false;

	for (size_t i = 0; i < c->n_tags; i++) {
		if (!c->tag[i].text != numeric)
			continue;
		if (!head)
			buf_addf(b, "[%s]\n", numeric ? "num_tags" : "tags");
		head = true;
		if (numeric)
			add_number(b, c->tag[i].name, true, c->tag[i].number);
		else
			add_text(b, c->tag[i].name, c->tag[i].text);
	}
}

static void print_any(const void *out, struct buf *b)
{
	const struct thingd_conf *c = out;

	print_tags(c, false, b);
	print_tags(c, true, b);
	for (size_t i = 0; i < c->n_needs; i++) {
		buf_adds(b, i == 0 ? "[needs]\n" : "");
		add_text(b, c->need_name[i], c->need[i]);
	}
	for (size_t i = 0; i < c->n_points; i++)
		print_point(&c->point[i], b);
	thingd_source_print(c, b);
}

static const struct conf_spec spec = {
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.any = take_any,
	.finish = finish,
	.print_any = print_any,
};

int thingd_conf_load(struct thingd_conf *c, const char *file, struct err *e)
{
	memset(c, 0, sizeof(*c));
	return conf_load(&spec, file, c, e);
}

int thingd_conf_parse(struct thingd_conf *c, const char *name, const char *text, struct err *e)
{
	memset(c, 0, sizeof(*c));
	return conf_parse(&spec, name, text, c, e);
}

void thingd_point_free(struct thingd_point *p)
{
	mem_free(p->name);
	mem_free(p->spec);
	mem_free(p->choices);
	for (size_t i = 0; i < PLAIN; i++)
		if (plain[i].type == CONF_TEXT)
			mem_free(*(char **)(void *)((char *)p + plain[i].offset));
	for (size_t k = 0; k < THINGD_CHOICES; k++)
		mem_free(p->choice[k]);
}

void thingd_conf_free(struct thingd_conf *c)
{
	conf_free(&spec, c);
	for (size_t i = 0; i < c->n_tags; i++) {
		mem_free(c->tag[i].name);
		mem_free(c->tag[i].text);
	}
	for (size_t i = 0; i < DOMAINS_GIVEN; i++)
		mem_free(c->domain_list[i]);
	for (size_t i = 0; i < c->n_needs; i++) {
		mem_free(c->need_name[i]);
		mem_free(c->need[i]);
	}
	for (size_t i = 0; i < c->n_points; i++)
		thingd_point_free(&c->point[i]);
	thingd_source_free(c);
	memset(c, 0, sizeof(*c));
}

void thingd_conf_print(const struct thingd_conf *c, struct buf *out)
{
	conf_print(&spec, c, out);
}

void thingd_conf_help(struct buf *out)
{
	conf_help(&spec, out);
}

#define KEEP_EVERY_MS 60000
int64_t thingd_conf_every(const struct thingd_point *p)
{
	return p->every_ms ? p->every_ms : p->history ? KEEP_EVERY_MS : 0;
}

struct device_conf thingd_conf_device(const struct thingd_point *p)
{
	return (struct device_conf){
		.name = p->name,
		.is_control = p->is_control,
		.type = p->type,
		.spec = p->spec,
		.pattern = p->pattern,
		.scale = p->scale,
		.min = p->min,
		.max = p->max,
		.active_low = p->active_low,
		.pull = p->pull,
		.shell = p->shell,
		.timeout_ms = p->timeout_ms,
		.seed = (uint64_t)p->seed,
	};
}
