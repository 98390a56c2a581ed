/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_cert: a PEM file, its names and its times.
 */
#include "config.h"

#include "common/wire/own_cert.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/base/daemon.h"
#include "common/base/str.h"
#include "common/wire/tls_time.h"

#define XMPP_ADDR "1.3.6.1.5.5.7.8.5"

/* The local part of user@domain in `o`, if it is one; else 0. */
static size_t
local_part(const OTHERNAME *o, const char *domain, const char **user)
{
	const ASN1_STRING *s;
	const char *text, *at;
	size_t len, n = strlen(domain);
	char oid[64];

	if (OBJ_obj2txt(oid, sizeof(oid), o->type_id, 1) <= 0 || strcmp(oid, XMPP_ADDR) != 0 ||
	    o->value->type != V_ASN1_UTF8STRING)
		return 0;
	s = o->value->value.utf8string;
	text = (const char *)ASN1_STRING_get0_data(s);
	len = (size_t)ASN1_STRING_length(s);
	at = len > 0 ? memchr(text, '@', len) : NULL;
	if (at == NULL || len - (size_t)(at + 1 - text) != n || strncasecmp(at + 1, domain, n) != 0)
		return 0;
	*user = text;
	return (size_t)(at - text);
}

static int
read_names(struct own_cert *out, const X509 *cert, const char *domain, struct err *e)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const char *user = NULL;
	unsigned found = 0;
	size_t len = 0;
	int i;

	for (i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		const char *u;
		size_t n = g->type == GEN_OTHERNAME ? local_part(g->d.otherName, domain, &u) : 0;

		if (n == 0)
			continue;
		found++;
		user = u;
		len = n;
	}
	if (found == 1 && len < sizeof(out->user) && memchr(user, '\0', len) == NULL) {
		memcpy(out->user, user, len);
		out->user[len] = '\0';
		str_lower(out->user);
	}
	GENERAL_NAMES_free(names);
	return out->user[0] != '\0' ? 0 : err_set(e, ERR_INPUT, found > 1 ?
	    "our certificate names several addresses of %s" :
	    "our certificate names no address of %s (id-on-xmppAddr)", domain);
}

static X509 *
read_cert(const char *file)
{
	FILE *f = fopen(file, "re");
	X509 *cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f != NULL)
		(void)fclose(f);
	return cert;
}

/* A key that others can read is theirs too (att-D-07). */
static int
check_key(X509 *cert, const char *file, struct err *e)
{
	char no_password[] = "";
	int fd = daemon_open_private(file, e);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, no_password) : NULL;
	int ret = -1;

	if (fd < 0)
		return -1;
	if (f == NULL)
		(void)close(fd);
	else
		(void)fclose(f);
	if (key == NULL)
		(void)err_set(e, ERR_INPUT, "'%s' holds no key in PEM without a password", file);
	else if (X509_check_private_key(cert, key) != 1)
		(void)err_set(e, ERR_INPUT, "the key in '%s' does not belong to our certificate", file);
	else
		ret = 0;
	EVP_PKEY_free(key);
	return ret;
}

int
own_cert_read(struct own_cert *out, const char *cert_file, const char *key_file,
    const char *domain, struct err *e)
{
	X509 *cert = read_cert(cert_file);
	struct own_cert c = { .user = "" };
	int ret = -1;

	if (cert == NULL)
		(void)err_set(e, ERR_INPUT, "'%s' holds no certificate in PEM", cert_file);
	else if (read_names(&c, cert, domain, e) == 0 && check_key(cert, key_file, e) == 0)
		ret = 0;
	if (ret == 0) {
		c.from_ms = tls_time_ms(X509_get0_notBefore(cert));
		c.until_ms = tls_time_ms(X509_get0_notAfter(cert));
		*out = c;
	}
	X509_free(cert);
	ERR_clear_error();
	return ret;
}
