/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_time: a clock, or a bound in its place.
 */
#include "config.h"

#include "common/wire/tls_time.h"

#include <time.h>

#include "common/base/calendar.h"
#include "common/base/clock.h"

#define SKEW_S 300	/* of a stapled answer: its maker's clock and ours */

void
tls_time_init(struct tls_time *t, int64_t now_ms, int64_t earliest_ms)
{
	t->unknown = !clock_is_likely(now_ms, earliest_ms);
	t->at_s = earliest_ms == 0 ? 0 : (t->unknown ? earliest_ms : now_ms) / 1000;
}

static int64_t
now_s(const struct tls_time *t)
{
	return t->at_s != 0 ? t->at_s : clock_wall(&clock_system) / 1000;
}

/* Everything else that is wrong with a certificate stays wrong. */
static int
forgive_not_yet(int ok, X509_STORE_CTX *ctx)
{
	int why = X509_STORE_CTX_get_error(ctx);

	if (ok == 1 || (why != X509_V_ERR_CERT_NOT_YET_VALID && why != X509_V_ERR_CRL_NOT_YET_VALID))
		return ok;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

void
tls_time_prepare(const struct tls_time *t, SSL_CTX *ctx)
{
	if (t->at_s != 0)
		X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), (time_t)t->at_s);
	if (t->unknown)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, forgive_not_yet);
}

int64_t
tls_time_ms(const ASN1_TIME *at)
{
	struct tm tm;

	return ASN1_TIME_to_tm(at, &tm) == 1 ? calendar_seconds(&tm) * 1000 : 0;
}

static void
not_before(struct tls_time *t, const ASN1_TIME *from)
{
	int64_t s = tls_time_ms(from) / 1000;

	if (s > t->at_s)
		t->at_s = s;
}

int
tls_time_check(struct tls_time *t, const STACK_OF(X509) *chain, struct err *e)
{
	int i;

	if (!t->unknown)
		return 0;
	for (i = 0; i < sk_X509_num(chain); i++)
		not_before(t, X509_get0_notBefore(sk_X509_value(chain, i)));
	for (i = 0; i < sk_X509_num(chain); i++)
		if (tls_time_ms(X509_get0_notAfter(sk_X509_value(chain, i))) / 1000 < t->at_s)
			return err_set(e, ERR_INPUT, "the server's certificates are not valid at any "
			    "one time");
	return 0;
}

int
tls_time_check_answer(struct tls_time *t, const ASN1_TIME *from, const ASN1_TIME *until,
    struct err *e)
{
	int64_t now;

	if (t->unknown)
		not_before(t, from);
	now = now_s(t);
	if (tls_time_ms(from) / 1000 > now + SKEW_S ||
	    (until != NULL && tls_time_ms(until) / 1000 < now - SKEW_S))
		return err_set(e, ERR_INPUT, "the stapled OCSP answer is out of date");
	return 0;
}

void
tls_time_day(const struct tls_time *t, char out[static TLS_TIME_DAY])
{
	struct tm tm;

	calendar_tm(now_s(t), &tm);
	if (strftime(out, TLS_TIME_DAY, "%Y-%m-%d", &tm) == 0)
		out[0] = '\0';
}
