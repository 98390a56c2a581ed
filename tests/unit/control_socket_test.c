/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_socket_test: lines in, answers out, one slow or silent client costs
 * the others nothing, and the file is nobody else's.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ev.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kithd/control_socket.h"

struct fixture {
	char folder[64], path[96];
	struct ev_loop *loop;
	struct control_socket *socket;
};

struct counting {
	int left;
	bool ended;
} counting;

/* "count" is answered in parts, everything else at once. */
static bool echo(void *arg, void **job, const char *line, struct buf *out)
{
	struct counting *c = *job;

	(void)arg;
	if (line != NULL && strcmp(line, "count") != 0) {
		buf_addf(out, "0\n<%s>\n", line);
		return true;
	}
	if (line != NULL) {
		counting = (struct counting){ .left = 3 };
		*job = &counting;
		return false;
	}
	if (out == NULL || c->left == 0) {
		c->ended = true;
		if (out != NULL)
			buf_adds(out, "0\ndone\n");
		return true;
	}
	buf_addf(out, "#progress %d 3\n", 4 - c->left--);
	return false;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/kith-control-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/s", f->folder);
	f->loop = ev_loop_new(EVBACKEND_POLL);
	assert_int_equal(control_socket_open(&f->socket, f->loop, f->path, 2, echo, NULL, &e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	control_socket_close(&f->socket);
	ev_loop_destroy(f->loop);
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static int client(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Let the loop do all it can do now. */
static void turn(struct fixture *f)
{
	for (int i = 0; i < 10; i++)
		ev_run(f->loop, EVRUN_NOWAIT);
}

static void expect(struct fixture *f, int fd, const char *text)
{
	char got[256];
	ssize_t n;

	turn(f);
	n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, text);
}

static void a_line_is_answered_and_an_empty_line_ends_it(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	assert_int_equal(send(fd, "things\n", 7, 0), 7);
	expect(f, fd, "0\n<things>\n\n");
	assert_int_equal(send(fd, "a\nb\nc", 5, 0), 5);
	expect(f, fd, "0\n<a>\n\n0\n<b>\n\n");
	assert_int_equal(send(fd, "\n", 1, 0), 1);
	expect(f, fd, "0\n<c>\n\n");
	close(fd);
}

static void a_long_answer_comes_in_parts_and_others_are_served_between(void **state)
{
	struct fixture *f = *state;
	int fd = client(f), other = client(f);

	assert_int_equal(send(fd, "count\nafter\n", 12, 0), 12);
	assert_int_equal(send(other, "x\n", 2, 0), 2);
	expect(f, other, "0\n<x>\n\n");
	expect(f, fd, "#progress 1 3\n#progress 2 3\n#progress 3 3\n0\ndone\n\n0\n<after>\n\n");
	close(fd);
	close(other);
}

static void who_leaves_during_a_long_answer_ends_it(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	counting = (struct counting){ .left = 0 };
	assert_int_equal(send(fd, "count\n", 6, 0), 6);
	for (int i = 0; i < 100 && (counting.left != 3 || counting.ended); i++)
		ev_run(f->loop, EVRUN_NOWAIT);
	close(fd);
	for (int i = 0; i < 100 && !counting.ended; i++)
		turn(f);
	assert_true(counting.ended);
}

static void att_O_05__the_socket_is_its_owners_alone(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void att_O_08__only_a_dead_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct control_socket *second = NULL;
	struct err e = ERR_INIT;
	char path[128];
	FILE *file;

	assert_int_equal(control_socket_open(&second, f->loop, f->path, 2, echo, NULL, &e), -1);
	assert_non_null(strstr(e.text, "in use"));
	assert_int_equal(access(f->path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/file", f->folder);
	file = fopen(path, "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_socket_open(&second, f->loop, path, 2, echo, NULL, &e), -1);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(symlink("/tmp/nowhere", path), 0);
	assert_int_equal(control_socket_open(&second, f->loop, path, 2, echo, NULL, &e), -1);
	unlink(path);
}

static void a_silent_client_makes_room_for_a_new_one(void **state)
{
	struct fixture *f = *state;
	int silent = client(f), second, third;
	char byte;

	turn(f);
	second = client(f);
	turn(f);
	third = client(f);
	turn(f);
	assert_int_equal(recv(silent, &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(send(third, "x\n", 2, 0), 2);
	expect(f, third, "0\n<x>\n\n");
	close(silent);
	close(second);
	close(third);
}

static void a_line_without_end_is_cut_off(void **state)
{
	struct fixture *f = *state;
	static char line[8192];
	int fd = client(f);
	char byte;

	memset(line, 'x', sizeof(line));
	assert_int_equal(send(fd, line, sizeof(line), 0), sizeof(line));
	turn(f);
	assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0);
	close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_line_is_answered_and_an_empty_line_ends_it),
		CASE(a_long_answer_comes_in_parts_and_others_are_served_between),
		CASE(who_leaves_during_a_long_answer_ends_it),
		CASE(att_O_05__the_socket_is_its_owners_alone),
		CASE(att_O_08__only_a_dead_socket_is_replaced),
		CASE(a_silent_client_makes_room_for_a_new_one),
		CASE(a_line_without_end_is_cut_off),
	};

	return cmocka_run_group_tests_name("control_socket", tests, NULL, NULL);
}
