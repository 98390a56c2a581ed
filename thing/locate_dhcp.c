/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_dhcp: option 224 of the lease (XEP-0347 3.2.1) that the machine's DHCP
 * client keeps in a file.  The option names a server, perhaps by a bare host name;
 * it is asked for by DNS like a domain, and may serve its own name, the domain of
 * the network, or another one.
 */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/dhcp_lease.h"
#include "thing/locate_way.h"
#include "thing/thing.h"

#define FILES 8
#define NAMES 4

struct leased {
	size_t n, next;			/* next: of those that are addresses */
	char full[NAMES][DOMAINS_NAME], domain[NAMES][DOMAINS_NAME];
	bool is_address[NAMES];
	const char *name[NAMES + 1];	/* the others, for the DNS */
	void *dns;
};

/* The last part of the file, at most `size` bytes; -1: there is none to read. */
static ssize_t read_tail(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;
	off_t from;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		from = st.st_size > (off_t)size ? st.st_size - (off_t)size : 0;
		n = pread(fd, out, size, from);
	}
	close(fd);
	return n;
}

static bool has(const struct leased *d, const char *full)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->full[i], full) == 0)
			return true;
	return false;
}

static void take_file(struct leased *d, const char *path, char *text)
{
	ssize_t n = read_tail(path, text, DHCP_LEASE_FILE);
	char full[DOMAINS_NAME];
	struct dhcp_lease l;
	struct in_addr address;

	if (n <= 0 || d->n == NAMES || dhcp_lease_parse(&l, text, (size_t)n) < 0 ||
	    dhcp_lease_full(&l, full, sizeof(full)) < 0 || has(d, full) ||
	    str_copy(d->domain[d->n], DOMAINS_NAME, l.domain) < 0)
		return;
	memcpy(d->full[d->n], full, sizeof(full));
	d->is_address[d->n] = inet_pton(AF_INET, full, &address) == 1;
	d->n++;
}

static void *ask_dns(struct leased *d, const struct locate_ask *ask, struct err *e)
{
	struct locate_ask by_dns = *ask;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (!d->is_address[i])
			d->name[n++] = d->full[i];
	by_dns.names = d->name;
	return locate_dns.open(&by_dns, e);
}

static void take_files(struct leased *d, const char *pattern, char *text)
{
	glob_t g;

	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc && i < FILES; i++)
		take_file(d, g.gl_pathv[i], text);
	globfree(&g);
}

static void dhcp_close(void *self)
{
	struct leased *d = self;

	if (d->dns)
		locate_dns.close(d->dns);
	mem_free(d);
}

static void *dhcp_open(const struct locate_ask *ask, struct err *e)
{
	struct leased *d = mem_zalloc(sizeof(*d));
	char *text = mem_alloc(DHCP_LEASE_FILE);

	if (!d || !text) {
		err_set(e, ERR_SYSTEM, "out of memory");
		goto fail;
	}
	if (ask->dhcp_lease)
		take_files(d, ask->dhcp_lease, text);
	else
		for (size_t i = 0; dhcp_lease_usual[i]; i++)
			take_files(d, dhcp_lease_usual[i], text);
	if (d->n == 0) {
		err_set(e, ERR_AGAIN, "no lease with option 224");
		goto fail;
	}
	d->dns = ask_dns(d, ask, e);
	if (!d->dns)
		goto fail;
	mem_free(text);
	return d;
fail:
	mem_free(text);
	mem_free(d);
	return NULL;
}

/* It may be at home at its own name, at the network's domain, or elsewhere. */
static void say(const struct leased *d, size_t i, struct locate_found *out)
{
	out->is_guess = true;
	out->n_said = 0;
	if (!d->is_address[i] && str_copy(out->said[0], DOMAINS_NAME, d->full[i]) == 0)
		out->n_said = 1;
	if (d->domain[i][0] && str_copy(out->said[out->n_said], DOMAINS_NAME, d->domain[i]) == 0)
		out->n_said++;
}

static enum locate_answer dhcp_next(void *self, struct locate_found *out)
{
	struct leased *d = self;
	enum locate_answer a;

	while (d->next < d->n) {
		size_t i = d->next++;

		if (!d->is_address[i])
			continue;
		(void)!str_copy(out->at.host, sizeof(out->at.host), d->full[i]);
		(void)!str_copy(out->at.port, sizeof(out->at.port), "5222");
		say(d, i, out);
		return LOCATE_PLACE;
	}
	a = locate_dns.next(d->dns, out);
	for (size_t i = 0; a == LOCATE_PLACE && i < d->n; i++)
		if (out->n_said && strcmp(d->full[i], out->said[0]) == 0) {
			say(d, i, out);
			break;
		}
	return a;
}

static int dhcp_fd(const void *self)
{
	return locate_dns.fd(((const struct leased *)self)->dns);
}

static int64_t dhcp_deadline(const void *self)
{
	return locate_dns.deadline(((const struct leased *)self)->dns);
}

static void dhcp_run(void *self)
{
	locate_dns.run(((struct leased *)self)->dns);
}

const struct locate_way locate_dhcp = {
	.name = "dhcp", .bit = KITH_THING_LOCATE_DHCP, .is_rumour = true,
	.open = dhcp_open, .close = dhcp_close, .next = dhcp_next,
	.fd = dhcp_fd, .deadline = dhcp_deadline, .run = dhcp_run,
};
