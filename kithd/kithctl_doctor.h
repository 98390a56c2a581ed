/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor: the parts of `kithctl doctor`.  Each looks and calls
 * doctor_found(); none changes anything.
 */
#ifndef KITH_KITHD_KITHCTL_DOCTOR_H
#define KITH_KITHD_KITHCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct doctor;
struct kithd_conf;

/* `where`: a host of the broker, a file, a port; `change`: what to do about it. */
void doctor_found(struct doctor *d, const char *where, const char *what, const char *change);

/* The settings of a broker.  KITHCTL_OK also with findings, KITHCTL_ERROR. */
int doctor_prosody(struct doctor *d, const char *file);
int doctor_ejabberd(struct doctor *d, const char *file);

/* Files, clock and room on this machine. */
void doctor_local(struct doctor *d, const struct kithd_conf *c, const char *file,
    int64_t free_bytes);

struct doctor_wire {
	const char *component_host, *component_port;
	const char *host, *c2s, *s2s;	/* ports; s2s NULL: not looked at */
	const char *domain, *ca_file;
};
/* KITHCTL_ERROR: the server does not answer. */
int doctor_wire(struct doctor *d, const struct doctor_wire *w);

/* Of lists "A,B,C". */
bool doctor_lists(const char *list, const char *word);
bool doctor_is_loopback(const char *list);

#endif
