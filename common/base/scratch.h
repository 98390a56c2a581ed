/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch: room on the stack that is not cleared.  We are compiled so that every
 * local variable begins as zero (-ftrivial-auto-var-init); what is kilobytes, has
 * its length beside it and is on the path of each request says SCRATCH, since
 * clearing it took longer than what it was for.  Nothing else does.
 */
#ifndef KITH_BASE_SCRATCH_H
#define KITH_BASE_SCRATCH_H

#ifdef __has_attribute
#if __has_attribute(uninitialized)
#define SCRATCH __attribute__((uninitialized))
#endif
#endif
#ifndef SCRATCH
#define SCRATCH
#endif

#endif
