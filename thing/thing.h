/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kith/thing.h: a device that owns nothing but a network connection becomes a
 * thing people can own: it makes its own identity, opens an account at its
 * broker, reports to the registry (XEP-0347), asks its owner's rules
 * (XEP-0324) before it lets anybody read (XEP-0323) or control it (XEP-0325),
 * and answers its friends in chat.
 *
 * The whole of it:
 *
 *	struct kith_thing_conf conf = { .size = sizeof(conf),
 *	    .state = "/var/lib/lamp", .domain = "home.example" };
 *	struct kith_thing *t = kith_thing_new(&conf, why, sizeof(why));
 *	kith_thing_add_field(t, &(struct kith_thing_field){
 *	    .size = sizeof(struct kith_thing_field),
 *	    .name = "temperature", .unit = "C",
 *	    .type = KITH_THING_NUMERIC, .read = read_temperature });
 *	kith_thing_run(t, NULL);
 *	kith_thing_free(&t);
 *
 * Rules of the library:
 *  - One thread at a time per thing; several things may live in one program.
 *    No global state, no signals, no threads, no listening sockets.
 *  - Strings given to it are copied.  Strings it returns live until the next
 *    call for the same thing.
 *  - Callbacks are called only from inside calls for their thing, drivers
 *    from _process, _run, _read_done and _write_done.  A callback may call
 *    everything but _process, _run and _free; _stop and _decommission do
 *    their work when it has returned.  It must not block: return KITH_THING_LATER and call
 *    kith_thing_read_done() or kith_thing_write_done() when you know.
 *  - Every request of anybody but the owner is decided by the owner's rules;
 *    your callbacks are called only for what was allowed.
 *  - Structs that begin with `size` may grow at their end: set it to sizeof.
 *
 * Everything below `state` is private to the thing (mode 0600 in a folder of
 * mode 0700) and must survive a reboot.  Wiping it makes another thing.
 */
#ifndef KITH_THING_H
#define KITH_THING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kith_thing;

#define KITH_THING_TEXT 256	/* bytes of a text value with its NUL */
#define KITH_THING_FIELDS 64	/* most fields, and most controls */
#define KITH_THING_NEEDS 8	/* most things it asks of others */

/* ---- values ------------------------------------------------------------ */

enum kith_thing_type {
	KITH_THING_BOOLEAN,
	KITH_THING_NUMERIC,
	KITH_THING_STRING,
	KITH_THING_DATETIME,	/* text, "2026-05-01T08:00:00Z" */
	KITH_THING_TIMESPAN,	/* text, "PT3M30S" */
	KITH_THING_ENUM,	/* text, one of a known set */
	KITH_THING_INT,		/* a whole number, in `number` */
	KITH_THING_DATE,	/* text, "2026-05-01" */
	KITH_THING_TIME,	/* text, "08:30:00" */
	KITH_THING_COLOR	/* text, "ff8000" or with its opacity "ff8000cc" */
};
const char *kith_thing_type_name(enum kith_thing_type type);

/* How good a reading is (XEP-0323 "status"): bits, 0 is a plain reading. */
#define KITH_THING_Q_MISSING 0x0001u
#define KITH_THING_Q_IN_PROGRESS 0x0002u
#define KITH_THING_Q_AUTOMATIC_ESTIMATE 0x0004u
#define KITH_THING_Q_MANUAL_ESTIMATE 0x0008u
#define KITH_THING_Q_MANUAL_READOUT 0x0010u
#define KITH_THING_Q_AUTOMATIC_READOUT 0x0020u
#define KITH_THING_Q_TIME_OFFSET 0x0040u
#define KITH_THING_Q_WARNING 0x0080u
#define KITH_THING_Q_ERROR 0x0100u
#define KITH_THING_Q_SIGNED 0x0200u
#define KITH_THING_Q_INVOICED 0x0400u
#define KITH_THING_Q_END_OF_SERIES 0x0800u
#define KITH_THING_Q_POWER_FAILURE 0x1000u
#define KITH_THING_Q_INVOICE_CONFIRMED 0x2000u

struct kith_thing_value {
	bool boolean;		/* of KITH_THING_BOOLEAN */
	double number;		/* of KITH_THING_NUMERIC and _INT */
	char text[KITH_THING_TEXT];	/* of the others; UTF-8 */
	unsigned quality;	/* KITH_THING_Q_*; of readings */
	int64_t at_ms;		/* since 1970, when it was measured; 0: now */
};

enum kith_thing_result {
	KITH_THING_OK,
	KITH_THING_FAILED,	/* `why` or value->text says why, for the person who asked */
	KITH_THING_LATER	/* you will call _read_done or _write_done with the ticket */
};

/* ---- what the device can do -------------------------------------------- */

/*
 * Which node of a gateway (XEP-0326): a device behind the thing, with a record,
 * a KEY, an owner and rules of its own.  All NULL: the thing itself.
 */
struct kith_thing_at {
	const char *id, *source, *partition;
};

/* Kinds of readings (XEP-0323): owners allow some of them and not others. */
#define KITH_THING_MOMENTARY 0x01u	/* a value of now */
#define KITH_THING_PEAK 0x02u		/* the highest or lowest of some time */
#define KITH_THING_STATUS 0x04u		/* how the device is: battery, faults */
#define KITH_THING_COMPUTED 0x08u
#define KITH_THING_IDENTITY 0x10u	/* which one it is: a serial number */

struct kith_thing_field {
	size_t size;
	const char *name;	/* what people ask for: "temperature"; at most 64 bytes */
	const char *unit;	/* "C", "%", NULL for none; numeric fields only */
	enum kith_thing_type type;
	/* Give the value of now.  After KITH_THING_FAILED value->text tells
	 * the asker why.  Nothing heard for 10 s counts as a failure. */
	enum kith_thing_result (*read)(void *arg, uint64_t ticket,
	    struct kith_thing_value *value);
	void *arg;
	unsigned kinds;		/* KITH_THING_*; 0: momentary */
	struct kith_thing_at node;	/* whose field it is */
	size_t history;		/* values kept in the state folder, at most 65536; 0: none */
	int64_t every_ms;	/* read it this often for history and watchers; 0: only
				 * what kith_thing_changed() says */
	double change;		/* numbers: smaller changes are not told to who watches */
};

struct kith_thing_control {
	size_t size;
	const char *name;
	enum kith_thing_type type;
	double min, max;	/* numeric range; both 0: none */
	const char *const *choices;	/* of KITH_THING_ENUM, ends in NULL */
	/* Do it.  The value has the right type and lies in the range. */
	enum kith_thing_result (*write)(void *arg, uint64_t ticket,
	    const struct kith_thing_value *value, char *why, size_t why_size);
	void *arg;
	struct kith_thing_at node;	/* whose parameter it is */
	/* While provisioning cannot be reached, whoever was last allowed to set it
	 * may go on, past the end of his lease (a light switch), until told
	 * otherwise.  Else nobody but the owner may (a door). */
	bool operational;
	/* For the form of what can be set; each may be NULL. */
	const char *label;	/* as people call it; NULL: its name */
	const char *about;	/* a sentence about it */
	const char *group;	/* parameters of one group are set together */
};

enum kith_thing_node_state {	/* XEP-0326 */
	KITH_THING_NODE_OK, KITH_THING_NODE_INFORMATION,
	KITH_THING_NODE_WARNING_SIGNED, KITH_THING_NODE_WARNING_UNSIGNED,
	KITH_THING_NODE_ERROR_SIGNED, KITH_THING_NODE_ERROR_UNSIGNED
};

struct kith_thing_node {
	size_t size;
	struct kith_thing_at at;	/* id is needed; with a source unless there is one only */
	const char *name;	/* as people call it; NULL: its id */
	const char *type;	/* what it is, a word; NULL: "node" */
	const char *parent;	/* id of another node of that source; NULL: none */
	const struct kith_thing_tag *tags;	/* it is registered by; KEY is made for it */
	size_t n_tags;
};

/* ---- what happens to it ------------------------------------------------ */

enum kith_thing_state {
	KITH_THING_NEW,		/* not started, or no identity yet */
	KITH_THING_LOCATING,	/* looking for the broker, waiting to try again */
	KITH_THING_CONNECTING,	/* opening the account, logging in */
	KITH_THING_FINDING,	/* looking for registry and provisioning */
	KITH_THING_REGISTERING,
	KITH_THING_UNCLAIMED,	/* registered; anybody with the claim URI may own it */
	KITH_THING_SERVING,	/* owned; answers whom its owner allows */
	KITH_THING_STOPPED
};
const char *kith_thing_state_name(enum kith_thing_state state);

enum kith_thing_event_kind {
	KITH_THING_EV_STATE,	/* ->state; text says why */
	KITH_THING_EV_IDENTITY,	/* an identity was made; text is the bare address */
	KITH_THING_EV_CLAIM,	/* unclaimed; text is the claim URI: a secret for the owner's eyes */
	KITH_THING_EV_OWNER,	/* text is the owner's address, "" when disowned */
	KITH_THING_EV_FRIEND,	/* text is the address of a new friend */
	KITH_THING_EV_UNFRIEND,
	KITH_THING_EV_SERVED,	/* one sentence: who read or controlled what */
	KITH_THING_EV_REFUSED,	/* one sentence: who was refused what */
	KITH_THING_EV_NOTE,	/* one sentence worth a log line */
	KITH_THING_EV_ALARM,	/* one sentence that a person should read */
	KITH_THING_EV_RECEIPT,	/* decommissioned; text is the signed receipt */
	KITH_THING_EV_LAMP,	/* text says how the lamp shall shine: "off", "ask" (press now to
				 * accept), "on", "alarm" */
	KITH_THING_EV_CODE	/* text is a code to be shown where the thing stands, "" when
				 * it is over: whoever reads it there can prove that */
};

struct kith_thing_event {
	enum kith_thing_event_kind kind;
	enum kith_thing_state state;
	const char *text;	/* never NULL; valid during the callback */
	struct kith_thing_at node;	/* whom it is about; all NULL: the thing itself */
};

/* ---- making one -------------------------------------------------------- */

/* A tag of the registry (XEP-0347): SN, MAN, MODEL ... The library adds KEY
 * itself.  Owners with old clients can claim only SN, MAN, MODEL, V, KEY. */
struct kith_thing_tag {
	const char *name;	/* at most 32 characters */
	const char *text;	/* string tag, at most 128 characters; NULL: numeric */
	double number;
};

enum kith_thing_client_state {	/* XEP-0352 */
	KITH_THING_CLIENT_OFF,	/* nothing: everything comes at once */
	KITH_THING_CLIENT_ACTIVE,
	KITH_THING_CLIENT_INACTIVE	/* the broker may hold back what can wait: battery */
};

struct kith_thing_conf {
	size_t size;
	const char *state;	/* folder; made with mode 0700 when absent */
	const char *domain;	/* the broker's domain: its certificate must prove it */
	const char *server;	/* HOST:PORT; NULL: DNS SRV of the domain */
	const char *ca_file;	/* NULL: the system's certificates */
	const char *registry;	/* address; NULL: found by service discovery */
	const struct kith_thing_tag *tags;
	size_t n_tags;
	const char *software;	/* for jabber:iq:version; NULL: "kith-thing" */
	int64_t boot_spread_ms;	/* first attempt after a random time up to this; 0: at once */
	void (*event)(void *arg, const struct kith_thing_event *ev);	/* may be NULL */
	void *arg;
	/* How its owner can prove that it is before him, should others have its label. */
	bool shows_code;	/* you show what KITH_THING_EV_CODE brings, to nobody far away */
	bool has_button;	/* you call kith_thing_pressed() */
	bool claim_button;	/* ... and it can be claimed for a while after that only */
	bool accept_button;	/* before the first registry is trusted, a person has to press:
				 * KITH_THING_EV_LAMP says when, for 30 s */
	/* How the broker is found when `server` is NULL: KITH_THING_LOCATE_*, tried
	 * in the order of the bits; 0: DNS only.  `domain` may be NULL when one of
	 * the last three is on; what is found must still prove one of `domains`. */
	unsigned locate;
	const char *dhcp_lease;	/* file of the DHCP client, or a pattern of such, for
				 * KITH_THING_LOCATE_DHCP; NULL: where they keep them */
	const char *const *domains;	/* ends in NULL; "home.example", "*.city.example" */
	/* What the broker may ask of who opens an account. */
	const char *invite;	/* preauth token (XEP-0445); NULL: none */
	const char *maker_key;	/* XEP-0348: the maker's consumer key and its secret */
	const char *maker_secret;
	const char *cert_file;	/* our certificate and its key (SASL EXTERNAL), PEM; it names our
				 * address at `domain`; NULL: none */
	const char *key_file;
	const struct kith_thing_memory *memory;	/* NULL: malloc(3) */
	/* Each stanza as it passes, secrets masked: for `kith-thing trace`.  NULL: none. */
	void (*trace)(void *arg, bool sent, const char *xml);
	/* With cert_file: a broker that takes no certificate gets an account with a
	 * password; false: it is refused. */
	bool cert_or_password;
	/* What it says in chat, in the language of who asks: `text` is English with
	 * %1 ... %9, `lang` as in xml:lang; give `text` itself for what you do not
	 * know.  NULL: it speaks English. */
	const char *(*translate)(void *arg, const char *lang, const char *text);
	/* Ways to log in: "SCRAM-SHA-256-PLUS SCRAM-SHA-256" (these, in that order) or
	 * "!SCRAM-SHA-1" (not those); SCRAM-X-512 of any hash OpenSSL has may be named.
	 * NULL: EXTERNAL, then SCRAM, bound ones first.  Nothing else is ever used. */
	const char *sasl;
	int64_t keepalive_ms;	/* of silence before the broker is asked; 0: 20 s */
	/* What the broker is told where it wants to know whether somebody watches. */
	enum kith_thing_client_state client_state;
	/* What it speaks to whoever's client names no language, before its owner wrote
	 * in one: "de"; NULL: English. */
	const char *language;
};

/* Ways to the broker besides `server`; switch on with `locate`. */
#define KITH_THING_LOCATE_DNS 0x1u	/* SRV records of the domain (RFC 6120, XEP-0368) */
#define KITH_THING_LOCATE_MDNS 0x2u	/* DNS-SD on the local network */
#define KITH_THING_LOCATE_DHCP 0x4u	/* option 224 of the lease */
#define KITH_THING_LOCATE_SSDP 0x8u

/* All memory of a thing comes from here, except what OpenSSL and c-ares take.
 * As realloc(3): NULL and 0 give memory, size 0 gives it back. */
struct kith_thing_memory {
	void *(*resize)(void *arg, void *old, size_t size);
	void *arg;
};

/* NULL on failure, with a sentence in `why` (may be NULL).  Reads or makes
 * the identity; connects to nothing yet. */
struct kith_thing *kith_thing_new(const struct kith_thing_conf *conf, char *why, size_t why_size);
/* Closes at once, without goodbye, and cleanses secrets.  Takes NULL. */
void kith_thing_free(struct kith_thing **t);

/* 0, or -1: too many, name empty, too long or taken, no callback. */
int kith_thing_add_field(struct kith_thing *t, const struct kith_thing_field *field);
int kith_thing_add_control(struct kith_thing *t, const struct kith_thing_control *control);
/* What it needs of others to be of use, as the end of a rule: `read "temperature"
 * of class=sensor` (policy(5), behind `allow ADDRESS to`).  Its owner reads it
 * when he claims the thing, and decides; nothing is allowed by it.  -1: more
 * than KITH_THING_NEEDS, or longer than 256 characters. */
int kith_thing_add_need(struct kith_thing *t, const char *line);

/* Devices behind it.  A node may come at any time; its fields and controls are
 * added as those of the thing, with `node` set; a boolean control "identify" is
 * offered as a command, too (XEP-0326).  Without a source it has the source "nodes".
 * 0, or -1: taken, too many (those that are gone count until the registry has forgotten
 * them, where there are 512 of them), too long, or the thing has no such node. */
#define KITH_THING_NODES 256
int kith_thing_add_node(struct kith_thing *t, const struct kith_thing_node *node);
/* What is behind that address is called something else now: name, type, parent and tags as
 * a whole; whose it is, and its KEY, stay.  Who watches the nodes is told.  0, or -1 as
 * above: nothing has changed. */
int kith_thing_change_node(struct kith_thing *t, const struct kith_thing_node *node);
/* It is gone for good: unregistered, its KEY and what it was are forgotten.  From an
 * event callback: soon after that has returned. */
int kith_thing_remove_node(struct kith_thing *t, const struct kith_thing_at *node);
int kith_thing_set_node_state(struct kith_thing *t, const struct kith_thing_at *node,
    enum kith_thing_node_state state);
/* "" when there is none; as kith_thing_owner and kith_thing_claim_uri. */
const char *kith_thing_node_owner(const struct kith_thing *t, const struct kith_thing_at *node);
const char *kith_thing_node_claim_uri(const struct kith_thing *t, const struct kith_thing_at *node);

/* ---- driving it -------------------------------------------------------- */

/* Everything until `*stop` is not 0 (NULL: for ever) or the state is STOPPED.
 * Says goodbye at the end.  0, or -1 when waiting itself failed. */
int kith_thing_run(struct kith_thing *t, const volatile int *stop);

/* Or drive it yourself: poll kith_thing_fd() for kith_thing_events(), for at
 * most kith_thing_timeout() milliseconds, then call kith_thing_process();
 * calling it more often does no harm.  The descriptor never changes. */
int kith_thing_fd(const struct kith_thing *t);
short kith_thing_events(const struct kith_thing *t);
/* Milliseconds on CLOCK_BOOTTIME when something is due; -1: nothing. */
int64_t kith_thing_deadline(const struct kith_thing *t);
/* The same as a timeout for poll(2): -1, or 0 and more. */
int kith_thing_timeout(const struct kith_thing *t);
void kith_thing_process(struct kith_thing *t);
/* Say goodbye and close; the state is STOPPED when it returns. */
void kith_thing_stop(struct kith_thing *t);

/* Answers promised with KITH_THING_LATER.  A ticket that is not waited for
 * (too late, asker gone) is ignored.  `value->text` says why it failed. */
void kith_thing_read_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const struct kith_thing_value *value);
void kith_thing_write_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const char *why);

/* A field has a new value, without anybody having asked: it is kept, if the field
 * has a history, and told to who watches it.  -1: no such field. */
int kith_thing_changed(struct kith_thing *t, const struct kith_thing_at *node, const char *field,
    const struct kith_thing_value *value);

/* The button of the device was pressed, once.  Costs nothing when nobody asks; but five
 * times within five seconds release what was pinned, as kith_thing_repin() does. */
void kith_thing_pressed(struct kith_thing *t);

/* ---- asking it --------------------------------------------------------- */

enum kith_thing_state kith_thing_state(const struct kith_thing *t);
const char *kith_thing_jid(const struct kith_thing *t);	/* bare address; "": no domain yet */
const char *kith_thing_owner(const struct kith_thing *t);	/* "" when nobody's */
/* May whoever stands before it add friends and further services by hand, as the
 * provisioning service said when it was claimed?  Nothing here ever does. */
int kith_thing_delegates(const struct kith_thing *t);
/* "iotdisco:..." while nobody owns it, else "".  Whoever has it can claim the
 * thing: show it, never log it. */
const char *kith_thing_claim_uri(const struct kith_thing *t);

/* When each phase of the last start was through, in microseconds since
 * kith_thing_new(); -1: it was not, or not needed (account). */
struct kith_thing_timing {
	int64_t located, connected, secured, account, authenticated, bound, found, registered;
};
void kith_thing_timing(const struct kith_thing *t, struct kith_thing_timing *out);

/*
 * It is taken out of service: rights end, it leaves registry and roster, its
 * account is deleted, the state folder is wiped, secrets first.  Then the state
 * is STOPPED, and the receipt (docs/PROTOCOL.md), signed with the continuity
 * key before that is forgotten too, came as KITH_THING_EV_RECEIPT.  When the
 * stream is lost meanwhile, or the power, it goes on by itself with the next
 * login.  Its owner can order the same in chat.  -1: not logged in, or it could
 * not be written down; nothing has happened.
 */
int kith_thing_decommission(struct kith_thing *t);

/* ---- the state folder, while no thing is running on it ------------------ */

/* Forget everything, secrets first: the next start is another thing. */
int kith_thing_reset(const char *state, char *why, size_t why_size);
/* The owner's word that the thing may live at this domain, for one that has none
 * yet (conf.domain NULL).  It may be running: it hears of it in its next round. */
int kith_thing_accept(const char *state, const char *domain, char *why, size_t why_size);
/* Release what was pinned: SASL strength, registry, provisioning. */
int kith_thing_repin(const char *state, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
