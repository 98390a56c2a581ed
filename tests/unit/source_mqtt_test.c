/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_mqtt: against a real mosquitto, with mosquitto_pub and _sub as the
 * devices of somebody else.  Without these programs it is skipped.
 */
#include "config.h"

#include "tests/unit/source_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BROKER "/usr/sbin/mosquitto"
#define PUB "/usr/bin/mosquitto_pub"
#define SUB "/usr/bin/mosquitto_sub"

static struct { int port; char server[32], port_text[8]; pid_t broker; } b;

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static pid_t spawn(char *const argv[])
{
	posix_spawn_file_actions_t files;
	pid_t pid = 0;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, source_rig_path("printed"),
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&files, 2, source_rig_path("errors"),
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(posix_spawn(&pid, argv[0], &files, NULL, argv, NULL), 0);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

#define RUN(...) wait_for(spawn((char *[]){ __VA_ARGS__, NULL }))

static void wait_for(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void start_broker(const char *more)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t)b.port) };
	char conf[1024], program[] = BROKER, option[] = "-c", file[8192];
	int fd, up = -1;

	snprintf(conf, sizeof(conf), "user root\nlistener %d 127.0.0.1\n%s\n", b.port, more);
	put_file(rig.dir, "broker.conf", conf, 0600);
	snprintf(file, sizeof(file), "%s", source_rig_path("broker.conf"));
	b.broker = spawn((char *[]){ program, option, file, NULL });
	for (int i = 0; i < 500 && up < 0; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		up = connect(fd, (struct sockaddr *)&a, sizeof(a));
		close(fd);
		if (up < 0)
			(void)poll(NULL, 0, 10);
	}
	if (up < 0)
		fail_msg("mosquitto: %s", get_file(rig.dir, "errors"));
}

static void stop_broker(void)
{
	if (b.broker <= 0)
		return;
	(void)kill(b.broker, SIGTERM);
	while (waitpid(b.broker, NULL, 0) < 0 && errno == EINTR)
		;
	b.broker = 0;
}

static int setup(void **state)
{
	struct source_shape *shape = rig.conf.shape;

	if (source_rig_setup(state) < 0)
		return -1;
	b.port = free_port();
	b.broker = 0;
	snprintf(b.server, sizeof(b.server), "127.0.0.1:%d", b.port);
	snprintf(b.port_text, sizeof(b.port_text), "%d", b.port);
	rig.conf.type = "sensor";
	shape[0] = (struct source_shape){ .topic = "sensors/+/temperature", .unit = "C",
		.value = { .name = "temperature", .type = KITH_THING_NUMERIC, .scale = 1,
		.min = -40, .max = 60, .pattern = "\"t\": *([0-9.-]+)" } };
	shape[1] = (struct source_shape){ .topic = "switches/+/power",
		.value = { .name = "power", .type = KITH_THING_BOOLEAN, .scale = 1 } };
	shape[2] = (struct source_shape){ .topic = "switches/+/power/set", .with = "power",
		.on = "ON", .off = "OFF", .payload = "{\"state\": \"{value}\"}",
		.value = { .name = "power", .type = KITH_THING_BOOLEAN, .scale = 1,
		.is_control = true } };
	rig.conf.n_shapes = 3;
	return 0;
}

static int teardown(void **state)
{
	stop_broker();
	return source_rig_teardown(state);
}

static void publish(const char *topic, const char *text, bool retain)
{
	char program[] = PUB, h[] = "-h", host[] = "127.0.0.1", p[] = "-p", t[] = "-t", m[] = "-m",
	    q[] = "-q", one[] = "1", r[] = "-r";

	RUN(program, h, host, p, b.port_text, q, one, t, (char *)(uintptr_t)topic, m,
	    (char *)(uintptr_t)text, retain ? r : NULL);
}

static void row_V8__what_devices_publish_become_nodes_with_values(void **state)
{
	UNUSED(state);
	start_broker("allow_anonymous true");
	publish("sensors/kitchen/temperature", "{\"t\": 21.5, \"h\": 40}", true);
	source_rig_open("mqtt", b.server);
	assert_string_equal(rig.told, "");	/* opening connects to nobody */
	/* It was there before us: retained. */
	source_rig_until("~kitchen.temperature=21.5");
	assert_true(source_rig_told("+kitchen(sensor)[SN=kitchen]"));
	publish("sensors/porch/temperature", "{\"t\": -3}", true);
	source_rig_until("~porch.temperature=-3");
	assert_int_equal(source_rig_find("kitchen", "power", true), -1);
	/* What does not fit is a fault of that reading; what fits nothing is nothing. */
	publish("sensors/porch/temperature", "{\"t\": 85}", false);
	while (!source_rig_fails("porch", "temperature", "outside"))
		source_rig_turn(500);
	publish("sensors/porch/temperature", "broken", false);
	while (!source_rig_fails("porch", "temperature", "no value"))
		source_rig_turn(500);
	publish("sensors/a/b/temperature", "{\"t\": 1}", false);
	publish("sensors/kitchen/temperature", "", true);
	while (!source_rig_fails("kitchen", "temperature", "taken back"))
		source_rig_turn(500);
	assert_int_equal(rig.n_nodes, 2);
	assert_false(source_rig_told("-kitchen"));	/* nobody's right ends by a message */
}

static void row_V8__a_control_publishes_what_the_device_understands(void **state)
{
	struct kith_thing_value on = { .boolean = true };
	char program[] = SUB, h[] = "-h", host[] = "127.0.0.1", p[] = "-p", t[] = "-t", c[] = "-C",
	    one[] = "1", topic[] = "switches/#", *text, v[] = "-v";
	pid_t device;

	UNUSED(state);
	start_broker("allow_anonymous true");
	source_rig_open("mqtt", b.server);
	publish("switches/lamp/power", "OFF", true);
	source_rig_until("=lamp.power");
	assert_true(source_rig_number("lamp", "power") == 0);
	publish("switches/lamp/power", "", true);
	device = spawn((char *[]){ program, h, host, p, b.port_text, v, t, topic, c, one, NULL });
	/* It is there when it hears something; then it is told. */
	do {
		assert_int_equal(source_rig_set("lamp", "power", &on), KITH_THING_OK);
		source_rig_turn(20);
	} while (waitpid(device, NULL, WNOHANG) == 0);
	text = get_file(rig.dir, "printed");
	assert_string_equal(text, "switches/lamp/power/set {\"state\": \"ON\"}\n");
	free(text);
}

static void row_V8__a_broker_that_is_away_is_said_and_found_again(void **state)
{
	struct kith_thing_value on = { .boolean = true };

	UNUSED(state);
	start_broker("allow_anonymous true");
	source_rig_open("mqtt", b.server);
	publish("switches/lamp/power", "ON", true);
	source_rig_until("~lamp.power");
	source_rig_forget();
	stop_broker();
	source_rig_until("!lamp:3");
	assert_true(source_rig_fails("lamp", "power", "timed out"));
	assert_int_equal(source_rig_set("lamp", "power", &on), KITH_THING_FAILED);
	assert_true(source_deadline(&rig.s) > 0);
	start_broker("allow_anonymous true");
	source_rig_until("!lamp:0");
	assert_true(source_rig_number("lamp", "power") == 1);
	publish("switches/lamp/power", "OFF", true);
	source_rig_until("~lamp.power");
	assert_false(source_rig_told("+lamp"));		/* the same node as before */
}

/* ---- being let in ------------------------------------------------------------ */

static void run_script(const char *text)
{
	char shell[] = "/bin/sh", path[8192];

	put_file(rig.dir, "script", text, 0600);
	snprintf(path, sizeof(path), "%s", source_rig_path("script"));
	RUN(shell, path, rig.dir);
}

static void row_V8__password_and_certificate_of_the_broker_count(void **state)
{
	char conf[1024], ca[8192], password[8192];

	UNUSED(state);
	run_script("cd \"$1\" && openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=x -addext "
	    "subjectAltName=IP:127.0.0.1 -keyout key -out crt && cp crt ca.crt && "
	    "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=x -addext "
	    "subjectAltName=IP:127.0.0.1 -keyout key2 -out other.crt && "
	    "mosquitto_passwd -c -b users kith sesame\n");
	snprintf(conf, sizeof(conf), "certfile %s/crt\nkeyfile %s/key\nallow_anonymous false\n"
	    "password_file %s/users", (char *)rig.dir, (char *)rig.dir, (char *)rig.dir);
	put_file(rig.dir, "password", "wrong\n", 0600);
	start_broker(conf);
	snprintf(ca, sizeof(ca), "%s", source_rig_path("other.crt"));
	snprintf(password, sizeof(password), "%s", source_rig_path("password"));
	rig.conf.user = "kith";
	rig.conf.password_file = password;
	rig.conf.ca_file = ca;
	source_rig_open("mqtt", b.server);
	while (!rig.s.is_down)
		source_rig_turn(500);
	source_close(&rig.s);
	snprintf(ca, sizeof(ca), "%s", source_rig_path("ca.crt"));
	source_rig_open("mqtt", b.server);
	while (!rig.s.is_down)
		source_rig_turn(500);
	assert_string_equal(rig.s.why, "the MQTT broker does not let us in");
	/* It is read anew each time. */
	put_file(rig.dir, "password", "sesame\n", 0600);
	while (rig.s.is_down)
		source_rig_turn(500);
	source_close(&rig.s);
	/* A file that others can read is no password. */
	put_file(rig.dir, "password", "sesame\n", 0644);
	source_rig_open("mqtt", b.server);
	source_process(&rig.s);
	assert_true(rig.s.is_down);
}

static void nobody_listens_and_nothing_breaks(void **state)
{
	UNUSED(state);
	source_rig_open("mqtt", b.server);
	while (!rig.s.is_down)
		source_rig_turn(500);
	assert_true(source_deadline(&rig.s) > clock_boot(&clock_system));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(row_V8__what_devices_publish_become_nodes_with_values),
		T(row_V8__a_control_publishes_what_the_device_understands),
		T(row_V8__a_broker_that_is_away_is_said_and_found_again),
		T(row_V8__password_and_certificate_of_the_broker_count),
		T(nobody_listens_and_nothing_breaks),
	};

	if (access(BROKER, X_OK) < 0 || access(PUB, X_OK) < 0 || access(SUB, X_OK) < 0) {
		printf("1..0 # SKIP there is no mosquitto here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("source_mqtt", tests, NULL, NULL);
}
