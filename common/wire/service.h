/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: what a service asks about its users (XEP-0324, "User access to
 * service", "User privileges"): canAccess, userLoggedIn, hasPrivilege,
 * downloadPrivileges.  Credentials are read as the text of the XEP has them
 * (<credentials type= value=/>) and as its schema does (<ip4 value=/>), and come
 * out as the latter, canonical.  What they are worth is not known here.
 */
#ifndef KITH_WIRE_SERVICE_H
#define KITH_WIRE_SERVICE_H

#include "common/wire/emit.h"
#include "common/wire/parse.h"

int service_access_parse(struct parse *p, const struct stanza *el, struct request *q);
void service_access_write(struct xml *x, const struct request *q);
int service_login_parse(struct parse *p, const struct stanza *el, struct request *q);
void service_login_write(struct xml *x, const struct request *q);
int service_privilege_parse(struct parse *p, const struct stanza *el, struct request *q);
void service_privilege_write(struct xml *x, const struct request *q);
int service_download_parse(struct parse *p, const struct stanza *el, struct request *q);
void service_download_write(struct xml *x, const struct request *q);

/* Answers. */
int service_access_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void service_access_answer_write(struct xml *x, const struct request *q, const struct reply *r);
int service_privilege_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void service_privilege_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);
int service_download_answer_parse(struct parse *p, const struct stanza *el, struct reply *r);
void service_download_answer_write(struct xml *x, const struct request *q,
    const struct reply *r);

/* "A.B.C": parts that are not empty, with dots between them. */
bool service_privilege_is_good(const char *id);

#endif
