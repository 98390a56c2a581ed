/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_file: what is on disk of a node after every system call of a save or a burial
 * has failed once or was the last one of the process.  Built with --wrap.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/mem.h"
#include "common/base/str.h"
#include "thing/folder.h"
#include "thing/node_file.h"

#define REGISTRY "kith.home.example"

/* ---- faults ------------------------------------------------------------- */

static struct {
	unsigned calls, at;	/* at 0: never */
	bool kill;
} fault;

static int faulty(void)
{
	if (++fault.calls != fault.at)
		return 0;
	if (fault.kill)
		(void)raise(SIGKILL);
	errno = EIO;
	return 1;
}

int __real_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
	return faulty() ? -1 : __real_openat(dir, path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!faulty())
		return __real_write(fd, data, len);
	(void)!__real_write(fd, data, len / 2);	/* the worst kind: half of it is there */
	return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return faulty() ? -1 : __real_fsync(fd);
}

int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	return faulty() ? -1 : __real_renameat(a, from, b, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	return faulty() ? -1 : __real_unlink(path);
}

static void no_fault(void)
{
	memset(&fault, 0, sizeof(fault));
}

/* ---- a node ------------------------------------------------------------- */

static struct nodes nodes;

static struct thing_node *make(const char *id, const char *source, const char *partition)
{
	struct kith_thing_node what = { .size = sizeof(what), .at = { id, source, partition } };
	struct thing_node *n;

	assert_int_equal(nodes_init(&nodes), 0);
	n = nodes_add(&nodes, &what);
	assert_non_null(n);
	return n;
}

static void is_state(struct thing_node *n, const char *key, const char *owner)
{
	snprintf(n->key, sizeof(n->key), "%s", key);
	mem_free(n->owner);
	n->owner = owner ? mem_strdup(owner) : NULL;
	n->key_used = owner != NULL;
	n->epoch = owner ? 7 : 0;
	n->is_public = owner != NULL;
}

/* Is exactly that on disk? */
static bool on_disk(const char *dir, const char *key, const char *owner)
{
	struct nodes all;
	struct kith_thing_node what = { .size = sizeof(what), .at = { "n1", "mesh", NULL } };
	struct thing_node *n;
	bool same;

	assert_int_equal(nodes_init(&all), 0);
	n = nodes_add(&all, &what);
	same = node_file_load(n, dir, REGISTRY, NULL) == 0 && strcmp(n->key, key) == 0 &&
	    (owner ? n->owner && strcmp(n->owner, owner) == 0 && n->epoch == 7 && n->key_used
	    : !n->owner && !n->key_used);
	nodes_fini(&all);
	return same;
}

static unsigned graves;

static void count_grave(void *arg, const struct node *at)
{
	(void)arg;
	assert_string_equal(at->id, "n1");
	assert_string_equal(at->source, "mesh");
	assert_null(at->partition);
	graves++;
}

/* How often a text stands in the files of the folder. */
static unsigned times_found(const char *dir, const char *text)
{
	struct dirent *x;
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (d && (x = readdir(d))) {
		char *all = x->d_name[0] == '.' && (!x->d_name[1] || x->d_name[1] == '.') ? NULL
		    : get_file(dir, x->d_name);

		n += all && strstr(all, text);
		free(all);
	}
	if (d)
		closedir(d);
	return n;
}

/* ---- tests -------------------------------------------------------------- */

static void att_D_07__every_failing_call_of_a_save_leaves_old_or_new(void **state)
{
	struct thing_node *n = make("n1", "mesh", NULL);
	struct err e = ERR_INIT;
	unsigned at = 0;
	bool reached;
	int ret;

	do {
		no_fault();
		is_state(n, "oldkey", NULL);
		assert_int_equal(node_file_save(n, *state, REGISTRY, &e), 0);
		is_state(n, "newkey", "alice@home.example");
		fault.calls = 0;
		fault.at = ++at;
		ret = node_file_save(n, *state, REGISTRY, &e);
		reached = fault.calls >= at;
		no_fault();
		assert_true(on_disk(*state, "newkey", "alice@home.example") ||
		    (ret < 0 && on_disk(*state, "oldkey", NULL)));
	} while (reached && at < 1000);
	assert_in_range(at, 5, 999);
	nodes_fini(&nodes);
}

static void att_T_26__a_kill_at_every_call_of_a_save_leaves_old_or_new(void **state)
{
	struct thing_node *n = make("n1", "mesh", NULL);
	struct err e = ERR_INIT;
	unsigned at = 0;
	int status;
	pid_t pid;

	do {
		no_fault();
		is_state(n, "oldkey", NULL);
		assert_int_equal(node_file_save(n, *state, REGISTRY, &e), 0);
		is_state(n, "newkey", "alice@home.example");
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			fault.calls = 0;
			fault.at = at + 1;
			fault.kill = true;
			(void)node_file_save(n, *state, REGISTRY, &e);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(on_disk(*state, "oldkey", NULL) ||
		    on_disk(*state, "newkey", "alice@home.example"));
		at++;
	} while (WIFSIGNALED(status) && at < 1000);
	assert_true(on_disk(*state, "newkey", "alice@home.example"));
	assert_in_range(at, 5, 999);
	nodes_fini(&nodes);
}

static void row_D16__a_kill_at_every_call_of_a_burial_keeps_it_all_or_forgets_its_secrets(void **state)
{
	struct thing_node *n = make("n1", "mesh", NULL);
	struct err e = ERR_INIT;
	unsigned at = 0;
	int status;
	pid_t pid;

	do {
		no_fault();
		assert_int_equal(folder_wipe(*state, &e), 0);
		is_state(n, "secretkey", "alice@home.example");
		assert_int_equal(node_file_save(n, *state, REGISTRY, &e), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			fault.calls = 0;
			fault.at = at + 1;
			fault.kill = true;
			(void)node_file_bury(&n->at, *state, &e);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		graves = 0;
		assert_int_equal(node_file_graves(*state, count_grave, NULL, &e), 0);
		if (graves == 0)
			assert_true(on_disk(*state, "secretkey", "alice@home.example"));
		else
			assert_int_equal(times_found(*state, "secretkey"), 0);
		at++;
	} while (WIFSIGNALED(status) && at < 1000);
	assert_int_equal(graves, 1);
	assert_in_range(at, 5, 999);
	assert_int_equal(node_file_forget(&n->at, *state, &e), 0);
	graves = 0;
	assert_int_equal(node_file_graves(*state, count_grave, NULL, &e), 0);
	assert_int_equal(graves, 0);
	nodes_fini(&nodes);
}

static void att_A_07__addresses_that_join_to_the_same_text_have_files_of_their_own(void **state)
{
	static const struct kith_thing_at at[] = {
		{ "a", "b", "c" }, { "ab", "c", NULL }, { "a", "bc", NULL }, { "a", "b", NULL },
		{ "a:b", "c", NULL }, { "a", "b:c", NULL }, { "a;1", "b", "c" }, { "a", "c", "b" },
	};
	enum { N = sizeof(at) / sizeof(at[0]) };
	struct thing_node *n[N];
	struct err e = ERR_INIT;
	char key[16];

	assert_int_equal(nodes_init(&nodes), 0);
	for (size_t i = 0; i < N; i++) {
		struct kith_thing_node what = { .size = sizeof(what), .at = at[i] };

		n[i] = nodes_add(&nodes, &what);
		assert_non_null(n[i]);
		snprintf(key, sizeof(key), "key%zu", i);
		is_state(n[i], key, NULL);
		assert_int_equal(node_file_save(n[i], *state, REGISTRY, &e), 0);
	}
	for (size_t i = 0; i < N; i++) {
		n[i]->key[0] = '\0';
		snprintf(key, sizeof(key), "key%zu", i);
		assert_int_equal(node_file_load(n[i], *state, REGISTRY, &e), 0);
		assert_string_equal(n[i]->key, key);
	}
	nodes_fini(&nodes);
}

static void what_another_registry_counted_is_left_out(void **state)
{
	struct thing_node *n = make("n1", "mesh", NULL);
	struct err e = ERR_INIT;

	is_state(n, "key", "alice@home.example");
	assert_int_equal(node_file_save(n, *state, REGISTRY, &e), 0);
	assert_int_equal(node_file_load(n, *state, REGISTRY, &e), 0);
	assert_int_equal(n->epoch, 7);
	assert_int_equal(node_file_load(n, *state, "other.example", &e), 0);
	assert_int_equal(n->epoch, 0);
	assert_string_equal(n->owner, "alice@home.example");
	nodes_fini(&nodes);
}

static void it_is_0600_and_nothing_else_is_read(void **state)
{
	struct thing_node *n = make("n1", "mesh", NULL);
	struct err e = ERR_INIT;
	struct dirent *x;
	char path[8192] = "";
	struct stat st;
	DIR *d;

	is_state(n, "key", NULL);
	assert_int_equal(node_file_save(n, *state, REGISTRY, &e), 0);
	d = opendir(*state);
	while ((x = readdir(d)))
		if (str_starts(x->d_name, "node-"))
			snprintf(path, sizeof(path), "%s/%s", (char *)*state, x->d_name);
	closedir(d);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(node_file_load(n, *state, REGISTRY, &e), -1);
	assert_string_equal(n->key, "");
	nodes_fini(&nodes);
}

#define T(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(att_D_07__every_failing_call_of_a_save_leaves_old_or_new),
		T(att_T_26__a_kill_at_every_call_of_a_save_leaves_old_or_new),
		T(row_D16__a_kill_at_every_call_of_a_burial_keeps_it_all_or_forgets_its_secrets),
		T(att_A_07__addresses_that_join_to_the_same_text_have_files_of_their_own),
		T(what_another_registry_counted_is_left_out),
		T(it_is_0600_and_nothing_else_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
