/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: names and comparisons of the plain data in request.h.  Reading
 * and writing it is the work of route.c and the protocol files.
 */
#include "config.h"

#include "common/wire/request.h"

#include <string.h>

#include "common/base/str.h"

static const char *const verb_names[VERB_COUNT] = {
	[VERB_NONE] = "none",
	[VERB_DISCO_INFO] = "disco-info",
	[VERB_DISCO_ITEMS] = "disco-items",
	[VERB_PING] = "ping",
	[VERB_VERSION] = "version",
	[VERB_REGISTER] = "register",
	[VERB_UPDATE] = "update",
	[VERB_MINE] = "mine",
	[VERB_REMOVE] = "remove",
	[VERB_DISOWN] = "disown",
	[VERB_UNREGISTER] = "unregister",
	[VERB_SEARCH] = "search",
	[VERB_IS_FRIEND] = "is-friend",
	[VERB_CAN_READ] = "can-read",
	[VERB_CAN_CONTROL] = "can-control",
	[VERB_IS_FRIEND_RULE] = "is-friend-rule",
	[VERB_CAN_READ_RULE] = "can-read-rule",
	[VERB_CAN_CONTROL_RULE] = "can-control-rule",
	[VERB_OWNER_CLEAR_CACHE] = "owner-clear-cache",
	[VERB_DELETE_RULES] = "delete-rules",
	[VERB_GET_DEVICES] = "get-devices",
	[VERB_SHOW] = "show",
	[VERB_NAME_THING] = "name-thing",
	[VERB_QUESTIONS] = "questions",
	[VERB_ANSWER_QUESTION] = "answer-question",
	[VERB_RULE_ADD] = "rule-add",
	[VERB_RULES] = "rules",
	[VERB_FORGET] = "forget",
	[VERB_REVOKE] = "revoke",
	[VERB_WHY] = "why",
	[VERB_HELP] = "help",
	[VERB_CLAIMED] = "claimed",
	[VERB_REMOVED] = "removed",
	[VERB_DISOWNED] = "disowned",
	[VERB_CLEAR_CACHE] = "clear-cache",
	[VERB_FRIEND] = "friend",
	[VERB_UNFRIEND] = "unfriend",
	[VERB_READ] = "read",
	[VERB_READ_CANCEL] = "read-cancel",
	[VERB_CONTROL] = "control",
	[VERB_CONTROL_FORM] = "control-form",
	[VERB_CHAT] = "chat",
	[VERB_PRESENCE] = "presence",
	[VERB_ANSWER] = "answer",
	[VERB_WHAT_IF] = "what-if",
	[VERB_FIND] = "find",
	[VERB_TAG] = "tag",
	[VERB_PUBLISH] = "publish",
	[VERB_HISTORY] = "history",
	[VERB_UNDO] = "undo",
	[VERB_TRANSFER] = "transfer",
	[VERB_ACCEPT] = "accept",
	[VERB_SHARE] = "share",
	[VERB_REPLACE] = "replace",
	[VERB_PRESENCE_CODE] = "presence-code",
	[VERB_OWNERSHIP_CODE] = "ownership-code",
	[VERB_PROVE] = "prove",
	[VERB_RECOVER] = "recover",
	[VERB_SET] = "set",
	[VERB_MUTE] = "mute",
	[VERB_DIGEST] = "digest",
	[VERB_LANGUAGE] = "language",
	[VERB_TIMEZONE] = "timezone",
	[VERB_HOLD] = "hold",
	[VERB_RELEASE] = "release",
	[VERB_EXPIRE] = "expire",
	[VERB_QUOTA] = "quota",
	[VERB_PREAPPROVE] = "preapprove",
	[VERB_IMPORT] = "import",
	[VERB_SHOW_CODE] = "show-code",
	[VERB_LISTEN] = "listen",
	[VERB_NEW_KEY] = "new-key",
	[VERB_PRESSED] = "pressed",
	[VERB_COMMAND] = "command",
	[VERB_GET_TOKEN] = "get-token",
	[VERB_TOKEN_ANSWER] = "token-answer",
	[VERB_GET_CERTIFICATE] = "get-certificate",
	[VERB_TOKEN_CHALLENGE] = "token-challenge",
	[VERB_CAN_ACCESS] = "can-access",
	[VERB_USER_LOGGED_IN] = "user-logged-in",
	[VERB_HAS_PRIVILEGE] = "has-privilege",
	[VERB_DOWNLOAD_PRIVILEGES] = "download-privileges",
	[VERB_TOKENS] = "tokens",
	[VERB_TOKEN_REVOKE] = "token-revoke",
	[VERB_ROLE] = "role",
	[VERB_POLICY_LOAD] = "policy-load",
	[VERB_POLICY_ROLLBACK] = "policy-rollback",
	[VERB_CONCENTRATOR] = "concentrator",
	[VERB_WATCH] = "watch",
	[VERB_UNWATCH] = "unwatch",
	[VERB_COPIED] = "copied",
};

const char *
verb_name(enum verb v)
{
	return (unsigned)v < VERB_COUNT && verb_names[v] != NULL ? verb_names[v] : "none";
}

bool
node_is_set(const struct node *n)
{
	return n->id != NULL || n->source != NULL || n->partition != NULL;
}

/* Absent and empty differ, else two records could merge. */
static bool
same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
node_equal(const struct node *a, const struct node *b)
{
	return same(a->id, b->id) && same(a->source, b->source) &&
	    same(a->partition, b->partition);
}

const struct tag *
tag_find(const struct tag_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_case_eq(l->tag[i].name, name))
			return &l->tag[i];
	return NULL;
}
