/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thing_state_fuzz: whatever is in the files of a thing's state folder, the
 * loaders refuse it or take it whole, and keep their limits.  The first byte
 * says which file it is.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/pool.h"
#include "tests/fuzz/fuzz.h"
#include "thing/decisions.h"
#include "thing/domains.h"
#include "thing/identity.h"
#include "thing/known_time.h"
#include "thing/node.h"
#include "thing/node_file.h"
#include "thing/standing.h"
#include "thing/statefile.h"

static void
load_identity(const char *text, size_t len)
{
	struct identity id;

	if (identity_parse(&id, text, len, NULL) != 0)
		return;
	FUZZ_CHECK(id.user[0] != '\0' && strlen(id.user) < IDENTITY_USER);
	FUZZ_CHECK(strpbrk(id.user, "@/ \"&'<>\n") == NULL && strlen(id.key) == IDENT_TEXT - 1);
	FUZZ_CHECK(id.password.len == IDENTITY_PASSWORD - 1 && id.domain[0] != '\0');
	identity_fini(&id);
}

static void
load_standing(const char *text, size_t len)
{
	struct standing s;

	if (standing_parse(&s, text, len, NULL) != 0)
		return;
	FUZZ_CHECK(s.registry.gen < GEN_COUNT && s.pin.tls13 < SASL_MECH_COUNT);
	FUZZ_CHECK(strchr(s.owner, '/') == NULL);
}

/* What is believed is within its lease, and every key can be looked up. */
static void
load_decisions(const char *text, size_t len)
{
	static const struct limit often = { .rule = 3, .rate_n = 4, .rate_ms = 3600000 };
	struct clock_fake fake = { .wall = 1800000000000LL, .boot = 100000 };
	struct clock clock = clock_from_fake(&fake);
	struct decision found;
	struct decisions d;
	struct pool pool;

	FUZZ_CHECK(decisions_open(&d, &clock, NULL, NULL) == 0);
	(void)decisions_parse(&d, text, len, NULL);
	FUZZ_CHECK(d.n <= DECISIONS_MAX);
	pool_init(&pool, 1 << 20);
	for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char key[256] = "";
		const char *last = end;

		while (last > line && last[-1] != ' ')
			last--;
		if ((size_t)(end - last) >= sizeof(key))
			continue;
		memcpy(key, last, (size_t)(end - last));
		(void)decisions_find(&d, key, &pool, &found);
		pool_reset(&pool);
	}
	FUZZ_CHECK(usage_wait(&d.usage, "bob@b.example", &often, fake.boot) >= 0);
	FUZZ_CHECK(d.usage.n <= USAGE_ROWS);
	fake.boot += DECISIONS_LEASE_MAX_MS;
	FUZZ_CHECK(!decisions_find(&d, "read|bob@b.example|t1|s|d|u|n|a", &pool, &found));
	pool_fini(&pool);
	decisions_close(&d);
}

static void
load_time(const char *text, size_t len)
{
	int64_t ms = -1;

	if (known_time_parse(&ms, text, len, NULL) == 0)
		FUZZ_CHECK(ms >= 0);
}

static void
load_domain(const char *text, size_t len)
{
	char out[DOMAINS_NAME], again[DOMAINS_NAME];

	(void)len;
	if (domains_parse(out, text, NULL) != 0)
		return;
	FUZZ_CHECK(strpbrk(out, "@/ \n") == NULL && out[0] != '\0');
	FUZZ_CHECK(domains_parse(again, out, NULL) == 0 && strcmp(out, again) == 0);
}

static int
take_row(void *arg, const char *name, const char *value, struct err *e)
{
	(void)e;
	FUZZ_CHECK(strpbrk(name, " \n") == NULL && strchr(value, '\n') == NULL);
	++*(size_t *)arg;
	return 0;
}

/* Not believed without its last line. */
static void
load_rows(const char *text, size_t len)
{
	size_t rows = 0;

	if (statefile_parse(text, len, "fuzz", take_row, &rows, NULL) != 0)
		return;
	FUZZ_CHECK(len > 4 && memcmp(text + len - 4, "end\n", 4) == 0);
	FUZZ_CHECK(rows < len);
}

/* Its name is made from its address, so it is written once as it should be. */
static void
write_node_file(struct thing_node *n, const char *dir, char path[static 512], const char *text,
    size_t len)
{
	const struct dirent *x;
	DIR *d;
	int fd;

	FUZZ_CHECK(node_file_save(n, dir, "r.example", NULL) == 0);
	d = opendir(dir);
	FUZZ_CHECK(d != NULL);
	path[0] = '\0';
	while ((x = readdir(d)) != NULL)
		if (strncmp(x->d_name, "node-", 5) == 0)
			(void)snprintf(path, 512, "%s/%s", dir, x->d_name);
	(void)closedir(d);
	fd = open(path, O_WRONLY | O_TRUNC);
	FUZZ_CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	(void)close(fd);
}

static void
load_node(const char *text, size_t len)
{
	struct thing_node n = { .at = { .id = "lamp", .source = "mqtt" }, .key = "K" }, read = { .at = n.at };
	char dir[64], path[512];

	(void)snprintf(dir, sizeof(dir), "%s/kith-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return;
	write_node_file(&n, dir, path, text, len);
	if (node_file_load(&read, dir, "r.example", NULL) == 0) {
		FUZZ_CHECK(read.key[0] != '\0' && memchr(read.key, '\0', sizeof(read.key)) != NULL);
		FUZZ_CHECK(read.owner == NULL || strchr(read.owner, '/') == NULL);
		FUZZ_CHECK(read.former == NULL || strchr(read.former, '/') == NULL);
	} else {
		FUZZ_CHECK(read.key[0] == '\0' && read.owner == NULL);
	}
	mem_free(read.owner);
	mem_free(read.former);
	(void)unlink(path);
	(void)rmdir(dir);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const load[])(const char *, size_t) = {
		load_identity, load_standing, load_decisions, load_time, load_domain, load_rows,
		load_node,
	};
	char *text;

	if (size < 1)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	load[data[0] % 7](text, size - 1);
	free(text);
	return 0;
}
