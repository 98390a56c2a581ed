/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl: the parts of the operator's tool that need no running kithd:
 * policy files and QR codes.  Read next: kithctl.c.
 */
#ifndef KITH_KITHD_KITHCTL_H
#define KITH_KITHD_KITHCTL_H

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of every command. */
#define KITHCTL_OK 0
#define KITHCTL_NO 1
#define KITHCTL_ERROR 2

#define KITHCTL_SOCKET "/run/kith/kithd.sock"

/* The commands on one screen; what one of them takes; typos. */
void kithctl_usage(FILE *f);
int kithctl_help(int argc, char **argv);
bool kithctl_is_typo(const char *word);
int kithctl_no_word(const char *word);

/* `policy ...`; argv[0] is the command, and -f is taken out. */
struct kithctl_ask;
int kithctl_policy(struct kithctl_ask *q, const char *file, int argc, char **argv);
/* `qr [text|png|svg] [DESK]`: a claim URI on standard input, its code on standard output. */
int kithctl_qr(int argc, char **argv);

/* `backup FILE [--key KEYFILE]`; argv[0] is the command. */
int kithctl_backup(const char *socket, int argc, char **argv);
/* `audit export FILE`, `audit verify FILE [--head HASH]`. */
int kithctl_audit(const char *socket, int argc, char **argv);
/* `dump --canonical [--hash]`. */
int kithctl_dump(const char *socket, int argc, char **argv);
/* `graph [--owner JID] [--format dot|svg]`. */
int kithctl_graph(const char *socket, int argc, char **argv);
/* `import FILE [--dry-run] [--resume]`, `export things|rules|owners [--csv|--json]`. */
int kithctl_import(const char *socket, int argc, char **argv);
int kithctl_export(const char *socket, int argc, char **argv);
/* `approve add NAME ...`. */
int kithctl_approve_add(const char *socket, int argc, char **argv);
/* `doctor [--conf FILE] [--prosody FILE] [--server HOST:PORT] ...`; 0 clean, 1 findings, 2 error. */
int kithctl_doctor(const char *socket, int argc, char **argv);

#endif
