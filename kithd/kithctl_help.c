/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_help: every command of kithctl in one table: the words on one screen
 * by group, and `kithctl help WORD` with what it takes.
 */
#include "config.h"

#include "kithd/kithctl.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static const struct {
	const char *group, *word, *help;
} words[] = {
	{ "look", "things", "things [NAME|OWNER] [--state STATE] [--limit N] [--offset N]\n"
	    "All things, or those of that name or owner, or in that state: unclaimed,\n"
	    "owned, self-owned, tombstone, turning-over, held, frozen, disputed, online,\noffline." },
	{ "look", "show", "show THING\nEverything about one thing: state, owner, tags, what it is "
	    "owed, the end of\nits history.  THING: its address, name, id, or 8 letters of its "
	    "address." },
	{ "look", "owners", "owners [--limit N] [--offset N]\nWho owns how many things." },
	{ "look", "questions", "questions [OWNER]\nWhat waits for an owner's answer.  Codes are "
	    "the owner's and not shown." },
	{ "look", "rules", "rules [OWNER]\nThe owners' rules with their numbers." },
	{ "look", "recalls", "recalls [OWNER]\nWhat was changed that not every thing has confirmed yet: how many have, which is\n"
	    "the last, and when it ends there by itself." },
	{ "look", "debts", "debts [PEER]\nPushes and messages that are still owed, and to whom." },
	{ "look", "history", "history THING [--since WHEN] [--limit N]\n"
	    "What happened to one thing, newest first.  WHEN: 2026-11-21, or 2h, 3d." },
	{ "look", "audit", "audit [--since WHEN] [--thing THING] [--owner JID] [--limit N]\n"
	    "What happened, newest first.\n"
	    "audit export FILE\n"
	    "The whole record into a file.\n"
	    "audit verify FILE [--head HASH]\n"
	    "Was anything changed, removed or added since?  Needs no kithd.  HASH: one that\n"
	    "was noted from `kithctl stats` (audit_head) or from kithd's log." },
	{ "look", "stats", "stats [--prometheus]\nCounters and the state of things; see [control] "
	    "metrics in kithd.conf(5)." },
	{ "look", "graph", "graph [--owner JID] [--format dot|svg]\n"
	    "Owners, their things, and whom rules allow what, as a picture." },
	{ "look", "dump", "dump --canonical [--hash]\n"
	    "The whole state without secrets, always in the same form: equal dumps, equal\n"
	    "states." },
	{ "act", "hold", "hold THING [for JID]\nNobody (else) can claim it until: release THING" },
	{ "act", "release", "release THING [to JID]\nEnds a hold, or a dispute: it stays its owner's or goes to JID." },
	{ "act", "disown", "disown THING\nTake it from its owner, who is told." },
	{ "act", "recover", "recover ADDRESS NEWADDRESS\nWho lost ADDRESS gets what it owns at "
	    "NEWADDRESS, in 7 days; it is told." },
	{ "act", "vouch", "vouch ADDRESS\nThat account is the owner's still, though it was away "
	    "or deleted." },
	{ "act", "expire", "expire [--dry-run] THING, or: expire [--dry-run] older-than 30d\n"
	    "Forget what nobody owns." },
	{ "act", "quota", "quota show | quota set WHO KEY N | quota unset WHO KEY\n"
	    "Limits of one address or domain." },
	{ "act", "approve", "approve add NAME --man M --model X --sn-from A --sn-to B --owner JID\n"
	    "        --cap N --until DATE [--rule LINE]\n"
	    "approve list | approve remove NAME\n"
	    "Things of one class belong to JID as soon as they register." },
	{ "act", "role", "role list [NAME] | role add NAME JID | role remove NAME JID\n"
	    "Who is what: rules may speak of role NAME." },
	{ "act", "token", "token list | token revoke NAME | token forgive NAME\n"
	    "Certificates that have tokens; revoke one for everybody and for good." },
	{ "keep", "backup", "backup FILE [--key KEYFILE]\n"
	    "A copy of the running store; keep the key apart from it.  Going back:\n"
	    "kithd restore FILE, see kithd(8)." },
	{ "keep", "import", "import FILE.csv|FILE.json [--dry-run] [--resume]\n"
	    "Lists of things in; each line's fate is in FILE.report." },
	{ "keep", "export", "export things|rules|owners [--csv|--json]\nLists out." },
	{ "tools", "doctor", "doctor [--conf KITHD.CONF] [--prosody FILE | --ejabberd FILE]\n"
	    "        [--server HOST:PORT [--domain D] [--ca FILE] [--s2s PORT]\n"
	    "        [--component HOST:PORT]] [--free MIB] [--json]\n"
	    "What is unsafe: in kithd's files, the broker's settings, and what the running\n"
	    "broker offers; each with what to change.  Exit status 0 clean, 1 findings." },
	{ "tools", "policy", "policy ask JID ACTION THING [NAME [VALUE]]\n"
	    "Would it be allowed?  allow, deny or ask; then the rule, its revision, the lease\n"
	    "and who decided.  Exit status 0 allow, 1 not.\n"
	    "policy versions | policy show N | policy diff N M\n"
	    "The operator's policy as it is and was.  diff: exit status 1 if they differ.\n"
	    "policy load [FILE] | policy rollback N\n"
	    "Another one: [provisioning] policy_file again, FILE, or what version N said.\n"
	    "policy what-if FILE\n"
	    "What FILE would change, and for whom; changes nothing.\n"
	    "policy check|print -f FILE, policy ask -f FILE JID ACTION THING [NAME [VALUE]]\n"
	    "Is FILE sound?  Needs no kithd." },
	{ "tools", "qr", "qr [text|png|svg] [DESK]\n"
	    "The claim URI on standard input as a QR code; with the address DESK a link that\n"
	    "opens the chat with the claim typed.  kith-thing claim | kithctl qr" },
	{ "tools", "help", "help [COMMAND]\nThis, or what one command takes." },
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

void kithctl_usage(FILE *f)
{
	const char *group = "";

	fputs("usage: kithctl [-s SOCKET] [--json] COMMAND ...\n"
	    "\nThe operator's tool of kithd.  kithctl help COMMAND says more.\n", f);
	for (size_t i = 0; i < N_WORDS; i++) {
		if (strcmp(words[i].group, group) != 0)
			fprintf(f, "\n\n  %-6s", words[i].group);
		group = words[i].group;
		fprintf(f, " %s", words[i].word);
	}
	fputs("\n\n  -s SOCKET  kithd's control socket (" KITHCTL_SOCKET ")\n"
	    "  --json     for machines     -V version     -h this\n", f);
}

static const char *closest(const char *word)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < N_WORDS; i++) {
		unsigned d = str_distance(word, words[i].word, 2);

		if (d < distance) {
			distance = d;
			best = words[i].word;
		}
	}
	return best;
}

bool kithctl_is_typo(const char *word)
{
	const char *near = closest(word);

	return near != NULL && strcmp(near, word) != 0;
}

int kithctl_no_word(const char *word)
{
	const char *near = closest(word);

	fprintf(stderr, "kithctl: there is no command '%s'", word);
	if (near != NULL)
		fprintf(stderr, "; did you mean: %s", near);
	fputs("; see: kithctl help\n", stderr);
	return KITHCTL_ERROR;
}

int kithctl_help(int argc, char **argv)
{
	if (argc < 2) {
		kithctl_usage(stdout);
		return KITHCTL_OK;
	}
	for (size_t i = 0; i < N_WORDS; i++) {
		if (strcmp(words[i].word, argv[1]) != 0)
			continue;
		printf("kithctl %s\n", words[i].help);
		return KITHCTL_OK;
	}
	return kithctl_no_word(argv[1]);
}
