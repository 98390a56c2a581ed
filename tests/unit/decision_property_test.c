/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decision_property_test: the whole way of a decision, from the lines that an
 * owner types and the question of a thing to the stanza that answers it, beside
 * a model of a page that knows nothing of how kith decides (att-P-06, P-19).
 */
#include "config.h"

#include "tests/unit/operate_support.h"

#include "common/base/log.h"
#include "tests/unit/unit.h"

#define THINGS 3
#define PEOPLE 3
#define NAMES 3
#define RULES 12
#define KINDS 2			/* momentary, identity */

enum what { DENY, TOUCH, ASK, ALLOW, WHATS };

struct line {
	enum what what;
	int who;		/* PEOPLE: the domain; PEOPLE + 1: anyone */
	bool control;
	unsigned names, kinds;	/* bits; 0: all */
	int thing, room;	/* -1; both -1: all */
};

static const char *const names[NAMES] = { "alpha", "beta", "gamma" };
static const char *const kinds[KINDS] = { "momentary", "identity" };

static struct unit_random chance;

static unsigned below(unsigned n)
{
	return (unsigned)unit_random_below(&chance, n);
}

static int room_of(int thing)
{
	return thing % 2;
}

/* ---- the model ---- */

static bool speaks(const struct line *l, int thing, int who, bool control, int name, int kind)
{
	return l->control == control && (l->who >= PEOPLE || l->who == who) &&
	    (l->thing < 0 || l->thing == thing) && (l->room < 0 || l->room == room_of(thing)) &&
	    (l->names == 0 || (l->names & 1u << name) != 0) &&
	    (control || l->kinds == 0 || (l->kinds & 1u << kind) != 0);
}

/* One name, one kind: the table of policy(5), line by line. */
static bool allowed(const struct line *all, size_t n, int thing, int who, bool control, int name,
    int kind)
{
	bool touch = false, ask = false, exactly = false, allow = false;

	for (size_t i = 0; i < n; i++) {
		const struct line *l = &all[i];

		if (!speaks(l, thing, who, control, name, kind))
			continue;
		if (l->what == DENY)
			return false;
		touch = touch || l->what == TOUCH;
		ask = ask || l->what == ASK;
		allow = allow || l->what == ALLOW;
		exactly = exactly || (l->what == ALLOW && l->who < PEOPLE);
	}
	return !touch && (exactly || (allow && !ask));
}

/* ---- the lines ---- */

static struct line some_line(void)
{
	struct line l = { .what = (enum what)below(WHATS), .who = (int)below(PEOPLE + 2),
		.control = below(2) == 0, .names = below(1u << NAMES), .thing = -1, .room = -1 };

	if (below(3) > 0)
		l.thing = (int)below(THINGS);
	else if (below(2) == 0)
		l.room = (int)below(2);
	if (!l.control)
		l.kinds = below(1u << KINDS);
	return l;
}

static void add_list(struct buf *b, unsigned set, const char *const *words, unsigned n, char quote)
{
	const char *between = "";

	for (unsigned i = 0; i < n; i++)
		if ((set & 1u << i) != 0) {
			buf_addf(b, quote ? "%s\"%s\"" : "%s%s", between, words[i]);
			between = ", ";
		}
}

static void spell(struct buf *b, const struct line *l)
{
	static const char *const verbs[WHATS] = { "deny", "touch for", "ask about", "allow" };

	buf_addf(b, "%s ", verbs[l->what]);
	if (l->who < PEOPLE)
		buf_addf(b, "p%d@a.example", l->who);
	else
		buf_adds(b, l->who == PEOPLE ? "*@a.example" : "anyone");
	buf_addf(b, " to %s ", l->control ? "control" : "read");
	if (l->names != 0)
		add_list(b, l->names, names, NAMES, '"');
	else
		buf_adds(b, "everything");
	if (l->thing >= 0)
		buf_addf(b, " of w%d", l->thing);
	else if (l->room >= 0)
		buf_addf(b, " of ROOM=r%d", l->room);
	else
		buf_adds(b, " of all my things");
	if (l->kinds != 0) {
		buf_adds(b, " only ");
		add_list(b, l->kinds, kinds, KINDS, 0);
	}
}

static void type(struct hand *h, const struct line *l)
{
	struct buf text, escaped;

	buf_init(&text, 1024);
	buf_init(&escaped, 4096);
	spell(&text, l);
	for (const char *c = buf_str(&text); *c != '\0'; c++)
		buf_addf(&escaped, *c == '"' ? "&quot;" : "%c", *c);
	has(types(h, ALICE, buf_str(&escaped)), "in force");
	buf_fini(&escaped);
	buf_fini(&text);
}

/* ---- the question and its answer ---- */

static bool says(const char *answer, const char *what)
{
	return strstr(answer, what) != NULL;
}

static bool lists(const char *answer, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), " name=\"%s\"", name);
	return says(answer, text);
}

static const char *ask(struct hand *h, int thing, int who, bool control, unsigned asked,
    unsigned asked_kinds)
{
	struct buf b;
	const char *answer;

	buf_init(&b, 2048);
	for (unsigned k = 0; !control && k < KINDS; k++)
		if ((asked_kinds & 1u << k) != 0)
			buf_addf(&b, " %s='true'", kinds[k]);
	buf_adds(&b, ">");
	for (unsigned i = 0; i < NAMES; i++)
		if ((asked & 1u << i) != 0)
			buf_addf(&b, "<%s name='%s'/>", control ? "parameter" : "field", names[i]);
	answer = hand(h, "<iq type='get' from='w%d@a.example/r' to='" ME "' id='q'><%s "
	    "xmlns='urn:xmpp:iot:provisioning' jid='p%d@a.example'%s<lease "
	    "xmlns='urn:kith:lease:0' floor='0'/></%s></iq>", thing,
	    control ? "canControl" : "canRead", who, buf_str(&b),
	    control ? "canControl" : "canRead");
	buf_fini(&b);
	return answer;
}

/*
 * Everything that is granted is allowed, pair by pair; and something is granted
 * where one pair at least is allowed.
 */
static void compare(struct hand *h, const struct line *all, size_t n)
{
	int thing = (int)below(THINGS), who = (int)below(PEOPLE);
	bool control = below(2) == 0, any = false;
	unsigned asked = 1 + below((1u << NAMES) - 1), asked_kinds = 1 + below((1u << KINDS) - 1);
	const char *answer = ask(h, thing, who, control, asked, asked_kinds);
	bool yes = says(answer, "result=\"true\"");

	for (int i = 0; i < NAMES; i++)
		for (int k = 0; k < KINDS; k++) {
			bool is_asked = (asked & 1u << i) != 0 &&
			    (control ? k == 0 : (asked_kinds & 1u << k) != 0);
			bool may = allowed(all, n, thing, who, control, i, k);
			bool granted = yes && lists(answer, names[i]) &&
			    (control || says(answer, k == 0 ? "momentary=\"true\"" : "identity=\"true\""));

			if (granted && (!may || !is_asked) && (!control || k == 0))
				fail_msg("%s of %s is granted to p%d at w%d: %s", kinds[k], names[i], who,
				    thing, answer);
			any = any || (is_asked && may);
		}
	if (yes != any)
		fail_msg("%s for p%d at w%d, who may do %s of it", answer, who, thing,
		    any ? "some" : "none");
}

static void set_up_things(struct hand *h)
{
	for (int i = 0; i < THINGS; i++) {
		char tags[256];

		snprintf(tags, sizeof(tags), "<str name='SN' value='w%d'/><str name='ROOM' value='r%d'/>"
		    "<str name='KEY' value='0123456789abcdef0123456789abcd%02d'/>", i, room_of(i), i);
		hand(h, "<iq type='set' from='w%d@a.example/r' to='" ME "' id='r'><register "
		    "xmlns='urn:xmpp:iot:discovery'>%s</register></iq>", i, tags);
		has(hand(h, "<iq type='set' from='" ALICE "/p' to='" ME "' id='m'><mine "
		    "xmlns='urn:xmpp:iot:discovery'>%s</mine></iq>", tags), "<claimed");
	}
}

static void att_P_19__what_a_thing_is_told_is_what_the_table_says(void **state)
{
	(void)state;
	chance = unit_random_start();
	for (size_t round = 0; round < unit_rounds(8); round++) {
		struct line all[RULES];
		struct hand *h;
		void *s = NULL;

		hand_set_up(&s);
		h = s;
		set_up_things(h);
		for (size_t n = 0; n < RULES; n++) {
			all[n] = some_line();
			type(h, &all[n]);
			for (int q = 0; q < 12; q++)
				compare(h, all, n + 1);
			if (below(20) == 0)
				hand_restart(h);
		}
		hand_tear_down(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(att_P_19__what_a_thing_is_told_is_what_the_table_says),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("decision_property", tests, NULL, NULL);
}
