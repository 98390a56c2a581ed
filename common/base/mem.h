/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: who gives memory: malloc(3), or the maker of a device (conf.memory of
 * thing/thing.h).  Everything in common/base, common/wire and thing takes its
 * memory here and gives it back here.  Next: buf.h and pool.h, which most use.
 *
 * The giver in force is a pointer of the running thread, because expat's hooks
 * have no argument of their own.  It is no state that two things could share by
 * accident: every public call of a thing puts its own giver in force and the one
 * before back when it returns (MEM_WITHIN), so between calls there is none, and
 * calls inside callbacks nest.  Whatever a call of one thing takes belongs to
 * that thing, so it is given back to the giver it came from.
 *
 * Not from here, since they have no hook for each user: OpenSSL, c-ares, libidn
 * and libunistring (give theirs back with free(3), saying why), and the pages
 * of secret.h.
 */
#ifndef KITH_BASE_MEM_H
#define KITH_BASE_MEM_H

#include <stddef.h>

struct mem {
	/* As realloc(3): `old` NULL gives memory, `size` 0 takes it back. */
	void *(*resize)(void *arg, void *old, size_t size);
	void *arg;
};

/* NULL when there is none left, or the size cannot be. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);				/* all bytes 0 */
void *mem_array(size_t n, size_t size);			/* all bytes 0 */
/* The old one stays as it was when there is no memory. */
void *mem_resize(void *old, size_t size);
void *mem_resize_array(void *old, size_t n, size_t size);
void mem_free(void *old);				/* takes NULL */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t most);

/* From here to the end of the block memory comes from `m`; NULL, or one without
 * `resize`: malloc(3). */
#define MEM_WITHIN(m) MEM_OUTER(m, __LINE__)
#define MEM_OUTER(m, line) MEM_BEFORE(m, line)
#define MEM_BEFORE(m, line) \
	__attribute__((cleanup(mem_leave), unused)) \
	const struct mem *mem_before_##line = mem_enter(m)

const struct mem *mem_enter(const struct mem *m);	/* the one before */
void mem_leave(const struct mem **outer);

#endif
