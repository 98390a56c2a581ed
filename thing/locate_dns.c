/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_dns: SRV records of each domain that was named (RFC 6120 3.2, XEP-0368),
 * one domain after the other.
 */
#include "config.h"


#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/locate_way.h"
#include "thing/thing.h"

struct dns {
	struct resolve *resolve;
	const char *const *name;	/* the one that is being asked */
	size_t next;			/* of its places */
	bool asked;
};

static void dns_close(void *self)
{
	struct dns *d = self;

	resolve_free(&d->resolve);
	mem_free(d);
}

static void *dns_open(const struct locate_ask *ask, struct err *e)
{
	struct dns *d = mem_zalloc(sizeof(*d));

	if (!d) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	d->name = ask->names;
	d->resolve = resolve_new(ask->clock, ask->name_servers, e);
	if (d->resolve)
		return d;
	dns_close(d);
	return NULL;
}

/* A place of the domain that is being asked; NONE: it has no more. */
static enum locate_answer from_this(struct dns *d, struct locate_found *out)
{
	const struct resolve_place *place;

	if (!d->asked && resolve_service(d->resolve, *d->name, NULL) < 0)
		return LOCATE_NONE;
	d->asked = true;
	if (resolve_state(d->resolve) == RESOLVE_WAIT)
		return LOCATE_WAIT;
	if (resolve_state(d->resolve) != RESOLVE_DONE ||
	    d->next >= resolve_places(d->resolve, &place))
		return LOCATE_NONE;
	out->at = place[d->next++];
	out->n_said = str_copy(out->said[0], sizeof(out->said[0]), *d->name) == 0;
	return LOCATE_PLACE;
}

static enum locate_answer dns_next(void *self, struct locate_found *out)
{
	struct dns *d = self;

	for (; *d->name; d->name++) {
		enum locate_answer a = from_this(d, out);

		if (a != LOCATE_NONE)
			return a;
		d->asked = false;
		d->next = 0;
	}
	return LOCATE_NONE;
}

static int dns_fd(const void *self)
{
	return resolve_fd(((const struct dns *)self)->resolve);
}

static int64_t dns_deadline(const void *self)
{
	return resolve_deadline(((const struct dns *)self)->resolve);
}

static void dns_run(void *self)
{
	resolve_run(((struct dns *)self)->resolve);
}

const struct locate_way locate_dns = {
	.name = "dns", .bit = KITH_THING_LOCATE_DNS,
	.open = dns_open, .close = dns_close, .next = dns_next,
	.fd = dns_fd, .deadline = dns_deadline, .run = dns_run,
};
