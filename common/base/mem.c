/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: the only file of base, wire and thing that calls malloc(3).  Not an
 * allocator: it asks the one in force.  Next: pool.c.
 */
#include "config.h"

#include "common/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local const struct mem *in_force;	/* NULL: malloc(3) */

const struct mem *
mem_enter(const struct mem *m)
{
	const struct mem *outer = in_force;

	in_force = m != NULL && m->resize != NULL ? m : NULL;
	return outer;
}

void
mem_leave(const struct mem **outer)
{
	in_force = *outer;
}

void *
mem_alloc(size_t size)
{
	return mem_resize(NULL, size);
}

void *
mem_zalloc(size_t size)
{
	void *out = mem_resize(NULL, size);

	if (out != NULL)
		memset(out, 0, size);
	return out;
}

void *
mem_array(size_t n, size_t size)
{
	return n > 0 && size > SIZE_MAX / n ? NULL : mem_zalloc(n * size);
}

/* Size 0 means "take it back" to a giver, so nobody ever asks for nothing. */
void *
mem_resize(void *old, size_t size)
{
	if (size == 0)
		size = 1;
	return in_force != NULL ? in_force->resize(in_force->arg, old, size) : realloc(old, size);
}

void *
mem_resize_array(void *old, size_t n, size_t size)
{
	return n > 0 && size > SIZE_MAX / n ? NULL : mem_resize(old, n * size);
}

void
mem_free(void *old)
{
	if (old == NULL)
		return;
	if (in_force != NULL)
		(void)in_force->resize(in_force->arg, old, 0);
	else
		free(old);
}

static char *
copy(const char *text, size_t len)
{
	char *out = mem_alloc(len + 1);

	if (out != NULL) {
		memcpy(out, text, len);
		out[len] = '\0';
	}
	return out;
}

char *
mem_strdup(const char *text)
{
	return copy(text, strlen(text));
}

char *
mem_strndup(const char *text, size_t most)
{
	return copy(text, strnlen(text, most));
}

