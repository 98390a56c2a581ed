/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor_wire: what the running broker offers whoever connects
 * (common/wire/probe.h), and whether its component port can be reached from
 * other machines.
 */
#include "config.h"

#include "kithd/kithctl_doctor.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/str.h"
#include "common/wire/probe.h"
#include "kithd/kithctl_talk.h"

#define SOON_S (INT64_C(14) * 86400)

/* Any mechanism but SCRAM and certificates gives the password away, or is none. */
static bool has_weak(const char *mechanisms)
{
	const char *at = mechanisms;

	for (at += strspn(at, ","); *at != '\0'; at += strspn(at, ",")) {
		if (!str_starts(at, "SCRAM-") && !str_starts(at, "EXTERNAL,"))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

static void look_at_certificate(struct doctor *d, const char *where, const struct probe *p)
{
	char what[PROBE_TEXT + 64];

	if (p->fault[0] != '\0') {
		(void)snprintf(what, sizeof(what), "its certificate does not prove the domain: %s",
		    p->fault);
		doctor_found(d, where, what, "a certificate for the domain, of an authority that "
		    "things trust; see ca_file");
	} else if (p->valid_s < SOON_S) {
		doctor_found(d, where, "its certificate ends within two weeks",
		    "renew it, and let the server load it");
	}
	if (p->old_tls)
		doctor_found(d, where, "TLS 1.1 or older is spoken", "TLS 1.2 at least");
}

static void look_at_clients(struct doctor *d, const char *where, const struct probe *p)
{
	if (p->before.mechanisms[0] != '\0')
		doctor_found(d, where, "clients may log in without TLS",
		    "c2s_require_encryption = true; ejabberd: starttls_required: true");
	if (doctor_lists(p->before.mechanisms, "PLAIN"))
		doctor_found(d, where, "passwords may be sent in the clear",
		    "the same, and disable_sasl_mechanisms");
	if (!p->before.starttls || !p->tls) {
		doctor_found(d, where, "there is no TLS", "give the server a certificate");
		return;
	}
	look_at_certificate(d, where, p);
	if (has_weak(p->after.mechanisms))
		doctor_found(d, where, "clients may log in by something weaker than SCRAM",
		    "disable_sasl_mechanisms with PLAIN, DIGEST-MD5, X-OAUTH2 and so on");
	if (p->before.registration && !p->before.tls_required)
		doctor_found(d, where, "accounts can be opened without TLS",
		    "c2s_require_encryption = true; ejabberd: starttls_required: true");
	if (!p->after.registration)
		doctor_found(d, where, "things cannot open accounts",
		    "allow_registration = true; ejabberd: mod_register");
}

static void look_at_servers(struct doctor *d, const char *where, const struct probe *p)
{
	if (!p->before.starttls || !p->before.tls_required)
		doctor_found(d, where, "other servers may talk without TLS",
		    "s2s_require_encryption = true; ejabberd: s2s_use_starttls: required");
	else if (p->tls)
		look_at_certificate(d, where, p);
}

/* On each address of this machine that others can reach. */
static void look_at_component(struct doctor *d, const char *port)
{
	struct ifaddrs *all = NULL;
	char host[NI_MAXHOST];

	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		int family = i->ifa_addr != NULL ? i->ifa_addr->sa_family : AF_UNSPEC;
		socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) :
		    sizeof(struct sockaddr_in6);

		if ((family != AF_INET && family != AF_INET6) || getnameinfo(i->ifa_addr, len,
		    host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0 || doctor_is_loopback(host))
			continue;
		if (probe_listens(host, port)) {
			doctor_found(d, host, "the component port is open to others than this "
			    "machine", "component_interfaces, or ip: of the listener: 127.0.0.1");
			break;
		}
	}
	freeifaddrs(all);
}

int doctor_wire(struct doctor *d, const struct doctor_wire *w)
{
	struct probe_target t = { .host = w->host, .port = w->c2s, .domain = w->domain,
		.ca_file = w->ca_file };
	struct err e = ERR_INIT;
	struct probe p;
	char where[300];

	if (probe(&t, &p, &e) != 0)
		return kithctl_fail("--server", e.text);
	(void)snprintf(where, sizeof(where), "%s:%s", w->host, w->c2s);
	look_at_clients(d, where, &p);
	if (w->component_port != NULL)
		look_at_component(d, w->component_port);
	if (w->s2s == NULL)
		return KITHCTL_OK;
	t.port = w->s2s;
	t.server = true;
	(void)snprintf(where, sizeof(where), "%s:%s", w->host, w->s2s);
	if (probe_listens(t.host, t.port)) {
		if (probe(&t, &p, &e) != 0)
			return kithctl_fail("--s2s", e.text);
		look_at_servers(d, where, &p);
	}
	return KITHCTL_OK;
}
