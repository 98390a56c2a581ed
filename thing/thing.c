/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing: the public face (thing.h) and the wiring of the parts.  Read next:
 * serve.c for who may send it what, login.c, enroll.c, job.c.
 */
#include "config.h"

#include "thing/self.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "common/wire/iotdisco.h"
#include "common/wire/push.h"
#include "common/wire/reply.h"
#include "common/wire/stanza.h"
#include "common/wire/trace.h"
#include "thing/statefile.h"

static const char *const state_names[] = {
	[KITH_THING_NEW] = "new", [KITH_THING_LOCATING] = "locating",
	[KITH_THING_CONNECTING] = "connecting", [KITH_THING_FINDING] = "finding",
	[KITH_THING_REGISTERING] = "registering", [KITH_THING_UNCLAIMED] = "unclaimed",
	[KITH_THING_SERVING] = "serving", [KITH_THING_STOPPED] = "stopped",
};

const char *kith_thing_state_name(enum kith_thing_state state)
{
	return (size_t)state < sizeof(state_names) / sizeof(state_names[0])
	    ? state_names[state] : "?";
}

/* ---- events ------------------------------------------------------------- */

void self_emit(struct kith_thing *t, enum kith_thing_event_kind kind, const char *text,
    const struct thing_node *n)
{
	struct kith_thing_event ev = { .kind = kind, .state = t->state, .text = text };

	if (n)
		ev.node = (struct kith_thing_at){ n->at.id, n->at.source, n->at.partition };
	if (!t->event)
		return;
	t->telling++;
	t->event(t->event_arg, &ev);
	t->telling--;
}

static void emit(struct kith_thing *t, enum kith_thing_event_kind kind, const char *text)
{
	self_emit(t, kind, text, NULL);
}

static void on_note(void *arg, bool alarm, const char *sentence)
{
	struct kith_thing *t = arg;

	if (alarm && t->button.clock)
		button_alarm(&t->button);
	emit(arg, alarm ? KITH_THING_EV_ALARM : KITH_THING_EV_NOTE, sentence);
}

static void on_state(void *arg, enum kith_thing_state state, const char *why)
{
	struct kith_thing *t = arg;

	if (t->state == state)
		return;
	t->state = state;
	if (state == KITH_THING_REGISTERING)
		timing_mark(&t->timing, TIMING_FOUND);
	else if (state == KITH_THING_UNCLAIMED || state == KITH_THING_SERVING)
		timing_mark(&t->timing, TIMING_REGISTERED);
	if (state == KITH_THING_SERVING)
		watches_look(&t->watches);
	if (state == KITH_THING_SERVING && t->standing.cloned)
		self_tell_copied(t);	/* it may not have heard it before */
	emit(t, KITH_THING_EV_STATE, why);
}

static void on_friend(void *arg, const char *bare, bool is_friend)
{
	struct kith_thing *t = arg;

	if (!is_friend)
		watches_unfriend(&t->watches, bare);
	if (!is_friend && access_who(&t->access, bare) != ACCESS_OWNER) {
		readouts_unfriend(&t->readouts, bare);
		jobs_unfriend(&t->jobs, bare);
		self_watcher_left(t, bare);
	}
	emit(t, is_friend ? KITH_THING_EV_FRIEND : KITH_THING_EV_UNFRIEND, bare);
}

static void on_told(void *arg, bool served, const char *sentence)
{
	emit(arg, served ? KITH_THING_EV_SERVED : KITH_THING_EV_REFUSED, sentence);
}

static void on_befriend_refused(void *arg, const char *bare)
{
	char text[BEFRIEND_BARE + 32];

	snprintf(text, sizeof(text), "%s may not be a friend", bare);
	emit(arg, KITH_THING_EV_REFUSED, text);
}

static void set_claim_uri(struct kith_thing *t, const char *uri)
{
	if (t->claim_uri) {
		secret_cleanse(t->claim_uri, strlen(t->claim_uri));
		mem_free(t->claim_uri);
	}
	t->claim_uri = mem_strdup(uri);
}

static void on_claimable(void *arg)
{
	struct kith_thing *t = arg;
	struct tag all[WIRE_TAGS];
	struct iotdisco d = { .tags = { 0, all }, .registry = t->standing.registry.jid,
		.has_key = true };
	struct buf b;

	for (; d.tags.n < t->enroll.tags.n && d.tags.n < WIRE_TAGS - 1; d.tags.n++)
		all[d.tags.n] = t->enroll.tags.tag[d.tags.n];
	all[d.tags.n++] = (struct tag){ .name = "KEY", .str = t->id.key };
	buf_init(&b, STATEFILE_MAX);
	iotdisco_write(&b, &d);
	if (buf_ok(&b) && (!t->claim_uri || strcmp(t->claim_uri, buf_str(&b)) != 0)) {
		set_claim_uri(t, buf_str(&b));
		emit(t, KITH_THING_EV_CLAIM, t->claim_uri);
	}
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
}

/* ---- the button and its lamp --------------------------------------------- */

static void on_lamp(void *arg, const char *word)
{
	emit(arg, KITH_THING_EV_LAMP, word);
}

static void on_answered(void *arg, bool pressed)
{
	struct kith_thing *t = arg;

	enroll_answered(&t->enroll, pressed);
}

static void on_release(void *arg)
{
	struct kith_thing *t = arg;
	struct err e = ERR_INIT;

	standing_unpin(&t->standing);
	if (standing_save(&t->standing, t->state_dir, &e) < 0)
		on_note(t, true, e.text);
	emit(t, KITH_THING_EV_ALARM, "the button was pressed five times: the strength of the "
	    "login and the registry are no longer pinned");
	if (t->login_ready)
		login_again(&t->login, "what was pinned is looked for anew");
}

static const struct button_ops button_calls = {
	.lamp = on_lamp,
	.answered = on_answered,
	.release = on_release,
};

static void on_show(void *arg, const char *code)
{
	emit(arg, KITH_THING_EV_CODE, code);
}

static void on_owner(void *arg, const char *bare)
{
	struct kith_thing *t = arg;

	set_claim_uri(t, "");
	self_settle_language(t);
	witness_end(&t->witness);
	order_end(&t->order);
	emit(t, KITH_THING_EV_OWNER, bare);
}

static void on_time(void *arg, int64_t wall_ms)
{
	struct kith_thing *t = arg;

	login_tell_time(&t->login, wall_ms);
}

static const struct enroll_ops enroll_calls = {
	.tell_owner = self_tell_owner,
	.time = on_time,
	.state = on_state,
	.claimable = on_claimable,
	.owner = on_owner,
	.note = on_note,
};

static void on_stanza(void *arg, const struct stanza *s)
{
	self_take_stanza(arg, s);
}

static void on_oversize(void *arg, const struct stanza_head *h)
{
	self_take_oversize(arg, h);
}

static void on_up(void *arg, const char *full_jid)
{
	struct kith_thing *t = arg;
	size_t len = strlen(t->jid);

	/* The server may choose the resource and nothing else (att-D-11). */
	if (session_begin(&t->session, login_out(&t->login), full_jid) < 0 ||
	    t->session.bare_len != len || strncmp(t->session.self, t->jid, len) != 0) {
		session_end(&t->session);
		login_again(&t->login, "the server bound us to another address");
		return;
	}
	if (!self_is_leaving(t))
		enroll_begin(&t->enroll);
}

static void on_down(void *arg)
{
	struct kith_thing *t = arg;

	enroll_end(&t->enroll);
	session_end(&t->session);
	clone_end(&t->clone);
	jobs_drop(&t->jobs);
	readouts_drop(&t->readouts);
	self_nodes_down(t);
	watches_down(&t->watches);
	befriend_end(&t->befriend);
}

static void on_trying(void *arg, bool connecting)
{
	struct kith_thing *t = arg;

	if (t->state >= KITH_THING_FINDING)
		t->before = t->state;
	on_state(arg, connecting ? KITH_THING_CONNECTING : KITH_THING_LOCATING, "");
}

/* "" while no broker is known where it could be one. */
static void set_jid(struct kith_thing *t)
{
	t->jid[0] = '\0';
	if (t->id.domain[0])
		snprintf(t->jid, sizeof(t->jid), "%s@%s", t->id.user, t->id.domain);
}

static void on_resumed(void *arg)
{
	struct kith_thing *t = arg;

	on_state(t, t->before, "resumed");
}

static void on_renamed(void *arg)
{
	struct kith_thing *t = arg;

	set_jid(t);
	if (t->jid[0])
		emit(t, KITH_THING_EV_IDENTITY, t->jid);
}

static void on_settled(void *arg)
{
	struct kith_thing *t = arg;

	admission_settled(&t->admission);
}

/* After a power cut nobody asks again what was answered before it (row-D7). */
static void on_turn(void *arg)
{
	struct kith_thing *t = arg;
	struct err e = ERR_INIT;

	if (!t->decisions.dirty || decisions_save(&t->decisions, &e) == 0)
		return;
	on_note(t, true, e.text);
	t->decisions.dirty = false;	/* said once; the next answer tries again */
}

static const struct login_ops login_calls = {
	.turn = on_turn,
	.settled = on_settled,
	.up = on_up,
	.stanza = on_stanza,
	.oversize = on_oversize,
	.down = on_down,
	.note = on_note,
	.trying = on_trying,
	.renamed = on_renamed,
	.resumed = on_resumed,
};

static void admission_tick(struct kith_thing *t)
{
	char text[256];

	if (admission_look(&t->admission, &clock_system, t->time.earliest_ms, text, sizeof(text)))
		on_note(t, true, text);
}

/* ---- making one --------------------------------------------------------- */

/* At most, since each piece of a pool is aligned. */
static size_t tags_take(const struct kith_thing_conf *conf)
{
	size_t each = sizeof(struct tag) + STR_DOUBLE + 3 * _Alignof(max_align_t), all = each;

	for (size_t i = 0; i < conf->n_tags; i++) {
		const struct kith_thing_tag *tag = &conf->tags[i];

		all += each + (tag->name ? strlen(tag->name) : 0) +
		    (tag->text ? strlen(tag->text) : 0);
	}
	return all;
}

static int copy_tags(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct tag_list *out = &t->enroll.tags;
	char number[STR_DOUBLE];

	if (conf->n_tags >= WIRE_TAGS)
		return err_set(e, ERR_LIMIT, "more than %d tags", WIRE_TAGS - 1);
	pool_init(&t->pool, tags_take(conf));
	out->tag = pool_zalloc(&t->pool, conf->n_tags * sizeof(out->tag[0]));
	for (size_t i = 0; out->tag && i < conf->n_tags; i++) {
		const struct kith_thing_tag *from = &conf->tags[i];
		struct tag *to = &out->tag[i];

		if (!from->name || str_case_eq(from->name, "KEY") || str_case_eq(from->name, "R"))
			return err_set(e, ERR_INPUT, "a tag may not be called KEY or R");
		str_from_double(number, from->number);
		to->name = pool_strdup(&t->pool, from->name);
		to->is_num = !from->text;
		to->str = pool_strdup(&t->pool, from->text ? from->text : number);
		to->num = from->number;
		if (!to->name || !to->str || str_utf8_chars(to->name) > WIRE_TAG_NAME ||
		    str_utf8_chars(to->str) > WIRE_TAG_VALUE)
			return err_set(e, ERR_INPUT, "tag '%s' is too long", from->name);
		out->n++;
	}
	return out->tag ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

static int copy_text(char **out, const char *text)
{
	*out = text ? mem_strdup(text) : NULL;
	return text && !*out ? -1 : 0;
}

/* What can find a broker whose domain nobody has named. */
#define NEAR (KITH_THING_LOCATE_MDNS | KITH_THING_LOCATE_DHCP | KITH_THING_LOCATE_SSDP)

static int copy_conf(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct jid j;

	if (conf->size < offsetof(struct kith_thing_conf, domain) || !conf->state)
		return err_set(e, ERR_INPUT, "size and state are needed");
	if (!conf->domain && (conf->server || !(conf->locate & NEAR)))
		return err_set(e, ERR_INPUT, "domain is needed, unless a way of locate can find it");
	if (conf->registry) {
		if (jid_parse(&j, conf->registry, JID_STRINGPREP, e) < 0)
			return -1;
		if (jid_has_local(&j) || jid_has_resource(&j))
			return err_set(e, ERR_INPUT, "registry '%s' is not the address of a "
			    "service", conf->registry);
	}
	if (copy_text(&t->state_dir, conf->state) < 0 || copy_text(&t->server, conf->server) < 0 ||
	    copy_text(&t->ca_file, conf->ca_file) < 0 ||
	    copy_text(&t->registry, conf->registry ? j.text : NULL) < 0 ||
	    copy_text(&t->language, conf->language) < 0 ||
	    copy_text(&t->software, conf->software ? conf->software : "kith-thing") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (sasl_rules_parse(&t->sasl, conf->sasl ? conf->sasl : "", e) < 0)
		return -1;
	t->event = conf->event;
	t->event_arg = conf->arg;
	t->jobs.words = (struct words){ .translate = conf->translate, .arg = conf->arg };
	t->accept_button = conf->accept_button;
	t->enroll.board = &nodes_device(&t->nodes)->board;
	t->enroll.can = SELF_NEW_KEY | (conf->shows_code ? SELF_SHOWS_CODE : 0) |
	    (conf->has_button ? SELF_HAS_BUTTON : 0) |
	    (conf->has_button && conf->claim_button ? SELF_WINDOW : 0);
	return copy_tags(t, conf, e);
}

static int load_or_make_identity(struct kith_thing *t, const char *domain, struct err *e)
{
	if (identity_load(&t->id, t->state_dir, e) == 0)
		return 0;
	if (!e || e->kind != ERR_AGAIN)
		return -1;
	err_clear(e);
	if (identity_make(&t->id, domain, e) < 0)
		return -1;
	return identity_save(&t->id, t->state_dir, e);
}

/* Where it lives is where it was let in first; before that the settings say, or
 * whoever will prove a domain that is allowed (login.c). */
static int settle_domain(struct kith_thing *t, const char *domain, struct err *e)
{
	if (!t->id.domain[0] && *domain) {
		memcpy(t->id.domain, domain, strlen(domain) + 1);
		if (identity_save(&t->id, t->state_dir, e) < 0)
			return -1;
	}
	if (*domain && strcmp(t->id.domain, domain) != 0)
		return err_set(e, ERR_INPUT, "folder '%s' belongs to a thing of domain %s; "
		    "use another folder, or reset it", t->state_dir, t->id.domain);
	set_jid(t);
	return 0;
}

static int load_identity(struct kith_thing *t, const char *given, struct err *e)
{
	char domain[DOMAINS_NAME] = "";

	if (given && domains_parse(domain, given, e) < 0)
		return -1;
	if (daemon_dir(t->state_dir, e) < 0)
		return -1;
	/* Two programs with one identity would throw each other out for ever. */
	t->state_lock = statefile_lock(t->state_dir, e);
	if (t->state_lock < 0 || load_or_make_identity(t, domain, e) < 0)
		return -1;
	/* A file from before there was such a key. */
	if (!t->id.continuity.len && (sign_new_seed(&t->id.continuity, e) < 0 ||
	    identity_save(&t->id, t->state_dir, e) < 0))
		return -1;
	return admission_name(&t->admission, &t->id, t->state_dir, e) < 0 ? -1 :
	    settle_domain(t, domain, e);
}

static int load_standing(struct kith_thing *t, struct err *e)
{
	if (standing_load(&t->standing, t->state_dir, e) == 0)
		return 0;
	if (!e || e->kind != ERR_AGAIN)
		return -1;
	err_clear(e);
	return 0;
}

/* Without them everything is asked again. */
static void load_decisions(struct kith_thing *t)
{
	struct err why = ERR_INIT;

	if (decisions_open(&t->decisions, &clock_system, t->state_dir, &why) < 0)
		on_note(t, true, why.text);
}

/* Who knows whom; nothing happens yet. */
static void on_trust(void *arg, bool delegates)
{
	struct kith_thing *t = arg;

	enroll_trust(&t->enroll, delegates);
}

static void wire_up(struct kith_thing *t)
{
	const struct clock *clock = &clock_system;

	session_init(&t->session, clock);
	friends_init(&t->friends, on_friend, t);
	relay_init(&t->relay, clock, &t->session, &t->standing);
	access_init(&t->access, clock, &t->session, &t->standing, &t->nodes, &t->friends,
	    &t->decisions);
	t->access.trust = on_trust;
	t->access.trust_arg = t;
	t->befriend = (struct befriend){
		.clock = clock, .session = &t->session, .standing = &t->standing,
		.friends = &t->friends, .access = &t->access, .decisions = &t->decisions,
		.refused = on_befriend_refused, .arg = t,
	};
	t->jobs.clock = clock;
	t->jobs.session = &t->session;
	t->jobs.access = &t->access;
	t->jobs.decisions = &t->decisions;
	t->jobs.nodes = &t->nodes;
	t->jobs.board = &nodes_device(&t->nodes)->board;
	t->jobs.samples = &t->samples;
	t->jobs.watches = &t->watches;
	t->order = (struct order){ .leave = self_order_leave, .language = self_order_language,
		.arg = t };
	t->jobs.order = &t->order;
	t->watches.jobs = &t->jobs;
	t->watches.samples = &t->samples;
	t->watches.dir = t->state_dir;
	t->watches.note = on_note;
	t->watches.note_arg = t;
	t->readouts.jobs = &t->jobs;
	t->samples = (struct samples){ .clock = clock, .jobs = &t->jobs,
		.standing = &t->standing, .dir = t->state_dir, .note = on_note, .note_arg = t,
		.value = watches_value, .arg = &t->watches };
	t->jobs.told = on_told;
	t->jobs.arg = t;
	t->clone = (struct clone){ .dir = t->state_dir, .id = &t->id, .standing = &t->standing,
		.session = &t->session, .concluded = self_cloned, .note = self_clone_note, .arg = t };
	t->enroll.clock = clock;
	t->enroll.dir = t->state_dir;
	t->enroll.registry = t->registry;
	t->enroll.id = &t->id;
	t->enroll.standing = &t->standing;
	t->enroll.session = &t->session;
	t->enroll.friends = &t->friends;
	t->enroll.befriend = &t->befriend;
	t->enroll.access = &t->access;
	t->enroll.decisions = &t->decisions;
	t->enroll.witness = &t->witness;
	t->enroll.button = t->accept_button ? &t->button : NULL;
	t->button = (struct button){ .clock = clock, .ops = &button_calls, .arg = t };
	t->enroll.muster = &t->muster;
	t->witness = (struct witness){ .clock = clock, .session = &t->session,
		.registry = t->standing.registry.jid, .show = on_show, .arg = t };
	t->enroll.hints = &t->login.place.hints;
	t->enroll.ops = &enroll_calls;
	t->enroll.arg = t;
	t->enroll.next_ms = -1;
}

static void on_passed(void *arg, bool sent, const char *data, size_t len)
{
	struct kith_thing *t = arg;

	if (data)
		trace_take(t->trace, sent, data, len);
	else
		trace_restart(t->trace);
}

static int listen_in(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	if (!conf->trace)
		return 0;
	t->trace = trace_new(conf->trace, conf->arg);
	if (!t->trace)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->tap = (struct stream_tap){ on_passed, t };
	t->login.tap = &t->tap;
	return 0;
}

static int make(struct kith_thing *t, const struct kith_thing_conf *conf, struct err *e)
{
	struct login_conf login;

	if (copy_conf(t, conf, e) < 0 || admission_init(&t->admission, conf, e) < 0 ||
	    load_identity(t, conf->domain, e) < 0 ||
	    load_standing(t, e) < 0)
		return -1;
	load_decisions(t);
	self_settle_language(t);
	known_time_load(&t->time, t->state_dir);
	wire_up(t);
	if (self_open_nodes(t, e) < 0)
		return -1;
	watches_open(&t->watches);
	set_claim_uri(t, "");
	login = (struct login_conf){ .clock = &clock_system, .dir = t->state_dir,
		.locate = { .server = t->server, .ways = conf->locate,
			.dhcp_lease = conf->dhcp_lease, .domains = conf->domains },
		.ca_file = t->ca_file, .boot_spread_ms = conf->boot_spread_ms, .sasl = &t->sasl,
		.keepalive_ms = conf->keepalive_ms,
		.activity = (enum client_activity)conf->client_state,
		.signup = admission_conf(&t->admission), .time = &t->time };
	if (login_init(&t->login, &login, &t->id, &t->standing, &login_calls, t, e) < 0)
		return -1;
	t->login_ready = true;
	t->login.timing = &t->timing;
	if (listen_in(t, conf, e) < 0 || (t->standing.leaving && self_leave_again(t) < 0))
		return -1;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		return err_errno(e, "cannot make an epoll descriptor");
	if (t->registry && t->standing.registry.jid[0] &&
	    strcmp(t->registry, t->standing.registry.jid) != 0)
		on_note(t, true, "the settings name another registry than the one accepted "
		    "before; `repin` releases that");
	return 0;
}

/* Programs compiled before the struct grew do not have its last members; those
 * compiled later have some that mean nothing here. */
static struct kith_thing_conf whole_conf(const struct kith_thing_conf *given)
{
	struct kith_thing_conf out = { 0 };

	memcpy(&out, given, given->size < sizeof(out) ? given->size : sizeof(out));
	return out;
}

static struct mem memory_of(const struct kith_thing_conf *conf)
{
	return conf->memory ? (struct mem){ conf->memory->resize, conf->memory->arg } :
	    (struct mem){ 0 };
}

struct kith_thing *kith_thing_new(const struct kith_thing_conf *conf, char *why,
    size_t why_size)
{
	const struct kith_thing_conf whole = whole_conf(conf);
	const struct mem mem = memory_of(&whole);
	MEM_WITHIN(&mem);
	struct kith_thing *t = mem_zalloc(sizeof(*t));
	struct err e = ERR_INIT;

	if (t) {
		t->mem = mem;
		timing_begin(&t->timing);
		t->epoll = t->polled_fd = t->state_lock = -1;
		if (nodes_init(&t->nodes) < 0)
			err_set(&e, ERR_SYSTEM, "out of memory");
		else if (make(t, &whole, &e) == 0)
			return t;
		kith_thing_free(&t);
	} else {
		err_set(&e, ERR_SYSTEM, "out of memory");
	}
	if (why && why_size)
		snprintf(why, why_size, "%s", e.text);
	return NULL;
}

void kith_thing_free(struct kith_thing **tp)
{
	struct kith_thing *t = *tp;
	struct mem mem = t ? t->mem : (struct mem){ 0 };
	MEM_WITHIN(&mem);

	if (!t)
		return;
	t->event = NULL;
	t->jobs.told = NULL;
	if (t->enroll.ops)
		on_down(t);
	access_fini(&t->access);
	if (t->login_ready)
		login_fini(&t->login);
	trace_free(&t->trace);
	friends_fini(&t->friends);
	relay_fini(&t->relay);
	watches_fini(&t->watches);
	samples_fini(&t->samples);
	self_close_nodes(t);
	nodes_fini(&t->nodes);
	decisions_close(&t->decisions);
	identity_fini(&t->id);
	admission_fini(&t->admission);
	if (t->claim_uri)
		secret_cleanse(t->claim_uri, strlen(t->claim_uri));
	mem_free(t->claim_uri);
	self_stay(t);
	pool_fini(&t->pool);
	if (t->epoll >= 0)
		close(t->epoll);
	if (t->state_lock >= 0)
		close(t->state_lock);
	mem_free(t->state_dir);
	mem_free(t->server);
	mem_free(t->ca_file);
	mem_free(t->registry);
	mem_free(t->software);
	mem_free(t->language);
	mem_free(t);
	*tp = NULL;
}

int kith_thing_add_field(struct kith_thing *t, const struct kith_thing_field *field)
{
	MEM_WITHIN(&t->mem);
	static const struct kith_thing_at itself;
	bool says = field->size >= offsetof(struct kith_thing_field, node) + sizeof(field->node);
	struct thing_node *n = nodes_at(&t->nodes, says ? &field->node : &itself);

	if (!n || board_add_field(&n->board, field) < 0)
		return -1;
	if (samples_add(&t->samples, n, n->board.field[n->board.n_fields - 1]) == 0) {
		if (t->state == KITH_THING_SERVING)
			watches_look(&t->watches);
		return 0;
	}
	board_drop_last_field(&n->board);
	return -1;
}

int kith_thing_add_control(struct kith_thing *t, const struct kith_thing_control *control)
{
	MEM_WITHIN(&t->mem);
	static const struct kith_thing_at itself;
	bool says = control->size >=
	    offsetof(struct kith_thing_control, node) + sizeof(control->node);
	struct thing_node *n = nodes_at(&t->nodes, says ? &control->node : &itself);

	return n ? board_add_control(&n->board, control) : -1;
}

int kith_thing_add_need(struct kith_thing *t, const char *line)
{
	MEM_WITHIN(&t->mem);

	return board_add_need(&nodes_device(&t->nodes)->board, line);
}

/* ---- driving ------------------------------------------------------------ */

/* Keeps the one descriptor we give out in step with the one that is inside. */
static void follow_fd(struct kith_thing *t)
{
	short events = 0;
	int fd = login_fd(&t->login, &events);
	struct epoll_event ev = {
		.events = (events & POLLIN ? EPOLLIN : 0u) | (events & POLLOUT ? EPOLLOUT : 0u),
	};

	if (t->polled_fd >= 0 && t->polled_fd != fd)
		(void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, t->polled_fd, NULL);
	t->polled_fd = fd;
	if (fd < 0)
		return;
	/* A number that was closed and given again has left the set by itself. */
	if (epoll_ctl(t->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT)
		(void)epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int kith_thing_fd(const struct kith_thing *t)
{
	return t->epoll;
}

short kith_thing_events(const struct kith_thing *t)
{
	(void)t;
	return POLLIN;
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int64_t kith_thing_deadline(const struct kith_thing *t)
{
	int64_t at = login_deadline(&t->login);

	if (t->state == KITH_THING_STOPPED)
		return -1;
	at = earlier(at, session_deadline(&t->session));
	at = earlier(at, enroll_deadline(&t->enroll));
	at = earlier(at, witness_deadline(&t->witness));
	at = earlier(at, button_deadline(&t->button));
	at = earlier(at, muster_deadline(&t->muster));
	at = earlier(at, jobs_deadline(&t->jobs));
	at = earlier(at, readouts_deadline(&t->readouts));
	at = earlier(at, samples_deadline(&t->samples));
	at = earlier(at, admission_deadline(&t->admission));
	at = earlier(at, watches_deadline(&t->watches));
	if (session_is_up(&t->session))
		at = earlier(at, befriend_deadline(&t->befriend));
	return at;
}

int kith_thing_timeout(const struct kith_thing *t)
{
	int64_t at = kith_thing_deadline(t), now = clock_boot(&clock_system);

	if (at < 0)
		return -1;
	if (at <= now)
		return 0;
	return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

static short ready_events(struct kith_thing *t)
{
	struct epoll_event ev;
	short revents = 0;

	if (epoll_wait(t->epoll, &ev, 1, 0) == 1)
		revents = (short)((ev.events & EPOLLIN ? POLLIN : 0) |
		    (ev.events & EPOLLOUT ? POLLOUT : 0) |
		    (ev.events & EPOLLERR ? POLLERR : 0) | (ev.events & EPOLLHUP ? POLLHUP : 0));
	return revents;
}

/* Nothing of it may be written any more. */
static void end_for_good(struct kith_thing *t)
{
	on_down(t);
	login_stop(&t->login);
	on_state(t, KITH_THING_STOPPED, "taken out of service");
}

static void say_goodbye(struct kith_thing *t)
{
	struct err e = ERR_INIT;

	t->inside = true;
	if (session_is_up(&t->session)) {
		(void)presence_write(t->session.out, NULL, NULL, "unavailable", NULL);
		login_flush(&t->login);
	}
	on_down(t);
	login_stop(&t->login);
	if (decisions_save(&t->decisions, &e) < 0)
		on_note(t, false, e.text);
	on_state(t, KITH_THING_STOPPED, "stopped");
	t->inside = false;
}

bool self_enter_call(struct kith_thing *t)
{
	bool outermost = !t->inside;

	t->inside = true;
	return outermost;
}

void self_leave_call(struct kith_thing *t, bool outermost)
{
	if (!outermost)
		return;
	if (t->has_doomed)
		self_remove_doomed(t);
	login_flush(&t->login);
	t->inside = false;
	if (self_leave(t))
		end_for_good(t);
	else if (t->stopping && t->state != KITH_THING_STOPPED)
		say_goodbye(t);
}

void kith_thing_process(struct kith_thing *t)
{
	MEM_WITHIN(&t->mem);

	if (t->state == KITH_THING_STOPPED || t->inside)
		return;
	(void)self_enter_call(t);
	follow_fd(t);
	login_run(&t->login, ready_events(t));
	session_tick(&t->session);
	admission_tick(t);
	enroll_tick(&t->enroll);
	witness_tick(&t->witness);
	button_tick(&t->button);
	muster_tick(&t->muster);
	samples_tick(&t->samples);
	watches_tick(&t->watches);
	readouts_tick(&t->readouts);
	jobs_tick(&t->jobs);
	befriend_tick(&t->befriend);
	on_turn(t);
	login_flush(&t->login);
	follow_fd(t);
	self_leave_call(t, true);
}

void kith_thing_stop(struct kith_thing *t)
{
	MEM_WITHIN(&t->mem);

	t->stopping = true;
	if (!t->inside && t->state != KITH_THING_STOPPED)
		say_goodbye(t);
}

int kith_thing_run(struct kith_thing *t, const volatile int *stop)
{
	struct pollfd p = { .fd = t->epoll, .events = POLLIN };

	kith_thing_process(t);
	while (t->state != KITH_THING_STOPPED && !(stop && *stop)) {
		if (poll(&p, 1, kith_thing_timeout(t)) < 0 && errno != EINTR)
			return -1;
		if (!(stop && *stop))
			kith_thing_process(t);
	}
	kith_thing_stop(t);
	return 0;
}

void kith_thing_read_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const struct kith_thing_value *value)
{
	MEM_WITHIN(&t->mem);
	bool outermost = self_enter_call(t);

	if (!samples_read_done(&t->samples, ticket, result, value))
		jobs_read_done(&t->jobs, ticket, result, value);
	self_leave_call(t, outermost);
}

int kith_thing_changed(struct kith_thing *t, const struct kith_thing_at *node, const char *field,
    const struct kith_thing_value *value)
{
	MEM_WITHIN(&t->mem);
	static const struct kith_thing_at itself;
	struct thing_node *n = nodes_at(&t->nodes, node ? node : &itself);
	bool outermost = self_enter_call(t);
	int ret = n ? samples_changed(&t->samples, n, field, value) : -1;

	self_leave_call(t, outermost);
	return ret;
}

void kith_thing_write_done(struct kith_thing *t, uint64_t ticket,
    enum kith_thing_result result, const char *why)
{
	MEM_WITHIN(&t->mem);
	bool outermost = self_enter_call(t);

	jobs_write_done(&t->jobs, ticket, result, why);
	self_leave_call(t, outermost);
}

void kith_thing_pressed(struct kith_thing *t)
{
	MEM_WITHIN(&t->mem);

	bool outermost = self_enter_call(t), rhythm = witness_listens(&t->witness);

	login_pressed(&t->login);
	/* A press that somebody asked for is his; any other opens the window. */
	if (!button_press(&t->button, !rhythm)) {
		if (!rhythm)
			enroll_pressed(&t->enroll);
		witness_press(&t->witness);
	}
	self_leave_call(t, outermost);
}

/* ---- asking ------------------------------------------------------------- */

enum kith_thing_state kith_thing_state(const struct kith_thing *t)
{
	return t->state;
}

const char *kith_thing_jid(const struct kith_thing *t)
{
	return t->jid;
}

const char *kith_thing_owner(const struct kith_thing *t)
{
	return t->standing.owner;
}

int kith_thing_delegates(const struct kith_thing *t)
{
	return t->standing.owner[0] && t->standing.trust == STANDING_DELEGATES;
}

const char *kith_thing_claim_uri(const struct kith_thing *t)
{
	return t->claim_uri ? t->claim_uri : "";
}

void kith_thing_timing(const struct kith_thing *t, struct kith_thing_timing *out)
{
	const int64_t *at = t->timing.at_us;

	*out = (struct kith_thing_timing){ .located = at[TIMING_LOCATED],
		.connected = at[TIMING_CONNECTED], .secured = at[TIMING_SECURED],
		.account = at[TIMING_ACCOUNT], .authenticated = at[TIMING_AUTHENTICATED],
		.bound = at[TIMING_BOUND], .found = at[TIMING_FOUND],
		.registered = at[TIMING_REGISTERED] };
}
