/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_sim: sim=KIND, for trying things out and for tests.
 *	memory			a cell; a control and a field of one name share it
 *	sine:BASE:AMPLITUDE:SECONDS	a number over wall time
 *	square:LOW:HIGH:SECONDS	half of the time this, half that; boolean: off, on
 *	walk:START:STEP		a random walk, a step each reading
 *	counter:START:STEP	more by STEP each reading
 *	text:WORDS		always this
 * A walk is the same for the same seed=, a sine and a square begin elsewhere in
 * their time: a street of simulated things does not swing in step.
 */
#include "config.h"

#include "thing/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"

struct device_cells {
	size_t n;
	struct { char name[72]; struct kith_thing_value value; } cell[2 * KITH_THING_FIELDS];
};

struct sim {
	const struct sim_kind *kind;
	struct kith_thing_value *cell;
	double a, b, c;
	double ahead;			/* of its period, from the seed: 0 to 1 */
	uint64_t state;
	const char *text;
};

struct sim_kind {
	const char *name;		/* with its colon, when numbers follow */
	size_t numbers;
	bool may_be_boolean;
	void (*read)(struct device *d, struct sim *s, struct kith_thing_value *v);
};

struct device_cells *device_cells_new(void)
{
	return mem_zalloc(sizeof(struct device_cells));
}

void device_cells_free(struct device_cells **c)
{
	mem_free(*c);
	*c = NULL;
}

static struct kith_thing_value *cell(struct device_cells *c, const char *name)
{
	size_t max = sizeof(c->cell) / sizeof(c->cell[0]);

	for (size_t i = 0; i < c->n; i++)
		if (str_case_eq(c->cell[i].name, name))
			return &c->cell[i].value;
	if (c->n == max || str_copy(c->cell[c->n].name, sizeof(c->cell[0].name), name) < 0)
		return NULL;
	return &c->cell[c->n++].value;
}

/* "1:2:3" into numbers; false unless exactly `n` are there. */
static bool numbers(const char *text, double *const out[], size_t n)
{
	char word[STR_DOUBLE];

	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(text, ":");

		if (len >= sizeof(word))
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		if (str_to_double(word, out[i]) < 0 || (text[len] == ':') != (i + 1 < n))
			return false;
		text += len + 1;
	}
	return true;
}

/* xorshift64*: repeatable, and nothing secret depends on it.  -1 to 1. */
static double random_step(struct sim *s)
{
	s->state ^= s->state >> 12;
	s->state ^= s->state << 25;
	s->state ^= s->state >> 27;
	return (double)((s->state * 0x2545f4914f6cdd1dULL) >> 11) / 4503599627370496.0 - 1.0;
}

static double rounded(double n)
{
	return round(n * 100.0) / 100.0;
}

/* Where in its period of `c` seconds it is: 0 to 1. */
static double phase(const struct device *d, const struct sim *s)
{
	double turns = (double)clock_wall(d->host->clock) / 1000.0 / s->c + s->ahead;

	return turns - floor(turns);
}

static void read_memory(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	(void)d;
	*v = *s->cell;
}

static void read_sine(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	v->number = rounded(s->a + s->b * sin(phase(d, s) * 6.283185307179586));
}

static void read_square(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	v->boolean = phase(d, s) >= 0.5;
	v->number = v->boolean ? s->b : s->a;
}

static void read_walk(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	(void)d;
	s->a += s->b * random_step(s);
	v->number = rounded(s->a);
}

static void read_counter(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	(void)d;
	v->number = s->a;
	s->a += s->b;
}

static void read_text(struct device *d, struct sim *s, struct kith_thing_value *v)
{
	(void)d;
	snprintf(v->text, sizeof(v->text), "%s", s->text);
}

static const struct sim_kind kinds[] = {
	{ "memory", 0, true, read_memory },
	{ "sine:", 3, false, read_sine },
	{ "square:", 3, true, read_square },
	{ "walk:", 2, false, read_walk },
	{ "counter:", 2, false, read_counter },
	{ "text:", 0, false, read_text },
};

static bool is_number(enum kith_thing_type type)
{
	return type == KITH_THING_NUMERIC || type == KITH_THING_INT;
}

static bool take_spec(struct device *d, struct sim *s)
{
	const char *spec = d->conf.spec, *rest;
	bool numeric = is_number(d->conf.type);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_starts(spec, kinds[i].name))
			s->kind = &kinds[i];
	if (!s->kind)
		return false;
	rest = spec + strlen(s->kind->name);
	if (s->kind->read == read_memory) {
		s->cell = cell(d->host->cells, d->conf.name);
		return !*rest && s->cell;
	}
	if (s->kind->read == read_text) {
		s->text = rest;
		return !numeric && d->conf.type != KITH_THING_BOOLEAN;
	}
	if (!numeric && !(s->kind->may_be_boolean && d->conf.type == KITH_THING_BOOLEAN))
		return false;
	return numbers(rest, (double *[]){ &s->a, &s->b, &s->c }, s->kind->numbers) &&
	    (s->kind->numbers < 3 || s->c > 0);
}

static int sim_open(struct device *d, struct err *e)
{
	struct sim *s = mem_zalloc(sizeof(*s));

	if (!s)
		return err_set(e, ERR_SYSTEM, "out of memory");
	s->state = d->conf.seed * 2 + 1;
	s->ahead = d->conf.seed ? (random_step(s) + 1) / 2 : 0;
	d->self = s;
	if (!take_spec(d, s)) {
		err_set(e, ERR_INPUT, "sim=%s is not memory, sine:BASE:AMPLITUDE:SECONDS, "
		    "square:LOW:HIGH:SECONDS, walk:START:STEP, counter:START:STEP (numeric) or "
		    "text:WORDS", d->conf.spec);
	} else if (d->conf.is_control && s->kind->read != read_memory) {
		err_set(e, ERR_INPUT, "a simulated control is sim=memory");
	} else {
		return 0;
	}
	mem_free(s);
	d->self = NULL;
	return -1;
}

static void sim_close(struct device *d)
{
	mem_free(d->self);
}

static enum kith_thing_result sim_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct sim *s = d->self;

	(void)ticket;
	s->kind->read(d, s, v);
	return KITH_THING_OK;
}

static enum kith_thing_result sim_write(struct device *d, uint64_t ticket,
    const struct kith_thing_value *v, char *why, size_t why_size)
{
	struct sim *s = d->self;

	(void)ticket;
	(void)why;
	(void)why_size;
	*s->cell = *v;
	return KITH_THING_OK;
}

const struct device_ops device_sim = {
	.key = "sim",
	.reads = true,
	.writes = true,
	.open = sim_open,
	.close = sim_close,
	.read = sim_read,
	.write = sim_write,
};
