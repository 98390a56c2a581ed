/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_nomqtt: stands where source_mqtt.c would, in a build without
 * libmosquitto: a setting that needs it is an error that says so.
 */
#include "config.h"

#include "thing/source.h"

static int mqtt_open(struct source *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_INPUT, "mqtt= is not in this build: configure --with-mosquitto");
}

const struct source_ops source_mqtt = {
	.key = "mqtt",
	.open = mqtt_open,
};
