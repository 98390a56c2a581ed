/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_fuzz: whatever stands in the file of a history, what is read of it is a
 * value of its type with a believable time, and adding goes on behind it.  The
 * first byte says the type, and whether the header is ours or the fuzzer's.
 */
#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "tests/fuzz/fuzz.h"
#include "thing/ring.h"

#define HEADER 64

static void
put(const char *path, const uint8_t *data, size_t size, off_t at)
{
	int fd = open(path, O_WRONLY);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(pwrite(fd, data, size, at) == (ssize_t)size);
	close(fd);
}

static void
look(struct ring *r, enum kith_thing_type type)
{
	struct ring_entry *list;
	struct kith_thing_value v;
	struct err e = ERR_INIT;
	size_t n;

	FUZZ_CHECK(ring_list(r, 0, INT64_MAX, 0x1ff, 1777622400000, &list, &n, &e) == 0);
	FUZZ_CHECK(n <= 16);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(i == 0 || list[i - 1].at_ms <= list[i].at_ms);
		FUZZ_CHECK(ring_get(r, list[i].number, &v) && v.at_ms == list[i].at_ms);
		FUZZ_CHECK(v.at_ms >= RING_EARLIEST_MS && isfinite(v.number));
		FUZZ_CHECK(str_utf8_valid(v.text, strlen(v.text)));
		FUZZ_CHECK(type == KITH_THING_STRING || v.text[0] == '\0');
	}
	mem_free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/kith-fuzz-ring-XXXXXX", path[128], folder[64];
	struct ring_conf conf = { .dir = dir, .owner = "a@b", .field = "f", .unit = "",
		.values = 16 };
	struct kith_thing_value v = { .number = 1, .text = "x", .at_ms = 1777622400000 };
	struct err e = ERR_INIT;
	struct ring *r;

	if (size < 1 || mkdtemp(dir) == NULL)
		return 0;
	conf.type = data[0] & 1 ? KITH_THING_STRING : KITH_THING_NUMERIC;
	(void)ring_count_file(data + 1, size - 1);
	r = ring_open(&conf, NULL, &e);
	FUZZ_CHECK(r != NULL);
	ring_close(&r);
	FUZZ_CHECK(ring_path(path, sizeof(path), dir, &conf.node, conf.field) == 0);
	put(path, data + 1, size - 1, data[0] & 2 ? 0 : HEADER);
	r = ring_open(&conf, NULL, &e);
	FUZZ_CHECK(r != NULL);
	look(r, conf.type);
	FUZZ_CHECK(ring_add(r, &v, 0, &e));
	look(r, conf.type);
	ring_close(&r);
	FUZZ_CHECK(ring_forget(dir, &conf.node, conf.field, &e) == 0);
	(void)snprintf(folder, sizeof(folder), "%s/" RING_FOLDER, dir);
	(void)rmdir(folder);
	(void)rmdir(dir);
	return 0;
}
