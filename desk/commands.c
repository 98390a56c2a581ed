/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: where ad-hoc commands (command_step.h) meet the conversation: the
 * same words, the same languages, the same slowing down of wrong codes.
 */
#include "config.h"

#include "desk/command_step.h"
#include "desk/role.h"

static int serve(void *arg, struct request *q, struct reply *r, struct err *e)
{
	struct desk *d = arg;
	struct talk talk = desk_talk(d, q), *t = &talk;

	if (!desk_may_try(d, q)) {
		if (desk_text(q, r, desk_wrong_codes(t), e) != 0)
			return -1;
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	if (desk_serve_request(d, q, r, e) != 0)
		return -1;
	desk_tried(d, q, r);
	return 0;
}

static void say(void *arg, struct buf *text, const struct request *q, const struct reply *r)
{
	desk_say(arg, text, q, r);
}

static int read_line(void *arg, const struct request *chat, struct request *out, struct buf *why)
{
	struct desk *d = arg;
	struct talk talk = desk_talk(d, chat), *t = &talk;
	struct words w;

	if (words_parse(&w, chat, d->conf.profile) != 0 || w.n != 1 || w.more) {
		buf_adds(why, T("That is too long for me."));
		return 1;
	}
	if (w.line[0].fault != WORDS_FINE) {
		talk_fault(why, t, &w.line[0]);
		return 1;
	}
	if (desk_is_elsewhere(d, &w.line[0], why))
		return 1;
	*out = w.line[0].q;
	return 0;
}

static const char *text_of(void *arg, const struct request *q, const char *text)
{
	struct talk talk = desk_talk(arg, q), *t = &talk;

	return T(text);
}

static void when(void *arg, struct buf *out, const struct request *q, int64_t wall_ms)
{
	struct talk t = desk_talk(arg, q);

	talk_time(out, &t, wall_ms);
}

static bool is_person(void *arg, const char *bare)
{
	return desk_is_person(arg, bare);
}

static bool is_shared(void *arg, const char *bare, const struct owned *t)
{
	struct desk *d = arg;

	return d->d.provisioning != NULL &&
	    provisioning_is_co_owner(d->d.provisioning, bare, t);
}

static const struct command_ops ops = {
	.serve = serve,
	.say = say,
	.read = read_line,
	.text = text_of,
	.when = when,
	.is_person = is_person,
	.is_shared = is_shared,
};

int desk_commands_open(struct desk *d, struct err *e)
{
	struct command_deps deps = {
		.profile = d->conf.profile,
		.ownership = d->d.ownership,
		.store = d->d.store,
		.clock = d->d.clock,
		.stats = d->d.stats,
		.ops = &ops,
		.arg = d,
	};

	return command_steps_open(&d->commands, &deps, e);
}

bool desk_command_serves(const struct request *q)
{
	return command_steps_serves(q);
}

int desk_command(struct desk *d, const struct request *q, struct reply *r, struct err *e)
{
	return command_steps_serve(d->commands, q, r, e);
}
