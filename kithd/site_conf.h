/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_conf: what of kithd's settings is the registry's, and what is
 * provisioning's.  Read next: site.c.
 */
#ifndef KITH_KITHD_SITE_CONF_H
#define KITH_KITHD_SITE_CONF_H

#include "kithd/kithd_conf.h"
#include "provisioning/serve.h"
#include "registry/serve.h"

struct registry_conf site_conf_registry(const struct kithd_conf *c, const struct kithd_limits *l);
struct provisioning_conf site_conf_provisioning(const struct kithd_conf *c,
    const struct kithd_limits *l);

#endif
