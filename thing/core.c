/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: what the core profile leaves out (ruling 47), as the rest of the thing
 * sees it: each of these does nothing, and says no where something is asked.
 * Linked instead of the files named in core_left_out (thing/core.inc).  Requests
 * that are left out have no row in common/wire/route_core.def.
 */
#include "config.h"

#include <string.h>

#include "common/wire/account_form.h"
#include "common/wire/resume.h"
#include "common/wire/trace.h"
#include "thing/form.h"
#include "thing/locate_way.h"
#include "thing/relay.h"
#include "thing/self.h"
#include "thing/talk.h"
#include "thing/witness.h"

/* gateway.c, muster.c, node_file.c, concentrator.c: it has no nodes */

int self_open_nodes(struct kith_thing *t, struct err *e)
{
	(void)t;
	(void)e;
	return 0;
}

void self_close_nodes(struct kith_thing *t)
{
	(void)t;
}

void self_nodes_down(struct kith_thing *t)
{
	(void)t;
}

void self_remove_doomed(struct kith_thing *t)
{
	(void)t;
}

void self_take_about_nodes(struct kith_thing *t, struct call **c)
{
	(void)t;
	(void)c;
}

void self_watcher_left(struct kith_thing *t, const char *jid)
{
	(void)t;
	(void)jid;
}

void muster_begin(struct muster *m)
{
	(void)m;
}

void muster_end(struct muster *m)
{
	(void)m;
}

void muster_roster_changed(struct muster *m)
{
	(void)m;
}

void muster_take_push(struct muster *m, struct call **c)
{
	(void)m;
	(void)c;
}

int64_t muster_deadline(const struct muster *m)
{
	(void)m;
	return -1;
}

void muster_tick(struct muster *m)
{
	(void)m;
}

int kith_thing_add_node(struct kith_thing *t, const struct kith_thing_node *node)
{
	(void)t;
	(void)node;
	return -1;
}

int kith_thing_change_node(struct kith_thing *t, const struct kith_thing_node *node)
{
	return kith_thing_add_node(t, node);
}

/* ring.c, sample.c, watch.c: it keeps no values, and tells nobody on its own */

int samples_add(struct samples *ss, struct thing_node *node, const struct board_field *field)
{
	(void)ss;
	(void)node;
	(void)field;
	return 0;
}

void samples_fini(struct samples *ss)
{
	(void)ss;
}

int samples_changed(struct samples *ss, struct thing_node *node, const char *field,
    const struct kith_thing_value *v)
{
	(void)ss;
	(void)v;
	return field && board_field(&node->board, field) ? 0 : -1;
}

bool samples_read_done(struct samples *ss, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v)
{
	(void)ss;
	(void)ticket;
	(void)r;
	(void)v;
	return false;
}

const struct ring *samples_ring(struct samples *ss, const struct thing_node *node,
    const struct board_field *field)
{
	(void)ss;
	(void)node;
	(void)field;
	return NULL;
}

int64_t samples_deadline(const struct samples *ss)
{
	(void)ss;
	return -1;
}

void samples_tick(struct samples *ss)
{
	(void)ss;
}

int ring_list(const struct ring *r, int64_t from_ms, int64_t to_ms, unsigned periods,
    int64_t now_ms, struct ring_entry **list, size_t *n, struct err *e)
{
	(void)r;
	(void)from_ms;
	(void)to_ms;
	(void)periods;
	(void)now_ms;
	(void)list;
	(void)n;
	(void)e;
	return 0;
}

bool ring_get(const struct ring *r, uint64_t number, struct kith_thing_value *out)
{
	(void)r;
	(void)number;
	(void)out;
	return false;
}

void watch_request(struct watches *ws, struct call **c)
{
	(void)ws;
	(void)c;
}

void watch_cancel(struct watches *ws, struct call **c)
{
	(void)ws;
	(void)c;
}

void watches_value(void *arg, const struct sample *s)
{
	(void)arg;
	(void)s;
}

void watches_presence(struct watches *ws, const char *full, const char *bare, bool available)
{
	(void)ws;
	(void)full;
	(void)bare;
	(void)available;
}

void watches_bounced(struct watches *ws, const char *from)
{
	(void)ws;
	(void)from;
}

void watches_unfriend(struct watches *ws, const char *bare)
{
	(void)ws;
	(void)bare;
}

void watches_down(struct watches *ws)
{
	(void)ws;
}

void watches_fini(struct watches *ws)
{
	(void)ws;
}

int64_t watches_deadline(const struct watches *ws)
{
	(void)ws;
	return -1;
}

void watches_tick(struct watches *ws)
{
	(void)ws;
}

/* talk.c: friends are answered by iq only */

void talk_line(struct jobs *js, struct call **c)
{
	(void)js;
	(void)c;
}

/* relay.c: no tokens are passed on */

void relay_init(struct relay *r, const struct clock *clock, struct session *session,
    const struct standing *standing)
{
	*r = (struct relay){ .clock = clock, .session = session, .standing = standing };
}

void relay_fini(struct relay *r)
{
	(void)r;
}

void relay_note(struct relay *r, const struct request *q, const struct tokens *t)
{
	(void)r;
	(void)q;
	(void)t;
}

void relay_challenge(struct relay *r, struct call **c)
{
	(void)r;
	(void)c;
}

/* witness.c: it shows no codes, and its button is the maker's own affair */

void witness_show(struct witness *w, const char *code, int64_t seconds)
{
	(void)w;
	(void)code;
	(void)seconds;
}

void witness_listen(struct witness *w, int64_t seconds)
{
	(void)w;
	(void)seconds;
}

bool witness_listens(const struct witness *w)
{
	(void)w;
	return false;
}

void witness_press(struct witness *w)
{
	(void)w;
}

void witness_end(struct witness *w)
{
	(void)w;
}

int64_t witness_deadline(const struct witness *w)
{
	(void)w;
	return -1;
}

void witness_tick(struct witness *w)
{
	(void)w;
}

/* trace.c: nobody reads along */

struct trace *trace_new(void (*passed)(void *arg, bool sent, const char *xml), void *arg)
{
	(void)passed;
	(void)arg;
	return NULL;
}

void trace_free(struct trace **t)
{
	*t = NULL;
}

void trace_take(struct trace *t, bool sent, const char *data, size_t len)
{
	(void)t;
	(void)sent;
	(void)data;
	(void)len;
}

void trace_restart(struct trace *t)
{
	(void)t;
}

/* form.c: what can be set is not shown */

void form_request(struct jobs *js, struct call **c)
{
	(void)js;
	(void)c;
}

/* account_data.c: an account is opened with the plain fields of XEP-0077 */

int account_form_read(struct account_form *f, const struct account_conf *conf,
    const struct stanza *query, struct err *e)
{
	return account_form_read_plain(f, conf, query, e);
}

int account_form_sign(struct account_form *f, const struct account_conf *conf, unsigned dialect,
    struct err *e)
{
	(void)f;
	(void)conf;
	(void)dialect;
	return err_set(e, ERR_INPUT, "this library does not sign forms");
}

/* locate_mdns.c, locate_dhcp.c, locate_ssdp.c: the broker is told, or found in DNS */

static void *no_way(const struct locate_ask *ask, struct err *e)
{
	(void)ask;
	(void)err_set(e, ERR_INPUT, "this library looks in DNS only");
	return NULL;
}

const struct locate_way locate_mdns = { .name = "mDNS", .bit = KITH_THING_LOCATE_MDNS,
	.open = no_way };
const struct locate_way locate_dhcp = { .name = "DHCP", .bit = KITH_THING_LOCATE_DHCP,
	.open = no_way };
const struct locate_way locate_ssdp = { .name = "SSDP", .bit = KITH_THING_LOCATE_SSDP,
	.open = no_way };

/* decommission.c: its maker ends it by other means */

int kith_thing_decommission(struct kith_thing *t)
{
	(void)t;
	return -1;
}

int self_leave_again(struct kith_thing *t)
{
	(void)t;
	return 0;
}

bool self_is_leaving(const struct kith_thing *t)
{
	(void)t;
	return false;
}

bool self_leave(struct kith_thing *t)
{
	(void)t;
	return false;
}

/* clone.c, cloned.c: its maker sees to it that there is one of each */

void self_tell_copied(struct kith_thing *t)
{
	(void)t;
}

void clone_seen(struct clone *c, const char *full, bool available)
{
	(void)c;
	(void)full;
	(void)available;
}

bool clone_take(struct clone *c, const struct stanza *s)
{
	(void)c;
	(void)s;
	return false;
}

const char *talk_word_language(const struct request *q)
{
	(void)q;
	return NULL;
}

void watches_open(struct watches *ws)
{
	(void)ws;
}

void watches_look(struct watches *ws)
{
	(void)ws;
}

void order_end(struct order *o)
{
	(void)o;
}

void self_stay(struct kith_thing *t)
{
	(void)t;
}

int self_order_leave(void *arg, const char *re)
{
	(void)arg;
	(void)re;
	return -1;
}

bool clone_look_again(struct clone *c)
{
	(void)c;
	return false;
}

void clone_end(struct clone *c)
{
	(void)c;
}

/* cloned.c: nor is it told to anybody */

void self_cloned(void *arg, bool cloned)
{
	(void)arg;
	(void)cloned;
}

void self_clone_note(void *arg, const char *sentence)
{
	(void)arg;
	(void)sentence;
}

/* admission.c: it comes with nothing but a name and a password of its own */

int admission_init(struct admission *a, const struct kith_thing_conf *conf, struct err *e)
{
	*a = (struct admission){ .look_ms = -1 };
	if (!conf->invite && !conf->maker_key && !conf->maker_secret && !conf->cert_file &&
	    !conf->key_file)
		return 0;
	return err_set(e, ERR_INPUT, "this library shows no invitation, maker's key or certificate");
}

void admission_fini(struct admission *a)
{
	(void)a;
}

int admission_name(const struct admission *a, struct identity *id, const char *dir,
    struct err *e)
{
	(void)a;
	(void)id;
	(void)dir;
	(void)e;
	return 0;
}

struct signup_conf admission_conf(const struct admission *a)
{
	(void)a;
	return (struct signup_conf){ 0 };
}

void admission_settled(struct admission *a)
{
	(void)a;
}

int64_t admission_deadline(const struct admission *a)
{
	return a->look_ms;
}

bool admission_look(struct admission *a, const struct clock *clock, int64_t earliest_ms,
    char *text, size_t size)
{
	(void)a;
	(void)clock;
	(void)earliest_ms;
	(void)text;
	(void)size;
	return false;
}

/* resume_count.c: a session ends with its connection, and the server is not asked to
 * count (XEP-0198) */

void resume_keep(struct resume *r, const char *stanza, size_t len)
{
	(void)r;
	(void)stanza;
	(void)len;
}

void resume_enable(struct resume *r, struct buf *to)
{
	(void)r;
	(void)to;
}

void resume_ask(struct resume *r, struct buf *to)
{
	(void)r;
	(void)to;
}

void resume_handled(struct resume *r, const char *name)
{
	(void)r;
	(void)name;
}

int resume_take(struct resume *r, const struct stanza *s, struct buf *to)
{
	(void)r;
	(void)s;
	(void)to;
	return 0;
}

bool resume_can(const struct resume *r)
{
	(void)r;
	return false;
}

void resume_knock(const struct resume *r, struct buf *to)
{
	(void)r;
	(void)to;
}

int resume_resumed(struct resume *r, const struct stanza *s)
{
	(void)r;
	(void)s;
	return -1;
}

void resume_again(const struct resume *r, struct buf *to)
{
	(void)r;
	(void)to;
}
