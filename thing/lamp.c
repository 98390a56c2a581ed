/* SPDX-License-Identifier: Apache-2.0 */
/* lamp: four words, two of them a rhythm. */
#include "config.h"

#include "thing/lamp.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/str.h"

#define AGAIN_MS 1000

/* half_ms 0: steady. */
static const struct { const char *word; bool lit; int64_t half_ms; } words[] = {
	{ "off", false, 0 }, { "ask", true, 500 }, { "on", true, 0 }, { "alarm", true, 100 },
};

/* "led:x" is the kind led with the spec x. */
static const struct device_ops *kind_of(const char *setting, const char **spec)
{
	char kind[16];
	size_t len = strcspn(setting, ":");

	if (!setting[len] || len >= sizeof(kind))
		return NULL;
	memcpy(kind, setting, len);
	kind[len] = '\0';
	*spec = setting + len + 1;
	return device_find(kind);
}

int lamp_open(struct lamp *lamp, const char *setting, struct device_host *host, struct err *e)
{
	struct device_conf conf = { .name = "lamp", .is_control = true, .scale = 1,
		.timeout_ms = 5000 };
	const char *spec = NULL;
	const struct device_ops *ops = kind_of(setting, &spec);

	memset(lamp, 0, sizeof(*lamp));
	lamp->word = words[0].word;
	lamp->next_ms = -1;
	lamp->speaks = ops == &device_file || ops == &device_command;
	if (!lamp->speaks && ops != &device_led && ops != &device_gpio)
		return err_set(e, ERR_INPUT, "'%s' is not led:NAME, gpio:CHIP:LINE, file:PATH or "
		    "command:LINE", setting);
	lamp->spec = mem_strdup(spec);
	if (!lamp->spec)
		return err_set(e, ERR_SYSTEM, "out of memory");
	conf.spec = lamp->spec;
	conf.type = lamp->speaks ? KITH_THING_STRING : KITH_THING_BOOLEAN;
	if (device_open(&lamp->device, ops, &conf, host, e) == 0)
		return 0;
	lamp_close(lamp);
	return -1;
}

void lamp_close(struct lamp *lamp)
{
	device_close(&lamp->device);
	mem_free(lamp->spec);
	memset(lamp, 0, sizeof(*lamp));
}

/* Said once when it does not work, and tried again: it may be busy, or come back. */
static void put(struct lamp *lamp)
{
	struct kith_thing_value v = { .boolean = lamp->lit };
	char why[KITH_THING_TEXT] = "";
	bool failed;

	(void)!str_copy(v.text, sizeof(v.text), lamp->word);	/* short words */
	failed = lamp->device.ops->write(&lamp->device, 0, &v, why, sizeof(why)) ==
	    KITH_THING_FAILED;
	if (failed && !lamp->failed)
		log_warn("the lamp cannot say '%s': %s", lamp->word, why);
	if (failed && lamp->next_ms < 0)
		lamp->next_ms = clock_boot(lamp->device.host->clock) + AGAIN_MS;
	lamp->failed = failed;
}

void lamp_say(struct lamp *lamp, const char *word)
{
	if (!lamp->device.ops)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		lamp->word = words[i].word;
		lamp->lit = words[i].lit;
		lamp->next_ms = words[i].half_ms && !lamp->speaks
		    ? clock_boot(lamp->device.host->clock) + words[i].half_ms : -1;
		put(lamp);
	}
}

static int64_t half_of(const struct lamp *lamp)
{
	size_t i = 0;

	while (words[i].word != lamp->word)
		i++;
	return words[i].half_ms;
}

int64_t lamp_deadline(const struct lamp *lamp)
{
	return lamp->device.ops ? lamp->next_ms : -1;
}

void lamp_process(struct lamp *lamp)
{
	int64_t now;

	if (!lamp->device.ops)
		return;
	if (lamp->device.ops->process)
		lamp->device.ops->process(&lamp->device);
	now = clock_boot(lamp->device.host->clock);
	if (lamp->next_ms < 0 || now < lamp->next_ms)
		return;
	lamp->next_ms = -1;
	if (half_of(lamp) && !lamp->speaks) {
		lamp->lit = !lamp->lit;
		lamp->next_ms = now + half_of(lamp);
	}
	put(lamp);
}
