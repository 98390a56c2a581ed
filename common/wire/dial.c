/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial: numeric addresses are taken as they are, names go through resolve.c.
 */
#include "config.h"

#include "common/wire/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/str.h"

static bool
numeric_address(const char *host, const char *port, struct resolve_address *out)
{
	struct sockaddr_in *v4 = &out->sa.v4;
	struct sockaddr_in6 *v6 = &out->sa.v6;
	int64_t number;

	if (str_to_int(port, 1, 65535, &number) != 0)
		return false;
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)number);
		out->len = sizeof(*v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)number);
	out->len = sizeof(*v6);
	return true;
}

int
dial_begin(struct dial *d, const char *host, const char *port, const struct clock *clock,
    struct err *e)
{
	memset(d, 0, sizeof(*d));
	if (numeric_address(host, port, &d->address[0])) {
		d->n = 1;
		d->state = DIAL_READY;
		return 0;
	}
	d->state = DIAL_WAIT;
	d->resolve = resolve_new(clock, NULL, e);
	if (d->resolve == NULL || resolve_host(d->resolve, host, port, e) != 0)
		return -1;
	(void)dial_run(d);	/* the hosts file answers at once */
	return 0;
}

void
dial_fini(struct dial *d)
{
	resolve_free(&d->resolve);
	d->state = DIAL_NONE;
}

int
dial_fd(const struct dial *d)
{
	return d->state == DIAL_WAIT ? resolve_fd(d->resolve) : -1;
}

int64_t
dial_deadline(const struct dial *d)
{
	return d->state == DIAL_WAIT ? resolve_deadline(d->resolve) : -1;
}

static enum dial_state
take_answer(struct dial *d)
{
	const struct resolve_address *found;

	switch (resolve_state(d->resolve)) {
	case RESOLVE_WAIT:
		return DIAL_WAIT;
	case RESOLVE_NONE:
		return DIAL_NONE;
	case RESOLVE_FAILED:
		return DIAL_FAILED;
	case RESOLVE_DONE:
		break;
	}
	d->n = resolve_addresses(d->resolve, &found);
	memcpy(d->address, found, d->n * sizeof(*found));
	return DIAL_READY;
}

enum dial_state
dial_run(struct dial *d)
{
	if (d->state != DIAL_WAIT)
		return d->state;
	resolve_run(d->resolve);
	d->state = take_answer(d);
	if (d->state != DIAL_WAIT)
		resolve_free(&d->resolve);
	return d->state;
}

static int
connect_socket(const struct resolve_address *a)
{
	int fd = socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, &a->sa.any, a->len) == 0 || errno == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -1;
}

int
dial_next(struct dial *d)
{
	int fd = -1;

	while (fd < 0 && dial_has_more(d))
		fd = connect_socket(&d->address[d->at++]);
	return fd;
}

bool
dial_has_more(const struct dial *d)
{
	return d->state == DIAL_READY && d->at < d->n;
}
