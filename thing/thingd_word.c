/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingd_word: claim, accept, repin, reset.
 */
#include "config.h"

#include "thing/thingd_word.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/qr.h"
#include "common/base/secret.h"
#include "thing/thingd_leave.h"
#include "thing/thingd_nodes.h"
#include "thing/thingd_show.h"

struct word_args {
	const char *png, *svg;
	const char *operand;		/* NULL: none */
	bool yes;
};

int thingd_load(struct thingd_conf *c, const char *file)
{
	struct err e = ERR_INIT;

	if (thingd_conf_load(c, file ? file : THINGD_DEFAULT_FILE, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.text);
	return -1;
}

/* How its nodes can be claimed, one a line; 0 if there is one. */
static int print_claims(const struct thingd_conf *c)
{
	char path[4096];
	struct buf b;
	int ret;

	thingd_claims_path(c, path, sizeof(path));
	buf_init(&b, 1024 * 1024);
	ret = daemon_read_file(path, &b, NULL);
	if (ret == 0)
		fwrite(b.data, 1, b.len, stdout);
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return ret;
}

static int word_claim(const struct thingd_conf *c, const struct word_args *a)
{
	char path[4096];
	struct err e = ERR_INIT;
	struct buf b, text;
	int ret = 1;

	thingd_claim_path(c, path, sizeof(path));
	buf_init(&b, 8192);
	if (daemon_read_file(path, &b, &e) < 0) {
		if (!a->png && !a->svg && print_claims(c) == 0) {
			ret = 0;	/* it is owned, some of its nodes are not */
			goto out;
		}
		fprintf(stderr, "%s\n", e.kind == ERR_AGAIN
		    ? "nothing to claim: the thing is owned, or was never registered" : e.text);
		goto out;
	}
	b.data[strcspn(b.data, "\n")] = '\0';
	thingd_picture_text(c, b.data, &text);
	if ((a->png && thingd_save_picture(a->png, qr_png, buf_str(&text), &e) < 0) ||
	    (a->svg && thingd_save_picture(a->svg, qr_svg, buf_str(&text), &e) < 0)) {
		fprintf(stderr, "%s\n", e.text);
		thingd_cleanse(&text);
		goto out;
	}
	thingd_cleanse(&text);
	thingd_print_claim(c, b.data, !a->png && !a->svg && c->qr != THINGD_QR_NO &&
	    (c->qr == THINGD_QR_YES || isatty(1)));
	(void)print_claims(c);
	ret = 0;
out:
	if (b.data)
		secret_cleanse(b.data, b.cap);
	buf_fini(&b);
	return ret;
}

/* As the user who runs the thing: it has to read what is written here.  Where its folder
 * is then; NULL, having said why. */
static const char *enter(const struct thingd_conf *c)
{
	struct err e = ERR_INIT;
	int entered = daemon_enter(c->state, &e);

	if (entered < 0)
		fprintf(stderr, "%s\n", e.text);
	return entered < 0 ? NULL : entered ? "." : c->state;
}

static int word_accept(const struct thingd_conf *c, const struct word_args *a)
{
	char why[512] = "";
	const char *state;

	if (!a->operand) {
		fprintf(stderr, "which domain? kith-thing accept DOMAIN\n");
		return THINGD_EX_USAGE;
	}
	if (c->domain) {
		fprintf(stderr, "the settings say domain = %s, and only that\n", c->domain);
		return 1;
	}
	state = enter(c);
	if (!state)
		return 1;
	if (kith_thing_accept(state, a->operand, why, sizeof(why)) == 0) {
		printf("it may live at %s; a thing that runs hears of it in its next round\n",
		    a->operand);
		return 0;
	}
	fprintf(stderr, "%s\n", why);
	return 1;
}

static int word_repin(const struct thingd_conf *c, const struct word_args *a)
{
	char why[512] = "";
	const char *state = enter(c);

	(void)a;
	if (!state)
		return 1;
	if (kith_thing_repin(state, why, sizeof(why)) == 0) {
		puts("pins of login, registry and provisioning are released; "
		    "restart the thing if it runs");
		return 0;
	}
	fprintf(stderr, "%s\n", why);
	return 1;
}

static int word_reset(const struct thingd_conf *c, const struct word_args *a)
{
	char why[512] = "";

	if (!a->yes) {
		fprintf(stderr, "this makes another thing of it, and its owner loses it; "
		    "if you mean it: kith-thing reset --yes\n");
		return THINGD_EX_USAGE;
	}
	if (kith_thing_reset(c->state, why, sizeof(why)) == 0) {
		puts("everything is forgotten");
		return 0;
	}
	fprintf(stderr, "%s\n", why);
	return 1;
}

static int word_decommission(const struct thingd_conf *c, const struct word_args *a)
{
	if (!a->yes) {
		fprintf(stderr, "this takes it out of service: its record, its account and all it "
		    "knows are deleted; if you mean it, stop it and say: "
		    "kith-thing decommission --yes\n");
		return THINGD_EX_USAGE;
	}
	return thingd_decommission(c);
}

static int word_receipt(const struct thingd_conf *c, const struct word_args *a)
{
	(void)c;
	return thingd_receipt(a->operand);
}

static const struct {
	const char *word;
	int (*act)(const struct thingd_conf *c, const struct word_args *a);
	bool without_settings;	/* `c` is NULL */
} words[] = {
	{ "claim", word_claim, false },
	{ "accept", word_accept, false },
	{ "repin", word_repin, false },
	{ "reset", word_reset, false },
	{ "decommission", word_decommission, false },
	{ "receipt", word_receipt, true },
};

static int act(size_t i, const char *file, const struct word_args *a)
{
	struct thingd_conf conf;
	int ret = DAEMON_EX_CONFIG;

	if (words[i].without_settings)
		return words[i].act(NULL, a);
	if (thingd_load(&conf, file) == 0)
		ret = words[i].act(&conf, a);
	thingd_conf_free(&conf);
	return ret;
}

bool thingd_is_word(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, text) == 0)
			return true;
	return false;
}

int thingd_word(const char *word, int argc, char **argv)
{
	static const struct option options[] = {
		{ "png", required_argument, NULL, 'p' },
		{ "svg", required_argument, NULL, 's' },
		{ "yes", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 }
	};
	const char *file = NULL;
	struct word_args a = { .png = NULL };
	int c;

	while ((c = getopt_long(argc, argv, "f:", options, NULL)) != -1)
		switch (c) {
		case 'f': file = optarg; break;
		case 'p': a.png = optarg; break;
		case 's': a.svg = optarg; break;
		case 'y': a.yes = true; break;
		default: return THINGD_EX_USAGE;
		}
	a.operand = argv[optind];	/* NULL behind the last */
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return act(i, file, &a);
	return THINGD_EX_USAGE;
}
