/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first_boot: a thing comes to its account while every system call that writes fails
 * once or is its last, and while the power goes between any two steps of the broker.
 * And very many first boots, with everything frozen that could make two alike.  The
 * broker is a table in shared memory; the client is a stand-in that talks to it.
 */
#include "config.h"

#include "tests/unit/thing_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "common/base/daemon.h"
#include "common/base/str.h"
#include "thing/login.h"
#include "thing/statefile.h"

/* ---- faults: each call that changes the disk, and each step of the broker -- */

static struct {
	unsigned calls, at;	/* 0: never */
	bool kill;
} fault;

static bool faulty(void)
{
	fault.calls++;
	if (fault.at == 0 || fault.calls != fault.at)
		return false;
	if (fault.kill)
		(void)raise(SIGKILL);
	errno = EIO;
	return true;
}

#define WRAPPED(ret, name, params, args) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params { return faulty() ? -1 : __real_##name args; }

/* Who is killed leaves the page cache behind, so nothing is waited for here. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) { UNUSED(fd); return faulty() ? -1 : 0; }

WRAPPED(int, mkdir, (const char *p, mode_t m), (p, m))
WRAPPED(int, flock, (int fd, int op), (fd, op))
WRAPPED(int, fchmod, (int fd, mode_t m), (fd, m))
WRAPPED(int, unlinkat, (int d, const char *p, int f), (d, p, f))
WRAPPED(int, renameat, (int a, const char *x, int b, const char *y), (a, x, b, y))
WRAPPED(int, renameat2, (int a, const char *x, int b, const char *y, unsigned f), (a, x, b, y, f))
WRAPPED(int, openat, (int d, const char *p, int f, mode_t m), (d, p, f, m))
WRAPPED(int, open, (const char *p, int f, mode_t m), (p, f, m))

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!faulty())
		return __real_write(fd, data, len);
	(void)!__real_write(fd, data, len / 2);	/* the worst kind: half of it is there */
	return -1;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool bad = faulty();
	int ret = __real_close(fd);

	return bad ? -1 : ret;
}

/* ---- what could make two of a kind alike --------------------------------- */

static bool frozen;
static int random_fails;	/* errno; 0: it works */
static unsigned random_flags;	/* all that were asked for */

pid_t __real_getpid(void);
pid_t __wrap_getpid(void);
pid_t __wrap_getpid(void) { return frozen ? 1 : __real_getpid(); }

int __real_clock_gettime(clockid_t c, struct timespec *ts);
int __wrap_clock_gettime(clockid_t c, struct timespec *ts);
int __wrap_clock_gettime(clockid_t c, struct timespec *ts)
{
	if (!frozen)
		return __real_clock_gettime(c, ts);
	*ts = (struct timespec){ 0 };
	return 0;
}

ssize_t __real_getrandom(void *out, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	random_flags |= flags;
	if (random_fails) {
		errno = random_fails;
		return -1;
	}
	return __real_getrandom(out, len, flags);
}

/* ---- the broker ----------------------------------------------------------- */

#define ACCOUNTS 16

static struct broker {
	unsigned n;
	struct { char user[IDENTITY_USER], password[IDENTITY_PASSWORD]; } account[ACCOUNTS];
} *broker;

static int find(const char *user)
{
	for (unsigned i = 0; i < broker->n; i++)
		if (strcmp(broker->account[i].user, user) == 0)
			return (int)i;
	return -1;
}

static void make_account(const char *user, const char *password)
{
	assert_true(broker->n < ACCOUNTS);
	assert_int_equal(str_copy(broker->account[broker->n].user, IDENTITY_USER, user), 0);
	assert_int_equal(str_copy(broker->account[broker->n].password, IDENTITY_PASSWORD, password), 0);
	broker->n++;
}

/* ---- the stand-in --------------------------------------------------------- */

struct client {
	char user[IDENTITY_USER], password[IDENTITY_PASSWORD];
	bool asks;
	const struct client_ops *ops;
	void *arg;
};

struct client *client_new(const struct client_conf *conf, const struct client_ops *ops,
    void *arg, struct err *e)
{
	struct client *c = calloc(1, sizeof(*c));

	UNUSED(e);
	assert_int_equal(str_copy(c->user, sizeof(c->user), conf->user), 0);
	assert_int_equal(str_copy(c->password, sizeof(c->password), (const char *)conf->password->data), 0);
	c->asks = conf->register_account;
	c->ops = ops;
	c->arg = arg;
	return c;
}

void client_free(struct client **c)
{
	free(*c);
	*c = NULL;
}

/* One whole attempt; the network or the power can go between any two steps. */
static void attempt(struct client *c)
{
	struct sasl_pin pin = { .tls13 = SASL_SCRAM_SHA_256 };
	int i;

	if (c->asks) {
		if (faulty()) {
			c->ops->down(c->arg, CLIENT_LOST, "", 0);
			return;
		}
		if (find(c->user) >= 0) {
			c->ops->down(c->arg, CLIENT_CONFLICT, "", 0);
			return;
		}
		make_account(c->user, c->password);
		if (faulty()) {		/* it is made, and nobody is told */
			c->ops->down(c->arg, CLIENT_LOST, "", 0);
			return;
		}
		c->ops->registered(c->arg);
	}
	i = find(c->user);
	if (i < 0 || strcmp(broker->account[i].password, c->password) != 0)
		c->ops->down(c->arg, CLIENT_REFUSED, "", 0);
	else if (faulty())
		c->ops->down(c->arg, CLIENT_LOST, "", 0);
	else
		c->ops->up(c->arg, "x@home.example/r", &pin);
}

int client_fd(const struct client *c) { UNUSED(c); return -1; }
short client_events(const struct client *c) { UNUSED(c); return 0; }
int64_t client_deadline(const struct client *c) { UNUSED(c); return 0; }
void client_run(struct client *c, short revents) { UNUSED(revents); attempt(c); }
bool client_is_up(const struct client *c) { UNUSED(c); return false; }
struct buf *client_out(struct client *c) { UNUSED(c); return NULL; }
void client_flush(struct client *c) { UNUSED(c); }
int64_t client_last_byte(const struct client *c) { UNUSED(c); return 0; }
bool client_probe(struct client *c) { UNUSED(c); return false; }
void client_close(struct client *c) { UNUSED(c); }

void client_peer_times(const struct client *c, int64_t *from_ms, int64_t *until_ms)
{
	UNUSED(c);
	*from_ms = 0;
	*until_ms = INT64_MAX;
}

/* ---- a boot ---------------------------------------------------------------- */

static bool is_up;

static void on_up(void *arg, const char *jid) { UNUSED(arg); UNUSED(jid); is_up = true; }
static void on_down(void *arg) { UNUSED(arg); }
static void on_note(void *arg, bool alarm, const char *s) { UNUSED(arg); UNUSED(alarm); UNUSED(s); }
static void on_trying(void *arg, bool now) { UNUSED(arg); UNUSED(now); }
static void on_renamed(void *arg) { UNUSED(arg); }

static const struct login_ops ops = {
	.up = on_up, .down = on_down, .note = on_note, .trying = on_trying, .renamed = on_renamed,
};

/* As kith_thing_new does it: -1 is a program that does not start. */
static int open_folder(struct identity *id, struct standing *st, struct known_time *k, const char *dir)
{
	struct err e = ERR_INIT;
	int lock;

	if (daemon_dir(dir, &e) < 0)
		return -1;
	lock = statefile_lock(dir, &e);
	if (lock < 0)
		return -1;
	if (identity_load(id, dir, &e) < 0 && (e.kind != ERR_AGAIN ||
	    identity_make(id, "home.example", &e) < 0 || identity_save(id, dir, &e) < 0))
		return -1;
	err_clear(&e);
	standing_init(st);
	if (standing_load(st, dir, &e) < 0 && e.kind != ERR_AGAIN)
		return -1;
	known_time_load(k, dir);
	return 0;
}

/* Runs until it is logged in; 0, or -1: it ended before. */
static int boot(const char *dir)
{
	struct clock_fake hands = { .wall = 1800000000000LL, .boot = 1000 };
	struct clock clock = clock_from_fake(&hands);
	struct identity id;
	struct standing st;
	struct known_time k;
	struct login l;
	struct err e = ERR_INIT;
	struct login_conf conf = { .clock = &clock, .dir = dir, .time = &k,
		.locate = { .server = "127.0.0.1:1" } };

	if (open_folder(&id, &st, &k, dir) < 0)
		return -1;
	assert_int_equal(login_init(&l, &conf, &id, &st, &ops, NULL, &e), 0);
	is_up = false;
	for (int i = 0; i < 60 && !is_up; i++) {
		int64_t at = login_deadline(&l);

		if (at > hands.boot) {
			hands.wall += at - hands.boot;
			hands.boot = at;
		}
		login_run(&l, 0);
	}
	login_fini(&l);
	identity_fini(&id);
	return is_up ? 0 : -1;
}

/* In a process of its own; true: it was killed. */
static bool boot_apart(const char *dir, unsigned at, bool kill_it, bool *reached)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		memset(&fault, 0, sizeof(fault));
		fault.at = at;
		fault.kill = kill_it;
		(void)boot(dir);
		_exit(at != 0 && fault.calls >= at ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*reached = WIFSIGNALED(status) || WEXITSTATUS(status) == 1;
	return WIFSIGNALED(status);
}

static void one_identity_and_its_account(const char *dir)
{
	struct identity id;
	struct err e = ERR_INIT;
	int i;

	if (identity_load(&id, dir, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(id.account, IDENTITY_OURS);
	assert_int_equal(broker->n, 1);
	i = find(id.user);
	assert_true(i >= 0);
	assert_string_equal(broker->account[i].password, (const char *)id.password.data);
	identity_fini(&id);
}

static void empty(const char *dir)
{
	static const char *const names[] = { "identity", ".identity.new", "standing", ".standing.new",
		"time", ".time.new" };
	char path[8192];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	memset(broker, 0, sizeof(*broker));
}

/* Each call in turn, until a boot makes fewer than that. */
static void every_call(const char *dir, bool kill_it)
{
	unsigned n = 0;
	bool reached = true, again;

	while (reached && n < 2000) {
		empty(dir);
		(void)boot_apart(dir, ++n, kill_it, &reached);
		/* And whoever comes after it finds his way, with nothing made twice. */
		assert_false(boot_apart(dir, 0, false, &again));
		one_identity_and_its_account(dir);
	}
	assert_in_range(n, 30, 1999);
}

static void row_D1__att_D_07__whichever_call_fails_once_there_is_one_account(void **state)
{
	every_call(*state, false);
}

static void att_T_26__wherever_it_is_killed_there_is_one_identity_and_one_account(void **state)
{
	every_call(*state, true);
}

static void att_T_26__killed_twice_in_a_row_all_the_same(void **state)
{
	bool reached;

	for (unsigned n = 1; n < 70; n += 6)
		for (unsigned m = 1; m < 70; m += 10) {
			empty(*state);
			(void)boot_apart(*state, n, true, &reached);
			(void)boot_apart(*state, m, true, &reached);
			assert_false(boot_apart(*state, 0, false, &reached));
			one_identity_and_its_account(*state);
		}
}

/* ---- randomness ------------------------------------------------------------- */

#define TAKEN 24	/* bytes of each that are compared */

struct made {
	unsigned char of[3][TAKEN];	/* name, KEY, password */
};

static void make_one(struct made *m)
{
	struct identity id;
	struct err e = ERR_INIT;

	if (identity_make(&id, "home.example", &e) < 0)
		fail_msg("%s", e.text);
	memcpy(m->of[0], id.user, TAKEN);
	memcpy(m->of[1], id.key, TAKEN);
	memcpy(m->of[2], id.password.data, TAKEN);
	identity_fini(&id);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, TAKEN);
}

static void all_different(struct made *m, size_t n, int which)
{
	unsigned char (*sorted)[TAKEN] = malloc(n * TAKEN);

	assert_non_null(sorted);
	for (size_t i = 0; i < n; i++)
		memcpy(sorted[i], m[i].of[which], TAKEN);
	qsort(sorted, n, TAKEN, compare);
	for (size_t i = 1; i < n; i++)
		assert_memory_not_equal(sorted[i - 1], sorted[i], TAKEN);
	free(sorted);
}

/* One image, started, then copied into many processes: what a container or a
 * pre-forking program does to a generator that keeps a state of its own. */
static void att_D_05__no_two_of_very_many_first_boots_are_alike(void **state)
{
	size_t processes = 16, each = (getenv("KITH_LONG") ? 1000000 : 100000) / processes;
	size_t n = processes * each;
	struct made *m = mmap(NULL, n * sizeof(*m), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	UNUSED(state);
	assert_true(m != MAP_FAILED);
	frozen = true;
	make_one(&m[0]);	/* whatever is drawn ahead is drawn before the copies are made */
	for (size_t p = 0; p < processes; p++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			for (size_t i = 0; i < each; i++)
				make_one(&m[p * each + i]);
			_exit(0);
		}
	}
	for (size_t p = 0; p < processes; p++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	frozen = false;
	for (int which = 0; which < 3; which++)
		all_different(m, n, which);
	munmap(m, n * sizeof(*m));
}

static void att_D_05__without_randomness_there_is_no_identity(void **state)
{
	static const int whys[] = { ENOSYS, EPERM, EAGAIN, EFAULT };
	struct identity id;
	char path[8192];

	snprintf(path, sizeof(path), "%s/identity", (char *)*state);
	for (size_t i = 0; i < sizeof(whys) / sizeof(*whys); i++) {
		struct err e = ERR_INIT;

		random_fails = whys[i];
		assert_int_equal(identity_make(&id, "home.example", &e), -1);
		assert_int_equal(e.kind, ERR_SYSTEM);
		identity_fini(&id);
		assert_int_equal(boot(*state), -1);
		random_fails = 0;
		assert_int_equal(access(path, F_OK), -1);
	}
	/* It always waits until the kernel is ready: GRND_NONBLOCK was never asked for. */
	assert_int_equal(random_flags, 0);
}

static int setup(void **state)
{
	broker = mmap(NULL, sizeof(*broker), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return broker == MAP_FAILED ? -1 : folder_setup(state);
}

static int teardown(void **state)
{
	empty(*state);
	munmap(broker, sizeof(*broker));
	return folder_teardown(state);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(row_D1__att_D_07__whichever_call_fails_once_there_is_one_account),
		T(att_T_26__wherever_it_is_killed_there_is_one_identity_and_one_account),
		T(att_T_26__killed_twice_in_a_row_all_the_same),
		T(att_D_05__no_two_of_very_many_first_boots_are_alike),
		T(att_D_05__without_randomness_there_is_no_identity),
	};

	return cmocka_run_group_tests_name("first boot", tests, NULL, NULL);
}
