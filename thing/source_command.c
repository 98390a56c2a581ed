/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_command: command=PROGRAM ARGUMENTS, which stays running and prints
 * lines; words with blanks in them are quoted:
 *
 *	node ID [type=T] [name=N] [parent=ID] [tag.NAME=TEXT ...]
 *	field ID NAME [type=numeric] [unit=U]
 *	control ID NAME [type=boolean] [min=N max=N]
 *	value ID NAME TEXT		a field that was not said before is guessed from it
 *	fault ID NAME WHY
 *	state ID ok|information|warning|error
 *	gone ID
 *
 * On its input it finds `set TICKET ID NAME TEXT` and answers `done TICKET` or
 * `failed TICKET WHY`.  When it ends it is started again, later each time.
 */
#include "config.h"

#include "thing/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/ident.h"
#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/child.h"

#define AGAIN_MS 1000		/* after its first end */
#define AGAIN_MAX_MS 300000
#define GOOD_MS 60000		/* who ran so long may start anew at once */
#define WAITING 16		/* writes that are not answered yet */
#define ANSWER_MS 9000
#define LINES 256		/* taken in one turn */

struct program {
	char *text, *args[CHILD_ARGS + 1];
	char shell[8], option[3];
	pid_t pid;			/* 0: not running */
	int fd;				/* a socket: its input and its output; -1 */
	int64_t begun_ms, again_ms;	/* boot */
	unsigned failures;
	bool skipping;			/* the rest of a line that was too long */
	size_t len;
	char line[SOURCE_VALUE + 1];
	struct { uint64_t number, ticket; int64_t until_ms; } waiting[WAITING];	/* number 0: free */
	uint64_t numbers;
};

static int program_open(struct source *s, struct err *e)
{
	struct program *p = mem_zalloc(sizeof(*p));

	if (!p || !(p->text = mem_strdup(s->conf.spec))) {
		mem_free(p);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	p->fd = -1;
	s->self = p;
	if (s->conf.shell) {
		memcpy(p->shell, "/bin/sh", sizeof(p->shell));
		memcpy(p->option, "-c", sizeof(p->option));
		p->args[0] = p->shell;
		p->args[1] = p->option;
		p->args[2] = p->text;
		return 0;
	}
	if (child_split(p->text, p->args, e) > 0)
		return 0;
	mem_free(p->text);
	mem_free(p);
	return -1;
}

static void finish(struct source *s, size_t i, enum kith_thing_result r, const char *why)
{
	struct program *p = s->self;
	uint64_t ticket = p->waiting[i].ticket;

	p->waiting[i].number = 0;
	s->host.write_done(s->host.arg, ticket, r, why);
}

static void end(struct source *s)
{
	struct program *p = s->self;

	child_kill(p->pid);
	if (p->fd >= 0)
		close(p->fd);
	p->pid = 0;
	p->fd = -1;
	p->len = 0;
	p->skipping = false;
	for (size_t i = 0; i < WAITING; i++)
		if (p->waiting[i].number)
			finish(s, i, KITH_THING_FAILED, "the program ended");
}

static void program_close(struct source *s)
{
	struct program *p = s->self;

	end(s);
	mem_free(p->text);
	mem_free(p);
}

/* ---- starting -------------------------------------------------------------- */

static void start_later(struct source *s, const char *why)
{
	struct program *p = s->self;
	int64_t now = clock_boot(s->host.clock), wait = AGAIN_MS;
	uint32_t r = 0;

	if (now - p->begun_ms >= GOOD_MS)
		p->failures = 0;
	for (unsigned i = 0; i < p->failures && wait < AGAIN_MAX_MS; i++)
		wait *= 2;
	p->failures++;
	(void)!ident_random(&r, sizeof(r), NULL);
	wait = wait < AGAIN_MAX_MS ? wait : AGAIN_MAX_MS;
	p->again_ms = now + wait / 2 + (int64_t)(r % (uint64_t)(wait / 2 + 1));
	end(s);
	source_down(s, why);
}

static void start(struct source *s)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
	char *envp[] = { path, lang, NULL };
	struct program *p = s->self;
	char why[128];
	int ends[2], bad;

	p->begun_ms = clock_boot(s->host.clock);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		start_later(s, strerror(errno));
		return;
	}
	bad = child_start(p->args, envp, ends[1], ends[1], &p->pid);
	close(ends[1]);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	p->fd = ends[0];
	if (!bad)
		return;
	snprintf(why, sizeof(why), "cannot run %s: %s", p->args[0], strerror(bad));
	start_later(s, why);
}

/* ---- what it says ----------------------------------------------------------- */

/* The text behind "KEY="; NULL: another word. */
static const char *option(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static void say_node(struct source *s, char **word)
{
	struct source_about about = { .id = word[1] };
	const char *text;

	for (word += 2; *word; word++) {
		char *is = strchr(*word, '=');

		if ((text = option(*word, "type")))
			about.type = text;
		else if ((text = option(*word, "name")))
			about.name = text;
		else if ((text = option(*word, "parent")))
			about.parent = text;
		else if (str_starts(*word, "tag.") && is && about.n_tags < SOURCE_TAGS) {
			*is = '\0';
			about.tag[about.n_tags++] = (struct kith_thing_tag){
				.name = *word + 4, .text = is + 1 };
		}
	}
	(void)source_node_is(s, &about);
}

static enum kith_thing_type type_of(const char *name, enum kith_thing_type otherwise)
{
	for (int t = KITH_THING_BOOLEAN; t <= KITH_THING_COLOR; t++)
		if (strcmp(name, kith_thing_type_name((enum kith_thing_type)t)) == 0)
			return (enum kith_thing_type)t;
	return otherwise;
}

static void say_shape(struct source *s, char **word)
{
	bool is_control = strcmp(word[0], "control") == 0;
	struct source_shape shape = { .value = { .scale = 1,
		.type = is_control ? KITH_THING_BOOLEAN : KITH_THING_NUMERIC } };
	struct source_node *n = source_node(s, &(struct source_about){ .id = word[1] });
	struct source_point *p;
	const char *text;

	for (char **w = word + 3; *w; w++) {
		if ((text = option(*w, "type")))
			shape.value.type = type_of(text, shape.value.type);
		else if ((text = option(*w, "unit")))
			shape.unit = text;
		else if ((text = option(*w, "min")) && str_to_double(text, &shape.min) < 0)
			return;
		else if ((text = option(*w, "max")) && str_to_double(text, &shape.max) < 0)
			return;
	}
	p = n ? source_point(n, word[2], is_control, &shape) : NULL;
	if (p)
		p->shape.unit = NULL;	/* stands in the line */
}

static void say_value(struct source *s, char **word)
{
	struct source_node *n = source_node(s, &(struct source_about){ .id = word[1] });
	struct source_point *p = n ? source_point_find(n, word[2], false) : NULL;
	struct source_shape shape = { .value = { .scale = 1 } };
	char unit[16];

	if (!p) {
		source_guess(word[3], &shape.value.type, unit);
		shape.unit = unit[0] ? unit : NULL;
		p = n ? source_point(n, word[2], false, &shape) : NULL;
		if (p)
			p->shape.unit = NULL;
	}
	if (p)
		source_take(p, word[3]);
}

static void say_fault(struct source *s, char **word)
{
	struct source_node *n = source_node_find(s, word[1]);
	struct source_point *p = n ? source_point_find(n, word[2], false) : NULL;

	if (p)
		source_fault(p, word[3]);
}

static void say_state(struct source *s, char **word)
{
	static const struct { const char *word; enum kith_thing_node_state state; } states[] = {
		{ "ok", KITH_THING_NODE_OK }, { "information", KITH_THING_NODE_INFORMATION },
		{ "warning", KITH_THING_NODE_WARNING_UNSIGNED },
		{ "error", KITH_THING_NODE_ERROR_UNSIGNED },
	};
	struct source_node *n = source_node_find(s, word[1]);

	for (size_t i = 0; n && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(word[2], states[i].word) == 0)
			source_node_state(n, states[i].state);
}

static void say_gone(struct source *s, char **word)
{
	struct source_node *n = source_node_find(s, word[1]);

	if (n)
		source_node_gone(n);
}

static void say_answer(struct source *s, char **word)
{
	struct program *p = s->self;
	int64_t number;

	if (str_to_int(word[1], 1, INT64_MAX, &number) < 0)
		return;
	for (size_t i = 0; i < WAITING; i++)
		if (p->waiting[i].number == (uint64_t)number)
			finish(s, i, strcmp(word[0], "done") == 0 ? KITH_THING_OK
			    : KITH_THING_FAILED, word[2] ? word[2] : "it did not work");
}

static const struct { const char *word; int least; void (*say)(struct source *s, char **word); }
verbs[] = {
	{ "node", 2, say_node }, { "field", 3, say_shape }, { "control", 3, say_shape },
	{ "value", 4, say_value }, { "fault", 4, say_fault }, { "state", 3, say_state },
	{ "gone", 2, say_gone }, { "done", 2, say_answer }, { "failed", 2, say_answer },
};

/* Lines that are none of these are left alone: a later version may know more. */
static void take_line(struct source *s, char *line)
{
	char *word[CHILD_ARGS + 1];
	int n = str_utf8_valid(line, strlen(line)) ? child_split(line, word, NULL) : -1;

	for (size_t i = 0; n > 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(word[0], verbs[i].word) == 0 && n >= verbs[i].least) {
			source_up(s);
			verbs[i].say(s, word);
			return;
		}
}

/* All whole lines; what is left moves to the front. */
static int take_lines(struct source *s)
{
	struct program *p = s->self;
	char *from = p->line, *stop;
	int n = 0;

	p->line[p->len] = '\0';
	for (; (stop = memchr(from, '\n', p->len - (size_t)(from - p->line))); from = stop + 1, n++) {
		*stop = '\0';
		if (!p->skipping && strlen(from) == (size_t)(stop - from))
			take_line(s, from);
		p->skipping = false;
	}
	p->len -= (size_t)(from - p->line);
	memmove(p->line, from, p->len);
	if (p->len == sizeof(p->line) - 1) {
		p->skipping = true;
		p->len = 0;
	}
	return n;
}

/* ---- writing to it ----------------------------------------------------------- */

/* In quotes that the text does not hold; what holds both kinds cannot be said. */
static bool quote(char *out, size_t size, const char *text)
{
	char mark = strchr(text, '"') ? '\'' : '"';

	return !strchr(text, mark) && !strchr(text, '\n') &&
	    snprintf(out, size, "%c%s%c", mark, text, mark) < (int)size;
}

static enum kith_thing_result program_write(struct source_point *point, uint64_t ticket,
    const char *text, char *why, size_t why_size)
{
	struct source *s = point->node->source;
	struct program *p = s->self;
	char id[SOURCE_NAME + 3], name[SOURCE_NAME + 3], value[SOURCE_VALUE];
	char line[SOURCE_VALUE + 256];
	size_t i = 0;
	int len;

	while (i < WAITING && p->waiting[i].number)
		i++;
	if (i == WAITING || p->fd < 0) {
		snprintf(why, why_size, i == WAITING ? "too many writes are under way"
		    : "the program does not run");
		return KITH_THING_FAILED;
	}
	len = quote(id, sizeof(id), point->node->id) && quote(name, sizeof(name), point->name) &&
	    quote(value, sizeof(value), text) ? snprintf(line, sizeof(line),
	    "set %llu %s %s %s\n", (unsigned long long)(p->numbers + 1), id, name, value) : -1;
	/* A line of it or none: half a line would spoil the next. */
	if (len < 0 || len >= (int)sizeof(line) ||
	    send(p->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len) {
		snprintf(why, why_size, "the program does not take it");
		return KITH_THING_FAILED;
	}
	p->waiting[i].number = ++p->numbers;
	p->waiting[i].ticket = ticket;
	p->waiting[i].until_ms = clock_boot(s->host.clock) + ANSWER_MS;
	return KITH_THING_LATER;
}

/* ---- its time ------------------------------------------------------------------ */

static int program_fd(const struct source *s, short *events)
{
	const struct program *p = s->self;

	*events = POLLIN;
	return p->fd;
}

static int64_t program_deadline(const struct source *s)
{
	const struct program *p = s->self;
	int64_t at = p->pid ? -1 : p->again_ms;

	for (size_t i = 0; i < WAITING; i++)
		if (p->waiting[i].number && (at < 0 || p->waiting[i].until_ms < at))
			at = p->waiting[i].until_ms;
	return at;
}

static void read_it(struct source *s)
{
	struct program *p = s->self;
	ssize_t n = 1;

	for (int lines = 0; lines < LINES && n > 0;) {
		n = read(p->fd, p->line + p->len, sizeof(p->line) - 1 - p->len);
		if (n > 0) {
			p->len += (size_t)n;
			lines += 1 + take_lines(s);
		}
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		start_later(s, "its program ended");
}

static void program_process(struct source *s)
{
	struct program *p = s->self;
	int64_t now = clock_boot(s->host.clock);

	if (!p->pid && now >= p->again_ms)
		start(s);
	if (p->fd >= 0)
		read_it(s);
	for (size_t i = 0; i < WAITING; i++)
		if (p->waiting[i].number && now >= p->waiting[i].until_ms)
			finish(s, i, KITH_THING_FAILED, "no answer in time");
}

const struct source_ops source_command = {
	.key = "command",
	.open = program_open,
	.close = program_close,
	.write = program_write,
	.fd = program_fd,
	.deadline = program_deadline,
	.process = program_process,
};
