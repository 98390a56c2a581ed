/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_nogpio: stands where device_gpio.c would, in a build without libgpiod:
 * a setting that needs it is an error that says so.
 */
#include "config.h"

#include "thing/device.h"

static int gpio_open(struct device *d, struct err *e)
{
	(void)d;
	return err_set(e, ERR_INPUT, "gpio= is not in this build: configure --with-gpiod");
}

const struct device_ops device_gpio = {
	.key = "gpio",
	.reads = true,
	.writes = true,
	.open = gpio_open,
};
