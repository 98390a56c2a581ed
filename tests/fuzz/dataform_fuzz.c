/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dataform_fuzz: any element is refused as a form, or becomes one within the
 * limits, without two fields of one name, that is the same when it is written
 * and read again.
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/dataform.h"
#include "common/wire/ns.h"
#include "common/wire/stanza.h"
#include "tests/fuzz/fuzz.h"

#define WRITTEN_BYTES (1024 * 1024)

static bool
read_form(const char *xml, size_t len, struct pool *pool, struct dataform *out)
{
	struct stanza_holder *h;
	const struct stanza *s = stanza_from_text(&h, NS_CLIENT, xml, len);
	struct parse p = { .pool = pool };
	int ret = s != NULL ? dataform_parse(&p, s, out) : -1;

	if (s != NULL)
		FUZZ_CHECK((ret == 0) == (p.cond == COND_NONE));
	stanza_holder_free(&h);
	return ret == 0;
}

static void
write_form(struct buf *out, const struct dataform *f)
{
	struct xml x;

	buf_init(out, WRITTEN_BYTES);
	xml_begin(&x, out);
	dataform_write(&x, f);
	FUZZ_CHECK(xml_end(&x) == 0);
}

static void
check_limits(const struct dataform *f)
{
	FUZZ_CHECK(f->n <= WIRE_FORM_FIELDS && f->n_columns <= WIRE_FORM_FIELDS);
	FUZZ_CHECK(f->n_rows <= WIRE_FORM_ROWS);
	for (size_t i = 0; i < f->n; i++) {
		const struct dataform_field *d = &f->field[i];

		FUZZ_CHECK(d->kind < DATAFORM_KINDS && d->value.n <= WIRE_FORM_VALUES);
		FUZZ_CHECK(d->n_options <= WIRE_FORM_VALUES);
		FUZZ_CHECK(d->var == NULL || dataform_find(f, d->var) == d);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *xml = fuzz_text(data, size);
	struct dataform f, again;
	struct buf once, twice;
	struct pool pool;

	pool_init(&pool, 4 * WIRE_REQUEST_BYTES);
	if (read_form(xml, size, &pool, &f)) {
		check_limits(&f);
		write_form(&once, &f);
		/* Escapes may make it longer than a stanza may be. */
		if (read_form(buf_str(&once), once.len, &pool, &again)) {
			write_form(&twice, &again);
			FUZZ_CHECK(strcmp(buf_str(&once), buf_str(&twice)) == 0);
			buf_fini(&twice);
		} else {
			FUZZ_CHECK(once.len > WIRE_STANZA_BYTES / 2);
		}
		buf_fini(&once);
	}
	pool_fini(&pool);
	free(xml);
	return 0;
}
