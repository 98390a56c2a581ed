/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: steps a request through deciding and working.  It says nothing itself:
 * the voice does.  Read next: readout.c, command.c, talk.c.
 */
#include "config.h"

#include "thing/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"

static void job_advance(struct job *j);

static bool is_reading(const struct job *j)
{
	return j->question.action == DECIDE_READ;
}

static void job_end(struct job *j)
{
	for (size_t i = 0; i < j->n_nodes; i++)
		node_release(&j->node[i]);
	mem_free(j->node);
	call_free(&j->call);
	mem_free(j->item);
	mem_free(j->past);
	memset(j, 0, sizeof(*j));
}

static void tell(struct job *j, bool served, const char *how)
{
	struct buf b;

	if (!j->jobs->told)
		return;
	buf_init(&b, 512);
	buf_addf(&b, "%s %s", j->question.jid, how);
	for (size_t i = 0; i < j->n && buf_ok(&b); i++) {
		const struct job_item *it = &j->item[i];

		buf_addf(&b, "%s %s", i ? "," : "",
		    is_reading(j) ? it->field->name : it->control->name);
		if (!node_is_device(it->node)) {
			buf_adds(&b, " of ");
			str_escape(&b, it->node->at.id, 60, false);
		}
	}
	j->jobs->told(j->jobs->arg, served, buf_str(&b));
	buf_fini(&b);
}

static void job_refuse(struct job *j, const struct job_no *no)
{
	if (no->verdict == ACCESS_UNKNOWN)
		tell(j, false, is_reading(j) ? "cannot be judged now; not shown:"
		    : "cannot be judged now; not obeyed:");
	else if (no->item && no->within == WITHIN_NOT)
		tell(j, false, "may not set it to that:");
	else if (no->item)
		tell(j, false, "may not do that so often:");
	else
		tell(j, false, is_reading(j) ? "may not read" : "may not control");
	j->voice->refused(j, no);
	job_end(j);
}

/* ---- deciding ----------------------------------------------------------- */

static bool is_granted(const struct decision *d, const char *name)
{
	for (size_t i = 0; i < d->names.n; i++)
		if (str_case_eq(d->names.name[i], name))
			return true;
	return d->names.n == 0;
}

/* Nodes listed are those it is about, of those that were asked for. */
static bool grants_node(const struct decision *d, const struct thing_node *n)
{
	for (size_t i = 0; i < d->nodes.n; i++)
		if (node_equal(&d->nodes.node[i], &n->at))
			return true;
	return d->nodes.n == 0;
}

static const char *name_of(const struct job_item *it)
{
	return it->field ? it->field->name : it->control->name;
}

/* His own when it was decided who has to be asked, and still his own now; or granted. */
static bool item_may(const struct job *j, const struct decision *d, struct job_item *it)
{
	unsigned types = j->question.types;
	bool may;

	if (it->local) {
		may = access_owns(j->jobs->access, it->node, j->question.jid);
	} else {
		may = d && grants_node(d, it->node) && is_granted(d, name_of(it));
		types &= d ? d->types : 0;
	}
	if (!is_reading(j))
		return may;
	it->types = it->field->kinds & types;
	return may && it->types != 0;
}

/* Leaves the items that were granted; a control is all or nothing.  `d` NULL: nothing
 * but what is his own. */
static bool job_narrow(struct job *j, const struct decision *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (item_may(j, d, &j->item[i]))
			j->item[kept++] = j->item[i];
		else if (!is_reading(j))
			return false;
	}
	j->n = kept;
	return kept > 0;
}

/* `used`: by which limits of the answer it will be counted. */
static enum within check_item(struct job *j, const struct decision *d, const struct job_item *it,
    struct within_found *found, bool *used)
{
	char text[WITHIN_TEXT];
	const char *value = it->control ? text : NULL;
	enum within w;

	*found = (struct within_found){ .by = NULL };
	if (it->local)
		return WITHIN;
	if (it->control)
		within_value(text, it->control->use.type, &it->value);
	w = within_check(d, j->question.jid, name_of(it), value,
	    &j->jobs->decisions->usage, clock_boot(j->jobs->clock), found);
	if (w == WITHIN)
		within_mark(d, name_of(it), value, used);
	return w;
}

/* All values allowed, none too often?  What is read and not allowed is left out
 * as long as something remains. */
static bool job_is_within(struct job *j, const struct decision *d, struct job_no *no, bool *used)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++) {
		struct within_found found;
		enum within w = check_item(j, d, &j->item[i], &found, used);

		if (w == WITHIN) {
			j->item[kept++] = j->item[i];
			continue;
		}
		no->item = no->item ? no->item : &j->item[i];
		no->within = w;
		no->rate = found.by;
		no->allowed = d;
		no->why.reason = w == WITHIN_NOT ? "denied" : "limits";
		no->why.retry_after_ms = found.wait_ms;
		if (!is_reading(j))
			return false;
	}
	j->n = kept > 0 ? kept : j->n;
	return kept > 0;
}

static bool counts_already(const struct decision *d, const bool *used, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (used[k] && d->limit[k].rule == d->limit[i].rule)
			return true;
	return false;
}

/* Once for each rule, whatever it allows of this request; before anything is
 * done, so that a crash costs a use and gives none back. */
static bool job_count(struct job *j, const struct decision *d, const bool *used)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < d->n_limits; i++)
		if (used[i] && !counts_already(d, used, i) && decisions_use(j->jobs->decisions,
		    j->question.jid, &d->limit[i], &e) < 0)
			return false;
	j->counted = true;
	return true;
}

static bool job_may(struct job *j, const struct decision *d, struct job_no *no)
{
	bool *used, may;

	no->verdict = ACCESS_NO;
	if (!job_narrow(j, d)) {
		no->why.reason = no->why.reason ? no->why.reason : "denied";
		return false;
	}
	/* Decided anew for what was counted and shown in part already. */
	if (!d || d->n_limits == 0 || j->counted)
		return true;
	used = mem_array(d->n_limits, sizeof(used[0]));
	may = used && job_is_within(j, d, no, used);
	if (!used || (may && !job_count(j, d, used))) {
		no->verdict = ACCESS_UNKNOWN;
		may = false;
	}
	mem_free(used);
	return may;
}

static bool has_own(const struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->item[i].local)
			return true;
	return false;
}

static void job_decided(void *arg, enum access_verdict v, const struct decision *d)
{
	struct job *j = arg;
	struct job_no no = { .verdict = v };

	if (j->step != JOB_DECIDING)
		return;
	if (j->cancelled) {
		job_end(j);
		return;
	}
	if (v == ACCESS_NO)
		no.why = d->why;
	/* Of nodes that are his and others that are not, he reads his own at least. */
	if ((v != ACCESS_YES && !(is_reading(j) && has_own(j))) ||
	    !job_may(j, v == ACCESS_YES ? d : NULL, &no)) {
		job_refuse(j, &no);
		return;
	}
	j->standby = v == ACCESS_YES && d->standby;
	j->step = JOB_WORKING;
	j->deadline_ms = clock_boot(j->jobs->clock) + JOB_DEVICE_MS;
	if (!j->accepted && j->voice->accepted)
		j->voice->accepted(j);
	if (j->ask_only) {
		job_end(j);
		return;
	}
	j->accepted = true;
	job_advance(j);
}

/* Whose own is it, and about which nodes must somebody be asked? */
static void job_split(struct job *j, struct node_list *ask)
{
	ask->n = 0;
	for (size_t i = 0; i < j->n; i++)
		j->item[i].local = access_owns(j->jobs->access, j->item[i].node,
		    j->question.jid);
	for (size_t i = 0; i < j->n_nodes; i++)
		if (!access_owns(j->jobs->access, j->node[i], j->question.jid))
			ask->node[ask->n++] = j->node[i]->at;
}

/* A thing that never had a node asks about none; others name them, themselves too. */
static bool must_name(const struct job *j)
{
	return j->jobs->nodes->n > 1 || j->n_nodes > 1 || !node_is_device(j->node[0]);
}

static void job_decide(struct job *j)
{
	static const struct decision own = { .allowed = true, .types = FIELD_ALL };
	struct decision_question q = j->question;
	size_t asked;

	j->step = JOB_DECIDING;
	j->deadline_ms = -1;	/* access answers by its own deadline */
	j->generation = j->jobs->decisions->generation;
	q.nodes.node = j->ask;
	job_split(j, &q.nodes);
	asked = q.nodes.n;
	if (!must_name(j))
		q.nodes.n = 0;
	if (asked == 0)
		job_decided(j, ACCESS_YES, &own);
	else
		access_decide(j->jobs->access, &q, false, job_decided, j);
}

/* ---- working ------------------------------------------------------------ */

static void item_settle(struct job_item *it, enum kith_thing_result r, const char *why)
{
	it->state = r == KITH_THING_OK ? ITEM_OK : ITEM_FAILED;
	it->ticket = 0;
	if (r != KITH_THING_OK && (!it->field || why != it->value.text))
		snprintf(it->value.text, sizeof(it->value.text), "%s",
		    why && *why ? why : "it did not work");
	if (r != KITH_THING_OK && !it->value.text[0])
		snprintf(it->value.text, sizeof(it->value.text), "it did not work");
	it->value.text[sizeof(it->value.text) - 1] = '\0';
	if (!str_utf8_valid(it->value.text, strlen(it->value.text)))
		snprintf(it->value.text, sizeof(it->value.text), "(not text)");
}

static void item_start(struct jobs *js, struct job_item *it)
{
	char why[KITH_THING_TEXT] = "";
	enum kith_thing_result r;

	if (it->node->gone) {		/* and its driver with it */
		item_settle(it, KITH_THING_FAILED, "it is gone");
		return;
	}
	if (it->field && (it->types & ~FIELD_HISTORICAL) == 0) {
		item_settle(it, KITH_THING_OK, NULL);	/* the driver knows only now */
		return;
	}
	it->ticket = ++js->tickets;
	it->state = ITEM_WAITING;
	if (it->field)
		r = it->field->use.read(it->field->use.arg, it->ticket, &it->value);
	else
		r = it->control->use.write(it->control->use.arg, it->ticket, &it->value,
		    why, sizeof(why));
	/* The driver may have called _done already. */
	if (r != KITH_THING_LATER && it->state == ITEM_WAITING)
		item_settle(it, r, it->field ? it->value.text : why);
}

static bool all_settled(const struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->item[i].state == ITEM_TODO || j->item[i].state == ITEM_WAITING)
			return false;
	return true;
}

/* Was something taken back while the device worked?  Then what was read is
 * shown only after a new decision.  What was done cannot be undone. */
static bool must_decide_again(const struct job *j)
{
	return is_reading(j) && j->generation != j->jobs->decisions->generation;
}

/* What was set before it at the same node is done first (XEP-0325 3.2.10); after
 * one that failed nobody knows what the others would do, so they are left. */
static bool must_wait(struct job *j, struct job_item *it)
{
	for (struct job_item *before = j->item; before < it; before++) {
		if (before->node != it->node)
			continue;
		if (before->state == ITEM_WAITING)
			return true;
		if (before->state == ITEM_FAILED) {
			it->state = ITEM_FAILED;
			snprintf(it->value.text, sizeof(it->value.text), "not tried");
			return true;
		}
	}
	return false;
}

static void job_start(struct job *j)
{
	j->starting = true;
	for (size_t i = 0; i < j->n; i++) {
		struct job_item *it = &j->item[i];

		if (it->state == ITEM_TODO && (is_reading(j) || !must_wait(j, it))) {
			j->deadline_ms = clock_boot(j->jobs->clock) + JOB_DEVICE_MS;
			item_start(j->jobs, it);
		}
	}
	j->starting = false;
}

static bool has_room(const struct jobs *js)
{
	return !session_is_up(js->session) || js->session->out->len < JOB_ROOM;
}

/* As long as there is room.  What is taken back in between is not said any more. */
static void job_say(struct job *j)
{
	while (j->step == JOB_SAYING && has_room(j->jobs)) {
		if (must_decide_again(j))
			job_decide(j);
		else if (j->voice->part(j))
			job_end(j);
	}
}

static void job_advance(struct job *j)
{
	job_start(j);
	if (!all_settled(j))
		return;
	if (must_decide_again(j)) {
		job_decide(j);
		return;
	}
	if (!j->told)
		tell(j, true, is_reading(j) ? "read" : j->standby ?
		    "went on to control, since nobody could be asked:" : "controlled");
	j->told = true;
	if (j->voice->part) {
		j->step = JOB_SAYING;
		job_say(j);
		return;
	}
	j->voice->done(j);
	job_end(j);
}

/* ---- beginning ---------------------------------------------------------- */

struct words jobs_words(const struct jobs *js, const struct request *q)
{
	struct words w = js->words;

	if (q->verb != VERB_CHAT)
		w.lang = q->lang;	/* a program that names none reads English */
	else if (q->u.chat.lang || q->lang)
		w.lang = q->u.chat.lang ? q->u.chat.lang : q->lang;
	return w;
}

static struct job *free_job(struct jobs *js, const char *bare)
{
	struct job *found = NULL;
	size_t same = 0;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &js->job[i];

		if (j->step == JOB_FREE)
			found = found ? found : j;
		else if (strcmp(j->question.jid, bare) == 0)
			same++;
	}
	return same < JOBS_PER_ASKER ? found : NULL;
}

static int take_nodes(struct job *j)
{
	const struct node_list *at = &j->question.nodes;
	size_t n = at->n ? at->n : 1;

	j->node = mem_array(n, sizeof(j->node[0]));
	j->ask = pool_zalloc(&j->call->pool, n * sizeof(j->ask[0]));
	if (!j->node || !j->ask)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct thing_node *found = at->n ? nodes_find(j->jobs->nodes, &at->node[i])
		    : nodes_device(j->jobs->nodes);

		if (!found)
			return -1;
		j->node[j->n_nodes++] = node_hold(found);
	}
	return 0;
}

static size_t count_items(const struct job *j)
{
	size_t n = 0, names = j->question.names.n;

	for (size_t i = 0; i < j->n_nodes; i++)
		n += names ? names : j->node[i]->board.n_fields;
	return n;
}

/* A parameter has to exist at each node; of fields, each node gives those it has. */
static int add_items(struct job *j, struct thing_node *node,
    const struct kith_thing_value *values, const struct job_known *known)
{
	const struct name_list *names = &j->question.names;
	size_t n = names->n ? names->n : node->board.n_fields;

	for (size_t i = 0; i < n; i++) {
		struct job_item *it = &j->item[j->n];

		it->node = node;
		if (!is_reading(j)) {
			it->control = board_control(&node->board, names->name[i]);
			it->value = values[i];
		} else {
			it->field = names->n ? board_field(&node->board, names->name[i])
			    : node->board.field[i];
		}
		if (known && it->field && known->field == it->field && known->node == node) {
			it->value = known->value;
			it->state = ITEM_OK;
		}
		if (it->field || it->control)
			j->n++;
		else if (!is_reading(j) || j->n_nodes == 1)
			return -1;
	}
	return 0;
}

static int add_all(struct job *j, const struct kith_thing_value *values,
    const struct job_known *known)
{
	size_t most;

	if (take_nodes(j) < 0)
		return -1;
	most = count_items(j);
	if (most > JOB_ITEMS || !(j->item = mem_array(most ? most : 1, sizeof(j->item[0]))))
		return -1;
	for (size_t i = 0; i < j->n_nodes; i++)
		if (add_items(j, j->node[i],
		    values ? values + i * j->question.names.n : NULL, known) < 0)
			return -1;
	return 0;
}

/* NULL: too many, or too much; the call is still the caller's. */
static struct job *job_new(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, const struct kith_thing_value *values,
    const struct job_known *known)
{
	struct job *j = free_job(js, q->jid);

	if (!j)
		return NULL;
	j->jobs = js;
	j->voice = voice;
	j->question = *q;
	j->call = *c;
	if (add_all(j, values, known) < 0) {
		j->call = NULL;
		job_end(j);
		return NULL;
	}
	*c = NULL;
	return j;
}

int job_begin(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, const struct kith_thing_value *values)
{
	struct job *j = job_new(js, c, voice, q, values, NULL);

	if (!j)
		return -1;
	job_decide(j);
	return 0;
}

int job_begin_known(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, const struct job_known *known, void *arg)
{
	struct job *j = job_new(js, c, voice, q, NULL, known);

	if (!j)
		return -1;
	j->arg = arg;
	job_decide(j);
	return 0;
}

int job_ask(struct jobs *js, struct call **c, const struct job_voice *voice,
    const struct decision_question *q, void *arg)
{
	struct job *j = job_new(js, c, voice, q, NULL, NULL);

	if (!j)
		return -1;
	j->arg = arg;
	j->ask_only = true;
	job_decide(j);
	return 0;
}

/* ---- from outside ------------------------------------------------------- */

static struct job_item *item_of(struct jobs *js, uint64_t ticket, struct job **j)
{
	for (size_t i = 0; ticket && i < JOBS_MAX; i++)
		for (size_t k = 0; k < js->job[i].n; k++)
			if (js->job[i].item[k].ticket == ticket) {
				*j = &js->job[i];
				return &js->job[i].item[k];
			}
	return NULL;
}

static void settled_from_outside(struct job *j)
{
	if (j->step == JOB_WORKING && !j->starting)
		job_advance(j);
}

void jobs_read_done(struct jobs *js, uint64_t ticket, enum kith_thing_result r,
    const struct kith_thing_value *v)
{
	struct job *j;
	struct job_item *it = item_of(js, ticket, &j);

	if (!it || !it->field || r == KITH_THING_LATER)
		return;
	if (v)
		it->value = *v;
	item_settle(it, r, it->value.text);
	settled_from_outside(j);
}

void jobs_write_done(struct jobs *js, uint64_t ticket, enum kith_thing_result r, const char *why)
{
	struct job *j;
	struct job_item *it = item_of(js, ticket, &j);

	if (!it || !it->control || r == KITH_THING_LATER)
		return;
	item_settle(it, r, why);
	settled_from_outside(j);
}

static bool is_readout(const struct job *j, const char *from, const char *seqnr)
{
	const struct request *q = j->call ? &j->call->q : NULL;

	return j->step != JOB_FREE && !j->cancelled && q && q->verb == VERB_READ && seqnr &&
	    q->u.read.seqnr && strcmp(q->u.read.seqnr, seqnr) == 0 && strcmp(q->from, from) == 0;
}

bool jobs_cancel(struct jobs *js, const char *from, const char *seqnr)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &js->job[i];

		if (!is_readout(j, from, seqnr))
			continue;
		if (j->step == JOB_DECIDING)
			j->cancelled = true;	/* the answer comes back to it */
		else
			job_end(j);
		return true;
	}
	return false;
}

/* A clock that stands at 0 is due at once. */
static int64_t job_deadline(const struct job *j)
{
	if (j->step == JOB_WORKING)
		return j->deadline_ms;
	return j->step == JOB_SAYING && has_room(j->jobs) ? 0 : -1;
}

int64_t jobs_deadline(const struct jobs *js)
{
	int64_t first = -1;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		int64_t at = job_deadline(&js->job[i]);

		if (at >= 0 && (first < 0 || at < first))
			first = at;
	}
	return first;
}

static void job_late(struct job *j)
{
	for (size_t k = 0; k < j->n; k++)
		if (j->item[k].state == ITEM_WAITING)
			item_settle(&j->item[k], KITH_THING_FAILED, "no answer in time");
	job_advance(j);
}

void jobs_tick(struct jobs *js)
{
	int64_t now = clock_boot(js->clock);

	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &js->job[i];

		if (j->step == JOB_SAYING)
			job_say(j);
		else if (j->step == JOB_WORKING && now >= j->deadline_ms)
			job_late(j);
	}
}

/* The answer about one that is being decided comes back to its place: nobody else has
 * that before. */
static void job_drop(struct job *j)
{
	if (j->step == JOB_DECIDING)
		j->cancelled = true;
	else if (j->step != JOB_FREE)
		job_end(j);
}

/* Each iq is answered (RFC 6120 8.2.3), and each readout that began ends. */
static void job_unfriend(struct job *j)
{
	if (!j->cancelled && j->voice->unfriended)
		j->voice->unfriended(j);
	job_drop(j);
}

void jobs_drop(struct jobs *js)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		job_drop(&js->job[i]);
}

void jobs_unfriend(struct jobs *js, const char *bare)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &js->job[i];

		if (j->step != JOB_FREE && !j->starting && strcmp(j->question.jid, bare) == 0)
			job_unfriend(j);
	}
}
