/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_parse: a line of the policy language becomes a rule; recursive
 * descent over words (word.h).  Knows no things: names stay as written.  An
 * error says what was expected, and at which word.  Next: policy_print.c.
 */
#include "config.h"

#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "common/base/jid.h"
#include "common/base/pool.h"
#include "common/base/str.h"
#include "policy/word.h"

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define FOR_MAX_MS (3660 * DAY_MS)	/* ten years */
#define UNTIL_MIN_MS (2 * DAY_MS)	/* so that "the day before" can be written */
#define TARGET_WORDS 16			/* of a name without quotes */
#define WHOM "whom (an address like bob@example.org, *@domain or anyone)"
#define TEXT_ROOM (256 * 1024)		/* pool for one line of a file */

struct parser {
	struct word_cursor words;
	struct pool *pool;
	int64_t now_ms;
	int32_t zone_s;
	struct err *e;
};

static int expected(const struct parser *p, const char *what, const struct word *found)
{
	if (found->text == NULL)
		return err_set(p->e, ERR_INPUT, "expected %s at the end of the line", what);
	return err_set(p->e, ERR_INPUT, "expected %s at word %d, not \"%.60s\"", what, p->words.n,
	    found->text);
}

static int next(struct parser *p, const char *stops, struct word *w)
{
	return word_next(&p->words, stops, w, p->e);
}

/* Is it this keyword?  Quoted text never is. */
static bool is_word(const struct word *w, const char *keyword)
{
	return w->text != NULL && !w->quoted && str_case_eq(w->text, keyword);
}

static bool is_any_of(const struct word *w, const char *const *keywords)
{
	for (; *keywords != NULL; keywords++)
		if (is_word(w, *keywords))
			return true;
	return false;
}

/* Take the next word only if it is this keyword. */
static int take(struct parser *p, const char *keyword, bool *taken)
{
	struct word_cursor before = p->words;
	struct word w;

	if (next(p, "", &w) != 0)
		return -1;
	*taken = is_word(&w, keyword);
	if (!*taken)
		p->words = before;
	return 0;
}

static int parse_verdict(struct parser *p, struct rule *r)
{
	static const char *const allow[] = { "allow", "permit", NULL };
	static const char *const deny[] = { "deny", "forbid", NULL };
	struct word w;
	bool about;

	if (next(p, "", &w) != 0)
		return -1;
	if (is_any_of(&w, allow)) {
		r->verdict = VERDICT_ALLOW;
	} else if (is_any_of(&w, deny)) {
		r->verdict = VERDICT_DENY;
	} else if (is_word(&w, "ask")) {
		r->verdict = VERDICT_ASK;
		return take(p, "about", &about);
	} else {
		return expected(p, "allow, deny or ask about", &w);
	}
	return 0;
}

/*
 * An address under which stringprep and PRECIS see two different people is
 * refused: whoever is meant, the other one must not slip in.
 */
static int canonical_subject(struct parser *p, const char *text, bool domain_only,
    struct subject *out)
{
	struct err why = ERR_INIT;
	const char *bare;
	struct jid jid;

	if (jid_parse_bare(&jid, text, JID_STRINGPREP, &why) != 0)
		return err_set(p->e, ERR_INPUT, "expected an address at word %d: \"%.60s\" is an %s",
		    p->words.n, text, why.text);
	bare = pool_strndup(p->pool, text, jid_text_bare_len(text));
	if (bare == NULL)
		return err_set(p->e, ERR_LIMIT, "no room for the line");
	if (jid_profiles_differ(bare))
		return err_set(p->e, ERR_INPUT, "the address at word %d can be read as two "
		    "different people: use another one", p->words.n);
	if (domain_only && jid_has_local(&jid))
		return err_set(p->e, ERR_INPUT, "expected a domain behind *@ at word %d",
		    p->words.n);
	out->text = pool_strdup(p->pool, jid.text);
	return out->text != NULL ? 0 : err_set(p->e, ERR_LIMIT, "no room for the line");
}

static int parse_subject(struct parser *p, struct rule *r)
{
	static const char *const anyone[] = { "anyone", "anybody", "everyone", "everybody", NULL };
	struct word w;

	if (next(p, "", &w) != 0)
		return -1;
	if (w.text == NULL || w.text[0] == '\0')
		return expected(p, WHOM, &w);
	if (is_any_of(&w, anyone)) {
		r->subject = (struct subject){ SUBJECT_ANYONE, NULL };
		return 0;
	}
	if (!w.quoted && str_starts(w.text, "*@")) {
		r->subject.kind = SUBJECT_DOMAIN;
		return canonical_subject(p, w.text + 2, true, &r->subject);
	}
	if (strchr(w.text, '@') == NULL && strchr(w.text, '.') == NULL && !w.quoted)
		return expected(p, WHOM, &w);
	/* A bare domain means its people; in quotes it is that one address. */
	r->subject.kind = !w.quoted && strchr(w.text, '@') == NULL ? SUBJECT_DOMAIN : SUBJECT_JID;
	return canonical_subject(p, w.text, r->subject.kind == SUBJECT_DOMAIN, &r->subject);
}

static int parse_action(struct parser *p, struct rule *r)
{
	enum action action;
	struct word w;
	bool to;

	if (take(p, "to", &to) != 0 || next(p, ",=", &w) != 0)
		return -1;
	if (is_word(&w, "everything"))
		r->actions = RULE_EVERYTHING;
	else if (w.text != NULL && !w.quoted && action_find(w.text, &action))
		r->actions = 1u << action;
	else
		return expected(p, "to befriend, to read, to control or everything", &w);
	return 0;
}

static int check_name(const struct parser *p, const char *text)
{
	if (text[0] == '\0')
		return err_set(p->e, ERR_INPUT, "the name at word %d is empty", p->words.n);
	if (str_utf8_chars(text) > POLICY_NAME)
		return err_set(p->e, ERR_LIMIT, "the name at word %d is longer than %d characters",
		    p->words.n, POLICY_NAME);
	return 0;
}

static bool is_clause(const struct word *w)
{
	static const char *const keywords[] = { "until", "for", "daily", "lease", NULL };

	return is_any_of(w, keywords);
}

static bool ends_name(const struct word *w)
{
	return is_word(w, "of") || is_word(w, "and");
}

/*
 * One name: quoted, or words without quotes up to a stop character, "of" or
 * "and" in a list, a clause or the end; blanks between them count as one.
 */
static int parse_name(struct parser *p, const char *what, const char *stops, bool in_list,
    const char **out)
{
	struct word w;
	char *text;

	if (next(p, stops, &w) != 0)
		return -1;
	if (w.text == NULL || w.mark != 0 || is_clause(&w) || (in_list && ends_name(&w)))
		return expected(p, what, &w);
	*out = w.text;
	for (int n = 1; !w.quoted && n < TARGET_WORDS; n++) {
		struct word_cursor before = p->words;

		if (next(p, stops, &w) != 0)
			return -1;
		if (w.text == NULL || w.mark != 0 || w.quoted || is_clause(&w) ||
		    (in_list && ends_name(&w))) {
			p->words = before;
			break;
		}
		text = pool_printf(p->pool, "%s %s", *out, w.text);
		if (text == NULL)
			return err_set(p->e, ERR_LIMIT, "no room for the line");
		*out = text;
	}
	return check_name(p, *out);
}

static int parse_names(struct parser *p, struct rule *r)
{
	r->names = pool_alloc(p->pool, POLICY_NAMES * sizeof(*r->names));
	if (r->names == NULL)
		return err_set(p->e, ERR_LIMIT, "no room for the line");
	for (;;) {
		struct word_cursor before;
		struct word w;

		if (r->n_names == POLICY_NAMES)
			return err_set(p->e, ERR_LIMIT, "at most %d names in one rule",
			    POLICY_NAMES);
		if (parse_name(p, "a name of a field or parameter", ",", true,
			&r->names[r->n_names]) != 0)
			return -1;
		r->n_names++;
		before = p->words;
		if (next(p, ",", &w) != 0)
			return -1;
		if (w.mark != ',' && !is_word(&w, "and")) {
			p->words = before;
			return 0;
		}
	}
}

/* Taken: the words that stand for no name at all. */
static int take_all_names(struct parser *p, bool *taken)
{
	static const char *const all[] = { "everything", "anything", "all", "*", NULL };
	struct word_cursor before = p->words;
	struct word w, behind;

	*taken = false;
	if (next(p, ",", &w) != 0)
		return -1;
	if (is_any_of(&w, all)) {
		struct word_cursor here = p->words;

		if (next(p, ",", &behind) != 0)
			return -1;
		*taken = is_word(&behind, "of");
		if (*taken) {
			p->words = here;
			return 0;
		}
	}
	p->words = before;
	return 0;
}

/* Taken: "*", "all my things", "my things". */
static int take_all_things(struct parser *p, bool *taken)
{
	static const char *const all[] = { "all", "every", "any", NULL };
	struct word_cursor before = p->words;
	struct word w;

	*taken = false;
	if (next(p, "=", &w) != 0)
		return -1;
	if (is_word(&w, "*")) {
		*taken = true;
		return 0;
	}
	if (is_any_of(&w, all) && next(p, "=", &w) != 0)
		return -1;
	if (is_word(&w, "my") && next(p, "=", &w) != 0)
		return -1;
	*taken = is_word(&w, "things") || is_word(&w, "thing");
	/* "things" alone may be what somebody calls a thing. */
	if (*taken && p->words.n - before.n == 1)
		*taken = false;
	if (!*taken)
		p->words = before;
	return 0;
}

static int parse_tag_value(struct parser *p, struct target *t)
{
	struct word w;

	struct tag_term *term = pool_alloc(p->pool, sizeof(*term));

	if (term == NULL)
		return err_set(p->e, ERR_LIMIT, "no room for the line");
	if (next(p, "=", &w) != 0)		/* the '=' itself */
		return -1;
	*term = (struct tag_term){ .op = TAG_EQ, .name = t->name };
	*t = (struct target){ .kind = TARGET_TAG, .n_terms = 1, .term = term };
	return parse_name(p, "the value of the tag", "=", false, &term->value);
}

static int parse_target(struct parser *p, struct rule *r)
{
	struct word_cursor before = p->words;
	struct word w;
	bool all;

	if (take_all_things(p, &all) != 0)
		return -1;
	if (all) {
		r->target.kind = TARGET_ALL;
		return 0;
	}
	if (next(p, "=", &w) != 0)
		return -1;
	/* "tag class=camera": the word is only for the reader. */
	if (!is_word(&w, "tag") || word_follows(&p->words, '=') || word_follows(&p->words, '\0'))
		p->words = before;
	if (parse_name(p, "a thing (its name, tag=value or all my things)", "=", false,
		&r->target.name) != 0)
		return -1;
	if (word_follows(&p->words, '='))
		return parse_tag_value(p, &r->target);
	r->target.kind = TARGET_THING;
	return 0;
}

/* What the rule is about: names, "of", the things. */
static int parse_object(struct parser *p, struct rule *r)
{
	bool of = false, all;

	r->target.kind = TARGET_ALL;
	if (r->actions == RULE_EVERYTHING) {
		if (take(p, "of", &of) != 0)
			return -1;
		return of ? parse_target(p, r) : 0;
	}
	if (take(p, "of", &of) != 0)
		return -1;
	if (of || r->actions == 1u << ACTION_BEFRIEND)
		return parse_target(p, r);
	if (take_all_names(p, &all) != 0)
		return -1;
	if (!all) {
		bool things;

		if (take_all_things(p, &things) != 0)
			return -1;
		if (things)		/* "read all my things" */
			return 0;
		if (parse_names(p, r) != 0)
			return -1;
	}
	if (take(p, "of", &of) != 0)
		return -1;
	if (!of) {
		/* Is it a field or a thing?  Asked about, never guessed. */
		char what[256];
		struct word w;

		if (next(p, "", &w) != 0)
			return -1;
		snprintf(what, sizeof(what), "\"of THING\" (\"everything of %.80s\" if that is "
		    "the thing)", r->n_names == 1 ? r->names[0] : "THING");
		return expected(p, what, &w);
	}
	return parse_target(p, r);
}

/* Decimal digits at *s, at most `max_digits` of them. */
static int take_number(const char **s, int max_digits, int *out)
{
	int n = 0, v = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		if (n == max_digits)
			return -1;
		v = v * 10 + (**s - '0');
	}
	*out = v;
	return n > 0 ? 0 : -1;
}

/* "7:00", "07:00", "07:00:30" where seconds may be; the whole of `s`. */
static int read_time(const char *s, bool seconds, struct date *d)
{
	if (take_number(&s, 2, &d->hour) != 0 || *s++ != ':' ||
	    take_number(&s, 2, &d->minute) != 0)
		return -1;
	if (seconds && *s == ':') {
		s++;
		if (take_number(&s, 2, &d->second) != 0)
			return -1;
	}
	return *s == '\0' ? 0 : -1;
}

/* "2026-12-01" or "2026-12-01T18:00"; `*time` says where a time begins. */
static int read_date(const char *s, struct date *d, const char **time)
{
	if (take_number(&s, 4, &d->year) != 0 || *s++ != '-' ||
	    take_number(&s, 2, &d->month) != 0 || *s++ != '-' ||
	    take_number(&s, 2, &d->day) != 0)
		return -1;
	*time = NULL;
	if (*s == 'T' || *s == 't')
		*time = s + 1;
	else if (*s != '\0')
		return -1;
	return 0;
}

/* "tomorrow", "friday": the day that people mean now; a rule keeps its date. */
static int read_named_day(const struct parser *p, const char *s, struct date *d)
{
	/* The first day of 1970 was a Thursday. */
	static const char *const week[] = { "thursday", "friday", "saturday", "sunday", "monday",
		"tuesday", "wednesday" };
	int64_t today = (p->now_ms + p->zone_s * INT64_C(1000)) / DAY_MS, ahead = -1;

	if (str_case_eq(s, "today"))
		ahead = 0;
	else if (str_case_eq(s, "tomorrow"))
		ahead = 1;
	for (int i = 0; i < 7 && ahead < 0; i++)
		if (str_case_eq(s, week[i]))
			ahead = (i - today % 7 + 6) % 7 + 1;
	if (ahead < 0)
		return -1;
	*d = date_from_ms(p->now_ms + ahead * DAY_MS, p->zone_s);
	d->hour = d->minute = d->second = 0;
	return 0;
}

static int parse_until(struct parser *p, struct rule *r)
{
	static const char what[] = "tomorrow, a weekday, or a day like 2026-12-01 or "
	    "2026-12-01T18:00";
	struct word_cursor before;
	struct date d = { 0 };
	const char *time = NULL;
	struct word w, behind;

	if (next(p, "", &w) != 0)
		return -1;
	if (w.text == NULL || w.quoted || (read_named_day(p, w.text, &d) != 0 &&
	    read_date(w.text, &d, &time) != 0))
		return expected(p, what, &w);
	before = p->words;
	if (time == NULL) {			/* a time may stand behind a blank */
		if (next(p, "", &behind) != 0)
			return -1;
		if (behind.text != NULL && !behind.quoted && strchr(behind.text, ':') != NULL)
			time = behind.text;
		else
			p->words = before;
	}
	if ((time != NULL && read_time(time, true, &d) != 0) ||
	    date_to_ms(&d, p->zone_s, &r->until_ms) != 0)
		return expected(p, what, &w);
	if (time == NULL)
		r->until_ms += DAY_MS;		/* a bare day includes that day */
	if (r->until_ms < UNTIL_MIN_MS)
		return expected(p, what, &w);
	return 0;
}

static const struct unit {
	const char *name;		/* a prefix of the word that is typed */
	const char *longest;
	int64_t ms;
} units[] = {
	{ "s", "seconds", SECOND_MS },
	{ "sec", "secs", SECOND_MS },
	{ "m", "minutes", MINUTE_MS },
	{ "min", "mins", MINUTE_MS },
	{ "h", "hours", HOUR_MS },
	{ "d", "days", DAY_MS },
	{ "w", "weeks", 7 * DAY_MS },
};

/* The letter alone, or the whole word with or without its plural s. */
static bool unit_is(const struct unit *u, const char *text)
{
	size_t len = strlen(text);

	if (str_case_eq(text, u->name) || str_case_eq(text, u->longest))
		return true;
	return len + 1 == strlen(u->longest) && len > 1 && str_case_starts(u->longest, text);
}

/* "2h", "2 h", "30 minutes". */
static int parse_duration(struct parser *p, const char *what, int64_t *ms)
{
	const char *rest;
	struct word w;
	int n;

	if (next(p, "", &w) != 0)
		return -1;
	rest = w.text;
	if (w.text == NULL || w.quoted || take_number(&rest, 6, &n) != 0)
		return expected(p, what, &w);
	if (*rest == '\0') {
		if (next(p, "", &w) != 0)
			return -1;
		rest = w.text;
	}
	for (size_t i = 0; rest != NULL && i < sizeof(units) / sizeof(units[0]); i++)
		if (unit_is(&units[i], rest)) {
			*ms = n * units[i].ms;
			return 0;
		}
	return expected(p, what, &w);
}

static int parse_for(struct parser *p, struct rule *r)
{
	int64_t ms = 0;

	if (parse_duration(p, "how long (30m, 2h, 3d, 1w)", &ms) != 0)
		return -1;
	if (ms <= 0 || ms > FOR_MAX_MS)
		return err_set(p->e, ERR_INPUT, "\"for\" takes a time of up to ten years");
	r->until_ms = (p->now_ms + ms + SECOND_MS - 1) / SECOND_MS * SECOND_MS;
	return 0;
}

static int read_minute(const struct word *w, int32_t *out)
{
	struct date d = { 0 };

	if (w->text == NULL || w->quoted || read_time(w->text, false, &d) != 0 || d.minute > 59 ||
	    d.hour > 24 || (d.hour == 24 && d.minute != 0))
		return -1;
	*out = d.hour * 60 + d.minute;
	return 0;
}

static int parse_daily(struct parser *p, struct rule *r)
{
	static const char what[] = "times like 07:00-22:00";
	struct word w;

	r->daily = true;
	if (next(p, "-", &w) != 0)
		return -1;
	if (read_minute(&w, &r->from_min) != 0 || r->from_min == 1440)
		return expected(p, what, &w);
	if (next(p, "-", &w) != 0)
		return -1;
	if (w.mark != '-')
		return expected(p, what, &w);
	if (next(p, "-", &w) != 0)
		return -1;
	if (read_minute(&w, &r->to_min) != 0 || r->to_min == r->from_min)
		return expected(p, what, &w);
	return 0;
}

static int parse_lease(struct parser *p, struct rule *r)
{
	if (r->verdict != VERDICT_ALLOW)
		return err_set(p->e, ERR_INPUT, "only an allow can have a lease (word %d)",
		    p->words.n);
	if (parse_duration(p, "how long answers may be kept (30s, 5m, 2h)", &r->lease_ms) != 0)
		return -1;
	if (r->lease_ms < POLICY_LEASE_MIN_MS || r->lease_ms > POLICY_LEASE_MAX_MS)
		return err_set(p->e, ERR_INPUT, "a lease is between 5s and 24h");
	return 0;
}

static int parse_clauses(struct parser *p, struct rule *r)
{
	enum { UNTIL = 1, DAILY = 2, LEASE = 4 };
	static const struct {
		const char *keyword;
		int bit;
		int (*parse)(struct parser *p, struct rule *r);
	} clauses[] = {
		{ "until", UNTIL, parse_until },
		{ "for", UNTIL, parse_for },
		{ "daily", DAILY, parse_daily },
		{ "lease", LEASE, parse_lease },
	};
	const size_t n = sizeof(clauses) / sizeof(clauses[0]);
	int seen = 0;

	for (;;) {
		struct word w;
		size_t i = 0;

		if (next(p, "", &w) != 0)
			return -1;
		if (w.text == NULL)
			return 0;
		while (i < n && (!is_word(&w, clauses[i].keyword) || (seen & clauses[i].bit) != 0))
			i++;
		if (i == n)
			return expected(p, "until, for, daily, lease or the end", &w);
		seen |= clauses[i].bit;
		if (clauses[i].parse(p, r) != 0)
			return -1;
	}
}

int policy_parse_line(struct rule *out, const char *line, int64_t now_ms, int32_t zone_s,
    struct pool *pool, struct err *e)
{
	struct parser p = { .pool = pool, .now_ms = now_ms, .zone_s = zone_s, .e = e };
	struct rule r = { 0 };

	if (word_start(&p.words, line, pool, e) != 0 || parse_verdict(&p, &r) != 0 ||
	    parse_subject(&p, &r) != 0 || parse_action(&p, &r) != 0 ||
	    parse_object(&p, &r) != 0 || parse_clauses(&p, &r) != 0)
		return -1;
	*out = r;
	return 0;
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
