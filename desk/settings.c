/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: how somebody wants to be talked to: language, time zone, quiet.
 * What is held back because of them is in kithd/outbox.c.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/zone.h"
#include "desk/role.h"

#define SAY_BYTES 4096

/* His row as it is, or a new one. */
static struct person row_of(const struct desk *d, const char *bare)
{
	const struct person *p = person_find(d->d.persons, bare);

	return p != NULL ? *p : (struct person){ .jid = bare };
}

/* 1 kept; 0 refused, *r says so; -1. */
static int keep(struct desk *d, const struct person *p, struct reply *r, struct err *e)
{
	struct err why = ERR_INIT;

	if (person_put(d->d.persons, p, &why) == 0)
		return 1;
	if (why.kind == ERR_LIMIT) {
		reply_error(r, COND_RESOURCE_CONSTRAINT);
		return 0;
	}
	*e = why;
	return -1;
}

static int say_filled(const struct request *q, struct reply *r, const char *sentence,
    const char *value, struct err *e)
{
	struct buf text, quoted;
	int rc;

	buf_init(&text, SAY_BYTES);
	buf_init(&quoted, SAY_BYTES);
	talk_line(&quoted, value);
	catalogue_fill(&text, sentence, buf_str(&quoted), NULL);
	rc = desk_text(q, r, buf_str(&text), e);
	buf_fini(&text);
	buf_fini(&quoted);
	return rc;
}

/* ---- one function per setting ---- */

static int mute(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct person p = row_of(d, q->bare);
	struct buf until;
	int rc;

	p.mute_until_ms = q->u.desk.number > 0 ? talk.now_ms + q->u.desk.number : 0;
	rc = keep(d, &p, r, e);
	if (rc != 1)
		return rc;
	if (p.mute_until_ms == 0)
		return desk_text(q, r, T("Done. I tell you news as it happens."), e);
	buf_init(&until, SAY_BYTES);
	talk_time(&until, t, p.mute_until_ms);
	rc = say_filled(q, r, T("Done. News waits until %1; questions still come. To end it: "
	    "mute off"), buf_str(&until), e);
	buf_fini(&until);
	return rc;
}

static int digest(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct person p = row_of(d, q->bare);
	int rc;

	p.digest = q->u.desk.yes_no == ANSWER_YES;
	rc = keep(d, &p, r, e);
	if (rc != 1)
		return rc;
	return desk_text(q, r, p.digest ?
	    T("Done. You get news once a day, in one message; questions still come at once.") :
	    T("Done. I tell you news as it happens."), e);
}

/* "Deutsch" and "German" are what people type, too. */
static const char *language_code(const char *typed)
{
	static const struct { const char *name, *code; } names[] = {
		{ "english", "en" }, { "englisch", "en" }, { "german", "de" },
		{ "deutsch", "de" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_case_eq(names[i].name, typed))
			return names[i].code;
	return typed;
}

static int no_language(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	struct buf all;
	int rc;

	buf_init(&all, SAY_BYTES);
	for (size_t i = 0; catalogues_name(d->languages, i) != NULL; i++) {
		buf_adds(&all, i > 0 ? ", " : "");
		buf_adds(&all, catalogues_name(d->languages, i));
	}
	rc = say_filled(q, r, T("I do not speak that. I speak: %1"), buf_str(&all), e);
	buf_fini(&all);
	return rc;
}

static int language(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	const char *lang = language_code(q->u.desk.text);
	struct person p = row_of(d, q->bare);
	struct talk talk, *t = &talk;
	int rc;

	if (lang[0] == '\0' || strlen(lang) >= sizeof(p.lang) ||
	    !catalogues_have(d->languages, lang))
		return no_language(d, q, r, e);
	memset(p.lang, 0, sizeof(p.lang));
	memcpy(p.lang, lang, strlen(lang));
	str_lower(p.lang);
	rc = keep(d, &p, r, e);
	if (rc != 1)
		return rc;
	talk = desk_talk(d, q);
	return desk_text(q, r, T("Done. I speak English with you from now on."), e);
}

/* "europe/berlin": files of zones are called "Europe/Berlin". */
static void capitalise(char *s)
{
	bool start = true;

	for (; *s != '\0'; s++) {
		*s = (char)(start ? toupper((unsigned char)*s) : tolower((unsigned char)*s));
		start = *s == '/' || *s == '_' || *s == '-';
	}
}

static const struct zone *zone_called(const struct desk *d, const struct request *q)
{
	const struct zone *z = persons_find_zone(d->d.persons, q->u.desk.text);
	char *other;

	if (z != NULL || (other = pool_strdup(q->pool, q->u.desk.text)) == NULL)
		return z;
	capitalise(other);
	return persons_find_zone(d->d.persons, other);
}

static int timezone_set(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	struct talk talk = desk_talk(d, q), *t = &talk;
	const struct zone *z = zone_called(d, q);
	struct person p = row_of(d, q->bare);
	struct buf now;
	int rc;

	if (z == NULL)
		return desk_text(q, r, T("I know no such zone. It is called after a town, like "
		    "Europe/Berlin or America/New_York; UTC is one, too."), e);
	memset(p.zone, 0, sizeof(p.zone));
	memcpy(p.zone, zone_name(z), strlen(zone_name(z)));
	rc = keep(d, &p, r, e);
	if (rc != 1)
		return rc;
	talk = desk_talk(d, q);
	buf_init(&now, SAY_BYTES);
	talk_time(&now, t, talk.now_ms);
	rc = say_filled(q, r, T("Done. It is %1 there now."), buf_str(&now), e);
	buf_fini(&now);
	return rc;
}

int settings_serve(struct desk *d, struct request *q, struct reply *r, struct err *e)
{
	if (d->d.persons == NULL) {
		reply_error(r, COND_SERVICE_UNAVAILABLE);
		return 0;
	}
	switch (q->verb) {
	case VERB_MUTE:
		return mute(d, q, r, e);
	case VERB_DIGEST:
		return digest(d, q, r, e);
	case VERB_LANGUAGE:
		return language(d, q, r, e);
	default:
		return timezone_set(d, q, r, e);
	}
}
