/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mdns_fuzz: the first byte is the sender, the rest a packet that is heard twice.
 * Whatever it says stays in its bounds, changes nothing the second time, and is
 * asked about a bounded number of times.
 */
#include "config.h"

#include "common/base/str.h"
#include "common/wire/mdns.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	FUZZ_CHECK(memchr(text, '\0', MDNS_TEXT) != NULL);
	FUZZ_CHECK(str_utf8_valid(text, strlen(text)));
}

static void check(struct mdns *m)
{
	char target[MDNS_NAME + 1];

	FUZZ_CHECK(m->n <= MDNS_PER_SENDER);	/* there is one sender */
	for (size_t i = 0; i < m->n; i++) {
		const struct mdns_instance *x = &m->instance[i];

		FUZZ_CHECK(x->n_addresses <= MDNS_ADDRESSES);
		check_text(x->domain);
		check_text(x->registry);
		check_text(x->provisioning);
		if (x->has_srv && mdns_target(x, target, sizeof(target)) == 0)
			FUZZ_CHECK(strspn(target, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(target));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char out[MDNS_QUERY];
	struct mdns m, once;
	unsigned questions = 0;

	if (size < 3)
		return 0;
	/* its own number, so that most packets are read further than that */
	mdns_init(&m, (uint16_t)(data[1] << 8 | data[2]));
	(void)mdns_take(&m, data + 1, size - 1, data[0]);
	check(&m);
	once = m;
	(void)mdns_take(&m, data + 1, size - 1, data[0]);
	FUZZ_CHECK(m.n == once.n);
	for (size_t i = 0; i < m.n; i++) {
		FUZZ_CHECK(m.instance[i].port == once.instance[i].port);
		FUZZ_CHECK(strcmp(m.instance[i].domain, once.instance[i].domain) == 0);
	}
	for (size_t len; (len = mdns_ask(&m, out)) > 0; questions++)
		FUZZ_CHECK(len <= MDNS_QUERY && questions < 1 + MDNS_INSTANCES * MDNS_TRIES * 2);
	mdns_sort(&m);
	check(&m);
	return 0;
}
