/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: main() of a fuzz target when no fuzzer is built in.  Runs every file
 * of tests/fuzz/corpus/NAME once and says so in TAP; files given as arguments
 * are run instead.  An empty corpus proves nothing and is a failure.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (4 * 1024 * 1024)

static int
run_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
	FILE *f = fopen(path, "rb");
	size_t n;
	int ret = -1;

	if (data == NULL || f == NULL) {
		fprintf(stderr, "cannot open '%s': %s\n", path, strerror(errno));
		goto out;
	}
	n = fread(data, 1, INPUT_MAX, f);
	exact = malloc(n > 0 ? n : 1);
	if (exact == NULL || ferror(f))
		goto out;
	memcpy(exact, data, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	ret = 0;
out:
	if (f != NULL)
		(void)fclose(f);
	free(exact);
	free(data);
	return ret;
}

/* Number of inputs run; -1 if one could not be read. */
static int
run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[4096];
	int n = 0;

	if (dir == NULL)
		return 0;
	while (n >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		n = run_file(path) == 0 ? n + 1 : -1;
	}
	(void)closedir(dir);
	return n;
}

/* ".../jid_fuzz" or libtool's ".../lt-jid_fuzz": "jid". */
static void
target_name(char *out, size_t size, const char *program)
{
	const char *slash = strrchr(program, '/');
	char *end;

	if (slash != NULL)
		program = slash + 1;
	if (strncmp(program, "lt-", 3) == 0)
		program += 3;
	(void)snprintf(out, size, "%s", program);
	end = strstr(out, "_fuzz");
	if (end != NULL)
		*end = '\0';
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("top_srcdir");
	char name[64], folder[1024];
	int n = 0;

	target_name(name, sizeof(name), argv[0]);
	(void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
	    srcdir != NULL ? srcdir : ".", name);
	for (int i = 1; i < argc; i++)
		n += run_file(argv[i]) == 0;
	if (argc == 1)
		n = run_folder(folder);
	printf("1..1\n%sok 1 - fuzz target %s replays %d inputs\n", n > 0 ? "" : "not ", name, n);
	return n > 0 ? 0 : 1;
}
