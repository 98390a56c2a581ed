/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what every fuzz target includes.  A target is the one function below;
 * its main() is libFuzzer's, or replay.c for `make check`.  See README.md.
 */
#ifndef KITH_TESTS_FUZZ_H
#define KITH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a crash would. */
#define FUZZ_CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what); \
			abort(); \
		} \
	} while (0)

/* The input as a string, in a block of its own so that the sanitizer sees
 * every byte read too many.  The caller frees it. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
