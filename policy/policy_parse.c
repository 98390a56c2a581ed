/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_parse: a line of the policy language becomes a rule, a file a policy.
 * The parts of a line are read in subject.c, object.c (with range.c, target.c)
 * and clause.c (with when.c), by recursive descent over words (word.h).  Names
 * stay as written: nothing here knows a thing.  Next: policy_print.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "policy/clause.h"
#include "policy/object.h"
#include "policy/subject.h"

#define TEXT_ROOM (256 * 1024)		/* pool for one line of a file */

static int parse_verdict(struct line *l, struct rule *r)
{
	static const char *const allow[] = { "allow", "permit", NULL };
	static const char *const deny[] = { "deny", "forbid", NULL };
	bool taken;
	struct word w;

	if (line_next(l, "", &w) != 0)
		return -1;
	if (line_is_any(&w, allow)) {
		r->verdict = VERDICT_ALLOW;
	} else if (line_is_any(&w, deny)) {
		r->verdict = VERDICT_DENY;
	} else if (line_is(&w, "ask")) {
		r->verdict = VERDICT_ASK;
		return line_take(l, "about", &taken);
	} else if (line_is(&w, "touch")) {
		r->verdict = VERDICT_ASK;
		r->touch = true;
		return line_take(l, "for", &taken);
	} else {
		return line_expected(l, N_("allow, deny, ask about or touch for"), &w);
	}
	return 0;
}

/* "touch for control" is about anyone. */
static int parse_subject(struct line *l, struct rule *r)
{
	struct word w;

	if (line_peek(l, "", &w) != 0)
		return -1;
	if (!r->touch || (!line_is(&w, "to") && !object_is_action(&w)))
		return subject_parse(l, &r->subject);
	r->subject = (struct subject){ SUBJECT_ANYONE, NULL };
	return 0;
}

int policy_parse_saying(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
    struct pool *pool, struct err *e)
{
	struct line l = { .pool = pool, .now_ms = now_ms, .zone_s = zone_s, .e = e };
	struct rule r = { 0 };

	if (word_start(&l.words, line, pool, e) != 0 || parse_verdict(&l, &r) != 0 ||
	    parse_subject(&l, &r) != 0 || object_parse(&l, &r) != 0 ||
	    clause_parse_all(&l, &r) != 0)
		return -1;
	/* Escapes may take more room than what they stand for. */
	if (!rule_is_sound(&r))
		return line_error(&l, N_("the rule is too long to be written down"), NULL);
	*out = r;
	return 0;
}

int policy_parse_line(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
    struct pool *pool, struct err *e)
{
	struct err said = ERR_INIT;
	struct buf words;

	if (policy_parse_saying(out, line, now_ms, zone_s, pool, &said) == 0)
		return 0;
	buf_init(&words, 4 * ERR_TEXT);
	saying_words(&words, said.text, NULL, NULL);
	err_set(e, said.kind, "%s", buf_str(&words));
	buf_fini(&words);
	return -1;
}

static bool is_blank_or_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

int policy_parse_text(struct policy *out, const char *text, int64_t now_ms, int32_t zone_s,
    struct err *e)
{
	struct pool pool;
	int64_t number = 1;
	int ret = -1, line_no = 0;

	pool_init(&pool, TEXT_ROOM);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		struct rule r;
		const char *line;

		line_no++;
		pool_reset(&pool);
		line = len > POLICY_LINE ? NULL : pool_strndup(&pool, text, len);
		if (line == NULL) {
			err_set(e, ERR_LIMIT, "line %d: a line has at most %d bytes", line_no,
			    POLICY_LINE);
			goto out;
		}
		text += len + (text[len] == '\n');
		if (is_blank_or_comment(line))
			continue;
		if (policy_parse_line(&r, line, now_ms, zone_s, &pool, e) != 0) {
			err_prefix(e, "line %d", line_no);
			goto out;
		}
		r.number = number++;
		if (policy_add(out, &r, e) != 0) {
			err_prefix(e, "line %d", line_no);
			goto out;
		}
	}
	ret = 0;
out:
	pool_fini(&pool);
	return ret;
}
