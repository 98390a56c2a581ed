/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iotdisco_fuzz: any text is refused with a sentence, or is a claim text that
 * comes out the same when it is written and read again (att-C-26).
 */
#include "config.h"

#include "common/base/buf.h"
#include "common/wire/iotdisco.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_BYTES (1024 * 1024)

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_same(const struct iotdisco *a, const struct iotdisco *b)
{
	FUZZ_CHECK(a->tags.n == b->tags.n && a->has_key == b->has_key);
	for (size_t i = 0; i < a->tags.n; i++) {
		FUZZ_CHECK(strcmp(a->tags.tag[i].name, b->tags.tag[i].name) == 0);
		FUZZ_CHECK(strcmp(a->tags.tag[i].str, b->tags.tag[i].str) == 0);
		FUZZ_CHECK(a->tags.tag[i].is_num == b->tags.tag[i].is_num);
	}
	FUZZ_CHECK(same_text(a->registry, b->registry) && same_text(a->jid, b->jid));
	FUZZ_CHECK(node_equal(&a->node, &b->node));
}

static void
check_claim(const char *text, size_t len)
{
	struct err e = ERR_INIT;
	struct iotdisco d, again;
	struct pool pool;
	struct buf out;

	pool_init(&pool, TEXT_BYTES);
	buf_init(&out, TEXT_BYTES);
	if (iotdisco_parse(&d, text, len, &pool, &e) < 0) {
		FUZZ_CHECK(e.text[0] != '\0');
	} else {
		iotdisco_write(&out, &d);
		FUZZ_CHECK(buf_ok(&out));
		FUZZ_CHECK(iotdisco_parse(&again, out.data, out.len, &pool, NULL) == 0);
		check_same(&d, &again);
	}
	pool_fini(&pool);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	const char *start = NULL;
	size_t len = 0;

	check_claim(text, size);
	if (iotdisco_find(text, &start, &len) == 1) {
		FUZZ_CHECK(start >= text && len <= strlen(start));
		check_claim(start, len);
	}
	free(text);
	return 0;
}
