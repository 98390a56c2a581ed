/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_qr: a claim URI from standard input as a QR code, for a terminal, as
 * PNG or SVG.  The URI holds the thing's KEY: it is never an argument, because
 * other users of the machine can read those.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/pool.h"
#include "common/base/qr.h"
#include "common/base/secret.h"
#include "common/wire/iotdisco.h"

#define URI_MAX 2048

static const struct form {
	const char *word;
	int (*draw)(struct buf *out, const char *text, struct err *e);
	bool is_bytes;
} forms[] = {
	{ "text", qr_terminal, false }, { "png", qr_png, true }, { "svg", qr_svg, false },
};

static int fail(const char *what)
{
	fprintf(stderr, "kithctl: %s\n", what);
	return KITHCTL_ERROR;
}

static int read_uri(char *uri, size_t size)
{
	struct err e = ERR_INIT;
	struct iotdisco d;
	struct pool pool;
	int ret;

	if (fgets(uri, (int)size, stdin) == NULL)
		return fail("qr reads the claim URI from standard input, and there is nothing; "
		    "try: kith-thing claim | kithctl qr");
	uri[strcspn(uri, "\r\n")] = '\0';
	pool_init(&pool, 64 * 1024);
	ret = iotdisco_parse(&d, uri, strlen(uri), &pool, &e);
	pool_fini(&pool);
	if (ret == 0)
		return KITHCTL_OK;
	fprintf(stderr, "kithctl: that is no claim URI: %s\n", e.text);
	return KITHCTL_ERROR;
}

static void cleanse(struct buf *b)
{
	if (b->data != NULL)
		secret_cleanse(b->data, b->cap);
	buf_fini(b);
}

static int draw(const char *text, const struct form *form)
{
	struct err e = ERR_INIT;
	int status = KITHCTL_OK;
	struct buf out;

	buf_init(&out, QR_MAX);
	if (form->draw(&out, text, &e) != 0)
		status = fail(e.text);
	else if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		status = fail("cannot write");
	cleanse(&out);
	return status;
}

static const struct form *find_form(const char *word)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].word, word) == 0)
			return &forms[i];
	return NULL;
}

int kithctl_qr(int argc, char **argv)
{
	const struct form *form = argc > 0 ? find_form(argv[0]) : NULL;
	const char *desk = argc > (form != NULL) ? argv[form != NULL] : NULL;
	char uri[URI_MAX];
	struct buf link;
	int status;

	if (argc > (form != NULL ? 2 : 1) || (desk != NULL && desk[0] == '-'))
		return fail("qr takes: [text|png|svg] [DESK]");
	if (form == NULL)
		form = &forms[0];
	if (form->is_bytes && isatty(STDOUT_FILENO) != 0)
		return fail("that would fill the screen with bytes; say: kithctl qr png > FILE");
	status = read_uri(uri, sizeof(uri));
	if (status != KITHCTL_OK)
		return status;
	buf_init(&link, 4 * URI_MAX);
	if (desk != NULL)
		qr_chat_link(&link, desk, uri);
	else
		buf_adds(&link, uri);
	status = draw(buf_str(&link), form);
	secret_cleanse(uri, sizeof(uri));
	cleanse(&link);
	return status;
}
