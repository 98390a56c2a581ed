/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_show: the claim URI and the code as text, QR, PNG and SVG.
 */
#include "config.h"

#include "thing/thingd_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/pool.h"
#include "common/base/qr.h"
#include "common/base/secret.h"
#include "common/wire/iotdisco.h"

/* ---- the claim URI ------------------------------------------------------- */

static bool under_systemd(void)
{
	return getenv("INVOCATION_ID") && getenv("JOURNAL_STREAM");
}

void thingd_claim_path(const struct thingd_conf *c, char *out, size_t size)
{
	snprintf(out, size, "%s/claim", c->state);
}

static void keep_claim(const struct thingd_conf *c, const char *uri)
{
	char path[4096], line[8192];
	struct err e = ERR_INIT;
	int n = snprintf(line, sizeof(line), "%s\n", uri);

	thingd_claim_path(c, path, sizeof(path));
	if (n < 0 || (size_t)n >= sizeof(line) ||
	    daemon_write_secret(path, line, (size_t)n, &e) < 0)
		log_warn("cannot keep the claim URI for later: %s", e.text);
	secret_cleanse(line, sizeof(line));
}

void thingd_picture_text(const struct thingd_conf *c, const char *uri, struct buf *out)
{
	struct err e = ERR_INIT;
	struct iotdisco d;
	struct pool pool;
	char desk[1024];

	buf_init(out, 16384);
	pool_init(&pool, 64 * 1024);
	if (c->qr_holds == THINGD_QR_CHAT &&
	    iotdisco_parse(&d, uri, strlen(uri), &pool, &e) == 0 && d.registry != NULL &&
	    snprintf(desk, sizeof(desk), "desk@%s", d.registry) < (int)sizeof(desk))
		qr_chat_link(out, desk, uri);
	else
		buf_adds(out, uri);
	pool_fini(&pool);
}

void thingd_cleanse(struct buf *b)
{
	if (b->data != NULL)
		secret_cleanse(b->data, b->cap);
	buf_fini(b);
}

int thingd_save_picture(const char *path, thingd_draw_fn draw, const char *text, struct err *e)
{
	struct buf b;
	int ret;

	buf_init(&b, QR_MAX);
	ret = draw(&b, text, e);
	if (ret == 0)
		ret = daemon_write_secret(path, b.data, b.len, e);	/* 0600: it is the KEY */
	thingd_cleanse(&b);
	return ret;
}

static const struct { const char *ending; thingd_draw_fn draw; } pictures[] = {
	{ ".png", qr_png }, { ".svg", qr_svg },
};

static void keep_pictures(const struct thingd_conf *c, const char *uri)
{
	char path[4096 + 8];
	struct err e = ERR_INIT;
	struct buf text;

	if (!c->pictures)
		return;
	thingd_picture_text(c, uri, &text);
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
		thingd_claim_path(c, path, sizeof(path) - 8);
		memcpy(path + strlen(path), pictures[i].ending, sizeof(".png"));
		if (thingd_save_picture(path, pictures[i].draw, buf_str(&text), &e) < 0)
			log_warn("cannot draw '%s': %s", path, e.text);
	}
	thingd_cleanse(&text);
}

static void forget_file(const char *path)
{
	struct err e = ERR_INIT;

	if (daemon_wipe(path, &e) < 0)
		log_warn("%s", e.text);
}

void thingd_forget_claim(const struct thingd_conf *c)
{
	char path[4096 + 8];
	size_t len;

	thingd_claim_path(c, path, sizeof(path) - 8);
	forget_file(path);
	len = strlen(path);
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
		memcpy(path + len, pictures[i].ending, sizeof(".png"));
		forget_file(path);
	}
}

void thingd_print_claim(const struct thingd_conf *c, const char *uri, bool picture)
{
	struct err e = ERR_INIT;
	struct buf b, text;

	printf("%s\n", uri);
	if (picture) {
		thingd_picture_text(c, uri, &text);
		buf_init(&b, QR_MAX);
		if (qr_terminal(&b, buf_str(&text), &e) == 0)
			fputs(buf_str(&b), stdout);
		else
			log_warn("%s", e.text);
		thingd_cleanse(&b);
		thingd_cleanse(&text);
	}
	fflush(stdout);
}

void thingd_show_claim(const struct thingd_conf *c, const char *uri)
{
	keep_claim(c, uri);
	keep_pictures(c, uri);
	if (under_systemd()) {
		log_info("unclaimed; `kith-thing claim -f FILE` shows how to claim it");
		return;
	}
	log_info("unclaimed; its claim URI is on standard output");
	thingd_print_claim(c, uri, c->qr == THINGD_QR_YES || (c->qr == THINGD_QR_AUTO && isatty(1)));
}

/* ---- being seen --------------------------------------------------------- */

/* To whoever can see the claim URI as well, and to nobody else. */
void thingd_show_code(const struct thingd_conf *c, const char *code)
{
	char path[4096], line[32];
	struct err e = ERR_INIT;
	int n = snprintf(line, sizeof(line), "%s\n", code);

	snprintf(path, sizeof(path), "%s/code", c->state);
	if (!*code) {
		forget_file(path);
		return;
	}
	if (daemon_write_secret(path, line, (size_t)n, &e) < 0)
		log_warn("cannot keep the code to be shown: %s", e.text);
	if (under_systemd()) {
		log_info("there is a code to be shown, in the file 'code' of the state folder");
		return;
	}
	printf("code %s\n", code);
	fflush(stdout);
}
