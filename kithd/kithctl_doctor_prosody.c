/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kithctl_doctor_prosody: Prosody's settings are a program, so Prosody's own
 * loader reads them and what it understood is looked at: includes and variables
 * are followed.  It asks no server.
 */
#include "config.h"

#include "kithd/kithctl_doctor.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "kithd/kithctl_talk.h"

#define DUMP_BYTES (1024 * 1024)
#define SETTINGS_MAX 4096
#define SECRET_MIN 16

extern char **environ;

/* HOST, KEY, VALUE parted by tabs; lists joined by commas. */
static char loader[] =
	"package.path = '/usr/lib/prosody/?.lua;' .. package.path\n"
	"package.cpath = '/usr/lib/prosody/?.so;' .. package.cpath\n"
	"prosody = { paths = {}, platform = 'posix' }\n"
	"local cm = require 'core.configmanager'\n"
	"local ok, kind, why = cm.load(arg[1], 'lua')\n"
	"if not ok then io.stderr:write(tostring(why), '\\n') os.exit(1) end\n"
	"for host, keys in pairs(cm.getconfig()) do\n"
	"  for k, v in pairs(keys) do\n"
	"    if type(v) == 'table' then\n"
	"      local t = {}\n"
	"      for a, b in pairs(v) do t[#t + 1] = tostring(type(b) == 'boolean' and a or b) end\n"
	"      v = table.concat(t, ',')\n"
	"    end\n"
	"    print(host, k, (tostring(v):gsub('%c', ' ')))\n"
	"  end\n"
	"end\n";

struct setting { const char *host, *key, *value; };

struct prosody {
	const char *file;
	struct buf dump;
	size_t n;
	struct setting setting[SETTINGS_MAX];
	struct doctor *doctor;
};

/* ---- reading ---- */

static int read_pipe(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	return n == 0 && buf_ok(out) ? 0 : -1;
}

static int run_loader(struct prosody *d)
{
	static char names[][8] = { "lua5.4", "lua5.3", "lua5.2", "lua5.1" };
	static char dash[] = "-";
	posix_spawn_file_actions_t actions;
	int to[2], from[2], status = 1, rc = ENOENT;
	pid_t pid = 0;

	if (pipe(to) != 0 || pipe(from) != 0)
		return kithctl_fail("doctor", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	for (size_t i = 0; i < 2; i++) {
		posix_spawn_file_actions_addclose(&actions, to[i]);
		posix_spawn_file_actions_addclose(&actions, from[i]);
	}
	for (size_t i = 0; rc == ENOENT && i < sizeof(names) / sizeof(names[0]); i++) {
		char *argv[] = { names[i], dash, (char *)(uintptr_t)d->file, NULL };

		rc = posix_spawnp(&pid, names[i], &actions, NULL, argv, environ);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	if (rc == 0 && write(to[1], loader, sizeof(loader) - 1) != (ssize_t)sizeof(loader) - 1)
		rc = errno;
	close(to[1]);
	if (rc == 0 && read_pipe(from[0], &d->dump) != 0)
		rc = EIO;
	close(from[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (rc != 0)
		return kithctl_fail("no Lua to read Prosody's settings", strerror(rc));
	return status == 0 ? KITHCTL_OK : kithctl_fail(d->file, "Prosody cannot read it");
}

static void split(struct prosody *d)
{
	char *rest = d->dump.data, *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL && d->n < SETTINGS_MAX) {
		const char *host = strsep(&line, "\t"), *key = strsep(&line, "\t");

		if (key != NULL && line != NULL)
			d->setting[d->n++] = (struct setting){ host, key, line };
	}
}

/* Of the host, else what holds for all; NULL: not said. */
static const char *get(const struct prosody *d, const char *host, const char *key)
{
	const char *all = NULL;

	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->setting[i].key, key) != 0)
			continue;
		if (strcmp(d->setting[i].host, host) == 0)
			return d->setting[i].value;
		if (strcmp(d->setting[i].host, "*") == 0)
			all = d->setting[i].value;
	}
	return all;
}

static bool is(const struct prosody *d, const char *host, const char *key, const char *value)
{
	const char *v = get(d, host, key);

	return v != NULL && strcmp(v, value) == 0;
}

/* ---- findings ---- */

static void found(struct prosody *d, const char *host, const char *what, const char *change)
{
	doctor_found(d->doctor, host, what, change);
}

static void look_everywhere(struct prosody *d)
{
	const char *list;
	struct stat st;

	if (stat(d->file, &st) == 0 && (st.st_mode & 007) != 0)
		found(d, "*", "everybody on this machine can read the component's secret",
		    "chmod 640 the settings file");
	if (!is(d, "*", "c2s_require_encryption", "true"))
		found(d, "*", "clients may log in without TLS", "c2s_require_encryption = true");
	list = get(d, "*", "disable_sasl_mechanisms");
	if (!doctor_lists(list, "PLAIN"))
		found(d, "*", "clients may send their password as it is",
		    "disable_sasl_mechanisms = { 'PLAIN', 'LOGIN', 'DIGEST-MD5' }");
	if (is(d, "*", "authentication", "internal_plain"))
		found(d, "*", "passwords are kept as they are",
		    "authentication = 'internal_hashed'");
	list = get(d, "*", "modules_enabled");
	if (!doctor_lists(list, "tombstones"))
		found(d, "*", "the name of a deleted account is given to others, with all its "
		    "rights", "modules_enabled = { ...; 'tombstones' }");
	if (is(d, "*", "allow_registration", "true") &&
	    get(d, "*", "registration_throttle_max") == NULL)
		found(d, "*", "anybody can open any number of accounts",
		    "registration_throttle_max = 30; registration_throttle_period = 60");
	if (!doctor_lists(list, "limits"))
		found(d, "*", "one client can send as much as it likes",
		    "modules_enabled = { ...; 'limits' }");
	if (!doctor_lists(get(d, "*", "modules_disabled"), "s2s") && !is(d, "*", "s2s_secure_auth", "true"))
		found(d, "*", "other servers are believed without a certificate",
		    "s2s_secure_auth = true, and [component] remote_verified in kithd.conf only then");
}

static void look_at_component(struct prosody *d, const char *host, const char *secret)
{
	const char *at = get(d, "*", "component_interfaces");

	if (strlen(secret) < SECRET_MIN)
		found(d, host, "the secret can be guessed, and the port takes any number of guesses",
		    "component_secret = '16 characters or more, from openssl rand -hex 20'");
	if (!is(d, host, "component_conflict_resolve", "kick_old"))
		found(d, host, "a restarted kithd is refused as long as its dead connection lingers",
		    "component_conflict_resolve = 'kick_old'");
	if (!doctor_is_loopback(at != NULL ? at : get(d, "*", "local_interfaces")))
		found(d, host, "the component port is open to others than this machine",
		    "component_interfaces = { '127.0.0.1' }");
}

static void look(struct prosody *d)
{
	size_t components = 0;

	look_everywhere(d);
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->setting[i].key, "component_secret") == 0) {
			components++;
			look_at_component(d, d->setting[i].host, d->setting[i].value);
		}
	if (components == 0)
		found(d, "*", "there is no component for kithd",
		    "Component 'kith.home.example' with its component_secret");
}

int doctor_prosody(struct doctor *doctor, const char *file)
{
	static struct prosody d;
	int status;

	d = (struct prosody){ .file = file, .doctor = doctor };
	if (access(file, R_OK) != 0)
		return kithctl_fail(file, strerror(errno));
	buf_init(&d.dump, DUMP_BYTES);
	status = run_loader(&d);
	if (status == KITHCTL_OK) {
		split(&d);
		look(&d);
	}
	buf_fini(&d.dump);
	return status;
}
