/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sheet_fuzz: any file for kithctl import is read to its end or refused with a
 * sentence; each row says what is wrong with it or has cells within the limits.
 * The first byte: CSV or JSON.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "kithd/kithctl_sheet.h"
#include "tests/fuzz/fuzz.h"

static void
check_row(const struct sheet_row *row)
{
	FUZZ_CHECK(row->n <= SHEET_COLUMNS);
	for (size_t i = 0; row->fault == NULL && i < row->n; i++) {
		FUZZ_CHECK(row->cell[i].name != NULL && row->cell[i].name[0] != '\0');
		FUZZ_CHECK(row->cell[i].value == NULL ||
		    strlen(row->cell[i].value) < SHEET_ROW_BYTES);
	}
}

static void
read_all(const char *path, size_t size)
{
	struct err e = ERR_INIT;
	struct sheet_file *t;
	struct sheet_row row;
	size_t rows = 0;
	int got;

	if (sheet_open(&t, path, &e) != 0) {
		FUZZ_CHECK(e.text[0] != '\0');
		return;
	}
	while ((got = sheet_next(t, &row, &e)) == 1) {
		check_row(&row);
		FUZZ_CHECK(++rows <= size + 1);
	}
	FUZZ_CHECK(got == 0 || e.text[0] != '\0');
	sheet_close(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[80];
	int fd;

	if (size < 1)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/kith-fuzz-XXXXXX.%s",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", data[0] & 1 ? "json" : "csv");
	fd = mkstemps(path, data[0] & 1 ? 5 : 4);
	FUZZ_CHECK(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
	(void)close(fd);
	read_all(path, size);
	(void)unlink(path);
	return 0;
}
