/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof_timing: does the time of a wrong answer to a token's challenge tell what
 * is wrong with it (att-P-13)?  Answers of several kinds in random order; Welch's
 * t compares each two.  A kind is told from another only if it is in two
 * independent runs: a busy machine does that once.
 *
 * usage: proof_timing [SAMPLES]     default 1,000,000; prints TAP
 */
#include "config.h"

#include <err.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "provisioning/proof.h"

#define T_MAX 4.5
#define KEEP 90		/* hundredths: the slowest say more about the machine */

enum kind { NOTHING_RIGHT, FIRST_WRONG, LAST_WRONG, ALL_BUT_ONE_BIT, KINDS };
static const char *const names[KINDS] = {
	"nothing right", "first byte wrong", "last byte wrong", "one bit wrong"
};

struct samples {
	size_t n;
	double *ns;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void random_bytes(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		err(1, "getrandom");
}

static void answer_of(enum kind k, const struct proof *p, uint8_t out[static PROOF_BYTES])
{
	memcpy(out, p->plain, PROOF_BYTES);
	if (k == NOTHING_RIGHT)
		for (size_t i = 0; i < PROOF_BYTES; i++)
			out[i] ^= 0xff;
	else if (k == ALL_BUT_ONE_BIT)
		out[PROOF_BYTES / 2] ^= 1;
	else
		out[k == FIRST_WRONG ? 0 : PROOF_BYTES - 1] ^= 0x55;
}

static void measure(struct samples of[static KINDS], enum kind k)
{
	static const struct certificate c = { .kind = CERTIFICATE_DECRYPTS };
	static const struct proof_parties who = { "kith.example", "svc@example" };
	struct proof p = { .purpose = PROOF_OF_USE };
	uint8_t answer[PROOF_BYTES];
	bool good = false;
	double began;

	random_bytes(p.plain, sizeof(p.plain));
	answer_of(k, &p, answer);
	began = now_ns();
	for (int i = 0; i < 16; i++)	/* one alone is near to what the clock can tell */
		good = good || proof_is_good(&p, &c, &who, answer, sizeof(answer));
	of[k].ns[of[k].n++] = now_ns() - began;
	if (good)
		errx(1, "taken: %s", names[k]);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void mean_of(const struct samples *s, double *mean, double *var, size_t *n)
{
	double sum = 0, squares = 0;

	*n = s->n * KEEP / 100;
	for (size_t i = 0; i < *n; i++)
		sum += s->ns[i];
	*mean = sum / (double)*n;
	for (size_t i = 0; i < *n; i++)
		squares += (s->ns[i] - *mean) * (s->ns[i] - *mean);
	*var = squares / (double)(*n - 1);
}

static double welch(const struct samples *a, const struct samples *b)
{
	double ma, mb, va, vb;
	size_t n, m;

	mean_of(a, &ma, &va, &n);
	mean_of(b, &mb, &vb, &m);
	return (ma - mb) / sqrt(va / (double)n + vb / (double)m);
}

static void play(size_t samples, double t[KINDS][KINDS])
{
	struct samples of[KINDS] = { 0 };
	uint8_t kind;

	for (size_t k = 0; k < KINDS; k++)
		if ((of[k].ns = calloc(samples + 1000, sizeof(double))) == NULL)
			err(1, "memory");
	for (size_t i = 0; i < 1000; i++)
		measure(of, (enum kind)(i % KINDS));
	for (size_t k = 0; k < KINDS; k++)
		of[k].n = 0;		/* so far it was warming up */
	for (size_t i = 0; i < samples; i++) {
		random_bytes(&kind, 1);
		measure(of, (enum kind)(kind % KINDS));
	}
	for (size_t k = 0; k < KINDS; k++)
		qsort(of[k].ns, of[k].n, sizeof(double), by_size);
	for (size_t a = 0; a < KINDS; a++)
		for (size_t b = 0; b < KINDS; b++)
			t[a][b] = welch(&of[a], &of[b]);
	for (size_t k = 0; k < KINDS; k++)
		free(of[k].ns);
}

int main(int argc, char **argv)
{
	size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	double first[KINDS][KINDS], again[KINDS][KINDS];
	unsigned n = 0, bad = 0;

	play(samples, first);
	play(samples, again);
	for (size_t a = 0; a < KINDS; a++)
		for (size_t b = a + 1; b < KINDS; b++) {
			bool told = fabs(first[a][b]) >= T_MAX && fabs(again[a][b]) >= T_MAX &&
			    (first[a][b] > 0) == (again[a][b] > 0);

			bad += told;
			printf("%s %u - att_P_13__the time does not tell: %s, %s # t = %.2f, %.2f\n",
			    told ? "not ok" : "ok", ++n, names[a], names[b], first[a][b],
			    again[a][b]);
		}
	printf("1..%u\n", n);
	return bad > 0;
}
