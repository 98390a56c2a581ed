/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_sim: sim=KIND, for trying things out and for tests.
 *	memory			a cell; a control and a field of one name share it
 *	sine:BASE:AMPLITUDE:SECONDS	a number over wall time
 *	walk:START:STEP		a random walk, the same for the same seed=
 *	text:WORDS		always this
 */
#include "config.h"

#include "thing/device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"

struct device_cells {
	size_t n;
	struct { char name[72]; struct kith_thing_value value; } cell[2 * KITH_THING_FIELDS];
};

enum kind { SIM_MEMORY, SIM_SINE, SIM_WALK, SIM_TEXT };

struct sim {
	enum kind kind;
	struct kith_thing_value *cell;
	double a, b, c;
	uint64_t state;
	const char *text;
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

static bool take_spec(struct device *d, struct sim *s)
{
	const char *spec = d->conf.spec;

	s->state = d->conf.seed * 2 + 1;
	if (strcmp(spec, "memory") == 0) {
		s->kind = SIM_MEMORY;
		s->cell = cell(d->host->cells, d->conf.name);
		return s->cell != NULL;
	}
	if (str_starts(spec, "text:")) {
		s->kind = SIM_TEXT;
		s->text = spec + 5;
		return d->conf.type != KITH_THING_NUMERIC && d->conf.type != KITH_THING_BOOLEAN;
	}
	if (d->conf.type != KITH_THING_NUMERIC)
		return false;
	if (str_starts(spec, "sine:")) {
		s->kind = SIM_SINE;
		return numbers(spec + 5, (double *[]){ &s->a, &s->b, &s->c }, 3) && s->c > 0;
	}
	s->kind = SIM_WALK;
	return str_starts(spec, "walk:") && numbers(spec + 5, (double *[]){ &s->a, &s->b }, 2);
}

static int sim_open(struct device *d, struct err *e)
{
	struct sim *s = mem_zalloc(sizeof(*s));

	if (!s)
		return err_set(e, ERR_SYSTEM, "out of memory");
	d->self = s;
	if (!take_spec(d, s)) {
		err_set(e, ERR_INPUT, "sim=%s is not memory, sine:BASE:AMPLITUDE:SECONDS, "
		    "walk:START:STEP (numeric) or text:WORDS", d->conf.spec);
	} else if (d->conf.is_control && s->kind != SIM_MEMORY) {
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

/* xorshift64*: repeatable, and nothing secret depends on it. */
static double random_step(struct sim *s)
{
	s->state ^= s->state >> 12;
	s->state ^= s->state << 25;
	s->state ^= s->state >> 27;
	return (double)((s->state * 0x2545f4914f6cdd1dULL) >> 11) / 4503599627370496.0 - 1.0;
}

static enum kith_thing_result sim_read(struct device *d, uint64_t ticket,
    struct kith_thing_value *v)
{
	struct sim *s = d->self;

	(void)ticket;
	switch (s->kind) {
	case SIM_MEMORY:
		*v = *s->cell;
		break;
	case SIM_SINE:
		v->number = s->a + s->b * sin((double)clock_wall(d->host->clock) / 1000.0 /
		    s->c * 6.283185307179586);
		v->number = round(v->number * 100.0) / 100.0;
		break;
	case SIM_WALK:
		s->a += s->b * random_step(s);
		v->number = round(s->a * 100.0) / 100.0;
		break;
	case SIM_TEXT:
		snprintf(v->text, sizeof(v->text), "%s", s->text);
		break;
	}
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
