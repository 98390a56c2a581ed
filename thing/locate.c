/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: one way after the other (`from_ways`), each place made into one or more
 * (place, domain) by `expand`: the only code that decides which domain a broker has
 * to prove.  How the ways look for places is theirs: locate_way.h.
 */
#include "config.h"

#include "thing/locate.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/locate_way.h"
#include "thing/thing.h"

#define WAYS (sizeof(ways) / sizeof(ways[0]))
#define TRIES 4			/* domains tried on one place that does not say which */

static const struct locate_way *const ways[] = {
	&locate_dns, &locate_mdns, &locate_dhcp, &locate_ssdp,
};

/* A way that is being asked, and what it found last. */
struct source {
	const struct locate_way *way;
	void *self;			/* NULL: not open */
	bool has_found;
	struct locate_found found;
	size_t tried;			/* of the domains it could have */
};

/* From locate_begin to locate_end: nothing of it is kept while a broker is there. */
struct round {
	char bound[DOMAINS_NAME];	/* "": none */
	bool loaded;
	struct domains domains;
	const char *names[DOMAINS_GIVEN + DOMAINS_ACCEPTED + 1];	/* for the DNS */
	size_t way;			/* the next to open */
	struct source source;
	size_t n_places;
	size_t n_strange;
	char strange[LOCATE_STRANGE][DOMAINS_NAME];
	const char *strange_way[LOCATE_STRANGE];
	/* see-other-host */
	unsigned moves;
	char moved[DOMAINS_NAME];	/* a name for the DNS */
	const char *moved_names[2];
	bool has_moved;			/* moved_to is next */
	struct locate_place moved_from;
	struct resolve_place moved_to;
	struct source mover;
};

struct locate {
	const struct clock *clock;
	unsigned ways;
	char *dhcp_lease, *dir, *name_servers;
	char *given[DOMAINS_GIVEN + 1];	/* ends in NULL */
	void (*note)(void *arg, bool alarm, const char *sentence);
	void *arg;
	bool is_fixed;
	struct resolve_place fixed;
	struct round *round;		/* NULL: not looking */
	size_t n_told;			/* in this life */
	char *told[LOCATE_STRANGE];
};

static void note(struct locate *l, bool alarm, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void note(struct locate *l, bool alarm, const char *fmt, ...)
{
	char text[ERR_TEXT + 2 * DOMAINS_NAME];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->note)
		l->note(l->arg, alarm, text);
}

/* "host:5222", "[::1]:5222" */
static int split(struct resolve_place *out, const char *server, struct err *e)
{
	const char *colon = strrchr(server, ':'), *end = colon;
	const char *host = server;
	int64_t port;

	if (colon && *server == '[' && colon > server && colon[-1] == ']') {
		host++;
		end--;
	}
	if (!colon || end <= host || (size_t)(end - host) >= sizeof(out->host) ||
	    str_to_int(colon + 1, 1, 65535, &port) < 0 ||
	    (host == server && memchr(host, ':', (size_t)(end - host))))
		return err_set(e, ERR_INPUT, "'%s' is not HOST:PORT", server);
	memcpy(out->host, host, (size_t)(end - host));
	out->host[end - host] = '\0';
	snprintf(out->port, sizeof(out->port), "%d", (int)port);
	return 0;
}

static bool copy(char **to, const char *from)
{
	*to = from ? mem_strdup(from) : NULL;
	return !from || *to;
}

static int copy_domains(struct locate *l, const char *const *list, struct err *e)
{
	struct domains check;

	if (domains_init(&check, list, e) < 0)
		return -1;
	for (size_t i = 0; i < check.n; i++)
		if (!copy(&l->given[i], check.name[i]))
			return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

struct locate *locate_new(const struct locate_conf *conf, struct err *e)
{
	struct locate *l = mem_zalloc(sizeof(*l));

	if (!l || !copy(&l->dhcp_lease, conf->dhcp_lease) || !copy(&l->dir, conf->dir) ||
	    !copy(&l->name_servers, conf->name_servers)) {
		err_set(e, ERR_SYSTEM, "out of memory");
		locate_free(&l);
		return NULL;
	}
	l->clock = conf->clock;
	l->ways = conf->ways ? conf->ways : KITH_THING_LOCATE_DNS;
	l->note = conf->note;
	l->arg = conf->arg;
	l->is_fixed = conf->server != NULL;
	if ((conf->server && split(&l->fixed, conf->server, e) < 0) ||
	    copy_domains(l, conf->domains, e) < 0)
		locate_free(&l);
	return l;
}

/* ---- a source ------------------------------------------------------------ */

static void source_close(struct source *s)
{
	if (s->self)
		s->way->close(s->self);
	memset(s, 0, sizeof(*s));
}

static bool source_open(struct locate *l, struct source *s, const struct locate_way *way,
    const char *const *names)
{
	const struct locate_ask ask = { .clock = l->clock, .names = names,
		.name_servers = l->name_servers, .dhcp_lease = l->dhcp_lease };
	struct err e = ERR_INIT;

	memset(s, 0, sizeof(*s));
	s->way = way;
	s->self = way->open(&ask, &e);
	if (!s->self)
		note(l, false, "%s: %s", way->name, e.text);
	return s->self != NULL;
}

void locate_end(struct locate *l)
{
	if (!l->round)
		return;
	source_close(&l->round->source);
	source_close(&l->round->mover);
	mem_free(l->round);
	l->round = NULL;
}

void locate_free(struct locate **lp)
{
	struct locate *l = *lp;

	if (!l)
		return;
	locate_end(l);
	for (size_t i = 0; i < DOMAINS_GIVEN; i++)
		mem_free(l->given[i]);
	for (size_t i = 0; i < l->n_told; i++)
		mem_free(l->told[i]);
	mem_free(l->dhcp_lease);
	mem_free(l->dir);
	mem_free(l->name_servers);
	mem_free(l);
	*lp = NULL;
}

/* ---- which domain -------------------------------------------------------- */

/* Somebody near is a broker of a domain that nobody told us of. */
static void meet_stranger(struct locate *l, const char *domain, const char *way)
{
	for (size_t i = 0; i < l->round->n_strange; i++)
		if (strcmp(l->round->strange[i], domain) == 0)
			return;
	if (l->round->n_strange == LOCATE_STRANGE ||
	    str_copy(l->round->strange[l->round->n_strange], DOMAINS_NAME, domain) < 0)
		return;
	l->round->strange_way[l->round->n_strange++] = way;
}

/* Nothing else has worked in this round.  Each is told once in a life. */
static void tell_of_strangers(struct locate *l)
{
	for (size_t i = 0; i < l->round->n_strange; i++) {
		bool told = l->n_told == LOCATE_STRANGE;

		for (size_t k = 0; k < l->n_told; k++)
			told = told || strcmp(l->told[k], l->round->strange[i]) == 0;
		if (told)
			continue;
		if (!copy(&l->told[l->n_told], l->round->strange[i]))
			return;
		l->n_told++;
		note(l, true, "found a broker of %s (%s); if this thing shall live there: "
		    "kith-thing accept %s", l->round->strange[i], l->round->strange_way[i], l->round->strange[i]);
	}
}

/* A thing that belongs somewhere tries only that, and only on who may serve it. */
static bool is_bound_to(const struct locate *l, const struct locate_found *f)
{
	bool fits = f->n_said == 0 || f->is_guess;
	char said[DOMAINS_NAME];

	for (size_t i = 0; i < f->n_said; i++)
		fits = fits || (domains_parse(said, f->said[i], NULL) == 0 &&
		    strcmp(said, l->round->bound) == 0);
	return fits;
}

/* The i-th domain that this place could prove: what it is said to serve, then, if
 * nobody knows, whatever we were told of.  1: there; 0: not this one; -1: no more. */
static int domain_of(struct locate *l, struct source *s, size_t i, char out[static DOMAINS_NAME])
{
	const struct locate_found *f = &s->found;
	const char *name;

	if (i < f->n_said) {
		if (domains_parse(out, f->said[i], NULL) < 0)
			return 0;
		if (domains_allow(&l->round->domains, out))
			return 1;
		meet_stranger(l, out, s->way->name);
		return 0;
	}
	i -= f->n_said;
	name = (f->n_said == 0 || f->is_guess) && i < TRIES ? domains_exact(&l->round->domains, i) : NULL;
	if (!name)
		return -1;
	for (size_t k = 0; k < f->n_said; k++)
		if (strcmp(name, f->said[k]) == 0)
			return 0;
	return str_copy(out, DOMAINS_NAME, name) == 0;
}

static bool expand(struct locate *l, struct source *s, struct locate_place *out)
{
	int is;

	out->at = s->found.at;
	out->hints = s->found.hints;
	out->way = s->way->name;
	out->is_rumour = s->way->is_rumour;
	if (l->round->bound[0]) {
		memcpy(out->domain, l->round->bound, sizeof(out->domain));
		return s->tried++ == 0 && is_bound_to(l, &s->found);
	}
	while ((is = domain_of(l, s, s->tried, out->domain)) >= 0) {
		s->tried++;
		if (is > 0)
			return true;
	}
	return false;
}

/* ---- a round ------------------------------------------------------------- */

/* What was accepted counts for who has no home yet.  Read when the first place is
 * asked for: a round may begin long before that. */
static void load_domains(struct locate *l)
{
	struct round *r = l->round;
	struct err e = ERR_INIT;
	size_t n = 0;

	if (r->bound[0]) {
		r->names[n++] = r->bound;
	} else {
		(void)domains_init(&r->domains, (const char *const *)l->given, NULL);
		if (l->dir && domains_load(&r->domains, l->dir, &e) < 0)
			note(l, true, "%s", e.text);
		while ((r->names[n] = domains_exact(&r->domains, n)))
			n++;
	}
	r->names[n] = NULL;
	r->loaded = true;
}

void locate_begin(struct locate *l, const char *bound)
{
	locate_end(l);
	l->round = mem_zalloc(sizeof(*l->round));
	if (!l->round) {
		note(l, false, "no memory to look for a broker");
		return;
	}
	(void)!str_copy(l->round->bound, sizeof(l->round->bound), bound);
}

/* One more of what this source has. */
static enum locate_answer from_source(struct locate *l, struct source *s,
    struct locate_place *out)
{
	while (s->self) {
		enum locate_answer a;

		if (s->has_found && expand(l, s, out))
			return LOCATE_PLACE;
		memset(&s->found, 0, sizeof(s->found));
		s->has_found = false;
		s->tried = 0;
		a = s->way->next(s->self, &s->found);
		if (a == LOCATE_WAIT)
			return a;
		s->has_found = a == LOCATE_PLACE;
		if (a == LOCATE_NONE)
			source_close(s);
	}
	return LOCATE_NONE;
}

static enum locate_answer from_ways(struct locate *l, struct locate_place *out)
{
	for (;;) {
		enum locate_answer a = from_source(l, &l->round->source, out);

		if (a != LOCATE_NONE || l->round->way == WAYS)
			return a;
		if ((l->ways & ways[l->round->way]->bit) != 0 &&
		    (ways[l->round->way] != &locate_dns || l->round->names[0]))
			(void)source_open(l, &l->round->source, ways[l->round->way], l->round->names);
		l->round->way++;
	}
}

static enum locate_answer from_settings(struct locate *l, struct locate_place *out)
{
	if (l->round->n_places > 0)
		return LOCATE_NONE;
	memset(out, 0, sizeof(*out));
	out->at = l->fixed;
	out->way = "settings";
	memcpy(out->domain, l->round->bound, sizeof(out->domain));
	return LOCATE_PLACE;
}

/* Where one sent us.  Domain and hints stay those of the one who did. */
static enum locate_answer from_move(struct locate *l, struct locate_place *out)
{
	struct source *s = &l->round->mover;
	enum locate_answer a = l->round->has_moved ? LOCATE_PLACE : LOCATE_NONE;

	if (!l->round->has_moved && s->self) {
		a = s->way->next(s->self, &s->found);
		l->round->moved_to = s->found.at;
	}
	if (a == LOCATE_NONE)
		source_close(s);
	if (a != LOCATE_PLACE)
		return a;
	l->round->has_moved = false;
	*out = l->round->moved_from;
	out->at = l->round->moved_to;
	out->way = "moved";
	return LOCATE_PLACE;
}

enum locate_answer locate_next(struct locate *l, struct locate_place *out)
{
	enum locate_answer a;

	if (!l->round)
		return LOCATE_NONE;
	if (!l->round->loaded)
		load_domains(l);
	a = from_move(l, out);
	if (a == LOCATE_NONE && l->round->n_places == LOCATE_PLACES)
		return LOCATE_NONE;
	if (a == LOCATE_NONE) {
		a = l->is_fixed ? from_settings(l, out) : from_ways(l, out);
		l->round->n_places += a == LOCATE_PLACE;
	}
	if (a == LOCATE_NONE)
		tell_of_strangers(l);
	return a;
}

/* "host", "host:5222", "[::1]:5222", "[::1]" */
void locate_moved(struct locate *l, const struct locate_place *from, const char *host)
{
	const char *colon = strrchr(host, ':');
	struct resolve_place to = { .direct_tls = false };
	char with_port[sizeof(to.host) + 16];

	if (!l->round || l->round->moves == LOCATE_MOVES || !from->way)
		return;
	l->round->moves++;
	l->round->moved_from = *from;
	source_close(&l->round->mover);
	snprintf(with_port, sizeof(with_port), "%s%s", host,
	    *host == '[' && host[strlen(host) - 1] == ']' ? ":5222" : "");
	if (split(&to, with_port, NULL) == 0) {
		l->round->moved_to = to;
		l->round->has_moved = true;
		return;
	}
	/* A name without a port is looked up as a domain is (RFC 6120 3.2). */
	if (colon || domains_parse(l->round->moved, host, NULL) < 0)
		return;
	l->round->moved_names[0] = l->round->moved;
	l->round->moved_names[1] = NULL;
	(void)source_open(l, &l->round->mover, &locate_dns, l->round->moved_names);
}

/* ---- driving it ---------------------------------------------------------- */

static const struct source *waiting(const struct locate *l)
{
	const struct round *r = l->round;

	if (!r)
		return NULL;
	return r->mover.self ? &r->mover : r->source.self ? &r->source : NULL;
}

int locate_fd(const struct locate *l, short *events)
{
	const struct source *s = waiting(l);

	*events = POLLIN;
	return s ? s->way->fd(s->self) : -1;
}

int64_t locate_deadline(const struct locate *l)
{
	const struct source *s = waiting(l);

	return s ? s->way->deadline(s->self) : -1;
}

void locate_run(struct locate *l)
{
	const struct source *s = waiting(l);

	if (s)
		s->way->run(s->self);
}
